//! Microsoft's own Graph client against the sandbox tenant (`entra-connector.md` 5.2, scenario 46): our client must not be
//! the only judge of our tenant. Its interpreter comes from `tests/fixtures/graph-sdk.sh`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use syncline_sandbox::{Sandbox, SandboxOptions, TenantFile};

/// Synchronized users that the client finds, besides the administrator.
const USERS: usize = 249;

/// The interpreter that has the client; `None` when the test is to skip itself.
fn interpreter() -> Option<String> {
    let python = std::env::var("SYNCLINE_TEST_GRAPH_SDK_PYTHON").ok();
    let required = std::env::var("SYNCLINE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(python.is_some() || !required, "SYNCLINE_TEST_GRAPH_SDK_PYTHON is not set; tests/fixtures/graph-sdk.sh prints it");
    python
}

#[test]
fn scenario_46_microsofts_client_lists_pages_reads_deltas_and_batches() {
    let Some(python) = interpreter() else {
        eprintln!("skipped: SYNCLINE_TEST_GRAPH_SDK_PYTHON is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut options = SandboxOptions::new(folder.path(), "contoso");
    options.verified_domains = vec!["contoso.com".to_owned()];
    let mut file = TenantFile::create(&options).unwrap();
    let user = |number: usize| {
        let name = format!("user{number:03}");
        json!({
            "objectType": "user", "sourceAnchor": format!("a{number}"), "onPremisesSyncEnabled": true,
            "attributes": { "displayName": name, "alias": name, "userPrincipalName": format!("{name}@contoso.com") },
        })
    };
    let users: Vec<Value> = (0..USERS).map(user).collect();
    file.load(&json!({ "objects": users }).to_string()).unwrap();
    let secret = file.new_client_secret(None).unwrap();
    drop(file);

    let sandbox = Sandbox::start(options).unwrap();
    let given = json!({
        "base": sandbox.https_url(), "tenant": sandbox.initial_domain(), "client_id": sandbox.client_id(),
        "secret": secret, "ca_file": sandbox.ca_pem(), "users": USERS + 1,
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/graph_sdk.py");
    let mut client = Command::new(python)
        .arg(script)
        .env("NO_PROXY", "localhost,127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the client is not content:\n{errors}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&seen["listed"], &seen["batched"]), (&json!(USERS + 1), &json!(20)));
    sandbox.stop();

    // What the client wrote is what the tenant holds.
    let dump = TenantFile::open(folder.path()).unwrap().dump().unwrap();
    let found = |name: &str| {
        let objects = dump["objects"].as_array().unwrap();
        objects.iter().find(|object| object["attributes"]["displayName"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    assert_eq!(found("Newcomer")["cloudAnchor"], format!("User_{}", seen["made"].as_str().unwrap()));
    assert_eq!(found("user002")["state"], "live", "it was deleted and restored");
    assert_eq!(found("Team")["references"], json!({}));
}
