//! What went wrong, in words for an administrator: LDAP result codes, broken connections, refused sign-ins.

use ldap3::LdapError;

use super::server::Named;
use super::sign_in::SignIn;
use crate::connector::{ConnectorError, ConnectorErrorKind};

/// A call to `ldap3` that did not end well.
#[derive(Debug)]
pub(in crate::connector) enum Fault {
    /// It said so.
    Ldap(Box<LdapError>),
    /// The connection broke for this reason.
    Broken(String),
    /// The library panicked over what the server sent.
    Panicked,
    /// The end was asked for.
    Cancelled,
    /// The server sent more than was asked for.
    TooMuch,
    /// The server's answer lacks what the protocol demands.
    Malformed(&'static str),
}

impl Fault {
    /// True when the request only learnt that the connection is gone, not why.
    pub(in crate::connector) fn is_lost_connection(&self) -> bool {
        let Self::Ldap(error) = self else { return false };
        matches!(
            **error,
            LdapError::OpSend { .. }
                | LdapError::ResultRecv { .. }
                | LdapError::IdScrubSend { .. }
                | LdapError::MiscSend { .. }
                | LdapError::EndOfStream
        )
    }
}

impl From<LdapError> for Fault {
    fn from(error: LdapError) -> Self {
        Self::Ldap(Box::new(error))
    }
}

/// The failure of a request on an established connection. `doing` continues "asked to".
pub(in crate::connector) fn request_failed(server: &Named, doing: &str, fault: Fault) -> ConnectorError {
    let broken = |message: String| ConnectorError::new(ConnectorErrorKind::Dropped, message);
    let strange = |message: String| ConnectorError::new(ConnectorErrorKind::Protocol, message);
    let lost = fault.is_lost_connection();
    match fault {
        Fault::Cancelled => {
            ConnectorError::new(ConnectorErrorKind::Cancelled, format!("stopped while {server} was asked to {doing}"))
        }
        Fault::Broken(reason) => broken(format!("the connection to {server} broke while it was asked to {doing}: {reason}")),
        Fault::Panicked => strange(format!("{server}, asked to {doing}, sent an answer that cannot be understood")),
        Fault::TooMuch => strange(format!("{server}, asked to {doing}, sent more at once than was asked for")),
        Fault::Malformed(what) => strange(format!("{server}, asked to {doing}, sent {what}")),
        Fault::Ldap(_) if lost => broken(format!("{server} closed the connection while it was asked to {doing}")),
        Fault::Ldap(error) => match *error {
            LdapError::LdapResult { result } => return refused(server, doing, result.rc, &result.text),
            LdapError::Timeout { .. } => broken(format!(
                "{server} did not answer in time when asked to {doing}: check its load and the network, or raise the time limit"
            )),
            LdapError::Io { source } => {
                broken(format!("the connection to {server} broke while it was asked to {doing}: {source}")).cause(source)
            }
            other => strange(format!("{server} could not be asked to {doing}: {other}")),
        },
    }
    .server(server)
}

/// The failure behind an LDAP result code (RFC 4511, appendix A). The text of the server decides nothing.
pub(in crate::connector) fn refused(server: &Named, doing: &str, code: u32, text: &str) -> ConnectorError {
    use ConnectorErrorKind as Kind;
    let account = server.words.account;
    let plain = str::to_owned;
    let (kind, meaning) = match code {
        // Active Directory answers 1 to whoever has not signed in.
        1 if ["00002020", "000004DC"].iter().any(|prefix| text.starts_with(prefix)) => {
            (Kind::Permission, format!("it wants a sign-in first; check the {account}"))
        }
        3 => (Kind::Search, plain("it took longer than the server allows; read smaller pages")),
        4 | 11 => (Kind::Search, plain("the answer is larger than the server allows; read smaller pages")),
        8 | 13 => (Kind::Permission, plain("it demands an encrypted connection; choose LDAPS or StartTLS")),
        10 => (Kind::PartitionMissing, plain(server.words.elsewhere)),
        12 => (Kind::Search, plain(server.words.unknown_function)),
        32 => (Kind::PartitionMissing, plain("the object is not there; refresh the partitions and containers")),
        48 | 49 => (Kind::Credentials, format!("it does not accept the {account} any more; check the account and its password")),
        50 => (Kind::Permission, format!("the {account} lacks the right to read this; grant it read access")),
        51 => (Kind::Dropped, plain("it is busy; try again later")),
        52 => (Kind::Dropped, plain("it is not available now; try again later")),
        _ => (Kind::Search, plain("it refused the request")),
    };
    ConnectorError::new(kind, format!("{server} was asked to {doing}: {meaning} ({})", code_and_text(code, text))).server(server)
}

/// The failure of a sign-in.
pub(in crate::connector) fn sign_in_refused(
    server: &Named,
    user: &str,
    sign_in: SignIn,
    code: u32,
    text: &str,
) -> ConnectorError {
    use ConnectorErrorKind as Kind;
    let form = server.words.user;
    let (kind, meaning) = match code {
        7 if sign_in.seals() => (Kind::Configuration, "it does not know this way to sign in; choose another one"),
        8 | 13 => (Kind::Configuration, "it accepts passwords only over an encrypted connection; choose LDAPS or StartTLS"),
        34 => (Kind::Credentials, "the user name is malformed"),
        49 => (Kind::Credentials, sign_in_reason(text)),
        48 => (Kind::Credentials, "the account may not sign in with a password"),
        51 | 52 => (Kind::Connection, "it is not available now; try again later"),
        _ => (Kind::Credentials, "it refused the sign-in"),
    };
    let unusual = code == 34 || (code == 49 && !user.contains(['@', '\\', '=']));
    let hint = if unusual { format!("; write the user name as {form}") } else { String::new() };
    ConnectorError::new(kind, format!("{server} refused the sign-in of {user}: {meaning}{hint} ({})", code_and_text(code, text)))
        .server(server)
}

/// The failure of a sign-in that came to no answer.
pub(in crate::connector) fn sign_in_failed(server: &Named, user: &str, sign_in: SignIn, reason: &str) -> ConnectorError {
    let message = format!("{server}: {user} could not sign in by {sign_in}: {}", clean(reason));
    ConnectorError::new(ConnectorErrorKind::Credentials, message).server(server)
}

/// What Active Directory means by the `data` number of a refused sign-in (Windows error codes, hexadecimal).
fn sign_in_reason(text: &str) -> &'static str {
    match data_code(text).unwrap_or_default().to_ascii_lowercase().as_str() {
        "525" => "the user does not exist; check the user name",
        "52e" => "the user name or the password is wrong; check both and enter the password again",
        "52f" => "the account is restricted; check its logon restrictions",
        "530" => "the account may not sign in at this time; change its logon hours",
        "531" => "the account may not sign in from this computer; change its allowed workstations",
        "532" => "the password has expired; set a new one and enter it here",
        "533" => "the account is disabled; enable it",
        "568" => "the account is in too many groups; use an account of its own for synchronization",
        "569" => "the account lacks the right to sign in over the network; grant it",
        "51f" => "the domain of the user name is unknown; write user@domain or DOMAIN\\user",
        "701" => "the account has expired; extend it",
        "773" => "the password must be changed before the first sign-in; change it and enter the new one here",
        "775" => "the account is locked; unlock it and check who uses an old password",
        _ => "the user name or the password is wrong; check both",
    }
}

