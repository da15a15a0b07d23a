//! The rules of an exported configuration: which rule of this database each one is, and where it stands.

use std::collections::{BTreeMap, BTreeSet};

use super::convert_rule::{differences, to_rule, trim};
use super::error::InteropError;
use super::import::{Import, Target};
use super::report::{Remark, ReplacedRule, RuleFate};
use super::rule::ServerRule;
use crate::model::{ConnectorId, RandomIds, RuleId, Schema};
use crate::rules::{FIRST_STANDARD_PRECEDENCE, Side, SyncRule, default_rules, place_rule};
use crate::setup::{RuleChoices, TENANT_KIND};
use crate::store::StoreError;
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::server_documents::{self, DocumentKind, ServerDocument};
use crate::sync::load_plan_in;

/// A rule of the export on its way.
struct Incoming<'a> {
    server: &'a ServerRule,
    rule: SyncRule,
    problems: Vec<String>,
}

/// Takes over the rules.
///
/// The contents of the export win: an administrator's server is taken as it is, changed standard rules included. A
/// standard rule takes the place of ours with its tag, so that links and contributions keep their rule. Where the export
/// has the connector itself, it has all its rules, and others are removed; a rule that comes alone, such as one of a
/// script, is added. Rules that stay make room where numbers collide.
///
/// # Errors
/// [`InteropError`] when there is no number for a rule that has to make room, or the database fails.
pub(super) fn take(import: &mut Import<'_>) -> Result<(), InteropError> {
    let connectors = configuration::connectors(import.transaction)?;
    let mut incoming = Vec::new();
    for server in &import.configuration.rules {
        import.report.rules.read += 1;
        match server.is_standard() {
            true => import.report.rules.standard += 1,
            false => import.report.rules.custom += 1,
        }
        match import.targets.get(&server.connector) {
            Some(Target::Connector(id)) => {
                let (mut rule, problems) = to_rule(server, *id);
                if let Some(record) = connectors.iter().find(|record| record.id == *id) {
                    let left_out = trim(&mut rule, &record.schema);
                    let subject = subject(&rule);
                    import.report.changed.extend(left_out.into_iter().map(|text| Remark::of(&subject, text)));
                }
                incoming.push(Incoming { server, rule, problems });
            }
            Some(Target::Kept) | None => {
                let document = ServerDocument { body: server.to_element().render(), stored: String::new() };
                server_documents::save(import.transaction, DocumentKind::ForeignRule, server.id, &document)?;
            }
        }
    }
    compare_with_ours(import, &connectors, &incoming)?;
    place(import, &connectors, &mut incoming)?;
    switch_off(import, &mut incoming)?;
    for Incoming { server, rule, .. } in &incoming {
        let stored = serde_json::to_string(rule).map_err(|error| StoreError::damaged("a synchronization rule", error))?;
        let document = ServerDocument { body: server.to_element().render(), stored };
        server_documents::save(import.transaction, DocumentKind::Rule, rule.guid, &document)?;
    }
    Ok(())
}

fn subject(rule: &SyncRule) -> String {
    format!("rule {}", rule.name)
}

