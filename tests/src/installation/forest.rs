//! The objects of the generated forest; the same for the same shape.

use syncline_engine::connector::memory::MemoryEntry;
use syncline_engine::connector::{EntryAttributes, EntryValue};
use xxhash_rust::xxh3::xxh3_128;

/// Naming context of the forest.
pub const DOMAIN: &str = "DC=fabrikam,DC=com";

const DEPARTMENTS: [&str; 8] = ["Engineering", "Sales", "Finance", "Legal", "Research", "Support", "Marketing", "Operations"];

/// How large it is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Users.
    pub users: usize,
    /// Groups; the first is the large one.
    pub groups: usize,
    /// Members of the large group.
    pub large_group: usize,
}

/// Identity of a user.
pub fn user_anchor(user: usize) -> Vec<u8> {
    anchor(1, user)
}

/// Identity of a group.
pub fn group_anchor(group: usize) -> Vec<u8> {
    anchor(2, group)
}

/// Sixteen bytes that look as random as the GUID of an object does, and are the same every time.
fn anchor(kind: u8, number: usize) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&(number as u64).to_be_bytes());
    xxh3_128(&bytes).to_be_bytes().to_vec()
}

/// The department of a user.
pub fn department_of(user: usize) -> &'static str {
    DEPARTMENTS.get(user % DEPARTMENTS.len()).copied().unwrap_or_default()
}

fn user_dn(user: usize) -> String {
    format!("CN=User {user:07},OU={},{DOMAIN}", department_of(user))
}

/// The names of a group's members.
pub fn group_members(shape: Shape, group: usize) -> Vec<String> {
    if group == 0 {
        return (0..shape.large_group).map(user_dn).collect();
    }
    (0..20.min(shape.users)).map(|member| user_dn((group * 31 + member * 7) % shape.users)).collect()
}

/// The containers.
pub fn containers() -> impl Iterator<Item = MemoryEntry> {
    let container =
        |number: usize, dn: String, class: &str| MemoryEntry::new(anchor(9, number), &dn, class, EntryAttributes::new());
    let units = DEPARTMENTS.iter().chain(["Groups"].iter()).enumerate();
    std::iter::once(container(0, DOMAIN.to_owned(), "domainDNS"))
        .chain(units.map(move |(place, name)| container(place + 1, format!("OU={name},{DOMAIN}"), "organizationalUnit")))
}

/// A user with forty attributes; a tenth of all users are managers.
pub fn user(user: usize) -> MemoryEntry {
    let account = format!("user{user:07}");
    let mut attributes = EntryAttributes::new();
    let mut text = |name: &str, values: &[String]| {
        attributes.insert(name.to_owned(), values.iter().map(|value| EntryValue::Text(value.clone())).collect());
    };
    for (name, value) in [
        ("cn", format!("User {user:07}")),
        ("displayName", format!("Người dùng {user:07}")),
        ("givenName", format!("Ada {}", user % 97)),
        ("sn", format!("Lovelace {}", user % 89)),
        ("sAMAccountName", account.clone()),
        ("userPrincipalName", format!("{account}@fabrikam.com")),
        ("mail", format!("{account}@fabrikam.com")),
        ("mailNickname", account.clone()),
        ("department", department_of(user).to_owned()),
        ("title", format!("Specialist {}", user % 13)),
        ("company", "Fabrikam".to_owned()),
        ("l", "Köln".to_owned()),
        ("st", "NW".to_owned()),
        ("c", "DE".to_owned()),
        ("co", "Germany".to_owned()),
        ("postalCode", "50667".to_owned()),
        ("streetAddress", format!("Domstraße {}", user % 200)),
        ("telephoneNumber", format!("+49 221 {user:07}")),
        ("facsimileTelephoneNumber", format!("+49 221 9{user:07}")),
        ("mobile", format!("+49 170 {user:07}")),
        ("homePhone", format!("+49 222 {user:07}")),
        ("pager", format!("{user:05}")),
        ("ipPhone", format!("{:05}", user % 100_000)),
        ("physicalDeliveryOfficeName", format!("Köln {}", user % 7)),
        ("employeeID", format!("{user:08}")),
        ("initials", "A.".to_owned()),
        ("middleName", "King".to_owned()),
        ("info", format!("Note about {account} ")),
        ("wWWHomePage", format!("https://fabrikam.com/{account}")),
        ("preferredLanguage", "de-DE".to_owned()),
        ("extensionAttribute1", "regular".to_owned()),
        ("extensionAttribute2", format!("cost center {}", user % 311)),
        ("msExchAssistantName", "Charles".to_owned()),
    ] {
        text(name, &[value]);
    }
    text("proxyAddresses", &[format!("SMTP:{account}@fabrikam.com"), format!("smtp:{account}.alias@fabrikam.com")]);
    text("description", &[format!("Account of {account}")]);
    attributes.insert("userAccountControl".to_owned(), vec![EntryValue::Integer(512)]);
    attributes.insert("countryCode".to_owned(), vec![EntryValue::Integer(276)]);
    attributes.insert("pwdLastSet".to_owned(), vec![EntryValue::Integer(132_514_560_000_000_000)]);
    // Nobody is above the first.
    if user > 0 {
        attributes.insert("manager".to_owned(), vec![EntryValue::Reference(user_dn(user / 10))]);
    }
    security(&mut attributes, user_anchor(user), user);
    MemoryEntry::new(user_anchor(user), &user_dn(user), "user", attributes)
}

/// A group.
pub fn group(shape: Shape, group: usize) -> MemoryEntry {
    let mut attributes = EntryAttributes::new();
    for (name, value) in [
        ("cn", format!("Group {group:06}")),
        ("displayName", format!("Group {group:06}")),
        ("sAMAccountName", format!("group{group:06}")),
    ] {
        attributes.insert(name.to_owned(), vec![EntryValue::Text(value)]);
    }
    attributes.insert("groupType".to_owned(), vec![EntryValue::Integer(-2_147_483_646)]);
    attributes.insert("member".to_owned(), group_members(shape, group).into_iter().map(EntryValue::Reference).collect());
    security(&mut attributes, group_anchor(group), shape.users + group);
    MemoryEntry::new(group_anchor(group), &format!("CN=Group {group:06},OU=Groups,{DOMAIN}"), "group", attributes)
}

fn security(attributes: &mut EntryAttributes, anchor: Vec<u8>, number: usize) {
    let mut sid = vec![1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0];
    sid.extend_from_slice(&u32::try_from(number + 1_000).unwrap_or(u32::MAX).to_le_bytes());
    attributes.insert("objectSid".to_owned(), vec![EntryValue::Binary(sid)]);
    attributes.insert("objectGUID".to_owned(), vec![EntryValue::Binary(anchor)]);
}
