//! Runs a program over one object.
//!
//! Multi-valued operands: a call or operator over a list runs once per value ("lifted"). When a condition is multi-valued,
//! each branch runs with a [`Focus`]: every lifted operand with the same number of values stands for the value in focus.

use crate::call::{Call, check_argument, stray_constant};
use crate::direct;
use crate::function_table::{Body, FunctionInfo, Mode, NullRule, Types};
use crate::functions::pattern::Pattern;
use crate::interface::{Context, Parameters, Random, Source};
use crate::lexer::Operator;
use crate::limits;
use crate::node::{Constant, Node, NodeKind, Operand};
use crate::operators;
use crate::problem::{EvaluationError, Fault, Span};
use crate::trace::{Unwatched, Watch};
use crate::value::{Collector, List, Outcome, Val, Value, ValueRef};
use smallvec::SmallVec;
use std::borrow::Cow;

type Evaluated<T> = Result<T, Box<EvaluationError>>;

/// The value of a multi-valued condition that a branch is evaluated for.
#[derive(Clone, Copy)]
pub(crate) struct Focus<'f> {
    index: usize,
    count: usize,
    outer: Option<&'f Focus<'f>>,
}

/// Runs one program over one object.
pub(crate) struct Evaluator<'a, W> {
    text: &'a str,
    parameters: &'a [String],
    source: &'a dyn Source,
    context: &'a Context<'a>,
    variables: Vec<Val<'a>>,
    steps: u32,
    bytes: usize,
    pub watch: W,
}

