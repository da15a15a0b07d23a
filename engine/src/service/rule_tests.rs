//! Rules through the facade: found, judged, changed, written as text and read again, tried on examples.

use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::connector::DirectoryPartition;
use crate::examples::{self, ExampleFile};
use crate::model::{Deprovisioning, FixedClock, PartitionId, SequentialIds};
use crate::rules::{
    Flow, FlowField, FlowSource, ForestFeatures, MergeType, RuleFault, RulePlace, SyncRule, active_directory_schema_with,
    tenant_schema,
};
use crate::setup::{Accept, RuleChangeError, RuleChanges, apply_default_rules};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord};

const FOREST: &str = "contoso.com";
const TENANT: &str = "contoso - AAD";

pub(super) struct Installation {
    _folder: TempDir,
    pub(super) engine: Engine,
}

/// A forest with Exchange and a tenant, with the default rules; nothing is required of them.
pub(super) fn installation() -> Installation {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock("2026-01-05T10:00:00Z".parse().unwrap()));
    let options = EngineOptions { clock, ids: Arc::new(SequentialIds::default()), ..EngineOptions::default() };
    let engine = Engine::create(&folder.path().join("data"), options).unwrap();
    let forest = active_directory_schema_with(ForestFeatures { exchange: true, lync: false }).unwrap();
    {
        let mut writer = engine.database().writer();
        let transaction = writer.transaction().unwrap();
        for (name, kind, schema, partition) in
            [(FOREST, "file", forest, "DC=contoso,DC=com"), (TENANT, "tenant", tenant_schema().unwrap(), "default")]
        {
            let record = ConnectorRecord {
                id: crate::model::ConnectorId(0),
                guid: engine.ids().guid(),
                name: name.to_owned(),
                kind: kind.to_owned(),
                description: String::new(),
                settings: "{}".to_owned(),
                object_types: schema.types().map(str::to_owned).collect(),
                schema,
                attributes: Vec::new(),
                secret: None,
                deprovisioning: Deprovisioning::default(),
                created: Timestamp::UNIX_EPOCH,
                full_import_reason: None,
                full_sync_reason: None,
            };
            let connector = configuration::save_connector(&transaction, &record).unwrap();
            let detail = DirectoryPartition {
                name: partition.to_owned(),
                dns_name: Some("contoso.com".to_owned()),
                netbios_name: Some("CONTOSO".to_owned()),
                forest_dns_name: Some("contoso.com".to_owned()),
                forest_netbios_name: Some("CONTOSO".to_owned()),
                directory_id: None,
                domain: true,
            };
            let record = PartitionRecord {
                id: PartitionId(0),
                guid: engine.ids().guid(),
                connector,
                name: partition.to_owned(),
                selected: true,
                detail: serde_json::to_string(&detail).unwrap(),
                include: Vec::new(),
                exclude: Vec::new(),
                watermark: None,
                generation: 0,
            };
            configuration::save_partition(&transaction, &record).unwrap();
        }
        transaction.commit().unwrap();
    }
    apply_default_rules(engine.database(), engine.ids()).unwrap();
    let installation = Installation { _folder: folder, engine };
    installation.nothing_required();
    installation
}

impl Installation {
    fn nothing_required(&self) {
        let mut writer = self.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        for connector in configuration::connectors(&transaction).unwrap() {
            configuration::set_required(&transaction, connector.id, None, None).unwrap();
        }
        transaction.commit().unwrap();
    }

    /// `name: import reason / synchronization reason` of connectors that need something.
    fn required(&self) -> Vec<String> {
        let required = |connector: &ConnectorSummary| {
            let reasons = (connector.full_import_required.as_deref(), connector.full_sync_required.as_deref());
            (reasons != (None, None))
                .then(|| format!("{}: {} / {}", connector.name, reasons.0.unwrap_or("-"), reasons.1.unwrap_or("-")))
        };
        self.engine.connectors().unwrap().iter().filter_map(required).collect()
    }

    fn rule(&self, which: &str) -> SyncRule {
        self.engine.find_rules(&[which.to_owned()], None).unwrap().remove(0)
    }

    fn import(&self, text: &str) -> Result<RuleChangeView, EngineError> {
        let source = RuleSource { file: "rules.toml".to_owned(), text: text.to_owned() };
        self.engine.save_rules(self.engine.rules_from_text(&[source])?, None)
    }
}

