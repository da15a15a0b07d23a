//! Connectors of the engine as a server writes them. Of an imported connector everything that has not changed since is
//! written word for word.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::connector::{
    CLOUD_CONNECTOR, CLOUD_SUBTYPE, FORMAT, ROOT, ServerConnector, ServerPartition, ServerRunProfile, ServerStep, cleanup,
};
use super::convert_connector::{log_file, partition_name, step_type};
use super::reading::{braced, braced_upper};
use super::schema::{self, Dialect};
use super::xml::Element;
use crate::connector::DirectoryPartition;
use crate::connector::active_directory::ActiveDirectorySettings;
use crate::connector::entra::EntraSettings;
use crate::model::{Deprovisioning, fold_text};
use crate::setup::{ACTIVE_DIRECTORY_KIND, TENANT_KIND};
use crate::store::configuration::{ConnectorRecord, LogFileUsage, PartitionRecord, ProfileRecord, ProfileStep, StepType};

/// A connector with all that belongs to it.
pub(super) struct Source<'a> {
    pub record: &'a ConnectorRecord,
    pub partitions: &'a [PartitionRecord],
    pub profiles: &'a [ProfileRecord],
    /// What a server once wrote of it.
    pub original: Option<&'a ServerConnector>,
    /// The present instant.
    pub now: Timestamp,
}

/// A time as exports spell it, in UTC.
pub(super) fn time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// The identity of a connector in exports: the cloud connector has one and the same on every server.
pub(super) fn exported_id(record: &ConnectorRecord) -> Uuid {
    if record.kind == TENANT_KIND { CLOUD_CONNECTOR } else { record.guid }
}

/// Writes a connector.
pub(super) fn write(source: &Source<'_>) -> Element {
    match source.original {
        Some(original) => source.rewrite(original),
        None => source.write_new(),
    }
}

fn same_names(left: &[String], right: &[String]) -> bool {
    let folded = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| fold_text(name)).collect();
        names.sort();
        names
    };
    folded(left) == folded(right)
}

