use jiff::Timestamp;
use syncline_expression::{AttributeKind, CountingRandom, Outcome, SourceObject, Value};

use super::{FOREST, World, guid, texts};
use crate::model::{AttributeChange, ObjectOperation, Value as ModelValue};
use crate::service::queries::expression::{
    connector_space_object, metaverse_object, shipped_object, shipped_target, stored_target,
};
use crate::service::{EngineError, ExpressionObject};
use crate::store::references::ReferenceLayer;

const ADA: &str = "CN=Ada,DC=contoso,DC=com";

/// What an expression gives on an object, in short.
fn eval(object: &SourceObject, text: &str) -> String {
    let program = match object.compile(text) {
        Ok(program) => program,
        Err(problems) => return problems[0].kind.name().to_owned(),
    };
    match object.evaluate(&program, Timestamp::UNIX_EPOCH, &CountingRandom::default()) {
        Ok(Outcome::Null) => "NULL".to_owned(),
        Ok(Outcome::Single(Value::Text(text) | Value::Reference(text))) => text,
        Ok(Outcome::Multi(values)) => format!("{} values", values.len()),
        other => format!("{other:?}"),
    }
}

fn check(object: &ExpressionObject, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(eval(&object.source, text), *expected, "{text}");
    }
}

#[test]
fn a_connector_space_object_is_read_as_rules_read_it() {
    let mut world = World::new();
    world.partition(FOREST, "DC=contoso,DC=com", true);
    let hologram = world.image(&[("mail", &["ada@old"])]);
    let import = world.delta(ObjectOperation::Update, &[("mail", AttributeChange::Replace(texts(&["ada@imported"])))]);
    let export = world.delta(ObjectOperation::Update, &[("mail", AttributeChange::Replace(texts(&["ada@pending"])))]);
    world.cs(FOREST, ADA, |object| {
        object.hologram = hologram;
        object.pending_import = import;
        object.unapplied = export;
    });
    let ask = |connector: &str, dn: &str| connector_space_object(&world.reader(), &world.context(), connector, dn);
    let object = ask("Contoso.com", "cn=ada, dc=contoso, dc=com").unwrap();
    check(
        &object,
        &[
            ("[mail]", "ada@pending"),
            ("ImportedValue(\"mail\")", "ada@imported"),
            ("[dn]", ADA),
            ("%Connector.ID%", "00000000-0000-0000-0000-000000000385"),
            ("%Domain.FQDN% & \"/\" & %Domain.LDAP%", "contoso.com/DC=contoso,DC=com"),
            ("%Forest.Netbios%", "NULL"),
            ("%Domain.Name%", "unknown-parameter"),
            // The directory's schema does not know it; the default rules read it as absent.
            ("[mailNickname]", "NULL"),
            ("[mailnickname]", "unknown-attribute"),
        ],
    );
    assert!(object.inbound && object.lacking.contains(&"mailNickname".to_owned()));
    assert!(!object.lacking.contains(&"mail".to_owned()));
    assert_eq!(object.source.description, "object type user of connector contoso.com");
    assert!(matches!(ask("contoso.com", "CN=Bob"), Err(EngineError::UnknownObject { .. })));
    assert!(matches!(ask("fabrikam.com", ADA), Err(EngineError::UnknownConnector { .. })));
}

#[test]
fn references_are_read_as_names_and_placeholders_are_refused() {
    let mut world = World::new();
    let boss = world.cs(FOREST, "CN=Boss,DC=x", |object| object.object_type = None);
    let ada = world.cs(FOREST, ADA, |_| {});
    world.reference(ada, "manager", boss, ReferenceLayer::Hologram);
    world.reference(ada, "member", boss, ReferenceLayer::UnappliedAdd);
    world.allow(FOREST, &["manager", "member"]);
    let ask = |dn: &str| connector_space_object(&world.reader(), &world.context(), "contoso.com", dn);
    check(
        &ask(ADA).unwrap(),
        &[("[manager]", "CN=Boss,DC=x"), ("Item([member], 1)", "CN=Boss,DC=x"), ("ImportedValue(\"member\")", "NULL")],
    );
    let error = ask("CN=Boss,DC=x").unwrap_err();
    assert!(error.to_string().contains("placeholder"), "{error}");
}

#[test]
fn a_metaverse_object_belongs_to_outbound_rules() {
    let mut world = World::new();
    let mut image = world.image(&[("displayName", &["Ada"]), ("proxyAddresses", &["a", "b"])]);
    image.set_one(world.attribute("cloudFiltered"), ModelValue::Boolean(false));
    world.mv_of("person", image, &[]);
    let ask = |connector: Option<&str>| metaverse_object(&world.reader(), &world.context(), guid(3), connector);
    let object = ask(None).unwrap();
    check(
        &object,
        &[
            ("[displayName]", "Ada"),
            ("[proxyAddresses]", "2 values"),
            ("IIF([cloudFiltered], 1, \"no\")", "no"),
            ("%Connector.ID%", "NULL"),
            ("%Domain.FQDN%", "unknown-parameter"),
            ("[sAMAccountName]", "unknown-attribute"),
        ],
    );
    assert!(!object.inbound && object.lacking.is_empty());
    check(&ask(Some("contoso.onmicrosoft.com - AAD")).unwrap(), &[("%Connector.ID%", "00000000-0000-0000-0000-000000000386")]);
    assert!(matches!(ask(Some("fabrikam.com")), Err(EngineError::UnknownConnector { .. })));
    let unknown = metaverse_object(&world.reader(), &world.context(), guid(77), None);
    assert!(matches!(unknown, Err(EngineError::UnknownObject { .. })));
}

#[test]
fn shipped_types_have_their_attributes_and_no_values() {
    let user = shipped_object("User").unwrap();
    check(&user, &[("[displayName]", "NULL"), ("[proxyAddresses]", "NULL"), ("%Forest.LDAP%", "NULL"), ("[dn]", "NULL")]);
    assert_eq!(user.source.description, "object type user of Active Directory");
    let person = shipped_object("mv:person").unwrap();
    check(&person, &[("[accountName]", "NULL"), ("%Connector.ID%", "NULL"), ("%Forest.LDAP%", "unknown-parameter")]);
    let refused = |name: &str| shipped_object(name).unwrap_err().to_string();
    assert!(refused("robot").contains("its types: computer, contact, "), "{}", refused("robot"));
    assert!(refused("mv:robot").contains("mv:device, mv:group, mv:person"), "{}", refused("mv:robot"));
}

#[test]
fn targets_tell_type_and_length() {
    let check = |name: &str, inbound: bool, expected: Option<(AttributeKind, bool, Option<usize>)>| {
        let found = shipped_target(name, inbound).unwrap();
        assert_eq!(found.map(|target| (target.kind, target.multi_valued, target.max_length)), expected, "{name}");
    };
    check("accountname", true, Some((AttributeKind::Text, false, Some(448))));
    check("cloudFiltered", true, Some((AttributeKind::Boolean, false, None)));
    check("immutableId", true, None);
    check("proxyAddresses", false, Some((AttributeKind::Text, true, None)));
    check("sAMAccountName", false, Some((AttributeKind::Text, false, None)));
    let world = World::new();
    let found = stored_target(&world.context(), Some("contoso.com"), "MEMBER").unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.kind, found.multi_valued), ("member", AttributeKind::Reference, true));
    assert!(stored_target(&world.context(), Some("contoso.com"), "nothing").unwrap().is_none());
    let found = stored_target(&world.context(), None, "accountName").unwrap().unwrap();
    assert_eq!((found.kind, found.max_length), (AttributeKind::Text, Some(448)));
}
