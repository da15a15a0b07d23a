//! Scenarios 21 and 22, step 7: duplicate values, with and without resiliency.

use serde_json::{Value, json};

use crate::client::Client;

const ALL: u64 = 8248;

fn upn(name: &str) -> Value {
    json!({ "userPrincipalName": name })
}

#[tokio::test]
async fn features_3_6_07_a_duplicate_name_gets_a_placeholder_and_later_its_value() {
    let mut client = Client::new().await;
    let first = client.write("user", "a", upn("u@contoso.com")).await;
    let result = client.set("user", "b", upn("u@contoso.com")).await;
    assert_eq!((&result["status"], &result["matched"]), (&json!("success"), &json!("none")));
    let entry = &result["quarantined"][0];
    assert_eq!((&entry["property"], &entry["value"]), (&json!("UserPrincipalName"), &json!("u@contoso.com")));
    let assigned = entry["assigned"].as_str().unwrap();
    let digits: u32 =
        assigned.strip_prefix('u').and_then(|rest| rest.strip_suffix("@contoso.onmicrosoft.com")).unwrap().parse().unwrap();
    assert!((1000..=9999).contains(&digits), "{assigned}");
    let second = result["cloudAnchor"].as_str().unwrap().to_owned();
    let found = client.user(&second, "userPrincipalName,onPremisesProvisioningErrors").await;
    assert_eq!(found["userPrincipalName"], assigned);
    assert_eq!(
        found["onPremisesProvisioningErrors"],
        json!([{
        "category": "PropertyConflict", "occurredDateTime": "2024-06-01T00:00:00Z",
        "propertyCausingError": "UserPrincipalName", "value": "u@contoso.com" }])
    );
    let errors = client.read("/dirsync/v1/errors").await;
    assert_eq!(errors["value"][0]["cloudAnchor"], json!(second));
    assert_eq!(errors["value"][0]["conflicting"], json!([first]));
    // Sending the same again keeps placeholder and claim.
    let again = client.set("user", "b", upn("u@contoso.com")).await;
    assert_eq!(again["quarantined"][0]["assigned"], assigned);

    let (_, link) = client.pages("/dirsync/v1/objects/delta").await;
    client.delete("user", "a").await;
    assert_eq!(client.user(&second, "userPrincipalName").await["userPrincipalName"], assigned);
    client.advance("PT1H").await;
    client.sign_in().await;
    let found = client.user(&second, "userPrincipalName,onPremisesProvisioningErrors").await;
    assert_eq!(found["userPrincipalName"], "u@contoso.com");
    assert_eq!(found["onPremisesProvisioningErrors"], json!([]));
    // The client sees its own value all the time.
    for object in client.pages(&link).await.0 {
        let seen = &object["attributes"]["userPrincipalName"];
        assert!(object["deleted"] == json!(true) || *seen == json!("u@contoso.com"), "{object}");
    }
}

#[tokio::test]
async fn scenario_22_step_7_values_are_compared_with_names_and_addresses() {
    let client = Client::new().await;
    client
        .write(
            "user",
            "holder",
            json!({
        "userPrincipalName": "name@contoso.com", "proxyAddresses": ["smtp:box@contoso.com"] }),
        )
        .await;
    let check = async |kind: &str, anchor: &str, attributes: Value, property: &str, value: &str| {
        client.features(ALL).await;
        let written = client.set(kind, anchor, attributes.clone()).await;
        assert_eq!(written["quarantined"][0]["property"], property, "{written}");
        assert_eq!(written["quarantined"][0]["value"], value, "{written}");
        client.features(ALL & !8 & !32).await;
        let refused = client.set(kind, &format!("{anchor}-off"), attributes).await;
        let wire = if property == "UserPrincipalName" { "userPrincipalName" } else { "proxyAddresses" };
        assert_eq!(refused["error"]["code"], "AttributeValueMustBeUnique", "{refused}");
        assert_eq!(refused["error"]["property"], wire);
        let (objects, _) = client.pages("/dirsync/v1/objects/delta").await;
        let written = objects.iter().any(|object| object["sourceAnchor"] == json!(format!("{anchor}-off")));
        assert!(!written, "nothing is written");
    };
    check("user", "a", upn("BOX@contoso.com"), "UserPrincipalName", "BOX@contoso.com").await;
    let proxy = |value: &str| json!({ "displayName": "x", "alias": "x", "proxyAddresses": [value] });
    check("contact", "b", proxy("smtp:name@contoso.com"), "ProxyAddresses", "smtp:name@contoso.com").await;
    check("group", "c", proxy("smtp:BOX@contoso.com"), "ProxyAddresses", "smtp:BOX@contoso.com").await;
    // Other kinds of addresses need not be unique.
    client.features(ALL).await;
    for anchor in ["x1", "x2"] {
        let result = client.set("contact", anchor, proxy("x500:/o=contoso")).await;
        assert_eq!((&result["status"], &result["quarantined"]), (&json!("success"), &json!([])));
    }
}

