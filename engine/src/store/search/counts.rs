//! How many connector space objects there are of which kind.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use crate::model::ConnectorId;
use crate::store::StoreError;

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

/// How many objects of a connector space are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsCounts {
    /// All objects.
    pub all: u64,
    /// Never imported.
    pub placeholder: u64,
    /// Joined: normal, explicit.
    pub connector: [u64; 2],
    /// Not joined: normal, explicit, filtered.
    pub disconnector: [u64; 3],
    /// Pending imports: none, add, update, delete (with delete-add).
    pub import: [u64; 4],
    /// Pending exports: add, update, delete (with delete-add).
    pub export: [u64; 3],
}

/// Counts the objects of a connector space in one pass.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn counts(connection: &Connection, connector: ConnectorId) -> Result<CsCounts, StoreError> {
    connection
        .prepare_cached(
            "SELECT count(*),
                count(*) FILTER (WHERE object_type IS NULL),
                count(*) FILTER (WHERE object_type IS NOT NULL AND mv IS NOT NULL AND connector_state <> 1),
                count(*) FILTER (WHERE object_type IS NOT NULL AND mv IS NOT NULL AND connector_state = 1),
                count(*) FILTER (WHERE object_type IS NOT NULL AND mv IS NULL AND connector_state NOT IN (1, 2)),
                count(*) FILTER (WHERE object_type IS NOT NULL AND mv IS NULL AND connector_state = 1),
                count(*) FILTER (WHERE object_type IS NOT NULL AND mv IS NULL AND connector_state = 2),
                count(*) FILTER (WHERE import_op = 0),
                count(*) FILTER (WHERE import_op = 1),
                count(*) FILTER (WHERE import_op = 2),
                count(*) FILTER (WHERE import_op IN (3, 4)),
                count(*) FILTER (WHERE export_op = 1),
                count(*) FILTER (WHERE export_op = 2),
                count(*) FILTER (WHERE export_op IN (3, 4))
             FROM cs_object WHERE connector = ?1",
        )
        .and_then(|mut statement| {
            statement.query_row([connector.0], |row| {
                Ok(CsCounts {
                    all: count(row, 0)?,
                    placeholder: count(row, 1)?,
                    connector: [count(row, 2)?, count(row, 3)?],
                    disconnector: [count(row, 4)?, count(row, 5)?, count(row, 6)?],
                    import: [count(row, 7)?, count(row, 8)?, count(row, 9)?, count(row, 10)?],
                    export: [count(row, 11)?, count(row, 12)?, count(row, 13)?],
                })
            })
        })
        .map_err(StoreError::sqlite("counting connector space objects"))
}

/// Numbers of pending imports and pending exports by connector.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn pending_counts(connection: &Connection) -> Result<BTreeMap<ConnectorId, (u64, u64)>, StoreError> {
    let failed = StoreError::sqlite("counting pending changes");
    let mut counts: BTreeMap<ConnectorId, (u64, u64)> = BTreeMap::new();
    let mut statement = connection
        .prepare_cached(
            "SELECT connector, count(*), 0 FROM cs_object INDEXED BY cs_object_import WHERE import_op <> 0 GROUP BY connector
             UNION ALL
             SELECT connector, 0, count(*) FROM cs_object INDEXED BY cs_object_export WHERE export_op <> 0 GROUP BY connector",
        )
        .map_err(&failed)?;
    let rows = statement.query_map([], |row| Ok((ConnectorId(row.get(0)?), count(row, 1)?, count(row, 2)?))).map_err(&failed)?;
    for row in rows {
        let (connector, import, export) = row.map_err(&failed)?;
        let count = counts.entry(connector).or_default();
        count.0 += import;
        count.1 += export;
    }
    Ok(counts)
}
