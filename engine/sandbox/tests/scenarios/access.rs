//! Sign-in, privileges, HTTPS, restart.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::client::{Client, http_client, start};

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn scenario_01_token_with_a_secret_carries_the_registered_roles() {
    let client = Client::new().await;
    let claims = claims(&client.token);
    assert_eq!(claims["aud"], "https://graph.microsoft.com");
    assert_eq!(claims["tid"], json!(client.sandbox().tenant_id()));
    assert_eq!(claims["appid"], client.sandbox().client_id());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3599);
    let roles = claims["roles"].as_array().unwrap();
    assert!(roles.contains(&json!("DirSync.ReadWrite.All")), "{roles:?}");
    for roles in [&["User.Read.All", "Group.Read.All"][..], &[]] {
        let other = client.as_app(roles).await;
        assert_eq!(self::claims(&other.token)["roles"], json!(roles), "as registered, and nothing more");
    }
}

#[tokio::test]
async fn scenario_01_the_published_key_verifies_the_token() {
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    use rsa::signature::Verifier;

    let client = Client::new().await;
    let configuration = client.read("/contoso.com/v2.0/.well-known/openid-configuration").await;
    assert_eq!(configuration["issuer"], claims(&client.token)["iss"]);
    assert!(configuration["token_endpoint"].as_str().unwrap().ends_with("/oauth2/v2.0/token"));
    let keys = client.read(configuration["jwks_uri"].as_str().unwrap()).await;
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap()).unwrap();
        rsa::BigUint::from_bytes_be(&bytes)
    };
    let key = rsa::RsaPublicKey::new(number("n"), number("e")).unwrap();
    let (text, signature) = client.token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signature = Signature::try_from(signature.as_slice()).unwrap();
    VerifyingKey::<sha2::Sha256>::new(key).verify(text.as_bytes(), &signature).unwrap();
    let instance = client.read("/common/discovery/instance").await;
    let endpoint = instance["tenant_discovery_endpoint"].as_str().unwrap();
    assert_eq!(client.read(endpoint).await, configuration);
}

#[tokio::test]
async fn scenario_01_refused_token_requests_have_the_documented_shape() {
    let client = Client::new().await;
    let id = client.sandbox().client_id().to_owned();
    let secret = client.secret.clone();
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let check = async |tenant: &str, change: Option<(&str, &str)>, status: u16, error: &str, number: u32| {
        let fields: Vec<(&str, &str)> = good
            .into_iter()
            .map(|(name, value)| match change {
                Some((changed, other)) if changed == name => (name, other),
                _ => (name, value),
            })
            .collect();
        let answer = client.token_form(tenant, &fields).await;
        let body = answer.body;
        assert_eq!((answer.status, body["error"].as_str().unwrap()), (status, error), "{body}");
        assert_eq!(body["error_codes"], json!([number]));
        let text = body["error_description"].as_str().unwrap();
        assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
        let ends = format!(
            "\r\nTrace ID: {}\r\nCorrelation ID: {}\r\nTimestamp: {}",
            body["trace_id"].as_str().unwrap(),
            body["correlation_id"].as_str().unwrap(),
            body["timestamp"].as_str().unwrap()
        );
        assert!(text.ends_with(&ends), "{text}");
        assert!(!text.contains("wrong-secret"), "{text}");
        assert_eq!(body.as_object().unwrap().len(), 6);
    };
    let initial = client.sandbox().initial_domain().to_owned();
    check("fabrikam.com", None, 400, "invalid_tenant", 90002).await;
    check(&initial, Some(("client_secret", "wrong-secret")), 401, "invalid_client", 7_000_215).await;
    check(&initial, Some(("client_id", "nobody")), 400, "unauthorized_client", 700_016).await;
    check(&initial, Some(("scope", "User.Read")), 400, "invalid_scope", 70011).await;
    check(&initial, Some(("scope", "https://example.com/.default")), 400, "invalid_scope", 70011).await;
    check(&initial, Some(("scope", "")), 400, "invalid_request", 900_144).await;
    check(&initial, Some(("grant_type", "implicit")), 400, "unsupported_grant_type", 70003).await;
    check(&initial, Some(("grant_type", "")), 400, "invalid_request", 900_144).await;
    check(&initial, Some(("client_id", "")), 400, "invalid_request", 900_144).await;
    check(&initial, Some(("client_secret", "")), 400, "invalid_request", 900_144).await;
    let unknown = client.get("/fabrikam.com/v2.0/.well-known/openid-configuration").await;
    assert_eq!((unknown.status, &unknown.body["error_codes"]), (400, &json!([90002])));
}

