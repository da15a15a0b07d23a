//! What the person does with a list: filter, sort, selection; and the order that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use egui::Id;

use super::super::super::settings::GridLayout;
use super::model::{Column, GridModel, RowKey, SortKey};
use super::rows::RowSet;

/// State of one list.
#[derive(Debug, Default)]
pub struct GridState {
    /// Text that rows must contain.
    pub filter: String,
    /// Column and whether descending; the documented order otherwise.
    pub sort: Option<(usize, bool)>,
    /// Rows selected.
    pub selected: BTreeSet<RowKey>,
    /// The row that keys move.
    pub cursor: Option<RowKey>,
    /// Where a range began.
    pub anchor: Option<RowKey>,
    /// The filter box takes the keyboard at the next frame.
    pub focus_filter: bool,
    /// Row to bring into view.
    pub scroll_to: Option<RowKey>,
    /// Cell that the context menu is about.
    pub menu_cell: Option<(u64, usize)>,
    /// The rows shall be written to a file.
    pub export: bool,
    /// All rows shall be selected, those not fetched yet as well.
    pub(super) select_all: bool,
    /// Letters typed one after another, and when the last one was.
    pub(super) typed: String,
    pub(super) typed_at: f64,
    /// The context menu shall open.
    pub(super) open_menu: bool,
    order: Order,
}

#[derive(Debug, Default)]
struct Order {
    version: u64,
    filter: String,
    sort: Option<(usize, bool)>,
    columns: Vec<usize>,
    positions: Option<Vec<u64>>,
}

impl GridState {
    /// Selects one row and nothing else.
    pub fn select(&mut self, key: RowKey) {
        self.selected = BTreeSet::from([key]);
        self.cursor = Some(key);
        self.anchor = Some(key);
    }

    /// Selects nothing.
    pub fn clear_selection(&mut self) {
        self.selected.clear();
        self.cursor = None;
        self.anchor = None;
    }

    /// The one selected row.
    #[must_use]
    pub fn single(&self) -> Option<RowKey> {
        match self.selected.len() {
            1 => self.selected.first().copied(),
            _ => self.cursor.filter(|key| self.selected.contains(key)),
        }
    }

    /// Next sort after a click on a header: ascending, descending, the default again.
    pub fn click_header(&mut self, column: usize) {
        self.sort = match self.sort {
            Some((sorted, false)) if sorted == column => Some((column, true)),
            Some((sorted, true)) if sorted == column => None,
            _ => Some((column, false)),
        };
    }

    /// Works out which rows are shown, in which order; cheap when nothing changed.
    pub fn arrange<M: GridModel>(&mut self, model: &M, rows: &mut RowSet<M::Row>, columns: &[usize]) {
        if self.filter.is_empty() && self.sort.is_none() {
            let pinned = rows.iter().take(super::rows::PAGE as usize).any(|(position, row)| position > 0 && model.pinned(row));
            if !pinned {
                self.order.positions = None;
                return;
            }
        } else {
            rows.want_all();
        }
        let order = &mut self.order;
        let same =
            order.version == rows.version() && order.sort == self.sort && order.filter == self.filter && order.columns == columns;
        if same && order.positions.is_some() {
            return;
        }
        let needle = self.filter.to_lowercase();
        let mut positions: Vec<u64> = if needle.is_empty() && self.sort.is_none() {
            (0..rows.total()).collect()
        } else {
            rows.iter()
                .filter(|(_, row)| needle.is_empty() || contains(model, row, columns, &needle))
                .map(|(position, _)| position)
                .collect()
        };
        match self.sort {
            Some((column, descending)) => {
                let keys: BTreeMap<u64, SortKey> = positions
                    .iter()
                    .filter_map(|position| Some((*position, model.sort_key(rows.get(*position)?, column))))
                    .collect();
                positions.sort_by(|a, b| {
                    let order = keys.get(a).cmp(&keys.get(b));
                    if descending { order.reverse().then(a.cmp(b)) } else { order.then(a.cmp(b)) }
                });
            }
            None => positions.sort_by_key(|position| !rows.get(*position).is_some_and(|row| model.pinned(row))),
        }
        *order = Order {
            version: rows.version(),
            filter: self.filter.clone(),
            sort: self.sort,
            columns: columns.to_vec(),
            positions: Some(positions),
        };
    }

    /// Number of rows shown.
    #[must_use]
    pub fn shown<T>(&self, rows: &RowSet<T>) -> u64 {
        self.order.positions.as_ref().map_or(rows.total(), |positions| positions.len() as u64)
    }

    /// Position in the row set of the row shown at a place.
    #[must_use]
    pub fn position(&self, place: u64) -> u64 {
        self.order.positions.as_ref().and_then(|positions| positions.get(place as usize).copied()).unwrap_or(place)
    }

    /// The place at which a row is shown.
    #[must_use]
    pub fn place<M: GridModel>(&self, model: &M, rows: &RowSet<M::Row>, key: RowKey) -> Option<u64> {
        let shown = self.shown(rows);
        match &self.order.positions {
            None => rows.iter().find(|(_, row)| model.key(row) == key).map(|(position, _)| position),
            Some(_) => (0..shown).find(|place| rows.get(self.position(*place)).is_some_and(|row| model.key(row) == key)),
        }
    }
}

fn contains<M: GridModel>(model: &M, row: &M::Row, columns: &[usize], needle: &str) -> bool {
    columns.iter().any(|column| model.text(row, *column).to_lowercase().contains(needle))
}

/// The columns shown of a list, by number.
#[must_use]
pub fn shown_columns(columns: &[Column], layout: &GridLayout) -> Vec<usize> {
    let shown: Vec<usize> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| match &layout.shown {
            Some(shown) => shown.contains(column.title),
            None => !column.hidden,
        })
        .map(|(index, _)| index)
        .collect();
    if shown.is_empty() { vec![0] } else { shown }
}

/// The remembered layouts of all lists, kept in the context.
#[derive(Clone, Debug, Default)]
struct Layouts(BTreeMap<String, GridLayout>);

fn layouts_id() -> Id {
    Id::unique("grid layouts")
}

/// Puts remembered layouts into a context.
pub fn restore_layouts(ctx: &egui::Context, layouts: BTreeMap<String, GridLayout>) {
    ctx.data_mut(|data| data.insert_temp(layouts_id(), Layouts(layouts)));
}

/// All layouts, to remember them.
#[must_use]
pub fn all_layouts(ctx: &egui::Context) -> BTreeMap<String, GridLayout> {
    ctx.data(|data| data.get_temp::<Layouts>(layouts_id())).unwrap_or_default().0
}

/// The layout of one list.
#[must_use]
pub fn layout(ctx: &egui::Context, name: &str) -> GridLayout {
    ctx.data_mut(|data| data.get_temp_mut_or_default::<Layouts>(layouts_id()).0.get(name).cloned()).unwrap_or_default()
}

/// Changes the layout of one list.
pub fn change_layout(ctx: &egui::Context, name: &str, change: impl FnOnce(&mut GridLayout)) {
    ctx.data_mut(|data| change(data.get_temp_mut_or_default::<Layouts>(layouts_id()).0.entry(name.to_owned()).or_default()));
}
