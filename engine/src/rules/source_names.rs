//! The names that a rule may use for its source: attributes and parameters.

use std::collections::BTreeMap;

use syncline_expression::{AttributeKind, AttributeType, Schema as ExpressionSchema};

use super::definition::{Direction, SyncRule};
use crate::model::{AttributeDefinition, Schema, ValueType, fold_text};

/// The parameters of a domain and its forest, which inbound rules may use (`expressions.md` 12).
pub const DOMAIN_PARAMETERS: [&str; 6] =
    ["Domain.FQDN", "Domain.LDAP", "Domain.Netbios", "Forest.FQDN", "Forest.LDAP", "Forest.Netbios"];

/// The names an expression of one rule may use. Attribute names in expressions are case-sensitive.
pub(super) struct SourceNames<'a> {
    pub(super) rule: &'a SyncRule,
    /// Name of the connector.
    pub(super) connector: &'a str,
    /// Schema of the connector.
    pub(super) schema: &'a Schema,
    /// Attributes that the directory may lack.
    pub(super) optional: Option<&'a Schema>,
    pub(super) metaverse: &'a Schema,
    /// Parameters of the connector.
    pub(super) parameters: &'a BTreeMap<String, String>,
}

impl<'a> SourceNames<'a> {
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
