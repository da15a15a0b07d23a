//! A scripted LDAP server on loopback: what real domain controllers do and the live fixture does not.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ldap3::asn1::{PL, StructureTag, TagClass};

/// What the client asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector) enum Asked {
    Bind,
    Extended,
    Search {
        base: String,
        /// 0 the object itself, 1 one level, 2 the subtree.
        scope: u8,
        /// As it is encoded: names and values of the filter stand in it as they are.
        filter: Vec<u8>,
        attributes: Vec<String>,
        page: Option<Page>,
        /// Cookie of the DirSync control.
        dir_sync: Option<Vec<u8>>,
        /// Deleted objects are wanted too.
        deleted: bool,
    },
    Add {
        dn: String,
        attributes: Vec<String>,
    },
    Modify {
        dn: String,
        parts: Vec<Part>,
    },
    Rename {
        dn: String,
        rdn: String,
        parent: Option<String>,
    },
    Delete {
        dn: String,
    },
}

/// A part of a modification: operation (0 add, 1 delete, 2 replace), attribute, number of values.
pub(in crate::connector) type Part = (u8, String, usize);

/// The paged results control of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector) struct Page {
    pub(in crate::connector) size: u64,
    pub(in crate::connector) cookie: Vec<u8>,
}

/// What the server answers.
pub(in crate::connector) enum Reply {
    /// The result of a bind or an extended request, or the end of a search with a page cookie.
    Result {
        code: u8,
        text: &'static str,
        cookie: Option<Vec<u8>>,
    },
    /// The end of a DirSync answer.
    DirSyncEnd {
        more: bool,
        cookie: Vec<u8>,
    },
    Entry {
        dn: Vec<u8>,
        attributes: Vec<(String, Vec<Vec<u8>>)>,
    },
    /// An entry of an answer of content synchronization: what happened to it (0 present, 1 add, 2 modify, 3 delete).
    Synchronized {
        dn: &'static str,
        uuid: [u8; 16],
        state: u8,
    },
    /// The end of an answer of content synchronization, which told what is gone.
    SynchronizedEnd {
        cookie: &'static [u8],
    },
    Referral,
    /// These octets as they are.
    Raw(Vec<u8>),
    /// Nothing for this time, or the end of the connection when the client ends it meanwhile.
    Pause(Duration),
    /// The end of the connection.
    Close,
}

impl Reply {
    pub(in crate::connector) fn done() -> Self {
        Self::Result { code: 0, text: "", cookie: None }
    }

    pub(in crate::connector) fn refused(code: u8, text: &'static str) -> Self {
        Self::Result { code, text, cookie: None }
    }

    /// The end of a page; an empty cookie ends the search.
    pub(in crate::connector) fn page_end(cookie: &[u8]) -> Self {
        Self::Result { code: 0, text: "", cookie: Some(cookie.to_vec()) }
    }

    pub(in crate::connector) fn entry(dn: &str, attributes: &[(&str, &[&str])]) -> Self {
        let octets = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect();
        let attributes = attributes.iter().map(|(name, values)| ((*name).to_owned(), octets(values))).collect();
        Self::Entry { dn: dn.as_bytes().to_vec(), attributes }
    }
}

/// Starts a server that answers by `script`; returns its port. Sign-ins succeed and the root entry is
/// that of a domain controller of `DC=x`, unless the script has an answer of its own.
pub(in crate::connector) fn start(script: impl FnMut(&Asked) -> Option<Vec<Reply>> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = Arc::new(Mutex::new(script));
    in_thread(move || {
        for stream in listener.incoming() {
            let (stream, script) = (stream.unwrap(), Arc::clone(&script));
            stream.set_nodelay(true).unwrap();
            // A client that goes away ends its connection, nothing else.
            in_thread(move || drop(serve(stream, |asked: &Asked| script.lock().unwrap()(asked))));
        }
    });
    port
}

fn in_thread(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("fake directory".to_owned()).spawn(work).unwrap();
}

