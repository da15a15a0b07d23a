//! The messages of NTLM (MS-NLMP, 2.2). Pure.

use super::key::wide;

const UNICODE: u32 = 0x0000_0001;
const REQUEST_TARGET: u32 = 0x0000_0004;
const SIGN: u32 = 0x0000_0010;
const SEAL: u32 = 0x0000_0020;
const NTLM: u32 = 0x0000_0200;
const ALWAYS_SIGN: u32 = 0x0000_8000;
const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
const TARGET_INFO: u32 = 0x0080_0000;
const VERSION: u32 = 0x0200_0000;
const KEY_OF_128_BITS: u32 = 0x2000_0000;
const KEY_EXCHANGE: u32 = 0x4000_0000;

/// What is asked for.
const WANTED: u32 = UNICODE
    | REQUEST_TARGET
    | SIGN
    | SEAL
    | NTLM
    | ALWAYS_SIGN
    | EXTENDED_SESSION_SECURITY
    | TARGET_INFO
    | VERSION
    | KEY_OF_128_BITS
    | KEY_EXCHANGE;

/// What the server must agree to; less protects nothing.
const DEMANDED: u32 = UNICODE | SIGN | SEAL | EXTENDED_SESSION_SECURITY | TARGET_INFO | KEY_OF_128_BITS | KEY_EXCHANGE;

/// Octets of a signature.
pub(super) const SIGNATURE: usize = 16;

const MAGIC: &[u8] = b"NTLMSSP\0";

/// Where the code over all messages stands in the answer, and where its contents begin.
const CODE: std::ops::Range<usize> = 72..88;
const CONTENTS: usize = 88;

/// The version of the account's side: NTLM of the fifteenth revision, as Windows 7 has it.
const OUR_VERSION: [u8; 8] = [6, 1, 0, 0, 0, 0, 0, 15];

/// What a server tells of itself: end of the list, flags, time.
const END: u16 = 0;
const FLAGS: u16 = 6;
const TIME: u16 = 7;

/// The flag that says that the answer has a code over all messages.
const HAS_CODE: u32 = 2;

/// The first message: what is wanted.
pub(super) fn negotiate() -> Vec<u8> {
    // Neither domain nor computer is told.
    [MAGIC, &1_u32.to_le_bytes(), &WANTED.to_le_bytes(), &[0; 16], &OUR_VERSION].concat()
}

/// The server's question.
pub(super) struct Challenge {
    pub(super) nonce: [u8; 8],
    /// What the server tells of itself, by number.
    told: Vec<(u16, Vec<u8>)>,
}

impl Challenge {
    pub(super) fn read(message: &[u8]) -> Result<Self, String> {
        let strange = || "the server does not speak NTLM: sign in simply, over TLS".to_owned();
        if !message.starts_with(MAGIC) || message.get(8..12) != Some(&2_u32.to_le_bytes()) {
            return Err(strange());
        }
        let flags = number(message, 20).ok_or_else(strange)?;
        if flags & DEMANDED != DEMANDED {
            return Err("the server does not encrypt with NTLM: sign in simply, over TLS".to_owned());
        }
        let nonce = message.get(24..32).and_then(|octets| octets.try_into().ok()).ok_or_else(strange)?;
        let length = message.get(40..42).and_then(|octets| octets.try_into().ok()).map(u16::from_le_bytes);
        let begin = number(message, 44).and_then(|begin| usize::try_from(begin).ok());
        let (Some(length), Some(begin)) = (length, begin) else { return Err(strange()) };
        let mut rest = message.get(begin..).and_then(|rest| rest.get(..usize::from(length))).ok_or_else(strange)?;
        let mut told = Vec::new();
        loop {
            let (head, behind) = rest.split_at_checked(4).ok_or_else(strange)?;
            let &[a, b, c, d] = head else { return Err(strange()) };
            let (value, next) = behind.split_at_checked(usize::from(u16::from_le_bytes([c, d]))).ok_or_else(strange)?;
            match u16::from_le_bytes([a, b]) {
                END => return Ok(Self { nonce, told }),
                kind => told.push((kind, value.to_vec())),
            }
            rest = next;
        }
    }

