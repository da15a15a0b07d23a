//! Comma-separated values (RFC 4180 quoting, `\n` line ends so that two files compare line by line).

/// One record as a line.
#[must_use]
pub fn line<'a>(fields: impl IntoIterator<Item = Field<'a>>) -> String {
    let mut text = String::new();
    for (position, field) in fields.into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        let (value, always) = match field {
            Field::Plain(value) => (value, false),
            Field::Quoted(value) => (value, true),
        };
        if always || needs_quotes(value) {
            text.push('"');
            text.push_str(&value.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(value);
        }
    }
    text.push('\n');
    text
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// Quoted where it must be.
    Plain(&'a str),
    /// Always quoted, as the original writes names.
    Quoted(&'a str),
}

fn needs_quotes(value: &str) -> bool {
    value.contains([',', '"', '\n', '\r']) || value.starts_with(' ') || value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let check = |fields: &[Field<'_>], expected: &str| assert_eq!(line(fields.iter().copied()), expected);
        check(&[Field::Quoted("CN={47}"), Field::Plain("Add"), Field::Plain("")], "\"CN={47}\",Add,\n");
        check(&[Field::Plain("Long, Jr."), Field::Plain("say \"hi\"")], "\"Long, Jr.\",\"say \"\"hi\"\"\"\n");
        check(&[Field::Plain("a\nb"), Field::Plain(" x"), Field::Plain("y z")], "\"a\nb\",\" x\",y z\n");
    }
}
