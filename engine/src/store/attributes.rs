//! The table of attribute names.

use rusqlite::{Connection, Transaction};

use super::StoreError;
use crate::model::AttributeTable;

/// Loads all names.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or its numbers have gaps.
pub fn load(connection: &Connection) -> Result<AttributeTable, StoreError> {
    let mut table = AttributeTable::default();
    let failed = StoreError::sqlite("reading attribute names");
    let mut statement = connection.prepare_cached("SELECT id, name FROM attribute ORDER BY id").map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let (id, name): (u32, String) = (row.get(0).map_err(&failed)?, row.get(1).map_err(&failed)?);
        if table.intern(&name).0 != id {
            return Err(StoreError::damaged("the table of attribute names", format!("number {id} ({name}) is out of order")));
        }
    }
    Ok(table)
}

/// Stores the names that are new.
///
/// # Errors
/// [`StoreError`] when the database cannot be written.
pub fn save(transaction: &Transaction<'_>, table: &AttributeTable) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("writing attribute names");
    let stored: i64 =
        transaction.query_row("SELECT coalesce(max(id) + 1, 0) FROM attribute", [], |row| row.get(0)).map_err(&failed)?;
    let mut statement = transaction.prepare_cached("INSERT INTO attribute (id, name) VALUES (?1, ?2)").map_err(&failed)?;
    for (id, name) in table.iter().filter(|(id, _)| i64::from(id.0) >= stored) {
        statement.execute((id.0, name)).map_err(&failed)?;
    }
    Ok(())
}
