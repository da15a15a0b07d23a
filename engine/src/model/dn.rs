//! Distinguished names (RFC 4514): taken apart, compared, escaped.

use thiserror::Error;

use super::value::fold_text;

/// Why a text is no distinguished name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DnError {
    /// A component has no `=`.
    #[error("component \"{0}\" has no \"=\"; write type=value, for example CN=Ada")]
    MissingEquals(String),
    /// The attribute type before `=` is empty.
    #[error("component \"{0}\" has no attribute type before \"=\"")]
    MissingType(String),
    /// The value after `=` is empty.
    #[error("component \"{0}\" has no value after \"=\"")]
    MissingValue(String),
    /// A backslash at the very end.
    #[error("the name ends in a single backslash; write \"\\\\\" for one backslash")]
    DanglingEscape,
    /// Longer than the engine accepts.
    #[error("the name has {0} characters; at most 16384 are accepted")]
    TooLong(usize),
}

/// One component of a name, in its escaped form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rdn {
    /// Attribute type as written, such as `CN`.
    pub attribute: String,
    /// Value with its escapes kept, such as `Lovelace\, Ada`.
    pub value: String,
}

/// A distinguished name: its text as the directory wrote it, and a key under which equal names are
/// equal (no regard to case, spaces around separators or spelling of escapes).
#[derive(Clone, Debug)]
pub struct Dn {
    text: String,
    key: String,
    /// Byte offsets in `text` at which components begin.
    starts: Vec<usize>,
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Dn {}

impl std::fmt::Display for Dn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Dn {
    /// Longest name accepted, in bytes.
    pub const MAX_LENGTH: usize = 16_384;

    /// Reads a name. The empty text is the root of the directory.
    ///
    /// # Errors
    /// [`DnError`] says which component is malformed.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let text = text.trim();
        if text.len() > Self::MAX_LENGTH {
            return Err(DnError::TooLong(text.len()));
        }
        let mut starts = Vec::new();
        let mut key = String::with_capacity(text.len());
        let mut rest = text;
        let mut offset = 0;
        while !rest.is_empty() {
            let end = component_end(rest)?;
            let (component, tail) = rest.split_at(end);
            starts.push(offset);
            if !key.is_empty() {
                key.push(',');
            }
            push_component_key(component, &mut key)?;
            let tail_without_comma = tail.strip_prefix([',', ';']).unwrap_or(tail);
            if tail.len() != tail_without_comma.len() && tail_without_comma.trim().is_empty() {
                return Err(DnError::MissingEquals(String::new()));
            }
            let trimmed = tail_without_comma.trim_start();
            offset = text.len() - trimmed.len();
            rest = trimmed;
        }
        Ok(Self { text: text.to_owned(), key, starts })
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form in which equal names are equal.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Number of components; 0 for the root.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.starts.len()
    }

    /// The name of the container; `None` for the root and for a name of one component.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let start = *self.starts.get(1)?;
        self.text.get(start..).and_then(|text| Self::parse(text).ok())
    }

    /// The first (leftmost) component as written, such as `CN=Ada`.
    #[must_use]
    pub fn rdn_text(&self) -> &str {
        component_end(&self.text).ok().and_then(|end| self.text.get(..end)).unwrap_or(&self.text)
    }

    /// The first component taken apart.
    #[must_use]
    pub fn rdn(&self) -> Option<Rdn> {
        let (attribute, value) = self.rdn_text().split_once('=')?;
        Some(Rdn { attribute: attribute.trim().to_owned(), value: trim_unescaped_end(value.trim_start()).to_owned() })
    }

    /// True when this name lies under `ancestor` or is it.
    #[must_use]
    pub fn is_under(&self, ancestor: &Self) -> bool {
        ancestor.key.is_empty()
            || self.key == ancestor.key
            || self.key.strip_suffix(&ancestor.key).is_some_and(|head| head.ends_with(',') && !head.ends_with("\\,"))
    }

    /// Escapes a value so that it can stand in a name (RFC 4514, 2.4).
    #[must_use]
    pub fn escape_value(value: &str) -> String {
        let mut escaped = String::with_capacity(value.len());
        let last = value.chars().count().saturating_sub(1);
        for (index, character) in value.chars().enumerate() {
            let edge_space = character == ' ' && (index == 0 || index == last);
            if edge_space
                || (character == '#' && index == 0)
                || matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=')
            {
                escaped.push('\\');
                escaped.push(character);
            } else if character == '\0' {
                escaped.push_str("\\00");
            } else {
                escaped.push(character);
            }
        }
        escaped
    }
}

