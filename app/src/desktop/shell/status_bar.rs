//! The status bar.

use egui::{RichText, Role, Ui};
use syncline_engine::service::{EngineStatus, RunProgress};

use super::super::format::{count, size};
use super::super::theme::Palette;

fn field(ui: &mut Ui, text: &str, tooltip: &str) {
    let palette = Palette::of(ui.style());
    let label = ui.add(egui::Label::new(RichText::new(text).small().color(palette.text_weak)).selectable(false).truncate());
    label.ctx.accesskit_node_builder(label.id, |node| {
        node.set_role(Role::Status);
        node.set_label(text);
    });
    if !tooltip.is_empty() {
        label.on_hover_text(tooltip);
    }
    ui.add_space(6.0);
}

/// Draws the bar.
pub fn show<'a>(
    ui: &mut Ui,
    status: Option<&EngineStatus>,
    running: impl Iterator<Item = &'a RunProgress>,
    cycle: bool,
    connectors_busy: usize,
) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        field(
            ui,
            "Scheduler: off",
            "Cycles run when you start them; running them by themselves is not part of this version yet.",
        );
        ui.separator();
        let progress: Vec<&RunProgress> = running.collect();
        let runs = match (progress.as_slice(), connectors_busy) {
            ([], 0) if cycle => "Runs: cycle in progress".to_owned(),
            ([], 0) => "Runs: idle".to_owned(),
            ([one], _) => format!("Runs: {} - {} ({})", one.connector, one.profile, count(one.done)),
            (many, busy) => format!("Runs: {} in progress", many.len().max(busy)),
        };
        field(ui, &runs, "");
        let Some(status) = status else { return };
        ui.separator();
        field(
            ui,
            if status.staging_mode { "Staging: on" } else { "Staging: off" },
            "In staging mode nothing is exported by a cycle.",
        );
        ui.separator();
        let objects: Vec<String> = status
            .metaverse_objects
            .iter()
            .filter(|(_, number)| **number > 0)
            .map(|(kind, number)| format!("{} {kind}", count(*number)))
            .collect();
        let objects = if objects.is_empty() { "Objects: none".to_owned() } else { format!("Objects: {}", objects.join(", ")) };
        field(ui, &objects, "Objects in the metaverse");
        ui.separator();
        let folder = format!("Data: {}", status.data_folder);
        field(ui, &folder, &format!("{}, database {}", status.data_folder, size(status.database_bytes)));
    });
}
