//! Imports of what changes, against a scripted domain controller: pieces, lost connections, refused cookies,
//! set-back servers, objects and containers that move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::misbehaviour_tests::{open, request, settings};
use super::settings::{ActiveDirectorySettings, DeltaMode};
use crate::connector::ldap::fake_server::{Asked, Reply, start};
use crate::connector::{
    Anchor, Connector, ConnectorError, ConnectorErrorKind, ImportItem, ImportMode, ImportRequest, ImportSummary, Watermark,
};
use crate::model::Dn;

/// A domain controller of `DC=x` that does what real ones do, as far as these tests go.
#[derive(Default)]
pub(super) struct Server {
    /// Names by GUID: a letter, sixteen times.
    pub(super) objects: BTreeMap<char, (String, i64)>,
    /// Members of those objects that are groups.
    members: BTreeMap<char, Vec<&'static str>>,
    /// Answers to DirSync questions by cookie.
    pub(super) pieces: BTreeMap<&'static str, Piece>,
    pub(super) usn: i64,
    invocation: char,
    /// Number of the server among several.
    number: u32,
    /// Closes every connection at the first word.
    dead: bool,
    /// Refuses DirSync with this code.
    refuses: Option<u8>,
    hides_deletions: bool,
    /// What happens before the answer to the n-th search of the whole partition.
    events: Vec<(usize, Event)>,
    searches: usize,
    binds: usize,
    log: Vec<String>,
    /// Everything that was asked.
    pub(super) asked: Vec<Asked>,
    /// Attributes in DirSync answers come without values where their text is empty.
    pub(super) emptied: bool,
    /// Objects that are heads of other partitions.
    pub(super) heads: Vec<char>,
    /// Objects that the account may not read when it names them.
    pub(super) denied: Vec<char>,
}

type Event = fn(&mut Server) -> Option<Vec<Reply>>;

