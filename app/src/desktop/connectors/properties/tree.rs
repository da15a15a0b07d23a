//! Containers as a tree whose open part is a list of rows, so that drawing costs what is seen.

use std::collections::HashMap;

use syncline_engine::model::{Dn, fold_text};

/// What is known of the containers below another one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Children {
    /// Nobody asked the directory.
    Unknown,
    /// It was asked.
    Asked,
    /// These.
    Known(Vec<usize>),
}

/// A container.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub dn: Dn,
    /// Its own part of the name.
    pub label: String,
    /// Levels below the root.
    pub depth: usize,
    /// It is open.
    pub open: bool,
    /// The directory does not show it any more.
    pub missing: bool,
    children: Children,
}

impl Node {
    /// False when it is known to hold no container.
    #[must_use]
    pub fn can_open(&self) -> bool {
        !matches!(&self.children, Children::Known(children) if children.is_empty()) && !self.missing
    }

    /// The directory was asked and has not answered yet.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.children == Children::Asked
    }
}

/// Containers below a root.
#[derive(Debug)]
pub struct ContainerTree {
    nodes: Vec<Node>,
    by_name: HashMap<String, usize>,
    rows: Vec<usize>,
}

impl ContainerTree {
    /// A tree of nothing but its root.
    #[must_use]
    pub fn new(root: &Dn) -> Self {
        let node = Node {
            dn: root.clone(),
            label: root.to_string(),
            depth: 0,
            open: false,
            missing: false,
            children: Children::Unknown,
        };
        Self { by_name: HashMap::from([(root.key().to_owned(), 0)]), nodes: vec![node], rows: vec![0] }
    }

