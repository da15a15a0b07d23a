//! Changing the choices that the standard rules are composed by: named, checked, and told as changes of rules before
//! they are stored. An administrator's own rules stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use thiserror::Error;

use super::choices::RuleChoices;
use super::directory::SetupError;
use super::rule_changes::{RuleChangeError, RuleChangeReport, RuleStep, concerned, require_runs};
use super::rule_set::compose_default_rules;
use crate::model::{ConnectorId, IdSource, fold_text};
use crate::rules::{SyncRule, UserMatch, workloads};
use crate::store::configuration::{self, ConnectorRecord};
use crate::store::options::configuration_version;
use crate::store::server_documents::{self, DocumentKind};
use crate::store::{Database, StoreError, schema};
use crate::sync::load_plan;

/// The object type whose attributes identify users.
const USER: &str = "user";

/// One of the choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// How users of several forests find each other.
    UserMatch,
    /// The attribute that gives users their source anchor.
    SourceAnchor,
    /// The attribute that users sign in to the tenant with.
    SignIn,
    /// Exchange hybrid deployment.
    HybridExchange,
    /// Devices are synchronized.
    DeviceWriteUp,
    /// Workloads selected.
    Apps,
}

/// A choice that cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// There is no such choice.
    #[error("\"{name}\" is no choice; there are {known}")]
    Name {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The value does not fit.
    #[error("{name} cannot be \"{value}\"; it can be {allowed}")]
    Value {
        /// The choice.
        name: &'static str,
        /// The value asked for.
        value: String,
        /// The values that fit.
        allowed: String,
    },
    /// An attribute is missing where it is needed.
    #[error("{name} cannot be \"{attribute}\": {place} has no such attribute of users; name one that every forest has")]
    Attribute {
        /// The choice.
        name: &'static str,
        /// The attribute.
        attribute: String,
        /// The connector that lacks it, or the metaverse.
        place: String,
    },
    /// Nothing can be composed, or somebody else changed the configuration.
    #[error(transparent)]
    Rules(#[from] RuleChangeError),
    /// The rules could not be composed.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Choice {
    /// All choices, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::UserMatch, Self::SourceAnchor, Self::SignIn, Self::HybridExchange, Self::DeviceWriteUp, Self::Apps];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserMatch => "user-match",
            Self::SourceAnchor => "source-anchor",
            Self::SignIn => "sign-in",
            Self::HybridExchange => "hybrid-exchange",
            Self::DeviceWriteUp => "device-write-up",
            Self::Apps => "apps",
        }
    }

    /// What it decides.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::UserMatch => "how users of several forests find each other",
            Self::SourceAnchor => "the attribute that gives users their source anchor",
            Self::SignIn => "the attribute that users sign in to the tenant with",
            Self::HybridExchange => "attributes of Exchange are written back to the forests",
            Self::DeviceWriteUp => "devices are synchronized",
            Self::Apps => "the workloads that attributes are synchronized for",
        }
    }

    /// The choice of a name.
    ///
    /// # Errors
    /// [`ChoiceError::Name`] names those there are.
    pub fn of_name(name: &str) -> Result<Self, ChoiceError> {
        let found = Self::ALL.into_iter().find(|choice| choice.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| ChoiceError::Name { name: name.to_owned(), known: Self::ALL.map(Self::name).join(", ") })
    }

    /// The values that fit, in words.
    ///
    /// # Errors
    /// [`ChoiceError`] when the shipped rules are faulty.
    pub fn allowed(self) -> Result<String, ChoiceError> {
        Ok(match self {
            Self::UserMatch => "once, mail, object-sid, account-name, or attribute:NAME".to_owned(),
            Self::SourceAnchor => "objectGUID, mS-DS-ConsistencyGuid, or another attribute of users".to_owned(),
            Self::SignIn => "userPrincipalName, or another attribute of users, such as mail".to_owned(),
            Self::HybridExchange | Self::DeviceWriteUp => "on or off".to_owned(),
            Self::Apps => {
                let known: Vec<String> = workloads().map_err(SetupError::from)?.into_iter().collect();
                format!("all, none, or a list of {}", known.join(","))
            }
        })
    }

    /// The value of the choice as it is written.
    #[must_use]
    pub fn value(self, choices: &RuleChoices) -> String {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        match self {
            Self::UserMatch => match &choices.user_match {
                UserMatch::Once => "once".to_owned(),
                UserMatch::Mail => "mail".to_owned(),
                UserMatch::ObjectSid => "object-sid".to_owned(),
                UserMatch::AccountName => "account-name".to_owned(),
                UserMatch::Attribute(name) => format!("{ATTRIBUTE}{name}"),
            },
            Self::SourceAnchor => choices.source_anchor.clone(),
            Self::SignIn => choices.sign_in.clone(),
            Self::HybridExchange => switch(choices.hybrid_exchange),
            Self::DeviceWriteUp => switch(choices.device_write_up),
            Self::Apps => match &choices.apps {
                None => "all".to_owned(),
                Some(apps) if apps.is_empty() => "none".to_owned(),
                Some(apps) => apps.iter().map(String::as_str).collect::<Vec<_>>().join(","),
            },
        }
    }

    /// Makes the choice.
    fn choose(self, choices: &mut RuleChoices, value: &str, here: &Here) -> Result<(), ChoiceError> {
        let value = value.trim();
        let allowed = self.allowed()?;
        let wrong = || ChoiceError::Value { name: self.name(), value: value.to_owned(), allowed: allowed.clone() };
        let switch = || match fold_text(value).as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(wrong()),
        };
        match self {
            Self::UserMatch => {
                choices.user_match = match fold_text(value).as_str() {
                    "once" => UserMatch::Once,
                    "mail" => UserMatch::Mail,
                    "object-sid" => UserMatch::ObjectSid,
                    "account-name" => UserMatch::AccountName,
                    _ => {
                        let name = value.strip_prefix(ATTRIBUTE).filter(|name| !name.trim().is_empty()).ok_or_else(wrong)?;
                        let name = here.attribute(self.name(), name)?;
                        if !here.metaverse.contains(&fold_text(&name)) {
                            let place = "the metaverse".to_owned();
                            return Err(ChoiceError::Attribute { name: self.name(), attribute: name, place });
                        }
                        UserMatch::Attribute(name)
                    }
                }
            }
            Self::SourceAnchor | Self::SignIn if value.is_empty() => return Err(wrong()),
            Self::SourceAnchor => choices.source_anchor = here.attribute(self.name(), value)?,
            Self::SignIn => choices.sign_in = here.attribute(self.name(), value)?,
            Self::HybridExchange => choices.hybrid_exchange = switch()?,
            Self::DeviceWriteUp => choices.device_write_up = switch()?,
            Self::Apps => {
                choices.apps = match fold_text(value).as_str() {
                    "all" => None,
                    "none" => Some(BTreeSet::new()),
                    _ => {
                        let known = workloads().map_err(SetupError::from)?;
                        let mut apps = BTreeSet::new();
                        for name in value.split(',').map(str::trim) {
                            let found = known.iter().find(|app| app.eq_ignore_ascii_case(name)).ok_or_else(wrong)?;
                            apps.insert(found.clone());
                        }
                        Some(apps)
                    }
                }
            }
        }
        Ok(())
    }
}