#[tokio::test]
async fn scenario_02_calls_need_a_valid_token_with_the_role() {
    let mut client = Client::new().await;
    let check = async |client: &Client, path: &str, status: u16, code: &str, message: &str| {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path} {}", answer.body);
        assert_eq!(answer.body["error"]["message"], message);
    };
    const TOKEN: &str = "InvalidAuthenticationToken";
    let good = std::mem::take(&mut client.token);
    check(&client, "/v1.0/users", 401, TOKEN, "Access token is empty.").await;
    check(&client, "/dirsync/v1/company", 401, TOKEN, "Access token is empty.").await;
    client.token = format!("{good}x");
    check(&client, "/v1.0/users", 401, TOKEN, "Access token validation failure.").await;
    client.token = good;
    client.advance("PT2H").await;
    let expired = "Lifetime validation failed, the token is expired.";
    check(&client, "/v1.0/users", 401, TOKEN, expired).await;
    check(&client, "/dirsync/v1/company", 401, TOKEN, expired).await;

    let clients = json!({ "clients": [{ "name": "reader", "roles": ["User.Read.All"] }] });
    let made = client.control("POST", "seed", clients).await;
    let made = &made["clients"][0];
    let text = |name: &str| made[name].as_str().unwrap();
    client.token = client.sign_in_as(text("clientId"), text("clientSecret")).await;
    assert_eq!(client.get("/v1.0/users").await.status, 200);
    let denied = "Insufficient privileges to complete the operation.";
    for path in ["/v1.0/groups", "/v1.0/contacts", "/v1.0/organization", "/v1.0/domains", "/dirsync/v1/company"] {
        check(&client, path, 403, "Authorization_RequestDenied", denied).await;
    }
}

#[tokio::test]
async fn scenario_17_a_restart_keeps_everything() {
    let mut client = Client::new().await;
    let u1 = client.write("user", "a1", json!({ "userPrincipalName": "u@contoso.com", "displayName": "U" })).await;
    let u2 = client.write("user", "a2", json!({ "userPrincipalName": "u@contoso.com" })).await;
    client.write("group", "g", json!({ "displayName": "G", "member": ["a1", "a2"] })).await;
    let (before, link) = client.pages("/dirsync/v1/objects/delta?$top=2").await;
    let errors = client.read("/dirsync/v1/errors").await;
    let placeholder = client.user(&u2, "userPrincipalName").await;
    let (url, tenant, ca) =
        (client.sandbox().http_url(), client.sandbox().tenant_id(), std::fs::read_to_string(client.sandbox().ca_pem()).unwrap());
    client.advance("PT30M").await;

    client.stop();
    client.sandbox = Some(std::sync::Arc::new(start(&client.folder)));
    client.http = http_client(client.sandbox());
    let sandbox = client.sandbox();
    assert_eq!((sandbox.http_url(), sandbox.tenant_id()), (url, tenant));
    assert_eq!(std::fs::read_to_string(sandbox.ca_pem()).unwrap(), ca);
    // The access token, the secret, the delta link and the clock all go on.
    assert_eq!(client.pages("/dirsync/v1/objects/delta").await.0, before);
    assert_eq!(client.read(&link).await["value"], json!([]));
    assert_eq!(client.read("/dirsync/v1/errors").await, errors);
    assert_eq!(client.user(&u2, "userPrincipalName").await, placeholder);
    client.sign_in().await;
    let u3 = client.write("user", "a3", json!({ "userPrincipalName": "v@contoso.com" })).await;
    assert!(![u1, u2].contains(&u3));
    client.advance("PT40M").await;
    assert_eq!(client.get("/v1.0/users").await.status, 200);
    client.advance("PT30M").await;
    assert_eq!(client.get("/v1.0/users").await.status, 401);
}

