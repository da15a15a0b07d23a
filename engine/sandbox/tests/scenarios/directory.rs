//! Directory reads (scenarios 3 and 7 in part).

use serde_json::{Value, json};

use crate::client::{Answer, Client};

async fn eventual(client: &Client, path: &str) -> Answer {
    client.send_with("GET", path, &[("ConsistencyLevel", "eventual")], None).await
}

#[tokio::test]
async fn scenario_03_users_show_eleven_properties_unless_more_are_selected() {
    let client = Client::new().await;
    let anchor = client
        .write(
            "user",
            "the-anchor",
            json!({
        "userPrincipalName": "a@contoso.com", "displayName": "A", "title": "Boss", "telephoneNumber": "1" }),
        )
        .await;
    let id = anchor.trim_start_matches("User_");
    let base = client.sandbox().http_url();
    let mut expected = json!({
        "@odata.context": format!("{base}/v1.0/$metadata#users/$entity"),
        "businessPhones": ["1"], "displayName": "A", "givenName": null, "id": id, "jobTitle": "Boss", "mail": null,
        "mobilePhone": null, "officeLocation": null, "preferredLanguage": null, "surname": null,
        "userPrincipalName": "a@contoso.com",
    });
    for name in [id.to_owned(), "A@contoso.com".to_owned()] {
        assert_eq!(client.read(&format!("/v1.0/users/{name}")).await, expected);
    }
    assert_eq!(client.read(&format!("/v1.0/users('{id}')")).await, expected);
    expected.as_object_mut().unwrap().remove("@odata.context");
    let list = client.read("/v1.0/users").await;
    assert_eq!(list["value"][1], expected);
    let selected = client.read(&format!("/v1.0/users/{id}?$select=onPremisesImmutableId")).await;
    assert_eq!(
        selected,
        json!({
        "@odata.context": format!("{base}/v1.0/$metadata#users(onPremisesImmutableId)/$entity"),
        "id": id, "onPremisesImmutableId": "the-anchor" })
    );
}

#[tokio::test]
async fn every_answer_carries_the_documented_headers() {
    let client = Client::new().await;
    for (path, units) in [
        ("/v1.0/users", "2"),
        ("/v1.0/users?$select=id", "1"),
        ("/v1.0/users?$top=10", "1"),
        ("/v1.0/groups", "1"),
        ("/v1.0/groups/x/members", "3"),
    ] {
        let answer = client.get(path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("client-request-id"), "my-request");
        assert_eq!(header("odata-version"), "4.0");
        assert_eq!(header("x-ms-resource-unit"), units, "{path}");
        assert_eq!(header("request-id").len(), 36);
        assert_eq!(
            header("content-type"),
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
        );
    }
}

