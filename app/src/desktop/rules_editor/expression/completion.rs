//! The list of proposals at the cursor.

use egui::{Area, Button, Frame, Id, Key, Modifiers, Order, Pos2, RichText, ScrollArea, Ui};
use syncline_expression::{Completion, CompletionKind, Completions, Schema, complete};

use super::super::super::theme::Palette;

/// Proposals shown at once.
const SHOWN: usize = 9;
/// Height of a proposal.
const ITEM: f32 = 25.0;

/// What is proposed, and which proposal is chosen.
#[derive(Default)]
pub struct Completer {
    found: Completions,
    chosen: usize,
    open: bool,
    hovered: bool,
    /// The chosen proposal shall come into view.
    scroll: bool,
}

/// The word for a kind of proposal.
fn word(kind: CompletionKind) -> &'static str {
    match kind {
        CompletionKind::Constant => "constant",
        CompletionKind::Variable => "variable",
        CompletionKind::Attribute => "attribute",
        CompletionKind::Function => "function",
        CompletionKind::Parameter => "parameter",
        CompletionKind::Literal => "literal",
    }
}

impl Completer {
    /// Looks up what may be written at a byte of the text; opens the list while a word is being written, or always
    /// when it was `asked` for.
    pub fn propose(&mut self, text: &str, cursor: usize, schema: &dyn Schema, asked: bool) {
        self.found = complete(text, cursor, schema);
        self.chosen = 0;
        self.scroll = true;
        let written = text.get(self.found.replace.clone()).unwrap_or_default();
        let complete = self.found.proposals.iter().any(|proposal| proposal.insert == written);
        self.open = !self.found.proposals.is_empty() && (asked || (!written.is_empty() && !complete));
    }

    /// The list is shown.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Closes the list.
    pub fn close(&mut self) {
        self.open = false;
        self.hovered = false;
    }

    /// The pointer is over the list, so a click there shall not close it.
    #[must_use]
    pub fn is_hovered(&self) -> bool {
        self.open && self.hovered
    }

    /// The call that the cursor is in, for a hint.
    #[must_use]
    pub fn call(&self) -> Option<String> {
        let (function, argument) = self.found.call?;
        let name = function.parameter_names().nth(argument);
        let now = name.map(|name| format!(" Now: {name}.")).unwrap_or_default();
        Some(format!("{}: {}{now}", function.signature, function.description))
    }

    /// Takes the keys of the open list before the text field sees them; the new byte of the cursor when a proposal was
    /// taken.
    pub fn keys(&mut self, ui: &Ui, text: &mut String) -> Option<usize> {
        if !self.open {
            return None;
        }
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let last = self.found.proposals.len().saturating_sub(1);
        if pressed(Key::ArrowDown) {
            self.chosen = if self.chosen >= last { 0 } else { self.chosen + 1 };
            self.scroll = true;
        }
        if pressed(Key::ArrowUp) {
            self.chosen = self.chosen.checked_sub(1).unwrap_or(last);
            self.scroll = true;
        }
        if pressed(Key::Escape) {
            self.close();
        }
        if self.open && (pressed(Key::Tab) || pressed(Key::Enter)) {
            return self.take(text, self.chosen);
        }
        None
    }

    /// Writes a proposal into the text; gives the byte behind it.
    fn take(&mut self, text: &mut String, number: usize) -> Option<usize> {
        let proposal = self.found.proposals.get(number)?;
        let range = self.found.replace.clone();
        let fits = text.is_char_boundary(range.start) && text.is_char_boundary(range.end) && range.end <= text.len();
        self.open = false;
        if !fits {
            return None;
        }
        // The closing bracket may be there already.
        let closes =
            |end: char| proposal.insert.ends_with(end) && text.get(range.end..).is_some_and(|rest| rest.starts_with(end));
        let extra = usize::from(closes(']') || closes('%'));
        let end = range.start + proposal.insert.len();
        text.replace_range(range.start..range.end + extra, &proposal.insert);
        Some(end)
    }

    /// Draws the open list below the cursor; true when a proposal was clicked.
    pub fn show(&mut self, ui: &Ui, id: Id, below: Pos2, text: &mut String, cursor: &mut usize) -> bool {
        if !self.open {
            return false;
        }
        let mut taken = None;
        let area = Area::new(id.with("completion")).order(Order::Foreground).fixed_pos(below + egui::vec2(-4.0, 3.0));
        let shown = area.constrain(true).show(ui.ctx(), |ui| {
            Frame::popup(ui.style()).inner_margin(egui::Margin::same(4)).show(ui, |ui| {
                taken = self.list(ui);
            });
        });
        self.hovered = shown.response.contains_pointer();
        let end = taken.and_then(|number| self.take(text, number));
        *cursor = end.unwrap_or(*cursor);
        end.is_some()
    }

    fn list(&mut self, ui: &mut Ui) -> Option<usize> {
        let palette = Palette::of(ui.style());
        let mut taken = None;
        ui.set_width(430.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        let proposals: &[Completion] = &self.found.proposals;
        let height = proposals.len().clamp(1, SHOWN) as f32 * ITEM;
        let mut area = ScrollArea::vertical().max_height(height).auto_shrink([false, true]);
        if std::mem::take(&mut self.scroll) {
            let first = self.chosen.saturating_sub(SHOWN / 2) as f32;
            area = area.vertical_scroll_offset(first * ITEM);
        }
        area.show_rows(ui, ITEM, proposals.len(), |ui, range| {
            for number in range {
                let Some(proposal) = proposals.get(number) else { continue };
                let kind = word(proposal.kind);
                let about = if proposal.detail.is_empty() { kind.to_owned() } else { format!("{}  {kind}", proposal.detail) };
                let name = RichText::new(&proposal.insert).monospace().color(palette.text_strong);
                let button = Button::selectable(number == self.chosen, name).truncate();
                let button = button.min_size(egui::vec2(ui.available_width(), ITEM));
                let about = RichText::new(shortened(&about)).small().weak();
                if ui.add(button.right_text(about)).accessible_name(&proposal.insert).clicked() {
                    taken = Some(number);
                }
            }
        });
        taken
    }
}

/// A text that stands beside a name.
fn shortened(text: &str) -> String {
    const MOST: usize = 44;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_expression::{AttributeKind, SourceObject};

    #[test]
    fn a_proposal_takes_the_place_of_what_was_begun() {
        let object = SourceObject::new("x").with("mail", AttributeKind::Text, false, Vec::new());
        let check = |text: &str, cursor: usize, expected: &str, behind: usize| {
            let mut completer = Completer::default();
            completer.propose(text, cursor, &object, true);
            let mut written = text.to_owned();
            let end = completer.take(&mut written, 0);
            assert_eq!((written.as_str(), end), (expected, Some(behind)), "{text}");
        };
        check("Trim([ma", 8, "Trim([mail]", 11);
        check("Trim([ma])", 8, "Trim([mail])", 11);
        check("Tri", 3, "Trim(", 5);
        check("[mail] & Len([m", 15, "[mail] & Len([mail]", 19);
    }

    #[test]
    fn the_list_opens_while_a_word_is_written() {
        let object = SourceObject::new("x").with("mail", AttributeKind::Text, false, Vec::new());
        let check = |text: &str, asked: bool, expected: bool| {
            let mut completer = Completer::default();
            completer.propose(text, text.len(), &object, asked);
            assert_eq!(completer.open, expected, "{text} {asked}");
        };
        check("", false, false);
        check("", true, true);
        check("Tr", false, true);
        check("[", false, true);
        check("[mail]", true, false);
        check("Zzz", false, false);
    }
}
