//! The tenant's domains.

use rusqlite::params;

use super::Tenant;
use crate::SandboxError;

/// One domain of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    pub(crate) name: String,
    pub(crate) is_initial: bool,
    pub(crate) is_verified: bool,
    /// `Managed` or `Federated`.
    pub(crate) authentication: String,
}

impl Domain {
    /// The domain every tenant is born with.
    pub(crate) fn initial(name: &str) -> Domain {
        Domain { name: name.to_owned(), is_initial: true, is_verified: true, authentication: "Managed".to_owned() }
    }

    /// A verified, managed domain.
    pub(crate) fn verified(name: &str) -> Result<Domain, SandboxError> {
        let lower = name.to_lowercase();
        if !lower.contains('.') || !lower.split('.').all(is_label) {
            return Err(SandboxError::Domain(name.to_owned()));
        }
        Ok(Domain { is_initial: false, ..Domain::initial(&lower) })
    }
}

/// Whether the text can be one label of a domain name.
pub(crate) fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Tenant {
    /// Every domain, by name.
    pub(crate) fn domains(&self) -> &[Domain] {
        &self.domains
    }

    /// Name of the initial domain.
    pub(crate) fn initial_domain(&self) -> &str {
        &self.initial_domain
    }

    /// The domain of a name, any case.
    pub(crate) fn domain(&self, name: &str) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.name.eq_ignore_ascii_case(name))
    }

    /// Whether addresses of the domain may be used.
    pub(crate) fn is_verified(&self, name: &str) -> bool {
        self.domain(name).is_some_and(|domain| domain.is_verified)
    }

    /// Whether users of the domain sign in elsewhere.
    pub(crate) fn is_federated(&self, name: &str) -> bool {
        self.domain(name).is_some_and(|domain| domain.authentication == "Federated")
    }

    /// Whether the text names this tenant: its id or one of its verified domains.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.is_verified(name) || self.tenant_id.to_string().eq_ignore_ascii_case(name)
    }

    pub(super) fn store_domain(&self, domain: &Domain) -> Result<(), SandboxError> {
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO domains (name, is_initial, is_verified, authentication) \
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![domain.name, domain.is_initial, domain.is_verified, domain.authentication])?;
        Ok(())
    }

    pub(super) fn load_domains(&self) -> Result<Vec<Domain>, SandboxError> {
        let mut statement =
            self.db.prepare_cached("SELECT name, is_initial, is_verified, authentication FROM domains ORDER BY name")?;
        let rows = statement.query_map([], |row| {
            Ok(Domain { name: row.get(0)?, is_initial: row.get(1)?, is_verified: row.get(2)?, authentication: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Adds or changes a domain; names that wait for its verification are given to their objects.
    pub(crate) fn put_domain(&mut self, domain: &Domain) -> Result<(), SandboxError> {
        self.begin()?;
        self.write_domain(domain)?;
        self.commit()
    }

    /// The same within the caller's transaction.
    pub(crate) fn write_domain(&mut self, domain: &Domain) -> Result<(), SandboxError> {
        let was_verified = self.is_verified(&domain.name);
        self.store_domain(domain)?;
        self.domains = self.load_domains()?;
        if domain.is_verified && !was_verified {
            self.recompute_names(&domain.name)?;
        }
        Ok(())
    }
}
