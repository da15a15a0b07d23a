//! The composed default rules against the table of an exported configuration (`data/default-rules.json`), field by
//! field, and against every combination of the conditions in `default-rules.md` 2.2.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::*;
use crate::model::{ConnectorId, Schema, SequentialIds};

const TENANT: &str = include_str!("../../../assets/tenant-schema.toml");
const APPS: [&str; 7] =
    ["ExchangeOnline", "DynamicsCRM", "Intune", "LyncOnline", "SharePointOnline", "AzureRMS", "OfficeProPlus"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    rules: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    precedence: i64,
    direction: String,
    connector: String,
    cs_object_type: String,
    mv_object_type: String,
    link_type: String,
    disabled: bool,
    enable_password_sync: bool,
    immutable_tag: String,
    present_when: String,
    scope_groups: Vec<Vec<RowClause>>,
    join_groups: Vec<Vec<RowJoin>>,
    flows: Vec<RowFlow>,
}

#[derive(Deserialize)]
struct RowClause {
    attribute: String,
    operator: String,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RowJoin {
    cs_attribute: String,
    mv_attribute: String,
    case_sensitive: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RowFlow {
    target: String,
    flow_type: String,
    #[serde(default)]
    sources: Vec<String>,
    expression: Option<String>,
    constant: Option<String>,
    apply_once: bool,
    merge_type: String,
}

/// What a forest and a wizard offer.
struct Offer {
    exchange: bool,
    lync: bool,
    hybrid: bool,
    devices: bool,
    apps: Option<BTreeSet<String>>,
    user_match: UserMatch,
    source_anchor: &'static str,
    sign_in: &'static str,
    forests: i64,
}

impl Offer {
    /// Everything on, as on the server of the table.
    fn of_the_table() -> Self {
        Self {
            exchange: true,
            lync: true,
            hybrid: true,
            devices: true,
            apps: None,
            user_match: UserMatch::ObjectSid,
            source_anchor: "objectGUID",
            sign_in: "userPrincipalName",
            forests: 1,
        }
    }

    fn rules(&self) -> Vec<SyncRule> {
        let features = ForestFeatures { exchange: self.exchange, lync: self.lync };
        let (forest, tenant) = (active_directory_schema_with(features).unwrap(), Schema::from_toml(TENANT).unwrap());
        assert_eq!(ForestFeatures::of(&forest), features);
        let options = DefaultSetOptions {
            forests: (1..=self.forests).map(|number| (ConnectorId(number), &forest)).collect(),
            tenant: (ConnectorId(9), &tenant),
            user_match: self.user_match.clone(),
            source_anchor: self.source_anchor.to_owned(),
            sign_in: self.sign_in.to_owned(),
            hybrid_exchange: self.hybrid,
            device_write_up: self.devices,
            apps: self.apps.clone(),
        };
        default_rules(&options, &SequentialIds::default()).unwrap()
    }

    /// Whether a condition of the table holds.
    fn holds(&self, condition: &str) -> bool {
        match condition.split(' ').next().unwrap() {
            "always" => true,
            "adSchema:Exchange" => self.exchange,
            "adSchema:Lync" => self.lync,
            "optionalFeature:HybridExchange" => self.hybrid,
            "optionalFeature:DeviceWriteUp" => self.devices,
            app => {
                let app = app.strip_prefix("app:").unwrap();
                assert!(APPS.contains(&app), "{app}");
                self.apps.as_ref().is_none_or(|apps| apps.contains(app))
            }
        }
    }
}

fn table() -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/default-rules.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A rule of the table in the words of ours.
fn expected(row: &Row) -> String {
    let scope: Vec<Vec<String>> = row
        .scope_groups
        .iter()
        .map(|group| {
            let clause = |clause: &RowClause| {
                let operator: ScopeOperator = clause.operator.parse().unwrap();
                let value = clause.value.clone().unwrap_or_default();
                ScopeClause { attribute: clause.attribute.clone(), operator, value }.to_string()
            };
            group.iter().map(clause).collect()
        })
        .collect();
    let join: Vec<Vec<String>> = row
        .join_groups
        .iter()
        .map(|group| {
            let condition = |join: &RowJoin| format!("{} {} {}", join.cs_attribute, join.mv_attribute, join.case_sensitive);
            group.iter().map(condition).collect()
        })
        .collect();
    let flows: BTreeMap<String, String> = row
        .flows
        .iter()
        .map(|flow| {
            let source = match flow.flow_type.as_str() {
                "Direct" => flow.sources[0].clone(),
                "Expression" => flow.expression.clone().unwrap(),
                _ => flow.constant.clone().or_else(|| flow.sources.first().cloned()).unwrap(),
            };
            (flow.target.clone(), format!("{} {source} {} {}", flow.flow_type, flow.apply_once, flow.merge_type))
        })
        .collect();
    format!(
        "{} {} {} {} {} {} {} {} {} {} {scope:#?} {join:#?} {flows:#?}",
        row.precedence,
        row.name,
        row.direction,
        row.connector,
        row.cs_object_type,
        row.mv_object_type,
        row.link_type,
        !row.disabled,
        row.enable_password_sync,
        row.immutable_tag,
    )
}

fn composed(rule: &SyncRule) -> String {
    let scope: Vec<Vec<String>> = rule.scope.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect();
    let join: Vec<Vec<String>> = rule
        .join
        .iter()
        .map(|group| {
            let condition = |join: &JoinCondition| {
                format!("{} {} {}", join.connector_attribute, join.metaverse_attribute, join.case_sensitive)
            };
            group.iter().map(condition).collect()
        })
        .collect();
    let flows: BTreeMap<String, String> = rule
        .flows
        .iter()
        .map(|flow| {
            let (kind, source) = (flow.source.label(), flow.source.text());
            (flow.target.clone(), format!("{kind} {source} {} {:?}", flow.apply_once, flow.merge))
        })
        .collect();
    assert_eq!(flows.len(), rule.flows.len(), "one flow to an attribute: {}", rule.name);
    format!(
        "{} {} {} {} {} {} {} {} {} {} {scope:#?} {join:#?} {flows:#?}",
        rule.precedence,
        rule.name,
        rule.direction.label(),
        if rule.connector == ConnectorId(9) { "AAD" } else { "AD" },
        rule.connector_object_type,
        rule.metaverse_object_type,
        rule.link.label(),
        rule.enabled,
        rule.password_sync,
        rule.tag.clone().unwrap_or_default(),
    )
}

#[test]
fn every_field_of_every_rule_is_that_of_the_table() {
    let (rules, table) = (Offer::of_the_table().rules(), table());
    assert_eq!(rules.len(), table.rules.len());
    for (rule, row) in rules.iter().zip(&table.rules) {
        assert_eq!(composed(rule), expected(row), "{}", row.name);
        assert!(!rule.description.is_empty(), "{}", row.name);
    }
}

#[test]
fn every_condition_alone_and_together() {
    let table = table();
    let selections: Vec<Option<BTreeSet<String>>> =
        [None, Some(BTreeSet::new())].into_iter().chain(APPS.map(|app| Some(BTreeSet::from([app.to_owned()])))).collect();
    for (bits, apps) in (0..16).flat_map(|bits| selections.iter().map(move |apps| (bits, apps))) {
        let offer = Offer {
            exchange: bits & 1 != 0,
            lync: bits & 2 != 0,
            hybrid: bits & 4 != 0,
            devices: bits & 8 != 0,
            apps: apps.clone(),
            ..Offer::of_the_table()
        };
        let wanted: Vec<&str> =
            table.rules.iter().filter(|row| offer.holds(&row.present_when)).map(|row| row.name.as_str()).collect();
        let rules = offer.rules();
        assert_eq!(rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), wanted, "{bits} {apps:?}");
        let numbers: Vec<i64> = rules.iter().map(|rule| rule.precedence).collect();
        assert_eq!(numbers, (100..).take(rules.len()).collect::<Vec<_>>());
    }
}

#[test]
fn what_a_forest_lacks_is_left_out_of_its_rules_only() {
    let mut offer = Offer { exchange: false, lync: false, ..Offer::of_the_table() };
    let (without, with) = (offer.rules(), Offer::of_the_table().rules());
    let targets = |rules: &[SyncRule], name: &str| -> BTreeSet<String> {
        let rule = rules.iter().find(|rule| rule.name == name).unwrap();
        rule.flows.iter().map(|flow| flow.target.clone()).collect()
    };
    let contact = targets(&without, "In from AD - Contact Common");
    assert!(contact.contains("mail") && !contact.contains("msExchHideFromAddressLists") && !contact.contains("targetAddress"));
    assert_eq!(targets(&without, "Out to AAD - User ExchangeOnline"), targets(&with, "Out to AAD - User ExchangeOnline"));
    assert_eq!(targets(&without, "Out to AD - User Exchange Hybrid"), BTreeSet::from(["proxyAddresses".to_owned()]));
    let join = &without.first().unwrap().join;
    assert_eq!(join.len(), 3, "the groups that read msExchMasterAccountSid and msRTCSIP-OriginatorSid: {join:?}");
    // The rules of either forest compile without a fault.
    offer.lync = true;
    assert_eq!(problems(&offer), []);
}

#[test]
fn no_combination_has_a_rule_that_does_not_compile() {
    for source_anchor in ["objectGUID", "mS-DS-ConsistencyGuid", "employeeID"] {
        for user_match in [
            UserMatch::Once,
            UserMatch::Mail,
            UserMatch::ObjectSid,
            UserMatch::AccountName,
            UserMatch::Attribute("employeeID".to_owned()),
        ] {
            for exchange in [false, true] {
                let offer = Offer {
                    exchange,
                    user_match: user_match.clone(),
                    source_anchor,
                    sign_in: "mail",
                    forests: 2,
                    ..Offer::of_the_table()
                };
                assert_eq!(problems(&offer), [], "{source_anchor} {user_match:?} {exchange}");
            }
        }
    }
}

fn problems(offer: &Offer) -> Vec<RuleProblem> {
    let features = ForestFeatures { exchange: offer.exchange, lync: offer.lync };
    let input = |id: i64| PlanInput {
        id: ConnectorId(id),
        name: format!("connector {id}"),
        guid: uuid::Uuid::nil(),
        schema: std::sync::Arc::new(match id {
            9 => Schema::from_toml(TENANT).unwrap(),
            _ => active_directory_schema_with(features).unwrap(),
        }),
        optional: (id != 9).then(|| std::sync::Arc::new(active_directory_schema().unwrap())),
        can_rename: id != 9,
        deprovisioning: crate::model::Deprovisioning::default(),
        partitions: Vec::new(),
        parameters: BTreeMap::new(),
    };
    let inputs = (1..=offer.forests).chain([9]).map(input).collect();
    compile(&offer.rules(), inputs, &metaverse_schema().unwrap(), &mut crate::model::AttributeTable::default()).1
}

#[test]
fn each_forest_has_a_copy_beside_the_others() {
    let offer = Offer { forests: 2, ..Offer::of_the_table() };
    let rules = offer.rules();
    let first: Vec<(i64, i64, &str)> =
        rules.iter().take(4).map(|rule| (rule.precedence, rule.connector.0, rule.name.as_str())).collect();
    let (user, person) = ("In from AD - User Join", "In from AD - InetOrgPerson Join");
    assert_eq!(first, [(100, 1, user), (101, 2, user), (102, 1, person), (103, 2, person)]);
    let of = |connector: i64| rules.iter().filter(move |rule| rule.connector.0 == connector);
    assert!(of(1).map(|rule| &rule.name).eq(of(2).map(|rule| &rule.name)));
    assert_eq!(rules.len(), 62 + of(1).count());
}

/// The source of a flow of a rule.
fn source<'a>(rules: &'a [SyncRule], rule: &str, target: &str) -> Option<&'a FlowSource> {
    let rule = rules.iter().find(|known| known.name == rule).unwrap();
    rule.flows.iter().find(|flow| flow.target == target).map(|flow| &flow.source)
}

