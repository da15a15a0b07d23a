//! The Generic LDAP connector against a real OpenLDAP server (`fixtures/openldap.sh`).
//!
//! Reads `SYNCLINE_TEST_LDAP_*`; without them every test says that it was skipped, unless
//! `SYNCLINE_REQUIRE_SERVERS=1` demands the server. A test that stops the server has it for itself.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic, its helpers too")]

mod changes;
mod failing;
mod reading;
mod runs;
mod writing;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use secrecy::SecretString;
use syncline_engine::connector::generic_ldap::{ConnectionSecurity, GenericLdapConnector, GenericLdapSettings};
use syncline_engine::connector::{
    Anchor, CancelToken, Connector, ConnectorError, EntryAttributes, ImportItem, ImportMode, ImportRequest, ImportSummary,
    Watermark,
};
use syncline_engine::model::Dn;
use uuid::Uuid;

const ATTRIBUTES: &[&str] =
    &["cn", "description", "displayName", "jpegPhoto", "mail", "manager", "member", "ou", "sn", "title", "uid"];

/// Tests share the server; who stops it has it alone.
static SERVER: RwLock<()> = RwLock::new(());

/// Held for as long as a test works on the server, with others or alone.
type Hold = (Option<RwLockReadGuard<'static, ()>>, Option<RwLockWriteGuard<'static, ()>>);

/// The fixture, as its script describes it.
struct Server {
    host: String,
    address: String,
    port: u16,
    tls_port: u16,
    base: String,
    ca_file: PathBuf,
    user: String,
    password: String,
    admin: String,
    admin_password: String,
    _hold: Hold,
}

/// The fixture; `None` after saying that the test is skipped.
fn server(test: &str) -> Option<Server> {
    open_server(test, || (Some(SERVER.read().unwrap_or_else(PoisonError::into_inner)), None))
}

/// The fixture for a test that stops the server.
fn server_alone(test: &str) -> Option<Server> {
    open_server(test, || (None, Some(SERVER.write().unwrap_or_else(PoisonError::into_inner))))
}

