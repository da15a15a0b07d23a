//! Charts of the runs on the Operations tab, and the time range of the list.

use egui::Role;
use egui_kittest::kittest::Queryable;
use syncline::desktop::Backend;
use syncline_engine::service::StatusClass;

use crate::fixture::{Fixture, at};
use crate::support::*;

const ROW_1: &str = "Run 1: contoso.com, Full Import, 12.4 s, 4 adds, 0 updates, 0 deletes, 0 errors";
const ROW_3: &str = "Run 3: contoso.com, Full Synchronization, 12.4 s";

/// Runs 1 to 3 happened four days before the others.
fn fixture_over_days() -> std::sync::Arc<Fixture> {
    let fixture = Fixture::f1();
    fixture.change(|state| {
        for run in state.runs.iter_mut().filter(|run| run.summary.id.0 <= 3) {
            let minute = run.summary.id.0 * 5;
            run.summary.started = at(&format!("2026-01-01T09:{minute:02}:00Z"));
            run.summary.ended = Some(at(&format!("2026-01-01T09:{minute:02}:12.4Z")));
        }
    });
    fixture
}

#[test]
fn charts_draw_every_finished_run_of_the_filter_and_a_table_repeats_them() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    click(&mut window, Role::Button, "Charts");
    for chart in ["Duration chart: 6 runs, highest 12.4 s", "Objects chart: 6 runs, highest 4", "Errors chart: 6 runs, highest 1"]
    {
        assert!(has(&window, Role::Image, chart), "{chart}");
    }
    assert!(has(&window, Role::Table, "Runs drawn"));
    assert_eq!(rows(&window, "Run ").len(), 6);
    assert!(has(&window, Role::Row, ROW_1));
    for text in ["Adds", "Updates", "Deletes", "Full Import", "Delta Import"] {
        assert!(reads(&window, text), "{text} stands in a legend");
    }
    choose(&mut window, "Connector", "contoso.com");
    let left = rows(&window, "Run ").len();
    assert!((1..6).contains(&left));
    assert!(
        has(&window, Role::Image, &format!("Duration chart: {left} runs, highest 12.4 s")),
        "points are the runs of the filter"
    );
    click(&mut window, Role::Button, "Back to List");
    assert_eq!(rows(&window, "Run ").len(), left, "the list has the same filter");
}

#[test]
fn a_row_of_the_table_and_a_point_lead_to_the_run() {
    let mut chosen = window(&Fixture::f1());
    click(&mut chosen, Role::Button, "Charts");
    let row = rows(&chosen, ROW_3).remove(0);
    double_click(&mut chosen, Role::Row, &row);
    assert!(reads(&chosen, "Profile Name: Full Synchronization"), "the list is back, with the run selected");

    let mut pointed = window(&Fixture::f1());
    click(&mut pointed, Role::Button, "Charts");
    let chart = pointed.get_by_role_and_label(Role::Image, "Duration chart: 6 runs, highest 12.4 s").rect();
    // All runs took 12.4 seconds, so that the points stand at one height; the first from the left is run 1.
    let height = chart.bottom() - chart.height() * ((1.0 + 0.04 * 1.18) / (1.18 * 1.04));
    let mut x = chart.left();
    while x < chart.right() && has(&pointed, Role::Button, "Back to List") {
        click_at(&mut pointed, egui::pos2(x, height));
        x += 6.0;
    }
    assert!(!has(&pointed, Role::Button, "Back to List"), "some point was hit");
    assert!(reads(&pointed, "Profile Name: Full Import"));
}

#[test]
fn a_run_that_ends_appears_in_the_charts() {
    let fixture = Fixture::f1();
    let mut window = window(&fixture);
    click(&mut window, Role::Button, "Charts");
    let run = fixture.start_run("contoso.com", "Delta Import").unwrap();
    window.run_steps(3);
    assert_eq!(rows(&window, "Run ").len(), 6, "a run in progress has no duration yet");
    fixture.finish(run, "success", StatusClass::Success);
    window.run();
    assert_eq!(rows(&window, "Run ").len(), 7);
}

#[test]
fn objects_per_connector_are_drawn_with_their_numbers_beside() {
    let mut window = window_of(&Fixture::f1(), [1280.0, 800.0], Some("syncline://window/charts"));
    let charts = window.query_all_by_role_and_label(Role::Tab, "Connectors").map(|node| node.rect().center());
    let place = charts.max_by(|a, b| a.y.total_cmp(&b.y)).unwrap();
    click_at(&mut window, place);
    assert!(has(&window, Role::Image, "Connector spaces chart: 2 connectors, 7 objects"));
    let ad = "contoso.com: 4 objects, 2 connectors, 2 disconnectors, 1 pending import, 0 pending export";
    assert!(has(&window, Role::Row, ad), "{:?}", rows(&window, "contoso"));
    choose(&mut window, "Connector", "contoso.com");
    assert!(has(&window, Role::Image, "Connector spaces chart: 1 connector, 4 objects"));
    double_click(&mut window, Role::Row, ad);
    assert!(reads(&window, "Connector Statistics"), "the connector is shown");
}

#[test]
fn without_a_finished_run_the_charts_say_so() {
    let fixture = Fixture::f1();
    fixture.change(|state| state.runs.clear());
    let mut window = window(&fixture);
    click(&mut window, Role::Button, "Charts");
    assert!(reads(&window, "No finished run to draw"));
    fixture.change(|state| state.broken = Some("the database is locked".into()));
    window.key_press(egui::Key::F5);
    window.run();
    assert!(reads(&window, "The database is locked"), "why nothing could be fetched");
}

#[test]
fn the_time_range_limits_list_and_charts() {
    let mut window = window(&fixture_over_days());
    assert_eq!(rows(&window, "Run ").len(), 6);
    choose(&mut window, "Time range", "Last 24 hours");
    let found: Vec<String> = rows(&window, "Run ").iter().map(|row| row.chars().take(5).collect()).collect();
    assert_eq!(found, ["Run 6", "Run 5", "Run 4"]);
    click(&mut window, Role::Button, "Charts");
    assert!(has(&window, Role::Image, "Duration chart: 3 runs, highest 12.4 s"));
    choose(&mut window, "Time range", "Last 7 days");
    assert!(has(&window, Role::Image, "Duration chart: 6 runs, highest 12.4 s"));
}
