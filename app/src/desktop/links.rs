//! Links that open a run, an object, a rule or a window: `syncline://run/3`, `syncline://cs/<guid>`,
//! `syncline://mv/<guid>`, `syncline://rule/<guid>`, `syncline://connector/<name>/properties`, `syncline://window/scheduler`.
//! A link shows something; nothing is started or changed by one.

use syncline_engine::model::RunId;
use uuid::Uuid;

use super::action::Action;
use super::command::{AttributeOfIdentity, Command};

const SCHEME: &str = "syncline://";

/// The link of a run.
#[must_use]
pub fn of_run(id: RunId) -> String {
    format!("{SCHEME}run/{id}")
}

/// What a link opens.
///
/// # Errors
/// A sentence that says how links look.
pub fn parse(link: &str) -> Result<Command, String> {
    let problem = || {
        format!(
            "\"{link}\" is not a link of this program; links look like syncline://run/3, syncline://cs/GUID, syncline://mv/GUID, syncline://rule/GUID, syncline://connector/NAME/properties or syncline://window/scheduler"
        )
    };
    let rest = link.trim().strip_prefix(SCHEME).unwrap_or(link.trim());
    let (kind, key) = rest.split_once('/').ok_or_else(problem)?;
    if kind == "connector" {
        return of_connector(key).ok_or_else(problem);
    }
    if kind == "window" {
        return named(&WINDOWS, key).map(Command::IfPossible).ok_or_else(problem);
    }
    let (key, page) = key.split_once('/').unwrap_or((key, ""));
    let object = || Uuid::parse_str(key).ok();
    let command = match (kind, page) {
        ("run", "") => key.parse().map(|number| Command::ShowRun(RunId(number))).ok(),
        ("cs", "") => object().map(Command::OpenCsObject),
        ("cs", "preview") => object().map(Command::OpenPreview),
        ("rule", "") => object().map(Command::OpenRule),
        ("rule", "edit") => object().map(Command::EditRule),
        ("mv", "") => object().map(Command::OpenMvObject),
        ("mv", "graph") => object().map(Command::OpenLineageGraph),
        ("mv", attribute) => {
            object().map(|object| Command::OpenLineage(AttributeOfIdentity { object, attribute: attribute.to_owned() }))
        }
        _ => None,
    };
    command.ok_or_else(problem)
}

type Names = [(&'static str, Action)];

/// Windows of the whole program.
const WINDOWS: [(&str, Action); 15] = [
    ("charts", Action::Charts),
    ("clear-runs", Action::ClearRuns),
    ("column-settings", Action::ColumnSettings),
    ("compare-configurations", Action::CompareConfigurations),
    ("create-connector", Action::CreateConnector),
    ("export-configuration", Action::ExportServerConfiguration),
    ("find", Action::FindAnything),
    ("import-configuration", Action::ImportServerConfiguration),
    ("import-connector", Action::ImportConnector),
    ("options", Action::Options),
    ("rules", Action::RulesEditor),
    ("save-runs", Action::SaveRunHistoryAs),
    ("scheduler", Action::Scheduler),
    ("shortcuts", Action::KeyboardShortcuts),
    ("what-if", Action::WhatIf),
];

/// Windows of a connector.
const OF_CONNECTOR: [(&str, Action); 9] = [
    ("delete", Action::DeleteConnector),
    ("export", Action::ExportConnector),
    ("pending-exports", Action::PendingExportReport),
    ("properties", Action::ConnectorProperties),
    ("refresh-schema", Action::RefreshSchema),
    ("run", Action::Run),
    ("run-profiles", Action::ConfigureRunProfiles),
    ("search", Action::SearchConnectorSpace),
    ("update", Action::UpdateConnector),
];

fn named(names: &Names, wanted: &str) -> Option<Action> {
    names.iter().find(|(name, _)| *name == wanted).map(|(_, action)| *action)
}

/// The name of a connector may hold a slash: what follows the last one is a window only when there is one of that name.
fn of_connector(key: &str) -> Option<Command> {
    let window = key.rsplit_once('/').and_then(|(connector, window)| Some((connector, named(&OF_CONNECTOR, window)?)));
    let (connector, action) = window.unwrap_or((key, Action::ShowConnectors));
    (!connector.is_empty()).then(|| Command::OnConnector { connector: connector.to_owned(), action })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_runs_and_objects() {
        let guid = Uuid::from_u128(7);
        let check = |link: &str, expected: Command| assert_eq!(parse(link).as_ref(), Ok(&expected), "{link}");
        check(&of_run(RunId(3)), Command::ShowRun(RunId(3)));
        check("run/12", Command::ShowRun(RunId(12)));
        check(&format!("syncline://cs/{guid}"), Command::OpenCsObject(guid));
        check(&format!("mv/{guid}"), Command::OpenMvObject(guid));
        check(&format!("syncline://rule/{guid}"), Command::OpenRule(guid));
        check(&format!("syncline://mv/{guid}/graph"), Command::OpenLineageGraph(guid));
        let title = AttributeOfIdentity { object: guid, attribute: "title".into() };
        check(&format!("syncline://mv/{guid}/title"), Command::OpenLineage(title));
        let on = |connector: &str, action| Command::OnConnector { connector: connector.into(), action };
        check("syncline://connector/contoso.com/run-profiles", on("contoso.com", Action::ConfigureRunProfiles));
        check("syncline://connector/a/b", on("a/b", Action::ShowConnectors));
        check("syncline://window/scheduler", Command::IfPossible(Action::Scheduler));
        for broken in ["", "run", "run/x", "syncline://rule/1", "cs/12", "window/exit", "window/", "connector/", "run/1/x"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
