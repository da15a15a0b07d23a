//! One connector as a file: what was written says nothing new of its own connector, and makes the same one elsewhere.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::connector::file::{FileSchema, FileSettings};
use crate::service::{ConnectorFate, Engine, EngineOptions, UpdateWord};
use crate::setup::{ConnectorChange, NewDirectory};

const FOREST: &str = "version: 1

dn: DC=fabrikam,DC=com
objectClass: domainDNS
objectGUID:: AAECAwQFBgcICQoLDA0ODw==
";
const FILE: &str = "fabrikam.com";

fn workspace(folder: &TempDir, name: &str, with_forest: bool) -> Engine {
    let engine = Engine::create(&folder.path().join(name), EngineOptions::default()).unwrap();
    if with_forest {
        let path = folder.path().join("forest.ldif");
        std::fs::write(&path, FOREST).unwrap();
        let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
        engine.add_directory(NewDirectory::file(FILE, &settings).unwrap()).unwrap();
    }
    engine.add_sandbox("fabrikam", &[]).unwrap();
    engine
}

fn written(engine: &Engine, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("connector.xml");
    std::fs::write(&path, engine.export_connector(FILE).unwrap()).unwrap();
    path
}

fn differences(engine: &Engine, path: &Path) -> Vec<(&'static str, String, UpdateWord)> {
    let judged = engine.judge_connector_update(FILE, path).unwrap();
    assert!(judged.faults.is_empty(), "{:?}", judged.faults);
    judged.differences.into_iter().map(|difference| (difference.what, difference.name, difference.kind)).collect()
}

#[test]
fn a_file_says_nothing_new_of_its_connector_until_that_changes() {
    let folder = tempfile::tempdir().unwrap();
    let engine = workspace(&folder, "data", true);
    let path = written(&engine, &folder);
    assert!(!std::fs::read_to_string(&path).unwrap().contains(&folder.path().display().to_string()), "no path of this computer");
    assert_eq!(differences(&engine, &path), []);
    let before = engine.connector_properties(FILE).unwrap();
    let profiles = engine.connector(FILE).unwrap().profiles;
    let types = before.object_types.iter().filter(|choice| choice.selected && choice.name != "contact");
    let mut attributes: Vec<String> =
        before.attributes.iter().filter(|choice| choice.selected).map(|choice| choice.name.clone()).collect();
    let unused = before.attributes.iter().find(|choice| !choice.selected).unwrap().name.clone();
    attributes.push(unused.clone());
    let change = ConnectorChange {
        description: Some("other".into()),
        object_types: Some(types.map(|choice| choice.name.clone()).collect()),
        attributes: Some(attributes),
        ..ConnectorChange::default()
    };
    engine.change_connector(FILE, &change).unwrap();
    engine.delete_run_profile(FILE, "Export").unwrap();
    assert_eq!(
        differences(&engine, &path),
        [
            ("Description", String::new(), UpdateWord::Changed),
            ("Object type", "contact".to_owned(), UpdateWord::Added),
            ("Attribute", unused, UpdateWord::Removed),
            ("Run profile", "Export".to_owned(), UpdateWord::Added),
        ]
    );
    assert_eq!(engine.connector_properties(FILE).unwrap().description, "other", "judging stores nothing");
    assert!(engine.update_connector(FILE, &path).unwrap().full_import);
    assert_eq!(differences(&engine, &path), []);
    let after = engine.connector_properties(FILE).unwrap();
    assert_eq!((&after.object_types, &after.attributes), (&before.object_types, &before.attributes));
    let steps = |profiles: &[crate::service::RunProfileView]| {
        let mut steps: Vec<_> = profiles.iter().map(|profile| (profile.name.clone(), format!("{:?}", profile.steps))).collect();
        steps.sort();
        steps
    };
    assert_eq!(steps(&engine.connector(FILE).unwrap().profiles), steps(&profiles));
}

#[test]
fn a_file_makes_a_connector_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let here = workspace(&folder, "here", true);
    let path = written(&here, &folder);
    let error = here.import_connector(&path, true).unwrap_err();
    assert_eq!(error.to_string(), "a connector named \"fabrikam.com\" already exists");
    here.change_connector(FILE, &ConnectorChange { name: Some("renamed".into()), ..ConnectorChange::default() }).unwrap();
    assert!(here.import_connector(&path, true).unwrap_err().to_string().contains("here already as \"renamed\""));
    let there = workspace(&folder, "there", false);
    let told = there.import_connector(&path, true).unwrap();
    assert!(told.dry_run && there.connector(FILE).is_err());
    let made = there.import_connector(&path, false).unwrap();
    assert_eq!(made.connectors[0].fate, ConnectorFate::Created);
    let properties = there.connector_properties(FILE).unwrap();
    assert!(!properties.has_secret);
    assert_eq!(properties.partitions[0].name, "DC=fabrikam,DC=com");
    let tenant = there.judge_connector_update("fabrikam.onmicrosoft.com - AAD", &path).unwrap_err();
    assert!(tenant.to_string().contains("another kind"), "{tenant}");
    let nothing = folder.path().join("nothing.xml");
    std::fs::write(&nothing, "<other/>").unwrap();
    assert!(there.import_connector(&nothing, true).is_err());
    assert!(there.import_connector(folder.path(), true).unwrap_err().to_string().contains("folder"));
}
