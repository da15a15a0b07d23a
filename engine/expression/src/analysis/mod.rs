//! Advice for the editor: what will probably fail or was probably not meant, and the type of the result.

mod reach;
mod target;

pub use self::target::Target;

use self::reach::Known;
use crate::compile::{OWN_NAME, attribute_type};
use crate::function_table::{FunctionInfo, Mode, NullRule, Types};
use crate::interface::{AttributeKind, AttributeUse, Schema, View};
use crate::lexer::Operator;
use crate::limits;
use crate::node::{Constant, Node, NodeKind, Operand};
use crate::problem::{Problem, ProblemKind, Severity, Span};
use crate::value::Val;

/// What is known about the result of an expression without evaluating it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultShape {
    /// The possible types by the names of the language (str, num, bool, bin, ref, dt); empty when there is never a value.
    pub types: Vec<&'static str>,
    /// Whether the result is multi-valued, when that is certain.
    pub multi_valued: Option<bool>,
}

/// What is known about the value of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    types: Types,
    multi: Option<bool>,
    /// Certainly a flow literal.
    flow: bool,
    /// Perhaps a flow literal.
    may_flow: bool,
}

impl Shape {
    fn single(types: Types) -> Self {
        Self { types, multi: Some(false), flow: false, may_flow: false }
    }

    /// Anything at all.
    fn unknown() -> Self {
        Self { types: Types::ANY, multi: None, flow: false, may_flow: false }
    }

    /// Certainly NULL.
    fn is_null(self) -> bool {
        self.types == Types::NONE && !self.may_flow
    }

    fn list(types: Types) -> Self {
        Self { types, multi: Some(true), flow: false, may_flow: false }
    }

    fn either(self, other: Self) -> Self {
        let multi = match (self.types == Types::NONE, other.types == Types::NONE) {
            (true, _) => other.multi,
            (_, true) => self.multi,
            _ if self.multi == other.multi => self.multi,
            _ => None,
        };
        let (flow, may_flow) = (self.flow && other.flow, self.may_flow || other.may_flow);
        Self { types: self.types.or(other.types), multi, flow, may_flow }
    }
}

/// Everything worth saying about a program, in order of place, and the shape of its result.
pub(crate) fn advise(text: &str, root: &Node, attributes: &[AttributeUse], schema: &dyn Schema) -> (Vec<Problem>, ResultShape) {
    let shapes = attributes.iter().map(|used| attribute_shape(schema, &used.name)).collect();
    let (variables, problems, known) = (Vec::new(), Vec::new(), Known::default());
    let mut adviser = Adviser { text, schema, attributes, shapes, variables, known, problems };
    let shape = adviser.node(root, Guard::default());
    if shape.is_null() && adviser.problems.iter().all(|problem| problem.kind != ProblemKind::AlwaysNull) {
        let message = "The expression never gives a value: it is always NULL.";
        adviser.say(Severity::Warning, ProblemKind::AlwaysNull, root.span, message);
    }
    adviser.problems.sort_by_key(|problem| problem.offset);
    adviser.problems.dedup();
    (adviser.problems, ResultShape { types: shape.types.list(), multi_valued: shape.multi })
}

fn attribute_shape(schema: &dyn Schema, name: &str) -> Shape {
    let Some(found) = attribute_type(schema, name) else { return Shape::unknown() };
    let types = match found.kind {
        AttributeKind::Text => Types::TEXT,
        AttributeKind::Number => Types::NUMBER,
        AttributeKind::Boolean => Types::BOOLEAN,
        AttributeKind::Binary => Types::BINARY,
        AttributeKind::Reference => Types::REFERENCE,
    };
    Shape { types, multi: Some(found.multi_valued), flow: false, may_flow: false }
}

/// What a condition around a node already made sure of.
#[derive(Clone, Copy, Default)]
struct Guard {
    /// Evaluated only under a condition.
    conditional: bool,
    /// The condition asks for the type of a value.
    typed: bool,
}

impl Guard {
    fn under(self, condition: &Node) -> Self {
        Self { conditional: true, typed: self.typed || asks_for_type(condition) }
    }
}

