//! `syncline status`: the whole installation on one page.

use syncline_engine::service::{ConnectorSummary, EngineStatus};

use super::exit::Failure;
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, bytes, yes_no};

/// Answers `status`.
pub fn run(session: &Session) -> Result<Answer, Failure> {
    let status = session.query(|engine| Ok(engine.status()?))?;
    let mut warnings = Vec::new();
    if status.deletion_threshold.is_none() {
        warnings.push(super::deletes::OFF.to_owned());
    }
    Ok(Answer::new(&status, text(&status, &session.output.view))?.warnings(warnings))
}

fn text(status: &EngineStatus, view: &View) -> String {
    let threshold = status.deletion_threshold.map_or_else(|| "off".to_string(), |threshold| threshold.to_string());
    let mut text = Pairs::default()
        .add("Version", &status.version)
        .add("Data folder", &status.data_folder)
        .add("Database", bytes(status.database_bytes))
        .add("Staging mode", yes_no(status.staging_mode))
        .add("Deletion threshold", threshold)
        .add("Synchronization rules", format!("{} enabled", status.rules_enabled))
        .render();

    text.push_str("\nConnectors\n");
    text.push_str(&connectors(&status.connectors, view));

    if !status.metaverse_objects.is_empty() {
        let mut table = Table::new().texts(["Metaverse type"]).numbers(["Objects"]);
        for (object_type, objects) in &status.metaverse_objects {
            table.row([object_type.clone(), objects.to_string()]);
        }
        text.push('\n');
        text.push_str(&table.render(view.width));
    }

    if status.running.is_empty() {
        text.push_str("\nNo run in progress.\n");
    } else {
        text.push_str("\nRuns in progress\n");
        text.push_str(&super::run::table(&status.running, view));
    }
    text
}

/// The table of connectors.
pub fn connectors(connectors: &[ConnectorSummary], view: &View) -> String {
    let mut table =
        Table::new().texts(["Name", "Type", "State", "Last run", "Status"]).numbers(["Pending import", "Pending export"]);
    for connector in connectors {
        let (profile, status) = connector.last_run.as_ref().map_or(("", ""), |run| (run.profile.as_str(), run.status.as_str()));
        table.row([
            connector.name.as_str(),
            connector.kind.label(),
            connector.state.label(),
            profile,
            status,
            &connector.pending_import.to_string(),
            &connector.pending_export.to_string(),
        ]);
    }
    if table.is_empty() { "No connectors.\n".to_string() } else { table.render(view.width) }
}