impl<'a, W: Watch<'a>> Evaluator<'a, W> {
    pub(crate) fn new(
        text: &'a str,
        parameters: &'a [String],
        source: &'a dyn Source,
        context: &'a Context<'a>,
        watch: W,
    ) -> Self {
        Self { text, parameters, source, context, variables: Vec::new(), steps: 0, bytes: 0, watch }
    }

    pub(crate) fn run(&mut self, root: &'a Node) -> Evaluated<Outcome> {
        self.steps = root.weight;
        let value = match self.node(root, None)? {
            Val::Null => return Ok(Outcome::Null),
            Val::AuthoritativeNull => return Ok(Outcome::AuthoritativeNull),
            Val::IgnoreThisFlow => return Ok(Outcome::IgnoreThisFlow),
            Val::Constant(name) => return Err(self.error(root.at, stray_constant(name))),
            Val::Multi(list) => return self.values(root.at, &list),
            Val::Text(text) => Value::Text(text.into_owned()),
            Val::Number(number) => Value::Number(number),
            Val::Boolean(flag) => Value::Boolean(flag),
            Val::Binary(bytes) => Value::Binary(bytes.into_owned()),
            Val::Reference(name) => Value::Reference(name.into_owned()),
            Val::DateTime(instant) => Value::DateTime(instant),
        };
        Ok(Outcome::Single(value))
    }

    /// The values of a multi-valued result. One long text can be many values of it, so all count towards the bound.
    fn values(&mut self, at: Span, list: &List<'a>) -> Evaluated<Outcome> {
        let mut values = Vec::with_capacity(list.len());
        for index in 0..list.len() {
            let value = list.get(index, self.source);
            self.count_bytes(value.bytes(), at)?;
            values.extend(value.into_value());
        }
        Ok(if values.is_empty() { Outcome::Null } else { Outcome::Multi(values) })
    }

    #[cold]
    fn error(&self, at: Span, fault: Fault) -> Box<EvaluationError> {
        Box::new(EvaluationError::new(self.text, at, fault))
    }

    /// Counts what one turn of a loop costs. What is outside of loops is bounded by the length of the text.
    fn step(&mut self, at: Span, weight: u32) -> Evaluated<()> {
        self.steps = self.steps.saturating_add(weight);
        if self.steps > limits::STEPS {
            let message = format!("The evaluation takes more than {} steps. Simplify the expression.", limits::STEPS);
            return Err(self.error(at, Fault::limit(message)));
        }
        Ok(())
    }

    /// Bounds what functions and operators make.
    #[inline]
    fn bounded(&mut self, value: Val<'a>, at: Span) -> Evaluated<Val<'a>> {
        let made = value.owned_bytes();
        if made > 0 {
            self.account(made, &value, at)?;
        }
        Ok(value)
    }

    fn account(&mut self, made: usize, value: &Val<'a>, at: Span) -> Evaluated<()> {
        let most = if matches!(value, Val::Binary(_)) { limits::BINARY_BYTES } else { limits::TEXT_BYTES };
        if made > most {
            let message = format!("A {} result is larger than {most} bytes. Cut it with Left.", value.type_name());
            return Err(self.error(at, Fault::limit(message)));
        }
        self.count_bytes(made, at)
    }

    fn count_bytes(&mut self, made: usize, at: Span) -> Evaluated<()> {
        self.bytes = self.bytes.saturating_add(made);
        if self.bytes > limits::TOTAL_BYTES {
            let message = format!("The evaluation makes values of more than {} bytes.", limits::TOTAL_BYTES);
            return Err(self.error(at, Fault::limit(message)));
        }
        Ok(())
    }

    /// A node's value as it is, lists included.
    fn node(&mut self, node: &'a Node, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        if !W::WATCHES
            && let Some(value) = direct::value(node, self.source, self.parameters, self.context)
        {
            return Ok(value);
        }
        let result = self.kind(node, &node.kind, focus);
        self.watch.saw(node.span, &result, self.source);
        result
    }

    fn kind(&mut self, node: &'a Node, kind: &'a NodeKind, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        match kind {
            NodeKind::Attribute { slot, multi_valued, own_name, .. } => Ok(self.attribute(*slot, *multi_valued, *own_name)),
            NodeKind::Call { function, arguments, pattern, once: true, .. } => {
                self.call_once(node, function, arguments, pattern.as_deref(), focus)
            }
            NodeKind::Call { function, arguments, pattern, once: false, .. } => {
                self.call(node, function, arguments, pattern.as_deref(), focus)
            }
            NodeKind::Constant(constant) => Ok(constant_value(constant)),
            NodeKind::Chain { first, rest } => self.chain(first, rest, focus),
            NodeKind::If { condition, then, otherwise } => self.choose(node, condition, then, otherwise, focus),
            NodeKind::Logical { first, rest } => self.logical(first, rest, focus),
            NodeKind::Folded { original, .. } if W::WATCHES => self.kind(original, &original.kind, focus),
            NodeKind::Folded { constant, .. } => Ok(constant_value(constant)),
            NodeKind::Unknown => Ok(Val::Null),
            NodeKind::Parameter(index) => Ok(self.parameter(*index)),
            NodeKind::Count { slot } => Ok(Val::Number(i64::try_from(self.source.count(*slot)).unwrap_or(i64::MAX))),
            NodeKind::Enumeration(name) => Ok(Val::Constant(name)),
            NodeKind::Variable(depth) => {
                // A computed text is copied by every use.
                let value = self.variables.get(*depth).cloned().unwrap_or(Val::Null);
                self.bounded(value, node.at)
            }
            NodeKind::Negate(inner) => self.negate(node, inner, focus),
            NodeKind::Switch(pairs) => self.switch(node, pairs, focus),
            NodeKind::With { value, body } => self.with(node, value, body, focus),
            NodeKind::Where { list, condition } => self.filter(node, list, condition, focus),
            NodeKind::Select { list, body } => self.map(node, list, body, focus),
        }
    }

    /// A node's value as an operand: the value in focus instead of the list it belongs to.
    fn operand(&mut self, node: &'a Node, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let value = self.node(node, focus)?;
        self.project(value, node.at, focus)
    }

    #[inline]
    fn project(&mut self, value: Val<'a>, at: Span, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        if focus.is_none() {
            return Ok(value);
        }
        let Val::Multi(list) = &value else { return Ok(value) };
        let mut next = focus;
        while let Some(focus) = next {
            if focus.count == list.len() {
                let value = list.get(focus.index, self.source);
                return self.bounded(value, at);
            }
            next = focus.outer;
        }
        Ok(value)
    }

    fn attribute(&self, slot: usize, multi_valued: bool, own_name: bool) -> Val<'a> {
        if multi_valued {
            return match self.source.count(slot) {
                0 => Val::Null,
                count => Val::Multi(List::Slot { slot, count }),
            };
        }
        match self.source.value(slot, 0) {
            Some(ValueRef::Reference(name)) if own_name => Val::Text(Cow::Borrowed(name)),
            Some(value) => Val::from(value),
            None => Val::Null,
        }
    }

    fn parameter(&self, index: usize) -> Val<'a> {
        let parameters: &'a dyn Parameters = self.context.parameters;
        let value = self.parameters.get(index).and_then(|name| parameters.get(name));
        value.map_or(Val::Null, |text| Val::Text(Cow::Borrowed(text)))
    }

    #[inline(never)]
    fn with(&mut self, node: &'a Node, value: &'a Node, body: &'a Node, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let bound = self.node(value, focus)?;
        self.reject_flow("With", 1, &bound).map_err(|fault| self.error(node.at, fault))?;
        self.bind(bound, body, focus, false)
    }

    /// Evaluates `body` with one more variable.
    fn bind(&mut self, value: Val<'a>, body: &'a Node, focus: Option<&Focus<'_>>, as_operand: bool) -> Evaluated<Val<'a>> {
        let depth = self.variables.len();
        self.variables.push(value);
        let result = if as_operand { self.operand(body, focus) } else { self.node(body, focus) };
        self.variables.truncate(depth);
        result
    }

    #[inline(never)]
    fn negate(&mut self, node: &'a Node, inner: &'a Node, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let value = self.operand(inner, focus)?;
        let Val::Multi(list) = value else {
            return operators::negate(&value).map_err(|fault| self.error(node.at, fault));
        };
        let mut collector = Collector::with_capacity(list.len());
        for index in 0..list.len() {
            self.step(node.at, 1)?;
            let result = operators::negate(&list.get(index, self.source)).and_then(|value| collector.push(value));
            result.map_err(|fault| self.error(node.at, fault))?;
        }
        Ok(collector.finish())
    }

    fn chain(&mut self, first: &'a Node, rest: &'a [Operand], focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let mut left = self.operand(first, focus)?;
        for operand in rest {
            let right = self.operand(&operand.node, focus)?;
            left = self.binary(operand, left, right)?;
        }
        Ok(left)
    }

    #[inline]
    fn binary(&mut self, operand: &Operand, left: Val<'a>, right: Val<'a>) -> Evaluated<Val<'a>> {
        match operators::compare_alike(operand.operator, &left, &right) {
            Some(holds) => Ok(Val::Boolean(holds)),
            None => self.binary_any(operand, left, right),
        }
    }

    #[inline(never)]
    fn binary_any(&mut self, operand: &Operand, left: Val<'a>, right: Val<'a>) -> Evaluated<Val<'a>> {
        let at = operand.at;
        let count = match (&left, &right) {
            (Val::Multi(left), Val::Multi(right)) if left.len() != right.len() => {
                let fault = unequal_lengths(operand.operator.symbol(), left.len(), right.len());
                return Err(self.error(at, fault));
            }
            (Val::Multi(list), _) | (_, Val::Multi(list)) => list.len(),
            _ => return self.binary_single(operand, left, right),
        };
        let mut collector = Collector::with_capacity(count);
        for index in 0..count {
            self.step(at, 1)?;
            let (left, right) = (self.pick(&left, index), self.pick(&right, index));
            let value = self.binary_single(operand, left, right)?;
            collector.push(value).map_err(|fault| self.error(at, fault))?;
        }
        Ok(collector.finish())
    }

    fn binary_single(&mut self, operand: &Operand, left: Val<'a>, right: Val<'a>) -> Evaluated<Val<'a>> {
        let work = left.work().saturating_add(right.work());
        if work > 0 {
            self.step(operand.at, u32::try_from(work).unwrap_or(u32::MAX))?;
        }
        let value = operators::binary(operand.operator, left, right).map_err(|fault| self.error(operand.at, fault))?;
        self.bounded(value, operand.at)
    }

    /// Value `index` of a list, or the single value itself.
    fn pick(&self, value: &Val<'a>, index: usize) -> Val<'a> {
        match value {
            Val::Multi(list) => list.get(index, self.source),
            single => single.clone(),
        }
    }

    fn logical(&mut self, first: &'a Node, rest: &'a [Operand], focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let mut left = self.operand(first, focus)?;
        for operand in rest {
            left = self.logical_pair(operand, left, focus)?;
        }
        Ok(left)
    }

    fn logical_pair(&mut self, operand: &'a Operand, left: Val<'a>, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let at = operand.at;
        // The left value that makes the right one unnecessary.
        let decisive = operand.operator == Operator::Or;
        let flag = match &left {
            Val::Boolean(flag) => *flag,
            Val::Multi(list) => return self.logical_each(operand, list, focus),
            other => operators::truth(operand.operator, other).map_err(|fault| self.error(at, fault))?,
        };
        if flag == decisive {
            return Ok(Val::Boolean(flag));
        }
        let right = self.operand(&operand.node, focus)?;
        match &right {
            Val::Boolean(_) => Ok(right),
            Val::Multi(list) => self.truths(operand, list),
            other => operators::truth(operand.operator, other).map(Val::Boolean).map_err(|fault| self.error(at, fault)),
        }
    }

    /// `&&` or `||` for each value of a multi-valued left side.
    #[inline(never)]
    fn logical_each(&mut self, operand: &'a Operand, list: &List<'a>, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let (at, decisive) = (operand.at, operand.operator == Operator::Or);
        let mut collector = Collector::with_capacity(list.len());
        for index in 0..list.len() {
            self.step(at, operand.node.weight)?;
            let flag = operators::truth(operand.operator, &list.get(index, self.source));
            let mut flag = flag.map_err(|fault| self.error(at, fault))?;
            if flag != decisive {
                let inner = Focus { index, count: list.len(), outer: focus };
                let right = self.operand(&operand.node, Some(&inner))?;
                flag = operators::truth(operand.operator, &right).map_err(|fault| self.error(at, fault))?;
            }
            collector.push(Val::Boolean(flag)).map_err(|fault| self.error(at, fault))?;
        }
        Ok(collector.finish())
    }

    /// The values of a multi-valued right side, checked.
    #[inline(never)]
    fn truths(&mut self, operand: &Operand, list: &List<'a>) -> Evaluated<Val<'a>> {
        let mut collector = Collector::with_capacity(list.len());
        for index in 0..list.len() {
            self.step(operand.at, 1)?;
            let flag = operators::truth(operand.operator, &list.get(index, self.source));
            let pushed = flag.and_then(|flag| collector.push(Val::Boolean(flag)));
            pushed.map_err(|fault| self.error(operand.at, fault))?;
        }
        Ok(collector.finish())
    }

    fn choose(
        &mut self,
        node: &'a Node,
        condition: &'a Node,
        then: &'a Node,
        otherwise: &'a Node,
        focus: Option<&Focus<'_>>,
    ) -> Evaluated<Val<'a>> {
        if !W::WATCHES
            && let Some(holds) = direct::condition(condition, self.source, self.parameters, self.context)
        {
            return self.node(if holds { then } else { otherwise }, focus);
        }
        let decision = self.operand(condition, focus)?;
        let holds = match &decision {
            Val::Boolean(flag) => *flag,
            Val::Multi(list) => return self.choose_each(node, list, then, otherwise, focus),
            other => operators::condition("IIF", other).map_err(|fault| self.error(node.at, fault))?,
        };
        self.node(if holds { then } else { otherwise }, focus)
    }

    /// IIF for each value of a multi-valued condition.
    #[inline(never)]
    fn choose_each(
        &mut self,
        node: &'a Node,
        list: &List<'a>,
        then: &'a Node,
        otherwise: &'a Node,
        focus: Option<&Focus<'_>>,
    ) -> Evaluated<Val<'a>> {
        let count = list.len();
        let mut collector = Collector::with_capacity(count);
        let weight = then.weight.max(otherwise.weight);
        for index in 0..count {
            self.step(node.at, weight)?;
            let holds = operators::condition("IIF", &list.get(index, self.source));
            let holds = holds.map_err(|fault| self.error(node.at, fault))?;
            let inner = Focus { index, count, outer: focus };
            let value = self.operand(if holds { then } else { otherwise }, Some(&inner))?;
            collector.push(value).map_err(|fault| self.error(node.at, fault))?;
        }
        Ok(collector.finish())
    }

    #[inline(never)]
    fn switch(&mut self, node: &'a Node, pairs: &'a [(Node, Node)], focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let mut selected = None;
        for (condition, value) in pairs {
            let decision = self.operand(condition, focus)?;
            let holds = operators::condition("Switch", &decision).map_err(|fault| self.error(node.at, fault))?;
            if holds && selected.is_none() {
                selected = Some(value);
            }
        }
        selected.map_or(Ok(Val::Null), |value| self.node(value, focus))
    }

    /// The list argument of Where or Select; `None` for NULL.
    #[inline(never)]
    fn list_argument(&mut self, function: &str, node: &'a Node, list: &'a Node) -> Evaluated<Option<List<'a>>> {
        match self.node(list, None)? {
            Val::Null => Ok(None),
            Val::Multi(list) => Ok(Some(list)),
            other => {
                self.reject_flow(function, 2, &other).map_err(|fault| self.error(node.at, fault))?;
                Err(self.error(node.at, self.list_needed(function, list)))
            }
        }
    }

    #[inline(never)]
    fn filter(&mut self, node: &'a Node, list: &'a Node, condition: &'a Node, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let Some(list) = self.list_argument("Where", node, list)? else { return Ok(Val::Null) };
        let mut collector = Collector::with_capacity(list.len());
        for index in 0..list.len() {
            self.step(node.at, condition.weight)?;
            let value = list.get(index, self.source);
            let value = self.bounded(value, node.at)?;
            let holds = self.bind(value.clone(), condition, focus, true)?;
            let kept = operators::strict_condition("Where", &holds);
            let kept = kept.and_then(|kept| if kept { collector.push(value) } else { Ok(()) });
            kept.map_err(|fault| self.error(node.at, fault))?;
        }
        Ok(collector.finish())
    }

    #[inline(never)]
    fn map(&mut self, node: &'a Node, list: &'a Node, body: &'a Node, focus: Option<&Focus<'_>>) -> Evaluated<Val<'a>> {
        let Some(list) = self.list_argument("Select", node, list)? else { return Ok(Val::Null) };
        let mut collector = Collector::with_capacity(list.len());
        for index in 0..list.len() {
            self.step(node.at, body.weight)?;
            let value = self.bind(list.get(index, self.source), body, focus, true)?;
            collector.push(value).map_err(|fault| self.error(node.at, fault))?;
        }
        Ok(collector.finish())
    }

    /// A call whose function runs once.
    #[inline]
    fn call_once(
        &mut self,
        node: &'a Node,
        function: &'static FunctionInfo,
        nodes: &'a [Node],
        pattern: Option<&'a Pattern>,
        focus: Option<&Focus<'_>>,
    ) -> Evaluated<Val<'a>> {
        match nodes {
            [] => self.invoke(node, function, &mut [], pattern),
            [first] => {
                let mut arguments = [self.argument(node, function, 0, first, focus)?];
                self.invoke(node, function, &mut arguments, pattern)
            }
            [first, second] => {
                let first = self.argument(node, function, 0, first, focus)?;
                let mut arguments = [first, self.argument(node, function, 1, second, focus)?];
                self.invoke(node, function, &mut arguments, pattern)
            }
            nodes => self.call_many(node, function, nodes, pattern, focus),
        }
    }

    #[inline(never)]
    fn call_many(
        &mut self,
        node: &'a Node,
        function: &'static FunctionInfo,
        nodes: &'a [Node],
        pattern: Option<&'a Pattern>,
        focus: Option<&Focus<'_>>,
    ) -> Evaluated<Val<'a>> {
        let mut arguments: SmallVec<[Val<'a>; 4]> = SmallVec::new();
        for (index, argument) in nodes.iter().enumerate() {
            arguments.push(self.argument(node, function, index, argument, focus)?);
        }
        self.invoke(node, function, &mut arguments, pattern)
    }

    /// An argument that is not applied per value, checked against its parameter.
    #[inline]
    fn argument(
        &mut self,
        node: &'a Node,
        function: &'static FunctionInfo,
        index: usize,
        argument: &'a Node,
        focus: Option<&Focus<'_>>,
    ) -> Evaluated<Val<'a>> {
        let Some(parameter) = function.parameters.get(index) else { return Ok(Val::Null) };
        let whole = matches!(parameter.mode, Mode::List | Mode::Whole);
        let value = self.node(argument, if whole { None } else { focus })?;
        if value.is_null() || (parameter.mode != Mode::List && parameter.types.overlaps(Types::of(&value))) {
            return Ok(value);
        }
        let checked = match (&value, parameter.mode) {
            (Val::Multi(_), Mode::List | Mode::Whole) => Ok(()),
            (single, Mode::List) if Types::of(single) != Types::NONE => Err(self.list_needed(function.name, argument)),
            (single, _) => check_argument(function, index, single),
        };
        checked.map_err(|fault| self.error(node.at, fault))?;
        Ok(value)
    }

    #[inline(never)]
    fn call(
        &mut self,
        node: &'a Node,
        function: &'static FunctionInfo,
        nodes: &'a [Node],
        pattern: Option<&'a Pattern>,
        focus: Option<&Focus<'_>>,
    ) -> Evaluated<Val<'a>> {
        let mut arguments: SmallVec<[Val<'a>; 4]> = SmallVec::new();
        let mut count = None;
        for (index, (argument, parameter)) in nodes.iter().zip(function.parameters).enumerate() {
            let value = match parameter.mode {
                Mode::Each | Mode::Enumeration => self.operand(argument, focus)?,
                Mode::List | Mode::Whole => self.node(argument, None)?,
            };
            let checked = match (&value, parameter.mode) {
                (Val::Multi(list), Mode::Each) => match count.replace(list.len()) {
                    Some(before) if before != list.len() => Err(unequal_lengths(function.name, before, list.len())),
                    _ => Ok(()),
                },
                (Val::Null | Val::Multi(_), Mode::List) => Ok(()),
                (Val::Multi(_), Mode::Whole) => Ok(()),
                (single, Mode::List) if Types::of(single) != Types::NONE => Err(self.list_needed(function.name, argument)),
                (single, _) => check_argument(function, index, single),
            };
            checked.map_err(|fault| self.error(node.at, fault))?;
            arguments.push(value);
        }
        let Some(count) = count else { return self.invoke(node, function, &mut arguments, pattern) };
        let mut collector = Collector::with_capacity(count);
        for item in 0..count {
            self.step(node.at, 1)?;
            let value = match arguments.as_slice() {
                [only] => self.invoke(node, function, &mut [self.pick_argument(node, function, 0, only, item)?], pattern)?,
                arguments => {
                    let mut single: SmallVec<[Val<'a>; 4]> = SmallVec::new();
                    for (index, value) in arguments.iter().enumerate() {
                        single.push(self.pick_argument(node, function, index, value, item)?);
                    }
                    self.invoke(node, function, &mut single, pattern)?
                }
            };
            collector.push(value).map_err(|fault| self.error(node.at, fault))?;
        }
        Ok(collector.finish())
    }

    /// What turn `item` of a lifted call gets for an argument.
    #[inline]
    fn pick_argument(
        &self,
        node: &Node,
        function: &'static FunctionInfo,
        index: usize,
        value: &Val<'a>,
        item: usize,
    ) -> Evaluated<Val<'a>> {
        match (value, function.parameters.get(index)) {
            (Val::Multi(list), Some(parameter)) if parameter.mode == Mode::Each => {
                let value = list.get(item, self.source);
                if !parameter.types.overlaps(Types::of(&value)) {
                    check_argument(function, index, &value).map_err(|fault| self.error(node.at, fault))?;
                }
                Ok(value)
            }
            (value, _) => Ok(value.clone()),
        }
    }

    fn invoke(
        &mut self,
        node: &Node,
        function: &'static FunctionInfo,
        arguments: &mut [Val<'a>],
        pattern: Option<&'a Pattern>,
    ) -> Evaluated<Val<'a>> {
        let any_null = arguments.iter().any(Val::is_null);
        if any_null {
            let first_null = arguments.first().is_some_and(Val::is_null);
            match function.nulls {
                NullRule::Null => return Ok(Val::Null),
                NullRule::First(substitute) if first_null => return Ok(substitute.value()),
                NullRule::First(_) => return Ok(Val::Null),
                NullRule::Any(substitute) => return Ok(substitute.value()),
                NullRule::Handled => {}
            }
        }
        let (Body::Plain(body) | Body::Volatile(_, body)) = function.body else { return Ok(Val::Null) };
        let mut call = Call { function, arguments, source: self.source, context: self.context, pattern, work: 0 };
        let result = body(&mut call);
        let work = call.work;
        if work > 0 {
            self.step(node.at, work)?;
        }
        let value = result.map_err(|fault| self.error(node.at, fault))?;
        self.bounded(value, node.at)
    }

    fn reject_flow(&self, function: &str, argument: usize, value: &Val<'_>) -> Result<(), Fault> {
        match value {
            Val::AuthoritativeNull | Val::IgnoreThisFlow => Err(Fault::wrong_type(format!(
                "{function}, argument {argument}: {} is allowed only as the result of the expression.",
                value.type_name()
            ))),
            Val::Constant(name) => Err(stray_constant(name)),
            _ => Ok(()),
        }
    }

    fn list_needed(&self, function: &str, argument: &Node) -> Fault {
        let text = self.text.get(argument.span.start..argument.span.end).unwrap_or_default();
        let name = text.trim_matches(['[', ']']);
        Fault::wrong_type(format!("{function} needs a multi-valued attribute; {name} is single-valued."))
    }
}