/// Whether a condition contains one of the questions about types.
fn asks_for_type(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Call { function, arguments, .. } => {
            matches!(function.name, "IsString" | "IsGuid" | "IsCert" | "IsNumeric" | "IsDate")
                || arguments.iter().any(asks_for_type)
        }
        NodeKind::Chain { first, rest } | NodeKind::Logical { first, rest } => {
            asks_for_type(first) || rest.iter().any(|operand| asks_for_type(&operand.node))
        }
        NodeKind::If { condition, then, otherwise } => [condition, then, otherwise].into_iter().any(|part| asks_for_type(part)),
        _ => false,
    }
}

struct Adviser<'p> {
    text: &'p str,
    schema: &'p dyn Schema,
    attributes: &'p [AttributeUse],
    shapes: Vec<Shape>,
    variables: Vec<Shape>,
    known: Known<'p>,
    problems: Vec<Problem>,
}

impl<'p> Adviser<'p> {
    fn say(&mut self, severity: Severity, kind: ProblemKind, at: Span, message: impl Into<String>) {
        if self.problems.len() < limits::PROBLEMS {
            self.problems.push(Problem::new(kind, severity, self.text, at, message.into()));
        }
    }

    fn warn(&mut self, at: Span, message: impl Into<String>) {
        self.say(Severity::Warning, ProblemKind::Advice, at, message);
    }

    /// Says that a part is always NULL, and gives that shape.
    fn always_null(&mut self, at: Span, what: &str) -> Shape {
        let message = format!("{what} gets NULL here, so the result is always NULL.");
        self.say(Severity::Warning, ProblemKind::AlwaysNull, at, message);
        Shape::single(Types::NONE)
    }

    /// Says that a part is never evaluated, because of what is known about a condition.
    fn unreachable(&mut self, part: &Node, condition: &Node, holds: bool) {
        let always = if holds { "True" } else { "False" };
        let message = if let NodeKind::Constant(_) = condition.kind {
            format!("This part is never reached: its condition is the constant {always}.")
        } else {
            let written = self.text.get(condition.span.start..condition.span.end).unwrap_or_default();
            format!("This part is never reached: {} is always {always} here.", shortened(written))
        };
        self.say(Severity::Warning, ProblemKind::Unreachable, part.span, message);
    }

    /// What is to be said about reading an attribute.
    fn reading(&mut self, at: Span, slot: usize) {
        let Some(used) = self.attributes.get(slot) else { return };
        if used.name != OWN_NAME && !self.schema.is_selected(&used.name) {
            let message =
                format!("{} is not selected for import, so it always reads as NULL here. Select it on the connector.", used.name);
            self.warn(at, message);
        }
        if used.view == View::Imported && !self.schema.has_imported_values() {
            let message = "ImportedValue is for objects of a connector space; here it reads the attribute itself. Use the attribute in brackets.";
            self.warn(at, message);
        }
    }

    fn warn_type(&mut self, at: Span, guard: Guard, message: impl Into<String>) {
        if !guard.typed {
            self.say(Severity::Warning, ProblemKind::Type, at, message);
        }
    }

