//! The rules of stories: those of the fixture of `engine.md` 11, and changes of them.

use crate::rules::{RuleText, rules_from_toml};

const WORLD: &str = include_str!("../../../../tests/scenarios/world.part");

/// Rules of the fixture.
pub(super) const RULES: usize = 13;

/// The rules of the fixture.
pub(super) fn fixture() -> Vec<RuleText> {
    let (_, rules) = WORLD.split_once("\nrules\n").unwrap();
    let lines: Vec<&str> = rules.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    let rules = rules_from_toml(&lines.join("\n")).unwrap();
    assert_eq!(rules.len(), RULES);
    rules
}

/// A change of rules: the name of the rule, and a patch as text or whether it is enabled. `{group}` stands for the name of
/// a group of A.
pub(super) enum RuleEdit {
    Switch(&'static str, bool),
    Patch(&'static str, &'static str),
}

const A_USER: &str = "In from A - User";
const A_COMMON: &str = "In from A - User Common";
const B_USER: &str = "In from B - User";
const B_COMMON: &str = "In from B - User Common";
const A_CONTACT: &str = "In from A - Contact";
const B_CONTACT: &str = "In from B - Contact";
const A_GROUP: &str = "In from A - Group";
const T_USER: &str = "In from T - User";
const OUT_USER: &str = "Out to T - User";
const OUT_GROUP: &str = "Out to T - Group";

/// Rules that are switched off and on.
const SWITCHED: [&str; 9] = [A_USER, A_COMMON, B_USER, B_COMMON, A_CONTACT, A_GROUP, T_USER, OUT_USER, OUT_GROUP];

/// Precedence, link types, scope, expressions and merging, and back again.
const PATCHES: &[(&str, &str)] = &[
    (B_COMMON, "precedence = 11"),
    (B_COMMON, "precedence = 22"),
    (A_CONTACT, "precedence = 9"),
    (A_CONTACT, "precedence = 40"),
    (B_USER, "link = \"join\""),
    (B_USER, "link = \"sticky-join\""),
    (B_USER, "link = \"provision\""),
    (B_USER, "link = \"join-no-flow\""),
    (B_CONTACT, "link = \"join\""),
    (A_USER, "scope = [[\"dn ISMEMBEROF {group}\"]]"),
    (A_COMMON, "scope = [[\"dn ISNOTMEMBEROF {group}\"]]"),
    (OUT_USER, "scope = [[\"dn ISMEMBEROF {group}\", \"sourceObjectType EQUAL User\"]]"),
    (OUT_GROUP, "link = \"join\""),
    (OUT_GROUP, "link = \"provision\""),
    (A_USER, "scope = []"),
    (A_USER, "scope = [[\"department NOTEQUAL D1\"], [\"displayName EQUAL N2\"]]"),
    (A_USER, "scope = [[\"adminDescription NOTSTARTSWITH User_\"]]"),
    (B_COMMON, "scope = [[\"department ISNOTNULL\"]]"),
    (OUT_USER, "scope = [[\"department NOTEQUAL D2\", \"sourceAnchor ISNOTNULL\"]]"),
    (A_COMMON, "expression.displayName = \"UCase([displayName])\""),
    (A_COMMON, "expression.department = 'IIF([department] = \"D1\", IgnoreThisFlow, [department])'"),
    (A_COMMON, "expression.department = 'IIF([department] = \"D2\", AuthoritativeNull, [department])'"),
    (A_COMMON, "expression.department = 'IIF([department] = \"D0\", Error(\"not D0\"), [department])'"),
    (A_COMMON, "same = [\"displayName\", \"department\"]"),
    (A_COMMON, "same = [\"proxyAddresses\"]"),
    (B_COMMON, "same = [\"proxyAddresses\"]"),
    (A_COMMON, "same = [\"proxyAddresses\"]\nmerge.proxyAddresses = \"MergeCaseInsensitive\""),
    (B_COMMON, "same = [\"proxyAddresses\"]\nmerge.proxyAddresses = \"MergeCaseInsensitive\""),
    (A_COMMON, "same = [\"proxyAddresses\"]\nmerge.proxyAddresses = \"Merge\""),
    (B_COMMON, "same = [\"proxyAddresses\"]\nmerge.proxyAddresses = \"Merge\""),
    (OUT_USER, "same = [\"proxyAddresses\"]"),
    (OUT_USER, "constant.company = \"Contoso\"\napply_once = [\"company\"]"),
    (OUT_USER, "expression.department = 'IIF(IsPresent([department]), \"[\" & [department] & \"]\", NULL)'"),
];

/// The change of a number.
pub(super) fn edit(number: usize) -> RuleEdit {
    let number = number % (SWITCHED.len() * 2 + PATCHES.len());
    match SWITCHED.get(number / 2) {
        Some(name) => RuleEdit::Switch(name, number % 2 == 1),
        None => {
            let (name, patch) = PATCHES[number - SWITCHED.len() * 2];
            RuleEdit::Patch(name, patch)
        }
    }
}

/// True for a change that leaves it open to nobody whom objects are joined to: it concerns values, or the
/// way out. Precedence decides whose source anchor it is.
pub(super) fn keeps_identities(number: usize) -> bool {
    match edit(number) {
        RuleEdit::Switch(name, _) => name.starts_with("Out"),
        RuleEdit::Patch(name, patch) => {
            let decides = ["scope", "link", "precedence"].iter().any(|key| patch.starts_with(key));
            name.starts_with("Out") || !decides
        }
    }
}
