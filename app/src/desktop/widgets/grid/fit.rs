//! How wide the columns of a list are: as their contents need, within the space that there is.

use egui::{FontSelection, TextStyle, Ui};

use super::super::super::settings::GridLayout;
use super::draw::PADDING;
use super::model::{Cell, GridModel};
use super::rows::RowSet;

/// Rows that are measured: enough to know what a list holds, few enough for every frame that brings others.
const MEASURED: usize = 60;
/// Letters of a text that are measured.
const LETTERS: usize = 80;
/// The least that a column is made narrower to.
const LEAST: f32 = 70.0;

/// What was measured, and of which rows.
#[derive(Debug, Default)]
pub(super) struct Measured {
    version: u64,
    columns: Vec<usize>,
    widths: Vec<f32>,
}

/// A column on its way to its width.
#[derive(Clone, Copy, Debug)]
struct Fitted {
    width: f32,
    /// What header and contents need.
    content: f32,
    /// Is not to be cut.
    fixed: bool,
    /// Was set by hand.
    set: bool,
}

/// Widths of the columns shown.
pub(super) fn widths<M: GridModel>(
    ui: &Ui,
    model: &M,
    rows: &RowSet<M::Row>,
    columns: &[usize],
    layout: &GridLayout,
    measured: &mut Measured,
    room: f32,
) -> Vec<f32> {
    if measured.version != rows.version() || measured.columns != columns {
        let widths = columns.iter().map(|index| content(ui, model, rows, *index)).collect();
        *measured = Measured { version: rows.version(), columns: columns.to_vec(), widths };
    }
    let known = columns.iter().filter_map(|index| model.columns().get(*index));
    let mut fitted: Vec<Fitted> = known
        .zip(&measured.widths)
        .map(|(column, content)| {
            let set = layout.widths.get(column.title).copied();
            Fitted { width: set.unwrap_or(column.width), content: *content, fixed: column.fixed, set: set.is_some() }
        })
        .collect();
    fit(&mut fitted, room);
    fitted.iter().map(|column| column.width).collect()
}

/// Makes columns fit into the room, or use it.
fn fit(columns: &mut [Fitted], room: f32) {
    let total = |columns: &[Fitted]| columns.iter().map(|column| column.width).sum::<f32>();
    // What stands empty is given up first, then texts are cut; numbers, times and short words keep their width.
    let empty = |column: &Fitted| if column.set { 0.0 } else { (column.width - column.content).max(0.0) };
    let cut = |column: &Fitted| if column.fixed { 0.0 } else { (column.width - LEAST.min(column.width)).max(0.0) };
    for spare in [&empty as &dyn Fn(&Fitted) -> f32, &cut] {
        let over = total(columns) - room;
        let most: f32 = columns.iter().map(spare).sum();
        if over > 0.0 && most > 0.0 {
            let part = (over / most).min(1.0);
            columns.iter_mut().for_each(|column| column.width = (column.width - spare(column) * part).floor());
        }
    }
    // What is cut gets room first, then texts get more air, none more than twice its width.
    let wanting = |column: &Fitted| if column.set { 0.0 } else { (column.content - column.width).max(0.0) };
    let airy = |column: &Fitted| if column.fixed { 0.0 } else { column.width };
    for wish in [&wanting as &dyn Fn(&Fitted) -> f32, &airy] {
        let left = room - total(columns);
        let most: f32 = columns.iter().map(wish).sum();
        if left > 0.0 && most > 0.0 {
            let part = (left / most).min(1.0);
            columns.iter_mut().for_each(|column| column.width = (column.width + wish(column) * part).floor());
        }
    }
    let left = room - total(columns);
    if let Some(last) = columns.last_mut()
        && left > 0.0
    {
        last.width += left.floor();
    }
}

/// What a column's header and its first rows need.
fn content<M: GridModel>(ui: &Ui, model: &M, rows: &RowSet<M::Row>, index: usize) -> f32 {
    let title = model.columns().get(index).map_or("", |column| column.title);
    let mut widest = text_width(ui, title, &TextStyle::Small) + 2.0;
    for (_, row) in rows.iter().take(MEASURED) {
        let (style, before) = match model.cell(row, index) {
            Cell::Code => (TextStyle::Monospace, 0.0),
            Cell::Status(_) | Cell::Signed(..) | Cell::Aside => (TextStyle::Body, 22.0),
            Cell::Tagged(..) => (TextStyle::Body, 16.0),
            _ => (TextStyle::Body, 0.0),
        };
        widest = widest.max(before + text_width(ui, &model.text(row, index), &style));
    }
    (widest + PADDING * 2.0).ceil()
}

fn text_width(ui: &Ui, text: &str, style: &TextStyle) -> f32 {
    let font = FontSelection::Style(style.clone()).resolve(ui.style());
    ui.fonts_mut(|fonts| text.chars().take(LETTERS).map(|letter| fonts.glyph_width(&font, letter)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[(f32, f32, bool)], room: f32, expected: &[f32]) {
        let mut fitted: Vec<Fitted> = columns
            .iter()
            .map(|(width, content, fixed)| Fitted { width: *width, content: *content, fixed: *fixed, set: false })
            .collect();
        fit(&mut fitted, room);
        let widths: Vec<f32> = fitted.iter().map(|column| column.width).collect();
        assert_eq!(widths, expected, "{columns:?} in {room}");
    }

    #[test]
    fn columns_are_as_wide_as_their_contents_need() {
        // Name, status, time.
        check(&[(250.0, 100.0, false), (220.0, 180.0, false), (154.0, 150.0, true)], 624.0, &[250.0, 220.0, 154.0]);
        check(&[(250.0, 100.0, false), (220.0, 180.0, false), (154.0, 150.0, true)], 430.0, &[100.0, 180.0, 150.0]);
        check(&[(250.0, 240.0, false), (220.0, 180.0, false), (154.0, 154.0, true)], 434.0, &[155.0, 125.0, 154.0]);
        check(&[(100.0, 160.0, false), (100.0, 80.0, false)], 260.0, &[160.0, 100.0]);
        check(&[(100.0, 90.0, false), (50.0, 40.0, true)], 400.0, &[200.0, 200.0]);
        check(&[(100.0, 90.0, true)], 40.0, &[90.0]);
    }

    #[test]
    fn widths_set_by_hand_stay_while_there_is_room() {
        let column = |width, set| Fitted { width, content: 60.0, fixed: false, set };
        let mut columns = [column(300.0, true), column(100.0, false)];
        fit(&mut columns, 370.0);
        assert_eq!([columns[0].width, columns[1].width], [300.0, 70.0]);
    }
}
