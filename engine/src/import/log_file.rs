//! Log files of imports (`engine.md` 6.1: `to-file`, `resume-from-file`): what a directory handed over, one JSON
//! record a line, for looking at it and for staging it later.
//!
//! The first line says where the records come from, the line `end` where the next delta import begins; a file without
//! it was not finished and is not staged to its end. Behind it are objects that had to be read whole after all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::connector::{
    Anchor, CancelToken, Capabilities, Connector, ConnectorError, ConnectorErrorKind, DirectoryPartition, DiscoveryError,
    EntryValue, ExportChange, ExportResult, ImportEntry, ImportItem, ImportMode, ImportRequest, ImportSummary, Incident,
    ReferenceChanges,
};
use crate::model::{ObjectError, Schema};
use crate::store::Database;

/// Folder of the log files, beside the database.
const FOLDER: &str = "import-logs";
/// Form of the records that this version writes.
const FORMAT: u32 = 2;
/// Older forms that it reads as well: without values of references that came and went.
const OLDEST_FORMAT: u32 = 1;
/// Longest line that is read: a group with its members is one.
const LONGEST_LINE: u64 = 1 << 28;

/// Where a log file of this name lies.
pub(crate) fn place(database: &Database, name: &str) -> PathBuf {
    let path = database.info().path;
    path.parent().unwrap_or(Path::new(".")).join(FOLDER).join(name)
}

/// Where the records of a file come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// Name of the connector.
    pub connector: String,
    /// Its identifier.
    pub connector_id: Uuid,
    /// When the import began.
    pub time: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
enum Line {
    Import {
        format: u32,
        #[serde(flatten)]
        origin: Origin,
        partition: String,
        full: bool,
        /// [`Capabilities::drops_references`] of the directory.
        #[serde(default)]
        drops_references: bool,
    },
    Entry {
        dn: String,
        #[serde(rename = "type")]
        object_type: String,
        anchor: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        partial: bool,
        attributes: BTreeMap<String, Vec<LoggedValue>>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        changed_references: BTreeMap<String, LoggedChanges>,
    },
    Deleted {
        dn: Option<String>,
        anchor: String,
    },
    Filtered {
        dn: String,
        anchor: Option<String>,
    },
    Unreadable {
        dn: Option<String>,
        error: ObjectError,
    },
    End {
        watermark: Option<String>,
        server: Option<String>,
        warnings: Vec<String>,
    },
}

/// DNs of objects that are referred to since the last import, or not any more.
#[derive(Serialize, Deserialize)]
struct LoggedChanges {
    added: Vec<String>,
    removed: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum LoggedValue {
    Boolean(bool),
    Integer(i64),
    Text(String),
    Reference { reference: String },
    Binary { base64: String },
}

impl LoggedValue {
    fn of(value: EntryValue) -> Self {
        match value {
            EntryValue::Text(text) => Self::Text(text),
            EntryValue::Binary(bytes) => Self::Binary { base64: STANDARD.encode(bytes) },
            EntryValue::Integer(number) => Self::Integer(number),
            EntryValue::Boolean(flag) => Self::Boolean(flag),
            EntryValue::Reference(reference) => Self::Reference { reference },
        }
    }

    fn value(self) -> Result<EntryValue, base64::DecodeError> {
        Ok(match self {
            Self::Boolean(flag) => EntryValue::Boolean(flag),
            Self::Integer(number) => EntryValue::Integer(number),
            Self::Text(text) => EntryValue::Text(text),
            Self::Reference { reference } => EntryValue::Reference(reference),
            Self::Binary { base64 } => EntryValue::Binary(STANDARD.decode(base64)?),
        })
    }
}

impl Line {
    fn of(item: ImportItem) -> Self {
        match item {
            ImportItem::Entry(entry) => Self::Entry {
                dn: entry.dn,
                object_type: entry.object_type,
                anchor: STANDARD.encode(entry.anchor.0),
                partial: entry.partial,
                attributes: entry
                    .attributes
                    .into_iter()
                    .map(|(name, values)| (name, values.into_iter().map(LoggedValue::of).collect()))
                    .collect(),
                changed_references: entry
                    .changed_references
                    .into_iter()
                    .map(|(name, ReferenceChanges { added, removed })| (name, LoggedChanges { added, removed }))
                    .collect(),
            },
            ImportItem::Deleted { anchor, dn } => Self::Deleted { dn, anchor: STANDARD.encode(anchor.0) },
            ImportItem::Filtered { anchor, dn } => Self::Filtered { dn, anchor: anchor.map(|anchor| STANDARD.encode(anchor.0)) },
            ImportItem::Bad(bad) => Self::Unreadable { dn: bad.dn, error: bad.error },
        }
    }
}

/// What a directory hands over as a record of a log file, without its line end.
pub(crate) fn record(item: ImportItem) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Line::of(item))
}

