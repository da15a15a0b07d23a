//! A connector space on a directory in memory, for the tests of import, export and runs.

use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::{Recorder, StepEnd, StepEnvironment};
use crate::connector::memory::{MemoryDirectory, MemoryEntry, texts};
use crate::connector::{CancelToken, Connector, DirectoryPartition, EntryValue};
use crate::export::{self, ExportOptions};
use crate::import;
use crate::model::{
    AttributeChange, AttributeId, ConnectorId, CsId, Delta, Deprovisioning, Dn, FixedClock, MvId, ObjectOperation, PartitionId,
    RunId, Schema, SequentialIds, Value,
};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord, ProfileStep, StepType};
use crate::store::connector_space::{self, CsObject, LoadOptions};
use crate::store::metaverse::{self, MvNames, MvObject};
use crate::store::references::{self, ReferenceLayer};
use crate::store::runs::{self, RunErrorRecord, RunRecord};
use crate::store::{Database, attributes};

const SCHEMA: &str = r#"
[attributes]
cn = "string"
displayName = "string"
department = "string"
mail = "string"
proxyAddresses = "string multi"
sourceAnchor = "string"
cloudAnchor = "string"
manager = "reference"
member = "reference multi"
[types]
user = ["cn", "displayName", "department", "mail", "proxyAddresses", "sourceAnchor", "cloudAnchor", "manager"]
contact = ["cn", "displayName", "mail", "sourceAnchor", "cloudAnchor"]
group = ["cn", "displayName", "member", "sourceAnchor", "cloudAnchor"]
organizationalUnit = []
domainDNS = []
"#;

/// One connector space, its directory, and what a step needs.
pub(crate) struct Fixture {
    _folder: TempDir,
    pub environment: StepEnvironment,
    pub connector: ConnectorRecord,
    pub partition: PartitionId,
    pub directory: MemoryDirectory,
    pub keys: Vec<AttributeId>,
    pub threshold: Option<u64>,
    /// Seconds that an import waits for an answer.
    pub timeout: u32,
}

/// What a step told.
#[derive(Debug)]
pub(crate) struct Told {
    pub end: StepEnd,
    pub run: RunId,
    /// Counters as `name=number`, in order of name, zero left out.
    pub counters: String,
    pub warnings: Vec<String>,
}

pub(crate) fn reference(dn: &str) -> EntryValue {
    EntryValue::Reference(dn.to_owned())
}

pub(crate) fn schema() -> Schema {
    Schema::from_toml(SCHEMA).unwrap()
}

/// Saves a connector of this kind with one selected partition.
pub(crate) fn add_connector(database: &Database, name: &str, kind: &str, partition: &str) -> (ConnectorRecord, PartitionId) {
    let number = u128::from(xxhash_rust::xxh3::xxh3_64(name.as_bytes()));
    let mut connector = ConnectorRecord {
        id: ConnectorId(0),
        guid: uuid::Uuid::from_u128(number),
        name: name.to_owned(),
        kind: kind.to_owned(),
        description: String::new(),
        settings: String::new(),
        schema: schema(),
        object_types: schema().types().map(str::to_owned).collect(),
        attributes: schema().attributes().map(|definition| definition.name.clone()).collect(),
        secret: None,
        deprovisioning: Deprovisioning::default(),
        created: Timestamp::UNIX_EPOCH,
        full_import_reason: None,
        full_sync_reason: None,
    };
    let mut writer = database.writer();
    let transaction = writer.transaction().unwrap();
    connector.id = configuration::save_connector(&transaction, &connector).unwrap();
    let detail = DirectoryPartition {
        name: partition.to_owned(),
        dns_name: None,
        netbios_name: None,
        forest_dns_name: None,
        forest_netbios_name: None,
        directory_id: None,
        domain: true,
    };
    let record = PartitionRecord {
        id: PartitionId(0),
        guid: uuid::Uuid::from_u128(number + 1),
        connector: connector.id,
        name: partition.to_owned(),
        selected: true,
        detail: serde_json::to_string(&detail).unwrap(),
        include: Vec::new(),
        exclude: Vec::new(),
        watermark: None,
        generation: 0,
    };
    let partition = configuration::save_partition(&transaction, &record).unwrap();
    transaction.commit().unwrap();
    (connector, partition)
}

