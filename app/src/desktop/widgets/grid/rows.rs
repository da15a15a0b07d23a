//! The rows of a list: all at hand, or fetched page by page as they come into view.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use syncline_engine::service::Page;

use super::super::super::worker::{Pending, Worker};

/// Rows fetched at once.
pub const PAGE: u64 = 500;
/// Rows up to which a list that is fetched page by page is fetched whole to be sorted; the engine sorts longer ones.
pub const MOST_SORTED: u64 = 20_000;

static NEXT_VERSION: AtomicU64 = AtomicU64::new(1);

fn next_version() -> u64 {
    NEXT_VERSION.fetch_add(1, Ordering::Relaxed)
}

/// Rows by position; some may not have been fetched yet.
#[derive(Debug)]
pub struct RowSet<T> {
    pages: BTreeMap<u64, Vec<T>>,
    total: u64,
    version: u64,
    generation: u64,
    wanted: BTreeSet<u64>,
    paged: bool,
}

impl<T> Default for RowSet<T> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl<T> RowSet<T> {
    /// All rows at once.
    #[must_use]
    pub fn new(rows: Vec<T>) -> Self {
        let total = rows.len() as u64;
        let mut pages = BTreeMap::new();
        let mut rows = rows.into_iter();
        for page in 0..total.div_ceil(PAGE) {
            pages.insert(page, rows.by_ref().take(PAGE as usize).collect());
        }
        let version = next_version();
        Self { pages, total, version, generation: version, wanted: BTreeSet::new(), paged: false }
    }

    /// Number of rows, fetched or not.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Changes whenever the rows do.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Changes whenever rows that were here already may have changed; not when further ones arrive.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The pages that are here: number, position of the first row, rows.
    pub fn pages(&self) -> impl Iterator<Item = (u64, u64, &[T])> {
        self.pages.iter().map(|(page, rows)| (*page, page * PAGE, rows.as_slice()))
    }

    /// The row at a position, if it was fetched.
    #[must_use]
    pub fn get(&self, position: u64) -> Option<&T> {
        self.pages.get(&(position / PAGE))?.get((position % PAGE) as usize)
    }

    /// Fetched rows with their positions.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.pages
            .iter()
            .flat_map(|(page, rows)| rows.iter().enumerate().map(move |(index, row)| (page * PAGE + index as u64, row)))
    }

    /// True when the rows are fetched page by page and are more than a list sorts by itself.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.paged && self.total > MOST_SORTED
    }

    /// True when every row was fetched.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.pages.len() as u64 == self.total.div_ceil(PAGE)
    }

    /// Says that these rows are looked at.
    pub fn want(&mut self, positions: Range<u64>) {
        if positions.is_empty() || self.total == 0 {
            return;
        }
        let last = (positions.end - 1).min(self.total - 1);
        for page in positions.start / PAGE..=last / PAGE {
            if !self.pages.contains_key(&page) {
                self.wanted.insert(page);
            }
        }
    }

    /// Says that every row is needed, for a sort or a filter; fetched a few pages at a time.
    pub fn want_all(&mut self) {
        let missing: Vec<u64> = (0..self.total.div_ceil(PAGE)).filter(|page| !self.pages.contains_key(page)).take(4).collect();
        self.wanted.extend(missing);
    }

    /// Changes one row in place, or puts a new one on top.
    pub fn upsert_first(&mut self, row: T, same: impl Fn(&T) -> bool) {
        self.version = next_version();
        self.generation = self.version;
        if let Some(place) = self.pages.values_mut().flatten().find(|candidate| same(candidate)) {
            *place = row;
            return;
        }
        let first = self.pages.entry(0).or_default();
        first.insert(0, row);
        first.truncate(PAGE as usize);
        self.pages.retain(|page, _| *page == 0);
        self.total += 1;
    }
}

type Fetch<T> = Arc<dyn Fn(u64, u64) -> Result<Page<T>, String> + Send + Sync>;

/// Fetches the pages of a [`RowSet`].
pub struct Pager<T> {
    /// The rows so far.
    pub rows: RowSet<T>,
    fetch: Option<Fetch<T>>,
    first: Option<Pending<Page<T>>>,
    further: BTreeMap<u64, Pending<Page<T>>>,
    error: Option<String>,
    answered: bool,
}

impl<T> Default for Pager<T> {
    fn default() -> Self {
        Self { rows: RowSet::default(), fetch: None, first: None, further: BTreeMap::new(), error: None, answered: false }
    }
}

