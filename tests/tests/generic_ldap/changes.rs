//! Delta imports: they leave what a full import would leave.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use syncline_engine::connector::generic_ldap::{ConnectionSecurity, GenericLdapConnector, GenericLdapSettings, LdapDelta};
use syncline_engine::connector::{Connector, ConnectorErrorKind, ImportRequest};

use super::{Held, Server, full, import, names, server, since};

/// A directory of its own, with what an import holds of it.
struct Story<'a> {
    server: &'a Server,
    connector: GenericLdapConnector,
    request: ImportRequest,
    /// What is read.
    inside: String,
    /// What is not.
    outside: String,
    held: Held,
    watermark: Vec<u8>,
}

impl<'a> Story<'a> {
    fn new(server: &'a Server, partition: &str, change: impl FnOnce(&mut GenericLdapSettings)) -> Self {
        let mut settings = server.settings(ConnectionSecurity::Ldaps);
        change(&mut settings);
        let mut connector = server.open(settings).unwrap();
        let (inside, outside) = (server.unit(partition), server.unit(partition));
        let request = server.request(&mut connector, partition, &inside);
        let (held, watermark) = full(&mut connector, &request);
        assert_eq!(held.len(), 1);
        Self { server, connector, request, inside, outside, held, watermark }
    }

    /// Changes the directory, reads the changes, and compares with everything there is; gives the number of items.
    /// `IN` and `OUT` stand for the containers.
    fn then(&mut self, ldif: &str) -> usize {
        let ldif = ldif.replace("IN", &self.inside).replace("OUT", &self.outside);
        if !ldif.is_empty() {
            self.server.change(&ldif);
        }
        let (items, summary) = import(&mut self.connector, &since(&self.request, &self.watermark), &mut self.held);
        self.watermark = summary.watermark.unwrap();
        let (everything, _) = full(&mut self.connector, &self.request);
        assert_eq!(self.held, everything, "{ldif}");
        items
    }

    /// The first parts of the names that are held, without the container itself.
    fn names(&self) -> String {
        let end = format!(",{}", self.inside);
        names(&self.held).into_iter().filter_map(|name| name.strip_suffix(&end)).collect::<Vec<_>>().join(" ")
    }
}

/// Everything that can happen, with the names that are left.
fn tell(story: &mut Story<'_>) {
    let mut then = |ldif: &str, left: &str| {
        story.then(ldif);
        assert_eq!(story.names(), left, "{ldif}");
    };
    let person = |name: &str, place: &str| {
        format!("dn: cn={name},{place}\nchangetype: add\nobjectClass: inetOrgPerson\nsn: {name}\nuid: {name}\ntitle: old\n\n")
    };
    then(&[person("a", "IN"), person("b", "IN"), person("c", "OUT")].concat(), "cn=a cn=b");
    let group = "dn: cn=g,IN\nchangetype: add\nobjectClass: groupOfNames\nmember: cn=a,IN\nmember: cn=b,IN\n";
    then(group, "cn=a cn=b cn=g");
    then("dn: cn=a,IN\nchangetype: modify\nreplace: title\ntitle: new\n", "cn=a cn=b cn=g");
    then("dn: cn=a,IN\nchangetype: modify\ndelete: title\n", "cn=a cn=b cn=g");
    then("dn: cn=g,IN\nchangetype: modify\ndelete: member\nmember: cn=a,IN\n", "cn=a cn=b cn=g");
    then("dn: cn=a,IN\nchangetype: modrdn\nnewrdn: cn=z\ndeleteoldrdn: 1\n", "cn=b cn=g cn=z");
    then("dn: ou=sub,IN\nchangetype: add\nobjectClass: organizationalUnit\n", "cn=b cn=g cn=z ou=sub");
    then(&person("y", "ou=sub,IN"), "cn=b cn=g cn=y,ou=sub cn=z ou=sub");
    // What lies below a container gets another name with it, and no server tells that. (Before something is moved into
    // it: after that, OpenLDAP 2.5 refuses to rename it.)
    then("dn: ou=sub,IN\nchangetype: modrdn\nnewrdn: ou=bus\ndeleteoldrdn: 1\n", "cn=b cn=g cn=y,ou=bus cn=z ou=bus");
    then("dn: ou=bus,IN\nchangetype: modrdn\nnewrdn: ou=bus\ndeleteoldrdn: 1\nnewsuperior: OUT\n", "cn=b cn=g cn=z");
    then(
        "dn: ou=bus,OUT\nchangetype: modrdn\nnewrdn: ou=bus\ndeleteoldrdn: 1\nnewsuperior: IN\n",
        "cn=b cn=g cn=y,ou=bus cn=z ou=bus",
    );
    let moved = "dn: cn=z,IN\nchangetype: modrdn\nnewrdn: cn=z\ndeleteoldrdn: 1\nnewsuperior: ou=bus,IN\n";
    then(moved, "cn=b cn=g cn=y,ou=bus cn=z,ou=bus ou=bus");
    then(
        "dn: cn=c,OUT\nchangetype: modrdn\nnewrdn: cn=c\ndeleteoldrdn: 1\nnewsuperior: IN\n",
        "cn=b cn=c cn=g cn=y,ou=bus cn=z,ou=bus ou=bus",
    );
    then("dn: cn=y,ou=bus,IN\nchangetype: delete\n", "cn=b cn=c cn=g cn=z,ou=bus ou=bus");
    then("dn: cn=z,ou=bus,IN\nchangetype: delete\n", "cn=b cn=c cn=g ou=bus");
    // Another object of the same name.
    then(&["dn: cn=c,IN\nchangetype: delete\n\n".to_owned(), person("c", "IN")].concat(), "cn=b cn=c cn=g ou=bus");
    then("dn: ou=bus,IN\nchangetype: delete\n", "cn=b cn=c cn=g");
    then(&[person("d", "IN"), "dn: cn=d,IN\nchangetype: delete\n".to_owned()].concat(), "cn=b cn=c cn=g");
    then("", "cn=b cn=c cn=g");
}

