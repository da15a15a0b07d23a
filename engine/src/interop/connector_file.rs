//! One connector as a file of its own (`ui.md` 4.3): written, taken as a new connector, laid over one that is there.

use std::collections::BTreeSet;
use std::path::Path;

use super::connector::{ServerConnector, ServerConnectorKind};
use super::convert_connector;
use super::error::{Finding, InteropError};
use super::export::original_connector;
use super::export_connector::{self, Source};
use super::folder::{ServerConfiguration, read};
use super::import::{ImportOptions, InteropContext, take};
use super::report::ImportReport;
use crate::model::{ConnectorId, fold_text};
use crate::setup::{ALWAYS, ConnectorChange, PartitionChoice, ProfileChange, TENANT_KIND, rules_by_attribute};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord, ProfileRecord, ProfileStep};
use crate::store::{StoreError, attributes, schema};
use crate::{rules, sync};

/// What a file changes of a connector.
#[derive(Clone, Debug)]
pub struct ConnectorUpdate {
    /// What it says is different, in the order of the properties.
    pub differences: Vec<UpdateDifference>,
    /// The change that makes it so.
    pub change: ConnectorChange,
}

/// Something that a file says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateDifference {
    /// What is concerned, such as `Attribute`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub kind: UpdateKind,
    /// Before and after, where that says more.
    pub detail: String,
}

/// What becomes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateKind {
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// It is another.
    Changed,
}

/// A connector as a server writes it: identity, schema, selected attributes, partitions with their filters, run
/// profiles; no secret and no state of delta imports.
///
/// # Errors
/// [`InteropError`] when the connector is not there or the database cannot be read.
pub fn export_connector(context: &InteropContext<'_>, id: ConnectorId) -> Result<String, InteropError> {
    let reader = context.database.reader()?;
    let record = connector(&configuration::connectors(&reader)?, id)?;
    let original = original_connector(&reader, record.guid)?;
    let source = Source {
        record: &record,
        partitions: &configuration::partitions(&reader, id)?,
        profiles: &configuration::profiles(&reader, id)?,
        original: original.as_ref(),
        now: context.now,
    };
    Ok(export_connector::write(&source).render())
}

/// Makes a connector of a file that holds one. It has no credential yet.
///
/// # Errors
/// [`InteropError`] when the file holds something else, or a connector has its name or identity; nothing is stored then.
pub fn import_connector(context: &InteropContext<'_>, path: &Path, dry_run: bool) -> Result<ImportReport, InteropError> {
    let (configuration, server) = only(path)?;
    let present = configuration::connectors(&*context.database.reader()?)?;
    if let Some(known) = present.iter().find(|known| fold_text(&known.name) == fold_text(&server.name)) {
        return Err(InteropError::NameTaken(known.name.clone()));
    }
    if let Some(known) = present.iter().find(|known| known.guid == server.id) {
        return Err(InteropError::IdentityTaken { id: server.id, name: known.name.clone() });
    }
    take(context, &configuration, path, &ImportOptions { dry_run, ..ImportOptions::default() })
}

