//! Everything that can be set at a connector: read as one view, judged and stored as one change.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use uuid::Uuid;

use super::engine::{Answer, Engine};
use super::queries::connectors as query;
use super::{
    AttributeChoice, ConnectorProperties, ConnectorSummary, ContainerLevel, EngineError, NewConnector, ObjectTypeChoice,
    RuleRefView,
};
use crate::model::{RuleId, fold_text};
use crate::run::DirectoryFactory as _;
use crate::setup::{
    self, ConnectionSettings, ConnectorChange, ConnectorChangeError, ConnectorChangeReport, ConnectorFault, ConnectorPlace,
    NewDirectory, RuleUse, STRUCTURE_TYPES,
};
use crate::store::configuration::{self, ConnectorRecord, TENANT_KIND};
use crate::store::options::{self, SANDBOX_FOLDER};
use crate::store::{attributes, schema};
use crate::{protection, rules, sync};

impl From<ConnectorChangeError> for EngineError {
    fn from(error: ConnectorChangeError) -> Self {
        match error {
            ConnectorChangeError::Store(error) => Self::Store(error),
            ConnectorChangeError::Setup(error) => Self::Setup(error),
            other => Self::ConnectorChange(other),
        }
    }
}

impl Engine {
    /// Everything that can be set at a connector (name or GUID), as of one moment.
    ///
    /// # Errors
    /// [`EngineError`] when the connector is unknown, or the database cannot be read.
    pub fn connector_properties(&self, connector: &str) -> Answer<ConnectorProperties> {
        let record = self.query(|_, context| query::find(context, connector).cloned())?;
        let reader = self.database().reader()?;
        let stored = configuration::rules(&reader)?;
        let mut table = attributes::load(&reader)?;
        let inputs = sync::plan_inputs(&reader)?;
        let (plan, _) = rules::compile(&stored, inputs, &schema::metaverse(&reader)?, &mut table);
        let guids: BTreeMap<RuleId, Uuid> = stored.iter().map(|rule| (rule.id, rule.guid)).collect();
        let told =
            |rule: RuleUse| Some(RuleRefView { guid: *guids.get(&rule.id)?, precedence: rule.precedence, name: rule.name });
        let used: BTreeMap<String, Vec<RuleRefView>> = setup::rules_by_attribute(&plan, record.id)
            .into_iter()
            .map(|(attribute, rules)| (fold_text(plan.name(attribute)), rules.into_iter().filter_map(told).collect()))
            .collect();
        let mut by_type: BTreeMap<String, Vec<RuleRefView>> = BTreeMap::new();
        for rule in stored.iter().filter(|rule| rule.connector == record.id && rule.enabled) {
            let told = RuleRefView { guid: rule.guid, precedence: rule.precedence, name: rule.name.clone() };
            by_type.entry(fold_text(&rule.connector_object_type)).or_default().push(told);
        }
        let hosted = record.kind == TENANT_KIND && options::get(&reader, SANDBOX_FOLDER)?.is_some();
        let limit = protection::deletion_limit(&reader)?;
        let version = options::configuration_version(&reader)?;
        drop(reader);
        Ok(ConnectorProperties {
            partitions: self.partitions(connector)?,
            object_types: object_types(&record, &by_type),
            attributes: attribute_choices(&record, &used),
            connection: ConnectionSettings::of(&record)?,
            kind: query::kind_of(&record)?,
            has_secret: record.secret.is_some(),
            anchor: match ConnectionSettings::of(&record)? {
                ConnectionSettings::Ldap(settings) => settings.anchor,
                ConnectionSettings::Tenant(_) => "cloudAnchor".to_owned(),
                ConnectionSettings::Forest(_) | ConnectionSettings::File(_) => "objectGUID".to_owned(),
            },
            deletion_limit: (record.kind == TENANT_KIND).then_some(limit),
            id: record.id,
            guid: record.guid,
            name: record.name,
            description: record.description,
            created: record.created,
            deprovisioning: record.deprovisioning,
            hosted,
            version,
        })
    }

