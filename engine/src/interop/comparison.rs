//! In what two configurations differ: connectors with their filters and run profiles, rules with their flows, metaverse
//! and settings. Both are compared as a server writes them, so the live configuration and a file are told the same way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;
use uuid::Uuid;

use super::connector::{Parameter, ServerConnector, ServerPartition, ServerRunProfile, ServerStep, ServerStepKind};
use super::error::InteropError;
use super::export::documents;
use super::folder::ServerConfiguration;
use super::import::InteropContext;
use super::metaverse::ServerMetaverse;
use super::reading::Reading;
use super::report::ExportReport;
use super::rule::{JoinClause, Mapping, MappingSource, Scope, ServerRule};
use super::schema::ServerSchema;
use crate::model::fold_text;

/// The part of a configuration that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigurationPart {
    /// A connector: how it reaches and reads its directory.
    Connector,
    /// A partition with its object types and containers.
    Partition,
    /// A run profile with its steps.
    RunProfile,
    /// A synchronization rule.
    Rule,
    /// An object type of the metaverse with its attributes.
    Metaverse,
    /// A global setting.
    Setting,
}

impl ConfigurationPart {
    /// As windows and tables show it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Connector => "Connector",
            Self::Partition => "Partition",
            Self::RunProfile => "Run profile",
            Self::Rule => "Rule",
            Self::Metaverse => "Metaverse",
            Self::Setting => "Setting",
        }
    }
}

/// Something that two configurations have differently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationDifference {
    /// The part.
    pub part: ConfigurationPart,
    /// Whose it is: the name of a connector, rule, object type or setting, with its connector.
    pub subject: String,
    /// What differs: `scope`, `flow to mail`; empty when only one configuration has the subject at all.
    pub what: String,
    /// In the first configuration; none when it has nothing there.
    pub first: Option<String>,
    /// In the second configuration; none when it has nothing there.
    pub second: Option<String>,
}

/// Two configurations beside each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationComparison {
    /// Where the first comes from.
    pub first: String,
    /// Where the second comes from.
    pub second: String,
    /// Connectors in the first and in the second.
    pub connectors: (u64, u64),
    /// Rules in the first and in the second.
    pub rules: (u64, u64),
    /// What differs, in order of part, subject and what; none when the configurations do the same.
    pub differences: Vec<ConfigurationDifference>,
}

/// The configuration of this database, as an export writes it.
///
/// # Errors
/// [`InteropError`] when the database cannot be read.
pub fn present(context: &InteropContext<'_>) -> Result<ServerConfiguration, InteropError> {
    let documents = documents(context, &mut ExportReport::default())?;
    let mut reading = Reading::default();
    let mut rules: Vec<ServerRule> = documents.rules.iter().map(|(_, element)| ServerRule::read(element, &mut reading)).collect();
    rules.sort_by_key(|rule| (rule.precedence, rule.id));
    Ok(ServerConfiguration {
        rules,
        connectors: documents.connectors.iter().filter_map(|(_, element)| ServerConnector::read(element, &mut reading)).collect(),
        metaverse: documents.metaverse.as_ref().and_then(|element| ServerMetaverse::read(element, &mut reading)),
        warnings: Vec::new(),
    })
}

