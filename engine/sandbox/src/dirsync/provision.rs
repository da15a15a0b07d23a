//! `POST /provision`: a batch of changes, each decided on its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::matching::{self, Match, Wanted, not_found};
use super::references::{Applied, LinkChanges, apply_links};
use super::uniqueness::{Draft, Quarantined, Settled, settle};
use super::validate::{MAX_OBJECT_BYTES, Writer, normalize};
use super::{ChangeError, Stop, failure};
use crate::SandboxError;
use crate::schema::{self, Kind};
use crate::server::http::{Reply, Request};
use crate::store::changes::{self, Action, Details, TargetChange};
use crate::store::objects::{self, Object, State};
use crate::store::{links, quarantine};
use crate::tenant::{Flag, Tenant};

/// Most changes one request may carry.
const MAX_CHANGES: usize = 100;
/// A password change time of zero on premises, as the outbound rules write it.
const NEVER_CHANGED: &str = "16010101";

#[derive(Debug, Deserialize)]
struct Batch {
    changes: Vec<Change>,
}

/// One change as the client sends it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    id: String,
    operation: String,
    object_type: String,
    source_anchor: Option<String>,
    cloud_anchor: Option<String>,
    #[serde(default)]
    attributes: Option<Map<String, Value>>,
    #[serde(default)]
    member_adds: Vec<String>,
    #[serde(default)]
    member_removes: Vec<String>,
}

/// What became of a change that was not refused.
#[derive(Debug, Default)]
struct Outcome {
    cloud_anchor: Option<String>,
    matched: &'static str,
    quarantined: Vec<Quarantined>,
    unresolved: Vec<(String, String)>,
    /// The object was written, but the client must know of a conflict.
    error: Option<ChangeError>,
}

/// Answers a batch in one transaction with a savepoint for each change.
pub(super) fn answer(tenant: &mut Tenant, request: &Request) -> Result<Reply, SandboxError> {
    let batch: Batch = match serde_json::from_slice(&request.body) {
        Ok(batch) => batch,
        Err(error) => return Ok(failure(400, "BadRequest", &error.to_string())),
    };
    if batch.changes.len() > MAX_CHANGES {
        let message = format!("the batch has {} changes, the limit is {MAX_CHANGES}", batch.changes.len());
        return Ok(failure(400, "BadRequest", &message));
    }
    if !tenant.company()?.sync_enabled {
        return Ok(failure(409, "DirSyncDisabled", "directory synchronization is not enabled for this tenant"));
    }
    tenant.begin()?;
    let mut results = Vec::with_capacity(batch.changes.len());
    for change in &batch.changes {
        results.push(one_result(tenant, change)?);
    }
    tenant.commit()?;
    Ok(Reply::json(200, json!({ "results": results })))
}

fn one_result(tenant: &mut Tenant, change: &Change) -> Result<Value, SandboxError> {
    tenant.db.prepare_cached("SAVEPOINT change")?.execute([])?;
    let decided = decide(tenant, change);
    if decided.is_err() {
        tenant.db.prepare_cached("ROLLBACK TO change")?.execute([])?;
    }
    tenant.db.prepare_cached("RELEASE change")?.execute([])?;
    match decided {
        Ok(outcome) => Ok(outcome_json(tenant, change, &outcome)),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Refused(error)) => {
            if let (true, Some(anchor)) = (error.only_once, &change.source_anchor) {
                quarantine::note_refused_group(&tenant.db, anchor)?;
            }
            let tracking = tenant.new_id();
            Ok(json!({ "id": change.id, "status": "error", "error": error.json(tracking) }))
        }
    }
}

fn outcome_json(tenant: &mut Tenant, change: &Change, outcome: &Outcome) -> Value {
    let mut names: Vec<&str> = outcome.unresolved.iter().map(|(attribute, _)| attribute.as_str()).collect();
    names.dedup();
    let quarantined: Vec<Value> = outcome
        .quarantined
        .iter()
        .map(|entry| json!({ "property": entry.property, "value": entry.value, "assigned": entry.assigned }))
        .collect();
    let references: Vec<Value> =
        outcome.unresolved.iter().map(|(attribute, value)| json!({ "attribute": attribute, "value": value })).collect();
    let mut result = json!({
        "id": change.id,
        "status": "success",
        "cloudAnchor": outcome.cloud_anchor,
        "matched": outcome.matched,
        "quarantined": quarantined,
        "unresolved": names,
        "unresolvedReferences": references,
    });
    if let (Some(error), Some(fields)) = (&outcome.error, result.as_object_mut()) {
        fields.insert("status".to_owned(), json!("error"));
        fields.insert("error".to_owned(), error.json(tenant.new_id()));
    }
    result
}

fn invalid(property: &str, value: Option<&str>, literal: &str) -> Stop {
    ChangeError::of_value("DataValidationFailed", property, value, literal).into()
}

