//! The schema of a server: what its subschema subentry describes (RFC 4512, 4.2). Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::description::Description;
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::modification::is_password;
use crate::model::{AttributeDefinition, Schema, ValueType, fold_text};

/// What is asked of the subschema subentry.
pub(super) const SUBSCHEMA_ATTRIBUTES: &[&str] = &["attributeTypes", "objectClasses", "dITContentRules"];

/// Longest chain of superiors that is followed.
const DEEPEST: usize = 64;

/// Classes of entries that are the server's own affairs.
const OWN_AFFAIRS: [&str; 7] =
    ["glue", "ldapsubentry", "ldapsyncsubentry", "openldaprootdse", "subentry", "subschema", "syncprovidersubentry"];

/// Attributes of any entry that say how the server keeps it; they change all the time, or on each server differently.
const NEVER_IMPORTED: [&str; 4] = ["contextcsn", "entrycsn", "entrydn", "subschemasubentry"];

/// Syntaxes of texts beside those of RFC 4517: identities (RFC 4530), change numbers and authorizations of OpenLDAP.
const FURTHER_TEXTS: [&str; 4] =
    ["1.3.6.1.1.16.1", "1.3.6.1.4.1.4203.666.11.2.1", "1.3.6.1.4.1.4203.666.11.2.4", "1.3.6.1.4.1.4203.666.2.7"];

#[derive(Clone, Debug)]
struct AttributeType {
    name: String,
    superior: Option<String>,
    syntax: Option<String>,
    single: bool,
    read_only: bool,
    /// Kept for the directory itself: any entry may have it.
    operational: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClassKind {
    Abstract,
    Structural,
    Auxiliary,
}

#[derive(Clone, Debug)]
struct ObjectClass {
    name: String,
    superiors: Vec<String>,
    kind: ClassKind,
    attributes: Vec<String>,
}

/// Which attributes the entries of a structural class may have beside its own.
#[derive(Clone, Debug, Default)]
struct ContentRule {
    auxiliaries: Vec<String>,
    attributes: Vec<String>,
    not: Vec<String>,
}

/// What the subschema subentry describes. Keys are folded names.
#[derive(Clone, Debug, Default)]
pub(super) struct Subschema {
    attributes: BTreeMap<String, AttributeType>,
    classes: BTreeMap<String, ObjectClass>,
    rules: BTreeMap<String, ContentRule>,
    /// Other names and object identifiers of attributes and of classes.
    attribute_names: BTreeMap<String, String>,
    class_names: BTreeMap<String, String>,
}

impl Subschema {
    /// Reads the subentry.
    pub(super) fn read(entry: &RawEntry) -> Self {
        let mut found = Self::default();
        entry.texts("attributeTypes").filter_map(Description::parse).for_each(|description| found.attribute(&description));
        entry.texts("objectClasses").filter_map(Description::parse).for_each(|description| found.class(&description));
        entry.texts("dITContentRules").filter_map(Description::parse).for_each(|description| found.rule(&description));
        found
    }

    fn attribute(&mut self, description: &Description) {
        if description.says("OBSOLETE") {
            return;
        }
        let key = fold_text(description.name());
        for name in description.list("NAME").iter().chain([&description.oid]) {
            self.attribute_names.entry(fold_text(name)).or_insert_with(|| key.clone());
        }
        let attribute = AttributeType {
            name: description.name().to_owned(),
            superior: description.first("SUP").map(fold_text),
            // `1.2.3{64}` has the least greatest length behind it.
            syntax: description.first("SYNTAX").map(|syntax| syntax.split('{').next().unwrap_or(syntax).to_owned()),
            single: description.says("SINGLE-VALUE"),
            read_only: description.says("NO-USER-MODIFICATION"),
            operational: description.first("USAGE").is_some_and(|usage| !usage.eq_ignore_ascii_case("userApplications")),
        };
        self.attributes.entry(key).or_insert(attribute);
    }

    fn class(&mut self, description: &Description) {
        if description.says("OBSOLETE") {
            return;
        }
        let key = fold_text(description.name());
        for name in description.list("NAME").iter().chain([&description.oid]) {
            self.class_names.entry(fold_text(name)).or_insert_with(|| key.clone());
        }
        let kind = match (description.says("ABSTRACT"), description.says("AUXILIARY")) {
            (true, _) => ClassKind::Abstract,
            (false, true) => ClassKind::Auxiliary,
            (false, false) => ClassKind::Structural,
        };
        let folded = |keyword: &str| description.list(keyword).iter().map(|name| fold_text(name)).collect::<Vec<_>>();
        let class = ObjectClass {
            name: description.name().to_owned(),
            superiors: folded("SUP"),
            kind,
            attributes: [folded("MUST"), folded("MAY")].concat(),
        };
        self.classes.entry(key).or_insert(class);
    }

