//! Well-formed expressions and objects out of random bytes.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use syncline_expression::{AttributeKind, SourceObject, Value, functions};

/// Deepest nesting of what is generated.
const DEPTH: usize = 7;

const LEAVES: [&str; 44] = [
    "[t]",
    "[empty]",
    "[p]",
    "[one]",
    "[n]",
    "[numbers]",
    "[f]",
    "[b]",
    "[bs]",
    "[r]",
    "[dn]",
    "%P%",
    "%Q%",
    "$v",
    "$w",
    "True",
    "False",
    "NULL",
    "CRLF",
    "IgnoreThisFlow",
    "AuthoritativeNull",
    "UTF8",
    "DC",
    "CaseInsensitive",
    "vbTextCompare",
    "0",
    "1",
    "-1",
    "2",
    "448",
    "9223372036854775807",
    "-9223372036854775808",
    "&HFF",
    "\"\"",
    "\" \"",
    "\"d\"",
    "\"yyyy-MM-dd\"",
    "\"2024-02-29 4:00 PM -8\"",
    "\"{8B1F2C3D-4E5F-6071-8293-A4B5C6D7E8F9}\"",
    "\"[a-z]+(x|y)*\"",
    "\"CN=x\\\\,y,OU=z\"",
    "ImportedValue(\"p\")",
    "ValueCount(\"p\")",
    "Now()",
];

const OPERATORS: [&str; 13] = ["+", "-", "*", "/", "&", "=", "<>", "<", "<=", ">", ">=", "&&", "||"];

/// An expression; when the bytes run out it ends early.
pub fn expression(plan: &mut Unstructured<'_>) -> String {
    let mut text = String::new();
    part(plan, DEPTH, &mut text).unwrap_or_else(|_| text.push('1'));
    text
}

fn part(plan: &mut Unstructured<'_>, depth: usize, text: &mut String) -> Result<()> {
    if depth == 0 || plan.is_empty() || text.len() > 4_000 {
        return leaf(plan, text);
    }
    match plan.int_in_range(0..=9)? {
        0 | 1 => leaf(plan, text),
        2..=4 => call(plan, depth, text),
        5 | 6 => {
            part(plan, depth - 1, text)?;
            for _ in 0..plan.int_in_range(1..=3)? {
                text.push_str(plan.choose(&[" ", "", "\n"])?);
                text.push_str(plan.choose(&OPERATORS)?);
                text.push_str(plan.choose(&[" ", "  "])?);
                part(plan, depth - 1, text)?;
            }
            Ok(())
        }
        7 => {
            text.push_str(plan.choose(&["With", "Where", "Select"])?);
            text.push('(');
            text.push_str(plan.choose(&["$v", "$w"])?);
            text.push(',');
            part(plan, depth - 1, text)?;
            text.push(',');
            part(plan, depth - 1, text)?;
            text.push(')');
            Ok(())
        }
        8 => {
            text.push_str("IIF(");
            part(plan, depth - 1, text)?;
            text.push(',');
            part(plan, depth - 1, text)?;
            text.push(',');
            part(plan, depth - 1, text)?;
            text.push(')');
            Ok(())
        }
        _ => {
            text.push_str(plan.choose(&["(", "-("])?);
            part(plan, depth - 1, text)?;
            text.push(')');
            Ok(())
        }
    }
}

/// A call with a fitting number of arguments, most of the time.
fn call(plan: &mut Unstructured<'_>, depth: usize, text: &mut String) -> Result<()> {
    let function = plan.choose(functions())?;
    let most = if function.name == "Switch" { 4 } else { function.parameter_names().count() };
    let given = if plan.ratio(1, 4)? { plan.int_in_range(0..=most + 1)? } else { most };
    text.push_str(function.name);
    text.push('(');
    for index in 0..given {
        if index > 0 {
            text.push(',');
        }
        match function.constants(index) {
            [] => part(plan, depth - 1, text)?,
            constants => text.push_str(plan.choose(constants)?),
        }
    }
    text.push(')');
    Ok(())
}

fn leaf(plan: &mut Unstructured<'_>, text: &mut String) -> Result<()> {
    match plan.int_in_range(0..=9)? {
        0 => {
            text.push('"');
            text.push_str(&plan.arbitrary::<&str>()?.replace('\\', "\\\\").replace('"', "\"\""));
            text.push('"');
        }
        1 => text.push_str(&plan.arbitrary::<i64>()?.to_string()),
        _ => text.push_str(plan.choose(&LEAVES)?),
    }
    Ok(())
}

/// The object that expressions read when nothing else is said.
pub fn fixed_object() -> SourceObject {
    let texts = |values: &[&str]| values.iter().map(|text| Value::Text((*text).to_owned())).collect();
    with_values(
        "Räksmörgås 😀 12".to_owned(),
        vec![0x30, 0x82, 1, 0, 5],
        texts(&["SMTP:a@b.c", "smtp:d@e.f", ""]),
        vec![Value::Number(1), Value::Number(i64::MAX), Value::Number(0)],
    )
}

/// An object with values out of random bytes.
pub fn object(plan: &mut Unstructured<'_>) -> SourceObject {
    let read = |plan: &mut Unstructured<'_>| -> Result<SourceObject> {
        let text = plan.arbitrary::<&str>()?.to_owned();
        let bytes = plan.arbitrary::<&[u8]>()?.to_vec();
        let mut texts = Vec::new();
        for _ in 0..plan.int_in_range(0..=4)? {
            texts.push(Value::Text(plan.arbitrary::<&str>()?.to_owned()));
        }
        let mut numbers = Vec::new();
        for _ in 0..plan.int_in_range(0..=3)? {
            numbers.push(Value::Number(plan.arbitrary()?));
        }
        Ok(with_values(text, bytes, texts, numbers))
    };
    read(plan).unwrap_or_else(|_| fixed_object())
}

fn with_values(text: String, bytes: Vec<u8>, texts: Vec<Value>, numbers: Vec<Value>) -> SourceObject {
    let mut object = SourceObject::new("object type user of connector contoso.com")
        .with("dn", AttributeKind::Text, false, vec![Value::Text("CN=Ann\\, B,OU=Sales,DC=contoso,DC=com".into())])
        .with("one", AttributeKind::Text, true, vec![Value::Text(text.clone())])
        .with("t", AttributeKind::Text, false, vec![Value::Text(text)])
        .with("empty", AttributeKind::Text, false, Vec::new())
        .with("n", AttributeKind::Number, false, numbers.first().cloned().into_iter().collect())
        .with("numbers", AttributeKind::Number, true, numbers)
        .with("f", AttributeKind::Boolean, false, vec![Value::Boolean(true)])
        .with("bs", AttributeKind::Binary, true, vec![Value::Binary(bytes.clone()), Value::Binary(Vec::new())])
        .with("b", AttributeKind::Binary, false, vec![Value::Binary(bytes)])
        .with("r", AttributeKind::Reference, false, vec![Value::Reference("CN=a\\,b,DC=x".into())]);
    object.imported.insert("p".into(), texts.iter().skip(1).cloned().collect());
    object = object.with("p", AttributeKind::Text, true, texts);
    object.parameters.insert("P".into(), Some("a:b,c:d".into()));
    object.parameters.insert("Q".into(), None);
    object
}
