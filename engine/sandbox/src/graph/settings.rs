//! The organization, its domains, and how it is synchronized.

use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::query;
use super::types::{self, Entity};
use super::write;
use super::{Stop, context, single};
use crate::SandboxError;
use crate::server::http::{Reply, Request};
use crate::store::changes::{Action, Details};
use crate::store::objects::Object;
use crate::tenant::{CompanyPatch, Domain, Flag, Tenant};

/// Features of the directory's settings with their flags; the one without a flag is stored only.
const FEATURES: &[(&str, Option<Flag>)] = &[
    ("allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled", None),
    ("blockCloudObjectTakeoverThroughHardMatchEnabled", Some(Flag::BlockHardMatchTakeover)),
    ("blockSoftMatchEnabled", Some(Flag::BlockSoftMatch)),
    ("bypassDirSyncOverridesEnabled", Some(Flag::BypassDirSyncOverrides)),
    ("cloudPasswordPolicyForPasswordSyncedUsersEnabled", Some(Flag::EnforceCloudPasswordPolicy)),
    ("concurrentCredentialUpdateEnabled", Some(Flag::ConcurrentCredentialUpdate)),
    ("concurrentOrgIdProvisioningEnabled", Some(Flag::ConcurrentOrgIdProvisioning)),
    ("deviceWritebackEnabled", Some(Flag::DeviceWriteback)),
    ("directoryExtensionsEnabled", Some(Flag::DirectoryExtensions)),
    ("fopeConflictResolutionEnabled", Some(Flag::FopeConflictResolution)),
    ("groupWriteBackEnabled", Some(Flag::GroupWriteback)),
    ("passwordSyncEnabled", Some(Flag::PasswordHashSync)),
    ("passwordWritebackEnabled", Some(Flag::PasswordWriteBack)),
    ("quarantineUponProxyAddressesConflictEnabled", Some(Flag::DuplicateProxyAddressResiliency)),
    ("quarantineUponUpnConflictEnabled", Some(Flag::DuplicateUpnResiliency)),
    ("softMatchOnUpnEnabled", Some(Flag::SoftMatchOnUpn)),
    ("synchronizeUpnForManagedUsersEnabled", Some(Flag::SynchronizeUpnForManagedUsers)),
    ("unifiedGroupWritebackEnabled", Some(Flag::UnifiedGroupWriteback)),
    ("userForcePasswordChangeOnLogonEnabled", Some(Flag::ForcePasswordChangeOnLogon)),
    ("userWritebackEnabled", Some(Flag::UserWriteback)),
];

fn typed(name: &str, request: &Request) -> Result<Entity, GraphError> {
    types::entity(name).ok_or_else(|| GraphError::not_implemented(request))
}

/// `GET /organization`.
pub(super) fn organization(tenant: &Tenant, request: &Request) -> Result<Reply, Stop> {
    let company = tenant.company()?;
    let domains: Vec<Value> = tenant
        .domains()
        .iter()
        .filter(|domain| domain.is_verified)
        .map(|domain| {
            json!({
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": domain.is_initial,
                "isInitial": domain.is_initial,
                "name": domain.name,
                "type": domain.authentication,
            })
        })
        .collect();
    let all = json!({
        "id": tenant.tenant_id(),
        "deletedDateTime": null,
        "displayName": tenant.display_name(),
        "businessPhones": [],
        "city": null,
        "country": null,
        "countryLetterCode": null,
        "createdDateTime": created(tenant)?,
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": company
            .last_sync
            .map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        "onPremisesSyncEnabled": company.sync_enabled,
        "postalCode": null,
        "preferredLanguage": "en",
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "state": null,
        "street": null,
        "technicalNotificationMails": [],
        "tenantType": "AAD",
        "assignedPlans": [],
        "provisionedPlans": [],
        "verifiedDomains": domains,
    });
    let entity = typed("organization", request)?;
    Ok(query::list(request, "organization", vec![query::alone(request, entity, all)?]))
}

fn created(tenant: &Tenant) -> Result<Option<String>, SandboxError> {
    crate::store::setting(&tenant.db, "created")
}

/// `GET /domains`.
pub(super) fn domains(tenant: &Tenant, request: &Request) -> Result<Reply, Stop> {
    let entity = typed("domain", request)?;
    let mut value = Vec::new();
    for domain in tenant.domains() {
        value.push(query::alone(request, entity, domain_json(domain))?);
    }
    Ok(query::list(request, "domains", value))
}

/// `GET /domains/{name}`.
pub(super) fn domain(tenant: &Tenant, request: &Request, name: &str) -> Result<Reply, Stop> {
    let domain = tenant.domain(name).ok_or_else(|| GraphError::not_found(name))?;
    let body = query::alone(request, typed("domain", request)?, domain_json(domain))?;
    Ok(single(200, context(request, "domains/$entity"), body))
}

fn domain_json(domain: &Domain) -> Value {
    json!({
        "id": domain.name,
        "authenticationType": domain.authentication,
        "availabilityStatus": null,
        "isAdminManaged": true,
        "isDefault": domain.is_initial,
        "isInitial": domain.is_initial,
        "isRoot": true,
        "isVerified": domain.is_verified,
        "supportedServices": if domain.is_verified { json!(["Email"]) } else { json!([]) },
        "passwordValidityPeriodInDays": 2_147_483_647,
        "passwordNotificationWindowInDays": 14,
        "state": null,
    })
}

