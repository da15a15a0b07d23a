//! What an import must never ask, and what it must not conclude: traps of directories (`docs/directory-traps.md`).

use super::change_tests::{Piece, Running, Server, after, people, whole};
use super::misbehaviour_tests::{open, settings};
use super::settings::{ActiveDirectorySettings, DeltaMode};
use crate::connector::ldap::fake_server::{Asked, Reply, start};
use crate::connector::{Connector, ConnectorErrorKind, ImportRequest};
use crate::model::Dn;

/// A search, as far as these tests look at it.
struct Searched {
    base: String,
    scope: u8,
    filter: String,
    attributes: Vec<String>,
    paged: bool,
    dir_sync: bool,
}

/// Everything that imports in both ways, full and delta, ask a server, of which one container is read.
fn everything_asked() -> (Vec<Searched>, usize) {
    let (mut searches, mut extended) = (Vec::new(), 0);
    for mode in [DeltaMode::DirSync, DeltaMode::Usn] {
        let running = Running::new(Server::new(&[('a', "CN=a,OU=p,DC=x"), ('o', "OU=p,DC=x"), ('g', "CN=g,OU=p,DC=x")]));
        running.change(|server| {
            let entries = vec![
                ('a', "CN=a,OU=p,DC=x", vec![("cn", "n")]),
                ('g', "CN=g,OU=p,DC=x", vec![("member", "CN=a,OU=p,DC=x")]),
                ('o', "OU=p,DC=x", vec![("name", "p"), ("parentGUID", "x")]),
                ('h', "CN=h,DC=x", vec![("cn", "h")]),
            ];
            server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
        });
        let part = |request: ImportRequest| ImportRequest {
            include: vec![Dn::parse("OU=p,DC=x").unwrap()],
            attributes: vec!["cn".to_owned(), "member".to_owned()],
            ..request
        };
        let watermark = running.import(&part(whole()), mode).1.unwrap().watermark.unwrap();
        running.change(|server| {
            server.pieces.insert("end", Piece { next: "end", ..Piece::default() });
        });
        running.import(&part(after(&watermark)), mode).1.unwrap();
        running.change(|server| {
            for asked in std::mem::take(&mut server.asked) {
                match asked {
                    Asked::Search { base, scope, filter, attributes, page, dir_sync, .. } => searches.push(Searched {
                        base,
                        scope,
                        filter: String::from_utf8_lossy(&filter).into_owned(),
                        attributes,
                        paged: page.is_some(),
                        dir_sync: dir_sync.is_some(),
                    }),
                    Asked::Extended => extended += 1,
                    _ => {}
                }
            }
        });
    }
    assert!(searches.iter().filter(|search| search.dir_sync).count() >= 3);
    (searches, extended)
}

/// Traps P1, P2: what is asked without pages is cut at 1,000 entries. Trap P7: a limit of the request is ignored.
#[test]
fn every_list_is_read_in_pages() {
    for search in everything_asked().0 {
        assert!(search.scope == 0 || search.paged || search.dir_sync, "{} {}", search.base, search.filter);
    }
}

/// Trap D1: DirSync below the head of a partition is refused. Trap D6: computed attributes come back empty. Trap D7:
/// what is not listed hides changes. Trap D10: deleted objects lose `objectCategory`. Trap D18: all attributes are ten
/// times as much.
#[test]
fn dir_sync_is_asked_for_the_whole_partition_with_a_list_that_hides_nothing() {
    let (searches, _) = everything_asked();
    for search in &searches {
        assert!(!search.attributes.is_empty() && !search.attributes.iter().any(|name| name == "*"), "{}", search.filter);
        assert!(!search.attributes.iter().any(|name| name.eq_ignore_ascii_case("nTSecurityDescriptor")));
        assert!(!search.filter.contains("objectCategory"), "{}", search.filter);
    }
    for search in searches.iter().filter(|search| search.dir_sync) {
        assert_eq!((search.base.as_str(), search.scope), ("DC=x", 2));
        let lists = |name: &str| search.attributes.iter().any(|listed| listed.eq_ignore_ascii_case(name));
        for computed in ["cn", "distinguishedName", "memberOf", "uSNChanged", "whenChanged", "canonicalName"] {
            assert!(!lists(computed), "{computed}");
        }
        if search.attributes.len() > 1 {
            for needed in ["name", "parentGUID", "isDeleted", "objectClass", "objectGUID", "lastKnownParent", "member"] {
                assert!(lists(needed), "{needed}");
            }
        }
    }
}

/// Trap B7: not every server can say who is signed in. Trap B5: a challenge-response sign-in is refused by some; the password
/// goes in one simple bind.
#[test]
fn a_connection_is_tried_out_by_reading() {
    assert_eq!(everything_asked().1, 0);
}

