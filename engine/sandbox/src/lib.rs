//! A local tenant on loopback: sign-in endpoint, directory reads and the sync channel over HTTP and HTTPS.
//!
//! The tenant is a stand-in for the cloud side of directory synchronization. It keeps everything in one
//! folder (one SQLite file, a certificate authority and keys), survives restarts, and knows nothing of the
//! engine that talks to it: the two meet only on the wire.
//!
//! ```no_run
//! use syncline_sandbox::{Sandbox, SandboxOptions};
//!
//! let sandbox = Sandbox::start(SandboxOptions::new("tenant-folder", "contoso"))?;
//! let secret = sandbox.new_client_secret()?;
//! println!("{} {} {secret}", sandbox.http_url(), sandbox.client_id());
//! sandbox.stop();
//! # Ok::<(), syncline_sandbox::SandboxError>(())
//! ```

mod file;
mod options;

mod schema;
mod store;
mod tenant;
mod token_text;

mod control;
mod dirsync;
mod graph;
mod sign_in;

mod server;

pub use file::{DomainFacts, Loaded, LoadedClient, TenantFacts, TenantFile};
pub use options::{Clock, SandboxError, SandboxOptions};
pub use server::{Sandbox, Served};
