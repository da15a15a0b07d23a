//! Preview of one object (`engine.md` 7, `ui.md` 6.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;

use super::super::QueryContext;
use super::{Explainer, remains_text};
use crate::model::{CsId, Image, fold_text};
use crate::service::{EngineError, FlowView, JoinGroupView, PreviewView, RuleScopeView, SyncMode};
use crate::store::connector_space::CsObject;
use crate::store::metaverse::{self, MvObject};
use crate::sync::MvEffect;
use crate::sync::explain::{self, OutboundTarget, type_of};
use crate::sync::preview::Preview;
use crate::whatif::{LinkWord, ObjectChange, PreviewContext, preview_changes};

/// What is known of an object before it is synchronized.
pub struct Prepared<'a> {
    explainer: Explainer<'a>,
    object: Arc<CsObject>,
    identity: Option<MvObject>,
    identity_name: String,
    scope: Vec<RuleScopeView>,
    joins: Vec<JoinGroupView>,
    names: BTreeMap<CsId, String>,
}

/// Reads what is known of an object; none when it does not exist.
///
/// # Errors
/// [`EngineError`] when the database cannot be read.
pub fn prepare<'a>(
    connection: &'a Connection,
    context: &'a QueryContext,
    now: Timestamp,
    id: CsId,
) -> Result<Option<Prepared<'a>>, EngineError> {
    let explainer = Explainer::new(connection, context, now)?;
    let Some(object) = explainer.source(id)? else { return Ok(None) };
    let (joins, _) = explainer.joins(&object)?;
    let identity = match object.mv {
        Some(mv) => metaverse::load_one(connection, mv)?,
        None => None,
    };
    let identity_name = match object.mv {
        Some(mv) => explainer.identities([mv])?.remove(&mv).map(|name| name.display_name).unwrap_or_default(),
        None => String::new(),
    };
    let scope = explainer.inbound_scope(&object);
    Ok(Some(Prepared { explainer, object, identity, identity_name, scope, joins, names: BTreeMap::new() }))
}

impl Prepared<'_> {
    /// The preview of the object.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn view(mut self, preview: &Preview, mode: SyncMode, committed: bool) -> Result<PreviewView, EngineError> {
        let context = self.explainer.context;
        let trace = preview.effects.trace.as_deref();
        let (rules, spaces) = (self.explainer.rule_names(), self.explainer.spaces());
        let describing = PreviewContext { plan: &self.explainer.plan, rules: &rules, spaces: &spaces, now: self.explainer.now };
        let changes = preview_changes(self.explainer.connection, describing, preview)?;
        self.names = self.explainer.names(trace.into_iter().flat_map(|trace| trace.flows.iter().map(|flow| flow.object)))?;
        let nothing_pending = mode == SyncMode::Delta && preview.error.is_none() && preview.effects.objects.is_empty();
        let (import_flows, export_flows) = (self.import_flows(preview)?, self.export_flows(preview, &changes)?);
        Ok(PreviewView {
            connector_id: self.object.connector,
            connector: context.connector_name(self.object.connector),
            dn: self.object.dn.clone(),
            guid: self.object.guid,
            object_type: type_of(&self.object).unwrap_or_default().to_owned(),
            pending_import: self.object.pending_import.operation,
            mode,
            committed,
            nothing_pending,
            link: self.link(&changes),
            scope: self.scope,
            joins: self.joins,
            import_flows,
            export_flows,
            changes,
            error: preview.error.clone(),
        })
    }

    /// What becomes of the link of the object.
    fn link(&self, changes: &[ObjectChange]) -> String {
        let own = changes.iter().find(|change| change.guid == self.object.guid);
        let rule = |change: &ObjectChange| {
            if change.rule.is_empty() { String::new() } else { format!(" by rule \"{}\"", change.rule) }
        };
        match own.and_then(|change| Some((change, change.link?))) {
            Some((change, LinkWord::Projected)) => format!("a metaverse object is made for it{}", rule(change)),
            Some((change, LinkWord::Joined | LinkWord::Moved)) => format!("{}{}", change.reason, rule(change)),
            Some((change, LinkWord::Disconnected)) => format!("loses its metaverse object: {}", change.reason),
            None if self.object.mv.is_some() => format!("stays joined to {}", self.identity_name),
            None => remains_text(&self.object, &self.scope, &self.joins),
        }
    }

    fn import_flows(&self, preview: &Preview) -> Result<Vec<FlowView>, EngineError> {
        let Some(trace) = preview.effects.trace.as_deref() else { return Ok(Vec::new()) };
        // An object that joins flows to a metaverse object that is there already.
        let joined = match &preview.effects.metaverse {
            Some(MvEffect::Change { before, .. } | MvEffect::Delete(before)) => Some(&before.image),
            Some(MvEffect::Create(_)) => None,
            None => self.identity.as_ref().map(|identity| &identity.image),
        };
        let mut views = Vec::new();
        for flow in &trace.flows {
            views.extend(self.explainer.inbound_flow(flow, joined, &self.names)?);
        }
        views.sort_by_cached_key(|view| (fold_text(&view.attribute), view.precedence));
        Ok(views)
    }

    /// The flows to the objects that change.
    fn export_flows(&self, preview: &Preview, changes: &[ObjectChange]) -> Result<Vec<FlowView>, EngineError> {
        let (metaverse_type, image): (&str, &Image) = match preview.metaverse() {
            Some((_, Some(after))) => (&after.object_type, &after.image),
            Some((_, None)) => return Ok(Vec::new()),
            None => match &self.identity {
                Some(identity) => (&identity.object_type, &identity.image),
                None => return Ok(Vec::new()),
            },
        };
        let identity = self.identity.as_ref().map(|identity| identity.id);
        let groups = match preview.metaverse().map(|(id, _)| id).or(identity) {
            Some(id) => explain::groups(self.explainer.connection, &self.explainer.plan, &[id])?.remove(&id),
            None => None,
        };
        let groups: Vec<String> = groups.into_iter().flatten().chain(self.object.groups.iter().cloned()).collect();
        let mut views = Vec::new();
        for effect in &preview.effects.objects {
            let (creating, object) = (effect.before.is_none(), &effect.after);
            let changed = changes.iter().any(|change| change.guid == object.guid && !change.attributes.is_empty());
            let Some(object_type) = type_of(object).filter(|_| changed && effect.link.is_some()) else { continue };
            let target =
                OutboundTarget { connector: object.connector, object_type, metaverse_type, image, groups: &groups, creating };
            views.extend(self.explainer.outbound_flows(target, &object.dn)?);
        }
        Ok(views)
    }
}
