//! Reading the tenant: everything by delta queries without a token, then what changed since their tokens.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::client::CallError;
use super::super::name::dn_of_anchor;
use super::GraphBackend;
use super::attributes::Kind;
use super::batch::{Item, Outcome};
use super::object::{USER_ANCHOR, Wanted, anchor_property, cloud_anchor, of_cloud_anchor, relation};
use super::query::{FILTER_VALUES, address, one_of};
use crate::connector::{
    Anchor, CancelToken, ConnectorError, ConnectorErrorKind, DiscoveryError, EntryAttributes, EntryValue, ImportEntry,
    ImportItem, ImportMode, ImportRequest, ImportSummary, ReferenceChanges,
};
use crate::model::{ErrorCode, ObjectError};

/// Query option that carries a delta token.
const DELTA_TOKEN: &str = "$deltatoken";
/// Objects of a page of a plain list.
const LIST_PAGE: &str = "999";
/// Objects that are read whole at a time.
const WHOLE: usize = 1_500;

/// Where the last import ended: one token for each collection that was read.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Tokens {
    tokens: BTreeMap<String, String>,
    /// The property in which groups keep their source anchor, if it was read.
    anchor: Option<String>,
}

/// Names of objects by their ids, as far as they are known.
#[derive(Debug, Default)]
pub struct Names(HashMap<Uuid, String>);

impl Names {
    fn learn(&mut self, id: Uuid, anchor: &str) {
        self.0.insert(id, anchor.to_owned());
    }
}

/// A reference by class and id.
type Target = (Kind, Uuid);

/// What pages tell of one object, all of them together.
#[derive(Debug, Default)]
struct Told {
    fields: Option<Map<String, Value>>,
    /// References that came (true) or went (false), by id.
    references: BTreeMap<Uuid, (Kind, bool)>,
    removed: bool,
}

impl Told {
    /// Adds what an entry tells; the later one counts.
    fn add(&mut self, kind: Kind, mut fields: Map<String, Value>) {
        if fields.contains_key("@removed") {
            *self = Self { removed: true, ..Self::default() };
            return;
        }
        self.removed = false;
        let relation = relation(kind).map(|mapping| format!("{}@delta", mapping.property));
        let links = relation.and_then(|name| fields.remove(&name));
        for link in links.as_ref().and_then(Value::as_array).into_iter().flatten() {
            let id = link.get("id").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
            // What went may be told without its class; other classes than ours cannot be referred to.
            let kind = match link.get("@odata.type").and_then(Value::as_str) {
                Some(annotation) => Kind::of_annotation(annotation),
                None => Some(Kind::User),
            };
            if let (Some(id), Some(kind)) = (id, kind) {
                self.references.insert(id, (kind, link.get("@removed").is_none()));
            }
        }
        if fields.keys().any(|name| name != "id" && !name.contains('@')) {
            self.fields = Some(fields);
        }
    }

    fn targets(&self) -> impl Iterator<Item = Target> {
        self.references.iter().filter(|(_, (_, there))| *there).map(|(id, (kind, _))| (*kind, *id))
    }
}

impl GraphBackend {
    /// Reads everything, or what changed.
    pub(super) fn read(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        let before = match &request.mode {
            ImportMode::Full => None,
            ImportMode::Delta(watermark) => Some(serde_json::from_slice::<Tokens>(&watermark.0).map_err(|error| {
                let message = "the stored watermark is not one of this connector; run a full import";
                self.error(ConnectorErrorKind::NoWatermark, message).cause(error)
            })?),
        };
        let mut tokens = Tokens { anchor: self.group_anchor(false, &request.cancel)?, ..Tokens::default() };
        if let Some(before) = &before
            && before.anchor != tokens.anchor
        {
            let message = "groups have another source anchor than at the last import; run a full import";
            return Err(self.error(ConnectorErrorKind::NoWatermark, message));
        }
        let mut reading = Reading { wanted: Wanted::new(request), request, sink, names: Names::default() };
        if before.is_none() {
            self.read_names(&mut reading)?;
        }
        for kind in Kind::ALL {
            if !request.object_types.iter().any(|name| name.eq_ignore_ascii_case(kind.object_type())) {
                continue;
            }
            let token = match &before {
                None => None,
                // A type that is selected now and was not before.
                Some(before) => match before.tokens.get(kind.set()) {
                    Some(token) => Some(token.as_str()),
                    None => {
                        let message = format!("{} were not read by the last import; run a full import", kind.set());
                        return Err(self.error(ConnectorErrorKind::NoWatermark, message));
                    }
                },
            };
            let token = self.read_collection(kind, token, tokens.anchor.as_deref(), &mut reading)?;
            tokens.tokens.insert(kind.set().to_owned(), token);
        }
        let watermark = serde_json::to_vec(&tokens)
            .map_err(|error| self.error(ConnectorErrorKind::Protocol, "the watermark cannot be written down").cause(error))?;
        Ok(ImportSummary { watermark: Some(watermark), server: Some(self.client.server()), warnings: Vec::new(), present: None })
    }

