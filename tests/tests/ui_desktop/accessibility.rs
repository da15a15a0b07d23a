//! Every screen can be read and used without seeing it.

use std::collections::BTreeMap;

use egui::Role;
use egui_kittest::Node;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::fixture::{Fixture, objects};
use crate::support::*;

const INTERACTIVE: [Role; 8] =
    [Role::Button, Role::Link, Role::CheckBox, Role::TextInput, Role::ComboBox, Role::Tab, Role::Row, Role::ColumnHeader];

/// True for what its window hides until it is scrolled to, when the window itself is all visible.
fn scrolled_away(node: &Node<'_>, bounds: egui::Rect) -> bool {
    let mut above = node.parent();
    while let Some(parent) = above {
        // The main window is one too; it has no place of its own.
        if parent.accesskit_node().role() == Role::Window && parent.accesskit_node().bounding_box().is_some() {
            let window = parent.rect();
            return bounds.expand(1.0).contains_rect(window) && !window.contains_rect(node.rect());
        }
        above = parent.parent();
    }
    false
}

/// What is wrong with the names and places of a screen.
pub fn problems(window: &Window, screen: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let bounds = window.ctx.content_rect();
    let mut buttons: BTreeMap<(Option<String>, String), usize> = BTreeMap::new();
    for node in window.root().children_recursive() {
        let access = node.accesskit_node();
        if access.is_hidden() || !INTERACTIVE.contains(&access.role()) {
            continue;
        }
        let label = access.label().unwrap_or_default();
        let named = !label.trim().is_empty() || access.data().placeholder().is_some();
        if !named {
            problems.push(format!("{screen}: a {:?} at {:?} has no name", access.role(), node.rect()));
        }
        let outside = !bounds.expand(1.0).contains_rect(node.rect()) && !scrolled_away(&node, bounds);
        if outside && access.role() != Role::Row && access.role() != Role::ColumnHeader && access.role() != Role::Link {
            problems.push(format!("{screen}: {:?} {label:?} at {:?} is outside of the window", access.role(), node.rect()));
        }
        if access.role() == Role::Button {
            let parent = node.parent().map(|parent| format!("{:?}", parent.accesskit_node().id()));
            *buttons.entry((parent, label)).or_default() += 1;
        }
    }
    for ((_, label), number) in buttons {
        if number > 1 {
            problems.push(format!("{screen}: {number} buttons beside each other are called {label:?}"));
        }
    }
    problems
}

