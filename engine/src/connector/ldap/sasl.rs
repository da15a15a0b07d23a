//! Signing in by a mechanism of several steps (RFC 4513, 5.2) on a connection without TLS, before `ldap3` has it.
//!
//! `ldap3` has no such sign-in that could be used: its NTLM leaves the connection unencrypted, and what comes encrypted by
//! Kerberos it understands only where every piece holds whole messages, and loses the rest.

use ldap3::asn1::{PL, StructureTag, TagClass, parse_tag, parse_uint, write};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::connect::{ConnectFault, ConnectOptions};
use super::ntlm::{Fresh, Ntlm};
use super::server::Endpoint;
use super::sign_in::SignIn;

/// Requests of one sign-in at most; no mechanism needs as many.
const STEPS: u8 = 10;

/// Octets of an answer at most.
const ANSWER: usize = 64 * 1024;

/// LDAP result: the server wants a further step.
const IN_PROGRESS: u32 = 14;

/// The account's part of a sign-in.
pub(super) trait Mechanism: Send {
    /// The name by which servers know it.
    fn name(&self) -> &'static str;

    /// What to send: first of all, then to each answer.
    fn step(&mut self, answer: Option<&[u8]>) -> Result<Option<Vec<u8>>, String>;

    /// What protects the connection once the server accepted the account.
    fn seal(self: Box<Self>) -> Result<Box<dyn Seal>, String>;
}

/// What protects a connection: nobody else can read or change what goes over it.
pub(super) trait Seal: Send {
    /// Octets that fit into one piece.
    fn most(&self) -> usize;

    /// A piece as it is sent.
    fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String>;

    /// A piece as it was before it was sent; fails when anybody changed it.
    fn unwrap(&mut self, sealed: Vec<u8>) -> Result<Vec<u8>, String>;
}

/// The account's part of the sign-in that the settings choose. May ask other servers, so that it takes a while.
pub(super) fn mechanism(options: &ConnectOptions, endpoint: &Endpoint) -> Result<Box<dyn Mechanism>, String> {
    match options.sign_in {
        SignIn::Ntlm => Ok(Box::new(Ntlm::new(&options.user, &options.password, Fresh::now()))),
        #[cfg(all(unix, feature = "gssapi"))]
        SignIn::Gssapi => Ok(Box::new(super::kerberos::Kerberos::new(&options.user, &options.password, &endpoint.host)?)),
        other => Err(format!("{other} is no way to encrypt the connection to {endpoint}")),
    }
}

/// Signs in. Gives the connection's protection, and what the server has sent already under it.
pub(super) async fn sign_in<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    mut mechanism: Box<dyn Mechanism>,
) -> Result<(Box<dyn Seal>, Vec<u8>), ConnectFault> {
    let (mut received, mut answer) = (Vec::new(), None);
    for id in 1..=STEPS {
        let token = mechanism.step(answer.as_deref()).map_err(ConnectFault::SignIn)?;
        let request = request(id, mechanism.name(), token).map_err(ConnectFault::Tcp)?;
        stream.write_all(&request).await.map_err(ConnectFault::Tcp)?;
        let response = response(stream, &mut received).await?;
        match response.code {
            0 => return Ok((mechanism.seal().map_err(ConnectFault::SignIn)?, received)),
            IN_PROGRESS => answer = Some(response.token.unwrap_or_default()),
            code => return Err(ConnectFault::Refused { code, text: response.text }),
        }
    }
    Err(ConnectFault::SignIn("the server wants one step after the other".to_owned()))
}

/// A bind request.
fn request(id: u8, mechanism: &str, token: Option<Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let tag = |class, id, payload| StructureTag { class, id, payload };
    let octets = |value: Vec<u8>| tag(TagClass::Universal, 4, PL::P(value));
    let number = |value: u8| tag(TagClass::Universal, 2, PL::P(vec![value]));
    let credentials = [Some(mechanism.as_bytes().to_vec()), token].into_iter().flatten().map(octets).collect();
    let sasl = tag(TagClass::Context, 3, PL::C(credentials));
    let bind = tag(TagClass::Application, 0, PL::C(vec![number(3), octets(Vec::new()), sasl]));
    let mut buffer = Default::default();
    write::encode_into(&mut buffer, tag(TagClass::Universal, 16, PL::C(vec![number(id), bind])))?;
    Ok(buffer.to_vec())
}

/// What a server answered to a bind request.
struct Response {
    code: u32,
    text: String,
    token: Option<Vec<u8>>,
}

/// Reads one answer; what follows it stays in `received`.
async fn response<S: AsyncRead + Unpin>(stream: &mut S, received: &mut Vec<u8>) -> Result<Response, ConnectFault> {
    let strange = || ConnectFault::SignIn("the server's answer is no answer to a sign-in".to_owned());
    loop {
        if let Ok((rest, message)) = parse_tag(received) {
            let used = received.len() - rest.len();
            received.drain(..used);
            return read(message).ok_or_else(strange);
        }
        if received.len() > ANSWER {
            return Err(strange());
        }
        if stream.read_buf(received).await.map_err(ConnectFault::Tcp)? == 0 {
            return Err(ConnectFault::Tcp(std::io::ErrorKind::UnexpectedEof.into()));
        }
    }
}

fn read(message: StructureTag) -> Option<Response> {
    let operation = message.expect_constructed()?.into_iter().nth(1)?;
    let mut parts = operation.match_class(TagClass::Application)?.match_id(1)?.expect_constructed()?.into_iter();
    let (_, code) = parse_uint(&parts.next()?.expect_primitive()?).ok()?;
    let text = parts.nth(1)?.expect_primitive()?;
    let token = parts.find(|part| part.class == TagClass::Context && part.id == 7).and_then(StructureTag::expect_primitive);
    Some(Response { code: u32::try_from(code).ok()?, text: String::from_utf8_lossy(&text).into_owned(), token })
}
