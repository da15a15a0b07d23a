//! The test forests of `fixtures/samba.sh`, as the script describes them in variables.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use syncline_engine::connector::active_directory::{ActiveDirectorySettings, ConnectionSecurity};

/// A domain controller on loopback.
#[derive(Clone, Debug)]
pub struct Forest {
    /// Its address.
    pub address: String,
    /// DNS name of the forest.
    pub domain: String,
    /// DN of the domain.
    pub base: String,
    /// The authority that vouches for it.
    pub ca_file: PathBuf,
    /// The account of a connector.
    pub user: String,
    /// Its password.
    pub password: String,
    admin_user: String,
    admin_password: String,
}

impl Forest {
    /// The forest whose variables begin with `prefix`, such as `SYNCLINE_TEST_AD_`; `None` when they are not set.
    pub fn read(prefix: &str) -> Option<Self> {
        let variable = |name: &str| std::env::var(format!("{prefix}{name}")).ok();
        Some(Self {
            address: variable("ADDRESS")?,
            domain: variable("DOMAIN")?,
            base: variable("BASE")?,
            ca_file: variable("CA_FILE")?.into(),
            user: variable("USER")?,
            password: variable("PASSWORD")?,
            admin_user: variable("ADMIN_USER")?,
            admin_password: variable("ADMIN_PASSWORD")?,
        })
    }

    /// How a connector reaches it.
    pub fn settings(&self) -> ActiveDirectorySettings {
        ActiveDirectorySettings {
            forest: self.domain.clone(),
            servers: vec![self.address.clone()],
            user: self.user.clone(),
            security: ConnectionSecurity::Ldaps,
            ca_file: Some(self.ca_file.clone()),
            ..ActiveDirectorySettings::default()
        }
    }

    /// Makes changes as administrator, written as LDIF.
    ///
    /// # Errors
    /// What `ldapmodify` says when it fails.
    pub fn change(&self, ldif: &str) -> anyhow::Result<()> {
        self.tool("ldapmodify", &[], ldif).map(drop)
    }

    /// Deletes an object with everything below it.
    ///
    /// # Errors
    /// What `ldapdelete` says when it fails.
    pub fn remove(&self, dn: &str) -> anyhow::Result<()> {
        self.tool("ldapdelete", &["-r", dn], "").map(drop)
    }

    /// The values of an attribute of all objects that a filter finds, as bytes.
    ///
    /// # Errors
    /// What `ldapsearch` says when it fails.
    pub fn values(&self, base: &str, filter: &str, attribute: &str) -> anyhow::Result<BTreeSet<Vec<u8>>> {
        let options = ["-LLL", "-o", "ldif-wrap=no", "-E", "pr=500/noprompt", "-b", base, filter, attribute];
        let answer = self.tool("ldapsearch", &options, "")?;
        let (plain, encoded) = (format!("{attribute}: "), format!("{attribute}:: "));
        let mut values = BTreeSet::new();
        for line in answer.lines() {
            if let Some(value) = line.strip_prefix(&plain) {
                values.insert(value.as_bytes().to_vec());
            } else if let Some(value) = line.strip_prefix(&encoded) {
                values.insert(BASE64.decode(value).with_context(|| line.to_owned())?);
            }
        }
        Ok(values)
    }

    /// Runs a program of OpenLDAP as the administrator of the forest and gives what it says.
    ///
    /// # Errors
    /// What the program says when it fails.
    pub fn tool(&self, program: &str, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut password = tempfile::NamedTempFile::new()?;
        password.write_all(self.admin_password.as_bytes())?;
        let mut script = tempfile::NamedTempFile::new()?;
        script.write_all(input.as_bytes())?;
        let output = Command::new(program)
            .args(["-x", "-H", &format!("ldaps://{}", self.address), "-D", &self.admin_user, "-y"])
            .arg(password.path())
            .args(arguments)
            .env("LDAPTLS_CACERT", &self.ca_file)
            .stdin(Stdio::from(script.reopen()?))
            .output()
            .with_context(|| format!("starting {program}"))?;
        anyhow::ensure!(output.status.success(), "{program}: {}\n{input}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}
