//! Former editions of rules: looking at them, bringing one back, undoing a change (`ui.md` 14, BEYOND-13).

use uuid::Uuid;

use super::engine::{Answer, Engine};
use super::queries::QueryContext;
use super::{EngineError, RemovedRuleView, RuleChangeView, RuleFateView, RuleHistoryView, RuleVersionView};
use crate::model::{RuleId, fold_text};
use crate::rules::{SyncRule, compare_rules};
use crate::setup::{Accept, RuleChanges};
use crate::store::rule_history::{self, Author, RuleRecord};
use crate::store::{Reader, StoreError, configuration, options};

/// An edition of a rule: the rule as it was, and the change that made it when that is known.
struct Edition<'a> {
    number: u32,
    made_by: Option<&'a RuleRecord>,
    /// None when the change removed the rule.
    rule: Option<&'a SyncRule>,
}

/// The editions, oldest first: every change says what was before it, and the last one led to what is there now.
fn editions<'a>(records: &'a [RuleRecord], present: Option<&'a SyncRule>) -> Vec<Edition<'a>> {
    let mut found = Vec::new();
    if let Some(first) = records.first().filter(|first| first.before.is_some()) {
        found.push(Edition { number: first.number.saturating_sub(1), made_by: None, rule: first.before.as_ref() });
    }
    for (place, record) in records.iter().enumerate() {
        let rule = match records.get(place + 1) {
            Some(next) => next.before.as_ref(),
            None => present,
        };
        found.push(Edition { number: record.number, made_by: Some(record), rule });
    }
    if records.is_empty() && present.is_some() {
        found.push(Edition { number: 1, made_by: None, rule: present });
    }
    found
}

impl Engine {
    /// Whoever works with this engine, now.
    pub(super) fn author(&self) -> Author {
        Author { user: self.user().to_owned(), at: self.now() }
    }

    /// Does something that composes or replaces rules, and writes down in what they differ afterwards.
    pub(super) fn recording_rules<T>(&self, work: impl FnOnce() -> Answer<T>) -> Answer<T> {
        let before = configuration::rules(&*self.database().reader()?)?;
        let result = work()?;
        let mut writer = self.database().writer();
        let transaction = writer.transaction()?;
        let after = configuration::rules(&transaction)?;
        let version = options::configuration_version(&transaction)?;
        rule_history::record(&transaction, &before, &after, &self.author(), version)?;
        transaction.commit().map_err(StoreError::sqlite("writing down changes of synchronization rules"))?;
        Ok(result)
    }

    /// The editions of a rule, newest first; of a rule that was removed, too.
    ///
    /// # Errors
    /// [`EngineError::UnknownRule`] when neither the rule nor a former edition is there.
    pub fn rule_history(&self, rule: Uuid) -> Answer<RuleHistoryView> {
        self.query(|reader, context| history(reader, context, rule))
    }

    /// The identifier of a rule by its name, identifier or precedence; of a removed one by its name or identifier.
    ///
    /// # Errors
    /// [`EngineError::UnknownRule`], or [`EngineError::Invalid`] when several rules have the name.
    pub fn find_rule_or_removed(&self, name: &str, connector: Option<&str>) -> Answer<Uuid> {
        let unknown = match self.find_rules(&[name.to_owned()], connector) {
            Ok(found) => match found.first() {
                Some(rule) => return Ok(rule.guid),
                None => EngineError::UnknownRule { name: name.to_owned(), hint: String::new() },
            },
            Err(error @ EngineError::UnknownRule { .. }) => error,
            Err(error) => return Err(error),
        };
        let wanted = Uuid::parse_str(name.trim()).ok();
        let named = |rule: &RemovedRuleView| fold_text(&rule.name) == fold_text(name.trim()) || Some(rule.guid) == wanted;
        self.removed_rules()?.into_iter().find(named).map(|rule| rule.guid).ok_or(unknown)
    }

    /// Rules that were removed and can come back, the newest removal first.
    ///
    /// # Errors
    /// [`EngineError`] when the database cannot be read.
    pub fn removed_rules(&self) -> Answer<Vec<RemovedRuleView>> {
        self.query(|reader, context| {
            let view = |record: RuleRecord| {
                let rule = record.before?;
                // A connector that is gone took its rules with it for good.
                context.connector(rule.connector)?;
                Some(RemovedRuleView {
                    guid: record.guid,
                    name: rule.name,
                    precedence: rule.precedence,
                    connector: context.connector_name(rule.connector),
                    direction: rule.direction,
                    removed: record.author.at,
                    user: record.author.user,
                    version: record.number.saturating_sub(1),
                })
            };
            Ok(rule_history::gone(reader)?.into_iter().filter_map(view).collect())
        })
    }

    /// A former edition of a rule as it was.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when there is no such edition.
    pub fn rule_edition(&self, rule: Uuid, version: u32) -> Answer<SyncRule> {
        self.query(|reader, context| edition(reader, context, rule, version))
    }

    /// Says what bringing back a former edition of a rule would mean, and stores nothing.
    ///
    /// # Errors
    /// As [`Engine::restore_rule`].
    pub fn judge_rule_restoration(&self, rule: Uuid, version: u32) -> Answer<RuleChangeView> {
        self.judge_rules(&self.restoration(rule, version, None)?)
    }

