//! Rules of the language beyond the published vectors.

use crate::object::{Object, Run as _};
use std::sync::Arc;
use syncline_expression::{AttributeKind, AttributeUse, Outcome, Program, Value, View, function, functions};

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| Value::Text((*text).to_owned())).collect()
}

fn object() -> Object {
    let mut object = Object::default()
        .with("one", AttributeKind::Text, false, texts(&["uno"]))
        .with("none", AttributeKind::Text, false, Vec::new())
        .with("nones", AttributeKind::Text, true, Vec::new())
        .with("p", AttributeKind::Text, true, texts(&["a", "b", "c"]))
        .with("q", AttributeKind::Text, true, texts(&["x", "y"]))
        .with("n", AttributeKind::Number, false, vec![Value::Number(5)])
        .with("numbers", AttributeKind::Number, true, vec![Value::Number(1), Value::Number(0), Value::Number(3)])
        .with("bytes", AttributeKind::Binary, false, vec![Value::Binary(vec![1, 2, 3])])
        .with("guids", AttributeKind::Text, true, texts(&["no", "00112233-4455-6677-8899-AABBCCDDEEFF"]))
        .with("manager", AttributeKind::Reference, false, vec![Value::Reference("CN=Boss,DC=x".into())]);
    object.parameters.insert("Forest.LDAP".into(), Some("DC=x".into()));
    object
}

