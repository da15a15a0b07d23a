//! What the chosen source anchor and the chosen sign-in attribute change in the standard rules that bring persons in
//! from Active Directory (`default-rules.md` 2.4, 2.5, 6.4).

use super::definition::{Flow, FlowSource, MergeType, SyncRule};
use crate::model::fold_text;

/// The attribute that keeps the anchor of an account that moves to another forest.
pub(super) const CONSISTENCY_GUID: &str = "mS-DS-ConsistencyGuid";

/// How the shipped rules write the value of the anchor attribute as text.
const ANCHOR_VALUE: &str = "IIF(IsString([objectGUID]),CStr([objectGUID]),ConvertToBase64([objectGUID]))";

/// Takes the source anchor from the chosen attribute. From `mS-DS-ConsistencyGuid` it comes when that has a value,
/// otherwise from objectGUID; the bytes behind it then flow to sourceAnchorBinary, by the same rules and under the same
/// condition, so that both always come from one account.
pub(super) fn choose_anchor(rule: &mut SyncRule, anchor: &str) {
    let chosen = fold_text(anchor);
    if chosen == fold_text("objectGUID") {
        return;
    }
    let falls_back = chosen == fold_text(CONSISTENCY_GUID);
    let Some(FlowSource::Expression(expression)) = source_of(rule, "sourceAnchor") else { return };
    if !falls_back {
        *expression = expression.replace("[objectGUID]", &format!("[{anchor}]"));
        return;
    }
    let own = ANCHOR_VALUE.replace("objectGUID", CONSISTENCY_GUID);
    *expression = expression.replace(ANCHOR_VALUE, &format!("IIF(IsPresent([{CONSISTENCY_GUID}]),{own},{ANCHOR_VALUE})"));
    let bytes = format!("IIF(IsPresent([{CONSISTENCY_GUID}]),[{CONSISTENCY_GUID}],[objectGUID])");
    let binary = format!("IIF(IsPresent([msExchRecipientTypeDetails]),IIF([msExchRecipientTypeDetails]=2,NULL,{bytes}),{bytes})");
    add(rule, "sourceAnchorBinary", FlowSource::Expression(binary));
}

/// Lets users sign in with another attribute; their name in the forest flows beside it.
pub(super) fn choose_sign_in(rule: &mut SyncRule, attribute: &str) {
    if fold_text(attribute) == fold_text("userPrincipalName") {
        return;
    }
    let Some(FlowSource::Expression(expression)) = source_of(rule, "userPrincipalName") else { return };
    *expression = expression.replace("[userPrincipalName]", &format!("[{attribute}]"));
    add(rule, "onPremisesUserPrincipalName", FlowSource::Direct("userPrincipalName".to_owned()));
}

fn source_of<'a>(rule: &'a mut SyncRule, target: &str) -> Option<&'a mut FlowSource> {
    rule.flows.iter_mut().find(|flow| flow.target.eq_ignore_ascii_case(target)).map(|flow| &mut flow.source)
}

fn add(rule: &mut SyncRule, target: &str, source: FlowSource) {
    rule.flows.push(Flow { target: target.to_owned(), source, apply_once: false, merge: MergeType::Update });
    rule.flows.sort_by_key(|flow| fold_text(&flow.target));
}
