//! Full import: all objects under the selected containers, whatever happens to them meanwhile.
//!
//! What an import does not hand over is deleted by the engine. An object that moves while the import goes on may be
//! missed at its old place and at its new one, so everything that changed since the beginning is looked at once more at
//! the end, and what was not handed over yet is.

use std::time::Instant;

use super::changes;
use super::plan::Plan;
use super::reading::{Link, Reading, stamp};
use super::timestamp::Timestamp;
use super::watermark::{Mark, Progress};
use crate::connector::ldap::link::leaves_unusable;
use crate::connector::ldap::outlet::Outlet;
use crate::connector::{ConnectorError, ImportItem, ImportRequest, ImportSummary};

/// Reads everything.
pub(super) fn import(
    link: &mut Link,
    plan: &Plan<'_>,
    request: &ImportRequest,
    sink: &mut dyn FnMut(ImportItem) -> bool,
) -> Result<ImportSummary, ConnectorError> {
    let begun = Instant::now();
    let mut out = Outlet::of_full(sink);
    let mut warnings = plan.selection.warnings();
    let (partition, cookie) = loop {
        match link.work(|living| changes::start(&Reading { living, plan, request }, &mut warnings)) {
            Ok(start) => break start,
            Err(error) if out.outlives(&error) => tracing::warn!(%error, "connecting again"),
            Err(error) => return Err(error),
        }
    };
    let (mut newest, mut again) = (None, false);
    loop {
        let result = link.living().and_then(|living| {
            let reading = Reading { living, plan, request };
            read(&reading, again, &mut newest, &mut out)?;
            out.only_unseen();
            match (&cookie, newest) {
                (Some(cookie), _) => changes::by_sync(&reading, cookie, &mut out).map(drop),
                (None, Some(newest)) => reading.stamped(newest.asked_from(begun.elapsed()), &mut out).map(drop),
                (None, None) => Ok(()),
            }
        });
        match result {
            Ok(()) => break,
            Err(error) => {
                if leaves_unusable(&error) {
                    link.close();
                }
                if !out.outlives(&error) {
                    return Err(error);
                }
                tracing::warn!(%error, "connecting again; what was read before is not handed over twice");
                again = true;
            }
        }
    }
    let mark = cookie.map(Mark::Sync).or(newest.map(Mark::Stamp));
    if mark.is_none() {
        warnings.push(format!(
            "objects of {} show no modifyTimestamp, so that delta imports are not possible: let the account read it, or run full imports",
            request.partition
        ));
    }
    let anchor = link.settings().anchor.trim().to_owned();
    let watermark = mark.and_then(|mark| Progress { partition, anchor, mark }.encode());
    Ok(ImportSummary { watermark, server: Some(link.facts().server.clone()), warnings, ..ImportSummary::default() })
}

/// Reads all containers. `again` says that part of it was handed over before.
fn read(reading: &Reading<'_>, again: bool, newest: &mut Option<Timestamp>, out: &mut Outlet<'_>) -> Result<(), ConnectorError> {
    for base in &reading.plan.selection.bases {
        let doing = format!("give the objects under {base}");
        reading.pages(reading.subtree(base, &reading.plan.filter), &doing, out, |entry, out| {
            *newest = (*newest).max(stamp(&entry));
            if again && reading.plan.anchor(&entry).is_some_and(|anchor| out.has_seen(&anchor.0)) {
                return Ok(());
            }
            match reading.plan.item(entry) {
                Some(item) => reading.give(out, item, &doing),
                None => Ok(()),
            }
        })?;
    }
    Ok(())
}