/// What two configurations have differently. Identities, versions and secrets are no part of it: two servers that do
/// the same never share them.
#[must_use]
pub fn compare(first: &ServerConfiguration, second: &ServerConfiguration) -> Vec<ConfigurationDifference> {
    let mut found = Found::default();
    let (names, other_names) = (names(first), names(second));
    // A single file, or a part of a folder, says nothing about what it does not hold; a whole export has a metaverse.
    let silent = |empty: fn(&ServerConfiguration) -> bool| {
        [first, second].iter().any(|configuration| configuration.metaverse.is_none() && empty(configuration))
    };
    let without_connectors = silent(|configuration| configuration.connectors.is_empty());
    if !without_connectors {
        for (name, pair) in pairs(&first.connectors, &second.connectors, |connector| fold_text(&connector.name)) {
            connectors(&mut found, &name, pair);
        }
    }
    let of = |names: &BTreeMap<Uuid, String>, rule: &ServerRule| {
        let connector = names.get(&rule.connector).filter(|_| !without_connectors);
        (fold_text(&rule.name), fold_text(connector.map_or("", String::as_str)))
    };
    let rules_of = |configuration: &ServerConfiguration, names: &BTreeMap<Uuid, String>| -> Vec<NamedRule> {
        let named = |rule: &ServerRule| NamedRule {
            key: of(names, rule),
            connector: names.get(&rule.connector).cloned().unwrap_or_default(),
            rule: rule.clone(),
        };
        configuration.rules.iter().map(named).collect()
    };
    if !silent(|configuration| configuration.rules.is_empty()) {
        for (_, pair) in pairs(&rules_of(first, &names), &rules_of(second, &other_names), |named| named.key.clone()) {
            rules(&mut found, pair);
        }
    }
    metaverses(&mut found, first.metaverse.as_ref(), second.metaverse.as_ref());
    found.0.sort();
    found.0
}

struct NamedRule {
    key: (String, String),
    connector: String,
    rule: ServerRule,
}

fn names(configuration: &ServerConfiguration) -> BTreeMap<Uuid, String> {
    configuration.connectors.iter().map(|connector| (connector.id, connector.name.clone())).collect()
}

type Pair<'a, T> = (Option<&'a T>, Option<&'a T>);

/// What has the same key beside each other; several of one key in their order.
fn pairs<'a, T, K: Ord + Clone>(first: &'a [T], second: &'a [T], key: impl Fn(&T) -> K) -> Vec<(K, Pair<'a, T>)> {
    let mut others: BTreeMap<K, VecDeque<&T>> = BTreeMap::new();
    for other in second {
        others.entry(key(other)).or_default().push_back(other);
    }
    let mut found: Vec<(K, Pair<'a, T>)> = first
        .iter()
        .map(|one| {
            let key = key(one);
            let other = others.get_mut(&key).and_then(VecDeque::pop_front);
            (key, (Some(one), other))
        })
        .collect();
    found
        .extend(others.into_iter().flat_map(|(key, rest)| rest.into_iter().map(move |other| (key.clone(), (None, Some(other))))));
    found
}

#[derive(Default)]
struct Found(Vec<ConfigurationDifference>);

impl Found {
    fn add(&mut self, part: ConfigurationPart, subject: &str, what: &str, first: Option<String>, second: Option<String>) {
        let (subject, what) = (subject.to_owned(), what.to_owned());
        self.0.push(ConfigurationDifference { part, subject, what, first, second });
    }

    /// Notes a value when the two differ; an empty value is none.
    fn value(&mut self, part: ConfigurationPart, subject: &str, what: &str, first: String, second: String) {
        if first != second {
            let held = |text: String| (!text.is_empty()).then_some(text);
            self.add(part, subject, what, held(first), held(second));
        }
    }

    /// Notes what only one of two sets holds, without regard to case.
    fn set(&mut self, part: ConfigurationPart, subject: &str, what: &str, first: &[String], second: &[String]) {
        let folded = |values: &[String]| -> BTreeMap<String, String> {
            values.iter().map(|value| (fold_text(value), value.clone())).collect()
        };
        let (first, second) = (folded(first), folded(second));
        let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
        for key in keys {
            if first.contains_key(key) != second.contains_key(key) {
                self.add(part, subject, what, first.get(key).cloned(), second.get(key).cloned());
            }
        }
    }

    /// Notes a subject that only one configuration has; both when both have it.
    fn both<'a, T>(
        &mut self,
        part: ConfigurationPart,
        subject: &str,
        pair: Pair<'a, T>,
        tell: impl Fn(&T) -> String,
    ) -> Option<(&'a T, &'a T)> {
        match pair {
            (Some(first), Some(second)) => return Some((first, second)),
            (first, second) => self.add(part, subject, "", first.map(&tell), second.map(&tell)),
        }
        None
    }
}