pub(super) fn custom(rest: &str) -> String {
    format!(
        "[[rule]]\nname = \"Sales\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"{FOREST}\"\nconnector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n{rest}"
    )
}

const DEPARTMENT: &str = "[rule.expression]\ndepartment = \"IIF([c]=\\\"US\\\",\\\"Sales US\\\",NULL)\"\n";

#[test]
fn rules_are_found_by_name_identifier_and_precedence() {
    let installation = installation();
    let engine = &installation.engine;
    let list = engine.rules().unwrap();
    assert_eq!((list[0].precedence, list[0].name.as_str(), list[0].standard), (100, "In from AD - User Join", true));
    assert!(list.iter().all(|rule| rule.fault_count == 0), "{list:#?}");
    for which in ["in from ad - USER JOIN", "100", &list[0].guid.to_string()] {
        assert_eq!(installation.rule(which).guid, list[0].guid, "{which}");
    }
    let error = |which: &str, connector: Option<&str>| engine.find_rules(&[which.to_owned()], connector).unwrap_err().to_string();
    assert!(error("In from AD - User Joi", None).contains("did you mean \"In from AD - User Join\"?"));
    assert!(error("nothing like it", None).contains("syncline rule list"));
    assert!(error("100", Some(TENANT)).contains("no synchronization rule is named \"100\""));
    assert!(error("100", Some("fabrikam.com")).contains("fabrikam.com"));
    let details = engine.rule(list[0].guid).unwrap();
    assert_eq!(details.scope[0][0], "isCriticalSystemObject NOTEQUAL TRUE");
    assert_eq!(details.flows.iter().map(|flow| flow.target.as_str()).collect::<Vec<_>>(), ["cloudFiltered"]);
}

#[test]
fn a_rule_is_stored_with_what_it_asks_of_the_connectors() {
    let installation = installation();
    let engine = &installation.engine;
    let (version, events) = (engine.configuration_version().unwrap(), engine.subscribe());
    let view = installation.import(&custom(DEPARTMENT)).unwrap();
    assert_eq!((view.stored, view.version, view.full_import.as_slice()), (true, version + 1, [].as_slice()));
    assert_eq!(view.full_synchronization, [FOREST]);
    assert_eq!(installation.required(), ["contoso.com: - / rule \"Sales\" was changed"]);
    assert_eq!(engine.configuration_version().unwrap(), version + 1);
    assert_eq!(events.try_iter().collect::<Vec<_>>(), [EngineEvent::ConfigurationChanged]);

    // The same again changes nothing, and asks for nothing.
    installation.nothing_required();
    let view = installation.import(&custom(DEPARTMENT)).unwrap();
    assert_eq!((view.steps.as_slice(), view.version), ([].as_slice(), version + 1));
    assert_eq!(installation.required(), [""; 0]);
    assert_eq!(events.try_iter().count(), 0);

    // A new name is felt by nobody; a new attribute has to be imported first.
    let text = custom(DEPARTMENT).replace("c]", "division]");
    let id = installation.rule("Sales").guid;
    let text = text.replace("name = \"Sales\"", &format!("name = \"Sales by division\"\nid = \"{id}\""));
    let view = installation.import(&text).unwrap();
    let differences = &view.steps[0].differences;
    assert_eq!(differences[0], "name: Sales -> Sales by division");
    assert!(differences[1].starts_with("flow to department: Expression IIF([c]="), "{differences:?}");
    assert_eq!((view.full_import.as_slice(), view.steps.len()), ([FOREST.to_owned()].as_slice(), 1));
    assert_eq!(installation.required(), ["contoso.com: attributes were added / attributes were added"]);

    // Switched off, it is not felt; a removed one that was off is not either.
    installation.nothing_required();
    let rule = installation.rule("50").id;
    assert_eq!(engine.set_rules_enabled(&[rule], false, None).unwrap().full_synchronization, [FOREST]);
    installation.nothing_required();
    assert_eq!(engine.delete_rules(&[rule], None).unwrap().full_synchronization, [""; 0]);
    assert!(matches!(
        engine.delete_rules(&[rule], None),
        Err(EngineError::RuleChange(RuleChangeError::Unknown(gone))) if gone == rule
    ));
    // Its number is not given to another rule, which would inherit its links.
    installation.import(&custom(DEPARTMENT)).unwrap();
    assert!(installation.rule("Sales").id > rule);
}

