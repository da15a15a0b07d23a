//! The way to one server: connects, says what answered, and connects again after the connection was lost.

use ldap3::Scope;
use ldap3::asn1::StructureTag;
use secrecy::SecretString;

use super::directory::Directory;
use super::entry::RawEntry;
use super::failure::{Fault, request_failed};
use super::observe::Observer;
use super::outlet::Outlet;
use super::server::{Named, ServerSettings};
use super::session::{Search, Session};
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// Settings, password, and the connection while there is one.
#[derive(Debug)]
pub(in crate::connector) struct Link<D: Directory> {
    settings: D,
    password: SecretString,
    /// `None` after the connection was lost.
    session: Option<Session>,
    facts: D::Facts,
    /// Is told of every search.
    observer: Option<Observer>,
}

/// A living connection with what is known of its server.
#[derive(Debug)]
pub(in crate::connector) struct Living<'a, D: Directory> {
    pub(in crate::connector) session: &'a Session,
    pub(in crate::connector) facts: &'a D::Facts,
    pub(in crate::connector) settings: &'a D,
}

impl<D: Directory> Clone for Living<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Directory> Copy for Living<'_, D> {}

impl<D: Directory> Link<D> {
    /// Connects to the first server that can be reached, signs in, and asks it what it is.
    pub(in crate::connector) fn open(settings: D, password: SecretString) -> Result<Self, ConnectorError> {
        let mut link = Self { settings, password, session: None, facts: D::Facts::default(), observer: None };
        link.living()?;
        Ok(link)
    }

    /// Has somebody told of every search from now on.
    pub(in crate::connector) fn observe(&mut self, observer: Observer) {
        if let Some(session) = &mut self.session {
            session.observe(observer.clone());
        }
        self.observer = Some(observer);
    }

    /// The same account on the servers of other settings.
    pub(in crate::connector) fn beside(&self, settings: D) -> Result<Self, ConnectorError> {
        let mut link = Self::open(settings, self.password.clone())?;
        if let Some(observer) = &self.observer {
            link.observe(observer.clone());
        }
        Ok(link)
    }

    pub(in crate::connector) fn facts(&self) -> &D::Facts {
        &self.facts
    }

    pub(in crate::connector) fn settings(&self) -> &D {
        &self.settings
    }

    /// A connection that lives: the one there is, or a new one to the first server that can be reached.
    pub(in crate::connector) fn living(&mut self) -> Result<Living<'_, D>, ConnectorError> {
        if !self.session.as_ref().is_some_and(Session::is_alive) {
            self.session = None;
            let server = self.settings.server()?;
            let mut session = Session::open(&server, &self.password)?;
            if let Some(observer) = &self.observer {
                session.observe(observer.clone());
            }
            self.facts = describe(&session, &self.settings, &server)?;
            self.session = Some(session);
        }
        match &self.session {
            Some(session) => Ok(Living { session, facts: &self.facts, settings: &self.settings }),
            None => Err(ConnectorError::new(ConnectorErrorKind::Dropped, "the connection to the directory was lost")),
        }
    }

    /// Gives the connection up; the next question connects again.
    pub(in crate::connector) fn close(&mut self) {
        self.session = None;
    }

    /// Works with a living connection; one that failed in the middle is given up.
    pub(in crate::connector) fn work<T>(
        &mut self,
        work: impl FnOnce(Living<'_, D>) -> Result<T, ConnectorError>,
    ) -> Result<T, ConnectorError> {
        let result = self.living().and_then(work);
        if result.as_ref().is_err_and(leaves_unusable) {
            self.close();
        }
        result
    }

    /// Works with a living connection, and once more with a new one each time that it was lost, as long as that brings
    /// anything new.
    pub(in crate::connector) fn persist<T>(
        &mut self,
        out: &mut Outlet<'_>,
        mut work: impl FnMut(Living<'_, D>, &mut Outlet<'_>) -> Result<T, ConnectorError>,
    ) -> Result<T, ConnectorError> {
        loop {
            match self.work(|living| work(living, out)) {
                Err(error) if out.outlives(&error) => tracing::warn!(%error, "connecting again"),
                result => return result,
            }
        }
    }
}

/// True for a failure after which the connection may still carry half an answer.
pub(in crate::connector) fn leaves_unusable(error: &ConnectorError) -> bool {
    matches!(error.kind, ConnectorErrorKind::Dropped | ConnectorErrorKind::Protocol | ConnectorErrorKind::Cancelled)
}

/// Reads the server's root entry.
fn describe<D: Directory>(session: &Session, settings: &D, server: &ServerSettings) -> Result<D::Facts, ConnectorError> {
    let wanted = Search {
        base: String::new(),
        scope: Scope::Base,
        filter: "(objectClass=*)".to_owned(),
        attributes: D::ROOT_ATTRIBUTES.iter().map(ToString::to_string).collect(),
        controls: Vec::new(),
        timeout: server.operation_timeout,
    };
    let doing = "describe itself (root DSE)";
    let found = session.search(wanted, doing, None)?;
    let entry = decode_all(found, session.server(), doing)?.into_iter().next().unwrap_or_default();
    Ok(settings.facts(&session.server().name, &entry))
}

impl<D: Directory> Living<'_, D> {
    /// The failure of a delta import that cannot go on from its watermark.
    pub(in crate::connector) fn no_watermark(&self, reason: &str) -> ConnectorError {
        let server = self.session.server();
        let message = format!("{server} cannot tell what changed since the last import: {reason}: run a full import");
        ConnectorError::new(ConnectorErrorKind::NoWatermark, message).server(server)
    }

    /// A search of one object.
    pub(in crate::connector) fn base_search(&self, base: &str, attributes: &[&str]) -> Search {
        Search {
            base: base.to_owned(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: attributes.iter().map(ToString::to_string).collect(),
            controls: Vec::new(),
            timeout: self.session.timeout(),
        }
    }

    /// Reads one object; `None` when it is not there or may not be read.
    pub(in crate::connector) fn object(&self, search: Search, doing: &str) -> Result<Option<RawEntry>, ConnectorError> {
        match self.session.search(search, doing, None) {
            Ok(found) => Ok(decode_all(found, self.session.server(), doing)?.into_iter().next()),
            Err(error) if matches!(error.kind, ConnectorErrorKind::PartitionMissing | ConnectorErrorKind::Permission) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Decodes entries of the configuration, where a malformed one is a fault of the server.
pub(in crate::connector) fn decode_all(
    tags: Vec<StructureTag>,
    server: &Named,
    doing: &str,
) -> Result<Vec<RawEntry>, ConnectorError> {
    tags.into_iter()
        .map(|tag| RawEntry::decode(tag).map_err(|fault| request_failed(server, doing, Fault::Malformed(fault.reason))))
        .collect()
}
