//! The sandbox tenant that is measured, and what is asked of it behind the connector's back.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use syncline_engine::connector::Connector as _;
use syncline_engine::connector::entra::{BackendKind, EntraConnector, EntraSettings, WriteBudget};
use syncline_engine::model::Clock;
use syncline_sandbox::{Sandbox, SandboxOptions};
use syncline_tests::installation::TenantSide;

/// Objects that are planted by one request.
const PLANTED: usize = 2_000;

/// A running tenant.
pub struct Cloud {
    sandbox: Sandbox,
    backend: BackendKind,
    secret: String,
    clock: Arc<dyn Clock>,
    runtime: tokio::runtime::Runtime,
    http: reqwest::Client,
}

/// Live objects that carry a source anchor.
pub struct Synchronized {
    /// Users.
    pub users: usize,
    /// Members of all groups.
    pub members: usize,
}

/// What a limit let through and what it did not.
pub struct Admitted {
    /// Writes.
    pub amount: f64,
    /// Refusals.
    pub refused: u64,
}

impl Cloud {
    /// Starts an empty tenant in a folder; nothing else is synchronized to it.
    pub fn start(folder: &Path, backend: BackendKind, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut options = SandboxOptions::new(folder.join("tenant"), "fabrikam");
        let time = Arc::clone(clock);
        options.clock = Arc::new(move || time.now());
        options.verified_domains = vec!["fabrikam.com".to_owned()];
        options.control = true;
        let sandbox = Sandbox::start(options)?;
        let secret = sandbox.new_client_secret()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let cloud = Self { sandbox, backend, secret, clock: Arc::clone(clock), runtime, http };
        if backend == BackendKind::Graph {
            cloud.control(Method::POST, "seed", &json!({ "organization": { "onPremisesSyncEnabled": false } }))?;
        }
        Ok(cloud)
    }

    /// The tenant as a side of an installation, with so many writes in so many seconds over Microsoft Graph.
    pub fn side(&self, budget: Option<(u32, u32)>) -> anyhow::Result<TenantSide> {
        let url = self.sandbox.http_url();
        let tenant = self.sandbox.tenant_id().to_string();
        let mut settings = EntraSettings::new(&url, &tenant, self.sandbox.client_id(), self.sandbox.initial_domain());
        settings.backend = self.backend;
        settings.writes = budget.map(|(writes, seconds)| WriteBudget { writes, seconds });
        let (secret, clock) = (SecretString::from(self.secret.clone()), Arc::clone(&self.clock));
        let open = move || EntraConnector::open_with(settings.clone(), secret.clone(), Arc::clone(&clock));
        let schema = open()?.schema()?;
        Ok(TenantSide::new(schema, move || Ok(Box::new(open()?))))
    }

    /// Puts limits in force.
    pub fn limit(&self, application: (u32, u32), tenant: (u32, u32)) -> anyhow::Result<()> {
        let limit = |(limit, window): (u32, u32)| json!({ "limit": limit, "window": window });
        let limits = json!({ "writes": limit(application), "tenantWrites": limit(tenant), "channel": limit(tenant) });
        self.control(Method::PUT, "throttle", &limits).map(drop)
    }

    /// Takes all limits away.
    pub fn lift_limits(&self) -> anyhow::Result<()> {
        self.control(Method::PUT, "throttle", &json!({})).map(drop)
    }

    /// What the limits let through.
    pub fn admitted(&self, backend: BackendKind) -> anyhow::Result<Admitted> {
        let told = self.control(Method::GET, "throttle", &Value::Null)?;
        let name = match backend {
            BackendKind::SyncChannel => "channel",
            BackendKind::Graph => "writes",
        };
        let limit = told.get(name).context("the tenant tells nothing of the limit")?;
        Ok(Admitted {
            amount: limit.get("admitted").and_then(Value::as_f64).unwrap_or_default(),
            refused: limit.get("refused").and_then(Value::as_u64).unwrap_or_default(),
        })
    }

    /// Fills the tenant with users of the cloud.
    pub fn plant(&self, users: usize) -> anyhow::Result<()> {
        let user = |number: usize| {
            let name = format!("cloud{number:07}");
            json!({
                "objectType": "user",
                "attributes": {
                    "accountEnabled": true, "alias": name, "city": "Köln", "company": "Fabrikam", "country": "Germany",
                    "department": format!("Department {}", number % 50), "displayName": format!("Cloud User {number:07}"),
                    "employeeID": format!("{number:08}"), "givenName": format!("Ada {}", number % 97),
                    "mail": format!("{name}@fabrikam.com"), "mobile": format!("+49 170 {number:07}"), "postalCode": "50667",
                    "proxyAddresses": [format!("SMTP:{name}@fabrikam.com"), format!("smtp:{name}.alias@fabrikam.com")],
                    "state": "NW", "streetAddress": format!("Domstraße {}", number % 200),
                    "surname": format!("Lovelace {}", number % 89), "telephoneNumber": format!("+49 221 {number:07}"),
                    "title": format!("Specialist {}", number % 13), "usageLocation": "DE",
                    "userPrincipalName": format!("{name}@fabrikam.com"),
                },
            })
        };
        for first in (0..users).step_by(PLANTED) {
            let objects: Vec<Value> = (first..users.min(first + PLANTED)).map(user).collect();
            self.control(Method::POST, "seed", &json!({ "objects": objects }))?;
        }
        Ok(())
    }

    /// Counts what was synchronized into the tenant.
    pub fn objects(&self) -> anyhow::Result<Synchronized> {
        let told = self.control(Method::GET, "export", &Value::Null)?;
        let mut found = Synchronized { users: 0, members: 0 };
        for object in told.get("objects").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
            if text("state") != "Live" {
                continue;
            }
            found.users += usize::from(text("cloudAnchor").starts_with("User_") && !text("sourceAnchor").is_empty());
            // Attribute and target of each.
            let references = object.get("references").and_then(Value::as_array).into_iter().flatten();
            found.members += references.filter(|reference| reference.get(0) == Some(&Value::from("member"))).count();
        }
        Ok(found)
    }

    /// Number of the latest request.
    pub fn latest_request(&self) -> anyhow::Result<u64> {
        let journal = self.control(Method::GET, &format!("requests?since={}", u64::MAX), &Value::Null)?;
        journal.get("last").and_then(Value::as_u64).context("the tenant has no journal")
    }

    /// How many requests for writes the tenant has had since one; each part of a batch is one.
    pub fn writes(&self, since: u64) -> anyhow::Result<usize> {
        let journal = self.control(Method::GET, &format!("requests?since={since}"), &Value::Null)?;
        let entries = journal.get("value").and_then(Value::as_array).context("the tenant has no journal")?;
        let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut writes = 0;
        for entry in entries {
            let (method, path) = (text(entry, "method"), text(entry, "path"));
            if method == "GET" || path.ends_with("/token") || path.ends_with("/finalize") {
                continue;
            }
            writes += match entry.pointer("/body/requests").and_then(Value::as_array) {
                Some(parts) => parts.iter().filter(|part| text(part, "method") != "GET").count(),
                None => 1,
            };
        }
        Ok(writes)
    }

    /// A call of the control API.
    fn control(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("{}/sandbox/v1/{path}", self.sandbox.http_url());
        self.runtime.block_on(async {
            let response = self.http.request(method, url).json(body).send().await?;
            let (status, bytes) = (response.status(), response.bytes().await?);
            if !status.is_success() {
                bail!("{path}: {status} {}", String::from_utf8_lossy(&bytes));
            }
            Ok(if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? })
        })
    }
}
