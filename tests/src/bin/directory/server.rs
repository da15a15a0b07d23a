//! The servers that can be measured, as the fixtures' scripts describe them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use clap::ValueEnum;
use secrecy::SecretString;
use syncline_engine::connector::generic_ldap::GenericLdapSettings;
use syncline_engine::setup::NewDirectory;
use syncline_tests::forest::Forest;

/// Kinds of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A Samba domain controller.
    Samba,
    /// OpenLDAP.
    Openldap,
}

/// What a measure should not exceed.
#[derive(Clone, Copy, Debug)]
pub struct Aims {
    /// A full import, as a multiple of `ldapsearch`.
    pub full: f64,
    /// A full import with nothing changed, as a multiple of `ldapsearch`.
    pub unchanged: f64,
    /// Seconds of a delta import with nothing changed.
    pub nothing: f64,
    /// Seconds of a delta import of the changes.
    pub changes: f64,
    /// Memory of the whole process in MiB.
    pub memory_mib: f64,
}

/// OpenLDAP on loopback.
pub struct OpenLdap {
    address: String,
    port: u16,
    pub base: String,
    ca_file: PathBuf,
    user: String,
    password: String,
    admin: String,
    admin_password: String,
}

/// A server with many objects.
pub enum Server {
    Samba(Forest),
    OpenLdap(OpenLdap),
}

impl Server {
    /// The server that the variables describe.
    pub fn read(kind: Kind) -> anyhow::Result<Self> {
        match kind {
            Kind::Samba => {
                let forest = Forest::read("SYNCLINE_TEST_AD_");
                Ok(Self::Samba(forest.context("SYNCLINE_TEST_AD_* is not set: call tests/fixtures/with-servers.sh")?))
            }
            Kind::Openldap => {
                let variable = |name: &str| {
                    let name = format!("SYNCLINE_TEST_LDAP_{name}");
                    std::env::var(&name).with_context(|| format!("{name} is not set: call tests/fixtures/with-servers.sh"))
                };
                Ok(Self::OpenLdap(OpenLdap {
                    address: variable("ADDRESS")?,
                    port: variable("TLS_PORT")?.parse()?,
                    base: variable("BASE")?,
                    ca_file: variable("CA_FILE")?.into(),
                    user: variable("USER")?,
                    password: variable("PASSWORD")?,
                    admin: variable("ADMIN_USER")?,
                    admin_password: variable("ADMIN_PASSWORD")?,
                }))
            }
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Samba(_) => "Samba",
            Self::OpenLdap(_) => "OpenLDAP",
        }
    }

    pub fn aims(&self) -> Aims {
        let samba = Aims { full: 1.25, unchanged: 1.1, nothing: 0.5, changes: 1.0, memory_mib: 150.0 };
        match self {
            Self::Samba(_) => samba,
            Self::OpenLdap(_) => Aims { full: 2.0, unchanged: 1.5, ..samba },
        }
    }

    /// The directory as a connector; of OpenLDAP, what lies below a container.
    pub fn directory(&self, container: &str) -> anyhow::Result<NewDirectory> {
        let password = SecretString::from(self.password().to_owned());
        Ok(match self {
            Self::Samba(forest) => NewDirectory::active_directory(&forest.domain, &forest.settings(), password)?,
            Self::OpenLdap(_) => NewDirectory::generic_ldap(self.connector(), &self.settings(container)?, password)?,
        })
    }

    /// How a connector reaches OpenLDAP.
    pub fn settings(&self, container: &str) -> anyhow::Result<GenericLdapSettings> {
        let Self::OpenLdap(server) = self else { anyhow::bail!("{} is a forest", self.name()) };
        Ok(GenericLdapSettings {
            servers: vec![format!("{}:{}", server.address, server.port)],
            user: server.user.clone(),
            ca_file: Some(server.ca_file.clone()),
            bases: vec![container.to_owned()],
            ..GenericLdapSettings::default()
        })
    }

