//! Reading X.509 certificates from attribute data: DER, Base64 text or PEM.

use crate::date_time::DateTime;
use crate::functions::conversion::decode_base64;
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use x509_parser::asn1_rs::{Any, FromDer, Oid, Tag, ToDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// The bytes of the first certificate of some data.
pub(crate) struct Encoded<'b>(Cow<'b, [u8]>);

impl<'b> Encoded<'b> {
    /// Finds the DER bytes: the data itself, or what its Base64 text holds, with or without PEM armour.
    pub(crate) fn find(data: &'b [u8]) -> Option<Self> {
        // A certificate is a sequence; its Base64 text starts with another byte.
        if data.first() == Some(&SEQUENCE) {
            return Some(Self(Cow::Borrowed(data)));
        }
        let text = std::str::from_utf8(data).ok()?;
        let body = match text.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, rest)) => rest.split_once("-----END CERTIFICATE-----")?.0,
            None => text,
        };
        decode_base64(body.as_bytes()).map(|bytes| Self(Cow::Owned(bytes)))
    }

    /// Reads the certificate; `None` when the bytes are none.
    pub(crate) fn read(&self) -> Option<Certificate<'_>> {
        let (rest, parsed) = X509Certificate::from_der(&self.0).ok()?;
        let der = self.0.get(..self.0.len() - rest.len())?;
        Some(Certificate { der, parsed })
    }
}

/// The first byte of every certificate in DER.
const SEQUENCE: u8 = 0x30;

/// A certificate that could be read.
pub(crate) struct Certificate<'b> {
    der: &'b [u8],
    parsed: X509Certificate<'b>,
}

/// Which side of a certificate a name question looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    Subject,
    Issuer,
}

impl Certificate<'_> {
    /// The object identifiers of the critical extensions, in certificate order.
    pub(crate) fn critical_extensions(&self) -> Vec<String> {
        let critical = self.parsed.extensions().iter().filter(|extension| extension.critical);
        critical.map(|extension| extension.oid.to_id_string()).collect()
    }

    /// SHA-1 of the DER bytes, upper-case hexadecimal.
    pub(crate) fn thumbprint(&self) -> String {
        hex::encode_upper(Sha1::digest(self.der))
    }

    pub(crate) fn key_algorithm(&self) -> String {
        self.parsed.public_key().algorithm.algorithm.to_id_string()
    }

    /// The DER bytes of the key's parameters in hexadecimal; empty when there are none.
    pub(crate) fn key_parameters(&self) -> String {
        let parameters = self.parsed.public_key().algorithm.parameters.as_ref();
        parameters.and_then(|any| any.to_der_vec().ok()).map(hex::encode_upper).unwrap_or_default()
    }

    pub(crate) fn signature_algorithm(&self) -> String {
        self.parsed.signature_algorithm.algorithm.to_id_string()
    }

    /// The serial number as it is encoded, upper-case hexadecimal.
    pub(crate) fn serial_number(&self) -> String {
        hex::encode_upper(self.parsed.raw_serial())
    }

    /// The version as people count it: 3 for X.509 version 3.
    pub(crate) fn version(&self) -> u32 {
        self.parsed.version().0.saturating_add(1)
    }

    /// End of validity.
    pub(crate) fn not_after(&self) -> Option<DateTime> {
        DateTime::from_unix_seconds(self.parsed.validity().not_after.timestamp())
    }

    /// Start of validity.
    pub(crate) fn not_before(&self) -> Option<DateTime> {
        DateTime::from_unix_seconds(self.parsed.validity().not_before.timestamp())
    }

    fn party(&self, party: Party) -> &X509Name<'_> {
        match party {
            Party::Subject => self.parsed.subject(),
            Party::Issuer => self.parsed.issuer(),
        }
    }

    /// The distinguished name, most specific component first.
    pub(crate) fn distinguished_name(&self, party: Party) -> String {
        let mut components: Vec<String> = Vec::new();
        for component in self.party(party).iter_rdn() {
            let values: Vec<String> = component.iter().map(component_text).collect();
            components.push(values.join(" + "));
        }
        components.reverse();
        components.join(", ")
    }

    /// One kind of name; `None` for a kind that does not exist, empty when the certificate has no such name.
    pub(crate) fn name(&self, kind: &str, party: Party) -> Option<String> {
        let found = match kind {
            "SimpleName" => ["2.5.4.3", "2.5.4.11", "2.5.4.10", EMAIL]
                .into_iter()
                .find_map(|identifier| self.component(party, identifier))
                .or_else(|| self.alternative(party, email)),
            "EmailName" => self.alternative(party, email).or_else(|| self.component(party, EMAIL)),
            "UpnName" => self.alternative(party, user_principal_name),
            "DnsName" => self.alternative(party, dns).or_else(|| self.component(party, "2.5.4.3")),
            "DnsFromAlternativeName" => self.alternative(party, dns),
            "UrlName" => self.alternative(party, url),
            _ => return None,
        };
        Some(found.unwrap_or_default())
    }

    /// The most specific value of an attribute type in the name.
    fn component(&self, party: Party, identifier: &str) -> Option<String> {
        let found = self.party(party).iter_attributes().filter(|entry| entry.attr_type().to_id_string() == identifier);
        found.last().map(attribute_text)
    }

    fn alternative(&self, party: Party, pick: fn(&GeneralName<'_>) -> Option<String>) -> Option<String> {
        self.parsed.extensions().iter().find_map(|extension| match (extension.parsed_extension(), party) {
            (ParsedExtension::SubjectAlternativeName(names), Party::Subject) => names.general_names.iter().find_map(pick),
            (ParsedExtension::IssuerAlternativeName(names), Party::Issuer) => names.general_names.iter().find_map(pick),
            _ => None,
        })
    }
}

