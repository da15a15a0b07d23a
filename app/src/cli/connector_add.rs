//! `syncline connector add` and `set-credential`: what the wizard's "connect your directories" page does
//! (`wizard.md` P7).

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use secrecy::SecretString;
use serde::Serialize;
use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity, SignIn};
use syncline_engine::connector::file::{FileSchema, FileSettings};
use syncline_engine::connector::generic_ldap::{GenericLdapSettings, LdapDelta};
use syncline_engine::service::{BackendKind, Cloud, ConnectorKind, ConnectorSummary, Engine, EngineError, EntraSettings, Proof};
use syncline_engine::setup::NewDirectory;

use super::connector_set::Delta;
use super::exit::Failure;
use super::output::Answer;
use super::secret::{self, SecretArgs};
use super::session::Session;
use super::table::Pairs;
use super::text::{safe, shell_word};
use crate::tenant_choice::TenantChoice;

/// Kinds of directories.
#[derive(Debug, Subcommand)]
pub enum AddCommand {
    /// Add an Active Directory forest, read over LDAP
    #[command(after_help = "\
Signs in, reads schema and domains, and stores the forest as a connector with five run
profiles. Nothing is stored when the forest cannot be used. The password is asked for
unless --secret-stdin or --secret-file is given; it is stored encrypted.
Without --server the forest's own name is connected to. Without --ca-file the authorities
that this computer trusts vouch for the servers.

Examples:
  syncline connector add active-directory --name contoso.com --user svc_sync@contoso.com
  syncline connector add active-directory --name contoso.com --server dc1.contoso.com \\
    --server dc2.contoso.com:636 --user 'CONTOSO\\svc_sync' --ca-file ca.pem --secret-stdin < secret")]
    ActiveDirectory(ActiveDirectoryArgs),
    /// Add OpenLDAP or another LDAP directory
    #[command(after_help = "\
Signs in, reads the schema of the server and its naming contexts (or the bases given), and stores
the directory as a connector with five run profiles. Nothing is stored when it cannot be used. The
password is asked for unless --secret-stdin or --secret-file is given; it is stored encrypted.
The standard rules are for forests and the tenant: what flows from and to this directory is said by
rules of your own (\"syncline rule --help\", or the Synchronization Rules Editor). Until then
\"syncline connector object-types\" and \"attributes\" choose what is read.

Examples:
  syncline connector add ldap --name people --server ldap1.contoso.com \\
    --user cn=sync,dc=contoso,dc=com --ca-file ca.pem
  syncline connector add ldap --name people --server ldap1.contoso.com --server ldap2.contoso.com \\
    --security starttls --user cn=sync,dc=contoso,dc=com --base ou=people,dc=contoso,dc=com \\
    --anchor employeeNumber --secret-stdin < secret")]
    Ldap(LdapArgs),
    /// Add a forest from an LDIF file
    #[command(after_help = "\
The file is read again by every import, so exchanging it is how its objects change.

Example:
  syncline connector add file --name contoso.com --path forest.ldif")]
    File(FileArgs),
    /// Add a tenant that runs on this computer
    #[command(after_help = "\
The tenant is kept in the data folder and runs whenever Syncline works on it. Users can
sign in with its own domain, TENANT.onmicrosoft.com, and with every --domain.

Example:
  syncline connector add sandbox --tenant contoso --domain contoso.com")]
    Sandbox(SandboxArgs),
    /// Add a tenant of Microsoft's clouds, reached over Microsoft Graph
    #[command(after_help = "\
The application signs in with a client secret, which is asked for unless --secret-stdin or
--secret-file is given, or with a certificate; it is stored encrypted. Nothing is stored when the
tenant cannot be used. The application needs the roles User.ReadWrite.All, Group.ReadWrite.All,
OrgContact.Read.All, Device.Read.All, Organization.Read.All, Domain.Read.All and
Application.ReadWrite.OwnedBy. What Microsoft Graph cannot write: \"syncline aad show\".

Examples:
  syncline connector add tenant --tenant-id contoso.com --client-id 6c2a...
  syncline connector add tenant --tenant-id contoso.com --client-id 6c2a... \\
    --certificate-file app.pem --cloud us-government --proxy http://proxy:8080")]
    Tenant(TenantArgs),
}

/// Arguments of `connector add active-directory`.
#[derive(Args, Debug)]
pub struct ActiveDirectoryArgs {
    /// DNS name of the forest; it is the connector's name too
    #[arg(long, value_name = "FOREST")]
    pub name: String,
    /// Domain controller, tried in the order given
    #[arg(long = "server", value_name = "HOST[:PORT]")]
    pub servers: Vec<String>,
    /// Account that reads the forest: user@domain or DOMAIN\user
    #[arg(long)]
    pub user: String,
    /// How the account signs in
    #[arg(long, value_enum, default_value_t = SignInBy::Simple)]
    pub sign_in: SignInBy,
    /// Protection of the connection: ldaps, unless the sign-in encrypts it
    #[arg(long, value_enum)]
    pub security: Option<Security>,
    /// Allow --security plain to other computers: password and data can be read on the network
    #[arg(long)]
    pub allow_plain: bool,
    /// Certificates of the authorities to trust, PEM or DER
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Use any other domain controller of the forest when no --server answers
    #[arg(long)]
    pub any_server: bool,
    /// How delta imports learn what changed; see "syncline connector set --help"
    #[arg(long, value_enum, default_value_t = Delta::Auto)]
    pub delta: Delta,
    /// Where the password comes from
    #[command(flatten)]
    pub secret: SecretArgs,
}

/// Arguments of `connector add ldap`.
#[derive(Args, Debug)]
pub struct LdapArgs {
    /// Name of the connector
    #[arg(long)]
    pub name: String,
    /// Server with the directory, tried in the order given
    #[arg(long = "server", value_name = "HOST[:PORT]", required = true)]
    pub servers: Vec<String>,
    /// DN of the account that reads the directory
    #[arg(long, value_name = "DN")]
    pub user: String,
    /// Protection of the connection
    #[arg(long, value_enum, default_value_t = Security::Ldaps)]
    pub security: Security,
    /// Allow --security plain to other computers: password and data can be read on the network
    #[arg(long)]
    pub allow_plain: bool,
    /// Certificates of the authorities to trust, PEM or DER
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Read the objects under this DN instead of all naming contexts
    #[arg(long = "base", value_name = "DN")]
    pub bases: Vec<String>,
    /// Attribute that identifies each object for ever
    #[arg(long, value_name = "ATTRIBUTE", default_value = "entryUUID")]
    pub anchor: String,
    /// How delta imports learn what changed
    #[arg(long, value_enum, default_value_t = LdapChanges::Auto)]
    pub delta: LdapChanges,
    /// Where the password comes from
    #[command(flatten)]
    pub secret: SecretArgs,
}

/// How delta imports of an LDAP directory learn what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LdapChanges {
    /// By content synchronization where the server offers it, by modifyTimestamp elsewhere
    Auto,
    /// By content synchronization (RFC 4533)
    Syncrepl,
    /// By modifyTimestamp and a comparison of all identities
    Timestamp,
}