impl Source<'_> {
    fn is_tenant(&self) -> bool {
        self.record.kind == TENANT_KIND
    }

    fn rewrite(&self, original: &ServerConnector) -> Element {
        let mut element = original.element.clone();
        let record = self.record;
        if original.name != record.name {
            element.replace(Element::of_text("name", &record.name));
        }
        if original.description != record.description {
            element.replace(Element::of_text("description", &record.description));
        }
        let known = original.schema.by_name();
        if record.schema.attributes().any(|attribute| !known.contains_key(&fold_text(&attribute.name))) {
            element.replace(self.schema());
        }
        if original.deprovisioning.unwrap_or_default() != record.deprovisioning {
            element.replace(cleanup(record.deprovisioning));
        }
        // What the schema lacks is not selected here, and goes back all the same.
        let unknown = original.attributes.iter().filter(|name| record.schema.attribute(name).is_none());
        let names: Vec<String> = record.attributes.iter().chain(unknown).cloned().collect();
        if !same_names(&original.attributes, &names) {
            element.replace(inclusion(names));
        }
        let types_changed = !same_names(&original.object_classes(), &record.object_types);
        let partitions = self.partitions.iter().map(|partition| {
            let known = original.partitions.iter().position(|other| other.name == partition.name);
            let (before, written) = match known {
                Some(index) => {
                    let written = element.at(&["ma-partition-data"]).and_then(|list| list.all("partition").nth(index));
                    (original.partitions.get(index), written)
                }
                None => (None, None),
            };
            match (before, written) {
                (Some(before), Some(written)) if !types_changed && same_filter(before, partition) => written.clone(),
                (_, Some(written)) => {
                    let mut changed = written.clone();
                    changed.replace(selected(partition));
                    changed.replace(self.filter(partition));
                    changed
                }
                _ => self.partition(partition),
            }
        });
        let partitions = Element::new("ma-partition-data").with_all(partitions.collect::<Vec<_>>());
        let profiles = self.profiles.iter().map(|profile| {
            let known = original.run_profiles.iter().position(|other| fold_text(&other.name) == fold_text(&profile.name));
            let before = known.and_then(|index| original.run_profiles.get(index));
            let written = known.and_then(|index| element.at(&["ma-run-data"])?.all("run-configuration").nth(index));
            match (before, written) {
                (Some(before), Some(written)) if same_steps(original, before, profile) => written.clone(),
                _ => self.profile(profile),
            }
        });
        let profiles = Element::new("ma-run-data").with_all(profiles.collect::<Vec<_>>());
        element.replace(partitions);
        element.replace(profiles);
        element
    }

    fn write_new(&self) -> Element {
        let record = self.record;
        let text = |name: &str, text: &str| Element::of_text(name, text);
        let (category, listed, company) =
            if self.is_tenant() { ("Extensible2", CLOUD_SUBTYPE, "Microsoft") } else { ("AD", "", "") };
        Element::new(ROOT)
            .with(text("format-version", &FORMAT.to_string()))
            .with(text("id", &braced_upper(exported_id(record))))
            .with(text("name", &record.name))
            .with(text("category", category))
            .with(text("description", &record.description))
            .with(text("subtype", listed))
            .with(text("ma-listname", listed))
            .with(text("ma-companyname", company))
            .with(text("creation-time", &time(record.created)))
            .with(text("last-modification-time", &time(self.now)))
            .with(text("version", "1"))
            .with(text("internal-version", if self.is_tenant() { "1" } else { "0" }))
            .with(text("password-sync-allowed", "0"))
            .with(self.schema())
            .with(Element::new("private-configuration").with(self.private()))
            .with(inclusion(self.record.attributes.clone()))
            .with(Element::new("join"))
            .with(Element::new("projection"))
            .with(Element::new("export-attribute-flow"))
            // The present layout has no such element, so what goes without saying is not said.
            .with_all((record.deprovisioning != Deprovisioning::default()).then(|| cleanup(record.deprovisioning)))
            .with(Element::new("ma-partition-data").with_all(self.partitions.iter().map(|partition| self.partition(partition))))
            .with(Element::new("ma-run-data").with_all(self.profiles.iter().map(|profile| self.profile(profile))))
            .with(Element::new("component_mappings"))
            .with(
                Element::new("password-sync")
                    .with(text("maximum-retry-count", "10"))
                    .with(text("retry-interval", "60"))
                    .with(text("allow-low-security", "0"))
                    .with(text("unlock-account", "0")),
            )
            .with(Element::new("encrypted-attributes"))
    }

    fn schema(&self) -> Element {
        if self.is_tenant() {
            schema::write(&self.record.schema, Dialect::Prefixed, Some("cloudAnchor"))
        } else {
            schema::write(&self.record.schema, Dialect::Directory, None)
        }
    }

    fn private(&self) -> Element {
        if self.is_tenant() { self.cloud_configuration() } else { self.forest_configuration() }
    }

    fn forest_configuration(&self) -> Element {
        let settings: ActiveDirectorySettings = match self.record.kind.as_str() {
            ACTIVE_DIRECTORY_KIND => serde_json::from_str(&self.record.settings).unwrap_or_default(),
            _ => ActiveDirectorySettings { forest: self.record.name.clone(), ..ActiveDirectorySettings::default() },
        };
        let (domain, user) = match (settings.user.split_once('\\'), settings.user.rsplit_once('@')) {
            (Some((domain, user)), _) | (None, Some((user, domain))) => (domain.to_owned(), user.to_owned()),
            (None, None) => (String::new(), settings.user.clone()),
        };
        let nil = braced(Uuid::nil());
        let text = |name: &str, text: &str| Element::of_text(name, text);
        let connectivity = |name: &str, value: &str| parameter(name, "string", "connectivity", value);
        let detail = self.partitions.iter().find_map(detail);
        let forest_dns = detail.as_ref().and_then(|detail| detail.forest_dns_name.clone());
        let forest_netbios = detail.as_ref().and_then(|detail| detail.forest_netbios_name.clone());
        let intrinsic = |name: &str, value: &str| parameter(name, "string", "global", value).with_attribute("intrinsic", "1");
        let forest_dns = forest_dns.unwrap_or_else(|| settings.forest.clone());
        Element::new("adma-configuration")
            .with(text("forest-name", &settings.forest))
            .with(text("forest-guid", &nil))
            .with(text("forest-port", "0"))
            .with(text("forest-login-domain", &domain))
            .with(text("forest-login-user", &user))
            .with(text("sign-and-seal", "1"))
            .with(text("default-ssl-strength", "0"))
            .with(text("ssl-bind", "0").with_attribute("crl-check", "0"))
            .with(text("simple-bind", "0"))
            .with(
                Element::new("password-hash-sync-config")
                    .with(text("enabled", "0"))
                    .with(text("target", &braced_upper(CLOUD_CONNECTOR))),
            )
            .with(
                Element::new("parameter-values")
                    .with(connectivity("forest-port", "0"))
                    .with(connectivity("forest-guid", &nil))
                    .with(connectivity("forest-login-user", &user))
                    .with(connectivity("forest-login-domain", &domain))
                    .with(connectivity("default-ssl-strength", "0"))
                    .with(parameter("password", "encrypted-string", "connectivity", "").with_attribute("encrypted", "1"))
                    .with(connectivity("forest-name", &settings.forest))
                    .with(connectivity("sign-and-seal", "1"))
                    .with(connectivity("crl-check", "0"))
                    .with(connectivity("ssl-bind", "0"))
                    .with(connectivity("simple-bind", "0"))
                    .with(parameter("Connector.GroupFilteringGroupDn", "string", "global", ""))
                    .with(intrinsic("Forest.FQDN", &forest_dns))
                    .with(intrinsic("Forest.LDAP", &ldap_name(&forest_dns)))
                    .with(intrinsic("Forest.Netbios", &forest_netbios.unwrap_or_default())),
            )
    }

    fn cloud_configuration(&self) -> Element {
        let settings: Option<EntraSettings> = serde_json::from_str(&self.record.settings).ok();
        let tenant = settings.map(|settings| settings.tenant_name).unwrap_or_default();
        let user = if tenant.is_empty() { String::new() } else { format!("Sync_SYNCLINE@{tenant}") };
        let mapping = |name: &String| {
            Element::new("mapping").with(Element::of_text("primary_class", name)).with(Element::of_text("oc-value", name))
        };
        let anchor = |name: &String| Element::of_text("attribute", "cloudAnchor").with_attribute("object_class", name.clone());
        let types = &self.record.object_types;
        Element::new("MAConfig")
            .with(Element::new("primary_class_mappings").with_all(types.iter().map(mapping)))
            .with(
                Element::new("importing")
                    .with(Element::new("dn").with_all(types.iter().map(anchor)))
                    .with(Element::new("anchor").with_all(types.iter().map(anchor))),
            )
            .with(
                Element::new("parameter-values")
                    .with(parameter("UserName", "string", "connectivity", &user))
                    .with(parameter("Password", "encrypted-string", "connectivity", "").with_attribute("encrypted", "1")),
            )
    }

    fn partition(&self, partition: &PartitionRecord) -> Element {
        let detail = detail(partition);
        let display = detail.as_ref().and_then(|detail| detail.dns_name.clone()).unwrap_or_else(|| partition.name.clone());
        let domain = detail.as_ref().is_none_or(|detail| detail.domain);
        let text = |name: &str, text: &str| Element::of_text(name, text);
        let truth = |value: bool| if value { "1" } else { "0" };
        let mut element = Element::new("partition")
            .with(text("id", &braced(partition.guid)))
            .with(text("name", &partition.name))
            .with(text("creation-time", &time(self.record.created)))
            .with(text("last-modification-time", &time(self.now)))
            .with(text("version", "1"))
            .with(selected(partition))
            .with(text("display-name", &display))
            .with(self.filter(partition));
        if self.is_tenant() {
            let data = Element::new("ecma-partition-data")
                .with(text("dn", &partition.name))
                .with(text("name", &partition.name))
                .with(text("is-domain", truth(domain)));
            element.push(Element::new("custom-data").with(data));
            return element;
        }
        let directory = braced_upper(partition.guid);
        let data = Element::new("adma-partition-data")
            .with(text("dn", &partition.name))
            .with(text("name", &display))
            .with(text("guid", &directory))
            .with(text("sign-and-seal", "1"))
            .with(text("is-domain", truth(domain)));
        element.push(Element::new("custom-data").with(data));
        let mut values = Element::new("parameter-values").with(parameter("guid", "string", "partition", &directory));
        if let Some(detail) = detail {
            let intrinsic =
                |name: &str, value: &str| parameter(name, "string", "partition", value).with_attribute("intrinsic", "1");
            let dns = detail.dns_name.unwrap_or_default();
            values.push(intrinsic("Domain.FQDN", &dns));
            values.push(intrinsic("Domain.LDAP", &ldap_name(&dns)));
            values.push(intrinsic("Domain.Netbios", &detail.netbios_name.unwrap_or_default()));
        }
        element.with(values)
    }

    fn filter(&self, partition: &PartitionRecord) -> Element {
        // An empty inclusion is everything; in a forest the naming context says the same and is what a server writes.
        let everything = if self.is_tenant() { String::new() } else { partition.name.clone() };
        let include = if partition.include.is_empty() { vec![everything] } else { partition.include.clone() };
        let nothing =
            partition.include.is_empty() && partition.exclude.iter().any(|name| fold_text(name) == fold_text(&partition.name));
        let include = if nothing { Vec::new() } else { include };
        let list = |name: &str, item: &str, values: &[String]| {
            Element::new(name).with_all(values.iter().map(|value| Element::of_text(item, value)))
        };
        Element::new("filter").with(list("object-classes", "object-class", &self.record.object_types)).with(
            Element::new("containers").with(list("exclusions", "exclusion", &partition.exclude)).with(list(
                "inclusions",
                "inclusion",
                &include,
            )),
        )
    }

    fn profile(&self, profile: &ProfileRecord) -> Element {
        Element::new("run-configuration")
            .with(Element::of_text("id", braced(profile.guid)))
            .with(Element::of_text("name", &profile.name))
            .with(Element::of_text("version", "1"))
            .with(Element::new("configuration").with_all(profile.steps.iter().map(|step| self.step(step))))
    }

    fn step(&self, step: &ProfileStep) -> Element {
        let word = match step.step_type {
            StepType::FullImport | StepType::FullImportDeltaSynchronization => "full-import",
            StepType::FullImportFullSynchronization => "full-import-reevaluate-rules",
            StepType::DeltaImport | StepType::DeltaImportDeltaSynchronization => "delta-import",
            StepType::FullSynchronization | StepType::DeltaSynchronization => "apply-rules",
            StepType::Export => "export",
        };
        let mut step_type = Element::new("step-type").with_attribute("type", word);
        let rules = match step.step_type {
            StepType::FullSynchronization => Some("reevaluate-flow-connectors"),
            StepType::DeltaSynchronization => Some("apply-pending"),
            _ => None,
        };
        if let Some(rules) = rules {
            step_type.push(Element::of_text("apply-rules-subtype", rules));
        }
        let log = step.log_file.as_ref().filter(|_| step.step_type.imports().is_some());
        let alone = step.step_type.imports().is_some() && step.step_type.synchronizes().is_none();
        // Without a subtype the import is followed by a synchronization.
        let subtypes: &[&str] = match (log.map(|log| log.usage), alone) {
            (None, true) => &["to-cs"],
            (None | Some(LogFileUsage::Create), false) => &[],
            (Some(LogFileUsage::Create), true) => &["to-file", "to-cs"],
            (Some(LogFileUsage::CreateAndStop), _) => &["to-file"],
            (Some(LogFileUsage::Resume), true) => &["resume-from-file", "to-cs"],
            (Some(LogFileUsage::Resume), false) => &["resume-from-file"],
        };
        for subtype in subtypes {
            step_type.push(Element::of_text("import-subtype", *subtype));
        }
        let number = |name: &str, number: u32| Element::of_text(name, number.to_string());
        let named = self.partitions.iter().find(|partition| partition.name == step.partition);
        let partition = self.original.and_then(|original| original.partitions.iter().find(|known| known.name == step.partition));
        let partition = partition.map(|known| known.id).or(named.map(|named| named.guid)).unwrap_or_default();
        let custom = if self.is_tenant() {
            vec![
                Element::new("extensible2-step-data")
                    .with(number("timeout", step.timeout_secs))
                    .with(number("batch-size", step.batch_size)),
                Element::new("parameter-values"),
            ]
        } else {
            vec![
                Element::new("adma-step-data")
                    .with(number("batch-size", step.batch_size))
                    .with(number("page-size", step.page_size))
                    .with(number("time-limit", step.timeout_secs)),
            ]
        };
        let limit = |name: &str, number: u64| Element::of_text(name, number.to_string());
        let mut threshold = Element::new("threshold").with(limit("object", step.object_limit));
        if step.deletion_limit > 0 {
            threshold.push(limit("delete", step.deletion_limit));
        }
        Element::new("step")
            .with(step_type)
            .with(threshold.with(number("batch-size", step.batch_size)))
            .with(Element::of_text("partition", braced_upper(partition)))
            .with(Element::new("custom-data").with_all(custom))
            .with_all(log.map(|log| Element::of_text("dropfile-name", &log.name)))
    }
}

