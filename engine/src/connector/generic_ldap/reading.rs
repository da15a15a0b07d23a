//! What full and delta imports share besides what all kinds of directories do.

use std::collections::BTreeSet;
use uuid::Uuid;

use super::plan::Plan;
use super::root_dse::LdapFacts;
use super::settings::{ENTRY_UUID, GenericLdapSettings};
use super::subschema::{SUBSCHEMA_ATTRIBUTES, Subschema};
use super::sync::EntryUuid;
use super::timestamp::Timestamp;
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::link::decode_all;
use crate::connector::ldap::outlet::Outlet;
use crate::connector::ldap::reading;
use crate::connector::ldap::verdict::Judge as _;
use crate::connector::{Anchor, ConnectorError, ConnectorErrorKind, DiscoveryError, ImportItem, PresentObjects};
use crate::model::Dn;

/// A living connection to a server.
pub(super) type Living<'a> = crate::connector::ldap::link::Living<'a, GenericLdapSettings>;

/// The way to a server.
pub(super) type Link = crate::connector::ldap::link::Link<GenericLdapSettings>;

/// Objects looked up by one search.
const IDENTITIES_OF_ONE_SEARCH: usize = 100;

/// Objects beyond this number are not looked up: everything is read instead, and the others are left out.
const LOOKED_UP: usize = 20_000;

/// Says whether something has entries below it.
const HAS_SUBORDINATES: &str = "hasSubordinates";

/// The schema that the server describes.
pub(super) fn subschema(living: Living<'_>) -> Result<Subschema, ConnectorError> {
    living.facts.check()?;
    let name = living.facts.subschema.clone().unwrap_or_default();
    let doing = "describe its schema";
    let found = living.session.search(living.base_search(&name, SUBSCHEMA_ATTRIBUTES), doing, None)?;
    let entry = decode_all(found, living.session.server(), doing)?.into_iter().next().unwrap_or_default();
    let subschema = Subschema::read(&entry);
    if subschema.is_empty() {
        let message = format!(
            "{} shows no usable schema to {}: check that the account may read {name}",
            living.facts.server, living.settings.user
        );
        return Err(ConnectorError::new(ConnectorErrorKind::Permission, message).server(&living.facts.server));
    }
    Ok(subschema)
}

/// One import at work on one connection.
pub(super) type Reading<'a> = crate::connector::ldap::reading::Reading<'a, GenericLdapSettings, Plan<'a>>;

impl reading::Plan for Plan<'_> {
    fn requested(&self) -> &[String] {
        &self.requested
    }
}

