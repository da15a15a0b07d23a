//! The nodes of a program: names are slots, functions are table entries.

use crate::direct::{Direct, Shortcut};
use crate::function_table::{FunctionInfo, Mode};
use crate::functions::pattern::Pattern;
use crate::interface::AttributeKind;
use crate::lexer::Operator;
use crate::problem::Span;
use crate::value::Value;

/// One node of a program.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The text of the whole node.
    pub span: Span,
    /// Where faults of the node itself point: the function name or the operator.
    pub at: Span,
    /// Whether the value is certainly not multi-valued.
    pub single: bool,
    /// The nodes of the whole tree below and with this one: what one evaluation costs at most, loops aside.
    pub weight: u32,
    /// Whether the value can be had without the evaluator's own values, and what it is then.
    pub direct: Direct,
    pub kind: NodeKind,
}

impl Node {
    pub(crate) fn new(span: Span, at: Span, kind: NodeKind) -> Self {
        let weight = kind.children().iter().fold(1_u32, |sum, child| sum.saturating_add(child.weight));
        Self { span, at, single: kind.is_single(), weight, direct: Direct::of(&kind), kind }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Constant(Constant),
    /// A constant part with the value it was folded to.
    Folded {
        constant: Constant,
        original: Box<Node>,
    },
    /// A name that does not resolve; such a program is checked and never run.
    Unknown,
    /// A bare enumeration constant.
    Enumeration(&'static str),
    Attribute {
        slot: usize,
        kind: AttributeKind,
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
        pattern: Option<Box<Pattern>>,
        /// Whether no argument that is applied per value can be multi-valued: the function runs once.
        once: bool,
        shortcut: Option<Shortcut>,
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

impl NodeKind {
    /// A call of an ordinary function.
    pub(crate) fn call(function: &'static FunctionInfo, arguments: Vec<Node>, pattern: Option<Box<Pattern>>) -> Self {
        let once = arguments.iter().zip(function.parameters).all(|(argument, parameter)| match parameter.mode {
            Mode::Each | Mode::Enumeration => argument.single,
            Mode::List | Mode::Whole => true,
        });
        Self::Call { function, arguments, pattern, once, shortcut: Shortcut::of(function) }
    }

    /// The parts, in order of place.
    pub(crate) fn children(&self) -> Vec<&Node> {
        match self {
            Self::Constant(_)
            | Self::Unknown
            | Self::Enumeration(_)
            | Self::Attribute { .. }
            | Self::Count { .. }
            | Self::Parameter(_)
            | Self::Variable(_) => Vec::new(),
            Self::Folded { original, .. } => original.kind.children(),
            Self::Negate(inner) => vec![inner],
            Self::Chain { first, rest } | Self::Logical { first, rest } => {
                std::iter::once(first.as_ref()).chain(rest.iter().map(|operand| &operand.node)).collect()
            }
            Self::Call { arguments, .. } => arguments.iter().collect(),
            Self::If { condition, then, otherwise } => vec![condition, then, otherwise],
            Self::Switch(pairs) => pairs.iter().flat_map(|(condition, value)| [condition, value]).collect(),
            Self::With { value, body } => vec![value, body],
            Self::Where { list, condition } => vec![list, condition],
            Self::Select { list, body } => vec![list, body],
        }
    }

    fn is_single(&self) -> bool {
        match self {
            Self::Constant(_) | Self::Folded { .. } | Self::Enumeration(_) | Self::Count { .. } | Self::Parameter(_) => true,
            Self::Attribute { multi_valued, .. } => !multi_valued,
            Self::Unknown | Self::Variable(_) | Self::Where { .. } | Self::Select { .. } => false,
            Self::Negate(inner) => inner.single,
            Self::Chain { first, rest } | Self::Logical { first, rest } => {
                first.single && rest.iter().all(|operand| operand.node.single)
            }
            Self::Call { function, once, .. } => *once && !function.gives_list(),
            Self::If { condition, then, otherwise } => condition.single && then.single && otherwise.single,
            Self::Switch(pairs) => pairs.iter().all(|(_, value)| value.single),
            Self::With { body, .. } => body.single,
        }
    }
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
