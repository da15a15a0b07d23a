//! The plan of a run: all rules compiled once against the schemas (`engine.md` 12.3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_expression::{Program, View};
use uuid::Uuid;

use super::definition::{Direction, LinkType, MergeType};
use super::flow_order::FlowOrders;
use super::scope::CompiledClause;
use crate::model::{
    AttributeId, AttributeTable, ConnectorId, Deprovisioning, Dn, ErrorCode, ObjectError, RuleId, Schema, Value, ValueType,
};

/// Type of an attribute on the side that a flow writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributePlan {
    /// The attribute.
    pub id: AttributeId,
    /// Its type.
    pub value_type: ValueType,
    /// May hold several values.
    pub multi_valued: bool,
    /// Indexed: text is limited to 448 characters.
    pub indexed: bool,
}

/// One attribute that a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramSlot {
    /// The attribute.
    pub attribute: AttributeId,
    /// Which side of it.
    pub view: View,
    /// References are read as names, so names must be loaded.
    pub needs_names: bool,
}

/// Where a flow takes its value.
#[derive(Debug)]
pub enum CompiledSource {
    /// Attribute of the source object.
    Direct(AttributeId),
    /// Fixed values.
    Constant(Value),
    /// A compiled expression.
    Expression {
        /// The program.
        program: Box<Program>,
        /// What each of its slots reads.
        slots: Vec<ProgramSlot>,
    },
    /// A flow that cannot be evaluated; every object in scope gets this as an error.
    Invalid {
        /// The documented code.
        code: ErrorCode,
        /// Sentence that names target and reason.
        message: String,
    },
}

/// One attribute flow, compiled.
#[derive(Debug)]
pub struct CompiledFlow {
    /// Attribute written.
    pub target: AttributePlan,
    /// Where the value comes from.
    pub source: CompiledSource,
    /// Evaluated only when the target object is created.
    pub apply_once: bool,
    /// How contributions combine.
    pub merge: MergeType,
    /// The source as written, for messages and lineage.
    pub source_text: String,
}

/// One condition of a join group, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledJoin {
    /// Attribute of the connector space object.
    pub connector_attribute: AttributeId,
    /// Attribute of the metaverse object.
    pub metaverse_attribute: AttributeId,
    /// Text must have the same case.
    pub case_sensitive: bool,
}

/// A rule, compiled.
#[derive(Debug)]
pub struct CompiledRule {
    /// The rule.
    pub id: RuleId,
    /// Its name.
    pub name: String,
    /// Lower number wins.
    pub precedence: i64,
    /// Into the metaverse or out of it.
    pub direction: Direction,
    /// The connector.
    pub connector: ConnectorId,
    /// Object type in the connector space.
    pub connector_type: String,
    /// Object type in the metaverse; `*` means any.
    pub metaverse_type: String,
    /// What happens when nothing matches.
    pub link: LinkType,
    /// Scoping filter.
    pub scope: Vec<Vec<CompiledClause>>,
    /// Join groups.
    pub join: Vec<Vec<CompiledJoin>>,
    /// Flows by target.
    pub flows: Vec<CompiledFlow>,
    /// Why scope or join cannot be decided. Such a rule is in scope of every object of its type, and each of them fails
    /// with this: to treat them as out of scope could delete what the rule holds.
    pub fault: Option<Box<ObjectError>>,
}

impl CompiledRule {
    /// Makes or holds links (`engine.md` 4.2-3).
    #[must_use]
    pub fn is_linking(&self) -> bool {
        !self.join.is_empty() || self.link == LinkType::Provision
    }
}

/// A partition, as far as parameters need it.
#[derive(Clone, Debug)]
pub struct PartitionPlan {
    /// Naming context.
    pub dn: Option<Dn>,
    /// `%Domain.*%` and `%Forest.*%` by name.
    pub parameters: BTreeMap<String, String>,
    /// Containers that imports read; none means the whole partition.
    pub include: Vec<Dn>,
    /// Containers that imports leave out.
    pub exclude: Vec<Dn>,
}