/// A directory whose import is written to a file as well.
pub(crate) struct Recording {
    inner: Box<dyn Connector>,
    path: PathBuf,
    origin: Origin,
    stages: bool,
    /// The file, once the import was written.
    file: Option<BufWriter<File>>,
}

impl Recording {
    /// A directory and the file for it; without `stages` nothing is handed on.
    pub(crate) fn new(inner: Box<dyn Connector>, path: PathBuf, origin: Origin, stages: bool) -> Self {
        Self { inner, path, origin, stages, file: None }
    }
}

impl Connector for Recording {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        self.inner.schema()
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        self.inner.partitions()
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        let failed = |error: io::Error| file_error(ConnectorErrorKind::FileAccess, &self.path, "cannot be written", error);
        let drops_references = self.inner.capabilities().drops_references;
        let mut file = begin(&self.path, &self.origin, request, drops_references).map_err(failed)?;
        let (stages, mut fault) = (self.stages, None);
        let read = self.inner.import(request, &mut |item| match write(&mut file, &Line::of(item.clone())) {
            Ok(()) if stages => sink(item),
            Ok(()) => !request.cancel.is_cancelled(),
            Err(error) => {
                fault = Some(error);
                false
            }
        });
        if let Some(error) = fault {
            return Err(failed(error));
        }
        let summary = read?;
        let end = Line::End {
            watermark: summary.watermark.as_ref().map(|watermark| STANDARD.encode(watermark)),
            server: summary.server.clone(),
            warnings: summary.warnings.clone(),
        };
        write(&mut file, &end).and_then(|()| file.flush()).map_err(failed)?;
        self.file = Some(file);
        Ok(summary)
    }

    fn objects(
        &mut self,
        request: &ImportRequest,
        anchors: &[Anchor],
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let mut fault = None;
        let read = self.inner.objects(request, anchors, &mut |item| {
            fault = write(&mut file, &Line::of(item.clone())).err();
            fault.is_none() && sink(item)
        });
        match fault.map_or_else(|| file.flush(), Err) {
            Err(error) => Err(file_error(ConnectorErrorKind::FileAccess, &self.path, "cannot be written", error)),
            Ok(()) => read,
        }
    }

    fn export(&mut self, changes: &[ExportChange], cancel: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        self.inner.export(changes, cancel)
    }

    fn take_incidents(&mut self) -> Vec<Incident> {
        self.inner.take_incidents()
    }

    fn finish(&mut self, export: bool) -> Result<(), ConnectorError> {
        self.inner.finish(export)
    }
}

fn begin(path: &Path, origin: &Origin, request: &ImportRequest, drops_references: bool) -> io::Result<BufWriter<File>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = BufWriter::new(File::create(path)?);
    let full = request.mode == ImportMode::Full;
    let (origin, partition) = (origin.clone(), request.partition.clone());
    write(&mut file, &Line::Import { format: FORMAT, origin, partition, full, drops_references })?;
    Ok(file)
}

