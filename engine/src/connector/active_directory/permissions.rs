//! What the forest account may do, tried out without changing anything.

use std::collections::BTreeSet;

use ldap3::Scope;
use serde::Serialize;

use super::delta::{self, Question};
use super::link::{Living, decode_all};
use super::schema::type_filter;
use crate::connector::ldap::session::Search;
use crate::connector::{CancelToken, ConnectorError, ConnectorErrorKind};
use crate::model::fold_text;

/// Objects of a type that are looked at.
const SAMPLE: u32 = 20;

/// What a right is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionPurpose {
    /// Importing objects.
    Read,
    /// Delta imports by DirSync.
    DeltaImport,
    /// Seeing deletions in delta imports.
    Deletions,
    /// Writing an attribute that rules flow to the forest.
    Write,
}

/// What was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionState {
    /// The account has the right.
    Granted,
    /// It has it on some objects only.
    Partial,
    /// It lacks it.
    Missing,
    /// There was nothing to try it on.
    Unknown,
}

/// One right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PermissionFinding {
    /// What it is needed for.
    pub purpose: PermissionPurpose,
    /// DN of the partition.
    pub partition: String,
    /// Object type, for reading and writing.
    pub object_type: Option<String>,
    /// Attribute, for writing.
    pub attribute: Option<String>,
    /// What was found out.
    pub state: PermissionState,
    /// What that means, and what to do where the right is missing.
    pub advice: String,
}

/// Tries out what an account needs in a partition. `types` are the object types that are read, `writes` the
/// attributes that rules flow to objects of a type.
pub(super) fn check(
    living: Living<'_>,
    partition: &str,
    types: &[String],
    writes: &BTreeSet<(String, String)>,
) -> Result<Vec<PermissionFinding>, ConnectorError> {
    let user = living.settings.user.as_str();
    let finding = |purpose, state, advice: String| PermissionFinding {
        purpose,
        partition: partition.to_owned(),
        object_type: None,
        attribute: None,
        state,
        advice,
    };
    let mut findings = Vec::new();
    for object_type in types {
        let seen = sample(living, partition, object_type, &["objectGUID"])?;
        let (state, advice) = match seen.len() {
            0 => (PermissionState::Unknown, format!("no {object_type} is visible: there is none, or {user} may not read them")),
            _ => (PermissionState::Granted, format!("objects of type {object_type} are visible")),
        };
        findings.push(PermissionFinding {
            object_type: Some(object_type.clone()),
            ..finding(PermissionPurpose::Read, state, advice)
        });
    }
    let (state, advice) = dir_sync(living, partition)?;
    findings.push(finding(PermissionPurpose::DeltaImport, state, advice));
    let (state, advice) = if living.sees_deletions(partition)? {
        (PermissionState::Granted, "deleted objects are visible".to_owned())
    } else {
        let advice = format!("delta imports do not see deletions: grant {user} list and read on CN=Deleted Objects,{partition}");
        (PermissionState::Missing, advice)
    };
    findings.push(finding(PermissionPurpose::Deletions, state, advice));
    for object_type in writes.iter().map(|(object_type, _)| object_type).collect::<BTreeSet<_>>() {
        let attributes = writes.iter().filter(|(of, _)| of == object_type).map(|(_, attribute)| attribute);
        let objects = sample(living, partition, object_type, &["allowedAttributesEffective"])?;
        for attribute in attributes {
            let folded = fold_text(attribute);
            let writable = objects.iter().filter(|writable| writable.contains(&folded)).count();
            let (state, advice) = writes_of(user, object_type, attribute, writable, objects.len());
            findings.push(PermissionFinding {
                object_type: Some(object_type.clone()),
                attribute: Some(attribute.clone()),
                ..finding(PermissionPurpose::Write, state, advice)
            });
        }
    }
    Ok(findings)
}

fn dir_sync(living: Living<'_>, partition: &str) -> Result<(PermissionState, String), ConnectorError> {
    let user = &living.settings.user;
    if !living.facts.offers_dir_sync {
        return Ok((PermissionState::Missing, format!("{} does not offer DirSync", living.facts.server)));
    }
    let cancel = CancelToken::default();
    let question = Question { living, partition, timeout: living.settings.operation_timeout(), cancel: &cancel };
    match delta::present_cookie(question) {
        Ok(_) => Ok((PermissionState::Granted, "changes can be read by DirSync".to_owned())),
        Err(error) if matches!(error.kind, ConnectorErrorKind::Permission | ConnectorErrorKind::Search) => Ok((
            PermissionState::Missing,
            format!(
                "changes are read by uSNChanged, which asks for a full import when another domain controller answers: for DirSync grant {user} Replicating Directory Changes on {partition}"
            ),
        )),
        Err(error) => Err(error),
    }
}

fn writes_of(user: &str, object_type: &str, attribute: &str, writable: usize, seen: usize) -> (PermissionState, String) {
    match (writable, seen) {
        (_, 0) => (PermissionState::Unknown, format!("no {object_type} is visible to try it on")),
        (0, _) => (
            PermissionState::Missing,
            format!(
                "exports of {attribute} will fail with permission-issue: grant {user} write property on {attribute} of {object_type} objects"
            ),
        ),
        (writable, seen) if writable < seen => (
            PermissionState::Partial,
            format!(
                "{attribute} may be written on {writable} of {seen} {object_type} objects looked at: check for blocked inheritance, as on members of administrative groups"
            ),
        ),
        _ => (PermissionState::Granted, format!("{attribute} may be written")),
    }
}

/// Some objects of a type: the values of the attributes asked for, folded.
fn sample(
    living: Living<'_>,
    partition: &str,
    object_type: &str,
    attributes: &[&str],
) -> Result<Vec<BTreeSet<String>>, ConnectorError> {
    let doing = format!("show some objects of type {object_type}");
    let search = Search {
        base: partition.to_owned(),
        scope: Scope::Subtree,
        filter: format!("(&{}(!(isCriticalSystemObject=TRUE)))", type_filter(&[object_type])),
        attributes: attributes.iter().map(ToString::to_string).collect(),
        controls: Vec::new(),
        timeout: living.settings.operation_timeout(),
    };
    let mut pages = living.session.pages(search, SAMPLE, &doing, None);
    let first = pages.next_page()?.unwrap_or_default();
    let entries = decode_all(first, living.session.server(), &doing)?;
    Ok(entries.iter().map(|entry| attributes.iter().flat_map(|name| entry.texts(name)).map(fold_text).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_written_is_said_with_its_remedy() {
        let check = |writable: usize, seen: usize, expected: PermissionState, part: &str| {
            let (state, advice) = writes_of("sync@x", "user", "title", writable, seen);
            assert_eq!(state, expected);
            assert!(advice.contains(part), "{advice}");
        };
        check(0, 0, PermissionState::Unknown, "no user is visible");
        check(0, 5, PermissionState::Missing, "grant sync@x write property on title of user");
        check(3, 5, PermissionState::Partial, "3 of 5");
        check(5, 5, PermissionState::Granted, "may be written");
    }
}