const EMAIL: &str = "1.2.840.113549.1.9.1";
const USER_PRINCIPAL_NAME: &str = "1.3.6.1.4.1.311.20.2.3";

fn email(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::RFC822Name(text) => Some((*text).to_owned()),
        _ => None,
    }
}

fn dns(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) => Some((*text).to_owned()),
        _ => None,
    }
}

fn url(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(text) => Some((*text).to_owned()),
        _ => None,
    }
}

/// An other-name holds its value inside an explicit tag.
fn user_principal_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::OtherName(kind, content) if kind.to_id_string() == USER_PRINCIPAL_NAME => {
            let (_, outer) = Any::from_der(content).ok()?;
            match Any::from_der(outer.data) {
                Ok((_, inner)) => string_text(&inner),
                Err(_) => string_text(&outer),
            }
        }
        _ => None,
    }
}

fn attribute_text(entry: &AttributeTypeAndValue<'_>) -> String {
    string_text(entry.attr_value()).unwrap_or_default()
}

/// The text of an encoded string of any of the types names are written in.
fn string_text(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::BmpString => {
            let (pairs, _) = value.data.as_chunks::<2>();
            Some(String::from_utf16_lossy(&pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect::<Vec<u16>>()))
        }
        Tag::T61String => Some(value.data.iter().map(|byte| char::from(*byte)).collect()),
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            Some(String::from_utf8_lossy(value.data).into_owned())
        }
        _ => None,
    }
}

/// `key=value` with quotes where the value needs them; an unknown encoding is written as `#` and hexadecimal digits.
fn component_text(entry: &AttributeTypeAndValue<'_>) -> String {
    let key = key(entry.attr_type());
    match string_text(entry.attr_value()) {
        Some(text) => format!("{key}={}", quoted(&text)),
        None => format!("{key}=#{}", hex::encode_upper(entry.attr_value().to_der_vec().unwrap_or_default())),
    }
}

fn key(identifier: &Oid<'_>) -> String {
    let dotted = identifier.to_id_string();
    let key = match dotted.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "SERIALNUMBER",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "S",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "T",
        "2.5.4.42" => "G",
        "2.5.4.43" => "I",
        "0.9.2342.19200300.100.1.25" => "DC",
        EMAIL => "E",
        _ => return format!("OID.{dotted}"),
    };
    key.to_owned()
}

fn quoted(value: &str) -> Cow<'_, str> {
    let special = |character| matches!(character, ',' | '+' | '=' | '"' | '<' | '>' | '#' | ';' | '\n');
    if value.is_empty() || value.starts_with(' ') || value.ends_with(' ') || value.contains(special) {
        Cow::Owned(format!("\"{}\"", value.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(value)
    }
}
