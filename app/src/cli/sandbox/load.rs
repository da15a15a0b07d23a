//! `syncline sandbox load` and `dump`.

use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::{FolderArgs, failure, pairs};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Answer;
use crate::cli::session::Session;
use crate::cli::text::{count, safe};
use crate::text_file::write_text;

/// Largest file that is loaded, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024 * 1024;

/// Arguments of `sandbox load`.
#[derive(Args, Debug)]
pub struct LoadArgs {
    /// Which tenant
    #[command(flatten)]
    pub tenant: FolderArgs,
    /// The seed or dump; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
}

/// Arguments of `sandbox dump`.
#[derive(Args, Debug)]
pub struct DumpArgs {
    /// Which tenant
    #[command(flatten)]
    pub tenant: FolderArgs,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    pub replace: bool,
}

/// An application that was registered.
#[derive(Debug, Serialize)]
struct Registered {
    name: String,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// Answers `sandbox load`.
pub(super) fn run(session: &Session, arguments: &LoadArgs) -> Result<Answer, Failure> {
    let mut file = arguments.tenant.open(session)?;
    let loaded = file.load(&read(arguments)?).map_err(failure)?;
    let facts = file.facts().map_err(failure)?;
    let mut text = format!("{} loaded.\n", count(loaded.objects as u64, "object"));
    let mut clients = Vec::with_capacity(loaded.clients.len());
    for client in loaded.clients {
        let secret = client.client_secret.as_deref().unwrap_or("none yet; \"syncline sandbox secret --client-id\" makes one");
        text.push_str(&format!("Application {} ({}): client secret {secret}\n", safe(&client.name), client.client_id));
        clients.push(Registered { name: client.name, client_id: client.client_id, client_secret: client.client_secret });
    }
    text.push_str(&pairs(&facts).render());
    Answer::new(&json!({ "loaded": loaded.objects, "clients": clients, "tenant": facts }), text)
}

fn read(arguments: &LoadArgs) -> Result<String, Failure> {
    let path = &arguments.file;
    let shown = path.display();
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(LARGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => {
            let exit = if error.kind() == ErrorKind::NotFound { Exit::NotFound } else { Exit::Invalid };
            Err(Failure::new(exit, format!("the file {shown} cannot be read: {error}")))
        }
    }
}

/// What `sandbox dump --output` answers.
#[derive(Debug, Serialize)]
struct Written<'a> {
    file: &'a std::path::Path,
    objects: usize,
}

/// Answers `sandbox dump`.
pub(super) fn dump(session: &Session, arguments: &DumpArgs) -> Result<Answer, Failure> {
    let dump = arguments.tenant.open(session)?.dump().map_err(failure)?;
    let text = format!("{}\n", serde_json::to_string_pretty(&dump)?);
    let objects = dump.get("objects").and_then(Value::as_array).map_or(0, Vec::len);
    let Some(path) = &arguments.output else {
        // The document itself, whose names of attributes stay as they are.
        return Ok(Answer { data: dump, ..Answer::new(&Value::Null, text)? });
    };
    let shown = write_text(path, &text, arguments.replace).map_err(Failure::invalid)?;
    Answer::new(&Written { file: path, objects }, format!("{} written to {}.\n", count(objects as u64, "object"), safe(&shown)))
}
