//! What is read from a directory: schema, partitions, containers.

use tempfile::TempDir;

use super::{
    NewDirectory, PartitionError, ProfileChange, SetupContext, SetupError, choose_containers, refresh_schema, select_partitions,
    store_run_profiles,
};
use crate::connector::file::{FileSchema, FileSettings};
use crate::connector::memory::MemoryDirectory;
use crate::model::{AttributeDefinition, ConnectorId, PartitionId, Schema, ValueType};
use crate::service::{Engine, EngineOptions};
use crate::store::configuration::{self, ConnectorRecord, PartitionRecord, ProfileStep, StepType};

const FOREST: &str = "version: 1\n\ndn: DC=fabrikam,DC=com\nobjectClass: domainDNS\nobjectGUID:: AAECAwQFBgcICQoLDA0ODw==\n";

/// A forest with two domains, the second not selected, and a tenant with the default rules.
struct Workshop {
    _folder: TempDir,
    engine: Engine,
    forest: ConnectorId,
}

impl Workshop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::create(&folder.path().join("data"), EngineOptions::default()).unwrap();
        let path = folder.path().join("forest.ldif");
        std::fs::write(&path, FOREST).unwrap();
        let settings = FileSettings { path, schema: FileSchema::ActiveDirectory };
        let forest = engine.add_directory(NewDirectory::file("fabrikam.com", &settings).unwrap()).unwrap().id;
        engine.add_sandbox("fabrikam", &[]).unwrap();
        let workshop = Self { _folder: folder, engine, forest };
        let first = workshop.partitions().remove(0);
        let mut writer = workshop.engine.database().writer();
        let transaction = writer.transaction().unwrap();
        let second = PartitionRecord {
            id: PartitionId(0),
            guid: uuid::Uuid::from_u128(2),
            name: "DC=emea,DC=fabrikam,DC=com".to_owned(),
            selected: false,
            ..first
        };
        configuration::save_partition(&transaction, &second).unwrap();
        configuration::set_required(&transaction, workshop.forest, None, None).unwrap();
        transaction.commit().unwrap();
        drop(writer);
        workshop
    }

    fn context(&self) -> SetupContext<'_> {
        SetupContext {
            folder: self.engine.folder(),
            database: self.engine.database(),
            secrets: self.engine.secrets(),
            ids: self.engine.ids(),
            now: self.engine.now(),
        }
    }

    fn record(&self) -> ConnectorRecord {
        configuration::connector(&self.engine.database().reader().unwrap(), self.forest).unwrap().unwrap()
    }

    fn partitions(&self) -> Vec<PartitionRecord> {
        configuration::partitions(&self.engine.database().reader().unwrap(), self.forest).unwrap()
    }

    fn version(&self) -> u64 {
        super::configuration_version(&self.engine.database().reader().unwrap()).unwrap()
    }

    /// The steps of a profile as `type partition`.
    fn steps(&self, profile: &str) -> Vec<String> {
        let profiles = configuration::profiles(&self.engine.database().reader().unwrap(), self.forest).unwrap();
        let found = profiles.into_iter().find(|known| known.name == profile).unwrap();
        found.steps.iter().map(|step| format!("{} {}", step.step_type.label(), step.partition)).collect()
    }

    fn select(&self, select: &[&str], unselect: &[&str]) -> Result<bool, PartitionError> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        select_partitions(&self.context(), self.forest, &owned(select), &owned(unselect))
    }
}

const ROOT: &str = "DC=fabrikam,DC=com";
const EMEA: &str = "DC=emea,DC=fabrikam,DC=com";

