//! What a list is made of: a table of columns and, per row, its texts and its name.

use egui::Color32;
use syncline_engine::service::StatusClass;

use super::super::super::action::Action;
use super::super::diff::Piece;
use super::sort::SortBy;

/// Identity of a row across refreshes.
pub type RowKey = u128;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Title; unique in the list.
    pub title: &'static str,
    /// Width at first.
    pub width: f32,
    /// Numbers stand at the right.
    pub right: bool,
    /// Not shown until the person asks for it.
    pub hidden: bool,
    /// Keeps its width when space is short.
    pub fixed: bool,
}

impl Column {
    /// A text column.
    #[must_use]
    pub const fn text(title: &'static str, width: f32) -> Self {
        Self { title, width, right: false, hidden: false, fixed: false }
    }

    /// A column of times or short words, which are not to be cut.
    #[must_use]
    pub const fn short(title: &'static str, width: f32) -> Self {
        Self { title, width, right: false, hidden: false, fixed: true }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(title: &'static str, width: f32) -> Self {
        Self { title, width, right: true, hidden: false, fixed: true }
    }

    /// Not shown until the person asks for it.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.hidden = true;
        self
    }
}

/// How a cell looks.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text.
    Text,
    /// Text in the colour of captions.
    Weak,
    /// Text that matters.
    Strong,
    /// Text in a colour.
    Coloured(Color32),
    /// Names, DNs and values: the fixed-width font.
    Code,
    /// A link.
    Link,
    /// Severity shape and text.
    Status(StatusClass),
    /// Weak text that stands below texts with a severity shape.
    Aside,
    /// A bar, its text, and the share done if known.
    Progress(Option<f32>),
    /// A word with a glyph in a colour.
    Tagged(&'static str, Color32),
    /// A changed value, word by word.
    Diff(Vec<Piece>),
    /// Weak text, struck through: something that is switched off.
    Struck,
    /// A name with room for a sign before it.
    Signed(Sign, NameLook),
}

/// A sign before a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// None; the room stays.
    None,
    /// It comes with the program.
    Lock,
    /// Something is wrong with it.
    Warning,
}

/// How a name looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameLook {
    /// As other text.
    Plain,
    /// Bold.
    Bold,
    /// Weak and struck through.
    Struck,
}

/// A value to sort by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// Nothing; sorts first.
    Nothing,
    /// A number or a moment.
    Number(i128),
    /// Text, without case.
    Text(String),
}

/// The columns of a list and how its rows read.
pub trait GridModel {
    /// A row.
    type Row;

    /// Name of the list, for screen readers, tests and remembered widths.
    fn name(&self) -> &str;

    /// The columns in order.
    fn columns(&self) -> &[Column];

    /// Identity of a row.
    fn key(&self, row: &Self::Row) -> RowKey;

    /// Accessible name of a row.
    fn row_name(&self, row: &Self::Row) -> String;

    /// Text of a cell.
    fn text(&self, row: &Self::Row, column: usize) -> String;

    /// Look of a cell.
    fn cell(&self, _row: &Self::Row, _column: usize) -> Cell {
        Cell::Text
    }

    /// Value to sort by; text without case unless said otherwise.
    fn sort_key(&self, row: &Self::Row, column: usize) -> SortKey {
        SortKey::Text(self.text(row, column).to_lowercase())
    }

    /// Tooltip of a cell; a cut text shows itself in full.
    fn tooltip(&self, _row: &Self::Row, _column: usize) -> Option<String> {
        None
    }

    /// True for rows that stay on top of the unsorted list.
    fn pinned(&self, _row: &Self::Row) -> bool {
        false
    }

    /// Actions of the context menu.
    fn actions(&self) -> &[Action] {
        &[]
    }

    /// Why an action of the context menu is not possible for a row.
    fn refuses(&self, _row: &Self::Row, _action: Action) -> Option<&'static str> {
        None
    }

    /// Columns by which the engine gives the rows, as it gives them by itself: what a list too long to be fetched can be
    /// sorted by. Their order can be turned round.
    fn engine_order(&self) -> &[SortBy] {
        &[]
    }

    /// Text of an empty list: what to do.
    fn empty_text(&self) -> &str;
}
