//! The sample forest under the rules of a real server, and under our own: the same metaverse and the same pending
//! exports, object by object.
//!
//! The server was exported with other choices than the demo makes: users matched by objectSid, Exchange hybrid and devices
//! on. Our rules are composed with the same choices. What then differs is only what the tenant gives out by chance: cloud
//! anchors, and the name of its own administrator.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::pilot;
use crate::model::{FixedClock, SequentialIds};
use crate::rules::{SyncRule, UserMatch};
use crate::service::queries::{self, QueryContext};
use crate::service::{CsScope, CsSearch, CyclePolicy, Engine, EngineOptions, ImportOptions, LayerView, MvSearch, ValueView};
use crate::setup::{self, RuleChoices, demo};
use crate::store::configuration;

const FOREST: &str = "contoso.com";
const TENANT: &str = "contoso.onmicrosoft.com - AAD";
/// More objects than the sample has.
const ALL: u64 = 10_000;

fn sample(folder: &std::path::Path) -> Engine {
    let options = EngineOptions {
        clock: Arc::new(FixedClock("2026-01-05T10:00:00Z".parse().unwrap())),
        ids: Arc::new(SequentialIds::default()),
        ..EngineOptions::default()
    };
    demo::prepare(folder, options).unwrap()
}

fn with_our_rules(folder: &std::path::Path) -> Engine {
    let engine = sample(folder);
    let choices =
        RuleChoices { user_match: UserMatch::ObjectSid, hybrid_exchange: true, device_write_up: true, ..RuleChoices::default() };
    {
        let mut writer = engine.database().writer();
        let transaction = writer.transaction().unwrap();
        choices.save(&transaction).unwrap();
        transaction.commit().unwrap();
    }
    setup::apply_default_rules(engine.database(), engine.ids()).unwrap();
    engine
}

fn with_imported_rules(folder: &std::path::Path) -> Engine {
    let engine = sample(folder);
    let mappings = vec![(FOREST.to_owned(), FOREST.to_owned()), (TENANT.to_owned(), TENANT.to_owned())];
    let options = ImportOptions { mappings, dry_run: false, replace_rules: true };
    let report = engine.import_server_configuration(&pilot(), &options).unwrap();
    assert_eq!((report.rules.as_shipped, report.rules.switched_off), (62, 0), "{report:#?}");
    assert_eq!((report.rules.created, report.rules.removed), (14, 0), "hybrid and device rules come in addition");
    engine
}

fn run(engine: &Engine, connector: &str, profile: &str) {
    let run = engine.start_run(connector, profile).unwrap().wait().unwrap();
    assert_eq!(run.summary.status, "success", "{connector} {profile}: {run:#?}");
}

/// Everything that synchronization made, without numbers and identifiers that are given out anew each time: objects are
/// named by their DNs.
#[derive(Debug, Default, PartialEq)]
struct Picture {
    /// Metaverse objects by the DNs of the objects joined to them: type, attributes with contributor and rule.
    metaverse: BTreeMap<String, (String, BTreeMap<String, String>)>,
    /// Pending exports by connector and DN: operation and changes.
    pending: BTreeMap<(String, String), (String, BTreeMap<String, String>)>,
    /// Connector space objects by connector and DN: state, links with their rules, attributes, errors.
    objects: BTreeMap<(String, String), Vec<String>>,
}

fn texts(values: &[ValueView], count: u64, names: &BTreeMap<Uuid, String>) -> String {
    assert_eq!(values.len() as u64, count, "a value is not shown");
    let mut texts: Vec<String> = values
        .iter()
        .map(|value| {
            let named = value.mv_target.and_then(|target| names.get(&target)).unwrap_or(&value.text);
            format!("{} {named}", value.change.as_deref().unwrap_or_default())
        })
        .collect();
    texts.sort();
    texts.join(" | ")
}

fn layer(layer: &LayerView, anchors: &dyn Fn(&str) -> bool) -> (String, BTreeMap<String, String>) {
    let names = BTreeMap::new();
    let attributes = layer.attributes.iter().filter(|attribute| !anchors(&attribute.name)).map(|attribute| {
        let (old, new) = (texts(&attribute.old, attribute.old_count, &names), texts(&attribute.new, attribute.new_count, &names));
        (attribute.name.clone(), format!("{}: {old} -> {new} by {:?}", attribute.change, attribute.rule))
    });
    (format!("{:?} {:?}", layer.operation, layer.new_dn), attributes.collect())
}

/// The tenant gives these out; nothing in a rule decides them.
fn given_by_tenant(attribute: &str) -> bool {
    attribute == "cloudAnchor"
}

/// The name of an object; the tenant's own users are named by chance.
fn name_of(dn: &str) -> String {
    let digits = dn.strip_prefix("CN={").and_then(|rest| rest.strip_suffix('}'));
    let decoded = digits.and_then(|digits| hex::decode(digits).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|name| name.split_once('_')) {
        Some((kind, guid)) if Uuid::try_parse(guid).is_ok() => format!("{kind} of the tenant itself"),
        _ => dn.to_owned(),
    }
}

