//! The columns of a list: which are shown, in which order, and the list whose column settings are open.
//!
//! What a person chooses holds for every list of the same name. The window of the column settings knows no list: a list
//! leaves its columns and its sort in the context while it is drawn, and takes the sort that was chosen from there.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use egui::mutex::Mutex;
use egui::{Context, Id};

use super::super::super::settings::GridLayout;
use super::model::{Column, GridModel};
use super::rows::RowSet;
use super::sort::{self, SortBy};
use super::state::{GridState, change_layout, layout};

/// The columns of a list in the order chosen, hidden ones as well, by number.
#[must_use]
pub fn arranged(columns: &[Column], layout: &GridLayout) -> Vec<usize> {
    let number = |title: &String| columns.iter().position(|column| column.title == title);
    let mut order: Vec<usize> = layout.order.iter().filter_map(number).collect();
    for index in 0..columns.len() {
        if !order.contains(&index) {
            // A column that was not there when the order was chosen stands behind the one that it follows by default.
            let place = order.iter().position(|other| Some(*other) == index.checked_sub(1)).map_or(0, |before| before + 1);
            order.insert(place, index);
        }
    }
    order
}

/// The columns shown of a list, by number, in the order chosen.
#[must_use]
pub fn shown_columns(columns: &[Column], layout: &GridLayout) -> Vec<usize> {
    let mut order = arranged(columns, layout);
    order.retain(|index| {
        columns.get(*index).is_some_and(|column| match &layout.shown {
            Some(shown) => shown.contains(column.title),
            None => !column.hidden,
        })
    });
    if order.is_empty() { vec![0] } else { order }
}

/// Columns of a list and, hidden at first, one for each attribute that none of them is about.
#[must_use]
pub fn attribute_columns<'a>(columns: &[Column], names: impl Iterator<Item = &'a str>) -> Vec<Column> {
    let mut all = columns.to_vec();
    for name in names {
        if !all.iter().any(|column| column.title.eq_ignore_ascii_case(name)) {
            all.push(Column::text(interned(name), 180.0).optional());
        }
    }
    all
}

/// The shown ones of the columns behind the `fixed` first ones, which are attributes.
#[must_use]
pub fn attributes_shown(ctx: &Context, name: &str, columns: &[Column], fixed: usize) -> Vec<String> {
    let shown = shown_columns(columns, &layout(ctx, name)).into_iter().filter(|index| *index >= fixed);
    let mut titles: Vec<String> = shown.filter_map(|index| columns.get(index)).map(|column| column.title.to_owned()).collect();
    titles.sort();
    titles
}

/// A name that stays as long as the program: titles are known when lists are made, names of attributes are not. There are
/// as many as attributes in the schemas, some hundred.
fn interned(name: &str) -> &'static str {
    static NAMES: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut names = NAMES.lock();
    if let Some(known) = names.get(name) {
        return known;
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(name);
    name
}

/// Puts a column before another one; behind all of them without one.
pub fn put_before(ctx: &Context, name: &str, columns: &[Column], moved: usize, before: Option<usize>) {
    if before == Some(moved) {
        return;
    }
    let mut order = arranged(columns, &layout(ctx, name));
    order.retain(|index| *index != moved);
    let place = before.and_then(|before| order.iter().position(|index| *index == before)).unwrap_or(order.len());
    order.insert(place, moved);
    let titles: Vec<String> =
        order.iter().filter_map(|index| columns.get(*index)).map(|column| column.title.to_owned()).collect();
    change_layout(ctx, name, |layout| {
        let unknown = layout.order.iter().filter(|title| !columns.iter().any(|column| column.title == *title)).cloned();
        let unknown: Vec<String> = unknown.collect();
        layout.order = titles.into_iter().chain(unknown).collect();
    });
}

/// Puts a column one place to the left (-1) or to the right (1) among some columns in order.
pub fn move_by(ctx: &Context, name: &str, columns: &[Column], among: &[usize], moved: usize, by: isize) {
    let Some(place) = among.iter().position(|index| *index == moved) else { return };
    let before = match by {
        ..0 => place.checked_sub(1).and_then(|place| among.get(place)),
        _ => among.get(place + 2),
    };
    if before.is_some() || (by > 0 && place + 1 < among.len()) {
        put_before(ctx, name, columns, moved, before.copied());
    }
}

/// Shows or hides a column; the last one shown stays.
pub fn show_column(ctx: &Context, name: &str, columns: &[Column], column: usize, on: bool) {
    let mut shown = shown_columns(columns, &layout(ctx, name));
    shown.retain(|index| *index != column);
    if on {
        shown.push(column);
    }
    if shown.is_empty() {
        return;
    }
    let titles: Vec<String> =
        shown.iter().filter_map(|index| columns.get(*index)).map(|column| column.title.to_owned()).collect();
    change_layout(ctx, name, |layout| {
        // Attributes of other connectors stay chosen.
        let mut kept = layout.shown.take().unwrap_or_default();
        kept.retain(|title| !columns.iter().any(|column| column.title == title));
        layout.shown = Some(titles.into_iter().chain(kept).collect());
    });
}

