//! What the editor proposes at a place, written as `|` in the text.

use crate::object::Object;
use syncline_expression::{AttributeKind, CompletionKind, complete};

fn object() -> Object {
    let mut object = Object::default()
        .with("mail", AttributeKind::Text, false, Vec::new())
        .with("mailNickname", AttributeKind::Text, false, Vec::new())
        .with("mS-DS-ConsistencyGuid", AttributeKind::Binary, false, Vec::new())
        .with("proxyAddresses", AttributeKind::Text, true, Vec::new());
    object.parameters.insert("Forest.LDAP".into(), Some("x".into()));
    object
}

/// The proposals and the text with the first one put in.
fn at(text: &str) -> (Vec<String>, String, Option<(&'static str, usize)>) {
    let cursor = text.find('|').unwrap();
    let text = text.replace('|', "");
    let found = complete(&text, cursor, &object());
    let inserts: Vec<String> = found.proposals.into_iter().map(|proposal| proposal.insert).collect();
    let mut applied = text;
    if let Some(first) = inserts.first() {
        applied.replace_range(found.replace, first);
    }
    (inserts, applied, found.call.map(|(function, argument)| (function.name, argument)))
}

fn check(text: &str, proposals: &[&str], applied: &str) {
    let (found, text_after, _) = at(text);
    assert_eq!(found, proposals, "{text}");
    assert_eq!(text_after, applied, "{text}");
}

#[test]
fn words_are_completed() {
    check("Trim([mai|", &["[mail]", "[mailNickname]"], "Trim([mail]");
    check("mail|", &["[mail]", "[mailNickname]"], "[mail]");
    check("[mS-|", &["[mS-DS-ConsistencyGuid]"], "[mS-DS-ConsistencyGuid]");
    check("1-mailn|", &["[mailNickname]"], "1-[mailNickname]");
    check("\"x\" & %f|", &["%Forest.LDAP%"], "\"x\" & %Forest.LDAP%");
    check("IIF(isnullor|,1,2)", &["IsNullOrEmpty("], "IIF(IsNullOrEmpty(,1,2)");
    check("tru|", &["True"], "True");
    check("With($abc, 1, $|)", &["$abc"], "With($abc, 1, $abc)");
    check("With($abc, 1, With($b, $|", &["$abc"], "With($abc, 1, With($b, $abc");
    check("With($abc, $|, 2)", &[], "With($abc, $, 2)");
}

#[test]
fn nothing_fits_in_strings_behind_operands_or_after_faults() {
    for text in ["\"mai|", "[mail] |", "[mail] mai|", "\u{201C} mai|", "12|"] {
        assert!(at(text).0.is_empty(), "{text}");
    }
}

#[test]
fn arguments_know_their_function_and_constants() {
    let (found, _, call) = at("InStr([mail], \"x\", 1, |)");
    assert_eq!(found.get(..2).unwrap(), ["vbBinaryCompare", "vbTextCompare"]);
    assert_eq!(call, Some(("InStr", 3)));
    assert_eq!(at("Contains([proxyAddresses], Left([mail], 1), CaseI|").0, ["CaseInsensitive"]);
    assert_eq!(at("IIF((1 = |").2, None);
    let everything = complete("", 0, &object());
    let kinds: Vec<CompletionKind> = everything.proposals.iter().map(|proposal| proposal.kind).collect();
    assert!(kinds.is_sorted());
    let attribute = everything.proposals.iter().find(|proposal| proposal.insert == "[proxyAddresses]").unwrap();
    assert_eq!((attribute.kind, attribute.detail.as_str()), (CompletionKind::Attribute, "mvstr"));
}
