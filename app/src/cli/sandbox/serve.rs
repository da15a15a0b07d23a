//! `syncline sandbox serve`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use syncline_engine::setup::SANDBOX_FOLDER;
use syncline_sandbox::{Sandbox, SandboxError, SandboxOptions, Served, TenantFile};

use super::{failure, named};
use crate::cli::exit::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::json;
use crate::cli::output::Answer;
use crate::cli::session::Session;
use crate::cli::table::Pairs;

/// Arguments of `sandbox serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Folders of tenants [default: the one of the data folder]
    #[arg(value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// Port of HTTP [default: that of the last time, or a free one]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    pub http_port: u16,
    /// Port of HTTPS [default: that of the last time, or a free one]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    pub https_port: u16,
    /// Serve HTTPS on this address of this computer instead of 127.0.0.1
    #[arg(long, value_name = "IP")]
    pub address: Option<IpAddr>,
    /// Serve the control API too, which asks for no token
    #[arg(long)]
    pub control: bool,
}

/// Answers `sandbox serve`.
pub(super) fn run(session: &Session, arguments: &ServeArgs) -> Result<Answer, Failure> {
    let folders = match arguments.folders.as_slice() {
        [] => vec![session.folder()?.join(SANDBOX_FOLDER)],
        folders => folders.to_vec(),
    };
    if folders.len() > 1 && (arguments.http_port, arguments.https_port) != (0, 0) {
        return Err(Failure::new(Exit::Usage, "a port is for one tenant; serve several on free ports, or one after the other"));
    }
    let (stop, stopped) = crossbeam_channel::bounded(1);
    let _interrupt = Interrupt::signals(stop)?;
    let mut running = Vec::with_capacity(folders.len());
    for folder in &folders {
        let sandbox = start(folder, arguments)?;
        show(session, folder, &sandbox.served(), arguments.control)?;
        running.push(sandbox);
    }
    session.output.event(&json!({ "event": "serving", "tenants": running.len() }));
    session.output.note("Press Ctrl+C to stop.");
    // An end of the channel is an end of the program's signals, after which nothing could stop it.
    stopped.recv().ok();
    let names: Vec<String> = running.iter().map(|sandbox| sandbox.initial_domain().to_owned()).collect();
    running.into_iter().for_each(Sandbox::stop);
    let text = format!("Stopped {}.\n", names.join(", "));
    Answer::new(&json!({ "stopped": names }), text)
}

fn start(folder: &Path, arguments: &ServeArgs) -> Result<Sandbox, Failure> {
    let folder = std::path::absolute(folder)
        .map_err(|error| Failure::invalid(format!("\"{}\" is not a usable path: {error}", folder.display())))?;
    // Serving makes no tenant where there is none.
    drop(TenantFile::open(&folder).map_err(failure)?);
    let mut options = SandboxOptions::new(&folder, "");
    options.address = arguments.address;
    options.http_port = arguments.http_port;
    options.https_port = arguments.https_port;
    options.control = arguments.control;
    Sandbox::start(options).map_err(|error: SandboxError| failure(error))
}

/// Tells where a tenant is, at once.
fn show(session: &Session, folder: &Path, served: &Served, control: bool) -> Result<(), Failure> {
    let mut event = json::data(served)?;
    if let Some(fields) = event.as_object_mut() {
        fields.insert("event".into(), json!("tenant"));
        fields.insert("control".into(), json!(control));
    }
    session.output.event(&event);
    let control_url = format!("{}/sandbox/v1 (asks for no token)", served.http_url);
    let mut text = Pairs::default()
        .add("Tenant", &served.initial_domain)
        .add("Tenant identifier", served.tenant_id.to_string())
        .add("Client identifier", &served.client_id)
        .add("HTTP", &served.http_url)
        .add("HTTPS", &served.https_url)
        .add("Authority", served.ca_pem.to_string_lossy())
        .add_some("Control", control.then_some(control_url))
        .render();
    if session.output.talks() {
        text.push_str(&calls(folder, served));
    }
    session.output.lines(&text);
    Ok(())
}

/// How to ask the tenant something from a shell.
fn calls(folder: &Path, served: &Served) -> String {
    let (url, id, domain) = (&served.http_url, &served.client_id, &served.initial_domain);
    format!(
        "\nAsk for its users from another shell (\"syncline sandbox secret {folder}\" makes a secret before serving):\n\
         \x20 token=$(curl -s {url}/{domain}/oauth2/v2.0/token -d grant_type=client_credentials -d client_id={id} \\\n\
         \x20   -d client_secret=SECRET -d scope=https://graph.microsoft.com/.default | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\
         \x20 curl -s -H \"Authorization: Bearer $token\" '{url}/v1.0/users?$select=displayName,userPrincipalName'\n\n",
        folder = named(folder)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_name_the_tenant_and_no_secret() {
        let served = Served {
            tenant_id: uuid::Uuid::nil(),
            initial_domain: "contoso.onmicrosoft.com".into(),
            client_id: "c-1".into(),
            http_url: "http://127.0.0.1:1".into(),
            https_url: "https://localhost:2".into(),
            ca_pem: "ca.pem".into(),
        };
        let text = calls(Path::new("my tenant"), &served);
        for expected in [
            "syncline sandbox secret 'my tenant'",
            "http://127.0.0.1:1/contoso.onmicrosoft.com/oauth2/v2.0/token",
            "client_id=c-1",
            r#"sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#,
            "'http://127.0.0.1:1/v1.0/users?$select=displayName,userPrincipalName'",
        ] {
            assert!(text.contains(expected), "missing {expected:?} in {text}");
        }
    }
}
