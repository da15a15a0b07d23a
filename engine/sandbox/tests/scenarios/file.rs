//! A tenant's folder without a server: made, filled, written down and filled again; and HTTPS on another address.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use serde_json::{Value, json};
use syncline_sandbox::{Sandbox, SandboxError, SandboxOptions, TenantFile};

use crate::client::{Client, http_client, options, signing_key, start_with};

/// V1 of the feature description.
const HASH: &str = "v1;PPH1_MD4,0102030405060708090a,1000,c9efc89d53c6681a1ae54f90fc85321f2d1d06350ff7eafdb0bc32c2c7e7390d;";

fn new_tenant(folder: &Path, name: &str) -> TenantFile {
    TenantFile::create(&SandboxOptions::new(folder, name)).unwrap()
}

#[test]
fn a_tenant_is_made_once_and_only_in_an_empty_folder() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("contoso");
    let mut options = SandboxOptions::new(&folder, "contoso");
    for (name, domain) in [("con toso", "contoso.com"), ("contoso", "contoso"), ("contoso", "-.com")] {
        let wrong = SandboxOptions { tenant_name: name.to_owned(), verified_domains: vec![domain.to_owned()], ..options.clone() };
        assert!(matches!(TenantFile::create(&wrong), Err(SandboxError::Domain(_))), "{name} {domain}");
        assert!(!folder.exists(), "nothing is made of names that cannot be used");
    }
    assert!(matches!(TenantFile::open(&folder), Err(SandboxError::NotATenant(_))));
    options.verified_domains = vec!["contoso.com".to_owned()];
    let mut file = TenantFile::create(&options).unwrap();
    assert!(matches!(TenantFile::open(&folder), Err(SandboxError::InUse(_))));
    file.set_domain("federated.com", true, true).unwrap();
    file.set_domain("waiting.com", false, false).unwrap();
    file.set_feature("passwordhashsync", true).unwrap();
    file.set_feature("EnableSoftMatchOnUpn", false).unwrap();
    assert!(matches!(file.set_feature("colour", true), Err(SandboxError::Feature { .. })));
    assert!(matches!(file.set_domain("x", true, false), Err(SandboxError::Domain(_))));
    assert!(matches!(file.new_client_secret(Some("nobody")), Err(SandboxError::Application(_))));
    let facts = file.facts().unwrap();
    assert_eq!(facts.initial_domain, "contoso.onmicrosoft.com");
    let domains: Vec<(&str, bool, &str)> =
        facts.domains.iter().map(|domain| (domain.name.as_str(), domain.verified, domain.authentication.as_str())).collect();
    assert_eq!(
        domains,
        [
            ("contoso.com", true, "Managed"),
            ("contoso.onmicrosoft.com", true, "Managed"),
            ("federated.com", true, "Federated"),
            ("waiting.com", false, "Managed"),
        ]
    );
    assert!(facts.features.contains(&"PasswordHashSync".to_owned()));
    assert!(!facts.features.contains(&"EnableSoftMatchOnUpn".to_owned()));
    assert_eq!(facts.objects["user"], 1, "the administrator");
    drop(file);
    assert!(matches!(TenantFile::create(&options), Err(SandboxError::Exists(_))));
    assert_eq!(TenantFile::open(&folder).unwrap().facts().unwrap(), facts);

    std::fs::write(parent.path().join("notes.txt"), "mine").unwrap();
    let other = TenantFile::create(&SandboxOptions::new(parent.path(), "contoso"));
    assert!(matches!(other, Err(SandboxError::NotEmpty(_))), "{other:?}");
    assert!(matches!(TenantFile::open(parent.path()), Err(SandboxError::NotATenant(_))));
}