#[test]
fn content_synchronization_leaves_what_a_full_import_would() {
    let Some(server) = server("content_synchronization_leaves_what_a_full_import_would") else { return };
    let mut story = Story::new(&server, &server.base, |settings| settings.delta = LdapDelta::SyncRepl);
    tell(&mut story);
}

#[test]
fn a_server_without_a_log_of_deletions_names_what_is_there() {
    let Some(server) = server("a_server_without_a_log_of_deletions_names_what_is_there") else { return };
    let mut story = Story::new(&server, "dc=present,dc=test", |_| {});
    assert!(String::from_utf8_lossy(&story.watermark).contains("\"stamp\":null"));
    tell(&mut story);
}

#[test]
fn modify_timestamps_leave_what_a_full_import_would() {
    let Some(server) = server("modify_timestamps_leave_what_a_full_import_would") else { return };
    // Where nothing else is offered, and where it is wanted.
    for (partition, delta) in [("dc=stamp,dc=test", LdapDelta::Auto), (server.base.as_str(), LdapDelta::Timestamp)] {
        let mut story = Story::new(&server, partition, |settings| settings.delta = delta);
        assert!(String::from_utf8_lossy(&story.watermark).contains("\"cookie\":null"));
        tell(&mut story);
    }
}

#[test]
fn what_did_not_change_is_not_told() {
    let Some(server) = server("what_did_not_change_is_not_told") else { return };
    let mut story = Story::new(&server, &server.base, |_| {});
    let people: String =
        (0..120).map(|number| format!("dn: cn=p{number},IN\nchangetype: add\nobjectClass: inetOrgPerson\nsn: x\n\n")).collect();
    story.then(&people);
    // Other tests change other containers meanwhile, which are filtered: only the own ones are counted.
    let mut own = 0;
    let request = since(&story.request, &story.watermark);
    story
        .connector
        .import(&request, &mut |item| {
            own += usize::from(matches!(item, syncline_engine::connector::ImportItem::Entry(_)));
            true
        })
        .unwrap();
    assert_eq!(own, 0);
    story.then("dn: cn=p7,IN\nchangetype: modify\nreplace: title\ntitle: x\n");
}

#[test]
fn a_watermark_that_does_not_hold_asks_for_a_full_import() {
    let Some(server) = server("a_watermark_that_does_not_hold_asks_for_a_full_import") else { return };
    let mut story = Story::new(&server, &server.base, |_| {});
    let watermark: serde_json::Value = serde_json::from_slice(&story.watermark).unwrap();
    let with = |name: &str, value: serde_json::Value| {
        let mut changed = watermark.clone();
        changed[name] = value;
        changed.to_string().into_bytes()
    };
    let cookie = |text: &str| with("cookie", STANDARD.encode(text).into());
    let mut check = |watermark: Vec<u8>, part: &str| {
        let error = story.connector.import(&since(&story.request, &watermark), &mut |item| panic!("{item:?}")).unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::NoWatermark, "{error}");
        assert!(error.message.contains(part) && error.message.contains("full import"), "{error}");
    };
    check(cookie("rid=000,csn=20990101000000.000000Z#000000#000#000000"), "cookie");
    check(with("partition", uuid::Uuid::nil().to_string().into()), "another directory");
    check(with("anchor", "uid".into()), "another attribute");
    check(b"nonsense".to_vec(), "another version");
    // A cookie that says nothing has everything told again.
    for text in ["rid=000", "nonsense"] {
        let (items, _) = import(&mut story.connector, &since(&story.request, &cookie(text)), &mut story.held);
        assert!(items > 3000);
        let (everything, _) = full(&mut story.connector, &story.request);
        assert_eq!(story.held, everything);
    }
}