    fn node(&mut self, node: &'p Node, guard: Guard) -> Shape {
        match &node.kind {
            NodeKind::Constant(constant) => constant_shape(constant),
            NodeKind::Unknown => Shape::unknown(),
            NodeKind::Folded { original, .. } => self.node(original, guard),
            NodeKind::Enumeration(_) => Shape::single(Types::NONE),
            NodeKind::Attribute { slot, .. } => {
                self.reading(node.span, *slot);
                self.shapes.get(*slot).copied().unwrap_or(Shape::unknown())
            }
            NodeKind::Count { slot } => {
                self.reading(node.span, *slot);
                Shape::single(Types::NUMBER)
            }
            NodeKind::Parameter(_) => Shape::single(Types::TEXT),
            NodeKind::Variable(depth) => self.variables.get(*depth).copied().unwrap_or(Shape::unknown()),
            NodeKind::Negate(inner) => {
                let shape = self.node(inner, guard);
                self.expect(node.at, guard, "-", shape, Types::NUMBER);
                if shape.is_null() {
                    return self.always_null(node.span, "-");
                }
                Shape { multi: shape.multi, ..Shape::single(Types::NUMBER) }
            }
            NodeKind::Chain { first, rest } => self.chain(first, rest, guard),
            NodeKind::Logical { first, rest } => self.logical(first, rest, guard),
            NodeKind::Call { function, arguments, .. } => self.call(node, function, arguments, guard),
            NodeKind::If { condition, then, otherwise } => {
                let decision = self.condition(condition, guard, "IIF");
                let inner = guard.under(condition);
                let decided = self.known.decided(self.text, condition);
                if let Some(holds) = decided {
                    self.unreachable(if holds { otherwise } else { then }, condition, holds);
                }
                let mark = self.known.mark();
                self.known.learn(condition, true);
                let then = self.node(then, inner);
                self.known.forget(mark);
                self.known.learn(condition, false);
                let otherwise = self.node(otherwise, inner);
                self.known.forget(mark);
                let shape = match decided {
                    Some(true) => then,
                    Some(false) => otherwise,
                    None => then.either(otherwise),
                };
                let multi = if decision.multi == Some(true) { Some(true) } else { shape.multi };
                Shape { multi, ..shape }
            }
            NodeKind::Switch(pairs) => {
                let mut shape: Option<Shape> = None;
                let mark = self.known.mark();
                let mut taken = None;
                for (condition, value) in pairs {
                    self.condition(condition, guard, "Switch");
                    let decided = self.known.decided(self.text, condition);
                    if let Some(before) = taken {
                        self.unreachable(value, before, true);
                    } else if decided == Some(false) {
                        self.unreachable(value, condition, false);
                    }
                    if decided == Some(true) && taken.is_none() {
                        taken = Some(condition);
                    }
                    let value = self.node(value, guard.under(condition));
                    self.known.learn(condition, false);
                    shape = Some(shape.map_or(value, |before| before.either(value)));
                }
                self.known.forget(mark);
                shape.unwrap_or(Shape::single(Types::NONE))
            }
            NodeKind::With { value, body } => {
                let value = self.node(value, guard);
                self.scoped(value, body, guard)
            }
            NodeKind::Where { list, condition } => {
                let shape = self.list_argument(node.at, "Where", list, guard);
                let inner = Guard { conditional: true, ..guard };
                let decision = self.scoped(Shape { multi: Some(false), ..shape }, condition, inner);
                self.expect(node.at, guard, "the condition of Where", decision, Types::BOOLEAN);
                Shape { multi: Some(true), ..shape }
            }
            NodeKind::Select { list, body } => {
                let shape = self.list_argument(node.at, "Select", list, guard);
                let inner = Guard { conditional: true, ..guard };
                let shape = self.scoped(Shape { multi: Some(false), ..shape }, body, inner);
                Shape::list(shape.types)
            }
        }
    }

    fn scoped(&mut self, variable: Shape, body: &'p Node, guard: Guard) -> Shape {
        self.variables.push(variable);
        let shape = self.node(body, guard);
        self.variables.pop();
        shape
    }

    fn condition(&mut self, node: &'p Node, guard: Guard, function: &str) -> Shape {
        let shape = self.node(node, guard);
        let what = format!("the condition of {function}");
        self.expect(node.span, guard, &what, shape, Types::BOOLEAN.or(Types::NUMBER));
        shape
    }

    /// Warns when a value certainly is none of the wanted types.
    fn expect(&mut self, at: Span, guard: Guard, what: &str, shape: Shape, wanted: Types) {
        if shape.flow {
            let message = format!("{what}: IgnoreThisFlow and AuthoritativeNull are allowed only as the result.");
            self.warn_type(at, Guard::default(), message);
        } else if shape.types != Types::NONE && !shape.types.overlaps(wanted) {
            let (wanted, found) = (wanted.names(), shape.types.names());
            self.warn_type(at, guard, format!("{what}: {wanted} expected, {found} passed."));
        }
    }

