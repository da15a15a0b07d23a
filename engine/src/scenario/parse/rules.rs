//! Rules, written as TOML below their line.

use super::Parser;
use crate::rules::{RulePatch, RuleText, RuleTextError, rules_from_toml};
use crate::scenario::model::Action;
use crate::scenario::text::{Block, Line, Place, ScenarioFault, Words};

impl Parser {
    /// `rules`, with `[[rule]]` tables below.
    pub(super) fn add_rules(&mut self, line: &Line) -> Result<Action, ScenarioFault> {
        let block = content(line)?;
        let rules = rules_from_toml(&block.text).map_err(|error| located(line, block, &error))?;
        for rule in &rules {
            let place = place_of(line, block, rule);
            self.directory(&place, &rule.connector)?;
            if rule.beside().is_some() {
                return Err(place.fault(format!(
                    "rule \"{}\": a scenario names rules by their number; write precedence = number",
                    rule.name
                )));
            }
            let checked = rule.to_rule(crate::model::ConnectorId(0), rule.precedence(), uuid::Uuid::nil(), &|_| true);
            checked.map_err(|message| place.fault(format!("rule \"{}\": {message}", rule.name)))?;
        }
        Ok(Action::AddRules(rules))
    }

    /// `change rule 20`, with what changes below.
    pub(super) fn change_rule(&mut self, line: &Line, words: &mut Words<'_>) -> Result<Action, ScenarioFault> {
        let rule = self.rule(words)?;
        words.end("change rule 20")?;
        let block = content(line)?;
        let patch = RulePatch::from_toml(&block.text).map_err(|error| located(line, block, &error))?;
        Ok(Action::ChangeRule { rule, patch: Box::new(patch) })
    }
}

fn content(line: &Line) -> Result<&Block, ScenarioFault> {
    line.block
        .as_ref()
        .filter(|block| !block.text.trim().is_empty())
        .ok_or_else(|| line.place.fault("the rules are missing; write them below, indented by two spaces, as in assets/rules"))
}

/// A fault of the block, on the line of the file where it is.
fn located(line: &Line, block: &Block, error: &RuleTextError) -> ScenarioFault {
    let before = error.offset.and_then(|offset| block.text.get(..offset)).unwrap_or_default();
    let lines = u32::try_from(before.matches('\n').count()).unwrap_or(0);
    let place = Place { file: line.place.file.clone(), line: block.first + lines };
    place.fault(format!("{}; rules are written as in assets/rules", error.message.trim()))
}

/// The line on which a rule says its name.
fn place_of(line: &Line, block: &Block, rule: &RuleText) -> Place {
    let found = block.text.lines().position(|text| text.trim_start().starts_with("name") && text.contains(&rule.name));
    let lines = u32::try_from(found.unwrap_or(0)).unwrap_or(0);
    Place { file: line.place.file.clone(), line: block.first + lines }
}
