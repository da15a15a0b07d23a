//! What an administrator asks a forest when an import does not do what was expected: is the object there, and what
//! exactly does the directory answer (`operations.md` 10: Search-ADSyncToolsADobject, Trace-ADSyncToolsADImport).

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::directory::{SetupContext, SetupError};
use super::forest::{forest, password};
use crate::connector::active_directory::{
    ActiveDirectoryConnector, ActiveDirectorySettings, FindQuery, FoundObject, Observer, TracedSearch, filter_of_identity,
};
use crate::connector::{
    CancelToken, Connector as _, ConnectorError, ConnectorErrorKind, DirectoryPartition, ImportItem, ImportMode, ImportSummary,
    Watermark,
};
use crate::import;
use crate::model::{ConnectorId, Dn};
use crate::run::default_step;
use crate::store::configuration::{self, PartitionRecord, StepType};

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What is known of an object: DN, GUID, security identifier, immutable ID, a name.
    Identity(String),
    /// An LDAP filter.
    Filter(String),
}

/// How objects are looked for in a forest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindOptions {
    /// What is looked for.
    pub wanted: Wanted,
    /// A container to look below; every domain when absent.
    pub below: Option<String>,
    /// Attributes to tell; all when empty.
    pub attributes: Vec<String>,
    /// Deleted objects too.
    pub deleted: bool,
    /// Objects to tell at most.
    pub limit: usize,
}

/// Objects that were found, and what could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// In the order of partitions and of the directory.
    pub objects: Vec<FoundObject>,
    /// Domains that could not be asked.
    pub warnings: Vec<String>,
}

/// Looks for objects in all domains of a forest, imported or not.
///
/// # Errors
/// [`SetupError`] when the connector is no forest, or no domain can be asked.
pub fn find_objects(context: &SetupContext<'_>, id: ConnectorId, options: &FindOptions) -> Result<Found, SetupError> {
    let (record, settings) = forest(context, id)?;
    let filter = match &options.wanted {
        Wanted::Identity(identity) => filter_of_identity(identity),
        Wanted::Filter(filter) => filter.clone(),
    };
    let below = options.below.as_deref().map(name).transpose()?;
    let mut connector = ActiveDirectoryConnector::open(settings, password(context, &record)?)?;
    let (mut found, mut failed) = (Found { objects: Vec::new(), warnings: Vec::new() }, None);
    for partition in domains(partitions(context, id)?, below.as_ref()) {
        let query = FindQuery {
            partition: partition.name.clone(),
            below: options.below.clone(),
            filter: filter.clone(),
            attributes: options.attributes.clone(),
            deleted: options.deleted,
            limit: options.limit.saturating_sub(found.objects.len()),
        };
        match connector.find(&query) {
            Ok(objects) => found.objects.extend(objects),
            Err(error) => {
                found.warnings.push(format!("{} could not be asked: {error}", partition.name));
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if found.objects.is_empty() => Err(error.into()),
        _ => Ok(found),
    }
}

/// Where a traced import begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceFrom {
    /// Everything, as a full import reads it.
    Beginning,
    /// Where the next delta import begins.
    Stored,
    /// A watermark that an earlier trace told.
    Watermark(Vec<u8>),
}

/// What is traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceOptions {
    /// The partition; the only selected one when absent.
    pub partition: Option<String>,
    /// A container to read instead of those that are selected.
    pub below: Option<String>,
    /// A domain controller to ask instead of those of the connector.
    pub server: Option<String>,
    /// Where it begins.
    pub from: TraceFrom,
}

/// What a traced import asked and got. Nothing of it was staged.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceReport {
    /// Partition that was read.
    pub partition: String,
    /// True when everything was asked for.
    pub full: bool,
    /// Searches in the order in which they were sent, the pages of one together.
    pub searches: Vec<TracedSearch>,
    /// Objects handed over.
    pub objects: u64,
    /// Deletions handed over.
    pub deletions: u64,
    /// Objects outside of what is read.
    pub filtered: u64,
    /// Objects that could not be read.
    pub unreadable: u64,
    /// What an import would warn of.
    pub warnings: Vec<String>,
    /// Where the next trace can go on.
    #[serde(skip)]
    pub watermark: Option<Vec<u8>>,
    /// What ended it, when something did.
    #[serde(skip)]
    pub error: Option<ConnectorError>,
}