/// How an account signs in to a forest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignInBy {
    /// With its password, over TLS
    Simple,
    /// By NTLM, which encrypts the connection, without TLS
    Ntlm,
    /// By Kerberos, which encrypts the connection, without TLS (needs a build with the feature gssapi)
    Gssapi,
}

impl SignInBy {
    /// The engine's word for it.
    #[must_use]
    pub fn way(self) -> SignIn {
        match self {
            Self::Simple => SignIn::Simple,
            Self::Ntlm => SignIn::Ntlm,
            Self::Gssapi => SignIn::Gssapi,
        }
    }
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Security {
    /// TLS from the first byte, port 636
    Ldaps,
    /// TLS by StartTLS, port 389
    Starttls,
    /// No TLS, port 389; only to this computer unless the sign-in encrypts the connection or --allow-plain is given
    Plain,
}

/// Arguments of `connector add file`.
#[derive(Args, Debug)]
pub struct FileArgs {
    /// Name of the connector, usually the forest's DNS name
    #[arg(long)]
    pub name: String,
    /// The LDIF file
    #[arg(long, value_name = "FILE")]
    pub path: PathBuf,
}

/// Arguments of `connector add sandbox`.
#[derive(Args, Debug)]
pub struct SandboxArgs {
    /// Name of the tenant: contoso makes contoso.onmicrosoft.com
    #[arg(long)]
    pub tenant: String,
    /// Domain that users may sign in with
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
}

/// Arguments of `connector add tenant`.
#[derive(Args, Debug)]
pub struct TenantArgs {
    /// The tenant: its GUID or one of its verified domains
    #[arg(long, value_name = "TENANT")]
    pub tenant_id: String,
    /// Client identifier of the application
    #[arg(long, value_name = "GUID")]
    pub client_id: String,
    /// How it is reached
    #[command(flatten)]
    pub way: TenantWay,
    /// Export although Microsoft's own tool synchronizes to the tenant
    #[arg(long)]
    pub i_know: bool,
}

/// How a tenant is reached, and what proves who the application is.
#[derive(Args, Debug)]
pub struct TenantWay {
    /// The cloud that the tenant is in
    #[arg(long, value_enum, default_value_t = CloudName::Worldwide, requires = "tenant_id")]
    pub cloud: CloudName,
    /// Address of the sign-in service, instead of the cloud's
    #[arg(long, value_name = "URL", requires = "base_url")]
    pub authority: Option<String>,
    /// Address of the tenant, instead of the cloud's
    #[arg(long, value_name = "URL", requires = "tenant_id")]
    pub base_url: Option<String>,
    /// What the tenant is read and written through
    #[arg(long, value_enum, default_value_t = Backend::Graph, requires = "tenant_id")]
    pub backend: Backend,
    /// Certificate and private key of the application in one PEM file, instead of a client secret
    #[arg(long, value_name = "FILE", requires = "tenant_id", conflicts_with_all = ["secret_stdin", "secret_file"])]
    pub certificate_file: Option<PathBuf>,
    /// Certificates of the authorities to trust besides the computer's own, PEM
    #[arg(long, value_name = "FILE", requires = "tenant_id")]
    pub ca_file: Option<PathBuf>,
    /// Proxy to ask, instead of the one that HTTPS_PROXY names
    #[arg(long, value_name = "URL", requires = "tenant_id")]
    pub proxy: Option<String>,
    /// Where the client secret comes from
    #[command(flatten)]
    pub secret: SecretArgs,
}

/// Clouds with their own addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CloudName {
    /// login.microsoftonline.com and graph.microsoft.com
    Worldwide,
    /// login.microsoftonline.us and graph.microsoft.us
    UsGovernment,
    /// login.microsoftonline.us and dod-graph.microsoft.us
    UsGovernmentDod,
    /// login.chinacloudapi.cn and microsoftgraph.chinacloudapi.cn
    China,
}

