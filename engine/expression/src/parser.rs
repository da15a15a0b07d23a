//! Tokens to syntax tree. Recursion is bounded by the nesting limit; chains of operators are loops.

use crate::ast::{Expression, ExpressionKind, Level, Link};
use crate::lexer::{Operator, Token, TokenKind, out_of_range, tokenize};
use crate::limits;
use crate::problem::{Problem, ProblemKind, Severity, Span};

/// The literals of the language.
pub(crate) const LITERALS: [&str; 6] = ["AuthoritativeNull", "CRLF", "False", "IgnoreThisFlow", "NULL", "True"];

/// The enumeration constants of the language.
pub(crate) const CONSTANTS: [&str; 8] =
    ["ASCII", "CaseInsensitive", "CaseSensitive", "DC", "UTF8", "Unicode", "vbBinaryCompare", "vbTextCompare"];

/// The literals, for completion.
pub fn literals() -> &'static [&'static str] {
    &LITERALS
}

/// The enumeration constants, for completion.
pub fn enumeration_constants() -> &'static [&'static str] {
    &CONSTANTS
}

/// The functions whose first argument introduces a variable.
pub(crate) fn binds_variable(function: &str) -> bool {
    matches!(function, "With" | "Where" | "Select")
}

/// Reads the whole text as one expression.
pub(crate) fn parse(text: &str) -> Result<Expression, Problem> {
    let tokens = tokenize(text).map_err(|(_, problem)| problem)?;
    let mut parser = Parser { text, tokens, at: 0, depth: 0 };
    if parser.peek() == &TokenKind::End {
        return Err(parser.fault("The expression is empty", "Write at least an attribute, for example [mail]."));
    }
    let expression = parser.expression()?;
    match parser.peek() {
        TokenKind::End => Ok(expression),
        TokenKind::Close => Err(parser.fault("\")\" found without a matching \"(\"", "Remove it.")),
        TokenKind::Comma => Err(parser.fault("\",\" found outside of a function call", "")),
        _ => {
            let headline = format!("Operator expected, {} found", parser.describe());
            Err(parser.fault(&headline, "Join strings with &."))
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &TokenKind {
        self.tokens.get(self.at).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(Span::new(self.text.len(), self.text.len()), |token| token.span)
    }

    fn advance(&mut self) -> Span {
        let span = self.span();
        self.at += 1;
        span
    }

    fn fault(&self, headline: &str, hint: &str) -> Problem {
        Problem::located(ProblemKind::Syntax, self.text, self.span(), headline, hint)
    }

    fn describe(&self) -> String {
        let span = self.span();
        match self.peek() {
            TokenKind::End => "end of text".into(),
            _ => self.text.get(span.start..span.end).unwrap_or_default().into(),
        }
    }

    /// Goes one level deeper for `read`; the limit keeps recursion away from the end of the stack.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        if self.depth >= limits::NESTING {
            let message = format!("The expression is nested deeper than {} levels. Simplify it.", limits::NESTING);
            return Err(Problem::new(ProblemKind::Limit, Severity::Error, self.text, self.span(), message));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self) -> Result<Expression, Problem> {
        self.chain(Level::Logical)
    }

    fn chain(&mut self, level: Level) -> Result<Expression, Problem> {
        let first = self.operand(level)?;
        let mut rest = Vec::new();
        while let TokenKind::Operator(operator) = *self.peek() {
            if Level::of(operator) != level {
                break;
            }
            let operator_span = self.advance();
            rest.push(Link { operator, operator_span, operand: self.operand(level)? });
        }
        let Some(last) = rest.last() else { return Ok(first) };
        let span = first.span.to(last.operand.span);
        Ok(Expression { span, kind: ExpressionKind::Chain { level, first: Box::new(first), rest } })
    }

    fn operand(&mut self, level: Level) -> Result<Expression, Problem> {
        match level {
            Level::Logical => self.chain(Level::Comparison),
            Level::Comparison => self.chain(Level::Arithmetic),
            Level::Arithmetic => self.unary(),
        }
    }

    fn unary(&mut self) -> Result<Expression, Problem> {
        if self.peek() != &TokenKind::Operator(Operator::Subtract) {
            return self.primary();
        }
        let sign = self.advance();
        if let TokenKind::Number(magnitude) = *self.peek()
            && self.span().start == sign.end
        {
            let span = sign.to(self.advance());
            let number = 0_i64.checked_sub_unsigned(magnitude).ok_or_else(|| out_of_range(self.text, span))?;
            return Ok(Expression { span, kind: ExpressionKind::Number(number) });
        }
        let operand = self.nested(Self::unary)?;
        let span = sign.to(operand.span);
        Ok(Expression { span, kind: ExpressionKind::Negated(Box::new(operand)) })
    }

    fn primary(&mut self) -> Result<Expression, Problem> {
        let span = self.span();
        let kind = match self.peek().clone() {
            TokenKind::Text(text) => ExpressionKind::Text(text),
            TokenKind::Hexadecimal(number) => ExpressionKind::Number(number),
            TokenKind::Number(magnitude) => {
                ExpressionKind::Number(i64::try_from(magnitude).map_err(|_error| out_of_range(self.text, span))?)
            }
            TokenKind::Attribute(name) => ExpressionKind::Attribute(name),
            TokenKind::Parameter(name) => ExpressionKind::Parameter(name),
            TokenKind::Variable(name) => ExpressionKind::Variable(name),
            TokenKind::Open => return self.bracketed(),
            TokenKind::Name(name) => {
                if self.tokens.get(self.at + 1).is_some_and(|token| token.kind == TokenKind::Open) {
                    return self.call(name);
                }
                ExpressionKind::Name(name)
            }
            TokenKind::Comma | TokenKind::Close | TokenKind::End | TokenKind::Operator(_) => {
                let headline = format!("A value is expected, {} found", self.describe());
                return Err(self.fault(&headline, ""));
            }
        };
        self.advance();
        Ok(Expression { span, kind })
    }

    fn bracketed(&mut self) -> Result<Expression, Problem> {
        let open = self.advance();
        let inner = self.nested(Self::expression)?;
        let close = self.close(open)?;
        Ok(Expression { span: open.to(close), kind: ExpressionKind::Bracketed(Box::new(inner)) })
    }

    fn call(&mut self, name: String) -> Result<Expression, Problem> {
        let name_span = self.advance();
        let open = self.advance();
        let mut arguments = Vec::new();
        if self.peek() != &TokenKind::Close {
            loop {
                let argument = self.nested(Self::expression)?;
                if arguments.is_empty() && binds_variable(&name) {
                    self.require_variable(&name, &argument)?;
                }
                arguments.push(argument);
                if self.peek() != &TokenKind::Comma {
                    break;
                }
                self.advance();
            }
        }
        let close = self.close(open)?;
        Ok(Expression { span: name_span.to(close), kind: ExpressionKind::Call { name, name_span, arguments } })
    }

    fn require_variable(&self, function: &str, argument: &Expression) -> Result<(), Problem> {
        if matches!(argument.kind, ExpressionKind::Variable(_)) {
            return Ok(());
        }
        let headline = format!("The first argument of {function} must be a variable");
        Err(Problem::located(ProblemKind::Syntax, self.text, argument.span, &headline, "Write for example $item."))
    }

    fn close(&mut self, open: Span) -> Result<Span, Problem> {
        if self.peek() == &TokenKind::Close {
            return Ok(self.advance());
        }
        let opened = Problem::located(ProblemKind::Syntax, self.text, open, "", "");
        let hint = format!("The bracket opened at column {} is not closed.", opened.column);
        Err(self.fault(&format!("\")\" expected, {} found", self.describe()), &hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_fault(text: &str, kind: ProblemKind, offset: usize) {
        let problem = parse(text).unwrap_err();
        assert_eq!((problem.kind, problem.offset), (kind, offset), "{text}: {problem}");
    }

    #[test]
    fn faults_point_at_the_unexpected_token() {
        for (text, offset) in [
            ("", 0),
            ("   ", 3),
            ("IIF([a]=1,2", 11),
            ("Trim(\"a\"))", 9),
            ("Trim(\"a\",)", 9),
            ("IIF(True,,1)", 9),
            ("\"a\" \"b\"", 4),
            ("&hFF", 0),
            ("1 +", 3),
            ("9223372036854775808", 0),
            ("-  9223372036854775808", 3),
            ("Select(\"x\",[p],1)", 7),
        ] {
            check_fault(text, ProblemKind::Syntax, offset);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(limits::NESTING)).is_ok());
        check_fault(&nested(limits::NESTING + 1), ProblemKind::Limit, limits::NESTING + 1);
        check_fault(&"(".repeat(30_000), ProblemKind::Limit, limits::NESTING + 1);
        assert_eq!(parse(&"- ".repeat(10_000)).unwrap_err().kind, ProblemKind::Limit);
    }

    #[test]
    fn long_chains_do_not_recurse() {
        let chain = format!("1{}", "+1".repeat(16_000));
        assert!(parse(&chain).is_ok());
    }

    #[test]
    fn length_is_bounded() {
        let long = format!("\"{}\"", "x".repeat(limits::TEXT_CHARACTERS));
        check_fault(&long, ProblemKind::Limit, 0);
    }

    #[test]
    fn messages_name_place_and_fix() {
        assert_eq!(
            parse("IIF([a]=1,2").unwrap_err().message,
            "\")\" expected, end of text found (line 1, column 12). The bracket opened at column 4 is not closed."
        );
        assert_eq!(
            parse("\u{201C}Contoso\u{201D}").unwrap_err().message,
            "Use straight quotes (\") instead of typographic quotes (line 1, column 1)."
        );
    }
}
