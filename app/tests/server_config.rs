//! An exported server configuration on the command line: taken over, refused, written again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const FOREST: &str = "contoso.com";
const TENANT: &str = "contoso.onmicrosoft.com - AAD";

/// The exported configuration that the specification describes.
fn pilot() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/aadconnect-export/contoso-pilot")
}

/// A folder for one test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Calls the program on the data folder; standard input is no terminal.
    fn call(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_syncline"))
            .args(["--data".as_ref(), self.path("data").as_os_str()])
            .args(arguments)
            .env_remove("SYNCLINE_DATA")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn data(&self, arguments: &[&str]) -> Value {
        let output = self.call(&[arguments, &["--json"]].concat());
        let document = document(&output);
        assert_eq!(output.status.code(), Some(0), "{document}");
        document["data"].clone()
    }

    fn refused(&self, arguments: &[&str], code: i32, words: &str) {
        let output = self.call(&[arguments, &["--json"]].concat());
        let message = document(&output)["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

fn document(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}; {}", String::from_utf8_lossy(&output.stderr)))
}

fn text(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn an_export_is_taken_over_and_written_again() {
    let place = Place::new();
    let dry = place.data(&["config", "import-server", pilot(), "--dry-run"]);
    assert_eq!((&dry["dryRun"], &dry["rules"]["created"]), (&Value::Bool(true), &Value::from(62)));
    assert!(!place.path("data").exists(), "a dry run makes no data folder");

    let shown = text(&place.call(&["config", "import-server", pilot()]));
    for words in [
        "Rules                      : 62: 62 standard, 0 of the administrator",
        "62 made, 0 changed, 0 as before, 0 removed, 0 switched off",
        "credential, full import, full synchronization",
        "Taken in another form\n  connector contoso.com: it connects with LDAPS",
        "connector set-credential contoso.com",
        "connector add sandbox --tenant contoso",
    ] {
        assert!(shown.contains(words), "missing {words:?} in\n{shown}");
    }
    let again = place.data(&["config", "import-server", pilot()]);
    assert_eq!((&again["rules"]["unchanged"], again["replaced"].as_array().unwrap().len()), (&Value::from(62), 0));

    let export = place.path("export");
    let written = place.data(&["config", "server-export", export.to_str().unwrap()]);
    assert_eq!((&written["files"], &written["rules"], &written["connectors"]), (&65.into(), &62.into(), &2.into()));
    assert_eq!((files(&export.join("Connectors")), files(&export.join("SynchronizationRules"))), (2, 62));
    place.refused(&["config", "server-export", export.to_str().unwrap()], 31, "is not empty");

    let script = text(&place.call(&["config", "rule-script", "--rule", "in from ad - user join"]));
    assert!(script.starts_with("New-ADSyncRule  `\n-Name 'In from AD - User Join' `\n"), "{script}");
    let file = place.path("rule.ps1");
    fs::write(&file, script).unwrap();
    let taken = place.data(&["config", "import-server", file.to_str().unwrap(), "--dry-run"]);
    assert_eq!((&taken["rules"]["read"], &taken["rules"]["unchanged"]), (&1.into(), &1.into()), "{taken}");
    place.refused(&["config", "rule-script", "--rule", "nothing"], 30, "\"nothing\"");
}

#[test]
fn rules_that_are_there_are_replaced_only_after_a_yes() {
    let place = Place::new();
    let ldif = place.path("forest.ldif");
    fs::write(&ldif, "version: 1\n\ndn: DC=contoso,DC=com\nobjectClass: domainDNS\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\n")
        .unwrap();
    place.data(&["connector", "add", "file", "--name", FOREST, "--path", ldif.to_str().unwrap()]);
    place.data(&["connector", "add", "sandbox", "--tenant", "contoso", "--domain", FOREST]);
    place.refused(&["config", "import-server", pilot()], 31, "map it onto the present one (on the command line: --map");
    let forest = format!("{FOREST}={FOREST}");
    let tenant = format!("{TENANT}={TENANT}");
    let import = ["config", "import-server", pilot(), "--map", &forest, "--map", &tenant];
    let before = place.data(&["status"])["rulesEnabled"].clone();
    place.refused(&import, 2, "Confirm with --yes");
    assert_eq!(place.data(&["status"])["rulesEnabled"], before);
    let report = place.data(&[&import[..], &["--yes"]].concat());
    assert_eq!((&report["rules"]["created"], &report["rules"]["removed"]), (&14.into(), &0.into()), "{report}");
    let fates: Vec<&str> =
        report["connectors"].as_array().unwrap().iter().map(|connector| connector["fate"].as_str().unwrap()).collect();
    assert_eq!(fates, ["mapped", "mapped"]);
    assert_eq!(place.data(&["status"])["rulesEnabled"], 62);
    // Once the same, nothing is replaced, and nobody is asked.
    assert_eq!(place.data(&import)["rules"]["unchanged"], 62);
}

#[test]
fn what_is_no_export_is_refused() {
    let place = Place::new();
    let here = place.0.path().to_str().unwrap().to_owned();
    place.refused(&["config", "import-server", &here], 30, "holds no exported server configuration");
    place.refused(&["config", "import-server", "/does/not/exist"], 30, "/does/not/exist");
    let broken = place.path("rule.xml");
    fs::write(&broken, "<synchronizationRule><direction>Up</direction></synchronizationRule>").unwrap();
    let output = place.call(&["config", "import-server", broken.to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(31));
    let findings = document(&output)["error"]["detail"]["findings"].clone();
    let direction = findings.as_array().unwrap().iter().find(|found| found["element"] == "direction").unwrap();
    assert_eq!(direction["file"], "rule.xml");
    assert!(direction["message"].as_str().unwrap().contains("\"Up\""), "{direction}");
    assert!(!place.path("data").exists());
}

#[test]
fn a_configuration_is_compared_with_its_own_export_and_with_another() {
    let place = Place::new();
    place.data(&["config", "import-server", pilot(), "--yes"]);
    let ours = place.path("ours");
    let ours_name = ours.to_str().unwrap();
    place.data(&["config", "server-export", ours_name]);
    let same = place.data(&["config", "compare", ours_name]);
    assert_eq!(same["differences"].as_array().map(Vec::len), Some(0), "{same}");
    assert_eq!(place.data(&["config", "compare", pilot(), pilot()])["differences"], Value::Array(Vec::new()));
    let rule = place.data(&["rule", "list"])["rules"][0]["name"].as_str().map(str::to_owned);
    let rule = rule.unwrap_or_else(|| place.data(&["rule", "list"])[0]["name"].as_str().unwrap().to_owned());
    place.data(&["rule", "disable", &rule]);
    let one = place.data(&["config", "compare", ours_name]);
    let differences = one["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{one}");
    assert_eq!(
        (differences[0]["part"].as_str(), differences[0]["what"].as_str(), differences[0]["second"].as_str()),
        (Some("rule"), Some("enabled"), Some("yes"))
    );
    place.refused(&["config", "compare", place.path("none").to_str().unwrap()], 30, "none");
}
