//! `syncline whatif` on the demo folder lists exactly what the following real full synchronization does.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use syncline_engine::model::ObjectOperation;
use syncline_engine::rules::{RuleConnector, SyncRule, revise};
use syncline_engine::service::{AttributeChangeView, CsScope, CsSearch, Engine, EngineOptions, MvSearch, ValueView};
use syncline_engine::store::configuration;

const FOREST: &str = "contoso.com";
const TENANT: &str = "contoso.onmicrosoft.com - AAD";
const PAGE: u64 = 1_000;

/// One scoping filter takes a department out, one flow gives other values, and one rule is new.
const RULES: &str = r#"
[[change]]
rule = "In from AD - User Join"
scope = [["isCriticalSystemObject NOTEQUAL TRUE", "adminDescription NOTSTARTSWITH User_", "department NOTEQUAL Sales"]]

[[change]]
rule = "In from AD - User Common from Exchange"
[change.expression]
displayName = "IIF([department]=\"Legal\",UCase([displayName]),[displayName])"

[[rule]]
name = "In from AD - User Refuse"
precedence = 50
direction = "inbound"
connector = "contoso.com"
connector_object = "user"
metaverse_object = "person"
link = "join"
[rule.expression]
info = "IIF([department]=\"Executive\",Error(\"not for executives\"),NULL)"
"#;

fn syncline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_syncline"))
        .arg("--data")
        .arg(folder)
        .args(arguments)
        .env_remove("SYNCLINE_DATA")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The data of a successful JSON answer.
fn data(output: &Output) -> Value {
    let text = stdout(output);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    assert_eq!((output.status.code(), &document["ok"]), (Some(0), &Value::Bool(true)), "{document}");
    document["data"].clone()
}

/// Attribute values with the rule that is told for them.
type Attributes = BTreeMap<String, (BTreeSet<String>, String)>;

/// What a connector space or the metaverse holds of one object, as windows and lists show it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Shown {
    joined: bool,
    deleted: bool,
    error: Option<String>,
    attributes: Attributes,
}

/// Everything there is: space, name, object.
type State = BTreeMap<(String, String), Shown>;

/// The values that stay or come; references of the metaverse by identifier, because names may change.
fn texts(values: &[ValueView]) -> BTreeSet<String> {
    let text = |value: &ValueView| value.mv_target.map_or_else(|| value.text.clone(), |target| target.to_string());
    values.iter().filter(|value| value.change.as_deref() != Some("delete")).map(text).collect()
}

/// Reads everything through the questions that the app asks; `names` learns what metaverse objects are called.
fn state(folder: &Path, names: &mut BTreeMap<String, String>) -> State {
    let engine = Engine::open(folder, EngineOptions { read_only: true, ..EngineOptions::default() }).unwrap();
    let mut state = State::new();
    for connector in engine.connectors().unwrap() {
        let search = CsSearch { connector: connector.id, scope: CsScope::All, text: String::new(), offset: 0, limit: PAGE };
        for hit in engine.search_connector_space(&search).unwrap().rows {
            if hit.object_type.is_empty() {
                continue;
            }
            let object = engine.cs_object(hit.guid).unwrap();
            let mut shown = Shown {
                joined: object.metaverse.is_some(),
                error: object.sync_error.map(|error| error.error.code.as_str().to_owned()),
                ..Shown::default()
            };
            let layers = [Some(object.import), object.awaiting_confirmation, object.pending_export];
            for layer in layers.into_iter().flatten() {
                shown.deleted |= layer.operation == ObjectOperation::Delete;
                for AttributeChangeView { name, new, .. } in layer.attributes {
                    shown.attributes.insert(name, (texts(&new), String::new()));
                }
            }
            shown.attributes.retain(|_, (values, _)| !values.is_empty());
            state.insert((connector.name.clone(), hit.dn), shown);
        }
    }
    let search = MvSearch { limit: PAGE, ..MvSearch::default() };
    for hit in engine.search_metaverse(&search).unwrap().rows {
        let object = engine.mv_object(hit.guid).unwrap();
        names.insert(hit.guid.to_string(), hit.display_name.clone());
        let attributes = object
            .attribute_details
            .into_iter()
            .map(|attribute| (attribute.name, (texts(&attribute.values), attribute.rule)))
            .collect();
        state.insert(("Metaverse".to_owned(), hit.guid.to_string()), Shown { joined: true, attributes, ..Shown::default() });
    }
    engine.shutdown();
    state
}

/// What happened to one object: a word, and of each attribute the values that went and came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Change {
    kind: String,
    attributes: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>, String)>,
    error: Option<String>,
}

