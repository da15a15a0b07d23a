//! Signing in by NTLM and Kerberos, and what they protect.

use secrecy::SecretString;
use syncline_engine::connector::active_directory::{
    ActiveDirectoryConnector, ActiveDirectorySettings, ConnectionSecurity, SignIn,
};
use syncline_engine::connector::{Connector, ConnectorErrorKind};
use syncline_tests::forest::Forest as Fixture;

use super::{Forest, forest, import, sorted};

/// The ways that this build has besides the simple one.
pub(super) fn ways() -> Vec<SignIn> {
    let found: Vec<SignIn> = SignIn::ALL.into_iter().filter(|way| way.seals() && way.missing().is_none()).collect();
    assert!(found.contains(&SignIn::Ntlm));
    found
}

/// The forest that refuses passwords, and sign-ins that protect nothing, without TLS.
fn strict(test: &str) -> Option<Fixture> {
    let found = Fixture::read("SYNCLINE_TEST_AD2_");
    let required = std::env::var("SYNCLINE_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(found.is_some() || !required, "{test} needs the second forest: SYNCLINE_TEST_AD2_* is not set");
    found
}

/// How the strict forest is reached. Kerberos knows servers by their names.
fn strict_settings(fixture: &Fixture, sign_in: SignIn, security: ConnectionSecurity) -> ActiveDirectorySettings {
    ActiveDirectorySettings {
        servers: vec![format!("dc2.{}", fixture.domain)],
        address: Some(fixture.address.parse().unwrap()),
        sign_in,
        security,
        ..fixture.settings()
    }
}

fn open(settings: ActiveDirectorySettings, password: &str) -> ActiveDirectoryConnector {
    ActiveDirectoryConnector::open(settings, SecretString::from(password.to_owned())).unwrap()
}

pub(super) fn sealed(forest: &Forest, sign_in: SignIn) -> ActiveDirectorySettings {
    ActiveDirectorySettings { sign_in, ..forest.settings(ConnectionSecurity::Plain) }
}

/// A server that refuses everything unprotected takes an encrypted sign-in without TLS: no certificate is needed.
#[test]
fn a_sign_in_encrypts_a_connection_without_tls() {
    let Some(fixture) = strict("a_sign_in_encrypts_a_connection_without_tls") else { return };
    for way in ways() {
        let settings = ActiveDirectorySettings { ca_file: None, ..strict_settings(&fixture, way, ConnectionSecurity::Plain) };
        let mut connector = open(settings, &fixture.password);
        assert!(connector.facts().active_directory, "{way}");
        assert!(connector.partitions().unwrap().iter().any(|partition| partition.domain), "{way}");
    }
}

/// Thousands of objects, a group of 5,000 members among them, come as they do over TLS: the server packs messages into
/// encrypted pieces of any size.
#[test]
fn everything_is_read_over_an_encrypted_sign_in() {
    let Some(forest) = forest("everything_is_read_over_an_encrypted_sign_in") else { return };
    let mut over_tls = forest.open(forest.settings(ConnectionSecurity::Ldaps)).unwrap();
    let request = forest.request(&std::sync::Arc::new(over_tls.schema().unwrap()));
    let expected = sorted(import(&mut over_tls, &request));
    assert!(expected.len() > 5_000);
    for way in ways() {
        let mut connector = open(sealed(&forest, way), &forest.password);
        let found = sorted(import(&mut connector, &request));
        assert!(found == expected, "{way}: {} objects instead of {}", found.len(), expected.len());
    }
}

#[test]
fn names_and_wrong_passwords_are_as_with_a_simple_sign_in() {
    let Some(forest) = forest("names_and_wrong_passwords_are_as_with_a_simple_sign_in") else { return };
    let account = forest.user.split('@').next().unwrap();
    let netbios = ActiveDirectorySettings { user: format!("{}\\{account}", forest.netbios), ..sealed(&forest, SignIn::Ntlm) };
    assert!(open(netbios, &forest.password).facts().active_directory);
    for way in ways() {
        let error = ActiveDirectoryConnector::open(sealed(&forest, way), SecretString::from("not-the-password")).unwrap_err();
        assert_eq!(error.kind, ConnectorErrorKind::Credentials, "{error}");
        assert!(error.message.contains(&forest.host) && error.message.contains(&forest.user), "{error}");
        assert!(!format!("{error:?}").contains("not-the-password"));
    }
}

/// Trap B5: what signs and encrypts is never tried inside TLS, where some servers refuse it and none signs.
#[test]
fn a_sign_in_that_encrypts_is_not_tried_inside_tls() {
    let Some(forest) = forest("a_sign_in_that_encrypts_is_not_tried_inside_tls") else { return };
    for way in ways() {
        for security in [ConnectionSecurity::Ldaps, ConnectionSecurity::StartTls] {
            let error = forest.open(ActiveDirectorySettings { sign_in: way, ..forest.settings(security) }).unwrap_err();
            assert_eq!(error.kind, ConnectorErrorKind::Configuration, "{error}");
            assert!(error.message.contains("choose no TLS"), "{error}");
        }
    }
}
