//! `syncline connector delete`: a connector space, or a connector with it.

use clap::Args;
use serde_json::json;
use syncline_engine::connector::CancelToken;
use syncline_engine::service::{ConnectorDeletionImpact, ExportTotals};

use super::background;
use super::confirm::confirm;
use super::exit::Failure;
use super::interrupt::Interrupt;
use super::output::{Answer, say};
use super::progress::Reporter;
use super::run;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, count};
use super::whatif::stages;

/// Rules listed before the question.
const SHOWN: usize = 20;

/// Arguments of `connector delete`.
#[derive(Args, Debug)]
#[command(after_help = "\
Every object of the connector space lets go of its metaverse object: metaverse objects are computed
without it or go with it, and what the other directories are to be told of that is staged. The
directory of the connector itself is not changed. Without --space-only the connector goes too, with
its rules, partitions and run profiles. The run history stays.

What would happen is worked out on a copy of the database and shown before the question; --dry-run
shows it and deletes nothing. The deletion is a run that goes on alone: Ctrl+C stops it after the
present batch, and the same command goes on from there.

Examples:
  syncline connector delete contoso.com --dry-run
  syncline connector delete contoso.com --space-only --yes")]
pub struct DeleteArgs {
    /// Name or GUID
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Delete the objects only; the connector stays as it is configured
    #[arg(long)]
    pub space_only: bool,
    /// Tell what would happen and delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Delete without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// Answers `connector delete`.
///
/// # Errors
/// [`Failure`] when the connector is unknown, another run is in the way, nobody confirms, or the run does not
/// succeed.
pub fn run(session: &Session, arguments: &DeleteArgs) -> Result<Answer, Failure> {
    let view = &session.output.view;
    if arguments.dry_run {
        let impact = impact(session, arguments)?;
        let text = shown(&impact, view);
        return Answer::new(&impact, text);
    }
    // Who confirms without reading along need not wait for it.
    if !arguments.yes || session.output.talks() {
        let impact = impact(session, arguments)?;
        if session.output.talks() {
            say(shown(&impact, view).trim_end());
        }
        if !arguments.yes {
            confirm(&question(&impact), "--yes, or look with --dry-run", "nothing was deleted")?;
        }
    }
    session.operate(|engine| {
        let reporter = Reporter::start(engine, &session.output)?;
        let _interrupt = Interrupt::stops(engine)?;
        let handle = engine.delete_connector(&arguments.connector, arguments.space_only)?;
        let accepted = json!({ "run": handle.id(), "connector": arguments.connector, "spaceOnly": arguments.space_only });
        background::accepted(&session.output, &accepted);
        let ended = handle.wait();
        reporter.finish();
        run::ended_run(&ended?, session)
    })
}

fn impact(session: &Session, arguments: &DeleteArgs) -> Result<ConnectorDeletionImpact, Failure> {
    session.query(|engine| {
        let cancel = CancelToken::default();
        let _interrupt = Interrupt::cancels(&cancel)?;
        let tell = stages(&session.output);
        Ok(engine.connector_deletion_impact(&arguments.connector, arguments.space_only, &cancel, tell)?)
    })
}

fn question(impact: &ConnectorDeletionImpact) -> String {
    let objects = count(impact.objects, "object");
    if impact.space_only {
        format!("Delete the connector space of \"{}\" with {objects}?", impact.connector)
    } else {
        let rules = count(impact.rules.len() as u64, "rule");
        format!("Delete connector \"{}\" with {objects} and {rules}?", impact.connector)
    }
}

/// The impact for a person.
fn shown(impact: &ConnectorDeletionImpact, view: &View) -> String {
    let mut pairs = Pairs::default()
        .add("Connector", &impact.connector)
        .add("Deleted", if impact.space_only { "its connector space" } else { "its connector space, and the connector itself" })
        .add("Objects", format!("{}, {} of them joined", impact.objects, impact.joined))
        .add("Metaverse objects deleted", impact.metaverse_deleted.to_string());
    if impact.errors > 0 {
        pairs = pairs.add("Objects that stay", format!("{}, because of errors; the run names them", impact.errors));
    }
    if let Some(deletions) = &impact.deletions {
        let limit = deletions.limit.map_or_else(|| "no threshold".to_owned(), |limit| format!("threshold {limit}"));
        let refused = if deletions.refused { "; the next export sends nothing" } else { "" };
        pairs = pairs.add("Deletions staged", format!("{} in \"{}\", {limit}{refused}", deletions.staged, deletions.connector));
    }
    if impact.lost_exports != ExportTotals::default() {
        pairs = pairs.add("Exports never made", totals(&impact.lost_exports));
    }
    let mut text = pairs.render();
    let mut table = Table::new().texts(["Exports waiting in", "Now", "Afterwards"]);
    for export in &impact.exports {
        table.row([&export.connector, &totals(&export.before), &totals(&export.after)]);
    }
    if !table.is_empty() {
        text.push('\n');
        text.push_str(&table.render(view.width));
    }
    if !impact.space_only && !impact.rules.is_empty() {
        text.push('\n');
        text.push_str(&rules(impact, view));
    }
    text
}

/// The rules that go, an administrator's own first: nobody else has those.
fn rules(impact: &ConnectorDeletionImpact, view: &View) -> String {
    let mut rules: Vec<_> = impact.rules.iter().collect();
    rules.sort_by_key(|rule| (!rule.custom, rule.precedence));
    let mut table = Table::new().numbers(["Precedence"]).texts(["Rule that goes", "Kind"]);
    for rule in rules.iter().take(SHOWN) {
        let precedence = rule.precedence.to_string();
        table.row([precedence.as_str(), &rule.name, if rule.custom { "custom" } else { "standard" }]);
    }
    let mut text = table.render(view.width);
    if rules.len() > SHOWN {
        text.push_str(&format!("... {} in all\n", count(rules.len() as u64, "rule")));
    }
    text
}

fn totals(totals: &ExportTotals) -> String {
    if *totals == ExportTotals::default() {
        return "nothing".to_owned();
    }
    format!("{}, {}, {}", count(totals.adds, "add"), count(totals.updates, "update"), count(totals.deletes, "delete"))
}

#[cfg(test)]
mod tests {
    use syncline_engine::service::{DeletedRule, DeletionImpact, ExportImpact};
    use uuid::Uuid;