impl<T: Send + 'static> Pager<T> {
    /// Asks a new question; the rows of the earlier one stay until its first page is here.
    pub fn ask(&mut self, worker: &Worker, fetch: impl Fn(u64, u64) -> Result<Page<T>, String> + Send + Sync + 'static) {
        let fetch: Fetch<T> = Arc::new(fetch);
        self.fetch = Some(Arc::clone(&fetch));
        self.further.clear();
        self.first = Some(worker.ask(move || fetch(0, PAGE)));
    }

    /// Takes in the pages that arrived and asks for those looked at; true when rows changed.
    pub fn poll(&mut self, worker: &Worker) -> bool {
        let mut changed = false;
        if let Some(answer) = self.first.as_ref().and_then(Pending::take) {
            self.first = None;
            self.answered = true;
            changed = true;
            match answer {
                Ok(page) => {
                    let wanted = std::mem::take(&mut self.rows.wanted);
                    let version = next_version();
                    let (total, pages) = (page.total, BTreeMap::new());
                    self.rows = RowSet { total, pages, version, generation: version, wanted, paged: true };
                    if !page.rows.is_empty() {
                        self.rows.pages.insert(0, page.rows);
                    }
                    self.error = None;
                }
                Err(error) => self.error = Some(error),
            }
        }
        let arrived: Vec<(u64, Result<Page<T>, String>)> =
            self.further.iter().filter_map(|(page, pending)| Some((*page, pending.take()?))).collect();
        for (page, answer) in arrived {
            self.further.remove(&page);
            changed = true;
            match answer {
                Ok(answer) => {
                    self.rows.pages.insert(page, answer.rows);
                    self.rows.version = next_version();
                }
                Err(error) => self.error = Some(error),
            }
        }
        self.fetch_wanted(worker);
        changed
    }

    fn fetch_wanted(&mut self, worker: &Worker) {
        let wanted = std::mem::take(&mut self.rows.wanted);
        let (Some(fetch), None, None) = (&self.fetch, &self.first, &self.error) else { return };
        for page in wanted {
            if self.rows.pages.contains_key(&page) || self.further.contains_key(&page) {
                continue;
            }
            let fetch = Arc::clone(fetch);
            self.further.insert(page, worker.ask(move || fetch(page * PAGE, PAGE)));
        }
    }

    /// Waits no longer for what was asked; a late answer is dropped. The rows that are here stay.
    pub fn stop(&mut self) {
        self.first = None;
        self.further.clear();
        self.rows.wanted.clear();
    }

    /// True while a page is on its way.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.first.is_some() || !self.further.is_empty()
    }

    /// True when the first page of some question has arrived.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    /// Why rows could not be fetched.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Forgets rows and question.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_come_as_they_are_looked_at() {
        let worker = Worker::inline(egui::Context::default());
        let mut pager = Pager::default();
        pager.ask(&worker, |offset, limit| Ok(Page { rows: (offset..(offset + limit).min(100_000)).collect(), total: 100_000 }));
        assert!(pager.poll(&worker));
        assert_eq!((pager.rows.total(), pager.rows.get(499), pager.rows.get(500)), (100_000, Some(&499), None));
        pager.rows.want(90_000..90_030);
        pager.poll(&worker);
        assert!(pager.poll(&worker));
        assert_eq!(pager.rows.get(90_010), Some(&90_010));
        assert!(!pager.rows.is_complete());
    }

    #[test]
    fn a_new_row_comes_on_top_and_an_old_one_changes_in_place() {
        let mut rows = RowSet::new(vec![(2, "b"), (1, "a")]);
        rows.upsert_first((3, "c"), |row| row.0 == 3);
        rows.upsert_first((1, "A"), |row| row.0 == 1);
        assert_eq!(rows.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [(3, "c"), (2, "b"), (1, "A")]);
        assert_eq!(rows.total(), 3);
    }

    #[test]
    fn a_failure_keeps_the_rows() {
        let worker = Worker::inline(egui::Context::default());
        let mut pager = Pager::default();
        pager.ask(&worker, |_, _| Ok(Page { rows: vec![1], total: 1 }));
        pager.poll(&worker);
        pager.ask(&worker, |_, _| Err("no answer".to_owned()));
        pager.poll(&worker);
        assert_eq!((pager.rows.get(0), pager.error()), (Some(&1), Some("no answer")));
    }
}
