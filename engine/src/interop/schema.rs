//! Schemas in DSML, in the two dialects of connectors and metaverse (`aadconnect-export-format.md` A.2.1).

use std::collections::{BTreeMap, BTreeSet};

use super::reading::Reading;
use super::xml::Element;
use crate::model::{AttributeDefinition, Schema, ValueType, fold_text};

const DSML: &str = "http://www.dsml.org/DSML";
const MMS: &str = "http://www.microsoft.com/MMS/DSML";

/// Syntaxes under `1.3.6.1.4.1.1466.115.121.1` and of Active Directory, with the type of their values.
const SYNTAXES: [(&str, ValueType); 24] = [
    ("1.3.6.1.4.1.1466.115.121.1.15", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.26", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.44", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.36", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.38", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.43", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.24", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.53", ValueType::String),
    ("1.2.840.113556.1.4.905", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.27", ValueType::Integer),
    ("1.2.840.113556.1.4.906", ValueType::Integer),
    ("1.3.6.1.4.1.1466.115.121.1.7", ValueType::Boolean),
    ("1.3.6.1.4.1.1466.115.121.1.12", ValueType::Reference),
    ("1.2.840.113556.1.4.903", ValueType::Reference),
    ("1.2.840.113556.1.4.904", ValueType::Reference),
    ("1.2.840.113556.1.4.1221", ValueType::Reference),
    ("1.3.6.1.4.1.1466.115.121.1.5", ValueType::Binary),
    ("1.3.6.1.4.1.1466.115.121.1.40", ValueType::Binary),
    ("1.2.840.113556.1.4.907", ValueType::Binary),
    // Rare ones that directories of other makers use.
    ("1.3.6.1.4.1.1466.115.121.1.3", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.6", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.41", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.50", ValueType::String),
    ("1.3.6.1.4.1.1466.115.121.1.34", ValueType::String),
];

/// A schema as exported: names resolved, order kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSchema {
    /// Object classes.
    pub classes: Vec<ServerClass>,
    /// Attribute types.
    pub attributes: Vec<ServerAttribute>,
}

/// An object class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerClass {
    /// Name.
    pub name: String,
    /// Class that it inherits from.
    pub superior: Option<String>,
    /// `structural`, `auxiliary` or `abstract`.
    pub kind: String,
    /// Its own attributes.
    pub attributes: Vec<ClassAttribute>,
    /// Attributes and auxiliary classes that content rules of the directory add to it.
    pub content: Vec<String>,
    /// Auxiliary classes.
    pub auxiliary: Vec<String>,
}

/// An attribute of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassAttribute {
    /// Name.
    pub name: String,
    /// Objects of the class must have it.
    pub required: bool,
    /// It identifies objects.
    pub anchor: bool,
}

/// An attribute type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAttribute {
    /// Name.
    pub name: String,
    /// Syntax as an object identifier.
    pub syntax: String,
    /// Type of its values here.
    pub value_type: ValueType,
    /// Holds one value at most.
    pub single_valued: bool,
    /// Indexed in the metaverse.
    pub indexable: bool,
}

/// How a schema is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Active Directory connectors: default namespace, attribute types first, short codes as identifiers.
    Directory,
    /// Cloud connector and metaverse: prefixes, classes first, names as identifiers.
    Prefixed,
}