/// What stands before the attribute that users are matched by.
const ATTRIBUTE: &str = "attribute:";

/// Which attributes of users there are.
struct Here {
    /// Of each forest.
    forests: Vec<ConnectorRecord>,
    /// Of the metaverse, folded.
    metaverse: BTreeSet<String>,
}

impl Here {
    fn read(connection: &Connection) -> Result<Self, StoreError> {
        let connectors = configuration::connectors(connection)?;
        let metaverse = schema::metaverse(connection)?;
        Ok(Self {
            forests: connectors.into_iter().filter(|connector| configuration::is_forest(&connector.kind)).collect(),
            metaverse: metaverse.attributes().map(|attribute| fold_text(&attribute.name)).collect(),
        })
    }

    /// An attribute that users of every forest have, as the forests spell it.
    fn attribute(&self, choice: &'static str, name: &str) -> Result<String, ChoiceError> {
        let name = name.trim();
        let mut spelled = name.to_owned();
        for forest in &self.forests {
            match forest.schema.attribute_of(USER, name) {
                Some(found) => spelled.clone_from(&found.name),
                None => {
                    let (attribute, place) = (name.to_owned(), forest.name.clone());
                    return Err(ChoiceError::Attribute { name: choice, attribute, place });
                }
            }
        }
        Ok(spelled)
    }
}

/// What other choices mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChoiceReport {
    /// The choices before.
    pub before: RuleChoices,
    /// The choices afterwards.
    pub after: RuleChoices,
    /// The rules that come, go or do something else. Those that only get another number are left out.
    pub rules: RuleChangeReport,
    /// What must be known beside that.
    pub notes: Vec<String>,
}