fn serve(mut stream: TcpStream, mut script: impl FnMut(&Asked) -> Option<Vec<Reply>>) -> std::io::Result<()> {
    let mut received = Vec::new();
    loop {
        while let Ok((rest, message)) = ldap3::asn1::parse_tag(&received) {
            let used = received.len() - rest.len();
            received.drain(..used);
            let Some(parts) = message.expect_constructed() else { return Ok(()) };
            let id = parts[0].clone();
            let Some(asked) = read(&parts) else { continue };
            let request = parts[1].id;
            for reply in script(&asked).unwrap_or_else(|| usual(&asked)) {
                match reply {
                    Reply::Close => return Ok(()),
                    Reply::Raw(octets) => stream.write_all(&octets)?,
                    Reply::Pause(time) if is_gone(&mut stream, &mut received, time)? => return Ok(()),
                    Reply::Pause(_) => {}
                    other => {
                        stream.write_all(&encode(constructed(TagClass::Universal, 16, message_parts(&id, request, other))))?
                    }
                }
            }
        }
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        received.extend_from_slice(&buffer[..count]);
    }
}

/// Waits for the client, this long; true when it ended the connection. What it says meanwhile is received.
fn is_gone(stream: &mut TcpStream, received: &mut Vec<u8>, time: Duration) -> std::io::Result<bool> {
    stream.set_read_timeout(Some(time))?;
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer);
    stream.set_read_timeout(None)?;
    match read {
        Ok(count) => {
            received.extend_from_slice(&buffer[..count]);
            Ok(count == 0)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
        Err(error) => Err(error),
    }
}

fn usual(asked: &Asked) -> Vec<Reply> {
    match asked {
        Asked::Search { base, .. } if base.is_empty() => vec![
            Reply::entry(
                "",
                &[
                    ("supportedCapabilities", &["1.2.840.113556.1.4.800"]),
                    ("supportedControl", &["1.2.840.113556.1.4.319"]),
                    ("namingContexts", &["DC=x"]),
                    ("rootDomainNamingContext", &["DC=x"]),
                    ("schemaNamingContext", &["CN=Schema,CN=Configuration,DC=x"]),
                ],
            ),
            Reply::done(),
        ],
        Asked::Bind
        | Asked::Extended
        | Asked::Search { .. }
        | Asked::Add { .. }
        | Asked::Modify { .. }
        | Asked::Rename { .. }
        | Asked::Delete { .. } => vec![Reply::done()],
    }
}

fn read(parts: &[StructureTag]) -> Option<Asked> {
    let text = |tag: &StructureTag| String::from_utf8(octets(tag)).unwrap();
    match parts[1].id {
        0 => Some(Asked::Bind),
        23 => Some(Asked::Extended),
        3 => {
            let search = self::parts(parts[1].clone());
            let controls: Vec<(String, Vec<u8>)> = parts.get(2).map_or_else(Vec::new, |list| {
                let read = |control| {
                    let parts = self::parts(control);
                    let value = if parts.len() > 1 { parts.last().map(octets).unwrap_or_default() } else { Vec::new() };
                    (text(&parts[0]), value)
                };
                self::parts(list.clone()).into_iter().map(read).collect()
            });
            let control = |oid: &str| controls.iter().find(|(name, _)| name == oid).map(|(_, value)| inner(value));
            let page = control("1.2.840.113556.1.4.319").map(|page| {
                let size = octets(&page[0]).iter().fold(0, |size, byte| (size << 8) | u64::from(*byte));
                Page { size, cookie: octets(&page[1]) }
            });
            Some(Asked::Search {
                base: text(&search[0]),
                scope: octets(&search[1])[0],
                filter: encode(search[6].clone()),
                attributes: self::parts(search[7].clone()).iter().map(text).collect(),
                page,
                dir_sync: control("1.2.840.113556.1.4.841").map(|asked| octets(&asked[2])),
                deleted: controls.iter().any(|(name, _)| name == "1.2.840.113556.1.4.417"),
            })
        }
        6 => {
            let request = self::parts(parts[1].clone());
            let part = |tag: StructureTag| {
                let part = self::parts(tag);
                let attribute = self::parts(part[1].clone());
                (octets(&part[0])[0], text(&attribute[0]), self::parts(attribute[1].clone()).len())
            };
            Some(Asked::Modify { dn: text(&request[0]), parts: self::parts(request[1].clone()).into_iter().map(part).collect() })
        }
        8 => {
            let request = self::parts(parts[1].clone());
            let name = |tag: StructureTag| text(&self::parts(tag)[0]);
            Some(Asked::Add {
                dn: text(&request[0]),
                attributes: self::parts(request[1].clone()).into_iter().map(name).collect(),
            })
        }
        10 => Some(Asked::Delete { dn: text(&parts[1]) }),
        12 => {
            let request = self::parts(parts[1].clone());
            Some(Asked::Rename { dn: text(&request[0]), rdn: text(&request[1]), parent: request.get(3).map(text) })
        }
        // Unbind, abandon: no answer.
        _ => None,
    }
}

