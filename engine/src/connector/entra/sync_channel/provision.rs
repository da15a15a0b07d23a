//! From pending exports to the sync channel's changes, and from its results to outcomes.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::name::anchor_of_dn;
use crate::connector::{
    Anchor, EntryValue, ExportAttributeChange, ExportChange, ExportOperation, ExportOutcome, ExportValue, ReferenceTarget,
    TARGET_CANNOT_STORE,
};
use crate::model::{AlgorithmStep, ErrorCode, ObjectError, Schema};

/// The attribute whose values the tenant takes one by one.
const MEMBER: &str = "member";
/// Attributes that stand beside the others in a change.
const ANCHORS: [&str; 2] = ["sourceAnchor", "cloudAnchor"];

/// One pending export as the tenant is told of it.
#[derive(Debug)]
pub struct Prepared {
    /// The changes to send, in order: none when the export was refused here, two for delete and add.
    pub changes: Vec<Value>,
    /// The identifiers of these changes, by which their results are found.
    ids: Vec<String>,
    /// Reference attributes with targets that have no anchor yet.
    unresolved: BTreeSet<String>,
    /// Why nothing is sent.
    refused: Option<ObjectError>,
    /// The object goes, so that it is no error when it is gone.
    deletes: bool,
}

/// What the tenant says of one change.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeResult {
    id: String,
    status: String,
    cloud_anchor: Option<String>,
    #[serde(default)]
    quarantined: Vec<Quarantined>,
    #[serde(default)]
    unresolved: Vec<String>,
    error: Option<ChangeFault>,
}

#[derive(Debug, Deserialize)]
struct Quarantined {
    property: String,
    value: String,
    assigned: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChangeFault {
    code: String,
    number: Option<u32>,
    property: Option<String>,
    value: Option<String>,
    conflicting: Vec<String>,
    literal: Option<String>,
    tracking_id: Option<String>,
}

/// The results of a batch by the identifier of the change.
#[derive(Debug, Default)]
pub struct Results(BTreeMap<String, ChangeResult>);

impl Results {
    /// Reads the tenant's answer to a batch.
    ///
    /// # Errors
    /// The answer has another form.
    pub fn read(answer: Value) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Answer {
            results: Vec<ChangeResult>,
        }
        let answer: Answer = serde_json::from_value(answer)?;
        Ok(Self(answer.results.into_iter().map(|result| (result.id.clone(), result)).collect()))
    }
}

/// Puts a pending export into the tenant's words. `id` tells it from the others of the batch.
pub fn prepare(schema: &Schema, change: &ExportChange, id: usize) -> Prepared {
    let mut prepared =
        Prepared { changes: Vec::new(), ids: Vec::new(), unresolved: BTreeSet::new(), refused: None, deletes: false };
    let set_id = id.to_string();
    let built = match &change.operation {
        _ if is_cloud_managed(change) => {
            Err(ObjectError::new(ErrorCode::from_directory(TARGET_CANNOT_STORE), super::CLOUD_MANAGED).into())
        }
        ExportOperation::Delete => {
            prepared.deletes = true;
            deletion(schema, change, &delete_id(id)).map(|delete| vec![delete])
        }
        ExportOperation::DeleteAdd => deletion(schema, change, &delete_id(id)).and_then(|delete| {
            let recreated = ExportChange { anchor: None, ..change.clone() };
            Ok(vec![delete, setting(schema, &recreated, &set_id, &mut prepared.unresolved)?])
        }),
        // An add is told as a `set`: sent again after a lost answer it finds its own object.
        ExportOperation::Add | ExportOperation::Update { new_dn: None } => {
            setting(schema, change, &set_id, &mut prepared.unresolved).map(|set| vec![set])
        }
        ExportOperation::Update { new_dn: Some(name) } => {
            let message =
                format!("the tenant cannot give the object the name {name}: its name is its source anchor, which never changes");
            Err(ObjectError::new(ErrorCode::from_directory("modify-naming-attribute"), message).into())
        }
    };
    match built {
        Ok(changes) => {
            let id = |change: &Value| change.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            prepared.ids = changes.iter().map(id).collect();
            prepared.changes = changes;
        }
        Err(error) => prepared.refused = Some(error.at(AlgorithmStep::Export)),
    }
    prepared
}

