//! The connector: opens, asks, and connects again when the connection was lost in between.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ldap3::Scope;
use ldap3::controls::RawControl;
use secrecy::SecretString;

use super::find::{FindQuery, FoundObject};
use super::import::ImportPlan;
use super::link::{Link, Living, decode_all};
use super::partitions::{self, CROSS_REFERENCE_ATTRIBUTES};
use super::permissions::{self, PermissionFinding};
use super::root_dse::{DirectoryFacts, dn_to_dns};
use super::schema::{self, SchemaReader};
use super::settings::ActiveDirectorySettings;
use super::{delta, find, full};
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::failure::{Fault, request_failed};
use crate::connector::ldap::observe::Observer;
use crate::connector::ldap::session::{Search, Session};
use crate::connector::ldap::{containers, export};
use crate::connector::{
    Anchor, CancelToken, Capabilities, Connector, ConnectorError, ConnectorErrorKind, Containers, DirectoryPartition,
    ExportChange, ExportOutcome, ExportResult, ImportItem, ImportMode, ImportRequest, ImportSummary,
};
use crate::model::{AlgorithmStep, Dn, ErrorCode, ObjectError, Schema, fold_text};

/// Asks for `<GUID=…>;<SID=…>;DN` instead of DNs alone.
const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";

/// A signed-in connection to one forest.
#[derive(Debug)]
pub struct ActiveDirectoryConnector {
    link: Link,
    /// Other domains of the forest, which have their own domain controllers.
    others: BTreeMap<String, Link>,
}

impl ActiveDirectoryConnector {
    /// Connects to the first server of the settings that can be reached, signs in, and reads what the
    /// server says of itself.
    ///
    /// # Errors
    /// [`ConnectorError`] says which server was tried, what failed (name, connection, certificate,
    /// sign-in) and what to do.
    pub fn open(settings: ActiveDirectorySettings, password: SecretString) -> Result<Self, ConnectorError> {
        Ok(Self { link: Link::open(settings, password)?, others: BTreeMap::new() })
    }

    /// What the connected server says of itself and of its forest.
    #[must_use]
    pub fn facts(&self) -> &DirectoryFacts {
        self.link.facts()
    }

    /// Has somebody told of every search from now on.
    pub fn observe(&mut self, observer: Observer) {
        for link in std::iter::once(&mut self.link).chain(self.others.values_mut()) {
            link.observe(observer.clone());
        }
    }

    /// Looks for objects in a partition, imported or not.
    ///
    /// # Errors
    /// [`ConnectorError`] when the directory cannot be asked, or the filter makes no sense to it.
    pub fn find(&mut self, query: &FindQuery) -> Result<Vec<FoundObject>, ConnectorError> {
        self.link_of(&query.partition)?.work(|living| find::find(living, query))
    }

    /// Tries out which rights the account has in a partition, changing nothing. `types` are the object types
    /// that are imported, `writes` the attributes that are exported, by object type.
    ///
    /// # Errors
    /// [`ConnectorError`] when the directory cannot be asked.
    pub fn check_permissions(
        &mut self,
        partition: &str,
        types: &[String],
        writes: &BTreeSet<(String, String)>,
    ) -> Result<Vec<PermissionFinding>, ConnectorError> {
        self.link_of(partition)?.work(|living| permissions::check(living, partition, types, writes))
    }

    /// The way to a domain controller that holds this partition.
    fn link_of(&mut self, partition: &str) -> Result<&mut Link, ConnectorError> {
        self.link.living()?;
        if self.link.facts().holds(partition) {
            return Ok(&mut self.link);
        }
        let Some(settings) = settings_of_domain(self.link.settings(), partition) else {
            return Err(not_held(self.link.facts(), partition));
        };
        let link = match self.others.entry(fold_text(partition)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.link.beside(settings)?),
        };
        link.living()?;
        if link.facts().holds(partition) { Ok(link) } else { Err(not_held(link.facts(), partition)) }
    }
}

