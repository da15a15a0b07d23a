//! Layout: the same tokens with even spaces and, where a line gets long, one argument or operand per line.

use crate::ast::{Expression, ExpressionKind, Link};
use crate::lexer::{TokenKind, tokenize};
use crate::limits;
use crate::parser::parse;
use crate::problem::Problem;

/// The longest line that is not broken.
const WIDTH: usize = 100;
const INDENT: usize = 4;

/// Lays an expression out evenly. Only white space outside strings changes; formatting again changes nothing.
///
/// # Errors
/// A text that is no expression is not touched.
pub fn format(text: &str) -> Result<String, Problem> {
    let tree = parse(text)?;
    let mut layout = Layout { text, output: String::with_capacity(text.len() * 2) };
    layout.expression(&tree, 0, 0);
    if fits(&layout.output) {
        return Ok(layout.output);
    }
    // Indenting very deep nesting would make the text longer than an expression may be.
    let mut line = String::with_capacity(text.len() * 2);
    flat(text, &tree, &mut line);
    Ok(if fits(&line) { line } else { text.to_owned() })
}

/// Whether a text is not too long for an expression.
fn fits(text: &str) -> bool {
    text.chars().count() <= limits::TEXT_CHARACTERS
}

/// Whether two texts differ in white space outside strings only, which is no change of the expression.
pub fn equivalent(left: &str, right: &str) -> bool {
    let tokens = |text: &str| -> Option<Vec<TokenKind>> {
        tokenize(text).ok().map(|tokens| tokens.into_iter().map(|token| token.kind).collect())
    };
    left == right || matches!((tokens(left), tokens(right)), (Some(left), Some(right)) if left == right)
}

struct Layout<'t> {
    text: &'t str,
    output: String,
}

impl Layout<'_> {
    /// Writes a node that starts at the current column; `tail` characters follow it on its last line.
    fn expression(&mut self, tree: &Expression, indent: usize, tail: usize) {
        let mut line = String::new();
        flat(self.text, tree, &mut line);
        if self.column() + line.chars().count() + tail <= WIDTH {
            self.output.push_str(&line);
            return;
        }
        match &tree.kind {
            ExpressionKind::Bracketed(inner) => {
                self.output.push('(');
                self.indented(inner, indent + INDENT, 0);
                self.new_line(indent);
                self.output.push(')');
            }
            ExpressionKind::Negated(inner) => {
                self.output.push('-');
                self.expression(inner, indent, tail);
            }
            ExpressionKind::Chain { first, rest, .. } => self.chain(first, rest, indent, tail),
            ExpressionKind::Call { name, arguments, .. } if !arguments.is_empty() => {
                self.output.push_str(name);
                self.output.push('(');
                for (index, argument) in arguments.iter().enumerate() {
                    let last = index + 1 == arguments.len();
                    self.indented(argument, indent + INDENT, usize::from(!last));
                    if !last {
                        self.output.push(',');
                    }
                }
                self.new_line(indent);
                self.output.push(')');
            }
            _ => self.output.push_str(&line),
        }
    }

    fn chain(&mut self, first: &Expression, rest: &[Link], indent: usize, tail: usize) {
        self.expression(first, indent, 0);
        for (index, link) in rest.iter().enumerate() {
            self.new_line(indent);
            self.output.push_str(link.operator.symbol());
            self.output.push(' ');
            let tail = if index + 1 == rest.len() { tail } else { 0 };
            self.expression(&link.operand, indent, tail);
        }
    }

    fn indented(&mut self, tree: &Expression, indent: usize, tail: usize) {
        self.new_line(indent);
        self.expression(tree, indent, tail);
    }

    fn new_line(&mut self, indent: usize) {
        self.output.push('\n');
        self.output.extend(std::iter::repeat_n(' ', indent));
    }

    fn column(&self) -> usize {
        let line = self.output.rsplit('\n').next().unwrap_or_default();
        line.chars().count()
    }
}

/// Writes a node on one line; strings keep the line breaks they hold.
fn flat(text: &str, tree: &Expression, output: &mut String) {
    match &tree.kind {
        ExpressionKind::Bracketed(inner) => {
            output.push('(');
            flat(text, inner, output);
            output.push(')');
        }
        ExpressionKind::Negated(inner) => {
            output.push('-');
            flat(text, inner, output);
        }
        ExpressionKind::Chain { first, rest, .. } => {
            flat(text, first, output);
            for link in rest {
                output.push(' ');
                output.push_str(link.operator.symbol());
                output.push(' ');
                flat(text, &link.operand, output);
            }
        }
        ExpressionKind::Call { name, arguments, .. } => {
            output.push_str(name);
            output.push('(');
            for (index, argument) in arguments.iter().enumerate() {
                if index > 0 {
                    output.push_str(", ");
                }
                flat(text, argument, output);
            }
            output.push(')');
        }
        ExpressionKind::Number(_)
        | ExpressionKind::Text(_)
        | ExpressionKind::Attribute(_)
        | ExpressionKind::Parameter(_)
        | ExpressionKind::Variable(_)
        | ExpressionKind::Name(_) => output.push_str(text.get(tree.span.start..tree.span.end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let formatted = format(text).unwrap();
        assert_eq!(formatted, expected, "{text}");
        assert_eq!(format(&formatted).unwrap(), formatted, "formatting is not stable: {text}");
        assert!(equivalent(text, &formatted), "{text}");
    }

    #[test]
    fn short_expressions_stay_on_one_line() {
        check(" IIF (True,\n\"a  b\" , [c]&\"x\")", "IIF(True, \"a  b\", [c] & \"x\")");
        check("[n]& &H10", "[n] & &H10");
        check("5--2", "5 - -2");
        check("- 5", "-5");
        check("- -5", "--5");
        check("((1))", "((1))");
        check("Now( )", "Now()");
    }

    #[test]
    fn long_expressions_get_a_line_per_part() {
        check(
            "IIF(IsPresent([userPrincipalName]),[userPrincipalName], IIF(IsPresent([sAMAccountName]),([sAMAccountName]&\"@\"&%Domain.FQDN%),Error(\"AccountName is not present\")))",
            "IIF(
    IsPresent([userPrincipalName]),
    [userPrincipalName],
    IIF(
        IsPresent([sAMAccountName]),
        ([sAMAccountName] & \"@\" & %Domain.FQDN%),
        Error(\"AccountName is not present\")
    )
)",
        );
        check(
            "IsPresent([isCriticalSystemObject])||IsPresent([sAMAccountName])=False||Left([sAMAccountName],4)=\"AAD_\"",
            "IsPresent([isCriticalSystemObject])
|| IsPresent([sAMAccountName]) = False
|| Left([sAMAccountName], 4) = \"AAD_\"",
        );
    }

    #[test]
    fn formatting_never_makes_a_text_too_long() {
        let deep = format!("{}[attribute]{}", "Trim( ".repeat(127), ")".repeat(127));
        let line = deep.replace(' ', "");
        check(&deep, &line);
        let operands = format!("1{}", "+1".repeat(16_000));
        check(&operands, &operands);
    }

    #[test]
    fn white_space_is_no_change_but_strings_are() {
        assert!(equivalent("Trim( [a] )", "Trim([a])"));
        assert!(equivalent("\"open", "\"open"));
        assert!(!equivalent("\"a b\"", "\"ab\""));
        assert!(!equivalent("[a] & 1", "[a] & \"1\""));
    }
}
