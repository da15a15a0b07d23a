//! The language on small texts: what is fulfilled passes, and every kind of line can fail.

use std::path::Path;

use super::perform::perform_all;
use super::world::World;
use super::{Scenario, ScenarioOptions, watched};

/// A forest and a tenant with one rule each way, one person and one group, everything confirmed.
const SETTLED: &str = r#"scenario: A small world
forest A contoso.com
tenant T contoso.onmicrosoft.com
rules
  [[rule]]
  name = "In"
  precedence = 10
  direction = "inbound"
  connector = "A"
  connector_object = "user"
  metaverse_object = "person"
  link = "provision"
  join = [["mail = mail"]]
  same = ["displayName", "mail", "department"]
  [rule.expression]
  sourceAnchor = "ConvertToBase64([objectGUID])"

  [[rule]]
  name = "In group"
  precedence = 11
  direction = "inbound"
  connector = "A"
  connector_object = "group"
  metaverse_object = "group"
  link = "provision"
  join = [["objectGUID = sourceAnchorBinary"]]
  same = ["displayName", "member"]
  [rule.expression]
  sourceAnchor = "ConvertToBase64([objectGUID])"

  [[rule]]
  name = "Out"
  precedence = 20
  direction = "outbound"
  connector = "T"
  connector_object = "user"
  metaverse_object = "person"
  link = "provision"
  join = [["sourceAnchor = sourceAnchor"]]
  same = ["displayName", "mail", "department", "sourceAnchor"]
  [rule.expression]
  dn = '"CN={" & ConvertToUTF8Hex([sourceAnchor]) & "}"'

  [[rule]]
  name = "Out group"
  precedence = 21
  direction = "outbound"
  connector = "T"
  connector_object = "group"
  metaverse_object = "group"
  link = "provision"
  join = [["sourceAnchor = sourceAnchor"]]
  same = ["displayName", "member", "sourceAnchor"]
  [rule.expression]
  dn = '"CN={" & ConvertToUTF8Hex([sourceAnchor]) & "}"'
object ada in A: user CN=Ada,DC=contoso,DC=com
  displayName = Ada
  mail = ada@contoso.com
  department = IT
object bob in A: user CN=Bob,DC=contoso,DC=com
  mail = bob@contoso.com
object team in A: group CN=Team,DC=contoso,DC=com
  displayName = Team
  member = ada
object cloud in T: user CN=cloud
  displayName = Of the cloud
cycle initial
cycle delta
"#;

thread_local! {
    /// The world after [`SETTLED`], made once for each test.
    static WORLD: World = {
        let scenario = Scenario::from_text(Path::new("x"), SETTLED).unwrap();
        let mut world = World::new(&scenario).unwrap();
        assert_eq!(perform_all(&mut world, &scenario.steps).unwrap(), None);
        world
    };
}

/// Runs statements after [`SETTLED`] and gives the difference as text, without file and line.
fn difference(text: &str) -> Option<String> {
    let settled = Scenario::from_text(Path::new("x"), SETTLED).unwrap().steps.len();
    let scenario = Scenario::from_text(Path::new("x"), &format!("{SETTLED}{text}")).unwrap_or_else(|fault| panic!("{fault}"));
    let mut world = WORLD.with(World::fork).unwrap();
    world.watch(watched(&scenario.steps)).unwrap();
    let found = perform_all(&mut world, &scenario.steps[settled..]).unwrap()?.to_string();
    Some(found.split_once("): ").map_or(found.clone(), |(_, text)| text.to_owned()))
}

#[track_caller]
fn passes(text: &str) {
    assert_eq!(difference(text), None, "{text}");
}

#[track_caller]
fn fails(text: &str, expected: &str) {
    let found = difference(text).unwrap_or_default();
    assert!(found.contains(expected), "{text}\n{found}");
}

