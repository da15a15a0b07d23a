//! Delta imports from a real domain controller, by DirSync and by `uSNChanged`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_engine::connector::active_directory::{
    ActiveDirectoryConnector, ActiveDirectorySettings, ConnectionSecurity, DeltaMode,
};
use syncline_engine::connector::{
    Connector, ConnectorErrorKind, EntryValue, ImportItem, ImportMode, ImportRequest, ImportSummary, Watermark,
};
use syncline_engine::model::{Dn, Schema};

use super::{Forest, forest_alone};

const MODES: [DeltaMode; 2] = [DeltaMode::DirSync, DeltaMode::Usn];

/// A connector that follows the changes below one container.
struct Follower<'a> {
    forest: &'a Forest,
    unit: String,
    connector: ActiveDirectoryConnector,
    schema: Arc<Schema>,
    exclude: Vec<Dn>,
    watermark: Vec<u8>,
    /// Members of groups as they were told so far.
    members: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Follower<'a> {
    /// Reads everything once.
    fn new(forest: &'a Forest, unit: &str, exclude: &[&str], mode: DeltaMode) -> Self {
        let settings = ActiveDirectorySettings { delta: mode, ..forest.settings(ConnectionSecurity::Ldaps) };
        let mut connector = forest.open(settings).unwrap();
        let schema = Arc::new(connector.schema().unwrap());
        let exclude = exclude.iter().map(|dn| Dn::parse(dn).unwrap()).collect();
        let mut follower =
            Self { forest, unit: unit.to_owned(), connector, schema, exclude, watermark: Vec::new(), members: BTreeMap::new() };
        let (_, summary) = follower.import(ImportMode::Full);
        follower.watermark = summary.watermark.unwrap();
        follower
    }

    fn request(&self, mode: ImportMode) -> ImportRequest {
        ImportRequest { mode, exclude: self.exclude.clone(), ..self.forest.request(&self.schema) }
    }

    /// What an import gives of the container: names without its own, values of `displayName`, and what is known of
    /// `member` then; members that came and went are marked.
    fn import(&mut self, mode: ImportMode) -> (Vec<String>, ImportSummary) {
        let request = self.request(mode);
        let short = |dn: &str| dn.strip_suffix(&self.unit).map(|name| name.trim_end_matches(',').to_owned());
        let known = &mut self.members;
        let mut items = Vec::new();
        let summary = self
            .connector
            .import(&request, &mut |item| {
                match item {
                    ImportItem::Entry(entry) => {
                        let Some(name) = short(&entry.dn) else { return true };
                        let mut values: Vec<String> =
                            entry.attributes.get("displayName").into_iter().flatten().map(text_of).collect();
                        let members = known.entry(name.clone()).or_default();
                        if let Some(all) = entry.attributes.get("member") {
                            *members = all.iter().map(|value| short(&text_of(value)).unwrap()).collect();
                        } else if !entry.partial {
                            members.clear();
                        }
                        values.extend(members.iter().cloned());
                        if let Some(changes) = entry.changed_references.get("member") {
                            let list = |names: &[String]| names.iter().map(|dn| short(dn).unwrap()).collect::<Vec<_>>();
                            let (added, removed) = (list(&changes.added), list(&changes.removed));
                            members.extend(added.iter().cloned());
                            members.retain(|member| !removed.contains(member));
                            values.extend(added.iter().map(|member| format!("+{member}")));
                            values.extend(removed.iter().map(|member| format!("-{member}")));
                        }
                        items.push(format!("{name} [{}]", values.join(" ")));
                    }
                    ImportItem::Filtered { dn, .. } => items.extend(short(&dn).map(|name| format!("- {name}"))),
                    ImportItem::Deleted { dn, .. } => {
                        if let Some(name) = dn.as_deref().and_then(short) {
                            items.push(format!("- {name}"));
                        }
                    }
                    ImportItem::Bad(bad) => panic!("{bad:?}"),
                }
                true
            })
            .unwrap();
        items.sort();
        items.dedup();
        (items, summary)
    }

    /// Makes changes; the next delta import must give this.
    fn check(&mut self, ldif: &str, expected: &[&str]) {
        if !ldif.is_empty() {
            self.forest.change(&ldif.replace("$U", &self.unit));
        }
        let (items, summary) = self.import(ImportMode::Delta(Watermark(self.watermark.clone())));
        assert_eq!(items, expected, "{ldif}");
        assert_eq!(summary.warnings, Vec::<String>::new());
        self.watermark = summary.watermark.unwrap();
    }
}

