//! `syncline cs`: connector space objects.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use syncline_engine::model::ObjectOperation;
use syncline_engine::service::{
    AttributeChangeView, CsHit, CsObjectView, CsScope, CsSearch, Engine, EngineError, LayerView, LineageView, LinkState,
    ObjectErrorView, OperationFilter, ValueView,
};
use uuid::Uuid;

use super::exit::Failure;
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, safe, yes_no};

/// Verbs of `cs`.
#[derive(Debug, Subcommand)]
pub enum CsCommand {
    /// Search the connector space of a connector
    #[command(after_help = "\
Scopes:
  all, connector, disconnector, placeholder, pending-import, pending-export,
  import-error, export-error, awaiting-confirmation,
  subtree=DN               objects under a container, with itself
  rdn=NAME                 exact relative name (CN=Ada or Ada); a final * means starts with
  dn=DN                    exact DN, anchor or object GUID
  disconnected-since=TIME  disconnected since then, such as 2024-05-03T10:00:00Z

Examples:
  syncline cs search contoso.com Ada
  syncline cs search contoso.com --scope disconnector
  syncline cs search contoso.com --scope disconnector --state explicit
  syncline cs search contoso.com --scope \"subtree=OU=Munich,OU=Corp,DC=contoso,DC=com\"
  syncline cs search \"contoso.onmicrosoft.com - AAD\" --scope pending-export --op delete")]
    Search(SearchArgs),
    /// Show one object: attributes, what is pending, the metaverse object, lineage
    #[command(after_help = "\
Examples:
  syncline cs show 5f0c1a34-0000-4000-8000-000000000000
  syncline cs show contoso.com --dn \"CN=Ada Pilot,OU=Corp,DC=contoso,DC=com\"")]
    Show(ShowArgs),
    /// Synchronize one object on trial: scope, join, flows, what would change and why
    #[command(after_help = "\
Nothing is written without --commit. With it the object is synchronized for real; nothing is
exported.

Examples:
  syncline cs preview contoso.com --dn \"CN=Ada Pilot,OU=Corp,DC=contoso,DC=com\"
  syncline cs preview 5f0c1a34-0000-4000-8000-000000000000 --delta")]
    Preview(super::preview::PreviewArgs),
    /// Hold what is pending for the export of one object against the schema of its connector
    #[command(after_help = "\
Exit code: 31 when something does not fit.

Example:
  syncline cs validate \"contoso.onmicrosoft.com - AAD\" --dn \"CN={6d...}\"")]
    Validate(ShowArgs),
    /// Join an object to a metaverse object by hand; no rule takes such a link away
    #[command(after_help = "\
The object is synchronized at once, so its attributes flow; what that stages is exported by the next run.

Example:
  syncline cs join contoso.com --dn \"CN=Ada,OU=Corp,DC=contoso,DC=com\" --mv 5f0c1a34-0000-4000-8000-000000000000")]
    Join(JoinArgs),
    /// Take the metaverse object of an object away by hand
    #[command(after_help = "\
Rules may join a normal disconnector again at the next synchronization; an explicit one they leave alone
until it is made a normal one by this command without --explicit.

Example:
  syncline cs disconnect contoso.com --dn \"CN=Ada,OU=Corp,DC=contoso,DC=com\" --explicit")]
    Disconnect(DisconnectArgs),
}

/// Arguments of `cs search`.
#[derive(Args, Debug)]
pub struct SearchArgs {
    /// Name or GUID of the connector
    #[arg(value_name = "CONNECTOR")]
    pub connector: String,
    /// Text that DN or display name must contain
    #[arg(value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub text: String,
    /// Which objects to list
    #[arg(long, value_name = "SCOPE", default_value = "all", value_parser = parse_scope)]
    pub scope: CsScope,
    /// With a pending scope: only these operations; may be repeated
    #[arg(long, value_name = "OPERATION")]
    pub op: Vec<Operation>,
    /// With --scope connector or disconnector: only those joined or disconnected so
    #[arg(long, value_name = "STATE")]
    pub state: Option<State>,
    /// Most rows to list
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
    /// Rows to skip
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u64,
}

