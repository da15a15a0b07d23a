//! The real binary, called as an administrator calls it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use syncline_engine::model::{ConnectorId, SequentialIds};
use syncline_engine::rules::{DefaultSetOptions, UserMatch, active_directory_schema, default_rules, tenant_schema};

const FOREST: &str = "contoso.com";
const TENANT: &str = "contoso.onmicrosoft.com - AAD";

/// Calls the program without a display and without settings of this computer.
fn syncline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_syncline"))
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

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The one JSON document of an answer.
fn document(output: &Output) -> Value {
    let text = stdout(output);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text:?}; stderr: {}", stderr(output)))
}

/// The data of a successful answer.
fn data(output: &Output) -> Value {
    let document = document(output);
    assert_eq!(output.status.code(), Some(0), "{document}");
    assert_eq!(document["ok"], true, "{document}");
    document["data"].clone()
}

/// The last of several JSON lines.
fn last_line(output: &Output) -> Value {
    serde_json::from_str(stdout(output).lines().last().unwrap_or_default()).unwrap()
}

/// A folder on which the demo has run twice. Tests read what runs leave as it is, or hold the [`writer`].
struct Demo {
    folder: PathBuf,
    first: Output,
    second: Output,
}

/// Held while a test runs profiles, because one process owns the engine, and while one reads what a run changes for a
/// moment: an export that is under way is not pending.
fn writer() -> MutexGuard<'static, ()> {
    static WRITER: Mutex<()> = Mutex::new(());
    WRITER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        // One folder for all tests of this file, made anew each time.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-demo");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        let name = folder.to_str().unwrap();
        let first = syncline(&["demo", "--no-window", "--json", "--data", name]);
        let second = syncline(&["demo", "--no-window", "--json", "--data", name]);
        Demo { folder, first, second }
    })
}

/// Calls the program on the demo's folder.
fn on_demo(arguments: &[&str]) -> Output {
    let folder = demo().folder.to_str().unwrap();
    syncline(&[&["--data", folder], arguments].concat())
}

/// Counters of a demo's run.
fn run<'a>(report: &'a Value, connector: &str, profile: &str) -> &'a Value {
    let runs = report["runs"].as_array().unwrap();
    runs.iter().find(|run| run["connector"] == connector && run["profile"] == profile).unwrap_or_else(|| panic!("{report}"))
}

