//! `syncline sandbox`: a tenant on this computer, made, served, filled and written down without an engine.

mod create;
mod load;
mod serve;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use syncline_engine::setup::SANDBOX_FOLDER;
use syncline_sandbox::{SandboxError, TenantFacts, TenantFile};

use self::create::CreateArgs;
use self::load::{DumpArgs, LoadArgs};
use self::serve::ServeArgs;
use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::table::Pairs;
use super::text::{count, shell_word};

/// Verbs of `sandbox`.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Make a tenant in a folder
    #[command(after_help = "\
The tenant has its initial domain, the domains that are named, an administrator and one
registered application with every role that synchronization needs. The secret of the
application and the administrator's password are shown once; only their hashes are kept.
\"syncline connector add sandbox\" makes a tenant that belongs to a data folder instead.

Examples:
  syncline sandbox create ./tenant --tenant contoso --domain contoso.com
  syncline sandbox create ./tenant --tenant contoso --federated-domain contoso.com \\
    --feature PasswordHashSync=on")]
    Create(CreateArgs),
    /// Show what a tenant is and how much it holds
    Show(FolderArgs),
    /// Make a further client secret for an application; it is shown once
    #[command(after_help = "\
The tenant must not be running. Earlier secrets stay valid.

Examples:
  syncline sandbox secret ./tenant
  syncline --data ./contoso sandbox secret --json")]
    Secret(SecretArgs),
    /// Serve tenants until Ctrl+C: sign-in, the directory under /v1.0, the synchronization channel
    #[command(after_help = "\
HTTP and HTTPS are served on 127.0.0.1, on free ports that are printed and kept for the next
time. Clients over HTTPS must trust the tenant's own authority, whose file is printed too.
--address serves HTTPS, and only HTTPS, on another address of this computer, so that others on
the network reach it; the authority and its certificate are made anew when they do not name it.
--control serves /sandbox/v1 too, which asks for no token and may do everything: seed, clock,
faults, throttling. It is meant for tests.

While a tenant is served here, runs and the app on its data folder use it as it is served.

Examples:
  syncline --data ./contoso sandbox serve
  syncline sandbox serve ./tenant --http-port 8080
  syncline sandbox serve ./contoso ./fabrikam --json")]
    Serve(ServeArgs),
    /// Bring a seed or a dump into a tenant
    #[command(after_help = "\
A dump fills a new tenant of the same name with everything that the dumped one held; users and
applications need new credentials. A seed adds to what is there. Both are JSON, all of a file is
taken or nothing:

  {\"domains\": [{\"name\": \"contoso.com\"}],
   \"clients\": [{\"name\": \"reader\", \"roles\": [\"User.Read.All\"]}],
   \"objects\": [
     {\"objectType\": \"user\", \"password\": \"…\",
      \"attributes\": {\"userPrincipalName\": \"ann@contoso.com\", \"displayName\": \"Ann\"}},
     {\"objectType\": \"user\", \"sourceAnchor\": \"a1\", \"onPremisesSyncEnabled\": true,
      \"attributes\": {\"displayName\": \"Bob\"}},
     {\"objectType\": \"group\", \"attributes\": {\"displayName\": \"All\"}, \"members\": [\"a1\"]}]}

Attributes have the names of the synchronization channel, members are source anchors or cloud
anchors. docs/sandbox.md has every field.

Examples:
  syncline sandbox load ./tenant --file seed.json
  syncline sandbox load ./tenant --file dump.json")]
    Load(LoadArgs),
    /// Write down everything a tenant holds, without credentials
    #[command(after_help = "\
Left out are secrets, certificates, password hashes and tokens, the log of changes and objects
that are gone for good. The tenant must not be running.

Examples:
  syncline sandbox dump ./tenant --output dump.json
  syncline --data ./contoso sandbox dump | jq '.objects | length'")]
    Dump(DumpArgs),
}

/// Which tenant.
#[derive(Args, Debug)]
pub struct FolderArgs {
    /// Folder of the tenant [default: the one of the data folder]
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// Arguments of `sandbox secret`.
#[derive(Args, Debug)]
pub struct SecretArgs {
    /// Which tenant
    #[command(flatten)]
    pub tenant: FolderArgs,
    /// Client identifier of the application [default: the one registered with the tenant]
    #[arg(long, value_name = "GUID")]
    pub client_id: Option<String>,
}

/// What `sandbox secret` answers.
#[derive(Debug, Serialize)]
struct Secret {
    client_id: String,
    client_secret: String,
}

impl SandboxCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "sandbox create",
            Self::Show(_) => "sandbox show",
            Self::Secret(_) => "sandbox secret",
            Self::Serve(_) => "sandbox serve",
            Self::Load(_) => "sandbox load",
            Self::Dump(_) => "sandbox dump",
        }
    }

    /// True when the command waits.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Self::Serve(_))
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when there is no such tenant or it is running.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Create(arguments) => create::run(arguments),
            Self::Show(arguments) => {
                let facts = arguments.open(session)?.facts().map_err(failure)?;
                Answer::new(&facts, pairs(&facts).render())
            }
            Self::Secret(arguments) => {
                let file = arguments.tenant.open(session)?;
                let client_secret = file.new_client_secret(arguments.client_id.as_deref()).map_err(failure)?;
                let client_id = match &arguments.client_id {
                    Some(id) => id.trim().to_ascii_lowercase(),
                    None => file.facts().map_err(failure)?.client_id,
                };
                let text = Pairs::default().add("Client identifier", &client_id).add("Client secret", &client_secret).render();
                Ok(Answer::new(&Secret { client_id, client_secret }, text)?.hint("\nThe secret is not shown again.\n"))
            }
            Self::Serve(arguments) => serve::run(session, arguments),
            Self::Load(arguments) => load::run(session, arguments),
            Self::Dump(arguments) => load::dump(session, arguments),
        }
    }
}

