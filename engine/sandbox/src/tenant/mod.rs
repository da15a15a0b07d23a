//! The tenant itself: its settings, domains, features, timers and the life of its objects.

mod company;
mod domains;
pub(crate) mod dump;
mod features;
pub(crate) mod lifecycle;
pub(crate) mod naming;
mod passwords;
mod throttle;
mod timers;

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rusqlite::Connection;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::schema::Kind;
use crate::store::changes::{Action, Details};
use crate::store::objects::Object;
use crate::store::{self, addresses, changes, objects};
use crate::{Clock, SandboxError, SandboxOptions};

pub(crate) use company::CompanyPatch;
pub(crate) use domains::Domain;
pub(crate) use features::{FEATURES, Flag, Flags};
pub(crate) use passwords::PasswordHash;
pub(crate) use throttle::{Demand, Limits, Refusal};
use throttle::{Tally, Throttle};

/// Roles of the application registered with a new tenant.
const FIRST_CLIENT_ROLES: &[&str] = &[
    "Application.ReadWrite.OwnedBy",
    "Device.Read.All",
    "DirSync.ReadWrite.All",
    "Domain.Read.All",
    "Group.ReadWrite.All",
    "OnPremDirectorySynchronization.ReadWrite.All",
    "OrgContact.Read.All",
    "Organization.Read.All",
    "ProvisioningLog.Read.All",
    "SynchronizationData-User.Upload",
    "User-PasswordProfile.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User.ReadWrite.All",
];

/// One running tenant; every request works on it alone.
pub(crate) struct Tenant {
    pub(crate) db: Connection,
    clock: Clock,
    offset: SignedDuration,
    rng: StdRng,
    tenant_id: Uuid,
    display_name: String,
    initial_domain: String,
    client_id: String,
    epoch: String,
    flags: Flags,
    domains: Vec<Domain>,
    throttle: Throttle,
    weather: Weather,
}

/// How far delta reading behaves like a service of many machines; nothing of it unless it is asked for.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Weather {
    /// Share of entries that come twice.
    #[serde(default)]
    replay_rate: f64,
    /// Changes are told only when they are this old.
    #[serde(default)]
    delay_ms: Option<i64>,
}

impl Tenant {
    /// Opens the tenant of the file, or makes a new one.
    pub(crate) fn open(db: Connection, options: &SandboxOptions) -> Result<Tenant, SandboxError> {
        let starts: u64 = parsed(&db, "starts")?.unwrap_or(0);
        store::set_setting(&db, "starts", &(starts + 1).to_string())?;
        let rng = match options.seed {
            // Another start must not hand out the ids of the one before.
            Some(seed) => StdRng::seed_from_u64(seed.wrapping_add(starts.wrapping_mul(0x9E37_79B9))),
            None => StdRng::from_os_rng(),
        };
        let mut tenant = Tenant {
            db,
            clock: options.clock.clone(),
            offset: SignedDuration::ZERO,
            rng,
            tenant_id: Uuid::nil(),
            display_name: String::new(),
            initial_domain: String::new(),
            client_id: String::new(),
            epoch: String::new(),
            flags: Flags::default(),
            domains: Vec::new(),
            throttle: Throttle::default(),
            weather: Weather::default(),
        };
        let offset: Option<i64> = parsed(&tenant.db, "clock_offset_millis")?;
        tenant.offset = SignedDuration::from_millis(offset.unwrap_or(0));
        if store::setting(&tenant.db, "tenant_id")?.is_none() {
            tenant.create(options)?;
        }
        tenant.load()?;
        Ok(tenant)
    }

    /// Whether a tenant can be made of the names.
    pub(crate) fn check_names(options: &SandboxOptions) -> Result<(), SandboxError> {
        if !domains::is_label(&options.tenant_name) {
            return Err(SandboxError::Domain(options.tenant_name.clone()));
        }
        options.verified_domains.iter().try_for_each(|name| Domain::verified(name).map(drop))
    }

    fn create(&mut self, options: &SandboxOptions) -> Result<(), SandboxError> {
        Self::check_names(options)?;
        let name = options.tenant_name.to_lowercase();
        let initial = format!("{name}.onmicrosoft.com");
        let tenant_id = self.new_id();
        let client_id = self.new_id().to_string();
        let client_object = self.new_id().to_string();
        let now = self.now();
        self.begin()?;
        for (key, value) in [
            ("tenant_name", name.as_str()),
            ("initial_domain", initial.as_str()),
            ("client_id", client_id.as_str()),
            ("created", now.to_string().as_str()),
        ] {
            store::set_setting(&self.db, key, value)?;
        }
        self.add_client(&client_id, &client_object, "Syncline", FIRST_CLIENT_ROLES)?;
        self.fill(&initial, &options.verified_domains)?;
        store::set_setting(&self.db, "tenant_id", &tenant_id.to_string())?;
        self.commit()
    }

