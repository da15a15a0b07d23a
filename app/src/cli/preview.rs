//! `syncline cs preview`: one object synchronized on trial.

use std::path::PathBuf;

use clap::Args;
use syncline_engine::model::ObjectOperation;
use syncline_engine::service::{
    Engine, FlowStatus, FlowView, JoinGroupView, ObjectChange, PreviewView, RecallView, RuleScopeView, SyncMode, TargetAction,
    TargetPreview,
};
use uuid::Uuid;

use super::cs::object_guid;
use super::exit::{Exit, Failure};
use super::output::Answer;
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, count, safe, truncate, yes_no};
use super::whatif;
use crate::preview_file::{self, PreviewFormat};

/// Arguments of `cs preview`.
#[derive(Args, Debug)]
pub struct PreviewArgs {
    /// GUID of the object; with --dn the name or GUID of its connector
    #[arg(value_name = "ID|CONNECTOR")]
    pub id: String,
    /// Distinguished name of the object
    #[arg(long, value_name = "DN")]
    pub dn: Option<String>,
    /// Only what is pending, as a Delta Synchronization
    #[arg(long)]
    pub delta: bool,
    /// Synchronize the object for real
    #[arg(long)]
    pub commit: bool,
    /// Show all flows, not only those of attributes that change
    #[arg(long)]
    pub all: bool,
    /// Write the whole result to a new file; its name ends in .json or .xml
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

/// Answers `cs preview`.
pub fn run(session: &Session, arguments: &PreviewArgs) -> Result<Answer, Failure> {
    let mode = if arguments.delta { SyncMode::Delta } else { SyncMode::Full };
    let file = match &arguments.save {
        Some(path) => {
            let unknown = || Failure::new(Exit::Usage, format!("{}: a preview is written as .json or .xml", path.display()));
            Some((path, PreviewFormat::of_file(path).ok_or_else(unknown)?))
        }
        None => None,
    };
    let ask = |engine: &Engine| -> Result<PreviewView, Failure> {
        let guid = object(engine, arguments)?;
        Ok(if arguments.commit { engine.commit_preview(guid, mode)? } else { engine.preview(guid, mode)? })
    };
    let preview = if arguments.commit { session.operate(ask)? } else { session.query(ask)? };
    let text = text(&preview, arguments.all, &session.output.view);
    if let Some((path, format)) = file {
        preview_file::write(&preview, format, path, false).map_err(|said| Failure::new(Exit::Invalid, said))?;
    }
    if let (Some(error), true) = (&preview.error, arguments.commit) {
        let message = format!("the object cannot be synchronized: {}: {}", error.code, error.message);
        return Err(Failure::new(Exit::CompletedWithErrors, message).detail(super::json::data(&preview)?).text(text));
    }
    Answer::new(&preview, text)
}

fn object(engine: &Engine, arguments: &PreviewArgs) -> Result<Uuid, Failure> {
    match &arguments.dn {
        Some(dn) => Ok(engine.cs_object_by_dn(engine.connector(&arguments.id)?.id, dn)?.guid),
        None => object_guid(&arguments.id),
    }
}

fn text(preview: &PreviewView, all: bool, view: &View) -> String {
    let mode = match (preview.mode, preview.committed) {
        (SyncMode::Full, false) => "Full Synchronization, on trial",
        (SyncMode::Delta, false) => "Delta Synchronization, on trial",
        (SyncMode::Full, true) => "Full Synchronization, committed",
        (SyncMode::Delta, true) => "Delta Synchronization, committed",
    };
    let pending = if preview.pending_import == ObjectOperation::None { "none" } else { preview.pending_import.word() };
    let mut text = Pairs::default()
        .add("Distinguished name", &preview.dn)
        .add("Connector", &preview.connector)
        .add("Type", &preview.object_type)
        .add("GUID", preview.guid.to_string())
        .add("Preview", mode)
        .add("Pending import", pending)
        .add("Link", &preview.link)
        .render();
    if let Some(error) = &preview.error {
        text.push_str(&format!(
            "\nThe object cannot be synchronized\n  {}: {}\n",
            safe(error.code.as_str()),
            safe(&error.message)
        ));
        let detail = [("Rule", &error.detail.rule), ("Attribute", &error.detail.attribute), ("Value", &error.detail.value)];
        for (name, value) in detail {
            if let Some(value) = value {
                text.push_str(&format!("  {name}: {}\n", safe(value)));
            }
        }
    }
    if preview.nothing_pending {
        text.push_str("\nNothing is pending for the object, so a delta synchronization does not visit it.\n");
        return text;
    }
    text.push_str("\nScope\n");
    scope(&mut text, &preview.scope, view);
    joins(&mut text, &preview.joins, view);
    changes(&mut text, preview);
    recalls(&mut text, &preview.recalls, view);
    if preview.deletion.deleted {
        text.push_str(&format!("\nThe metaverse object is deleted: {}.\n", safe(&preview.deletion.reason)));
    }
    for target in &preview.targets {
        self::target(&mut text, target, view);
    }
    let changed = |flow: &&FlowView| {
        all || flow.error.is_some()
            || preview.changes.iter().flat_map(|change| &change.attributes).any(|attribute| attribute.name == flow.attribute)
    };
    for (title, list) in [("Import attribute flow", &preview.import_flows), ("Export attribute flow", &preview.export_flows)] {
        let shown: Vec<&FlowView> = list.iter().filter(changed).collect();
        if !shown.is_empty() {
            text.push_str(&format!("\n{title}\n"));
            flows(&mut text, &shown, view);
        }
        let left = list.len() - shown.len();
        if left > 0 {
            let what = title.to_lowercase();
            text.push_str(&format!(
                "\n{} of {what} that change nothing are left out; --all shows them.\n",
                count(left as u64, "line")
            ));
        }
    }
    text
}

/// The rules with whether the object is in scope, and of those that it is not, the clause that fails.
pub fn scope(text: &mut String, rules: &[RuleScopeView], view: &View) {
    if rules.is_empty() {
        text.push_str("No rule is for objects of this type.\n");
        return;
    }
    let mut table =
        Table::new().numbers(["Precedence"]).texts(["Synchronization rule", "Link type", "In scope", "First clause that fails"]);
    for rule in rules {
        table.row([&rule.precedence.to_string(), &rule.rule, &rule.link_type, yes_no(rule.in_scope), rule.failing.as_str()]);
    }
    text.push_str(&table.render(view.width));
}

/// The join groups that were tried, with what they found.
pub fn joins(text: &mut String, groups: &[JoinGroupView], view: &View) {
    if groups.is_empty() {
        return;
    }
    text.push_str("\nJoin\n");
    let mut table = Table::new().texts(["Group of rule", "Condition", "Searched", "Result", "Candidates"]);
    for group in groups {
        let mut candidates: Vec<String> =
            group.candidates.iter().map(|found| format!("{} ({})", found.display_name, found.guid)).collect();
        let left = group.found.saturating_sub(candidates.len() as u64);
        if left > 0 {
            candidates.push(format!("and {left} more"));
        }
        for (place, condition) in group.conditions.iter().enumerate() {
            let first = place == 0;
            table.row([
                if first { group.rule.as_str() } else { "" },
                &condition.text,
                &condition.searched,
                if first { group.status.label() } else { "" },
                &if first { candidates.join(", ") } else { String::new() },
            ]);
        }
    }
    text.push_str(&table.render(view.width));
}

/// Values of the metaverse object that lose their contributor.
fn recalls(text: &mut String, recalls: &[RecallView], view: &View) {
    if recalls.is_empty() {
        return;
    }
    text.push_str("\nRecalled values\n");
    let mut table = Table::new().texts(["Attribute", "Value", "Was from rule", "Object", "Why", "Now from rule"]);
    for recall in recalls {
        let mut values: Vec<String> = recall.values.iter().take(3).map(|value| truncate(&safe(value), 40)).collect();
        let left = recall.count.saturating_sub(values.len() as u64);
        if left > 0 {
            values.push(format!("and {left} more"));
        }
        let successor = recall.successor.as_deref().unwrap_or("nobody");
        table.row([&recall.attribute, &values.join(", "), &recall.rule, &recall.dn, &recall.reason, successor]);
    }
    text.push_str(&table.render(view.width));
}

/// The outbound rules of a target with whether the identity is in scope, and what was decided.
fn target(text: &mut String, target: &TargetPreview, view: &View) {
    text.push_str(&format!("\nTarget {}: {}\n", safe(&target.connector), safe(&target.text)));
    if !target.scope.is_empty() {
        scope(text, &target.scope, view);
    }
    for object in &target.objects {
        let name = match &object.new_dn {
            Some(new) => format!("{} -> {}", safe(&object.dn), safe(new)),
            None => safe(&object.dn),
        };
        text.push_str(&format!("  {}: {name} ({})\n", action(object.action), safe(&object.object_type)));
    }
    if let Some(error) = &target.error {
        text.push_str(&format!("  {}: {}\n", safe(error.code.as_str()), safe(&error.message)));
    }
}

/// What happens to an object of a target.
fn action(action: TargetAction) -> &'static str {
    match action {
        TargetAction::Provision => "Made",
        TargetAction::Join => "Joined",
        TargetAction::Flow => "Attributes flow",
        TargetAction::Retype => "Deleted and made anew",
        TargetAction::Withdraw => "Nothing flows any more",
        TargetAction::Disconnect => "Disconnected",
        TargetAction::DisconnectExplicitly => "Disconnected for good",
        TargetAction::Deprovision => "Deleted",
    }
}

