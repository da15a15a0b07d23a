//! Names of users and addresses the tenant computes (scenario 21, the tables of the feature description).

use serde_json::{Value, json};

use crate::client::Client;

fn code(result: &Value) -> &str {
    result["error"]["code"].as_str().unwrap_or("success")
}

#[tokio::test]
async fn features_3_6_01_nickname_and_name_follow_the_documented_sequence() {
    let client = Client::new().await;
    client.control("POST", "domains", json!({ "name": "contoso.com", "verified": false })).await;
    client.control("POST", "domains", json!({ "name": "verified.contoso.com" })).await;
    let check = async |attributes: Value, nickname: &str, name: &str| {
        let anchor = client.write("user", "a", attributes).await;
        let found = client.user(&anchor, "mailNickname,userPrincipalName").await;
        assert_eq!((&found["mailNickname"], &found["userPrincipalName"]), (&json!(nickname), &json!(name)));
    };
    let first = json!({
        "proxyAddresses": ["SMTP:user1@contoso.com"], "mail": "user2@contoso.com", "userPrincipalName": "user3@contoso.com" });
    check(first, "user1", "user1@contoso.onmicrosoft.com").await;
    check(json!({ "alias": "user4" }), "user4", "user1@contoso.onmicrosoft.com").await;
    check(json!({ "userPrincipalName": "user5@contoso.com" }), "user4", "user4@contoso.onmicrosoft.com").await;
    let mail = json!({ "proxyAddresses": ["SMTP:user6@contoso.com"], "mail": "user7@contoso.com" });
    check(mail, "user4", "user4@contoso.onmicrosoft.com").await;
    let verified = json!({ "userPrincipalName": "user5@verified.contoso.com" });
    check(verified, "user4", "user5@verified.contoso.com").await;
}

#[tokio::test]
async fn features_3_6_11_verifying_a_domain_later_gives_names_without_an_export() {
    let client = Client::new().await;
    let anchor = client.write("user", "a", json!({ "userPrincipalName": "a@fabrikam.com", "alias": "nick" })).await;
    assert_eq!(client.user(&anchor, "userPrincipalName").await["userPrincipalName"], "nick@contoso.onmicrosoft.com");
    let (objects, _) = client.pages("/dirsync/v1/objects/delta").await;
    let shadow = objects.iter().find(|object| object["cloudAnchor"] == json!(anchor)).unwrap();
    assert_eq!(shadow["attributes"]["userPrincipalName"], "a@fabrikam.com");
    client.control("POST", "domains", json!({ "name": "fabrikam.com" })).await;
    assert_eq!(client.user(&anchor, "userPrincipalName").await["userPrincipalName"], "a@fabrikam.com");
}

#[tokio::test]
async fn scenario_22_step_6_attributes_are_validated() {
    let client = Client::new().await;
    let check = async |attributes: Value, expected: &str| {
        let result = client.set("user", "a", attributes).await;
        assert_eq!(code(&result), expected, "{result}");
    };
    let named = |name: &str| json!({ "userPrincipalName": name });
    check(named("bob@"), "IdentityDataValidationFailed").await;
    check(named("b+b@contoso.com"), "IdentityDataValidationFailed").await;
    check(json!({ "userPrincipalName": "a@contoso.com", "displayName": "x".repeat(300) }), "DataValidationFailed").await;
    check(json!({ "userPrincipalName": "a@contoso.com", "colour": "x" }), "DataValidationFailed").await;
    let certificates = json!({ "userPrincipalName": "a@contoso.com", "userCertificate": vec!["AAEC"; 16] });
    check(certificates, "ExceededAllowedLength").await;
    check(json!({ "userPrincipalName": "a@contoso.com", "info": "x".repeat(1_100_000) }), "LargeObject").await;
    check(json!({ "displayName": "nameless" }), "IdentityDataValidationFailed").await;
    assert_eq!(client.read("/v1.0/users?$select=id").await["value"].as_array().unwrap().len(), 1, "only the administrator");
    // White space alone is not refused: the name is computed.
    check(named("bob smith@contoso.com"), "success").await;
    let found = client.read("/v1.0/users/bobsmith@contoso.onmicrosoft.com?$select=mailNickname").await;
    assert_eq!(found["mailNickname"], "bob smith");
    check(json!({ "userPrincipalName": null }), "IdentityDataValidationFailed").await;
    // Extensions are accepted once the feature is on.
    let extension = json!({ "extension_0123456789abcdef0123456789abcdef_badge": "7" });
    check(extension.clone(), "DataValidationFailed").await;
    client.features(8248 + 4).await;
    check(extension, "success").await;
}

