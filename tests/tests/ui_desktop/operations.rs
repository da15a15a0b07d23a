use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use syncline_engine::model::RunId;
use syncline_engine::service::StatusClass;

use crate::fixture::{Fixture, objects};
use crate::support::*;

const RUN_1: &str = "Run 1: contoso.com, Full Import, success";
const RUN_3: &str = "Run 3: contoso.com, Full Synchronization, completed-sync-errors";
const RUN_4: &str = "Run 4: contoso.onmicrosoft.com - AAD, Export, completed-export-errors";
const RUN_5: &str = "Run 5: contoso.com, Delta Import, stopped-connectivity";
const BOB_CLOUD_DN: &str = "CN={bobbaker}";

fn numbers(window: &Window) -> Vec<String> {
    rows(window, "Run ").iter().map(|name| name.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn scenario_1_four_tabs_and_the_runs_newest_first() {
    let window = window(&Fixture::f1());
    let mut tabs: Vec<(i32, String, bool)> = window
        .query_all_by_role(Role::Tab)
        .map(|node| {
            (node.rect().left() as i32, node.accesskit_node().label().unwrap(), node.accesskit_node().is_selected() == Some(true))
        })
        .collect();
    tabs.sort();
    let names: Vec<&str> = tabs.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, ["Operations", "Connectors", "Metaverse Designer", "Metaverse Search"]);
    assert_eq!(tabs.iter().map(|(_, _, selected)| *selected).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!(numbers(&window), ["Run 6", "Run 5", "Run 4", "Run 3", "Run 2", "Run 1"]);
}

#[test]
fn scenario_2_a_header_sorts_and_its_third_click_restores() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::ColumnHeader, "Status");
    assert_eq!(numbers(&window), ["Run 4", "Run 3", "Run 5", "Run 6", "Run 2", "Run 1"]);
    click(&mut window, Role::ColumnHeader, "Status");
    assert_eq!(numbers(&window)[0..3], ["Run 6", "Run 2", "Run 1"]);
    click(&mut window, Role::ColumnHeader, "Status");
    assert_eq!(numbers(&window)[0], "Run 6");
}

#[test]
fn scenario_3_a_synchronization_shows_its_counters() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, RUN_3);
    assert!(reads(&window, "Profile Name: Full Synchronization"));
    for link in [
        "Inbound Synchronization Projections: 2",
        "Inbound Synchronization Disconnectors: 1",
        "Inbound Synchronization Flow Errors: 1",
        "Outbound Synchronization: contoso.onmicrosoft.com - AAD Provisioning Adds: 1",
    ] {
        assert!(has(&window, Role::Link, link), "{link}");
    }
    assert!(!reads(&window, "Staging"));
}

#[test]
fn scenario_4_steps_of_a_run() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, RUN_1);
    assert_eq!(rows(&window, "Step ").len(), 2);
    assert!(has(&window, Role::Link, "Staging Adds: 4"));
    click(&mut window, Role::Row, "Step 2: DC=emea,DC=contoso,DC=com, success");
    assert!(has(&window, Role::Label, "Staging Adds: 0"));
    assert!(!has(&window, Role::Link, "Staging Adds: 0"));
    assert!(window.query_all_by_role_and_label(Role::Label, "DC=emea,DC=contoso,DC=com").next().is_some());
    click(&mut window, Role::Row, "Run 2: contoso.onmicrosoft.com - AAD, Full Import, success");
    assert_eq!(rows(&window, "Step ").len(), 0);
}

#[test]
fn scenario_5_a_counter_leads_to_its_objects_and_on_to_one_of_them() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, RUN_1);
    click(&mut window, Role::Link, "Staging Adds: 4");
    let title = "Staging Adds - contoso.com - run 1";
    assert_eq!(rows_in(&window, title, "CS ").len(), 4);
    let dan = format!("CS {}", objects::ad_dn("Dan Diaz"));
    double_click(&mut window, Role::Row, &dan);
    assert!(has(&window, Role::Window, "Connector Space Object Properties - CN=Dan Diaz"));
    tab(&mut window, "Connectors");
    assert_eq!(rows(&window, "Connector ").len(), 2, "the main window still takes clicks");
}

