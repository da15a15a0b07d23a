//! Links that open a run, an object or a rule: `syncline://run/3`, `syncline://cs/<guid>`, `syncline://mv/<guid>`,
//! `syncline://rule/<guid>`.

use syncline_engine::model::RunId;
use uuid::Uuid;

use super::command::Command;

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
            "\"{link}\" is not a link of this program; links look like syncline://run/3, syncline://cs/GUID, syncline://mv/GUID or syncline://rule/GUID"
        )
    };
    let rest = link.trim().strip_prefix(SCHEME).unwrap_or(link.trim());
    let (kind, key) = rest.split_once('/').ok_or_else(problem)?;
    match kind {
        "run" => key.parse().map(|number| Command::ShowRun(RunId(number))).ok().ok_or_else(problem),
        "cs" => Uuid::parse_str(key).map(Command::OpenCsObject).ok().ok_or_else(problem),
        "rule" => Uuid::parse_str(key).map(Command::OpenRule).ok().ok_or_else(problem),
        "mv" => Uuid::parse_str(key).map(Command::OpenMvObject).ok().ok_or_else(problem),
        _ => Err(problem()),
    }
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
        for broken in ["", "run", "run/x", "syncline://rule/1", "cs/12"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
