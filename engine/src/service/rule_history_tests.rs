//! Former editions of rules through the facade: what is written down, brought back, undone, and what is refused.

use super::rule_tests::{Installation, custom, installation};
use super::*;
use crate::rules::SyncRule;
use crate::setup::RuleChangeError;

const DEPARTMENT: &str = "[rule.expression]\ndepartment = \"Trim([department])\"\n";

impl Installation {
    fn store(&self, text: &str) -> RuleChangeView {
        let source = RuleSource { file: "rules.toml".to_owned(), text: text.to_owned() };
        self.engine.save_rules(self.engine.rules_from_text(&[source]).unwrap(), None).unwrap()
    }

    fn sales(&self) -> SyncRule {
        self.engine.find_rules(&["Sales".to_owned()], None).unwrap().remove(0)
    }
}

/// `number fate precedence: differences` of the versions, newest first.
fn told(history: &RuleHistoryView) -> Vec<String> {
    let line = |version: &RuleVersionView| {
        let differences: Vec<String> = version.differences.iter().map(ToString::to_string).collect();
        let present = if version.present { " now" } else { "" };
        format!("{} {:?} {}{present}: {}", version.version, version.fate, version.precedence, differences.join("; "))
    };
    history.versions.iter().map(line).collect()
}

#[test]
fn every_change_is_written_down_and_any_edition_comes_back() {
    let it = installation();
    it.store(&custom(DEPARTMENT));
    let guid = it.sales().guid;
    it.store(&custom(DEPARTMENT).replace("precedence = 50", "precedence = 51"));
    it.engine.set_rules_enabled(&[it.sales().id], false, None).unwrap();
    let history = it.engine.rule_history(guid).unwrap();
    let expected = ["3 Changed 51 now: enabled: yes -> no", "2 Changed 51: precedence: 50 -> 51", "1 New 50: "];
    assert_eq!(told(&history), expected);
    let first = &history.versions[2];
    assert_eq!((first.made, first.configuration), (Some(it.engine.now()), Some(history.versions[1].configuration.unwrap() - 1)));
    let to_present: Vec<String> = first.to_present.iter().map(ToString::to_string).collect();
    assert_eq!(to_present, ["precedence: 51 -> 50", "enabled: no -> yes"]);
    let judged = it.engine.judge_rule_restoration(guid, 1).unwrap();
    assert_eq!((judged.stored, judged.steps[0].differences.clone()), (false, to_present));
    it.engine.restore_rule(guid, 1, None).unwrap();
    assert_eq!((it.sales().precedence, it.sales().enabled), (50, true));
    assert_eq!(told(&it.engine.rule_history(guid).unwrap())[0], "4 Changed 50 now: precedence: 51 -> 50; enabled: no -> yes");
    // Removed, and back under another number.
    let number = it.sales().id;
    it.engine.delete_rules(&[number], None).unwrap();
    let history = it.engine.rule_history(guid).unwrap();
    assert!(history.removed && told(&history)[0].starts_with("5 Removed 50: "));
    let removed = it.engine.removed_rules().unwrap();
    assert_eq!((removed.len(), removed[0].name.as_str(), removed[0].version), (1, "Sales", 4));
    assert_eq!(it.engine.find_rule_or_removed("sales", None).unwrap(), guid);
    it.engine.restore_rule(guid, 4, None).unwrap();
    assert_eq!((it.sales().guid, it.sales().precedence), (guid, 50));
    assert_ne!(it.sales().id, number);
    assert!(it.engine.removed_rules().unwrap().is_empty());
    assert!(told(&it.engine.rule_history(guid).unwrap())[0].starts_with("6 New 50 now"));
}

#[test]
fn a_restoration_is_guarded_like_every_change() {
    let it = installation();
    it.store(&custom(DEPARTMENT));
    let guid = it.sales().guid;
    it.engine.delete_rules(&[it.sales().id], None).unwrap();
    it.store(&custom(DEPARTMENT).replace("Sales", "Other"));
    let refused = |version: u32, as_of: Option<u64>| it.engine.restore_rule(guid, version, as_of).unwrap_err().to_string();
    assert!(refused(1, None).contains("precedence 50 is used by \"Other\""));
    assert!(refused(2, None).contains("is the removal of the rule"));
    assert!(refused(9, None).contains("no version 9; its versions: 1"));
    assert!(refused(1, Some(1)).contains("changed meanwhile"));
    // Of a standard rule, whether it is on.
    let join = it.engine.find_rules(&["100".to_owned()], None).unwrap().remove(0);
    it.engine.set_rules_enabled(&[join.id], false, None).unwrap();
    let history = it.engine.rule_history(join.guid).unwrap();
    assert!(history.standard);
    it.engine.restore_rule(join.guid, history.versions[1].version, None).unwrap();
    assert!(it.engine.rule(join.guid).unwrap().summary.enabled);
    let nobody = it.engine.rule_history(uuid::Uuid::from_u128(u128::MAX)).unwrap_err();
    assert!(matches!(nobody, EngineError::UnknownRule { .. }));
}

#[test]
fn the_last_change_is_undone_as_a_whole() {
    let it = installation();
    let join = it.engine.find_rules(&["100".to_owned()], None).unwrap().remove(0);
    let how = RuleClone { disable_original: true, ..RuleClone::default() };
    let (clone, change) = it.engine.clone_rule(join.id, &how, None).unwrap();
    let undone = it.engine.undo_rule_change(change.version).unwrap();
    assert_eq!(undone.steps.len(), 2);
    assert!(it.engine.rule(join.guid).unwrap().summary.enabled);
    assert!(it.engine.rule(clone.summary.guid).is_err());
    // Undoing is a change, too.
    it.engine.undo_rule_change(undone.version).unwrap();
    assert!(!it.engine.rule(join.guid).unwrap().summary.enabled);
    assert!(it.engine.rule(clone.summary.guid).is_ok());
    let old = it.engine.undo_rule_change(change.version).unwrap_err();
    assert!(matches!(old, EngineError::RuleChange(RuleChangeError::Conflict { .. })), "{old}");
    let none = it.engine.undo_rule_change(0).unwrap_err().to_string();
    assert!(none.contains("came from no change of rules"));
}

#[test]
fn composed_rules_are_written_down_too() {
    let it = installation();
    let values = [("hybrid-exchange".to_owned(), "on".to_owned())];
    let change = it.engine.change_rule_choices(&values, None).unwrap();
    let new = change.rules.steps.iter().find(|step| step.fate == RuleFateView::New).unwrap();
    let history = it.engine.rule_history(new.guid).unwrap();
    assert_eq!((history.versions.len(), history.versions[0].fate), (1, RuleFateView::New));
    assert_eq!(history.versions[0].configuration, Some(it.engine.configuration_version().unwrap()));
}