#[test]
fn an_outbound_rule_concerns_the_forests() {
    let installation = installation();
    let text =
        custom("same = [\"displayName\"]\n").replace("inbound", "outbound").replace("\"contoso.com\"", &format!("\"{TENANT}\""));
    let view = installation.import(&text).unwrap();
    assert_eq!(view.full_synchronization, [FOREST]);
}

#[test]
fn all_reasons_come_at_once_and_nothing_is_stored() {
    let installation = installation();
    let engine = &installation.engine;
    let before = engine.rule_definitions().unwrap();
    let reasons = |error: EngineError| match error {
        EngineError::RuleChange(RuleChangeError::Refused(faults)) => {
            assert!(faults.iter().all(crate::rules::RuleFault::is_error));
            faults.iter().map(ToString::to_string).collect::<Vec<_>>()
        }
        EngineError::RuleText(reasons) => reasons,
        other => panic!("{other:?}"),
    };
    let check = |text: &str, expected: &[&str]| {
        let found = reasons(installation.import(text).unwrap_err());
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}\ndoes not say\n{expected}");
        }
        assert_eq!(engine.rule_definitions().unwrap(), before);
    };
    let faulty = "same = [\"departmnt\"]\nscope = [[\"titl EQUAL x\"]]\n[rule.expression]\nmail = \"Trm([mail])\"\ndisplayName = \"Len([cn])\"\n[rule.merge]\nmail = \"Merge\"\n";
    check(
        &custom(faulty),
        &[
            "rule \"Sales\", scope: object type user of connector contoso.com has no attribute \"titl\"; did you mean \"title\"?",
            "flow to departmnt: metaverse",
            "flow to departmnt: object type user",
            "flow to displayName: The result is num",
            "flow to mail: merge type Merge",
            "flow to mail: ",
        ],
    );
    let twice = format!("{}{}", custom(DEPARTMENT), custom("").replace("Sales", "Other"));
    check(&twice, &["precedence 50 is used by \"Other\"", "precedence 50 is used by \"Sales\""]);
    check(&custom("").replace("50", "100"), &["precedence 100 is used by \"In from AD - User Join\"", "not from 0 to 99"]);
    check(&custom("tag = \"Microsoft.Mine.001\"\n").replace("50", "51"), &["a tag marks the rules that come with the program"]);
    let same = custom("").replace("precedence", "id = \"00000000-0000-0000-0000-0000000000aa\"\nprecedence");
    check(&format!("{same}{same}"), &["it is there twice"]);
    let name = "its connector has another rule of this name";
    let number = "precedence 50 is used by \"Sales\"";
    check(&format!("{}{}", custom(""), custom("")), &[number, name, number, name]);
    check(&custom("").replace(FOREST, "nowhere.com"), &["rules.toml: rule \"Sales\": there is no connector \"nowhere.com\""]);
    check("[[rule]\n", &["rules.toml: line 1: "]);
    assert_eq!(installation.required(), [""; 0]);
}

