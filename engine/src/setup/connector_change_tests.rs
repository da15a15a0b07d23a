//! Changing a connector: everything that is wrong at once, everything stored at once.

use secrecy::SecretString;
use tempfile::TempDir;

use super::{
    ConnectionSettings, ConnectorChange, ConnectorChangeError, ConnectorFault, ConnectorPlace, NewDirectory, PartitionChoice,
};
use crate::connector::file::{FileSchema, FileSettings};
use crate::model::Deprovisioning;
use crate::protection::DeletionLimit;
use crate::service::{ConnectorProperties, Engine, EngineError, EngineOptions};
use crate::store::configuration;

const FOREST: &str = "version: 1

dn: DC=fabrikam,DC=com
objectClass: domainDNS
objectGUID:: AAECAwQFBgcICQoLDA0ODw==

dn: OU=Corp,DC=fabrikam,DC=com
objectClass: top
objectClass: organizationalUnit
objectGUID:: AAECAwQFBgcICQoLDA0OEA==

dn: CN=Ada,OU=Corp,DC=fabrikam,DC=com
objectClass: user
objectGUID:: AAECAwQFBgcICQoLDA0OEQ==

dn: OU=Berlin,OU=Corp,DC=fabrikam,DC=com
objectClass: organizationalUnit
objectGUID:: AAECAwQFBgcICQoLDA0OEg==
";
const FILE: &str = "fabrikam.com";
const TENANT: &str = "fabrikam.onmicrosoft.com - AAD";
const ROOT: &str = "DC=fabrikam,DC=com";

struct Workshop {
    folder: TempDir,
    engine: Engine,
}

impl Workshop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::create(&folder.path().join("data"), EngineOptions::default()).unwrap();
        let path = folder.path().join("forest.ldif");
        std::fs::write(&path, FOREST).unwrap();
        let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
        engine.add_directory(NewDirectory::file(FILE, &settings).unwrap()).unwrap();
        engine.add_sandbox("fabrikam", &[]).unwrap();
        let workshop = Self { folder, engine };
        // As after first runs.
        let mut writer = workshop.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        for connector in configuration::connectors(&transaction).unwrap() {
            configuration::set_required(&transaction, connector.id, None, None).unwrap();
        }
        transaction.commit().unwrap();
        drop(writer);
        workshop
    }

    fn properties(&self, connector: &str) -> ConnectorProperties {
        self.engine.connector_properties(connector).unwrap()
    }

    fn faults(&self, connector: &str, change: &ConnectorChange) -> Vec<ConnectorFault> {
        match self.engine.change_connector(connector, change).unwrap_err() {
            EngineError::ConnectorChange(ConnectorChangeError::Refused(faults)) => faults,
            other => panic!("{other}"),
        }
    }
}

fn selected_attributes(properties: &ConnectorProperties) -> Vec<String> {
    properties.attributes.iter().filter(|choice| choice.selected).map(|choice| choice.name.clone()).collect()
}

#[test]
fn everything_wrong_is_told_at_once_and_nothing_is_stored() {
    let workshop = Workshop::new();
    let before = workshop.properties(FILE);
    let gone = |name: &String| name != "title" && name != "cn";
    let change = ConnectorChange {
        name: Some(TENANT.to_uppercase()),
        description: Some("changed".into()),
        connection: Some(ConnectionSettings::File(FileSettings {
            path: workshop.folder.path().join("none.ldif"),
            schema: FileSchema::ActiveDirectory,
        })),
        partitions: vec![PartitionChoice {
            name: ROOT.into(),
            selected: true,
            include: vec!["OU=elsewhere,DC=contoso,DC=com".into()],
            exclude: Vec::new(),
        }],
        object_types: Some(vec!["user".into(), "robot".into()]),
        attributes: Some(selected_attributes(&before).into_iter().filter(gone).chain(["shoeSize".to_owned()]).collect()),
        ..ConnectorChange::default()
    };
    let faults = workshop.faults(FILE, &change);
    let told = |place: ConnectorPlace, part: &str| {
        assert!(faults.iter().any(|fault| fault.place == place && fault.message.contains(part)), "{part} in {faults:?}");
    };
    told(ConnectorPlace::Name, "already exists");
    told(ConnectorPlace::Connection, "there is no file");
    told(ConnectorPlace::Containers(ROOT.into()), "does not lie in partition");
    told(ConnectorPlace::ObjectTypes, "no object type robot");
    told(ConnectorPlace::ObjectTypes, "organizationalUnit stays selected");
    told(ConnectorPlace::Attributes, "no attribute shoeSize");
    told(ConnectorPlace::Attributes, "title is used by In from AD");
    told(ConnectorPlace::Attributes, "cn is ");
    assert_eq!(workshop.properties(FILE), before);
}

