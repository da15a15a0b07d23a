//! Names, values, changes and faults, each as it is read.

use crate::connector::memory::Fault;
use crate::connector::{ConnectorErrorKind, EntryValue};
use crate::scenario::model::{Change, FaultSpec, FileValue, RuleName, Subject, ValueChange};

/// A text in quotation marks.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A word, in quotation marks if it would end too early without them.
pub(super) fn word(text: &str) -> String {
    let ends = text.is_empty() || text.contains([' ', ',', ':', '"']);
    if ends { quoted(text) } else { text.to_owned() }
}

pub(super) fn rule(name: &RuleName) -> String {
    match name {
        RuleName::Precedence(number) => number.to_string(),
        RuleName::Name(name) => quoted(name),
    }
}

pub(super) fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Named { connector, dn } => format!("{connector} {}", quoted(dn)),
        named => named.to_string(),
    }
}

pub(super) fn subjects(list: &[Subject]) -> String {
    list.iter().map(subject).collect::<Vec<_>>().join(" and ")
}

/// Values between bars.
pub(super) fn values(list: &[FileValue]) -> String {
    list.iter().map(value).collect::<Vec<_>>().join(" | ")
}

fn value(value: &FileValue) -> String {
    match value {
        FileValue::Plain(EntryValue::Text(text)) => {
            let plain = !text.is_empty() && text.trim() == text && !text.contains('|') && !text.starts_with('"');
            if plain { text.clone() } else { quoted(text) }
        }
        FileValue::Plain(EntryValue::Integer(number)) => number.to_string(),
        FileValue::Plain(EntryValue::Boolean(true)) => "True".to_owned(),
        FileValue::Plain(EntryValue::Boolean(false)) => "False".to_owned(),
        FileValue::Plain(EntryValue::Binary(bytes)) => format!("hex:{}", hex::encode(bytes)),
        FileValue::Plain(EntryValue::Reference(dn)) | FileValue::Reference(Subject::Named { dn, .. }) => quoted(dn),
        FileValue::Reference(named) => subject(named),
    }
}

/// A change of an attribute; values that go and values that come have lines of their own.
pub(super) fn changes(change: &ValueChange) -> Vec<String> {
    let name = &change.attribute;
    match &change.change {
        Change::Set(list) => vec![super::assigned(name, &values(list))],
        Change::Values { adds, deletes } => [('+', adds), ('-', deletes)]
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(sign, list)| format!("{name} {sign} {}", values(list)))
            .collect(),
    }
}

pub(super) fn fault(fault: &FaultSpec) -> String {
    match fault {
        FaultSpec::Unreadable(named) => format!("cannot read {}", subject(named)),
        FaultSpec::Refuse { subject: named, code } => format!("refuses {} with {code}", subject(named)),
        FaultSpec::Ready(faults) => ready(faults),
    }
}

fn ready(faults: &[Fault]) -> String {
    match faults {
        [Fault::BreakImport { after: 0, kind: ConnectorErrorKind::Credentials }, _] => "refuses the password".to_owned(),
        [Fault::BreakImport { after, .. }] => format!("breaks off after {after} objects"),
        [Fault::RefuseBatch { after, .. }] => format!("breaks off after {after} batches"),
        [Fault::StopImport { after }] => format!("is stopped after {after} objects"),
        [Fault::StopExport { after }] => format!("is stopped after {} batches", after + 1),
        [Fault::NoObjects] => "returns no objects".to_owned(),
        [Fault::ForgetWatermarks] => "forgets watermarks".to_owned(),
        [Fault::RefuseDuplicates { attribute }] => format!("refuses duplicates of {attribute}"),
        [Fault::Passing { times: Some(times), .. }] => format!("is busy for {times} batches"),
        [Fault::Passing { after, times: None }] => format!("is busy after {after} batches"),
        [Fault::LoseAnswer { after }] => format!("loses the answer of batch {}", after + 1),
        [Fault::Alter { attribute, value }] => format!("writes {attribute} = {value}"),
        [Fault::Quarantine { attribute }] => format!("quarantines {attribute}"),
        // No connection: the only other fault that a file can name.
        _ => "is unreachable".to_owned(),
    }
}
