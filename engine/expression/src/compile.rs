//! Syntax tree to program: names become slots, functions table entries, constant parts are computed once.

use crate::ast::{Expression, ExpressionKind, Level};
use crate::evaluate;
use crate::function_table::{Body, FunctionInfo, Special, Volatility, function, functions};
use crate::functions::pattern;
use crate::interface::{AttributeKind, AttributeType, AttributeUse, Schema, View};
use crate::limits;
use crate::node::{Constant, Node, NodeKind, Operand};
use crate::parser::{CONSTANTS, LITERALS};
use crate::problem::{Problem, ProblemKind, Severity, Span};
use crate::suggest;
use crate::value::Value;

/// What name resolution yields.
pub(crate) struct Resolved {
    /// Never to be run when there are problems.
    pub root: Node,
    pub attributes: Vec<AttributeUse>,
    pub parameters: Vec<String>,
    pub depends_on_time: bool,
    pub depends_on_chance: bool,
    /// All faults in order of place.
    pub problems: Vec<Problem>,
}

/// Resolves every name of the tree, in every branch.
pub(crate) fn resolve(text: &str, tree: &Expression, schema: &dyn Schema) -> Resolved {
    let mut resolver = Resolver {
        text,
        schema,
        known_parameters: schema.parameter_names(),
        attributes: Vec::new(),
        parameters: Vec::new(),
        variables: Vec::new(),
        problems: Vec::new(),
        depends_on_time: false,
        depends_on_chance: false,
    };
    let root = resolver.lower(tree);
    resolver.problems.sort_by_key(|problem| problem.offset);
    Resolved {
        root,
        attributes: resolver.attributes,
        parameters: resolver.parameters,
        depends_on_time: resolver.depends_on_time,
        depends_on_chance: resolver.depends_on_chance,
        problems: resolver.problems,
    }
}

/// The type of an attribute; `dn` is the object's own distinguished name and always there.
pub(crate) fn attribute_type(schema: &dyn Schema, name: &str) -> Option<AttributeType> {
    if name == OWN_NAME {
        return Some(AttributeType { kind: AttributeKind::Text, multi_valued: false });
    }
    schema.attribute(name)
}

/// The attribute that holds the object's own distinguished name.
pub(crate) const OWN_NAME: &str = "dn";

struct Resolver<'t> {
    text: &'t str,
    schema: &'t dyn Schema,
    known_parameters: Vec<String>,
    attributes: Vec<AttributeUse>,
    parameters: Vec<String>,
    variables: Vec<String>,
    problems: Vec<Problem>,
    depends_on_time: bool,
    depends_on_chance: bool,
}