fn yes_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn connectors(found: &mut Found, name: &str, pair: Pair<'_, ServerConnector>) {
    let part = ConfigurationPart::Connector;
    let shown = pair.0.or(pair.1).map_or(name, |connector| connector.name.as_str());
    let tell = |connector: &ServerConnector| format!("{} {}", connector.category, connector.subtype).trim().to_owned();
    let Some((first, second)) = found.both(part, shown, pair, tell) else { return };
    found.value(part, shown, "category", first.category.clone(), second.category.clone());
    found.value(part, shown, "type", first.subtype.clone(), second.subtype.clone());
    found.value(part, shown, "description", first.description.clone(), second.description.clone());
    let word = |connector: &ServerConnector| connector.deprovisioning.map(|action| action.word().to_owned()).unwrap_or_default();
    found.value(part, shown, "deprovisioning", word(first), word(second));
    let forest = |connector: &ServerConnector| {
        connector.forest.as_ref().map_or_else(Vec::new, |forest| {
            vec![
                ("forest", forest.forest.clone()),
                ("port", forest.port.to_string()),
                ("domain of the account", forest.login_domain.clone()),
                ("account", forest.login_user.clone()),
                ("TLS", yes_no(forest.ssl)),
                ("sign and encrypt", yes_no(forest.sign_and_seal)),
            ]
        })
    };
    named_values(found, part, shown, &forest(first), &forest(second));
    parameters(found, part, shown, &first.parameters, &second.parameters);
    found.set(part, shown, "attribute", &first.attributes, &second.attributes);
    let key = |partition: &ServerPartition| fold_text(&partition.name);
    for (_, pair) in pairs(&first.partitions, &second.partitions, key) {
        partitions(found, shown, pair);
    }
    for (_, pair) in pairs(&first.run_profiles, &second.run_profiles, |profile| fold_text(&profile.name)) {
        run_profiles(found, shown, (first, second), pair);
    }
}

