//! Metaverse objects, searches and the schema.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::connector_space::{CsHit, LineageView, ValueView};
use crate::model::{ConnectorId, MvId, ValueType};
use crate::rules::{Direction, LinkType, MergeType};

/// How a clause of a metaverse search compares (`ui.md` 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchOperator {
    /// Equal, without regard to case.
    Equals,
    /// Begins with.
    StartsWith,
    /// Ends with.
    EndsWith,
    /// Contains.
    Contains,
    /// Does not contain; also true when absent.
    NotContains,
    /// Has a value.
    IsPresent,
    /// Has no value.
    IsNotPresent,
}

impl SearchOperator {
    /// Text in the window.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Equals => "Equals",
            Self::StartsWith => "Starts with",
            Self::EndsWith => "Ends with",
            Self::Contains => "Contains",
            Self::NotContains => "Does not contain",
            Self::IsPresent => "Is present",
            Self::IsNotPresent => "Is not present",
        }
    }
}

/// One condition of a metaverse search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchClause {
    /// Attribute name.
    pub attribute: String,
    /// Comparison.
    pub operator: SearchOperator,
    /// Value compared with; unused by the presence operators.
    pub value: String,
}

/// A metaverse search. Results come in order of display name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MvSearch {
    /// Object type; `None` for all.
    pub object_type: Option<String>,
    /// Conditions; all must hold.
    pub clauses: Vec<SearchClause>,
    /// One of the conditions is enough.
    pub any: bool,
    /// Text that display name, account name, mail, user principal name or source anchor contain; empty for all.
    pub text: String,
    /// Texts of conditions are compared as they are written; without regard to case otherwise.
    pub case_sensitive: bool,
    /// In the opposite order.
    pub reversed: bool,
    /// Further attributes that the rows show.
    pub columns: Vec<String>,
    /// First row wanted.
    pub offset: u64,
    /// Rows wanted.
    pub limit: u64,
}

/// A metaverse object found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MvHit {
    /// Number inside this database.
    pub id: MvId,
    /// Identifier.
    pub guid: Uuid,
    /// Type.
    pub object_type: String,
    /// Display name, or the best other name.
    pub display_name: String,
    /// Selected attributes as text: displayName, userPrincipalName, mail, accountName, sourceAnchor, and those asked for.
    pub attributes: BTreeMap<String, String>,
    /// Number of joined connector space objects.
    pub connectors: u64,
}

/// One attribute of a metaverse object, with where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MvAttributeView {
    /// Attribute name.
    pub name: String,
    /// Type.
    pub value_type: ValueType,
    /// Values; at most the first 200.
    pub values: Vec<ValueView>,
    /// Number of values.
    pub count: u64,
    /// Contributing connector.
    pub connector: String,
    /// Contributing object.
    pub cs_guid: Option<Uuid>,
    /// Contributing rule.
    pub rule: String,
    /// The same; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_guid: Option<Uuid>,
    /// When it was contributed.
    pub time: Option<Timestamp>,
}

/// A connector space object joined to a metaverse object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MvConnectorView {
    /// The object.
    pub hit: CsHit,
    /// Its connector's name.
    pub connector_name: String,
    /// Its connector.
    pub connector_id: ConnectorId,
    /// Rules applied to the link.
    pub lineage: Vec<LineageView>,
}

/// Everything the metaverse object window shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MvObjectView {
    /// The row of the search.
    #[serde(flatten)]
    pub hit: MvHit,
    /// Created by projection at.
    pub created: Option<Timestamp>,
    /// Changed at.
    pub changed: Option<Timestamp>,
    /// Attributes in order of name.
    pub attribute_details: Vec<MvAttributeView>,
    /// Joined objects in order of connector, then DN.
    pub connector_details: Vec<MvConnectorView>,
}

