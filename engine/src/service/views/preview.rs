//! Parts of a preview's result: recalls, the end of the metaverse object, what happens in each target.

use serde::Serialize;
use uuid::Uuid;

use super::explain::{FlowView, RuleScopeView};
use crate::model::{ConnectorId, ObjectError};
use crate::sync::TargetAction;

/// A value of the metaverse object whose contributor loses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecallView {
    /// Attribute.
    pub attribute: String,
    /// The values that were contributed; at most the first 200.
    pub values: Vec<String>,
    /// Number of values.
    pub count: u64,
    /// Rule that contributed them.
    pub rule: String,
    /// Its connector.
    pub connector: String,
    /// The object that they came from.
    pub dn: String,
    /// Why they are recalled, as a sentence.
    pub reason: String,
    /// Rule that contributes from now on; absent when nobody does.
    pub successor: Option<String>,
}

/// Whether the metaverse object is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MvDeletionView {
    /// It is.
    pub deleted: bool,
    /// Why, or what keeps it, as a sentence.
    pub reason: String,
    /// The rules that keep it, each with the object in its scope.
    pub holders: Vec<HolderView>,
}

/// A rule that keeps a metaverse object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HolderView {
    /// Name of the rule.
    pub rule: String,
    /// Connector of the object.
    pub connector: String,
    /// The object.
    pub dn: String,
}

/// Values of one attribute as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeTexts {
    /// Name.
    pub name: String,
    /// Values, references by name; at most the first 200.
    pub values: Vec<String>,
    /// Number of values.
    pub count: u64,
}

/// What happens in one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetPreview {
    /// Connector.
    pub connector_id: ConnectorId,
    /// Its name.
    pub connector: String,
    /// The outbound rules for metaverse objects of this type, best precedence first.
    pub scope: Vec<RuleScopeView>,
    /// What becomes of the identity there, as a sentence.
    pub text: String,
    /// Its objects, in the order in which they were decided.
    pub objects: Vec<TargetObjectView>,
    /// Why nothing can be decided; the whole object fails with it.
    pub error: Option<ObjectError>,
}

/// An object of a target and what was decided for it. What changes of it stands among the changes of the preview, under
/// the same identifier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetObjectView {
    /// Identifier.
    pub guid: Uuid,
    /// Name.
    pub dn: String,
    /// The name that it gets, when it is another one.
    pub new_dn: Option<String>,
    /// Type.
    pub object_type: String,
    /// What happens to it.
    pub action: TargetAction,
    /// What it is expected to hold before.
    pub before: Vec<AttributeTexts>,
    /// What it is expected to hold afterwards.
    pub after: Vec<AttributeTexts>,
    /// The flows to it, by attribute, then precedence. Those of an object that is made are its initial flows.
    pub flows: Vec<FlowView>,
}
