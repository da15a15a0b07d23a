//! Matching and the errors of exports as the feature description lists them (3.6 and 4): each row, and its fix.

use serde_json::{Value, json};

use crate::client::Client;

const ALL: u64 = 8248;
const BLOCK_HARD: u64 = 1_048_576;

fn code(result: &Value) -> &str {
    result["error"]["code"].as_str().unwrap_or("success")
}

fn upn(name: &str) -> Value {
    json!({ "userPrincipalName": format!("{name}@contoso.com"), "displayName": name })
}

fn with(name: &str, proxies: &[&str]) -> Value {
    let mut attributes = upn(name);
    attributes["proxyAddresses"] = json!(proxies);
    attributes
}

impl Client {
    /// Several users in one batch; the code of each.
    async fn codes(&self, users: &[(&str, Value)]) -> Vec<String> {
        let changes: Vec<Value> = users
            .iter()
            .map(|(anchor, attributes)| {
                json!({ "id": anchor, "operation": "set", "objectType": "user", "sourceAnchor": anchor, "attributes": attributes })
            })
            .collect();
        self.provision(json!(changes)).await.iter().map(|result| code(result).to_owned()).collect()
    }
}

#[tokio::test]
async fn features_3_6_02_a_cloud_user_of_the_same_name_is_taken_over() {
    let client = Client::new().await;
    let id = client.new_user("a").await;
    client.graph("PATCH", &format!("users/{id}"), json!({ "jobTitle": "Cloud only" }), 204).await;
    let result = client.set("user", "anchor", upn("a")).await;
    assert_eq!((&result["matched"], &result["cloudAnchor"]), (&json!("soft"), &json!(format!("User_{id}"))));
    let found = client.user(&id, "onPremisesImmutableId,onPremisesSyncEnabled,jobTitle").await;
    assert_eq!((&found["onPremisesImmutableId"], &found["onPremisesSyncEnabled"]), (&json!("anchor"), &json!(true)));
    assert_eq!(found["jobTitle"], Value::Null, "what only the cloud had is lost");
    assert_eq!(client.read("/v1.0/users").await["value"].as_array().unwrap().len(), 2, "one object");
}

#[tokio::test]
async fn features_3_6_03_primary_addresses_match_and_secondary_ones_do_not() {
    let client = Client::new().await;
    for name in ["one", "two"] {
        let id = client.new_user(name).await;
        client.graph("PATCH", &format!("users/{id}"), json!({ "mail": format!("{name}.box@contoso.com") }), 204).await;
    }
    assert_eq!(client.set("user", "a", with("other", &["SMTP:ONE.box@contoso.com"])).await["matched"], "soft");
    let result = client.set("user", "b", with("third", &["smtp:two.box@contoso.com"])).await;
    assert_eq!((&result["matched"], &result["quarantined"][0]["value"]), (&json!("none"), &json!("smtp:two.box@contoso.com")));
}

#[tokio::test]
async fn features_3_6_10_without_resiliency_a_duplicate_is_refused_every_time() {
    let client = Client::new().await;
    client.features(ALL & !8 & !16 & !32).await;
    client.write("user", "a", upn("u")).await;
    for _ in 0..3 {
        assert_eq!(code(&client.set("user", "b", upn("u")).await), "AttributeValueMustBeUnique");
    }
    client.write("user", "a", upn("free")).await;
    assert_eq!(code(&client.set("user", "b", upn("u")).await), "success");
}

#[tokio::test]
async fn features_4_invalid_hard_match() {
    let client = Client::new().await;
    let first = client.write("user", "bob", upn("bob")).await;
    client.delete("user", "bob").await;
    client.features(ALL | BLOCK_HARD).await;
    assert_eq!(client.codes(&[("bob", upn("bob")), ("other", upn("other"))]).await, ["InvalidHardMatch", "success"]);
    client.features(ALL).await;
    assert_eq!(client.write("user", "bob", upn("bob")).await, first);
}

#[tokio::test]
async fn features_4_invalid_soft_match() {
    let client = Client::new().await;
    client.features(ALL & !32).await;
    client.write("user", "abcdefghijklmnopqrstuv==", with("smith", &["SMTP:bob@contoso.com"])).await;
    let taylor = ("abcdefghijkl0123456789==", with("taylor", &["SMTP:bob@contoso.com"]));
    assert_eq!(client.codes(&[taylor.clone(), ("x", upn("x"))]).await, ["InvalidSoftMatch", "success"]);
    // The value is removed from the wrong object.
    client.write("user", "abcdefghijklmnopqrstuv==", with("smith", &["SMTP:smith@contoso.com"])).await;
    assert_eq!(client.codes(&[taylor]).await, ["success"]);
}

#[tokio::test]
async fn features_4_object_type_mismatch() {
    let client = Client::new().await;
    let planted =
        json!([{ "objectType": "group", "attributes": { "displayName": "Tax", "proxyAddresses": ["smtp:tax@contoso.com"] } }]);
    let group = client.seed(planted).await.remove(0);
    let user = ("t", with("t", &["SMTP:tax@contoso.com"]));
    assert_eq!(client.codes(&[user.clone(), ("x", upn("x"))]).await, ["ObjectTypeMismatch", "success"]);
    client.control("POST", "cloud-edit", json!({ "object": group, "attributes": { "proxyAddresses": null } })).await;
    assert_eq!(client.codes(&[user]).await, ["success"]);
}