#[test]
fn objects_are_what_is_said_of_them() {
    let state = "expect\n  ada: connector, linked by 10 Provision, not linked by 20, nothing pending, no import error\n";
    passes(state);
    passes("expect\n  T(ada): anchor User_2, linked by 20, joined to ada, type user, not disconnected by a rule\n");
    passes("expect\n  A \"CN=Ada,DC=contoso,DC=com\": connector\n  A \"DC=com\": placeholder\n  T \"CN=nobody\": absent\n");
    let fact = |fact: &str, expected: &str| fails(&format!("expect\n  T(ada): {fact}\n"), expected);
    fact("disconnector", "T(ada): expected disconnector, found connector");
    fact("absent", "T(ada): expected absent, found present");
    fact("type group", "T(ada), type: expected group, found user");
    fact("anchor User_7", "T(ada), anchor: expected User_7, found User_2");
    fact("no anchor", "T(ada), anchor: expected none, found User_2");
    fact("dn \"CN=x\"", "T(ada), dn: expected CN=x, found CN={");
    fact("pending export update", "T(ada), pending export: expected update, found none");
    fact("linked by 10", "T(ada), rules of the link: expected 10, found rule 20 (Out) Provision");
    fact("linked by 20 Join", "expected 20 Join, found rule 20");
    fact("not linked by 20", "expected not 20, found rule 20");
    fact("linked by 99", "expected rule 99, found no such rule");
    fact("joined to bob", "T(ada), joined to: expected the identity of bob, found MV(ada)");
    fact("transient", "T(ada): expected transient, found no transient");
    fact("export error cd-error", "T(ada), export error: expected cd-error, found none");
    fails("expect\n  cloud: connector\n", "cloud: expected connector, found disconnector");
}

#[test]
fn metaverse_objects_are_what_is_said_of_them() {
    passes(
        "expect\n  MV(ada): type person, joined to ada and T(ada), exactly\n    displayName by 10 from ada = Ada\n    department by \"In\" = IT\n    mail = ada@contoso.com\n    sourceAnchor count 1\n",
    );
    let line = |line: &str, expected: &str| fails(&format!("expect\n  MV(ada): present\n    {line}\n"), expected);
    line("displayName = Bob", "MV(ada), displayName: expected Bob, found Ada");
    line("displayName absent", "MV(ada), displayName: expected absent, found Ada");
    line("cn = Ada", "MV(ada), cn: expected Ada, found absent");
    line("displayName count 2", "expected 2 values, found 1 values");
    line("displayName by 11 = Ada", "MV(ada), lineage, displayName: expected rule 11, found rule 10 (In) from ada");
    line("displayName from bob = Ada", "expected from bob, found rule 10 (In) from ada");
    fails("expect\n  MV(ada): joined to ada\n", "MV(ada), joined to: expected ada, found T(ada) and ada");
    fails("expect\n  MV(ada): joined to ada and T(ada) and bob\n", "expected T(ada) and ada and bob");
    fails("expect\n  MV(ada): exactly\n    displayName = Ada\n", "MV(ada), department: expected absent, found IT");
    fails("expect\n  MV(team): present\n    member = MV(bob)\n", "MV(team), member: expected MV(bob), found MV(ada)");
    fails("remember MV(bob) as b\nexpect\n  MV(ada): is b\n", "expected the object b, found another object");
    passes("remember MV(ada) as a\nexpect\n  MV(ada): is a\n  MV(bob): is not a\n  a: present\n");
}

#[test]
fn joins_and_disconnections_are_what_is_said_of_them() {
    passes(
        "disconnect ada for good\n  ada: disconnector, explicit\n  T(ada): pending export delete\nrun A Delta Synchronization\n  ada: disconnector\ndisconnect ada\n  ada: not explicit\nrun A Delta Synchronization\n  ada: connector, not explicit\n  T(ada): connector, nothing pending\n",
    );
    fails("disconnect ada\n  ada: disconnector, explicit\n", "ada: expected explicit, found no explicit");
    fails("disconnect ada\n  result refused\n", "result: expected refused, found success");
    passes("disconnect T \"CN=nobody\"\n  result refused\n  message T \"CN=nobody\" is absent\n");
    let taken = "join ada to MV(bob)\n";
    fails(taken, "result: expected success, found refused (ada is joined already; disconnect it first)");
    passes(&format!("{taken}  result any\n  ada: connector, joined to T(ada)\n"));
    passes(&format!("{taken}  result refused\n  message is joined already\n"));
    fails(&format!("{taken}  result refused\n  message too late\n"), "message: expected too late, found ada is joined already");
    // Two objects of one directory and one rule: what the rules refuse is refused here too, and nothing is done.
    passes(
        "disconnect ada for good\njoin ada to MV(bob)\n  result refused\n  message ambiguous-import-flow-from-multiple-connectors\n  ada: disconnector, explicit, no import error\n",
    );
}

