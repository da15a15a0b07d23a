//! What a domain controller says of itself.

use crate::connector::{ConnectorError, ConnectorErrorKind};
use crate::model::Dn;

use super::dir_sync::DIR_SYNC;
use crate::connector::ldap::entry::RawEntry;

/// The attributes of the root entry that are read.
pub(super) const ROOT_DSE_ATTRIBUTES: &[&str] = &[
    "configurationNamingContext",
    "defaultNamingContext",
    "dnsHostName",
    "dsServiceName",
    "forestFunctionality",
    "highestCommittedUSN",
    "namingContexts",
    "rootDomainNamingContext",
    "schemaNamingContext",
    "supportedCapabilities",
    "supportedControl",
];

const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// The functional level of Windows Server 2003; below it synchronization is not supported.
const LEAST_FOREST_LEVEL: i64 = 2;

/// What the connected server says of itself and of its forest (its root entry).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryFacts {
    /// The server, as `host:port`.
    pub server: String,
    /// The server's own DNS name.
    pub dns_host_name: Option<String>,
    /// DN of the server's own settings object, its lasting identity.
    pub service: Option<String>,
    /// Highest number that the server had given to a change when it was asked.
    pub highest_usn: Option<i64>,
    /// It is a domain controller of an Active Directory domain.
    pub active_directory: bool,
    /// DN of the server's own domain.
    pub domain: Option<String>,
    /// DN of the forest root domain.
    pub forest_root: Option<String>,
    /// DN of the configuration partition.
    pub configuration: Option<String>,
    /// DN of the schema partition.
    pub schema: Option<String>,
    /// DNs of the partitions that the server holds.
    pub naming_contexts: Vec<String>,
    /// Functional level of the forest: 2 is Windows Server 2003, 4 is 2008 R2, 7 is 2016.
    pub forest_level: Option<i64>,
    /// Large answers can be read page by page.
    pub offers_paging: bool,
    /// Changes can be asked for (DirSync).
    pub offers_dir_sync: bool,
}

impl DirectoryFacts {
    pub(super) fn read(server: &str, entry: &RawEntry) -> Self {
        let text = |name: &str| entry.text(name).map(str::to_owned);
        let lists = |name: &str, oid: &str| entry.texts(name).any(|found| found == oid);
        Self {
            server: server.to_owned(),
            dns_host_name: text("dnsHostName"),
            service: text("dsServiceName"),
            highest_usn: entry.number("highestCommittedUSN"),
            active_directory: lists("supportedCapabilities", ACTIVE_DIRECTORY),
            domain: text("defaultNamingContext"),
            forest_root: text("rootDomainNamingContext"),
            configuration: text("configurationNamingContext"),
            schema: text("schemaNamingContext"),
            naming_contexts: entry.texts("namingContexts").map(str::to_owned).collect(),
            forest_level: entry.number("forestFunctionality"),
            offers_paging: lists("supportedControl", PAGED_RESULTS),
            offers_dir_sync: lists("supportedControl", DIR_SYNC),
        }
    }

    /// True when the server holds the partition. A server that names no partition is given the benefit.
    pub(super) fn holds(&self, partition: &str) -> bool {
        let wanted = Dn::parse(partition).ok();
        self.naming_contexts.is_empty() || self.naming_contexts.iter().any(|held| Dn::parse(held).ok() == wanted)
    }

