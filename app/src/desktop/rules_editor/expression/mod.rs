//! The expression editor: colours, completion, marks under what is wrong, layout, and a trial on a real object.

mod completion;
mod paint;
mod trial;

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{EventFilter, Id, Key, Modifiers, Response, RichText, TextBuffer, TextEdit, TextStyle, Ui};
use syncline_engine::model::ConnectorId;
use syncline_engine::rules::SyncRule;
use syncline_engine::service::{RuleSet, StatusClass};
use syncline_expression::{Problem, Severity};

use super::super::theme::Palette;
use super::super::widgets::badge;
use completion::Completer;
use paint::excerpt;
pub use trial::Trial;

/// Problems that are listed.
const MOST_PROBLEMS: usize = 6;

/// What the problems were looked up for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    version: u64,
    text: String,
    target: String,
    connector: ConnectorId,
    types: (String, String),
}

/// State of the editor.
#[derive(Default)]
pub struct ExpressionEditor {
    asked: Option<Asked>,
    problems: Vec<Problem>,
    completer: Completer,
    /// Byte of the cursor.
    cursor: usize,
    /// Character that the cursor goes to.
    go_to: Option<usize>,
    /// Why the text could not be laid out.
    unformatted: Option<String>,
}

/// The byte of a character.
fn byte_of(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte)
}

/// The character of a byte.
fn character_of(text: &str, byte: usize) -> usize {
    text.get(..byte).unwrap_or(text).chars().count()
}

/// The severity of a problem as a sign.
fn class_of(problem: &Problem) -> StatusClass {
    match problem.severity {
        Severity::Error => StatusClass::Error,
        Severity::Warning => StatusClass::Warning,
        Severity::Information => StatusClass::Running,
    }
}