/// What a tenant is read and written through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// Public Microsoft Graph
    Graph,
    /// The synchronization channel, which sandbox tenants have
    SyncChannel,
}

/// Arguments of `connector set-credential`.
#[derive(Args, Debug)]
pub struct CredentialArgs {
    /// Name or GUID
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Where the password comes from
    #[command(flatten)]
    pub secret: SecretArgs,
}

/// A connector that was added.
#[derive(Debug, Serialize)]
struct Added {
    connector: ConnectorSummary,
    data_folder: String,
    rules_enabled: u64,
}

impl AddCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ActiveDirectory(_) => "connector add active-directory",
            Self::Ldap(_) => "connector add ldap",
            Self::File(_) => "connector add file",
            Self::Sandbox(_) => "connector add sandbox",
            Self::Tenant(_) => "connector add tenant",
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when an argument cannot be used or the directory cannot be reached.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::ActiveDirectory(arguments) => {
                let settings = arguments.settings()?;
                let secret = arguments.secret.read(&arguments.user)?;
                let new = NewDirectory::active_directory(&arguments.name, &settings, secret).map_err(EngineError::from)?;
                let answer = add(session, |engine| engine.add_directory(new))?;
                Ok(if settings.sign_in.seals() { answer } else { arguments.security().warned(answer) })
            }
            Self::Ldap(arguments) => {
                let settings = arguments.settings()?;
                let secret = arguments.secret.read(&arguments.user)?;
                let new = NewDirectory::generic_ldap(&arguments.name, &settings, secret).map_err(EngineError::from)?;
                Ok(arguments.security.warned(add(session, |engine| engine.add_directory(new))?))
            }
            Self::File(arguments) => {
                let settings = FileSettings { path: absolute(&arguments.path)?, schema: FileSchema::ActiveDirectory };
                let new = NewDirectory::file(&arguments.name, &settings).map_err(EngineError::from)?;
                add(session, |engine| engine.add_directory(new))
            }
            Self::Sandbox(arguments) => add(session, |engine| engine.add_sandbox(&arguments.tenant, &arguments.domains)),
            Self::Tenant(arguments) => {
                let (mut settings, secret) = arguments.way.read(&arguments.tenant_id, &arguments.client_id)?;
                settings.accept_synchronized = arguments.i_know;
                add(session, |engine| engine.add_tenant(settings, secret))
            }
        }
    }
}

