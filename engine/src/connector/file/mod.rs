//! The file connector: a directory's objects from an LDIF file.
//!
//! It reads whole files only: there is no delta import and no export. The file is read line by line
//! and never held in memory.

mod entry;
mod ldif;
mod partition;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::entry::{ANCHOR, EntryReader};
use self::ldif::{LdifReader, LdifRecord};
use self::partition::{DomainList, domain_key};
use super::{
    CancelToken, Capabilities, Connector, ConnectorError, ConnectorErrorKind, Containers, DirectoryPartition, ExportChange,
    ExportResult, ImportItem, ImportMode, ImportRequest, ImportSummary,
};
use crate::model::{Dn, Schema};
use crate::rules::active_directory_schema;

/// Bytes read from the file at a time.
const READ_SIZE: usize = 1 << 18;

/// The schema that the objects of a file follow; a file has none of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSchema {
    /// Active Directory with the Exchange and Lync extensions.
    #[default]
    ActiveDirectory,
}

/// Where the objects are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSettings {
    /// The LDIF file.
    pub path: PathBuf,
    /// The schema of its objects.
    #[serde(default)]
    pub schema: FileSchema,
}

/// A connected directory that is an LDIF file.
#[derive(Debug)]
pub struct FileConnector {
    settings: FileSettings,
    schema: Schema,
}

impl FileConnector {
    /// Opens the file once, to see that it is there.
    ///
    /// # Errors
    /// [`ConnectorError`] when the file cannot be found or opened.
    pub fn open(settings: FileSettings) -> Result<Self, ConnectorError> {
        let schema = match settings.schema {
            FileSchema::ActiveDirectory => active_directory_schema(),
        };
        let schema = schema.map_err(|error| {
            ConnectorError::new(ConnectorErrorKind::Configuration, "the built-in Active Directory schema cannot be read")
                .cause(error)
        })?;
        let connector = Self { settings, schema };
        connector.reader()?;
        Ok(connector)
    }

    fn reader(&self) -> Result<LdifReader<BufReader<File>>, ConnectorError> {
        let path = self.settings.path.display();
        // A pipe or a device may have no end.
        let opened = std::fs::metadata(&self.settings.path).and_then(|metadata| match metadata.is_file() {
            true => File::open(&self.settings.path),
            false => Err(std::io::Error::new(ErrorKind::InvalidInput, "it is not a file")),
        });
        match opened {
            Ok(file) => Ok(LdifReader::new(BufReader::with_capacity(READ_SIZE, file))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(self.error(ConnectorErrorKind::FileNotFound, format!("there is no file {path}")).cause(error))
            }
            Err(error) => {
                Err(self.error(ConnectorErrorKind::FileAccess, format!("file {path} cannot be opened: {error}")).cause(error))
            }
        }
    }

    /// Hands every record to `visit` until it answers with an error.
    fn for_each_record(
        &self,
        mut visit: impl FnMut(&LdifRecord<'_>) -> Result<(), ConnectorError>,
    ) -> Result<(), ConnectorError> {
        let mut reader = self.reader()?;
        loop {
            match reader.next_record() {
                Ok(Some(record)) => visit(&record)?,
                Ok(None) => return Ok(()),
                Err(error) => {
                    let message = format!("file {} cannot be read: {error}", self.settings.path.display());
                    return Err(self.error(ConnectorErrorKind::FileAccess, message).cause(error));
                }
            }
        }
    }

    fn error(&self, kind: ConnectorErrorKind, message: impl Into<String>) -> ConnectorError {
        ConnectorError::new(kind, message).server(self.settings.path.display().to_string())
    }
}

impl Connector for FileConnector {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            delta_import: false,
            export: false,
            rename: false,
            value_level_updates: false,
            deletion_threshold: false,
            immediate_confirmation: false,
            drops_references: false,
        }
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        Ok(self.schema.clone())
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        let mut domains = DomainList::default();
        self.for_each_record(|record| {
            if let Some(dn) = record.dn().ok().and_then(|text| Dn::parse(&text).ok()) {
                domains.note(&dn, || object_guid(record));
            }
            Ok(())
        })?;
        Ok(domains.partitions())
    }

    fn containers(&mut self, partition: &str, below: &str) -> Result<Containers, ConnectorError> {
        let wrong = |text: &str, error: &dyn std::fmt::Display| {
            self.error(ConnectorErrorKind::PartitionMissing, format!("\"{text}\": {error}"))
        };
        let root = Dn::parse(partition).map_err(|error| wrong(partition, &error))?;
        let below = Dn::parse(below).map_err(|error| wrong(below, &error))?;
        let mut names = Vec::new();
        self.for_each_record(|record| {
            if let Some(dn) = record.dn().ok().and_then(|text| Dn::parse(&text).ok())
                && dn.is_under(&below)
                && domain_key(&dn) == Some(root.key())
                && dn.key() != below.key()
                && is_container(record)
            {
                names.push(dn.to_string());
            }
            Ok(())
        })?;
        Ok(Containers { names, whole: true })
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        if request.mode != ImportMode::Full {
            let message = "a file cannot tell what has changed; run a full import";
            return Err(self.error(ConnectorErrorKind::NoWatermark, message));
        }
        let partition = Dn::parse(&request.partition).map_err(|error| {
            self.error(ConnectorErrorKind::PartitionMissing, format!("partition \"{}\": {error}", request.partition))
        })?;
        let mut entries = EntryReader::new(request, partition);
        let (mut records, mut unreadable) = (0u64, false);
        self.for_each_record(|record| {
            records += 1;
            let item = entries.read(record);
            unreadable |= matches!(item, Some(ImportItem::Bad(_)));
            let stopped = request.cancel.is_cancelled() || item.is_some_and(|item| !sink(item));
            if stopped { Err(self.error(ConnectorErrorKind::Cancelled, "the import was stopped")) } else { Ok(()) }
        })?;
        // A file that cannot be read says nothing about its partitions; its records are discovery errors.
        if records > 0 && !unreadable && !entries.met_partition() {
            let message = format!(
                "no object of file {} lies in partition \"{}\"; refresh the partitions of the connector",
                self.settings.path.display(),
                request.partition
            );
            return Err(self.error(ConnectorErrorKind::PartitionMissing, message));
        }
        tracing::debug!(records, "file read to its end");
        let server = Some(self.settings.path.display().to_string());
        Ok(ImportSummary { watermark: None, server, warnings: Vec::new(), present: None })
    }

    fn export(&mut self, _changes: &[ExportChange], _cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        Err(self.error(ConnectorErrorKind::Configuration, "nothing can be exported to a file connector; remove its export steps"))
    }
}

/// True for what can hold users and groups.
fn is_container(record: &LdifRecord<'_>) -> bool {
    const CONTAINERS: [&str; 4] = ["organizationalUnit", "container", "builtinDomain", "lostAndFound"];
    let mut classes = record.lines().flatten().filter(|line| line.name.eq_ignore_ascii_case("objectClass"));
    classes.any(|line| line.text().is_ok_and(|class| CONTAINERS.iter().any(|known| known.eq_ignore_ascii_case(class.trim()))))
}

/// The GUID of the record's object, as Active Directory writes its bytes.
fn object_guid(record: &LdifRecord<'_>) -> Option<Uuid> {
    let line = record.lines().flatten().find(|line| line.name.eq_ignore_ascii_case(ANCHOR))?;
    Some(Uuid::from_bytes_le(line.bytes().ok()?.as_ref().try_into().ok()?))
}