#[test]
fn a_standard_rule_is_switched_and_cloned_but_not_changed() {
    let installation = installation();
    let engine = &installation.engine;
    let standard = installation.rule("In from AD - User Join");
    let refused = |changes: RuleChanges, expected: &str| {
        let error = engine.change_rules(&changes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let change = |rule: SyncRule| RuleChanges { save: vec![rule], ..RuleChanges::default() };
    let flows = vec![Flow {
        target: "cloudFiltered".to_owned(),
        source: FlowSource::Constant("True".to_owned()),
        apply_once: false,
        merge: MergeType::Update,
    }];
    refused(
        change(SyncRule { precedence: 20, flows, enabled: false, ..standard.clone() }),
        "can only be enabled and disabled; change a clone of it instead of: precedence, flow to cloudFiltered",
    );
    refused(RuleChanges { remove: vec![standard.id], ..RuleChanges::default() }, "disable it instead");
    refused(change(SyncRule { tag: None, ..standard.clone() }), "of: tag");

    let how = RuleClone { disable_original: true, ..RuleClone::default() };
    let (clone, view) = engine.clone_rule(standard.id, &how, None).unwrap();
    assert_eq!(
        (clone.summary.name.as_str(), clone.summary.precedence, clone.summary.standard, clone.summary.enabled),
        ("In from AD - User Join - Cloned - 2026-01-05", 1, false, true)
    );
    let fates: Vec<(RuleFateView, &str)> = view.steps.iter().map(|step| (step.fate, step.name.as_str())).collect();
    assert_eq!(fates, [(RuleFateView::New, clone.summary.name.as_str()), (RuleFateView::Changed, "In from AD - User Join")]);
    assert_eq!(view.steps[1].differences, ["enabled: yes -> no"]);
    let (second, view) =
        engine.clone_rule(standard.id, &RuleClone { name: None, precedence: Some(9), ..RuleClone::default() }, None).unwrap();
    assert_eq!(
        (second.summary.name.as_str(), second.summary.enabled),
        ("In from AD - User Join - Cloned - 2026-01-05 (2)", false)
    );
    assert_eq!(view.full_synchronization, [""; 0], "the clone of a rule that is off is off");
    assert!(engine.set_rules_enabled(&[standard.id], true, None).unwrap().stored);
}

#[test]
fn a_change_from_an_old_version_is_refused() {
    let installation = installation();
    let engine = &installation.engine;
    let version = engine.configuration_version().unwrap();
    let rule = installation.rule("100");
    engine.set_rules_enabled(&[rule.id], false, Some(version)).unwrap();
    let error = engine.set_rules_enabled(&[rule.id], true, Some(version)).unwrap_err();
    assert!(
        matches!(error, EngineError::RuleChange(RuleChangeError::Conflict { as_of, present }) if (as_of, present) == (version, version + 1))
    );
    assert!(!installation.rule("100").enabled);
}

#[test]
fn what_is_exported_changes_nothing_when_it_is_imported() {
    let installation = installation();
    installation.import(&custom(DEPARTMENT)).unwrap();
    let engine = &installation.engine;
    let before = engine.rule_definitions().unwrap();
    let text = engine.rules_as_text(&before).unwrap();
    let view = installation.import(&text).unwrap();
    assert_eq!(view.steps, []);
    assert_eq!(engine.rule_definitions().unwrap(), before);

    let judged = RuleChanges {
        save: engine.rules_from_text(&[RuleSource { file: "a".into(), text: text.replace("Sales US", "Sales CA") }]).unwrap(),
        ..RuleChanges::default()
    };
    let view = engine.judge_rules(&judged).unwrap();
    assert_eq!((view.stored, view.steps.len()), (false, 1));
    assert_eq!(engine.rule_definitions().unwrap(), before);
}

#[test]
fn examples_are_tried_on_the_rules_of_the_installation() {
    let installation = installation();
    let engine = &installation.engine;
    installation.import(&custom(DEPARTMENT)).unwrap();
    let file = ExampleFile::read(
        r#"{ "format": "rule-cases/1", "cases": [{
            "id": "sales", "title": "American users are in Sales",
            "input": [
                { "id": "A", "type": "user", "dn": "CN=Ada,DC=contoso,DC=com", "attrs": {
                    "cn": "Ada", "sAMAccountName": "ada", "userAccountControl": 512, "c": "US", "department": "IT",
                    "objectGUID": "guid:3f2504e0-4f89-11d3-9a0c-0305e82c1001" } },
                { "id": "B", "type": "user", "dn": "CN=Bo,DC=contoso,DC=com", "attrs": {
                    "cn": "Bo", "sAMAccountName": "bo", "userAccountControl": 512, "c": "DE", "department": "IT",
                    "objectGUID": "guid:3f2504e0-4f89-11d3-9a0c-0305e82c1002" } } ],
            "expect": {
                "connectorSpace": { "A": { "inScope": ["Sales", "User Join", "User AccountEnabled", "User Common"], "link": "projected" } },
                "metaverseContains": {
                    "A": { "type": "person", "attrs": { "department": "Sales US" } },
                    "B": { "attrs": { "department": "IT", "contributingConnectorUser": "%Connector.ID%" } } } } }] }"#,
    )
    .unwrap();
    let outcome = |setting: &examples::ExampleSetting| examples::run_all(&file, Some(setting)).remove(0);
    let passed = outcome(&engine.example_setting(Vec::new()).unwrap());
    assert!(passed.passed, "{passed:#?}");

    // Rules that are not stored yet are tried in place of those that are.
    let text = custom(DEPARTMENT).replace("Sales US", "Sales");
    let source = RuleSource { file: "rules.toml".into(), text };
    let setting = engine.example_setting(engine.rules_from_text(&[source]).unwrap()).unwrap();
    let failed = outcome(&setting);
    let differences: Vec<String> = failed.differences.iter().map(ToString::to_string).collect();
    assert_eq!(differences, ["metaverse A, department: expected \"Sales US\", found \"Sales\""]);

    let own = ExampleFile::read(
        r#"{ "format": "rule-cases/1", "cases": [{ "id": "x", "connectors": [], "matchUsersOn": "mail",
            "input": [{ "id": "A", "type": "user", "dn": "CN=A", "attrs": {} }], "expect": {} }] }"#,
    )
    .unwrap();
    let refused = examples::run_all(&own, Some(&engine.example_setting(Vec::new()).unwrap())).remove(0);
    let fault = refused.fault.unwrap();
    assert!(fault.contains("\"connectors\"") && fault.contains("\"matchUsersOn\""), "{fault}");
}