#[test]
fn a_run_keeps_what_it_did_to_an_object_whatever_happens_later() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    click(&mut window, Role::Row, "Run 6: contoso.com, Delta Import, success");
    click(&mut window, Role::Link, "Staging Updates: 1");
    assert!(reads(&window, "Select an object to see what the run did to it."));
    click(&mut window, Role::Row, &format!("CS {}", objects::ad_dn("Bob Baker")));
    let told = [
        "displayName: Bob Baker -> Robert Baker (replace)",
        "proxyAddresses: -> smtp:robert@contoso.com (add)",
        "proxyAddresses: smtp:bob@contoso.com -> (delete)",
    ];
    for row in told {
        assert!(has(&window, Role::Row, row), "{row}");
    }
    assert!(!reads(&window, "Object changed since this run"));
    fixture.change(|state| state.run_changes[0].1.changed_since = true);
    window.key_press(Key::F5);
    window.run();
    assert!(reads(&window, "Object changed since this run"));
    for row in told {
        assert!(has(&window, Role::Row, row), "{row}");
    }
    click(&mut window, Role::Button, "Show Present State");
    assert!(has(&window, Role::Window, "Connector Space Object Properties - CN=Bob Baker"));
}

#[test]
fn an_object_without_a_kept_change_says_so() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, RUN_1);
    click(&mut window, Role::Link, "Staging Adds: 4");
    click(&mut window, Role::Row, &format!("CS {}", objects::ad_dn("Dan Diaz")));
    assert!(reads(&window, "What the run did to this object was not kept."));
}

#[test]
fn scenario_6_an_error_explains_itself() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, RUN_3);
    assert!(reads(&window, "Synchronization Errors (1)"));
    click(&mut window, Role::Link, "sync-rule-error-function-triggered");
    let details = inner(&window, "Object Error Details");
    for text in ["Title not allowed", "In from AD - User Title Check", "import-flow"] {
        assert!(details.query_all_by_label(text).next().is_some(), "{text}");
    }
    click(&mut window, Role::Button, "Stack Trace...");
    let details = inner(&window, "Object Error Details");
    let trace = details.get_by_role_and_label(Role::MultilineTextInput, "Call Stack Information").value().unwrap();
    assert!(trace.starts_with("InnerException => Title not allowed"), "{trace}");
    details.get_by_role_and_label(Role::Button, "Copy").click();
    window.step();
    window.step();
    assert_eq!(clipboard(&window).as_deref(), Some(trace.as_str()));
}

#[test]
fn scenario_7_an_export_error_names_the_attribute() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, RUN_4);
    assert!(reads(&window, "Export Errors (1)"));
    assert!(has(&window, Role::Link, BOB_CLOUD_DN));
    click(&mut window, Role::Link, "AttributeValueMustBeUnique");
    assert!(inner(&window, "Object Error Details").query_all_by_label("proxyAddresses").next().is_some());
    inner(&window, "Object Error Details").get_by_role_and_label(Role::Button, "Copy as JSON").click();
    window.step();
    window.step();
    let copied = clipboard(&window);
    assert!(copied.is_some_and(|text| text.contains("\"code\": \"AttributeValueMustBeUnique\"")));
}

#[test]
fn many_errors_are_grouped_by_kind() {
    let fixture = Fixture::f1();
    fixture.change(|state| {
        let run = state.runs.iter_mut().find(|run| run.summary.id == RunId(3)).unwrap();
        let errors = &mut run.step_details[0].errors;
        let one = errors[0].clone();
        errors.extend((0..24).map(|number| {
            let mut error = one.clone();
            error.dn = format!("CN=Other {number}");
            error.object_guid = None;
            if number % 3 == 0 {
                error.error.code = syncline_engine::model::ErrorCode::INVALID_DN;
            }
            error
        }));
    });
    let mut window = window_of(&fixture, [1280.0, 1400.0], None);
    click(&mut window, Role::Row, RUN_3);
    assert!(reads(&window, "Synchronization Errors (25)"));
    let groups: Vec<String> = ["sync-rule-error-function-triggered (17)", "invalid-dn (8)"].map(str::to_owned).into();
    for group in &groups {
        assert!(window.query_all_by_label(group).next().is_some(), "{group}");
    }
    let before = window.query_all_by_label_contains("CN=Other").count();
    window.query_all_by_label(&groups[0]).next().unwrap().click();
    window.run();
    assert!(window.query_all_by_label_contains("CN=Other").count() < before, "a group closes");
}

