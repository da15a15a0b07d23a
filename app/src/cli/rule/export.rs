//! `rule export`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use syncline_engine::rules::SyncRule;

use super::super::exit::{Exit, Failure};
use super::super::output::Answer;
use super::super::session::Session;
use super::super::text::{count, safe};

/// Arguments of `rule export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// Name, GUID or precedence; all rules when none is named
    #[arg(value_name = "RULE")]
    pub rules: Vec<String>,
    /// Only rules of this connector, name or GUID
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Option<String>,
    /// Only rules of your own
    #[arg(long)]
    pub custom: bool,
    /// File to write; standard output when absent
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Exported {
    rules: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// Answers `rule export`.
pub(super) fn run(session: &Session, arguments: &ExportArgs) -> Result<Answer, Failure> {
    let (rules, text) = session.query(|engine| {
        let mut rules: Vec<SyncRule> = if arguments.rules.is_empty() {
            let connector = arguments.connector.as_ref().map(|name| engine.connector(name)).transpose()?.map(|found| found.id);
            let all = engine.rule_definitions()?;
            all.into_iter().filter(|rule| connector.is_none_or(|id| rule.connector == id)).collect()
        } else {
            super::find_all(engine, &arguments.rules, arguments.connector.as_deref())?
        };
        rules.retain(|rule| !(arguments.custom && rule.is_standard()));
        Ok((rules.len(), engine.rules_as_text(&rules)?))
    })?;
    let Some(file) = &arguments.output else {
        return Answer::new(&Exported { rules, file: None, text: Some(text.clone()) }, text);
    };
    let name = safe(&file.display().to_string());
    std::fs::write(file, text).map_err(|error| {
        let exit = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Invalid,
        };
        Failure::new(exit, format!("{name} cannot be written: {error}"))
    })?;
    let told = format!("{} written to {name}.\n", count(rules as u64, "rule"));
    Answer::new(&Exported { rules, file: Some(name), text: None }, told)
}
