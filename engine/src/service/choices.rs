//! The choices that decide which standard rules there are.

use super::engine::{Answer, Engine};
use super::rules::change_view;
use super::{RuleChoiceView, RuleChoicesChange};
use crate::setup::{self, Choice, ChoiceReport, RuleChoices};

impl Engine {
    /// The choices that decide which standard rules there are, with the values that each can have.
    ///
    /// # Errors
    /// [`EngineError`](super::EngineError) when the database cannot be read.
    pub fn rule_choices(&self) -> Answer<Vec<RuleChoiceView>> {
        let choices = self.query(|reader, _| Ok(RuleChoices::load(reader)?))?;
        Choice::ALL.into_iter().map(|choice| view(choice, &choices, &choices)).collect()
    }

    /// Says what other choices, by name and value, would change; stores nothing.
    ///
    /// # Errors
    /// [`EngineError::Choice`](super::EngineError::Choice) names the choice, the value and what fits.
    pub fn judge_rule_choices(&self, values: &[(String, String)]) -> Answer<RuleChoicesChange> {
        let report = setup::change_choices(self.database(), self.ids(), values, None, true)?;
        self.choices_view(&report, false)
    }

    /// Makes choices, by name and value, and composes the standard rules anew. An administrator's own rules stay as
    /// they are. `as_of` is the version of the configuration that the change is made from; `None` does not ask.
    ///
    /// # Errors
    /// As [`Engine::judge_rule_choices`], and when something runs or the configuration was changed meanwhile.
    pub fn change_rule_choices(&self, values: &[(String, String)], as_of: Option<u64>) -> Answer<RuleChoicesChange> {
        self.check_idle()?;
        let report = self.recording_rules(|| Ok(setup::change_choices(self.database(), self.ids(), values, as_of, false)?))?;
        self.tell_configuration_changed();
        self.choices_view(&report, true)
    }

    fn choices_view(&self, report: &ChoiceReport, stored: bool) -> Answer<RuleChoicesChange> {
        let changed = Choice::ALL.into_iter().filter(|choice| choice.value(&report.before) != choice.value(&report.after));
        let choices = changed.map(|choice| view(choice, &report.before, &report.after)).collect::<Answer<_>>()?;
        self.query(|_, context| {
            Ok(RuleChoicesChange { choices, rules: change_view(context, &report.rules, stored), notes: report.notes.clone() })
        })
    }
}

fn view(choice: Choice, before: &RuleChoices, after: &RuleChoices) -> Answer<RuleChoiceView> {
    Ok(RuleChoiceView {
        name: choice.name().to_owned(),
        value: choice.value(after),
        before: choice.value(before),
        default: choice.value(&RuleChoices::default()),
        allowed: choice.allowed()?,
        meaning: choice.meaning().to_owned(),
    })
}
