//! The shape of the database, version by version. A version, once released, never changes; a new one
//! is appended.

use rusqlite::Connection;

use super::StoreError;

/// Statements that lead from version `n` to version `n + 1`, where `n` is the index.
const MIGRATIONS: [&str; 10] =
    [VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7, VERSION_8, VERSION_9, VERSION_10];

/// Newest version this program knows.
pub(super) const NEWEST: i64 = MIGRATIONS.len() as i64;

const VERSION_1: &str = "
CREATE TABLE option (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE attribute (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE
);

CREATE TABLE connector (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    kind TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    settings TEXT NOT NULL,
    schema TEXT NOT NULL,
    object_types TEXT NOT NULL,
    attributes TEXT NOT NULL,
    secret BLOB,
    created INTEGER NOT NULL,
    full_import_reason TEXT,
    full_sync_reason TEXT
);

CREATE TABLE partition (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    connector INTEGER NOT NULL REFERENCES connector(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    selected INTEGER NOT NULL,
    detail TEXT NOT NULL,
    include TEXT NOT NULL,
    exclude TEXT NOT NULL,
    watermark BLOB,
    generation INTEGER NOT NULL DEFAULT 0,
    UNIQUE (connector, name)
);

CREATE TABLE run_profile (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    connector INTEGER NOT NULL REFERENCES connector(id) ON DELETE CASCADE,
    name TEXT NOT NULL COLLATE NOCASE,
    steps TEXT NOT NULL,
    UNIQUE (connector, name)
);

CREATE TABLE rule (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    connector INTEGER NOT NULL REFERENCES connector(id) ON DELETE CASCADE,
    precedence INTEGER NOT NULL UNIQUE,
    definition TEXT NOT NULL
);

CREATE TABLE cs_object (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    connector INTEGER NOT NULL,
    partition INTEGER,
    dn TEXT NOT NULL,
    dn_key TEXT NOT NULL,
    parent INTEGER,
    depth INTEGER NOT NULL,
    object_type TEXT,
    display_name TEXT NOT NULL DEFAULT '',
    anchor BLOB,
    transient INTEGER NOT NULL DEFAULT 0,
    mv INTEGER,
    connector_state INTEGER NOT NULL DEFAULT 0,
    link_rules BLOB NOT NULL DEFAULT x'',
    import_op INTEGER NOT NULL DEFAULT 0,
    export_op INTEGER NOT NULL DEFAULT 0,
    awaiting INTEGER NOT NULL DEFAULT 0,
    rebuild INTEGER NOT NULL DEFAULT 0,
    rename_retry INTEGER NOT NULL DEFAULT 0,
    reference_retry INTEGER NOT NULL DEFAULT 0,
    hash BLOB,
    generation INTEGER NOT NULL DEFAULT 0,
    hologram BLOB NOT NULL DEFAULT x'',
    pending_import BLOB NOT NULL DEFAULT x'',
    unconfirmed BLOB NOT NULL DEFAULT x'',
    escrowed BLOB NOT NULL DEFAULT x'',
    unapplied BLOB NOT NULL DEFAULT x'',
    import_error TEXT,
    export_error TEXT,
    disconnected INTEGER,
    created INTEGER NOT NULL,
    import_changed INTEGER,
    export_changed INTEGER
);
CREATE UNIQUE INDEX cs_object_dn ON cs_object (connector, dn_key);
CREATE UNIQUE INDEX cs_object_anchor ON cs_object (connector, anchor) WHERE anchor IS NOT NULL;
CREATE INDEX cs_object_mv ON cs_object (mv, connector) WHERE mv IS NOT NULL;
CREATE INDEX cs_object_parent ON cs_object (parent) WHERE parent IS NOT NULL;
CREATE INDEX cs_object_import ON cs_object (connector, import_op) WHERE import_op <> 0;
CREATE INDEX cs_object_export ON cs_object (connector, export_op) WHERE export_op <> 0;
CREATE INDEX cs_object_awaiting ON cs_object (connector) WHERE awaiting <> 0;
CREATE INDEX cs_object_escrowed ON cs_object (id) WHERE escrowed <> x'';
CREATE INDEX cs_object_retry ON cs_object (connector) WHERE rename_retry <> 0 OR reference_retry <> 0;
CREATE INDEX cs_object_import_error ON cs_object (connector) WHERE import_error IS NOT NULL;
CREATE INDEX cs_object_export_error ON cs_object (connector) WHERE export_error IS NOT NULL;
CREATE INDEX cs_object_disconnector ON cs_object (connector) WHERE mv IS NULL AND object_type IS NOT NULL;
CREATE INDEX cs_object_placeholder ON cs_object (connector) WHERE object_type IS NULL;
CREATE INDEX cs_object_partition ON cs_object (partition) WHERE partition IS NOT NULL;
CREATE INDEX cs_object_transient ON cs_object (connector) WHERE transient <> 0;

CREATE TABLE cs_reference (
    object INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    target INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    PRIMARY KEY (object, attribute, target, layer)
) WITHOUT ROWID;
CREATE INDEX cs_reference_target ON cs_reference (target, object);

CREATE TABLE mv_object (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    object_type TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    search_text TEXT NOT NULL DEFAULT '',
    image BLOB NOT NULL,
    lineage BLOB NOT NULL,
    reference_retry INTEGER NOT NULL DEFAULT 0,
    provisioning_retry INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
CREATE INDEX mv_object_type ON mv_object (object_type);
CREATE INDEX mv_object_reference_retry ON mv_object (id) WHERE reference_retry <> 0;
CREATE INDEX mv_object_provisioning_retry ON mv_object (id) WHERE provisioning_retry <> 0;

CREATE TABLE mv_reference (
    object INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    target INTEGER NOT NULL,
    PRIMARY KEY (object, attribute, target)
) WITHOUT ROWID;
CREATE INDEX mv_reference_target ON mv_reference (target, object);

-- space 0 is the metaverse, any other a connector.
CREATE TABLE join_key (
    space INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    value BLOB NOT NULL,
    object INTEGER NOT NULL,
    PRIMARY KEY (space, attribute, value, object)
) WITHOUT ROWID;
CREATE INDEX join_key_object ON join_key (space, object);

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    connector INTEGER NOT NULL,
    connector_name TEXT NOT NULL,
    profile TEXT NOT NULL,
    user TEXT NOT NULL,
    status TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    steps INTEGER NOT NULL
);
CREATE INDEX run_connector ON run (connector, id);

CREATE TABLE run_step (
    run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    step_type TEXT NOT NULL,
    partition TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    started INTEGER NOT NULL,
    ended INTEGER,
    counters TEXT NOT NULL DEFAULT '{}',
    connections TEXT NOT NULL DEFAULT '[]',
    warnings TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (run, number)
) WITHOUT ROWID;

CREATE TABLE run_object (
    run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    counter TEXT NOT NULL,
    object BLOB NOT NULL,
    dn TEXT NOT NULL,
    object_type TEXT NOT NULL
);
CREATE INDEX run_object_step ON run_object (run, step, counter);

CREATE TABLE run_error (
    run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    object BLOB,
    dn TEXT NOT NULL,
    error TEXT NOT NULL,
    first_occurred INTEGER NOT NULL,
    retry_count INTEGER NOT NULL
);
CREATE INDEX run_error_step ON run_error (run, step);
";

const VERSION_2: &str = "
-- What an imported server configuration said, for writing it back.
CREATE TABLE server_document (
    kind TEXT NOT NULL,
    guid BLOB NOT NULL,
    body TEXT NOT NULL,
    stored TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (kind, guid)
);
";

const VERSION_3: &str = "
-- Lineage begins with a byte that tells its form.
UPDATE cs_object SET link_rules = CAST(x'00' || link_rules AS BLOB) WHERE link_rules <> x'';
UPDATE mv_object SET lineage = CAST(x'00' || lineage AS BLOB) WHERE lineage <> x'';

-- Join keys are hashes. They are written anew when rules are next loaded.
DROP TABLE join_key;
CREATE TABLE join_key (
    space INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    object INTEGER NOT NULL,
    PRIMARY KEY (space, attribute, hash, object)
) WITHOUT ROWID;
CREATE INDEX join_key_object ON join_key (space, object);
DELETE FROM option WHERE name = 'join-key-attributes';

-- The objects behind a counter lie together, in the order in which they were counted.
ALTER TABLE run_object RENAME TO run_object_before;
CREATE TABLE run_object (
    run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    counter TEXT NOT NULL,
    number INTEGER NOT NULL,
    object BLOB NOT NULL,
    dn TEXT NOT NULL,
    object_type TEXT NOT NULL,
    PRIMARY KEY (run, step, counter, number)
) WITHOUT ROWID;
INSERT INTO run_object SELECT run, step, counter, rowid, object, dn, object_type FROM run_object_before;
DROP TABLE run_object_before;
";

const VERSION_4: &str = "
-- The next synchronization must look at everything about the object, not only at what is pending.
ALTER TABLE cs_object ADD COLUMN needs_full INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cs_object_needs_full ON cs_object (connector) WHERE needs_full <> 0;

-- Groups whose members rules ask for, with the attribute that holds them.
CREATE TABLE watched_group (
    connector INTEGER NOT NULL,
    dn_key TEXT NOT NULL,
    attribute INTEGER NOT NULL,
    PRIMARY KEY (connector, dn_key)
) WITHOUT ROWID;
";

const VERSION_5: &str = "
-- To what the members of a large group are joined is read from a narrow index, not from their rows.
CREATE INDEX cs_object_link ON cs_object (id, mv) WHERE mv IS NOT NULL;

-- Join keys stand in the order of their values, so what is synchronized together is written together; who changes or
-- removes an object knows its keys. They are written anew when rules are next loaded.
DROP TABLE join_key;
CREATE TABLE join_key (
    space INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    value BLOB NOT NULL,
    object INTEGER NOT NULL,
    PRIMARY KEY (space, attribute, value, object)
) WITHOUT ROWID;
DELETE FROM option WHERE name = 'join-key-attributes';
";

const VERSION_6: &str = "
-- What becomes of an object in its directory when nothing holds it any more.
ALTER TABLE connector ADD COLUMN deprovisioning TEXT NOT NULL DEFAULT 'delete-object';
";

const VERSION_7: &str = "
-- Changes of rules: who, when, and the rule before; none when the change made the rule.
CREATE TABLE rule_change (
    guid BLOB NOT NULL,
    number INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    user TEXT NOT NULL,
    configuration INTEGER NOT NULL,
    before TEXT,
    PRIMARY KEY (guid, number)
) WITHOUT ROWID;
";

const VERSION_8: &str = "
-- What an import has seen of exports and no synchronization has processed yet.
ALTER TABLE cs_object ADD COLUMN confirmed BLOB NOT NULL DEFAULT x'';
";

const VERSION_9: &str = "
-- Searches read this and no object: in the order of lists, with everything that is searched.
CREATE INDEX mv_object_search ON mv_object (display_name COLLATE NOCASE, id, object_type, search_text);
";

const VERSION_10: &str = "
-- What a run did to the objects behind its counters; it goes with the run.
CREATE TABLE run_change (
    run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    counter TEXT NOT NULL,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, step, counter, number)
) WITHOUT ROWID;
";

/// Brings the database to the newest version, in one transaction per version.
///
/// # Errors
/// [`StoreError::Newer`] when a newer program wrote it, [`StoreError::Sqlite`] when SQLite fails.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(StoreError::sqlite("reading the database version"))?;
    if found > NEWEST {
        return Err(StoreError::Newer { found, known: NEWEST });
    }
    for (version, statements) in (0i64..).zip(MIGRATIONS) {
        if version < found {
            continue;
        }
        let transaction = connection.transaction().map_err(StoreError::sqlite("beginning a migration"))?;
        transaction.execute_batch(statements).map_err(StoreError::sqlite("migrating the database"))?;
        transaction
            .pragma_update(None, "user_version", version + 1)
            .map_err(StoreError::sqlite("writing the database version"))?;
        transaction.commit().map_err(StoreError::sqlite("committing a migration"))?;
    }
    Ok(())
}