/// The difference of two states, told without anything that a what-if uses.
fn difference(before: &State, after: &State, called: &BTreeMap<String, String>) -> BTreeMap<(String, String), Change> {
    let named = |values: BTreeSet<String>| -> BTreeSet<String> {
        values.into_iter().map(|value| called.get(&value).cloned().unwrap_or(value)).collect()
    };
    let mut changes = BTreeMap::new();
    let keys: BTreeSet<&(String, String)> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (old, new) = (before.get(key), after.get(key));
        let metaverse = key.0 == "Metaverse";
        let kind = match (old, new) {
            (None, Some(_)) => "add",
            (Some(_), None) if metaverse => "delete",
            (Some(_), None) => "remove",
            (Some(old), Some(new)) if new.deleted && !old.deleted => "delete",
            (Some(old), Some(new)) if old.deleted && !new.deleted => "restore",
            (Some(old), Some(new)) if old.joined && !new.joined => "disconnect",
            (Some(old), Some(new)) if !old.joined && new.joined => "join",
            _ => "update",
        };
        let mut change = Change { kind: kind.to_owned(), ..Change::default() };
        if !matches!(kind, "delete" | "remove") {
            let nothing = Attributes::new();
            let (old, new) = (old.map_or(&nothing, |shown| &shown.attributes), new.map_or(&nothing, |shown| &shown.attributes));
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                let values = |side: &Attributes| side.get(name).map(|(values, _)| values.clone()).unwrap_or_default();
                let rule = |side: &Attributes| side.get(name).map(|(_, rule)| rule.clone());
                let (gone, come): (BTreeSet<String>, BTreeSet<String>) = (
                    values(old).difference(&values(new)).cloned().collect(),
                    values(new).difference(&values(old)).cloned().collect(),
                );
                let moved = metaverse && rule(old) != rule(new);
                if !gone.is_empty() || !come.is_empty() || moved {
                    // The windows tell rules of metaverse attributes only.
                    let rule = if metaverse { rule(new).or(rule(old)).unwrap_or_default() } else { String::new() };
                    change.attributes.insert(name.clone(), (named(gone), named(come), rule));
                }
            }
        }
        let (had, has) = (old.and_then(|shown| shown.error.clone()), new.and_then(|shown| shown.error.clone()));
        change.error = match (had, has) {
            (None, Some(code)) => Some(format!("appears {code}")),
            (Some(code), None) => Some(format!("vanishes {code}")),
            _ => None,
        };
        if kind == "update" && change.attributes.is_empty() {
            if change.error.is_none() {
                continue;
            }
            change.kind = "error".to_owned();
        }
        changes.insert(key.clone(), change);
    }
    changes
}

