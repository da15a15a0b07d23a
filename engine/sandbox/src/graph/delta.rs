//! Delta reading: everything, then what changed since a token.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::filter::Filter;
use super::lists::OWNERS;
use super::properties::{attributes_of, render};
use super::query::refuse_unknown;
use super::types::{self, Entity};
use super::{Stop, context};
use crate::SandboxError;
use crate::schema::Kind;
use crate::server::http::{Reply, Request, encode};
use crate::store::changes::{self, Action, LinkDelta};
use crate::store::links;
use crate::store::objects::{self, Object, State};
use crate::tenant::Tenant;
use crate::token_text;

/// Entries of one page.
const PAGE: usize = 200;
/// References in one entry; longer lists come in several.
const LINKS_IN_ENTRY: usize = 1000;
const MAX_IDS: usize = 50;
/// How long a token can be used.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where a reader stands and what it asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    epoch: String,
    issued: Timestamp,
    /// Entity set the token belongs to.
    set: String,
    select: Option<Vec<String>>,
    ids: Option<Vec<String>>,
    /// The reader knows everything until this change.
    since: i64,
    /// What this round tells reaches until this change.
    until: i64,
    stage: Stage,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Stage {
    /// The first, full reading: last row sent, and the last reference of the row after it.
    Full { row: i64, link: i64 },
    /// Changes: number of the last object change sent.
    Changes { seq: i64 },
    /// Nothing is under way.
    Idle,
}

/// One page of a full or delta reading of the classes.
pub(super) fn answer(tenant: &mut Tenant, request: &Request, kinds: &[Kind], set: &str) -> Result<Reply, Stop> {
    refuse_unknown(request, &["$select", "$filter", "$deltatoken", "$skiptoken"])?;
    let entities: Vec<Entity> = kinds.iter().filter_map(|kind| types::of_kind(*kind)).collect();
    let text = request.option("$skiptoken").or_else(|| request.option("$deltatoken")).filter(|text| !text.is_empty());
    let now = tenant.now();
    let mut token = match text {
        None | Some("latest") => {
            let seq = changes::latest(&tenant.db)?;
            let stage = if text.is_none() { Stage::Full { row: 0, link: 0 } } else { Stage::Idle };
            let token = Token {
                epoch: tenant.epoch().to_owned(),
                issued: now,
                set: set.to_owned(),
                select: select(request, &entities)?,
                ids: ids(request)?,
                since: seq,
                until: seq,
                stage,
            };
            if text.is_some() {
                return Ok(page(request, Vec::new(), "@odata.deltaLink", &token));
            }
            token
        }
        Some(text) => {
            let token: Token = token_text::read(text)
                .filter(|token: &Token| token.set == set)
                .ok_or_else(|| GraphError::bad_request("Badly formed token."))?;
            if token.epoch != tenant.epoch() || now.duration_since(token.issued) > TOKEN_LIFETIME {
                return Err(GraphError::resync(format!("{}{}", request.base_url, request.path)).into());
            }
            token
        }
    };
    token.issued = now;
    let minimal = request.header("prefer").is_some_and(|prefer| prefer.to_ascii_lowercase().contains("return=minimal"));
    let reader = Reader { tenant, entities: &entities, kinds, minimal, several: kinds.len() > 1 };
    let (mut value, more) = match token.stage.clone() {
        Stage::Full { row, link } => reader.full(&mut token, row, link)?,
        Stage::Changes { seq } => reader.changes(&mut token, seq)?,
        Stage::Idle => {
            token.until = match tenant.delta_delay() {
                None => changes::latest(&tenant.db)?,
                Some(delay) => changes::latest_until(&tenant.db, now.checked_sub(delay).unwrap_or(now))?.max(token.since),
            };
            let since = token.since;
            reader.changes(&mut token, since)?
        }
    };
    repeat_some(tenant, &mut value);
    if more {
        return Ok(page(request, value, "@odata.nextLink", &token));
    }
    token.since = token.until;
    token.stage = Stage::Idle;
    Ok(page(request, value, "@odata.deltaLink", &token))
}

/// Repeats entries, as the service now and then does, if that is asked for.
fn repeat_some(tenant: &mut Tenant, value: &mut Vec<Value>) {
    let mut repeated = Vec::new();
    for entry in value.iter() {
        if tenant.repeats_entry() {
            repeated.push(entry.clone());
        }
    }
    value.extend(repeated);
}

fn page(request: &Request, value: Vec<Value>, link: &str, token: &Token) -> Reply {
    let option = if link == "@odata.nextLink" { "$skiptoken" } else { "$deltatoken" };
    let url = format!("{}{}?{option}={}", request.base_url, request.path, encode(&token_text::write(token)));
    let mut body = Map::new();
    let what = match &token.select {
        Some(names) => format!("{}({})", token.set, names.join(",")),
        None => token.set.clone(),
    };
    body.insert("@odata.context".to_owned(), context(request, &what));
    body.insert(link.to_owned(), json!(url));
    body.insert("value".to_owned(), Value::Array(value));
    Reply::json(200, Value::Object(body))
}

