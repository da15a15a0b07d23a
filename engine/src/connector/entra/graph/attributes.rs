//! The capability table: which property of Microsoft Graph holds which attribute, and what can be written
//! (`entra-connector.md` 3.2).

use serde::Serialize;

use crate::model::Schema;

/// How the values of an attribute lie in its property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Plain,
    /// As the only one of a list.
    OneOfList,
    /// As the opposite.
    Opposite,
    /// As a property of `onPremisesExtensionAttributes`.
    Extension,
    /// As a time in another notation.
    Time,
    /// As a reference, told by a relation.
    Relation,
}

/// What can be done with an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is read and written.
    Write,
    /// It is read, and nobody may write it, for this reason.
    Read(&'static str),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// The attribute of the connector space.
    pub attribute: &'static str,
    /// The property of Microsoft Graph.
    pub property: &'static str,
    /// How the values lie in it.
    pub form: Form,
    /// What can be done with it.
    pub access: Access,
}

const fn plain(attribute: &'static str, property: &'static str) -> Mapping {
    Mapping { attribute, property, form: Form::Plain, access: Access::Write }
}

const fn same(name: &'static str) -> Mapping {
    plain(name, name)
}

const fn formed(attribute: &'static str, property: &'static str, form: Form) -> Mapping {
    Mapping { attribute, property, form, access: Access::Write }
}

const fn read(attribute: &'static str, property: &'static str, why: &'static str) -> Mapping {
    Mapping { attribute, property, form: Form::Plain, access: Access::Read(why) }
}

const fn extension(name: &'static str) -> Mapping {
    formed(name, name, Form::Extension)
}

/// Holder of the extension attributes.
pub const EXTENSION_ATTRIBUTES: &str = "onPremisesExtensionAttributes";

const ADDRESSES: &str = "Microsoft Graph lets nobody write addresses: the primary one follows mail";
const ON_PREMISES: &str = "only Microsoft's own synchronization writes it";
const BY_SERVICE: &str = "the service itself writes it";
const GROUP_MAIL: &str = "the mail service owns the addresses of groups";
const MAIL_GROUPS: &str = "Microsoft Graph makes no groups that are only for mail; they belong to the mail service";
const PHOTO: &str = "photos belong to mailboxes, which not every user has; they are not synchronized";
const NO_PROPERTY: &str = "Microsoft Graph has no such property";
const CONTACTS: &str = "Microsoft Graph lets nobody write contacts";
const DEVICES: &str = "Microsoft Graph lets no application write devices";
const PUBLIC_FOLDERS: &str = "Microsoft Graph has no public folders";

const USER: &[Mapping] = &[
    same("accountEnabled"),
    plain("alias", "mailNickname"),
    same("city"),
    plain("company", "companyName"),
    same("country"),
    same("department"),
    same("displayName"),
    read("dnsDomainName", "onPremisesDomainName", ON_PREMISES),
    plain("employeeID", "employeeId"),
    extension("extensionAttribute1"),
    extension("extensionAttribute2"),
    extension("extensionAttribute3"),
    extension("extensionAttribute4"),
    extension("extensionAttribute5"),
    extension("extensionAttribute6"),
    extension("extensionAttribute7"),
    extension("extensionAttribute8"),
    extension("extensionAttribute9"),
    extension("extensionAttribute10"),
    extension("extensionAttribute11"),
    extension("extensionAttribute12"),
    extension("extensionAttribute13"),
    extension("extensionAttribute14"),
    extension("extensionAttribute15"),
    plain("facsimileTelephoneNumber", "faxNumber"),
    same("givenName"),
    Mapping {
        attribute: "lastPasswordChangeTimestamp",
        property: "lastPasswordChangeDateTime",
        form: Form::Time,
        access: Access::Read(BY_SERVICE),
    },
    same("mail"),
    formed("manager", "manager", Form::Relation),
    plain("mobile", "mobilePhone"),
    formed("msExchHideFromAddressLists", "showInAddressList", Form::Opposite),
    read("onPremisesSamAccountName", "onPremisesSamAccountName", ON_PREMISES),
    read("onPremisesUserPrincipalName", "onPremisesUserPrincipalName", ON_PREMISES),
    plain("physicalDeliveryOfficeName", "officeLocation"),
    same("postalCode"),
    same("preferredDataLocation"),
    same("preferredLanguage"),
    read("proxyAddresses", "proxyAddresses", ADDRESSES),
    same("state"),
    same("streetAddress"),
    same("surname"),
    formed("telephoneNumber", "businessPhones", Form::OneOfList),
    plain("title", "jobTitle"),
    same("usageLocation"),
    same("userPrincipalName"),
];

const GROUP: &[Mapping] = &[
    plain("alias", "mailNickname"),
    same("description"),
    same("displayName"),
    read("mail", "mail", GROUP_MAIL),
    formed("member", "members", Form::Relation),
    read("proxyAddresses", "proxyAddresses", GROUP_MAIL),
    same("securityEnabled"),
];

