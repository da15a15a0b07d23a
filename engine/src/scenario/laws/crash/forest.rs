//! Two forests that change at random, as LDIF.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use rand::Rng;
use rand::rngs::StdRng;

/// Objects that there can be in each forest.
const USERS: [u8; 2] = [12, 6];
const GROUPS: u8 = 4;

/// Somebody or something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Object {
    /// Its identity; another one after it was made anew.
    guid: [u8; 16],
    name: String,
    /// A contact instead of a user.
    contact: bool,
    department: Option<u8>,
    manager: Option<u8>,
    members: Vec<u8>,
}

/// The content of both forests, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Forests {
    users: [BTreeMap<u8, Object>; 2],
    groups: BTreeMap<u8, Object>,
    made: u8,
}

impl Forests {
    /// Changes things here and there; the first change fills the forests.
    pub(super) fn change(&mut self, random: &mut StdRng) {
        let first = self.made == 0;
        for (forest, users) in USERS.into_iter().enumerate() {
            for number in 0..users {
                let known = self.users[forest].contains_key(&number);
                match random.random_range(0..8) {
                    _ if first => self.make(forest, number, random),
                    0 if known => {
                        self.users[forest].remove(&number);
                    }
                    0 => self.make(forest, number, random),
                    1 if known => {
                        let user = self.users[forest].get_mut(&number).unwrap();
                        user.department = random.random_bool(0.8).then(|| random.random_range(0..9));
                        user.manager = random.random_bool(0.7).then(|| random.random_range(0..users));
                    }
                    2 if known => self.users[forest].get_mut(&number).unwrap().name = format!("U{number} {}", self.made),
                    3 if known && random.random_bool(0.3) => self.make(forest, number, random),
                    _ => {}
                }
            }
        }
        for number in 0..GROUPS {
            if first || random.random_bool(0.4) {
                let members = (0..USERS[0]).filter(|_| random.random_bool(0.5)).collect();
                let guid = [200 + number; 16];
                self.groups.insert(number, Object { guid, name: format!("G{number}"), members, ..Object::default() });
            } else if random.random_bool(0.1) {
                self.groups.remove(&number);
            }
        }
        self.made += 1;
    }

    fn make(&mut self, forest: usize, number: u8, random: &mut StdRng) {
        let mut guid = [number + 1; 16];
        (guid[0], guid[1]) = (self.made, u8::try_from(forest).unwrap());
        let object = Object {
            guid,
            name: format!("U{number}"),
            contact: forest == 1 && number.is_multiple_of(3),
            department: Some(random.random_range(0..9)),
            manager: random.random_bool(0.7).then(|| random.random_range(0..USERS[forest])),
            members: Vec::new(),
        };
        self.users[forest].insert(number, object);
    }

    /// Name and content of the files.
    pub(super) fn files(&self) -> [(&'static str, String); 2] {
        [("A", self.file(0)), ("B", self.file(1))]
    }

    fn file(&self, forest: usize) -> String {
        let base = ["DC=contoso,DC=com", "DC=fabrikam,DC=com"][forest];
        let base64 = |guid: [u8; 16]| base64::engine::general_purpose::STANDARD.encode(guid);
        let mut text = format!(
            "version: 1\n\ndn: {base}\nobjectClass: domainDNS\nobjectGUID:: {}\n\ndn: OU=Corp,{base}\nobjectClass: organizationalUnit\nobjectGUID:: {}\n",
            base64([[252; 16], [253; 16]][forest]),
            base64([[254; 16], [255; 16]][forest])
        );
        let dn = |name: &str| format!("CN={name},OU=Corp,{base}");
        let users = &self.users[forest];
        for (number, user) in users {
            let class = if user.contact { "contact" } else { "user" };
            write!(text, "\ndn: {}\nobjectClass: {class}\nobjectGUID:: {}\n", dn(&user.name), base64(user.guid)).unwrap();
            // Half of those of the second forest are people of the first.
            let person = if forest == 1 && number % 2 == 0 { 100 + number } else { *number };
            writeln!(text, "displayName: Person {person}\nmail: p{person}@contoso.com").unwrap();
            if !user.contact {
                writeln!(text, "userPrincipalName: p{person}@contoso.com\nsAMAccountName: p{person}").unwrap();
            }
            if let Some(department) = user.department {
                writeln!(text, "department: D{department}").unwrap();
            }
            if let Some(manager) = user.manager.and_then(|manager| users.get(&manager)) {
                writeln!(text, "manager: {}", dn(&manager.name)).unwrap();
            }
        }
        if forest == 0 {
            for group in self.groups.values() {
                write!(text, "\ndn: {}\nobjectClass: group\nobjectGUID:: {}\n", dn(&group.name), base64(group.guid)).unwrap();
                writeln!(text, "displayName: {}", group.name).unwrap();
                for member in group.members.iter().filter_map(|member| users.get(member)) {
                    writeln!(text, "member: {}", dn(&member.name)).unwrap();
                }
            }
        }
        text
    }
}

impl fmt::Display for Forests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files().iter().try_for_each(|(name, text)| write!(f, "{name}.ldif:\n{text}\n"))
    }
}
