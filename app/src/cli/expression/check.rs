//! `expression check`: all problems at once.

use clap::Args;
use serde_json::{Value as Json, json};
use syncline_engine::service::shipped_target;
use syncline_expression::{AttributeKind, AttributeType, Program, Severity, Target, check};

use super::assignment::attribute_type;
use super::problem;
use super::source::{Source, SourceArgs};
use super::text::TextArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Answer;
use crate::cli::session::Session;
use crate::cli::table::Pairs;
use crate::cli::text::{count, yes_no};

/// Arguments of `expression check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Where the expression comes from
    #[command(flatten)]
    pub text: TextArgs,
    /// Attribute that the result flows to: of the metaverse for an object of a directory, of
    /// --connector or the shipped tenant schema for one of the metaverse
    #[arg(long, value_name = "ATTRIBUTE")]
    pub target: Option<String>,
    /// Type of the target: str, num, bool, bin, ref, mvstr, ... [default: what the schema says]
    #[arg(long, value_name = "TYPE", requires = "target", value_parser = attribute_type)]
    pub target_type: Option<AttributeType>,
    /// Warnings fail, too
    #[arg(long)]
    pub strict: bool,
    /// The object whose attributes there are
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Checks an expression.
///
/// # Errors
/// [`Failure`] when there are errors, or warnings that count as such.
pub fn run(session: &Session, arguments: &CheckArgs) -> Result<Answer, Failure> {
    let expression = arguments.text.read()?;
    let source = arguments.source.load(session)?;
    let target = target(session, arguments, &source)?;
    let columns = session.output.view.width;
    let problems = check(&expression, &source.object, target.as_ref());
    let mut text: String = problems.iter().map(|problem| problem::text(&expression, problem, columns)).collect();
    let number = |severity: Severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (number(Severity::Error), number(Severity::Warning));
    let details: Vec<Json> = problems.iter().map(problem::data).collect();
    if errors > 0 || (arguments.strict && warnings > 0) {
        let counts = [(errors, "error"), (warnings, "warning")].into_iter().filter(|(number, _)| *number > 0);
        let message = counts.map(|(number, what)| count(number as u64, what)).collect::<Vec<_>>().join(", ");
        return Err(Failure::invalid(message).text(text).detail(json!({ "problems": details })));
    }
    let program = source.compile(&expression, columns)?;
    if problems.is_empty() {
        text.push_str("No problems.\n");
    }
    text.push_str(&summary(&program));
    let data = json!({ "problems": details, "result": result(&program), "reads": reads(&program) });
    Ok(Answer::new(&data, text)?.warnings(source.warnings(&program)))
}

/// The attribute that the result flows to.
fn target(session: &Session, arguments: &CheckArgs, source: &Source) -> Result<Option<Target>, Failure> {
    let Some(name) = &arguments.target else { return Ok(None) };
    if let Some(AttributeType { kind, multi_valued }) = arguments.target_type {
        return Ok(Some(Target { name: name.clone(), kind, multi_valued, max_length: None }));
    }
    if name == "dn" && !source.inbound {
        return Ok(Some(Target { name: name.clone(), kind: AttributeKind::Text, multi_valued: false, max_length: None }));
    }
    let found = match (source.inbound, arguments.source.connector.as_deref()) {
        // The metaverse of the data folder, or the connector: the rules of this installation.
        (true, Some(_)) => session.query(|engine| Ok(engine.expression_target(None, name)?))?,
        (false, Some(connector)) => session.query(|engine| Ok(engine.expression_target(Some(connector), name)?))?,
        (inbound, None) => shipped_target(name, inbound)?,
    };
    let of = if source.inbound { "the metaverse" } else { "the connector" };
    found.map(Some).ok_or_else(|| {
        Failure::new(
            Exit::Invalid,
            format!("{of} has no attribute \"{name}\"; check the name, or give its type with --target-type"),
        )
    })
}

/// What a program gives and reads.
fn summary(program: &Program) -> String {
    let shape = program.result_shape();
    let mut result = if shape.types.is_empty() { "never a value".to_owned() } else { shape.types.join(" or ") };
    match shape.multi_valued {
        Some(true) => result.push_str(", multi-valued"),
        None if !shape.types.is_empty() => result.push_str(", single- or multi-valued"),
        _ => {}
    }
    let reads = reads(program);
    let list = |name: &str| {
        let names = reads.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        Some(names.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
    };
    Pairs::default()
        .add("Result", result)
        .add_some("Attributes", list("attributes"))
        .add_some("Parameters", list("parameters"))
        .add_some("Depends on time", program.depends_on_time().then(|| yes_no(true)))
        .add_some("Depends on chance", program.depends_on_chance().then(|| yes_no(true)))
        .render()
}

fn result(program: &Program) -> Json {
    let shape = program.result_shape();
    json!({
        "types": shape.types,
        "multiValued": shape.multi_valued,
        "dependsOnTime": program.depends_on_time(),
        "dependsOnChance": program.depends_on_chance(),
    })
}

/// The names that a program reads, each once.
fn reads(program: &Program) -> Json {
    let mut attributes: Vec<&str> = Vec::new();
    for used in program.attributes() {
        if !attributes.contains(&used.name.as_str()) {
            attributes.push(&used.name);
        }
    }
    json!({ "attributes": attributes, "parameters": program.parameters() })
}
