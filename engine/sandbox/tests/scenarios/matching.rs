//! Scenario 22: steps 1 to 5 of the decision procedure, one test for each branch.

use serde_json::{Value, json};

use crate::client::Client;

const ALL: u64 = 8248;
const BLOCK_SOFT: u64 = 524_288;
const BLOCK_HARD: u64 = 1_048_576;

fn error(result: &Value) -> &str {
    assert_eq!(result["status"], "error", "{result}");
    assert!(result["error"]["trackingId"].is_string(), "{result}");
    result["error"]["code"].as_str().unwrap()
}

fn user(upn: &str) -> Value {
    json!({ "objectType": "user", "attributes": { "userPrincipalName": upn, "displayName": "Cloud", "title": "Cloud only" } })
}

fn upn(upn: &str) -> Value {
    json!({ "userPrincipalName": upn, "displayName": "Synced" })
}

#[tokio::test]
async fn scenario_22_step_1_type_anchor_and_operation_are_checked() {
    let client = Client::new().await;
    let check = async |change: Value, property: &str| {
        let mut change = change;
        change["id"] = json!("x");
        let result = client.provision(json!([change])).await.remove(0);
        assert_eq!((error(&result), result["id"].as_str()), ("DataValidationFailed", Some("x")));
        assert_eq!(result["error"]["property"], property, "{result}");
    };
    check(json!({ "operation": "set", "objectType": "printer", "sourceAnchor": "a" }), "objectType").await;
    check(json!({ "operation": "set", "objectType": "user" }), "sourceAnchor").await;
    check(json!({ "operation": "set", "objectType": "user", "sourceAnchor": "" }), "sourceAnchor").await;
    let long = "a".repeat(257);
    check(json!({ "operation": "set", "objectType": "user", "sourceAnchor": long }), "sourceAnchor").await;
    check(json!({ "operation": "put", "objectType": "user", "sourceAnchor": "a" }), "operation").await;
    // The ban of $ and _ is the directory's, not the channel's.
    client.write("user", &"$_".repeat(128), upn("a@contoso.com")).await;
}

#[tokio::test]
async fn scenario_22_step_2_the_cloud_anchor_must_fit() {
    let client = Client::new().await;
    let alice = client.write("user", "alice", upn("alice@contoso.com")).await;
    let cloud = client.seed(json!([user("cloud@contoso.com")])).await.remove(0);
    let set = async |source: &str, cloud: &str| {
        client
            .provision(json!([{ "id": "1", "operation": "set", "objectType": "user", "sourceAnchor": source,
                "cloudAnchor": cloud, "attributes": { "title": "Boss" } }]))
            .await
            .remove(0)
    };
    assert_eq!(set("alice", &alice).await["status"], "success");
    let other = set("bob", &alice).await;
    assert_eq!((error(&other), &other["error"]["number"]), ("ObjectNotFound", &json!(114)));
    let missing = "User_00000000-0000-0000-0000-000000000000";
    assert_eq!(error(&set("bob", missing).await), "ObjectNotFound");
    let taken = set("carol", &cloud).await;
    assert_eq!((&taken["status"], &taken["matched"]), (&json!("success"), &json!("hard")));
    assert_eq!(taken["cloudAnchor"], cloud);
}

#[tokio::test]
async fn scenario_22_step_3a_the_anchor_of_another_type_is_a_mismatch() {
    let client = Client::new().await;
    let contact = client.write("contact", "a", json!({ "displayName": "C" })).await;
    let result = client.set("user", "a", upn("a@contoso.com")).await;
    assert_eq!(error(&result), "ObjectTypeMismatch");
    assert_eq!(result["error"]["conflicting"], json!([contact]));
}

#[tokio::test]
async fn scenario_22_step_3b_a_synchronized_object_is_updated() {
    let client = Client::new().await;
    let first =
        client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com", "displayName": "A", "title": "T" })).await;
    let result = client.set("user", "a", json!({ "displayName": "B", "title": null })).await;
    assert_eq!((&result["cloudAnchor"], &result["matched"]), (&json!(first), &json!("hard")));
    let found = client.user(&first, "displayName,jobTitle,userPrincipalName").await;
    assert_eq!(found["displayName"], "B");
    assert_eq!(found["jobTitle"], Value::Null);
    assert_eq!(found["userPrincipalName"], "a@contoso.com");
    // The upper-case flags of blocks and the like do not matter for objects that are synchronized already.
    client.features(ALL | BLOCK_HARD | BLOCK_SOFT).await;
    assert_eq!(client.set("user", "a", json!({ "displayName": "C" })).await["status"], "success");
}