impl TenantWay {
    /// The settings of a tenant and an application, and what proves who the application is.
    ///
    /// # Errors
    /// [`Failure`] when one of them cannot be used.
    pub fn read(&self, tenant_id: &str, client_id: &str) -> Result<(EntraSettings, SecretString), Failure> {
        let settings = self.settings(tenant_id.trim(), client_id.trim())?;
        let secret = match &self.certificate_file {
            Some(path) => secret::certificate(path)?,
            None => self.secret.read(&format!("application {client_id}"))?,
        };
        Ok((settings, secret))
    }

    fn settings(&self, tenant_id: &str, client_id: &str) -> Result<EntraSettings, Failure> {
        let cloud = match self.cloud {
            CloudName::Worldwide => Cloud::Worldwide,
            CloudName::UsGovernment => Cloud::UsGovernment,
            CloudName::UsGovernmentDod => Cloud::UsGovernmentDod,
            CloudName::China => Cloud::China,
        };
        let choice = TenantChoice {
            tenant_id: tenant_id.to_owned(),
            client_id: client_id.to_owned(),
            cloud,
            authority: self.authority.clone(),
            base_url: self.base_url.clone(),
            backend: match self.backend {
                Backend::Graph => BackendKind::Graph,
                Backend::SyncChannel => BackendKind::SyncChannel,
            },
            proof: if self.certificate_file.is_some() { Proof::Certificate } else { Proof::Secret },
            ca_file: self.ca_file.as_deref().map(absolute).transpose()?,
            proxy: self.proxy.clone(),
            accept_synchronized: false,
        };
        // What is wrong with an address is said before a secret is asked for.
        choice.settings().map_err(Failure::invalid)
    }
}

impl Security {
    fn of_connection(self) -> ConnectionSecurity {
        match self {
            Self::Ldaps => ConnectionSecurity::Ldaps,
            Self::Starttls => ConnectionSecurity::StartTls,
            Self::Plain => ConnectionSecurity::Plain,
        }
    }

    /// An answer with what there is to say of the connection.
    fn warned(self, answer: Answer) -> Answer {
        let warning = "the connection is not encrypted: the password can be read on the network".to_owned();
        if self == Self::Plain { answer.warnings(vec![warning]) } else { answer }
    }
}

impl LdapArgs {
    fn settings(&self) -> Result<GenericLdapSettings, Failure> {
        Ok(GenericLdapSettings {
            servers: self.servers.clone(),
            user: self.user.trim().to_owned(),
            security: self.security.of_connection(),
            allow_plain: self.allow_plain,
            ca_file: self.ca_file.as_deref().map(absolute).transpose()?,
            bases: self.bases.clone(),
            anchor: self.anchor.trim().to_owned(),
            delta: match self.delta {
                LdapChanges::Auto => LdapDelta::Auto,
                LdapChanges::Syncrepl => LdapDelta::SyncRepl,
                LdapChanges::Timestamp => LdapDelta::Timestamp,
            },
            ..GenericLdapSettings::default()
        })
    }
}

impl ActiveDirectoryArgs {
    fn security(&self) -> Security {
        self.security.unwrap_or(if self.sign_in.way().seals() { Security::Plain } else { Security::Ldaps })
    }

    fn settings(&self) -> Result<ActiveDirectorySettings, Failure> {
        let forest = self.name.trim();
        if !is_dns_name(forest) {
            return Err(Failure::invalid(format!(
                "\"{}\" is not the DNS name of a forest; write it with its dots, such as contoso.com",
                safe(&self.name)
            )));
        }
        Ok(ActiveDirectorySettings {
            forest: forest.to_owned(),
            servers: self.servers.clone(),
            only_servers: !self.any_server,
            delta: self.delta.mode(),
            user: self.user.trim().to_owned(),
            sign_in: self.sign_in.way(),
            security: self.security().of_connection(),
            allow_plain: self.allow_plain,
            ca_file: self.ca_file.as_deref().map(absolute).transpose()?,
            ..ActiveDirectorySettings::default()
        })
    }
}

/// Answers `connector set-credential`.
///
/// # Errors
/// [`Failure`] when the connector is unknown or the directory refuses the password.
pub fn set_credential(session: &Session, arguments: &CredentialArgs) -> Result<Answer, Failure> {
    // Nobody is asked for the password of a connector that is not there.
    let connector = session.query(|engine| Ok(engine.connector(&arguments.connector)?))?;
    let secret = match connector.kind {
        ConnectorKind::File => return Err(Failure::invalid(no_password(&connector.name))),
        ConnectorKind::ActiveDirectory | ConnectorKind::GenericLdap | ConnectorKind::Tenant => {
            arguments.secret.read(&connector.name)?
        }
    };
    let connector = session.operate(|engine| {
        engine.set_credential(&connector.guid.to_string(), secret)?;
        Ok(engine.connector(&connector.guid.to_string())?)
    })?;
    let text = format!("{} accepted the new credential; it is stored.\n", safe(&connector.name));
    Answer::new(&connector, text)
}

