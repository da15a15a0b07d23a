//! Writing the log back into the database beside the work that fills it.
//!
//! SQLite would do that in the commit that makes the log too long, and everybody who writes would wait for the disk. Here a
//! thread of its own copies the pages while the writer goes on. A log begins at its start again only when nothing is left
//! in it; a writer that is never idle copies the last pages itself when the log is twice as long.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, bounded};
use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::StoreError;

/// Pages in the log when they are written back: 256 MiB. A page that many batches change is written back once.
const LOG_PAGES: i32 = 32_768;

/// The thread that writes the log of one database back. It ends when the writer forgets its hook.
#[derive(Debug)]
pub(super) struct Checkpointer(Option<JoinHandle<()>>);

impl Checkpointer {
    /// Follows the log of a writer; `connect` opens a connection of the thread's own, the first time that it is needed.
    ///
    /// # Errors
    /// [`StoreError`] when no thread can be started.
    pub(super) fn start(
        writer: &mut Connection,
        connect: impl Fn() -> Result<Connection, StoreError> + Send + 'static,
        path: &Path,
    ) -> Result<Self, StoreError> {
        let (wake, woken) = bounded(1);
        let copying = Arc::new(Mutex::new(()));
        let turn = Arc::clone(&copying);
        let thread = thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || follow(&woken, &turn, &connect))
            .map_err(|source| StoreError::Open { path: path.display().to_string(), source })?;
        let hook = move |log: &mut Wal, pages| {
            if pages >= 2 * LOG_PAGES {
                let _turn = copying.lock().unwrap_or_else(PoisonError::into_inner);
                // The transaction is in the log already: what prevents copying now must not make it look like a failure.
                if let Err(error) = log.checkpoint() {
                    tracing::warn!(%error, "the log of the database was not written back; the next commit tries again");
                }
            } else if pages >= LOG_PAGES {
                // One call that waits already is enough.
                wake.try_send(()).ok();
            }
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(StoreError::sqlite("following the log"))?;
        Ok(Self(Some(thread)))
    }

    /// Waits for the end of the thread. The writer has forgotten its hook.
    pub(super) fn join(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes the log of the database back has failed");
        }
    }
}

/// Copies the pages that no reader is in the way of, each time that it is woken.
fn follow(woken: &Receiver<()>, turn: &Mutex<()>, connect: &impl Fn() -> Result<Connection, StoreError>) {
    let mut own = None;
    while woken.recv().is_ok() {
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let copied = match own.take().map_or_else(connect, Ok) {
            Ok(connection) => {
                let copied = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
                own = Some(connection);
                copied.map_err(StoreError::sqlite("writing the log back"))
            }
            Err(error) => Err(error),
        };
        if let Err(error) = copied {
            tracing::warn!(%error, "the log of the database was not written back; the next commit tries again");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::store::Database;

    /// Fills a table with as many pages as the log takes before it is written back, and once more.
    #[test]
    fn a_long_log_is_written_back_beside_the_work_and_begins_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("syncline.db");
        let database = Database::open(&path).unwrap();
        let log = || std::fs::metadata(folder.path().join("syncline.db-wal")).map_or(0, |log| log.len());
        database.writer().connection().execute_batch("CREATE TABLE filled (content BLOB)").unwrap();
        let mut longest = 0;
        for _ in 0..24 {
            let mut writer = database.writer();
            let transaction = writer.transaction().unwrap();
            transaction
                .execute(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
                     INSERT INTO filled SELECT zeroblob(8000) FROM n",
                    [],
                )
                .unwrap();
            transaction.commit().unwrap();
            longest = longest.max(log());
        }
        // 24 times 31 MiB went through the log; the thread never let it become that long.
        assert!(longest < 600 << 20, "{longest}");
        drop(database);
        assert_eq!(log(), 0, "the log goes with the last connection");
        let rows: i64 = Database::open(&path)
            .unwrap()
            .reader()
            .unwrap()
            .query_row("SELECT count(*) FROM filled", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 96_000);
    }
}
