//! Steps 7 and 8 of the decision procedure: names and addresses an object gets.

use serde_json::{Value, json};

use super::{ChangeError, Stop};
use crate::SandboxError;
use crate::schema::Kind;
use crate::store::addresses::{self, Source, primary_smtp, smtp_address};
use crate::store::objects::{self, Object};
use crate::store::quarantine;
use crate::tenant::naming::{NAME_SOURCES, NameFault, check_name, domain_part, first_nickname};
use crate::tenant::{Flag, Tenant};

const MUST_BE_UNIQUE: &str = "AttributeValueMustBeUnique";

/// An object on its way to the store.
pub(super) struct Draft<'a> {
    pub(super) object: &'a mut Object,
    /// How it was before the change; empty for a new one.
    pub(super) before: &'a Object,
    /// Whether the object is synchronized for the first time or again.
    pub(super) first: bool,
    /// Whether the object is new to the tenant.
    pub(super) created: bool,
}

impl Draft<'_> {
    fn is_changed(&self, name: &str) -> bool {
        self.first || self.object.body.get(name) != self.before.body.get(name)
    }

    fn body_text(&self, name: &str) -> Option<String> {
        self.object.body.get(name).and_then(Value::as_str).map(str::to_owned)
    }
}

/// A value that was wanted but is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quarantined {
    pub(super) property: &'static str,
    pub(super) value: String,
    pub(super) assigned: Option<String>,
}

/// Quarantined values by property; `None` where the change does not touch the property.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) name: Option<Vec<Quarantined>>,
    pub(super) proxies: Option<Vec<Quarantined>>,
}

/// Gives the object its nickname, user principal name and addresses, or says what is in the way.
pub(super) fn settle(tenant: &mut Tenant, draft: &mut Draft<'_>) -> Result<Settled, Stop> {
    let mut settled = Settled::default();
    if !draft.object.kind.has_unique_addresses() {
        return Ok(settled);
    }
    check_single(tenant, draft)?;
    if draft.object.kind == Kind::User {
        check_user_name(tenant, draft)?;
        settle_nickname(draft);
    }
    settled.proxies = settle_proxies(tenant, draft)?;
    if draft.object.kind == Kind::User {
        settled.name = settle_user_name(tenant, draft)?;
    }
    Ok(settled)
}

/// Mail and sign-in names are never quarantined.
fn check_single(tenant: &Tenant, draft: &Draft<'_>) -> Result<(), Stop> {
    if draft.is_changed("mail")
        && let Some(mail) = draft.body_text("mail")
    {
        refuse_taken(tenant, draft, "mail", &mail, &[Source::Mail, Source::Proxy])?;
    }
    if draft.is_changed("signInNames") {
        for name in objects::texts(draft.object.body.get("signInNames")) {
            let sources = [Source::SignInName, Source::UserPrincipalName];
            refuse_taken(tenant, draft, "signInNames", name, &sources)?;
        }
    }
    Ok(())
}

fn refuse_taken(tenant: &Tenant, draft: &Draft<'_>, property: &str, value: &str, sources: &[Source]) -> Result<(), Stop> {
    let owners = addresses::owners(&tenant.db, &value.to_lowercase(), sources, draft.object.id)?;
    if owners.is_empty() {
        return Ok(());
    }
    Err(must_be_unique(tenant, property, value, &owners)?.into())
}

fn must_be_unique(tenant: &Tenant, property: &str, value: &str, owners: &[i64]) -> Result<ChangeError, SandboxError> {
    let mut conflicting = Vec::new();
    for owner in owners {
        conflicting.extend(objects::by_row(&tenant.db, *owner)?.map(|object| object.cloud_anchor()));
    }
    Ok(ChangeError::of_value(
        MUST_BE_UNIQUE,
        property,
        Some(value),
        format!("{property} '{value}' is already used in the tenant"),
    )
    .with_conflicting(conflicting))
}

/// The form of the written name, and the move between federated domains.
fn check_user_name(tenant: &Tenant, draft: &Draft<'_>) -> Result<(), Stop> {
    const PROPERTY: &str = "userPrincipalName";
    if !draft.is_changed(PROPERTY) {
        return Ok(());
    }
    let Some(name) = draft.body_text(PROPERTY) else {
        if draft.first {
            return Ok(());
        }
        return Err(ChangeError::of_value(
            "IdentityDataValidationFailed",
            PROPERTY,
            None,
            "a user must have a user principal name",
        )
        .into());
    };
    if check_name(&name) == Err(NameFault::Invalid) {
        return Err(ChangeError::of_value(
            "IdentityDataValidationFailed",
            PROPERTY,
            Some(&name),
            format!("user principal name '{name}' has characters or a format that is not supported"),
        )
        .into());
    }
    let old = domain_part(draft.before.text(PROPERTY).unwrap_or_default());
    let new = domain_part(&name);
    if !draft.created && !old.eq_ignore_ascii_case(new) && tenant.is_federated(old) && tenant.is_federated(new) {
        return Err(ChangeError::of_value(
            "FederatedDomainChangeError",
            PROPERTY,
            Some(&name),
            format!("the name moves from federated domain {old} to federated domain {new}; use the initial domain first"),
        )
        .into());
    }
    Ok(())
}

fn settle_nickname(draft: &mut Draft<'_>) {
    if !draft.is_changed("alias") {
        return;
    }
    let written = draft.body_text("alias");
    let nickname = match (&written, draft.first) {
        (Some(alias), _) => Some(alias.clone()),
        (None, true) => first_nickname(draft.object).or_else(|| draft.before.text("alias").map(str::to_owned)),
        // Clearing the written nickname does not take the name away.
        (None, false) => draft.before.text("alias").map(str::to_owned),
    };
    draft.object.set_effective("alias", nickname.map(Value::from));
}

