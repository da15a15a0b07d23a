use super::visit::visit_sql;
use super::*;
use crate::model::AttributeChange;
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

#[test]
fn the_values_of_one_attribute_are_those_of_the_view() {
    let texts = |texts: &[&str]| -> Values { texts.iter().map(Value::text).collect() };
    let ids: Vec<AttributeId> = (1..6).map(AttributeId).collect();
    let delta = |operation, changes: Vec<(usize, AttributeChange)>| Delta {
        operation,
        changes: changes.into_iter().map(|(place, change)| (ids[place], change)).collect(),
        ..Delta::none()
    };
    let dn = crate::model::Dn::parse("CN=a").unwrap();
    let mut object = CsObject::new(Uuid::nil(), ConnectorId(1), &dn, Timestamp::UNIX_EPOCH);
    object.hologram = [(ids[0], texts(&["a"])), (ids[1], texts(&["b", "c"])), (ids[2], texts(&["d"]))].into_iter().collect();
    object.unconfirmed = delta(
        ObjectOperation::Update,
        vec![(1, AttributeChange::Update { adds: texts(&["e"]), deletes: texts(&["b"]) }), (2, AttributeChange::Delete)],
    );
    object.unapplied = delta(ObjectOperation::Update, vec![(0, AttributeChange::Replace(texts(&["f", "f"])))]);
    let row = |attribute, target, layer| CsReference { attribute, target: CsId(target), layer, target_mv: None, name: None };
    object.references = vec![
        row(ids[3], 1, ReferenceLayer::Hologram),
        row(ids[3], 2, ReferenceLayer::Hologram),
        row(ids[3], 2, ReferenceLayer::EscrowedDelete),
        row(ids[3], 3, ReferenceLayer::UnappliedAdd),
    ];
    for operation in [ObjectOperation::None, ObjectOperation::Add, ObjectOperation::DeleteAdd, ObjectOperation::Delete] {
        object.pending_import = delta(operation, vec![(4, AttributeChange::Add(texts(&["g"])))]);
        for view in [TowerView::Imported, TowerView::Escrowed, TowerView::Expected] {
            for id in &ids {
                assert_eq!(object.values(view, *id).as_slice(), object.view(view).get(*id), "{operation:?} {view:?} {id:?}");
            }
        }
    }
    object.pending_import = Delta::none();
    let members = object.values(TowerView::Expected, ids[3]);
    assert_eq!(members.as_slice(), [Value::Reference(1), Value::Reference(3)]);
}