fn constant_value(constant: &Constant) -> Val<'_> {
    match constant {
        Constant::Null => Val::Null,
        Constant::AuthoritativeNull => Val::AuthoritativeNull,
        Constant::IgnoreThisFlow => Val::IgnoreThisFlow,
        Constant::Single(value) => Val::from(value),
    }
}

fn unequal_lengths(what: &str, left: usize, right: usize) -> Fault {
    Fault::value(format!("{what}: multi-valued operands must have the same number of values; {left} and {right} found."))
}

/// The value of a node without attributes, parameters and variables; `None` when it fails or should not be kept.
pub(crate) fn constant(text: &str, node: &Node) -> Option<Constant> {
    let context = Context { parameters: &Nothing, now: jiff::Timestamp::UNIX_EPOCH, random: &Nothing };
    let outcome = Evaluator::new(text, &[], &Nothing, &context, Unwatched).run(node).ok()?;
    let constant = match outcome {
        Outcome::Null => Constant::Null,
        Outcome::Single(value) => Constant::Single(value),
        Outcome::AuthoritativeNull | Outcome::IgnoreThisFlow | Outcome::Multi(_) => return None,
    };
    match &constant {
        Constant::Single(value) if Val::from(value).bytes() > limits::FOLDED_BYTES => None,
        _ => Some(constant),
    }
}

/// The empty surroundings in which constants are computed.
struct Nothing;

impl Source for Nothing {
    fn count(&self, _slot: usize) -> usize {
        0
    }

    fn value(&self, _slot: usize, _index: usize) -> Option<ValueRef<'_>> {
        None
    }
}

impl Parameters for Nothing {
    fn get(&self, _name: &str) -> Option<&str> {
        None
    }
}

impl Random for Nothing {
    fn guid(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }

    fn number(&self, start: i64, _end: i64) -> i64 {
        start
    }
}