impl Fixture {
    /// A forest: partition `DC=contoso,DC=com` with `OU=Staff`.
    pub(crate) fn forest() -> Self {
        let fixture = Self::new("contoso.com", "active-directory", "DC=contoso,DC=com");
        fixture.directory.put(MemoryEntry::new("domain", "DC=contoso,DC=com", "domainDNS", texts(&[])));
        fixture.directory.put(MemoryEntry::new("staff", "OU=Staff,DC=contoso,DC=com", "organizationalUnit", texts(&[])));
        fixture
    }

    /// A tenant: partition `default`, flat.
    pub(crate) fn tenant() -> Self {
        let fixture = Self::new("tenant", "tenant", "default");
        fixture.directory.set_capabilities(|can| {
            can.rename = false;
            can.deletion_threshold = true;
        });
        fixture
    }

    fn new(name: &str, kind: &str, partition: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(Database::open(&folder.path().join("syncline.db")).unwrap());
        let directory = MemoryDirectory::new(schema(), partition);
        let (connector, partition) = add_connector(&database, name, kind, partition);
        let mut table = attributes::load(&database.reader().unwrap()).unwrap();
        for definition in connector.schema.attributes() {
            table.intern(&definition.name);
        }
        let mut writer = database.writer();
        let transaction = writer.transaction().unwrap();
        attributes::save(&transaction, &table).unwrap();
        transaction.commit().unwrap();
        drop(writer);
        Self {
            _folder: folder,
            environment: StepEnvironment {
                database,
                clock: Arc::new(FixedClock(Timestamp::UNIX_EPOCH)),
                ids: Arc::new(SequentialIds::default()),
                cancel: CancelToken::default(),
            },
            connector,
            partition,
            directory,
            keys: Vec::new(),
            threshold: None,
            timeout: 120,
        }
    }

    /// Puts a user into `OU=Staff`.
    pub(crate) fn user(&self, name: &str) -> String {
        let dn = format!("CN={name},OU=Staff,DC=contoso,DC=com");
        self.directory.put(MemoryEntry::new(name, &dn, "user", texts(&[("cn", name), ("department", "IT")])));
        dn
    }

    /// Puts a group with these members into `OU=Staff`.
    pub(crate) fn group(&self, name: &str, members: &[&str]) -> String {
        let dn = format!("CN={name},OU=Staff,DC=contoso,DC=com");
        let mut attributes = texts(&[("cn", name)]);
        attributes.insert("member".to_owned(), members.iter().map(|member| reference(member)).collect());
        self.directory.put(MemoryEntry::new(name, &dn, "group", attributes));
        dn
    }

    pub(crate) fn partition(&self) -> PartitionRecord {
        let reader = self.environment.database.reader().unwrap();
        let partitions = configuration::partitions(&reader, self.connector.id).unwrap();
        partitions.into_iter().find(|partition| partition.id == self.partition).unwrap()
    }

    pub(crate) fn import_from(&self, step_type: StepType, directory: &mut dyn Connector) -> Told {
        self.step(step_type, 50, |fixture, step, recorder| {
            let (partition, keys) = (fixture.partition(), &fixture.keys);
            import::run(&fixture.environment, &fixture.connector, &partition, step, directory, recorder, keys)
        })
    }

    /// The same after a stop, ready to go on.
    pub(crate) fn with_new_cancel_token(mut self) -> Self {
        self.environment.cancel = CancelToken::default();
        self
    }

    pub(crate) fn full_import(&self) -> Told {
        self.import_from(StepType::FullImport, &mut self.directory.connect())
    }

    pub(crate) fn delta_import(&self) -> Told {
        self.import_from(StepType::DeltaImport, &mut self.directory.connect())
    }

