//! NTLM, with which a connection without TLS is signed and encrypted (MS-NLMP). Version 2 alone, and never less than keys
//! of 128 bits: what a server does not agree to ends the sign-in.

mod key;
mod message;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use self::key::{Direction, Keys, Seals};
use self::message::{Challenge, SIGNATURE};
use super::sasl::{Mechanism, Seal};

/// Octets of one piece; servers take more, but not every one as much as it likes.
const PIECE: usize = 64 * 1024;

/// Seconds between the beginnings of Windows' time and of Unix's.
const WINDOWS_EPOCH: i64 = 11_644_473_600;

/// What is new in every sign-in.
#[derive(Clone, Copy)]
pub(super) struct Fresh {
    /// The account's question to the server.
    challenge: [u8; 8],
    /// The key of the connection.
    key: [u8; 16],
    /// The time, in tenths of microseconds since 1601.
    time: u64,
}

impl Fresh {
    /// Of this moment.
    pub(super) fn now() -> Self {
        let now = Timestamp::now();
        let tenths = (now.as_second() + WINDOWS_EPOCH).saturating_mul(10_000_000);
        Self { challenge: rand::random(), key: rand::random(), time: u64::try_from(tenths).unwrap_or_default() }
    }
}

/// A sign-in by NTLM.
pub(super) struct Ntlm {
    user: String,
    domain: String,
    password: SecretString,
    fresh: Fresh,
    /// The server's question was answered.
    answered: bool,
}

impl Ntlm {
    pub(super) fn new(user: &str, password: &SecretString, fresh: Fresh) -> Self {
        // The domain of `user@domain` is part of the user's name.
        let (domain, user) = user.split_once('\\').unwrap_or(("", user));
        Self { user: user.to_owned(), domain: domain.to_owned(), password: password.clone(), fresh, answered: false }
    }

    fn answer(&self, question: &[u8]) -> Result<Vec<u8>, String> {
        let challenge = Challenge::read(question)?;
        let keys = Keys::new(&self.user, &self.domain, self.password.expose_secret());
        let told = challenge.target_info(self.fresh.time);
        let (response, base) = keys.response(&challenge.nonce, &message::answered(&told, self.fresh.challenge));
        let encrypted = key::once(&base, &self.fresh.key);
        let mut answer = message::authenticate(&self.user, &self.domain, &response, &encrypted);
        let code = key::code(&self.fresh.key, &[&message::negotiate(), question, &answer]);
        message::put_code(&mut answer, &code);
        Ok(answer)
    }
}

impl Mechanism for Ntlm {
    fn name(&self) -> &'static str {
        "GSS-SPNEGO"
    }

    fn step(&mut self, answer: Option<&[u8]>) -> Result<Option<Vec<u8>>, String> {
        let Some(question) = answer else { return Ok(Some(message::negotiate())) };
        if self.answered {
            return Err("the server wants a step that NTLM does not have".to_owned());
        }
        let answer = self.answer(question)?;
        self.answered = true;
        Ok(Some(answer))
    }

    fn seal(self: Box<Self>) -> Result<Box<dyn Seal>, String> {
        if !self.answered {
            return Err("the server accepts the account without having asked for its password".to_owned());
        }
        let key = &self.fresh.key;
        Ok(Box::new(Sealed { sent: Seals::new(key, Direction::ToServer), received: Seals::new(key, Direction::FromServer) }))
    }
}

/// The protection that NTLM gives: both directions have keys and a counter of their own.
struct Sealed {
    sent: Seals,
    received: Seals,
}

impl Seal for Sealed {
    fn most(&self) -> usize {
        PIECE
    }

    fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
        let mut data = plain.to_vec();
        let signature = self.sent.seal(&mut data);
        Ok([signature.as_slice(), &data].concat())
    }

    fn unwrap(&mut self, mut sealed: Vec<u8>) -> Result<Vec<u8>, String> {
        let Some((signature, data)) = sealed.split_at_mut_checked(SIGNATURE) else {
            return Err("it sent an encrypted piece without a signature".to_owned());
        };
        if !self.received.open(data, signature) {
            return Err("somebody changed an encrypted piece on its way".to_owned());
        }
        Ok(sealed.split_off(SIGNATURE))
    }
}

#[cfg(test)]
mod tests {
    use super::message::tests::challenge;
    use super::*;

    const FRESH: Fresh = Fresh { challenge: [0xaa; 8], key: [0x55; 16], time: 0 };

    fn ntlm(user: &str) -> Ntlm {
        Ntlm::new(user, &SecretString::from("Password"), FRESH)
    }

    #[test]
    fn accounts_are_named_as_they_are_written() {
        let check = |user: &str, expected: (&str, &str)| {
            let made = ntlm(user);
            assert_eq!((made.domain.as_str(), made.user.as_str()), expected);
        };
        check("CONTOSO\\sync", ("CONTOSO", "sync"));
        check("sync@contoso.com", ("", "sync@contoso.com"));
        check("sync", ("", "sync"));
    }

    #[test]
    fn a_server_must_ask_before_it_accepts() {
        let mut made = ntlm("Domain\\User");
        assert!(made.step(None).unwrap().unwrap().starts_with(b"NTLMSSP\0\x01\0\0\0"));
        assert!(Box::new(ntlm("Domain\\User")).seal().is_err());
        let answer = made.step(Some(&challenge(u32::MAX))).unwrap().unwrap();
        assert!(answer.starts_with(b"NTLMSSP\0\x03\0\0\0"));
        assert!(made.step(Some(&challenge(u32::MAX))).is_err());
        assert!(Box::new(made).seal().is_ok());
    }

    #[test]
    fn pieces_are_opened_in_their_order_and_unchanged() {
        let sides = || {
            let seals = |direction| Seals::new(&FRESH.key, direction);
            let server = Sealed { sent: seals(Direction::FromServer), received: seals(Direction::ToServer) };
            (Sealed { sent: seals(Direction::ToServer), received: seals(Direction::FromServer) }, server)
        };
        let (mut client, mut server) = sides();
        for plain in [b"first".as_slice(), b"", b"third"] {
            let sealed = client.wrap(plain).unwrap();
            assert!(plain.is_empty() || !sealed.ends_with(plain));
            assert_eq!(server.unwrap(sealed).unwrap(), plain);
            let back = server.wrap(plain).unwrap();
            assert_eq!(client.unwrap(back).unwrap(), plain);
        }
        let check = |change: &dyn Fn(Vec<Vec<u8>>) -> Vec<u8>| {
            let (mut client, mut server) = sides();
            let sealed = [b"first", b"other"].map(|plain| client.wrap(plain).unwrap()).to_vec();
            assert!(server.unwrap(change(sealed)).is_err());
        };
        check(&|pieces| pieces[1].clone());
        check(&|pieces| pieces[0][..20].to_vec());
        check(&|pieces| pieces[0][..10].to_vec());
        for place in 0..21 {
            check(&|mut pieces| {
                pieces[0][place] ^= 1;
                pieces.remove(0)
            });
        }
    }
}
