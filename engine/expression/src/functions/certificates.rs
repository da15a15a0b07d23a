//! Certificates.

use crate::call::Call;
use crate::certificate::{Certificate, Encoded, Party};
use crate::function_table::{Body, Category, FunctionInfo, NullRule, Parameter, Substitute, Types, each};
use crate::problem::{Fault, quoted};
use crate::value::{Collector, Val};

/// Reads the certificate of the first argument and asks it.
fn ask<'a>(call: &mut Call<'_, 'a>, question: impl FnOnce(&Certificate<'_>) -> Result<Val<'a>, Fault>) -> Result<Val<'a>, Fault> {
    let data = call.binary(0)?;
    let encoded = Encoded::find(&data);
    match encoded.as_ref().and_then(Encoded::read) {
        Some(certificate) => question(&certificate),
        None => Err(call.fault("the bytes are not a certificate. Guard it with IsCert.")),
    }
}

fn is_cert<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let data = call.binary(0)?;
    Ok(Val::Boolean(Encoded::find(&data).as_ref().and_then(Encoded::read).is_some()))
}

fn extension_oids<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| {
        let mut identifiers = Collector::with_capacity(4);
        for identifier in certificate.critical_extensions() {
            identifiers.push(Val::text(identifier))?;
        }
        Ok(identifiers.finish())
    })
}

fn format<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |_| Ok(Val::text("X509")))
}

fn friendly_name<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |_| Ok(Val::text("")))
}

fn name_oid<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |_| Ok(Val::Null))
}

fn thumbprint<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(Val::text(certificate.thumbprint())))
}

fn issuer<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(Val::text(certificate.distinguished_name(Party::Issuer))))
}

fn subject<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(Val::text(certificate.distinguished_name(Party::Subject))))
}

fn key_algorithm<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(Val::text(certificate.key_algorithm())))
}

fn key_parameters<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(Val::text(certificate.key_parameters())))
}

fn signature_algorithm<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(Val::text(certificate.signature_algorithm())))
}

fn serial_number<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(Val::text(certificate.serial_number())))
}

fn version<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(Val::text(certificate.version().to_string())))
}

fn not_after<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(certificate.not_after().map_or(Val::Null, Val::DateTime)))
}

fn not_before<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    ask(call, |certificate| Ok(certificate.not_before().map_or(Val::Null, Val::DateTime)))
}

fn name_info<'a>(call: &mut Call<'_, 'a>) -> Result<Val<'a>, Fault> {
    let (kind, issuer) = (call.text(1)?, call.boolean(2)?);
    let party = if issuer { Party::Issuer } else { Party::Subject };
    let name = call.function.name;
    ask(call, |certificate| match certificate.name(&kind, party) {
        Some(found) => Ok(Val::text(found)),
        None => Err(Fault::value(format!(
            "{name}: {} is not a name type. Use SimpleName, EmailName, UpnName, DnsName, DnsFromAlternativeName or UrlName.",
            quoted(&kind)
        ))),
    })
}

const CERTIFICATE: Parameter = each("certificate", Types::BINARY);

/// A function of the certificate alone that gives text.
const fn text(
    name: &'static str,
    signature: &'static str,
    description: &'static str,
    example: &'static str,
    body: crate::function_table::PlainBody,
) -> FunctionInfo {
    FunctionInfo {
        name,
        category: Category::Certificate,
        signature,
        description,
        example,
        parameters: &[CERTIFICATE],
        required: 1,
        nulls: NullRule::Null,
        result: Types::TEXT,
        body: Body::Plain(body),
    }
}

