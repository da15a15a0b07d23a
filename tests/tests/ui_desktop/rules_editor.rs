//! The Synchronization Rules Editor: rules listed, filtered, made, changed, tried out, removed.

use std::sync::Arc;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use syncline_engine::rules::{FlowSource, SyncRule};

use crate::fixture::{Fixture, objects, rules};
use crate::support::*;

const TITLE: &str = "Synchronization Rules Editor";
const CREATE: &str = "Create inbound synchronization rule";
const TITLE_CHECK: &str = "Rule 50 In from AD - User Title Check";
const JOIN: &str = "Rule 100 In from AD - User Join";
const ENABLED: &str = "Rule 102 In from AD - User AccountEnabled";
const COMMON: &str = "Rule 106 In from AD - User Common";

fn editor_of(fixture: &Arc<Fixture>, size: [f32; 2]) -> Window {
    let mut window = window_of(fixture, size, None);
    window.key_press_modifiers(Modifiers::COMMAND, Key::R);
    window.run();
    window
}

fn editor(fixture: &Arc<Fixture>) -> Window {
    editor_of(fixture, [1280.0, 800.0])
}

fn listed(window: &Window) -> Vec<String> {
    rows_in(window, TITLE, "Rule ")
}

/// Presses a button at the foot of the list.
fn press(window: &mut Window, label: &str) {
    click_in(window, TITLE, Role::Button, label);
    window.run();
}

/// Writes into a field instead of what is there.
fn write(window: &mut Window, title: &str, field: &str, text: &str) {
    let role = if field == "Expression" { Role::MultilineTextInput } else { Role::TextInput };
    inner(window, title).get_by_role_and_label(role, field).focus();
    window.run();
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    inner(window, title).get_by_role_and_label(role, field).type_text(text);
    window.run();
}

/// Chooses from a list that is searched by typing.
fn pick(window: &mut Window, title: &str, combo: &str, item: &str) {
    click_in(window, title, Role::ComboBox, combo);
    if let Some(field) = window.query_by_role_and_label(Role::TextInput, "Search the list") {
        field.type_text(item);
        window.run();
    }
    click(window, Role::Button, item);
}

fn rule(fixture: &Fixture, name: &str) -> Option<SyncRule> {
    let mut found = None;
    fixture.change(|state| found = state.rules.iter().find(|rule| rule.name == name).cloned());
    found
}

#[test]
fn scenario_33_filters_hold_together_and_f5_clears_them() {
    let mut window = editor(&Fixture::f1());
    assert!(reads(&window, "View and manage your synchronization rules"));
    assert_eq!(listed(&window), [TITLE_CHECK, JOIN, ENABLED, COMMON]);
    pick(&mut window, TITLE, "Metaverse Attribute", "title");
    assert_eq!(listed(&window), [TITLE_CHECK, COMMON]);
    pick(&mut window, TITLE, "Rule kind", "Standard");
    assert_eq!(listed(&window), [COMMON]);
    window.key_press(Key::F5);
    window.run();
    assert_eq!(listed(&window), [TITLE_CHECK, JOIN, ENABLED, COMMON]);
    let combos = inner(&window, TITLE).query_all_by_role(Role::ComboBox).filter_map(|node| node.accesskit_node().value());
    assert!(combos.collect::<Vec<_>>().iter().all(|value| value == "All"));
    pick(&mut window, TITLE, "Password Sync", "On");
    assert_eq!(listed(&window), [ENABLED]);
    click_in(&mut window, TITLE, Role::Button, "Outbound");
    assert_eq!(listed(&window), ["Rule 123 Out to AAD - User Join"]);
}

#[test]
fn scenario_34_a_standard_rule_is_edited_as_a_clone() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    click_in(&mut window, TITLE, Role::Row, COMMON);
    press(&mut window, "Edit");
    assert!(has(&window, Role::Dialog, "Edit Reserved Rule Confirmation"));
    click(&mut window, Role::Button, "Cancel");
    assert!(!has(&window, Role::Dialog, "Edit Reserved Rule Confirmation"));
    assert!(rule(&fixture, "In from AD - User Common").unwrap().enabled);
    assert_eq!(listed(&window).len(), 4);
    press(&mut window, "Edit");
    click(&mut window, Role::Button, "Yes");
    let clone = "In from AD - User Common - Cloned - 2026-01-05";
    assert!(has(&window, Role::Window, &format!("Edit inbound synchronization rule - {clone}")));
    let made = rule(&fixture, clone).unwrap();
    assert!(made.enabled && made.tag.is_none() && made.precedence < 100);
    assert!(!rule(&fixture, "In from AD - User Common").unwrap().enabled);
    assert!(listed(&window).contains(&format!("{COMMON}, disabled")));
}

