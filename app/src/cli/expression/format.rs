//! `expression format`: even layout.

use std::io::IsTerminal as _;

use clap::Args;
use serde_json::json;
use syncline_expression::format;

use super::problem;
use super::text::TextArgs;
use crate::cli::exit::Failure;
use crate::cli::output::Answer;
use crate::cli::session::Session;
use crate::cli::text::safe;

/// Arguments of `expression format`.
#[derive(Args, Debug)]
pub struct FormatArgs {
    /// Where the expression comes from
    #[command(flatten)]
    pub text: TextArgs,
    /// Only tell whether the expression is laid out evenly
    #[arg(long)]
    pub check: bool,
}

/// Lays an expression out.
///
/// # Errors
/// [`Failure`] when it is no expression, or with `--check` when it would change.
pub fn run(session: &Session, arguments: &FormatArgs) -> Result<Answer, Failure> {
    let expression = arguments.text.read()?;
    let columns = session.output.view.width;
    let formatted =
        format(&expression).map_err(|problem| problem::failure(&expression, std::slice::from_ref(&problem), columns))?;
    let changed = lines(&formatted) != lines(&expression);
    let data = json!({ "formatted": formatted, "changed": changed });
    if !arguments.check {
        return Answer::new(&data, printed(&formatted, std::io::stdout().is_terminal()));
    }
    if changed {
        let message = "the expression is not laid out evenly; \"syncline expression format\" prints it as it should be";
        return Err(Failure::invalid(message).detail(data));
    }
    Answer::new(&data, "")
}

/// The text with the line ends that formatting writes.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The exact text for a file or program; on a terminal its strings must not do more than be seen.
fn printed(text: &str, terminal: bool) -> String {
    if !terminal {
        return format!("{text}\n");
    }
    text.split('\n').map(|line| format!("{}\n", safe(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_what_can_be_seen() {
        let text = "Trim(\n    \"\u{1b}[2J\"\n)";
        assert_eq!(printed(text, false), "Trim(\n    \"\u{1b}[2J\"\n)\n");
        assert_eq!(printed(text, true), "Trim(\n    \"\\u{1b}[2J\"\n)\n");
    }
}