#[tokio::test]
async fn scenario_22_step_3c_a_cloud_object_with_the_anchor_is_taken_over() {
    let client = Client::new().await;
    let mut planted = user("cloud@contoso.com");
    planted["sourceAnchor"] = json!("a");
    let cloud = client.seed(json!([planted])).await.remove(0);
    client.features(ALL | BLOCK_HARD).await;
    let blocked = client.set("user", "a", upn("new@contoso.com")).await;
    assert_eq!(error(&blocked), "InvalidHardMatch");
    assert_eq!(client.user(&cloud, "onPremisesSyncEnabled").await["onPremisesSyncEnabled"], Value::Null);

    client.features(ALL).await;
    client.control("POST", "roles", json!({ "user": cloud, "role": "Helpdesk Administrator" })).await;
    assert_eq!(error(&client.set("user", "a", upn("new@contoso.com")).await), "ExistingAdminRoleConflict");

    client.control("POST", "roles", json!({ "user": cloud, "role": null })).await;
    let result = client.set("user", "a", upn("new@contoso.com")).await;
    assert_eq!((&result["matched"], &result["cloudAnchor"]), (&json!("hard"), &json!(cloud)));
    let found = client.user(&cloud, "onPremisesSyncEnabled,jobTitle,userPrincipalName").await;
    assert_eq!(found["onPremisesSyncEnabled"], true);
    assert_eq!(found["jobTitle"], Value::Null, "values only in the cloud are lost");
    assert_eq!(found["userPrincipalName"], "new@contoso.com");
}

#[tokio::test]
async fn scenario_22_step_3c_features_3_6_06_a_deleted_user_is_restored() {
    let client = Client::new().await;
    let first = client.write("user", "a", upn("a@contoso.com")).await;
    assert_eq!(client.delete("user", "a").await["status"], "success");
    client.features(ALL | BLOCK_HARD).await;
    assert_eq!(error(&client.set("user", "a", upn("a@contoso.com")).await), "InvalidHardMatch");
    let name = first.trim_start_matches("User_");
    assert_eq!(client.get(&format!("/v1.0/users/{name}")).await.status, 404);
    client.features(ALL).await;
    let result = client.set("user", "a", upn("a@contoso.com")).await;
    assert_eq!((&result["matched"], &result["cloudAnchor"]), (&json!("restored"), &json!(first)));
    assert_eq!(client.user("a@contoso.com", "onPremisesSyncEnabled").await["onPremisesSyncEnabled"], true);
}

#[tokio::test]
async fn scenario_25_the_id_comes_back_within_thirty_days() {
    let mut client = Client::new().await;
    let first = client.write("user", "a", upn("a@contoso.com")).await;
    client.delete("user", "a").await;
    client.advance("PT696H").await;
    client.sign_in().await;
    assert_eq!(client.write("user", "a", upn("a@contoso.com")).await, first);
    client.delete("user", "a").await;
    client.advance("PT744H").await;
    client.sign_in().await;
    let result = client.set("user", "a", upn("a@contoso.com")).await;
    assert_eq!(result["matched"], "none");
    assert_ne!(result["cloudAnchor"], first);
}

#[tokio::test]
async fn scenario_22_step_4a_without_a_candidate_one_is_created() {
    let client = Client::new().await;
    client
        .seed(json!([{ "objectType": "user", "attributes": {
        "userPrincipalName": "c@contoso.com", "proxyAddresses": ["SMTP:cloud@contoso.com"] } }]))
        .await;
    // A secondary address is no reason to match; it is quarantined because it is taken.
    let result = client
        .set(
            "user",
            "a",
            json!({
        "userPrincipalName": "a@contoso.com", "proxyAddresses": ["smtp:cloud@contoso.com"] }),
        )
        .await;
    assert_eq!((&result["status"], &result["matched"]), (&json!("success"), &json!("none")));
    assert_eq!(result["quarantined"][0]["value"], "smtp:cloud@contoso.com");
}