fn open_server(test: &str, hold: impl FnOnce() -> Hold) -> Option<Server> {
    let variable = |name: &str| std::env::var(format!("SYNCLINE_TEST_LDAP_{name}")).ok();
    let read = || {
        Some(Server {
            host: variable("HOST")?,
            address: variable("ADDRESS")?,
            port: variable("PORT")?.parse().unwrap(),
            tls_port: variable("TLS_PORT")?.parse().unwrap(),
            base: variable("BASE")?,
            ca_file: variable("CA_FILE")?.into(),
            user: variable("USER")?,
            password: variable("PASSWORD")?,
            admin: variable("ADMIN_USER")?,
            admin_password: variable("ADMIN_PASSWORD")?,
            _hold: hold(),
        })
    };
    let server = read();
    if server.is_none() {
        let required = std::env::var("SYNCLINE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "{test} needs OpenLDAP: SYNCLINE_TEST_LDAP_* is not set, see fixtures/openldap.sh");
        println!("{test} was skipped: SYNCLINE_TEST_LDAP_* is not set, see fixtures/openldap.sh");
    }
    server
}

impl Server {
    fn settings(&self, security: ConnectionSecurity) -> GenericLdapSettings {
        let port = if security == ConnectionSecurity::Ldaps { self.tls_port } else { self.port };
        GenericLdapSettings {
            servers: vec![format!("{}:{port}", self.host)],
            address: Some(self.address.parse().unwrap()),
            user: self.user.clone(),
            security,
            ca_file: Some(self.ca_file.clone()),
            ..GenericLdapSettings::default()
        }
    }

    fn open(&self, settings: GenericLdapSettings) -> Result<GenericLdapConnector, ConnectorError> {
        GenericLdapConnector::open(settings, SecretString::from(self.password.clone()))
    }

    /// A connection of the administrator, who may write.
    fn open_writer(&self) -> GenericLdapConnector {
        let settings = GenericLdapSettings { user: self.admin.clone(), ..self.settings(ConnectionSecurity::Ldaps) };
        GenericLdapConnector::open(settings, SecretString::from(self.admin_password.clone())).unwrap()
    }

    /// Changes the directory behind the connector's back.
    fn change(&self, ldif: &str) {
        let mut password = tempfile::NamedTempFile::new().unwrap();
        password.write_all(self.admin_password.as_bytes()).unwrap();
        let mut child = Command::new("ldapmodify")
            .args(["-x", "-H", &format!("ldap://{}:{}", self.address, self.port), "-D", &self.admin, "-y"])
            .arg(password.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(ldif.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}\n{ldif}", String::from_utf8_lossy(&output.stderr));
    }

    /// Stops or starts the server.
    fn control(&self, command: &str) {
        let folder = self.ca_file.ancestors().nth(3).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/openldap.sh");
        let output = Command::new(script).arg(command).arg(folder).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A new container of its own for a test.
    fn unit(&self, partition: &str) -> String {
        let dn = format!("ou=Test {},{partition}", Uuid::new_v4());
        self.change(&format!("dn: {dn}\nchangetype: add\nobjectClass: organizationalUnit\n"));
        dn
    }

    /// A request for people, groups and containers of a partition, below one name.
    fn request(&self, connector: &mut GenericLdapConnector, partition: &str, below: &str) -> ImportRequest {
        ImportRequest {
            mode: ImportMode::Full,
            partition: partition.to_owned(),
            elsewhere: Vec::new(),
            object_types: ["inetOrgPerson", "groupOfNames", "organizationalUnit"].map(str::to_owned).to_vec(),
            attributes: ATTRIBUTES.iter().map(ToString::to_string).collect(),
            include: if below == partition { Vec::new() } else { vec![Dn::parse(below).unwrap()] },
            exclude: Vec::new(),
            page_size: 200,
            timeout_secs: 60,
            schema: Arc::new(connector.schema().unwrap()),
            cancel: CancelToken::default(),
        }
    }
}

/// What a connector space would hold: names and attributes by identity.
type Held = BTreeMap<Vec<u8>, (String, String, EntryAttributes)>;

/// Imports into what is held; gives the number of items and how it ended.
fn import(connector: &mut GenericLdapConnector, request: &ImportRequest, held: &mut Held) -> (usize, ImportSummary) {
    let mut items = 0;
    let summary = connector.import(request, &mut |item| {
        items += 1;
        match item {
            ImportItem::Entry(entry) => {
                held.insert(entry.anchor.0, (entry.dn, entry.object_type, entry.attributes));
            }
            ImportItem::Deleted { anchor: Anchor(anchor), .. } | ImportItem::Filtered { anchor: Some(Anchor(anchor)), .. } => {
                held.remove(&anchor);
            }
            ImportItem::Filtered { anchor: None, .. } => {}
            ImportItem::Bad(bad) => panic!("{bad:?}"),
        }
        true
    });
    let summary = summary.unwrap();
    if let Some(present) = &summary.present {
        let present: std::collections::BTreeSet<&[u8]> = present.iter().collect();
        held.retain(|anchor, _| present.contains(anchor.as_slice()));
    }
    (items, summary)
}

/// Everything there is.
fn full(connector: &mut GenericLdapConnector, request: &ImportRequest) -> (Held, Vec<u8>) {
    let mut held = Held::new();
    let request = ImportRequest { mode: ImportMode::Full, ..request.clone() };
    let (_, summary) = import(connector, &request, &mut held);
    (held, summary.watermark.unwrap())
}

/// A request for what changed.
fn since(request: &ImportRequest, watermark: &[u8]) -> ImportRequest {
    ImportRequest { mode: ImportMode::Delta(Watermark(watermark.to_vec())), ..request.clone() }
}

/// The names of what is held.
fn names(held: &Held) -> Vec<&str> {
    let mut names: Vec<&str> = held.values().map(|(dn, _, _)| dn.as_str()).collect();
    names.sort_unstable();
    names
}