impl Connector for ActiveDirectoryConnector {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            delta_import: true,
            export: true,
            rename: true,
            value_level_updates: true,
            deletion_threshold: false,
            immediate_confirmation: false,
            drops_references: true,
        }
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        self.link.work(|Living { session, facts, settings }| {
            facts.check(&settings.forest)?;
            let base = required(facts, facts.schema.as_deref(), "its schema partition")?;
            let timeout = settings.operation_timeout();
            let mut reader = SchemaReader::default();
            let attributes = search(base, Scope::OneLevel, schema::ATTRIBUTE_FILTER, schema::ATTRIBUTE_ATTRIBUTES, timeout);
            read_pages(session, attributes, settings.page_size, "give the schema's attributes", |entry| {
                reader.attribute(&entry)
            })?;
            let classes = search(base, Scope::OneLevel, schema::CLASS_FILTER, schema::CLASS_ATTRIBUTES, timeout);
            read_pages(session, classes, settings.page_size, "give the schema's classes", |entry| reader.class(&entry))?;
            let schema = reader.finish();
            if schema.types().next().is_none() {
                return Err(ConnectorError::new(
                    ConnectorErrorKind::Permission,
                    format!(
                        "{} shows no usable schema to {}: check that the forest account may read the schema partition {base}",
                        facts.server, settings.user
                    ),
                )
                .server(&facts.server));
            }
            Ok(schema)
        })
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        self.link.work(|Living { session, facts, settings }| {
            facts.check(&settings.forest)?;
            let configuration = required(facts, facts.configuration.as_deref(), "its configuration partition")?;
            let mut wanted = search(
                &format!("CN=Partitions,{configuration}"),
                Scope::OneLevel,
                "(objectClass=crossRef)",
                CROSS_REFERENCE_ATTRIBUTES,
                settings.operation_timeout(),
            );
            // SEQUENCE { INTEGER 1 }: identifiers in their readable form.
            wanted.controls.push(RawControl { ctype: EXTENDED_DN.to_owned(), crit: false, val: Some(vec![0x30, 3, 2, 1, 1]) });
            let mut entries = Vec::new();
            read_pages(session, wanted, settings.page_size, "list the partitions", |entry| entries.push(entry))?;
            let found = partitions::partitions(&entries, facts.forest_root.as_deref(), facts.schema.as_deref());
            if !found.iter().any(|partition| partition.domain) {
                return Err(ConnectorError::new(
                    ConnectorErrorKind::Permission,
                    format!(
                        "{} shows no domain to {}: check that the forest account may read CN=Partitions,{configuration}",
                        facts.server, settings.user
                    ),
                )
                .server(&facts.server));
            }
            Ok(found)
        })
    }

    fn containers(&mut self, partition: &str, below: &str) -> Result<Containers, ConnectorError> {
        self.link_of(partition)?.work(|living| containers::below(living, below))
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        let link = self.link_of(&request.partition)?;
        let plan = ImportPlan::new(request, link.facts().active_directory)?;
        match &request.mode {
            ImportMode::Full => full::import(link, &plan, request, sink),
            ImportMode::Delta(watermark) => delta::import(link, &plan, request, watermark, sink),
        }
    }

    fn objects(
        &mut self,
        request: &ImportRequest,
        anchors: &[Anchor],
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        let link = self.link_of(&request.partition)?;
        let plan = ImportPlan::new(request, link.facts().active_directory)?;
        delta::objects(link, &plan, request, anchors, sink)
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        let mut results = Vec::with_capacity(changes.len());
        while let Some(next) = changes.get(results.len()) {
            // Changes of one domain go to one of its servers.
            let domain = domain_of(&next.dn);
            let same: Vec<&ExportChange> =
                changes.iter().skip(results.len()).take_while(|c| domain_of(&c.dn) == domain).collect();
            let link = match &domain {
                Some(domain) => self.link_of(domain),
                None => Ok(&mut self.link),
            };
            match link.and_then(|link| export::export(link, &same, cancel)) {
                Ok(some) => {
                    let all = some.len() == same.len();
                    results.extend(some);
                    if !all {
                        break;
                    }
                }
                Err(error) if results.is_empty() => return Err(error),
                Err(error) => {
                    let error = ObjectError::new(ErrorCode::CD_CONNECTIVITY, error.message).at(AlgorithmStep::Export);
                    results.push(ExportResult { outcome: ExportOutcome::Transient(error) });
                    break;
                }
            }
        }
        Ok(results)
    }
}

/// The domain that an object of this name belongs to, as a DN.
fn domain_of(dn: &str) -> Option<String> {
    let mut name = Dn::parse(dn).ok()?;
    while !name.rdn()?.attribute.eq_ignore_ascii_case("DC") {
        name = name.parent()?;
    }
    Some(name.as_str().to_owned())
}

/// The settings for a domain controller of another domain of the forest: found by the domain's DNS name, all
/// else as for the first. `None` when the partition is no domain.
fn settings_of_domain(settings: &ActiveDirectorySettings, partition: &str) -> Option<ActiveDirectorySettings> {
    let domain = dn_to_dns(partition)?;
    let port = settings.endpoints().ok()?.first()?.port;
    Some(ActiveDirectorySettings { servers: vec![format!("{domain}:{port}")], address: None, ..settings.clone() })
}

fn not_held(facts: &DirectoryFacts, partition: &str) -> ConnectorError {
    ConnectorError::new(
        ConnectorErrorKind::PartitionMissing,
        format!(
            "{} does not hold the partition {partition}: refresh the partitions, or connect to a domain controller of that domain",
            facts.server
        ),
    )
    .server(&facts.server)
}

fn required<'a>(facts: &DirectoryFacts, value: Option<&'a str>, what: &str) -> Result<&'a str, ConnectorError> {
    value.ok_or_else(|| {
        ConnectorError::new(
            ConnectorErrorKind::Protocol,
            format!("{} does not name {what}: check that it is a domain controller", facts.server),
        )
        .server(&facts.server)
    })
}

fn search(base: &str, scope: Scope, filter: &str, attributes: &[&str], timeout: Duration) -> Search {
    Search {
        base: base.to_owned(),
        scope,
        filter: filter.to_owned(),
        attributes: attributes.iter().map(ToString::to_string).collect(),
        controls: Vec::new(),
        timeout,
    }
}

/// Objects of the schema and of the configuration at most; forests have some thousands.
const CONFIGURATION: usize = 200_000;

/// Reads all pages of a search of the configuration, where a malformed entry is a fault of the server.
fn read_pages(
    session: &Session,
    search: Search,
    page_size: u32,
    doing: &str,
    mut take: impl FnMut(RawEntry),
) -> Result<(), ConnectorError> {
    let mut pages = session.pages(search, page_size, doing, None);
    let mut entries = 0;
    while let Some(page) = pages.next_page()? {
        entries += page.len();
        if entries > CONFIGURATION {
            return Err(request_failed(session.server(), doing, Fault::TooMuch));
        }
        decode_all(page, session.server(), doing)?.into_iter().for_each(&mut take);
    }
    Ok(())
}