    fn list_argument(&mut self, at: Span, function: &str, list: &'p Node, guard: Guard) -> Shape {
        let shape = self.node(list, guard);
        if shape.multi == Some(false) && shape.types != Types::NONE {
            self.warn_type(at, Guard::default(), format!("{function} needs a multi-valued attribute."));
        }
        shape
    }

    fn chain(&mut self, first: &'p Node, rest: &'p [Operand], guard: Guard) -> Shape {
        let mut left = self.node(first, guard);
        let mut sum_before = false;
        for operand in rest {
            let right = self.node(&operand.node, guard);
            match operand.operator {
                Operator::Add | Operator::Subtract => sum_before = true,
                Operator::Multiply | Operator::Divide if sum_before => {
                    let symbol = operand.operator.symbol();
                    let message =
                        format!("{symbol} does not come before + and -: the operators apply from left to right. Use brackets.");
                    self.warn(operand.at, message);
                }
                _ => {}
            }
            left = self.pair(operand, left, right, guard);
        }
        left
    }

    fn pair(&mut self, operand: &Operand, left: Shape, right: Shape, guard: Guard) -> Shape {
        let symbol = operand.operator.symbol();
        let multi = match (left.multi, right.multi) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        let types = match operand.operator {
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide => {
                for side in [left, right] {
                    self.expect(operand.at, guard, symbol, side, Types::NUMBER);
                }
                if left.is_null() || right.is_null() {
                    return self.always_null(operand.at, symbol);
                }
                Types::NUMBER
            }
            Operator::Concatenate => {
                let text = Types::TEXT.or(Types::NUMBER).or(Types::BOOLEAN);
                for side in [left, right] {
                    self.expect(operand.at, guard, symbol, side, text.or(Types::BINARY));
                }
                match (left.types.overlaps(Types::BINARY), right.types.overlaps(Types::BINARY)) {
                    (false, false) => Types::TEXT,
                    _ if !left.types.or(right.types).overlaps(text) => Types::BINARY,
                    _ => Types::TEXT.or(Types::BINARY),
                }
            }
            _ => {
                let known = left.types != Types::NONE && right.types != Types::NONE;
                if known && !left.types.overlaps(right.types) {
                    let message = format!("Cannot compare {} with {}.", left.types.names(), right.types.names());
                    self.warn_type(operand.at, guard, message);
                }
                Types::BOOLEAN
            }
        };
        Shape { multi, ..Shape::single(types) }
    }

    fn logical(&mut self, first: &'p Node, rest: &'p [Operand], guard: Guard) -> Shape {
        let mut shape = self.node(first, guard);
        let mut inner = guard;
        let mut before = first;
        let mut seen: Option<Operator> = None;
        let mut warned = false;
        let sole = rest.windows(2).all(|pair| matches!(pair, [left, right] if left.operator == right.operator));
        let mut decided: Option<&Node> = None;
        for operand in rest {
            self.expect(operand.at, guard, operand.operator.symbol(), shape, Types::BOOLEAN);
            if !warned && seen.is_some_and(|seen| seen != operand.operator) {
                let message = "&& and || have the same priority and apply from left to right. Use brackets.";
                self.warn(operand.at, message);
                warned = true;
            }
            seen = Some(operand.operator);
            inner = inner.under(before);
            let right = self.node(&operand.node, inner);
            self.expect(operand.at, guard, operand.operator.symbol(), right, Types::BOOLEAN);
            if sole && decided.is_none() && self.known.decided(self.text, before) == Some(operand.operator == Operator::Or) {
                decided = Some(before);
            }
            if let Some(decisive) = decided {
                self.unreachable(&operand.node, decisive, operand.operator == Operator::Or);
            }
            before = &operand.node;
            let multi = if right.multi == Some(true) { Some(true) } else { shape.multi };
            shape = Shape { multi, ..Shape::single(Types::BOOLEAN) };
        }
        shape
    }