#[test]
fn a_standard_rule_that_is_opened_itself_can_only_be_switched() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    click_in(&mut window, TITLE, Role::Row, COMMON);
    press(&mut window, "Edit");
    click(&mut window, Role::Button, "No");
    let title = "Edit inbound synchronization rule - In from AD - User Common";
    assert!(inner(&window, title).get_by_role_and_label(Role::TextInput, "Name").accesskit_node().is_disabled());
    click_in(&mut window, title, Role::CheckBox, "Disabled");
    click_in(&mut window, title, Role::Button, "Save");
    assert!(!has(&window, Role::Window, title));
    assert!(!rule(&fixture, "In from AD - User Common").unwrap().enabled);
}

#[test]
fn scenario_35_and_36_adding_a_rule_tells_what_is_wrong_and_what_has_to_run() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    press(&mut window, "Add new rule");
    let add = |window: &Window| inner(window, CREATE).get_by_role_and_label(Role::Button, "Add").accesskit_node().is_disabled();
    assert!(add(&window), "it has no name yet");
    write(&mut window, CREATE, "Name", "In from AD - User Nickname");
    assert!(!add(&window));
    write(&mut window, CREATE, "Precedence", "100");
    assert!(reads(&window, "Precedence 100 is used by \"In from AD - User Join\""));
    assert!(add(&window));
    write(&mut window, CREATE, "Precedence", "60");
    assert!(!add(&window));
    for _ in 0..3 {
        click_in(&mut window, CREATE, Role::Button, "Next");
    }
    click_in(&mut window, CREATE, Role::Button, "Add Transformation");
    pick(&mut window, CREATE, "FlowType", "Expression");
    pick(&mut window, CREATE, "Target Attribute", "givenName");
    write(&mut window, CREATE, "Expression", "PCaseX([givenName])");
    assert!(reads(&window, "^^^^^^"), "the place is marked");
    assert!(!add(&window), "an expression that cannot be read is only warned of");
    click_in(&mut window, CREATE, Role::Button, "Add");
    assert!(!has(&window, Role::Window, CREATE));
    let made = rule(&fixture, "In from AD - User Nickname").unwrap();
    assert_eq!(made.flows[0].source, FlowSource::Expression("PCaseX([givenName])".into()));
    let row = inner(&window, TITLE).get_by_role_and_label(Role::Row, "Rule 60 In from AD - User Nickname").rect();
    let signs = inner(&window, TITLE).query_all_by_role_and_label(Role::Image, "Warning").map(|node| node.rect());
    let signs: Vec<egui::Rect> = signs.collect();
    assert!(signs.iter().any(|sign| row.contains(sign.center())), "the row has a warning icon");
    assert!(reads(&window, "Full Synchronization required on contoso.com"));
    click_in(&mut window, TITLE, Role::Button, "Run...");
    assert!(has(&window, Role::Window, "Run Connector"));
    window.key_press(Key::Escape);
    window.run();
    window.key_press(Key::Escape);
    window.run();
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
    assert!(has(&window, Role::Button, "Run Full Synchronization"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_leads_to_its_field() {
    let mut window = editor(&Fixture::f1());
    press(&mut window, "Add new rule");
    write(&mut window, CREATE, "Precedence", "x");
    click_in(&mut window, CREATE, Role::Button, "Scoping filter");
    click_in(&mut window, CREATE, Role::Button, "Add Group");
    click_in(&mut window, CREATE, Role::Button, "Join rules");
    click_in(&mut window, CREATE, Role::Button, "Add Group");
    click_in(&mut window, CREATE, Role::Button, "Transformations");
    click_in(&mut window, CREATE, Role::Button, "Add Transformation");
    for place in [
        "Description, Name",
        "Description, Precedence",
        "Scoping filter, group 1, clause 1",
        "Join rules, group 1, clause 1",
        "Transformations, flow without a target",
    ] {
        assert!(has(&window, Role::Link, place), "{place}");
    }
    window.query_all_by_role_and_label(Role::Link, "Scoping filter, group 1, clause 1").next().unwrap().click_accesskit();
    window.run();
    assert!(has(&window, Role::ComboBox, "Attribute 1.1"));
    window.query_all_by_role_and_label(Role::Link, "Description, Precedence").next().unwrap().click_accesskit();
    window.run();
    let field = inner(&window, CREATE).get_by_role_and_label(Role::TextInput, "Precedence");
    assert!(field.accesskit_node().is_focused());
}

#[test]
fn scope_and_joins_are_built_clause_by_clause() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    press(&mut window, "Add new rule");
    write(&mut window, CREATE, "Name", "Sales");
    click_in(&mut window, CREATE, Role::Button, "Scoping filter");
    assert!(reads(&window, "No filter: the rule applies to all objects of type user."));
    click_in(&mut window, CREATE, Role::Button, "Add Group");
    pick(&mut window, CREATE, "Attribute 1.1", "department");
    write(&mut window, CREATE, "Value 1.1", "IT");
    click_in(&mut window, CREATE, Role::Button, "Add Group");
    pick(&mut window, CREATE, "Attribute 2.1", "mail");
    pick(&mut window, CREATE, "Operator 2.1", "ISNOTNULL");
    assert!(inner(&window, CREATE).get_by_role_and_label(Role::TextInput, "Value 2.1").accesskit_node().is_disabled());
    assert!(reads(&window, "(department EQUAL IT) OR (mail ISNOTNULL)"));
    click_in(&mut window, CREATE, Role::Button, "Join rules");
    click_in(&mut window, CREATE, Role::Button, "Add Group");
    pick(&mut window, CREATE, "Source Attribute 1.1", "mail");
    pick(&mut window, CREATE, "Target Attribute 1.1", "mail");
    click_in(&mut window, CREATE, Role::CheckBox, "Case Sensitive");
    click_in(&mut window, CREATE, Role::Button, "Add");
    let made = rule(&fixture, "Sales").unwrap();
    assert_eq!(syncline_engine::rules::scope_text(&made.scope), "(department EQUAL IT) OR (mail ISNOTNULL)");
    assert_eq!(made.join[0][0].to_string(), "mail == mail");
}

#[test]
fn an_expression_is_completed_laid_out_and_tried_on_an_object() {
    let fixture = Fixture::f1();
    let mut window = editor_of(&fixture, [1280.0, 1000.0]);
    click_in(&mut window, TITLE, Role::Row, TITLE_CHECK);
    press(&mut window, "Edit");
    let title = "Edit inbound synchronization rule - In from AD - User Title Check";
    click_in(&mut window, title, Role::Button, "Transformations");
    write(&mut window, title, "Expression", "UCa");
    assert!(has(&window, Role::Button, "UCase("));
    window.key_press(Key::Tab);
    window.run();
    inner(&window, title).get_by_role_and_label(Role::MultilineTextInput, "Expression").type_text("[displayN");
    window.run();
    window.key_press(Key::Enter);
    window.run();
    inner(&window, title).get_by_role_and_label(Role::MultilineTextInput, "Expression").type_text(")&\"!\"");
    window.run();
    click_in(&mut window, title, Role::Button, "Format");
    let text = inner(&window, title).get_by_role_and_label(Role::MultilineTextInput, "Expression").accesskit_node().value();
    assert_eq!(text.as_deref(), Some("UCase([displayName]) & \"!\""));
    assert!(reads(&window, "No problem found"));
    write(&mut window, title, "Object to test on", "Bob");
    click_in(&mut window, title, Role::Button, "Find Objects");
    click_in(&mut window, title, Role::Button, "Bob Baker");
    let whole = "UCase([displayName]) & \"!\" = \"BOB BAKER!\"";
    assert_eq!(rows_in(&window, title, "UCase([displayName]) &"), [whole]);
    assert!(fixture.log().contains(&format!("expression object of contoso.com: {}", objects::ad_dn("Bob Baker"))));
}

#[test]
fn a_rule_as_it_stands_is_tested_on_an_object() {
    let fixture = Fixture::f1();
    let mut window = editor_of(&fixture, [1280.0, 1000.0]);
    click_in(&mut window, TITLE, Role::Row, TITLE_CHECK);
    press(&mut window, "Edit");
    let title = "Edit inbound synchronization rule - In from AD - User Title Check";
    click_in(&mut window, title, Role::Button, "Scoping filter");
    click_in(&mut window, title, Role::Button, "Add Group");
    pick(&mut window, title, "Attribute 1.1", "department");
    write(&mut window, title, "Value 1.1", "IT");
    click_in(&mut window, title, Role::Button, "Test on object...");
    write(&mut window, title, "Object to test on", "Bob");
    click_in(&mut window, title, Role::Button, "Find Objects");
    click_in(&mut window, title, Role::Button, "Bob Baker");
    assert!(reads(&window, "The object is out of scope of the rule: department EQUAL IT does not hold (absent)"));
    assert!(has(&window, Role::Row, "department EQUAL IT: No Match, found absent"));
    assert!(has(&window, Role::Row, "In from AD - User Title Check -> title: Applied"));
    click_in(&mut window, title, Role::Button, "Scoping filter");
    click_in(&mut window, title, Role::Button, "Remove Group");
    click_in(&mut window, title, Role::Button, "Test on object...");
    assert!(reads(&window, "The object is in scope of the rule."), "it is asked again after a change");
}

#[test]
fn who_else_writes_the_attribute_is_listed_by_precedence() {
    let mut window = editor_of(&Fixture::f1(), [1280.0, 1000.0]);
    click_in(&mut window, TITLE, Role::Row, TITLE_CHECK);
    press(&mut window, "Edit");
    let title = "Edit inbound synchronization rule - In from AD - User Title Check";
    click_in(&mut window, title, Role::Button, "Transformations");
    click_in(&mut window, title, Role::Tab, "Who else writes it");
    assert_eq!(
        rows_in(&window, title, "Writer "),
        [
            "Writer 1: In from AD - User Title Check, precedence 50, this rule",
            "Writer 2: In from AD - User Common, precedence 106"
        ]
    );
}

#[test]
fn a_rule_that_is_not_saved_is_asked_what_it_would_do() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    click_in(&mut window, TITLE, Role::Row, TITLE_CHECK);
    press(&mut window, "Edit");
    let title = "Edit inbound synchronization rule - In from AD - User Title Check";
    write(&mut window, title, "Name", "Title Check");
    click_in(&mut window, title, Role::Button, "What would it do?");
    assert!(has(&window, Role::RadioButton, "The saved rules with \"Title Check\" as it is not saved yet"));
    click(&mut window, Role::Button, "Start What-If");
    let mut text = String::new();
    fixture.change(|state| text = state.whatifs[0].0.rules_file.clone().unwrap());
    assert_eq!(text, "\"Title Check\" as it is not saved yet");
    assert!(rule(&fixture, "Title Check").is_none(), "nothing is saved");
}

