//! Laws that hold for every text: nothing panics, formatting keeps the meaning, tracing and folding change no result.

use crate::object::{Object, Run as _};
use proptest::prelude::*;
use syncline_expression::{AttributeKind, Outcome, SystemRandom, Value, complete, equivalent, format, functions, highlight};

fn object() -> Object {
    let texts = |values: &[&str]| values.iter().map(|text| Value::Text((*text).to_owned())).collect();
    let mut object = Object::default()
        .with("t", AttributeKind::Text, false, texts(&["Räksmörgås 😀 12"]))
        .with("empty", AttributeKind::Text, false, Vec::new())
        .with("p", AttributeKind::Text, true, texts(&["SMTP:a@b.c", "smtp:d@e.f", ""]))
        .with("one", AttributeKind::Text, true, texts(&["CN=x,DC=y"]))
        .with("n", AttributeKind::Number, false, vec![Value::Number(-7)])
        .with("numbers", AttributeKind::Number, true, vec![Value::Number(1), Value::Number(i64::MAX), Value::Number(0)])
        .with("f", AttributeKind::Boolean, false, vec![Value::Boolean(true)])
        .with("b", AttributeKind::Binary, false, vec![Value::Binary(vec![0x30, 0x82, 1, 0, 5])])
        .with("bs", AttributeKind::Binary, true, vec![Value::Binary(vec![1]), Value::Binary(Vec::new())])
        .with("r", AttributeKind::Reference, false, vec![Value::Reference("CN=a\\,b,DC=x".into())]);
    object.parameters.insert("P".into(), Some("a:b,c:d".into()));
    object
}

fn leaf() -> impl Strategy<Value = String> {
    let attributes = ["t", "empty", "p", "one", "n", "numbers", "f", "b", "bs", "r", "dn"].map(|name| format!("[{name}]"));
    let fixed = [
        "True",
        "False",
        "NULL",
        "CRLF",
        "IgnoreThisFlow",
        "AuthoritativeNull",
        "UTF8",
        "DC",
        "CaseInsensitive",
        "vbTextCompare",
        "0",
        "1",
        "-1",
        "2",
        "448",
        "9223372036854775807",
        "-9223372036854775808",
        "&HFF",
        "\"\"",
        "\"a\"",
        "\" \"",
        "\"😀\"",
        "\"d\"",
        "\"yyyy-MM-dd\"",
        "\"2024-02-29 4:00 PM -8\"",
        "\"{8B1F2C3D-4E5F-6071-8293-A4B5C6D7E8F9}\"",
        "\"(\"",
        "\"[a-z]+\"",
        "%P%",
        "$v",
        "\"SMTP:\"",
        "\"CN=x,OU=y\"",
        "Now()",
        "\"MIIB\"",
    ];
    proptest::sample::select(attributes.into_iter().chain(fixed.map(str::to_owned)).collect::<Vec<_>>())
}

/// Expressions of calls with a fitting number of arguments of any type, operators, loops over values, and variables.
fn expression() -> impl Strategy<Value = String> {
    let names: Vec<(&str, usize)> = functions()
        .iter()
        .filter(|entry| !matches!(entry.name, "With" | "Where" | "Select" | "ImportedValue" | "ValueCount"))
        .map(|entry| (entry.name, entry.parameter_names().count()))
        .collect();
    leaf().prop_recursive(5, 40, 4, move |inner| {
        let call = (proptest::sample::select(names.clone()), proptest::collection::vec(inner.clone(), 4))
            .prop_map(|((name, count), arguments)| format!("{name}({})", arguments[..count.min(4)].join(",")));
        let operator = proptest::sample::select(vec!["+", "-", "*", "/", "&", "=", "<>", "<", ">=", "&&", "||"]);
        let binary =
            (inner.clone(), operator, inner.clone()).prop_map(|(left, operator, right)| format!("{left} {operator} ({right})"));
        let scoped = (proptest::sample::select(vec!["With", "Where", "Select"]), inner.clone(), inner.clone())
            .prop_map(|(name, value, body)| format!("{name}($v,{value},{body})"));
        let signed = inner.prop_map(|operand| format!("-({operand})"));
        prop_oneof![4 => call, 3 => binary, 2 => scoped, 1 => signed]
    })
}

/// A condition that holds and one that does not, constant or not.
fn condition() -> impl Strategy<Value = (&'static str, &'static str)> {
    proptest::sample::select(vec![
        ("True", "False"),
        ("1 = 1", "1 = 2"),
        ("[n] = -7", "[n] = 7"),
        ("[f]", "[f] = False"),
        ("IsPresent([t])", "IsPresent([empty])"),
        ("Count([p]) > 2", "ValueCount(\"p\") > 3"),
        ("[n]", "[empty] = \"\""),
        ("With($c, [n], $c < 0)", "CBool(NULL)"),
    ])
}

