//! Sorting a list by one column or several, here or by the engine.

use super::super::super::format::count;
use super::model::{GridModel, SortKey};
use super::rows::{MOST_SORTED, RowSet};

/// One key of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// Number of the column.
    pub column: usize,
    /// Greatest first.
    pub descending: bool,
}

impl SortBy {
    /// A column, smallest first.
    #[must_use]
    pub fn ascending(column: usize) -> Self {
        Self { column, descending: false }
    }
}

/// What a click on a header makes of a sort: ascending, descending, the default again. With `further`, the other keys
/// stay and the column comes behind them.
#[must_use]
pub fn after_click(sort: &[SortBy], column: usize, further: bool) -> Vec<SortBy> {
    let present = sort.iter().find(|key| key.column == column);
    if further {
        let mut sort = sort.to_vec();
        match present {
            None => sort.push(SortBy::ascending(column)),
            Some(key) if key.descending => sort.retain(|key| key.column != column),
            Some(_) => sort.iter_mut().filter(|key| key.column == column).for_each(|key| key.descending = true),
        }
        return sort;
    }
    match present.filter(|_| sort.len() == 1) {
        Some(key) if key.descending => Vec::new(),
        Some(_) => vec![SortBy { column, descending: true }],
        None => vec![SortBy::ascending(column)],
    }
}

/// How a column is sorted, in words; nothing for one that is no key.
#[must_use]
pub fn in_words(sort: &[SortBy], column: usize) -> Option<String> {
    let place = sort.iter().position(|key| key.column == column)?;
    let word = if sort.get(place)?.descending { "descending" } else { "ascending" };
    Some(if sort.len() == 1 { format!("Sorted {word}") } else { format!("Sorted {word}, key {} of {}", place + 1, sort.len()) })
}

/// Columns by which a list cannot be sorted at present, and why; `None` when it can by every column.
pub(super) fn unsortable<M: GridModel>(model: &M, rows: &RowSet<M::Row>) -> Option<(Vec<usize>, String)> {
    if !rows.is_long() {
        return None;
    }
    let engine = model.engine_order();
    let sorted: Vec<&str> = engine.iter().filter_map(|key| model.columns().get(key.column)).map(|column| column.title).collect();
    let possible = |index: &usize| engine.iter().any(|key| key.column == *index);
    let columns = (0..model.columns().len()).filter(|index| !possible(index)).collect();
    let by =
        if sorted.is_empty() { "keep their order".to_owned() } else { format!("are sorted by {} only", sorted.join(" or ")) };
    Some((columns, format!("Lists of more than {} rows {by}; narrow the list down first", count(MOST_SORTED))))
}

/// What a list asks of the engine besides its question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Text that rows must contain; empty when the list filters by itself.
    pub text: String,
    /// The opposite of the engine's own order.
    pub reversed: bool,
    /// Titles of the columns shown that are attributes.
    pub attributes: Vec<String>,
}

/// Whether the engine shall give the rows of a long list in the opposite of its own order.
#[must_use]
pub fn is_reversed<M: GridModel>(model: &M, rows: &RowSet<M::Row>, sort: &[SortBy]) -> bool {
    let opposite = |key: &SortBy| {
        model.engine_order().iter().any(|natural| natural.column == key.column && natural.descending != key.descending)
    };
    rows.is_long() && sort.first().is_some_and(opposite)
}

/// Puts positions in order by the keys of a sort; rows that are equal stay in the order of the list.
pub(super) fn arrange<M: GridModel>(model: &M, rows: &RowSet<M::Row>, sort: &[SortBy], positions: &mut Vec<u64>) {
    let keyed = |position: u64| {
        let row = rows.get(position);
        let keys: Vec<Option<SortKey>> = sort.iter().map(|by| row.map(|row| model.sort_key(row, by.column))).collect();
        (keys, position)
    };
    let mut rows: Vec<(Vec<Option<SortKey>>, u64)> = positions.iter().copied().map(keyed).collect();
    rows.sort_by(|(a, first), (b, second)| {
        let pairs = a.iter().zip(b).zip(sort);
        let unequal = pairs.map(|((a, b), by)| if by.descending { b.cmp(a) } else { a.cmp(b) }).find(|order| order.is_ne());
        unequal.unwrap_or_else(|| first.cmp(second))
    });
    positions.clear();
    positions.extend(rows.into_iter().map(|(_, position)| position));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(sort: &[SortBy]) -> String {
        sort.iter().map(|key| format!("{}{}", key.column, if key.descending { "v" } else { "^" })).collect()
    }

    #[test]
    fn clicks_go_round_and_shift_adds_a_key() {
        let check = |clicks: &[(usize, bool)], expected: &str| {
            let sort = clicks.iter().fold(Vec::new(), |sort, (column, further)| after_click(&sort, *column, *further));
            assert_eq!(written(&sort), expected, "{clicks:?}");
        };
        check(&[(2, false)], "2^");
        check(&[(2, false), (2, false)], "2v");
        check(&[(2, false), (2, false), (2, false)], "");
        check(&[(2, false), (0, true)], "2^0^");
        check(&[(2, false), (0, true), (2, true)], "2v0^");
        check(&[(2, false), (0, true), (2, true), (2, true)], "0^");
        check(&[(2, false), (0, true), (2, false)], "2^");
        check(&[(0, true), (0, true), (0, true)], "");
    }

    #[test]
    fn a_key_says_its_direction_and_its_place() {
        let one = [SortBy { column: 3, descending: true }];
        let two = [SortBy::ascending(1), SortBy { column: 3, descending: true }];
        assert_eq!(in_words(&one, 3).as_deref(), Some("Sorted descending"));
        assert_eq!(in_words(&two, 3).as_deref(), Some("Sorted descending, key 2 of 2"));
        assert_eq!(in_words(&two, 0), None);
    }
}
