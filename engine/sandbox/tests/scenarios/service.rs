//! Settings, bulk provisioning, sources of authority, several tenants, and dying in the middle.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::client::{Client, http_client, start, user_body};

#[tokio::test]
async fn scenario_44_the_deletion_guard_and_the_features_are_settings_of_the_directory() {
    let client = Client::new().await;
    let list = client.read("/v1.0/directory/onPremisesSynchronization").await;
    let settings = &list["value"][0];
    let tenant = client.sandbox().tenant_id().to_string();
    assert_eq!(settings["id"], json!(tenant));
    let guard = |settings: &Value| settings["configuration"]["accidentalDeletionPrevention"].clone();
    assert_eq!(guard(settings), json!({ "synchronizationPreventionType": "enabledForCount", "alertThreshold": 500 }));
    assert_eq!(settings["features"].as_object().unwrap().len(), 20);
    let path = format!("directory/onPremisesSynchronization/{tenant}");
    let change = json!({
        "configuration": { "accidentalDeletionPrevention": { "synchronizationPreventionType": "enabledForCount", "alertThreshold": 20 } },
        "features": { "passwordSyncEnabled": true, "allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled": true },
    });
    client.graph("PATCH", &path, change, 204).await;
    let settings = client.graph("GET", &path, Value::Null, 200).await;
    assert_eq!(guard(&settings)["alertThreshold"], 20);
    assert_eq!(settings["features"]["passwordSyncEnabled"], true);
    assert_eq!(settings["features"]["allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled"], true);
    assert_eq!(client.read("/dirsync/v1/company").await["thresholdCount"], 20);
    for body in [
        json!({ "features": { "softMatchOnUpnEnabled": false } }),
        json!({ "features": { "colourEnabled": true } }),
        json!({ "configuration": { "accidentalDeletionPrevention": { "synchronizationPreventionType": "EnabledForCount" } } }),
    ] {
        client.graph("PATCH", &path, body, 400).await;
    }
    let reader = client.as_app(&["OnPremDirectorySynchronization.Read.All"]).await;
    reader.graph("PATCH", &path, json!({}), 403).await;
    assert_eq!(reader.graph("GET", &path, Value::Null, 200).await["features"]["softMatchOnUpnEnabled"], true);
}

#[tokio::test]
async fn scenario_43_users_are_provisioned_in_bulk_and_logged() {
    let client = Client::new().await;
    let principals = client.read("/v1.0/servicePrincipals?$select=id").await;
    let path = format!(
        "/v1.0/servicePrincipals/{}/synchronization/jobs/job1/bulkUpload",
        principals["value"][0]["id"].as_str().unwrap()
    );
    let operation = |number: usize, manager: Value| {
        json!({ "method": "POST", "bulkId": format!("b{number}"), "path": "/Users", "data": {
            "externalId": number.to_string(), "userName": format!("u{number}@contoso.com"), "displayName": format!("U {number}"), "active": true,
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales", "manager": { "value": manager } },
        } })
    };
    let body = |operations: Vec<Value>| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations, "failOnErrors": null });
    let scim = [("content-type", "application/scim+json")];
    let two = body(vec![operation(1, Value::Null), operation(2, json!("1"))]);
    let answer = client.send_with("POST", &path, &scim, Some(&two)).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let log = client.read(answer.headers["location"].to_str().unwrap()).await;
    let log = log["value"].as_array().unwrap();
    assert_eq!(log.len(), 2);
    for entry in log {
        assert_eq!(
            (&entry["provisioningStatusInfo"]["status"], &entry["provisioningAction"]),
            (&json!("success"), &json!("create"))
        );
    }
    let manager = client.read("/v1.0/users/u2@contoso.com/manager").await;
    assert_eq!(manager["userPrincipalName"], "u1@contoso.com");
    assert_eq!(client.user("u1@contoso.com", "department").await["department"], "Sales");

    let mut changed = operation(1, Value::Null);
    changed["data"]["userName"] = json!("renamed@contoso.com");
    changed["data"]["active"] = json!(false);
    let mut broken = operation(3, Value::Null);
    broken["data"]["userName"] = json!("x@elsewhere.com");
    client.send_with("POST", &path, &scim, Some(&body(vec![changed, broken]))).await;
    let log = client.read("/v1.0/auditLogs/provisioning?$filter=jobid%20eq%20'job1'&$top=2").await;
    let actions: Vec<&Value> = log["value"].as_array().unwrap().iter().map(|entry| &entry["provisioningAction"]).collect();
    assert_eq!(actions, [&json!("other"), &json!("disable")]);
    assert_eq!(log["value"][0]["provisioningStatusInfo"]["status"], "failure");
    assert_eq!(client.user("renamed@contoso.com", "employeeId").await["employeeId"], "1");

    let many = body((0..51).map(|number| operation(number, Value::Null)).collect());
    assert_eq!(client.send_with("POST", &path, &scim, Some(&many)).await.status, 400);
    assert_eq!(client.send("POST", &path, Some(&two)).await.status, 400, "the content type is wrong");
    assert_eq!(client.as_app(&["User.ReadWrite.All"]).await.send_with("POST", &path, &scim, Some(&two)).await.status, 403);
    assert_eq!(client.get("/v1.0/auditLogs/provisioning?$filter=jobid%20eq%20'other'").await.body["value"], json!([]));
}