/// `GET /directory/onPremisesSynchronization`, the list of one or that one.
pub(super) fn synchronization(tenant: &Tenant, request: &Request, id: Option<&str>) -> Result<Reply, Stop> {
    let entity = typed("onPremisesDirectorySynchronization", request)?;
    let own = tenant.tenant_id().to_string();
    let company = tenant.company()?;
    let threshold =
        if company.prevention == "enabledForPercentage" { company.threshold_percentage } else { company.threshold_count };
    let mut features = Map::new();
    for (name, flag) in FEATURES {
        let on = match flag {
            Some(flag) => tenant.has(*flag),
            None => crate::store::setting(&tenant.db, name)?.as_deref() == Some("true"),
        };
        features.insert((*name).to_owned(), json!(on));
    }
    let all = json!({
        "id": own,
        "configuration": { "accidentalDeletionPrevention": {
            "synchronizationPreventionType": company.prevention,
            "alertThreshold": threshold,
        } },
        "features": features,
    });
    let body = query::alone(request, entity, all)?;
    match id {
        None => Ok(query::list(request, "directory/onPremisesSynchronization", vec![body])),
        Some(id) if id.eq_ignore_ascii_case(&own) => {
            Ok(single(200, context(request, "directory/onPremisesSynchronization/$entity"), body))
        }
        Some(id) => Err(GraphError::not_found(id).into()),
    }
}

/// `PATCH /directory/onPremisesSynchronization/{id}`.
pub(super) fn patch_synchronization(tenant: &mut Tenant, request: &Request, id: &str) -> Result<Reply, Stop> {
    if !id.eq_ignore_ascii_case(&tenant.tenant_id().to_string()) {
        return Err(GraphError::not_found(id).into());
    }
    let entity = typed("onPremisesDirectorySynchronization", request)?;
    let written = write::read(request, entity)?;
    write::check(entity, &written, write::Moment::Change)?;
    if let Some(guard) = written.get("configuration").and_then(|value| value.get("accidentalDeletionPrevention")) {
        tenant.patch_company(&guard_patch(tenant, guard)?)?;
    }
    let mut flags = tenant.flags();
    for (name, value) in written.get("features").and_then(Value::as_object).into_iter().flatten() {
        let Some(on) = value.as_bool() else {
            continue;
        };
        match FEATURES.iter().find(|(known, _)| known == name) {
            Some((_, Some(flag))) => {
                let stuck = (flag.is_permanent() && !on) || *flag == Flag::PasswordWriteBack;
                if stuck && tenant.has(*flag) != on {
                    return Err(GraphError::bad_request(format!("Property '{name}' cannot be changed to {on}.")).into());
                }
                flags.set(*flag, on);
            }
            Some((_, None)) => crate::store::set_setting(&tenant.db, name, if on { "true" } else { "false" })?,
            None => {}
        }
    }
    tenant.set_flags(flags)?;
    Ok(Reply::empty(204))
}

fn guard_patch(tenant: &Tenant, guard: &Value) -> Result<CompanyPatch, Stop> {
    let kind = match guard.get("synchronizationPreventionType").and_then(Value::as_str) {
        Some(kind) => kind.to_owned(),
        None => tenant.company()?.prevention,
    };
    let threshold = guard.get("alertThreshold").and_then(Value::as_u64);
    let by_percentage = kind == "enabledForPercentage";
    let patch = CompanyPatch {
        anchor_attribute: None,
        threshold_count: threshold.filter(|_| !by_percentage),
        threshold_percentage: threshold.filter(|_| by_percentage),
        prevent_accidental_deletion: Some(kind),
    };
    if patch.is_valid() {
        Ok(patch)
    } else {
        Err(GraphError::bad_request("Invalid value specified for property 'alertThreshold'.").into())
    }
}

/// Whether the cloud is the object's source of authority although it was synchronized.
pub(super) fn is_cloud_managed(object: &Object) -> bool {
    object.cloud.get("isCloudManaged").and_then(Value::as_bool).unwrap_or(false)
}

/// `GET /groups/{id}/onPremisesSyncBehavior` and the like.
pub(super) fn sync_behavior(request: &Request, entity: Entity, object: &Object) -> Reply {
    let what = format!("{}('{}')/onPremisesSyncBehavior/$entity", entity.set, object.object_id);
    let body = json!({ "id": object.object_id, "isCloudManaged": is_cloud_managed(object) });
    single(200, context(request, &what), body)
}

/// `PATCH /groups/{id}/onPremisesSyncBehavior` and the like.
pub(super) fn patch_sync_behavior(tenant: &Tenant, request: &Request, mut object: Object) -> Result<Reply, Stop> {
    let entity = typed("onPremisesSyncBehavior", request)?;
    let written = write::read(request, entity)?;
    write::check(entity, &written, write::Moment::Change)?;
    if object.synced.is_none() {
        return Err(GraphError::bad_request("The object was never synchronized from on-premises.").into());
    }
    let before = object.clone();
    if let Some(value) = written.get("isCloudManaged") {
        object.cloud.insert("isCloudManaged".to_owned(), value.clone());
    }
    let details = Details::between(&before, &object);
    tenant.commit_object(&mut object, Action::Updated, &details)?;
    Ok(Reply::empty(204))
}
