//! The default rule set: read from `assets/rules`, composed for the connectors that are there
//! (`default-rules.md` 2).

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::definition::{Direction, JoinCondition, SyncRule};
use super::file::{RuleText, RuleTextError, rules_from_toml};
use super::identity_choice::{CONSISTENCY_GUID, choose_anchor, choose_sign_in};
use crate::model::{ConnectorId, IdSource, Schema, SchemaError};

const FILES: [(&str, &str); 12] = [
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
    ("source-anchor.toml", include_str!("../../../assets/rules/source-anchor.toml")),
    ("device.toml", include_str!("../../../assets/rules/device.toml")),
];

const METAVERSE: &str = include_str!("../../../assets/metaverse.toml");
const ACTIVE_DIRECTORY: &str = include_str!("../../../assets/active-directory-schema.toml");
const TENANT: &str = include_str!("../../../assets/tenant-schema.toml");

/// The default metaverse schema.
///
/// # Errors
/// [`SchemaError`] when the shipped file is faulty; a test guards it.
pub fn metaverse_schema() -> Result<Schema, SchemaError> {
    static PARSED: OnceLock<Schema> = OnceLock::new();
    shipped(&PARSED, METAVERSE)
}

/// The connector space schema of Active Directory with the Exchange and Lync extensions.
///
/// # Errors
/// [`SchemaError`] when the shipped file is faulty; a test guards it.
pub fn active_directory_schema() -> Result<Schema, SchemaError> {
    static PARSED: OnceLock<Schema> = OnceLock::new();
    shipped(&PARSED, ACTIVE_DIRECTORY)
}

/// A shipped schema, parsed once: every run asks for it.
fn shipped(parsed: &OnceLock<Schema>, text: &str) -> Result<Schema, SchemaError> {
    if let Some(schema) = parsed.get() {
        return Ok(schema.clone());
    }
    let schema = Schema::from_toml(text)?;
    Ok(parsed.get_or_init(|| schema).clone())
}

/// The connector space schema of Active Directory with some of the extensions, as a forest without the others has it.
///
/// # Errors
/// [`SchemaError`] when the shipped file is faulty; a test guards it.
pub fn active_directory_schema_with(features: ForestFeatures) -> Result<Schema, SchemaError> {
    let mut schema = active_directory_schema()?;
    schema.remove_attributes(|name| {
        let exchange = name.starts_with("msExch") || name.starts_with("extensionAttribute") || EXCHANGE.contains(&name);
        (exchange && !features.exchange) || (name.starts_with("msRTCSIP-") && !features.lync)
    });
    Ok(schema)
}

/// Attributes of the Exchange extension that are not named like it.
const EXCHANGE: [&str; 19] = [
    "altRecipient",
    "authOrig",
    "deliverAndRedirect",
    "delivContLength",
    "dLMemDefault",
    "dLMemRejectPerms",
    "dLMemSubmitPerms",
    "hideDLMembership",
    "homeMDB",
    "homeMTA",
    "mailNickname",
    "msDS-HABSeniorityIndex",
    "oOFReplyToOriginator",
    "publicDelegates",
    "reportToOriginator",
    "reportToOwner",
    "targetAddress",
    "telephoneAssistant",
    "unauthOrig",
];

/// The connector space schema of the cloud tenant.
///
/// # Errors
/// [`SchemaError`] when the shipped file is faulty; a test guards it.
pub fn tenant_schema() -> Result<Schema, SchemaError> {
    static PARSED: OnceLock<Schema> = OnceLock::new();
    shipped(&PARSED, TENANT)
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
        source: RuleTextError,
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
    /// sAMAccountName, then mailNickname.
    AccountName,
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
    /// Attribute that gives users their source anchor: `objectGUID`, `mS-DS-ConsistencyGuid` or another one.
    pub source_anchor: String,
    /// Attribute that users sign in to the tenant with: `userPrincipalName`, or an alternate ID such as `mail`.
    pub sign_in: String,
    /// Exchange hybrid deployment.
    pub hybrid_exchange: bool,
    /// Devices are synchronized.
    pub device_write_up: bool,
    /// Workloads selected, such as `ExchangeOnline`; `None` means all.
    pub apps: Option<BTreeSet<String>>,
}

