//! A schema, an object and parameters from plain data.

use std::collections::BTreeMap;
use syncline_expression::{
    AttributeKind, AttributeType, AttributeUse, Context, EvaluationError, Outcome, Parameters, Problem, Program, Random, Schema,
    Source, Step, Value, ValueRef, View,
};

/// One attribute of the schema with its values.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub kind: AttributeType,
    pub values: Vec<Value>,
}

/// A source object with its schema and parameters.
#[derive(Clone, Debug, Default)]
pub struct Object {
    pub attributes: BTreeMap<String, Attribute>,
    pub imported: BTreeMap<String, Vec<Value>>,
    pub parameters: BTreeMap<String, String>,
}

impl Schema for Object {
    fn attribute(&self, name: &str) -> Option<AttributeType> {
        self.attributes.get(name).map(|attribute| attribute.kind)
    }

    fn attribute_names(&self) -> Vec<String> {
        self.attributes.keys().cloned().collect()
    }

    fn parameter_names(&self) -> Vec<String> {
        self.parameters.keys().cloned().collect()
    }

    fn source_description(&self) -> String {
        "object type user of connector contoso.com".into()
    }
}

impl Parameters for Object {
    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// What a program reads of an object.
struct Slots<'o> {
    object: &'o Object,
    uses: &'o [AttributeUse],
}

impl Slots<'_> {
    fn values(&self, slot: usize) -> &[Value] {
        let wanted = &self.uses[slot];
        let found = match wanted.view {
            View::Imported => self.object.imported.get(&wanted.name),
            View::Expected | View::Count => self.object.attributes.get(&wanted.name).map(|attribute| &attribute.values),
        };
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

impl Source for Slots<'_> {
    fn count(&self, slot: usize) -> usize {
        self.values(slot).len()
    }

    fn value(&self, slot: usize, index: usize) -> Option<ValueRef<'_>> {
        assert_ne!(self.uses[slot].view, View::Count, "the values of a count are not asked for");
        self.values(slot).get(index).and_then(Value::as_value_ref)
    }
}

/// Randomness that counts up, so that a run can be repeated.
#[derive(Default)]
pub struct Counting(std::cell::Cell<u64>);

impl Counting {
    fn next(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

impl Random for Counting {
    fn guid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u64_pair(0, self.next())
    }

    fn number(&self, start: i64, end: i64) -> i64 {
        start.saturating_add_unsigned(self.next()).min(end)
    }
}

impl Object {
    /// Adds an attribute.
    pub fn with(mut self, name: &str, kind: AttributeKind, multi_valued: bool, values: Vec<Value>) -> Self {
        self.attributes.insert(name.into(), Attribute { kind: AttributeType { kind, multi_valued }, values });
        self
    }

    /// Evaluates a program over this object.
    pub fn run(&self, program: &Program, now: jiff::Timestamp) -> Result<Outcome, EvaluationError> {
        let context = Context { parameters: self, now, random: &Counting::default() };
        program.evaluate(&Slots { object: self, uses: program.attributes() }, &context)
    }

    /// Evaluates a program over this object with the result of every part.
    pub fn trace(&self, program: &Program, now: jiff::Timestamp) -> (Result<Outcome, EvaluationError>, Step) {
        let context = Context { parameters: self, now, random: &Counting::default() };
        program.trace(&Slots { object: self, uses: program.attributes() }, &context)
    }

    /// Compiles against this object.
    pub fn compile(&self, text: &str) -> Result<Program, Vec<Problem>> {
        Program::compile(text, self)
    }
}
