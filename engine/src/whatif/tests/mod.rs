//! What-ifs on a small forest and a tenant on loopback, through the facade.

mod objects;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use tempfile::TempDir;

use super::{
    ChangeKind, ErrorWord, Instead, LinkWord, ObjectChange, OtherRules, OtherServer, WhatIfFilter, WhatIfProgress, WhatIfReport,
    WhatIfRequest,
};
use crate::connector::CancelToken;
use crate::model::{Deprovisioning, ValueType};
use crate::protection;
use crate::rules::{RuleConnector, SyncRule, revise};
use crate::service::{
    AttributeTexts, Engine, EngineError, EngineOptions, FindingState, FlowStatus, ImportOptions, JoinStatus, MvSearch,
    PreviewView, RuleSource, SyncMode, TargetAction, TargetPreview,
};
use crate::setup::demo::{SampleWorkspace, fill};
use crate::store::configuration;

const FOREST: &str = "contoso.com";
const TENANT: &str = "contoso.onmicrosoft.com - AAD";

/// Name and department of the users.
const USERS: [(&str, &str); 5] = [("Ada", "IT"), ("Bob", "Sales"), ("Cho", "Sales"), ("Dan", "IT"), ("Eve", "HR")];

fn dn(name: &str) -> String {
    format!("CN={name},OU=Corp,DC=contoso,DC=com")
}

fn forest(users: &[(&str, &str)]) -> String {
    let guid = |number: usize| base64::engine::general_purpose::STANDARD.encode([u8::try_from(number).unwrap(); 16]);
    let mut text = format!(
        "version: 1\n\ndn: DC=contoso,DC=com\nobjectClass: domainDNS\nobjectGUID:: {}\n\n\
         dn: OU=Corp,DC=contoso,DC=com\nobjectClass: organizationalUnit\nobjectGUID:: {}\n",
        guid(200),
        guid(201)
    );
    for (number, (name, department)) in users.iter().enumerate() {
        let low = name.to_lowercase();
        write!(
            text,
            "\ndn: {}\nobjectClass: user\ncn: {name}\ndisplayName: {name} Smith\nsAMAccountName: {low}\n\
             userPrincipalName: {low}@contoso.com\nuserAccountControl: 512\ndepartment: {department}\nmail: {low}@contoso.com\n\
             objectGUID:: {}\n",
            dn(name),
            guid(number + 1)
        )
        .unwrap();
    }
    let members: String = users.iter().map(|(name, _)| format!("member: {}\n", dn(name))).collect();
    write!(
        text,
        "\ndn: {}\nobjectClass: group\ncn: Staff\ndisplayName: Staff\nsAMAccountName: staff\ngroupType: -2147483646\n\
         mail: staff@contoso.com\nobjectGUID:: {}\n{members}",
        dn("Staff"),
        guid(100)
    )
    .unwrap();
    text
}

