//! The folder of an exported configuration: files are told apart by what they hold, not by their names
//! (`aadconnect-export-format.md` A).

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::connector::{ENVELOPE, ROOT as CONNECTOR, ServerConnector};
use super::error::{Finding, InteropError};
use super::metaverse::{ROOT as METAVERSE, ServerMetaverse};
use super::reading::{Reading, braced};
use super::rule::{ROOT as RULE, ServerRule, check_together};
use super::script;
use super::xml::{Element, parse};

const CONNECTORS: &str = "Connectors";
const SETTINGS: &str = "GlobalSettings";
const RULES: &str = "SynchronizationRules";
const METAVERSE_FILE: &str = "MV.xml";

/// Bytes of one file, and of all together; a real export has about 3 MB.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;
const LARGEST_FOLDER: u64 = 512 * 1024 * 1024;
/// Files of one folder.
const MOST_FILES: usize = 20_000;

/// An exported server configuration, or the part of it that a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerConfiguration {
    /// Synchronization rules by precedence.
    pub rules: Vec<ServerRule>,
    /// Connectors.
    pub connectors: Vec<ServerConnector>,
    /// Metaverse and global settings.
    pub metaverse: Option<ServerMetaverse>,
    /// What is odd but was read.
    pub warnings: Vec<Finding>,
}

/// Reads a folder, or a single file: a rule, a connector, a metaverse, or a rule script.
///
/// # Errors
/// [`InteropError`] when nothing can be read, or when the configuration has faults; all of them are told.
pub fn read(path: &Path) -> Result<ServerConfiguration, InteropError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| InteropError::File { action: "read", path, source }
    };
    let metadata = fs::metadata(path).map_err(failed(path))?;
    let (root, files) =
        if metadata.is_dir() { (path, files_of(path)?) } else { (path.parent().unwrap_or(path), vec![path.to_owned()]) };
    let mut found = Found::default();
    let mut total = 0;
    for file in &files {
        let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
        let mut reading = Reading::of(&name);
        let mut bytes = Vec::new();
        let opened = File::open(file).map_err(failed(file))?;
        opened.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(failed(file))?;
        total += bytes.len() as u64;
        if bytes.len() as u64 > LARGEST_FILE || total > LARGEST_FOLDER {
            reading.fault("", format!("it is larger than {LARGEST_FILE} bytes, or all files together than {LARGEST_FOLDER}"));
        } else {
            match decode(&bytes) {
                Ok(text) => found.take(&text, &mut reading),
                Err(reason) => reading.fault("", reason),
            }
        }
        let enough = total > LARGEST_FOLDER;
        found.faults.append(&mut reading.faults);
        found.warnings.append(&mut reading.warnings);
        if enough {
            break;
        }
    }
    found.finish(path)
}

/// XML files in the folder and in the three folders below it, in order of name.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, InteropError> {
    let (mut files, below) = list(folder)?;
    for folder in below {
        let is_part = |known: &&str| folder.file_name().is_some_and(|name| known.eq_ignore_ascii_case(&name.to_string_lossy()));
        if [CONNECTORS, SETTINGS, RULES].iter().any(is_part) {
            files.append(&mut list(&folder)?.0);
        }
    }
    files.sort();
    Ok(files)
}

/// XML files and folders of a folder.
fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), InteropError> {
    let failed = |source| InteropError::File { action: "read", path: folder.to_owned(), source };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            folders.push(path);
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml")) {
            files.push(path);
        }
        if files.len() + folders.len() > MOST_FILES {
            let message = format!("it holds more than {MOST_FILES} files; name the folder of one export");
            let file = folder.display().to_string();
            return Err(InteropError::Refused(vec![Finding { file, element: String::new(), message }]));
        }
    }
    Ok((files, folders))
}

