//! Takes an exported configuration over, in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Transaction;
use uuid::Uuid;

use super::connector::{CLOUD_CONNECTOR, ServerConnector, ServerConnectorKind};
use super::convert_connector::{self, NewConnector};
use super::error::{Finding, InteropError};
use super::folder::{ServerConfiguration, read};
use super::import_rules;
use super::metaverse;
use super::reading::braced;
use super::report::{
    ConnectorFate, ExportedConnector, ExportedKind, ImportReport, ImportedConnector, Remark, ServerConfigurationView,
};
use super::rule::ServerRule;
use super::settings;
use crate::model::{ConnectorId, IdSource, Schema, fold_text};
use crate::setup::{TENANT_KIND, select_attributes};
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::schema;
use crate::store::server_documents::{self, DocumentKind, ServerDocument};
use crate::store::{Database, StoreError};
use crate::sync::load_plan;

/// What a configuration is taken over into, or written from.
#[derive(Clone, Copy)]
pub struct InteropContext<'a> {
    /// The database.
    pub database: &'a Database,
    /// Gives out GUIDs.
    pub ids: &'a dyn IdSource,
    /// The present instant.
    pub now: Timestamp,
}

/// How an exported configuration is taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Connectors of the export, by name or GUID, whose rules go to connectors that are here.
    pub mappings: Vec<(String, String)>,
    /// Store nothing; tell what would happen.
    pub dry_run: bool,
    /// Rules that are here may be replaced and removed.
    pub replace_rules: bool,
}

/// Where a connector of the export goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A connector of this database.
    Connector(ConnectorId),
    /// Kept aside for an export.
    Kept,
}

/// Reads an exported configuration and tells what it holds, for choosing mappings.
///
/// # Errors
/// [`InteropError`] names file, element and value of what is wrong.
pub fn outline(path: &Path) -> Result<ServerConfigurationView, InteropError> {
    let configuration = read(path)?;
    let metaverse = configuration.metaverse.as_ref();
    let rules_of = |id: Uuid| configuration.rules.iter().filter(|rule| rule.connector == id).count() as u64;
    let mut connectors: Vec<ExportedConnector> = configuration
        .connectors
        .iter()
        .map(|server| ExportedConnector {
            name: server.name.clone(),
            guid: server.id,
            kind: match server.kind() {
                ServerConnectorKind::ActiveDirectory => ExportedKind::Forest,
                ServerConnectorKind::Cloud => ExportedKind::Tenant,
                ServerConnectorKind::Other => ExportedKind::Other,
            },
            rules: rules_of(server.id),
        })
        .collect();
    let known: BTreeSet<Uuid> = connectors.iter().map(|connector| connector.guid).collect();
    let strangers: BTreeSet<Uuid> =
        configuration.rules.iter().map(|rule| rule.connector).filter(|id| !known.contains(id)).collect();
    connectors.extend(strangers.into_iter().map(|id| ExportedConnector {
        name: braced(id),
        guid: id,
        kind: if id == CLOUD_CONNECTOR { ExportedKind::TenantRules } else { ExportedKind::RulesOnly },
        rules: rules_of(id),
    }));
    Ok(ServerConfigurationView {
        folder: path.display().to_string(),
        server: metaverse.map(|metaverse| metaverse.server.clone()).filter(|name| !name.is_empty()),
        server_version: metaverse.and_then(|known| known.setting("Synchronize.ServerConfigurationVersion")).map(str::to_owned),
        connectors,
        rules: configuration.rules.len() as u64,
    })
}

/// Reads an exported configuration and stores it.
///
/// # Errors
/// [`InteropError`] names file, element and value, or the connector in the way; nothing is stored then.
pub fn import(context: &InteropContext<'_>, path: &Path, options: &ImportOptions) -> Result<ImportReport, InteropError> {
    take(context, &read(path)?, path, options)
}

/// Stores a configuration that was read from a path.
pub(super) fn take(
    context: &InteropContext<'_>,
    configuration: &ServerConfiguration,
    path: &Path,
    options: &ImportOptions,
) -> Result<ImportReport, InteropError> {
    let report = {
        let mut writer = context.database.writer();
        let transaction = writer.transaction()?;
        let mut import = Import {
            context,
            transaction: &transaction,
            configuration,
            targets: BTreeMap::new(),
            report: ImportReport { folder: path.display().to_string(), dry_run: options.dry_run, ..ImportReport::default() },
        };
        import.run(options)?;
        let report = import.report;
        if options.dry_run {
            return Ok(report);
        }
        if !options.replace_rules && !report.replaced.is_empty() {
            let connectors: BTreeSet<&str> = report.replaced.iter().map(|rule| rule.connector.as_str()).collect();
            return Err(InteropError::NotConfirmed {
                rules: report.replaced.len(),
                connectors: connectors.into_iter().collect::<Vec<_>>().join(", "),
            });
        }
        transaction.commit().map_err(StoreError::sqlite("storing an imported configuration"))?;
        report
    };
    // The rules may look up other attributes: the join keys follow.
    load_plan(context.database)?;
    Ok(report)
}

