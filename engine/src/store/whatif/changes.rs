//! What a synchronization changed in a copy of the database.
//!
//! Triggers keep the first state of every row that is touched, so the comparison costs what changed and not
//! what there is. A row of a reference is kept with whether it was there before.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};
use uuid::Uuid;

use crate::model::{AttributeId, ConnectorId, CsId, MvId, ObjectOperation};
use crate::store::StoreError;
use crate::store::connector_space::{self, CsObject};
use crate::store::metaverse::{self, MvObject};
use crate::store::references::ReferenceLayer;
use crate::store::search::references::ReferenceLayers;
use crate::store::sql::{guid, integers};

/// Most values of one reference attribute that are named.
const MOST_NAMED: usize = 200;

// SQLite gives the number of the last row out again once that row is gone. A row that stays behind it keeps two
// objects from having one number.
const RESERVE: &str = "
INSERT INTO cs_object (guid, connector, dn, dn_key, depth, created) VALUES (zeroblob(16), -1, '', '', 0, 0);
INSERT INTO mv_object (guid, object_type, image, lineage, created, changed) VALUES (zeroblob(16), '', x'01', x'', 0, 0);
";

/// The statements that keep the first state of every row of `table`.
fn watch_objects(table: &str) -> String {
    let first = |event: &str, row: &str, state: &str| {
        format!(
            "CREATE TRIGGER before_{table}_{event} ON {table}
            WHEN NOT EXISTS (SELECT 1 FROM before_{table} WHERE id = {row}.id) BEGIN
                INSERT INTO before_{table} {state};
            END;\n"
        )
    };
    let row = format!("SELECT 1, * FROM {table} WHERE id = OLD.id");
    format!(
        "CREATE TABLE before_{table} AS SELECT 1 AS existed, * FROM {table} WHERE 0;
        CREATE UNIQUE INDEX before_{table}_id ON before_{table} (id);\n"
    ) + &first("insert AFTER INSERT", "NEW", "(existed, id) VALUES (0, NEW.id)")
        + &first("update BEFORE UPDATE", "OLD", &row)
        + &first("delete BEFORE DELETE", "OLD", &row)
}

// The statement that fires a trigger decides how conflicts inside it are solved, so the triggers never rely on
// `OR IGNORE`.
const WATCH: &str = "
CREATE INDEX before_cs_object_mv ON before_cs_object (mv) WHERE mv IS NOT NULL;

CREATE TABLE before_cs_reference (
    object INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    target INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    existed INTEGER NOT NULL,
    PRIMARY KEY (object, attribute, target, layer)
) WITHOUT ROWID;
CREATE TRIGGER before_cs_reference_insert BEFORE INSERT ON cs_reference
WHEN NOT EXISTS (SELECT 1 FROM before_cs_reference WHERE object = NEW.object AND attribute = NEW.attribute
    AND target = NEW.target AND layer = NEW.layer) BEGIN
    INSERT INTO before_cs_reference SELECT NEW.object, NEW.attribute, NEW.target, NEW.layer, EXISTS (
        SELECT 1 FROM cs_reference WHERE object = NEW.object AND attribute = NEW.attribute AND target = NEW.target
        AND layer = NEW.layer);
END;
CREATE TRIGGER before_cs_reference_leave BEFORE UPDATE ON cs_reference
WHEN NOT EXISTS (SELECT 1 FROM before_cs_reference WHERE object = OLD.object AND attribute = OLD.attribute
    AND target = OLD.target AND layer = OLD.layer) BEGIN
    INSERT INTO before_cs_reference VALUES (OLD.object, OLD.attribute, OLD.target, OLD.layer, 1);
END;
CREATE TRIGGER before_cs_reference_arrive BEFORE UPDATE ON cs_reference
WHEN NOT EXISTS (SELECT 1 FROM before_cs_reference WHERE object = NEW.object AND attribute = NEW.attribute
    AND target = NEW.target AND layer = NEW.layer) BEGIN
    INSERT INTO before_cs_reference SELECT NEW.object, NEW.attribute, NEW.target, NEW.layer, EXISTS (
        SELECT 1 FROM cs_reference WHERE object = NEW.object AND attribute = NEW.attribute AND target = NEW.target
        AND layer = NEW.layer);