    fn call(&mut self, node: &'p Node, function: &'static FunctionInfo, arguments: &'p [Node], guard: Guard) -> Shape {
        let mut shapes = Vec::with_capacity(arguments.len());
        for (index, (argument, parameter)) in arguments.iter().zip(function.parameters).enumerate() {
            let shape = self.node(argument, guard);
            let what = format!("{}, argument {}", function.name, index + 1);
            match parameter.mode {
                Mode::Each | Mode::Whole => self.expect(node.at, guard, &what, shape, parameter.types),
                Mode::List if shape.multi == Some(false) && shape.types != Types::NONE => {
                    let name = self.attribute_name(argument).unwrap_or("the argument");
                    let message = format!("{} needs a multi-valued attribute; {name} is single-valued.", function.name);
                    self.warn_type(node.at, Guard::default(), message);
                }
                Mode::List => self.expect(node.at, guard, &what, shape, parameter.types),
                Mode::Enumeration => {}
            }
            shapes.push((shape, parameter.mode));
        }
        self.habits(node, function, arguments, guard);
        let null = shapes.iter().any(|(shape, mode)| *mode == Mode::Each && shape.is_null());
        if null && function.nulls == NullRule::Null {
            return self.always_null(node.at, function.name);
        }
        result_shape(function, &shapes)
    }

    fn attribute_name(&self, node: &Node) -> Option<&str> {
        match &node.kind {
            NodeKind::Attribute { own_name: true, .. } => Some(OWN_NAME),
            NodeKind::Attribute { slot, .. } => self.attributes.get(*slot).map(|used| used.name.as_str()),
            _ => None,
        }
    }

    /// Calls that are correct and still often a mistake.
    fn habits(&mut self, node: &Node, function: &FunctionInfo, arguments: &[Node], guard: Guard) {
        match (function.name, arguments) {
            ("Mid", [_, _]) => self.warn(node.at, "Mid with two arguments fails on the original product. Write the count."),
            ("Item", [_, index]) if !guard.conditional && calls(index, "Contains") => {
                let message = "Item fails when Contains finds nothing. Test Contains(...) > 0 first, or use ItemOrNull.";
                self.warn(node.at, message);
            }
            ("Now", _) => {
                let message = "The result depends on time: it is refreshed when the object changes or by a full synchronization.";
                self.say(Severity::Information, ProblemKind::Advice, node.at, message);
            }
            ("Guid" | "RandomNum", _) => {
                let message = format!("{} gives another value at every run. Use it with Apply once.", function.name);
                self.say(Severity::Information, ProblemKind::Advice, node.at, message);
            }
            _ => {}
        }
    }
}

/// A condition on one line, for a message.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN { line } else { line.chars().take(SHOWN - 1).chain(['…']).collect() }
}

fn calls(node: &Node, name: &str) -> bool {
    matches!(&node.kind, NodeKind::Call { function, .. } if function.name == name)
}

fn constant_shape(constant: &Constant) -> Shape {
    match constant {
        Constant::Null => Shape::single(Types::NONE),
        Constant::AuthoritativeNull | Constant::IgnoreThisFlow => {
            Shape { types: Types::NONE, multi: Some(false), flow: true, may_flow: true }
        }
        Constant::Single(value) => Shape::single(Types::of(&Val::from(value))),
    }
}

fn result_shape(function: &FunctionInfo, arguments: &[(Shape, Mode)]) -> Shape {
    let first = arguments.first().map(|(shape, _)| *shape);
    let types = match (function.name, first) {
        ("Left" | "Mid" | "Right", Some(first)) if !first.types.overlaps(Types::BINARY) => Types::TEXT,
        ("Item" | "ItemOrNull" | "RemoveDuplicates", Some(first)) => first.types,
        _ => function.result,
    };
    if function.gives_list() {
        return Shape::list(types);
    }
    let mut multi = Some(false);
    for (shape, mode) in arguments {
        match (mode, shape.multi) {
            (Mode::Each, Some(true)) => return Shape::list(types),
            (Mode::Each, None) => multi = None,
            _ => {}
        }
    }
    Shape { multi, ..Shape::single(types) }
}
