use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{
    DefaultSetOptions, ForestFeatures, UserMatch, active_directory_schema, active_directory_schema_with, default_rules,
    metaverse_schema, read_rules,
};
use super::*;
use crate::model::{ConnectorId, Deprovisioning, SequentialIds};

const TENANT: &str = include_str!("../../../../assets/tenant-schema.toml");

fn connectors(features: ForestFeatures) -> Vec<PlanInput> {
    let input = |id: i64, name: &str, schema: Schema, optional: Option<Schema>| PlanInput {
        id: ConnectorId(id),
        name: name.to_owned(),
        guid: Uuid::from_u128(id.unsigned_abs().into()),
        schema: Arc::new(schema),
        optional: optional.map(Arc::new),
        can_rename: true,
        deprovisioning: Deprovisioning::default(),
        partitions: Vec::new(),
        parameters: BTreeMap::new(),
    };
    let forest = active_directory_schema_with(features).unwrap();
    vec![
        input(1, "contoso.com", forest, Some(active_directory_schema().unwrap())),
        input(2, "tenant", Schema::from_toml(TENANT).unwrap(), None),
    ]
}

const PLAIN: ForestFeatures = ForestFeatures { exchange: false, lync: false };

const INBOUND: &str = r#"
name = "r"
precedence = 50
direction = "inbound"
connector = "contoso.com"
connector_object = "user"
metaverse_object = "person"
link = "join"
"#;

const OUTBOUND: &str = r#"
name = "o"
precedence = 60
direction = "outbound"
connector = "tenant"
connector_object = "user"
metaverse_object = "person"
link = "join"
"#;

fn rules(texts: &[&str]) -> Vec<SyncRule> {
    let names = [(ConnectorId(1), "contoso.com".to_owned()), (ConnectorId(2), "tenant".to_owned())].into();
    let text: String = texts.iter().map(|text| format!("[[rule]]\n{text}\n")).collect();
    read_rules(&text, &names, &[], &SequentialIds::default()).unwrap()
}

/// The faults of the first rule beside the others.
fn faults_of(rules: &[SyncRule]) -> Vec<RuleFault> {
    let (connectors, metaverse) = (connectors(PLAIN), metaverse_schema().unwrap());
    let check = RuleCheck { rules, connectors: &connectors, metaverse: &metaverse };
    check.faults(&BTreeSet::from([rules[0].guid]))
}

fn check(texts: &[&str], expected: &[&str]) {
    let found: Vec<String> = faults_of(&rules(texts))
        .iter()
        .map(|fault| format!("{} {}: {}", if fault.is_error() { "error" } else { "warning" }, fault.part, fault.message))
        .collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        let (start, words) = expected.split_once(" ... ").unwrap_or((expected, ""));
        assert!(found.starts_with(start) && found.contains(words), "{found}\nis not\n{expected}");
    }
}

fn inbound(rest: &str) -> String {
    format!("{INBOUND}{rest}")
}

fn outbound(rest: &str) -> String {
    format!("{OUTBOUND}{rest}")
}

#[test]
fn names_and_numbers() {
    check(&[INBOUND], &[]);
    let other = INBOUND.replace("\"r\"", "\"other\"");
    check(&[INBOUND, &other], &["error : precedence 50 is used by \"other\"; free are 1, 2, 3, ..."]);
    check(&[INBOUND, &INBOUND.replace("50", "51").replace("\"r\"", "\"R\"")], &["error : its connector has another rule"]);
    check(&[&INBOUND.replace("50", "100")], &["error : precedence 100 is not from 0 to 99"]);
    check(&[&INBOUND.replace("50", "-1")], &["error : precedence -1 is not from 0 to 99"]);
    check(&[&INBOUND.replace("\"r\"", "\"  \"")], &["error : it has no name"]);
}

#[test]
fn object_types() {
    check(
        &[&INBOUND.replace("\"user\"", "\"usr\"")],
        &["error : connector contoso.com has no object type \"usr\" ... \"user\"?"],
    );
    check(
        &[&INBOUND.replace("\"person\"", "\"persn\"")],
        &["error : the metaverse has no object type \"persn\" ... \"person\"?"],
    );
    check(&[&INBOUND.replace("\"person\"", "\"*\"")], &[]);
    check(&[&INBOUND.replace("\"person\"", "\"*\"").replace("\"join\"", "\"provision\"")], &["error : metaverse object type *"]);
    check(&[&OUTBOUND.replace("\"person\"", "\"*\"")], &["error : metaverse object type *"]);
}