fn no_password(name: &str) -> String {
    format!("connector \"{}\" reads a file and has no password", safe(name))
}

/// Adds a connector to the data folder, which is made when it is not there.
fn add(session: &Session, work: impl FnOnce(&Engine) -> Result<ConnectorSummary, EngineError>) -> Result<Answer, Failure> {
    let (connector, status) = session.configure(|engine| {
        let connector = work(engine)?;
        Ok((connector, engine.status()?))
    })?;
    let rules = match status.rules_enabled {
        0 => "none yet; they are applied as soon as there are a forest and a tenant".to_owned(),
        enabled => format!("{enabled} enabled"),
    };
    let text = Pairs::default()
        .add("Added", &connector.name)
        .add("Type", connector.kind.label())
        .add("Address", &connector.address)
        .add("Partitions", connector.partitions.join("; "))
        .add("Run profiles", connector.profiles.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>().join("; "))
        .add("Synchronization rules", rules)
        .add("Data folder", &status.data_folder)
        .render();
    let kinds: Vec<ConnectorKind> = status.connectors.iter().map(|connector| connector.kind).collect();
    let hint = next(&connector.name, &kinds, &session.invocation(Path::new(&status.data_folder)));
    Ok(Answer::new(&Added { connector, data_folder: status.data_folder, rules_enabled: status.rules_enabled }, text)?.hint(hint))
}

/// What to do next.
fn next(added: &str, kinds: &[ConnectorKind], invocation: &str) -> String {
    let has = |forest: bool| kinds.iter().any(|kind| kind.is_forest() == forest);
    let mut text = String::from("\nWhat to do next\n");
    if !has(false) {
        let tenant = added.split('.').next().unwrap_or_default();
        text.push_str(&format!(
            "Add a tenant, your own or one on this computer with every domain that users sign in with:\n  \
             {invocation} connector add tenant --tenant-id {1} --client-id CLIENT-ID\n  \
             {invocation} connector add sandbox --tenant {0} --domain {1}\n",
            shell_word(tenant),
            shell_word(added)
        ));
    } else if !has(true) {
        text.push_str(&format!(
            "Add a forest:\n  {invocation} connector add active-directory --name contoso.com --user svc_sync@contoso.com\n  \
             {invocation} connector add file --name contoso.com --path forest.ldif\n"
        ));
    } else {
        text.push_str(&format!(
            "Synchronize for the first time:\n  {invocation} cycle start --policy initial --wait\n\
             Look at the result:\n  {invocation} status\n"
        ));
    }
    text
}

/// A path that stays true when the program is started elsewhere.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::invalid(format!("\"{}\" is not a usable path: {error}", path.display())))
}

/// True for `contoso.com`: labels of letters, digits and hyphens with dots between them.
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|character| character.is_alphanumeric() || matches!(character, '-' | '_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forest_names_are_dns_names() {
        let check = |name: &str, expected: bool| assert_eq!(is_dns_name(name), expected, "{name:?}");
        check("contoso.com", true);
        check("corp.contoso.test", true);
        check("corp.contoso.test.", true);
        check("münchen.example", true);
        check("contoso", false);
        check("", false);
        check(".", false);
        check("contoso..com", false);
        check("contoso.com/x", false);
        check("-contoso.com", false);
        check("contoso com", false);
        check("dc1.contoso.com:636", false);
        check(&format!("{}.com", "a".repeat(64)), false);
        check(&format!("{}com", "a.".repeat(130)), false);
    }

    #[test]
    fn the_next_step_is_what_is_missing() {
        let check = |kinds: &[ConnectorKind], expected: &str| {
            let text = next("contoso.com", kinds, "syncline --data /x");
            assert!(text.contains(expected), "missing {expected:?} in {text}");
        };
        check(&[ConnectorKind::File], "connector add sandbox --tenant contoso --domain contoso.com\n");
        check(&[ConnectorKind::Tenant], "connector add active-directory --name");
        check(&[ConnectorKind::Tenant, ConnectorKind::ActiveDirectory], "cycle start --policy initial --wait\n");
        check(&[ConnectorKind::ActiveDirectory, ConnectorKind::Tenant], "cycle start --policy initial --wait\n");
    }
}