#[tokio::test]
async fn the_preview_has_the_writeback_of_groups_and_settings_of_the_directory() {
    let client = Client::new().await;
    let client = client.as_app(&["Directory.ReadWrite.All"]).await;
    let group = client.new_group("team").await;
    let send = async |method: &str, path: String, body: Value| client.send(method, &path, Some(&body)).await;
    let writeback = json!({ "writebackConfiguration": { "isEnabled": false, "onPremisesGroupType": "universalSecurityGroup" } });
    assert_eq!(send("PATCH", format!("/beta/groups/{group}"), writeback.clone()).await.status, 204);
    let read = client.read(&format!("/beta/groups/{group}?$select=writebackConfiguration")).await;
    assert_eq!(read["writebackConfiguration"], writeback["writebackConfiguration"]);
    assert!(read["@odata.context"].as_str().unwrap().contains("/beta/$metadata#groups"), "{read}");
    let wrong = json!({ "writebackConfiguration": { "isEnabled": "no" } });
    assert_eq!(send("PATCH", format!("/beta/groups/{group}"), wrong).await.status, 400);
    // Everything else is as in the version that is not a preview, which has nothing of it.
    assert_eq!(client.read("/beta/users").await["value"], client.read("/v1.0/users").await["value"]);
    let unknown = "Invalid property 'writebackConfiguration'.";
    assert_eq!(client.refused("PATCH", &format!("groups/{group}"), writeback, 400).await, unknown);
    assert_eq!(client.refused("GET", "groups?$select=writebackConfiguration", Value::Null, 400).await, unknown);
    assert_eq!(client.refused("GET", "groups/delta?$select=writebackConfiguration", Value::Null, 400).await, unknown);
    client.graph("GET", "settings", Value::Null, 501).await;
    for (version, has) in [("v1.0", false), ("beta", true)] {
        let metadata = client.read(&format!("/{version}/$metadata")).await;
        for name in ["groupWritebackConfiguration", "writebackConfiguration", "directorySetting"] {
            assert_eq!(metadata.as_str().unwrap().contains(name), has, "{version} {name}");
        }
    }

    let settings = || client.read("/beta/settings");
    assert_eq!(settings().await["value"], json!([]));
    let template = "62375ab9-6b52-47ed-826b-58e47e0e304b";
    for wrong in [
        json!({}),
        json!({ "templateId": "00000000-0000-0000-0000-000000000000" }),
        json!({ "templateId": template, "colour": "red" }),
        json!({ "templateId": template, "values": [{ "name": "Colour", "value": "red" }] }),
        json!({ "templateId": template, "values": [{ "name": "EnableGroupCreation", "value": false }] }),
    ] {
        assert_eq!(send("POST", "/beta/settings".to_owned(), wrong.clone()).await.status, 400, "{wrong}");
    }
    let given = json!({ "templateId": template, "values": [{ "name": "NewUnifiedGroupWritebackDefault", "value": "false" }] });
    let made = send("POST", "/beta/settings".to_owned(), given.clone()).await;
    assert_eq!((made.status, &made.body["displayName"]), (201, &json!("Group.Unified")));
    assert_eq!(send("POST", "/beta/settings".to_owned(), given).await.status, 400, "one of a template");
    let path = format!("/beta/settings/{}", made.body["id"].as_str().unwrap());
    let value = async |name: &str| {
        let read = client.read(&path).await;
        let values = read["values"].as_array().unwrap().clone();
        values.into_iter().find(|value| value["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!(
        (value("NewUnifiedGroupWritebackDefault").await, value("EnableGroupCreation").await),
        (json!("false"), json!("true"))
    );
    let change = json!({ "values": [{ "name": "EnableGroupCreation", "value": "false" }] });
    assert_eq!(send("PATCH", path.clone(), change.clone()).await.status, 204);
    assert_eq!(
        (value("NewUnifiedGroupWritebackDefault").await, value("EnableGroupCreation").await),
        (json!("false"), json!("false"))
    );
    assert_eq!(settings().await["value"].as_array().unwrap().len(), 1);
    assert_eq!(client.as_app(&["Directory.Read.All"]).await.send("PATCH", &path, Some(&change)).await.status, 403);
    assert_eq!(client.as_app(&["User.Read.All"]).await.get("/beta/settings").await.status, 403);
    assert_eq!(client.send("DELETE", &path, None).await.status, 204);
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn errors_have_the_exact_bodies() {
    let client = Client::new().await;
    let check = async |method: &str, path: &str, status: u16, code: &str, message: &str| {
        let answer = client.send(method, path, None).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}");
        assert_eq!(answer.body["error"]["message"], message);
        let inner = &answer.body["error"]["innerError"];
        assert_eq!(inner["request-id"], answer.headers["request-id"].to_str().unwrap());
        assert_eq!((&inner["client-request-id"], &inner["date"]), (&json!("my-request"), &json!("2024-06-01T00:00:00")));
    };
    const BAD: &str = "Request_BadRequest";
    let missing = "Resource 'x' does not exist or one of its queried reference-property objects are not present.";
    check("GET", "/v1.0/users/x", 404, "Request_ResourceNotFound", missing).await;
    check("GET", "/v1.0/groups/x/members", 404, "Request_ResourceNotFound", missing).await;
    check("GET", "/v1.0/domains/x", 404, "Request_ResourceNotFound", missing).await;
    check("GET", "/v1.0/users?$select=id,colour", 400, BAD, "Invalid property 'colour'.").await;
    check("GET", "/v1.0/users?$filter=colour%20eq%20'x'", 400, BAD, "Invalid property 'colour'.").await;
    check("GET", "/v1.0/organization?$select=colour", 400, BAD, "Invalid property 'colour'.").await;
    check("POST", "/v1.0/contacts", 405, BAD, "Specified HTTP method is not allowed for the request target.").await;
    check("GET", "/v1.0/me", 501, "NotImplemented", "GET /v1.0/me is not implemented.").await;
    check("GET", "/v1.0/users?$search=x", 501, "NotImplemented", "Query option '$search' is not implemented.").await;
    for path in ["/v1.0/users?$top=0", "/v1.0/users?$top=1000", "/v1.0/users?$skiptoken=x", "/v1.0/users?$filter=mail"] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.code()), (400, BAD), "{path}");
    }
}

