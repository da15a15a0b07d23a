//! Values as an administrator reads them.

use syncline_expression::json::write_value;
use syncline_expression::{Outcome, Value};

use crate::cli::text::safe;

/// A result, one value per line; the lines do nothing to a terminal.
#[must_use]
pub fn lines(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Single(value) => format!("{}\n", plain(value)),
        Outcome::Multi(values) => values.iter().map(|value| format!("{}\n", plain(value))).collect(),
        literal => format!("{}\n", name(literal)),
    }
}

/// The name of a result that is no value.
fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Null => "NULL",
        Outcome::AuthoritativeNull => "AuthoritativeNull",
        Outcome::IgnoreThisFlow => "IgnoreThisFlow",
        Outcome::Single(_) | Outcome::Multi(_) => "",
    }
}

/// One value by itself.
fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Reference(text) => safe(text),
        Value::Number(number) => number.to_string(),
        Value::Boolean(flag) => if *flag { "True" } else { "False" }.to_owned(),
        // As Base64.
        Value::Binary(_) => write_value(value).as_str().unwrap_or_default().to_owned(),
        Value::DateTime(instant) => instant.to_string(),
    }
}

/// A result on one line, texts in quotes, so that white space and the empty text can be seen.
#[must_use]
pub fn literal(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Single(value) => quoted(value),
        Outcome::Multi(values) => values.iter().map(quoted).collect::<Vec<_>>().join(", "),
        literal => name(literal).to_owned(),
    }
}

fn quoted(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{}\"", safe(text)),
        Value::Reference(name) if name.is_empty() => "\"\"".to_owned(),
        other => plain(other),
    }
}

/// The type of a result: `str`, `mvstr`; nothing when there is no value.
#[must_use]
pub fn type_name(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Single(value) => value.type_name().to_owned(),
        Outcome::Multi(values) => values.first().map(|value| format!("mv{}", value.type_name())).unwrap_or_default(),
        Outcome::Null | Outcome::AuthoritativeNull | Outcome::IgnoreThisFlow => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_readable_and_harmless() {
        let check = |outcome: Outcome, expected: &str, on_a_line: &str, kind: &str| {
            assert_eq!((lines(&outcome).as_str(), literal(&outcome).as_str()), (expected, on_a_line));
            assert_eq!(type_name(&outcome), kind);
        };
        check(Outcome::Single(Value::Text("Ann@contoso.com".into())), "Ann@contoso.com\n", "\"Ann@contoso.com\"", "str");
        check(Outcome::Single(Value::Text(" a\u{1b}[2J\nb".into())), " a\\u{1b}[2J\\nb\n", "\" a\\u{1b}[2J\\nb\"", "str");
        check(Outcome::Single(Value::Number(-7)), "-7\n", "-7", "num");
        check(Outcome::Single(Value::Boolean(true)), "True\n", "True", "bool");
        check(Outcome::Single(Value::Binary(vec![1, 2, 255])), "AQL/\n", "AQL/", "bin");
        check(Outcome::Single(Value::Reference("CN=Ann".into())), "CN=Ann\n", "CN=Ann", "ref");
        let two = Outcome::Multi(vec![Value::Text("a".into()), Value::Text(String::new())]);
        check(two, "a\n\n", "\"a\", \"\"", "mvstr");
        check(Outcome::Single(Value::Reference(String::new())), "\n", "\"\"", "ref");
        check(Outcome::Null, "NULL\n", "NULL", "");
        check(Outcome::AuthoritativeNull, "AuthoritativeNull\n", "AuthoritativeNull", "");
        check(Outcome::IgnoreThisFlow, "IgnoreThisFlow\n", "IgnoreThisFlow", "");
        let instant = syncline_expression::DateTime::from_unix_seconds(0).unwrap();
        check(Outcome::Single(Value::DateTime(instant)), "1970-01-01T00:00:00Z\n", "1970-01-01T00:00:00Z", "dt");
    }
}
