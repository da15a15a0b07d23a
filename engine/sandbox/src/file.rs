//! A tenant's folder without a server: making a tenant, filling it, and writing down what it holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::control;
use crate::dirsync::Stop;
use crate::schema::Kind;
use crate::server::files;
use crate::sign_in::secrets;
use crate::store::objects;
use crate::tenant::{Domain, FEATURES, Tenant, dump};
use crate::{SandboxError, SandboxOptions, store};

/// The database of a tenant's folder.
pub(crate) const DATABASE: &str = "sandbox.db";

/// The folder of a tenant that is not running; while this value lives, no other process can use it.
pub struct TenantFile {
    tenant: Tenant,
    folder: PathBuf,
}

/// What a tenant is and how much it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantFacts {
    /// Id of the tenant.
    pub tenant_id: Uuid,
    /// The domain the tenant was born with.
    pub initial_domain: String,
    /// Every domain, by name.
    pub domains: Vec<DomainFacts>,
    /// Names of the synchronization features that are on.
    pub features: Vec<String>,
    /// Id of the application registered with the tenant.
    pub client_id: String,
    /// Live objects by type.
    pub objects: BTreeMap<String, u64>,
}

/// One domain of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomainFacts {
    /// Its name.
    pub name: String,
    /// The tenant was born with it.
    pub initial: bool,
    /// Its addresses may be used.
    pub verified: bool,
    /// `Managed` or `Federated`.
    pub authentication: String,
}

/// What a file brought into a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Objects that are there now.
    pub objects: usize,
    /// Applications that are registered now.
    pub clients: Vec<LoadedClient>,
}

/// An application that a file registered.
#[derive(Clone, PartialEq, Eq)]
pub struct LoadedClient {
    /// Its name.
    pub name: String,
    /// Its id.
    pub client_id: String,
    /// Its secret, readable here alone; an application of a dump has none.
    pub client_secret: Option<String>,
}

impl std::fmt::Debug for LoadedClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedClient").field("name", &self.name).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for TenantFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantFile").field("tenant_id", &self.tenant.tenant_id()).finish_non_exhaustive()
    }
}

impl TenantFile {
    /// Makes a tenant in a new or empty folder.
    ///
    /// # Errors
    /// [`SandboxError`] when the folder holds a tenant or something else, or a name is no domain; nothing is made then.
    pub fn create(options: &SandboxOptions) -> Result<TenantFile, SandboxError> {
        Tenant::check_names(options)?;
        let folder = &options.folder;
        if !folder.join(DATABASE).is_file() && !is_empty(folder)? {
            return Err(SandboxError::NotEmpty(folder.clone()));
        }
        let db = database(folder)?;
        if store::setting(&db, "tenant_id")?.is_some() {
            return Err(SandboxError::Exists(folder.clone()));
        }
        Ok(TenantFile { tenant: Tenant::open(db, options)?, folder: folder.clone() })
    }

    /// Opens the tenant of a folder.
    ///
    /// # Errors
    /// [`SandboxError`] when there is none, or it is running.
    pub fn open(folder: &Path) -> Result<TenantFile, SandboxError> {
        if !Self::exists(folder) {
            return Err(SandboxError::NotATenant(folder.to_owned()));
        }
        let db = database(folder)?;
        if store::setting(&db, "tenant_id")?.is_none() {
            return Err(SandboxError::NotATenant(folder.to_owned()));
        }
        Ok(TenantFile { tenant: Tenant::open(db, &SandboxOptions::new(folder, ""))?, folder: folder.to_owned() })
    }

    /// Removes a tenant that could not be made as wanted, and its folder if nothing else is in it.
    pub fn discard(self) {
        drop(self.tenant);
        for suffix in ["", "-wal", "-shm"] {
            // What cannot be removed is no tenant, because it was never told to anybody.
            std::fs::remove_file(self.folder.join(format!("{DATABASE}{suffix}"))).ok();
        }
        std::fs::remove_dir(&self.folder).ok();
    }

    /// Whether the folder holds the database of a tenant.
    #[must_use]
    pub fn exists(folder: &Path) -> bool {
        folder.join(DATABASE).is_file()
    }

