//! Setting up a data folder from the command line: what is refused, with which exit code, and what works.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const TENANT: &str = "contoso.onmicrosoft.com - AAD";
const PASSWORD: &str = "Correct-Horse-7";

const FOREST: &str = "\
version: 1

dn: DC=contoso,DC=com
objectClass: domainDNS
objectGUID:: AAECAwQFBgcICQoLDA0ODw==

dn: CN=Ada,DC=contoso,DC=com
objectClass: user
objectGUID:: EAECAwQFBgcICQoLDA0ODw==
sAMAccountName: ada
userPrincipalName: ada@contoso.com
displayName: Ada
userAccountControl: 512
";

/// A folder for one test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Calls the program on the data folder; standard input is no terminal.
    fn call(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_syncline"))
            .args(["--data".as_ref(), self.path("data").as_os_str()])
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("SYNCLINE_DATA")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not want the input may have ended already.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        child.wait_with_output().unwrap()
    }

    /// The data of a call that must succeed.
    fn data(&self, arguments: &[&str]) -> Value {
        let output = self.call(&[arguments, &["--json"]].concat(), "");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &document["ok"]), (Some(0), &true.into()), "{document}");
        document["data"].clone()
    }

    /// A call that must be refused, in words and as JSON; the password is not shown.
    fn check_refused(&self, arguments: &[&str], input: &str, exit: i32, words: &[&str]) {
        let plain = self.call(arguments, input);
        let message = String::from_utf8(plain.stderr).unwrap();
        assert_eq!(plain.status.code(), Some(exit), "{arguments:?}: {message}");
        assert_eq!(plain.stdout, b"", "{arguments:?}");
        let json = self.call(&[arguments, &["--json"]].concat(), input);
        let document: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!((json.status.code(), &document["ok"]), (Some(exit), &false.into()), "{document}");
        for word in words {
            assert!(message.contains(word), "missing {word:?} in {message}");
            assert!(document["error"]["message"].as_str().unwrap().contains(word), "missing {word:?} in {document}");
        }
        assert!(!message.contains(PASSWORD) && !document.to_string().contains(PASSWORD), "{message}");
    }

    /// Adds a forest from a file and the sandbox tenant.
    fn add_both(&self) -> (Value, Value) {
        self.file("forest.ldif", FOREST);
        let forest = self.data(&["connector", "add", "file", "--name", "contoso.com", "--path", "forest.ldif"]);
        let tenant = self.data(&["connector", "add", "sandbox", "--tenant", "contoso", "--domain", "contoso.com"]);
        (forest, tenant)
    }
}

/// Arguments that add a forest at a server on this computer.
fn active_directory<'a>(server: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let usual =
        ["connector", "add", "active-directory", "--name", "contoso.com", "--user", "svc@contoso.com", "--server", server];
    [&usual[..], more].concat()
}

/// A port of this computer where nobody listens.
fn closed_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn nothing_is_made_without_a_usable_password() {
    let place = Place::new();
    let server = closed_port();
    let check = |options: &[&str], input: &str, exit: i32, words: &[&str]| {
        place.check_refused(&active_directory(&server, options), input, exit, words);
        assert!(!place.path("data").exists(), "{options:?}");
    };
    check(&[], PASSWORD, 2, &["svc@contoso.com", "--secret-stdin", "--secret-file"]);
    check(&["--secret-stdin"], "", 31, &["empty"]);
    check(&["--secret-stdin"], &format!("{PASSWORD}\nand more\n"), 31, &["more than one line"]);
    let missing = place.path("nothing");
    check(&["--secret-file", missing.to_str().unwrap()], "", 30, &["nothing"]);
    let empty = place.file("empty", "\n");
    check(&["--secret-file", &empty], "", 31, &["empty"]);
    check(&["--secret-stdin", "--secret-file", &empty], PASSWORD, 2, &["--secret-file"]);
    check(&["--password", "x"], "", 2, &["--password"]);
    check(&["--security", "ssl"], PASSWORD, 2, &["ssl"]);
}

