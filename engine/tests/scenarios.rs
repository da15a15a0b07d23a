//! The files of `tests/scenarios`: every scenario of `engine.md` 11 as a test with its number, and further behaviour
//! by name.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syncline_engine::scenario::{Scenario, ScenarioOptions};

/// Scenarios of `engine.md` 11.
const LAST: u32 = 46;
/// Lets the scenarios of very large groups have their full size.
const FULL_SIZE: &str = "SYNCLINE_FULL_SIZE_TESTS";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios").join(format!("{name}.scenario"))
}

fn run(path: &Path, text: &str, options: ScenarioOptions) {
    let scenario = Scenario::from_text(path, text).unwrap_or_else(|fault| panic!("{fault}"));
    if let Some(difference) = scenario.run(options).unwrap() {
        panic!("{difference}");
    }
}

/// Runs a file; at its end a second full synchronization changes nothing, which is scenario 46.
fn check(name: &str) {
    let path = file(name);
    let text = std::fs::read_to_string(&path).unwrap();
    run(&path, &text, ScenarioOptions { second_full_synchronization: true });
}

/// Runs a file of very many objects, and only that. Groups have a tenth of their size, unless the full one is asked
/// for.
fn check_large(name: &str) {
    let path = file(name);
    let mut text = std::fs::read_to_string(&path).unwrap();
    if std::env::var_os(FULL_SIZE).is_none() {
        for number in [250_000, 50_002, 50_001, 50_000] {
            text = text.replace(&number.to_string(), &(number / 10 + number % 10).to_string());
        }
    }
    run(&path, &text, ScenarioOptions::default());
}