/// What a what-if listed, from its JSON lines.
fn foreseen(text: &str) -> BTreeMap<(String, String), Change> {
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let report = lines.next().unwrap()["whatif"].clone();
    let spaces: BTreeMap<&str, &str> = report["spaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|space| (space["space"].as_str().unwrap(), space["name"].as_str().unwrap()))
        .collect();
    let mut changes = BTreeMap::new();
    for line in lines {
        let told = &line["change"];
        let space = spaces[told["space"].as_str().unwrap()].to_owned();
        let metaverse = space == "Metaverse";
        let name = if metaverse { &told["guid"] } else { &told["name"] };
        let mut change = Change { kind: told["kind"].as_str().unwrap().to_owned(), ..Change::default() };
        for attribute in told["attributes"].as_array().unwrap() {
            let values = |side: &str| -> BTreeSet<String> {
                let values = attribute[side].as_array().map(Vec::as_slice).unwrap_or_default();
                assert_eq!(attribute[format!("{side}Count")].as_u64().unwrap(), values.len() as u64, "{attribute}");
                values.iter().map(|value| dn_of(value.as_str().unwrap())).collect()
            };
            let (mut gone, mut come) = (values("old"), values("new"));
            if attribute["change"] == "source" {
                (gone, come) = (BTreeSet::new(), BTreeSet::new());
            }
            let rule = if metaverse { attribute["rule"].as_str().unwrap().to_owned() } else { String::new() };
            let both: BTreeSet<String> = gone.intersection(&come).cloned().collect();
            gone.retain(|value| !both.contains(value));
            come.retain(|value| !both.contains(value));
            change.attributes.insert(attribute["name"].as_str().unwrap().to_owned(), (gone, come, rule));
        }
        if let Some(error) = told["error"].as_object() {
            change.error = Some(format!("{} {}", error["change"].as_str().unwrap(), error["code"].as_str().unwrap()));
        }
        changes.insert((space, name.as_str().unwrap().to_owned()), change);
    }
    changes
}

/// The DN of a reference that is told with what people call it.
fn dn_of(text: &str) -> String {
    match text.rsplit_once(" (CN={") {
        Some((_, rest)) => format!("CN={{{}", rest.trim_end_matches(')')),
        None => text.to_owned(),
    }
}

/// Saves the rules of a text, as the rules editor will.
fn save(folder: &Path, text: &str) {
    let engine = Engine::open(folder, EngineOptions::default()).unwrap();
    {
        let mut writer = engine.database().writer();
        let transaction = writer.transaction().unwrap();
        let connectors = configuration::connectors(&transaction).unwrap();
        let names: Vec<RuleConnector<'_>> = connectors
            .iter()
            .map(|record| RuleConnector { id: record.id, name: &record.name, guid: record.guid, schema: &record.schema })
            .collect();
        let saved = configuration::rules(&transaction).unwrap();
        let revision = revise(&saved, text, &names, engine.ids()).unwrap();
        for (place, rule) in (1i64..).zip(saved) {
            configuration::save_rule(&transaction, &SyncRule { precedence: -place, ..rule }).unwrap();
        }
        for rule in &revision.rules {
            configuration::save_rule(&transaction, rule).unwrap();
        }
        transaction.commit().unwrap();
    }
    engine.shutdown();
}

#[test]
fn a_what_if_lists_exactly_what_the_real_full_synchronization_then_does() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("demo");
    assert_eq!(syncline(&folder, &["demo", "--no-window", "--quiet"]).status.code(), Some(0));
    let rules = parent.path().join("rules.toml");
    std::fs::write(&rules, RULES).unwrap();
    let listed = parent.path().join("whatif.jsonl");
    let mut names = BTreeMap::new();
    let before = state(&folder, &mut names);
    let (rules, listed_name) = (rules.to_str().unwrap(), listed.to_str().unwrap());
    let asked = syncline(&folder, &["whatif", "--rules", rules, "--format", "json", "--out", listed_name]);
    assert_eq!(asked.status.code(), Some(0), "{asked:?}");
    let foreseen = foreseen(&std::fs::read_to_string(&listed).unwrap());

    let report = data(&syncline(&folder, &["whatif", "show", "1", "--json", "--limit", "3"]));
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(report["rules"].as_array().unwrap().len(), 3);
    assert_eq!(steps.len(), 2);

    save(&folder, RULES);
    for step in steps {
        let (connector, status) = (step["connector"].as_str().unwrap(), step["status"].as_str().unwrap());
        let ran = syncline(&folder, &["run", "start", connector, "Full Synchronization", "--quiet", "--json"]);
        let answer: Value = serde_json::from_str(stdout(&ran).lines().last().unwrap()).unwrap();
        let run = if answer["ok"] == true { &answer["data"] } else { &answer["error"]["detail"] };
        assert_eq!(run["status"], status, "{answer}");
        // The counters are those that the what-if told.
        let counted: BTreeMap<String, u64> = run["stepDetails"][0]["counters"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|group| group["counters"].as_array().unwrap())
            .flat_map(|counter| counter["parts"].as_object().unwrap())
            .map(|(name, value)| (name.clone(), value.as_u64().unwrap()))
            .filter(|(_, value)| *value > 0)
            .collect();
        let told: BTreeMap<String, u64> = step["parts"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_u64().unwrap()))
            // No window shows them.
            .filter(|(name, _)| !name.ends_with(":connector-no-flow"))
            .collect();
        assert_eq!(counted, told, "{connector}");
    }
    let after = state(&folder, &mut names);
    let happened = difference(&before, &after, &names);
    for kind in ["delete", "disconnect", "update", "error"] {
        assert!(happened.values().any(|change| change.kind == kind), "the example holds no {kind}");
    }
    assert!(happened.keys().any(|(space, _)| space == FOREST) && happened.keys().any(|(space, _)| space == TENANT));
    let keys: BTreeSet<&(String, String)> = foreseen.keys().chain(happened.keys()).collect();
    let differences: Vec<_> =
        keys.into_iter().map(|key| (key, foreseen.get(key), happened.get(key))).filter(|(_, one, other)| one != other).collect();
    assert_eq!(differences.len(), 0, "{:#?}", differences.first());

    // All forms tell of it.
    let text = stdout(&syncline(&folder, &["whatif", "show", "1"]));
    for words in [
        "In from AD - User Refuse",
        "added",
        "Metaverse: Deleted (",
        "department NOTEQUAL Sales does not hold (Sales)",
        "more; --limit",
    ] {
        assert!(text.contains(words), "missing {words:?} in\n{text}");
    }
    let csv = stdout(&syncline(&folder, &["whatif", "show", "1", "--format", "csv"]));
    let deleted = happened.iter().filter(|((space, _), change)| space == TENANT && change.kind == "delete").count();
    assert_eq!(csv.lines().filter(|line| line.starts_with("contoso.onmicrosoft.com - AAD,delete,")).count(), deleted);
    let rows: usize = happened.values().map(|change| change.attributes.len().max(1)).sum();
    assert_eq!(csv.lines().count(), rows + 1);
    let page = stdout(&syncline(&folder, &["whatif", "show", "1", "--format", "html"]));
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"));

    // Once it has happened, nothing is left to do.
    let again = stdout(&syncline(&folder, &["whatif", "--quiet"]));
    assert!(again.contains("Nothing would change."), "{again}");
    let listed = data(&syncline(&folder, &["whatif", "list", "--json"]));
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let compared = stdout(&syncline(&folder, &["whatif", "compare", "1", "2"]));
    assert!(compared.contains("only what-if 1"), "{compared}");
    assert_eq!(syncline(&folder, &["whatif", "delete", "1", "2"]).status.code(), Some(0));
    assert_eq!(syncline(&folder, &["whatif", "show", "1"]).status.code(), Some(30));
    // The sample export says what the shipped rules say; a file that is none of an export is refused.
    let pilot = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/aadconnect-export/contoso-pilot");
    let map = |name: &str| format!("--map={name}={name}");
    let (forest, tenant) = (map(FOREST), map("contoso.onmicrosoft.com - AAD"));
    let tried = data(&syncline(&folder, &["whatif", "--config", pilot, &forest, &tenant, "--json"]));
    assert_eq!(tried["rulesFile"], pilot);
    let number = tried["number"].to_string();
    assert_eq!(syncline(&folder, &["whatif", "delete", &number]).status.code(), Some(0));
    let refused = syncline(&folder, &["whatif", "--config", rules]);
    assert_eq!(refused.status.code(), Some(31));
    let left: Vec<String> = std::fs::read_dir(folder.join("whatif"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["lock"]);
}