#[tokio::test]
async fn scenario_22_step_4b_name_and_primary_address_match_softly() {
    let client = Client::new().await;
    let check = async |planted: Value, kind: &str, anchor: &str, attributes: Value| {
        let cloud = client.seed(json!([planted])).await.remove(0);
        let result = client.set(kind, anchor, attributes).await;
        assert_eq!((&result["status"], &result["matched"]), (&json!("success"), &json!("soft")), "{result}");
        assert_eq!(result["cloudAnchor"], cloud);
        let again = client.set(kind, anchor, json!({ "displayName": "X" })).await;
        assert_eq!((&again["matched"], &again["cloudAnchor"]), (&json!("hard"), &json!(cloud)), "the anchor is stamped");
    };
    check(user("a@contoso.com"), "user", "a", upn("A@CONTOSO.com")).await;
    let with = |kind: &str, proxy: &str| json!({ "objectType": kind, "attributes": { "proxyAddresses": [proxy], "displayName": "Cloud" } });
    let mut planted = with("user", "smtp:b@contoso.com");
    planted["attributes"]["userPrincipalName"] = json!("b1@contoso.com");
    let attributes = json!({ "userPrincipalName": "b2@contoso.com", "proxyAddresses": ["SMTP:B@contoso.com"] });
    check(planted, "user", "b", attributes).await;
    let attributes = |proxy: &str| json!({ "proxyAddresses": [proxy], "displayName": "Synced" });
    check(with("group", "SMTP:g@contoso.com"), "group", "g", attributes("SMTP:g@contoso.com")).await;
    check(with("contact", "SMTP:c@fabrikam.com"), "contact", "c", attributes("SMTP:c@fabrikam.com")).await;
    // Groups without mail are never matched softly.
    client.seed(json!([{ "objectType": "group", "attributes": { "displayName": "Staff" } }])).await;
    assert_eq!(client.set("group", "s", json!({ "displayName": "Staff" })).await["matched"], "none");
}

#[tokio::test]
async fn features_3_6_04_05_soft_match_follows_the_feature_flags() {
    let client = Client::new().await;
    client.seed(json!([user("a@contoso.com")])).await;
    // Without the flag a name alone does not match; it is quarantined instead.
    client.features(ALL & !16).await;
    let result = client.set("user", "a", upn("a@contoso.com")).await;
    assert_eq!((&result["matched"], &result["quarantined"][0]["property"]), (&json!("none"), &json!("UserPrincipalName")));

    client.seed(json!([user("b@contoso.com")])).await;
    client.features(ALL | BLOCK_SOFT).await;
    let result = client.set("user", "b", upn("b@contoso.com")).await;
    assert_eq!((&result["matched"], &result["quarantined"][0]["value"]), (&json!("none"), &json!("b@contoso.com")));
    client.seed(json!([user("c@contoso.com")])).await;
    client.features(ALL & !8 | BLOCK_SOFT).await;
    assert_eq!(error(&client.set("user", "c", upn("c@contoso.com")).await), "AttributeValueMustBeUnique");
}

#[tokio::test]
async fn scenario_22_step_4c_features_3_6_12_an_administrator_is_never_matched() {
    let client = Client::new().await;
    let mut planted = user("boss@contoso.com");
    planted["role"] = json!("Global Administrator");
    let admin = client.seed(json!([planted])).await.remove(0);
    let result = client.set("user", "boss", upn("boss@contoso.com")).await;
    assert_eq!(error(&result), "ExistingAdminRoleConflict");
    assert_eq!(result["error"]["conflicting"], json!([admin]));
    assert_eq!(result["quarantined"][0]["value"], "boss@contoso.com");
    let second = result["cloudAnchor"].as_str().unwrap().to_owned();
    assert_ne!(second, admin);
    // Remove the role, remove the second object, synchronize again.
    client.control("POST", "roles", json!({ "user": admin, "role": null })).await;
    client.control("POST", "cloud-edit", json!({ "object": second, "delete": "hard" })).await;
    let result = client.set("user", "boss", upn("boss@contoso.com")).await;
    assert_eq!((&result["matched"], &result["cloudAnchor"]), (&json!("soft"), &json!(admin)));

    let mut planted = user("chief@contoso.com");
    planted["role"] = json!("Global Administrator");
    client.seed(json!([planted])).await;
    client.features(ALL & !8).await;
    let result = client.set("user", "chief", upn("chief@contoso.com")).await;
    assert_eq!((error(&result), result.get("cloudAnchor")), ("ExistingAdminRoleConflict", None));
}

