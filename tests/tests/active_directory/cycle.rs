//! Whole cycles with a forest that takes exports, from the configuration to the values in the directory.

use syncline_engine::connector::EntryValue;
use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity};
use syncline_engine::service::{CsScope, CsSearch, CyclePolicy, CycleResult, Engine, EngineOptions, OperationFilter, RuleSource};
use syncline_engine::setup::{NewDirectory, RuleChoices};
use uuid::Uuid;

use super::writing::objects;
use super::{Forest, Unit, forest_alone};

/// What an administrator adds to the default rules: a flow to an attribute that nothing else writes.
const RULE: &str = r#"
[[rule]]
name = "Out to AD - Note"
precedence = 50
direction = "outbound"
connector = "FOREST"
connector_object = "user"
metaverse_object = "person"
link = "join"

[rule.expression]
comment = '"Synchronized as " & [accountName]'
"#;

/// A data folder with the forest, of which one container is read, and a tenant.
fn engine(forest: &Forest, unit: &Unit<'_>, folder: &std::path::Path) -> Engine {
    let engine = Engine::create(folder, EngineOptions::default()).unwrap();
    {
        let mut writer = engine.database().writer();
        let transaction = writer.transaction().unwrap();
        let choices = RuleChoices { source_anchor: "mS-DS-ConsistencyGuid".to_owned(), ..RuleChoices::default() };
        choices.save(&transaction).unwrap();
        transaction.commit().unwrap();
    }
    let (user, password) = forest.account("WRITEBACK");
    let settings = ActiveDirectorySettings { user, ..forest.settings(ConnectionSecurity::Ldaps) };
    engine.add_directory(NewDirectory::active_directory(&forest.domain, &settings, password).unwrap()).unwrap();
    let (include, exclude) = (std::slice::from_ref(&unit.dn), std::slice::from_ref(&forest.base));
    engine.choose_containers(&forest.domain, None, include, exclude).unwrap();
    engine.add_sandbox("contoso", std::slice::from_ref(&forest.domain)).unwrap();
    let source = RuleSource { file: "note.toml".to_owned(), text: RULE.replace("FOREST", &forest.domain) };
    let rules = engine.rules_from_text(&[source]).unwrap();
    engine.save_rules(rules, None).unwrap();
    engine
}

/// Runs a cycle in which everything succeeds; gives adds, updates and deletes of the forest's imports and exports.
fn cycle(engine: &Engine, forest: &Forest, policy: CyclePolicy) -> Vec<(String, [u64; 3])> {
    let cycle: CycleResult = engine.start_cycle(policy).unwrap().wait().unwrap();
    assert_eq!(cycle.status, "success", "{cycle:?}");
    let talks = |profile: &str| !profile.ends_with("Synchronization");
    let of_forest = cycle.steps.iter().filter(|step| step.connector == forest.domain && talks(&step.profile));
    of_forest
        .map(|step| {
            let run = step.run.as_ref().unwrap_or_else(|| panic!("{step:?}"));
            assert_eq!((run.status.as_str(), run.errors), ("success", 0), "{step:?}");
            (step.profile.clone(), [run.adds, run.updates, run.deletes])
        })
        .collect()
}

/// Exports that wait for the forest, and exports that no import has seen yet.
fn open_exports(engine: &Engine, forest: &Forest) -> (u64, u64) {
    let connector = engine.connector(&forest.domain).unwrap();
    let waiting = engine.pending_exports(connector.id, OperationFilter::ALL, 0, 10).unwrap().total;
    let scope = CsScope::AwaitingConfirmation;
    let search = CsSearch { connector: connector.id, scope, text: String::new(), offset: 0, limit: 1 };
    (waiting, engine.search_connector_space(&search).unwrap().total)
}

fn text(value: &str) -> Vec<EntryValue> {
    vec![EntryValue::Text(value.to_owned())]
}

#[test]
fn a_cycle_writes_back_what_rules_want_and_the_next_sees_it_confirmed() {
    let Some(forest) = forest_alone("a_cycle_writes_back_what_rules_want_and_the_next_sees_it_confirmed") else { return };
    let unit = forest.unit("OU=Writeback");
    let accounts = ["a", "b"].map(|end| format!("c{}{end}", &Uuid::new_v4().simple().to_string()[..12]));
    for account in &accounts {
        forest.change(&format!(
            "dn: CN={account},{}\nchangetype: add\nobjectClass: user\nsAMAccountName: {account}\n\
             userPrincipalName: {account}@{}\n",
            unit.dn, forest.domain
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&forest, &unit, &folder.path().join("data"));

    // Both are exported in the same cycle that imports them, and no import has seen it yet.
    let steps = cycle(&engine, &forest, CyclePolicy::Initial);
    let export = |updates| ("Export".to_owned(), [0, updates, 0]);
    assert_eq!(steps.last(), Some(&export(2)), "{steps:?}");
    assert_eq!(open_exports(&engine, &forest), (0, 2));
    let written = |account: &str, attribute: &str| {
        let mut found = objects(&forest, &unit.dn);
        found.remove(&format!("CN={account}")).unwrap().remove(attribute).unwrap_or_default()
    };
    for account in &accounts {
        assert_eq!(written(account, "comment"), text(&format!("Synchronized as {account}")));
        // The source anchor is the object's own identity at first.
        let identity = written(account, "objectGUID");
        assert!(matches!(&identity[..], [EntryValue::Binary(guid)] if guid.len() == 16), "{identity:?}");
        assert_eq!(written(account, "mS-DS-ConsistencyGuid"), identity);
    }

    // The import of the next cycle confirms it; then there is nothing to send.
    let import = |updates| ("Delta Import".to_owned(), [0, updates, 0]);
    assert_eq!(cycle(&engine, &forest, CyclePolicy::Delta), [import(2)]);
    assert_eq!(open_exports(&engine, &forest), (0, 0));
    assert_eq!(cycle(&engine, &forest, CyclePolicy::Delta), [import(0)]);

    // What somebody changes by hand is put right by the cycle that notices it.
    let [first, second] = &accounts;
    forest.change(&format!("dn: CN={first},{}\nchangetype: modify\nreplace: comment\ncomment: by hand\n", unit.dn));
    let steps = cycle(&engine, &forest, CyclePolicy::Delta);
    assert_eq!(steps.last(), Some(&export(1)), "{steps:?}");
    for account in [first, second] {
        assert_eq!(written(account, "comment"), text(&format!("Synchronized as {account}")));
    }
    cycle(&engine, &forest, CyclePolicy::Delta);
    assert_eq!(open_exports(&engine, &forest), (0, 0));
    engine.shutdown();
}
