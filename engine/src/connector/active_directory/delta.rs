//! Delta import: what changed, by DirSync or by `uSNChanged`.
//!
//! Both ways give objects as they are now, and the objects below a container that was renamed or moved: a
//! server tells only the container. Where an object left the selected containers or types, its deletion is
//! handed over. By DirSync, links are left out that did not change, and of the others come only the values that
//! came and went; `uSNChanged` tells no values, and a server would have to look at all of them to say which changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ldap3::Scope;

use super::dir_sync::{self, AnswerEnd, Changes, DIR_SYNC, Happened};
use super::gathered::Gathered;
use super::import::ImportPlan;
use super::link::{Link, Living, decode_all, show_deleted};
use super::reading::Reading;
use super::settings::DeltaMode;
use super::watermark::{Continuation, Mark, Progress};
use crate::connector::ldap::entry::RawEntry;
use crate::connector::ldap::failure::{Fault, refused, request_failed};
use crate::connector::ldap::octets::{escaped, hexadecimal};
use crate::connector::ldap::outlet::Outlet;
use crate::connector::ldap::session::Search;
use crate::connector::ldap::verdict::Judge as _;
use crate::connector::{
    Anchor, CancelToken, ConnectorError, ConnectorErrorKind, ImportItem, ImportRequest, ImportSummary, Watermark,
};

/// Answers of one DirSync question at most; each must bring another cookie.
const ANSWERS: u32 = 100_000;

/// Classes of objects that have nothing below them that is imported.
const LEAVES: [&str; 5] = ["person", "group", "contact", "foreignSecurityPrincipal", "msDS-Device"];

/// `name` in the replication metadata ([MS-ADTS] 3.1.1.2.1; ATTID of the RDN).
const NAME_ATTRIBUTE: u32 = 0x0009_0001;

/// Where a full import begins, so that deltas can go on from there; `None` when this server or account
/// cannot tell changes.
pub(super) fn start(reading: Reading<'_>, warnings: &mut Vec<String>) -> Result<Option<Progress>, ConnectorError> {
    let (facts, settings, partition) = (reading.living.facts, reading.living.settings, &reading.request.partition);
    if !facts.active_directory {
        return Ok(None);
    }
    let Some(position) = reading.living.position(partition)? else { return Ok(None) };
    let mark = match settings.delta {
        DeltaMode::Usn => Mark::Usn,
        DeltaMode::Auto if !facts.offers_dir_sync => Mark::Usn,
        DeltaMode::Auto | DeltaMode::DirSync => match present_cookie(question(&reading)) {
            Ok(cookie) => Mark::DirSync(cookie),
            Err(error) if !matches!(error.kind, ConnectorErrorKind::Permission | ConnectorErrorKind::Search) => {
                return Err(error);
            }
            Err(error) if settings.delta == DeltaMode::Auto => {
                tracing::info!(%error, "DirSync cannot be used, changes are read by uSNChanged");
                Mark::Usn
            }
            Err(error) => {
                warnings.push(format!(
                    "changes of {partition} cannot be read by DirSync, so that delta imports are not possible: {error}; \
                     grant {} the right Replicating Directory Changes on {partition}, or have changes read by uSNChanged",
                    settings.user
                ));
                return Ok(None);
            }
        },
    };
    Ok(Some(Progress { position, mark }))
}

/// What every DirSync question needs.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) living: Living<'a>,
    pub(super) partition: &'a str,
    pub(super) timeout: Duration,
    pub(super) cancel: &'a CancelToken,
}

/// The cookie of this moment: a question for all objects with a filter that none fits.
pub(super) fn present_cookie(question: Question<'_>) -> Result<Vec<u8>, ConnectorError> {
    let nobody = format!("(objectGUID={})", escaped(&[0; 16]));
    let attributes = vec!["objectGUID".to_owned()];
    let told = ask(question, &nobody, &attributes, Vec::new(), Gathered::default());
    told.map(|(cookie, _)| cookie).map_err(|failure| failure.error)
}

fn question<'a>(reading: &Reading<'a>) -> Question<'a> {
    let request = reading.request;
    Question { living: reading.living, partition: &request.partition, timeout: reading.timeout(), cancel: &request.cancel }
}