#[test]
fn the_steps_of_run_profiles_follow_the_partitions() {
    let workshop = Workshop::new();
    let version = workshop.version();
    assert!(!workshop.select(&[ROOT], &[EMEA]).unwrap());
    assert_eq!(workshop.version(), version);
    assert!(workshop.select(&["dc=EMEA,dc=fabrikam,dc=com"], &[]).unwrap());
    assert_eq!(workshop.version(), version + 1);
    assert_eq!(workshop.record().full_import_reason.as_deref(), Some("partitions were selected or unselected"));
    let import = |partition: &str| format!("Full Import (Stage Only) {partition}");
    assert_eq!(workshop.steps("Full Import"), [import(ROOT), import(EMEA)]);
    assert_eq!(workshop.steps("Export"), [format!("Export {ROOT}"), format!("Export {EMEA}")]);
    assert_eq!(workshop.steps("Delta Synchronization"), [format!("Delta Synchronization {ROOT}")]);
    assert!(workshop.select(&[], &[ROOT]).unwrap());
    assert_eq!(workshop.steps("Full Import"), [import(EMEA)]);
    assert_eq!(workshop.steps("Delta Synchronization"), [format!("Delta Synchronization {EMEA}")]);
    assert!(matches!(workshop.select(&[], &[EMEA]), Err(PartitionError::NothingSelected)));
    assert!(workshop.select(&["DC=nowhere"], &[]).unwrap_err().to_string().contains(EMEA));
    assert_eq!(workshop.steps("Full Import"), [import(EMEA)]);
}

#[test]
fn containers_are_checked_before_they_are_stored() {
    let workshop = Workshop::new();
    let choose = |include: &[&str], exclude: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        choose_containers(&workshop.context(), workshop.forest, ROOT, &owned(include), &owned(exclude))
    };
    let refused = |include: &[&str], exclude: &[&str], words: &str| {
        let error = choose(include, exclude).unwrap_err().to_string();
        assert!(error.contains(words), "missing {words:?} in {error}");
    };
    refused(&["OU=a"], &[], "does not lie in partition DC=fabrikam,DC=com");
    refused(&["Sales"], &[], "\"Sales\"");
    refused(&[], &[ROOT], "nothing of partition");
    refused(&["OU=a,DC=fabrikam,DC=com"], &["ou=A,DC=fabrikam,DC=com"], "included and excluded");
    assert!(workshop.record().full_import_reason.is_none());
    let corp = "OU=Corp,DC=fabrikam,DC=com";
    assert!(choose(&[corp, "ou=corp,dc=fabrikam,dc=com"], &[ROOT]).unwrap());
    assert!(!choose(&[corp], &[ROOT]).unwrap());
    let stored = workshop.partitions().into_iter().find(|partition| partition.name == ROOT).unwrap();
    assert_eq!((stored.include, stored.exclude), (vec![corp.to_owned()], vec![ROOT.to_owned()]));
    assert_eq!(workshop.record().full_import_reason.as_deref(), Some("containers were chosen"));
    let tenant = workshop.engine.connectors().unwrap().into_iter().find(|known| !known.kind.is_forest()).unwrap();
    let error = choose_containers(&workshop.context(), tenant.id, "default", &[corp.to_owned()], &[]).unwrap_err();
    assert!(matches!(error, PartitionError::NoContainers(_)), "{error}");
}

#[test]
fn a_schema_is_compared_and_stored_only_when_nothing_in_use_goes_unasked() {
    let workshop = Workshop::new();
    let before = workshop.record();
    let refresh = |schema: &Schema, dry_run, remove_used| {
        let mut directory = MemoryDirectory::new(schema.clone(), ROOT).connect();
        refresh_schema(&workshop.context(), workshop.forest, &mut directory, dry_run, remove_used)
    };
    assert!(refresh(&before.schema, false, false).unwrap().is_empty());
    let mut schema = before.schema.clone();
    schema.remove_attributes(|name| ["department", "url"].contains(&name));
    let attribute = |name: &str, multi_valued| AttributeDefinition {
        name: name.to_owned(),
        value_type: ValueType::String,
        multi_valued,
        indexed: false,
    };
    schema.define(attribute("shoeSize", false));
    schema.define(attribute("title", true));
    schema.add_type("robot");
    schema.allow("user", "shoeSize");
    let version = workshop.version();
    let seen = refresh(&schema, true, false).unwrap();
    assert_eq!(seen.types_added, ["robot"]);
    assert_eq!(seen.attributes_added, ["shoeSize"]);
    assert_eq!(seen.attributes_removed, ["department", "url"]);
    assert_eq!(seen.attributes_changed[0].name, "title");
    assert_eq!(seen.attributes_changed[0].after, "string, several values");
    assert!(seen.unselected.contains(&"department".to_owned()), "{:?}", seen.unselected);
    let used = |attribute: &str, part: &str| seen.uses.iter().any(|used| used.attribute == attribute && used.part == part);
    assert!(used("department", "flow to department"), "{:?}", seen.uses);
    let error = refresh(&schema, false, false).unwrap_err();
    assert!(matches!(&error, SetupError::AttributesInUse { uses, .. } if uses.contains("flow to department")), "{error}");
    assert_eq!((workshop.record(), workshop.version()), (before, version));
    assert_eq!(refresh(&schema, false, true).unwrap(), seen);
    let after = workshop.record();
    assert_eq!(workshop.version(), version + 1);
    assert!(after.schema.attribute("department").is_none() && after.schema.attribute("shoeSize").is_some());
    assert!(!after.attributes.contains(&"department".to_owned()));
    assert!(after.full_import_reason.unwrap().contains("department"));
    assert!(refresh(&schema, false, false).unwrap().is_empty());
}