fn detail(partition: &PartitionRecord) -> Option<DirectoryPartition> {
    serde_json::from_str(&partition.detail).ok()
}

fn ldap_name(dns: &str) -> String {
    dns.split('.').filter(|label| !label.is_empty()).map(|label| format!("DC={label}")).collect::<Vec<_>>().join(",")
}

/// The attributes selected, alphabetical without regard to case and hyphens.
fn inclusion(mut names: Vec<String>) -> Element {
    names.sort_by_key(|name| (fold_text(name).replace('-', ""), name.clone()));
    Element::new("attribute-inclusion").with_all(names.iter().map(|name| Element::of_text("attribute", name)))
}

fn selected(partition: &PartitionRecord) -> Element {
    Element::of_text("selected", if partition.selected { "1" } else { "0" })
}

/// A setting as exports write it.
pub(super) fn parameter(name: &str, kind: &str, used_for: &str, value: &str) -> Element {
    Element::of_text("parameter", value)
        .with_attribute("name", name)
        .with_attribute("type", kind)
        .with_attribute("use", used_for)
        .with_attribute("dataType", "String")
}

/// True when the partition still reads what the server read.
fn same_filter(before: &ServerPartition, now: &PartitionRecord) -> bool {
    let listed = |names: &[String]| names.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>();
    let everything = before.inclusions.iter().any(String::is_empty);
    let include = if everything { Vec::new() } else { listed(&before.inclusions) };
    let exclude = listed(&before.exclusions);
    // A partition that included nothing was stored with its root left out.
    let nothing =
        !everything && include.is_empty() && same_names(&now.exclude, std::slice::from_ref(&now.name)) && exclude.is_empty();
    before.selected == now.selected && same_names(&include, &now.include) && (nothing || same_names(&exclude, &now.exclude))
}

/// True when the run profile still does what the server's did.
fn same_steps(original: &ServerConnector, before: &ServerRunProfile, now: &ProfileRecord) -> bool {
    let limit = |limit: i64| u64::try_from(limit).unwrap_or(0);
    let same = |(before, now): (&ServerStep, &ProfileStep)| {
        step_type(before.kind) == now.step_type
            && log_file(before) == now.log_file
            && partition_name(original, before) == now.partition
            && before.batch_size == now.batch_size
            && (limit(before.object_limit), limit(before.deletion_limit)) == (now.object_limit, now.deletion_limit)
    };
    before.steps.len() == now.steps.len() && before.steps.iter().zip(&now.steps).all(same)
}
