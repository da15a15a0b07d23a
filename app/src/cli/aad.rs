//! `syncline aad`: questions to the tenant (`operations.md` 6, 10).

use clap::{Args, Subcommand};
use serde::Serialize;
use syncline_engine::service::{
    DeletionGuard, Engine, EngineError, TenantCheck, TenantFacts, TenantFilter, TenantObject, TenantView,
};
use syncline_engine::setup::try_tenant;

use super::connector_add::TenantWay;
use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, safe};

/// Verbs of `aad`.
#[derive(Debug, Subcommand)]
pub enum AadCommand {
    /// Try the way to the tenant: addresses, connections, token, reading, roles for writing
    #[command(after_help = "\
Every host is looked up, connected to and asked; then the application signs in and reads one
object of each kind, and its roles are compared with those that an export needs. Nothing is
changed. The first line that fails is where to begin. With --tenant-id and --client-id a tenant
is tried that is no connector yet.

Examples:
  syncline aad test
  syncline aad test --tenant-id contoso.com --client-id 6c2a... --secret-file secret")]
    Test(Box<TestArgs>),
    /// Show how the tenant is reached, and what can be read and written there
    #[command(after_help = "\
Without --live nothing is asked of the tenant. --attributes lists every attribute with the
property that holds it and, if it is not exported, the reason.

Examples:
  syncline aad show --live
  syncline aad show --attributes --type user")]
    Show(ShowArgs),
    /// List objects as the tenant has them now, without importing them
    #[command(after_help = "\
Examples:
  syncline aad objects --type user --limit 20
  syncline aad objects --anchor GGhsjYwBEU+buBsE4sqhtg== --json")]
    Objects(ObjectsArgs),
}

/// Which tenant.
#[derive(Args, Debug)]
pub struct TenantArgs {
    /// Name or GUID of the tenant's connector [default: the tenant there is]
    #[arg(value_name = "CONNECTOR")]
    pub connector: Option<String>,
}

/// Arguments of `aad test`.
#[derive(Args, Debug)]
pub struct TestArgs {
    /// Which tenant
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Instead of a connector, the tenant: its GUID or one of its verified domains
    #[arg(long, value_name = "TENANT", requires = "client_id", conflicts_with = "connector")]
    pub tenant_id: Option<String>,
    /// Client identifier of the application that signs in there
    #[arg(long, value_name = "GUID", requires = "tenant_id")]
    pub client_id: Option<String>,
    /// How it is reached
    #[command(flatten)]
    pub way: TenantWay,
}

/// Arguments of `aad show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Which tenant
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Ask the tenant about itself too
    #[arg(long)]
    pub live: bool,
    /// List every attribute
    #[arg(long)]
    pub attributes: bool,
    /// Only attributes of this object type
    #[arg(long = "type", value_name = "TYPE", requires = "attributes")]
    pub object_type: Option<String>,
}

/// Arguments of `aad objects`.
#[derive(Args, Debug)]
pub struct ObjectsArgs {
    /// Which tenant
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Only objects of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub object_type: Option<String>,
    /// Only the object with this source anchor, cloud anchor or DN
    #[arg(long)]
    pub anchor: Option<String>,
    /// At most so many; 0 lists all
    #[arg(long, default_value_t = 100)]
    pub limit: usize,
}

/// What `aad show` answers.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    tenant: TenantView,
    live: Option<TenantFacts>,
}

