//! A forest in a file, a tenant, and the engine between them, on one clock that the test owns.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use syncline_engine::connector::entra::{BackendKind, EntraSettings};
use syncline_engine::connector::file::{FileSchema, FileSettings};
use syncline_engine::model::Clock;
use syncline_engine::service::{CyclePolicy, CycleResult, Engine, EngineOptions, RunDetails, StepDetails, TenantFilter};
use syncline_engine::setup::NewDirectory;
use syncline_sandbox::{Sandbox, SandboxOptions};
use tempfile::TempDir;

const FOREST: &str = "contoso.com";
/// Name of the tenant's connector.
pub const TENANT: &str = "contoso.onmicrosoft.com - AAD";

/// A clock on which waiting takes the time that it asks for, without taking any.
#[derive(Debug)]
pub struct MovingClock(pub Mutex<Timestamp>);

impl Clock for MovingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn wait(&self, time: Duration, _given_up: &dyn Fn() -> bool) {
        *self.0.lock().unwrap() += SignedDuration::try_from(time).unwrap();
    }
}

/// A forest in a file, a tenant, and the engine between them.
pub struct World {
    pub engine: Engine,
    pub sandbox: Sandbox,
    pub clock: Arc<MovingClock>,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

/// The source anchor of a user.
pub fn anchor_of(number: u32) -> String {
    base64(&format!("{:032x}", 0x1000_0000_u64 + u64::from(number)))
}

/// The source anchor of a group.
pub fn group_anchor(number: u32) -> String {
    base64(&format!("{:032x}", 0x2000_0000_u64 + u64::from(number)))
}

/// The name in the tenant's connector space of the object with a source anchor.
pub fn dn_of(anchor: &str) -> String {
    format!("CN={{{}}}", anchor.bytes().map(|byte| format!("{byte:02X}")).collect::<String>())
}

/// A user with these values in place of the usual ones; an attribute without values is left out.
pub fn user(number: u32, values: &[(&str, &[&str])]) -> String {
    let plain = person(number, "");
    let (mut lines, replaced): (Vec<String>, Vec<&str>) = (Vec::new(), values.iter().map(|(name, _)| *name).collect());
    for line in plain.lines() {
        if !replaced.iter().any(|name| line.starts_with(&format!("{name}:"))) {
            lines.push(line.to_owned());
        }
    }
    lines.extend(values.iter().flat_map(|(name, values)| values.iter().map(move |value| format!("{name}: {value}"))));
    format!("{}\n", lines.join("\n"))
}

/// A user of the forest.
pub fn person(number: u32, more: &str) -> String {
    let guid = format!("{:032x}", 0x1000_0000_u64 + u64::from(number));
    let guid = base64(&guid);
    format!(
        "\ndn: CN=User {number},OU=Staff,DC=contoso,DC=com\nobjectClass: user\nobjectGUID:: {guid}\nsAMAccountName: user{number}\n\
         userPrincipalName: user{number}@contoso.com\ndisplayName: User {number}\nmail: user{number}@contoso.com\n\
         proxyAddresses: SMTP:user{number}@contoso.com\nuserAccountControl: 512\nobjectCategory: CN=Person,CN=Schema,CN=Configuration,DC=contoso,DC=com\n{more}"
    )
}

pub fn group(number: u32, members: &[u32], more: &str) -> String {
    let guid = base64(&format!("{:032x}", 0x2000_0000_u64 + u64::from(number)));
    let members: String = members.iter().map(|member| format!("member: CN=User {member},OU=Staff,DC=contoso,DC=com\n")).collect();
    format!(
        "\ndn: CN=Group {number},OU=Staff,DC=contoso,DC=com\nobjectClass: group\nobjectGUID:: {guid}\nsAMAccountName: group{number}\n\
         displayName: Group {number}\ngroupType: -2147483646\nobjectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAATgQAAA==\n{members}{more}"
    )
}

fn base64(hex: &str) -> String {
    use ::base64::Engine as _;
    let bytes: Vec<u8> = (0..16).map(|place| u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).unwrap()).collect();
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

const HEAD: &str = "version: 1\n\ndn: DC=contoso,DC=com\nobjectClass: domainDNS\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\n\n\
                    dn: OU=Staff,DC=contoso,DC=com\nobjectClass: organizationalUnit\nobjectGUID:: AQECAwQFBgcICQoLDA0ODw==\nou: Staff\n";

impl World {
    /// A tenant that is reached over Microsoft Graph.
    pub fn graph(forest: &str) -> Self {
        Self::new(forest, BackendKind::Graph)
    }

    /// A tenant that is reached over its synchronization channel.
    pub fn channel(forest: &str) -> Self {
        Self::new(forest, BackendKind::SyncChannel)
    }

    /// As [`Self::channel`], with something in between that `way` gives the address of.
    pub fn channel_by(forest: &str, way: impl FnOnce(&str) -> String) -> Self {
        Self::with(forest, BackendKind::SyncChannel, way)
    }

