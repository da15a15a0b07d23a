//! What-ifs on a small forest and a tenant on loopback, through the facade.

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

#[test]
fn a_preview_shows_what_its_commit_does() {
    let lab = Lab::new();
    lab.forest(&[("Ada", "Legal"), ("Bob", "Sales"), ("Cho", "Sales"), ("Dan", "IT"), ("Eve", "HR"), ("Fay", "IT")]);
    lab.run(FOREST, "Full Import", "success");
    let forest = lab.engine.connector(FOREST).unwrap().id;
    let guid = |name: &str| lab.engine.cs_object_by_dn(forest, &dn(name)).unwrap().guid;
    let before = lab.dump();
    let preview = lab.engine.preview(guid("Ada"), SyncMode::Delta).unwrap();
    assert_eq!(lab.dump(), before, "a preview writes nothing");
    let told: Vec<(&str, Vec<String>)> = preview
        .changes
        .iter()
        .map(|change| {
            (
                change.kind.word(),
                change
                    .attributes
                    .iter()
                    .map(|attribute| format!("{} {:?}>{:?} {}", attribute.name, attribute.old, attribute.new, attribute.rule))
                    .collect(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("update", vec!["department [\"IT\"]>[\"Legal\"] In from AD - User Common".to_owned()]),
            ("update", vec!["department [\"IT\"]>[\"Legal\"] Out to AAD - User ExchangeOnline".to_owned()]),
        ]
    );
    assert_eq!((preview.link.as_str(), preview.committed, preview.error.is_none()), ("stays joined to Ada Smith", false, true));
    let flow = preview.import_flows.iter().find(|flow| flow.attribute == "department").unwrap();
    assert_eq!((flow.status, flow.values.as_slice()), (FlowStatus::Applied, ["Legal".to_owned()].as_slice()));
    let flow = preview.export_flows.iter().find(|flow| flow.attribute == "department").unwrap();
    assert_eq!((flow.rule.as_str(), flow.connector.as_str()), ("Out to AAD - User ExchangeOnline", TENANT));
    assert!(preview.scope.iter().any(|rule| rule.rule == "In from AD - User Join" && rule.in_scope));

    let committed = lab.engine.commit_preview(guid("Ada"), SyncMode::Delta).unwrap();
    assert_eq!((committed.changes.as_slice(), committed.committed), (preview.changes.as_slice(), true));
    let again = lab.engine.preview(guid("Ada"), SyncMode::Delta).unwrap();
    assert!(again.nothing_pending && again.changes.is_empty());

    // A new object: no match, so a metaverse object is made and it is provisioned.
    let fay = lab.engine.preview(guid("Fay"), SyncMode::Full).unwrap();
    assert_eq!(fay.joins.iter().map(|group| group.status).collect::<Vec<_>>(), [JoinStatus::NoMatches]);
    assert_eq!(fay.link, "a metaverse object is made for it by rule \"In from AD - User Join\"");
    let kinds: Vec<(bool, ChangeKind)> = fay.changes.iter().map(|change| (change.space.is_empty(), change.kind)).collect();
    assert_eq!(kinds, [(true, ChangeKind::Add), (false, ChangeKind::Join), (false, ChangeKind::Add)]);
    assert_eq!(fay.changes[2].reason, "provisioned for Fay Smith");
    // Law: the values staged are those of the flows that are told to be applied, and so are the rules.
    assert!(fay.changes[2].attributes.len() > 5);
    for attribute in &fay.changes[2].attributes {
        let applied = |flow: &&crate::service::FlowView| {
            flow.attribute == attribute.name && matches!(flow.status, FlowStatus::Applied | FlowStatus::AppliedUnchanged)
        };
        let flows: Vec<_> = fay.export_flows.iter().filter(applied).collect();
        assert_eq!(flows.iter().map(|flow| flow.rule.as_str()).collect::<Vec<_>>().join(", "), attribute.rule, "{attribute:?}");
        assert_eq!(flows.iter().flat_map(|flow| flow.values.clone()).collect::<Vec<_>>(), attribute.new, "{attribute:?}");
    }
}

#[test]
fn a_preview_tells_targets_recalls_and_the_end_of_an_identity() {
    let lab = Lab::new();
    let forest = lab.engine.connector(FOREST).unwrap().id;
    let preview = |name: &str| {
        let guid = lab.engine.cs_object_by_dn(forest, &dn(name)).unwrap().guid;
        lab.engine.preview(guid, SyncMode::Full).unwrap()
    };
    let tenant = |preview: &PreviewView| {
        let target = preview.targets.iter().find(|target| target.connector == TENANT).unwrap().clone();
        let actions: Vec<TargetAction> = target.objects.iter().map(|object| object.action).collect();
        (target, actions)
    };
    let shout = "name = \"Shout\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
         connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n\
         [rule.expression]\ndisplayName = \"UCase([displayName])\"\n";
    lab.save(&format!("[[rule]]\n{shout}"));

    // Before and after an object of a target, and every flow to it.
    let ada = preview("Ada");
    let (target, actions) = tenant(&ada);
    assert_eq!((actions.as_slice(), target.error.is_none()), ([TargetAction::Flow].as_slice(), true));
    assert!(target.scope.iter().any(|rule| rule.rule == "Out to AAD - User Join" && rule.in_scope));
    let value = |list: &[AttributeTexts]| list.iter().find(|known| known.name == "displayName").unwrap().values.clone();
    assert_eq!(
        (value(&target.objects[0].before), value(&target.objects[0].after)),
        (vec!["Ada Smith".into()], vec!["ADA SMITH".into()])
    );
    let status = |target: &TargetPreview, attribute: &str| {
        let flows = target.objects[0].flows.iter().filter(|flow| flow.attribute == attribute);
        flows.map(|flow| flow.status).take(2).collect::<Vec<_>>()
    };
    assert_eq!(status(&target, "displayName"), [FlowStatus::Applied, FlowStatus::NotPrecedent]);
    assert_eq!(status(&target, "department")[0], FlowStatus::AppliedUnchanged);
    assert!(!ada.deletion.deleted && ada.deletion.holders.iter().any(|holder| holder.rule == "In from AD - User Join"));

    // Who contributed a value does so no more.
    lab.run(FOREST, "Full Synchronization", "success");
    lab.save("[[change]]\nrule = \"Shout\"\nenabled = false\n");
    let recalls = preview("Ada").recalls;
    let told: Vec<_> =
        recalls.iter().map(|recall| (recall.attribute.as_str(), recall.rule.as_str(), recall.values.as_slice())).collect();
    assert_eq!(told, [("displayName", "Shout", ["ADA SMITH".to_owned()].as_slice())]);
    assert_eq!(recalls[0].successor.as_deref(), Some("In from AD - User Common"));
    assert_eq!(recalls[0].reason, "rule \"Shout\" does not apply to the object any more");

    // Out of the scope of an outbound rule, with the clause that fails.
    lab.save("[[change]]\nrule = \"In from AD - User Common\"\n[change.expression]\ncloudFiltered = \"IIF([department]=\\\"HR\\\",True,NULL)\"\n");
    let (target, actions) = tenant(&preview("Eve"));
    assert_eq!(actions, [TargetAction::Deprovision]);
    let join = target.scope.iter().find(|rule| rule.rule == "Out to AAD - User Join").unwrap();
    assert_eq!((join.in_scope, join.failing.as_str()), (false, "cloudFiltered NOTEQUAL True does not hold (True)"));

    // Nothing holds the metaverse object any more.
    lab.save(WITHOUT_SALES);
    let bob = preview("Bob");
    assert_eq!(tenant(&bob).1, [TargetAction::Deprovision]);
    assert!(bob.deletion.deleted && bob.deletion.holders.is_empty() && bob.recalls.is_empty(), "{:?}", bob.deletion);

    // What becomes of both objects is what the connector does with those that nothing holds.
    for (action, expected) in [
        (Deprovisioning::MakeNormalDisconnector, TargetAction::Disconnect),
        (Deprovisioning::MakeExplicitDisconnector, TargetAction::DisconnectExplicitly),
        (Deprovisioning::DeleteObject, TargetAction::Deprovision),
    ] {
        lab.engine.set_deprovisioning(TENANT, action).unwrap();
        assert_eq!([tenant(&preview("Eve")).1, tenant(&preview("Bob")).1], [[expected], [expected]], "{action:?}");
    }

    // A rule that fails, beside what the others would have given.
    lab.save(
        &"name = \"Refuse\"\nprecedence = 51\ndirection = \"outbound\"\nconnector = \"TENANT\"\nconnector_object = \"user\"\n\
         metaverse_object = \"person\"\nlink = \"join\"\n[rule.expression]\ndepartment = \"Error(\\\"no department\\\")\"\n"
            .replace("TENANT", TENANT)
            .replacen("name", "[[rule]]\nname", 1),
    );
    let dan = preview("Dan");
    let (target, _) = tenant(&dan);
    let error = target.error.clone().unwrap();
    assert_eq!((error.code.as_str(), error.detail.rule.as_deref()), ("sync-rule-error-function-triggered", Some("Refuse")));
    assert_eq!(dan.error.as_ref(), Some(&error));
    assert_eq!(status(&target, "department"), [FlowStatus::Error, FlowStatus::Applied]);
}

#[test]
fn a_value_is_explained_by_its_flows() {
    let lab = Lab::new();
    lab.save(
        "[[rule]]\nname = \"Shout\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
         connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\nscope = [[\"department EQUAL IT\"]]\n\
         [rule.expression]\ndisplayName = \"IIF([sAMAccountName]=\\\"dan\\\",NULL,UCase([displayName]))\"\n",
    );
    let statuses = |name: &str| {
        let why = lab.engine.why(name, "DISPLAYNAME").unwrap();
        let exchange = "In from AD - User Common from Exchange";
        assert!(why.flows.iter().any(|flow| flow.rule == exchange && flow.status == FlowStatus::OutOfScope));
        let others = why.flows.iter().filter(|flow| flow.rule != exchange);
        let flows: Vec<(String, FlowStatus)> = others.map(|flow| (flow.rule.clone(), flow.status)).collect();
        (why, flows)
    };
    let common = || "In from AD - User Common".to_owned();
    let (ada, flows) = statuses("Ada");
    assert_eq!(flows, [("Shout".to_owned(), FlowStatus::Applied), (common(), FlowStatus::NotPrecedent)]);
    assert_eq!((ada.attribute.as_str(), ada.pending.as_deref()), ("displayName", Some(["ADA SMITH".to_owned()].as_slice())));
    assert_eq!(ada.stored.as_ref().unwrap().rule, common());
    assert!(ada.verdict.contains("rule \"Shout\" of precedence 50") && ada.verdict.contains("\"ADA SMITH\""), "{}", ada.verdict);
    let expression = ada.flows[0].expression.as_ref().unwrap();
    assert_eq!(expression.results, ["\"ADA SMITH\""]);
    assert_eq!(expression.parts[0].results, ["False"]);
    let (_, flows) = statuses("Dan");
    assert_eq!(flows, [("Shout".to_owned(), FlowStatus::NoValue), (common(), FlowStatus::AppliedUnchanged)]);
    let (eve, flows) = statuses("Eve");
    assert_eq!(flows, [("Shout".to_owned(), FlowStatus::OutOfScope), (common(), FlowStatus::AppliedUnchanged)]);
    assert_eq!(eve.flows[0].reason, "department EQUAL IT does not hold (HR)");
    assert_eq!(eve.pending, None);

    // What the flows foretell, the next synchronization does.
    lab.run(FOREST, "Full Synchronization", "success");
    let (ada, flows) = statuses("Ada");
    assert_eq!((flows[0].1, ada.pending), (FlowStatus::AppliedUnchanged, None));
    lab.save("[[change]]\nrule = \"Shout\"\nenabled = false\n");
    assert_eq!(statuses("Ada").1[0].1, FlowStatus::Disabled);

    let refused = |object: &str, attribute: &str| lab.engine.why(object, attribute).unwrap_err().to_string();
    assert!(refused("Ada", "dispalyName").contains("did you mean displayName?"));
    assert!(refused("Smith", "displayName").contains("matches 5 metaverse objects"));
    assert!(refused("Nobody", "displayName").contains("Nobody"));
}

#[test]
fn a_rule_that_is_not_saved_is_tried_on_one_object() {
    let lab = Lab::new();
    let rule = |text: &str| {
        let source = RuleSource { file: "rules.toml".to_owned(), text: text.to_owned() };
        lab.engine.rules_from_text(&[source]).unwrap().remove(0)
    };
    let object = |name: &str| {
        let connector = lab.engine.connector(FOREST).unwrap().id;
        lab.engine.cs_object_by_dn(connector, &dn(name)).unwrap().guid
    };
    let shout = |join: &str| {
        rule(&format!(
            "[[rule]]\nname = \"Shout\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
             connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\nenabled = false\n\
             scope = [[\"department EQUAL IT\", \"mail ISNOTNULL\"]]\njoin = [[\"{join}\"]]\nsame = [\"department\"]\n\
             [rule.expression]\ndisplayName = \"UCase([displayName])\"\ntitle = \"Error(\\\"no title\\\")\"\n\
             [rule.direct]\nmiddleName = \"middleName\"\n"
        ))
    };
    let tried = lab.engine.try_rule(&shout("objectGUID = sourceAnchorBinary"), object("Ada")).unwrap();
    assert!(tried.scope.in_scope, "{tried:?}");
    let flows: Vec<(&str, FlowStatus, String)> =
        tried.flows.iter().map(|flow| (flow.attribute.as_str(), flow.status, flow.values.join("; "))).collect();
    assert_eq!(
        flows,
        [
            ("department", FlowStatus::Applied, "IT".to_owned()),
            ("displayName", FlowStatus::Applied, "ADA SMITH".to_owned()),
            ("middleName", FlowStatus::NoValue, String::new()),
            ("title", FlowStatus::Error, String::new()),
        ]
    );
    assert_eq!(tried.flows[3].reason, "no title");
    let bob = lab.engine.try_rule(&shout("objectGUID = sourceAnchorBinary"), object("Bob")).unwrap();
    assert_eq!(bob.scope.failing, "department EQUAL IT does not hold (Sales)");
    assert_eq!(bob.flows[1].values, ["BOB SMITH"], "the flows tell what they would give");
    assert!(bob.join_note.contains("out of scope"), "{}", bob.join_note);
    let tried = lab.engine.try_rule(&shout("mail = middleName"), object("Ada")).unwrap();
    assert!(tried.joins.is_empty() && tried.join_note.contains("joins on middleName"), "{tried:?}");
    let wrong = lab.engine.try_rule(&shout("mail = mail"), object("Staff")).unwrap_err().to_string();
    assert!(wrong.contains("type \"group\"") && wrong.contains("type \"user\""), "{wrong}");

    let out = rule(&format!(
        "[[rule]]\nname = \"Out\"\nprecedence = 51\ndirection = \"outbound\"\nconnector = \"{TENANT}\"\n\
         connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n\
         [rule.expression]\ndisplayName = \"LCase([displayName])\"\n"
    ));
    let page = lab.engine.search_metaverse(&MvSearch { text: "Eve".to_owned(), limit: 5, ..MvSearch::default() }).unwrap();
    let tried = lab.engine.try_rule(&out, page.rows[0].guid).unwrap();
    assert!(tried.scope.in_scope);
    assert_eq!(tried.flows[0].values, ["eve smith"]);
    assert!(lab.engine.rule_set().unwrap().rules.iter().all(|rule| rule.name != "Shout"), "nothing is stored");
}

#[test]
fn what_is_in_the_way_is_found() {
    let lab = Lab::new();
    let check = |name: &str, blocked: bool, words: &str| {
        let found = lab.engine.why_not(FOREST, name).unwrap();
        assert_eq!(found.blocked, blocked, "{found:?}");
        assert!(found.verdict.contains(words), "missing {words:?} in {}", found.verdict);
        found
    };
    check(&dn("Bob"), false, "joined to Bob Smith and present in every target");
    check("CN=Bob,DC=northwind,DC=com", true, "no partition that this name lies in");
    let moved = check("CN=Bob,OU=Other,DC=contoso,DC=com", true, "No import has brought it");
    assert_eq!(moved.similar, [dn("Bob")]);
    assert!(moved.findings.iter().any(|finding| finding.step == "Last import" && finding.text.contains("Full Import")));

    lab.save(WITHOUT_SALES);
    lab.run(FOREST, "Full Synchronization", "success");
    let sales = "department NOTEQUAL Sales does not hold (Sales)";
    let bob = check(&dn("Bob"), true, sales);
    let rule = bob.scope.iter().find(|rule| rule.rule == "In from AD - User Join").unwrap();
    assert_eq!((rule.in_scope, rule.failing.as_str()), (false, sales));
    assert!(bob.findings.iter().any(|finding| finding.step == "Scope" && finding.state == FindingState::Bad));

    lab.save("[[change]]\nrule = \"In from AD - User Common\"\n[change.expression]\ncloudFiltered = \"IIF([department]=\\\"HR\\\",True,NULL)\"\n");
    lab.run(FOREST, "Full Synchronization", "success");
    let eve = check(
        &dn("Eve"),
        true,
        "not provisioned: out of scope of rule \"Out to AAD - User Join\": cloudFiltered NOTEQUAL True does not hold (True)",
    );
    assert_eq!(eve.targets.iter().map(|target| target.present).collect::<Vec<_>>(), [false]);

    lab.save("[[change]]\nrule = \"In from AD - User Common\"\n[change.expression]\ntitle = \"IIF([department]=\\\"IT\\\",Error(\\\"not IT\\\"),NULL)\"\n");
    lab.run(FOREST, "Full Synchronization", "completed-sync-errors");
    let ada = check(&dn("Ada"), true, "Its synchronization fails: sync-rule-error-function-triggered: not IT");
    assert!(ada.sync_error.is_some());
}
