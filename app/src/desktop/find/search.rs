//! What a text finds: connectors, runs, rules, and objects of all spaces.

use syncline_engine::model::RunId;
use syncline_engine::service::{ConnectorSummary, CsScope, CsSearch, MvSearch, RunFilter};
use uuid::Uuid;

use super::super::backend::{Answer, Backend};
use super::super::command::Command;
use super::super::links;

/// Most hits of one kind.
const MOST: usize = 6;
/// Runs that are looked at.
const RUNS: u64 = 300;

/// Something found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is.
    pub kind: &'static str,
    /// Its name.
    pub title: String,
    /// Where it is, and what it looks like.
    pub detail: String,
    /// Opens it.
    pub command: Command,
}

/// Looks everywhere. Objects come first, then runs and the configuration.
///
/// # Errors
/// Those of the engine.
pub fn search(engine: &dyn Backend, text: &str) -> Answer<Vec<Found>> {
    let text = text.trim();
    let mut found = Vec::new();
    if text.is_empty() {
        return Ok(found);
    }
    if text.starts_with("syncline://")
        && let Ok(command) = links::parse(text)
    {
        found.push(Found { kind: "Link", title: text.to_owned(), detail: "Open what the link names".to_owned(), command });
        return Ok(found);
    }
    let connectors = engine.connectors()?;
    identities(engine, text, &mut found)?;
    for connector in &connectors {
        objects(engine, connector, text, &mut found)?;
    }
    let wanted = text.to_lowercase();
    let has = |name: &str| name.to_lowercase().contains(&wanted);
    found.extend(connectors.iter().filter(|connector| has(&connector.name)).take(MOST).map(|connector| Found {
        kind: "Connector",
        title: connector.name.clone(),
        detail: connector.kind.label().to_owned(),
        command: Command::ShowConnector(connector.id),
    }));
    let rules = engine.rules()?;
    let of_text = |name: &str, precedence: i64| has(name) || precedence.to_string() == wanted;
    found.extend(rules.iter().filter(|rule| of_text(&rule.name, rule.precedence)).take(MOST).map(|rule| Found {
        kind: "Rule",
        title: rule.name.clone(),
        detail: format!("precedence {}, {}", rule.precedence, rule.connector),
        command: Command::OpenRule(rule.guid),
    }));
    runs(engine, &wanted, &mut found)?;
    Ok(found)
}

fn identities(engine: &dyn Backend, text: &str, found: &mut Vec<Found>) -> Answer<()> {
    let search = MvSearch { text: text.to_owned(), limit: MOST as u64, ..MvSearch::default() };
    for hit in engine.search_metaverse(&search)?.rows {
        let known = |name: &str| hit.attributes.get(name).filter(|value| !value.is_empty()).cloned();
        let detail = known("userPrincipalName").or_else(|| known("mail")).or_else(|| known("accountName")).unwrap_or_default();
        found.push(Found {
            kind: "Metaverse",
            title: if hit.display_name.is_empty() { hit.guid.to_string() } else { hit.display_name.clone() },
            detail: if detail.is_empty() { hit.object_type.clone() } else { format!("{}, {detail}", hit.object_type) },
            command: Command::OpenMvObject(hit.guid),
        });
    }
    Ok(())
}

fn objects(engine: &dyn Backend, connector: &ConnectorSummary, text: &str, found: &mut Vec<Found>) -> Answer<()> {
    let ask = |scope: CsScope, text: &str| {
        let search = CsSearch { connector: connector.id, scope, text: text.to_owned(), offset: 0, limit: MOST as u64 };
        engine.search_connector_space(&search)
    };
    let mut hits = ask(CsScope::All, text)?.rows;
    let exact = text.contains('=') || text.len() >= 8 && !text.contains(' ') || Uuid::parse_str(text).is_ok();
    if hits.is_empty() && exact {
        hits = ask(CsScope::DnOrAnchor(text.to_owned()), "")?.rows;
    }
    found.extend(hits.into_iter().map(|hit| Found {
        kind: "Connector space",
        title: if hit.display_name.is_empty() { hit.dn.clone() } else { hit.display_name.clone() },
        detail: format!("{}, {}", connector.name, hit.dn),
        command: Command::OpenCsObject(hit.guid),
    }));
    Ok(())
}

fn runs(engine: &dyn Backend, wanted: &str, found: &mut Vec<Found>) -> Answer<()> {
    let number = wanted.strip_prefix("run").unwrap_or(wanted).trim().parse::<i64>().ok().map(RunId);
    let page = engine.runs(&RunFilter { limit: RUNS, ..RunFilter::default() })?;
    let fits = |id: RunId, profile: &str, status: &str| {
        number == Some(id) || (number.is_none() && (profile.to_lowercase().contains(wanted) || status.contains(wanted)))
    };
    let hits = page.rows.into_iter().filter(|run| fits(run.id, &run.profile, &run.status)).take(MOST);
    found.extend(hits.map(|run| Found {
        kind: "Run",
        title: format!("Run {}: {}", run.id, run.profile),
        detail: format!("{}, {}", run.connector, run.status),
        command: Command::ShowRun(run.id),
    }));
    Ok(())
}
