//! `syncline deletes`: how many deletions an export to the tenant may make.

use clap::{Args, Subcommand};
use syncline_engine::service::{DeletionLimit, DeletionMode, DeletionProtection, Engine, OperationFilter, PendingExportView};

use super::confirm::confirm;
use super::exit::Failure;
use super::output::{Answer, say};
use super::session::Session;
use super::table::{Pairs, Table};
use super::text::{View, count};

/// What must be known while there is no protection.
pub const OFF: &str = "the tenant is not protected from mass deletion; \"syncline deletes set --threshold 500\" protects it";

/// Deletions listed before the question.
const SHOWN: u64 = 20;

/// Verbs of `deletes`.
#[derive(Debug, Subcommand)]
pub enum DeletesCommand {
    /// Show the threshold, what waits for deletion, and what the next export will do
    Show,
    /// Choose the threshold: an export that would delete more sends nothing
    #[command(after_help = "\
A percentage is taken of the users, groups, contacts and devices that are connected in the
tenant's connector space, rounded down, but at least one object.

Examples:
  syncline deletes set --threshold 500
  syncline deletes set --percent 5")]
    Set(SetArgs),
    /// Switch the protection off: an export deletes whatever is staged
    Disable,
    /// Let one export delete what is staged now, although it is more than the threshold
    #[command(after_help = "\
The approval holds for the objects shown: an export that would delete any other object as
well sends nothing. It is used up by the export, and gone after 24 hours.")]
    Approve {
        /// Approve without asking
        #[arg(long, short)]
        yes: bool,
    },
}

/// Arguments of `deletes set`.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct SetArgs {
    /// Number of deletions that one export may make
    #[arg(long, value_name = "N")]
    pub threshold: Option<u64>,
    /// Share of the connected objects that one export may delete
    #[arg(long, value_name = "P")]
    pub percent: Option<u8>,
}

impl DeletesCommand {
    /// The command's name in JSON answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Show => "deletes show",
            Self::Set(_) => "deletes set",
            Self::Disable => "deletes disable",
            Self::Approve { .. } => "deletes approve",
        }
    }

    /// Answers it.
    pub fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let protection = match self {
            Self::Show => session.query(|engine| Ok(engine.deletion_protection()?))?,
            Self::Set(SetArgs { threshold: Some(number), .. }) => set(session, DeletionLimit::Count(*number))?,
            Self::Set(SetArgs { percent, .. }) => set(session, DeletionLimit::Percent(percent.unwrap_or_default()))?,
            Self::Disable => set(session, DeletionLimit::Off)?,
            Self::Approve { yes } => session.query(|engine| approve(session, engine, *yes))?,
        };
        let warnings = if protection.mode == DeletionMode::Off { vec![OFF.to_owned()] } else { Vec::new() };
        Ok(Answer::new(&protection, text(&protection, &session.output.view))?.warnings(warnings))
    }
}

fn set(session: &Session, limit: DeletionLimit) -> Result<DeletionProtection, Failure> {
    session.query(|engine| Ok(engine.set_deletion_limit(limit)?))
}

/// Shows what is staged, asks, and approves exactly that.
fn approve(session: &Session, engine: &Engine, yes: bool) -> Result<DeletionProtection, Failure> {
    let protection = engine.deletion_protection()?;
    let Some(staged) = &protection.staged else { return Ok(engine.approve_deletions(&[])?) };
    let operations = OperationFilter { add: false, modify: false, delete: true };
    let connector = engine.connector(&staged.connector)?.id;
    let shown = engine.pending_exports(connector, operations, 0, u64::MAX)?.rows;
    let objects: Vec<_> = shown.iter().map(|row| row.hit.guid).collect();
    if !yes && !objects.is_empty() {
        say(&listed(&shown, &session.output.view));
        let question = format!(
            "Let one export delete {} from \"{}\"?",
            if objects.len() == 1 { "this object".to_owned() } else { format!("these {} objects", objects.len()) },
            staged.connector
        );
        confirm(&question, "--yes", "not approved")?;
    }
    Ok(engine.approve_deletions(&objects)?)
}

