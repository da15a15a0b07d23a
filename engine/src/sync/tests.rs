//! Synchronization on objects staged straight into the connector spaces. The rules are those of the
//! fixture in `engine.md` 11.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::run_step;
use crate::connector::{CancelToken, DirectoryPartition};
use crate::model::{
    AttributeId, ConnectorId, CsId, Delta, Dn, FixedClock, IdSource as _, Image, MvId, ObjectOperation, PartitionId, RunId,
    Schema, SequentialIds, Value, ValueType, Values,
};
use crate::rules::{Direction, Flow, FlowSource, JoinCondition, LinkType, MergeType, ScopeClause, SyncRule};
use crate::step::{Recorder, StepEnvironment, StepStatus};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord};
use crate::store::connector_space::{self, CsObject, LoadOptions, TowerView};
use crate::store::references::{self, ReferenceLayer};
use crate::store::{Database, attributes, metaverse};

const FOREST: &str = r#"
[attributes]
adminDescription = "string"
cn = "string"
department = "string"
displayName = "string"
extensionAttribute15 = "string"
mail = "string"
manager = "reference"
member = "reference multi"
objectGUID = "binary"
proxyAddresses = "string multi"
sAMAccountName = "string"
[types]
user = ["adminDescription", "cn", "department", "displayName", "extensionAttribute15", "mail", "manager", "objectGUID", "proxyAddresses", "sAMAccountName"]
group = ["cn", "displayName", "member", "objectGUID"]
"#;

const TENANT: &str = r#"
[attributes]
cloudAnchor = "string"
department = "string"
displayName = "string"
mail = "string"
manager = "reference"
member = "reference multi"
sourceAnchor = "string"
[types]
user = ["cloudAnchor", "department", "displayName", "mail", "manager", "sourceAnchor"]
group = ["cloudAnchor", "displayName", "member", "sourceAnchor"]
"#;

const A: ConnectorId = ConnectorId(1);
const B: ConnectorId = ConnectorId(2);
const T: ConnectorId = ConnectorId(3);

const USER: &str = "CN=Ada,OU=Staff,DC=contoso,DC=com";
const TENANT_DN: &str = "CN={4D79495241465645643261496D6171377A4E33752F773D3D}";

struct World {
    environment: StepEnvironment,
    _folder: tempfile::TempDir,
    ids: Arc<SequentialIds>,
}

fn rule(precedence: i64, connector: ConnectorId, from: &str, to: &str, link: LinkType, flows: &[(&str, &str)]) -> SyncRule {
    let direction = if connector == T { Direction::Outbound } else { Direction::Inbound };
    let (connector_object_type, metaverse_object_type) = match direction {
        Direction::Inbound => (from, to),
        Direction::Outbound => (to, from),
    };
    SyncRule {
        id: crate::model::RuleId(0),
        guid: uuid::Uuid::from_u128(u128::try_from(precedence).unwrap()),
        name: format!("rule {precedence}"),
        description: String::new(),
        precedence,
        direction,
        connector,
        connector_object_type: connector_object_type.into(),
        metaverse_object_type: metaverse_object_type.into(),
        link,
        enabled: true,
        password_sync: false,
        tag: None,
        scope: Vec::new(),
        join: Vec::new(),
        flows: flows
            .iter()
            .map(|(target, source)| Flow {
                target: (*target).into(),
                source: match source.strip_prefix('=') {
                    Some(expression) => FlowSource::Expression(expression.into()),
                    None => FlowSource::Direct((*source).into()),
                },
                apply_once: false,
                merge: MergeType::Update,
            })
            .collect(),
    }
}

fn scope(mut rule: SyncRule, clauses: &[(&str, &str, &str)]) -> SyncRule {
    rule.scope = vec![
        clauses
            .iter()
            .map(|(attribute, operator, value)| ScopeClause {
                attribute: (*attribute).into(),
                operator: operator.parse().unwrap(),
                value: (*value).into(),
            })
            .collect(),
    ];
    rule
}

fn join(mut rule: SyncRule, connector: &str, metaverse: &str) -> SyncRule {
    rule.join = vec![vec![JoinCondition {
        connector_attribute: connector.into(),
        metaverse_attribute: metaverse.into(),
        case_sensitive: false,
    }]];
    rule
}

