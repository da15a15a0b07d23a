//! What cannot be reached, is not trusted, or stops in the middle.

use std::net::TcpListener;

use secrecy::SecretString;
use syncline_engine::connector::generic_ldap::{ConnectionSecurity, GenericLdapConnector, GenericLdapSettings, LdapDelta};
use syncline_engine::connector::{Connector, ConnectorErrorKind};

use super::{Held, full, import, server, server_alone, since};

/// A certificate authority that has nothing to do with the server.
const UNRELATED_AUTHORITY: &str = "-----BEGIN CERTIFICATE-----
MIIBnjCCAUOgAwIBAgIUfIiI0J0wViMEdKZNAphGh/iZV3swCgYIKoZIzj0EAwIw
IzEhMB8GA1UEAwwYVW5yZWxhdGVkIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMjE3
MDAwMloYDzIxMjYxMDI5MTcwMDAyWjAjMSEwHwYDVQQDDBhVbnJlbGF0ZWQgdGVz
dCBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQaXWiu025tNnKd
pz44Owwo4vA2tl2XLiUOABnsVYWDY+XqNOvEujg7tJzk7U8YpYNawL6aGgJqNKsJ
MLmhKdN8o1MwUTAdBgNVHQ4EFgQUEsbIYhcm987G3UPfbGRG8yKvpTQwHwYDVR0j
BBgwFoAUEsbIYhcm987G3UPfbGRG8yKvpTQwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNJADBGAiEAsyCI60o3M6B1sAjT5brGEQpI/fekMMPoAhPeac5tWg0C
IQD1C+EjG9amAuKBD06pA8nj1TVj3WHcGb2NTYYAaXXM5w==
-----END CERTIFICATE-----
";

#[test]
fn what_keeps_a_connection_from_coming_about_is_said() {
    let Some(server) = server("what_keeps_a_connection_from_coming_about_is_said") else { return };
    let folder = tempfile::tempdir().unwrap();
    let unrelated = folder.path().join("ca.pem");
    std::fs::write(&unrelated, UNRELATED_AUTHORITY).unwrap();
    let closed = TcpListener::bind((server.address.as_str(), 0)).unwrap().local_addr().unwrap().port();
    let check = |password: &str, change: &dyn Fn(&mut GenericLdapSettings), kind: ConnectorErrorKind, part: &str| {
        for security in [ConnectionSecurity::Ldaps, ConnectionSecurity::StartTls] {
            let mut settings = server.settings(security);
            change(&mut settings);
            let error = GenericLdapConnector::open(settings, SecretString::from(password.to_owned())).unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.contains(part), "{error}");
            assert!(!error.message.contains("domain controller") && !error.message.contains("not-the-password"), "{error}");
        }
    };
    let right = server.password.as_str();
    check("not-the-password", &|_| {}, ConnectorErrorKind::Credentials, "password is wrong");
    check("", &|_| {}, ConnectorErrorKind::Credentials, "no password");
    check(right, &|settings| settings.user = "uid=nobody,dc=nowhere".to_owned(), ConnectorErrorKind::Credentials, "uid=nobody");
    check(right, &|settings| settings.user.clear(), ConnectorErrorKind::Configuration, "cn=sync");
    check(right, &|settings| settings.ca_file = Some(unrelated.clone()), ConnectorErrorKind::Certificate, "CA file");
    check(
        right,
        &|settings| settings.servers = vec![settings.servers[0].replace(&server.host, "other.name.test")],
        ConnectorErrorKind::Certificate,
        "other.name.test",
    );
    check(
        right,
        &|settings| settings.servers = vec![format!("{}:{closed}", server.host)],
        ConnectorErrorKind::Connection,
        "LDAP server",
    );
    check(right, &|settings| settings.servers.clear(), ConnectorErrorKind::Configuration, "LDAP server");
}

#[test]
fn imports_and_deltas_outlive_the_restart_of_the_server() {
    let Some(server) = server_alone("imports_and_deltas_outlive_the_restart_of_the_server") else { return };
    for delta in [LdapDelta::SyncRepl, LdapDelta::Timestamp] {
        let settings = GenericLdapSettings { delta, ..server.settings(ConnectionSecurity::Ldaps) };
        let mut connector = server.open(settings).unwrap();
        let request = server.request(&mut connector, &server.base, &format!("ou=people,{}", server.base));
        let (everything, _) = full(&mut connector, &request);
        let (mut held, mut given) = (Held::new(), 0);
        let summary = connector.import(&request, &mut |item| {
            let syncline_engine::connector::ImportItem::Entry(entry) = item else { panic!("{item:?}") };
            held.insert(entry.anchor.0, (entry.dn, entry.object_type, entry.attributes));
            given += 1;
            if given == 450 {
                server.control("stop");
                server.control("start");
            }
            true
        });
        let watermark = summary.unwrap().watermark.unwrap();
        assert!(held == everything && given == everything.len(), "{given} of {}", everything.len());
        server.control("stop");
        server.control("start");
        import(&mut connector, &since(&request, &watermark), &mut held);
        assert!(held == everything);
        // Nobody there: nothing is told, least of all that something is gone.
        server.control("stop");
        let error = connector.import(&since(&request, &watermark), &mut |item| panic!("{item:?}")).unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::Connection, "{error}");
        server.control("start");
    }
}