    /// Reads one collection to its end and gives the token for the next time.
    fn read_collection(
        &mut self,
        kind: Kind,
        token: Option<&str>,
        anchor: Option<&str>,
        reading: &mut Reading<'_>,
    ) -> Result<String, ConnectorError> {
        let mut url = self.client.url(&format!("v1.0/{}/delta", kind.set()));
        match token {
            Some(token) => drop(url.query_pairs_mut().append_pair(DELTA_TOKEN, token)),
            None => {
                let mut select = reading.wanted.properties(kind, reading.request, anchor);
                if reading.wanted.has_relation(kind) {
                    select.extend(relation(kind).map(|mapping| mapping.property.to_owned()));
                }
                url.set_query(Some(&format!("$select={}", select.join(","))));
            }
        }
        // Entries of one group may lie anywhere; everything that changes is put together before it is told.
        let together = token.is_some() || kind == Kind::Group;
        let mut told: BTreeMap<Uuid, Told> = BTreeMap::new();
        loop {
            let page: Page = self.page(&url, token.is_some(), &reading.request.cancel)?;
            tracing::debug!(objects = page.value.len(), collection = kind.set(), "page read");
            let next = page.next_link.as_deref().map(|link| self.follow(link)).transpose()?;
            if next.as_ref() == Some(&url) {
                return Err(self.error(ConnectorErrorKind::Protocol, "the tenant's pages go round in a circle"));
            }
            if let Some(next) = &next {
                self.client.ask_ahead(next);
            }
            for value in page.value {
                let Some((id, fields)) = identified(value) else {
                    reading.tell(self, bad(None, "the tenant describes an object without id"))?;
                    continue;
                };
                told.entry(id).or_default().add(kind, fields);
            }
            if !together {
                self.tell_all(kind, anchor, std::mem::take(&mut told), reading)?;
            }
            let Some(next) = next else {
                if token.is_some() {
                    self.tell_changes(kind, anchor, told, reading)?;
                } else {
                    self.tell_all(kind, anchor, told, reading)?;
                }
                return self.token_of(page.delta_link.as_deref().unwrap_or_default());
            };
            url = next;
        }
    }

    fn page(&mut self, url: &Url, delta: bool, cancel: &CancelToken) -> Result<Page, ConnectorError> {
        let answer = match self.client.call(&Method::GET, url, None, cancel) {
            Ok(answer) => answer,
            Err(CallError::Refused { status, code, error }) => {
                let expired = status == 410
                    || ["syncStateNotFound", "resyncRequired"].iter().any(|known| known.eq_ignore_ascii_case(&code));
                return Err(match (delta, expired) {
                    (true, _) if expired || status == 400 => {
                        let message =
                            format!("the tenant does not know the watermark any more; run a full import ({})", error.message);
                        self.error(ConnectorErrorKind::NoWatermark, message)
                    }
                    (false, true) => {
                        let message =
                            format!("the tenant lost the place in its list of objects; run the import again ({})", error.message);
                        self.error(ConnectorErrorKind::Dropped, message)
                    }
                    (true | false, _) => error,
                });
            }
            Err(error) => return Err(error.into()),
        };
        serde_json::from_value(answer).map_err(|error| {
            self.error(ConnectorErrorKind::Protocol, "the tenant answered a page in a form that is not known").cause(error)
        })
    }

    fn follow(&self, link: &str) -> Result<Url, ConnectorError> {
        let message = || self.error(ConnectorErrorKind::Protocol, "the tenant gave a link that is no address");
        self.client.link(link).ok_or_else(message)
    }

