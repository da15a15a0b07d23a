//! What a password chosen in the cloud must look like.

use super::super::Stop;
use super::super::error::GraphError;

const SHORTEST: usize = 8;
const LONGEST: usize = 256;

/// Whether the password has the length and three of four kinds of characters.
pub(super) fn check(password: &str) -> Result<(), Stop> {
    let kinds = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(|character| character.is_ascii_digit()),
        password.chars().any(|character| !character.is_alphanumeric()),
    ];
    let enough = kinds.into_iter().filter(|kind| *kind).count() >= 3;
    if (SHORTEST..=LONGEST).contains(&password.chars().count()) && enough {
        return Ok(());
    }
    let text =
        "The specified password does not comply with password complexity requirements. Please provide a different password.";
    Err(GraphError::bad_request(text).with_detail("InvalidPassword", "passwordProfile", text).into())
}
