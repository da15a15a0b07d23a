//! The nodes of a program: names are slots, functions are table entries.

use crate::function_table::FunctionInfo;
use crate::lexer::Operator;
use crate::problem::Span;
use crate::value::Value;
use regex::Regex;

/// One node of a program.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The text of the whole node.
    pub span: Span,
    /// Where faults of the node itself point: the function name or the operator.
    pub at: Span,
    pub kind: NodeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Constant(Constant),
    /// A constant part with the value it was folded to.
    Folded {
        constant: Constant,
        original: Box<Node>,
    },
    /// A bare enumeration constant.
    Enumeration(&'static str),
    Attribute {
        slot: usize,
        multi_valued: bool,
        own_name: bool,
    },
    Count {
        slot: usize,
    },
    Parameter(usize),
    /// A variable by its depth in the stack of variables in scope.
    Variable(usize),
    Negate(Box<Node>),
    /// Arithmetic or comparison, from left to right.
    Chain {
        first: Box<Node>,
        rest: Vec<Operand>,
    },
    /// `&&` and `||`, from left to right, the right side only when needed.
    Logical {
        first: Box<Node>,
        rest: Vec<Operand>,
    },
    Call {
        function: &'static FunctionInfo,
        arguments: Vec<Node>,
        pattern: Option<Box<Regex>>,
    },
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Switch(Vec<(Node, Node)>),
    With {
        value: Box<Node>,
        body: Box<Node>,
    },
    Where {
        list: Box<Node>,
        condition: Box<Node>,
    },
    Select {
        list: Box<Node>,
        body: Box<Node>,
    },
}

/// A right operand with its operator.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub operator: Operator,
    pub at: Span,
    pub node: Node,
}

/// A value known before any object is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Constant {
    Null,
    AuthoritativeNull,
    IgnoreThisFlow,
    Single(Value),
}
