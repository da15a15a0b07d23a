//! Compact binary form of lineage: which rules hold a link, and where each metaverse attribute came from.
//!
//! The first byte tells the form. Form 0 has fields of fixed length, as version 2 of the database wrote them; form 1
//! has numbers of variable length, names every contribution of an object once, and counts times from the one before:
//! nearly all of an object's rules are applied at one time. No bytes are no lineage.

use super::StoreError;
use super::metaverse::Contribution;
use super::sql::{from_stored, to_stored};
use crate::model::codec::{Reader, put_number};
use crate::model::{AttributeId, CsId, RuleId, SortedMap};
use crate::rules::{Direction, LinkType};
use crate::store::connector_space::LinkRule;

const FIXED: u8 = 0;
const COMPACT: u8 = 1;

/// Writes the rules that hold a link.
pub(super) fn encode_links(rules: &[LinkRule]) -> Vec<u8> {
    if rules.is_empty() {
        return Vec::new();
    }
    let mut out = vec![COMPACT];
    let mut before = 0;
    for rule in rules {
        put_signed(&mut out, rule.rule.0);
        let direction = match rule.direction {
            Direction::Inbound => 0,
            Direction::Outbound => 1,
        };
        let action = match rule.action {
            LinkType::Provision => 0,
            LinkType::Join => 1,
            LinkType::StickyJoin => 2,
            LinkType::JoinNoFlow => 3,
        };
        out.push(direction + 2 * action);
        put_time(&mut out, &mut before, to_stored(rule.applied));
    }
    out
}

/// Reads the rules that hold a link.
pub(super) fn decode_links(bytes: &[u8]) -> Result<Vec<LinkRule>, StoreError> {
    let mut reader = Reader::new(bytes);
    let Some(fixed) = form(&mut reader, "a link")? else { return Ok(Vec::new()) };
    let mut rules = Vec::new();
    let mut before = 0;
    while !reader.is_at_end() {
        let rule = if fixed { reader.integer()? } else { signed(&mut reader)? };
        let (direction, action) = if fixed {
            (reader.byte()?, reader.byte()?)
        } else {
            let both = reader.byte()?;
            (both % 2, both / 2)
        };
        let applied = if fixed { reader.integer()? } else { time(&mut reader, &mut before)? };
        rules.push(LinkRule {
            rule: RuleId(rule),
            direction: if direction == 0 { Direction::Inbound } else { Direction::Outbound },
            action: match action {
                0 => LinkType::Provision,
                1 => LinkType::Join,
                3 => LinkType::JoinNoFlow,
                _ => LinkType::StickyJoin,
            },
            applied: from_stored(applied),
        });
    }
    Ok(rules)
}

/// Writes where the attributes of a metaverse object came from.
pub(super) fn encode_lineage(lineage: &SortedMap<AttributeId, Contribution>) -> Vec<u8> {
    if lineage.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(3 * lineage.len() + 64);
    out.push(COMPACT);
    let mut known: Vec<Contribution> = Vec::new();
    let (mut last, mut before) = (0, 0);
    for (attribute, contribution) in lineage {
        put_number(&mut out, u64::from(attribute.0 - last));
        last = attribute.0;
        match known.iter().position(|other| other == contribution) {
            Some(place) => put_number(&mut out, place as u64),
            None => {
                put_number(&mut out, known.len() as u64);
                put_signed(&mut out, contribution.object.0);
                put_signed(&mut out, contribution.rule.0);
                put_time(&mut out, &mut before, to_stored(contribution.time));
                known.push(*contribution);
            }
        }
    }
    out
}

/// Reads where the attributes of a metaverse object came from.
pub(super) fn decode_lineage(bytes: &[u8]) -> Result<SortedMap<AttributeId, Contribution>, StoreError> {
    let what = "the lineage of a metaverse object";
    let mut reader = Reader::new(bytes);
    let mut lineage = SortedMap::new();
    let Some(fixed) = form(&mut reader, what)? else { return Ok(lineage) };
    let mut known: Vec<Contribution> = Vec::new();
    let (mut last, mut before) = (0u32, 0);
    while !reader.is_at_end() {
        if fixed {
            let attribute = reader.short_integer()?;
            let (object, rule, time) = (reader.integer()?, reader.integer()?, reader.integer()?);
            let contribution = Contribution { object: CsId(object), rule: RuleId(rule), time: from_stored(time) };
            lineage.insert(AttributeId(attribute), contribution);
            continue;
        }
        let AttributeId(further) = reader.attribute()?;
        last = last.checked_add(further).ok_or_else(|| StoreError::damaged(what, "an attribute number is too large"))?;
        let place = reader.number()?;
        if place == known.len() as u64 {
            let (object, rule) = (signed(&mut reader)?, signed(&mut reader)?);
            let time = from_stored(time(&mut reader, &mut before)?);
            known.push(Contribution { object: CsId(object), rule: RuleId(rule), time });
        }
        let contribution = usize::try_from(place).ok().and_then(|place| known.get(place)).copied();
        let contribution = contribution.ok_or_else(|| StoreError::damaged(what, "a contribution is missing"))?;
        lineage.insert(AttributeId(last), contribution);
    }
    Ok(lineage)
}

