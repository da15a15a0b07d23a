//! What clients should not send, on every surface: answered in the documented shape, and nothing is changed.

use serde_json::{Value, json};

use crate::client::{Answer, Client, read, user_body};

/// Everything the tenant holds.
async fn contents(client: &Client) -> Value {
    client.control("GET", "export", Value::Null).await
}

impl Client {
    async fn raw(&self, path: &str, kind: Option<&str>, body: Vec<u8>) -> Answer {
        let method = if path.starts_with("PATCH ") { "PATCH" } else { "POST" };
        let url = format!("{}{}", self.sandbox().http_url(), path.trim_start_matches("PATCH "));
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token).body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        read(request).await
    }
}

/// The answer has the shape of its surface and tells the code.
fn check_shape(path: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{path}: {}", answer.body);
    if path.ends_with("/token") {
        assert_eq!(answer.body["error"], code, "{path}");
        assert!(answer.body["error_description"].as_str().unwrap().starts_with("AADSTS"), "{path}: {}", answer.body);
        return;
    }
    assert_eq!(answer.code(), code, "{path}: {}", answer.body);
    assert!(!answer.body["error"]["message"].as_str().unwrap().is_empty(), "{path}");
    if path.contains("/v1.0/") {
        assert!(answer.body["error"]["innerError"]["request-id"].is_string(), "{path}: {}", answer.body);
        assert_eq!(answer.headers["request-id"].to_str().unwrap(), answer.body["error"]["innerError"]["request-id"]);
    }
}

#[tokio::test]
async fn malformed_json_is_refused_on_every_surface() {
    let client = Client::new().await;
    let id = client.new_user("alice").await;
    let before = contents(&client).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: [&[u8]; 6] = [b"{", b"[]", b"\"x\"", b"{\"displayName\":\xff}", b"{}{}", deep.as_bytes()];
    let one = format!("PATCH /v1.0/users/{id}");
    for (path, code) in [
        ("/v1.0/users", "Request_BadRequest"),
        (one.as_str(), "Request_BadRequest"),
        ("/v1.0/groups", "Request_BadRequest"),
        ("/v1.0/directoryObjects/getByIds", "Request_BadRequest"),
        ("/v1.0/$batch", "BadRequest"),
        ("/dirsync/v1/provision", "BadRequest"),
        ("/dirsync/v1/credentials", "BadRequest"),
        ("PATCH /dirsync/v1/company", "BadRequest"),
    ] {
        for body in bodies {
            let answer = client.raw(path, Some("application/json"), body.to_vec()).await;
            check_shape(path, &answer, 400, code);
        }
    }
    assert_eq!(contents(&client).await, before);
}

#[tokio::test]
async fn other_content_types_are_refused_on_every_surface() {
    let client = Client::new().await;
    let before = contents(&client).await;
    let change = json!({ "changes": [{ "id": "1", "operation": "set", "objectType": "user", "sourceAnchor": "a" }] });
    let batch = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/users" }] });
    for (path, body, status, code) in [
        ("/v1.0/users", user_body("bob"), 415, "Request_BadRequest"),
        ("/v1.0/$batch", batch, 415, "Request_BadRequest"),
        ("/dirsync/v1/provision", change, 415, "UnsupportedMediaType"),
        // A form is what signing in takes; nothing is found in anything else.
        ("/contoso.com/oauth2/v2.0/token", json!({ "grant_type": "client_credentials" }), 400, "invalid_request"),
    ] {
        for kind in [Some("text/plain"), Some("application/xml"), Some("multipart/form-data; boundary=x"), None] {
            let answer = client.raw(path, kind, body.to_string().into_bytes()).await;
            check_shape(path, &answer, status, code);
        }
    }
    assert_eq!(contents(&client).await, before);
    let answer =
        client.raw("/v1.0/users", Some("Application/JSON; charset=utf-8"), user_body("bob").to_string().into_bytes()).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_refused_on_every_surface() {
    let client = Client::new().await;
    let before = contents(&client).await;
    for (path, code) in [
        ("/v1.0/users", "RequestEntityTooLarge"),
        ("/v1.0/$batch", "RequestEntityTooLarge"),
        ("/dirsync/v1/provision", "RequestEntityTooLarge"),
        ("/contoso.com/oauth2/v2.0/token", "invalid_request"),
    ] {
        let answer = client.raw(path, Some("application/json"), vec![b' '; 100_000_000]).await;
        check_shape(path, &answer, 413, code);
    }
    assert_eq!(contents(&client).await, before);
}

#[tokio::test]
async fn query_options_that_are_not_served_are_refused_and_not_ignored() {
    let client = Client::new().await;
    let id = client.new_user("alice").await;
    let one = format!("users/{id}");
    for path in ["users", "groups", "contacts", "devices", "users/delta", "groups/delta", "organization", "domains", one.as_str()]
    {
        for option in ["$search=x", "$apply=x", "$compute=x", "$skip=1", "$colour=x"] {
            let answer = client.get(&format!("/v1.0/{path}?{option}")).await;
            let (refused, word) = (answer.code(), option.split('=').next().unwrap());
            assert!([400, 501].contains(&answer.status), "{path} {option}: {}", answer.status);
            assert!(["NotImplemented", "Request_BadRequest", "Request_UnsupportedQuery"].contains(&refused), "{path} {option}");
            assert!(answer.body["error"]["message"].as_str().unwrap().contains(word), "{path} {option}: {}", answer.body);
        }
    }
    for (query, status) in [
        ("$top=0", 400),
        ("$top=1000", 400),
        ("$top=-1", 400),
        ("$top=many", 400),
        ("$select=colour", 400),
        ("$select=", 400),
        ("$orderby=mail", 400),
        ("$expand=drive", 400),
        ("$filter=", 400),
        ("$filter=colour eq 'red'", 400),
        ("$filter=displayName eq", 400),
        ("$filter=displayName ne 'x'", 400),
        ("$count=true", 400),
        ("$skiptoken=x", 400),
    ] {
        let answer = client.get(&format!("/v1.0/users?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
        assert!(answer.code().starts_with("Request_"), "{query}: {}", answer.body);
    }
    let deep = format!("{}displayName eq 'x'{}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(client.get(&format!("/v1.0/users?$filter={deep}")).await.status, 400);
}

#[tokio::test]
async fn an_unverified_suffix_is_refused_by_the_directory_and_replaced_by_the_channel() {
    let client = Client::new().await;
    client.control("POST", "domains", json!({ "name": "waiting.com", "verified": false })).await;
    let id = client.new_user("alice").await;
    let text = "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.";
    for suffix in ["waiting.com", "elsewhere.com"] {
        let name = json!({ "userPrincipalName": format!("alice@{suffix}") });
        assert_eq!(client.refused("PATCH", &format!("users/{id}"), name, 400).await, text, "{suffix}");
        let anchor = client.write("user", suffix, json!({ "userPrincipalName": format!("bob@{suffix}"), "alias": "bob" })).await;
        let given = client.user(&anchor, "userPrincipalName").await;
        let name = given["userPrincipalName"].as_str().unwrap();
        assert!(name.starts_with("bob") && name.ends_with("@contoso.onmicrosoft.com"), "{suffix}: {name}");
    }
}
