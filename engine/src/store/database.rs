//! Opening the file: pragmas, the writer, the pool of readers.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::StoreError;
use super::checkpoint::Checkpointer;
use super::migrations::migrate;

const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
const STATEMENT_CACHE: usize = 128;
/// Bytes of the log file that stay for the next use after it was written back: what is written again where it was costs
/// less than a file that grows again. The file goes when the database is closed.
const LOG_KEPT: i64 = 512 << 20;
const IDLE_READERS: usize = 4;

/// Size and place of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseInfo {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes, with the write-ahead log that is not yet part of it.
    pub bytes: u64,
}

/// What is done with a writing connection before anything else.
#[cfg(test)]
type Watch = dyn Fn(&mut Connection) + Send + Sync;

/// What a test hangs on every writing connection. Only a test that has a process of its own sets it.
#[cfg(test)]
pub(crate) static WATCH: std::sync::OnceLock<Box<Watch>> = std::sync::OnceLock::new();

/// The database of one workspace. Shared by threads: the writer is one at a time, readers are many.
pub struct Database {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    checkpointer: Checkpointer,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The writing connection, held exclusively.
#[derive(Debug)]
pub struct Writer<'a>(MutexGuard<'a, Connection>);

impl Writer<'_> {
    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] when another process holds the database too long.
    pub fn transaction(&mut self) -> Result<rusqlite::Transaction<'_>, StoreError> {
        self.0.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::sqlite("beginning a transaction"))
    }

    /// The connection, for reading what was just written.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.0
    }

    /// Chooses how careful commits are: `FULL` around a remote write, `NORMAL` otherwise.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] when SQLite refuses.
    pub fn set_durable(&self, durable: bool) -> Result<(), StoreError> {
        let level = if durable { "FULL" } else { "NORMAL" };
        choose_durability(&self.0, level)
    }
}

/// A reading connection; goes back to the pool when dropped.
#[derive(Debug)]
pub struct Reader<'a> {
    database: &'a Database,
    connection: Option<Connection>,
}

impl std::ops::Deref for Reader<'_> {
    type Target = Connection;

    #[expect(clippy::expect_used, reason = "the connection is taken only by drop")]
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("present until dropped")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let mut idle = self.database.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_READERS {
                idle.push(connection);
            }
        }
    }
}

impl Database {
    /// Opens the file, creating and migrating it as needed.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be opened, is no database, or is newer than this program.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_as(path, "NORMAL")
    }

    /// Opens a file that is thrown away afterwards: nothing waits for the disk.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open_scratch(path: &Path) -> Result<Self, StoreError> {
        Self::open_as(path, "OFF")
    }

    fn open_as(path: &Path, synchronous: &'static str) -> Result<Self, StoreError> {
        let mut writer = Connection::open(path).map_err(StoreError::sqlite("opening the database"))?;
        #[cfg(test)]
        if let Some(watch) = WATCH.get() {
            watch(&mut writer);
        }
        // The page size holds only if it is set before the first table is made.
        writer.pragma_update(None, "page_size", 8192).map_err(StoreError::sqlite("setting the page size"))?;
        prepare(&writer)?;
        writer.pragma_update(None, "journal_mode", "WAL").map_err(StoreError::sqlite("switching to write-ahead logging"))?;
        choose_durability(&writer, synchronous)?;
        writer.pragma_update(None, "journal_size_limit", LOG_KEPT).map_err(StoreError::sqlite("limiting the size of the log"))?;
        migrate(&mut writer)?;
        let own = path.to_owned();
        let connect = move || {
            let connection = Connection::open(&own).map_err(StoreError::sqlite("opening the database to write its log back"))?;
            choose_durability(&connection, synchronous)?;
            Ok(connection)
        };
        let checkpointer = Checkpointer::start(&mut writer, connect, path)?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), readers: Mutex::new(Vec::new()), checkpointer })
    }

    /// Takes the writer; waits while another thread has it.
    pub fn writer(&self) -> Writer<'_> {
        Writer(self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a reader.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] when no further connection can be opened.
    pub fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(&self.path, flags)
                    .map_err(StoreError::sqlite("opening the database for reading"))?;
                prepare(&connection)?;
                connection
            }
        };
        Ok(Reader { database: self, connection: Some(connection) })
    }

    /// Place and size.
    #[must_use]
    pub fn info(&self) -> DatabaseInfo {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let bytes = size(&self.path) + size(Path::new(&log));
        DatabaseInfo { path: self.path.clone(), bytes }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let forgotten = self.writer.lock().unwrap_or_else(PoisonError::into_inner).wal_hook(None::<fn(&mut Wal, i32) -> _>);
        match forgotten {
            Ok(()) => self.checkpointer.join(),
            Err(error) => tracing::error!(%error, "the log of the database is no longer followed"),
        }
    }
}

fn choose_durability(connection: &Connection, level: &str) -> Result<(), StoreError> {
    connection.pragma_update(None, "synchronous", level).map_err(StoreError::sqlite("choosing the durability"))
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT).map_err(StoreError::sqlite("setting the busy timeout"))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.pragma_update(None, "foreign_keys", true).map_err(StoreError::sqlite("switching on foreign keys"))?;
    connection.pragma_update(None, "cache_size", -65_536).map_err(StoreError::sqlite("setting the cache size"))?;
    connection
        .pragma_update(None, "temp_store", "MEMORY")
        .map_err(StoreError::sqlite("setting the place of temporary tables"))?;
    rusqlite::vtab::array::load_module(connection).map_err(StoreError::sqlite("loading the array module"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_database_has_the_newest_version_and_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("syncline.db");
        drop(Database::open(&path).unwrap());
        let database = Database::open(&path).unwrap();
        let reader = database.reader().unwrap();
        let version: i64 = reader.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, super::super::migrations::NEWEST);
        let page_size: i64 = reader.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
        assert_eq!(page_size, 8192);
    }

    #[test]
    fn a_newer_database_is_refused_with_both_versions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("syncline.db");
        let database = Database::open(&path).unwrap();
        database.writer().connection().pragma_update(None, "user_version", 999).unwrap();
        drop(database);
        let error = Database::open(&path).unwrap_err().to_string();
        assert!(error.contains("999"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("syncline.db");
        std::fs::write(&path, vec![b'x'; 5000]).unwrap();
        assert!(Database::open(&path).is_err());
    }
}