#[test]
fn an_identity_that_could_not_be_synchronized_is_in_a_list_of_its_own() {
    let fixture = Fixture::f1();
    fixture.change(|state| {
        let run = state.runs.iter_mut().find(|run| run.summary.id == RunId(3)).unwrap();
        let errors = &mut run.step_details[0].errors;
        let mut error = errors[0].clone();
        error.object_guid = None;
        error.metaverse_guid = Some(objects::ALICE_MV);
        error.dn = format!("metaverse object {}", objects::ALICE_MV);
        error.display_name = "Alice Adams".into();
        errors.push(error);
    });
    let mut window = window(&fixture);
    click(&mut window, Role::Row, RUN_3);
    assert!(reads(&window, "Synchronization Errors (1)") && reads(&window, "Metaverse Retry Errors (1)"));
    click(&mut window, Role::Link, "Alice Adams");
    assert!(has(&window, Role::Window, "Metaverse Object Properties - Alice Adams"));
}

#[test]
fn scenario_8_a_lost_connection_is_shown_with_a_word_for_its_severity() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, RUN_5);
    assert_eq!(rows(&window, "Connection "), ["Connection DC01.contoso.com: failed-connection"]);
    assert!(has(&window, Role::Cell, "failed-connection"));
    assert!(has(&window, Role::Image, "Stopped"));
}

#[test]
fn scenario_11_the_filter_leaves_what_contains_the_text() {
    let mut window = window(&Fixture::f1());
    window.key_press_modifiers(Modifiers::COMMAND, Key::F);
    window.run();
    window.get_by_role_and_label(Role::TextInput, "Filter").type_text("export");
    window.run();
    assert_eq!(rows(&window, "Run "), [RUN_4]);
    assert!(reads(&window, "1 of 6"));
    window.get_by_role_and_label(Role::TextInput, "Filter").type_text("x");
    window.run();
    assert!(reads(&window, "No runs match the filter."));
}

#[test]
fn scenario_12_a_run_is_seen_from_its_start_to_its_end() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    click(&mut window, Role::Row, RUN_1);
    click(&mut window, Role::Button, "Run...");
    let dialog = inner(&window, "Run Connector");
    dialog.get_by_role_and_label(Role::Button, "Full Import").click();
    window.run();
    inner(&window, "Run Connector").get_by_role_and_label(Role::Button, "OK").click();
    window.step();
    window.step();
    window.step();
    assert!(fixture.log().contains(&"start contoso.com: Full Import".to_owned()));
    assert!(!has(&window, Role::Window, "Run Connector"));
    assert_eq!(rows(&window, "Run ")[0], "Run 7: contoso.com, Full Import, in-progress");
    let mut last = 0.0;
    for done in [250, 500, 1000] {
        fixture.progress(RunId(7), done);
        window.run_steps(3);
        let bars: Vec<f64> =
            window.query_all_by_role(Role::ProgressIndicator).filter_map(|node| node.accesskit_node().numeric_value()).collect();
        assert!(bars.iter().all(|value| *value > last) && !bars.is_empty(), "{bars:?} after {last}");
        last = bars[0];
        assert!(has(&window, Role::Link, &format!("Staging Adds: {done}")));
    }
    fixture.finish(RunId(7), "success", StatusClass::Success);
    window.run();
    assert_eq!(rows(&window, "Run ")[0], "Run 7: contoso.com, Full Import, success");
    assert!(window.query_all_by_role(Role::ProgressIndicator).next().is_none());
    assert!(reads(&window, "2026-01-05 10:00:00"));
}

