//! The inbound link decision: join, project, or stay a disconnector (`engine.md` 4.3).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::facts::{Attempt, FactReader, Halt};
use super::inbound::Contributor;
use super::values::match_keys;
use crate::model::{AlgorithmStep, ErrorCode, Image, MvId, ObjectError, Value};
use crate::rules::{CompiledJoin, CompiledRule, LinkType};
use crate::store::connector_space::NORMAL;
use crate::store::metaverse::MvObject;

/// What becomes of an object that is not joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkDecision {
    /// It joins this metaverse object.
    Join(MvId),
    /// A metaverse object of this type is made for it.
    Project(String),
    /// It stays unjoined.
    Remain(Unjoined),
}

/// Why an object stays unjoined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unjoined {
    /// It is an explicit or filtered disconnector, or on its way out of the directory.
    KeptApart,
    /// No rule in scope joins or creates.
    NoRule,
    /// None of the attributes that it is recognized by has a value.
    NoValue,
    /// No group of join conditions leads to exactly one metaverse object, and no rule creates one.
    NoMatch,
}

/// Decides for a disconnector.
///
/// # Errors
/// [`Halt`] when facts are missing or the rules contradict each other.
pub fn decide(contributor: &Contributor, facts: &FactReader<'_>) -> Attempt<LinkDecision> {
    let linking: Vec<&Arc<CompiledRule>> = contributor.linking().collect();
    // Rules join normal disconnectors only (`engine.md` 1.1).
    let kept_apart = contributor.object.connector_state != NORMAL;
    if kept_apart || contributor.object.is_being_deleted() {
        return Ok(LinkDecision::Remain(Unjoined::KeptApart));
    }
    if linking.is_empty() {
        return Ok(LinkDecision::Remain(Unjoined::NoRule));
    }
    if let Some(rule) = criteria(&linking)? {
        for group in &rule.join {
            let found = matching(group, &contributor.expected, &rule.metaverse_type, facts)?;
            if let [only] = found.as_slice() {
                return Ok(LinkDecision::Join(only.id));
            }
        }
        // An object without any value to be recognized by is not projected (default-rules.md C23).
        let recognizable =
            rule.join.iter().flatten().any(|condition| !contributor.expected.get(condition.connector_attribute).is_empty());
        if !recognizable {
            return Ok(LinkDecision::Remain(Unjoined::NoValue));
        }
    }
    let types: BTreeSet<&str> =
        linking.iter().filter(|rule| rule.link == LinkType::Provision).map(|rule| rule.metaverse_type.as_str()).collect();
    let mut types = types.into_iter();
    match (types.next(), types.next()) {
        (None, _) => Ok(LinkDecision::Remain(Unjoined::NoMatch)),
        (Some(only), None) => Ok(LinkDecision::Project(only.to_owned())),
        (Some(one), Some(other)) => Err(Halt::from(
            ObjectError::new(
                ErrorCode::PROVISIONING_FAILED,
                format!("rules in scope would create a {one} and a {other} for one object; let one scope exclude it"),
            )
            .at(AlgorithmStep::Projection),
        )),
    }
}

/// For each join group up to the one that decides: the metaverse objects that satisfy it.
///
/// # Errors
/// As [`decide`].
pub fn candidates(contributor: &Contributor, facts: &FactReader<'_>) -> Attempt<Vec<Vec<MvId>>> {
    let linking: Vec<&Arc<CompiledRule>> = contributor.linking().collect();
    let mut groups = Vec::new();
    let Some(rule) = criteria(&linking)? else { return Ok(groups) };
    for group in &rule.join {
        let found = matching(group, &contributor.expected, &rule.metaverse_type, facts)?;
        groups.push(found.iter().map(|object| object.id).collect());
        if found.len() == 1 {
            break;
        }
    }
    Ok(groups)
}

/// The one set of criteria that all linking rules in scope share; none when no rule has criteria.
fn criteria<'a>(linking: &[&'a Arc<CompiledRule>]) -> Attempt<Option<&'a Arc<CompiledRule>>> {
    let mut with_criteria = linking.iter().filter(|rule| !rule.join.is_empty());
    let Some(first) = with_criteria.next() else { return Ok(None) };
    match with_criteria.find(|rule| rule.join != first.join) {
        None => Ok(Some(first)),
        Some(other) => Err(Halt::from(
            ObjectError::new(
                ErrorCode::DIFFERENT_JOIN_CRITERIA,
                format!(
                    "The inbound sync rules in scope have different join criteria: \"{}\" and \"{}\"; keep the join rules of one of them",
                    first.name, other.name
                ),
            )
            .at(AlgorithmStep::Join)
            .rule(first.name.clone()),
        )),
    }
}

/// The metaverse objects of a type that satisfy all conditions of a group.
///
/// # Errors
/// [`Halt::Missing`] when facts are missing.
pub fn matching(
    group: &[CompiledJoin],
    image: &Image,
    metaverse_type: &str,
    facts: &FactReader<'_>,
) -> Attempt<Vec<Arc<MvObject>>> {
    let Some(first) = group.first() else { return Ok(Vec::new()) };
    let keys = match_keys(image, first.connector_attribute);
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let candidates: Vec<MvId> = facts.mv_by_keys(first.metaverse_attribute, &keys)?.into_iter().collect();
    let mut found = Vec::new();
    let answers: Vec<Attempt<Option<Arc<MvObject>>>> = candidates.iter().map(|id| facts.mv(*id)).collect();
    for answer in answers {
        let Some(object) = answer? else { continue };
        let right_type = metaverse_type == "*" || object.object_type == metaverse_type;
        if right_type && group.iter().all(|condition| holds(condition, image, &object.image)) {
            found.push(object);
        }
    }
    Ok(found)
}

/// True when any value on one side equals any value on the other.
#[must_use]
pub fn holds(condition: &CompiledJoin, connector_space: &Image, metaverse: &Image) -> bool {
    let equal = |a: &Value, b: &Value| if condition.case_sensitive { a == b } else { a.matches(b) };
    connector_space
        .get(condition.connector_attribute)
        .iter()
        .any(|left| metaverse.get(condition.metaverse_attribute).iter().any(|right| equal(left, right)))
}