macro_rules! scenarios {
    ($($test:ident = $check:ident($name:literal),)*) => {
        const NAMES: &[&str] = &[$($name),*];
        $(#[test] fn $test() { $check($name); })*
    };
}

scenarios! {
    scenario_01_new_user = check("01-new-user"),
    scenario_02_attribute_change = check("02-attribute-change"),
    scenario_03_there_and_back = check("03-there-and-back"),
    scenario_04_delete = check("04-delete"),
    scenario_05_delete_before_export = check("05-delete-before-export"),
    scenario_06_out_of_scope_and_back = check("06-out-of-scope-and-back"),
    scenario_07_back_after_delete = check("07-back-after-delete"),
    scenario_08_cloud_filtered = check("08-cloud-filtered"),
    scenario_09_move_and_rename = check("09-move-and-rename"),
    scenario_10_container_rename = check("10-container-rename"),
    scenario_11_two_forests = check("11-two-forests"),
    scenario_12_winner_becomes_null = check("12-winner-becomes-null"),
    scenario_13_winner_deleted = check("13-winner-deleted"),
    scenario_14_authoritative_null = check("14-authoritative-null"),
    scenario_15_ignore_this_flow = check("15-ignore-this-flow"),
    scenario_16_contact_then_user = check("16-contact-then-user"),
    scenario_17_group_before_member = check("17-group-before-member"),
    scenario_18_new_group_and_members = check("18-new-group-and-members"),
    scenario_19_duplicate_attribute = check("19-duplicate-attribute"),
    scenario_20_not_reimported = check("20-not-reimported"),
    scenario_21_changed_by_hand = check("21-changed-by-hand"),
    scenario_22_large_group = check_large("22-large-group"),
    scenario_23_over_group_limit = check_large("23-over-group-limit"),
    scenario_24_flow_rule_disabled = check("24-flow-rule-disabled"),
    scenario_25_provision_rule_disabled = check("25-provision-rule-disabled"),
    scenario_26_ambiguous_join = check("26-ambiguous-join"),
    scenario_27_different_join_rules = check("27-different-join-rules"),
    scenario_28_two_objects_one_identity = check("28-two-objects-one-identity"),
    scenario_29_manager_across_forests = check("29-manager-across-forests"),
    scenario_30_foreign_security_principal = check("30-foreign-security-principal"),
    scenario_31_referenced_object_deleted = check("31-referenced-object-deleted"),
    scenario_32_apply_once = check("32-apply-once"),
    scenario_33_case_only = check("33-case-only"),
    scenario_34_merge_case_insensitive = check("34-merge-case-insensitive"),
    scenario_35_deleted_and_recreated = check("35-deleted-and-recreated"),
    scenario_36_transient_unresolved = check("36-transient-unresolved"),
    scenario_37_type_change = check("37-type-change"),
    scenario_38_sticky_join = check("38-sticky-join"),
    scenario_39_import_stopped = check_large("39-import-stopped"),
    scenario_40_bad_entry = check("40-bad-entry"),
    scenario_41_killed_in_export = check("41-killed-in-export"),
    scenario_42_killed_in_synchronization = check("42-killed-in-synchronization"),
    scenario_43_preview = check("43-preview"),
    scenario_44_staging_mode = check("44-staging-mode"),
    scenario_45_order_independence = check("45-order-independence"),
    scenario_46_idempotence = check("46-idempotence"),
    combined_steps = check("combined-steps"),
    filtered_containers = check("filtered-containers"),
    forest_export = check("forest-export"),
    step_limits = check("step-limits"),
    deletions_approved = check("deletions-approved"),
    members_of_a_group = check("members-of-a-group"),
    deprovisioning_delete = check("deprovisioning-delete"),
    deprovisioning_normal = check("deprovisioning-normal"),
    deprovisioning_explicit = check("deprovisioning-explicit"),
    connector_space_deleted = check("connector-space-deleted"),
    connector_deleted = check("connector-deleted"),
    join_without_flow = check("join-without-flow"),
    confirmed_at_once = check("confirmed-at-once"),
    joined_by_hand = check("joined-by-hand"),
    disconnected_by_hand = check("disconnected-by-hand"),
    waits_for_its_own_synchronization = check("waits-for-its-own-synchronization"),
    one_name_two_types = check("one-name-two-types"),
    faulty_rule = check("faulty-rule"),
    flow_errors = check("flow-errors"),
    provisioning_loop = check("provisioning-loop"),
}

#[test]
fn every_scenario_has_a_file_and_every_file_a_test() {
    let folder = file("x").parent().unwrap().to_owned();
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<PathBuf> = names.filter(|path| path.extension().is_some_and(|ending| ending == "scenario")).collect();
    let tested: BTreeSet<PathBuf> = NAMES.iter().map(|name| file(name)).collect();
    assert_eq!(files, tested);
    let numbers: BTreeSet<u32> = files
        .iter()
        .filter_map(|path| {
            let scenario = Scenario::read(path).unwrap_or_else(|fault| panic!("{fault}"));
            let name = path.file_name().unwrap().to_str().unwrap();
            match scenario.number {
                Some(number) => assert!(name.starts_with(&format!("{number:02}-")), "{path:?}"),
                None => assert!(name.starts_with(char::is_alphabetic), "{path:?}"),
            }
            scenario.number
        })
        .collect();
    assert_eq!(numbers, (1..=LAST).collect());
}

/// The blocks of a language in the documentation, with the line on which each begins.
fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
    let fence = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line == fence {
            let block: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            blocks.push((number + 2, format!("{}\n", block.join("\n"))));
        }
    }
    blocks
}

#[test]
fn the_examples_of_the_documentation_are_true() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scenarios.md")).unwrap();
    let scenarios = blocks(&text, "scenario");
    let [(_, first)] = scenarios.as_slice() else { panic!("one whole scenario is expected") };
    run(Path::new("docs/scenarios.md"), first, ScenarioOptions { second_full_synchronization: true });
    // The difference that the text shows is the one that is found.
    let (before, after) = first.rsplit_once("department = HR").unwrap();
    let changed = Scenario::from_text(Path::new("department.scenario"), &format!("{before}department = IT{after}")).unwrap();
    let found = changed.run(ScenarioOptions::default()).unwrap().unwrap();
    let shown = format!("  {}, line {}, after line {}: {}\n", found.file, found.line, found.step_line, found.step);
    assert!(text.contains(&shown), "{shown}");
    let faults: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("| `fault ")?.split('`').next()).collect();
    assert!(faults.len() > 10);
    for fault in faults {
        Scenario::from_text(Path::new("docs/scenarios.md"), &format!("{first}fault {fault}\n"))
            .unwrap_or_else(|fault| panic!("{fault}"));
    }
    let examples = blocks(&text, "statements");
    assert!(examples.len() > 5);
    for (line, example) in examples {
        let name = format!("docs/scenarios.md, example of line {line}");
        run(Path::new(&name), &format!("{first}{example}"), ScenarioOptions::default());
    }
}
