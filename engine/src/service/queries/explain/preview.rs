//! Preview of one object (`engine.md` 7, `ui.md` 6.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;

use super::super::QueryContext;
use super::{Explainer, remains_text};
use crate::model::{CsId, fold_text};
use crate::service::{EngineError, FlowView, JoinGroupView, PreviewView, RuleScopeView, SyncMode};
use crate::store::connector_space::CsObject;
use crate::store::metaverse::{self, MvObject};
use crate::sync::MvEffect;
use crate::sync::explain::type_of;
use crate::sync::preview::Preview;
use crate::whatif::{LinkWord, ObjectChange, PreviewContext, preview_changes};

/// What is known of an object before it is synchronized.
pub struct Prepared<'a> {
    pub(super) explainer: Explainer<'a>,
    pub(super) object: Arc<CsObject>,
    pub(super) identity: Option<MvObject>,
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
        let import_flows = self.import_flows(preview)?;
        let (recalls, deletion, targets) = (self.recalls(preview)?, self.deletion(preview)?, self.targets(preview)?);
        let export_flows = targets.iter().flat_map(|target| &target.objects).flat_map(|object| object.flows.clone()).collect();
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
            recalls,
            deletion,
            targets,
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
}
