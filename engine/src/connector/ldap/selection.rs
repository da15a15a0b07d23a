//! What an import covers: partition, containers, object types, attributes.

use std::collections::{BTreeSet, HashMap};

use super::entry::RawAttribute;
use super::value::decode_values;
use crate::connector::{ConnectorError, ConnectorErrorKind, ContainerFilter, EntryAttributes, ImportRequest};
use crate::model::{AttributeDefinition, Dn, ObjectError, Schema, fold_text};

/// What an import covers, by the stored schema.
pub(in crate::connector) struct Selection<'a> {
    pub(in crate::connector) schema: &'a Schema,
    pub(in crate::connector) partition: Dn,
    pub(in crate::connector) containers: ContainerFilter,
    /// Wanted object types, in the schema's spelling.
    pub(in crate::connector) types: Vec<&'a str>,
    /// Wanted attributes that the schema has, in its spelling and in the order in which they were asked for.
    pub(in crate::connector) attributes: Vec<&'a str>,
    /// The same, folded.
    pub(in crate::connector) wanted: BTreeSet<String>,
    /// Where to search; none lies under another.
    pub(in crate::connector) bases: Vec<String>,
    /// Wanted object types that the schema does not have.
    pub(in crate::connector) unknown_types: Vec<&'a str>,
    /// Their definitions, by the spelling of the schema, which is that of most servers' answers.
    definitions: HashMap<&'a str, &'a AttributeDefinition>,
}

impl<'a> Selection<'a> {
    /// What a request covers.
    pub(in crate::connector) fn new(request: &'a ImportRequest) -> Result<Self, ConnectorError> {
        let wrong = |message: String| ConnectorError::new(ConnectorErrorKind::Configuration, message);
        let schema = request.schema.as_ref();
        let partition = Dn::parse(&request.partition).map_err(|error| {
            wrong(format!("the partition's name is not a distinguished name: {}: {error}", request.partition))
        })?;
        if let Some(outside) = request.include.iter().find(|container| !container.is_under(&partition)) {
            return Err(wrong(format!(
                "the container {outside} is not in the partition {partition}: choose the containers again"
            )));
        }
        let (mut types, mut unknown_types) = (Vec::new(), Vec::new());
        for name in &request.object_types {
            match schema.type_name(name) {
                Some(name) => types.push(name),
                None => unknown_types.push(name.as_str()),
            }
        }
        if types.is_empty() {
            return Err(wrong(
                "no object type of the directory's schema is selected: select one in the connector's properties".to_owned(),
            ));
        }
        let (mut wanted, mut attributes, mut definitions) = (BTreeSet::new(), Vec::new(), HashMap::new());
        for name in &request.attributes {
            let Some(definition) = schema.attribute(name) else {
                tracing::debug!(attribute = %name, "not in the stored schema, not asked for");
                continue;
            };
            if wanted.insert(fold_text(name)) {
                attributes.push(definition.name.as_str());
                definitions.insert(definition.name.as_str(), definition);
            }
        }
        Ok(Self {
            bases: search_bases(&partition, &request.include),
            containers: ContainerFilter::new(&request.include, &request.exclude),
            schema,
            partition,
            types,
            attributes,
            wanted,
            unknown_types,
            definitions,
        })
    }

    /// What an administrator should know before the import begins.
    pub(in crate::connector) fn warnings(&self) -> Vec<String> {
        let unknown = |name: &&str| {
            format!("the directory's schema has no object type \"{name}\", no such object was read: refresh the schema")
        };
        self.unknown_types.iter().map(unknown).collect()
    }

    /// The wanted ones of an entry's attributes, by the schema.
    pub(in crate::connector) fn values(&self, attributes: Vec<RawAttribute>) -> Result<EntryAttributes, Box<ObjectError>> {
        let mut found = EntryAttributes::new();
        for attribute in attributes {
            if attribute.values.is_empty() {
                continue;
            }
            if let Some(definition) = self.definition(&attribute.name) {
                found.insert(definition.name.clone(), decode_values(definition, attribute.values)?);
            }
        }
        Ok(found)
    }

    /// The definition of a wanted attribute.
    fn definition(&self, name: &str) -> Option<&'a AttributeDefinition> {
        let other_spelling = || self.schema.attribute(name).filter(|_| self.wanted.contains(&fold_text(name)));
        self.definitions.get(name).copied().or_else(other_spelling)
    }
}

/// The containers to search: the included ones that lie under no other included one.
fn search_bases(partition: &Dn, include: &[Dn]) -> Vec<String> {
    if include.is_empty() {
        return vec![partition.as_str().to_owned()];
    }
    let mut bases: Vec<&Dn> = include
        .iter()
        .filter(|container| !include.iter().any(|other| other != *container && container.is_under(other)))
        .collect();
    bases.sort_by(|a, b| a.key().cmp(b.key()));
    bases.dedup();
    bases.into_iter().map(|dn| dn.as_str().to_owned()).collect()
}
