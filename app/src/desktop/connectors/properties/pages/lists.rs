//! Select Object Types and Select Attributes: long lists of check boxes with a filter.

use std::collections::BTreeSet;

use egui::containers::menu::MenuButton;
use egui::{Button, Checkbox, Label, RichText, ScrollArea, TextEdit, Ui, vec2};
use syncline_engine::model::fold_text;
use syncline_engine::service::RuleRefView;

use super::super::super::super::command::Command;
use super::super::super::super::context::Cx;
use super::super::super::super::format::{count, plural};
use super::super::super::super::theme::{Palette, ROW_HEIGHT};
use super::super::super::super::widgets::badge::{self, Tone};
use super::super::super::super::widgets::ends::ends;
use super::super::super::super::widgets::fields::note;

/// Width of the columns beside the name.
const TYPE: f32 = 84.0;
const SEVERAL: f32 = 100.0;
const RULES: f32 = 120.0;

/// Something to tick.
pub struct Checked<'a> {
    /// Name.
    pub name: &'a str,
    /// It cannot be unticked.
    pub needed: bool,
    /// Enabled rules that use it.
    pub rules: &'a [RuleRefView],
    /// Type and number of values, of an attribute.
    pub kind: Option<(&'static str, bool)>,
}

/// State of a list.
#[derive(Default)]
pub struct CheckList {
    filter: String,
    show_all: bool,
    /// What is shown, and what it was made from.
    shown: Vec<usize>,
    made_from: Option<(String, bool, usize)>,
    /// Shown without being ticked, until the filter changes: what was unticked just now.
    kept: BTreeSet<usize>,
    refused: Option<String>,
}

impl CheckList {
    fn arrange(&mut self, items: &[Checked<'_>], ticked: &[bool]) {
        let wanted = (self.filter.clone(), self.show_all, items.len());
        if self.made_from.as_ref() == Some(&wanted) {
            return;
        }
        let filter = fold_text(self.filter.trim());
        self.shown = items
            .iter()
            .enumerate()
            .filter(|(place, item)| {
                let chosen = ticked.get(*place).copied().unwrap_or(false) || self.kept.contains(place);
                (self.show_all || chosen) && (filter.is_empty() || fold_text(item.name).contains(&filter))
            })
            .map(|(place, _)| place)
            .collect();
        self.made_from = Some(wanted);
    }

    /// Draws the list; `blocks` keeps what rules use from being unticked.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, what: &str, items: &[Checked<'_>], ticked: &mut [bool], blocks: bool) {
        let chosen = ticked.iter().filter(|ticked| **ticked).count() as u64;
        let left = |ui: &mut Ui| {
            let field = TextEdit::singleline(&mut self.filter).hint_text("Filter").desired_width(220.0).id_salt("filter");
            ui.add(field).accessible_name(format!("Filter {what}s"));
            let all = self.show_all;
            ui.checkbox(&mut self.show_all, "Show All");
            if all != self.show_all {
                self.kept.clear();
            }
        };
        ends(ui, 430.0, left, |ui| {
            ui.label(RichText::new(format!("{} of {} selected", count(chosen), count(items.len() as u64))).weak());
        });
        self.arrange(items, ticked);
        if let Some(refused) = &self.refused
            && badge::strip(ui, Tone::Bad, refused, |ui| ui.button("Dismiss").clicked())
        {
            self.refused = None;
        }
        let attributes = items.iter().any(|item| item.kind.is_some());
        ui.scope(|ui| heading(ui, what, attributes));
        if self.shown.is_empty() {
            note(
                ui,
                if self.show_all {
                    "Nothing has this in its name."
                } else {
                    "Nothing selected has this in its name. Show All lists the rest."
                },
            );
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = ScrollArea::vertical().id_salt(what).auto_shrink(false);
        area.show_rows(ui, ROW_HEIGHT, self.shown.len(), |ui, rows| {
            for row in rows {
                let Some(place) = self.shown.get(row).copied() else { continue };
                let (Some(item), Some(ticked)) = (items.get(place), ticked.get_mut(place)) else { continue };
                ui.push_id(item.name, |ui| {
                    if line(ui, cx, item, ticked, attributes) {
                        self.kept.insert(place);
                        self.refused = None;
                        if blocks && !*ticked && !item.rules.is_empty() {
                            *ticked = true;
                            let names: Vec<&str> = item.rules.iter().map(|rule| rule.name.as_str()).collect();
                            let text =
                                format!("{} is used by {}; change or disable the rules first", item.name, names.join(", "));
                            self.refused = Some(text);
                        }
                    }
                });
            }
        });
    }
}

fn beside(attributes: bool) -> f32 {
    if attributes { TYPE + SEVERAL + RULES } else { RULES }
}

fn heading(ui: &mut Ui, what: &str, attributes: bool) {
    // As wide as the lines, which leave room for their bar.
    ui.set_max_width(ui.available_width() - ui.spacing().scroll.allocated_width());
    let name = if what == "attribute" { "Name" } else { "Object type" };
    cells(
        ui,
        attributes,
        20.0,
        |ui| drop(ui.label(RichText::new(name).small().weak())),
        |ui| {
            let weak = |ui: &mut Ui, width: f32, text: &str| cell(ui, width, RichText::new(text).small().weak());
            if attributes {
                weak(ui, TYPE, "Type");
                weak(ui, SEVERAL, "Multi-valued");
            }
            weak(ui, RULES, "Used by rules");
        },
    );
}

fn cell(ui: &mut Ui, width: f32, text: RichText) {
    let size = vec2(width - ui.spacing().item_spacing.x, ui.available_height());
    ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), |ui| {
        ui.set_min_size(size);
        ui.add(Label::new(text).truncate());
    });
}