const CONTACT: &[Mapping] = &[
    read("alias", "mailNickname", CONTACTS),
    read("company", "companyName", CONTACTS),
    read("department", "department", CONTACTS),
    read("displayName", "displayName", CONTACTS),
    read("givenName", "givenName", CONTACTS),
    read("mail", "mail", CONTACTS),
    read("proxyAddresses", "proxyAddresses", CONTACTS),
    read("surname", "surname", CONTACTS),
    read("title", "jobTitle", CONTACTS),
];

const DEVICE: &[Mapping] = &[
    read("accountEnabled", "accountEnabled", DEVICES),
    read("deviceOSType", "operatingSystem", DEVICES),
    read("deviceOSVersion", "operatingSystemVersion", DEVICES),
    read("deviceObjectVersion", "deviceVersion", DEVICES),
    read("devicePhysicalIds", "physicalIds", DEVICES),
    read("deviceTrustType", "trustType", DEVICES),
    read("displayName", "displayName", DEVICES),
    read("isCompliant", "isCompliant", DEVICES),
    read("isManaged", "isManaged", DEVICES),
];

/// Attributes that identify an object and stand in no line of the table.
pub const SOURCE_ANCHOR: &str = "sourceAnchor";
/// The attribute that holds the anchor that an object has in the tenant.
pub const CLOUD_ANCHOR: &str = "cloudAnchor";

/// A class of objects of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Users.
    User,
    /// Groups.
    Group,
    /// Contacts of the organization.
    Contact,
    /// Devices.
    Device,
}

impl Kind {
    /// All classes, in the order in which an import reads them.
    pub const ALL: [Self; 4] = [Self::User, Self::Contact, Self::Device, Self::Group];

    /// Path of the collection.
    pub fn set(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Group => "groups",
            Self::Contact => "contacts",
            Self::Device => "devices",
        }
    }

    /// Object type in the connector space.
    pub fn object_type(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Contact => "contact",
            Self::Device => "device",
        }
    }

    /// First part of the cloud anchor.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Contact => "Contact",
            Self::Device => "Device",
        }
    }

    /// The class of an object type.
    pub fn of_type(object_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.object_type().eq_ignore_ascii_case(object_type))
    }

    /// The class that a type annotation names.
    pub fn of_annotation(annotation: &str) -> Option<Self> {
        match annotation.trim_start_matches('#') {
            "microsoft.graph.user" => Some(Self::User),
            "microsoft.graph.group" => Some(Self::Group),
            "microsoft.graph.orgContact" => Some(Self::Contact),
            "microsoft.graph.device" => Some(Self::Device),
            _ => None,
        }
    }

    /// The table of the class.
    pub fn mappings(self) -> &'static [Mapping] {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
            Self::Contact => CONTACT,
            Self::Device => DEVICE,
        }
    }

    /// Why objects of the class cannot be written, if they cannot.
    pub fn unwritable(self) -> Option<&'static str> {
        match self {
            Self::User | Self::Group => None,
            Self::Contact => Some(CONTACTS),
            Self::Device => Some(DEVICES),
        }
    }
}

/// The line of an attribute.
pub fn mapping(kind: Kind, attribute: &str) -> Option<&'static Mapping> {
    kind.mappings().iter().find(|mapping| mapping.attribute.eq_ignore_ascii_case(attribute))
}

/// True for the full name of a directory extension, which is a property of the same name.
pub fn is_directory_extension(attribute: &str) -> bool {
    let mut parts = attribute.splitn(3, '_');
    parts.next().is_some_and(|first| first.eq_ignore_ascii_case("extension"))
        && parts.next().is_some_and(|application| application.len() == 32)
        && parts.next().is_some_and(|own| !own.is_empty())
}

/// Why an attribute of an object type is never written; nothing when it is.
#[must_use]
pub fn reason_not_written(object_type: &str, attribute: &str) -> Option<&'static str> {
    let Some(kind) = Kind::of_type(object_type) else { return Some(PUBLIC_FOLDERS) };
    if let Some(reason) = kind.unwritable() {
        return Some(reason);
    }
    if [SOURCE_ANCHOR, CLOUD_ANCHOR].iter().any(|anchor| anchor.eq_ignore_ascii_case(attribute))
        || is_directory_extension(attribute)
    {
        return None;
    }
    match mapping(kind, attribute).map(|mapping| mapping.access) {
        Some(Access::Write) => None,
        Some(Access::Read(reason)) => Some(reason),
        None if attribute.eq_ignore_ascii_case("thumbnailPhoto") => Some(PHOTO),
        None => Some(NO_PROPERTY),
    }
}

/// Why an object is never made; nothing when it is. `security` tells whether a group is one of security.
#[must_use]
pub fn reason_not_made(object_type: &str, security: Option<bool>) -> Option<&'static str> {
    let Some(kind) = Kind::of_type(object_type) else { return Some(PUBLIC_FOLDERS) };
    kind.unwritable().or_else(|| (kind == Kind::Group && security == Some(false)).then_some(MAIL_GROUPS))
}

