//! The connector: opens, asks, and connects again when the connection was lost in between.

use std::time::Duration;

use ldap3::Scope;
use ldap3::asn1::StructureTag;
use ldap3::controls::RawControl;
use secrecy::SecretString;

use super::entry::RawEntry;
use super::failure::{Fault, request_failed};
use super::import::ImportPlan;
use super::partitions::{self, CROSS_REFERENCE_ATTRIBUTES};
use super::root_dse::{DirectoryFacts, ROOT_DSE_ATTRIBUTES, dn_to_dns};
use super::schema::{self, SchemaReader};
use super::session::{Search, Session};
use super::settings::ActiveDirectorySettings;
use crate::connector::{
    CancelToken, Capabilities, Connector, ConnectorError, ConnectorErrorKind, DirectoryPartition, DiscoveryError, ExportChange,
    ExportResult, ImportItem, ImportMode, ImportRequest, ImportSummary,
};
use crate::model::{ErrorCode, ObjectError, Schema};

/// Asks for `<GUID=…>;<SID=…>;DN` instead of DNs alone.
const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";

/// A signed-in connection to one forest.
#[derive(Debug)]
pub struct ActiveDirectoryConnector {
    settings: ActiveDirectorySettings,
    password: SecretString,
    /// `None` after the connection was lost; the next call connects again.
    session: Option<Session>,
    facts: DirectoryFacts,
}

impl ActiveDirectoryConnector {
    /// Connects to the first server of the settings that can be reached, signs in, and reads what the
    /// server says of itself.
    ///
    /// # Errors
    /// [`ConnectorError`] says which server was tried, what failed (name, connection, certificate,
    /// sign-in) and what to do.
    pub fn open(settings: ActiveDirectorySettings, password: SecretString) -> Result<Self, ConnectorError> {
        let mut connector = Self { settings, password, session: None, facts: DirectoryFacts::default() };
        connector.reconnect()?;
        Ok(connector)
    }

    /// What the connected server says of itself and of its forest.
    #[must_use]
    pub fn facts(&self) -> &DirectoryFacts {
        &self.facts
    }

    fn reconnect(&mut self) -> Result<(), ConnectorError> {
        let (session, facts) = connect(&self.settings, &self.password)?;
        self.facts = facts;
        self.session = Some(session);
        Ok(())
    }

    /// Works with a living connection; one that failed in the middle is given up.
    fn with_session<T>(
        &mut self,
        work: impl FnOnce(&Session, &DirectoryFacts, &ActiveDirectorySettings) -> Result<T, ConnectorError>,
    ) -> Result<T, ConnectorError> {
        if !self.session.as_ref().is_some_and(Session::is_alive) {
            self.session = None;
            self.reconnect()?;
        }
        let Some(session) = &self.session else {
            return Err(ConnectorError::new(ConnectorErrorKind::Dropped, "the connection to the directory was lost"));
        };
        let result = work(session, &self.facts, &self.settings);
        if let Err(error) = &result
            && matches!(error.kind, ConnectorErrorKind::Dropped | ConnectorErrorKind::Protocol | ConnectorErrorKind::Cancelled)
        {
            self.session = None;
        }
        result
    }
}

