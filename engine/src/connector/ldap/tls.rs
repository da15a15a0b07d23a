//! Whom to trust, and what to tell an administrator whose server is not trusted.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::server::Words;
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// TLS that trusts the authorities of `ca_file`, or those that this computer trusts.
pub(in crate::connector) fn client_config(ca_file: Option<&Path>, words: &Words) -> Result<Arc<ClientConfig>, ConnectorError> {
    let roots = match ca_file {
        Some(file) => roots_of_file(file)?,
        None => roots_of_computer(words)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|error| {
        ConnectorError::new(ConnectorErrorKind::Configuration, "this build of TLS has no usable protocol version").cause(error)
    })?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn roots_of_file(file: &Path) -> Result<RootCertStore, ConnectorError> {
    let content = std::fs::read(file).map_err(|error| {
        let message = format!("the CA file cannot be read, check the path and its permissions: {}: {error}", file.display());
        ConnectorError::new(ConnectorErrorKind::Configuration, message).cause(error)
    })?;
    let unusable = |reason: String| {
        let message = format!("the CA file holds no usable certificate, give a PEM or DER file: {}: {reason}", file.display());
        ConnectorError::new(ConnectorErrorKind::Configuration, message)
    };
    let certificates = if content.windows(5).any(|part| part == b"-----") {
        CertificateDer::pem_slice_iter(&content).collect::<Result<Vec<_>, _>>().map_err(|error| unusable(error.to_string()))?
    } else {
        vec![CertificateDer::from(content)]
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("it is empty".to_owned())) } else { Ok(roots) }
}

fn roots_of_computer(words: &Words) -> Result<RootCertStore, ConnectorError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(added, ignored, faults = found.errors.len(), "read the authorities that this computer trusts");
    if roots.is_empty() {
        return Err(ConnectorError::new(
            ConnectorErrorKind::Configuration,
            format!(
                "this computer has no list of trusted authorities: set the CA file to the certificate of the authority that issued the certificate of each {}",
                words.server
            ),
        ));
    }
    Ok(roots)
}

/// Finds the TLS fault inside an I/O error.
pub(in crate::connector) fn tls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What is wrong with a server's TLS, and what to do. `server` is `host:port`.
pub(in crate::connector) fn describe(
    error: &rustls::Error,
    server: &str,
    ca_file: Option<&Path>,
    words: &Words,
) -> (ConnectorErrorKind, String) {
    let role = words.server;
    let rustls::Error::InvalidCertificate(fault) = error else {
        let message = match error {
            rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
                format!("{server} does not speak TLS on this port: LDAPS needs port 636, StartTLS needs port 389")
            }
            rustls::Error::AlertReceived(alert) => format!(
                "{server} broke off the TLS handshake ({alert:?}): check that the {role} has a valid server certificate and accepts TLS 1.2 or newer"
            ),
            rustls::Error::PeerIncompatible(reason) => {
                format!(
                    "{server} offers no TLS version or cipher that is safe ({reason:?}): allow TLS 1.2 or newer on the {role}"
                )
            }
            other => format!("the encrypted connection to {server} failed: {other}"),
        };
        return (ConnectorErrorKind::Connection, message);
    };
    (
        ConnectorErrorKind::Certificate,
        format!("the certificate of {server} is not trusted: {}", describe_certificate(fault, ca_file, role)),
    )
}

fn describe_certificate(fault: &CertificateError, ca_file: Option<&Path>, role: &str) -> String {
    match fault {
        CertificateError::UnknownIssuer => {
            let trusted = match ca_file {
                Some(file) => format!("no authority in the CA file {} issued it", file.display()),
                None => "no authority that this computer trusts issued it".to_owned(),
            };
            format!("{trusted}; set the CA file to the certificate of the authority that issued it")
        }
        CertificateError::NotValidForName => {
            "it was issued for another name; use the name that the certificate holds, or have one issued with a subject alternative name".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names = if presented.is_empty() { "no name at all".to_owned() } else { presented.join(", ") };
            format!(
                "it is not valid for {}, only for {names}; use one of its names as the server, with the address as override if the name does not resolve",
                expected.to_str()
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("it has expired; renew it on the {role}, or set this computer's clock")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("it is not valid yet; check the clocks of this computer and of the {role}")
        }
        CertificateError::Revoked => format!("it has been revoked; have a new one issued for the {role}"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it was not issued for server authentication; have one issued with that purpose".to_owned()
        }
        CertificateError::BadSignature => {
            "its signature is wrong; check that the CA file belongs to the authority that issued it".to_owned()
        }
        other => format!("{other}; have a new certificate issued for the {role}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tls_fault_names_the_server_and_the_fix() {
        let check = |error: rustls::Error, kind: ConnectorErrorKind, parts: &[&str]| {
            let (found, message) =
                describe(&error, "dc1.contoso.com:636", Some(Path::new("ca.pem")), &super::super::server::ACTIVE_DIRECTORY);
            assert_eq!(found, kind, "{message}");
            assert!(message.contains("dc1.contoso.com:636"), "{message}");
            for part in parts {
                assert!(message.contains(part), "{message} lacks {part}");
            }
        };
        let certificate = rustls::Error::InvalidCertificate;
        check(certificate(CertificateError::UnknownIssuer), ConnectorErrorKind::Certificate, &["ca.pem", "set the CA file"]);
        check(certificate(CertificateError::Expired), ConnectorErrorKind::Certificate, &["expired", "renew"]);
        check(certificate(CertificateError::NotValidYet), ConnectorErrorKind::Certificate, &["clocks"]);
        check(certificate(CertificateError::NotValidForName), ConnectorErrorKind::Certificate, &["another name"]);
        check(
            certificate(CertificateError::NotValidForNameContext {
                expected: rustls::pki_types::ServerName::try_from("dc1").unwrap(),
                presented: vec!["dc2".to_owned(), "dc3".to_owned()],
            }),
            ConnectorErrorKind::Certificate,
            &["not valid for dc1", "dc2, dc3"],
        );
        check(certificate(CertificateError::InvalidPurpose), ConnectorErrorKind::Certificate, &["server authentication"]);
        check(
            rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
            ConnectorErrorKind::Connection,
            &["636", "389"],
        );
        check(
            rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure),
            ConnectorErrorKind::Connection,
            &["HandshakeFailure"],
        );
    }

    #[test]
    fn ca_files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, content: Option<&[u8]>, part: &str| {
            let file = folder.path().join(name);
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            let error = client_config(Some(&file), &super::super::server::ACTIVE_DIRECTORY).unwrap_err();
            assert_eq!(error.kind, ConnectorErrorKind::Configuration);
            assert!(error.message.contains(part) && error.message.contains(name), "{error}");
        };
        check("missing.pem", None, "cannot be read");
        check("empty.pem", Some(b""), "no usable certificate");
        check("text.pem", Some(b"not a certificate"), "no usable certificate");
        check("key.pem", Some(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "no usable certificate");
        check("broken.pem", Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "no usable certificate");
    }
}
