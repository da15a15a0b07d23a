//! Dates and times, always in UTC.

use crate::call::Call;
use crate::date_format;
use crate::date_text;
use crate::date_time::DateTime;
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Types, Volatility, each};
use crate::problem::{Fault, quoted};
use crate::value::Val;
use jiff::Span;

fn c_date<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    match call.take(0) {
        Val::DateTime(instant) => Ok(Val::DateTime(instant)),
        Val::Text(text) => date_text::parse(&text)
            .map(Val::DateTime)
            .ok_or_else(|| call.fault(format_args!("{} is not a date. Use yyyy-MM-dd or month/day/year.", quoted(&text)))),
        other => Err(call.element(0, &other)),
    }
}

fn date_add<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (interval, value, instant) = (call.text(0)?, call.number(1)?, call.date(2)?);
    let span = Span::new();
    let span = match interval.as_ref() {
        "yyyy" => span.try_years(value),
        "q" => span.try_months(value.saturating_mul(3)),
        "m" => span.try_months(value),
        "y" | "d" | "w" => span.try_days(value),
        "ww" => span.try_weeks(value),
        "h" => span.try_hours(value),
        "n" => span.try_minutes(value),
        "s" => span.try_seconds(value),
        _ => {
            let message = "is not an interval. Use yyyy, q, m, y, d, w, ww, h, n or s.";
            return Err(call.fault(format_args!("{} {message}", quoted(&interval))));
        }
    };
    let moved = span.and_then(|span| instant.to_civil().checked_add(span)).ok().and_then(DateTime::new);
    moved.map(Val::DateTime).ok_or_else(|| call.fault("the result is outside of the years 1 to 9999."))
}

fn date_from_num<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let ticks = call.number(0)?;
    DateTime::from_ticks(ticks).map(Val::DateTime).ok_or_else(|| {
        let reason = if ticks < 0 { "is negative" } else { "is after the year 9999; test for \"never\" first" };
        call.fault(format_args!("{ticks} {reason}."))
    })
}

fn num_from_date<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let instant = call.date(0)?;
    match instant.to_ticks() {
        ticks if ticks >= 0 => Ok(Val::Number(ticks)),
        _ => Err(call.fault(format_args!("{instant} is before 1601-01-01."))),
    }
}

fn format_date_time<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (instant, format) = (call.date(0)?, call.text(1)?);
    date_format::write(instant, &format).map(Val::text).map_err(|message| call.fault(message))
}

fn now<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    Ok(Val::DateTime(DateTime::from_timestamp(call.context.now)))
}

const BASE: FunctionInfo = FunctionInfo {
    name: "",
    category: Category::Date,
    signature: "",
    description: "",
    example: "",
    parameters: &[],
    required: 1,
    nulls: NullRule::Null,
    result: Types::DATE,
    body: Body::Plain(c_date),
};

/// Dates and times.
pub(crate) const TABLE: &[FunctionInfo] = &[
    FunctionInfo {
        name: "CDate",
        category: Category::Conversion,
        signature: "dt CDate(str value)",
        description: "Text as a date with optional time and zone; without a zone it is UTC. Month before day.",
        example: "CDate(\"2013-01-10 4:00 PM -8\")",
        parameters: &[each("value", Types::TEXT.or(Types::DATE))],
        ..BASE
    },
    FunctionInfo {
        name: "DateAdd",
        signature: "dt DateAdd(str interval, num value, dt date)",
        description: "A date moved by intervals: yyyy years, q quarters, m months, d days, ww weeks, h hours, n minutes, s seconds.",
        example: "DateAdd(\"m\", 3, Now())",
        parameters: &[each("interval", Types::TEXT), each("value", Types::NUMBER), each("date", Types::DATE)],
        required: 3,
        body: Body::Plain(date_add),
        ..BASE
    },
    FunctionInfo {
        name: "DateFromNum",
        signature: "dt DateFromNum(num value)",
        description: "A directory time, counted in steps of 100 nanoseconds since 1601, as a date.",
        example: "DateFromNum([lastLogonTimestamp])",
        parameters: &[each("value", Types::NUMBER)],
        body: Body::Plain(date_from_num),
        ..BASE
    },
    FunctionInfo {
        name: "FormatDateTime",
        signature: "str FormatDateTime(dt value, str format)",
        description: "A date as text; the format letters are case-sensitive: yyyy-MM-dd HH:mm:ss.",
        example: "FormatDateTime(DateFromNum([pwdLastSet]), \"yyyyMMddHHmmss.0Z\")",
        parameters: &[each("value", Types::DATE), each("format", Types::TEXT)],
        required: 2,
        result: Types::TEXT,
        body: Body::Plain(format_date_time),
        ..BASE
    },
    FunctionInfo {
        name: "Now",
        signature: "dt Now()",
        description: "The current date and time in UTC, the same throughout one evaluation.",
        example: "CertNotAfter([userCertificate]) > Now()",
        required: 0,
        body: Body::Volatile(Volatility::Time, now),
        ..BASE
    },
    FunctionInfo {
        name: "NumFromDate",
        signature: "num NumFromDate(dt value)",
        description: "A date as a directory time: steps of 100 nanoseconds since 1601.",
        example: "NumFromDate(CDate(\"2012-01-01 23:00:00\"))",
        parameters: &[each("value", Types::DATE)],
        result: Types::NUMBER,
        body: Body::Plain(num_from_date),
        ..BASE
    },
];
