//! `syncline whatif`: what a synchronization of everything would do, without doing it.

mod html;
mod progress;
mod rows;
mod text;

pub use progress::stages;
pub use text::{kind_title, object};

use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use syncline_engine::connector::CancelToken;
use syncline_engine::service::{
    ChangeKind, Engine, Instead, ObjectChange, OtherRules, OtherServer, Page, SpaceSummary, WhatIfFilter, WhatIfReport,
    WhatIfRequest,
};

use super::config::mapping;
use super::exit::{Exit, Failure};
use super::interrupt::Interrupt;
use super::json;
use super::output::{Answer, Format};
use super::session::Session;

/// Objects of one kind that a text lists.
const TEXT_LIMIT: u64 = 10;
/// Objects of one kind that a page lists.
const PAGE_LIMIT: u64 = 1_000;

/// Arguments of `whatif`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Synchronizes a copy of the database and tells what changed there: objects and attributes per
connector with the rule behind each, errors that appear or vanish, exports waiting before and
after, deletions against the threshold. The database itself is only read, and a run of another
process may go on. The result is kept under a number; the 20 newest are.

A file of rules holds whole rules, which replace the rule of that name or are new, and changes,
which leave alone what they do not name:
  [[change]]
  rule = \"In from AD - User Join\"
  scope = [[\"department NOTEQUAL Sales\"]]
  [change.expression]
  displayName = \"Trim([givenName] & \\\" \\\" & [sn])\"

Formats:
  text  summary, and the first objects of each kind
  json  one JSON object per line: the summary, then every object (--json gives one document instead)
  csv   one line per object and attribute
  html  one page that needs no network

Examples:
  syncline whatif
  syncline whatif --rules changed.toml --connector contoso.com
  syncline whatif --rules changed.toml --format html --out whatif.html
  syncline whatif --config ./export --map contoso.com=contoso.com
  syncline whatif show 3 --format csv --out changes.csv
  syncline whatif compare 2 3"
)]
pub struct WhatIfArgs {
    /// Results that are kept.
    #[command(subcommand)]
    pub verb: Option<WhatIfVerb>,
    /// A new one.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// What a new what-if is asked for.
#[derive(Args, Debug)]
pub struct AskArgs {
    /// Rules laid over the saved ones; without it the saved rules are asked about
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Take an exported Azure AD Connect configuration over on the copy, as "config import-server" would
    #[arg(long, value_name = "DIR", conflicts_with = "rules")]
    pub config: Option<PathBuf>,
    /// With --config: apply the rules of a connector of the export to a connector that is here
    #[arg(long = "map", value_name = "NAME=CONNECTOR", value_parser = mapping, requires = "config")]
    pub mappings: Vec<(String, String)>,
    /// Synchronize only this connector, by name or GUID; may be repeated
    #[arg(long, value_name = "CONNECTOR")]
    pub connector: Vec<String>,
    /// Delta Synchronization instead of Full Synchronization
    #[arg(long)]
    pub delta: bool,
    /// How the result is written.
    #[command(flatten)]
    pub form: FormArgs,
}

/// How a result is written.
#[derive(Args, Debug)]
pub struct FormArgs {
    /// Form of the result
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Form::Text)]
    pub format: Form,
    /// Write to this file instead of the screen
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Most objects of each kind in text (10) and html (1000)
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// Form of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For reading
    Text,
    /// One JSON object per line
    Json,
    /// One line per object and attribute
    Csv,
    /// A page for a browser
    Html,
}