/// Letter, name and attributes of an object in an answer.
pub(super) type Change = (char, &'static str, Vec<(&'static str, &'static str)>);

#[derive(Clone, Default)]
pub(super) struct Piece {
    pub(super) entries: Vec<Change>,
    pub(super) more: bool,
    pub(super) next: &'static str,
    pub(super) breaks: bool,
}

fn guid(letter: char) -> String {
    letter.to_string().repeat(16)
}

impl Server {
    pub(super) fn new(objects: &[(char, &str)]) -> Self {
        let objects = objects.iter().map(|(letter, dn)| (*letter, ((*dn).to_owned(), 1))).collect();
        let pieces = [("", Piece { next: "now", ..Piece::default() })].into();
        Self { objects, pieces, usn: 10, invocation: 'i', ..Self::default() }
    }

    fn entry(&self, letter: char) -> Option<Reply> {
        let (dn, usn) = self.objects.get(&letter)?;
        let class: &[&str] = match self.members.contains_key(&letter) {
            true => &["top", "group"],
            false if dn.starts_with("OU=") => &["top", "organizationalUnit"],
            false => &["top", "person", "user"],
        };
        let (class, kind): (&[&str], _) =
            if self.heads.contains(&letter) { (&["top", "domain", "domainDNS"], "13") } else { (class, "4") };
        let (guid, usn) = (guid(letter), usn.to_string());
        Some(Reply::entry(
            dn,
            &[
                ("objectClass", class),
                ("objectGUID", &[&guid]),
                ("instanceType", &[kind]),
                ("uSNChanged", &[&usn]),
                ("cn", &["n"]),
            ],
        ))
    }

    /// As [`Server::entry`], with members if these are asked for.
    fn entry_with(&self, letter: char, asked: &[String]) -> Option<Reply> {
        let mut entry = self.entry(letter)?;
        if let (Reply::Entry { attributes, .. }, Some(members)) = (&mut entry, self.members.get(&letter))
            && asked.iter().any(|name| name.starts_with("member"))
        {
            let values = members.iter().map(|dn| dn.as_bytes().to_vec()).collect();
            attributes.push(("member;range=0-*".to_owned(), values));
        }
        Some(entry)
    }

    fn entries(&self, wanted: impl Fn(char, &str) -> bool) -> Vec<Reply> {
        let chosen = self.objects.iter().filter(|(letter, (dn, _))| wanted(**letter, dn));
        let mut replies: Vec<Reply> = chosen.filter_map(|(letter, _)| self.entry(*letter)).collect();
        replies.push(Reply::page_end(b""));
        replies
    }

    fn answer(&mut self, asked: &Asked) -> Option<Vec<Reply>> {
        if self.dead {
            return Some(vec![Reply::Close]);
        }
        if *asked == Asked::Bind {
            self.binds += 1;
        }
        self.asked.push(asked.clone());
        let Asked::Search { base, filter, attributes: names, dir_sync, deleted, page, .. } = asked else { return None };
        let one = |name: &str, value: String| Some(vec![Reply::entry("CN=z", &[(name, &[&value])]), Reply::done()]);
        let filter = String::from_utf8_lossy(filter).into_owned();
        if base.is_empty() {
            let (usn, service) = (self.usn.to_string(), format!("CN=NTDS Settings,CN=DC{}", self.number));
            return Some(vec![
                Reply::entry(
                    "",
                    &[
                        ("supportedCapabilities", &["1.2.840.113556.1.4.800"]),
                        ("supportedControl", &["1.2.840.113556.1.4.319", "1.2.840.113556.1.4.841"]),
                        ("namingContexts", &["DC=x"]),
                        ("dsServiceName", &[&service]),
                        ("highestCommittedUSN", &[&usn]),
                    ],
                ),
                Reply::done(),
            ]);
        }
        if base.starts_with("CN=NTDS") {
            return one("invocationId", guid(self.invocation));
        }
        if base.starts_with("<WKGUID=18E2EA80") {
            assert!(*deleted);
            let code = if self.hides_deletions { 32 } else { 0 };
            let entry = Reply::entry("CN=Deleted Objects,DC=x", &[("objectClass", &["container"])]);
            return Some(if code == 0 { vec![entry, Reply::done()] } else { vec![Reply::refused(code, "")] });
        }
        if let Some(hex) = base.strip_prefix("<GUID=") {
            let letter = char::from(u8::from_str_radix(&hex[..2], 16).unwrap());
            if self.denied.contains(&letter) {
                return Some(vec![Reply::refused(50, "")]);
            }
            return Some(match (self.objects.get(&letter).cloned(), page) {
                (Some((dn, _)), Some(_)) => {
                    self.log.push(format!("below {dn}"));
                    self.entries(|_, name| name.starts_with("CN=") && name.ends_with(&dn))
                }
                (Some(_), None) => vec![self.entry(letter).unwrap(), Reply::done()],
                (None, _) => vec![Reply::refused(32, "")],
            });
        }
        if base == "DC=x" && page.is_none() && dir_sync.is_none() {
            return one("objectGUID", guid('d'));
        }
        if let Some(cookie) = dir_sync {
            let cookie = String::from_utf8(cookie.clone()).unwrap();
            self.log.push(format!("dirsync {cookie}"));
            if let Some(code) = self.refuses {
                return Some(vec![Reply::refused(code, "0000202C: Unable to unmarshall cookie")]);
            }
            let piece = self.pieces.get_mut(cookie.as_str()).unwrap_or_else(|| panic!("{cookie}"));
            let mut replies = Vec::new();
            for (letter, dn, attributes) in &piece.entries {
                let letter = guid(*letter);
                let value = [letter.as_str()];
                let mut all: Vec<(&str, &[&str])> = vec![("objectGUID", &value)];
                let values: Vec<[&str; 1]> = attributes.iter().map(|(_, value)| [*value]).collect();
                let emptied = self.emptied;
                let given = |value: &'_ [&'static str; 1]| emptied && value[0].is_empty();
                all.extend(attributes.iter().zip(&values).map(|((name, _), value)| (*name, &value[usize::from(given(value))..])));
                replies.push(Reply::entry(dn, &all));
                replies.push(Reply::Referral);
            }
            replies.push(if std::mem::take(&mut piece.breaks) {
                Reply::Close
            } else {
                Reply::DirSyncEnd { more: piece.more, cookie: piece.next.into() }
            });
            return Some(replies);
        }
        if filter.contains("uSNChanged") {
            self.log.push(format!("changes deleted={deleted}"));
            let number = filter.split_once("uSNChanged").map(|(_, rest)| rest).unwrap_or_default();
            let number: String = number.chars().skip(2).take_while(char::is_ascii_digit).collect();
            let since: i64 = number.parse().unwrap();
            return Some(self.entries(|letter, _| self.objects[&letter].1 >= since));
        }
        if filter.contains("objectGUID") {
            let asked: Vec<char> = ('a'..='z').filter(|letter| filter.contains(&guid(*letter))).collect();
            let links = names.iter().any(|name| name.starts_with("member"));
            let what = if links { "objects" } else { "objects without members" };
            self.log.push(format!("{what} {}", asked.iter().collect::<String>()));
            let found = asked.iter().filter_map(|letter| self.entry_with(*letter, names));
            return Some(found.chain([Reply::page_end(b"")]).collect());
        }
        self.searches += 1;
        if let Some((_, event)) = self.events.iter().find(|(number, _)| *number == self.searches).copied()
            && let Some(replies) = event(self)
        {
            return Some(replies);
        }
        self.log.push(format!("all under {base}"));
        // The filter asks for users and groups.
        Some(self.entries(|_, dn| dn.starts_with("CN=") && dn.ends_with(base.as_str())))
    }
}

