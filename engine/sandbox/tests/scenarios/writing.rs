//! Batches, references and settings of the sync channel.

use serde_json::{Value, json};

use crate::client::Client;

#[tokio::test]
async fn one_refused_change_does_not_touch_the_others() {
    let client = Client::new().await;
    let change = |id: &str, attributes: Value| json!({ "id": id, "operation": "set", "objectType": "user", "sourceAnchor": id, "attributes": attributes });
    let results = client
        .provision(json!([
            change("a", json!({ "userPrincipalName": "a@contoso.com" })),
            change("b", json!({ "userPrincipalName": "b@contoso.com", "colour": 1 })),
            change("c", json!({ "userPrincipalName": "c@contoso.com", "manager": "a" })),
        ]))
        .await;
    let seen: Vec<(&str, &str)> =
        results.iter().map(|result| (result["id"].as_str().unwrap(), result["status"].as_str().unwrap())).collect();
    assert_eq!(seen, [("a", "success"), ("b", "error"), ("c", "success")]);
    assert_eq!(client.get("/v1.0/users/b@contoso.com").await.status, 404);
    assert_eq!(client.get("/v1.0/users/c@contoso.com").await.status, 200);
}

#[tokio::test]
async fn malformed_and_oversized_batches_are_refused_whole() {
    let client = Client::new().await;
    let check = async |body: Value| {
        let answer = client.send("POST", "/dirsync/v1/provision", Some(&body)).await;
        assert_eq!((answer.status, answer.code()), (400, "BadRequest"), "{}", answer.body);
    };
    check(json!({})).await;
    check(json!({ "changes": [{ "id": 1 }] })).await;
    let change = json!({ "id": "1", "operation": "set", "objectType": "contact", "sourceAnchor": "a" });
    check(json!({ "changes": vec![change.clone(); 101] })).await;
    assert_eq!(client.read("/v1.0/contacts").await["value"], json!([]));
    assert_eq!(client.provision(json!(vec![change; 100])).await.len(), 100);
    assert_eq!(client.get("/dirsync/v1/nothing").await.status, 501);
}

#[tokio::test]
async fn scenario_27_a_tenant_without_synchronization_takes_no_changes() {
    let client = Client::new().await;
    client.control("POST", "seed", json!({ "organization": { "onPremisesSyncEnabled": false } })).await;
    let answer = client.send("POST", "/dirsync/v1/provision", Some(&json!({ "changes": [] }))).await;
    assert_eq!((answer.status, answer.code()), (409, "DirSyncDisabled"));
    let organization = client.read("/v1.0/organization").await;
    assert_eq!(organization["value"][0]["onPremisesSyncEnabled"], false);
}

#[tokio::test]
async fn scenario_24_unknown_references_are_reported_and_the_rest_is_applied() {
    let client = Client::new().await;
    let boss = client.write("user", "boss", json!({ "userPrincipalName": "boss@contoso.com" })).await;
    let attributes = json!({ "userPrincipalName": "a@contoso.com", "displayName": "A", "manager": "later" });
    let result = client.set("user", "a", attributes).await;
    assert_eq!((&result["status"], &result["unresolved"]), (&json!("success"), &json!(["manager"])));
    assert_eq!(result["unresolvedReferences"], json!([{ "attribute": "manager", "value": "later" }]));
    assert_eq!(client.read("/v1.0/users/a@contoso.com").await["displayName"], "A");
    let manager = async || {
        let (objects, _) = client.pages("/dirsync/v1/objects/delta").await;
        let found = objects.iter().find(|object| object["sourceAnchor"] == "a").unwrap();
        found["attributes"].get("manager").cloned()
    };
    assert_eq!(manager().await, None);
    // A source anchor or a cloud anchor both name the target.
    for reference in ["boss", boss.as_str()] {
        assert_eq!(client.set("user", "a", json!({ "manager": reference })).await["unresolved"], json!([]));
        assert_eq!(manager().await, Some(json!("boss")));
    }
    client.write("user", "a", json!({ "manager": null })).await;
    assert_eq!(manager().await, None);
}

