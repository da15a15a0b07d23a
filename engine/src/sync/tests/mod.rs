//! Synchronization alone: scenarios of `engine.md` 11 by their numbers, and its laws.

mod laws;
mod world;

use world::{A, ADA, B, T, TENANT_DN, USER, World, ada_with, fixture_rules, join, rule, settled, two_forests};

use super::{SyncOptions, run_step};
use crate::model::{ConnectorId, ObjectOperation, RunId, Value};
use crate::rules::{Direction, Flow, FlowSource, LinkType, MergeType};
use crate::step::{Recorder, StepStatus};
use crate::store::connector_space::TowerView;
use crate::store::references::ReferenceLayer;

#[test]
fn scenario_1_a_new_user_is_projected_and_provisioned() {
    let world = World::new(&fixture_rules());
    world.stage(A, USER, "user", &ADA);
    let status = world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    assert_eq!(status, StepStatus::SUCCESS);
    let source = world.cs(A, USER).unwrap();
    assert!(source.pending_import.is_none());
    assert_eq!(world.text(&source.hologram, "displayName").as_deref(), Some("Ada Lovelace"));
    let identity = world.identity(A, USER);
    assert_eq!(world.text(&identity.image, "sourceAnchor").as_deref(), Some("MyIRAFVEd2aImaq7zN3u/w=="));
    assert_eq!(world.rule_of(&identity, "department"), 12);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(target.unapplied.operation, ObjectOperation::Add);
    assert_eq!(target.mv, source.mv);
    world.sync(A, false, &[]);
    world.sync(A, true, &[("connector-no-flow", 1)]);
}

