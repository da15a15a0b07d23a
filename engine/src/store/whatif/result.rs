//! The file that keeps the result of a what-if.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::store::StoreError;

/// What the file is, for programs that look at it.
const APPLICATION: i64 = 0x5359_5749;
/// Version of the tables.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE report (content TEXT NOT NULL);
CREATE TABLE change (
    space TEXT NOT NULL,
    identity TEXT NOT NULL,
    place INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    has_error INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (space, identity)
) WITHOUT ROWID;
";
/// Made when everything is there, which is faster than keeping it up.
const INDEX: &str = "CREATE INDEX change_order ON change (place, kind, name, identity);";

const COLUMNS: &str = "space, identity, place, kind, name, has_error, content";
const CONDITION: &str = "(?1 IS NULL OR space = ?1) AND (?2 IS NULL OR kind = ?2) AND (NOT ?3 OR has_error)";

/// A change as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChange {
    /// Identifier of the connector; empty for the metaverse.
    pub space: String,
    /// What makes the object the same one in another what-if.
    pub identity: String,
    /// Place of the space in lists.
    pub place: i64,
    /// Place of the kind of change in lists.
    pub kind: i64,
    /// Name, by which lists are sorted.
    pub name: String,
    /// An error appears, vanishes or changes.
    pub has_error: bool,
    /// Everything, as JSON.
    pub content: String,
}

/// Which changes are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectFilter {
    /// Only this space.
    pub space: Option<String>,
    /// Only this kind.
    pub kind: Option<i64>,
    /// Only those whose error appears, vanishes or changes.
    pub errors: bool,
}

/// The file.
#[derive(Debug)]
pub struct ResultFile(Connection);

impl ResultFile {
    /// Makes a new file.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be written.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::sqlite("making the file of a what-if");
        let connection = Connection::open(path).map_err(&failed)?;
        connection.pragma_update(None, "application_id", APPLICATION).map_err(&failed)?;
        connection.pragma_update(None, "user_version", VERSION).map_err(&failed)?;
        connection.execute_batch(TABLES).map_err(&failed)?;
        Ok(Self(connection))
    }

    /// Opens a finished file for reading.
    ///
    /// # Errors
    /// [`StoreError`] when it is no such file or from a newer program.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::sqlite("opening the file of a what-if");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
        let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0)).map_err(&failed);
        if number("PRAGMA application_id")? != APPLICATION {
            return Err(StoreError::damaged(format!("what-if file {}", path.display()), "it is something else"));
        }
        match number("PRAGMA user_version")? {
            VERSION => Ok(Self(connection)),
            found => Err(StoreError::Newer { found, known: VERSION }),
        }
    }

    /// Adds changes. An identity that is there already is kept once, as last told.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn add(&mut self, changes: &[StoredChange]) -> Result<(), StoreError> {
        let failed = StoreError::sqlite("writing the file of a what-if");
        let transaction = self.0.transaction().map_err(&failed)?;
        {
            let mut statement = transaction
                .prepare_cached(&format!("INSERT OR REPLACE INTO change ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"))
                .map_err(&failed)?;
            for change in changes {
                statement
                    .execute(params![
                        change.space,
                        change.identity,
                        change.place,
                        change.kind,
                        change.name,
                        change.has_error,
                        change.content
                    ])
                    .map_err(&failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    /// Writes the summary; the file is finished then.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn finish(self, report: &str) -> Result<(), StoreError> {
        let failed = StoreError::sqlite("writing the file of a what-if");
        self.0.execute_batch(INDEX).map_err(&failed)?;
        self.0.execute("INSERT INTO report (content) VALUES (?1)", [report]).map_err(&failed)?;
        self.0.close().map_err(|(_, error)| failed(error))
    }

    /// The summary, as JSON.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read or was never finished.
    pub fn report(&self) -> Result<String, StoreError> {
        self.0
            .query_row("SELECT content FROM report", [], |row| row.get(0))
            .optional()
            .map_err(StoreError::sqlite("reading the file of a what-if"))?
            .ok_or_else(|| StoreError::damaged("the file of a what-if", "it has no summary"))
    }

    /// A page of changes: by space, kind, name. Gives the number of all that the filter selects as well.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn changes(&self, filter: &ObjectFilter, offset: u64, limit: u64) -> Result<(Vec<StoredChange>, u64), StoreError> {
        let failed = StoreError::sqlite("reading the file of a what-if");
        let total: i64 = self
            .0
            .prepare_cached(&format!("SELECT count(*) FROM change WHERE {CONDITION}"))
            .and_then(|mut statement| statement.query_row(params![filter.space, filter.kind, filter.errors], |row| row.get(0)))
            .map_err(&failed)?;
        let mut statement = self
            .0
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM change WHERE {CONDITION} ORDER BY place, kind, name, identity LIMIT ?4 OFFSET ?5"
            ))
            .map_err(&failed)?;
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let rows = statement
            .query_map(params![filter.space, filter.kind, filter.errors, number(limit), number(offset)], read)
            .map_err(&failed)?;
        Ok((rows.collect::<Result<_, _>>().map_err(&failed)?, total.unsigned_abs()))
    }

    /// Tells all changes of a filter one by one in the order of lists; nothing is kept. `visit` ends the
    /// reading by an error of its own.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read, and whatever `visit` gives.
    pub fn each<E: From<StoreError>>(
        &self,
        filter: &ObjectFilter,
        visit: &mut dyn FnMut(StoredChange) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = StoreError::sqlite("reading the file of a what-if");
        let mut statement = self
            .0
            .prepare_cached(&format!("SELECT {COLUMNS} FROM change WHERE {CONDITION} ORDER BY place, kind, name, identity"))
            .map_err(&failed)?;
        let mut rows = statement.query(params![filter.space, filter.kind, filter.errors]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            visit(read(row).map_err(&failed)?)?;
        }
        Ok(())
    }

    /// The changes after one (space and identity; empty texts for the first), by space, then identity: the order
    /// in which two files are compared.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn following(&self, space: &str, identity: &str, limit: usize) -> Result<Vec<StoredChange>, StoreError> {
        let failed = StoreError::sqlite("reading the file of a what-if");
        let mut statement = self
            .0
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM change WHERE (space, identity) > (?1, ?2) ORDER BY space, identity LIMIT ?3"
            ))
            .map_err(&failed)?;
        let rows =
            statement.query_map(params![space, identity, i64::try_from(limit).unwrap_or(i64::MAX)], read).map_err(&failed)?;
        rows.collect::<Result<_, _>>().map_err(&failed)
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredChange> {
    Ok(StoredChange {
        space: row.get(0)?,
        identity: row.get(1)?,
        place: row.get(2)?,
        kind: row.get(3)?,
        name: row.get(4)?,
        has_error: row.get(5)?,
        content: row.get(6)?,
    })
}