#[tokio::test]
async fn scenario_22_step_8_names_do_not_move_between_federated_domains() {
    let client = Client::new().await;
    for name in ["fed1.com", "fed2.com"] {
        client.control("POST", "domains", json!({ "name": name, "authenticationType": "Federated" })).await;
    }
    let check = async |name: &str, expected: &str| {
        let result = client.set("user", "a", json!({ "userPrincipalName": name })).await;
        assert_eq!(code(&result), expected, "{name}");
    };
    check("a@fed1.com", "success").await;
    check("a@fed2.com", "FederatedDomainChangeError").await;
    check("a@contoso.onmicrosoft.com", "success").await;
    check("a@fed2.com", "success").await;
}

#[tokio::test]
async fn names_of_licensed_users_stay_without_the_feature() {
    let client = Client::new().await;
    let anchor = client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com" })).await;
    let licence = json!({ "object": anchor, "cloud": { "assignedLicenses": [{ "skuId": "x" }] } });
    client.control("POST", "cloud-edit", licence).await;
    client.features(8248 & !8192).await;
    let name = async || client.user(&anchor, "userPrincipalName").await["userPrincipalName"].clone();
    client.write("user", "a", json!({ "userPrincipalName": "b@contoso.com" })).await;
    assert_eq!(name().await, "a@contoso.com");
    client.features(8248).await;
    assert_eq!(name().await, "a@contoso.com");
    client.write("user", "a", json!({ "userPrincipalName": "c@contoso.com" })).await;
    assert_eq!(name().await, "c@contoso.com");
}

#[tokio::test]
async fn mailbox_users_show_addresses_of_verified_domains_only() {
    let client = Client::new().await;
    let written = ["SMTP:abbie.spencer@contoso.com", "smtp:abbie.spencer@fabrikam.com", "smtp:abbie@contoso.com"];
    let anchor = client
        .write(
            "user",
            "a",
            json!({
        "userPrincipalName": "abbie@contoso.com", "proxyAddresses": written, "msExchRecipientTypeDetails": 1 }),
        )
        .await;
    let shown = client.user(&anchor, "proxyAddresses").await["proxyAddresses"].clone();
    assert_eq!(shown, json!([written[0], written[2]]));
    let (objects, _) = client.pages("/dirsync/v1/objects/delta").await;
    assert_eq!(objects.last().unwrap()["attributes"]["proxyAddresses"], json!(written));
    // Mail users keep any address.
    let other = json!({ "userPrincipalName": "b@contoso.com", "proxyAddresses": ["smtp:b@fabrikam.com"] });
    let other = client.write("user", "b", other).await;
    assert_eq!(client.user(&other, "proxyAddresses").await["proxyAddresses"], json!(["smtp:b@fabrikam.com"]));
    client.control("POST", "domains", json!({ "name": "fabrikam.com" })).await;
    assert_eq!(client.user(&anchor, "proxyAddresses").await["proxyAddresses"], json!(written));
}

#[tokio::test]
async fn scenario_22_step_10_a_password_never_changed_must_be_changed() {
    let client = Client::new().await;
    let check = async |anchor: &str, time: &str, expected: Value| {
        let attributes = json!({ "userPrincipalName": format!("{anchor}@contoso.com"), "lastPasswordChangeTimestamp": time });
        let anchor = client.write("user", anchor, attributes).await;
        assert_eq!(client.user(&anchor, "passwordProfile").await["passwordProfile"], expected);
    };
    check("a", "16010101000000.0Z", json!({ "forceChangePasswordNextSignIn": true })).await;
    check("b", "20240101000000.0Z", Value::Null).await;
}