    /// The time, the server's where it tells it, and what the server told, with the mark that the answer has a code.
    pub(super) fn target_info(&self, time: u64) -> Vec<u8> {
        let value = |wanted: u16| self.told.iter().find(|(kind, _)| *kind == wanted).map(|(_, value)| value.as_slice());
        let time = value(TIME).filter(|value| value.len() == 8).map_or_else(|| time.to_le_bytes().to_vec(), <[u8]>::to_vec);
        let flags = value(FLAGS).and_then(|value| number(value, 0)).unwrap_or_default() | HAS_CODE;
        let mut octets = time;
        let mut put = |kind: u16, value: &[u8]| {
            octets.extend(kind.to_le_bytes());
            octets.extend(u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
            octets.extend(value);
        };
        self.told.iter().filter(|(kind, _)| *kind != FLAGS).for_each(|(kind, value)| put(*kind, value));
        put(FLAGS, &flags.to_le_bytes());
        put(END, &[]);
        octets
    }
}

/// What is answered besides the proof: `told` is the time and what the server told of itself.
pub(super) fn answered(told: &[u8], challenge: [u8; 8]) -> Vec<u8> {
    let (time, told) = told.split_at_checked(8).unwrap_or((told, &[]));
    [&[1, 1, 0, 0, 0, 0, 0, 0], time, &challenge, &[0; 4], told, &[0; 4]].concat()
}

/// The answer, without the code over all messages.
pub(super) fn authenticate(user: &str, domain: &str, response: &[u8], key: &[u8; 16]) -> Vec<u8> {
    let mut head = [MAGIC, &3_u32.to_le_bytes()].concat();
    let mut contents: Vec<u8> = Vec::new();
    // The answer of older versions, which says nothing; the proof; domain, user and computer; the key.
    let (domain, user) = (wide(domain), wide(user));
    let parts: [&[u8]; 6] = [&[0; 24], response, &domain, &user, &[], key];
    for part in parts {
        let length = u16::try_from(part.len()).unwrap_or_default().to_le_bytes();
        let begin = u32::try_from(CONTENTS + contents.len()).unwrap_or_default().to_le_bytes();
        head.extend([length.as_slice(), &length, &begin].concat());
        contents.extend(part);
    }
    head.extend(WANTED.to_le_bytes());
    head.extend(OUR_VERSION);
    head.resize(CONTENTS, 0);
    head.extend(contents);
    head
}

/// Puts the code over all messages into the answer.
pub(super) fn put_code(answer: &mut [u8], code: &[u8; 16]) {
    if let Some(place) = answer.get_mut(CODE) {
        place.copy_from_slice(code);
    }
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.get(..4)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A question with these flags, which tells a name and a time.
    pub(in super::super) fn challenge(flags: u32) -> Vec<u8> {
        let told = [&[2, 0, 4, 0], wide("AB").as_slice(), &[7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8], &[0; 4]].concat();
        let length = u16::try_from(told.len()).unwrap().to_le_bytes();
        let head = [MAGIC, &2_u32.to_le_bytes(), &[0; 8], &flags.to_le_bytes(), &[9; 8], &[0; 8]].concat();
        [head.as_slice(), &length, &length, &48_u32.to_le_bytes(), &told].concat()
    }

    #[test]
    fn a_server_that_does_not_encrypt_is_not_signed_in_to() {
        let check = |message: &[u8], expected: Option<&str>| match (Challenge::read(message), expected) {
            (Ok(found), None) => assert_eq!(found.nonce, [9; 8]),
            (Err(error), Some(part)) => assert!(error.contains(part), "{error}"),
            (found, expected) => panic!("{} instead of {expected:?}", found.is_ok()),
        };
        check(&challenge(DEMANDED), None);
        check(&challenge(u32::MAX), None);
        for bit in (0..32).map(|bit| 1 << bit).filter(|bit| DEMANDED & bit != 0) {
            check(&challenge(WANTED & !bit), Some("does not encrypt"));
        }
        // Cut anywhere, or of another mechanism.
        let whole = challenge(DEMANDED);
        for end in 0..whole.len() {
            assert!(Challenge::read(&whole[..end]).is_err(), "{end}");
        }
        check(b"a token of another mechanism", Some("does not speak NTLM"));
        check(&negotiate(), Some("does not speak NTLM"));
    }

    #[test]
    fn what_the_server_tells_is_told_back_with_the_mark_of_the_code() {
        let told = Challenge::read(&challenge(WANTED)).unwrap().target_info(0);
        let expected =
            [&[1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 4, 0], wide("AB").as_slice(), &[7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
        assert_eq!(told, [expected.as_slice(), &[6, 0, 4, 0, 2, 0, 0, 0], &[0; 4]].concat());
        let silent = Challenge { nonce: [0; 8], told: vec![(FLAGS, vec![1, 0, 0, 0])] };
        assert_eq!(silent.target_info(256), [0, 1, 0, 0, 0, 0, 0, 0, 6, 0, 4, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn an_answer_has_its_parts_where_it_says() {
        let answer = {
            let mut answer = authenticate("us", "D", b"proof", &[3; 16]);
            put_code(&mut answer, &[8; 16]);
            answer
        };
        let part = |at: usize| {
            let length = u16::from_le_bytes(answer[at..at + 2].try_into().unwrap());
            let begin = usize::try_from(number(&answer, at + 4).unwrap()).unwrap();
            answer[begin..begin + usize::from(length)].to_vec()
        };
        assert_eq!([part(12), part(20), part(28)], [vec![0; 24], b"proof".to_vec(), wide("D")]);
        assert_eq!([part(36), part(44), part(52)], [wide("us"), Vec::new(), vec![3; 16]]);
        assert_eq!(number(&answer, 60), Some(WANTED));
        assert_eq!((answer[CODE].to_vec(), number(&answer, 8)), (vec![8; 16], Some(3)));
    }
}
