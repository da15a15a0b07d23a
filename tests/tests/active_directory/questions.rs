//! What an administrator asks a forest beside imports: is an object there, what would an import ask and get.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use syncline_engine::connector::active_directory::ConnectionSecurity;
use syncline_engine::service::{
    CsScope, CsSearch, Engine, EngineOptions, FindOptions, Found, TraceFrom, TraceOptions, TraceReport, Wanted,
};
use syncline_engine::setup::NewDirectory;

use super::{Forest, forest, forest_alone};

/// A data folder with the forest alone.
fn engine(forest: &Forest, folder: &std::path::Path) -> Engine {
    let engine = Engine::create(&folder.join("data"), EngineOptions::default()).unwrap();
    let settings = forest.settings(ConnectionSecurity::Ldaps);
    engine
        .add_directory(NewDirectory::active_directory(&forest.domain, &settings, forest.password.clone().into()).unwrap())
        .unwrap();
    engine
}

fn by_identity(identity: &str) -> FindOptions {
    FindOptions { wanted: Wanted::Identity(identity.to_owned()), below: None, attributes: Vec::new(), deleted: false, limit: 10 }
}

fn names(found: &Found) -> Vec<&str> {
    found.objects.iter().map(|object| object.dn.split(',').next().unwrap()).collect()
}

#[test]
fn objects_are_found_by_whatever_is_known_of_them() {
    let Some(forest) = forest("objects_are_found_by_whatever_is_known_of_them") else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&forest, folder.path());
    let find = |options: &FindOptions| engine.find_objects(&forest.domain, options).unwrap();
    let jane = find(&by_identity("jane.doe")).objects.pop().unwrap();
    let guid = jane.object_guid.unwrap();
    assert_eq!(jane.attributes["objectGUID"], [guid.to_string()]);
    assert_eq!(jane.attributes["sn"], ["Doe"]);
    assert_eq!((jane.object_class.as_str(), jane.partition.as_str(), jane.deleted), ("user", forest.base.as_str(), false));
    for identity in [
        &jane.dn,
        &guid.to_string(),
        &BASE64.encode(guid.to_bytes_le()),
        &jane.attributes["objectSid"][0],
        "Jane Doe",
        "doe, jane",
        "jane.doe@contoso.test",
        "p1034@contoso.test",
        "jane.d*",
    ] {
        assert_eq!(find(&by_identity(identity)).objects, std::slice::from_ref(&jane), "{identity}");
    }

    // Some attributes, some objects, some place.
    let filter = |filter: &str| FindOptions { wanted: Wanted::Filter(filter.to_owned()), ..by_identity("") };
    let groups = FindOptions { attributes: vec!["groupType".into()], limit: 3, ..filter("(objectClass=group)") };
    let found = find(&groups);
    assert_eq!(found.objects.len(), 3);
    for object in &found.objects {
        assert_eq!(object.attributes.keys().collect::<Vec<_>>(), ["groupType"], "{object:?}");
    }
    let below = FindOptions { below: Some(format!("OU=Partners,{}", forest.base)), ..filter("(cn=Smith*)") };
    assert_eq!(names(&find(&below)), ["CN=Smith\\"]);
    assert_eq!(find(&FindOptions { below: Some(format!("OU=Groups,{}", forest.base)), ..below }).objects, []);

    // What is deleted is shown when it is asked for.
    assert_eq!(find(&filter("(sAMAccountName=oskar.braun)")).objects, []);
    let deleted = find(&FindOptions { deleted: true, ..filter("(sAMAccountName=oskar.braun)") });
    assert!(matches!(&deleted.objects[..], [object] if object.deleted && object.dn.contains("Oskar Braun")), "{deleted:?}");
    let refused = engine.find_objects(&forest.domain, &filter("no filter")).unwrap_err();
    assert!(refused.to_string().contains("no filter"), "{refused}");
    engine.shutdown();
}

#[test]
fn a_trace_tells_what_an_import_asks_and_stages_nothing() {
    let Some(forest) = forest_alone("a_trace_tells_what_an_import_asks_and_stages_nothing") else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&forest, folder.path());
    let id = engine.connector(&forest.domain).unwrap().id;
    let staged = || {
        let search = CsSearch { connector: id, scope: CsScope::All, text: String::new(), offset: 0, limit: 1 };
        engine.search_connector_space(&search).unwrap().total
    };
    let trace = |from: TraceFrom, below: Option<String>| {
        let options = TraceOptions { partition: None, below, server: None, from };
        let mut records = Vec::new();
        let report: TraceReport = engine
            .trace_import(&forest.domain, &options, &mut |record| {
                records.push(serde_json::from_str::<serde_json::Value>(record).unwrap());
                true
            })
            .unwrap();
        assert!(report.error.is_none(), "{report:?}");
        (report, records)
    };
    let contacts = format!("OU=Bulk,{}", forest.base);
    let (report, records) = trace(TraceFrom::Beginning, Some(contacts.clone()));
    assert_eq!((report.objects, report.deletions, report.unreadable, report.full), (5_002, 0, 0, true));
    let of_kind = |kind: &str| records.iter().filter(|record| record["record"] == kind).count() as u64;
    assert_eq!(of_kind("entry"), report.objects);
    assert!(of_kind("search") > report.searches.len() as u64, "the pages of a search are one row");
    let read = report.searches.iter().find(|search| search.base == contacts && search.pages > 0).unwrap();
    assert_eq!((read.scope, read.entries, read.failed), ("subtree", 5_002, false));
    assert!(read.pages > 3 && read.octets > 100_000, "{read:?}");
    let asked: BTreeSet<&str> = read.attributes.iter().map(String::as_str).collect();
    assert!(asked.contains("objectGUID") && asked.contains("objectClass"), "{asked:?}");
    assert_eq!(staged(), 0);

    // Nothing was imported yet, so nothing can be said of a delta; from the trace's own watermark on it can.
    let options = TraceOptions { partition: None, below: None, server: None, from: TraceFrom::Stored };
    let refused = engine.trace_import(&forest.domain, &options, &mut |_| true).unwrap_err();
    assert!(refused.to_string().contains("no watermark"), "{refused}");
    let contact = format!("CN=Bulk Contact 0007,{contacts}");
    let write = |name: &str| forest.change(&format!("dn: {contact}\nchangetype: modify\nreplace: info\ninfo: {name}\n"));
    write("traced");
    let (report, records) = trace(TraceFrom::Watermark(report.watermark.unwrap()), Some(contacts));
    assert_eq!((report.objects, report.full), (1, false));
    assert!(records.iter().any(|record| record["record"] == "entry" && record["dn"] == contact.as_str()), "{records:?}");
    let dir_sync =
        |search: &&syncline_engine::service::TracedSearch| search.controls.contains(&"1.2.840.113556.1.4.841".to_owned());
    assert_eq!(report.searches.iter().filter(dir_sync).count(), 1);
    assert_eq!(staged(), 0);
    engine.shutdown();
}
