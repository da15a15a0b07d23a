//! What the person does with a list: filter, sort, selection; and the order that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use egui::{Id, Pos2, Rect};

use super::super::super::settings::GridLayout;
use super::fit::Measured;
use super::model::{GridModel, RowKey};
use super::rows::RowSet;
use super::sort::{self, SortBy};

/// State of one list.
#[derive(Debug, Default)]
pub struct GridState {
    /// Text that rows must contain.
    pub filter: String,
    /// Keys of the sort, the first one first; none means the documented order.
    pub sort: Vec<SortBy>,
    /// The engine was asked with the filter; rows that arrive meet it already.
    pub engine_filters: bool,
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
    /// The column settings shall open.
    pub column_settings: bool,
    /// All rows shall be selected, those not fetched yet as well.
    pub(super) select_all: bool,
    /// Letters typed one after another, and when the last one was.
    pub(super) typed: String,
    pub(super) typed_at: f64,
    /// The context menu shall open.
    pub(super) open_menu: bool,
    /// The context menu of the row that keys move shall open, below it.
    pub(super) menu_by_keys: bool,
    /// Where the context menu that keys opened stands; at the pointer otherwise.
    pub(super) menu_at: Option<Pos2>,
    /// Column whose header is being dragged.
    pub(super) dragged: Option<usize>,
    /// The headers drawn, from left to right, and where each is.
    pub(super) headers: Vec<(usize, Rect)>,
    /// What the columns need.
    pub(super) measured: Measured,
    order: Order,
}

#[derive(Debug, Default)]
struct Order {
    version: u64,
    filter: String,
    sort: Vec<SortBy>,
    columns: Vec<usize>,
    positions: Option<Vec<u64>>,
    found: Found,
}

/// Rows that meet the filter, page by page: pages that arrive later do not mean to look at all of them again.
#[derive(Debug, Default)]
struct Found {
    generation: u64,
    filter: String,
    columns: Vec<usize>,
    pages: BTreeMap<u64, Vec<u64>>,
}

impl GridState {
    /// The state of a list whose filter is always asked of the engine.
    #[must_use]
    pub fn filtered_by_engine() -> Self {
        Self { engine_filters: true, ..Self::default() }
    }

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

    /// Works out which rows are shown, in which order; cheap when nothing changed.
    pub fn arrange<M: GridModel>(&mut self, model: &M, rows: &mut RowSet<M::Row>, columns: &[usize]) {
        let long = rows.is_long();
        let filter = if self.engine_filters { "" } else { self.filter.as_str() };
        let needle = filter.to_lowercase();
        // The engine sorts a long list, which arrives in order; a sort begins once every row is here.
        let sorts = !self.sort.is_empty() && !long;
        if sorts || !needle.is_empty() {
            rows.want_all();
        }
        let sort: &[SortBy] = if sorts && rows.is_complete() { &self.sort } else { &[] };
        if needle.is_empty() && sort.is_empty() {
            let pinned = rows.iter().take(super::rows::PAGE as usize).any(|(position, row)| position > 0 && model.pinned(row));
            if !pinned || !self.sort.is_empty() {
                self.order.positions = None;
                return;
            }
        }
        let order = &mut self.order;
        let same = order.version == rows.version() && order.sort == sort && order.filter == needle && order.columns == columns;
        if same && order.positions.is_some() {
            return;
        }
        let mut positions: Vec<u64> = if needle.is_empty() {
            (0..rows.total()).collect()
        } else {
            order.found.fill(model, rows, columns, &needle);
            order.found.pages.values().flatten().copied().collect()
        };
        if sort.is_empty() {
            positions.sort_by_key(|position| !rows.get(*position).is_some_and(|row| model.pinned(row)));
        } else {
            sort::arrange(model, rows, sort, &mut positions);
        }
        order.version = rows.version();
        order.filter = needle;
        order.sort = sort.to_vec();
        order.columns = columns.to_vec();
        order.positions = Some(positions);
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

impl Found {
    /// Looks at the pages that were not looked at yet.
    fn fill<M: GridModel>(&mut self, model: &M, rows: &RowSet<M::Row>, columns: &[usize], needle: &str) {
        let same = self.generation == rows.generation() && self.filter == needle && self.columns == columns;
        if !same {
            *self = Self {
                generation: rows.generation(),
                filter: needle.to_owned(),
                columns: columns.to_vec(),
                pages: BTreeMap::new(),
            };
        }
        for (page, first, page_rows) in rows.pages() {
            self.pages.entry(page).or_insert_with(|| {
                let found = (first..).zip(page_rows).filter(|(_, row)| contains(model, row, columns, needle));
                found.map(|(position, _)| position).collect()
            });
        }
    }
}

fn contains<M: GridModel>(model: &M, row: &M::Row, columns: &[usize], needle: &str) -> bool {
    columns.iter().any(|column| model.text(row, *column).to_lowercase().contains(needle))
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
