//! From a staged change to requests of a size that domain controllers accept. Pure.

use super::directory::Directory;
use super::session::{Modification, ModificationKind};
use crate::connector::{EntryValue, ExportAttributeChange, ExportChange, ExportValue};
use crate::model::{AlgorithmStep, Dn, ErrorCode, ObjectError, fold_text};

/// Values of one request at most; a domain controller takes 5,000 in a transaction.
const VALUES: usize = 1_000;

/// Octets of one request at most; a domain controller takes 10 MiB.
const OCTETS: usize = 2 * 1024 * 1024;

/// What is never written, whatever the rules say: passwords, and what they are made of.
const PASSWORDS: &[&str] = &[
    "authpassword",
    "cleartextpassword",
    "dbcspwd",
    "initialauthincoming",
    "initialauthoutgoing",
    "krbprincipalkey",
    "lmpwdhistory",
    "ntpwdhistory",
    "pwdhistory",
    "sambalmpassword",
    "sambantpassword",
    "sambapasswordhistory",
    "supplementalcredentials",
    "unicodepwd",
    "userpassword",
];

/// True for a password, and for what is made of one. The name is folded.
pub(in crate::connector) fn is_password(attribute: &str) -> bool {
    PASSWORDS.contains(&attribute)
}

/// A change in requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::connector) struct Requests {
    /// The attributes of a new object.
    pub(in crate::connector) first: Vec<(String, Vec<Vec<u8>>)>,
    /// What follows, request by request.
    pub(in crate::connector) rest: Vec<Vec<Modification>>,
}

/// The requests for a change. `new` is a new object, which gets its naming attribute by its name.
pub(in crate::connector) fn requests<D: Directory>(
    directory: &D,
    change: &ExportChange,
    new: bool,
) -> Result<Requests, Box<ObjectError>> {
    let naming = Dn::parse(&change.dn).ok().and_then(|dn| dn.rdn()).map(|rdn| fold_text(&rdn.attribute));
    let mut requests = Requests::default();
    if new {
        requests.first.push(("objectClass".to_owned(), vec![change.object_type.clone().into_bytes()]));
    }
    let mut parts = Vec::new();
    let mut classes = Vec::new();
    for (name, wanted) in &change.attributes {
        let folded = fold_text(name);
        let refuse = |code: ErrorCode, why: &str| {
            let message = format!("{}, attribute {name}: {why}", change.dn);
            Err(Box::new(ObjectError::new(code, message).attribute(name).at(AlgorithmStep::Export)))
        };
        if is_password(&folded) {
            let why = "passwords are not written by synchronization rules; take the attribute out of the outbound rules";
            return refuse(ErrorCode::from_directory("password-set-disallowed"), why);
        }
        if new && folded == "objectclass" {
            if let ExportAttributeChange::Replace(values) | ExportAttributeChange::Values { adds: values, .. } = wanted {
                classes.extend(values.iter().map(|value| self::octets(directory, value)));
            }
            continue;
        }
        let is_name = D::NAMING_ATTRIBUTE_IS_NAME && naming.as_ref() == Some(&folded);
        if new && is_name {
            continue;
        }
        if folded == fold_text(directory.anchor_attribute()) {
            return refuse(ErrorCode::READONLY_ATTRIBUTE, "the directory gives the identity of an object itself");
        }
        if is_name {
            let why = "the attribute is the object's name; rename the object instead";
            return refuse(ErrorCode::from_directory("modify-naming-attribute"), why);
        }
        let octets = |values: &[ExportValue]| values.iter().map(|value| self::octets(directory, value)).collect::<Vec<_>>();
        let part = |kind, values| Modification { kind, attribute: directory.description(name), values };
        match wanted {
            ExportAttributeChange::Replace(values) if new => {
                let mut pieces = pieces(octets(values)).into_iter();
                if let Some(first) = pieces.next() {
                    requests.first.push((directory.description(name), first));
                }
                parts.extend(pieces.map(|values| part(ModificationKind::Add, values)));
            }
            ExportAttributeChange::Replace(values) => {
                let mut pieces = pieces(octets(values)).into_iter();
                parts.push(part(ModificationKind::Replace, pieces.next().unwrap_or_default()));
                parts.extend(pieces.map(|values| part(ModificationKind::Add, values)));
            }
            ExportAttributeChange::Values { adds, deletes } => {
                if !new {
                    parts.extend(pieces(octets(deletes)).into_iter().map(|values| part(ModificationKind::Delete, values)));
                }
                parts.extend(pieces(octets(adds)).into_iter().map(|values| part(ModificationKind::Add, values)));
            }
            ExportAttributeChange::Delete if new => {}
            // Replacing by nothing is no error when the attribute is gone already.
            ExportAttributeChange::Delete => parts.push(part(ModificationKind::Replace, Vec::new())),
        }
    }
    if let Some((_, known)) = requests.first.first_mut().filter(|_| new) {
        classes.retain(|class| !class.eq_ignore_ascii_case(change.object_type.as_bytes()));
        known.extend(classes);
    }
    requests.rest = fill(parts);
    Ok(requests)
}

