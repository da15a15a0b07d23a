//! Containers as they are offered for selection: one level at a time.

use ldap3::Scope;

use super::directory::Directory;
use super::link::{Living, decode_all};
use super::session::Search;
use crate::connector::{ConnectorError, Containers};

/// The containers directly below a name.
pub(in crate::connector) fn below<D: Directory>(living: Living<'_, D>, name: &str) -> Result<Containers, ConnectorError> {
    let Living { session, settings, .. } = living;
    let doing = format!("list the containers below {name}");
    let search = Search {
        base: name.to_owned(),
        scope: Scope::OneLevel,
        filter: D::CONTAINERS.to_owned(),
        // No attribute: the name is all that is asked for.
        attributes: vec!["1.1".to_owned()],
        controls: Vec::new(),
        timeout: session.timeout(),
    };
    let mut names = Vec::new();
    let mut pages = session.pages(search, settings.page_size(), &doing, None);
    while let Some(page) = pages.next_page()? {
        names.extend(decode_all(page, session.server(), &doing)?.into_iter().map(|entry| entry.dn));
    }
    Ok(Containers { names, whole: false })
}
