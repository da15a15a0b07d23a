//! `syncline connector`: connected directories.

use clap::Subcommand;
use serde::Serialize;
use syncline_engine::service::{ConnectorKind, ConnectorStatistics, ConnectorSummary, TenantView};

use super::aad;
use super::connector_add::{self, AddCommand, CredentialArgs};
use super::connector_delete::{self, DeleteArgs};
use super::connector_file::{self, ExportArgs, ImportArgs, UpdateArgs};
use super::connector_selection::SelectionCommand;
use super::connector_set::{self, SetArgs};
use super::exit::Failure;
use super::output::Answer;
use super::partitions::{self, ContainersCommand, PartitionsCommand, RefreshArgs};
use super::profiles::{self, ProfilesCommand};
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::View;

/// Verbs of `connector`.
#[derive(Debug, Subcommand)]
pub enum ConnectorCommand {
    /// List the connectors with their state and what is pending
    List,
    /// Show one connector, its partitions and run profiles, and what a tenant takes
    Show {
        /// Name or GUID
        #[arg(value_name = "CONNECTOR")]
        connector: String,
    },
    /// Count the objects of a connector space by state
    #[command(after_help = "all = total-connector + total-disconnector + placeholder")]
    Stats {
        /// Name or GUID
        #[arg(value_name = "CONNECTOR")]
        connector: String,
    },
    /// Add a forest or a tenant; makes the data folder when it is not there
    #[command(subcommand)]
    Add(AddCommand),
    /// Replace the password or client secret of a connector
    #[command(after_help = "\
The new password is tried on the directory before it is stored. It is asked for unless
--secret-stdin or --secret-file is given.

Example:
  syncline connector set-credential contoso.com")]
    SetCredential(CredentialArgs),
    /// Read the directory's schema anew: tell what is different, and store it
    #[command(after_help = "\
Attributes that the directory has lost, and rules that use them, are listed before anything is
stored.

Example:
  syncline connector refresh-schema contoso.com --dry-run")]
    RefreshSchema(RefreshArgs),
    /// Show and choose the partitions that are read
    #[command(subcommand)]
    Partitions(PartitionsCommand),
    /// Show and choose the containers that are read
    #[command(subcommand)]
    Containers(ContainersCommand),
    /// Show and choose the object types and attributes that are read
    #[command(subcommand)]
    Selection(SelectionCommand),
    /// List, show and change run profiles
    #[command(subcommand)]
    Profiles(ProfilesCommand),
    /// Delete a connector space, or a connector with it, after telling what that does
    Delete(DeleteArgs),
    /// Write a connector to a file, in the layout of a real server
    Export(ExportArgs),
    /// Add the connector of a file
    Import(ImportArgs),
    /// Make a connector what a file says, after telling what that changes
    Update(UpdateArgs),
    /// Show or change how a forest is reached and read, and what becomes of deprovisioned objects
    Set(SetArgs),
}

/// What `connector show` answers.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    connector: ConnectorSummary,
    /// Of a tenant, how it is reached and what it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantView>,
}

