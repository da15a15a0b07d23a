//! Signing in: certificates, passwords, codes on other devices (scenarios 1, 2 and 28 to 30).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{RandomizedSigner, SignatureEncoding, Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{Answer, Client, signing_key, user_body};

/// V1 and V3 of the feature description: `Password123!` and `Pa$$w0rd`.
const V1: &str = "v1;PPH1_MD4,0102030405060708090a,1000,c9efc89d53c6681a1ae54f90fc85321f2d1d06350ff7eafdb0bc32c2c7e7390d;";
const V3: &str = "v1;PPH1_MD4,a42b92067e4b8123101a,1000,f0fc762ea9051ef754652becd83ee5e54c1c857c1c0965abac5d85de9c143911;";

impl Client {
    async fn password(&self, name: &str, password: &str) -> Answer {
        let id = self.sandbox().client_id().to_owned();
        let fields = [
            ("grant_type", "password"),
            ("client_id", id.as_str()),
            ("username", name),
            ("password", password),
            ("scope", "https://graph.microsoft.com/User.Read openid offline_access"),
        ];
        self.token_form("contoso.com", &fields).await
    }

    /// Number of the refusal of a password, 0 if it was accepted.
    async fn password_number(&self, name: &str, password: &str) -> u64 {
        let answer = self.password(name, password).await;
        match answer.status {
            200 => 0,
            _ => {
                assert_eq!(answer.body["error"], "invalid_grant", "{}", answer.body);
                answer.body["error_codes"][0].as_u64().unwrap()
            }
        }
    }

    async fn credentials(&self, items: Value) -> Answer {
        self.send("POST", "/dirsync/v1/credentials", Some(&json!({ "items": items }))).await
    }
}