/// Relations whose changes are told.
fn relations(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Group => &[("members", "member"), ("owners", OWNERS)],
        Kind::User => &[("manager", "manager")],
        Kind::Contact | Kind::Device | Kind::PublicFolder => &[],
    }
}

fn is_relation(name: &str) -> bool {
    Kind::ALL.into_iter().any(|kind| relations(kind).iter().any(|(relation, _)| *relation == name))
}

fn select(request: &Request, entities: &[Entity]) -> Result<Option<Vec<String>>, GraphError> {
    let Some(text) = request.option("$select") else {
        return Ok(None);
    };
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    for name in &names {
        let known = entities.iter().any(|entity| {
            let relation = entity.kind.is_some_and(|kind| relations(kind).iter().any(|(relation, _)| relation == name));
            relation || entity.shows(name, request)
        });
        if !known {
            return Err(GraphError::unknown_property(name));
        }
    }
    Ok(Some(names))
}

/// The objects of `$filter=id eq '…' or …`.
fn ids(request: &Request) -> Result<Option<Vec<String>>, GraphError> {
    let Some(text) = request.option("$filter") else {
        return Ok(None);
    };
    let unsupported = || GraphError::unsupported_query("Only filters on 'id' are supported for change tracking.");
    let filter = super::filter::parse(text)?;
    let parts = match &filter {
        Filter::Any(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut found = Vec::new();
    for part in parts {
        match part.equality() {
            Some(("id", value)) => found.push(value.to_ascii_lowercase()),
            _ => return Err(unsupported()),
        }
    }
    if found.len() > MAX_IDS {
        return Err(GraphError::unsupported_query(format!("A filter names at most {MAX_IDS} objects.")));
    }
    Ok(Some(found))
}

struct Reader<'a> {
    tenant: &'a Tenant,
    entities: &'a [Entity],
    kinds: &'a [Kind],
    minimal: bool,
    /// Whether entries name their type.
    several: bool,
}

type Page = (Vec<Value>, bool);

impl Reader<'_> {
    fn entity(&self, object: &Object) -> Option<Entity> {
        self.entities.iter().copied().find(|entity| entity.kind == Some(object.kind))
    }

    fn wants(&self, token: &Token, object: &Object) -> bool {
        self.kinds.contains(&object.kind) && token.ids.as_ref().is_none_or(|ids| ids.contains(&object.object_id.to_string()))
    }

    /// Selected relations of an object; members and owners are told without being asked for.
    fn relations(&self, token: &Token, object: &Object) -> Vec<(&'static str, &'static str)> {
        let wanted = |name: &str| match &token.select {
            Some(names) => names.iter().any(|selected| selected == name),
            None => object.kind == Kind::Group && name == "members",
        };
        relations(object.kind).iter().copied().filter(|(name, _)| wanted(name)).collect()
    }

    fn head(&self, entity: Entity, object: &Object) -> Map<String, Value> {
        let mut entry = Map::new();
        if self.several {
            entry.insert("@odata.type".to_owned(), json!(entity.odata_type()));
        }
        entry.insert("id".to_owned(), json!(object.object_id));
        entry
    }

    /// Properties of an object; with `only`, those that show one of the changed attributes.
    fn values(
        &self,
        token: &Token,
        entity: Entity,
        object: &Object,
        only: Option<&[String]>,
    ) -> Result<Map<String, Value>, SandboxError> {
        let mut names: Vec<&str> = match &token.select {
            Some(names) => names.iter().map(String::as_str).filter(|name| !is_relation(name) && entity.has(name)).collect(),
            None => entity.defaults(),
        };
        if let Some(changed) = only {
            names.retain(|name| shows(name, changed));
        }
        render(&self.tenant.db, entity, object, &names)
    }

    fn full(&self, token: &mut Token, row: i64, link: i64) -> Result<Page, SandboxError> {
        let db = &self.tenant.db;
        let mut value = Vec::new();
        let (mut row, mut link) = (row, link);
        loop {
            let found = match self.kinds {
                [kind] => objects::live_page(db, *kind, row, PAGE + 1)?,
                _ => objects::page(db, "state = ?1 AND id > ?2 ORDER BY id", 0, row, PAGE + 1)?,
            };
            if found.is_empty() {
                return Ok((value, false));
            }
            for object in &found {
                if value.len() >= PAGE {
                    token.stage = Stage::Full { row, link };
                    return Ok((value, true));
                }
                let Some(entity) = self.entity(object).filter(|_| self.wants(token, object)) else {
                    row = object.id;
                    continue;
                };
                while let Some(next) = self.full_entry(token, entity, object, link, &mut value)? {
                    link = next;
                    if value.len() >= PAGE {
                        token.stage = Stage::Full { row, link };
                        return Ok((value, true));
                    }
                }
                (row, link) = (object.id, 0);
            }
        }
    }

    /// Adds one entry of an object; returns the last reference if there are more.
    fn full_entry(
        &self,
        token: &Token,
        entity: Entity,
        object: &Object,
        after: i64,
        value: &mut Vec<Value>,
    ) -> Result<Option<i64>, SandboxError> {
        let mut entry = self.head(entity, object);
        if after == 0 {
            entry.extend(self.values(token, entity, object, None)?);
        }
        let mut next = None;
        for (relation, attribute) in self.relations(token, object) {
            // Only members are many; the others come whole with the first entry.
            let continues = attribute == "member";
            if after > 0 && !continues {
                continue;
            }
            let targets =
                links::target_ids(&self.tenant.db, object.id, attribute, if continues { after } else { 0 }, LINKS_IN_ENTRY)?;
            if continues && targets.len() == LINKS_IN_ENTRY {
                next = targets.last().map(|(row, _, _)| *row);
            }
            if !targets.is_empty() {
                let links: Vec<Value> = targets.iter().filter_map(|(_, kind, id)| link_entry(*kind, id, true)).collect();
                entry.insert(format!("{relation}@delta"), Value::Array(links));
            }
        }
        value.push(Value::Object(entry));
        Ok(next)
    }

    fn changes(&self, token: &mut Token, seq: i64) -> Result<Page, SandboxError> {
        let mut value = Vec::new();
        let mut seq = seq;
        loop {
            let found = objects::page(&self.tenant.db, "seq > ?1 AND seq <= ?2 ORDER BY seq", seq, token.until, PAGE + 1)?;
            if found.is_empty() {
                return Ok((value, false));
            }
            for object in &found {
                if value.len() >= PAGE {
                    token.stage = Stage::Changes { seq };
                    return Ok((value, true));
                }
                seq = object.seq;
                if let Some(entity) = self.entity(object).filter(|_| self.wants(token, object)) {
                    self.changed(token, entity, object, &mut value)?;
                }
            }
        }
    }

    /// Adds what happened to an object since the reader last heard of it.
    fn changed(&self, token: &Token, entity: Entity, object: &Object, value: &mut Vec<Value>) -> Result<(), SandboxError> {
        if object.state != State::Live {
            let reason = if object.state == State::SoftDeleted { "changed" } else { "deleted" };
            let mut entry = self.head(entity, object);
            entry.insert("@removed".to_owned(), json!({ "reason": reason }));
            value.push(Value::Object(entry));
            return Ok(());
        }
        let mut whole = false;
        let mut attributes: Vec<String> = Vec::new();
        let mut links: BTreeMap<(String, i64), bool> = BTreeMap::new();
        for (action, details) in changes::of_object(&self.tenant.db, object.id, token.since, token.until)? {
            whole |= matches!(action, Action::Created | Action::Restored);
            attributes.extend(details.properties);
            for LinkDelta { attribute, target, added } in details.links {
                links.insert((attribute, target), added);
            }
        }
        let only = (!whole).then_some(attributes.as_slice());
        let selected = self.values(token, entity, object, only)?;
        let told = whole || selected.keys().any(|name| name != "id");
        let mut entry = self.head(entity, object);
        if told {
            entry.extend(if self.minimal && !whole { selected } else { self.values(token, entity, object, None)? });
        }
        let mut rest: Vec<Value> = Vec::new();
        for (relation, attribute) in self.relations(token, object) {
            let own: Vec<(i64, bool)> =
                links.iter().filter(|((name, _), _)| name == attribute).map(|((_, target), added)| (*target, *added)).collect();
            let mut told_links = Vec::new();
            if whole {
                let mut after = 0;
                loop {
                    let page = links::target_ids(&self.tenant.db, object.id, attribute, after, LINKS_IN_ENTRY)?;
                    let Some((last, _, _)) = page.last() else {
                        break;
                    };
                    after = *last;
                    told_links.extend(page.iter().filter_map(|(_, kind, id)| link_entry(*kind, id, true)));
                }
            } else {
                for (target, added) in own {
                    if let Some(target) = objects::by_row(&self.tenant.db, target)? {
                        let added = added && target.state == State::Live;
                        told_links.extend(link_entry(target.kind.number(), &target.object_id.to_string(), added));
                    }
                }
            }
            let mut parts = told_links.chunks(LINKS_IN_ENTRY);
            if let Some(first) = parts.next() {
                entry.insert(format!("{relation}@delta"), json!(first));
            }
            for part in parts {
                let mut further = self.head(entity, object);
                further.insert(format!("{relation}@delta"), json!(part));
                rest.push(Value::Object(further));
            }
        }
        if told || entry.keys().any(|name| name.ends_with("@delta")) {
            value.push(Value::Object(entry));
            value.extend(rest);
        }
        Ok(())
    }
}

/// Whether a property shows one of the attributes.
fn shows(property: &str, attributes: &[String]) -> bool {
    attributes_of(property).iter().any(|attribute| attributes.iter().any(|changed| changed == attribute))
}

fn link_entry(kind: i64, id: &str, added: bool) -> Option<Value> {
    let entity = types::of_kind(Kind::from_number(kind)?)?;
    let mut link = json!({ "@odata.type": entity.odata_type(), "id": id });
    if let (false, Some(fields)) = (added, link.as_object_mut()) {
        fields.insert("@removed".to_owned(), json!({ "reason": "deleted" }));
    }
    Some(link)
}