#[test]
fn faults_have_their_place_and_an_unfinished_expression_is_stored_when_that_is_wanted() {
    let installation = installation();
    let own = "[[rule]]\nname = \"Own\"\nprecedence = 50\ndirection = \"inbound\"\nconnector = \"contoso.com\"\n\
               connector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\n\
               scope = [[\"title EQUAL x\"], [\"mail ISNOTNULL\", \"titel EQUAL x\"]]\n\
               [rule.expression]\ndisplayName = \"Trm([displayName])\"\naccountEnabled = \"Trim([mail])\"\n";
    let source = RuleSource { file: "rules.toml".to_owned(), text: own.to_owned() };
    let mut rule = installation.engine.rules_from_text(&[source]).unwrap().remove(0);
    let set = installation.engine.rule_set().unwrap();
    let places = |rule: &SyncRule| set.judge(rule).into_iter().filter(RuleFault::is_error).map(|fault| fault.place).collect();
    let flow = |target: &str, field| RulePlace::Flow { target: target.to_owned(), field };
    let found: Vec<RulePlace> = places(&SyncRule { precedence: 100, name: String::new(), ..rule.clone() });
    assert_eq!(
        found,
        [
            RulePlace::Name,
            RulePlace::Precedence,
            RulePlace::Precedence,
            RulePlace::Scope { group: 1, clause: Some(1) },
            flow("accountEnabled", FlowField::Source),
            flow("displayName", FlowField::Expression),
        ]
    );
    rule.scope.truncate(1);
    rule.flows.retain(|flow| flow.target == "displayName");
    let store = |accept| {
        let changes = RuleChanges { save: vec![rule.clone()], accept, ..RuleChanges::default() };
        installation.engine.change_rules(&changes)
    };
    assert!(matches!(store(Accept::Sound), Err(EngineError::RuleChange(RuleChangeError::Refused(_)))));
    let view = store(Accept::Unfinished).unwrap();
    assert!(view.warnings.iter().any(|fault| fault.is_expression() && !fault.is_error()), "{view:?}");
    let set = installation.engine.rule_set().unwrap();
    assert!(set.faults[&rule.guid].iter().any(RuleFault::is_error), "the list shows that it must be mended");
}

#[test]
fn who_writes_an_attribute_is_told_by_precedence() {
    let installation = installation();
    let set = installation.engine.rule_set().unwrap();
    let rule = installation.rule("In from AD - User Common");
    let writers = set.writers(&SyncRule { precedence: 7, ..rule.clone() }, "DisplayName");
    assert!(writers.len() > 2 && writers[0].itself && writers[0].precedence == 7, "{writers:?}");
    assert!(writers.windows(2).all(|pair| pair[0].precedence < pair[1].precedence));
    assert!(set.writers(&rule, "").is_empty());
    let out = installation.rule("Out to AAD - User Identity");
    assert!(set.writers(&out, "displayName").iter().all(|writer| writer.connector == TENANT && writer.object_type == "user"));
}

