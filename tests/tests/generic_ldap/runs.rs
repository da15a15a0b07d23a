//! Whole runs: a connector is added, imported, and what is gone from the directory is gone from the connector space.

use std::collections::BTreeMap;

use secrecy::SecretString;
use syncline_engine::connector::generic_ldap::{ConnectionSecurity, GenericLdapSettings};
use syncline_engine::service::{ConnectorKind, Engine, EngineOptions};
use syncline_engine::setup::{ConnectorChange, NewDirectory};

use super::server;

#[test]
fn deletions_reach_the_connector_space_however_they_are_told() {
    let Some(server) = server("deletions_reach_the_connector_space_however_they_are_told") else { return };
    for (partition, anchor) in
        [(server.base.as_str(), "entryUUID"), ("dc=present,dc=test", "entryUUID"), ("dc=stamp,dc=test", "uid")]
    {
        let unit = server.unit(partition);
        let person =
            |name: &str| format!("dn: cn={name},{unit}\nchangetype: add\nobjectClass: inetOrgPerson\nsn: x\nuid: {name}\n\n");
        server.change(&["a", "b", "c"].map(person).concat());
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::create(&folder.path().join("data"), EngineOptions::default()).unwrap();
        let settings = GenericLdapSettings {
            bases: vec![unit.clone()],
            anchor: anchor.to_owned(),
            ..server.settings(ConnectionSecurity::Ldaps)
        };
        let new = NewDirectory::generic_ldap("people", &settings, SecretString::from(server.password.clone())).unwrap();
        let added = engine.add_directory(new).unwrap();
        assert_eq!((added.kind, added.partitions), (ConnectorKind::GenericLdap, vec![unit.clone()]));
        let change = ConnectorChange { object_types: Some(vec!["inetOrgPerson".to_owned()]), ..ConnectorChange::default() };
        engine.change_connector("people", &change).unwrap();
        let run = |profile: &str| {
            let run = engine.start_run("people", profile).unwrap().wait().unwrap();
            assert_eq!(run.summary.status, "success", "{partition} {profile}: {:?}", run.step_details);
            let counters = run.step_details.iter().flat_map(|step| &step.counters).flat_map(|group| &group.counters);
            let counted: BTreeMap<String, u64> = counters.flat_map(|counter| counter.parts.clone()).collect();
            let count = |name: &str| counted.get(name).copied().unwrap_or_default();
            (count("stage-add"), count("stage-update"), count("stage-delete"))
        };
        assert_eq!(run("Full Import"), (3, 0, 0));
        run("Full Synchronization");
        server.change(&format!("dn: cn=b,{unit}\nchangetype: delete\n\n{}", person("d")));
        let (adds, _, deletes) = run("Delta Import");
        assert_eq!((adds, deletes), (1, 1), "{partition}");
        run("Delta Synchronization");
        let (adds, _, deletes) = run("Delta Import");
        assert_eq!((adds, deletes), (0, 0), "{partition}");
        assert_eq!(run("Full Import").2, 0);
        engine.shutdown();
    }
}