impl Resolver<'_> {
    fn lower(&mut self, tree: &Expression) -> Node {
        let span = tree.span;
        let kind = match &tree.kind {
            ExpressionKind::Number(number) => NodeKind::Constant(Constant::Single(Value::Number(*number))),
            ExpressionKind::Text(text) => NodeKind::Constant(Constant::Single(Value::Text(text.clone()))),
            ExpressionKind::Attribute(name) => self.attribute(name, span),
            ExpressionKind::Parameter(name) => self.parameter(name, span),
            ExpressionKind::Variable(name) => self.variable(name, span),
            ExpressionKind::Name(name) => self.bare_name(name, span),
            ExpressionKind::Bracketed(inner) => return self.lower(inner),
            ExpressionKind::Negated(inner) => {
                let sign = Span::new(span.start, span.start + 1);
                let node = Node::new(span, sign, NodeKind::Negate(Box::new(self.lower(inner))));
                return self.fold(node);
            }
            ExpressionKind::Chain { level, first, rest } => {
                let first = Box::new(self.lower(first));
                let rest: Vec<Operand> = rest
                    .iter()
                    .map(|link| Operand { operator: link.operator, at: link.operator_span, node: self.lower(&link.operand) })
                    .collect();
                let at = rest.first().map_or(span, |operand| operand.at);
                let kind = match level {
                    Level::Logical => NodeKind::Logical { first, rest },
                    Level::Comparison | Level::Arithmetic => NodeKind::Chain { first, rest },
                };
                return self.fold(Node::new(span, at, kind));
            }
            ExpressionKind::Call { name, name_span, arguments } => {
                let kind = self.call(name, *name_span, arguments);
                return self.fold(Node::new(span, *name_span, kind));
            }
        };
        Node::new(span, span, kind)
    }

    fn report(&mut self, kind: ProblemKind, span: Span, headline: &str, hint: &str, suggestion: Option<&str>) -> NodeKind {
        if self.problems.len() < limits::PROBLEMS {
            let problem = Problem::located(kind, self.text, span, headline, hint);
            self.problems.push(problem.suggesting(suggestion));
        }
        NodeKind::Unknown
    }

    fn push(&mut self, kind: ProblemKind, span: Span, message: String) {
        if self.problems.len() < limits::PROBLEMS {
            self.problems.push(Problem::new(kind, Severity::Error, self.text, span, message));
        }
    }

    fn attribute(&mut self, name: &str, span: Span) -> NodeKind {
        let Some(found) = self.known_attribute(name, span) else { return NodeKind::Unknown };
        let slot = self.slot(name, View::Expected);
        NodeKind::Attribute { slot, kind: found.kind, multi_valued: found.multi_valued, own_name: name == OWN_NAME }
    }

    fn known_attribute(&mut self, name: &str, span: Span) -> Option<AttributeType> {
        let found = attribute_type(self.schema, name);
        if found.is_none() && self.problems.len() < limits::PROBLEMS {
            let names = self.schema.attribute_names();
            let headline = format!("Attribute \"{name}\" does not exist on {}", self.schema.source_description());
            let near = suggest::nearest(name, names.iter().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!("Names are case-sensitive; did you mean \"{near}\"?"));
            let brackets = self.text.get(span.start..span.end).is_some_and(|text| text.starts_with('['));
            let suggestion = near.map(|near| if brackets { format!("[{near}]") } else { format!("\"{near}\"") });
            self.report(ProblemKind::UnknownAttribute, span, &headline, &hint, suggestion.as_deref());
        }
        found
    }

    fn slot(&mut self, name: &str, view: View) -> usize {
        let known = self.attributes.iter().position(|used| used.view == view && used.name == name);
        known.unwrap_or_else(|| {
            self.attributes.push(AttributeUse { name: name.into(), view });
            self.attributes.len() - 1
        })
    }

    fn parameter(&mut self, name: &str, span: Span) -> NodeKind {
        if !self.known_parameters.iter().any(|known| known == name) {
            let known = if self.known_parameters.is_empty() {
                "No parameter is defined here.".to_owned()
            } else {
                format!("Known: {}.", self.known_parameters.join(", "))
            };
            let near = suggest::nearest(name, self.known_parameters.iter().map(String::as_str));
            let hint = near.map_or(known.clone(), |near| format!("{known} Did you mean \"{near}\"?"));
            let suggestion = near.map(|near| format!("%{near}%"));
            let headline = format!("Unknown parameter \"{name}\"");
            return self.report(ProblemKind::UnknownParameter, span, &headline, &hint, suggestion.as_deref());
        }
        let known = self.parameters.iter().position(|used| used == name);
        NodeKind::Parameter(known.unwrap_or_else(|| {
            self.parameters.push(name.into());
            self.parameters.len() - 1
        }))
    }

    fn variable(&mut self, name: &str, span: Span) -> NodeKind {
        match self.variables.iter().rposition(|known| known == name) {
            Some(depth) => NodeKind::Variable(depth),
            None => {
                let near = suggest::nearest(name, self.variables.iter().map(String::as_str)).map(str::to_owned);
                let hint = near.as_ref().map_or_else(
                    || "A variable is visible only in the last argument of With, Where or Select.".to_owned(),
                    |near| format!("Did you mean \"{near}\"?"),
                );
                let suggestion = near.map(|near| format!("${near}"));
                let headline = format!("Unknown variable ${name}");
                self.report(ProblemKind::UnknownVariable, span, &headline, &hint, suggestion.as_deref())
            }
        }
    }

    fn bare_name(&mut self, name: &str, span: Span) -> NodeKind {
        match name {
            "True" => NodeKind::Constant(Constant::Single(Value::Boolean(true))),
            "False" => NodeKind::Constant(Constant::Single(Value::Boolean(false))),
            "NULL" => NodeKind::Constant(Constant::Null),
            "CRLF" => NodeKind::Constant(Constant::Single(Value::Text("\r\n".into()))),
            "IgnoreThisFlow" => NodeKind::Constant(Constant::IgnoreThisFlow),
            "AuthoritativeNull" => NodeKind::Constant(Constant::AuthoritativeNull),
            _ => {
                if let Some(constant) = CONSTANTS.iter().find(|constant| **constant == name) {
                    return NodeKind::Enumeration(constant);
                }
                let near = suggest::nearest(name, LITERALS.into_iter().chain(CONSTANTS));
                let hint = match (near, function(name)) {
                    (Some(near), _) => format!("Names are case-sensitive; did you mean \"{near}\"?"),
                    (None, Some(found)) => format!("To call the function write {}.", found.usage()),
                    (None, None) => "Write [name] for an attribute and \"text\" for text.".into(),
                };
                self.report(ProblemKind::UnknownIdentifier, span, &format!("Unknown name \"{name}\""), &hint, near)
            }
        }
    }

    fn call(&mut self, name: &str, name_span: Span, arguments: &[Expression]) -> NodeKind {
        let Some(found) = function(name) else {
            for argument in arguments {
                self.lower(argument);
            }
            let near = match name {
                "IF" | "If" => Some("IIF"),
                _ => suggest::nearest(name, functions().iter().map(|known| known.name)),
            };
            let hint =
                near.map_or_else(String::new, |near| format!("Function names are case-sensitive; did you mean \"{near}\"?"));
            let headline = format!("Unknown function \"{name}\"");
            return self.report(ProblemKind::UnknownFunction, name_span, &headline, &hint, near);
        };
        self.check_count(found, name_span, arguments.len());
        match found.body {
            Body::Special(special) => self.special(special, found, name_span, arguments),
            Body::Plain(_) => self.plain(found, arguments),
            Body::Volatile(volatility, _) => {
                match volatility {
                    Volatility::Time => self.depends_on_time = true,
                    Volatility::Chance => self.depends_on_chance = true,
                }
                self.plain(found, arguments)
            }
        }
    }

    fn plain(&mut self, function: &'static FunctionInfo, arguments: &[Expression]) -> NodeKind {
        let arguments: Vec<Node> = arguments.iter().map(|argument| self.lower(argument)).collect();
        let pattern = pattern::prepare(function, &arguments);
        NodeKind::call(function, arguments, pattern)
    }

    fn check_count(&mut self, function: &FunctionInfo, name_span: Span, given: usize) {
        let name = function.name;
        let (fits, wanted) = if matches!(function.body, Body::Special(Special::Switch)) {
            let fits = given > 0 && given.is_multiple_of(2) && given <= limits::SWITCH_ARGUMENTS;
            (fits, format!("takes pairs of arguments, at most {}", limits::SWITCH_ARGUMENTS))
        } else {
            let (least, most) = (function.required, function.parameters.len());
            let wanted = match (least, most) {
                (0, 0) => "takes no arguments".to_owned(),
                (1, 1) => "takes 1 argument".to_owned(),
                _ if least == most => format!("takes {most} arguments"),
                _ => format!("takes {least} to {most} arguments"),
            };
            ((least..=most).contains(&given), wanted)
        };
        if !fits {
            let message = format!("{name} {wanted}, {given} given. {}.", function.usage());
            self.push(ProblemKind::Arity, name_span, message);
        }
    }

    fn special(
        &mut self,
        special: Special,
        function: &'static FunctionInfo,
        name_span: Span,
        arguments: &[Expression],
    ) -> NodeKind {
        match (special, arguments) {
            (Special::If, [condition, then, otherwise]) => NodeKind::If {
                condition: Box::new(self.lower(condition)),
                then: Box::new(self.lower(then)),
                otherwise: Box::new(self.lower(otherwise)),
            },
            (Special::Switch, arguments) => {
                let lowered: Vec<Node> = arguments.iter().map(|argument| self.lower(argument)).collect();
                let mut lowered = lowered.into_iter();
                let mut pairs = Vec::new();
                while let (Some(condition), Some(value)) = (lowered.next(), lowered.next()) {
                    pairs.push((condition, value));
                }
                NodeKind::Switch(pairs)
            }
            (Special::With, [variable, value, body]) => {
                let value = Box::new(self.lower(value));
                NodeKind::With { value, body: Box::new(self.scoped(variable, body)) }
            }
            (Special::Where, [variable, list, condition]) => {
                let list = Box::new(self.lower(list));
                NodeKind::Where { list, condition: Box::new(self.scoped(variable, condition)) }
            }
            (Special::Select, [variable, list, body]) => {
                let list = Box::new(self.lower(list));
                NodeKind::Select { list, body: Box::new(self.scoped(variable, body)) }
            }
            (Special::ImportedValue, [argument]) => match self.named_attribute(function, name_span, argument) {
                Some((name, found)) => NodeKind::Attribute {
                    slot: self.slot(&name, View::Imported),
                    kind: found.kind,
                    multi_valued: found.multi_valued,
                    own_name: name == OWN_NAME,
                },
                None => NodeKind::Unknown,
            },
            (Special::ValueCount, [argument]) => match self.named_attribute(function, name_span, argument) {
                Some((name, _)) => NodeKind::Count { slot: self.slot(&name, View::Count) },
                None => NodeKind::Unknown,
            },
            // The number of arguments is wrong and reported; still resolve what is there.
            (_, arguments) => {
                for argument in arguments {
                    if !matches!(argument.kind, ExpressionKind::Variable(_)) {
                        self.lower(argument);
                    }
                }
                NodeKind::Unknown
            }
        }
    }

    fn scoped(&mut self, variable: &Expression, body: &Expression) -> Node {
        let ExpressionKind::Variable(name) = &variable.kind else { return self.lower(body) };
        self.variables.push(name.clone());
        let node = self.lower(body);
        self.variables.pop();
        node
    }

    /// The attribute that a string constant names.
    fn named_attribute(
        &mut self,
        function: &FunctionInfo,
        name_span: Span,
        argument: &Expression,
    ) -> Option<(String, AttributeType)> {
        let mut inner = argument;
        while let ExpressionKind::Bracketed(next) = &inner.kind {
            inner = next;
        }
        if let ExpressionKind::Text(name) = &inner.kind {
            return self.known_attribute(name, inner.span).map(|found| (name.clone(), found));
        }
        let message =
            format!("{} takes the attribute's name as a string constant. Write {}(\"name\").", function.name, function.name);
        self.push(ProblemKind::Type, name_span, message);
        None
    }

    /// Computes a node whose parts are all constant; an error is left for the evaluation that reaches it.
    fn fold(&self, node: Node) -> Node {
        if !self.problems.is_empty() || !is_foldable(&node) {
            return node;
        }
        match evaluate::constant(self.text, &node) {
            Some(constant) => Node::new(node.span, node.at, NodeKind::Folded { constant, original: Box::new(node) }),
            None => node,
        }
    }
}

fn is_foldable(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Negate(inner) => is_constant(inner),
        NodeKind::Chain { first, rest } | NodeKind::Logical { first, rest } => {
            is_constant(first) && rest.iter().all(|operand| is_constant(&operand.node))
        }
        NodeKind::Call { function, arguments, .. } => {
            matches!(function.body, Body::Plain(_)) && arguments.iter().all(is_constant)
        }
        _ => false,
    }
}

fn is_constant(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Constant(_) | NodeKind::Folded { .. } | NodeKind::Enumeration(_))
}