/// Trap B6: a global catalog answers like a domain controller and lacks most attributes.
#[test]
fn a_global_catalog_is_not_read() {
    for server in ["dc1.x:3268", "dc1.x:3269", "127.0.0.1:3268"] {
        let error = open(ActiveDirectorySettings { servers: vec![server.to_owned()], ..settings(0) }).unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::Configuration, "{error}");
        assert!(error.message.contains(server) && error.message.contains("global catalog"), "{error}");
    }
}

/// Traps P5, P6: a server forgets a search of which pages are left, and refuses the next one. What was read is no whole
/// import then, so nothing may be taken for gone.
#[test]
fn a_refused_page_ends_the_import() {
    let port = start(|asked| match asked {
        Asked::Search { base, page: Some(page), .. } if base == "DC=x" => Some(match page.cookie.as_slice() {
            b"" => vec![Reply::page_end(b"one")],
            _ => vec![Reply::refused(53, "00002024: cookie not found")],
        }),
        _ => None,
    });
    let error = open(settings(port)).unwrap().import(&whole(), &mut |_| true).unwrap_err();
    assert_eq!(error.kind, ConnectorErrorKind::Search, "{error}");
    assert!(error.message.contains("result 53"), "{error}");
}

/// Trap P3: the size that a server estimates is zero or anything; it is not looked at. Trap P2: a page may have fewer
/// entries than were asked for, and be followed by others.
#[test]
fn pages_may_have_any_size() {
    let user = |letter: char| {
        let guid = letter.to_string().repeat(16);
        Reply::entry(&format!("CN={letter},DC=x"), &[("objectClass", &["top", "user"]), ("objectGUID", &[&guid])])
    };
    let port = start(move |asked| match asked {
        Asked::Search { base, page: Some(page), .. } if base == "DC=x" => Some(match page.cookie.as_slice() {
            b"" => vec![user('a'), Reply::page_end(b"one")],
            b"one" => vec![user('b'), user('c'), user('d'), user('e'), Reply::page_end(b"two")],
            _ => vec![user('f'), Reply::page_end(b"")],
        }),
        _ => None,
    });
    let mut count = 0;
    let request = ImportRequest { page_size: 3, ..whole() };
    open(settings(port))
        .unwrap()
        .import(&request, &mut |_| {
            count += 1;
            true
        })
        .unwrap();
    assert_eq!(count, 6);
}

/// Traps D5, D6: an attribute without values was cleared, or was never there; either way the object says what it has.
#[test]
fn an_attribute_told_without_values_is_read_of_the_object() {
    let running = Running::new(people());
    running.change(|server| {
        server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
    });
    let watermark = running.full(DeltaMode::DirSync);
    running.change(|server| {
        server.emptied = true;
        let entries = vec![('a', "CN=a,DC=x", vec![("cn", ""), ("member", ""), ("name", "")])];
        server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
    });
    let (items, result) = running.delta(&watermark, DeltaMode::DirSync);
    result.unwrap();
    // Not moved, not gone, not in part: the object as it is.
    assert_eq!(items, ["a CN=a,DC=x"]);
}

/// Trap D2: a refusal to show one object is no deletion of it.
#[test]
fn what_may_not_be_read_is_not_gone() {
    let running = Running::new(people());
    running.change(|server| {
        server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
    });
    let watermark = running.full(DeltaMode::DirSync);
    running.change(|server| {
        server.denied.push('z');
        let entries = vec![('z', "CN=z,DC=x", vec![("cn", "z")])];
        server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
    });
    let (items, result) = running.delta(&watermark, DeltaMode::DirSync);
    assert_eq!((items, result.unwrap_err().kind), (Vec::new(), ConnectorErrorKind::Permission));
}

/// Trap D17: an answer tells the heads of other partitions. They are not read here, and not gone either: the connector may
/// read their own partition as well.
#[test]
fn heads_of_other_partitions_are_left_alone() {
    for mode in [DeltaMode::DirSync, DeltaMode::Usn] {
        let running = Running::new(people());
        running.change(|server| {
            server.pieces.insert("now", Piece { next: "now", ..Piece::default() });
        });
        let watermark = running.full(mode);
        running.change(|server| {
            server.heads.push('k');
            server.objects.insert('k', ("DC=child,DC=x".to_owned(), 20));
            server.usn = 20;
            let entries = vec![('k', "DC=child,DC=x", vec![("name", "child"), ("parentGUID", "x"), ("instanceType", "13")])];
            server.pieces.insert("now", Piece { entries, next: "end", ..Piece::default() });
        });
        running.log();
        let (items, result) = running.delta(&watermark, mode);
        result.unwrap();
        assert_eq!(items, Vec::<String>::new(), "{mode:?}");
        // Nothing below it is read either.
        assert!(running.log().iter().all(|asked| !asked.starts_with("below")), "{mode:?}");
    }
}