#[test]
fn a_forest_that_cannot_be_used_is_not_stored() {
    let place = Place::new();
    let closed = closed_port();
    let no_authority = place.file("ca.pem", "not a certificate");
    let check = |server: &str, options: &[&str], exit: i32, words: &[&str]| {
        let arguments = active_directory(server, &[&["--secret-stdin"], options].concat());
        place.check_refused(&arguments, &format!("{PASSWORD}\n"), exit, words);
    };
    check(&closed, &[], 21, &[&closed]);
    check(&closed, &["--security", "plain"], 21, &[&closed]);
    check(&closed, &["--ca-file", &no_authority], 31, &["ca.pem"]);
    check("dc1:99999", &[], 31, &["dc1:99999"]);
    // Reserved for documentation: nothing is sent there.
    check("192.0.2.1", &["--security", "plain"], 31, &["192.0.2.1", "without encryption"]);
    let unnamed = ["connector", "add", "active-directory", "--name", "contoso", "--user", "svc", "--secret-stdin"];
    place.check_refused(&unnamed, PASSWORD, 31, &["contoso", "contoso.com"]);
    assert_eq!(place.data(&["connector", "list"]), Value::Array(Vec::new()));
}

#[test]
fn a_file_and_a_sandbox_make_a_workspace() {
    let place = Place::new();
    let (forest, tenant) = place.add_both();
    assert_eq!((&forest["connector"]["name"], &forest["rulesEnabled"]), (&"contoso.com".into(), &0.into()));
    assert_eq!(forest["connector"]["kind"], "file");
    assert!(Path::new(forest["connector"]["address"].as_str().unwrap()).is_absolute(), "{forest}");
    assert_eq!((&tenant["connector"]["name"], &tenant["connector"]["kind"]), (&TENANT.into(), &"tenant".into()));
    assert!(tenant["rulesEnabled"].as_u64().unwrap() > 40, "{tenant}");

    let cycle = place.call(&["cycle", "start", "--policy", "initial", "--wait", "--quiet"], "");
    assert_eq!(cycle.status.code(), Some(0), "{}", String::from_utf8_lossy(&cycle.stderr));
    let found = place.data(&["mv", "search", "Ada"]);
    assert_eq!((&found["total"], &found["rows"][0]["connectors"]), (&1.into(), &2.into()), "{found}");
    let status = place.data(&["status"]);
    assert_eq!(status["deletionThreshold"], 500, "{status}");
}

#[test]
fn what_to_do_next_is_said() {
    let place = Place::new();
    place.file("forest.ldif", FOREST);
    let check = |arguments: &[&str], expected: &[&str]| {
        let output = place.call(arguments, "");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
        for words in expected {
            assert!(text.contains(words), "missing {words:?} in {text}");
        }
    };
    check(
        &["connector", "add", "file", "--name", "contoso.com", "--path", "forest.ldif"],
        &["DC=contoso,DC=com", "none yet", "connector add sandbox --tenant contoso --domain contoso.com\n"],
    );
    check(&["connector", "add", "sandbox", "--tenant", "contoso"], &[TENANT, "enabled", "cycle start --policy initial --wait\n"]);
    check(&["connector", "add", "--help"], &["active-directory", "file", "sandbox"]);
    check(&["connector", "add", "active-directory", "--help"], &["--ca-file ca.pem", "svc_sync@contoso.com", "--allow-plain"]);
    check(&["connector", "set-credential", "--help"], &["before it is stored"]);
}

#[test]
fn every_refusal_leaves_the_connectors_alone() {
    let place = Place::new();
    let (_, tenant) = place.add_both();
    let before = place.data(&["connector", "list"]);
    let check = |arguments: &[&str], input: &str, exit: i32, words: &[&str]| {
        place.check_refused(arguments, input, exit, words);
        let names = |list: &Value| list.as_array().unwrap().iter().map(|found| found["guid"].to_string()).collect::<Vec<_>>();
        assert_eq!(names(&place.data(&["connector", "list"])), names(&before), "{arguments:?}");
    };
    let file = |name: &'static str, path: &'static str| ["connector", "add", "file", "--name", name, "--path", path];
    check(&file("CONTOSO.com", "forest.ldif"), "", 31, &["contoso.com", "already exists"]);
    check(&file("contoso.org", "forest.ldif"), "", 31, &["DC=contoso,DC=com", "contoso.com"]);
    check(&file("fabrikam.com", "nothing.ldif"), "", 30, &["nothing.ldif"]);
    check(&file("", "forest.ldif"), "", 31, &["name"]);
    check(&["connector", "add", "sandbox", "--tenant", "fabrikam"], "", 31, &[TENANT]);
    check(&["connector", "add", "sandbox"], "", 2, &["--tenant"]);
    check(&["connector", "add", "ldap"], "", 2, &["ldap"]);

    let credential = |connector: &'static str| ["connector", "set-credential", connector, "--secret-stdin"];
    check(&credential("fabrikam.com"), PASSWORD, 30, &["fabrikam.com", "contoso.com"]);
    check(&credential("contoso.com"), PASSWORD, 31, &["contoso.com", "file"]);
    check(&credential(TENANT), PASSWORD, 20, &["secret"]);
    check(&["connector", "set-credential", TENANT], PASSWORD, 2, &["--secret-stdin"]);
    let guid = tenant["connector"]["guid"].as_str().unwrap();
    check(&["connector", "set-credential", guid, "--secret-stdin"], PASSWORD, 20, &["secret"]);
}

