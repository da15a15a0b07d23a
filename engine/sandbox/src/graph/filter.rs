//! The `$filter` language, as far as it is served.

use serde_json::{Map, Value};

use super::error::GraphError;
use super::types::Entity;

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 20;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test {
        property: String,
        test: Test,
        value: Value,
        /// The property is a list and one of its values must pass.
        each: bool,
    },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Equal,
    NotEqual,
    AtLeast,
    AtMost,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn invalid(reason: &str) -> GraphError {
    GraphError::bad_request(format!("Invalid filter clause: {reason}."))
}

fn tokens(text: &str) -> Result<Vec<Token>, GraphError> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            ' ' => {}
            '(' | ')' | ',' | ':' => found.push(Token::Sign(character)),
            '\'' => {
                let mut value = String::new();
                loop {
                    match rest.next() {
                        // A doubled quote stands for one.
                        Some('\'') if rest.next_if_eq(&'\'').is_some() => value.push('\''),
                        Some('\'') => break,
                        Some(other) => value.push(other),
                        None => return Err(invalid("a text is not closed")),
                    }
                }
                found.push(Token::Text(value));
            }
            first => {
                let mut word = String::from(first);
                while let Some(next) = rest.next_if(|next| !" (),'".contains(*next) && *next != ':') {
                    word.push(next);
                }
                // Times contain colons.
                while word.starts_with(|c: char| c.is_ascii_digit())
                    && let Some(colon) = rest.next_if_eq(&':')
                {
                    word.push(colon);
                    while let Some(next) = rest.next_if(|next| !" (),':".contains(*next)) {
                        word.push(next);
                    }
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

/// Parses a filter.
pub(super) fn parse(text: &str) -> Result<Filter, GraphError> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
    let filter = parser.any()?;
    match parser.tokens.next() {
        None => Ok(filter),
        Some(_) => Err(invalid("unexpected text at the end")),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    fn word(&mut self, expected: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(expected))).is_some()
    }

    fn sign(&mut self, expected: char) -> Result<(), GraphError> {
        match self.tokens.next() {
            Some(Token::Sign(sign)) if sign == expected => Ok(()),
            _ => Err(invalid(&format!("'{expected}' is expected"))),
        }
    }

    fn any(&mut self) -> Result<Filter, GraphError> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, GraphError> {
        let first = self.one()?;
        let mut parts = vec![first];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(single(parts, Filter::All))
    }

    fn one(&mut self) -> Result<Filter, GraphError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(invalid("the expression is nested too deeply"));
        }
        let filter = if self.word("not") {
            Filter::Not(Box::new(self.one()?))
        } else if self.tokens.peek() == Some(&Token::Sign('(')) {
            self.sign('(')?;
            let inner = self.any()?;
            self.sign(')')?;
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn test(&mut self) -> Result<Filter, GraphError> {
        let Some(Token::Word(name)) = self.tokens.next() else {
            return Err(invalid("a property is expected"));
        };
        if let Some(test) = function(&name)
            && self.tokens.peek() == Some(&Token::Sign('('))
        {
            self.sign('(')?;
            let property = self.name()?;
            self.sign(',')?;
            let value = self.value()?;
            self.sign(')')?;
            return Ok(leaf(property, test, value));
        }
        if let Some(property) = name.strip_suffix("/any") {
            return self.lambda(property);
        }
        if self.word("in") {
            return self.list(&name);
        }
        let test = match self.tokens.next() {
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "eq" => Test::Equal,
                "ne" => Test::NotEqual,
                "ge" => Test::AtLeast,
                "le" => Test::AtMost,
                other => return Err(invalid(&format!("operator '{other}' is not supported"))),
            },
            _ => return Err(invalid("an operator is expected")),
        };
        let value = self.value()?;
        Ok(leaf(name, test, value))
    }

    /// `proxyAddresses/any(p:p eq 'x')`
    fn lambda(&mut self, property: &str) -> Result<Filter, GraphError> {
        self.sign('(')?;
        let variable = self.name()?;
        self.sign(':')?;
        let inner = self.test()?;
        self.sign(')')?;
        match inner {
            Filter::Test { property: used, test, value, .. } if used == variable => {
                Ok(Filter::Test { property: property.to_owned(), test, value, each: true })
            }
            _ => Err(invalid("the condition of any() must test its variable")),
        }
    }

    fn list(&mut self, property: &str) -> Result<Filter, GraphError> {
        self.sign('(')?;
        let mut parts = Vec::new();
        loop {
            let value = self.value()?;
            parts.push(leaf(property.to_owned(), Test::Equal, value));
            match self.tokens.next() {
                Some(Token::Sign(',')) => {}
                Some(Token::Sign(')')) => return Ok(Filter::Any(parts)),
                _ => return Err(invalid("')' is expected")),
            }
        }
    }

    fn name(&mut self) -> Result<String, GraphError> {
        match self.tokens.next() {
            Some(Token::Word(word)) => Ok(word),
            _ => Err(invalid("a name is expected")),
        }
    }

    fn value(&mut self) -> Result<Value, GraphError> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Word(word)) => Ok(match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                other => match other.parse::<i64>() {
                    Ok(number) => Value::from(number),
                    Err(_) => Value::String(other.to_owned()),
                },
            }),
            _ => Err(invalid("a value is expected")),
        }
    }
}

