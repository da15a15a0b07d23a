//! Rules as text: the format of `assets/rules`, which an administrator can read and write.
//!
//! ```toml
//! [[rule]]
//! name = "In from AD - User Common"
//! precedence = 106
//! direction = "inbound"
//! connector = "contoso.com"
//! connector_object = "user"
//! metaverse_object = "person"
//! link = "join"
//! scope = [["adminDescription NOTSTARTSWITH User_"]]
//! same = ["displayName", "department"]
//!
//! [rule.expression]
//! sourceAnchor = "ConvertToBase64([objectGUID])"
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::definition::{Direction, Flow, FlowSource, JoinCondition, LinkType, MergeType, ScopeClause, ScopeOperator, SyncRule};
use super::place::Side;
use crate::model::{ConnectorId, RuleId, fold_text};

/// A text that holds no rules.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct RuleTextError {
    /// What is wrong.
    pub message: String,
    /// Byte in the text where it is wrong, when that is known.
    pub offset: Option<usize>,
}

impl From<toml::de::Error> for RuleTextError {
    fn from(error: toml::de::Error) -> Self {
        Self { message: error.message().to_owned(), offset: error.span().map(|span| span.start) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rule: Vec<RuleText>,
}

#[derive(Serialize)]
struct WrittenRules<'a> {
    rule: &'a [RuleText],
}

/// A rule as it is written in a file: names where a stored rule has numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Name.
    pub name: String,
    /// Identifier, by which a rule is found again after it got another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Uuid>,
    precedence: Option<i64>,
    before: Option<String>,
    after: Option<String>,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// Name of the connector; in the default rules the kind of connector.
    pub connector: String,
    /// Object type in the connector space.
    pub connector_object: String,
    /// Object type in the metaverse; `*` means any.
    pub metaverse_object: String,
    /// What happens when nothing matches.
    pub link: LinkType,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    enabled: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    password_sync: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) present_when: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scope: Vec<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    join: Vec<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) join_option: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    same: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trimmed: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    apply_once: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    direct: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    expression: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    constant: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    merge: BTreeMap<String, MergeType>,
}

/// Flows by the way in which they are written.
#[derive(Clone, Copy, Debug)]
struct FlowTexts<'a> {
    same: &'a [String],
    trimmed: &'a [String],
    apply_once: &'a [String],
    direct: &'a BTreeMap<String, String>,
    expression: &'a BTreeMap<String, String>,
    constant: &'a BTreeMap<String, String>,
    merge: &'a BTreeMap<String, MergeType>,
}

