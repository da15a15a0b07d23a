//! Delta reading of the directory (scenarios 8 and 9).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::Client;

/// Ids with a mark for deleted objects, and the reason.
fn seen(objects: &[Value]) -> Vec<String> {
    objects
        .iter()
        .map(|object| match object.get("@removed") {
            Some(removed) => format!("{}!{}", object["id"].as_str().unwrap(), removed["reason"].as_str().unwrap()),
            None => object["id"].as_str().unwrap().to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn scenario_08_the_directory_tells_changes_by_token() {
    let mut client = Client::new().await;
    let (alice, bob) = (client.new_user("alice").await, client.new_user("bob").await);
    let (objects, link) = client.pages("/v1.0/users/delta?$select=displayName,jobTitle").await;
    assert_eq!(objects.len(), 3);
    assert!(link.contains("$deltatoken="));
    let (objects, link) = client.pages(&link).await;
    assert!(objects.is_empty());

    client.graph("PATCH", &format!("users/{alice}"), json!({ "jobTitle": "Boss" }), 204).await;
    // What was not selected is not told.
    client.graph("PATCH", &format!("users/{bob}"), json!({ "city": "Oslo" }), 204).await;
    let (objects, link) = client.pages(&link).await;
    assert_eq!(objects, [json!({ "id": alice, "displayName": "alice", "jobTitle": "Boss" })]);
    client.graph("PATCH", &format!("users/{alice}"), json!({ "jobTitle": null }), 204).await;
    let answer = client.send_with("GET", &link, &[("Prefer", "return=minimal")], None).await;
    assert_eq!(answer.body["value"], json!([{ "id": alice, "jobTitle": null }]), "clearing shows as null");

    let (_, link) = client.pages(&link).await;
    client.graph("DELETE", &format!("users/{bob}"), Value::Null, 204).await;
    let (objects, link) = client.pages(&link).await;
    assert_eq!(seen(&objects), [format!("{bob}!changed")]);
    client.graph("POST", &format!("directory/deletedItems/{bob}/restore"), Value::Null, 200).await;
    let (objects, link) = client.pages(&link).await;
    assert_eq!(objects, [json!({ "id": bob, "displayName": "bob", "jobTitle": null })], "restored objects come whole");
    client.graph("DELETE", &format!("users/{bob}"), Value::Null, 204).await;
    client.graph("DELETE", &format!("directory/deletedItems/{bob}"), Value::Null, 204).await;
    let (objects, link) = client.pages(&link).await;
    assert_eq!(seen(&objects), [format!("{bob}!deleted")]);

    client.advance("PT192H").await;
    client.sign_in().await;
    let answer = client.get(&link).await;
    assert_eq!((answer.status, answer.code()), (410, "syncStateNotFound"));
    let start = answer.headers["location"].to_str().unwrap();
    assert_eq!(client.pages(start).await.0.len(), 2);
}

#[tokio::test]
async fn scenario_08_forms_options_and_broken_tokens() {
    let client = Client::new().await;
    let alice = client.new_user("alice").await;
    for path in
        ["users/delta", "users/delta()", "users/microsoft.graph.delta()", "groups/delta", "contacts/delta()", "devices/delta"]
    {
        let page = client.graph("GET", path, Value::Null, 200).await;
        assert!(page["@odata.deltaLink"].is_string(), "{path}");
    }
    let latest = client.graph("GET", "users/delta?$deltatoken=latest", Value::Null, 200).await;
    assert_eq!(latest["value"], json!([]));
    client.graph("PATCH", &format!("users/{alice}"), json!({ "jobTitle": "x" }), 204).await;
    let (objects, _) = client.pages(latest["@odata.deltaLink"].as_str().unwrap()).await;
    assert_eq!(seen(&objects), [alice.as_str()]);
    let (objects, _) = client.pages(&format!("/v1.0/users/delta?$filter=id%20eq%20'{alice}'%20or%20id%20eq%20'x'")).await;
    assert_eq!(seen(&objects), [alice.as_str()]);
    for path in ["users/delta?$filter=mail%20eq%20'x'", "users/delta?$deltatoken=nonsense", "users/delta?$select=colour"] {
        client.graph("GET", path, Value::Null, 400).await;
    }
    // A token belongs to its set.
    let groups = client.graph("GET", "groups/delta", Value::Null, 200).await;
    let token = groups["@odata.deltaLink"].as_str().unwrap().split_once('?').unwrap().1;
    client.graph("GET", &format!("users/delta?{token}"), Value::Null, 400).await;
    for option in ["$expand=manager", "$top=5", "$orderby=displayName"] {
        client.graph("GET", &format!("users/delta?{option}"), Value::Null, 501).await;
    }
    client.control("POST", "reset", json!({})).await;
    assert_eq!(client.get(latest["@odata.deltaLink"].as_str().unwrap()).await.status, 410);
}

#[tokio::test]
async fn scenario_08_pages_hold_everything_once_and_nothing_is_lost_between_them() {
    let client = Client::new().await;
    let users: Vec<Value> = (0..450)
        .map(|number| json!({ "objectType": "user", "attributes": { "userPrincipalName": format!("u{number}@contoso.com") } }))
        .collect();
    let anchors = client.seed(json!(users)).await;
    let first = client.read("/v1.0/users/delta?$select=id,jobTitle").await;
    assert_eq!(first["value"].as_array().unwrap().len(), 200);
    // One that was read and one that was not change between two pages.
    for anchor in [&anchors[3], &anchors[400]] {
        client.graph("PATCH", &format!("users/{}", &anchor[5..]), json!({ "jobTitle": "x" }), 204).await;
    }
    let (rest, link) = client.pages(first["@odata.nextLink"].as_str().unwrap()).await;
    let mut ids: BTreeSet<String> = seen(first["value"].as_array().unwrap()).into_iter().collect();
    ids.extend(seen(&rest));
    assert_eq!((ids.len(), rest.len()), (451, 251));
    let (changed, _) = client.pages(&link).await;
    assert_eq!(changed.iter().filter(|user| user["jobTitle"] == "x").count(), 2);
}

#[tokio::test]
async fn scenario_09_members_come_in_parts_and_changes_alone() {
    let client = Client::new().await;
    let users: Vec<Value> = (0..2502)
        .map(|number| json!({ "objectType": "user", "attributes": { "userPrincipalName": format!("u{number}@contoso.com") } }))
        .collect();
    let users = client.seed(json!(users)).await;
    let planted = json!([{ "objectType": "group", "attributes": { "displayName": "G" }, "members": users[..2500] }]);
    let group = client.seed(planted).await.remove(0);
    let id = group.trim_start_matches("Group_");
    let (entries, link) = client.pages("/v1.0/groups/delta?$select=displayName,members").await;
    assert_eq!(entries.len(), 3, "three entries of one group");
    let mut members = BTreeSet::new();
    for entry in &entries {
        assert_eq!(entry["id"], id);
        let part = entry["members@delta"].as_array().unwrap();
        assert!(part.len() <= 1000);
        members.extend(part.iter().map(|member| member["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(members.len(), 2500);
    assert_eq!((&entries[0]["displayName"], entries[1].get("displayName")), (&json!("G"), None));

    let anchor = |user: &String| json!(user);
    let edit = json!({ "object": group, "memberAdds": [anchor(&users[2500]), anchor(&users[2501])],
        "memberRemoves": [anchor(&users[0]), anchor(&users[1]), anchor(&users[2])] });
    client.control("POST", "cloud-edit", edit).await;
    let (entries, link) = client.pages(&link).await;
    assert_eq!(entries.len(), 1);
    let deltas = entries[0]["members@delta"].as_array().unwrap();
    assert_eq!(deltas.len(), 5);
    assert_eq!(deltas.iter().filter(|delta| delta.get("@removed").is_some()).count(), 3);
    assert_eq!(entries[0].get("displayName"), None, "only the members changed");
    // A member that is deleted leaves the group, and comes back with its restoring.
    let user = &users[10][5..];
    client.graph("DELETE", &format!("users/{user}"), Value::Null, 204).await;
    let (entries, link) = client.pages(&link).await;
    assert_eq!(
        entries[0]["members@delta"],
        json!([{ "@odata.type": "#microsoft.graph.user", "id": user, "@removed": { "reason": "deleted" } }])
    );
    client.graph("POST", &format!("directory/deletedItems/{user}/restore"), Value::Null, 200).await;
    let (entries, _) = client.pages(&link).await;
    assert_eq!(entries[0]["members@delta"], json!([{ "@odata.type": "#microsoft.graph.user", "id": user }]));
}

#[tokio::test]
async fn managers_are_told_when_they_are_asked_for() {
    let client = Client::new().await;
    let boss = client.write("user", "boss", json!({ "userPrincipalName": "boss@contoso.com" })).await;
    let alice = client.write("user", "a", json!({ "userPrincipalName": "a@contoso.com", "manager": "boss" })).await;
    let (objects, link) = client.pages("/v1.0/users/delta?$select=id,manager").await;
    let found = objects.iter().find(|user| user["id"] == json!(&alice[5..])).unwrap();
    assert_eq!(found["manager@delta"], json!([{ "@odata.type": "#microsoft.graph.user", "id": &boss[5..] }]));
    client.write("user", "a", json!({ "manager": null })).await;
    let (objects, _) = client.pages(&link).await;
    assert_eq!(objects[0]["manager@delta"][0]["@removed"]["reason"], "deleted");
}

#[tokio::test]
async fn entries_can_be_repeated_and_withheld() {
    let client = Client::new().await;
    client.control("PUT", "delta", json!({ "replayRate": 1.0 })).await;
    let (objects, _) = client.pages("/v1.0/users/delta").await;
    assert_eq!(objects.len(), 2, "the administrator twice");
    client.control("PUT", "delta", json!({ "delayMs": 60_000 })).await;
    let (_, link) = client.pages("/v1.0/users/delta").await;
    let alice = client.new_user("alice").await;
    let (objects, link) = client.pages(&link).await;
    assert!(objects.is_empty());
    client.advance("PT1M").await;
    let (objects, _) = client.pages(&link).await;
    assert_eq!(seen(&objects), [alice.as_str()]);
}

#[tokio::test]
async fn directory_objects_of_all_classes_come_together() {
    let mut client = Client::new().await;
    client.write("contact", "c", json!({ "displayName": "C" })).await;
    client.new_group("g").await;
    client.graph("GET", "directoryObjects/delta", Value::Null, 403).await;
    client = client.as_app(&["Directory.Read.All"]).await;
    let (objects, _) = client.pages("/v1.0/directoryObjects/delta").await;
    let types: Vec<&str> = objects.iter().map(|object| object["@odata.type"].as_str().unwrap()).collect();
    assert_eq!(types, ["#microsoft.graph.user", "#microsoft.graph.orgContact", "#microsoft.graph.group"]);
}

/// What a client knows of the directory after it has merged every entry it was told.
#[derive(Debug, Default, PartialEq)]
struct Known(std::collections::BTreeMap<String, (Value, BTreeSet<String>)>);

impl Known {
    fn merge(&mut self, entries: &[Value], member: &str) {
        for entry in entries {
            let id = entry["id"].as_str().unwrap().to_owned();
            if entry.get("@removed").is_some() {
                self.0.remove(&id);
                continue;
            }
            let (name, members) = self.0.entry(id).or_default();
            if let Some(told) = entry.get("displayName") {
                *name = told.clone();
            }
            for link in entry[member].as_array().into_iter().flatten() {
                let id = link["id"].as_str().unwrap().to_owned();
                if link.get("@removed").is_some() {
                    members.remove(&id);
                } else {
                    members.insert(id);
                }
            }
        }
    }
}

/// The law of delta reading: whoever merges what it is told knows what reading everything tells, whatever happened
/// in between and however often entries are repeated.
#[tokio::test]
async fn merged_deltas_equal_a_full_reading() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    for seed in 0..4 {
        let client = Client::new().await;
        client.control("PUT", "delta", json!({ "replayRate": 0.3 })).await;
        let mut random = StdRng::seed_from_u64(seed);
        let sets = [
            ("/v1.0/groups/delta?$select=displayName,members", "members@delta"),
            ("/v1.0/users/delta?$select=displayName,manager", "manager@delta"),
        ];
        let mut known = [Known::default(), Known::default()];
        let mut links = Vec::new();
        for (index, (path, member)) in sets.iter().enumerate() {
            let (entries, link) = client.pages(path).await;
            known[index].merge(&entries, member);
            links.push(link);
        }
        let (mut users, mut groups, mut deleted): (Vec<String>, Vec<String>, Vec<String>) = Default::default();
        for step in 0..60 {
            let pick = |list: &[String], random: &mut StdRng| match list {
                [] => None,
                list => Some(list[random.random_range(0..list.len())].clone()),
            };
            let (user, group) = (pick(&users, &mut random), pick(&groups, &mut random));
            let reference = |id: &str| json!({ "@odata.id": format!("{}/v1.0/users/{id}", client.sandbox().http_url()) });
            // Some of these are refused, for instance adding a member twice; that changes nothing.
            let send = async |method: &str, path: String, body: Value| {
                client.send(method, &format!("/v1.0/{path}"), (!body.is_null()).then_some(&body)).await.status
            };
            match (random.random_range(0..10), user, group) {
                (0..=1, _, _) => users.push(client.new_user(&format!("u{step}")).await),
                (2, _, _) => groups.push(client.new_group(&format!("g{step}")).await),
                (3, Some(user), _) => {
                    send("DELETE", format!("users/{user}"), Value::Null).await;
                    users.retain(|id| *id != user);
                    deleted.push(user);
                }
                (4, _, _) => {
                    if let Some(user) = deleted.pop() {
                        send("POST", format!("directory/deletedItems/{user}/restore"), Value::Null).await;
                        users.push(user);
                    }
                }
                (5, _, Some(group)) if random.random_bool(0.3) => {
                    send("DELETE", format!("groups/{group}"), Value::Null).await;
                    groups.retain(|id| *id != group);
                }
                (6..=7, Some(user), Some(group)) => {
                    send("POST", format!("groups/{group}/members/$ref"), reference(&user)).await;
                }
                (8, Some(user), Some(group)) => {
                    send("DELETE", format!("groups/{group}/members/{user}/$ref"), Value::Null).await;
                }
                (9, Some(user), _) => {
                    let boss = pick(&users, &mut random).unwrap();
                    send("PUT", format!("users/{user}/manager/$ref"), reference(&boss)).await;
                    send("PATCH", format!("users/{user}"), json!({ "displayName": format!("n{step}") })).await;
                }
                _ => {}
            }
            if random.random_bool(0.2) || step == 59 {
                for (index, (path, member)) in sets.iter().enumerate() {
                    let (entries, link) = client.pages(&links[index]).await;
                    known[index].merge(&entries, member);
                    links[index] = link;
                    let mut whole = Known::default();
                    whole.merge(&client.pages(path).await.0, member);
                    assert_eq!(known[index], whole, "seed {seed}, step {step}, {path}");
                }
            }
        }
    }
}