/// A tenant with something of everything that a dump keeps.
async fn filled() -> Client {
    let client = Client::new().await;
    client.features(8248 + 1 + 4).await;
    client.write("user", "a1", json!({ "userPrincipalName": "ann@contoso.com", "displayName": "Ann" })).await;
    client.write("user", "a2", json!({ "userPrincipalName": "ann@contoso.com", "displayName": "Second Ann" })).await;
    client.write("user", "a3", json!({ "userPrincipalName": "bob@contoso.com", "manager": "a1" })).await;
    client.write("user", "a4", json!({ "userPrincipalName": "gone@contoso.com", "manager": "a1" })).await;
    client.write("group", "g1", json!({ "displayName": "All", "member": ["a1", "a2", "a3"] })).await;
    client.write("contact", "c1", json!({ "displayName": "Carl", "proxyAddresses": ["SMTP:carl@elsewhere.com"] })).await;
    client.write("device", "d1", json!({ "displayName": "PC-1" })).await;
    let credential = json!({ "items": [{ "sourceAnchor": "a1", "credentialData": HASH, "changeDate": "2024-06-01T00:00:00Z" }] });
    client.send("POST", "/dirsync/v1/credentials", Some(&credential)).await;
    client.delete("user", "a4").await;
    client.new_user("cloud").await;
    client.control("POST", "domains", json!({ "name": "fabrikam.com", "verified": false })).await;
    let id = client.sandbox().client_id().to_owned();
    let extension = json!({ "name": "badge", "dataType": "String", "targetObjects": ["User"] });
    let extension = client.graph("POST", &format!("applications(appId='{id}')/extensionProperties"), extension, 201).await;
    let badge = extension["name"].as_str().unwrap();
    client.graph("PATCH", "users/cloud@contoso.com", json!({ badge: "B-1" }), 204).await;
    client.send("PATCH", "/dirsync/v1/company", Some(&json!({ "thresholdCount": 17 }))).await;
    client
}

/// What two tenants must have in common: everything but their own identity and application.
fn contents(mut dump: Value) -> Value {
    let fields = dump.as_object_mut().unwrap();
    fields.remove("tenantId");
    fields.remove("applications");
    dump
}

