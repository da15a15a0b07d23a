//! Where an import of one partition ended, and whether a server can go on from there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::settings::LdapDelta;
use super::timestamp::Timestamp;

/// The form of the text; another one is not understood.
const VERSION: u32 = 1;

/// How changes are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// By content synchronization, from this cookie on.
    Sync(Vec<u8>),
    /// By `modifyTimestamp`: the latest one that was read.
    Stamp(Timestamp),
}

/// What the next delta import begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// The identity of the partition's head, where it has one.
    pub(super) partition: Option<Uuid>,
    /// The attribute that identified objects.
    pub(super) anchor: String,
    pub(super) mark: Mark,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    partition: Option<Uuid>,
    anchor: String,
    /// Base64.
    cookie: Option<String>,
    stamp: Option<String>,
}

impl Progress {
    /// The watermark as the engine keeps it.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let (cookie, stamp) = match &self.mark {
            Mark::Sync(cookie) => (Some(STANDARD.encode(cookie)), None),
            Mark::Stamp(stamp) => (None, Some(stamp.to_string())),
        };
        let stored = Stored { version: VERSION, partition: self.partition, anchor: self.anchor.clone(), cookie, stamp };
        serde_json::to_vec(&stored).ok()
    }

    /// Reads a watermark; `None` when it is none of this version.
    pub(super) fn decode(octets: &[u8]) -> Option<Self> {
        let Stored { version, partition, anchor, cookie, stamp } = serde_json::from_slice(octets).ok()?;
        let mark = match (cookie, stamp) {
            (Some(cookie), None) => Mark::Sync(STANDARD.decode(cookie).ok()?),
            (None, Some(stamp)) => Mark::Stamp(Timestamp::parse(&stamp)?),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        (version == VERSION).then_some(Self { partition, anchor, mark })
    }

    /// Says why changes cannot be told from here on, if they cannot. `partition` is the identity of the partition now,
    /// `anchor` the attribute that identifies objects now.
    pub(super) fn obstacle(&self, partition: Option<Uuid>, anchor: &str, wanted: LdapDelta) -> Option<&'static str> {
        match (&self.mark, wanted) {
            (Mark::Sync(_), LdapDelta::Timestamp) => {
                return Some("changes are to be read by modifyTimestamp now, before by content synchronization");
            }
            (Mark::Stamp(_), LdapDelta::SyncRepl) => {
                return Some("changes are to be read by content synchronization now, before by modifyTimestamp");
            }
            (Mark::Sync(_) | Mark::Stamp(_), _) => {}
        }
        if !self.anchor.eq_ignore_ascii_case(anchor) {
            return Some("objects are identified by another attribute than before");
        }
        (self.partition != partition).then_some("it is another directory of the same name than the one imported before")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(mark: Mark) -> Progress {
        Progress { partition: Some(Uuid::from_u128(1)), anchor: "entryUUID".to_owned(), mark }
    }

    #[test]
    fn watermarks_are_kept_as_text() {
        for mark in [Mark::Sync(vec![0, 0xff]), Mark::Stamp(Timestamp::parse("20261123083059Z").unwrap())] {
            let progress = progress(mark);
            assert_eq!(Progress::decode(&progress.encode().unwrap()), Some(progress));
        }
        for text in [
            "",
            "7",
            r#"{"version":2,"partition":null,"anchor":"a","cookie":"","stamp":null}"#,
            r#"{"version":1,"partition":null,"anchor":"a","cookie":null,"stamp":null}"#,
            r#"{"version":1,"partition":null,"anchor":"a","cookie":"?","stamp":null}"#,
            r#"{"version":1,"partition":null,"anchor":"a","cookie":null,"stamp":"yesterday"}"#,
        ] {
            assert_eq!(Progress::decode(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_watermark_holds_where_nothing_else_changed() {
        let check = |cookie: bool, partition: u128, anchor: &str, wanted: LdapDelta, part: Option<&str>| {
            let mark = if cookie { Mark::Sync(vec![1]) } else { Mark::Stamp(Timestamp::parse("20261123083059Z").unwrap()) };
            let found = progress(mark).obstacle(Some(Uuid::from_u128(partition)), anchor, wanted);
            assert_eq!(found.is_some(), part.is_some(), "{found:?}");
            assert!(found.unwrap_or_default().contains(part.unwrap_or_default()), "{found:?}");
        };
        for cookie in [true, false] {
            check(cookie, 1, "ENTRYUUID", LdapDelta::Auto, None);
            check(cookie, 2, "entryUUID", LdapDelta::Auto, Some("another directory"));
            check(cookie, 1, "uid", LdapDelta::Auto, Some("another attribute"));
        }
        check(true, 1, "entryUUID", LdapDelta::SyncRepl, None);
        check(true, 1, "entryUUID", LdapDelta::Timestamp, Some("modifyTimestamp now"));
        check(false, 1, "entryUUID", LdapDelta::Timestamp, None);
        check(false, 1, "entryUUID", LdapDelta::SyncRepl, Some("content synchronization now"));
    }
}
