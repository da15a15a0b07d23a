//! A connector as a real server exports it (`aadconnect-export-format.md` A.2 and C).

use std::collections::BTreeSet;

use uuid::Uuid;

use super::reading::Reading;
use super::schema::ServerSchema;
use super::xml::{Element, Node};
use crate::model::{Deprovisioning, fold_text};
use crate::store::configuration::LogFileUsage;

/// Name of the outermost element, and of the envelope around it that a single export has.
pub(super) const ROOT: &str = "ma-data";
pub(super) const ENVELOPE: &str = "saved-ma-configuration";

/// The version of the format that is known.
pub(super) const FORMAT: i64 = 1;
/// Identifier of the cloud connector, the same on every server.
pub const CLOUD_CONNECTOR: Uuid = Uuid::from_u128(0xb891_884f_051e_4a83_95af_2544_101c_9083);
/// What the cloud connector says it is.
pub(super) const CLOUD_SUBTYPE: &str = "Windows Azure Active Directory (Microsoft)";

/// Object classes, attributes and partitions of a connector; real ones have about 10, 200 and 20.
const MOST_CLASSES: usize = 200;
const MOST_ATTRIBUTES: usize = 5_000;
const MOST_PARTITIONS: usize = 1_000;

/// What becomes of objects that nothing holds any more.
const CLEANUP: &str = "provisioning-cleanup";

/// Elements of a connector, in either layout.
const CHILDREN: [&str; 33] = [
    "format-version",
    "id",
    "name",
    "category",
    "description",
    "subtype",
    "ma-listname",
    "ma-companyname",
    "creation-time",
    "last-modification-time",
    "version",
    "internal-version",
    "password-sync-allowed",
    "schema",
    "private-configuration",
    "attribute-inclusion",
    "join",
    "projection",
    "export-attribute-flow",
    "ma-partition-data",
    "ma-run-data",
    "component_mappings",
    "password-sync",
    "encrypted-attributes",
    "stay-disconnector",
    CLEANUP,
    "extension",
    "controller-configuration",
    "ma-ui-settings",
    "SyncConfig-refresh-schema",
    "capabilities-mask",
    "export-type",
    "dn-construction",
];

/// Settings of connectors and partitions that are known.
const PARAMETERS: [&str; 31] = [
    "forest-port",
    "forest-guid",
    "forest-login-user",
    "forest-login-domain",
    "default-ssl-strength",
    "password",
    "forest-name",
    "sign-and-seal",
    "crl-check",
    "ssl-bind",
    "simple-bind",
    "Connector.GroupFilteringGroupDn",
    "ADS_UF_ACCOUNTDISABLE",
    "ADS_GROUP_TYPE_GLOBAL_GROUP",
    "ADS_GROUP_TYPE_DOMAIN_LOCAL_GROUP",
    "ADS_GROUP_TYPE_LOCAL_GROUP",
    "ADS_GROUP_TYPE_UNIVERSAL_GROUP",
    "ADS_GROUP_TYPE_SECURITY_ENABLED",
    "Forest.FQDN",
    "Forest.LDAP",
    "Forest.Netbios",
    "guid",
    "last-dc",
    "dc-failover",
    "cookie",
    "Domain.FQDN",
    "Domain.LDAP",
    "Domain.Netbios",
    "UserName",
    "Password",
    "Connector.ID",
];

/// A connector of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConnector {
    /// Identity.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// `AD`, `Extensible2`, or a category that this product does not run.
    pub category: String,
    /// Explanation.
    pub description: String,
    /// Kind within the category.
    pub subtype: String,
    /// Counts changes.
    pub version: i64,
    /// Schema.
    pub schema: ServerSchema,
    /// How the forest is reached; only connectors to Active Directory.
    pub forest: Option<ForestConnection>,
    /// Settings of the connector.
    pub parameters: Vec<Parameter>,
    /// Attributes selected.
    pub attributes: Vec<String>,
    /// Partitions.
    pub partitions: Vec<ServerPartition>,
    /// Run profiles.
    pub run_profiles: Vec<ServerRunProfile>,
    /// What becomes of objects that nothing holds any more, where the file says it.
    pub deprovisioning: Option<Deprovisioning>,
    /// The whole element, without secrets and without the state of delta imports.
    pub element: Element,
}