    /// Changes a connector (name or GUID): everything at once, or nothing. The directory is signed in to before
    /// another connection or secret is stored; runs that begin afterwards use it.
    ///
    /// # Errors
    /// [`EngineError::ConnectorChange`] with everything that is wrong and where; otherwise when something runs.
    pub fn change_connector(&self, connector: &str, change: &ConnectorChange) -> Answer<ConnectorChangeReport> {
        self.check_idle()?;
        if let Some(Err(EngineError::Invalid(message))) = change.deletion_limit.map(super::protection::check_limit) {
            let fault = ConnectorFault { place: ConnectorPlace::Protection, message };
            return Err(ConnectorChangeError::Refused(vec![fault]).into());
        }
        let id = self.query(|_, context| query::find(context, connector).map(|record| record.id))?;
        let report = setup::change_connector(&self.setup(), id, change)?;
        if report.changed {
            self.tell_configuration_changed();
        }
        Ok(report)
    }

    /// Signs in at the directory of a connector (name or GUID), changed so far as given, and leaves again. Stores
    /// nothing.
    ///
    /// # Errors
    /// [`EngineError`] says what failed and what to do.
    pub fn test_connection(&self, connector: &str, connection: &ConnectionSettings, secret: Option<SecretString>) -> Answer<()> {
        let record = self.query(|_, context| query::find(context, connector).cloned())?;
        Ok(setup::try_settings(&self.setup(), &record, connection, secret)?)
    }

    /// The containers of a partition below one of its names, as the directory has them now: the next level, or
    /// everything where the directory is read whole anyway.
    ///
    /// # Errors
    /// [`EngineError`] when the directory cannot be reached.
    pub fn containers(&self, connector: &str, partition: &str, below: &str) -> Answer<ContainerLevel> {
        let record = self.query(|_, context| query::find(context, connector).cloned())?;
        let mut directory = self.directories().open(&record)?;
        let found = directory.containers(partition, below)?;
        Ok(ContainerLevel { names: found.names, whole: found.whole })
    }

    /// Adds a connector; see [`Engine::add_directory`] and [`Engine::add_sandbox`].
    ///
    /// # Errors
    /// [`EngineError`] when something runs, the name is in use, or the directory cannot be used.
    pub fn create_connector(&self, new: NewConnector) -> Answer<ConnectorSummary> {
        let directory = match new {
            NewConnector::Sandbox { tenant, domains } => return self.add_sandbox(&tenant, &domains),
            NewConnector::File { name, settings } => NewDirectory::file(&name, &settings)?,
            NewConnector::Forest { name, settings, secret } => NewDirectory::active_directory(&name, &settings, secret)?,
            NewConnector::Ldap { name, settings, secret } => NewDirectory::generic_ldap(&name, &settings, secret)?,
            NewConnector::Tenant { settings, secret } => return self.add_tenant(*settings, secret),
        };
        self.add_directory(directory)
    }
}

fn object_types(record: &ConnectorRecord, by_type: &BTreeMap<String, Vec<RuleRefView>>) -> Vec<ObjectTypeChoice> {
    let selected: BTreeSet<String> = record.object_types.iter().map(|name| fold_text(name)).collect();
    let choice = |name: &str| ObjectTypeChoice {
        selected: selected.contains(&fold_text(name)),
        needed: configuration::is_forest(&record.kind) && STRUCTURE_TYPES.iter().any(|known| known.eq_ignore_ascii_case(name)),
        rules: by_type.get(&fold_text(name)).cloned().unwrap_or_default(),
        name: name.to_owned(),
    };
    let mut types: Vec<ObjectTypeChoice> = record.schema.types().map(choice).collect();
    types.sort_by_cached_key(|choice| fold_text(&choice.name));
    types
}

fn attribute_choices(record: &ConnectorRecord, used: &BTreeMap<String, Vec<RuleRefView>>) -> Vec<AttributeChoice> {
    let selected: BTreeSet<String> = record.attributes.iter().map(|name| fold_text(name)).collect();
    let mut attributes: Vec<AttributeChoice> = record
        .schema
        .attributes()
        .map(|definition| {
            let key = fold_text(&definition.name);
            AttributeChoice {
                selected: selected.is_empty() || selected.contains(&key),
                needed: configuration::is_forest(&record.kind) && setup::ALWAYS.iter().any(|known| fold_text(known) == key),
                rules: used.get(&key).cloned().unwrap_or_default(),
                name: definition.name.clone(),
                value_type: definition.value_type,
                multi_valued: definition.multi_valued,
            }
        })
        .collect();
    attributes.sort_by_cached_key(|choice| fold_text(&choice.name));
    attributes
}