#[test]
fn the_first_demo_runs_an_initial_cycle_and_confirms_it() {
    let report = data(&demo().first);
    assert_eq!(report["policy"], "Initial");
    let order: Vec<(&str, &str)> = report["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["connector"].as_str().unwrap(), run["profile"].as_str().unwrap()))
        // Nothing is written to the forest's file; whether that takes a run is not the point here.
        .filter(|run| *run != (FOREST, "Export"))
        .collect();
    assert_eq!(
        order,
        [
            (FOREST, "Full Import"),
            (TENANT, "Full Import"),
            (FOREST, "Full Synchronization"),
            (TENANT, "Full Synchronization"),
            (TENANT, "Export"),
            (TENANT, "Delta Import"),
            (TENANT, "Delta Synchronization"),
        ]
    );
    assert_eq!(run(&report, FOREST, "Full Import")["adds"], 445);
    let counters = &run(&report, FOREST, "Full Synchronization")["synchronization"];
    assert_eq!(counters["projections"], 369);
    assert_eq!(counters["disconnectors"], 76);
    assert_eq!(counters["provisioningAdds"], 355);
    assert_eq!(run(&report, TENANT, "Export")["adds"], 354);
    assert_eq!(report["tenant"]["user"], 299);
    assert_eq!(report["tenant"]["group"], 41);
    assert_eq!(report["tenant"]["contact"], 14);
}

#[test]
fn the_demo_tells_where_each_deliberate_error_was_reported() {
    for output in [&demo().first, &demo().second] {
        let report = data(output);
        let errors = report["deliberateErrors"].as_array().unwrap();
        let mistakes: Vec<&str> = errors.iter().map(|error| error["mistake"].as_str().unwrap()).collect();
        assert_eq!(mistakes, ["duplicateProxyAddress", "invalidUserPrincipalName", "danglingManager"]);
        for error in errors {
            let reports = error["reports"].as_array().unwrap();
            assert!(!reports.is_empty(), "{error}");
            for report in reports {
                assert!(report["run"].is_number() && report["step"].is_number(), "{report}");
                assert!(!report["code"].as_str().unwrap().is_empty(), "{report}");
                assert!(!report["message"].as_str().unwrap().is_empty(), "{report}");
            }
        }
        let upn = &errors[1]["reports"][0];
        assert_eq!(upn["code"], "IdentityDataValidationFailed", "{upn}");
        assert_eq!(upn["displayName"], "Markus Weber", "{upn}");
        let manager = &errors[2]["reports"][0];
        assert!(manager["dn"].as_str().unwrap().starts_with("CN=Hannah Collins,"), "{manager}");
        assert!(manager["message"].as_str().unwrap().contains("CN=Gregory Nash,"), "{manager}");
        assert!(errors[0].to_string().contains("tenders@contoso.com"), "{}", errors[0]);
    }
}

#[test]
fn the_second_demo_runs_a_delta_cycle_that_changes_nothing() {
    let report = data(&demo().second);
    assert_eq!(report["policy"], "Delta");
    assert_eq!(report["changes"], 0, "{report}");
    for run in report["runs"].as_array().unwrap() {
        for counter in ["adds", "updates", "deletes"] {
            assert_eq!(run[counter], 0, "{run}");
        }
    }
    assert_eq!(report["tenant"], data(&demo().first)["tenant"]);
}

#[test]
fn the_demo_prints_tables_and_what_to_do_next() {
    let _writer = writer();
    let output = on_demo(&["demo", "--no-window"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    for expected in [
        "Runs of the Delta cycle",
        "Projections",
        "Nothing has changed since the last run.",
        "The tenant now holds 299 users, 41 groups and 14 contacts.",
        "Deliberate errors of the sample forest",
        "1. Duplicate proxy address",
        "2. Invalid user principal name",
        "3. Dangling manager",
        "What to do next",
        "mv search",
    ] {
        assert!(text.contains(expected), "missing {expected:?} in\n{text}");
    }
    assert!(!text.contains("not reported"), "{text}");
}

#[test]
fn one_user_can_be_followed_from_forest_to_tenant() {
    let found = data(&on_demo(&["mv", "search", "Mary Long", "--type", "person", "--json"]));
    assert_eq!(found["total"], 1, "{found}");
    let guid = found["rows"][0]["guid"].as_str().unwrap();
    let person = data(&on_demo(&["mv", "show", guid, "--json"]));
    let connectors = person["connectorDetails"].as_array().unwrap();
    assert_eq!(connectors.len(), 2, "{person}");
    for connector in connectors {
        let (name, dn) = (connector["connectorName"].as_str().unwrap(), connector["hit"]["dn"].as_str().unwrap());
        let object = data(&on_demo(&["cs", "show", name, "--dn", dn, "--json"]));
        assert_eq!(object["dn"], dn);
        assert_eq!(object["metaverse"]["guid"], guid, "{object}");
        let same = data(&on_demo(&["cs", "show", object["guid"].as_str().unwrap(), "--json"]));
        assert_eq!(same, object);
        let text = stdout(&on_demo(&["cs", "show", name, "--dn", dn]));
        assert!(text.contains("Mary Long") && text.contains("Lineage"), "{text}");
    }
    let text = stdout(&on_demo(&["mv", "show", guid]));
    assert!(text.contains(FOREST) && text.contains(TENANT), "{text}");
}

#[test]
fn searches_filter_and_page() {
    let _writer = writer();
    let person = data(&on_demo(&["mv", "search", "--where", "displayName=Markus Web*", "--json"]));
    assert_eq!(person["total"], 1, "{person}");
    let groups = data(&on_demo(&["mv", "search", "--type", "group", "--limit", "10", "--json"]));
    assert_eq!((groups["total"].as_u64(), groups["rows"].as_array().unwrap().len()), (Some(45), 10));
    let disconnectors = data(&on_demo(&["cs", "search", FOREST, "--scope", "disconnector", "--json"]));
    assert_eq!(disconnectors["total"], 76);
    let failed = data(&on_demo(&["cs", "search", TENANT, "--scope", "export-error", "--json"]));
    assert_eq!(failed["total"], 1, "{failed}");
    let text = stdout(&on_demo(&["cs", "search", FOREST, "--scope", "connector", "--limit", "5"]));
    assert!(text.contains("1 to 5 of 369 objects; --offset 5 shows more."), "{text}");
}

#[test]
fn the_failed_export_stays_pending() {
    let _writer = writer();
    let rows = data(&on_demo(&["pending", TENANT, "--json"]));
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    assert_eq!(rows[0]["layer"]["operation"], "add");
    let changes = stdout(&on_demo(&["pending", TENANT, "--format", "changes"]));
    let mut lines = changes.lines();
    assert_eq!(lines.next(), Some("DN,OMODT,ObjectType,AttrName,AMODT,OldValue,NewValue"));
    assert!(lines.any(|line| line.ends_with(",Add,user,displayName,Add,,Markus Weber")), "{changes}");
    let none = stdout(&on_demo(&["pending", TENANT, "--op", "delete", "--format", "changes"]));
    assert_eq!(none, "DN,OMODT,ObjectType,AttrName,AMODT,OldValue,NewValue\n");
    let identifiers = stdout(&on_demo(&["pending", TENANT, "--format", "identifiers"]));
    assert!(identifiers.lines().nth(1).unwrap().contains(",add,markus@weber@contoso.com,Markus Weber,"), "{identifiers}");
}

#[test]
fn connectors_and_status_are_shown() {
    let _writer = writer();
    let connectors = data(&on_demo(&["connector", "list", "--json"]));
    let names: Vec<&str> = connectors.as_array().unwrap().iter().map(|connector| connector["name"].as_str().unwrap()).collect();
    assert_eq!(names, [FOREST, TENANT]);
    let by_guid = data(&on_demo(&["connector", "show", connectors[0]["guid"].as_str().unwrap(), "--json"]));
    assert_eq!(by_guid["name"], FOREST);
    let statistics = data(&on_demo(&["connector", "stats", "CONTOSO.COM", "--json"]));
    let count = |name: &str| statistics[name].as_u64().unwrap();
    assert_eq!(count("all"), count("totalConnector") + count("totalDisconnector") + count("placeholder"));
    assert_eq!(count("totalConnector"), 369);
    let status = data(&on_demo(&["status", "--json"]));
    assert_eq!(status["metaverseObjects"]["person"], 324, "{status}");
    assert_eq!(status["stagingMode"], false);
    let text = stdout(&on_demo(&["status"]));
    assert!(text.contains(FOREST) && text.contains("Deletion threshold"), "{text}");
}

#[test]
fn runs_are_started_listed_and_shown() {
    let _writer = writer();
    let started = on_demo(&["run", "start", TENANT, "Delta Import", "--json"]);
    let answer = last_line(&started);
    assert_eq!(started.status.code(), Some(0), "{answer}");
    assert_eq!((&answer["ok"], &answer["final"], &answer["command"]), (&true.into(), &true.into(), &"run start".into()));
    let id = answer["data"]["id"].to_string();
    let listed = data(&on_demo(&["run", "list", "--limit", "1", "--connector", TENANT, "--json"]));
    assert_eq!(listed["rows"][0]["id"].to_string(), id);
    let shown = data(&on_demo(&["run", "show", &id, "--json"]));
    assert_eq!(shown["status"], "success", "{shown}");
    let text = stdout(&on_demo(&["run", "show", &id, "--utc"]));
    assert!(text.contains("Step 1: ") && text.contains("Staging"), "{text}");

    let failing = on_demo(&["run", "start", TENANT, "Export", "--json"]);
    let answer = last_line(&failing);
    assert_eq!(failing.status.code(), Some(5), "{answer}");
    assert_eq!(answer["error"]["code"], "E_COMPLETED_WITH_ERRORS", "{answer}");
    assert_eq!(answer["error"]["detail"]["status"], "completed-export-errors", "{answer}");

    let quiet = on_demo(&["run", "start", FOREST, "Full Import", "--quiet"]);
    assert_eq!((stdout(&quiet).as_str(), stderr(&quiet).as_str(), quiet.status.code()), ("", "", Some(0)));

    let idle = data(&on_demo(&["run", "status", "--json"]));
    assert_eq!(idle, Value::Array(Vec::new()));
    let stopped = data(&on_demo(&["run", "stop", "--json"]));
    assert_eq!(stopped["runs"], Value::Array(Vec::new()));
}

#[test]
fn a_run_goes_on_in_the_background() {
    let _writer = writer();
    let accepted = data(&on_demo(&["run", "start", FOREST, "Full Import", "--no-wait", "--json"]));
    let id = accepted["run"].to_string();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let run = data(&on_demo(&["run", "show", &id, "--json"]));
        if run["status"] != "in-progress" {
            assert_eq!(run["status"], "success", "{run}");
            break;
        }
        assert!(Instant::now() < deadline, "{run}");
    }
    // The engine is free again as soon as the background process has ended.
    loop {
        let next = on_demo(&["run", "start", FOREST, "Full Import", "--json"]);
        match last_line(&next)["error"]["code"].as_str() {
            Some("E_BUSY") => assert!(Instant::now() < deadline, "{}", stdout(&next)),
            other => {
                assert_eq!(other, None, "{}", stdout(&next));
                break;
            }
        }
    }
    let refused = document(&on_demo(&["run", "start", "fabrikam.com", "Full Import", "--no-wait", "--json"]));
    assert_eq!(refused["error"]["code"], "E_NOT_FOUND", "{refused}");
}

#[test]
fn errors_have_message_and_exit_code() {
    let check = |arguments: &[&str], exit: i32, code: &str, words: &[&str]| {
        let plain = on_demo(arguments);
        let message = stderr(&plain);
        assert_eq!(plain.status.code(), Some(exit), "{arguments:?}: {message}");
        let json = on_demo(&[arguments, &["--json"]].concat());
        assert_eq!(json.status.code(), Some(exit), "{arguments:?}");
        let answer = last_line(&json);
        assert_eq!((&answer["ok"], &answer["error"]["code"]), (&false.into(), &code.into()), "{answer}");
        for word in words {
            assert!(message.contains(word), "missing {word:?} in {message}");
            assert!(answer["error"]["message"].as_str().unwrap().contains(word), "missing {word:?} in {answer}");
        }
    };
    let _writer = writer();
    check(&["connector", "show", "fabrikam.com"], 30, "E_NOT_FOUND", &["fabrikam.com", FOREST, TENANT]);
    check(&["pending", "fabrikam.com"], 30, "E_NOT_FOUND", &["fabrikam.com"]);
    check(&["run", "start", FOREST, "Weekly Import"], 30, "E_NOT_FOUND", &["Weekly Import", "Full Import"]);
    check(&["run", "show", "999999"], 30, "E_NOT_FOUND", &["999999"]);
    check(&["cs", "show", FOREST, "--dn", "CN=Nobody,DC=contoso,DC=com"], 30, "E_NOT_FOUND", &["CN=Nobody"]);
    check(&["cs", "show", "nobody"], 31, "E_INVALID", &["nobody", "--dn"]);
    check(&["mv", "show", "5f0c1a34-0000-4000-8000-000000000000"], 30, "E_NOT_FOUND", &["5f0c1a34"]);
    check(&["cs", "search", FOREST, "--op", "add"], 2, "E_USAGE", &["--op"]);
    check(&["ad", "check-permissions", FOREST], 31, "E_INVALID", &[FOREST, "not an Active Directory forest"]);
    check(&["ad", "find", FOREST, "jane"], 31, "E_INVALID", &[FOREST, "not an Active Directory forest"]);
    check(&["ad", "trace", FOREST], 31, "E_INVALID", &[FOREST, "not an Active Directory forest"]);
    check(&["convert", "guid", "nonsense"], 31, "E_INVALID", &["nonsense", "Base64"]);
    check(&["ad", "check-permissions", "fabrikam.com"], 30, "E_NOT_FOUND", &["fabrikam.com"]);
    check(&["connector", "set", FOREST, "--delta", "usn"], 31, "E_INVALID", &[FOREST, "not an Active Directory forest"]);
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    std::fs::write(&file, "Dear Ada").unwrap();
    let name = folder.path().to_str().unwrap();
    for arguments in [&["status"][..], &["run", "list"], &["run", "start", FOREST, "Full Import"], &["cycle", "start", "--wait"]]
    {
        let output = syncline(&[&["--data", name], arguments].concat());
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("is not a Syncline data folder"), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    let json = document(&syncline(&["--data", name, "cycle", "start", "--json"]));
    assert_eq!(json["error"]["code"], "E_NOT_CONFIGURED", "{json}");
    let demo = syncline(&["demo", "--no-window", "--data", name]);
    assert!(matches!(demo.status.code(), Some(3 | 31)), "{}", stderr(&demo));
    let left: Vec<PathBuf> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [file]);
}

#[test]
fn a_folder_that_is_not_there_is_not_made_by_questions() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("nothing");
    let output = syncline(&["status", "--data", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(!folder.exists());
}

#[test]
fn scenarios_run_without_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let passing = "scenario 7: A user comes\nforest A contoso.com\nobject u1 in A: user CN=Ada,DC=contoso,DC=com\nrun A Full Import\n  u1: disconnector\n";
    let good = write("good.scenario", passing);
    let bad = write("bad.scenario", &passing.replace("u1: disconnector", "u1: connector"));
    let unreadable = write("unreadable.scenario", &passing.replace("run A Full Import", "run A Import"));
    let check = |files: &[&str], exit: i32, words: &[&str]| {
        let arguments = [&["scenario"][..], files].concat();
        let output = syncline(&arguments);
        assert_eq!(output.status.code(), Some(exit), "{files:?}: {}", stderr(&output));
        for word in words {
            assert!(stdout(&output).contains(word), "missing {word:?} in {}", stdout(&output));
        }
        let json = syncline(&[&arguments[..], &["--json"]].concat());
        assert_eq!(json.status.code(), Some(exit));
        document(&json)
    };
    let report = check(&[&good], 0, &["1 passed, 0 failed\n"]);
    assert_eq!((&report["data"]["passed"], &report["data"]["files"][0]["number"]), (&1.into(), &7.into()), "{report}");
    let report = check(&[&good, &bad], 5, &["bad.scenario, line 5", "expected: connector", "1 passed, 1 failed\n"]);
    let difference = &report["error"]["detail"]["files"][1]["difference"];
    assert_eq!((&difference["object"], &difference["stepLine"]), (&"u1".into(), &4.into()), "{report}");
    let report =
        check(&[&bad, &unreadable], 31, &["unreadable.scenario, line 4", "there are Full Import", "0 passed, 2 failed\n"]);
    assert_eq!(report["error"]["detail"]["files"][1]["fault"]["line"], 4, "{report}");
    check(&[&folder.path().join("nowhere").to_string_lossy()], 31, &["the file cannot be read"]);
}

#[test]
fn broken_arguments_are_explained() {
    let check = |arguments: &[&str], words: &str| {
        let output = syncline(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(words), "missing {words:?} in {}", stderr(&output));
        assert_eq!(stdout(&output), "");
        let json = syncline(&[arguments, &["--json"]].concat());
        assert_eq!(json.status.code(), Some(2), "{arguments:?}");
        assert_eq!(document(&json)["error"]["code"], "E_USAGE");
    };
    check(&["connektor", "list"], "connektor");
    check(&["run", "start", FOREST], "<PROFILE>");
    check(&["run", "show", "twelve"], "twelve");
    check(&["cs", "search", FOREST, "--scope", "everything"], "unknown scope");
    check(&["mv", "search", "--where", "mail"], "attr=value");
    check(&["cycle", "start", "--policy", "weekly"], "weekly");
}

#[test]
fn help_teaches_with_examples() {
    let check = |arguments: &[&str], words: &str| {
        let output = syncline(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(stdout(&output).contains(words), "missing {words:?} in {}", stdout(&output));
    };
    check(&["--help"], "Exit codes:");
    check(&["--help"], "syncline demo");
    check(&["demo", "--help"], "deliberate errors");
    check(&["run", "start", "--help"], "syncline run start contoso.com \"Full Import\"");
    check(&["cs", "search", "--help"], "subtree=DN");
    check(&["mv", "search", "--help"], "does not contain");
    check(&["scenario", "--help"], "docs/scenarios.md");
    check(&["pending", "--help"], "DN,OMODT,ObjectType,AttrName,AMODT,OldValue,NewValue");
    check(&["--version"], "syncline ");
}

/// The expression of a default rule.
fn default_expression(rule: &str, target: &str) -> String {
    let (forest, tenant) = (active_directory_schema().unwrap(), tenant_schema().unwrap());
    let options = DefaultSetOptions {
        forests: vec![(ConnectorId(1), &forest)],
        tenant: (ConnectorId(2), &tenant),
        user_match: UserMatch::Once,
        source_anchor: "objectGUID".into(),
        sign_in: "userPrincipalName".to_owned(),
        hybrid_exchange: false,
        device_write_up: false,
        apps: None,
    };
    let rules = default_rules(&options, &SequentialIds::default()).unwrap();
    let flows = &rules.iter().find(|candidate| candidate.name == rule).unwrap().flows;
    flows.iter().find(|flow| flow.target == target).unwrap().source.text().to_owned()
}

#[test]
fn expressions_read_objects_of_the_data_folder() {
    let found = data(&on_demo(&["mv", "search", "Aaron Hughes", "--type", "person", "--json"]));
    let guid = found["rows"][0]["guid"].as_str().unwrap();
    let person = data(&on_demo(&["mv", "show", guid, "--json"]));
    let of_forest = person["connectorDetails"].as_array().unwrap().iter().find(|hit| hit["connectorName"] == FOREST).unwrap();
    let dn = of_forest["hit"]["dn"].as_str().unwrap();
    let on_user = |verb: &str, arguments: &[&str]| {
        let output = on_demo(&[&["expression", verb, "--connector", FOREST, "--dn", dn], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    assert_eq!(
        on_user("eval", &["[displayName] & \"/\" & %Domain.FQDN% & \"/\" & %Forest.Netbios%"]),
        "Aaron Hughes/contoso.com/CONTOSO\n"
    );
    assert_eq!(on_user("eval", &["[dn]"]), format!("{dn}\n"));
    assert_eq!(on_user("eval", &["[title]", "--set", "title=Lead"]), "Lead\n");
    let manager = on_user("eval", &["DNComponent([manager], 1)"]);
    assert!(manager.len() > 1 && !manager.contains('='), "{manager}");
    let guid_of_connector = data(&on_demo(&["connector", "show", FOREST, "--json"]))["guid"].as_str().unwrap().to_owned();
    assert_eq!(on_user("eval", &["%Connector.ID%"]), format!("{guid_of_connector}\n"));
    assert_eq!(on_user("eval", &["ImportedValue(\"displayName\")"]), "Aaron Hughes\n");

    let filter = default_expression("In from AD - User Join", "cloudFiltered");
    let parts = on_user("explain", &[&filter]);
    for (part, value) in [
        ("IsPresent([sAMAccountName]) = False", "False"),
        ("[isCriticalSystemObject]", "NULL"),
        ("InStr([mailNickname], \"}\") > 0", "not evaluated"),
        ("DNComponent(CRef([dn]),1)", "\"Aaron Hughes\""),
        ("True", "not evaluated"),
    ] {
        let line = parts.lines().find(|line| line.trim_start().starts_with(part)).unwrap_or_else(|| panic!("{part} in {parts}"));
        assert!(line.ends_with(value), "{line}");
    }

    let on_person = |arguments: &[&str]| stdout(&on_demo(&[&["expression", "eval", "--mv", guid], arguments].concat()));
    assert_eq!(on_person(&["[displayName] & IIF([cloudFiltered], 1, 0)"]), "Aaron Hughes0\n");
    let tenant = data(&on_demo(&["connector", "show", TENANT, "--json"]))["guid"].as_str().unwrap().to_owned();
    assert_eq!(on_person(&["%Connector.ID%", "--connector", TENANT]), format!("{tenant}\n"));
    let unknown = on_demo(&["expression", "eval", "[sAMAccountName]", "--mv", guid]);
    assert_eq!(unknown.status.code(), Some(31));
    assert!(stderr(&unknown).contains("metaverse object type person"), "{}", stderr(&unknown));
    let nobody = on_demo(&["expression", "eval", "1", "--connector", FOREST, "--dn", "CN=Nobody,DC=contoso,DC=com"]);
    assert_eq!(nobody.status.code(), Some(30), "{}", stderr(&nobody));
    let check = ["expression", "check", "[displayName]", "--mv", guid, "--connector", TENANT, "--target", "accountEnabled"];
    let warned = stdout(&on_demo(&check));
    assert!(warned.contains("The result is str, accountEnabled holds bool."), "{warned}");
}