fn fixture_rules() -> Vec<SyncRule> {
    let in_scope = [("adminDescription", "NOTSTARTSWITH", "User_")];
    let filtered = ("cloudFiltered", r#"=IIF([extensionAttribute15]="NoSync",True,NULL)"#);
    let mut rules = Vec::new();
    for (connector, offset) in [(A, 0), (B, 10)] {
        rules.push(join(
            scope(rule(10 + offset, connector, "user", "person", LinkType::Provision, &[filtered]), &in_scope),
            "mail",
            "mail",
        ));
        rules.push(scope(
            rule(
                12 + offset,
                connector,
                "user",
                "person",
                LinkType::Join,
                &[
                    ("displayName", "displayName"),
                    ("department", "department"),
                    ("mail", "mail"),
                    ("accountName", "sAMAccountName"),
                    ("manager", "manager"),
                    ("sourceAnchor", "=ConvertToBase64([objectGUID])"),
                    ("sourceObjectType", "=\"User\""),
                ],
            ),
            &in_scope,
        ));
    }
    rules.push(rule(
        30,
        A,
        "group",
        "group",
        LinkType::Provision,
        &[("displayName", "displayName"), ("member", "member"), ("sourceAnchor", "=ConvertToBase64([objectGUID])")],
    ));
    let dn = ("dn", r#"="CN={" & ConvertToUTF8Hex([sourceAnchor]) & "}""#);
    rules.push(join(
        scope(
            rule(
                60,
                T,
                "person",
                "user",
                LinkType::Provision,
                &[
                    dn,
                    ("displayName", "displayName"),
                    ("department", "department"),
                    ("mail", "mail"),
                    ("manager", "manager"),
                    ("sourceAnchor", "sourceAnchor"),
                ],
            ),
            &[("sourceObjectType", "EQUAL", "User"), ("cloudFiltered", "NOTEQUAL", "True"), ("sourceAnchor", "ISNOTNULL", "")],
        ),
        "sourceAnchor",
        "sourceAnchor",
    ));
    rules.push(join(
        rule(
            64,
            T,
            "group",
            "group",
            LinkType::Provision,
            &[dn, ("displayName", "displayName"), ("sourceAnchor", "sourceAnchor"), ("member", "member")],
        ),
        "sourceAnchor",
        "sourceAnchor",
    ));
    rules
}

impl World {
    fn new(rules: &[SyncRule]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(&folder.path().join("syncline.db")).unwrap());
        let ids = Arc::new(SequentialIds::default());
        let now: Timestamp = "2026-01-05T10:00:00Z".parse().unwrap();
        {
            let mut writer = database.writer();
            let transaction = writer.transaction().unwrap();
            for (name, schema, kind) in [("A", FOREST, "file"), ("B", FOREST, "file"), ("T", TENANT, "tenant")] {
                let record = ConnectorRecord {
                    id: ConnectorId(0),
                    guid: ids.guid(),
                    name: name.into(),
                    kind: kind.into(),
                    description: String::new(),
                    settings: "{}".into(),
                    schema: Schema::from_toml(schema).unwrap(),
                    object_types: vec![],
                    attributes: vec![],
                    secret: None,
                    created: now,
                    full_import_reason: None,
                    full_sync_reason: None,
                };
                let connector = configuration::save_connector(&transaction, &record).unwrap();
                let detail = DirectoryPartition {
                    name: "DC=contoso,DC=com".into(),
                    dns_name: Some("contoso.com".into()),
                    netbios_name: None,
                    forest_dns_name: None,
                    forest_netbios_name: None,
                    directory_id: None,
                    domain: true,
                };
                let partition = PartitionRecord {
                    id: PartitionId(0),
                    guid: ids.guid(),
                    connector,
                    name: detail.name.clone(),
                    selected: true,
                    detail: serde_json::to_string(&detail).unwrap(),
                    include: vec![],
                    exclude: vec![],
                    watermark: None,
                    generation: 0,
                };
                configuration::save_partition(&transaction, &partition).unwrap();
            }
            for rule in rules {
                configuration::save_rule(&transaction, rule).unwrap();
            }
            transaction.commit().unwrap();
        }
        let environment =
            StepEnvironment { database, clock: Arc::new(FixedClock(now)), ids: ids.clone(), cancel: CancelToken::default() };
        Self { environment, _folder: folder, ids }
    }

    fn attribute(&self, name: &str) -> AttributeId {
        attributes::load(&self.environment.database.reader().unwrap()).unwrap().get(name).unwrap()
    }

    /// Stages a full object as an import would: new ones as add, known ones as the difference.
    fn stage(&self, connector: ConnectorId, dn: &str, object_type: &str, values: &[(&str, &str)]) -> CsId {
        super::load_plan(&self.environment.database).unwrap();
        let now = self.environment.clock.now();
        let dn = Dn::parse(dn).unwrap();
        let (mut image, mut targets) = (Image::new(), Vec::new());
        let schema = Schema::from_toml(FOREST).unwrap();
        for (name, value) in values {
            let attribute = self.attribute(name);
            if schema.attribute(name).unwrap().value_type == ValueType::Reference {
                targets.extend(value.split('|').map(|target| (attribute, self.stage_name(connector, target))));
                continue;
            }
            let value = match schema.attribute(name).unwrap().value_type {
                ValueType::Binary => Value::binary(uuid::Uuid::parse_str(value).unwrap().to_bytes_le()),
                _ => Value::text(value),
            };
            let mut all = Values::from(image.get(attribute));
            all.push(value);
            image.set(attribute, all);
        }
        let id = self.stage_name(connector, dn.as_str());
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        let mut object = connector_space::load_one(&transaction, id).unwrap().unwrap();
        let is_new = object.object_type.is_none() || object.pending_import.operation == ObjectOperation::Add;
        object.object_type = Some(object_type.into());
        object.anchor = Some(dn.key().as_bytes().to_vec());
        object.import_changed = Some(now);
        let operation = if is_new { ObjectOperation::Add } else { ObjectOperation::Update };
        let changes = Delta::changes_between(&object.hologram, &image);
        object.pending_import = if is_new || !changes.is_empty() || !targets.is_empty() {
            Delta { operation, object_type: Some(object_type.into()), changes, ..Delta::none() }
        } else {
            Delta::none()
        };
        connector_space::update(&transaction, &object, "").unwrap();
        for (attribute, target) in targets {
            references::add(&transaction, id, attribute, target, ReferenceLayer::ImportAdd).unwrap();
        }
        transaction.commit().unwrap();
        id
    }

    /// The object of a name; a placeholder is made when there is none.
    fn stage_name(&self, connector: ConnectorId, dn: &str) -> CsId {
        let dn = Dn::parse(dn).unwrap();
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        let known = connector_space::ids_by_dn_key(&transaction, connector, [dn.key()]).unwrap();
        let id = match known.get(dn.key()) {
            Some(id) => *id,
            None => {
                let mut object = CsObject::new(self.ids.guid(), connector, &dn, self.environment.clock.now());
                connector_space::insert(&transaction, &mut object, "").unwrap()
            }
        };
        transaction.commit().unwrap();
        id
    }

    fn stage_delete(&self, id: CsId) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        let mut object = connector_space::load_one(&transaction, id).unwrap().unwrap();
        object.pending_import = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
        connector_space::update(&transaction, &object, "").unwrap();
        transaction.commit().unwrap();
    }

    /// Pretends that the tenant took everything staged and that an import confirmed it.
    fn export_and_confirm(&self) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        for id in connector_space::to_visit(&transaction, T, connector_space::Visit::Full).unwrap() {
            let mut object = connector_space::load_one(&transaction, id).unwrap().unwrap();
            if object.unapplied.operation == ObjectOperation::Delete {
                connector_space::remove(&transaction, id).unwrap();
                continue;
            }
            object.hologram = object.view(TowerView::Expected);
            let kept: Vec<_> = object.hologram.iter().map(|(attribute, values)| (attribute, values.clone())).collect();
            object.hologram =
                kept.into_iter().filter(|(_, values)| !matches!(values.first(), Some(Value::Reference(_)))).collect();
            object.unapplied = Delta::none();
            object.anchor = Some(format!("User_{id}").into_bytes());
            connector_space::update(&transaction, &object, "").unwrap();
            references::move_layer(&transaction, id, ReferenceLayer::UnappliedAdd, ReferenceLayer::Hologram).unwrap();
        }
        transaction.commit().unwrap();
    }

    fn sync(&self, connector: ConnectorId, full: bool, expected: &[(&str, u64)]) -> StepStatus {
        let mut recorder = Recorder::new(RunId(1), 1, Box::new(|_| {}));
        self.run_row();
        let end = run_step(&self.environment, connector, full, &mut recorder);
        let expected: BTreeMap<String, u64> = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let mut counters = recorder.counters().clone();
        counters.retain(|name, _| !name.ends_with(":connector-no-flow"));
        assert_eq!(counters, expected, "{end:?}");
        end.status
    }

    /// Counters refer to a run.
    fn run_row(&self) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        transaction
            .execute("INSERT OR IGNORE INTO run (id, connector, connector_name, profile, user, status, started, steps) VALUES (1, 1, '', '', '', '', 0, 1)", [])
            .unwrap();
        transaction.commit().unwrap();
    }

    fn cs(&self, connector: ConnectorId, dn: &str) -> Option<CsObject> {
        let reader = self.environment.database.reader().unwrap();
        let key = Dn::parse(dn).unwrap().key().to_owned();
        let id = *connector_space::ids_by_dn_key(&reader, connector, [key.as_str()]).unwrap().get(&key)?;
        connector_space::load(&reader, &[id], &LoadOptions::default()).unwrap().pop()
    }

    fn mv(&self, id: MvId) -> Option<metaverse::MvObject> {
        metaverse::load_one(&self.environment.database.reader().unwrap(), id).unwrap()
    }

    fn text(&self, image: &Image, name: &str) -> Option<String> {
        image.first(self.attribute(name)).map(Value::display)
    }

    /// The metaverse attributes of the object that a connector space object is joined to.
    fn identity(&self, connector: ConnectorId, dn: &str) -> metaverse::MvObject {
        self.mv(self.cs(connector, dn).unwrap().mv.unwrap()).unwrap()
    }

    fn rule_of(&self, object: &metaverse::MvObject, name: &str) -> i64 {
        let rule = object.lineage.get(&self.attribute(name)).unwrap().rule;
        let rules = configuration::rules(&self.environment.database.reader().unwrap()).unwrap();
        rules.iter().find(|known| known.id == rule).unwrap().precedence
    }

    fn change_rules(&self, change: impl FnOnce(&mut Vec<SyncRule>)) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        let mut rules = configuration::rules(&transaction).unwrap();
        change(&mut rules);
        for rule in rules {
            configuration::save_rule(&transaction, &rule).unwrap();
        }
        transaction.commit().unwrap();
    }
}