END;
CREATE TRIGGER before_cs_reference_delete BEFORE DELETE ON cs_reference
WHEN NOT EXISTS (SELECT 1 FROM before_cs_reference WHERE object = OLD.object AND attribute = OLD.attribute
    AND target = OLD.target AND layer = OLD.layer) BEGIN
    INSERT INTO before_cs_reference VALUES (OLD.object, OLD.attribute, OLD.target, OLD.layer, 1);
END;

CREATE TABLE before_mv_reference (
    object INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    target INTEGER NOT NULL,
    existed INTEGER NOT NULL,
    PRIMARY KEY (object, attribute, target)
) WITHOUT ROWID;
CREATE TRIGGER before_mv_reference_insert BEFORE INSERT ON mv_reference
WHEN NOT EXISTS (SELECT 1 FROM before_mv_reference WHERE object = NEW.object AND attribute = NEW.attribute
    AND target = NEW.target) BEGIN
    INSERT INTO before_mv_reference SELECT NEW.object, NEW.attribute, NEW.target, EXISTS (
        SELECT 1 FROM mv_reference WHERE object = NEW.object AND attribute = NEW.attribute AND target = NEW.target);
END;
CREATE TRIGGER before_mv_reference_delete BEFORE DELETE ON mv_reference
WHEN NOT EXISTS (SELECT 1 FROM before_mv_reference WHERE object = OLD.object AND attribute = OLD.attribute
    AND target = OLD.target) BEGIN
    INSERT INTO before_mv_reference VALUES (OLD.object, OLD.attribute, OLD.target, 1);
END;
";

/// From now on the copy keeps what everything looked like before it is changed.
///
/// # Errors
/// [`StoreError`] when the copy cannot be written.
pub fn watch(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let failed = StoreError::sqlite("watching a copy of the database");
    transaction.execute_batch(RESERVE).map_err(&failed)?;
    for table in ["cs_object", "mv_object"] {
        transaction.execute_batch(&watch_objects(table)).map_err(&failed)?;
    }
    transaction.execute_batch(WATCH).map_err(failed)
}

/// The first values of a set, and their number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample<T> {
    /// At most 200 of them.
    pub first: Vec<T>,
    /// All of them.
    pub count: u64,
}

impl<T> Default for Sample<T> {
    fn default() -> Self {
        Self { first: Vec::new(), count: 0 }
    }
}

impl<T> Sample<T> {
    /// Adds a value; beyond the first 200 it is only counted.
    pub fn add(&mut self, value: T) {
        self.count += 1;
        if self.first.len() < MOST_NAMED {
            self.first.push(value);
        }
    }
}

/// The change of a reference attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceChange<T> {
    /// Targets that come.
    pub adds: Sample<T>,
    /// Targets that go.
    pub deletes: Sample<T>,
}

impl<T> Default for ReferenceChange<T> {
    fn default() -> Self {
        Self { adds: Sample::default(), deletes: Sample::default() }
    }
}

/// A connector space object that was touched.
#[derive(Clone, Debug)]
pub struct CsChange {
    /// As it was; without references.
    pub before: Option<CsObject>,
    /// As it is; without references.
    pub after: Option<CsObject>,
    /// The reference attributes whose expected values changed.
    pub references: BTreeMap<AttributeId, ReferenceChange<CsId>>,
}

/// A metaverse object that was touched.
#[derive(Clone, Debug)]
pub struct MvChange {
    /// As it was, with its display name; without references.
    pub before: Option<(MvObject, String)>,
    /// As it is, with its display name; without references.
    pub after: Option<(MvObject, String)>,
    /// The reference attributes that changed.
    pub references: BTreeMap<AttributeId, ReferenceChange<MvId>>,
}

/// Connector space objects that were touched, in the order of their numbers: at most `limit` after `after`.
///
/// # Errors
/// [`StoreError`] when the copy cannot be read.
pub fn cs_changes(connection: &Connection, after: CsId, limit: usize) -> Result<Vec<(CsId, CsChange)>, StoreError> {
    let touched = touched(connection, "before_cs_object", after.0, limit)?;
    let ids: Vec<CsId> = touched.iter().map(|(id, _)| CsId(*id)).collect();
    let existed: Vec<CsId> = touched.iter().filter(|(_, existed)| *existed).map(|(id, _)| CsId(*id)).collect();
    let mut before = by_id(connector_space::load_rows(connection, "before_cs_object", &existed)?, |object| object.id);
    let mut after = by_id(connector_space::load_rows(connection, "cs_object", &ids)?, |object| object.id);
    let mut references = cs_references(connection, &ids)?;
    let change = |id: CsId| {
        let references = references.remove(&id).unwrap_or_default();
        (id, CsChange { before: before.remove(&id), after: after.remove(&id), references })
    };
    Ok(ids.into_iter().map(change).collect())
}