/// Certificates.
pub(crate) const TABLE: &[FunctionInfo] = &[
    text(
        "CertExtensionOids",
        "mvstr CertExtensionOids(bin certificate)",
        "The object identifiers of the extensions marked critical; NULL when there are none.",
        "CertExtensionOids([userCertificate])",
        extension_oids,
    ),
    text(
        "CertFormat",
        "str CertFormat(bin certificate)",
        "The format of the certificate: X509.",
        "CertFormat([userCertificate])",
        format,
    ),
    text(
        "CertFriendlyName",
        "str CertFriendlyName(bin certificate)",
        "The alias of the certificate in a certificate store; attribute data has none, so it is empty.",
        "CertFriendlyName([userCertificate])",
        friendly_name,
    ),
    text(
        "CertHashString",
        "str CertHashString(bin certificate)",
        "The SHA-1 hash of the certificate as hexadecimal digits.",
        "CertHashString([userCertificate])",
        thumbprint,
    ),
    text(
        "CertIssuer",
        "str CertIssuer(bin certificate)",
        "The distinguished name of the issuer.",
        "CertIssuer([userCertificate])",
        issuer,
    ),
    text(
        "CertIssuerDN",
        "str CertIssuerDN(bin certificate)",
        "The distinguished name of the issuer.",
        "CertIssuerDN([userCertificate])",
        issuer,
    ),
    text(
        "CertIssuerOid",
        "str CertIssuerOid(bin certificate)",
        "The object identifier of the issuer's name; a name has none, so it is NULL.",
        "CertIssuerOid([userCertificate])",
        name_oid,
    ),
    text(
        "CertKeyAlgorithm",
        "str CertKeyAlgorithm(bin certificate)",
        "The object identifier of the key's algorithm.",
        "CertKeyAlgorithm([userCertificate])",
        key_algorithm,
    ),
    text(
        "CertKeyAlgorithmParams",
        "str CertKeyAlgorithmParams(bin certificate)",
        "The parameters of the key's algorithm as hexadecimal digits.",
        "CertKeyAlgorithmParams([userCertificate])",
        key_parameters,
    ),
    FunctionInfo {
        parameters: &[CERTIFICATE, each("nameType", Types::TEXT), each("issuer", Types::BOOLEAN)],
        required: 3,
        ..text(
            "CertNameInfo",
            "str CertNameInfo(bin certificate, str nameType, bool issuer)",
            "A name of the subject, or of the issuer: SimpleName, EmailName, UpnName, DnsName, DnsFromAlternativeName, UrlName.",
            "CertNameInfo([userCertificate], \"UpnName\", False)",
            name_info,
        )
    },
    FunctionInfo {
        result: Types::DATE,
        ..text(
            "CertNotAfter",
            "dt CertNotAfter(bin certificate)",
            "The end of validity, in UTC.",
            "CertNotAfter([userCertificate]) > Now()",
            not_after,
        )
    },
    FunctionInfo {
        result: Types::DATE,
        ..text(
            "CertNotBefore",
            "dt CertNotBefore(bin certificate)",
            "The start of validity, in UTC.",
            "CertNotBefore([userCertificate]) < Now()",
            not_before,
        )
    },
    text(
        "CertPublicKeyOid",
        "str CertPublicKeyOid(bin certificate)",
        "The object identifier of the key's algorithm.",
        "CertPublicKeyOid([userCertificate])",
        key_algorithm,
    ),
    text(
        "CertPublicKeyParametersOid",
        "str CertPublicKeyParametersOid(bin certificate)",
        "The object identifier of the key's parameters, which is that of its algorithm.",
        "CertPublicKeyParametersOid([userCertificate])",
        key_algorithm,
    ),
    text(
        "CertSerialNumber",
        "str CertSerialNumber(bin certificate)",
        "The serial number as hexadecimal digits.",
        "CertSerialNumber([userCertificate])",
        serial_number,
    ),
    text(
        "CertSignatureAlgorithmOid",
        "str CertSignatureAlgorithmOid(bin certificate)",
        "The object identifier of the signature's algorithm.",
        "CertSignatureAlgorithmOid([userCertificate])",
        signature_algorithm,
    ),
    text(
        "CertSubject",
        "str CertSubject(bin certificate)",
        "The distinguished name of the subject.",
        "CertSubject([userCertificate])",
        subject,
    ),
    text(
        "CertSubjectNameDN",
        "str CertSubjectNameDN(bin certificate)",
        "The distinguished name of the subject.",
        "CertSubjectNameDN([userCertificate])",
        subject,
    ),
    text(
        "CertSubjectNameOid",
        "str CertSubjectNameOid(bin certificate)",
        "The object identifier of the subject's name; a name has none, so it is NULL.",
        "CertSubjectNameOid([userCertificate])",
        name_oid,
    ),
    text(
        "CertThumbprint",
        "str CertThumbprint(bin certificate)",
        "The SHA-1 hash of the certificate as hexadecimal digits.",
        "CertThumbprint([userCertificate])",
        thumbprint,
    ),
    text(
        "CertVersion",
        "str CertVersion(bin certificate)",
        "The version of the certificate's format, 3 for nearly all.",
        "CertVersion([userCertificate])",
        version,
    ),
    FunctionInfo {
        nulls: NullRule::First(Substitute::False),
        result: Types::BOOLEAN,
        ..text(
            "IsCert",
            "bool IsCert(bin certificate)",
            "True when the bytes can be read as a certificate.",
            "Where($item, [userCertificate], IsCert($item) && CertNotAfter($item) > Now())",
            is_cert,
        )
    },
];