/// A result in short: `NULL`, `ignore`, `stop`, `error kind@offset`, a value, or `[value, value]`.
fn short(result: Result<Outcome, String>) -> String {
    let one = |value: &Value| match value {
        Value::Text(text) => format!("\"{text}\""),
        Value::Number(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Binary(bytes) => format!("{bytes:?}"),
        Value::Reference(name) => format!("<{name}>"),
        Value::DateTime(instant) => instant.to_string(),
    };
    match result {
        Ok(Outcome::Null) => "NULL".into(),
        Ok(Outcome::IgnoreThisFlow) => "ignore".into(),
        Ok(Outcome::AuthoritativeNull) => "stop".into(),
        Ok(Outcome::Single(value)) => one(&value),
        Ok(Outcome::Multi(values)) => format!("[{}]", values.iter().map(one).collect::<Vec<_>>().join(", ")),
        Err(error) => error,
    }
}

fn run(text: &str) -> String {
    let object = object();
    let result = match object.compile(text) {
        Ok(program) => object
            .run(&program, "2024-06-15T12:00:00Z".parse().unwrap())
            .map_err(|error| format!("{}@{}", error.kind.name(), error.offset)),
        Err(problems) => Err(format!("{}@{}", problems[0].kind.name(), problems[0].offset)),
    };
    short(result)
}

fn check(text: &str, expected: &str) {
    assert_eq!(run(text), expected, "{text}");
}

#[test]
fn a_multi_valued_condition_puts_one_value_in_focus() {
    check("IIF([p] = \"b\", [p] & \"!\", [p])", "[\"a\", \"b!\", \"c\"]");
    // Parameters that take the whole list still see it.
    check("IIF([p] = \"b\", CStr(Count([p])), [p])", "[\"a\", \"3\", \"c\"]");
    check("IIF([p] = \"b\", Join([p]), [p])", "[\"a\", \"a b c\", \"c\"]");
    check("IIF([p] = \"b\", CStr(IsPresent([p])), [p])", "[\"a\", \"True\", \"c\"]");
    // A list of another length does not take part.
    check("IIF([p] = \"b\", [q], [p])", "type@0");
    check("IIF([p] = \"b\", Join([q]), [p])", "[\"a\", \"x y\", \"c\"]");
    // The guard holds through a variable, too.
    check("Len(IIF(IsGuid([guids]), With($g, CGuid([guids]), $g), NULL))", "[16]");
    check("IIF(IsGuid([guids]), With($g, [guids], Len(CGuid($g)) + Count($g)), NULL)", "[18]");
    check("IIF([p] <> \"a\", IIF([p] = \"b\", \"B\", [p]), NULL)", "[\"B\", \"c\"]");
    check("IIF([p] = \"a\", IIF([q] = \"x\", [q], NULL), NULL)", "type@0");
    check("IIF([numbers], [p], NULL)", "[\"a\", \"c\"]");
    check("IIF([p] = \"a\", Switch([p] = \"a\", \"first\"), NULL)", "[\"first\"]");
}

#[test]
fn logical_operators_decide_per_value() {
    check("[p] = \"a\" || [p] = \"c\"", "[true, false, true]");
    check("[p] = \"a\" || [q] = \"x\"", "type@10");
    check("True && [p] = \"a\"", "[true, false, false]");
    check("False && [p] = \"a\"", "false");
    check("[p] <> \"a\" && CBool(Error(\"reached\"))", "user@20");
    check("[nones] = \"a\" && True", "false");
}

#[test]
fn lifting_drops_null_and_keeps_order() {
    check("Item([p], [numbers])", "index@0");
    check("ItemOrNull([p], [numbers])", "[\"a\", \"c\"]");
    check("ItemOrNull([p], [numbers] + 9)", "NULL");
    check("Split([p], \"-\")", "type@0");
    check("-[numbers] * 2", "[-2, 0, -6]");
    check("Left([p], [numbers])", "[\"a\", \"\", \"c\"]");
    check("Left([p], Len([q]))", "value@0");
    check("PadLeft([nones], 3, \"0\")", "\"\"");
}

#[test]
fn null_arguments_follow_the_function() {
    for (text, expected) in [
        ("Left([none], 1)", "\"\""),
        ("Word([none], 1, \" \")", "\"\""),
        ("Len(NULL)", "0"),
        ("Contains([nones], \"a\")", "0"),
        ("Contains([p], NULL)", "NULL"),
        ("Count(NULL)", "0"),
        ("IsBitSet(1, NULL)", "false"),
        ("RegexIsMatch(NULL, \"a\")", "false"),
        ("RegexIsMatch(\"a\", NULL)", "NULL"),
        ("Item([nones], 1)", "index@0"),
        ("Item([p], NULL)", "NULL"),
        ("CBool(NULL)", "false"),
        ("InStr(\"a\", \"a\", NULL)", "NULL"),
        ("Error(NULL)", "user@0"),
        ("Select($x, [nones], $x)", "NULL"),
        ("NULL && True", "false"),
        ("NULL <> NULL", "false"),
        ("NULL < 1", "false"),
        ("[bytes] & NULL", "[1, 2, 3]"),
    ] {
        check(text, expected);
    }
}

#[test]
fn variables_have_a_scope() {
    check("With($a, 1, With($b, $a + 1, $a + $b))", "3");
    check("With($a, 1, 2) + $a", "unknown-variable@17");
    check("Select($x, [p], With($y, $x & $x, $y & Count([p])))", "[\"aa3\", \"bb3\", \"cc3\"]");
    check("Where($x, [p], Count(Where($y, [p], $y > $x)) > 1)", "[\"a\"]");
    check("With($l, Where($x, [p], $x <> \"b\"), Count($l))", "2");
    check("With($a, IgnoreThisFlow, 1)", "type@0");
}

#[test]
fn flow_literals_only_as_result() {
    check("(IIF(True, (IgnoreThisFlow), 1))", "ignore");
    check("IIF([none] = \"x\", 1, AuthoritativeNull)", "stop");
    check("Len(IIF(True, IgnoreThisFlow, \"a\"))", "type@0");
    check("IIF(True, IgnoreThisFlow, \"a\") = \"a\"", "type@31");
    check("Select($x, [p], IgnoreThisFlow)", "type@0");
    check("True && IgnoreThisFlow", "type@5");
    check("IIF(AuthoritativeNull, 1, 2)", "type@0");
}

#[test]
fn enumeration_constants_only_where_they_are_known() {
    check("UTF8", "type@0");
    check("Trim(UTF8)", "type@0");
    check("InStr(\"a\", \"A\", 1, CaseInsensitive)", "type@0");
    check("InStr(\"a\", \"A\", 1, \"vbTextCompare\")", "1");
    check("[one] = DC", "type@6");
}

#[test]
fn errors_point_at_the_operator_or_function() {
    check("1 + 2 + \"a\"", "type@6");
    check("1 + (9223372036854775807 * 2)", "overflow@25");
    check("-(-9223372036854775807 - 1)", "overflow@0");
    check("-9223372036854775808 / -1", "overflow@21");
    check("1 = 1 || 2 / 0 = 1 || True", "true");
    check("1 = 2 || 2 / 0 = 1", "divide-by-zero@11");
    check("IIF(True, Left(CDate(\"x\"), 1), 1)", "value@15");
}

#[test]
fn all_unknown_names_are_reported() {
    let problems = object().compile("foo([x]) & %y% & $z & bar & Trim()").unwrap_err();
    let found: Vec<_> = problems.iter().map(|problem| (problem.kind.name(), problem.offset)).collect();
    assert_eq!(
        found,
        [
            ("unknown-function", 0),
            ("unknown-attribute", 4),
            ("unknown-parameter", 11),
            ("unknown-variable", 17),
            ("unknown-identifier", 22),
            ("arity", 28),
        ]
    );
}

#[test]
fn the_number_of_reported_problems_is_bounded() {
    let text = vec!["[unknown]"; 3_000].join("&");
    assert_eq!(object().compile(&text).unwrap_err().len(), 100);
}

#[test]
fn text_is_measured_and_compared_without_culture() {
    check("InStr(\"x😀y\", \"y\")", "4");
    check("InStr(\"x😀y\", \"Y\", 3, vbTextCompare)", "4");
    check("InStrRev(\"ÄäÄ\", \"ä\", -1, vbTextCompare)", "3");
    check("Right(\"a😀\", 1)", "\"\"");
    check("Mid(\"😀b\", 2, 5)", "\"b\"");
    check("PadLeft(\"a\", 3, \"😀\")", "value@0");
    check("CRef(\"CN=Ä\") = CRef(\"cn=ä\")", "true");
    check("UCase(\"ÿß\") & LCase(\"İ\")", "\"Ÿßi\"");
}

#[test]
fn limits_are_typed_errors() {
    check("PadLeft(\"a\", 9223372036854775807, \"x\")", "limit@0");
    check("Len(PadLeft(\"a\", 1048576, \"x\"))", "1048576");
    check("PadLeft(\"a\", 1048576, \"x\") & \"b\"", "limit@27");
    check("Replace(PadLeft(\"\", 1000000, \"x\"), \"x\", \"yy\")", "limit@0");
    check("ReplaceChars(PadLeft(\"\", 1000000, \"x\"), \"x:yy\")", "limit@0");
    check("RegexIsMatch(\"a\", \"((a{100}){100}){100}\")", "value@0");
    let switch = |pairs: usize| format!("Switch({})", vec!["False,1"; pairs].join(","));
    check(&switch(128), "NULL");
    check(&switch(129), "arity@0");
}

#[test]
fn steps_are_bounded() {
    let many: Vec<Value> = (0..2_000).map(Value::Number).collect();
    let object = Object::default().with("many", AttributeKind::Number, true, many);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let nested = "Count(Select($x, [many], Count(Where($y, [many], $x = $y))))";
    let error = object.run(&object.compile(nested).unwrap(), now).unwrap_err();
    assert_eq!(error.kind.name(), "limit");
    let memory = "Count(Select($x, [many], PadLeft(\"\", 1000000, \"x\") & $x))";
    let error = object.run(&object.compile(memory).unwrap(), now).unwrap_err();
    assert_eq!(error.kind.name(), "limit");
}

#[test]
fn the_deepest_expression_fits_a_small_stack() {
    let shapes: [(&str, &str); 5] =
        [("IIF([n] = 5, ", ", 1)"), ("With($v, [n], ", ")"), ("CStr(", ")"), ("-", ""), ("(1 = 2 || ", ")")];
    for (open, close) in shapes {
        let leaf = if open.contains("||") { "True" } else { "[n]" };
        let text = format!("{}{leaf}{}", open.repeat(125), close.repeat(125));
        let small = std::thread::Builder::new().stack_size(1 << 20).spawn(move || run(&text)).unwrap();
        let result = small.join().unwrap();
        assert!(["5", "-5", "\"5\"", "true"].contains(&result.as_str()), "{open}: {result}");
    }
}

#[test]
fn long_chains_evaluate_without_recursion() {
    check(&format!("1{}", "+1".repeat(16_000)), "16001");
    check(&format!("[n]{}", "+[n]".repeat(8_000)), "40005");
    check(&format!("False{}", "||False".repeat(4_000)), "false");
}

#[test]
fn a_program_tells_what_it_reads() {
    let object = object();
    let program = object
        .compile("IIF(True, [p], [one]) & ImportedValue(\"p\") & ValueCount(\"p\") & [one] & %Forest.LDAP% & [dn]")
        .unwrap();
    let uses = |name: &str, view| AttributeUse { name: name.into(), view };
    assert_eq!(
        program.attributes(),
        [
            uses("p", View::Expected),
            uses("one", View::Expected),
            uses("p", View::Imported),
            uses("p", View::Count),
            uses("dn", View::Expected),
        ]
    );
    assert_eq!(program.parameters(), ["Forest.LDAP"]);
    assert!(!program.depends_on_time() && !program.depends_on_chance());
    assert!(object.compile("IIF(False, Now(), 1)").unwrap().depends_on_time());
    assert!(object.compile("Guid()").unwrap().depends_on_chance());
}

#[test]
fn programs_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(value: T) -> Arc<T> {
        Arc::new(value)
    }
    let program: Arc<Program> = shared(object().compile("RegexIsMatch([one], \"^u\")").unwrap());
    let other = Arc::clone(&program);
    let thread = std::thread::Builder::new().spawn(move || {
        let object = object();
        object.run(&other, jiff::Timestamp::UNIX_EPOCH)
    });
    assert_eq!(thread.unwrap().join().unwrap(), Ok(Outcome::Single(Value::Boolean(true))));
}

