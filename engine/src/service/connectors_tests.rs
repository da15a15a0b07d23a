//! Full runs that are required by hand, and configurations compared, on the sample forest.

use super::*;
use crate::setup::demo;

#[test]
fn full_runs_are_required_and_taken_back_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let options = EngineOptions { user: "ada".to_owned(), ..EngineOptions::default() };
    let engine = demo::prepare(&folder.path().join("data"), options).unwrap();
    engine.start_cycle(CyclePolicy::Initial).unwrap().wait().unwrap();
    let name = engine.connectors().unwrap()[0].name.clone();
    let check = |import: bool, synchronization: bool| {
        let told = engine.require_full_runs(&name, import, synchronization).unwrap();
        let reason = |wanted: bool| wanted.then(|| "asked for by ada".to_owned());
        assert_eq!((told.full_import_required, told.full_sync_required), (reason(import), reason(synchronization)));
    };
    check(true, false);
    check(true, true);
    check(false, true);
    check(false, false);
    assert!(engine.require_full_runs("nowhere", true, true).is_err());
    engine.shutdown();
}

#[test]
fn a_configuration_equals_its_own_export_until_it_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let engine = demo::prepare(&folder.path().join("data"), EngineOptions::default()).unwrap();
    let export = folder.path().join("export");
    engine.export_server_configuration(&export).unwrap();
    let same = engine.compare_with_export(&export).unwrap();
    assert_eq!(same.differences, []);
    assert_eq!((same.connectors.0, same.rules.0), (same.connectors.1, same.rules.1));
    assert!(same.rules.0 > 0 && same.connectors.0 == 2);
    let connector = engine.connectors().unwrap()[0].name.clone();
    engine.set_deprovisioning(&connector, Deprovisioning::MakeExplicitDisconnector).unwrap();
    let differences = engine.compare_with_export(&export).unwrap().differences;
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!((differences[0].part, differences[0].what.as_str()), (ConfigurationPart::Connector, "deprovisioning"));
    assert!(compare_exports(&export, &export).unwrap().differences.is_empty());
    assert!(compare_exports(&export, &folder.path().join("none")).is_err());
    engine.shutdown();
}
