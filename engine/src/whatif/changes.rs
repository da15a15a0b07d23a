//! From what a synchronization touched in the copy to what a person reads.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::describe::{Describer, Origins, Surroundings};
use super::reason::{self, linking_rule};
use super::report::ObjectChange;
use super::values::target_name;
use crate::model::{ConnectorId, CsId, MvId, ObjectOperation};
use crate::rules::{Direction, LinkType};
use crate::store::StoreError;
use crate::store::connector_space::{self, CsObject, LoadOptions};
use crate::store::metaverse;
use crate::store::whatif::{self as store, CsChange, MvChange};
use crate::sync::{explain, fill_groups};

/// Turns touched rows into changes.
pub(super) struct Teller<'a> {
    /// The copy.
    pub(super) connection: &'a Connection,
    /// Describes them.
    pub(super) describer: Describer<'a>,
}

/// The changes of a batch, with the pending imports that were synchronized, by connector.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) changes: Vec<ObjectChange>,
    pub(super) synchronized: BTreeMap<ConnectorId, u64>,
}

impl Teller<'_> {
    /// Connector space objects.
    pub(super) fn connector_space(&self, mut touched: Vec<(CsId, CsChange)>) -> Result<Told, StoreError> {
        let before = touched.iter_mut().filter_map(|(_, change)| change.before.as_mut());
        fill_groups(self.connection, self.describer.plan, before)?;
        let both =
            |change: &CsChange| change.before.iter().chain(&change.after).filter_map(|object| object.mv).collect::<Vec<_>>();
        let ids: BTreeSet<MvId> = touched.iter().flat_map(|(_, change)| both(change)).collect();
        let ids: Vec<MvId> = ids.into_iter().collect();
        let targets: BTreeSet<CsId> = touched
            .iter()
            .flat_map(|(_, change)| change.references.values())
            .flat_map(|change| change.adds.first.iter().chain(&change.deletes.first).copied())
            .collect();
        let around = Surroundings {
            identities: metaverse::load(self.connection, &ids)?.into_iter().map(|object| (object.id, object)).collect(),
            groups: explain::groups(self.connection, self.describer.plan, &ids)?,
            created: store::created(self.connection, &ids)?,
            identity_names: store::mv_names(self.connection, ids)?,
            names: store::cs_names(self.connection, targets)?
                .into_iter()
                .map(|(id, (dn, display_name))| (id, target_name(dn, &display_name)))
                .collect(),
        };
        let mut told = Told::default();
        for (_, mut change) in touched {
            if let (Some(before), after) = (&change.before, &change.after)
                && before.pending_import.operation != ObjectOperation::None
                && after.as_ref().is_none_or(|after| after.pending_import.operation == ObjectOperation::None)
            {
                *told.synchronized.entry(before.connector).or_default() += 1;
            }
            // A name that nothing was imported for is no object yet, or any more.
            change.before = change.before.filter(|object| !object.is_placeholder());
            change.after = change.after.filter(|object| !object.is_placeholder());
            told.changes.extend(self.describer.object(&change, &around));
        }
        Ok(told)
    }

    /// Metaverse objects.
    pub(super) fn metaverse(&self, touched: Vec<(MvId, MvChange)>) -> Result<Vec<ObjectChange>, StoreError> {
        let ids: Vec<MvId> = touched.iter().map(|(id, _)| *id).collect();
        let removed: Vec<MvId> = touched.iter().filter(|(_, change)| change.after.is_none()).map(|(id, _)| *id).collect();
        let created: Vec<MvId> = touched.iter().filter(|(_, change)| change.before.is_none()).map(|(id, _)| *id).collect();
        let targets: BTreeSet<MvId> = touched
            .iter()
            .flat_map(|(_, change)| change.references.values())
            .flat_map(|change| change.adds.first.iter().chain(&change.deletes.first).copied())
            .chain(ids)
            .collect();
        let origins = Origins {
            names: store::mv_names(self.connection, targets)?,
            holders: self.holders(&removed)?,
            sources: self.sources(&created)?,
        };
        Ok(touched.iter().filter_map(|(id, change)| self.describer.identity(*id, change, &origins)).collect())
    }

    /// Why metaverse objects go: the first object that kept each of them, and why it does not any more.
    fn holders(&self, removed: &[MvId]) -> Result<BTreeMap<MvId, (String, String)>, StoreError> {
        let links = store::links_before(self.connection, removed)?;
        let ids: Vec<CsId> = links.values().flatten().copied().collect();
        let mut objects = store::objects_before(self.connection, &ids)?;
        fill_groups(self.connection, self.describer.plan, objects.iter_mut())?;
        let objects: BTreeMap<CsId, CsObject> = objects.into_iter().map(|object| (object.id, object)).collect();
        let mut reasons = BTreeMap::new();
        for (id, held) in links {
            let held = held.iter().filter_map(|id| objects.get(id));
            let keeps = |object: &&CsObject| {
                object.link_rules.iter().any(|rule| rule.direction == Direction::Inbound && rule.action != LinkType::Join)
            };
            if let Some(holder) = held.clone().find(keeps).or_else(|| held.clone().next()) {
                let (rule, sentence) = reason::lost(self.describer.plan, self.describer.rules, holder, None, "");
                reasons.insert(id, (rule, format!("{}: {sentence}", holder.dn)));
            }
        }
        Ok(reasons)
    }

    /// The objects that new metaverse objects are made for: connector, name and rule of each.
    fn sources(&self, created: &[MvId]) -> Result<BTreeMap<MvId, (String, String, String)>, StoreError> {
        let links = connector_space::links(self.connection, created)?;
        let ids: Vec<CsId> = links.values().flatten().map(|(_, id)| *id).collect();
        let options = LoadOptions { without_references: true, ..LoadOptions::default() };
        let objects: BTreeMap<CsId, CsObject> =
            connector_space::load(self.connection, &ids, &options)?.into_iter().map(|object| (object.id, object)).collect();
        let mut sources = BTreeMap::new();
        for (id, joined) in links {
            let mut joined: Vec<&CsObject> = joined.iter().filter_map(|(_, id)| objects.get(id)).collect();
            joined.sort_by(|a, b| (a.connector, &a.dn_key).cmp(&(b.connector, &b.dn_key)));
            let made_by =
                |object: &&&CsObject| linking_rule(self.describer.rules, &object.link_rules, Direction::Inbound).is_some();
            if let Some(source) = joined.iter().find(made_by).or(joined.first()) {
                let rule = linking_rule(self.describer.rules, &source.link_rules, Direction::Inbound).unwrap_or_default();
                let identity = format!("new {} {}", self.describer.space(source.connector), source.dn_key);
                sources.insert(id, (identity, source.dn.clone(), rule));
            }
        }
        Ok(sources)
    }
}