#[test]
fn a_rule_goes_after_a_question_and_a_standard_rule_never() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    click_in(&mut window, TITLE, Role::Row, JOIN);
    press(&mut window, "Delete");
    assert!(has(&window, Role::Dialog, "Delete Standard Rule"));
    click(&mut window, Role::Button, "Disable Rule");
    assert!(!rule(&fixture, "In from AD - User Join").unwrap().enabled);
    click_in(&mut window, TITLE, Role::Row, TITLE_CHECK);
    press(&mut window, "Delete");
    assert!(has(&window, Role::Dialog, "Delete Synchronization Rule"));
    assert!(window.get_by_role_and_label(Role::Button, "Cancel").accesskit_node().is_focused(), "the safe button has the focus");
    click(&mut window, Role::Button, "Cancel");
    assert!(rule(&fixture, "In from AD - User Title Check").is_some());
    press(&mut window, "Delete");
    click(&mut window, Role::Button, "Delete Rule");
    assert!(rule(&fixture, "In from AD - User Title Check").is_none());
    assert_eq!(listed(&window).len(), 3);
}

#[test]
fn what_was_changed_is_not_lost_without_a_question() {
    let mut window = editor(&Fixture::f1());
    press(&mut window, "Add new rule");
    write(&mut window, CREATE, "Name", "Sales");
    click_in(&mut window, CREATE, Role::Button, "Cancel");
    assert!(has(&window, Role::Dialog, "Unsaved Changes"));
    click(&mut window, Role::Button, "Go On Editing");
    assert!(has(&window, Role::Window, CREATE));
    click_in(&mut window, CREATE, Role::Button, "Cancel");
    click(&mut window, Role::Button, "Discard Changes");
    assert!(!has(&window, Role::Window, CREATE));
}