    /// Name of its connector.
    pub fn connector(&self) -> &str {
        match self {
            Self::Samba(forest) => &forest.domain,
            Self::OpenLdap(_) => "people",
        }
    }

    /// The partition.
    pub fn base(&self) -> &str {
        match self {
            Self::Samba(forest) => &forest.base,
            Self::OpenLdap(server) => &server.base,
        }
    }

    /// The container of all objects that the scaled fixture added.
    pub fn scale(&self) -> String {
        match self {
            Self::Samba(forest) => format!("OU=Scale,{}", forest.base),
            Self::OpenLdap(server) => format!("ou=scale,{}", server.base),
        }
    }

    /// One of the units below it, which hold a tenth each.
    pub fn unit(&self, number: usize) -> String {
        format!("OU=Unit {number},{}", self.scale())
    }

    pub fn uri(&self) -> String {
        match self {
            Self::Samba(forest) => format!("ldaps://{}", forest.address),
            Self::OpenLdap(server) => format!("ldaps://{}:{}", server.address, server.port),
        }
    }

    pub fn user(&self) -> &str {
        match self {
            Self::Samba(forest) => &forest.user,
            Self::OpenLdap(server) => &server.user,
        }
    }

    pub fn password(&self) -> &str {
        match self {
            Self::Samba(forest) => &forest.password,
            Self::OpenLdap(server) => &server.password,
        }
    }

    pub fn ca_file(&self) -> &Path {
        match self {
            Self::Samba(forest) => &forest.ca_file,
            Self::OpenLdap(server) => &server.ca_file,
        }
    }

    /// Objects of a page, for both sides.
    pub fn page_size(&self) -> u32 {
        500
    }

    /// Changes some objects, to other values in every round.
    pub fn change(&self, number: usize, round: usize) -> anyhow::Result<()> {
        let ldif: String = (0..number)
            .map(|place| {
                let (dn, value) = (self.object(place), format!("Round {round} of {place}, {}", std::process::id()));
                format!("dn: {dn}\nchangetype: modify\nreplace: title\ntitle: {value}\n\n")
            })
            .collect();
        match self {
            Self::Samba(forest) => forest.change(&ldif),
            Self::OpenLdap(server) => server.tool(&self.uri(), "ldapmodify", &[], &ldif).map(drop),
        }
    }

    /// The identity of a container, as OpenLDAP tells it.
    pub fn entry_uuid(&self, dn: &str) -> anyhow::Result<String> {
        let Self::OpenLdap(server) = self else { anyhow::bail!("{} is a forest", self.name()) };
        let found = server.tool(&self.uri(), "ldapsearch", &["-LLL", "-b", dn, "-s", "base", "entryUUID"], "")?;
        let uuid = found.lines().find_map(|line| line.strip_prefix("entryUUID: "));
        Ok(uuid.with_context(|| format!("{dn} has no entryUUID"))?.to_owned())
    }

    fn object(&self, number: usize) -> String {
        let unit = self.unit(number % super::UNITS);
        match self {
            Self::Samba(_) => format!("CN=Scale User {number:06},{unit}"),
            Self::OpenLdap(_) => format!("uid=scale{number:06},{unit}"),
        }
    }
}

impl OpenLdap {
    /// Runs a program of OpenLDAP as its administrator.
    fn tool(&self, uri: &str, program: &str, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let file = |content: &str| -> anyhow::Result<tempfile::NamedTempFile> {
            let mut file = tempfile::NamedTempFile::new()?;
            file.write_all(content.as_bytes())?;
            Ok(file)
        };
        let (password, script) = (file(&self.admin_password)?, file(input)?);
        let output = Command::new(program)
            .args(["-x", "-H", uri, "-D", &self.admin, "-y"])
            .arg(password.path())
            .args(arguments)
            .env("LDAPTLS_CACERT", &self.ca_file)
            .stdin(Stdio::from(script.reopen()?))
            .output()
            .with_context(|| format!("starting {program}"))?;
        anyhow::ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}