#[test]
fn runs_are_what_is_said_of_them() {
    let change = "change ada: department = HR\n";
    passes(&format!("{change}run A Delta Import\n  counters stage-update=1\n  no errors\n"));
    fails(&format!("{change}run A Delta Import\n  counters none\n"), "counter stage-update: expected 0, found 1");
    fails(
        &format!("{change}run A Delta Import\n  result completed-warnings\n"),
        "result: expected completed-warnings, found success",
    );
    fails("fault A is unreachable\nrun A Full Import\n", "result: expected success, found no-start-connection (");
    passes("fault A is unreachable\nrun A Full Import\n  result no-start-connection\n  message scripted fault\n");
    fails("run A Full Import\n  message nothing of the kind\n", "message: expected nothing of the kind, found none");
    fails("run A Full Import\n  warning something\n", "warning: expected something, found none");
    let failing = "change rule 10\n  [expression]\n  department = \"Error(\\\"no\\\")\"\nrun A Full Synchronization\n  result completed-sync-errors\n";
    passes(&format!(
        "{failing}  error ada: sync-rule-error-function-triggered saying \"no\"\n  error bob: sync-rule-error-function-triggered\n"
    ));
    fails(&format!("{failing}  error ada: sync-rule-error-function-triggered\n"), "errors: expected only the 1 named");
    fails(&format!("{failing}  error ada: cd-error\n"), "ada, error: expected cd-error, found CN=Ada");
    fails(&format!("{failing}  error team: cd-error\n"), "team, error: expected cd-error, found none of it, but CN=Ada");
    fails(&format!("{failing}  no errors\n"), "errors: expected none, found CN=Ada");
    fails(
        &format!(
            "{failing}advance 90 minutes\nrun A Full Synchronization\n  result completed-sync-errors\n  ada: import error sync-rule-error-function-triggered retried 1 since 11:00\n"
        ),
        "ada, import error: expected since 11:00, found since 10:00",
    );
    fails(
        &format!("{failing}  ada: import error sync-rule-error-function-triggered retried 3\n"),
        "expected retried 3, found retried 0",
    );
    fails(&format!("{failing}  ada: no import error\n"), "ada, import error: expected none, found sync-rule-error");
}

#[test]
fn layers_and_what_was_sent_are_compared_value_by_value() {
    let change = "change ada: department = HR\nchange team: member + bob\nrun A Delta Import\nrun A Delta Synchronization\n";
    passes(&format!(
        "{change}  T(ada): pending export update, exactly\n    department = HR\n  T(team): pending export update, exactly\n    member + T(bob)\n"
    ));
    let after = |lines: &str, expected: &str| fails(&format!("{change}{lines}"), expected);
    after("  T(ada): pending export update\n    department = IT\n", "T(ada), pending export, department: expected IT, found HR");
    after("  T(ada): pending export update\n    department deleted\n", "expected deleted, found HR");
    after("  T(ada): pending export update\n    mail = x\n", "T(ada), pending export, mail: expected x, found no change");
    after("  T(ada): pending export update, exactly\n", "T(ada), pending export, department: expected no change, found HR");
    after(
        "  T(team): pending export update\n    member - T(bob)\n",
        "T(team), pending export, member: expected - T(bob), found + T(bob)",
    );
    after("  T(team): pending export update\n    member = T(bob)\n", "expected T(bob), found T(ada) | T(bob)");
    after("  ada: hologram\n    department = IT\n", "ada, hologram, department: expected IT, found HR");
    let export = format!("{change}run T Export\n");
    passes(&format!("{export}  sent update T(ada), exactly\n    department = HR\n  sent update T(team)\n    member + T(bob)\n"));
    fails(&format!("{export}  sent nothing\n"), "sent: expected nothing, found update CN={");
    fails(&format!("{export}  sent update T(ada)\n"), "sent: expected nothing more, found update CN={");
    fails(&format!("{export}  sent delete T(ada)\n"), "sent: expected delete T(ada), found update CN={");
    fails(
        &format!("{export}  sent update T(ada)\n  sent update T(team)\n  sent update T(bob)\n"),
        "expected update T(bob), found nothing more",
    );
    fails(&format!("{export}  entry T(ada)\n    department = IT\n"), "T(ada), directory, department: expected IT, found HR");
    fails(&format!("{export}  entry T(ada): absent\n"), "T(ada): expected absent from the directory, found in the directory");
    fails(&format!("{export}  T(ada): unconfirmed export add\n"), "T(ada), unconfirmed export: expected add, found update");
}

