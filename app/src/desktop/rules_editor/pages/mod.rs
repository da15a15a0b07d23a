//! The pages of the rule window.

mod description;
mod flow_form;
mod flows;
mod groups;
mod joins;
mod scoping;

use egui::{Response, RichText, Ui};
use syncline_engine::rules::{RuleFault, RulePlace};
use syncline_engine::service::RuleSet;

pub use description::show as description;
pub use flows::FlowPage;
pub use joins::show as joins;
pub use scoping::show as scoping;

use super::draft::RuleDraft;

/// What a page works on.
pub struct Fields<'a> {
    /// The rule.
    pub draft: &'a mut RuleDraft,
    /// All rules, with the schemas.
    pub set: &'a RuleSet,
    /// What is wrong with it.
    pub faults: &'a [RuleFault],
    /// The field that takes the keyboard.
    pub focus: &'a mut Option<RulePlace>,
    /// Nothing but the switch can be changed.
    pub locked: bool,
}

impl Fields<'_> {
    /// Gives the keyboard to a field that somebody wants to go to.
    fn offer(&mut self, response: &Response, here: impl Fn(&RulePlace) -> bool) {
        if self.focus.as_ref().is_some_and(&here) {
            *self.focus = None;
            response.request_focus();
            response.scroll_to_me(Some(egui::Align::Center));
        }
    }
}

/// A caption above a field.
pub(super) fn caption(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).small().weak());
}
