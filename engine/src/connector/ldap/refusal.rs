//! Why a directory refused a change, in the documented codes (`engine.md` 9, export).

use super::failure::{clean, code_and_text};
use super::server::Words;
use crate::model::{AlgorithmStep, ErrorCode, ObjectError};

/// What was to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connector) enum Doing {
    Add,
    Modify,
    Rename,
    Delete,
}

/// LDAP results after which the same change may succeed later: time limit, busy, unavailable.
pub(in crate::connector) fn is_passing(code: u32) -> bool {
    matches!(code, 3 | 51 | 52)
}

/// The error behind a result. `attributes` are those that the request names; the text of the server only helps
/// to find out which of them is meant, and its eight hexadecimal digits (a Windows error) what exactly is wrong.
pub(in crate::connector) fn refusal(
    words: &Words,
    doing: Doing,
    dn: &str,
    code: u32,
    text: &str,
    attributes: &[&str],
) -> ObjectError {
    let attribute = culprit(text, attributes);
    let (error, meaning) =
        meaning(words, doing, code, windows_error(text).filter(|_| words.active_directory).unwrap_or_default());
    let place = match attribute {
        Some(name) => format!("{dn}, attribute {name}"),
        None => dn.to_owned(),
    };
    let message = format!("{place}: {meaning} ({})", code_and_text(code, text));
    let mut error = ObjectError::new(error, message).at(AlgorithmStep::Export);
    error.detail.server_detail = Some(clean(text)).filter(|text| !text.is_empty());
    match attribute {
        Some(name) => error.attribute(name),
        None => error,
    }
}

fn meaning(words: &Words, doing: Doing, code: u32, windows: &str) -> (ErrorCode, &'static str) {
    let own = |name: &'static str| ErrorCode::from_directory(name);
    match (code, windows, doing) {
        (19 | 53, "0000052D", _) => {
            (own("password-policy-violation"), "the directory wants a password that fits its policy; give the account one")
        }
        (53, "00002035" | "00002077" | "0000209A", _) | (19, "00002035", _) => {
            (ErrorCode::READONLY_ATTRIBUTE, "the directory keeps this attribute itself; take it out of the outbound rules")
        }
        (19, "000021C7" | "000021C8", _) => {
            (ErrorCode::CONSTRAINT_VIOLATION, "another object of the forest has this value; make it unique")
        }
        (10 | 71, _, _) => (
            ErrorCode::CD_ERROR,
            if words.active_directory {
                "the object or its new place belongs to another domain; objects are not moved between domains"
            } else {
                "the object or its new place belongs to another server; objects are not moved between servers"
            },
        ),
        (16 | 17, _, _) => {
            (own("schema-violation"), "the directory does not know the attribute, or it has no such value; refresh the schema")
        }
        (18, _, _) | (21, _, _) => {
            (own("syntax-violation"), "the value does not fit the attribute's syntax; correct the rule or the value")
        }
        (19, _, _) => (
            ErrorCode::CONSTRAINT_VIOLATION,
            "the directory does not allow this value; check its length, its range and whether it is used already",
        ),
        (20, _, _) | (68, _, Doing::Modify) => (
            own("cd-existing-attribute-or-value"),
            "the value is there already, or the attribute takes one value only; run a full import",
        ),
        (32, _, Doing::Add) => (
            ErrorCode::NON_EXISTENT_PARENT,
            "the parent does not exist; create the container or change the rule that names the object",
        ),
        (32, _, Doing::Modify | Doing::Rename | Doing::Delete) => {
            (ErrorCode::CD_MISSING_OBJECT, "the object is not in the directory; run a full import")
        }
        (34, _, _) | (64, _, _) => {
            (ErrorCode::INVALID_DN, "the directory does not accept this name; change the rule that names the object")
        }
        (50, _, _) => (
            ErrorCode::PERMISSION_ISSUE,
            if words.active_directory {
                "the forest account may not write this; grant it the right (see syncline ad check-permissions)"
            } else {
                "the account may not write this; grant it write access"
            },
        ),
        (65, _, Doing::Add) => (
            own("missing-provisioning-attribute"),
            "the object lacks an attribute that its class must have, or has one that its class may not have",
        ),
        (65 | 69, _, _) => (own("schema-violation"), "the object's class does not have this attribute; correct the rule"),
        (66, _, _) => (own("unsupported-container-delete"), "there are objects below it; delete or move them first"),
        (67, _, _) => (own("modify-naming-attribute"), "the attribute is part of the object's name; rename the object instead"),
        (68, _, Doing::Rename) => (own("rename-to-existing-dn"), "another object has the new name; rename one of them"),
        (68, _, Doing::Add | Doing::Delete) => (
            ErrorCode::CD_EXISTING_OBJECT,
            "an object of this name or account name exists already; run a full import, or rename one of them",
        ),
        (code, _, _) if is_passing(code) => {
            (ErrorCode::CD_CONNECTIVITY, "the directory is busy or not available now; the change is sent again")
        }
        _ => (ErrorCode::CD_ERROR, "the directory refused the change"),
    }
}

