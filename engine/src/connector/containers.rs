//! Which containers of a partition an import covers.

use crate::model::Dn;

/// The container selection of a partition: the most specific of the included and excluded containers
/// decides. A container that is both included and excluded is excluded.
#[derive(Clone, Debug, Default)]
pub struct ContainerFilter {
    include: Vec<Dn>,
    exclude: Vec<Dn>,
}

impl ContainerFilter {
    /// A selection; without included containers the whole partition is included.
    #[must_use]
    pub fn new(include: &[Dn], exclude: &[Dn]) -> Self {
        Self { include: include.to_vec(), exclude: exclude.to_vec() }
    }

    /// True when the object of this name is selected. A container belongs to itself.
    #[must_use]
    pub fn selects(&self, dn: &Dn) -> bool {
        let included = if self.include.is_empty() { Some(0) } else { deepest(&self.include, dn) };
        match (included, deepest(&self.exclude, dn)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(included), Some(excluded)) => included > excluded,
        }
    }
}

/// Depth of the most specific container that `dn` lies in.
fn deepest(containers: &[Dn], dn: &Dn) -> Option<usize> {
    containers.iter().filter(|container| dn.is_under(container)).map(Dn::depth).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_container_wins() {
        let names = |list: &[&str]| list.iter().map(|name| Dn::parse(name).unwrap()).collect::<Vec<_>>();
        let check = |include: &[&str], exclude: &[&str], dn: &str, expected: bool| {
            let filter = ContainerFilter::new(&names(include), &names(exclude));
            assert_eq!(filter.selects(&Dn::parse(dn).unwrap()), expected, "{include:?} {exclude:?} {dn}");
        };
        check(&[], &[], "CN=a,DC=x", true);
        check(&[], &["OU=y,DC=x"], "CN=a,DC=x", true);
        check(&[], &["ou=Y,dc=X"], "CN=a,OU=y,DC=x", false);
        check(&[], &["OU=y,DC=x"], "OU=y,DC=x", false);
        check(&["OU=CORP,DC=x"], &["DC=x"], "CN=a,OU=CORP,DC=x", true);
        check(&["OU=CORP,DC=x"], &["DC=x"], "OU=CORP,DC=x", true);
        check(&["OU=CORP,DC=x"], &["DC=x"], "CN=a,OU=other,DC=x", false);
        check(&["OU=CORP,DC=x"], &[], "CN=a,OU=other,DC=x", false);
        check(&["OU=CORP,DC=x"], &["OU=old,OU=CORP,DC=x"], "CN=a,OU=old,OU=CORP,DC=x", false);
        check(
            &["OU=CORP,DC=x", "OU=keep,OU=old,OU=CORP,DC=x"],
            &["OU=old,OU=CORP,DC=x"],
            "CN=a,OU=keep,OU=old,OU=CORP,DC=x",
            true,
        );
        check(&["OU=y,DC=x"], &["OU=y,DC=x"], "CN=a,OU=y,DC=x", false);
        check(&["OU=CORP,DC=x"], &[], "CN=a,OU=XCORP,DC=x", false);
    }
}
