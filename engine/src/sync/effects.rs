//! What an evaluation wants: data that [`super::apply`] writes and that previews show.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{AttributeId, ConnectorId, CsId, MvId};
use crate::store::connector_space::CsObject;
use crate::store::metaverse::MvObject;

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