/// The first of the objects that wait for deletion.
fn listed(rows: &[PendingExportView], view: &View) -> String {
    let mut table = Table::new().texts(["Name", "Type", "DN"]);
    for row in rows.iter().take(usize::try_from(SHOWN).unwrap_or(usize::MAX)) {
        table.row([&row.hit.display_name, &row.hit.object_type, &row.hit.dn]);
    }
    let mut text = table.render(view.width);
    if rows.len() as u64 > SHOWN {
        text.push_str(&format!(
            "... {} in all; \"syncline pending\" with --op delete lists them",
            count(rows.len() as u64, "deletion")
        ));
    }
    text.trim_end().to_owned()
}

fn text(protection: &DeletionProtection, view: &View) -> String {
    let threshold = match (protection.mode, protection.threshold) {
        (DeletionMode::Count, Some(number)) => count(number, "deletion"),
        (DeletionMode::Percent, Some(share)) => format!("{share} % of the connected objects"),
        _ => "off".to_owned(),
    };
    let mut pairs = Pairs::default().add("Threshold", threshold);
    if let Some(staged) = &protection.staged {
        if let (DeletionMode::Percent, Some(limit)) = (protection.mode, staged.limit) {
            pairs = pairs.add("That is", count(limit, "deletion"));
        }
        pairs = pairs.add("Deletions staged", format!("{} in \"{}\"", staged.deletions, staged.connector));
        if let Some(approval) = &staged.approval {
            let others = if approval.covers_all { "" } else { "; others are staged too" };
            let until = view.time(approval.expires);
            pairs = pairs.add("Approved once", format!("{} by {}, until {until}{others}", approval.objects, approval.user));
        }
        pairs = pairs.add(
            "Next export",
            if staged.refused { "sends nothing: stopped-deletion-threshold-exceeded" } else { "goes through" },
        );
    }
    pairs.render()
}

#[cfg(test)]
mod tests {
    use syncline_engine::service::{DeletionApproval, StagedDeletions};

    use super::*;
    use crate::cli::sample;

    #[test]
    fn the_answer_says_what_the_next_export_will_do() {
        let check = |protection: DeletionProtection, expected: &str| {
            assert_eq!(text(&protection, &sample::view()), expected);
        };
        let staged = |deletions, limit, refused, approval| {
            Some(StagedDeletions { connector: "AAD".to_owned(), deletions, limit, refused, approval })
        };
        check(
            DeletionProtection { mode: DeletionMode::Count, threshold: Some(500), staged: None },
            "Threshold : 500 deletions\n",
        );
        check(
            DeletionProtection { mode: DeletionMode::Percent, threshold: Some(10), staged: staged(401, Some(400), true, None) },
            "Threshold        : 10 % of the connected objects\nThat is          : 400 deletions\nDeletions staged : 401 in \"AAD\"\nNext export      : sends nothing: stopped-deletion-threshold-exceeded\n",
        );
        let time = sample::time();
        let approval = DeletionApproval { objects: 501, covers_all: true, user: "ada".to_owned(), given: time, expires: time };
        check(
            DeletionProtection {
                mode: DeletionMode::Count,
                threshold: Some(500),
                staged: staged(501, Some(500), false, Some(approval)),
            },
            "Threshold        : 500 deletions\nDeletions staged : 501 in \"AAD\"\nApproved once    : 501 by ada, until 2024-05-03 14:39:16Z\nNext export      : goes through\n",
        );
        check(
            DeletionProtection { mode: DeletionMode::Off, threshold: None, staged: staged(3, None, false, None) },
            "Threshold        : off\nDeletions staged : 3 in \"AAD\"\nNext export      : goes through\n",
        );
    }
}
