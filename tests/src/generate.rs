//! A forest of any size as LDIF: departments, managers, groups; the same for the same size.

use std::fmt::Write as _;

const DEPARTMENTS: [&str; 8] = ["Engineering", "Sales", "Finance", "Legal", "Research", "Support", "Marketing", "Operations"];
const GIVEN_NAMES: [&str; 10] = ["Ada", "Björn", "Chloé", "Dmitri", "Élodie", "Farid", "Grace", "Håkan", "Ines", "João"];
const SURNAMES: [&str; 10] = ["Lovelace", "Müller", "Nguyen", "Okafor", "Pérez", "Quist", "Rossi", "Sørensen", "Tanaka", "Ünal"];

/// What a generated forest looks like.
#[derive(Clone, Copy, Debug)]
pub struct ForestShape {
    /// Number of users; a tenth as many groups of twenty members are made.
    pub users: usize,
    /// Users of every hundred whose department differs from that of the unchanged forest.
    pub changed_percent: usize,
}

/// Writes the forest as LDIF.
#[must_use]
pub fn forest(shape: ForestShape) -> String {
    let mut out = String::with_capacity(shape.users * 900);
    out.push_str("version: 1\n\n");
    container(&mut out, "DC=fabrikam,DC=com", "domainDNS", "dc: fabrikam", 1);
    container(&mut out, "OU=Groups,DC=fabrikam,DC=com", "organizationalUnit", "ou: Groups", 2);
    for (number, department) in DEPARTMENTS.iter().enumerate() {
        let dn = format!("OU={department},DC=fabrikam,DC=com");
        container(&mut out, &dn, "organizationalUnit", &format!("ou: {department}"), 3 + number);
    }
    for user in 0..shape.users {
        user_record(&mut out, user, shape);
    }
    for group in 0..shape.users / 10 {
        group_record(&mut out, group, shape.users);
    }
    out
}

/// A group of the forest's first users, as LDIF that follows [`forest`].
#[must_use]
pub fn large_group(name: &str, members: usize) -> String {
    let mut out = String::with_capacity(members * 90);
    line(&mut out, "dn", &format!("CN={name},OU=Groups,DC=fabrikam,DC=com"));
    line(&mut out, "objectClass", "top");
    line(&mut out, "objectClass", "group");
    for (attribute, value) in
        [("cn", name), ("displayName", name), ("sAMAccountName", "largegroup"), ("groupType", "-2147483646")]
    {
        line(&mut out, attribute, value);
    }
    for member in 0..members {
        line(&mut out, "member", &user_dn(member));
    }
    guid(&mut out, 3, 0);
    sid(&mut out, 20_000_000);
    out.push('\n');
    out
}

fn container(out: &mut String, dn: &str, class: &str, name: &str, number: usize) {
    line(out, "dn", dn);
    line(out, "objectClass", "top");
    line(out, "objectClass", class);
    out.push_str(name);
    out.push('\n');
    guid(out, 9, number);
    out.push('\n');
}

fn user_dn(user: usize) -> String {
    format!("CN={} {user:06},OU={},DC=fabrikam,DC=com", full_name(user), pick(&DEPARTMENTS, user))
}

fn full_name(user: usize) -> String {
    format!("{} {}", pick(&GIVEN_NAMES, user), pick(&SURNAMES, user / GIVEN_NAMES.len()))
}

fn pick<'a>(list: &[&'a str], number: usize) -> &'a str {
    list.get(number % list.len()).copied().unwrap_or("")
}

fn user_record(out: &mut String, user: usize, shape: ForestShape) {
    line(out, "dn", &user_dn(user));
    for class in ["top", "person", "organizationalPerson", "user"] {
        line(out, "objectClass", class);
    }
    let account = format!("user{user:06}");
    let department = if user % 100 < shape.changed_percent { "Reorganised" } else { pick(&DEPARTMENTS, user) };
    let name = format!("{} {user:06}", full_name(user));
    for (attribute, value) in [
        ("cn", name.as_str()),
        ("name", &name),
        ("displayName", &name),
        ("givenName", pick(&GIVEN_NAMES, user)),
        ("sn", pick(&SURNAMES, user / GIVEN_NAMES.len())),
        ("sAMAccountName", &account),
        ("userPrincipalName", &format!("{account}@fabrikam.com")),
        ("mail", &format!("{account}@fabrikam.com")),
        ("mailNickname", &account),
        ("proxyAddresses", &format!("SMTP:{account}@fabrikam.com")),
        ("proxyAddresses", &format!("smtp:{account}.alias@fabrikam.com")),
        ("userAccountControl", "512"),
        ("msExchRecipientTypeDetails", "1"),
        ("department", department),
        ("title", "Specialist"),
        ("company", "Fabrikam"),
        ("l", "Köln"),
        ("st", "NW"),
        ("c", "DE"),
        ("co", "Germany"),
        ("countryCode", "276"),
        ("postalCode", "50667"),
        ("streetAddress", "Domstraße 1"),
        ("telephoneNumber", &format!("+49 221 {user:06}")),
        ("physicalDeliveryOfficeName", "Köln 3"),
        ("employeeID", &format!("{user:08}")),
        ("extensionAttribute1", "regular"),
        ("pwdLastSet", "132514560000000000"),
    ] {
        line(out, attribute, value);
    }
    if user > 0 {
        line(out, "manager", &user_dn(user / 10));
    }
    guid(out, 1, user);
    sid(out, user);
    out.push('\n');
}

fn group_record(out: &mut String, group: usize, users: usize) {
    line(out, "dn", &format!("CN=Group {group:05},OU=Groups,DC=fabrikam,DC=com"));
    line(out, "objectClass", "top");
    line(out, "objectClass", "group");
    for (attribute, value) in [
        ("cn", format!("Group {group:05}")),
        ("displayName", format!("Group {group:05}")),
        ("sAMAccountName", format!("group{group:05}")),
        ("groupType", "-2147483646".to_owned()),
    ] {
        line(out, attribute, &value);
    }
    for member in 0..20.min(users) {
        line(out, "member", &user_dn((group * 10 + member * 7) % users));
    }
    guid(out, 2, group);
    sid(out, 10_000_000 + group);
    out.push('\n');
}

/// One attribute line; text beyond ASCII goes out as base64 (RFC 2849).
fn line(out: &mut String, attribute: &str, value: &str) {
    if value.is_ascii() {
        let _infallible = writeln!(out, "{attribute}: {value}");
    } else {
        let _infallible = writeln!(out, "{attribute}:: {}", base64(value.as_bytes()));
    }
}

fn guid(out: &mut String, kind: u8, number: usize) {
    let mut bytes = [0u8; 16];
    for (place, byte) in bytes.iter_mut().zip((number as u64).to_be_bytes()) {
        *place = byte;
    }
    if let Some(last) = bytes.last_mut() {
        *last = kind;
    }
    let _infallible = writeln!(out, "objectGUID:: {}", base64(&bytes));
}

fn sid(out: &mut String, number: usize) {
    let mut bytes = vec![1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    bytes.extend_from_slice(&u32::try_from(number + 1_000).unwrap_or(u32::MAX).to_le_bytes());
    let _infallible = writeln!(out, "objectSid:: {}", base64(&bytes));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