#[tokio::test]
async fn scenario_18_a_dump_fills_another_tenant_and_holds_no_secret() {
    let mut client = filled().await;
    let secret = client.secret.clone();
    client.stop();
    let file = TenantFile::open(client.folder.path()).unwrap();
    let dump = file.dump().unwrap();
    let text = dump.to_string();
    for hidden in [secret.as_str(), "PPH1_MD4", "c9efc89d53c6681a", "Password123!", "BEGIN"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    let applications = dump["applications"].as_array().unwrap();
    let (id, count) = (applications[0]["clientId"].as_str().unwrap().to_owned(), applications.len());
    assert_eq!(dump["quarantine"].as_array().unwrap().len(), 1);

    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    drop(file);
    let copy_options = SandboxOptions { verified_domains: Vec::new(), seed: Some(8), ..options(&folder) };
    let mut copy = TenantFile::create(&copy_options).unwrap();
    let (admin, password) = copy.new_administrator_password().unwrap();
    let loaded = copy.load(&text).unwrap();
    assert_eq!((loaded.objects, loaded.clients.len()), (dump["objects"].as_array().unwrap().len(), count));
    assert_eq!(contents(copy.dump().unwrap()), contents(dump));
    assert!(matches!(copy.load(&text), Err(SandboxError::Load(_))), "it holds objects now");
    // The application of the dump goes on with a new secret.
    let secret = copy.new_client_secret(Some(&id)).unwrap();
    drop(copy);

    std::fs::write(folder.path().join("signing-key.pem"), signing_key()).unwrap();
    let sandbox = std::sync::Arc::new(start_with(&folder, options(&folder)));
    let http = http_client(&sandbox);
    let mut client = Client { sandbox: Some(sandbox), folder, http, token: String::new(), secret: secret.clone() };
    client.token = client.sign_in_as(&id, &secret).await;
    let id = client.sandbox().client_id().to_owned();
    let mut fields = vec![("grant_type", "password"), ("client_id", &id), ("username", &admin), ("password", &password)];
    fields.push(("scope", "https://graph.microsoft.com/User.Read"));
    assert_eq!(client.token_form("contoso.com", &fields).await.status, 200, "the administrator keeps the password");

    // Matching, references, the claim on a name and the life of deleted objects go on.
    assert_eq!(client.set("user", "a3", json!({ "displayName": "Bob" })).await["matched"], "hard");
    assert_eq!(client.set("user", "a4", json!({ "userPrincipalName": "gone@contoso.com" })).await["matched"], "restored");
    let members = client.read("/v1.0/groups?$filter=displayName eq 'All'&$expand=members").await;
    assert_eq!(members["value"][0]["members"].as_array().unwrap().len(), 3);
    client.delete("user", "a1").await;
    client.advance("PT61M").await;
    client.token = client.sign_in_as(client.sandbox().client_id(), &client.sandbox().new_client_secret().unwrap()).await;
    let second = client.read("/v1.0/users?$filter=displayName eq 'Second Ann'&$select=userPrincipalName").await;
    assert_eq!(second["value"][0]["userPrincipalName"], "ann@contoso.com");
    let badge = client.read("/dirsync/v1/company").await;
    assert_eq!(badge["thresholdCount"], 17);
}

#[tokio::test]
async fn a_seed_adds_to_a_tenant_and_tells_secrets_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = new_tenant(folder.path(), "contoso");
    let seed = json!({
        "domains": [{ "name": "contoso.com" }, { "name": "fabrikam.com", "authenticationType": "Federated" }],
        "clients": [{ "name": "reader", "roles": ["User.Read.All"] }],
        "objects": [
            { "objectType": "user", "attributes": { "userPrincipalName": "ann@contoso.com", "displayName": "Ann" }, "password": "Pa$$w0rd-1" },
            { "objectType": "group", "attributes": { "displayName": "All" }, "members": ["a7"] },
            { "objectType": "user", "sourceAnchor": "a7", "onPremisesSyncEnabled": true, "attributes": { "displayName": "Bob" } },
        ],
    });
    let loaded = file.load(&seed.to_string()).unwrap();
    assert_eq!(loaded.objects, 3);
    let [reader] = loaded.clients.as_slice() else { panic!("{loaded:?}") };
    let secret = reader.client_secret.clone().unwrap();
    assert!(!format!("{loaded:?}").contains(&secret));
    let dump = file.dump().unwrap();
    assert!(!dump.to_string().contains(&secret) && !dump.to_string().contains("Pa$$w0rd-1"));
    let before = dump.to_string();
    // A second one adds to the first.
    file.load(r#"{"objects":[{"objectType":"contact","attributes":{"displayName":"Carl"}}]}"#).unwrap();
    let facts = file.facts().unwrap();
    let counts: Vec<u64> = ["user", "group", "contact", "device"].map(|kind| facts.objects[kind]).to_vec();
    assert_eq!(counts, [3, 1, 1, 0]);
    assert!(facts.domains.iter().any(|domain| domain.name == "fabrikam.com" && domain.authentication == "Federated"));
    assert_ne!(file.dump().unwrap().to_string(), before);
}

#[tokio::test]
async fn a_file_that_is_wrong_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = new_tenant(folder.path(), "contoso");
    let before = file.dump().unwrap();
    let dump = |change: &dyn Fn(&mut Value)| {
        let mut changed = before.clone();
        changed["applications"] = json!([]);
        change(&mut changed);
        changed.to_string()
    };
    let user = json!({
        "cloudAnchor": "User_00000000-0000-4000-8000-000000000001", "state": "live", "sourceAnchor": null,
        "onPremisesSyncEnabled": null, "role": null, "attributes": {}, "overrides": {}, "cloud": {}, "references": {},
        "created": "2024-06-01T00:00:00Z", "lastSync": null, "deleted": null,
    });
    let with = |name: &str, value: Value| {
        let mut user = user.clone();
        user[name] = value;
        dump(&|dump| dump["objects"] = json!([user]))
    };
    for (text, reason) in [
        ("{".to_owned(), "EOF"),
        ("[]".to_owned(), "expected"),
        (r#"{"colour":1}"#.to_owned(), "colour"),
        (r#"{"domains":[{"name":"new.com"}],"objects":[{"objectType":"robot"}]}"#.to_owned(), "robot"),
        (r#"{"domains":[{"name":"new.com"}],"features":{"bits":64}}"#.to_owned(), "bits"),
        (r#"{"objects":[{"objectType":"user","attributes":{"colour":"red"}}]}"#.to_owned(), "colour"),
        (r#"{"objects":[{"objectType":"group","members":["nobody"]}]}"#.to_owned(), "nobody"),
        (dump(&|dump| dump["dumpVersion"] = json!(2)), "version 2"),
        (dump(&|dump| dump["initialDomain"] = json!("fabrikam.onmicrosoft.com")), "fabrikam.onmicrosoft.com"),
        (dump(&|dump| dump["features"]["Colour"] = json!(true)), "Colour"),
        (dump(&|dump| dump["settings"]["colour"] = json!("red")), "colour"),
        (dump(&|dump| dump["settings"]["threshold_count"] = json!("many")), "threshold_count"),
        (dump(&|dump| dump["domains"][0]["authenticationType"] = json!("Guessed")), "Managed"),
        (dump(&|dump| dump["objects"] = json!([user, user])), "twice"),
        (with("cloudAnchor", json!("Robot_1")), "Robot_1"),
        (with("attributes", json!({ "colour": "red" })), "colour"),
        (with("references", json!({ "manager": ["User_2"] })), "User_2"),
        (with("state", json!("asleep")), "asleep"),
    ] {
        let error = file.load(&text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
        assert_eq!(file.dump().unwrap(), before, "{text}");
    }
    file.load(&with("role", json!(null))).unwrap();
}

#[tokio::test]
async fn https_is_served_on_another_address_only_when_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let plain = start_with(&folder, options(&folder));
    let authority = std::fs::read(plain.ca_pem()).unwrap();
    plain.stop();
    let nowhere = SandboxOptions { address: Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), ..options(&folder) };
    assert!(matches!(Sandbox::start(nowhere), Err(SandboxError::Address)));

    let address: IpAddr = "127.0.0.2".parse().unwrap();
    let named = SandboxOptions { address: Some(address), ..options(&folder) };
    let sandbox = start_with(&folder, named.clone());
    assert_ne!(std::fs::read(sandbox.ca_pem()).unwrap(), authority, "the certificate had to name another address");
    let base = sandbox.https_url();
    assert!(base.starts_with("https://127.0.0.2:"), "{base}");
    let (http, secret) = (http_client(&sandbox), sandbox.new_client_secret().unwrap());
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", sandbox.client_id()),
        ("client_secret", &secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let token: Value =
        http.post(format!("{base}/contoso.com/oauth2/v2.0/token")).form(&fields).send().await.unwrap().json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let status = async |url: String| http.get(url).bearer_auth(token).send().await.unwrap().status().as_u16();
    assert_eq!(status(format!("{base}/v1.0/users")).await, 200);
    assert_eq!(status(format!("{}/v1.0/users", sandbox.http_url())).await, 200);
    assert_eq!(status(format!("{base}/sandbox/v1/export")).await, 404, "control stays on this computer");
    assert_eq!(status(format!("{}/sandbox/v1/export", sandbox.http_url())).await, 200);
    let elsewhere = http.get(format!("{base}/v1.0/users")).header("Host", "127.0.0.3").send().await.unwrap();
    assert_eq!(elsewhere.status().as_u16(), 403);
    let authority = std::fs::read(sandbox.ca_pem()).unwrap();
    sandbox.stop();
    let again = start_with(&folder, named);
    assert_eq!(std::fs::read(again.ca_pem()).unwrap(), authority, "it names the address already");
}
