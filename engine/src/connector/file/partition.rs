//! The domains that the entries of a file belong to.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::connector::DirectoryPartition;
use crate::model::Dn;

/// Labels of application partitions, which hold no users.
const APPLICATION_PARTITIONS: [&str; 2] = ["domaindnszones", "forestdnszones"];

/// The trailing `DC=` components of a name in its comparison form; `None` when the last component is
/// no `DC=`.
pub fn domain_key(dn: &Dn) -> Option<&str> {
    let key = dn.key();
    let mut suffix = None;
    let mut component = 0;
    let mut escaped = false;
    for (index, byte) in key.bytes().enumerate() {
        if index == component {
            let is_domain = key.get(component..).is_some_and(|rest| rest.starts_with("dc="));
            suffix = if is_domain { suffix.or(Some(component)) } else { None };
        }
        if escaped {
            escaped = false;
        } else if byte == b'\\' {
            escaped = true;
        } else if byte == b',' {
            component = index + 1;
        }
    }
    suffix.and_then(|start| key.get(start..))
}

/// Gathers the domains of a file, entry by entry.
#[derive(Debug, Default)]
pub struct DomainList {
    /// By comparison key: the name as first written, and the domain object's GUID once it was seen.
    domains: BTreeMap<String, (Dn, Option<Uuid>)>,
}

impl DomainList {
    /// Notes the domain of one entry; `guid` is asked only when the entry is the domain itself.
    pub fn note(&mut self, dn: &Dn, guid: impl FnOnce() -> Option<Uuid>) {
        let Some(key) = domain_key(dn) else { return };
        if !self.domains.contains_key(key) {
            let mut domain = dn.clone();
            while domain.key() != key {
                let Some(parent) = domain.parent() else { return };
                domain = parent;
            }
            self.domains.insert(key.to_owned(), (domain, None));
        }
        if dn.key() == key
            && let Some((_, directory_id)) = self.domains.get_mut(key)
        {
            *directory_id = directory_id.or_else(guid);
        }
    }

    /// The partitions, ordered by name. The forest of a domain is the shortest domain of the file that
    /// it lies under.
    pub fn partitions(&self) -> Vec<DirectoryPartition> {
        self.domains
            .values()
            .map(|(domain, directory_id)| {
                let forest = self.domains.values().map(|(other, _)| other).filter(|other| domain.is_under(other));
                let forest = forest.min_by_key(|other| other.depth()).unwrap_or(domain);
                DirectoryPartition {
                    name: domain.as_str().to_owned(),
                    dns_name: Some(dns_name(domain)),
                    netbios_name: Some(netbios_name(domain)),
                    forest_dns_name: Some(dns_name(forest)),
                    forest_netbios_name: Some(netbios_name(forest)),
                    directory_id: *directory_id,
                    domain: !APPLICATION_PARTITIONS.contains(&netbios_label(domain).to_lowercase().as_str()),
                }
            })
            .collect()
    }
}

fn labels(domain: &Dn) -> Vec<String> {
    let mut labels = Vec::new();
    let mut rest = Some(domain.clone());
    while let Some(dn) = rest {
        labels.extend(dn.rdn().map(|rdn| rdn.value));
        rest = dn.parent();
    }
    labels
}

fn dns_name(domain: &Dn) -> String {
    labels(domain).join(".").to_lowercase()
}

fn netbios_label(domain: &Dn) -> String {
    labels(domain).into_iter().next().unwrap_or_default()
}

/// A file does not tell NetBIOS names; by default it is the first label in capitals, 15 characters at most.
fn netbios_name(domain: &Dn) -> String {
    netbios_label(domain).to_uppercase().chars().take(15).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_the_trailing_run_of_dc() {
        let check = |dn: &str, expected: Option<&str>| assert_eq!(domain_key(&Dn::parse(dn).unwrap()), expected, "{dn}");
        check("CN=Ada,OU=Staff,DC=Contoso,DC=com", Some("dc=contoso,dc=com"));
        check("DC=contoso, dc=com", Some("dc=contoso,dc=com"));
        check("DC=host,DC=zone,CN=MicrosoftDNS,DC=x", Some("dc=x"));
        check("CN=a\\,DC\\=evil,DC=x", Some("dc=x"));
        check("CN=a,O=Contoso", None);
        check("DC=x,O=Contoso", None);
        check("", None);
    }

    #[test]
    fn partitions_know_their_forest() {
        let mut domains = DomainList::default();
        let guid = Uuid::from_u128(7);
        for dn in ["CN=a,DC=corp,DC=contoso,DC=com", "CN=b,DC=contoso,DC=com", "CN=c,dc=CONTOSO,dc=com", "O=none"] {
            domains.note(&Dn::parse(dn).unwrap(), || panic!("{dn} is no domain"));
        }
        domains.note(&Dn::parse("DC=contoso,DC=com").unwrap(), || Some(guid));
        domains.note(&Dn::parse("CN=x,DC=DomainDnsZones,DC=contoso,DC=com").unwrap(), || None);
        let shown: Vec<String> = domains
            .partitions()
            .into_iter()
            .map(|p| {
                let text = |value: Option<String>| value.unwrap_or_default();
                let names =
                    [p.name, text(p.dns_name), text(p.netbios_name), text(p.forest_dns_name), text(p.forest_netbios_name)];
                format!("{} {} {}", names.join(" "), p.domain, p.directory_id == Some(guid))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "DC=contoso,DC=com contoso.com CONTOSO contoso.com CONTOSO true true",
                "DC=corp,DC=contoso,DC=com corp.contoso.com CORP contoso.com CONTOSO true false",
                "DC=DomainDnsZones,DC=contoso,DC=com domaindnszones.contoso.com DOMAINDNSZONES contoso.com CONTOSO false false",
            ]
        );
    }
}
