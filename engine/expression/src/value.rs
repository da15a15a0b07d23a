//! Values: on loan from the source, owned results, and the evaluator's own.

use crate::date_time::DateTime;
use crate::interface::Source;
use crate::limits;
use crate::problem::Fault;
use std::borrow::Cow;
use std::mem::discriminant;
use std::rc::Rc;

/// A value on loan from the source object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRef<'a> {
    /// Unicode text.
    Text(&'a str),
    /// Signed 64-bit integer.
    Number(i64),
    /// True or False.
    Boolean(bool),
    /// Bytes.
    Binary(&'a [u8]),
    /// The distinguished name of another object.
    Reference(&'a str),
}

/// One value of a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Unicode text (str).
    Text(String),
    /// Signed 64-bit integer (num).
    Number(i64),
    /// True or False (bool).
    Boolean(bool),
    /// Bytes (bin).
    Binary(Vec<u8>),
    /// The distinguished name of another object (ref).
    Reference(String),
    /// An instant in UTC, in steps of 100 nanoseconds (dt). No attribute holds it; use FormatDateTime or NumFromDate.
    DateTime(DateTime),
}

impl Value {
    /// The name the language uses for the type: str, num, bool, bin, ref, dt.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "str",
            Self::Number(_) => "num",
            Self::Boolean(_) => "bool",
            Self::Binary(_) => "bin",
            Self::Reference(_) => "ref",
            Self::DateTime(_) => "dt",
        }
    }

    /// The same value on loan; `None` for a date, which no attribute can hold.
    pub fn as_value_ref(&self) -> Option<ValueRef<'_>> {
        match self {
            Self::Text(text) => Some(ValueRef::Text(text)),
            Self::Number(number) => Some(ValueRef::Number(*number)),
            Self::Boolean(flag) => Some(ValueRef::Boolean(*flag)),
            Self::Binary(bytes) => Some(ValueRef::Binary(bytes)),
            Self::Reference(name) => Some(ValueRef::Reference(name)),
            Self::DateTime(_) => None,
        }
    }
}

impl From<ValueRef<'_>> for Value {
    /// A copy of its own.
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Text(text) => Self::Text(text.to_owned()),
            ValueRef::Number(number) => Self::Number(number),
            ValueRef::Boolean(flag) => Self::Boolean(flag),
            ValueRef::Binary(bytes) => Self::Binary(bytes.to_vec()),
            ValueRef::Reference(name) => Self::Reference(name.to_owned()),
        }
    }
}

/// What an expression yields for one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No value: the flow contributes nothing.
    Null,
    /// No value, and no rule of lower precedence may contribute.
    AuthoritativeNull,
    /// The flow does not exist for this object.
    IgnoreThisFlow,
    /// One value of a single-valued result.
    Single(Value),
    /// The values of a multi-valued result, in order; never empty.
    Multi(Vec<Value>),
}

/// A value inside an evaluation; text and bytes stay on loan as long as nothing changes them.
#[derive(Clone, Debug)]
#[repr(u64)]
pub(crate) enum Val<'a> {
    Null,
    AuthoritativeNull,
    IgnoreThisFlow,
    Text(Cow<'a, str>),
    Number(i64),
    Boolean(bool),
    Binary(Cow<'a, [u8]>),
    Reference(Cow<'a, str>),
    DateTime(DateTime),
    /// A bare enumeration constant.
    Constant(&'static str),
    Multi(List<'a>),
}

/// The values of a multi-valued attribute or of a computed list.
#[derive(Clone, Debug)]
pub(crate) enum List<'a> {
    /// Still in the source; nothing has been read but the count.
    Slot { slot: usize, count: usize },
    /// Computed.
    Values(Rc<Vec<Val<'a>>>),
}

impl<'a> List<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Slot { count, .. } => *count,
            Self::Values(values) => values.len(),
        }
    }

    /// The value at `index`, from 0; NULL outside.
    pub(crate) fn get(&self, index: usize, source: &'a dyn Source) -> Val<'a> {
        match self {
            Self::Slot { slot, .. } => source.value(*slot, index).map_or(Val::Null, Val::from),
            Self::Values(values) => values.get(index).cloned().unwrap_or(Val::Null),
        }
    }
}

impl<'a> From<ValueRef<'a>> for Val<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Text(text) => Self::Text(Cow::Borrowed(text)),
            ValueRef::Number(number) => Self::Number(number),
            ValueRef::Boolean(flag) => Self::Boolean(flag),
            ValueRef::Binary(bytes) => Self::Binary(Cow::Borrowed(bytes)),
            ValueRef::Reference(name) => Self::Reference(Cow::Borrowed(name)),
        }
    }
}

