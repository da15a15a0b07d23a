//! Which objects a synchronization looks at, read from the indexes of what waits.

use rusqlite::Connection;

use crate::model::{ConnectorId, CsId};
use crate::store::StoreError;

/// Which objects a synchronization step visits (`engine.md` 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Every staging object without a pending delete.
    Full,
    /// Pending imports, disconnectors, failed ones, those that need a full look.
    Delta,
    /// Pending deletes.
    Deletes,
    /// Objects whose references or names wait.
    Retries,
}

/// The objects to visit, parents before children, then in DN order.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn to_visit(connection: &Connection, connector: ConnectorId, visit: Visit) -> Result<Vec<CsId>, StoreError> {
    let failed = StoreError::sqlite("reading the objects to synchronize");
    let mut statement = connection.prepare_cached(&visit_sql(visit)).map_err(&failed)?;
    let rows = statement.query_map([connector.0], |row| row.get(0).map(CsId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// All objects of a connector space but placeholders, what lies below before what it lies below.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn children_first(connection: &Connection, connector: ConnectorId) -> Result<Vec<CsId>, StoreError> {
    let failed = StoreError::sqlite("reading the objects of a connector space");
    let mut statement = connection
        .prepare_cached("SELECT id FROM cs_object WHERE connector = ?1 AND object_type IS NOT NULL ORDER BY depth DESC, dn_key")
        .map_err(&failed)?;
    let rows = statement.query_map([connector.0], |row| row.get(0).map(CsId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

pub(super) fn visit_sql(visit: Visit) -> String {
    // What waits is read from the index of what waits: a delta must not cost what there is.
    let objects = match visit {
        Visit::Full => "cs_object AS o WHERE o.connector = ?1 AND o.import_op <> 4",
        Visit::Delta => {
            "(SELECT id FROM cs_object WHERE connector = ?1 AND import_op <> 0
                UNION SELECT id FROM cs_object WHERE connector = ?1 AND mv IS NULL AND object_type IS NOT NULL
                    AND connector_state = 0
                UNION SELECT id FROM cs_object WHERE connector = ?1 AND import_error IS NOT NULL
                UNION SELECT id FROM cs_object WHERE connector = ?1 AND needs_full <> 0) AS waiting
             CROSS JOIN cs_object AS o ON o.id = waiting.id WHERE o.import_op <> 4"
        }
        Visit::Deletes => {
            "cs_object AS o INDEXED BY cs_object_import WHERE o.connector = ?1 AND o.import_op <> 0 AND o.import_op = 4"
        }
        Visit::Retries => {
            "cs_object AS o INDEXED BY cs_object_retry
             WHERE o.connector = ?1 AND (o.rename_retry <> 0 OR o.reference_retry <> 0) AND o.mv IS NOT NULL"
        }
    };
    format!("SELECT o.id FROM {objects} AND o.object_type IS NOT NULL ORDER BY o.depth, o.dn_key")
}
