//! Which containers of a partition are read: the most specific choice decides.

use std::collections::{BTreeMap, HashMap};

use syncline_engine::model::Dn;

/// What a container shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is read, with all below it.
    All,
    /// It is left out, with all below it.
    Nothing,
    /// Some of it is read.
    Part,
}

/// A choice of containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    root: Dn,
    whole: bool,
    /// Containers that differ from what holds them, by folded name.
    choices: BTreeMap<String, (Dn, bool)>,
    /// How many choices lie below a container.
    below: HashMap<String, usize>,
}

impl Selection {
    /// The choice that lists of included and excluded containers make; names that cannot be read are left out.
    #[must_use]
    pub fn new(root: &Dn, include: &[String], exclude: &[String]) -> Self {
        let parse = |names: &[String]| names.iter().filter_map(|name| Dn::parse(name).ok()).collect::<Vec<_>>();
        let (include, exclude) = (parse(include), parse(exclude));
        let is_root = |dn: &Dn| dn.key() == root.key();
        let whole = (include.is_empty() || include.iter().any(is_root)) && !exclude.iter().any(is_root);
        let mut selection = Self { root: root.clone(), whole, choices: BTreeMap::new(), below: HashMap::new() };
        let included = include.into_iter().map(|dn| (dn, true));
        let mut all: Vec<(Dn, bool)> = included.chain(exclude.into_iter().map(|dn| (dn, false))).collect();
        // What is both included and excluded is excluded, so that comes last.
        all.sort_by_key(|(dn, included)| (dn.depth(), !*included));
        for (dn, included) in all {
            if !is_root(&dn) && dn.is_under(root) {
                selection.choose(&dn, included);
            }
        }
        selection
    }

    /// The lists that say the same: included, excluded.
    #[must_use]
    pub fn lists(&self) -> (Vec<String>, Vec<String>) {
        let named =
            |wanted: bool| self.choices.values().filter(move |(_, included)| *included == wanted).map(|(dn, _)| dn.to_string());
        let mut include: Vec<String> = named(true).collect();
        if self.whole && !include.is_empty() {
            include.insert(0, self.root.to_string());
        }
        (include, named(false).collect())
    }

