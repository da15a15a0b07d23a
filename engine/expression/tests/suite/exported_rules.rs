//! Every expression of a real server's exported configuration works against the schema of the same export
//! (`aadconnect-export-format.md` A.1, A.2).

use crate::default_rules::examine;
use crate::object::Object;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syncline_expression::AttributeKind;

/// The root element of a rule file, as far as it matters here.
#[derive(Deserialize)]
struct RuleFile {
    name: String,
    direction: String,
    connector: String,
    #[serde(rename = "attribute-mappings")]
    mappings: Mappings,
}

#[derive(Deserialize)]
struct Mappings {
    #[serde(default)]
    mapping: Vec<Mapping>,
}

#[derive(Deserialize)]
struct Mapping {
    expression: Option<String>,
}

/// The root element of a connector file.
#[derive(Deserialize)]
struct ConnectorFile {
    id: String,
    category: String,
    schema: SchemaElement,
}

/// The root element of the metaverse file.
#[derive(Deserialize)]
struct MetaverseFile {
    #[serde(rename = "mv-data")]
    data: MetaverseData,
}

#[derive(Deserialize)]
struct MetaverseData {
    schema: SchemaElement,
}

#[derive(Deserialize)]
struct SchemaElement {
    dsml: Dsml,
}

#[derive(Deserialize)]
struct Dsml {
    #[serde(rename = "directory-schema")]
    schema: DirectorySchema,
}

/// Object classes are not read: auxiliary ones are not linked to the structural ones, so the list of attribute types decides.
#[derive(Deserialize)]
struct DirectorySchema {
    #[serde(rename = "attribute-type")]
    attribute_types: Vec<AttributeElement>,
}

#[derive(Deserialize)]
struct AttributeElement {
    name: String,
    syntax: String,
    #[serde(rename = "@single-value")]
    single_value: Option<String>,
}

impl AttributeElement {
    fn kind(&self) -> AttributeKind {
        let syntax = self.syntax.trim();
        let (base, number) = syntax.rsplit_once('.').unwrap();
        match (base, number) {
            ("1.3.6.1.4.1.1466.115.121.1", "15" | "24" | "26" | "36" | "38" | "43" | "44" | "53") => AttributeKind::Text,
            ("1.3.6.1.4.1.1466.115.121.1", "5" | "40") => AttributeKind::Binary,
            ("1.3.6.1.4.1.1466.115.121.1", "7") => AttributeKind::Boolean,
            ("1.3.6.1.4.1.1466.115.121.1", "12") => AttributeKind::Reference,
            ("1.3.6.1.4.1.1466.115.121.1", "27") => AttributeKind::Number,
            ("1.2.840.113556.1.4", "903" | "904") => AttributeKind::Reference,
            ("1.2.840.113556.1.4", "905" | "1221") => AttributeKind::Text,
            ("1.2.840.113556.1.4", "906") => AttributeKind::Number,
            ("1.2.840.113556.1.4", "907") => AttributeKind::Binary,
            _ => panic!("{}: unknown syntax {syntax}", self.name),
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/aadconnect-export/contoso-pilot")
}

fn files(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap();
    quick_xml::de::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An object that may have every attribute of a schema and has none.
fn empty_object(schema: &SchemaElement, parameters: &[&str]) -> Object {
    let mut object = Object::new("the exported schema");
    for attribute in &schema.dsml.schema.attribute_types {
        let single = attribute.single_value.as_deref() == Some("true");
        object = object.with(&attribute.name, attribute.kind(), !single, Vec::new());
    }
    object.parameters.extend(parameters.iter().map(|name| ((*name).to_owned(), Some("x".to_owned()))));
    object
}

#[test]
fn all_expressions_work_against_the_schema_they_were_exported_with() {
    const FOREST: [&str; 7] =
        ["Connector.ID", "Domain.FQDN", "Domain.LDAP", "Domain.Netbios", "Forest.FQDN", "Forest.LDAP", "Forest.Netbios"];
    let metaverse: MetaverseFile = read(&folder().join("GlobalSettings/MV.xml"));
    let metaverse = empty_object(&metaverse.data.schema, &["Connector.ID"]);
    let mut sizes = vec![metaverse.attributes.len()];
    let mut connectors: BTreeMap<String, Object> = BTreeMap::new();
    for path in files("Connectors") {
        let connector: ConnectorFile = read(&path);
        let parameters = if connector.category == "AD" { &FOREST[..] } else { &FOREST[..1] };
        let object = empty_object(&connector.schema, parameters);
        sizes.push(object.attributes.len());
        connectors.insert(connector.id.to_lowercase(), object);
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [185, 219, 3_391]);
    let rules = files("SynchronizationRules");
    assert_eq!(rules.len(), 62);
    let mut examined = 0;
    for path in rules {
        let rule: RuleFile = read(&path);
        let object = match rule.direction.as_str() {
            "Inbound" => connectors.get(&rule.connector).unwrap_or_else(|| panic!("{}: unknown connector", rule.name)),
            "Outbound" => &metaverse,
            other => panic!("{}: direction {other}", rule.name),
        };
        for expression in rule.mappings.mapping.iter().filter_map(|mapping| mapping.expression.as_deref()) {
            examine(expression, object);
            examined += 1;
        }
    }
    assert_eq!(examined, 391);
}