fn check(window: &Window, screen: &str) {
    let problems = problems(window, screen);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_screen_names_what_can_be_used() {
    let fixture = Fixture::f1();
    for size in [[1280.0, 800.0], [900.0, 600.0]] {
        let mut window = window_of(&fixture, size, None);
        check(&window, "Operations");
        click(&mut window, Role::Row, "Run 3: contoso.com, Full Synchronization, completed-sync-errors");
        check(&window, "run");
        click(&mut window, Role::Button, "Charts");
        check(&window, "Charts");
        click(&mut window, Role::Button, "Back to List");
        tab(&mut window, "Connectors");
        click(&mut window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
        check(&window, "Connectors");
        tab(&mut window, "Metaverse Designer");
        check(&window, "Metaverse Designer");
        tab(&mut window, "Metaverse Search");
        check(&window, "Metaverse Search");
    }
}

#[test]
fn every_window_names_what_can_be_used() {
    let fixture = Fixture::f1();
    let mut window = window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://cs/{}", objects::BOB_CLOUD)));
    for label in ["Import", "Pending Export", "Export Error", "Lineage", "Raw"] {
        click(&mut window, Role::Tab, label);
        check(&window, label);
    }
    let window = window_of(&fixture, [1280.0, 800.0], Some(&format!("syncline://mv/{}", objects::ALICE_MV)));
    check(&window, "Metaverse Object Properties");
    for size in [[1280.0, 800.0], [900.0, 600.0]] {
        let mut window = window_of(&fixture, size, Some(&format!("syncline://cs/{}", objects::BOB)));
        click(&mut window, Role::Button, "Preview...");
        check(&window, "Preview");
        click(&mut window, Role::Button, "Generate Preview");
        for page in ["Start Preview", "Scope and Filter", "Import Attribute Flow", "Metaverse Object", "After Change", "Errors"] {
            click(&mut window, Role::TreeItem, page);
            check(&window, page);
        }
        let mut window = window_of(&fixture, size, Some(&format!("syncline://cs/{}", objects::CAROL)));
        click(&mut window, Role::Button, "Why Not?");
        for page in ["What was looked at", "Inbound Rules", "Join", "Targets"] {
            click(&mut window, Role::Tab, page);
            check(&window, page);
        }
        let mut window = window_of(&fixture, size, Some(&format!("syncline://mv/{}", objects::ALICE_MV)));
        click(&mut window, Role::Button, "Attribute Lineage...");
        check(&window, "Attribute Lineage");
        window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
        window.run();
        check(&window, "Find anything");
        let mut window = window_of(&fixture, size, None);
        tab(&mut window, "Connectors");
        click(&mut window, Role::Button, "What-If...");
        check(&window, "New What-If");
        click(&mut window, Role::Button, "Start What-If");
        for page in ["By Object", "By Attribute", "By Rule", "Kept Results", "Compare"] {
            click(&mut window, Role::Tab, page);
            check(&window, page);
        }
    }
    for size in [[1280.0, 800.0], [900.0, 600.0]] {
        let mut window = window_of(&fixture, size, None);
        window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::R);
        window.run();
        check(&window, "Synchronization Rules Editor");
        click(&mut window, Role::Row, "Rule 50 In from AD - User Title Check");
        let editor = "Synchronization Rules Editor";
        click_in(&mut window, editor, Role::Button, "Edit");
        let title = "Edit inbound synchronization rule - In from AD - User Title Check";
        for page in ["Description", "Scoping filter", "Join rules", "Transformations", "Test on object..."] {
            click_in(&mut window, title, Role::Button, page);
            for more in ["Add Group", "Add Clause", "Add Transformation"] {
                if inner(&window, title).query_by_role_and_label(Role::Button, more).is_some() {
                    click_in(&mut window, title, Role::Button, more);
                }
            }
            check(&window, page);
        }
    }
    for size in [[1280.0, 800.0], [900.0, 600.0]] {
        let connectors = |action: &str| {
            let mut window = window_of(&fixture, size, None);
            tab(&mut window, "Connectors");
            click(&mut window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
            click(&mut window, Role::Button, action);
            check(&window, action);
            window
        };
        for action in
            ["Delete...", "Create...", "Refresh Schema...", "Export Connector...", "Import Connector...", "Update Connector..."]
        {
            connectors(action);
        }
        let mut window = connectors("Configure Run Profiles...");
        click(&mut window, Role::Button, "New Profile...");
        for page in ["Profile Name", "Configure Step", "Connector Configuration", "Summary"] {
            click(&mut window, Role::Button, page);
            check(&window, page);
        }
        let mut window = connectors("Properties");
        let title = "Properties of \"contoso.com\"";
        for page in
            ["Connect to Active Directory Forest", "Select Object Types", "Select Attributes", "Configure Directory Partitions"]
        {
            click_in(&mut window, title, Role::Button, page);
            check(&window, page);
        }
        click_in(&mut window, title, Role::Button, "Containers...");
        check(&window, "Select Containers");
    }
    check(&welcome_window(&fixture), "Welcome");
    for size in [[1280.0, 800.0], [900.0, 600.0]] {
        for item in ["Scheduler...", "Options..."] {
            let mut window = window_of(&fixture, size, None);
            click(&mut window, Role::Button, "Tools");
            click(&mut window, Role::Button, item);
            check(&window, item);
            if item.starts_with('S') {
                click(&mut window, Role::Tab, "Protection and Maintenance");
                check(&window, "Protection and Maintenance");
            }
        }
        for item in ["Import Server Configuration...", "Export Server Configuration..."] {
            let mut window = window_of(&fixture, size, None);
            click(&mut window, Role::Button, "File");
            click(&mut window, Role::Button, item);
            let field = if item.starts_with('I') { "Folder of the export" } else { "Empty folder" };
            window.get_by_role_and_label(Role::TextInput, field).focus();
            window.run();
            window.get_by_role_and_label(Role::TextInput, field).type_text("/exports");
            window.key_press(egui::Key::Enter);
            window.run();
            check(&window, item);
        }
    }
}

#[test]
fn an_item_that_is_missing_in_this_version_says_so() {
    let mut window = window(&Fixture::f1());
    click(&mut window, Role::Button, "Tools");
    let item = window.get_by_role_and_label(Role::Button, "Configuration Wizard...");
    assert!(item.accesskit_node().is_disabled());
    item.hover();
    window.run_steps(30);
    assert!(reads(&window, "Not part of this version yet"));
}

#[test]
fn windows_for_files_deletions_and_selections_name_what_can_be_used() {
    for size in [[1280.0, 800.0], [900.0, 600.0]] {
        let fixture = Fixture::f1();
        fixture.many_deleted_objects();
        let mut window = window_of(&fixture, size, None);
        right_click(&mut window, Role::Row, "Run 6: contoso.com, Delta Import, success");
        click(&mut window, Role::Button, "Export Grid As...");
        check(&window, "Export Grid As");
        click_in(&mut window, "Export Grid As", Role::Button, "Close");
        click(&mut window, Role::Button, "File");
        click(&mut window, Role::Button, "Compare Configurations...");
        check(&window, "Compare Configurations");
        click_in(&mut window, "Compare Configurations", Role::Button, "Close");
        click(&mut window, Role::Button, "Tools");
        click(&mut window, Role::Button, "Scheduler...");
        click(&mut window, Role::Tab, "Protection and Maintenance");
        click_in(&mut window, "Scheduler", Role::Button, "Approve Deletions...");
        check(&window, "Approve Deletions");
        let mut window = window_of(&fixture, size, None);
        tab(&mut window, "Connectors");
        click(&mut window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
        click(&mut window, Role::Button, "Search Connector Space...");
        choose(&mut window, "Scope", "All");
        click(&mut window, Role::Button, "Search");
        click(&mut window, Role::Row, &format!("CS {}", objects::ad_dn("Bob Baker")));
        click(&mut window, Role::Button, "Batch...");
        for operation in ["Join", "Set Disconnector Type"] {
            choose(&mut window, "Operation", operation);
            check(&window, operation);
        }
    }
}
