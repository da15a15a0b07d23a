//! Looking before writing: objects that are there already, by source anchor, sign-in name and primary address, and
//! deleted ones that can be restored (`features.md` 3.5).

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::GraphBackend;
use super::attributes::Kind;
use super::batch::{Item, Outcome};
use super::import::{objects_of, source_anchor};
use super::object::{USER_ANCHOR, anchor_property};
use super::query::{FILTER_VALUES, address, any_equal, one_of, quoted};
use crate::connector::{CancelToken, ConnectorError};

/// Addresses of one filter; each takes two conditions.
const FILTER_ADDRESSES: usize = FILTER_VALUES / 2;

/// What an object that is to be made can be found by.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Source anchor.
    pub anchor: String,
    /// Name that a user signs in with.
    pub user_principal_name: Option<String>,
    /// Primary address.
    pub address: Option<String>,
}

/// An object that is there.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its id.
    pub id: Uuid,
    /// Its source anchor.
    pub anchor: Option<String>,
    /// Microsoft's own tool synchronizes it.
    pub synchronized: bool,
    names: Vec<String>,
    addresses: Vec<String>,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The object with the source anchor.
    pub own: Option<Candidate>,
    /// Objects with the name or the address.
    pub namesakes: Vec<Candidate>,
}

/// Deleted objects by class and source anchor.
pub type Deleted = HashMap<(Kind, String), Uuid>;

impl Candidate {
    fn read(kind: Kind, id: Uuid, fields: &Map<String, Value>, group_anchor: Option<&str>) -> Self {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_lowercase);
        let proxies = fields.get("proxyAddresses").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let proxies = proxies.map(str::to_lowercase).filter_map(|proxy| proxy.strip_prefix("smtp:").map(str::to_owned));
        Self {
            id,
            anchor: source_anchor(kind, fields, group_anchor).map(str::to_owned),
            synchronized: fields.get("onPremisesSyncEnabled").and_then(Value::as_bool) == Some(true),
            names: text("userPrincipalName").into_iter().collect(),
            addresses: proxies.chain(text("mail")).collect(),
        }
    }

    fn has(&self, search: &Search) -> bool {
        let named = search.user_principal_name.as_ref().is_some_and(|name| self.names.contains(&name.to_lowercase()));
        named || search.address.as_ref().is_some_and(|address| self.addresses.contains(&address.to_lowercase()))
    }
}

impl GraphBackend {
    /// Looks for objects that are to be made; the answers are in the order of the searches.
    pub(super) fn look_up(
        &mut self,
        kind: Kind,
        searches: &[Search],
        cancel: &CancelToken,
    ) -> Result<Vec<Found>, ConnectorError> {
        let group_anchor = self.group_anchor(false, cancel)?;
        let Some(property) = anchor_property(kind, group_anchor.as_deref()) else {
            return Ok(vec![Found::default(); searches.len()]);
        };
        let select = match kind {
            Kind::User => format!("id,{USER_ANCHOR},userPrincipalName,mail,proxyAddresses,onPremisesSyncEnabled"),
            Kind::Group | Kind::Contact | Kind::Device => format!("id,{property},onPremisesSyncEnabled"),
        };
        let mut filters: Vec<String> = Vec::new();
        for part in searches.chunks(FILTER_VALUES) {
            let anchors = part.iter().map(|search| search.anchor.as_str());
            filters.push(if kind == Kind::User { one_of(property, anchors) } else { any_equal(property, anchors) });
        }
        if kind == Kind::User {
            let names: Vec<&str> = searches.iter().filter_map(|search| search.user_principal_name.as_deref()).collect();
            filters.extend(names.chunks(FILTER_VALUES).map(|part| one_of("userPrincipalName", part.iter().copied())));
            let addresses: Vec<&str> = searches.iter().filter_map(|search| search.address.as_deref()).collect();
            for part in addresses.chunks(FILTER_ADDRESSES) {
                let either = |address: &&str| {
                    let proxy = quoted(&format!("smtp:{address}"));
                    format!("mail eq {} or proxyAddresses/any(p:p eq {proxy})", quoted(address))
                };
                filters.push(part.iter().map(either).collect::<Vec<_>>().join(" or "));
            }
        }
        let items: Vec<Item> = filters
            .iter()
            .map(|filter| Item::get(address(kind.set(), &[("$filter", filter), ("$select", &select), ("$top", "999")])))
            .collect();
        let mut candidates: BTreeMap<Uuid, Candidate> = BTreeMap::new();
        for answer in self.ask(&items, cancel)? {
            for (id, fields) in objects_of(answer) {
                candidates.insert(id, Candidate::read(kind, id, &fields, group_anchor.as_deref()));
            }
        }
        Ok(found(&candidates, searches))
    }

