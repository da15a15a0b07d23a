//! The expressions of the default rules, with the schema that each one reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use syncline_expression::{AttributeKind, AttributeType, Program, Schema};

/// One distinct expression.
pub struct Expression {
    pub text: String,
    /// The number of flows that have it.
    pub uses: usize,
    pub schema: Rc<Attributes>,
}

impl Expression {
    pub fn compile(&self) -> Program {
        match Program::compile(&self.text, self.schema.as_ref()) {
            Ok(program) => program,
            Err(problems) => panic!("{}: {problems:?}", self.text),
        }
    }
}

/// The attributes of a schema file.
pub struct Attributes(BTreeMap<String, AttributeType>);

impl Schema for Attributes {
    fn attribute(&self, name: &str) -> Option<AttributeType> {
        self.0.get(name).copied()
    }

    fn attribute_names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn parameter_names(&self) -> Vec<String> {
        ["Connector.ID", "Domain.FQDN", "Domain.Netbios", "Forest.FQDN", "Forest.Netbios"].map(str::to_owned).into()
    }

    fn source_description(&self) -> String {
        "the schema".into()
    }
}

/// Every distinct expression of the shipped rules, in order of text.
pub fn expressions() -> Vec<Expression> {
    let directory = schema("active-directory-schema.toml");
    let tenant = schema("tenant-schema.toml");
    let metaverse = schema("metaverse.toml");
    let mut found: BTreeMap<String, Expression> = BTreeMap::new();
    for file in rule_files() {
        for rule in table(&file)["rule"].as_array().into_iter().flatten() {
            let is = |key: &str, value: &str| rule.get(key).and_then(toml::Value::as_str) == Some(value);
            let schema = match (is("direction", "inbound"), is("connector", "tenant")) {
                (true, true) => &tenant,
                (true, false) => &directory,
                (false, _) => &metaverse,
            };
            for text in texts(rule) {
                let entry = found.entry(text.clone()).or_insert_with(|| Expression { text, uses: 0, schema: Rc::clone(schema) });
                entry.uses += 1;
            }
        }
    }
    found.into_values().collect()
}

fn texts(rule: &toml::Value) -> Vec<String> {
    let written = rule.get("expression").and_then(toml::Value::as_table).into_iter().flatten();
    let written = written.filter_map(|(_, text)| text.as_str()).map(str::to_owned);
    let trimmed = rule.get("trimmed").and_then(toml::Value::as_array).into_iter().flatten();
    let trimmed = trimmed.filter_map(toml::Value::as_str).map(|name| format!("Trim([{name}])"));
    written.chain(trimmed).collect()
}

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets")
}

fn rule_files() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(assets().join("rules")).expect("the folder of rules");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

fn table(file: &Path) -> toml::Table {
    std::fs::read_to_string(file).expect("a readable file").parse().expect("TOML")
}

fn schema(file: &str) -> Rc<Attributes> {
    let table = table(&assets().join(file));
    let attributes = table["attributes"].as_table().expect("a table of attributes");
    Rc::new(Attributes(
        attributes.iter().filter_map(|(name, kind)| Some((name.clone(), attribute_type(kind.as_str()?)))).collect(),
    ))
}

fn attribute_type(words: &str) -> AttributeType {
    let mut words = words.split(' ');
    let kind = match words.next() {
        Some("binary") => AttributeKind::Binary,
        Some("boolean") => AttributeKind::Boolean,
        Some("integer") => AttributeKind::Number,
        Some("reference") => AttributeKind::Reference,
        _ => AttributeKind::Text,
    };
    AttributeType { kind, multi_valued: words.any(|word| word == "multi") }
}