/// Says where standard rules differ from those that this product would make for the same connectors and choices.
fn compare_with_ours(
    import: &mut Import<'_>,
    connectors: &[ConnectorRecord],
    incoming: &[Incoming<'_>],
) -> Result<(), InteropError> {
    let nothing = Schema::default();
    let forests =
        connectors.iter().filter(|record| record.kind != TENANT_KIND).map(|record| (record.id, &record.schema)).collect();
    let tenant = connectors
        .iter()
        .find(|record| record.kind == TENANT_KIND)
        .map_or((ConnectorId(0), &nothing), |record| (record.id, &record.schema));
    let choices = RuleChoices::load(import.transaction)?;
    let ours = default_rules(&choices.options(forests, tenant), &RandomIds)?;
    for Incoming { rule, .. } in incoming {
        let Some(tag) = rule.tag_name() else { continue };
        let same_tag = |other: &&SyncRule| {
            other.connector == rule.connector && other.tag_name().is_some_and(|name| name.eq_ignore_ascii_case(tag))
        };
        let text = match ours.iter().find(same_tag).map(|ours| differences(ours, rule)) {
            Some(found) if found.is_empty() => {
                import.report.rules.as_shipped += 1;
                continue;
            }
            Some(found) => format!("taken as exported; the rule of this product differs in {}", found.join(", ")),
            None => "taken as exported; this product does not make this standard rule here".to_owned(),
        };
        import.report.taken.push(Remark::of(subject(rule), text));
    }
    Ok(())
}

/// Writes the rules, in the places of those that they stand for.
fn place(import: &mut Import<'_>, connectors: &[ConnectorRecord], incoming: &mut [Incoming<'_>]) -> Result<(), InteropError> {
    let transaction = import.transaction;
    let present = configuration::rules(transaction)?;
    let concerned: BTreeSet<ConnectorId> = incoming.iter().map(|incoming| incoming.rule.connector).collect();
    let complete: BTreeSet<ConnectorId> = import
        .configuration
        .connectors
        .iter()
        .filter_map(|server| match import.targets.get(&server.id) {
            Some(Target::Connector(id)) => Some(*id),
            Some(Target::Kept) | None => None,
        })
        .collect();
    let (mut pool, mut others): (Vec<SyncRule>, Vec<SyncRule>) =
        present.into_iter().partition(|rule| concerned.contains(&rule.connector));
    // Out of the way first: no two rules may have one precedence at any time.
    for (number, rule) in (1i64..).zip(pool.iter().chain(&others)) {
        configuration::save_rule(transaction, &SyncRule { precedence: -number, ..rule.clone() })?;
    }
    let name_of =
        |id: ConnectorId| connectors.iter().find(|record| record.id == id).map_or(String::new(), |record| record.name.clone());
    let mut known: Vec<Option<SyncRule>> = Vec::with_capacity(incoming.len());
    for test in [same_guid, same_tag, same_name] {
        known.resize(incoming.len(), None);
        for (place, Incoming { rule, .. }) in known.iter_mut().zip(incoming.iter()).filter(|(place, _)| place.is_none()) {
            *place = pool.iter().position(|other| test(other, rule)).map(|index| pool.remove(index));
        }
    }
    let (pool, stays): (Vec<SyncRule>, Vec<SyncRule>) = pool.into_iter().partition(|rule| complete.contains(&rule.connector));
    others.extend(stays);
    others.sort_by_key(|rule| rule.precedence);
    let mut replaced = Vec::new();
    for rule in &pool {
        configuration::delete_rule(transaction, rule.id)?;
        server_documents::remove(transaction, DocumentKind::Rule, rule.guid)?;
        import.report.rules.removed += 1;
        replaced.push((rule, RuleFate::Removed, Vec::new()));
    }
    let foreign: BTreeSet<_> = others.iter().map(|rule| rule.guid).collect();
    for (known, Incoming { rule, .. }) in known.iter().zip(incoming.iter_mut()) {
        if foreign.contains(&rule.guid) {
            // The same export, mapped onto another connector before.
            rule.guid = known.as_ref().map_or_else(|| import.context.ids.guid(), |known| known.guid);
        }
        let Some(known) = known else {
            import.report.rules.created += 1;
            continue;
        };
        rule.id = known.id;
        if known.guid != rule.guid {
            server_documents::remove(transaction, DocumentKind::Rule, known.guid)?;
        }
        let changes = changes(known, rule);
        if changes.is_empty() {
            import.report.rules.unchanged += 1;
        } else {
            import.report.rules.updated += 1;
            replaced.push((known, RuleFate::Changed, changes));
        }
    }
    import.report.replaced = replaced
        .into_iter()
        .map(|(rule, fate, differences)| ReplacedRule {
            connector: name_of(rule.connector),
            name: rule.name.clone(),
            precedence: rule.precedence,
            fate,
            differences,
        })
        .collect();
    import.report.replaced.sort_by_key(|rule| rule.precedence);
    stand_beside(import, incoming, &mut others, &complete)?;
    for Incoming { rule, .. } in incoming.iter_mut() {
        rule.id = configuration::save_rule(transaction, rule)?;
    }
    let taken = incoming.iter().map(|incoming| incoming.rule.precedence).collect();
    for (rule, number) in make_room(&others, &taken)? {
        if number != rule.precedence {
            let text = format!("its precedence {} is used by the export; it has {number} now", rule.precedence);
            import.report.changed.push(Remark::of(format!("{} of {}", subject(rule), name_of(rule.connector)), text));
        }
        configuration::save_rule(transaction, &SyncRule { precedence: number, ..rule.clone() })?;
    }
    Ok(())
}

