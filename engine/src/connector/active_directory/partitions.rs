//! The partitions of a forest, from its cross references.

use uuid::Uuid;

use crate::connector::DirectoryPartition;
use crate::connector::ldap::entry::RawEntry;
use crate::model::{Dn, fold_text};

pub(super) const CROSS_REFERENCE_ATTRIBUTES: &[&str] = &["nCName", "dnsRoot", "nETBIOSName", "systemFlags"];

/// `systemFlags` of a cross reference: a partition of this forest; a domain.
const PARTITION: i64 = 0x1;
const DOMAIN: i64 = 0x2;

struct CrossReference {
    name: String,
    directory_id: Option<Uuid>,
    dns_name: Option<String>,
    netbios_name: Option<String>,
    domain: bool,
}

/// The partitions described by `CN=Partitions,CN=Configuration,…`: the forest root domain, the other
/// domains, then the rest, each in the order of their names. The schema partition holds no objects to
/// synchronize and is left out.
pub(super) fn partitions(entries: &[RawEntry], forest_root: Option<&str>, schema: Option<&str>) -> Vec<DirectoryPartition> {
    let same = |a: &str, b: Option<&str>| b.is_some_and(|b| Dn::parse(a).ok().is_some_and(|a| Dn::parse(b).ok() == Some(a)));
    let mut references: Vec<CrossReference> =
        entries.iter().filter_map(read).filter(|found| !same(&found.name, schema)).collect();
    references.sort_by_key(|found| (!found.domain, !same(&found.name, forest_root), fold_text(&found.name)));
    let root = references.iter().find(|found| same(&found.name, forest_root));
    let forest_dns_name = root.and_then(|root| root.dns_name.clone());
    let forest_netbios_name = root.and_then(|root| root.netbios_name.clone());
    references
        .into_iter()
        .map(|found| DirectoryPartition {
            dns_name: found.dns_name.filter(|_| found.domain),
            netbios_name: found.netbios_name,
            forest_dns_name: forest_dns_name.clone(),
            forest_netbios_name: forest_netbios_name.clone(),
            directory_id: found.directory_id,
            domain: found.domain,
            name: found.name,
        })
        .collect()
}

fn read(entry: &RawEntry) -> Option<CrossReference> {
    let flags = entry.number("systemFlags").unwrap_or(0);
    if flags & PARTITION == 0 {
        // A reference to another directory.
        return None;
    }
    let (directory_id, name) = split_extended_name(entry.text("nCName")?);
    Some(CrossReference {
        name: name.to_owned(),
        directory_id,
        dns_name: entry.text("dnsRoot").map(str::to_owned),
        netbios_name: entry.text("nETBIOSName").map(str::to_owned),
        domain: flags & DOMAIN != 0,
    })
}

/// Takes `<GUID=…>;<SID=…>;DC=contoso,DC=com` apart (extended DN).
pub(super) fn split_extended_name(name: &str) -> (Option<Uuid>, &str) {
    let (mut id, mut rest) = (None, name);
    while let Some(inner) = rest.strip_prefix('<') {
        let Some((part, tail)) = inner.split_once('>') else { break };
        if let Some(text) = part.strip_prefix("GUID=") {
            id = Uuid::parse_str(text).ok();
        }
        rest = tail.strip_prefix(';').unwrap_or(tail);
    }
    (id, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::ldap::entry::tests::raw;

    #[test]
    fn domains_come_first_with_the_names_of_the_forest() {
        let reference = |name: &str, dns: &str, netbios: &[&str], flags: &str| {
            raw(
                "CN=x,CN=Partitions",
                &[("nCName", &[name]), ("dnsRoot", &[dns]), ("nETBIOSName", netbios), ("systemFlags", &[flags])],
            )
        };
        let found = partitions(
            &[
                reference("CN=Configuration,DC=z,DC=test", "z.test", &[], "1"),
                reference("CN=Schema,CN=Configuration,DC=z,DC=test", "z.test", &[], "1"),
                reference(
                    "<GUID=11111111-2222-3333-4444-555555555555>;<SID=S-1-5-21-1>;DC=a,DC=z,DC=test",
                    "a.z.test",
                    &["A"],
                    "3",
                ),
                reference("DC=z,DC=test", "z.test", &["Z"], "3"),
                reference("DC=ForestDnsZones,DC=z,DC=test", "ForestDnsZones.z.test", &[], "5"),
                reference("DC=elsewhere", "elsewhere", &[], "0"),
            ],
            Some("dc=z,dc=test"),
            Some("CN=Schema,CN=Configuration,DC=z,DC=test"),
        );
        let names: Vec<_> =
            found.iter().map(|p| (p.name.as_str(), p.domain, p.dns_name.as_deref(), p.netbios_name.as_deref())).collect();
        assert_eq!(
            names,
            [
                ("DC=z,DC=test", true, Some("z.test"), Some("Z")),
                ("DC=a,DC=z,DC=test", true, Some("a.z.test"), Some("A")),
                ("CN=Configuration,DC=z,DC=test", false, None, None),
                ("DC=ForestDnsZones,DC=z,DC=test", false, None, None),
            ]
        );
        assert!(
            found.iter().all(|p| p.forest_dns_name.as_deref() == Some("z.test") && p.forest_netbios_name.as_deref() == Some("Z"))
        );
        assert_eq!(found[1].directory_id.unwrap().to_string(), "11111111-2222-3333-4444-555555555555");
        assert_eq!(found[0].directory_id, None);
    }

    #[test]
    fn extended_names_are_taken_apart() {
        let check = |text: &str, id: bool, name: &str| {
            let (found, rest) = split_extended_name(text);
            assert_eq!((found.is_some(), rest), (id, name), "{text}");
        };
        check("DC=x", false, "DC=x");
        check("<GUID=11111111-2222-3333-4444-555555555555>;DC=x", true, "DC=x");
        check("<GUID=nonsense>;DC=x", false, "DC=x");
        check("<broken", false, "<broken");
    }
}
