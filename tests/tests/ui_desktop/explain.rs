//! Preview, lineage of a value, and why not.

use egui::{Key, Role};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::{CLOUD_NAME, Fixture, objects};
use crate::support::*;

const BOB_PREVIEW: &str = "Preview - CN=Bob Baker,OU=CORP,DC=contoso,DC=com";

fn preview_of(fixture: &std::sync::Arc<Fixture>, guid: uuid::Uuid) -> Window {
    let mut window = window_of(fixture, [1280.0, 800.0], Some(&format!("syncline://cs/{guid}")));
    click(&mut window, Role::Button, "Preview...");
    window
}

fn page(window: &mut Window, label: &str) {
    click(window, Role::TreeItem, label);
}

#[test]
fn scenario_24_a_preview_shows_the_whole_way_and_writes_nothing() {
    let fixture = Fixture::f1();
    let mut window = preview_of(&fixture, objects::BOB);
    assert!(has(&window, Role::Window, BOB_PREVIEW));
    assert!(is_disabled(&window, "Commit Preview"), "there is nothing to commit yet");
    assert!(!has(&window, Role::TreeItem, "Import Attribute Flow"));
    click(&mut window, Role::RadioButton, "Full Synchronization");
    click(&mut window, Role::Button, "Generate Preview");
    assert!(rows_in(&window, BOB_PREVIEW, "Metaverse").contains(&"Metaverse Bob Baker: Updated".to_owned()));

    page(&mut window, "Source Object Details");
    let source = rows_in(&window, BOB_PREVIEW, "displayName");
    assert_eq!(source, ["displayName: Bob Baker -> Robert Baker (update)"]);

    page(&mut window, "Scope and Filter");
    assert!(rows_in(&window, BOB_PREVIEW, "Rule ").contains(&"Rule In from AD - User Join: In scope".to_owned()));

    page(&mut window, "Import Attribute Flow");
    let flow = "In from AD - User Common -> displayName: Applied";
    assert!(rows_in(&window, BOB_PREVIEW, "").contains(&flow.to_owned()));
    let title = rows_in(&window, BOB_PREVIEW, "In from AD - User Title Check");
    assert_eq!(title, ["In from AD - User Title Check -> title: Skipped: No value"]);
    assert!(inner(&window, BOB_PREVIEW).query_all_by_role_and_label(Role::Cell, "Robert Baker").next().is_some());
    click_in(&mut window, BOB_PREVIEW, Role::CheckBox, "Changed only");
    assert_eq!(rows_in(&window, BOB_PREVIEW, "In from"), [flow]);

    page(&mut window, "Metaverse Object");
    let values = rows_in(&window, BOB_PREVIEW, "");
    assert_eq!(values, ["displayName: Bob Baker -> Robert Baker (replace)"], "only what changed");
    click_in(&mut window, BOB_PREVIEW, Role::CheckBox, "Changed only");
    assert!(rows_in(&window, BOB_PREVIEW, "").contains(&"mail: bob@contoso.com".to_owned()));

    assert!(has(&window, Role::TreeItem, &format!("Connector: {CLOUD_NAME}")));
    page(&mut window, "Export Attribute Flow");
    let exported = rows_in(&window, BOB_PREVIEW, "Out to");
    assert_eq!(exported, ["Out to AAD - User Identity -> displayName: Applied"]);
    page(&mut window, "After Change");
    assert_eq!(rows_in(&window, BOB_PREVIEW, ""), ["displayName: Bob Baker -> Robert Baker (replace)"]);
    fixture.change(|state| {
        assert!(!state.log.iter().any(|asked| asked.starts_with("commit")));
        assert_eq!(state.identities[1].attribute_details[2].values[0].text, "Bob Baker");
    });
}

#[test]
fn scenario_25_a_commit_asks_first_and_shows_up_everywhere() {
    let fixture = Fixture::f1();
    let mut window = preview_of(&fixture, objects::BOB);
    click(&mut window, Role::Button, "Generate Preview");
    click(&mut window, Role::Button, "Commit Preview");
    click(&mut window, Role::Button, "Cancel");
    let commits = |fixture: &Fixture| {
        let mut number = 0;
        fixture.change(|state| number = state.log.iter().filter(|asked| asked.starts_with("commit")).count());
        number
    };
    assert_eq!(commits(&fixture), 0, "it was cancelled");
    click(&mut window, Role::Button, "Commit Preview");
    click(&mut window, Role::Button, "Commit");
    assert_eq!(commits(&fixture), 1);
    assert!(reads(&window, "Committed: the metaverse is updated and the exports below are staged."));
    assert!(is_disabled(&window, "Commit Preview"), "once is enough");
    assert!(reads(&window, "Modification type: none"), "the object window behind it was read again");
}

#[test]
fn scenario_26_an_object_in_error_cannot_be_committed() {
    let mut window = preview_of(&Fixture::f1(), objects::DAN);
    click(&mut window, Role::Button, "Generate Preview");
    assert!(is_disabled(&window, "Commit Preview"));
    page(&mut window, "Errors");
    assert!(reads(&window, "sync-rule-error-function-triggered"));
    assert!(reads(&window, "In from AD - User Title Check"));
    page(&mut window, "Join and Projection");
    let title = "Preview - CN=Dan Diaz,OU=CORP,DC=contoso,DC=com";
    assert_eq!(rows_in(&window, title, "Join "), ["Join In from AD - User Join: objectGUID = sourceAnchor, No Matches"]);
}

