//! A directory in memory with scripted faults (`engine.md` 12.1): what tests, samples and trials use in
//! place of a server.
//!
//! A [`MemoryDirectory`] is a handle that is shared by the connectors opened on it, so that a test can
//! change the directory between runs and look at what was sent.

mod directory;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Anchor, CancelToken, Capabilities, Connector, ConnectorError, ConnectorErrorKind, ContainerFilter, DirectoryPartition,
    DiscoveryError, EntryAttributes, EntryValue, ExportAttributeChange, ExportChange, ExportOutcome, ExportResult, ExportValue,
    ImportItem, ImportMode, ImportRequest, ImportSummary,
};
use crate::model::{Dn, ErrorCode, ObjectError, Schema, fold_text};
use directory::Directory;

pub use directory::{DeltaContent, MemoryEntry};

/// Something that goes wrong, once or for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The import breaks off after so many objects.
    BreakImport {
        /// Objects handed over before.
        after: usize,
        /// How it fails.
        kind: ConnectorErrorKind,
    },
    /// Watermarks are forgotten: a delta import cannot begin.
    ForgetWatermarks,
    /// Somebody asks for a stop after so many objects.
    StopImport {
        /// Objects handed over before.
        after: usize,
    },
    /// The entry with this anchor cannot be read.
    BadEntry(Vec<u8>),
    /// A full import finds nothing, as under a wrong search base.
    NoObjects,
    /// Changes of the object of this name are refused.
    Refuse {
        /// Name.
        dn: String,
        /// Code of the refusal.
        code: ErrorCode,
    },
    /// A value that another object has is refused.
    RefuseDuplicates {
        /// Attribute.
        attribute: String,
    },
    /// A batch is not accepted at all.
    RefuseBatch {
        /// Batches accepted before.
        after: usize,
        /// How it fails.
        kind: ConnectorErrorKind,
    },
    /// Changes fail for a passing reason.
    Passing {
        /// Batches accepted before.
        after: usize,
        /// Number of batches that fail; all when absent.
        times: Option<usize>,
    },
    /// A batch is carried out but its answer is lost.
    LoseAnswer {
        /// Batches accepted before.
        after: usize,
    },
    /// The directory writes another value than it was told.
    Alter {
        /// Attribute.
        attribute: String,
        /// The value written.
        value: String,
    },
    /// Somebody asks for a stop after so many batches.
    StopExport {
        /// Batches accepted before.
        after: usize,
    },
    /// Values of the attribute are accepted with a warning.
    Quarantine {
        /// Attribute.
        attribute: String,
    },
    /// Using the directory ends the reading thread.
    Crash,
}

#[derive(Clone, Debug)]
struct State {
    directory: Directory,
    schema: Schema,
    capabilities: Capabilities,
    partition: String,
    delta_content: DeltaContent,
    faults: Vec<Fault>,
    sent: Vec<Vec<ExportChange>>,
}

/// A directory in memory; clones share it.
#[derive(Clone, Debug)]
pub struct MemoryDirectory(Arc<Mutex<State>>);

impl MemoryDirectory {
    /// An empty directory of one partition that can do everything.
    #[must_use]
    pub fn new(schema: Schema, partition: &str) -> Self {
        let capabilities = Capabilities {
            delta_import: true,
            export: true,
            rename: true,
            value_level_updates: true,
            deletion_threshold: false,
            immediate_confirmation: false,
            drops_references: false,
        };
        Self(Arc::new(Mutex::new(State {
            directory: Directory::default(),
            schema,
            capabilities,
            partition: partition.to_owned(),
            delta_content: DeltaContent::Objects,
            faults: Vec::new(),
            sent: Vec::new(),
        })))
    }

    /// A directory of its own with the same content, journal and faults.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.state().clone())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what the directory can do.
    pub fn set_capabilities(&self, change: impl FnOnce(&mut Capabilities)) {
        change(&mut self.state().capabilities);
    }