/// The decision procedure.
fn decide(tenant: &mut Tenant, change: &Change) -> Result<Outcome, Stop> {
    let Some(kind) = Kind::from_name(&change.object_type) else {
        let literal = "the object type is not known";
        return Err(invalid("objectType", Some(&change.object_type), literal));
    };
    if change.operation == "delete" {
        return delete(tenant, kind, change);
    }
    let anchor = change.source_anchor.as_deref().unwrap_or_default();
    if anchor.is_empty() || anchor.chars().count() > 256 {
        let literal = "the source anchor must have 1 to 256 characters";
        return Err(invalid("sourceAnchor", Some(anchor), literal));
    }
    match change.operation.as_str() {
        "set" => {}
        "add" => refuse_live(tenant, anchor)?,
        other => return Err(invalid("operation", Some(other), "the operation is not set, add or delete")),
    }
    let nothing = Map::new();
    let wanted = Wanted {
        kind,
        source_anchor: anchor,
        cloud_anchor: change.cloud_anchor.as_deref(),
        attributes: change.attributes.as_ref().unwrap_or(&nothing),
    };
    match matching::find(tenant, &wanted)? {
        Match::Update(object) => write(tenant, change, &wanted, Target::known(object, "hard")),
        Match::Hard(object) => {
            let matched = if object.state == State::Live { "hard" } else { "restored" };
            write(tenant, change, &wanted, Target::taken_over(object, matched))
        }
        Match::Soft(object) => write(tenant, change, &wanted, Target::taken_over(object, "soft")),
        Match::Create => {
            let target = Target::new(tenant, kind);
            write(tenant, change, &wanted, target)
        }
        Match::CreateBesides(error) => {
            let target = Target::new(tenant, kind);
            match write(tenant, change, &wanted, target) {
                Ok(outcome) => Ok(Outcome { error: Some(error), ..outcome }),
                // Nothing can be created besides the administrator, so only the conflict remains to tell.
                Err(Stop::Refused(_)) => Err(error.into()),
                Err(failed) => Err(failed),
            }
        }
    }
}

/// `add` is for objects whose anchor is not in use.
fn refuse_live(tenant: &Tenant, anchor: &str) -> Result<(), Stop> {
    match objects::by_anchor(&tenant.db, anchor)? {
        Some(object) if object.state == State::Live => Err(ChangeError::of_value(
            "AttributeValueMustBeUnique",
            "sourceAnchor",
            Some(anchor),
            "an object with this source anchor exists; use operation 'set' to change it",
        )
        .with_conflicting(vec![object.cloud_anchor()])
        .into()),
        _ => Ok(()),
    }
}

/// The object a change writes to.
struct Target {
    object: Object,
    matched: &'static str,
    /// Synchronized for the first time or again.
    first: bool,
    created: bool,
}

impl Target {
    fn known(object: Object, matched: &'static str) -> Target {
        Target { object, matched, first: false, created: false }
    }

    fn taken_over(object: Object, matched: &'static str) -> Target {
        Target { first: true, ..Target::known(object, matched) }
    }

    fn new(tenant: &mut Tenant, kind: Kind) -> Target {
        let object = Object::new(tenant.new_id(), kind, tenant.now());
        Target { created: true, ..Target::taken_over(object, "none") }
    }
}

/// Steps 5 to 10.
fn write(tenant: &mut Tenant, change: &Change, wanted: &Wanted<'_>, target: Target) -> Result<Outcome, Stop> {
    let writer = Writer::Client {
        source_anchor: wanted.source_anchor,
        cloud_anchor: wanted.cloud_anchor,
        extensions: tenant.has(Flag::DirectoryExtensions),
    };
    let written = normalize(wanted.kind, wanted.attributes, writer)?;
    if wanted.kind != Kind::Group && !(change.member_adds.is_empty() && change.member_removes.is_empty()) {
        return Err(invalid("member", None, "only groups have members"));
    }
    let before = target.object.clone();
    let mut object = target.object;
    let mut lists = written.references;
    if target.first && !target.created && (before.synced.is_none() || change.operation == "add") {
        drop_cloud_values(tenant, &mut object, &mut lists)?;
    }
    object.anchor = Some(wanted.source_anchor.to_owned());
    for (name, value) in written.values {
        match value {
            Some(value) => object.body.insert(name, value),
            None => object.body.remove(&name),
        };
    }
    let settled =
        settle(tenant, &mut Draft { object: &mut object, before: &before, first: target.first, created: target.created })?;
    check_size(&object)?;
    if target.created {
        demand_password_change(&mut object);
    }
    if object.state == State::SoftDeleted {
        tenant.revive(&mut object)?;
    }
    object.synced = Some(true);
    object.last_sync = Some(tenant.now());
    objects::save(&tenant.db, &mut object)?;
    let applied =
        apply_links(&tenant.db, object.id, &LinkChanges { lists, adds: &change.member_adds, removes: &change.member_removes })?;
    let quarantined = store_quarantine(tenant, object.id, settled)?;
    log(tenant, &before, &mut object, &applied)?;
    Ok(Outcome {
        cloud_anchor: Some(object.cloud_anchor()),
        matched: target.matched,
        quarantined,
        unresolved: applied.unresolved,
        error: None,
    })
}