/// Reads `52e` out of `80090308: LdapErr: DSID-…, comment: AcceptSecurityContext error, data 52e, v1db1`.
fn data_code(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("data ")?;
    let code = rest.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    (!code.is_empty()).then_some(code)
}

/// `result 49, data 52e` or `result 32, 00002030`; whatever else the server says is cut short.
pub(in crate::connector) fn code_and_text(code: u32, text: &str) -> String {
    if let Some(data) = data_code(text) {
        return format!("result {code}, data {data}");
    }
    let clean = clean(text);
    if clean.is_empty() { format!("result {code}") } else { format!("result {code}, {clean}") }
}

/// The text of a server, fit to be shown: no control characters, at most 200 characters.
pub(in crate::connector) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::server::ACTIVE_DIRECTORY;
    use super::*;

    fn dc1() -> Named {
        Named { name: "dc1:636".to_owned(), words: &ACTIVE_DIRECTORY }
    }

    /// Traps B1, B2, B3, B4: one result, many reasons.
    #[test]
    fn refused_sign_ins_say_what_to_do() {
        let check = |user: &str, code: u32, text: &str, kind: ConnectorErrorKind, parts: &[&str]| {
            let error = sign_in_refused(&dc1(), user, SignIn::Simple, code, text);
            assert_eq!(error.kind, kind, "{error}");
            assert_eq!(error.server.as_deref(), Some("dc1:636"));
            for part in ["dc1:636", user].iter().chain(parts) {
                assert!(error.message.contains(part), "{error} lacks {part}");
            }
        };
        let text =
            |data: &str| format!("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1\0");
        let credentials = ConnectorErrorKind::Credentials;
        check("a@x", 49, &text("52e"), credentials, &["password is wrong", "data 52e"]);
        check("a@x", 49, &text("52E"), credentials, &["password is wrong"]);
        check("a@x", 49, &text("533"), credentials, &["disabled"]);
        check("a@x", 49, &text("532"), credentials, &["expired"]);
        check("a@x", 49, &text("773"), credentials, &["must be changed"]);
        check("a@x", 49, &text("775"), credentials, &["locked"]);
        check("a@x", 49, "", credentials, &["password is wrong", "(result 49)"]);
        check("a", 49, &text("52e"), credentials, &["user@domain"]);
        check("X\\a", 8, "BindSimple: Transport encryption required.", ConnectorErrorKind::Configuration, &["StartTLS"]);
        for sign_in in [SignIn::Ntlm, SignIn::Gssapi] {
            let refused = |code: u32, text: &str| sign_in_refused(&dc1(), "a@x", sign_in, code, text).message;
            assert!(refused(7, "").contains("choose another one"));
            assert!(refused(49, &text("52e")).contains("password is wrong"));
            let failed = sign_in_failed(&dc1(), "a@x", sign_in, "no ticket\nfor a@X");
            assert_eq!((failed.kind, failed.server.as_deref()), (credentials, Some("dc1:636")));
            assert!(failed.message.contains(sign_in.word()) && failed.message.contains("no ticket for a@X"), "{failed}");
        }
    }

    /// Traps B8, B9, B11: codes decide, not texts.
    #[test]
    fn result_codes_have_a_kind_and_a_fix() {
        let check = |code: u32, text: &str, kind: ConnectorErrorKind, part: &str| {
            let error = refused(&dc1(), "read the schema", code, text);
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.contains("dc1:636") && error.message.contains("read the schema"), "{error}");
            assert!(error.message.contains(part), "{error} lacks {part}");
        };
        check(1, "00002020: Operation unavailable without authentication", ConnectorErrorKind::Permission, "sign-in");
        check(1, "something else", ConnectorErrorKind::Search, "result 1, something else");
        check(10, "", ConnectorErrorKind::PartitionMissing, "domain controller of that domain");
        check(32, "00002030: gone\nfor ever", ConnectorErrorKind::PartitionMissing, "00002030: gone for ever");
        check(50, "", ConnectorErrorKind::Permission, "grant");
        check(51, "", ConnectorErrorKind::Dropped, "busy");
        check(53, "", ConnectorErrorKind::Search, "result 53");
    }

    #[test]
    fn broken_connections_are_told_apart() {
        let check = |fault: Fault, kind: ConnectorErrorKind, part: &str| {
            let error = request_failed(&dc1(), "read the schema", fault);
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.contains("dc1:636") && error.message.contains(part), "{error} lacks {part}");
        };
        check(LdapError::EndOfStream.into(), ConnectorErrorKind::Dropped, "closed the connection");
        check(LdapError::from(std::io::Error::other("cable cut")).into(), ConnectorErrorKind::Dropped, "cable cut");
        check(LdapError::FilterParsing.into(), ConnectorErrorKind::Protocol, "filter");
        check(Fault::Panicked, ConnectorErrorKind::Protocol, "cannot be understood");
        check(Fault::Cancelled, ConnectorErrorKind::Cancelled, "stopped");
    }
}