fn changes(text: &mut String, preview: &PreviewView) {
    if preview.error.is_some() {
        return;
    }
    if preview.changes.is_empty() {
        text.push_str("\nNothing would change.\n");
        return;
    }
    for change in &preview.changes {
        let place = place(preview, change);
        text.push_str(&format!("\n{}: {}\n", safe(&place), whatif::kind_title(change.kind, change.space.is_empty())));
        whatif::object(text, change);
    }
}

/// Where a change happens.
fn place(preview: &PreviewView, change: &ObjectChange) -> String {
    if change.space.is_empty() {
        return "Metaverse".to_string();
    }
    if change.guid == preview.guid {
        return preview.connector.clone();
    }
    let is_there = |target: &&TargetPreview| target.objects.iter().any(|object| object.guid == change.guid);
    let target = preview.targets.iter().find(is_there);
    target.map_or_else(|| "Another connector".to_string(), |target| target.connector.clone())
}

/// Flows with what became of them, by attribute, then precedence.
pub fn flows(text: &mut String, flows: &[&FlowView], view: &View) {
    let mut table = Table::new().texts(["Attribute"]).numbers(["Precedence"]).texts([
        "Synchronization rule",
        "Source",
        "Status",
        "Gives",
        "Why",
    ]);
    let mut last = "";
    for flow in flows {
        let name = if flow.attribute == last { "" } else { flow.attribute.as_str() };
        last = &flow.attribute;
        table.row([
            name,
            &flow.precedence.to_string(),
            &flow.rule,
            &truncate(&safe(&flow.source), 50),
            flow.status.label(),
            &gives(flow),
            &flow.reason,
        ]);
    }
    text.push_str(&table.render(view.width));
}

/// The values that a flow gives, in short.
#[must_use]
pub fn gives(flow: &FlowView) -> String {
    let mut values: Vec<String> = flow.values.iter().take(3).map(|value| truncate(&safe(value), 40)).collect();
    let left = flow.count.saturating_sub(values.len() as u64);
    if left > 0 {
        values.push(format!("and {left} more"));
    }
    match flow.status {
        FlowStatus::NoValue => "NULL".to_string(),
        _ => values.join(", "),
    }
}