impl FolderArgs {
    /// The folder of the tenant.
    fn place(&self, session: &Session) -> Result<PathBuf, Failure> {
        match &self.folder {
            Some(folder) => Ok(folder.clone()),
            None => Ok(session.folder()?.join(SANDBOX_FOLDER)),
        }
    }

    fn open(&self, session: &Session) -> Result<TenantFile, Failure> {
        TenantFile::open(&self.place(session)?).map_err(failure)
    }
}

/// A failure of the tenant, with its exit code.
fn failure(error: SandboxError) -> Failure {
    let exit = match &error {
        SandboxError::NotATenant(_) | SandboxError::Application(_) => Exit::NotFound,
        SandboxError::File { source, .. } => match source.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Invalid,
        },
        SandboxError::Domain(_)
        | SandboxError::Feature { .. }
        | SandboxError::Exists(_)
        | SandboxError::NotEmpty(_)
        | SandboxError::Address
        | SandboxError::Load(_) => Exit::Invalid,
        SandboxError::InUse(_) => Exit::Busy,
        SandboxError::NewerDatabase { .. } => Exit::DatabaseVersion,
        SandboxError::Listen { .. } => Exit::Network,
        _ => Exit::Unexpected,
    };
    let detail = match &error {
        SandboxError::NotATenant(folder)
        | SandboxError::Exists(folder)
        | SandboxError::NotEmpty(folder)
        | SandboxError::InUse(folder) => json!({ "folder": folder }),
        _ => json!({}),
    };
    Failure::new(exit, error.to_string()).detail(detail)
}

/// The facts of a tenant, line by line.
fn pairs(facts: &TenantFacts) -> Pairs {
    let domains: Vec<String> = facts
        .domains
        .iter()
        .map(|domain| {
            let mut notes = Vec::new();
            notes.extend(domain.initial.then_some("initial"));
            notes.extend((!domain.verified).then_some("not verified"));
            notes.extend((domain.authentication == "Federated").then_some("federated"));
            if notes.is_empty() { domain.name.clone() } else { format!("{} ({})", domain.name, notes.join(", ")) }
        })
        .collect();
    let objects: Vec<String> =
        facts.objects.iter().filter(|(_, held)| **held > 0).map(|(kind, held)| count(*held, kind)).collect();
    Pairs::default()
        .add("Tenant", &facts.initial_domain)
        .add("Tenant identifier", facts.tenant_id.to_string())
        .add("Domains", domains.join(", "))
        .add("Features", facts.features.join(", "))
        .add("Client identifier", &facts.client_id)
        .add("Objects", objects.join(", "))
}

/// The words that name a tenant's folder to this program again.
fn named(folder: &std::path::Path) -> String {
    shell_word(&folder.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_the_documented_exit_codes() {
        let check = |error: SandboxError, exit: Exit| assert_eq!(failure(error).exit, exit);
        let folder = || PathBuf::from("here");
        check(SandboxError::NotATenant(folder()), Exit::NotFound);
        check(SandboxError::InUse(folder()), Exit::Busy);
        check(SandboxError::Exists(folder()), Exit::Invalid);
        check(SandboxError::NewerDatabase { found: 9, known: 2 }, Exit::DatabaseVersion);
        check(SandboxError::Domain("x".into()), Exit::Invalid);
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        check(SandboxError::File { path: folder(), source: denied }, Exit::Permission);
        check(SandboxError::Damaged("x".into()), Exit::Unexpected);
    }
}
