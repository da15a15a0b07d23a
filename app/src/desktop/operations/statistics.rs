//! Synchronization Statistics: groups of counters; a counter above zero leads to the objects behind it.

use egui::{Align2, Rect, Role, Sense, Stroke, TextStyle, Ui, WidgetInfo, pos2, vec2};
use syncline_engine::service::{CounterGroup, CounterView, RunProgress};

use super::super::format::count;
use super::super::theme::Palette;
use super::super::widgets::facts;
use super::super::widgets::grid::paint_text;

/// Draws the groups; gives the group and counter that was clicked.
pub fn show<'a>(
    ui: &mut Ui,
    groups: &'a [CounterGroup],
    live: Option<&RunProgress>,
) -> Option<(&'a CounterGroup, &'a CounterView)> {
    let mut clicked = None;
    for group in groups {
        ui.add_space(2.0);
        facts::group(ui, &group.name);
        for counter in &group.counters {
            let value = live.map_or(counter.value, |live| live_value(counter, live));
            if counter_row(ui, &group.name, counter, value) {
                clicked = Some((group, counter));
            }
        }
        ui.add_space(6.0);
    }
    clicked
}

/// The value of a counter while the run goes on: what the progress says, once it says something.
fn live_value(counter: &CounterView, live: &RunProgress) -> u64 {
    let known: Vec<u64> = counter.parts.keys().filter_map(|part| live.counters.get(part).copied()).collect();
    if known.is_empty() { counter.value } else { known.into_iter().sum::<u64>().max(counter.value) }
}

/// One counter; true when its link was clicked.
pub fn counter_row(ui: &mut Ui, group: &str, counter: &CounterView, value: u64) -> bool {
    let link = value > 0 && counter.drill_down;
    let name = format!("{group} {}: {value}", counter.label);
    let response = number_row(ui, &counter.label, value, link, &name, 0.0);
    response.on_hover_text(about(counter)).clicked()
}

/// What a counter counts, and the engine's counters that it sums, when they are several.
fn about(counter: &CounterView) -> String {
    let mut text = definition(&counter.label).to_owned();
    if counter.parts.len() > 1 {
        for (part, value) in &counter.parts {
            text.push_str(&format!("\n{part}: {value}"));
        }
    }
    text
}

/// A label at the left and a number at the right; a link when something is behind it.
pub fn number_row(ui: &mut Ui, label: &str, value: u64, link: bool, name: &str, indent: f32) -> egui::Response {
    let palette = Palette::of(ui.style());
    let width = ui.available_width().min(340.0);
    let sense = if link { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), sense);
    let role = if link { Role::Link } else { Role::Label };
    response.widget_info(|| WidgetInfo::labeled(role, true, name));
    let font = TextStyle::Body.resolve(ui.style());
    if link && (response.hovered() || response.has_focus()) {
        ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), 4.0, palette.hover);
        ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
    }
    let caption = if value > 0 { palette.text } else { palette.text_weak };
    let colour = if link { palette.accent } else { caption };
    let number = ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, count(value), font, colour);
    let room = Rect::from_min_max(rect.min + vec2(indent, 0.0), pos2(number.left() - 8.0, rect.bottom()));
    paint_text(ui, room, label, &TextStyle::Body, caption, false);
    if link {
        ui.painter().hline(number.x_range(), number.bottom() - 1.0, Stroke::new(1.0, colour));
    }
    response
}

/// What a counter counts.
fn definition(label: &str) -> &'static str {
    match label {
        "Unchanged" => "Objects read from the directory that are the same as in the connector space.",
        "Adds" => "Objects that are new.",
        "Updates" => "Objects with changed attributes.",
        "Renames" => "Objects with a new name or a new parent.",
        "Deletes" => "Objects that are gone.",
        "Delete Adds" => "Objects that went and came back with another type.",
        "Filtered Objects" => "Objects outside the selected containers.",
        "Filtered Deletions" => "Deletions of objects outside the selected containers.",
        "Projections" => "Objects that became new metaverse objects.",
        "Joins" => "Objects linked to metaverse objects that existed.",
        "Filtered Disconnectors" => "Objects that a filter keeps unlinked.",
        "Disconnectors" => "Objects that no rule linked to the metaverse.",
        "Connectors with Flow Updates" => "Linked objects that sent new or changed values to the metaverse.",
        "Connectors without Flow Updates" => "Linked objects whose values in the metaverse stayed the same.",
        "Filtered Connectors" => "Linked objects that a filter unlinked.",
        "Deleted Connectors" => "Linked objects that were deleted in the directory.",
        "Metaverse Object Deletes" => "Metaverse objects that went because nothing keeps them.",
        "Flow Errors" => "Objects whose synchronization failed.",
        "Export Attribute Flow" => "Objects of the target that get changed values.",
        "Provisioning Adds" => "Objects to be created in the target.",
        "Provisioning Renames" => "Objects to be renamed in the target.",
        "Provisioning Disconnects" => "Objects of the target that were unlinked.",
        "Provisioning Delete Adds" => "Objects of the target to be deleted and created anew.",
        "Errors" => "Objects that the directory refused.",
        _ => "Objects counted by this step.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_counter_tells_what_it_is_and_what_it_sums() {
        let counter = |parts: &[(&str, u64)]| CounterView {
            label: "Joins".into(),
            value: 3,
            parts: parts.iter().map(|(part, value)| ((*part).to_owned(), *value)).collect(),
            drill_down: true,
        };
        let definition = "Objects linked to metaverse objects that existed.";
        assert_eq!(about(&counter(&[("joined-flow", 3)])), definition);
        assert_eq!(about(&counter(&[("a", 1), ("b", 2)])), format!("{definition}\na: 1\nb: 2"));
    }
}