/// Arguments of `cs show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// GUID of the object; with --dn the name or GUID of its connector
    #[arg(value_name = "ID|CONNECTOR")]
    pub id: String,
    /// Distinguished name of the object
    #[arg(long, value_name = "DN")]
    pub dn: Option<String>,
}

/// Arguments of `cs join`.
#[derive(Args, Debug)]
pub struct JoinArgs {
    /// The object.
    #[command(flatten)]
    pub object: ShowArgs,
    /// GUID of the metaverse object
    #[arg(long, value_name = "ID")]
    pub mv: Uuid,
}

/// Arguments of `cs disconnect`.
#[derive(Args, Debug)]
pub struct DisconnectArgs {
    /// The object.
    #[command(flatten)]
    pub object: ShowArgs,
    /// Rules leave it alone from now on
    #[arg(long)]
    pub explicit: bool,
}

/// Who joined or disconnected an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Rules
    Normal,
    /// An administrator
    Explicit,
    /// A filter
    Filtered,
}

impl State {
    fn of_engine(self) -> LinkState {
        match self {
            Self::Normal => LinkState::Normal,
            Self::Explicit => LinkState::Explicit,
            Self::Filtered => LinkState::Filtered,
        }
    }
}

/// A pending operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// New objects
    Add,
    /// Changed objects
    #[value(alias = "modify")]
    Update,
    /// Objects that go
    Delete,
}

/// The filter for these operations; none means all.
#[must_use]
pub fn operations(wanted: &[Operation]) -> OperationFilter {
    if wanted.is_empty() {
        return OperationFilter::ALL;
    }
    OperationFilter {
        add: wanted.contains(&Operation::Add),
        modify: wanted.contains(&Operation::Update),
        delete: wanted.contains(&Operation::Delete),
    }
}

/// A scope as typed.
fn parse_scope(text: &str) -> Result<CsScope, String> {
    let scope = match text.split_once('=') {
        None => match text {
            "all" => CsScope::All,
            "connector" => CsScope::Connector,
            "disconnector" => CsScope::Disconnector,
            "placeholder" => CsScope::Placeholder,
            "pending-import" => CsScope::PendingImport(OperationFilter::ALL),
            "pending-export" => CsScope::PendingExport(OperationFilter::ALL),
            "import-error" => CsScope::ImportError,
            "export-error" => CsScope::ExportError,
            "awaiting-confirmation" => CsScope::AwaitingConfirmation,
            "subtree" | "rdn" | "dn" | "disconnected-since" => {
                return Err(format!("scope \"{text}\" needs a value: {text}=VALUE"));
            }
            _ => return Err("unknown scope; \"syncline cs search --help\" lists them".to_string()),
        },
        Some(("subtree", dn)) => CsScope::SubTree { dn: dn.to_string(), include_base: true },
        Some(("rdn", name)) => CsScope::Rdn(name.to_string()),
        Some(("dn", name)) => CsScope::DnOrAnchor(name.to_string()),
        Some(("disconnected-since", time)) => CsScope::DisconnectedSince(
            time.parse::<Timestamp>().map_err(|error| format!("{error}; write a time such as 2024-05-03T10:00:00Z"))?,
        ),
        Some(_) => return Err("unknown scope; \"syncline cs search --help\" lists them".to_string()),
    };
    Ok(scope)
}

impl CsCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Search(_) => "cs search",
            Self::Show(_) => "cs show",
            Self::Preview(_) => "cs preview",
            Self::Validate(_) => "cs validate",
            Self::Join(_) => "cs join",
            Self::Disconnect(_) => "cs disconnect",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match self {
            Self::Search(search) => self::search(session, search),
            Self::Show(show) => self::show(session, show),
            Self::Validate(validate) => super::cs_validate::run(session, validate),
            Self::Preview(preview) => super::preview::run(session, preview),
            Self::Join(join) => by_hand(session, &join.object, |engine, object| Ok(engine.join_object(object, join.mv)?)),
            Self::Disconnect(disconnect) => {
                by_hand(session, &disconnect.object, |engine, object| Ok(engine.disconnect_object(object, disconnect.explicit)?))
            }
        }
    }
}

