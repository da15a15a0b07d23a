//! The clouds that Microsoft runs, with the addresses of each.

use serde::{Deserialize, Serialize};

/// A cloud with its own sign-in service and its own directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// The worldwide cloud.
    #[default]
    Worldwide,
    /// The cloud of the government of the United States.
    UsGovernment,
    /// Its part for the Department of Defense.
    UsGovernmentDod,
    /// The cloud in China.
    China,
}

/// Cloud, sign-in service, Microsoft Graph.
const ENDPOINTS: [(Cloud, &str, &str); 4] = [
    (Cloud::Worldwide, "https://login.microsoftonline.com", "https://graph.microsoft.com"),
    (Cloud::UsGovernment, "https://login.microsoftonline.us", "https://graph.microsoft.us"),
    (Cloud::UsGovernmentDod, "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    (Cloud::China, "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
];

impl Cloud {
    /// Addresses of the sign-in service and of Microsoft Graph.
    #[must_use]
    pub fn endpoints(self) -> (&'static str, &'static str) {
        let found = ENDPOINTS.iter().find(|(cloud, ..)| *cloud == self);
        found.map_or(("", ""), |(_, authority, graph)| (authority, graph))
    }

    /// The cloud whose Microsoft Graph has this address.
    #[must_use]
    pub fn of_graph(address: &str) -> Option<Self> {
        let address = address.trim_end_matches('/');
        ENDPOINTS.iter().find(|(.., graph)| graph.eq_ignore_ascii_case(address)).map(|(cloud, ..)| *cloud)
    }

    /// The name shown to administrators.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Worldwide => "Worldwide",
            Self::UsGovernment => "US Government",
            Self::UsGovernmentDod => "US Government DoD",
            Self::China => "China",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_has_addresses_of_its_own() {
        let check = |cloud: Cloud, authority: &str, graph: &str| {
            assert_eq!(cloud.endpoints(), (authority, graph));
            assert_eq!(Cloud::of_graph(&format!("{graph}/")), Some(cloud));
        };
        check(Cloud::Worldwide, "https://login.microsoftonline.com", "https://graph.microsoft.com");
        check(Cloud::UsGovernment, "https://login.microsoftonline.us", "https://graph.microsoft.us");
        check(Cloud::UsGovernmentDod, "https://login.microsoftonline.us", "https://dod-graph.microsoft.us");
        check(Cloud::China, "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn");
        assert_eq!(Cloud::of_graph("https://localhost:1"), None);
    }
}