/// True for an object with a source anchor that the tenant calls its own: its administrators moved it to the cloud.
fn is_cloud_managed(change: &ExportChange) -> bool {
    let known = |wanted: &str| {
        let found = change.identity.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.and_then(|(_, values)| values.first())
    };
    known("cloudMastered") == Some(&EntryValue::Boolean(true)) && known("sourceAnchor").is_some()
}

fn delete_id(id: usize) -> String {
    format!("{id}-delete")
}

fn deletion(schema: &Schema, change: &ExportChange, id: &str) -> Result<Value, Box<ObjectError>> {
    let (source_anchor, cloud_anchor) = (source_anchor(change), cloud_anchor(change));
    if source_anchor.is_none() && cloud_anchor.is_none() {
        return Err(missing_anchor());
    }
    // An object that comes back with another type goes with the one that its cloud anchor tells.
    let former_type = cloud_anchor.as_deref().and_then(|anchor| schema.type_name(anchor.split_once('_')?.0));
    Ok(json!({
        "id": id,
        "operation": "delete",
        "objectType": former_type.unwrap_or(&change.object_type),
        "sourceAnchor": source_anchor,
        "cloudAnchor": cloud_anchor,
    }))
}

fn setting(
    schema: &Schema,
    change: &ExportChange,
    id: &str,
    unresolved: &mut BTreeSet<String>,
) -> Result<Value, Box<ObjectError>> {
    let source_anchor = source_anchor(change).ok_or_else(missing_anchor)?;
    let mut attributes = Map::new();
    let (mut member_adds, mut member_removes) = (Vec::new(), Vec::new());
    for (name, attribute_change) in &change.attributes {
        if ANCHORS.iter().any(|anchor| anchor.eq_ignore_ascii_case(name)) {
            continue;
        }
        let values: &[ExportValue] = match attribute_change {
            ExportAttributeChange::Values { adds, deletes } if name.eq_ignore_ascii_case(MEMBER) => {
                member_adds = values_json(name, adds, unresolved);
                // A member that has no anchor was never a member.
                member_removes = values_json(name, deletes, &mut BTreeSet::new());
                continue;
            }
            ExportAttributeChange::Values { .. } => whole_values(change, name)?,
            ExportAttributeChange::Replace(values) => values,
            ExportAttributeChange::Delete => &[],
        };
        let sent = values_json(name, values, unresolved);
        let multi_valued = schema.attribute(name).map_or(sent.len() > 1, |definition| definition.multi_valued);
        if !multi_valued && values.len() > 1 {
            let message = format!("attribute \"{name}\" of the tenant is single-valued, but {} values flow to it", values.len());
            return Err(ObjectError::new(ErrorCode::MULTI_SINGLE_MISMATCH, message).attribute(name).into());
        }
        if multi_valued && !values.is_empty() {
            attributes.insert(name.clone(), Value::Array(sent));
        } else if let Some(value) = sent.into_iter().next() {
            attributes.insert(name.clone(), value);
        } else if values.is_empty() {
            attributes.insert(name.clone(), Value::Null);
        }
    }
    Ok(json!({
        "id": id,
        "operation": "set",
        "objectType": change.object_type,
        "sourceAnchor": source_anchor,
        "cloudAnchor": cloud_anchor(change),
        "attributes": attributes,
        "memberAdds": member_adds,
        "memberRemoves": member_removes,
    }))
}

fn missing_anchor() -> Box<ObjectError> {
    let message =
        "attribute \"sourceAnchor\" has no value, so the tenant cannot tell the object from others; let a rule flow to it";
    Box::new(ObjectError::new(ErrorCode::MISSING_ANCHOR, message).attribute("sourceAnchor"))
}

