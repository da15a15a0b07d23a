//! Find anything: one field over connectors, runs, rules and the objects of all spaces; without a text, what was open last.

mod search;

use egui::{
    Align2, Context, Id, Key, Modal, Modifiers, RichText, Role, ScrollArea, Sense, TextEdit, TextStyle, Ui, WidgetInfo, pos2,
    vec2,
};

use super::command::Command;
use super::context::{Cx, question};
use super::theme::Palette;
use super::widgets::empty;
use super::widgets::grid::paint_text;
use super::widgets::requested::Requested;
use search::Found;

const ROW: f32 = 30.0;

/// State of the open field.
#[derive(Default)]
pub struct Find {
    text: String,
    asked: String,
    answer: Requested<Vec<Found>>,
    recent: Vec<Found>,
    chosen: usize,
    /// The chosen line comes into view in this frame; asked for in every frame, the list would never come to rest.
    follow: bool,
    focused: bool,
}

impl Find {
    /// Opens the field; `recent` is what was open last, with its titles.
    #[must_use]
    pub fn new(recent: Vec<(String, Command)>) -> Self {
        let kind = |command: &Command| if matches!(command, Command::OpenMvObject(_)) { "Metaverse" } else { "Connector space" };
        let recent =
            recent.into_iter().map(|(title, command)| Found { kind: kind(&command), title, detail: String::new(), command });
        Self { recent: recent.collect(), ..Self::default() }
    }

    fn poll(&mut self, cx: &Cx<'_>) {
        if self.answer.poll() {
            self.chosen = 0;
        }
        // One question at a time: what is typed meanwhile is asked when the answer is there.
        if self.text != self.asked && !self.answer.is_pending() {
            self.asked.clone_from(&self.text);
            let text = self.text.clone();
            self.answer.ask(cx.worker, question(cx.backend, move |engine| search::search(engine, &text)));
        }
    }

    fn shown(&self) -> &[Found] {
        if self.text.trim().is_empty() { &self.recent } else { self.answer.value().map_or(&[], Vec::as_slice) }
    }

    /// Draws the field and what it finds; false once it is closed.
    pub fn show(&mut self, ctx: &Context, cx: &mut Cx<'_>) -> bool {
        self.poll(cx);
        let id = Id::unique("find anything");
        let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, vec2(0.0, 72.0));
        let width = (ctx.content_rect().width() - 80.0).min(680.0);
        let mut opened = None;
        let modal = Modal::new(id).area(area).show(ctx, |ui| {
            ui.set_width(width);
            let last = self.shown().len().saturating_sub(1);
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown)) {
                self.chosen = (self.chosen + 1).min(last);
                self.follow = true;
            }
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowUp)) {
                self.chosen = self.chosen.saturating_sub(1);
                self.follow = true;
            }
            let enter = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
            let field = TextEdit::singleline(&mut self.text)
                .hint_text("Name, DN, GUID, mail address, rule or run")
                .font(TextStyle::Heading)
                .desired_width(f32::INFINITY)
                .id_salt("find anything");
            let field = ui.add(field).accessible_name("Find anything");
            if !std::mem::replace(&mut self.focused, true) {
                field.request_focus();
            }
            ui.add_space(6.0);
            opened = self.list(ui);
            if enter && opened.is_none() && self.asked == self.text && !self.answer.is_pending() {
                opened = self.shown().get(self.chosen).map(|found| found.command.clone());
            }
        });
        if let Some(command) = opened {
            cx.send(command);
            return false;
        }
        !modal.should_close()
    }

    /// The list; the command of a line that was clicked.
    fn list(&mut self, ui: &mut Ui) -> Option<Command> {
        if let Some(error) = self.answer.error() {
            empty::failure(ui, error);
        }
        let searching = !self.text.trim().is_empty();
        if self.shown().is_empty() {
            let text = match (searching, self.answer.is_pending() || self.asked != self.text) {
                (true, true) => "Searching...",
                (true, false) => "Nothing is found.",
                (false, _) => "Type to search connectors, metaverse and connector space objects, rules and runs.",
            };
            ui.label(RichText::new(text).weak());
            return None;
        }
        if !searching {
            ui.label(RichText::new("Opened last").small().weak());
        }
        let mut clicked = None;
        let follow = std::mem::take(&mut self.follow);
        let height = ((ROW + 1.0) * self.shown().len() as f32).min(ROW * 14.0);
        let area = ScrollArea::vertical().id_salt("found").max_height(height).min_scrolled_height(height);
        area.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (index, found) in self.shown().iter().enumerate() {
                let response = line(ui, found, index == self.chosen);
                if follow && index == self.chosen {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    clicked = Some(found.command.clone());
                }
            }
        });
        clicked
    }
}

fn line(ui: &mut Ui, found: &Found, chosen: bool) -> egui::Response {
    let palette = Palette::of(ui.style());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, format!("{}: {}", found.kind, found.title)));
    let fill = match (chosen, response.hovered()) {
        (true, _) => Some(palette.selected),
        (false, true) => Some(palette.hover),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 5.0, fill);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let kind = inner.with_max_x(inner.left() + 118.0);
    paint_text(ui, kind, found.kind, &TextStyle::Small, palette.text_weak, false);
    let title = inner.with_min_x(kind.right());
    let most = if found.detail.is_empty() { title.right() } else { title.left() + title.width() * 0.5 };
    let drawn = paint_text(ui, title.with_max_x(most), &found.title, &TextStyle::Body, palette.text_strong, false).0;
    let detail = egui::Rect::from_min_max(pos2(drawn.right() + 14.0, inner.top()), inner.max);
    let cut = paint_text(ui, detail, &found.detail, &TextStyle::Body, palette.text_weak, false).1;
    if cut { response.on_hover_text(&found.detail) } else { response }
}