/// What a connector connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerConnectorKind {
    /// A forest.
    ActiveDirectory,
    /// The tenant.
    Cloud,
    /// Something that this product does not run.
    Other,
}

/// How a forest is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForestConnection {
    /// DNS name of the forest.
    pub forest: String,
    /// Port; 0 means the default.
    pub port: i64,
    /// Domain of the account.
    pub login_domain: String,
    /// The account.
    pub login_user: String,
    /// LDAPS.
    pub ssl: bool,
    /// Signing and sealing.
    pub sign_and_seal: bool,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// `connectivity`, `global`, `partition` or `SynchronizationGlobal`.
    pub used_for: String,
    /// Computed by the server.
    pub intrinsic: bool,
    /// A secret; its value is never exported.
    pub encrypted: bool,
    /// Value.
    pub value: String,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPartition {
    /// Identity on the server.
    pub id: Uuid,
    /// Naming context, or `default`.
    pub name: String,
    /// Name shown.
    pub display_name: String,
    /// Taken part in imports.
    pub selected: bool,
    /// Object classes selected.
    pub object_classes: Vec<String>,
    /// Containers left out.
    pub exclusions: Vec<String>,
    /// Containers read; an empty name is everything.
    pub inclusions: Vec<String>,
    /// The directory's own identifier of the naming context.
    pub directory_id: Option<Uuid>,
    /// It is a domain.
    pub domain: bool,
    /// Domain controllers to prefer.
    pub preferred_servers: Vec<String>,
    /// Settings of the partition.
    pub parameters: Vec<Parameter>,
}

/// A run profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRunProfile {
    /// Identity.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Steps in order.
    pub steps: Vec<ServerStep>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are those of the run profile dialog")]
pub enum ServerStepKind {
    FullImport,
    FullImportAndDeltaSynchronization,
    FullImportAndFullSynchronization,
    DeltaImport,
    DeltaImportAndDeltaSynchronization,
    FullSynchronization,
    DeltaSynchronization,
    Export,
}

/// The log file of an import step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLogFile {
    /// Its name as the server has it.
    pub name: String,
    /// What the step does with it.
    pub usage: LogFileUsage,
}

/// A step of a run profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerStep {
    /// What it does.
    pub kind: ServerStepKind,
    /// Log file of an import.
    pub log_file: Option<ServerLogFile>,
    /// Identity of the partition.
    pub partition: Uuid,
    /// Objects per batch.
    pub batch_size: u32,
    /// Objects per page.
    pub page_size: Option<u32>,
    /// Seconds to wait for one answer.
    pub timeout_secs: Option<u32>,
    /// Stop after so many objects; 0 means never.
    pub object_limit: i64,
    /// Stop after so many deletions; 0 means never.
    pub deletion_limit: i64,
}

impl ServerConnector {
    /// What it connects to.
    #[must_use]
    pub fn kind(&self) -> ServerConnectorKind {
        if self.category.eq_ignore_ascii_case("AD") {
            ServerConnectorKind::ActiveDirectory
        } else if self.id == CLOUD_CONNECTOR || self.subtype.eq_ignore_ascii_case(CLOUD_SUBTYPE) {
            ServerConnectorKind::Cloud
        } else {
            ServerConnectorKind::Other
        }
    }