/// Metaverse objects that were touched, in the order of their numbers: at most `limit` after `after`.
///
/// # Errors
/// [`StoreError`] when the copy cannot be read.
pub fn mv_changes(connection: &Connection, after: MvId, limit: usize) -> Result<Vec<(MvId, MvChange)>, StoreError> {
    let touched = touched(connection, "before_mv_object", after.0, limit)?;
    let ids: Vec<MvId> = touched.iter().map(|(id, _)| MvId(*id)).collect();
    let existed: Vec<MvId> = touched.iter().filter(|(_, existed)| *existed).map(|(id, _)| MvId(*id)).collect();
    let names = |table, ids: &[MvId]| -> Result<BTreeMap<MvId, String>, StoreError> {
        texts(connection, &format!("SELECT id, display_name FROM {table} WHERE id IN rarray(?1)"), ids.iter().map(|id| id.0))
            .map(|names| names.into_iter().map(|(id, name)| (MvId(id), name)).collect())
    };
    let (mut old_names, mut new_names) = (names("before_mv_object", &existed)?, names("mv_object", &ids)?);
    let mut before = by_id(metaverse::load_rows(connection, "before_mv_object", &existed)?, |object| object.id);
    let mut after = by_id(metaverse::load_rows(connection, "mv_object", &ids)?, |object| object.id);
    let mut references = mv_references(connection, &ids)?;
    let change = |id: MvId| {
        let change = MvChange {
            before: before.remove(&id).map(|object| (object, old_names.remove(&id).unwrap_or_default())),
            after: after.remove(&id).map(|object| (object, new_names.remove(&id).unwrap_or_default())),
            references: references.remove(&id).unwrap_or_default(),
        };
        (id, change)
    };
    Ok(ids.into_iter().map(change).collect())
}

fn by_id<K: Ord, T>(objects: Vec<T>, id: impl Fn(&T) -> K) -> BTreeMap<K, T> {
    objects.into_iter().map(|object| (id(&object), object)).collect()
}

