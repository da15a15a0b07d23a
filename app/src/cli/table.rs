//! Aligned tables and lists of `Name : value`.

use super::text::{safe, truncate, width};

/// Columns that shrinking leaves at least.
const LEAST: usize = 8;

/// One column of a table.
#[derive(Clone, Debug)]
struct Column {
    title: &'static str,
    number: bool,
}

/// A table of text: left-aligned text, right-aligned numbers, two spaces between columns.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without columns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds columns of text.
    #[must_use]
    pub fn texts<const N: usize>(mut self, titles: [&'static str; N]) -> Self {
        self.columns.extend(titles.map(|title| Column { title, number: false }));
        self
    }

    /// Adds columns of numbers.
    #[must_use]
    pub fn numbers<const N: usize>(mut self, titles: [&'static str; N]) -> Self {
        self.columns.extend(titles.map(|title| Column { title, number: true }));
        self
    }

    /// Adds a row; values of directories are made harmless.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        self.rows.push(cells.into_iter().map(|cell| safe(cell.as_ref())).collect());
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines of the table. When a width is given, the widest text columns give way until it fits.
    #[must_use]
    pub fn render(&self, limit: Option<usize>) -> String {
        let widths = self.widths(limit);
        let mut text = String::new();
        self.line(&mut text, self.columns.iter().map(|column| column.title), &widths);
        for row in &self.rows {
            self.line(&mut text, row.iter().map(String::as_str), &widths);
        }
        text
    }

    /// Width of each column.
    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| width(column.title)).collect();
        for row in &self.rows {
            for (known, cell) in widths.iter_mut().zip(row) {
                *known = (*known).max(width(cell));
            }
        }
        let Some(limit) = limit else { return widths };
        let gaps = 2 * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > limit {
            let widest = widths
                .iter_mut()
                .zip(&self.columns)
                .filter(|(known, column)| !column.number && **known > LEAST)
                .max_by_key(|(known, _)| **known);
            let Some((widest, _)) = widest else { break };
            *widest -= 1;
        }
        widths
    }

    /// One line, without spaces at its end.
    fn line<'a>(&self, text: &mut String, cells: impl Iterator<Item = &'a str>, widths: &[usize]) {
        let start = text.len();
        for ((cell, column), columns) in cells.zip(&self.columns).zip(widths) {
            if text.len() > start {
                text.push_str("  ");
            }
            let cell = truncate(cell, *columns);
            let padding = " ".repeat(columns.saturating_sub(width(&cell)));
            if column.number {
                text.push_str(&padding);
                text.push_str(&cell);
            } else {
                text.push_str(&cell);
                text.push_str(&padding);
            }
        }
        text.truncate(start + text.get(start..).map_or(0, |line| line.trim_end().len()));
        text.push('\n');
    }
}

/// A list of `Name : value` with aligned colons; an empty value keeps its line.
#[derive(Clone, Debug, Default)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Adds a line.
    #[must_use]
    pub fn add(mut self, name: impl Into<String>, value: impl AsRef<str>) -> Self {
        self.0.push((name.into(), safe(value.as_ref())));
        self
    }

    /// Adds a line when there is a value.
    #[must_use]
    pub fn add_some(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.add(name, value),
            None => self,
        }
    }

    /// The lines.
    #[must_use]
    pub fn render(&self) -> String {
        let columns = self.0.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
        let mut text = String::new();
        for (name, value) in &self.0 {
            let padding = " ".repeat(columns.saturating_sub(width(name)));
            text.push_str(format!("{name}{padding} : {value}").trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new().texts(["Connector", "Status"]).numbers(["Adds"]);
        table.row(["contoso.com", "success", "12"]);
        table.row(["東京オフィス.example", "completed-export-errors", "3"]);
        table
    }

    #[test]
    fn columns_are_aligned_by_width_on_screen() {
        assert_eq!(
            sample().render(None),
            "Connector             Status                   Adds\n\
             contoso.com           success                    12\n\
             東京オフィス.example  completed-export-errors     3\n"
        );
    }

    #[test]
    fn the_widest_text_gives_way_and_numbers_never_do() {
        assert_eq!(
            sample().render(Some(32)),
            "Connector     Status        Adds\n\
             contoso.com   success         12\n\
             東京オフィ…   completed-e…     3\n"
        );
        let narrow = sample().render(Some(5));
        assert!(narrow.lines().all(|line| width(line) == LEAST * 2 + 4 + 4), "{narrow}");
    }

    #[test]
    fn values_are_made_harmless() {
        let mut table = Table::new().texts(["Value"]);
        table.row(["a\u{1b}[31m\nb"]);
        assert_eq!(table.render(None), "Value\na\\u{1b}[31m\\nb\n");
    }

    #[test]
    fn pairs_line_up() {
        let pairs = Pairs::default().add("Name", "contoso.com").add("Description", "").add_some("Gone", None::<&str>);
        assert_eq!(pairs.render(), "Name        : contoso.com\nDescription :\n");
    }
}
