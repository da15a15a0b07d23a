//! Whole cycles from a forest into a tenant that is reached over Microsoft Graph: scenarios of `entra-connector.md` 6, and
//! the tenant compared with the connector space after faults.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

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
use syncline_engine::service::{CyclePolicy, CycleResult, Engine, EngineOptions, TenantFilter};
use syncline_engine::setup::NewDirectory;
use syncline_sandbox::{Sandbox, SandboxOptions};
use tempfile::TempDir;

const FOREST: &str = "contoso.com";
const TENANT: &str = "contoso.onmicrosoft.com - AAD";

/// A clock on which waiting takes the time that it asks for, without taking any.
#[derive(Debug)]
struct MovingClock(Mutex<Timestamp>);

impl Clock for MovingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn wait(&self, time: Duration, _given_up: &dyn Fn() -> bool) {
        *self.0.lock().unwrap() += SignedDuration::try_from(time).unwrap();
    }
}

/// A forest in a file, a tenant, and the engine between them.
struct World {
    engine: Engine,
    sandbox: Sandbox,
    clock: Arc<MovingClock>,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

/// A user of the forest.
fn person(number: u32, more: &str) -> String {
    let guid = format!("{:032x}", 0x1000_0000_u64 + u64::from(number));
    let guid = base64(&guid);
    format!(
        "\ndn: CN=User {number},OU=Staff,DC=contoso,DC=com\nobjectClass: user\nobjectGUID:: {guid}\nsAMAccountName: user{number}\n\
         userPrincipalName: user{number}@contoso.com\ndisplayName: User {number}\nmail: user{number}@contoso.com\n\
         proxyAddresses: SMTP:user{number}@contoso.com\nuserAccountControl: 512\nobjectCategory: CN=Person,CN=Schema,CN=Configuration,DC=contoso,DC=com\n{more}"
    )
}

fn group(number: u32, members: &[u32], more: &str) -> String {
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
    fn new(forest: &str) -> Self {
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
        world.control("POST", "seed", json!({ "organization": { "onPremisesSyncEnabled": false } }));
        world.forest(forest);
        let path = world.folder.path().join("forest.ldif");
        let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
        world.engine.add_directory(NewDirectory::file(FOREST, &settings).unwrap()).unwrap();
        let url = world.sandbox.http_url();
        let mut settings = EntraSettings::new(&url, &world.sandbox.tenant_id().to_string(), world.sandbox.client_id(), "x");
        settings.backend = BackendKind::Graph;
        let secret = SecretString::from(world.sandbox.new_client_secret().unwrap());
        let added = world.engine.add_tenant(settings, secret).unwrap();
        assert_eq!(added.name, TENANT);
        world
    }

    fn forest(&self, text: &str) {
        std::fs::write(self.folder.path().join("forest.ldif"), format!("{HEAD}{text}")).unwrap();
    }

    fn control(&self, method: &str, path: &str, body: Value) -> Value {
        rustls::crypto::ring::default_provider().install_default().ok();
        let url = format!("{}/sandbox/v1/{path}", self.sandbox.http_url());
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let response = client.request(method.parse().unwrap(), url).json(&body).send().await.unwrap();
            assert!(response.status().is_success(), "{path}: {}", response.status());
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default()
        })
    }

    fn cycle(&self, policy: CyclePolicy) -> CycleResult {
        self.engine.start_cycle(policy).unwrap().wait().unwrap()
    }

    /// The counters of the cycle's export to the tenant, and its warnings.
    fn exported(&self, cycle: &CycleResult) -> (BTreeMap<String, u64>, Vec<String>, String) {
        let step = cycle.steps.iter().find(|step| step.connector == TENANT && step.profile == "Export").unwrap();
        let run = self.engine.run(step.run.as_ref().unwrap().id).unwrap();
        let step = run.step_details.first().unwrap();
        let shown = step.counters.iter().flat_map(|group| &group.counters);
        let parts = shown.flat_map(|counter| counter.parts.iter().map(|(name, count)| (name.clone(), *count)));
        let counters = parts.filter(|(_, count)| *count > 0).collect();
        (counters, step.warnings.clone(), run.summary.status.clone())
    }

    /// What an import of the cycle found to be different from what was exported.
    fn differences(&self, cycle: &CycleResult) -> Vec<String> {
        let runs = cycle.steps.iter().filter(|step| step.connector == TENANT).filter_map(|step| step.run.as_ref());
        let steps = runs.flat_map(|run| self.engine.run(run.id).unwrap().step_details);
        steps.flat_map(|step| step.errors.into_iter().map(|error| format!("{error:?}"))).collect()
    }

    fn pending(&self) -> (u64, u64) {
        let connectors = self.engine.connectors().unwrap();
        let tenant = connectors.iter().find(|connector| connector.name == TENANT).unwrap();
        (tenant.pending_import, tenant.pending_export)
    }

    /// Objects of the tenant by source anchor; those of the cloud are left out.
    fn tenant(&self, object_type: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
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

    fn by_name(&self, object_type: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
        self.tenant(object_type).into_values().map(|attributes| (attributes["displayName"][0].clone(), attributes)).collect()
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn forest(users: u32, more: &str) -> String {
    let people: String = (1..=users).map(|number| person(number, "")).collect();
    format!("{people}{more}")
}

#[test]
fn scenario_35_a_forest_comes_into_the_tenant_and_the_second_cycle_sends_nothing() {
    let manager = "manager: CN=User 1,OU=Staff,DC=contoso,DC=com\ntitle: Clerk\nmsRTCSIP-Line: tel:+1\n";
    let text = format!("{}{}{}", forest(3, ""), person(4, manager), group(1, &[1, 2, 4], ""));
    let world = World::new(&text);
    let first = world.cycle(CyclePolicy::Initial);
    let (counters, warnings, status) = world.exported(&first);
    assert_eq!(counters.get("export-add"), Some(&5), "{counters:?} {status} {warnings:?} {first:?}");
    assert!(!counters.contains_key("export-failure"), "{counters:?}");
    let unstored: Vec<&String> = warnings.iter().filter(|warning| warning.starts_with("target-cannot-store")).collect();
    assert_eq!(unstored.len(), 1, "{warnings:?}");
    assert!(unstored[0].contains("proxyAddresses"), "{unstored:?}");
    let users = world.by_name("user");
    assert_eq!(users.len(), 4);
    assert_eq!(users["User 4"]["title"], ["Clerk"]);
    assert_eq!(users["User 4"]["userPrincipalName"], ["user4@contoso.com"]);
    let dn_of = |name: &str| {
        format!("CN={{{}}}", users[name]["sourceAnchor"][0].bytes().map(|byte| format!("{byte:02X}")).collect::<String>())
    };
    assert_eq!(users["User 4"]["manager"], [dn_of("User 1")]);
    let groups = world.by_name("group");
    let mut members = groups["Group 1"]["member"].clone();
    members.sort();
    let mut expected = ["User 1", "User 2", "User 4"].map(dn_of).to_vec();
    expected.sort();
    assert_eq!(members, expected);

    let second = world.cycle(CyclePolicy::Delta);
    let (counters, warnings, status) = world.exported(&second);
    assert_eq!((counters.len(), status.as_str()), (0, "success"), "{counters:?} {warnings:?} {:?}", world.differences(&second));
    assert_eq!(world.pending(), (0, 0), "{second:?}");
}

#[test]
fn scenario_23_members_that_come_with_their_group_and_later_changes_are_single_writes() {
    let world = World::new(&format!("{}{}", forest(30, ""), group(1, &(1..=30).collect::<Vec<_>>(), "")));
    world.cycle(CyclePolicy::Initial);
    world.cycle(CyclePolicy::Delta);
    assert_eq!(world.by_name("group")["Group 1"]["member"].len(), 30);
    // One member goes, a new one comes, one user is renamed, one is deleted.
    let people: String = (1..=31)
        .filter(|number| *number != 5)
        .map(|number| person(number, if number == 7 { "title: Lead\n" } else { "" }))
        .collect();
    let members: Vec<u32> = (2..=31).filter(|number| *number != 5).collect();
    world.forest(&format!("{people}{}", group(1, &members, "")));
    let changed = world.cycle(CyclePolicy::Delta);
    let (counters, _, _) = world.exported(&changed);
    assert_eq!((counters.get("export-add"), counters.get("export-delete")), (Some(&1), Some(&1)), "{counters:?}");
    assert_eq!(world.by_name("group")["Group 1"]["member"].len(), 29);
    assert_eq!(world.by_name("user")["User 7"]["title"], ["Lead"]);
    assert!(!world.by_name("user").contains_key("User 5"));
    let quiet = world.cycle(CyclePolicy::Delta);
    assert_eq!(world.exported(&quiet).0.len(), 0, "{:?} {:?}", world.exported(&quiet), world.differences(&quiet));
    assert_eq!(world.pending(), (0, 0));
    // Back in scope within thirty days, the user is restored with its id.
    world.forest(&format!("{}{}", forest(31, ""), group(1, &members, "")));
    world.cycle(CyclePolicy::Delta);
    world.cycle(CyclePolicy::Delta);
    assert!(world.by_name("user").contains_key("User 5"));
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn nothing_is_lost_and_nothing_is_there_twice_after_faults() {
    let members: Vec<u32> = (1..=60).collect();
    let world = World::new(&format!("{}{}{}", forest(60, ""), group(1, &members, ""), group(2, &members[..25], "")));
    let later = json!({ "error": { "code": "TooManyRequests", "message": "later" } });
    world.control(
        "PUT",
        "faults",
        json!([
            { "path": "\\$batch$", "nth": 3, "times": 2, "dropConnection": true, "afterCommit": true },
            { "path": "\\$batch$", "nth": 7, "status": 401 },
            { "path": "\\$batch$", "nth": 9, "times": 2, "status": 503, "headers": { "Retry-After": "3" } },
            { "path": "\\$batch$", "nth": 12, "dropConnection": true },
            { "method": "POST", "path": "^/v1.0/users$", "nth": 30, "times": 25, "status": 429, "headers": { "Retry-After": "2" }, "body": later },
            { "method": "PATCH", "path": "^/v1.0/groups/", "nth": 2, "times": 2, "status": 503 },
        ]),
    );
    let first = world.cycle(CyclePolicy::Initial);
    world.control("PUT", "faults", json!([]));
    let (counters, _, _) = world.exported(&first);
    assert!(!counters.contains_key("export-failure"), "{counters:?}");
    for _ in 0..2 {
        world.cycle(CyclePolicy::Delta);
    }
    let (users, groups) = (world.by_name("user"), world.by_name("group"));
    assert_eq!((users.len(), groups.len()), (60, 2));
    assert_eq!((groups["Group 1"]["member"].len(), groups["Group 2"]["member"].len()), (60, 25));
    assert_eq!(world.pending(), (0, 0));
    // The connector space holds what the tenant holds.
    let statistics = {
        let connectors = world.engine.connectors().unwrap();
        let tenant = connectors.iter().find(|connector| connector.name == TENANT).unwrap().id;
        world.engine.connector_statistics(tenant).unwrap()
    };
    assert_eq!(
        (statistics.total_connector, statistics.export_add + statistics.export_update + statistics.export_delete),
        (62, 0)
    );
}

#[test]
fn scenario_39_an_expired_token_leads_to_a_full_import_in_the_same_cycle() {
    let world = World::new(&forest(3, ""));
    world.cycle(CyclePolicy::Initial);
    *world.clock.0.lock().unwrap() += SignedDuration::from_hours(24 * 9);
    let cycle = world.cycle(CyclePolicy::Delta);
    let notes: Vec<&String> = cycle.steps.iter().filter_map(|step| step.note.as_ref()).collect();
    assert!(notes.iter().any(|note| note.contains("does not know the watermark any more")), "{notes:?}");
    assert_eq!(world.by_name("user").len(), 3);
    assert_eq!(world.pending(), (0, 0));
}

#[test]
fn what_the_tenant_cannot_store_is_told_once_and_stays_pending_without_errors() {
    let lists: String = (10..40)
        .map(|number| {
            group(number, &[1], "").replace("groupType: -2147483646", "groupType: 2")
                + &format!(
                    "mail: list{number}@contoso.com\nproxyAddresses: SMTP:list{number}@contoso.com\nmailNickname: list{number}\n"
                )
        })
        .collect();
    let contact = "\ndn: CN=Carol,OU=Staff,DC=contoso,DC=com\nobjectClass: contact\nobjectGUID:: MzMzAwQFBgcICQoLDA0ODw==\n\
                   displayName: Carol\nmail: carol@fabrikam.com\nproxyAddresses: SMTP:carol@fabrikam.com\nmailNickname: carol\ntargetAddress: SMTP:carol@fabrikam.com\n";
    let world = World::new(&format!("{}{lists}{contact}", forest(2, "")));
    let cycle = world.cycle(CyclePolicy::Initial);
    let (counters, warnings, _) = world.exported(&cycle);
    assert_eq!(counters.get("export-add"), Some(&2), "{counters:?}");
    assert!(!counters.contains_key("export-failure"), "{counters:?}");
    let said: Vec<&String> = warnings.iter().filter(|warning| warning.contains("stay pending")).collect();
    assert_eq!(said.len(), 1, "{warnings:?}");
    assert!(said[0].contains("30 objects"), "{said:?}");
    assert!(warnings.iter().any(|warning| warning.contains("contact: objects of this type")), "{warnings:?}");
    assert_eq!(world.pending(), (0, 30));
}

#[test]
fn the_tenant_is_tried_and_shown() {
    let world = World::new(&forest(1, ""));
    let checks = world.engine.test_tenant(None).unwrap();
    assert!(checks.iter().all(|check| check.works == Some(true)), "{checks:?}");
    let steps: Vec<&str> = checks.iter().map(|check| check.step.as_str()).collect();
    assert_eq!(steps[..4], ["address", "connection", "answer", "token"]);
    let view = world.engine.tenant(Some(TENANT)).unwrap();
    assert_eq!((view.backend, view.tenant_name.as_str(), view.cloud), (BackendKind::Graph, "contoso.onmicrosoft.com", None));
    let row = view.attributes.iter().find(|row| row.object_type == "user" && row.attribute == "proxyAddresses").unwrap();
    assert!(row.read && !row.written && row.reason.is_some());
    assert!(view.features.iter().any(|feature| !feature.available && !feature.note.is_empty()));
    let shown = format!("{view:?} {checks:?}");
    assert!(world.folder().exists() && !shown.contains("secret\""));
    // A secret that was taken away is told apart from a host that does not answer.
    world.control("POST", "secrets", json!({}));
    let checks = world.engine.test_tenant(None).unwrap();
    let failed: Vec<&str> = checks.iter().filter(|check| check.works == Some(false)).map(|check| check.step.as_str()).collect();
    assert_eq!(failed, ["token"], "{checks:?}");
}