/// A connector, as far as the rules need it.
#[derive(Debug)]
pub struct ConnectorPlan {
    /// The connector.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// Its identifier.
    pub guid: Uuid,
    /// Its schema.
    pub schema: Arc<Schema>,
    /// Attributes that a directory of this kind may lack: standard rules read one that is not in `schema` as absent.
    pub optional: Option<Arc<Schema>>,
    /// Objects can be renamed.
    pub can_rename: bool,
    /// What becomes of objects that nothing holds any more.
    pub deprovisioning: Deprovisioning,
    /// Partitions, for parameters.
    pub partitions: Vec<PartitionPlan>,
    /// Parameters of the connector itself.
    pub parameters: BTreeMap<String, String>,
    /// Inbound rules by object type, best precedence first.
    pub inbound: BTreeMap<String, Vec<Arc<CompiledRule>>>,
    /// Outbound rules by metaverse object type, best precedence first.
    pub outbound: BTreeMap<String, Vec<Arc<CompiledRule>>>,
    /// Reference attributes whose names some inbound expression reads.
    pub named_references: Vec<AttributeId>,
}

impl ConnectorPlan {
    /// Inbound rules for an object type.
    #[must_use]
    pub fn inbound_rules(&self, object_type: &str) -> &[Arc<CompiledRule>] {
        self.inbound.get(object_type).map_or(&[], Vec::as_slice)
    }

    /// Outbound rules for a metaverse object type.
    #[must_use]
    pub fn outbound_rules(&self, metaverse_type: &str) -> &[Arc<CompiledRule>] {
        self.outbound.get(metaverse_type).map_or(&[], Vec::as_slice)
    }

    /// The parameters that hold for an object: those of the partition that holds its DN, then the
    /// connector's own (`expressions.md` 12).
    #[must_use]
    pub fn partition_of(&self, dn: &str) -> Option<&PartitionPlan> {
        match self.partitions.as_slice() {
            [only] => Some(only),
            partitions => {
                let dn = Dn::parse(dn).ok()?;
                partitions
                    .iter()
                    .filter(|partition| partition.dn.as_ref().is_some_and(|base| dn.is_under(base)))
                    .max_by_key(|partition| partition.dn.as_ref().map_or(0, Dn::depth))
            }
        }
    }
}

/// Everything that evaluation needs besides the objects: rules, schemas, names.
#[derive(Debug)]
pub struct Plan {
    /// Attribute names.
    pub attributes: Arc<AttributeTable>,
    /// Connectors.
    pub connectors: BTreeMap<ConnectorId, ConnectorPlan>,
    /// Metaverse attributes.
    pub metaverse: BTreeMap<AttributeId, AttributePlan>,
    /// Metaverse attributes that some join condition looks up, kept as join keys.
    pub metaverse_keys: Vec<AttributeId>,
    /// Groups whose members some scoping filter asks for: their names in key form, by connector.
    pub watched_groups: BTreeMap<ConnectorId, BTreeSet<String>>,
    /// The attribute that holds the members of groups.
    pub member: Option<AttributeId>,
    /// Connector space attributes that some outbound join condition looks up, by connector.
    pub connector_keys: BTreeMap<ConnectorId, Vec<AttributeId>>,
    /// The order of flows, as far as it was asked for.
    pub flow_orders: FlowOrders,
}

impl Plan {
    /// The plan of a connector.
    #[must_use]
    pub fn connector(&self, id: ConnectorId) -> Option<&ConnectorPlan> {
        self.connectors.get(&id)
    }

    /// What becomes of objects of a connector that nothing holds any more.
    #[must_use]
    pub fn deprovisioning(&self, connector: ConnectorId) -> Deprovisioning {
        self.connector(connector).map(|plan| plan.deprovisioning).unwrap_or_default()
    }

    /// The name of an attribute.
    #[must_use]
    pub fn name(&self, attribute: AttributeId) -> &str {
        self.attributes.name(attribute)
    }
}
