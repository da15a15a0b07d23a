//! Every expression of the default rules parses, resolves, evaluates on an empty object, and survives formatting.

use crate::object::{Attribute, Object, Run as _};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use syncline_expression::{AttributeKind, AttributeType, Outcome, ProblemKind, Severity, equivalent, format};

/// The attributes the default rules read that are not single-valued strings.
const TYPED: &[(&str, AttributeKind, bool)] = &[
    ("accountExpires", AttributeKind::Number, false),
    ("cloudMSExchBlockedSendersHash", AttributeKind::Binary, false),
    ("cloudMSExchRecipientDisplayType", AttributeKind::Number, false),
    ("cloudMSExchSafeRecipientsHash", AttributeKind::Binary, false),
    ("cloudMSExchSafeSendersHash", AttributeKind::Binary, false),
    ("cloudMSExchUserHoldPolicies", AttributeKind::Text, true),
    ("cloudSOAExchMailbox", AttributeKind::Boolean, false),
    ("countryCode", AttributeKind::Number, false),
    ("description", AttributeKind::Text, true),
    ("groupType", AttributeKind::Number, false),
    ("isCriticalSystemObject", AttributeKind::Boolean, false),
    ("member", AttributeKind::Reference, true),
    ("memberCount", AttributeKind::Number, false),
    ("mS-DS-ConsistencyGuid", AttributeKind::Binary, false),
    ("msExchHideFromAddressLists", AttributeKind::Boolean, false),
    ("msExchRecipientTypeDetails", AttributeKind::Number, false),
    ("objectGUID", AttributeKind::Binary, false),
    ("objectSid", AttributeKind::Binary, false),
    ("otherFacsimileTelephoneNumber", AttributeKind::Text, true),
    ("otherHomePhone", AttributeKind::Text, true),
    ("otherIpPhone", AttributeKind::Text, true),
    ("otherMobile", AttributeKind::Text, true),
    ("otherPager", AttributeKind::Text, true),
    ("otherTelephone", AttributeKind::Text, true),
    ("postOfficeBox", AttributeKind::Text, true),
    ("proxyAddresses", AttributeKind::Text, true),
    ("pwdLastSet", AttributeKind::Number, false),
    ("searchableDeviceKey", AttributeKind::Binary, true),
    ("stkDeviceKey", AttributeKind::Binary, true),
    ("url", AttributeKind::Text, true),
    ("userAccountControl", AttributeKind::Number, false),
    ("userCertificate", AttributeKind::Binary, true),
    ("userSMIMECertificate", AttributeKind::Binary, true),
];

fn collect(json: &Json, expressions: &mut BTreeSet<String>) {
    match json {
        Json::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    ("expression", Json::String(text)) => {
                        expressions.insert(text.clone());
                    }
                    ("expressions", Json::Array(texts)) => {
                        expressions.extend(texts.iter().filter_map(Json::as_str).map(str::to_owned));
                    }
                    _ => collect(field, expressions),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, expressions)),
        _ => {}
    }
}

fn expressions() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/default-rules.json");
    let mut found = BTreeSet::new();
    collect(&serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(), &mut found);
    found
}

/// An object whose type has every attribute an expression names, all absent.
fn empty_object(text: &str) -> Object {
    let typed: BTreeMap<&str, AttributeType> = TYPED
        .iter()
        .map(|(name, kind, multi_valued)| (*name, AttributeType { kind: *kind, multi_valued: *multi_valued }))
        .collect();
    let string = AttributeType { kind: AttributeKind::Text, multi_valued: false };
    let mut object = Object::default();
    let bracketed = text.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(name, _)| name);
    let quoted = text.split('"').skip(1).step_by(2).filter(|name| typed.contains_key(name) || *name == "sourceAnchor");
    for name in bracketed.chain(quoted) {
        let kind = typed.get(name).copied().unwrap_or(string);
        object.attributes.insert(name.to_owned(), Attribute { attribute_type: kind, values: Vec::new() });
    }
    for parameter in
        ["Connector.ID", "Domain.FQDN", "Domain.LDAP", "Domain.Netbios", "Forest.FQDN", "Forest.LDAP", "Forest.Netbios"]
    {
        object.parameters.insert(parameter.to_owned(), Some("x".to_owned()));
    }
    object
}

/// What holds for every expression that is known to work: it compiles without a certain type fault, an object without values
/// gives no value out of nothing, and formatting changes neither meaning nor what is read.
pub fn examine(text: &str, object: &Object) {
    let program = object.compile(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    assert_eq!(program.text(), text);
    let errors = program.advice().iter().filter(|problem| problem.severity == Severity::Error).count();
    assert_eq!(errors, 0, "{text}");
    let certain: Vec<_> = program.advice().iter().filter(|problem| problem.kind == ProblemKind::Type).collect();
    assert!(certain.is_empty(), "{text}: {certain:?}");
    match object.run(&program, jiff::Timestamp::UNIX_EPOCH) {
        Ok(Outcome::Null | Outcome::IgnoreThisFlow | Outcome::AuthoritativeNull | Outcome::Single(_)) => {}
        Ok(Outcome::Multi(values)) => panic!("{text}: values {values:?} of an empty object"),
        Err(error) => assert_eq!(error.kind, ProblemKind::User, "{text}: {error}"),
    }
    let formatted = format(text).unwrap();
    assert!(equivalent(text, &formatted), "{text}");
    assert_eq!(format(&formatted).unwrap(), formatted, "{text}");
    let again = object.compile(&formatted).unwrap_or_else(|problems| panic!("{formatted}: {problems:?}"));
    assert_eq!((again.attributes(), again.parameters()), (program.attributes(), program.parameters()), "{text}");
    assert_eq!(again.result_shape(), program.result_shape(), "{text}");
}

#[test]
fn all_expressions_compile_evaluate_and_format() {
    let expressions = expressions();
    assert!(expressions.len() >= 80, "only {} expressions found", expressions.len());
    for text in &expressions {
        examine(text, &empty_object(text));
    }
}
