//! Values of flows: direct, constant, expression; and their fit to the target attribute
//! (`expressions.md` 13, `engine.md` 4.4).

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use smallvec::SmallVec;
use syncline_expression::{Context, Outcome, Parameters, Random, Source, Step, Value as ExpressionValue, ValueRef, View};

use crate::model::{AttributeId, DN_ATTRIBUTE, ErrorCode, INDEXED_LIMIT, Image, ObjectError, Value, ValueType, Values};
use crate::rules::{AttributePlan, CompiledFlow, CompiledSource, ConnectorPlan, Plan, ProgramSlot};

/// Time and randomness for expressions; parameters, so that evaluation is a function of its input.
#[derive(Clone, Copy)]
pub struct Ambience<'a> {
    /// The present instant.
    pub now: Timestamp,
    /// Source of `Guid()` and `RandomNum()`.
    pub random: &'a (dyn Random + Sync),
}

impl std::fmt::Debug for Ambience<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ambience").field("now", &self.now).finish_non_exhaustive()
    }
}

/// What a flow gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowValue {
    /// These values.
    Values(Values),
    /// Nothing; the next rule may give something.
    Null,
    /// Nothing, and no other rule may give something.
    AuthoritativeNull,
    /// As if the flow did not exist.
    Ignore,
}

/// The object that flows read.
#[derive(Debug)]
pub struct FlowObject<'a> {
    /// What `[attribute]` reads.
    pub expected: &'a Image,
    /// What `ImportedValue` reads; made when first needed.
    imported: OnceCell<Image>,
    imported_source: Option<&'a dyn ImportedView>,
    /// What `[dn]` reads.
    pub dn: &'a str,
    /// Names behind reference values.
    pub names: BTreeMap<i64, &'a str>,
}

/// Gives the imported view of an object.
pub trait ImportedView: std::fmt::Debug {
    /// H⊕PI.
    fn imported(&self) -> Image;
}

impl ImportedView for crate::store::connector_space::CsObject {
    fn imported(&self) -> Image {
        self.view(crate::store::connector_space::TowerView::Imported)
    }
}

impl<'a> FlowObject<'a> {
    /// A connector space object; `expected` is its expected view.
    #[must_use]
    pub fn connector_space(object: &'a crate::store::connector_space::CsObject, expected: &'a Image) -> Self {
        let names =
            object.references.iter().filter_map(|reference| Some((reference.target.0, reference.name.as_deref()?))).collect();
        Self { expected, imported: OnceCell::new(), imported_source: Some(object), dn: &object.dn, names }
    }

    /// A metaverse object.
    #[must_use]
    pub fn metaverse(image: &'a Image) -> Self {
        Self { expected: image, imported: OnceCell::new(), imported_source: None, dn: "", names: BTreeMap::new() }
    }

    fn image(&self, view: View) -> &Image {
        match (view, self.imported_source) {
            (View::Imported, Some(source)) => self.imported.get_or_init(|| source.imported()),
            (View::Expected | View::Count | View::Imported, _) => self.expected,
        }
    }

    /// The object whose name is `dn`, among those this object refers to.
    fn target_of_name(&self, dn: &str) -> Option<i64> {
        self.names.iter().find(|(_, name)| name.eq_ignore_ascii_case(dn)).map(|(target, _)| *target)
    }
}

/// The object as a program reads it.
pub struct SlotSource<'a> {
    /// The object.
    pub object: &'a FlowObject<'a>,
    /// What the program reads.
    pub slots: &'a [ProgramSlot],
}

impl SlotSource<'_> {
    /// A text as a value; one that is a whole value of the object shares its memory.
    fn share(&self, text: &str) -> Value {
        let same = |value: &&Value| matches!(value, Value::String(held) if std::ptr::eq(held.as_ref(), text));
        let held = self.slots.iter().find_map(|slot| self.object.image(slot.view).get(slot.attribute).iter().find(same));
        held.cloned().unwrap_or_else(|| Value::text(text))
    }
}

