//! Shortcuts for parts whose values need no list, no new text and no variable: most conditions, and the texts that are
//! cut out of attributes.
//!
//! A value of the evaluator is large and goes from call to call through memory; a truth, a number or a borrowed text
//! fits into registers. What a part certainly is ([`Direct`]) is known when it is compiled. Shortcuts know nothing of
//! faults: whatever is not plain makes [`Reader::surprised`] true, and the part is evaluated the ordinary way, which
//! says what is wrong. A traced evaluation takes no shortcut, so that the law "tracing changes no result" compares both.

use crate::function_table::FunctionInfo;
use crate::functions::search;
use crate::interface::{AttributeKind, Context, Parameters, Source};
use crate::lexer::Operator;
use crate::limits;
use crate::node::{Constant, Node, NodeKind, Operand};
use crate::operators;
use crate::text_units;
use crate::value::{Outcome, Val, Value, ValueRef};
use std::borrow::Cow;

/// What a part gives when it has a shortcut; each may also be NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direct {
    /// No shortcut.
    No,
    /// NULL, which fits every type.
    Null,
    Truth,
    Integer,
    Text,
}

/// The functions that have a shortcut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortcut {
    BitAnd,
    CBool,
    InStr,
    IsNull,
    IsNullOrEmpty,
    IsPresent,
    Item,
    Left,
    Len,
    LTrim,
    RTrim,
    Trim,
}

impl Shortcut {
    pub(crate) fn of(function: &FunctionInfo) -> Option<Self> {
        Some(match function.name {
            "BitAnd" => Self::BitAnd,
            "CBool" => Self::CBool,
            "InStr" => Self::InStr,
            "IsNull" => Self::IsNull,
            "IsNullOrEmpty" => Self::IsNullOrEmpty,
            "IsPresent" => Self::IsPresent,
            "Item" => Self::Item,
            "Left" => Self::Left,
            "Len" => Self::Len,
            "LTrim" => Self::LTrim,
            "RTrim" => Self::RTrim,
            "Trim" => Self::Trim,
            _ => return None,
        })
    }
}

impl Direct {
    /// The shortcut of a part whose own parts have theirs.
    pub(crate) fn of(kind: &NodeKind) -> Self {
        match kind {
            NodeKind::Constant(constant) | NodeKind::Folded { constant, .. } => Self::of_constant(constant),
            NodeKind::Attribute { own_name: true, .. } => Self::Text,
            NodeKind::Attribute { kind, multi_valued: false, .. } => Self::of_attribute(*kind),
            NodeKind::Count { .. } => Self::Integer,
            NodeKind::Parameter(_) => Self::Text,
            NodeKind::Chain { first, rest } => Self::of_chain(first, rest),
            NodeKind::Logical { first, rest } => {
                let all = first.direct.fits(Self::Truth) && rest.iter().all(|operand| operand.node.direct.fits(Self::Truth));
                if all { Self::Truth } else { Self::No }
            }
            NodeKind::If { condition, then, otherwise } if condition.direct.decides() => {
                then.direct.or(otherwise.direct).unwrap_or(Self::No)
            }
            NodeKind::Call { shortcut: Some(shortcut), arguments, .. } => Self::of_call(*shortcut, arguments),
            _ => Self::No,
        }
    }

    fn of_constant(constant: &Constant) -> Self {
        match constant {
            Constant::Null => Self::Null,
            Constant::Single(Value::Boolean(_)) => Self::Truth,
            Constant::Single(Value::Number(_)) => Self::Integer,
            Constant::Single(Value::Text(_)) => Self::Text,
            Constant::Single(_) | Constant::AuthoritativeNull | Constant::IgnoreThisFlow => Self::No,
        }
    }

    fn of_attribute(kind: AttributeKind) -> Self {
        match kind {
            AttributeKind::Text => Self::Text,
            AttributeKind::Number => Self::Integer,
            AttributeKind::Boolean => Self::Truth,
            AttributeKind::Binary | AttributeKind::Reference => Self::No,
        }
    }

    fn of_chain(first: &Node, rest: &[Operand]) -> Self {
        let [operand] = rest else { return Self::No };
        let Some(both) = first.direct.or(operand.node.direct) else { return Self::No };
        match (both, operand.operator) {
            (Self::No | Self::Null, _) => Self::No,
            (Self::Integer, operator) if operator.compares() => Self::Truth,
            (Self::Text | Self::Truth, Operator::Equal | Operator::NotEqual) => Self::Truth,
            _ => Self::No,
        }
    }

