//! What an evaluation wants: data that [`super::apply`] writes and that previews show.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use super::join::LinkDecision;
use super::values::FlowValue;
use crate::model::{AttributeId, ConnectorId, CsId, Image, MvId, ObjectError, RuleId};
use crate::store::connector_space::CsObject;
use crate::store::metaverse::MvObject;
use crate::store::references::{CsReference, ReferenceLayer};

/// A metaverse object that may not exist yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MvTarget {
    /// An object of the database.
    Existing(MvId),
    /// The object that [`Effects::metaverse`] creates.
    New,
}

/// What becomes of the metaverse object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MvEffect {
    /// It is created by projection.
    Create(Box<MvObject>),
    /// It changes.
    Change {
        /// As the database has it.
        before: Arc<MvObject>,
        /// As it will be.
        after: Box<MvObject>,
    },
    /// Its last holder is gone.
    Delete(Arc<MvObject>),
}

/// References staged for export, by attribute: numbers of connector space objects.
pub type ReferenceValues = BTreeMap<AttributeId, Vec<CsId>>;

/// What becomes of one connector space object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsEffect {
    /// As the database has it; `None` for one that is provisioned.
    pub before: Option<Arc<CsObject>>,
    /// As it will be; its `mv` is overruled by `link`.
    pub after: Box<CsObject>,
    /// The metaverse object that it is joined to afterwards.
    pub link: Option<MvTarget>,
    /// The pending import becomes the hologram.
    pub commit_import: bool,
    /// The object is removed (or becomes a placeholder while others need its name).
    pub remove: bool,
    /// The staged references, when the export was computed: values that come and values that go.
    pub staged_references: Option<(ReferenceValues, ReferenceValues)>,
}

impl CsEffect {
    /// The effect that changes nothing.
    #[must_use]
    pub fn keep(object: &Arc<CsObject>) -> Self {
        Self {
            before: Some(Arc::clone(object)),
            after: Box::new((**object).clone()),
            link: object.mv.map(MvTarget::Existing),
            commit_import: false,
            remove: false,
            staged_references: None,
        }
    }

    /// The object afterwards, with its staged references, joined to `link`.
    #[must_use]
    pub fn object(&self, link: Option<MvId>) -> CsObject {
        let mut completed = self.clone();
        completed.complete(link);
        *completed.after
    }

    /// Completes the object afterwards: its staged references, and that it is joined to `link`.
    pub fn complete(&mut self, link: Option<MvId>) {
        let after = &mut *self.after;
        after.mv = link;
        if let Some((adds, deletes)) = &self.staged_references {
            after.references.retain(|reference| reference.layer < ReferenceLayer::UnappliedAdd);
            after.references.extend(rows(adds, ReferenceLayer::UnappliedAdd));
            after.references.extend(rows(deletes, ReferenceLayer::UnappliedDelete));
            after.references.sort_by_key(|reference| (reference.attribute, reference.layer, reference.target));
        }
    }

    /// True when the object is joined to something else, or nothing, afterwards.
    #[must_use]
    pub fn link_changes(&self) -> bool {
        let before = self.before.as_ref().and_then(|object| object.mv);
        self.remove && before.is_some()
            || match self.link {
                None => before.is_some(),
                Some(MvTarget::New) => true,
                Some(MvTarget::Existing(id)) => before != Some(id),
            }
    }
}

/// References to be staged, as rows of a layer.
pub fn rows(values: &ReferenceValues, layer: ReferenceLayer) -> impl Iterator<Item = CsReference> {
    values.iter().flat_map(move |(attribute, targets)| {
        targets.iter().map(move |target| CsReference {
            attribute: *attribute,
            target: *target,
            layer,
            target_mv: None,
            name: None,
        })
    })
}

/// A counter and the object counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Engine counter (`engine.md` 6.4).
    pub counter: &'static str,
    /// Target connector, for outbound counters.
    pub target: Option<ConnectorId>,
    /// Place of the object in [`Effects::objects`].
    pub object: usize,
}

/// Everything that one evaluation wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The metaverse object.
    pub metaverse: Option<MvEffect>,
    /// Connector space objects: the source first, then targets.
    pub objects: Vec<CsEffect>,
    /// Counters.
    pub counted: Vec<Counted>,
    /// Provisioning waits for something; the metaverse object is tried again by later steps.
    pub provisioning_retry: bool,
    /// Why, when that was asked for.
    pub trace: Option<Box<Trace>>,
}