#[tokio::test]
async fn members_are_replaced_added_and_removed() {
    let client = Client::new().await;
    for anchor in ["a", "b", "c"] {
        client.write("user", anchor, json!({ "userPrincipalName": format!("{anchor}@contoso.com") })).await;
    }
    let group = client.write("group", "g", json!({ "displayName": "G", "securityEnabled": true, "member": ["a", "b"] })).await;
    let path = format!("/v1.0/groups/{}/members?$select=userPrincipalName", group.trim_start_matches("Group_"));
    let check = async |adds: Value, removes: Value, unresolved: Value, expected: &[&str]| {
        let result = client
            .provision(json!([{ "id": "1", "operation": "set", "objectType": "group", "sourceAnchor": "g",
                "memberAdds": adds, "memberRemoves": removes }]))
            .await
            .remove(0);
        assert_eq!((&result["status"], &result["unresolved"]), (&json!("success"), &unresolved));
        let members = client.read(&path).await;
        let names: Vec<&str> = members["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|member| member["userPrincipalName"].as_str().unwrap().split('@').next().unwrap())
            .collect();
        assert_eq!(names, expected);
    };
    check(json!([]), json!([]), json!([]), &["a", "b"]).await;
    check(json!(["c", "c"]), json!(["a"]), json!([]), &["b", "c"]).await;
    check(json!(["b", "nobody"]), json!(["nobody", "a"]), json!(["member"]), &["b", "c"]).await;
    client.write("group", "g", json!({ "member": ["a", "c"] })).await;
    check(json!([]), json!([]), json!([]), &["a", "c"]).await;
    client.delete("user", "a").await;
    check(json!([]), json!([]), json!([]), &["c"]).await;
    // Who comes back is a member again.
    client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com" })).await;
    check(json!([]), json!([]), json!([]), &["a", "c"]).await;
    let refused = client
        .provision(json!([{ "id": "1", "operation": "set", "objectType": "user", "sourceAnchor": "a", "memberAdds": ["c"] }]))
        .await;
    assert_eq!(refused[0]["error"]["code"], "DataValidationFailed");
}

#[tokio::test]
async fn features_of_a_fresh_tenant_and_their_changes() {
    let client = Client::new().await;
    let features = client.read("/dirsync/v1/features").await;
    assert_eq!(features["bits"], 8248);
    assert_eq!(features["names"]["EnableSoftMatchOnUpn"], true);
    let patch = async |body: Value| {
        let answer = client.send("PATCH", "/dirsync/v1/features", Some(&body)).await;
        (answer.status, answer.code().to_owned())
    };
    assert_eq!(patch(json!({ "names": { "PasswordHashSync": true } })).await.0, 200);
    assert_eq!(client.read("/dirsync/v1/features").await["bits"], 8249);
    for body in [json!({ "names": { "EnableSoftMatchOnUpn": false } }), json!({ "bits": 1 })] {
        assert_eq!(patch(body).await, (400, "FeatureCannotBeTurnedOff".to_owned()));
    }
    for body in [json!({ "names": { "Colour": true } }), json!({ "bits": 8248 + 64 }), json!({ "bits": 8248 + 2 })] {
        assert_eq!(patch(body).await, (400, "BadRequest".to_owned()));
    }
    assert_eq!(client.read("/dirsync/v1/features").await["bits"], 8249);
    assert_eq!(patch(json!({ "bits": 8248 + 4 })).await.0, 200);
    assert_eq!(client.read("/dirsync/v1/company").await["dirSyncFeatures"], 8252);
}

#[tokio::test]
async fn the_company_keeps_session_anchor_attribute_and_threshold() {
    let client = Client::new().await;
    let company = client.read("/dirsync/v1/company").await;
    assert_eq!(company["preventAccidentalDeletion"], "enabledForCount");
    assert_eq!((&company["thresholdCount"], &company["synchronizationInterval"]), (&json!(500), &json!("PT30M")));
    assert_eq!((&company["anchorAttribute"], &company["lastDirSyncTime"]), (&Value::Null, &Value::Null));
    for session in ["import", "export"] {
        let path = format!("/dirsync/v1/sessions/{session}/finalize");
        let answer = client.send("POST", &path, Some(&json!({ "client": "SYNC01" }))).await;
        assert_eq!(answer.body["lastDirSyncTime"], "2024-06-01T00:00:00Z");
    }
    let patch = async |body: Value| client.send("PATCH", "/dirsync/v1/company", Some(&body)).await.status;
    assert_eq!(patch(json!({ "anchorAttribute": "ms-DS-ConsistencyGuid" })).await, 200);
    assert_eq!(patch(json!({ "anchorAttribute": "ms-DS-ConsistencyGuid" })).await, 200);
    assert_eq!(patch(json!({ "anchorAttribute": "objectGUID" })).await, 409);
    assert_eq!(patch(json!({ "preventAccidentalDeletion": "enabledForPercentage", "thresholdPercentage": 10 })).await, 200);
    assert_eq!(patch(json!({ "preventAccidentalDeletion": "sometimes" })).await, 400);
    assert_eq!(patch(json!({ "thresholdPercentage": 101 })).await, 400);
    let company = client.read("/dirsync/v1/company").await;
    assert_eq!(company["dirSyncClientMachine"], "SYNC01");
    assert_eq!(company["anchorAttribute"], "ms-DS-ConsistencyGuid");
    assert_eq!(
        (&company["preventAccidentalDeletion"], &company["thresholdPercentage"]),
        (&json!("enabledForPercentage"), &json!(10))
    );
    let organization = client.read("/v1.0/organization?$select=onPremisesLastSyncDateTime").await;
    assert_eq!(organization["value"][0]["onPremisesLastSyncDateTime"], "2024-06-01T00:00:00Z");
}

#[tokio::test]
async fn planned_faults_answer_in_place_of_the_tenant() {
    let client = Client::new().await;
    let faults = json!([
        { "method": "GET", "path": "/company$", "times": 2, "status": 503, "headers": { "Retry-After": "2" } },
        { "path": "/features$", "dropConnection": true },
    ]);
    client.control("PUT", "faults", faults).await;
    for status in [503, 503, 200] {
        let answer = client.get("/dirsync/v1/company").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
    }
    let url = format!("{}/dirsync/v1/features", client.sandbox().http_url());
    let dropped = client.http.get(url).bearer_auth(&client.token).send().await;
    assert!(dropped.is_err());
    assert_eq!(client.get("/dirsync/v1/features").await.status, 200);
}

#[tokio::test]
async fn a_reset_empties_the_tenant_but_keeps_its_applications() {
    let client = Client::new().await;
    client.write("contact", "c", json!({ "displayName": "C" })).await;
    let (_, link) = client.pages("/dirsync/v1/objects/delta").await;
    client.control("POST", "reset", json!({ "seed": 1 })).await;
    assert_eq!(client.pages("/dirsync/v1/objects/delta").await.0.len(), 1, "the administrator");
    assert_eq!(client.get(&link).await.status, 410);
    let domains = client.read("/v1.0/domains?$select=isVerified").await;
    assert_eq!(domains["value"].as_array().unwrap().len(), 2);
}