impl ServerSchema {
    /// Reads the schema inside an element `schema`; what is wrong with it is noted.
    pub(super) fn read(schema: &Element, reading: &mut Reading) -> Self {
        let Some(directory) = schema.at(&["dsml", "directory-schema"]) else { return Self::default() };
        let named = |kind: &'static str| -> BTreeMap<String, String> {
            directory
                .all(kind)
                .filter_map(|element| Some((element.attribute("id")?.to_owned(), element.text_of("name"))))
                .collect()
        };
        let (class_names, attribute_names) = (named("class"), named("attribute-type"));
        let mut dangling = BTreeSet::new();
        let mut resolve = |names: &BTreeMap<String, String>, reference: Option<&str>| -> Option<String> {
            let id = reference?.trim_start_matches('#');
            let found = names.get(id).cloned();
            if found.is_none() {
                dangling.insert(id.to_owned());
            }
            found
        };
        let mut content: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for rule in directory.all("dit-content-rule") {
            let Some(id) = rule.attribute("id") else { continue };
            let (attributes, auxiliary) = content.entry(id).or_default();
            attributes.extend(rule.all("attribute").filter_map(|inner| resolve(&attribute_names, inner.attribute("ref"))));
            auxiliary.extend(rule.all("aux-class").filter_map(|inner| resolve(&class_names, inner.attribute("ref"))));
        }
        let classes = directory
            .all("class")
            .map(|element| {
                let (added, auxiliary) = element.attribute("id").and_then(|id| content.remove(id)).unwrap_or_default();
                ServerClass {
                    name: element.text_of("name"),
                    superior: resolve(&class_names, element.attribute("superior")),
                    kind: element.attribute("type").unwrap_or("structural").to_owned(),
                    attributes: element
                        .all("attribute")
                        .filter_map(|inner| {
                            Some(ClassAttribute {
                                name: resolve(&attribute_names, inner.attribute("ref"))?,
                                required: inner.attribute("required") == Some("true"),
                                anchor: inner.attribute("isAnchor") == Some("true"),
                            })
                        })
                        .collect(),
                    content: added,
                    auxiliary,
                }
            })
            .collect();
        for id in dangling {
            reading.warn("schema", format!("\"#{id}\" refers to a class or attribute type that is not there; it is left out"));
        }
        let attributes = directory.all("attribute-type").map(|element| ServerAttribute::read(element, reading)).collect();
        Self { classes, attributes }
    }

    /// The attribute types by folded name.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<String, &ServerAttribute> {
        self.attributes.iter().map(|attribute| (fold_text(&attribute.name), attribute)).collect()
    }

    /// The schema as the engine stores it: the given object types with their attributes, inherited ones
    /// included. `used` are attributes that rules and inclusion list use: they are allowed on the given
    /// types although the class does not lead to them.
    #[must_use]
    pub(super) fn to_model(&self, types: &[String], used: &BTreeMap<String, BTreeSet<String>>) -> Schema {
        let classes: BTreeMap<String, &ServerClass> = self.classes.iter().map(|class| (fold_text(&class.name), class)).collect();
        let attributes = self.by_name();
        let mut schema = Schema::default();
        for object_type in types {
            schema.add_type(object_type);
            let mut names = reachable(&classes, object_type);
            names.extend(used.get(&fold_text(object_type)).into_iter().flatten().map(|name| fold_text(name)));
            for attribute in names.iter().filter_map(|name| attributes.get(name)) {
                schema.define(attribute.definition());
                schema.allow(object_type, &attribute.name);
            }
        }
        schema
    }
}

/// Folded names of the attributes of a class, with those of its superiors and auxiliary classes.
fn reachable(classes: &BTreeMap<String, &ServerClass>, class: &str) -> BTreeSet<String> {
    let (mut seen, mut found, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![fold_text(class)]);
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let Some(class) = classes.get(&name) else { continue };
        found.extend(class.attributes.iter().map(|attribute| fold_text(&attribute.name)));
        found.extend(class.content.iter().map(|name| fold_text(name)));
        open.extend(class.superior.iter().chain(&class.auxiliary).map(|name| fold_text(name)));
    }
    found
}

impl ServerAttribute {
    fn read(element: &Element, reading: &mut Reading) -> Self {
        let (name, syntax) = (element.text_of("name"), element.text_of("syntax"));
        let value_type = SYNTAXES.iter().find(|(known, _)| *known == syntax).map(|(_, value_type)| *value_type);
        if value_type.is_none() {
            reading.warn("syntax", format!("attribute {name} has syntax \"{syntax}\", which is not known; it is read as text"));
        }
        Self {
            name,
            syntax,
            value_type: value_type.unwrap_or(ValueType::String),
            single_valued: element.attribute("single-value") == Some("true"),
            indexable: element.attribute("indexable") == Some("true"),
        }
    }

    /// The attribute as the engine defines it.
    #[must_use]
    pub fn definition(&self) -> AttributeDefinition {
        AttributeDefinition {
            name: self.name.clone(),
            value_type: self.value_type,
            multi_valued: !self.single_valued,
            indexed: self.indexable,
        }
    }
}

/// The syntax that stands for a type.
fn syntax_of(value_type: ValueType, dialect: Dialect) -> &'static str {
    match (value_type, dialect) {
        (ValueType::String, _) => "1.3.6.1.4.1.1466.115.121.1.15",
        (ValueType::Integer, Dialect::Directory) => "1.2.840.113556.1.4.906",
        (ValueType::Integer, Dialect::Prefixed) => "1.3.6.1.4.1.1466.115.121.1.27",
        (ValueType::Boolean, _) => "1.3.6.1.4.1.1466.115.121.1.7",
        (ValueType::Reference, _) => "1.3.6.1.4.1.1466.115.121.1.12",
        (ValueType::Binary, Dialect::Directory) => "1.3.6.1.4.1.1466.115.121.1.40",
        (ValueType::Binary, Dialect::Prefixed) => "1.3.6.1.4.1.1466.115.121.1.5",
    }
}

