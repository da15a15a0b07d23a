//! Exports against a scripted server: lost connections, busy servers, values that are there already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::misbehaviour_tests::{open, settings};
use crate::connector::ldap::fake_server::{Asked, Reply, start};
use crate::connector::{
    CancelToken, Connector, ConnectorError, ConnectorErrorKind, EntryAttributes, EntryValue, ExportAttributeChange, ExportChange,
    ExportOperation, ExportOutcome, ExportResult, ExportValue, ReferenceTarget,
};

fn change(name: &str, operation: ExportOperation, attributes: &[(&str, ExportAttributeChange)]) -> ExportChange {
    ExportChange {
        dn: format!("CN={name},DC=x"),
        object_type: "user".to_owned(),
        anchor: None,
        operation,
        attributes: attributes.iter().map(|(name, change)| ((*name).to_owned(), change.clone())).collect(),
        identity: EntryAttributes::new(),
        whole: BTreeMap::new(),
    }
}

const UPDATE: ExportOperation = ExportOperation::Update { new_dn: None };

fn title(name: &str) -> ExportChange {
    let value = ExportValue::Plain(EntryValue::Text("v".to_owned()));
    change(name, UPDATE, &[("title", ExportAttributeChange::Replace(vec![value]))])
}

fn members(names: std::ops::Range<usize>) -> Vec<ExportValue> {
    names.map(|number| ExportValue::Reference(ReferenceTarget { dn: format!("CN=m{number},DC=x"), anchor: None })).collect()
}

/// Exports to a server that follows `script`: outcomes as words, and what the server was asked.
fn export(
    changes: &[ExportChange],
    mut script: impl FnMut(&Asked) -> Option<Vec<Reply>> + Send + 'static,
) -> (Result<Vec<String>, ConnectorError>, Vec<Asked>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let port = start(move |asked| {
        if !matches!(asked, Asked::Extended) {
            log.lock().unwrap().push(asked.clone());
        }
        script(asked)
    });
    let mut connector = open(settings(port)).unwrap();
    let results = connector.export(changes, &CancelToken::default());
    let word = |result: ExportResult| match result.outcome {
        ExportOutcome::Success { unresolved, .. } => {
            ["made".to_owned()].into_iter().chain(unresolved).collect::<Vec<_>>().join(" ")
        }
        ExportOutcome::Refused(error) => format!("refused {}", error.code),
        ExportOutcome::Transient(error) => format!("later {}", error.code),
    };
    let results = results.map(|results| results.into_iter().map(word).collect());
    (results, std::mem::take(&mut asked.lock().unwrap()))
}