/// The source anchor: as known, as about to be written, or as the object's name has it.
fn source_anchor(change: &ExportChange) -> Option<String> {
    let named = |name: &String| name.eq_ignore_ascii_case("sourceAnchor");
    let text = |value: &EntryValue| match value {
        EntryValue::Text(text) if !text.is_empty() => Some(text.clone()),
        EntryValue::Text(_)
        | EntryValue::Binary(_)
        | EntryValue::Integer(_)
        | EntryValue::Boolean(_)
        | EntryValue::Reference(_) => None,
    };
    let known = change.identity.iter().find(|(name, _)| named(name)).and_then(|(_, values)| text(values.first()?));
    let written = || {
        let (_, attribute_change) = change.attributes.iter().find(|(name, _)| named(name))?;
        match attribute_change {
            ExportAttributeChange::Replace(values) | ExportAttributeChange::Values { adds: values, .. } => {
                match values.first()? {
                    ExportValue::Plain(value) => text(value),
                    ExportValue::Reference(_) => None,
                }
            }
            ExportAttributeChange::Delete => None,
        }
    };
    let in_name = || anchor_of_dn(&change.dn).filter(|anchor| Some(anchor) != cloud_anchor(change).as_ref());
    known.or_else(written).or_else(in_name)
}

fn cloud_anchor(change: &ExportChange) -> Option<String> {
    anchor_text(change.anchor.as_ref()?)
}

fn anchor_text(anchor: &Anchor) -> Option<String> {
    String::from_utf8(anchor.0.clone()).ok()
}

/// All values after the change, for an attribute that the tenant takes whole.
fn whole_values<'a>(change: &'a ExportChange, name: &str) -> Result<&'a [ExportValue], Box<ObjectError>> {
    let whole = change.whole.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, values)| values.as_slice());
    whole.ok_or_else(|| {
        let message = format!(
            "attribute \"{name}\" can only be sent whole, but not all of its values are known; run a full synchronization"
        );
        Box::new(ObjectError::new(ErrorCode::UNEXPECTED_ERROR, message).attribute(name))
    })
}

/// The values that can be sent; a reference without anchor is noted in `unresolved` instead.
fn values_json(name: &str, values: &[ExportValue], unresolved: &mut BTreeSet<String>) -> Vec<Value> {
    let mut sent = Vec::with_capacity(values.len());
    for value in values {
        let target = match value {
            ExportValue::Plain(EntryValue::Text(text)) => Some(json!(text)),
            ExportValue::Plain(EntryValue::Binary(bytes)) => Some(json!(STANDARD.encode(bytes))),
            ExportValue::Plain(EntryValue::Integer(number)) => Some(json!(number)),
            ExportValue::Plain(EntryValue::Boolean(flag)) => Some(json!(flag)),
            ExportValue::Plain(EntryValue::Reference(dn)) => anchor_of_dn(dn).map(Value::String),
            ExportValue::Reference(ReferenceTarget { dn, anchor }) => {
                anchor.as_ref().and_then(anchor_text).or_else(|| anchor_of_dn(dn)).map(Value::String)
            }
        };
        match target {
            Some(target) => sent.push(target),
            None => {
                unresolved.insert(name.to_owned());
            }
        }
    }
    sent
}

impl Prepared {
    /// Takes the changes out to send them; what they were is still known.
    pub fn take_changes(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.changes)
    }

    /// True when something of it is sent.
    pub fn is_sent(&self) -> bool {
        !self.ids.is_empty()
    }

    /// What became of the export, given the tenant's results.
    pub fn outcome(self, id: usize, results: &mut Results, schema: &Schema) -> ExportOutcome {
        if let Some(error) = self.refused {
            return ExportOutcome::Refused(error);
        }
        let mut outcome = success(None, self.unresolved, Vec::new());
        for id_of_change in &self.ids {
            let Some(result) = results.0.remove(id_of_change) else {
                let message = "the tenant gave no result for the change; it is sent again";
                return ExportOutcome::Transient(ObjectError::new(ErrorCode::CD_ERROR, message).at(AlgorithmStep::Export));
            };
            let is_deletion = self.deletes || *id_of_change != id.to_string();
            if result.status != "success" || result.error.is_some() {
                let fault = result.error.unwrap_or_default();
                // An object that is gone already is what a deletion is after.
                if is_deletion && fault.code == "ObjectNotFound" {
                    continue;
                }
                return ExportOutcome::Refused(refusal(fault, schema).at(AlgorithmStep::Export));
            }
            if let ExportOutcome::Success { anchor, unresolved, warnings } = &mut outcome {
                if !is_deletion {
                    *anchor = result.cloud_anchor.map(|anchor| Anchor(anchor.into_bytes()));
                }
                let names: BTreeSet<String> = unresolved.drain(..).chain(result.unresolved).collect();
                unresolved.extend(names);
                warnings.extend(result.quarantined.into_iter().map(|value| quarantine(value, schema)));
            }
        }
        outcome
    }
}

