//! How a result fits the attribute it flows to (`expressions.md` 13).

use super::ResultShape;
use crate::interface::AttributeKind;
use crate::node::{Constant, Node, NodeKind};
use crate::problem::{Problem, ProblemKind, Severity};
use crate::text_units;
use crate::value::Value;

/// The attribute that the result of an expression flows to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The attribute's name, for messages.
    pub name: String,
    /// The kind of its values.
    pub kind: AttributeKind,
    /// Whether it may hold more than one.
    pub multi_valued: bool,
    /// The longest text it takes, in UTF-16 code units; `None` without a limit.
    pub max_length: Option<usize>,
}

impl Target {
    /// What will go wrong on the way into the attribute.
    pub(crate) fn judge(&self, text: &str, root: &Node, shape: &ResultShape) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut warn = |node: &Node, message: String| {
            problems.push(Problem::new(ProblemKind::Type, Severity::Warning, text, node.span, message));
        };
        let (name, wanted) = (&self.name, self.kind.name());
        if !shape.types.is_empty() && !shape.types.contains(&wanted) {
            let found = shape.types.join(" or ");
            warn(root, format!("The result is {found}, {name} holds {wanted}.{}", self.conversion(&shape.types)));
        }
        if shape.multi_valued == Some(true) && !self.multi_valued {
            let message = format!(
                "The result is multi-valued, {name} is single-valued: it fails for more than one value. Use Item or Join."
            );
            warn(root, message);
        }
        if let Some(most) = self.max_length {
            for (node, literal) in literals(root) {
                let length = text_units::length(literal);
                if length > most {
                    warn(node, format!("The text has {length} characters, {name} takes {most}. Use Left(..., {most})."));
                }
            }
        }
        problems
    }

    /// What turns one of the found types into the wanted one; starts with a space unless empty.
    fn conversion(&self, found: &[&str]) -> &'static str {
        match (self.kind, found) {
            (AttributeKind::Text, ["dt"]) => " Use FormatDateTime.",
            (AttributeKind::Text, ["bin"]) => " Use ConvertToBase64 or StringFromGuid.",
            (AttributeKind::Text, ["num" | "bool" | "ref"]) => " Use CStr.",
            (AttributeKind::Number, ["dt"]) => " Use NumFromDate.",
            (AttributeKind::Number, ["str"]) => " Use CNum.",
            (AttributeKind::Boolean, ["str" | "num"]) => " Use CBool.",
            (AttributeKind::Reference, ["str"]) => " Use CRef.",
            _ => "",
        }
    }
}

/// The string literals that may be the result.
fn literals(root: &Node) -> Vec<(&Node, &str)> {
    match &root.kind {
        NodeKind::Constant(Constant::Single(Value::Text(text)))
        | NodeKind::Folded { constant: Constant::Single(Value::Text(text)), .. } => vec![(root, text)],
        NodeKind::If { then, otherwise, .. } => [then, otherwise].into_iter().flat_map(|branch| literals(branch)).collect(),
        NodeKind::Switch(pairs) => pairs.iter().flat_map(|(_, value)| literals(value)).collect(),
        NodeKind::With { body, .. } => literals(body),
        _ => Vec::new(),
    }
}