/// An expression that fails when it is evaluated.
fn poison() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "Error(\"reached\")",
        "1 / 0",
        "[n] / ([n] + 7)",
        "Item([p], 99)",
        "CNum(\"x\")",
        "CDate([t])",
        "Trim([b])",
        "([n] & [b])",
        "(9223372036854775807 + 1)",
        "Len(PadLeft([t], 9223372036854775807, \"x\"))",
        "StringFromGuid([b])",
        "Count([t])",
        "Trim(IgnoreThisFlow)",
    ])
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let object = object();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let parts = highlight(text);
    prop_assert!(parts.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
    if let Ok(formatted) = format(text) {
        prop_assert!(equivalent(text, &formatted), "{formatted}");
        prop_assert_eq!(&format(&formatted).unwrap(), &formatted);
    }
    for cursor in [0, text.len() / 2, text.len()] {
        let found = complete(text, cursor, &object);
        prop_assert!(found.replace.end <= text.len() && found.replace.start <= found.replace.end);
    }
    let program = match object.compile(text) {
        Ok(program) => program,
        Err(problems) => {
            let characters = text.chars().count();
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|problem| problem.offset + problem.length <= characters), "{problems:?}");
            return Ok(());
        }
    };
    let result = object.run(&program, now);
    // Tracing evaluates what compiling folded.
    let (traced, _) = object.run_traced(&program, now);
    prop_assert_eq!(&result, &traced);
    if let Ok(formatted) = format(text) {
        let again = object.run(&object.compile(&formatted).unwrap(), now);
        prop_assert_eq!(result.map_err(|error| error.kind), again.map_err(|error| error.kind));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text(text in "\\PC{0,60}") {
        check(&text)?;
    }

    #[test]
    fn token_soup(tokens in proptest::collection::vec(prop_oneof![
        3 => leaf(),
        3 => proptest::sample::select(vec!["(", ")", ",", "+", "-", "&", "&&", "=", "<", "||", "IIF(", "Trim(", "With($v,", "\"", "[", "%", "$", "&H", "\n"])
            .prop_map(str::to_owned),
    ], 0..24)) {
        check(&tokens.join(" "))?;
        check(&tokens.concat())?;
    }

    #[test]
    fn well_formed_expressions(text in expression()) {
        check(&text)?;
    }

    #[test]
    fn a_branch_not_taken_never_matters(text in expression(), condition in condition(), poison in poison()) {
        let object = object();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let Ok(alone) = object.compile(&text) else { return Ok(()) };
        let expected = object.run(&alone, now).map_err(|error| error.kind);
        let (holds, fails) = condition;
        for guarded in [
            format!("IIF({holds}, {text}, {poison})"),
            format!("IIF({fails}, {poison}, {text})"),
            format!("Switch({fails}, {poison}, {holds}, {text}, True, {poison})"),
            format!("With($w, [n], IIF($w = -7, {text}, {poison}))"),
            format!("IIF(CBool({holds}) || {poison} = 1, {text}, 1)"),
            format!("IIF(CBool({fails}) && {poison} = 1, 1, {text})"),
        ] {
            let Ok(program) = object.compile(&guarded) else { continue };
            let found = object.run(&program, now).map_err(|error| error.kind);
            prop_assert_eq!(&found, &expected, "{}", guarded);
        }
    }

    #[test]
    fn a_condition_guards_each_value(texts in proptest::collection::vec("-?[0-9a]{1,4}", 1..8)) {
        let values = texts.iter().cloned().map(Value::Text).collect();
        let object = Object::default().with("t", AttributeKind::Text, true, values);
        let numbers: Vec<Value> = texts.iter().filter_map(|text| text.parse().ok()).map(Value::Number).collect();
        let expected = if numbers.is_empty() { Outcome::Null } else { Outcome::Multi(numbers) };
        let numeric = "RegexIsMatch([t], \"^-?[0-9]+$\")";
        for text in [format!("IIF({numeric}, CNum([t]), NULL)"), format!("IIF({numeric} = False, NULL, CNum([t]))")] {
            let found = object.run(&object.compile(&text).unwrap(), jiff::Timestamp::UNIX_EPOCH);
            prop_assert_eq!(found, Ok(expected.clone()));
        }
        let guarded = object.compile(&format!("{numeric} && CNum([t]) > 5")).unwrap();
        prop_assert!(object.run(&guarded, jiff::Timestamp::UNIX_EPOCH).is_ok());
    }

    #[test]
    fn the_same_object_gives_the_same_result(text in expression()) {
        let Ok(program) = object().compile(&text) else { return Ok(()) };
        let first = object().run(&program, jiff::Timestamp::UNIX_EPOCH);
        let again = object().compile(&text).unwrap();
        prop_assert_eq!(&object().run(&again, jiff::Timestamp::UNIX_EPOCH), &first);
        // Time and chance matter only to expressions that say so.
        let now = if program.depends_on_time() { jiff::Timestamp::UNIX_EPOCH } else { jiff::Timestamp::MAX };
        if !program.depends_on_chance() {
            prop_assert_eq!(&object().evaluate(&program, now, &SystemRandom), &first);
        }
    }

    #[test]
    fn hostile_bytes_are_no_certificates(bytes in proptest::collection::vec(any::<u8>(), 0..200), seed in any::<bool>()) {
        let mut bytes = bytes;
        if seed {
            bytes.splice(0..0, [0x30, 0x81, 0xC0, 0x30, 0x81, 0x80]);
        }
        let object = Object::default().with("c", AttributeKind::Binary, false, vec![Value::Binary(bytes)]);
        for text in ["IsCert([c])", "CertSubject([c])", "StringFromSid([c])", "CNum([c])", "StringFromGuid([c])"] {
            let result = object.run(&object.compile(text).unwrap(), jiff::Timestamp::UNIX_EPOCH);
            prop_assert!(result.is_ok() || result.is_err_and(|error| matches!(error.kind.name(), "value" | "overflow")));
        }
    }
}
