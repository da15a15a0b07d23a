//! Tests of the connector: its words, its calls against a scripted server, and whole round trips
//! against the sandbox tenant.

mod bench;

mod calls;
mod conformance;
mod graph;
mod graph_faults;
mod provision;
mod sandbox;
mod scripted;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::sync_channel::{Results, prepare};
use super::*;
use crate::connector::{
    Anchor, EntryAttributes, EntryValue, ExportAttributeChange, ExportOperation, ExportOutcome, ExportValue, ImportEntry,
    ImportMode, ReferenceTarget, Watermark,
};

/// A clock that a test moves. It notes how long should have been waited, and lets no time pass.
#[derive(Debug, Default)]
pub struct HandClock {
    now: Mutex<Timestamp>,
    waits: Mutex<Vec<u64>>,
}

impl HandClock {
    /// Moves on.
    pub fn advance(&self, seconds: i64) {
        *self.now.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    /// The waits so far, in seconds.
    pub fn waits(&self) -> Vec<u64> {
        self.waits.lock().unwrap().clone()
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn wait(&self, time: Duration, _given_up: &dyn Fn() -> bool) {
        self.waits.lock().unwrap().push(time.as_secs());
    }
}

/// A request for everything the tenant has.
pub fn request(mode: ImportMode) -> ImportRequest {
    let schema = Schema::from_toml(TENANT_SCHEMA).unwrap();
    ImportRequest {
        mode,
        partition: PARTITION.into(),
        elsewhere: Vec::new(),
        object_types: schema.types().map(str::to_owned).collect(),
        attributes: schema.attributes().map(|attribute| attribute.name.clone()).collect(),
        include: Vec::new(),
        exclude: Vec::new(),
        page_size: 50,
        timeout_secs: 20,
        schema: Arc::new(schema),
        cancel: CancelToken::default(),
    }
}

/// Everything an import hands over, and how it ended.
pub fn import(connector: &mut EntraConnector, mode: ImportMode) -> (Vec<ImportItem>, Result<ImportSummary, ConnectorError>) {
    let mut items = Vec::new();
    let summary = connector.import(&request(mode), &mut |item| {
        items.push(item);
        true
    });
    (items, summary)
}

pub fn text(text: &str) -> ExportValue {
    ExportValue::Plain(EntryValue::Text(text.into()))
}

pub fn reference(source_anchor: &str) -> ExportValue {
    ExportValue::Reference(ReferenceTarget { dn: dn_of_anchor(source_anchor), anchor: None })
}

/// An export of the object with this source anchor.
pub fn change(
    operation: ExportOperation,
    object_type: &str,
    source_anchor: &str,
    attributes: &[(&str, ExportAttributeChange)],
) -> ExportChange {
    ExportChange {
        dn: dn_of_anchor(source_anchor),
        object_type: object_type.into(),
        anchor: None,
        operation,
        attributes: attributes.iter().map(|(name, change)| ((*name).to_owned(), change.clone())).collect(),
        identity: EntryAttributes::from([("sourceAnchor".into(), vec![EntryValue::Text(source_anchor.into())])]),
        whole: BTreeMap::new(),
    }
}

pub fn replace(values: &[ExportValue]) -> ExportAttributeChange {
    ExportAttributeChange::Replace(values.to_vec())
}

/// One outcome on one line.
pub fn show(result: &ExportResult) -> String {
    match &result.outcome {
        ExportOutcome::Success { anchor, unresolved, warnings } => {
            let anchor = anchor.as_ref().map_or("-".into(), |anchor| String::from_utf8_lossy(&anchor.0).into_owned());
            let warnings: Vec<&str> = warnings.iter().map(|warning| warning.message.as_str()).collect();
            format!("success {anchor} {unresolved:?} {warnings:?}")
        }
        ExportOutcome::Refused(error) => format!("refused {}: {}", error.code, error.message),
        ExportOutcome::Transient(error) => format!("transient {}: {}", error.code, error.message),
    }
}
