//! A connection without TLS that its sign-in protects (RFC 4422, 3.7): every piece is its length and its sealed octets.
//!
//! `ldap3` gets one end of a pair of sockets; the other end belongs to a task that seals what goes out and opens what
//! comes in. Nothing passes that is not sealed.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::connect::{ConnectFault, ConnectOptions};
use super::sasl::{Seal, mechanism, sign_in};
use super::server::Endpoint;

/// Octets of a received piece at most.
pub(super) const PIECE: u32 = 0x00ff_ffff;

/// Why a sealed connection ended, where it was not closed.
pub(super) type Broken = Arc<OnceLock<String>>;

/// Signs in over a fresh connection and gives one to the same server on which everything is sealed.
pub(super) async fn open(
    mut server: TcpStream,
    endpoint: &Endpoint,
    options: &ConnectOptions,
    broken: Broken,
) -> Result<TcpStream, ConnectFault> {
    let (wanted, at) = (options.clone(), endpoint.clone());
    let mechanism = tokio::task::spawn_blocking(move || mechanism(&wanted, &at))
        .await
        .map_err(|ended| ConnectFault::SignIn(format!("the sign-in ended early: {ended}")))?
        .map_err(ConnectFault::SignIn)?;
    let (seal, received) = sign_in(&mut server, mechanism).await?;
    let (ours, theirs) = pair().await.map_err(ConnectFault::Tcp)?;
    tokio::spawn(carry(server, received, ours, seal, broken));
    Ok(theirs)
}

/// Carries everything between server and client, until one of them ends. Why it ended is known before the client sees it.
async fn carry(server: TcpStream, received: Vec<u8>, client: TcpStream, seal: Box<dyn Seal>, broken: Broken) {
    let (from_server, to_server) = server.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    let from_server = io::Cursor::new(received).chain(from_server);
    if let Err(reason) = relay(from_server, to_server, &mut from_client, &mut to_client, seal).await {
        broken.get_or_init(|| reason);
    }
}

/// Two ends of one connection inside this computer, which nobody else gets hold of.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let one = TcpStream::connect(listener.local_addr()?).await?;
    loop {
        let (other, from) = listener.accept().await?;
        if from == one.local_addr()? {
            one.set_nodelay(true)?;
            other.set_nodelay(true)?;
            return Ok((one, other));
        }
    }
}

/// Carries what both sides say, until one of them ends.
async fn relay(
    from_server: impl AsyncRead + Unpin,
    to_server: impl AsyncWrite + Unpin,
    from_client: impl AsyncRead + Unpin,
    to_client: impl AsyncWrite + Unpin,
    seal: Box<dyn Seal>,
) -> Result<(), String> {
    let most = seal.most().max(1);
    let seal = Mutex::new(seal);
    tokio::select! {
        ended = outwards(from_client, to_server, &seal, most) => ended,
        ended = inwards(from_server, to_client, &seal) => ended,
    }
}

async fn outwards(
    mut client: impl AsyncRead + Unpin,
    mut server: impl AsyncWrite + Unpin,
    seal: &Mutex<Box<dyn Seal>>,
    most: usize,
) -> Result<(), String> {
    let mut buffer = vec![0; most];
    loop {
        let count = client.read(&mut buffer).await.map_err(|error| error.to_string())?;
        let Some(plain) = buffer.get(..count).filter(|plain| !plain.is_empty()) else { return Ok(()) };
        let sealed = seal.lock().unwrap_or_else(PoisonError::into_inner).wrap(plain)?;
        let length = u32::try_from(sealed.len()).map_err(|error| error.to_string())?;
        server.write_all(&[length.to_be_bytes().as_slice(), &sealed].concat()).await.map_err(|error| error.to_string())?;
    }
}

async fn inwards(
    mut server: impl AsyncRead + Unpin,
    mut client: impl AsyncWrite + Unpin,
    seal: &Mutex<Box<dyn Seal>>,
) -> Result<(), String> {
    loop {
        let mut head = Vec::new();
        (&mut server).take(4).read_to_end(&mut head).await.map_err(|error| error.to_string())?;
        if head.is_empty() {
            return Ok(());
        }
        let Ok(head) = <[u8; 4]>::try_from(head) else { return Err(CUT.to_owned()) };
        let length = u32::from_be_bytes(head);
        if length > PIECE {
            return Err(format!("it sent {length} octets where an encrypted piece was to begin"));
        }
        let mut sealed = Vec::new();
        (&mut server).take(u64::from(length)).read_to_end(&mut sealed).await.map_err(|error| error.to_string())?;
        if u32::try_from(sealed.len()).ok() != Some(length) {
            return Err(CUT.to_owned());
        }
        let plain = seal.lock().unwrap_or_else(PoisonError::into_inner).unwrap(sealed)?;
        client.write_all(&plain).await.map_err(|error| error.to_string())?;
    }
}

const CUT: &str = "it closed the connection in the middle of an encrypted piece";

#[cfg(test)]
mod tests {
    use super::super::fake_server::{Asked, Reply};
    use super::super::sasl::Mechanism;
    use super::*;