/// Marks in the tenant's schema what Microsoft Graph lets nobody write, and what it shows is no evidence of.
pub fn mark(schema: &mut Schema) {
    // Every user and every group gets a nickname; one that has none of its own gets one that was made up.
    schema.set_write_only("alias");
    let types: Vec<String> = schema.types().map(str::to_owned).collect();
    for object_type in types {
        if Kind::of_type(&object_type).is_none_or(|kind| kind.unwritable().is_some()) {
            schema.set_type_read_only(&object_type);
            continue;
        }
        let names: Vec<String> = schema.attributes_of(&object_type).map(|attribute| attribute.name.clone()).collect();
        for name in names.iter().filter(|name| reason_not_written(&object_type, name).is_some()) {
            schema.set_read_only(&object_type, name);
        }
    }
}

/// What can be done with one attribute of the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeCapability {
    /// Object type.
    pub object_type: String,
    /// Attribute.
    pub attribute: String,
    /// The property that holds it; empty when there is none.
    pub property: String,
    /// It is imported.
    pub read: bool,
    /// It is exported.
    pub written: bool,
    /// Why it is not exported.
    pub reason: Option<String>,
}

/// The whole table for a schema, ordered by object type and attribute.
pub fn capabilities(schema: &Schema) -> Vec<AttributeCapability> {
    let mut table = Vec::new();
    for object_type in schema.types() {
        let kind = Kind::of_type(object_type);
        for attribute in schema.attributes_of(object_type) {
            let name = attribute.name.as_str();
            let property = match (kind, name) {
                (Some(Kind::User), SOURCE_ANCHOR) => "onPremisesImmutableId",
                (Some(Kind::Group), SOURCE_ANCHOR) => "extension_…_sourceAnchor",
                (Some(_), CLOUD_ANCHOR) => "id",
                (Some(_), name) if is_directory_extension(name) => name,
                (Some(kind), name) => mapping(kind, name).map_or("", |mapping| mapping.property),
                (None, _) => "",
            };
            let reason = reason_not_written(object_type, name);
            table.push(AttributeCapability {
                object_type: object_type.to_owned(),
                attribute: name.to_owned(),
                property: property.to_owned(),
                read: !property.is_empty(),
                written: reason.is_none() && name != CLOUD_ANCHOR,
                reason: reason.map(str::to_owned),
            });
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_written_has_a_reason() {
        let check = |object_type: &str, attribute: &str, expected: Option<&str>| {
            assert_eq!(reason_not_written(object_type, attribute), expected, "{object_type}.{attribute}");
        };
        check("user", "DisplayName", None);
        check("user", "manager", None);
        check("user", "sourceAnchor", None);
        check("user", "extension_0123456789abcdef0123456789abcdef_division", None);
        check("user", "extension_short_division", Some(NO_PROPERTY));
        check("user", "proxyAddresses", Some(ADDRESSES));
        check("user", "msRtcSipLine", Some(NO_PROPERTY));
        check("user", "thumbnailPhoto", Some(PHOTO));
        check("group", "mail", Some(GROUP_MAIL));
        check("group", "member", None);
        check("group", "manager", Some(NO_PROPERTY));
        check("contact", "displayName", Some(CONTACTS));
        check("device", "displayName", Some(DEVICES));
        check("publicFolder", "displayName", Some(PUBLIC_FOLDERS));
    }

    #[test]
    fn the_schema_knows_what_cannot_be_written() {
        let mut schema = Schema::from_toml(super::super::super::TENANT_SCHEMA).unwrap();
        mark(&mut schema);
        assert!(schema.is_type_writable("user") && schema.is_type_writable("group"));
        assert!(!schema.is_type_writable("contact") && !schema.is_type_writable("device"));
        assert!(!schema.is_type_writable("publicFolder"));
        let written = |object_type: &str| {
            let names = schema.attributes_of(object_type).map(|attribute| attribute.name.as_str());
            names.filter(|name| schema.is_writable(object_type, name)).collect::<Vec<_>>()
        };
        assert_eq!(
            written("group"),
            ["alias", "cloudAnchor", "description", "displayName", "member", "securityEnabled", "sourceAnchor"]
        );
        assert_eq!(written("user").len(), 40, "{:?}", written("user"));
        let table = capabilities(&schema);
        assert!(table.iter().all(|row| row.written != row.reason.is_some() || row.attribute == "cloudAnchor"), "{table:?}");
        assert!(table.iter().filter(|row| row.written).all(|row| row.read));
    }

    #[test]
    fn every_line_names_an_attribute_once() {
        for kind in Kind::ALL {
            let names: std::collections::BTreeSet<&str> = kind.mappings().iter().map(|mapping| mapping.attribute).collect();
            assert_eq!(names.len(), kind.mappings().len(), "{kind:?}");
        }
    }
}