    fn rule(&mut self, description: &Description) {
        let folded = |keyword: &str| description.list(keyword).iter().map(|name| fold_text(name)).collect::<Vec<_>>();
        let rule =
            ContentRule { auxiliaries: folded("AUX"), attributes: [folded("MUST"), folded("MAY")].concat(), not: folded("NOT") };
        // A rule is known by the identifier of its class.
        self.rules.insert(fold_text(&description.oid), rule);
    }

    fn attribute_of(&self, name: &str) -> Option<&AttributeType> {
        self.attributes.get(name).or_else(|| self.attributes.get(self.attribute_names.get(name)?))
    }

    /// True when a class of this name is described.
    pub(super) fn describes(&self, name: &str) -> bool {
        self.class_of(&fold_text(name)).is_some()
    }

    fn class_of(&self, name: &str) -> Option<&ObjectClass> {
        self.classes.get(name).or_else(|| self.classes.get(self.class_names.get(name)?))
    }

    /// True when nothing usable was described.
    pub(super) fn is_empty(&self) -> bool {
        !self.classes.values().any(|class| class.kind == ClassKind::Structural)
    }

    /// The connector's schema: every structural class is an object type, with the attributes that it has itself, inherits,
    /// or may get: from auxiliary classes, as far as a content rule does not say which, and those that servers keep
    /// on any entry. Passwords are no attributes of it.
    pub(super) fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        let mut definitions: BTreeMap<&str, AttributeDefinition> = BTreeMap::new();
        for (key, attribute) in &self.attributes {
            if is_password(key) || NEVER_IMPORTED.contains(&key.as_str()) {
                continue;
            }
            let definition = AttributeDefinition {
                name: attribute.name.clone(),
                value_type: self.value_type(attribute),
                multi_valued: !attribute.single,
                indexed: false,
            };
            definitions.insert(key, definition);
        }
        let operational: BTreeSet<&str> =
            self.attributes.iter().filter(|(_, attribute)| attribute.operational).map(|(key, _)| key.as_str()).collect();
        let auxiliaries: Vec<&str> =
            self.classes.iter().filter(|(_, class)| class.kind == ClassKind::Auxiliary).map(|(key, _)| key.as_str()).collect();
        for (key, class) in self.classes.iter().filter(|(key, class)| is_object_type(key, class)) {
            schema.add_type(&class.name);
            let rule =
                self.rules.iter().find(|(oid, _)| *oid == key || self.class_names.get(*oid) == Some(key)).map(|(_, rule)| rule);
            let mut names = BTreeSet::new();
            self.collect(key, &mut names);
            match rule {
                Some(rule) => {
                    rule.auxiliaries.iter().for_each(|auxiliary| self.collect(auxiliary, &mut names));
                    names.extend(rule.attributes.iter().map(String::as_str));
                    names.retain(|name| !rule.not.iter().any(|not| not == name));
                }
                None => auxiliaries.iter().for_each(|auxiliary| self.collect(auxiliary, &mut names)),
            }
            names.extend(&operational);
            for attribute in names.iter().filter_map(|name| self.attribute_of(name)) {
                let Some(definition) = definitions.get(fold_text(&attribute.name).as_str()) else { continue };
                if schema.attribute(&definition.name).is_none() {
                    schema.define(definition.clone());
                }
                schema.allow(&class.name, &definition.name);
                if attribute.read_only || attribute.operational {
                    schema.set_read_only(&class.name, &definition.name);
                }
            }
        }
        schema
    }

