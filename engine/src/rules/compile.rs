//! Turns rules into a plan: names become numbers, expressions become programs, clauses are made ready.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_expression::{ProblemKind, Program, Severity, View};
use uuid::Uuid;

use super::definition::{Direction, Flow, FlowSource, JoinCondition, LinkType, ScopeClause, SyncRule};
use super::flow_order::FlowOrders;
use super::plan::{
    AttributePlan, CompiledFlow, CompiledJoin, CompiledRule, CompiledSource, ConnectorPlan, PartitionPlan, Plan, ProgramSlot,
};
use super::scope::CompiledClause;
use super::source_names::SourceNames;
use crate::model::{
    AttributeTable, ConnectorId, DN_ATTRIBUTE, Deprovisioning, Dn, ErrorCode, ObjectError, RuleId, Schema, ValueType,
};

/// The attribute that holds the members of a group, in a forest as in the tenant.
const MEMBER_ATTRIBUTE: &str = "member";

/// A connector as the compiler needs it.
#[derive(Clone, Debug)]
pub struct PlanInput {
    /// The connector.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// Its identifier.
    pub guid: Uuid,
    /// Its schema.
    pub schema: Arc<Schema>,
    /// Attributes that a directory of this kind may lack, such as those of Exchange: an expression reads one
    /// that is not in `schema` as absent.
    pub optional: Option<Arc<Schema>>,
    /// Objects can be renamed.
    pub can_rename: bool,
    /// What becomes of objects that nothing holds any more.
    pub deprovisioning: Deprovisioning,
    /// Partitions with their parameters.
    pub partitions: Vec<PartitionPlan>,
    /// Administrator-defined parameters.
    pub parameters: BTreeMap<String, String>,
}

/// A fault in a rule that does not keep the others from working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// The rule.
    pub id: RuleId,
    /// Its name.
    pub rule: String,
    /// Sentence that names flow, attribute and fix.
    pub message: String,
}