/// The text of a file: UTF-8, or UTF-16 with its mark, which is how scripts are often saved.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
        char::decode_utf16(units).collect::<Result<String, _>>().map_err(|error| format!("it is not UTF-16 text: {error}"))
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        rest => utf8(rest),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(format!("it is not UTF-8 text at byte {}; save it as UTF-8", error.valid_up_to())),
    }
}

#[derive(Default)]
struct Found {
    rules: Vec<(String, ServerRule)>,
    connectors: Vec<(String, ServerConnector)>,
    metaverse: Option<ServerMetaverse>,
    faults: Vec<Finding>,
    warnings: Vec<Finding>,
}

impl Found {
    fn take(&mut self, text: &str, reading: &mut Reading) {
        if script::is_script(text) && !text.trim_start().starts_with('<') {
            let rules = script::read(text, reading);
            self.rules.extend(rules.into_iter().map(|rule| (reading.file.clone(), rule)));
            return;
        }
        let root = match parse(text) {
            Ok(root) => root,
            Err(fault) => {
                reading.fault("", format!("line {}: {}", fault.line, fault.reason));
                return;
            }
        };
        match root.local() {
            RULE => {
                let rule = ServerRule::read(&root, reading);
                self.rules.push((reading.file.clone(), rule));
            }
            CONNECTOR | ENVELOPE => {
                if let Some(connector) = ServerConnector::read(&root, reading) {
                    self.connectors.push((reading.file.clone(), connector));
                }
            }
            METAVERSE if self.metaverse.is_some() => reading.fault(METAVERSE, "there are two metaverse files; keep one"),
            METAVERSE => self.metaverse = ServerMetaverse::read(&root, reading),
            other => reading.warn(other, "the file is no part of a server configuration and is left out"),
        }
    }

    fn finish(mut self, path: &Path) -> Result<ServerConfiguration, InteropError> {
        self.faults.extend(check_together(&self.rules));
        let mut seen = std::collections::BTreeSet::new();
        for (file, connector) in &self.connectors {
            if !seen.insert(connector.id) {
                self.faults.push(Finding {
                    file: file.clone(),
                    element: "id".to_owned(),
                    message: format!("connector \"{}\" is there twice; remove one of the two files", connector.name),
                });
            }
        }
        if !self.faults.is_empty() {
            return Err(InteropError::Refused(self.faults));
        }
        if self.rules.is_empty() && self.connectors.is_empty() && self.metaverse.is_none() {
            return Err(InteropError::NothingFound(path.to_owned()));
        }
        let mut rules: Vec<ServerRule> = self.rules.into_iter().map(|(_, rule)| rule).collect();
        rules.sort_by_key(|rule| (rule.precedence, rule.id));
        Ok(ServerConfiguration {
            rules,
            connectors: self.connectors.into_iter().map(|(_, connector)| connector).collect(),
            metaverse: self.metaverse,
            warnings: self.warnings,
        })
    }
}

/// What is to be written: the outermost elements of all files.
#[derive(Clone, Debug, Default)]
pub(super) struct Documents {
    /// Connectors with their identities.
    pub connectors: Vec<(uuid::Uuid, Element)>,
    /// Rules with their identities.
    pub rules: Vec<(uuid::Uuid, Element)>,
    /// The metaverse.
    pub metaverse: Option<Element>,
}