/// Byte length of the first component of `text`.
fn component_end(text: &str) -> Result<usize, DnError> {
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == ',' || character == ';' {
            return Ok(index);
        }
    }
    if escaped { Err(DnError::DanglingEscape) } else { Ok(text.len()) }
}

/// Appends the comparison form of one component: type and value in lower case, escapes in one spelling.
fn push_component_key(component: &str, key: &mut String) -> Result<(), DnError> {
    let Some((attribute, value)) = component.split_once('=') else {
        return Err(DnError::MissingEquals(component.to_owned()));
    };
    let attribute = attribute.trim();
    let value = trim_unescaped_end(value.trim_start());
    if attribute.is_empty() {
        return Err(DnError::MissingType(component.to_owned()));
    }
    if value.is_empty() {
        return Err(DnError::MissingValue(component.to_owned()));
    }
    key.push_str(&fold_text(attribute));
    key.push('=');
    key.push_str(&Dn::escape_value(&fold_text(&unescape(value))));
    Ok(())
}

/// Trims trailing blanks that no backslash protects.
fn trim_unescaped_end(value: &str) -> &str {
    let trimmed = value.trim_end();
    let backslashes = trimmed.chars().rev().take_while(|character| *character == '\\').count();
    if trimmed.len() < value.len() && backslashes % 2 == 1 { value.get(..=trimmed.len()).unwrap_or(trimmed) } else { trimmed }
}

/// The value without its escapes; hexadecimal pairs become bytes.
fn unescape(value: &str) -> String {
    if !value.contains('\\') {
        return value.to_owned();
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'\\' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        match tail {
            [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: &u8| u8::try_from((*byte as char).to_digit(16).unwrap_or(0)).unwrap_or(0);
                bytes.push(digit(high) * 16 + digit(low));
                rest = after;
            }
            [next, after @ ..] => {
                bytes.push(*next);
                rest = after;
            }
            [] => rest = &[],
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_are_equal_have_one_key() {
        let check = |a: &str, b: &str, equal: bool| {
            let (a, b) = (Dn::parse(a).unwrap(), Dn::parse(b).unwrap());
            assert_eq!(a == b, equal, "{a} / {b}: {} {}", a.key(), b.key());
        };
        check("CN=Ada,DC=x", "cn=ada, dc=X", true);
        check("CN=Lovelace\\, Ada,DC=x", "CN=Lovelace\\2C Ada,DC=x", true);
        check("CN=Müller,DC=x", "CN=M\\C3\\BCller,DC=x", true);
        check("CN=Ada,DC=x", "CN=Ada,OU=y,DC=x", false);
    }

    #[test]
    fn components_and_parents() {
        let dn = Dn::parse("CN=Lovelace\\, Ada,OU=Staff,DC=contoso,DC=com").unwrap();
        assert_eq!(dn.rdn_text(), "CN=Lovelace\\, Ada");
        assert_eq!(dn.depth(), 4);
        assert_eq!(dn.parent().unwrap().as_str(), "OU=Staff,DC=contoso,DC=com");
        assert!(dn.is_under(&Dn::parse("dc=contoso,dc=com").unwrap()));
        assert!(!dn.is_under(&Dn::parse("DC=toso,DC=com").unwrap()));
        assert_eq!(Dn::parse("").unwrap().depth(), 0);
    }

    #[test]
    fn malformed_names_say_why() {
        let check = |text: &str, expected: DnError| assert_eq!(Dn::parse(text).unwrap_err(), expected, "{text}");
        check("Ada,DC=x", DnError::MissingEquals("Ada".into()));
        check("CN=,DC=x", DnError::MissingValue("CN=".into()));
        check("=Ada", DnError::MissingType("=Ada".into()));
        check("CN=a\\", DnError::DanglingEscape);
        check("CN=a,", DnError::MissingEquals(String::new()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
            if let Ok(dn) = Dn::parse(&text) {
                prop_assert!(Dn::parse(dn.as_str()).is_ok());
            }
        }

        #[test]
        fn an_escaped_value_reads_back(value in "[ -~äß]{1,20}") {
            prop_assume!(!value.trim().is_empty());
            let dn = Dn::parse(&format!("CN={},DC=x", Dn::escape_value(&value))).unwrap();
            prop_assert_eq!(dn.depth(), 2);
            prop_assert_eq!(unescape(&dn.rdn().unwrap().value), value.clone());
        }
    }
}