/// A folder in which everything was imported, synchronized, exported and confirmed.
struct Lab {
    folder: TempDir,
    engine: Engine,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::create(&folder.path().join("data"), EngineOptions::default()).unwrap();
        let file = folder.path().join("forest.ldif");
        std::fs::write(&file, forest(&USERS)).unwrap();
        let workspace = SampleWorkspace {
            forest_file: file,
            forest_name: FOREST.to_owned(),
            tenant_name: "contoso".to_owned(),
            domains: vec!["contoso.com".to_owned()],
        };
        fill(&engine, &workspace).unwrap();
        let lab = Self { folder, engine };
        for (connector, profile) in [
            (FOREST, "Full Import"),
            (FOREST, "Full Synchronization"),
            (TENANT, "Export"),
            (TENANT, "Full Import"),
            (TENANT, "Full Synchronization"),
        ] {
            lab.run(connector, profile, "success");
        }
        lab
    }

    fn run(&self, connector: &str, profile: &str, status: &str) -> BTreeMap<String, u64> {
        let run = self.engine.start_run(connector, profile).unwrap().wait().unwrap();
        assert_eq!(run.summary.status, status, "{run:?}");
        let counters = run.step_details.into_iter().flat_map(|step| step.counters).flat_map(|group| group.counters);
        counters.flat_map(|counter| counter.parts).filter(|(_, value)| *value > 0).collect()
    }

    /// The forest has these users from the next import on.
    fn forest(&self, users: &[(&str, &str)]) {
        std::fs::write(self.folder.path().join("forest.ldif"), forest(users)).unwrap();
    }

    fn request(rules: &str) -> WhatIfRequest {
        let rules = (!rules.is_empty()).then(|| OtherRules { file: "rules.toml".to_owned(), text: rules.to_owned() });
        WhatIfRequest { connectors: Vec::new(), full: true, instead: rules.map(Instead::Rules) }
    }

    fn ask(&self, request: &WhatIfRequest) -> Result<WhatIfReport, EngineError> {
        self.engine.whatif(request, &CancelToken::default(), Arc::new(|_| {}))
    }

    fn whatif(&self, rules: &str) -> WhatIfReport {
        self.ask(&Self::request(rules)).unwrap()
    }

    /// Everything that a what-if does, as short lines.
    fn lines(&self, report: &WhatIfReport) -> Vec<String> {
        self.changes(report).iter().map(|change| line(report, change)).collect()
    }

    fn changes(&self, report: &WhatIfReport) -> Vec<ObjectChange> {
        let page = self.engine.whatif_changes(report.number, &WhatIfFilter::default(), 0, 1_000).unwrap();
        assert_eq!(page.total, page.rows.len() as u64);
        page.rows
    }

    /// Saves the rules of a text.
    fn save(&self, text: &str) {
        let mut writer = self.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        let connectors = configuration::connectors(&transaction).unwrap();
        let names: Vec<RuleConnector<'_>> = connectors
            .iter()
            .map(|record| RuleConnector { id: record.id, name: &record.name, guid: record.guid, schema: &record.schema })
            .collect();
        let saved = configuration::rules(&transaction).unwrap();
        let revision = revise(&saved, text, &names, self.engine.ids()).unwrap();
        for (place, rule) in (1i64..).zip(saved) {
            configuration::save_rule(&transaction, &SyncRule { precedence: -place, ..rule }).unwrap();
        }
        for rule in &revision.rules {
            configuration::save_rule(&transaction, rule).unwrap();
        }
        transaction.commit().unwrap();
    }

    fn threshold(&self, limit: Option<u64>) {
        let mut writer = self.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        protection::set_deletion_limit(&transaction, limit.into()).unwrap();
        transaction.commit().unwrap();
    }

    /// The whole database as text.
    fn dump(&self) -> String {
        let reader = self.engine.database().reader().unwrap();
        let mut tables = reader.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
        let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let mut text = String::new();
        for table in tables {
            let mut statement = reader
                .prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3"))
                .unwrap_or_else(|_| reader.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap());
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<String> = (0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap())).collect();
                writeln!(text, "{table}: {}", cells.join("|")).unwrap();
            }
        }
        text
    }
}

fn line(report: &WhatIfReport, change: &ObjectChange) -> String {
    let space = report.spaces.iter().find(|space| space.space == change.space).unwrap();
    let short = |text: &str| text.replace(",OU=Corp,DC=contoso,DC=com", "");
    let name = if space.name == TENANT { change.display_name.clone().unwrap_or_default() } else { short(&change.name) };
    let place = match space.name.as_str() {
        FOREST => "A",
        TENANT => "T",
        _ => "M",
    };
    let mut text = format!("{place} {} {name}", change.kind.word());
    for attribute in &change.attributes {
        let shown = |values: &[String]| {
            values.iter().map(|value| value.split(" (CN={").next().unwrap().to_owned()).collect::<Vec<_>>().join("+")
        };
        write!(text, ", {} {}>{}", attribute.name, shown(&attribute.old), shown(&attribute.new)).unwrap();
    }
    if let Some(error) = &change.error {
        write!(text, ", error {}", error.change.word()).unwrap();
    }
    text
}

const WITHOUT_SALES: &str = "[[change]]\nrule = \"In from AD - User Join\"\nscope = [[\"department NOTEQUAL Sales\"]]\n";

#[test]
fn the_saved_rules_change_nothing_that_is_settled() {
    let lab = Lab::new();
    let report = lab.whatif("");
    assert_eq!(lab.lines(&report), Vec::<String>::new());
    assert_eq!((report.warnings.len(), report.rules.len(), report.number), (0, 0, 1));
    assert!(report.spaces.iter().all(super::SpaceSummary::is_quiet), "{report:?}");
    let statuses: Vec<(&str, &str)> = report.steps.iter().map(|step| (step.connector.as_str(), step.status.as_str())).collect();
    assert_eq!(statuses, [(FOREST, "success"), (TENANT, "success")]);
}

