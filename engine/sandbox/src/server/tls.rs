//! The tenant's own certificate authority and the certificate of its HTTPS listener.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;

use super::files;
use crate::SandboxError;

/// File with the authority's certificate.
pub(super) const CA_FILE: &str = "ca.pem";
const SERVER_FILE: &str = "server.pem";
const SERVER_KEY_FILE: &str = "server-key.pem";

fn failed(error: impl std::fmt::Display) -> SandboxError {
    SandboxError::Keys(error.to_string())
}

/// Reads the certificates of the folder, or makes them; also anew when they do not name the address.
pub(super) fn open(folder: &Path, address: Option<IpAddr>) -> Result<Arc<ServerConfig>, SandboxError> {
    let authority = files::read(&folder.join(CA_FILE))?;
    let certificate = files::read(&folder.join(SERVER_FILE))?;
    let key = files::read_private(&folder.join(SERVER_KEY_FILE))?;
    let (certificate, key) = match (authority, certificate, key) {
        (Some(_), Some(certificate), Some(key)) if address.is_none_or(|address| names(&certificate, address)) => {
            (certificate, key)
        }
        _ => create(folder, address)?,
    };
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(failed)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(failed)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(failed)?;
    Ok(Arc::new(config))
}

/// Whether a certificate vouches for the address.
fn names(pem: &str, address: IpAddr) -> bool {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(pem.as_bytes()) else {
        return false;
    };
    let found = pem.parse_x509().ok().and_then(|certificate| {
        let names = certificate.subject_alternative_name().ok()??;
        Some(names.value.general_names.iter().any(|name| matches!(name, GeneralName::IPAddress(found) if *found == octets)))
    });
    found.unwrap_or(false)
}

/// Makes an authority and one certificate signed by it. The authority's key is not kept, so nothing else can
/// ever be signed in the name of an authority that someone has come to trust.
fn create(folder: &Path, address: Option<IpAddr>) -> Result<(String, String), SandboxError> {
    let authority_key = KeyPair::generate().map_err(failed)?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Syncline sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut authority);
    let authority_certificate = authority.self_signed(&authority_key).map_err(failed)?;
    let issuer = Issuer::from_params(&authority, &authority_key);

    let server_key = KeyPair::generate().map_err(failed)?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()].into_iter().chain(address.map(|address| address.to_string()));
    let names: Vec<String> = names.collect();
    let mut server = CertificateParams::new(names).map_err(failed)?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    valid(&mut server);
    let server_certificate = server.signed_by(&server_key, &issuer).map_err(failed)?;

    let certificate = server_certificate.pem();
    let key = server_key.serialize_pem();
    files::write_private(&folder.join(SERVER_KEY_FILE), &key)?;
    files::write(&folder.join(SERVER_FILE), &certificate)?;
    files::write(&folder.join(CA_FILE), &authority_certificate.pem())?;
    Ok((certificate, key))
}

fn valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2060, 1, 1);
}
