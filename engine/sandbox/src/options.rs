//! How a sandbox tenant is started, and what can go wrong while starting it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

/// Where the tenant reads the time; tests hand in a fixed one.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Settings of one sandbox tenant.
///
/// `tenant_name` and `verified_domains` are used when the folder holds no tenant yet; an existing tenant
/// keeps its own.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Folder of the tenant: `sandbox.db`, `ca.pem` and the key files live here.
    pub folder: PathBuf,
    /// First label of the initial domain: `contoso` makes `contoso.onmicrosoft.com`.
    pub tenant_name: String,
    /// Further domains that are verified from the start.
    pub verified_domains: Vec<String>,
    /// Address of this computer that HTTPS is served on in place of 127.0.0.1, for clients on other computers. HTTP, which
    /// protects nothing, stays on 127.0.0.1.
    pub address: Option<IpAddr>,
    /// Port of the HTTP listener on 127.0.0.1; 0 takes the port of the last start, or a free one.
    pub http_port: u16,
    /// Port of the HTTPS listener; 0 takes the port of the last start, or a free one.
    pub https_port: u16,
    /// Serve the control API under `/sandbox/v1` over HTTP; it bypasses every check and is meant for tests and demos.
    pub control: bool,
    /// Source of the time.
    pub clock: Clock,
    /// Seed of identifiers and placeholder digits; `None` takes randomness from the operating system.
    pub seed: Option<u64>,
}

impl SandboxOptions {
    /// Settings with free ports, the system's clock and no control API.
    pub fn new(folder: impl Into<PathBuf>, tenant_name: &str) -> Self {
        Self {
            folder: folder.into(),
            tenant_name: tenant_name.to_owned(),
            verified_domains: Vec::new(),
            address: None,
            http_port: 0,
            https_port: 0,
            control: false,
            clock: Arc::new(Timestamp::now),
            seed: None,
        }
    }
}

impl std::fmt::Debug for SandboxOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxOptions")
            .field("folder", &self.folder)
            .field("tenant_name", &self.tenant_name)
            .field("verified_domains", &self.verified_domains)
            .field("address", &self.address)
            .field("http_port", &self.http_port)
            .field("https_port", &self.https_port)
            .field("control", &self.control)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// Why the tenant could not be started or could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// A file of the tenant's folder cannot be read or written.
    #[error("cannot use file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The SQLite file refused an operation.
    #[error("the tenant's database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The SQLite file was written by a later version of the program.
    #[error("the tenant's database has version {found}, this program knows {known}; start a newer program")]
    NewerDatabase {
        /// Version found in the file.
        found: i64,
        /// Latest version this program can read.
        known: i64,
    },
    /// Another process, or another `Sandbox` of this one, runs the tenant of the folder.
    #[error("the tenant of {0} is already running; stop it or use its address")]
    InUse(PathBuf),
    /// A stored value cannot be read back.
    #[error("the tenant's database holds an unreadable value: {0}")]
    Damaged(String),
    /// The tenant's name or one of its domains is not a usable name.
    #[error("'{0}' is not a usable domain name; use letters, digits and hyphens")]
    Domain(String),
    /// HTTPS was to be served on no address in particular.
    #[error("0.0.0.0 and :: name no computer, and the certificate must name one; give one address of this computer")]
    Address,
    /// The folder holds no tenant.
    #[error("{0} is not the folder of a tenant")]
    NotATenant(PathBuf),
    /// The folder holds a tenant already.
    #[error("{0} holds a tenant already; choose another folder")]
    Exists(PathBuf),
    /// The folder for a new tenant holds something else.
    #[error("{0} is not empty and holds no tenant; choose another folder")]
    NotEmpty(PathBuf),
    /// There is no synchronization feature of the name.
    #[error("'{name}' is not a feature; there are {known}")]
    Feature {
        /// The wanted name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// No application is registered under the id.
    #[error("no application of the tenant has the id '{0}'")]
    Application(String),
    /// A file cannot be brought into the tenant; nothing of it was.
    #[error("the file cannot be loaded: {0}")]
    Load(String),
    /// No listener could be opened.
    #[error("cannot listen on {address} port {port}: {source}; choose another port or 0")]
    Listen {
        /// The wanted address.
        address: IpAddr,
        /// The wanted port.
        port: u16,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The server's thread or runtime could not be started.
    #[error("cannot start the tenant's thread: {0}")]
    Thread(std::io::Error),
    /// A key or certificate could not be made or read.
    #[error("cannot prepare the tenant's keys: {0}")]
    Keys(String),
}
