use super::{TENANT, World, guid, texts};
use crate::model::{AttributeChange, ObjectOperation, Value, Values};
use crate::service::queries::validate::object;

/// What is wrong with one staged change of a user; the connector's users have these attributes.
fn faults(allowed: &[&str], object_type: &str, changes: &[(&str, AttributeChange)]) -> Vec<(String, String)> {
    let mut world = World::new();
    world.allow(TENANT, allowed);
    let delta = world.delta(ObjectOperation::Update, changes);
    world.cs(TENANT, "CN=a", |object| {
        object.unapplied = delta;
        object.object_type = Some(object_type.to_owned());
    });
    let reader = world.reader();
    let known = (1..100).find_map(|number| object(&reader, &world.context(), guid(number)).ok());
    known.unwrap().faults.into_iter().map(|fault| (fault.attribute, fault.message)).collect()
}

#[test]
fn what_is_staged_is_held_against_the_schema() {
    let add = |values: &[&str]| AttributeChange::Add(texts(values));
    let check = |object_type: &str, attribute: &str, change: AttributeChange, expected: &[(&str, &str)]| {
        let found = faults(&["title", "enabled", "proxyAddresses"], object_type, &[(attribute, change)]);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((attribute, message), (wanted, words)) in found.iter().zip(expected) {
            assert!(attribute == wanted && message.contains(words), "{found:?}, not {words:?}");
        }
    };
    check("user", "title", add(&["Engineer"]), &[]);
    check("user", "proxyAddresses", add(&["smtp:a", "smtp:b"]), &[]);
    check("user", "title", AttributeChange::Delete, &[]);
    check("user", "title", add(&["Engineer", "Manager"]), &[("title", "holds one value; 2 are staged")]);
    check("user", "title", add(&[""]), &[("title", "empty value")]);
    check("user", "enabled", add(&["yes"]), &[("enabled", "values of type boolean; string is staged")]);
    check("user", "enabled", AttributeChange::Add(Values::from_elem(Value::Boolean(true), 1)), &[]);
    check("user", "shoeSize", add(&["42"]), &[("shoeSize", "no such attribute; refresh the schema")]);
    check("user", "manager", add(&["Ada"]), &[("manager", "have no such attribute"), ("manager", "of type reference")]);
    check("robot", "title", add(&["Engineer"]), &[("", "no object type \"robot\"")]);
}
