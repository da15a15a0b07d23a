//! A source object made of plain data: schema, values and parameters in one place, for everything that has no connector
//! space at hand.

use crate::interface::{AttributeKind, AttributeType, AttributeUse, Context, Parameters, Random, Schema, Source, View};
use crate::problem::{EvaluationError, Problem};
use crate::program::Program;
use crate::trace::Step;
use crate::value::{Outcome, Value, ValueRef};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// An attribute of a [`SourceObject`]: its type, and the values that the object has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceAttribute {
    /// The type the schema gives it.
    pub attribute_type: AttributeType,
    /// The values in their order; none when the object lacks the attribute. A single-valued attribute reads as the first one.
    pub values: Vec<Value>,
}

/// An object to try expressions on: what a rule would read, as plain data.
///
/// It is its own [`Schema`] and its own [`Parameters`]. The attributes are those that the object type may have, absent ones
/// included; a name that is not among them does not exist. The object's own name is the attribute `dn`.
///
/// ```
/// use syncline_expression::{AttributeKind, CountingRandom, Outcome, SourceObject, Value};
///
/// let object = SourceObject::new("object type user")
///     .with("displayName", AttributeKind::Text, false, vec![Value::Text("Ann".into())])
///     .with("mail", AttributeKind::Text, false, Vec::new());
/// let program = object.compile("IIF(IsPresent([mail]), [mail], Left([displayName], 3) & \"@contoso.com\")").unwrap();
/// let outcome = object.evaluate(&program, jiff::Timestamp::UNIX_EPOCH, &CountingRandom::default());
/// assert_eq!(outcome, Ok(Outcome::Single(Value::Text("Ann@contoso.com".into()))));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceObject {
    /// Names the source in messages: "object type user of connector contoso.com".
    pub description: String,
    /// The attributes by name, case-sensitive.
    pub attributes: BTreeMap<String, SourceAttribute>,
    /// What `ImportedValue` reads: the values that an import has confirmed; nothing for an attribute that is not here.
    pub imported: BTreeMap<String, Vec<Value>>,
    /// The values of `%parameters%` by name; a parameter without a value reads as NULL, one that is not here does not exist.
    pub parameters: BTreeMap<String, Option<String>>,
}

impl SourceObject {
    /// An object without attributes; `description` names it in messages.
    pub fn new(description: impl Into<String>) -> Self {
        Self { description: description.into(), ..Self::default() }
    }

    /// Adds or replaces an attribute; without values it is known and absent.
    #[must_use]
    pub fn with(mut self, name: &str, kind: AttributeKind, multi_valued: bool, values: Vec<Value>) -> Self {
        let attribute_type = AttributeType { kind, multi_valued };
        self.attributes.insert(name.to_owned(), SourceAttribute { attribute_type, values });
        self
    }

    /// Compiles an expression against this object's attributes and parameters.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn compile(&self, text: &str) -> Result<Program, Vec<Problem>> {
        Program::compile(text, self)
    }

    /// Evaluates a program over this object.
    ///
    /// # Errors
    /// As [`Program::evaluate`].
    pub fn evaluate(&self, program: &Program, now: jiff::Timestamp, random: &dyn Random) -> Result<Outcome, EvaluationError> {
        program.evaluate(&self.slots(program), &Context { parameters: self, now, random })
    }

    /// Evaluates a program over this object and tells the result of every part.
    pub fn trace(
        &self,
        program: &Program,
        now: jiff::Timestamp,
        random: &dyn Random,
    ) -> (Result<Outcome, EvaluationError>, Step) {
        program.trace(&self.slots(program), &Context { parameters: self, now, random })
    }

    fn slots(&self, program: &Program) -> Slots<'_> {
        Slots(program.attributes().iter().map(|used| self.slot(used)).collect())
    }

    fn slot(&self, used: &AttributeUse) -> Slot<'_> {
        let values = match used.view {
            View::Imported => self.imported.get(&used.name),
            View::Expected | View::Count => self.attributes.get(&used.name).map(|attribute| &attribute.values),
        };
        Slot { values: values.map(Vec::as_slice).unwrap_or_default(), counted_only: used.view == View::Count }
    }
}

