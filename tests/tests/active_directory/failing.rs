//! A real domain controller that is stopped in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity, DeltaMode};
use syncline_engine::connector::{
    CancelToken, Connector, ConnectorErrorKind, EntryAttributes, ExportChange, ExportOperation, ExportOutcome, ImportItem,
    ImportMode, ImportRequest, Watermark,
};

use super::forest_alone;

#[test]
fn an_import_outlives_the_restart_of_the_server() {
    let Some(forest) = forest_alone("an_import_outlives_the_restart_of_the_server") else { return };
    for delta in [DeltaMode::DirSync, DeltaMode::Usn] {
        let settings = ActiveDirectorySettings { delta, ..forest.settings(ConnectionSecurity::Ldaps) };
        let mut connector = forest.open(settings).unwrap();
        let schema = Arc::new(connector.schema().unwrap());
        let request = ImportRequest { page_size: 50, ..forest.request(&schema) };
        let mut anchors = BTreeSet::new();
        let mut given = 0;
        let summary = connector.import(&request, &mut |item| {
            let ImportItem::Entry(entry) = item else { panic!("{item:?}") };
            anchors.insert(entry.anchor.0);
            given += 1;
            if given == 60 {
                forest.server("kill");
                forest.server("start");
            }
            true
        });
        let watermark = summary.unwrap().watermark.unwrap();
        let expected: BTreeSet<Vec<u8>> = super::TYPES.iter().flat_map(|(_, filter)| forest.stored(filter)).collect();
        assert_eq!((given, &anchors), (expected.len(), &expected), "{delta:?}");
        // Deltas go on over a restart too.
        forest.server("stop");
        forest.server("start");
        let request = ImportRequest { mode: ImportMode::Delta(Watermark(watermark)), ..request };
        connector.import(&request, &mut |item| panic!("{item:?}")).unwrap();
    }
}

#[test]
fn an_export_outlives_the_restart_of_the_server() {
    let Some(forest) = forest_alone("an_export_outlives_the_restart_of_the_server") else { return };
    let unit = forest.unit("OU=Writeback");
    let mut connector = forest.open_as("WRITEBACK");
    let add = |name: &str| ExportChange {
        dn: format!("CN={name},{}", unit.dn),
        object_type: "contact".to_owned(),
        anchor: None,
        operation: ExportOperation::Add,
        attributes: BTreeMap::new(),
        identity: EntryAttributes::new(),
        whole: BTreeMap::new(),
    };
    let mut export = |name: &str| connector.export(&[add(name)], &CancelToken::default());
    let made = |outcome: &ExportOutcome| matches!(outcome, ExportOutcome::Success { anchor: Some(_), .. });
    assert!(made(&export("a").unwrap()[0].outcome));
    forest.server("stop");
    assert_eq!(export("b").unwrap_err().kind, ConnectorErrorKind::Connection);
    forest.server("start");
    assert!(made(&export("b").unwrap()[0].outcome));
    forest.server("stop");
    forest.server("start");
    assert!(made(&export("c").unwrap()[0].outcome));
}

#[test]
fn an_export_in_the_middle_of_which_the_server_dies_can_be_sent_again() {
    let Some(forest) = forest_alone("an_export_in_the_middle_of_which_the_server_dies_can_be_sent_again") else { return };
    let unit = forest.unit("OU=Writeback");
    let mut connector = forest.open_as("WRITEBACK");
    let names: Vec<String> = (0..400).map(|number| format!("CN=c{number:03}")).collect();
    let add = |name: &String| ExportChange {
        dn: format!("{name},{}", unit.dn),
        object_type: "contact".to_owned(),
        anchor: None,
        operation: ExportOperation::Add,
        attributes: BTreeMap::new(),
        identity: EntryAttributes::new(),
        whole: BTreeMap::new(),
    };
    let there = || {
        let found = forest.tool("ldapsearch", &["-LLL", "-b", &unit.dn, "-s", "one", "(objectClass=contact)", "1.1"], "");
        found.lines().filter(|line| line.starts_with("dn: ")).count()
    };
    let changes: Vec<ExportChange> = names.iter().map(add).collect();
    let result = std::thread::scope(|scope| {
        let export = scope.spawn(|| connector.export(&changes, &CancelToken::default()));
        // Dies when some are made and others are not.
        while there() < 20 {}
        forest.server("kill");
        export.join().unwrap()
    });
    // Told up to the change that could not be sent, which is to be sent again.
    let results = result.unwrap();
    let (last, before) = results.split_last().unwrap();
    assert!(matches!(last.outcome, ExportOutcome::Transient(_)), "{last:?}");
    let made = |outcome: &ExportOutcome| matches!(outcome, ExportOutcome::Success { anchor: Some(_), .. });
    assert!(before.iter().all(|result| made(&result.outcome)), "{before:?}");
    assert!((20..400).contains(&before.len()), "{}", before.len());
    forest.server("start");
    // What was told as made is there. The one in doubt may be there too; then sending it again says so, and an import
    // finds it. No other is made twice or left out.
    let in_doubt = there() - before.len();
    assert!(in_doubt <= 1, "{in_doubt}");
    let results = connector.export(&changes[before.len()..], &CancelToken::default()).unwrap();
    let (first, rest) = results.split_first().unwrap();
    match &first.outcome {
        ExportOutcome::Refused(error) => assert_eq!((error.code.as_str(), in_doubt), ("cd-existing-object", 1)),
        outcome => assert!(made(outcome) && in_doubt == 0, "{outcome:?}"),
    }
    assert!(rest.iter().all(|result| made(&result.outcome)), "{rest:?}");
    assert_eq!((before.len() + results.len(), there()), (400, 400));
}
