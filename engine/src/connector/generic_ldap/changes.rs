//! Delta import: what changed, by content synchronization (RFC 4533) or by `modifyTimestamp`.
//!
//! Both ways give objects as they are now. A server that keeps no log of deletions names everything that is there
//! instead; by `modifyTimestamp` that is always so. The engine then takes for gone what was not named.

use ldap3::Scope;
use uuid::Uuid;

use super::plan::Plan;
use super::reading::{Link, Reading};
use super::settings::{ENTRY_UUID, LdapDelta};
use super::sync::{self, REFRESH_REQUIRED, Told};
use super::watermark::{Mark, Progress};
use crate::connector::ldap::failure::{Fault, refused, request_failed};
use crate::connector::ldap::outlet::Outlet;
use crate::connector::ldap::session::Search;
use crate::connector::{
    Anchor, ConnectorError, ConnectorErrorKind, ImportItem, ImportRequest, ImportSummary, PresentObjects, Watermark,
};

/// Where a full import begins: the identity of the partition, and the cookie of this moment where changes can be told by
/// content synchronization.
pub(super) fn start(
    reading: &Reading<'_>,
    warnings: &mut Vec<String>,
) -> Result<(Option<Uuid>, Option<Vec<u8>>), ConnectorError> {
    let partition = reading.partition_identity()?;
    let settings = reading.living.settings;
    let wanted = settings.delta != LdapDelta::Timestamp && settings.by_entry_uuid();
    if !wanted || (settings.delta == LdapDelta::Auto && !reading.living.facts.offers_sync) {
        return Ok((partition, None));
    }
    match present_cookie(reading) {
        Ok(cookie) => Ok((partition, Some(cookie))),
        Err(error)
            if !matches!(
                error.kind,
                ConnectorErrorKind::Permission | ConnectorErrorKind::Search | ConnectorErrorKind::Protocol
            ) =>
        {
            Err(error)
        }
        Err(error) => {
            tracing::info!(%error, "content synchronization cannot be used, changes are read by modifyTimestamp");
            if settings.delta == LdapDelta::SyncRepl {
                warnings.push(format!(
                    "changes of {} cannot be read by content synchronization: {error}; have the server offer it there (OpenLDAP: overlay syncprov), or have changes read by modifyTimestamp",
                    reading.request.partition
                ));
            }
            Ok((partition, None))
        }
    }
}

/// The cookie of this moment. OpenLDAP gives the same one whatever is asked for; with other servers a cookie belongs to
/// its question, so the question is that of later imports.
fn present_cookie(reading: &Reading<'_>) -> Result<Vec<u8>, ConnectorError> {
    let partition = &reading.request.partition;
    let head = reading.living.object(reading.living.base_search(partition, &["contextCSN"]), "show the partition")?;
    let any_question = head.is_some_and(|head| head.first("contextCSN").is_some());
    let nobody = format!("({ENTRY_UUID}={})", Uuid::nil());
    let told = ask(reading, if any_question { &nobody } else { EVERYTHING }, None)?;
    told.cookie.ok_or_else(|| {
        let malformed = Fault::Malformed("no cookie for the next time");
        request_failed(reading.living.session.server(), "tell what changed (content synchronization)", malformed)
    })
}

const EVERYTHING: &str = "(objectClass=*)";