/// Writes the layout of a real server into an empty folder, which is made when it is not there. Gives the number of
/// files.
pub(super) fn write(folder: &Path, documents: &Documents) -> Result<u64, InteropError> {
    let failed = |action: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| InteropError::File { action, path, source }
    };
    if folder.exists() && fs::read_dir(folder).map_err(failed("read", folder))?.next().is_some() {
        return Err(InteropError::NotEmpty(folder.to_owned()));
    }
    let mut files: Vec<(&str, String, String)> = Vec::new();
    for (id, element) in &documents.connectors {
        files.push((CONNECTORS, format!("Connector_{}.xml", braced(*id)), element.render()));
    }
    if let Some(element) = &documents.metaverse {
        files.push((SETTINGS, METAVERSE_FILE.to_owned(), element.render_with_apostrophes()));
    }
    for (id, element) in &documents.rules {
        files.push((RULES, format!("SynchronizationRule_{}.xml", braced(*id)), element.render()));
    }
    for below in [CONNECTORS, SETTINGS, RULES] {
        let below = folder.join(below);
        fs::create_dir_all(&below).map_err(failed("make", &below))?;
    }
    for (below, name, text) in &files {
        let path = folder.join(below).join(name);
        fs::write(&path, text).map_err(failed("write", &path))?;
    }
    Ok(files.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE_FILE: &str = "<synchronizationRule><id>{00000000-0000-0000-0000-000000000001}</id><name>N</name>\
        <direction>Inbound</direction><connector>{00000000-0000-0000-0000-000000000002}</connector>\
        <sourceObjectType>user</sourceObjectType><targetObjectType>person</targetObjectType><linkType>Join</linkType>\
        <precedence>5</precedence></synchronizationRule>";

    #[test]
    fn files_are_told_apart_by_what_they_hold() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        put("NOTICE", b"nothing");
        assert!(matches!(read(folder.path()).unwrap_err(), InteropError::NothingFound(_)));
        put("connectors/any.XML", RULE_FILE.as_bytes());
        put("other/rule.xml", b"not looked at");
        put("page.xml", b"<html/>");
        let read_back = read(folder.path()).unwrap();
        assert_eq!((read_back.rules.len(), read_back.connectors.len(), read_back.metaverse), (1, 0, None));
        assert_eq!(read_back.warnings.iter().map(|found| found.file.as_str()).collect::<Vec<_>>(), ["page.xml"]);
        assert_eq!(read(&folder.path().join("connectors/any.XML")).unwrap().rules, read_back.rules);

        // A second file with the same identity and precedence.
        put("rule.xml", RULE_FILE.as_bytes());
        let told = read(folder.path()).unwrap_err().to_string();
        assert!(told.contains("both have precedence 5") && told.contains("has the id"), "{told}");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.xml");
        let check = |bytes: &[u8], words: &str| {
            fs::write(&path, bytes).unwrap();
            let told = read(&path).unwrap_err().to_string();
            assert!(told.contains("x.xml") && told.contains(words), "{told}");
        };
        check(b"<a>\n<b>", "line 2: it ends in the middle");
        check(b"\xff\xff", "not UTF-8 text at byte 0");
        check(b"<ma-data><format-version>2</format-version></ma-data>", "format \"2\" is not known");
        check(b"<saved-ma-configuration/>", "no ma-data");
        let many = "<attribute>a</attribute>".repeat(5_001);
        let many = format!("<ma-data><attribute-inclusion>{many}</attribute-inclusion></ma-data>");
        check(many.as_bytes(), "it names 5001; a connector may have 5000");
        check(b"<saved-mv-configuration><mv-data/></saved-mv-configuration>", "format \"\" is not known");
        check(b"<saved-mv-configuration/>", "no mv-data");
        assert!(read(&folder.path().join("absent")).unwrap_err().to_string().contains("absent"));
    }

    #[test]
    fn scripts_of_either_encoding_are_read() {
        let text = "New-ADSyncRule -Name 'Größe' -Identifier '00000000-0000-0000-0000-000000000001' -Precedence 1 -Direction Inbound \
            -SourceObjectType user -TargetObjectType person -LinkType Join -Connector '00000000-0000-0000-0000-000000000002'\n\
            Add-ADSyncRule -SynchronizationRule $syncRule[0]";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rule.ps1");
        let wide = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
            let units = text.encode_utf16().flat_map(bytes);
            mark.into_iter().chain(units).collect::<Vec<u8>>()
        };
        for bytes in [text.as_bytes().to_vec(), wide([0xff, 0xfe], u16::to_le_bytes), wide([0xfe, 0xff], u16::to_be_bytes)] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap().rules[0].name, "Größe");
        }
    }
}
