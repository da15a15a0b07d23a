//! Properties, Global Parameters, Configure Anchors and Configure Deprovisioning.

use egui::{Grid, RichText, ScrollArea, TextEdit, Ui};
use syncline_engine::service::{ConnectorKind, Deprovisioning};
use syncline_engine::setup::ConnectorPlace;

use super::super::super::super::context::Cx;
use super::super::super::super::format::count;
use super::super::super::super::theme::Palette;
use super::super::super::super::widgets::fields::{note, row, value};
use super::super::draft::LimitKind;
use super::{Fields, hint};

/// Width of fields.
const FIELD: f32 = 420.0;

/// The page Properties.
pub fn show(ui: &mut Ui, cx: &mut Cx<'_>, fields: &mut Fields<'_>) {
    let width = FIELD.min(ui.available_width() - 180.0);
    row(ui, "Name", |ui| {
        let field = TextEdit::singleline(&mut fields.draft.name).desired_width(width).id_salt("connector name");
        ui.add(field).accessible_name("Name");
        fields.told(ui, |place| *place == ConnectorPlace::Name);
    });
    row(ui, "Description", |ui| {
        let field = TextEdit::multiline(&mut fields.draft.description).desired_width(width).desired_rows(3);
        ui.add(field.id_salt("connector description")).accessible_name("Description");
    });
    let stored = fields.stored;
    row(ui, "Type", |ui| {
        value(ui, stored.kind.label());
    });
    row(ui, "ID", |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(stored.guid.to_string()).monospace());
            if ui.button("Copy ID").clicked() {
                cx.send(super::super::super::super::command::Command::Copy(stored.guid.to_string()));
            }
        });
    });
    row(ui, "Created", |ui| {
        value(ui, cx.format.time(stored.created)).on_hover_text(cx.format.time_tooltip(stored.created));
    });
}

/// The page Global Parameters.
pub fn protection(ui: &mut Ui, fields: &mut Fields<'_>) {
    note(ui, "An export that would delete more objects than this sends nothing until the deletions are approved.");
    ui.add_space(6.0);
    row(ui, "Deletion threshold", |ui| {
        let draft = &mut *fields.draft;
        for (kind, text) in [
            (LimitKind::Count, "A number of objects"),
            (LimitKind::Percent, "A share of the connected objects, in percent"),
            (LimitKind::Off, "None: every export may delete as much as is staged"),
        ] {
            ui.radio_value(&mut draft.limit, kind, text);
        }
        if draft.limit == LimitKind::Off {
            let colour = Palette::of(ui.style()).bad;
            ui.label(
                RichText::new("Without a threshold one mistake in a filter can delete everything in the tenant.").color(colour),
            );
        } else {
            let field = TextEdit::singleline(&mut draft.limit_number).desired_width(110.0).id_salt("threshold");
            ui.add(field).accessible_name("Deletion threshold");
        }
        fields.told(ui, |place| *place == ConnectorPlace::Protection);
    });
}

/// The page Configure Anchors.
pub fn anchors(ui: &mut Ui, fields: &Fields<'_>) {
    let told = if fields.stored.kind == ConnectorKind::Tenant {
        "The attribute that identifies an object whatever its name. The tenant gives it; it cannot be chosen."
    } else {
        "The attribute that identifies an object whatever its name. It was chosen when the connector was made, and stays."
    };
    note(ui, told);
    ui.add_space(6.0);
    let types = fields.stored.object_types.iter().zip(&fields.draft.object_types).filter(|(_, selected)| **selected);
    ScrollArea::vertical().id_salt("anchors").auto_shrink(false).show(ui, |ui| {
        Grid::new("anchors").num_columns(2).spacing([28.0, 6.0]).striped(true).show(ui, |ui| {
            ui.label(RichText::new("Object type").small().weak());
            ui.label(RichText::new("Anchor attribute").small().weak());
            ui.end_row();
            for (choice, _) in types {
                ui.label(&choice.name);
                ui.label(RichText::new(&fields.stored.anchor).monospace());
                ui.end_row();
            }
        });
    });
}

/// The page Configure Deprovisioning.
pub fn deprovisioning(ui: &mut Ui, cx: &Cx<'_>, fields: &mut Fields<'_>) {
    note(
        ui,
        "What becomes of an object that rules put into this directory, once its rule left scope or its metaverse object is gone. It holds from now on: what is staged stays staged.",
    );
    ui.add_space(6.0);
    for (action, text) in [
        (Deprovisioning::DeleteObject, "Stage a delete on the object for the next export run"),
        (Deprovisioning::MakeNormalDisconnector, "Make them disconnectors"),
        (Deprovisioning::MakeExplicitDisconnector, "Make them explicit disconnectors"),
    ] {
        ui.radio_value(&mut fields.draft.deprovisioning, action, text);
        ui.horizontal(|ui| {
            ui.add_space(22.0);
            hint(ui, action.meaning());
        });
    }
    if fields.stored.kind == ConnectorKind::File {
        ui.add_space(6.0);
        note(ui, "Nothing is exported to a file, so nothing is deleted there in any case.");
    }
    if let Some(connector) = cx.connector(fields.stored.id)
        && connector.pending_export > 0
    {
        ui.add_space(6.0);
        note(ui, &format!("{} objects wait for export now.", count(connector.pending_export)));
    }
}