#[test]
fn explanations_are_given_beside_a_working_engine() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("demo");
    assert_eq!(syncline(&folder, &["demo", "--no-window", "--quiet"]).status.code(), Some(0));
    // Whoever works on the folder is not in the way of questions, only of changes.
    let owner = Engine::open(&folder, EngineOptions::default()).unwrap();
    let ada = "CN=Aaron Hughes,OU=Sales,OU=Seattle,OU=Corp,DC=contoso,DC=com";
    let why = data(&syncline(&folder, &["why", "mv", "Aaron Hughes", "DISPLAYNAME", "--json"]));
    assert_eq!(why["attribute"], "displayName");
    assert_eq!(why["flows"][0]["status"], "applied-unchanged");
    let text = stdout(&syncline(&folder, &["why", "mv", "Aaron Hughes", "displayName"]));
    assert!(text.starts_with("displayName is \"Aaron Hughes\": rule ") && text.contains("Skipped: Not Precedent"), "{text}");
    let guest = stdout(&syncline(&folder, &["why-not", FOREST, "--dn", "CN=Guest,CN=Users,DC=contoso,DC=com"]));
    assert!(
        guest.starts_with("It has no metaverse object: ") && guest.contains("isCriticalSystemObject NOTEQUAL TRUE"),
        "{guest}"
    );
    let preview = data(&syncline(&folder, &["cs", "preview", FOREST, "--dn", ada, "--json"]));
    assert_eq!((&preview["committed"], preview["changes"].as_array().unwrap().len()), (&Value::Bool(false), 0));
    let asked = syncline(&folder, &["whatif", "--quiet"]);
    assert!(stdout(&asked).contains("Nothing would change."), "{asked:?}");
    let commit = syncline(&folder, &["cs", "preview", FOREST, "--dn", ada, "--commit"]);
    assert_eq!(commit.status.code(), Some(4), "{commit:?}");
    owner.shutdown();
    let commit = data(&syncline(&folder, &["cs", "preview", FOREST, "--dn", ada, "--commit", "--json"]));
    assert_eq!(commit["committed"], true);
    let unknown = syncline(&folder, &["why", "mv", "Aaron Hughes", "dispalyName"]);
    assert_eq!(unknown.status.code(), Some(31));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean displayName?"));
}