/// Cuts values into pieces that fit a request.
fn pieces(values: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let mut pieces: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut size = 0;
    for value in values {
        match pieces.last_mut() {
            Some(piece) if piece.len() < VALUES && size + value.len() <= OCTETS => {
                size += value.len();
                piece.push(value);
            }
            _ => {
                size = value.len();
                pieces.push(vec![value]);
            }
        }
    }
    pieces
}

/// Puts parts together in requests, in their order.
fn fill(parts: Vec<Modification>) -> Vec<Vec<Modification>> {
    let mut requests: Vec<Vec<Modification>> = Vec::new();
    let (mut values, mut octets) = (0, 0);
    for part in parts {
        let (more, size) = (part.values.len().max(1), part.values.iter().map(Vec::len).sum::<usize>());
        match requests.last_mut() {
            Some(request) if values + more <= VALUES && octets + size <= OCTETS => request.push(part),
            _ => {
                (values, octets) = (0, 0);
                requests.push(vec![part]);
            }
        }
        values += more;
        octets += size;
    }
    requests
}

/// A value as the directory takes it. A reference is given by the target's identity where that is known, so
/// that it is found wherever it has been moved to.
pub(in crate::connector) fn octets<D: Directory>(directory: &D, value: &ExportValue) -> Vec<u8> {
    match value {
        ExportValue::Plain(EntryValue::Text(text) | EntryValue::Reference(text)) => text.clone().into_bytes(),
        ExportValue::Plain(EntryValue::Binary(octets)) => octets.clone(),
        ExportValue::Plain(EntryValue::Integer(number)) => number.to_string().into_bytes(),
        ExportValue::Plain(EntryValue::Boolean(true)) => b"TRUE".to_vec(),
        ExportValue::Plain(EntryValue::Boolean(false)) => b"FALSE".to_vec(),
        ExportValue::Reference(target) => {
            let named = target.anchor.as_ref().and_then(|anchor| directory.identity_name(anchor));
            named.unwrap_or_else(|| target.dn.clone()).into_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::connector::active_directory::ActiveDirectorySettings;
    use crate::connector::{Anchor, EntryAttributes, ExportOperation, ReferenceTarget};

    fn text(value: &str) -> ExportValue {
        ExportValue::Plain(EntryValue::Text(value.to_owned()))
    }

    fn change(attributes: Vec<(&str, ExportAttributeChange)>) -> ExportChange {
        ExportChange {
            dn: "CN=a,DC=x".to_owned(),
            object_type: "user".to_owned(),
            anchor: None,
            operation: ExportOperation::Update { new_dn: None },
            attributes: attributes.into_iter().map(|(name, change)| (name.to_owned(), change)).collect(),
            identity: EntryAttributes::new(),
            whole: BTreeMap::new(),
        }
    }

    /// Requests as `+member 3` (add), `-member 2` (delete), `=mail 1` (replace).
    fn described(requests: &Requests) -> Vec<String> {
        let part = |part: &Modification| {
            let sign = match part.kind {
                ModificationKind::Add => '+',
                ModificationKind::Delete => '-',
                ModificationKind::Replace => '=',
            };
            format!("{sign}{} {}", part.attribute, part.values.len())
        };
        let first = requests.first.iter().map(|(name, values)| format!("{name} {}", values.len())).collect::<Vec<_>>();
        let rest = requests.rest.iter().map(|request| request.iter().map(part).collect::<Vec<_>>().join(", "));
        [first.join(", ")].into_iter().filter(|text| !text.is_empty()).chain(rest).collect()
    }

    #[test]
    fn changes_become_requests_of_bounded_size() {
        let many = |count: usize| (0..count).map(|number| text(&format!("CN={number}"))).collect::<Vec<_>>();
        let check = |new: bool, attributes: Vec<(&str, ExportAttributeChange)>, expected: &[&str]| {
            assert_eq!(described(&requests(&ActiveDirectorySettings::default(), &change(attributes), new).unwrap()), expected);
        };
        let replace = |count| ExportAttributeChange::Replace(many(count));
        let values = |adds, deletes| ExportAttributeChange::Values { adds: many(adds), deletes: many(deletes) };
        check(false, vec![("mail", replace(1)), ("title", ExportAttributeChange::Delete)], &["=mail 1, =title 0"]);
        check(false, vec![("mail", replace(0))], &["=mail 0"]);
        check(false, vec![("member", values(2, 1)), ("title", replace(1))], &["-member 1, +member 2, =title 1"]);
        check(false, vec![("member", values(2_500, 0))], &["+member 1000", "+member 1000", "+member 500"]);
        check(false, vec![("member", values(600, 600))], &["-member 600", "+member 600"]);
        check(false, vec![("member", replace(1_001))], &["=member 1000", "+member 1"]);
        check(true, vec![("cn", replace(1)), ("mail", replace(1))], &["objectClass 1, mail 1"]);
        check(
            true,
            vec![("member", replace(1_500)), ("title", ExportAttributeChange::Delete)],
            &["objectClass 1, member 1000", "+member 500"],
        );
        let large = ExportValue::Plain(EntryValue::Binary(vec![0; OCTETS / 2 + 1]));
        check(false, vec![("photo", ExportAttributeChange::Replace(vec![large.clone(), large]))], &["=photo 1", "+photo 1"]);
    }

    #[test]
    fn what_must_not_be_written_is_refused_by_name() {
        let check = |attribute: &str, new: bool, code: &str| {
            let error = requests(
                &ActiveDirectorySettings::default(),
                &change(vec![(attribute, ExportAttributeChange::Replace(vec![text("v")]))]),
                new,
            )
            .unwrap_err();
            assert_eq!((error.code.as_str(), error.detail.attribute.as_deref()), (code, Some(attribute)));
            assert!(!error.message.contains("\"v\""));
        };
        check("unicodePwd", true, "password-set-disallowed");
        check("USERPASSWORD", false, "password-set-disallowed");
        check("objectGUID", false, "readonly-attribute");
        check("CN", false, "modify-naming-attribute");
    }

    #[test]
    fn values_are_written_as_the_directory_reads_them() {
        let check =
            |value: ExportValue, expected: &[u8]| assert_eq!(octets(&ActiveDirectorySettings::default(), &value), expected);
        let plain = ExportValue::Plain;
        check(plain(EntryValue::Text("ä".to_owned())), "ä".as_bytes());
        check(plain(EntryValue::Integer(-5)), b"-5");
        check(plain(EntryValue::Boolean(true)), b"TRUE");
        check(plain(EntryValue::Binary(vec![0, 255])), &[0, 255]);
        let target = |anchor: Option<Vec<u8>>| {
            ExportValue::Reference(ReferenceTarget { dn: "CN=t,DC=x".to_owned(), anchor: anchor.map(Anchor) })
        };
        check(target(None), b"CN=t,DC=x");
        check(target(Some(vec![0xab; 16])), format!("<GUID={}>", "ab".repeat(16)).as_bytes());
        check(target(Some(vec![1])), b"CN=t,DC=x");
    }
}