/// A running server that a test can change.
pub(super) struct Running {
    server: Arc<Mutex<Server>>,
    port: u16,
}

impl Running {
    pub(super) fn new(server: Server) -> Self {
        let server = Arc::new(Mutex::new(server));
        let shared = Arc::clone(&server);
        Self { server, port: start(move |asked| shared.lock().unwrap().answer(asked)) }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Server)) -> &Self {
        change(&mut self.server.lock().unwrap());
        self
    }

    pub(super) fn import(
        &self,
        request: &ImportRequest,
        delta: DeltaMode,
    ) -> (Vec<String>, Result<ImportSummary, ConnectorError>) {
        self.import_with(None, request, delta)
    }

    /// As [`Running::import`], with another server to turn to.
    fn import_with(
        &self,
        other: Option<&Self>,
        request: &ImportRequest,
        delta: DeltaMode,
    ) -> (Vec<String>, Result<ImportSummary, ConnectorError>) {
        let servers = [Some(self), other].into_iter().flatten().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        let settings = ActiveDirectorySettings { delta, servers, ..settings(self.port) };
        let mut connector = open(settings).unwrap();
        let mut items = Vec::new();
        let result = connector.import(request, &mut |item| {
            items.push(match item {
                ImportItem::Entry(entry) => {
                    let told = entry.changed_references.get("member").map(|changes| {
                        let list =
                            |sign: char, names: &[String]| names.iter().map(|dn| format!(" {sign}{dn}")).collect::<String>();
                        list('+', &changes.added) + &list('-', &changes.removed)
                    });
                    let whole = entry.attributes.get("member").map(|members| format!(" {} members", members.len()));
                    let part = if entry.partial { " partly" } else { "" };
                    let letter = char::from(entry.anchor.0[0]);
                    format!("{letter} {}{part}{}{}", entry.dn, whole.unwrap_or_default(), told.unwrap_or_default())
                }
                ImportItem::Deleted { anchor, dn } => {
                    format!("-{} {}", char::from(anchor.0[0]), dn.unwrap_or_default())
                }
                ImportItem::Filtered { anchor, dn } => format!("~{} {dn}", anchor.map_or('?', |anchor| char::from(anchor.0[0]))),
                ImportItem::Bad(bad) => format!("! {}", bad.error.code),
            });
            true
        });
        (items, result)
    }

    /// A full import; gives the watermark.
    pub(super) fn full(&self, delta: DeltaMode) -> Vec<u8> {
        self.import(&whole(), delta).1.unwrap().watermark.unwrap()
    }

    pub(super) fn delta(&self, watermark: &[u8], mode: DeltaMode) -> (Vec<String>, Result<ImportSummary, ConnectorError>) {
        self.import(&after(watermark), mode)
    }

    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.server.lock().unwrap().log)
    }
}

pub(super) fn whole() -> ImportRequest {
    ImportRequest { attributes: vec!["cn".to_owned()], exclude: vec![Dn::parse("OU=out,DC=x").unwrap()], ..request() }
}

pub(super) fn after(watermark: &[u8]) -> ImportRequest {
    ImportRequest { mode: ImportMode::Delta(Watermark(watermark.to_vec())), ..whole() }
}

pub(super) fn people() -> Server {
    Server::new(&[('a', "CN=a,DC=x"), ('b', "CN=b,OU=u,DC=x"), ('c', "CN=c,OU=out,DC=x"), ('u', "OU=u,DC=x")])
}

