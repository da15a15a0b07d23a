//! A rule while it is being edited: every group, clause and flow has a key of its own, so that fields keep their state
//! when others come and go.

use syncline_engine::model::{ConnectorId, RuleId};
use syncline_engine::rules::{
    Direction, FaultSeverity, Flow, FlowSource, JoinCondition, LinkType, MergeType, RuleFault, RulePlace, ScopeClause,
    ScopeOperator, SyncRule,
};
use syncline_engine::service::{ConnectorKind, RuleSet};
use uuid::Uuid;

/// Something with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed<T> {
    /// Never used again in this draft.
    pub key: u64,
    /// What it is.
    pub value: T,
}

/// A group of clauses or conditions.
pub type Group<T> = Keyed<Vec<Keyed<T>>>;

/// Where the value of a flow comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// An attribute of the source object.
    Direct,
    /// A fixed text.
    Constant,
    /// An expression.
    Expression,
}

impl FlowKind {
    /// All of them, as a list shows them.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Constant, Self::Expression];

    /// `Direct`, `Constant` or `Expression`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Direct => "Direct",
            Self::Constant => "Constant",
            Self::Expression => "Expression",
        }
    }
}

/// A flow while it is being edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowDraft {
    /// Where the value comes from.
    pub kind: FlowKind,
    /// Attribute written.
    pub target: String,
    /// Attribute, constant or expression.
    pub source: String,
    /// Only at creation.
    pub apply_once: bool,
    /// How contributions combine.
    pub merge: MergeType,
}

impl FlowDraft {
    fn of(flow: &Flow) -> Self {
        let kind = match &flow.source {
            FlowSource::Direct(_) => FlowKind::Direct,
            FlowSource::Constant(_) => FlowKind::Constant,
            FlowSource::Expression(_) => FlowKind::Expression,
        };
        let (target, source) = (flow.target.clone(), flow.source.text().to_owned());
        Self { kind, target, source, apply_once: flow.apply_once, merge: flow.merge }
    }

    fn flow(&self) -> Flow {
        let source = match self.kind {
            FlowKind::Direct => FlowSource::Direct(self.source.clone()),
            FlowKind::Constant => FlowSource::Constant(self.source.clone()),
            FlowKind::Expression => FlowSource::Expression(self.source.clone()),
        };
        Flow { target: self.target.clone(), source, apply_once: self.apply_once, merge: self.merge }
    }

    /// Takes the value from elsewhere; an attribute becomes an expression that reads it, and the other way round.
    pub fn set_kind(&mut self, kind: FlowKind) {
        let alone = self.source.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let alone = alone.filter(|name| !name.contains(['[', ']'])).map(|name| name.trim().to_owned());
        self.source = match (self.kind, kind, alone) {
            (from, to, _) if from == to => return,
            (FlowKind::Direct, FlowKind::Expression, _) if !self.source.is_empty() => format!("[{}]", self.source),
            (FlowKind::Expression, FlowKind::Direct, Some(name)) => name,
            (FlowKind::Constant, FlowKind::Expression, _) if !self.source.is_empty() => {
                format!("\"{}\"", self.source.replace('"', "\"\""))
            }
            (FlowKind::Constant | FlowKind::Expression, FlowKind::Direct, _) => String::new(),
            _ => std::mem::take(&mut self.source),
        };
        self.kind = kind;
    }
}

/// A rule while it is being edited.
#[derive(Clone, Debug)]
pub struct RuleDraft {
    /// Everything but precedence, scope, joins and flows.
    pub head: SyncRule,
    /// Precedence as it is typed.
    pub precedence: String,
    /// Scoping filter.
    pub scope: Vec<Group<ScopeClause>>,
    /// Join rules.
    pub join: Vec<Group<JoinCondition>>,
    /// Transformations.
    pub flows: Vec<Keyed<FlowDraft>>,
    next: u64,
}