fn search(session: &Session, search: &SearchArgs) -> Result<Answer, Failure> {
    let filter = operations(&search.op);
    let scope = match (&search.scope, search.state.map(State::of_engine)) {
        (CsScope::Connector, Some(state)) => CsScope::InState { connector: true, state },
        (CsScope::Disconnector, Some(state)) => CsScope::InState { connector: false, state },
        (_, Some(_)) => {
            return Err(Failure::new(super::exit::Exit::Usage, "--state goes with --scope connector or --scope disconnector"));
        }
        (scope, None) => scope.clone(),
    };
    let scope = match &scope {
        CsScope::PendingImport(_) => CsScope::PendingImport(filter),
        CsScope::PendingExport(_) => CsScope::PendingExport(filter),
        _ if !search.op.is_empty() => {
            return Err(Failure::new(
                super::exit::Exit::Usage,
                "--op goes with --scope pending-import or --scope pending-export",
            ));
        }
        other => other.clone(),
    };
    let page = session.query(|engine| {
        let connector = engine.connector(&search.connector)?.id;
        Ok(engine.search_connector_space(&CsSearch {
            connector,
            scope,
            text: search.text.clone(),
            offset: search.offset,
            limit: search.limit,
        })?)
    })?;
    let text = if page.rows.is_empty() { "No objects.\n".to_string() } else { hits(&page.rows, &session.output.view) };
    let hint = super::more(search.offset, page.rows.len(), page.total, "object");
    Ok(Answer::new(&page, text)?.hint(hint))
}

/// The table of a connector space search.
fn hits(hits: &[CsHit], view: &View) -> String {
    let mut table = Table::new().texts([
        "Distinguished name",
        "Type",
        "Display name",
        "Pending import",
        "Pending export",
        "Connector",
        "Error",
        "GUID",
    ]);
    for hit in hits {
        table.row([
            hit.dn.as_str(),
            &hit.object_type,
            &hit.display_name,
            operation(hit.pending_import),
            if hit.awaiting_confirmation { "awaiting confirmation" } else { operation(hit.pending_export) },
            yes_no(hit.connector),
            hit.error.as_deref().unwrap_or_default(),
            &hit.guid.to_string(),
        ]);
    }
    table.render(view.width)
}

/// The word for an operation; nothing when nothing is pending.
fn operation(operation: ObjectOperation) -> &'static str {
    if operation == ObjectOperation::None { "" } else { operation.word() }
}

