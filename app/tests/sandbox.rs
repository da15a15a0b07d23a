//! Tenants on their own: the real binary serves them, and a client that knows nothing of it asks them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncline"));
    command.args(arguments).env_remove("SYNCLINE_DATA").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command
}

fn syncline(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

/// The JSON document of an answer with this exit code.
fn answer(arguments: &[&str], exit: i32) -> Value {
    let output = syncline(&[arguments, &["--json"]].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {text} {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn data(arguments: &[&str]) -> Value {
    answer(arguments, 0)["data"].take()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Tenants that are being served; the process ends with this value.
struct Serving {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    tenants: Vec<Value>,
}

impl Serving {
    fn start(arguments: &[&str], count: usize) -> Serving {
        let arguments = [arguments, &["--json"]].concat();
        let mut process = program(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
        let tenants: Vec<Value> = (0..count).map(|_| next()).collect();
        assert!(tenants.iter().all(|tenant| tenant["event"] == "tenant"), "{tenants:?}");
        assert_eq!(next(), json!({ "event": "serving", "tenants": count }));
        Serving { process, lines, tenants }
    }

    /// Asks the process to end as a service manager does; its last line.
    fn stop(mut self) -> Value {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let last: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(self.process.wait().unwrap().code(), Some(0), "{last}");
        last
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Nothing to end after a stop.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A client of one tenant that signs in and reads as `curl` would.
struct Caller {
    http: reqwest::Client,
    token: String,
}

impl Caller {
    async fn sign_in(tenant: &Value, base: &str, client_id: &str, secret: &str) -> Caller {
        rustls::crypto::ring::default_provider().install_default().ok();
        let pem = std::fs::read(text(&tenant["caPem"])).unwrap();
        let authority = reqwest::Certificate::from_pem(&pem).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = format!("{base}/{}/oauth2/v2.0/token", text(&tenant["initialDomain"]));
        let body: Value = http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        Caller { http, token: text(&body["access_token"]).to_owned() }
    }

    async fn read(&self, url: &str) -> Value {
        self.http.get(url).bearer_auth(&self.token).send().await.unwrap().json().await.unwrap()
    }

    /// Every object of a list, page by page.
    async fn all(&self, url: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut next = Some(url.to_owned());
        while let Some(url) = next {
            let page = self.read(&url).await;
            found.extend(page["value"].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
        }
        found
    }
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_users_that_the_demo_provisioned_are_read_with_a_token() {
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sandbox-demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let folder = folder.to_str().unwrap();
    let report = data(&["demo", "--no-window", "--data", folder]);
    let secret = data(&["--data", folder, "sandbox", "secret"]);
    let (client_id, secret) = (text(&secret["clientId"]), text(&secret["clientSecret"]));

    let serving = Serving::start(&["--data", folder, "sandbox", "serve"], 1);
    let tenant = serving.tenants[0].clone();
    let objects = ["users", "groups", "contacts", "devices"];
    for base in [text(&tenant["httpUrl"]), text(&tenant["httpsUrl"])] {
        let caller = Caller::sign_in(&tenant, base, client_id, secret).await;
        let mut counts = Vec::new();
        for set in objects {
            counts.push(caller.all(&format!("{base}/v1.0/{set}?$top=50")).await.len() as u64);
        }
        // The administrator is the tenant's own.
        counts[0] -= 1;
        let expected = ["user", "group", "contact", "device"].map(|kind| report["tenant"][kind].as_u64().unwrap_or(0));
        assert_eq!(counts, expected, "{report}");
        let found = caller
            .read(&format!(
                "{base}/v1.0/users?$filter=startsWith(displayName,'Aaron Hughes')&$select=userPrincipalName,onPremisesSyncEnabled"
            ))
            .await;
        let aaron = &found["value"][0];
        assert_eq!(aaron["userPrincipalName"], "aaron.hughes@contoso.com", "{found}");
        assert_eq!(aaron["onPremisesSyncEnabled"], true);
    }
    // Runs of the data folder meanwhile use the tenant where it is served.
    let run = answer(&["--data", folder, "run", "start", "contoso.onmicrosoft.com - AAD", "Full Import"], 0);
    assert_eq!(run["final"], true, "{run}");
    assert_eq!(answer(&["--data", folder, "sandbox", "dump"], 4)["error"]["code"], "E_BUSY");
    assert_eq!(serving.stop()["data"]["stopped"][0], "contoso.onmicrosoft.com");
    // And afterwards it runs with the engine again.
    answer(&["--data", folder, "run", "start", "contoso.onmicrosoft.com - AAD", "Delta Import"], 0);
}

#[tokio::test]
async fn tenants_are_made_filled_served_together_and_written_down() {
    let place = tempfile::tempdir().unwrap();
    let (contoso, fabrikam, copy) = (path(&place, "contoso"), path(&place, "fabrikam"), path(&place, "copy"));
    let created = data(&[
        "sandbox",
        "create",
        &contoso,
        "--tenant",
        "contoso",
        "--domain",
        "contoso.com",
        "--unverified-domain",
        "waiting.com",
        "--feature",
        "PasswordHashSync=on",
    ]);
    assert_eq!(created["initialDomain"], "contoso.onmicrosoft.com");
    assert_eq!(created["administrator"], "admin@contoso.onmicrosoft.com");
    assert!(created["features"].as_array().unwrap().contains(&json!("PasswordHashSync")));
    data(&["sandbox", "create", &fabrikam, "--tenant", "fabrikam"]);
    let (client, secret) = (text(&created["clientId"]), text(&created["clientSecret"]));

    let seed = path(&place, "seed.json");
    let users: Vec<Value> = (0..120)
        .map(|number| {
            let name = format!("user{number:03}");
            json!({ "objectType": "user", "attributes": { "displayName": name, "userPrincipalName": format!("{name}@contoso.com") } })
        })
        .collect();
    let given = json!({ "clients": [{ "name": "reader", "roles": ["User.Read.All"] }], "objects": users });
    std::fs::write(&seed, given.to_string()).unwrap();
    let loaded = data(&["sandbox", "load", &contoso, "--file", &seed]);
    assert_eq!((&loaded["loaded"], &loaded["tenant"]["objects"]["user"]), (&json!(120), &json!(121)));
    let reader = &loaded["clients"][0];

    let serving = Serving::start(&["sandbox", "serve", &contoso, &fabrikam], 2);
    let (first, second) = (serving.tenants[0].clone(), serving.tenants[1].clone());
    assert_ne!(first["httpUrl"], second["httpUrl"]);
    let base = text(&first["httpsUrl"]);
    let caller = Caller::sign_in(&first, base, text(&reader["clientId"]), text(&reader["clientSecret"])).await;
    assert_eq!(caller.all(&format!("{base}/v1.0/users")).await.len(), 121);
    assert_eq!(caller.read(&format!("{base}/v1.0/groups")).await["error"]["code"], "Authorization_RequestDenied");
    let caller = Caller::sign_in(&first, base, client, secret).await;
    assert_eq!(caller.all(&format!("{base}/v1.0/groups")).await.len(), 0);
    let elsewhere = caller.read(&format!("{}/v1.0/users", text(&second["httpUrl"]))).await;
    assert_eq!(elsewhere["error"]["code"], "InvalidAuthenticationToken", "a token of another tenant");
    let closed = caller.read(&format!("{}/sandbox/v1/export", text(&first["httpUrl"]))).await;
    assert_eq!(closed["error"]["code"], "NotFound", "nobody asked for the control API");
    assert_eq!(answer(&["sandbox", "serve", &contoso], 4)["error"]["code"], "E_BUSY");
    serving.stop();

    let dump = path(&place, "dump.json");
    assert_eq!(data(&["sandbox", "dump", &contoso, "--output", &dump])["objects"], 121);
    let written = std::fs::read_to_string(&dump).unwrap();
    for hidden in [secret, text(&reader["clientSecret"]), text(&created["administratorPassword"]), "PPH1_MD4"] {
        assert!(!written.contains(hidden), "scenario 18: {hidden}");
    }
    answer(&["sandbox", "dump", &contoso, "--output", &dump], 31);
    data(&["sandbox", "dump", &contoso, "--output", &dump, "--replace"]);
    data(&["sandbox", "create", &copy, "--tenant", "contoso"]);
    let loaded = data(&["sandbox", "load", &copy, "--file", &dump]);
    assert_eq!(loaded["loaded"], 121);
    assert_eq!(data(&["sandbox", "show", &copy])["objects"], data(&["sandbox", "show", &contoso])["objects"]);
    assert_eq!(data(&["sandbox", "dump", &copy])["objects"], data(&["sandbox", "dump", &contoso])["objects"]);
}

#[tokio::test]
async fn the_control_api_is_served_only_on_demand() {
    let place = tempfile::tempdir().unwrap();
    let folder = path(&place, "t");
    data(&["sandbox", "create", &folder, "--tenant", "contoso"]);
    let serving = Serving::start(&["sandbox", "serve", &folder, "--control", "--address", "127.0.0.3"], 1);
    let tenant = &serving.tenants[0];
    assert!(text(&tenant["httpsUrl"]).starts_with("https://127.0.0.3:"), "{tenant}");
    rustls::crypto::ring::default_provider().install_default().ok();
    let caller = Caller { http: reqwest::Client::builder().no_proxy().build().unwrap(), token: String::new() };
    let export = caller.read(&format!("{}/sandbox/v1/export", text(&tenant["httpUrl"]))).await;
    assert_eq!(export["initialDomain"], "contoso.onmicrosoft.com");
    serving.stop();
}

#[test]
fn what_cannot_be_done_is_said_with_the_documented_exit_code() {
    let place = tempfile::tempdir().unwrap();
    let (tenant, nothing) = (path(&place, "t"), path(&place, "nothing"));
    let create = ["sandbox", "create", &tenant, "--tenant", "contoso"];
    let check = |arguments: &[&str], exit: i32, words: &str| {
        let refused = answer(arguments, exit);
        let message = text(&refused["error"]["message"]);
        assert!(message.contains(words), "{arguments:?}: {message}");
    };
    check(&[&create[..3], &["--tenant", "con toso"]].concat(), 31, "con toso");
    check(&[&create[..], &["--domain", "contoso"]].concat(), 31, "contoso");
    check(&[&create[..], &["--feature", "Colour=on"]].concat(), 31, "PasswordHashSync");
    check(&[&create[..], &["--feature", "PasswordHashSync"]].concat(), 2, "NAME=on");
    assert!(!Path::new(&tenant).exists(), "nothing is left of a tenant that could not be made");
    data(&create);
    check(&create, 31, "holds a tenant already");
    check(&["sandbox", "show", &nothing], 30, "not the folder of a tenant");
    check(&["sandbox", "serve", &nothing], 30, "not the folder of a tenant");
    check(&["--data", &nothing, "sandbox", "dump"], 30, "not the folder of a tenant");
    check(&["sandbox", "secret", &tenant, "--client-id", "nobody"], 30, "nobody");
    check(&["sandbox", "load", &tenant, "--file", &nothing], 30, "nothing");
    let broken = path(&place, "broken.json");
    std::fs::write(&broken, "{\"objects\":[{]}").unwrap();
    check(&["sandbox", "load", &tenant, "--file", &broken], 31, "line 1 column");
    check(&["sandbox", "serve", &tenant, "--address", "0.0.0.0"], 31, "one address of this computer");
    check(&["sandbox", "serve", &tenant, &tenant, "--http-port", "1"], 2, "several");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    check(&["sandbox", "serve", &tenant, "--http-port", &port], 21, &port);
    let shown = String::from_utf8(syncline(&["sandbox", "show", &tenant]).stdout).unwrap();
    for line in ["Tenant            : contoso.onmicrosoft.com\n", "(initial)", "1 user\n"] {
        assert!(shown.contains(line), "missing {line:?} in {shown}");
    }
}