    fn new(forest: &str, backend: BackendKind) -> Self {
        Self::with(forest, backend, str::to_owned)
    }

    fn with(forest: &str, backend: BackendKind, way: impl FnOnce(&str) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(MovingClock(Mutex::new("2024-06-01T00:00:00Z".parse().unwrap())));
        let mut options = SandboxOptions::new(folder.path().join("tenant"), "contoso");
        let shared = Arc::clone(&clock);
        options.clock = Arc::new(move || shared.now());
        options.verified_domains = vec!["contoso.com".into()];
        options.control = true;
        options.seed = Some(3);
        let sandbox = Sandbox::start(options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = EngineOptions { clock: clock.clone(), ..EngineOptions::default() };
        let engine = Engine::create(&folder.path().join("data"), options).unwrap();
        let world = Self { engine, sandbox, clock, runtime, folder };
        if backend == BackendKind::Graph {
            world.control("POST", "seed", json!({ "organization": { "onPremisesSyncEnabled": false } }));
        }
        world.forest(forest);
        let path = world.folder.path().join("forest.ldif");
        let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
        world.engine.add_directory(NewDirectory::file(FOREST, &settings).unwrap()).unwrap();
        let url = way(&world.sandbox.http_url());
        let mut settings = EntraSettings::new(&url, &world.sandbox.tenant_id().to_string(), world.sandbox.client_id(), "x");
        settings.backend = backend;
        let secret = SecretString::from(world.sandbox.new_client_secret().unwrap());
        let added = world.engine.add_tenant(settings, secret).unwrap();
        assert_eq!(added.name, TENANT);
        world
    }

    pub fn forest(&self, text: &str) {
        std::fs::write(self.folder.path().join("forest.ldif"), format!("{HEAD}{text}")).unwrap();
    }

    pub fn control(&self, method: &str, path: &str, body: Value) -> Value {
        rustls::crypto::ring::default_provider().install_default().ok();
        let url = format!("{}/sandbox/v1/{path}", self.sandbox.http_url());
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let response = client.request(method.parse().unwrap(), url).json(&body).send().await.unwrap();
            assert!(response.status().is_success(), "{path}: {}", response.status());
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default()
        })
    }