#[test]
fn a_delta_preview_without_anything_pending_says_so() {
    let mut window = preview_of(&Fixture::f1(), objects::ALICE);
    click(&mut window, Role::RadioButton, "Delta Synchronization");
    let ctrl_enter = (egui::Modifiers::COMMAND, Key::Enter);
    window.key_press_modifiers(ctrl_enter.0, ctrl_enter.1);
    window.run();
    assert!(reads(&window, "Nothing is pending for the object, so a delta synchronization does not visit it."));
    assert!(is_disabled(&window, "Commit Preview"));
}

#[test]
fn an_engine_that_fails_says_why_in_the_window() {
    let fixture = Fixture::f1();
    let mut window = preview_of(&fixture, objects::BOB);
    fixture.change(|state| state.broken = Some("the disk is full".into()));
    click(&mut window, Role::Button, "Generate Preview");
    assert!(reads(&window, "The disk is full"));
    assert!(is_disabled(&window, "Commit Preview"));
}

#[test]
fn the_way_from_a_person_to_the_rule_behind_a_value() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Metaverse Search");
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::Enter);
    window.run();
    double_click(&mut window, Role::Row, "MV Bob Baker");
    double_click(&mut window, Role::Row, "displayName: Bob Baker");
    let title = "Attribute Lineage - displayName of Bob Baker";
    assert!(has(&window, Role::Window, title));
    assert!(reads(&window, "displayName comes from rule \"In from AD - User Common\"."));
    let rows = rows_in(&window, title, "In from");
    assert_eq!(rows, ["In from AD - User Common -> displayName: Applied (unchanged)"]);
    let dn = objects::ad_dn("Bob Baker");
    let link = inner(&window, title).query_all_by_role_and_label(Role::Link, &dn).next().unwrap().rect().center();
    window.hover_at(link);
    inner(&window, title).query_all_by_role_and_label(Role::Link, &dn).next().unwrap().click();
    window.run();
    assert!(has(&window, Role::Window, "Connector Space Object Properties - CN=Bob Baker"));
}

#[test]
fn lineage_names_what_lost_and_explains_the_expression() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some(&format!("syncline://mv/{}", objects::BOB_MV)));
    click(&mut window, Role::Button, "Attribute Lineage...");
    choose(&mut window, "Attribute", "title");
    let title = "Attribute Lineage - title of Bob Baker";
    assert!(has(&window, Role::Window, title), "a value that is not there can be asked for too");
    let flows = rows_in(&window, title, "In from");
    assert_eq!(
        flows,
        ["In from AD - User Title Check -> title: Applied", "In from AD - User Common -> title: Skipped: Not Precedent"]
    );
    assert!(reads(&window, "A synchronization would now give: Clerk"));
    let parts = rows_in(&window, title, "[title]");
    assert_eq!(parts, ["[title]=\"Banned\" = False", "[title] = \"Clerk\"", "[title] = \"Clerk\""]);
    click(&mut window, Role::Row, "In from AD - User Common -> title: Skipped: Not Precedent");
    assert!(reads(&window, "Would give: Clerk"));
    assert!(rows_in(&window, title, "[title]").is_empty(), "a direct flow has no expression");
}

#[test]
fn scenario_20_the_clause_in_the_way_is_named_with_the_value_found() {
    let fixture = Fixture::f1();
    let mut window = window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://cs/{}", objects::CAROL)));
    click(&mut window, Role::Tab, "Lineage");
    click(&mut window, Role::Link, "Which rule is in the way?");
    let title = "Why Not? - CN=Carol Clark";
    assert!(reads(&window, "It has no metaverse object: no rule in scope can make or find one."));
    click(&mut window, Role::Tab, "Inbound Rules");
    let rows = rows_in(&window, title, "");
    let at = rows.iter().position(|row| row == "Rule In from AD - User Join: Out of scope").unwrap();
    assert_eq!(
        rows[at + 1..at + 3],
        [
            "isCriticalSystemObject NOTEQUAL TRUE: Match, found absent",
            "adminDescription NOTSTARTSWITH User_: No Match, found User_Exclude"
        ]
    );
}

#[test]
fn rows_of_a_search_lead_to_preview_and_why_not() {
    let mut window = window(&Fixture::f1());
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
    click(&mut window, Role::Button, "Search Connector Space...");
    click(&mut window, Role::Button, "Search");
    let bob = format!("CS {}", objects::ad_dn("Bob Baker"));
    let preview = window.get_by_role_and_label(Role::Button, "Preview...");
    assert!(preview.accesskit_node().is_disabled());
    click(&mut window, Role::Row, &bob);
    click(&mut window, Role::Button, "Preview...");
    assert!(has(&window, Role::Window, BOB_PREVIEW));
    window.key_press(Key::Escape);
    window.run();
    right_click(&mut window, Role::Row, &bob);
    click(&mut window, Role::Button, "Why Not?");
    assert!(has(&window, Role::Window, "Why Not? - CN=Bob Baker"));
}

#[test]
fn an_attribute_that_no_rule_maps_leads_to_a_new_rule() {
    let mut window = preview_of(&Fixture::f1(), objects::BOB);
    click(&mut window, Role::Button, "Generate Preview");
    page(&mut window, "Import Attribute Flow");
    let filter = |window: &mut Window, text: &str| {
        let field = inner(window, BOB_PREVIEW).get_by_role_and_label(Role::TextInput, "Filter");
        field.focus();
        window.run();
        window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
        inner(window, BOB_PREVIEW).get_by_role_and_label(Role::TextInput, "Filter").type_text(text);
        window.run();
    };
    filter(&mut window, "displayName");
    assert!(!has(&window, Role::Button, "Create rule for \"displayName\"..."));
    filter(&mut window, "proxyAddresses");
    click(&mut window, Role::Button, "Create rule for \"proxyAddresses\"...");
    assert!(has(&window, Role::Window, "Synchronization Rules Editor"));
}
