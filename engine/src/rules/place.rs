//! Putting a rule directly before or behind another one (`engine.md` 4.4, `PrecedenceBefore` and `PrecedenceAfter`).

use std::collections::BTreeMap;

use uuid::Uuid;

use super::FIRST_STANDARD_PRECEDENCE;
use super::definition::SyncRule;
use crate::model::fold_text;

/// The side of the other rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It is asked first, so it wins.
    Before,
    /// It is asked next.
    After,
}

/// The numbers of a rule that was put in its place, and of those that made room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The number of the rule.
    pub precedence: i64,
    /// New numbers of other rules.
    pub shifted: BTreeMap<Uuid, i64>,
}

/// The rule that a text names: by its identifier, or by its name, first among those of the connector of `rule`.
///
/// # Errors
/// A sentence that says what there is instead.
pub fn neighbour<'a>(rules: &'a [SyncRule], rule: &SyncRule, name: &str) -> Result<&'a SyncRule, String> {
    let (key, guid) = (fold_text(name.trim()), Uuid::parse_str(name.trim()).ok());
    let others = || rules.iter().filter(|other| other.guid != rule.guid);
    let named: Vec<&SyncRule> = others().filter(|other| fold_text(&other.name) == key || Some(other.guid) == guid).collect();
    let own: Vec<&SyncRule> = named.iter().copied().filter(|other| other.connector == rule.connector).collect();
    match (own.as_slice(), named.as_slice()) {
        ([only], _) | ([], [only]) => Ok(only),
        ([], []) => {
            let near = syncline_expression::nearest(name, others().map(|other| other.name.as_str()));
            let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            Err(format!("there is no rule \"{name}\" to stand beside{near}"))
        }
        _ => Err(format!("several connectors have a rule \"{name}\"; name one by its identifier")),
    }
}

/// Puts a rule directly beside another one. A rule that stands there keeps its number; otherwise it gets a free one, or
/// the rules behind it, failing that those before it, make room.
///
/// # Errors
/// A sentence when an administrator's rule would have to stand among the standard ones, or no number is free.
pub fn place(rules: &[SyncRule], rule: &SyncRule, beside: &SyncRule, side: Side) -> Result<Placed, String> {
    let mut own: Vec<&SyncRule> = rules.iter().filter(|other| !other.is_standard() && other.guid != rule.guid).collect();
    own.sort_by_key(|other| other.precedence);
    let first_standard = rules.iter().filter(|other| other.is_standard()).min_by_key(|other| other.precedence);
    let index = match own.iter().position(|other| other.guid == beside.guid) {
        Some(index) if side == Side::After => index + 1,
        Some(index) => index,
        None if side == Side::Before && first_standard.is_some_and(|first| first.guid == beside.guid) => own.len(),
        None => {
            let first = first_standard.map_or("", |first| first.name.as_str());
            return Err(format!(
                "\"{}\" is a standard rule, and an administrator's rules stand before all of these; the only place beside them is before \"{first}\"",
                beside.name
            ));
        }
    };
    let numbers: Vec<i64> = own.iter().map(|other| other.precedence).collect();
    let low = index.checked_sub(1).and_then(|before| numbers.get(before)).copied().unwrap_or(-1);
    let high = numbers.get(index).copied().unwrap_or(FIRST_STANDARD_PRECEDENCE);
    let known = rules.iter().find(|other| other.guid == rule.guid).map(|known| known.precedence);
    if let Some(number) = known.filter(|number| (low + 1..high).contains(number)) {
        return Ok(Placed { precedence: number, ..Placed::default() });
    }
    if high - low > 1 {
        let precedence = if side == Side::After { low + 1 } else { high - 1 };
        return Ok(Placed { precedence, ..Placed::default() });
    }
    let (before, behind) = own.split_at(index);
    let upwards = shift(behind.iter().copied(), high, 1);
    let shifted = if upwards.values().all(|number| *number < FIRST_STANDARD_PRECEDENCE) && high < FIRST_STANDARD_PRECEDENCE {
        return Ok(Placed { precedence: high, shifted: upwards });
    } else {
        shift(before.iter().rev().copied(), low, -1)
    };
    if low < 0 || shifted.values().any(|number| *number < 0) {
        return Err(format!("no number below {FIRST_STANDARD_PRECEDENCE} is free; delete a rule that is not needed any more"));
    }
    Ok(Placed { precedence: low, shifted })
}