    /// Brings back a former edition of a rule; a removed rule comes back under a new number. The present edition becomes
    /// a former one. It is judged as every change of rules is.
    ///
    /// # Errors
    /// As [`Engine::change_rules`], and [`EngineError::Invalid`] when there is no such edition.
    pub fn restore_rule(&self, rule: Uuid, version: u32, as_of: Option<u64>) -> Answer<RuleChangeView> {
        self.change_rules(&self.restoration(rule, version, as_of)?)
    }

    fn restoration(&self, rule: Uuid, version: u32, as_of: Option<u64>) -> Answer<RuleChanges> {
        let wanted = self.rule_edition(rule, version)?;
        let present = self.rule_definitions()?.into_iter().find(|known| known.guid == rule);
        let id = present.map_or(RuleId(0), |present| present.id);
        let save = vec![SyncRule { id, ..wanted }];
        // What was stored once with a warning can be stored again.
        Ok(RuleChanges { save, as_of, accept: Accept::Unfinished, ..RuleChanges::default() })
    }

    /// Undoes the change of rules that made the present version of the configuration: rules become what they were, those
    /// that it made go, those that it removed come back.
    ///
    /// # Errors
    /// As [`Engine::change_rules`]; a conflict when something else was changed since, and [`EngineError::Invalid`] when
    /// that version came from no change of rules.
    pub fn undo_rule_change(&self, version: u64) -> Answer<RuleChangeView> {
        let (records, rules) =
            self.query(|reader, context| Ok((rule_history::of_configuration(reader, version)?, context.rules.clone())))?;
        if records.is_empty() {
            return Err(EngineError::Invalid(format!("version {version} of the configuration came from no change of rules")));
        }
        let mut changes = RuleChanges { as_of: Some(version), accept: Accept::Unfinished, ..RuleChanges::default() };
        for record in records {
            let present = rules.iter().find(|rule| rule.guid == record.guid).map(|rule| rule.id);
            match (record.before, present) {
                (Some(before), id) => changes.save.push(SyncRule { id: id.unwrap_or(RuleId(0)), ..before }),
                (None, Some(id)) => changes.remove.push(id),
                (None, None) => {}
            }
        }
        self.change_rules(&changes)
    }
}

fn edition(reader: &Reader<'_>, context: &QueryContext, rule: Uuid, version: u32) -> Answer<SyncRule> {
    let records = rule_history::of_rule(reader, rule)?;
    let present = context.rules.iter().find(|known| known.guid == rule);
    let all = editions(&records, present);
    match all.iter().find(|edition| edition.number == version).map(|edition| edition.rule) {
        Some(Some(found)) => Ok(found.clone()),
        Some(None) => {
            Err(EngineError::Invalid(format!("version {version} is the removal of the rule; restore the version before it")))
        }
        None => {
            let known: Vec<String> =
                all.iter().filter(|edition| edition.rule.is_some()).map(|edition| edition.number.to_string()).collect();
            Err(EngineError::Invalid(format!("the rule has no version {version}; its versions: {}", known.join(", "))))
        }
    }
}

fn history(reader: &Reader<'_>, context: &QueryContext, rule: Uuid) -> Answer<RuleHistoryView> {
    let records = rule_history::of_rule(reader, rule)?;
    let present = context.rules.iter().find(|known| known.guid == rule);
    let all = editions(&records, present);
    let Some(newest) = present.or_else(|| all.iter().rev().find_map(|edition| edition.rule)) else {
        return Err(EngineError::UnknownRule { name: rule.to_string(), hint: String::new() });
    };
    let normal_present = present.cloned().map(SyncRule::normal);
    let mut versions: Vec<RuleVersionView> = Vec::new();
    let mut before: Option<&SyncRule> = None;
    for edition in &all {
        let shown = edition.rule.or(before).unwrap_or(newest);
        let fate = match (before, edition.rule) {
            (_, None) => RuleFateView::Removed,
            (None, Some(_)) if edition.made_by.is_some() => RuleFateView::New,
            (None | Some(_), Some(_)) => RuleFateView::Changed,
        };
        let differ = |one: Option<&SyncRule>, other: Option<&SyncRule>| match (one, other) {
            (Some(one), Some(other)) => compare_rules(&one.clone().normal(), &other.clone().normal()),
            _ => Vec::new(),
        };
        versions.push(RuleVersionView {
            version: edition.number,
            made: edition.made_by.map(|record| record.author.at),
            user: edition.made_by.map(|record| record.author.user.clone()).unwrap_or_default(),
            configuration: edition.made_by.map(|record| record.configuration),
            fate,
            name: shown.name.clone(),
            precedence: shown.precedence,
            present: present.is_some() && all.last().is_some_and(|last| last.number == edition.number),
            differences: differ(before, edition.rule),
            to_present: differ(normal_present.as_ref(), edition.rule),
        });
        before = edition.rule;
    }
    versions.reverse();
    Ok(RuleHistoryView {
        guid: rule,
        name: newest.name.clone(),
        connector: context.connector_name(newest.connector),
        standard: newest.is_standard(),
        removed: present.is_none(),
        versions,
    })
}