    use super::*;
    use crate::cli::sample;

    #[test]
    fn the_impact_is_told_before_the_question() {
        let impact = ConnectorDeletionImpact {
            connector: "contoso.com".to_owned(),
            guid: Uuid::nil(),
            space_only: false,
            objects: 12,
            joined: 10,
            metaverse_deleted: 9,
            lost_exports: ExportTotals { adds: 0, updates: 1, deletes: 0 },
            exports: vec![ExportImpact {
                connector: "AAD".to_owned(),
                before: ExportTotals::default(),
                after: ExportTotals { adds: 0, updates: 2, deletes: 9 },
            }],
            deletions: Some(DeletionImpact { connector: "AAD".to_owned(), staged: 9, limit: Some(5), refused: true }),
            errors: 1,
            rules: vec![
                DeletedRule { name: "In from AD".to_owned(), precedence: 100, custom: false },
                DeletedRule { name: "Mine".to_owned(), precedence: 500, custom: true },
            ],
        };
        assert_eq!(question(&impact), "Delete connector \"contoso.com\" with 12 objects and 2 rules?");
        let text = shown(&impact, &sample::view());
        for words in [
            "12, 10 of them joined",
            "Metaverse objects deleted : 9",
            "1, because of errors",
            "9 in \"AAD\", threshold 5; the next export sends nothing",
            "0 adds, 1 update, 0 deletes",
            "nothing",
            "0 adds, 2 updates, 9 deletes",
        ] {
            assert!(text.contains(words), "missing {words:?} in {text}");
        }
        assert!(text.find("Mine").unwrap() < text.find("In from AD").unwrap(), "{text}");
        let space = ConnectorDeletionImpact { space_only: true, ..impact };
        assert_eq!(question(&space), "Delete the connector space of \"contoso.com\" with 12 objects?");
        assert!(!shown(&space, &sample::view()).contains("Mine"));
    }
}