fn write(file: &mut BufWriter<File>, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

/// A log file in place of the directory that it was written from.
pub(crate) struct Replay {
    path: PathBuf,
    connector: Uuid,
    /// What follows the end of the import, once that was read.
    rest: Option<Lines>,
}

impl Replay {
    /// The file of a connector.
    pub(crate) fn new(path: PathBuf, connector: Uuid) -> Self {
        Self { path, connector, rest: None }
    }

    /// What a line hands over.
    fn handed_over(&self, line: Line, number: u64) -> Result<Content, ConnectorError> {
        let anchor = |text: String| STANDARD.decode(text).map(Anchor).map_err(|error| self.fault(number, error));
        Ok(Content::Item(match line {
            Line::Entry { dn, object_type, anchor: known, partial, attributes, changed_references } => {
                let attributes = attributes
                    .into_iter()
                    .map(|(name, values)| Ok((name, values.into_iter().map(LoggedValue::value).collect::<Result<_, _>>()?)))
                    .collect::<Result<_, base64::DecodeError>>()
                    .map_err(|error| self.fault(number, error))?;
                let changed_references = changed_references
                    .into_iter()
                    .map(|(name, LoggedChanges { added, removed })| (name, ReferenceChanges { added, removed }))
                    .collect();
                let anchor = anchor(known)?;
                ImportItem::Entry(ImportEntry { anchor, dn, object_type, attributes, changed_references, partial })
            }
            Line::Deleted { dn, anchor: known } => ImportItem::Deleted { anchor: anchor(known)?, dn },
            Line::Filtered { dn, anchor: known } => ImportItem::Filtered { anchor: known.map(anchor).transpose()?, dn },
            Line::Unreadable { dn, error } => ImportItem::Bad(DiscoveryError { dn, error }),
            Line::Import { .. } => return Err(self.fault(number, "a second import begins; keep one import to a file")),
            Line::End { watermark, warnings, .. } => {
                let watermark = watermark.map(|text| STANDARD.decode(text)).transpose();
                return Ok(Content::End(ImportSummary {
                    watermark: watermark.map_err(|error| self.fault(number, error))?,
                    server: Some(self.path.display().to_string()),
                    warnings,
                }));
            }
        }))
    }

    /// What the file says of its directory; what is wrong with the file is told by the import.
    fn drops_references(&self) -> bool {
        let first = Lines::open(&self.path).and_then(|mut lines| lines.next(self));
        matches!(first, Ok(Line::Import { drops_references: true, .. }))
    }

    fn fault(&self, number: u64, what: impl std::fmt::Display) -> ConnectorError {
        let message = format!("log file {}, line {number}: {what}", self.path.display());
        ConnectorError::new(ConnectorErrorKind::Protocol, message).server(self.path.display().to_string())
    }

    /// Says whether a file fits the import that it is to stand for.
    fn check(&self, line: Line, request: &ImportRequest) -> Result<(), ConnectorError> {
        let wrong = |what: String| {
            ConnectorError::new(ConnectorErrorKind::Configuration, format!("log file {}: {what}", self.path.display()))
                .server(self.path.display().to_string())
        };
        let Line::Import { format, origin, partition, full, .. } = line else {
            return Err(wrong("it does not begin with the line of an import".to_owned()));
        };
        if !(OLDEST_FORMAT..=FORMAT).contains(&format) {
            return Err(wrong(format!("its format is {format}; this version reads formats {OLDEST_FORMAT} to {FORMAT}")));
        }
        if origin.connector_id != self.connector {
            return Err(wrong(format!("it was written by connector \"{}\"; write one with this connector", origin.connector)));
        }
        if !partition.eq_ignore_ascii_case(&request.partition) {
            return Err(wrong(format!("it holds partition {partition}, the step wants {}", request.partition)));
        }
        if full != (request.mode == ImportMode::Full) {
            let word = |full| if full { "a full import" } else { "a delta import" };
            return Err(wrong(format!("it holds {}, the step is {}", word(full), word(!full))));
        }
        Ok(())
    }
}

impl Connector for Replay {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            delta_import: true,
            export: false,
            rename: false,
            value_level_updates: false,
            deletion_threshold: false,
            immediate_confirmation: false,
            drops_references: self.drops_references(),
        }
    }

    fn schema(&mut self) -> Result<Schema, ConnectorError> {
        Err(self.fault(1, "a log file holds no schema"))
    }

    fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
        Err(self.fault(1, "a log file holds no partitions"))
    }

    fn import(
        &mut self,
        request: &ImportRequest,
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<ImportSummary, ConnectorError> {
        let mut lines = Lines::open(&self.path)?;
        let origin = lines.next(self)?;
        self.check(origin, request)?;
        loop {
            let line = lines.next(self)?;
            match self.handed_over(line, lines.number)? {
                Content::Item(item) => hand_over(item, request, sink)?,
                Content::End(summary) => {
                    self.rest = Some(lines);
                    return Ok(summary);
                }
            }
        }
    }

    /// What was read whole stands behind the end of the import.
    fn objects(
        &mut self,
        request: &ImportRequest,
        _: &[Anchor],
        sink: &mut dyn FnMut(ImportItem) -> bool,
    ) -> Result<(), ConnectorError> {
        let Some(mut lines) = self.rest.take() else { return Ok(()) };
        while let Some(line) = lines.next_if_any(self)? {
            match self.handed_over(line, lines.number)? {
                Content::Item(item) => hand_over(item, request, sink)?,
                Content::End(_) => return Err(self.fault(lines.number, "the import ends a second time")),
            }
        }
        Ok(())
    }

    fn export(&mut self, _: &[ExportChange], _: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
        Err(self.fault(1, "nothing can be exported to a log file"))
    }
}