/// Verbs of `whatif`.
#[derive(Debug, Subcommand)]
pub enum WhatIfVerb {
    /// List the results that are kept, newest first
    List,
    /// Show a result
    Show {
        /// Number of the result
        #[arg(value_name = "N")]
        number: u32,
        /// How it is written.
        #[command(flatten)]
        form: FormArgs,
    },
    /// Show how two results differ
    Compare {
        /// Number of the first
        #[arg(value_name = "N")]
        first: u32,
        /// Number of the second
        #[arg(value_name = "M")]
        second: u32,
        /// Most objects to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Delete results
    Delete {
        /// Numbers of the results
        #[arg(value_name = "N", required = true)]
        numbers: Vec<u32>,
    },
}

impl WhatIfArgs {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.verb {
            None => "whatif",
            Some(WhatIfVerb::List) => "whatif list",
            Some(WhatIfVerb::Show { .. }) => "whatif show",
            Some(WhatIfVerb::Compare { .. }) => "whatif compare",
            Some(WhatIfVerb::Delete { .. }) => "whatif delete",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let view = &session.output.view;
        match &self.verb {
            None => ask(session, &self.ask),
            Some(WhatIfVerb::List) => {
                let reports = session.query(|engine| Ok(engine.whatifs()?))?;
                Answer::new(&reports, text::list(&reports, view))
            }
            Some(WhatIfVerb::Show { number, form }) => session.query(|engine| {
                let report = engine.whatif_report(*number)?;
                answer(session, engine, &report, form)
            }),
            Some(WhatIfVerb::Compare { first, second, limit }) => {
                let comparison = session.query(|engine| Ok(engine.compare_whatifs(*first, *second, *limit)?))?;
                Answer::new(&comparison, text::comparison(&comparison, view))
            }
            Some(WhatIfVerb::Delete { numbers }) => {
                session.query(|engine| numbers.iter().try_for_each(|number| Ok(engine.delete_whatif(*number)?)))?;
                let deleted: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                Answer::new(&json!({ "deleted": numbers }), format!("Deleted what-if {}.\n", deleted.join(", ")))
            }
        }
    }
}

fn ask(session: &Session, arguments: &AskArgs) -> Result<Answer, Failure> {
    let instead = match (&arguments.rules, &arguments.config) {
        (Some(file), _) => Some(Instead::Rules(read_rules(file)?)),
        (None, Some(path)) => Some(Instead::Server(OtherServer { path: path.clone(), mappings: arguments.mappings.clone() })),
        (None, None) => None,
    };
    session.query(|engine| {
        let mut connectors = Vec::new();
        for name in &arguments.connector {
            connectors.push(engine.connector(name)?.id);
        }
        let request = WhatIfRequest { connectors, full: !arguments.delta, instead: instead.clone() };
        let cancel = CancelToken::default();
        let _interrupt = Interrupt::cancels(&cancel)?;
        let report = engine.whatif(&request, &cancel, stages(&session.output))?;
        answer(session, engine, &report, &arguments.form)
    })
}

fn read_rules(file: &Path) -> Result<OtherRules, Failure> {
    let failed = |error: std::io::Error| {
        let exit = if error.kind() == ErrorKind::NotFound { Exit::NotFound } else { Exit::Invalid };
        Failure::new(exit, format!("cannot read {}: {error}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(failed)?;
    Ok(OtherRules { file: file.display().to_string(), text })
}

/// A result in the form asked for.
fn answer(session: &Session, engine: &Engine, report: &WhatIfReport, form: &FormArgs) -> Result<Answer, Failure> {
    let view = &session.output.view;
    let limit = form.limit.unwrap_or(if form.format == Form::Html { PAGE_LIMIT } else { TEXT_LIMIT });
    if let Some(out) = &form.out {
        write_file(out, &mut |file| write(engine, report, form.format, limit, view, file))?;
        let data = json!({ "number": report.number, "file": out.display().to_string() });
        let said = format!("What-if {} written to {}.\n", report.number, out.display());
        return Ok(Answer::new(&data, said)?.warnings(report.warnings.clone()));
    }
    if session.output.format != Format::Text {
        let mut objects = Vec::new();
        let total: u64 = report.spaces.iter().map(SpaceSummary::objects).sum();
        each_kind(engine, report, limit, &mut |_, listed| {
            objects.extend(listed.rows.iter().map(json::data).collect::<Result<Vec<_>, _>>()?);
            Ok(())
        })?;
        let mut data = json::data(report)?;
        if let Some(fields) = data.as_object_mut() {
            fields.insert("objects".to_string(), json!({ "listed": objects, "total": total }));
        }
        let answer = Answer::new(&json!(null), "")?;
        return Ok(Answer { data, ..answer }.warnings(report.warnings.clone()));
    }
    if form.format == Form::Text {
        let shown = text::report(engine, report, limit, view)?;
        let hint = format!("Kept as what-if {}: \"syncline whatif show {}\" shows it again.\n", report.number, report.number);
        return Ok(Answer::new(report, shown)?.hint(hint));
    }
    let mut screen = BufWriter::new(Screen { closed: false });
    write(engine, report, form.format, limit, view, &mut screen)?;
    screen.flush()?;
    Ok(Answer::new(report, "")?.warnings(report.warnings.clone()))
}

/// Standard output, whose reader (`| head`) may have seen enough.
struct Screen {
    closed: bool,
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        match std::io::stdout().lock().write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(bytes.len())
            }
            other => other,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.closed { Ok(()) } else { std::io::stdout().lock().flush() }
    }
}

/// Writes a result to a file or to the screen, object by object.
fn write(
    engine: &Engine,
    report: &WhatIfReport,
    form: Form,
    limit: u64,
    view: &super::text::View,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match form {
        Form::Text => put(out, &text::report(engine, report, limit, view)?),
        Form::Html => html::write(engine, report, limit, view, out),
        Form::Json => {
            put(out, &format!("{}\n", json!({ "whatif": json::data(report)? })))?;
            engine.each_whatif_change(report.number, &WhatIfFilter::default(), &mut |change| {
                put(out, &format!("{}\n", json!({ "change": json::data(&change)? })))
            })
        }
        Form::Csv => {
            put(out, rows::HEADER)?;
            engine.each_whatif_change(report.number, &WhatIfFilter::default(), &mut |change| {
                put(out, &rows::lines(report, &change))
            })
        }
    }
}

/// Writes text.
fn put(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    Ok(out.write_all(text.as_bytes())?)
}

fn write_file(file: &Path, fill: &mut dyn FnMut(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::invalid(format!("cannot write {}: {error}", file.display()));
    let mut writer = BufWriter::new(std::fs::File::create(file).map_err(failed)?);
    fill(&mut writer)?;
    writer.flush().map_err(failed)
}

/// What looks at a page of the changes of one space.
type Visit<'v> = dyn FnMut(&SpaceSummary, &Page<ObjectChange>) -> Result<(), Failure> + 'v;

/// The first changes of each kind of each space.
fn each_kind(engine: &Engine, report: &WhatIfReport, limit: u64, visit: &mut Visit<'_>) -> Result<(), Failure> {
    for space in report.spaces.iter().filter(|space| !space.is_quiet()) {
        for kind in ChangeKind::ALL {
            let filter = WhatIfFilter { space: Some(space.space.clone()), kind: Some(kind), errors: false };
            let page = engine.whatif_changes(report.number, &filter, 0, limit)?;
            if page.total > 0 {
                visit(space, &page)?;
            }
        }
    }
    Ok(())
}