#[tokio::test]
async fn scenario_18_the_file_and_the_export_hold_no_clear_secret() {
    let mut client = Client::new().await;
    client.new_user("alice").await;
    let export = client.control("GET", "export", Value::Null).await;
    assert!(!export.to_string().contains(&client.secret));
    let journal = client.control("GET", "requests?since=0", Value::Null).await;
    assert!(journal.to_string().contains("/oauth2/v2.0/token"));
    assert!(!journal.to_string().contains(&client.secret));
    let password = "Password123!";
    assert!(!export.to_string().contains(password) && !journal.to_string().contains(password));
    client.stop();
    for entry in std::fs::read_dir(client.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        for secret in [client.secret.as_str(), password] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{:?}", entry.path());
        }
    }
}

#[cfg(unix)]
#[test]
fn keys_and_the_database_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    // The key file of the tests is written readable by all, so starting has something to mend.
    let running = start(&folder);
    for name in ["sandbox.db", "sandbox.db-wal", "server-key.pem", "signing-key.pem"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    running.stop();
}

#[tokio::test]
async fn https_is_served_under_the_generated_authority() {
    let client = Client::new().await;
    let sandbox = client.sandbox();
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", sandbox.client_id()),
        ("client_secret", client.secret.as_str()),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    for base in [sandbox.https_url(), sandbox.https_url().replace("localhost", "127.0.0.1")] {
        let url = format!("{base}/contoso.com/oauth2/v2.0/token");
        let token: Value = client.http.post(url).form(&fields).send().await.unwrap().json().await.unwrap();
        let users: Value = client
            .http
            .get(format!("{base}/v1.0/users?$top=1"))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(users["@odata.context"], format!("{base}/v1.0/$metadata#users"));
    }
    let other = Client::new().await;
    let url = format!("{}/common/discovery/instance", sandbox.https_url());
    assert!(other.http.get(url).send().await.is_err(), "another tenant's authority must not be trusted");
}

#[tokio::test]
async fn the_control_api_is_closed_unless_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    drop(start(&folder));
    let options = syncline_sandbox::SandboxOptions { control: false, ..crate::client::options(&folder) };
    let sandbox = syncline_sandbox::Sandbox::start(options).unwrap();
    let url = format!("{}/sandbox/v1/export", sandbox.http_url());
    let status = http_client(&sandbox).get(url).send().await.unwrap().status();
    assert_eq!(status.as_u16(), 404);
}

#[tokio::test]
async fn requests_from_other_sites_are_refused() {
    let client = Client::new().await;
    let url = format!("{}/sandbox/v1/export", client.sandbox().http_url());
    let check = async |name: &str, value: &str, status: u16| {
        let answer = client.http.get(&url).header(name, value).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{name}: {value}");
    };
    check("Accept", "*/*", 200).await;
    check("Origin", "https://example.com", 403).await;
    check("Host", "example.com", 403).await;
}

#[test]
fn a_folder_belongs_to_one_running_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(&folder);
    let second = syncline_sandbox::Sandbox::start(crate::client::options(&folder));
    assert!(matches!(second, Err(syncline_sandbox::SandboxError::InUse(_))), "{second:?}");
    let url = running.http_url();
    running.stop();
    assert_eq!(start(&folder).http_url(), url);
}
