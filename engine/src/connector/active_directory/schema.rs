//! The schema of a forest: which attributes the synchronized classes may have, and of what type.

use std::collections::{BTreeMap, BTreeSet};

use crate::connector::ldap::entry::RawEntry;
use crate::model::{AttributeDefinition, Schema, ValueType, fold_text};

/// The classes that are object types of the connector (`engine.md` 2-8), with the superclass among them:
/// an object of the derived class is of the superclass too.
const OBJECT_TYPES: &[(&str, Option<&str>)] = &[
    ("computer", Some("user")),
    ("contact", None),
    ("container", None),
    ("domainDNS", None),
    ("foreignSecurityPrincipal", None),
    ("group", None),
    ("inetOrgPerson", Some("user")),
    ("msDS-Device", None),
    ("organizationalUnit", None),
    ("user", None),
];

/// Computed attributes that a server gives only when one object is read; asking for one in a search of a
/// subtree fails the whole search ([MS-ADTS] 3.1.1.4.5).
const ONE_OBJECT_ONLY: &[&str] = &[
    "msds-memberoftransitive",
    "msds-membertransitive",
    "msds-tokengroupnames",
    "msds-tokengroupnamesglobalanduniversal",
    "msds-tokengroupnamesnogcacceptable",
    "tokengroups",
    "tokengroupsglobalanduniversal",
    "tokengroupsnogcacceptable",
];

pub(super) const ATTRIBUTE_FILTER: &str = "(objectClass=attributeSchema)";
pub(super) const ATTRIBUTE_ATTRIBUTES: &[&str] =
    &["lDAPDisplayName", "attributeSyntax", "oMSyntax", "isSingleValued", "isDefunct"];
pub(super) const CLASS_FILTER: &str = "(objectClass=classSchema)";
pub(super) const CLASS_ATTRIBUTES: &[&str] = &[
    "lDAPDisplayName",
    "subClassOf",
    "auxiliaryClass",
    "systemAuxiliaryClass",
    "mayContain",
    "mustContain",
    "systemMayContain",
    "systemMustContain",
    "isDefunct",
];

/// A class of the directory's schema.
#[derive(Clone, Debug)]
struct Class {
    /// Superclass and auxiliary classes.
    parts: Vec<String>,
    /// Attributes of its own.
    attributes: Vec<String>,
}

/// Collects what the schema partition says.
#[derive(Debug, Default)]
pub(super) struct SchemaReader {
    attributes: BTreeMap<String, AttributeDefinition>,
    classes: BTreeMap<String, Class>,
}

impl SchemaReader {
    /// Takes in an `attributeSchema` object.
    pub(super) fn attribute(&mut self, entry: &RawEntry) {
        let (Some(name), Some(syntax)) = (entry.text("lDAPDisplayName"), entry.text("attributeSyntax")) else { return };
        let key = fold_text(name);
        if is_true(entry, "isDefunct") || ONE_OBJECT_ONLY.contains(&key.as_str()) {
            return;
        }
        let definition = AttributeDefinition {
            name: name.to_owned(),
            value_type: value_type(syntax, entry.number("oMSyntax")),
            multi_valued: !is_true(entry, "isSingleValued"),
            indexed: false,
        };
        self.attributes.insert(key, definition);
    }

    /// Takes in a `classSchema` object.
    pub(super) fn class(&mut self, entry: &RawEntry) {
        let Some(name) = entry.text("lDAPDisplayName") else { return };
        if is_true(entry, "isDefunct") {
            return;
        }
        let collect = |names: &[&str]| names.iter().flat_map(|list| entry.texts(list)).map(fold_text).collect();
        let class = Class {
            parts: collect(&["subClassOf", "auxiliaryClass", "systemAuxiliaryClass"]),
            attributes: collect(&["mayContain", "mustContain", "systemMayContain", "systemMustContain"]),
        };
        self.classes.insert(fold_text(name), class);
    }

    /// The connector's schema: the object types that the directory has, with all attributes that they
    /// have themselves, inherit, or get from auxiliary classes.
    pub(super) fn finish(self) -> Schema {
        let mut schema = Schema::default();
        for (object_type, _) in OBJECT_TYPES {
            let Some(attributes) = self.attributes_of(object_type) else { continue };
            schema.add_type(object_type);
            for definition in attributes.iter().filter_map(|key| self.attributes.get(*key)) {
                schema.define(definition.clone());
                schema.allow(object_type, &definition.name);
            }
        }
        schema
    }

