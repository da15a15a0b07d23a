//! `expression eval`: the value of an expression.

use clap::Args;
use jiff::Timestamp;
use syncline_engine::model::{Clock as _, SystemClock};
use syncline_expression::SystemRandom;
use syncline_expression::json::write_outcome;

use super::problem;
use super::source::SourceArgs;
use super::text::TextArgs;
use super::value;
use crate::cli::exit::Failure;
use crate::cli::output::Answer;
use crate::cli::session::Session;

/// Arguments of `expression eval` and `expression explain`.
#[derive(Args, Debug)]
pub struct EvalArgs {
    /// Where the expression comes from
    #[command(flatten)]
    pub text: TextArgs,
    /// The object that it reads
    #[command(flatten)]
    pub source: SourceArgs,
    /// What Now() gives, such as 2024-06-15T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<Timestamp>,
}

impl EvalArgs {
    /// What Now() gives.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(|| SystemClock.now())
    }
}

/// Evaluates an expression.
///
/// # Errors
/// [`Failure`] when it does not compile or ends with an error, with the place.
pub fn run(session: &Session, arguments: &EvalArgs) -> Result<Answer, Failure> {
    let expression = arguments.text.read()?;
    let source = arguments.source.load(session)?;
    let columns = session.output.view.width;
    let program = source.compile(&expression, columns)?;
    let outcome = source
        .object
        .evaluate(&program, arguments.now(), &SystemRandom)
        .map_err(|error| problem::fault(&expression, &error, columns).warnings(source.warnings(&program)))?;
    Ok(Answer::new(&write_outcome(&outcome), value::lines(&outcome))?.warnings(source.warnings(&program)))
}