impl RuleDraft {
    /// A draft of a rule.
    #[must_use]
    pub fn new(rule: SyncRule) -> Self {
        let mut draft = Self {
            precedence: rule.precedence.to_string(),
            scope: Vec::new(),
            join: Vec::new(),
            flows: Vec::new(),
            next: 0,
            head: SyncRule { scope: Vec::new(), join: Vec::new(), flows: Vec::new(), ..rule.clone() },
        };
        for group in rule.scope {
            let clauses = group.into_iter().map(|clause| draft.keyed(clause)).collect();
            let group = draft.keyed(clauses);
            draft.scope.push(group);
        }
        for group in rule.join {
            let conditions = group.into_iter().map(|condition| draft.keyed(condition)).collect();
            let group = draft.keyed(conditions);
            draft.join.push(group);
        }
        for flow in &rule.flows {
            let flow = draft.keyed(FlowDraft::of(flow));
            draft.flows.push(flow);
        }
        draft
    }

    fn keyed<T>(&mut self, value: T) -> Keyed<T> {
        self.next += 1;
        Keyed { key: self.next, value }
    }

    /// The number that is typed.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        self.precedence.trim().parse().ok()
    }

    /// The rule as it stands; a precedence that is no number counts as -1.
    #[must_use]
    pub fn rule(&self) -> SyncRule {
        fn values<T: Clone>(groups: &[Group<T>]) -> Vec<Vec<T>> {
            groups.iter().map(|group| group.value.iter().map(|item| item.value.clone()).collect()).collect()
        }
        SyncRule {
            precedence: self.number().unwrap_or(-1),
            scope: values(&self.scope),
            join: values(&self.join),
            flows: self.flows.iter().map(|flow| flow.value.flow()).collect(),
            ..self.head.clone()
        }
    }

    /// What is wrong with what is typed, before it is a rule; takes the place of what that rule would be blamed for.
    #[must_use]
    pub fn own_faults(&self) -> Vec<RuleFault> {
        if self.number().is_some() {
            return Vec::new();
        }
        vec![RuleFault {
            severity: FaultSeverity::Error,
            rule: self.head.name.clone(),
            precedence: -1,
            part: String::new(),
            message: format!("precedence \"{}\" is not a whole number", self.precedence.trim()),
            place: RulePlace::Precedence,
        }]
    }

    /// Adds a clause to a group of the scoping filter, a new group when there is none of that number.
    pub fn add_clause(&mut self, group: Option<usize>) {
        let clause = ScopeClause { attribute: String::new(), operator: ScopeOperator::Equal, value: String::new() };
        let clause = self.keyed(clause);
        match group.and_then(|group| self.scope.get_mut(group)) {
            Some(group) => group.value.push(clause),
            None => {
                let group = self.keyed(vec![clause]);
                self.scope.push(group);
            }
        }
    }

    /// Adds a condition to a join group, a new group when there is none of that number.
    pub fn add_condition(&mut self, group: Option<usize>) {
        let (connector_attribute, metaverse_attribute) = (String::new(), String::new());
        let condition = self.keyed(JoinCondition { connector_attribute, metaverse_attribute, case_sensitive: false });
        match group.and_then(|group| self.join.get_mut(group)) {
            Some(group) => group.value.push(condition),
            None => {
                let group = self.keyed(vec![condition]);
                self.join.push(group);
            }
        }
    }

    /// Adds a flow; gives its key.
    pub fn add_flow(&mut self) -> u64 {
        let (target, source) = (String::new(), String::new());
        let flow = FlowDraft { kind: FlowKind::Direct, target, source, apply_once: false, merge: MergeType::default() };
        let flow = self.keyed(flow);
        let key = flow.key;
        self.flows.push(flow);
        key
    }

    /// The flow of a key.
    pub fn flow(&mut self, key: u64) -> Option<&mut FlowDraft> {
        self.flows.iter_mut().find(|flow| flow.key == key).map(|flow| &mut flow.value)
    }
}

