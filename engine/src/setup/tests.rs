//! Adding directories to a workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use secrecy::SecretString;
use tempfile::TempDir;

use super::{NewDirectory, SetupError};
use crate::connector::file::{FileSchema, FileSettings};
use crate::connector::{ConnectorError, ConnectorErrorKind};
use crate::model::RuleId;
use crate::service::{ConnectorKind, ConnectorSummary, Engine, EngineError, EngineEvent, EngineOptions};
use crate::store::configuration;

const PARTNER: &str = "\
version: 1

dn: DC=fabrikam,DC=com
objectClass: domainDNS
objectGUID:: AAECAwQFBgcICQoLDA0ODw==

dn: CN=Ada,DC=fabrikam,DC=com
objectClass: user
objectGUID:: EAECAwQFBgcICQoLDA0ODw==
sAMAccountName: ada
";

struct Workspace {
    folder: TempDir,
    engine: Engine,
}

impl Workspace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::create(&folder.path().join("data"), EngineOptions::default()).unwrap();
        Self { folder, engine }
    }

    fn forest_file(&self, domain: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{domain}.ldif"));
        // Every domain has GUIDs of its own.
        let guids = if domain == "fabrikam" { "AAECAwQFBgcICQoLDA0" } else { "DAECAwQFBgcICQoLDA0" };
        fs::write(&path, PARTNER.replace("fabrikam", domain).replace("AAECAwQFBgcICQoLDA0", guids)).unwrap();
        path
    }

    fn add_file(&self, name: &str, path: PathBuf) -> Result<ConnectorSummary, EngineError> {
        self.engine.add_directory(NewDirectory::file(name, &FileSettings { path, schema: FileSchema::ActiveDirectory }).unwrap())
    }

    fn rules(&self) -> BTreeMap<(i64, String), (RuleId, bool)> {
        let rules = configuration::rules(&self.engine.database().reader().unwrap()).unwrap();
        rules.into_iter().map(|rule| ((rule.connector.0, rule.name), (rule.id, rule.enabled))).collect()
    }
}

#[test]
fn rules_come_with_the_second_half() {
    let workspace = Workspace::new();
    let events = workspace.engine.subscribe();
    let forest = workspace.add_file("fabrikam.com", workspace.forest_file("fabrikam")).unwrap();
    assert_eq!((forest.kind, forest.partitions.as_slice()), (ConnectorKind::File, ["DC=fabrikam,DC=com".to_owned()].as_slice()));
    assert_eq!(workspace.rules().len(), 0);
    let tenant = workspace.engine.add_sandbox("fabrikam", &["fabrikam.com".to_owned()]).unwrap();
    assert_eq!((tenant.kind, tenant.name.as_str()), (ConnectorKind::Tenant, "fabrikam.onmicrosoft.com - AAD"));
    assert!(workspace.rules().len() > 20);
    assert_eq!(workspace.engine.status().unwrap().deletion_threshold, Some(500));
    let told: Vec<EngineEvent> = events.try_iter().collect();
    assert_eq!(told, [EngineEvent::ConfigurationChanged, EngineEvent::ConfigurationChanged]);

    // The tenant is there again when the workspace is opened the next time.
    let folder = workspace.engine.folder().to_owned();
    workspace.engine.shutdown();
    let engine = Engine::open(&folder, EngineOptions::default()).unwrap();
    let run = engine.start_run(&tenant.name, "Full Import").unwrap().wait().unwrap();
    assert_eq!(run.summary.status, "success", "{run:?}");
    engine.shutdown();
}

#[test]
fn a_further_forest_leaves_the_rules_of_the_first_in_place() {
    let workspace = Workspace::new();
    workspace.add_file("contoso.com", workspace.forest_file("contoso")).unwrap();
    workspace.engine.add_sandbox("contoso", &[]).unwrap();
    for profile in ["Full Import", "Full Synchronization"] {
        for connector in ["contoso.com", "contoso.onmicrosoft.com - AAD"] {
            let run = workspace.engine.start_run(connector, profile).unwrap().wait().unwrap();
            assert_eq!(run.summary.status, "success", "{run:?}");
        }
    }
    let switched_off = {
        let mut writer = workspace.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        let mut rule = configuration::rules(&transaction).unwrap().pop().unwrap();
        rule.enabled = !rule.enabled;
        configuration::save_rule(&transaction, &rule).unwrap();
        transaction.commit().unwrap();
        rule
    };
    let before = workspace.rules();
    let added = workspace.add_file("fabrikam.com", workspace.forest_file("fabrikam")).unwrap();
    let after = workspace.rules();
    assert!(after.keys().any(|(connector, _)| *connector == added.id.0));
    let kept: BTreeMap<_, _> = after.into_iter().filter(|((connector, _), _)| *connector != added.id.0).collect();
    assert_eq!(kept, before);
    assert_eq!(kept[&(switched_off.connector.0, switched_off.name)].1, switched_off.enabled);

    let connectors = workspace.engine.connectors().unwrap();
    let required = |name: &str| {
        let connector = connectors.iter().find(|connector| connector.name == name).unwrap();
        (connector.full_import_required.clone(), connector.full_sync_required.clone())
    };
    assert_eq!(required("contoso.com"), (None, None));
    assert_eq!(required("contoso.onmicrosoft.com - AAD"), (None, Some("a directory was added".to_owned())));
    assert!(required("fabrikam.com").0.is_some() && required("fabrikam.com").1.is_some());
    workspace.engine.shutdown();
}

