//! `syncline rule`, called as an administrator calls it, on a folder with a small forest and a sandbox tenant.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const FOREST: &str = "version: 1

dn: DC=contoso,DC=com
objectClass: domainDNS
objectGUID:: AAECAwQFBgcICQoLDA0ODw==

dn: CN=Ada,DC=contoso,DC=com
objectClass: user
objectGUID:: EAECAwQFBgcICQoLDA0ODw==
sAMAccountName: ada
department: IT
";

const RULE: &str = "[[rule]]
name = \"In from AD - Sales\"
precedence = 50
direction = \"inbound\"
connector = \"contoso.com\"
connector_object = \"user\"
metaverse_object = \"person\"
link = \"join\"

[rule.expression]
department = 'IIF([department]=\"IT\",\"Information Technology\",NULL)'
";

struct Installation {
    folder: TempDir,
}

impl Installation {
    fn new() -> Self {
        let installation = Self { folder: tempfile::tempdir().unwrap() };
        let forest = installation.write("forest.ldif", FOREST);
        let added = installation.run(&["connector", "add", "file", "--name", "contoso.com", "--path", forest.to_str().unwrap()]);
        assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
        let added = installation.run(&["connector", "add", "sandbox", "--tenant", "contoso"]);
        assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
        installation
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let data = self.folder.path().join("data");
        Command::new(env!("CARGO_BIN_EXE_syncline"))
            .args(["--data", data.to_str().unwrap()])
            .args(arguments)
            .env_remove("SYNCLINE_DATA")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    }

    /// The answer of a command that must end with this code.
    fn json(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let document: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
        assert_eq!(output.status.code(), Some(code), "{document}");
        if code == 0 { document["data"].clone() } else { document["error"].clone() }
    }