/// Why an evaluation came to its effects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The inbound rules that the object is in scope of, best precedence first.
    pub rules: Vec<RuleId>,
    /// What was decided for an object that was not joined.
    pub link: Option<LinkDecision>,
    /// For each join group that was tried, in order: the metaverse objects that satisfy it. More than one is
    /// an ambiguous match and counts as none.
    pub candidates: Vec<Vec<MvId>>,
    /// The inbound flows of all joined objects, by target attribute, then precedence.
    pub flows: Vec<FlowTrace>,
    /// Type and attributes that the inbound flows gave, also when an outbound rule failed afterwards.
    pub metaverse: Option<(String, Image)>,
    /// The rules that keep the metaverse object alive, each with the joined object that is in its scope; without any it
    /// goes. Absent when no metaverse object is concerned.
    pub holders: Option<Vec<(CsId, RuleId)>>,
    /// The connectors whose outbound rules were evaluated.
    pub targets: Vec<TargetTrace>,
}

/// What the outbound rules of one connector decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetTrace {
    /// The connector.
    pub connector: ConnectorId,
    /// Its objects in the order in which they were decided.
    pub objects: Vec<TargetObject>,
    /// Provisioning waits for something, such as a deletion that is not confirmed yet.
    pub waiting: bool,
    /// Why nothing can be decided; the whole evaluation fails with it.
    pub error: Option<Box<ObjectError>>,
}

impl TargetTrace {
    /// A connector about which nothing was decided yet.
    #[must_use]
    pub fn new(connector: ConnectorId) -> Self {
        Self { connector, objects: Vec::new(), waiting: false, error: None }
    }
}

/// What outbound rules do with one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetAction {
    /// It is made.
    Provision,
    /// It was there, unjoined, and is joined.
    Join,
    /// Attributes flow to it.
    Flow,
    /// It is deleted and made anew with another type.
    Retype,
    /// It stays joined, and nothing flows to it any more.
    Withdraw,
    /// It loses its metaverse object and stays in its directory.
    Disconnect,
    /// It loses its metaverse object and stays in its directory, where no rule joins it again.
    DisconnectExplicitly,
    /// It loses its metaverse object and is deleted.
    Deprovision,
}

impl TargetAction {
    /// The object is made by it, so flows that apply once apply.
    #[must_use]
    pub fn creates(self) -> bool {
        matches!(self, Self::Provision | Self::Retype)
    }

    /// The object is no longer joined afterwards.
    #[must_use]
    pub fn leaves(self) -> bool {
        matches!(self, Self::Disconnect | Self::DisconnectExplicitly | Self::Deprovision)
    }
}

/// An object of a target and what was decided for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetObject {
    /// Its number; 0 for one that is made.
    pub object: CsId,
    /// Its identifier.
    pub guid: Uuid,
    /// Its name before any rename.
    pub dn: String,
    /// Its type.
    pub object_type: String,
    /// What happens to it.
    pub action: TargetAction,
    /// The flows to it, by attribute, then precedence; none to an object that nothing flows to.
    pub flows: Vec<OutboundFlow>,
}

/// What became of one outbound flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundFlow {
    /// Attribute of the target.
    pub attribute: AttributeId,
    /// The rule.
    pub rule: RuleId,
    /// What it gives, in terms of the metaverse.
    pub result: Result<FlowValue, Box<ObjectError>>,
    /// What became of that.
    pub standing: Standing,
}

/// What became of one inbound flow of one joined object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowTrace {
    /// Metaverse attribute.
    pub attribute: AttributeId,
    /// The rule.
    pub rule: RuleId,
    /// The connector space object that it reads.
    pub object: CsId,
    /// What it gives.
    pub result: Result<FlowValue, Box<ObjectError>>,
    /// What became of that.
    pub standing: Standing,
}

/// What became of the result of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the value, or part of it.
    Applied,
    /// It gives nothing, so the next rule is asked.
    NotApplied,
    /// A rule of better precedence decided.
    LostTo(RuleId),
}

impl Effects {
    /// True when nothing would be written (counters apart).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.metaverse.is_none()
            && self.objects.iter().all(|effect| {
                !effect.remove
                    && !effect.commit_import
                    && !effect.link_changes()
                    && effect.before.as_deref() == Some(&*effect.after)
                    && effect.staged_references.is_none()
            })
    }
}