    /// A link as an item of a batch names it: below the version.
    pub(super) fn below_version(&self, link: &str) -> Result<String, ConnectorError> {
        let next = self.follow(link)?;
        let path = next.path().trim_start_matches('/').trim_start_matches("v1.0/");
        Ok(format!("{path}?{}", next.query().unwrap_or_default()))
    }

    /// The token of a link at the end of a collection.
    fn token_of(&self, link: &str) -> Result<String, ConnectorError> {
        let url = self.follow(link)?;
        let token =
            url.query_pairs().find(|(name, _)| name.eq_ignore_ascii_case(DELTA_TOKEN)).map(|(_, token)| token.into_owned());
        let message = || self.error(ConnectorErrorKind::Protocol, "the tenant's last page tells no watermark");
        token.filter(|token| !token.is_empty()).ok_or_else(message)
    }

    /// Reads the source anchors of all users, because managers and members are told by id and named by anchor.
    fn read_names(&mut self, reading: &mut Reading<'_>) -> Result<(), ConnectorError> {
        let mut url = self.client.url("v1.0/users");
        url.set_query(Some(&format!("$select=id,{USER_ANCHOR}&$top={LIST_PAGE}")));
        loop {
            let page = self.page(&url, false, &reading.request.cancel)?;
            let next = page.next_link.as_deref().map(|link| self.follow(link)).transpose()?;
            if let Some(next) = &next {
                self.client.ask_ahead(next);
            }
            for (id, fields) in page.value.into_iter().filter_map(identified) {
                reading.names.learn(id, &name_of(Kind::User, id, &fields, None));
            }
            let Some(next) = next else { return Ok(()) };
            url = next;
        }
    }

    /// Tells whole objects.
    fn tell_all(
        &mut self,
        kind: Kind,
        anchor: Option<&str>,
        told: BTreeMap<Uuid, Told>,
        reading: &mut Reading<'_>,
    ) -> Result<(), ConnectorError> {
        for (id, object) in &told {
            if let Some(fields) = &object.fields {
                reading.names.learn(*id, &name_of(kind, *id, fields, anchor));
            }
        }
        self.resolve(told.values().flat_map(Told::targets).collect(), anchor, reading)?;
        for (id, object) in told {
            let targets: Vec<Target> = object.targets().collect();
            // An object that was deleted between two pages, and one of which only links were told, is no object.
            let Some(fields) = object.fields else { continue };
            let item = reading.entry(kind, id, &fields, &targets, anchor);
            reading.tell(self, item)?;
        }
        Ok(())
    }

    /// Tells what changed: attributes whole, members one by one.
    fn tell_changes(
        &mut self,
        kind: Kind,
        anchor: Option<&str>,
        told: BTreeMap<Uuid, Told>,
        reading: &mut Reading<'_>,
    ) -> Result<(), ConnectorError> {
        let (mut targets, mut gone) = (BTreeSet::new(), BTreeSet::new());
        for (id, object) in told.iter().filter(|(_, object)| !object.removed) {
            match &object.fields {
                Some(fields) => reading.names.learn(*id, &name_of(kind, *id, fields, anchor)),
                // Of an object of which only references are told, the name has to be asked for.
                None => drop(targets.insert((kind, *id))),
            }
            targets.extend(object.targets());
            gone.extend(object.references.iter().filter(|(_, (_, there))| !there).map(|(id, (kind, _))| (*kind, *id)));
        }
        targets.extend(gone.iter().copied());
        self.resolve(targets, anchor, reading)?;
        self.resolve_deleted(&gone, anchor, reading)?;
        for (id, object) in told {
            let item = if object.removed {
                ImportItem::Deleted { anchor: Anchor(cloud_anchor(kind, id).into_bytes()), dn: None }
            } else {
                reading.change(kind, id, &object, anchor)
            };
            reading.tell(self, item)?;
        }
        Ok(())
    }