    /// Sets how much deltas tell of a changed object.
    pub fn set_delta_content(&self, content: DeltaContent) {
        self.state().delta_content = content;
    }

    /// Adds an object, or replaces the one with this anchor.
    pub fn put(&self, entry: MemoryEntry) {
        self.state().directory.put(entry);
    }

    /// Removes an object.
    pub fn remove(&self, anchor: &[u8]) {
        let mut state = self.state();
        let silent = state.capabilities.drops_references;
        state.directory.remove(anchor, silent);
    }

    /// Removes an object; no delta import will tell of it.
    pub fn lose(&self, anchor: &[u8]) {
        self.state().directory.lose(anchor);
    }

    /// Gives an object another type under the same identity.
    pub fn retype(&self, anchor: &[u8], object_type: &str) {
        self.state().directory.retype(anchor, object_type);
    }

    /// Gives an object another name; names of objects below it and references follow.
    pub fn rename(&self, anchor: &[u8], dn: &str) {
        self.state().directory.rename(anchor, dn);
    }

    /// Sets an attribute; no values remove it.
    pub fn set(&self, anchor: &[u8], attribute: &str, values: Vec<EntryValue>) {
        self.state().directory.set(anchor, attribute, values);
    }

    /// The objects in order of their anchors.
    #[must_use]
    pub fn entries(&self) -> Vec<MemoryEntry> {
        self.state().directory.entries().cloned().collect()
    }

    /// The object of a name.
    #[must_use]
    pub fn entry(&self, dn: &str) -> Option<MemoryEntry> {
        self.state().directory.by_name(dn).cloned()
    }

    /// The object of an anchor.
    #[must_use]
    pub fn entry_of(&self, anchor: &[u8]) -> Option<MemoryEntry> {
        self.state().directory.by_anchor(anchor).cloned()
    }

    /// The name of the object of an anchor.
    #[must_use]
    pub fn name_of(&self, anchor: &[u8]) -> Option<String> {
        self.state().directory.by_anchor(anchor).map(|entry| entry.dn.clone())
    }

