//! `syncline connector set`: how a forest is reached and read, and what becomes of objects that nothing holds.

use clap::{Args, ValueEnum};
use serde::Serialize;
use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity, DeltaMode, SignIn};
use syncline_engine::service::{ConnectorKind, Deprovisioning};

use super::connector_add::SignInBy;
use super::exit::Failure;
use super::output::Answer;
use super::session::Session;
use super::table::Pairs;

/// Arguments of `connector set`.
#[derive(Args, Debug)]
#[command(after_help = "\
Without options the present settings are shown. A forest is signed in to with the new
settings before they are stored.

--delta says how delta imports learn what changed:
  auto     DirSync where the account has the right, uSNChanged elsewhere
  dirsync  DirSync; needs Replicating Directory Changes, goes on when another domain
           controller answers
  usn      uSNChanged and tombstones; needs no further right, asks for a full import when
           another domain controller answers
After a change of --delta the next import of the forest is a full one, unless it is to auto.

--deprovisioning is for every kind of connector; the other options are for forests. It says what
becomes of an object that rules put into the directory, once its rule left scope or its
metaverse object is gone. It holds from then on: what is staged already stays staged.
  delete-object               its deletion is staged; the deletion threshold counts it
  make-normal-disconnector    it stays in the directory; rules, also inbound ones, may join it
                              again at the next synchronization of the connector
  make-explicit-disconnector  it stays in the directory; no rule joins it again

Examples:
  syncline connector set contoso.com
  syncline connector set \"contoso.onmicrosoft.com - AAD\" --deprovisioning make-explicit-disconnector
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
    /// How the account signs in; ntlm and gssapi encrypt the connection themselves, without TLS, and simple comes with LDAPS
    #[arg(long, value_enum)]
    pub sign_in: Option<SignInBy>,
    /// What becomes of an object that rules put into the directory and want there no more
    #[arg(long, value_enum)]
    pub deprovisioning: Option<Action>,
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

/// What becomes of an object that rules want in the directory no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Action {
    /// Its deletion is staged
    DeleteObject,
    /// It stays in the directory, and rules may join it again
    MakeNormalDisconnector,
    /// It stays in the directory, and no rule joins it again
    MakeExplicitDisconnector,
}

impl Action {
    /// The engine's word for it.
    #[must_use]
    pub fn action(self) -> Deprovisioning {
        match self {
            Self::DeleteObject => Deprovisioning::DeleteObject,
            Self::MakeNormalDisconnector => Deprovisioning::MakeNormalDisconnector,
            Self::MakeExplicitDisconnector => Deprovisioning::MakeExplicitDisconnector,
        }
    }
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
    connector: String,
    deprovisioning: Deprovisioning,
    #[serde(flatten)]
    forest: Option<ForestSettings>,
}

/// How a forest is reached and read.
#[derive(Debug, Serialize)]
struct ForestSettings {
    forest: String,
    servers: Vec<String>,
    any_server: bool,
    user: String,
    sign_in: SignIn,
    delta: DeltaMode,
}

/// Answers `connector set`.
///
/// # Errors
/// [`Failure`] when options of a forest are given for something else, or the forest cannot be reached with the new
/// settings.
pub fn run(session: &Session, arguments: &SetArgs) -> Result<Answer, Failure> {
    let change = |settings: &mut ActiveDirectorySettings| arguments.apply(settings);
    let (connector, forest) = session.operate(|engine| {
        let mut connector = engine.connector(&arguments.connector)?;
        let is_forest = connector.kind == ConnectorKind::ActiveDirectory || arguments.is_about_a_forest();
        let forest = if is_forest { Some(engine.change_forest(&arguments.connector, change)?) } else { None };
        if let Some(action) = arguments.deprovisioning {
            connector = engine.set_deprovisioning(&arguments.connector, action.action())?;
        }
        Ok((connector, forest))
    })?;
    let deprovisioning = connector.deprovisioning;
    let mut pairs = Pairs::default();
    if let Some(settings) = &forest {
        let delta = match settings.delta {
            DeltaMode::Auto => "auto: DirSync where the account has the right, uSNChanged elsewhere",
            DeltaMode::DirSync => "dirsync",
            DeltaMode::Usn => "usn: uSNChanged and tombstones",
        };
        let other = if any_server(settings) { "used when no preferred one answers" } else { "never used" };
        pairs = pairs
            .add("Forest", &settings.forest)
            .add("Preferred servers", settings.servers.join("; "))
            .add("Other servers", other)
            .add("Account", &settings.user)
            .add("Signs in by", settings.sign_in.word())
            .add("Delta imports", delta);
    } else {
        pairs = pairs.add("Connector", &connector.name);
    }
    let text = pairs.add("Deprovisioning", explained(deprovisioning)).render();
    let forest = forest.map(|settings| {
        let any_server = any_server(&settings);
        let ActiveDirectorySettings { forest, servers, user, sign_in, delta, .. } = settings;
        ForestSettings { forest, servers, any_server, user, sign_in, delta }
    });
    Answer::new(&Settings { connector: connector.name, deprovisioning, forest }, text)
}

fn any_server(settings: &ActiveDirectorySettings) -> bool {
    !settings.only_servers || settings.servers.is_empty()
}

/// An action with what it means.
#[must_use]
pub fn explained(action: Deprovisioning) -> String {
    format!("{}: {}", action.word(), action.meaning())
}

impl SetArgs {
    fn is_about_a_forest(&self) -> bool {
        self.delta.is_some() || !self.servers.is_empty() || self.any_server.is_some() || self.sign_in.is_some()
    }

    fn apply(&self, settings: &mut ActiveDirectorySettings) {
        if let Some(delta) = self.delta {
            settings.delta = delta.mode();
        }
        if let Some(sign_in) = self.sign_in {
            let way = sign_in.way();
            if way.seals() {
                settings.security = ConnectionSecurity::Plain;
            } else if settings.sign_in.seals() {
                settings.security = ConnectionSecurity::Ldaps;
            }
            settings.sign_in = way;
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
            sign_in: None,
            deprovisioning: None,
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
        let mut settings = before.clone();
        let mut sign_in = |by| {
            SetArgs { sign_in: Some(by), ..arguments(None, &[], None) }.apply(&mut settings);
            (settings.sign_in, settings.security, settings.delta)
        };
        assert_eq!(sign_in(SignInBy::Ntlm), (SignIn::Ntlm, ConnectionSecurity::Plain, DeltaMode::DirSync));
        assert_eq!(sign_in(SignInBy::Simple), (SignIn::Simple, ConnectionSecurity::Ldaps, DeltaMode::DirSync));
        check(arguments(None, &["b", "c"], Some(YesNo::Yes)), DeltaMode::DirSync, &["b", "c"], false);
    }
}