#[test]
fn the_matching_option_decides_the_join_of_persons() {
    let check = |user_match: UserMatch, source_anchor: &'static str, expected: &[&str]| {
        let rules = Offer { user_match, source_anchor, ..Offer::of_the_table() }.rules();
        for name in ["In from AD - User Join", "In from AD - InetOrgPerson Join", "Out to AD - User Join SOAInAD"] {
            let rule = rules.iter().find(|rule| rule.name == name).unwrap();
            let groups: Vec<String> = rule
                .join
                .iter()
                .map(|group| group.iter().map(|on| format!("{}={}", on.connector_attribute, on.metaverse_attribute)).collect())
                .collect();
            assert_eq!(groups, expected, "{name}");
        }
        let contact = rules.iter().find(|rule| rule.name == "In from AD - Contact Join").unwrap();
        assert_eq!(contact.join[0][0].connector_attribute, "mail");
    };
    let guid = "mS-DS-ConsistencyGuid";
    check(UserMatch::Once, "objectGUID", &["objectGUID=sourceAnchorBinary"]);
    check(UserMatch::Once, "employeeID", &["objectGUID=sourceAnchorBinary"]);
    check(UserMatch::Once, guid, &["mS-DS-ConsistencyGuid=sourceAnchorBinary", "objectGUID=sourceAnchorBinary"]);
    check(UserMatch::Mail, guid, &["mail=mail"]);
    check(UserMatch::AccountName, "objectGUID", &["sAMAccountName=accountName", "mailNickname=mailNickname"]);
    check(UserMatch::Attribute("employeeID".to_owned()), "objectGUID", &["employeeID=employeeID"]);
    check(
        UserMatch::ObjectSid,
        "objectGUID",
        &[
            "objectSid=objectSid",
            "msExchMasterAccountSid=objectSid",
            "objectSid=msExchMasterAccountSid",
            "msRTCSIP-OriginatorSid=objectSid",
            "objectSid=msRTCSIP-OriginatorSid",
        ],
    );
}

