//! A what-if for reading.

use syncline_engine::service::{
    AttributeWord, ChangeKind, ChangedAttribute, ComparedChange, Comparison, Engine, ExportTotals, ObjectChange, Side,
    WhatIfReport,
};

use super::each_kind;
use crate::cli::exit::Failure;
use crate::cli::table::{Pairs, Table};
use crate::cli::text::{View, count, duration, safe, truncate};

/// Attributes of one object that are listed.
const MOST_ATTRIBUTES: usize = 12;
/// Columns of a value.
const VALUE_WIDTH: usize = 60;

/// What a what-if was about: `Full Synchronization of contoso.com with the rules of changed.toml`.
#[must_use]
pub fn title(report: &WhatIfReport) -> String {
    let connectors: Vec<&str> = report.steps.iter().map(|step| step.connector.as_str()).collect();
    let mode = if report.full { "Full" } else { "Delta" };
    let rules = match &report.rules_file {
        Some(file) => format!("the rules of {file}"),
        None => "the saved rules".to_string(),
    };
    safe(&format!("{mode} Synchronization of {} with {rules}", connectors.join(", ")))
}

/// The name of a kind in a space: metaverse objects are deleted, others are staged for deletion.
#[must_use]
pub fn kind_title(kind: ChangeKind, metaverse: bool) -> &'static str {
    match kind {
        ChangeKind::Delete if metaverse => "Deleted",
        ChangeKind::Delete => "Deletion staged",
        ChangeKind::DeleteAdd => "Made anew as another type",
        ChangeKind::Remove => "Leaves the connector space",
        ChangeKind::Disconnect => "Disconnected",
        ChangeKind::Add if metaverse => "New",
        ChangeKind::Add => "Provisioned",
        ChangeKind::Restore => "Staged deletion withdrawn",
        ChangeKind::Join => "Joined",
        ChangeKind::Update => "Attributes change",
        ChangeKind::Error => "Error changes",
    }
}

/// Exports waiting: `12 (3 adds, 8 updates, 1 delete)`.
#[must_use]
pub fn exports(totals: ExportTotals) -> String {
    let all = totals.adds + totals.updates + totals.deletes;
    if all == 0 {
        return "0".to_string();
    }
    let parts = [(totals.adds, "add"), (totals.updates, "update"), (totals.deletes, "delete")];
    let named: Vec<String> = parts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| count(*number, word)).collect();
    format!("{all} ({})", named.join(", "))
}

/// The list of results.
#[must_use]
pub fn list(reports: &[WhatIfReport], view: &View) -> String {
    if reports.is_empty() {
        return "No what-if is kept; \"syncline whatif\" makes one.\n".to_string();
    }
    let mut table = Table::new().numbers(["Number"]).texts(["Time", "Asked about"]).numbers([
        "Objects",
        "Deletions staged",
        "New errors",
        "Warnings",
    ]);
    for report in reports {
        let sum =
            |of: &dyn Fn(&syncline_engine::service::SpaceSummary) -> u64| report.spaces.iter().map(of).sum::<u64>().to_string();
        table.row([
            report.number.to_string(),
            view.time(report.started),
            title(report),
            sum(&|space| space.objects()),
            // Metaverse objects are deleted with them; they are not exported.
            sum(&|space| if space.space.is_empty() { 0 } else { space.deletes }),
            sum(&|space| space.errors_appearing),
            report.warnings.len().to_string(),
        ]);
    }
    table.render(view.width)
}

/// Summary and the first objects of each kind.
pub fn report(engine: &Engine, report: &WhatIfReport, limit: u64, view: &View) -> Result<String, Failure> {
    let mut text = summary(report, view);
    each_kind(engine, report, limit, &mut |space, page| {
        let Some(first) = page.rows.first() else { return Ok(()) };
        let title = kind_title(first.kind, space.space.is_empty());
        text.push_str(&format!("\n{}: {title} ({})\n", safe(&space.name), page.total));
        page.rows.iter().for_each(|change| object(&mut text, change));
        let left = page.total.saturating_sub(page.rows.len() as u64);
        if left > 0 {
            text.push_str(&format!("  ... and {left} more; --limit {} shows them\n", page.total));
        }
        Ok(())
    })?;
    Ok(text)
}

