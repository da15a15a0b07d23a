//! The words that connectors and engine exchange.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::model::{Dn, ObjectError};

/// Asks a long call to end soon. Cloning shares the flag.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks for the end.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// True once the end was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What a connected directory can do (`engine.md` 5.6, 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Can tell changes since a watermark.
    pub delta_import: bool,
    /// Accepts changes.
    pub export: bool,
    /// Can change the name of an object.
    pub rename: bool,
    /// Can add and remove single values of multi-valued attributes.
    pub value_level_updates: bool,
    /// Deletions are counted against the deletion threshold.
    pub deletion_threshold: bool,
    /// What it accepted is as good as imported: no import has to show it.
    pub immediate_confirmation: bool,
    /// With an object go the references to it, and a delta import does not tell of the objects that had them.
    pub drops_references: bool,
}

/// A naming context as the directory tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryPartition {
    /// DN of the naming context; `default` for directories without.
    pub name: String,
    /// DNS name of the domain, when the partition is a domain.
    pub dns_name: Option<String>,
    /// NetBIOS name of the domain, when the partition is a domain.
    pub netbios_name: Option<String>,
    /// DNS name of the forest root.
    pub forest_dns_name: Option<String>,
    /// NetBIOS name of the forest root domain.
    pub forest_netbios_name: Option<String>,
    /// The directory's own identifier of the naming context.
    pub directory_id: Option<Uuid>,
    /// Selected by default when the connector is created.
    pub domain: bool,
}

/// Containers below a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Containers {
    /// Their names, in the directory's order.
    pub names: Vec<String>,
    /// All there are below, not only the next level.
    pub whole: bool,
}

/// The unchangeable identity of an object in its directory: `objectGUID`, `cloudAnchor`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Anchor(pub Vec<u8>);

/// Where the last import ended; opaque to all but the connector that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark(pub Vec<u8>);

/// Full or delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// Everything selected.
    Full,
    /// Changes since this watermark.
    Delta(Watermark),
}

/// What an import step asks for.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Full or delta.
    pub mode: ImportMode,
    /// Name of the partition.
    pub partition: String,
    /// Partitions that imports of their own read.
    pub elsewhere: Vec<String>,
    /// Object types wanted, in the schema's spelling.
    pub object_types: Vec<String>,
    /// Attributes wanted.
    pub attributes: Vec<String>,
    /// Containers to read under; empty means the whole partition.
    pub include: Vec<Dn>,
    /// Containers left out; the most specific of `include` and `exclude` wins.
    pub exclude: Vec<Dn>,
    /// Objects asked for at a time.
    pub page_size: u32,
    /// Seconds to wait for one answer.
    pub timeout_secs: u32,
    /// The schema that was stored when the connector was last refreshed.
    pub schema: Arc<crate::model::Schema>,
    /// Asks the import to end.
    pub cancel: CancelToken,
}

/// A value as a directory gives it: references are still names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryValue {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Integer.
    Integer(i64),
    /// Boolean.
    Boolean(bool),
    /// The DN of another object.
    Reference(String),
}

/// Attribute values by name, in the directory's order of values.
pub type EntryAttributes = BTreeMap<String, Vec<EntryValue>>;

/// Values of a reference attribute that came and went, by name.
///
/// They say how the directory stands now: a value in `added` is there, one in `removed` is not, so the same change may
/// be told twice. No name is in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferenceChanges {
    /// DNs of objects that are referred to now.
    pub added: Vec<String>,
    /// DNs of objects that are not referred to any more.
    pub removed: Vec<String>,
}

/// One object of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportEntry {
    /// Its identity.
    pub anchor: Anchor,
    /// Its name.
    pub dn: String,
    /// Its type, in the schema's spelling.
    pub object_type: String,
    /// All its wanted attributes; in a partial delta only those that changed, a changed one without
    /// values being absent now.
    pub attributes: EntryAttributes,
    /// In a partial delta: reference attributes whose other values did not change. So one change of a group of any size
    /// is one value. An attribute is here or in `attributes`; a whole object has none here.
    pub changed_references: BTreeMap<String, ReferenceChanges>,
    /// True when `attributes` and `changed_references` hold only what changed.
    pub partial: bool,
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryError {
    /// DN as far as it is known.
    pub dn: Option<String>,
    /// What is wrong, with line number, attribute and value where they are known.
    pub error: ObjectError,
}

/// What an import hands over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportItem {
    /// An object.
    Entry(ImportEntry),
    /// An object that is gone (delta only).
    Deleted {
        /// Its identity.
        anchor: Anchor,
        /// Its last name, when the directory tells it.
        dn: Option<String>,
    },
    /// An object outside of what is read: the containers chosen, the partitions selected. If it was read before, it
    /// is gone.
    Filtered {
        /// Its identity, when it is known.
        anchor: Option<Anchor>,
        /// Its name.
        dn: String,
    },
    /// A record that could not be read; counts as a discovery error.
    Bad(DiscoveryError),
}

/// How an import ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ImportSummary {
    /// Where the next delta import begins; `None` when the directory cannot tell changes.
    pub watermark: Option<Vec<u8>>,
    /// The server that answered, such as `dc1.contoso.com:636`.
    pub server: Option<String>,
    /// Things an administrator should know although the import succeeded.
    pub warnings: Vec<String>,
    /// In a delta import, where the directory does not tell what is gone: everything that is there. What is not among
    /// it is gone.
    pub present: Option<PresentObjects>,
}

/// The identities of everything that is there.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PresentObjects {
    /// Each with its length before it, in two octets.
    octets: Vec<u8>,
}