const ADA: [(&str, &str); 5] = [
    ("objectGUID", "00112233-4455-6677-8899-aabbccddeeff"),
    ("displayName", "Ada Lovelace"),
    ("department", "IT"),
    ("mail", "ada@contoso.com"),
    ("sAMAccountName", "ada"),
];

fn ada_with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut values: Vec<(&str, &str)> =
        ADA.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name)).copied().collect();
    values.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    values
}

/// Ada imported, synchronized, exported and confirmed.
fn settled() -> World {
    let world = World::new(&fixture_rules());
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    world.export_and_confirm();
    world
}

/// Ada of both forests, joined by mail.
fn two_forests() -> World {
    let world = settled();
    world.stage(
        B,
        "CN=al,DC=contoso,DC=com",
        "user",
        &[
            ("objectGUID", "10112233-4455-6677-8899-aabbccddeeff"),
            ("mail", "ADA@contoso.com"),
            ("displayName", "A. Lovelace"),
            ("department", "R&D"),
        ],
    );
    world.sync(B, false, &[("disconnector-joined-no-flow", 1)]);
    world
}

#[test]
fn scenario_1_a_new_user_is_projected_and_provisioned() {
    let world = World::new(&fixture_rules());
    world.stage(A, USER, "user", &ADA);
    let status = world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    assert_eq!(status, StepStatus::SUCCESS);
    let source = world.cs(A, USER).unwrap();
    assert!(source.pending_import.is_none());
    assert_eq!(world.text(&source.hologram, "displayName").as_deref(), Some("Ada Lovelace"));
    let identity = world.identity(A, USER);
    assert_eq!(world.text(&identity.image, "sourceAnchor").as_deref(), Some("MyIRAFVEd2aImaq7zN3u/w=="));
    assert_eq!(world.rule_of(&identity, "department"), 12);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(target.unapplied.operation, ObjectOperation::Add);
    assert_eq!(target.mv, source.mv);
    world.sync(A, false, &[]);
    world.sync(A, true, &[("connector-no-flow", 1)]);
}

