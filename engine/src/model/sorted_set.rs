//! Sets as sorted slices: large groups are compared by walking along both sides once.

/// Sorts and drops duplicates; what is sorted already costs one look at each member.
#[must_use]
pub fn sorted_set<T: Ord>(mut members: Vec<T>) -> Vec<T> {
    if members.windows(2).any(|pair| matches!(pair, [a, b] if a >= b)) {
        members.sort_unstable();
        members.dedup();
    }
    members
}

/// The members of `a` that are not in `b`; both sorted.
#[must_use]
pub fn minus<T: Ord + Copy>(a: &[T], b: &[T]) -> Vec<T> {
    let mut others = b.iter().peekable();
    a.iter()
        .filter(|id| {
            while others.next_if(|other| other < id).is_some() {}
            others.peek() != Some(id)
        })
        .copied()
        .collect()
}

/// The members of `a` that are in `b` too; both sorted.
#[must_use]
pub fn both<T: Ord + Copy>(a: &[T], b: &[T]) -> Vec<T> {
    let mut others = b.iter().peekable();
    a.iter()
        .filter(|id| {
            while others.next_if(|other| other < id).is_some() {}
            others.peek() == Some(id)
        })
        .copied()
        .collect()
}

/// The members of either; both sorted.
#[must_use]
pub fn union<T: Ord + Copy>(a: &[T], b: &[T]) -> Vec<T> {
    match (a, b) {
        (members, []) | ([], members) => members.to_vec(),
        // The sort knows two sorted runs when it sees them.
        _ => {
            let mut all = Vec::with_capacity(a.len() + b.len());
            all.extend_from_slice(a);
            all.extend_from_slice(b);
            all.sort();
            all.dedup();
            all
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorted_sets_behave_as_sets(a in proptest::collection::vec(0i64..20, 0..12), b in proptest::collection::vec(0i64..20, 0..12)) {
            let (first, second): (BTreeSet<i64>, BTreeSet<i64>) = (a.iter().copied().collect(), b.iter().copied().collect());
            let list = |set: BTreeSet<i64>| set.into_iter().collect::<Vec<_>>();
            let (a, b) = (sorted_set(a), sorted_set(b));
            prop_assert_eq!(&a, &list(first.clone()));
            prop_assert_eq!(minus(&a, &b), list(first.difference(&second).copied().collect()));
            prop_assert_eq!(both(&a, &b), list(first.intersection(&second).copied().collect()));
            prop_assert_eq!(union(&a, &b), list(first.union(&second).copied().collect()));
        }
    }
}