/// Writes a schema of the engine as an element `schema`. `anchor` is the attribute that identifies objects.
pub(super) fn write(schema: &Schema, dialect: Dialect, anchor: Option<&str>) -> Element {
    let prefixed = dialect == Dialect::Prefixed;
    let name_of = |name: &str| if prefixed { format!("dsml:{name}") } else { name.to_owned() };
    let extra = |name: &str| format!("{}:{name}", if prefixed { "ms-dsml" } else { "m" });
    let truth = |value: bool| if value { "true" } else { "false" };
    let attribute_ids: BTreeMap<String, String> = schema
        .attributes()
        .enumerate()
        .map(|(number, definition)| {
            (fold_text(&definition.name), if prefixed { definition.name.clone() } else { format!("A{number}") })
        })
        .collect();
    let attributes = schema.attributes().map(|definition| {
        let mut element = Element::new(&name_of("attribute-type"));
        if let Some(id) = attribute_ids.get(&fold_text(&definition.name)) {
            element = element.with_attribute("id", id.clone());
        }
        if prefixed || !definition.multi_valued {
            element = element.with_attribute("single-value", truth(!definition.multi_valued));
        }
        if definition.indexed {
            element = element.with_attribute(&extra("indexable"), "true");
        }
        element
            .with(Element::of_text(&name_of("name"), &definition.name))
            .with(Element::of_text(&name_of("syntax"), syntax_of(definition.value_type, dialect)))
    });
    let classes = schema.types().enumerate().map(|(number, object_type)| {
        let id = if prefixed { object_type.to_owned() } else { format!("C{number}") };
        let inner = schema.attributes_of(object_type).filter_map(|definition| {
            let is_anchor = anchor.is_some_and(|anchor| anchor.eq_ignore_ascii_case(&definition.name));
            let id = attribute_ids.get(&fold_text(&definition.name))?;
            let element = Element::new(&name_of("attribute"))
                .with_attribute("ref", format!("#{id}"))
                .with_attribute("required", truth(is_anchor));
            Some(if is_anchor { element.with_attribute(&extra("isAnchor"), "true") } else { element })
        });
        Element::new(&name_of("class"))
            .with_attribute("id", id)
            .with_attribute("type", "structural")
            .with(Element::of_text(&name_of("name"), object_type))
            .with_all(inner)
    });
    let mut directory = Element::new(&name_of("directory-schema"));
    let mut document = Element::new(&name_of("dsml"));
    if prefixed {
        directory = directory.with_attribute("ms-dsml:no-objectclass-validation", "true").with_all(classes).with_all(attributes);
        document = document.with_attribute("xmlns:ms-dsml", MMS).with_attribute("xmlns:dsml", DSML);
    } else {
        directory = directory.with_all(attributes).with_all(classes);
        document = document.with_attribute("xmlns", DSML).with_attribute("xmlns:m", MMS);
    }
    Element::new("schema").with(document.with(directory))
}

