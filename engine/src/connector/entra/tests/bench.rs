//! A sandbox tenant and a connector to it over Microsoft Graph, on one clock that the test owns.

use std::collections::BTreeMap;

use syncline_sandbox::{Sandbox, SandboxOptions};
use tempfile::TempDir;

use super::*;

/// A clock on which waiting takes the time that it asks for, without taking any.
#[derive(Debug)]
pub struct MovingClock {
    now: Mutex<Timestamp>,
    waits: Mutex<Vec<Duration>>,
}

impl Default for MovingClock {
    fn default() -> Self {
        Self { now: Mutex::new("2024-06-01T00:00:00Z".parse().unwrap()), waits: Mutex::default() }
    }
}

impl MovingClock {
    pub fn advance(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    /// The waits so far, in whole seconds.
    pub fn waits(&self) -> Vec<u64> {
        self.waits.lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

impl Clock for MovingClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn wait(&self, time: Duration, _given_up: &dyn Fn() -> bool) {
        self.waits.lock().unwrap().push(time);
        *self.now.lock().unwrap() += SignedDuration::try_from(time).unwrap();
    }
}

/// A tenant, and what talks to it.
pub struct Bench {
    pub sandbox: Sandbox,
    pub clock: Arc<MovingClock>,
    pub connector: EntraConnector,
    pub secret: String,
    runtime: tokio::runtime::Runtime,
    pub folder: TempDir,
}

impl Bench {
    /// A tenant that nothing else is synchronized to.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// As [`Self::new`], with other settings.
    pub fn with(change: impl Fn(&mut EntraSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(MovingClock::default());
        let mut options = SandboxOptions::new(folder.path(), "contoso");
        let shared = Arc::clone(&clock);
        options.clock = Arc::new(move || shared.now());
        options.verified_domains = vec!["contoso.com".into()];
        options.control = true;
        options.seed = Some(11);
        let sandbox = Sandbox::start(options).unwrap();
        let secret = sandbox.new_client_secret().unwrap();
        let connector = connect(&sandbox, sandbox.client_id(), &secret, &clock, change);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = Self { sandbox, clock, connector, secret, runtime, folder };
        bench.control("POST", "seed", json!({ "organization": { "onPremisesSyncEnabled": false } }));
        bench
    }

    /// Another connection with the same settings, as after a new installation.
    pub fn reconnect(&self) -> EntraConnector {
        connect(&self.sandbox, self.sandbox.client_id(), &self.secret, &self.clock, |_| {})
    }

    /// A connection as another application, which has these roles.
    pub fn connect_with(&self, roles: &[&str]) -> EntraConnector {
        let clients = json!({ "clients": [{ "name": "other", "roles": roles }] });
        let client = self.control("POST", "seed", clients)["clients"][0].clone();
        let text = |name: &str| client[name].as_str().unwrap().to_owned();
        connect(&self.sandbox, &text("clientId"), &text("clientSecret"), &self.clock, |_| {})
    }

    /// A call of the control API.
    pub fn control(&self, method: &str, path: &str, body: Value) -> Value {
        rustls::crypto::ring::default_provider().install_default().ok();
        let url = format!("{}/sandbox/v1/{path}", self.sandbox.http_url());
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let response = client.request(method.parse().unwrap(), url).json(&body).send().await.unwrap();
            assert!(response.status().is_success(), "{path}: {}", response.status());
            let bytes = response.bytes().await.unwrap();
            serde_json::from_slice(&bytes).unwrap_or_default()
        })
    }

    /// Plans faults.
    pub fn faults(&self, faults: Value) {
        self.control("PUT", "faults", faults);
    }

    /// Objects of the cloud, by their attributes on the sync channel.
    pub fn seed(&self, objects: Value) -> Vec<String> {
        let planted = self.control("POST", "seed", json!({ "objects": objects }));
        planted["objects"].as_array().unwrap().iter().map(|anchor| anchor.as_str().unwrap().to_owned()).collect()
    }

    /// Requests that the tenant was sent, those of tokens left out.
    pub fn requests(&self) -> Vec<Value> {
        let journal = self.control("GET", "requests?since=0", Value::Null);
        let entries = journal["value"].as_array().unwrap().clone();
        entries.into_iter().filter(|entry| !entry["path"].as_str().unwrap().contains("oauth2")).collect()
    }

    /// Every request below the version, those in batches one by one: method, address, body.
    pub fn calls(&self) -> Vec<(String, String, Value)> {
        let mut calls = Vec::new();
        for entry in self.requests() {
            let path = entry["path"].as_str().unwrap().trim_start_matches("/v1.0/").to_owned();
            if path == "$batch" {
                for item in entry["body"]["requests"].as_array().into_iter().flatten() {
                    let text = |name: &str| item[name].as_str().unwrap().to_owned();
                    calls.push((text("method"), text("url"), item["body"].clone()));
                }
            } else {
                let options: Vec<String> = entry["query"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|pair| format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
                    .collect();
                let url = if options.is_empty() { path } else { format!("{path}?{}", options.join("&")) };
                calls.push((entry["method"].as_str().unwrap().to_owned(), url, entry["body"].clone()));
            }
        }
        calls
    }

    /// The writes among the calls, without what changes from time to time.
    pub fn writes(&self) -> Vec<String> {
        self.calls()
            .into_iter()
            .filter(|(method, ..)| method != "GET")
            .map(|(method, url, _)| format!("{method} {url}"))
            .collect()
    }

    /// Reads something of the tenant.
    pub fn get(&mut self, path: &str) -> Value {
        let url = self.connector.client().link(&format!("/v1.0/{path}")).unwrap();
        self.connector.client().call(&reqwest::Method::GET, &url, None, &CancelToken::default()).unwrap()
    }

    pub fn import(&mut self, mode: ImportMode) -> (Vec<ImportItem>, Watermark) {
        let (items, summary) = import(&mut self.connector, mode);
        (items, Watermark(summary.unwrap().watermark.unwrap()))
    }

    pub fn export(&mut self, changes: &[ExportChange]) -> Vec<ExportOutcome> {
        let results = self.connector.export(changes, &CancelToken::default()).unwrap();
        results.into_iter().map(|result| result.outcome).collect()
    }

    /// Exports one change that must be made completely; the object's anchor.
    pub fn export_one(&mut self, change: ExportChange) -> Anchor {
        match self.export(&[change]).remove(0) {
            ExportOutcome::Success { anchor, unresolved, warnings } if unresolved.is_empty() && warnings.is_empty() => {
                anchor.unwrap()
            }
            outcome => panic!("{outcome:?}"),
        }
    }

    /// Exports one change that must be refused; code and message.
    pub fn refused(&mut self, change: ExportChange) -> (String, String) {
        match self.export(&[change]).remove(0) {
            ExportOutcome::Refused(error) => (error.code.as_str().to_owned(), error.message),
            outcome => panic!("{outcome:?}"),
        }
    }

    /// All live objects of a collection, by source anchor or id.
    pub fn objects(&mut self, set: &str, select: &str) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let mut path = format!("{set}?$select=id,{select}&$top=999");
        loop {
            let page = self.get(&path);
            for object in page["value"].as_array().unwrap() {
                let key = object["onPremisesImmutableId"].as_str().or(object["id"].as_str()).unwrap().to_owned();
                assert!(found.insert(key, object.clone()).is_none(), "{object} is there twice");
            }
            let Some(next) = page["@odata.nextLink"].as_str() else { return found };
            path = next.split_once("/v1.0/").unwrap().1.to_owned();
        }
    }
}

fn connect(
    sandbox: &Sandbox,
    client_id: &str,
    secret: &str,
    clock: &Arc<MovingClock>,
    change: impl Fn(&mut EntraSettings),
) -> EntraConnector {
    let url = sandbox.http_url();
    let mut settings = EntraSettings::new(&url, &sandbox.tenant_id().to_string(), client_id, sandbox.initial_domain());
    settings.backend = BackendKind::Graph;
    change(&mut settings);
    EntraConnector::open_with(settings, SecretString::from(secret), clock.clone()).unwrap()
}

/// A user to be made.
pub fn user(source_anchor: &str, alias: &str) -> ExportChange {
    let name = format!("{alias}@contoso.com");
    change(
        ExportOperation::Add,
        "user",
        source_anchor,
        &[
            ("accountEnabled", replace(&[ExportValue::Plain(EntryValue::Boolean(true))])),
            ("alias", replace(&[text(alias)])),
            ("displayName", replace(&[text(alias)])),
            ("mail", replace(&[text(&name)])),
            ("sourceAnchor", replace(&[text(source_anchor)])),
            ("telephoneNumber", replace(&[text("+1 555 0100")])),
            ("extensionAttribute1", replace(&[text("gold")])),
            ("userPrincipalName", replace(&[text(&name)])),
        ],
    )
}

/// A group to be made.
pub fn group(source_anchor: &str, members: &[ExportValue]) -> ExportChange {
    change(
        ExportOperation::Add,
        "group",
        source_anchor,
        &[
            ("displayName", replace(&[text(source_anchor)])),
            ("description", replace(&[text("made by a test")])),
            ("member", replace(members)),
            ("securityEnabled", replace(&[ExportValue::Plain(EntryValue::Boolean(true))])),
            ("sourceAnchor", replace(&[text(source_anchor)])),
        ],
    )
}

pub fn update(
    object_type: &str,
    source_anchor: &str,
    anchor: &Anchor,
    attributes: &[(&str, ExportAttributeChange)],
) -> ExportChange {
    ExportChange {
        anchor: Some(anchor.clone()),
        ..change(ExportOperation::Update { new_dn: None }, object_type, source_anchor, attributes)
    }
}

/// A reference to an object whose anchor is known.
pub fn to(source_anchor: &str, anchor: &Anchor) -> ExportValue {
    ExportValue::Reference(ReferenceTarget { dn: dn_of_anchor(source_anchor), anchor: Some(anchor.clone()) })
}

/// The entry with this source anchor among the items of an import.
pub fn entry<'a>(items: &'a [ImportItem], source_anchor: &str) -> &'a ImportEntry {
    let dn = dn_of_anchor(source_anchor);
    let found = items.iter().find_map(|item| match item {
        ImportItem::Entry(entry) if entry.dn == dn => Some(entry),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no {source_anchor} in {items:?}"))
}

/// The values of an attribute of an entry, as text.
pub fn values(entry: &ImportEntry, name: &str) -> Vec<String> {
    let show = |value: &EntryValue| match value {
        EntryValue::Text(text) | EntryValue::Reference(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let mut values: Vec<String> = entry.attributes.get(name).into_iter().flatten().map(show).collect();
    values.sort();
    values
}
