//! Answers questions with set queries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::Connection;

use super::facts::{Facts, Links, Question};
use crate::model::{AttributeId, ConnectorId, CsId, MvId, Value};
use crate::rules::Plan;
use crate::store::connector_space::{self, CsObject, LoadOptions};
use crate::store::{StoreError, membership, metaverse};

/// Fetches the answers, and those that will be asked next: with an object its identity, with an
/// identity its objects.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn answer(connection: &Connection, plan: &Plan, facts: &mut Facts, questions: &BTreeSet<Question>) -> Result<(), StoreError> {
    let mut open = Open::default();
    for question in questions {
        open.ask(question.clone());
    }
    open.keys(connection, facts)?;
    open.names(connection, facts)?;
    let joined = open.objects(connection, plan, facts)?;
    open.mv.extend(joined.iter().filter(|id| !facts.mv.contains_key(id)));
    open.links.extend(joined.iter().filter(|id| !facts.links.contains_key(id)));
    open.identities(connection, facts)?;
    let linked = open.links(connection, facts)?;
    open.cs = linked.into_iter().filter(|id| !facts.cs.contains_key(id)).collect();
    open.objects(connection, plan, facts).map(|_| ())
}

/// Tells objects which of the groups that rules ask for they are direct members of.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn fill_groups<'a>(
    connection: &Connection,
    plan: &Plan,
    objects: impl Iterator<Item = &'a mut CsObject>,
) -> Result<(), StoreError> {
    let Some(member) = plan.member else { return Ok(()) };
    let mut spaces: BTreeMap<ConnectorId, Vec<&mut CsObject>> = BTreeMap::new();
    for object in objects.filter(|object| plan.watched_groups.contains_key(&object.connector)) {
        spaces.entry(object.connector).or_default().push(object);
    }
    for (connector, objects) in spaces {
        let Some(groups) = plan.watched_groups.get(&connector) else { continue };
        let ids: Vec<CsId> = objects.iter().map(|object| object.id).collect();
        let mut found = membership::groups_of(connection, connector, groups, member, ids)?;
        for object in objects {
            object.groups = found.remove(&object.id).unwrap_or_default();
        }
    }
    Ok(())
}

#[derive(Default)]
struct Open {
    cs: BTreeSet<CsId>,
    mv: BTreeSet<MvId>,
    links: BTreeSet<MvId>,
    mv_keys: BTreeMap<AttributeId, BTreeSet<Vec<u8>>>,
    cs_keys: BTreeMap<(ConnectorId, AttributeId), BTreeSet<Vec<u8>>>,
    dns: BTreeMap<ConnectorId, BTreeSet<String>>,
}

impl Open {
    fn ask(&mut self, question: Question) {
        match question {
            Question::Cs(id) => {
                self.cs.insert(id);
            }
            Question::Mv(id) => {
                self.mv.insert(id);
            }
            Question::Links(id) => {
                self.links.insert(id);
            }
            Question::MvByKey(attribute, value) => {
                self.mv_keys.entry(attribute).or_default().insert(value);
            }
            Question::CsByKey(connector, attribute, value) => {
                self.cs_keys.entry((connector, attribute)).or_default().insert(value);
            }
            Question::CsByDn(connector, key) => {
                self.dns.entry(connector).or_default().insert(key);
            }
        }
    }

    fn keys(&mut self, connection: &Connection, facts: &mut Facts) -> Result<(), StoreError> {
        for (attribute, values) in std::mem::take(&mut self.mv_keys) {
            let list: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
            let mut found = metaverse::ids_by_key(connection, 0, attribute, &list)?;
            for value in values {
                let ids: Arc<[MvId]> = found.remove(&value).unwrap_or_default().into_iter().map(MvId).collect();
                self.mv.extend(ids.iter().filter(|id| !facts.mv.contains_key(id)));
                facts.mv_by_key.insert((attribute, value), ids);
            }
        }
        for ((connector, attribute), values) in std::mem::take(&mut self.cs_keys) {
            let list: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
            let mut found = metaverse::ids_by_key(connection, connector.0, attribute, &list)?;
            for value in values {
                let ids: Arc<[CsId]> = found.remove(&value).unwrap_or_default().into_iter().map(CsId).collect();
                self.cs.extend(ids.iter().filter(|id| !facts.cs.contains_key(id)));
                facts.cs_by_key.insert((connector, attribute, value), ids);
            }
        }
        Ok(())
    }

    fn names(&mut self, connection: &Connection, facts: &mut Facts) -> Result<(), StoreError> {
        for (connector, keys) in std::mem::take(&mut self.dns) {
            let mut found = connector_space::ids_by_dn_key(connection, connector, keys.iter().map(String::as_str))?;
            for key in keys {
                let id = found.remove(&key);
                self.cs.extend(id.filter(|id| !facts.cs.contains_key(id)));
                facts.cs_by_dn.insert((connector, key), id);
            }
        }
        Ok(())
    }

    /// Loads objects; gives the metaverse objects that they are joined to.
    fn objects(&mut self, connection: &Connection, plan: &Plan, facts: &mut Facts) -> Result<BTreeSet<MvId>, StoreError> {
        let ids: Vec<CsId> = std::mem::take(&mut self.cs).into_iter().collect();
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut names: Vec<AttributeId> =
            plan.connectors.values().flat_map(|connector| connector.named_references.iter().copied()).collect();
        names.sort_unstable();
        names.dedup();
        let mut loaded = connector_space::load(connection, &ids, &LoadOptions { names, without_references: false })?;
        fill_groups(connection, plan, loaded.iter_mut())?;
        let mut joined = BTreeSet::new();
        for id in ids {
            facts.cs.insert(id, None);
        }
        for object in loaded {
            joined.extend(object.mv);
            facts.cs.insert(object.id, Some(Arc::new(object)));
        }
        Ok(joined)
    }

    fn identities(&mut self, connection: &Connection, facts: &mut Facts) -> Result<(), StoreError> {
        let ids: Vec<MvId> = std::mem::take(&mut self.mv).into_iter().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let loaded = metaverse::load(connection, &ids)?;
        for id in ids {
            facts.mv.insert(id, None);
        }
        for object in loaded {
            // Outbound reference flows will ask for the objects of every identity referred to.
            for (_, values) in object.image.iter() {
                for value in values {
                    if let Value::Reference(target) = value
                        && !facts.links.contains_key(&MvId(*target))
                    {
                        self.links.insert(MvId(*target));
                    }
                }
            }
            facts.mv.insert(object.id, Some(Arc::new(object)));
        }
        Ok(())
    }

    /// Loads links; gives the objects of the identities that are loaded themselves.
    fn links(&mut self, connection: &Connection, facts: &mut Facts) -> Result<BTreeSet<CsId>, StoreError> {
        let ids: Vec<MvId> = std::mem::take(&mut self.links).into_iter().collect();
        let mut found = connector_space::links(connection, &ids)?;
        let mut objects = BTreeSet::new();
        for id in ids {
            let links: Links = found.remove(&id).unwrap_or_default().into();
            if facts.mv.get(&id).is_some_and(Option::is_some) {
                objects.extend(links.iter().map(|(_, object)| *object));
            }
            facts.links.insert(id, links);
        }
        Ok(objects)
    }
}