fn summary(report: &WhatIfReport, view: &View) -> String {
    let mut text = Pairs::default()
        .add("What-if", report.number.to_string())
        .add("Asked about", title(report))
        .add("Time", format!("{} ({})", view.time(report.started), duration(report.started, report.ended)))
        .render();
    if !report.rules.is_empty() {
        text.push_str("\nRules of the file\n");
        let mut table = Table::new().texts(["Rule", "Connector", "Direction", "Change"]);
        for rule in &report.rules {
            table.row([&rule.rule, &rule.connector, &rule.direction, &rule.change]);
        }
        text.push_str(&table.render(view.width));
    }
    if !report.warnings.is_empty() {
        text.push_str("\nRead this first\n");
        for warning in &report.warnings {
            text.push_str(&format!("  ! {}\n", safe(warning)));
        }
    }
    text.push_str("\nSynchronizations\n");
    let mut table = Table::new().texts(["Connector", "Status"]).numbers(["Errors"]);
    for step in &report.steps {
        table.row([&step.connector, &step.status, &step.errors.to_string()]);
    }
    text.push_str(&table.render(view.width));
    if report.spaces.iter().all(|space| space.objects() == 0 && space.errors_appearing == 0 && space.errors_vanishing == 0) {
        text.push_str("\nNothing would change.\n");
        return text;
    }
    text.push_str("\nObjects\n");
    let mut table = Table::new().texts([""]).numbers([
        "New",
        "Changed",
        "Joined",
        "Disconnected",
        "Deleted",
        "Removed",
        "Restored",
        "New errors",
        "Gone errors",
    ]);
    for space in report.spaces.iter().filter(|space| !space.is_quiet()) {
        table.row([space.name.clone()].into_iter().chain(space.counts().map(|number| number.to_string())));
    }
    text.push_str(&table.render(view.width));
    text.push_str("\nAttributes and exports\n");
    let mut table = Table::new().texts([""]).numbers(["Added", "Changed", "Removed"]).texts([
        "Exports waiting now",
        "Exports waiting then",
        "Deletion threshold",
    ]);
    for space in report.spaces.iter().filter(|space| !space.is_quiet() || space.exports_after != ExportTotals::default()) {
        let threshold = match (space.deletion_limit, space.exceeds_limit) {
            (None, _) => String::new(),
            (Some(limit), true) => format!("{limit}, EXCEEDED"),
            (Some(limit), false) => limit.to_string(),
        };
        let (now, then) = if space.space.is_empty() {
            (String::new(), String::new())
        } else {
            (exports(space.exports_before), exports(space.exports_after))
        };
        table.row([
            space.name.clone(),
            space.attributes_added.to_string(),
            space.attributes_changed.to_string(),
            space.attributes_removed.to_string(),
            now,
            then,
            threshold,
        ]);
    }
    text.push_str(&table.render(view.width));
    text
}