    /// True when nothing at all is read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.whole && self.choices.values().all(|(_, included)| !included)
    }

    /// Containers that are chosen one by one.
    pub fn chosen(&self) -> impl Iterator<Item = (&Dn, bool)> {
        self.choices.values().map(|(dn, included)| (dn, *included))
    }

    /// What a container shows.
    #[must_use]
    pub fn mark(&self, dn: &Dn) -> Mark {
        if self.below.get(dn.key()).is_some_and(|number| *number > 0) {
            return Mark::Part;
        }
        if self.reads(dn) { Mark::All } else { Mark::Nothing }
    }

    /// True when the container itself is read.
    #[must_use]
    pub fn reads(&self, dn: &Dn) -> bool {
        let mut present = Some(dn.clone());
        while let Some(container) = present {
            if container.key() == self.root.key() {
                break;
            }
            if let Some((_, included)) = self.choices.get(container.key()) {
                return *included;
            }
            present = container.parent();
        }
        self.whole
    }

    /// Reads a container with all below it, or leaves it out.
    pub fn set(&mut self, dn: &Dn, included: bool) {
        let gone: Vec<Dn> =
            self.choices.values().filter(|(known, _)| known.is_under(dn)).map(|(known, _)| known.clone()).collect();
        for known in gone {
            self.choices.remove(known.key());
            self.count(&known, false);
        }
        if dn.key() == self.root.key() {
            self.whole = included;
        } else {
            self.choose(dn, included);
        }
    }

    /// Adds a choice where it makes a difference.
    fn choose(&mut self, dn: &Dn, included: bool) {
        if self.choices.remove(dn.key()).is_some() {
            self.count(dn, false);
        }
        if self.reads(dn) != included {
            self.choices.insert(dn.key().to_owned(), (dn.clone(), included));
            self.count(dn, true);
        }
    }

    fn count(&mut self, dn: &Dn, comes: bool) {
        let mut above = dn.parent();
        while let Some(container) = above {
            let number = self.below.entry(container.key().to_owned()).or_default();
            *number = if comes { *number + 1 } else { number.saturating_sub(1) };
            if container.key() == self.root.key() {
                break;
            }
            above = container.parent();
        }
        self.below.retain(|_, number| *number > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lists_become_marks_and_lists_again() {
        let check = |include: &[&str], exclude: &[&str], marks: &[(&str, Mark)], lists: (&[&str], &[&str])| {
            let selection = Selection::new(&dn("DC=x"), &texts(include), &texts(exclude));
            for (name, mark) in marks {
                assert_eq!(selection.mark(&dn(name)), *mark, "{include:?} {exclude:?} {name}");
            }
            assert_eq!(selection.lists(), (texts(lists.0), texts(lists.1)), "{include:?} {exclude:?}");
        };
        check(&[], &[], &[("DC=x", Mark::All), ("OU=a,DC=x", Mark::All)], (&[], &[]));
        let corp =
            [("DC=x", Mark::Part), ("OU=CORP,DC=x", Mark::All), ("OU=new,OU=CORP,DC=x", Mark::All), ("OU=b,DC=x", Mark::Nothing)];
        check(&["OU=CORP,DC=x"], &["DC=x"], &corp, (&["OU=CORP,DC=x"], &[]));
        check(&["OU=CORP,DC=x"], &[], &corp, (&["OU=CORP,DC=x"], &[]));
        check(
            &[],
            &["OU=old,DC=x"],
            &[("DC=x", Mark::Part), ("OU=old,DC=x", Mark::Nothing), ("OU=b,DC=x", Mark::All)],
            (&[], &["OU=old,DC=x"]),
        );
        check(
            &["DC=x", "OU=keep,OU=old,DC=x"],
            &["OU=old,DC=x"],
            &[("OU=old,DC=x", Mark::Part), ("OU=keep,OU=old,DC=x", Mark::All)],
            (&["DC=x", "OU=keep,OU=old,DC=x"], &["OU=old,DC=x"]),
        );
        // What says nothing new is left out.
        check(&["DC=x", "OU=a,DC=x"], &[], &[("DC=x", Mark::All)], (&[], &[]));
        check(&["OU=a,DC=x"], &["OU=a,DC=x"], &[("OU=a,DC=x", Mark::Nothing)], (&[], &[]));
    }

    #[test]
    fn a_click_takes_everything_below_with_it() {
        let mut selection = Selection::new(&dn("DC=x"), &texts(&["OU=a,DC=x", "OU=c,OU=b,DC=x"]), &[]);
        selection.set(&dn("OU=b,DC=x"), true);
        assert_eq!(selection.lists().0, texts(&["OU=a,DC=x", "OU=b,DC=x"]));
        selection.set(&dn("OU=d,OU=a,DC=x"), false);
        assert_eq!((selection.mark(&dn("OU=a,DC=x")), selection.lists().1), (Mark::Part, texts(&["OU=d,OU=a,DC=x"])));
        selection.set(&dn("DC=x"), true);
        assert_eq!(selection.lists(), (Vec::new(), Vec::new()));
        assert_eq!(selection.mark(&dn("DC=x")), Mark::All);
        selection.set(&dn("DC=x"), false);
        assert!(selection.is_empty());
        assert_eq!(selection.mark(&dn("OU=a,DC=x")), Mark::Nothing);
    }

    proptest::proptest! {
        #[test]
        fn lists_say_what_the_marks_show(choices in proptest::collection::vec((0usize..13, proptest::bool::ANY), 0..12)) {
            // A tree of two levels below the root.
            let names: Vec<Dn> = (0..13)
                .map(|number| match number {
                    0 => dn("DC=x"),
                    1..=3 => dn(&format!("OU={number},DC=x")),
                    _ => dn(&format!("OU=c{number},OU={},DC=x", 1 + number % 3)),
                })
                .collect();
            let mut selection = Selection::new(&names[0], &[], &[]);
            for (number, included) in choices {
                selection.set(&names[number], included);
            }
            let (include, exclude) = selection.lists();
            if !selection.is_empty() {
                let again = Selection::new(&names[0], &include, &exclude);
                proptest::prop_assert_eq!(&again, &selection);
                for name in &names {
                    proptest::prop_assert_eq!(again.reads(name), selection.reads(name));
                }
            }
        }
    }
}