    fn of_call(shortcut: Shortcut, arguments: &[Node]) -> Self {
        let fits = |wanted: &[Self]| {
            arguments.len() == wanted.len()
                && arguments.iter().zip(wanted).all(|(argument, wanted)| argument.direct.fits(*wanted))
        };
        match (shortcut, arguments) {
            (Shortcut::BitAnd, _) if fits(&[Self::Integer, Self::Integer]) => Self::Integer,
            (Shortcut::CBool, _) if fits(&[Self::Integer]) || fits(&[Self::Truth]) => Self::Truth,
            (Shortcut::InStr, _) if fits(&[Self::Text, Self::Text]) => Self::Integer,
            (Shortcut::Len, _) if fits(&[Self::Text]) => Self::Integer,
            (Shortcut::Left, _) if fits(&[Self::Text, Self::Integer]) => Self::Text,
            (Shortcut::LTrim | Shortcut::RTrim | Shortcut::Trim, _) if fits(&[Self::Text]) => Self::Text,
            (Shortcut::Item, [list, index]) if is_text_list(list) && index.direct == Self::Integer => Self::Text,
            (Shortcut::IsNull | Shortcut::IsNullOrEmpty | Shortcut::IsPresent, [asked])
                if asked.direct != Self::No || matches!(asked.kind, NodeKind::Attribute { .. }) =>
            {
                Self::Truth
            }
            _ => Self::No,
        }
    }

    fn fits(self, wanted: Self) -> bool {
        self == wanted || self == Self::Null
    }

    /// Whether it can be the condition of IIF.
    fn decides(self) -> bool {
        matches!(self, Self::Truth | Self::Integer | Self::Null)
    }

    /// The type of a choice between two parts.
    fn or(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Null, other) => Some(other),
            (this, Self::Null) => Some(this),
            (this, other) => (this == other).then_some(this),
        }
    }
}

fn is_text_list(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Attribute { kind: AttributeKind::Text, multi_valued: true, .. })
}

/// The value of a part by its shortcut; `None` when it must be evaluated the ordinary way.
#[inline]
pub(crate) fn value<'a>(
    node: &'a Node,
    source: &'a dyn Source,
    parameters: &'a [String],
    context: &'a Context<'a>,
) -> Option<Val<'a>> {
    let mut reader = Reader { source, parameters, context, surprised: false };
    let value = match node.direct {
        Direct::No => return None,
        Direct::Null => Val::Null,
        Direct::Truth => reader.truth(node).map_or(Val::Null, Val::Boolean),
        Direct::Integer => reader.integer(node).map_or(Val::Null, Val::Number),
        Direct::Text => reader.text(node).map_or(Val::Null, |text| Val::Text(Cow::Borrowed(text))),
    };
    if reader.surprised { None } else { Some(value) }
}

/// The result of a whole expression by its shortcut; `None` when it must be evaluated the ordinary way.
#[inline]
pub(crate) fn outcome(root: &Node, source: &dyn Source, parameters: &[String], context: &Context<'_>) -> Option<Outcome> {
    let mut reader = Reader { source, parameters, context, surprised: false };
    let value = match root.direct {
        Direct::No => return None,
        Direct::Null => None,
        Direct::Truth => reader.truth(root).map(Value::Boolean),
        Direct::Integer => reader.integer(root).map(Value::Number),
        Direct::Text => reader.text(root).map(|text| Value::Text(text.to_owned())),
    };
    if reader.surprised { None } else { Some(value.map_or(Outcome::Null, Outcome::Single)) }
}

/// The result of a whole expression that is a text on loan, or NULL; `None` when it must be evaluated.
#[inline]
pub(crate) fn lent_text<'a>(
    root: &'a Node,
    source: &'a dyn Source,
    parameters: &'a [String],
    context: &'a Context<'a>,
) -> Option<Option<&'a str>> {
    if root.direct != Direct::Text {
        return None;
    }
    let mut reader = Reader { source, parameters, context, surprised: false };
    let text = reader.text(root);
    if reader.surprised { None } else { Some(text) }
}

/// Whether a condition of IIF holds; `None` when it must be evaluated the ordinary way.
#[inline]
pub(crate) fn condition<'a>(
    node: &'a Node,
    source: &'a dyn Source,
    parameters: &'a [String],
    context: &'a Context<'a>,
) -> Option<bool> {
    if !node.direct.decides() {
        return None;
    }
    let mut reader = Reader { source, parameters, context, surprised: false };
    let holds = reader.decides(node);
    if reader.surprised { None } else { Some(holds) }
}