fn single(mut parts: Vec<Filter>, wrap: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            wrap(parts)
        }
        None => wrap(parts),
    }
}

fn leaf(property: String, test: Test, value: Value) -> Filter {
    Filter::Test { property, test, value, each: false }
}

fn function(name: &str) -> Option<Test> {
    match name.to_ascii_lowercase().as_str() {
        "startswith" => Some(Test::StartsWith),
        "endswith" => Some(Test::EndsWith),
        _ => None,
    }
}

impl Filter {
    /// Whether every property exists and the consistency level allows every operator.
    pub(super) fn check(&self, entities: &[Entity], eventual: bool) -> Result<(), GraphError> {
        let advanced = |what: &str| GraphError::unsupported_query(format!("{what} needs the header ConsistencyLevel: eventual."));
        match self {
            Filter::All(parts) | Filter::Any(parts) => parts.iter().try_for_each(|part| part.check(entities, eventual)),
            Filter::Not(_) if !eventual => Err(advanced("not")),
            Filter::Not(inner) => inner.check(entities, eventual),
            Filter::Test { property, .. } if !entities.iter().any(|entity| entity.has(property)) => {
                Err(GraphError::unknown_property(property))
            }
            Filter::Test { test: Test::NotEqual, .. } if !eventual => Err(advanced("ne")),
            Filter::Test { test: Test::EndsWith, .. } if !eventual => Err(advanced("endsWith")),
            Filter::Test { .. } => Ok(()),
        }
    }

    /// Names of the tested properties.
    pub(super) fn properties(&self) -> Vec<&str> {
        match self {
            Filter::All(parts) | Filter::Any(parts) => parts.iter().flat_map(Filter::properties).collect(),
            Filter::Not(inner) => inner.properties(),
            Filter::Test { property, .. } => vec![property],
        }
    }

    /// The text one property must equal, if that alone is the filter.
    pub(super) fn equality(&self) -> Option<(&str, &str)> {
        match self {
            Filter::Test { property, test: Test::Equal, value: Value::String(value), each: false } => Some((property, value)),
            _ => None,
        }
    }

    /// The text one value of a list must equal, if that alone is the filter.
    pub(super) fn any_equality(&self) -> Option<(&str, &str)> {
        match self {
            Filter::Test { property, test: Test::Equal, value: Value::String(value), each: true } => Some((property, value)),
            _ => None,
        }
    }

    /// Whether the object passes.
    pub(super) fn passes(&self, object: &Map<String, Value>) -> bool {
        match self {
            Filter::All(parts) => parts.iter().all(|part| part.passes(object)),
            Filter::Any(parts) => parts.iter().any(|part| part.passes(object)),
            Filter::Not(inner) => !inner.passes(object),
            Filter::Test { property, test, value, each } => {
                let found = object.get(property).unwrap_or(&Value::Null);
                match found {
                    Value::Array(items) if *each => items.iter().any(|item| compare(item, *test, value)),
                    _ if *each => false,
                    one => compare(one, *test, value),
                }
            }
        }
    }
}

fn compare(found: &Value, test: Test, wanted: &Value) -> bool {
    let texts = || Some((found.as_str()?.to_lowercase(), wanted.as_str()?.to_lowercase()));
    let equal = || match texts() {
        Some((found, wanted)) => found == wanted,
        None => found == wanted,
    };
    match test {
        Test::Equal => equal(),
        Test::NotEqual => !equal(),
        Test::AtLeast => texts().is_some_and(|(found, wanted)| found >= wanted),
        Test::AtMost => texts().is_some_and(|(found, wanted)| found <= wanted),
        Test::StartsWith => texts().is_some_and(|(found, wanted)| found.starts_with(&wanted)),
        Test::EndsWith => texts().is_some_and(|(found, wanted)| found.ends_with(&wanted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_select_objects() {
        let object = json!({
            "displayName": "O'Neil",
            "mail": null,
            "accountEnabled": true,
            "createdDateTime": "2024-05-01T10:00:00Z",
            "proxyAddresses": ["SMTP:o@contoso.com", "smtp:p@contoso.com"],
        });
        let check = |text: &str, expected: bool| {
            let filter = parse(text).unwrap();
            assert_eq!(filter.passes(object.as_object().unwrap()), expected, "{text}");
        };
        check("displayName eq 'o''neil'", true);
        check("displayName ne 'x'", true);
        check("mail eq null", true);
        check("accountEnabled eq true and startsWith(displayName,'O')", true);
        check("accountEnabled eq false or endsWith(displayName,'il')", true);
        check("not(accountEnabled eq true)", false);
        check("displayName in ('a', 'O''Neil')", true);
        check("displayName in ('a')", false);
        check("createdDateTime ge 2024-05-01T10:00:00Z", true);
        check("createdDateTime le 2024-04-01T10:00:00Z", false);
        check("proxyAddresses/any(p:p eq 'smtp:P@contoso.com')", true);
        check("proxyAddresses/any(p:startsWith(p,'x500:'))", false);
        check("(mail eq 'x' or mail eq null) and displayName eq \u{27}O''Neil\u{27}", true);
    }

    #[test]
    fn broken_filters_are_refused() {
        for text in ["", "displayName", "displayName eq", "displayName like 'x'", "(a eq 'b'", "a eq 'b", "a eq 'b' c"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("{}a eq 'b'", "(".repeat(500))).is_err());
    }
}