/// Traps D3, D4, D13.
#[test]
fn dir_sync_is_read_in_pieces_and_gives_whole_objects() {
    let running = Running::new(people());
    running.change(|server| {
        server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
    });
    let watermark = running.full(DeltaMode::Auto);
    // The cookie of the beginning, everything, and what changed meanwhile.
    assert_eq!(running.log(), ["dirsync ", "all under DC=x", "dirsync now"]);
    running.change(|server| {
        let piece = |entries, more, next| Piece { entries, more, next, breaks: false };
        server.pieces.insert(
            "now",
            piece(vec![('a', "CN=a,DC=x", vec![("cn", "n")]), ('c', "CN=c,OU=out,DC=x", vec![("cn", "n")])], true, "second"),
        );
        // An empty piece is not the end.
        server.pieces.insert("second", piece(vec![], true, "third"));
        let gone = "CN=g\\0ADEL:1,CN=Deleted Objects,DC=x";
        let deleted = vec![("isDeleted", "TRUE"), ("lastKnownParent", "OU=u,DC=x")];
        server.pieces.insert(
            "third",
            piece(
                vec![
                    ('g', gone, deleted),
                    // Told, but gone when it is looked for.
                    ('h', "CN=h,DC=x", vec![("cn", "h")]),
                    // Told twice.
                    ('a', "CN=a,DC=x", vec![("description", "n")]),
                ],
                false,
                "end",
            ),
        );
    });
    let (items, result) = running.delta(&watermark, DeltaMode::Auto);
    let summary = result.unwrap();
    assert_eq!(items, ["-g CN=g,OU=u,DC=x", "a CN=a,DC=x", "~c CN=c,OU=out,DC=x", "-h "]);
    assert_eq!(running.log(), ["dirsync now", "dirsync second", "dirsync third", "objects without members ach"]);
    assert_eq!(summary.warnings, Vec::<String>::new());
    // The next one goes on from the last cookie.
    running.change(|server| {
        server.pieces.insert("end", Piece { next: "end", ..Piece::default() });
    });
    let (items, _) = running.delta(&summary.watermark.unwrap(), DeltaMode::Auto);
    assert_eq!((items, running.log()), (vec![], vec!["dirsync end".to_owned()]));
}

/// Users a, b and c, group g of a and b; what DirSync tells and how it is read.
fn check_group(entries: Vec<Change>, expected: &[&str], log: &[&str]) {
    let running = Running::new(Server::new(&[('a', "CN=a,DC=x"), ('b', "CN=b,DC=x"), ('c', "CN=c,DC=x"), ('g', "CN=g,DC=x")]));
    running.change(|server| {
        server.members.insert('g', vec!["CN=a,DC=x", "CN=b,DC=x"]);
        server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
    });
    let request = |request: ImportRequest| ImportRequest { attributes: vec!["cn".to_owned(), "member".to_owned()], ..request };
    let watermark = running.import(&request(whole()), DeltaMode::DirSync).1.unwrap().watermark.unwrap();
    running.log();
    running.change(|server| {
        server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
    });
    let (items, result) = running.import(&request(after(&watermark)), DeltaMode::DirSync);
    result.unwrap();
    assert_eq!(items, expected);
    assert_eq!(running.log()[1..], *log);
}

