//! Questions before something that cannot be taken back.

use std::io::{BufRead, IsTerminal};

use super::exit::{Exit, Failure};
use super::output::say;

/// Asks the person at the terminal. `option` is what confirms without a terminal, `refused` what is said after a no.
///
/// # Errors
/// [`Failure`] when the answer is no, and when nobody can be asked.
pub fn confirm(question: &str, option: &str, refused: &str) -> Result<(), Failure> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(Failure::new(Exit::Usage, format!("{question} Confirm with {option}")));
    }
    say(&format!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(Failure::new(Exit::Canceled, refused)) }
}
