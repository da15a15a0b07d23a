//! Delta reading of the sync channel (parts of scenarios 8 and 31).

use serde_json::{Value, json};

use crate::client::Client;

const DELTA: &str = "/dirsync/v1/objects/delta";

fn contact(name: &str) -> Value {
    json!({ "displayName": name })
}

/// Source anchors with a mark for deleted objects.
fn seen(objects: &[Value]) -> Vec<String> {
    objects
        .iter()
        .map(|object| {
            let anchor = object["sourceAnchor"].as_str().unwrap_or("-");
            let mark = if object["deleted"] == json!(true) { "!" } else { "" };
            format!("{anchor}{mark}")
        })
        .collect()
}

#[tokio::test]
async fn scenario_08_initial_reading_then_changes_only() {
    let client = Client::new().await;
    for anchor in ["a", "b", "c"] {
        client.write("contact", anchor, contact(anchor)).await;
    }
    let (objects, link) = client.pages(&format!("{DELTA}?$top=2")).await;
    assert_eq!(seen(&objects), ["-", "a", "b", "c"]);
    let (objects, link) = client.pages(&link).await;
    assert!(objects.is_empty());

    client.write("contact", "b", contact("B")).await;
    client.write("contact", "d", contact("d")).await;
    client.write("contact", "b", contact("BB")).await;
    client.delete("contact", "a").await;
    let (objects, link) = client.pages(&link).await;
    assert_eq!(seen(&objects), ["d", "b", "a!"]);
    assert_eq!(objects[1]["attributes"], json!({ "displayName": "BB" }));
    assert_eq!(objects[2]["attributes"], json!({}));
    assert!(client.pages(&link).await.0.is_empty());
    let (objects, _) = client.pages(DELTA).await;
    assert_eq!(seen(&objects), ["-", "b", "c", "d"]);
}

#[tokio::test]
async fn scenario_08_soft_deletion_restoring_and_purging_are_told() {
    let mut client = Client::new().await;
    let attributes = json!({ "userPrincipalName": "u@contoso.com" });
    let anchor = client.write("user", "u", attributes.clone()).await;
    let (_, link) = client.pages(DELTA).await;
    client.delete("user", "u").await;
    let (objects, link) = client.pages(&link).await;
    assert_eq!(seen(&objects), ["u!"]);
    assert_eq!(objects[0]["cloudAnchor"], json!(anchor));
    client.control("POST", "cloud-edit", json!({ "object": anchor, "restore": true })).await;
    let (objects, link) = client.pages(&link).await;
    assert_eq!(seen(&objects), ["u"]);
    assert_eq!(objects[0]["attributes"]["cloudMastered"], false);
    let found = client.user(&anchor, "onPremisesSyncEnabled").await;
    assert_eq!(found["onPremisesSyncEnabled"], false);
    assert_eq!(client.delete("user", "u").await["error"]["code"], "DeleteNotValid");
    assert_eq!(client.set("user", "u", attributes).await["matched"], "hard");
    client.delete("user", "u").await;
    let (_, link) = client.pages(&link).await;
    // Keep the token alive while the thirty days pass.
    let mut link = link;
    for _ in 0..6 {
        client.advance("PT144H").await;
        client.sign_in().await;
        let (objects, next) = client.pages(&link).await;
        link = next;
        if seen(&objects) == ["u!"] {
            return;
        }
    }
    panic!("the purge was not reported");
}

#[tokio::test]
async fn scenario_08_old_and_broken_tokens_are_refused() {
    let mut client = Client::new().await;
    let (_, link) = client.pages(DELTA).await;
    assert_eq!(client.get(&format!("{DELTA}?$deltatoken=nonsense")).await.status, 400);
    for top in ["0", "1000", "x"] {
        assert_eq!(client.get(&format!("{DELTA}?$top={top}")).await.status, 400);
    }
    client.advance("PT192H").await;
    client.sign_in().await;
    let answer = client.get(&link).await;
    assert_eq!((answer.status, answer.code()), (410, "syncStateNotFound"));
    let start = answer.headers["location"].to_str().unwrap();
    assert_eq!(client.pages(start).await.0.len(), 1);
}

#[tokio::test]
async fn scenario_08_objects_written_between_pages_are_not_lost() {
    let client = Client::new().await;
    for anchor in ["a", "b", "c"] {
        client.write("contact", anchor, contact(anchor)).await;
    }
    let page = client.read(&format!("{DELTA}?$top=2")).await;
    client.write("contact", "a", contact("A")).await;
    client.delete("contact", "b").await;
    client.write("contact", "z", contact("Z")).await;
    let (rest, link) = client.pages(page["nextLink"].as_str().unwrap()).await;
    assert_eq!(seen(&rest), ["c", "z"]);
    assert_eq!(seen(&client.pages(&link).await.0), ["a", "b!", "z"]);
}

#[tokio::test]
async fn scenario_31_sending_a_change_again_makes_neither_copy_nor_change() {
    let client = Client::new().await;
    let attributes = json!({ "userPrincipalName": "u@contoso.com", "displayName": "U" });
    let first = client.write("user", "u", attributes.clone()).await;
    client.write("group", "g", json!({ "displayName": "G", "member": ["u"] })).await;
    let (_, link) = client.pages(DELTA).await;
    assert_eq!(client.write("user", "u", attributes).await, first);
    client.write("group", "g", json!({ "displayName": "G", "member": ["u"] })).await;
    assert!(client.pages(&link).await.0.is_empty());
}

#[tokio::test]
async fn references_read_as_anchors_and_follow_their_targets() {
    let client = Client::new().await;
    let cloud =
        client.seed(json!([{ "objectType": "user", "attributes": { "userPrincipalName": "c@contoso.com" } }])).await.remove(0);
    client.write("group", "g", json!({ "displayName": "G", "member": [cloud] })).await;
    let members = |objects: &[Value]| {
        let group = objects.iter().find(|object| object["sourceAnchor"] == "g");
        group.map(|group| group["attributes"].get("member").cloned().unwrap_or(Value::Null))
    };
    let (objects, link) = client.pages(DELTA).await;
    assert_eq!(members(&objects), Some(json!([cloud])));
    // Stamping the anchor renames the reference; deleting the target takes it away.
    client.write("user", "c", json!({ "userPrincipalName": "c@contoso.com" })).await;
    let (objects, link) = client.pages(&link).await;
    assert_eq!(members(&objects), Some(json!(["c"])));
    client.delete("user", "c").await;
    let (objects, _) = client.pages(&link).await;
    assert_eq!(members(&objects), Some(Value::Null));
}

#[tokio::test]
async fn cloud_objects_are_marked_and_show_cloud_attributes() {
    let client = Client::new().await;
    client.seed(json!([
        { "objectType": "user", "attributes": { "userPrincipalName": "c@contoso.com", "cloudMSExchRecipientDisplayType": 5 } },
        { "objectType": "group", "sourceAnchor": "g", "attributes": { "displayName": "G" } },
    ])).await;
    client.write("user", "s", json!({ "userPrincipalName": "s@contoso.com", "export_password": "hush" })).await;
    let (objects, _) = client.pages(DELTA).await;
    let marks: Vec<&Value> = objects.iter().map(|object| &object["attributes"]["cloudMastered"]).collect();
    assert_eq!(marks, [&json!(true), &json!(true), &json!(false), &json!(false)]);
    assert_eq!(objects[1]["attributes"]["cloudMSExchRecipientDisplayType"], 5);
    assert!(!json!(objects).to_string().contains("hush"));
}
