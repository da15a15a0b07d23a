//! What-ifs: asked for, read, compared, discarded, run for real.

use egui::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::{CLOUD_NAME, Fixture, objects};
use crate::support::*;

const AD_ROW: &str = "Connector contoso.com, Active Directory Domain Services, Idle";
const TITLE: &str = "What-If";

fn asked(fixture: &Fixture, question: &str) -> usize {
    let mut number = 0;
    fixture.change(|state| number = state.log.iter().filter(|asked| asked.starts_with(question)).count());
    number
}

fn opened(fixture: &std::sync::Arc<Fixture>) -> Window {
    let mut window = window(fixture);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Button, "What-If...");
    window
}

fn started(fixture: &std::sync::Arc<Fixture>) -> Window {
    let mut window = opened(fixture);
    click(&mut window, Role::Button, "Start What-If");
    window
}

/// A what-if with the rules of a file.
fn with_rules(window: &mut Window, folder: &tempfile::TempDir) {
    let file = folder.path().join("changed.toml");
    std::fs::write(&file, "# rules").unwrap();
    click(window, Role::Tab, "New What-If");
    click(window, Role::RadioButton, "The saved rules with those of a file laid over them");
    window.get_by_role_and_label(Role::TextInput, "Rules file").focus();
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Rules file").type_text(&file.display().to_string());
    window.run();
    click(window, Role::Button, "Start What-If");
}

#[test]
fn scenario_40_a_what_if_from_the_run_window_tells_what_would_happen() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, AD_ROW);
    click(&mut window, Role::Button, "Run...");
    click(&mut window, Role::Button, "Delta Synchronization");
    click_in(&mut window, "Run Connector", Role::Button, "What-If...");
    assert!(!has(&window, Role::Window, "Run Connector"));
    click(&mut window, Role::Button, "Start What-If");
    assert_eq!(asked(&fixture, "what-if delta of [ConnectorId(1)]"), 1);
    let spaces = rows_in(&window, TITLE, "Metaverse:");
    assert_eq!(spaces, ["Metaverse: 0 new, 1 updated, 0 deleted, 0 errors"]);
    assert_eq!(rows_in(&window, TITLE, "contoso.com:"), ["contoso.com: 0 new, 0 updated, 0 deleted, 1 errors"]);
    let bob = "Metaverse Bob Baker: Updated";
    assert_eq!(rows_in(&window, TITLE, "Metaverse Bob"), [bob]);
    click(&mut window, Role::Row, bob);
    assert_eq!(rows_in(&window, TITLE, "displayName"), ["displayName: Bob Baker -> Robert Baker (replace)"]);

    click(&mut window, Role::Button, "Run for Real...");
    assert!(has(&window, Role::Window, "Run Connector"));
    click(&mut window, Role::Button, "OK");
    assert_eq!(asked(&fixture, "start contoso.com: Delta Synchronization"), 1);
}

#[test]
fn a_profile_that_does_not_synchronize_has_no_what_if() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, AD_ROW);
    click(&mut window, Role::Button, "Run...");
    click(&mut window, Role::Button, "Export");
    let button = inner(&window, "Run Connector").get_by_role_and_label(Role::Button, "What-If...");
    assert!(button.accesskit_node().is_disabled());
}

#[test]
fn results_are_narrowed_by_connector_change_attribute_rule_and_error() {
    let mut window = started(&Fixture::f1());
    let objects = |window: &Window| {
        let all = rows_in(window, TITLE, "");
        all.into_iter().filter(|row| row.contains(": Updated") || row.contains(": Error changes")).collect::<Vec<_>>()
    };
    assert_eq!(objects(&window).len(), 3);
    click(&mut window, Role::CheckBox, "Errors only");
    let dan = format!("contoso.com {}: Error changes", objects::ad_dn("Dan Diaz"));
    assert_eq!(objects(&window), std::slice::from_ref(&dan));
    click(&mut window, Role::Button, "Clear Filters");
    choose(&mut window, "Rule", "In from AD - User Title Check");
    assert_eq!(objects(&window), [dan]);
    click(&mut window, Role::Button, "Clear Filters");
    choose(&mut window, "Connector", CLOUD_NAME);
    let cloud = format!("{CLOUD_NAME} {}: Updated", objects::cloud_dn("Bob Baker"));
    assert_eq!(objects(&window), std::slice::from_ref(&cloud));
    choose(&mut window, "Change", "Joined");
    assert!(objects(&window).is_empty());
    assert!(reads(&window, "No object meets the filters."));
    click(&mut window, Role::Button, "Clear Filters");

    click(&mut window, Role::Tab, "By Attribute");
    let names = rows_in(&window, TITLE, "displayName");
    assert_eq!(names, ["displayName in Metaverse: 1 object".into(), format!("displayName in {CLOUD_NAME}: 1 object")]);
    click(&mut window, Role::Tab, "By Rule");
    let rule = format!("Out to AAD - User Identity in {CLOUD_NAME}: 1 object");
    double_click(&mut window, Role::Row, &rule);
    assert_eq!(objects(&window), [cloud], "a rule leads to its objects");
}

