//! The way to one domain: connects, says what answered, and connects again after the connection was lost.

use ldap3::Scope;
use ldap3::asn1::StructureTag;
use secrecy::SecretString;
use uuid::Uuid;

use super::entry::RawEntry;
use super::failure::{Fault, request_failed};
use super::root_dse::{DirectoryFacts, ROOT_DSE_ATTRIBUTES};
use super::session::{Search, Session};
use super::settings::ActiveDirectorySettings;
use super::watermark::Position;
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// Settings, password, and the connection while there is one.
#[derive(Debug)]
pub(super) struct Link {
    settings: ActiveDirectorySettings,
    password: SecretString,
    /// `None` after the connection was lost.
    session: Option<Session>,
    facts: DirectoryFacts,
}

/// A living connection with what is known of its server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Living<'a> {
    pub(super) session: &'a Session,
    pub(super) facts: &'a DirectoryFacts,
    pub(super) settings: &'a ActiveDirectorySettings,
}

impl Link {
    /// Connects to the first server that can be reached, signs in, and asks it what it is.
    pub(super) fn open(settings: ActiveDirectorySettings, password: SecretString) -> Result<Self, ConnectorError> {
        let mut link = Self { settings, password, session: None, facts: DirectoryFacts::default() };
        link.living()?;
        Ok(link)
    }

    /// The same account on the servers of other settings.
    pub(super) fn beside(&self, settings: ActiveDirectorySettings) -> Result<Self, ConnectorError> {
        Self::open(settings, self.password.clone())
    }

    pub(super) fn facts(&self) -> &DirectoryFacts {
        &self.facts
    }

    pub(super) fn settings(&self) -> &ActiveDirectorySettings {
        &self.settings
    }

    /// A connection that lives: the one there is, or a new one to the first server that can be reached.
    pub(super) fn living(&mut self) -> Result<Living<'_>, ConnectorError> {
        if !self.session.as_ref().is_some_and(Session::is_alive) {
            self.session = None;
            let session = Session::open(&self.settings, &self.password)?;
            self.facts = describe(&session, &self.settings)?;
            self.session = Some(session);
        }
        match &self.session {
            Some(session) => Ok(Living { session, facts: &self.facts, settings: &self.settings }),
            None => Err(ConnectorError::new(ConnectorErrorKind::Dropped, "the connection to the directory was lost")),
        }
    }

    /// Gives the connection up; the next question connects again.
    pub(super) fn close(&mut self) {
        self.session = None;
    }

    /// Works with a living connection; one that failed in the middle is given up.
    pub(super) fn work<T>(&mut self, work: impl FnOnce(Living<'_>) -> Result<T, ConnectorError>) -> Result<T, ConnectorError> {
        let result = self.living().and_then(work);
        if result.as_ref().is_err_and(leaves_unusable) {
            self.close();
        }
        result
    }
}

/// True for a failure after which the connection may still carry half an answer.
pub(super) fn leaves_unusable(error: &ConnectorError) -> bool {
    matches!(error.kind, ConnectorErrorKind::Dropped | ConnectorErrorKind::Protocol | ConnectorErrorKind::Cancelled)
}

/// Reads the server's root entry.
fn describe(session: &Session, settings: &ActiveDirectorySettings) -> Result<DirectoryFacts, ConnectorError> {
    let wanted = Search {
        base: String::new(),
        scope: Scope::Base,
        filter: "(objectClass=*)".to_owned(),
        attributes: ROOT_DSE_ATTRIBUTES.iter().map(ToString::to_string).collect(),
        controls: Vec::new(),
        timeout: settings.operation_timeout(),
    };
    let doing = "describe itself (root DSE)";
    let found = session.search(wanted, doing, None)?;
    let entry = decode_all(found, session.server(), doing)?.into_iter().next().unwrap_or_default();
    Ok(DirectoryFacts::read(session.server(), &entry))
}

impl Living<'_> {
    /// A search of one object.
    pub(super) fn base_search(&self, base: &str, attributes: &[&str]) -> Search {
        Search {
            base: base.to_owned(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: attributes.iter().map(ToString::to_string).collect(),
            controls: Vec::new(),
            timeout: self.settings.operation_timeout(),
        }
    }

    /// Reads one object; `None` when it is not there or may not be read.
    pub(super) fn object(&self, search: Search, doing: &str) -> Result<Option<RawEntry>, ConnectorError> {
        match self.session.search(search, doing, None) {
            Ok(found) => Ok(decode_all(found, self.session.server(), doing)?.into_iter().next()),
            Err(error) if matches!(error.kind, ConnectorErrorKind::PartitionMissing | ConnectorErrorKind::Permission) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where the server stands in this partition; `None` when it does not number its changes.
    pub(super) fn position(&self, partition: &str) -> Result<Option<Position>, ConnectorError> {
        if self.facts.highest_usn.is_none() {
            return Ok(None);
        }
        let doing = "say where it stands";
        let number = self.object(self.base_search("", &["highestCommittedUSN"]), doing)?;
        let Some(usn) = number.and_then(|entry| entry.number("highestCommittedUSN")) else { return Ok(None) };
        let service = self.facts.service.clone().unwrap_or_else(|| self.facts.server.clone());
        let invocation = self.object(self.base_search(&service, &["invocationId"]), doing)?;
        let head = self.object(self.base_search(partition, &["objectGUID"]), doing)?;
        let guid = |entry: Option<RawEntry>, name: &str| {
            let octets: [u8; 16] = entry?.first(name)?.try_into().ok()?;
            Some(Uuid::from_bytes_le(octets))
        };
        Ok(Some(Position { service, invocation: guid(invocation, "invocationId"), partition: guid(head, "objectGUID"), usn }))
    }

    /// True when the account sees what is left of deleted objects.
    pub(super) fn sees_deletions(&self, partition: &str) -> Result<bool, ConnectorError> {
        let mut search = self.base_search(&format!("<WKGUID={DELETED_OBJECTS},{partition}>"), &["objectClass"]);
        search.controls.push(show_deleted());
        // Without the right, a server may show that the container is there, but nothing of it.
        let container = self.object(search, "show its container of deleted objects")?;
        Ok(container.is_some_and(|container| container.first("objectClass").is_some()))
    }
}

/// Well-known GUID of the container of deleted objects.
const DELETED_OBJECTS: &str = "18E2EA80684F11D2B9AA00C04F79F805";

/// The control with which a search gives deleted objects too.
pub(super) fn show_deleted() -> ldap3::controls::RawControl {
    ldap3::controls::RawControl { ctype: "1.2.840.113556.1.4.417".to_owned(), crit: true, val: None }
}

/// Decodes entries of the configuration, where a malformed one is a fault of the server.
pub(super) fn decode_all(tags: Vec<StructureTag>, server: &str, doing: &str) -> Result<Vec<RawEntry>, ConnectorError> {
    tags.into_iter()
        .map(|tag| RawEntry::decode(tag).map_err(|fault| request_failed(server, doing, Fault::Malformed(fault.reason))))
        .collect()
}