impl Source for SlotSource<'_> {
    fn count(&self, slot: usize) -> usize {
        match self.slots.get(slot) {
            None => 0,
            Some(slot) if slot.attribute == DN_ATTRIBUTE => 1,
            Some(slot) => self.object.image(slot.view).get(slot.attribute).len(),
        }
    }

    fn value(&self, slot: usize, index: usize) -> Option<ValueRef<'_>> {
        let slot = self.slots.get(slot)?;
        if slot.attribute == DN_ATTRIBUTE {
            return Some(ValueRef::Text(self.object.dn));
        }
        Some(match self.object.image(slot.view).get(slot.attribute).get(index)? {
            Value::String(text) => ValueRef::Text(text),
            Value::Binary(bytes) => ValueRef::Binary(bytes),
            Value::Integer(number) => ValueRef::Number(*number),
            Value::Boolean(flag) => ValueRef::Boolean(*flag),
            Value::Reference(target) => ValueRef::Reference(self.object.names.get(target).copied().unwrap_or("")),
        })
    }
}

/// The parameters that hold for one object: those of its partition, then those of its connector.
#[derive(Debug)]
pub struct ObjectParameters<'a> {
    connector: &'a ConnectorPlan,
    partition: Option<&'a BTreeMap<String, String>>,
}

impl<'a> ObjectParameters<'a> {
    /// Parameters for an object of a connector; `dn` chooses the partition.
    #[must_use]
    pub fn new(connector: &'a ConnectorPlan, dn: Option<&str>) -> Self {
        let partition = dn.and_then(|dn| connector.partition_of(dn)).map(|partition| &partition.parameters);
        Self { connector, partition }
    }
}

impl Parameters for ObjectParameters<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.partition
            .and_then(|parameters| parameters.get(name))
            .or_else(|| self.connector.parameters.get(name))
            .map(String::as_str)
    }
}

/// Evaluates a flow on an object.
///
/// # Errors
/// [`ObjectError`] when an expression fails or the result does not fit the target; the caller adds
/// rule and step.
pub fn flow_value(
    flow: &CompiledFlow,
    object: &FlowObject<'_>,
    parameters: &ObjectParameters<'_>,
    ambience: Ambience<'_>,
    plan: &Plan,
) -> Result<FlowValue, ObjectError> {
    let values: Values = match &flow.source {
        CompiledSource::Direct(attribute) if *attribute == DN_ATTRIBUTE => smallvec::smallvec![Value::text(object.dn)],
        CompiledSource::Direct(attribute) => SmallVec::from(object.expected.get(*attribute)),
        CompiledSource::Constant(value) => smallvec::smallvec![value.clone()],
        CompiledSource::Invalid { code, message } => return Err(ObjectError::new(code.clone(), message.clone())),
        CompiledSource::Expression { program, slots } => {
            let context = Context { parameters, now: ambience.now, random: ambience.random };
            let source = SlotSource { object, slots };
            if let Some(lent) = program.lent_text(&source, &context) {
                let text = lent.filter(|text| !text.is_empty());
                let values = text.map(|text| source.share(text)).into_iter().collect();
                return fitted(values, &flow.target, plan);
            }
            let outcome = program.evaluate(&source, &context).map_err(|error| {
                let mut failed = ObjectError::new(ErrorCode::ERROR_FUNCTION_TRIGGERED, error.message.clone());
                failed.detail.expression = Some(flow.source_text.clone());
                failed
            })?;
            match outcome {
                Outcome::Null => return Ok(FlowValue::Null),
                Outcome::AuthoritativeNull => return Ok(FlowValue::AuthoritativeNull),
                Outcome::IgnoreThisFlow => return Ok(FlowValue::Ignore),
                Outcome::Single(value) => from_expression(value, object)?.into_iter().collect(),
                Outcome::Multi(values) => {
                    let mut converted = Values::new();
                    for value in values {
                        converted.extend(from_expression(value, object)?);
                    }
                    converted
                }
            }
        }
    };
    fitted(values, &flow.target, plan)
}

fn fitted(values: Values, target: &AttributePlan, plan: &Plan) -> Result<FlowValue, ObjectError> {
    let values = fit(values, target, plan)?;
    Ok(if values.is_empty() { FlowValue::Null } else { FlowValue::Values(values) })
}