impl AadCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Test(_) => "aad test",
            Self::Show(_) => "aad show",
            Self::Objects(_) => "aad objects",
        }
    }

    /// Answers it.
    ///
    /// # Errors
    /// [`Failure`] when there is no tenant or it cannot be reached.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let view = &session.output.view;
        match self {
            Self::Test(arguments) => {
                let checks = match (&arguments.tenant_id, &arguments.client_id) {
                    (Some(tenant_id), Some(client_id)) => {
                        let (settings, secret) = arguments.way.read(tenant_id, client_id)?;
                        try_tenant(&settings, secret).map_err(EngineError::from)?
                    }
                    (Some(_) | None, _) => ask(session, |engine| Ok(engine.test_tenant(arguments.tenant.connector.as_deref())?))?,
                };
                if let Some(failed) = checks.iter().find(|check| check.works == Some(false)) {
                    let lines = checks_table(&checks, view);
                    let message =
                        format!("the tenant cannot be used: {}: {}\n{lines}", safe(&failed.subject), safe(&failed.detail));
                    return Err(Failure::new(exit_of(failed), message));
                }
                Answer::new(&checks, checks_table(&checks, view))
            }
            Self::Show(arguments) => {
                let connector = arguments.tenant.connector.as_deref();
                let mut tenant = session.query(|engine| Ok(engine.tenant(connector)?))?;
                let live = match arguments.live {
                    true => Some(ask(session, |engine| Ok(engine.tenant_facts(connector)?))?),
                    false => None,
                };
                if let Some(wanted) = &arguments.object_type {
                    tenant.attributes.retain(|row| row.object_type.eq_ignore_ascii_case(wanted));
                }
                let mut text = tenant_text(&tenant, live.as_ref(), view);
                if arguments.attributes {
                    text.push('\n');
                    text.push_str(&attributes_table(&tenant, view));
                }
                Answer::new(&Shown { tenant, live }, text)
            }
            Self::Objects(arguments) => {
                let filter = TenantFilter {
                    object_type: arguments.object_type.clone(),
                    anchor: arguments.anchor.clone(),
                    limit: if arguments.anchor.is_some() { 1 } else { arguments.limit },
                };
                let connector = arguments.tenant.connector.as_deref();
                let objects = ask(session, |engine| Ok(engine.tenant_objects(connector, &filter)?))?;
                if let (Some(anchor), true) = (&arguments.anchor, objects.is_empty()) {
                    return Err(Failure::new(Exit::NotFound, format!("the tenant has no object \"{}\"", safe(anchor))));
                }
                Answer::new(&objects, objects_table(&objects, view))
            }
        }
    }
}

/// Asks the tenant. One that runs on this computer runs with the engine: with this one, or with that of the process that
/// owns the data folder.
fn ask<T>(session: &Session, work: impl Fn(&Engine) -> Result<T, Failure>) -> Result<T, Failure> {
    match session.operate(&work) {
        Err(failure) if failure.exit == Exit::Busy => session.query(&work),
        other => other,
    }
}

/// The exit code that says where the way to the tenant ends.
fn exit_of(check: &TenantCheck) -> Exit {
    match check.step.as_str() {
        "token" => Exit::Credentials,
        "read" | "write" => Exit::Permission,
        _ => Exit::Network,
    }
}

fn checks_table(checks: &[TenantCheck], view: &View) -> String {
    let mut table = Table::new().texts(["Subject", "Step", "Result", "Detail"]);
    for check in checks {
        let result = match check.works {
            Some(true) => "works",
            Some(false) => "fails",
            None => "left out",
        };
        table.row([check.subject.as_str(), check.step.as_str(), result, check.detail.as_str()]);
    }
    table.render(view.width)
}

fn tenant_text(tenant: &TenantView, live: Option<&TenantFacts>, view: &View) -> String {
    let writes = tenant.writes.map_or_else(
        || "as many as the tenant takes".to_owned(),
        |budget| format!("{} in {} seconds", budget.writes, budget.seconds),
    );
    let mut pairs = Pairs::default()
        .add("Connector", &tenant.connector)
        .add("Tenant", &tenant.tenant_name)
        .add("Tenant identifier", &tenant.tenant_id)
        .add("Backend", tenant.backend_label)
        .add("Cloud", tenant.cloud.unwrap_or("none of Microsoft's"))
        .add("Address", &tenant.base_url)
        .add("Sign-in service", &tenant.authority)
        .add("Application", &tenant.client_id)
        .add("Proxy", tenant.proxy.as_deref().unwrap_or("as the environment says"))
        .add("Writes at most", writes);
    if let Some(facts) = live {
        let known = |flag: Option<bool>| match flag {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not known",
        };
        pairs = pairs
            .add("Name in the tenant", &facts.display_name)
            .add("Synchronized to", known(facts.synchronized))
            .add("Last synchronized", time_of(facts.last_synchronized.as_deref(), view))
            .add("Verified domains", facts.domains.join(", "))
            .add("Deletions at most", guard_text(facts.deletion_guard));
        for unknown in &facts.unknown {
            pairs = pairs.add("Note", unknown);
        }
    }
    let mut text = pairs.render();
    text.push('\n');
    text.push_str(&capabilities_text(tenant));
    text
}