/// Trap D12.
#[test]
fn of_members_only_those_that_came_and_went_are_handed_over() {
    const CAME: &str = "member;range=1-1";
    const WENT: &str = "member;range=0-0";
    let group = |attributes: Vec<(&'static str, &'static str)>| ('g', "CN=g,DC=x", attributes);
    let without: &[&str] = &["objects without members g"];
    let extended = "<GUID=6263fb55-1e2b-4ead-b753-0b3a326b36b4>;<SID=S-1-5-21-1>;CN=a,DC=x";
    check_group(
        vec![group(vec![(CAME, "CN=b,DC=x"), (WENT, "CN=c,DC=x")])],
        &["g CN=g,DC=x partly +CN=b,DC=x -CN=c,DC=x"],
        without,
    );
    check_group(vec![group(vec![(CAME, extended)])], &["g CN=g,DC=x partly +CN=a,DC=x"], without);
    // Told in pieces; the later one has the last word.
    check_group(
        vec![group(vec![(CAME, "CN=a,DC=x")]), group(vec![(CAME, "CN=c,DC=x")]), group(vec![(WENT, "CN=c,DC=x")])],
        &["g CN=g,DC=x partly +CN=a,DC=x -CN=c,DC=x"],
        without,
    );
    // Another change of the group leaves its members alone.
    check_group(vec![group(vec![("cn", "g")])], &["g CN=g,DC=x partly"], without);
    // A member that was deleted is gone from everywhere.
    let deleted = "CN=a\\0ADEL:1-2,CN=Deleted Objects,DC=x";
    check_group(vec![group(vec![(WENT, deleted)])], &["g CN=g,DC=x partly"], without);
    // All values in place of changes, a new group, one that was renamed: it is read whole.
    let with: &[&str] = &["objects g"];
    check_group(vec![group(vec![("member", "CN=a,DC=x")])], &["g CN=g,DC=x 2 members"], with);
    check_group(vec![group(vec![(CAME, "CN=a,DC=x"), ("objectClass", "group")])], &["g CN=g,DC=x 2 members"], with);
    check_group(vec![group(vec![(CAME, "CN=a,DC=x"), ("name", "g")])], &["g CN=g,DC=x 2 members"], with);
    // What has no members is whole without them.
    check_group(vec![('a', "CN=a,DC=x", vec![("cn", "n")])], &["a CN=a,DC=x"], &["objects without members a"]);
}

#[test]
fn single_objects_are_read_whole() {
    let running = Running::new(people());
    let settings = ActiveDirectorySettings { servers: vec![format!("127.0.0.1:{}", running.port)], ..settings(running.port) };
    let mut connector = open(settings).unwrap();
    let anchors = ['a', 'c', 'z'].map(|letter| Anchor(guid(letter).into_bytes()));
    let mut items = Vec::new();
    let take = &mut |item| {
        items.push(match item {
            ImportItem::Entry(entry) => format!("{} {}", entry.dn, entry.partial),
            ImportItem::Filtered { dn, .. } => format!("~{dn}"),
            ImportItem::Deleted { anchor, .. } => format!("-{}", char::from(anchor.0[0])),
            ImportItem::Bad(bad) => panic!("{bad:?}"),
        });
        true
    };
    connector.objects(&whole(), &anchors, take).unwrap();
    assert_eq!(items, ["CN=a,DC=x false", "~CN=c,OU=out,DC=x", "-z"]);
}

/// Trap D8.
#[test]
fn what_lies_below_a_renamed_container_is_told_too() {
    let server = || {
        let running = Running::new(people());
        running.change(|server| {
            server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
        });
        running
    };
    let rename = |running: &Running, name: &str| {
        running.change(|server| {
            server.objects.insert('u', (format!("OU={name},DC=x"), 20));
            server.objects.insert('b', (format!("CN=b,OU={name},DC=x"), 1));
            server.usn = 20;
            let entries = vec![('u', "OU=new,DC=x", vec![("name", "new"), ("parentGUID", "x")])];
            server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
        });
    };
    for mode in [DeltaMode::DirSync, DeltaMode::Usn] {
        let running = server();
        let watermark = running.full(mode);
        rename(&running, "new");
        let (items, result) = running.delta(&watermark, mode);
        result.unwrap();
        assert!(items.contains(&"b CN=b,OU=new,DC=x".to_owned()), "{mode:?} {items:?}");
        // Moved out of what is imported.
        let running = server();
        let watermark = running.full(mode);
        rename(&running, "v,OU=out");
        let (items, result) = running.delta(&watermark, mode);
        result.unwrap();
        assert!(items.contains(&"~b CN=b,OU=v,OU=out,DC=x".to_owned()), "{mode:?} {items:?}");
    }
}

/// Traps D14, D15.
#[test]
fn a_watermark_that_cannot_hold_asks_for_a_full_import() {
    let check = |mode: DeltaMode, change: fn(&mut Server), expected: Result<(), &str>| {
        let running = Running::new(people());
        running.change(|server| {
            server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
        });
        let watermark = running.full(mode);
        running.change(change);
        match (running.delta(&watermark, mode).1, expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(part)) => {
                assert_eq!(error.kind, ConnectorErrorKind::NoWatermark, "{error}");
                assert!(error.message.contains(part) && error.message.contains("run a full import"), "{error}");
            }
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    };
    for mode in [DeltaMode::DirSync, DeltaMode::Usn] {
        check(mode, |_| {}, Ok(()));
        check(mode, |server| server.usn = 9, Err("earlier state"));
        check(mode, |server| server.invocation = 'j', Err("restored"));
    }
    check(DeltaMode::DirSync, |server| server.refuses = Some(12), Err("cookie"));
    check(DeltaMode::DirSync, |server| server.refuses = Some(53), Err("cookie"));
}

