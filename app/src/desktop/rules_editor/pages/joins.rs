//! The page Join rules.

use egui::{RichText, ScrollArea, Ui};
use syncline_engine::rules::RulePlace;

use super::super::choice::{Item, choose};
use super::super::faults;
use super::{Fields, groups};

/// What shall happen to a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Remove,
    Up,
    Down,
}

/// Draws the page.
pub fn show(ui: &mut Ui, fields: &mut Fields<'_>) {
    let text = if fields.draft.join.is_empty() {
        "No join rules: the rule does not look for an object that is there already."
    } else {
        "Groups are tried from top to bottom; the first that finds exactly one object decides."
    };
    ui.add(egui::Label::new(RichText::new(text).weak()).wrap());
    ui.add_space(6.0);
    ScrollArea::vertical().id_salt("joins").auto_shrink(false).show(ui, |ui| {
        ui.add_enabled_ui(!fields.locked, |ui| {
            let mut wish = None;
            groups::cards(ui, &groups::keys(&fields.draft.join), "otherwise", |ui, number| {
                if let Some(wanted) = group(ui, fields, number) {
                    wish = Some((number, wanted));
                }
            });
            let join = &mut fields.draft.join;
            match wish {
                Some((number, Wish::Remove)) => {
                    join.remove(number);
                }
                Some((number, Wish::Up)) if number > 0 => join.swap(number, number - 1),
                Some((number, Wish::Down)) if number + 1 < join.len() => join.swap(number, number + 1),
                _ => {}
            }
            ui.add_space(4.0);
            if ui.button("Add Group").on_hover_text("Another way to recognize an object, tried after the others.").clicked() {
                fields.draft.add_condition(None);
            }
        });
    });
}

/// One group; what shall happen to it.
fn group(ui: &mut Ui, fields: &mut Fields<'_>, number: usize) -> Option<Wish> {
    let mut wish = None;
    let last = fields.draft.join.len().saturating_sub(1);
    groups::head(ui, number, |ui| {
        if ui.button("Remove Group").clicked() {
            wish = Some(Wish::Remove);
        }
        for (wanted, text, possible) in [(Wish::Down, "Move Down", number < last), (Wish::Up, "Move Up", number > 0)] {
            if ui.add_enabled(possible, egui::Button::new(text)).clicked() {
                wish = Some(wanted);
            }
        }
    });
    let conditions = fields.draft.join.get(number).map(|group| groups::keys(&group.value)).unwrap_or_default();
    let whole = RulePlace::Join { group: number, condition: None };
    let edited = groups::clauses(ui, &conditions, fields.faults, &whole, |ui, place| condition(ui, fields, number, place));
    if edited.added {
        fields.draft.add_condition(Some(number));
    }
    if let (Some(place), Some(group)) = (edited.removed, fields.draft.join.get_mut(number)) {
        group.value.remove(place);
        if group.value.is_empty() {
            wish = Some(Wish::Remove);
        }
    }
    wish
}

/// One condition; true when it shall go. The source is on the connector for an inbound rule, in the metaverse for an
/// outbound one.
fn condition(ui: &mut Ui, fields: &mut Fields<'_>, group: usize, place: usize) -> bool {
    let suffix = format!("{}.{}", group + 1, place + 1);
    let here = |at: &RulePlace| *at == RulePlace::Join { group, condition: Some(place) };
    let rule = fields.draft.rule();
    let set = fields.set;
    let inbound = rule.direction == syncline_engine::rules::Direction::Inbound;
    let mut gone = false;
    let mut response = None;
    let Some(condition) = fields.draft.join.get_mut(group).and_then(|group| group.value.get_mut(place)) else { return false };
    let condition = &mut condition.value;
    ui.horizontal(|ui| {
        let room = ui.available_width() - 34.0;
        let width = ((room - 170.0) / 2.0).clamp(110.0, 320.0);
        let of = |connector: bool| {
            let (on_connector, in_metaverse) = set.join_attributes(&rule);
            let attributes = if connector { on_connector } else { in_metaverse };
            attributes.iter().map(Item::attribute).collect::<Vec<_>>()
        };
        for (name, connector) in [("Source Attribute", inbound), ("Target Attribute", !inbound)] {
            let attribute = if connector { &mut condition.connector_attribute } else { &mut condition.metaverse_attribute };
            let (field, chosen) = choose(ui, &format!("{name} {suffix}"), attribute, width, || of(connector));
            response.get_or_insert(field);
            if let Some(chosen) = chosen {
                *attribute = chosen;
            }
            if name == "Source Attribute" {
                ui.label("=");
            }
        }
        ui.checkbox(&mut condition.case_sensitive, "Case Sensitive");
        gone =
            ui.button("\u{d7}").accessible_name(format!("Remove clause {suffix}")).on_hover_text("Remove the clause").clicked();
    });
    if let Some(response) = response {
        fields.offer(&response, here);
    }
    faults::below(ui, fields.faults, here);
    gone
}
