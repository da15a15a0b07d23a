//! Small values for tests of the command line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use syncline_engine::model::{ConnectorId, CsId, ObjectOperation, RunId, ValueType};
use syncline_engine::service::{AttributeChangeView, CsHit, LayerView, PendingExportView, RunSummary, StatusClass, ValueView};
use uuid::Uuid;

use super::text::View;

/// Text for a file, with times in UTC.
pub fn view() -> View {
    View { width: None, zone: TimeZone::UTC }
}

/// A moment.
pub fn time() -> Timestamp {
    "2024-05-03T14:39:16Z".parse().unwrap()
}

/// A run of 2.5 seconds without changes.
pub fn run(id: i64, connector: &str, profile: &str, status: &str) -> RunSummary {
    RunSummary {
        id: RunId(id),
        connector_id: ConnectorId(1),
        connector: connector.into(),
        profile: profile.into(),
        status: status.into(),
        class: StatusClass::Success,
        started: time(),
        ended: Some("2024-05-03T14:39:18.5Z".parse().unwrap()),
        user: "ann".into(),
        step: 1,
        steps: 1,
        adds: 0,
        updates: 0,
        deletes: 0,
        errors: 0,
    }
}

/// A connector space object of type `user`.
pub fn hit(dn: &str) -> CsHit {
    CsHit {
        id: CsId(1),
        guid: Uuid::nil(),
        dn: dn.into(),
        object_type: "user".into(),
        display_name: String::new(),
        pending_import: ObjectOperation::None,
        pending_export: ObjectOperation::None,
        connector: true,
        awaiting_confirmation: false,
        error: None,
        explicit: false,
        metaverse: None,
        attributes: BTreeMap::new(),
    }
}

/// A change of one attribute.
pub fn change(name: &str, change: &str, old: &[&str], new: &[&str]) -> AttributeChangeView {
    let values = |texts: &[&str]| -> Vec<ValueView> {
        let value = |text: &&str| ValueView { text: (*text).into(), cs_target: None, mv_target: None, change: None };
        texts.iter().map(value).collect()
    };
    AttributeChangeView {
        name: name.into(),
        value_type: ValueType::String,
        change: change.into(),
        old_count: old.len() as u64,
        new_count: new.len() as u64,
        old: values(old),
        new: values(new),
        rule: None,
    }
}

/// A pending export.
pub fn pending(dn: &str, operation: ObjectOperation, attributes: Vec<AttributeChangeView>) -> PendingExportView {
    PendingExportView {
        hit: CsHit { pending_export: operation, ..hit(dn) },
        layer: LayerView { operation, new_dn: None, attributes },
        not_sent: Vec::new(),
    }
}