#[test]
fn a_rule_that_somebody_else_changed_meanwhile_is_not_overwritten() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    click_in(&mut window, TITLE, Role::Row, TITLE_CHECK);
    press(&mut window, "Edit");
    let title = "Edit inbound synchronization rule - In from AD - User Title Check";
    write(&mut window, title, "Name", "Mine");
    fixture.change(|state| state.rules[0].description = "theirs".into());
    click_in(&mut window, title, Role::Button, "Save");
    assert!(reads(&window, "The rule was changed meanwhile by somebody else; cancel, and edit it as it is now"));
    assert!(rule(&fixture, "Mine").is_none());
}

#[test]
fn a_rule_is_exported_to_a_file() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rule.toml");
    click_in(&mut window, TITLE, Role::Row, TITLE_CHECK);
    press(&mut window, "Export");
    let title = "Export Synchronization Rule";
    write(&mut window, title, "File", &file.display().to_string());
    click_in(&mut window, title, Role::Button, "Export");
    assert!(reads(&window, &format!("Written to {}.", file.display())));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&format!("id = \"{}\"", rules::guid(50))), "{text}");
    click_in(
        &mut window,
        title,
        Role::RadioButton,
        "PowerShell script, for Azure AD Connect and \"syncline config import-server\"",
    );
    click_in(&mut window, title, Role::Button, "Export");
    let script = std::fs::read_to_string(file.with_extension("ps1")).unwrap();
    assert_eq!(script, format!("New-ADSyncRule {}\n", rules::guid(50)));
}