#[test]
fn sets_are_compared_as_a_whole() {
    passes(
        "expect\n  metaverse: person=2, group=1\n  entries in T: user=3, group=1\n  statistics T: all=4, connector=3, disconnector=1, unconfirmed=0\n",
    );
    passes("expect\n  objects in T exactly\n    T(ada) and T(bob)\n    T(team)\n    cloud\n");
    fails("expect\n  metaverse: person=2\n", "metaverse: expected person=2, found group=1, person=2");
    fails("expect\n  metaverse: nothing\n", "metaverse: expected nothing, found");
    fails("expect\n  entries in T: user=1\n", "entries in T: expected user=1, found group=1, user=3");
    fails("expect\n  statistics T: all=5\n", "statistics T, all: expected 5, found 4");
    fails(
        "expect\n  objects in T exactly\n    T(ada) and T(bob) and T(team)\n",
        "objects in T: expected nothing more, found cloud",
    );
    fails(
        "delete bob\nrun A Delta Import\nrun A Delta Synchronization\nexpect\n  objects in A exactly\n    ada and bob\n",
        "bob, objects in A: expected bob, found absent",
    );
    fails("expect\n  A: full synchronization required\n", "A, full synchronization: expected required, found not required");
    fails(
        "disable rule 10\nexpect\n  A: nothing required\n",
        "A, full synchronization: expected not required, found required because rule \"In\" was changed",
    );
}

#[test]
fn cycles_tell_their_runs() {
    let cycle =
        "cycle delta\n  ran A Delta Import\n  ran T Delta Import\n  ran A Delta Synchronization\n  ran T Delta Synchronization\n";
    passes(&format!("{cycle}  ran T Export\n"));
    fails(cycle, "runs of the cycle: expected no more, found T Export");
    fails("cycle delta\n  ran T Delta Import\n", "expected ran T Delta Import, found ran A Delta Import");
    fails(
        "staging on\ncycle delta\n  ran A Delta Import\n  ran T Delta Import\n  ran A Delta Synchronization\n  ran T Delta Synchronization\n  ran T Export\n",
        "expected ran T Export, found skipped T Export",
    );
}

#[test]
fn previews_show_what_would_be() {
    passes(
        "change rule 10\n  expression.department = 'IIF([department] = \"IT\", IgnoreThisFlow, [department])'\npreview ada full\n  flow department by 10 not applied\n",
    );
    let change = "change ada: department = HR\nrun A Delta Import\n";
    passes(&format!(
        "{change}preview ada delta\n  flow department by 10 = HR applied\n  MV(ada): present\n    department = HR\nexpect\n  MV(ada): present\n    department = IT\n"
    ));
    fails(
        &format!("{change}preview ada delta\n  flow department by 10 = IT applied\n"),
        "flow by rule 10, department: expected IT applied, found HR applied",
    );
    fails(
        &format!("{change}preview ada delta\n  flow cn by 10 = IT applied\n"),
        "flow by rule 10, cn: expected a flow, found none",
    );
    fails(&format!("{change}preview ada delta\n  candidates MV(ada)\n"), "candidates of the join: expected MV(ada), found none");
    fails(&format!("{change}preview ada delta\n  error ada: cd-error\n"), "preview, error: expected cd-error, found none");
    let failing = "change rule 10\n  [expression]\n  department = \"Error(\\\"no\\\")\"\npreview ada full\n";
    fails(failing, "preview: expected no error, found sync-rule-error-function-triggered: no");
    passes(&format!("{failing}  error ada: sync-rule-error-function-triggered saying \"no\"\n"));
    passes(&format!("{change}commit ada delta\n  T(ada): pending export update\nexpect\n  ada: nothing pending\n"));
    fails(
        "preview T(cloudless) full\n".replace("T(cloudless)", "T \"CN=nobody\"").as_str(),
        "expected present, so that it can be synchronized, found absent",
    );
}