    /// Writes what a new tenant holds: domains, features, settings, the first administrator.
    fn fill(&mut self, initial: &str, verified: &[String]) -> Result<(), SandboxError> {
        let epoch = self.new_id().to_string();
        store::set_setting(&self.db, "epoch", &epoch)?;
        store::set_setting(&self.db, "features", &Flags::default().stored().to_string())?;
        store::set_setting(&self.db, "sync_enabled", "true")?;
        self.reset_company()?;
        self.store_domain(&Domain::initial(initial))?;
        for name in verified {
            self.store_domain(&Domain::verified(name)?)?;
        }
        let now = self.now();
        let mut admin = Object::new(self.new_id(), Kind::User, now);
        admin.role = Some("Global Administrator".to_owned());
        for (name, value) in [
            ("accountEnabled", json!(true)),
            ("alias", json!("admin")),
            ("displayName", json!("Administrator")),
            ("userPrincipalName", json!(format!("admin@{initial}"))),
        ] {
            admin.body.insert(name.to_owned(), value);
        }
        self.commit_object(&mut admin, Action::Created, &Details::default())
    }

    /// Reads what is kept in memory from the database.
    pub(crate) fn load(&mut self) -> Result<(), SandboxError> {
        let text = |key: &str| -> Result<String, SandboxError> {
            store::setting(&self.db, key)?.ok_or_else(|| SandboxError::Damaged(format!("setting '{key}' is missing")))
        };
        let tenant_id = text("tenant_id")?;
        let display_name = text("tenant_name")?;
        let initial_domain = text("initial_domain")?;
        let client_id = text("client_id")?;
        let epoch = text("epoch")?;
        self.tenant_id = tenant_id.parse().map_err(|error| SandboxError::Damaged(format!("tenant id: {error}")))?;
        self.display_name = display_name;
        self.initial_domain = initial_domain;
        self.client_id = client_id;
        self.epoch = epoch;
        self.flags = Flags::from_stored(parsed(&self.db, "features")?.unwrap_or(0));
        self.domains = self.load_domains()?;
        Ok(())
    }

    /// Empties the tenant; its id, applications and secrets stay.
    pub(crate) fn reset(&mut self, seed: Option<u64>) -> Result<(), SandboxError> {
        if let Some(seed) = seed {
            self.rng = StdRng::seed_from_u64(seed);
        }
        self.throttle = Throttle::default();
        self.weather = Weather::default();
        self.begin()?;
        self.clear()?;
        self.db.execute_batch("DELETE FROM extension_properties;")?;
        let verified: Vec<String> = self
            .domains
            .iter()
            .filter(|domain| domain.is_verified && !domain.is_initial)
            .map(|domain| domain.name.clone())
            .collect();
        self.db.execute_batch("DELETE FROM domains;")?;
        self.offset = SignedDuration::ZERO;
        for key in ["clock_offset_millis", "next_sweep", "next_purge"] {
            store::clear_setting(&self.db, key)?;
        }
        let initial = self.initial_domain.clone();
        self.fill(&initial, &verified)?;
        self.commit()?;
        self.load()
    }

    /// Removes every object with all that is known of it; delta tokens of before are void.
    pub(crate) fn clear(&self) -> Result<(), SandboxError> {
        self.db.execute_batch(
            "DELETE FROM objects; DELETE FROM links; DELETE FROM addresses; DELETE FROM quarantine; \
             DELETE FROM refused_groups; DELETE FROM changes; DELETE FROM credentials; DELETE FROM sign_in_failures; \
             DELETE FROM refresh_tokens; DELETE FROM device_codes; DELETE FROM provisioning_log;",
        )?;
        store::set_setting(&self.db, "epoch", &Uuid::new_v4().to_string())
    }

    /// Name of the administrator that the tenant is born with.
    pub(crate) fn administrator_name(&self) -> String {
        format!("admin@{}", self.initial_domain)
    }

    /// The tenant's time: the clock plus what the control API added.
    pub(crate) fn now(&self) -> Timestamp {
        let now = (self.clock)();
        now.checked_add(self.offset).unwrap_or(now)
    }

    /// Moves the tenant's time and keeps the move over restarts.
    pub(crate) fn shift_clock(&mut self, by: SignedDuration) -> Result<(), SandboxError> {
        self.offset = self.offset.saturating_add(by);
        let millis = i64::try_from(self.offset.as_millis()).unwrap_or(i64::MAX);
        store::set_setting(&self.db, "clock_offset_millis", &millis.to_string())
    }