fn named_values(
    found: &mut Found,
    part: ConfigurationPart,
    subject: &str,
    first: &[(&'static str, String)],
    second: &[(&'static str, String)],
) {
    for (_, (one, other)) in pairs(first, second, |(name, _)| *name) {
        let name = one.or(other).map_or("", |(name, _)| *name);
        let value = |held: Option<&(&str, String)>| held.map(|(_, value)| value.clone()).unwrap_or_default();
        found.value(part, subject, name, value(one), value(other));
    }
}

/// Parameters by name; an encrypted one is not looked at.
fn parameters(found: &mut Found, part: ConfigurationPart, subject: &str, first: &[Parameter], second: &[Parameter]) {
    let open = |list: &[Parameter]| -> Vec<Parameter> { list.iter().filter(|one| !one.encrypted).cloned().collect() };
    for (_, (one, other)) in pairs(&open(first), &open(second), |parameter| fold_text(&parameter.name)) {
        let name = one.or(other).map_or("", |parameter| parameter.name.as_str());
        let value = |held: Option<&Parameter>| held.map(|parameter| parameter.value.clone()).unwrap_or_default();
        match part {
            ConfigurationPart::Setting => found.value(part, name, "", value(one), value(other)),
            _ => found.value(part, subject, &format!("parameter {name}"), value(one), value(other)),
        }
    }
}

fn partitions(found: &mut Found, connector: &str, pair: Pair<'_, ServerPartition>) {
    let part = ConfigurationPart::Partition;
    let name = pair.0.or(pair.1).map_or("", |partition| partition.name.as_str());
    let subject = format!("{connector}: {name}");
    let tell = |partition: &ServerPartition| if partition.selected { "selected" } else { "not selected" }.to_owned();
    let Some((first, second)) = found.both(part, &subject, pair, tell) else { return };
    found.value(part, &subject, "selected", yes_no(first.selected), yes_no(second.selected));
    found.set(part, &subject, "object type", &first.object_classes, &second.object_classes);
    found.set(part, &subject, "container included", &first.inclusions, &second.inclusions);
    found.set(part, &subject, "container excluded", &first.exclusions, &second.exclusions);
    let servers = |partition: &ServerPartition| partition.preferred_servers.join(", ");
    found.value(part, &subject, "preferred domain controllers", servers(first), servers(second));
    parameters(found, part, &subject, &first.parameters, &second.parameters);
}

fn run_profiles(
    found: &mut Found,
    connector: &str,
    (first_connector, second_connector): (&ServerConnector, &ServerConnector),
    pair: Pair<'_, ServerRunProfile>,
) {
    let part = ConfigurationPart::RunProfile;
    let name = pair.0.or(pair.1).map_or("", |profile| profile.name.as_str());
    let subject = format!("{connector}: {name}");
    let tell = |profile: &ServerRunProfile| match profile.steps.len() {
        1 => "1 step".to_owned(),
        number => format!("{number} steps"),
    };
    let Some((first, second)) = found.both(part, &subject, pair, tell) else { return };
    for index in 0..first.steps.len().max(second.steps.len()) {
        let text = |profile: &ServerRunProfile, connector: &ServerConnector| {
            profile.steps.get(index).map(|step| step_text(step, connector)).unwrap_or_default()
        };
        let what = format!("step {}", index + 1);
        found.value(part, &subject, &what, text(first, first_connector), text(second, second_connector));
    }
}

fn step_text(step: &ServerStep, connector: &ServerConnector) -> String {
    let partition = connector.partitions.iter().find(|partition| partition.id == step.partition);
    let mut text = format!("{}, partition {}", step_name(step.kind), partition.map_or("unknown", |one| one.name.as_str()));
    text.push_str(&format!(", batch {}", step.batch_size));
    for (name, number) in [("page", step.page_size), ("timeout", step.timeout_secs)] {
        if let Some(number) = number {
            text.push_str(&format!(", {name} {number}"));
        }
    }
    for (name, number) in [("objects at most", step.object_limit), ("deletions at most", step.deletion_limit)] {
        if number != 0 {
            text.push_str(&format!(", {name} {number}"));
        }
    }
    if let Some(file) = &step.log_file {
        text.push_str(&format!(", log file {} ({:?})", file.name, file.usage));
    }
    text
}

fn step_name(kind: ServerStepKind) -> &'static str {
    match kind {
        ServerStepKind::FullImport => "Full Import",
        ServerStepKind::FullImportAndDeltaSynchronization => "Full Import and Delta Synchronization",
        ServerStepKind::FullImportAndFullSynchronization => "Full Import and Full Synchronization",
        ServerStepKind::DeltaImport => "Delta Import",
        ServerStepKind::DeltaImportAndDeltaSynchronization => "Delta Import and Delta Synchronization",
        ServerStepKind::FullSynchronization => "Full Synchronization",
        ServerStepKind::DeltaSynchronization => "Delta Synchronization",
        ServerStepKind::Export => "Export",
    }
}

fn rules(found: &mut Found, pair: Pair<'_, NamedRule>) {
    let part = ConfigurationPart::Rule;
    let Some(shown) = pair.0.or(pair.1) else { return };
    let subject =
        if shown.connector.is_empty() { shown.rule.name.clone() } else { format!("{} ({})", shown.rule.name, shown.connector) };
    let tell = |named: &NamedRule| {
        let rule = &named.rule;
        let off = if rule.disabled { ", disabled" } else { "" };
        format!("precedence {}, {}{off}", rule.precedence, rule.link_type.label())
    };
    let Some((first, second)) = found.both(part, &subject, pair, tell) else { return };
    let (first, second) = (&first.rule, &second.rule);
    let mut value = |what: &str, of: &dyn Fn(&ServerRule) -> String| found.value(part, &subject, what, of(first), of(second));
    value("description", &|rule| rule.description.clone());
    value("tag", &|rule| rule.immutable_tag.clone());
    value("direction", &|rule| rule.direction.label().to_owned());
    value("enabled", &|rule| yes_no(!rule.disabled));
    value("precedence", &|rule| rule.precedence.to_string());
    value("source object type", &|rule| rule.source_object_type.clone());
    value("target object type", &|rule| rule.target_object_type.clone());
    value("link type", &|rule| rule.link_type.label().to_owned());
    value("password sync", &|rule| yes_no(rule.password_sync));
    value("soft delete expiry interval", &|rule| rule.soft_delete_expiry_interval.clone());
    value("scope", &|rule| groups(&rule.scope_groups, scope));
    value("join", &|rule| groups(&rule.join_groups, join));
    for (_, (one, other)) in pairs(&first.mappings, &second.mappings, |mapping| fold_text(&mapping.destination)) {
        let target = one.or(other).map_or("", |mapping| mapping.destination.as_str());
        let text = |mapping: Option<&Mapping>| mapping.map(flow).unwrap_or_default();
        found.value(part, &subject, &format!("flow to {target}"), text(one), text(other));
    }
}

fn groups<T>(groups: &[Vec<T>], clause: impl Fn(&T) -> String) -> String {
    let group = |clauses: &Vec<T>| format!("({})", clauses.iter().map(&clause).collect::<Vec<_>>().join(" AND "));
    groups.iter().map(group).collect::<Vec<_>>().join(" OR ")
}

fn scope(clause: &Scope) -> String {
    format!("{} {} {}", clause.attribute, clause.operator.word(), clause.value).trim_end().to_owned()
}

fn join(clause: &JoinClause) -> String {
    let case = if clause.case_sensitive { ", case sensitive" } else { "" };
    format!("{} = {}{case}", clause.connector_attribute, clause.metaverse_attribute)
}

fn flow(mapping: &Mapping) -> String {
    // The attributes of an expression are a hint only; the expression says what happens.
    let mut text = match (&mapping.expression, &mapping.source) {
        (Some(expression), _) => format!("Expression {expression}"),
        (None, MappingSource::Attributes(names)) => format!("Direct {}", names.join(", ")),
        (None, MappingSource::Constant(constant)) => format!("Constant {constant}"),
        (None, MappingSource::Nothing) => "nothing".to_owned(),
    };
    if mapping.execute_once {
        text.push_str(", apply once");
    }
    if mapping.merge != crate::rules::MergeType::default() {
        text.push_str(&format!(", {}", mapping.merge.label()));
    }
    text
}

fn metaverses(found: &mut Found, first: Option<&ServerMetaverse>, second: Option<&ServerMetaverse>) {
    // A folder without this part says nothing about it.
    let (Some(first), Some(second)) = (first, second) else { return };
    let part = ConfigurationPart::Metaverse;
    let classes = |schema: &ServerSchema| -> Vec<(String, Vec<String>)> {
        let attributes = |class: &super::schema::ServerClass| class.attributes.iter().map(|one| one.name.clone()).collect();
        schema.classes.iter().map(|class| (class.name.clone(), attributes(class))).collect()
    };
    for (_, pair) in pairs(&classes(&first.schema), &classes(&second.schema), |(name, _)| fold_text(name)) {
        let name = pair.0.or(pair.1).map_or("", |(name, _)| name.as_str());
        let tell = |(_, attributes): &(String, Vec<String>)| format!("{} attributes", attributes.len());
        if let Some(((_, one), (_, other))) = found.both(part, name, pair, tell) {
            found.set(part, name, "attribute", one, other);
        }
    }
    let kinds = |schema: &ServerSchema| -> Vec<(String, String)> {
        let kind = |attribute: &super::schema::ServerAttribute| {
            let many = if attribute.single_valued { "single-valued" } else { "multi-valued" };
            format!("{:?}, {many}{}", attribute.value_type, if attribute.indexable { ", indexable" } else { "" })
        };
        schema.attributes.iter().map(|attribute| (attribute.name.clone(), kind(attribute))).collect()
    };
    for (_, (one, other)) in pairs(&kinds(&first.schema), &kinds(&second.schema), |(name, _)| fold_text(name)) {
        if let (Some((name, one)), Some((_, other))) = (one, other) {
            found.value(part, name, "type", one.clone(), other.clone());
        }
    }
    parameters(found, ConfigurationPart::Setting, "", &first.settings, &second.settings);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::folder::read;
    use super::*;

    fn sample() -> ServerConfiguration {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/aadconnect-export/contoso-pilot")).unwrap()
    }

    #[test]
    fn equal_configurations_have_no_differences() {
        let sample = sample();
        assert!(!sample.rules.is_empty() && !sample.connectors.is_empty());
        assert_eq!(compare(&sample, &sample), []);
        // Another server that does the same has other identities.
        let mut other = sample.clone();
        for (number, connector) in other.connectors.iter_mut().enumerate() {
            let id = Uuid::from_u128(number as u128 + 1);
            other.rules.iter_mut().filter(|rule| rule.connector == connector.id).for_each(|rule| rule.connector = id);
            connector.id = id;
            connector.version += 7;
        }
        other.rules.iter_mut().for_each(|rule| rule.version += 1);
        other.rules.reverse();
        assert_eq!(compare(&sample, &other), []);
    }

    #[test]
    fn every_difference_is_told_with_its_place_from_both_sides() {
        let first = sample();
        let check = |change: &dyn Fn(&mut ServerConfiguration), part: ConfigurationPart, what: &str| {
            let mut second = first.clone();
            change(&mut second);
            let (there, back) = (compare(&first, &second), compare(&second, &first));
            assert_eq!(there.len(), 1, "{there:#?}");
            assert_eq!((there[0].part, there[0].what.as_str()), (part, what));
            assert_eq!((&there[0].first, &there[0].second), (&back[0].second, &back[0].first));
        };
        use ConfigurationPart as P;
        let target = first.rules[0].mappings[0].destination.clone();
        check(&|other| other.rules[0].precedence += 1000, P::Rule, "precedence");
        check(&|other| other.rules[0].disabled ^= true, P::Rule, "enabled");
        check(&|other| other.rules[0].scope_groups.push(Vec::new()), P::Rule, "scope");
        check(&|other| drop(other.rules[0].mappings.remove(0)), P::Rule, &format!("flow to {target}"));
        check(&|other| drop(other.rules.remove(0)), P::Rule, "");
        check(&|other| other.connectors[0].description.push('x'), P::Connector, "description");
        check(&|other| drop(other.connectors[0].attributes.remove(0)), P::Connector, "attribute");
        check(
            &|other| other.connectors[0].partitions[0].inclusions.push("OU=New,DC=x".into()),
            P::Partition,
            "container included",
        );
        check(&|other| other.connectors[0].run_profiles[0].steps[0].batch_size += 1, P::RunProfile, "step 1");
        check(&|other| drop(other.connectors[0].run_profiles.remove(0)), P::RunProfile, "");
        check(&|other| other.metaverse.as_mut().unwrap().settings[0].value.push('x'), P::Setting, "");
    }

    #[test]
    fn a_part_that_a_file_does_not_hold_is_not_missed() {
        let whole = sample();
        let rules = ServerConfiguration { metaverse: None, connectors: Vec::new(), ..whole.clone() };
        assert_eq!(compare(&whole, &rules), []);
        let mut other = rules.clone();
        other.rules[0].password_sync ^= true;
        assert_eq!(compare(&whole, &other).len(), 1);
        let connectors = ServerConfiguration { metaverse: None, rules: Vec::new(), ..whole.clone() };
        assert_eq!(compare(&connectors, &whole), []);
        let empty = ServerConfiguration { connectors: Vec::new(), rules: Vec::new(), ..whole.clone() };
        assert_eq!(compare(&whole, &empty).len(), whole.connectors.len() + whole.rules.len(), "a whole one has nothing");
    }
}
