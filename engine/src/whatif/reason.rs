//! Why an object comes or goes, in one sentence that names rule, clause and value.

use std::collections::BTreeMap;

use super::values::few_values;
use crate::model::{ObjectOperation, RuleId};
use crate::rules::{Direction, LinkType, Plan, ScopeSource};
use crate::store::connector_space::{CsObject, LinkRule};
use crate::store::metaverse::MvObject;
use crate::sync::explain::{self, JudgedClause, JudgedRule};

/// Names of rules: those of the copy, and those that were saved.
pub type RuleNames = BTreeMap<RuleId, String>;

/// The name of a rule.
pub(super) fn rule_name(names: &RuleNames, id: RuleId) -> String {
    names.get(&id).cloned().unwrap_or_else(|| format!("deleted rule {id}"))
}

/// Why an object loses its metaverse object: the rule that held it, and a sentence. `identity` is that
/// metaverse object afterwards with the groups of its objects, if it is still there; `name` is what it is called.
pub(super) fn lost(
    plan: &Plan,
    names: &RuleNames,
    before: &CsObject,
    identity: Option<(&MvObject, &[String])>,
    name: &str,
) -> (String, String) {
    if before.pending_import.operation == ObjectOperation::Delete {
        return (String::new(), "its deletion was imported".to_owned());
    }
    let held = |direction| before.link_rules.iter().filter(move |rule| rule.direction == direction);
    let provisioned = held(Direction::Outbound).any(|rule| rule.action == LinkType::Provision);
    let inbound = || left(held(Direction::Inbound), &explain::inbound_rules(plan, before), names);
    if let Some((identity, groups)) = identity {
        let source = ScopeSource { image: &identity.image, groups };
        let judged = explain::outbound_rules(plan, before.connector, &identity.object_type, source);
        let outbound = left(held(Direction::Outbound), &judged, names);
        let found = if provisioned { outbound.or_else(inbound) } else { inbound().or(outbound) };
        return found.unwrap_or_else(|| (String::new(), "no rule holds it any more".to_owned()));
    }
    let gone = || (String::new(), format!("its metaverse object {name} is deleted").replace("  ", " "));
    if provisioned { gone() } else { inbound().unwrap_or_else(gone) }
}

/// The first rule of a link that does not apply any more, and why; a rule that creates objects counts more.
fn left<'a>(held: impl Iterator<Item = &'a LinkRule>, judged: &[JudgedRule], names: &RuleNames) -> Option<(String, String)> {
    let mut found: Option<(LinkType, (String, String))> = None;
    for rule in held {
        let name = rule_name(names, rule.rule);
        let sentence = match judged.iter().find(|judged| judged.rule.id == rule.rule) {
            None => format!("rule \"{name}\" is switched off, gone, or for another object type"),
            Some(judged) if judged.in_scope() => continue,
            Some(judged) => format!("out of scope of rule \"{name}\": {}", failing(judged)),
        };
        if found.as_ref().is_none_or(|(action, _)| rule.action < *action) {
            found = Some((rule.action, (name, sentence)));
        }
    }
    found.map(|(_, found)| found)
}

/// The clauses that keep an object out of scope, with what they found: `department EQUAL IT does not hold (Sales)`;
/// one per group. Empty when it is in scope.
#[must_use]
pub fn failing(judged: &JudgedRule) -> String {
    let sentence = |clause: &JudgedClause| format!("{} does not hold ({})", clause.text, few_values(&clause.found));
    judged.failing().map(sentence).collect::<Vec<_>>().join(", nor does another group: ")
}

/// The best rule of a link in a direction; one that creates objects counts more.
pub(super) fn linking_rule(names: &RuleNames, links: &[LinkRule], direction: Direction) -> Option<String> {
    let mut rules = links.iter().filter(|rule| rule.direction == direction);
    let creating = rules.clone().find(|rule| rule.action == LinkType::Provision);
    creating.or_else(|| rules.next()).map(|rule| rule_name(names, rule.rule))
}
