//! One picture per tab. A changed picture is looked at before it is accepted (`UPDATE_SNAPSHOTS=1`).

use egui::Role;
use egui_kittest::kittest::Queryable;

use crate::fixture::Fixture;
use crate::support::*;

const SIZE: [f32; 2] = [1000.0, 640.0];

#[test]
fn picture_of_the_operations_tab() {
    let mut window = window_of(&Fixture::f1(), SIZE, None);
    click(&mut window, Role::Row, "Run 3: contoso.com, Full Synchronization, completed-sync-errors");
    window.remove_cursor();
    window.run();
    window.snapshot("operations");
}

#[test]
fn picture_of_the_connectors_tab() {
    let fixture = Fixture::f1();
    fixture.change(|state| state.connectors[0].full_sync_required = Some("rule In from AD - User Common changed".into()));
    let mut window = window_of(&fixture, SIZE, None);
    window.state_mut().settings.theme = syncline::desktop::theme::ThemeChoice::Light;
    window.ctx.set_theme(egui::Theme::Light);
    tab(&mut window, "Connectors");
    click(&mut window, Role::Row, "Connector contoso.com, Active Directory Domain Services, Idle");
    window.remove_cursor();
    window.run();
    window.snapshot("connectors");
}

#[test]
fn picture_of_the_metaverse_designer_tab() {
    let mut window = window_of(&Fixture::f1(), SIZE, None);
    tab(&mut window, "Metaverse Designer");
    window.remove_cursor();
    window.run();
    window.snapshot("metaverse_designer");
}

#[test]
fn picture_of_the_metaverse_search_tab() {
    let mut window = window_of(&Fixture::f1(), SIZE, None);
    window.ctx.set_theme(egui::Theme::Light);
    tab(&mut window, "Metaverse Search");
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    window.run();
    window.remove_cursor();
    window.run();
    window.snapshot("metaverse_search");
}

#[test]
fn zz_debug() {
    let shot = |window: &mut Window, name: &str| {
        window.remove_cursor();
        window.run_steps(3);
        window.render().unwrap().save(format!("/tmp/h/{name}.png")).unwrap();
    };
    let mut w = window_of(&Fixture::f1(), [1280.0, 800.0], None);
    click(&mut w, Role::Row, "Run 3: contoso.com, Full Synchronization, completed-sync-errors");
    shot(&mut w, "g1");
    click(&mut w, Role::Link, "sync-rule-error-function-triggered");
    shot(&mut w, "g2");
    let fixture = Fixture::f1();
    let mut w = window_of(&fixture, [1280.0, 800.0], None);
    w.ctx.set_theme(egui::Theme::Light);
    w.run();
    click(&mut w, Role::Button, "Run...");
    shot(&mut w, "g3");
    inner(&w, "Run Connector").get_by_role_and_label(Role::Button, "OK").click();
    w.run_steps(4);
    fixture.progress(syncline_engine::model::RunId(7), 400);
    w.run_steps(3);
    shot(&mut w, "g4");
    fixture.many_deletes();
    let mut w = window_of(&fixture, [1280.0, 800.0], None);
    w.ctx.set_theme(egui::Theme::Light);
    tab(&mut w, "Connectors");
    click(&mut w, Role::Row, "Connector contoso.onmicrosoft.com - AAD, Windows Azure Active Directory (Microsoft), Idle");
    click(&mut w, Role::Button, "Search Connector Space...");
    choose(&mut w, "Scope", "Pending Export");
    click(&mut w, Role::Button, "Search");
    shot(&mut w, "g5");
    let mut w = window_of(&Fixture::f1(), [900.0, 600.0], None);
    click(&mut w, Role::Row, "Run 5: contoso.com, Delta Import, stopped-connectivity");
    shot(&mut w, "g6");
    let mut w = window_of(&Fixture::f1(), [1280.0, 800.0], None);
    click(&mut w, Role::Button, "View");
    shot(&mut w, "g7");
    let mut w = window_of(&Fixture::f1(), [1280.0, 800.0], Some(&format!("syncline://cs/{}", crate::fixture::objects::BOB_CLOUD)));
    click(&mut w, Role::Tab, "Pending Export");
    shot(&mut w, "g8");
}