#[test]
fn new_objects_of_a_preview_can_be_looked_at() {
    let text = "object zoe in A: user CN=Zoe,DC=contoso,DC=com\n  mail = zoe@contoso.com\nrun A Delta Import\npreview zoe delta\n  zoe: connector, no pending import\n  MV(zoe): joined to zoe and T(zoe)\n    mail by 10 from zoe = zoe@contoso.com\n  T(zoe): pending export add\n    mail = zoe@contoso.com\nexpect\n  zoe: disconnector, pending import add\n  T(zoe): absent\n";
    passes(text);
    passes(&format!(
        "{text}delete team\nrun A Delta Import\npreview team delta\n  team: absent\n  MV(team): absent\n  T(team): disconnector, pending export delete\nexpect\n  team: connector\n"
    ));
}

#[test]
fn blocks_leave_the_world_as_it_was_or_compare_ends() {
    passes(
        "what if ada goes\n  delete ada\n  run A Delta Import\n    ada: pending import delete\nexpect\n  ada: nothing pending\n  entry ada\n    displayName = Ada\n",
    );
    fails(
        "what if ada goes\n  delete ada\n  run A Delta Import\n    ada: no pending import\n",
        "ada, pending import: expected none, found delete",
    );
    let ways = |one: &str, other: &str| {
        format!(
            "same end\n  way one\n    change ada: department = {one}\n    run A Delta Import\n  way other\n    change ada: department = {other}\n    run A Delta Import\n"
        )
    };
    passes(&ways("HR", "HR"));
    passes(&format!("{}expect\n  ada: pending import update\n", ways("HR", "HR")));
    fails(&ways("HR", "Sales"), "end of \"way other\" compared with \"way one\": expected A \"CN=Ada");
    passes(
        "change ada: department = HR\nevery order\n  run A Delta Import\n  run T Delta Import\n  then every order, until nothing changes\n    run A Delta Synchronization\n    run T Delta Synchronization\n",
    );
    fails(
        "change ada: department = HR\nevery order\n  run A Delta Import\n  run A Delta Synchronization\n",
        "compared with \"run A Delta Import, run A Delta Synchronization\"",
    );
    passes("full synchronization twice changes nothing\n");
    passes(
        "change ada: department = HR\nrun A Delta Import\nuntil nothing changes\n  run A Delta Synchronization\n  run T Export\n  run T Delta Import\n  run T Delta Synchronization\nexpect\n  T(ada): nothing pending\n",
    );
    fails("until nothing changes\n  run A Delta Import\n    result completed-warnings\n", "result: expected completed-warnings");
}

#[test]
fn what_ifs_come_true() {
    let changes = "change ada: department = HR\ndelete bob\nobject eve in A: user CN=Eve,DC=contoso,DC=com\n  mail = eve@contoso.com\nchange team: member + eve\nrun A Delta Import\n";
    for way in ["delta", "full"] {
        passes(&format!("{changes}{way} synchronization does what its what-if tells\nexpect\n  T(bob): pending export delete\n"));
    }
    passes(
        "full synchronization does what its what-if tells\n  disable rule 11\n  change rule 20\n    remove = [\"mail\"]\n    expression.department = '\"of \" & [department]'\nexpect\n  T(team): pending export delete\n",
    );
    fails("full synchronization does what its what-if tells\n  disable rule 99\n", "expected a rule 99");
}

#[test]
fn any_result_is_accepted_where_only_the_end_matters() {
    passes("fault A is unreachable\nrun A Full Import\n  result any\n");
    passes("run T Export, killed after batch 9\n  result any\n");
    fails("fault A is unreachable\nrun A Full Import\n", "result: expected success");
}

#[test]
fn a_killed_program_goes_on_where_it_was() {
    let new = "object u{1..6} in A: user CN=User {n},DC=contoso,DC=com\n  mail = u{n}@contoso.com\nrun A Delta Import\n";
    passes(&format!(
        "{new}run A Delta Synchronization in batches of 2, killed after 4 objects\n  result stopped-server\n  statistics A: import-add=2\nrun A Delta Synchronization\n  statistics A: import-add=0\n"
    ));
    fails(
        &format!("{new}run A Delta Synchronization, killed after 40 objects\n"),
        "the run: expected that the program dies in it",
    );
    passes(&format!(
        "{new}run A Delta Synchronization\nrun T Export in batches of 2, killed after batch 2\n  result stopped-server\n  statistics T: export-add=4, unconfirmed=2\n  entries in T: user=7, group=1\nrestart\nrun T Export\n  counters export-add=4\n"
    ));
}

