//! What SQLite alone takes for the rows of the final database.

use std::path::Path;
use std::time::Instant;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Rows of one transaction.
const BATCH: usize = 10_000;

/// Bytes of a database once its log is written back.
pub fn bytes(database: &Path) -> anyhow::Result<u64> {
    let connection = Connection::open(database)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(std::fs::metadata(database)?.len())
}

/// Bytes of each table and index, largest first.
pub fn parts(database: &Path) -> anyhow::Result<Vec<(String, u64)>> {
    let connection = Connection::open(database)?;
    let mut statement = connection.prepare("SELECT name, sum(pgsize) AS size FROM dbstat GROUP BY name ORDER BY size DESC")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Seconds for inserting every row of a database into an empty one with the same tables and indexes, by prepared
/// statements. Reading the rows is not counted.
pub fn measure(database: &Path, folder: &Path) -> anyhow::Result<f64> {
    let source = Connection::open(database)?;
    let target = Connection::open(folder.join("floor.db"))?;
    target.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    let mut tables = Vec::new();
    let mut statement = source.prepare(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
         ORDER BY CASE type WHEN 'table' THEN 0 ELSE 1 END, rowid",
    )?;
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?;
    for row in rows {
        let (kind, name, sql) = row?;
        target.execute_batch(&sql)?;
        if kind == "table" {
            tables.push(name);
        }
    }
    let mut seconds = 0.0;
    for table in tables {
        seconds += copy(&source, &target, &table)?;
    }
    Ok(seconds)
}

fn copy(source: &Connection, target: &Connection, table: &str) -> anyhow::Result<f64> {
    let mut select = source.prepare(&format!("SELECT * FROM \"{table}\""))?;
    let columns = select.column_count();
    let marks = vec!["?"; columns].join(", ");
    let mut insert = target.prepare(&format!("INSERT INTO \"{table}\" VALUES ({marks})"))?;
    let mut rows = select.query([])?;
    let mut seconds = 0.0;
    loop {
        let mut batch: Vec<Vec<Value>> = Vec::with_capacity(BATCH);
        while batch.len() < BATCH
            && let Some(row) = rows.next()?
        {
            batch.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?);
        }
        if batch.is_empty() {
            return Ok(seconds);
        }
        let begun = Instant::now();
        target.execute_batch("BEGIN IMMEDIATE")?;
        for row in &batch {
            insert.execute(params_from_iter(row))?;
        }
        target.execute_batch("COMMIT")?;
        seconds += begun.elapsed().as_secs_f64();
    }
}
