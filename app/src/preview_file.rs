//! The whole result of a preview as a file: JSON with the names of the command line, or XML with the same content.

use std::path::Path;

use quick_xml::escape::escape;
use serde_json::Value;
use syncline_engine::service::PreviewView;

use crate::cli::json;
use crate::text_file::write_whole;

/// The formats, with how the names of their files end.
pub const KINDS: [(&str, &str); 2] = [("XML", "xml"), ("JSON", "json")];

/// Form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviewFormat {
    /// One element per field.
    Xml,
    /// The document of `syncline cs preview --json`, without its envelope.
    Json,
}

impl PreviewFormat {
    /// The format of a number in [`KINDS`].
    #[must_use]
    pub fn of_kind(kind: usize) -> Self {
        if kind == 0 { Self::Xml } else { Self::Json }
    }

    /// The format that the name of a file tells.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        let kind = KINDS.iter().position(|(_, known)| known.eq_ignore_ascii_case(extension))?;
        Some(Self::of_kind(kind))
    }
}

/// Writes a preview; a file that is there is replaced only where that was said.
///
/// # Errors
/// A sentence that names the file.
pub fn write(preview: &PreviewView, format: PreviewFormat, path: &Path, replace: bool) -> Result<(), String> {
    let text = text(preview, format)?;
    write_whole(path, replace, |file| file.put(&text))
}

fn text(preview: &PreviewView, format: PreviewFormat) -> Result<String, String> {
    let value = json::data(preview).map_err(|failure| failure.message)?;
    match format {
        PreviewFormat::Json => serde_json::to_string_pretty(&value)
            .map(|text| text + "\n")
            .map_err(|error| format!("The preview has no JSON form: {error}")),
        PreviewFormat::Xml => {
            let mut text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
            element(&mut text, "preview", &value, 0);
            Ok(text)
        }
    }
}

/// One element for a field; a list has an `item` for each of its values. What is absent is left out.
fn element(text: &mut String, name: &str, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    let (name, end) = tags(name);
    let children: Vec<(&str, &Value)> = match value {
        Value::Null => return,
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        Value::Array(items) => items.iter().map(|item| ("item", item)).collect(),
        plain => {
            let plain = plain.as_str().map_or_else(|| plain.to_string(), str::to_owned);
            text.push_str(&format!("{indent}<{name}>{}</{end}>\n", escape(readable(&plain).as_str())));
            return;
        }
    };
    if children.is_empty() {
        text.push_str(&format!("{indent}<{name}/>\n"));
        return;
    }
    text.push_str(&format!("{indent}<{name}>\n"));
    for (name, value) in children {
        element(text, name, value, depth + 1);
    }
    text.push_str(&format!("{indent}</{end}>\n"));
}

/// What stands in the first and in the last tag; a name that is no name in XML becomes an attribute.
fn tags(name: &str) -> (String, &str) {
    let starts = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let holds = name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'));
    if starts && holds { (name.to_owned(), name) } else { (format!("item name=\"{}\"", escape(readable(name).as_str())), "item") }
}

/// XML has no way to write most control characters.
fn readable(text: &str) -> String {
    let allowed = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    text.chars().map(|letter| if allowed(letter) { letter } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_is_an_element() {
        let mut text = String::new();
        let value = json!({ "dn": "CN=A & B", "changes": [{ "name": "mail" }, { "name": "a\u{1}" }], "error": null, "joins": [], "1 <": 2 });
        element(&mut text, "preview", &value, 0);
        assert_eq!(
            text,
            "<preview>\n  <item name=\"1 &lt;\">2</item>\n  <changes>\n    <item>\n      <name>mail</name>\n    </item>\n    <item>\n      <name>a\u{fffd}</name>\n    \
             </item>\n  </changes>\n  <dn>CN=A &amp; B</dn>\n  <joins/>\n</preview>\n"
        );
    }

    #[test]
    fn the_name_of_the_file_tells_the_format() {
        let check = |name: &str, expected| assert_eq!(PreviewFormat::of_file(Path::new(name)), expected);
        check("a.xml", Some(PreviewFormat::Xml));
        check("a.JSON", Some(PreviewFormat::Json));
        check("a.txt", None);
        check("a", None);
    }
}
