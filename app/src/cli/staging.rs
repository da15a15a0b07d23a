//! `syncline staging`: a server that imports and synchronizes but exports nothing by itself.

use clap::Subcommand;
use serde_json::json;

use super::confirm::confirm;
use super::exit::Failure;
use super::output::Answer;
use super::session::Session;

/// Verbs of `staging`.
#[derive(Debug, Subcommand)]
pub enum StagingCommand {
    /// Show whether this server is in staging mode
    Show,
    /// Begin staging mode: cycles import and synchronize, but export nothing
    On,
    /// End staging mode: the next cycle exports what is pending
    #[command(after_help = "\
Two active servers for one tenant undo each other's changes. Put the other server into
staging mode, or cut it off, before this one leaves it. Look through the list of pending
exports first: \"syncline pending\".

Example:
  syncline staging off --i-am-the-only-active-server")]
    Off {
        /// No other server exports to this tenant
        #[arg(long)]
        i_am_the_only_active_server: bool,
    },
}

impl StagingCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Show => "staging show",
            Self::On => "staging on",
            Self::Off { .. } => "staging off",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.query(|engine| {
            let before = engine.status()?.staging_mode;
            let wanted = match self {
                Self::Show => before,
                Self::On => true,
                Self::Off { i_am_the_only_active_server } => {
                    if before && !i_am_the_only_active_server {
                        confirm(
                            "Cycles of this server will export. Is it the only active server for the tenant?",
                            "--i-am-the-only-active-server",
                            "still in staging mode",
                        )?;
                    }
                    false
                }
            };
            if wanted != before {
                engine.set_staging_mode(wanted)?;
            }
            Answer::new(&json!({ "stagingMode": wanted }), text(wanted))
        })
    }
}

fn text(staging: bool) -> &'static str {
    if staging {
        "Staging mode is on: cycles import and synchronize, and export nothing. An export by hand asks first.\n"
    } else {
        "Staging mode is off: cycles export what is pending.\n"
    }
}
