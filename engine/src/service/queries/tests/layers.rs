use super::{FOREST, World, link, texts};
use crate::model::{AttributeChange, CsId, ObjectOperation, Value, ValueType};
use crate::rules::{Direction, LinkType};
use crate::service::queries::connector_space::object_by_dn;
use crate::service::{AttributeChangeView, CsObjectView, LayerView};
use crate::store::references::ReferenceLayer;

const ADA: &str = "CN=Ada";

fn view(world: &World) -> CsObjectView {
    object_by_dn(&world.reader(), &world.context(), FOREST, ADA).unwrap()
}

/// One line per attribute: name, change, old values, new values; `+` and `-` mark single values.
fn lines(layer: &LayerView) -> Vec<String> {
    layer.attributes.iter().map(line).collect()
}

fn line(attribute: &AttributeChangeView) -> String {
    let side = |values: &[crate::service::ValueView]| {
        let shown = |value: &crate::service::ValueView| match value.change.as_deref() {
            Some("add") => format!("+{}", value.text),
            Some("delete") => format!("-{}", value.text),
            Some(other) => panic!("{other}"),
            None => value.text.clone(),
        };
        values.iter().map(shown).collect::<Vec<_>>().join(",")
    };
    format!("{} {} [{}] -> [{}]", attribute.name, attribute.change, side(&attribute.old), side(&attribute.new))
}

#[test]
fn the_import_layer_shows_every_attribute_old_and_new() {
    let mut world = World::new();
    let hologram = world.image(&[
        ("title", &["Clerk"]),
        ("mail", &["ada@x"]),
        ("proxyAddresses", &["a", "b", "c"]),
        ("gone", &["x"]),
        ("whole", &["1", "2"]),
    ]);
    let change = [
        ("title", AttributeChange::Replace(texts(&["Lead"]))),
        ("proxyAddresses", AttributeChange::Update { adds: texts(&["d"]), deletes: texts(&["b"]) }),
        ("gone", AttributeChange::Delete),
        ("new", AttributeChange::Add(texts(&["n"]))),
        ("whole", AttributeChange::Replace(texts(&["2", "3"]))),
    ];
    let delta = world.delta(ObjectOperation::Update, &change);
    world.cs(FOREST, ADA, |object| {
        object.hologram = hologram;
        object.pending_import = delta;
        object.pending_import.dn = Some("CN=Ada L".to_owned());
    });
    let view = view(&world);
    assert_eq!(
        lines(&view.import),
        [
            "gone delete [x] -> []",
            "mail none [ada@x] -> [ada@x]",
            "new add [] -> [n]",
            "proxyAddresses update [-b,a,c] -> [+d,a,c]",
            "title replace [Clerk] -> [Lead]",
            "whole replace [1,2] -> [3,2]",
        ]
    );
    assert_eq!((view.import.operation, view.import.new_dn.as_deref()), (ObjectOperation::Update, Some("CN=Ada L")));
    assert_eq!((view.pending_export, view.awaiting_confirmation), (None, None));
    assert!(view.import.attributes.iter().all(|attribute| attribute.rule.is_none()));
}

#[test]
fn adds_deletes_and_replacements_of_whole_objects() {
    let check = |operation: ObjectOperation, expected: &[&str]| {
        let mut world = World::new();
        let hologram = match operation {
            ObjectOperation::Add => crate::model::Image::new(),
            _ => world.image(&[("title", &["Clerk"]), ("mail", &["m"])]),
        };
        let change = [("title", AttributeChange::Add(texts(&["Lead"])))];
        let delta = match operation {
            ObjectOperation::Delete => world.delta(operation, &[]),
            _ => world.delta(operation, &change),
        };
        let other = world.cs(FOREST, "CN=Boss", |_| {});
        let id = world.cs(FOREST, ADA, |object| {
            object.hologram = hologram;
            object.pending_import = delta;
            object.pending_import.dn = Some(ADA.to_owned());
        });
        let layer = if operation == ObjectOperation::Add { ReferenceLayer::ImportAdd } else { ReferenceLayer::Hologram };
        world.reference(id, "manager", other, layer);
        let view = view(&world);
        assert_eq!(lines(&view.import), expected, "{operation:?}");
        assert_eq!(view.import.new_dn.is_some(), operation == ObjectOperation::DeleteAdd);
    };
    check(ObjectOperation::Add, &["manager add [] -> [CN=Boss]", "title add [] -> [Lead]"]);
    check(ObjectOperation::Delete, &["mail delete [m] -> []", "manager delete [CN=Boss] -> []", "title delete [Clerk] -> []"]);
    check(
        ObjectOperation::DeleteAdd,
        &["mail delete [m] -> []", "manager none [CN=Boss] -> [CN=Boss]", "title replace [Clerk] -> [Lead]"],
    );
}