/// Asks a forest what an import would ask and tells every search and every object, staging nothing. `sink` gets a JSON
/// record for each, searches as they end; answering `false` it ends the trace.
///
/// # Errors
/// [`SetupError`] when the connector is no forest, the options do not fit it, or it cannot be reached.
pub fn trace_import(
    context: &SetupContext<'_>,
    id: ConnectorId,
    options: &TraceOptions,
    sink: &mut dyn FnMut(&str) -> bool,
) -> Result<TraceReport, SetupError> {
    let (record, mut settings) = forest(context, id)?;
    if let Some(server) = &options.server {
        settings = ActiveDirectorySettings { servers: vec![server.clone()], only_servers: true, address: None, ..settings };
    }
    let mut partition = partition(context, id, options.partition.as_deref())?;
    if let Some(below) = &options.below {
        (partition.include, partition.exclude) = (vec![below.clone()], Vec::new());
    }
    let mode = match (&options.from, &partition.watermark) {
        (TraceFrom::Beginning, _) => ImportMode::Full,
        (TraceFrom::Watermark(watermark), _) | (TraceFrom::Stored, Some(watermark)) => {
            ImportMode::Delta(Watermark(watermark.clone()))
        }
        (TraceFrom::Stored, None) => {
            return Err(wrong(format!(
                "partition {} has no watermark yet: trace a full import, or run Full Import first",
                partition.name
            )));
        }
    };
    let full = mode == ImportMode::Full;
    let step = default_step(if full { StepType::FullImport } else { StepType::DeltaImport }, &partition.name);
    let request = import::request(context.database, &record, &partition, &step, mode, CancelToken::default()).map_err(wrong)?;

    let searches: Arc<Mutex<Vec<TracedSearch>>> = Arc::default();
    let told = Arc::clone(&searches);
    let observer = Observer::new(move |search| told.lock().unwrap_or_else(PoisonError::into_inner).push(search));
    let mut report = TraceReport {
        partition: partition.name.clone(),
        full,
        searches: Vec::new(),
        objects: 0,
        deletions: 0,
        filtered: 0,
        unreadable: 0,
        warnings: Vec::new(),
        watermark: None,
        error: None,
    };
    let mut connector = ActiveDirectoryConnector::open(settings, password(context, &record)?)?;
    connector.observe(observer);
    let mut unwritable = None;
    let read = connector.import(&request, &mut |item| {
        match &item {
            ImportItem::Entry(_) => report.objects += 1,
            ImportItem::Deleted { .. } => report.deletions += 1,
            ImportItem::Filtered { .. } => report.filtered += 1,
            ImportItem::Bad(_) => report.unreadable += 1,
        }
        let more = tell_searches(&searches, &mut report.searches, sink);
        match import::record(item) {
            Ok(record) => more && sink(&record),
            Err(error) => {
                unwritable = Some(error);
                false
            }
        }
    });
    tell_searches(&searches, &mut report.searches, sink);
    if let Some(source) = unwritable {
        return Err(SetupError::Settings { name: record.name, source });
    }
    match read {
        Ok(ImportSummary { watermark, warnings, .. }) => (report.watermark, report.warnings) = (watermark, warnings),
        Err(error) => report.error = Some(error),
    }
    Ok(report)
}

/// Hands over the searches that ended since.
fn tell_searches(ended: &Mutex<Vec<TracedSearch>>, searches: &mut Vec<TracedSearch>, sink: &mut dyn FnMut(&str) -> bool) -> bool {
    #[derive(Serialize)]
    struct Record<'a> {
        record: &'static str,
        #[serde(flatten)]
        search: &'a TracedSearch,
    }

    let ended = std::mem::take(&mut *ended.lock().unwrap_or_else(PoisonError::into_inner));
    let mut more = true;
    for search in ended {
        if let Ok(record) = serde_json::to_string(&Record { record: "search", search: &search }) {
            more = more && sink(&record);
        }
        match searches.last_mut().filter(|last| last.goes_on_with(&search)) {
            Some(last) => last.add(&search),
            None => searches.push(search),
        }
    }
    more
}

fn partitions(context: &SetupContext<'_>, id: ConnectorId) -> Result<Vec<PartitionRecord>, SetupError> {
    Ok(configuration::partitions(&*context.database.reader()?, id)?)
}

/// The partition of this name, or the only one that is read.
fn partition(context: &SetupContext<'_>, id: ConnectorId, name: Option<&str>) -> Result<PartitionRecord, SetupError> {
    let mut all = partitions(context, id)?;
    let names = |all: &[PartitionRecord]| all.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join("; ");
    match name {
        Some(name) => {
            let known = names(&all);
            all.retain(|one| one.name.eq_ignore_ascii_case(name));
            all.pop().ok_or_else(|| wrong(format!("there is no partition {name}; there are: {known}")))
        }
        None => {
            all.retain(|one| one.selected);
            let known = names(&all);
            match (all.pop(), all.is_empty()) {
                (Some(only), true) => Ok(only),
                _ => Err(wrong(format!("name the partition to read, one of: {known}"))),
            }
        }
    }
}

/// The domains to ask: the one that a place lies in, or all.
fn domains(partitions: Vec<PartitionRecord>, below: Option<&Dn>) -> Vec<PartitionRecord> {
    let Some(below) = below else {
        let domain = |partition: &PartitionRecord| {
            serde_json::from_str(&partition.detail).is_ok_and(|told: DirectoryPartition| told.domain)
        };
        return partitions.into_iter().filter(|partition| partition.selected || domain(partition)).collect();
    };
    let depth = |partition: &PartitionRecord| {
        Dn::parse(&partition.name).ok().filter(|name| below.is_under(name)).map(|name| name.depth())
    };
    partitions.into_iter().filter(|partition| depth(partition).is_some()).max_by_key(depth).into_iter().collect()
}

fn name(text: &str) -> Result<Dn, SetupError> {
    Dn::parse(text).map_err(|error| wrong(format!("{text} is not a distinguished name: {error}")))
}

fn wrong(message: String) -> SetupError {
    SetupError::Connector(ConnectorError::new(ConnectorErrorKind::Configuration, message))
}
