//! A synchronization rule as it is written, stored and shown (`engine.md` 4, `default-rules.md` 1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{ConnectorId, RuleId, fold_text};

/// Into the metaverse or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Connector space to metaverse.
    Inbound,
    /// Metaverse to connector space.
    Outbound,
}

impl Direction {
    /// `Inbound` or `Outbound`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Inbound => "Inbound",
            Self::Outbound => "Outbound",
        }
    }
}

/// What a rule does when nothing matches its join criteria.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkType {
    /// Creates the object.
    Provision,
    /// Leaves it alone.
    Join,
    /// Leaves it alone, but once joined keeps the metaverse object alive.
    StickyJoin,
    /// As `Join`, but the rule lets no attribute flow, whatever flows it has.
    JoinNoFlow,
}

impl LinkType {
    /// All of them, as a list shows them.
    pub const ALL: [Self; 4] = [Self::Provision, Self::Join, Self::StickyJoin, Self::JoinNoFlow];

    /// `Provision`, `Join`, `StickyJoin` or `JoinNoFlow`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Provision => "Provision",
            Self::Join => "Join",
            Self::StickyJoin => "StickyJoin",
            Self::JoinNoFlow => "JoinNoFlow",
        }
    }
}

/// How contributions of several rules to one attribute combine (`engine.md` 4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MergeType {
    /// The best precedence wins.
    #[default]
    Update,
    /// As `Update`; kept because exported configurations hold it.
    Replace,
    /// Union of all contributions.
    Merge,
    /// Union; texts equal but for case count once, spelled as the best precedence spells them.
    MergeCaseInsensitive,
}

impl MergeType {
    /// All of them, as a list shows them.
    pub const ALL: [Self; 4] = [Self::Update, Self::Merge, Self::MergeCaseInsensitive, Self::Replace];

    /// `Update`, `Replace`, `Merge` or `MergeCaseInsensitive`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Update => "Update",
            Self::Replace => "Replace",
            Self::Merge => "Merge",
            Self::MergeCaseInsensitive => "MergeCaseInsensitive",
        }
    }

    /// True for the two that make a union.
    #[must_use]
    pub fn is_union(self) -> bool {
        matches!(self, Self::Merge | Self::MergeCaseInsensitive)
    }
}

/// How a scope clause compares (`engine.md` 4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the words are those of the rule editor; clause_holds explains each")]
pub enum ScopeOperator {
    Equal,
    NotEqual,
    LessThan,
    LessThanOrEqual,
    GreaterThan,
    GreaterThanOrEqual,
    Contains,
    NotContains,
    StartsWith,
    NotStartsWith,
    EndsWith,
    NotEndsWith,
    IsNull,
    IsNotNull,
    IsIn,
    IsNotIn,
    IsBitSet,
    IsBitNotSet,
    IsMemberOf,
    IsNotMemberOf,
}

impl ScopeOperator {
    const WORDS: [(&'static str, Self); 24] = [
        ("EQUAL", Self::Equal),
        ("NOTEQUAL", Self::NotEqual),
        ("LESSTHAN", Self::LessThan),
        ("LESSTHAN_OR_EQUAL", Self::LessThanOrEqual),
        ("GREATERTHAN", Self::GreaterThan),
        ("GREATERTHAN_OR_EQUAL", Self::GreaterThanOrEqual),
        ("CONTAINS", Self::Contains),
        ("NOTCONTAINS", Self::NotContains),
        ("STARTSWITH", Self::StartsWith),
        ("NOTSTARTSWITH", Self::NotStartsWith),
        ("ENDSWITH", Self::EndsWith),
        ("NOTENDSWITH", Self::NotEndsWith),
        ("ISNULL", Self::IsNull),
        ("ISNOTNULL", Self::IsNotNull),
        ("ISIN", Self::IsIn),
        ("ISNOTIN", Self::IsNotIn),
        ("ISBITSET", Self::IsBitSet),
        ("ISBITNOTSET", Self::IsBitNotSet),
        ("ISMEMBEROF", Self::IsMemberOf),
        ("ISNOTMEMBEROF", Self::IsNotMemberOf),
        // Spellings that documents use for the same operators.
        ("ISNOTBITSET", Self::IsBitNotSet),
        ("LESSTHANOREQUAL", Self::LessThanOrEqual),
        ("GREATERTHANOREQUAL", Self::GreaterThanOrEqual),
        ("NOTNULL", Self::IsNotNull),
    ];

    /// All of them, as a list shows them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::WORDS.iter().filter(|(word, operator)| operator.word() == *word).map(|(_, operator)| *operator)
    }

    /// The word of the rule editor.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, operator)| *operator == self).map_or("", |(word, _)| *word)
    }

    /// True for the operators that ask whether the object is a direct member of a group, named by its DN. They ask the
    /// object itself: the attribute of the clause says nothing.
    #[must_use]
    pub fn asks_membership(self) -> bool {
        matches!(self, Self::IsMemberOf | Self::IsNotMemberOf)
    }

    /// True for the operators that take no value.
    #[must_use]
    pub fn is_unary(self) -> bool {
        matches!(self, Self::IsNull | Self::IsNotNull)
    }
}

impl FromStr for ScopeOperator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::WORDS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text))
            .map(|(_, operator)| *operator)
            .ok_or_else(|| format!("\"{text}\" is not a scope operator; write EQUAL, NOTEQUAL, STARTSWITH, ISNULL ..."))
    }
}