#[test]
fn export_layers_show_what_changes_over_what_lies_below() {
    let mut world = World::new();
    let hologram = world.image(&[("title", &["Clerk"]), ("mail", &["m"]), ("proxyAddresses", &["a"])]);
    let import = world.delta(ObjectOperation::Update, &[("title", AttributeChange::Replace(texts(&["Lead"])))]);
    let exported = world.delta(
        ObjectOperation::Update,
        &[
            ("title", AttributeChange::Replace(texts(&["Boss"]))),
            ("proxyAddresses", AttributeChange::Update { adds: texts(&["b"]), deletes: texts(&[]) }),
        ],
    );
    let staged = world.delta(
        ObjectOperation::Update,
        &[
            ("title", AttributeChange::Replace(texts(&["Owner"]))),
            ("proxyAddresses", AttributeChange::Update { adds: texts(&["c"]), deletes: texts(&["b"]) }),
        ],
    );
    world.cs(FOREST, ADA, |object| {
        object.hologram = hologram;
        object.pending_import = import;
        object.unconfirmed = exported;
        object.unapplied = staged;
        object.unapplied.dn = Some("CN=Owner".to_owned());
    });
    let view = view(&world);
    assert_eq!(
        lines(&view.awaiting_confirmation.unwrap()),
        ["proxyAddresses update [a] -> [+b,a]", "title replace [Lead] -> [Boss]",]
    );
    let staged = view.pending_export.unwrap();
    assert_eq!(lines(&staged), ["proxyAddresses update [-b,a] -> [+c,a]", "title replace [Boss] -> [Owner]"]);
    assert_eq!(staged.new_dn.as_deref(), Some("CN=Owner"));
}

#[test]
fn a_staged_deletion_lists_no_attributes() {
    let mut world = World::new();
    let hologram = world.image(&[("title", &["Clerk"])]);
    world.cs(FOREST, ADA, |object| {
        object.hologram = hologram;
        object.unapplied.operation = ObjectOperation::Delete;
    });
    let staged = view(&world).pending_export.unwrap();
    assert_eq!((staged.operation, staged.attributes), (ObjectOperation::Delete, Vec::new()));
}

#[test]
fn references_show_names_and_lead_to_their_targets() {
    let mut world = World::new();
    let [a, b, c, d] = ["CN=a", "CN=b", "CN=c", "CN=d"].map(|dn| world.cs(FOREST, dn, |_| {}));
    let id = world.cs(FOREST, ADA, |object| {
        object.pending_import.operation = ObjectOperation::Update;
        object.unapplied.operation = ObjectOperation::Update;
    });
    world.reference(id, "member", a, ReferenceLayer::Hologram);
    world.reference(id, "member", b, ReferenceLayer::Hologram);
    world.reference(id, "member", b, ReferenceLayer::ImportDelete);
    world.reference(id, "member", c, ReferenceLayer::ImportAdd);
    world.reference(id, "member", d, ReferenceLayer::UnappliedAdd);
    world.reference(id, "member", a, ReferenceLayer::UnappliedDelete);
    world.reference(id, "manager", a, ReferenceLayer::Hologram);
    world.reference(id, "manager", a, ReferenceLayer::UnappliedDelete);
    world.reference(id, "manager", b, ReferenceLayer::UnappliedAdd);
    let view = view(&world);
    assert_eq!(lines(&view.import), ["manager none [CN=a] -> [CN=a]", "member update [-CN=b,CN=a] -> [+CN=c,CN=a]"]);
    assert_eq!(
        lines(&view.pending_export.unwrap()),
        ["manager replace [CN=a] -> [CN=b]", "member update [-CN=a,CN=c] -> [+CN=d,CN=c]",]
    );
    let manager = &view.import.attributes[0];
    assert_eq!(manager.value_type, ValueType::Reference);
    assert_eq!(manager.old[0].cs_target, Some(super::guid(3)));
    assert_eq!((manager.old_count, manager.new_count), (1, 1));
}