#[test]
fn everything_is_stored_at_once_with_what_has_to_run() {
    let workshop = Workshop::new();
    let before = workshop.properties(FILE);
    let types = before.object_types.iter().filter(|choice| choice.selected && choice.name != "computer");
    let change = ConnectorChange {
        as_of: Some(before.version),
        name: Some(" forest of Fabrikam ".into()),
        description: Some("pilot".into()),
        partitions: vec![PartitionChoice {
            name: ROOT.into(),
            selected: true,
            include: vec!["OU=Corp,DC=fabrikam,DC=com".into()],
            exclude: Vec::new(),
        }],
        object_types: Some(types.map(|choice| choice.name.clone()).collect()),
        deprovisioning: Some(Deprovisioning::MakeNormalDisconnector),
        ..ConnectorChange::default()
    };
    let report = workshop.engine.change_connector(FILE, &change).unwrap();
    assert_eq!((report.changed, report.full_import, report.full_synchronization), (true, true, false));
    let after = workshop.properties("forest of Fabrikam");
    assert_eq!((after.description.as_str(), after.version), ("pilot", before.version + 1));
    assert_eq!(after.partitions[0].include, ["OU=Corp,DC=fabrikam,DC=com"]);
    assert!(after.object_types.iter().all(|choice| choice.name != "computer" || !choice.selected));
    assert_eq!(after.deprovisioning, Deprovisioning::MakeNormalDisconnector);
    assert!(workshop.engine.connector("forest of Fabrikam").unwrap().full_import_required.is_some());
    let error = workshop.engine.change_connector("forest of Fabrikam", &change).unwrap_err();
    assert!(matches!(error, EngineError::ConnectorChange(ConnectorChangeError::Changed)), "{error}");
    // What stays as it is asks for nothing.
    let same = ConnectorChange { as_of: None, name: None, ..change };
    assert!(!workshop.engine.change_connector("forest of Fabrikam", &same).unwrap().changed);
    assert_eq!(workshop.properties("forest of Fabrikam"), after);
}

#[test]
fn an_attribute_that_was_selected_by_hand_stays_when_the_rules_are_written_anew() {
    let workshop = Workshop::new();
    let before = workshop.properties(FILE);
    let unused = before.attributes.iter().find(|choice| !choice.selected).unwrap().name.clone();
    let chosen = selected_attributes(&before).into_iter().chain([unused.clone()]).collect();
    let change = ConnectorChange { attributes: Some(chosen), ..ConnectorChange::default() };
    let report = workshop.engine.change_connector(FILE, &change).unwrap();
    assert_eq!((report.full_import, report.full_synchronization), (true, false), "no rule uses it");
    super::apply_default_rules(workshop.engine.database(), workshop.engine.ids()).unwrap();
    assert!(selected_attributes(&workshop.properties(FILE)).contains(&unused));
    let change = ConnectorChange { attributes: Some(selected_attributes(&before)), ..ConnectorChange::default() };
    workshop.engine.change_connector(FILE, &change).unwrap();
    super::apply_default_rules(workshop.engine.database(), workshop.engine.ids()).unwrap();
    assert_eq!(selected_attributes(&workshop.properties(FILE)), selected_attributes(&before));
}

#[test]
fn rules_are_told_with_what_they_use() {
    let properties = Workshop::new().properties(FILE);
    let title = properties.attributes.iter().find(|choice| choice.name == "title").unwrap();
    assert!(title.selected && !title.rules.is_empty());
    assert!(title.rules.is_sorted_by_key(|rule| rule.precedence));
    let unused = properties.attributes.iter().find(|choice| !choice.selected).unwrap();
    assert!(unused.rules.is_empty());
    let user = properties.object_types.iter().find(|choice| choice.name == "user").unwrap();
    assert!(user.selected && !user.needed && !user.rules.is_empty());
}

#[test]
fn a_secret_is_tried_before_it_is_stored() {
    let workshop = Workshop::new();
    let stored = || configuration::connectors(&workshop.engine.database().reader().unwrap()).unwrap().pop().unwrap().secret;
    let before = stored();
    let with = |secret: &str| ConnectorChange { secret: Some(SecretString::from(secret)), ..ConnectorChange::default() };
    let faults = workshop.faults(TENANT, &with("wrong"));
    assert_eq!(faults.iter().map(|fault| fault.place.clone()).collect::<Vec<_>>(), [ConnectorPlace::Credential], "{faults:?}");
    assert!(!faults[0].message.contains("wrong"));
    assert_eq!(stored(), before);
    let faults = workshop.faults(FILE, &with("any"));
    assert_eq!(faults[0].place, ConnectorPlace::Credential);
    let properties = workshop.properties(TENANT);
    assert!(properties.hosted && properties.has_secret);
    workshop.engine.test_connection(TENANT, &properties.connection, None).unwrap();
    let error = workshop.engine.test_connection(TENANT, &properties.connection, Some(SecretString::from("wrong"))).unwrap_err();
    assert!(error.to_string().contains("secret") || error.to_string().contains("sign"), "{error}");
}

#[test]
fn a_threshold_belongs_to_the_tenant() {
    let workshop = Workshop::new();
    assert_eq!(workshop.properties(FILE).deletion_limit, None);
    let change = |limit| ConnectorChange { deletion_limit: Some(limit), ..ConnectorChange::default() };
    assert!(workshop.engine.change_connector(TENANT, &change(DeletionLimit::Percent(10))).unwrap().changed);
    assert_eq!(workshop.properties(TENANT).deletion_limit, Some(DeletionLimit::Percent(10)));
    let faults = workshop.faults(TENANT, &change(DeletionLimit::Count(0)));
    assert_eq!(faults[0].place, ConnectorPlace::Protection);
}

#[test]
fn the_containers_of_a_file_are_listed() {
    let workshop = Workshop::new();
    let level = workshop.engine.containers(FILE, ROOT, ROOT).unwrap();
    assert!(level.whole);
    assert_eq!(level.names, ["OU=Corp,DC=fabrikam,DC=com", "OU=Berlin,OU=Corp,DC=fabrikam,DC=com"]);
    let below = workshop.engine.containers(FILE, ROOT, "OU=Corp,DC=fabrikam,DC=com").unwrap();
    assert_eq!(below.names, ["OU=Berlin,OU=Corp,DC=fabrikam,DC=com"]);
    assert_eq!(workshop.engine.containers(TENANT, "default", "default").unwrap().names, Vec::<String>::new());
}
