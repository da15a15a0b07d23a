//! Protection, history and configuration of connectors, called as an administrator calls them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const FOREST: &str = "contoso.com";
const TENANT: &str = "contoso.onmicrosoft.com - AAD";

/// Calls the program without a display, a terminal and settings of this computer.
fn syncline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_syncline"))
        .args(arguments)
        .env_remove("SYNCLINE_DATA")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A folder of its own on which the demo has run.
struct Installation(TempDir);

impl Installation {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = syncline(&["demo", "--no-window", "--quiet", "--data", folder.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        Self(folder)
    }

    fn call(&self, arguments: &[&str]) -> Output {
        syncline(&[&["--data", self.0.path().to_str().unwrap()], arguments].concat())
    }

    /// The last JSON line of an answer, and the exit code.
    fn answer(&self, arguments: &[&str]) -> (Value, i32) {
        let output = self.call(&[arguments, &["--json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let answer = serde_json::from_str(text.lines().last().unwrap_or_default());
        (answer.unwrap_or_else(|error| panic!("{error} in {text:?}")), output.status.code().unwrap())
    }

    /// The data of a successful answer.
    fn data(&self, arguments: &[&str]) -> Value {
        let (answer, exit) = self.answer(arguments);
        assert_eq!(exit, 0, "{arguments:?}: {answer}");
        answer["data"].clone()
    }

    /// The failure of a refused call.
    fn refused(&self, arguments: &[&str], exit: i32, words: &str) -> Value {
        let (answer, found) = self.answer(arguments);
        assert_eq!(found, exit, "{arguments:?}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(words), "{arguments:?}: missing {words:?} in {answer}");
        answer["error"].clone()
    }

    /// Replaces a line of the forest's file that is there once.
    fn replace_line(&self, from: &str, to: &str) {
        let file = self.0.path().join("contoso.ldif");
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.matches(&format!("\n{from}\n")).count(), 1, "{from}");
        std::fs::write(file, text.replace(&format!("\n{from}\n"), &format!("\n{to}\n"))).unwrap();
    }

    /// Takes users out of the forest's file.
    fn fewer_users(&self, number: usize) {
        let file = self.0.path().join("contoso.ldif");
        let text = std::fs::read_to_string(&file).unwrap();
        let mut gone = 0;
        let left: Vec<&str> = text
            .split("\n\n")
            .filter(|entry| {
                let goes = gone < number && entry.contains("\nobjectClass: user\n") && entry.contains("OU=Sales,");
                gone += usize::from(goes);
                !goes
            })
            .collect();
        assert_eq!(gone, number);
        std::fs::write(file, left.join("\n\n")).unwrap();
    }
}

#[test]
fn deletions_above_the_threshold_are_approved_once() {
    let here = Installation::new();
    let shown = here.data(&["deletes", "show"]);
    assert_eq!((&shown["mode"], &shown["threshold"]), (&"count".into(), &500.into()), "{shown}");
    here.refused(&["deletes", "set", "--threshold", "0"], 31, "deletes disable");
    here.refused(&["deletes", "set", "--percent", "101"], 31, "1 to 100");
    here.refused(&["deletes", "set"], 2, "--threshold");
    here.refused(&["deletes", "approve", "--yes"], 31, "nothing to approve");
    here.data(&["deletes", "set", "--threshold", "2"]);
    here.fewer_users(3);
    here.data(&["run", "start", FOREST, "Full Import"]);
    here.data(&["run", "start", FOREST, "Delta Synchronization"]);
    let shown = here.data(&["deletes", "show"]);
    assert_eq!((&shown["staged"]["deletions"], &shown["staged"]["refused"]), (&3.into(), &true.into()), "{shown}");
    here.refused(&["run", "start", TENANT, "Export"], 7, "deletion");
    here.refused(&["deletes", "approve"], 2, "--yes");
    let approved = here.data(&["deletes", "approve", "--yes"]);
    assert_eq!(approved["staged"]["refused"], false, "{approved}");
    assert_eq!(approved["staged"]["approval"]["objects"], 3, "{approved}");
    // The user with the invalid name of the sample forest is refused as ever; the deletions are made.
    let (answer, exit) = here.answer(&["run", "start", TENANT, "Export"]);
    assert_eq!(exit, 5, "{answer}");
    let text = answer.to_string();
    assert!(text.contains("3 deletions staged, limit 2, approved once by"), "{text}");
    let shown = here.data(&["deletes", "show"]);
    assert_eq!((&shown["staged"]["deletions"], &shown["staged"]["approval"]), (&0.into(), &Value::Null), "{shown}");
    let off = here.call(&["deletes", "disable"]);
    assert!(String::from_utf8_lossy(&off.stderr).contains("not protected"));
    assert!(String::from_utf8_lossy(&here.call(&["status"]).stderr).contains("not protected"));
    let share = here.data(&["deletes", "set", "--percent", "10"]);
    assert_eq!((&share["mode"], &share["threshold"]), (&"percent".into(), &10.into()), "{share}");
    assert_eq!(here.data(&["status"])["deletionThreshold"], share["staged"]["limit"]);
}

#[test]
fn a_run_tells_what_it_did_whatever_happens_later() {
    let here = Installation::new();
    let run = |connector: &str, profile: &str| {
        let (answer, exit) = here.answer(&["run", "start", connector, profile]);
        // The user with the invalid name of the sample forest is refused as ever.
        assert!([0, 5].contains(&exit), "{answer}");
        here.data(&["run", "list", "--limit", "1"])["rows"][0]["id"].to_string()
    };
    let cycle = |from: &str, to: &str| {
        here.replace_line(from, to);
        let import = run(FOREST, "Full Import");
        let synchronization = run(FOREST, "Delta Synchronization");
        [import, synchronization, run(TENANT, "Export")]
    };
    let told = |id: &str, counter: &str, attribute: &str| {
        let rows = here.data(&["run", "objects", id, "--counter", counter]);
        let [row] = rows.as_array().unwrap().as_slice() else { panic!("{rows}") };
        let kept = &row["kept"];
        let change = kept["change"]["attributes"].as_array().unwrap().iter().find(|part| part["name"] == attribute).cloned();
        let change = change.unwrap_or_else(|| panic!("{attribute} in {row}"));
        let text = |side: &str| change[side][0]["text"].as_str().unwrap().to_owned();
        (text("old"), text("new"), kept["metaverse"] == true, kept["changedSince"] == true)
    };
    let first = cycle("title: Chief Executive Officer", "title: President");
    let check = |changed: bool| {
        let expected = |metaverse| ("Chief Executive Officer".to_owned(), "President".to_owned(), metaverse, changed);
        assert_eq!(told(&first[0], "Updates", "title"), expected(false));
        assert_eq!(told(&first[1], "Connectors with Flow Updates", "title"), expected(true));
        assert_eq!(told(&first[1], "Export Attribute Flow", "title"), expected(false));
        assert_eq!(told(&first[2], "export-update", "title"), expected(false));
    };
    check(false);
    let second = cycle("title: President", "title: Chair");
    assert_eq!(told(&second[0], "stage-update", "title"), ("President".to_owned(), "Chair".to_owned(), false, false));
    check(true);
    let text = String::from_utf8(here.call(&["run", "objects", &first[0], "--counter", "Updates"]).stdout).unwrap();
    assert!(text.contains("Object changed since this run.") && text.contains("President"), "{text}");
    here.refused(&["run", "objects", &first[0], "--counter", "Nonsense"], 30, "Nonsense");
    here.refused(&["run", "objects", &first[0], "--step", "9"], 30, "no step 9");
}

#[test]
fn a_staging_server_exports_only_when_it_is_told_to() {
    let here = Installation::new();
    assert_eq!(here.data(&["staging", "show"])["stagingMode"], false);
    assert_eq!(here.data(&["staging", "on"])["stagingMode"], true);
    assert_eq!(here.data(&["status"])["stagingMode"], true);
    here.refused(&["run", "start", TENANT, "Export"], 2, "--force");
    let (answer, exit) = here.answer(&["run", "start", TENANT, "Export", "--force"]);
    assert_eq!(exit, 5, "{answer}");
    let cycle = here.data(&["cycle", "start", "--wait"]);
    assert!(cycle.to_string().contains("staging mode"), "{cycle}");
    here.refused(&["staging", "off"], 2, "--i-am-the-only-active-server");
    assert_eq!(here.data(&["staging", "show"])["stagingMode"], true);
    assert_eq!(here.data(&["staging", "off", "--i-am-the-only-active-server"])["stagingMode"], false);
    // There is nothing to tick when it is off already.
    assert_eq!(here.data(&["staging", "off"])["stagingMode"], false);
}

#[test]
fn old_runs_go_and_the_last_of_each_profile_stays() {
    let here = Installation::new();
    here.data(&["run", "start", FOREST, "Full Import"]);
    let before = here.data(&["run", "list"])["total"].as_u64().unwrap();
    let purged = here.data(&["run", "purge"]);
    assert_eq!((&purged["runs"], &purged["olderThan"]), (&0.into(), &"7.00:00:00".into()), "{purged}");
    here.refused(&["run", "purge", "--older-than", "soon"], 2, "soon");
    here.refused(&["run", "purge", "--all"], 2, "--offline");
    here.refused(&["run", "purge", "--all", "--offline"], 2, "--yes");
    assert_eq!(here.data(&["run", "list"])["total"], before);
    let purged = here.data(&["run", "purge", "--all", "--offline", "--yes"])["runs"].as_u64().unwrap();
    let left = here.data(&["run", "list"]);
    assert_eq!(left["total"].as_u64().unwrap(), before - purged);
    assert!(purged > 0, "{left}");
    let rows = left["rows"].as_array().unwrap();
    let mut profiles: Vec<(&str, &str)> =
        rows.iter().map(|run| (run["connector"].as_str().unwrap(), run["profile"].as_str().unwrap())).collect();
    profiles.sort_unstable();
    let number = profiles.len();
    profiles.dedup();
    assert_eq!(profiles.len(), number);
    assert!(profiles.contains(&(FOREST, "Full Import")), "{profiles:?}");
}

#[test]
fn run_profiles_are_changed_and_imports_logged() {
    let here = Installation::new();
    let profiles = here.data(&["connector", "profiles", "list", FOREST]);
    assert_eq!(profiles.as_array().unwrap().len(), 5, "{profiles}");
    let add = |rest: &[&str]| here.answer(&[&["connector", "profiles", "add", FOREST][..], rest].concat());
    let (both, _) = add(&["Both", "--type", "full-import-and-delta-synchronization", "--object-limit", "1000"]);
    assert_eq!(both["data"]["steps"][0]["stepType"], "Full Import and Delta Synchronization", "{both}");
    assert_eq!(both["data"]["steps"][0]["objectLimit"], 1000, "{both}");
    for (rest, words) in [
        (&["both", "--type", "export"][..], "already exists"),
        (&["Wide", "--type", "full-import", "--page-size", "5001"], "page size 5001"),
        (&["Nowhere", "--type", "full-import", "--partition", "DC=gone"], "no partition DC=gone"),
        (&["Log", "--type", "full-import", "--log-file", "../x"], "\"../x\""),
        (&["Log", "--type", "export", "--log-file", "x"], "no log file"),
        (&[" ", "--type", "export"], "cannot name"),
    ] {
        let (answer, exit) = add(rest);
        assert_eq!(exit, 31, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(words), "missing {words:?} in {answer}");
    }
    let set = |rest: &[&str]| here.data(&[&["connector", "profiles"][..], rest].concat());
    set(&["add-step", FOREST, "Both", "--type", "delta-synchronization"]);
    let moved = set(&["move-step", FOREST, "Both", "2", "--to", "1"]);
    assert_eq!(moved["steps"][0]["stepType"], "Delta Synchronization", "{moved}");
    set(&["delete-step", FOREST, "Both", "1"]);
    set(&["set", FOREST, "Both", "--name", "Import and go on"]);
    here.data(&["run", "start", FOREST, "Import and go on"]);
    here.refused(&["connector", "profiles", "show", FOREST, "Both"], 30, "Import and go on");
    here.refused(&["connector", "profiles", "set", FOREST, "Full Import", "--step", "2", "--batch-size", "1"], 30, "no step 2");
    here.refused(&["connector", "profiles", "delete", FOREST, "Import and go on"], 2, "--yes");
    set(&["delete", FOREST, "Import and go on", "--yes"]);
    // A log file is written, and staged in place of the directory.
    set(&["set", FOREST, "Full Import", "--log-file", "monday.jsonl"]);
    here.data(&["run", "start", FOREST, "Full Import"]);
    let log = std::fs::read_to_string(here.0.path().join("import-logs").join("monday.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 445 + 2, "{}", log.lines().next().unwrap());
    let entry: Value = serde_json::from_str(log.lines().nth(30).unwrap()).unwrap();
    assert!(entry["dn"].as_str().unwrap().ends_with(",DC=contoso,DC=com"), "{entry}");
    std::fs::remove_file(here.0.path().join("contoso.ldif")).unwrap();
    here.refused(&["run", "start", FOREST, "Full Import"], 30, "no-start-file-not-found");
    std::fs::write(here.0.path().join("import-logs").join("monday.jsonl"), &log).unwrap();
    set(&["set", FOREST, "Full Import", "--log-file", "monday.jsonl", "--log-file-use", "resume"]);
    let replayed = here.data(&["run", "start", FOREST, "Full Import"]);
    assert_eq!(replayed["status"], "success", "{replayed}");
    std::fs::write(here.0.path().join("import-logs").join("monday.jsonl"), log.replacen("\"full\":true", "\"full\":false", 1))
        .unwrap();
    here.refused(&["run", "start", FOREST, "Full Import"], 6, "no-start-bad-ma-configuration");
}

#[test]
fn containers_and_partitions_are_chosen() {
    let here = Installation::new();
    let root = "DC=contoso,DC=com";
    let shown = here.data(&["connector", "partitions", "show", FOREST]);
    assert_eq!((&shown[0]["name"], &shown[0]["selected"]), (&root.into(), &true.into()), "{shown}");
    here.refused(&["connector", "partitions", "set", FOREST, "--unselect", root], 31, "at least one");
    here.refused(&["connector", "containers", "set", FOREST, "--include", "OU=a,DC=fabrikam,DC=com"], 31, "no partition");
    here.refused(&["connector", "containers", "set", FOREST], 2, "--all");
    let seattle = "OU=Seattle,OU=Corp,DC=contoso,DC=com";
    let sales = "OU=Sales,OU=Seattle,OU=Corp,DC=contoso,DC=com";
    let aaron = format!("CN=Aaron Hughes,{sales}");
    here.data(&["connector", "containers", "set", FOREST, "--exclude", seattle, "--include", sales, "--include", root]);
    let verdict = |dn: &str| here.data(&["connector", "containers", "show", FOREST, "--dn", dn])["selected"].clone();
    assert_eq!((verdict(&aaron), verdict(seattle), verdict(root)), (true.into(), false.into(), true.into()));
    let forest = here.data(&["connector", "show", FOREST]);
    assert_eq!(forest["fullImportRequired"], "containers were chosen", "{forest}");
    here.data(&["run", "start", FOREST, "Full Import"]);
    here.data(&["run", "start", FOREST, "Delta Synchronization"]);
    let deletions = here.data(&["deletes", "show"])["staged"]["deletions"].as_u64().unwrap();
    assert!(deletions > 0);
    assert_eq!(here.data(&["connector", "show", FOREST])["fullImportRequired"], Value::Null);
    here.data(&["cs", "show", FOREST, "--dn", &aaron]);
    // Chosen again before anything was exported, nothing is left to delete.
    here.data(&["connector", "containers", "set", FOREST, "--all"]);
    here.data(&["run", "start", FOREST, "Full Import"]);
    here.data(&["run", "start", FOREST, "Delta Synchronization"]);
    assert_eq!(here.data(&["deletes", "show"])["staged"]["deletions"], 0);
    let refreshed = here.data(&["connector", "refresh-schema", FOREST]);
    assert_eq!((&refreshed["stored"], &refreshed["attributesRemoved"]), (&false.into(), &serde_json::json!([])), "{refreshed}");
}

#[test]
fn objects_are_joined_and_disconnected_by_hand() {
    let demo = Installation::new();
    let aaron = ["--dn", "CN=Aaron Hughes,OU=Sales,OU=Seattle,OU=Corp,DC=contoso,DC=com"];
    fn cs<'a>(verb: &'a str, aaron: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
        [&["cs", verb, FOREST], aaron, more].concat()
    }
    let synchronize = || demo.call(&["run", "start", FOREST, "Delta Synchronization", "--quiet"]);
    let explicit = || {
        let found = demo.data(&["cs", "search", FOREST, "--scope", "disconnector", "--state", "explicit"]);
        let counted = demo.data(&["connector", "stats", FOREST])["explicitDisconnector"].clone();
        assert_eq!(counted, found["total"]);
        found["total"].as_u64().unwrap()
    };
    assert_eq!(explicit(), 0);
    let (answer, _) = demo.answer(&cs("disconnect", &aaron, &["--explicit"]));
    let (gone, warnings) = (&answer["data"], answer["warnings"].as_array().unwrap());
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains("deletes CN={"), "{warnings:?}");
    assert_eq!((&gone["state"], &gone["metaverse"]), (&Value::from("Disconnector (explicit)"), &Value::Null));
    synchronize();
    assert_eq!(explicit(), 1, "rules leave it alone");
    // Another user is no place for him: one rule would flow from both.
    let other = demo.data(&["mv", "search", "Chloe Hughes"])["rows"][0].clone();
    let refused = cs("join", &aaron, &["--mv", other["guid"].as_str().unwrap()]);
    demo.refused(&refused, 31, "ambiguous-import-flow-from-multiple-connectors");
    demo.refused(&cs("join", &aaron, &["--mv", "5f0c1a34-0000-4000-8000-000000000000"]), 30, "metaverse");
    demo.refused(&["cs", "search", FOREST, "--state", "explicit"], 2, "--scope connector");
    let normal = demo.data(&cs("disconnect", &aaron, &[]));
    assert_eq!(normal["state"], "Disconnector (normal)");
    synchronize();
    let back = demo.data(&cs("show", &aaron, &[]));
    assert_eq!(back["state"], "Connector (normal)");
    demo.refused(&refused, 31, "disconnect it first");
}

#[test]
fn a_connector_is_deleted_after_its_impact_is_told() {
    let here = Installation::new();
    let show = |connector: &str| here.data(&["connector", "show", connector]);
    assert_eq!(show(TENANT)["deprovisioning"], "delete-object");
    let set = here.data(&["connector", "set", TENANT, "--deprovisioning", "make-explicit-disconnector"]);
    assert_eq!(set["deprovisioning"], "make-explicit-disconnector", "{set}");
    assert_eq!(show(TENANT)["deprovisioning"], "make-explicit-disconnector");
    here.data(&["connector", "set", TENANT, "--deprovisioning", "delete-object"]);

    here.refused(&["connector", "delete", "nobody"], 30, "nobody");
    here.refused(&["connector", "delete", FOREST, "--space-only"], 2, "--yes");
    let objects = here.data(&["connector", "stats", FOREST])["all"].as_u64().unwrap();
    let impact = here.data(&["connector", "delete", FOREST, "--space-only", "--dry-run"]);
    assert!(objects > 400 && impact["objects"].as_u64().unwrap() <= objects, "{impact}");
    assert!(impact["joined"].as_u64() >= impact["metaverseDeleted"].as_u64(), "{impact}");
    assert_eq!(here.data(&["connector", "stats", FOREST])["all"], objects, "looking deletes nothing");
    let (answer, exit) = here.answer(&["connector", "delete", FOREST, "--space-only", "--yes"]);
    assert_eq!(exit, 0, "{answer}");
    assert_eq!(here.data(&["connector", "stats", FOREST])["all"], 0);
    // What was foretold is what happened.
    let staged = here.data(&["deletes", "show"])["staged"]["deletions"].clone();
    assert_eq!((&impact["deletions"]["staged"], &impact["exports"][0]["after"]["deletes"]), (&staged, &staged), "{impact}");
    assert!(staged.as_u64().unwrap() > 300, "{impact}");
    assert!(show(FOREST)["fullImportRequired"].as_str().unwrap().contains("was deleted"));
    // Read anew, everything finds what it had.
    here.data(&["run", "start", FOREST, "Full Import"]);
    here.answer(&["run", "start", FOREST, "Full Synchronization"]);
    assert_eq!(here.data(&["deletes", "show"])["staged"]["deletions"], 0);

    let rules = here.data(&["rule", "list"]).as_array().unwrap().len();
    let impact = here.data(&["connector", "delete", TENANT, "--dry-run"]);
    let going = impact["rules"].as_array().unwrap().len();
    assert!(going > 20 && impact["deletions"].is_null(), "{impact}");
    let (answer, exit) = here.answer(&["connector", "delete", TENANT, "--yes"]);
    assert_eq!(exit, 0, "{answer}");
    assert_eq!(here.data(&["connector", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(here.data(&["rule", "list"]).as_array().unwrap().len(), rules - going);
    let runs = here.data(&["run", "list"]);
    assert_eq!((&runs["rows"][0]["connector"], &runs["rows"][0]["profile"]), (&TENANT.into(), &"Delete Connector".into()));
    here.refused(&["connector", "show", TENANT], 30, TENANT);
    let added = here.data(&["connector", "add", "sandbox", "--tenant", "contoso"]);
    assert_eq!(added["connector"]["name"], TENANT, "{added}");
    assert_eq!(here.data(&["rule", "list"]).as_array().unwrap().len(), rules);
}

#[test]
fn the_choices_for_the_standard_rules_are_shown_and_changed() {
    let here = Installation::new();
    let shown = here.data(&["config", "choices", "show"]);
    assert_eq!((&shown[3]["name"], &shown[3]["value"]), (&"hybrid-exchange".into(), &"off".into()), "{shown}");
    here.refused(&["config", "choices", "set", "apps=Solitaire"], 31, "ExchangeOnline");
    here.refused(&["config", "choices", "set", "game=on"], 30, "user-match");
    here.refused(&["config", "choices", "set", "hybrid-exchange"], 2, "NAME=VALUE");
    let dry = here.data(&["config", "choices", "set", "hybrid-exchange=on", "--dry-run"]);
    assert!(!dry["rules"]["steps"].as_array().unwrap().is_empty() && dry["rules"]["stored"] == false, "{dry}");
    here.refused(&["config", "choices", "set", "hybrid-exchange=on"], 2, "--yes");
    assert_eq!(here.data(&["config", "choices", "show"])[3]["value"], "off");
    let stored = here.data(&["config", "choices", "set", "hybrid-exchange=on", "--yes"]);
    let names = |change: &Value| -> Vec<String> {
        change["rules"]["steps"].as_array().unwrap().iter().map(|step| format!("{} {}", step["fate"], step["name"])).collect()
    };
    assert_eq!((names(&stored), &stored["rules"]["stored"]), (names(&dry), &true.into()), "{stored}");
    assert_eq!(here.data(&["config", "choices", "show"])[3]["value"], "on");
    let text = String::from_utf8(here.call(&["config", "choices", "set", "hybrid-exchange=off", "--dry-run"]).stdout).unwrap();
    assert!(text.contains("removed") && text.contains("User Exchange Hybrid"), "{text}");
}
