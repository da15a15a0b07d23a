//! The order in which the flows of some rules are looked at, worked out once for all objects in scope of the same rules.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::plan::CompiledRule;
use crate::model::RuleId;

/// Sets of rules that are remembered; a rule set has a few hundred at most, whatever the objects.
const REMEMBERED: usize = 4_096;

/// A flow among those of some rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowPlace {
    /// Place of its rule among the rules.
    pub rule: usize,
    /// Its place in the rule.
    pub flow: usize,
}

/// Flows of sets of rules by target attribute, then precedence.
#[derive(Debug, Default)]
pub struct FlowOrders(RwLock<HashMap<Vec<RuleId>, Arc<[FlowPlace]>>>);

impl FlowOrders {
    /// All flows of some rules of one plan, by target attribute, then precedence.
    #[must_use]
    pub fn of(&self, rules: &[&CompiledRule]) -> Arc<[FlowPlace]> {
        let key: Vec<RuleId> = rules.iter().map(|rule| rule.id).collect();
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(known);
        }
        let places = rules.iter().enumerate().flat_map(|(place, rule)| {
            let flow = move |(flow, compiled): (usize, &super::CompiledFlow)| {
                ((compiled.target.id, rule.precedence), FlowPlace { rule: place, flow })
            };
            rule.flows.iter().enumerate().map(flow)
        });
        let mut sorted: Vec<_> = places.collect();
        sorted.sort_by_key(|(key, _)| *key);
        let order: Arc<[FlowPlace]> = sorted.into_iter().map(|(_, place)| place).collect();
        let mut remembered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() < REMEMBERED {
            remembered.insert(key, Arc::clone(&order));
        }
        order
    }
}