impl Connector for ActiveDirectoryConnector {
    fn capabilities(&self) -> Capabilities {
        Capabilities { delta_import: false, export: false, rename: true, value_level_updates: true, deletion_threshold: false }
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        self.with_session(|session, facts, settings| {
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
        self.with_session(|session, facts, settings| {
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

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        if let ImportMode::Delta(_) = request.mode {
            return Err(ConnectorError::new(
                ConnectorErrorKind::NoWatermark,
                "this connector cannot ask Active Directory for changes only: run a full import",
            ));
        }
        let password = self.password.clone();
        self.with_session(|session, facts, settings| {
            match settings_of_domain(settings, &request.partition).filter(|_| !facts.holds(&request.partition)) {
                // Another domain of the forest has its own domain controllers.
                Some(settings) => {
                    let (session, facts) = connect(&settings, &password)?;
                    full_import(&session, &facts, &settings, request, sink)
                }
                None => full_import(session, facts, settings, request, sink),
            }
        })
    }

    fn export(&mut self, _changes: &[ExportChange], _cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        Err(ConnectorError::new(
            ConnectorErrorKind::ExportDisabled,
            "this connector cannot write to Active Directory: nothing was exported",
        )
        .server(&self.facts.server))
    }
}

/// Connects, signs in and asks the server what it is.
fn connect(settings: &ActiveDirectorySettings, password: &SecretString) -> Result<(Session, DirectoryFacts), ConnectorError> {
    let session = Session::open(settings, password)?;
    let doing = "describe itself (root DSE)";
    let wanted = search("", Scope::Base, "(objectClass=*)", ROOT_DSE_ATTRIBUTES, settings.operation_timeout());
    let found = session.search(wanted, doing, None)?;
    let entry = decode_all(found, session.server(), doing)?.into_iter().next().unwrap_or_default();
    let facts = DirectoryFacts::read(session.server(), &entry);
    Ok((session, facts))
}

fn full_import(
    session: &Session,
    facts: &DirectoryFacts,
    settings: &ActiveDirectorySettings,
    request: &ImportRequest,
    sink: &mut dyn FnMut(ImportItem) -> bool,
) -> Result<ImportSummary, ConnectorError> {
    let plan = ImportPlan::new(request, facts.active_directory)?;
    if !facts.holds(&request.partition) {
        return Err(not_held(facts, &request.partition));
    }
    let timeout = if request.timeout_secs == 0 {
        settings.operation_timeout()
    } else {
        Duration::from_secs(u64::from(request.timeout_secs))
    };
    let page_size = if request.page_size == 0 { settings.page_size } else { request.page_size };
    let requested: Vec<&str> = plan.requested.iter().map(String::as_str).collect();
    for base in &plan.bases {
        let doing = format!("give the objects under {base}");
        let wanted = search(base, Scope::Subtree, &plan.filter, &requested, timeout);
        let mut pages = session.pages(wanted, page_size, &doing, Some(&request.cancel));
        while let Some(page) = pages.next_page()? {
            tracing::debug!(entries = page.len(), %base, "page read");
            for tag in page {
                if request.cancel.is_cancelled() {
                    return Err(request_failed(session.server(), &doing, Fault::Cancelled));
                }
                let item = match RawEntry::decode(tag) {
                    Ok(entry) => plan.item(entry, session, timeout, request)?,
                    Err(fault) => Some(ImportItem::Bad(DiscoveryError {
                        dn: fault.dn,
                        error: ObjectError::new(ErrorCode::PARSE_ERROR, fault.reason),
                    })),
                };
                if let Some(item) = item
                    && !sink(item)
                {
                    return Err(request_failed(session.server(), &doing, Fault::Cancelled));
                }
            }
        }
    }
    let warnings = plan
        .unknown_types
        .iter()
        .map(|name| format!("the directory's schema has no object type \"{name}\", no such object was read: refresh the schema"))
        .collect();
    Ok(ImportSummary { watermark: None, server: Some(session.server().to_owned()), warnings })
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

/// Reads all pages of a search of the configuration, where a malformed entry is a fault of the server.
fn read_pages(
    session: &Session,
    search: Search,
    page_size: u32,
    doing: &str,
    mut take: impl FnMut(RawEntry),
) -> Result<(), ConnectorError> {
    let mut pages = session.pages(search, page_size, doing, None);
    while let Some(page) = pages.next_page()? {
        decode_all(page, session.server(), doing)?.into_iter().for_each(&mut take);
    }
    Ok(())
}

fn decode_all(tags: Vec<StructureTag>, server: &str, doing: &str) -> Result<Vec<RawEntry>, ConnectorError> {
    tags.into_iter()
        .map(|tag| RawEntry::decode(tag).map_err(|fault| request_failed(server, doing, Fault::Malformed(fault.reason))))
        .collect()
}