#[test]
fn a_changed_rule_tells_what_the_real_run_then_does() {
    let lab = Lab::new();
    let rules = format!(
        "{WITHOUT_SALES}\n[[change]]\nrule = \"In from AD - User Common\"\n[change.expression]\ndepartment = \"UCase([department]) & \\\"!\\\"\"\n"
    );
    let before = lab.dump();
    let report = lab.whatif(&rules);
    assert_eq!(lab.dump(), before, "a what-if writes nothing to the database");
    let lines = lab.lines(&report);
    assert_eq!(
        lines,
        [
            "M delete Bob Smith",
            "M delete Cho Smith",
            "M update Ada Smith, department IT>IT!",
            "M update Dan Smith, department IT>IT!",
            "M update Eve Smith, department HR>HR!",
            "M update Staff, member Bob Smith+Cho Smith>",
            "A disconnect CN=Bob",
            "A disconnect CN=Cho",
            "T delete Bob Smith",
            "T delete Cho Smith",
            "T update Ada Smith, department IT>IT!",
            "T update Dan Smith, department IT>IT!",
            "T update Eve Smith, department HR>HR!",
            "T update Staff, member Bob Smith+Cho Smith>",
        ]
    );
    let changes = lab.changes(&report);
    let rule = |name: &str, attribute: &str| {
        let change = changes.iter().find(|change| change.display_name.as_deref() == Some(name) && !change.attributes.is_empty());
        change.unwrap().attributes.iter().find(|known| known.name == attribute).unwrap().rule.clone()
    };
    assert_eq!(rule("Ada Smith", "department"), "Out to AAD - User ExchangeOnline");
    assert_eq!(rule("Staff", "member"), "Out to AAD - Group Identity");
    let bob = changes.iter().find(|change| change.name == dn("Bob")).unwrap();
    assert_eq!(bob.rule, "In from AD - User Join");
    assert_eq!(bob.reason, "out of scope of rule \"In from AD - User Join\": department NOTEQUAL Sales does not hold (Sales)");
    assert_eq!(bob.link, Some(LinkWord::Disconnected));

    // Now for real.
    lab.save(&rules);
    for step in &report.steps {
        let parts: BTreeMap<String, u64> = step.parts.iter().map(|(name, value)| (name.clone(), *value)).collect();
        let mut real = lab.run(&step.connector, "Full Synchronization", &step.status);
        let outbound_no_flow = |name: &str| name.ends_with(":connector-no-flow");
        real.retain(|name, _| !outbound_no_flow(name));
        let foreseen: BTreeMap<String, u64> = parts.into_iter().filter(|(name, _)| !outbound_no_flow(name)).collect();
        assert_eq!(real, foreseen, "{}", step.connector);
    }
    // What was foreseen has happened: nothing is left to do.
    assert_eq!(lab.lines(&lab.whatif("")), Vec::<String>::new());
    let tenant = report.spaces.iter().find(|space| space.name == TENANT).unwrap();
    let statistics = lab.engine.connector_statistics(lab.engine.connector(TENANT).unwrap().id).unwrap();
    assert_eq!(
        (tenant.exports_after.deletes, tenant.exports_after.updates, tenant.exports_after.adds),
        (statistics.export_delete, statistics.export_update, statistics.export_add)
    );
}

#[test]
fn an_exported_configuration_is_tried_before_it_is_imported() {
    let server = Lab::new();
    server.save(WITHOUT_SALES);
    let export = server.folder.path().join("export");
    server.engine.export_server_configuration(&export).unwrap();

    let lab = Lab::new();
    let mappings: Vec<(String, String)> = [FOREST, TENANT].map(|name| (name.to_owned(), name.to_owned())).into();
    let request = WhatIfRequest {
        connectors: Vec::new(),
        full: true,
        instead: Some(Instead::Server(OtherServer { path: export.clone(), mappings: mappings.clone() })),
    };
    let before = lab.dump();
    let report = lab.ask(&request).unwrap();
    assert_eq!(lab.dump(), before, "a what-if writes nothing to the database");
    let touched: Vec<(&str, &str)> = report.rules.iter().map(|rule| (rule.rule.as_str(), rule.change.as_str())).collect();
    assert_eq!(touched, [("In from AD - User Join", "changed")]);
    assert_eq!(report.rules_file, Some(export.display().to_string()));
    let lines = lab.lines(&report);
    assert_eq!(lines, lab.lines(&lab.whatif(WITHOUT_SALES)), "the same rules, in the other form");

    let options = ImportOptions { mappings, dry_run: false, replace_rules: true };
    lab.engine.import_server_configuration(&export, &options).unwrap();
    for step in &report.steps {
        lab.run(&step.connector, "Full Synchronization", &step.status);
    }
    assert_eq!(lab.lines(&lab.whatif("")), Vec::<String>::new(), "what was foreseen has happened");

    let nothing = OtherServer { path: lab.folder.path().join("data"), mappings: Vec::new() };
    let refused = lab.ask(&WhatIfRequest { instead: Some(Instead::Server(nothing)), ..request }).unwrap_err();
    assert!(refused.to_string().contains("holds no exported server configuration"), "{refused}");
}