    /// The rows that are shown.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The container of a row.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<&Node> {
        self.nodes.get(*self.rows.get(row)?)
    }

    /// Opens or closes the container of a row; gives its name when the directory has to be asked first.
    pub fn toggle(&mut self, row: usize) -> Option<Dn> {
        let index = *self.rows.get(row)?;
        let node = self.nodes.get_mut(index)?;
        node.open = !node.open;
        let ask = (node.open && node.children == Children::Unknown).then(|| node.dn.clone());
        if ask.is_some() {
            node.children = Children::Asked;
        }
        self.list();
        ask
    }

    /// Opens what holds a container, as far as it is known; gives the first name that the directory has to be asked for.
    pub fn reveal(&mut self, dn: &Dn) -> Option<Dn> {
        let mut way = Vec::new();
        let mut above = dn.parent();
        while let Some(container) = above {
            above = container.parent();
            way.push(container);
        }
        let mut ask = None;
        for container in way.iter().rev() {
            let Some(node) = self.by_name.get(container.key()).and_then(|index| self.nodes.get_mut(*index)) else { continue };
            node.open = true;
            if node.children == Children::Unknown {
                node.children = Children::Asked;
                ask = Some(node.dn.clone());
                break;
            }
        }
        self.list();
        ask
    }

    /// Takes in containers below one: its next level, or everything below it.
    pub fn take(&mut self, below: &Dn, names: Vec<Dn>, whole: bool) {
        let Some(&parent) = self.by_name.get(below.key()) else { return };
        let mut names: Vec<(usize, String, Dn)> =
            names.into_iter().filter(|dn| dn.key() != below.key()).map(|dn| (dn.depth(), fold_text(dn.rdn_text()), dn)).collect();
        names.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut touched = vec![parent];
        for (_, _, dn) in names {
            if self.by_name.contains_key(dn.key()) {
                continue;
            }
            let holder = self.holder(&dn).unwrap_or(parent);
            let depth = self.nodes.get(holder).map_or(0, |node| node.depth) + 1;
            let index = self.nodes.len();
            self.by_name.insert(dn.key().to_owned(), index);
            let children = if whole { Children::Known(Vec::new()) } else { Children::Unknown };
            let label = dn.rdn_text().to_owned();
            self.nodes.push(Node { dn, label, depth, open: false, missing: false, children });
            touched.push(holder);
            if let Some(node) = self.nodes.get_mut(holder) {
                match &mut node.children {
                    Children::Known(known) => known.push(index),
                    Children::Unknown | Children::Asked => node.children = Children::Known(vec![index]),
                }
            }
        }
        if let Some(node) = self.nodes.get_mut(parent)
            && !matches!(node.children, Children::Known(_))
        {
            node.children = Children::Known(Vec::new());
        }
        self.list();
    }

    /// The nearest known container that holds a name.
    fn holder(&self, dn: &Dn) -> Option<usize> {
        let mut above = dn.parent();
        while let Some(container) = above {
            if let Some(index) = self.by_name.get(container.key()) {
                return Some(*index);
            }
            above = container.parent();
        }
        None
    }

    /// The answer for a container did not come.
    pub fn fail(&mut self, below: &Dn) {
        if let Some(node) = self.by_name.get(below.key()).and_then(|index| self.nodes.get_mut(*index)) {
            node.children = Children::Unknown;
            node.open = false;
        }
        self.list();
    }

    /// Shows containers that were chosen and are not in the directory any more, below what should hold them: those of
    /// which the nearest known holder was listed.
    pub fn note_missing<'a>(&mut self, chosen: impl Iterator<Item = &'a Dn>) {
        for dn in chosen {
            if self.by_name.contains_key(dn.key()) {
                continue;
            }
            let Some(holder) = self.holder(dn) else { continue };
            let index = self.nodes.len();
            let Some(node) = self.nodes.get_mut(holder) else { continue };
            let Children::Known(children) = &mut node.children else { continue };
            children.push(index);
            let depth = node.depth + 1;
            let label = match dn.parent() {
                Some(parent) if parent.key() == node.dn.key() => dn.rdn_text().to_owned(),
                _ => dn.to_string(),
            };
            self.by_name.insert(dn.key().to_owned(), index);
            self.nodes.push(Node {
                dn: dn.clone(),
                label,
                depth,
                open: false,
                missing: true,
                children: Children::Known(Vec::new()),
            });
        }
        self.list();
    }

    fn list(&mut self) {
        self.rows.clear();
        let mut stack = vec![0];
        while let Some(index) = stack.pop() {
            let Some(node) = self.nodes.get(index) else { continue };
            self.rows.push(index);
            if node.open
                && let Children::Known(children) = &node.children
            {
                stack.extend(children.iter().rev());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    fn shown(tree: &ContainerTree) -> Vec<String> {
        (0..tree.rows()).filter_map(|row| tree.row(row)).map(|node| format!("{}{}", " ".repeat(node.depth), node.label)).collect()
    }

    #[test]
    fn levels_come_when_they_are_opened() {
        let mut tree = ContainerTree::new(&dn("DC=x"));
        assert_eq!(tree.toggle(0), Some(dn("DC=x")));
        assert!(tree.row(0).unwrap().is_asked());
        tree.take(&dn("DC=x"), vec![dn("OU=b,DC=x"), dn("OU=A,DC=x")], false);
        assert_eq!(shown(&tree), ["DC=x", " OU=A", " OU=b"]);
        assert_eq!(tree.toggle(1), Some(dn("OU=A,DC=x")));
        tree.take(&dn("OU=A,DC=x"), Vec::new(), false);
        assert!(!tree.row(1).unwrap().can_open());
        assert_eq!(tree.toggle(0), None, "it is known");
        assert_eq!(shown(&tree), ["DC=x"]);
    }

    #[test]
    fn a_whole_directory_comes_at_once() {
        let mut tree = ContainerTree::new(&dn("DC=x"));
        let many = (0..100_000).map(|number| dn(&format!("OU=n{number},OU=group {},DC=x", number % 100)));
        let all = many.chain((0..100).map(|number| dn(&format!("OU=group {number},DC=x")))).collect();
        tree.toggle(0);
        tree.take(&dn("DC=x"), all, true);
        assert_eq!((tree.nodes.len(), tree.rows()), (100_101, 101));
        assert_eq!(tree.toggle(1), None);
        assert_eq!(tree.rows(), 1101);
    }

    #[test]
    fn a_chosen_container_is_revealed_and_one_that_is_gone_is_told() {
        let mut tree = ContainerTree::new(&dn("DC=x"));
        let (kept, gone) = (dn("OU=kept,OU=a,DC=x"), dn("OU=gone,OU=a,DC=x"));
        assert_eq!(tree.reveal(&kept), Some(dn("DC=x")));
        tree.take(&dn("DC=x"), vec![dn("OU=a,DC=x")], false);
        assert_eq!(tree.reveal(&kept), Some(dn("OU=a,DC=x")));
        tree.note_missing([&kept, &gone].into_iter());
        assert_eq!(tree.nodes.len(), 2, "its holder was not listed yet");
        tree.take(&dn("OU=a,DC=x"), vec![kept.clone()], false);
        assert_eq!(tree.reveal(&kept), None);
        tree.note_missing([&kept, &gone].into_iter());
        assert_eq!(shown(&tree), ["DC=x", " OU=a", "  OU=kept", "  OU=gone"]);
        assert!(tree.row(3).unwrap().missing && !tree.row(2).unwrap().missing);
    }
}
