//! Faulty texts: each is refused with its line and with what to write instead.

use std::path::Path;

use super::super::model::Scenario;

const BASE: &str =
    "scenario: x\nforest A contoso.com\ntenant T contoso.onmicrosoft.com\nobject u1 in A: user CN=Ada,DC=contoso,DC=com\n";

#[track_caller]
fn refused(text: &str, line: u32, expected: &str) {
    match Scenario::from_text(Path::new("x"), text) {
        Ok(_) => panic!("not refused: {text}"),
        Err(fault) => assert!(fault.line == line && fault.message.contains(expected), "{text}\n{fault}"),
    }
}

/// Refuses lines after [`BASE`]; `line` counts from the first of them.
#[track_caller]
fn wrong(text: &str, line: u32, expected: &str) {
    refused(&format!("{BASE}{text}\n"), 4 + line, expected);
}

#[test]
fn a_file_begins_with_its_title() {
    refused("", 1, "the file is empty");
    refused("forest A contoso.com", 1, "begins with its title");
    refused("scenario one: x", 1, "\"one\" is no number");
    refused("scenario 1 x", 1, "a colon is missing");
    refused("scenario 1:", 1, "the title is missing");
    refused("scenario: x\n  forest A contoso.com", 2, "nothing can stand below");
    refused("scenario: x", 1, "the scenario has no directory");
}

#[test]
fn directories_are_checked() {
    let first = |line: &str, expected: &str| refused(&format!("scenario: x\n{line}"), 2, expected);
    first("forest A", "the DNS name is missing");
    first("forest MV contoso.com", "no name for a directory");
    first("forest result contoso.com", "no name for a directory");
    first("forest A contoso.com x", "\"x\" is not understood");
    let option = |line: &str, expected: &str| refused(&format!("scenario: x\nforest A contoso.com\n  {line}"), 3, expected);
    option("deltas", "write \"partial deltas\"");
    option("attribute x string", "write \"partial deltas\"");
    option("attribute x text on user", "write \"partial deltas\"");
    option("attribute x string on usr", "did you mean \"user\"?");
    wrong("forest B b.com", 1, "stand before everything that happens");
    wrong("what if x\n  forest B b.com", 2, "at the beginning of the file");
    refused("scenario: x\nforest A contoso.com\nforest A b.com", 3, "already a directory A");
    refused("scenario: x\ntenant A contoso.com\ntenant B b.com", 3, "one tenant");
}

#[test]
fn objects_and_changes_are_checked() {
    wrong("object u1 in A: user CN=Ada", 1, "already an object named u1");
    wrong("object result in A: user CN=Ada", 1, "another meaning");
    wrong("object A in A: user CN=Ada", 1, "another meaning");
    wrong("object a.b in A: user CN=Ada", 1, "is no name for an object");
    wrong("object u2 A: user CN=Ada", 1, "write it as: object u1 in A");
    wrong("object u2 in B: user CN=Ada", 1, "there is no directory \"B\"; there are A, T");
    wrong("object u2 in A: usr CN=Ada", 1, "did you mean \"user\"?");
    wrong("object u2 in A: user Ada", 1, "no distinguished name");
    wrong("object u{2..3} in A: user CN=Ada", 1, "write {n}");
    wrong("object u{3..2} in A: user CN={n}", 1, "no range of names");
    wrong("object u{1..9000000000} in A: user CN={n}", 1, "no range of names");
    wrong("object u2 in A: user CN=Ada\n  departmnt = IT", 2, "did you mean \"department\"?");
    wrong("object u2 in A: user CN=Ada\n  department + IT", 2, "has no values yet");
    wrong("object u2 in A: user CN=Ada\n  department", 2, "write \"department = value\"");
    wrong("object u2 in A: user CN=Ada\n  department = a | b", 2, "holds one value");
    wrong("object u2 in A: user CN=Ada\n  userAccountControl = many", 2, "write a number");
    wrong("object u2 in A: user CN=Ada\n  isCriticalSystemObject = maybe", 2, "write True or False");
    wrong("object u2 in A: user CN=Ada\n  objectGUID = ada", 2, "write a GUID");
    wrong("object u2 in A: user CN=Ada\n  manager = u7", 2, "there is no object u7; there are u1");
    wrong("object u2 in A: user CN=Ada\n  manager = T(u1)", 2, "refers to objects of A");
    wrong("change u1", 1, "say what changes");
    wrong("change MV(u1): department = HR", 1, "is in the metaverse");
    wrong("change u1 and T(u1): department = HR", 1, "different directories");
    wrong("change u1: department = \"HR", 1, "does not end");
    wrong("rename u1 CN=x", 1, "write the whole new name");
    wrong("retype u1 as person", 1, "no object type \"person\"");
    wrong("delete u9", 1, "there is no object u9");
    wrong("delete u1 quietly", 1, "delete u1 unnoticed");
    wrong("delete u1\n  u1: absent", 2, "nothing can stand below");
}

