//! Drawing of a list on top of `egui_table`.

use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align2, FontSelection, Id, Pos2, Rect, RichText, Role, Sense, Stroke, StrokeKind, TextStyle, Ui, WidgetInfo, pos2, vec2,
};
use egui_table::{CellInfo, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate, TableState};
use syncline_engine::service::StatusClass;

use super::super::super::format::{count, shortened};
use super::super::super::settings::GridLayout;
use super::super::super::theme::{HEADER_HEIGHT, Palette, ROW_HEIGHT};
use super::super::badge;
use super::super::diff;
use super::model::{Cell, GridModel, NameLook, Sign};
use super::rows::RowSet;
use super::state::{GridState, change_layout};
use super::{GridResponse, fit, keyboard, reorder, sort, toolbar};

/// Space that a scroll bar may need below the rows.
pub(super) const BAR_SPACE: f32 = 13.0;
pub(super) const PADDING: f32 = 10.0;
const LEAST_WIDTH: f32 = 44.0;

struct Delegate<'a, M: GridModel> {
    id: Id,
    model: &'a M,
    rows: &'a mut RowSet<M::Row>,
    state: &'a mut GridState,
    columns: &'a [usize],
    response: &'a mut GridResponse,
    palette: &'static Palette,
    fill: f32,
    /// Columns that cannot be sorted by, and why.
    unsortable: Option<(Vec<usize>, String)>,
}

#[allow(clippy::too_many_arguments, reason = "the parts of one call, split to keep it readable")]
pub(super) fn table<M: GridModel>(
    ui: &mut Ui,
    id: Id,
    model: &M,
    rows: &mut RowSet<M::Row>,
    state: &mut GridState,
    columns: &[usize],
    layout: &GridLayout,
    response: &mut GridResponse,
) {
    let content = HEADER_HEIGHT + state.shown(rows) as f32 * ROW_HEIGHT;
    let bar = if content > ui.available_height() { ui.spacing().scroll.allocated_width() } else { 0.0 };
    let room = ui.available_width() - bar - 1.0;
    let widths = fit::widths(ui, model, rows, columns, layout, &mut state.measured, room);
    let mut table = Table::new().id_salt("table").num_rows(state.shown(rows)).headers([HeaderRow::new(HEADER_HEIGHT)]);
    if let Some(key) = state.scroll_to.take()
        && let Some(place) = state.place(model, rows, key)
    {
        table = table.scroll_to_row(place, None);
    }
    let table_id = table.get_id(ui);
    let mut seed = TableState::load(ui.ctx(), table_id).unwrap_or_default();
    let mut definitions = Vec::with_capacity(columns.len());
    for (index, width) in columns.iter().zip(&widths) {
        let column_id = id.with(("column", *index));
        seed.col_widths.insert(column_id, *width);
        definitions.push(egui_table::Column::new(*width).range(LEAST_WIDTH..=4000.0).id(column_id));
    }
    seed.store(ui.ctx(), table_id);
    let palette = Palette::of(ui.style());
    let fill = ui.available_width();
    let unsortable = sort::unsortable(model, rows);
    if let Some((columns, _)) = &unsortable {
        state.sort.retain(|key| !columns.contains(&key.column));
    }
    state.headers.clear();
    let mut delegate = Delegate { id, model, rows, state, columns, response, palette, fill, unsortable };
    table.columns(definitions).show(ui, &mut delegate);
    reorder::drag(ui, model, columns, state);
    remember_widths(ui, id, table_id, model, columns, &widths);
}

fn remember_widths<M: GridModel>(ui: &Ui, id: Id, table_id: Id, model: &M, columns: &[usize], before: &[f32]) {
    let by_hand = ui.input(|input| input.pointer.any_down() || input.pointer.any_released() || input.pointer.any_click());
    if ui.is_sizing_pass() || !by_hand {
        return;
    }
    let Some(state) = TableState::load(ui.ctx(), table_id) else { return };
    for (index, width) in columns.iter().zip(before) {
        let now = state.col_widths.get(&id.with(("column", *index))).copied();
        if let (Some(now), Some(column)) = (now, model.columns().get(*index))
            && (now - width).abs() > 0.5
        {
            change_layout(ui.ctx(), model.name(), |layout| {
                layout.widths.insert(column.title.to_owned(), now);
            });
            ui.ctx().request_repaint();
        }
    }
}

