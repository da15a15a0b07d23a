//! Runs saved to files, and removed from the history.

use egui::Role;

use crate::fixture::Fixture;
use crate::support::*;

const RUN_4: &str = "Run 4: contoso.onmicrosoft.com - AAD, Export, completed-export-errors";

#[test]
fn scenario_9_a_run_is_saved_in_the_documented_form() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run4.xml");
    let mut window = window(&Fixture::f1());
    assert!(is_disabled(&window, "Save to File..."), "nothing is selected");
    click(&mut window, Role::Row, RUN_4);
    click(&mut window, Role::Button, "Save to File...");
    type_into(&mut window, "File", &file.display().to_string());
    click(&mut window, Role::Button, "Save");
    assert!(reads(&window, "1 run written."));
    let text = std::fs::read_to_string(&file).unwrap();
    for part in [
        "<run-history>",
        "<run-number>4</run-number>",
        "<step-result>completed-export-errors</step-result>",
        "<export-failure>1</export-failure>",
        "<error-type>AttributeValueMustBeUnique</error-type>",
        "</run-history>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    click(&mut window, Role::Button, "Save");
    assert!(
        reads(&window, &format!("{} exists already; choose another name, or allow replacing it", file.display())),
        "a file is not replaced unasked"
    );
    click(&mut window, Role::CheckBox, "Replace the file if it exists");
    click(&mut window, Role::Button, "Save");
    assert!(reads(&window, "1 run written."));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn the_whole_history_is_saved_as_csv_and_json() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Button, "File");
    click(&mut window, Role::Button, "Save Run History As...");
    click(&mut window, Role::RadioButton, "CSV");
    let csv = folder.path().join("all.csv");
    type_into(&mut window, "File", &csv.display().to_string());
    click(&mut window, Role::Button, "Save");
    assert!(reads(&window, "6 runs written."));
    let text = std::fs::read_to_string(&csv).unwrap();
    assert!(text.starts_with("Run Number,Connector,Profile,User,Step,"));
    assert!(text.lines().count() > 6, "one line per step");
    click(&mut window, Role::RadioButton, "JSON");
    click(&mut window, Role::Button, "Save");
    let json = std::fs::read_to_string(csv.with_extension("json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value.as_array().map(Vec::len), Some(6));
}

#[test]
fn scenario_10_old_runs_are_saved_and_then_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("old.xml");
    let fixture = Fixture::f1();
    let mut before = String::new();
    fixture.change(|state| {
        let run = state.runs.iter().find(|run| run.summary.id.0 == 4).unwrap();
        before = run.summary.started.strftime("%Y-%m-%d %H:%M:%S").to_string();
    });
    let mut window = window(&fixture);
    click(&mut window, Role::Button, "Clear Runs...");
    type_into(&mut window, "Clear runs before this moment", "yesterday");
    assert!(is_disabled(&window, "OK"), "that is no moment");
    type_into(&mut window, "Clear runs before this moment", &before);
    type_into(&mut window, "File", &file.display().to_string());
    click(&mut window, Role::Button, "OK");
    assert!(reads(&window, "3 runs removed. 3 runs saved before."));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("<run-details>").count(), 3);
    click(&mut window, Role::Button, "Close");
    let left = rows(&window, "Run ");
    assert_eq!(left.len(), 3);
    assert!(left[0].starts_with("Run 6") && left[2].starts_with("Run 4"));
}

#[test]
fn nothing_is_cleared_when_saving_fails() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    click(&mut window, Role::Button, "Clear Runs...");
    type_into(&mut window, "File", "/nowhere/at/all.xml");
    click(&mut window, Role::RadioButton, "Clear all runs");
    click(&mut window, Role::Button, "OK");
    fixture.change(|state| {
        assert!(!state.log.iter().any(|asked| asked.starts_with("clear history")));
        assert_eq!(state.runs.len(), 6);
    });
}