/// Puts rules that come alone, such as those of a script, directly before or behind the rule that they name. The numbers
/// of a whole server are taken as they are.
fn stand_beside(
    import: &mut Import<'_>,
    incoming: &mut [Incoming<'_>],
    others: &mut [SyncRule],
    complete: &BTreeSet<ConnectorId>,
) -> Result<(), InteropError> {
    for at in 0..incoming.len() {
        let Some(Incoming { server, rule, .. }) = incoming.get(at) else { continue };
        let (before, after) = (server.precedence_before, server.precedence_after);
        let (wanted, side) = if before.is_nil() { (after, Side::After) } else { (before, Side::Before) };
        if wanted.is_nil() || complete.contains(&rule.connector) {
            continue;
        }
        let rule = rule.clone();
        let all: Vec<SyncRule> = incoming.iter().map(|incoming| &incoming.rule).chain(others.iter()).cloned().collect();
        let remark = |text: String| Remark::of(subject(&rule), text);
        let placed = match all.iter().find(|other| other.guid == wanted && other.guid != rule.guid) {
            Some(beside) => place_rule(&all, &rule, beside, side),
            None => Err(format!("there is no rule {wanted} to stand beside")),
        };
        match placed {
            Err(reason) => import.report.changed.push(remark(format!("{reason}; it has precedence {}", rule.precedence))),
            Ok(placed) => {
                if let Some(incoming) = incoming.get_mut(at) {
                    incoming.rule.precedence = placed.precedence;
                }
                let others = others.iter_mut().chain(incoming.iter_mut().map(|incoming| &mut incoming.rule));
                for other in others {
                    let Some(number) = placed.shifted.get(&other.guid) else { continue };
                    let text = format!(
                        "it has precedence {number} now instead of {}, to make room for \"{}\"",
                        other.precedence, rule.name
                    );
                    import.report.changed.push(Remark::of(subject(other), text));
                    other.precedence = *number;
                }
            }
        }
    }
    Ok(())
}

fn same_guid(present: &SyncRule, incoming: &SyncRule) -> bool {
    present.connector == incoming.connector && present.guid == incoming.guid
}

fn same_tag(present: &SyncRule, incoming: &SyncRule) -> bool {
    let tag = |rule: &SyncRule| rule.tag_name().map(str::to_ascii_lowercase);
    present.connector == incoming.connector && tag(present).is_some() && tag(present) == tag(incoming)
}

fn same_name(present: &SyncRule, incoming: &SyncRule) -> bool {
    present.connector == incoming.connector
        && present.tag.is_none()
        && incoming.tag.is_none()
        && present.direction == incoming.direction
        && present.name == incoming.name
}

/// What an administrator sees change.
fn changes(present: &SyncRule, incoming: &SyncRule) -> Vec<String> {
    let mut found = differences(&SyncRule { enabled: true, ..present.clone() }, &SyncRule { enabled: true, ..incoming.clone() });
    if present.enabled != incoming.enabled {
        found.push(if incoming.enabled { "switched on" } else { "switched off" }.to_owned());
    }
    if present.name != incoming.name {
        found.push(format!("name {}", incoming.name));
    }
    if present.precedence != incoming.precedence {
        found.push(format!("precedence {}", incoming.precedence));
    }
    found
}

/// Numbers for the rules that stay, in their order: their own, or the next one that is free. An
/// administrator's rules stay below the standard ones.
fn make_room<'a>(others: &'a [SyncRule], taken: &BTreeSet<i64>) -> Result<Vec<(&'a SyncRule, i64)>, InteropError> {
    let mut numbered = Vec::with_capacity(others.len());
    let mut next = i64::MIN;
    for rule in others {
        let mut number = rule.precedence.max(next);
        while taken.contains(&number) {
            number += 1;
        }
        if rule.precedence < FIRST_STANDARD_PRECEDENCE && number >= FIRST_STANDARD_PRECEDENCE {
            return Err(InteropError::NoPrecedence(rule.name.clone()));
        }
        numbered.push((rule, number));
        next = number + 1;
    }
    Ok(numbered)
}

/// Switches off the rules that cannot run here, and says why.
fn switch_off(import: &mut Import<'_>, incoming: &mut [Incoming<'_>]) -> Result<(), InteropError> {
    let (_, problems) = load_plan_in(import.transaction)?;
    let mut faults: BTreeMap<RuleId, Vec<String>> = BTreeMap::new();
    for problem in problems {
        faults.entry(problem.id).or_default().push(problem.message);
    }
    for Incoming { rule, problems, .. } in incoming {
        let mut messages = std::mem::take(problems);
        messages.extend(faults.remove(&rule.id).unwrap_or_default());
        if messages.is_empty() || !rule.enabled {
            continue;
        }
        rule.enabled = false;
        configuration::save_rule(import.transaction, rule)?;
        import.report.rules.switched_off += 1;
        let text = format!("it was switched off, because it cannot run here: {}", messages.join("; "));
        import.report.not_taken.push(Remark::of(subject(rule), text));
    }
    Ok(())
}
