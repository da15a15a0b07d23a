//! The table of functions: one entry drives name resolution, argument checks, dispatch, help and completion.

use crate::call::Call;
use crate::functions::TABLES;
use crate::problem::Fault;
use crate::value::Val;
use std::sync::LazyLock;

/// The group a function is listed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Certificates.
    Certificate,
    /// Conversions between types.
    Conversion,
    /// Dates and times.
    Date,
    /// Distinguished names.
    Directory,
    /// Questions about a value.
    Evaluation,
    /// Bits and random numbers.
    Math,
    /// Multi-valued attributes.
    MultiValued,
    /// Choices, loops over values, errors.
    ProgramFlow,
    /// Strings.
    Text,
}

impl Category {
    /// The heading of the group.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "Certificate",
            Self::Conversion => "Conversion",
            Self::Date => "Date / Time",
            Self::Directory => "Directory",
            Self::Evaluation => "Evaluation",
            Self::Math => "Math",
            Self::MultiValued => "Multi-valued",
            Self::ProgramFlow => "Program flow",
            Self::Text => "Text",
        }
    }
}

/// One function of the language.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInfo {
    /// The case-sensitive name.
    pub name: &'static str,
    /// The group it is listed under.
    pub category: Category,
    /// Result type, name and parameters: `str Left(str|bin value, num count)`; optional parameters stand in square brackets.
    pub signature: &'static str,
    /// What it does, in a sentence or two.
    pub description: &'static str,
    /// A call to learn from.
    pub example: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) required: usize,
    pub(crate) nulls: NullRule,
    pub(crate) result: Types,
    pub(crate) body: Body,
}

impl FunctionInfo {
    /// How to write a call, without types: `Split(value, delimiter [, limit])`.
    pub fn usage(&self) -> String {
        if self.body_is(Special::Switch) {
            return "Switch(expr1, value1 [, expr2, value2 ...])".to_owned();
        }
        let mut usage = format!("{}(", self.name);
        for (index, name) in self.parameter_names().enumerate() {
            let optional = index >= self.required;
            usage.push_str(if optional { " [" } else { "" });
            usage.push_str(if index > 0 { ", " } else { "" });
            usage.push_str(name);
            usage.push_str(if optional { "]" } else { "" });
        }
        usage.push(')');
        usage
    }

    /// Whether the function makes several values of one call, instead of one.
    pub(crate) fn gives_list(&self) -> bool {
        matches!(self.name, "CertExtensionOids" | "RemoveDuplicates" | "Split")
    }

    /// Whether the same arguments give the same result within one evaluation.
    pub(crate) fn is_repeatable(&self) -> bool {
        !matches!(self.body, Body::Volatile(Volatility::Chance, _))
    }

    fn body_is(&self, special: Special) -> bool {
        matches!(self.body, Body::Special(found) if found == special)
    }

    /// The enumeration constants that fit the argument at `index` (from 0), for completion.
    pub fn constants(&self, index: usize) -> &'static [&'static str] {
        self.parameters.get(index).map_or(&[], |parameter| parameter.constants)
    }

    /// The names of the parameters, for completion.
    pub fn parameter_names(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().map(|parameter| parameter.name)
    }
}

/// What runs a function.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// Called with its evaluated arguments.
    Plain(PlainBody),
    /// As plain, but every call may give another result: never folded.
    Volatile(Volatility, PlainBody),
    /// The evaluator itself decides which arguments are evaluated.
    Special(Special),
}

/// A function over evaluated arguments.
pub(crate) type PlainBody = for<'a> fn(&mut Call<'_, 'a>) -> Result<Val<'a>, Fault>;

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Volatile(..) => "Volatile",
            Self::Special(_) => "Special",
        })
    }
}

/// What makes a function's result change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volatility {
    Time,
    Chance,
}

/// The functions the compiler turns into nodes of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    If,
    Switch,
    With,
    Where,
    Select,
    ImportedValue,
    ValueCount,
}

/// One parameter of a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub name: &'static str,
    pub types: Types,
    pub mode: Mode,
    /// For an enumeration: the constants it takes.
    pub constants: &'static [&'static str],
}