#[test]
fn the_source_anchor_is_chosen_for_persons_and_for_nobody_else() {
    let anchored = ["User AccountEnabled", "InetOrgPerson AccountEnabled", "User Common", "InetOrgPerson Common"]
        .map(|name| format!("In from AD - {name}"));
    let other = Offer { source_anchor: "employeeID", ..Offer::of_the_table() }.rules();
    let guid = Offer { source_anchor: "ms-ds-consistencyguid", ..Offer::of_the_table() }.rules();
    for rule in &anchored {
        let text = source(&other, rule, "sourceAnchor").unwrap().text();
        assert!(text.contains("ConvertToBase64([employeeID])") && !text.contains("objectGUID"), "{text}");
        assert_eq!(source(&other, rule, "sourceAnchorBinary"), None);
        let text = source(&guid, rule, "sourceAnchor").unwrap().text();
        let value = |name: &str| format!("IIF(IsString([{name}]),CStr([{name}]),ConvertToBase64([{name}]))");
        let (own, fallback) = (value("mS-DS-ConsistencyGuid"), value("objectGUID"));
        let chosen = format!("IIF(IsPresent([mS-DS-ConsistencyGuid]),{own},{fallback})");
        assert_eq!(text.matches(&chosen).count(), 2, "{text}");
        assert!(source(&guid, rule, "sourceAnchorBinary").is_some(), "{rule}");
    }
    for rules in [&other, &guid] {
        for rule in ["In from AD - Group Common", "In from AD - Contact Common", "In from AD - Computer Join"] {
            assert_eq!(source(rules, rule, "sourceAnchor").unwrap().text(), "ConvertToBase64([objectGUID])");
        }
    }
    let write_back = "Out to AD - User ImmutableId";
    assert_eq!(source(&guid, write_back, "mS-DS-ConsistencyGuid"), Some(&FlowSource::Direct("sourceAnchorBinary".to_owned())));
    assert_eq!(guid.len(), 63);
    assert!(other.iter().all(|rule| rule.name != write_back));
}

#[test]
fn the_sign_in_attribute_takes_the_place_of_the_user_principal_name() {
    let mail = Offer { sign_in: "mail", ..Offer::of_the_table() }.rules();
    let rule = "In from AD - User Common";
    let text = source(&mail, rule, "userPrincipalName").unwrap().text();
    assert!(text.starts_with("IIF(IsPresent([mail]),[mail], IIF(IsPresent([sAMAccountName])"), "{text}");
    let old = source(&mail, rule, "onPremisesUserPrincipalName");
    assert_eq!(old, Some(&FlowSource::Direct("userPrincipalName".to_owned())));
    assert_eq!(source(&Offer::of_the_table().rules(), rule, "onPremisesUserPrincipalName"), None);
}