#[test]
fn what_comes_back_into_scope_is_told() {
    let lab = Lab::new();
    lab.save(WITHOUT_SALES);
    lab.run(FOREST, "Full Synchronization", "success");
    // The deletions are staged and not exported: they are withdrawn.
    let everybody = "[[change]]\nrule = \"In from AD - User Join\"\nscope = []\n";
    let lines = lab.lines(&lab.whatif(everybody));
    let expected = ["A join CN=Bob", "A join CN=Cho", "T restore Bob Smith", "T restore Cho Smith"];
    for expected in expected {
        assert!(lines.iter().any(|line| line == expected), "missing {expected} in {lines:#?}");
    }
    lab.run(TENANT, "Export", "success");
    lab.run(TENANT, "Full Import", "success");
    lab.run(TENANT, "Full Synchronization", "success");
    let report = lab.whatif(everybody);
    let changes = lab.changes(&report);
    let new: Vec<&ObjectChange> = changes.iter().filter(|change| change.kind == ChangeKind::Add).collect();
    assert_eq!(new.len(), 4, "{:#?}", lab.lines(&report));
    let provisioned = new.iter().find(|change| !change.space.is_empty()).unwrap();
    assert_eq!((provisioned.rule.as_str(), provisioned.object_type.as_str()), ("Out to AAD - User Join", "user"));
    assert!(provisioned.reason.starts_with("provisioned for "), "{}", provisioned.reason);
    let projected = changes.iter().find(|change| change.name == dn("Bob")).unwrap();
    assert_eq!((projected.kind, projected.link), (ChangeKind::Join, Some(LinkWord::Projected)));
    let anchor = provisioned.attributes.iter().find(|attribute| attribute.name == "sourceAnchor").unwrap();
    assert_eq!((anchor.new.len(), anchor.rule.as_str()), (1, "Out to AAD - User Join"));
}

#[test]
fn more_deletions_than_allowed_are_said_before_the_run() {
    let lab = Lab::new();
    let check = |limit: Option<u64>, words: &[&str]| {
        lab.threshold(limit);
        let report = lab.whatif(WITHOUT_SALES);
        assert_eq!(report.warnings.len(), words.len(), "{limit:?}: {:?}", report.warnings);
        for (warning, words) in report.warnings.iter().zip(words) {
            for word in words.split('&') {
                assert!(warning.contains(word), "missing {word:?} in {warning}");
            }
        }
        report.spaces.iter().any(|space| space.exceeds_limit)
    };
    assert!(!check(Some(2), &[]));
    assert!(!check(None, &[]));
    let staged = "2 deletions would wait for export to \"contoso.onmicrosoft.com - AAD\" (now 0)&threshold of 1&stopped-deletion-threshold-exceeded";
    let leaving = |place: &str, what: &str| format!("of the objects of {place}&2 would be {what}: more than the threshold of 1");
    let metaverse = leaving("the metaverse", "deleted");
    let (forest, tenant) = (leaving("\"contoso.com\"", "disconnected"), leaving("\"contoso.onmicrosoft", "deleted"));
    assert!(check(Some(1), &[&metaverse, &forest, staged, &tenant]));
    // The next export does just that.
    lab.save(WITHOUT_SALES);
    lab.run(FOREST, "Full Synchronization", "success");
    lab.run(TENANT, "Export", "stopped-deletion-threshold-exceeded");
}