/// The default rules for these connectors, in order of precedence from 100 upwards without gaps: one
/// group per rule name, inside it one rule per forest (`default-rules.md` 2.1). Flows that read or write an
/// attribute which the connector's schema lacks are left out.
///
/// # Errors
/// [`DefaultSetError`] when a shipped file is faulty; a test guards them.
pub fn default_rules(options: &DefaultSetOptions<'_>, ids: &dyn IdSource) -> Result<Vec<SyncRule>, DefaultSetError> {
    let mut templates = Vec::new();
    for (file, text) in FILES {
        let parsed = rules_from_toml(text).map_err(|source| DefaultSetError::Format { file, source })?;
        templates.extend(parsed.into_iter().map(|template| (file, template)));
    }
    templates.sort_by_key(|(_, template)| template.precedence());
    let mut rules = Vec::new();
    let mut precedence = 100;
    for (file, template) in &templates {
        let targets: Vec<(ConnectorId, &Schema)> = match template.connector.as_str() {
            "active-directory" => options.forests.clone(),
            "tenant" => vec![options.tenant],
            other => {
                let reason = format!("\"{other}\" is no kind of connector");
                return Err(DefaultSetError::Rule { file, rule: template.name.clone(), reason });
            }
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

/// The workloads that can be selected, such as `ExchangeOnline`.
///
/// # Errors
/// [`DefaultSetError`] when a shipped file is faulty; a test guards them.
pub fn workloads() -> Result<BTreeSet<String>, DefaultSetError> {
    let mut workloads = BTreeSet::new();
    for (file, text) in FILES {
        let templates = rules_from_toml(text).map_err(|source| DefaultSetError::Format { file, source })?;
        workloads.extend(templates.iter().filter_map(|template| Some(template.present_when.strip_prefix("app:")?.to_owned())));
    }
    Ok(workloads)
}

/// Object types of a forest whose anchor and sign-in attribute can be chosen.
const PERSONS: [&str; 2] = ["user", "inetOrgPerson"];

fn is_present(template: &RuleText, options: &DefaultSetOptions<'_>, schema: &Schema) -> bool {
    let features = ForestFeatures::of(schema);
    match template.present_when.split_once(':') {
        Some(("adSchema", "Exchange")) => features.exchange,
        Some(("adSchema", "Lync")) => features.lync,
        Some(("app", app)) => options.apps.as_ref().is_none_or(|apps| apps.contains(app)),
        Some(("optionalFeature", "HybridExchange")) => options.hybrid_exchange,
        Some(("optionalFeature", "DeviceWriteUp")) => options.device_write_up,
        Some(("sourceAnchor", attribute)) => options.source_anchor.eq_ignore_ascii_case(attribute),
        Some(_) => false,
        None => true,
    }
}

fn build(
    template: &RuleText,
    options: &DefaultSetOptions<'_>,
    connector: ConnectorId,
    schema: &Schema,
    precedence: i64,
    guid: Uuid,
) -> Result<SyncRule, String> {
    let inbound = template.direction == Direction::Inbound;
    let in_schema = |attribute: &str| schema.attribute_of(&template.connector_object, attribute).is_some();
    let mut rule = template.to_rule(connector, precedence, guid, &|attribute| !inbound || in_schema(attribute))?;
    if template.join_option.as_deref() == Some("user-match") {
        rule.join = user_match_groups(&options.user_match, &options.source_anchor, rule.join);
    }
    rule.join.retain(|group| group.iter().all(|condition| in_schema(&condition.connector_attribute)));
    if inbound && PERSONS.contains(&template.connector_object.as_str()) && template.connector == "active-directory" {
        choose_anchor(&mut rule, &options.source_anchor);
        choose_sign_in(&mut rule, &options.sign_in);
    }
    rule.flows.retain(|flow| inbound || flow.target == "dn" || in_schema(&flow.target));
    Ok(rule)
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
        UserMatch::Once if source_anchor.eq_ignore_ascii_case(CONSISTENCY_GUID) => {
            vec![equal(CONSISTENCY_GUID, "sourceAnchorBinary"), equal("objectGUID", "sourceAnchorBinary")]
        }
        UserMatch::Once => vec![equal("objectGUID", "sourceAnchorBinary")],
        UserMatch::Mail => vec![equal("mail", "mail")],
        UserMatch::ObjectSid => written,
        UserMatch::AccountName => vec![equal("sAMAccountName", "accountName"), equal("mailNickname", "mailNickname")],
        UserMatch::Attribute(attribute) => vec![equal(attribute, attribute)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metaverse_schema_has_the_documented_size() {
        let schema = metaverse_schema().unwrap();
        let count = |object_type: &str| schema.attributes_of(object_type).count();
        assert_eq!(schema.attributes().count(), 219);
        assert_eq!((count("person"), count("group"), count("device")), (182, 86, 29));
    }
}