/// Says what a file would change of a connector.
///
/// # Errors
/// [`InteropError`] when the file holds something else, or a connector to another kind of directory.
pub fn connector_update(context: &InteropContext<'_>, id: ConnectorId, path: &Path) -> Result<ConnectorUpdate, InteropError> {
    let (_, server) = only(path)?;
    let reader = context.database.reader()?;
    let record = connector(&configuration::connectors(&reader)?, id)?;
    let is_tenant = server.kind() == ServerConnectorKind::Cloud;
    if is_tenant != (record.kind == TENANT_KIND) || server.kind() == ServerConnectorKind::Other {
        let message = format!("it holds a connector of another kind than \"{}\"; take a file of that connector", record.name);
        return Err(refused(path, message));
    }
    let partitions = configuration::partitions(&reader, id)?;
    let profiles = configuration::profiles(&reader, id)?;
    let used = names_in_use(&reader, &record)?;
    drop(reader);
    let new = convert_connector::create(context, &server, &[], &mut Vec::new(), &mut Vec::new())?;
    let mut differences = Vec::new();
    let mut change = ConnectorChange::default();
    let mut told = |what, name: &str, kind, detail: String| {
        differences.push(UpdateDifference { what, name: name.to_owned(), kind, detail });
    };
    if new.record.name != record.name {
        told("Name", &new.record.name, UpdateKind::Changed, format!("before: {}", record.name));
        change.name = Some(new.record.name.clone());
    }
    if new.record.description.trim() != record.description.trim() {
        told("Description", new.record.description.trim(), UpdateKind::Changed, format!("before: {}", record.description));
        change.description = Some(new.record.description.clone());
    }
    let types = known(&new.record.object_types, |name| record.schema.type_name(name).map(str::to_owned));
    if compare("Object type", &record.object_types, &types, &mut told) {
        change.object_types = Some(types);
    }
    let mut wanted = known(&server.attributes, |name| record.schema.attribute(name).map(|found| found.name.clone()));
    let present: Vec<String> = match record.attributes.as_slice() {
        [] => record.schema.attributes().map(|definition| definition.name.clone()).collect(),
        some => some.to_vec(),
    };
    // What rules need stays, whatever the file says.
    let needed = present.iter().filter(|name| used.contains(&fold_text(name)));
    let missing: Vec<String> =
        needed.filter(|name| !wanted.iter().any(|known| fold_text(known) == fold_text(name))).cloned().collect();
    wanted.extend(missing);
    if compare("Attribute", &present, &wanted, &mut told) {
        change.attributes = Some(wanted);
    }
    change.partitions = partition_choices(&partitions, &new.partitions, &mut told);
    change.profiles = profile_changes(&partitions, &change.partitions, &profiles, &new.profiles, &mut told);
    let action = server.deprovisioning.unwrap_or_default();
    if action != record.deprovisioning {
        told("Deprovisioning", action.word(), UpdateKind::Changed, format!("before: {}", record.deprovisioning.word()));
        change.deprovisioning = Some(action);
    }
    Ok(ConnectorUpdate { differences, change })
}

