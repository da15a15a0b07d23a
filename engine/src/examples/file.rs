//! Files of examples as they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Formats that are read, with the rules that they are about.
const FORMATS: [(&str, ExampleRules); 2] =
    [("default-rule-cases/1", ExampleRules::Shipped), ("rule-cases/1", ExampleRules::Installation)];

/// The rules that the examples of a file are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExampleRules {
    /// The default rules, composed for the connectors that each example names (`default-rule-cases/1`).
    Shipped,
    /// The rules of an installation (`rule-cases/1`).
    Installation,
}

/// A file of examples.
#[derive(Clone, Debug)]
pub struct ExampleFile {
    /// The rules that the examples are about.
    pub rules: ExampleRules,
    /// The examples in order.
    pub examples: Vec<Example>,
}

/// A text that is no file of examples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFault {
    /// What is wrong, each with its place.
    pub reasons: Vec<String>,
}

impl fmt::Display for ExampleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reasons.join("; "))
    }
}

impl std::error::Error for ExampleFault {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    format: String,
    #[serde(default, rename = "conventions")]
    _conventions: Vec<String>,
    cases: Vec<Example>,
}

/// One example: what there is, what happens, what must come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Example {
    /// Name, unique in its file.
    pub id: String,
    /// What it shows.
    #[serde(default)]
    pub title: String,
    /// Why it comes out as it does.
    #[serde(default)]
    pub note: String,
    /// The forests; one forest contoso.com when absent.
    pub(super) connectors: Option<Vec<ForestText>>,
    /// Attribute that users of several forests are matched on.
    pub(super) match_users_on: Option<String>,
    /// Present when the forests are imported and synchronized one after the other.
    pub(super) order: Option<String>,
    pub(super) input: Vec<ObjectText>,
    #[serde(default)]
    pub(super) after_export_confirmed_with: Vec<ConfirmationText>,
    #[serde(default)]
    pub(super) then_change: Vec<ChangeText>,
    pub(super) expect: ExpectationText,
}

/// A forest and what its schema offers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForestText {
    pub(super) name: String,
    #[serde(default)]
    pub(super) schema: SchemaText,
    pub(super) netbios: Option<String>,
}

/// Extensions of a forest's schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum SchemaText {
    #[serde(rename = "AD only")]
    Plain,
    #[serde(rename = "AD+Exchange")]
    Exchange,
    #[serde(rename = "AD+Lync")]
    Lync,
    #[default]
    #[serde(rename = "AD+Exchange+Lync")]
    ExchangeAndLync,
}

/// An object of a forest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectText {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) object_type: String,
    pub(super) dn: String,
    /// The forest; the first when absent.
    pub(super) connector: Option<String>,
    pub(super) attrs: BTreeMap<String, Value>,
}

/// What the tenant adds to an object when it is exported and imported again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmationText {
    pub(super) id: String,
    pub(super) cloud: BTreeMap<String, Value>,
}

/// Attributes of an object that change; `null` removes one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeText {
    pub(super) id: String,
    pub(super) attrs: BTreeMap<String, Value>,
}

/// What must come of it. What is absent is not looked at; `null` means that there is nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExpectationText {
    #[serde(default)]
    pub(super) connector_space: BTreeMap<String, ConnectorSpaceText>,
    #[serde(default, deserialize_with = "present")]
    pub(super) metaverse: Option<Option<BTreeMap<String, MetaverseText>>>,
    #[serde(default)]
    pub(super) metaverse_contains: BTreeMap<String, MetaverseText>,
    #[serde(default, deserialize_with = "present")]
    pub(super) cloud: Option<Option<BTreeMap<String, Option<CloudText>>>>,
    pub(super) cloud_staging: Option<Vec<StagingText>>,
    pub(super) on_premises_pending_export: Option<BTreeMap<String, BTreeMap<String, Value>>>,
}

