//! Who works with the program, for the run history.

use std::process::{Command, Stdio};

/// The account that started the program: as the environment says, otherwise as the operating system says.
#[must_use]
pub fn account() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    named(variable("USERDOMAIN"), variable("USERNAME").or_else(|| variable("USER")), of_system)
}

fn named(domain: Option<String>, user: Option<String>, of_system: impl FnOnce() -> Option<String>) -> String {
    match (domain, user) {
        (Some(domain), Some(user)) => format!("{domain}\\{user}"),
        (None, Some(user)) => user,
        (_, None) => of_system().unwrap_or_else(|| "unknown".to_owned()),
    }
}

/// The name of the user identifier that the program runs under; the system's own program knows it wherever accounts
/// are kept.
fn of_system() -> Option<String> {
    let output = Command::new("id").arg("-un").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let name = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_asked_when_the_environment_names_nobody() {
        let check = |domain: Option<&str>, user: Option<&str>, system: Option<&str>, expected: &str| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            assert_eq!(named(own(domain), own(user), || own(system)), expected);
        };
        check(Some("CONTOSO"), Some("ada"), Some("root"), "CONTOSO\\ada");
        check(None, Some("ada"), Some("root"), "ada");
        check(None, None, Some("svc"), "svc");
        check(Some("CONTOSO"), None, None, "unknown");
    }

    #[test]
    #[cfg(unix)]
    fn the_system_knows_the_account() {
        assert!(of_system().is_some_and(|name| !name.is_empty()));
    }
}
