//! The arguments of one call: taking them with the right type, and the faults of wrong ones.

use crate::date_time::DateTime;
use crate::function_table::{FunctionInfo, Mode, Types};
use crate::functions::pattern::Pattern;
use crate::interface::{Context, Source};
use crate::limits;
use crate::operators;
use crate::problem::Fault;
use crate::value::List;
use crate::value::Val;
use std::borrow::Cow;

/// The evaluated arguments of one call.
pub(crate) struct Call<'c, 'a> {
    pub function: &'static FunctionInfo,
    pub arguments: &'c mut [Val<'a>],
    pub source: &'a dyn Source,
    pub context: &'c Context<'a>,
    /// The compiled pattern, when pattern and options are constants.
    pub pattern: Option<&'a Pattern>,
    /// What the call costs beside the step of its node: steps for long texts, large lists and patterns.
    pub work: u32,
}

impl<'a> Call<'_, 'a> {
    /// The number of arguments given.
    pub(crate) fn given(&self) -> usize {
        self.arguments.len()
    }

    /// The argument at `index`, from 0, moved out; NULL when not given.
    pub(crate) fn take(&mut self, index: usize) -> Val<'a> {
        let value = self.arguments.get_mut(index).map_or(Val::Null, |slot| std::mem::replace(slot, Val::Null));
        self.charge(value.work());
        value
    }

    /// Adds to what the call costs.
    pub(crate) fn charge(&mut self, steps: usize) {
        self.work = self.work.saturating_add(u32::try_from(steps).unwrap_or(u32::MAX));
    }

    fn mismatch(&self, index: usize, found: &Val<'_>) -> Fault {
        wrong_argument(self.function, index, found)
    }

    pub(crate) fn text(&mut self, index: usize) -> Result<Cow<'a, str>, Fault> {
        match self.take(index) {
            Val::Text(text) => Ok(text),
            Val::Constant(name) => Ok(Cow::Borrowed(name)),
            other => Err(self.mismatch(index, &other)),
        }
    }

    pub(crate) fn number(&mut self, index: usize) -> Result<i64, Fault> {
        match self.take(index) {
            Val::Number(number) => Ok(number),
            other => Err(self.mismatch(index, &other)),
        }
    }

    pub(crate) fn boolean(&mut self, index: usize) -> Result<bool, Fault> {
        match self.take(index) {
            Val::Boolean(flag) => Ok(flag),
            other => Err(self.mismatch(index, &other)),
        }
    }

    pub(crate) fn binary(&mut self, index: usize) -> Result<Cow<'a, [u8]>, Fault> {
        match self.take(index) {
            Val::Binary(bytes) => Ok(bytes),
            other => Err(self.mismatch(index, &other)),
        }
    }

    pub(crate) fn reference(&mut self, index: usize) -> Result<Cow<'a, str>, Fault> {
        match self.take(index) {
            Val::Reference(name) => Ok(name),
            other => Err(self.mismatch(index, &other)),
        }
    }

    pub(crate) fn date(&mut self, index: usize) -> Result<DateTime, Fault> {
        match self.take(index) {
            Val::DateTime(instant) => Ok(instant),
            other => Err(self.mismatch(index, &other)),
        }
    }

    /// A list argument; `None` for NULL.
    pub(crate) fn list(&mut self, index: usize) -> Result<Option<Values<'a>>, Fault> {
        match self.take(index) {
            Val::Null => Ok(None),
            held @ Val::Multi(_) => Ok(Some(Values { held, source: self.source })),
            other => Err(self.mismatch(index, &other)),
        }
    }

    /// Any argument as its values: one for a single value, none for NULL.
    pub(crate) fn values(&mut self, index: usize) -> Values<'a> {
        let values = Values { held: self.take(index), source: self.source };
        // Of a list of the source most questions look at the first value only.
        if matches!(values.held, Val::Multi(List::Values(_))) {
            self.charge(values.walk() + values.iter().map(|value| value.work()).sum::<usize>());
        }
        values
    }

    /// A fault of the argument's content.
    pub(crate) fn fault(&self, message: impl std::fmt::Display) -> Fault {
        Fault::value(format!("{}: {message}", self.function.name))
    }

    pub(crate) fn limit(&self, what: &str) -> Fault {
        Fault::limit(format!("{}: {what}", self.function.name))
    }

    /// A fault of one value of a list argument.
    pub(crate) fn element(&self, index: usize, found: &Val<'_>) -> Fault {
        wrong_argument(self.function, index, found)
    }
}

/// The values of an argument.
pub(crate) struct Values<'a> {
    held: Val<'a>,
    source: &'a dyn Source,
}

impl<'a> Values<'a> {
    /// The steps that going through all values costs, long ones aside: nothing unless there are many.
    pub(crate) fn walk(&self) -> usize {
        let count = self.len();
        if count > limits::SHORT_LIST { count / limits::STEP_VALUES } else { 0 }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.held {
            Val::Null => 0,
            Val::Multi(list) => list.len(),
            _ => 1,
        }
    }

    /// The value at `index`, from 0; NULL outside.
    pub(crate) fn get(&self, index: usize) -> Val<'a> {
        match &self.held {
            Val::Multi(list) => list.get(index, self.source),
            single if index == 0 => single.clone(),
            _ => Val::Null,
        }
    }

    /// Whether all values fit; true for NULL.
    #[inline]
    pub(crate) fn all(&self, fits: impl Fn(&Val<'a>) -> bool) -> bool {
        match &self.held {
            Val::Null => true,
            Val::Multi(_) => self.iter().all(|value| fits(&value)),
            single => fits(single),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Val<'a>> {
        (0..self.len()).map(|index| self.get(index))
    }
}

/// A bare enumeration constant where none is expected.
pub(crate) fn stray_constant(name: &str) -> Fault {
    Fault::wrong_type(format!("The constant {name} is allowed only as the argument of a function that knows it."))
}

/// Whether a single value fits the parameter; NULL always does.
pub(crate) fn check_argument(function: &FunctionInfo, index: usize, value: &Val<'_>) -> Result<(), Fault> {
    let Some(parameter) = function.parameters.get(index) else { return Ok(()) };
    let fits = match (value, parameter.mode) {
        (Val::Null, _) => true,
        (Val::AuthoritativeNull | Val::IgnoreThisFlow, _) => {
            return Err(Fault::wrong_type(format!(
                "{}, argument {}: {} is allowed only as the result of the expression.",
                function.name,
                index + 1,
                value.type_name()
            )));
        }
        (Val::Constant(name), Mode::Enumeration) => parameter.constants.contains(name),
        (Val::Text(text), Mode::Enumeration) => parameter.constants.contains(&text.as_ref()),
        (Val::Constant(name), _) => return Err(stray_constant(name)),
        (other, _) => parameter.types.overlaps(Types::of(other)),
    };
    if fits { Ok(()) } else { Err(wrong_argument(function, index, value)) }
}

fn wrong_argument(function: &FunctionInfo, index: usize, found: &Val<'_>) -> Fault {
    let Some(parameter) = function.parameters.get(index) else {
        return Fault::wrong_type(format!("{}: unexpected argument {}.", function.name, index + 1));
    };
    let (name, place) = (function.name, index + 1);
    if parameter.mode == Mode::Enumeration {
        let wanted = parameter.constants.join(" or ");
        return Fault::wrong_type(format!("{name}, argument {place}: {wanted} expected."));
    }
    let wanted = parameter.types.names();
    let hint = operators::conversion_hint(parameter.types, found);
    Fault::wrong_type(format!("{name}, argument {place}: {wanted} expected, {} passed.{hint}", found.type_name()))
}
