//! What is measured, and the table of it.

use std::path::Path;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Pos2, pos2};
use syncline_tests::measure::Memory;

use super::Arguments;
use super::data::{FOREST, LARGE_GROUP};
use super::driver::{Driver, LIST};

struct Table;

impl Table {
    fn line(&self, what: &str, value: &str, aim: &str) {
        println!("{what:<58} {value:>22} {aim:>12}");
    }

    fn time(&self, what: &str, taken: Duration, aim: &str) {
        self.line(what, &format!("{:.0} ms", taken.as_secs_f64() * 1000.0), aim);
    }

    fn frames(&self, what: &str, mut times: Vec<Duration>) {
        times.sort();
        let at =
            |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        let value = format!("{:.1} / {:.1} / {:.1} ms", millis(at(50)), millis(at(99)), millis(at(100)));
        self.line(what, &value, "p99 8 ms");
    }
}

/// Measures everything on a database that is there.
pub fn all(arguments: &Arguments, folder: &Path) -> anyhow::Result<()> {
    let table = Table;
    table.line(
        &format!("{} objects, {} runs, one group of {}", arguments.objects, arguments.runs, arguments.members),
        "median / p99 / longest",
        "aim",
    );
    let begun = Instant::now();
    let mut app = Driver::open(folder)?;
    app.until("Start Time")?;
    app.until("Delta Synchronization")?;
    table.time("start to a usable Operations tab", begun.elapsed(), "700 ms");
    app.settle();
    table.frames("frames: scrolling the runs", app.scroll(LIST, arguments.frames));
    app.click("Connectors")?;
    app.until("Search Connector Space...")?;
    app.settle();
    table.frames("frames: Connectors tab", app.scroll(LIST, arguments.frames / 4));
    app.click("Metaverse Designer")?;
    app.until("Attribute Name")?;
    app.settle();
    table.frames("frames: scrolling the attributes of a type", app.scroll(pos2(400.0, 640.0), arguments.frames));
    searches(&table, &mut app, arguments)?;
    find_anything(&table, &mut app)?;
    let quiet = idle(&mut app);
    table.line("frames asked for in 100 while nothing happens", &quiet.to_string(), "0");
    table.line("memory with all tabs visited", &memory(), "250 MB");
    app.leave();
    Ok(())
}

fn searches(table: &Table, app: &mut Driver, arguments: &Arguments) -> anyhow::Result<()> {
    app.click("Metaverse Search")?;
    app.until("Click Search to list objects.")?;
    let begun = Instant::now();
    app.key(Modifiers::COMMAND, Key::Enter);
    app.until("objects found")?;
    table.time("first page of all metaverse objects", begun.elapsed(), "100 ms");
    app.settle();
    table.frames("frames: scrolling metaverse objects", app.scroll(pos2(400.0, 500.0), arguments.frames));
    app.click("Add Clause")?;
    app.until("Where")?;
    app.click("Value")?;
    app.type_text(LARGE_GROUP);
    app.settle();
    let begun = Instant::now();
    app.key(Modifiers::COMMAND, Key::Enter);
    app.until("1 object found")?;
    table.time("indexed search: display name starts with", begun.elapsed(), "100 ms");
    // Below the condition, which holds the same text.
    let list = |place: Pos2| place.y > 225.0;
    app.until_at(LARGE_GROUP, list)?;
    let begun = Instant::now();
    app.double_click(LARGE_GROUP, list)?;
    app.until("Contributing Connector")?;
    table.time("opening the group as metaverse object", begun.elapsed(), "100 ms");
    app.settle();
    app.key(Modifiers::NONE, Key::Escape);
    app.settle();
    app.click_at("Connectors", |place| place.y < 100.0)?;
    app.until(FOREST)?;
    app.settle();
    app.click_at(FOREST, |place| place.y > 130.0 && place.y < 400.0)?;
    app.settle();
    app.click("Search Connector Space...")?;
    app.until("Scope")?;
    app.settle();
    let begun = Instant::now();
    app.click("Search")?;
    app.until("CN=")?;
    table.time("first page of a connector space", begun.elapsed(), "100 ms");
    app.settle();
    table.frames("frames: scrolling a connector space", app.scroll(pos2(500.0, 400.0), arguments.frames));
    // Rows that were scrolled to are asked for.
    app.until_at("CN=", |place| place.y > 250.0)?;
    let begun = Instant::now();
    app.double_click("CN=", |place| place.y > 250.0)?;
    app.until("Modification type")?;
    table.time("opening a connector space object", begun.elapsed(), "100 ms");
    app.settle();
    for _ in 0..2 {
        app.key(Modifiers::NONE, Key::Escape);
        app.settle();
    }
    Ok(())
}

fn find_anything(table: &Table, app: &mut Driver) -> anyhow::Result<()> {
    app.key(Modifiers::COMMAND, Key::K);
    app.settle();
    let begun = Instant::now();
    app.type_text("user000123");
    // The name of the person; the field holds the account, without the space.
    app.until(" 000123")?;
    table.time("find anything, first hits", begun.elapsed(), "150 ms");
    app.key(Modifiers::NONE, Key::Escape);
    app.settle();
    Ok(())
}

/// Frames that are asked for while nothing happens.
fn idle(app: &mut Driver) -> usize {
    app.settle();
    (0..100)
        .filter(|_| {
            app.frame();
            std::thread::sleep(Duration::from_millis(10));
            app.repaint_after() < Duration::from_secs(1)
        })
        .count()
}

/// Resident memory of this process, where the system tells it.
fn memory() -> String {
    Memory::beyond_now().before().map_or_else(|| "unknown".to_owned(), |bytes| format!("{} MB", bytes / 1_048_576))
}