/// What a line of an import holds.
enum Content {
    Item(ImportItem),
    End(ImportSummary),
}

fn hand_over(item: ImportItem, request: &ImportRequest, sink: &mut dyn FnMut(ImportItem) -> bool) -> Result<(), ConnectorError> {
    if request.cancel.is_cancelled() || !sink(item) {
        return Err(ConnectorError::new(ConnectorErrorKind::Cancelled, "stopped while reading a log file"));
    }
    Ok(())
}

/// The lines of a log file, read one by one.
struct Lines {
    file: BufReader<File>,
    path: PathBuf,
    /// The line that was read last, counted from 1.
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, ConnectorError> {
        let file = File::open(path).map_err(|error| {
            let missing = error.kind() == io::ErrorKind::NotFound;
            let kind = if missing { ConnectorErrorKind::FileNotFound } else { ConnectorErrorKind::FileAccess };
            file_error(kind, path, "cannot be opened", error)
        })?;
        Ok(Self { file: BufReader::new(file), path: path.to_owned(), number: 0 })
    }

    fn next_if_any(&mut self, replay: &Replay) -> Result<Option<Line>, ConnectorError> {
        let mut text = Vec::new();
        self.number += 1;
        let read = (&mut self.file).take(LONGEST_LINE).read_until(b'\n', &mut text);
        read.map_err(|error| file_error(ConnectorErrorKind::FileAccess, &self.path, "cannot be read", error))?;
        if text.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(&text).map(Some).map_err(|error| replay.fault(self.number, error))
    }

    fn next(&mut self, replay: &Replay) -> Result<Line, ConnectorError> {
        let line = self.next_if_any(replay)?;
        line.ok_or_else(|| replay.fault(self.number, "the file ends before the import did; write it again"))
    }
}