pub(super) fn empty(ui: &Ui, rect: Rect, text: &str) {
    let palette = Palette::of(ui.style());
    let center = pos2(rect.center().x, (rect.top() + HEADER_HEIGHT + rect.bottom()) / 2.0);
    let font = TextStyle::Body.resolve(ui.style());
    let galley = ui.painter().layout(text.to_owned(), font, palette.text_weak, rect.width() - 40.0);
    let place = Align2::CENTER_CENTER.anchor_size(center, galley.size());
    ui.painter().galley(place.min, galley, palette.text_weak);
    let response = ui.interact(place, ui.make_persistent_id("empty"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}

pub(super) fn focus_ring(ui: &Ui, rect: Rect, focused: bool) {
    if focused {
        let palette = Palette::of(ui.style());
        let ring = rect.shrink(1.0);
        ui.painter().rect_stroke(ring, 5.0, Stroke::new(1.0, palette.accent.gamma_multiply(0.55)), StrokeKind::Inside);
    }
}

impl<M: GridModel> TableDelegate for Delegate<'_, M> {
    fn prepare(&mut self, info: &PrefetchInfo) {
        let positions: Vec<u64> = info.visible_rows.clone().map(|place| self.state.position(place)).collect();
        if let (Some(first), Some(last)) = (positions.iter().min(), positions.iter().max()) {
            self.rows.want(*first..*last + 1);
        }
    }

    fn default_row_height(&self) -> f32 {
        ROW_HEIGHT
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let Some(index) = self.columns.get(cell.col_range.start).copied() else { return };
        let Some(column) = self.model.columns().get(index) else { return };
        let rect = ui.max_rect();
        if ui.is_sizing_pass() {
            ui.label(column.title);
            return;
        }
        let visible = rect.intersect(ui.clip_rect());
        let response = ui.interact(visible.shrink2(vec2(4.0, 0.0)), self.id.with(("header", index)), Sense::CLICK | Sense::DRAG);
        self.state.headers.push((index, visible));
        let unsortable = self.unsortable.as_ref().filter(|(columns, _)| columns.contains(&index)).map(|(_, why)| why.as_str());
        let palette = self.palette;
        let place = self.state.sort.iter().position(|key| key.column == index);
        let sorted = place.and_then(|place| self.state.sort.get(place)).map(|key| key.descending);
        response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, column.title));
        if let Some(words) = sort::in_words(&self.state.sort, index) {
            reorder::tell_sort(ui, response.id, sorted == Some(true), &words);
        }
        if response.hovered() || self.state.dragged == Some(index) {
            ui.painter().rect_filled(rect, 0.0, palette.hover);
        }
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
        let colour = if sorted.is_some() { palette.text_strong } else { palette.text_weak };
        let number = place.filter(|_| self.state.sort.len() > 1).map(|place| (place + 1).to_string());
        let arrow = match (sorted.is_some(), number.is_some()) {
            (false, _) => 0.0,
            (true, false) => 14.0,
            (true, true) => 24.0,
        };
        let inner = rect.shrink2(vec2(PADDING, 0.0));
        let text_rect = inner.with_max_x(inner.right() - arrow);
        let (end, cut) = paint_text(ui, text_rect, column.title, &TextStyle::Small, colour, column.right);
        if let Some(descending) = sorted {
            let x = if column.right { inner.right() - arrow + 8.0 } else { end.right() + 9.0 };
            badge::sort_arrow(ui.painter(), pos2(x, rect.center().y), descending, palette.accent);
            if let Some(number) = number {
                let font = TextStyle::Small.resolve(ui.style());
                ui.painter().text(pos2(x + 7.0, rect.center().y), Align2::LEFT_CENTER, number, font, palette.accent);
            }
        }
        if response.drag_started_by(egui::PointerButton::Primary) {
            self.state.dragged = Some(index);
        }
        if response.clicked() && unsortable.is_none() {
            let further = ui.input(|input| input.modifiers.shift);
            self.state.sort = sort::after_click(&self.state.sort, index, further);
        }
        let response = match (unsortable, cut) {
            (Some(why), _) => response.on_hover_text(why),
            (None, true) => response.on_hover_text(column.title),
            (None, false) => response,
        };
        toolbar::header_menu(&response, self.id, self.model, &mut self.state.sort, self.columns, index, unsortable);
    }

    fn row_ui(&mut self, ui: &mut Ui, place: u64) {
        if ui.clip_rect().width() <= 0.0 || ui.is_sizing_pass() {
            return;
        }
        let rect = Rect::from_x_y_ranges(
            ui.clip_rect().left()..=ui.max_rect().right().max(ui.clip_rect().left() + self.fill),
            ui.max_rect().y_range(),
        );
        let visible = rect.intersect(ui.clip_rect());
        if visible.height() <= 0.0 {
            return;
        }
        let position = self.state.position(place);
        let Some(row) = self.rows.get(position) else {
            paint_text(ui, rect.shrink2(vec2(PADDING, 0.0)), "Loading...", &TextStyle::Body, self.palette.text_weak, false);
            return;
        };
        let key = self.model.key(row);
        let selected = self.state.selected.contains(&key);
        let response = ui.interact(visible, self.id.with(("row", key)), Sense::CLICK);
        response.widget_info(|| WidgetInfo::selected(Role::Row, true, selected, self.model.row_name(row)));
        let palette = self.palette;
        let colour = match (selected, response.hovered(), place % 2 == 1) {
            (true, _, _) => Some(palette.selected),
            (false, true, _) => Some(palette.hover),
            (false, false, true) => Some(palette.stripe),
            (false, false, false) => None,
        };
        if let Some(colour) = colour {
            ui.painter().rect_filled(visible, 0.0, colour);
        }
        if selected {
            let bar = Rect::from_min_max(visible.left_top(), pos2(visible.left() + 3.0, visible.bottom()));
            ui.painter().rect_filled(bar, 0.0, palette.accent);
        }
        self.clicks(ui, &response, place, position, key);
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(index) = self.columns.get(cell.col_nr).copied() else { return };
        let position = self.state.position(cell.row_nr);
        let Some(row) = self.rows.get(position) else { return };
        let text = self.model.text(row, index);
        if ui.is_sizing_pass() {
            ui.label(RichText::new(&text));
            ui.add_space(PADDING * 2.0);
            return;
        }
        let key = self.model.key(row);
        let rect = ui.max_rect();
        let right = self.model.columns().get(index).is_some_and(|column| column.right);
        let look = self.model.cell(row, index);
        let id = self.id.with(("cell", key, index));
        let visible = rect.intersect(ui.clip_rect());
        let tooltip = self.model.tooltip(row, index);
        let inner = rect.shrink2(vec2(PADDING, 0.0));
        if look == Cell::Link && !text.is_empty() {
            let (text_rect, cut) = paint_text(ui, inner, &text, &TextStyle::Body, self.palette.accent, right);
            let link = ui.interact(text_rect.expand2(vec2(2.0, 3.0)).intersect(visible), id, Sense::CLICK);
            link.widget_info(|| WidgetInfo::labeled(Role::Link, true, &text));
            if link.hovered() {
                ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
                ui.painter().hline(text_rect.x_range(), text_rect.bottom(), Stroke::new(1.0, self.palette.accent));
            }
            if link.clicked() {
                self.response.link = Some((position, index));
            }
            if link.double_clicked() || link.triple_clicked() {
                self.response.link = None;
                self.response.activated = Some(position);
            }
            hover(link, tooltip.or(cut.then(|| in_tooltip(text))));
            return;
        }
        let cut = self.paint_cell(ui, inner, &text, look, right);
        let response = ui.interact(visible, id, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Cell, true, shortened(&text).unwrap_or(&text)));
        hover(response, tooltip.or(cut.then(|| in_tooltip(text))));
    }
}

