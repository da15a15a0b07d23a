//! The metaverse schema changed through the facade: what is refused and by whom it is used, what is kept.

use super::rule_tests::installation;
use super::*;
use crate::model::{AttributeDefinition, AttributeId, CsId, Image, MvId, RuleId, SortedMap, Value, ValueType};
use crate::setup::SchemaChange;
use crate::store::attributes;
use crate::store::metaverse::{Contribution, MvNames, MvObject, insert};

fn text_attribute(name: &str) -> AttributeDefinition {
    AttributeDefinition { name: name.into(), value_type: ValueType::String, multi_valued: false, indexed: false }
}

fn add(name: &str) -> SchemaChange {
    SchemaChange::AddAttribute { object_type: "person".into(), definition: text_attribute(name) }
}

fn remove(object_type: &str, attribute: &str) -> SchemaChange {
    SchemaChange::RemoveAttribute { object_type: object_type.into(), attribute: attribute.into() }
}

/// A person who holds a text in an attribute.
fn hold(engine: &Engine, attribute: &str, text: &str) {
    let mut writer = engine.database().writer();
    let transaction = writer.transaction().unwrap();
    let mut names = attributes::load(&transaction).unwrap();
    let id: AttributeId = names.intern(attribute);
    attributes::save(&transaction, &names).unwrap();
    let mut image = Image::new();
    image.set(id, [Value::text(text)].into_iter().collect());
    let mut lineage = SortedMap::new();
    lineage.insert(id, Contribution { object: CsId(1), rule: RuleId(1), time: engine.now() });
    let mut object = MvObject {
        id: MvId(0),
        guid: engine.ids().guid(),
        object_type: "person".into(),
        image,
        lineage,
        reference_retry: false,
        provisioning_retry: false,
        created: engine.now(),
        changed: engine.now(),
    };
    insert(&transaction, &mut object, &MvNames { display_name: "Ada".into(), ..MvNames::default() }).unwrap();
    transaction.commit().unwrap();
}

fn attribute(engine: &Engine, object_type: &str, name: &str) -> Option<MvSchemaAttributeView> {
    let types = engine.metaverse_schema().unwrap();
    let kind = types.into_iter().find(|kind| kind.name == object_type)?;
    kind.attributes.into_iter().find(|attribute| attribute.name == name)
}

#[test]
fn a_change_is_refused_with_the_reason_and_the_fix() {
    let it = installation();
    let check = |change: &SchemaChange, words: &[&str]| {
        let judged = it.engine.judge_metaverse_schema(change).unwrap_err().to_string();
        let refused = it.engine.change_metaverse_schema(change).unwrap_err().to_string();
        assert_eq!(judged, refused);
        for word in words {
            assert!(refused.contains(word), "{word}: {refused}");
        }
    };
    let version = it.engine.configuration_version().unwrap();
    check(&add(&"a".repeat(129)), &["Attribute names have at most 128 characters"]);
    check(&add(""), &["name"]);
    check(&add("1st"), &["begins with a letter"]);
    check(&add("shoe]size"), &["not \"]\""]);
    check(&add("DISPLAYNAME"), &["displayName", "string, indexed", "already"]);
    check(&remove("person", "displayName"), &["In from AD - User Common", "target of a transformation", "delete the rule first"]);
    check(&remove("person", "nothing"), &["\"nothing\" on person"]);
    check(&remove("robot", "cn"), &["\"robot\"", "person"]);
    check(&SchemaChange::CreateType { name: "Person".into(), attributes: vec![] }, &["\"person\" already"]);
    check(&SchemaChange::CreateType { name: "x".into(), attributes: vec!["nothing".into()] }, &["\"nothing\""]);
    check(&SchemaChange::DeleteType { name: "person".into() }, &["object type \"person\" is used by", "more rules"]);
    let edited = |change: &dyn Fn(&mut AttributeDefinition)| {
        let mut definition = AttributeDefinition { indexed: true, ..text_attribute("displayName") };
        change(&mut definition);
        SchemaChange::EditAttribute(definition)
    };
    check(&edited(&|it| it.value_type = ValueType::Boolean), &["boolean cannot be indexed"]);
    check(&edited(&|it| (it.value_type, it.indexed) = (ValueType::Reference, false)), &["rules would be faulty", "displayName"]);
    let many = |it: &mut AttributeDefinition| (it.value_type, it.indexed, it.multi_valued) = (ValueType::Boolean, false, true);
    check(&edited(&many), &["boolean attribute holds one value"]);
    assert_eq!(it.engine.configuration_version().unwrap(), version);
}