impl PresentObjects {
    /// Adds an object. One with an identity that no connector space holds is left out.
    pub fn add(&mut self, anchor: &Anchor) {
        if let Ok(length) = u16::try_from(anchor.0.len()) {
            self.octets.extend(length.to_be_bytes());
            self.octets.extend(&anchor.0);
        }
    }

    /// True when nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The identities, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.octets.as_slice();
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (anchor, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            rest = after;
            Some(anchor)
        })
    }
}

/// The object that a reference points at, as far as the directory can know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReferenceTarget {
    /// The target's DN.
    pub dn: String,
    /// The target's anchor, once the directory has given one.
    pub anchor: Option<Anchor>,
}

/// A value on its way to a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportValue {
    /// A plain value.
    Plain(EntryValue),
    /// A reference.
    Reference(ReferenceTarget),
}

/// The change of one attribute on its way to a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportAttributeChange {
    /// The attribute gets exactly these values.
    Replace(Vec<ExportValue>),
    /// Values come and go.
    Values {
        /// Values that come.
        adds: Vec<ExportValue>,
        /// Values that go.
        deletes: Vec<ExportValue>,
    },
    /// The attribute goes.
    Delete,
}

/// What happens to the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportOperation {
    /// Create it.
    Add,
    /// Change it; with a new DN it is renamed or moved as well.
    Update {
        /// The new name.
        new_dn: Option<String>,
    },
    /// Delete it.
    Delete,
    /// Delete it and create it with the type in [`ExportChange::object_type`].
    DeleteAdd,
}

/// The pending export of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportChange {
    /// Its present DN.
    pub dn: String,
    /// Its type.
    pub object_type: String,
    /// Its anchor, once it has one.
    pub anchor: Option<Anchor>,
    /// What happens to it.
    pub operation: ExportOperation,
    /// The attributes that change, by name.
    pub attributes: BTreeMap<String, ExportAttributeChange>,
    /// Identifying attributes as the connector space knows them, whether they change or not
    /// (`sourceAnchor` for the tenant, and `cloudMastered` for who may write the object).
    pub identity: EntryAttributes,
    /// All values after the change of attributes that change by single values
    /// ([`ExportAttributeChange::Values`]), for attributes that the directory can only take whole.
    pub whole: BTreeMap<String, Vec<ExportValue>>,
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportOutcome {
    /// Made.
    Success {
        /// The anchor, when the directory gave one.
        anchor: Option<Anchor>,
        /// Reference attributes, with the DNs of targets that the directory did not know; they are
        /// tried again in the second pass.
        unresolved: Vec<String>,
        /// Things to show the administrator although the change was made (quarantined values).
        warnings: Vec<ObjectError>,
    },
    /// Refused; the change stays pending and is sent again by the next export.
    Refused(ObjectError),
    /// Not tried or lost for a passing reason; the run may send it again.
    Transient(ObjectError),
}

/// The answer to one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportResult {
    /// What became of it.
    pub outcome: ExportOutcome,
}

/// How many deletions a directory itself wants in one export at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeletionGuard {
    /// A number of objects.
    Count(u64),
    /// A share of the objects, in percent.
    Percent(u8),
}

/// Why a directory could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectorErrorKind {
    /// No connection could be made: `failed-connection`.
    Connection,
    /// The connection broke: `dropped-connection`.
    Dropped,
    /// The name or password was refused: `failed-authentication`.
    Credentials,
    /// The account lacks a right: `failed-permission`.
    Permission,
    /// The server's certificate cannot be trusted; counts as a failed connection.
    Certificate,
    /// A search failed: `failed-search`.
    Search,
    /// The watermark cannot be used; a full import is needed: `warning-no-watermark`.
    NoWatermark,
    /// The configuration of the connector is incomplete or wrong.
    Configuration,
    /// The partition is not in the directory.
    PartitionMissing,
    /// The file cannot be found.
    FileNotFound,
    /// The file cannot be opened.
    FileAccess,
    /// The directory refuses all exports (synchronization is switched off in the tenant).
    ExportDisabled,
    /// The directory answered something that makes no sense.
    Protocol,
    /// Ended because a stop was asked for.
    Cancelled,
}

impl ConnectorErrorKind {
    /// The `connection-result` string of the run history (`engine.md` 6.3).
    #[must_use]
    pub fn connection_result(self) -> &'static str {
        match self {
            Self::Connection | Self::Certificate | Self::Configuration | Self::FileNotFound | Self::FileAccess => {
                "failed-connection"
            }
            Self::Dropped | Self::Protocol | Self::Cancelled => "dropped-connection",
            Self::Credentials => "failed-authentication",
            Self::Permission | Self::ExportDisabled => "failed-permission",
            Self::Search | Self::PartitionMissing => "failed-search",
            Self::NoWatermark => "warning-no-watermark",
        }
    }
}

/// A failure that was over when the connector tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Server.
    pub server: String,
    /// When.
    pub date: Timestamp,
    /// What failed, and how long was waited.
    pub detail: String,
}

/// A directory could not be used. The message says what was tried, with what, and what to do.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ConnectorError {
    /// Class of the failure.
    pub kind: ConnectorErrorKind,
    /// Sentence for the administrator, without secrets.
    pub message: String,
    /// The server or file that was talked to.
    pub server: Option<String>,
    /// The cause underneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ConnectorError {
    /// A failure with a message.
    #[must_use]
    pub fn new(kind: ConnectorErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), server: None, source: None }
    }

    /// Names the server.
    #[must_use]
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn cause(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}
