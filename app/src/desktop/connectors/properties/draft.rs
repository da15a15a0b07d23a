//! A connector while it is being changed.

use secrecy::SecretString;
use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity, DeltaMode, SignIn};
use syncline_engine::connector::entra::EntraSettings;
use syncline_engine::connector::file::FileSettings;
use syncline_engine::connector::generic_ldap::{GenericLdapSettings, LdapDelta};
use syncline_engine::service::{ConnectorKind, ConnectorProperties, DeletionLimit, Deprovisioning, PartitionView};
use syncline_engine::setup::{ConnectionSettings, ConnectorChange, ConnectorFault, ConnectorPlace, PartitionChoice};
use zeroize::Zeroizing;

/// A page of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Name, description and what cannot be changed.
    General,
    /// How the directory is reached.
    Connection,
    /// What a tenant can do.
    Capabilities,
    /// The deletion threshold.
    Protection,
    /// Partitions and their containers.
    Partitions,
    /// Object types.
    ObjectTypes,
    /// Attributes.
    Attributes,
    /// What identifies objects.
    Anchors,
    /// What becomes of objects that nothing holds.
    Deprovisioning,
}

impl Page {
    /// The pages of a kind of connector, in order.
    #[must_use]
    pub fn of(kind: ConnectorKind) -> &'static [Self] {
        match kind {
            ConnectorKind::ActiveDirectory | ConnectorKind::File => {
                &[Self::General, Self::Connection, Self::Partitions, Self::ObjectTypes, Self::Attributes, Self::Deprovisioning]
            }
            ConnectorKind::GenericLdap => &[
                Self::General,
                Self::Connection,
                Self::Partitions,
                Self::ObjectTypes,
                Self::Attributes,
                Self::Anchors,
                Self::Deprovisioning,
            ],
            ConnectorKind::Tenant => &[
                Self::General,
                Self::Connection,
                Self::Capabilities,
                Self::Protection,
                Self::Partitions,
                Self::ObjectTypes,
                Self::Attributes,
                Self::Anchors,
                Self::Deprovisioning,
            ],
        }
    }

    /// What it is called.
    #[must_use]
    pub fn label(self, kind: ConnectorKind) -> &'static str {
        match (self, kind) {
            (Self::General, _) => "Properties",
            (Self::Connection, ConnectorKind::ActiveDirectory) => "Connect to Active Directory Forest",
            (Self::Connection, ConnectorKind::GenericLdap) => "Connect to LDAP Directory",
            (Self::Connection, ConnectorKind::File) => "Connect to File",
            (Self::Connection, ConnectorKind::Tenant) => "Connectivity",
            (Self::Capabilities, _) => "Backend and Capabilities",
            (Self::Protection, _) => "Global Parameters",
            (Self::Partitions, ConnectorKind::Tenant) => "Configure Partitions and Hierarchies",
            (Self::Partitions, _) => "Configure Directory Partitions",
            (Self::ObjectTypes, _) => "Select Object Types",
            (Self::Attributes, _) => "Select Attributes",
            (Self::Anchors, _) => "Configure Anchors",
            (Self::Deprovisioning, _) => "Configure Deprovisioning",
        }
    }

    /// The page of something wrong.
    #[must_use]
    pub fn of_place(place: &ConnectorPlace) -> Self {
        match place {
            ConnectorPlace::Name => Self::General,
            ConnectorPlace::Connection | ConnectorPlace::Credential => Self::Connection,
            ConnectorPlace::Partitions | ConnectorPlace::Containers(_) => Self::Partitions,
            ConnectorPlace::ObjectTypes => Self::ObjectTypes,
            ConnectorPlace::Attributes => Self::Attributes,
            ConnectorPlace::RunProfiles => Self::General,
            ConnectorPlace::Protection => Self::Protection,
        }
    }
}

/// How a forest is reached, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForestDraft {
    /// What is stored, with all that is not shown.
    stored: ActiveDirectorySettings,
    /// The account without its domain.
    pub user: String,
    /// The domain of the account.
    pub domain: String,
    /// How the account signs in.
    pub sign_in: SignIn,
    /// Preferred domain controllers, one a line.
    pub servers: String,
    /// No other domain controllers are used.
    pub only_servers: bool,
    /// How the connection is protected.
    pub security: ConnectionSecurity,
    /// An unprotected connection to other computers is wanted.
    pub allow_plain: bool,
    /// File with certificates of authorities.
    pub ca_file: String,
    /// How delta imports learn what changed.
    pub delta: DeltaMode,
}