#[test]
fn scenario_2_a_changed_attribute_flows_on() {
    let world = settled();
    world.stage(A, USER, "user", &ada_with(&[("department", "HR")]));
    world.sync(A, false, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(target.unapplied.operation, ObjectOperation::Update);
    assert_eq!(target.unapplied.changes.len(), 1);
}

#[test]
fn scenario_4_and_5_a_deleted_user_is_deleted_or_withdrawn() {
    let world = settled();
    let id = world.cs(A, USER).unwrap().id;
    world.stage_delete(id);
    world.sync(A, false, &[("connector-delete-remove-mv", 1), ("3:provisioned-disconnect", 1)]);
    assert_eq!(world.cs(A, USER), None);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!((target.mv, target.unapplied.operation), (None, ObjectOperation::Delete));
    assert!(target.disconnected.is_some());

    let world = World::new(&fixture_rules());
    let id = world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    world.stage_delete(id);
    world.sync(A, false, &[("connector-delete-remove-mv", 1), ("3:provisioned-disconnect", 1)]);
    assert_eq!(world.cs(T, TENANT_DN), None);
}

#[test]
fn scenario_6_out_of_scope_and_back() {
    let world = settled();
    let first = world.identity(A, USER).guid;
    world.stage(A, USER, "user", &ada_with(&[("adminDescription", "User_x")]));
    world.sync(A, false, &[("connector-filtered-remove-mv", 1), ("3:provisioned-disconnect", 1)]);
    assert_eq!(world.cs(A, USER).unwrap().mv, None);
    assert_eq!(world.cs(T, TENANT_DN).unwrap().unapplied.operation, ObjectOperation::Delete);
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:connector-flow", 1)]);
    let (source, target) = (world.cs(A, USER).unwrap(), world.cs(T, TENANT_DN).unwrap());
    assert_ne!(world.identity(A, USER).guid, first);
    assert_eq!(target.mv, source.mv);
    assert!(target.unapplied.is_none(), "{:?}", target.unapplied);
}

#[test]
fn scenario_7_out_of_scope_and_back_after_the_delete_was_exported() {
    let world = settled();
    let first = world.cs(T, TENANT_DN).unwrap().guid;
    world.stage(A, USER, "user", &ada_with(&[("adminDescription", "User_x")]));
    world.sync(A, false, &[("connector-filtered-remove-mv", 1), ("3:provisioned-disconnect", 1)]);
    world.export_and_confirm();
    assert_eq!(world.cs(T, TENANT_DN), None);
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(target.unapplied.operation, ObjectOperation::Add);
    assert_ne!(target.guid, first);
}

#[test]
fn scenario_8_cloud_filtered_keeps_the_metaverse_object() {
    let world = settled();
    world.stage(A, USER, "user", &ada_with(&[("extensionAttribute15", "NoSync")]));
    world.sync(A, false, &[("connector-flow", 1), ("3:provisioned-disconnect", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "cloudFiltered").as_deref(), Some("True"));
    world.sync(T, false, &[("disconnector-remains", 1)]);
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(target.mv, world.cs(A, USER).unwrap().mv);
    assert!(target.unapplied.is_none());
}

#[test]
fn scenario_11_and_12_two_forests_joined_by_mail() {
    let world = two_forests();
    assert_eq!(world.text(&world.identity(A, USER).image, "department").as_deref(), Some("IT"));
    assert!(world.cs(T, TENANT_DN).unwrap().unapplied.is_none());
    world.stage(A, USER, "user", &ada_with(&[("department", "")]));
    world.sync(A, false, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    let identity = world.identity(A, USER);
    assert_eq!(world.text(&identity.image, "department").as_deref(), Some("R&D"));
    assert_eq!(world.rule_of(&identity, "department"), 22);
}

#[test]
fn scenario_13a_the_other_forest_takes_over() {
    let world = two_forests();
    world.change_rules(|rules| rules.iter_mut().filter(|rule| rule.connector == T).for_each(|rule| rule.enabled = false));
    let id = world.cs(A, USER).unwrap().id;
    world.stage_delete(id);
    world.sync(A, false, &[("connector-delete-leave-mv", 1), ("3:provisioned-disconnect", 1)]);
    let identity = world.identity(B, "CN=al,DC=contoso,DC=com");
    assert_eq!(world.text(&identity.image, "displayName").as_deref(), Some("A. Lovelace"));
}

#[test]
fn an_object_that_the_tenant_lost_is_provisioned_again() {
    let world = settled();
    let lost = world.cs(T, TENANT_DN).unwrap();
    world.stage_delete(lost.id);
    world.sync(T, false, &[("connector-delete-leave-mv", 1), ("3:provisioned-add-flow", 1)]);
    let again = world.cs(T, TENANT_DN).unwrap();
    assert_ne!(again.guid, lost.guid);
    assert_eq!((again.mv, again.unapplied.operation), (world.cs(A, USER).unwrap().mv, ObjectOperation::Add));
    world.sync(A, true, &[("connector-no-flow", 1)]);
}

#[test]
fn a_lost_member_is_provisioned_again_before_its_groups_are_looked_at() {
    let world = World::new(&fixture_rules());
    // The group comes first in name and number.
    let group = "CN=a,DC=contoso,DC=com";
    world.stage(
        A,
        group,
        "group",
        &[("objectGUID", "20112233-4455-6677-8899-aabbccddeeff"), ("displayName", "g1"), ("member", USER)],
    );
    world.stage(A, USER, "user", &ADA);
    world.quietly(A, false);
    world.export_and_confirm();
    let lost = world.cs(T, TENANT_DN).unwrap();
    world.stage_delete(lost.id);
    world.quietly(T, false);
    let anchor = world.text(&world.identity(A, group).image, "sourceAnchor").unwrap();
    let target = world.cs(T, &format!("CN={{{}}}", hex::encode_upper(anchor))).unwrap();
    let again = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(again.unapplied.operation, ObjectOperation::Add);
    let members = target.reference_targets(ReferenceLayer::UnappliedDelete);
    assert_eq!(members.get(&world.attribute("member")), Some(&vec![again.id]), "{:?}", target.references);
}

#[test]
fn the_error_of_a_group_is_told_although_its_member_was_joined_in_the_same_batch() {
    let world = World::new(&fixture_rules());
    world.change_rules(|rules| {
        let group = rules.iter_mut().find(|rule| rule.precedence == 30).unwrap();
        group.flows.push(Flow {
            target: "description".into(),
            source: FlowSource::Expression("Error(\"no groups today\")".into()),
            apply_once: false,
            merge: MergeType::Update,
        });
    });
    world.stage(A, USER, "user", &ADA);
    // Deeper than its member, so it comes after it.
    let group = "CN=g,OU=Below,OU=Staff,DC=contoso,DC=com";
    world.stage(A, group, "group", &[("objectGUID", "20112233-4455-6677-8899-aabbccddeeff"), ("member", USER)]);
    let expected = [("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1), ("flow-failure", 1)];
    assert_eq!(world.sync(A, false, &expected), StepStatus::COMPLETED_SYNC_ERRORS);
    assert_eq!(world.cs(A, group).unwrap().import_error.unwrap().error.message, "no groups today");
}

#[test]
fn an_unexported_object_does_not_take_the_name_of_another() {
    let world = World::new(&fixture_rules());
    world.stage(A, USER, "user", &ADA);
    let twin = [("objectGUID", "70112233-4455-6677-8899-aabbccddeeff"), ("mail", "twin@contoso.com"), ("displayName", "Twin")];
    world.stage(A, "CN=Twin,DC=contoso,DC=com", "user", &twin);
    world.quietly(A, false);
    // The anchor of the second becomes that of the first before either was exported.
    world.change_rules(|rules| {
        let common = rules.iter_mut().find(|rule| rule.precedence == 12).unwrap();
        let flow = common.flows.iter_mut().find(|flow| flow.target == "sourceAnchor").unwrap();
        flow.source = FlowSource::Expression("\"MyIRAFVEd2aImaq7zN3u/w==\"".into());
    });
    let counters = world.quietly(A, true);
    assert_eq!(counters.get("flow-failure"), Some(&1), "{counters:?}");
    let failed = world.cs(A, "CN=Twin,DC=contoso,DC=com").unwrap().import_error.unwrap();
    assert_eq!(failed.error.code.as_str(), "sync-rule-flow-provisioning-failed");
}

#[test]
fn scenario_13b_the_guard_of_the_source_anchor_keeps_everything_as_it_was() {
    let world = settled();
    let guard = r#"IIF(IsPresent([cloudSourceAnchor]),IIF([cloudSourceAnchor]=[sourceAnchor],[sourceAnchor],Error("SourceAnchor attribute has changed.")),[sourceAnchor])"#;
    world.change_rules(|rules| {
        let out = rules.iter_mut().find(|rule| rule.precedence == 60).unwrap();
        let flow = out.flows.iter_mut().find(|flow| flow.target == "sourceAnchor").unwrap();
        flow.source = FlowSource::Expression(guard.to_owned());
        let mut back = join(
            rule(50, T, "person", "user", LinkType::Join, &[("cloudSourceAnchor", r#"=ImportedValue("sourceAnchor")"#)]),
            "sourceAnchor",
            "sourceAnchor",
        );
        back.direction = Direction::Inbound;
        rules.push(back);
    });
    world.sync(T, true, &[("connector-flow", 1)]);
    let other = "CN=al,DC=contoso,DC=com";
    let values =
        [("objectGUID", "10112233-4455-6677-8899-aabbccddeeff"), ("mail", "ada@contoso.com"), ("displayName", "A. Lovelace")];
    world.stage(B, other, "user", &values);
    world.sync(B, false, &[("disconnector-joined-no-flow", 1)]);
    let id = world.cs(A, USER).unwrap().id;
    world.stage_delete(id);
    assert_eq!(world.sync(A, false, &[("flow-failure", 1)]), StepStatus::COMPLETED_SYNC_ERRORS);
    let source = world.cs(A, USER).unwrap();
    assert_eq!((source.mv.is_some(), source.pending_import.operation), (true, ObjectOperation::Delete));
    let error = source.import_error.unwrap().error;
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("sync-rule-error-function-triggered", "SourceAnchor attribute has changed.")
    );
    assert_eq!(world.text(&world.identity(A, USER).image, "displayName").as_deref(), Some("Ada Lovelace"));
}

#[test]
fn scenario_14_authoritative_null_blocks_lower_rules() {
    let world = two_forests();
    let blocking = rule(5, A, "user", "person", LinkType::Join, &[("department", "=AuthoritativeNull")]);
    world.change_rules(|rules| rules.push(blocking));
    world.sync(A, true, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "department"), None);
}

#[test]
fn scenario_15_ignore_this_flow_keeps_the_value() {
    let world = settled();
    world.change_rules(|rules| {
        let common = rules.iter_mut().find(|rule| rule.precedence == 12).unwrap();
        common.flows.retain(|flow| flow.target != "department");
        rules.push(rule(14, A, "user", "person", LinkType::Join, &[("department", "=IgnoreThisFlow")]));
    });
    world.sync(A, true, &[("connector-no-flow", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "department").as_deref(), Some("IT"));
    world.change_rules(|rules| rules.push(rule(15, A, "user", "person", LinkType::Join, &[("department", "=\"X\"")])));
    world.sync(A, true, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "department").as_deref(), Some("X"));
}

#[test]
fn scenario_17_a_group_before_its_member() {
    let world = World::new(&fixture_rules());
    let group = "CN=g1,DC=contoso,DC=com";
    world.stage(
        A,
        group,
        "group",
        &[("objectGUID", "20112233-4455-6677-8899-aabbccddeeff"), ("displayName", "g1"), ("member", USER)],
    );
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    let member = world.attribute("member");
    assert!(world.identity(A, group).image.get(member).is_empty());
    world.stage(A, USER, "user", &ADA);
    world.sync(
        A,
        false,
        &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1), ("connector-flow", 1), ("3:connector-flow", 1)],
    );
    let identity = world.identity(A, group);
    assert_eq!(identity.image.get(member), [Value::Reference(world.cs(A, USER).unwrap().mv.unwrap().0)]);
    let target = world.cs(T, "CN={4D79495249465645643261496D6171377A4E33752F773D3D}");
    let target = target.or_else(|| {
        let anchor = world.text(&identity.image, "sourceAnchor").unwrap();
        world.cs(T, &format!("CN={{{}}}", hex::encode_upper(anchor)))
    });
    let staged: Vec<_> = target.unwrap().references.iter().map(|reference| (reference.target, reference.layer)).collect();
    assert_eq!(staged, [(world.cs(T, TENANT_DN).unwrap().id, ReferenceLayer::UnappliedAdd)]);
}

#[test]
fn scenario_24_a_disabled_flow_rule_is_recalled() {
    let world = settled();
    world.change_rules(|rules| {
        rules.iter_mut().find(|rule| rule.precedence == 12).unwrap().flows.retain(|flow| flow.target != "department")
    });
    world.sync(A, true, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "department"), None);
}

#[test]
fn scenario_26_an_ambiguous_join_projects() {
    let world = World::new(&fixture_rules());
    for (name, guid) in [("one", "30112233-4455-6677-8899-aabbccddeeff"), ("two", "40112233-4455-6677-8899-aabbccddeeff")] {
        let mail = format!("{name}@contoso.com");
        world.stage(A, &format!("CN={name},DC=contoso,DC=com"), "user", &[("objectGUID", guid), ("mail", &mail)]);
    }
    world.sync(A, false, &[("disconnector-projected-flow", 2), ("3:provisioned-add-flow", 2)]);
    world.stage(
        A,
        "CN=two,DC=contoso,DC=com",
        "user",
        &[("objectGUID", "40112233-4455-6677-8899-aabbccddeeff"), ("mail", "one@contoso.com")],
    );
    world.sync(A, false, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    world.stage(
        B,
        "CN=three,DC=contoso,DC=com",
        "user",
        &[("objectGUID", "50112233-4455-6677-8899-aabbccddeeff"), ("mail", "one@contoso.com")],
    );
    world.sync(B, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
}

#[test]
fn scenario_27_different_join_criteria_are_an_error_of_the_object() {
    let world = World::new(&fixture_rules());
    world.change_rules(|rules| {
        rules.push(join(rule(11, A, "user", "person", LinkType::Join, &[]), "sAMAccountName", "accountName"));
    });
    world.stage(A, USER, "user", &ADA);
    assert_eq!(world.sync(A, false, &[("flow-failure", 1)]), StepStatus::COMPLETED_SYNC_ERRORS);
    let error = world.cs(A, USER).unwrap().import_error.unwrap();
    assert!(error.error.message.contains("different join criteria"), "{error:?}");
    assert_eq!(error.retry_count, 0);
    world.sync(A, false, &[("flow-failure", 1)]);
    assert_eq!(world.cs(A, USER).unwrap().import_error.unwrap().retry_count, 1);
}

#[test]
fn scenario_28_two_objects_of_one_connector_with_one_identity() {
    let world = settled();
    world.stage(
        A,
        "CN=Ada2,DC=contoso,DC=com",
        "user",
        &[("objectGUID", "60112233-4455-6677-8899-aabbccddeeff"), ("mail", "ada@contoso.com")],
    );
    assert_eq!(world.sync(A, false, &[("flow-failure", 1)]), StepStatus::COMPLETED_SYNC_ERRORS);
    let second = world.cs(A, "CN=Ada2,DC=contoso,DC=com").unwrap();
    assert_eq!(second.mv, None);
    assert_eq!(second.pending_import.operation, ObjectOperation::Add);
    assert_eq!(second.import_error.unwrap().error.code.as_str(), "ambiguous-import-flow-from-multiple-connectors");
}

#[test]
fn scenario_31_a_deleted_member_leaves_the_group() {
    let world = settled();
    let group = "CN=g1,DC=contoso,DC=com";
    world.stage(
        A,
        group,
        "group",
        &[("objectGUID", "20112233-4455-6677-8899-aabbccddeeff"), ("displayName", "g1"), ("member", USER)],
    );
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    world.export_and_confirm();
    let id = world.cs(A, USER).unwrap().id;
    world.stage_delete(id);
    // The reference left the metaverse together with its target; the group's own visit finds it gone.
    world.sync(
        A,
        false,
        &[("connector-delete-remove-mv", 1), ("3:provisioned-disconnect", 1), ("connector-no-flow", 1), ("3:connector-flow", 1)],
    );
    assert!(world.identity(A, group).image.get(world.attribute("member")).is_empty());
}

#[test]
fn scenario_32_apply_once_is_for_the_new_object_only() {
    let world = World::new(&fixture_rules());
    world.change_rules(|rules| {
        let out = rules.iter_mut().find(|rule| rule.precedence == 60).unwrap();
        out.flows.retain(|flow| flow.target != "department");
        out.flows.push(Flow {
            target: "department".into(),
            source: FlowSource::Expression("\"first: \" & [department]".into()),
            apply_once: true,
            merge: MergeType::Update,
        });
    });
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    let department = |world: &World| world.text(&world.cs(T, TENANT_DN).unwrap().view(TowerView::Expected), "department");
    assert_eq!(department(&world).as_deref(), Some("first: IT"));
    world.stage(A, USER, "user", &ada_with(&[("department", "HR")]));
    world.sync(A, false, &[("connector-flow", 1)]);
    assert_eq!(department(&world).as_deref(), Some("first: IT"));
    world.export_and_confirm();
    world.sync(A, true, &[("connector-no-flow", 1)]);
    assert!(world.cs(T, TENANT_DN).unwrap().unapplied.is_none());
}

#[test]
fn scenario_34_merge_case_insensitive_is_a_union_in_the_spelling_of_the_best() {
    let world = World::new(&fixture_rules());
    let merged = |merge| Flow {
        target: "proxyAddresses".into(),
        source: FlowSource::Direct("proxyAddresses".into()),
        apply_once: false,
        merge,
    };
    world.change_rules(|rules| {
        for rule in rules.iter_mut().filter(|rule| [12, 22].contains(&rule.precedence)) {
            rule.flows.push(merged(MergeType::MergeCaseInsensitive));
        }
    });
    let mut ada = ADA.to_vec();
    ada.extend([("proxyAddresses", "SMTP:a@x"), ("proxyAddresses", "smtp:b@x")]);
    world.stage(A, USER, "user", &ada);
    let other = "CN=al,DC=contoso,DC=com";
    let mut twin = vec![("objectGUID", "10112233-4455-6677-8899-aabbccddeeff"), ("mail", "ada@contoso.com")];
    twin.extend([("proxyAddresses", "smtp:A@X"), ("proxyAddresses", "smtp:c@x")]);
    let id = world.stage(B, other, "user", &twin);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    world.sync(B, false, &[("disconnector-joined-flow", 1)]);
    let addresses = |world: &World| -> Vec<String> {
        world.identity(A, USER).image.get(world.attribute("proxyAddresses")).iter().map(Value::display).collect()
    };
    assert_eq!(addresses(&world), ["SMTP:a@x", "smtp:b@x", "smtp:c@x"]);
    world.stage_delete(id);
    world.sync(B, false, &[("connector-delete-leave-mv", 1)]);
    assert_eq!(addresses(&world), ["SMTP:a@x", "smtp:b@x"]);
    world.stage(B, other, "user", &twin);
    world.change_rules(|rules| {
        let rule = rules.iter_mut().find(|rule| rule.precedence == 22).unwrap();
        rule.flows.retain(|flow| flow.target != "proxyAddresses");
        rule.flows.push(merged(MergeType::Update));
    });
    world.sync(B, false, &[("flow-failure", 1)]);
    assert_eq!(world.cs(B, other).unwrap().import_error.unwrap().error.code.as_str(), "sync-rule-inbound-flow-rules-invalid");
}

#[test]
fn scenario_38_a_sticky_join_keeps_the_identity_alive() {
    for (link, lives) in [(LinkType::StickyJoin, true), (LinkType::Join, false)] {
        let mut rules = fixture_rules();
        rules.retain(|rule| rule.connector != T);
        rules.iter_mut().find(|rule| rule.precedence == 20).unwrap().link = link;
        let world = World::new(&rules);
        let other = "CN=al,DC=contoso,DC=com";
        world.stage(B, other, "user", &[("objectGUID", "10112233-4455-6677-8899-aabbccddeeff"), ("mail", "ada@contoso.com")]);
        world.sync(B, false, &[("disconnector-remains", 1)]);
        let id = world.stage(A, USER, "user", &ADA);
        world.sync(A, false, &[("disconnector-projected-flow", 1)]);
        world.sync(B, false, &[("disconnector-joined-no-flow", 1)]);
        world.stage_delete(id);
        let counter = if lives { "connector-delete-leave-mv" } else { "connector-delete-remove-mv" };
        world.sync(A, false, &[(counter, 1)]);
        assert_eq!(world.cs(B, other).unwrap().mv.is_some(), lives, "{link:?}");
    }
}

#[test]
fn scenario_45_the_order_of_the_forests_does_not_matter() {
    let outcome = |order: &[ConnectorId]| {
        let world = World::new(&fixture_rules());
        world.stage(A, USER, "user", &ADA);
        let twin = [("objectGUID", "10112233-4455-6677-8899-aabbccddeeff"), ("mail", "ADA@contoso.com"), ("department", "R&D")];
        world.stage(B, "CN=al,DC=contoso,DC=com", "user", &twin);
        for _ in 0..3 {
            for connector in order {
                world.quietly(*connector, false);
            }
        }
        let target = world.cs(T, TENANT_DN).unwrap();
        (world.identity(A, USER).image, target.unapplied, world.cs(B, "CN=al,DC=contoso,DC=com").unwrap().mv == target.mv)
    };
    let first = outcome(&[A, B, T]);
    for order in [[A, T, B], [B, A, T], [B, T, A], [T, A, B], [T, B, A]] {
        assert_eq!(outcome(&order), first, "{order:?}");
    }
}

#[test]
fn scenario_46_a_second_full_synchronization_changes_nothing() {
    let world = two_forests();
    for connector in [A, B, T, A, B, T] {
        let mut recorder = Recorder::new(RunId(1), 1, Box::new(|_| {}));
        run_step(&world.environment, connector, SyncOptions { full: true, ..SyncOptions::default() }, &mut recorder);
        assert_eq!(recorder.counter("connector-flow"), 0);
        assert_eq!(recorder.counter("3:connector-flow"), 0);
        assert_eq!(recorder.counter("3:provisioned-add-flow"), 0);
    }
}