/// A rule to begin with: on the first connector that such rules are usually for, with the lowest free number.
#[must_use]
pub fn fresh_rule(set: &RuleSet, direction: Direction, kinds: &[(ConnectorId, ConnectorKind)]) -> SyncRule {
    let forest = direction == Direction::Inbound;
    let usual = |id: ConnectorId| kinds.iter().any(|(known, kind)| *known == id && kind.is_forest() == forest);
    let connector = set.connectors.iter().find(|connector| usual(connector.id)).or(set.connectors.first());
    let type_of = |types: Vec<&str>, wanted: &str| {
        let known = types.iter().find(|name| name.eq_ignore_ascii_case(wanted)).or(types.first());
        known.map(|name| (*name).to_owned()).unwrap_or_default()
    };
    SyncRule {
        id: RuleId(0),
        guid: Uuid::new_v4(),
        name: String::new(),
        description: String::new(),
        precedence: set.free_precedence().unwrap_or(0),
        direction,
        connector: connector.map_or(ConnectorId(0), |connector| connector.id),
        connector_object_type: connector.map(|known| type_of(known.schema.types().collect(), "user")).unwrap_or_default(),
        metaverse_object_type: type_of(set.metaverse.types().collect(), "person"),
        link: LinkType::Join,
        enabled: true,
        password_sync: false,
        tag: None,
        scope: Vec::new(),
        join: Vec::new(),
        flows: Vec::new(),
    }
}

/// A new inbound rule with one flow, into an attribute of a metaverse object type: from the attribute of the same name
/// when the connector's objects have it.
#[must_use]
pub fn flowing_into(set: &RuleSet, rule: SyncRule, object_type: &str, attribute: &str) -> SyncRule {
    let connector = set.connectors.iter().find(|connector| connector.id == rule.connector);
    let same = connector.and_then(|connector| connector.schema.type_name(object_type));
    let connector_object_type = same.map_or(rule.connector_object_type, str::to_owned);
    let known = connector.and_then(|connector| connector.schema.attribute_of(&connector_object_type, attribute));
    let source = FlowSource::Direct(known.map(|known| known.name.clone()).unwrap_or_default());
    let merge = MergeType::default();
    SyncRule {
        connector_object_type,
        metaverse_object_type: object_type.to_owned(),
        flows: vec![Flow { target: attribute.to_owned(), source, apply_once: false, merge }],
        ..rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(kind: FlowKind, source: &str) -> FlowDraft {
        FlowDraft { kind, target: "t".into(), source: source.into(), apply_once: false, merge: MergeType::Update }
    }

    #[test]
    fn the_source_of_a_flow_follows_its_kind_as_far_as_it_can() {
        let check = |from, source: &str, to, expected: &str| {
            let mut flow = flow(from, source);
            flow.set_kind(to);
            assert_eq!((flow.kind, flow.source.as_str()), (to, expected), "{from:?} {source:?} {to:?}");
        };
        use FlowKind::{Constant, Direct, Expression};
        check(Direct, "mail", Expression, "[mail]");
        check(Direct, "", Expression, "");
        check(Expression, " [mail] ", Direct, "mail");
        check(Expression, "Trim([mail])", Direct, "");
        check(Expression, "[a] & [b]", Direct, "");
        check(Constant, "say \"x\"", Expression, "\"say \"\"x\"\"\"");
        check(Constant, "x", Direct, "");
        check(Direct, "mail", Constant, "mail");
        check(Expression, "[a]", Expression, "[a]");
    }

    #[test]
    fn a_draft_gives_the_rule_that_it_was_made_of() {
        let set = RuleSet::new(1, Vec::new(), Vec::new(), syncline_engine::model::Schema::default());
        let mut rule = fresh_rule(&set, Direction::Outbound, &[]);
        rule.scope = vec![vec![ScopeClause { attribute: "c".into(), operator: ScopeOperator::IsNull, value: String::new() }]];
        rule.flows = vec![flow(FlowKind::Expression, "Len([a])").flow()];
        let mut draft = RuleDraft::new(rule.clone());
        assert_eq!(draft.rule(), rule);
        draft.add_clause(Some(0));
        draft.add_clause(None);
        draft.add_condition(None);
        let key = draft.add_flow();
        draft.flow(key).unwrap().target = "b".into();
        let changed = draft.rule();
        assert_eq!(changed.scope.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((changed.join.len(), changed.flows.len(), changed.flows[1].target.as_str()), (1, 2, "b"));
        draft.precedence = "4x".into();
        assert_eq!(draft.own_faults().len(), 1);
    }
}
