//! Bits and random numbers.

use crate::call::Call;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Types, Volatility, each};
use crate::problem::Fault;
use crate::value::Val;

fn bit_and<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Number(call.number(0)? & call.number(1)?))
}

fn bit_or<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::Number(call.number(0)? | call.number(1)?))
}

fn random_num<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (start, end) = (call.number(0)?, call.number(1)?);
    if start > end {
        return Err(call.fault(format_args!("the start {start} is greater than the end {end}.")));
    }
    Ok(Val::Number(call.context.random.number(start, end).clamp(start, end)))
}

const BASE: FunctionInfo = FunctionInfo {
    name: "",
    category: Category::Math,
    signature: "",
    description: "",
    example: "",
    parameters: &[each("value1", Types::NUMBER), each("value2", Types::NUMBER)],
    required: 2,
    nulls: NullRule::Null,
    result: Types::NUMBER,
    body: Body::Plain(bit_and),
};

/// Bits and random numbers.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "BitAnd",
        signature: "num BitAnd(num value1, num value2)",
        description: "The bits that are set in both numbers.",
        example: "BitAnd([userAccountControl], 2) = 0",
        ..BASE
    },
    FunctionInfo {
        name: "BitOr",
        signature: "num BitOr(num value1, num value2)",
        description: "The bits that are set in either number.",
        example: "BitOr([userAccountControl], 2)",
        body: Body::Plain(bit_or),
        ..BASE
    },
    FunctionInfo {
        name: "RandomNum",
        signature: "num RandomNum(num start, num end)",
        description: "A random whole number from start to end, both included, different at every evaluation. Use it with Apply once.",
        example: "RandomNum(100, 999)",
        parameters: &[each("start", Types::NUMBER), each("end", Types::NUMBER)],
        body: Body::Volatile(Volatility::Chance, random_num),
        ..BASE
    },
];