/// Databases of earlier versions.
#[cfg(test)]
pub(crate) mod earlier {
    use std::path::Path;

    use rusqlite::Connection;

    use super::MIGRATIONS;

    /// A database as a program of some version made it.
    pub(crate) fn made_by(version: usize, path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        for statements in &MIGRATIONS[..version] {
            connection.execute_batch(statements).unwrap();
        }
        connection.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
        connection
    }

    /// A database of version 2 with so many joined objects, a run, and what that version kept of join keys.
    pub(crate) fn version_2(objects: i64, path: &Path) {
        let old = made_by(2, path);
        // One rule of a link, one contribution, each number at its full length.
        let (rule, time) = (hex::encode(7i64.to_le_bytes()), hex::encode(1_700_000_000_000_000i64.to_le_bytes()));
        for number in 1..=objects {
            let object = hex::encode(number.to_le_bytes());
            let contribution = format!("{}{object}{rule}{time}", hex::encode(300u32.to_le_bytes()));
            old.execute_batch(&format!(
                "INSERT INTO cs_object (guid, connector, dn, dn_key, depth, created, mv, link_rules)
                    VALUES (x'{object}{object}', 1, 'CN=a{number}', 'cn=a{number}', 1, 0, {number}, x'{rule}0100{time}');
                 INSERT INTO mv_object (guid, object_type, image, lineage, created, changed)
                    VALUES (x'{object}{object}', 'person', x'01', x'{contribution}', 0, 0);
                 INSERT INTO join_key VALUES (0, 300, x'73', {number});"
            ))
            .unwrap();
        }
        old.execute_batch(
            "INSERT INTO option VALUES ('join-key-attributes', '300');
             INSERT INTO run VALUES (1, 1, 'a', 'b', 'c', 'success', 0, 0, 1);
             INSERT INTO run_object VALUES (1, 1, 'stage-add', zeroblob(16), 'CN=b', 'user'), (1, 1, 'stage-add', zeroblob(16), 'CN=a', 'user');",
        )
        .unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttributeId, ConnectorId, CsId, MvId, RuleId, RunId};
    use crate::store::{Database, connector_space, metaverse, search};

