//! One picture per tab. A changed picture is looked at before it is accepted (`UPDATE_SNAPSHOTS=1`).

use egui::Role;

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