/// Does something with an object and shows what became of it, with a warning for every deletion elsewhere that now waits.
fn by_hand(
    session: &Session,
    named: &ShowArgs,
    work: impl FnOnce(&Engine, Uuid) -> Result<CsObjectView, Failure>,
) -> Result<Answer, Failure> {
    let (object, warnings) = session.operate(|engine| {
        let object = find(engine, named)?;
        let others = match &object.metaverse {
            Some(identity) => engine.mv_object(identity.guid)?.connector_details,
            None => Vec::new(),
        };
        let done = work(engine, object.guid)?;
        let mut warnings = Vec::new();
        for other in others.iter().filter(|other| other.hit.guid != object.guid && !is_delete(other.hit.pending_export)) {
            let other = match engine.cs_object(other.hit.guid) {
                Ok(other) => other,
                // It was never exported, so it is gone at once.
                Err(EngineError::UnknownObject { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            if other.pending_export.is_some_and(|pending| is_delete(pending.operation)) {
                let CsObjectView { dn, connector, .. } = other;
                warnings.push(format!("the next export to \"{connector}\" deletes {dn}, because {} went", object.dn));
            }
        }
        Ok((done, warnings))
    })?;
    Ok(Answer::new(&object, text(&object, &session.output.view))?.warnings(warnings))
}

fn is_delete(operation: ObjectOperation) -> bool {
    matches!(operation, ObjectOperation::Delete | ObjectOperation::DeleteAdd)
}

/// The object that is named by its GUID, or by connector and name.
///
/// # Errors
/// [`Failure`] when there is no such object.
pub fn find(engine: &Engine, named: &ShowArgs) -> Result<CsObjectView, Failure> {
    match &named.dn {
        Some(dn) => Ok(engine.cs_object_by_dn(engine.connector(&named.id)?.id, dn)?),
        None => Ok(engine.cs_object(object_guid(&named.id)?)?),
    }
}

fn show(session: &Session, show: &ShowArgs) -> Result<Answer, Failure> {
    let object = session.query(|engine| find(engine, show))?;
    Answer::new(&object, text(&object, &session.output.view))
}

/// The GUID of an object as typed.
///
/// # Errors
/// [`Failure`] when the text is not a GUID.
pub fn object_guid(text: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(text).map_err(|error| {
        Failure::invalid(format!(
            "\"{text}\" is not an object GUID ({error}); the searches show GUIDs, and \"cs show CONNECTOR --dn DN\" finds an object by name"
        ))
    })
}

fn text(object: &CsObjectView, view: &View) -> String {
    let mut text = Pairs::default()
        .add("Distinguished name", &object.dn)
        .add("GUID", object.guid.to_string())
        .add("Connector", &object.connector)
        .add("Partition", object.partition.as_deref().unwrap_or_default())
        .add("Type", &object.object_type)
        .add("State", &object.state)
        .add("Anchor", object.anchor.as_deref().unwrap_or_default())
        .add("Last import change", view.time_or_empty(object.last_import_change))
        .add("Last export change", view.time_or_empty(object.last_export_change))
        .add_some("Disconnected", object.disconnected.map(|time| view.time(time)))
        .add_some("Flags", Some(object.flags.join(", ")).filter(|flags| !flags.is_empty()))
        .render();
    match &object.metaverse {
        Some(hit) => text.push_str(
            &Pairs::default()
                .add("Metaverse object", format!("{} ({}), {}", hit.display_name, hit.object_type, hit.guid))
                .render(),
        ),
        None => text.push_str("Metaverse object   : none\n"),
    }
    layer(&mut text, "Attributes", &object.import, view);
    if let Some(pending) = &object.pending_export {
        layer(&mut text, "Pending export", pending, view);
    }
    if let Some(awaiting) = &object.awaiting_confirmation {
        layer(&mut text, "Awaiting export confirmation", awaiting, view);
    }
    error(&mut text, "Synchronization error", object.sync_error.as_ref(), view);
    error(&mut text, "Export error", object.export_error.as_ref(), view);
    lineage(&mut text, &object.lineage, view);
    text
}

/// The rules that apply to a link.
pub fn lineage(text: &mut String, lineage: &[LineageView], view: &View) {
    let mut table = Table::new().texts(["Synchronization rule", "Direction", "Action"]).numbers(["Precedence"]);
    for rule in lineage {
        let precedence = rule.precedence.map(|precedence| precedence.to_string()).unwrap_or_default();
        table.row([rule.rule.as_str(), &rule.direction, &rule.action, &precedence]);
    }
    if !table.is_empty() {
        text.push_str("\nLineage\n");
        text.push_str(&table.render(view.width));
    }
}

fn error(text: &mut String, title: &str, error: Option<&ObjectErrorView>, view: &View) {
    let Some(error) = error else { return };
    text.push_str(&format!("\n{title}\n"));
    text.push_str(
        &Pairs::default()
            .add("Error", error.error.code.as_str())
            .add("Message", &error.error.message)
            .add("First occurred", view.time(error.first_occurred))
            .add("Retries", error.retry_count.to_string())
            .render(),
    );
}

/// One layer: a row per value.
pub fn layer(text: &mut String, title: &str, layer: &LayerView, view: &View) {
    text.push_str(&format!("\n{title}"));
    if layer.operation != ObjectOperation::None {
        text.push_str(&format!(" ({})", layer.operation.word()));
    }
    text.push('\n');
    if let Some(dn) = &layer.new_dn {
        text.push_str(&format!("New name: {}\n", safe(dn)));
    }
    let changes = layer.attributes.iter().any(|attribute| attribute.change != "none");
    let mut table = if changes {
        Table::new().texts(["Attribute", "Change", "Old value", "New value"])
    } else {
        Table::new().texts(["Attribute", "Value"])
    };
    for attribute in &layer.attributes {
        for (position, (old, new)) in values(attribute).into_iter().enumerate() {
            let name = if position == 0 { attribute.name.as_str() } else { "" };
            if changes {
                let change = if position == 0 && attribute.change != "none" { attribute.change.as_str() } else { "" };
                table.row([name, change, &old, &new]);
            } else {
                table.row([name, &new]);
            }
        }
    }
    text.push_str(&table.render(view.width));
}

/// Old and new values side by side, with a last line for those that were left out.
fn values(attribute: &AttributeChangeView) -> Vec<(String, String)> {
    let side = |values: &[ValueView], count: u64| {
        let mut texts: Vec<String> = values.iter().map(value).collect();
        let listed = texts.len() as u64;
        if count > listed {
            texts.push(format!("... and {} more", count - listed));
        }
        texts
    };
    let (old, new) = if attribute.change == "none" {
        (Vec::new(), side(present(attribute), attribute.old_count.max(attribute.new_count)))
    } else {
        (side(&attribute.old, attribute.old_count), side(&attribute.new, attribute.new_count))
    };
    let rows = old.len().max(new.len()).max(1);
    let at = |texts: &[String], row: usize| texts.get(row).cloned().unwrap_or_default();
    (0..rows).map(|row| (at(&old, row), at(&new, row))).collect()
}

/// The values that an attribute has, whichever side of the change tells them.
#[must_use]
pub fn present(attribute: &AttributeChangeView) -> &[ValueView] {
    if attribute.change == "none" && attribute.new.is_empty() { &attribute.old } else { &attribute.new }
}

/// A value, with a sign when it comes or goes.
fn value(value: &ValueView) -> String {
    match value.change.as_deref() {
        Some("add") => format!("+ {}", value.text),
        Some("delete") => format!("- {}", value.text),
        _ => value.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;

    #[test]
    fn scopes_are_read_as_typed() {
        let check = |text: &str, expected: CsScope| assert_eq!(parse_scope(text), Ok(expected));
        check("all", CsScope::All);
        check("pending-export", CsScope::PendingExport(OperationFilter::ALL));
        check("subtree=OU=Corp,DC=x", CsScope::SubTree { dn: "OU=Corp,DC=x".into(), include_base: true });
        check("rdn=CN=Ada*", CsScope::Rdn("CN=Ada*".into()));
        check("dn=CN={47}", CsScope::DnOrAnchor("CN={47}".into()));
        check("disconnected-since=2024-05-03T14:39:16Z", CsScope::DisconnectedSince(sample::time()));
        let refused = |text: &str, words: &str| assert!(parse_scope(text).unwrap_err().contains(words), "{text}");
        refused("everything", "unknown scope");
        refused("where=x", "unknown scope");
        refused("subtree", "needs a value");
        refused("disconnected-since=yesterday", "2024-05-03T10:00:00Z");
    }

    #[test]
    fn no_operation_means_all() {
        assert_eq!(operations(&[]), OperationFilter::ALL);
        assert_eq!(operations(&[Operation::Delete]), OperationFilter { add: false, modify: false, delete: true });
        assert_eq!(operations(&[Operation::Add, Operation::Update]), OperationFilter { add: true, modify: true, delete: false });
    }

    #[test]
    fn a_layer_shows_each_value_on_a_line() {
        let mut text = String::new();
        let layer_view = LayerView {
            operation: ObjectOperation::Update,
            new_dn: Some("CN=Ann,DC=x".into()),
            attributes: vec![
                sample::change("title", "replace", &["Clerk"], &["Lead"]),
                AttributeChangeView { new_count: 3, ..sample::change("proxyAddresses", "add", &[], &["smtp:a", "smtp:b"]) },
            ],
        };
        layer(&mut text, "Pending export", &layer_view, &sample::view());
        assert_eq!(
            text,
            "\nPending export (update)\nNew name: CN=Ann,DC=x\n\
             Attribute       Change   Old value  New value\n\
             title           replace  Clerk      Lead\n\
             proxyAddresses  add                 smtp:a\n\
             \x20                                   smtp:b\n\
             \x20                                   ... and 1 more\n"
        );
    }

    #[test]
    fn what_is_no_guid_says_what_to_do() {
        let failure = object_guid("Ada").unwrap_err();
        assert_eq!(failure.exit as u8, 31);
        assert!(failure.message.contains("--dn"), "{}", failure.message);
        assert!(object_guid("{5F0C1A34-0000-4000-8000-000000000000}").is_ok());
    }
}
