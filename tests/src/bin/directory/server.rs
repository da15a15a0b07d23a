//! The servers that can be measured, as the fixtures' scripts describe them.

use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;
use secrecy::SecretString;
use syncline_engine::setup::NewDirectory;
use syncline_tests::forest::Forest;

/// Kinds of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A Samba domain controller.
    Samba,
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

/// A server with many objects.
pub struct Server {
    forest: Forest,
}

impl Server {
    /// The server that the variables describe.
    pub fn read(kind: Kind) -> anyhow::Result<Self> {
        match kind {
            Kind::Samba => {
                let forest = Forest::read("SYNCLINE_TEST_AD_");
                Ok(Self { forest: forest.context("SYNCLINE_TEST_AD_* is not set: call tests/fixtures/with-servers.sh")? })
            }
        }
    }

    pub fn name(&self) -> &'static str {
        "Samba"
    }

    pub fn aims(&self) -> Aims {
        Aims { full: 1.25, unchanged: 1.1, nothing: 0.5, changes: 1.0, memory_mib: 150.0 }
    }

    /// The directory as a connector.
    pub fn directory(&self) -> anyhow::Result<NewDirectory> {
        let password = SecretString::from(self.forest.password.clone());
        Ok(NewDirectory::active_directory(&self.forest.domain, &self.forest.settings(), password)?)
    }

    /// Name of its connector.
    pub fn connector(&self) -> &str {
        &self.forest.domain
    }

    /// The partition.
    pub fn base(&self) -> &str {
        &self.forest.base
    }

    /// The container of all objects that the scaled fixture added.
    pub fn scale(&self) -> String {
        format!("OU=Scale,{}", self.forest.base)
    }

    /// One of the units below it, which hold a tenth each.
    pub fn unit(&self, number: usize) -> String {
        format!("OU=Unit {number},{}", self.scale())
    }

    pub fn uri(&self) -> String {
        format!("ldaps://{}", self.forest.address)
    }

    pub fn user(&self) -> &str {
        &self.forest.user
    }

    pub fn password(&self) -> &str {
        &self.forest.password
    }

    pub fn ca_file(&self) -> &Path {
        &self.forest.ca_file
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
        self.forest.change(&ldif)
    }

    fn object(&self, number: usize) -> String {
        format!("CN=Scale User {number:06},{}", self.unit(number % super::UNITS))
    }
}
