//! Colours for the editor: the classes of the tokens of a text, faulty texts included.

use crate::lexer::{Token, TokenKind, tokenize};
use crate::parser::{CONSTANTS, LITERALS};
use std::ops::Range;

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HighlightClass {
    /// A string literal.
    Text,
    /// A number literal.
    Number,
    /// `[attribute]`.
    Attribute,
    /// `%parameter%`.
    Parameter,
    /// `$variable`.
    Variable,
    /// The name of a function that exists.
    Function,
    /// True, False, NULL and the other literals.
    Literal,
    /// An enumeration constant.
    Constant,
    /// An operator.
    Operator,
    /// Brackets and commas.
    Punctuation,
    /// A name that means nothing here.
    Unknown,
    /// From here on the text could not be read.
    Fault,
}

/// A stretch of text with its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// The stretch, in bytes.
    pub range: Range<usize>,
    /// What it is.
    pub class: HighlightClass,
}

/// The classes of all tokens in order; white space is left out.
pub fn highlight(text: &str) -> Vec<Highlight> {
    let (tokens, fault) = match tokenize(text) {
        Ok(tokens) => (tokens, false),
        Err((tokens, _)) => (tokens, true),
    };
    let mut following = tokens.iter().skip(1);
    let mut highlights: Vec<Highlight> = Vec::with_capacity(tokens.len());
    for token in &tokens {
        let called = following.next().is_some_and(|next| next.kind == TokenKind::Open);
        if let Some(class) = class(token, called) {
            highlights.push(Highlight { range: token.span.start..token.span.end, class });
        }
    }
    if fault {
        let read = tokens.last().map_or(0, |token| token.span.end);
        let rest = text.get(read..).unwrap_or_default();
        let start = read + (rest.len() - rest.trim_start().len());
        highlights.push(Highlight { range: start..text.len(), class: HighlightClass::Fault });
    }
    highlights
}

fn class(token: &Token, called: bool) -> Option<HighlightClass> {
    Some(match &token.kind {
        TokenKind::Text(_) => HighlightClass::Text,
        TokenKind::Number(_) | TokenKind::Hexadecimal(_) => HighlightClass::Number,
        TokenKind::Attribute(_) => HighlightClass::Attribute,
        TokenKind::Parameter(_) => HighlightClass::Parameter,
        TokenKind::Variable(_) => HighlightClass::Variable,
        TokenKind::Name(name) if called => {
            if crate::function(name).is_some() {
                HighlightClass::Function
            } else {
                HighlightClass::Unknown
            }
        }
        TokenKind::Name(name) if LITERALS.contains(&name.as_str()) => HighlightClass::Literal,
        TokenKind::Name(name) if CONSTANTS.contains(&name.as_str()) => HighlightClass::Constant,
        TokenKind::Name(_) => HighlightClass::Unknown,
        TokenKind::Operator(_) => HighlightClass::Operator,
        TokenKind::Open | TokenKind::Close | TokenKind::Comma => HighlightClass::Punctuation,
        TokenKind::End => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, HighlightClass)]) {
        let found: Vec<(&str, HighlightClass)> =
            highlight(text).into_iter().map(|part| (&text[part.range], part.class)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn classes_follow_the_tokens() {
        use HighlightClass::*;
        check(
            "Trim([a]) & \"x\"",
            &[("Trim", Function), ("(", Punctuation), ("[a]", Attribute), (")", Punctuation), ("&", Operator), ("\"x\"", Text)],
        );
        check(
            "trim(NULL, UTF8, foo)",
            &[
                ("trim", Unknown),
                ("(", Punctuation),
                ("NULL", Literal),
                (",", Punctuation),
                ("UTF8", Constant),
                (",", Punctuation),
                ("foo", Unknown),
                (")", Punctuation),
            ],
        );
        check(
            "%p% + $v - &HF \"open",
            &[("%p%", Parameter), ("+", Operator), ("$v", Variable), ("-", Operator), ("&HF", Number), ("\"open", Fault)],
        );
    }
}
