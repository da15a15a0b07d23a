//! What the tenant does by itself: the hourly quarantine sweep and the daily purge.
//!
//! No thread runs for it: each request first does what has become due, so an injected clock is enough.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::json;

use super::Tenant;
use super::naming::NAME_SOURCES;
use crate::SandboxError;
use crate::store::addresses::{self, smtp_address};
use crate::store::changes::{Action, Details};
use crate::store::objects::{self, State};
use crate::store::quarantine::{self, Entry};
use crate::store::{self};

const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(1);
const PURGE_EVERY: SignedDuration = SignedDuration::from_hours(24);
const RECOVERABLE_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Delta tokens live seven days; tombstones and the log stay a little longer.
const LOG_KEPT_FOR: SignedDuration = SignedDuration::from_hours(8 * 24);

impl Tenant {
    /// Does what has become due.
    pub(crate) fn run_timers(&mut self) -> Result<(), SandboxError> {
        let now = self.now();
        if is_due(&self.db, "next_sweep", SWEEP_EVERY, now)? {
            self.begin()?;
            self.sweep_quarantine()?;
            self.commit()?;
        }
        if is_due(&self.db, "next_purge", PURGE_EVERY, now)? {
            self.begin()?;
            self.purge(now)?;
            self.commit()?;
        }
        Ok(())
    }

    /// Gives quarantined values that have become free to the oldest claim.
    fn sweep_quarantine(&mut self) -> Result<(), SandboxError> {
        for entry in quarantine::all(&self.db)? {
            let address = smtp_address(&entry.value).unwrap_or_else(|| entry.value.to_lowercase());
            if !addresses::is_taken(&self.db, &address, &NAME_SOURCES, entry.object)? {
                self.assign(&entry)?;
            }
        }
        Ok(())
    }

    fn assign(&mut self, entry: &Entry) -> Result<(), SandboxError> {
        quarantine::remove(&self.db, entry.id)?;
        let Some(mut object) = objects::by_row(&self.db, entry.object)? else {
            return Ok(());
        };
        let before = object.clone();
        if entry.property == quarantine::USER_PRINCIPAL_NAME {
            object.set_effective("userPrincipalName", Some(json!(entry.value)));
        } else {
            let visible = self.visible_proxies(&object);
            let waiting: Vec<String> = quarantine::of_object(&self.db, object.id)?
                .into_iter()
                .filter(|other| other.property == quarantine::PROXY_ADDRESSES)
                .map(|other| other.value)
                .collect();
            Self::use_proxies(&mut object, visible, &waiting);
        }
        let details = Details::between(&before, &object);
        self.commit_object(&mut object, Action::Updated, &details)
    }

    /// Removes objects deleted 30 days ago and log entries no token can ask for.
    fn purge(&mut self, now: Timestamp) -> Result<(), SandboxError> {
        let deleted = objects::page(&self.db, "state = ?1 AND id > ?2 ORDER BY id", 1, 0, usize::MAX)?;
        for mut object in deleted {
            let due = object.state == State::SoftDeleted
                && object.deleted.is_some_and(|deleted| now.duration_since(deleted) >= RECOVERABLE_FOR);
            if due {
                self.remove_object(&mut object)?;
            }
        }
        let Ok(horizon) = now.checked_sub(LOG_KEPT_FOR) else {
            return Ok(());
        };
        self.db.execute("DELETE FROM changes WHERE at < ?1 AND seq < (SELECT max(seq) FROM changes)", [horizon.to_string()])?;
        Ok(())
    }
}

/// Whether a timer has run out; the first look only winds it up.
fn is_due(db: &Connection, key: &str, every: SignedDuration, now: Timestamp) -> Result<bool, SandboxError> {
    let next = store::setting(db, key)?;
    let due = match next.as_deref().map(objects::time).transpose()? {
        Some(next) => now >= next,
        None => false,
    };
    if (due || next.is_none())
        && let Ok(next) = now.checked_add(every)
    {
        store::set_setting(db, key, &next.to_string())?;
    }
    Ok(due)
}