/// One object with its attributes.
pub fn object(text: &mut String, change: &ObjectChange) {
    text.push_str(&format!("  {}", safe(&change.name)));
    if let Some(name) = &change.display_name {
        text.push_str(&format!(" \"{}\"", safe(name)));
    }
    if !change.object_type.is_empty() {
        text.push_str(&format!(" ({})", safe(&change.object_type)));
    }
    text.push('\n');
    if let Some(name) = &change.new_name {
        text.push_str(&format!("    renamed to {}\n", safe(name)));
    }
    let why = match (change.reason.is_empty(), change.rule.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("rule \"{}\"", change.rule),
        (false, true) => change.reason.clone(),
        (false, false) if change.reason.contains(&format!("\"{}\"", change.rule)) => change.reason.clone(),
        (false, false) => format!("{}, by rule \"{}\"", change.reason, change.rule),
    };
    if !why.is_empty() {
        text.push_str(&format!("    {}\n", safe(&why)));
    }
    if let Some(error) = &change.error {
        text.push_str(&format!("    error {}: {}: {}\n", error.change.word(), safe(&error.code), safe(&error.message)));
    }
    let listed = change.attributes.iter().take(MOST_ATTRIBUTES);
    let width = listed.clone().map(|attribute| attribute.name.chars().count()).max().unwrap_or_default();
    for attribute in listed {
        let padding = " ".repeat(width.saturating_sub(attribute.name.chars().count()));
        let rule = match &attribute.old_rule {
            Some(old) => format!("{} (before: {old})", attribute.rule),
            None => attribute.rule.clone(),
        };
        let rule = if rule.is_empty() { String::new() } else { format!("   [{}]", safe(&rule)) };
        text.push_str(&format!("    {}{padding}  {}{rule}\n", safe(&attribute.name), difference(attribute)));
    }
    let left = change.attributes.len().saturating_sub(MOST_ATTRIBUTES);
    if left > 0 {
        text.push_str(&format!("    ... and {left} more attributes\n"));
    }
}

/// The values of an attribute: `Clerk -> Lead`, `+ new`, `- old`.
#[must_use]
pub fn difference(attribute: &ChangedAttribute) -> String {
    let values = |listed: &[String], all: u64| {
        let shown: Vec<String> = listed.iter().take(3).map(|value| truncate(&safe(value), VALUE_WIDTH)).collect();
        let left = all.saturating_sub(shown.len() as u64);
        let more = if left > 0 { format!(" and {left} more") } else { String::new() };
        format!("{}{more}", shown.join(", "))
    };
    let (old, new) = (values(&attribute.old, attribute.old_count), values(&attribute.new, attribute.new_count));
    match attribute.change {
        AttributeWord::Add => format!("+ {new}"),
        AttributeWord::Delete => format!("- {old}"),
        AttributeWord::Replace => format!("{old} -> {new}"),
        AttributeWord::Source => format!("{new} (same value, another source)"),
        AttributeWord::Update => match (attribute.old_count, attribute.new_count) {
            (0, _) => format!("+ {new}"),
            (_, 0) => format!("- {old}"),
            _ => format!("- {old}, + {new}"),
        },
    }
}

/// Two results beside each other.
#[must_use]
pub fn comparison(comparison: &Comparison, view: &View) -> String {
    let (first, second) = (comparison.first.number, comparison.second.number);
    let mut text = Pairs::default()
        .add(format!("What-if {first}"), title(&comparison.first))
        .add(format!("What-if {second}"), title(&comparison.second))
        .render();
    text.push_str("\nObjects\n");
    let mut table = Table::new().texts([""]).numbers(["Only first", "Only second", "Different", "Same"]);
    for space in &comparison.spaces {
        table.row([
            space.name.clone(),
            space.first_only.to_string(),
            space.second_only.to_string(),
            space.different.to_string(),
            space.same.to_string(),
        ]);
    }
    text.push_str(&table.render(view.width));
    if comparison.differences() == 0 {
        text.push_str("\nBoth do the same.\n");
        return text;
    }
    for ComparedChange { side, first: one, second: other } in &comparison.objects {
        let Some(shown) = one.as_ref().or(other.as_ref()) else { continue };
        let space = comparison.spaces.iter().find(|space| space.space == shown.space).map_or("", |space| space.name.as_str());
        let place = match side {
            Side::First => format!("only what-if {first}"),
            Side::Second => format!("only what-if {second}"),
            Side::Both => "different".to_string(),
        };
        text.push_str(&format!("\n{}: {place}\n", safe(space)));
        for (number, change) in [(first, one), (second, other)] {
            if let Some(change) = change {
                let title = kind_title(change.kind, change.space.is_empty());
                text.push_str(&format!(" what-if {number}: {title}\n"));
                object(&mut text, change);
            }
        }
    }
    let left = comparison.differences().saturating_sub(comparison.objects.len() as u64);
    if left > 0 {
        text.push_str(&format!("\n... and {left} more; --limit {} shows them\n", comparison.differences()));
    }
    text
}