/// Reads what changed since a watermark.
pub(super) fn import(
    link: &mut Link,
    plan: &ImportPlan<'_>,
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
    let (facts, partition) = (reading.living.facts, &reading.request.partition);
    let no_watermark = |reason: &str| reading.living.no_watermark(reason);
    let position = reading.living.position(partition)?.ok_or_else(|| no_watermark("it does not number its changes"))?;
    let continuation = progress.continues_at(&position, reading.living.settings.delta).map_err(|reason| no_watermark(&reason))?;
    let mut warnings = reading.plan.selection.warnings();
    if continuation == Continuation::OtherServer {
        tracing::info!(server = %facts.server, "another domain controller answers; it may tell some changes again");
    }
    if !reading.living.sees_deletions(partition)? {
        warnings.push(format!(
            "deletions in {partition} are not seen, only full imports find them: grant {} list and read on CN=Deleted Objects,{partition}",
            reading.living.settings.user
        ));
    }
    let mark = changes(reading, &progress.mark, progress.position.usn, out)?;
    let watermark = Progress { position, mark }.encode();
    Ok(ImportSummary { watermark, server: Some(facts.server.clone()), warnings, present: None })
}

/// Hands over what changed after a mark; gives the mark for the next time.
pub(super) fn changes(reading: &Reading<'_>, mark: &Mark, usn: i64, out: &mut Outlet<'_>) -> Result<Mark, ConnectorError> {
    match mark {
        Mark::DirSync(cookie) => by_dir_sync(reading, cookie, out).map(Mark::DirSync),
        Mark::Usn => by_usn(reading, usn, out).map(|()| Mark::Usn),
    }
}

/// A DirSync question that failed.
struct Failure {
    error: ConnectorError,
    /// The server itself refused it, and not for a passing reason.
    refused: bool,
}

impl From<ConnectorError> for Failure {
    fn from(error: ConnectorError) -> Self {
        Self { error, refused: false }
    }
}

/// Asks by DirSync until there is no more to tell; gives the last cookie and all that was told.
fn ask(
    question: Question<'_>,
    filter: &str,
    attributes: &[String],
    mut cookie: Vec<u8>,
    mut gathered: Gathered,
) -> Result<(Vec<u8>, Gathered), Failure> {
    let doing = "tell what changed (DirSync)";
    let session = question.living.session;
    for _ in 0..ANSWERS {
        let search = Search {
            base: question.partition.to_owned(),
            scope: Scope::Subtree,
            filter: filter.to_owned(),
            attributes: attributes.to_vec(),
            controls: vec![dir_sync::request(&cookie)],
            timeout: question.timeout,
        };
        // Taken in one by one: an answer may tell of every object of a forest.
        let (told, result) = session.listen(search, gathered, Gathered::take, doing, Some(question.cancel))?;
        gathered = told;
        if result.rc != 0 {
            let passing = matches!(result.rc, 3 | 8 | 11 | 49 | 50 | 51 | 52);
            return Err(Failure { error: refused(session.server(), doing, result.rc, &result.text), refused: !passing });
        }
        let malformed = |what| Failure::from(request_failed(session.server(), doing, Fault::Malformed(what)));
        let end = result.ctrls.into_iter().find(|control| control.1.ctype == DIR_SYNC);
        let end = end.and_then(|control| dir_sync::answer_end(&control.1.val.unwrap_or_default()));
        let Some(AnswerEnd { more, cookie: next }) = end else { return Err(malformed("no cookie for the next time")) };
        if !more {
            return Ok((next, gathered));
        }
        if next == cookie {
            return Err(malformed("the same cookie again"));
        }
        cookie = next;
    }
    Err(request_failed(session.server(), doing, Fault::TooMuch).into())
}

fn by_dir_sync(reading: &Reading<'_>, cookie: &[u8], out: &mut Outlet<'_>) -> Result<Vec<u8>, ConnectorError> {
    let doing = "tell what changed (DirSync)";
    let attributes = dir_sync::attributes(reading.plan.requested.iter().map(String::as_str).chain(reading.plan.ranged()));
    let begin = Gathered::of(reading.plan.links.clone());
    let told = ask(question(reading), &reading.plan.change_filter(), &attributes, cookie.to_vec(), begin);
    let (next, told) = told.map_err(|failure| {
        if !failure.refused {
            return failure.error;
        }
        let server = reading.living.session.server();
        let message =
            format!("{server} does not accept the cookie of the last import any more: run a full import ({})", failure.error);
        ConnectorError::new(ConnectorErrorKind::NoWatermark, message).server(server)
    })?;
    let Gathered { mut happened, faults, .. } = told;
    for fault in faults {
        reading.give(out, ImportItem::Bad(fault), doing)?;
    }
    let mut wanted: BTreeMap<Option<BTreeSet<String>>, Vec<[u8; 16]>> = BTreeMap::new();
    for (guid, known) in &mut happened {
        if let Happened::Deleted(dn) = &mut known.happened {
            reading.give(out, ImportItem::Deleted { anchor: Anchor(guid.to_vec()), dn: dn.take() }, doing)?;
        } else if known.happened == Happened::Moved || out.wants(guid) {
            let in_part = out.takes_parts() && !known.everything;
            let left_out = in_part.then(|| reading.plan.needless_links(known.changes())).filter(|links| !links.is_empty());
            wanted.entry(left_out).or_default().push(*guid);
        }
    }
    let mut moved = Vec::new();
    for (left_out, guids) in &wanted {
        let part = |guid: &[u8; 16]| Some((left_out.as_ref()?, happened.get(guid)?.changes()));
        look_up(reading, guids, left_out.as_ref(), out, &mut |entry, out| {
            let guid = entry.first("objectGUID").and_then(|guid| <[u8; 16]>::try_from(guid).ok());
            if let Some(guid) = guid.filter(|guid| happened.get(guid).is_some_and(|known| known.happened == Happened::Moved))
                && !is_leaf(&entry)
                && !reading.plan.is_elsewhere(&entry)
            {
                moved.push(guid);
            }
            present(reading, entry, guid.as_ref().and_then(part), out)
        })?;
    }
    below(reading, &moved, out)?;
    Ok(next)
}

