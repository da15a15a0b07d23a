//! Every tab, window and page, with the way to it: what is looked at, checked and photographed.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;

use crate::fixture::{CLOUD_NAME, Fixture, objects, rules};
use crate::support::*;

/// A screen: the link that opens its window, and what is done then.
pub struct Screen {
    pub name: &'static str,
    pub link: String,
    pub then: fn(&mut Window),
}

fn nothing(_: &mut Window) {}

fn by_key(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run();
}

fn page_of(window: &mut Window, title: &str, page: &str) {
    click_in(window, title, Role::Button, page);
}

fn forest(window: &mut Window, page: &str) {
    page_of(window, "Properties of \"contoso.com\"", page);
}

fn tenant(window: &mut Window, page: &str) {
    page_of(window, &format!("Properties of \"{CLOUD_NAME}\""), page);
}

fn kind(window: &mut Window, kind: &str) {
    page_of(window, "Create Connector", kind);
}

fn preview(window: &mut Window, page: &str) {
    click(window, Role::Button, "Generate Preview");
    click(window, Role::TreeItem, page);
}

fn rule(window: &mut Window, page: &str) {
    page_of(window, "Edit inbound synchronization rule - In from AD - User Title Check", page);
}

fn what_if(window: &mut Window, tab: &str) {
    click(window, Role::Button, "Start What-If");
    click(window, Role::Tab, tab);
}