    /// A token of the application that the connector signs in as.
    pub fn token(&self) -> String {
        rustls::crypto::ring::default_provider().install_default().ok();
        let secret = self.sandbox.new_client_secret().unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.sandbox.client_id()),
            ("client_secret", secret.as_str()),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = format!("{}/contoso.com/oauth2/v2.0/token", self.sandbox.http_url());
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let answer = client.post(url).form(&form).send().await.unwrap();
            let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
            answer["access_token"].as_str().unwrap().to_owned()
        })
    }

    /// A call of Microsoft Graph as that application.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let token = self.token();
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.request(method.parse().unwrap(), format!("{}/v1.0/{path}", self.sandbox.http_url()));
            let request = request.bearer_auth(token);
            let response = if body.is_null() { request } else { request.json(body) }.send().await.unwrap();
            assert!(response.status().is_success(), "{path}: {}", response.status());
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default()
        })
    }

    pub fn cycle(&self, policy: CyclePolicy) -> CycleResult {
        self.engine.start_cycle(policy).unwrap().wait().unwrap()
    }

    /// Runs a profile of the tenant's connector.
    pub fn run(&self, profile: &str) -> RunDetails {
        self.engine.start_run(TENANT, profile).unwrap().wait().unwrap()
    }

    /// Brings what is new in the forest up to the tenant's connector space, where it waits for its export.
    pub fn import_forest(&self) {
        for profile in ["Full Import", "Delta Synchronization"] {
            let run = self.engine.start_run(FOREST, profile).unwrap().wait().unwrap();
            assert_eq!(run.summary.status, "success", "{profile}");
        }
    }

    /// The counters of the cycle's export to the tenant, and its warnings.
    pub fn exported(&self, cycle: &CycleResult) -> (BTreeMap<String, u64>, Vec<String>, String) {
        let step = cycle.steps.iter().find(|step| step.connector == TENANT && step.profile == "Export").unwrap();
        let run = self.engine.run(step.run.as_ref().unwrap().id).unwrap();
        let step = run.step_details.first().unwrap();
        let shown = step.counters.iter().flat_map(|group| &group.counters);
        let parts = shown.flat_map(|counter| counter.parts.iter().map(|(name, count)| (name.clone(), *count)));
        let counters = parts.filter(|(_, count)| *count > 0).collect();
        (counters, step.warnings.clone(), run.summary.status.clone())
    }

    /// What an import of the cycle found to be different from what was exported.
    pub fn differences(&self, cycle: &CycleResult) -> Vec<String> {
        let runs = cycle.steps.iter().filter(|step| step.connector == TENANT).filter_map(|step| step.run.as_ref());
        let steps = runs.flat_map(|run| self.engine.run(run.id).unwrap().step_details);
        steps.flat_map(|step| step.errors.into_iter().map(|error| format!("{error:?}"))).collect()
    }

    pub fn pending(&self) -> (u64, u64) {
        let connectors = self.engine.connectors().unwrap();
        let tenant = connectors.iter().find(|connector| connector.name == TENANT).unwrap();
        (tenant.pending_import, tenant.pending_export)
    }

    /// Objects of the tenant by source anchor; those of the cloud are left out.
    pub fn tenant(&self, object_type: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
        let filter = TenantFilter { object_type: Some(object_type.to_owned()), ..TenantFilter::default() };
        let mut found = BTreeMap::new();
        for object in self.engine.tenant_objects(None, &filter).unwrap() {
            if !object.source_anchor.is_empty() {
                assert!(
                    found.insert(object.source_anchor.clone(), object.attributes).is_none(),
                    "{} is there twice",
                    object.source_anchor
                );
            }
        }
        found
    }

    pub fn by_name(&self, object_type: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
        self.tenant(object_type).into_values().map(|attributes| (attributes["displayName"][0].clone(), attributes)).collect()
    }

    /// What a cycle's export to the tenant did.
    pub fn export_step(&self, cycle: &CycleResult) -> StepDetails {
        let step = cycle.steps.iter().find(|step| step.connector == TENANT && step.profile == "Export").unwrap();
        self.engine.run(step.run.as_ref().unwrap().id).unwrap().step_details.remove(0)
    }

    /// The objects that a cycle's export failed for, with the code of each.
    pub fn refused(&self, cycle: &CycleResult) -> Vec<(String, String)> {
        let errors = self.export_step(cycle).errors.into_iter();
        errors.map(|error| (error.dn, error.error.code.as_str().to_owned())).collect()
    }

    /// How many objects a cycle's export wrote.
    pub fn written(&self, cycle: &CycleResult) -> u64 {
        self.exported(cycle).0.iter().filter(|(name, _)| name.as_str() != "export-failure").map(|(_, count)| count).sum()
    }

    /// Everything that the tenant holds with a source anchor, in any state.
    pub fn held(&self, anchor: &str) -> Vec<Value> {
        let export = self.control("GET", "export", Value::Null);
        let objects = export["objects"].as_array().unwrap().iter();
        objects.filter(|object| object["sourceAnchor"] == anchor).cloned().collect()
    }

    /// The live object of the tenant with a source anchor.
    pub fn live(&self, anchor: &str) -> Value {
        let found: Vec<Value> = self.held(anchor).into_iter().filter(|object| object["state"] == "live").collect();
        assert_eq!(found.len(), 1, "{anchor}: {found:?}");
        found[0].clone()
    }

    /// The source anchors of the live objects that a reference attribute of a live object points at, sorted.
    pub fn references(&self, anchor: &str, attribute: &str) -> Vec<String> {
        let export = self.control("GET", "export", Value::Null);
        let live: Vec<&Value> = export["objects"].as_array().unwrap().iter().filter(|object| object["state"] == "live").collect();
        let object = live.iter().find(|object| object["sourceAnchor"] == anchor).unwrap();
        let targets = object["references"][attribute].as_array().into_iter().flatten();
        let anchor_of = |target: &Value| {
            let found = live.iter().find(|object| object["cloudAnchor"] == *target)?;
            found["sourceAnchor"].as_str().map(str::to_owned)
        };
        let mut found: Vec<String> = targets.filter_map(anchor_of).collect();
        found.sort();
        found
    }

    /// Cycles until nothing is written any more; the last one.
    pub fn settle(&self) -> CycleResult {
        for _ in 0..4 {
            let cycle = self.cycle(CyclePolicy::Delta);
            if self.written(&cycle) == 0 && self.pending().0 == 0 {
                return cycle;
            }
        }
        panic!("there is always something to write: {:?}", self.pending());
    }

    /// Features of the tenant, as bits.
    pub fn features(&self, bits: u64) {
        self.control("POST", "seed", json!({ "features": { "bits": bits } }));
    }

    /// Lets time pass for the tenant and for the engine.
    pub fn advance(&self, time: SignedDuration) {
        *self.clock.0.lock().unwrap() += time;
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Users with these numbers, and more.
pub fn forest(users: u32, more: &str) -> String {
    let people: String = (1..=users).map(|number| person(number, "")).collect();
    format!("{people}{more}")
}

/// The value of an attribute as the tenant uses it: what it made of what was written.
pub fn effective<'a>(object: &'a Value, name: &str) -> &'a Value {
    match &object["overrides"][name] {
        Value::Null if object["overrides"].get(name).is_none() => &object["attributes"][name],
        used => used,
    }
}
