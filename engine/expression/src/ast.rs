//! The syntax tree: names are not resolved yet.

use crate::lexer::Operator;
use crate::problem::Span;

/// One node with the stretch of text it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expression {
    pub span: Span,
    pub kind: ExpressionKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpressionKind {
    Number(i64),
    Text(String),
    Attribute(String),
    Parameter(String),
    Variable(String),
    /// A bare name: literal, enumeration constant, or unknown.
    Name(String),
    /// An operand in brackets.
    Bracketed(Box<Expression>),
    Negated(Box<Expression>),
    /// Operands of one level of priority, strictly from left to right.
    Chain {
        level: Level,
        first: Box<Expression>,
        rest: Vec<Link>,
    },
    Call {
        name: String,
        name_span: Span,
        arguments: Vec<Expression>,
    },
}

/// An operator of a chain with its right operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub operator: Operator,
    pub operator_span: Span,
    pub operand: Expression,
}

/// The levels of priority, from loose to tight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Logical,
    Comparison,
    Arithmetic,
}

impl Level {
    pub(crate) fn of(operator: Operator) -> Self {
        match operator {
            Operator::And | Operator::Or => Self::Logical,
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => Self::Comparison,
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Concatenate => {
                Self::Arithmetic
            }
        }
    }
}