    /// Folded names of the attributes of a class; `None` when the directory does not know the class.
    fn attributes_of(&self, class: &str) -> Option<BTreeSet<&str>> {
        let class = fold_text(class);
        self.classes.get(&class)?;
        let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![class.as_str()];
        while let Some(name) = open.pop() {
            // A class may be its own superclass (`top` is).
            if !seen.insert(name) {
                continue;
            }
            let Some(class) = self.classes.get(name) else { continue };
            found.extend(class.attributes.iter().map(String::as_str));
            open.extend(class.parts.iter().map(String::as_str));
        }
        Some(found)
    }
}

fn is_true(entry: &RawEntry, name: &str) -> bool {
    entry.text(name).is_some_and(|text| text.eq_ignore_ascii_case("TRUE"))
}

/// The value type behind an attribute syntax ([MS-ADTS] 3.1.1.2.2.2).
fn value_type(syntax: &str, om_syntax: Option<i64>) -> ValueType {
    match (syntax, om_syntax) {
        ("2.5.5.1", _) => ValueType::Reference,
        ("2.5.5.8", _) => ValueType::Boolean,
        ("2.5.5.9" | "2.5.5.16", _) => ValueType::Integer,
        // Object identifiers, texts of all alphabets, times, DN with string or binary, presentation addresses.
        (
            "2.5.5.2" | "2.5.5.3" | "2.5.5.4" | "2.5.5.5" | "2.5.5.6" | "2.5.5.7" | "2.5.5.11" | "2.5.5.12" | "2.5.5.13"
            | "2.5.5.14",
            _,
        ) => ValueType::String,
        ("2.5.5.10" | "2.5.5.15" | "2.5.5.17", _) => ValueType::Binary,
        // A syntax of the future: the number type is still telling.
        (_, Some(1)) => ValueType::Boolean,
        (_, Some(2 | 10 | 65)) => ValueType::Integer,
        (_, Some(18..=28 | 64)) => ValueType::String,
        (_, _) => ValueType::Binary,
    }
}

/// The object type of an object of these classes: the most derived class that the schema has as a type.
pub(super) fn object_type<'a>(schema: &'a Schema, classes: &[&str]) -> Option<&'a str> {
    let known: Vec<&str> = classes.iter().filter_map(|class| schema.type_name(class)).collect();
    // Servers give the classes from the most general to the most special.
    known
        .iter()
        .rev()
        .find(|name| !known.iter().any(|other| superclass(other).is_some_and(|s| s.eq_ignore_ascii_case(name))))
        .copied()
}

/// The superclass of an object type, when that is an object type itself.
fn superclass(object_type: &str) -> Option<&'static str> {
    OBJECT_TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(object_type)).and_then(|(_, superclass)| *superclass)
}

