//! Every scenario of `engine.md` 11: the files of `tests/scenarios`, each as a test with its number.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::path::PathBuf;

use syncline_engine::scenario::{Scenario, ScenarioOptions};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios")
}

/// Runs a file; at its end a second full synchronization changes nothing (scenario 46).
fn check(name: &str) {
    let scenario = Scenario::read(&folder().join(format!("{name}.scenario"))).unwrap_or_else(|fault| panic!("{fault}"));
    let options = ScenarioOptions { second_full_synchronization: true };
    if let Some(difference) = scenario.run(options).unwrap() {
        panic!("{difference}");
    }
}

macro_rules! scenarios {
    ($($test:ident = $name:literal,)*) => {

        $(#[test] fn $test() { check($name); })*
    };
}

scenarios! {
    scenario_01_new_user = "01-new-user",
    scenario_02_attribute_change = "02-attribute-change",
    scenario_03_there_and_back = "03-there-and-back",
    scenario_04_delete = "04-delete",
    scenario_05_delete_before_export = "05-delete-before-export",
    scenario_06_out_of_scope_and_back = "06-out-of-scope-and-back",
    scenario_07_back_after_delete = "07-back-after-delete",
    scenario_08_cloud_filtered = "08-cloud-filtered",
    scenario_09_move_and_rename = "09-move-and-rename",
    scenario_10_container_rename = "10-container-rename",
    scenario_11_two_forests = "11-two-forests",
    scenario_12_winner_becomes_null = "12-winner-becomes-null",
    scenario_13_winner_deleted = "13-winner-deleted",
    scenario_14_authoritative_null = "14-authoritative-null",
    scenario_15_ignore_this_flow = "15-ignore-this-flow",
    scenario_16_contact_then_user = "16-contact-then-user",
    scenario_17_group_before_member = "17-group-before-member",
    scenario_18_new_group_and_members = "18-new-group-and-members",
    scenario_19_duplicate_attribute = "19-duplicate-attribute",
    scenario_20_not_reimported = "20-not-reimported",
    scenario_21_changed_by_hand = "21-changed-by-hand",
    scenario_22_large_group = "22-large-group",
    scenario_23_over_group_limit = "23-over-group-limit",
    scenario_24_flow_rule_disabled = "24-flow-rule-disabled",
    scenario_25_provision_rule_disabled = "25-provision-rule-disabled",
    scenario_26_ambiguous_join = "26-ambiguous-join",
    scenario_27_different_join_rules = "27-different-join-rules",
    scenario_28_two_objects_one_identity = "28-two-objects-one-identity",
    scenario_29_manager_across_forests = "29-manager-across-forests",
    scenario_30_foreign_security_principal = "30-foreign-security-principal",
    scenario_31_referenced_object_deleted = "31-referenced-object-deleted",
    scenario_32_apply_once = "32-apply-once",
    scenario_33_case_only = "33-case-only",
    scenario_34_merge_case_insensitive = "34-merge-case-insensitive",
    scenario_35_deleted_and_recreated = "35-deleted-and-recreated",
    scenario_36_transient_unresolved = "36-transient-unresolved",
    scenario_37_type_change = "37-type-change",
    scenario_38_sticky_join = "38-sticky-join",
    scenario_39_import_stopped = "39-import-stopped",
    scenario_40_bad_entry = "40-bad-entry",
    scenario_41_killed_in_export = "41-killed-in-export",
    scenario_42_killed_in_synchronization = "42-killed-in-synchronization",
    scenario_43_preview = "43-preview",
    scenario_44_staging_mode = "44-staging-mode",
    scenario_45_order_independence = "45-order-independence",
    scenario_46_idempotence = "46-idempotence",
}
