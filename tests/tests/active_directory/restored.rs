//! A domain controller that is set back to an earlier state, and references that go without a word.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity, DeltaMode};
use syncline_engine::connector::{Connector, ConnectorErrorKind, ImportItem, ImportMode, ImportRequest, Watermark};
use syncline_engine::service::{Engine, EngineOptions};
use syncline_engine::setup::NewDirectory;

use super::{Forest, forest_alone};

fn copy(from: &Path, to: &Path) {
    let output = Command::new("cp").arg("-a").arg(from).arg(to).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The stopped domain controller as it is, kept beside it.
struct Backup<'a> {
    forest: &'a Forest,
    folder: tempfile::TempDir,
}

impl<'a> Backup<'a> {
    fn new(forest: &'a Forest) -> Self {
        let folder = tempfile::tempdir_in(forest.servers()).unwrap();
        forest.server("stop");
        copy(&forest.servers().join("corp"), &folder.path().join("corp"));
        forest.server("start");
        Self { forest, folder }
    }

    fn restore(&self) {
        self.forest.server("stop");
        let place = self.forest.servers().join("corp");
        std::fs::remove_dir_all(&place).unwrap();
        copy(&self.folder.path().join("corp"), &place);
        self.forest.server("start");
    }
}

/// Trap D15: a domain controller that was restored gives its numbers again, and tells nothing of what it does under
/// numbers that were seen already.
#[test]
fn a_restored_domain_controller_asks_for_a_full_import() {
    let Some(forest) = forest_alone("a_restored_domain_controller_asks_for_a_full_import") else { return };
    let unit = forest.unit("");
    let backup = Backup::new(&forest);
    for delta in [DeltaMode::DirSync, DeltaMode::Usn] {
        let contact = |name: &str| format!("dn: CN={name},{}\nchangetype: add\nobjectClass: contact\n\n", unit.dn);
        forest.change(&["a", "b", "c"].map(contact).concat());
        let settings = ActiveDirectorySettings { delta, ..forest.settings(ConnectionSecurity::Ldaps) };
        let mut connector = forest.open(settings.clone()).unwrap();
        let schema = Arc::new(connector.schema().unwrap());
        let request = ImportRequest { object_types: vec!["contact".to_owned()], ..forest.request(&schema) };
        let import = |mode: ImportMode| {
            let mut connector = forest.open(settings.clone()).unwrap();
            let mut found = BTreeSet::new();
            let summary = connector.import(&ImportRequest { mode, ..request.clone() }, &mut |item| {
                if let ImportItem::Entry(entry) = item {
                    found.extend(entry.dn.strip_suffix(&format!(",{}", unit.dn)).map(str::to_owned));
                }
                true
            });
            (found, summary)
        };
        let (found, summary) = import(ImportMode::Full);
        assert_eq!(found, ["CN=a", "CN=b", "CN=c"].map(str::to_owned).into());
        let watermark = summary.unwrap().watermark.unwrap();
        backup.restore();
        // Under a number that was used before.
        forest.change(&contact("d"));
        let (found, result) = import(ImportMode::Delta(Watermark(watermark)));
        let error = result.unwrap_err();
        assert_eq!((found, error.kind), (BTreeSet::new(), ConnectorErrorKind::NoWatermark), "{error}");
        assert!(error.message.contains("earlier state") && error.message.contains("run a full import"), "{error}");
        let (found, summary) = import(ImportMode::Full);
        assert!(summary.unwrap().watermark.is_some());
        assert_eq!(found, ["CN=d".to_owned()].into());
        backup.restore();
    }
}

/// Trap D11: when a member is deleted, no change of its groups is told.
#[test]
fn a_deleted_member_leaves_its_groups_in_the_connector_space() {
    let Some(forest) = forest_alone("a_deleted_member_leaves_its_groups_in_the_connector_space") else { return };
    for delta in [DeltaMode::DirSync, DeltaMode::Usn] {
        let unit = forest.unit("");
        let object = |name: &str, rest: &str| format!("dn: CN={name},{}\nchangetype: add\n{rest}\n\n", unit.dn);
        let members = ["a", "b"].map(|name| format!("member: CN={name},{}\n", unit.dn)).concat();
        forest.change(&["a", "b"].map(|name| object(name, "objectClass: contact")).concat());
        forest.change(&object("g", &format!("objectClass: group\n{members}")));
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::create(&folder.path().join("data"), EngineOptions::default()).unwrap();
        let settings = ActiveDirectorySettings { delta, ..forest.settings(ConnectionSecurity::Ldaps) };
        let password = secrecy::SecretString::from(forest.password.clone());
        engine.add_directory(NewDirectory::active_directory(&forest.domain, &settings, password).unwrap()).unwrap();
        engine.add_sandbox("contoso", std::slice::from_ref(&forest.domain)).unwrap();
        let (include, exclude) = (std::slice::from_ref(&unit.dn), std::slice::from_ref(&forest.base));
        engine.choose_containers(&forest.domain, None, include, exclude).unwrap();
        let run = |profile: &str| {
            let run = engine.start_run(&forest.domain, profile).unwrap().wait().unwrap();
            assert_eq!(run.summary.status, "success", "{profile}: {:?}", run.step_details);
        };
        let members = || {
            let connector = engine.connector(&forest.domain).unwrap().id;
            let group = engine.cs_object_by_dn(connector, &format!("CN=g,{}", unit.dn)).unwrap();
            let member = group.import.attributes.into_iter().find(|attribute| attribute.name == "member");
            let names = member.into_iter().flat_map(|member| member.new).map(|value| value.text);
            names.map(|name| name.split(',').next().unwrap().to_owned()).collect::<BTreeSet<_>>()
        };
        run("Full Import");
        run("Full Synchronization");
        assert_eq!(members(), ["CN=a", "CN=b"].map(str::to_owned).into());
        forest.change(&format!("dn: CN=a,{}\nchangetype: delete\n", unit.dn));
        run("Delta Import");
        run("Delta Synchronization");
        assert_eq!(members(), ["CN=b".to_owned()].into(), "{delta:?}");
        engine.shutdown();
    }
}