/// Asks by content synchronization for identities.
fn ask(reading: &Reading<'_>, filter: &str, cookie: Option<&[u8]>) -> Result<Told, ConnectorError> {
    let doing = "tell what changed (content synchronization)";
    let session = reading.living.session;
    let search = Search {
        base: reading.request.partition.clone(),
        scope: Scope::Subtree,
        filter: filter.to_owned(),
        attributes: vec!["1.1".to_owned()],
        controls: vec![sync::request(cookie)],
        timeout: reading.timeout(),
    };
    let take = |told: &mut Told, message| told.take(&message);
    let (mut told, result) = session.listen(search, Told::default(), take, doing, Some(&reading.request.cancel))?;
    if result.rc != 0 {
        let error = refused(session.server(), doing, result.rc, &result.text);
        let passing = matches!(result.rc, 3 | 8 | 11 | 49 | 50 | 51 | 52);
        return Err(match cookie {
            Some(_) if result.rc == REFRESH_REQUIRED || !passing => {
                reading.living.no_watermark(&format!("it does not accept the cookie of that import any more ({error})"))
            }
            Some(_) | None => error,
        });
    }
    told.end(&result.ctrls);
    match told.malformed {
        Some(what) => Err(request_failed(session.server(), doing, Fault::Malformed(what))),
        None => Ok(told),
    }
}

/// Reads what changed since a watermark.
pub(super) fn import(
    link: &mut Link,
    plan: &Plan<'_>,
    request: &ImportRequest,
    watermark: &Watermark,
    sink: &mut dyn FnMut(ImportItem) -> bool,
) -> Result<ImportSummary, ConnectorError> {
    let Some(progress) = Progress::decode(&watermark.0) else {
        let message = "the stored watermark is of another version: run a full import";
        return Err(ConnectorError::new(ConnectorErrorKind::NoWatermark, message).server(&link.facts().server));
    };
    let mut out = Outlet::of_delta(sink);
    // Everything may be handed over again: an object that is told twice is the same object.
    link.persist(&mut out, |living, out| attempt(&Reading { living, plan, request }, &progress, out))
}

fn attempt(reading: &Reading<'_>, progress: &Progress, out: &mut Outlet<'_>) -> Result<ImportSummary, ConnectorError> {
    let settings = reading.living.settings;
    let partition = reading.partition_identity()?;
    if let Some(reason) = progress.obstacle(partition, settings.anchor.trim(), settings.delta) {
        return Err(reading.living.no_watermark(reason));
    }
    let (mark, present) = match &progress.mark {
        Mark::Sync(cookie) => {
            let (cookie, present) = by_sync(reading, cookie, out)?;
            (Mark::Sync(cookie), present)
        }
        Mark::Stamp(newest) => {
            // Listed first: what is made or moved meanwhile is found by its time, and what goes meanwhile is found the
            // next time.
            let mut present = reading.identities(out)?;
            let (later, told) = reading.stamped(newest.asked_from(std::time::Duration::ZERO), out)?;
            told.iter().for_each(|anchor| present.add(anchor));
            (Mark::Stamp(later.map_or(*newest, |later| later.max(*newest))), Some(present))
        }
    };
    let watermark = Progress { mark, ..progress.clone() }.encode();
    let (server, warnings) = (Some(reading.living.facts.server.clone()), reading.plan.selection.warnings());
    Ok(ImportSummary { watermark, server, warnings, present })
}

/// Hands over what changed after a cookie. Gives the next cookie, and what is there when the server named that instead
/// of what is gone.
pub(super) fn by_sync(
    reading: &Reading<'_>,
    cookie: &[u8],
    out: &mut Outlet<'_>,
) -> Result<(Vec<u8>, Option<PresentObjects>), ConnectorError> {
    let doing = "tell what changed (content synchronization)";
    let told = ask(reading, EVERYTHING, Some(cookie))?;
    if told.complete && told.present.is_empty() && told.changed.is_empty() {
        return Err(reading.living.no_watermark("it names nothing that is there"));
    }
    for uuid in &told.deleted {
        reading.give(out, ImportItem::Deleted { anchor: Anchor(uuid.to_vec()), dn: None }, doing)?;
    }
    let present = told.complete.then(|| {
        let mut present = PresentObjects::default();
        told.present.iter().chain(&told.changed).for_each(|uuid| present.add(&Anchor(uuid.to_vec())));
        present
    });
    let next = told.cookie.unwrap_or_else(|| cookie.to_vec());
    reading.changed(told.changed, out)?;
    Ok((next, present))
}