/// Adds to a written schema of the prefixed dialect what a schema of the engine has beyond it; all else stays as it is.
pub(super) fn grow(written: &mut Element, schema: &Schema) {
    let Some(directory) = written.child_mut("dsml").and_then(|document| document.child_mut("directory-schema")) else { return };
    let mut wanted = write(schema, Dialect::Prefixed, None);
    let Some(wanted) = wanted.child_mut("dsml").and_then(|document| document.child_mut("directory-schema")) else { return };
    let key = |element: &Element, name: &str| element.attribute(name).map(fold_text);
    let keys = |parent: &Element, kind: &str, name: &str| -> BTreeSet<Option<String>> {
        parent.all(kind).map(|element| key(element, name)).collect()
    };
    for class in wanted.all("class") {
        match directory.find_mut(&|known| known.local() == "class" && key(known, "id") == key(class, "id")) {
            Some(known) => {
                let present = keys(known, "attribute", "ref");
                let missing = class.all("attribute").filter(|one| !present.contains(&key(one, "ref")));
                missing.cloned().for_each(|attribute| known.push(attribute));
            }
            None => directory.push(class.clone()),
        }
    }
    let present = keys(directory, "attribute-type", "id");
    for attribute in wanted.all("attribute-type").filter(|one| !present.contains(&key(one, "id"))) {
        directory.push(attribute.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_survives_both_dialects() {
        let schema = Schema::from_toml(
            "[attributes]\nmail = \"string indexed\"\nmember = \"reference multi\"\nphoto = \"binary\"\nsize = \"integer\"\n\
             hidden = \"boolean\"\n[types]\nuser = [\"mail\", \"photo\", \"hidden\"]\ngroup = [\"member\", \"size\"]\nempty = []",
        )
        .unwrap();
        for dialect in [Dialect::Directory, Dialect::Prefixed] {
            let mut reading = Reading::of("x.xml");
            let read = ServerSchema::read(&write(&schema, dialect, Some("mail")), &mut reading);
            assert_eq!((reading.faults, reading.warnings), (vec![], vec![]));
            let types: Vec<String> = read.classes.iter().map(|class| class.name.clone()).collect();
            assert_eq!(read.to_model(&types, &BTreeMap::new()), schema, "{dialect:?}");
            let user = read.classes.iter().find(|class| class.name == "user").unwrap();
            assert!(user.attributes.iter().find(|attribute| attribute.name == "mail").unwrap().anchor);
        }
    }

    #[test]
    fn a_written_schema_grows_and_keeps_what_it_says() {
        let before = Schema::from_toml("[attributes]\nmail = \"string\"\n[types]\nuser = [\"mail\"]").unwrap();
        let mut written = write(&before, Dialect::Prefixed, Some("mail"));
        let after = Schema::from_toml(
            "[attributes]\nMail = \"string\"\nsize = \"integer\"\n[types]\nUser = [\"Mail\", \"size\"]\ngroup = [\"size\"]",
        )
        .unwrap();
        grow(&mut written, &after);
        let read = ServerSchema::read(&written, &mut Reading::of("x.xml"));
        let classes: Vec<_> = read.classes.iter().map(|class| (class.name.as_str(), class.attributes.len())).collect();
        assert_eq!((classes, read.attributes.len()), (vec![("user", 2), ("group", 1)], 2));
        assert!(read.classes[0].attributes[0].required && read.classes[0].attributes[0].anchor);
        let grown = written.clone();
        grow(&mut written, &after);
        assert_eq!(written, grown);
    }

    #[test]
    fn attributes_are_inherited_and_added() {
        let text = r##"<schema><dsml xmlns="d" xmlns:m="m"><directory-schema>
            <attribute-type id="A1" single-value="true"><name>cn</name><syntax>1.3.6.1.4.1.1466.115.121.1.15</syntax></attribute-type>
            <attribute-type id="A2"><name>mailNickname</name><syntax>1.3.6.1.4.1.1466.115.121.1.15</syntax></attribute-type>
            <attribute-type id="A3"><name>info</name><syntax>9.9</syntax></attribute-type>
            <attribute-type id="A4"><name>used</name><syntax>1.2.840.113556.1.4.906</syntax></attribute-type>
            <class id="C1" type="abstract" superior="#C1"><name>top</name><attribute ref="#A1" required="true"/></class>
            <class id="C2" type="structural" superior="#C1"><name>user</name><attribute ref="#A9" required="false"/></class>
            <class id="C3" type="auxiliary" superior="#C1"><name>mailRecipient</name><attribute ref="#A2" required="false"/></class>
            <m:dit-content-rule id="C2"><attribute ref="#A3" required="false"/><m:aux-class ref="#C3"/></m:dit-content-rule>
            </directory-schema></dsml></schema>"##;
        let mut reading = Reading::of("x.xml");
        let schema = ServerSchema::read(&super::super::xml::parse(text).unwrap(), &mut reading);
        let messages: Vec<String> = reading.warnings.iter().map(ToString::to_string).collect();
        assert!(messages[0].contains("\"#A9\"") && messages[1].contains("\"9.9\""), "{messages:?}");
        let used = BTreeMap::from([("user".to_owned(), BTreeSet::from(["Used".to_owned(), "nothing".to_owned()]))]);
        let model = schema.to_model(&["user".to_owned()], &used);
        let names: Vec<&str> = model.attributes_of("user").map(|attribute| attribute.name.as_str()).collect();
        assert_eq!(names, ["cn", "info", "mailNickname", "used"]);
        assert!(!model.attribute("cn").unwrap().multi_valued && model.attribute("used").unwrap().multi_valued);
    }
}
