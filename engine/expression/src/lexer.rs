//! Text to tokens.

use crate::limits;
use crate::problem::{Problem, ProblemKind, Severity, Span};

/// A binary operator or the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Concatenate,
}

impl Operator {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Concatenate => "&",
        }
    }

    /// Whether the result is a comparison's.
    pub(crate) fn compares(self) -> bool {
        use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        matches!(self, Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual)
    }
}

/// Longest symbol first.
const OPERATORS: [Operator; 13] = [
    Operator::And,
    Operator::Or,
    Operator::LessOrEqual,
    Operator::GreaterOrEqual,
    Operator::NotEqual,
    Operator::Less,
    Operator::Greater,
    Operator::Equal,
    Operator::Add,
    Operator::Subtract,
    Operator::Multiply,
    Operator::Divide,
    Operator::Concatenate,
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Text(String),
    /// Decimal digits; up to 2^63, which only a sign directly before it makes valid.
    Number(u64),
    Hexadecimal(i64),
    Attribute(String),
    Parameter(String),
    Variable(String),
    Name(String),
    Operator(Operator),
    Open,
    Close,
    Comma,
    End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

impl TokenKind {
    /// Whether an operator follows rather than an operand.
    pub(crate) fn ends_operand(&self) -> bool {
        matches!(
            self,
            Self::Text(_)
                | Self::Number(_)
                | Self::Hexadecimal(_)
                | Self::Attribute(_)
                | Self::Parameter(_)
                | Self::Variable(_)
                | Self::Name(_)
                | Self::Close
        )
    }
}

/// Splits a text; the last token is always [`TokenKind::End`]. The tokens before the first fault come with it.
pub(crate) fn tokenize(text: &str) -> Result<Vec<Token>, (Vec<Token>, Problem)> {
    if text.chars().count() > limits::TEXT_CHARACTERS {
        let message = format!("The expression is longer than {} characters. Shorten it.", limits::TEXT_CHARACTERS);
        let span = Span::new(0, 0);
        return Err((Vec::new(), Problem::new(ProblemKind::Limit, Severity::Error, text, span, message)));
    }
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    loop {
        match lexer.next() {
            Ok(token) => {
                let last = token.kind == TokenKind::End;
                lexer.tokens.push(token);
                if last {
                    return Ok(lexer.tokens);
                }
            }
            Err(problem) => return Err((lexer.tokens, problem)),
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest().chars().take_while(|character| wanted(*character)).collect();
        self.at += taken.len();
        taken
    }

    fn token(&self, kind: TokenKind, start: usize) -> Token {
        Token { kind, span: Span::new(start, self.at) }
    }

    fn fault(&self, start: usize, end: usize, headline: &str, hint: &str) -> Problem {
        Problem::located(ProblemKind::Syntax, self.text, Span::new(start, end), headline, hint)
    }

    fn next(&mut self) -> Result<Token, Problem> {
        self.take_while(is_white_space);
        let start = self.at;
        let Some(first) = self.peek() else { return Ok(self.token(TokenKind::End, start)) };
        match first {
            '"' => self.string(),
            '[' => self.attribute(),
            '%' => self.parameter(),
            '$' => self.variable(),
            '(' => Ok(self.symbol(TokenKind::Open, 1)),
            ')' => Ok(self.symbol(TokenKind::Close, 1)),
            ',' => Ok(self.symbol(TokenKind::Comma, 1)),
            '0'..='9' => self.number(),
            'A'..='Z' | 'a'..='z' | '_' => {
                let name = self.take_while(is_name_character);
                Ok(self.token(TokenKind::Name(name), start))
            }
            _ => self.operator(first),
        }
    }

    fn symbol(&mut self, kind: TokenKind, length: usize) -> Token {
        let start = self.at;
        self.at += length;
        self.token(kind, start)
    }

    fn operator(&mut self, first: char) -> Result<Token, Problem> {
        let start = self.at;
        let after_operand = self.tokens.last().is_some_and(|token| token.kind.ends_operand());
        if !after_operand && self.hexadecimal_follows() {
            return self.hexadecimal();
        }
        let found = OPERATORS.into_iter().find(|operator| self.rest().starts_with(operator.symbol()));
        if let Some(operator) = found {
            return Ok(self.symbol(TokenKind::Operator(operator), operator.symbol().len()));
        }
        let end = start + first.len_utf8();
        Err(match first {
            '\u{2018}' | '\u{2019}' | '\u{201C}' | '\u{201D}' => {
                self.fault(start, end, "Use straight quotes (\") instead of typographic quotes", "")
            }
            '\'' => self.fault(start, end, "Unexpected character '", "Strings are written in double quotes (\")."),
            '#' => self.fault(start, end, "Unexpected character #", "Write dates as CDate(\"2024-01-01\")."),
            '|' => self.fault(start, end, "Unexpected character |", "The logical operators are && and ||."),
            _ => self.fault(start, end, &format!("Unexpected character {first}"), "Put text in double quotes (\")."),
        })
    }

    fn hexadecimal_follows(&self) -> bool {
        self.rest().strip_prefix("&H").and_then(|rest| rest.chars().next()).is_some_and(|next| next.is_ascii_hexdigit())
    }

    fn hexadecimal(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        self.at += "&H".len();
        let digits = self.take_while(|character| character.is_ascii_hexdigit());
        self.no_tail(start)?;
        match (digits.len() <= 16).then(|| u64::from_str_radix(&digits, 16)) {
            Some(Ok(bits)) => Ok(self.token(TokenKind::Hexadecimal(bits.cast_signed()), start)),
            _ => Err(self.fault(start, self.at, "A hexadecimal number has at most 16 digits", "")),
        }
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        let digits = self.take_while(|character| character.is_ascii_digit());
        self.no_tail(start)?;
        match digits.parse::<u64>() {
            Ok(number) if number <= 1 << 63 => Ok(self.token(TokenKind::Number(number), start)),
            _ => Err(self.out_of_range(start, self.at)),
        }
    }

    fn out_of_range(&self, start: usize, end: usize) -> Problem {
        out_of_range(self.text, Span::new(start, end))
    }

    fn no_tail(&self, start: usize) -> Result<(), Problem> {
        match self.peek() {
            Some('.') => Err(self.fault(start, self.at + 1, "Numbers are whole numbers; a fraction was found", "")),
            Some(next) if next.is_alphabetic() || next == '_' => {
                let end = self.at + next.len_utf8();
                Err(self.fault(start, end, "A number is followed directly by a letter", "Put text in double quotes (\")."))
            }
            _ => Ok(()),
        }
    }

    fn string(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        self.at += 1;
        let mut content = String::new();
        let mut escaped_quote = false;
        loop {
            let mut ahead = self.rest().chars();
            let (first, second) = (ahead.next(), ahead.next());
            match (first, second) {
                (Some('"'), Some('"')) => {
                    content.push('"');
                    self.at += 2;
                }
                (Some('"'), _) => {
                    self.at += 1;
                    return Ok(self.token(TokenKind::Text(content), start));
                }
                (Some('\\'), Some(next @ ('\\' | '"'))) => {
                    escaped_quote |= next == '"';
                    content.push(next);
                    self.at += 2;
                }
                (Some(other), _) => {
                    content.push(other);
                    self.at += other.len_utf8();
                }
                (None, _) => {
                    let escapes_before = self.tokens.iter().any(|token| self.has_escaped_quote(token.span));
                    let hint = if escaped_quote || escapes_before {
                        "A backslash before a quote escapes it; write \"\\\\\" for one backslash."
                    } else {
                        "Add the closing quote."
                    };
                    return Err(self.fault(start, start + 1, "The string that starts here is not closed", hint));
                }
            }
        }
    }

    fn has_escaped_quote(&self, span: Span) -> bool {
        self.text.get(span.start..span.end).is_some_and(|token| token.starts_with('"') && token.contains("\\\""))
    }

    fn attribute(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        self.at += 1;
        let name = self.take_while(is_attribute_character);
        match self.peek() {
            Some(']') if starts_attribute(&name) => {
                self.at += 1;
                Ok(self.token(TokenKind::Attribute(name), start))
            }
            None => Err(self.fault(start, start + 1, "The attribute that starts here is not closed", "Add the closing ].")),
            _ => {
                Err(self.fault(start, start + 1, "An attribute name consists of letters, digits, _, - and .", "Close it with ]."))
            }
        }
    }

    fn parameter(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        self.at += 1;
        let name = self.take_while(is_attribute_character);
        if self.peek() == Some('%') && starts_attribute(&name) {
            self.at += 1;
            return Ok(self.token(TokenKind::Parameter(name), start));
        }
        Err(self.fault(start, start + 1, "The parameter that starts here is not closed", "Write %Name%."))
    }

    fn variable(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        self.at += 1;
        let name = self.take_while(is_name_character);
        if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Ok(self.token(TokenKind::Variable(name), start));
        }
        Err(self.fault(start, start + 1, "A variable name is expected behind $", "Write $name."))
    }
}

/// A number literal outside signed 64 bits.
pub(crate) fn out_of_range(text: &str, span: Span) -> Problem {
    let hint = "Numbers go from -9223372036854775808 to 9223372036854775807.";
    Problem::located(ProblemKind::Syntax, text, span, "The number is too large", hint)
}

/// White space between tokens.
pub(crate) fn is_white_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n' | '\u{A0}')
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn is_attribute_character(character: char) -> bool {
    is_name_character(character) || character == '-' || character == '.'
}

fn starts_attribute(name: &str) -> bool {
    name.starts_with(is_name_character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokenize(text).unwrap().into_iter().map(|token| token.kind).filter(|kind| *kind != TokenKind::End).collect()
    }

    #[test]
    fn ampersand_h_depends_on_position() {
        assert_eq!(kinds("&HF"), [TokenKind::Hexadecimal(15)]);
        assert_eq!(
            kinds("[n]&HF"),
            [TokenKind::Attribute("n".into()), TokenKind::Operator(Operator::Concatenate), TokenKind::Name("HF".into())]
        );
        assert_eq!(kinds("&HFFFFFFFFFFFFFFFF"), [TokenKind::Hexadecimal(-1)]);
    }

    #[test]
    fn string_escapes() {
        for (text, content) in
            [(r#""""#, ""), (r#""\\""#, "\\"), (r#""a""b\"c""#, "a\"b\"c"), (r#""\r\n""#, "\\r\\n"), ("\"a\nb\"", "a\nb")]
        {
            assert_eq!(kinds(text), [TokenKind::Text(content.into())], "{text}");
        }
    }

    #[test]
    fn faults_point_at_the_opening_character() {
        for (text, offset) in
            [("1 & \"ab", 4), ("  [ab", 2), ("%ab", 0), ("1 + \u{201C}a\u{201D}", 4), ("5 @ 3", 2), ("[a b]", 0), ("1.5", 0)]
        {
            let (_, problem) = tokenize(text).unwrap_err();
            assert_eq!((problem.kind, problem.offset), (ProblemKind::Syntax, offset), "{text}");
        }
    }
}