/// Makes choices, by name and value, and composes the standard rules anew: all of it or nothing. A rehearsal is the
/// same transaction, taken back. `as_of` is the version of the configuration that the change is made from.
///
/// # Errors
/// [`ChoiceError`] names choice, value and what fits; nothing is stored then.
pub fn change_choices(
    database: &Database,
    ids: &dyn IdSource,
    values: &[(String, String)],
    as_of: Option<u64>,
    rehearsal: bool,
) -> Result<ChoiceReport, ChoiceError> {
    let report = {
        let mut writer = database.writer();
        let transaction = writer.transaction()?;
        let present = configuration_version(&transaction)?;
        if let Some(as_of) = as_of.filter(|as_of| *as_of != present) {
            return Err(RuleChangeError::Conflict { as_of, present }.into());
        }
        let before = RuleChoices::load(&transaction)?;
        let (mut after, here) = (before.clone(), Here::read(&transaction)?);
        for (name, value) in values {
            Choice::of_name(name)?.choose(&mut after, value, &here)?;
        }
        let mut report = ChoiceReport { before, after, ..ChoiceReport::default() };
        report.rules.version = present;
        if report.before == report.after {
            return Ok(report);
        }
        let (rules, connectors) = (configuration::rules(&transaction)?, configuration::connectors(&transaction)?);
        report.after.save(&transaction)?;
        if !compose_default_rules(&transaction, &report.after, ids)? {
            report.notes.push("the rules are made as soon as there are a forest and a tenant".to_owned());
        }
        report.rules.steps = steps(&rules, &configuration::rules(&transaction)?);
        report.rules.version = configuration_version(&transaction)?;
        report.rules.full_synchronization = synchronizations(&report.rules.steps, &rules, &configuration::rules(&transaction)?);
        let added = added(&connectors, &configuration::connectors(&transaction)?);
        // The attributes are selected already; what is left is to synchronize with them.
        require_runs(&transaction, &report.rules)?;
        report.rules.attributes = added;
        report.notes.extend(notes(&transaction, &report)?);
        if rehearsal {
            return Ok(report);
        }
        transaction.commit().map_err(StoreError::sqlite("storing the choices for the standard rules"))?;
        report
    };
    // Other rules may look up other attributes: the join keys follow.
    load_plan(database)?;
    Ok(report)
}

/// The rules that come, go, or do something else, in order of precedence.
fn steps(before: &[SyncRule], after: &[SyncRule]) -> Vec<RuleStep> {
    let same = |one: &SyncRule, other: &SyncRule| {
        let other = SyncRule { precedence: one.precedence, ..other.clone() };
        one.clone().normal() == other.normal()
    };
    let mut steps = Vec::new();
    for rule in after {
        match before.iter().find(|known| known.id == rule.id) {
            None => steps.push(RuleStep { before: None, after: Some(rule.clone()) }),
            Some(known) if same(known, rule) => {}
            // That the number moves with the others is no change of this rule.
            Some(known) => {
                let before = SyncRule { precedence: rule.precedence, ..known.clone() };
                steps.push(RuleStep { before: Some(before), after: Some(rule.clone()) });
            }
        }
    }
    let gone = before.iter().filter(|known| after.iter().all(|rule| rule.id != known.id));
    steps.extend(gone.map(|rule| RuleStep { before: Some(rule.clone()), after: None }));
    steps.sort_by_key(|step| step.rule().map(|rule| (rule.precedence, rule.guid)));
    steps
}

/// The connectors whose objects the changes concern.
fn synchronizations(steps: &[RuleStep], before: &[SyncRule], after: &[SyncRule]) -> BTreeSet<ConnectorId> {
    let felt = steps.iter().filter(|step| step.is_felt());
    felt.flat_map(|step| {
        let old = step.before.as_ref().filter(|rule| rule.enabled).map(|rule| concerned(rule, before));
        let new = step.after.as_ref().filter(|rule| rule.enabled).map(|rule| concerned(rule, after));
        old.into_iter().chain(new).flatten()
    })
    .collect()
}

/// Attributes that connectors read from now on, where others were selected before.
fn added(before: &[ConnectorRecord], after: &[ConnectorRecord]) -> BTreeMap<ConnectorId, Vec<String>> {
    let mut added = BTreeMap::new();
    for (old, new) in before.iter().zip(after) {
        let names: Vec<String> = new.attributes.iter().filter(|name| !old.attributes.contains(name)).cloned().collect();
        if !names.is_empty() {
            added.insert(new.id, names);
        }
    }
    added
}

fn notes(connection: &Connection, report: &ChoiceReport) -> Result<Vec<String>, StoreError> {
    let mut notes = Vec::new();
    if report.before.source_anchor != report.after.source_anchor {
        notes.push(
            "another source anchor makes others of objects that the tenant has already: their synchronization fails with \"SourceAnchor attribute has changed\" until it is chosen back"
                .to_owned(),
        );
    }
    let imported: BTreeSet<_> = server_documents::guids(connection, DocumentKind::Rule)?.into_iter().collect();
    let rules = configuration::rules(connection)?;
    let kept: BTreeSet<ConnectorId> =
        rules.iter().filter(|rule| rule.tag.is_some() && imported.contains(&rule.guid)).map(|rule| rule.connector).collect();
    for connector in configuration::connectors(connection)?.into_iter().filter(|connector| kept.contains(&connector.id)) {
        notes.push(format!("the rules of {} were imported from a server and stay as they are", connector.name));
    }
    Ok(notes)
}
