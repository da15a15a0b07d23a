//! Lists, pending exports and queries as files.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;
use syncline_engine::model::RunId;

use crate::fixture::Fixture;
use crate::support::*;

#[test]
fn scenario_14_searching_goes_on_beside_a_run() {
    let fixture = Fixture::f1();
    let mut window = threaded_window(&fixture);
    until(&mut window, "the runs are listed", |window| rows(window, "Run ").len() == 6);
    fixture.change(|state| state.drawing = Some(std::thread::current().id()));
    click(&mut window, Role::Row, "Run 6: contoso.com, Delta Import, success");
    click(&mut window, Role::Button, "Run...");
    inner(&window, "Run Connector").get_by_role_and_label(Role::Button, "OK").click();
    until(&mut window, "the run has begun", |window| rows(window, "Run 7").len() == 1);
    let (open, gate) = crossbeam_channel::bounded(1);
    fixture.change(|state| state.gate = Some(gate));
    tab(&mut window, "Metaverse Search");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    // The engine takes its time: frames are drawn all the same, and progress is taken in.
    until(&mut window, "the search is on its way", |window| reads(window, "Searching..."));
    fixture.change(|state| state.drawing = None);
    fixture.progress(RunId(7), 500);
    fixture.change(|state| state.drawing = Some(std::thread::current().id()));
    tab(&mut window, "Operations");
    until(&mut window, "the counter moves", |window| has(window, Role::Link, "Staging Adds: 500"));
    tab(&mut window, "Metaverse Search");
    assert!(rows(&window, "MV ").is_empty(), "nothing is answered yet");
    open.send(()).unwrap();
    until(&mut window, "the results are there", |window| rows(window, "MV ").len() == 2);
    fixture.change(|state| state.drawing = None);
}

/// Exports the list that the context menu of a row belongs to.
fn export_from(window: &mut Window, row: &str, format: &str, file: &std::path::Path) {
    right_click(window, Role::Row, row);
    click(window, Role::Button, "Export Grid As...");
    click_in(window, "Export Grid As", Role::RadioButton, format);
    type_into(window, "File", &file.display().to_string());
    click_in(window, "Export Grid As", Role::Button, "Export");
}

#[test]
fn scenario_39_a_result_grid_is_exported_as_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Metaverse Search");
    assert!(is_disabled(&window, "Export Results..."), "nothing is found yet");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    click(&mut window, Role::ColumnHeader, "displayName");
    click(&mut window, Role::ColumnHeader, "displayName");
    export_from(&mut window, "MV Alice Adams", "CSV", &file);
    assert!(reads(&window, "2 rows written."));
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "displayName,Object Type,accountName,userPrincipalName,mail,Connectors\n\
         Bob Baker,person,bob,bob@contoso.com,bob@contoso.com,2\n\
         Alice Adams,person,alice,alice@contoso.com,alice@contoso.com,2\n"
    );
    click_in(&mut window, "Export Grid As", Role::Button, "Close");
    assert!(!has(&window, Role::Window, "Export Grid As"));
}

#[test]
fn a_grid_is_exported_with_its_filter_and_all_pages() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::f1();
    fixture.many_runs(2345);
    let mut window = window(&fixture);
    let file = folder.path().join("runs.json");
    let first = rows(&window, "Run ")[0].clone();
    export_from(&mut window, &first, "JSON", &file);
    assert!(reads(&window, "2345 rows written.") || reads(&window, "2,345 rows written."));
    let value: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let list = value.as_array().unwrap();
    assert_eq!((list.len(), list[2344]["Name"].as_str()), (2345, Some("contoso.com")));
    click_in(&mut window, "Export Grid As", Role::Button, "Close");
    let fixture = Fixture::f1();
    let mut window = self::window(&fixture);
    window.key_press_modifiers(Modifiers::COMMAND, Key::F);
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Filter").type_text("export");
    window.run();
    let file = folder.path().join("runs.xml");
    export_from(&mut window, "Run 4: contoso.onmicrosoft.com - AAD, Export, completed-export-errors", "XML", &file);
    assert!(reads(&window, "1 row written."));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("<value name=\"Status\">completed-export-errors</value>") && text.matches("<row>").count() == 1,
        "{text}"
    );
    click_in(&mut window, "Export Grid As", Role::Button, "Export");
    assert!(reads(&window, &format!("{} exists already; choose another name, or allow replacing it", file.display())));
}