fn modifications(asked: &[Asked]) -> Vec<&str> {
    asked
        .iter()
        .filter_map(|asked| match asked {
            Asked::Modify { dn, .. } => Some(dn.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_lost_connection_is_opened_again_and_the_change_sent_once_more() {
    let mut broken = false;
    let (results, asked) = export(&[title("a"), title("b"), title("c")], move |asked| match asked {
        Asked::Modify { dn, .. } if dn == "CN=b,DC=x" && !broken => {
            broken = true;
            Some(vec![Reply::Close])
        }
        _ => None,
    });
    assert_eq!(results.unwrap(), ["made", "made", "made"]);
    assert_eq!(modifications(&asked), ["CN=a,DC=x", "CN=b,DC=x", "CN=b,DC=x", "CN=c,DC=x"]);
    assert_eq!(asked.iter().filter(|asked| **asked == Asked::Bind).count(), 2);
}

#[test]
fn what_could_not_be_sent_is_told_and_not_tried_further() {
    let lost = |asked: &Asked| matches!(asked, Asked::Modify { dn, .. } if dn == "CN=b,DC=x").then(|| vec![Reply::Close]);
    let (results, asked) = export(&[title("a"), title("b"), title("c")], lost);
    assert_eq!(results.unwrap(), ["made", "later cd-connectivity-error"]);
    assert_eq!(modifications(&asked), ["CN=a,DC=x", "CN=b,DC=x", "CN=b,DC=x"]);
    // Nothing was sent at all: the failure is that of the directory.
    let (results, _) = export(&[title("b"), title("c")], lost);
    assert_eq!(results.unwrap_err().kind, ConnectorErrorKind::Dropped);
    // Busy, unavailable, out of time.
    for code in [51, 52, 3] {
        let busy = move |asked: &Asked| matches!(asked, Asked::Modify { .. }).then(|| vec![Reply::refused(code, "")]);
        let (results, asked) = export(&[title("a"), title("b")], busy);
        assert_eq!(results.unwrap(), ["later cd-connectivity-error"]);
        assert_eq!(modifications(&asked).len(), 1);
    }
    // A refused change does not keep the next one from being sent.
    let refuse =
        |asked: &Asked| matches!(asked, Asked::Modify { dn, .. } if dn == "CN=a,DC=x").then(|| vec![Reply::refused(50, "")]);
    let (results, _) = export(&[title("a"), title("b")], refuse);
    assert_eq!(results.unwrap(), ["refused permission-issue", "made"]);
}

/// A group that takes no change at all, with these members; one of the others does not exist.
fn group(present: BTreeSet<usize>, nowhere: usize) -> impl FnMut(&Asked) -> Option<Vec<Reply>> + Send + 'static {
    let number = |text: &str| text.strip_prefix("CN=m")?.split(',').next()?.parse::<usize>().ok();
    move |asked| match asked {
        Asked::Modify { .. } => Some(vec![Reply::refused(53, "00000562")]),
        Asked::Search { base, filter, .. } if base == "CN=g,DC=x" => {
            let filter = String::from_utf8_lossy(filter);
            let asked_for = filter.split("CN=m").nth(1).and_then(|rest| number(&format!("CN=m{rest}")));
            let there = asked_for.is_none_or(|number| present.contains(&number));
            let entry = Reply::entry("CN=g,DC=x", &[("objectGUID", &["sixteen letters!"])]);
            Some(if there { vec![entry, Reply::done()] } else { vec![Reply::done()] })
        }
        Asked::Search { base, .. } if number(base) == Some(nowhere) => Some(vec![Reply::refused(32, "")]),
        Asked::Search { base, .. } if number(base).is_some() => {
            Some(vec![Reply::entry(base, &[("objectGUID", &["sixteen letters!"])]), Reply::done()])
        }
        _ => None,
    }
}

#[test]
fn values_that_are_as_they_should_be_are_no_errors() {
    let check = |adds: std::ops::Range<usize>, deletes: std::ops::Range<usize>, expected: &str| {
        let member = ExportAttributeChange::Values { adds: members(adds), deletes: members(deletes) };
        let (results, _) = export(&[change("g", UPDATE, &[("member", member)])], group((0..10).collect(), 20));
        assert_eq!(results.unwrap(), [expected]);
    };
    // 0 to 9 are members, 20 does not exist, nothing can be changed.
    check(0..4, 30..33, "made");
    check(3..4, 0..0, "made");
    check(19..20, 0..0, "refused cd-error");
    check(0..0, 3..4, "refused cd-error");
    check(20..21, 0..0, "made member");
    check(8..10, 0..0, "made");
}

#[test]
fn large_changes_are_cut() {
    let member = ExportAttributeChange::Values { adds: members(0..2_300), deletes: Vec::new() };
    let (results, asked) = export(&[change("g", UPDATE, &[("member", member)])], |_| None);
    assert_eq!(results.unwrap(), ["made"]);
    let sizes: Vec<usize> = asked
        .iter()
        .filter_map(|asked| match asked {
            Asked::Modify { parts, .. } => Some(parts.iter().map(|(_, _, count)| count).sum()),
            _ => None,
        })
        .collect();
    assert_eq!(sizes, [1_000, 1_000, 300]);
}

#[test]
fn a_forbidden_attribute_leaves_the_object_untouched() {
    let password = ExportAttributeChange::Replace(vec![ExportValue::Plain(EntryValue::Text("Secret-1".to_owned()))]);
    let rename = ExportOperation::Update { new_dn: Some("CN=b,DC=x".to_owned()) };
    for operation in [rename, ExportOperation::Add] {
        let (results, asked) = export(&[change("a", operation, &[("unicodePwd", password.clone())])], |_| None);
        assert_eq!(results.unwrap(), ["refused password-set-disallowed"]);
        assert!(asked.iter().all(|asked| matches!(asked, Asked::Bind | Asked::Search { .. })), "{asked:?}");
    }
}

#[test]
fn moves_and_deletions_can_be_repeated() {
    let moved = |to: &str| change("a", ExportOperation::Update { new_dn: Some(to.to_owned()) }, &[]);
    let at = |dn: &'static str| {
        move |asked: &Asked| match asked {
            Asked::Search { base, .. } if base == "CN=a,DC=x" => {
                Some(vec![Reply::entry(dn, &[("objectGUID", &["sixteen letters!"])]), Reply::done()])
            }
            _ => None,
        }
    };
    let renames = |asked: Vec<Asked>| asked.into_iter().filter(|asked| matches!(asked, Asked::Rename { .. })).collect::<Vec<_>>();
    let rename = |rdn: &str, parent: Option<&str>| {
        vec![Asked::Rename { dn: "CN=a,DC=x".to_owned(), rdn: rdn.to_owned(), parent: parent.map(str::to_owned) }]
    };
    let (results, asked) = export(&[moved("CN=b,DC=x")], at("CN=a,DC=x"));
    assert_eq!((results.unwrap(), renames(asked)), (vec!["made".to_owned()], rename("CN=b", None)));
    let (results, asked) = export(&[moved("CN=a,OU=o,DC=x")], at("CN=a,DC=x"));
    assert_eq!((results.unwrap(), renames(asked)), (vec!["made".to_owned()], rename("CN=a", Some("OU=o,DC=x"))));
    // Another spelling is a rename, the same name is not.
    let (results, asked) = export(&[moved("CN=A,DC=x")], at("CN=a,DC=x"));
    assert_eq!((results.unwrap(), renames(asked)), (vec!["made".to_owned()], rename("CN=A", None)));
    let (results, asked) = export(&[moved("CN=b,DC=x")], at("CN=b,DC=x"));
    assert_eq!((results.unwrap(), renames(asked)), (vec!["made".to_owned()], Vec::new()));
    for (code, expected) in [(32, "made"), (66, "refused unsupported-container-delete")] {
        let gone = move |asked: &Asked| matches!(asked, Asked::Delete { .. }).then(|| vec![Reply::refused(code, "")]);
        let (results, _) = export(&[change("a", ExportOperation::Delete, &[])], gone);
        assert_eq!(results.unwrap(), [expected]);
    }
}

/// The answer to an addition is lost, and the second one finds an object of this name: ours when it is as it was to be.
#[test]
fn an_object_whose_creation_went_unanswered_is_recognized() {
    let check = |lost: bool, ours: bool, expected: &str| {
        let value = |text: &str| ExportAttributeChange::Replace(vec![ExportValue::Plain(EntryValue::Text(text.to_owned()))]);
        let member = ExportAttributeChange::Replace(members(0..1_200));
        let add = change("a", ExportOperation::Add, &[("title", value("head")), ("member", member)]);
        let mut answered = !lost;
        let (results, asked) = export(&[add], move |asked| match asked {
            Asked::Add { .. } if !answered => {
                answered = true;
                Some(vec![Reply::Close])
            }
            Asked::Add { .. } => Some(vec![Reply::refused(68, "00002071")]),
            Asked::Search { base, filter, .. } if base == "CN=a,DC=x" => {
                let filter = String::from_utf8_lossy(filter);
                // Either described by all it was given, or only looked for.
                let described = ["user", "head", "CN=m0,DC=x", "CN=m999,DC=x"].iter().all(|part| filter.contains(part));
                let entry = Reply::entry(base, &[("objectGUID", &["sixteen letters!"])]);
                Some(if ours || !described { vec![entry, Reply::done()] } else { vec![Reply::done()] })
            }
            _ => None,
        });
        assert_eq!(results.unwrap(), [expected]);
        // What did not fit into the addition follows.
        assert_eq!(modifications(&asked).len(), usize::from(expected == "made"));
    };
    check(true, true, "made");
    check(true, false, "refused cd-existing-object");
    // Nothing was lost: the object is somebody else's, whatever it looks like.
    check(false, true, "refused cd-existing-object");
}
