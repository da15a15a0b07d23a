use super::visit::visit_sql;
use super::*;
use crate::store::Database;

/// The indexes through which SQLite reads `cs_object` for a visit.
fn indexes(connection: &Connection, visit: Visit) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", visit_sql(visit))).unwrap();
    let details = statement.query_map([1], |row| row.get::<_, String>("detail")).unwrap().map(Result::unwrap);
    let index = |detail: String| detail.split_once("INDEX ").and_then(|(_, rest)| rest.split(' ').next().map(str::to_owned));
    let mut indexes: Vec<String> = details.filter_map(index).collect();
    indexes.sort();
    indexes
}

#[test]
fn a_delta_reads_what_waits_and_not_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("syncline.db")).unwrap();
    let reader = database.reader().unwrap();
    let check = |visit, expected: &[&str]| assert_eq!(indexes(&reader, visit), expected, "{visit:?}");
    check(Visit::Delta, &["cs_object_disconnector", "cs_object_import", "cs_object_import_error", "cs_object_needs_full"]);
    check(Visit::Deletes, &["cs_object_import"]);
    check(Visit::Retries, &["cs_object_retry"]);
}