#[test]
fn pending_exports_are_reported_with_names_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pending.csv");
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, "Connector contoso.onmicrosoft.com - AAD, Windows Azure Active Directory (Microsoft), Idle");
    click(&mut window, Role::Button, "Pending Export Report...");
    type_into(&mut window, "File", &file.display().to_string());
    click(&mut window, Role::Button, "Save");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "DN,OMODT,ObjectType,DisplayName,UPN,AttrName,AMODT,Rule,OldValue,NewValue");
    assert!(lines.len() > 2 && lines[1..].iter().all(|line| line.starts_with("CN={bobbaker},Add,user,Bob Baker,,")), "{text}");
    assert!(lines.iter().any(|line| line.ends_with(",displayName,Add,Out to AAD - User Identity,,Bob Baker")), "{text}");
}

#[test]
fn a_query_is_saved_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.qry.json");
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Metaverse Search");
    click(&mut window, Role::Button, "Save Query...");
    type_into(&mut window, "File", &file.display().to_string());
    click_in(&mut window, "Save Query", Role::Button, "Save");
    assert!(reads(&window, &format!("Written to {}.", file.display())));
    std::fs::write(
        &file,
        r#"{"objectType": "person", "clauses": [{"attribute": "displayname", "operator": "starts-with", "value": "Ali"}]}"#,
    )
    .unwrap();
    click_in(&mut window, "Save Query", Role::Button, "Close");
    click(&mut window, Role::Button, "Load Query...");
    type_into(&mut window, "File", &file.display().to_string());
    click_in(&mut window, "Load Query", Role::Button, "Load");
    assert!(!has(&window, Role::Window, "Load Query"));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run();
    assert_eq!(rows(&window, "MV "), ["MV Alice Adams"]);
    right_click(&mut window, Role::Row, "MV Alice Adams");
    click(&mut window, Role::Button, "Lineage Graph");
    assert!(has(&window, Role::Window, "Lineage Graph - Alice Adams"));
    window.key_press(Key::Escape);
    window.run();
    std::fs::write(&file, "<query/>").unwrap();
    click(&mut window, Role::Button, "Load Query...");
    type_into(&mut window, "File", &file.display().to_string());
    click_in(&mut window, "Load Query", Role::Button, "Load");
    assert!(window.query_all_by_label_contains("no saved query of Metaverse Search").next().is_some());
}

#[test]
fn the_results_of_a_preview_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let link = format!("syncline://cs/{}/preview", crate::fixture::objects::BOB);
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some(&link));
    assert!(is_disabled(&window, "Save Preview Results..."), "there is nothing to save yet");
    click(&mut window, Role::Button, "Generate Preview");
    click(&mut window, Role::Button, "Save Preview Results...");
    let title = "Save Preview Results - CN=Bob Baker";
    for (format, file, expected) in [
        ("XML", "bob.xml", "<dn>CN=Bob Baker,OU=CORP,DC=contoso,DC=com</dn>"),
        ("JSON", "bob.json", "\"dn\": \"CN=Bob Baker,OU=CORP,DC=contoso,DC=com\""),
    ] {
        let file = folder.path().join(file);
        click_in(&mut window, title, Role::RadioButton, format);
        type_into(&mut window, "File", &file.display().to_string());
        click_in(&mut window, title, Role::Button, "Save");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(expected) && text.contains("In from AD - User Common"), "{text}");
    }
    click_in(&mut window, title, Role::Button, "Close");
    assert!(!has(&window, Role::Window, title));
}