/// How a parameter meets a multi-valued argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The function is applied to each value.
    Each,
    /// The function takes the list, and nothing but a list.
    List,
    /// The function looks at whatever it is given as a whole.
    Whole,
    /// An enumeration constant.
    Enumeration,
}

/// A parameter that is applied per value.
pub(crate) const fn each(name: &'static str, types: Types) -> Parameter {
    Parameter { name, types, mode: Mode::Each, constants: &[] }
}

/// A parameter that takes a whole list.
pub(crate) const fn list(name: &'static str, types: Types) -> Parameter {
    Parameter { name, types, mode: Mode::List, constants: &[] }
}

/// A parameter that looks at any argument as a whole.
pub(crate) const fn whole(name: &'static str) -> Parameter {
    Parameter { name, types: Types::ANY, mode: Mode::Whole, constants: &[] }
}

/// A parameter that takes an enumeration constant.
pub(crate) const fn enumeration(name: &'static str, constants: &'static [&'static str]) -> Parameter {
    Parameter { name, types: Types::NONE, mode: Mode::Enumeration, constants }
}

/// What NULL arguments do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NullRule {
    /// Any NULL argument gives NULL.
    Null,
    /// A NULL first argument gives the substitute, another NULL argument gives NULL.
    First(Substitute),
    /// Any NULL argument gives the substitute.
    Any(Substitute),
    /// The function decides.
    Handled,
}

/// What stands for NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Substitute {
    EmptyText,
    Zero,
    False,
}

impl Substitute {
    pub(crate) fn value<'a>(self) -> Val<'a> {
        match self {
            Self::EmptyText => Val::text(""),
            Self::Zero => Val::Number(0),
            Self::False => Val::Boolean(false),
        }
    }
}

/// A set of value types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const TEXT: Self = Self(1);
    pub(crate) const NUMBER: Self = Self(2);
    pub(crate) const BOOLEAN: Self = Self(4);
    pub(crate) const BINARY: Self = Self(8);
    pub(crate) const REFERENCE: Self = Self(16);
    pub(crate) const DATE: Self = Self(32);
    pub(crate) const ANY: Self = Self(63);

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The type of a single value; nothing for NULL, flow literals, constants and lists.
    pub(crate) fn of(value: &Val<'_>) -> Self {
        match value {
            Val::Text(_) => Self::TEXT,
            Val::Number(_) => Self::NUMBER,
            Val::Boolean(_) => Self::BOOLEAN,
            Val::Binary(_) => Self::BINARY,
            Val::Reference(_) => Self::REFERENCE,
            Val::DateTime(_) => Self::DATE,
            Val::Null | Val::AuthoritativeNull | Val::IgnoreThisFlow | Val::Constant(_) | Val::Multi(_) => Self::NONE,
        }
    }

    /// The names of the types of the set.
    pub(crate) fn list(self) -> Vec<&'static str> {
        const NAMES: [(Types, &str); 6] = [
            (Types::TEXT, "str"),
            (Types::NUMBER, "num"),
            (Types::BOOLEAN, "bool"),
            (Types::BINARY, "bin"),
            (Types::REFERENCE, "ref"),
            (Types::DATE, "dt"),
        ];
        NAMES.iter().filter(|(types, _)| self.overlaps(*types)).map(|(_, name)| *name).collect()
    }

    /// The names joined with "or": `str or bin`.
    pub(crate) fn names(self) -> String {
        self.list().join(" or ")
    }
}

static FUNCTIONS: LazyLock<Vec<FunctionInfo>> = LazyLock::new(|| {
    let mut all: Vec<FunctionInfo> = TABLES.iter().flat_map(|table| table.iter().copied()).collect();
    all.sort_by_key(|entry| entry.name);
    all
});

/// Every function of the language, in order of name.
pub fn functions() -> &'static [FunctionInfo] {
    &FUNCTIONS
}

/// The function of this exact name.
pub fn function(name: &str) -> Option<&'static FunctionInfo> {
    let at = FUNCTIONS.binary_search_by_key(&name, |entry| entry.name).ok()?;
    FUNCTIONS.get(at)
}
