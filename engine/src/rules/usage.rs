//! The attributes that a rule uses, and where.

use std::fmt;

use syncline_expression::{HighlightClass, highlight};

use super::definition::{Direction, FlowSource, SyncRule};

/// The side of a rule on which an attribute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleSide {
    /// The connector's object.
    Connector,
    /// The metaverse object.
    Metaverse,
}

/// Where a rule uses an attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsePlace {
    /// The scoping filter asks for it.
    Scope,
    /// The join rules compare it.
    Join,
    /// A transformation reads it, to write this target.
    Source(String),
    /// A transformation writes it.
    Target,
}

impl fmt::Display for UsePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope => f.write_str("scoping filter"),
            Self::Join => f.write_str("join rules"),
            Self::Source(target) => write!(f, "transformation to {target}"),
            Self::Target => f.write_str("target of a transformation"),
        }
    }
}

/// One use of an attribute by a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeUse {
    /// Whose attribute it is.
    pub side: RuleSide,
    /// The attribute, as the rule spells it.
    pub attribute: String,
    /// Where it is used.
    pub place: UsePlace,
}

/// The attributes that a rule uses: in its scoping filter, its join rules and its transformations, in that order. An
/// expression that cannot be read counts with the names that it holds.
#[must_use]
pub fn attribute_uses(rule: &SyncRule) -> Vec<AttributeUse> {
    let (source, target) = match rule.direction {
        Direction::Inbound => (RuleSide::Connector, RuleSide::Metaverse),
        Direction::Outbound => (RuleSide::Metaverse, RuleSide::Connector),
    };
    let mut uses = Vec::new();
    let mut add = |side, attribute: &str, place| uses.push(AttributeUse { side, attribute: attribute.to_owned(), place });
    for clause in rule.scope.iter().flatten() {
        add(source, &clause.attribute, UsePlace::Scope);
    }
    for condition in rule.join.iter().flatten() {
        add(RuleSide::Connector, &condition.connector_attribute, UsePlace::Join);
        add(RuleSide::Metaverse, &condition.metaverse_attribute, UsePlace::Join);
    }
    for flow in &rule.flows {
        add(target, &flow.target, UsePlace::Target);
        match &flow.source {
            FlowSource::Direct(attribute) => add(source, attribute, UsePlace::Source(flow.target.clone())),
            FlowSource::Constant(_) => {}
            FlowSource::Expression(text) => {
                let attributes = highlight(text).into_iter().filter(|part| part.class == HighlightClass::Attribute);
                let mut names: Vec<&str> =
                    attributes.filter_map(|part| Some(text.get(part.range)?.trim_matches(['[', ']']))).collect();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    add(source, name, UsePlace::Source(flow.target.clone()));
                }
            }
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectorId, IdSource as _, SequentialIds};
    use crate::rules::rules_from_toml;

    #[test]
    fn every_place_is_found_on_its_side() {
        let check = |direction: &str, expected: &[&str]| {
            let text = format!(
                "[[rule]]\nname = \"r\"\nprecedence = 10\nconnector = \"A\"\nconnector_object = \"user\"\nmetaverse_object = \"person\"\nlink = \"join\"\ndirection = \"{direction}\"\nscope = [[\"c EQUAL US\"]]\njoin = [[\"mail = email\"]]\n[rule.expression]\ndisplayName = \"Trim([sn]) & [sn] & [givenName]\"\n"
            );
            let read = rules_from_toml(&text).unwrap().remove(0);
            let rule = read.to_rule(ConnectorId(1), 10, SequentialIds::default().guid(), &|_| true).unwrap();
            let found: Vec<String> = attribute_uses(&rule)
                .into_iter()
                .filter(|found| found.side == RuleSide::Metaverse)
                .map(|found| format!("{}: {}", found.attribute, found.place))
                .collect();
            assert_eq!(found, expected, "{direction}");
        };
        check("inbound", &["email: join rules", "displayName: target of a transformation"]);
        check(
            "outbound",
            &[
                "c: scoping filter",
                "email: join rules",
                "givenName: transformation to displayName",
                "sn: transformation to displayName",
            ],
        );
    }
}