/// Every tab, every window, and those pages of windows that look otherwise.
pub fn windows() -> Vec<Screen> {
    let forest_link = |window: &str| format!("syncline://connector/contoso.com/{window}");
    let cs = |guid: uuid::Uuid, window: &str| format!("syncline://cs/{guid}{window}");
    let mv = |guid: uuid::Uuid, window: &str| format!("syncline://mv/{guid}{window}");
    let own = |window: &str| format!("syncline://window/{window}");
    let edit = || format!("syncline://rule/{}/edit", rules::guid(50));
    let screen = |name, link: String, then| Screen { name, link, then };
    vec![
        screen("operations", "syncline://run/3".into(), nothing),
        screen("charts", own("charts"), nothing),
        screen("charts_connectors", own("charts"), |window| {
            let charts = window.query_all_by_role_and_label(Role::Tab, "Connectors");
            let nearest = charts.map(|node| node.rect().center()).max_by(|a, b| a.y.total_cmp(&b.y)).unwrap();
            click_at(window, nearest);
        }),
        screen("connectors", "syncline://connector/contoso.com".into(), nothing),
        screen("metaverse_designer", "syncline://run/3".into(), |window| tab(window, "Metaverse Designer")),
        screen("metaverse_search", "syncline://run/3".into(), |window| {
            tab(window, "Metaverse Search");
            by_key(window, Modifiers::COMMAND, Key::Enter);
        }),
        screen("find", own("find"), |window| {
            window.get_by_role_and_label(Role::TextInput, "Find anything").type_text("bob");
            window.run();
        }),
        screen("options", own("options"), nothing),
        screen("shortcuts", own("shortcuts"), nothing),
        screen("column_settings", own("column-settings"), nothing),
        screen("scheduler", own("scheduler"), nothing),
        screen("scheduler_protection", own("scheduler"), |window| click(window, Role::Tab, "Protection and Maintenance")),
        screen("clear_runs", own("clear-runs"), nothing),
        screen("save_runs", own("save-runs"), nothing),
        screen("compare_configurations", own("compare-configurations"), nothing),
        screen("export_configuration", own("export-configuration"), nothing),
        screen("import_configuration", own("import-configuration"), |window| {
            type_into(window, "Folder of the export", "/exports/pilot");
            page_of(window, "Import Server Configuration", "Read");
        }),
        screen("create_forest", own("create-connector"), nothing),
        screen("create_ldap", own("create-connector"), |window| kind(window, "Generic LDAP (OpenLDAP and others)")),
        screen("create_file", own("create-connector"), |window| kind(window, "LDIF file (Active Directory schema)")),
        screen("create_tenant", own("create-connector"), |window| kind(window, "Microsoft Entra ID")),
        screen("create_sandbox", own("create-connector"), |window| kind(window, "Sandbox tenant on this computer")),
        screen("import_connector", own("import-connector"), |window| {
            type_into(window, "File", "/exports/fabrikam.com.xml");
            by_key(window, Modifiers::NONE, Key::Enter);
        }),
        screen("properties", forest_link("properties"), nothing),
        screen("properties_connection", forest_link("properties"), |window| forest(window, "Connect to Active Directory Forest")),
        screen("properties_partitions", forest_link("properties"), |window| forest(window, "Configure Directory Partitions")),
        screen("properties_containers", forest_link("properties"), |window| {
            forest(window, "Configure Directory Partitions");
            forest(window, "Containers...");
        }),
        screen("properties_types", forest_link("properties"), |window| forest(window, "Select Object Types")),
        screen("properties_attributes", forest_link("properties"), |window| forest(window, "Select Attributes")),
        screen("properties_tenant", format!("syncline://connector/{CLOUD_NAME}/properties"), |window| {
            tenant(window, "Backend and Capabilities")
        }),
        screen("properties_threshold", format!("syncline://connector/{CLOUD_NAME}/properties"), |window| {
            tenant(window, "Global Parameters")
        }),
        screen("run_profiles", forest_link("run-profiles"), nothing),
        screen("run_profiles_wizard", forest_link("run-profiles"), |window| {
            page_of(window, "Configure Run Profiles for \"contoso.com\"", "New Profile...");
            click(window, Role::Button, "Configure Step");
        }),
        screen("run", forest_link("run"), nothing),
        screen("delete_connector", forest_link("delete"), nothing),
        screen("refresh_schema", forest_link("refresh-schema"), nothing),
        screen("export_connector", forest_link("export"), nothing),
        screen("update_connector", forest_link("update"), |window| {
            type_into(window, "File", "/exports/contoso.com.xml");
            by_key(window, Modifiers::NONE, Key::Enter);
        }),
        screen("pending_export_report", format!("syncline://connector/{CLOUD_NAME}/pending-exports"), nothing),
        screen("search_connector_space", forest_link("search"), |window| {
            choose(window, "Scope", "Connector");
            page_of(window, "Search Connector Space - contoso.com", "Search");
        }),
        screen("batch", forest_link("search"), |window| {
            choose(window, "Scope", "All");
            page_of(window, "Search Connector Space - contoso.com", "Search");
            click(window, Role::Row, &format!("CS {}", objects::ad_dn("Bob Baker")));
            click(window, Role::Button, "Batch...");
        }),
        screen("cs_object", cs(objects::BOB, ""), nothing),
        screen("cs_object_pending", cs(objects::BOB_CLOUD, ""), |window| click(window, Role::Tab, "Pending Export")),
        screen("cs_object_error", cs(objects::DAN, ""), |window| click(window, Role::Tab, "Synchronization Error")),
        screen("cs_object_lineage", cs(objects::ALICE, ""), |window| click(window, Role::Tab, "Lineage")),
        screen("error_details", cs(objects::DAN, ""), |window| {
            click(window, Role::Tab, "Synchronization Error");
            click(window, Role::Button, "Object Error Details");
        }),
        screen("why_not", cs(objects::CAROL, ""), |window| click(window, Role::Button, "Why Not?")),
        screen("join", cs(objects::CAROL, ""), |window| click(window, Role::Button, "Join...")),
        screen("disconnect", cs(objects::ALICE, ""), |window| click(window, Role::Button, "Disconnect...")),
        screen("preview", cs(objects::BOB, "/preview"), |window| preview(window, "Start Preview")),
        screen("preview_flow", cs(objects::BOB, "/preview"), |window| preview(window, "Import Attribute Flow")),
        screen("preview_save", cs(objects::BOB, "/preview"), |window| {
            preview(window, "Start Preview");
            click(window, Role::Button, "Save Preview Results...");
        }),
        screen("object_details", "syncline://run/1".into(), |window| click(window, Role::Link, "Staging Adds: 4")),
        screen("object_changes", "syncline://run/6".into(), |window| {
            click(window, Role::Link, "Staging Updates: 1");
            click(window, Role::Row, &format!("CS {}", objects::ad_dn("Bob Baker")));
        }),
        screen("mv_object", mv(objects::ALICE_MV, ""), nothing),
        screen("compare", mv(objects::ALICE_MV, ""), |window| {
            click(window, Role::Button, "Compare...");
            type_into(window, "Search the metaverse", "bob");
            click_in(window, "Compare - Alice Adams", Role::Button, "Search");
            click_in(window, "Compare - Alice Adams", Role::Row, "MV Bob Baker");
            click_in(window, "Compare - Alice Adams", Role::Button, "Compare");
        }),
        screen("attribute_lineage", mv(objects::BOB_MV, "/title"), nothing),
        screen("lineage_graph", mv(objects::BOB_MV, "/graph"), nothing),
        screen("rules_editor", own("rules"), nothing),
        screen("rule_description", edit(), nothing),
        screen("rule_scope", edit(), |window| {
            rule(window, "Scoping filter");
            rule(window, "Add Group");
        }),
        screen("rule_joins", edit(), |window| {
            rule(window, "Join rules");
            rule(window, "Add Group");
        }),
        screen("rule_flows", edit(), |window| rule(window, "Transformations")),
        screen("rule_history", own("rules"), |window| {
            let editor = "Synchronization Rules Editor";
            click_in(window, editor, Role::Row, "Rule 50 In from AD - User Title Check");
            page_of(window, editor, "Disable");
            click_in(window, editor, Role::Row, "Rule 50 In from AD - User Title Check, disabled");
            page_of(window, editor, "History...");
        }),
        screen("rule_read_only", format!("syncline://rule/{}", rules::guid(106)), nothing),
        screen("what_if", own("what-if"), nothing),
        screen("what_if_result", own("what-if"), |window| what_if(window, "By Object")),
        screen("what_if_rules", own("what-if"), |window| what_if(window, "By Rule")),
        screen("what_if_kept", own("what-if"), |window| what_if(window, "Kept Results")),
    ]
}

/// A screen on a fresh fixture.
pub fn open(screen: &Screen, size: [f32; 2], theme: egui::Theme) -> Window {
    drawn(screen, size, theme, 1.0)
}

/// A screen with a number of pixels for a point.
pub fn drawn(screen: &Screen, size: [f32; 2], theme: egui::Theme, pixels: f32) -> Window {
    let mut window = window_drawn(&Fixture::f1(), size, Some(&screen.link), pixels);
    window.ctx.set_theme(theme);
    window.run();
    (screen.then)(&mut window);
    window.remove_cursor();
    window.run();
    window
}
