//! Questions about a value; a multi-valued one is looked at as a whole.

use crate::call::{Call, Values};
use crate::date_text;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Substitute, Types, each, whole};
use crate::functions::conversion::{parse_guid, parse_number};
use crate::problem::Fault;
use crate::value::Val;

/// Whether there are values and all fit.
fn all<'a>(values: &Values<'a>, fits: impl Fn(&Val<'a>) -> bool) -> bool {
    values.len() > 0 && values.all(fits)
}

fn is_empty_text(value: &Val<'_>) -> bool {
    matches!(value, Val::Text(text) if text.is_empty())
}

fn is_null<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Boolean(call.take(0).is_null()))
}

fn is_empty<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Boolean(all(&call.values(0), is_empty_text)))
}

fn null_or_empty(call: &mut Call<'_, '_>) -> bool {
    call.values(0).all(is_empty_text)
}

fn is_null_or_empty<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Boolean(null_or_empty(call)))
}

fn is_present<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Boolean(!null_or_empty(call)))
}

fn is_date<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Boolean(all(&call.values(0), |value| match value {
        Val::DateTime(_) => true,
        Val::Text(text) => date_text::parse(text).is_some(),
        _ => false,
    })))
}

fn is_numeric<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Boolean(all(&call.values(0), |value| match value {
        Val::Number(_) => true,
        Val::Text(text) => parse_number(text).is_ok(),
        _ => false,
    })))
}

fn is_string<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Boolean(all(&call.values(0), |value| !matches!(value, Val::Binary(_)))))
}

fn is_guid<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Boolean(parse_guid(&call.text(0)?).is_some()))
}

fn is_bit_set<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (value, flag) = (call.number(0)?, call.number(1)?);
    Ok(Val::Boolean(flag != 0 && value & flag == flag))
}

const BASE: FunctionInfo = FunctionInfo {
    name: "",
    category: Category::Evaluation,
    signature: "",
    description: "",
    example: "",
    parameters: &[whole("expression")],
    required: 1,
    nulls: NullRule::Handled,
    result: Types::BOOLEAN,
    body: Body::Plain(is_null),
};

/// Questions about a value.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "IsBitSet",
        signature: "bool IsBitSet(num value, num flag)",
        description: "True when every bit of the flag is set in the value.",
        example: "IsBitSet([userAccountControl], 2)",
        parameters: &[each("value", Types::NUMBER), each("flag", Types::NUMBER)],
        required: 2,
        nulls: NullRule::Any(Substitute::False),
        body: Body::Plain(is_bit_set),
        ..BASE
    },
    FunctionInfo {
        name: "IsDate",
        signature: "bool IsDate(var expression)",
        description: "True for a date, and for text that CDate accepts.",
        example: "IIF(IsDate([extensionAttribute1]), CDate([extensionAttribute1]), NULL)",
        body: Body::Plain(is_date),
        ..BASE
    },
    FunctionInfo {
        name: "IsEmpty",
        signature: "bool IsEmpty(var expression)",
        description: "True for an empty string that is present; False for NULL.",
        example: "IsEmpty([displayName])",
        body: Body::Plain(is_empty),
        ..BASE
    },
    FunctionInfo {
        name: "IsGuid",
        signature: "bool IsGuid(str guid)",
        description: "True for text that CGuid accepts.",
        example: "IIF(IsGuid([extensionAttribute1]), CGuid([extensionAttribute1]), NULL)",
        parameters: &[each("guid", Types::TEXT)],
        nulls: NullRule::First(Substitute::False),
        body: Body::Plain(is_guid),
        ..BASE
    },
    FunctionInfo {
        name: "IsNull",
        signature: "bool IsNull(var expression)",
        description: "True for NULL: the attribute is absent. False for an empty string.",
        example: "IsNull([displayName])",
        ..BASE
    },
    FunctionInfo {
        name: "IsNullOrEmpty",
        signature: "bool IsNullOrEmpty(var expression)",
        description: "True for NULL and for an empty string.",
        example: "IsNullOrEmpty([displayName])",
        body: Body::Plain(is_null_or_empty),
        ..BASE
    },
    FunctionInfo {
        name: "IsNumeric",
        signature: "bool IsNumeric(var expression)",
        description: "True for a number, and for text that CNum accepts.",
        example: "IIF(IsNumeric([employeeNumber]), CNum([employeeNumber]), NULL)",
        body: Body::Plain(is_numeric),
        ..BASE
    },
    FunctionInfo {
        name: "IsPresent",
        signature: "bool IsPresent(var expression)",
        description: "True when there is a value, whatever it is; False for NULL and for an empty string.",
        example: "IIF(IsPresent([mail]), [mail], [userPrincipalName])",
        body: Body::Plain(is_present),
        ..BASE
    },
    FunctionInfo {
        name: "IsString",
        signature: "bool IsString(var expression)",
        description: "True when CStr works on the value: anything but binary data and NULL.",
        example: "IIF(IsString([objectGUID]), CStr([objectGUID]), ConvertToBase64([objectGUID]))",
        body: Body::Plain(is_string),
        ..BASE
    },
];