#[test]
fn a_passing_failure_keeps_the_watermark() {
    let check = |code: u8, kind: ConnectorErrorKind| {
        let running = Running::new(people());
        running.change(|server| {
            server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
        });
        let watermark = running.full(DeltaMode::DirSync);
        running.change(|server| server.refuses = Some(code));
        assert_eq!(running.delta(&watermark, DeltaMode::DirSync).1.unwrap_err().kind, kind, "{code}");
    };
    check(50, ConnectorErrorKind::Permission);
    check(51, ConnectorErrorKind::Dropped);
    check(3, ConnectorErrorKind::Search);
}

/// Traps D2, D9.
#[test]
fn without_the_right_to_dir_sync_changes_are_read_by_number() {
    let server = || Server { refuses: Some(50), hides_deletions: true, ..people() };
    let running = Running::new(server());
    let watermark = running.full(DeltaMode::Auto);
    assert_eq!(running.log(), ["dirsync ", "all under DC=x", "changes deleted=true"]);
    let (_, result) = running.delta(&watermark, DeltaMode::Auto);
    let warnings = result.unwrap().warnings;
    assert!(warnings.iter().any(|text| text.contains("CN=Deleted Objects,DC=x") && text.contains("sync@x")), "{warnings:?}");
    // Where only DirSync will do, the full import says why there is no delta.
    let running = Running::new(server());
    let (items, result) = running.import(&whole(), DeltaMode::DirSync);
    let summary = result.unwrap();
    assert_eq!((items.len(), summary.watermark), (3, None));
    assert!(summary.warnings.iter().any(|text| text.contains("Replicating Directory Changes")), "{:?}", summary.warnings);
}

/// Trap P5.
#[test]
fn a_lost_connection_does_not_end_an_import() {
    // In the middle of the pieces.
    let running = Running::new(people());
    running.change(|server| {
        server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
    });
    let watermark = running.full(DeltaMode::DirSync);
    running.change(|server| {
        let entries = vec![('a', "CN=a,DC=x", vec![("cn", "n")])];
        server.pieces.insert("now", Piece { entries, next: "end", breaks: true, ..Piece::default() });
    });
    let (items, result) = running.delta(&watermark, DeltaMode::DirSync);
    result.unwrap();
    assert_eq!(items, ["a CN=a,DC=x"]);
    // In the middle of a full import: nothing is handed over twice.
    for mode in [DeltaMode::DirSync, DeltaMode::Usn] {
        let running = Running::new(people());
        running.change(|server| {
            server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
            server.events.push((1, |server| Some(vec![server.entry('a')?, Reply::Close])));
        });
        let (items, result) = running.import(&whole(), mode);
        result.unwrap();
        assert_eq!(items, ["a CN=a,DC=x", "b CN=b,OU=u,DC=x", "~c CN=c,OU=out,DC=x"], "{mode:?}");
        running.change(|server| assert_eq!(server.binds, 2));
    }
}

#[test]
fn another_domain_controller_takes_over() {
    let server = |number| {
        let running = Running::new(people());
        running.change(|server| {
            (server.number, server.invocation) = (number, if number == 1 { 'i' } else { 'j' });
            server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
        });
        running
    };
    let breaks = |running: &Running| {
        running.change(|server| {
            server.events.push((1, |server| {
                server.dead = true;
                Some(vec![server.entry('a')?, Reply::Close])
            }));
        });
    };
    // In the middle of a full import: a cookie is good everywhere, numbers are not.
    let (first, second) = (server(1), server(2));
    breaks(&first);
    let (items, result) = first.import_with(Some(&second), &whole(), DeltaMode::DirSync);
    let summary = result.unwrap();
    assert_eq!(items, ["a CN=a,DC=x", "b CN=b,OU=u,DC=x", "~c CN=c,OU=out,DC=x"]);
    assert_eq!(summary.server, Some(format!("127.0.0.1:{}", second.port)));
    let (first, second) = (server(1), server(2));
    breaks(&first);
    let error = first.import_with(Some(&second), &whole(), DeltaMode::Usn).1.unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Connection, "{error}");
    assert!(error.message.contains("run the full import again"), "{error}");
    // Between two imports.
    for mode in [DeltaMode::DirSync, DeltaMode::Usn] {
        let (first, second) = (server(1), server(2));
        let watermark = first.full(mode);
        first.change(|server| server.dead = true);
        let result = first.import_with(Some(&second), &after(&watermark), mode).1;
        match mode {
            DeltaMode::Usn => {
                let error = result.unwrap_err();
                assert_eq!(error.kind, ConnectorErrorKind::NoWatermark, "{error}");
                assert!(error.message.contains("another domain controller"), "{error}");
            }
            DeltaMode::DirSync | DeltaMode::Auto => assert!(result.unwrap().watermark.is_some()),
        }
    }
}