fn success(anchor: Option<Anchor>, unresolved: BTreeSet<String>, warnings: Vec<ObjectError>) -> ExportOutcome {
    ExportOutcome::Success { anchor, unresolved: unresolved.into_iter().collect(), warnings }
}

/// The schema's spelling of a property name.
fn spelled(property: &str, schema: &Schema) -> String {
    schema.attribute(property).map_or_else(|| property.to_owned(), |definition| definition.name.clone())
}

/// The documented code for what the tenant says; its own words stay where they are documented themselves
/// (`engine.md` 9).
fn documented(code: &str) -> ErrorCode {
    match code {
        "" => ErrorCode::CD_ERROR,
        "ObjectNotFound" => ErrorCode::CD_MISSING_OBJECT,
        "DataValidationFailed" => ErrorCode::CONSTRAINT_VIOLATION,
        "AnchorAttributeAlreadySet" => ErrorCode::READONLY_ATTRIBUTE,
        "DeleteNotValid" => ErrorCode::from_directory("Deletion access violation"),
        other => ErrorCode::from_directory(other.to_owned()),
    }
}

/// Why the tenant refused a change, in its words and ours.
fn refusal(fault: ChangeFault, schema: &Schema) -> ObjectError {
    let code = documented(&fault.code);
    let literal = fault.literal.unwrap_or_default();
    let mut message = "the tenant refused the change".to_owned();
    if code.as_str() != fault.code && !fault.code.is_empty() {
        message.push_str(&format!(" ({})", fault.code));
    }
    if let Some(number) = fault.number {
        message.push_str(&format!(" with error {number}"));
    }
    let attribute = fault.property.map(|property| spelled(&property, schema));
    match (&attribute, &fault.value) {
        (Some(attribute), Some(value)) => message.push_str(&format!(", attribute \"{attribute}\", value \"{value}\"")),
        (Some(attribute), None) => message.push_str(&format!(", attribute \"{attribute}\"")),
        (None, _) => {}
    }
    if !literal.is_empty() {
        message.push_str(&format!(": {literal}"));
    }
    if !fault.conflicting.is_empty() {
        message.push_str(&format!("; in conflict with {}", fault.conflicting.join(", ")));
    }
    let mut error = ObjectError::new(code, message);
    error.detail.attribute = attribute;
    if let Some(value) = &fault.value {
        error = error.value(value);
    }
    let tracking = fault.tracking_id.map(|id| format!("tracking id {id}"));
    let said: Vec<String> = [Some(literal).filter(|text| !text.is_empty()), tracking].into_iter().flatten().collect();
    error.detail.server_detail = (!said.is_empty()).then(|| said.join("; "));
    error
}

/// A value that the tenant keeps aside because another object has it.
fn quarantine(value: Quarantined, schema: &Schema) -> ObjectError {
    let attribute = spelled(&value.property, schema);
    let mut message = format!(
        "attribute \"{attribute}\": \"{}\" is in use by another object of the tenant and was quarantined; the export is complete",
        value.value
    );
    if let Some(assigned) = value.assigned.filter(|text| !text.is_empty()) {
        message.push_str(&format!(", with \"{assigned}\" in its place"));
    }
    ObjectError::new(ErrorCode::from_directory("PropertyConflict"), message)
        .attribute(attribute)
        .value(&value.value)
        .at(AlgorithmStep::Export)
}