/// Whether the fields have fixed length; none when there is nothing at all.
fn form(reader: &mut Reader<'_>, what: &str) -> Result<Option<bool>, StoreError> {
    if reader.is_at_end() {
        return Ok(None);
    }
    match reader.byte()? {
        FIXED => Ok(Some(true)),
        COMPACT => Ok(Some(false)),
        byte => Err(StoreError::damaged(what, format!("form {byte} is not known"))),
    }
}

/// Small numbers of either sign take few bytes.
fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

fn signed(reader: &mut Reader<'_>) -> Result<i64, StoreError> {
    let folded = reader.number()?;
    Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
}

fn put_time(out: &mut Vec<u8>, before: &mut i64, time: i64) {
    put_signed(out, time.wrapping_sub(*before));
    *before = time;
}

fn time(reader: &mut Reader<'_>, before: &mut i64) -> Result<i64, StoreError> {
    *before = before.wrapping_add(signed(reader)?);
    Ok(*before)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn any_time() -> impl Strategy<Value = Timestamp> {
        prop_oneof![Just(0), 1_700_000_000_000_000i64..1_700_000_000_000_100, -1_000_000_000i64..1_000_000_000]
            .prop_map(from_stored)
    }

    fn any_contribution() -> impl Strategy<Value = Contribution> {
        (0i64..5_000_000, prop_oneof![0i64..6, any::<u32>().prop_map(i64::from)], any_time())
            .prop_map(|(object, rule, time)| Contribution { object: CsId(object), rule: RuleId(rule), time })
    }

    fn any_rule() -> impl Strategy<Value = LinkRule> {
        let actions = [LinkType::Provision, LinkType::Join, LinkType::StickyJoin, LinkType::JoinNoFlow];
        (any::<i32>(), any::<bool>(), 0usize..4, any_time()).prop_map(move |(rule, inbound, action, applied)| LinkRule {
            rule: RuleId(i64::from(rule)),
            direction: if inbound { Direction::Inbound } else { Direction::Outbound },
            action: actions[action],
            applied,
        })
    }

    proptest! {
        #[test]
        fn lineage_reads_back(entries in proptest::collection::vec((0u32..400, any_contribution()), 0..30)) {
            let lineage: SortedMap<_, _> = entries.into_iter().map(|(id, from)| (AttributeId(id), from)).collect();
            prop_assert_eq!(decode_lineage(&encode_lineage(&lineage)).unwrap(), lineage);
        }

        #[test]
        fn links_read_back(rules in proptest::collection::vec(any_rule(), 0..12)) {
            prop_assert_eq!(decode_links(&encode_links(&rules)).unwrap(), rules);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let read = (decode_lineage(&bytes), decode_links(&bytes));
            prop_assert!(read.0.is_ok() || read.0.is_err());
        }
    }

    #[test]
    fn the_form_of_version_2_is_read() {
        let time = from_stored(1_700_000_000_000_000);
        let rule = LinkRule { rule: RuleId(7), direction: Direction::Outbound, action: LinkType::Join, applied: time };
        let mut bytes = vec![FIXED];
        bytes.extend(7i64.to_le_bytes());
        bytes.extend([1, 1]);
        bytes.extend(to_stored(time).to_le_bytes());
        assert_eq!(decode_links(&bytes).unwrap(), [rule]);

        let contribution = Contribution { object: CsId(11), rule: RuleId(7), time };
        let mut bytes = vec![FIXED];
        bytes.extend(300u32.to_le_bytes());
        bytes.extend(11i64.to_le_bytes());
        bytes.extend(7i64.to_le_bytes());
        bytes.extend(to_stored(time).to_le_bytes());
        assert_eq!(decode_lineage(&bytes).unwrap(), [(AttributeId(300), contribution)].into());
    }
}
