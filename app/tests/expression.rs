//! `syncline expression` in the real binary, without a data folder.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Calls a verb with something on standard input.
fn with_input(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_syncline"))
        .arg("expression")
        .args(arguments)
        .env_remove("SYNCLINE_DATA")
        // No data folder of this user either.
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env_remove("XDG_DATA_HOME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone already.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit code, standard output and standard error.
fn call(arguments: &[&str]) -> (i32, String, String) {
    let output = with_input(arguments, "");
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn check(arguments: &[&str], exit: i32, stdout: &str, stderr: &str) {
    assert_eq!(call(arguments), (exit, stdout.to_owned(), stderr.to_owned()), "{arguments:?}");
}

/// The JSON document of an answer with this exit code.
fn document(arguments: &[&str], exit: i32) -> Value {
    let (found, stdout, stderr) = call(&[arguments, &["--json"]].concat());
    assert_eq!((found, stderr.as_str()), (exit, ""), "{stdout}");
    serde_json::from_str(&stdout).unwrap()
}

/// A file for one test.
fn file(name: &str, content: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("expression");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn values_are_printed_as_an_administrator_reads_them() {
    let eval = |arguments: &[&str], expected: &str| check(&[&["eval"], arguments].concat(), 0, expected, "");
    eval(&["Left([displayName],3) & \"@contoso.com\"", "--set", "displayName=Ann"], "Ann@contoso.com\n");
    eval(&["[proxyAddresses]", "--set", "proxyAddresses=smtp:a", "--set", "proxyAddresses=smtp:b"], "smtp:a\nsmtp:b\n");
    eval(&["[displayName]"], "NULL\n");
    eval(&["IIF(IsPresent([mail]), [mail], AuthoritativeNull)"], "AuthoritativeNull\n");
    eval(&["IgnoreThisFlow"], "IgnoreThisFlow\n");
    eval(&["CGuid(\"00112233-4455-6677-8899-aabbccddeeff\")"], "MyIRAFVEd2aImaq7zN3u/w==\n");
    eval(&["DateAdd(\"d\", 1, Now())", "--now", "2024-06-15T12:00:00Z"], "2024-06-16T12:00:00Z\n");
    eval(&["[mail]", "--set", "mail=\u{1b}[2J"], "\\u{1b}[2J\n");
    eval(&["--set", "n:num=4", "--", "-[n]"], "-4\n");
    eval(&["%Domain.FQDN%", "--param", "Domain.FQDN=contoso.com"], "contoso.com\n");
    eval(&["[accountName]", "--type", "mv:person", "--set", "accountName=ann"], "ann\n");
    eval(
        &["ImportedValue(\"mail\") & [own] & Count([list])", "--set", "mail=a", "--set", "own:num=7", "--set", "list:mvstr"],
        "a70\n",
    );
}

#[test]
fn an_error_shows_its_place_and_one_sentence() {
    check(
        &["eval", "1 + CNum([displayName])", "--set", "displayName=Ann"],
        31,
        "",
        "error: CNum: \"Ann\" is not a whole number. Guard it with IsNumeric.\n  1 | 1 + CNum([displayName])\n    |     ^~~~\n",
    );
    check(
        &["eval", "Trim([displayNme])"],
        31,
        "",
        "error: Attribute \"displayNme\" does not exist on object type user of Active Directory (line 1, column 6). \
         Names are case-sensitive; did you mean \"displayName\"?\n  1 | Trim([displayNme])\n    |      ^~~~~~~~~~~~\n  \
         To declare it: --set displayNme=VALUE, or --set displayNme:TYPE when the object lacks it\n",
    );
    let answer = document(&["eval", "1 / 0"], 31);
    assert_eq!((&answer["ok"], &answer["error"]["code"]), (&Value::Bool(false), &Value::from("E_INVALID")));
    let detail = &answer["error"]["detail"];
    assert_eq!((&detail["kind"], &detail["offset"], &detail["column"]), (&"divide-by-zero".into(), &2.into(), &3.into()));
    let answer = document(&["eval", "Trim() & foo()"], 31);
    assert_eq!(answer["error"]["detail"]["problems"][1]["kind"], "unknown-function");
}

#[test]
fn json_tells_type_and_values() {
    let check = |arguments: &[&str], expected: Value| assert_eq!(document(arguments, 0)["data"], expected, "{arguments:?}");
    check(&["eval", "9223372036854775807"], serde_json::json!({ "type": "num", "values": [i64::MAX] }));
    check(&["eval", "Split(\"a,b\", \",\")"], serde_json::json!({ "type": "mvstr", "values": ["a", "b"] }));
    check(&["eval", "IgnoreThisFlow"], serde_json::json!({ "ignore": true }));
    let answer = document(&["eval", "%Domain.FQDN%"], 0);
    assert!(answer["warnings"][0].as_str().unwrap().contains("--param Domain.FQDN=VALUE"), "{answer}");
}

#[test]
fn texts_and_objects_come_from_files_and_standard_input() {
    let output = with_input(&["eval", "--file", "-", "--set", "mail= a@b.c "], "Trim(\r\n  [mail])\r\n");
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "a@b.c\n"));
    let object = file("object.json", r#"{"displayName": "Ann", "proxyAddresses": ["smtp:a", "smtp:b"], "own": true}"#);
    check(&["eval", "[displayName] & Count([proxyAddresses]) & [own]", "--object-file", &object], 0, "Ann2True\n", "");
    check(&["eval", "[displayName]", "--object-file", &object, "--set", "displayName=Bob"], 0, "Bob\n", "");
    let wrong = file("wrong.json", r#"{"displayName": 1}"#);
    let (exit, _, stderr) = call(&["eval", "1", "--object-file", &wrong]);
    assert_eq!(exit, 31);
    assert!(stderr.contains("displayName: a string is expected, 1 found"), "{stderr}");
    let (exit, _, stderr) = call(&["eval", "--file", "/no/such/file"]);
    assert_eq!(exit, 30);
    assert!(stderr.contains("the expression in /no/such/file cannot be opened"), "{stderr}");
}

#[test]
fn checks_tell_all_problems_at_once() {
    check(
        &["check", "Trim([displayNme]) & Item([proxyAddresses], Contains([proxyAddresses], \"SMTP:\")) & foo()"],
        31,
        "line 1, column 6: error: Attribute \"displayNme\" does not exist on object type user of Active Directory. \
         Names are case-sensitive; did you mean \"displayName\"?\n\
         \x20 1 | Trim([displayNme]) & Item([proxyAddresses], Contains([proxyAddresses], \"SMTP:\")) & foo()\n\
         \x20   |      ^~~~~~~~~~~~\n\
         \x20 To declare it: --set displayNme=VALUE, or --set displayNme:TYPE when the object lacks it\n\
         line 1, column 22: warning: Item fails when Contains finds nothing. Test Contains(...) > 0 first, or use ItemOrNull.\n\
         \x20 1 | Trim([displayNme]) & Item([proxyAddresses], Contains([proxyAddresses], \"SMTP:\")) & foo()\n\
         \x20   |                      ^~~~\n\
         line 1, column 84: error: Unknown function \"foo\".\n\
         \x20 1 | Trim([displayNme]) & Item([proxyAddresses], Contains([proxyAddresses], \"SMTP:\")) & foo()\n\
         \x20   |                                                                                    ^~~\n",
        "error: 2 errors, 1 warning\n",
    );
    check(
        &["check", "[displayName] & %Domain.FQDN% & Now()", "--param", "Domain.FQDN=x"],
        0,
        "line 1, column 31: warning: &: str or num or bool or bin expected, dt passed.\n\
         \x20 1 | [displayName] & %Domain.FQDN% & Now()\n\
         \x20   |                               ^\n\
         line 1, column 33: note: The result depends on time: it is refreshed when the object changes or by a full synchronization.\n\
         \x20 1 | [displayName] & %Domain.FQDN% & Now()\n\
         \x20   |                                 ^~~\n\
         Result          : str\nAttributes      : displayName\nParameters      : Domain.FQDN\nDepends on time : Yes\n",
        "",
    );
}

#[test]
fn warnings_fail_only_when_they_are_to() {
    let arguments = ["check", "Split([mail], \";\")", "--target", "accountName"];
    let (exit, stdout, stderr) = call(&arguments);
    assert_eq!((exit, stderr.as_str()), (0, ""));
    assert!(stdout.contains("warning: The result is multi-valued, accountName is single-valued"), "{stdout}");
    assert!(stdout.ends_with("Result     : str, multi-valued\nAttributes : mail\n"), "{stdout}");
    assert_eq!(call(&[&arguments[..], &["--strict"]].concat()).0, 31);
    assert_eq!(call(&[&arguments[..], &["--target-type", "mvstr", "--strict"]].concat()).0, 0);
    let (exit, _, stderr) = call(&["check", "1", "--target", "nothing"]);
    assert_eq!((exit, stderr.contains("the metaverse has no attribute \"nothing\"")), (31, true), "{stderr}");
    let answer = document(&["check", "Trim([mail])", "--target", "mail"], 0);
    assert_eq!(answer["data"]["problems"], serde_json::json!([]));
    assert_eq!(answer["data"]["result"]["types"], serde_json::json!(["str"]));
    assert_eq!(answer["data"]["reads"]["attributes"], serde_json::json!(["mail"]));
}

#[test]
fn formatting_prints_or_only_checks() {
    let long =
        "IIF(IsPresent([userPrincipalName]),[userPrincipalName],IIF(IsPresent([mail]),[mail],Error(\"neither name nor mail\")))";
    let formatted = "IIF(\n    IsPresent([userPrincipalName]),\n    [userPrincipalName],\n    \
                     IIF(IsPresent([mail]), [mail], Error(\"neither name nor mail\"))\n)\n";
    check(&["format", long], 0, formatted, "");
    let path = file("formatted.txt", formatted);
    check(&["format", "--check", "--file", &path], 0, "", "");
    let windows = file("windows.txt", &formatted.replace('\n', "\r\n"));
    check(&["format", "--check", "--file", &windows], 0, "", "");
    let (exit, stdout, stderr) = call(&["format", "--check", long]);
    assert_eq!((exit, stdout.as_str()), (31, ""));
    assert!(stderr.contains("is not laid out evenly"), "{stderr}");
    assert_eq!(document(&["format", long], 0)["data"]["changed"], true);
    let (exit, stdout, stderr) = call(&["format", "Trim([mail]"]);
    assert_eq!((exit, stdout.as_str()), (31, ""));
    assert!(stderr.ends_with("  1 | Trim([mail]\n    |            ^\n"), "{stderr}");
}

#[test]
fn an_explanation_shows_every_part() {
    check(
        &["explain", "IIF(IsPresent([mail]), [mail], Left([displayName], 2) & %Domain.FQDN%)", "--set", "displayName=Ann"],
        0,
        "Part                                                                    Type  Value\n\
         IIF(IsPresent([mail]), [mail], Left([displayName], 2) & %Domain.FQDN%)  str   \"An\"\n\
         \x20 IsPresent([mail])                                                     bool  False\n\
         \x20   [mail]                                                                    NULL\n\
         \x20 [mail]                                                                      not evaluated\n\
         \x20 Left([displayName], 2) & %Domain.FQDN%                                str   \"An\"\n\
         \x20   Left([displayName], 2)                                              str   \"An\"\n\
         \x20     [displayName]                                                     str   \"Ann\"\n\
         \x20     2                                                                 num   2\n\
         \x20   %Domain.FQDN%                                                             NULL\n",
        "warning: %Domain.FQDN% has no value here and reads as NULL; --param Domain.FQDN=VALUE gives it one\n",
    );
    let (exit, stdout, stderr) = call(&["explain", "CNum([title]) + 1", "--set", "title=Lead"]);
    assert_eq!(exit, 31);
    assert!(stdout.contains("  CNum([title])    error  CNum: \"Lead\""), "{stdout}");
    assert!(stderr.starts_with("error: CNum: \"Lead\"") && stderr.contains("    | ^~~~\n"), "{stderr}");
    let answer = document(&["explain", "IIF(True, 1, 2)"], 0);
    let parts = &answer["data"]["parts"][0];
    assert_eq!(parts["results"], serde_json::json!([{ "type": "num", "values": [1] }]));
    assert_eq!((&parts["children"][2]["text"], &parts["children"][2]["evaluated"]), (&"2".into(), &false.into()));
}

#[test]
fn functions_are_listed_and_shown() {
    let (exit, stdout, _) = call(&["functions"]);
    assert_eq!(exit, 0);
    assert_eq!(stdout.lines().count(), 92, "{stdout}");
    assert!(stdout.ends_with("90 functions; \"syncline expression functions NAME\" shows one.\n"), "{stdout}");
    let (_, stdout, _) = call(&["functions", "Word", "--quiet"]);
    assert!(stdout.contains("Signature   : str Word(str value, num number, str delimiters)\n"), "{stdout}");
    assert_eq!(document(&["functions", "--category", "math"], 0)["data"][0]["category"], "Math");
    let (exit, _, stderr) = call(&["functions", "Trimm"]);
    assert_eq!((exit, stderr.contains("did you mean \"Trim\"?")), (30, true), "{stderr}");
}

#[test]
fn vectors_end_with_their_totals() {
    let good = r#"{"id": "good", "expr": "1 + 1", "expect": {"type": "num", "values": [2]}}"#;
    let bad =
        r#"{"id": "bad", "expr": "Trim([x])", "attributes": {"x": {"type": "str", "values": [" a"]}}, "expect": {"null": true}}"#;
    let passing = file("passing.json", &format!("{{\"vectors\": [{good}]}}"));
    let failing = file("failing.json", &format!("{{\"vectors\": [{good}, {bad}]}}"));
    check(&["vectors", &passing], 0, "1 passed, 0 failed\n", "");
    check(
        &["vectors", &failing],
        5,
        "bad: Trim([x])\n  expected: NULL\n  actual:   str \"a\"\n1 passed, 1 failed\n",
        "error: 1 vector failed\n",
    );
    let (exit, stdout, _) = call(&["vectors", &passing, &failing]);
    assert_eq!(exit, 5);
    assert!(stdout.starts_with(&failing) && stdout.ends_with("2 passed, 1 failed\n"), "{stdout}");
    let answer = document(&["vectors", &failing], 5);
    assert_eq!(answer["error"]["detail"]["failures"][0]["actual"], serde_json::json!({ "type": "str", "values": ["a"] }));
    let broken = file("broken.json", r#"{"vectors": [{"id": "x", "expr": "1"}]}"#);
    let (exit, stdout, stderr) = call(&["vectors", &passing, &broken]);
    assert_eq!((exit, stdout.as_str()), (31, ""));
    assert!(stderr.contains("vector x, expect: missing"), "{stderr}");
}

#[test]
fn mistakes_in_the_arguments_are_told() {
    let check = |arguments: &[&str], exit: i32, words: &str| {
        let (found, _, stderr) = call(arguments);
        assert_eq!(found, exit, "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    };
    check(&["eval", "[mail]", "--set", "mail"], 2, "write mail=VALUE, or mail:TYPE");
    check(&["eval", "[mail]", "--set", "mail=a", "--set", "mail=b"], 31, "write mail:mvstr=VALUE");
    check(&["eval", "[displayName]", "--set", "displayNme=Ann"], 0, "did you mean \"displayName\"?");
    check(&["eval", "1", "--type", "robot"], 31, "its types: computer, ");
    check(&["eval", "1", "--connector", "contoso.com"], 2, "--connector goes with --dn, --mv");
    check(&["eval", "1", "--connector", "contoso.com", "--dn", "CN=x"], 3, "is not a Syncline data folder");
    check(&["eval", "1", "--mv", "Ann"], 31, "is not an object GUID");
}
