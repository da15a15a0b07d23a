//! Queries over small databases made with the store's own functions.

mod connector_space;
mod connectors;
mod expression;
mod layers;
mod metaverse;
mod runs;
mod validate;

use jiff::Timestamp;
use rusqlite::Transaction;
use uuid::Uuid;

use super::QueryContext;
use crate::model::{
    AttributeChange, AttributeId, AttributeTable, ConnectorId, CsId, Delta, Deprovisioning, Dn, Image, MvId, ObjectOperation,
    RuleId, Schema, Value, Values,
};
use crate::rules::{Direction, Flow, FlowSource, LinkType, MergeType, SyncRule};
use crate::store::configuration::{ConnectorRecord, PartitionRecord, ProfileRecord, ProfileStep, StepType};
use crate::store::connector_space::{CsObject, LinkRule};
use crate::store::metaverse::{Contribution, MvNames, MvObject};
use crate::store::references::{self, ReferenceLayer};
use crate::store::{Database, Reader, attributes, configuration, connector_space as cs_store, metaverse as mv_store};

/// The forest.
pub(super) const FOREST: ConnectorId = ConnectorId(1);
/// The tenant.
pub(super) const TENANT: ConnectorId = ConnectorId(2);

const SCHEMA: &str = "[attributes]\nmail = \"string\"\ntitle = \"string\"\nmember = \"reference multi\"\nmanager = \"reference\"\n\
    proxyAddresses = \"string multi\"\nenabled = \"boolean\"\n[types]\nuser = [\"mail\"]";

/// What a directory tells of a partition.
const DETAIL: &str =
    r#"{"name":"NAME","dns_name":"contoso.com","netbios_name":"CONTOSO","forest_dns_name":"contoso.com","domain":true}"#;

/// A moment, in seconds after 1970.
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// The GUID made of a number.
pub(super) fn guid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Text values.
pub(super) fn texts(values: &[&str]) -> Values {
    values.iter().map(Value::text).collect()
}