/// Compiles the enabled rules. Faulty flows stay in the plan as invalid, so that every object in scope reports them
/// (`expressions.md` 14.4); a rule with a faulty type, scope or join stays with its fault, which every object of its type
/// reports.
#[must_use]
pub fn compile(
    rules: &[SyncRule],
    connectors: Vec<PlanInput>,
    metaverse: &Schema,
    attributes: &mut AttributeTable,
) -> (Plan, Vec<RuleProblem>) {
    let mut problems = Vec::new();
    let metaverse_attributes: BTreeMap<_, _> =
        metaverse.attributes().map(|definition| (attributes.intern(&definition.name), definition)).collect();
    let mut plans: BTreeMap<ConnectorId, ConnectorPlan> = connectors
        .into_iter()
        .map(|input| {
            for definition in input.schema.attributes() {
                attributes.intern(&definition.name);
            }
            let mut parameters = input.parameters;
            parameters.insert("Connector.ID".to_owned(), input.guid.to_string());
            let plan = ConnectorPlan {
                id: input.id,
                name: input.name,
                guid: input.guid,
                schema: input.schema,
                optional: input.optional,
                can_rename: input.can_rename,
                deprovisioning: input.deprovisioning,
                partitions: input.partitions,
                parameters,
                inbound: BTreeMap::new(),
                outbound: BTreeMap::new(),
                named_references: Vec::new(),
            };
            (plan.id, plan)
        })
        .collect();
    let (mut metaverse_keys, mut connector_keys) = (BTreeSet::new(), BTreeMap::<ConnectorId, BTreeSet<_>>::new());
    let mut asked: Vec<(Option<ConnectorId>, String)> = Vec::new();
    let mut ordered: Vec<&SyncRule> = rules.iter().filter(|rule| rule.enabled).collect();
    ordered.sort_by_key(|rule| rule.precedence);
    for rule in ordered {
        let Some(connector) = plans.get_mut(&rule.connector) else {
            let message = "its connector no longer exists".to_owned();
            problems.push(RuleProblem { id: rule.id, rule: rule.name.clone(), message });
            continue;
        };
        let optional = connector.optional.clone().filter(|_| rule.direction == Direction::Inbound);
        let compiler =
            RuleCompiler { rule, connector, optional: optional.as_deref(), metaverse, attributes, problems: &mut problems };
        let compiled = Arc::new(compiler.compile());
        for condition in compiled.join.iter().flatten() {
            match rule.direction {
                Direction::Inbound => metaverse_keys.insert(condition.metaverse_attribute),
                Direction::Outbound => connector_keys.entry(rule.connector).or_default().insert(condition.connector_attribute),
            };
        }
        for clause in compiled.scope.iter().flatten().filter(|clause| clause.operator.asks_membership()) {
            asked.push(((rule.direction == Direction::Inbound).then_some(rule.connector), clause.folded.clone()));
        }
        match rule.direction {
            Direction::Inbound => {
                for flow in &compiled.flows {
                    if let CompiledSource::Expression { slots, .. } = &flow.source {
                        connector
                            .named_references
                            .extend(slots.iter().filter(|slot| slot.needs_names).map(|slot| slot.attribute));
                    }
                }
                connector.named_references.sort_unstable();
                connector.named_references.dedup();
                connector.inbound.entry(compiled.connector_type.clone()).or_default().push(compiled);
            }
            Direction::Outbound => connector.outbound.entry(compiled.metaverse_type.clone()).or_default().push(compiled),
        }
    }
    // An outbound rule asks for the objects that are joined to an identity, in whichever connector space the group is.
    let mut watched_groups: BTreeMap<ConnectorId, BTreeSet<String>> = BTreeMap::new();
    for (connector, group) in asked {
        for id in plans.keys().filter(|id| connector.is_none_or(|connector| connector == **id)) {
            watched_groups.entry(*id).or_default().insert(group.clone());
        }
    }
    let member = (!watched_groups.is_empty()).then(|| attributes.intern(MEMBER_ATTRIBUTE));
    let plan = Plan {
        flow_orders: FlowOrders::default(),
        metaverse: metaverse_attributes
            .into_iter()
            .map(|(id, definition)| {
                let plan = AttributePlan {
                    id,
                    value_type: definition.value_type,
                    multi_valued: definition.multi_valued,
                    indexed: definition.indexed,
                };
                (id, plan)
            })
            .collect(),
        attributes: Arc::new(attributes.clone()),
        connectors: plans,
        watched_groups,
        member,
        metaverse_keys: metaverse_keys.into_iter().collect(),
        connector_keys: connector_keys.into_iter().map(|(id, keys)| (id, keys.into_iter().collect())).collect(),
    };
    (plan, problems)
}

struct RuleCompiler<'a> {
    rule: &'a SyncRule,
    connector: &'a ConnectorPlan,
    optional: Option<&'a Schema>,
    metaverse: &'a Schema,
    attributes: &'a mut AttributeTable,
    problems: &'a mut Vec<RuleProblem>,
}