/// The search filter for objects of these types and of no type derived from them that is not wanted.
pub(super) fn type_filter(wanted: &[&str]) -> String {
    let is_wanted = |name: &str| wanted.iter().any(|other| other.eq_ignore_ascii_case(name));
    let condition = |name: &str| format!("(objectClass={})", ldap3::ldap_escape(name));
    let parts: BTreeSet<String> = wanted
        .iter()
        .filter(|name| !superclass(name).is_some_and(is_wanted))
        .map(|name| {
            let unwanted: String = OBJECT_TYPES
                .iter()
                .filter(|(derived, superclass)| superclass.is_some_and(|s| s.eq_ignore_ascii_case(name)) && !is_wanted(derived))
                .map(|(derived, _)| format!("(!{})", condition(derived)))
                .collect();
            if unwanted.is_empty() { condition(name) } else { format!("(&{}{unwanted})", condition(name)) }
        })
        .collect();
    format!("(|{})", parts.into_iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::ldap::entry::tests::raw;

    fn attribute(name: &str, syntax: &str, om: &str, single: &str) -> RawEntry {
        raw(
            "",
            &[("lDAPDisplayName", &[name]), ("attributeSyntax", &[syntax]), ("oMSyntax", &[om]), ("isSingleValued", &[single])],
        )
    }

    #[test]
    fn types_inherit_attributes_and_take_them_from_auxiliary_classes() {
        let mut reader = SchemaReader::default();
        for entry in [
            attribute("cn", "2.5.5.12", "64", "TRUE"),
            attribute("objectGUID", "2.5.5.10", "4", "TRUE"),
            attribute("sAMAccountName", "2.5.5.12", "64", "TRUE"),
            attribute("manager", "2.5.5.1", "127", "TRUE"),
            attribute("member", "2.5.5.1", "127", "FALSE"),
            attribute("uidNumber", "2.5.5.9", "2", "TRUE"),
            attribute("tokenGroups", "2.5.5.17", "4", "FALSE"),
            attribute("unused", "2.5.5.12", "64", "TRUE"),
        ] {
            reader.attribute(&entry);
        }
        let mut gone = attribute("gone", "2.5.5.12", "64", "TRUE");
        gone.attributes.extend(raw("", &[("isDefunct", &["TRUE"])]).attributes);
        reader.attribute(&gone);
        for entry in [
            raw(
                "",
                &[("lDAPDisplayName", &["top"]), ("subClassOf", &["top"]), ("systemMayContain", &["cn", "objectGUID", "gone"])],
            ),
            raw("", &[("lDAPDisplayName", &["person"]), ("subClassOf", &["top"]), ("mayContain", &["manager"])]),
            raw(
                "",
                &[
                    ("lDAPDisplayName", &["securityPrincipal"]),
                    ("subClassOf", &["top"]),
                    ("systemMustContain", &["sAMAccountName"]),
                ],
            ),
            raw("", &[("lDAPDisplayName", &["posix"]), ("subClassOf", &["top"]), ("mayContain", &["uidNumber", "tokenGroups"])]),
            raw(
                "",
                &[
                    ("lDAPDisplayName", &["user"]),
                    ("subClassOf", &["person"]),
                    ("systemAuxiliaryClass", &["securityPrincipal"]),
                    ("auxiliaryClass", &["posix"]),
                ],
            ),
            raw("", &[("lDAPDisplayName", &["group"]), ("subClassOf", &["top"]), ("mustContain", &["MEMBER", "unknown"])]),
        ] {
            reader.class(&entry);
        }
        let schema = reader.finish();
        assert_eq!(schema.types().collect::<Vec<_>>(), ["group", "user"]);
        let names = |object_type: &str| schema.attributes_of(object_type).map(|a| a.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names("user"), ["cn", "manager", "objectGUID", "sAMAccountName", "uidNumber"]);
        assert_eq!(names("group"), ["cn", "member", "objectGUID"]);
        assert!(schema.attribute("unused").is_none());
        let member = schema.attribute("member").unwrap();
        assert_eq!((member.value_type, member.multi_valued), (ValueType::Reference, true));
        assert!(!schema.attribute("cn").unwrap().multi_valued);
    }

    #[test]
    fn syntaxes_have_value_types() {
        let check =
            |syntax: &str, om: i64, expected: ValueType| assert_eq!(value_type(syntax, Some(om)), expected, "{syntax} {om}");
        check("2.5.5.12", 64, ValueType::String);
        check("2.5.5.11", 24, ValueType::String);
        check("2.5.5.7", 127, ValueType::String);
        check("2.5.5.1", 127, ValueType::Reference);
        check("2.5.5.9", 10, ValueType::Integer);
        check("2.5.5.16", 65, ValueType::Integer);
        check("2.5.5.8", 1, ValueType::Boolean);
        check("2.5.5.17", 4, ValueType::Binary);
        check("2.5.5.15", 66, ValueType::Binary);
        check("2.5.5.99", 64, ValueType::String);
        check("2.5.5.99", 4, ValueType::Binary);
    }

    fn all_types() -> Schema {
        let mut schema = Schema::default();
        for (name, _) in OBJECT_TYPES {
            schema.add_type(name);
        }
        schema
    }

    #[test]
    fn the_most_derived_class_is_the_type() {
        let schema = all_types();
        let check = |classes: &str, expected: Option<&str>| {
            assert_eq!(object_type(&schema, &classes.split(' ').collect::<Vec<_>>()), expected, "{classes}");
        };
        check("top person organizationalPerson user", Some("user"));
        check("top person organizationalPerson user computer", Some("computer"));
        check("computer user organizationalPerson person top", Some("computer"));
        check("top person organizationalPerson user inetOrgPerson", Some("inetOrgPerson"));
        check("top person organizationalPerson user computer msDS-GroupManagedServiceAccount", Some("computer"));
        check("top person organizationalPerson contact", Some("contact"));
        check("top GROUP", Some("group"));
        check("top domain domainDNS", Some("domainDNS"));
        check("top container groupPolicyContainer", Some("container"));
        check("top dnsNode", None);
        check("", None);
    }

    #[test]
    fn filters_ask_for_the_wanted_types_only() {
        let check = |wanted: &[&str], expected: &str| {
            assert_eq!(type_filter(wanted), expected);
            assert!(ldap3::parse_filter(expected).is_ok(), "{expected}");
        };
        check(&["group"], "(|(objectClass=group))");
        check(&["user"], "(|(&(objectClass=user)(!(objectClass=computer))(!(objectClass=inetOrgPerson))))");
        check(&["user", "inetOrgPerson"], "(|(&(objectClass=user)(!(objectClass=computer))))");
        check(&["computer", "user", "inetOrgPerson", "group"], "(|(objectClass=group)(objectClass=user))");
        check(&["computer"], "(|(objectClass=computer))");
        check(&["odd(name)"], "(|(objectClass=odd\\28name\\29))");
    }
}