    /// Checks that the server is what the settings say: a domain controller of the named forest.
    ///
    /// # Errors
    /// [`ConnectorErrorKind::Configuration`] names what does not fit.
    pub fn check(&self, forest: &str) -> Result<(), ConnectorError> {
        let server = &self.server;
        let wrong = |message: String| Err(ConnectorError::new(ConnectorErrorKind::Configuration, message).server(server));
        if !self.active_directory {
            return wrong(format!("{server} is not an Active Directory domain controller: enter one as the server"));
        }
        if !self.offers_paging {
            return wrong(format!(
                "{server} does not offer paged results, which a large directory needs: choose another domain controller"
            ));
        }
        if let Some(level) = self.forest_level.filter(|level| *level < LEAST_FOREST_LEVEL) {
            return wrong(format!(
                "{server}: the functional level of the forest is {level}, older than Windows Server 2003 ({LEAST_FOREST_LEVEL}): raise it"
            ));
        }
        let (Some(root), wanted) = (&self.forest_root, forest.trim().trim_end_matches('.')) else {
            return wrong(format!("{server} does not name the root domain of its forest: check that it is a domain controller"));
        };
        if !wanted.is_empty() && Dn::parse(root).ok() != Dn::parse(&dns_to_dn(wanted)).ok() {
            return wrong(format!(
                "{server} belongs to the forest {}, not to {wanted}: enter the name of the forest",
                dn_to_dns(root).unwrap_or_else(|| root.clone())
            ));
        }
        Ok(())
    }
}

/// `contoso.com` as `DC=contoso,DC=com`.
pub(super) fn dns_to_dn(dns: &str) -> String {
    dns.split('.').map(|label| format!("DC={}", Dn::escape_value(label))).collect::<Vec<_>>().join(",")
}

/// `DC=contoso,DC=com` as `contoso.com`; `None` for the name of anything but a domain.
pub(super) fn dn_to_dns(dn: &str) -> Option<String> {
    let label = |part: &str| {
        let (kind, label) = part.split_once('=')?;
        (kind.trim().eq_ignore_ascii_case("DC") && !label.trim().is_empty()).then(|| label.trim().to_owned())
    };
    dn.split(',').map(label).collect::<Option<Vec<_>>>().map(|labels| labels.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::ldap::entry::tests::raw;

    #[test]
    fn names_of_domains_are_dns_names() {
        let check = |dn: &str, expected: Option<&str>| assert_eq!(dn_to_dns(dn).as_deref(), expected, "{dn}");
        check("DC=corp,dc=contoso, DC=com", Some("corp.contoso.com"));
        check("CN=Configuration,DC=contoso,DC=com", None);
        check("DC=", None);
        check("", None);
        assert_eq!(dns_to_dn("corp.contoso.com"), "DC=corp,DC=contoso,DC=com");
    }

    /// Trap B12: too old, another forest, no domain controller at all.
    #[test]
    fn a_server_must_be_a_domain_controller_of_the_forest() {
        let check = |forest: &str, change: &dyn Fn(&mut DirectoryFacts), problem: Option<&str>| {
            let entry = raw(
                "",
                &[
                    ("supportedCapabilities", &["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"]),
                    ("supportedControl", &["1.2.840.113556.1.4.319", "1.2.840.113556.1.4.841"]),
                    ("rootDomainNamingContext", &["DC=corp,DC=contoso,DC=test"]),
                    ("forestFunctionality", &["4"]),
                ],
            );
            let mut facts = DirectoryFacts::read("dc1:636", &entry);
            assert!(facts.offers_dir_sync);
            change(&mut facts);
            match (facts.check(forest), problem) {
                (Ok(()), None) => {}
                (Err(error), Some(part)) => assert!(error.message.contains(part) && error.message.contains("dc1:636"), "{error}"),
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        };
        check("corp.contoso.test", &|_| {}, None);
        check("CORP.contoso.test.", &|_| {}, None);
        check("", &|_| {}, None);
        check("contoso.test", &|_| {}, Some("belongs to the forest corp.contoso.test"));
        check("corp.contoso.test", &|facts| facts.active_directory = false, Some("not an Active Directory"));
        check("corp.contoso.test", &|facts| facts.offers_paging = false, Some("paged results"));
        check("corp.contoso.test", &|facts| facts.forest_level = Some(0), Some("functional level"));
        check("corp.contoso.test", &|facts| facts.forest_root = None, Some("root domain"));
    }
}