/// The list whose column settings are open.
#[derive(Clone, Debug)]
pub struct ColumnSettings {
    /// Name of the list.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How it is sorted.
    pub sort: Vec<SortBy>,
    /// Columns that cannot be sorted by, and why.
    pub unsortable: Option<(Vec<usize>, String)>,
    /// The list is drawn.
    pub visible: bool,
    grid: Id,
    wanted: Option<Vec<SortBy>>,
    /// Pass in which the list was drawn last.
    seen: u64,
}

/// At most one list's settings are open in a context.
#[derive(Clone, Default)]
struct Open(Arc<Mutex<Option<ColumnSettings>>>);

fn open(ctx: &Context) -> Open {
    ctx.data_mut(|data| data.get_temp_mut_or_default::<Open>(Id::unique("column settings")).clone())
}

/// Opens the column settings of a list.
pub(super) fn ask<M: GridModel>(ctx: &Context, grid: Id, model: &M) {
    *open(ctx).0.lock() = Some(ColumnSettings {
        name: model.name().to_owned(),
        columns: model.columns().to_vec(),
        sort: Vec::new(),
        unsortable: None,
        visible: true,
        grid,
        wanted: None,
        seen: ctx.cumulative_pass_nr(),
    });
    ctx.request_repaint();
}

/// The list whose column settings are open, if any is.
#[must_use]
pub fn present(ctx: &Context) -> Option<ColumnSettings> {
    let mut settings = open(ctx).0.lock().clone()?;
    settings.visible = settings.seen + 2 >= ctx.cumulative_pass_nr();
    Some(settings)
}

/// Sorts the list whose column settings are open.
pub fn sort_by(ctx: &Context, sort: Vec<SortBy>) {
    if let Some(settings) = open(ctx).0.lock().as_mut() {
        settings.wanted = Some(sort);
    }
    ctx.request_repaint();
}

/// Closes the column settings.
pub fn forget(ctx: &Context) {
    *open(ctx).0.lock() = None;
}

/// Exchanges columns and sort with the open settings, if they are those of this list.
pub(super) fn serve<M: GridModel>(ctx: &Context, grid: Id, model: &M, rows: &RowSet<M::Row>, state: &mut GridState) {
    let held = open(ctx);
    let mut held = held.0.lock();
    let Some(settings) = held.as_mut().filter(|settings| settings.grid == grid) else { return };
    if let Some(wanted) = settings.wanted.take() {
        state.sort = wanted;
    }
    settings.seen = ctx.cumulative_pass_nr();
    settings.sort.clone_from(&state.sort);
    settings.columns = model.columns().to_vec();
    settings.unsortable = sort::unsortable(model, rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::text("Name", 100.0),
        Column::text("Status", 100.0),
        Column::number("Adds", 60.0).optional(),
        Column::text("Time", 100.0),
    ];

    fn titles(order: &[usize]) -> Vec<&'static str> {
        order.iter().map(|index| COLUMNS[*index].title).collect()
    }

    #[test]
    fn columns_stand_in_the_order_chosen_and_new_ones_behind_their_neighbour() {
        let check = |order: &[&str], expected: &[&str]| {
            let layout = GridLayout { order: order.iter().map(|title| (*title).to_owned()).collect(), ..GridLayout::default() };
            assert_eq!(titles(&arranged(&COLUMNS, &layout)), expected);
        };
        check(&[], &["Name", "Status", "Adds", "Time"]);
        check(&["Time", "Name", "Status", "Adds"], &["Time", "Name", "Status", "Adds"]);
        check(&["Time", "Status", "Name"], &["Time", "Status", "Adds", "Name"]);
        check(&["Time", "gone"], &["Name", "Status", "Adds", "Time"]);
    }

    #[test]
    fn a_column_moves_among_those_that_are_shown() {
        let ctx = Context::default();
        let shown = || titles(&shown_columns(&COLUMNS, &layout(&ctx, "list")));
        let step = |moved: usize, by: isize| {
            let among = shown_columns(&COLUMNS, &layout(&ctx, "list"));
            move_by(&ctx, "list", &COLUMNS, &among, moved, by);
        };
        assert_eq!(shown(), ["Name", "Status", "Time"]);
        step(3, -1);
        assert_eq!(shown(), ["Name", "Time", "Status"]);
        step(0, -1);
        step(1, 1);
        assert_eq!(shown(), ["Name", "Time", "Status"], "the ends are the ends");
        step(0, 1);
        assert_eq!(shown(), ["Time", "Name", "Status"]);
        put_before(&ctx, "list", &COLUMNS, 3, None);
        assert_eq!(shown(), ["Name", "Status", "Time"]);
        show_column(&ctx, "list", &COLUMNS, 2, true);
        show_column(&ctx, "list", &COLUMNS, 0, false);
        assert_eq!(shown(), ["Status", "Adds", "Time"]);
        for column in 0..4 {
            show_column(&ctx, "list", &COLUMNS, column, false);
        }
        assert_eq!(shown(), ["Time"], "the last one stays");
    }
}