fn touched(connection: &Connection, table: &'static str, after: i64, limit: usize) -> Result<Vec<(i64, bool)>, StoreError> {
    let failed = StoreError::sqlite("reading what changed");
    let mut statement = connection
        .prepare_cached(&format!("SELECT id, existed FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2"))
        .map_err(&failed)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((after, limit), |row| Ok((row.get(0)?, row.get(1)?))).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

type References<T, O> = BTreeMap<O, BTreeMap<AttributeId, ReferenceChange<T>>>;

/// The reference values that come and go in the expected view. Values are told in order and not kept, so that
/// a group of any size costs no memory.
fn cs_references(connection: &Connection, ids: &[CsId]) -> Result<References<CsId, CsId>, StoreError> {
    let failed = StoreError::sqlite("reading what changed");
    let mut statement = connection
        .prepare_cached(
            "WITH touched AS (SELECT DISTINCT object, attribute, target FROM before_cs_reference WHERE object IN rarray(?1))
             SELECT object, attribute, target, now.layer, 1, coalesce((
                SELECT existed FROM before_cs_reference AS kept WHERE kept.object = now.object
                AND kept.attribute = now.attribute AND kept.target = now.target AND kept.layer = now.layer), 1)
             FROM touched JOIN cs_reference AS now USING (object, attribute, target)
             UNION ALL
             SELECT object, attribute, target, layer, 0, existed FROM before_cs_reference WHERE object IN rarray(?1)
             ORDER BY 1, 2, 3",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.iter().map(|id| id.0))]).map_err(&failed)?;
    let mut found: References<CsId, CsId> = BTreeMap::new();
    let mut open: Option<((i64, u32, i64), ReferenceLayers, ReferenceLayers)> = None;
    let mut tell = |((object, attribute, target), old, new): ((i64, u32, i64), ReferenceLayers, ReferenceLayers)| {
        let top = ReferenceLayer::UnappliedDelete;
        let (old, new) = (old.holds_up_to(top), new.holds_up_to(top));
        if old != new {
            let change = found.entry(CsId(object)).or_default().entry(AttributeId(attribute)).or_default();
            if new { change.adds.add(CsId(target)) } else { change.deletes.add(CsId(target)) }
        }
    };
    while let Some(row) = rows.next().map_err(&failed)? {
        let key = (row.get(0).map_err(&failed)?, row.get(1).map_err(&failed)?, row.get(2).map_err(&failed)?);
        let (mut old, mut new) = match open.take() {
            Some((known, old, new)) if known == key => (old, new),
            Some(done) => {
                tell(done);
                Default::default()
            }
            None => Default::default(),
        };
        let layer: i64 = row.get(3).map_err(&failed)?;
        if row.get(4).map_err(&failed)? {
            new.add(layer)?;
        }
        if row.get(5).map_err(&failed)? {
            old.add(layer)?;
        }
        open = Some((key, old, new));
    }
    if let Some(done) = open {
        tell(done);
    }
    Ok(found)
}

fn mv_references(connection: &Connection, ids: &[MvId]) -> Result<References<MvId, MvId>, StoreError> {
    let failed = StoreError::sqlite("reading what changed");
    let mut statement = connection
        .prepare_cached(
            "SELECT object, attribute, target, existed, EXISTS (SELECT 1 FROM mv_reference AS now WHERE now.object = kept.object
                AND now.attribute = kept.attribute AND now.target = kept.target)
             FROM before_mv_reference AS kept WHERE object IN rarray(?1) ORDER BY object, attribute, target",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.iter().map(|id| id.0))]).map_err(&failed)?;
    let mut found: References<MvId, MvId> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let (existed, exists): (bool, bool) = (row.get(3).map_err(&failed)?, row.get(4).map_err(&failed)?);
        if existed != exists {
            let object = MvId(row.get(0).map_err(&failed)?);
            let change = found.entry(object).or_default().entry(AttributeId(row.get(1).map_err(&failed)?)).or_default();
            let target = MvId(row.get(2).map_err(&failed)?);
            if exists { change.adds.add(target) } else { change.deletes.add(target) }
        }
    }
    Ok(found)
}

/// Those of some metaverse objects that are new.
///
/// # Errors
/// [`StoreError`] when the copy cannot be read.
pub fn created(connection: &Connection, ids: &[MvId]) -> Result<BTreeSet<MvId>, StoreError> {
    let failed = StoreError::sqlite("reading what changed");
    let mut statement =
        connection.prepare_cached("SELECT id FROM before_mv_object WHERE NOT existed AND id IN rarray(?1)").map_err(&failed)?;
    let rows = statement.query_map([&integers(ids.iter().map(|id| id.0))], |row| row.get(0).map(MvId)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// DNs and display names of connector space objects, those too that are gone.
///
/// # Errors
/// [`StoreError`] when the copy cannot be read.
pub fn cs_names(
    connection: &Connection,
    ids: impl IntoIterator<Item = CsId>,
) -> Result<BTreeMap<CsId, (String, String)>, StoreError> {
    let failed = StoreError::sqlite("reading names");
    let mut statement = connection
        .prepare_cached(
            "SELECT id, dn, display_name FROM before_cs_object WHERE id IN rarray(?1) AND existed
             UNION ALL SELECT id, dn, display_name FROM cs_object WHERE id IN rarray(?1)",
        )
        .map_err(&failed)?;
    let rows = statement
        .query_map([&integers(ids.into_iter().map(|id| id.0))], |row| Ok((CsId(row.get(0)?), (row.get(1)?, row.get(2)?))))
        .map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Display names of metaverse objects, those too that are gone; one that has none is named by its GUID.
///
/// # Errors
/// [`StoreError`] when the copy cannot be read.
pub fn mv_names(connection: &Connection, ids: impl IntoIterator<Item = MvId>) -> Result<BTreeMap<MvId, String>, StoreError> {
    let failed = StoreError::sqlite("reading names");
    let mut statement = connection
        .prepare_cached(
            "SELECT id, display_name, guid FROM before_mv_object WHERE id IN rarray(?1) AND existed
             UNION ALL SELECT id, display_name, guid FROM mv_object WHERE id IN rarray(?1)",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.into_iter().map(|id| id.0))]).map_err(&failed)?;
    let mut names = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let name: String = row.get(1).map_err(&failed)?;
        let identifier: Uuid = guid(&row.get::<_, Vec<u8>>(2).map_err(&failed)?)?;
        names.insert(MvId(row.get(0).map_err(&failed)?), if name.is_empty() { identifier.to_string() } else { name });
    }
    Ok(names)
}

fn texts(connection: &Connection, sql: &str, ids: impl IntoIterator<Item = i64>) -> Result<BTreeMap<i64, String>, StoreError> {
    let failed = StoreError::sqlite("reading names");
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let rows = statement.query_map([&integers(ids)], |row| Ok((row.get(0)?, row.get(1)?))).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// The touched objects that were joined to metaverse objects before, in order of connector, then name.
///
/// # Errors
/// [`StoreError`] when the copy cannot be read.
pub fn links_before(connection: &Connection, ids: &[MvId]) -> Result<BTreeMap<MvId, Vec<CsId>>, StoreError> {
    let failed = StoreError::sqlite("reading links");
    let mut statement = connection
        .prepare_cached("SELECT mv, id FROM before_cs_object WHERE existed AND mv IN rarray(?1) ORDER BY mv, connector, dn_key")
        .map_err(&failed)?;
    let mut rows = statement.query([&integers(ids.iter().map(|id| id.0))]).map_err(&failed)?;
    let mut found: BTreeMap<MvId, Vec<CsId>> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        found.entry(MvId(row.get(0).map_err(&failed)?)).or_default().push(CsId(row.get(1).map_err(&failed)?));
    }
    Ok(found)
}

/// Objects as they were, without references; those that were not touched or are new are left out.
///
/// # Errors
/// [`StoreError`] when the copy cannot be read.
pub fn objects_before(connection: &Connection, ids: &[CsId]) -> Result<Vec<CsObject>, StoreError> {
    connector_space::load_rows(connection, "before_cs_object", ids)
}

/// Objects with a pending export, by operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportCounts {
    /// Adds.
    pub adds: u64,
    /// Updates.
    pub updates: u64,
    /// Deletes.
    pub deletes: u64,
    /// Deletes of objects that are made anew as another type.
    pub delete_adds: u64,
}

/// Objects with a pending export, by connector. Placeholders and transient objects are never exported.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub fn export_counts(connection: &Connection) -> Result<BTreeMap<ConnectorId, ExportCounts>, StoreError> {
    let failed = StoreError::sqlite("counting pending exports");
    let mut statement = connection
        .prepare_cached(
            "SELECT connector, export_op, count(*) FROM cs_object WHERE export_op <> 0 AND transient = 0 AND object_type IS NOT NULL
             GROUP BY connector, export_op ORDER BY connector, export_op",
        )
        .map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    let mut counts: BTreeMap<ConnectorId, ExportCounts> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let known = counts.entry(ConnectorId(row.get(0).map_err(&failed)?)).or_default();
        let number = row.get::<_, i64>(2).map_err(&failed)?.unsigned_abs();
        match ObjectOperation::from_code(row.get(1).map_err(&failed)?) {
            ObjectOperation::Add => known.adds += number,
            ObjectOperation::Update => known.updates += number,
            ObjectOperation::Delete => known.deletes += number,
            ObjectOperation::DeleteAdd => known.delete_adds += number,
            ObjectOperation::None => {}
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttributeId, Dn, Image, Value};
    use crate::store::Database;
    use crate::store::references;

    const MEMBER: AttributeId = AttributeId(7);

    fn object(name: &str, number: u128) -> CsObject {
        let dn = Dn::parse(&format!("CN={name}")).unwrap();
        let mut object = CsObject::new(Uuid::from_u128(number), ConnectorId(1), &dn, jiff::Timestamp::UNIX_EPOCH);
        object.object_type = Some("user".to_owned());
        object
    }

    fn database() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_scratch(&folder.path().join("copy.db")).unwrap();
        (folder, database)
    }

    /// The reference changes of an object as `+target` and `-target`.
    fn told(connection: &Connection, id: CsId) -> Vec<String> {
        let changes = cs_references(connection, &[id]).unwrap();
        let sample = |sign: &str, sample: &Sample<CsId>| -> Vec<String> {
            assert_eq!(sample.first.len() as u64, sample.count);
            sample.first.iter().map(|target| format!("{sign}{target}")).collect()
        };
        changes
            .get(&id)
            .and_then(|attributes| attributes.get(&MEMBER))
            .map(|change| [sample("+", &change.adds), sample("-", &change.deletes)].concat())
            .unwrap_or_default()
    }

    #[test]
    fn the_first_state_of_a_row_is_kept() {
        let (_folder, database) = database();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        let mut kept = object("kept", 1);
        let mut gone = object("gone", 2);
        connector_space::insert(&transaction, &mut kept, "Kept").unwrap();
        connector_space::insert(&transaction, &mut gone, "Gone").unwrap();
        watch(&transaction).unwrap();
        assert_eq!(cs_changes(&transaction, CsId(0), 10).unwrap().len(), 0);
        for text in ["one", "two"] {
            kept.hologram.set_one(AttributeId(3), Value::text(text));
            connector_space::update(&transaction, &kept, "Kept").unwrap();
        }
        connector_space::remove(&transaction, gone.connector, gone.id, &[]).unwrap();
        let mut new = object("new", 3);
        connector_space::insert(&transaction, &mut new, "New").unwrap();
        assert!(new.id > gone.id, "the number of a removed object is not given out again");
        let changes = cs_changes(&transaction, CsId(0), 10).unwrap();
        let shown: Vec<(i64, bool, bool)> =
            changes.iter().map(|(id, change)| (id.0, change.before.is_some(), change.after.is_some())).collect();
        assert_eq!(shown, [(kept.id.0, true, true), (gone.id.0, true, false), (new.id.0, false, true)]);
        let (_, change) = &changes[0];
        assert_eq!(change.before.as_ref().unwrap().hologram, Image::new());
        assert_eq!(change.after.as_ref().unwrap().hologram, kept.hologram);
        // A page at a time.
        assert_eq!(cs_changes(&transaction, CsId(0), 1).unwrap().len(), 1);
        assert_eq!(cs_changes(&transaction, kept.id, 10).unwrap().len(), 2);
        let names = cs_names(&transaction, [gone.id, new.id]).unwrap();
        assert_eq!(names[&gone.id], ("CN=gone".to_owned(), "Gone".to_owned()));
        assert_eq!(names[&new.id].0, "CN=new");
    }

    #[test]
    fn references_are_told_by_what_they_come_to() {
        use ReferenceLayer::{Hologram, ImportAdd, ImportDelete, UnappliedAdd, UnappliedDelete, UnconfirmedAdd};
        let (_folder, database) = database();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        let group = CsId(1);
        let add = |target: i64, layer| references::add(&transaction, group, MEMBER, CsId(target), layer).unwrap();
        // 10 stays, 11 goes with an import, 12 comes with one, 13 was sent, 14 is staged to go.
        for (target, layer) in [
            (10, Hologram),
            (11, Hologram),
            (11, ImportDelete),
            (12, ImportAdd),
            (13, UnconfirmedAdd),
            (14, Hologram),
            (14, UnappliedDelete),
        ] {
            add(target, layer);
        }
        watch(&transaction).unwrap();
        // An import that becomes the hologram changes nothing of what is expected.
        references::commit_import(&transaction, group).unwrap();
        assert_eq!(told(&transaction, group), Vec::<String>::new());
        // What is staged anew: 15 comes, 10 goes, 14 stays after all.
        references::clear_layer(&transaction, group, UnappliedDelete).unwrap();
        add(15, UnappliedAdd);
        add(10, UnappliedDelete);
        assert_eq!(told(&transaction, group), ["+14", "+15", "-10"]);
        // Withdrawn and staged again, it is as if nothing had happened in between.
        references::clear_layer(&transaction, group, UnappliedAdd).unwrap();
        assert_eq!(told(&transaction, group), ["+14", "-10"]);
        add(15, UnappliedAdd);
        add(15, UnappliedAdd);
        assert_eq!(told(&transaction, group), ["+14", "+15", "-10"]);
        // A row that is moved onto one that is there replaces it.
        add(13, Hologram);
        references::move_layer(&transaction, group, UnconfirmedAdd, Hologram).unwrap();
        assert_eq!(told(&transaction, group), ["+14", "+15", "-10"]);
    }

    #[test]
    fn exports_are_counted_by_connector_and_operation() {
        let (_folder, database) = database();
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        let operations = [
            ObjectOperation::Add,
            ObjectOperation::Update,
            ObjectOperation::Delete,
            ObjectOperation::DeleteAdd,
            ObjectOperation::Delete,
        ];
        for (number, operation) in (1u128..).zip(operations) {
            let mut staged = object(&number.to_string(), number);
            staged.unapplied = crate::model::Delta { operation, ..crate::model::Delta::none() };
            connector_space::insert(&transaction, &mut staged, "").unwrap();
        }
        let counts = export_counts(&transaction).unwrap();
        let expected = ExportCounts { adds: 1, updates: 1, deletes: 2, delete_adds: 1 };
        assert_eq!(counts, BTreeMap::from([(ConnectorId(1), expected)]));
    }
}