    /// Value of a setting.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find_parameter(&self.parameters, name)
    }

    /// Object classes selected in any partition, in order of first mention.
    #[must_use]
    pub fn object_classes(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let classes = self.partitions.iter().flat_map(|partition| &partition.object_classes);
        classes.filter(|class| seen.insert(fold_text(class))).cloned().collect()
    }

    /// Reads a connector, with or without its envelope; what is wrong with it is noted.
    pub(super) fn read(root: &Element, reading: &mut Reading) -> Option<Self> {
        let inner = if root.local() == ENVELOPE { root.child(ROOT) } else { Some(root) };
        let Some(element) = inner else {
            reading.fault(ENVELOPE, format!("it has no {ROOT}; export the connector again"));
            return None;
        };
        check_format(element, reading);
        let mut element = element.clone();
        forget_secrets(&mut element, reading);
        let element = element;
        let private = element.child("private-configuration").and_then(|private| private.elements().next());
        let forest =
            element.at(&["private-configuration", "adma-configuration"]).map(|inner| ForestConnection::read(inner, reading));
        let list = |path: &[&str], item: &str| -> Vec<Element> {
            element.at(path).into_iter().flat_map(|list| list.all(item)).cloned().collect()
        };
        let partitions =
            list(&["ma-partition-data"], "partition").iter().map(|inner| ServerPartition::read(inner, reading)).collect();
        let run_profiles =
            list(&["ma-run-data"], "run-configuration").iter().map(|inner| ServerRunProfile::read(inner, reading)).collect();
        reading.unknown(&element, &CHILDREN);
        let connector = Self {
            id: reading.guid(&element, "id"),
            name: reading.word(&element, "name"),
            category: reading.word(&element, "category"),
            description: element.child("description").map(Element::text).unwrap_or_default(),
            subtype: element.text_of("subtype"),
            version: reading.number(&element, "version", 1),
            schema: element.child("schema").map(|schema| ServerSchema::read(schema, reading)).unwrap_or_default(),
            forest,
            parameters: private.map(Parameter::read_all).unwrap_or_default(),
            attributes: list(&["attribute-inclusion"], "attribute").iter().map(|name| name.text().trim().to_owned()).collect(),
            partitions,
            run_profiles,
            deprovisioning: deprovisioning(&element, reading),
            element,
        };
        let sizes = [
            ("object-classes", connector.object_classes().len(), MOST_CLASSES),
            ("attribute-inclusion", connector.attributes.len(), MOST_ATTRIBUTES),
            ("ma-partition-data", connector.partitions.len(), MOST_PARTITIONS),
        ];
        for (list, number, most) in sizes.into_iter().filter(|(_, number, most)| number > most) {
            reading.fault(list, format!("it names {number}; a connector may have {most}"));
        }
        let own = connector.partitions.iter().flat_map(|partition| &partition.parameters).chain(&connector.parameters);
        for parameter in own.filter(|_| connector.kind() != ServerConnectorKind::Other) {
            if !PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(&parameter.name)) {
                reading.warn("parameter", format!("setting \"{}\" is not known; it is kept and has no effect", parameter.name));
            }
        }
        Some(connector)
    }
}

/// The action of `provisioning-cleanup`, which connector files of the older layout have (`aadconnect-export-format.md` C).
fn deprovisioning(element: &Element, reading: &mut Reading) -> Option<Deprovisioning> {
    let cleanup = element.child(CLEANUP)?;
    let action = cleanup.text_of("action");
    if action.is_empty() {
        if cleanup.attribute("type").is_some_and(|kind| kind != "declared") {
            let default = Deprovisioning::default().word();
            reading.warn(CLEANUP, format!("code of the server decides what becomes of objects; here it is {default}"));
        }
        return None;
    }
    let words = Deprovisioning::ALL.map(|action| (action.word(), Some(action)));
    reading.parse_choice(CLEANUP, &action, &words, None)
}

/// The element `provisioning-cleanup`.
pub(super) fn cleanup(action: Deprovisioning) -> Element {
    Element::new(CLEANUP).with_attribute("type", "declared").with(Element::of_text("action", action.word()))
}

/// Refuses what a later version wrote.
pub(super) fn check_format(element: &Element, reading: &mut Reading) {
    let format = element.text_of("format-version");
    if format != FORMAT.to_string() {
        reading.fault("format-version", format!("format \"{format}\" is not known; this program reads format {FORMAT}"));
    }
}

/// Empties what must not leave its server: secrets, and the state of delta imports.
fn forget_secrets(element: &mut Element, reading: &mut Reading) {
    for node in &mut element.children {
        let Node::Element(inner) = node else { continue };
        let name = inner.attribute("name").unwrap_or_default();
        let secret = inner.attribute("encrypted") == Some("1") || matches!(inner.local(), "password" | "encrypted-password");
        let state = matches!(inner.local(), "cookie" | "water-mark") || (inner.local() == "parameter" && name == "cookie");
        if secret && !inner.text().trim().is_empty() {
            reading.warn(&inner.name, "it holds a secret, which is not read; enter the credential anew");
        }
        if secret || state {
            inner.children.clear();
        } else {
            forget_secrets(inner, reading);
        }
    }
}

impl ForestConnection {
    fn read(element: &Element, reading: &mut Reading) -> Self {
        Self {
            forest: element.text_of("forest-name"),
            port: reading.number(element, "forest-port", 0),
            login_domain: element.text_of("forest-login-domain"),
            login_user: element.text_of("forest-login-user"),
            ssl: reading.flag(element, "ssl-bind"),
            sign_and_seal: reading.flag(element, "sign-and-seal"),
        }
    }
}