    pub(crate) fn export(&self) -> Told {
        self.step(StepType::Export, 30, |fixture, step, recorder| {
            let mut directory = fixture.directory.connect();
            let options = ExportOptions { deletion_limit: fixture.threshold.into(), keys: Vec::new() };
            let partition = fixture.partition();
            export::run(&fixture.environment, &fixture.connector, &partition, step, &mut directory, recorder, &options)
        })
    }

    fn step(
        &self,
        step_type: StepType,
        batch_size: u32,
        work: impl FnOnce(&Self, &ProfileStep, &mut Recorder) -> StepEnd,
    ) -> Told {
        let run = {
            let mut writer = self.environment.database.writer();
            let transaction = writer.transaction().unwrap();
            let record = RunRecord {
                id: RunId(0),
                connector: self.connector.id,
                connector_name: self.connector.name.clone(),
                profile: step_type.label().to_owned(),
                user: String::new(),
                status: "in-progress".to_owned(),
                started: Timestamp::UNIX_EPOCH,
                ended: None,
                steps: 1,
            };
            let run = runs::insert_run(&transaction, &record).unwrap();
            transaction.commit().unwrap();
            run
        };
        let partition = self.partition().name;
        let step = ProfileStep { batch_size, timeout_secs: self.timeout, ..ProfileStep::new(step_type, partition) };
        let mut recorder = Recorder::new(run, 1, Box::new(|_| {}));
        let end = work(self, &step, &mut recorder);
        let counters = recorder.counters().iter().filter(|(_, number)| **number > 0);
        let counters = counters.map(|(name, number)| format!("{name}={number}")).collect::<Vec<_>>().join(" ");
        Told { end, run, counters, warnings: recorder.warnings.clone() }
    }

    /// The errors that a step recorded.
    pub(crate) fn errors(&self, told: &Told) -> Vec<RunErrorRecord> {
        runs::errors(&self.environment.database.reader().unwrap(), told.run, 1, 1_000).unwrap()
    }

    /// All objects in order of their numbers.
    pub(crate) fn objects(&self) -> Vec<CsObject> {
        let reader = self.environment.database.reader().unwrap();
        let mut statement = reader.prepare("SELECT id FROM cs_object ORDER BY id").unwrap();
        let ids: Vec<CsId> = statement.query_map([], |row| row.get(0).map(CsId)).unwrap().map(Result::unwrap).collect();
        connector_space::load(&reader, &ids, &LoadOptions::default()).unwrap()
    }

    /// The object of a name.
    pub(crate) fn object(&self, dn: &str) -> CsObject {
        self.find(dn).unwrap_or_else(|| panic!("no object {dn}"))
    }

    /// The object of a name, if there is one.
    pub(crate) fn find(&self, dn: &str) -> Option<CsObject> {
        let key = Dn::parse(dn).unwrap().key().to_owned();
        self.objects().into_iter().find(|object| object.dn_key == key)
    }

    pub(crate) fn attribute(&self, name: &str) -> AttributeId {
        attributes::load(&self.environment.database.reader().unwrap()).unwrap().get(name).unwrap()
    }

    /// Names that an object's reference attribute points at, with all layers up to `top`.
    pub(crate) fn targets(&self, dn: &str, attribute: &str, top: ReferenceLayer) -> Vec<String> {
        let targets = self.object(dn).reference_targets(top).remove(&self.attribute(attribute)).unwrap_or_default();
        let objects = self.objects();
        targets.iter().map(|id| objects.iter().find(|object| object.id == *id).unwrap().dn.clone()).collect()
    }