#[test]
fn names_of_tenants_are_checked() {
    let place = Place::new();
    for tenant in ["con toso", "", "-contoso", "contoso.com/x"] {
        let name = format!("--tenant={tenant}");
        place.check_refused(&["connector", "add", "sandbox", &name], "", 31, &[]);
    }
    let sandbox = ["connector", "add", "sandbox", "--tenant", "contoso"];
    place.check_refused(&[&sandbox[..], &["--domain", "not a domain"]].concat(), "", 31, &["not a domain"]);
    assert_eq!(place.data(&["connector", "list"]), Value::Array(Vec::new()));
    // What was refused leaves nothing behind that would be in the way.
    assert_eq!(place.data(&sandbox)["connector"]["name"], TENANT);
}

#[test]
fn a_folder_with_other_things_is_left_alone() {
    let place = Place::new();
    std::fs::create_dir(place.path("data")).unwrap();
    std::fs::write(place.path("data").join("letter.txt"), "Dear Ada").unwrap();
    place.check_refused(&["connector", "add", "sandbox", "--tenant", "contoso"], "", 3, &["letter.txt"]);
    assert_eq!(std::fs::read_dir(place.path("data")).unwrap().count(), 1);
}

#[test]
fn a_tenant_that_cannot_be_used_is_not_stored() {
    let place = Place::new();
    let server = closed_port();
    let local = format!("http://{server}");
    let usual = ["connector", "add", "tenant", "--tenant-id", "contoso.com", "--client-id", "c-1"];
    let check = |options: &[&str], input: &str, exit: i32, words: &[&str]| {
        place.check_refused(&[&usual[..], options].concat(), input, exit, words);
        assert!(!place.path("data").join("syncline.db").exists() || place.data(&["connector", "list"]) == serde_json::json!([]));
    };
    check(&[], PASSWORD, 2, &["application c-1", "--secret-stdin"]);
    check(&["--secret-stdin", "--base-url", "http://graph.example.com"], PASSWORD, 31, &["is not encrypted"]);
    check(&["--secret-stdin", "--proxy", "http://me:pass@proxy:1"], PASSWORD, 31, &["proxy", "password"]);
    check(&["--secret-stdin", "--base-url", &local], PASSWORD, 21, &[&server]);
    check(&["--certificate-file", "nothing.pem"], "", 30, &["nothing.pem"]);
    place.file("half.pem", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    check(&["--certificate-file", "half.pem"], "", 31, &["private key"]);
}

#[test]
fn a_tenant_of_this_computer_is_tried_shown_and_listed() {
    let place = Place::new();
    place.add_both();
    let shown = place.data(&["aad", "show"]);
    assert_eq!((&shown["connector"], &shown["backend"]), (&TENANT.into(), &"sync-channel".into()));
    let checks = place.data(&["aad", "test"]);
    assert!(checks.as_array().unwrap().iter().all(|check| check["works"] == true), "{checks}");
    let live = place.data(&["aad", "show", "--live"]);
    assert_eq!(live["live"]["domains"][0], "contoso.onmicrosoft.com");
    let objects = place.data(&["aad", "objects", "--type", "user"]);
    assert_eq!(objects.as_array().unwrap().len(), 1, "the administrator alone: {objects}");
    place.check_refused(&["aad", "objects", "--anchor", "nobody"], "", 30, &["nobody"]);
    place.check_refused(&["aad", "show", "nobody"], "", 30, &["nobody"]);
}
