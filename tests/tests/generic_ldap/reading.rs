//! Schema, partitions, containers and full imports.

use syncline_engine::connector::generic_ldap::{ConnectionSecurity, GenericLdapSettings};
use syncline_engine::connector::{Connector, ConnectorErrorKind, EntryValue, ImportItem};
use syncline_engine::model::{ErrorCode, ValueType};

use super::{full, names, server};

#[test]
fn the_schema_is_that_of_the_server() {
    let Some(server) = server("the_schema_is_that_of_the_server") else { return };
    let schema = server.open(server.settings(ConnectionSecurity::Ldaps)).unwrap().schema().unwrap();
    let check = |object_type: &str, attribute: &str, expected: Option<(ValueType, bool, bool)>| {
        let found = schema.attribute_of(object_type, attribute);
        let found = found.map(|found| (found.value_type, found.multi_valued, schema.is_writable(object_type, attribute)));
        assert_eq!(found, expected, "{object_type} {attribute}");
    };
    check("inetOrgPerson", "cn", Some((ValueType::String, true, true)));
    check("inetOrgPerson", "displayName", Some((ValueType::String, false, true)));
    check("inetOrgPerson", "manager", Some((ValueType::Reference, true, true)));
    check("inetOrgPerson", "jpegPhoto", Some((ValueType::Binary, true, true)));
    check("inetOrgPerson", "entryUUID", Some((ValueType::String, false, false)));
    check("inetOrgPerson", "hasSubordinates", Some((ValueType::Boolean, false, false)));
    check("inetOrgPerson", "memberOf", Some((ValueType::Reference, true, false)));
    check("inetOrgPerson", "member", None);
    check("inetOrgPerson", "userPassword", None);
    check("groupOfNames", "member", Some((ValueType::Reference, true, true)));
    check("groupOfUniqueNames", "uniqueMember", Some((ValueType::Reference, true, true)));
    check("organizationalUnit", "ou", Some((ValueType::String, true, true)));
    for class in ["top", "dcObject", "subschema", "OpenLDAProotDSE", "olcGlobal"] {
        assert_eq!(schema.type_name(class), None);
    }
}

#[test]
fn partitions_are_naming_contexts_or_chosen_bases() {
    let Some(server) = server("partitions_are_naming_contexts_or_chosen_bases") else { return };
    let partitions = |bases: &[&str]| {
        let bases = bases.iter().map(ToString::to_string).collect();
        let settings = GenericLdapSettings { bases, ..server.settings(ConnectionSecurity::Ldaps) };
        server.open(settings).unwrap().partitions()
    };
    let found = partitions(&[]).unwrap();
    let told: Vec<_> = found.iter().map(|found| (found.name.as_str(), found.domain, found.directory_id.is_some())).collect();
    assert_eq!(
        told,
        [
            ("dc=bare,dc=test", true, false),
            (server.base.as_str(), true, true),
            ("dc=present,dc=test", true, true),
            ("dc=stamp,dc=test", true, true),
            ("cn=accesslog", false, false),
        ]
    );
    assert_eq!(found[1].dns_name.as_deref(), Some("openldap.test"));
    let people = format!("ou=people,{}", server.base);
    assert_eq!(partitions(&[&people]).unwrap()[0].name, people);
    let error = partitions(&["ou=nowhere,dc=openldap,dc=test"]).unwrap_err();
    assert!(error.kind == ConnectorErrorKind::PartitionMissing && error.message.contains("ou=nowhere"), "{error}");
    assert_eq!(partitions(&["no name"]).unwrap_err().kind, ConnectorErrorKind::Configuration);
    assert!(partitions(&[&server.base, &people]).unwrap_err().message.contains("lies under another"));
}

#[test]
fn containers_are_offered_level_by_level() {
    let Some(server) = server("containers_are_offered_level_by_level") else { return };
    let mut connector = server.open(server.settings(ConnectionSecurity::Ldaps)).unwrap();
    let found = connector.containers(&server.base, &server.base).unwrap();
    for unit in ["people", "groups", "services"] {
        assert!(found.names.contains(&format!("ou={unit},{}", server.base)), "{found:?}");
    }
    assert_eq!(connector.containers(&server.base, &format!("ou=people,{}", server.base)).unwrap().names, Vec::<String>::new());
}