    /// Changes objects as synchronization would.
    pub(crate) fn change(&self, change: impl Fn(&rusqlite::Transaction<'_>)) {
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        change(&transaction);
        transaction.commit().unwrap();
    }

    /// Stands in for synchronization: every pending import becomes the hologram, deleted objects go, and
    /// every other object is joined to a metaverse object of its own when `join` is given.
    pub(crate) fn synchronize(&self, join: bool) {
        let objects = self.objects();
        self.change(|transaction| {
            for mut object in objects.iter().filter(|object| !object.is_placeholder()).cloned() {
                if object.pending_import.operation == ObjectOperation::Delete {
                    connector_space::remove(transaction, object.connector, object.id, &[]).unwrap();
                    continue;
                }
                let mut hologram = object.hologram.clone();
                object.pending_import.apply_to(&mut hologram);
                object.hologram = hologram;
                object.pending_import = Delta::none();
                references::commit_import(transaction, object.id).unwrap();
                if join && object.mv.is_none() {
                    object.mv = Some(new_metaverse_object(transaction, object.guid));
                }
                connector_space::update(transaction, &object, "").unwrap();
            }
        });
    }

    /// Writes an object changed by the test.
    pub(crate) fn update(&self, dn: &str, change: impl Fn(&mut CsObject)) {
        let mut object = self.object(dn);
        change(&mut object);
        self.change(|transaction| connector_space::update(transaction, &object, "").unwrap());
    }

    /// Provisions an object: an add is staged, joined to a metaverse object.
    pub(crate) fn provision(&self, dn: &str, object_type: &str, values: &[(&str, &str)]) -> CsId {
        let mut object =
            CsObject::new(self.environment.ids.guid(), self.connector.id, &Dn::parse(dn).unwrap(), Timestamp::UNIX_EPOCH);
        object.object_type = Some(object_type.to_owned());
        let changes = values.iter().map(|(name, value)| (self.attribute(name), AttributeChange::Add(one(value)))).collect();
        object.unapplied = Delta {
            operation: ObjectOperation::Add,
            dn: Some(dn.to_owned()),
            object_type: Some(object_type.to_owned()),
            changes,
        };
        let mut writer = self.environment.database.writer();
        let transaction = writer.transaction().unwrap();
        object.mv = Some(new_metaverse_object(&transaction, object.guid));
        let id = connector_space::insert(&transaction, &mut object, "").unwrap();
        transaction.commit().unwrap();
        id
    }

    /// Stages the change of one attribute.
    pub(crate) fn stage(&self, dn: &str, attribute: &str, value: &str) {
        let attribute = self.attribute(attribute);
        self.update(dn, |object| {
            object.unapplied.operation = match object.unapplied.operation {
                ObjectOperation::None => ObjectOperation::Update,
                operation => operation,
            };
            object.unapplied.changes.insert(attribute, AttributeChange::Replace(one(value)));
        });
    }

    /// Stages the deletion of an object, which is unjoined.
    pub(crate) fn stage_delete(&self, dn: &str) {
        self.update(dn, |object| {
            object.mv = None;
            object.unapplied = Delta { operation: ObjectOperation::Delete, ..Delta::none() };
        });
    }

    /// Stages reference values that come.
    pub(crate) fn stage_reference(&self, dn: &str, attribute: &str, target: &str, layer: ReferenceLayer) {
        let (object, target, attribute) = (self.object(dn), self.object(target), self.attribute(attribute));
        self.change(|transaction| references::add(transaction, object.id, attribute, target.id, layer).unwrap());
        if object.unapplied.is_none() {
            self.update(dn, |object| object.unapplied.operation = ObjectOperation::Update);
        }
    }
}

pub(crate) fn one(value: &str) -> crate::model::Values {
    std::iter::once(Value::text(value)).collect()
}

fn new_metaverse_object(transaction: &rusqlite::Transaction<'_>, guid: uuid::Uuid) -> MvId {
    let mut object = MvObject {
        id: MvId(0),
        guid,
        object_type: "person".to_owned(),
        image: crate::model::Image::new(),
        lineage: crate::model::SortedMap::new(),
        reference_retry: false,
        provisioning_retry: false,
        created: Timestamp::UNIX_EPOCH,
        changed: Timestamp::UNIX_EPOCH,
    };
    metaverse::insert(transaction, &mut object, &MvNames::default()).unwrap()
}
