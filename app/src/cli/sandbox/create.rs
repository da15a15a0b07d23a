//! `syncline sandbox create`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use syncline_sandbox::{SandboxOptions, TenantFacts, TenantFile};

use super::{failure, named, pairs};
use crate::cli::exit::Failure;
use crate::cli::output::Answer;

/// Arguments of `sandbox create`.
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// New or empty folder for the tenant
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Name of the tenant: contoso makes contoso.onmicrosoft.com
    #[arg(long)]
    pub tenant: String,
    /// Verified domain; may be repeated
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// Verified domain whose users sign in elsewhere; may be repeated
    #[arg(long = "federated-domain", value_name = "DOMAIN")]
    pub federated_domains: Vec<String>,
    /// Domain that waits for its verification; may be repeated
    #[arg(long = "unverified-domain", value_name = "DOMAIN")]
    pub unverified_domains: Vec<String>,
    /// Synchronization feature turned on or off; may be repeated
    #[arg(long = "feature", value_name = "NAME=on|off", value_parser = feature)]
    pub features: Vec<(String, bool)>,
}

/// What `sandbox create` answers.
#[derive(Debug, Serialize)]
struct Created {
    folder: PathBuf,
    #[serde(flatten)]
    tenant: TenantFacts,
    client_secret: String,
    administrator: String,
    administrator_password: String,
}

/// Reads `NAME=on` or `NAME=off`.
fn feature(text: &str) -> Result<(String, bool), String> {
    let (name, state) = text.split_once('=').unwrap_or((text, ""));
    match state {
        "on" => Ok((name.to_owned(), true)),
        "off" => Ok((name.to_owned(), false)),
        _ => Err("write NAME=on or NAME=off, such as PasswordHashSync=on".to_owned()),
    }
}

/// Answers `sandbox create`.
pub(super) fn run(arguments: &CreateArgs) -> Result<Answer, Failure> {
    let folder = std::path::absolute(&arguments.folder)
        .map_err(|error| Failure::invalid(format!("\"{}\" is not a usable path: {error}", arguments.folder.display())))?;
    let mut options = SandboxOptions::new(&folder, arguments.tenant.trim());
    options.verified_domains.clone_from(&arguments.domains);
    let mut file = TenantFile::create(&options).map_err(failure)?;
    let created = match fill(&mut file, arguments, folder.clone()) {
        Ok(created) => created,
        Err(failure) => {
            // Half a tenant is of no use.
            file.discard();
            return Err(failure);
        }
    };
    let text = pairs(&created.tenant)
        .add("Client secret", &created.client_secret)
        .add("Administrator", &created.administrator)
        .add("Administrator's password", &created.administrator_password)
        .add("Folder", folder.to_string_lossy())
        .render();
    let hint = format!(
        "\nSecret and password are not shown again.\n\nWhat to do next\n  syncline sandbox serve {0}\n  \
         syncline sandbox load {0} --file seed.json\n",
        named(&folder)
    );
    Ok(Answer::new(&created, text)?.hint(hint))
}

fn fill(file: &mut TenantFile, arguments: &CreateArgs, folder: PathBuf) -> Result<Created, Failure> {
    let others = [(&arguments.federated_domains, true, true), (&arguments.unverified_domains, false, false)];
    for (names, verified, federated) in others {
        for name in names {
            file.set_domain(name, verified, federated).map_err(failure)?;
        }
    }
    for (name, on) in &arguments.features {
        file.set_feature(name, *on).map_err(failure)?;
    }
    let client_secret = file.new_client_secret(None).map_err(failure)?;
    let (administrator, administrator_password) = file.new_administrator_password().map_err(failure)?;
    let tenant = file.facts().map_err(failure)?;
    Ok(Created { folder, tenant, client_secret, administrator, administrator_password })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_on_or_off() {
        let check = |text: &str, expected: Option<(&str, bool)>| {
            let found = feature(text).ok();
            assert_eq!(found.as_ref().map(|(name, on)| (name.as_str(), *on)), expected, "{text}");
        };
        check("PasswordHashSync=on", Some(("PasswordHashSync", true)));
        check("BlockSoftMatch=off", Some(("BlockSoftMatch", false)));
        check("PasswordHashSync", None);
        check("PasswordHashSync=yes", None);
        check("=", None);
    }
}
