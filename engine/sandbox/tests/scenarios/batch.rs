//! Batches and limits (scenarios 10 and 16).

use serde_json::{Value, json};

use crate::client::{Client, user_body};

fn get(id: &str, url: &str) -> Value {
    json!({ "id": id, "method": "GET", "url": url })
}

fn post(id: &str, url: &str, body: Value) -> Value {
    json!({ "id": id, "method": "POST", "url": url, "headers": { "Content-Type": "application/json" }, "body": body })
}

impl Client {
    /// The answers of a batch by id.
    async fn batch(&self, requests: Value) -> std::collections::BTreeMap<String, Value> {
        let answered = self.graph("POST", "$batch", json!({ "requests": requests }), 200).await;
        let responses = answered["responses"].as_array().unwrap();
        responses.iter().map(|response| (response["id"].as_str().unwrap().to_owned(), response.clone())).collect()
    }
}

fn statuses(responses: &std::collections::BTreeMap<String, Value>) -> Vec<u64> {
    responses.values().map(|response| response["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn scenario_10_twenty_requests_are_answered_each_on_its_own() {
    let client = Client::new().await;
    let mut requests: Vec<Value> =
        (0..19).map(|number| post(&format!("{number:02}"), "/users", user_body(&format!("u{number}")))).collect();
    requests.push(get("19", "users/u3@contoso.com?$select=displayName"));
    let responses = client.batch(json!(requests)).await;
    let mut expected = vec![201; 19];
    expected.push(200);
    assert_eq!(statuses(&responses), expected);
    assert_eq!(responses["19"]["body"]["displayName"], "u3");
    assert_eq!(responses["00"]["headers"]["OData-Version"], "4.0");
    // One that is refused leaves the others alone.
    let responses = client
        .batch(json!([
            post("a", "/users", user_body("new")),
            post("b", "/users", user_body("u1")),
            get("c", "/nothing"),
            get("d", "/$batch")
        ]))
        .await;
    assert_eq!(statuses(&responses), [201, 400, 501, 400]);
    assert_eq!(responses["b"]["body"]["error"]["details"][0]["code"], "ObjectConflict");
    assert_eq!(client.get("/v1.0/users/new@contoso.com").await.status, 200);
}

#[tokio::test]
async fn scenario_10_malformed_batches_are_refused_whole() {
    let client = Client::new().await;
    let check = async |requests: Value| {
        let answer = client.graph("POST", "$batch", json!({ "requests": requests }), 400).await;
        assert_eq!(answer["error"]["code"], "BadRequest");
    };
    check(json!((0..21).map(|number| get(&number.to_string(), "/users")).collect::<Vec<_>>())).await;
    check(json!([])).await;
    check(json!([get("a", "/users"), get("A", "/users")])).await;
    check(json!([{ "method": "GET", "url": "/users" }])).await;
    check(json!([{ "id": "1", "method": "POST", "url": "/users", "body": user_body("x") }])).await;
    let mut dependent = get("1", "/users");
    dependent["dependsOn"] = json!(["2"]);
    check(json!([dependent, get("2", "/users")])).await;
    client.graph("POST", "$batch", json!({ "colour": 1 }), 400).await;
    client.graph("GET", "$batch", Value::Null, 405).await;
    assert_eq!(client.read("/v1.0/users").await["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn scenario_10_what_depends_on_a_failure_is_not_done() {
    let client = Client::new().await;
    let chain = |id: &str, on: &[&str], body: Value| {
        let mut request = post(id, "/users", body);
        request["dependsOn"] = json!(on);
        request
    };
    let requests = json!([
        chain("1", &[], user_body("a")),
        chain("2", &["1"], user_body("a")),
        chain("3", &["2"], user_body("c")),
        chain("4", &["3"], user_body("d")),
        chain("5", &["1"], user_body("e")),
    ]);
    let responses = client.batch(requests).await;
    assert_eq!(statuses(&responses), [201, 400, 424, 424, 201]);
    assert_eq!(client.get("/v1.0/users/c@contoso.com").await.status, 404);
}

#[tokio::test]
async fn scenario_10_single_requests_of_a_batch_are_throttled_and_fail_as_planned() {
    let client = Client::new().await;
    client.control("PUT", "throttle", json!({ "writes": { "limit": 2, "window": 10 } })).await;
    let requests =
        json!([post("1", "/users", user_body("a")), post("2", "/users", user_body("b")), post("3", "/users", user_body("c"))]);
    let responses = client.batch(requests).await;
    assert_eq!(statuses(&responses), [201, 201, 429]);
    assert_eq!(responses["3"]["headers"]["Retry-After"], "5");
    client.control("PUT", "throttle", json!({})).await;
    let expired = json!({ "error": { "code": "InvalidAuthenticationToken", "message": "Lifetime validation failed, the token is expired.",
        "innerError": { "date": "2024-06-01T00:00:00", "request-id": "r", "client-request-id": "c" } } });
    client.control("PUT", "faults", json!([{ "path": "^/v1.0/groups", "nth": 2, "status": 401, "body": expired }])).await;
    let responses = client.batch(json!([get("1", "/groups"), get("2", "/groups"), get("3", "/groups")])).await;
    assert_eq!(statuses(&responses), [200, 401, 200]);
}

#[tokio::test]
async fn scenario_16_who_asks_too_much_waits_as_long_as_told() {
    let client = Client::new().await;
    client.control("PUT", "throttle", json!({ "units": { "limit": 10, "window": 10 } })).await;
    for number in 1..=10 {
        let answer = client.get("/v1.0/groups").await;
        assert_eq!(answer.status, 200, "{number}");
        assert_eq!(answer.headers.contains_key("x-ms-throttle-limit-percentage"), number >= 8, "{number}");
    }
    let refused = client.get("/v1.0/groups").await;
    assert_eq!((refused.status, refused.code()), (429, "TooManyRequests"));
    let header = |name: &str| refused.headers[name].to_str().unwrap().to_owned();
    let sandbox = client.sandbox();
    assert_eq!(header("retry-after"), "1");
    assert_eq!(
        header("x-ms-throttle-scope"),
        format!("Tenant_Application/ReadWrite/{}/{}", sandbox.client_id(), sandbox.tenant_id())
    );
    assert_eq!(header("x-ms-throttle-information"), "ResourceUnitLimitExceeded");
    client.advance("PT1S").await;
    assert_eq!(client.get("/v1.0/groups").await.status, 200);
    assert_eq!(client.get("/v1.0/groups").await.status, 429);
    // Another application has a limit of its own.
    assert_eq!(client.as_app(&["Group.Read.All"]).await.get("/v1.0/groups").await.status, 200);
}

#[tokio::test]
async fn scenario_16_the_sync_channel_has_a_limit_on_changes() {
    let client = Client::new().await;
    client.control("PUT", "throttle", json!({ "channel": { "limit": 3, "window": 30 } })).await;
    let change = |id: &str| json!({ "id": id, "operation": "set", "objectType": "contact", "sourceAnchor": id, "attributes": { "displayName": id } });
    let send = async |ids: &[&str]| {
        let changes: Vec<Value> = ids.iter().map(|id| change(id)).collect();
        client.send("POST", "/dirsync/v1/provision", Some(&json!({ "changes": changes }))).await
    };
    assert_eq!(send(&["a", "b"]).await.status, 200);
    let refused = send(&["c", "d"]).await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (429, "10"));
    client.advance("PT10S").await;
    assert_eq!(send(&["c", "d"]).await.status, 200);
    let bad = client.send("PUT", "/sandbox/v1/throttle", Some(&json!({ "writes": { "limit": 0, "window": 1 } }))).await;
    assert_eq!(bad.status, 400);
}
