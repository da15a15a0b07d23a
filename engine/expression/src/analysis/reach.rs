//! What a condition certainly is: a constant, or something that was decided further out.

use crate::format::equivalent;
use crate::lexer::Operator;
use crate::node::{Constant, Node, NodeKind};
use crate::value::Value;

/// The most facts kept: what a person can nest, and not what a hostile text can.
const REMEMBERED: usize = 64;

/// Conditions whose truth is known where a part stands.
#[derive(Default)]
pub(super) struct Known<'p> {
    facts: Vec<(&'p Node, bool)>,
}

impl<'p> Known<'p> {
    /// How much is known; to go back to.
    pub(super) fn mark(&self) -> usize {
        self.facts.len()
    }

    /// Forgets what was learned since.
    pub(super) fn forget(&mut self, mark: usize) {
        self.facts.truncate(mark);
    }

    /// Learns that a condition holds, or does not. All parts of a conjunction that holds do; none of a disjunction that
    /// does not hold does.
    pub(super) fn learn(&mut self, condition: &'p Node, holds: bool) {
        if let NodeKind::Logical { first, rest } = &condition.kind {
            let needed = if holds { Operator::And } else { Operator::Or };
            if rest.iter().all(|operand| operand.operator == needed) {
                self.learn(first, holds);
                for operand in rest {
                    self.learn(&operand.node, holds);
                }
            }
        }
        if self.facts.len() < REMEMBERED && is_lasting(condition) {
            self.facts.push((condition, holds));
        }
    }

    /// The truth of a condition, when it is certain.
    pub(super) fn decided(&self, text: &str, condition: &Node) -> Option<bool> {
        match &condition.kind {
            NodeKind::Constant(constant) | NodeKind::Folded { constant, .. } => return truth(constant),
            NodeKind::Logical { first, rest } => {
                let operator = rest.first().map(|operand| operand.operator)?;
                if rest.iter().all(|operand| operand.operator == operator) {
                    let decisive = operator == Operator::Or;
                    let mut parts = std::iter::once(first.as_ref()).chain(rest.iter().map(|operand| &operand.node));
                    let decided: Vec<Option<bool>> = parts.by_ref().map(|part| self.decided(text, part)).collect();
                    if decided.contains(&Some(decisive)) {
                        return Some(decisive);
                    }
                    if decided.iter().all(|part| *part == Some(!decisive)) {
                        return Some(!decisive);
                    }
                }
            }
            _ => {}
        }
        let written = |node: &Node| text.get(node.span.start..node.span.end).unwrap_or_default();
        let same = |fact: &&(&Node, bool)| equivalent(written(fact.0), written(condition));
        self.facts.iter().rev().find(same).map(|(_, holds)| *holds)
    }
}

fn truth(constant: &Constant) -> Option<bool> {
    match constant {
        Constant::Null => Some(false),
        Constant::Single(Value::Boolean(flag)) => Some(*flag),
        Constant::Single(Value::Number(number)) => Some(*number != 0),
        _ => None,
    }
}

/// Whether the same text means the same value further in: it has one value, no variable and nothing random.
fn is_lasting(node: &Node) -> bool {
    fn is_stable(node: &Node) -> bool {
        let own = match &node.kind {
            NodeKind::Variable(_) | NodeKind::Unknown => false,
            NodeKind::Call { function, .. } => function.is_repeatable(),
            _ => true,
        };
        own && node.kind.children().into_iter().all(is_stable)
    }
    node.single && is_stable(node)
}