    /// Adds the names of the attributes of a class and its superclasses.
    fn collect<'a>(&'a self, class: &str, names: &mut BTreeSet<&'a str>) {
        let (mut seen, mut open) = (BTreeSet::new(), vec![class]);
        while let Some(class) = open.pop().and_then(|name| self.class_of(name)) {
            if seen.insert(class.name.as_str()) {
                names.extend(class.attributes.iter().map(String::as_str));
                open.extend(class.superiors.iter().map(String::as_str));
            }
        }
    }

    fn value_type(&self, attribute: &AttributeType) -> ValueType {
        let mut attribute = attribute;
        for _ in 0..DEEPEST {
            if let Some(syntax) = &attribute.syntax {
                return value_type(syntax);
            }
            match attribute.superior.as_ref().and_then(|superior| self.attribute_of(superior)) {
                Some(superior) => attribute = superior,
                None => return ValueType::String,
            }
        }
        ValueType::String
    }

    /// A class and its superclasses, the most special first, folded.
    fn chain(&self, class: &str) -> Vec<String> {
        let (mut found, mut open) = (Vec::new(), std::collections::VecDeque::from([fold_text(class)]));
        while let Some(name) = open.pop_front() {
            let (name, superiors) = match self.class_of(&name) {
                Some(class) => (fold_text(&class.name), class.superiors.as_slice()),
                None => (name, [].as_slice()),
            };
            if found.len() < DEEPEST && !found.contains(&name) {
                found.push(name);
                open.extend(superiors.iter().cloned());
            }
        }
        found
    }

    /// The type of an entry among the wanted ones: its structural class or the nearest superclass of it.
    /// `structural` is what the server says of it (`structuralObjectClass`), `classes` all that the entry says.
    pub(super) fn object_type<'a>(&self, structural: Option<&str>, classes: &[&str], wanted: &[&'a str]) -> Option<&'a str> {
        let of_chain = |class: &str| {
            let chain = self.chain(class);
            let place = |wanted: &&'a str| chain.iter().position(|name| *name == fold_text(wanted));
            wanted.iter().filter_map(|wanted| place(wanted).map(|place| (place, *wanted))).min().map(|(_, wanted)| wanted)
        };
        // An entry that says to be of a wanted class is an object, whatever the schema makes of the class.
        let said = || wanted.iter().copied().find(|wanted| classes.iter().any(|class| fold_text(class) == fold_text(wanted)));
        if let Some(structural) = structural {
            return of_chain(structural).or_else(said);
        }
        let is_structural =
            |class: &&str| self.class_of(&fold_text(class)).is_none_or(|class| class.kind == ClassKind::Structural);
        // The most special class has the longest chain.
        let special = classes.iter().copied().filter(is_structural).max_by_key(|class| self.chain(class).len());
        special.and_then(of_chain).or_else(said)
    }
}

fn is_object_type(key: &str, class: &ObjectClass) -> bool {
    class.kind == ClassKind::Structural && !OWN_AFFAIRS.contains(&key) && !key.starts_with("olc")
}