    /// Learns the names of references' former targets that were deleted meanwhile.
    fn resolve_deleted(
        &mut self,
        targets: &BTreeSet<Target>,
        anchor: Option<&str>,
        reading: &mut Reading<'_>,
    ) -> Result<(), ConnectorError> {
        let mut asked: Vec<(Kind, Item)> = Vec::new();
        for (kind, id) in targets.iter().filter(|(_, id)| !reading.names.0.contains_key(id)) {
            if let Some(property) = anchor_property(*kind, anchor) {
                let select = format!("id,{property}");
                asked.push((*kind, Item::get(address(&format!("directory/deletedItems/{id}"), &[("$select", &select)]))));
            }
        }
        let (kinds, items): (Vec<Kind>, Vec<Item>) = asked.into_iter().unzip();
        let outcomes = self.batches.run(&mut self.client, &items, &reading.request.cancel)?;
        for (kind, outcome) in kinds.into_iter().zip(outcomes) {
            // One that is gone for good is named by nobody; then the object that referred to it is read whole.
            if let Outcome::Answered(answer) = outcome
                && let Some((id, fields)) = identified(answer.body)
            {
                reading.names.learn(id, &name_of(kind, id, &fields, anchor));
            }
        }
        Ok(())
    }

    /// Reads single objects whole.
    pub(super) fn read_objects(
        &mut self,
        request: &ImportRequest,
        anchors: &[Anchor],
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        let anchor = self.group_anchor(false, &request.cancel)?;
        let mut reading = Reading { wanted: Wanted::new(request), request, sink, names: Names::default() };
        for kind in Kind::ALL {
            let ids: Vec<Uuid> =
                anchors.iter().filter_map(of_cloud_anchor).filter(|(of, _)| *of == kind).map(|(_, id)| id).collect();
            for ids in ids.chunks(WHOLE) {
                let found = self.read_whole(kind, ids, anchor.as_deref(), &mut reading)?;
                for id in ids.iter().filter(|id| !found.contains(id)) {
                    let anchor = Anchor(cloud_anchor(kind, *id).into_bytes());
                    reading.tell(self, ImportItem::Deleted { anchor, dn: None })?;
                }
            }
        }
        Ok(())
    }

    /// Reads objects as they are now, tells them whole, and gives those that are there.
    fn read_whole(
        &mut self,
        kind: Kind,
        ids: &[Uuid],
        anchor: Option<&str>,
        reading: &mut Reading<'_>,
    ) -> Result<BTreeSet<Uuid>, ConnectorError> {
        let select = reading.wanted.properties(kind, reading.request, anchor).join(",");
        let manager = kind == Kind::User && reading.wanted.has_relation(kind);
        let mut items = Vec::new();
        for ids in ids.chunks(FILTER_VALUES) {
            let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
            let filter = one_of("id", ids.iter().map(String::as_str));
            let mut options = vec![("$filter", filter.as_str()), ("$select", select.as_str())];
            if manager {
                options.push(("$expand", "manager($select=id)"));
            }
            items.push(Item::get(address(kind.set(), &options)));
        }
        let mut told: BTreeMap<Uuid, Told> = BTreeMap::new();
        for answer in self.ask(&items, &reading.request.cancel)? {
            for (id, mut fields) in objects_of(answer) {
                let mut object = Told::default();
                if let Some(Value::Object(manager)) = fields.remove("manager")
                    && let (Some(id), Some(kind)) = (id_of(&manager), kind_of(&manager))
                {
                    object.references.insert(id, (kind, true));
                }
                object.fields = Some(fields);
                told.insert(id, object);
            }
        }
        if kind == Kind::Group && reading.wanted.has_relation(kind) {
            self.read_members(&mut told, reading)?;
        }
        let found = told.keys().copied().collect();
        self.tell_all(kind, anchor, told, reading)?;
        Ok(found)
    }

    /// Reads the members of groups.
    fn read_members(&mut self, groups: &mut BTreeMap<Uuid, Told>, reading: &Reading<'_>) -> Result<(), ConnectorError> {
        let mut open: Vec<(Uuid, String)> = groups
            .keys()
            .map(|id| (*id, address(&format!("groups/{id}/members"), &[("$select", "id"), ("$top", LIST_PAGE)])))
            .collect();
        while !open.is_empty() {
            let items: Vec<Item> = open.iter().map(|(_, url)| Item::get(url)).collect();
            let answers = self.ask(&items, &reading.request.cancel)?;
            let mut further = Vec::new();
            for ((group, _), answer) in open.into_iter().zip(answers) {
                if let Some(link) = answer.get("@odata.nextLink").and_then(Value::as_str) {
                    further.push((group, self.below_version(link)?));
                }
                let Some(group) = groups.get_mut(&group) else { continue };
                for (id, fields) in objects_of(answer) {
                    if let Some(kind) = kind_of(&fields) {
                        group.references.insert(id, (kind, true));
                    }
                }
            }
            open = further;
        }
        Ok(())
    }

