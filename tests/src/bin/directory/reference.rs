//! The same reading by `ldapsearch`, which decodes and writes LDIF and does nothing with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use syncline_engine::connector::active_directory::TracedSearch;

use super::server::Server;

/// Reads everything that some searches find to `/dev/null`; gives the number of entries.
pub fn read(server: &Server, searches: &[TracedSearch]) -> anyhow::Result<usize> {
    let mut password = tempfile::NamedTempFile::new()?;
    password.write_all(server.password().as_bytes())?;
    let mut entries = 0;
    for search in searches {
        let mut child = Command::new("ldapsearch")
            .args(["-x", "-o", "ldif-wrap=no", "-H", &server.uri(), "-D", server.user(), "-y"])
            .arg(password.path())
            .args(["-E", &format!("pr={}/noprompt", server.page_size()), "-b", &search.base, &search.filter])
            .args(&search.attributes)
            .env("LDAPTLS_CACERT", server.ca_file())
            .stdin(Stdio::null())
            .stdout(Stdio::from(std::fs::File::create("/dev/null")?))
            .stderr(Stdio::piped())
            .spawn()
            .context("starting ldapsearch")?;
        let mut errors = String::new();
        if let Some(stderr) = child.stderr.take() {
            for line in BufReader::new(stderr).lines() {
                errors.push_str(&line?);
            }
        }
        anyhow::ensure!(child.wait()?.success(), "ldapsearch: {errors}");
        entries += search.entries;
    }
    Ok(entries)
}