impl ConnectorCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::List => "connector list",
            Self::Show { .. } => "connector show",
            Self::Stats { .. } => "connector stats",
            Self::Add(command) => command.name(),
            Self::SetCredential(_) => "connector set-credential",
            Self::RefreshSchema(_) => "connector refresh-schema",
            Self::Partitions(command) => command.name(),
            Self::Containers(command) => command.name(),
            Self::Selection(command) => command.name(),
            Self::Profiles(command) => command.name(),
            Self::Delete(_) => "connector delete",
            Self::Export(_) => "connector export",
            Self::Import(_) => "connector import",
            Self::Update(_) => "connector update",
            Self::Set(_) => "connector set",
        }
    }

    /// True when the command waits for a run, and so writes one JSON object per line.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Self::Delete(arguments) if !arguments.dry_run)
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let view = &session.output.view;
        match self {
            Self::List => {
                let connectors = session.query(|engine| Ok(engine.connectors()?))?;
                Answer::new(&connectors, super::status::connectors(&connectors, view))
            }
            Self::Show { connector } => {
                let (connector, tenant) = session.query(|engine| {
                    let found = engine.connector(connector)?;
                    // A tenant's connector that still waits for its tenant has nothing to tell of it.
                    let is_tenant = found.kind == ConnectorKind::Tenant;
                    let tenant = if is_tenant { engine.tenant(Some(&found.guid.to_string())).ok() } else { None };
                    Ok((found, tenant))
                })?;
                let mut text = show(&connector, view);
                if let Some(tenant) = &tenant {
                    text.push_str(&format!("\nOver {} to {}:\n", tenant.backend_label, tenant.tenant_name));
                    text.push_str(&aad::capabilities_text(tenant));
                }
                Answer::new(&Shown { connector, tenant }, text)
            }
            Self::Stats { connector } => {
                let statistics = session.query(|engine| Ok(engine.connector_statistics(engine.connector(connector)?.id)?))?;
                Answer::new(&statistics, stats(&statistics))
            }
            Self::Add(command) => command.run(session),
            Self::SetCredential(arguments) => connector_add::set_credential(session, arguments),
            Self::RefreshSchema(arguments) => partitions::refresh_schema(session, arguments),
            Self::Partitions(command) => command.run(session),
            Self::Containers(command) => command.run(session),
            Self::Selection(command) => command.run(session),
            Self::Profiles(command) => command.run(session),
            Self::Delete(arguments) => connector_delete::run(session, arguments),
            Self::Export(arguments) => connector_file::export(session, arguments),
            Self::Import(arguments) => connector_file::import(session, arguments),
            Self::Update(arguments) => connector_file::update(session, arguments),
            Self::Set(arguments) => connector_set::run(session, arguments),
        }
    }
}

fn show(connector: &ConnectorSummary, view: &View) -> String {
    let mut text = Pairs::default()
        .add("Name", &connector.name)
        .add("GUID", connector.guid.to_string())
        .add("Type", connector.kind.label())
        .add("Description", &connector.description)
        .add("Address", &connector.address)
        .add("State", connector.state.label())
        .add("Deprovisioning", connector_set::explained(connector.deprovisioning))
        .add("Partitions", connector.partitions.join("; "))
        .add("Pending import", connector.pending_import.to_string())
        .add("Pending export", connector.pending_export.to_string())
        .add_some("Last run", connector.last_run.as_ref().map(super::progress::finished))
        .add_some("Full import required", connector.full_import_required.as_ref())
        .add_some("Full synchronization required", connector.full_sync_required.as_ref())
        .render();
    if !connector.profiles.is_empty() {
        text.push('\n');
        text.push_str(&profiles::table(&connector.profiles, view));
    }
    text
}

fn stats(statistics: &ConnectorStatistics) -> String {
    let ConnectorStatistics {
        all,
        total_connector,
        total_disconnector,
        placeholder,
        connector,
        explicit_connector,
        disconnector,
        explicit_disconnector,
        filtered_disconnector,
        import_add,
        import_update,
        import_delete,
        import_none,
        export_add,
        export_update,
        export_delete,
    } = statistics;
    let mut table = Table::new().texts(["Statistic"]).numbers(["Objects"]);
    for (name, count) in [
        ("all", all),
        ("total-connector", total_connector),
        ("total-disconnector", total_disconnector),
        ("placeholder", placeholder),
        ("connector", connector),
        ("explicit-connector", explicit_connector),
        ("disconnector", disconnector),
        ("explicit-disconnector", explicit_disconnector),
        ("filtered-disconnector", filtered_disconnector),
        ("import-add", import_add),
        ("import-update", import_update),
        ("import-delete", import_delete),
        ("import-none", import_none),
        ("export-add", export_add),
        ("export-update", export_update),
        ("export-delete", export_delete),
    ] {
        table.row([name, &count.to_string()]);
    }
    table.render(None)
}