/// The attribute that the server's text names, or the only one there is.
fn culprit<'a>(text: &str, attributes: &[&'a str]) -> Option<&'a str> {
    if let [only] = attributes {
        return Some(only);
    }
    let is_part = |character: char| character.is_alphanumeric() || character == '-';
    let mut words = text.split(|character: char| !is_part(character)).filter(|word| !word.is_empty());
    words.find_map(|word| attributes.iter().find(|name| name.eq_ignore_ascii_case(word)).copied())
}

/// `00002035` at the beginning of a text.
fn windows_error(text: &str) -> Option<&str> {
    text.get(..8).filter(|start| start.chars().all(|character| character.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_documented_codes() {
        let check = |doing: Doing, code: u32, text: &str, expected: &str| {
            let error = refusal(&super::super::server::ACTIVE_DIRECTORY, doing, "CN=a,DC=x", code, text, &["mail"]);
            assert_eq!(error.code.as_str(), expected, "{doing:?} {code} {text}");
            assert!(error.message.starts_with("CN=a,DC=x, attribute mail: "), "{error:?}");
            assert!(error.message.contains(&format!("result {code}")), "{error:?}");
            assert_eq!(error.detail.attribute.as_deref(), Some("mail"));
        };
        check(Doing::Add, 68, "00002071: samldb: samAccountName 'a' already in use!", "cd-existing-object");
        check(Doing::Rename, 68, "", "rename-to-existing-dn");
        check(Doing::Modify, 68, "", "cd-existing-attribute-or-value");
        check(Doing::Modify, 20, "0000200D", "cd-existing-attribute-or-value");
        check(Doing::Add, 32, "00002030", "non-existent-parent");
        check(Doing::Modify, 32, "00002030", "cd-missing-object");
        check(Doing::Modify, 19, "0000202F: already in use", "constraint-violation");
        check(Doing::Modify, 19, "000021C8: UPN", "constraint-violation");
        check(Doing::Modify, 19, "0000052D: Constraint violation", "password-policy-violation");
        check(Doing::Modify, 53, "0000052D", "password-policy-violation");
        check(Doing::Modify, 53, "00002035", "readonly-attribute");
        check(Doing::Modify, 53, "", "cd-error");
        check(Doing::Modify, 16, "", "schema-violation");
        check(Doing::Modify, 21, "0000200B", "syntax-violation");
        check(Doing::Modify, 50, "00002098: no write property access", "permission-issue");
        check(Doing::Add, 65, "", "missing-provisioning-attribute");
        check(Doing::Modify, 65, "", "schema-violation");
        check(Doing::Delete, 66, "00002015", "unsupported-container-delete");
        check(Doing::Rename, 34, "", "invalid-dn");
        check(Doing::Modify, 67, "", "modify-naming-attribute");
        check(Doing::Modify, 51, "", "cd-connectivity-error");
    }

    #[test]
    fn the_attribute_is_found_in_the_servers_text() {
        let check = |text: &str, attributes: &[&str], expected: Option<&str>| {
            assert_eq!(culprit(text, attributes), expected, "{text}");
        };
        check("", &["mail"], Some("mail"));
        check("0000200B: att 'Mail' on entry 'CN=a'", &["title", "mail"], Some("mail"));
        check("0000200B: mailbox", &["title", "mail"], None);
        check("problem with mS-DS-ConsistencyGuid!", &["mS-DS-ConsistencyGuid", "DS"], Some("mS-DS-ConsistencyGuid"));
        check("", &["title", "mail"], None);
        check("title", &[], None);
    }
}
