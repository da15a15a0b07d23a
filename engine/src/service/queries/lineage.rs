//! Rules applied to a link.

use super::QueryContext;
use crate::service::LineageView;
use crate::store::connector_space::LinkRule;

/// The rules of a link by precedence; rules that are gone come last.
pub(super) fn lineage(context: &QueryContext, links: &[LinkRule]) -> Vec<LineageView> {
    let mut sorted: Vec<_> = links.iter().map(|link| (link, context.rule(link.rule))).collect();
    sorted.sort_by_key(|(link, rule)| (rule.map_or(i64::MAX, |rule| rule.precedence), link.rule, link.direction));
    let view = |(link, rule): (&LinkRule, Option<&crate::rules::SyncRule>)| LineageView {
        rule: context.rule_name(link.rule),
        rule_id: rule.map(|rule| rule.id),
        rule_guid: rule.map(|rule| rule.guid),
        precedence: rule.map(|rule| rule.precedence),
        direction: link.direction.label().to_owned(),
        action: link.action.label().to_owned(),
        password_sync: rule.is_some_and(|rule| rule.password_sync),
        applied: Some(link.applied),
    };
    sorted.into_iter().map(view).collect()
}
