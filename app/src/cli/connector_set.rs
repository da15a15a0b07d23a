//! `syncline connector set`: how a forest is reached and read.

use clap::{Args, ValueEnum};
use serde::Serialize;
use syncline_engine::connector::active_directory::{ActiveDirectorySettings, DeltaMode};

use super::exit::Failure;
use super::output::Answer;
use super::session::Session;
use super::table::Pairs;

/// Arguments of `connector set`.
#[derive(Args, Debug)]
#[command(after_help = "\
Without options the present settings are shown. The forest is signed in to with the new
settings before they are stored.

--delta says how delta imports learn what changed:
  auto     DirSync where the account has the right, uSNChanged elsewhere
  dirsync  DirSync; needs Replicating Directory Changes, goes on when another domain
           controller answers
  usn      uSNChanged and tombstones; needs no further right, asks for a full import when
           another domain controller answers
After a change of --delta the next import of the forest is a full one, unless it is to auto.

Examples:
  syncline connector set contoso.com
  syncline connector set contoso.com --delta usn
  syncline connector set contoso.com --server dc1.contoso.com --server dc2.contoso.com --any-server no")]
pub struct SetArgs {
    /// Name or GUID
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// How delta imports learn what changed
    #[arg(long, value_enum)]
    pub delta: Option<Delta>,
    /// Preferred domain controller, tried in the order given; replaces those there are
    #[arg(long = "server", value_name = "HOST[:PORT]")]
    pub servers: Vec<String>,
    /// Whether any other domain controller of the forest may be used when no preferred one answers
    #[arg(long, value_enum)]
    pub any_server: Option<YesNo>,
}

/// How delta imports learn what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Delta {
    /// DirSync where the account has the right, uSNChanged elsewhere
    Auto,
    /// DirSync
    Dirsync,
    /// uSNChanged and tombstones
    Usn,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// Yes
    Yes,
    /// No
    No,
}

impl Delta {
    /// The engine's word for it.
    #[must_use]
    pub fn mode(self) -> DeltaMode {
        match self {
            Self::Auto => DeltaMode::Auto,
            Self::Dirsync => DeltaMode::DirSync,
            Self::Usn => DeltaMode::Usn,
        }
    }
}

/// What holds now.
#[derive(Debug, Serialize)]
struct Settings {
    forest: String,
    servers: Vec<String>,
    any_server: bool,
    user: String,
    delta: DeltaMode,
}

/// Answers `connector set`.
///
/// # Errors
/// [`Failure`] when the connector is no forest or the forest cannot be reached with the new settings.
pub fn run(session: &Session, arguments: &SetArgs) -> Result<Answer, Failure> {
    let change = |settings: &mut ActiveDirectorySettings| arguments.apply(settings);
    let settings = session.operate(|engine| Ok(engine.change_forest(&arguments.connector, change)?))?;
    let delta = match settings.delta {
        DeltaMode::Auto => "auto: DirSync where the account has the right, uSNChanged elsewhere",
        DeltaMode::DirSync => "dirsync",
        DeltaMode::Usn => "usn: uSNChanged and tombstones",
    };
    let any_server = !settings.only_servers || settings.servers.is_empty();
    let text = Pairs::default()
        .add("Forest", &settings.forest)
        .add("Preferred servers", settings.servers.join("; "))
        .add("Other servers", if any_server { "used when no preferred one answers" } else { "never used" })
        .add("Account", &settings.user)
        .add("Delta imports", delta)
        .render();
    let ActiveDirectorySettings { forest, servers, user, delta, .. } = settings;
    Answer::new(&Settings { forest, servers, any_server, user, delta }, text)
}

impl SetArgs {
    fn apply(&self, settings: &mut ActiveDirectorySettings) {
        if let Some(delta) = self.delta {
            settings.delta = delta.mode();
        }
        if !self.servers.is_empty() {
            settings.servers.clone_from(&self.servers);
            // An address belongs to the server it was given for.
            settings.address = None;
        }
        if let Some(any) = self.any_server {
            settings.only_servers = any == YesNo::No;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_changes() {
        let arguments = |delta, servers: &[&str], any_server| SetArgs {
            connector: "c".to_owned(),
            delta,
            servers: servers.iter().map(ToString::to_string).collect(),
            any_server,
        };
        let before = ActiveDirectorySettings {
            servers: vec!["a".to_owned()],
            delta: DeltaMode::DirSync,
            ..ActiveDirectorySettings::default()
        };
        let check = |arguments: SetArgs, delta: DeltaMode, servers: &[&str], only: bool| {
            let mut settings = before.clone();
            arguments.apply(&mut settings);
            assert_eq!(
                (settings.delta, settings.servers.as_slice(), settings.only_servers),
                (delta, servers.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice(), only)
            );
        };
        check(arguments(None, &[], None), DeltaMode::DirSync, &["a"], true);
        check(arguments(Some(Delta::Usn), &[], None), DeltaMode::Usn, &["a"], true);
        check(arguments(None, &["b", "c"], Some(YesNo::Yes)), DeltaMode::DirSync, &["b", "c"], false);
    }
}