#[test]
fn a_full_import_reads_thousands_of_entries_with_their_references() {
    let Some(server) = server("a_full_import_reads_thousands_of_entries_with_their_references") else { return };
    for security in [ConnectionSecurity::Ldaps, ConnectionSecurity::StartTls, ConnectionSecurity::Plain] {
        let mut connector = server.open(server.settings(security)).unwrap();
        let people = format!("ou=people,{}", server.base);
        let request = server.request(&mut connector, &server.base, &people);
        let (held, _) = full(&mut connector, &request);
        let of = |dn: &str| held.values().find(|(name, _, _)| name == dn).unwrap_or_else(|| panic!("{dn}"));
        assert_eq!(held.values().filter(|(_, object_type, _)| object_type == "inetOrgPerson").count(), 3000);
        let (_, object_type, claudia) = of(&format!("uid=claudia.keller,{people}"));
        assert_eq!(object_type, "inetOrgPerson");
        assert_eq!(claudia["mail"], [EntryValue::Text("claudia.keller@contoso.test".to_owned())]);
        let (_, _, juergen) = of(&format!("uid=juergen.mueller,{people}"));
        assert_eq!(juergen["sn"], [EntryValue::Text("Müller".to_owned())]);
        let managers: Vec<&EntryValue> = held.values().filter_map(|(_, _, found)| found.get("manager")).flatten().collect();
        assert!(managers.len() > 1000);
        for manager in managers {
            let EntryValue::Reference(dn) = manager else { panic!("{manager:?}") };
            of(dn);
        }
        assert!(
            held.values().any(|(_, _, found)| matches!(found.get("jpegPhoto").map(Vec::as_slice), Some([EntryValue::Binary(_)])))
        );
    }
}

#[test]
fn odd_names_and_values_are_read_as_they_are() {
    let Some(server) = server("odd_names_and_values_are_read_as_they_are") else { return };
    let unit = server.unit(&server.base);
    let person =
        |name: &str| format!("dn: {name},{unit}\nchangetype: add\nobjectClass: inetOrgPerson\nsn: x\ncn;lang-de: anders\n\n");
    let odd = ["cn=Doe\\, Jane \\+ \\\"Co\\\" \\<a\\> #1", "cn=\\#hash", "cn=a+sn=b", "cn=space\\20", "cn=back\\5Cslash"];
    server.change(&odd.map(person).concat());
    // LDIF wants names that are not ASCII in base64.
    server.change(&format!(
        "dn:: {}\nchangetype: add\nobjectClass: inetOrgPerson\nsn: x\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("cn=Größmann 𠮷田,{unit}"))
    ));
    let mut connector = server.open(server.settings(ConnectionSecurity::Ldaps)).unwrap();
    let request = server.request(&mut connector, &server.base, &unit);
    let (held, _) = full(&mut connector, &request);
    let mut values: Vec<String> = held
        .values()
        .filter(|(_, object_type, _)| object_type == "inetOrgPerson")
        .map(|(_, _, found)| format!("{:?}", found["cn"]))
        .collect();
    values.sort_unstable();
    let expected = ["#hash", "Doe, Jane + \"Co\" <a> #1", "Größmann 𠮷田", "a", "back\\slash", "space "];
    assert_eq!(values, expected.map(|name| format!("{:?}", [EntryValue::Text(name.to_owned())])), "{:?}", names(&held));
}

#[test]
fn entries_without_an_identity_are_errors_until_another_one_is_chosen() {
    let Some(server) = server("entries_without_an_identity_are_errors_until_another_one_is_chosen") else { return };
    let partition = "dc=bare,dc=test";
    let unit = server.unit(partition);
    let person = |uid: &str, more: &str| {
        format!("dn: cn={uid},{unit}\nchangetype: add\nobjectClass: inetOrgPerson\nsn: x\nuid: {uid}\n{more}\n")
    };
    server.change(&[person("a", ""), person("b", "uid: b2\n")].concat());
    let check = |anchor: &str, expected: &[Result<&str, &str>], watermark: bool| {
        let settings = GenericLdapSettings { anchor: anchor.to_owned(), ..server.settings(ConnectionSecurity::Ldaps) };
        let mut connector = server.open(settings).unwrap();
        let mut request = server.request(&mut connector, partition, &unit);
        request.object_types = vec!["inetOrgPerson".to_owned()];
        let mut found = Vec::new();
        let summary = connector.import(&request, &mut |item| {
            found.push(match item {
                ImportItem::Entry(entry) => Ok(String::from_utf8(entry.anchor.0).unwrap()),
                ImportItem::Bad(bad) => Err(bad.error.code.as_str().to_owned()),
                other => panic!("{other:?}"),
            });
            true
        });
        found.sort();
        let expected: Vec<_> = expected.iter().map(|found| found.map(str::to_owned).map_err(str::to_owned)).collect();
        let summary = summary.unwrap();
        assert_eq!((found, summary.watermark.is_some()), (expected, watermark), "{anchor}");
        assert!(watermark || summary.warnings.iter().any(|warning| warning.contains("modifyTimestamp")), "{summary:?}");
    };
    let missing = ErrorCode::MISSING_ANCHOR;
    check("entryUUID", &[Err(missing.as_str()), Err(missing.as_str())], false);
    check("uid", &[Ok("a"), Err("multi-valued-anchor-component")], false);
    check("cn", &[Ok("a"), Ok("b")], false);
}