/// One condition of a scoping filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeClause {
    /// Attribute of the source object.
    pub attribute: String,
    /// Comparison.
    pub operator: ScopeOperator,
    /// Value compared with; may be a parameter such as `%Connector.ID%`.
    pub value: String,
}

impl fmt::Display for ScopeClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.attribute, self.operator.word())?;
        if self.operator.is_unary() { Ok(()) } else { write!(f, " {}", self.value) }
    }
}

/// One condition of a join group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinCondition {
    /// Attribute of the connector space object.
    pub connector_attribute: String,
    /// Attribute of the metaverse object.
    pub metaverse_attribute: String,
    /// Text must have the same case.
    pub case_sensitive: bool,
}

impl fmt::Display for JoinCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.case_sensitive { "==" } else { "=" };
        write!(f, "{} {sign} {}", self.connector_attribute, self.metaverse_attribute)
    }
}

/// Where the value of a flow comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowSource {
    /// An attribute of the source object.
    Direct(String),
    /// An expression over the source object.
    Expression(String),
    /// A fixed text, converted to the target's type.
    Constant(String),
}

impl FlowSource {
    /// `Direct`, `Expression` or `Constant`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Direct(_) => "Direct",
            Self::Expression(_) => "Expression",
            Self::Constant(_) => "Constant",
        }
    }

    /// The attribute, expression or constant.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Direct(text) | Self::Expression(text) | Self::Constant(text) => text,
        }
    }
}

/// One attribute flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Attribute written; `dn` on an outbound rule gives the name of the object.
    pub target: String,
    /// Where the value comes from.
    pub source: FlowSource,
    /// Evaluated only when the target object is created.
    #[serde(default)]
    pub apply_once: bool,
    /// How contributions combine.
    #[serde(default)]
    pub merge: MergeType,
}

/// A synchronization rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRule {
    /// Number inside this database.
    pub id: RuleId,
    /// Identifier.
    pub guid: Uuid,
    /// Name.
    pub name: String,
    /// Explanation.
    #[serde(default)]
    pub description: String,
    /// Lower number wins; unique over all rules.
    pub precedence: i64,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// Connector whose objects it concerns.
    pub connector: ConnectorId,
    /// Object type in the connector space.
    pub connector_object_type: String,
    /// Object type in the metaverse; `*` means any.
    pub metaverse_object_type: String,
    /// What happens when nothing matches.
    pub link: LinkType,
    /// Rules switched off are kept and do nothing.
    pub enabled: bool,
    /// Passwords of objects in scope are synchronized.
    #[serde(default)]
    pub password_sync: bool,
    /// Tag of a standard rule; absent on an administrator's own.
    #[serde(default)]
    pub tag: Option<String>,
    /// Groups are OR, clauses of a group AND; no group means every object.
    pub scope: Vec<Vec<ScopeClause>>,
    /// Groups are tried in order, conditions of a group AND.
    pub join: Vec<Vec<JoinCondition>>,
    /// Attribute flows.
    pub flows: Vec<Flow>,
}

/// The name in the tag of a standard rule, without the number of its edition: `Microsoft.InfromADUserJoin.003` and
/// `...004` are the same rule. `None` for a tag that is none of a standard rule.
#[must_use]
pub fn tag_name(tag: &str) -> Option<&str> {
    let name = tag.trim();
    let is_microsoft = name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("Microsoft."));
    if !is_microsoft || name.len() == 10 {
        return None;
    }
    match name.rsplit_once('.') {
        Some((start, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && start.len() > 10 => {
            Some(start)
        }
        _ => Some(name),
    }
}

impl SyncRule {
    /// A rule that setup composes and keeps; only whether it is switched on is an administrator's business.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        self.tag.is_some()
    }

    /// The rule with its flows in order of target and nothing in it that has no meaning, so that two spellings of one
    /// rule are equal.
    #[must_use]
    pub fn normal(mut self) -> Self {
        self.name = self.name.trim().to_owned();
        for clause in self.scope.iter_mut().flatten().filter(|clause| clause.operator.is_unary()) {
            clause.value.clear();
        }
        self.flows.sort_by_key(|flow| fold_text(&flow.target));
        self
    }

    /// The name in its tag, when it is a standard rule; see [`tag_name`].
    #[must_use]
    pub fn tag_name(&self) -> Option<&str> {
        tag_name(self.tag.as_deref()?)
    }

    /// A linking rule makes or holds links: it has join criteria or creates objects (`engine.md` 4.2-3).
    #[must_use]
    pub fn is_linking(&self) -> bool {
        !self.join.is_empty() || self.link == LinkType::Provision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_lose_the_number_of_their_edition() {
        let check = |tag: &str, expected: Option<&str>| assert_eq!(tag_name(tag), expected, "{tag}");
        check("Microsoft.InfromADUserJoin.003", Some("Microsoft.InfromADUserJoin"));
        check("Microsoft.InfromADUserJoin", Some("Microsoft.InfromADUserJoin"));
        check("microsoft.X.12", Some("microsoft.X"));
        check("Microsoft.003", Some("Microsoft.003"));
        check("Microsoft.", None);
        check("Contoso.Rule.001", None);
        check("", None);
    }
}