type Tell<'a> = &'a mut dyn FnMut(&'static str, &str, UpdateKind, String);

fn connector(present: &[ConnectorRecord], id: ConnectorId) -> Result<ConnectorRecord, InteropError> {
    let found = present.iter().find(|record| record.id == id).cloned();
    found.ok_or_else(|| InteropError::UnknownTarget {
        name: format!("number {id}"),
        known: present.iter().map(|record| record.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

fn refused(path: &Path, message: String) -> InteropError {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    InteropError::Refused(vec![Finding { file, element: String::new(), message }])
}

/// The one connector of a file.
fn only(path: &Path) -> Result<(ServerConfiguration, ServerConnector), InteropError> {
    if path.is_dir() {
        let message = "it is a folder; a connector is one file, and a folder is for Import Server Configuration".to_owned();
        return Err(refused(path, message));
    }
    let configuration = read(path)?;
    match (configuration.connectors.as_slice(), configuration.rules.is_empty() && configuration.metaverse.is_none()) {
        ([only], true) => {
            let only = only.clone();
            Ok((configuration, only))
        }
        _ => Err(refused(path, "it holds no connector; name a file that Export Connector wrote".to_owned())),
    }
}

/// The attributes of a connector that rules or lists need.
fn names_in_use(reader: &rusqlite::Connection, record: &ConnectorRecord) -> Result<BTreeSet<String>, StoreError> {
    let stored = configuration::rules(reader)?;
    let mut table = attributes::load(reader)?;
    let (plan, _) = rules::compile(&stored, sync::plan_inputs(reader)?, &schema::metaverse(reader)?, &mut table);
    let used = rules_by_attribute(&plan, record.id).into_keys().map(|attribute| fold_text(plan.name(attribute)));
    Ok(used.chain(ALWAYS.iter().map(|name| fold_text(name))).collect())
}

fn known(names: &[String], spelled: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let found: BTreeSet<String> = names.iter().filter_map(|name| spelled(name)).collect();
    found.into_iter().collect()
}

/// Tells what comes and goes of a selection; true when something does.
fn compare(what: &'static str, before: &[String], after: &[String], told: Tell<'_>) -> bool {
    let has = |names: &[String], name: &str| names.iter().any(|known| fold_text(known) == fold_text(name));
    let come: Vec<&String> = after.iter().filter(|name| !has(before, name)).collect();
    let go: Vec<&String> = before.iter().filter(|name| !has(after, name)).collect();
    for name in &come {
        told(what, name, UpdateKind::Added, String::new());
    }
    for name in &go {
        told(what, name, UpdateKind::Removed, String::new());
    }
    !come.is_empty() || !go.is_empty()
}

/// What the file says of the partitions that are there.
fn partition_choices(present: &[PartitionRecord], file: &[PartitionRecord], told: Tell<'_>) -> Vec<PartitionChoice> {
    let mut choices = Vec::new();
    for record in present {
        let Some(new) = file.iter().find(|new| fold_text(&new.name) == fold_text(&record.name)) else { continue };
        let mut new = new.clone();
        // The naming context alone is everything, which is said by nothing here.
        if new.include.iter().all(|name| fold_text(name) == fold_text(&record.name)) {
            new.include.clear();
        }
        let filter = |record: &PartitionRecord| {
            let part = |word: &str, names: &[String]| names.iter().map(|name| format!("{word} {name}")).collect::<Vec<_>>();
            let parts = [part("with", &record.include), part("without", &record.exclude)].concat();
            if parts.is_empty() { "everything".to_owned() } else { parts.join(", ") }
        };
        if new.selected != record.selected {
            let kind = if new.selected { UpdateKind::Added } else { UpdateKind::Removed };
            told("Partition", &record.name, kind, String::new());
        }
        if filter(&new) != filter(record) {
            told("Containers", &record.name, UpdateKind::Changed, format!("{}; before: {}", filter(&new), filter(record)));
        }
        if new.selected != record.selected || filter(&new) != filter(record) {
            choices.push(PartitionChoice {
                name: record.name.clone(),
                selected: new.selected,
                include: new.include.clone(),
                exclude: new.exclude.clone(),
            });
        }
    }
    choices
}

/// The run profiles of the file, as far as their partitions are read here; none when they say the same.
fn profile_changes(
    partitions: &[PartitionRecord],
    choices: &[PartitionChoice],
    present: &[ProfileRecord],
    file: &[ProfileRecord],
    told: Tell<'_>,
) -> Option<Vec<ProfileChange>> {
    let selected = |name: &str| {
        let choice = choices.iter().find(|choice| fold_text(&choice.name) == fold_text(name)).map(|choice| choice.selected);
        let record = partitions.iter().find(|record| fold_text(&record.name) == fold_text(name));
        record.is_some_and(|record| choice.unwrap_or(record.selected))
    };
    let steps = |steps: &[ProfileStep]| steps.iter().filter(|step| selected(&step.partition)).cloned().collect::<Vec<_>>();
    let same = |a: &str, b: &str| fold_text(a) == fold_text(b);
    let mut changed = false;
    let mut changes = Vec::new();
    for new in file {
        let old = present.iter().find(|old| same(&old.name, &new.name));
        let steps = steps(&new.steps);
        match old {
            None => told("Run profile", &new.name, UpdateKind::Added, String::new()),
            Some(old) if old.steps != steps => told("Run profile", &new.name, UpdateKind::Changed, "other steps".to_owned()),
            Some(_) => {}
        }
        changed |= old.is_none_or(|old| old.steps != steps);
        changes.push(ProfileChange { replaces: old.map(|old| old.name.clone()), name: new.name.clone(), steps });
    }
    for old in present.iter().filter(|old| !file.iter().any(|new| same(&old.name, &new.name))) {
        told("Run profile", &old.name, UpdateKind::Removed, String::new());
        changed = true;
    }
    changed.then_some(changes)
}