    /// Turns every octet round and adds a mark; stands for encryption.
    struct Turned;

    impl Seal for Turned {
        fn most(&self) -> usize {
            5
        }

        fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
            Ok(plain.iter().map(|octet| !octet).chain([7]).collect())
        }

        fn unwrap(&mut self, mut sealed: Vec<u8>) -> Result<Vec<u8>, String> {
            if sealed.pop() != Some(7) {
                return Err("somebody changed a piece".to_owned());
            }
            Ok(sealed.into_iter().map(|octet| !octet).collect())
        }
    }

    fn piece(plain: &[u8]) -> Vec<u8> {
        let sealed = Turned.wrap(plain).unwrap();
        [u32::try_from(sealed.len()).unwrap().to_be_bytes().as_slice(), &sealed].concat()
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    /// Pieces have any size on both sides: a message may be spread over some, and several may be in one.
    #[test]
    fn what_is_sealed_passes_and_nothing_else() {
        let check = |sent: Vec<u8>, received: &[u8], expected: Result<(), &str>| {
            let mut client = Vec::new();
            let ended = run(inwards(sent.as_slice(), &mut client, &Mutex::new(Box::new(Turned))));
            assert_eq!(client, received);
            match (ended, expected) {
                (Ok(()), Ok(())) => {}
                (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
                (ended, expected) => panic!("{ended:?} instead of {expected:?}"),
            }
        };
        let long = vec![3; 100_000];
        check([piece(b"ab"), piece(b""), piece(&long), piece(b"c")].concat(), &[b"ab", long.as_slice(), b"c"].concat(), Ok(()));
        check([piece(b"ab"), vec![0, 0]].concat(), b"ab", Err("in the middle"));
        check([piece(b"ab"), vec![0, 0, 0, 9, 1]].concat(), b"ab", Err("in the middle"));
        check([piece(b"ab"), b"0\x84plain".to_vec()].concat(), b"ab", Err("octets where an encrypted piece was to begin"));
        check([piece(b"ab"), vec![0, 0, 0, 2, 1, 1]].concat(), b"ab", Err("changed a piece"));
    }

    #[test]
    fn the_reason_of_an_end_is_known_before_the_end_is_seen() {
        let check = |sent: &[u8], expected: Option<&str>| {
            let broken = Broken::default();
            run(async {
                let ((mut server, far), (mut client, near)) = (pair().await.unwrap(), pair().await.unwrap());
                tokio::spawn(carry(far, Vec::new(), near, Box::new(Turned), Broken::clone(&broken)));
                server.write_all(sent).await.unwrap();
                drop(server);
                client.read_to_end(&mut Vec::new()).await.unwrap();
            });
            assert_eq!(broken.get().is_some(), expected.is_some());
            assert!(broken.get().zip(expected).is_none_or(|(found, part)| found.contains(part)), "{broken:?}");
        };
        check(&piece(b"all is well"), None);
        check(b"all in clear", Some("where an encrypted piece was to begin"));
    }

    #[test]
    fn what_goes_out_is_cut_to_the_size_of_pieces() {
        let mut server = Vec::new();
        run(outwards(b"abcdefg".as_slice(), &mut server, &Mutex::new(Box::new(Turned)), 5)).unwrap();
        assert_eq!(server, [piece(b"abcde"), piece(b"fg")].concat());
    }

    /// A sign-in of this many steps, which asks for the numbers one, two, ...
    struct Counted {
        steps: u8,
        taken: u8,
    }

    impl Mechanism for Counted {
        fn name(&self) -> &'static str {
            "COUNTED"
        }

        fn step(&mut self, _answer: Option<&[u8]>) -> Result<Option<Vec<u8>>, String> {
            self.taken += 1;
            Ok(Some(vec![self.taken]))
        }

        fn seal(self: Box<Self>) -> Result<Box<dyn Seal>, String> {
            if self.taken < self.steps {
                return Err("the server did not prove who it is".to_owned());
            }
            Ok(Box::new(Turned))
        }
    }

    #[test]
    fn a_server_must_go_all_steps() {
        let check = |codes: &'static [u8], expected: Option<&str>| {
            let mut left = codes.iter().copied();
            let port = super::super::fake_server::start(move |asked| {
                let code = left.next().unwrap_or(0);
                (*asked == Asked::Bind).then(|| vec![Reply::refused(code, "told")])
            });
            let signed_in = run(async {
                let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
                sign_in(&mut stream, Box::new(Counted { steps: 2, taken: 0 })).await.map(|(_, received)| received)
            });
            let told = match signed_in {
                Ok(received) => {
                    assert!(received.is_empty());
                    None
                }
                Err(ConnectFault::SignIn(reason)) => Some(reason),
                Err(ConnectFault::Refused { code, text }) => Some(format!("{code} {text}")),
                Err(_) => panic!("another fault"),
            };
            assert_eq!(told.as_deref(), expected, "{codes:?}");
        };
        check(&[14, 0], None);
        check(&[14, 14, 0], None);
        check(&[0], Some("the server did not prove who it is"));
        check(&[14, 49], Some("49 told"));
        check(&[14; 20], Some("the server wants one step after the other"));
    }
}
