//! A list on its way into a file: the list turns its rows into text, some in every frame, and a window writes them.
//!
//! One list at a time is exported. What is asked for stands in the context, so that every list can be asked without
//! knowing the window.

use std::sync::Arc;

use egui::mutex::Mutex;
use egui::{Context, Id};

use super::model::GridModel;
use super::rows::RowSet;
use super::state::GridState;

/// Rows turned into text in one frame.
const PER_FRAME: u64 = 1000;

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// The person chooses format and file.
    Asked,
    /// Rows become text; the row set may not change meanwhile.
    Collecting { version: u64 },
    /// All rows are text.
    Collected,
}

#[derive(Debug)]
struct Export {
    number: u64,
    grid: Id,
    name: String,
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
    shown: u64,
    phase: Phase,
    /// Pass in which the list was drawn last.
    seen: u64,
}

/// The exports of a context: at most one.
#[derive(Clone, Default)]
struct Exports(Arc<Mutex<(u64, Option<Export>)>>);

fn exports(ctx: &Context) -> Exports {
    ctx.data_mut(|data| data.get_temp_mut_or_default::<Exports>(Id::unique("grid exports")).clone())
}

/// What the window shows of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportState {
    /// Another number is another export.
    pub number: u64,
    /// Name of the list.
    pub name: String,
    /// Rows that the list shows.
    pub rows: u64,
    /// Rows that are text so far.
    pub collected: u64,
    /// The list is drawn.
    pub visible: bool,
}

/// The rows of a list as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct GridText {
    /// Name of the list.
    pub name: String,
    /// Titles of the columns shown.
    pub titles: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// Asks for the rows of a list; the window that asks for the file opens.
pub(super) fn ask(ctx: &Context, grid: Id, name: &str) {
    let exports = exports(ctx);
    let mut held = exports.0.lock();
    held.0 += 1;
    held.1 = Some(Export {
        number: held.0,
        grid,
        name: name.to_owned(),
        titles: Vec::new(),
        rows: Vec::new(),
        shown: 0,
        phase: Phase::Asked,
        seen: ctx.cumulative_pass_nr(),
    });
}

/// What is asked for, if anything is.
#[must_use]
pub fn present(ctx: &Context) -> Option<ExportState> {
    let exports = exports(ctx);
    let held = exports.0.lock();
    let export = held.1.as_ref()?;
    Some(ExportState {
        number: export.number,
        name: export.name.clone(),
        rows: export.shown,
        collected: export.rows.len() as u64,
        visible: export.seen + 2 >= ctx.cumulative_pass_nr(),
    })
}

/// Lets the list begin to turn its rows into text.
pub fn collect(ctx: &Context) {
    if let Some(export) = &mut exports(ctx).0.lock().1 {
        export.phase = Phase::Collecting { version: 0 };
        export.rows.clear();
    }
    ctx.request_repaint();
}

/// The rows, once all are text; they can be asked for again.
#[must_use]
pub fn take(ctx: &Context) -> Option<GridText> {
    let exports = exports(ctx);
    let mut held = exports.0.lock();
    let export = held.1.as_mut().filter(|export| export.phase == Phase::Collected)?;
    export.phase = Phase::Asked;
    Some(GridText {
        name: export.name.clone(),
        titles: std::mem::take(&mut export.titles),
        rows: std::mem::take(&mut export.rows),
    })
}

/// Stops turning rows into text.
pub fn pause(ctx: &Context) {
    if let Some(export) = &mut exports(ctx).0.lock().1 {
        export.phase = Phase::Asked;
        export.rows.clear();
    }
}

/// Nothing is asked for any more.
pub fn forget(ctx: &Context) {
    exports(ctx).0.lock().1 = None;
}

/// Serves what is asked of this list; called in every frame in which it is drawn.
pub(super) fn serve<M: GridModel>(
    ctx: &Context,
    grid: Id,
    model: &M,
    rows: &mut RowSet<M::Row>,
    state: &GridState,
    columns: &[usize],
) {
    let exports = exports(ctx);
    let mut held = exports.0.lock();
    let Some(export) = held.1.as_mut().filter(|export| export.grid == grid) else { return };
    export.seen = ctx.cumulative_pass_nr();
    export.shown = state.shown(rows);
    let Phase::Collecting { version } = export.phase else { return };
    let titles: Vec<String> =
        columns.iter().filter_map(|index| model.columns().get(*index)).map(|column| column.title.to_owned()).collect();
    if !rows.is_complete() {
        rows.want_all();
        ctx.request_repaint();
        return;
    }
    if version != rows.version() || titles != export.titles {
        export.rows.clear();
        export.titles = titles;
        export.phase = Phase::Collecting { version: rows.version() };
    }
    let begin = export.rows.len() as u64;
    for place in begin..export.shown.min(begin + PER_FRAME) {
        let row = rows.get(state.position(place));
        export.rows.push(row.map(|row| columns.iter().map(|column| model.text(row, *column)).collect()).unwrap_or_default());
    }
    if export.rows.len() as u64 >= export.shown {
        export.phase = Phase::Collected;
    }
    ctx.request_repaint();
}