/// Where the attributes of a metaverse object come from and where they go.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineageGraphView {
    /// The metaverse object.
    pub guid: Uuid,
    /// Its name.
    pub name: String,
    /// Its type.
    pub object_type: String,
    /// Number of its attributes that have values.
    pub attributes: u64,
    /// The rules that join objects to it, by connector, DN, direction and precedence.
    pub edges: Vec<LineageEdgeView>,
}

/// One rule between a connector space object and a metaverse object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineageEdgeView {
    /// The connector space object.
    pub object: Uuid,
    /// Its name.
    pub dn: String,
    /// The name that a person knows it by; empty when it has none.
    pub display_name: String,
    /// Its type.
    pub object_type: String,
    /// Its connector.
    pub connector: String,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// The rule; absent when it is gone.
    pub rule: Option<Uuid>,
    /// Name of the rule.
    pub rule_name: String,
    /// Its precedence; absent when it is gone.
    pub precedence: Option<i64>,
    /// `Provision`, `Join` or `StickyJoin`; empty when the rule only gave values.
    pub action: String,
    /// Inbound the attributes that the metaverse object has from it, outbound those that it writes.
    pub flows: Vec<LineageFlowView>,
}

/// An attribute that flows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineageFlowView {
    /// Attribute, expression or constant that it comes from.
    pub source: String,
    /// Attribute that is written.
    pub target: String,
    /// The value there, the first one of several; of references their number.
    pub value: String,
    /// Number of values.
    pub count: u64,
}

/// A metaverse object type for the Metaverse Designer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MvTypeView {
    /// Name.
    pub name: String,
    /// Number of objects of the type.
    pub objects: u64,
    /// Its attributes in order of name.
    pub attributes: Vec<MvSchemaAttributeView>,
    /// The rules that are written for it, by precedence.
    pub rules: Vec<SchemaUseView>,
}

/// An attribute of a metaverse object type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MvSchemaAttributeView {
    /// Name.
    pub name: String,
    /// Type.
    pub value_type: ValueType,
    /// May hold several values.
    pub multi_valued: bool,
    /// Indexed.
    pub indexed: bool,
    /// Inbound flows to it, winner first.
    pub import_flows: Vec<ImportFlowView>,
    /// Number of outbound flows that read it.
    pub export_flows: u64,
    /// The rules that use it, by precedence.
    pub uses: Vec<SchemaUseView>,
}

/// A rule that uses an object type or an attribute of the metaverse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemaUseView {
    /// Identifier of the rule.
    pub guid: Uuid,
    /// Its name.
    pub rule: String,
    /// Its precedence.
    pub precedence: i64,
    /// Its connector.
    pub connector: String,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// What it does when nothing matches.
    pub link: LinkType,
    /// Where it uses an attribute: `scoping filter`, `join rules`, `transformation to mail`.
    pub places: Vec<String>,
    /// The rule is enabled.
    pub enabled: bool,
}

/// A change of the metaverse schema that was made, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemaChangeView {
    /// It was stored; otherwise it was only judged.
    pub stored: bool,
    /// What it is, in a sentence.
    pub told: String,
    /// Version of the configuration with the change.
    pub version: u64,
}

/// How many objects of a type hold each attribute, by attribute name; those that no object holds are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MvPopulationView {
    /// By object type, then by attribute.
    pub types: BTreeMap<String, BTreeMap<String, u64>>,
}

/// An inbound flow to a metaverse attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportFlowView {
    /// Identifier of the rule.
    pub guid: Uuid,
    /// Precedence of the rule.
    pub precedence: i64,
    /// Rule.
    pub rule: String,
    /// Connector.
    pub connector: String,
    /// Object type in the connector space.
    pub object_type: String,
    /// What the rule does when nothing matches.
    pub link: LinkType,
    /// How contributions combine.
    pub merge: MergeType,
    /// `Direct`, `Expression` or `Constant`.
    pub flow_type: String,
    /// Attribute, expression or constant.
    pub source: String,
    /// The rule is enabled.
    pub enabled: bool,
}