fn text_of(value: &EntryValue) -> String {
    match value {
        EntryValue::Text(text) | EntryValue::Reference(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn user(name: &str) -> String {
    let account = uuid::Uuid::new_v4().simple().to_string();
    format!("dn: CN={name},$U\nchangetype: add\nobjectClass: user\nsAMAccountName: t{}\ndisplayName: {name}\n\n", &account[..12])
}

/// Traps D4, D5, D8, D13.
#[test]
fn every_kind_of_change_is_told_once() {
    let Some(forest) = forest_alone("every_kind_of_change_is_told_once") else { return };
    for mode in MODES {
        let unit = forest.unit("");
        let people: String = ["p0", "p1", "p2"].map(user).concat();
        let group = "dn: CN=h1,$U\nchangetype: add\nobjectClass: group\n\n";
        let units = "dn: OU=Sub,$U\nchangetype: add\nobjectClass: organizationalUnit\n\n\
            dn: OU=Out,$U\nchangetype: add\nobjectClass: organizationalUnit\n\n";
        forest.change(&format!("{people}{group}{units}").replace("$U", &unit.dn));
        let out = format!("OU=Out,{}", unit.dn);
        let mut follower = Follower::new(&forest, &unit.dn, &[&out], mode);
        follower.check("", &[]);
        follower.check("dn: CN=p0,$U\nchangetype: modify\nreplace: displayName\ndisplayName: new\n", &["CN=p0 [new]"]);
        follower.check("dn: CN=p0,$U\nchangetype: modify\ndelete: displayName\n", &["CN=p0 []"]);
        // By DirSync, the values that came and went; by uSNChanged, the group with all its members.
        let by_value = mode == DeltaMode::DirSync;
        follower.check(
            "dn: CN=h1,$U\nchangetype: modify\nadd: member\nmember: CN=p0,$U\nmember: CN=p1,$U\n",
            if by_value { &["CN=h1 [+CN=p0 +CN=p1]"] } else { &["CN=h1 [CN=p0 CN=p1]"] },
        );
        follower.check(
            "dn: CN=h1,$U\nchangetype: modify\ndelete: member\nmember: CN=p0,$U\n-\nadd: member\nmember: CN=p2,$U\n",
            if by_value { &["CN=h1 [CN=p0 CN=p1 +CN=p2 -CN=p0]"] } else { &["CN=h1 [CN=p1 CN=p2]"] },
        );
        follower.check("dn: CN=h1,$U\nchangetype: modify\nreplace: displayName\ndisplayName: h\n", &["CN=h1 [h CN=p1 CN=p2]"]);
        follower.check("dn: CN=p1,$U\nchangetype: modrdn\nnewrdn: CN=p1 renamed\ndeleteoldrdn: 1\n", &["CN=p1 renamed [p1]"]);
        follower.check(
            "dn: CN=p1 renamed,$U\nchangetype: modrdn\nnewrdn: CN=p1\ndeleteoldrdn: 1\nnewsuperior: OU=Sub,$U\n",
            &["CN=p1,OU=Sub [p1]"],
        );
        follower.check("dn: CN=p2,$U\nchangetype: delete\n", &["- CN=p2"]);
        // The server tells the container alone; what lies below it has another name too.
        follower.check(
            "dn: OU=Sub,$U\nchangetype: modrdn\nnewrdn: OU=Sub2\ndeleteoldrdn: 1\n",
            &["CN=p1,OU=Sub2 [p1]", "OU=Sub2 []"],
        );
        follower.check("", &[]);
        // Out of what is imported, with the container and alone, and back.
        follower.check(
            "dn: OU=Sub2,$U\nchangetype: modrdn\nnewrdn: OU=Sub2\ndeleteoldrdn: 1\nnewsuperior: OU=Out,$U\n",
            &["- CN=p1,OU=Sub2,OU=Out", "- OU=Sub2,OU=Out"],
        );
        follower.check(
            "dn: CN=p0,$U\nchangetype: modrdn\nnewrdn: CN=p0\ndeleteoldrdn: 1\nnewsuperior: OU=Out,$U\n",
            &["- CN=p0,OU=Out"],
        );
        follower.check(
            "dn: OU=Sub2,OU=Out,$U\nchangetype: modrdn\nnewrdn: OU=Sub2\ndeleteoldrdn: 1\nnewsuperior: $U\n",
            &["CN=p1,OU=Sub2 [p1]", "OU=Sub2 []"],
        );
        follower
            .check("dn: CN=p0,OU=Out,$U\nchangetype: modrdn\nnewrdn: CN=p0\ndeleteoldrdn: 1\nnewsuperior: $U\n", &["CN=p0 []"]);
        // Created; created and gone again; created under a new container.
        follower.check(&user("p3"), &["CN=p3 [p3]"]);
        follower.check(&format!("{}dn: CN=p4,$U\nchangetype: delete\n", user("p4")), &["- CN=p4"]);
        let below = user("p5").replace("CN=p5,$U", "CN=p5,OU=New,$U");
        follower.check(
            &format!("dn: OU=New,$U\nchangetype: add\nobjectClass: organizationalUnit\n\n{below}"),
            &["CN=p5,OU=New [p5]", "OU=New []"],
        );
        // A value that was there already is no change.
        follower.check("dn: CN=p3,$U\nchangetype: modify\nreplace: displayName\ndisplayName: p3\n", &[]);
    }
}

/// Trap D12.
#[test]
fn a_change_of_a_large_group_is_told() {
    let Some(forest) = forest_alone("a_change_of_a_large_group_is_told") else { return };
    let group = format!("CN=UG Bulk,OU=Bulk,{}", forest.base);
    let member = format!("CN=Bulk Contact 0007,OU=Bulk,{}", forest.base);
    for mode in MODES {
        // Its container alone: elsewhere the server notes when accounts sign in.
        let mut follower = Follower::new(&forest, &format!("OU=Bulk,{}", forest.base), &[], mode);
        for (operation, sign, expected) in [("delete", '-', 4_999), ("add", '+', 5_000)] {
            forest.change(&format!("dn: {group}\nchangetype: modify\n{operation}: member\nmember: {member}\n"));
            let (items, summary) = follower.import(ImportMode::Delta(Watermark(follower.watermark.clone())));
            assert_eq!(items.len(), 1, "{mode:?}");
            assert!(items[0].starts_with("CN=UG Bulk ["));
            assert_eq!(follower.members["CN=UG Bulk"].len(), expected);
            // One value of so many, where the server tells which.
            let told = items[0].contains(&format!("{sign}CN=Bulk Contact 0007"));
            assert_eq!(told, mode == DeltaMode::DirSync, "{mode:?}");
            follower.watermark = summary.watermark.unwrap();
        }
    }
}

/// Traps D2, D9.
#[test]
fn an_account_without_rights_gets_changes_and_is_told_what_it_misses() {
    let Some(forest) = forest_alone("an_account_without_rights_gets_changes_and_is_told_what_it_misses") else { return };
    let unit = forest.unit("");
    forest.change(&format!("{}{}", user("p0"), user("p1")).replace("$U", &unit.dn));
    let mut connector = forest.open_as("PLAIN");
    let schema = Arc::new(connector.schema().unwrap());
    let mut names = Vec::new();
    let mut import = |connector: &mut ActiveDirectoryConnector, mode: ImportMode| {
        names.clear();
        let request = ImportRequest { mode, ..forest.request(&schema) };
        let summary = connector.import(&request, &mut |item| {
            names.push(match item {
                ImportItem::Entry(entry) => entry.dn,
                other => format!("{other:?}"),
            });
            true
        });
        (names.clone(), summary)
    };
    let (_, summary) = import(&mut connector, ImportMode::Full);
    let watermark = summary.unwrap().watermark.unwrap();
    forest.change(&format!(
        "dn: CN=p0,{0}\nchangetype: delete\n\ndn: CN=p1,{0}\nchangetype: modify\nreplace: title\ntitle: x\n",
        unit.dn
    ));
    let (found, summary) = import(&mut connector, ImportMode::Delta(Watermark(watermark.clone())));
    let found: Vec<&String> = found.iter().filter(|text| text.contains(&unit.dn)).collect();
    assert_eq!(found, [&format!("CN=p1,{}", unit.dn)]);
    let warnings = summary.unwrap().warnings;
    assert!(matches!(&warnings[..], [one] if one.contains("deletions") && one.contains("CN=Deleted Objects")), "{warnings:?}");

    // The same watermark where only DirSync will do.
    let (user, password) = forest.account("PLAIN");
    let settings = ActiveDirectorySettings { user, delta: DeltaMode::DirSync, ..forest.settings(ConnectionSecurity::Ldaps) };
    let mut strict = ActiveDirectoryConnector::open(settings, password).unwrap();
    let (_, result) = import(&mut strict, ImportMode::Delta(Watermark(watermark)));
    assert_eq!(result.unwrap_err().kind, ConnectorErrorKind::NoWatermark);
    let (_, summary) = import(&mut strict, ImportMode::Full);
    let summary = summary.unwrap();
    assert_eq!(summary.watermark, None);
    assert!(summary.warnings.iter().any(|text| text.contains("Replicating Directory Changes")), "{:?}", summary.warnings);
}

/// Traps D14, D15.
#[test]
fn a_cookie_that_the_server_refuses_asks_for_a_full_import() {
    let Some(forest) = forest_alone("a_cookie_that_the_server_refuses_asks_for_a_full_import") else { return };
    let mut follower = Follower::new(&forest, &forest.base, &[], DeltaMode::DirSync);
    let mut check = |change: &dyn Fn(&mut serde_json::Value), part: &str| {
        let mut text: serde_json::Value = serde_json::from_slice(&follower.watermark).unwrap();
        change(&mut text);
        let request = follower.request(ImportMode::Delta(Watermark(serde_json::to_vec(&text).unwrap())));
        let error = follower.connector.import(&request, &mut |_| true).unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::NoWatermark, "{error}");
        assert!(error.message.contains(part) && error.message.contains("run a full import"), "{error}");
    };
    check(&|text| text["cookie"] = "AAAA".into(), "cookie");
    check(&|text| text["usn"] = i64::MAX.into(), "earlier state");
    check(&|text| text["invocation"] = uuid::Uuid::nil().to_string().into(), "restored");
    check(&|text| text["partition"] = uuid::Uuid::nil().to_string().into(), "another domain");
    check(&|text| text["version"] = 99.into(), "another version");
}
