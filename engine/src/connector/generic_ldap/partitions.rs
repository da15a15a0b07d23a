//! The partitions of a server: its naming contexts, or the bases that were chosen.

use uuid::Uuid;

use super::root_dse::LdapFacts;
use super::settings::{ENTRY_UUID, GenericLdapSettings};
use crate::connector::ldap::link::Living;
use crate::connector::{ConnectorError, ConnectorErrorKind, DirectoryPartition};
use crate::model::{Dn, fold_text};

/// What the naming contexts begin with in which servers keep their own affairs.
const OWN_AFFAIRS: [&str; 6] = ["cn=accesslog", "cn=changelog", "cn=config", "cn=monitor", "cn=schema", "o=netscaperoot"];

/// The naming contexts, or the bases that were chosen instead.
pub(super) fn partitions(living: Living<'_, GenericLdapSettings>) -> Result<Vec<DirectoryPartition>, ConnectorError> {
    let Living { facts, settings, .. } = living;
    facts.check()?;
    let chosen: Vec<String> = settings.bases.iter().map(|base| base.trim().to_owned()).filter(|base| !base.is_empty()).collect();
    let names = if chosen.is_empty() { &facts.naming_contexts } else { &chosen };
    let mut found: Vec<DirectoryPartition> = Vec::new();
    for name in names {
        let doing = format!("show {name}");
        let parsed = Dn::parse(name).map_err(|error| {
            let message = format!("the base is not a distinguished name: {name}: {error}");
            ConnectorError::new(ConnectorErrorKind::Configuration, message).server(&facts.server)
        })?;
        let nested = |other: &DirectoryPartition| {
            Dn::parse(&other.name).is_ok_and(|other| parsed.is_under(&other) || other.is_under(&parsed))
        };
        if !chosen.is_empty() && found.iter().any(nested) {
            let message = format!("the base {name} lies under another one, or another one under it: choose one of them");
            return Err(ConnectorError::new(ConnectorErrorKind::Configuration, message).server(&facts.server));
        }
        let head = living.object(living.base_search(name, &[ENTRY_UUID]), &doing)?;
        if head.is_none() && !chosen.is_empty() {
            let message = format!(
                "{} shows no entry {name} to {}: check the base, and that the account may read it",
                facts.server, settings.user
            );
            return Err(ConnectorError::new(ConnectorErrorKind::PartitionMissing, message).server(&facts.server));
        }
        found.push(DirectoryPartition {
            dns_name: dns_name(&parsed),
            netbios_name: None,
            forest_dns_name: None,
            forest_netbios_name: None,
            directory_id: head.and_then(|head| Uuid::try_parse(head.text(ENTRY_UUID)?).ok()),
            domain: !chosen.is_empty() || !OWN_AFFAIRS.iter().any(|own| fold_text(name).starts_with(own)),
            name: name.clone(),
        });
    }
    found.sort_by_key(|partition| (!partition.domain, fold_text(&partition.name)));
    if found.is_empty() {
        let message = format!("{} names no naming context: enter the base under which objects are read", facts.server);
        return Err(ConnectorError::new(ConnectorErrorKind::Configuration, message).server(&facts.server));
    }
    Ok(found)
}

/// `dc=contoso,dc=com` as `contoso.com`; `None` for other names.
fn dns_name(dn: &Dn) -> Option<String> {
    let mut labels = Vec::new();
    let mut name = Some(dn.clone()).filter(|dn| dn.depth() > 0);
    while let Some(dn) = name {
        let rdn = dn.rdn().filter(|rdn| rdn.attribute.eq_ignore_ascii_case("dc"))?;
        labels.push(rdn.value.clone());
        name = dn.parent().filter(|parent| parent.depth() > 0);
    }
    (!labels.is_empty()).then(|| labels.join("."))
}

/// Where the object of a name is to be looked for: the naming contexts, the one that holds the name first.
pub(super) fn context_of(settings: &GenericLdapSettings, facts: &LdapFacts, dn: &str) -> Vec<String> {
    let mut contexts: Vec<String> = facts.naming_contexts.clone();
    if contexts.is_empty() {
        contexts.clone_from(&settings.bases);
    }
    if let Ok(dn) = Dn::parse(dn) {
        contexts.retain(|context| Dn::parse(context).is_ok_and(|context| dn.is_under(&context)));
    }
    contexts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_have_dns_names() {
        let check = |dn: &str, expected: Option<&str>| assert_eq!(dns_name(&Dn::parse(dn).unwrap()).as_deref(), expected, "{dn}");
        check("dc=contoso,DC=com", Some("contoso.com"));
        check("o=Contoso", None);
        check("ou=people,dc=contoso,dc=com", None);
    }

    #[test]
    fn an_object_is_looked_for_in_its_naming_context() {
        let facts = LdapFacts { naming_contexts: vec!["dc=a".to_owned(), "dc=b".to_owned()], ..LdapFacts::default() };
        let check = |dn: &str, expected: &[&str]| assert_eq!(context_of(&GenericLdapSettings::default(), &facts, dn), expected);
        check("cn=x,DC=B", &["dc=b"]);
        check("cn=x,dc=c", &[]);
    }
}