/// The flows of a rule or of a change of one.
macro_rules! flow_texts {
    ($text:expr) => {
        FlowTexts {
            same: &$text.same,
            trimmed: &$text.trimmed,
            apply_once: &$text.apply_once,
            direct: &$text.direct,
            expression: &$text.expression,
            constant: &$text.constant,
            merge: &$text.merge,
        }
    };
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// Reads `[[rule]]` tables.
///
/// # Errors
/// [`RuleTextError`] names what is wrong and where.
pub fn rules_from_toml(text: &str) -> Result<Vec<RuleText>, RuleTextError> {
    let rules = toml::from_str::<RuleFile>(text)?.rule;
    rules.iter().try_for_each(RuleText::check_place)?;
    Ok(rules)
}

/// Writes `[[rule]]` tables that [`rules_from_toml`] reads.
#[must_use]
pub fn rules_to_toml(rules: &[RuleText]) -> String {
    // Texts, numbers and lists of them can always be written.
    toml::to_string(&WrittenRules { rule: rules }).unwrap_or_default()
}

impl RuleText {
    /// The number of the rule; lower wins. 0 when it stands beside another rule.
    #[must_use]
    pub fn precedence(&self) -> i64 {
        self.precedence.unwrap_or_default()
    }

    /// The rule that this one is to stand beside, when it says that instead of a number.
    #[must_use]
    pub fn beside(&self) -> Option<(&str, Side)> {
        let before = self.before.as_deref().map(|name| (name, Side::Before));
        before.or_else(|| self.after.as_deref().map(|name| (name, Side::After)))
    }

    /// Refuses a rule without a place, or with several.
    pub(super) fn check_place(&self) -> Result<(), RuleTextError> {
        let places = [self.precedence.is_some(), self.before.is_some(), self.after.is_some()];
        if places.into_iter().filter(|place| *place).count() == 1 {
            return Ok(());
        }
        let message = format!(
            "rule \"{}\": write one of precedence = number, before = \"name of a rule\" and after = \"name of a rule\"",
            self.name
        );
        Err(RuleTextError { message, offset: None })
    }

    /// The rule with numbers in place of names. `has_source` says whether an attribute that a flow reads
    /// exists; flows that read none are left out.
    ///
    /// # Errors
    /// A sentence that names the malformed clause or condition.
    pub fn to_rule(
        &self,
        connector: ConnectorId,
        precedence: i64,
        guid: Uuid,
        has_source: &dyn Fn(&str) -> bool,
    ) -> Result<SyncRule, String> {
        Ok(SyncRule {
            id: RuleId(0),
            guid,
            name: self.name.clone(),
            description: self.description.clone(),
            precedence,
            direction: self.direction,
            connector,
            connector_object_type: self.connector_object.clone(),
            metaverse_object_type: self.metaverse_object.clone(),
            link: self.link,
            enabled: self.enabled,
            password_sync: self.password_sync,
            tag: self.tag.clone(),
            scope: groups(&self.scope, parse_clause)?,
            join: groups(&self.join, parse_join)?,
            flows: flow_texts!(self).to_flows(has_source),
        })
    }
}

impl FlowTexts<'_> {
    fn to_flows(self, has_source: &dyn Fn(&str) -> bool) -> Vec<Flow> {
        let apply_once: BTreeSet<String> = self.apply_once.iter().map(|name| fold_text(name)).collect();
        let merge: BTreeMap<String, MergeType> = self.merge.iter().map(|(name, merge)| (fold_text(name), *merge)).collect();
        let flow = |target: &str, source: FlowSource| Flow {
            target: target.to_owned(),
            source,
            apply_once: apply_once.contains(&fold_text(target)),
            merge: merge.get(&fold_text(target)).copied().unwrap_or_default(),
        };
        let mut flows = Vec::new();
        for name in self.same.iter().filter(|name| has_source(name)) {
            flows.push(flow(name, FlowSource::Direct(name.clone())));
        }
        for (target, source) in self.direct.iter().filter(|(_, source)| has_source(source)) {
            flows.push(flow(target, FlowSource::Direct(source.clone())));
        }
        for name in self.trimmed.iter().filter(|name| has_source(name)) {
            flows.push(flow(name, FlowSource::Expression(format!("Trim([{name}])"))));
        }
        for (target, expression) in self.expression {
            flows.push(flow(target, FlowSource::Expression(expression.clone())));
        }
        for (target, constant) in self.constant {
            flows.push(flow(target, FlowSource::Constant(constant.clone())));
        }
        flows.sort_by_key(|flow| fold_text(&flow.target));
        flows
    }
}

/// A change of a rule as it is written in a file: what is not named stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulePatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    precedence: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Vec<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join: Option<Vec<Vec<String>>>,
    /// Flows to these attributes go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    same: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trimmed: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    apply_once: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    direct: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    expression: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    constant: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    merge: BTreeMap<String, MergeType>,
}

impl RulePatch {
    /// Reads a change.
    ///
    /// # Errors
    /// [`RuleTextError`] names what is wrong and where.
    pub fn from_toml(text: &str) -> Result<Self, RuleTextError> {
        let patch: Self = toml::from_str(text)?;
        let refused = |message| RuleTextError { message, offset: None };
        groups(patch.scope.as_deref().unwrap_or_default(), parse_clause).map_err(refused)?;
        groups(patch.join.as_deref().unwrap_or_default(), parse_join).map_err(refused)?;
        Ok(patch)
    }