#[test]
fn profiles_with_names_and_steps_that_cannot_be_are_refused() {
    let workshop = Workshop::new();
    let save = |name: &str, step: ProfileStep| {
        super::save_run_profile(&workshop.context(), workshop.forest, name, vec![step], None).map_err(|error| error.to_string())
    };
    let step = || ProfileStep::new(StepType::FullImport, ROOT);
    assert!(save(&"x".repeat(257), step()).unwrap_err().contains("1 to 256"));
    assert!(save("full import", step()).unwrap_err().contains("already exists"));
    assert!(save("One", ProfileStep::new(StepType::FullImport, EMEA)).unwrap_err().contains("not selected"));
    assert!(save("One", ProfileStep { batch_size: 1_000_000, ..step() }).unwrap_err().contains("0 to 999999"));
    assert!(save("One", ProfileStep { timeout_secs: 86_401, ..step() }).unwrap_err().contains("timeout 86401"));
    save("One", step()).unwrap();
    assert_eq!(workshop.steps("One"), [format!("Full Import (Stage Only) {ROOT}")]);
}

#[test]
fn all_profiles_are_stored_at_once_or_not_at_all() {
    let workshop = Workshop::new();
    let profiles = || configuration::profiles(&workshop.engine.database().reader().unwrap(), workshop.forest).unwrap();
    let names = || profiles().into_iter().map(|profile| profile.name).collect::<Vec<_>>();
    let seen = || profiles().into_iter().map(|profile| (profile.name, profile.steps)).collect::<Vec<_>>();
    let as_stored = |place: usize, name: &str| {
        let profile = profiles().swap_remove(place);
        ProfileChange { replaces: Some(profile.name), name: name.to_owned(), steps: profile.steps }
    };
    let store = |seen: &[(String, Vec<ProfileStep>)], changes| {
        store_run_profiles(&workshop.context(), workshop.forest, seen, changes).map_err(|error| error.to_string())
    };
    let before = profiles();
    let first = seen();
    let twice = vec![as_stored(0, "Export"), as_stored(4, "EXPORT")];
    assert_eq!(store(&first, twice).unwrap_err(), "a run profile named \"EXPORT\" already exists");
    let elsewhere = ProfileStep::new(StepType::FullImport, EMEA);
    let new = |step| ProfileChange { replaces: None, name: "New".to_owned(), steps: vec![step] };
    let error = store(&first, vec![as_stored(0, "One"), new(elsewhere)]).unwrap_err();
    assert!(error.starts_with("step 1: partition DC=emea"), "{error}");
    assert_eq!(profiles(), before, "nothing is stored by halves");
    // Two change names, one is new, the others go.
    let changes =
        vec![as_stored(0, "Delta Import"), as_stored(2, "Full Import"), new(ProfileStep::new(StepType::FullImport, ROOT))];
    store(&first, changes.clone()).unwrap();
    assert_eq!(names(), ["Delta Import", "Full Import", "New"]);
    let after = profiles();
    assert_eq!((after[0].guid, after[1].guid), (before[0].guid, before[2].guid));
    assert!(store(&first, changes).unwrap_err().contains("changed meanwhile"));
}
