//! Changing rules.

use super::End;
use crate::rules::SyncRule;
use crate::scenario::difference::Difference;
use crate::scenario::model::{Action, RuleName};
use crate::scenario::world::{ScenarioError, Sight, World};
use crate::setup::{RuleEditError, apply_default_rules, delete_rule, save_rule};

pub(super) fn change_rules(world: &mut World, action: &Action) -> End {
    let find = |world: &World, name: &RuleName| -> Result<Result<SyncRule, Difference>, ScenarioError> {
        let sight = Sight::new(world, None)?;
        let known: Vec<String> = sight.rules.iter().map(|rule| rule.precedence.to_string()).collect();
        Ok(sight
            .rule(name)
            .cloned()
            .ok_or_else(|| Difference::of("rules", format!("a rule {name}"), format!("rules {}", known.join(", ")))))
    };
    match action {
        Action::AddRules(rules) => {
            for text in rules {
                let Some(site) = world.sites.get(&text.connector) else { continue };
                let guid = world.environment().ids.guid();
                match text.to_rule(site.id, text.precedence, guid, &|_| true) {
                    Ok(rule) => {
                        if let Some(refused) = store(world, &rule)? {
                            return Ok(Some(refused));
                        }
                    }
                    Err(message) => return Ok(Some(Difference::of("rules", "a rule that can be stored", message))),
                }
            }
            Ok(None)
        }
        Action::DefaultRules => {
            apply_default_rules(&world.database, world.environment().ids.as_ref())?;
            Ok(None)
        }
        Action::ChangeRule { rule, patch } => match find(world, rule)? {
            Err(difference) => Ok(Some(difference)),
            Ok(mut changed) => match patch.apply(&mut changed) {
                Ok(()) => store(world, &changed),
                Err(message) => Ok(Some(Difference::of("rules", "a change that fits the rule", message))),
            },
        },
        Action::SwitchRule { rule, enabled } => match find(world, rule)? {
            Err(difference) => Ok(Some(difference)),
            Ok(rule) => store(world, &SyncRule { enabled: *enabled, ..rule }),
        },
        Action::DeleteRule(rule) => match find(world, rule)? {
            Err(difference) => Ok(Some(difference)),
            Ok(rule) => {
                delete_rule(&world.database, rule.id)?;
                Ok(None)
            }
        },
        _ => Ok(None),
    }
}

/// Stores a rule; one that is refused is a difference.
fn store(world: &World, rule: &SyncRule) -> End {
    match save_rule(&world.database, rule) {
        Ok(_) => Ok(None),
        Err(RuleEditError::Store(error)) => Err(error.into()),
        Err(refused) => Ok(Some(Difference::of("rules", "a rule that can be stored", refused.to_string()))),
    }
}
