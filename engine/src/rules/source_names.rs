//! The names that a rule may use for its source: attributes and parameters.

use std::borrow::Cow;
use std::collections::BTreeMap;

use syncline_expression::{AttributeKind, AttributeType, Schema as ExpressionSchema, Target};

use super::compile::PlanInput;
use super::definition::{Direction, SyncRule};
use crate::model::{AttributeDefinition, INDEXED_LIMIT, Schema, ValueType, fold_text};

/// The parameters of a domain and its forest, which inbound rules may use (`expressions.md` 12).
pub const DOMAIN_PARAMETERS: [&str; 6] =
    ["Domain.FQDN", "Domain.LDAP", "Domain.Netbios", "Forest.FQDN", "Forest.LDAP", "Forest.Netbios"];

/// The names that one rule may use, for its source and for its target. Attribute names in expressions are
/// case-sensitive.
#[derive(Debug)]
pub struct SourceNames<'a> {
    pub(super) rule: &'a SyncRule,
    /// Name of the connector.
    pub(super) connector: &'a str,
    /// Schema of the connector.
    pub(super) schema: &'a Schema,
    /// Attributes that the directory may lack.
    pub(super) optional: Option<&'a Schema>,
    pub(super) metaverse: &'a Schema,
    /// Parameters of the connector.
    pub(super) parameters: Cow<'a, BTreeMap<String, String>>,
}

impl<'a> SourceNames<'a> {
    /// The names for a rule on its connector.
    #[must_use]
    pub fn new(rule: &'a SyncRule, connector: &'a PlanInput, metaverse: &'a Schema) -> Self {
        let mut parameters = connector.parameters.clone();
        parameters.insert("Connector.ID".to_owned(), connector.guid.to_string());
        Self {
            rule,
            connector: &connector.name,
            schema: &connector.schema,
            optional: connector.optional.as_deref(),
            metaverse,
            parameters: Cow::Owned(parameters),
        }
    }

    /// True for the target that names the object of an outbound rule.
    pub(super) fn names_object(&self, target: &str) -> bool {
        self.rule.direction == Direction::Outbound && target.eq_ignore_ascii_case("dn")
    }

    /// Schema and object type that the rule writes; `*` stands for all types.
    pub(super) fn target_side(&self) -> (&'a Schema, &'a str) {
        match self.rule.direction {
            Direction::Inbound => (self.metaverse, self.rule.metaverse_object_type.as_str()),
            Direction::Outbound => (self.schema, self.rule.connector_object_type.as_str()),
        }
    }

    /// An attribute that the rule may write; `dn` names the object of an outbound rule.
    #[must_use]
    pub fn target(&self, attribute: &str) -> Option<AttributeDefinition> {
        if self.names_object(attribute) {
            let name = "dn".to_owned();
            return Some(AttributeDefinition { name, value_type: ValueType::String, multi_valued: false, indexed: false });
        }
        let (schema, object_type) = self.target_side();
        let found = if object_type == "*" { schema.attribute(attribute) } else { schema.attribute_of(object_type, attribute) };
        found.cloned()
    }

    /// All attributes that the rule may write, by name.
    #[must_use]
    pub fn targets(&self) -> Vec<AttributeDefinition> {
        let (schema, object_type) = self.target_side();
        let mut targets: Vec<AttributeDefinition> = if object_type == "*" {
            schema.attributes().cloned().collect()
        } else {
            schema.attributes_of(object_type).cloned().collect()
        };
        if self.rule.direction == Direction::Outbound && !targets.iter().any(|target| self.names_object(&target.name)) {
            targets.extend(self.target("dn"));
        }
        targets.sort_by_cached_key(|target| fold_text(&target.name));
        targets
    }

    /// All attributes that the rule may read, by name.
    #[must_use]
    pub fn sources(&self) -> Vec<AttributeDefinition> {
        let mut sources: Vec<AttributeDefinition> = self.definitions().cloned().collect();
        sources.sort_by_cached_key(|source| fold_text(&source.name));
        sources
    }

    /// A target as the checks of expressions need it.
    #[must_use]
    pub fn aim(&self, target: &AttributeDefinition) -> Target {
        Target {
            name: target.name.clone(),
            kind: attribute_kind(target.value_type),
            multi_valued: target.multi_valued,
            max_length: target.indexed.then_some(INDEXED_LIMIT),
        }
    }

    /// An attribute of the source object: of its connector space type inbound, of its metaverse type outbound.
    pub(super) fn definition(&self, attribute: &str) -> Option<&'a AttributeDefinition> {
        match self.rule.direction {
            Direction::Inbound => self.schema.attribute_of(&self.rule.connector_object_type, attribute),
            Direction::Outbound => self.metaverse.attribute_of(&self.rule.metaverse_object_type, attribute),
        }
    }

    /// An attribute that the directory lacks although others of its kind have it.
    pub(super) fn lacking(&self, attribute: &str) -> Option<&'a AttributeDefinition> {
        let optional = self.optional.filter(|_| self.rule.direction == Direction::Inbound)?;
        let found = optional.attribute_of(&self.rule.connector_object_type, attribute)?;
        self.definition(attribute).is_none().then_some(found)
    }

    /// All attributes of the source object.
    pub(super) fn definitions(&self) -> Box<dyn Iterator<Item = &'a AttributeDefinition> + 'a> {
        match self.rule.direction {
            Direction::Inbound => Box::new(self.schema.attributes_of(&self.rule.connector_object_type)),
            Direction::Outbound => Box::new(self.metaverse.attributes_of(&self.rule.metaverse_object_type)),
        }
    }

    /// The source in words.
    pub(super) fn source(&self) -> String {
        match self.rule.direction {
            Direction::Inbound => format!("object type {} of connector {}", self.rule.connector_object_type, self.connector),
            Direction::Outbound => format!("metaverse object type {}", self.rule.metaverse_object_type),
        }
    }
}

impl ExpressionSchema for SourceNames<'_> {
    fn attribute(&self, name: &str) -> Option<AttributeType> {
        if name == "dn" {
            return Some(AttributeType { kind: AttributeKind::Text, multi_valued: false });
        }
        let found = self.definition(name).or_else(|| self.lacking(name));
        let definition = found.filter(|definition| definition.name == name)?;
        Some(AttributeType { kind: attribute_kind(definition.value_type), multi_valued: definition.multi_valued })
    }

    fn attribute_names(&self) -> Vec<String> {
        self.definitions().map(|definition| definition.name.clone()).collect()
    }

    fn parameter_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.parameters.keys().cloned().collect();
        if self.rule.direction == Direction::Inbound {
            names.extend(DOMAIN_PARAMETERS.iter().map(|name| (*name).to_owned()));
        }
        names.sort_by_key(|name| fold_text(name));
        names
    }

    fn has_imported_values(&self) -> bool {
        self.rule.direction == Direction::Inbound
    }

    fn source_description(&self) -> String {
        self.source()
    }
}

/// The kind that expressions call a type of values.
#[must_use]
pub fn attribute_kind(value_type: ValueType) -> AttributeKind {
    match value_type {
        ValueType::String => AttributeKind::Text,
        ValueType::Binary => AttributeKind::Binary,
        ValueType::Integer => AttributeKind::Number,
        ValueType::Boolean => AttributeKind::Boolean,
        ValueType::Reference => AttributeKind::Reference,
    }
}
