//! What an import did, or would do.

use egui::{Grid, RichText, Ui};
use syncline_engine::service::{ImportReport, ImportedConnector, Remark};

use super::super::format::count;
use super::super::widgets::badge::{self, Tone};
use super::super::widgets::facts;

/// Draws a report.
pub fn show(ui: &mut Ui, report: &ImportReport) {
    let rules = &report.rules;
    ui.horizontal_wrapped(|ui| {
        for (number, word, tone) in [
            (rules.created, "made", Tone::Info),
            (rules.updated, "changed", Tone::Info),
            (rules.unchanged, "as before", Tone::Plain),
            (rules.removed, "removed", Tone::Warn),
            (rules.switched_off, "switched off", Tone::Warn),
        ] {
            let tone = if number == 0 { Tone::Plain } else { tone };
            badge::chip(ui, &format!("Rules {word}: {}", count(number)), tone);
        }
    });
    let text = format!(
        "{} rules read: {} standard, of which {} say what this product's own rules say; {} of the administrator.",
        rules.read, rules.standard, rules.as_shipped, rules.custom
    );
    ui.add(egui::Label::new(RichText::new(text).weak()).wrap());
    ui.add_space(6.0);
    for connector in &report.connectors {
        ui.add(egui::Label::new(connector_line(connector)).wrap());
    }
    if !report.replaced.is_empty() {
        ui.add_space(8.0);
        facts::section(ui, "Rules that were here");
        Grid::new("replaced rules").num_columns(4).spacing([16.0, 4.0]).striped(true).show(ui, |ui| {
            for rule in &report.replaced {
                ui.label(rule.precedence.to_string());
                ui.label(&rule.name);
                ui.label(rule.fate.label());
                ui.add(egui::Label::new(RichText::new(rule.differences.join(", ")).weak()).wrap());
                ui.end_row();
            }
        });
    }
    remarks(ui, "Taken", &report.taken);
    remarks(ui, "Taken in another form", &report.changed);
    remarks(ui, "Not taken", &report.not_taken);
    if !report.warnings.is_empty() {
        ui.add_space(8.0);
        facts::section(ui, "Warnings");
        for warning in &report.warnings {
            ui.add(egui::Label::new(warning).wrap());
        }
    }
}

/// Sentences, each after what it is about.
pub fn remarks(ui: &mut Ui, title: &str, remarks: &[Remark]) {
    if remarks.is_empty() {
        return;
    }
    ui.add_space(8.0);
    facts::section(ui, title);
    for remark in remarks {
        ui.add(egui::Label::new(format!("{}: {}", remark.subject, remark.text)).wrap());
    }
}

fn connector_line(connector: &ImportedConnector) -> String {
    let mut needs = Vec::new();
    needs.extend(connector.needs_credential.then_some("a credential"));
    needs.extend(connector.needs_full_import.then_some("a full import"));
    needs.extend(connector.needs_full_synchronization.then_some("a full synchronization"));
    let needs = if needs.is_empty() { String::new() } else { format!(". Needs {}", needs.join(", ")) };
    let target = connector.target.as_ref().filter(|target| **target != connector.name);
    let target = target.map(|target| format!(" onto {target}")).unwrap_or_default();
    format!("{}: {}{target}, {} rules{needs}", connector.name, connector.fate.label(), connector.rules)
}