    /// Scripts a fault.
    pub fn inject(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// The batches sent since the last call, and forgets them.
    #[must_use]
    pub fn take_sent(&self) -> Vec<Vec<ExportChange>> {
        std::mem::take(&mut self.state().sent)
    }

    /// A connection to the directory.
    #[must_use]
    pub fn connect(&self) -> MemoryConnector {
        MemoryConnector(self.clone())
    }
}

/// A connection to a directory in memory.
#[derive(Clone, Debug)]
pub struct MemoryConnector(MemoryDirectory);

const SERVER: &str = "memory";
/// Objects read at a time.
const PAGE: usize = 500;

fn failure(kind: ConnectorErrorKind) -> ConnectorError {
    ConnectorError::new(kind, "a scripted fault of the directory in memory").server(SERVER)
}

impl Connector for MemoryConnector {
    fn capabilities(&self) -> Capabilities {
        self.0.state().capabilities
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        Ok(self.0.state().schema.clone())
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        Ok(vec![DirectoryPartition {
            name: self.0.state().partition.clone(),
            dns_name: None,
            netbios_name: None,
            forest_dns_name: None,
            forest_netbios_name: None,
            directory_id: None,
            domain: true,
        }])
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        let chosen = !request.include.is_empty() || !request.exclude.is_empty();
        let containers = chosen.then(|| ContainerFilter::new(&request.include, &request.exclude));
        let (anchors, changes, faults, watermark) = {
            let state = self.0.state();
            if !state.partition.eq_ignore_ascii_case(&request.partition) {
                return Err(failure(ConnectorErrorKind::PartitionMissing));
            }
            let (mut anchors, mut changes) = (Vec::new(), Vec::new());
            match &request.mode {
                ImportMode::Full if state.faults.contains(&Fault::NoObjects) => {}
                ImportMode::Full => anchors.extend(state.directory.entries().map(|entry| entry.anchor.clone())),
                ImportMode::Delta(watermark) => {
                    let since = <[u8; 8]>::try_from(watermark.0.as_slice()).ok().map(u64::from_le_bytes);
                    let since = since.filter(|_| !state.faults.contains(&Fault::ForgetWatermarks));
                    let since = since.ok_or_else(|| failure(ConnectorErrorKind::NoWatermark))?;
                    changes = state.directory.changes_since(since, state.delta_content);
                }
            }
            (anchors, changes, state.faults.clone(), state.directory.now())
        };
        // Page by page, as a real directory does.
        let entries = anchors.chunks(PAGE).flat_map(|page| {
            let state = self.0.state();
            let entries = page.iter().filter_map(|anchor| state.directory.by_anchor(anchor));
            entries.map(|entry| ImportItem::Entry(entry.to_import())).collect::<Vec<_>>()
        });
        for (done, item) in changes.into_iter().chain(entries).enumerate() {
            for fault in &faults {
                match fault {
                    Fault::BreakImport { after, kind } if *after == done => return Err(failure(*kind)),
                    Fault::StopImport { after } if *after == done => request.cancel.cancel(),
                    #[expect(clippy::panic, reason = "the fault that is asked for")]
                    Fault::Crash => panic!("scripted crash of the directory in memory"),
                    _ => {}
                }
            }
            let item = sort_out(spoil(item, &faults), containers.as_ref());
            if request.cancel.is_cancelled() || !sink(item) {
                return Err(failure(ConnectorErrorKind::Cancelled));
            }
        }
        let watermark = self.0.state().capabilities.delta_import.then(|| watermark.to_le_bytes().to_vec());
        Ok(ImportSummary { watermark, server: Some(SERVER.to_owned()), warnings: Vec::new(), present: None })
    }