fn choose(values: &[(&str, &str)]) -> Vec<(String, String)> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn choices_decide_which_standard_rules_there_are() {
    let installation = installation();
    let engine = &installation.engine;
    installation.import(&custom(DEPARTMENT)).unwrap();
    engine.set_rules_enabled(&[installation.rule("In from AD - User Common").id], false, None).unwrap();
    installation.nothing_required();
    let names = || engine.rules().unwrap().into_iter().map(|rule| rule.name).collect::<Vec<_>>();
    let (before, version) = (names(), engine.configuration_version().unwrap());
    let shown: Vec<(String, String)> =
        engine.rule_choices().unwrap().into_iter().map(|choice| (choice.name, choice.value)).collect();
    assert_eq!(
        shown,
        choose(&[
            ("user-match", "once"),
            ("source-anchor", "objectGUID"),
            ("sign-in", "userPrincipalName"),
            ("hybrid-exchange", "off"),
            ("device-write-up", "off"),
            ("apps", "all"),
        ])
    );
    let wanted = choose(&[("Hybrid-Exchange", "on"), ("apps", "exchangeonline")]);
    let judged = engine.judge_rule_choices(&wanted).unwrap();
    assert_eq!((names(), engine.configuration_version().unwrap()), (before.clone(), version), "nothing is stored");
    assert_eq!(installation.required(), [""; 0]);
    let fates = |fate: RuleFateView| judged.rules.steps.iter().filter(move |step| step.fate == fate);
    assert!(fates(RuleFateView::New).any(|step| step.name == "Out to AD - User Exchange Hybrid"), "{judged:#?}");
    assert!(fates(RuleFateView::Removed).any(|step| step.name == "Out to AAD - User Intune"), "{judged:#?}");
    assert_eq!(fates(RuleFateView::Changed).count(), 0, "{judged:#?}");
    assert_eq!((judged.choices.len(), judged.rules.stored), (2, false));
    let stored = engine.change_rule_choices(&wanted, Some(version)).unwrap();
    assert_eq!(
        (&stored.choices, stored.rules.steps.len(), stored.rules.stored),
        (&judged.choices, judged.rules.steps.len(), true)
    );
    let after = names();
    assert!(
        after.contains(&"Out to AD - User Exchange Hybrid".to_owned()) && !after.contains(&"Out to AAD - User Intune".to_owned())
    );
    // The administrator's rule and what is switched off stay so.
    assert_eq!((installation.rule("Sales").precedence, installation.rule("In from AD - User Common").enabled), (50, false));
    assert_eq!(installation.required().len(), 2, "{:?}", installation.required());
    let error = engine.change_rule_choices(&choose(&[("apps", "all")]), Some(version)).unwrap_err().to_string();
    assert!(error.contains("was changed meanwhile"), "{error}");
    // Back again, everything is as it was.
    engine.change_rule_choices(&choose(&[("hybrid-exchange", "off"), ("apps", "all")]), None).unwrap();
    assert_eq!(names(), before);
    assert!(engine.judge_rule_choices(&choose(&[("apps", "all")])).unwrap().choices.is_empty());
    let matched =
        engine.judge_rule_choices(&choose(&[("user-match", "mail"), ("source-anchor", "ms-ds-consistencyguid")])).unwrap();
    let join = matched.rules.steps.iter().find(|step| step.name == "In from AD - User Join").unwrap();
    assert!(join.differences.iter().any(|line| line.starts_with("join: ")), "{join:#?}");
    assert_eq!(matched.choices[1].value, "mS-DS-ConsistencyGuid");
    assert!(matched.notes[0].contains("SourceAnchor attribute has changed"), "{:?}", matched.notes);
}

#[test]
fn choices_that_cannot_be_made_say_what_fits() {
    let installation = installation();
    let check = |name: &str, value: &str, expected: &str| {
        let error = installation.engine.judge_rule_choices(&choose(&[(name, value)])).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(
        "hybrid",
        "on",
        "\"hybrid\" is no choice; there are user-match, source-anchor, sign-in, hybrid-exchange, device-write-up, apps",
    );
    check("hybrid-exchange", "maybe", "hybrid-exchange cannot be \"maybe\"; it can be on or off");
    check("user-match", "attribute:", "once, mail, object-sid, account-name, or attribute:NAME");
    check("user-match", "attribute:shoeSize", "contoso.com has no such attribute of users");
    check("user-match", "attribute:whenCreated", "the metaverse has no such attribute");
    check("source-anchor", "", "objectGUID, mS-DS-ConsistencyGuid");
    check("sign-in", "shoeSize", "sign-in cannot be \"shoeSize\": contoso.com has no such attribute of users");
    check("apps", "ExchangeOnline,Solitaire", "all, none, or a list of AzureRMS,");
}