#[test]
fn errors_appear_and_vanish() {
    let lab = Lab::new();
    let failing = "[[rule]]\nname = \"Refuse HR\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
        connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n\
        [rule.expression]\ntitle = \"IIF([department]=\\\"HR\\\",Error(\\\"no HR\\\"),[title])\"\n";
    let report = lab.whatif(failing);
    // A full synchronization of the tenant meets the same identity.
    assert_eq!(lab.lines(&report), ["A error CN=Eve, error appears", "T error Eve Smith, error appears"]);
    assert_eq!(report.rules.iter().map(|rule| rule.change.as_str()).collect::<Vec<_>>(), ["added"]);
    let error = lab.changes(&report).remove(0).error.unwrap();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("sync-rule-error-function-triggered", "no HR"));
    assert_eq!((error.rule.as_deref(), error.attribute.as_deref()), (Some("Refuse HR"), Some("title")));
    assert_eq!(report.steps[0].status, "completed-sync-errors");

    lab.save(failing);
    lab.run(FOREST, "Full Synchronization", "completed-sync-errors");
    lab.run(TENANT, "Full Synchronization", "completed-sync-errors");
    // A repeated error is no news.
    assert_eq!(lab.lines(&lab.whatif("")), Vec::<String>::new());
    let cured = lab.whatif("[[change]]\nrule = \"Refuse HR\"\nenabled = false\n");
    assert_eq!(lab.lines(&cured), ["A error CN=Eve, error vanishes", "T error Eve Smith, error vanishes"]);
    assert_eq!(lab.changes(&cured)[0].error.as_ref().unwrap().change, ErrorWord::Vanishes);
    let forest = cured.spaces.iter().find(|space| space.name == FOREST).unwrap();
    assert_eq!((forest.errors_vanishing, forest.errors_appearing, forest.objects()), (1, 0, 0));
    let errors = WhatIfFilter { errors: true, ..WhatIfFilter::default() };
    assert_eq!(lab.engine.whatif_changes(cured.number, &errors, 0, 10).unwrap().total, 2);
}

#[test]
fn a_delta_goes_over_what_is_pending() {
    let lab = Lab::new();
    lab.forest(&[("Ada", "IT"), ("Bob", "Legal"), ("Cho", "Sales"), ("Dan", "IT")]);
    lab.run(FOREST, "Full Import", "success");
    let connector = lab.engine.connector(FOREST).unwrap().id;
    let delta = WhatIfRequest { connectors: vec![connector], full: false, instead: None };
    let report = lab.ask(&delta).unwrap();
    assert_eq!(
        lab.lines(&report),
        [
            "M delete Eve Smith",
            "M update Bob Smith, department Sales>Legal",
            "M update Staff, member Eve Smith>, memberCount 5>4",
            "A remove CN=Eve",
            "T delete Eve Smith",
            "T update Bob Smith, department Sales>Legal",
            "T update Staff, member Eve Smith>",
        ]
    );
    let forest = report.spaces.iter().find(|space| space.name == FOREST).unwrap();
    assert_eq!((forest.synchronized, report.steps.len(), report.full), (3, 1, false));
    let eve = lab.changes(&report).into_iter().find(|change| change.name == dn("Eve")).unwrap();
    assert_eq!(eve.reason, "its deletion was imported");
    // A rule that concerns nothing pending changes nothing more.
    let other = WhatIfRequest { instead: Lab::request(WITHOUT_SALES).instead, ..delta };
    assert_eq!(lab.lines(&lab.ask(&other).unwrap()), lab.lines(&report));
}

#[test]
fn results_are_kept_listed_compared_and_deleted() {
    let lab = Lab::new();
    let (first, second) = (lab.whatif(WITHOUT_SALES), lab.whatif(&WITHOUT_SALES.replace("Sales", "IT")));
    assert_eq!(lab.engine.whatifs().unwrap(), [second.clone(), first.clone()]);
    let same = lab.engine.compare_whatifs(1, 1, 10).unwrap();
    assert_eq!((same.differences(), same.objects.len()), (0, 0));
    let different = lab.engine.compare_whatifs(1, 2, 3).unwrap();
    // Two users each in metaverse, forest and tenant; both take members out of the group.
    let counts: Vec<(&str, u64, u64, u64, u64)> = different
        .spaces
        .iter()
        .map(|space| (space.name.as_str(), space.first_only, space.second_only, space.different, space.same))
        .collect();
    assert_eq!(counts, [("Metaverse", 2, 2, 1, 0), (FOREST, 2, 2, 0, 0), (TENANT, 2, 2, 1, 0)]);
    assert_eq!((different.differences(), different.objects.len()), (14, 3));
    // New objects have another GUID each time and are the same all the same.
    lab.save(WITHOUT_SALES);
    for (connector, profile) in
        [(FOREST, "Full Synchronization"), (TENANT, "Export"), (TENANT, "Full Import"), (TENANT, "Full Synchronization")]
    {
        lab.run(connector, profile, "success");
    }
    let everybody = "[[change]]\nrule = \"In from AD - User Join\"\nscope = []\n";
    let (third, fourth) = (lab.whatif(everybody), lab.whatif(everybody));
    assert!(lab.changes(&third).iter().any(|change| change.kind == ChangeKind::Add));
    assert_eq!(lab.engine.compare_whatifs(third.number, fourth.number, 10).unwrap().differences(), 0);

    lab.engine.delete_whatif(1).unwrap();
    let missing = lab.engine.whatif_report(1).unwrap_err().to_string();
    assert_eq!(missing, "there is no what-if 1; there are 2, 3, 4");
}

