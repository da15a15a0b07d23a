//! What the editor says about expressions that run.

use crate::object::Object;
use syncline_expression::{AttributeKind, Severity};

fn object() -> Object {
    Object::default()
        .with("a", AttributeKind::Text, false, Vec::new())
        .with("p", AttributeKind::Text, true, Vec::new())
        .with("n", AttributeKind::Number, false, Vec::new())
        .with("g", AttributeKind::Binary, false, Vec::new())
        .with("m", AttributeKind::Reference, true, Vec::new())
}

/// `severity kind@offset` of every piece of advice.
fn check(text: &str, expected: &[&str]) {
    let program = object().compile(text).unwrap();
    let found: Vec<String> = program
        .advice()
        .iter()
        .map(|problem| {
            let severity = match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Information => "information",
            };
            format!("{severity} {}@{}", problem.kind.name(), problem.offset)
        })
        .collect();
    assert_eq!(found, expected, "{text}: {:?}", program.advice());
}

#[test]
fn sound_expressions_get_no_advice() {
    for text in [
        "Trim([a])",
        "Trim([p])",
        "IIF([n] > 1, [a], NULL)",
        "IIF(IsString([g]), CStr([g]), ConvertToBase64([g]))",
        "IsString([g]) && CStr([g]) = \"x\"",
        "Contains([p], \"S\") > 0 && InStr(Item([p], Contains([p], \"S\")), \"@\") > 0",
        "Switch([a] = \"x\", 1, True, Error(\"no\"))",
        "IIF([n] = NULL, IgnoreThisFlow, [n])",
        "1 * 2 + 3",
        "1 + (2 * 3)",
        "([n] = 1 && [n] = 2) || [n] = 3",
        "Mid([g], 1, 2) & [g]",
    ] {
        check(text, &[]);
    }
}

#[test]
fn likely_mistakes_are_named() {
    for (text, expected) in [
        ("Mid([a], 2)", &["warning advice@0"][..]),
        ("[n] = 1 && [n] = 2 || [n] = 3", &["warning advice@19"]),
        ("1 + 2 * 3", &["warning advice@6"]),
        ("Item([p], Contains([p], \"S\"))", &["warning advice@0"]),
        ("IIF(1 = 1, [a], NULL)", &["warning advice@4"]),
        ("Now() > CDate([a])", &["information advice@0"]),
        ("Guid()", &["information advice@0"]),
        ("Trim([g])", &["warning type@0"]),
        ("[n] & [g] & [m]", &["warning type@10"]),
        ("[n] = \"1\"", &["warning type@4"]),
        ("Count([a])", &["warning type@0"]),
        ("Where($x, [a], True)", &["warning type@0"]),
        ("Select($x, [p], $x + 1)", &["warning type@19"]),
        ("Trim(IIF([n] = 1, IgnoreThisFlow, AuthoritativeNull))", &["warning type@0"]),
        ("[a] && True", &["warning type@4"]),
        ("DNComponent([dn], 1)", &["warning type@0"]),
    ] {
        check(text, expected);
    }
}

#[test]
fn the_shape_of_the_result_is_known() {
    for (text, types, multi_valued) in [
        ("Trim([p])", &["str"][..], Some(true)),
        ("IIF([n] = 1, [a], [g])", &["str", "bin"], Some(false)),
        ("IIF([p] = \"x\", [p], NULL)", &["str"], Some(true)),
        ("IIF([n] = 1, [p], [a])", &["str"], None),
        ("Item([m], 1)", &["ref"], Some(false)),
        ("Left([a], 3)", &["str"], Some(false)),
        ("Split([a], \",\")", &["str"], Some(true)),
        ("Select($x, [p], Len($x))", &["num"], Some(true)),
        ("Where($x, [m], True)", &["ref"], Some(true)),
        ("With($x, [n], $x = 1)", &["bool"], Some(false)),
        ("IIF([n] = 1, [n], IgnoreThisFlow)", &["num"], Some(false)),
        ("CDate([a])", &["dt"], Some(false)),
        ("NULL", &[], Some(false)),
        ("ImportedValue(\"m\")", &["ref"], Some(true)),
        ("ValueCount(\"m\")", &["num"], Some(false)),
    ] {
        let program = object().compile(text).unwrap();
        let shape = program.result_shape();
        assert_eq!((shape.types.as_slice(), shape.multi_valued), (types, multi_valued), "{text}");
    }
}