#[test]
fn scenario_2_a_changed_attribute_flows_on() {
    let world = settled();
    world.stage(A, USER, "user", &ada_with(&[("department", "HR")]));
    world.sync(A, false, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(target.unapplied.operation, ObjectOperation::Update);
    assert_eq!(target.unapplied.changes.len(), 1);
}

#[test]
fn scenario_4_and_5_a_deleted_user_is_deleted_or_withdrawn() {
    let world = settled();
    let id = world.cs(A, USER).unwrap().id;
    world.stage_delete(id);
    world.sync(A, false, &[("connector-delete-remove-mv", 1), ("3:provisioned-disconnect", 1)]);
    assert_eq!(world.cs(A, USER), None);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!((target.mv, target.unapplied.operation), (None, ObjectOperation::Delete));
    assert!(target.disconnected.is_some());

    let world = World::new(&fixture_rules());
    let id = world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    world.stage_delete(id);
    world.sync(A, false, &[("connector-delete-remove-mv", 1), ("3:provisioned-disconnect", 1)]);
    assert_eq!(world.cs(T, TENANT_DN), None);
}

#[test]
fn scenario_6_out_of_scope_and_back() {
    let world = settled();
    let first = world.cs(A, USER).unwrap().mv;
    world.stage(A, USER, "user", &ada_with(&[("adminDescription", "User_x")]));
    world.sync(A, false, &[("connector-filtered-remove-mv", 1), ("3:provisioned-disconnect", 1)]);
    assert_eq!(world.cs(A, USER).unwrap().mv, None);
    assert_eq!(world.cs(T, TENANT_DN).unwrap().unapplied.operation, ObjectOperation::Delete);
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:connector-flow", 1)]);
    let (source, target) = (world.cs(A, USER).unwrap(), world.cs(T, TENANT_DN).unwrap());
    assert_ne!(world.identity(A, USER).guid.as_u128(), 0);
    assert!(source.mv.is_some() && first.is_some());
    assert_eq!(target.mv, source.mv);
    assert!(target.unapplied.is_none(), "{:?}", target.unapplied);
}

#[test]
fn scenario_8_cloud_filtered_keeps_the_metaverse_object() {
    let world = settled();
    world.stage(A, USER, "user", &ada_with(&[("extensionAttribute15", "NoSync")]));
    world.sync(A, false, &[("connector-flow", 1), ("3:provisioned-disconnect", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "cloudFiltered").as_deref(), Some("True"));
    world.sync(T, false, &[("disconnector-remains", 1)]);
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    let target = world.cs(T, TENANT_DN).unwrap();
    assert_eq!(target.mv, world.cs(A, USER).unwrap().mv);
    assert!(target.unapplied.is_none());
}

#[test]
fn scenario_11_and_12_two_forests_joined_by_mail() {
    let world = two_forests();
    assert_eq!(world.text(&world.identity(A, USER).image, "department").as_deref(), Some("IT"));
    assert!(world.cs(T, TENANT_DN).unwrap().unapplied.is_none());
    world.stage(A, USER, "user", &ada_with(&[("department", "")]));
    world.sync(A, false, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    let identity = world.identity(A, USER);
    assert_eq!(world.text(&identity.image, "department").as_deref(), Some("R&D"));
    assert_eq!(world.rule_of(&identity, "department"), 22);
}

#[test]
fn scenario_13a_the_other_forest_takes_over() {
    let world = two_forests();
    world.change_rules(|rules| rules.iter_mut().filter(|rule| rule.connector == T).for_each(|rule| rule.enabled = false));
    let id = world.cs(A, USER).unwrap().id;
    world.stage_delete(id);
    world.sync(A, false, &[("connector-delete-leave-mv", 1), ("3:provisioned-disconnect", 1)]);
    let identity = world.identity(B, "CN=al,DC=contoso,DC=com");
    assert_eq!(world.text(&identity.image, "displayName").as_deref(), Some("A. Lovelace"));
}

#[test]
fn scenario_14_authoritative_null_blocks_lower_rules() {
    let world = two_forests();
    let blocking = rule(5, A, "user", "person", LinkType::Join, &[("department", "=AuthoritativeNull")]);
    world.change_rules(|rules| rules.push(blocking));
    world.sync(A, true, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "department"), None);
}

#[test]
fn scenario_15_ignore_this_flow_keeps_the_value() {
    let world = settled();
    world.change_rules(|rules| {
        let common = rules.iter_mut().find(|rule| rule.precedence == 12).unwrap();
        common.flows.retain(|flow| flow.target != "department");
        rules.push(rule(14, A, "user", "person", LinkType::Join, &[("department", "=IgnoreThisFlow")]));
    });
    world.sync(A, true, &[("connector-no-flow", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "department").as_deref(), Some("IT"));
    world.change_rules(|rules| rules.push(rule(15, A, "user", "person", LinkType::Join, &[("department", "=\"X\"")])));
    world.sync(A, true, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "department").as_deref(), Some("X"));
}

#[test]
fn scenario_17_a_group_before_its_member() {
    let world = World::new(&fixture_rules());
    let group = "CN=g1,DC=contoso,DC=com";
    world.stage(
        A,
        group,
        "group",
        &[("objectGUID", "20112233-4455-6677-8899-aabbccddeeff"), ("displayName", "g1"), ("member", USER)],
    );
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    let member = world.attribute("member");
    assert!(world.identity(A, group).image.get(member).is_empty());
    world.stage(A, USER, "user", &ADA);
    world.sync(
        A,
        false,
        &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1), ("connector-flow", 1), ("3:connector-flow", 1)],
    );
    let identity = world.identity(A, group);
    assert_eq!(identity.image.get(member), [Value::Reference(world.cs(A, USER).unwrap().mv.unwrap().0)]);
    let target = world.cs(T, "CN={4D79495249465645643261496D6171377A4E33752F773D3D}");
    let target = target.or_else(|| {
        let anchor = world.text(&identity.image, "sourceAnchor").unwrap();
        world.cs(T, &format!("CN={{{}}}", hex::encode_upper(anchor)))
    });
    let staged: Vec<_> = target.unwrap().references.iter().map(|reference| (reference.target, reference.layer)).collect();
    assert_eq!(staged, [(world.cs(T, TENANT_DN).unwrap().id, ReferenceLayer::UnappliedAdd)]);
}