#[test]
fn parameters_may_hold_anything_and_may_be_empty() {
    let mut object = object();
    object.parameters.insert("odd".into(), Some("\"[mail] & %x%".into()));
    let now = jiff::Timestamp::UNIX_EPOCH;
    let program = object.compile("%odd% & \"!\"").unwrap();
    assert_eq!(object.run(&program, now), Ok(Outcome::Single(Value::Text("\"[mail] & %x%!".into()))));
    object.parameters.remove("odd");
    assert_eq!(object.run(&program, now), Ok(Outcome::Single(Value::Text("!".into()))));
}

#[test]
fn the_table_is_complete_and_its_examples_parse() {
    assert_eq!(functions().len(), 90);
    assert!(functions().windows(2).all(|pair| pair[0].name < pair[1].name));
    for entry in functions() {
        assert!(std::ptr::eq(function(entry.name).unwrap(), entry));
        assert!(entry.signature.contains(&format!("{}(", entry.name)), "{}", entry.name);
        assert!(!entry.description.is_empty(), "{}", entry.name);
        let example = syncline_expression::format(entry.example);
        assert!(example.is_ok_and(|text| text.contains(entry.name)), "{}", entry.example);
    }
    assert!(function("trim").is_none());
}

#[test]
fn certificate_data_that_is_none_is_never_accepted() {
    for bytes in [Vec::new(), vec![0x30], vec![0x30, 0x82, 0xFF, 0xFF], vec![0xFF; 64], b"-----BEGIN CERTIFICATE-----".to_vec()] {
        let object = Object::default().with("c", AttributeKind::Binary, false, vec![Value::Binary(bytes)]);
        let now = jiff::Timestamp::UNIX_EPOCH;
        let result = object.run(&object.compile("IsCert([c])").unwrap(), now);
        assert_eq!(result, Ok(Outcome::Single(Value::Boolean(false))));
        let error = object.run(&object.compile("CertSubject([c])").unwrap(), now).unwrap_err();
        assert_eq!(error.kind.name(), "value");
    }
}