struct Reader<'a> {
    source: &'a dyn Source,
    parameters: &'a [String],
    context: &'a Context<'a>,
    /// Something is not plain; what is returned means nothing.
    surprised: bool,
}

impl<'a> Reader<'a> {
    fn surprise<T>(&mut self) -> Option<T> {
        self.surprised = true;
        None
    }

    /// A text that costs nothing; what a long one costs is counted the ordinary way.
    #[inline]
    fn short(&mut self, text: &'a str) -> Option<&'a str> {
        if text.len() > limits::SHORT_TEXT { self.surprise() } else { Some(text) }
    }

    fn decides(&mut self, node: &'a Node) -> bool {
        match node.direct {
            Direct::Truth => self.truth(node) == Some(true),
            Direct::Integer => self.integer(node).is_some_and(|number| number != 0),
            _ => false,
        }
    }

    fn truth(&mut self, node: &'a Node) -> Option<bool> {
        match &node.kind {
            NodeKind::Call { shortcut: Some(shortcut), arguments, .. } => self.question(*shortcut, arguments.first()?),
            NodeKind::Chain { first, rest } => self.compare(first, rest.first()?),
            NodeKind::Logical { first, rest } => {
                let mut flag = self.truth(first).unwrap_or(false);
                for operand in rest {
                    // The left value that makes the right one unnecessary.
                    if flag != (operand.operator == Operator::Or) {
                        flag = self.truth(&operand.node).unwrap_or(false);
                    }
                }
                Some(flag)
            }
            NodeKind::If { condition, then, otherwise } => {
                let holds = self.decides(condition);
                self.truth(if holds { then } else { otherwise })
            }
            NodeKind::Attribute { slot, .. } => match self.source.value(*slot, 0) {
                Some(ValueRef::Boolean(flag)) => Some(flag),
                None => None,
                Some(_) => self.surprise(),
            },
            NodeKind::Constant(constant) | NodeKind::Folded { constant, .. } => match constant {
                Constant::Single(Value::Boolean(flag)) => Some(*flag),
                _ => None,
            },
            _ => self.surprise(),
        }
    }

    fn question(&mut self, shortcut: Shortcut, asked: &'a Node) -> Option<bool> {
        match shortcut {
            Shortcut::IsNull => Some(self.is_null(asked)),
            Shortcut::IsNullOrEmpty => Some(self.is_null_or_empty(asked)),
            Shortcut::IsPresent => Some(!self.is_null_or_empty(asked)),
            Shortcut::CBool => Some(self.decides(asked)),
            _ => self.surprise(),
        }
    }

    fn is_null(&mut self, node: &'a Node) -> bool {
        match (&node.kind, node.direct) {
            (NodeKind::Attribute { slot, multi_valued: true, .. }, _) => self.source.count(*slot) == 0,
            (NodeKind::Attribute { slot, .. }, _) => self.source.value(*slot, 0).is_none(),
            (_, Direct::Truth) => self.truth(node).is_none(),
            (_, Direct::Integer) => self.integer(node).is_none(),
            (_, Direct::Text) => self.text(node).is_none(),
            _ => true,
        }
    }

    fn is_null_or_empty(&mut self, node: &'a Node) -> bool {
        match (&node.kind, node.direct) {
            (NodeKind::Attribute { slot, multi_valued: true, .. }, _) => {
                (0..self.source.count(*slot)).all(|index| matches!(self.source.value(*slot, index), Some(ValueRef::Text(""))))
            }
            (NodeKind::Attribute { slot, .. }, _) => match self.source.value(*slot, 0) {
                None => true,
                Some(ValueRef::Text(text)) => text.is_empty(),
                Some(_) => false,
            },
            (_, Direct::Text) => self.text(node).is_none_or(str::is_empty),
            _ => self.is_null(node),
        }
    }

    fn compare(&mut self, left: &'a Node, operand: &'a Operand) -> Option<bool> {
        let (operator, right) = (operand.operator, &operand.node);
        let order = match left.direct.or(right.direct) {
            Some(Direct::Integer) => match (self.integer(left), self.integer(right)) {
                (Some(left), Some(right)) => left.cmp(&right),
                (left, right) => return Some(operators::compare_nulls(operator, left.is_none() && right.is_none())),
            },
            Some(Direct::Text) => match (self.text(left), self.text(right)) {
                (Some(left), Some(right)) => left.cmp(right),
                (left, right) => return Some(operators::compare_nulls(operator, left.is_none() && right.is_none())),
            },
            Some(Direct::Truth) => match (self.truth(left), self.truth(right)) {
                (Some(left), Some(right)) => left.cmp(&right),
                (left, right) => return Some(operators::compare_nulls(operator, left.is_none() && right.is_none())),
            },
            _ => return self.surprise(),
        };
        Some(operators::holds(operator, order))
    }

    fn integer(&mut self, node: &'a Node) -> Option<i64> {
        match &node.kind {
            NodeKind::Attribute { slot, .. } => match self.source.value(*slot, 0) {
                Some(ValueRef::Number(number)) => Some(number),
                None => None,
                Some(_) => self.surprise(),
            },
            NodeKind::Constant(constant) | NodeKind::Folded { constant, .. } => match constant {
                Constant::Single(Value::Number(number)) => Some(*number),
                _ => None,
            },
            NodeKind::Count { slot } => i64::try_from(self.source.count(*slot)).ok(),
            NodeKind::If { condition, then, otherwise } => {
                let holds = self.decides(condition);
                self.integer(if holds { then } else { otherwise })
            }
            NodeKind::Call { shortcut: Some(shortcut), arguments, .. } => match (shortcut, arguments.as_slice()) {
                (Shortcut::BitAnd, [left, right]) => {
                    let (left, right) = (self.integer(left), self.integer(right));
                    Some(left? & right?)
                }
                (Shortcut::InStr, [text, wanted]) => {
                    let (text, wanted) = (self.text(text), self.text(wanted));
                    match (text, wanted) {
                        (None, _) => Some(0),
                        (_, None) => None,
                        (Some(text), Some(wanted)) => i64::try_from(search::first(text, wanted)).ok(),
                    }
                }
                (Shortcut::Len, [text]) => i64::try_from(self.text(text).map_or(0, text_units::length)).ok(),
                _ => self.surprise(),
            },
            _ => self.surprise(),
        }
    }

    fn text(&mut self, node: &'a Node) -> Option<&'a str> {
        match &node.kind {
            NodeKind::Attribute { slot, own_name, .. } => match self.source.value(*slot, 0) {
                Some(ValueRef::Text(text)) => self.short(text),
                Some(ValueRef::Reference(name)) if *own_name => self.short(name),
                None => None,
                Some(_) => self.surprise(),
            },
            NodeKind::Constant(constant) | NodeKind::Folded { constant, .. } => match constant {
                Constant::Single(Value::Text(text)) => Some(text),
                _ => None,
            },
            NodeKind::Parameter(index) => {
                let parameters: &'a dyn Parameters = self.context.parameters;
                let text = parameters.get(self.parameters.get(*index)?)?;
                self.short(text)
            }
            NodeKind::If { condition, then, otherwise } => {
                let holds = self.decides(condition);
                self.text(if holds { then } else { otherwise })
            }
            NodeKind::Call { shortcut: Some(shortcut), arguments, .. } => match (shortcut, arguments.as_slice()) {
                (Shortcut::Trim, [text]) => self.text(text).map(str::trim),
                (Shortcut::LTrim, [text]) => self.text(text).map(str::trim_start),
                (Shortcut::RTrim, [text]) => self.text(text).map(str::trim_end),
                (Shortcut::Left, [text, count]) => {
                    let (text, count) = (self.text(text), self.integer(count));
                    let Some(text) = text else { return Some("") };
                    Some(text_units::head(text, usize::try_from(count?).unwrap_or(usize::MAX)))
                }
                (Shortcut::Item, [list, index]) => self.item(list, index),
                _ => self.surprise(),
            },
            _ => self.surprise(),
        }
    }

    fn item(&mut self, list: &'a Node, index: &'a Node) -> Option<&'a str> {
        let NodeKind::Attribute { slot, .. } = &list.kind else { return self.surprise() };
        let at = self.integer(index).and_then(|index| usize::try_from(index).ok()).and_then(|index| index.checked_sub(1));
        match at.and_then(|at| self.source.value(*slot, at)) {
            Some(ValueRef::Text(text)) => self.short(text),
            // No such value, or another type: the ordinary way knows what to say.
            _ => self.surprise(),
        }
    }
}