#[tokio::test]
async fn scenario_22_step_7_mail_and_sign_in_names_are_never_quarantined() {
    let client = Client::new().await;
    client
        .write(
            "user",
            "holder",
            json!({
        "userPrincipalName": "h@contoso.com", "mail": "mail@contoso.com",
        "proxyAddresses": ["smtp:box@contoso.com"], "signInNames": ["sign@contoso.com"] }),
        )
        .await;
    let check = async |attributes: Value, property: &str| {
        let mut attributes = attributes;
        attributes["userPrincipalName"] = json!("n@contoso.com");
        let refused = client.set("user", "n", attributes).await;
        assert_eq!(refused["error"]["code"], "AttributeValueMustBeUnique", "{refused}");
        assert_eq!(refused["error"]["property"], property);
    };
    check(json!({ "mail": "MAIL@contoso.com" }), "mail").await;
    check(json!({ "mail": "box@contoso.com" }), "mail").await;
    check(json!({ "signInNames": ["sign@contoso.com"] }), "signInNames").await;
    client.write("user", "n", upn("n@contoso.com")).await;
    check(json!({ "mail": "mail@contoso.com" }), "mail").await;
}

#[tokio::test]
async fn features_3_6_08_a_duplicate_address_on_update_is_left_out() {
    let mut client = Client::new().await;
    client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com", "proxyAddresses": ["SMTP:bob@contoso.com"] })).await;
    let second = client.write("user", "b", upn("b@contoso.com")).await;
    let wanted = json!({ "proxyAddresses": ["SMTP:b@contoso.com", "smtp:bob@contoso.com"] });
    let result = client.set("user", "b", wanted).await;
    assert_eq!(
        result["quarantined"],
        json!([{ "property": "ProxyAddresses", "value": "smtp:bob@contoso.com", "assigned": null }])
    );
    assert_eq!(client.user(&second, "proxyAddresses").await["proxyAddresses"], json!(["SMTP:b@contoso.com"]));
    // Taking the value away from its holder frees it at the next sweep.
    client.write("user", "a", json!({ "proxyAddresses": ["SMTP:a@contoso.com"] })).await;
    client.advance("PT1H").await;
    client.sign_in().await;
    let shown = client.user(&second, "proxyAddresses").await["proxyAddresses"].clone();
    assert_eq!(shown, json!(["SMTP:b@contoso.com", "smtp:bob@contoso.com"]));
    assert_eq!(client.read("/dirsync/v1/errors").await["value"], json!([]));
}

#[tokio::test]
async fn features_3_6_09_the_two_documented_exceptions_stay_errors() {
    let client = Client::new().await;
    client.write("group", "tax", json!({ "displayName": "Tax", "proxyAddresses": ["SMTP:tax@contoso.com"] })).await;
    // A new user whose name and address are the group's: refused in every cycle.
    let user = json!({ "userPrincipalName": "tax@contoso.com", "proxyAddresses": ["smtp:tax@contoso.com"] });
    for _ in 0..3 {
        let result = client.set("user", "u", user.clone()).await;
        assert_eq!(result["error"]["code"], "AttributeValueMustBeUnique", "{result}");
        assert_eq!(result["error"]["property"], "proxyAddresses");
    }
    // The second of two new groups: refused once, then quarantined.
    let group = json!({ "displayName": "Tax 2", "proxyAddresses": ["SMTP:tax@contoso.com"] });
    let result = client.set("group", "tax2", group.clone()).await;
    assert_eq!(result["error"]["code"], "AttributeValueMustBeUnique", "{result}");
    let result = client.set("group", "tax2", group).await;
    assert_eq!((&result["status"], &result["quarantined"][0]["value"]), (&json!("success"), &json!("SMTP:tax@contoso.com")));
}
