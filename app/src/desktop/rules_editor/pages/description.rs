//! The page Description.

use egui::{RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::model::ConnectorId;
use syncline_engine::rules::{LinkType, RulePlace};

use super::super::super::context::Cx;
use super::super::choice::{Item, choose};
use super::super::faults;
use super::Fields;

/// Width of the captions.
const CAPTION: f32 = 210.0;
/// Width of the fields.
const FIELD: f32 = 420.0;

/// Draws the page.
pub fn show(ui: &mut Ui, cx: &Cx<'_>, fields: &mut Fields<'_>) {
    ScrollArea::vertical().id_salt("description").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 7.0;
        let width = FIELD.min(ui.available_width() - CAPTION - 24.0);
        ui.add_enabled_ui(!fields.locked, |ui| {
            name(ui, fields, width);
            types(ui, cx, fields, width);
            link_and_precedence(ui, fields, width);
            row(ui, "Tag", |ui| {
                let tag = fields.draft.head.tag.clone();
                ui.label(tag.as_deref().map_or_else(|| RichText::new("none: a rule of your own").weak(), RichText::new));
            });
            row(ui, "", |ui| {
                ui.checkbox(&mut fields.draft.head.password_sync, "Enable Password Sync");
            });
        });
        row(ui, "", |ui| {
            let mut disabled = !fields.draft.head.enabled;
            let response = ui.checkbox(&mut disabled, "Disabled");
            fields.draft.head.enabled = !disabled;
            fields.offer(&response, |place| *place == RulePlace::Rule);
        });
        row(ui, "", |ui| {
            ui.vertical(|ui| faults::below(ui, fields.faults, |place| *place == RulePlace::Rule));
        });
    });
}

/// A caption and its field.
fn row(ui: &mut Ui, caption: &str, field: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let size = egui::vec2(CAPTION, ui.spacing().interact_size.y);
        ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_min_size(size);
            ui.label(caption);
        });
        field(ui);
    });
}

fn name(ui: &mut Ui, fields: &mut Fields<'_>, width: f32) {
    row(ui, "Name", |ui| {
        ui.vertical(|ui| {
            let field = TextEdit::singleline(&mut fields.draft.head.name).desired_width(width).id_salt("rule name");
            let field = ui.add(field).accessible_name("Name");
            fields.offer(&field, |place| *place == RulePlace::Name);
            faults::below(ui, fields.faults, |place| *place == RulePlace::Name);
        });
    });
    row(ui, "Description", |ui| {
        let field = TextEdit::multiline(&mut fields.draft.head.description).desired_width(width).desired_rows(2);
        ui.add(field.id_salt("rule description")).accessible_name("Description of the rule");
    });
}

fn types(ui: &mut Ui, cx: &Cx<'_>, fields: &mut Fields<'_>, width: f32) {
    let set = fields.set;
    row(ui, "Connected System", |ui| {
        ui.vertical(|ui| {
            let present = set.connector_name(fields.draft.head.connector);
            let about = |id: ConnectorId| cx.connector(id).map(|connector| connector.kind.label().to_owned()).unwrap_or_default();
            let items = || {
                let item = |known: &syncline_engine::rules::PlanInput| Item { text: known.name.clone(), about: about(known.id) };
                set.connectors.iter().map(item).collect()
            };
            let (response, chosen) = choose(ui, "Connected System", &present, width, items);
            fields.offer(&response, |place| *place == RulePlace::Connector);
            if let Some(known) = chosen.and_then(|name| set.connectors.iter().find(|known| known.name == name)) {
                fields.draft.head.connector = known.id;
            }
            faults::below(ui, fields.faults, |place| *place == RulePlace::Connector);
        });
    });
    row(ui, "Connected System Object Type", |ui| {
        ui.vertical(|ui| {
            let present = fields.draft.head.connector_object_type.clone();
            let connector = set.connector(fields.draft.head.connector);
            let items = || connector.map(|known| known.schema.types().map(Item::plain).collect()).unwrap_or_default();
            let (response, chosen) = choose(ui, "Connected System Object Type", &present, width, items);
            fields.offer(&response, |place| *place == RulePlace::ConnectorObjectType);
            fields.draft.head.connector_object_type = chosen.unwrap_or(present);
            faults::below(ui, fields.faults, |place| *place == RulePlace::ConnectorObjectType);
        });
    });
    row(ui, "Metaverse Object Type", |ui| {
        ui.vertical(|ui| {
            let present = fields.draft.head.metaverse_object_type.clone();
            let items = || set.metaverse.types().map(Item::plain).collect();
            let (response, chosen) = choose(ui, "Metaverse Object Type", &present, width, items);
            fields.offer(&response, |place| *place == RulePlace::MetaverseObjectType);
            fields.draft.head.metaverse_object_type = chosen.unwrap_or(present);
            faults::below(ui, fields.faults, |place| *place == RulePlace::MetaverseObjectType);
        });
    });
}

/// What a link type does, in a few words.
fn about(link: LinkType) -> &'static str {
    match link {
        LinkType::Provision => "makes the object when nothing matches",
        LinkType::Join => "leaves an object alone when nothing matches",
        LinkType::StickyJoin => "as Join; once joined it keeps the identity alive",
        LinkType::JoinNoFlow => "as Join; no attribute flows",
    }
}

fn link_and_precedence(ui: &mut Ui, fields: &mut Fields<'_>, width: f32) {
    row(ui, "Link Type", |ui| {
        ui.vertical(|ui| {
            let present = fields.draft.head.link;
            let offered = || LinkType::ALL.into_iter().filter(|link| *link != LinkType::JoinNoFlow || present == *link);
            let item = |link: LinkType| Item { text: link.label().to_owned(), about: about(link).to_owned() };
            let (response, chosen) = choose(ui, "Link Type", present.label(), width, || offered().map(item).collect());
            fields.offer(&response, |place| *place == RulePlace::LinkType);
            if let Some(link) = chosen.and_then(|word| LinkType::ALL.into_iter().find(|link| link.label() == word)) {
                fields.draft.head.link = link;
            }
            faults::below(ui, fields.faults, |place| *place == RulePlace::LinkType);
        });
    });
    row(ui, "Precedence", |ui| {
        ui.vertical(|ui| {
            let field = TextEdit::singleline(&mut fields.draft.precedence).desired_width(90.0).id_salt("precedence");
            let field = ui.add(field).accessible_name("Precedence");
            fields.offer(&field, |place| *place == RulePlace::Precedence);
            let free = || fields.set.free_precedence().map_or_else(String::new, |free| format!("; {free} is free"));
            match taken_by(fields) {
                Some(text) => {
                    let palette = super::super::super::theme::Palette::of(ui.style());
                    ui.label(RichText::new(text).color(palette.bad));
                    ui.label(RichText::new(format!("Rules of your own have 0 to 99{}.", free())).small().weak());
                }
                None => faults::below(ui, fields.faults, |place| *place == RulePlace::Precedence),
            }
        });
    });
}

/// The exact sentence for a number that another rule has.
fn taken_by(fields: &Fields<'_>) -> Option<String> {
    let number = fields.draft.number()?;
    let other = fields.set.rules.iter().find(|rule| rule.precedence == number && rule.guid != fields.draft.head.guid)?;
    Some(format!("Precedence {number} is used by \"{}\"", other.name))
}