impl Schema for SourceObject {
    fn attribute(&self, name: &str) -> Option<AttributeType> {
        self.attributes.get(name).map(|attribute| attribute.attribute_type)
    }

    fn attribute_names(&self) -> Vec<String> {
        self.attributes.keys().cloned().collect()
    }

    fn parameter_names(&self) -> Vec<String> {
        self.parameters.keys().cloned().collect()
    }

    fn source_description(&self) -> String {
        self.description.clone()
    }
}

impl Parameters for SourceObject {
    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(Option::as_deref)
    }
}

/// The values behind the slots of one program.
struct Slots<'o>(Vec<Slot<'o>>);

struct Slot<'o> {
    values: &'o [Value],
    counted_only: bool,
}

impl Source for Slots<'_> {
    fn count(&self, slot: usize) -> usize {
        self.0.get(slot).map_or(0, |slot| slot.values.len())
    }

    fn value(&self, slot: usize, index: usize) -> Option<ValueRef<'_>> {
        let slot = self.0.get(slot).filter(|slot| !slot.counted_only)?;
        slot.values.get(index).and_then(Value::as_value_ref)
    }
}

/// Randomness that counts up, so that an evaluation can be repeated: for tests and for comparisons.
#[derive(Debug, Default)]
pub struct CountingRandom(AtomicU64);

impl CountingRandom {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }
}

impl Random for CountingRandom {
    fn guid(&self) -> uuid::Uuid {
        uuid::Uuid::from_u64_pair(0, self.next())
    }

    fn number(&self, start: i64, end: i64) -> i64 {
        start.saturating_add_unsigned(self.next()).min(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> SourceObject {
        let mut object = SourceObject::new("object type user")
            .with("mail", AttributeKind::Text, false, vec![Value::Text("a@b.c".into())])
            .with(
                "member",
                AttributeKind::Reference,
                true,
                vec![Value::Reference("CN=x".into()), Value::Reference("CN=y".into())],
            )
            .with("title", AttributeKind::Text, false, Vec::new());
        object.imported.insert("member".into(), vec![Value::Reference("CN=x".into())]);
        object.parameters.insert("Domain.FQDN".into(), Some("contoso.com".into()));
        object.parameters.insert("Forest.FQDN".into(), None);
        object
    }

    fn check(text: &str, expected: Outcome) {
        let object = object();
        let program = object.compile(text).unwrap();
        let evaluate = || object.evaluate(&program, jiff::Timestamp::UNIX_EPOCH, &CountingRandom::default());
        assert_eq!(evaluate(), Ok(expected), "{text}");
        assert_eq!(evaluate(), object.trace(&program, jiff::Timestamp::UNIX_EPOCH, &CountingRandom::default()).0, "{text}");
    }

    #[test]
    fn programs_read_values_views_and_parameters() {
        let text = |text: &str| Outcome::Single(Value::Text(text.into()));
        check("[mail]", text("a@b.c"));
        check("[title]", Outcome::Null);
        check("%Domain.FQDN%", text("contoso.com"));
        check("%Forest.FQDN%", Outcome::Null);
        check("Count([member])", Outcome::Single(Value::Number(2)));
        check("ValueCount(\"member\")", Outcome::Single(Value::Number(2)));
        check("ImportedValue(\"member\")", Outcome::Multi(vec![Value::Reference("CN=x".into())]));
        check("ImportedValue(\"mail\")", Outcome::Null);
        check("RandomNum(1, 9) & \"\"", text("2"));
    }

    #[test]
    fn what_is_not_listed_does_not_exist() {
        let problems = object().compile("[manager] & %Connector.ID%").unwrap_err();
        let kinds: Vec<&str> = problems.iter().map(|problem| problem.kind.name()).collect();
        assert_eq!(kinds, ["unknown-attribute", "unknown-parameter"]);
        assert!(problems[0].message.contains("object type user"), "{}", problems[0]);
    }
}
