//! The default rule set: read from `assets/rules`, composed for the connectors that are there
//! (`default-rules.md` 2).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::definition::{Direction, Flow, FlowSource, JoinCondition, LinkType, MergeType, ScopeClause, ScopeOperator, SyncRule};
use crate::model::{ConnectorId, IdSource, RuleId, Schema, SchemaError, fold_text};

const FILES: [(&str, &str); 11] = [
    ("ad-user.toml", include_str!("../../../assets/rules/ad-user.toml")),
    ("ad-inetorgperson.toml", include_str!("../../../assets/rules/ad-inetorgperson.toml")),
    ("ad-group.toml", include_str!("../../../assets/rules/ad-group.toml")),
    ("ad-contact.toml", include_str!("../../../assets/rules/ad-contact.toml")),
    ("ad-foreign-security-principal.toml", include_str!("../../../assets/rules/ad-foreign-security-principal.toml")),
    ("tenant-in.toml", include_str!("../../../assets/rules/tenant-in.toml")),
    ("tenant-user.toml", include_str!("../../../assets/rules/tenant-user.toml")),
    ("tenant-contact.toml", include_str!("../../../assets/rules/tenant-contact.toml")),
    ("tenant-group.toml", include_str!("../../../assets/rules/tenant-group.toml")),
    ("hybrid.toml", include_str!("../../../assets/rules/hybrid.toml")),
    ("device.toml", include_str!("../../../assets/rules/device.toml")),
];

const METAVERSE: &str = include_str!("../../../assets/metaverse.toml");
const ACTIVE_DIRECTORY: &str = include_str!("../../../assets/active-directory-schema.toml");

/// The default metaverse schema.
///
/// # Errors
/// [`SchemaError`] when the shipped file is faulty; a test guards it.
pub fn metaverse_schema() -> Result<Schema, SchemaError> {
    Schema::from_toml(METAVERSE)
}

/// The connector space schema of Active Directory with the Exchange and Lync extensions.
///
/// # Errors
/// [`SchemaError`] when the shipped file is faulty; a test guards it.
pub fn active_directory_schema() -> Result<Schema, SchemaError> {
    Schema::from_toml(ACTIVE_DIRECTORY)
}

/// A rule file that cannot be used.
#[derive(Debug, Error)]
pub enum DefaultSetError {
    /// Not TOML of the expected form.
    #[error("rule file {file} cannot be read")]
    Format {
        /// File.
        file: &'static str,
        /// Cause.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A clause or condition is malformed.
    #[error("rule file {file}, rule \"{rule}\": {reason}")]
    Rule {
        /// File.
        file: &'static str,
        /// Rule.
        rule: String,
        /// What is wrong.
        reason: String,
    },
}

/// How users of several forests find each other (`default-rules.md` 2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserMatch {
    /// Users are represented only once across all forests.
    #[default]
    Once,
    /// Mail attribute.
    Mail,
    /// objectSid with msExchMasterAccountSID or msRTCSIP-OriginatorSID.
    ObjectSid,
    /// A given attribute, equal on both sides.
    Attribute(String),
}

/// What a forest's schema offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForestFeatures {
    /// Exchange attributes.
    pub exchange: bool,
    /// Lync or Skype attributes.
    pub lync: bool,
}

impl ForestFeatures {
    /// Reads the features off a schema.
    #[must_use]
    pub fn of(schema: &Schema) -> Self {
        Self {
            exchange: schema.attribute("msExchRecipientTypeDetails").is_some(),
            lync: schema.attribute("msRTCSIP-PrimaryUserAddress").is_some(),
        }
    }
}

