//! What is read from a directory: its schema, partitions and containers.

use super::engine::{Answer, Engine};
use super::queries::connectors as query;
use super::{ContainerVerdict, EngineError, PartitionView, SchemaRefreshView};
use crate::connector::{ContainerFilter, DirectoryPartition};
use crate::model::{ConnectorId, Dn};
use crate::run::DirectoryFactory as _;
use crate::setup::{self, PartitionError};
use crate::store::configuration::{self, PartitionRecord};

impl From<PartitionError> for EngineError {
    fn from(error: PartitionError) -> Self {
        match error {
            PartitionError::Store(error) => Self::Store(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}

impl Engine {
    /// Reads the schema of a directory (connector by name or GUID) anew and stores it, unless `dry_run` is set. When
    /// rules use attributes that the directory does not have any more, nothing is stored without `remove_used`.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, the directory cannot be used, or attributes in use would go.
    pub fn refresh_schema(&self, connector: &str, dry_run: bool, remove_used: bool) -> Answer<SchemaRefreshView> {
        self.check_idle()?;
        let id = self.connector_id(connector)?;
        let record = configuration::connector(&*self.database().reader()?, id)?;
        let Some(record) = record else {
            return Err(EngineError::UnknownConnector { name: connector.to_owned(), known: String::new() });
        };
        let mut directory = self.directories().open(&record)?;
        let refresh = setup::refresh_schema(&self.setup(), id, directory.as_mut(), dry_run, remove_used)?;
        if !dry_run && !refresh.is_empty() {
            self.tell_configuration_changed();
        }
        Ok(SchemaRefreshView::of(refresh, !dry_run))
    }

    /// The partitions of a connector (name or GUID), by name, with their container filters.
    ///
    /// # Errors
    /// [`EngineError::UnknownConnector`] lists the names there are.
    pub fn partitions(&self, connector: &str) -> Answer<Vec<PartitionView>> {
        let id = self.connector_id(connector)?;
        Ok(self.partition_records(id)?.into_iter().map(view).collect())
    }

    /// Selects and unselects partitions; the steps of all run profiles follow. A full import and a delta
    /// synchronization are needed afterwards.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, or a partition is unknown.
    pub fn select_partitions(&self, connector: &str, select: &[String], unselect: &[String]) -> Answer<Vec<PartitionView>> {
        self.check_idle()?;
        let id = self.connector_id(connector)?;
        if setup::select_partitions(&self.setup(), id, select, unselect)? {
            self.tell_configuration_changed();
        }
        self.partitions(connector)
    }

    /// Chooses the containers of a partition, the only one when none is named. A full import and a delta
    /// synchronization are needed afterwards.
    ///
    /// # Errors
    /// [`EngineError`] when something runs, or a container cannot be used.
    pub fn choose_containers(
        &self,
        connector: &str,
        partition: Option<&str>,
        include: &[String],
        exclude: &[String],
    ) -> Answer<Vec<PartitionView>> {
        self.check_idle()?;
        let id = self.connector_id(connector)?;
        let partition = self.partition_of(id, partition, include.iter().chain(exclude).next())?;
        if setup::choose_containers(&self.setup(), id, &partition, include, exclude)? {
            self.tell_configuration_changed();
        }
        self.partitions(connector)
    }

    /// Whether imports of a connector read the object of a name, and which container decides.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when the name is none, or lies in no partition.
    pub fn container_verdict(&self, connector: &str, dn: &str) -> Answer<ContainerVerdict> {
        let id = self.connector_id(connector)?;
        let name = Dn::parse(dn).map_err(|error| EngineError::Invalid(format!("\"{dn}\" is no distinguished name: {error}")))?;
        let partition = self.partition_of(id, None, Some(&dn.to_owned()))?;
        let records = self.partition_records(id)?;
        let record = records.into_iter().find(|record| record.name == partition);
        let Some(record) = record else { return Err(EngineError::Invalid(format!("{dn} lies in no partition"))) };
        let parse = |names: &[String]| names.iter().filter_map(|name| Dn::parse(name).ok()).collect::<Vec<_>>();
        let (include, exclude) = (parse(&record.include), parse(&record.exclude));
        let decides = include.iter().chain(&exclude).filter(|container| name.is_under(container)).max_by_key(|dn| dn.depth());
        Ok(ContainerVerdict {
            selected: record.selected && ContainerFilter::new(&include, &exclude).selects(&name),
            partition: record.name,
            container: decides.map(ToString::to_string),
        })
    }

    fn connector_id(&self, connector: &str) -> Answer<ConnectorId> {
        self.query(|_, context| query::find(context, connector).map(|record| record.id))
    }

    fn partition_records(&self, connector: ConnectorId) -> Answer<Vec<PartitionRecord>> {
        Ok(configuration::partitions(&*self.database().reader()?, connector)?)
    }

    /// The partition that is meant: the one named, the one that a name lies in, or the only one.
    fn partition_of(&self, connector: ConnectorId, named: Option<&str>, inside: Option<&String>) -> Answer<String> {
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        let records = self.partition_records(connector)?;
        if let Some(dn) = inside.and_then(|dn| Dn::parse(dn).ok()) {
            let holds = |record: &&PartitionRecord| Dn::parse(&record.name).is_ok_and(|root| dn.is_under(&root));
            let deepest = records.iter().filter(holds).max_by_key(|record| record.name.len());
            return deepest
                .map(|record| record.name.clone())
                .ok_or_else(|| EngineError::Invalid(format!("{dn} lies in no partition of the connector")));
        }
        match records.as_slice() {
            [only] => Ok(only.name.clone()),
            several => {
                let known = several.iter().map(|record| record.name.as_str()).collect::<Vec<_>>().join("; ");
                Err(EngineError::Invalid(format!("name the partition; there are {known}")))
            }
        }
    }
}

fn view(record: PartitionRecord) -> PartitionView {
    let detail = serde_json::from_str::<DirectoryPartition>(&record.detail).ok();
    PartitionView {
        domain: detail.is_some_and(|detail| detail.domain),
        can_import_changes: record.watermark.is_some(),
        name: record.name,
        selected: record.selected,
        include: record.include,
        exclude: record.exclude,
    }
}