    /// Looks for objects by id; those that are gone are not among the answers.
    pub(super) fn look_at(
        &mut self,
        targets: &[(Kind, Uuid)],
        cancel: &CancelToken,
    ) -> Result<HashMap<Uuid, Candidate>, ConnectorError> {
        let group_anchor = self.group_anchor(false, cancel)?;
        let mut asked: Vec<(Kind, Item)> = Vec::new();
        for kind in Kind::ALL {
            let ids: Vec<String> = targets.iter().filter(|(of, _)| *of == kind).map(|(_, id)| id.to_string()).collect();
            let anchor = anchor_property(kind, group_anchor.as_deref()).map(|name| format!(",{name}")).unwrap_or_default();
            let select = format!("id,onPremisesSyncEnabled{anchor}");
            for part in ids.chunks(FILTER_VALUES) {
                let filter = one_of("id", part.iter().map(String::as_str));
                asked.push((kind, Item::get(address(kind.set(), &[("$filter", &filter), ("$select", &select)]))));
            }
        }
        let (kinds, items): (Vec<Kind>, Vec<Item>) = asked.into_iter().unzip();
        let mut found = HashMap::new();
        for (kind, answer) in kinds.into_iter().zip(self.ask(&items, cancel)?) {
            for (id, fields) in objects_of(answer) {
                found.insert(id, Candidate::read(kind, id, &fields, group_anchor.as_deref()));
            }
        }
        Ok(found)
    }

    /// The deleted object with a source anchor. All deleted objects are read when the first is asked for.
    pub(super) fn deleted_object(
        &mut self,
        kind: Kind,
        anchor: &str,
        cancel: &CancelToken,
    ) -> Result<Option<Uuid>, ConnectorError> {
        if self.deleted.is_none() {
            let group_anchor = self.group_anchor(false, cancel)?;
            let mut deleted = Deleted::new();
            for kind in [Kind::User, Kind::Group] {
                let Some(property) = anchor_property(kind, group_anchor.as_deref()) else { continue };
                let path = format!("directory/deletedItems/microsoft.graph.{}", kind.object_type());
                let select = format!("id,{property}");
                let mut page = self.get(&path, &[("$select", &select), ("$top", "999")], cancel)?;
                loop {
                    let link = page.get("@odata.nextLink").and_then(Value::as_str).and_then(|link| self.client.link(link));
                    for (id, fields) in objects_of(page) {
                        if let Some(anchor) = source_anchor(kind, &fields, group_anchor.as_deref()) {
                            deleted.insert((kind, anchor.to_owned()), id);
                        }
                    }
                    let Some(link) = link else { break };
                    page = self.client.call(&reqwest::Method::GET, &link, None, cancel)?;
                }
            }
            self.deleted = Some(deleted);
        }
        Ok(self.deleted.as_ref().and_then(|deleted| deleted.get(&(kind, anchor.to_owned()))).copied())
    }

    /// Which of the users hold a role of an administrator.
    pub(super) fn administrators(&mut self, users: &[Uuid], cancel: &CancelToken) -> Result<Vec<bool>, ConnectorError> {
        let path = |id: &Uuid| format!("users/{id}/memberOf/microsoft.graph.directoryRole?$select=id&$top=1");
        let items: Vec<Item> = users.iter().map(|id| Item::get(path(id))).collect();
        let outcomes = self.batches.run(&mut self.client, &items, cancel)?;
        // Who cannot be asked about is not taken over.
        Ok(outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Outcome::Answered(answer) if answer.is_good() => objects_of(answer.body).next().is_some(),
                Outcome::Answered(_) | Outcome::Lost(_) | Outcome::Busy(_) => true,
            })
            .collect())
    }
}

/// Matches what was found with what was searched for.
fn found(candidates: &BTreeMap<Uuid, Candidate>, searches: &[Search]) -> Vec<Found> {
    let mut by_anchor: HashMap<&str, &Candidate> = HashMap::new();
    let mut by_text: HashMap<&str, Vec<&Candidate>> = HashMap::new();
    for candidate in candidates.values() {
        if let Some(anchor) = &candidate.anchor {
            by_anchor.insert(anchor, candidate);
        }
        for text in candidate.names.iter().chain(&candidate.addresses) {
            by_text.entry(text).or_default().push(candidate);
        }
    }
    let of = |search: &Search| {
        let own = by_anchor.get(search.anchor.as_str()).map(|candidate| (*candidate).clone());
        let texts = [&search.user_principal_name, &search.address].into_iter().flatten().map(|text| text.to_lowercase());
        let mut namesakes: BTreeMap<Uuid, Candidate> = BTreeMap::new();
        for text in texts {
            for candidate in by_text.get(text.as_str()).into_iter().flatten().filter(|candidate| candidate.has(search)) {
                namesakes.insert(candidate.id, (*candidate).clone());
            }
        }
        Found { own, namesakes: namesakes.into_values().collect() }
    };
    searches.iter().map(of).collect()
}
