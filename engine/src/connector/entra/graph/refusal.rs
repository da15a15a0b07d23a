//! What Microsoft Graph says when it refuses a write, in the documented codes (`entra-connector.md` 2.7).

use serde_json::Value;

use super::attributes::{Kind, SOURCE_ANCHOR};
use super::batch::Answer;
use super::object::USER_ANCHOR;
use crate::model::{AlgorithmStep, ErrorCode, ObjectError};

/// Code of a value that another object has.
const CONFLICT: &str = "ObjectConflict";

/// The error of an object whose write was refused.
pub fn refusal(kind: Kind, answer: &Answer) -> ObjectError {
    let fault = answer.fault();
    let details = || answer.body.pointer("/error/details").and_then(Value::as_array).into_iter().flatten();
    let text = |detail: &Value, name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let target = |code: &str| details().find(|detail| text(detail, "code") == code).map(|detail| text(detail, "target"));
    let any_target = details().map(|detail| text(detail, "target")).find(|target| !target.is_empty());
    let conflict = target(CONFLICT);
    let property = conflict.clone().or(any_target).filter(|property| !property.contains('_') || is_extension(property));
    let attribute = property.as_deref().map(|property| attribute_of(kind, property));
    let code = match answer.status {
        400 | 409 if conflict.is_some() => ErrorCode::from_directory("AttributeValueMustBeUnique"),
        400 if is_read_only(&fault.code, &fault.message) => ErrorCode::READONLY_ATTRIBUTE,
        400 if attribute.as_deref() == Some("userPrincipalName") => ErrorCode::from_directory("IdentityDataValidationFailed"),
        400 => ErrorCode::CONSTRAINT_VIOLATION,
        403 => ErrorCode::PERMISSION_ISSUE,
        404 => ErrorCode::CD_MISSING_OBJECT,
        _ => ErrorCode::CD_ERROR,
    };
    let mut message = format!("the tenant refused the change (HTTP {} {})", answer.status, fault.code);
    if let Some(attribute) = &attribute {
        message.push_str(&format!(", attribute \"{attribute}\""));
    }
    if !fault.message.is_empty() {
        message.push_str(&format!(": {}", fault.message));
    }
    let others: Vec<String> =
        details().filter(|detail| text(detail, "code") == "ConflictingObjects").map(|detail| text(detail, "target")).collect();
    if !others.is_empty() {
        message.push_str(&format!("; in conflict with {}", others.join(", ")));
    }
    let mut error = ObjectError::new(code, message).at(AlgorithmStep::Export);
    error.detail.attribute = attribute;
    let request = answer.request_id.as_ref().map(|id| format!("request id {id}"));
    let said: Vec<String> = [Some(fault.message).filter(|text| !text.is_empty()), request].into_iter().flatten().collect();
    error.detail.server_detail = (!said.is_empty()).then(|| said.join("; "));
    error
}

/// True for the refusal of a reference that is there already, which is what was wanted. The service has no code of its
/// own for it.
pub fn is_there_already(answer: &Answer) -> bool {
    answer.status == 400 && answer.fault().message.contains("already exist")
}

/// On-premises mastered objects and read-only properties have no code of their own either.
fn is_read_only(code: &str, message: &str) -> bool {
    code.eq_ignore_ascii_case("propertyNotUpdateable")
        || message.contains("on-premises mastered Directory Sync objects")
        || message.contains("is read-only")
}

fn is_extension(property: &str) -> bool {
    property.starts_with("extension_")
}

/// The attribute that a property holds.
fn attribute_of(kind: Kind, property: &str) -> String {
    if property == USER_ANCHOR {
        return SOURCE_ANCHOR.to_owned();
    }
    let known = kind.mappings().iter().find(|mapping| mapping.property.eq_ignore_ascii_case(property));
    known.map_or(property, |mapping| mapping.attribute).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_have_the_documented_codes() {
        let check = |status: u16, error: Value, code: &str, attribute: Option<&str>| {
            let answer = Answer { status, body: json!({ "error": error }), request_id: Some("r-1".into()) };
            let found = refusal(Kind::User, &answer);
            assert_eq!((found.code.as_str(), found.detail.attribute.as_deref()), (code, attribute), "{error}");
            assert!(found.detail.server_detail.unwrap().ends_with("request id r-1"));
        };
        let bad = |message: &str, details: Value| json!({"code": "Request_BadRequest", "message": message, "details": details});
        check(
            400,
            bad(
                "taken",
                json!([{"code": "ObjectConflict", "target": "mail"}, {"code": "ConflictingObjects", "target": "User_1"}]),
            ),
            "AttributeValueMustBeUnique",
            Some("mail"),
        );
        check(
            400,
            bad("Unable to update the specified properties for on-premises mastered Directory Sync objects or …", json!([])),
            "readonly-attribute",
            None,
        );
        check(400, json!({"code": "propertyNotUpdateable", "message": "x"}), "readonly-attribute", None);
        check(
            400,
            bad("x", json!([{"code": "PropertyInvalid", "target": "userPrincipalName"}])),
            "IdentityDataValidationFailed",
            Some("userPrincipalName"),
        );
        check(400, bad("x", json!([{"code": "PropertyInvalid", "target": "jobTitle"}])), "constraint-violation", Some("title"));
        check(400, bad("x", json!([{"target": "onPremisesImmutableId"}])), "constraint-violation", Some("sourceAnchor"));
        check(403, json!({"code": "Authorization_RequestDenied", "message": "x"}), "permission-issue", None);
        check(404, json!({"code": "Request_ResourceNotFound", "message": "x"}), "cd-missing-object", None);
        check(500, json!({}), "cd-error", None);
    }

    #[test]
    fn the_other_object_is_named() {
        let body = json!({"error": {"code": "Request_BadRequest", "message": "taken", "details": [
            {"code": "ObjectConflict", "target": "userPrincipalName"}, {"code": "ConflictingObjects", "target": "User_7"},
        ]}});
        let error = refusal(Kind::User, &Answer { status: 400, body, request_id: None });
        assert_eq!(
            error.message,
            "the tenant refused the change (HTTP 400 Request_BadRequest), attribute \"userPrincipalName\": taken; in conflict with User_7"
        );
    }
}