/// A tooltip shows the beginning of a long value; a window of its own shows all of it.
fn in_tooltip(text: String) -> String {
    match shortened(&text) {
        Some(start) => {
            format!("{start}...\n\n{} characters; Show Value... shows all of them.", count(text.chars().count() as u64))
        }
        None => text,
    }
}

fn hover(response: egui::Response, text: Option<String>) {
    if let Some(text) = text {
        response.on_hover_text(text);
    }
}

impl<M: GridModel> Delegate<'_, M> {
    fn clicks(&mut self, ui: &Ui, response: &egui::Response, place: u64, position: u64, key: u128) {
        if self.state.menu_by_keys && self.state.cursor == Some(key) {
            self.state.menu_by_keys = false;
            self.state.menu_cell = Some((position, self.columns.first().copied().unwrap_or_default()));
            self.state.menu_at = Some(response.rect.left_bottom() + vec2(24.0, 0.0));
            self.state.open_menu = true;
        }
        if response.secondary_clicked() {
            if !self.state.selected.contains(&key) {
                self.state.select(key);
                self.response.selection_changed = true;
            }
            let x = response.interact_pointer_pos().map_or(0.0, |pointer| pointer.x);
            self.state.menu_cell = Some((position, self.column_at(x)));
            self.state.menu_at = None;
            self.state.open_menu = true;
        }
        if response.double_clicked() || response.triple_clicked() {
            self.response.activated = Some(position);
        }
        if response.clicked() {
            let modifiers = ui.input(|input| input.modifiers);
            if modifiers.command {
                if !self.state.selected.remove(&key) {
                    self.state.selected.insert(key);
                }
                self.state.cursor = Some(key);
                self.state.anchor = Some(key);
            } else if modifiers.shift {
                keyboard::extend_to(self.model, self.rows, self.state, place, key);
            } else {
                self.state.select(key);
            }
            self.response.selection_changed = true;
            ui.memory_mut(|memory| memory.request_focus(self.id));
        }
    }

    fn column_at(&self, x: f32) -> usize {
        let under = self.state.headers.iter().find(|(_, rect)| rect.x_range().contains(x));
        under.map(|(index, _)| *index).or_else(|| self.columns.last().copied()).unwrap_or_default()
    }

    fn paint_cell(&self, ui: &Ui, rect: Rect, text: &str, look: Cell, right: bool) -> bool {
        let palette = self.palette;
        let body = &TextStyle::Body;
        match look {
            Cell::Text | Cell::Link => paint_text(ui, rect, text, body, palette.text, right).1,
            Cell::Weak => paint_text(ui, rect, text, body, palette.text_weak, right).1,
            Cell::Strong => paint_text(ui, rect, text, body, palette.text_strong, right).1,
            Cell::Coloured(colour) => paint_text(ui, rect, text, body, colour, right).1,
            Cell::Code => paint_text(ui, rect, text, &TextStyle::Monospace, palette.text, right).1,
            Cell::Status(class) => {
                badge::severity(ui, pos2(rect.left() + 7.0, rect.center().y), class);
                paint_text(ui, rect.with_min_x(rect.left() + 22.0), text, body, palette.text, right).1
            }
            Cell::Struck => paint_struck(ui, rect, text, palette.text_weak, right),
            Cell::Signed(sign, look) => {
                let center = pos2(rect.left() + 7.0, rect.center().y);
                match sign {
                    Sign::None => {}
                    Sign::Lock => badge::lock(ui, center),
                    Sign::Warning => badge::severity(ui, center, StatusClass::Warning),
                }
                let rect = rect.with_min_x(rect.left() + 22.0);
                match look {
                    NameLook::Plain => paint_text(ui, rect, text, body, palette.text, right).1,
                    NameLook::Struck => paint_struck(ui, rect, text, palette.text_weak, right),
                    NameLook::Bold => {
                        // The fonts have one weight; a second pass half a pixel aside makes the letters heavier.
                        paint_text(ui, rect.translate(vec2(0.6, 0.0)), text, body, palette.text_strong, right);
                        paint_text(ui, rect, text, body, palette.text_strong, right).1
                    }
                }
            }
            Cell::Aside => paint_text(ui, rect.with_min_x(rect.left() + 22.0), text, body, palette.text_weak, right).1,
            Cell::Progress(share) => {
                badge::progress(ui, rect, share, text);
                false
            }
            Cell::Tagged(glyph, colour) => {
                ui.painter().text(
                    pos2(rect.left() + 4.0, rect.center().y),
                    Align2::CENTER_CENTER,
                    glyph,
                    TextStyle::Monospace.resolve(ui.style()),
                    colour,
                );
                paint_text(ui, rect.with_min_x(rect.left() + 16.0), text, body, colour, right).1
            }
            Cell::Diff(pieces) => {
                let mut job = diff::layout(&pieces, palette, TextStyle::Body.resolve(ui.style()));
                job.wrap = TextWrapping::truncate_at_width(rect.width());
                let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
                let cut = galley.elided;
                let place = Align2::LEFT_CENTER.anchor_size(rect.left_center(), galley.size());
                ui.painter().galley(place.min, galley, palette.text);
                cut
            }
        }
    }
}

/// Paints one line struck through; true when it was cut.
fn paint_struck(ui: &Ui, rect: Rect, text: &str, colour: egui::Color32, right: bool) -> bool {
    let (place, cut) = paint_text(ui, rect, text, &TextStyle::Body, colour, right);
    if !text.is_empty() {
        ui.painter().hline(place.x_range(), place.center().y + 1.0, Stroke::new(1.0, colour));
    }
    cut
}

/// Paints one line, cut at the end; gives where it stands and whether it was cut.
pub(crate) fn paint_text(ui: &Ui, rect: Rect, text: &str, style: &TextStyle, colour: egui::Color32, right: bool) -> (Rect, bool) {
    let font = FontSelection::Style(style.clone()).resolve(ui.style());
    let text = shortened(text).unwrap_or(text);
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = TextWrapping::truncate_at_width(rect.width().max(0.0));
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    let cut = galley.elided;
    let (align, anchor): (Align2, Pos2) =
        if right { (Align2::RIGHT_CENTER, rect.right_center()) } else { (Align2::LEFT_CENTER, rect.left_center()) };
    let place = align.anchor_size(anchor, galley.size());
    ui.painter().galley(place.min, galley, colour);
    (place, cut)
}