impl ExpressionEditor {
    /// Draws the editor of an expression that a rule flows to `target`.
    pub fn show(&mut self, ui: &mut Ui, text: &mut String, rule: &SyncRule, target: &str, set: &RuleSet) -> Response {
        let palette = Palette::of(ui.style());
        ui.horizontal(|ui| {
            super::pages::caption(ui, "Source");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let hint = "Lays the expression out evenly, one argument a line where it is long.";
                if ui.add_enabled(!text.trim().is_empty(), egui::Button::new("Format")).on_hover_text(hint).clicked() {
                    self.lay_out(text);
                }
                ui.label(RichText::new("Ctrl+Space proposes what may come next").small().weak());
            });
        });
        self.look_up(text, rule, target, set);
        let id = ui.make_persistent_id("expression");
        let names = set.names(rule);
        let focused = ui.memory(|memory| memory.has_focus(id));
        if focused && let Some(names) = &names {
            if let Some(cursor) = self.completer.keys(ui, text) {
                self.place_cursor(ui, id, character_of(text, cursor));
            }
            let asks = ui.input_mut(|input| input.consume_key(Modifiers::CTRL, Key::Space));
            if asks {
                self.completer.propose(text, self.cursor, names, true);
            }
        }
        if let Some(character) = self.go_to.take() {
            self.place_cursor(ui, id, character);
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let brackets = paint::brackets(text, self.cursor).filter(|_| focused);
        let font = TextStyle::Monospace.resolve(ui.style());
        let (asked, problems) = (&self.asked, &self.problems);
        let mut layouter = |ui: &Ui, buffer: &dyn TextBuffer, width: f32| {
            let present = asked.as_ref().is_some_and(|asked| asked.text == buffer.as_str());
            let problems = if present { problems.as_slice() } else { &[] };
            let mut job = paint::layout(buffer.as_str(), problems, brackets, palette, font.clone());
            job.wrap.max_width = width;
            ui.fonts_mut(|fonts| fonts.layout_job(job))
        };
        let edit = TextEdit::multiline(text).id(id).code_editor().desired_rows(4).desired_width(f32::INFINITY);
        // While proposals are shown, Tab takes one and Escape closes the list; otherwise both leave the field.
        let proposing = self.completer.is_open();
        let keys = EventFilter { tab: proposing, escape: proposing, horizontal_arrows: true, vertical_arrows: true };
        let output = edit.event_filter(keys).layouter(&mut layouter).show(ui);
        let response = output.response.response.clone().accessible_name("Expression");
        if let Some(range) = output.cursor_range {
            let before = std::mem::replace(&mut self.cursor, byte_of(text, range.primary.index.0));
            if response.changed() {
                self.unformatted = None;
                if let Some(names) = &names {
                    self.completer.propose(text, self.cursor, names, false);
                }
            } else if before != self.cursor {
                self.completer.close();
            }
            let place = output.galley.pos_from_cursor(range.primary);
            let below = output.galley_pos + place.left_bottom().to_vec2();
            if response.has_focus() && self.completer.show(ui, id, below, text, &mut self.cursor) {
                self.place_cursor(ui, id, character_of(text, self.cursor));
            }
        }
        if !response.has_focus() && !self.completer.is_hovered() {
            self.completer.close();
        }
        if let Some(pointer) = response.hover_pos() {
            let under = output.galley.cursor_from_pos(pointer - output.galley_pos);
            self.explain(&response, under.index.0);
        }
        self.look_up(text, rule, target, set);
        self.hint(ui);
        self.list(ui, text);
        response
    }

    /// Looks for problems when something changed.
    fn look_up(&mut self, text: &str, rule: &SyncRule, target: &str, set: &RuleSet) {
        let same = |asked: &Asked| {
            asked.version == set.version
                && asked.text == text
                && asked.target == target
                && asked.connector == rule.connector
                && asked.types.0 == rule.connector_object_type
                && asked.types.1 == rule.metaverse_object_type
        };
        if self.asked.as_ref().is_some_and(same) {
            return;
        }
        self.problems = if text.trim().is_empty() { Vec::new() } else { set.problems(rule, target, text) };
        self.asked = Some(Asked {
            version: set.version,
            text: text.to_owned(),
            target: target.to_owned(),
            connector: rule.connector,
            types: (rule.connector_object_type.clone(), rule.metaverse_object_type.clone()),
        });
    }

    fn lay_out(&mut self, text: &mut String) {
        match syncline_expression::format(text) {
            Ok(even) => {
                *text = even;
                self.unformatted = None;
            }
            Err(problem) => self.unformatted = Some(format!("Not laid out: {}", problem.message)),
        }
    }

    fn place_cursor(&mut self, ui: &Ui, id: Id, character: usize) {
        let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
        state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(character))));
        state.store(ui.ctx(), id);
    }

    /// Tells what is wrong under the pointer.
    fn explain(&self, response: &Response, character: usize) {
        let here = |problem: &&Problem| (problem.offset..=problem.offset + problem.length.max(1)).contains(&character);
        let messages: Vec<&str> = self.problems.iter().filter(here).map(|problem| problem.message.as_str()).collect();
        if !messages.is_empty() {
            response.clone().on_hover_text_at_pointer(messages.join("\n"));
        }
    }

    /// The call that the cursor is in.
    fn hint(&self, ui: &mut Ui) {
        if let Some(text) = self.completer.call() {
            ui.add(egui::Label::new(RichText::new(text).small().weak()).wrap());
        }
    }

    /// The line of the first problem with a mark under the exact place, and the message of each.
    fn list(&mut self, ui: &mut Ui, text: &str) {
        let palette = Palette::of(ui.style());
        if let Some(message) = &self.unformatted {
            badge::strip(ui, badge::Tone::Warn, message, |_| ());
        }
        let mut go_to = None;
        for (number, problem) in self.problems.iter().take(MOST_PROBLEMS).enumerate() {
            let colour = palette.status(class_of(problem));
            ui.push_id(("problem", number), |ui| {
                ui.horizontal_wrapped(|ui| {
                    badge::severity_icon(ui, class_of(problem));
                    let place = format!("Line {}, column {}", problem.line, problem.column);
                    if ui.link(place).on_hover_text("Go there").clicked() {
                        go_to = Some(problem.offset);
                    }
                    ui.add(egui::Label::new(RichText::new(&problem.message).color(colour)).wrap());
                });
                if number == 0 {
                    let (line, mark) = excerpt(text, problem);
                    ui.spacing_mut().item_spacing.y = 0.0;
                    ui.add(egui::Label::new(RichText::new(line).monospace().color(palette.text)).extend());
                    ui.add(egui::Label::new(RichText::new(mark).monospace().color(colour)).extend());
                }
            });
        }
        if self.problems.len() > MOST_PROBLEMS {
            ui.weak(format!("and {} more", self.problems.len() - MOST_PROBLEMS));
        }
        if self.problems.is_empty() && !text.trim().is_empty() {
            ui.horizontal(|ui| {
                badge::severity_icon(ui, StatusClass::Success);
                ui.label(RichText::new("No problem found").small().weak());
            });
        }
        if go_to.is_some() {
            self.go_to = go_to;
            ui.ctx().request_repaint();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_characters_of_texts_that_are_not_plain() {
        let text = "\"ö\" & [a]";
        for (character, byte) in [(0, 0), (1, 1), (2, 3), (10, 10), (99, text.len())] {
            assert_eq!(byte_of(text, character), byte, "{character}");
        }
        assert_eq!(character_of(text, 3), 2);
        assert_eq!(character_of(text, text.len()), 9);
    }
}
