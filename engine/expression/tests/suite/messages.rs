//! What people read when an expression is wrong: what was found, what was expected, what to do.

use crate::object::{Object, Run as _};
use syncline_expression::{AttributeKind, Value};

fn object() -> Object {
    let mut object = Object::new("object type user of connector contoso.com")
        .with("mail", AttributeKind::Text, false, vec![Value::Text("m".into())])
        .with("a", AttributeKind::Text, false, Vec::new())
        .with("n", AttributeKind::Number, false, vec![Value::Number(2)])
        .with("p", AttributeKind::Text, true, vec![Value::Text("x".into()), Value::Text("y".into())])
        .with("objectGUID", AttributeKind::Binary, false, vec![Value::Binary(vec![0; 16])]);
    for name in ["Domain.FQDN", "Forest.LDAP"] {
        object.parameters.insert(name.into(), Some("x".into()));
    }
    object
}

fn message(text: &str) -> String {
    let object = object();
    match object.compile(text) {
        Ok(program) => object.run(&program, jiff::Timestamp::UNIX_EPOCH).unwrap_err().to_string(),
        Err(problems) => problems[0].to_string(),
    }
}

#[test]
fn messages_name_the_fix() {
    for (text, expected) in [
        (
            "trim([mail])",
            "Unknown function \"trim\" (line 1, column 1). Function names are case-sensitive; did you mean \"Trim\"?",
        ),
        ("IF(True,1,2)", "Unknown function \"IF\" (line 1, column 1). Function names are case-sensitive; did you mean \"IIF\"?"),
        (
            "[Mail]",
            "Attribute \"Mail\" does not exist on object type user of connector contoso.com (line 1, column 1). \
             Names are case-sensitive; did you mean \"mail\"?",
        ),
        (
            "%ForestLDAP%",
            "Unknown parameter \"ForestLDAP\" (line 1, column 1). Known: Domain.FQDN, Forest.LDAP. Did you mean \"Forest.LDAP\"?",
        ),
        ("true", "Unknown name \"true\" (line 1, column 1). Names are case-sensitive; did you mean \"True\"?"),
        (
            "\"\\\"",
            "The string that starts here is not closed (line 1, column 1). \
             A backslash before a quote escapes it; write \"\\\\\" for one backslash.",
        ),
        ("IIF([a]=1,2", "\")\" expected, end of text found (line 1, column 12). The bracket opened at column 4 is not closed."),
        ("IIF(True,\"a\")", "IIF takes 3 arguments, 2 given. IIF(condition, valueIfTrue, valueIfFalse)."),
        ("Left([mail])", "Left takes 2 arguments, 1 given. Left(value, count)."),
        ("InStr()", "InStr takes 2 to 4 arguments, 0 given. InStr(text, match [, start] [, compare])."),
        ("Trim([objectGUID])", "Trim, argument 1: str expected, bin passed. Use ConvertToBase64 or StringFromGuid."),
        ("[n] = \"2\"", "Cannot compare num with str. Use CStr on the num or CNum on the str."),
        ("Count([mail])", "Count needs a multi-valued attribute; mail is single-valued."),
        ("Item([p],3)", "Item: index 3, but the attribute has 2 values. Use ItemOrNull."),
        ("CDate(\"25/12/2007\")", "CDate: \"25/12/2007\" is not a date. Use yyyy-MM-dd or month/day/year."),
        (
            "CNum(PadLeft(\"\", 900, \"x\"))",
            "CNum: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\" is not a whole number. Guard it with IsNumeric.",
        ),
        (
            "RegexIsMatch(\"a\", \"(?=a)\")",
            "RegexIsMatch: \"(?=a)\" is not a usable pattern: look-around, including look-ahead and look-behind, is not supported.",
        ),
        ("CNum(\"99999999999999999999\")", "CNum: \"99999999999999999999\" does not fit a signed 64-bit number."),
        ("DateAdd(\"x\", 1, Now())", "DateAdd: \"x\" is not an interval. Use yyyy, q, m, y, d, w, ww, h, n or s."),
        ("DNComponent(CRef(\"x\"), 1)", "DNComponent: \"x\" is not a component of a distinguished name."),
        ("StringFromGuid([p])", "StringFromGuid, argument 1: bin expected, str passed."),
        ("Error(\"Your text.\")", "Your text."),
        ("\"a\" + \"b\"", "+ needs num, str found. Use & to join strings or CNum to calculate."),
        (
            "ImportedValue([mail])",
            "ImportedValue takes the attribute's name as a string constant. Write ImportedValue(\"name\").",
        ),
        ("Contains([p],\"x\",UTF8)", "Contains, argument 3: CaseSensitive or CaseInsensitive expected."),
    ] {
        assert_eq!(message(text), expected, "{text}");
    }
}

#[test]
fn places_count_lines_and_characters() {
    let problems = object().compile("IIF(\n  True,\n  \"å\" & [x],\n  1)").unwrap_err();
    let place = (problems[0].offset, problems[0].length, problems[0].line, problems[0].column);
    assert_eq!(place, (21, 3, 3, 9));
}
