//! `--set` and `--param` as typed.

use std::str::FromStr;

use syncline_expression::json::read_value;
use syncline_expression::{AttributeKind, AttributeType, Value};

use super::problem::found;

/// `NAME=VALUE`, `NAME:TYPE=VALUE` or `NAME:TYPE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The attribute.
    pub name: String,
    /// Its type, when one is given.
    pub attribute_type: Option<AttributeType>,
    /// Its value; the object lacks the attribute when there is none.
    pub value: Option<String>,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (left, value) = match text.split_once('=') {
            Some((left, value)) => (left, Some(value.to_owned())),
            None => (text, None),
        };
        let (name, attribute_type) = match left.split_once(':') {
            Some((name, word)) => (name, Some(attribute_type(word)?)),
            None => (left, None),
        };
        if name.is_empty() {
            return Err("an attribute is NAME=VALUE, NAME:TYPE=VALUE or NAME:TYPE".to_owned());
        }
        if attribute_type.is_none() && value.is_none() {
            return Err(format!("write {name}=VALUE, or {name}:TYPE for an attribute that the object lacks"));
        }
        Ok(Self { name: name.to_owned(), attribute_type, value })
    }
}

/// A type as typed.
///
/// # Errors
/// A sentence with the types there are.
pub fn attribute_type(word: &str) -> Result<AttributeType, String> {
    AttributeType::from_name(word)
        .ok_or_else(|| format!("\"{word}\" is no type; the types are {}", AttributeType::names().join(", ")))
}

/// `NAME=VALUE`, or `NAME` for a parameter without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name without percent signs.
    pub name: String,
    /// Its value; NULL when there is none.
    pub value: Option<String>,
}

impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let name = name.strip_prefix('%').and_then(|name| name.strip_suffix('%')).unwrap_or(name);
        if name.is_empty() {
            return Err("a parameter is NAME=VALUE".to_owned());
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

/// A value as typed.
///
/// # Errors
/// A sentence that names the value and the form it must have.
pub fn value(kind: AttributeKind, text: &str) -> Result<Value, String> {
    Ok(match kind {
        AttributeKind::Text => Value::Text(text.to_owned()),
        AttributeKind::Reference => Value::Reference(text.to_owned()),
        AttributeKind::Number => {
            let number = text.trim().parse().ok();
            Value::Number(number.ok_or_else(|| format!("{} is no whole number of 64 bits", found(text)))?)
        }
        AttributeKind::Boolean if text.eq_ignore_ascii_case("true") => Value::Boolean(true),
        AttributeKind::Boolean if text.eq_ignore_ascii_case("false") => Value::Boolean(false),
        AttributeKind::Boolean => return Err(format!("{} is neither True nor False", found(text))),
        AttributeKind::Binary => read_value(kind, &text.trim().into())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read_as_typed() {
        let check = |text: &str, name: &str, kind: Option<&str>, value: Option<&str>| {
            let found: Assignment = text.parse().unwrap();
            assert_eq!((found.name.as_str(), found.attribute_type.map(AttributeType::name)), (name, kind), "{text}");
            assert_eq!(found.value.as_deref(), value, "{text}");
        };
        check("displayName=Ann", "displayName", None, Some("Ann"));
        check("proxyAddresses=smtp:a=b", "proxyAddresses", None, Some("smtp:a=b"));
        check("info=", "info", None, Some(""));
        check("mS-DS-ConsistencyGuid:bin=AQI=", "mS-DS-ConsistencyGuid", Some("bin"), Some("AQI="));
        check("member:mvref", "member", Some("mvref"), None);
        let refused = |text: &str, words: &str| {
            let error = text.parse::<Assignment>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        };
        refused("mail", "write mail=VALUE, or mail:TYPE");
        refused("=x", "NAME=VALUE");
        refused("a:text=x", "\"text\" is no type; the types are str, num");
    }

    #[test]
    fn parameters_may_be_without_value() {
        let check = |text: &str, name: &str, value: Option<&str>| {
            let found: Parameter = text.parse().unwrap();
            assert_eq!((found.name.as_str(), found.value.as_deref()), (name, value), "{text}");
        };
        check("Domain.FQDN=contoso.com", "Domain.FQDN", Some("contoso.com"));
        check("%Domain.FQDN%=contoso.com", "Domain.FQDN", Some("contoso.com"));
        check("Forest.Netbios", "Forest.Netbios", None);
        assert!("=x".parse::<Parameter>().is_err());
    }

    #[test]
    fn values_have_the_form_of_their_kind() {
        let check = |kind: AttributeKind, text: &str, expected: Value| assert_eq!(value(kind, text), Ok(expected));
        check(AttributeKind::Text, " a ", Value::Text(" a ".into()));
        check(AttributeKind::Reference, "CN=a", Value::Reference("CN=a".into()));
        check(AttributeKind::Number, "-9223372036854775808", Value::Number(i64::MIN));
        check(AttributeKind::Boolean, "TRUE", Value::Boolean(true));
        check(AttributeKind::Binary, "AQI=", Value::Binary(vec![1, 2]));
        let refused = |kind: AttributeKind, text: &str, words: &str| {
            let error = value(kind, text).unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        refused(AttributeKind::Number, "1.5", "\"1.5\" is no whole number of 64 bits");
        refused(AttributeKind::Number, "9223372036854775808", "no whole number");
        refused(AttributeKind::Boolean, "yes", "\"yes\" is neither True nor False");
        refused(AttributeKind::Binary, "###", "Base64 with padding is expected, \"###\" found");
    }
}
