//! The page Scoping filter.

use egui::{RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::rules::{RulePlace, ScopeOperator, scope_text};

use super::super::super::theme::Palette;
use super::super::choice::{Item, choose};
use super::super::faults;
use super::{Fields, groups};

/// Draws the page.
pub fn show(ui: &mut Ui, fields: &mut Fields<'_>) {
    sentence(ui, fields);
    ui.add_space(6.0);
    ScrollArea::vertical().id_salt("scoping").auto_shrink(false).show(ui, |ui| {
        ui.add_enabled_ui(!fields.locked, |ui| {
            let mut gone = None;
            groups::cards(ui, &groups::keys(&fields.draft.scope), "OR", |ui, number| {
                if group(ui, fields, number) {
                    gone = Some(number);
                }
            });
            if let Some(number) = gone {
                fields.draft.scope.remove(number);
            }
            ui.add_space(4.0);
            if ui.button("Add Group").on_hover_text("Objects that meet all clauses of one group are in scope.").clicked() {
                fields.draft.add_clause(None);
            }
        });
    });
}

/// The filter as one sentence.
fn sentence(ui: &mut Ui, fields: &Fields<'_>) {
    let palette = Palette::of(ui.style());
    let scope = fields.draft.rule().scope;
    if scope.is_empty() {
        let kind = match fields.draft.head.direction {
            syncline_engine::rules::Direction::Inbound => &fields.draft.head.connector_object_type,
            syncline_engine::rules::Direction::Outbound => &fields.draft.head.metaverse_object_type,
        };
        ui.label(RichText::new(format!("No filter: the rule applies to all objects of type {kind}.")).weak());
    } else {
        let text = RichText::new(scope_text(&scope)).monospace().color(palette.text_strong);
        ui.add(egui::Label::new(text).wrap());
    }
}

/// One group; true when it shall go.
fn group(ui: &mut Ui, fields: &mut Fields<'_>, number: usize) -> bool {
    let mut gone = false;
    groups::head(ui, number, |ui| gone = ui.button("Remove Group").clicked());
    let clauses = fields.draft.scope.get(number).map(|group| groups::keys(&group.value)).unwrap_or_default();
    let whole = RulePlace::Scope { group: number, clause: None };
    let edited = groups::clauses(ui, &clauses, fields.faults, &whole, |ui, place| clause(ui, fields, number, place));
    if edited.added {
        fields.draft.add_clause(Some(number));
    }
    if let (Some(place), Some(group)) = (edited.removed, fields.draft.scope.get_mut(number)) {
        group.value.remove(place);
        gone |= group.value.is_empty();
    }
    gone
}

/// One clause; true when it shall go.
fn clause(ui: &mut Ui, fields: &mut Fields<'_>, group: usize, place: usize) -> bool {
    let suffix = format!("{}.{}", group + 1, place + 1);
    let here = |at: &RulePlace| *at == RulePlace::Scope { group, clause: Some(place) };
    let sources = fields.draft.rule();
    let set = fields.set;
    let mut gone = false;
    let mut response = None;
    let Some(clause) = fields.draft.scope.get_mut(group).and_then(|group| group.value.get_mut(place)) else { return false };
    let clause = &mut clause.value;
    ui.horizontal(|ui| {
        let room = ui.available_width() - 34.0;
        let (attribute_width, operator_width) = ((room * 0.36).min(300.0), (room * 0.28).min(220.0));
        let items = || {
            let names = set.names(&sources);
            names.map(|names| names.sources().iter().map(Item::attribute).collect()).unwrap_or_default()
        };
        let asks_membership = clause.operator.asks_membership();
        ui.add_enabled_ui(!asks_membership, |ui| {
            let shown = if asks_membership { "the object itself" } else { &clause.attribute };
            let (field, chosen) = choose(ui, &format!("Attribute {suffix}"), shown, attribute_width, items);
            response = Some(field);
            if let Some(name) = chosen {
                clause.attribute = name;
            }
        });
        let operators = || ScopeOperator::all().map(|operator| Item::plain(operator.word())).collect();
        let operator = choose(ui, &format!("Operator {suffix}"), clause.operator.word(), operator_width, operators).1;
        if let Some(operator) = operator.and_then(|word| word.parse::<ScopeOperator>().ok()) {
            clause.operator = operator;
        }
        let hint = if clause.operator.asks_membership() { "DN of the group" } else { "" };
        let width = (room - attribute_width - operator_width - 50.0).max(80.0);
        let takes_value = !clause.operator.is_unary();
        let mut none = String::new();
        let text = if takes_value { &mut clause.value } else { &mut none };
        let field = TextEdit::singleline(text).desired_width(width).hint_text(hint).id_salt("value");
        ui.add_enabled(takes_value, field).accessible_name(format!("Value {suffix}"));
        gone =
            ui.button("\u{d7}").accessible_name(format!("Remove clause {suffix}")).on_hover_text("Remove the clause").clicked();
    });
    if let Some(response) = response {
        fields.offer(&response, here);
    }
    faults::below(ui, fields.faults, here);
    gone
}