    #[test]
    fn a_database_of_every_version_gets_the_newest_shape() {
        let shape = |version| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("syncline.db");
            drop(earlier::made_by(version, &path));
            let database = Database::open(&path).unwrap();
            let reader = database.reader().unwrap();
            let found: i64 = reader.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
            assert_eq!(found, NEWEST, "version {version}");
            let mut statement =
                reader.prepare("SELECT name || ': ' || sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
            let shape: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            shape
        };
        let newest = shape(MIGRATIONS.len());
        assert!(newest.len() > 30);
        for version in 0..MIGRATIONS.len() {
            assert_eq!(shape(version), newest, "version {version}");
        }
    }

    #[test]
    fn a_database_of_version_2_keeps_lineage_and_history() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("syncline.db");
        earlier::version_2(1, &path);
        let database = Database::open(&path).unwrap();
        let reader = database.reader().unwrap();
        let object = connector_space::load_one(&reader, CsId(1)).unwrap().unwrap();
        assert_eq!((object.connector, object.link_rules.len(), object.link_rules[0].rule), (ConnectorId(1), 1, RuleId(7)));
        let identity = metaverse::load_one(&reader, MvId(1)).unwrap().unwrap();
        assert_eq!(identity.lineage.get(&AttributeId(300)).unwrap().object, CsId(1));
        assert_eq!(identity.lineage.get(&AttributeId(300)).unwrap().time, object.link_rules[0].applied);
        let (objects, total) = search::runs::objects(&reader, RunId(1), 1, &["stage-add".to_owned()], 0, 10).unwrap();
        let names: Vec<&str> = objects.iter().map(|row| row.record.dn.as_str()).collect();
        assert_eq!((names, total), (vec!["CN=b", "CN=a"], 2));
        // They are written anew by the next run.
        assert_eq!(crate::store::options::get(&reader, "join-key-attributes").unwrap(), None);
    }
}
