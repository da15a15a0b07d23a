//! Two forests and a tenant with the rules of the fixture in `engine.md` 11; objects are staged straight
//! into the connector spaces.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::connector::{CancelToken, DirectoryPartition};
use crate::model::{
    AttributeId, ConnectorId, CsId, Delta, Deprovisioning, Dn, FixedClock, IdSource as _, Image, MvId, ObjectOperation,
    PartitionId, RunId, Schema, SequentialIds, Value, ValueType, Values,
};
use crate::rules::{Direction, Flow, FlowSource, JoinCondition, LinkType, MergeType, ScopeClause, SyncRule};
use crate::step::{Recorder, StepEnvironment, StepStatus};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord};
use crate::store::connector_space::{self, CsObject, LoadOptions, TowerView};
use crate::store::references::{self, ReferenceLayer};
use crate::store::{Database, attributes, metaverse};
use crate::sync::{SyncOptions, run_step};

pub(super) const FOREST: &str = r#"
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

pub(super) const TENANT: &str = r#"
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

pub(super) const A: ConnectorId = ConnectorId(1);
pub(super) const B: ConnectorId = ConnectorId(2);
pub(super) const T: ConnectorId = ConnectorId(3);

pub(super) const USER: &str = "CN=Ada,OU=Staff,DC=contoso,DC=com";
pub(super) const TENANT_DN: &str = "CN={4D79495241465645643261496D6171377A4E33752F773D3D}";