#[test]
fn large_attributes_show_their_changes_first_and_count_the_rest() {
    let mut world = World::new();
    let members: Vec<CsId> = (0..450).map(|number| world.cs(FOREST, &format!("CN=m{number:03}"), |_| {})).collect();
    let many: Vec<String> = (0..450).map(|number| format!("smtp:{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let hologram = world.image(&[("proxyAddresses", &many)]);
    let delta = world.delta(
        ObjectOperation::Update,
        &[("proxyAddresses", AttributeChange::Update { adds: texts(&["new"]), deletes: texts(&["smtp:449"]) })],
    );
    let id = world.cs(FOREST, ADA, |object| {
        object.hologram = hologram;
        object.pending_import = delta;
    });
    let member = world.attribute("member");
    world.write(|transaction| {
        for target in &members {
            crate::store::references::add(transaction, id, member, *target, ReferenceLayer::Hologram).unwrap();
        }
    });
    world.reference(id, "member", members[449], ReferenceLayer::ImportDelete);
    let view = view(&world);
    let check = |attribute: &AttributeChangeView, deleted: &str, added: Option<&str>, counts: (u64, u64)| {
        assert_eq!((attribute.old_count, attribute.new_count), counts, "{}", attribute.name);
        assert_eq!((attribute.old.len(), attribute.new.len()), (200, 200));
        assert_eq!((attribute.old[0].text.as_str(), attribute.old[0].change.as_deref()), (deleted, Some("delete")));
        let first_new = Some(&attribute.new[0]).filter(|value| value.change.as_deref() == Some("add"));
        assert_eq!(first_new.map(|value| value.text.as_str()), added);
    };
    check(&view.import.attributes[0], "CN=m449", None, (450, 449));
    check(&view.import.attributes[1], "smtp:449", Some("new"), (450, 450));
}

#[test]
fn value_types_follow_the_schema_or_the_value() {
    let mut world = World::new();
    let (enabled, odd, photo) = (world.attribute("enabled"), world.attribute("odd"), world.attribute("photo"));
    world.cs(FOREST, ADA, |object| {
        object.hologram.set_one(enabled, Value::Boolean(true));
        object.hologram.set_one(odd, Value::Integer(7));
        object.hologram.set_one(photo, Value::binary([0xff, 0xfe, 0x00]));
    });
    let types: Vec<String> = view(&world)
        .import
        .attributes
        .iter()
        .map(|attribute| format!("{} {} {}", attribute.name, attribute.value_type.word(), attribute.new[0].text))
        .collect();
    assert_eq!(types, ["enabled boolean True", "odd integer 7", "photo binary //4A"]);
}

#[test]
fn the_rule_behind_a_staged_change_is_named_when_it_is_clear() {
    let check = |linked: &[&str], operation: ObjectOperation, expected: Option<&str>| {
        let mut world = World::new();
        let mut ids = std::collections::BTreeMap::new();
        for (name, precedence, target, enabled, once) in [
            ("off", 1, "TITLE", false, false),
            ("once", 2, "title", true, true),
            ("best", 3, "Title", true, false),
            ("next", 4, "title", true, false),
            ("other", 5, "mail", true, false),
        ] {
            let id = world.changed_rule(name, precedence, Direction::Outbound, FOREST, &[target], |rule| {
                rule.enabled = enabled;
                rule.flows[0].apply_once = once;
            });
            ids.insert(name, id);
        }
        let delta = world.delta(operation, &[("title", AttributeChange::Add(texts(&["x"])))]);
        world.cs(FOREST, ADA, |object| {
            object.unapplied = delta;
            object.link_rules = linked.iter().map(|name| link(ids[name], Direction::Outbound, LinkType::Join)).collect();
        });
        let staged = view(&world).pending_export.unwrap();
        assert_eq!(staged.attributes[0].rule.as_deref(), expected, "{linked:?}");
    };
    check(&["off", "once", "next", "best", "other"], ObjectOperation::Update, Some("best"));
    check(&["off", "once", "next", "best"], ObjectOperation::Add, Some("once"));
    check(&["next"], ObjectOperation::Update, Some("next"));
    check(&[], ObjectOperation::Update, None);
    check(&["other"], ObjectOperation::Update, None);
}

#[test]
fn a_rule_outside_the_link_is_named_when_no_other_could_have_staged_it() {
    let mut world = World::new();
    world.rule("flows", 1, Direction::Outbound, FOREST, &["title"]);
    world.rule("inbound", 2, Direction::Inbound, FOREST, &["title"]);
    let delta = world.delta(ObjectOperation::Update, &[("title", AttributeChange::Add(texts(&["x"])))]);
    world.cs(FOREST, ADA, |object| object.unapplied = delta);
    assert_eq!(view(&world).pending_export.unwrap().attributes[0].rule.as_deref(), Some("flows"));
}