impl Parameter {
    /// The settings in an element `parameter-values` inside the given one.
    pub(super) fn read_all(element: &Element) -> Vec<Self> {
        let values = element.child("parameter-values");
        values.into_iter().flat_map(|values| values.all("parameter")).map(Self::read).collect()
    }

    fn read(element: &Element) -> Self {
        Self {
            name: element.attribute("name").unwrap_or_default().to_owned(),
            used_for: element.attribute("use").unwrap_or_default().to_owned(),
            intrinsic: element.attribute("intrinsic") == Some("1"),
            encrypted: element.attribute("encrypted") == Some("1"),
            value: element.text(),
        }
    }
}

fn find_parameter<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    let found = parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name))?;
    Some(found.value.trim()).filter(|value| !value.is_empty())
}

impl ServerPartition {
    /// Value of a setting of the partition.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find_parameter(&self.parameters, name)
    }

    fn read(element: &Element, reading: &mut Reading) -> Self {
        let texts = |path: &[&str], item: &str| -> Vec<String> {
            let list = element.at(path);
            list.into_iter().flat_map(|list| list.all(item)).map(|inner| inner.text().trim().to_owned()).collect()
        };
        let own = element.at(&["custom-data", "adma-partition-data"]);
        let other = element.at(&["custom-data", "ecma-partition-data"]);
        let directory_id = own.map(|own| reading.optional_guid(own, "guid")).filter(|guid| !guid.is_nil());
        Self {
            id: reading.guid(element, "id"),
            name: reading.word(element, "name"),
            display_name: element.text_of("display-name"),
            selected: reading.flag(element, "selected"),
            object_classes: texts(&["filter", "object-classes"], "object-class"),
            exclusions: texts(&["filter", "containers", "exclusions"], "exclusion"),
            inclusions: texts(&["filter", "containers", "inclusions"], "inclusion"),
            directory_id,
            domain: own.or(other).is_none_or(|inner| inner.text_of("is-domain") != "0"),
            preferred_servers: own
                .and_then(|own| own.child("preferred-dcs"))
                .into_iter()
                .flat_map(|list| list.all("preferred-dc"))
                .map(|server| server.text().trim().to_owned())
                .collect(),
            parameters: Parameter::read_all(element),
        }
    }
}

impl ServerRunProfile {
    fn read(element: &Element, reading: &mut Reading) -> Self {
        let steps: Vec<Element> = element.child("configuration").into_iter().flat_map(|list| list.all("step")).cloned().collect();
        Self {
            id: reading.guid(element, "id"),
            name: reading.word(element, "name"),
            steps: steps.iter().filter_map(|step| ServerStep::read(step, reading)).collect(),
        }
    }
}

/// What a step does, by its type and subtypes, and what an import does with its log file when they say so.
fn step_kind(word: &str, subtypes: &[&str]) -> Option<(ServerStepKind, Option<LogFileUsage>)> {
    use ServerStepKind as Kind;
    let imports = |alone: Kind, followed: Kind| {
        if !subtypes.iter().all(|known| ["to-cs", "to-file", "resume-from-file"].contains(known)) {
            return None;
        }
        let has = |subtype: &str| subtypes.contains(&subtype);
        Some(match (has("to-cs"), has("to-file"), has("resume-from-file")) {
            (true, false, false) => (alone, None),
            (false, false, false) => (followed, None),
            (true, true, false) => (alone, Some(LogFileUsage::Create)),
            // Writing the file is all that is done.
            (false, true, _) => (alone, Some(LogFileUsage::CreateAndStop)),
            (true, _, true) => (alone, Some(LogFileUsage::Resume)),
            (false, false, true) => (followed, Some(LogFileUsage::Resume)),
        })
    };
    match word {
        "full-import" => imports(Kind::FullImport, Kind::FullImportAndDeltaSynchronization),
        "full-import-reevaluate-rules" => imports(Kind::FullImportAndFullSynchronization, Kind::FullImportAndFullSynchronization),
        "delta-import" => imports(Kind::DeltaImport, Kind::DeltaImportAndDeltaSynchronization),
        "apply-rules" => match subtypes {
            ["reevaluate-flow-connectors"] => Some((Kind::FullSynchronization, None)),
            // Joins and flows of everything: a full synchronization does both.
            ["reevaluate-join-flow-all"] => Some((Kind::FullSynchronization, None)),
            ["apply-pending"] => Some((Kind::DeltaSynchronization, None)),
            _ => None,
        },
        "export" if subtypes.is_empty() => Some((Kind::Export, None)),
        _ => None,
    }
}