    /// The text that [`RulePatch::from_toml`] reads.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // Texts, numbers and lists of them can always be written.
        toml::to_string(self).unwrap_or_default()
    }

    /// Changes a rule. A flow to an attribute that has one already replaces it.
    ///
    /// # Errors
    /// A sentence that names the malformed clause or condition.
    pub fn apply(&self, rule: &mut SyncRule) -> Result<(), String> {
        rule.precedence = self.precedence.unwrap_or(rule.precedence);
        rule.link = self.link.unwrap_or(rule.link);
        rule.enabled = self.enabled.unwrap_or(rule.enabled);
        if let Some(scope) = &self.scope {
            rule.scope = groups(scope, parse_clause)?;
        }
        if let Some(join) = &self.join {
            rule.join = groups(join, parse_join)?;
        }
        for target in &self.remove {
            let known = rule.flows.len();
            rule.flows.retain(|flow| fold_text(&flow.target) != fold_text(target));
            if rule.flows.len() == known {
                return Err(format!("rule \"{}\" has no flow to \"{target}\" that could be removed", rule.name));
            }
        }
        for flow in flow_texts!(self).to_flows(&|_| true) {
            rule.flows.retain(|known| fold_text(&known.target) != fold_text(&flow.target));
            rule.flows.push(flow);
        }
        rule.flows.sort_by_key(|flow| fold_text(&flow.target));
        Ok(())
    }
}

fn groups<T>(texts: &[Vec<String>], parse: fn(&str) -> Result<T, String>) -> Result<Vec<Vec<T>>, String> {
    texts.iter().map(|group| group.iter().map(|text| parse(text)).collect()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"
[[rule]]
name = "In from A - User"
precedence = 12
direction = "inbound"
connector = "A"
connector_object = "user"
metaverse_object = "person"
link = "join"
scope = [["department EQUAL IT", "mail ISNOTNULL"]]
join = [["mail = mail"], ["cn == cn"]]
same = ["department"]
apply_once = ["Department"]
[rule.expression]
displayName = "Trim([displayName])"
"#;

    fn rule() -> SyncRule {
        let read = rules_from_toml(RULE).unwrap().remove(0);
        read.to_rule(ConnectorId(7), 12, Uuid::nil(), &|_| true).unwrap()
    }

    #[test]
    fn a_rule_is_read() {
        let rule = rule();
        assert_eq!((rule.connector, rule.link, rule.enabled), (ConnectorId(7), LinkType::Join, true));
        assert_eq!(rule.scope[0].iter().map(ToString::to_string).collect::<Vec<_>>(), ["department EQUAL IT", "mail ISNOTNULL"]);
        assert_eq!(rule.join.iter().map(|group| group[0].case_sensitive).collect::<Vec<_>>(), [false, true]);
        let flows: Vec<_> = rule.flows.iter().map(|flow| (flow.target.as_str(), flow.source.label(), flow.apply_once)).collect();
        assert_eq!(flows, [("department", "Direct", true), ("displayName", "Expression", false)]);
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let mut rule = rule();
        let patch = "link = \"sticky-join\"\nremove = [\"department\"]\n[constant]\ndisplayName = \"X\"\nmail = \"m\"";
        RulePatch::from_toml(patch).unwrap().apply(&mut rule).unwrap();
        assert_eq!((rule.link, rule.join.len()), (LinkType::StickyJoin, 2));
        let flows: Vec<_> = rule.flows.iter().map(|flow| (flow.target.as_str(), flow.source.label())).collect();
        assert_eq!(flows, [("displayName", "Constant"), ("mail", "Constant")]);
        let missing = RulePatch::from_toml("remove = [\"manager\"]").unwrap().apply(&mut rule).unwrap_err();
        assert!(missing.contains("manager"), "{missing}");
    }

    #[test]
    fn faults_are_named() {
        let check = |from: &str, to: &str, expected: &str| {
            let text = RULE.replace(from, to);
            let fault = match rules_from_toml(&text) {
                Err(error) => error.message,
                Ok(rules) => rules[0].to_rule(ConnectorId(1), 1, Uuid::nil(), &|_| true).unwrap_err(),
            };
            assert!(fault.contains(expected), "{fault}");
        };
        check("department EQUAL IT", "department IS IT", "\"IS\"");
        check("mail = mail", "mail", "\"mail\"");
        check("link = \"join\"", "link = \"weld\"", "weld");
        check("link = \"join\"", "", "link");
        check("link = \"join\"", "link = \"join\"\nlynk = 1", "lynk");
        assert!(RulePatch::from_toml("scope = [[\"x\"]]").unwrap_err().message.contains("\"x\""));
    }
}