/// A key that is there, be its value `null` or not.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConnectorSpaceText {
    /// Names of the inbound rules; `In from AD - ` may be left out.
    pub(super) in_scope: Option<Vec<String>>,
    pub(super) link: Option<String>,
    #[serde(default)]
    pub(super) errors: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetaverseText {
    #[serde(rename = "type")]
    pub(super) object_type: Option<String>,
    pub(super) attrs: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum CloudText {
    Refused(RefusalText),
    Object(CloudObjectText),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusalText {
    pub(super) error: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloudObjectText {
    #[serde(rename = "type")]
    pub(super) object_type: Option<String>,
    pub(super) dn: Option<String>,
    pub(super) attrs: BTreeMap<String, Value>,
}

/// What is staged for the tenant after a forest was synchronized.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StagingText {
    pub(super) connector: String,
    pub(super) operation: StagingOperation,
    #[serde(rename = "type")]
    pub(super) object_type: String,
    pub(super) dn: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StagingOperation {
    /// It is gone from what is wanted in the tenant.
    Delete,
    /// It is wanted in the tenant.
    Stage,
}

impl ExampleFile {
    /// Reads a file of examples.
    ///
    /// # Errors
    /// [`ExampleFault`] names everything that is wrong, with its line or its example.
    pub fn read(text: &str) -> Result<Self, ExampleFault> {
        let file: FileText = serde_json::from_str(text).map_err(|error| ExampleFault { reasons: vec![error.to_string()] })?;
        let Some((_, rules)) = FORMATS.iter().find(|(name, _)| *name == file.format) else {
            let known = FORMATS.map(|(name, _)| name).join(" and ");
            let reason = format!("format \"{}\" is unknown; this version reads {known}", file.format);
            return Err(ExampleFault { reasons: vec![reason] });
        };
        let mut reasons = Vec::new();
        let mut seen = BTreeSet::new();
        for example in &file.cases {
            if !seen.insert(example.id.as_str()) {
                reasons.push(format!("two examples have the id \"{}\"", example.id));
            }
            reasons.extend(example.faults().into_iter().map(|reason| format!("example {}: {reason}", example.id)));
        }
        if reasons.is_empty() { Ok(Self { rules: *rules, examples: file.cases }) } else { Err(ExampleFault { reasons }) }
    }
}

impl Example {
    /// What the example says about itself that cannot be.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
        for object in &self.input {
            if !ids.insert(object.id.as_str()) {
                faults.push(format!("two objects have the id \"{}\"", object.id));
            }
            if object.id.contains('+') {
                faults.push(format!("object id \"{}\" holds a +, which joins the ids of joined objects", object.id));
            }
        }
        if self.input.is_empty() {
            faults.push("it has no objects".to_owned());
        }
        let mut known = |place: &str, id: &str| {
            if !ids.contains(id) {
                faults.push(format!("{place} names object \"{id}\", which input does not have"));
            }
        };
        self.after_export_confirmed_with.iter().for_each(|item| known("afterExportConfirmedWith", &item.id));
        self.then_change.iter().for_each(|item| known("thenChange", &item.id));
        self.expect.connector_space.keys().for_each(|id| known("connectorSpace", id));
        let metaverse = self.expect.metaverse.iter().flatten().flat_map(BTreeMap::keys);
        for key in metaverse.chain(self.expect.metaverse_contains.keys()) {
            key.split('+').for_each(|id| known("metaverse", id));
        }
        for key in self.expect.cloud.iter().flatten().flat_map(BTreeMap::keys) {
            key.split('+').for_each(|id| known("cloud", id));
        }
        for id in self.expect.on_premises_pending_export.iter().flat_map(BTreeMap::keys) {
            known("onPremisesPendingExport", id);
        }
        if self.expect.cloud_staging.is_some() && self.order.is_none() {
            faults.push("cloudStaging is told forest by forest and needs \"order\"".to_owned());
        }
        faults
    }
}