impl RuleCompiler<'_> {
    fn compile(mut self) -> CompiledRule {
        let rule = self.rule;
        let (connector_type, metaverse_type) = (self.connector_type(), self.metaverse_type());
        let (scope, join) = (self.scope(), self.join());
        let faults = [connector_type.as_ref().err(), metaverse_type.as_ref().err(), scope.as_ref().err(), join.as_ref().err()];
        let fault = faults.into_iter().flatten().next().cloned();
        let mut flows = Vec::with_capacity(rule.flows.len());
        // What the directory lets nobody write is not staged for it.
        let outbound = rule.direction == Direction::Outbound;
        let schema = self.connector.schema.clone();
        let written = |flow: &&Flow| !outbound || schema.is_writable(&rule.connector_object_type, &flow.target);
        let makes_objects = !outbound || schema.is_type_writable(&rule.connector_object_type);
        if let Some(fault) = &fault {
            self.problem(format!("{}; nothing is synchronized that the rule is for", fault.message));
        } else if rule.link != LinkType::JoinNoFlow {
            // A JoinNoFlow rule holds the link and lets nothing flow.
            flows.extend(rule.flows.iter().filter(written).filter_map(|flow| self.flow(flow)));
        }
        // Evaluation merges the flows of many rules by target; sorted runs merge fastest.
        flows.sort_by_key(|flow| flow.target.id);
        CompiledRule {
            id: rule.id,
            name: rule.name.clone(),
            precedence: rule.precedence,
            direction: rule.direction,
            connector: rule.connector,
            connector_type: connector_type.unwrap_or_else(|_| rule.connector_object_type.clone()),
            metaverse_type: metaverse_type.unwrap_or_else(|_| rule.metaverse_object_type.clone()),
            link: if rule.link == LinkType::Provision && !makes_objects { LinkType::Join } else { rule.link },
            scope: scope.ok().filter(|_| fault.is_none()).unwrap_or_default(),
            join: join.unwrap_or_default(),
            flows,
            fault: fault.map(Box::new),
        }
    }

    /// Why the rule as a whole cannot work.
    fn fault(&self, code: ErrorCode, message: String) -> ObjectError {
        ObjectError::new(code, message).rule(&self.rule.name)
    }

    fn connector_type(&self) -> Result<String, ObjectError> {
        let name = &self.rule.connector_object_type;
        self.connector.schema.type_name(name).map(str::to_owned).ok_or_else(|| {
            let message = format!("connector {} has no object type \"{name}\"; refresh its schema", self.connector.name);
            self.fault(ErrorCode::RULE_INVALID, message)
        })
    }

    fn metaverse_type(&self) -> Result<String, ObjectError> {
        match self.rule.metaverse_object_type.as_str() {
            "*" => Ok("*".to_owned()),
            name => self
                .metaverse
                .type_name(name)
                .map(str::to_owned)
                .ok_or_else(|| self.fault(ErrorCode::RULE_INVALID, format!("the metaverse has no object type \"{name}\""))),
        }
    }

    fn scope(&mut self) -> Result<Vec<Vec<CompiledClause>>, ObjectError> {
        let rule = self.rule;
        rule.scope.iter().map(|group| group.iter().map(|clause| self.clause(clause)).collect()).collect()
    }

    fn clause(&mut self, clause: &ScopeClause) -> Result<CompiledClause, ObjectError> {
        // Membership is the object's own; the attribute beside it says nothing.
        if !clause.operator.asks_membership() && self.source_type(&clause.attribute).is_none() {
            let message = format!(
                "the scoping filter uses \"{}\", which {} lacks; correct the rule or refresh the schema",
                clause.attribute,
                self.source_description()
            );
            return Err(self.fault(ErrorCode::SCOPE_ATTRIBUTE_NOT_FOUND, message).attribute(&clause.attribute));
        }
        let value = match clause.value.strip_prefix('%').and_then(|text| text.strip_suffix('%')) {
            Some(parameter) => self.connector.parameters.get(parameter).cloned().unwrap_or_else(|| clause.value.clone()),
            None => clause.value.clone(),
        };
        if clause.operator.asks_membership()
            && let Err(error) = Dn::parse(&value)
        {
            let message = format!(
                "the scoping filter \"{clause}\" asks for membership in \"{value}\", which is no distinguished name: {error}"
            );
            return Err(self.fault(ErrorCode::RULE_INVALID, message));
        }
        let attribute = self.attributes.intern(&clause.attribute);
        Ok(CompiledClause::new(attribute, clause.operator, &value, clause.to_string()))
    }

    fn join(&mut self) -> Result<Vec<Vec<CompiledJoin>>, ObjectError> {
        let rule = self.rule;
        rule.join.iter().map(|group| group.iter().map(|condition| self.condition(condition)).collect()).collect()
    }

    fn condition(&mut self, condition: &JoinCondition) -> Result<CompiledJoin, ObjectError> {
        let JoinCondition { connector_attribute, metaverse_attribute, case_sensitive } = condition;
        let optional = self.optional.is_some_and(|optional| optional.attribute(connector_attribute).is_some());
        let lacking = if self.connector.schema.attribute(connector_attribute).is_none() && !optional {
            Some((connector_attribute, format!("connector {}", self.connector.name)))
        } else {
            self.metaverse.attribute(metaverse_attribute).is_none().then(|| (metaverse_attribute, "the metaverse".to_owned()))
        };
        if let Some((attribute, place)) = lacking {
            let message =
                format!("a join condition uses \"{attribute}\", which {place} lacks; correct the rule or refresh the schema");
            return Err(self.fault(ErrorCode::JOIN_ATTRIBUTE_NOT_FOUND, message).attribute(attribute));
        }
        Ok(CompiledJoin {
            connector_attribute: self.attributes.intern(connector_attribute),
            metaverse_attribute: self.attributes.intern(metaverse_attribute),
            case_sensitive: *case_sensitive,
        })
    }

    fn flow(&mut self, flow: &Flow) -> Option<CompiledFlow> {
        let Some(target) = self.target(&flow.target) else {
            self.problem(format!(
                "the flow to \"{}\" has no such target attribute; remove it or refresh the schema",
                flow.target
            ));
            return None;
        };
        let source = match &flow.source {
            FlowSource::Direct(attribute) => match self.source_type(attribute) {
                Some(_) => CompiledSource::Direct(self.attributes.intern(attribute)),
                None => {
                    let message = format!(
                        "the flow to \"{}\" reads \"{attribute}\", which {} lacks",
                        flow.target,
                        self.source_description()
                    );
                    self.problem(message.clone());
                    CompiledSource::Invalid { code: ErrorCode::FLOW_ATTRIBUTE_NOT_FOUND, message }
                }
            },
            FlowSource::Constant(text) => {
                let definition = crate::model::AttributeDefinition {
                    name: flow.target.clone(),
                    value_type: target.value_type,
                    multi_valued: target.multi_valued,
                    indexed: target.indexed,
                };
                match definition.value_from_text(text) {
                    Some(value) => CompiledSource::Constant(value),
                    None => {
                        let message = format!(
                            "the constant \"{text}\" does not fit \"{}\", which is of type {}",
                            flow.target,
                            target.value_type.word()
                        );
                        self.problem(message.clone());
                        CompiledSource::Invalid { code: self.constant_code(target.value_type), message }
                    }
                }
            }
            FlowSource::Expression(text) => self.expression(flow, text),
        };
        Some(CompiledFlow {
            target,
            source,
            apply_once: flow.apply_once,
            merge: flow.merge,
            source_text: flow.source.text().to_owned(),
        })
    }

    fn expression(&mut self, flow: &Flow, text: &str) -> CompiledSource {
        match Program::compile(text, &self.names()) {
            Ok(program) => {
                let slots = program
                    .attributes()
                    .iter()
                    .map(|used| ProgramSlot {
                        attribute: if used.name == "dn" { DN_ATTRIBUTE } else { self.attributes.intern(&used.name) },
                        view: used.view,
                        needs_names: used.view != View::Count
                            && self.source_type(&used.name).is_some_and(|(value_type, _)| value_type == ValueType::Reference),
                    })
                    .collect();
                CompiledSource::Expression { program: Box::new(program), slots }
            }
            Err(problems) => {
                let text: Vec<&str> = problems
                    .iter()
                    .filter(|problem| problem.severity == Severity::Error)
                    .map(|problem| problem.message.as_str())
                    .collect();
                let message = format!("the expression of the flow to \"{}\" is faulty: {}", flow.target, text.join(" "));
                self.problem(message.clone());
                let faults = problems.iter().filter(|problem| problem.severity == Severity::Error);
                let lacks_only = faults.into_iter().all(|problem| problem.kind == ProblemKind::UnknownAttribute);
                let code = if lacks_only { ErrorCode::FLOW_ATTRIBUTE_NOT_FOUND } else { ErrorCode::INVALID_EXPRESSION };
                CompiledSource::Invalid { code, message }
            }
        }
    }

    /// The code of a constant that does not fit an attribute of this type.
    fn constant_code(&self, value_type: ValueType) -> ErrorCode {
        match (value_type, self.rule.direction) {
            (ValueType::Boolean, _) => ErrorCode::INVALID_BOOLEAN_CONSTANT,
            (ValueType::Reference, _) => ErrorCode::INVALID_REFERENCE_CONSTANT,
            (ValueType::String | ValueType::Binary | ValueType::Integer, Direction::Inbound) => {
                ErrorCode::INBOUND_FLOW_RULES_INVALID
            }
            (ValueType::String | ValueType::Binary | ValueType::Integer, Direction::Outbound) => {
                ErrorCode::OUTBOUND_FLOW_RULES_INVALID
            }
        }
    }

    fn names(&self) -> SourceNames<'_> {
        SourceNames {
            rule: self.rule,
            connector: &self.connector.name,
            schema: &self.connector.schema,
            optional: self.optional,
            metaverse: self.metaverse,
            parameters: Cow::Borrowed(&self.connector.parameters),
        }
    }

    fn problem(&mut self, message: String) {
        self.problems.push(RuleProblem { id: self.rule.id, rule: self.rule.name.clone(), message });
    }

    /// Type of an attribute of the source object: its connector space type inbound, its metaverse type
    /// outbound.
    fn source_type(&self, attribute: &str) -> Option<(ValueType, bool)> {
        let definition = self.names().definition(attribute)?;
        Some((definition.value_type, definition.multi_valued))
    }

    fn source_description(&self) -> String {
        self.names().source()
    }

    fn target(&mut self, attribute: &str) -> Option<AttributePlan> {
        if attribute.eq_ignore_ascii_case("dn") && self.rule.direction == Direction::Outbound {
            return Some(AttributePlan { id: DN_ATTRIBUTE, value_type: ValueType::String, multi_valued: false, indexed: false });
        }
        let definition = match self.rule.direction {
            Direction::Inbound if self.rule.metaverse_object_type == "*" => self.metaverse.attribute(attribute),
            Direction::Inbound => self.metaverse.attribute_of(&self.rule.metaverse_object_type, attribute),
            Direction::Outbound => self.connector.schema.attribute_of(&self.rule.connector_object_type, attribute),
        }?;
        Some(AttributePlan {
            id: self.attributes.intern(&definition.name),
            value_type: definition.value_type,
            multi_valued: definition.multi_valued,
            indexed: definition.indexed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::definition::MergeType;
    use super::super::{active_directory_schema, metaverse_schema};
    use super::*;

    #[test]
    fn expressions_read_what_the_forest_may_lack_as_absent() {
        let mut forest = Schema::from_toml("[attributes]\ncn = \"string\"\n[types]\nuser = [\"cn\"]\n").unwrap();
        forest.add_type("contact");
        let (forest, exchange) = (Arc::new(forest), Arc::new(active_directory_schema().unwrap()));
        let check = |tag: Option<&str>, optional: bool, expression: &str, expected: Option<&str>| {
            let rule = SyncRule {
                id: RuleId(1),
                guid: Uuid::nil(),
                name: "In from AD - User Join".to_owned(),
                description: String::new(),
                precedence: 100,
                direction: Direction::Inbound,
                connector: ConnectorId(1),
                connector_object_type: "user".to_owned(),
                metaverse_object_type: "person".to_owned(),
                link: LinkType::Provision,
                enabled: true,
                password_sync: false,
                tag: tag.map(str::to_owned),
                scope: Vec::new(),
                join: Vec::new(),
                flows: vec![Flow {
                    target: "displayName".to_owned(),
                    source: FlowSource::Expression(expression.to_owned()),
                    apply_once: false,
                    merge: MergeType::default(),
                }],
            };
            let input = PlanInput {
                id: ConnectorId(1),
                name: "contoso.com".to_owned(),
                guid: Uuid::nil(),
                schema: Arc::clone(&forest),
                optional: optional.then(|| Arc::clone(&exchange)),
                can_rename: true,
                deprovisioning: Deprovisioning::default(),
                partitions: Vec::new(),
                parameters: BTreeMap::new(),
            };
            let (_, problems) = compile(&[rule], vec![input], &metaverse_schema().unwrap(), &mut AttributeTable::default());
            match expected {
                None => assert_eq!(problems, [], "{expression}"),
                Some(words) => assert!(problems[0].message.contains(words), "{problems:?}"),
            }
        };
        check(Some("Microsoft.InFromADUserJoin"), true, "IIF(IsPresent([mailNickname]),[mailNickname],[cn])", None);
        check(Some("Microsoft.InFromADUserJoin"), true, "[mailnickname]", Some("mailnickname"));
        check(Some("Microsoft.InFromADUserJoin"), true, "[noSuchAttribute]", Some("noSuchAttribute"));
        check(Some("Microsoft.InFromADUserJoin"), false, "[mailNickname]", Some("mailNickname"));
        // An administrator's rule is as often as not a copy of a standard one.
        check(None, true, "[mailNickname]", None);
        check(None, true, "[noSuchAttribute]", Some("noSuchAttribute"));
    }
}
