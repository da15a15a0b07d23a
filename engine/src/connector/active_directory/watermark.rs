//! Where an import of one partition ended, and whether a server can go on from there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::settings::DeltaMode;

/// The form of the text; another one is not understood.
const VERSION: u32 = 1;

/// How changes are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// By the DirSync control, from this cookie on.
    DirSync(Vec<u8>),
    /// By `uSNChanged`, above the number of the position.
    Usn,
}

/// A partition on one domain controller at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The domain controller: DN of its settings object.
    pub(super) service: String,
    /// The life of its database: another one after a restore.
    pub(super) invocation: Option<Uuid>,
    /// The partition: `objectGUID` of its head.
    pub(super) partition: Option<Uuid>,
    /// Highest number of a change that was committed.
    pub(super) usn: i64,
}

/// What the next delta import begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) position: Position,
    pub(super) mark: Mark,
}

/// May a delta import go on?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Continuation {
    /// On the server that gave the watermark.
    Same,
    /// On another one, which understands the cookie and may tell some changes again.
    OtherServer,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    service: String,
    invocation: Option<Uuid>,
    partition: Option<Uuid>,
    usn: i64,
    /// Base64; `None` for `uSNChanged`.
    cookie: Option<String>,
}

impl Progress {
    /// The watermark as the engine keeps it.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let Position { service, invocation, partition, usn } = self.position.clone();
        let cookie = match &self.mark {
            Mark::DirSync(cookie) => Some(STANDARD.encode(cookie)),
            Mark::Usn => None,
        };
        serde_json::to_vec(&Stored { version: VERSION, service, invocation, partition, usn, cookie }).ok()
    }

    /// Reads a watermark; `None` when it is none of this version.
    pub(super) fn decode(octets: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(octets).ok()?;
        if stored.version != VERSION {
            return None;
        }
        let mark = match stored.cookie {
            Some(cookie) => Mark::DirSync(STANDARD.decode(cookie).ok()?),
            None => Mark::Usn,
        };
        let Stored { service, invocation, partition, usn, .. } = stored;
        Some(Self { position: Position { service, invocation, partition, usn }, mark })
    }

    /// Whether changes can be told from here on by the server that is at `now`; if not, why.
    pub(super) fn continues_at(&self, now: &Position, wanted: DeltaMode) -> Result<Continuation, String> {
        let then = &self.position;
        match (&self.mark, wanted) {
            (Mark::DirSync(_), DeltaMode::Usn) => {
                return Err("changes are to be read by uSNChanged now, before by DirSync".to_owned());
            }
            (Mark::Usn, DeltaMode::DirSync) => {
                return Err("changes are to be read by DirSync now, before by uSNChanged".to_owned());
            }
            (Mark::DirSync(_) | Mark::Usn, _) => {}
        }
        if now.partition != then.partition {
            return Err("it is another domain of the same name than the one imported before".to_owned());
        }
        let same_server = now.service.eq_ignore_ascii_case(&then.service);
        if now.invocation == then.invocation && same_server {
            if now.usn < then.usn {
                return Err(format!(
                    "it was set back to an earlier state: its last change has the number {}, but {} was read before",
                    now.usn, then.usn
                ));
            }
            return Ok(Continuation::Same);
        }
        if same_server {
            return Err("it was restored from a backup: its database has another identity than before".to_owned());
        }
        match self.mark {
            Mark::DirSync(_) => Ok(Continuation::OtherServer),
            Mark::Usn => Err("it is another domain controller than before, and each counts changes by itself".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position {
            service: "CN=NTDS Settings,CN=DC1,CN=Servers".to_owned(),
            invocation: Some(Uuid::from_u128(1)),
            partition: Some(Uuid::from_u128(2)),
            usn: 100,
        }
    }

    #[test]
    fn watermarks_are_kept_as_text() {
        for mark in [Mark::Usn, Mark::DirSync(Vec::new()), Mark::DirSync(vec![0, 0xff, 7])] {
            let progress = Progress { position: position(), mark };
            let octets = progress.encode().unwrap();
            assert!(std::str::from_utf8(&octets).is_ok());
            assert_eq!(Progress::decode(&octets), Some(progress));
        }
        let check = |text: &str| assert_eq!(Progress::decode(text.as_bytes()), None, "{text}");
        check("");
        check("7");
        check("{\"version\":2,\"service\":\"\",\"invocation\":null,\"partition\":null,\"usn\":1,\"cookie\":null}");
        check("{\"version\":1,\"service\":\"\",\"invocation\":null,\"partition\":null,\"usn\":1,\"cookie\":\"?\"}");
    }

    /// Traps D14, D15.
    #[test]
    fn a_watermark_holds_where_nothing_was_set_back() {
        let check = |cookie: bool, wanted: DeltaMode, change: &dyn Fn(&mut Position), expected: Result<Continuation, &str>| {
            let mark = if cookie { Mark::DirSync(vec![1]) } else { Mark::Usn };
            let mut now = position();
            change(&mut now);
            match (Progress { position: position(), mark }.continues_at(&now, wanted), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(part)) => assert!(found.contains(part), "{found} lacks {part}"),
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        };
        let auto = DeltaMode::Auto;
        for cookie in [true, false] {
            check(cookie, auto, &|_| {}, Ok(Continuation::Same));
            check(cookie, auto, &|now| now.usn = 7000, Ok(Continuation::Same));
            check(cookie, auto, &|now| now.service = now.service.to_lowercase(), Ok(Continuation::Same));
            check(cookie, auto, &|now| now.usn = 99, Err("earlier state"));
            check(cookie, auto, &|now| now.invocation = Some(Uuid::from_u128(9)), Err("restored"));
            check(cookie, auto, &|now| now.partition = Some(Uuid::from_u128(9)), Err("another domain"));
        }
        let elsewhere = |now: &mut Position| {
            *now = Position { service: "DC2".to_owned(), invocation: Some(Uuid::from_u128(9)), usn: 3, ..now.clone() };
        };
        check(true, auto, &elsewhere, Ok(Continuation::OtherServer));
        check(false, auto, &elsewhere, Err("another domain controller"));
        check(true, DeltaMode::DirSync, &|_| {}, Ok(Continuation::Same));
        check(true, DeltaMode::Usn, &|_| {}, Err("uSNChanged now"));
        check(false, DeltaMode::Usn, &|_| {}, Ok(Continuation::Same));
        check(false, DeltaMode::DirSync, &|_| {}, Err("DirSync now"));
    }
}
