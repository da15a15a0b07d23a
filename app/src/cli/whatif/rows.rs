//! A what-if as CSV: one line per object and attribute.

use syncline_engine::service::{ChangedAttribute, LinkWord, ObjectChange, WhatIfReport};

use crate::cli::csv::{Field, line};

/// First line.
pub const HEADER: &str = "Space,Change,Object,DisplayName,ObjectType,NewName,Link,Rule,Reason,Attribute,AttributeChange,OldValue,NewValue,AttributeRule,OldRule,Error,ErrorCode,ErrorMessage,GUID\n";

/// The lines of an object: one per attribute, one when no attribute changes.
#[must_use]
pub fn lines(report: &WhatIfReport, change: &ObjectChange) -> String {
    let space = report.spaces.iter().find(|space| space.space == change.space).map_or("", |space| space.name.as_str());
    if change.attributes.is_empty() {
        return record(space, change, None);
    }
    change.attributes.iter().map(|attribute| record(space, change, Some(attribute))).collect()
}

fn record(space: &str, change: &ObjectChange, attribute: Option<&ChangedAttribute>) -> String {
    let (old, new) = attribute.map_or_else(Default::default, |attribute| {
        (values(&attribute.old, attribute.old_count), values(&attribute.new, attribute.new_count))
    });
    let error = change.error.as_ref();
    let guid = change.guid.to_string();
    line([
        Field::Plain(space),
        Field::Plain(change.kind.word()),
        Field::Quoted(&change.name),
        Field::Plain(change.display_name.as_deref().unwrap_or_default()),
        Field::Plain(&change.object_type),
        Field::Plain(change.new_name.as_deref().unwrap_or_default()),
        Field::Plain(change.link.map_or("", link)),
        Field::Plain(&change.rule),
        Field::Plain(&change.reason),
        Field::Plain(attribute.map_or("", |attribute| attribute.name.as_str())),
        Field::Plain(attribute.map_or("", |attribute| attribute.change.word())),
        Field::Plain(&old),
        Field::Plain(&new),
        Field::Plain(attribute.map_or("", |attribute| attribute.rule.as_str())),
        Field::Plain(attribute.and_then(|attribute| attribute.old_rule.as_deref()).unwrap_or_default()),
        Field::Plain(error.map_or("", |error| error.change.word())),
        Field::Plain(error.map_or("", |error| error.code.as_str())),
        Field::Plain(error.map_or("", |error| error.message.as_str())),
        Field::Plain(&guid),
    ])
}

/// The word for a link.
#[must_use]
pub fn link(word: LinkWord) -> &'static str {
    match word {
        LinkWord::Joined => "joined",
        LinkWord::Projected => "projected",
        LinkWord::Moved => "moved",
        LinkWord::Disconnected => "disconnected",
    }
}

/// Values in one field; how many there are besides when not all are kept.
fn values(listed: &[String], count: u64) -> String {
    let mut text = listed.join("; ");
    let left = count.saturating_sub(listed.len() as u64);
    if left > 0 {
        text.push_str(&format!("; ... and {left} more"));
    }
    text
}
