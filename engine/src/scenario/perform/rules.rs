//! Changing rules.

use super::End;
use crate::rules::{RulePatch, RuleText, SyncRule};
use crate::scenario::difference::Difference;
use crate::scenario::model::RuleName;
use crate::scenario::world::{Sight, World};
use crate::setup::{Accept, RuleChangeError, RuleChanges, apply_default_rules, store_rules};

/// Adds rules as they are written in the file.
pub(super) fn add(world: &World, rules: &[RuleText]) -> End {
    for text in rules {
        let Some(site) = world.sites.get(&text.connector) else { continue };
        let refused = match text.to_rule(site.id, text.precedence(), world.environment().ids.guid(), &|_| true) {
            Ok(rule) => store(world, &rule)?,
            Err(message) => Some(Difference::of("rules", "a rule that can be stored", message)),
        };
        if refused.is_some() {
            return Ok(refused);
        }
    }
    Ok(None)
}

/// Takes the default rules for the connectors that are there.
pub(super) fn take_default(world: &World) -> End {
    apply_default_rules(&world.database, world.environment().ids.as_ref())?;
    Ok(None)
}

/// Changes what a patch names.
pub(super) fn change(world: &World, name: &RuleName, patch: &RulePatch) -> End {
    with_rule(world, name, |mut rule| match patch.apply(&mut rule) {
        Ok(()) => store(world, &rule),
        Err(message) => Ok(Some(Difference::of("rules", "a change that fits the rule", message))),
    })
}

/// Enables or disables a rule.
pub(super) fn switch(world: &World, name: &RuleName, enabled: bool) -> End {
    with_rule(world, name, |rule| store(world, &SyncRule { enabled, ..rule }))
}

/// Removes a rule.
pub(super) fn delete(world: &World, name: &RuleName) -> End {
    with_rule(world, name, |rule| change_rules(world, RuleChanges { remove: vec![rule.id], ..RuleChanges::default() }))
}

/// Does something with a rule; that there is none of this name is a difference.
fn with_rule(world: &World, name: &RuleName, work: impl FnOnce(SyncRule) -> End) -> End {
    let sight = Sight::new(world, None)?;
    match sight.rule(name) {
        Some(rule) => work(rule.clone()),
        None => {
            let known: Vec<String> = sight.rules.iter().map(|rule| rule.precedence.to_string()).collect();
            Ok(Some(Difference::of("rules", format!("a rule {name}"), format!("rules {}", known.join(", ")))))
        }
    }
}

/// Stores a rule; one that is refused is a difference.
fn store(world: &World, rule: &SyncRule) -> End {
    change_rules(world, RuleChanges { save: vec![rule.clone()], ..RuleChanges::default() })
}

fn change_rules(world: &World, changes: RuleChanges) -> End {
    match store_rules(&world.database, &RuleChanges { accept: Accept::Storable, ..changes }) {
        Ok(_) => Ok(None),
        Err(RuleChangeError::Store(error)) => Err(error.into()),
        Err(refused) => Ok(Some(Difference::of("rules", "a rule that can be stored", refused.to_string()))),
    }
}