fn file_error(kind: ConnectorErrorKind, path: &Path, what: &str, error: io::Error) -> ConnectorError {
    ConnectorError::new(kind, format!("log file {} {what}: {error}", path.display()))
        .server(path.display().to_string())
        .cause(error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::connector::Watermark;
    use crate::connector::memory::{MemoryDirectory, MemoryEntry};
    use crate::model::ErrorCode;

    /// Hands over whatever it is given.
    struct Scripted(Vec<ImportItem>);

    impl Connector for Scripted {
        fn capabilities(&self) -> Capabilities {
            MemoryDirectory::new(Schema::default(), "x").connect().capabilities()
        }

        fn schema(&mut self) -> Result<Schema, ConnectorError> {
            Ok(Schema::default())
        }

        fn partitions(&mut self) -> Result<Vec<DirectoryPartition>, ConnectorError> {
            Ok(Vec::new())
        }

        fn import(
            &mut self,
            _: &ImportRequest,
            sink: &mut dyn FnMut(ImportItem) -> bool,
        ) -> Result<ImportSummary, ConnectorError> {
            for item in self.0.drain(..) {
                sink(item);
            }
            Ok(ImportSummary {
                watermark: Some(vec![7, 0, 255]),
                server: Some("dc1".to_owned()),
                warnings: vec!["slow".to_owned()],
            })
        }

        fn export(&mut self, _: &[ExportChange], _: &CancelToken) -> Result<Vec<ExportResult>, ConnectorError> {
            Ok(Vec::new())
        }
    }

    fn request(mode: ImportMode) -> ImportRequest {
        ImportRequest {
            mode,
            partition: "DC=x".to_owned(),
            elsewhere: Vec::new(),
            object_types: Vec::new(),
            attributes: Vec::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            page_size: 500,
            timeout_secs: 120,
            schema: Arc::new(Schema::default()),
            cancel: CancelToken::default(),
        }
    }

    fn items() -> Vec<ImportItem> {
        let attributes = BTreeMap::from([
            ("cn".to_owned(), vec![EntryValue::Text("Ada \"A\"\n\u{1F511}".to_owned())]),
            ("objectGUID".to_owned(), vec![EntryValue::Binary(vec![0, 255, 10])]),
            ("userAccountControl".to_owned(), vec![EntryValue::Integer(-512)]),
            ("enabled".to_owned(), vec![EntryValue::Boolean(true)]),
            ("manager".to_owned(), vec![EntryValue::Reference("CN=b,DC=x".to_owned())]),
            ("gone".to_owned(), Vec::new()),
        ]);
        let entry = MemoryEntry::new([1, 2], "CN=a,DC=x", "user", attributes);
        let entry = ImportEntry {
            anchor: Anchor(entry.anchor),
            dn: entry.dn,
            object_type: entry.object_type,
            attributes: entry.attributes,
            changed_references: BTreeMap::from([(
                "member".to_owned(),
                ReferenceChanges { added: vec!["CN=b,DC=x".to_owned()], removed: vec!["CN=c,DC=x".to_owned()] },
            )]),
            partial: true,
        };
        let error = ObjectError::new(ErrorCode::PARSE_ERROR, "no").attribute("cn").value("x");
        vec![
            ImportItem::Entry(ImportEntry { changed_references: BTreeMap::new(), partial: false, ..entry.clone() }),
            ImportItem::Entry(entry),
            ImportItem::Deleted { anchor: Anchor(vec![9]), dn: Some("CN=z,DC=x".to_owned()) },
            ImportItem::Deleted { anchor: Anchor(vec![8]), dn: None },
            ImportItem::Filtered { anchor: Some(Anchor(vec![7])), dn: "CN=f,DC=x".to_owned() },
            ImportItem::Bad(DiscoveryError { dn: None, error }),
        ]
    }

    /// Writes the items to a file and gives it.
    fn record(folder: &Path, mode: ImportMode, stages: bool) -> (PathBuf, Vec<ImportItem>) {
        let path = folder.join("logs").join("a.jsonl");
        let origin =
            Origin { connector: "contoso.com".to_owned(), connector_id: Uuid::from_u128(1), time: Timestamp::UNIX_EPOCH };
        let mut seen = Vec::new();
        let mut recording = Recording::new(Box::new(Scripted(items())), path.clone(), origin, stages);
        recording
            .import(&request(mode), &mut |item| {
                seen.push(item);
                true
            })
            .unwrap();
        (path, seen)
    }

    fn replay(path: &Path, connector: u128, mode: ImportMode) -> (Vec<ImportItem>, Result<ImportSummary, ConnectorError>) {
        let mut seen = Vec::new();
        let mut replay = Replay::new(path.to_owned(), Uuid::from_u128(connector));
        let summary = replay.import(&request(mode), &mut |item| {
            seen.push(item);
            true
        });
        (seen, summary)
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, staged) = record(folder.path(), ImportMode::Full, true);
        assert_eq!(staged, items());
        let (read, summary) = replay(&path, 1, ImportMode::Full);
        assert_eq!(read, items());
        let summary = summary.unwrap();
        assert_eq!((summary.watermark, summary.warnings), (Some(vec![7, 0, 255]), vec!["slow".to_owned()]));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(r#"{"record":"deleted","dn":"CN=z,DC=x","anchor":"CQ=="}"#), "{text}");
        let (_, staged) = record(folder.path(), ImportMode::Full, false);
        assert_eq!(staged, []);
        assert_eq!(replay(&path, 1, ImportMode::Full).0, items());
    }

    #[test]
    fn a_file_that_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = record(folder.path(), ImportMode::Full, true);
        let text = fs::read_to_string(&path).unwrap();
        let check = |connector: u128, mode: ImportMode, expected: ConnectorErrorKind, words: &str| {
            let error = replay(&path, connector, mode).1.unwrap_err();
            assert_eq!(error.kind, expected, "{error}");
            assert!(error.message.contains(words), "missing {words:?} in {error}");
        };
        check(2, ImportMode::Full, ConnectorErrorKind::Configuration, "\"contoso.com\"");
        check(
            1,
            ImportMode::Delta(Watermark(Vec::new())),
            ConnectorErrorKind::Configuration,
            "a full import, the step is a delta",
        );
        let change = |from: &str, to: &str, expected: ConnectorErrorKind, words: &str| {
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            check(1, ImportMode::Full, expected, words);
        };
        change("\"format\":2", "\"format\":3", ConnectorErrorKind::Configuration, "format is 3");
        change("DC=x", "DC=y", ConnectorErrorKind::Configuration, "partition DC=y");
        change("AP8K", "A", ConnectorErrorKind::Protocol, "line 2");
        change("{\"record\":\"end\"", "{\"record\":\"other\"", ConnectorErrorKind::Protocol, "line 8");
        let unfinished = text.lines().take(3).collect::<Vec<_>>().join("\n");
        fs::write(&path, unfinished).unwrap();
        let (read, end) = replay(&path, 1, ImportMode::Full);
        assert_eq!(read.len(), 2);
        assert!(end.unwrap_err().message.contains("ends before the import did"));
        fs::remove_file(&path).unwrap();
        assert_eq!(replay(&path, 1, ImportMode::Full).1.unwrap_err().kind, ConnectorErrorKind::FileNotFound);
    }
}
