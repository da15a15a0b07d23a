//! What a preview window shows: the engine's answer beside the objects as they were before.

use std::collections::{BTreeMap, BTreeSet};

use syncline_engine::service::{
    ChangeKind, ConnectorSummary, CsObjectView, FlowView, MvObjectView, ObjectChange, PreviewView, SyncMode,
};
use uuid::Uuid;

use super::super::super::backend::{Answer, Backend};

/// A preview, and the objects that it concerns as they were.
#[derive(Clone, Debug)]
pub struct Previewed {
    /// What would happen.
    pub preview: PreviewView,
    /// The object.
    pub source: CsObjectView,
    /// Its metaverse object, when it is joined.
    pub metaverse: Option<MvObjectView>,
    /// Objects of connectors that change, as they were; new ones are missing.
    pub before: BTreeMap<Uuid, CsObjectView>,
    /// The attributes that its metaverse object's type has, when it is joined.
    pub attributes: Vec<String>,
}

/// Asks for a preview and for everything beside it.
///
/// # Errors
/// Those of the engine.
pub fn ask(engine: &dyn Backend, object: Uuid, mode: SyncMode) -> Answer<Previewed> {
    let source = engine.cs_object(object)?;
    let preview = engine.preview(object, mode)?;
    let joined = preview.changes.iter().find(|change| change.space.is_empty() && change.kind != ChangeKind::Add);
    let joined = joined.map(|change| change.guid).or(source.metaverse.as_ref().map(|hit| hit.guid));
    let metaverse = joined.map(|guid| engine.mv_object(guid)).transpose()?;
    let mut before = BTreeMap::new();
    for change in preview.changes.iter().filter(|change| !change.space.is_empty() && change.kind != ChangeKind::Add) {
        before.insert(change.guid, engine.cs_object(change.guid)?);
    }
    let mut attributes = Vec::new();
    if let Some(object) = &metaverse {
        let schema = engine.metaverse_schema()?;
        let of_type = schema.into_iter().filter(|kind| kind.name == object.hit.object_type).flat_map(|kind| kind.attributes);
        attributes.extend(of_type.map(|attribute| attribute.name));
    }
    Ok(Previewed { preview, source, metaverse, before, attributes })
}

/// An object of a connector that changes.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name of its connector.
    pub connector: String,
    /// What happens.
    pub change: ObjectChange,
    /// Flows to it.
    pub flows: Vec<FlowView>,
    /// Another object of the same connector changes too.
    pub twin: bool,
}

impl Previewed {
    /// The attribute that a person looks for and that no flow writes, with the type that has it.
    #[must_use]
    pub fn unmapped(&self, text: &str) -> Option<(&str, &str)> {
        let text = text.trim();
        let known = self.attributes.iter().find(|name| name.eq_ignore_ascii_case(text))?;
        let mapped = self.preview.import_flows.iter().any(|flow| flow.attribute.eq_ignore_ascii_case(known));
        let object = self.metaverse.as_ref().filter(|_| !mapped)?;
        Some((&object.hit.object_type, known))
    }

    /// The objects of connectors that change. The source counts when more than its link changes.
    #[must_use]
    pub fn targets(&self, connectors: &[ConnectorSummary]) -> Vec<Target> {
        let counts = |change: &&ObjectChange| {
            let itself = change.guid == self.preview.guid;
            !change.space.is_empty() && (!itself || !change.attributes.is_empty() || change.new_name.is_some())
        };
        let changes: Vec<&ObjectChange> = self.preview.changes.iter().filter(counts).collect();
        let number = |space: &str| changes.iter().filter(|change| change.space == space).count();
        changes
            .iter()
            .map(|change| {
                let connector = connector_name(connectors, &change.space);
                let is_of = |flow: &&FlowView| {
                    flow.connector == connector && (flow.dn == change.name || Some(&flow.dn) == change.new_name.as_ref())
                };
                let flows = self.preview.export_flows.iter().filter(is_of).cloned().collect();
                Target { flows, connector, change: (*change).clone(), twin: number(&change.space) > 1 }
            })
            .collect()
    }

    /// What happens to the metaverse object.
    #[must_use]
    pub fn identity_change(&self) -> Option<&ObjectChange> {
        self.preview.changes.iter().find(|change| change.space.is_empty())
    }

    /// The metaverse object's values before, as text, by attribute.
    #[must_use]
    pub fn initial(&self) -> BTreeMap<String, String> {
        let attributes = self.metaverse.iter().flat_map(|object| &object.attribute_details);
        attributes
            .map(|attribute| {
                let values: Vec<&str> = attribute.values.iter().take(5).map(|value| value.text.as_str()).collect();
                (attribute.name.clone(), values.join("; "))
            })
            .collect()
    }

    /// Attributes and values of the metaverse object before, with their rules.
    #[must_use]
    pub fn identity_values(&self) -> Vec<(String, Vec<String>, String)> {
        let attributes = self.metaverse.iter().flat_map(|object| &object.attribute_details);
        attributes
            .map(|attribute| {
                let values = attribute.values.iter().map(|value| value.text.clone()).collect();
                (attribute.name.clone(), values, attribute.rule.clone())
            })
            .collect()
    }

    /// Names of the metaverse attributes that change.
    #[must_use]
    pub fn changed(&self) -> BTreeSet<&str> {
        self.identity_change().into_iter().flat_map(|change| &change.attributes).map(|changed| changed.name.as_str()).collect()
    }
}

/// The name of a connector by its identifier in changes; the metaverse when that is empty.
#[must_use]
pub fn connector_name(connectors: &[ConnectorSummary], space: &str) -> String {
    if space.is_empty() {
        return "Metaverse".to_owned();
    }
    let known = connectors.iter().find(|connector| connector.guid.to_string() == space);
    known.map_or_else(|| "Another connector".to_owned(), |connector| connector.name.clone())
}