    /// What the tenant is and how much it holds.
    ///
    /// # Errors
    /// [`SandboxError`] when the database cannot be read.
    pub fn facts(&self) -> Result<TenantFacts, SandboxError> {
        let tenant = &self.tenant;
        let mut counts = BTreeMap::new();
        for kind in Kind::ALL {
            let count = objects::count_live(&tenant.db, kind)?;
            counts.insert(kind.name().to_owned(), u64::try_from(count).unwrap_or(0));
        }
        let domain = |domain: &Domain| DomainFacts {
            name: domain.name.clone(),
            initial: domain.is_initial,
            verified: domain.is_verified,
            authentication: domain.authentication.clone(),
        };
        let on = FEATURES.iter().filter(|(flag, _)| tenant.has(*flag));
        Ok(TenantFacts {
            tenant_id: tenant.tenant_id(),
            initial_domain: tenant.initial_domain().to_owned(),
            domains: tenant.domains().iter().map(domain).collect(),
            features: on.map(|(_, name)| (*name).to_owned()).collect(),
            client_id: tenant.client_id().to_owned(),
            objects: counts,
        })
    }

    /// Adds or changes a domain.
    ///
    /// # Errors
    /// [`SandboxError::Domain`] when the name is no domain.
    pub fn set_domain(&mut self, name: &str, verified: bool, federated: bool) -> Result<(), SandboxError> {
        let mut domain = Domain::verified(name)?;
        domain.is_initial = domain.name == self.tenant.initial_domain();
        domain.is_verified = verified;
        domain.authentication = if federated { "Federated" } else { "Managed" }.to_owned();
        self.tenant.put_domain(&domain)
    }

    /// Turns a synchronization feature on or off, also one that clients cannot turn off.
    ///
    /// # Errors
    /// [`SandboxError::Feature`] when there is none of the name.
    pub fn set_feature(&mut self, name: &str, on: bool) -> Result<(), SandboxError> {
        let found = FEATURES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        let Some((flag, _)) = found else {
            let known = FEATURES.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
            return Err(SandboxError::Feature { name: name.to_owned(), known });
        };
        let mut flags = self.tenant.flags();
        flags.set(*flag, on);
        self.tenant.set_flags(flags)
    }

    /// Makes a further secret for an application, or for the one registered with the tenant; only its hash is kept, so it
    /// is readable here alone.
    ///
    /// # Errors
    /// [`SandboxError::Application`] when no application has the id.
    pub fn new_client_secret(&self, client_id: Option<&str>) -> Result<String, SandboxError> {
        let client = client_id.unwrap_or(self.tenant.client_id()).trim().to_ascii_lowercase();
        if !self.tenant.has_client(&client)? {
            return Err(SandboxError::Application(client));
        }
        secrets::create(&self.tenant, &client)
    }

    /// Gives the first administrator a new password and tells name and password; only a hash is kept.
    ///
    /// # Errors
    /// [`SandboxError::Damaged`] when there is no such user any more.
    pub fn new_administrator_password(&mut self) -> Result<(String, String), SandboxError> {
        let name = self.tenant.administrator_name();
        let user = store::addresses::user_of_name(&self.tenant.db, &name)?;
        let user = user.ok_or_else(|| SandboxError::Damaged(format!("user '{name}' is missing")))?;
        let password = secrets::password();
        self.tenant.set_cloud_password(user, &password)?;
        Ok((name, password))
    }

    /// Brings in what a file says: everything of a dump into a tenant that holds nothing yet, or what a seed lists beside
    /// what is there. All of it, or nothing.
    ///
    /// # Errors
    /// [`SandboxError::Load`] tells what is wrong with the file.
    pub fn load(&mut self, text: &str) -> Result<Loaded, SandboxError> {
        if !text.trim_start().starts_with('{') {
            return Err(SandboxError::Load("expected a JSON object".to_owned()));
        }
        self.tenant.begin()?;
        let loaded =
            if dump::is_dump(text) { dump::restore(&mut self.tenant, text) } else { control::seed(&mut self.tenant, text) };
        match loaded {
            Ok(loaded) => {
                self.tenant.commit()?;
                self.tenant.load()?;
                Ok(loaded)
            }
            Err(stop) => {
                self.tenant.abandon()?;
                self.tenant.load()?;
                Err(match stop {
                    Stop::Refused(error) => SandboxError::Load(error.literal),
                    Stop::Failed(error) => error,
                })
            }
        }
    }

    /// Everything the tenant holds except secrets, hashes and the log of changes.
    ///
    /// # Errors
    /// [`SandboxError`] when the database cannot be read.
    pub fn dump(&self) -> Result<Value, SandboxError> {
        dump::write(&self.tenant)
    }
}

fn database(folder: &Path) -> Result<rusqlite::Connection, SandboxError> {
    files::make_folder(folder)?;
    let path: PathBuf = folder.join(DATABASE);
    files::make_private(&path)?;
    store::open(&path)
}

fn is_empty(folder: &Path) -> Result<bool, SandboxError> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(SandboxError::File { path: folder.to_owned(), source }),
    }
}
