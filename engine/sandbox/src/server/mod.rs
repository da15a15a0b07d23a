//! The running tenant: one named thread with its own runtime, an HTTP and an HTTPS listener on loopback.

mod connection;
mod dispatch;
mod faults;
pub(crate) mod files;
pub(crate) mod http;
mod journal;
mod scramble;
mod served;
mod tls;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;
use uuid::Uuid;

use crate::file::DATABASE;
use crate::sign_in::keys::SigningKey;
use crate::sign_in::{assertion, secrets};
use crate::tenant::Tenant;
use crate::{SandboxError, SandboxOptions, store};
use faults::Faults;
use journal::Journal;
pub use served::Served;

/// What every request works on.
struct Shared {
    tenant: Mutex<Tenant>,
    key: SigningKey,
    control: bool,
    /// The address of this computer that HTTPS is served on besides loopback's names.
    address: Option<IpAddr>,
    faults: Mutex<Faults>,
    journal: Mutex<Journal>,
}

/// Locks; a request that panicked does not take the tenant down with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running sandbox tenant; dropping it stops it.
pub struct Sandbox {
    shared: Arc<Shared>,
    tenant_id: Uuid,
    initial_domain: String,
    client_id: String,
    folder: PathBuf,
    http_port: u16,
    https_port: u16,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts the tenant of the folder, or a new one if the folder holds none.
    pub fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
        if options.address.is_some_and(|address| address.is_unspecified()) {
            return Err(SandboxError::Address);
        }
        files::make_folder(&options.folder)?;
        let path = options.folder.join(DATABASE);
        files::make_private(&path)?;
        let db = store::open(&path)?;
        let tenant = Tenant::open(db, &options)?;
        let key = SigningKey::open(&options.folder.join("signing-key.pem"))?;
        let tls = tls::open(&options.folder, options.address)?;
        let http = listen(&tenant, "http_port", Ipv4Addr::LOCALHOST.into(), options.http_port)?;
        let https = listen(&tenant, "https_port", options.address.unwrap_or(Ipv4Addr::LOCALHOST.into()), options.https_port)?;

        let tenant_id = tenant.tenant_id();
        let initial_domain = tenant.initial_domain().to_owned();
        let client_id = tenant.client_id().to_owned();
        let shared = Arc::new(Shared {
            tenant: Mutex::new(tenant),
            key,
            control: options.control,
            address: options.address,
            faults: Mutex::new(Faults::default()),
            journal: Mutex::new(Journal::default()),
        });
        let (stop, stopped) = watch::channel(false);
        let listeners = connection::Listeners { http: http.listener, https: https.listener, tls };
        let thread = connection::spawn(shared.clone(), listeners, stopped)?;
        tracing::info!(port = http.port, tls_port = https.port, domain = %initial_domain, "sandbox tenant started");
        let sandbox = Sandbox {
            shared,
            tenant_id,
            initial_domain,
            client_id,
            folder: options.folder.clone(),
            http_port: http.port,
            https_port: https.port,
            stop,
            thread: Some(thread),
        };
        sandbox.served().write(&sandbox.folder)?;
        Ok(sandbox)
    }

    /// The tenant and its addresses; other processes learn them by [`Served::of`].
    pub fn served(&self) -> Served {
        Served {
            tenant_id: self.tenant_id,
            initial_domain: self.initial_domain.clone(),
            client_id: self.client_id.clone(),
            http_url: self.http_url(),
            https_url: self.https_url(),
            ca_pem: self.ca_pem(),
        }
    }

    /// Address of the HTTP listener, for instance `http://127.0.0.1:41234`.
    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    /// Address of the HTTPS listener, for instance `https://localhost:41235`.
    pub fn https_url(&self) -> String {
        match self.shared.address {
            None => format!("https://localhost:{}", self.https_port),
            Some(address) => format!("https://{}", SocketAddr::new(address, self.https_port)),
        }
    }

    /// File with the certificate authority that HTTPS clients must trust.
    pub fn ca_pem(&self) -> PathBuf {
        self.folder.join(tls::CA_FILE)
    }

    /// Id of the tenant.
    pub fn tenant_id(&self) -> Uuid {
        self.tenant_id
    }

    /// The domain the tenant was born with, for instance `contoso.onmicrosoft.com`.
    pub fn initial_domain(&self) -> &str {
        &self.initial_domain
    }

    /// Id of the application registered for the synchronization client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Makes a further secret for the application; only its hash is kept, so it is readable here alone.
    pub fn new_client_secret(&self) -> Result<String, SandboxError> {
        secrets::create(&lock(&self.shared.tenant), &self.client_id)
    }

    /// Registers a certificate (PEM) for the application, so that it can sign in with an assertion.
    pub fn add_client_certificate(&self, pem: &str) -> Result<(), SandboxError> {
        assertion::register(&lock(&self.shared.tenant), &self.client_id, pem)
    }

    /// Stops the tenant and waits until its thread has ended.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        Served::remove(&self.folder);
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the sandbox tenant's thread ended by a panic");
        }
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("tenant_id", &self.tenant_id)
            .field("initial_domain", &self.initial_domain)
            .field("http_port", &self.http_port)
            .field("https_port", &self.https_port)
            .finish_non_exhaustive()
    }
}

struct Opened {
    listener: TcpListener,
    port: u16,
}

/// Opens a listener on the wanted port, or on the one of the last start, or on a free one.
fn listen(tenant: &Tenant, setting: &str, address: IpAddr, wanted: u16) -> Result<Opened, SandboxError> {
    let failed = |port: u16| move |source: std::io::Error| SandboxError::Listen { address, port, source };
    let remembered = store::setting(&tenant.db, setting)?.and_then(|port| port.parse::<u16>().ok()).filter(|_| wanted == 0);
    let again = remembered.and_then(|port| TcpListener::bind((address, port)).ok());
    let listener = match again {
        Some(listener) => listener,
        None => TcpListener::bind((address, wanted)).map_err(failed(wanted))?,
    };
    listener.set_nonblocking(true).map_err(failed(wanted))?;
    let port = listener.local_addr().map_err(failed(wanted))?.port();
    store::set_setting(&tenant.db, setting, &port.to_string())?;
    Ok(Opened { listener, port })
}