fn settle_proxies(tenant: &Tenant, draft: &mut Draft<'_>) -> Result<Option<Vec<Quarantined>>, Stop> {
    let touched = draft.is_changed("proxyAddresses")
        || draft.is_changed("msExchRecipientTypeDetails")
        || quarantine::contains(&tenant.db, draft.object.id, quarantine::PROXY_ADDRESSES)?;
    if !touched {
        return Ok(None);
    }
    let visible = tenant.visible_proxies(draft.object);
    let mut taken = Vec::new();
    for proxy in &visible {
        let Some(address) = smtp_address(proxy) else {
            continue;
        };
        let owners = addresses::owners(&tenant.db, &address, &NAME_SOURCES, draft.object.id)?;
        if owners.is_empty() {
            continue;
        }
        let mut error = must_be_unique(tenant, "proxyAddresses", proxy, &owners)?;
        if !tenant.has(Flag::DuplicateProxyAddressResiliency) || hits_group_twice(tenant, draft, &address, &owners)? {
            return Err(error.into());
        }
        if is_second_new_group(tenant, draft, &owners)? {
            error.only_once = true;
            return Err(error.into());
        }
        taken.push(proxy.clone());
    }
    Tenant::use_proxies(draft.object, visible, &taken);
    let quarantined = taken.into_iter().map(|value| Quarantined { property: quarantine::PROXY_ADDRESSES, value, assigned: None });
    Ok(Some(quarantined.collect()))
}

/// A new user whose name and address both are a group's primary address is never quarantined.
fn hits_group_twice(tenant: &Tenant, draft: &Draft<'_>, address: &str, owners: &[i64]) -> Result<bool, SandboxError> {
    let same_name = draft.body_text("userPrincipalName").is_some_and(|name| name.to_lowercase() == address);
    if !(draft.created && draft.object.kind == Kind::User && same_name) {
        return Ok(false);
    }
    for owner in owners {
        if let Some(owner) = objects::by_row(&tenant.db, *owner)?
            && owner.kind == Kind::Group
            && primary_smtp(&owner.texts("proxyAddresses")).as_deref() == Some(address)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A new group with another group's address is refused at the first attempt and quarantined at the next.
fn is_second_new_group(tenant: &Tenant, draft: &Draft<'_>, owners: &[i64]) -> Result<bool, SandboxError> {
    if !(draft.created && draft.object.kind == Kind::Group) {
        return Ok(false);
    }
    if let Some(anchor) = &draft.object.anchor
        && quarantine::was_refused(&tenant.db, anchor)?
    {
        return Ok(false);
    }
    for owner in owners {
        if let Some(owner) = objects::by_row(&tenant.db, *owner)?
            && owner.kind == Kind::Group
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn settle_user_name(tenant: &mut Tenant, draft: &mut Draft<'_>) -> Result<Option<Vec<Quarantined>>, Stop> {
    const PROPERTY: &str = "userPrincipalName";
    let waiting = quarantine::contains(&tenant.db, draft.object.id, quarantine::USER_PRINCIPAL_NAME)?;
    if !draft.is_changed(PROPERTY) && !waiting {
        return Ok(None);
    }
    if !draft.first && !waiting && is_name_frozen(tenant, draft.before) {
        let kept = draft.before.text(PROPERTY).map(Value::from);
        draft.object.set_effective(PROPERTY, kept);
        return Ok(None);
    }
    let written = draft.body_text(PROPERTY);
    // A cloud user that is taken over without a written name keeps its own.
    let name = match (&written, draft.created) {
        (None, false) => draft.before.text(PROPERTY).map(str::to_owned),
        _ => written.clone(),
    };
    let Some(candidate) = tenant.name_candidate(draft.object, name.as_deref()) else {
        return Err(ChangeError::of_value(
            "IdentityDataValidationFailed",
            PROPERTY,
            written.as_deref(),
            "the user has neither a usable user principal name nor a nickname to make one from",
        )
        .into());
    };
    let owners = addresses::owners(&tenant.db, &candidate.to_lowercase(), &NAME_SOURCES, draft.object.id)?;
    if owners.is_empty() {
        draft.object.set_effective(PROPERTY, Some(json!(candidate)));
        return Ok(Some(Vec::new()));
    }
    if !tenant.has(Flag::DuplicateUpnResiliency) {
        return Err(must_be_unique(tenant, PROPERTY, &candidate, &owners)?.into());
    }
    // A claim that still waits keeps its placeholder.
    let kept = quarantine::of_object(&tenant.db, draft.object.id)?
        .into_iter()
        .any(|entry| entry.property == quarantine::USER_PRINCIPAL_NAME && entry.value == candidate)
        .then(|| draft.before.text(PROPERTY).map(str::to_owned))
        .flatten();
    let assigned = match kept {
        Some(name) => name,
        None => tenant.placeholder(&candidate, draft.object.id)?,
    };
    draft.object.set_effective(PROPERTY, Some(json!(assigned)));
    Ok(Some(vec![Quarantined { property: quarantine::USER_PRINCIPAL_NAME, value: candidate, assigned: Some(assigned) }]))
}

/// Without the feature, the name of a licensed user of a managed domain does not follow the written one.
fn is_name_frozen(tenant: &Tenant, before: &Object) -> bool {
    let licensed = before.cloud.get("assignedLicenses").and_then(Value::as_array).is_some_and(|licenses| !licenses.is_empty());
    let name = before.text("userPrincipalName").unwrap_or_default();
    !tenant.has(Flag::SynchronizeUpnForManagedUsers) && licensed && !tenant.is_federated(domain_part(name))
}
