//! People with the values that a directory really has.

use super::rules::Attributes;
use std::collections::BTreeMap;
use syncline_expression::{AttributeKind, Parameters, Program, Random, Schema, Source, Value, ValueRef};

/// One object by attribute name.
pub struct Person(BTreeMap<&'static str, Vec<Value>>);

/// An object as a program reads it: values by slot.
pub struct Slots(Vec<Vec<Value>>);

impl Slots {
    /// The first value of a slot as text.
    pub fn text(&self, slot: usize) -> Option<&str> {
        self.0[slot].first().and_then(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None })
    }

    /// All values of a slot.
    pub fn values(&self, slot: usize) -> &[Value] {
        &self.0[slot]
    }
}

impl Source for Slots {
    fn count(&self, slot: usize) -> usize {
        self.0.get(slot).map_or(0, Vec::len)
    }

    fn value(&self, slot: usize, index: usize) -> Option<ValueRef<'_>> {
        self.0.get(slot)?.get(index)?.as_value_ref()
    }
}

impl Person {
    /// What a program reads of this person. Attributes that are not listed are absent for every second person and have a
    /// value that fits their type for the others.
    pub fn slots(&self, program: &Program, schema: &Attributes) -> Slots {
        Slots(program.attributes().iter().map(|used| self.values(&used.name, schema)).collect())
    }

    fn values(&self, name: &str, schema: &Attributes) -> Vec<Value> {
        if let Some(values) = self.0.get(name) {
            return values.clone();
        }
        let Some(kind) = schema.attribute(name).filter(|_| !self.0.contains_key("sparse")) else { return Vec::new() };
        vec![match kind.kind {
            AttributeKind::Text => Value::Text(format!("{name} of this person")),
            AttributeKind::Number => Value::Number(7),
            AttributeKind::Boolean => Value::Boolean(true),
            AttributeKind::Binary => Value::Binary(vec![7; 40]),
            AttributeKind::Reference => Value::Reference("CN=Grace Hopper,OU=Research,DC=contoso,DC=com".into()),
        }]
    }
}

/// An enabled user with a mailbox, a disabled one with a linked mailbox, and a plain account with few attributes.
pub fn people() -> Vec<Person> {
    let text = |value: &str| vec![Value::Text(value.to_owned())];
    let texts = |values: &[&str]| values.iter().map(|value| Value::Text((*value).to_owned())).collect::<Vec<_>>();
    let guid = (1..=16).collect::<Vec<u8>>();
    let sid = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 160, 101, 207, 126, 120, 75, 155, 95, 231, 124, 135, 112, 80, 4, 0, 0];
    let account = |name: &'static str, control: i64| {
        BTreeMap::from([
            ("cn", text(name)),
            ("dn", text("CN=Ada Lovelace,OU=Research,OU=Staff,DC=contoso,DC=com")),
            ("isCriticalSystemObject", Vec::new()),
            ("objectGUID", vec![Value::Binary(guid.clone())]),
            ("objectSid", vec![Value::Binary(sid.to_vec())]),
            ("pwdLastSet", vec![Value::Number(133_500_000_000_000_000)]),
            ("sAMAccountName", text("alovelace")),
            ("userAccountControl", vec![Value::Number(control)]),
            ("memberCount", vec![Value::Number(12)]),
            ("sourceAnchor", text("AQIDBAUGBwgJCgsMDQ4PEA==")),
            ("cloudSourceAnchor", text("AQIDBAUGBwgJCgsMDQ4PEA==")),
            ("cloudAnchor", text("User_4f0c1a34-0000-4000-8000-000000000000")),
            ("sourceObjectType", text("User")),
        ])
    };
    let mut enabled = account("Ada Lovelace", 512);
    enabled.extend([
        ("displayName", text("Ada Lovelace")),
        ("description", texts(&["Analyst, first of her kind"])),
        ("info", text("Works with Charles on the engine. ")),
        ("mail", text("ada.lovelace@contoso.com")),
        ("mailNickname", text("ada.lovelace")),
        ("msExchRecipientTypeDetails", vec![Value::Number(1)]),
        (
            "proxyAddresses",
            texts(&[
                "SMTP:ada.lovelace@contoso.com",
                "smtp:ada@contoso.com",
                "smtp:ada@contoso.org",
                "X500:/o=Contoso/ou=Exchange Administrative Group/cn=Recipients/cn=ada",
            ]),
        ),
        ("userPrincipalName", text("ada.lovelace@contoso.com")),
    ]);
    let mut disabled = account("Charles Babbage", 514);
    disabled.extend([
        ("displayName", text("Babbage, Charles")),
        ("mail", text("charles@contoso.com")),
        ("msExchRecipientTypeDetails", vec![Value::Number(2)]),
        ("proxyAddresses", texts(&["SMTP:charles@contoso.com", "smtp:charles@contoso.com"])),
        ("userPrincipalName", text("charles@contoso.com")),
    ]);
    let mut plain = account("svc-backup", 66_048);
    plain.insert("sparse", Vec::new());
    [enabled, disabled, plain].map(Person).into()
}

/// The clock of every evaluation.
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::UNIX_EPOCH
}

/// Parameters and randomness that are always the same.
pub struct Fixed;

impl Parameters for Fixed {
    fn get(&self, _name: &str) -> Option<&str> {
        Some("contoso.com")
    }
}

impl Random for Fixed {
    fn guid(&self) -> uuid::Uuid {
        uuid::Uuid::nil()
    }

    fn number(&self, start: i64, _end: i64) -> i64 {
        start
    }
}