#[test]
fn a_connection_lost_again_and_again_ends_the_import() {
    let running = Running::new(people());
    running.change(|server| {
        for number in 1..10 {
            server.events.push((number, |_| Some(vec![Reply::Close])));
        }
    });
    let error = running.import(&whole(), DeltaMode::Usn).1.unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Dropped, "{error}");
    running.change(|server| assert!(server.binds < 5, "{}", server.binds));
}

#[test]
fn what_moves_during_a_full_import_is_not_missed() {
    let containers = |request: ImportRequest| ImportRequest {
        include: ["OU=p,DC=x", "OU=q,DC=x"].map(|name| Dn::parse(name).unwrap()).to_vec(),
        ..request
    };
    for mode in [DeltaMode::DirSync, DeltaMode::Usn] {
        let run = |event: Event| {
            let running = Running::new(Server::new(&[('a', "CN=a,OU=p,DC=x"), ('b', "CN=b,OU=q,DC=x"), ('q', "OU=s,OU=q,DC=x")]));
            running.change(|server| {
                server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
                // OU=p was read, OU=q is next.
                server.events.push((2, event));
            });
            let (mut items, result) = running.import(&containers(whole()), mode);
            assert!(result.unwrap().watermark.is_some());
            items.sort();
            items
        };
        // From a container that will be read to one that was.
        let moved = run(|server| {
            server.objects.insert('b', ("CN=b,OU=p,DC=x".to_owned(), 11));
            let entries = vec![('b', "CN=b,OU=p,DC=x", vec![("name", "b"), ("parentGUID", "p")])];
            server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
            None
        });
        assert_eq!(moved, ["a CN=a,OU=p,DC=x", "b CN=b,OU=p,DC=x"], "{mode:?}");
        // The other way round: found twice, handed over once.
        let moved = run(|server| {
            server.objects.insert('a', ("CN=a,OU=q,DC=x".to_owned(), 11));
            let entries = vec![('a', "CN=a,OU=q,DC=x", vec![("name", "a"), ("parentGUID", "q")])];
            server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
            None
        });
        assert_eq!(moved, ["a CN=a,OU=p,DC=x", "b CN=b,OU=q,DC=x"], "{mode:?}");
        // With its container, and unchanged itself.
        let moved = run(|server| {
            server.objects.insert('b', ("CN=b,OU=s,OU=p,DC=x".to_owned(), 1));
            server.objects.insert('q', ("OU=s,OU=p,DC=x".to_owned(), 11));
            let entries = vec![('q', "OU=s,OU=p,DC=x", vec![("name", "s"), ("parentGUID", "p")])];
            server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
            None
        });
        assert_eq!(moved, ["a CN=a,OU=p,DC=x", "b CN=b,OU=s,OU=p,DC=x"], "{mode:?}");
    }
}

#[test]
fn answers_without_sense_end_the_import_and_keep_the_watermark() {
    let check = |piece: Piece| {
        let running = Running::new(people());
        running.change(|server| {
            server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
        });
        let watermark = running.full(DeltaMode::DirSync);
        running.change(|server| {
            server.pieces.insert("now", piece);
        });
        assert_eq!(running.delta(&watermark, DeltaMode::DirSync).1.unwrap_err().kind, ConnectorErrorKind::Protocol);
    };
    // The same piece for ever.
    check(Piece { more: true, next: "now", ..Piece::default() });
    // No cookie to go on from.
    check(Piece::default());
}
