//! Several ways, and whether they come to the same end.

use super::{End, perform, perform_all};
use crate::scenario::difference::Difference;
use crate::scenario::model::{Errors, Order, Step, Way};
use crate::scenario::outcome::{outcome, outcome_with};
use crate::scenario::world::World;

/// Rounds after which a world that keeps changing is called restless.
const MOST_ROUNDS: usize = 12;

/// Every way from here, each from the present state; their ends are the same.
pub(super) fn same_end(world: &mut World, ways: &[Way], errors: Errors) -> End {
    let mut first: Option<(&str, Vec<String>)> = None;
    let mut last = None;
    for way in ways {
        let mut forked = world.fork()?;
        if let Some(difference) = perform_all(&mut forked, &way.steps)? {
            return Ok(Some(difference));
        }
        let end = outcome_with(&forked, errors)?;
        match &first {
            None => first = Some((&way.text, end)),
            Some((name, known)) => {
                if let Some(difference) = compare(name, known, &way.text, &end) {
                    return Ok(Some(difference));
                }
            }
        }
        last = Some(forked);
    }
    if let Some(last) = last {
        *world = last;
    }
    Ok(None)
}

/// The first line in which two ends differ.
pub(super) fn compare(name: &str, known: &[String], other: &str, found: &[String]) -> Option<Difference> {
    let nothing = || "nothing more".to_owned();
    let longest = known.len().max(found.len());
    (0..longest).map(|line| (known.get(line), found.get(line))).find(|(a, b)| a != b).map(|(a, b)| {
        Difference::of(
            format!("end of \"{other}\" compared with \"{name}\""),
            a.cloned().unwrap_or_else(nothing),
            b.cloned().unwrap_or_else(nothing),
        )
    })
}

/// Does statements again and again, until nothing changes.
pub(super) fn until_stable(world: &mut World, steps: &[Step]) -> End {
    in_order(world, &steps.iter().collect::<Vec<_>>(), true, "until nothing changes")
}

pub(super) fn every_order(world: &mut World, order: &Order) -> End {
    let mut ends = Ends::default();
    if let Some(difference) = ends.try_all(world, order, "")? {
        return Ok(Some(difference));
    }
    if let Some(last) = ends.last {
        *world = last;
    }
    Ok(None)
}

/// The ends of all orders tried so far.
#[derive(Default)]
struct Ends {
    first: Option<(String, Vec<String>)>,
    last: Option<World>,
}

impl Ends {
    fn try_all(&mut self, world: &World, order: &Order, before: &str) -> End {
        for places in permutations(order.steps.len()) {
            let steps: Vec<&Step> = places.iter().filter_map(|place| order.steps.get(*place)).collect();
            let names: Vec<&str> = steps.iter().map(|step| step.text.as_str()).collect();
            let name = format!("{before}{}", names.join(", "));
            let mut forked = world.fork()?;
            if let Some(difference) = in_order(&mut forked, &steps, order.until_stable, &name)? {
                return Ok(Some(difference));
            }
            if let Some(then) = &order.then {
                if let Some(difference) = self.try_all(&forked, then, &format!("{name}, then "))? {
                    return Ok(Some(difference));
                }
                continue;
            }
            let end = outcome(&forked)?;
            match &self.first {
                None => self.first = Some((name, end)),
                Some((known_name, known)) => {
                    if let Some(difference) = compare(known_name, known, &name, &end) {
                        return Ok(Some(difference));
                    }
                }
            }
            self.last = Some(forked);
        }
        Ok(None)
    }
}

fn in_order(world: &mut World, steps: &[&Step], until_stable: bool, name: &str) -> End {
    let mut before = None;
    for _ in 0..MOST_ROUNDS {
        for step in steps {
            if let Some(difference) = perform(world, step)? {
                let difference = difference.at(&step.place, step);
                let step = format!("{}, in the order {name}", difference.step);
                return Ok(Some(Difference { step, ..difference }));
            }
        }
        if !until_stable {
            return Ok(None);
        }
        let now = outcome(world)?;
        if before.as_ref() == Some(&now) {
            return Ok(None);
        }
        before = Some(now);
    }
    Ok(Some(Difference::of(name, "that nothing changes any more", format!("changes after {MOST_ROUNDS} rounds"))))
}

/// All orders of the numbers below `count`, the natural one first.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..count {
        let longer = |order: Vec<usize>| {
            let rest = (0..count).filter(|place| !order.contains(place)).collect::<Vec<_>>();
            rest.into_iter().map(move |place| order.iter().copied().chain([place]).collect())
        };
        orders = orders.into_iter().flat_map(longer).collect();
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_are_tried_once() {
        let orders = permutations(3);
        assert_eq!(orders.len(), 6);
        assert_eq!(orders.first(), Some(&vec![0, 1, 2]));
        let different: std::collections::BTreeSet<_> = orders.into_iter().collect();
        assert_eq!(different.len(), 6);
        assert_eq!(permutations(0), [Vec::<usize>::new()]);
    }

    #[test]
    fn ends_are_compared_line_by_line() {
        let lines = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(compare("a", &lines("x y"), "b", &lines("x y")), None);
        let longer = compare("a", &lines("x"), "b", &lines("x y")).unwrap();
        assert_eq!((longer.expected.as_str(), longer.found.as_str()), ("nothing more", "y"));
    }
}