#[test]
fn rules_of_the_administrator_change_places() {
    let fixture = Fixture::f1();
    fixture.change(|state| {
        let second = SyncRule {
            id: syncline_engine::model::RuleId(70),
            guid: rules::guid(70),
            name: "Second".into(),
            precedence: 70,
            ..state.rules[0].clone()
        };
        state.rules.insert(1, second);
    });
    let mut window = editor(&fixture);
    assert!(is_disabled(&window, "Move Up"));
    click_in(&mut window, TITLE, Role::Row, "Rule 70 Second");
    press(&mut window, "Move Up");
    assert_eq!(listed(&window)[..2], ["Rule 50 Second".to_owned(), "Rule 70 In from AD - User Title Check".to_owned()]);
    assert!(is_disabled(&window, "Move Up"));
}

#[test]
fn the_window_does_not_wait_for_the_rules() {
    let mut window = threaded_window(&Fixture::f1());
    window.key_press_modifiers(Modifiers::COMMAND, Key::R);
    until(&mut window, "the rules are there", |window| {
        has(window, Role::Window, TITLE) && !rows_in(window, TITLE, "Rule ").is_empty()
    });
}

#[test]
fn a_former_version_is_compared_and_restored() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    click_in(&mut window, TITLE, Role::Row, TITLE_CHECK);
    press(&mut window, "Disable");
    click_in(&mut window, TITLE, Role::Row, &format!("{TITLE_CHECK}, disabled"));
    press(&mut window, "History...");
    let title = "Version History - In from AD - User Title Check";
    assert_eq!(rows_in(&window, title, "Version "), ["Version 2: changed, now", "Version 1: first known"]);
    assert_eq!(rows_in(&window, title, "enabled"), ["enabled: yes -> no"]);
    let restore =
        |window: &Window| inner(window, title).get_by_role_and_label(Role::Button, "Restore").accesskit_node().is_disabled();
    assert!(restore(&window), "the present version is there already");
    click_in(&mut window, title, Role::Row, "Version 1: first known");
    click_in(&mut window, title, Role::RadioButton, "What restoring it would change");
    assert_eq!(rows_in(&window, title, "enabled"), ["enabled: no -> yes"]);
    click_in(&mut window, title, Role::Button, "Restore");
    assert!(rule(&fixture, "In from AD - User Title Check").unwrap().enabled);
    assert!(reads(&window, "\"In from AD - User Title Check\" is again what it was in version 1."));
    assert_eq!(rows_in(&window, title, "Version ").len(), 3);
}

#[test]
fn a_change_of_rules_is_undone_and_a_removed_rule_comes_back() {
    let fixture = Fixture::f1();
    let mut window = editor(&fixture);
    let delete = |window: &mut Window| {
        click_in(window, TITLE, Role::Row, TITLE_CHECK);
        press(window, "Delete");
        click(window, Role::Button, "Delete Rule");
        assert!(!listed(window).contains(&TITLE_CHECK.to_owned()));
    };
    delete(&mut window);
    click_in(&mut window, TITLE, Role::Button, "Undo");
    assert!(reads(&window, "Undone: \"In from AD - User Title Check\" as before."));
    assert!(listed(&window).contains(&TITLE_CHECK.to_owned()));
    delete(&mut window);
    press(&mut window, "Removed...");
    let title = "Removed Rules";
    click_in(&mut window, title, Role::Row, "Removed rule In from AD - User Title Check");
    click_in(&mut window, title, Role::Button, "History...");
    let history = "Version History - In from AD - User Title Check";
    assert_eq!(rows_in(&window, history, "Version ")[0], "Version 4: removed");
    click_in(&mut window, history, Role::Button, "Close");
    click_in(&mut window, title, Role::Button, "Restore");
    assert!(rule(&fixture, "In from AD - User Title Check").is_some());
    assert!(rows_in(&window, title, "Removed rule").is_empty());
}
