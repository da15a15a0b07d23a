//! What an imported server configuration said of rules, connectors and the metaverse, word for word, so that an export
//! can write back what this product does not use.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};
use uuid::Uuid;

use super::StoreError;
use super::sql::guid;

/// What a document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A rule of this database.
    Rule,
    /// A connector of this database.
    Connector,
    /// The metaverse and the global settings; its GUID is zero.
    Metaverse,
    /// A connector of a kind that this product does not run.
    ForeignConnector,
    /// A rule of such a connector.
    ForeignRule,
}

impl DocumentKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Connector => "connector",
            Self::Metaverse => "metaverse",
            Self::ForeignConnector => "foreign-connector",
            Self::ForeignRule => "foreign-rule",
        }
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerDocument {
    /// XML.
    pub body: String,
    /// For a rule: its definition as it was stored when the document was taken, as JSON.
    pub stored: String,
}

/// All documents of a kind, by the GUID of what they describe.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn all(connection: &Connection, kind: DocumentKind) -> Result<BTreeMap<Uuid, ServerDocument>, StoreError> {
    let failed = StoreError::sqlite("reading an imported configuration");
    let mut statement =
        connection.prepare_cached("SELECT guid, body, stored FROM server_document WHERE kind = ?1").map_err(&failed)?;
    let mut rows = statement.query([kind.word()]).map_err(&failed)?;
    let mut documents = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let key = guid(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?;
        documents.insert(key, ServerDocument { body: row.get(1).map_err(&failed)?, stored: row.get(2).map_err(&failed)? });
    }
    Ok(documents)
}

/// The GUIDs of what documents of a kind describe.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn guids(connection: &Connection, kind: DocumentKind) -> Result<Vec<Uuid>, StoreError> {
    let failed = StoreError::sqlite("reading an imported configuration");
    let mut statement =
        connection.prepare_cached("SELECT guid FROM server_document WHERE kind = ?1 ORDER BY guid").map_err(&failed)?;
    let mut rows = statement.query([kind.word()]).map_err(&failed)?;
    let mut guids = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        guids.push(guid(&row.get::<_, Vec<u8>>(0).map_err(&failed)?)?);
    }
    Ok(guids)
}

/// Writes a document in the place of an earlier one.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save(transaction: &Transaction<'_>, kind: DocumentKind, guid: Uuid, document: &ServerDocument) -> Result<(), StoreError> {
    transaction
        .execute(
            "INSERT INTO server_document (kind, guid, body, stored) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (kind, guid) DO UPDATE SET body = excluded.body, stored = excluded.stored",
            (kind.word(), guid.as_bytes().as_slice(), &document.body, &document.stored),
        )
        .map(|_| ())
        .map_err(StoreError::sqlite("writing an imported configuration"))
}

/// Removes a document, if there is one.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn remove(transaction: &Transaction<'_>, kind: DocumentKind, guid: Uuid) -> Result<(), StoreError> {
    transaction
        .execute("DELETE FROM server_document WHERE kind = ?1 AND guid = ?2", (kind.word(), guid.as_bytes().as_slice()))
        .map(|_| ())
        .map_err(StoreError::sqlite("writing an imported configuration"))
}