#[test]
fn scoping_filters() {
    let scope = |clause: &str| inbound(&format!("scope = [[\"{clause}\"]]"));
    for clause in [
        "department EQUAL Sales",
        "department ISNULL",
        "userAccountControl ISBITNOTSET 2",
        "userAccountControl LESSTHAN 50000",
        "isCriticalSystemObject NOTEQUAL True",
        "manager ISNOTNULL",
        "displayName EQUAL %Connector.ID%",
    ] {
        check(&[&scope(clause)], &[]);
    }
    let refused = |clause: &str, expected: &str| check(&[&scope(clause)], &[&format!("error scope: {expected}")]);
    refused("departmnt EQUAL Sales", "object type user of connector contoso.com has no attribute ... \"department\"?");
    refused("mailNickname ISNULL", "object type user of connector contoso.com lacks \"mailNickname\"");
    refused("department EQUAL", "\"department EQUAL \": it compares with nothing");
    refused("manager EQUAL CN=Ann", "\"manager EQUAL CN=Ann\": a reference");
    refused("department ISBITSET 2", "\"department ISBITSET 2\": only an integer has bits");
    refused("userAccountControl ISBITSET two", "\"userAccountControl ISBITSET two\": bits");
    refused("userAccountControl EQUAL many", "\"userAccountControl EQUAL many\": userAccountControl is integer");
    refused("isCriticalSystemObject EQUAL yes", "\"isCriticalSystemObject EQUAL yes\": isCriticalSystemObject is boolean");
    refused("displayName EQUAL %Connector.Id%", "... parameter %Connector.Id% is unknown");
    check(&[&inbound("scope = [[]]")], &["error scope: a group has no clause"]);
}

#[test]
fn join_criteria() {
    let join = |condition: &str| inbound(&format!("join = [[\"{condition}\"]]"));
    check(&[&join("mail = mail")], &[]);
    check(
        &[&join("mai = mail")],
        &["error join: object type user of connector contoso.com has no attribute \"mai\" ... \"mail\"?"],
    );
    check(&[&join("mail = mai")], &["error join: metaverse object type person has no attribute \"mai\" ... \"mail\"?"]);
    check(&[&join("objectGUID = mail")], &["error join: \"objectGUID = mail\" is never true: one is binary, the other string"]);
    check(&[&join("manager = manager")], &["error join: \"manager = manager\": references"]);
    let archive = outbound("join = [[\"msExchArchiveName = msExchArchiveName\"]]");
    check(&[&archive], &["warning join: ... msExchArchiveName is not indexed"]);
    check(&[&inbound("join = [[]]")], &["error join: a group has no condition"]);
    let other = format!("{}join = [[\"cn = cn\"]]", INBOUND.replace("\"r\"", "\"other\"").replace("50", "51"));
    check(&[&join("mail = mail"), &other], &["warning join: \"other\" joins the same objects by other criteria"]);
    check(&[&join("mail = mail"), &format!("enabled = false\n{other}")], &[]);
}

#[test]
fn flows() {
    let same = |name: &str| inbound(&format!("same = [\"{name}\"]"));
    check(&[&same("department")], &[]);
    check(
        &[&same("departmnt")],
        &[
            "error flow to departmnt: metaverse object type person ... \"department\"?",
            "error flow to departmnt: object type user",
        ],
    );
    check(&[&inbound("[rule.direct]\ndisplayName = \"nam\"")], &["error flow to displayName: object type user ... \"nam\""]);
    check(&[&inbound("[rule.direct]\ndisplayName = \"objectGUID\"")], &["error flow to displayName: objectGUID is binary"]);
    check(&[&inbound("[rule.direct]\nmail = \"description\"")], &["warning flow to mail: description may hold several values"]);
    check(&[&inbound("[rule.constant]\naccountEnabled = \"yes\"")], &["error flow to accountEnabled: constant \"yes\""]);
    check(&[&inbound("[rule.constant]\nmanager = \"Ann\"")], &["error flow to manager: constant \"Ann\" ... no constant"]);
    check(&[&inbound("same = [\"mail\"]\n[rule.constant]\nmail = \"x\"")], &["error flow to mail: the rule has another flow"]);
    check(
        &[&inbound("same = [\"department\"]\n[rule.merge]\ndepartment = \"Merge\"")],
        &["error flow to department: merge type Merge joins values, and department holds one"],
    );
    check(
        &[&inbound("same = [\"proxyAddresses\"]\napply_once = [\"proxyAddresses\"]\n[rule.merge]\nproxyAddresses = \"Merge\"")],
        &["error flow to proxyAddresses: apply once"],
    );
    let other = format!("{}same = [\"proxyAddresses\"]", INBOUND.replace("\"r\"", "\"other\"").replace("50", "51"));
    check(
        &[&inbound("same = [\"proxyAddresses\"]\n[rule.merge]\nproxyAddresses = \"Merge\""), &other],
        &["warning flow to proxyAddresses: its merge type is Merge, that of the flow in \"other\" is Update"],
    );
}