/// What the way to the tenant can do, and how much is not exported by it.
pub(super) fn capabilities_text(tenant: &TenantView) -> String {
    let mut text = String::new();
    for feature in &tenant.features {
        let can = if feature.available { "yes" } else { "no " };
        let note = if feature.note.is_empty() { String::new() } else { format!(" ({})", feature.note) };
        text.push_str(&format!("{can}  {}{note}\n", feature.name));
    }
    let kept = tenant.attributes.iter().filter(|row| !row.written).count();
    if kept > 0 {
        text.push_str(&format!(
            "\n{kept} of {} attributes are not exported; \"aad show --attributes\" lists them.\n",
            tenant.attributes.len()
        ));
    }
    text
}

/// The tenant's own limit on deletions in one export.
fn guard_text(guard: Option<DeletionGuard>) -> String {
    match guard {
        Some(DeletionGuard::Count(number)) => format!("{number} in one export, if \"deletes show\" tells no lower limit"),
        Some(DeletionGuard::Percent(share)) => {
            format!("{share} % of the objects in one export, if \"deletes show\" tells no lower limit")
        }
        None => "the tenant has no limit of its own".to_owned(),
    }
}

/// A time of the tenant as all other times are shown; what is no time is shown as it came.
fn time_of(told: Option<&str>, view: &View) -> String {
    let Some(told) = told else { return "never".to_owned() };
    told.parse().map_or_else(|_| told.to_owned(), |time| view.time(time))
}

fn attributes_table(tenant: &TenantView, view: &View) -> String {
    let mut table = Table::new().texts(["Object type", "Attribute", "Property", "Read", "Written", "Why not"]);
    for row in &tenant.attributes {
        let yes = |flag: bool| if flag { "yes" } else { "no" };
        let reason = row.reason.as_deref().unwrap_or_default();
        table.row([
            row.object_type.as_str(),
            row.attribute.as_str(),
            row.property.as_str(),
            yes(row.read),
            yes(row.written),
            reason,
        ]);
    }
    if tenant.attributes.is_empty() { "All attributes are read and written.\n".to_owned() } else { table.render(view.width) }
}

fn objects_table(objects: &[TenantObject], view: &View) -> String {
    let mut table = Table::new().texts(["Object type", "Name", "User principal name", "Source anchor", "Cloud anchor"]);
    for object in objects {
        let first = |name: &str| {
            let values = object.attributes.get(name);
            values.and_then(|values| values.first()).cloned().unwrap_or_default()
        };
        let (name, user) = (first("displayName"), first("userPrincipalName"));
        table.row([
            object.object_type.as_str(),
            name.as_str(),
            user.as_str(),
            object.source_anchor.as_str(),
            object.cloud_anchor.as_str(),
        ]);
    }
    table.render(view.width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_tenant_are_shown_as_all_others() {
        let view = View { width: None, zone: jiff::tz::TimeZone::UTC };
        let check = |told: Option<&str>, expected: &str| assert_eq!(time_of(told, &view), expected, "{told:?}");
        check(None, "never");
        check(Some("2024-06-01T07:08:09.123456789Z"), "2024-06-01 07:08:09Z");
        check(Some("2024-06-01T09:08:09+02:00"), "2024-06-01 07:08:09Z");
        check(Some("yesterday"), "yesterday");
    }

    #[test]
    fn the_first_failure_decides_the_exit_code() {
        let check = |step: &str, expected: Exit| {
            let failed = TenantCheck {
                subject: "graph.microsoft.com:443".into(),
                step: step.into(),
                works: Some(false),
                detail: "no".into(),
            };
            assert_eq!(exit_of(&failed), expected, "{step}");
        };
        check("address", Exit::Network);
        check("connection", Exit::Network);
        check("answer", Exit::Network);
        check("token", Exit::Credentials);
        check("read", Exit::Permission);
        check("write", Exit::Permission);
    }
}