#[test]
fn a_stopped_what_if_leaves_nothing() {
    let lab = Lab::new();
    let cancel = CancelToken::default();
    let (stopper, stages) = (cancel.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&stages);
    let tell = Arc::new(move |progress: WhatIfProgress| {
        let stage = match progress {
            WhatIfProgress::Copying { .. } => "copying",
            WhatIfProgress::Synchronizing { .. } => {
                stopper.cancel();
                "synchronizing"
            }
            WhatIfProgress::Comparing { .. } => "comparing",
        };
        seen.lock().unwrap().push(stage);
    });
    let stopped = lab.engine.whatif(&Lab::request(WITHOUT_SALES), &cancel, tell).unwrap_err();
    assert!(stopped.to_string().contains("stopped"), "{stopped}");
    assert_eq!(lab.engine.whatifs().unwrap(), []);
    assert_eq!(files(&lab.engine.folder().join("whatif")), ["lock"]);
    let stages = stages.lock().unwrap().clone();
    assert!(stages.contains(&"copying") && !stages.contains(&"comparing"), "{stages:?}");
}

#[test]
fn faults_of_the_file_are_found_before_anything_is_copied() {
    let lab = Lab::new();
    let check = |text: &str, words: &[&str]| {
        let message = lab.ask(&Lab::request(text)).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "missing {word:?} in {message}");
        }
        assert!(!lab.engine.folder().join("whatif").exists());
    };
    check("[[change]]\nrule = \"In from AD - User Jion\"", &["rules.toml", "did you mean \"In from AD - User Join\""]);
    check("[[change]]\n\nrule = 7 8", &["rules.toml, line 3"]);
}

#[test]
fn what_a_dead_process_left_goes_at_the_next_start() {
    let lab = Lab::new();
    let folder = lab.engine.folder().to_owned();
    lab.whatif("");
    let work = folder.join("whatif").join("work");
    std::fs::create_dir(&work).unwrap();
    std::fs::write(work.join("copy.db"), "half a copy").unwrap();
    let Lab { engine, folder: _kept } = lab;
    engine.shutdown();
    let engine = Engine::open(&folder, EngineOptions { read_only: true, ..EngineOptions::default() }).unwrap();
    assert_eq!(files(&folder.join("whatif")), ["1.db", "lock"]);
    assert_eq!(engine.whatifs().unwrap().len(), 1);
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_rules_need_and_what_changes_by_itself_is_noted() {
    let lab = Lab::new();
    let forest = configuration::connectors(&lab.engine.database().reader().unwrap()).unwrap().remove(0);
    let foreign = forest
        .schema
        .attributes_of("user")
        .find(|known| known.value_type == ValueType::String && !known.multi_valued && !forest.attributes.contains(&known.name))
        .unwrap();
    let rule = format!(
        "[[rule]]\nname = \"Notes\"\nprecedence = 51\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
         connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n\
         [rule.expression]\ntitle = \"CStr(RandomNum(1,9))\"\nphysicalDeliveryOfficeName = \"[{}]\"\n",
        foreign.name
    );
    let check = |rules: &str, expected: &[&str]| {
        let warnings = lab.whatif(rules).warnings;
        assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
        for (warning, expected) in warnings.iter().zip(expected) {
            assert!(warning.contains(expected), "missing {expected:?} in {warning}");
        }
    };
    let missing = format!("rule \"Notes\" reads {}, which \"contoso.com\" does not import yet", foreign.name);
    check(&rule, &[&missing, "rule \"Notes\" gives title a value that changes by chance"]);
    check(&rule.replace(&format!("[{}]", foreign.name), "[nothing]"), &["changes by chance", "nothing"]);
}