/// The value of every part of a flow's expression on an object; none when the flow has no expression.
#[must_use]
pub fn flow_steps(
    flow: &CompiledFlow,
    object: &FlowObject<'_>,
    parameters: &ObjectParameters<'_>,
    ambience: Ambience<'_>,
) -> Option<Step> {
    let CompiledSource::Expression { program, slots } = &flow.source else { return None };
    let context = Context { parameters, now: ambience.now, random: ambience.random };
    Some(program.trace(&SlotSource { object, slots }, &context).1)
}

/// An expression's value as an attribute value; an empty text is nothing.
fn from_expression(value: ExpressionValue, object: &FlowObject<'_>) -> Result<Option<Value>, ObjectError> {
    Ok(match value {
        ExpressionValue::Text(text) if text.is_empty() => None,
        ExpressionValue::Text(text) => Some(Value::String(text.into())),
        ExpressionValue::Number(number) => Some(Value::Integer(number)),
        ExpressionValue::Boolean(flag) => Some(Value::Boolean(flag)),
        ExpressionValue::Binary(bytes) => Some(Value::Binary(bytes.into())),
        ExpressionValue::Reference(dn) => object.target_of_name(&dn).map(Value::Reference),
        ExpressionValue::DateTime(_) => {
            return Err(ObjectError::new(
                ErrorCode::ATTRIBUTE_TYPE_MISMATCH,
                "the expression gives a date, which no attribute can hold; use FormatDateTime or NumFromDate",
            ));
        }
    })
}

/// Checks values against the target attribute.
fn fit(mut fitting: Values, target: &AttributePlan, plan: &Plan) -> Result<Values, ObjectError> {
    fitting.retain(|value| !matches!(value, Value::String(text) if text.is_empty()));
    for value in &fitting {
        match value {
            Value::String(text) if target.indexed && is_longer(text, INDEXED_LIMIT) => {
                return Err(mismatch(ErrorCode::MV_CONSTRAINT_VIOLATION, target, plan, value, |name| {
                    format!(
                        "{name} is longer than the metaverse allows ({INDEXED_LIMIT} characters); use Left([{name}],{INDEXED_LIMIT})"
                    )
                }));
            }
            _ => {}
        }
        if value.value_type() != target.value_type {
            let (found, wanted) = (value.value_type(), target.value_type);
            return Err(mismatch(ErrorCode::ATTRIBUTE_TYPE_MISMATCH, target, plan, value, |name| {
                format!("{name} holds values of type {}, the flow gives {}; {}", wanted.word(), found.word(), hint(wanted))
            }));
        }
    }
    if fitting.len() > 1 && !target.multi_valued {
        let distinct: std::collections::BTreeSet<&Value> = fitting.iter().collect();
        if distinct.len() > 1 {
            let name = plan.name(target.id);
            let message = format!("several values ({}) cannot flow to single-valued {name}; use Item or Join", distinct.len());
            return Err(ObjectError::new(ErrorCode::MULTI_VALUES_TO_SINGLE, message).attribute(name));
        }
        fitting.truncate(1);
    }
    Ok(fitting)
}

/// Whether a text has more UTF-16 units than the limit; it never has more than bytes.
fn is_longer(text: &str, limit: usize) -> bool {
    text.len() > limit && text.encode_utf16().count() > limit
}

fn mismatch(
    code: ErrorCode,
    target: &AttributePlan,
    plan: &Plan,
    value: &Value,
    message: impl Fn(&str) -> String,
) -> ObjectError {
    let name = plan.name(target.id);
    ObjectError::new(code, message(name)).attribute(name).value(&value.display())
}

fn hint(wanted: ValueType) -> &'static str {
    match wanted {
        ValueType::String => "use CStr or ConvertToBase64",
        ValueType::Binary => "use ConvertFromBase64 or CGuid",
        ValueType::Integer => "use CNum",
        ValueType::Boolean => "use CBool",
        ValueType::Reference => "use CRef",
    }
}

/// The values of an attribute that can be looked up by a join, as keys.
#[must_use]
pub fn match_keys(image: &Image, attribute: AttributeId) -> Vec<Vec<u8>> {
    image.get(attribute).iter().map(Value::match_key).collect()
}