    /// Learns the names of targets that are not known yet.
    fn resolve(
        &mut self,
        targets: BTreeSet<Target>,
        anchor: Option<&str>,
        reading: &mut Reading<'_>,
    ) -> Result<(), ConnectorError> {
        let mut items = Vec::new();
        for kind in [Kind::User, Kind::Group] {
            let Some(property) = anchor_property(kind, anchor) else { continue };
            let unknown: Vec<String> = targets
                .iter()
                .filter(|(of, id)| *of == kind && !reading.names.0.contains_key(id))
                .map(|(_, id)| id.to_string())
                .collect();
            let select = format!("id,{property}");
            for ids in unknown.chunks(FILTER_VALUES) {
                let filter = one_of("id", ids.iter().map(String::as_str));
                items.push((kind, Item::get(address(kind.set(), &[("$filter", &filter), ("$select", &select)]))));
            }
        }
        if items.is_empty() {
            return Ok(());
        }
        let (kinds, items): (Vec<Kind>, Vec<Item>) = items.into_iter().unzip();
        for (kind, answer) in kinds.into_iter().zip(self.ask(&items, &reading.request.cancel)?) {
            for (id, fields) in objects_of(answer) {
                reading.names.learn(id, &name_of(kind, id, &fields, anchor));
            }
        }
        Ok(())
    }

    /// The bodies of the answers to reads; all of them must be good.
    pub(super) fn ask(&mut self, items: &[Item], cancel: &CancelToken) -> Result<Vec<Value>, ConnectorError> {
        let outcomes = self.batches.run(&mut self.client, items, cancel)?;
        let mut bodies = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            let answer = match outcome {
                Outcome::Answered(answer) => answer,
                Outcome::Lost(_) | Outcome::Busy(_) if cancel.is_cancelled() => return Err(self.client.cancelled()),
                Outcome::Lost(message) | Outcome::Busy(message) => {
                    return Err(self.error(ConnectorErrorKind::Dropped, message));
                }
            };
            if !answer.is_good() {
                let fault = answer.fault();
                let kind = if answer.status == 403 { ConnectorErrorKind::Permission } else { ConnectorErrorKind::Protocol };
                let named = answer.request_id.map(|id| format!(" (request id {id})")).unwrap_or_default();
                let server = self.client.server();
                let message = format!("{server} refused (HTTP {} {}): {}{named}", answer.status, fault.code, fault.message);
                return Err(self.error(kind, message));
            }
            bodies.push(answer.body);
        }
        Ok(bodies)
    }
}

/// One import at work.
struct Reading<'a> {
    wanted: Wanted,
    request: &'a ImportRequest,
    sink: &'a mut dyn FnMut(ImportItem) -> bool,
    names: Names,
}

