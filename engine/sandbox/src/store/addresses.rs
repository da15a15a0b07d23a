//! The index of names and addresses that must be unique over live users, groups and contacts.

use rusqlite::{Connection, OptionalExtension, params};

use super::objects::{Object, State};
use crate::SandboxError;

/// Which attribute an address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    UserPrincipalName,
    Proxy,
    Mail,
    SignInName,
}

impl Source {
    fn number(self) -> i64 {
        match self {
            Source::UserPrincipalName => 1,
            Source::Proxy => 2,
            Source::Mail => 3,
            Source::SignInName => 4,
        }
    }
}

/// The address of a proxy value of type SMTP, lower case; `None` for other types.
pub(crate) fn smtp_address(proxy: &str) -> Option<String> {
    let (kind, address) = proxy.split_once(':')?;
    kind.eq_ignore_ascii_case("smtp").then(|| address.trim().to_lowercase())
}

/// The address of the primary proxy value (`SMTP:` in capitals), lower case.
pub(crate) fn primary_smtp(proxies: &[&str]) -> Option<String> {
    proxies.iter().find_map(|proxy| proxy.strip_prefix("SMTP:")).map(|address| address.trim().to_lowercase())
}

/// Row numbers of other objects that own the address through one of the sources.
pub(crate) fn owners(db: &Connection, address: &str, sources: &[Source], except: i64) -> Result<Vec<i64>, SandboxError> {
    let mut found = Vec::new();
    for source in sources {
        let mut statement =
            db.prepare_cached("SELECT object FROM addresses WHERE value = ?1 AND source = ?2 AND object <> ?3 ORDER BY object")?;
        let rows = statement.query_map(params![address, source.number(), except], |row| row.get(0))?;
        for row in rows {
            let object: i64 = row?;
            if !found.contains(&object) {
                found.push(object);
            }
        }
    }
    Ok(found)
}

/// Whether another object owns the address through one of the sources.
pub(crate) fn is_taken(db: &Connection, address: &str, sources: &[Source], except: i64) -> Result<bool, SandboxError> {
    Ok(!owners(db, address, sources, except)?.is_empty())
}

/// The live user of a user principal name, any case.
pub(crate) fn user_of_name(db: &Connection, name: &str) -> Result<Option<i64>, SandboxError> {
    let found = db
        .prepare_cached("SELECT object FROM addresses WHERE value = ?1 AND source = 1")?
        .query_row([name.to_lowercase()], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Brings the index in line with the object.
pub(crate) fn refresh(db: &Connection, object: &Object) -> Result<(), SandboxError> {
    db.prepare_cached("DELETE FROM addresses WHERE object = ?1")?.execute([object.id])?;
    if object.state != State::Live || !object.kind.has_unique_addresses() {
        return Ok(());
    }
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO addresses (value, source, object) VALUES (?1, ?2, ?3)")?;
    let mut add = |value: String, source: Source| insert.execute(params![value, source.number(), object.id]);
    if let Some(name) = object.text("userPrincipalName") {
        add(name.to_lowercase(), Source::UserPrincipalName)?;
    }
    for proxy in object.texts("proxyAddresses") {
        if let Some(address) = smtp_address(proxy) {
            add(address, Source::Proxy)?;
        }
    }
    if let Some(mail) = object.text("mail") {
        add(mail.to_lowercase(), Source::Mail)?;
    }
    for name in object.texts("signInNames") {
        add(name.to_lowercase(), Source::SignInName)?;
    }
    Ok(())
}