fn picture(engine: &Engine) -> Picture {
    let mut picture = Picture::default();
    // One context for all questions: it is loaded once instead of for every object.
    let reader = engine.database().reader().unwrap();
    let context = QueryContext::load(&reader).unwrap();
    let mut names = BTreeMap::new();
    let hits = engine.search_metaverse(&MvSearch { limit: ALL, ..MvSearch::default() }).unwrap();
    let views: Vec<_> = hits.rows.iter().map(|hit| queries::metaverse::object(&reader, &context, hit.guid).unwrap()).collect();
    for view in &views {
        let joined: Vec<&str> = view.connector_details.iter().map(|joined| joined.hit.dn.as_str()).collect();
        names.insert(view.hit.guid, joined.join(" + "));
    }
    for view in &views {
        let attributes = view.attribute_details.iter().filter(|attribute| !given_by_tenant(&attribute.name)).map(|attribute| {
            let values = texts(&attribute.values, attribute.count, &names);
            (attribute.name.clone(), format!("{values} from {} by {}", attribute.connector, attribute.rule))
        });
        let known = picture.metaverse.insert(names[&view.hit.guid].clone(), (view.hit.object_type.clone(), attributes.collect()));
        assert_eq!(known, None, "two objects with one name");
    }
    for connector in engine.connectors().unwrap() {
        let search = CsSearch { connector: connector.id, scope: CsScope::All, text: String::new(), offset: 0, limit: ALL };
        for hit in engine.search_connector_space(&search).unwrap().rows {
            let view = queries::connector_space::object(&reader, &context, hit.guid).unwrap();
            let key = (connector.name.clone(), name_of(&view.dn));
            if let Some(pending) = &view.pending_export {
                picture.pending.insert(key.clone(), layer(pending, &given_by_tenant));
            }
            let mut facts = vec![format!("{} {}", view.object_type, view.state)];
            facts.extend(view.lineage.iter().map(|link| format!("{} {} {}", link.direction, link.action, link.rule)));
            facts.push(format!("{:?}", layer(&view.import, &given_by_tenant)));
            facts.push(format!("{:?}", view.awaiting_confirmation.as_ref().map(|awaiting| layer(awaiting, &given_by_tenant))));
            facts.extend(view.sync_error.iter().chain(&view.export_error).map(|error| format!("{:?}", error.error.code)));
            assert_eq!(picture.objects.insert(key, facts), None, "two objects with one name");
        }
        let counted = picture.pending.keys().filter(|(name, _)| *name == connector.name).count();
        assert_eq!(counted as u64, connector.pending_export);
    }
    picture
}

/// Compares two maps entry by entry, so that a difference names the object.
fn same<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(what: &str, ours: &BTreeMap<K, V>, theirs: &BTreeMap<K, V>) {
    let keys = |map: &BTreeMap<K, V>, other: &BTreeMap<K, V>| {
        map.keys().filter(|key| !other.contains_key(key)).map(|key| format!("{key:?}")).collect::<Vec<_>>()
    };
    assert_eq!((keys(ours, theirs), keys(theirs, ours)), (vec![], vec![]), "{what}: only under our rules, only under theirs");
    for (key, value) in ours {
        assert_eq!(value, &theirs[key], "{what}: {key:?}");
    }
}

fn compare(ours: &Picture, theirs: &Picture) {
    same("metaverse", &ours.metaverse, &theirs.metaverse);
    same("pending exports", &ours.pending, &theirs.pending);
    same("connector space", &ours.objects, &theirs.objects);
}

/// Does the same with both engines at the same time.
fn both<T: Send>(ours: &Engine, theirs: &Engine, work: impl Fn(&Engine) -> T + Sync) -> (T, T) {
    std::thread::scope(|scope| {
        let first = scope.spawn(|| work(ours));
        let second = work(theirs);
        (first.join().unwrap(), second)
    })
}

#[test]
fn the_servers_rules_and_ours_make_the_same_of_the_sample_forest() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = std::thread::scope(|scope| {
        let ours = scope.spawn(|| with_our_rules(&folder.path().join("ours")));
        let theirs = scope.spawn(|| with_imported_rules(&folder.path().join("theirs")));
        (ours.join().unwrap(), theirs.join().unwrap())
    });

    // First synchronization: nothing has been exported yet.
    both(&ours, &theirs, |engine| {
        for profile in ["Full Import", "Full Synchronization"] {
            run(engine, TENANT, profile);
            run(engine, FOREST, profile);
        }
    });
    let (before, imported) = both(&ours, &theirs, picture);
    assert!(before.metaverse.len() >= 369 && before.pending.len() >= 355, "{} {}", before.metaverse.len(), before.pending.len());
    compare(&before, &imported);

    // A whole cycle: exported and imported back from the tenant. It has no mailboxes, so the hybrid rules have nothing to
    // write to the forest, and must take nothing away there.
    both(&ours, &theirs, |engine| {
        let cycle = engine.start_cycle(CyclePolicy::Initial).unwrap().wait().unwrap();
        assert_eq!(cycle.status, "completed-export-errors", "the sample has one user that the tenant refuses");
    });
    let (after, imported) = both(&ours, &theirs, picture);
    compare(&after, &imported);
    assert_ne!(after, before, "the cycle did something");
    let written_back: Vec<_> = after.pending.iter().filter(|((connector, _), _)| connector == FOREST).collect();
    assert_eq!(written_back, []);

    // The rules themselves say the same, too.
    let content = |engine: &Engine| {
        let rules = configuration::rules(&engine.database().reader().unwrap()).unwrap();
        let content = |rule: SyncRule| {
            let targets: Vec<String> = rule.flows.iter().map(|flow| flow.target.to_lowercase()).collect();
            (rule.precedence, rule.name, rule.connector, rule.link, rule.password_sync, rule.scope, rule.join, targets.len())
        };
        rules.into_iter().map(content).collect::<Vec<_>>()
    };
    assert_eq!(content(&theirs), content(&ours));
    ours.shutdown();
    theirs.shutdown();
}