/// Values that only the cloud side knew are lost when on-premises takes an object over.
fn drop_cloud_values(
    tenant: &Tenant,
    object: &mut Object,
    lists: &mut BTreeMap<String, Vec<String>>,
) -> Result<(), SandboxError> {
    let kind = object.kind;
    let stays = |name: &str| {
        matches!(name, "usageLocation" | "preferredDataLocation")
            || schema::attribute(kind, name).is_some_and(|attribute| attribute.read_only)
    };
    object.body.retain(|name, _| stays(name));
    object.overrides.clear();
    for attribute in links::attributes(&tenant.db, object.id)? {
        if !stays(&attribute) {
            lists.entry(attribute).or_default();
        }
    }
    Ok(())
}

fn check_size(object: &Object) -> Result<(), Stop> {
    let size: usize = object.body.iter().map(|(name, value)| name.len() + size_of_value(value)).sum();
    if size <= MAX_OBJECT_BYTES {
        return Ok(());
    }
    Err(ChangeError::new("LargeObject", format!("the object has {size} bytes, the limit is {MAX_OBJECT_BYTES}")).into())
}

fn size_of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(size_of_value).sum(),
        Value::Object(_) | Value::Number(_) | Value::Bool(_) | Value::Null => 8,
    }
}

/// A new user whose password was never changed on premises must change it at the first sign-in.
fn demand_password_change(object: &mut Object) {
    let never = object
        .body
        .get("lastPasswordChangeTimestamp")
        .and_then(Value::as_str)
        .is_some_and(|time| time.starts_with(NEVER_CHANGED));
    if object.kind == Kind::User && never {
        let profile = json!({ "forceChangePasswordNextSignIn": true });
        object.cloud.insert("passwordProfile".to_owned(), profile);
    }
}

fn store_quarantine(tenant: &Tenant, object: i64, settled: Settled) -> Result<Vec<Quarantined>, SandboxError> {
    let now = tenant.now();
    let mut all = Vec::new();
    for (property, entries) in [(quarantine::USER_PRINCIPAL_NAME, settled.name), (quarantine::PROXY_ADDRESSES, settled.proxies)] {
        if let Some(entries) = entries {
            let values: Vec<String> = entries.iter().map(|entry| entry.value.clone()).collect();
            quarantine::replace(&tenant.db, object, property, &values, now)?;
            all.extend(entries);
        }
    }
    Ok(all)
}

/// Logs the write; a change that changed nothing leaves no trace for delta readers.
fn log(tenant: &Tenant, before: &Object, object: &mut Object, applied: &Applied) -> Result<(), SandboxError> {
    let action = if before.id == 0 {
        Action::Created
    } else if before.state == State::SoftDeleted {
        Action::Restored
    } else {
        Action::Updated
    };
    let same = before.body == object.body
        && before.overrides == object.overrides
        && before.anchor == object.anchor
        && before.synced == object.synced
        && before.state == object.state;
    if action == Action::Updated && same && applied.deltas.is_empty() {
        return Ok(());
    }
    let details = Details::between(before, object).with_links(applied.deltas.clone());
    if before.id != 0 && before.anchor != object.anchor {
        // References to this object now read as its anchor.
        changes::touch_referrers(&tenant.db, object.id, TargetChange::Renamed, tenant.now())?;
    }
    // The object itself was saved before its references.
    tenant.log_object(object, action, &details)
}

/// Deletes a synchronized object; one that is deleted already is a success.
fn delete(tenant: &mut Tenant, kind: Kind, change: &Change) -> Result<Outcome, Stop> {
    let named = match (&change.cloud_anchor, &change.source_anchor) {
        (Some(anchor), _) => objects::by_cloud_anchor(&tenant.db, anchor)?,
        (None, Some(anchor)) => objects::by_anchor(&tenant.db, anchor)?,
        (None, None) => return Err(invalid("sourceAnchor", None, "a deletion names its object by an anchor")),
    };
    // The anchor may belong to an object of another type by now; that one is not meant.
    let mut found = named.filter(|object| object.kind == kind);
    if found.is_none()
        && let Some(anchor) = &change.source_anchor
    {
        found = objects::gone_by_anchor(&tenant.db, anchor)?.filter(|object| object.kind == kind);
    }
    let Some(mut object) = found else {
        let anchor = change.source_anchor.as_deref().or(change.cloud_anchor.as_deref());
        return Err(not_found("sourceAnchor", anchor.unwrap_or_default()).into());
    };
    if object.state == State::Live {
        if !object.is_synced() {
            return Err(ChangeError::of_value(
                "DeleteNotValid",
                "sourceAnchor",
                change.source_anchor.as_deref(),
                "the object is managed in the cloud and can only be deleted there",
            )
            .with_number(114)
            .with_conflicting(vec![object.cloud_anchor()])
            .into());
        }
        tenant.delete_object(&mut object)?;
    }
    Ok(Outcome { cloud_anchor: Some(object.cloud_anchor()), matched: "hard", ..Outcome::default() })
}
