//! The object classes and attributes of the sync channel.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Class of a directory object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    User,
    Group,
    Contact,
    Device,
    PublicFolder,
}

impl Kind {
    /// Every class, in the order of the stored numbers.
    pub(crate) const ALL: [Kind; 5] = [Kind::User, Kind::Group, Kind::Contact, Kind::Device, Kind::PublicFolder];

    /// Name of the class on the sync channel.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Contact => "contact",
            Kind::Device => "device",
            Kind::PublicFolder => "publicFolder",
        }
    }

    /// First part of a cloud anchor.
    pub(crate) fn anchor_prefix(self) -> &'static str {
        match self {
            Kind::User => "User",
            Kind::Group => "Group",
            Kind::Contact => "Contact",
            Kind::Device => "Device",
            Kind::PublicFolder => "PublicFolder",
        }
    }

    /// Number of the class in the database.
    pub(crate) fn number(self) -> i64 {
        match self {
            Kind::User => 1,
            Kind::Group => 2,
            Kind::Contact => 3,
            Kind::Device => 4,
            Kind::PublicFolder => 5,
        }
    }

    /// The class of a stored number.
    pub(crate) fn from_number(number: i64) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The class of a name on the sync channel, any case.
    pub(crate) fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Whether addresses of this class must be unique in the tenant.
    pub(crate) fn has_unique_addresses(self) -> bool {
        matches!(self, Kind::User | Kind::Group | Kind::Contact)
    }

    fn letter(self) -> char {
        match self {
            Kind::User => 'u',
            Kind::Group => 'g',
            Kind::Contact => 'c',
            Kind::Device => 'd',
            Kind::PublicFolder => 'p',
        }
    }
}

/// What a value of an attribute looks like on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Text,
    Integer,
    Boolean,
    /// Base64 text.
    Binary,
    /// A source anchor or a cloud anchor.
    Reference,
    /// Any scalar: attributes of directory extensions.
    Any,
}

/// One attribute of the sync channel.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) syntax: Syntax,
    pub(crate) multi: bool,
    classes: String,
    /// Written by the tenant only.
    pub(crate) read_only: bool,
}

impl Attribute {
    /// An attribute of a directory extension.
    pub(crate) fn extension(name: &str, multi: bool) -> Attribute {
        Attribute { name: name.to_owned(), syntax: Syntax::Any, multi, classes: String::new(), read_only: false }
    }

    /// Whether objects of the class may carry the attribute.
    pub(crate) fn belongs_to(&self, kind: Kind) -> bool {
        self.classes.contains(kind.letter())
    }
}

static TABLE: LazyLock<HashMap<String, Attribute>> = LazyLock::new(|| {
    include_str!("../assets/connector-schema.txt")
        .lines()
        .filter_map(parse_line)
        .map(|attribute| (attribute.name.to_ascii_lowercase(), attribute))
        .collect()
});

fn parse_line(line: &str) -> Option<Attribute> {
    if line.starts_with('#') {
        return None;
    }
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let syntax = match words.next()? {
        "text" => Syntax::Text,
        "integer" => Syntax::Integer,
        "boolean" => Syntax::Boolean,
        "binary" => Syntax::Binary,
        "reference" => Syntax::Reference,
        _ => return None,
    };
    let multi = words.next()? == "multi";
    let classes = words.next()?.to_owned();
    let read_only = words.next() == Some("r");
    Some(Attribute { name, syntax, multi, classes, read_only })
}

/// The attribute of a name (any case), if objects of the class may carry it.
pub(crate) fn attribute(kind: Kind, name: &str) -> Option<&'static Attribute> {
    TABLE.get(&name.to_ascii_lowercase()).filter(|attribute| attribute.belongs_to(kind))
}

/// Whether the name has the form of a directory extension: `extension_<32 hex digits>_<name>`.
pub(crate) fn is_extension(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("extension_") else {
        return false;
    };
    let Some((application, own)) = rest.split_once('_') else {
        return false;
    };
    application.len() == 32 && application.bytes().all(|byte| byte.is_ascii_hexdigit()) && !own.is_empty()
}

/// Longest text of an attribute, where the directory limits it.
pub(crate) fn max_length(name: &str) -> Option<usize> {
    let limit = match name {
        "displayName" => 256,
        "givenName" | "surname" | "alias" | "department" | "company" | "mobile" => 64,
        "title" | "city" | "state" | "country" => 128,
        "postalCode" => 40,
        "streetAddress" | "description" => 1024,
        _ => return None,
    };
    Some(limit)
}

/// Largest number of values of an attribute, where the directory limits it.
pub(crate) fn max_count(name: &str) -> Option<usize> {
    match name {
        "userCertificate" | "userSMIMECertificate" => Some(15),
        "proxyAddresses" => Some(300),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_the_documented_number_of_attributes() {
        // The export of the connector counts these; the three later additions are taken off.
        let added = ["employeeid", "onpremisesdistinguishedname", "preferreddatalocation"];
        let count = |kind: Kind| {
            TABLE.iter().filter(|(name, attribute)| attribute.belongs_to(kind) && !added.contains(&name.as_str())).count()
        };
        let counts: Vec<usize> = Kind::ALL.into_iter().map(count).collect();
        assert_eq!(counts, [152, 71, 101, 26, 15]);
    }

    #[test]
    fn attributes_are_found_by_class_and_any_case() {
        let manager = attribute(Kind::User, "MANAGER").unwrap();
        assert_eq!((manager.syntax, manager.multi), (Syntax::Reference, false));
        assert!(attribute(Kind::Group, "manager").is_none());
        assert!(attribute(Kind::Device, "cloudDisplayName").unwrap().read_only);
        assert!(attribute(Kind::User, "favouriteColour").is_none());
    }

    #[test]
    fn extension_names_need_an_application_id() {
        assert!(is_extension("extension_0123456789abcdef0123456789abcdef_badge"));
        assert!(!is_extension("extension_0123_badge"));
        assert!(!is_extension("extensionAttribute1"));
    }
}