/// The account without its domain, and the domain: of `user@domain` and `DOMAIN\user`.
fn account(text: &str) -> (String, String) {
    match (text.split_once('\\'), text.rsplit_once('@')) {
        (Some((domain, user)), _) | (None, Some((user, domain))) => (user.to_owned(), domain.to_owned()),
        (None, None) => (text.to_owned(), String::new()),
    }
}

impl ForestDraft {
    /// Settings as they are typed.
    #[must_use]
    pub fn new(stored: &ActiveDirectorySettings) -> Self {
        let (user, domain) = account(&stored.user);
        Self {
            user,
            domain,
            servers: stored.servers.join("\n"),
            only_servers: stored.only_servers,
            sign_in: stored.sign_in,
            // After another sign-in nothing goes unencrypted unless that is chosen.
            security: if stored.sign_in.seals() { ConnectionSecurity::Ldaps } else { stored.security },
            allow_plain: stored.allow_plain,
            ca_file: stored.ca_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
            delta: stored.delta,
            stored: stored.clone(),
        }
    }

    /// The forest.
    #[must_use]
    pub fn forest(&self) -> &str {
        &self.stored.forest
    }

    /// The settings that it says.
    #[must_use]
    pub fn settings(&self) -> ActiveDirectorySettings {
        let (user, domain) = (self.user.trim(), self.domain.trim());
        let user = match domain {
            _ if account(&self.stored.user) == (user.to_owned(), domain.to_owned()) => self.stored.user.clone(),
            "" => user.to_owned(),
            domain if domain.contains('.') => format!("{user}@{domain}"),
            domain => format!("{domain}\\{user}"),
        };
        let servers: Vec<String> =
            self.servers.lines().map(str::trim).filter(|server| !server.is_empty()).map(str::to_owned).collect();
        // An address belongs to the server that it was given for.
        let address = self.stored.address.filter(|_| servers == self.stored.servers);
        ActiveDirectorySettings {
            user,
            address,
            servers,
            only_servers: self.only_servers,
            sign_in: self.sign_in,
            // What the sign-in encrypts has no TLS.
            security: if self.sign_in.seals() { ConnectionSecurity::Plain } else { self.security },
            allow_plain: self.allow_plain && self.security == ConnectionSecurity::Plain && !self.sign_in.seals(),
            ca_file: path(&self.ca_file),
            delta: self.delta,
            ..self.stored.clone()
        }
    }
}

/// How an LDAP directory is reached, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapDraft {
    /// What is stored, with all that is not shown.
    stored: GenericLdapSettings,
    /// DN of the account.
    pub user: String,
    /// Servers, one a line.
    pub servers: String,
    /// How the connection is protected.
    pub security: ConnectionSecurity,
    /// An unprotected connection to other computers is wanted.
    pub allow_plain: bool,
    /// File with certificates of authorities.
    pub ca_file: String,
    /// How delta imports learn what changed.
    pub delta: LdapDelta,
}

impl LdapDraft {
    fn new(stored: &GenericLdapSettings) -> Self {
        Self {
            user: stored.user.clone(),
            servers: stored.servers.join("\n"),
            security: stored.security,
            allow_plain: stored.allow_plain,
            ca_file: stored.ca_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
            delta: stored.delta,
            stored: stored.clone(),
        }
    }

    fn settings(&self) -> GenericLdapSettings {
        let servers: Vec<String> =
            self.servers.lines().map(str::trim).filter(|server| !server.is_empty()).map(str::to_owned).collect();
        GenericLdapSettings {
            user: self.user.trim().to_owned(),
            // An address belongs to the server that it was given for.
            address: self.stored.address.filter(|_| servers == self.stored.servers),
            servers,
            security: self.security,
            allow_plain: self.allow_plain && self.security == ConnectionSecurity::Plain,
            ca_file: path(&self.ca_file),
            delta: self.delta,
            ..self.stored.clone()
        }
    }
}

/// How a tenant is reached, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantDraft {
    stored: EntraSettings,
    /// Address of the tenant's synchronization service.
    pub address: String,
    /// Address of the sign-in service.
    pub authority: String,
    /// Tenant identifier.
    pub tenant: String,
    /// Application identifier.
    pub client: String,
    /// File with certificates of authorities.
    pub ca_file: String,
}

impl TenantDraft {
    fn new(stored: &EntraSettings) -> Self {
        Self {
            address: stored.base_url.clone(),
            authority: stored.authority.clone(),
            tenant: stored.tenant_id.clone(),
            client: stored.client_id.clone(),
            ca_file: stored.ca_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
            stored: stored.clone(),
        }
    }

    /// The tenant's initial domain.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.stored.tenant_name
    }

    fn settings(&self) -> EntraSettings {
        EntraSettings {
            base_url: self.address.trim().to_owned(),
            authority: self.authority.trim().to_owned(),
            tenant_id: self.tenant.trim().to_owned(),
            client_id: self.client.trim().to_owned(),
            ca_file: path(&self.ca_file),
            ..self.stored.clone()
        }
    }
}