#[test]
fn statements_are_checked() {
    wrong("rn A Full Import", 1, "no statement begins with \"rn\"; did you mean \"run\"?");
    wrong("run A Import", 1, "is no run profile; there are Full Import");
    wrong("run B Full Import", 1, "there is no directory \"B\"");
    wrong("run A Full Import quickly", 1, "\"quickly\" is not understood");
    wrong("run A Export in batches of 0", 1, "at least one object");
    wrong("run A Export, killed after 4 objects", 1, "killed after batch 2");
    wrong("run A Full Import, killed after batch 2", 1, "breaks off after");
    wrong("threshold many", 1, "\"many\" is no number");
    wrong("advance 3 weeks", 1, "advance 30 minutes");
    wrong("remember MV(u1)", 1, "write a name for it");
    wrong("remember u1 as m{1..2}", 1, "not a range");
    wrong("remember u1 as u1", 1, "already an object named u1");
    wrong("preview u1", 1, "preview u1 full");
    wrong("preview MV(u1) full", 1, "is in the metaverse");
    wrong("join MV(u1) to MV(u1)", 1, "is in the metaverse");
    wrong("join u1 MV(u1)", 1, "say to which identity");
    wrong("join u1 to T(u1)", 1, "T(u1) is in a connector space");
    wrong("join u1 to MV(u1) for good", 1, "write it as: join b1 to MV(u1)");
    wrong("join u1 to MV(u1)\n  counters none", 2, "only after a run");
    wrong("disconnect MV(u1)", 1, "is in the metaverse");
    wrong("disconnect u1 for ever", 1, "disconnect u1 for good");
    wrong("until nothing changes", 1, "the statements of the block are missing");
    wrong("until nothing changes much\n  restart", 1, "\"much\" is not understood");
    wrong("delta synchronization does what its what-if tells\n  restart", 2, "\"restart\" cannot stand here");
    wrong("what if", 1, "the statements of the block are missing");
    wrong("same end\n  way one\n    restart", 1, "at least two ways");
    wrong("same end\n  restart", 2, "below \"same end\" stand the ways");
    wrong("every order\n  restart", 1, "put two to 5 lines");
    wrong("every order, sometimes\n  restart\n  restart", 1, "\"sometimes\" is not understood");
    wrong("what if x\n  remember u1 as m\nexpect\n  m: absent", 4, "there is no object m");
    wrong("fault T explodes", 1, "is no fault that can be scripted");
    wrong("fault T breaks off after 2 pages", 1, "say of what");
    wrong("fault T refuses T(u1)", 1, "with which code");
    wrong("fault T refuses duplicates of mai", 1, "did you mean \"mail\"?");
    wrong("fault T writes department", 1, "say what it writes instead");
    wrong("deprovisioning of T: make-disconnector", 1, "\"make-disconnector\" is no action; ");
    wrong("deprovisioning of X: delete-object", 1, "there is no directory \"X\"");
    wrong("delete connector space of X", 1, "there is no directory \"X\"");
    wrong("delete connector A, killed after many objects", 1, "no number");
    wrong("include ../x.part", 1, "a file beside this one");
    wrong("include nowhere.part", 1, "cannot be read");
}