/// What the wizard chose.
#[derive(Clone, Debug)]
pub struct DefaultSetOptions<'a> {
    /// Forests in the order in which they were added, with their schemas.
    pub forests: Vec<(ConnectorId, &'a Schema)>,
    /// The tenant, with its schema.
    pub tenant: (ConnectorId, &'a Schema),
    /// How users are matched.
    pub user_match: UserMatch,
    /// Attribute that gives the source anchor: `objectGUID` or `mS-DS-ConsistencyGuid`.
    pub source_anchor: String,
    /// Exchange hybrid deployment.
    pub hybrid_exchange: bool,
    /// Devices are synchronized.
    pub device_write_up: bool,
    /// Workloads selected, such as `ExchangeOnline`; `None` means all.
    pub apps: Option<BTreeSet<String>>,
}

#[derive(Deserialize)]
struct RuleFile {
    rule: Vec<RuleTemplate>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct RuleTemplate {
    name: String,
    precedence: i64,
    direction: Direction,
    connector: TemplateConnector,
    connector_object: String,
    metaverse_object: String,
    link: LinkType,
    #[serde(default)]
    password_sync: bool,
    tag: Option<String>,
    present_when: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    scope: Vec<Vec<String>>,
    #[serde(default)]
    join: Vec<Vec<String>>,
    join_option: Option<String>,
    #[serde(default)]
    same: Vec<String>,
    #[serde(default)]
    trimmed: Vec<String>,
    #[serde(default)]
    apply_once: Vec<String>,
    #[serde(default)]
    direct: BTreeMap<String, String>,
    #[serde(default)]
    expression: BTreeMap<String, String>,
    #[serde(default)]
    constant: BTreeMap<String, String>,
    #[serde(default)]
    merge: BTreeMap<String, MergeType>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum TemplateConnector {
    ActiveDirectory,
    Tenant,
}

/// The default rules for these connectors, in order of precedence from 100 upwards without gaps: one
/// group per rule name, inside it one rule per forest (`default-rules.md` 2.1). Flows whose source
/// attribute the forest's schema lacks are left out.
///
/// # Errors
/// [`DefaultSetError`] when a shipped file is faulty; a test guards them.
pub fn default_rules(options: &DefaultSetOptions<'_>, ids: &dyn IdSource) -> Result<Vec<SyncRule>, DefaultSetError> {
    let mut templates = Vec::new();
    for (file, text) in FILES {
        let parsed: RuleFile =
            toml::from_str(text).map_err(|source| DefaultSetError::Format { file, source: Box::new(source) })?;
        templates.extend(parsed.rule.into_iter().map(|template| (file, template)));
    }
    templates.sort_by_key(|(_, template)| template.precedence);
    let mut rules = Vec::new();
    let mut precedence = 100;
    for (file, template) in &templates {
        let targets: Vec<(ConnectorId, &Schema)> = match template.connector {
            TemplateConnector::ActiveDirectory => options.forests.clone(),
            TemplateConnector::Tenant => vec![options.tenant],
        };
        for (connector, schema) in targets {
            if !is_present(template, options, schema) || schema.type_name(&template.connector_object).is_none() {
                continue;
            }
            let rule = build(template, options, connector, schema, precedence, ids.guid())
                .map_err(|reason| DefaultSetError::Rule { file, rule: template.name.clone(), reason })?;
            rules.push(rule);
            precedence += 1;
        }
    }
    Ok(rules)
}

fn is_present(template: &RuleTemplate, options: &DefaultSetOptions<'_>, schema: &Schema) -> bool {
    let features = ForestFeatures::of(schema);
    match template.present_when.split_once(':') {
        Some(("adSchema", "Exchange")) => features.exchange,
        Some(("adSchema", "Lync")) => features.lync,
        Some(("app", app)) => options.apps.as_ref().is_none_or(|apps| apps.contains(app)),
        Some(("optionalFeature", "HybridExchange")) => options.hybrid_exchange,
        Some(("optionalFeature", "DeviceWriteUp")) => options.device_write_up,
        Some(_) => false,
        None => true,
    }
}

fn build(
    template: &RuleTemplate,
    options: &DefaultSetOptions<'_>,
    connector: ConnectorId,
    schema: &Schema,
    precedence: i64,
    guid: Uuid,
) -> Result<SyncRule, String> {
    let scope = template
        .scope
        .iter()
        .map(|group| group.iter().map(|text| parse_clause(text)).collect())
        .collect::<Result<Vec<Vec<_>>, String>>()?;
    let written_join = template
        .join
        .iter()
        .map(|group| group.iter().map(|text| parse_join(text)).collect())
        .collect::<Result<Vec<Vec<_>>, String>>()?;
    let join = if template.join_option.as_deref() == Some("user-match") {
        user_match_groups(&options.user_match, &options.source_anchor, written_join)
    } else {
        written_join
    };
    let inbound = template.direction == Direction::Inbound;
    let has_source = |attribute: &str| !inbound || schema.attribute_of(&template.connector_object, attribute).is_some();
    let join = join
        .into_iter()
        .filter(|group: &Vec<JoinCondition>| {
            group
                .iter()
                .all(|condition| schema.attribute_of(&template.connector_object, &condition.connector_attribute).is_some())
        })
        .collect();
    Ok(SyncRule {
        id: RuleId(0),
        guid,
        name: template.name.clone(),
        description: template.description.clone(),
        precedence,
        direction: template.direction,
        connector,
        connector_object_type: template.connector_object.clone(),
        metaverse_object_type: template.metaverse_object.clone(),
        link: template.link,
        enabled: true,
        password_sync: template.password_sync,
        tag: template.tag.clone(),
        scope,
        join,
        flows: flows(template, &options.source_anchor, &has_source),
    })
}

fn flows(template: &RuleTemplate, source_anchor: &str, has_source: &dyn Fn(&str) -> bool) -> Vec<Flow> {
    let apply_once: BTreeSet<String> = template.apply_once.iter().map(|name| fold_text(name)).collect();
    let merge: BTreeMap<String, MergeType> = template.merge.iter().map(|(name, merge)| (fold_text(name), *merge)).collect();
    let flow = |target: &str, source: FlowSource| Flow {
        target: target.to_owned(),
        source,
        apply_once: apply_once.contains(&fold_text(target)),
        merge: merge.get(&fold_text(target)).copied().unwrap_or_default(),
    };
    let mut flows = Vec::new();
    for name in template.same.iter().filter(|name| has_source(name)) {
        flows.push(flow(name, FlowSource::Direct(name.clone())));
    }
    for (target, source) in template.direct.iter().filter(|(_, source)| has_source(source)) {
        flows.push(flow(target, FlowSource::Direct(source.clone())));
    }
    for name in template.trimmed.iter().filter(|name| has_source(name)) {
        flows.push(flow(name, FlowSource::Expression(format!("Trim([{name}])"))));
    }
    for (target, expression) in &template.expression {
        let expression = if target.eq_ignore_ascii_case("sourceAnchor") && template.direction == Direction::Inbound {
            expression.replace("[objectGUID]", &format!("[{source_anchor}]"))
        } else {
            expression.clone()
        };
        flows.push(flow(target, FlowSource::Expression(expression)));
    }
    for (target, constant) in &template.constant {
        flows.push(flow(target, FlowSource::Constant(constant.clone())));
    }
    flows.sort_by_key(|flow| fold_text(&flow.target));
    flows
}

fn parse_clause(text: &str) -> Result<ScopeClause, String> {
    let mut words = text.splitn(3, ' ');
    let (Some(attribute), Some(operator)) = (words.next(), words.next()) else {
        return Err(format!("scope clause \"{text}\" is not \"attribute OPERATOR value\""));
    };
    let operator: ScopeOperator = operator.parse()?;
    Ok(ScopeClause { attribute: attribute.to_owned(), operator, value: words.next().unwrap_or("").to_owned() })
}

fn parse_join(text: &str) -> Result<JoinCondition, String> {
    let (left, right, case_sensitive) = match text.split_once(" == ") {
        Some((left, right)) => (left, right, true),
        None => match text.split_once(" = ") {
            Some((left, right)) => (left, right, false),
            None => return Err(format!("join condition \"{text}\" is not \"attribute = attribute\"")),
        },
    };
    Ok(JoinCondition {
        connector_attribute: left.trim().to_owned(),
        metaverse_attribute: right.trim().to_owned(),
        case_sensitive,
    })
}

fn user_match_groups(user_match: &UserMatch, source_anchor: &str, written: Vec<Vec<JoinCondition>>) -> Vec<Vec<JoinCondition>> {
    let equal = |connector: &str, metaverse: &str| {
        vec![JoinCondition {
            connector_attribute: connector.to_owned(),
            metaverse_attribute: metaverse.to_owned(),
            case_sensitive: false,
        }]
    };
    match user_match {
        UserMatch::Once if source_anchor.eq_ignore_ascii_case("objectGUID") => vec![equal("objectGUID", "sourceAnchorBinary")],
        UserMatch::Once => vec![equal(source_anchor, "sourceAnchorBinary"), equal("objectGUID", "sourceAnchorBinary")],
        UserMatch::Mail => vec![equal("mail", "mail")],
        UserMatch::ObjectSid => written,
        UserMatch::Attribute(attribute) => vec![equal(attribute, attribute)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SequentialIds;

    const AD: &str = include_str!("../../../assets/active-directory-schema.toml");
    const TENANT: &str = include_str!("../../../assets/tenant-schema.toml");

    fn rules(hybrid: bool) -> Vec<SyncRule> {
        let (forest, tenant) = (Schema::from_toml(AD).unwrap(), Schema::from_toml(TENANT).unwrap());
        let options = DefaultSetOptions {
            forests: vec![(ConnectorId(1), &forest)],
            tenant: (ConnectorId(2), &tenant),
            user_match: UserMatch::Once,
            source_anchor: "objectGUID".into(),
            hybrid_exchange: hybrid,
            device_write_up: hybrid,
            apps: None,
        };
        default_rules(&options, &SequentialIds::default()).unwrap()
    }

    #[test]
    fn all_rules_of_the_export_with_every_feature_on() {
        let rules = rules(true);
        assert_eq!(rules.len(), 62);
        assert_eq!(rules.first().map(|rule| (rule.precedence, rule.name.as_str())), Some((100, "In from AD - User Join")));
        assert_eq!(rules.last().map(|rule| (rule.precedence, rule.name.as_str())), Some((161, "In from AD - Device Common")));
        assert_eq!(rules.iter().map(|rule| rule.flows.len()).sum::<usize>(), 1200);
    }

    #[test]
    fn without_options_hybrid_and_device_rules_are_absent() {
        let rules = rules(false);
        assert_eq!(rules.len(), 48);
        assert!(rules.iter().all(|rule| !rule.name.contains("Hybrid")));
    }

    #[test]
    fn the_matching_option_replaces_the_user_join_groups() {
        let rules = rules(false);
        let join = &rules.first().unwrap().join;
        assert_eq!(join.len(), 1);
        assert_eq!(join[0][0].metaverse_attribute, "sourceAnchorBinary");
        let fsp = rules.iter().find(|rule| rule.connector_object_type == "foreignSecurityPrincipal").unwrap();
        assert_eq!(fsp.metaverse_object_type, "*");
    }

    #[test]
    fn the_metaverse_schema_has_the_documented_size() {
        let schema = metaverse_schema().unwrap();
        let count = |object_type: &str| schema.attributes_of(object_type).count();
        assert_eq!(schema.attributes().count(), 219);
        assert_eq!((count("person"), count("group"), count("device")), (182, 86, 29));
    }
}