#[test]
fn what_cannot_be_added_is_not_stored() {
    let workspace = Workspace::new();
    let forest = workspace.forest_file("contoso");
    workspace.add_file("contoso.com", forest.clone()).unwrap();
    let check = |result: Result<ConnectorSummary, EngineError>, expected: fn(&SetupError) -> bool| {
        let before = workspace.engine.connectors().unwrap();
        match result.unwrap_err() {
            EngineError::Setup(error) => assert!(expected(&error), "{error:?}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(workspace.engine.connectors().unwrap(), before);
    };
    check(
        workspace.add_file("CONTOSO.com", forest.clone()),
        |error| matches!(error, SetupError::NameTaken(name) if name == "contoso.com"),
    );
    check(
        workspace.add_file("contoso.org", forest.clone()),
        |error| matches!(error, SetupError::PartitionTaken { connector, .. } if connector == "contoso.com"),
    );
    check(workspace.add_file("  ", forest), |error| matches!(error, SetupError::NoName));
    check(workspace.add_file("fabrikam.com", workspace.folder.path().join("nothing.ldif")), |error| {
        matches!(error, SetupError::Connector(ConnectorError { kind: ConnectorErrorKind::FileNotFound, .. }))
    });
    let empty = workspace.folder.path().join("empty.ldif");
    fs::write(&empty, "version: 1\n").unwrap();
    check(workspace.add_file("fabrikam.com", empty), |error| matches!(error, SetupError::NoPartition(_)));
    check(workspace.engine.add_sandbox("con toso", &[]), |error| matches!(error, SetupError::Sandbox(_)));
    workspace.engine.add_sandbox("contoso", &[]).unwrap();
    check(workspace.engine.add_sandbox("fabrikam", &[]), |error| matches!(error, SetupError::SecondTenant(_)));
    workspace.engine.shutdown();
}

#[test]
fn a_credential_is_tried_before_it_is_stored() {
    let workspace = Workspace::new();
    workspace.add_file("contoso.com", workspace.forest_file("contoso")).unwrap();
    let tenant = workspace.engine.add_sandbox("contoso", &[]).unwrap();
    let secret_of = |name: &str| {
        let records = configuration::connectors(&workspace.engine.database().reader().unwrap()).unwrap();
        records.into_iter().find(|record| record.name == name).unwrap().secret
    };
    let stored = secret_of(&tenant.name).unwrap();
    let refused = workspace.engine.set_credential(&tenant.name, SecretString::from("wrong")).unwrap_err();
    assert!(
        matches!(&refused, EngineError::Setup(SetupError::Connector(error)) if error.kind == ConnectorErrorKind::Credentials),
        "{refused:?}"
    );
    assert_eq!(secret_of(&tenant.name).unwrap(), stored);

    let current = workspace.engine.secrets().decrypt(&stored).unwrap();
    let events = workspace.engine.subscribe();
    workspace.engine.set_credential(&tenant.guid.to_string(), current).unwrap();
    assert_ne!(secret_of(&tenant.name).unwrap(), stored, "encrypted anew");
    assert_eq!(events.try_iter().collect::<Vec<_>>(), [EngineEvent::ConfigurationChanged]);

    let file = workspace.engine.set_credential("contoso.com", SecretString::from("x")).unwrap_err();
    assert!(matches!(file, EngineError::Setup(SetupError::NoCredential(_))), "{file:?}");
    let unknown = workspace.engine.set_credential("fabrikam.com", SecretString::from("x")).unwrap_err();
    assert!(matches!(unknown, EngineError::UnknownConnector { .. }), "{unknown:?}");
    workspace.engine.shutdown();
}