#[test]
fn rules_are_checked_on_their_own_lines() {
    wrong("rules", 1, "the rules are missing");
    wrong("rules\n  [[rule]]\n  name = ", 3, "assets/rules");
    let rule = "rules\n  [[rule]]\n  name = \"r\"\n  precedence = 1\n  direction = \"inbound\"\n  connector = \"B\"\n  connector_object = \"user\"\n  metaverse_object = \"person\"\n  link = \"join\"";
    wrong(rule, 3, "there is no directory \"B\"");
    let rule = rule.replace("\"B\"", "\"A\"");
    wrong(&rule.replace("\"join\"", "\"weld\""), 9, "unknown variant `weld`");
    wrong(&format!("{rule}\n  lnk = 1"), 10, "unknown field `lnk`");
    wrong(&format!("{rule}\n  scope = [[\"department IS IT\"]]"), 3, "\"IS\" is not a scope operator");
    wrong("change rule x\n  link = \"join\"", 1, "\"x\" is no number");
    wrong("change rule 1\n  link = \"join\"\n  precedense = 2", 3, "unknown field `precedense`");
}

#[test]
fn expectations_are_checked() {
    let after = |line: &str, expected: &str| wrong(&format!("run A Full Import\n  {line}"), 2, expected);
    after("result succes", "did you mean \"success\"?");
    after("counters stage-add", "no name with its number");
    after("counters stage-add=many", "no name with its number");
    after("counters X stage-add=1", "there is no directory \"X\"");
    after("statistics A: al=4", "\"al\" is not counted; did you mean \"all\"?");
    after("metaverse: user=1", "there is no object type \"user\"");
    after("sent u1", "say what was sent");
    after("sent add MV(u1)", "is in the metaverse");
    after("candidates MV(u1)", "only after a preview");
    after("ran A Full Import", "only after a cycle");
    after("u1", "say something of it");
    after("u1 connector", "put a colon between them");
    after("u1: conector", "nothing that can be said of an object");
    after("u1: pending export", "say which: pending export add");
    after("u1: pending export add, pending import add", "write one line for each");
    after("u1: import error cd-error since noon", "\"noon\" is no number");
    after("u1: is m1", "was not remembered");
    after("u1: dn CN=Ada", "put the name in quotation marks");
    after("u1: provisioning retry", "cannot be said of an object of a connector space");
    after("MV(u1): explicit", "cannot be said of an object of the metaverse");
    after("MV(u1): connector", "cannot be said of an object of the metaverse");
    after("MV(u1): pending import add", "cannot be said of an object of the metaverse");
    after("MV(u1): hologram, type person", "where nothing is pending");
    after("u1 and MV(u1): present", "are in different places");
    after("T(u9): connector", "there is no object u9");
    after("X(u1): connector", "there is no directory \"X\"");
    after("A: tired", "of a connector say");
    after("entry MV(u1): absent", "the metaverse is no directory");
    wrong("expect\n  result success", 2, "only after a run, a cycle, a join or a disconnection");
    wrong("restart\n  no errors", 2, "only after a run or a cycle");
    wrong("cycle delta\n  counters none", 2, "only after a run");
    let below = |line: &str, expected: &str| wrong(&format!("expect\n  u1: present\n    {line}"), 3, expected);
    below("departmnt = IT", "did you mean \"department\"?");
    below("department deleted", "write \"department = value\", \"department absent\"");
    below("department + IT", "write \"department = value\", \"department absent\"");
    below("department by 12 = IT", "only metaverse attributes remember");
    wrong("expect\n  u1: pending import update\n    department absent", 3, "\"department deleted\"");
    wrong("preview u1 full\n  flow department by 12", 2, "say what becomes of it");
    wrong("preview u1 full\n  flow department 12 = x applied", 2, "name the rule");
}
