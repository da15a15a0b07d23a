//! The keys of NTLM, and what is done with them (MS-NLMP, 3.3.2 and 3.4). Pure.

use hmac::{Hmac, Mac as _};
use md4::Md4;
use md5::{Digest as _, Md5};
use rc4::consts::U16;
use rc4::{KeyInit as _, Rc4, StreamCipher as _};
use zeroize::Zeroizing;

use super::message::SIGNATURE;

/// Octets of a text in the encoding of Windows.
pub(super) fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A code over these parts, which only who has the key can make.
pub(super) fn code(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(place, octet)| *place = *octet);
    let mut code = <Hmac<Md5> as hmac::Mac>::new((&*block).into());
    parts.iter().for_each(|part| code.update(part));
    code.finalize().into_bytes().into()
}

/// Sixteen octets encrypted with a key that is used once.
pub(super) fn once(key: &[u8; 16], plain: &[u8; 16]) -> [u8; 16] {
    let mut octets = *plain;
    Rc4::<U16>::new(key.into()).apply_keystream(&mut octets);
    octets
}

/// What an account knows.
pub(super) struct Keys {
    response: Zeroizing<[u8; 16]>,
}

impl Keys {
    pub(super) fn new(user: &str, domain: &str, password: &str) -> Self {
        let password = Zeroizing::new(wide(password));
        let hash: Zeroizing<[u8; 16]> = Zeroizing::new(Md4::digest(&*password).into());
        Self { response: Zeroizing::new(code(&hash, &[&wide(&user.to_uppercase()), &wide(domain)])) }
    }

    /// The answer to a server's question, and the key that both sides know then.
    pub(super) fn response(&self, question: &[u8; 8], answered: &[u8]) -> (Vec<u8>, Zeroizing<[u8; 16]>) {
        let proof = code(&self.response, &[question, answered]);
        ([proof.as_slice(), answered].concat(), Zeroizing::new(code(&self.response, &[&proof])))
    }
}

/// Which way a piece goes.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    ToServer,
    FromServer,
}

/// What seals the pieces of one direction.
pub(super) struct Seals {
    sign: Zeroizing<[u8; 16]>,
    cipher: Rc4<U16>,
    /// Pieces so far.
    count: u32,
}

impl Seals {
    pub(super) fn new(key: &[u8; 16], direction: Direction) -> Self {
        let way = match direction {
            Direction::ToServer => "client-to-server",
            Direction::FromServer => "server-to-client",
        };
        let derived = |purpose: &str| -> Zeroizing<[u8; 16]> {
            let constant = format!("session key to {way} {purpose} key magic constant\0");
            Zeroizing::new(Md5::new().chain_update(key).chain_update(constant).finalize().into())
        };
        let seal = derived("sealing");
        Self { sign: derived("signing"), cipher: Rc4::new((&*seal).into()), count: 0 }
    }

    /// Encrypts a piece in its place; gives its signature.
    pub(super) fn seal(&mut self, data: &mut [u8]) -> [u8; SIGNATURE] {
        let code = self.code(data);
        self.cipher.apply_keystream(data);
        self.signature(code)
    }

    /// Decrypts a piece in its place; false when it is not what was sealed.
    pub(super) fn open(&mut self, data: &mut [u8], signature: &[u8]) -> bool {
        self.cipher.apply_keystream(data);
        let code = self.code(data);
        // No secret can be guessed by trying: a wrong signature ends the connection.
        self.signature(code) == signature
    }

    fn code(&self, plain: &[u8]) -> [u8; 16] {
        code(&self.sign, &[&self.count.to_le_bytes(), plain])
    }

    fn signature(&mut self, code: [u8; 16]) -> [u8; SIGNATURE] {
        let [a, b, c, d, e, f, g, h, ..] = code;
        let mut sum = [a, b, c, d, e, f, g, h];
        self.cipher.apply_keystream(&mut sum);
        let [a, b, c, d, e, f, g, h] = sum;
        let [i, j, k, l] = self.count.to_le_bytes();
        self.count = self.count.wrapping_add(1);
        [1, 0, 0, 0, a, b, c, d, e, f, g, h, i, j, k, l]
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::answered;
    use super::*;

    /// The example of MS-NLMP, 4.2.4.
    #[test]
    fn the_published_example_comes_out() {
        let octets = |text: &str| hex::decode(text).unwrap();
        let keys = Keys::new("User", "Domain", "Password");
        assert_eq!(keys.response.as_slice(), octets("0c868a403bfd7a93a3001ef22ef02e3f"));
        let mut told = vec![0; 8];
        told.extend(octets("02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000"));
        let (response, base) = keys.response(&[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef], &answered(&told, [0xaa; 8]));
        assert_eq!(response[..16], octets("68cd0ab851e51c96aabc927bebef6a1c"));
        assert_eq!(base.as_slice(), octets("8de40ccadbc14a82f15cb0ad0de95ca3"));
        assert_eq!(once(&base, &[0x55; 16]).as_slice(), octets("c5dad2544fc9799094ce1ce90bc9d03e"));
        let mut seals = Seals::new(&[0x55; 16], Direction::ToServer);
        assert_eq!(seals.sign.as_slice(), octets("4788dc861b4782f35d43fd98fe1a2d39"));
        let mut data = wide("Plaintext");
        let signature = seals.seal(&mut data);
        assert_eq!(data, octets("54e50165bf1936dc996020c1811b0f06fb5f"));
        assert_eq!(signature.as_slice(), octets("010000007fb38ec5c55d497600000000"));
    }
}
