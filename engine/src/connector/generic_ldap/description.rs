//! Descriptions of a schema as servers write them (RFC 4512, 4.1): `( 2.5.4.3 NAME 'cn' SUP name )`. Pure.
//!
//! Servers differ in small things, so what is read is taken as kindly as it can be; what makes no sense is left out.

/// Longest description that is read.
const LONGEST: usize = 64 * 1024;

/// Words that stand alone.
const FLAGS: [&str; 7] =
    ["ABSTRACT", "AUXILIARY", "COLLECTIVE", "NO-USER-MODIFICATION", "OBSOLETE", "SINGLE-VALUE", "STRUCTURAL"];

/// One description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// The object identifier, or the name that stands in its place.
    pub(super) oid: String,
    fields: Vec<(String, Vec<String>)>,
}

impl Description {
    /// Reads a description; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut tokens = Tokens { rest: text };
        if tokens.next() != Some(Token::Open) {
            return None;
        }
        let oid = match tokens.next()? {
            Token::Word(word) => word.to_owned(),
            Token::Quoted(text) => text,
            Token::Open | Token::Close | Token::Dollar => return None,
        };
        let mut description = Self { oid, fields: Vec::new() };
        loop {
            let keyword = match tokens.next()? {
                Token::Close => return Some(description),
                Token::Word(word) => word.to_ascii_uppercase(),
                Token::Quoted(_) | Token::Open | Token::Dollar => return None,
            };
            let values = if FLAGS.contains(&keyword.as_str()) { Vec::new() } else { tokens.values()? };
            description.fields.push((keyword, values));
        }
    }

    /// The values behind a keyword.
    pub(super) fn list(&self, keyword: &str) -> &[String] {
        self.fields.iter().find(|(known, _)| known == keyword).map(|(_, values)| values.as_slice()).unwrap_or_default()
    }

    /// The first value behind a keyword.
    pub(super) fn first(&self, keyword: &str) -> Option<&str> {
        self.list(keyword).first().map(String::as_str)
    }

    /// True when a word stands in the description.
    pub(super) fn says(&self, keyword: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == keyword)
    }

    /// The first name, or the object identifier.
    pub(super) fn name(&self) -> &str {
        self.first("NAME").unwrap_or(&self.oid)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    Dollar,
    Word(&'a str),
    Quoted(String),
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        match first {
            '(' => self.take(1).map(|_| Token::Open),
            ')' => self.take(1).map(|_| Token::Close),
            '$' => self.take(1).map(|_| Token::Dollar),
            '\'' => {
                self.take(1)?;
                let text = self.take(self.rest.find('\'')?)?;
                self.take(1)?;
                // The only two characters that cannot stand for themselves.
                let text = text.replace("\\27", "'").replace("\\5C", "\\").replace("\\5c", "\\");
                Some(Token::Quoted(text))
            }
            _ => {
                let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '$' | '\''));
                self.take(end.unwrap_or(self.rest.len())).map(Token::Word)
            }
        }
    }

    /// Takes octets off the beginning.
    fn take(&mut self, length: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A value, or a list of values in parentheses.
    fn values(&mut self) -> Option<Vec<String>> {
        match self.next()? {
            Token::Word(word) => Some(vec![word.to_owned()]),
            Token::Quoted(text) => Some(vec![text]),
            Token::Close | Token::Dollar => None,
            Token::Open => {
                let mut values = Vec::new();
                loop {
                    match self.next()? {
                        Token::Close => return Some(values),
                        Token::Dollar => {}
                        Token::Word(word) => values.push(word.to_owned()),
                        Token::Quoted(text) => values.push(text),
                        Token::Open => return None,
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn descriptions_are_taken_apart() {
        let check = |text: &str, oid: &str, fields: &[(&str, &[&str])]| {
            let found = Description::parse(text).unwrap();
            let fields: Vec<(String, Vec<String>)> = fields
                .iter()
                .map(|(name, values)| ((*name).to_owned(), values.iter().map(ToString::to_string).collect()))
                .collect();
            assert_eq!((found.oid.as_str(), found.fields), (oid, fields), "{text}");
        };
        check("( 2.5.4.3 )", "2.5.4.3", &[]);
        check("(2.5.4.3 NAME 'cn')", "2.5.4.3", &[("NAME", &["cn"])]);
        check(
            "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'it\\27s (a \\5Cname)' SUP name SINGLE-VALUE )",
            "2.5.4.3",
            &[("NAME", &["cn", "commonName"]), ("DESC", &["it's (a \\name)"]), ("SUP", &["name"]), ("SINGLE-VALUE", &[])],
        );
        check(
            "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY (userPassword$ seeAlso) X-ORIGIN ( 'a' 'b' ) )",
            "2.5.6.6",
            &[
                ("NAME", &["person"]),
                ("SUP", &["top"]),
                ("STRUCTURAL", &[]),
                ("MUST", &["sn", "cn"]),
                ("MAY", &["userPassword", "seeAlso"]),
                ("X-ORIGIN", &["a", "b"]),
            ],
        );
        // Older servers quote identifiers and write words small.
        check("( x-oid name 'a' syntax '1.2.3{64}' )", "x-oid", &[("NAME", &["a"]), ("SYNTAX", &["1.2.3{64}"])]);
        check("( 1.2 NAME 'größe' DESC '' )", "1.2", &[("NAME", &["größe"]), ("DESC", &[""])]);
    }

    #[test]
    fn what_is_no_description_is_left_out() {
        for text in [
            "",
            "2.5.4.3",
            "(",
            "( )",
            "( 1.2",
            "( 1.2 NAME",
            "( 1.2 NAME 'a",
            "( 1.2 MUST ( a ( b ) ) )",
            "( 1.2 $ )",
            "( 'a' 'b' )",
        ] {
            assert_eq!(Description::parse(text), None, "{text}");
        }
        assert_eq!(Description::parse(&format!("( 1.2 DESC '{}' )", "x".repeat(LONGEST))), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[()$' \\\\a-zA-Z0-9ß\u{0}{}.-]{0,200}") {
            let found = Description::parse(&text);
            prop_assert!(found.is_none_or(|found| found.fields.len() <= text.len()));
        }
    }
}
