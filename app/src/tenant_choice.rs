//! A tenant of Microsoft's clouds as an administrator names it, for the command line and for the app.

use std::path::PathBuf;

use syncline_engine::service::{BackendKind, Cloud, EntraSettings, Proof, WriteBudget};

/// What is said of a tenant.
#[derive(Clone, Debug)]
pub struct TenantChoice {
    /// Its GUID or one of its verified domains.
    pub tenant_id: String,
    /// Client identifier of the application.
    pub client_id: String,
    /// The cloud that it is in.
    pub cloud: Cloud,
    /// Address of the sign-in service, instead of the cloud's.
    pub authority: Option<String>,
    /// Address of the tenant, instead of the cloud's.
    pub base_url: Option<String>,
    /// What it is read and written through.
    pub backend: BackendKind,
    /// By what the application proves who it is.
    pub proof: Proof,
    /// Certificates of the authorities to trust besides the computer's own.
    pub ca_file: Option<PathBuf>,
    /// Proxy to ask, instead of the one that the environment names.
    pub proxy: Option<String>,
    /// Export although Microsoft's own tool synchronizes to it.
    pub accept_synchronized: bool,
}

impl TenantChoice {
    /// The settings that follow.
    ///
    /// # Errors
    /// What is wrong with an address, in a sentence.
    pub fn settings(&self) -> Result<EntraSettings, String> {
        let (authority, graph) = self.cloud.endpoints();
        let base = self.base_url.as_deref().unwrap_or(graph);
        let mut settings = EntraSettings::new(base, self.tenant_id.trim(), self.client_id.trim(), self.tenant_id.trim());
        if self.base_url.is_none() {
            authority.clone_into(&mut settings.authority);
        }
        if let Some(authority) = &self.authority {
            settings.authority.clone_from(authority);
        }
        settings.scope = format!("{graph}/.default");
        settings.backend = self.backend;
        settings.proof = self.proof;
        settings.ca_file.clone_from(&self.ca_file);
        settings.proxy.clone_from(&self.proxy);
        settings.accept_synchronized = self.accept_synchronized;
        // Only Microsoft's clouds limit writes so; a tenant at another address has limits of its own.
        settings.writes = self.base_url.is_none().then_some(WriteBudget::DOCUMENTED);
        settings.base().and_then(|_| settings.token_url()).map_err(|error| error.message)?;
        settings.proxy_url().map_err(|error| error.message)?;
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cloud_gives_the_addresses_that_are_not_named() {
        let plain = TenantChoice {
            tenant_id: " contoso.com ".to_owned(),
            client_id: "6c2a".to_owned(),
            cloud: Cloud::UsGovernment,
            authority: None,
            base_url: None,
            backend: BackendKind::Graph,
            proof: Proof::Secret,
            ca_file: None,
            proxy: None,
            accept_synchronized: false,
        };
        let settings = plain.settings().unwrap();
        assert_eq!(settings.base_url, "https://graph.microsoft.us");
        assert_eq!(settings.authority, "https://login.microsoftonline.us");
        assert_eq!((settings.tenant_id.as_str(), settings.writes), ("contoso.com", Some(WriteBudget::DOCUMENTED)));
        let own = TenantChoice { base_url: Some("https://tenant.contoso.com".to_owned()), ..plain.clone() };
        assert_eq!(own.settings().unwrap().writes, None);
        let wrong = TenantChoice { base_url: Some("http://tenant.contoso.com".to_owned()), ..plain };
        assert!(wrong.settings().is_err(), "plain HTTP is for loopback");
    }
}