fn message_parts(id: &StructureTag, request: u64, reply: Reply) -> Vec<StructureTag> {
    let application = |id, parts| constructed(TagClass::Application, id, parts);
    match reply {
        Reply::Result { code, text, cookie } => {
            // Each result has the number after its request; the end of a search is 5, an extended result 24.
            let kind = if request == 3 { 5 } else { request + 1 };
            let result = application(kind, vec![primitive(10, vec![code]), primitive(4, vec![]), primitive(4, text.into())]);
            let mut message = vec![id.clone(), result];
            if let Some(cookie) = cookie {
                message.push(control("1.2.840.113556.1.4.319", vec![primitive(2, vec![0]), primitive(4, cookie)]));
            }
            message
        }
        Reply::DirSyncEnd { more, cookie } => {
            let value = vec![primitive(2, vec![u8::from(more)]), primitive(2, vec![0]), primitive(4, cookie)];
            let result = application(5, vec![primitive(10, vec![0]), primitive(4, vec![]), primitive(4, vec![])]);
            vec![id.clone(), result, control("1.2.840.113556.1.4.841", value)]
        }
        Reply::Synchronized { dn, uuid, state } => {
            let value = vec![primitive(10, vec![state]), primitive(4, uuid.to_vec())];
            let entry = vec![primitive(4, dn.into()), constructed(TagClass::Universal, 16, Vec::new())];
            vec![id.clone(), application(4, entry), control("1.3.6.1.4.1.4203.1.9.1.2", value)]
        }
        Reply::SynchronizedEnd { cookie } => {
            let value = vec![primitive(4, cookie.to_vec()), primitive(1, vec![0xff])];
            let result = application(5, vec![primitive(10, vec![0]), primitive(4, vec![]), primitive(4, vec![])]);
            vec![id.clone(), result, control("1.3.6.1.4.1.4203.1.9.1.3", value)]
        }
        Reply::Entry { dn, attributes } => {
            let list = attributes
                .into_iter()
                .map(|(name, values)| {
                    let values = values.into_iter().map(|value| primitive(4, value)).collect();
                    let parts = vec![primitive(4, name.into_bytes()), constructed(TagClass::Universal, 17, values)];
                    constructed(TagClass::Universal, 16, parts)
                })
                .collect();
            vec![id.clone(), application(4, vec![primitive(4, dn), constructed(TagClass::Universal, 16, list)])]
        }
        Reply::Referral => {
            vec![id.clone(), application(19, vec![primitive(4, b"ldap://x/CN=Configuration,DC=x".to_vec())])]
        }
        Reply::Raw(_) | Reply::Pause(_) | Reply::Close => unreachable!("sent as they are"),
    }
}

/// The controls of a message, one with a sequence of these parts as its value.
fn control(oid: &str, value: Vec<StructureTag>) -> StructureTag {
    let value = encode(constructed(TagClass::Universal, 16, value));
    let control = constructed(TagClass::Universal, 16, vec![primitive(4, oid.into()), primitive(4, value)]);
    constructed(TagClass::Context, 0, vec![control])
}

fn primitive(id: u64, value: Vec<u8>) -> StructureTag {
    StructureTag { class: TagClass::Universal, id, payload: PL::P(value) }
}

fn constructed(class: TagClass, id: u64, parts: Vec<StructureTag>) -> StructureTag {
    StructureTag { class, id, payload: PL::C(parts) }
}

fn parts(tag: StructureTag) -> Vec<StructureTag> {
    tag.expect_constructed().unwrap()
}

fn inner(value: &[u8]) -> Vec<StructureTag> {
    if value.is_empty() { Vec::new() } else { parts(ldap3::asn1::parse_tag(value).unwrap().1) }
}

fn octets(tag: &StructureTag) -> Vec<u8> {
    tag.clone().expect_primitive().unwrap()
}

fn encode(tag: StructureTag) -> Vec<u8> {
    let mut buffer = Default::default();
    ldap3::asn1::write::encode_into(&mut buffer, tag).unwrap();
    buffer.to_vec()
}