fn path(text: &str) -> Option<std::path::PathBuf> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(Into::into)
}

/// How a directory is reached, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionDraft {
    /// A forest.
    Forest(Box<ForestDraft>),
    /// An LDAP directory that is no forest.
    Ldap(Box<LdapDraft>),
    /// A file.
    File(FileSettings, String),
    /// A tenant.
    Tenant(Box<TenantDraft>),
}

impl ConnectionDraft {
    fn new(stored: &ConnectionSettings) -> Self {
        match stored {
            ConnectionSettings::Forest(settings) => Self::Forest(Box::new(ForestDraft::new(settings))),
            ConnectionSettings::Ldap(settings) => Self::Ldap(Box::new(LdapDraft::new(settings))),
            ConnectionSettings::File(settings) => Self::File(settings.clone(), settings.path.display().to_string()),
            ConnectionSettings::Tenant(settings) => Self::Tenant(Box::new(TenantDraft::new(settings))),
        }
    }

    /// The settings that it says.
    #[must_use]
    pub fn settings(&self) -> ConnectionSettings {
        match self {
            Self::Forest(draft) => ConnectionSettings::Forest(Box::new(draft.settings())),
            Self::Ldap(draft) => ConnectionSettings::Ldap(Box::new(draft.settings())),
            Self::File(settings, path) => ConnectionSettings::File(FileSettings { path: path.trim().into(), ..settings.clone() }),
            Self::Tenant(draft) => ConnectionSettings::Tenant(Box::new(draft.settings())),
        }
    }
}

/// Which kind of threshold is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// None.
    Off,
    /// A number.
    Count,
    /// A share.
    Percent,
}

/// A connector while it is being changed. It holds a password, so it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PropertiesDraft {
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// How its directory is reached.
    pub connection: ConnectionDraft,
    /// A new password or client secret; empty keeps the one that is stored.
    pub secret: Zeroizing<String>,
    /// Partitions.
    pub partitions: Vec<PartitionView>,
    /// Which object types are read, in the order of the properties.
    pub object_types: Vec<bool>,
    /// Which attributes are read, in the order of the properties.
    pub attributes: Vec<bool>,
    /// What becomes of objects that nothing holds.
    pub deprovisioning: Deprovisioning,
    /// Kind of the threshold.
    pub limit: LimitKind,
    /// Its number.
    pub limit_number: String,
}

impl PropertiesDraft {
    /// The draft of what is stored.
    #[must_use]
    pub fn new(stored: &ConnectorProperties) -> Self {
        let (limit, number) = match stored.deletion_limit {
            Some(DeletionLimit::Count(number)) => (LimitKind::Count, number.to_string()),
            Some(DeletionLimit::Percent(share)) => (LimitKind::Percent, share.to_string()),
            Some(DeletionLimit::Off) | None => (LimitKind::Off, String::new()),
        };
        Self {
            name: stored.name.clone(),
            description: stored.description.clone(),
            connection: ConnectionDraft::new(&stored.connection),
            secret: Zeroizing::default(),
            partitions: stored.partitions.clone(),
            object_types: stored.object_types.iter().map(|choice| choice.selected).collect(),
            attributes: stored.attributes.iter().map(|choice| choice.selected).collect(),
            deprovisioning: stored.deprovisioning,
            limit,
            limit_number: number,
        }
    }

    /// True when a page says something else than what is stored.
    #[must_use]
    pub fn differs(&self, stored: &ConnectorProperties, page: Page) -> bool {
        let before = Self::new(stored);
        match page {
            Page::General => (self.name.trim(), self.description.trim()) != (before.name.trim(), before.description.trim()),
            Page::Connection => self.connection.settings() != before.connection.settings() || !self.secret.is_empty(),
            Page::Protection => self.deletion_limit() != before.deletion_limit(),
            Page::Partitions => self.partitions != before.partitions,
            Page::ObjectTypes => self.object_types != before.object_types,
            Page::Attributes => self.attributes != before.attributes,
            Page::Anchors | Page::Capabilities => false,
            Page::Deprovisioning => self.deprovisioning != before.deprovisioning,
        }
    }

    fn deletion_limit(&self) -> Result<DeletionLimit, String> {
        let number = self.limit_number.trim();
        match self.limit {
            LimitKind::Off => Ok(DeletionLimit::Off),
            LimitKind::Count => {
                let problem = || "Enter a whole number of objects, at least 1".to_owned();
                number.parse().ok().filter(|number| *number > 0).map(DeletionLimit::Count).ok_or_else(problem)
            }
            LimitKind::Percent => {
                let share = number.parse().ok().filter(|share| (1..=100).contains(share));
                share.map(DeletionLimit::Percent).ok_or_else(|| "Enter a share of 1 to 100 percent".to_owned())
            }
        }
    }