#[test]
fn scenario_13_a_running_connector_can_only_be_stopped() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
    assert!(is_disabled(&window, "Stop"));
    click(&mut window, Role::Button, "Run...");
    inner(&window, "Run Connector").get_by_role_and_label(Role::Button, "OK").click();
    window.run_steps(4);
    assert!(has(&window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Running"));
    assert!(is_disabled(&window, "Run..."));
    window.get_by_role_and_label(Role::Button, "Run...").hover();
    window.run_steps(30);
    assert!(reads(&window, "Connector is already running"));
    window.get_by_role_and_label(Role::Button, "Stop").click();
    window.run_steps(4);
    assert!(has(&window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle"));
    tab(&mut window, "Operations");
    assert!(rows(&window, "Run ")[0].ends_with("stopped-user-termination-from-wmi-or-ui"));
}

#[test]
fn a_failing_command_is_told_in_words_and_the_list_stays() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    fixture.change(|state| state.broken = Some("the database is locked".into()));
    window.key_press(Key::F5);
    window.run();
    assert!(window.query_all_by_label("The database is locked").next().is_some());
    assert_eq!(rows(&window, "Run ").len(), 6);
}

#[test]
fn a_link_opens_its_run() {
    let window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://run/4"));
    assert!(reads(&window, "Profile Name: Export"));
    let row = window.get_by_role_and_label(Role::Row, RUN_4);
    assert_eq!(row.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True));
}

#[test]
fn keys_move_the_selection_and_copy_the_row() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Row, "Run 6: contoso.com, Delta Import, success");
    window.key_press(Key::ArrowDown);
    window.run();
    assert!(reads(&window, "Profile Name: Delta Import") && reads(&window, "stopped-connectivity"));
    window.key_press(Key::End);
    window.run();
    assert!(reads(&window, "Profile Name: Full Import"));
    window.event(egui::Event::Copy);
    window.step();
    assert_eq!(
        clipboard(&window).as_deref(),
        Some("contoso.com\tFull Import\tsuccess\t2026-01-05 09:05:00\t2026-01-05 09:05:12")
    );
}

#[test]
fn a_hundred_thousand_runs_are_fetched_as_they_come_into_view() {
    let fixture = Fixture::f1();
    fixture.many_runs(100_000);
    let mut window = window(&fixture);
    assert!(rows(&window, "Run ")[0].starts_with("Run 100000:"));
    let asked = |fixture: &Fixture| fixture.log().iter().filter(|question| *question == "runs").count();
    let before = asked(&fixture);
    let first = rows(&window, "Run ")[0].clone();
    click(&mut window, Role::Row, &first);
    window.key_press(Key::End);
    window.run();
    window.key_press(Key::End);
    window.run();
    assert!(rows(&window, "Run ").iter().any(|name| name.starts_with("Run 1:")), "{:?}", rows(&window, "Run "));
    assert!(asked(&fixture) - before <= 3, "only the pages looked at are fetched");
}

#[test]
fn the_context_menu_copies_and_offers_the_row_actions() {
    let mut window = window(&Fixture::f1());
    window.get_by_role_and_label(Role::Row, RUN_3).click_secondary();
    window.run();
    for text in ["Details", "Run Again...", "Copy Cell", "Copy Row", "Copy All"] {
        assert!(has(&window, Role::Button, text), "{text}");
    }
    window.get_by_role_and_label(Role::Button, "Copy Row").click();
    window.step();
    assert_eq!(
        clipboard(&window).as_deref(),
        Some("contoso.com\tFull Synchronization\tcompleted-sync-errors\t2026-01-05 09:15:00\t2026-01-05 09:15:12")
    );
}

#[test]
fn a_run_that_begins_is_shown_until_the_person_chooses_one() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    let begin = |window: &mut Window, connector: &str| {
        syncline::desktop::backend::Backend::start_run(&*fixture, connector, "Full Import").unwrap();
        window.run_steps(4);
    };
    begin(&mut window, "contoso.com");
    assert!(reads(&window, "Run 7 of contoso.com"));
    fixture.finish(RunId(7), "success", StatusClass::Success);
    window.run();
    click(&mut window, Role::Row, RUN_1);
    begin(&mut window, "contoso.onmicrosoft.com - AAD");
    assert!(reads(&window, "Run 1 of contoso.com"), "the person's choice stays");
}
