//! The entity sets that are served and their properties.

use serde_json::{Value, json};

use super::error::GraphError;
use super::{Stop, context, version};
use crate::SandboxError;
use crate::schema::Kind;
use crate::server::http::{Reply, Request};
use crate::tenant::{Domain, Tenant};

/// One entity set of directory objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entity {
    pub(super) kind: Kind,
    /// Name of the set.
    pub(super) set: &'static str,
    /// Name of the type.
    pub(super) odata_type: &'static str,
    /// Properties that are sent without `$select`.
    pub(super) default: &'static [&'static str],
    /// Properties that are sent only on request.
    pub(super) further: &'static [&'static str],
}

pub(super) const USER: Entity = Entity {
    kind: Kind::User,
    set: "users",
    odata_type: "#microsoft.graph.user",
    default: &[
        "businessPhones",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
        "id",
    ],
    further: &[
        "accountEnabled",
        "ageGroup",
        "assignedLicenses",
        "assignedPlans",
        "city",
        "companyName",
        "consentProvidedForMinor",
        "country",
        "createdDateTime",
        "creationType",
        "deletedDateTime",
        "department",
        "employeeHireDate",
        "employeeId",
        "employeeType",
        "externalUserState",
        "externalUserStateChangeDateTime",
        "faxNumber",
        "imAddresses",
        "lastPasswordChangeDateTime",
        "legalAgeGroupClassification",
        "mailNickname",
        "onPremisesDistinguishedName",
        "onPremisesDomainName",
        "onPremisesExtensionAttributes",
        "onPremisesImmutableId",
        "onPremisesLastSyncDateTime",
        "onPremisesProvisioningErrors",
        "onPremisesSamAccountName",
        "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled",
        "onPremisesUserPrincipalName",
        "otherMails",
        "passwordPolicies",
        "passwordProfile",
        "postalCode",
        "preferredDataLocation",
        "provisionedPlans",
        "proxyAddresses",
        "securityIdentifier",
        "serviceProvisioningErrors",
        "showInAddressList",
        "state",
        "streetAddress",
        "usageLocation",
        "userType",
    ],
};

pub(super) const GROUP: Entity = Entity {
    kind: Kind::Group,
    set: "groups",
    odata_type: "#microsoft.graph.group",
    default: &[
        "id",
        "deletedDateTime",
        "classification",
        "createdDateTime",
        "description",
        "displayName",
        "expirationDateTime",
        "groupTypes",
        "isAssignableToRole",
        "mail",
        "mailEnabled",
        "mailNickname",
        "membershipRule",
        "membershipRuleProcessingState",
        "onPremisesDomainName",
        "onPremisesLastSyncDateTime",
        "onPremisesNetBiosName",
        "onPremisesProvisioningErrors",
        "onPremisesSamAccountName",
        "onPremisesSecurityIdentifier",
        "onPremisesSyncEnabled",
        "preferredDataLocation",
        "preferredLanguage",
        "proxyAddresses",
        "renewedDateTime",
        "resourceBehaviorOptions",
        "resourceProvisioningOptions",
        "securityEnabled",
        "securityIdentifier",
        "serviceProvisioningErrors",
        "theme",
        "uniqueName",
        "visibility",
    ],
    further: &["assignedLicenses", "hasMembersWithLicenseErrors"],
};

pub(super) const CONTACT: Entity = Entity {
    kind: Kind::Contact,
    set: "contacts",
    odata_type: "#microsoft.graph.orgContact",
    default: &[
        "id",
        "deletedDateTime",
        "addresses",
        "companyName",
        "department",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mailNickname",
        "onPremisesLastSyncDateTime",
        "onPremisesProvisioningErrors",
        "onPremisesSyncEnabled",
        "phones",
        "proxyAddresses",
        "serviceProvisioningErrors",
        "surname",
    ],
    further: &[],
};

/// Devices are served only as members of groups so far.
const DEVICE: Entity = Entity {
    kind: Kind::Device,
    set: "devices",
    odata_type: "#microsoft.graph.device",
    default: &["id", "deletedDateTime", "accountEnabled", "displayName", "onPremisesLastSyncDateTime", "onPremisesSyncEnabled"],
    further: &[],
};

impl Entity {
    /// The entity of a class; public folders have none.
    pub(super) fn of(kind: Kind) -> Option<Entity> {
        match kind {
            Kind::User => Some(USER),
            Kind::Group => Some(GROUP),
            Kind::Contact => Some(CONTACT),
            Kind::Device => Some(DEVICE),
            Kind::PublicFolder => None,
        }
    }

    /// Whether the type has the property.
    pub(super) fn has(&self, name: &str) -> bool {
        self.default.contains(&name)
            || self.further.contains(&name)
            || (self.kind == Kind::User && name.starts_with("extension_"))
    }
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
    let selected = select(request, all, "id")?;
    Ok(Reply::json(
        200,
        json!({
            "@odata.context": context(request, version(request), "organization"),
            "value": [selected],
        }),
    ))
}

fn created(tenant: &Tenant) -> Result<Option<String>, SandboxError> {
    crate::store::setting(&tenant.db, "created")
}

/// `GET /domains`.
pub(super) fn domains(tenant: &Tenant, request: &Request) -> Result<Reply, Stop> {
    let mut value = Vec::new();
    for domain in tenant.domains() {
        value.push(select(request, domain_json(domain), "id")?);
    }
    Ok(Reply::json(
        200,
        json!({
            "@odata.context": context(request, version(request), "domains"),
            "value": value,
        }),
    ))
}

/// `GET /domains/{name}`.
pub(super) fn domain(tenant: &Tenant, request: &Request, name: &str) -> Result<Reply, Stop> {
    let domain = tenant.domain(name).ok_or_else(|| GraphError::not_found(name))?;
    let mut body = select(request, domain_json(domain), "id")?;
    if let Some(fields) = body.as_object_mut() {
        let context = context(request, version(request), "domains/$entity");
        fields.insert("@odata.context".to_owned(), context);
    }
    Ok(Reply::json(200, body))
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

/// Keeps the properties of `$select`.
fn select(request: &Request, all: Value, always: &str) -> Result<Value, GraphError> {
    let Some(wanted) = request.option("$select") else {
        return Ok(all);
    };
    let names: Vec<&str> = wanted.split(',').map(str::trim).collect();
    for name in &names {
        if all.get(*name).is_none() {
            return Err(GraphError::unknown_property(name));
        }
    }
    let kept = all
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.as_str() == always || names.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(Value::Object(kept))
}
