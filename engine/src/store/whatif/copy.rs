//! A copy of the database as it stands at one moment.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::store::{Database, StoreError};

/// Pages copied between two looks at who wants the copy stopped: 16 MiB.
const PAGES: std::ffi::c_int = 2_048;

/// Copies a database into a new file. Others may write meanwhile; the copy is of the moment at which it
/// began. `goes_on` is told the pages copied and the pages there are; it ends the copy by saying no, and the
/// answer is `None`.
///
/// # Errors
/// [`StoreError`] when the database cannot be read or the file cannot be written.
pub fn copy(source: &Database, target: &Path, goes_on: &mut dyn FnMut(u64, u64) -> bool) -> Result<Option<Database>, StoreError> {
    let failed = StoreError::sqlite("copying the database");
    {
        let reader = source.reader()?;
        // The first read fixes the moment; without it a writer in between would start the copy over.
        let moment = reader.unchecked_transaction().map_err(&failed)?;
        moment.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0)).map_err(&failed)?;
        moment.query_row("SELECT count(*) FROM option", [], |row| row.get::<_, i64>(0)).map_err(&failed)?;
        let mut file = Connection::open(target).map_err(&failed)?;
        file.pragma_update(None, "synchronous", "OFF").map_err(&failed)?;
        let backup = Backup::new(&moment, &mut file).map_err(&failed)?;
        loop {
            let step = backup.step(PAGES).map_err(&failed)?;
            let progress = backup.progress();
            let count = |pages: std::ffi::c_int| u64::try_from(pages).unwrap_or_default();
            let total = count(progress.pagecount);
            if !goes_on(total.saturating_sub(count(progress.remaining)), total) {
                return Ok(None);
            }
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // Nobody else has the new file, and a reader of the old one is never kept waiting.
                _ => {
                    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                    return Err(failed(rusqlite::Error::SqliteFailure(busy, None)));
                }
            }
        }
    }
    Database::open_scratch(target).map(Some)
}