#[test]
fn what_nobody_uses_comes_changes_and_goes() {
    let it = installation();
    let change = |change: &SchemaChange| {
        let judged = it.engine.judge_metaverse_schema(change).unwrap();
        let stored = it.engine.change_metaverse_schema(change).unwrap();
        assert_eq!((judged.stored, stored.stored), (false, true));
        assert_eq!((judged.told, judged.version), (stored.told.clone(), stored.version));
        stored.told
    };
    assert_eq!(change(&add("shoeSize")), "Attribute \"shoeSize\" (string) was added to person.");
    let shoe = || attribute(&it.engine, "person", "shoeSize");
    assert!(!shoe().unwrap().indexed);
    let indexed = AttributeDefinition { indexed: true, ..text_attribute("SHOESIZE") };
    change(&SchemaChange::EditAttribute(indexed));
    assert!(shoe().unwrap().indexed);
    let robot = SchemaChange::CreateType { name: "robot".into(), attributes: vec!["cn".into(), "shoeSize".into()] };
    assert_eq!(change(&robot), "Object type \"robot\" was created.");
    assert!(attribute(&it.engine, "robot", "cn").unwrap().import_flows.is_empty());
    change(&remove("person", "shoeSize"));
    assert!(shoe().is_none() && attribute(&it.engine, "robot", "shoeSize").is_some());
    change(&SchemaChange::DeleteType { name: "robot".into() });
    // No type has it any more: the name is free for an attribute of another kind.
    let number = AttributeDefinition { value_type: ValueType::Integer, ..text_attribute("shoeSize") };
    change(&SchemaChange::AddAttribute { object_type: "group".into(), definition: number });
    change(&SchemaChange::AllowAttributes { object_type: "person".into(), attributes: vec!["shoeSize".into()] });
    assert_eq!(shoe().unwrap().value_type, ValueType::Integer);
    assert!(it.engine.rules().unwrap().iter().all(|rule| rule.fault_count == 0));
}

#[test]
fn what_objects_hold_stays() {
    let it = installation();
    it.engine.change_metaverse_schema(&add("motto")).unwrap();
    hold(&it.engine, "motto", &"m".repeat(449));
    hold(&it.engine, "motto", "short");
    let population = it.engine.metaverse_population().unwrap();
    assert_eq!(population.types["person"]["motto"], 2);
    let refused = |change: &SchemaChange, words: &[&str]| {
        let error = it.engine.change_metaverse_schema(change).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    };
    refused(&remove("person", "motto"), &["2 objects", "full synchronization"]);
    let edited =
        |value_type, indexed| SchemaChange::EditAttribute(AttributeDefinition { value_type, indexed, ..text_attribute("motto") });
    refused(&edited(ValueType::Integer, false), &["2 objects", "only Indexed"]);
    refused(&edited(ValueType::String, true), &["\"Ada\"", "449", "448"]);
    refused(&SchemaChange::DeleteType { name: "person".into() }, &["is used by"]);
}

#[test]
fn the_schema_tells_who_uses_what() {
    let it = installation();
    let check = |name: &str, rule: &str, place: &str| {
        let found = attribute(&it.engine, "person", name).unwrap();
        let used = found.uses.iter().find(|used| used.rule == rule).unwrap_or_else(|| panic!("{name}: {rule}"));
        assert!(used.places.iter().any(|known| known == place), "{name}: {:?}", used.places);
        assert!(found.uses.is_sorted_by_key(|used| used.precedence));
    };
    check("displayName", "In from AD - User Common", "target of a transformation");
    check("sourceAnchor", "Out to AAD - User Join", "join rules");
    let name = attribute(&it.engine, "person", "displayName").unwrap();
    assert!(name.export_flows > 0 && name.import_flows.iter().all(|flow| flow.merge == crate::rules::MergeType::Update));
    let types = it.engine.metaverse_schema().unwrap();
    let person = types.iter().find(|kind| kind.name == "person").unwrap();
    assert!(person.rules.iter().any(|rule| rule.rule == "In from AD - User Join"));
}