#[tokio::test]
async fn scenario_22_step_4d_another_type_is_a_mismatch() {
    let client = Client::new().await;
    let group =
        client.seed(json!([{ "objectType": "group", "attributes": { "proxyAddresses": ["smtp:tax@contoso.com"] } }])).await;
    let result = client
        .set("user", "t", json!({ "userPrincipalName": "t@contoso.com", "proxyAddresses": ["SMTP:tax@contoso.com"] }))
        .await;
    assert_eq!(error(&result), "ObjectTypeMismatch");
    assert_eq!(result["error"]["conflicting"], json!(group));
    assert_eq!(client.get("/v1.0/users/t@contoso.com").await.status, 404, "nothing is created");
}

#[tokio::test]
async fn scenario_22_step_4e_another_anchor_is_quarantined_or_refused() {
    let client = Client::new().await;
    let smith = json!({ "userPrincipalName": "smith@contoso.com", "proxyAddresses": ["SMTP:bob@contoso.com"] });
    let taylor = json!({ "userPrincipalName": "taylor@contoso.com", "proxyAddresses": ["SMTP:bob@contoso.com"] });
    let holder = client.write("user", "abcdefghijklmnopqrstuv==", smith).await;
    client.features(ALL & !32).await;
    let result = client.set("user", "abcdefghijkl0123456789==", taylor.clone()).await;
    assert_eq!(error(&result), "InvalidSoftMatch");
    assert_eq!(result["error"]["conflicting"], json!([holder]));
    client.features(ALL).await;
    let result = client.set("user", "abcdefghijkl0123456789==", taylor).await;
    assert_eq!((&result["status"], &result["matched"]), (&json!("success"), &json!("none")));
    assert_eq!(
        result["quarantined"],
        json!([{ "property": "ProxyAddresses", "value": "SMTP:bob@contoso.com", "assigned": null }])
    );
}

#[tokio::test]
async fn scenario_22_step_4f_two_candidates_are_refused() {
    let client = Client::new().await;
    let mut first = user("one@contoso.com");
    first["attributes"]["proxyAddresses"] = json!(["SMTP:box@contoso.com"]);
    let anchors = client.seed(json!([first, user("two@contoso.com")])).await;
    let result = client
        .set("user", "x", json!({ "userPrincipalName": "two@contoso.com", "proxyAddresses": ["SMTP:box@contoso.com"] }))
        .await;
    assert_eq!(error(&result), "InvalidSoftMatch");
    assert_eq!(result["error"]["conflicting"], json!(anchors));
}

#[tokio::test]
async fn scenario_22_step_5_add_refuses_an_anchor_in_use() {
    let client = Client::new().await;
    let add = async || {
        client
            .provision(json!([{ "id": "1", "operation": "add", "objectType": "user", "sourceAnchor": "a", "attributes": upn("a@contoso.com") }]))
            .await
            .remove(0)
    };
    let first = add().await;
    assert_eq!((&first["status"], &first["matched"]), (&json!("success"), &json!("none")));
    let second = add().await;
    assert_eq!((error(&second), &second["error"]["property"]), ("AttributeValueMustBeUnique", &json!("sourceAnchor")));
    assert_eq!(second["error"]["conflicting"], json!([first["cloudAnchor"]]));
}

#[tokio::test]
async fn scenario_26_only_synchronized_objects_can_be_deleted() {
    let client = Client::new().await;
    let mut planted = user("cloud@contoso.com");
    planted["sourceAnchor"] = json!("cloud");
    let cloud = client.seed(json!([planted])).await.remove(0);
    let refused = client.delete("user", "cloud").await;
    assert_eq!((error(&refused), &refused["error"]["number"]), ("DeleteNotValid", &json!(114)));
    let unknown = client.delete("user", "nobody").await;
    assert_eq!((error(&unknown), &unknown["error"]["number"]), ("ObjectNotFound", &json!(114)));
    assert_eq!(client.user(&cloud, "id").await["id"], cloud.trim_start_matches("User_"));

    for kind in ["user", "group", "contact", "device"] {
        let anchor = format!("the-{kind}");
        let attributes = if kind == "user" { upn("u@contoso.com") } else { json!({ "displayName": kind }) };
        client.write(kind, &anchor, attributes).await;
        for _ in 0..2 {
            assert_eq!(client.delete(kind, &anchor).await["status"], "success", "deleting a {kind} twice is fine");
        }
    }
    // A contact that has become a user: deleting the contact again must not hit the user.
    client.write("contact", "moved", json!({ "displayName": "M" })).await;
    client.delete("contact", "moved").await;
    client.write("user", "moved", upn("moved@contoso.com")).await;
    assert_eq!(client.delete("contact", "moved").await["status"], "success");
    assert_eq!(client.get("/v1.0/users/moved@contoso.com").await.status, 200);
}