/// A database in a folder of its own, with a forest and a tenant.
pub(super) struct World {
    database: Database,
    attributes: AttributeTable,
    objects: u128,
    _folder: tempfile::TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("test.db")).unwrap();
        let mut world = Self { database, attributes: AttributeTable::default(), objects: 0, _folder: folder };
        world.connector("contoso.com", "file", r#"{"path":"/data/contoso.ldif"}"#);
        world.connector("contoso.onmicrosoft.com - AAD", "tenant", r#"{"base_url":"https://127.0.0.1:9"}"#);
        world
    }

    pub(super) fn connector(&mut self, name: &str, kind: &str, settings: &str) -> ConnectorId {
        self.objects += 1;
        let record = ConnectorRecord {
            id: ConnectorId(0),
            guid: guid(900 + self.objects),
            name: name.to_owned(),
            kind: kind.to_owned(),
            description: String::new(),
            settings: settings.to_owned(),
            schema: Schema::from_toml(SCHEMA).unwrap(),
            object_types: vec!["user".to_owned()],
            attributes: Vec::new(),
            secret: None,
            deprovisioning: Deprovisioning::default(),
            created: time(1),
            full_import_reason: None,
            full_sync_reason: None,
        };
        self.write(|transaction| configuration::save_connector(transaction, &record).unwrap())
    }

    /// Lets users of a connector have attributes that its schema defines.
    pub(super) fn allow(&mut self, connector: ConnectorId, attributes: &[&str]) {
        let mut record = self.context().connector(connector).unwrap().clone();
        for attribute in attributes {
            assert!(record.schema.allow("user", attribute), "{attribute}");
        }
        self.write(|transaction| configuration::save_connector(transaction, &record).unwrap());
    }

    pub(super) fn partition(&mut self, connector: ConnectorId, name: &str, selected: bool) {
        self.objects += 1;
        let record = PartitionRecord {
            id: crate::model::PartitionId(0),
            guid: guid(800 + self.objects),
            connector,
            name: name.to_owned(),
            selected,
            detail: DETAIL.replace("NAME", name),
            include: Vec::new(),
            exclude: Vec::new(),
            watermark: None,
            generation: 0,
        };
        self.write(|transaction| configuration::save_partition(transaction, &record).unwrap());
    }

    pub(super) fn profile(&mut self, connector: ConnectorId, name: &str, step_type: StepType) {
        self.objects += 1;
        let step = ProfileStep::new(step_type, "default");
        let record = ProfileRecord { guid: guid(700 + self.objects), connector, name: name.to_owned(), steps: vec![step] };
        self.write(|transaction| configuration::save_profile(transaction, &record).unwrap());
    }

    /// A rule with direct flows to the attributes named.
    pub(super) fn rule(
        &mut self,
        name: &str,
        precedence: i64,
        direction: Direction,
        connector: ConnectorId,
        flows: &[&str],
    ) -> RuleId {
        self.changed_rule(name, precedence, direction, connector, flows, |_| {})
    }

    pub(super) fn changed_rule(
        &mut self,
        name: &str,
        precedence: i64,
        direction: Direction,
        connector: ConnectorId,
        flows: &[&str],
        change: impl FnOnce(&mut SyncRule),
    ) -> RuleId {
        let flow = |target: &&str| Flow {
            target: (*target).to_owned(),
            source: FlowSource::Direct((*target).to_owned()),
            apply_once: false,
            merge: MergeType::Update,
        };
        let mut rule = SyncRule {
            id: RuleId(0),
            guid: guid(600_000 + u128::try_from(precedence).unwrap()),
            name: name.to_owned(),
            description: String::new(),
            precedence,
            direction,
            connector,
            connector_object_type: "user".to_owned(),
            metaverse_object_type: "person".to_owned(),
            link: LinkType::Join,
            enabled: true,
            password_sync: false,
            tag: None,
            scope: Vec::new(),
            join: Vec::new(),
            flows: flows.iter().map(flow).collect(),
        };
        change(&mut rule);
        self.write(|transaction| configuration::save_rule(transaction, &rule).unwrap())
    }

    pub(super) fn attribute(&mut self, name: &str) -> AttributeId {
        self.attributes.intern(name)
    }

    /// An image of text values.
    pub(super) fn image(&mut self, values: &[(&str, &[&str])]) -> Image {
        values.iter().map(|(name, values)| (self.attributes.intern(name), texts(values))).collect()
    }

    /// A delta of attribute changes.
    pub(super) fn delta(&mut self, operation: ObjectOperation, changes: &[(&str, AttributeChange)]) -> Delta {
        let changes = changes.iter().map(|(name, change)| (self.attributes.intern(name), change.clone())).collect();
        Delta { operation, changes, ..Delta::none() }
    }

    /// A user in a connector space; numbers and GUIDs count from 1.
    pub(super) fn cs(&mut self, connector: ConnectorId, dn: &str, change: impl FnOnce(&mut CsObject)) -> CsId {
        self.named_cs(connector, dn, "", change)
    }

    pub(super) fn named_cs(&mut self, connector: ConnectorId, dn: &str, name: &str, change: impl FnOnce(&mut CsObject)) -> CsId {
        self.objects += 1;
        let mut object = CsObject::new(guid(self.objects), connector, &Dn::parse(dn).unwrap(), time(10));
        object.object_type = Some("user".to_owned());
        change(&mut object);
        self.write(|transaction| cs_store::insert(transaction, &mut object, name).unwrap())
    }

    pub(super) fn reference(&mut self, object: CsId, attribute: &str, target: CsId, layer: ReferenceLayer) {
        let attribute = self.attributes.intern(attribute);
        self.write(|transaction| references::add(transaction, object, attribute, target, layer).unwrap());
    }

    /// A metaverse object whose display name and search text are its `displayName`, with join keys for
    /// the attributes named.
    pub(super) fn mv(&mut self, object_type: &str, values: &[(&str, &[&str])], keys: &[&str]) -> MvId {
        let image = self.image(values);
        self.mv_of(object_type, image, keys)
    }

    pub(super) fn mv_of(&mut self, object_type: &str, image: Image, keys: &[&str]) -> MvId {
        self.objects += 1;
        let display_name = self.attributes.intern("displayName");
        let name = image.first(display_name).map(Value::display).unwrap_or_default();
        let keys: Vec<AttributeId> = keys.iter().map(|key| self.attributes.intern(key)).collect();
        let mut search_text = String::new();
        for attribute in crate::sync::SEARCH_TEXT {
            let attribute = self.attributes.intern(attribute);
            for text in image.get(attribute).iter().filter_map(Value::as_text) {
                search_text.push_str(&crate::model::fold_text(text));
                search_text.push('\n');
            }
        }
        let names = MvNames {
            search_text,
            display_name: name,
            keys: keys.into_iter().flat_map(|key| image.get(key).iter().map(move |value| (key, value.match_key()))).collect(),
        };
        let mut object = MvObject {
            id: MvId(0),
            guid: guid(self.objects),
            object_type: object_type.to_owned(),
            image,
            lineage: crate::model::SortedMap::new(),
            reference_retry: false,
            provisioning_retry: false,
            created: time(20),
            changed: time(30),
        };
        self.write(|transaction| mv_store::insert(transaction, &mut object, &names).unwrap())
    }

    /// Says that an attribute was contributed.
    pub(super) fn contribute(&mut self, mv: MvId, attribute: &str, object: CsId, rule: RuleId) {
        let attribute = self.attributes.intern(attribute);
        let mut stored = mv_store::load_one(&self.reader(), mv).unwrap().unwrap();
        let before = stored.clone();
        stored.lineage.insert(attribute, Contribution { object, rule, time: time(40) });
        let display_name = self.attributes.intern("displayName");
        let name = stored.image.first(display_name).map(Value::display).unwrap_or_default();
        let names = MvNames { display_name: name, ..MvNames::default() };
        self.write(|transaction| mv_store::update(transaction, &before, &[], &stored, &names, true).unwrap());
    }

    pub(super) fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> T) -> T {
        let mut writer = self.database.writer();
        let transaction = writer.transaction().unwrap();
        let result = work(&transaction);
        attributes::save(&transaction, &self.attributes).unwrap();
        transaction.commit().unwrap();
        result
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        self.database.reader().unwrap()
    }

    pub(super) fn context(&self) -> QueryContext {
        QueryContext::load(&self.reader()).unwrap()
    }
}

/// A link made by a rule.
pub(super) fn link(rule: RuleId, direction: Direction, action: LinkType) -> LinkRule {
    LinkRule { rule, direction, action, applied: time(50) }
}
