//! What the editor says about expressions that run.

use crate::object::Object;
use syncline_expression::{AttributeKind, Severity, Target, check as check_text};

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
        "IIF([n] = 1, IgnoreThisFlow, NULL)",
        "IIF([p] = \"x\", IIF([p] = \"x\", [p], NULL), NULL)",
        "Switch([n] = 1, 1, [n] = 2, 2, True, 3)",
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
        ("IIF(1 = 1, [a], NULL)", &["warning unreachable@16"]),
        ("IIF(False, [a], NULL)", &["warning always-null@0", "warning unreachable@11"]),
        ("IIF(IsPresent([a]), IIF(IsPresent( [a] ), 1, 2), 3)", &["warning unreachable@45"]),
        ("IIF([n] = 1 && [a] = \"x\", IIF([n]=1, 1, 2), IIF([n] = 1, 3, 4))", &["warning unreachable@40"]),
        ("IIF([n] = 1 || [a] = \"x\", 0, IIF([n] = 1, 1, 2))", &["warning unreachable@42"]),
        ("Switch(True, 1, [n] = 1, 2)", &["warning unreachable@25"]),
        ("Switch([n] = 1, 1, [n] = 1, 2)", &["warning unreachable@28"]),
        ("Switch([n] = 1, 1, False, 2, True, 3)", &["warning unreachable@26"]),
        ("IIF([n] = 1 && False && [a] = \"x\", 1, 2)", &["warning unreachable@24", "warning unreachable@35"]),
        ("NULL", &["warning always-null@0"]),
        ("[n] + NULL", &["warning always-null@4"]),
        ("-NULL", &["warning always-null@0"]),
        ("Trim(NULL) & [a]", &["warning always-null@0"]),
        ("Left([a], NULL)", &[]),
        ("Replace([a], NULL, \"x\")", &["warning always-null@0"]),
        ("IIF([n] = 1, NULL, NULL)", &["warning always-null@0"]),
        ("Now() > CDate([a])", &["information advice@0"]),
        ("Guid()", &["information advice@0"]),
        ("IIF(Guid() = \"x\", 1, IIF(Guid() = \"x\", 2, 3))", &["information advice@4", "information advice@25"]),
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

/// `severity kind range` of everything that is wrong, with the target attribute `name kind [multi]`.
fn check_whole(text: &str, target: Option<(AttributeKind, bool)>, expected: &[&str]) {
    let target = target.map(|(kind, multi_valued)| Target { name: "info".into(), kind, multi_valued, max_length: Some(8) });
    let problems = check_text(text, &object(), target.as_ref());
    let found: Vec<String> = problems
        .iter()
        .map(|problem| {
            let part = &text[problem.range.clone()];
            let instead = problem.suggestion.as_ref().map(|text| format!(" -> {text}")).unwrap_or_default();
            format!("{} {part}{instead}", problem.kind.name())
        })
        .collect();
    assert_eq!(found, expected, "{text}: {problems:?}");
}

#[test]
fn all_problems_are_reported_at_once() {
    check_whole(
        "trim([A]) & Left([p]) & [nothing] & \"räk\" & %x% & Cont & ($v + [g])",
        None,
        &[
            "unknown-function trim -> Trim",
            "unknown-attribute [A] -> [a]",
            "arity Left",
            "unknown-attribute [nothing]",
            "unknown-parameter %x%",
            "unknown-identifier Cont",
            "unknown-variable $v",
            "type +",
        ],
    );
    check_whole("ImportedValue(\"P\")", None, &["unknown-attribute \"P\" -> \"p\""]);
    check_whole("IIF([n] = 1, [n], 2", Some((AttributeKind::Text, false)), &["syntax "]);
    check_whole(
        "IIF(True, trim([a]), [n] & Mid([a], 2))",
        None,
        &["unknown-function trim -> Trim", "unreachable [n] & Mid([a], 2)", "advice Mid"],
    );
}

#[test]
fn the_result_is_compared_with_the_target_attribute() {
    use AttributeKind::{Binary, Boolean, Number, Reference, Text};
    check_whole("Trim([a])", Some((Text, false)), &[]);
    check_whole("IIF([n] = 1, [a], [g])", Some((Binary, false)), &[]);
    check_whole("[n]", Some((Text, false)), &["type [n]"]);
    check_whole("Trim([a])", Some((Boolean, true)), &["type Trim([a])"]);
    check_whole("Now()", Some((Number, false)), &["advice Now", "type Now()"]);
    check_whole("[m]", Some((Reference, true)), &[]);
    check_whole("[m]", Some((Reference, false)), &["type [m]"]);
    check_whole("Item([m], 1)", Some((Reference, false)), &[]);
    check_whole("NULL", Some((Reference, false)), &["always-null NULL"]);
    check_whole("IIF([n] = 1, \"12345678\", \"123456789\")", Some((Text, false)), &["type \"123456789\""]);
}

#[test]
fn what_a_source_does_not_have_is_said() {
    struct Metaverse(Object);
    impl syncline_expression::Schema for Metaverse {
        fn attribute(&self, name: &str) -> Option<syncline_expression::AttributeType> {
            self.0.attribute(name)
        }
        fn attribute_names(&self) -> Vec<String> {
            self.0.attribute_names()
        }
        fn parameter_names(&self) -> Vec<String> {
            Vec::new()
        }
        fn source_description(&self) -> String {
            "object type person of the metaverse".into()
        }
        fn has_imported_values(&self) -> bool {
            false
        }
        fn is_selected(&self, name: &str) -> bool {
            name != "n"
        }
    }
    let messages = |text: &str| -> Vec<String> {
        check_text(text, &Metaverse(object()), None).into_iter().map(|problem| problem.message).collect()
    };
    assert_eq!(messages("[a] & [dn]"), [""; 0]);
    assert!(messages("ImportedValue(\"p\")")[0].starts_with("ImportedValue is for objects of a connector space"));
    assert!(messages("[n] + 1")[0].starts_with("n is not selected for import"));
}