pub(super) struct World {
    pub(super) environment: StepEnvironment,
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

pub(super) fn fixture_rules() -> Vec<SyncRule> {
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
    /// Synchronizes without looking at what is counted.
    pub(super) fn quietly(&self, connector: ConnectorId, full: bool) -> BTreeMap<String, u64> {
        let mut recorder = Recorder::new(RunId(1), 1, Box::new(|_| {}));
        self.run_row();
        run_step(&self.environment, connector, SyncOptions { full, ..SyncOptions::default() }, &mut recorder);
        recorder.counters().clone()
    }

    pub(super) fn new(rules: &[SyncRule]) -> Self {
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
                    deprovisioning: Deprovisioning::default(),
                    created: now,
                    full_import_reason: None,
                    full_sync_reason: None,
                };
                let connector = configuration::save_connector(&transaction, &record).unwrap();
                let detail = DirectoryPartition {
                    name: if kind == "tenant" { "default" } else { "DC=contoso,DC=com" }.into(),
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

    pub(super) fn attribute(&self, name: &str) -> AttributeId {
        attributes::load(&self.environment.database.reader().unwrap()).unwrap().get(name).unwrap()
    }

    /// Stages a full object as an import would: new ones as add, known ones as the difference.
    pub(super) fn stage(&self, connector: ConnectorId, dn: &str, object_type: &str, values: &[(&str, &str)]) -> CsId {
        crate::sync::load_plan(&self.environment.database).unwrap();
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
        // References that are no longer there go.
        let (mut come, mut go, mut back) = (targets.clone(), Vec::new(), Vec::new());
        for row in &object.references {
            let place = (row.attribute, row.target);
            match row.layer {
                ReferenceLayer::Hologram if targets.contains(&place) => come.retain(|come| *come != place),
                ReferenceLayer::Hologram => go.push(place),
                ReferenceLayer::ImportAdd if !targets.contains(&place) => back.push((place, row.layer)),
                ReferenceLayer::ImportDelete if targets.contains(&place) => back.push((place, row.layer)),
                _ => {}
            }
        }
        let operation = if is_new { ObjectOperation::Add } else { ObjectOperation::Update };
        let changes = Delta::changes_between(&object.hologram, &image);
        object.pending_import = if is_new || !changes.is_empty() || !come.is_empty() || !go.is_empty() {
            Delta { operation, object_type: Some(object_type.into()), changes, ..Delta::none() }
        } else {
            Delta::none()
        };
        connector_space::update(&transaction, &object, "").unwrap();
        for ((attribute, target), layer) in back {
            references::remove(&transaction, id, attribute, target, layer).unwrap();
        }
        for (attribute, target) in come {
            references::add(&transaction, id, attribute, target, ReferenceLayer::ImportAdd).unwrap();
        }
        for (attribute, target) in go {
            references::add(&transaction, id, attribute, target, ReferenceLayer::ImportDelete).unwrap();
        }
        transaction.commit().unwrap();
        id
    }

    /// The object of a name; a placeholder is made when there is none.
    pub(super) fn stage_name(&self, connector: ConnectorId, dn: &str) -> CsId {
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

    pub(super) fn stage_delete(&self, id: CsId) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        let mut object = connector_space::load_one(&transaction, id).unwrap().unwrap();
        object.pending_import = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
        connector_space::update(&transaction, &object, "").unwrap();
        transaction.commit().unwrap();
    }

    /// Gives a disconnector a state that only an administrator gives.
    pub(super) fn keep_apart(&self, id: CsId, state: i64) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        let mut object = connector_space::load_one(&transaction, id).unwrap().unwrap();
        object.connector_state = state;
        connector_space::update(&transaction, &object, "").unwrap();
        transaction.commit().unwrap();
    }

    /// Pretends that the tenant took everything staged and that an import confirmed it.
    pub(super) fn export_and_confirm(&self) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        for id in connector_space::to_visit(&transaction, T, connector_space::Visit::Full).unwrap() {
            let mut object = connector_space::load_one(&transaction, id).unwrap().unwrap();
            if object.unapplied.operation == ObjectOperation::Delete {
                connector_space::remove(&transaction, T, id, &[]).unwrap();
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

    pub(super) fn sync(&self, connector: ConnectorId, full: bool, expected: &[(&str, u64)]) -> StepStatus {
        let mut recorder = Recorder::new(RunId(1), 1, Box::new(|_| {}));
        self.run_row();
        let end = run_step(&self.environment, connector, SyncOptions { full, ..SyncOptions::default() }, &mut recorder);
        let expected: BTreeMap<String, u64> = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let mut counters = recorder.counters().clone();
        counters.retain(|name, _| !name.ends_with(":connector-no-flow"));
        assert_eq!(counters, expected, "{end:?}");
        end.status
    }

    /// Counters refer to a run.
    pub(super) fn run_row(&self) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        transaction
            .execute("INSERT OR IGNORE INTO run (id, connector, connector_name, profile, user, status, started, steps) VALUES (1, 1, '', '', '', '', 0, 1)", [])
            .unwrap();
        transaction.commit().unwrap();
    }

    pub(super) fn cs(&self, connector: ConnectorId, dn: &str) -> Option<CsObject> {
        let reader = self.environment.database.reader().unwrap();
        let key = Dn::parse(dn).unwrap().key().to_owned();
        let id = *connector_space::ids_by_dn_key(&reader, connector, [key.as_str()]).unwrap().get(&key)?;
        connector_space::load(&reader, &[id], &LoadOptions::default()).unwrap().pop()
    }

    pub(super) fn mv(&self, id: MvId) -> Option<metaverse::MvObject> {
        metaverse::load_one(&self.environment.database.reader().unwrap(), id).unwrap()
    }

    pub(super) fn text(&self, image: &Image, name: &str) -> Option<String> {
        image.first(self.attribute(name)).map(Value::display)
    }

    /// The metaverse attributes of the object that a connector space object is joined to.
    pub(super) fn identity(&self, connector: ConnectorId, dn: &str) -> metaverse::MvObject {
        self.mv(self.cs(connector, dn).unwrap().mv.unwrap()).unwrap()
    }

    pub(super) fn change_rules(&self, change: impl FnOnce(&mut Vec<SyncRule>)) {
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

pub(super) const ADA: [(&str, &str); 5] = [
    ("objectGUID", "00112233-4455-6677-8899-aabbccddeeff"),
    ("displayName", "Ada Lovelace"),
    ("department", "IT"),
    ("mail", "ada@contoso.com"),
    ("sAMAccountName", "ada"),
];

/// Ada imported, synchronized, exported and confirmed.
pub(super) fn settled() -> World {
    let world = World::new(&fixture_rules());
    world.stage(A, USER, "user", &ADA);
    world.sync(A, false, &[("disconnector-projected-flow", 1), ("3:provisioned-add-flow", 1)]);
    world.export_and_confirm();
    world
}