    fn objects(
        &mut self,
        request: &ImportRequest,
        anchors: &[Anchor],
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        let chosen = !request.include.is_empty() || !request.exclude.is_empty();
        let containers = chosen.then(|| ContainerFilter::new(&request.include, &request.exclude));
        for anchor in anchors {
            let (entry, faults) = {
                let state = self.0.state();
                (state.directory.by_anchor(&anchor.0).map(MemoryEntry::to_import), state.faults.clone())
            };
            let item = entry.map_or_else(|| ImportItem::Deleted { anchor: anchor.clone(), dn: None }, ImportItem::Entry);
            if request.cancel.is_cancelled() || !sink(sort_out(spoil(item, &faults), containers.as_ref())) {
                return Err(failure(ConnectorErrorKind::Cancelled));
            }
        }
        Ok(())
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        let mut state = self.0.state();
        let batches = state.sent.len();
        let faults = state.faults.clone();
        state.sent.push(changes.to_vec());
        for fault in &faults {
            match fault {
                Fault::RefuseBatch { after, kind } if *after <= batches => return Err(failure(*kind)),
                Fault::Passing { after, times } if *after <= batches && times.is_none_or(|times| batches < after + times) => {
                    let error = ObjectError::new(ErrorCode::CD_CONNECTIVITY, "the directory in memory is busy");
                    return Ok(vec![ExportResult { outcome: ExportOutcome::Transient(error) }; changes.len()]);
                }
                Fault::StopExport { after } if *after <= batches => cancel.cancel(),
                _ => {}
            }
        }
        let (schema, silent) = (state.schema.clone(), state.capabilities.drops_references);
        let results = changes
            .iter()
            .map(|change| ExportResult { outcome: carry_out(&mut state.directory, change, &faults, &schema, silent) });
        let results = results.collect();
        let lost = faults.iter().any(|fault| matches!(fault, Fault::LoseAnswer { after } if *after == batches));
        if lost { Err(failure(ConnectorErrorKind::Dropped)) } else { Ok(results) }
    }
}

/// Lets no object outside of the containers pass.
fn sort_out(item: ImportItem, containers: Option<&ContainerFilter>) -> ImportItem {
    let Some(containers) = containers else { return item };
    match item {
        ImportItem::Entry(entry) if Dn::parse(&entry.dn).is_ok_and(|dn| !containers.selects(&dn)) => {
            ImportItem::Filtered { anchor: Some(entry.anchor), dn: entry.dn }
        }
        item => item,
    }
}

/// Makes an entry unreadable if that was scripted.
fn spoil(item: ImportItem, faults: &[Fault]) -> ImportItem {
    match item {
        ImportItem::Entry(entry) if faults.contains(&Fault::BadEntry(entry.anchor.0.clone())) => {
            let error = ObjectError::new(ErrorCode::PARSE_ERROR, "a scripted fault of the directory in memory");
            ImportItem::Bad(DiscoveryError { dn: Some(entry.dn), error })
        }
        item => item,
    }
}

fn carry_out(directory: &mut Directory, change: &ExportChange, faults: &[Fault], schema: &Schema, silent: bool) -> ExportOutcome {
    for fault in faults {
        if let Fault::Refuse { dn, code } = fault
            && dn.eq_ignore_ascii_case(&change.dn)
        {
            let message = format!("the directory in memory refuses changes of {dn}");
            return ExportOutcome::Refused(ObjectError::new(code.clone(), message));
        }
        if let Fault::RefuseDuplicates { attribute } = fault
            && let Some((value, holder)) = duplicate(directory, change, attribute)
        {
            let message = format!("{attribute} {value} is already used by {holder}");
            let code = ErrorCode::from_directory("AttributeValueMustBeUnique");
            return ExportOutcome::Refused(ObjectError::new(code, message).attribute(attribute).value(&value));
        }
    }
    let mut outcome = directory.carry_out(change, schema, silent);
    if let ExportOutcome::Success { anchor, warnings, .. } = &mut outcome {
        let anchor = anchor.clone().or_else(|| change.anchor.clone()).unwrap_or(Anchor(Vec::new()));
        for fault in faults {
            match fault {
                Fault::Alter { attribute, value } if change.attributes.contains_key(attribute) => {
                    directory.set(&anchor.0, attribute, vec![EntryValue::Text(value.clone())]);
                }
                Fault::Quarantine { attribute } if change.attributes.contains_key(attribute) => {
                    let code = ErrorCode::from_directory("AttributeValueMustBeUnique");
                    warnings.push(ObjectError::new(code, "the value is quarantined").attribute(attribute));
                }
                _ => {}
            }
        }
    }
    outcome
}

/// The first text that a change gives an attribute although another object has it, with that object.
fn duplicate(directory: &Directory, change: &ExportChange, attribute: &str) -> Option<(String, String)> {
    let (Some(ExportAttributeChange::Replace(values)) | Some(ExportAttributeChange::Values { adds: values, .. })) =
        change.attributes.get(attribute)
    else {
        return None;
    };
    values.iter().find_map(|value| {
        let ExportValue::Plain(EntryValue::Text(wanted)) = value else { return None };
        let has_it = |entry: &&MemoryEntry| {
            let same = |known: &EntryValue| matches!(known, EntryValue::Text(text) if fold_text(text) == fold_text(wanted));
            !entry.dn.eq_ignore_ascii_case(&change.dn)
                && entry.attributes.get(attribute).is_some_and(|values| values.iter().any(same))
        };
        directory.entries().find(has_it).map(|holder| (wanted.clone(), holder.dn.clone()))
    })
}

/// Text attributes, for short test data.
#[must_use]
pub fn texts(attributes: &[(&str, &str)]) -> EntryAttributes {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), vec![EntryValue::Text((*value).to_owned())])).collect()
}

#[cfg(test)]
mod tests;