/// Reads objects whole, wherever they are now.
pub(super) fn objects(
    link: &mut Link,
    plan: &ImportPlan<'_>,
    request: &ImportRequest,
    anchors: &[Anchor],
    sink: &mut dyn FnMut(ImportItem) -> bool,
) -> Result<(), ConnectorError> {
    let guids: Vec<[u8; 16]> = anchors.iter().filter_map(|anchor| anchor.0.as_slice().try_into().ok()).collect();
    let mut out = Outlet::of_delta(sink);
    link.persist(&mut out, |living, out| {
        let reading = Reading { living, plan, request };
        look_up(&reading, &guids, None, out, &mut |entry, out| present(&reading, entry, None, out))
    })
}

/// Takes an entry and hands over what it is.
type TakeEntry<'a> = dyn FnMut(RawEntry, &mut Outlet<'_>) -> Result<(), ConnectorError> + 'a;

/// Looks objects up without some attributes. One that is not there is handed over as gone.
fn look_up(
    reading: &Reading<'_>,
    guids: &[[u8; 16]],
    left_out: Option<&BTreeSet<String>>,
    out: &mut Outlet<'_>,
    take: &mut TakeEntry<'_>,
) -> Result<(), ConnectorError> {
    let doing = "give the objects that changed";
    let attributes = match left_out {
        Some(left_out) => reading.plan.requested_without(left_out),
        None => reading.plan.requested.clone(),
    };
    let mut missing: BTreeSet<[u8; 16]> = guids.iter().copied().collect();
    reading.objects(guids, &attributes, out, |entry, out| {
        if let Some(guid) = entry.first("objectGUID").and_then(|guid| <[u8; 16]>::try_from(guid).ok()) {
            missing.remove(&guid);
        }
        take(entry, out)
    })?;
    for guid in missing {
        // Gone since it was told, or no longer to be seen. Looked at once more by its name: nothing is
        // deleted because a search by value found nothing.
        let mut search = reading.living.base_search(&guid_name(&guid), &[]);
        search.attributes.clone_from(&attributes);
        let found = match reading.living.session.search(search, doing, Some(&reading.request.cancel)) {
            Ok(found) => decode_all(found, reading.living.session.server(), doing)?.into_iter().next(),
            Err(error) if error.kind == ConnectorErrorKind::PartitionMissing => None,
            // A refusal says nothing of the object: it is not taken for gone.
            Err(error) => return Err(error),
        };
        match found {
            Some(entry) => take(entry, out)?,
            None => reading.give(out, ImportItem::Deleted { anchor: Anchor(guid.to_vec()), dn: None }, doing)?,
        }
    }
    Ok(())
}

fn by_usn(reading: &Reading<'_>, usn: i64, out: &mut Outlet<'_>) -> Result<(), ConnectorError> {
    let doing = "tell what changed (uSNChanged)";
    let filter = format!("(&(uSNChanged>={}){})", usn.saturating_add(1), reading.plan.change_filter());
    let mut search = reading.subtree(&reading.request.partition, &filter);
    search.controls.push(show_deleted());
    search.attributes.extend(["isDeleted", "lastKnownParent"].map(str::to_owned));
    let mut containers = Vec::new();
    reading.pages(search, doing, out, |entry, out| {
        let guid = entry.first("objectGUID").and_then(|guid| <[u8; 16]>::try_from(guid).ok());
        match guid {
            Some(guid) if dir_sync::is_deleted(&entry) => {
                let dn = dir_sync::last_name(&entry);
                return reading.give(out, ImportItem::Deleted { anchor: Anchor(guid.to_vec()), dn }, doing);
            }
            Some(guid) if !is_leaf(&entry) && !reading.plan.is_elsewhere(&entry) => containers.push(guid),
            Some(_) | None => {}
        }
        present(reading, entry, None, out)
    })?;
    let mut moved = Vec::new();
    for guid in containers {
        let search = reading.living.base_search(&guid_name(&guid), &["replPropertyMetaData", "uSNCreated"]);
        let Some(entry) = reading.living.object(search, doing)? else { continue };
        let is_new = entry.number("uSNCreated").is_some_and(|created| created > usn);
        // Without metadata it may have moved.
        if !is_new && entry.first("replPropertyMetaData").and_then(name_changed).is_none_or(|changed| changed > usn) {
            moved.push(guid);
        }
    }
    below(reading, &moved, out)
}

