//! What previews, explanations and trials tell of one object.

use super::*;

#[test]
fn a_preview_shows_what_its_commit_does() {
    let lab = Lab::new();
    lab.forest(&[("Ada", "Legal"), ("Bob", "Sales"), ("Cho", "Sales"), ("Dan", "IT"), ("Eve", "HR"), ("Fay", "IT")]);
    lab.run(FOREST, "Full Import", "success");
    let forest = lab.engine.connector(FOREST).unwrap().id;
    let guid = |name: &str| lab.engine.cs_object_by_dn(forest, &dn(name)).unwrap().guid;
    let before = lab.dump();
    let preview = lab.engine.preview(guid("Ada"), SyncMode::Delta).unwrap();
    assert_eq!(lab.dump(), before, "a preview writes nothing");
    let told: Vec<(&str, Vec<String>)> = preview
        .changes
        .iter()
        .map(|change| {
            (
                change.kind.word(),
                change
                    .attributes
                    .iter()
                    .map(|attribute| format!("{} {:?}>{:?} {}", attribute.name, attribute.old, attribute.new, attribute.rule))
                    .collect(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("update", vec!["department [\"IT\"]>[\"Legal\"] In from AD - User Common".to_owned()]),
            ("update", vec!["department [\"IT\"]>[\"Legal\"] Out to AAD - User ExchangeOnline".to_owned()]),
        ]
    );
    assert_eq!((preview.link.as_str(), preview.committed, preview.error.is_none()), ("stays joined to Ada Smith", false, true));
    let flow = preview.import_flows.iter().find(|flow| flow.attribute == "department").unwrap();
    assert_eq!((flow.status, flow.values.as_slice()), (FlowStatus::Applied, ["Legal".to_owned()].as_slice()));
    let flow = preview.export_flows.iter().find(|flow| flow.attribute == "department").unwrap();
    assert_eq!((flow.rule.as_str(), flow.connector.as_str()), ("Out to AAD - User ExchangeOnline", TENANT));
    assert!(preview.scope.iter().any(|rule| rule.rule == "In from AD - User Join" && rule.in_scope));

    let committed = lab.engine.commit_preview(guid("Ada"), SyncMode::Delta).unwrap();
    assert_eq!((committed.changes.as_slice(), committed.committed), (preview.changes.as_slice(), true));
    let again = lab.engine.preview(guid("Ada"), SyncMode::Delta).unwrap();
    assert!(again.nothing_pending && again.changes.is_empty());

    // A new object: no match, so a metaverse object is made and it is provisioned.
    let fay = lab.engine.preview(guid("Fay"), SyncMode::Full).unwrap();
    assert_eq!(fay.joins.iter().map(|group| group.status).collect::<Vec<_>>(), [JoinStatus::NoMatches]);
    assert_eq!(fay.link, "a metaverse object is made for it by rule \"In from AD - User Join\"");
    let kinds: Vec<(bool, ChangeKind)> = fay.changes.iter().map(|change| (change.space.is_empty(), change.kind)).collect();
    assert_eq!(kinds, [(true, ChangeKind::Add), (false, ChangeKind::Join), (false, ChangeKind::Add)]);
    assert_eq!(fay.changes[2].reason, "provisioned for Fay Smith");
    // Law: the values staged are those of the flows that are told to be applied, and so are the rules.
    assert!(fay.changes[2].attributes.len() > 5);
    for attribute in &fay.changes[2].attributes {
        let applied = |flow: &&crate::service::FlowView| {
            flow.attribute == attribute.name && matches!(flow.status, FlowStatus::Applied | FlowStatus::AppliedUnchanged)
        };
        let flows: Vec<_> = fay.export_flows.iter().filter(applied).collect();
        assert_eq!(flows.iter().map(|flow| flow.rule.as_str()).collect::<Vec<_>>().join(", "), attribute.rule, "{attribute:?}");
        assert_eq!(flows.iter().flat_map(|flow| flow.values.clone()).collect::<Vec<_>>(), attribute.new, "{attribute:?}");
    }
}

#[test]
fn a_preview_tells_targets_recalls_and_the_end_of_an_identity() {
    let lab = Lab::new();
    let forest = lab.engine.connector(FOREST).unwrap().id;
    let preview = |name: &str| {
        let guid = lab.engine.cs_object_by_dn(forest, &dn(name)).unwrap().guid;
        lab.engine.preview(guid, SyncMode::Full).unwrap()
    };
    let tenant = |preview: &PreviewView| {
        let target = preview.targets.iter().find(|target| target.connector == TENANT).unwrap().clone();
        let actions: Vec<TargetAction> = target.objects.iter().map(|object| object.action).collect();
        (target, actions)
    };
    let shout = "name = \"Shout\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
         connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n\
         [rule.expression]\ndisplayName = \"UCase([displayName])\"\n";
    lab.save(&format!("[[rule]]\n{shout}"));

    // Before and after an object of a target, and every flow to it.
    let ada = preview("Ada");
    let (target, actions) = tenant(&ada);
    assert_eq!((actions.as_slice(), target.error.is_none()), ([TargetAction::Flow].as_slice(), true));
    assert!(target.scope.iter().any(|rule| rule.rule == "Out to AAD - User Join" && rule.in_scope));
    let value = |list: &[AttributeTexts]| list.iter().find(|known| known.name == "displayName").unwrap().values.clone();
    assert_eq!(
        (value(&target.objects[0].before), value(&target.objects[0].after)),
        (vec!["Ada Smith".into()], vec!["ADA SMITH".into()])
    );
    let status = |target: &TargetPreview, attribute: &str| {
        let flows = target.objects[0].flows.iter().filter(|flow| flow.attribute == attribute);
        flows.map(|flow| flow.status).take(2).collect::<Vec<_>>()
    };
    assert_eq!(status(&target, "displayName"), [FlowStatus::Applied, FlowStatus::NotPrecedent]);
    assert_eq!(status(&target, "department")[0], FlowStatus::AppliedUnchanged);
    assert!(!ada.deletion.deleted && ada.deletion.holders.iter().any(|holder| holder.rule == "In from AD - User Join"));

    // Who contributed a value does so no more.
    lab.run(FOREST, "Full Synchronization", "success");
    lab.save("[[change]]\nrule = \"Shout\"\nenabled = false\n");
    let recalls = preview("Ada").recalls;
    let told: Vec<_> =
        recalls.iter().map(|recall| (recall.attribute.as_str(), recall.rule.as_str(), recall.values.as_slice())).collect();
    assert_eq!(told, [("displayName", "Shout", ["ADA SMITH".to_owned()].as_slice())]);
    assert_eq!(recalls[0].successor.as_deref(), Some("In from AD - User Common"));
    assert_eq!(recalls[0].reason, "rule \"Shout\" does not apply to the object any more");

    // Out of the scope of an outbound rule, with the clause that fails.
    lab.save("[[change]]\nrule = \"In from AD - User Common\"\n[change.expression]\ncloudFiltered = \"IIF([department]=\\\"HR\\\",True,NULL)\"\n");
    let (target, actions) = tenant(&preview("Eve"));
    assert_eq!(actions, [TargetAction::Deprovision]);
    let join = target.scope.iter().find(|rule| rule.rule == "Out to AAD - User Join").unwrap();
    assert_eq!((join.in_scope, join.failing.as_str()), (false, "cloudFiltered NOTEQUAL True does not hold (True)"));

    // Nothing holds the metaverse object any more.
    lab.save(WITHOUT_SALES);
    let bob = preview("Bob");
    assert_eq!(tenant(&bob).1, [TargetAction::Deprovision]);
    assert!(bob.deletion.deleted && bob.deletion.holders.is_empty() && bob.recalls.is_empty(), "{:?}", bob.deletion);

    // What becomes of both objects is what the connector does with those that nothing holds.
    for (action, expected) in [
        (Deprovisioning::MakeNormalDisconnector, TargetAction::Disconnect),
        (Deprovisioning::MakeExplicitDisconnector, TargetAction::DisconnectExplicitly),
        (Deprovisioning::DeleteObject, TargetAction::Deprovision),
    ] {
        lab.engine.set_deprovisioning(TENANT, action).unwrap();
        assert_eq!([tenant(&preview("Eve")).1, tenant(&preview("Bob")).1], [[expected], [expected]], "{action:?}");
    }

    // A rule that fails, beside what the others would have given.
    lab.save(
        &"name = \"Refuse\"\nprecedence = 51\ndirection = \"outbound\"\nconnector = \"TENANT\"\nconnector_object = \"user\"\n\
         metaverse_object = \"person\"\nlink = \"join\"\n[rule.expression]\ndepartment = \"Error(\\\"no department\\\")\"\n"
            .replace("TENANT", TENANT)
            .replacen("name", "[[rule]]\nname", 1),
    );
    let dan = preview("Dan");
    let (target, _) = tenant(&dan);
    let error = target.error.clone().unwrap();
    assert_eq!((error.code.as_str(), error.detail.rule.as_deref()), ("sync-rule-error-function-triggered", Some("Refuse")));
    assert_eq!(dan.error.as_ref(), Some(&error));
    assert_eq!(status(&target, "department"), [FlowStatus::Error, FlowStatus::Applied]);
}

#[test]
fn a_value_is_explained_by_its_flows() {
    let lab = Lab::new();
    lab.save(
        "[[rule]]\nname = \"Shout\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
         connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\nscope = [[\"department EQUAL IT\"]]\n\
         [rule.expression]\ndisplayName = \"IIF([sAMAccountName]=\\\"dan\\\",NULL,UCase([displayName]))\"\n",
    );
    let statuses = |name: &str| {
        let why = lab.engine.why(name, "DISPLAYNAME").unwrap();
        let exchange = "In from AD - User Common from Exchange";
        assert!(why.flows.iter().any(|flow| flow.rule == exchange && flow.status == FlowStatus::OutOfScope));
        let others = why.flows.iter().filter(|flow| flow.rule != exchange);
        let flows: Vec<(String, FlowStatus)> = others.map(|flow| (flow.rule.clone(), flow.status)).collect();
        (why, flows)
    };
    let common = || "In from AD - User Common".to_owned();
    let (ada, flows) = statuses("Ada");
    assert_eq!(flows, [("Shout".to_owned(), FlowStatus::Applied), (common(), FlowStatus::NotPrecedent)]);
    assert_eq!((ada.attribute.as_str(), ada.pending.as_deref()), ("displayName", Some(["ADA SMITH".to_owned()].as_slice())));
    assert_eq!(ada.stored.as_ref().unwrap().rule, common());
    assert!(ada.verdict.contains("rule \"Shout\" of precedence 50") && ada.verdict.contains("\"ADA SMITH\""), "{}", ada.verdict);
    let expression = ada.flows[0].expression.as_ref().unwrap();
    assert_eq!(expression.results, ["\"ADA SMITH\""]);
    assert_eq!(expression.parts[0].results, ["False"]);
    let (_, flows) = statuses("Dan");
    assert_eq!(flows, [("Shout".to_owned(), FlowStatus::NoValue), (common(), FlowStatus::AppliedUnchanged)]);
    let (eve, flows) = statuses("Eve");
    assert_eq!(flows, [("Shout".to_owned(), FlowStatus::OutOfScope), (common(), FlowStatus::AppliedUnchanged)]);
    assert_eq!(eve.flows[0].reason, "department EQUAL IT does not hold (HR)");
    assert_eq!(eve.pending, None);

    // What the flows foretell, the next synchronization does.
    lab.run(FOREST, "Full Synchronization", "success");
    let (ada, flows) = statuses("Ada");
    assert_eq!((flows[0].1, ada.pending), (FlowStatus::AppliedUnchanged, None));
    lab.save("[[change]]\nrule = \"Shout\"\nenabled = false\n");
    assert_eq!(statuses("Ada").1[0].1, FlowStatus::Disabled);

    let refused = |object: &str, attribute: &str| lab.engine.why(object, attribute).unwrap_err().to_string();
    assert!(refused("Ada", "dispalyName").contains("did you mean displayName?"));
    assert!(refused("Smith", "displayName").contains("matches 5 metaverse objects"));
    assert!(refused("Nobody", "displayName").contains("Nobody"));
}

#[test]
fn a_rule_that_is_not_saved_is_tried_on_one_object() {
    let lab = Lab::new();
    let rule = |text: &str| {
        let source = RuleSource { file: "rules.toml".to_owned(), text: text.to_owned() };
        lab.engine.rules_from_text(&[source]).unwrap().remove(0)
    };
    let object = |name: &str| {
        let connector = lab.engine.connector(FOREST).unwrap().id;
        lab.engine.cs_object_by_dn(connector, &dn(name)).unwrap().guid
    };
    let shout = |join: &str| {
        rule(&format!(
            "[[rule]]\nname = \"Shout\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
             connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\nenabled = false\n\
             scope = [[\"department EQUAL IT\", \"mail ISNOTNULL\"]]\njoin = [[\"{join}\"]]\nsame = [\"department\"]\n\
             [rule.expression]\ndisplayName = \"UCase([displayName])\"\ntitle = \"Error(\\\"no title\\\")\"\n\
             [rule.direct]\nmiddleName = \"middleName\"\n"
        ))
    };
    let tried = lab.engine.try_rule(&shout("objectGUID = sourceAnchorBinary"), object("Ada")).unwrap();
    assert!(tried.scope.in_scope, "{tried:?}");
    let flows: Vec<(&str, FlowStatus, String)> =
        tried.flows.iter().map(|flow| (flow.attribute.as_str(), flow.status, flow.values.join("; "))).collect();
    assert_eq!(
        flows,
        [
            ("department", FlowStatus::Applied, "IT".to_owned()),
            ("displayName", FlowStatus::Applied, "ADA SMITH".to_owned()),
            ("middleName", FlowStatus::NoValue, String::new()),
            ("title", FlowStatus::Error, String::new()),
        ]
    );
    assert_eq!(tried.flows[3].reason, "no title");
    let bob = lab.engine.try_rule(&shout("objectGUID = sourceAnchorBinary"), object("Bob")).unwrap();
    assert_eq!(bob.scope.failing, "department EQUAL IT does not hold (Sales)");
    assert_eq!(bob.flows[1].values, ["BOB SMITH"], "the flows tell what they would give");
    assert!(bob.join_note.contains("out of scope"), "{}", bob.join_note);
    let tried = lab.engine.try_rule(&shout("mail = middleName"), object("Ada")).unwrap();
    assert!(tried.joins.is_empty() && tried.join_note.contains("joins on middleName"), "{tried:?}");
    let wrong = lab.engine.try_rule(&shout("mail = mail"), object("Staff")).unwrap_err().to_string();
    assert!(wrong.contains("type \"group\"") && wrong.contains("type \"user\""), "{wrong}");

    let out = rule(&format!(
        "[[rule]]\nname = \"Out\"\nprecedence = 51\ndirection = \"outbound\"\nconnector = \"{TENANT}\"\n\
         connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n\
         [rule.expression]\ndisplayName = \"LCase([displayName])\"\n"
    ));
    let page = lab.engine.search_metaverse(&MvSearch { text: "Eve".to_owned(), limit: 5, ..MvSearch::default() }).unwrap();
    let tried = lab.engine.try_rule(&out, page.rows[0].guid).unwrap();
    assert!(tried.scope.in_scope);
    assert_eq!(tried.flows[0].values, ["eve smith"]);
    assert!(lab.engine.rule_set().unwrap().rules.iter().all(|rule| rule.name != "Shout"), "nothing is stored");
}

#[test]
fn what_is_in_the_way_is_found() {
    let lab = Lab::new();
    let check = |name: &str, blocked: bool, words: &str| {
        let found = lab.engine.why_not(FOREST, name).unwrap();
        assert_eq!(found.blocked, blocked, "{found:?}");
        assert!(found.verdict.contains(words), "missing {words:?} in {}", found.verdict);
        found
    };
    check(&dn("Bob"), false, "joined to Bob Smith and present in every target");
    check("CN=Bob,DC=northwind,DC=com", true, "no partition that this name lies in");
    let moved = check("CN=Bob,OU=Other,DC=contoso,DC=com", true, "No import has brought it");
    assert_eq!(moved.similar, [dn("Bob")]);
    assert!(moved.findings.iter().any(|finding| finding.step == "Last import" && finding.text.contains("Full Import")));

    lab.save(WITHOUT_SALES);
    lab.run(FOREST, "Full Synchronization", "success");
    let sales = "department NOTEQUAL Sales does not hold (Sales)";
    let bob = check(&dn("Bob"), true, sales);
    let rule = bob.scope.iter().find(|rule| rule.rule == "In from AD - User Join").unwrap();
    assert_eq!((rule.in_scope, rule.failing.as_str()), (false, sales));
    assert!(bob.findings.iter().any(|finding| finding.step == "Scope" && finding.state == FindingState::Bad));

    lab.save("[[change]]\nrule = \"In from AD - User Common\"\n[change.expression]\ncloudFiltered = \"IIF([department]=\\\"HR\\\",True,NULL)\"\n");
    lab.run(FOREST, "Full Synchronization", "success");
    let eve = check(
        &dn("Eve"),
        true,
        "not provisioned: out of scope of rule \"Out to AAD - User Join\": cloudFiltered NOTEQUAL True does not hold (True)",
    );
    assert_eq!(eve.targets.iter().map(|target| target.present).collect::<Vec<_>>(), [false]);

    lab.save("[[change]]\nrule = \"In from AD - User Common\"\n[change.expression]\ntitle = \"IIF([department]=\\\"IT\\\",Error(\\\"not IT\\\"),NULL)\"\n");
    lab.run(FOREST, "Full Synchronization", "completed-sync-errors");
    let ada = check(&dn("Ada"), true, "Its synchronization fails: sync-rule-error-function-triggered: not IT");
    assert!(ada.sync_error.is_some());
}