#[test]
fn expressions() {
    let expression = |text: &str| inbound(&format!("[rule.expression]\ndisplayName = '{text}'"));
    check(&[&expression("IIF(IsPresent([displayName]),[displayName],[cn])")], &[]);
    let refused = |text: &str, expected: &str| check(&[&expression(text)], &[&format!("error flow to displayName: {expected}")]);
    refused("Trim([displayName]", "");
    refused("Trm([displayName])", "... Trim");
    refused("[noSuchAttribute]", "... noSuchAttribute");
    refused("Len([displayName])", "The result is num, displayName holds str. Use CStr. (line 1, column 1)");
    refused("CStr(BitAnd([displayName],2))", "... num expected, str passed");
    check(
        &[&expression("Trm([displayName]) & [nam]")],
        &["error flow to displayName: ... Trm", "error flow to displayName: ... nam"],
    );
    check(&[&expression("[mailNickname]")], &["warning flow to displayName: ... lacks mailNickname, so it reads as NULL here"]);
    check(&[&expression("Trim([description])")], &["warning flow to displayName: The result is multi-valued"]);
    check(&[&expression("IIF(True, [cn], [displayName])")], &["warning flow to displayName: This part is never reached"]);
}

#[test]
fn rules_towards_the_tenant() {
    check(&[&outbound("same = [\"displayName\"]")], &[]);
    check(
        &[&outbound("same = [\"sAMAccountName\"]")],
        &["error flow to sAMAccountName: ... connector tenant", "error flow to sAM"],
    );
    let provision = OUTBOUND.replace("\"join\"", "\"provision\"");
    check(&[&provision], &["error : it creates objects, but no flow gives them a name"]);
    check(&[&format!("{provision}[rule.expression]\ndn = '\"CN=\" & [cn]'")], &[]);
    let naming = format!("{}[rule.expression]\ndn = '\"CN=\" & [cn]'", OUTBOUND.replace("\"o\"", "\"n\"").replace("60", "61"));
    check(&[&provision, &naming], &[]);
    check(&[&format!("{provision}[rule.expression]\ndn = 'Len([cn])'")], &["error flow to dn: The result is num"]);
}

#[test]
fn everything_at_once() {
    let text = inbound("same = [\"departmnt\"]\nscope = [[\"titel EQUAL x\"]]\n[rule.expression]\nmail = 'Trm([mail])'")
        .replace("50", "100");
    let faults = faults_of(&rules(&[&text]));
    let parts: Vec<&str> = faults.iter().map(|fault| fault.part.as_str()).collect();
    assert_eq!(parts, ["", "scope", "flow to departmnt", "flow to departmnt", "flow to mail"]);
    assert_eq!(faults[1].to_string().split(':').next(), Some("rule \"r\", scope"));
}

#[test]
fn no_standard_rule_has_a_fault() {
    for features in [PLAIN, ForestFeatures { exchange: true, lync: true }] {
        for source_anchor in ["objectGUID", "mS-DS-ConsistencyGuid"] {
            let connectors = connectors(features);
            let options = DefaultSetOptions {
                forests: vec![(ConnectorId(1), &connectors[0].schema)],
                tenant: (ConnectorId(2), &connectors[1].schema),
                user_match: UserMatch::ObjectSid,
                source_anchor: source_anchor.to_owned(),
                sign_in: "mail".to_owned(),
                hybrid_exchange: true,
                device_write_up: true,
                apps: None,
            };
            let rules = default_rules(&options, &SequentialIds::default()).unwrap();
            let metaverse = metaverse_schema().unwrap();
            let check = RuleCheck { rules: &rules, connectors: &connectors, metaverse: &metaverse };
            let guids = rules.iter().map(|rule| rule.guid).collect();
            let errors: Vec<String> =
                check.faults(&guids).iter().filter(|fault| fault.is_error()).map(ToString::to_string).collect();
            assert_eq!(errors, Vec::<String>::new());
        }
    }
}