#[tokio::test]
async fn scenario_07_pages_hold_every_user_once_while_one_is_deleted() {
    let client = Client::new().await;
    let users: Vec<Value> = (0..249)
        .map(|number| json!({ "objectType": "user", "attributes": { "userPrincipalName": format!("u{number}@contoso.com") } }))
        .collect();
    let anchors = client.seed(json!(users)).await;
    let first = client.read("/v1.0/users?$top=100&$select=id").await;
    client.control("POST", "cloud-edit", json!({ "object": anchors[10], "delete": "soft" })).await;
    client.control("POST", "cloud-edit", json!({ "object": anchors[200], "delete": "soft" })).await;
    let (rest, _) = client.pages(first["@odata.nextLink"].as_str().unwrap()).await;
    let mut ids: Vec<&str> =
        first["value"].as_array().unwrap().iter().chain(&rest).map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 249, "250 with the administrator, one deleted before it was read");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 249);
    let third = client.read("/v1.0/users?$top=100").await;
    let second = client.read(third["@odata.nextLink"].as_str().unwrap()).await;
    let third = client.read(second["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!((third["value"].as_array().unwrap().len(), third.get("@odata.nextLink")), (48, None));
}

#[tokio::test]
async fn filters_find_objects_by_the_documented_properties() {
    let client = Client::new().await;
    client
        .write(
            "user",
            "anchor+/==",
            json!({
        "userPrincipalName": "a@contoso.com", "displayName": "O'Neil", "mail": "m@contoso.com",
        "proxyAddresses": ["SMTP:m@contoso.com", "smtp:n@contoso.com"] }),
        )
        .await;
    client.write("user", "b", json!({ "userPrincipalName": "b@contoso.com", "displayName": "Bob" })).await;
    let check = async |filter: &str, expected: &[&str]| {
        let encoded: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = eventual(&client, &format!("/v1.0/users?$count=true&$select=userPrincipalName&$filter={encoded}")).await;
        assert_eq!(answer.status, 200, "{filter} {}", answer.body);
        let found: Vec<&str> =
            answer.body["value"].as_array().unwrap().iter().map(|user| user["userPrincipalName"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{filter}");
        assert_eq!(answer.body["@odata.count"], expected.len());
    };
    check("userPrincipalName eq 'A@contoso.com'", &["a@contoso.com"]).await;
    check("mail eq 'M@contoso.com'", &["a@contoso.com"]).await;
    check("mail eq 'n@contoso.com'", &[]).await;
    check("displayName eq 'o''neil'", &["a@contoso.com"]).await;
    check("onPremisesImmutableId eq 'anchor+/=='", &["a@contoso.com"]).await;
    check("onPremisesSyncEnabled eq true and displayName ne 'Bob'", &["a@contoso.com"]).await;
    check("startsWith(displayName,'b') or mail eq 'm@contoso.com'", &["a@contoso.com", "b@contoso.com"]).await;
    check("proxyAddresses/any(p:p eq 'smtp:n@contoso.com')", &["a@contoso.com"]).await;
    let strict = client.get("/v1.0/users?$filter=displayName%20ne%20'x'").await;
    assert_eq!((strict.status, strict.code()), (400, "Request_UnsupportedQuery"));
    let strict = client.get("/v1.0/users?$count=true").await;
    assert_eq!((strict.status, strict.code()), (400, "Request_UnsupportedQuery"));
    assert_eq!(client.get("/v1.0/users/$count").await.status, 400);
    let count = eventual(&client, "/v1.0/users/$count").await;
    assert_eq!(count.body, json!(3));
    assert!(count.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
}

#[tokio::test]
async fn groups_members_and_contacts_are_served_with_their_types() {
    let client = Client::new().await;
    client.write("user", "u", json!({ "userPrincipalName": "u@contoso.com", "displayName": "U" })).await;
    client
        .write(
            "contact",
            "c",
            json!({
        "displayName": "C", "alias": "c", "proxyAddresses": ["SMTP:C@fabrikam.com"], "city": "Oslo" }),
        )
        .await;
    client.write("device", "d", json!({ "displayName": "D", "accountEnabled": true })).await;
    let group = client
        .write(
            "group",
            "g",
            json!({
        "displayName": "G", "securityEnabled": true, "alias": "g", "member": ["u", "c", "d"] }),
        )
        .await;
    let id = group.trim_start_matches("Group_").to_owned();
    let found = client.read(&format!("/v1.0/groups/{id}")).await;
    assert_eq!(
        (&found["securityEnabled"], &found["mailEnabled"], &found["groupTypes"]),
        (&json!(true), &json!(false), &json!([]))
    );
    assert_eq!((&found["onPremisesSyncEnabled"], &found["mailNickname"]), (&json!(true), &json!("g")));
    let (members, _) = client.pages(&format!("/v1.0/groups/{id}/members?$top=2")).await;
    let types: Vec<&str> = members.iter().map(|member| member["@odata.type"].as_str().unwrap()).collect();
    assert_eq!(types, ["#microsoft.graph.user", "#microsoft.graph.orgContact", "#microsoft.graph.device"]);
    let contacts = client.read("/v1.0/contacts").await;
    let contact = &contacts["value"][0];
    assert_eq!((&contact["mail"], &contact["addresses"][0]["city"]), (&json!("c@fabrikam.com"), &json!("Oslo")));
    let one = client.read(&format!("/v1.0/contacts/{}", contact["id"].as_str().unwrap())).await;
    assert_eq!(one["displayName"], "C");
    // A user's id does not name a group.
    let user = members[0]["id"].as_str().unwrap();
    assert_eq!(client.get(&format!("/v1.0/groups/{user}")).await.status, 404);
}

#[tokio::test]
async fn organization_and_domains_describe_the_tenant() {
    let client = Client::new().await;
    client
        .control("POST", "domains", json!({ "name": "fabrikam.com", "verified": false, "authenticationType": "Federated" }))
        .await;
    let organization = client.read("/v1.0/organization").await;
    let organization = &organization["value"][0];
    assert_eq!(organization["id"], json!(client.sandbox().tenant_id()));
    assert_eq!(organization["onPremisesSyncEnabled"], true);
    let names: Vec<&str> =
        organization["verifiedDomains"].as_array().unwrap().iter().map(|domain| domain["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["contoso.com", "contoso.onmicrosoft.com"]);
    let domains = client.read("/v1.0/domains?$select=isInitial,isVerified,authenticationType").await;
    assert_eq!(
        domains["value"],
        json!([
            { "id": "contoso.com", "isInitial": false, "isVerified": true, "authenticationType": "Managed" },
            { "id": "contoso.onmicrosoft.com", "isInitial": true, "isVerified": true, "authenticationType": "Managed" },
            { "id": "fabrikam.com", "isInitial": false, "isVerified": false, "authenticationType": "Federated" },
        ])
    );
    assert_eq!(client.read("/v1.0/domains/fabrikam.com").await["id"], "fabrikam.com");
}