    /// What can be seen to be wrong without asking anybody.
    #[must_use]
    pub fn own_faults(&self, stored: &ConnectorProperties) -> Vec<ConnectorFault> {
        let mut faults = Vec::new();
        let mut refuse = |place: ConnectorPlace, message: String| faults.push(ConnectorFault { place, message });
        if self.name.trim().is_empty() || self.name.trim().chars().count() > 256 {
            refuse(ConnectorPlace::Name, "A connector needs a name of 1 to 256 characters".to_owned());
        }
        if self.partitions.iter().all(|partition| !partition.selected) {
            refuse(ConnectorPlace::Partitions, "Select at least one partition".to_owned());
        }
        if self.object_types.iter().all(|selected| !selected) {
            refuse(ConnectorPlace::ObjectTypes, "Select at least one object type".to_owned());
        }
        if let Err(message) = self.deletion_limit()
            && stored.deletion_limit.is_some()
        {
            refuse(ConnectorPlace::Protection, message);
        }
        faults
    }

    /// What the engine is asked to change.
    #[must_use]
    pub fn change(&self, stored: &ConnectorProperties) -> ConnectorChange {
        let differs = |page| self.differs(stored, page);
        let before = Self::new(stored);
        let choice = |partition: &PartitionView| PartitionChoice {
            name: partition.name.clone(),
            selected: partition.selected,
            include: partition.include.clone(),
            exclude: partition.exclude.clone(),
        };
        let names = |selected: &[bool], all: &mut dyn Iterator<Item = &String>| {
            selected.iter().zip(all).filter(|(selected, _)| **selected).map(|(_, name)| name.clone()).collect::<Vec<_>>()
        };
        let types = &mut stored.object_types.iter().map(|choice| &choice.name);
        let attributes = &mut stored.attributes.iter().map(|choice| &choice.name);
        let settings = self.connection.settings();
        ConnectorChange {
            as_of: Some(stored.version),
            name: (self.name.trim() != stored.name).then(|| self.name.trim().to_owned()),
            description: (self.description.trim() != stored.description).then(|| self.description.trim().to_owned()),
            connection: (settings != before.connection.settings()).then_some(settings),
            secret: (!self.secret.is_empty()).then(|| SecretString::from(self.secret.as_str())),
            profiles: None,
            partitions: if differs(Page::Partitions) { self.partitions.iter().map(choice).collect() } else { Vec::new() },
            object_types: differs(Page::ObjectTypes).then(|| names(&self.object_types, types)),
            attributes: differs(Page::Attributes).then(|| names(&self.attributes, attributes)),
            deprovisioning: differs(Page::Deprovisioning).then_some(self.deprovisioning),
            deletion_limit: if differs(Page::Protection) { self.deletion_limit().ok() } else { None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_taken_apart_and_put_together_again() {
        let check = |stored: &str, user: &str, domain: &str, typed: (&str, &str), expected: &str| {
            let mut draft =
                ForestDraft::new(&ActiveDirectorySettings { user: stored.to_owned(), ..ActiveDirectorySettings::default() });
            assert_eq!((draft.user.as_str(), draft.domain.as_str()), (user, domain), "{stored}");
            assert_eq!(draft.settings().user, stored, "nothing was typed");
            (draft.user, draft.domain) = (typed.0.to_owned(), typed.1.to_owned());
            assert_eq!(draft.settings().user, expected, "{stored}");
        };
        check("sync@contoso.com", "sync", "contoso.com", ("other", "contoso.com"), "other@contoso.com");
        check("CONTOSO\\sync", "sync", "CONTOSO", ("sync", "FABRIKAM"), "FABRIKAM\\sync");
        check("contoso.com\\sync", "sync", "contoso.com", (" sync ", "contoso.com"), "contoso.com\\sync");
        check("CN=sync,DC=x", "CN=sync,DC=x", "", ("CN=s,DC=x", ""), "CN=s,DC=x");
    }

    #[test]
    fn an_address_goes_with_the_server_that_it_was_given_for() {
        let stored = ActiveDirectorySettings {
            servers: vec!["dc1".into()],
            address: Some([127, 0, 0, 1].into()),
            ..ActiveDirectorySettings::default()
        };
        let mut draft = ForestDraft::new(&stored);
        assert_eq!(draft.settings(), stored);
        draft.servers = "dc2\n\n dc3 \n".into();
        assert_eq!((draft.settings().servers, draft.settings().address), (vec!["dc2".into(), "dc3".into()], None));
    }
}