#[test]
fn scenario_24_a_disabled_flow_rule_is_recalled() {
    let world = settled();
    world.change_rules(|rules| {
        rules.iter_mut().find(|rule| rule.precedence == 12).unwrap().flows.retain(|flow| flow.target != "department")
    });
    world.sync(A, true, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    assert_eq!(world.text(&world.identity(A, USER).image, "department"), None);
}

#[test]
fn scenario_26_an_ambiguous_join_projects() {
    let world = World::new(&fixture_rules());
    for (name, guid) in [("one", "30112233-4455-6677-8899-aabbccddeeff"), ("two", "40112233-4455-6677-8899-aabbccddeeff")] {
        let mail = format!("{name}@contoso.com");
        world.stage(A, &format!("CN={name},DC=contoso,DC=com"), "user", &[("objectGUID", guid), ("mail", &mail)]);
    }
    world.sync(A, false, &[("disconnector-projected-flow", 2), ("3:provisioned-add-flow", 2)]);
    world.stage(
        A,
        "CN=two,DC=contoso,DC=com",
        "user",
        &[("objectGUID", "40112233-4455-6677-8899-aabbccddeeff"), ("mail", "one@contoso.com")],
    );
    world.sync(A, false, &[("connector-flow", 1), ("3:connector-flow", 1)]);
    world.stage(
        B,
        "CN=three,DC=contoso,DC=com",
        "user",
        &[("objectGUID", "50112233-4455-6677-8899-aabbccddeeff"), ("mail", "one@contoso.com")],
    );
    world.sync(B, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
}

#[test]
fn scenario_27_different_join_criteria_are_an_error_of_the_object() {
    let world = World::new(&fixture_rules());
    world.change_rules(|rules| {
        rules.push(join(rule(11, A, "user", "person", LinkType::Join, &[]), "sAMAccountName", "accountName"));
    });
    world.stage(A, USER, "user", &ADA);
    assert_eq!(world.sync(A, false, &[("flow-failure", 1)]), StepStatus::COMPLETED_SYNC_ERRORS);
    let error = world.cs(A, USER).unwrap().import_error.unwrap();
    assert!(error.error.message.contains("different join criteria"), "{error:?}");
    assert_eq!(error.retry_count, 0);
    world.sync(A, false, &[("flow-failure", 1)]);
    assert_eq!(world.cs(A, USER).unwrap().import_error.unwrap().retry_count, 1);
}

#[test]
fn scenario_28_two_objects_of_one_connector_with_one_identity() {
    let world = settled();
    world.stage(
        A,
        "CN=Ada2,DC=contoso,DC=com",
        "user",
        &[("objectGUID", "60112233-4455-6677-8899-aabbccddeeff"), ("mail", "ada@contoso.com")],
    );
    assert_eq!(world.sync(A, false, &[("flow-failure", 1)]), StepStatus::COMPLETED_SYNC_ERRORS);
    let second = world.cs(A, "CN=Ada2,DC=contoso,DC=com").unwrap();
    assert_eq!(second.mv, None);
    assert_eq!(second.pending_import.operation, ObjectOperation::Add);
    assert_eq!(second.import_error.unwrap().error.code.as_str(), "ambiguous-import-flow-from-multiple-connectors");
}

#[test]
fn scenario_31_a_deleted_member_leaves_the_group() {
    let world = settled();
    let group = "CN=g1,DC=contoso,DC=com";
    world.stage(
        A,
        group,
        "group",
        &[("objectGUID", "20112233-4455-6677-8899-aabbccddeeff"), ("displayName", "g1"), ("member", USER)],
    );
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    world.export_and_confirm();
    let id = world.cs(A, USER).unwrap().id;
    world.stage_delete(id);
    // The reference left the metaverse together with its target; the group's own visit finds it gone.
    world.sync(
        A,
        false,
        &[("connector-delete-remove-mv", 1), ("3:provisioned-disconnect", 1), ("connector-no-flow", 1), ("3:connector-flow", 1)],
    );
    assert!(world.identity(A, group).image.get(world.attribute("member")).is_empty());
}

#[test]
fn scenario_46_a_second_full_synchronization_changes_nothing() {
    let world = two_forests();
    for connector in [A, B, T, A, B, T] {
        let mut recorder = Recorder::new(RunId(1), 1, Box::new(|_| {}));
        run_step(&world.environment, connector, true, &mut recorder);
        assert_eq!(recorder.counter("connector-flow"), 0);
        assert_eq!(recorder.counter("3:connector-flow"), 0);
        assert_eq!(recorder.counter("3:provisioned-add-flow"), 0);
    }
}

/// One thing that happens in a forest.
#[derive(Clone, Debug)]
enum Happening {
    Stage { forest: bool, user: u8, mail: u8, department: u8, manager: Option<u8>, filtered: bool },
    Group { members: Vec<u8> },
    Delete { forest: bool, user: u8 },
    Sync(u8),
    Export,
}

fn happenings() -> impl proptest::strategy::Strategy<Value = Vec<Happening>> {
    use proptest::prelude::*;
    let happening = prop_oneof![
        5 => (any::<bool>(), 0u8..4, 0u8..4, 0u8..3, proptest::option::of(0u8..4), any::<u8>()).prop_map(
            |(forest, user, mail, department, manager, filtered)| Happening::Stage {
                forest, user, mail, department, manager, filtered: filtered % 5 == 0,
            }
        ),
        1 => proptest::collection::vec(0u8..4, 0..4).prop_map(|members| Happening::Group { members }),
        1 => (any::<bool>(), 0u8..4).prop_map(|(forest, user)| Happening::Delete { forest, user }),
        3 => (0u8..3).prop_map(Happening::Sync),
        1 => Just(Happening::Export),
    ];
    proptest::collection::vec(happening, 1..14)
}

impl World {
    fn happens(&self, happening: &Happening) {
        let name = |user: &u8| format!("CN=u{user},DC=contoso,DC=com");
        match happening {
            Happening::Stage { forest, user, mail, department, manager, filtered } => {
                let connector = if *forest { A } else { B };
                let guid = format!("{}{user}112233-4455-6677-8899-aabbccddeeff", connector.0);
                let mail = format!("m{mail}@contoso.com");
                let department = format!("D{department}");
                let manager = manager.as_ref().map(name);
                let mut values = vec![("objectGUID", guid.as_str()), ("mail", &mail), ("displayName", "someone")];
                if department != "D0" {
                    values.push(("department", &department));
                }
                if *filtered {
                    values.push(("adminDescription", "User_out"));
                }
                values.extend(manager.as_deref().map(|manager| ("manager", manager)));
                self.stage(connector, &name(user), "user", &values);
            }
            Happening::Group { members } => {
                let members = members.iter().map(name).collect::<Vec<_>>().join("|");
                let mut values = vec![("objectGUID", "90112233-4455-6677-8899-aabbccddeeff"), ("displayName", "g")];
                if !members.is_empty() {
                    values.push(("member", &members));
                }
                self.stage(A, "CN=g,DC=contoso,DC=com", "group", &values);
            }
            Happening::Delete { forest, user } => {
                let connector = if *forest { A } else { B };
                if let Some(object) = self.cs(connector, &name(user)).filter(|object| object.object_type.is_some()) {
                    self.stage_delete(object.id);
                }
            }
            Happening::Sync(which) => {
                self.quietly([A, B, T].into_iter().nth(usize::from(*which)).unwrap(), false);
            }
            Happening::Export => self.export_and_confirm(),
        }
    }

    fn quietly(&self, connector: ConnectorId, full: bool) -> BTreeMap<String, u64> {
        let mut recorder = Recorder::new(RunId(1), 1, Box::new(|_| {}));
        self.run_row();
        run_step(&self.environment, connector, full, &mut recorder);
        recorder.counters().clone()
    }

    /// Everything that synchronization decides, comparable between databases: links, metaverse values,
    /// staged exports.
    fn outcome(&self) -> Vec<String> {
        let reader = self.environment.database.reader().unwrap();
        let mut lines = Vec::new();
        for connector in [A, B, T] {
            for id in connector_space::to_visit(&reader, connector, connector_space::Visit::Full).unwrap() {
                let object = connector_space::load(&reader, &[id], &LoadOptions::default()).unwrap().pop().unwrap();
                lines.push(format!(
                    "{connector} {} linked={} staged={:?} expected={:?}",
                    object.dn,
                    object.mv.is_some(),
                    object.unapplied.operation,
                    object.view(TowerView::Expected)
                ));
            }
        }
        for object in metaverse::load(&reader, &metaverse::all_ids(&reader).unwrap()).unwrap() {
            lines.push(format!("mv {:?}", object.image));
        }
        lines
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 40, ..proptest::prelude::ProptestConfig::default() })]

    /// Laws of `design.md` 3: delta leaves what full would leave, and a second run changes nothing.
    #[test]
    fn delta_leaves_what_full_would_and_a_second_run_changes_nothing(events in happenings()) {
        let world = World::new(&fixture_rules());
        for event in &events {
            world.happens(event);
        }
        for _ in 0..4 {
            for connector in [A, B, T] {
                world.quietly(connector, false);
            }
        }
        let after_delta = world.outcome();
        for connector in [A, B, T, A, B, T] {
            world.quietly(connector, true);
        }
        let after_full = world.outcome();
        proptest::prop_assert_eq!(&after_delta, &after_full, "{:?}", events);
        for connector in [A, B, T] {
            let counters = world.quietly(connector, true);
            for changing in ["connector-flow", "disconnector-projected-flow", "disconnector-joined-flow", "3:connector-flow", "3:provisioned-add-flow"] {
                proptest::prop_assert_eq!(counters.get(changing), None, "{:?} {:?}", counters, events);
            }
        }
    }
}
