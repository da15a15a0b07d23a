//! `syncline ad trace`: what an import asks a forest and what it gets, without staging anything.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use syncline_engine::service::{EngineError, TraceFrom, TraceOptions, TraceReport};

use super::exit::Failure;
use super::output::Answer;
use super::session::Session;
use super::table::Table;
use super::text::{View, safe};

/// What is traced.
#[derive(Args, Debug)]
pub struct TraceArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    connector: String,
    /// Partition to read [default: the one that is selected]
    #[arg(long, value_name = "DN")]
    partition: Option<String>,
    /// Read this container instead of those that are selected
    #[arg(long, value_name = "DN")]
    below: Option<String>,
    /// Ask this domain controller
    #[arg(long, value_name = "HOST[:PORT]")]
    server: Option<String>,
    /// Read everything, as a full import does [default: what a delta import would read now]
    #[arg(long, conflicts_with = "watermark")]
    full: bool,
    /// Read what changed since a watermark that an earlier trace told
    #[arg(long, value_name = "TEXT")]
    watermark: Option<String>,
    /// Write every search and every object to this file, one JSON record a line
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The answer for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Traced<'a> {
    #[serde(flatten)]
    report: &'a TraceReport,
    /// Text that `--watermark` takes.
    watermark: Option<String>,
    out: Option<&'a PathBuf>,
}

impl TraceArgs {
    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when the connector is no forest, the forest cannot be reached, or the import would fail; what was
    /// asked until then is shown.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let from = match (&self.watermark, self.full) {
            (Some(text), _) => TraceFrom::Watermark(text.clone().into_bytes()),
            (None, true) => TraceFrom::Beginning,
            (None, false) => TraceFrom::Stored,
        };
        let options =
            TraceOptions { partition: self.partition.clone(), below: self.below.clone(), server: self.server.clone(), from };
        let unwritable =
            |path: &PathBuf, error: std::io::Error| Failure::invalid(format!("cannot write {}: {error}", path.display()));
        let mut file = match &self.out {
            Some(path) => Some((path, BufWriter::new(File::create(path).map_err(|error| unwritable(path, error))?))),
            None => None,
        };
        let mut fault = None;
        let mut report = session.query(|engine| {
            Ok(engine.trace_import(&self.connector, &options, &mut |record| {
                if let Some((_, file)) = &mut file {
                    fault = writeln!(file, "{record}").err();
                }
                fault.is_none()
            })?)
        })?;
        if let Some((path, mut file)) = file {
            fault.map_or_else(|| file.flush(), Err).map_err(|error| unwritable(path, error))?;
        }
        let watermark = report.watermark.clone().and_then(|watermark| String::from_utf8(watermark).ok());
        let text = text(&report, watermark.as_deref(), &session.output.view);
        if let Some(error) = report.error.take() {
            return Err(Failure::from(EngineError::from(error)).text(text));
        }
        let warnings = report.warnings.iter().map(|warning| safe(warning)).collect();
        Ok(Answer::new(&Traced { report: &report, watermark, out: self.out.as_ref() }, text)?.warnings(warnings))
    }
}

/// The searches, and what came.
fn text(report: &TraceReport, watermark: Option<&str>, view: &View) -> String {
    let mut table = Table::new().texts(["Server", "Base", "Scope", "Filter"]).numbers(["Pages", "Entries", "Bytes", "ms"]);
    for search in &report.searches {
        let number = |number: u64| number.to_string();
        table.row([
            search.server.clone(),
            if search.base.is_empty() { "(root DSE)".to_owned() } else { search.base.clone() },
            search.scope.to_owned(),
            search.filter.clone(),
            if search.pages == 0 { String::new() } else { number(search.pages.into()) },
            if search.failed { "failed".to_owned() } else { number(search.entries as u64) },
            number(search.octets as u64),
            number(search.millis),
        ]);
    }
    let kind = if report.full { "full" } else { "delta" };
    let mut text = format!(
        "{}\nA {kind} import of {} would get {} objects and {} deletions; {} objects lie outside of what is read, {} could not be read.\nNothing was staged.\n",
        table.render(view.width),
        safe(&report.partition),
        report.objects,
        report.deletions,
        report.filtered,
        report.unreadable
    );
    if let Some(watermark) = watermark {
        text.push_str(&format!("Watermark: {}\n", safe(watermark)));
    }
    text
}

#[cfg(test)]
mod tests {
    use syncline_engine::service::TracedSearch;

    use super::*;

    #[test]
    fn searches_are_listed_and_what_came_is_counted() {
        let search = TracedSearch {
            server: "dc1:636".into(),
            base: String::new(),
            scope: "base",
            filter: "(objectClass=*)".into(),
            attributes: Vec::new(),
            controls: Vec::new(),
            pages: 0,
            entries: 1,
            octets: 20,
            millis: 3,
            failed: false,
        };
        let paged = TracedSearch { base: "DC=x".into(), scope: "subtree", pages: 2, entries: 700, ..search.clone() };
        let report = TraceReport {
            partition: "DC=x".into(),
            full: false,
            searches: vec![search, TracedSearch { failed: true, ..paged.clone() }, paged],
            objects: 690,
            deletions: 4,
            filtered: 5,
            unreadable: 1,
            warnings: Vec::new(),
            watermark: None,
            error: None,
        };
        let text = text(&report, Some("{}"), &View { width: None, zone: jiff::tz::TimeZone::UTC });
        let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines[1], "dc1:636 (root DSE) base (objectClass=*) 1 20 3");
        assert_eq!(lines[2], "dc1:636 DC=x subtree (objectClass=*) 2 failed 20 3");
        assert_eq!(lines[3], "dc1:636 DC=x subtree (objectClass=*) 2 700 20 3");
        assert!(text.contains("A delta import of DC=x would get 690 objects and 4 deletions; 5 objects"), "{text}");
        assert!(text.ends_with("Nothing was staged.\nWatermark: {}\n"), "{text}");
    }
}