#[tokio::test]
async fn scenario_45_an_object_moves_to_the_cloud_and_can_be_written_there() {
    let client = Client::new().await;
    let group = client.write("group", "g", json!({ "displayName": "G", "securityEnabled": true })).await;
    let path = format!("groups/{}", group.trim_start_matches("Group_"));
    let behavior = format!("{path}/onPremisesSyncBehavior");
    assert_eq!(client.graph("GET", &behavior, Value::Null, 200).await["isCloudManaged"], false);
    client.graph("PATCH", &path, json!({ "description": "x" }), 400).await;
    client.graph("PATCH", &behavior, json!({ "isCloudManaged": true }), 204).await;
    assert_eq!(client.graph("GET", &behavior, Value::Null, 200).await["isCloudManaged"], true);
    client.graph("PATCH", &path, json!({ "description": "x" }), 204).await;
    let (objects, _) = client.pages("/dirsync/v1/objects/delta").await;
    let seen = objects.iter().find(|object| object["sourceAnchor"] == "g").unwrap();
    assert_eq!(seen["attributes"]["cloudMastered"], true, "the sync channel tells it, too");
    client.graph("PATCH", &behavior, json!({ "isCloudManaged": null }), 400).await;
    let cloud = client.new_group("cloud").await;
    client.graph("PATCH", &format!("groups/{cloud}/onPremisesSyncBehavior"), json!({ "isCloudManaged": true }), 400).await;
}

#[tokio::test]
async fn scenario_17_what_was_answered_survives_being_killed() {
    let mut client = Client::new().await;
    let alice = client.new_user("alice").await;
    client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com" })).await;
    client.write("user", "b", json!({ "userPrincipalName": "a@contoso.com" })).await;
    let (_, graph) = client.pages("/v1.0/users/delta").await;
    let (_, channel) = client.pages("/dirsync/v1/objects/delta").await;
    client.graph("PATCH", &format!("users/{alice}"), json!({ "jobTitle": "Boss" }), 204).await;
    let (users, errors) = (client.read("/v1.0/users").await, client.read("/dirsync/v1/errors").await);
    // The files as they lie there while the tenant runs are what a killed process leaves behind.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(client.folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    client.stop();
    client.folder = Arc::new(copy);
    client.sandbox = Some(Arc::new(start(&client.folder)));
    client.http = http_client(client.sandbox());
    assert_eq!(client.read("/v1.0/users").await, users);
    assert_eq!(client.read("/dirsync/v1/errors").await, errors);
    let (changed, _) = client.pages(&graph).await;
    assert_eq!((changed.len(), &changed[0]["jobTitle"]), (1, &json!("Boss")));
    assert_eq!(client.pages(&channel).await.0.len(), 1);
    let id = client.sandbox().client_id().to_owned();
    let fields = [
        ("grant_type", "password"),
        ("client_id", id.as_str()),
        ("username", "alice@contoso.com"),
        ("password", "Password123!"),
        ("scope", "User.Read"),
    ];
    assert_eq!(client.token_form("contoso.com", &fields).await.status, 200);
}

#[tokio::test]
async fn several_tenants_live_in_one_process() {
    let clients = [Client::new().await, Client::new().await, Client::new().await];
    for (number, client) in clients.iter().enumerate() {
        for user in 0..=number {
            client.new_user(&format!("u{user}")).await;
        }
    }
    for (number, client) in clients.iter().enumerate() {
        assert_eq!(client.read("/v1.0/users").await["value"].as_array().unwrap().len(), number + 2);
    }
}

#[tokio::test]
async fn scenario_31_a_connection_lost_after_the_change_leaves_one_object() {
    let client = Client::new().await;
    let change = json!({ "changes": [{ "id": "1", "operation": "set", "objectType": "user", "sourceAnchor": "a",
        "attributes": { "userPrincipalName": "a@contoso.com" } }] });
    client
        .control(
            "PUT",
            "faults",
            json!([
                { "path": "/provision$", "dropConnection": true, "afterCommit": true },
                { "method": "POST", "path": "/users$", "dropConnection": true, "afterCommit": true },
            ]),
        )
        .await;
    let lost = async |path: &str, body: &Value| {
        let url = format!("{}{path}", client.sandbox().http_url());
        client.http.post(url).bearer_auth(&client.token).json(body).send().await.is_err()
    };
    assert!(lost("/dirsync/v1/provision", &change).await);
    assert!(lost("/v1.0/users", &user_body("alice")).await);
    assert_eq!(client.get("/v1.0/users/alice@contoso.com").await.status, 200, "it was done all the same");
    let answer = client.send("POST", "/dirsync/v1/provision", Some(&change)).await;
    assert_eq!(answer.body["results"][0]["matched"], "hard");
    client.graph("POST", "users", user_body("alice"), 400).await;
    assert_eq!(client.read("/v1.0/users").await["value"].as_array().unwrap().len(), 3);
}