impl ServerStep {
    fn read(element: &Element, reading: &mut Reading) -> Option<Self> {
        let Some(step_type) = element.child("step-type") else {
            reading.fault("step", "it has no step-type; export the connector again");
            return None;
        };
        let subtypes: Vec<String> = step_type.elements().map(|inner| inner.text().trim().to_owned()).collect();
        let words: Vec<&str> = subtypes.iter().map(String::as_str).collect();
        let word = step_type.attribute("type").unwrap_or_default();
        let Some((kind, usage)) = step_kind(word, &words) else {
            reading.fault(
                "step-type",
                format!(
                    "\"{word}\" with subtype \"{}\" is not known; it can be full-import or delta-import (to-cs, to-file, \
                     resume-from-file), full-import-reevaluate-rules, apply-rules (apply-pending, \
                     reevaluate-flow-connectors, reevaluate-join-flow-all) or export",
                    words.join(" ")
                ),
            );
            return None;
        };
        let name = element.text_of("dropfile-name");
        let imports = word != "apply-rules" && word != "export";
        let usage = usage.or((imports && !name.is_empty()).then_some(LogFileUsage::Create));
        let log_file = usage.map(|usage| ServerLogFile { name, usage });
        let empty = Element::new("none");
        let threshold = element.child("threshold").unwrap_or(&empty);
        let custom = element.child("custom-data").and_then(|custom| custom.elements().next()).unwrap_or(&empty);
        let mut size = |parent: &Element, name: &str| -> Option<u32> {
            parent.child(name)?;
            u32::try_from(reading.number(parent, name, 0)).ok()
        };
        let batch_size = size(threshold, "batch-size").unwrap_or_default();
        let page_size = size(custom, "page-size");
        let timeout_secs = size(custom, "time-limit").or_else(|| size(custom, "timeout"));
        Some(Self {
            kind,
            log_file,
            partition: reading.optional_guid(element, "partition"),
            batch_size,
            page_size,
            timeout_secs,
            object_limit: reading.number(threshold, "object", 0),
            deletion_limit: reading.number(threshold, "delete", 0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_step_say_what_it_does() {
        use LogFileUsage::{Create, CreateAndStop, Resume};
        use ServerStepKind as Kind;
        let check = |word: &str, subtypes: &[&str], expected: Option<(Kind, Option<LogFileUsage>)>| {
            assert_eq!(step_kind(word, subtypes), expected, "{word} {subtypes:?}");
        };
        check("full-import", &["to-cs"], Some((Kind::FullImport, None)));
        check("full-import", &[], Some((Kind::FullImportAndDeltaSynchronization, None)));
        check("full-import-reevaluate-rules", &[], Some((Kind::FullImportAndFullSynchronization, None)));
        check("delta-import", &["to-cs"], Some((Kind::DeltaImport, None)));
        check("delta-import", &[], Some((Kind::DeltaImportAndDeltaSynchronization, None)));
        check("full-import", &["to-file", "to-cs"], Some((Kind::FullImport, Some(Create))));
        check("delta-import", &["to-file"], Some((Kind::DeltaImport, Some(CreateAndStop))));
        check("full-import", &["resume-from-file", "to-cs"], Some((Kind::FullImport, Some(Resume))));
        check("delta-import", &["resume-from-file"], Some((Kind::DeltaImportAndDeltaSynchronization, Some(Resume))));
        check("apply-rules", &["reevaluate-flow-connectors"], Some((Kind::FullSynchronization, None)));
        check("apply-rules", &["reevaluate-join-flow-all"], Some((Kind::FullSynchronization, None)));
        check("apply-rules", &["apply-pending"], Some((Kind::DeltaSynchronization, None)));
        check("export", &[], Some((Kind::Export, None)));
        for (word, subtypes) in [
            ("apply-rules", &[] as &[&str]),
            ("apply-rules", &["to-cs"]),
            ("export", &["to-cs"]),
            ("full-import", &["x"]),
            ("", &[]),
        ] {
            check(word, subtypes, None);
        }
    }
}
