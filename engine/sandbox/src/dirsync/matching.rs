//! Steps 2 to 4 of the decision procedure: which existing object a change is about.

use serde_json::{Map, Value};

use super::{ChangeError, Stop};
use crate::SandboxError;
use crate::schema::Kind;
use crate::store::addresses::{self, Source, primary_smtp};
use crate::store::objects::{self, Object, State, texts};
use crate::tenant::{Flag, Tenant};

/// The object a change is about.
#[derive(Debug)]
pub(super) enum Match {
    /// A live object that is synchronized already.
    Update(Object),
    /// A cloud-managed or soft-deleted object found by its anchor.
    Hard(Object),
    /// A cloud-managed object found by address or name.
    Soft(Object),
    /// No object; one is created.
    Create,
    /// Soft match hit an administrator: one is created and the error is reported.
    CreateBesides(ChangeError),
}

/// The parts of a change that matching looks at.
pub(super) struct Wanted<'a> {
    pub(super) kind: Kind,
    pub(super) source_anchor: &'a str,
    pub(super) cloud_anchor: Option<&'a str>,
    pub(super) attributes: &'a Map<String, Value>,
}

impl Wanted<'_> {
    fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Finds the object of a change.
pub(super) fn find(tenant: &Tenant, wanted: &Wanted<'_>) -> Result<Match, Stop> {
    let named = match wanted.cloud_anchor {
        Some(anchor) => Some(named_object(tenant, anchor, wanted)?),
        None => None,
    };
    if let Some(object) = objects::by_anchor(&tenant.db, wanted.source_anchor)? {
        return hard(tenant, object, wanted);
    }
    if let Some(object) = named {
        return hard(tenant, object, wanted);
    }
    soft(tenant, wanted)
}

/// Step 2: the cloud anchor must name an object with the same source anchor or none.
fn named_object(tenant: &Tenant, anchor: &str, wanted: &Wanted<'_>) -> Result<Object, Stop> {
    objects::by_cloud_anchor(&tenant.db, anchor)?
        .filter(|object| object.state != State::Gone)
        .filter(|object| object.anchor.as_deref().is_none_or(|own| own == wanted.source_anchor))
        .ok_or_else(|| not_found("cloudAnchor", anchor).into())
}

/// The error for an object that is not there.
pub(super) fn not_found(property: &str, anchor: &str) -> ChangeError {
    ChangeError::of_value(
        "ObjectNotFound",
        property,
        Some(anchor),
        format!("no object with {property} '{anchor}' and this source anchor exists"),
    )
    .with_number(114)
}

/// Step 3.
fn hard(tenant: &Tenant, object: Object, wanted: &Wanted<'_>) -> Result<Match, Stop> {
    if object.kind != wanted.kind {
        return Err(type_mismatch(&[&object], "sourceAnchor", wanted.source_anchor, wanted.kind).into());
    }
    if object.state == State::Live && object.is_synced() {
        return Ok(Match::Update(object));
    }
    if tenant.has(Flag::BlockHardMatchTakeover) {
        return Err(ChangeError::of_value(
            "InvalidHardMatch",
            "sourceAnchor",
            Some(wanted.source_anchor),
            "the object with this anchor is managed in the cloud and taking it over is blocked",
        )
        .with_conflicting(vec![object.cloud_anchor()])
        .into());
    }
    if object.role.is_some() {
        return Err(admin_conflict(&object, "sourceAnchor", wanted.source_anchor).into());
    }
    Ok(Match::Hard(object))
}

/// Step 4.
fn soft(tenant: &Tenant, wanted: &Wanted<'_>) -> Result<Match, Stop> {
    if tenant.has(Flag::BlockSoftMatch) || !wanted.kind.has_unique_addresses() {
        return Ok(Match::Create);
    }
    let found = candidates(tenant, wanted)?;
    let (candidate, property, value) = match found.as_slice() {
        [] => return Ok(Match::Create),
        [one] => one,
        several => {
            let conflicting = several.iter().map(|(object, _, _)| object.cloud_anchor());
            return Err(ChangeError::new(
                "InvalidSoftMatch",
                "the primary address and the user principal name belong to different objects",
            )
            .with_conflicting(conflicting.collect())
            .into());
        }
    };
    if candidate.kind != wanted.kind {
        return Err(type_mismatch(&[candidate], property, value, wanted.kind).into());
    }
    if candidate.anchor.is_some() {
        let resilient = match *property {
            "userPrincipalName" => tenant.has(Flag::DuplicateUpnResiliency),
            _ => tenant.has(Flag::DuplicateProxyAddressResiliency),
        };
        if resilient {
            return Ok(Match::Create);
        }
        return Err(ChangeError::of_value(
            "InvalidSoftMatch",
            property,
            Some(value),
            "the object with this value has another source anchor",
        )
        .with_conflicting(vec![candidate.cloud_anchor()])
        .into());
    }
    if candidate.role.is_some() {
        return Ok(Match::CreateBesides(admin_conflict(candidate, property, value)));
    }
    Ok(Match::Soft(candidate.clone()))
}

type Candidate = (Object, &'static str, String);

/// Live objects with the incoming primary address, and the user with the incoming name.
fn candidates(tenant: &Tenant, wanted: &Wanted<'_>) -> Result<Vec<Candidate>, SandboxError> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut add = |row: i64, property: &'static str, value: String| -> Result<(), SandboxError> {
        if !found.iter().any(|(object, _, _)| object.id == row)
            && let Some(object) = objects::by_row(&tenant.db, row)?
        {
            found.push((object, property, value));
        }
        Ok(())
    };
    if let Some(address) = primary_smtp(&texts(wanted.attribute("proxyAddresses"))) {
        for row in addresses::owners(&tenant.db, &address, &[Source::Proxy], 0)? {
            add(row, "proxyAddresses", format!("SMTP:{address}"))?;
        }
    }
    let name = wanted.attribute("userPrincipalName").and_then(Value::as_str);
    if wanted.kind == Kind::User
        && tenant.has(Flag::SoftMatchOnUpn)
        && let Some(name) = name
        && let Some(row) = addresses::user_of_name(&tenant.db, name)?
    {
        add(row, "userPrincipalName", name.to_owned())?;
    }
    Ok(found)
}

fn type_mismatch(objects: &[&Object], property: &str, value: &str, kind: Kind) -> ChangeError {
    ChangeError::of_value("ObjectTypeMismatch", property, Some(value), format!("the matching object is not a {}", kind.name()))
        .with_conflicting(objects.iter().map(|object| object.cloud_anchor()).collect())
}

fn admin_conflict(object: &Object, property: &str, value: &str) -> ChangeError {
    ChangeError::of_value(
        "ExistingAdminRoleConflict",
        property,
        Some(value),
        "the matching user holds an administrator role; remove the role before the user is matched",
    )
    .with_conflicting(vec![object.cloud_anchor()])
}
