//! Joins and disconnections on trial, and the lineage graph, on the sample forest.

use super::*;
use crate::rules::Direction;
use crate::setup::demo;

fn synchronized() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let engine = demo::prepare(&folder.path().join("data"), EngineOptions::default()).unwrap();
    engine.start_cycle(CyclePolicy::Initial).unwrap().wait().unwrap();
    (folder, engine)
}

#[test]
fn a_disconnection_is_told_before_it_is_made_and_the_graph_shows_what_flows() {
    let (_folder, engine) = synchronized();
    let people =
        engine.search_metaverse(&MvSearch { object_type: Some("person".into()), limit: 500, ..MvSearch::default() }).unwrap();
    let person = people.rows.iter().find(|hit| hit.connectors == 2).unwrap();
    let graph = engine.lineage_graph(person.guid).unwrap();
    let of = |direction| graph.edges.iter().filter(move |edge| edge.direction == direction);
    let gives = |edge: &&LineageEdgeView| edge.flows.iter().any(|flow| flow.target == "displayName");
    let common = of(Direction::Inbound).find(gives).unwrap();
    let name = common.flows.iter().find(|flow| flow.target == "displayName").unwrap();
    assert_eq!((name.value.as_str(), name.count), (person.display_name.as_str(), 1));
    let out = of(Direction::Outbound).find(|edge| edge.flows.iter().any(|flow| flow.target == "displayName")).unwrap();
    assert!(out.flows.iter().any(|flow| flow.target == "displayName" && flow.value == person.display_name));
    assert_ne!(out.object, common.object);
    // Every value of the metaverse object has an edge that gave it.
    let given: usize = of(Direction::Inbound).map(|edge| edge.flows.len()).sum();
    assert_eq!(given as u64, graph.attributes);

    let view = engine.mv_object(person.guid).unwrap();
    let source = view.connector_details.iter().find(|joined| joined.hit.guid == common.object).unwrap();
    let told = engine.preview_disconnection(source.hit.guid, true).unwrap();
    assert!(told.deletion.deleted && !told.committed, "{:?}", told.deletion);
    assert!(told.changes.iter().any(|change| change.guid == out.object), "its object in the tenant goes too");
    assert!(engine.mv_object(person.guid).is_ok(), "nothing is written");
    let joined = engine.preview_join(source.hit.guid, person.guid).unwrap_err().to_string();
    assert!(joined.contains("is joined already"));
    engine.disconnect_object(source.hit.guid, true).unwrap();
    assert!(engine.mv_object(person.guid).is_err(), "it came as it was told");

    let other = people.rows.iter().find(|hit| hit.connectors == 2 && hit.guid != person.guid).unwrap();
    let told = engine.preview_join(source.hit.guid, other.guid).unwrap();
    let ambiguous = told.error.map(|error| error.code.to_string());
    assert_eq!(ambiguous.as_deref(), Some("ambiguous-import-flow-from-multiple-connectors"));
    let nobody = engine.preview_join(source.hit.guid, uuid::Uuid::nil()).unwrap_err();
    assert!(matches!(nobody, EngineError::UnknownObject { space: "metaverse", .. }));
    assert!(engine.lineage_graph(uuid::Uuid::nil()).is_err());
    engine.shutdown();
}