#[test]
fn statements_that_cannot_be_done_are_differences() {
    fails("delete ada\nchange ada: department = HR\n", "ada, directory: expected an object that can be changed, found none");
    fails("disable rule 99\n", "rules: expected a rule 99, found rules 10, 11, 20, 21");
    fails(
        "change rule 10\n  remove = [\"cn\"]\n",
        "expected a change that fits the rule, found rule \"In\" has no flow to \"cn\"",
    );
    fails(
        "change rule 10\n  precedence = 11\n",
        "expected a rule that can be stored, found rule \"In\": precedence 11 is used by \"In group\"",
    );
    fails("change team: member - bob\n", "member: expected a value CN=Bob,DC=contoso,DC=com, found none");
    fails("remember T \"CN=nobody\" as n\n", "expected present, so that it can be remembered, found absent");
}

#[test]
fn faults_are_scripted_and_healed() {
    passes("fault A breaks off after 1 objects\nrun A Full Import\n  result stopped-connectivity\nheal A\nrun A Full Import\n");
    passes("fault A refuses the password\nrun A Full Import\n  result no-start-credentials\n");
    passes("fault A forgets watermarks\nrun A Delta Import\n  result no-start-full-import-required\n");
    let change = "change ada: department = HR\nrun A Delta Import\nrun A Delta Synchronization\n";
    passes(&format!(
        "{change}fault T refuses T(ada) with permission-issue\nrun T Export\n  result completed-export-errors\n  error T(ada): permission-issue\n"
    ));
    passes(&format!("{change}fault T is busy for 2 batches\nrun T Export\n  counters export-update=1\n"));
    passes(&format!("{change}fault T is busy after 0 batches\nrun T Export\n  result stopped-connectivity\n"));
    passes(&format!("{change}fault T breaks off after 0 batches\nrun T Export\n  result no-start-connection\n"));
    passes(&format!("{change}fault T loses the answer of batch 1\nrun T Export\n  entry T(ada)\n    department = HR\n"));
    passes(&format!(
        "{change}fault T is stopped after 1 batches\nchange bob: department = HR\nrun A Delta Import\nrun A Delta Synchronization\nrun T Export in batches of 1\n  counters export-update=1\n  result stopped-user-termination-from-wmi-or-ui\n"
    ));
    passes(&format!(
        "{change}fault T quarantines department\nrun T Export\n  result completed-warnings\n  warning AttributeValueMustBeUnique\n"
    ));
}

#[test]
fn the_default_rules_can_be_taken() {
    let text = "scenario: Default rules\nforest A contoso.com\ntenant T contoso.onmicrosoft.com\nrules default\nobject ada in A: user CN=Ada,DC=contoso,DC=com\n  sAMAccountName = ada\n  userPrincipalName = ada@contoso.com\n  userAccountControl = 512\n  objectSid = S-1-5-21-1-2-3-1105\nrun A Full Import\nrun A Full Synchronization\n  counters disconnector-projected-flow=1, T provisioned-add-flow=1\n  T(ada): pending export add\n    userPrincipalName = ada@contoso.com\n";
    let scenario = Scenario::from_text(Path::new("x"), text).unwrap();
    assert_eq!(scenario.run(ScenarioOptions::default()).unwrap(), None);
    assert_eq!((scenario.number, scenario.title.as_str(), scenario.statements()), (None, "Default rules", 4));
}

#[test]
fn a_difference_says_where_it_is() {
    let scenario =
        Scenario::from_text(Path::new("my.scenario"), &format!("{SETTLED}run A Delta Import\n  ada: absent\n")).unwrap();
    let found = scenario.run(ScenarioOptions::default()).unwrap().unwrap();
    let line = u32::try_from(SETTLED.lines().count()).unwrap() + 2;
    assert_eq!(
        found.to_string(),
        format!("my.scenario, line {line} (after line {}: run A Delta Import): ada: expected absent, found present", line - 1)
    );
}