pub(super) struct Import<'a> {
    pub context: &'a InteropContext<'a>,
    pub transaction: &'a Transaction<'a>,
    pub configuration: &'a ServerConfiguration,
    pub targets: BTreeMap<Uuid, Target>,
    pub report: ImportReport,
}

impl Import<'_> {
    fn run(&mut self, options: &ImportOptions) -> Result<(), InteropError> {
        let warnings = self.configuration.warnings.iter().map(ToString::to_string);
        self.report.warnings = warnings.collect();
        self.metaverse()?;
        self.connectors(options)?;
        import_rules::take(self)?;
        select_attributes(self.transaction)?;
        self.requirements()
    }

    fn metaverse(&mut self) -> Result<(), InteropError> {
        let Some(exported) = &self.configuration.metaverse else { return Ok(()) };
        self.report.server = Some(exported.server.clone()).filter(|name| !name.is_empty());
        self.report.server_version = exported.setting("Synchronize.ServerConfigurationVersion").map(str::to_owned);
        let present = schema::metaverse(self.transaction)?;
        let mut additions = Schema::default();
        let attributes = exported.schema.by_name();
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for class in &exported.schema.classes {
            for name in class.attributes.iter().map(|attribute| &attribute.name) {
                if present.attribute_of(&class.name, name).is_some() {
                    continue;
                }
                let Some(theirs) = attributes.get(&fold_text(name)) else { continue };
                additions.define(present.attribute(name).cloned().unwrap_or_else(|| theirs.definition()));
                additions.add_type(&class.name);
                additions.allow(&class.name, name);
                told.entry(class.name.clone()).or_default().push(name.clone());
            }
            if present.type_name(&class.name).is_none() {
                additions.add_type(&class.name);
                told.entry(class.name.clone()).or_default();
            }
        }
        for attribute in &exported.schema.attributes {
            let (theirs, Some(ours)) = (attribute.definition(), present.attribute(&attribute.name)) else { continue };
            if (theirs.value_type, theirs.multi_valued) != (ours.value_type, ours.multi_valued) {
                let words = |multi: bool| if multi { "multi-valued" } else { "single-valued" };
                self.report.not_taken.push(Remark::of(
                    format!("metaverse attribute {}", ours.name),
                    format!(
                        "it stays {} {}; on the server it is {} {}",
                        words(ours.multi_valued),
                        ours.value_type.word(),
                        words(theirs.multi_valued),
                        theirs.value_type.word()
                    ),
                ));
            }
        }
        if additions != Schema::default() {
            schema::extend_metaverse(self.transaction, &additions)?;
        }
        for (object_type, attributes) in told {
            let text = if attributes.is_empty() { "added".to_owned() } else { format!("added: {}", attributes.join(", ")) };
            self.report.taken.push(Remark::of(format!("metaverse object type {object_type}"), text));
        }
        settings::take(exported, self.transaction, &mut self.report.taken, &mut self.report.not_taken)?;
        let body = metaverse::envelope(&exported.server, None, exported.element.clone()).render();
        let document = ServerDocument { body, stored: String::new() };
        server_documents::save(self.transaction, DocumentKind::Metaverse, Uuid::nil(), &document)?;
        Ok(())
    }

    /// Decides where each connector of the export goes, and makes those that are not here.
    fn connectors(&mut self, options: &ImportOptions) -> Result<(), InteropError> {
        let mapped = self.mappings(options)?;
        let mut rules: BTreeMap<Uuid, Vec<&ServerRule>> = BTreeMap::new();
        for rule in &self.configuration.rules {
            rules.entry(rule.connector).or_default().push(rule);
        }
        let configuration = self.configuration;
        for server in &configuration.connectors {
            let own = rules.get(&server.id).map_or(&[][..], Vec::as_slice);
            let (target, fate) = self.place(server, own, mapped.get(&server.id).copied())?;
            self.targets.insert(server.id, target);
            self.tell(&server.name, server.id, own.len(), target, fate)?;
        }
        let mut strangers = Vec::new();
        for (id, own) in &rules {
            if self.targets.contains_key(id) {
                continue;
            }
            let present = self.present()?;
            let here = present.iter().find(|record| record.guid == *id);
            // The cloud connector has one identity on every server, so its rules are the tenant's.
            let here = here.or_else(|| present.iter().find(|record| *id == CLOUD_CONNECTOR && record.kind == TENANT_KIND));
            let here = here.map(|record| record.id);
            match mapped.get(id).copied().or(here) {
                Some(target) => {
                    self.targets.insert(*id, Target::Connector(target));
                    self.tell(&braced(*id), *id, own.len(), Target::Connector(target), ConnectorFate::Mapped)?;
                }
                None => strangers.push(Finding {
                    file: self.report.folder.clone(),
                    element: "connector".to_owned(),
                    message: format!(
                        "{} rules, such as \"{}\", belong to connector {id}, which is neither in the export nor here; map it \
                         onto a connector that is here (on the command line: --map {id}=NAME)",
                        own.len(),
                        own.first().map_or("", |rule| rule.name.as_str())
                    ),
                }),
            }
        }
        if strangers.is_empty() { Ok(()) } else { Err(InteropError::Refused(strangers)) }
    }

    fn present(&self) -> Result<Vec<ConnectorRecord>, StoreError> {
        configuration::connectors(self.transaction)
    }

    /// The connectors that an administrator mapped, by their identity in the export.
    fn mappings(&self, options: &ImportOptions) -> Result<BTreeMap<Uuid, ConnectorId>, InteropError> {
        let mut sources: BTreeMap<Uuid, (String, Option<ServerConnectorKind>)> =
            self.configuration.rules.iter().map(|rule| (rule.connector, (rule.connector.to_string(), None))).collect();
        for server in &self.configuration.connectors {
            sources.insert(server.id, (server.name.clone(), Some(server.kind())));
        }
        let present = self.present()?;
        let mut mapped = BTreeMap::new();
        for (from, to) in &options.mappings {
            let wanted = Uuid::try_parse(from.trim().trim_start_matches('{').trim_end_matches('}')).ok();
            let source = sources.iter().find(|(id, (name, _))| Some(**id) == wanted || fold_text(name) == fold_text(from.trim()));
            let Some((id, (name, kind))) = source else {
                let known: Vec<String> = sources.values().map(|(name, _)| format!("\"{name}\"")).collect();
                return Err(InteropError::UnknownSource { name: from.clone(), known: known.join(", ") });
            };
            let wanted = Uuid::try_parse(to.trim()).ok();
            let target =
                present.iter().find(|record| fold_text(&record.name) == fold_text(to.trim()) || Some(record.guid) == wanted);
            let Some(target) = target else {
                let known: Vec<&str> = present.iter().map(|record| record.name.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(InteropError::UnknownTarget { name: to.clone(), known });
            };
            let refuse = |reason: &'static str| InteropError::Mapping { from: name.clone(), to: target.name.clone(), reason };
            let is_tenant = target.kind == TENANT_KIND;
            match kind {
                Some(ServerConnectorKind::ActiveDirectory) if is_tenant => {
                    return Err(refuse("one is a forest, the other a tenant"));
                }
                Some(ServerConnectorKind::Cloud) if !is_tenant => return Err(refuse("one is a tenant, the other a forest")),
                Some(ServerConnectorKind::Other) => return Err(refuse("this product does not run connectors of its category")),
                _ => {}
            }
            if mapped.values().any(|known| *known == target.id) {
                return Err(refuse("another connector of the export is mapped onto it"));
            }
            if mapped.insert(*id, target.id).is_some() {
                return Err(refuse("it is mapped twice"));
            }
        }
        Ok(mapped)
    }

    fn place(
        &mut self,
        server: &ServerConnector,
        rules: &[&ServerRule],
        mapped: Option<ConnectorId>,
    ) -> Result<(Target, ConnectorFate), InteropError> {
        let present = self.present()?;
        let here = mapped.or_else(|| present.iter().find(|record| record.guid == server.id).map(|record| record.id));
        if let Some(id) = here {
            let name = present.iter().find(|record| record.id == id).map_or("", |record| record.name.as_str());
            self.report.changed.push(Remark::of(
                format!("connector {}", server.name),
                format!("only its rules were taken: connection, schema, partitions, containers and run profiles of {name} stay"),
            ));
            let theirs = server.deprovisioning.unwrap_or_default();
            let ours = present.iter().find(|record| record.id == id).map(|record| record.deprovisioning).unwrap_or_default();
            if theirs != ours {
                self.report.not_taken.push(Remark::of(
                    format!("connector {}", server.name),
                    format!("deprovisioning stays {}; on the server it is {}", ours.word(), theirs.word()),
                ));
            }
            return Ok((Target::Connector(id), ConnectorFate::Mapped));
        }
        if server.kind() == ServerConnectorKind::Other {
            let document = ServerDocument { body: server.element.render(), stored: String::new() };
            server_documents::save(self.transaction, DocumentKind::ForeignConnector, server.id, &document)?;
            self.report.not_taken.push(Remark::of(
                format!("connector {}", server.name),
                format!(
                    "this product does not run connectors of category {}; it is kept with its rules for an export",
                    server.category
                ),
            ));
            return Ok((Target::Kept, ConnectorFate::Kept));
        }
        self.check_room(server, &present)?;
        let ImportReport { changed, not_taken, .. } = &mut self.report;
        let new = convert_connector::create(self.context, server, rules, changed, not_taken)?;
        let id = self.store(new)?;
        let document = ServerDocument { body: server.element.render(), stored: String::new() };
        server_documents::save(self.transaction, DocumentKind::Connector, server.id, &document)?;
        if server.kind() == ServerConnectorKind::Cloud {
            self.report.changed.push(Remark::of(
                format!("connector {}", server.name),
                "it is not connected to a tenant yet; \"syncline connector add sandbox\" connects it",
            ));
        }
        Ok((Target::Connector(id), ConnectorFate::Created))
    }

    /// Refuses a connector whose name, tenant or partition is taken.
    fn check_room(&self, server: &ServerConnector, present: &[ConnectorRecord]) -> Result<(), InteropError> {
        let in_the_way = |record: &ConnectorRecord, reason: &'static str| InteropError::InTheWay {
            from: server.name.clone(),
            to: record.name.clone(),
            reason,
        };
        if server.kind() == ServerConnectorKind::Cloud
            && let Some(tenant) = present.iter().find(|record| record.kind == TENANT_KIND)
        {
            return Err(in_the_way(tenant, "there is a tenant already, and there can be only one"));
        }
        if let Some(record) = present.iter().find(|record| fold_text(&record.name) == fold_text(&server.name)) {
            return Err(in_the_way(record, "a connector has its name"));
        }
        for record in present {
            let taken = configuration::partitions(self.transaction, record.id)?;
            let ids: Vec<Uuid> =
                server.partitions.iter().map(|partition| partition.directory_id.unwrap_or(partition.id)).collect();
            if taken.iter().any(|partition| ids.contains(&partition.guid)) {
                return Err(in_the_way(record, "a connector reads its partition"));
            }
        }
        Ok(())
    }

    fn store(&mut self, new: NewConnector) -> Result<ConnectorId, InteropError> {
        let NewConnector { record, partitions, profiles } = new;
        let mut taken = BTreeSet::new();
        for known in self.present()? {
            taken.extend(configuration::profiles(self.transaction, known.id)?.into_iter().map(|profile| profile.guid));
        }
        let connector = configuration::save_connector(self.transaction, &record)?;
        for mut partition in partitions {
            partition.connector = connector;
            configuration::save_partition(self.transaction, &partition)?;
        }
        for mut profile in profiles {
            profile.connector = connector;
            if !taken.insert(profile.guid) {
                profile.guid = self.context.ids.guid();
            }
            configuration::save_profile(self.transaction, &profile)?;
        }
        Ok(connector)
    }

    fn tell(&mut self, name: &str, guid: Uuid, rules: usize, target: Target, fate: ConnectorFate) -> Result<(), InteropError> {
        let target = match target {
            Target::Connector(id) => configuration::connector(self.transaction, id)?.map(|record| record.name),
            Target::Kept => None,
        };
        self.report.connectors.push(ImportedConnector {
            name: name.to_owned(),
            guid,
            fate,
            target,
            rules: rules as u64,
            needs_credential: fate == ConnectorFate::Created,
            needs_full_import: false,
            needs_full_synchronization: false,
        });
        Ok(())
    }

    /// Other rules mean other results: everything is synchronized once more.
    fn requirements(&mut self) -> Result<(), InteropError> {
        let counts = self.report.rules;
        if counts.created + counts.updated + counts.removed > 0 {
            for record in self.present()? {
                let sync = record.full_sync_reason.as_deref().unwrap_or("synchronization rules were imported");
                configuration::set_required(self.transaction, record.id, record.full_import_reason.as_deref(), Some(sync))?;
            }
        }
        let present = self.present()?;
        for connector in &mut self.report.connectors {
            let record = present.iter().find(|record| Some(&record.name) == connector.target.as_ref());
            connector.needs_full_import = record.is_some_and(|record| record.full_import_reason.is_some());
            connector.needs_full_synchronization = record.is_some_and(|record| record.full_sync_reason.is_some());
        }
        Ok(())
    }
}