/// The value type behind a syntax (RFC 4517, appendix A).
fn value_type(syntax: &str) -> ValueType {
    match syntax.strip_prefix("1.3.6.1.4.1.1466.115.121.1.") {
        // DN; DN with a bit string behind it.
        Some("12" | "34") => ValueType::Reference,
        Some("7") => ValueType::Boolean,
        Some("27") => ValueType::Integer,
        // Audio, binary, certificates and lists of them, fax, JPEG, octets, algorithms.
        Some("4" | "5" | "8" | "9" | "10" | "23" | "28" | "40" | "49") => ValueType::Binary,
        Some(_) => ValueType::String,
        None if FURTHER_TEXTS.contains(&syntax) => ValueType::String,
        None => ValueType::Binary,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::connector::ldap::entry::tests::raw;

    const ATTRIBUTES: &[&str] = &[
        "( 2.5.4.41 NAME 'name' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
        "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )",
        "( 2.5.4.49 NAME 'distinguishedName' SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
        "( 2.5.4.31 NAME 'member' SUP distinguishedName )",
        "( 2.5.4.35 NAME 'userPassword' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40{128} )",
        "( 0.9.2342.19200300.100.1.60 NAME 'jpegPhoto' SYNTAX 1.3.6.1.4.1.1466.115.121.1.28 )",
        "( 1.3.6.1.1.1.1.0 NAME 'uidNumber' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )",
        "( 1.3.6.1.1.16.4 NAME 'entryUUID' SYNTAX 1.3.6.1.1.16.1 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )",
        "( 1.1.1 NAME 'old' OBSOLETE SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
        "( 1.1.2 NAME 'loop' SUP pool )",
        "( 1.1.3 NAME 'pool' SUP loop )",
        "broken",
    ];
    const CLASSES: &[&str] = &[
        "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
        "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ commonName ) MAY userPassword )",
        "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP person MAY ( jpegPhoto $ old ) )",
        "( 2.5.6.9 NAME 'groupOfNames' SUP top STRUCTURAL MUST ( member $ cn ) )",
        "( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MAY uidNumber )",
        "( 1.1.9 NAME 'ring' SUP ring STRUCTURAL MAY cn )",
        "( 1.1.8 NAME 'subschema' STRUCTURAL )",
    ];

    fn subschema(rules: &[&str]) -> Subschema {
        Subschema::read(&raw(
            "cn=Subschema",
            &[("attributeTypes", ATTRIBUTES), ("objectClasses", CLASSES), ("dITContentRules", rules)],
        ))
    }

    #[test]
    fn types_have_what_they_inherit_and_may_get() {
        let check = |rules: &[&str], object_type: &str, expected: &str| {
            let schema = subschema(rules).schema();
            let names = schema.attributes_of(object_type).map(|a| a.name.as_str()).collect::<Vec<_>>();
            assert_eq!(names.join(" "), expected, "{object_type}");
        };
        check(&[], "person", "cn entryUUID uidNumber");
        check(&[], "inetOrgPerson", "cn entryUUID jpegPhoto uidNumber");
        check(&[], "groupOfNames", "cn entryUUID member uidNumber");
        check(&["( 2.5.6.9 NAME 'rule' NOT member )"], "groupOfNames", "cn entryUUID");
        check(&["( 2.5.6.9 AUX posixAccount MAY jpegPhoto )"], "groupOfNames", "cn entryUUID jpegPhoto member uidNumber");
        check(&[], "ring", "cn entryUUID uidNumber");
        let schema = subschema(&[]).schema();
        assert_eq!(schema.types().collect::<Vec<_>>(), ["groupOfNames", "inetOrgPerson", "person", "ring"]);
        assert!(!schema.is_writable("person", "entryUUID") && schema.is_writable("person", "cn"));
        assert!(schema.attribute("userPassword").is_none());
    }

    #[test]
    fn attributes_have_the_types_of_their_syntaxes() {
        let subschema = subschema(&[]);
        let check = |name: &str, expected: ValueType| {
            assert_eq!(subschema.value_type(subschema.attribute_of(name).unwrap()), expected, "{name}");
        };
        check("commonname", ValueType::String);
        check("2.5.4.31", ValueType::Reference);
        check("jpegphoto", ValueType::Binary);
        check("uidnumber", ValueType::Integer);
        check("entryuuid", ValueType::String);
        check("loop", ValueType::String);
        let check = |syntax: &str, expected: ValueType| assert_eq!(value_type(syntax), expected, "{syntax}");
        check("1.3.6.1.4.1.1466.115.121.1.7", ValueType::Boolean);
        check("1.3.6.1.4.1.1466.115.121.1.24", ValueType::String);
        check("1.3.6.1.4.1.1466.115.121.1.34", ValueType::Reference);
        check("1.2.3.4", ValueType::Binary);
    }

    #[test]
    fn an_entry_is_of_the_nearest_wanted_type() {
        let subschema = subschema(&[]);
        let check = |structural: Option<&str>, classes: &str, wanted: &[&str], expected: Option<&str>| {
            let classes: Vec<&str> = classes.split_whitespace().collect();
            assert_eq!(subschema.object_type(structural, &classes, wanted), expected, "{structural:?} {classes:?} {wanted:?}");
        };
        check(Some("inetOrgPerson"), "inetOrgPerson", &["person", "inetOrgPerson"], Some("inetOrgPerson"));
        check(Some("INETORGPERSON"), "inetOrgPerson", &["person"], Some("person"));
        check(Some("person"), "person", &["inetOrgPerson"], None);
        check(None, "posixAccount top person inetOrgPerson", &["person", "inetOrgPerson"], Some("inetOrgPerson"));
        check(None, "posixAccount person top", &["person", "groupOfNames"], Some("person"));
        check(None, "unknown", &["unknown"], Some("unknown"));
        check(None, "top posixAccount", &["person"], None);
        check(None, "", &["person"], None);
        check(Some("ring"), "ring", &["person"], None);
        // What the entry says is not what the schema makes of it.
        check(Some("ring"), "ring person", &["person"], Some("person"));
        check(None, "posixAccount", &["posixAccount"], Some("posixAccount"));
    }

    proptest! {
        #[test]
        fn no_schema_is_too_odd(texts in prop::collection::vec("\\( (1|2|a) (NAME '[ab]' )?(SUP [ab12] )?(STRUCTURAL )?(MUST \\( a \\$ b \\) )?\\)", 0..12)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let found = Subschema::read(&raw("", &[("attributeTypes", &texts), ("objectClasses", &texts), ("dITContentRules", &texts)]));
            let schema = found.schema();
            for name in schema.types() {
                prop_assert!(found.object_type(Some(name), &[], &[name]).is_some());
            }
        }
    }
}