#[tokio::test]
async fn features_4_attribute_value_must_be_unique() {
    let client = Client::new().await;
    client.features(ALL & !32).await;
    client.write("user", "smith", with("smith", &["smtp:bob@contoso.com"])).await;
    client.write("user", "taylor", upn("taylor")).await;
    let taylor = ("taylor", json!({ "proxyAddresses": ["smtp:bob@contoso.com"] }));
    let result = client.set("user", taylor.0, taylor.1.clone()).await;
    assert_eq!((code(&result), &result["error"]["value"]), ("AttributeValueMustBeUnique", &json!("smtp:bob@contoso.com")));
    assert_eq!(result["error"]["conflicting"].as_array().unwrap().len(), 1);
    client.write("user", "smith", json!({ "proxyAddresses": null })).await;
    assert_eq!(client.codes(&[taylor]).await, ["success"]);
}

/// Rows whose cause and fix lie in the values of one user.
#[tokio::test]
async fn features_4_values_that_are_refused_and_mended() {
    let client = Client::new().await;
    for name in ["fed1.com", "fed2.com"] {
        client.control("POST", "domains", json!({ "name": name, "authenticationType": "Federated" })).await;
    }
    let check = async |anchor: &str, wrong: Value, expected: &str, mended: Value| {
        let codes = client.codes(&[(anchor, wrong), (&format!("{anchor}-other"), upn(&format!("{anchor}-other")))]).await;
        assert_eq!(codes, [expected, "success"], "{anchor}");
        assert_eq!(client.codes(&[(anchor, mended)]).await, ["success"], "{anchor}");
    };
    check("name", json!({ "userPrincipalName": "bob@" }), "IdentityDataValidationFailed", upn("bob")).await;
    client.write("user", "federated", json!({ "userPrincipalName": "bob@fed1.com" })).await;
    let moved = json!({ "userPrincipalName": "bob@fed2.com" });
    check(
        "federated",
        moved.clone(),
        "FederatedDomainChangeError",
        json!({ "userPrincipalName": "bob@contoso.onmicrosoft.com" }),
    )
    .await;
    assert_eq!(client.codes(&[("federated", moved)]).await, ["success"]);
    let sized = |name: &str, count: usize| {
        let mut attributes = upn(name);
        attributes["userCertificate"] = json!(vec!["AAEC"; count]);
        attributes
    };
    check("certificates", sized("c", 16), "ExceededAllowedLength", sized("c", 15)).await;
    let addresses = |count: usize| {
        let mut attributes = upn("p");
        attributes["proxyAddresses"] = (0..count).map(|number| json!(format!("smtp:p{number}@contoso.com"))).collect();
        attributes
    };
    check("addresses", addresses(301), "ExceededAllowedLength", addresses(300)).await;
    let noted = |length: usize| {
        let mut attributes = upn("large");
        attributes["info"] = json!("x".repeat(length));
        attributes
    };
    check("large", noted(1_100_000), "LargeObject", noted(1000)).await;
    let named = |length: usize| json!({ "userPrincipalName": "long@contoso.com", "displayName": "x".repeat(length) });
    check("long", named(300), "DataValidationFailed", named(256)).await;
}

#[tokio::test]
async fn features_4_existing_admin_role_conflict() {
    let client = Client::new().await;
    let planted = json!([{ "objectType": "user", "role": "Global Administrator", "attributes": { "userPrincipalName": "boss@contoso.com" } }]);
    let admin = client.seed(planted).await.remove(0);
    let codes = client.codes(&[("boss", upn("boss")), ("x", upn("x"))]).await;
    assert_eq!(codes, ["ExistingAdminRoleConflict", "success"]);
    // Remove the role, delete the quarantined object for good, synchronize, give the role back.
    let second = client.read("/dirsync/v1/errors").await["value"][0]["cloudAnchor"].as_str().unwrap().to_owned();
    client.control("POST", "roles", json!({ "user": admin, "role": null })).await;
    let id = second.trim_start_matches("User_");
    client.graph("DELETE", &format!("users/{id}"), Value::Null, 204).await;
    client.graph("DELETE", &format!("directory/deletedItems/{id}"), Value::Null, 204).await;
    assert_eq!(client.write("user", "boss", upn("boss")).await, admin);
    client.control("POST", "roles", json!({ "user": admin, "role": "Global Administrator" })).await;
    assert_eq!(client.set("user", "boss", json!({ "displayName": "Boss" })).await["status"], "success");
}

#[tokio::test]
async fn features_4_a_deletion_that_is_not_valid() {
    let client = Client::new().await;
    client.write("user", "a", upn("a")).await;
    let cloud = client.new_user("cloud").await;
    let refused = client
        .provision(json!([{ "id": "1", "operation": "delete", "objectType": "user", "cloudAnchor": format!("User_{cloud}") }]))
        .await
        .remove(0);
    assert_eq!(refused["error"]["number"], 114);
    // An object that was deleted and restored in the cloud belongs to the cloud until it is sent again.
    client.delete("user", "a").await;
    let deleted = client.graph("GET", "directory/deletedItems/microsoft.graph.user", Value::Null, 200).await;
    let id = deleted["value"][0]["id"].as_str().unwrap();
    client.graph("POST", &format!("directory/deletedItems/{id}/restore"), Value::Null, 200).await;
    assert_eq!(client.delete("user", "a").await["error"]["number"], 114);
    client.write("user", "a", upn("a")).await;
    assert_eq!(client.delete("user", "a").await["status"], "success");
}