fn assertion(client: &Client, algorithm: &str, pem: &str, certificate: &[u8], change: impl Fn(&mut Value)) -> String {
    let sandbox = client.sandbox();
    let now: jiff::Timestamp = "2024-06-01T00:00:00Z".parse().unwrap();
    let mut claims = json!({
        "aud": format!("{}/contoso.com/oauth2/v2.0/token", sandbox.http_url()),
        "iss": sandbox.client_id(), "sub": sandbox.client_id(), "jti": "one",
        "nbf": now.as_second(), "exp": now.as_second() + 600,
    });
    change(&mut claims);
    let header = json!({ "alg": algorithm, "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(Sha256::digest(certificate)) });
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(pem).unwrap();
    let signature = if algorithm == "PS256" {
        rsa::pss::SigningKey::<Sha256>::new(key).sign_with_rng(&mut rsa::rand_core::OsRng, text.as_bytes()).to_vec()
    } else {
        rsa::pkcs1v15::SigningKey::<Sha256>::new(key).sign(text.as_bytes()).to_vec()
    };
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn scenario_01_a_certificate_proves_an_application() {
    let client = Client::new().await;
    // The tests have one RSA key, which is the application's as well.
    let pem = signing_key();
    let pair = KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&pair).unwrap();
    let check = async |text: &str, expected: u64| {
        let id = client.sandbox().client_id().to_owned();
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id.as_str()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", text),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let answer = client.token_form("contoso.com", &fields).await;
        assert_eq!(answer.body["error_codes"][0].as_u64().unwrap_or(0), expected, "{}", answer.body);
        answer.body
    };
    let make = |algorithm: &str, change: &dyn Fn(&mut Value)| assertion(&client, algorithm, &pem, certificate.der(), change);
    check(&make("RS256", &|_| {}), 700_027).await;
    client.sandbox().add_client_certificate(&certificate.pem()).unwrap();
    let token = check(&make("RS256", &|_| {}), 0).await;
    assert!(token.get("refresh_token").is_none());
    check(&make("RS256", &|_| {}), 700_027).await;
    check(&make("PS256", &|claims| claims["jti"] = json!("two")), 0).await;
    for (number, (name, value)) in [
        ("iss", json!("other")),
        ("sub", json!("other")),
        ("aud", json!("https://example.com")),
        ("exp", json!(1)),
        ("exp", json!(4_000_000_000_i64)),
        ("jti", json!("")),
    ]
    .into_iter()
    .enumerate()
    {
        let text = make("RS256", &|claims| {
            claims["jti"] = json!(format!("n{number}"));
            claims[name] = value.clone();
        });
        check(&text, 700_027).await;
    }
    let good = make("RS256", &|claims| claims["jti"] = json!("three"));
    check(&format!("{good}x"), 700_027).await;
    check("nonsense", 700_027).await;
    assert!(client.sandbox().add_client_certificate("nonsense").is_err());
    let authority = std::fs::read_to_string(client.sandbox().ca_pem()).unwrap();
    assert!(client.sandbox().add_client_certificate(&authority).is_err(), "not an RSA key");
}

#[tokio::test]
async fn scenario_01_secrets_expire_and_are_revoked() {
    let client = Client::new().await;
    let id = client.sandbox().client_id().to_owned();
    let number = async || {
        let answer = client.token_request("contoso.com", &id, &client.secret).await;
        answer.body["error_codes"][0].as_u64().unwrap_or(0)
    };
    client.control("POST", "secrets", json!({ "clientId": id, "expires": "2024-06-01T01:00:00Z" })).await;
    assert_eq!(number().await, 0);
    client.advance("PT1H").await;
    assert_eq!(number().await, 7_000_222);
    client.control("POST", "secrets", json!({ "clientId": id })).await;
    assert_eq!(number().await, 7_000_215);
}

#[tokio::test]
async fn scenario_02_tokens_of_another_tenant_are_not_accepted() {
    let (mut one, other) = (Client::seeded(1).await, Client::seeded(2).await);
    assert_eq!(one.get("/v1.0/users").await.status, 200);
    // Both tenants of the tests sign with the same key, so only what the token says tells them apart.
    one.token = other.token.clone();
    for path in ["/v1.0/users", "/dirsync/v1/company"] {
        let answer = one.get(path).await;
        assert_eq!((answer.status, answer.code()), (401, "InvalidAuthenticationToken"), "{path}");
    }
}

#[tokio::test]
async fn passwords_of_cloud_users_sign_in() {
    let client = Client::new().await;
    let id = client.new_user("alice").await;
    let name = "alice@contoso.com";
    assert_eq!(client.password_number(name, "Password123!").await, 0);
    assert_eq!(client.password_number("ALICE@contoso.com", "Password123!").await, 0);
    for password in ["password123!", " Password123!", "Password123! "] {
        assert_eq!(client.password_number(name, password).await, 50126, "{password:?}");
    }
    assert_eq!(client.password_number("nobody@contoso.com", "Password123!").await, 50034);
    assert_eq!(client.password_number("admin@contoso.onmicrosoft.com", "x").await, 50056);
    let activity = client.user(&id, "signInActivity").await;
    assert_eq!(activity["signInActivity"]["lastSuccessfulSignInDateTime"], "2024-06-01T00:00:00Z");
    client.graph("PATCH", &format!("users/{id}"), json!({ "passwordProfile": { "password": "Other1234!" } }), 204).await;
    assert_eq!(client.password_number(name, "Other1234!").await, 50055, "a new password must be changed");
    let profile = json!({ "passwordProfile": { "forceChangePasswordNextSignIn": false } });
    client.graph("PATCH", &format!("users/{id}"), profile, 204).await;
    assert_eq!(client.password_number(name, "Other1234!").await, 0);
    client.graph("PATCH", &format!("users/{id}"), json!({ "accountEnabled": false }), 204).await;
    assert_eq!(client.password_number(name, "Other1234!").await, 50057);
    for endpoint in ["common", "consumers"] {
        let client_id = client.sandbox().client_id().to_owned();
        let fields = [("grant_type", "password"), ("client_id", client_id.as_str())];
        assert_eq!(client.token_form(endpoint, &fields).await.body["error_codes"], json!([9_001_023]));
    }
    client.control("POST", "domains", json!({ "name": "contoso.com", "authenticationType": "Federated" })).await;
    let federated = client.password(name, "Other1234!").await;
    assert!(federated.body["error_description"].as_str().unwrap().contains("account_type Federated"));
}

#[tokio::test]
async fn ten_failures_lock_for_a_minute() {
    let client = Client::new().await;
    client.new_user("alice").await;
    let name = "alice@contoso.com";
    for _ in 0..10 {
        assert_eq!(client.password_number(name, "wrong").await, 50126);
    }
    assert_eq!(client.password_number(name, "Password123!").await, 50053);
    client.advance("PT59S").await;
    assert_eq!(client.password_number(name, "Password123!").await, 50053);
    client.advance("PT1S").await;
    assert_eq!(client.password_number(name, "Password123!").await, 0);
}

#[tokio::test]
async fn refresh_tokens_are_used_once_and_end_with_the_password() {
    let client = Client::new().await;
    let id = client.new_user("alice").await;
    let renew = async |token: &Value| {
        let client_id = client.sandbox().client_id().to_owned();
        let fields =
            [("grant_type", "refresh_token"), ("client_id", client_id.as_str()), ("refresh_token", token.as_str().unwrap())];
        client.token_form("contoso.com", &fields).await
    };
    let first = client.password("alice@contoso.com", "Password123!").await.body;
    assert!(first["id_token"].is_string());
    let second = renew(&first["refresh_token"]).await;
    assert_eq!((second.status, &second.body["scope"]), (200, &json!("User.Read openid offline_access")));
    assert_eq!(renew(&first["refresh_token"]).await.body["error_codes"], json!([70000]));
    client.graph("PATCH", &format!("users/{id}"), json!({ "passwordProfile": { "password": "Other1234!" } }), 204).await;
    assert_eq!(renew(&second.body["refresh_token"]).await.body["error_codes"], json!([70000]));
}

#[tokio::test]
async fn a_code_is_entered_on_another_device() {
    let client = Client::new().await;
    client.new_user("alice").await;
    let id = client.sandbox().client_id().to_owned();
    let base = client.sandbox().http_url();
    let start = async || {
        let fields = [("client_id", id.as_str()), ("scope", "User.Read offline_access")];
        let request = client.http.post(format!("{base}/contoso.com/oauth2/v2.0/devicecode")).form(&fields);
        crate::client::read(request).await.body
    };
    let poll = async |code: &Value| {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", id.as_str()),
            ("device_code", code.as_str().unwrap()),
        ];
        client.token_form("contoso.com", &fields).await.body
    };
    let enter = async |code: &str, password: &str| {
        let fields = [("user_code", code), ("username", "alice@contoso.com"), ("password", password)];
        let request = client.http.post(format!("{base}/common/oauth2/deviceauth")).header("Origin", &base).form(&fields);
        crate::client::read(request).await.status
    };
    let started = start().await;
    let (device, user) = (&started["device_code"], started["user_code"].as_str().unwrap());
    assert_eq!(client.get("/common/oauth2/deviceauth").await.status, 200);
    assert_eq!(poll(device).await["error"], "authorization_pending");
    assert_eq!(enter("WRONG", "Password123!").await, 400);
    assert_eq!(enter(user, "wrong").await, 400);
    assert_eq!(enter(&user.to_lowercase(), "Password123!").await, 200);
    let token = poll(device).await;
    assert!(token["access_token"].is_string() && token["refresh_token"].is_string(), "{token}");
    assert_eq!(poll(device).await["error"], "bad_verification_code");
    let started = start().await;
    client.advance("PT15M").await;
    assert_eq!(poll(&started["device_code"]).await["error"], "expired_token");
}

#[tokio::test]
async fn signed_in_administrators_may_everything_and_others_nothing() {
    let mut client = Client::new().await;
    client.seed(json!([
        { "objectType": "user", "role": "Global Administrator", "password": "Password123!", "attributes": { "userPrincipalName": "chief@contoso.com" } },
    ])).await;
    client.new_user("alice").await;
    let token = async |name: &str| client.password(name, "Password123!").await.body["access_token"].as_str().unwrap().to_owned();
    let (chief, alice) = (token("chief@contoso.com").await, token("alice@contoso.com").await);
    client.token = chief;
    assert_eq!(client.get("/v1.0/groups").await.status, 200);
    client.token = alice;
    assert_eq!(client.get("/v1.0/groups").await.status, 403);
}

#[tokio::test]
async fn scenario_28_synchronized_passwords_sign_in() {
    let client = Client::new().await;
    let anchor = client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com" })).await;
    let name = "a@contoso.com";
    let item = |text: &str, hour: u32| json!([{ "sourceAnchor": "a", "credentialData": text, "changeDate": format!("2024-05-31T{hour:02}:00:00Z") }]);
    let refused = client.credentials(item(V1, 1)).await;
    assert_eq!((refused.status, refused.code()), (403, "PasswordSyncDisabled"));
    client.features(8248 + 1).await;
    assert_eq!(client.password_number(name, "Password123!").await, 50056);
    let accepted = client.credentials(item(V1, 1)).await;
    assert_eq!((accepted.status, &accepted.body["results"][0]["result"]), (200, &json!(0)));
    assert_eq!(client.password_number(name, "Password123!").await, 0);
    assert_eq!(client.password_number(name, "password123!").await, 50126);
    let found = client.user(&anchor, "passwordPolicies,lastPasswordChangeDateTime").await;
    assert_eq!(found["passwordPolicies"], "DisablePasswordExpiration");
    assert_eq!(found["lastPasswordChangeDateTime"], "2024-05-31T01:00:00Z");
    // A change replaces the password; the tenant's own policy then clears the exception.
    client.features(8248 + 1 + 512).await;
    client.credentials(item(V3, 2)).await;
    assert_eq!(client.password_number(name, "Password123!").await, 50126);
    assert_eq!(client.password_number(name, "Pa$$w0rd").await, 0);
    assert_eq!(client.user(&anchor, "passwordPolicies").await["passwordPolicies"], Value::Null);
    // An administrator's password holds until the next change on premises.
    let profile = json!({ "passwordProfile": { "password": "Cloud1234!", "forceChangePasswordNextSignIn": false } });
    client.graph("PATCH", &format!("users/{}", &anchor[5..]), profile, 204).await;
    assert_eq!(client.password_number(name, "Pa$$w0rd").await, 50126);
    assert_eq!(client.password_number(name, "Cloud1234!").await, 0);
    client.credentials(item(V1, 3)).await;
    assert_eq!(client.password_number(name, "Password123!").await, 0);
}

#[tokio::test]
async fn scenario_28_passwords_to_be_changed_need_the_feature() {
    let client = Client::new().await;
    client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com" })).await;
    client.features(8248 + 1).await;
    let item = json!([{ "sourceAnchor": "a", "credentialData": V1, "changeDate": "2024-05-31T01:00:00Z", "forcePasswordChangeOnLogon": true }]);
    assert_eq!(client.credentials(item.clone()).await.body["results"][0]["result"], 5);
    client.features(8248 + 1 + 16384).await;
    assert_eq!(client.credentials(item).await.body["results"][0]["result"], 0);
    assert_eq!(client.password_number("a@contoso.com", "Password123!").await, 50055);
}

#[tokio::test]
async fn scenario_29_a_cloud_user_among_three_refuses_all() {
    let client = Client::new().await;
    client.features(8248 + 1).await;
    client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com" })).await;
    let cloud = client.graph("POST", "users", user_body("cloud"), 201).await["id"].as_str().unwrap().to_owned();
    let item = |anchor: Value| {
        let mut item = json!({ "credentialData": V3, "changeDate": "2024-05-31T01:00:00Z" });
        item.as_object_mut().unwrap().extend(anchor.as_object().unwrap().clone());
        item
    };
    let items = json!([
        item(json!({ "sourceAnchor": "a" })),
        item(json!({ "cloudAnchor": format!("User_{cloud}") })),
        item(json!({ "sourceAnchor": "x" }))
    ]);
    let refused = client.credentials(items).await;
    assert_eq!((refused.status, refused.code()), (403, "PasswordAccessViolation"));
    assert_eq!(client.password_number("a@contoso.com", "Pa$$w0rd").await, 50056, "nothing was applied");
}

#[tokio::test]
async fn scenario_30_older_and_malformed_hashes_are_told_apart() {
    let client = Client::new().await;
    client.features(8248 + 1).await;
    client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com" })).await;
    let result = async |anchor: &str, text: &str, date: &str| {
        let items = json!([{ "sourceAnchor": anchor, "credentialData": text, "changeDate": date }]);
        client.credentials(items).await.body["results"][0]["result"].clone()
    };
    assert_eq!(result("a", V1, "2024-05-31T02:00:00Z").await, 0);
    assert_eq!(result("a", V3, "2024-05-31T01:00:00Z").await, 4);
    assert_eq!(client.password_number("a@contoso.com", "Password123!").await, 0, "the stored hash stays");
    assert_eq!(result("nobody", V1, "2024-05-31T02:00:00Z").await, 1);
    assert_eq!(result("a", "v1;PPH1_MD4,00,1000,00;", "2024-05-31T03:00:00Z").await, 3);
    assert_eq!(result("a", V1, "yesterday").await, 3);
    let many: Vec<Value> =
        (0..51).map(|_| json!({ "sourceAnchor": "a", "credentialData": V1, "changeDate": "2024-05-31T02:00:00Z" })).collect();
    assert_eq!(client.credentials(json!(many)).await.status, 400);
    // Neither the reading nor what is exported shows a hash.
    let (objects, _) = client.pages("/dirsync/v1/objects/delta").await;
    let export = client.control("GET", "export", Value::Null).await;
    let journal = client.control("GET", "requests?since=0", Value::Null).await;
    for text in [json!(objects).to_string(), export.to_string(), journal.to_string()] {
        assert!(!text.contains("c9efc89d53c6681a"), "{text}");
    }
    assert_eq!(client.send("POST", "/dirsync/v1/ping", None).await.status, 200);
    assert_eq!(client.read("/dirsync/v1/company").await["lastPasswordPing"], "2024-06-01T00:00:00Z");
}