impl<'a> From<&'a Value> for Val<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(Cow::Borrowed(text)),
            Value::Number(number) => Self::Number(*number),
            Value::Boolean(flag) => Self::Boolean(*flag),
            Value::Binary(bytes) => Self::Binary(Cow::Borrowed(bytes)),
            Value::Reference(name) => Self::Reference(Cow::Borrowed(name)),
            Value::DateTime(instant) => Self::DateTime(*instant),
        }
    }
}

impl<'a> Val<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The name the language uses for the type of this value.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::AuthoritativeNull => "AuthoritativeNull",
            Self::IgnoreThisFlow => "IgnoreThisFlow",
            Self::Text(_) => "str",
            Self::Number(_) => "num",
            Self::Boolean(_) => "bool",
            Self::Binary(_) => "bin",
            Self::Reference(_) => "ref",
            Self::DateTime(_) => "dt",
            Self::Constant(_) => "enum",
            Self::Multi(_) => "multi-valued",
        }
    }

    /// A single value as an owned one; flow literals, NULL, constants and lists are none.
    pub(crate) fn into_value(self) -> Option<Value> {
        match self {
            Self::Text(text) => Some(Value::Text(text.into_owned())),
            Self::Number(number) => Some(Value::Number(number)),
            Self::Boolean(flag) => Some(Value::Boolean(flag)),
            Self::Binary(bytes) => Some(Value::Binary(bytes.into_owned())),
            Self::Reference(name) => Some(Value::Reference(name.into_owned())),
            Self::DateTime(instant) => Some(Value::DateTime(instant)),
            Self::Null | Self::AuthoritativeNull | Self::IgnoreThisFlow | Self::Constant(_) | Self::Multi(_) => None,
        }
    }

    /// Whether both are the same single value: the same type and exactly the same content.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) | (Self::Reference(left), Self::Reference(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::Boolean(left), Self::Boolean(right)) => left == right,
            (Self::Binary(left), Self::Binary(right)) => left == right,
            (Self::DateTime(left), Self::DateTime(right)) => left == right,
            _ => false,
        }
    }

    /// The bytes a text or binary value has, on loan or not.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Reference(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// The steps that reading the value costs: nothing unless it is long.
    #[inline]
    pub(crate) fn work(&self) -> usize {
        let bytes = self.bytes();
        if bytes > limits::SHORT_TEXT { bytes / limits::STEP_BYTES } else { 0 }
    }

    /// The bytes a computed text or binary value takes; 0 for everything on loan.
    pub(crate) fn owned_bytes(&self) -> usize {
        match self {
            Self::Text(Cow::Owned(text)) | Self::Reference(Cow::Owned(text)) => text.len(),
            Self::Binary(Cow::Owned(bytes)) => bytes.len(),
            _ => 0,
        }
    }
}

/// Collects the values of one multi-valued result: NULL is left out, one type, single values only.
pub(crate) struct Collector<'a> {
    values: Vec<Val<'a>>,
}

impl<'a> Collector<'a> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { values: Vec::with_capacity(capacity.min(1_024)) }
    }

    pub(crate) fn push(&mut self, value: Val<'a>) -> Result<(), Fault> {
        match &value {
            Val::Null => return Ok(()),
            Val::AuthoritativeNull | Val::IgnoreThisFlow | Val::Constant(_) => {
                return Err(Fault::wrong_type(format!("{} cannot be one of several values.", value.type_name())));
            }
            Val::Multi(_) => {
                return Err(Fault::wrong_type(
                    "One of several values is itself multi-valued. Use Item or Join to make it a single value.",
                ));
            }
            _ => {}
        }
        if let Some(first) = self.values.first()
            && discriminant(first) != discriminant(&value)
        {
            return Err(Fault::wrong_type(format!(
                "The values of one result must have one type; {} and {} found.",
                first.type_name(),
                value.type_name()
            )));
        }
        self.values.push(value);
        Ok(())
    }

    /// What has been collected so far.
    pub(crate) fn values(&self) -> &[Val<'a>] {
        &self.values
    }

    /// The list, or NULL when nothing was collected.
    pub(crate) fn finish(self) -> Val<'a> {
        if self.values.is_empty() { Val::Null } else { Val::Multi(List::Values(Rc::new(self.values))) }
    }
}