impl Reading<'_> {
    /// The identity of the partition's head.
    pub(super) fn partition_identity(&self) -> Result<Option<Uuid>, ConnectorError> {
        let partition = &self.request.partition;
        let search = self.living.base_search(partition, &[ENTRY_UUID]);
        let Some(head) = self.living.object(search, "show the partition")? else {
            let message = format!(
                "{} shows no entry {partition} to {}: refresh the partitions, or check that the account may read it",
                self.living.facts.server, self.living.settings.user
            );
            return Err(ConnectorError::new(ConnectorErrorKind::PartitionMissing, message).server(&self.living.facts.server));
        };
        Ok(head.text(ENTRY_UUID).and_then(|text| Uuid::try_parse(text).ok()))
    }

    /// Hands over entries by their identities, as they are now, and everything below those that have something below
    /// them: they may have got another name. One that is not there is handed over as gone.
    pub(super) fn changed(&self, wanted: BTreeSet<EntryUuid>, out: &mut Outlet<'_>) -> Result<(), ConnectorError> {
        let doing = "give the objects that changed";
        let (mut missing, mut above) = (wanted.clone(), Vec::new());
        let mut take = |entry: RawEntry, out: &mut Outlet<'_>| {
            let uuid = entry.text(ENTRY_UUID).and_then(|text| Uuid::try_parse(text).ok()).map(Uuid::into_bytes);
            let Some(uuid) = uuid.filter(|uuid| wanted.contains(uuid)) else { return Ok(()) };
            missing.remove(&uuid);
            above.extend(self.above(&entry));
            self.present(entry, out)
        };
        if wanted.len() > LOOKED_UP {
            let mut search = self.subtree(&self.request.partition, "(objectClass=*)");
            search.attributes.push(HAS_SUBORDINATES.to_owned());
            self.pages(search, doing, out, &mut take)?;
        } else {
            let all: Vec<EntryUuid> = wanted.iter().copied().collect();
            for some in all.chunks(IDENTITIES_OF_ONE_SEARCH) {
                let filter: String = some.iter().map(|uuid| format!("({ENTRY_UUID}={})", Uuid::from_bytes(*uuid))).collect();
                let mut search = self.subtree(&self.request.partition, &format!("(|{filter})"));
                search.attributes.push(HAS_SUBORDINATES.to_owned());
                self.pages(search, doing, out, &mut take)?;
            }
        }
        if !missing.is_empty() {
            self.check_look_up(doing)?;
        }
        for uuid in missing {
            self.give(out, ImportItem::Deleted { anchor: Anchor(uuid.to_vec()), dn: None }, doing)?;
        }
        let mut told = wanted.iter().map(|uuid| Anchor(uuid.to_vec())).collect();
        self.below(&above, &mut told, out)
    }

    /// Checks that entries are found by their identity at all, before one that is not found is taken for gone.
    fn check_look_up(&self, doing: &str) -> Result<(), ConnectorError> {
        let Some(head) = self.partition_identity()? else { return Ok(()) };
        let partition = &self.request.partition;
        let mut search = self.living.base_search(partition, &[ENTRY_UUID]);
        search.filter = format!("({ENTRY_UUID}={head})");
        if self.living.object(search, doing)?.is_some() {
            return Ok(());
        }
        let LdapFacts { server, .. } = self.living.facts;
        let message = format!(
            "{server} finds nothing by entryUUID, not even {partition}: let {} search by it, or have changes read by modifyTimestamp",
            self.living.settings.user
        );
        Err(ConnectorError::new(ConnectorErrorKind::Permission, message).server(server))
    }

    /// Hands over what changed at a time or later, as it is now, and everything below those that have something below
    /// them. Gives the latest time, and the identities of what was there.
    pub(super) fn stamped(
        &self,
        since: Timestamp,
        out: &mut Outlet<'_>,
    ) -> Result<(Option<Timestamp>, BTreeSet<Anchor>), ConnectorError> {
        let doing = "tell what changed (modifyTimestamp)";
        let filter = format!("(&(modifyTimestamp>={since})(|{}({HAS_SUBORDINATES}=TRUE)))", self.plan.filter);
        let mut search = self.subtree(&self.request.partition, &filter);
        search.attributes.push(HAS_SUBORDINATES.to_owned());
        let (mut newest, mut above, mut told) = (None, Vec::new(), BTreeSet::new());
        self.pages(search, doing, out, |entry, out| {
            newest = newest.max(stamp(&entry));
            above.extend(self.above(&entry));
            told.extend(self.plan.anchor(&entry));
            self.present(entry, out)
        })?;
        self.below(&above, &mut told, out)?;
        Ok((newest, told))
    }

    /// The name of an entry that has entries below it; the head of the partition can have no other name.
    fn above(&self, entry: &RawEntry) -> Option<String> {
        let has_some = match entry.text(HAS_SUBORDINATES) {
            Some(text) => text.eq_ignore_ascii_case("TRUE"),
            // Not told: what is made to hold others may do so.
            None => entry.texts("objectClass").any(|class| class.eq_ignore_ascii_case("organizationalUnit")),
        };
        let is_head = Dn::parse(&entry.dn).is_ok_and(|dn| dn == self.plan.selection.partition);
        (has_some && !is_head).then(|| entry.dn.clone())
    }

    /// Hands over the objects below names, but for those that are told already, and adds them to these.
    fn below(&self, names: &[String], told: &mut BTreeSet<Anchor>, out: &mut Outlet<'_>) -> Result<(), ConnectorError> {
        let doing = "give the objects below one that changed";
        for name in outermost(names) {
            let read = self.pages(self.subtree(&name, &self.plan.filter), doing, out, |entry, out| {
                let known = self.plan.anchor(&entry).is_some_and(|anchor| !told.insert(anchor));
                if known { Ok(()) } else { self.present(entry, out) }
            });
            match read {
                // Deleted or renamed meanwhile: that is told the next time.
                Err(error) if error.kind == ConnectorErrorKind::PartitionMissing => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Hands over an object that is there: as it is, or as gone when the import does not cover it.
    fn present(&self, entry: RawEntry, out: &mut Outlet<'_>) -> Result<(), ConnectorError> {
        let doing = "give the objects that changed";
        let anchor = self.plan.anchor(&entry);
        if anchor.as_ref().is_some_and(|anchor| !out.wants(&anchor.0)) {
            return Ok(());
        }
        let dn = entry.dn.clone();
        match (self.plan.item(entry), anchor) {
            (Some(item), _) => self.give(out, item, doing),
            (None, Some(anchor)) => self.give(out, ImportItem::Deleted { anchor, dn: Some(dn) }, doing),
            (None, None) => Ok(()),
        }
    }

    /// The identities of all objects that the import covers. One that shows none is handed over as a fault, so that
    /// nothing is taken for gone.
    pub(super) fn identities(&self, out: &mut Outlet<'_>) -> Result<PresentObjects, ConnectorError> {
        let mut present = PresentObjects::default();
        for base in &self.plan.selection.bases {
            let doing = format!("list the objects under {base}");
            let mut search = self.subtree(base, &self.plan.filter);
            search.attributes = vec![self.living.settings.anchor.trim().to_owned()];
            self.pages(search, &doing, out, |entry, out| {
                if Dn::parse(&entry.dn).is_ok_and(|dn| !self.plan.selection.containers.selects(&dn)) {
                    return Ok(());
                }
                match self.plan.anchor(&entry) {
                    Some(anchor) => present.add(&anchor),
                    None => {
                        let error = self.plan.without_anchor(&entry);
                        let bad = DiscoveryError { dn: Some(entry.dn), error };
                        self.give(out, ImportItem::Bad(bad), &doing)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(present)
    }
}

/// When an entry was changed last.
pub(super) fn stamp(entry: &RawEntry) -> Option<Timestamp> {
    Timestamp::parse(entry.text("modifyTimestamp")?)
}

/// The names that lie under no other one.
fn outermost(names: &[String]) -> Vec<String> {
    let parsed: Vec<Dn> = names.iter().filter_map(|name| Dn::parse(name).ok()).collect();
    let is_outermost = |name: &&Dn| !parsed.iter().any(|other| other != *name && name.is_under(other));
    let mut found: Vec<&Dn> = parsed.iter().filter(is_outermost).collect();
    found.sort_by(|a, b| a.key().cmp(b.key()));
    found.dedup();
    found.into_iter().map(|dn| dn.as_str().to_owned()).collect()
}
