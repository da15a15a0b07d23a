//! Tables as files: CSV, JSON or XML, each with one entry per row.

use std::borrow::Cow;

use quick_xml::escape::escape;

use crate::cli::csv::{Field, line};
use crate::text_file::WholeFile;

/// Form of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated values: a line of titles, then one line per row.
    #[default]
    Csv,
    /// One array with an object per row, the titles as names.
    Json,
    /// `table` with one `row` per row and a `value` per column.
    Xml,
}

impl TableFormat {
    /// All forms with their names, as choices show them.
    pub const ALL: [(Self, &'static str); 3] = [(Self::Csv, "CSV"), (Self::Json, "JSON"), (Self::Xml, "XML")];

    /// How the name of a file ends.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }
}

/// A table on its way into a text or file: first [`TableText::head`], then every row, then [`TableText::tail`].
pub struct TableText<'a> {
    format: TableFormat,
    name: &'a str,
    titles: &'a [String],
    rows: u64,
}

impl<'a> TableText<'a> {
    /// Begins a table.
    #[must_use]
    pub fn new(format: TableFormat, name: &'a str, titles: &'a [String]) -> Self {
        Self { format, name, titles, rows: 0 }
    }

    /// What stands before the rows.
    #[must_use]
    pub fn head(&self) -> String {
        match self.format {
            TableFormat::Csv => line(self.titles.iter().map(|title| Field::Plain(title))),
            TableFormat::Json => "[".to_owned(),
            TableFormat::Xml => {
                format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<table name=\"{}\">\n", xml_text(self.name))
            }
        }
    }

    /// One row; cells beyond the titles are left out.
    #[must_use]
    pub fn row(&mut self, cells: &[String]) -> String {
        self.rows += 1;
        let named = || self.titles.iter().zip(cells);
        match self.format {
            TableFormat::Csv => line(named().map(|(_, cell)| Field::Plain(cell))),
            TableFormat::Json => {
                let comma = if self.rows > 1 { "," } else { "" };
                let members: Vec<String> =
                    named().map(|(title, cell)| format!("{}: {}", json_text(title), json_text(cell))).collect();
                format!("{comma}\n  {{{}}}", members.join(", "))
            }
            TableFormat::Xml => {
                let values: Vec<String> = named()
                    .map(|(title, cell)| format!("<value name=\"{}\">{}</value>", xml_text(title), xml_text(cell)))
                    .collect();
                format!("  <row>{}</row>\n", values.concat())
            }
        }
    }

    /// What stands behind the rows.
    #[must_use]
    pub fn tail(&self) -> &'static str {
        match self.format {
            TableFormat::Csv => "",
            TableFormat::Json => "\n]\n",
            TableFormat::Xml => "</table>\n",
        }
    }

    /// Writes a whole table.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn write(mut self, file: &mut WholeFile<'_>, rows: &[Vec<String>]) -> Result<(), String> {
        file.put(&self.head())?;
        for row in rows {
            let text = self.row(row);
            file.put(&text)?;
        }
        file.put(self.tail())
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text for XML; characters that XML cannot hold become the replacement character.
fn xml_text(text: &str) -> String {
    let held =
        |letter: char| matches!(letter, '\t' | '\n' | '\r') || (letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}'));
    let text: Cow<'_, str> = if text.chars().all(held) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(|letter| if held(letter) { letter } else { '\u{fffd}' }).collect())
    };
    escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: TableFormat, expected: &str) {
        let titles = ["Name".to_owned(), "Status".to_owned()];
        let mut table = TableText::new(format, "Runs & more", &titles);
        let mut text = table.head();
        for cells in [["a, b", "say \"hi\""], ["<x>", "\u{1}\n"]] {
            text.push_str(&table.row(&cells.map(str::to_owned)));
        }
        text.push_str(table.tail());
        assert_eq!(text, expected);
    }

    #[test]
    fn a_table_reads_in_every_form() {
        check(TableFormat::Csv, "Name,Status\n\"a, b\",\"say \"\"hi\"\"\"\n<x>,\"\u{1}\n\"\n");
        check(
            TableFormat::Json,
            "[\n  {\"Name\": \"a, b\", \"Status\": \"say \\\"hi\\\"\"},\n  {\"Name\": \"<x>\", \"Status\": \"\\u0001\\n\"}\n]\n",
        );
        check(
            TableFormat::Xml,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<table name=\"Runs &amp; more\">\n  \
             <row><value name=\"Name\">a, b</value><value name=\"Status\">say &quot;hi&quot;</value></row>\n  \
             <row><value name=\"Name\">&lt;x&gt;</value><value name=\"Status\">\u{fffd}\n</value></row>\n</table>\n",
        );
    }
}