/// The number of the change that last named or moved an object, out of its replication metadata
/// ([MS-DRSR] 5.164: a head of 16 octets, then 48 octets for each attribute).
fn name_changed(metadata: &[u8]) -> Option<i64> {
    let (entries, _) = metadata.get(16..)?.as_chunks::<48>();
    let number = |octets: Option<&[u8]>| octets?.try_into().ok().map(u32::from_le_bytes);
    let entry = entries.iter().find(|entry| number(entry.get(..4)) == Some(NAME_ATTRIBUTE))?;
    entry.get(40..)?.try_into().ok().map(i64::from_le_bytes)
}

/// Hands over everything below containers that were renamed or moved.
fn below(reading: &Reading<'_>, containers: &[[u8; 16]], out: &mut Outlet<'_>) -> Result<(), ConnectorError> {
    for guid in containers {
        let doing = "give the objects below a container that was moved";
        let search = reading.subtree(&guid_name(guid), &reading.plan.filter);
        match reading.pages(search, doing, out, |entry, out| present(reading, entry, None, out)) {
            // Deleted meanwhile: that is told the next time.
            Err(error) if error.kind == ConnectorErrorKind::PartitionMissing => {}
            other => other?,
        }
    }
    Ok(())
}

/// Hands over an object that is there: as it is, or as gone when the import does not cover it. `part` has the links
/// that were not read of it, and what is told of them.
fn present(
    reading: &Reading<'_>,
    entry: RawEntry,
    part: Option<(&BTreeSet<String>, &Changes)>,
    out: &mut Outlet<'_>,
) -> Result<(), ConnectorError> {
    let doing = "give the objects that changed";
    if reading.plan.is_elsewhere(&entry) {
        return Ok(());
    }
    let anchor = entry.first("objectGUID").map(|guid| Anchor(guid.to_vec()));
    if anchor.as_ref().is_some_and(|anchor| !out.wants(&anchor.0)) {
        return Ok(());
    }
    let dn = entry.dn.clone();
    // Containers are asked for whether they are imported or not, so they may be of any class.
    let item = if is_leaf(&entry) || reading.plan.knows_class(&entry) { reading.item(entry)? } else { None };
    let item = item.map(|item| match (item, part) {
        (ImportItem::Entry(entry), Some((left_out, changes))) => ImportItem::Entry(reading.plan.part(entry, left_out, changes)),
        (item, _) => item,
    });
    match (item, anchor) {
        (Some(item), _) => reading.give(out, item, doing),
        (None, Some(anchor)) => reading.give(out, ImportItem::Deleted { anchor, dn: Some(dn) }, doing),
        (None, None) => Ok(()),
    }
}

fn is_leaf(entry: &RawEntry) -> bool {
    entry.texts("objectClass").any(|class| LEAVES.iter().any(|leaf| leaf.eq_ignore_ascii_case(class)))
}

fn guid_name(guid: &[u8; 16]) -> String {
    format!("<GUID={}>", hexadecimal(guid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_tell_when_an_object_was_named() {
        let entry = |attribute: u32, usn: i64| {
            let mut octets = attribute.to_le_bytes().to_vec();
            octets.extend([7; 36]);
            octets.extend(usn.to_le_bytes());
            octets
        };
        let metadata = |entries: &[Vec<u8>]| [vec![0; 16], entries.concat()].concat();
        let check = |metadata: &[u8], expected: Option<i64>| assert_eq!(name_changed(metadata), expected);
        check(&metadata(&[entry(3, 5), entry(NAME_ATTRIBUTE, 4711), entry(NAME_ATTRIBUTE + 1, 6)]), Some(4711));
        check(&metadata(&[entry(3, 5)]), None);
        check(&metadata(&[entry(NAME_ATTRIBUTE, 4711)])[..50], None);
        check(&[], None);
    }
}