    fn import(&self, path: &Path, code: i32) -> Value {
        self.json(&["rule", "import", path.to_str().unwrap(), "--yes"], code)
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_rule_lives_from_file_to_file() {
    let installation = Installation::new();
    let file = installation.write("sales.toml", RULE);
    let path = file.to_str().unwrap();

    // Looked at, then stored.
    let judged = installation.json(&["rule", "import", path, "--dry-run"], 0);
    assert_eq!((&judged["stored"], &judged["steps"][0]["fate"]), (&false.into(), &"new".into()), "{judged}");
    assert_eq!(installation.json(&["rule", "list", "--custom"], 0), Value::Array(vec![]));
    let stored = installation.import(&file, 0);
    assert_eq!((&stored["stored"], &stored["fullSynchronization"][0]), (&true.into(), &"contoso.com".into()), "{stored}");
    let list = installation.json(&["rule", "list", "--custom"], 0);
    assert_eq!(
        (&list[0]["precedence"], &list[0]["connector"], &list[0]["flowCount"]),
        (&50.into(), &"contoso.com".into(), &1.into())
    );
    let shown = installation.json(&["rule", "show", "50"], 0);
    assert_eq!(shown["flows"][0]["source"], "IIF([department]=\"IT\",\"Information Technology\",NULL)", "{shown}");
    let text = stdout(&installation.run(&["rule", "show", "in from ad - sales"]));
    assert!(text.contains("Scoping filter\n  every object\n"), "{text}");

    // Everything that is exported changes nothing when it is imported.
    let all = installation.folder.path().join("all.toml");
    let exported = installation.json(&["rule", "export", "--output", all.to_str().unwrap()], 0);
    assert!(exported["rules"].as_u64().unwrap() > 40, "{exported}");
    let again = installation.import(&all, 0);
    assert_eq!(again["steps"], Value::Array(vec![]), "{again}");
    let printed = stdout(&installation.run(&["rule", "export", "--custom"]));
    assert!(printed.starts_with("[[rule]]\nname = \"In from AD - Sales\"\nid = ") && printed.ends_with("NULL)'\n"), "{printed}");

    // A change is asked about, unless --yes is given.
    let changed = installation.write("sales.toml", &printed.replace("Information Technology", "IT Department"));
    let asked = installation.run(&["rule", "import", path]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(
        stderr(&asked).contains("1 rule of this data folder would change") && stderr(&asked).contains("--yes"),
        "{}",
        stderr(&asked)
    );
    assert!(stderr(&asked).contains("flow to department: Expression IIF("), "{}", stderr(&asked));
    let stored = installation.import(&changed, 0);
    assert_eq!(stored["steps"][0]["fate"], "changed");

    // Switched off, on and removed.
    assert_eq!(installation.json(&["rule", "disable", "50"], 0)["steps"][0]["differences"][0], "enabled: yes -> no");
    assert_eq!(installation.json(&["rule", "list", "--disabled"], 0)[0]["name"], "In from AD - Sales");
    installation.json(&["rule", "enable", "50"], 0);
    let asked = installation.run(&["rule", "delete", "50"]);
    assert_eq!(
        (asked.status.code(), installation.json(&["rule", "list", "--custom"], 0).as_array().unwrap().len()),
        (Some(2), 1)
    );
    assert_eq!(installation.json(&["rule", "delete", "50", "--yes"], 0)["steps"][0]["fate"], "removed");
    assert_eq!(installation.json(&["rule", "show", "50"], 30)["code"], "E_NOT_FOUND");
}

#[test]
fn a_standard_rule_is_cloned_and_the_clone_changed() {
    let installation = Installation::new();
    let answer = installation.json(&["rule", "clone", "In from AD - User Common", "--name", "Mine", "--disable-original"], 0);
    assert_eq!((&answer["clone"]["precedence"], &answer["clone"]["standard"]), (&1.into(), &false.into()), "{answer}");
    assert_eq!(answer["change"]["steps"].as_array().unwrap().len(), 2);
    let clone = stdout(&installation.run(&["rule", "export", "Mine"]));
    let file = installation.write("mine.toml", &clone.replace("\"title\",\n", ""));
    let stored = installation.import(&file, 0);
    assert_eq!(stored["steps"][0]["differences"][0], "flow to title: Expression Trim([title]) -> none", "{stored}");
    let version = stored["version"].as_u64().unwrap();

    let standard = stdout(&installation.run(&["rule", "export", "In from AD - User Join"]));
    let file = installation.write("standard.toml", &standard.replace("link = \"provision\"", "link = \"join\""));
    let refused = installation.import(&file, 31);
    assert!(
        refused["detail"]["reasons"][0]["message"].as_str().unwrap().contains("can only be enabled and disabled"),
        "{refused}"
    );
    let refused = installation.json(&["rule", "delete", "In from AD - User Join", "--yes"], 31);
    assert!(refused["message"].as_str().unwrap().contains("disable it instead"), "{refused}");
    let old = (version - 1).to_string();
    let conflict = installation.json(&["rule", "enable", "In from AD - User Common", "--as-of-config", &old], 32);
    assert_eq!((&conflict["code"], &conflict["detail"]["version"]), (&"E_CONFLICT".into(), &version.into()));
}

#[test]
fn faulty_rules_are_refused_with_all_reasons() {
    let installation = Installation::new();
    let text = RULE.replace("precedence = 50", "precedence = 100").replace("link =", "scope = [[\"titl EQUAL x\"]]\nlink =");
    let text = text.replace("department = '", "departmnt = 'Len([nam]) & ");
    let file = installation.write("faulty.toml", &text);
    let refused = installation.import(&file, 31);
    let reasons: Vec<String> = refused["detail"]["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| format!("{}: {}", fault["part"], fault["message"]))
        .collect();
    for expected in ["precedence 100 is used by", "is not from 0 to 99", "\\\"titl\\\"", "no such attribute", "nam"] {
        assert!(reasons.iter().any(|reason| reason.contains(expected)), "{expected} in {reasons:#?}");
    }
    let output = installation.run(&["rule", "import", file.to_str().unwrap()]);
    assert!(
        stderr(&output).contains(&format!("for {} reasons:\n  rule \"In from AD - Sales\": ", reasons.len())),
        "{}",
        stderr(&output)
    );
    let broken = installation.write("broken.toml", "[[rule]]\nname = 5\n");
    assert!(installation.import(&broken, 31)["message"].as_str().unwrap().contains("broken.toml: line "));
    assert_eq!(installation.import(&installation.folder.path().join("nothing.toml"), 30)["code"], "E_NOT_FOUND");
    assert_eq!(installation.json(&["rule", "list", "--custom"], 0), Value::Array(vec![]));
}

#[test]
fn examples_are_tried_on_shipped_rules_and_on_those_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    // Without any data folder.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/default-rule-cases.json");
    let output = Command::new(env!("CARGO_BIN_EXE_syncline"))
        .args(["--data", folder.path().join("nothing").to_str().unwrap(), "rule", "test", shipped.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "50 passed, 0 failed\n"), "{}", stderr(&output));

    let installation = Installation::new();
    let examples = installation.write(
        "examples.json",
        r#"{ "format": "rule-cases/1", "cases": [{
            "id": "department", "title": "IT has a long name",
            "input": [{ "id": "A", "type": "user", "dn": "CN=Ada,DC=contoso,DC=com",
                "attrs": { "cn": "Ada", "sAMAccountName": "ada", "department": "IT", "userAccountControl": 512,
                    "objectGUID": "guid:3f2504e0-4f89-11d3-9a0c-0305e82c1001" } }],
            "expect": { "metaverseContains": { "A": { "attrs": { "department": "Information Technology" } } } } }] }"#,
    );
    let examples = examples.to_str().unwrap();
    let failed = installation.json(&["rule", "test", examples], 5);
    let difference = &failed["detail"]["files"][0]["examples"][0]["differences"][0];
    assert_eq!((&difference["place"], &difference["found"]), (&"metaverse A, department".into(), &"\"IT\"".into()), "{failed}");
    let text = stdout(&installation.run(&["rule", "test", examples]));
    assert!(text.contains("department IT has a long name\n") && text.ends_with("0 passed, 1 failed\n"), "{text}");
    // As it would be with a rule that is not stored, and as it is when it is.
    let rules = installation.write("sales.toml", RULE);
    assert_eq!(installation.json(&["rule", "test", examples, "--with", rules.to_str().unwrap()], 0)["passed"], 1);
    installation.import(&rules, 0);
    assert_eq!(installation.json(&["rule", "test", examples], 0)["passed"], 1);
    let broken = installation.write("broken.json", "{ \"format\": \"rule-cases/1\" }");
    let unreadable = installation.json(&["rule", "test", broken.to_str().unwrap()], 31);
    assert!(unreadable["detail"]["files"][0]["faults"][0].as_str().unwrap().contains("cases"), "{unreadable}");
}
