//! Writing users, groups, contacts and devices as a client of the directory.

use serde_json::{Value, json};

use crate::client::{Client, user_body};

const ON_PREMISES: &str = "Unable to update the specified properties for on-premises mastered Directory Sync objects or \
                           objects currently undergoing migration.";

fn link(client: &Client, id: &str) -> Value {
    json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", client.sandbox().http_url()) })
}

fn id_of(anchor: &str) -> &str {
    anchor.split_once('_').unwrap().1
}

#[tokio::test]
async fn scenario_03_a_minimal_user_is_created_and_read_back() {
    let client = Client::new().await;
    let mut body = user_body("alice");
    body["@odata.type"] = json!("#microsoft.graph.user");
    body["onPremisesImmutableId"] = json!("the-anchor==");
    let answer = client.send("POST", "/v1.0/users", Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let id = answer.body["id"].as_str().unwrap();
    let base = client.sandbox().http_url();
    assert_eq!(answer.body["@odata.context"], format!("{base}/v1.0/$metadata#users/$entity"));
    assert_eq!(answer.body.as_object().unwrap().len(), 12, "eleven properties and the context");
    assert_eq!(answer.headers["location"].to_str().unwrap(), format!("{base}/v1.0/users/{id}"));
    let selected = client.user(id, "onPremisesImmutableId,onPremisesSyncEnabled,passwordProfile,mailNickname").await;
    assert_eq!(selected["onPremisesImmutableId"], "the-anchor==");
    assert_eq!((&selected["onPremisesSyncEnabled"], &selected["mailNickname"]), (&Value::Null, &json!("alice")));
    assert!(!selected.to_string().contains("Password123!"));
}

#[tokio::test]
async fn scenario_04_a_name_in_use_is_refused_with_both_details() {
    let client = Client::new().await;
    let id = client.new_user("alice").await;
    let refused = client.graph("POST", "users", user_body("ALICE"), 400).await;
    let message = "Another object with the same value for property userPrincipalName already exists.";
    assert_eq!((&refused["error"]["code"], &refused["error"]["message"]), (&json!("Request_BadRequest"), &json!(message)));
    let details = refused["error"]["details"].as_array().unwrap();
    assert_eq!((&details[0]["code"], &details[0]["target"]), (&json!("ObjectConflict"), &json!("userPrincipalName")));
    assert_eq!((&details[1]["code"], &details[1]["target"]), (&json!("ConflictingObjects"), &json!(format!("User_{id}"))));
    assert_eq!(client.read("/v1.0/users").await["value"].as_array().unwrap().len(), 2, "nothing was stored");
}

#[tokio::test]
async fn what_is_wrong_with_a_new_user_is_told() {
    let client = Client::new().await;
    client.control("POST", "domains", json!({ "name": "fed.com", "authenticationType": "Federated" })).await;
    let check = async |name: &str, value: Value, expected: &str| {
        let mut body = user_body("bob");
        body[name] = value;
        assert_eq!(client.refused("POST", "users", body, 400).await, expected, "{name}");
    };
    check("displayName", Value::Null, "A value is required for property 'displayName' of resource 'User'.").await;
    check("colour", json!("red"), "Invalid property 'colour'.").await;
    check("displayName", json!(7), "Invalid value specified for property 'displayName' of resource 'User'.").await;
    check("displayName", json!("x".repeat(257)), "Invalid value specified for property 'displayName' of resource 'User'.").await;
    check("businessPhones", json!(["1", "2"]), "Invalid value specified for property 'businessPhones' of resource 'User'.").await;
    check("usageLocation", json!("USA"), "Invalid value specified for property 'usageLocation' of resource 'User'.").await;
    check(
        "onPremisesImmutableId",
        json!("a$b"),
        "Invalid value specified for property 'onPremisesImmutableId' of resource 'User'.",
    )
    .await;
    check("userPrincipalName", json!("bob smith@contoso.com"), "Property userPrincipalName is invalid.").await;
    let suffix = "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.";
    check("userPrincipalName", json!("bob@elsewhere.com"), suffix).await;
    check(
        "userPrincipalName",
        json!("bob@fed.com"),
        "A value is required for property 'onPremisesImmutableId' of resource 'User'.",
    )
    .await;
    let weak =
        "The specified password does not comply with password complexity requirements. Please provide a different password.";
    check("passwordProfile", json!({ "password": "secret" }), weak).await;
    check("proxyAddresses", json!(["SMTP:x@contoso.com"]), "Property 'proxyAddresses' is read-only and cannot be set.").await;
    check("onPremisesSyncEnabled", json!(true), "Property 'onPremisesSyncEnabled' is read-only and cannot be set.").await;
    for body in ["{", "[]"] {
        let headers = [("content-type", "application/json")];
        let url = format!("{}/v1.0/users", client.sandbox().http_url());
        let request = client.http.post(url).bearer_auth(&client.token).header(headers[0].0, headers[0].1).body(body);
        assert_eq!(crate::client::read(request).await.status, 400, "{body}");
    }
    let answer = client.send_with("POST", "/v1.0/users", &[("content-type", "text/plain")], Some(&user_body("bob"))).await;
    assert_eq!(answer.status, 415);
    assert_eq!(client.read("/v1.0/users").await["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn scenario_05_addresses_are_read_only_and_follow_mail() {
    let client = Client::new().await;
    let id = client.new_user("alice").await;
    let path = format!("users/{id}");
    let message = client.refused("PATCH", &path, json!({ "proxyAddresses": ["SMTP:b@contoso.com"] }), 400).await;
    assert_eq!(message, "Property 'proxyAddresses' is read-only and cannot be set.");
    client.graph("PATCH", &path, json!({ "mail": "one@contoso.com" }), 204).await;
    client.graph("PATCH", &path, json!({ "mail": "two@contoso.com" }), 204).await;
    let found = client.user(&id, "mail,proxyAddresses").await;
    assert_eq!(found["mail"], "two@contoso.com");
    assert_eq!(found["proxyAddresses"], json!(["SMTP:two@contoso.com", "smtp:one@contoso.com"]));
    let bob = client.new_user("bob").await;
    let message = client.refused("PATCH", &format!("users/{bob}"), json!({ "mail": "ONE@contoso.com" }), 400).await;
    assert_eq!(message, "Another object with the same value for property mail already exists.");
}

#[tokio::test]
async fn scenario_06_synchronized_users_take_few_changes() {
    let client = Client::new().await;
    let anchor = client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com", "displayName": "A" })).await;
    let path = format!("users/{}", id_of(&anchor));
    for body in [
        json!({ "displayName": "B" }),
        json!({ "usageLocation": "NO", "jobTitle": "x" }),
        json!({ "onPremisesExtensionAttributes": { "extensionAttribute1": "x" } }),
    ] {
        assert_eq!(client.refused("PATCH", &path, body, 400).await, ON_PREMISES);
    }
    let allowed =
        json!({ "usageLocation": "NO", "otherMails": ["x@example.com"], "passwordPolicies": "DisablePasswordExpiration" });
    client.graph("PATCH", &path, allowed, 204).await;
    let licence = json!([{ "skuId": "6fd2c87f-b296-42f0-b197-1e91e994b900", "disabledPlans": [] }]);
    client.graph("PATCH", &path, json!({ "assignedLicenses": licence }), 204).await;
    assert_eq!(client.user(&anchor, "assignedLicenses").await["assignedLicenses"], licence);
    let found = client.user(&anchor, "displayName,usageLocation,otherMails,passwordPolicies").await;
    assert_eq!((&found["displayName"], &found["usageLocation"]), (&json!("A"), &json!("NO")));
    assert_eq!(
        (&found["otherMails"], &found["passwordPolicies"]),
        (&json!(["x@example.com"]), &json!("DisablePasswordExpiration"))
    );
    let boss = client.new_user("boss").await;
    let message = client.refused("PUT", &format!("{path}/manager/$ref"), link(&client, &boss), 400).await;
    assert_eq!(message, ON_PREMISES);
    client.graph("DELETE", &path, Value::Null, 204).await;
    assert_eq!(client.get(&format!("/v1.0/{path}")).await.status, 404);
}

#[tokio::test]
async fn cloud_users_are_changed_cleared_and_deleted() {
    let client = Client::new().await;
    let id = client.new_user("alice").await;
    let path = format!("users/{id}");
    let change = json!({
        "displayName": "Alice A.", "jobTitle": "Boss", "businessPhones": ["1"], "showInAddressList": false,
        "onPremisesExtensionAttributes": { "extensionAttribute3": "x" }, "employeeHireDate": "2024-01-01T00:00:00Z",
        "accountEnabled": false, "userPrincipalName": "alice2@contoso.com",
    });
    client.graph("PATCH", "users/alice@contoso.com", change.clone(), 204).await;
    let found = client.user(&id, "displayName,jobTitle,businessPhones,showInAddressList,onPremisesExtensionAttributes,employeeHireDate,accountEnabled,userPrincipalName").await;
    for (name, value) in change.as_object().unwrap() {
        if name != "onPremisesExtensionAttributes" {
            assert_eq!(&found[name], value, "{name}");
        }
    }
    assert_eq!(found["onPremisesExtensionAttributes"]["extensionAttribute3"], "x");
    client.graph("PATCH", &path, json!({ "jobTitle": null, "businessPhones": [] }), 204).await;
    let found = client.user(&id, "jobTitle,businessPhones").await;
    assert_eq!((&found["jobTitle"], &found["businessPhones"]), (&Value::Null, &json!([])));
    let message = client.refused("PATCH", &path, json!({ "displayName": null }), 400).await;
    assert_eq!(message, "Invalid value specified for property 'displayName' of resource 'User'.");
    client.graph("DELETE", &path, Value::Null, 204).await;
    client.graph("PATCH", &path, json!({ "jobTitle": "x" }), 404).await;
    // The sync channel does not show what is deleted.
    let (objects, _) = client.pages("/dirsync/v1/objects/delta").await;
    assert!(!objects.iter().any(|object| object["cloudAnchor"] == json!(format!("User_{id}"))));
}

#[tokio::test]
async fn administrators_are_changed_with_more_rights_only() {
    let client = Client::new().await;
    let path = "users/admin@contoso.onmicrosoft.com";
    for body in [json!({ "accountEnabled": false }), json!({ "passwordProfile": { "password": "Password123!" } })] {
        client.graph("PATCH", path, body, 403).await;
    }
    client.graph("PATCH", path, json!({ "jobTitle": "Admin" }), 204).await;
}

#[tokio::test]
async fn scenario_02_writing_needs_the_role_of_what_is_written() {
    let client = Client::new().await;
    let path = format!("users/{}", client.new_user("alice").await);
    let check = async |role: &str, body: Value, status: u16| {
        let app = client.as_app(&[role]).await;
        app.graph("PATCH", &path, body, status).await;
    };
    let password = || json!({ "passwordProfile": { "password": "Other1234!" } });
    check("User.ReadWrite.All", json!({ "jobTitle": "x" }), 204).await;
    check("User.ReadWrite.All", password(), 403).await;
    check("User.Read.All", json!({ "jobTitle": "x" }), 403).await;
    check("User.EnableDisableAccount.All", json!({ "accountEnabled": false }), 204).await;
    check("User.EnableDisableAccount.All", json!({ "accountEnabled": false, "jobTitle": "x" }), 403).await;
    check("User-PasswordProfile.ReadWrite.All", password(), 204).await;
    check("User-PasswordProfile.ReadWrite.All", json!({ "jobTitle": "x" }), 403).await;
    let reader = client.as_app(&["User.Read.All", "Group.Read.All"]).await;
    reader.graph("POST", "users", user_body("bob"), 403).await;
    reader.graph("DELETE", &path, Value::Null, 403).await;
    let group = client.new_group("g").await;
    reader.graph("POST", &format!("groups/{group}/members/$ref"), json!({ "@odata.id": path }), 403).await;
}

#[tokio::test]
async fn scenario_12_a_manager_is_set_read_and_removed() {
    let client = Client::new().await;
    let (alice, boss) = (client.new_user("alice").await, client.new_user("boss").await);
    let path = format!("users/{alice}/manager");
    client.graph("GET", &path, Value::Null, 404).await;
    client.graph("PUT", &format!("{path}/$ref"), link(&client, &boss), 204).await;
    let found = client.graph("GET", &path, Value::Null, 200).await;
    assert_eq!((&found["@odata.type"], &found["displayName"]), (&json!("#microsoft.graph.user"), &json!("boss")));
    let reference = client.graph("GET", &format!("{path}/$ref"), Value::Null, 200).await;
    assert!(reference["@odata.id"].as_str().unwrap().ends_with(&boss));
    let reports = client.graph("GET", &format!("users/{boss}/directReports"), Value::Null, 200).await;
    assert_eq!(reports["value"][0]["id"], json!(alice));
    let expanded = client.read(&format!("/v1.0/users/{alice}?$expand=manager($select=id,mail)")).await;
    assert_eq!(expanded["manager"], json!({ "@odata.type": "#microsoft.graph.user", "id": boss, "mail": null }));
    client.graph("PUT", &format!("{path}/$ref"), link(&client, "6e9b0d1e-0000-4000-8000-000000000000"), 404).await;
    client.graph("PUT", &format!("{path}/$ref"), link(&client, &alice), 400).await;
    client.graph("DELETE", &format!("{path}/$ref"), Value::Null, 204).await;
    client.graph("DELETE", &format!("{path}/$ref"), Value::Null, 404).await;
}

#[tokio::test]
async fn scenario_11_bound_members_are_added_all_or_none() {
    let client = Client::new().await;
    let mut users = Vec::new();
    for number in 0..21 {
        users.push(client.new_user(&format!("u{number}")).await);
    }
    let bind = |ids: &[String]| {
        let links: Vec<Value> = ids.iter().map(|id| link(&client, id)["@odata.id"].clone()).collect();
        json!({ "members@odata.bind": links })
    };
    let group = client.new_group("staff").await;
    let path = format!("groups/{group}");
    let members = async || {
        let list = client.graph("GET", &format!("{path}/members?$top=999"), Value::Null, 200).await;
        list["value"].as_array().unwrap().len()
    };
    client.graph("PATCH", &path, bind(&users), 400).await;
    assert_eq!(members().await, 0);
    let mut unknown = users[..19].to_vec();
    unknown.push("6e9b0d1e-0000-4000-8000-000000000000".to_owned());
    client.graph("PATCH", &path, bind(&unknown), 404).await;
    assert_eq!(members().await, 0, "none was added");
    client.graph("PATCH", &path, bind(&users[..20]), 204).await;
    assert_eq!(members().await, 20);
    let twice = "One or more added object references already exist for the following modified properties: 'members'.";
    let add = format!("{path}/members/$ref");
    assert_eq!(client.refused("POST", &add, link(&client, &users[0]), 400).await, twice);
    client.graph("POST", &add, link(&client, &users[20]), 204).await;
    client.graph("POST", &add, link(&client, "6e9b0d1e-0000-4000-8000-000000000000"), 404).await;
    let remove = format!("{path}/members/{}/$ref", users[20]);
    client.graph("DELETE", &remove, Value::Null, 204).await;
    client.graph("DELETE", &remove, Value::Null, 404).await;
    assert_eq!(members().await, 20);
    let list = client.graph("GET", &format!("{path}/members?$top=15"), Value::Null, 200).await;
    let rest = client.read(list["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!((list["value"].as_array().unwrap().len(), rest["value"].as_array().unwrap().len()), (15, 5));
    // At creation, too.
    let mut body = bind(&users[..20]);
    for (name, value) in [
        ("displayName", json!("x")),
        ("mailNickname", json!("x")),
        ("mailEnabled", json!(false)),
        ("securityEnabled", json!(true)),
    ] {
        body[name] = value;
    }
    body["owners@odata.bind"] = json!([link(&client, &users[0])["@odata.id"]]);
    client.graph("POST", "groups", body.clone(), 400).await;
    body["members@odata.bind"].as_array_mut().unwrap().pop();
    let created = client.graph("POST", "groups", body, 201).await;
    let owners = client.graph("GET", &format!("groups/{}/owners", created["id"].as_str().unwrap()), Value::Null, 200).await;
    assert_eq!(owners["value"][0]["id"], json!(users[0]));
}

#[tokio::test]
async fn memberships_are_followed_both_ways_and_through_groups() {
    let client = Client::new().await;
    let (inner, outer) = (client.new_group("inner").await, client.new_group("outer").await);
    let alice = client.new_user("alice").await;
    client.graph("POST", &format!("groups/{inner}/members/$ref"), link(&client, &alice), 204).await;
    client.graph("POST", &format!("groups/{outer}/members/$ref"), link(&client, &inner), 204).await;
    // A circle does not go on for ever.
    client.graph("POST", &format!("groups/{inner}/members/$ref"), link(&client, &outer), 204).await;
    let check = async |path: String, expected: &[&String]| {
        let list = client.graph("GET", &path, Value::Null, 200).await;
        let mut found: Vec<&str> = list["value"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        let mut expected: Vec<&str> = expected.iter().map(|id| id.as_str()).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{path}");
    };
    check(format!("users/{alice}/memberOf"), &[&inner]).await;
    check(format!("users/{alice}/transitiveMemberOf"), &[&inner, &outer]).await;
    check(format!("groups/{outer}/transitiveMembers"), &[&inner, &alice]).await;
    check(format!("groups/{outer}/transitiveMembers/microsoft.graph.user"), &[&alice]).await;
    check(format!("groups/{outer}/members"), &[&inner]).await;
    let path = format!("/v1.0/groups/{inner}/members/$count");
    let counted = client.send_with("GET", &path, &[("ConsistencyLevel", "eventual")], None).await;
    assert_eq!((counted.body, client.get(&path).await.status), (json!(2), 400));
    let expanded = client.read(&format!("/v1.0/groups?$expand=members,owners&$filter=id%20eq%20'{inner}'")).await;
    let group = &expanded["value"][0];
    assert_eq!((group["members"].as_array().unwrap().len(), &group["owners"]), (2, &json!([])));
}

#[tokio::test]
async fn groups_of_the_mail_service_cannot_be_written() {
    let client = Client::new().await;
    let check = async |types: Value, mail: bool, security: bool, status: u16| {
        let body = json!({ "displayName": "g", "mailNickname": format!("g{mail}{security}"), "groupTypes": types,
            "mailEnabled": mail, "securityEnabled": security });
        client.graph("POST", "groups", body, status).await
    };
    check(json!([]), true, true, 400).await;
    check(json!([]), true, false, 400).await;
    check(json!([]), false, false, 400).await;
    check(json!(["Other"]), false, true, 400).await;
    check(json!([]), false, true, 201).await;
    let unified = check(json!(["Unified"]), true, false, 201).await;
    assert_eq!((&unified["mailEnabled"], &unified["mail"]), (&json!(true), &json!("gtruefalse@contoso.onmicrosoft.com")));
    let body =
        |nickname: &str| json!({ "displayName": "g", "mailNickname": nickname, "mailEnabled": false, "securityEnabled": true });
    for nickname in ["a b", "a@b", "", "ä", &"x".repeat(65)] {
        client.graph("POST", "groups", body(nickname), 400).await;
    }
    let list = client.write("group", "l", json!({ "displayName": "List", "proxyAddresses": ["SMTP:l@contoso.com"] })).await;
    let path = format!("groups/{}", id_of(&list));
    assert_eq!(client.refused("PATCH", &path, json!({ "description": "x" }), 400).await, ON_PREMISES);
    let planted =
        json!([{ "objectType": "group", "attributes": { "displayName": "C", "proxyAddresses": ["SMTP:c@contoso.com"] } }]);
    let cloud = client.seed(planted).await.remove(0);
    let message = client.refused("PATCH", &format!("groups/{}", id_of(&cloud)), json!({ "description": "x" }), 400).await;
    assert!(message.contains("distribution list"), "{message}");
}

#[tokio::test]
async fn scenario_13_contacts_are_read_only_and_devices_cannot_be_created() {
    let client = Client::new().await;
    let contact = client.write("contact", "c", json!({ "displayName": "C" })).await;
    let message = "Specified HTTP method is not allowed for the request target.";
    assert_eq!(client.refused("POST", "contacts", json!({ "displayName": "x" }), 405).await, message);
    assert_eq!(client.refused("PATCH", &format!("contacts/{}", id_of(&contact)), json!({}), 405).await, message);
    assert_eq!(client.refused("DELETE", &format!("contacts/{}", id_of(&contact)), Value::Null, 405).await, message);
    client.graph("POST", "devices", json!({ "displayName": "x" }), 403).await;
    let planted = json!([{ "objectType": "device", "attributes": { "displayName": "PC", "deviceOSType": "Windows", "accountEnabled": true } }]);
    let device = client.seed(planted).await.remove(0);
    let found = client.read(&format!("/v1.0/devices/{}", id_of(&device))).await;
    assert_eq!((&found["operatingSystem"], &found["deviceId"]), (&json!("Windows"), &json!(id_of(&device))));
    let writer = client.as_app(&["Device.ReadWrite.All"]).await;
    let path = format!("devices/{}", id_of(&device));
    client.graph("PATCH", &path, json!({ "accountEnabled": false }), 403).await;
    writer.graph("PATCH", &path, json!({ "accountEnabled": false, "operatingSystem": "Linux" }), 204).await;
    let found = client.read(&format!("/v1.0/{path}?$select=accountEnabled,operatingSystem")).await;
    assert_eq!((&found["accountEnabled"], &found["operatingSystem"]), (&json!(false), &json!("Linux")));
    writer.graph("DELETE", &path, Value::Null, 204).await;
    assert_eq!(client.get(&format!("/v1.0/{path}")).await.status, 404);
}

#[tokio::test]
async fn scenario_14_extension_properties_are_made_set_and_selected() {
    let client = Client::new().await;
    let application = client.graph("POST", "applications", json!({ "displayName": "Tenant Schema Extension App" }), 201).await;
    let (id, app_id) = (application["id"].as_str().unwrap(), application["appId"].as_str().unwrap());
    let extensions = format!("applications/{id}/extensionProperties");
    let wanted = json!({ "name": "badge", "dataType": "String", "targetObjects": ["User"] });
    let made = client.graph("POST", &extensions, wanted.clone(), 201).await;
    let name = format!("extension_{}_badge", app_id.replace('-', ""));
    assert_eq!((&made["name"], &made["isMultiValued"]), (&json!(name), &json!(false)));
    client.graph("POST", &extensions, wanted, 400).await;
    client.graph("POST", &extensions, json!({ "name": "x", "dataType": "Colour", "targetObjects": ["User"] }), 400).await;
    let listed = client.graph("GET", &format!("applications(appId='{app_id}')/extensionProperties"), Value::Null, 200).await;
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);

    let alice = client.new_user("alice").await;
    let path = format!("users/{alice}");
    client.graph("PATCH", &path, json!({ &name: "x".repeat(256) }), 204).await;
    for value in [json!("x".repeat(257)), json!(7), json!(["x"])] {
        client.graph("PATCH", &path, json!({ &name: value }), 400).await;
    }
    client.graph("PATCH", &path, json!({ "extension_0123456789abcdef0123456789abcdef_x": "y" }), 400).await;
    assert_eq!(client.user(&alice, &name).await[&name], "x".repeat(256));
    assert!(client.read(&format!("/v1.0/{path}")).await.get(&name).is_none(), "only on request");
    let filter = format!("/v1.0/users?$filter={name}%20eq%20'{}'&$select=id", "x".repeat(256));
    assert_eq!(client.read(&filter).await["value"].as_array().unwrap().len(), 1);
    let group = client.new_group("g").await;
    client.graph("PATCH", &format!("groups/{group}"), json!({ &name: "x" }), 400).await;

    client.graph("DELETE", &format!("applications/{id}"), Value::Null, 400).await;
    client.graph("DELETE", &format!("{extensions}/{}", made["id"].as_str().unwrap()), Value::Null, 204).await;
    client.graph("PATCH", &path, json!({ &name: "y" }), 400).await;
    let principals = client.read("/v1.0/servicePrincipals").await;
    assert_eq!(principals["value"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn scenario_15_deleted_objects_are_listed_restored_and_removed() {
    let mut client = Client::new().await;
    let (alice, bob) = (client.new_user("alice").await, client.new_user("bob").await);
    let group = client.new_group("staff").await;
    client.graph("POST", &format!("groups/{group}/members/$ref"), link(&client, &alice), 204).await;
    for id in [&alice, &bob] {
        client.graph("DELETE", &format!("users/{id}"), Value::Null, 204).await;
    }
    client.graph("DELETE", &format!("groups/{group}"), Value::Null, 204).await;
    let deleted = async |client: &Client, kind: &str| {
        let list = client.graph("GET", &format!("directory/deletedItems/microsoft.graph.{kind}"), Value::Null, 200).await;
        list["value"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(deleted(&client, "user").await, [alice.clone(), bob.clone()]);
    assert!(deleted(&client, "group").await.is_empty(), "security groups are gone at once");
    let found = client.graph("GET", &format!("directory/deletedItems/{alice}"), Value::Null, 200).await;
    assert_eq!((&found["@odata.type"], &found["displayName"]), (&json!("#microsoft.graph.user"), &json!("alice")));

    let restored = client.graph("POST", &format!("directory/deletedItems/{alice}/restore"), Value::Null, 200).await;
    assert_eq!(restored["id"], json!(alice));
    assert_eq!(client.user("alice@contoso.com", "id").await["id"], json!(alice));
    // A name that was taken meanwhile is in the way.
    client.new_user("bob").await;
    let refused = client.graph("POST", &format!("directory/deletedItems/{bob}/restore"), Value::Null, 400).await;
    assert_eq!(refused["error"]["details"][0]["code"], "ObjectConflict");
    client.graph("DELETE", &format!("directory/deletedItems/{bob}"), Value::Null, 204).await;
    client.graph("GET", &format!("directory/deletedItems/{bob}"), Value::Null, 404).await;

    client.graph("DELETE", &format!("users/{alice}"), Value::Null, 204).await;
    client.advance("PT696H").await;
    client.sign_in().await;
    assert_eq!(deleted(&client, "user").await, std::slice::from_ref(&alice), "29 days later it is still there");
    client.advance("PT48H").await;
    client.sign_in().await;
    assert!(deleted(&client, "user").await.is_empty(), "and after thirty it is not");
}

#[tokio::test]
async fn restoring_a_synchronized_user_keeps_the_mark_until_it_is_sent_again() {
    let client = Client::new().await;
    let attributes = json!({ "userPrincipalName": "s@contoso.com" });
    let anchor = client.write("user", "s", attributes.clone()).await;
    client.delete("user", "s").await;
    let restored = client.graph("POST", &format!("directory/deletedItems/{}/restore", id_of(&anchor)), Value::Null, 200).await;
    assert_eq!(restored["id"], json!(id_of(&anchor)));
    assert_eq!(client.user(&anchor, "onPremisesSyncEnabled").await["onPremisesSyncEnabled"], false);
    assert_eq!(client.write("user", "s", attributes).await, anchor);
    assert_eq!(client.user(&anchor, "onPremisesSyncEnabled").await["onPremisesSyncEnabled"], true);
}

#[tokio::test]
async fn lists_are_ordered_and_objects_are_found_by_their_ids() {
    let client = Client::new().await;
    let mut ids = Vec::new();
    for name in ["delta", "alpha", "Charlie", "bravo"] {
        ids.push(client.new_user(name).await);
    }
    let names = async |path: &str| {
        let (users, _) = client.pages(path).await;
        users.iter().map(|user| user["displayName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let up = ["Administrator", "alpha", "bravo", "Charlie", "delta"];
    assert_eq!(names("/v1.0/users?$orderby=displayName&$top=2").await, up);
    let mut down = up;
    down.reverse();
    assert_eq!(names("/v1.0/users?$orderby=displayName%20desc&$top=2").await, down);
    client.graph("GET", "users?$orderby=mail", Value::Null, 400).await;
    let found = client
        .graph("POST", "directoryObjects/getByIds", json!({ "ids": [ids[2], ids[0], "nobody"], "types": ["user"] }), 200)
        .await;
    let found: Vec<&str> = found["value"].as_array().unwrap().iter().map(|user| user["displayName"].as_str().unwrap()).collect();
    assert_eq!(found, ["Charlie", "delta"]);
    let many: Vec<&str> = std::iter::repeat_n(ids[0].as_str(), 1001).collect();
    client.graph("POST", "directoryObjects/getByIds", json!({ "ids": many }), 400).await;
}

#[tokio::test]
async fn roles_of_administrators_are_read_by_a_cast() {
    let client = Client::new().await;
    let alice = client.new_user("alice").await;
    let roles = |id: String| {
        let client = &client;
        async move {
            client.read(&format!("/v1.0/users/{id}/memberOf/microsoft.graph.directoryRole?$select=id")).await["value"].clone()
        }
    };
    assert_eq!(roles(alice.clone()).await, json!([]));
    client.control("POST", "roles", json!({ "user": alice, "role": "User Administrator" })).await;
    assert_eq!(roles(alice.clone()).await.as_array().unwrap().len(), 1);
    let answer = client.get(&format!("/v1.0/users/{alice}/memberOf/microsoft.graph.colour")).await;
    assert_eq!(answer.status, 501, "{}", answer.body);
}