/// A name at the left, and columns at the right.
fn cells(ui: &mut Ui, attributes: bool, height: f32, name: impl FnOnce(&mut Ui), rest: impl FnOnce(&mut Ui)) {
    let wide = (ui.available_width() - beside(attributes) - 16.0).max(120.0);
    ui.horizontal(|ui| {
        ui.set_height(height);
        ui.allocate_ui_with_layout(vec2(wide, height), egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_min_size(vec2(wide, height));
            name(ui);
        });
        rest(ui);
    });
}

/// One line; true when its box was clicked.
fn line(ui: &mut Ui, cx: &mut Cx<'_>, item: &Checked<'_>, ticked: &mut bool, attributes: bool) -> bool {
    let mut changed = false;
    let fixed = item.needed && *ticked;
    cells(
        ui,
        attributes,
        ROW_HEIGHT,
        |ui| {
            let tick = ui.add_enabled(!fixed, Checkbox::new(ticked, item.name));
            let tick = tick.on_disabled_hover_text("It is always read.");
            changed = tick.changed();
        },
        |ui| {
            let text = |ui: &Ui, text: &str| RichText::new(text).color(Palette::of(ui.style()).text_weak);
            if let Some((kind, several)) = item.kind {
                let (kind, several) = (text(ui, kind), text(ui, if several { "True" } else { "False" }));
                cell(ui, TYPE, kind);
                cell(ui, SEVERAL, several);
            }
            if !item.rules.is_empty() {
                let button = plural(item.rules.len() as u64, "rule");
                let link = Button::new(RichText::new(button).color(Palette::of(ui.style()).accent)).frame_when_inactive(false);
                let (response, _) = MenuButton::from_button(link).ui(ui, |ui| {
                    for rule in item.rules {
                        if ui.button(format!("{} {}", rule.precedence, rule.name)).clicked() {
                            cx.send(Command::OpenRule(rule.guid));
                            ui.close();
                        }
                    }
                });
                response.accessible_name(format!("Rules that use {}", item.name));
            }
        },
    );
    changed
}