/// New numbers for the rules that stand one behind the other from `number` on, which is to be free.
fn shift<'a>(rules: impl Iterator<Item = &'a SyncRule>, mut number: i64, by: i64) -> BTreeMap<Uuid, i64> {
    let mut shifted = BTreeMap::new();
    for rule in rules {
        if rule.precedence != number {
            break;
        }
        number += by;
        shifted.insert(rule.guid, number);
    }
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectorId, RuleId};
    use crate::rules::{Direction, LinkType};

    /// A rule named after its first number; standard from 100 on.
    fn rule(precedence: i64) -> SyncRule {
        SyncRule {
            id: RuleId(precedence),
            guid: Uuid::from_u128(u128::from(precedence.unsigned_abs()) + 1),
            name: format!("R{precedence}"),
            description: String::new(),
            precedence,
            direction: Direction::Inbound,
            connector: ConnectorId(1),
            connector_object_type: "user".to_owned(),
            metaverse_object_type: "person".to_owned(),
            link: LinkType::Join,
            enabled: true,
            password_sync: false,
            tag: (precedence >= 100).then(|| "Microsoft.X".to_owned()),
            scope: Vec::new(),
            join: Vec::new(),
            flows: Vec::new(),
        }
    }

    /// The order of all rules, with their numbers, after the rule `which` was placed.
    fn after(numbers: &[i64], which: i64, side: Side, beside: &str) -> Result<Vec<(String, i64)>, String> {
        let mut rules: Vec<SyncRule> = numbers.iter().copied().map(rule).collect();
        let own = rule(which);
        let placed = place(&rules, &own, neighbour(&rules, &own, beside)?, side)?;
        rules.retain(|other| other.guid != own.guid);
        for other in &mut rules {
            other.precedence = placed.shifted.get(&other.guid).copied().unwrap_or(other.precedence);
        }
        rules.push(SyncRule { precedence: placed.precedence, ..own });
        rules.sort_by_key(|rule| rule.precedence);
        Ok(rules.into_iter().map(|rule| (rule.name, rule.precedence)).collect())
    }

    #[test]
    fn a_rule_gets_a_free_number_or_others_make_room() {
        let check = |numbers: &[i64], which: i64, side: Side, beside: &str, expected: &[(&str, i64)]| {
            let found = after(numbers, which, side, beside).unwrap();
            let found: Vec<(&str, i64)> = found.iter().map(|(name, number)| (name.as_str(), *number)).collect();
            assert_eq!(found, expected, "{which} {side:?} {beside} in {numbers:?}");
        };
        use Side::{After, Before};
        check(&[10, 20], 50, Before, "R20", &[("R10", 10), ("R50", 19), ("R20", 20)]);
        check(&[10, 20], 50, After, "r10", &[("R10", 10), ("R50", 11), ("R20", 20)]);
        check(&[10, 20], 50, Before, "R10", &[("R50", 9), ("R10", 10), ("R20", 20)]);
        check(&[10, 11, 12, 14], 50, Before, "R11", &[("R10", 10), ("R50", 11), ("R11", 12), ("R12", 13), ("R14", 14)]);
        check(&[10, 11], 50, After, "R11", &[("R10", 10), ("R11", 11), ("R50", 12)]);
        check(&[97, 98, 99, 100], 5, Before, "R100", &[("R97", 96), ("R98", 97), ("R99", 98), ("R5", 99), ("R100", 100)]);
        check(&[10, 15, 20], 15, Before, "R20", &[("R10", 10), ("R15", 15), ("R20", 20)]);
        check(&[10, 15, 20], 20, Before, "R15", &[("R10", 10), ("R20", 14), ("R15", 15)]);
        check(&[0, 1], 7, Before, "R0", &[("R7", 0), ("R0", 1), ("R1", 2)]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let check = |numbers: &[i64], side: Side, beside: &str, words: &str| {
            let message = after(numbers, 500, side, beside).unwrap_err();
            assert!(message.contains(words), "{message}");
        };
        let full: Vec<i64> = (0..=100).collect();
        check(&full, Side::Before, "R50", "no number below 100 is free");
        check(&full, Side::Before, "R0", "no number below 100 is free");
        check(&[10, 100, 101], Side::Before, "R101", "before \"R100\"");
        check(&[10, 100], Side::After, "R100", "standard rule");
        check(&[10, 20], Side::After, "R1O", "there is no rule \"R1O\"");
    }

    proptest::proptest! {
        /// Whatever the numbers are: no number twice, all others in the same order, the rule directly beside the other.
        #[test]
        fn a_placed_rule_stands_beside_the_other(numbers in proptest::collection::btree_set(0i64..100, 1..99), which in 0usize..99, behind: bool) {
            let numbers: Vec<i64> = numbers.into_iter().collect();
            let beside = format!("R{}", numbers[which % numbers.len()]);
            let side = if behind { Side::After } else { Side::Before };
            let found = after(&numbers, 500, side, &beside).unwrap();
            proptest::prop_assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].1), "{found:?}");
            proptest::prop_assert!(found.iter().all(|(_, number)| (0..100).contains(number)), "{found:?}");
            let others: Vec<String> = found.iter().filter(|(name, _)| name != "R500").map(|(name, _)| name.clone()).collect();
            proptest::prop_assert_eq!(others, numbers.iter().map(|number| format!("R{number}")).collect::<Vec<_>>());
            let at = |wanted: &str| found.iter().position(|(name, _)| name == wanted).unwrap();
            proptest::prop_assert_eq!(at("R500"), if behind { at(&beside) + 1 } else { at(&beside) - 1 });
        }
    }
}
