//! Runs as a file: XML in the documented form, JSON, or CSV with one line per step.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use quick_xml::escape::escape;
use syncline_engine::model::RunId;
use syncline_engine::service::{CounterGroup, ObjectErrorView, RunDetails, RunFilter, RunSummary, StepDetails};

use super::super::backend::{Backend, sentence};
use crate::cli::csv::{Field, line};
use crate::text_file::{WholeFile, write_whole};

/// Runs asked for at a time.
const PAGE: u64 = 500;

/// Form of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunFormat {
    /// Run history as the original writes it.
    #[default]
    Xml,
    /// One document.
    Json,
    /// One line per step.
    Csv,
}

impl RunFormat {
    /// All forms with their names.
    pub const ALL: [(Self, &'static str); 3] = [(Self::Xml, "XML"), (Self::Json, "JSON"), (Self::Csv, "CSV")];

    /// How the name of a file ends.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// Numbers of all runs that a condition holds for, newest first.
///
/// # Errors
/// A sentence, when the engine cannot tell.
pub fn run_numbers(engine: &dyn Backend, wanted: impl Fn(&RunSummary) -> bool) -> Result<Vec<RunId>, String> {
    let mut numbers = Vec::new();
    let mut offset = 0;
    loop {
        let filter = RunFilter { offset, limit: PAGE, ..RunFilter::default() };
        let page = engine.runs(&filter).map_err(|error| sentence(&error))?;
        offset += page.rows.len() as u64;
        let last = page.rows.is_empty() || offset >= page.total;
        numbers.extend(page.rows.iter().filter(|run| wanted(run)).map(|run| run.id));
        if last {
            return Ok(numbers);
        }
    }
}

/// Writes runs to a file; a file that is there is replaced only where that was said.
///
/// # Errors
/// A sentence that names the file.
pub fn write(engine: &dyn Backend, runs: &[RunId], format: RunFormat, path: &Path, replace: bool) -> Result<(), String> {
    write_whole(path, replace, |file| fill(engine, runs, format, file))
}

fn fill(engine: &dyn Backend, runs: &[RunId], format: RunFormat, file: &mut WholeFile<'_>) -> Result<(), String> {
    let mut put = |text: &str| file.put(text);
    put(match format {
        RunFormat::Xml => "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<run-history>\n",
        RunFormat::Json => "[\n",
        RunFormat::Csv => CSV_HEADER,
    })?;
    for (index, id) in runs.iter().enumerate() {
        let run = engine.run(*id).map_err(|error| sentence(&error))?;
        match format {
            RunFormat::Xml => put(&xml(&run))?,
            RunFormat::Json => {
                let text = serde_json::to_string_pretty(&run).map_err(|error| error.to_string())?;
                put(if index > 0 { ",\n" } else { "" })?;
                put(&text)?;
            }
            RunFormat::Csv => put(&csv(&run))?,
        }
    }
    put(match format {
        RunFormat::Xml => "</run-history>\n",
        RunFormat::Json => "\n]\n",
        RunFormat::Csv => "",
    })
}

/// A moment as the documented form has it: `2026-01-05 09:00:00.000`, UTC.
fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
}

fn element(indent: usize, name: &str, text: &str) -> String {
    format!("{}<{name}>{}</{name}>\n", "  ".repeat(indent), escape(text))
}

fn xml(run: &RunDetails) -> String {
    let summary = &run.summary;
    let mut text = String::from("  <run-details>\n");
    text.push_str(&element(2, "ma-id", &summary.connector_id.to_string()));
    text.push_str(&element(2, "ma-name", &summary.connector));
    text.push_str(&element(2, "run-number", &summary.id.to_string()));
    text.push_str(&element(2, "run-profile-name", &summary.profile));
    text.push_str(&element(2, "security-id", &summary.user));
    for step in &run.step_details {
        step_xml(&mut text, step);
    }
    text.push_str("  </run-details>\n");
    text
}

fn step_xml(text: &mut String, step: &StepDetails) {
    text.push_str(&format!("    <step-details step-number=\"{}\">\n", step.number));
    text.push_str(&element(3, "start-date", &moment(step.started)));
    text.push_str(&element(3, "end-date", &step.ended.map(moment).unwrap_or_default()));
    text.push_str(&element(3, "step-result", &step.status));
    text.push_str("      <step-description>\n");
    text.push_str(&element(4, "step-type", &step.step_type));
    text.push_str(&element(4, "partition", &step.partition));
    text.push_str("      </step-description>\n      <ma-connection>\n");
    for connection in &step.connections {
        text.push_str("        <connection-result>\n");
        text.push_str(&element(5, "server", &connection.server));
        text.push_str(&element(5, "result", &connection.status));
        text.push_str(&element(5, "date", &moment(connection.date)));
        text.push_str(&element(5, "detail", &connection.detail));
        text.push_str("        </connection-result>\n");
    }
    text.push_str("      </ma-connection>\n");
    let (name, item) = match step.step_type.as_str() {
        kind if kind.contains("Import") => ("ma-discovery-errors", "ma-object-error"),
        kind if kind.contains("Export") => ("synchronization-errors", "export-error"),
        _ => ("synchronization-errors", "import-error"),
    };
    text.push_str(&format!("      <{name}>\n"));
    let (retries, others): (Vec<_>, Vec<_>) = step.errors.iter().partition(|error| error.metaverse_guid.is_some());
    for error in others {
        error_xml(text, item, error);
    }
    text.push_str(&format!("      </{name}>\n"));
    if retries.is_empty() {
        text.push_str("      <mv-retry-errors/>\n");
    } else {
        text.push_str("      <mv-retry-errors>\n");
        for error in retries {
            retry_xml(text, error);
        }
        text.push_str("      </mv-retry-errors>\n");
    }
    for group in &step.counters {
        counters_xml(text, group);
    }
    text.push_str("    </step-details>\n");
}

/// The error of a metaverse object; it has neither a first time nor a number of retries.
fn retry_xml(text: &mut String, error: &ObjectErrorView) {
    let guid = error.metaverse_guid.map(|guid| guid.to_string()).unwrap_or_default();
    text.push_str(&format!("        <retry-error mv-guid=\"{guid}\" displayname=\"{}\">\n", escape(&error.display_name)));
    text.push_str(&element(5, "error-type", error.error.code.as_str()));
    text.push_str(&element(5, "error-literal", &error.error.message));
    text.push_str("        </retry-error>\n");
}

fn error_xml(text: &mut String, item: &str, error: &ObjectErrorView) {
    let guid = error.object_guid.map(|guid| guid.to_string()).unwrap_or_default();
    text.push_str(&format!("        <{item} dn=\"{}\" cs-guid=\"{guid}\">\n", escape(&error.dn)));
    text.push_str(&element(5, "error-type", error.error.code.as_str()));
    text.push_str(&element(5, "date-occurred", &moment(error.first_occurred)));
    text.push_str(&element(5, "retry-count", &error.retry_count.to_string()));
    text.push_str(&element(5, "error-literal", &error.error.message));
    let detail = &error.error.detail;
    for (name, value) in [("rule", &detail.rule), ("attribute", &detail.attribute), ("detail", &detail.server_detail)] {
        if let Some(value) = value {
            text.push_str(&element(5, name, value));
        }
    }
    text.push_str(&format!("        </{item}>\n"));
}

fn counters_xml(text: &mut String, group: &CounterGroup) {
    let (name, target) = match group.name.split_once(": ") {
        Some((_, target)) => ("outbound-flow-counters", Some(target)),
        None => match group.name.as_str() {
            "Staging" => ("staging-counters", None),
            "Discovery" => ("ma-discovery-counters", None),
            "Inbound Synchronization" => ("inbound-flow-counters", None),
            _ => ("export-counters", None),
        },
    };
    let target = target.map(|target| format!(" ma=\"{}\"", escape(target))).unwrap_or_default();
    text.push_str(&format!("      <{name}{target}>\n"));
    for (part, value) in group.counters.iter().flat_map(|counter| &counter.parts) {
        let part = part.split_once(':').map_or(part.as_str(), |(_, part)| part);
        text.push_str(&element(4, part, &value.to_string()));
    }
    text.push_str(&format!("      </{name}>\n"));
}

const CSV_HEADER: &str =
    "Run Number,Connector,Profile,User,Step,Step Type,Partition,Status,Start Time (UTC),End Time (UTC),Counters,Errors,Message\n";

fn csv(run: &RunDetails) -> String {
    let summary = &run.summary;
    let mut text = String::new();
    for step in &run.step_details {
        let counters: Vec<String> = step
            .counters
            .iter()
            .flat_map(|group| group.counters.iter().map(move |counter| (group, counter)))
            .filter(|(_, counter)| counter.value > 0)
            .map(|(group, counter)| format!("{} {}: {}", group.name, counter.label, counter.value))
            .collect();
        let fields = [
            summary.id.to_string(),
            summary.connector.clone(),
            summary.profile.clone(),
            summary.user.clone(),
            step.number.to_string(),
            step.step_type.clone(),
            step.partition.clone(),
            step.status.clone(),
            moment(step.started),
            step.ended.map(moment).unwrap_or_default(),
            counters.join("; "),
            step.errors.len().to_string(),
            step.message.clone(),
        ];
        text.push_str(&line(fields.iter().map(|field| Field::Plain(field))));
    }
    text
}