#[test]
fn deletions_above_the_threshold_are_said_loudly() {
    let fixture = Fixture::f1();
    let folder = tempfile::tempdir().unwrap();
    let mut window = opened(&fixture);
    with_rules(&mut window, &folder);
    let text =
        format!("{CLOUD_NAME}: 501 deletions would wait, more than the threshold of 500. The next export would be refused.");
    assert!(reads(&window, &text));
    let row = format!("{CLOUD_NAME}: 0 new, 1 updated, 1 deleted, 0 errors, exceeds the deletion threshold");
    assert!(has(&window, Role::Row, &row));
    assert!(is_disabled(&window, "Run for Real..."), "the rules are not saved");
}

#[test]
fn what_is_missing_is_said_at_the_button() {
    let mut window = opened(&Fixture::f1());
    assert!(!is_disabled(&window, "Start What-If"));
    for name in ["contoso.com", CLOUD_NAME] {
        click_in(&mut window, TITLE, Role::CheckBox, name);
    }
    assert!(is_disabled(&window, "Start What-If"));
    click_in(&mut window, TITLE, Role::CheckBox, "contoso.com");
    assert!(!is_disabled(&window, "Start What-If"));
    click(&mut window, Role::RadioButton, "The saved rules with those of a file laid over them");
    assert!(is_disabled(&window, "Start What-If"));
    window.get_by_role_and_label(Role::TextInput, "Rules file").focus();
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Rules file").type_text("/nowhere/rules.toml");
    window.run();
    click(&mut window, Role::Button, "Start What-If");
    assert!(
        window.query_all_by_role(Role::Label).any(|node| {
            node.accesskit_node().value().is_some_and(|text| text.starts_with("Cannot read /nowhere/rules.toml"))
        })
    );
}

#[test]
fn an_exported_configuration_is_mapped_and_tried() {
    let fixture = Fixture::f1();
    let mut window = opened(&fixture);
    click(&mut window, Role::RadioButton, "An exported server configuration, as an import would take it over");
    window.get_by_role_and_label(Role::TextInput, "Folder of the export").focus();
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Folder of the export").type_text("/exports");
    window.run();
    assert!(is_disabled(&window, "Start What-If"), "it was not read yet");
    click(&mut window, Role::Button, "Read");
    click(&mut window, Role::Button, "Start What-If");
    assert_eq!(asked(&fixture, "what-if full"), 1);
    fixture.change(|state| assert_eq!(state.whatifs[0].0.rules_file.as_deref(), Some("/exports")));
}

#[test]
fn two_results_are_compared_and_one_is_discarded_after_a_question() {
    let fixture = Fixture::f1();
    let folder = tempfile::tempdir().unwrap();
    let mut window = started(&fixture);
    with_rules(&mut window, &folder);
    click(&mut window, Role::Tab, "Kept Results");
    let kept = rows_in(&window, TITLE, "What-if ");
    assert_eq!(kept.len(), 2);
    assert!(kept[0].starts_with("What-if 2: Full Synchronization of contoso.com with the rules of "));
    assert!(is_disabled(&window, "Compare Selected"));
    click(&mut window, Role::Row, &kept[0]);
    window.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::ArrowDown);
    window.run();
    click(&mut window, Role::Button, "Compare Selected");
    assert!(reads(&window, "1 difference"));
    let gone = format!("{CLOUD_NAME} {}: only second", objects::cloud_dn("Alice Adams"));
    assert!(has(&window, Role::Row, &gone));
    click(&mut window, Role::Row, &gone);
    assert!(reads(&window, "First: nothing happens to the object"));

    click(&mut window, Role::Tab, "Result 2");
    click(&mut window, Role::Button, "Discard...");
    click(&mut window, Role::Button, "Cancel");
    assert_eq!(asked(&fixture, "delete what-if"), 0);
    click(&mut window, Role::Button, "Discard...");
    click(&mut window, Role::Button, "Discard");
    assert_eq!(asked(&fixture, "delete what-if 2"), 1);
    assert_eq!(rows_in(&window, TITLE, "What-if ").len(), 1, "back among those that are left");
}

#[test]
fn a_what_if_tells_how_far_it_is_and_can_be_cancelled() {
    let fixture = Fixture::f1();
    fixture.change(|state| state.endless_whatif = true);
    let mut window = threaded_window(&fixture);
    until(&mut window, "the connectors are there", |window| has(window, Role::Tab, "Connectors"));
    let step_click = |window: &mut Window, role: Role, label: &str| {
        until(window, label, |window| {
            let mut nodes = window.query_all_by_role_and_label(role, label);
            nodes.next().is_some_and(|node| !node.accesskit_node().is_disabled())
        });
        window.get_by_role_and_label(role, label).click();
        window.step();
        window.step();
    };
    step_click(&mut window, Role::Tab, "Connectors");
    step_click(&mut window, Role::Button, "What-If...");
    step_click(&mut window, Role::Button, "Start What-If");
    until(&mut window, "progress", |window| has(window, Role::ProgressIndicator, "Copying the database"));
    step_click(&mut window, Role::Button, "Cancel What-If");
    until(&mut window, "the end", |window| reads(window, "The what-if was stopped; nothing of it is kept"));
    assert!(has(&window, Role::Button, "Start What-If"));
}