impl Reading<'_> {
    fn tell(&mut self, backend: &GraphBackend, item: ImportItem) -> Result<(), ConnectorError> {
        if self.request.cancel.is_cancelled() || !(self.sink)(item) {
            return Err(backend.error(ConnectorErrorKind::Cancelled, "the import was stopped"));
        }
        Ok(())
    }

    /// The DN of a target; one that no lookup found is named by its own anchor.
    fn dn(&self, (kind, id): Target) -> String {
        match self.names.0.get(&id) {
            Some(anchor) => dn_of_anchor(anchor),
            None => dn_of_anchor(&cloud_anchor(kind, id)),
        }
    }

    /// What changed of an object.
    fn change(&self, kind: Kind, id: Uuid, told: &Told, group_anchor: Option<&str>) -> ImportItem {
        let dn = self.dn((kind, id));
        let mut entry = ImportEntry {
            anchor: Anchor(cloud_anchor(kind, id).into_bytes()),
            dn,
            object_type: kind.object_type().to_owned(),
            attributes: EntryAttributes::new(),
            changed_references: BTreeMap::new(),
            partial: true,
        };
        if let Some(fields) = &told.fields {
            match self.plain(kind, id, fields, group_anchor) {
                Ok(attributes) => entry.attributes = attributes,
                Err(error) => return ImportItem::Bad(DiscoveryError { dn: Some(entry.dn), error: *error }),
            }
            // All properties are told; one that is not has no value.
            for name in self.wanted.plain_names(kind) {
                entry.attributes.entry(name.to_owned()).or_default();
            }
        }
        if self.wanted.has_relation(kind)
            && let Some(mapping) = relation(kind).filter(|_| !told.references.is_empty())
        {
            let names = |wanted: bool| -> Vec<String> {
                let links = told.references.iter().filter(|(_, (_, there))| *there == wanted);
                links.map(|(id, (kind, _))| self.dn((*kind, *id))).collect()
            };
            if kind == Kind::User {
                let manager = names(true).into_iter().map(EntryValue::Reference).collect();
                entry.attributes.insert(mapping.attribute.to_owned(), manager);
            } else {
                let changes = ReferenceChanges { added: names(true), removed: names(false) };
                entry.changed_references.insert(mapping.attribute.to_owned(), changes);
            }
        }
        ImportItem::Entry(entry)
    }

    /// The attributes of an object that are no references.
    fn plain(
        &self,
        kind: Kind,
        id: Uuid,
        fields: &Map<String, Value>,
        group_anchor: Option<&str>,
    ) -> Result<EntryAttributes, Box<ObjectError>> {
        let source = source_anchor(kind, fields, group_anchor);
        self.wanted.read(kind, fields, (&cloud_anchor(kind, id), source))
    }

    /// A whole object.
    fn entry(
        &self,
        kind: Kind,
        id: Uuid,
        fields: &Map<String, Value>,
        targets: &[Target],
        group_anchor: Option<&str>,
    ) -> ImportItem {
        let own = cloud_anchor(kind, id);
        let source = source_anchor(kind, fields, group_anchor);
        let dn = dn_of_anchor(source.unwrap_or(&own));
        let mut attributes = match self.plain(kind, id, fields, group_anchor) {
            Ok(attributes) => attributes,
            Err(error) => return ImportItem::Bad(DiscoveryError { dn: Some(dn), error: *error }),
        };
        if self.wanted.has_relation(kind)
            && let Some(mapping) = relation(kind).filter(|_| !targets.is_empty())
        {
            let names = targets.iter().map(|target| EntryValue::Reference(self.dn(*target))).collect();
            attributes.insert(mapping.attribute.to_owned(), names);
        }
        ImportItem::Entry(ImportEntry {
            anchor: Anchor(own.into_bytes()),
            dn,
            object_type: kind.object_type().to_owned(),
            attributes,
            changed_references: BTreeMap::new(),
            partial: false,
        })
    }
}

/// One page of a list or delta query.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    value: Vec<Value>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta_link: Option<String>,
}

fn bad(dn: Option<String>, message: &str) -> ImportItem {
    ImportItem::Bad(DiscoveryError { dn, error: ObjectError::new(ErrorCode::PARSE_ERROR, message) })
}

fn id_of(fields: &Map<String, Value>) -> Option<Uuid> {
    Uuid::parse_str(fields.get("id")?.as_str()?).ok()
}

fn kind_of(fields: &Map<String, Value>) -> Option<Kind> {
    Kind::of_annotation(fields.get("@odata.type")?.as_str()?)
}

/// An object with its id.
fn identified(value: Value) -> Option<(Uuid, Map<String, Value>)> {
    let Value::Object(fields) = value else { return None };
    Some((id_of(&fields)?, fields))
}

/// The objects of a list.
pub(super) fn objects_of(mut body: Value) -> impl Iterator<Item = (Uuid, Map<String, Value>)> {
    let list = match body.get_mut("value").map(Value::take) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    list.into_iter().filter_map(identified)
}

/// The source anchor among the properties of an object.
pub(super) fn source_anchor<'a>(kind: Kind, fields: &'a Map<String, Value>, group_anchor: Option<&str>) -> Option<&'a str> {
    let anchor = fields.get(anchor_property(kind, group_anchor)?)?.as_str()?;
    Some(anchor).filter(|anchor| !anchor.is_empty())
}

/// What an object is named by: its source anchor, or its own.
fn name_of(kind: Kind, id: Uuid, fields: &Map<String, Value>, group_anchor: Option<&str>) -> String {
    source_anchor(kind, fields, group_anchor).map_or_else(|| cloud_anchor(kind, id), str::to_owned)
}