    /// A new identifier.
    pub(crate) fn new_id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid()
    }

    /// Four digits for a placeholder name.
    pub(crate) fn placeholder_digits(&mut self) -> u32 {
        self.rng.random_range(1000..=9999)
    }

    /// Id of the tenant.
    pub(crate) fn tenant_id(&self) -> Uuid {
        self.tenant_id
    }

    /// The tenant's name.
    pub(crate) fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Id of the application registered with the tenant.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Mark of this filling of the tenant; delta tokens of another one are void.
    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Registers an application.
    pub(crate) fn add_client<R: AsRef<str>>(
        &self,
        client_id: &str,
        object_id: &str,
        name: &str,
        roles: &[R],
    ) -> Result<(), SandboxError> {
        let roles: Vec<&str> = roles.iter().map(AsRef::as_ref).collect();
        let digest = Sha256::digest(format!("application of {object_id}"));
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(byte, from)| *byte = from);
        let application_id = uuid::Builder::from_random_bytes(id).into_uuid().to_string();
        self.db
            .prepare_cached(
                "INSERT INTO clients (client_id, object_id, name, roles, application_id, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute([
                client_id,
                object_id,
                name,
                &roles.join(" "),
                &application_id,
                &self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            ])?;
        Ok(())
    }

    /// Whether an application has the id.
    pub(crate) fn has_client(&self, client_id: &str) -> Result<bool, SandboxError> {
        store::applications::exists(&self.db, client_id)
    }

    /// Removes an application with its secrets and what it added to the directory.
    pub(crate) fn remove_client(&self, client_id: &str) -> Result<(), SandboxError> {
        for table in
            ["clients", "client_secrets", "client_certificates", "refresh_tokens", "device_codes", "extension_properties"]
        {
            self.db.execute(&format!("DELETE FROM {table} WHERE client_id = ?1"), [client_id])?;
        }
        Ok(())
    }

    /// Puts limits in force.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.throttle.set(limits);
    }

    /// What every limit has let through and refused since it is in force, by its name.
    pub(crate) fn tallies(&self) -> &std::collections::BTreeMap<&'static str, Tally> {
        self.throttle.tallies()
    }

    /// Whether changes on the sync channel are counted.
    pub(crate) fn limits_changes(&self) -> bool {
        self.throttle.limits_changes()
    }

    /// Takes what a request of an application costs from the limits; the answer is the share of them in use.
    pub(crate) fn admit(&mut self, app: &str, demand: Demand) -> Result<f64, Refusal> {
        let (now, tenant) = (self.now(), self.tenant_id.to_string());
        self.throttle.admit(now, app, &tenant, demand)
    }

    /// Makes delta reading repeat and withhold entries.
    pub(crate) fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// How old changes must be to be told.
    pub(crate) fn delta_delay(&self) -> Option<SignedDuration> {
        self.weather.delay_ms.map(SignedDuration::from_millis)
    }

    /// Whether an entry of a delta comes twice.
    pub(crate) fn repeats_entry(&mut self) -> bool {
        self.weather.replay_rate > 0.0 && self.rng.random::<f64>() < self.weather.replay_rate
    }

    /// Random bytes, from the seed if there is one.
    pub(crate) fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill(&mut bytes[..]);
        bytes
    }

    /// Starts a transaction; everything until [`Tenant::commit`] is written together.
    pub(crate) fn begin(&self) -> Result<(), SandboxError> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        Ok(())
    }

    /// Ends a transaction.
    pub(crate) fn commit(&self) -> Result<(), SandboxError> {
        self.db.execute_batch("COMMIT")?;
        Ok(())
    }

    /// Starts a part of the work that can be undone alone.
    pub(crate) fn save_point(&self) -> Result<(), SandboxError> {
        self.db.prepare_cached("SAVEPOINT part")?.execute([])?;
        Ok(())
    }

    /// Keeps what was done since the save point.
    pub(crate) fn release(&self) -> Result<(), SandboxError> {
        self.db.prepare_cached("RELEASE part")?.execute([])?;
        Ok(())
    }

    /// Undoes what was done since the save point.
    pub(crate) fn take_back(&self) -> Result<(), SandboxError> {
        self.db.prepare_cached("ROLLBACK TO part")?.execute([])?;
        self.release()
    }

    /// Undoes what a failed request left open.
    pub(crate) fn abandon(&self) -> Result<(), SandboxError> {
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK")?;
        }
        Ok(())
    }

    /// Saves an object together with its addresses and an entry in the change log.
    pub(crate) fn commit_object(&self, object: &mut Object, action: Action, details: &Details) -> Result<(), SandboxError> {
        objects::save(&self.db, object)?;
        self.log_object(object, action, details)
    }

    /// As [`Tenant::commit_object`], for an object that is saved already.
    pub(crate) fn log_object(&self, object: &mut Object, action: Action, details: &Details) -> Result<(), SandboxError> {
        addresses::refresh(&self.db, object)?;
        changes::append(&self.db, object, action, self.now(), details)
    }
}

/// A setting read as a number or another type with a text form.
fn parsed<T: std::str::FromStr>(db: &Connection, key: &str) -> Result<Option<T>, SandboxError> {
    let Some(text) = store::setting(db, key)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(SandboxError::Damaged(format!("setting '{key}'"))),
    }
}
