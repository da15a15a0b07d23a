//! Kerberos, with which a connection without TLS is signed and encrypted (RFC 4752).

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext as _};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE, GSS_NT_KRB5_PRINCIPAL, OidSet};
use secrecy::{ExposeSecret as _, SecretString};

use super::sasl::{Mechanism, Seal};
use super::sealed::PIECE;

/// The protection that is wanted (RFC 4752, 3.3): nobody else can read or change anything.
const CONFIDENTIALITY: u8 = 4;

/// Octets of one piece at most, before they are sealed.
const MOST: usize = 64 * 1024;

/// Octets that sealing adds at most, with room to spare.
const ADDED: usize = 256;

/// A sign-in by Kerberos.
pub(super) struct Kerberos {
    context: ClientCtx,
    phase: Phase,
    most: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begun,
    /// The ticket was sent.
    Shown,
    /// Both sides know each other; the server offers protection.
    Known,
    /// The protection was chosen.
    Chosen,
}

impl Kerberos {
    pub(super) fn new(user: &str, password: &SecretString, host: &str) -> Result<Self, String> {
        let credential = credential(user, password)?;
        // Named by its host, so that Kerberos finds out to which domain it belongs.
        let name = Name::new(format!("ldap@{host}").as_bytes(), Some(&GSS_NT_HOSTBASED_SERVICE))
            .and_then(|name| name.canonicalize(Some(&GSS_MECH_KRB5)))
            .map_err(|error| error.to_string())?;
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG
            | CtxFlags::GSS_C_CONF_FLAG
            | CtxFlags::GSS_C_INTEG_FLAG
            | CtxFlags::GSS_C_REPLAY_FLAG
            | CtxFlags::GSS_C_SEQUENCE_FLAG;
        let context = ClientCtx::new(Some(credential), name, flags, Some(&GSS_MECH_KRB5));
        Ok(Self { context, phase: Phase::Begun, most: MOST })
    }

    /// What the server offers, and what is chosen of it.
    fn choose(&mut self, offer: &[u8]) -> Result<Vec<u8>, String> {
        let offer = self.context.unwrap(offer).map_err(|error| error.to_string())?;
        let (layers, most) = offered(&offer)?;
        if layers & CONFIDENTIALITY == 0 {
            return Err("the server does not encrypt with Kerberos: choose LDAPS or StartTLS".to_owned());
        }
        self.most = most.saturating_sub(ADDED).clamp(1, MOST);
        let [_, high, middle, low] = PIECE.to_be_bytes();
        let chosen = self.context.wrap(false, &[CONFIDENTIALITY, high, middle, low]).map_err(|error| error.to_string())?;
        Ok(chosen.to_vec())
    }
}

/// The layers that a server offers, and the octets of a piece that it takes.
fn offered(offer: &[u8]) -> Result<(u8, usize), String> {
    let [layers, high, middle, low] = offer else { return Err("the server offers no protection".to_owned()) };
    let most = [*high, *middle, *low].iter().fold(0_usize, |sum, octet| (sum << 8) | usize::from(*octet));
    Ok((*layers, if most == 0 { MOST } else { most }))
}

/// A ticket for the account, from the server that its domain has for this.
pub(super) fn credential(user: &str, password: &SecretString) -> Result<Cred, String> {
    let name = Name::new(principal(user)?.as_bytes(), Some(&GSS_NT_KRB5_PRINCIPAL))
        .and_then(|name| name.canonicalize(Some(&GSS_MECH_KRB5)))
        .map_err(|error| error.to_string())?;
    let mut mechanisms = OidSet::new().map_err(|error| error.to_string())?;
    mechanisms.add(&GSS_MECH_KRB5).map_err(|error| error.to_string())?;
    Cred::acquire_with_password(Some(&name), password.expose_secret(), None, CredUsage::Initiate, Some(&mechanisms))
        .map_err(|error| error.to_string())
}

/// The account's name in Kerberos: domains are written in capital letters there.
fn principal(user: &str) -> Result<String, String> {
    match user.rsplit_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() => Ok(format!("{name}@{}", domain.to_ascii_uppercase())),
        Some(_) | None => Err("Kerberos knows accounts by their domain: write the user name as user@domain".to_owned()),
    }
}

impl Mechanism for Kerberos {
    fn name(&self) -> &'static str {
        "GSSAPI"
    }

    fn step(&mut self, answer: Option<&[u8]>) -> Result<Option<Vec<u8>>, String> {
        match self.phase {
            Phase::Begun | Phase::Shown => {
                let token = self.context.step(answer, None).map_err(|error| error.to_string())?;
                self.phase = if self.context.is_complete() { Phase::Known } else { Phase::Shown };
                Ok(token.map(|token| token.to_vec()))
            }
            Phase::Known => {
                let chosen = self.choose(answer.unwrap_or_default())?;
                self.phase = Phase::Chosen;
                Ok(Some(chosen))
            }
            Phase::Chosen => Err("the server wants a step that Kerberos does not have".to_owned()),
        }
    }

    fn seal(self: Box<Self>) -> Result<Box<dyn Seal>, String> {
        if self.phase != Phase::Chosen {
            return Err("the server accepts the account without having shown who it is".to_owned());
        }
        Ok(Box::new(Sealed { context: self.context, most: self.most }))
    }
}

/// The protection that Kerberos gives.
struct Sealed {
    context: ClientCtx,
    most: usize,
}

impl Seal for Sealed {
    fn most(&self) -> usize {
        self.most
    }

    fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
        self.context.wrap(true, plain).map(|sealed| sealed.to_vec()).map_err(|error| error.to_string())
    }

    fn unwrap(&mut self, sealed: Vec<u8>) -> Result<Vec<u8>, String> {
        let opened = self.context.unwrap(&sealed).map_err(|error| format!("a piece was changed on its way: {error}"))?;
        Ok(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_named_by_their_domain() {
        let check = |user: &str, expected: Option<&str>| assert_eq!(principal(user).ok().as_deref(), expected, "{user}");
        check("sync@contoso.com", Some("sync@CONTOSO.COM"));
        check("a@b@contoso.com", Some("a@b@CONTOSO.COM"));
        check("CONTOSO\\sync", None);
        check("sync", None);
        check("@contoso.com", None);
    }

    #[test]
    fn a_server_offers_layers_and_a_size() {
        let check = |offer: &[u8], expected: Option<(u8, usize)>| assert_eq!(offered(offer).ok(), expected, "{offer:?}");
        check(&[7, 0, 0x20, 0], Some((7, 0x2000)));
        check(&[4, 0xff, 0xff, 0xff], Some((4, 0x00ff_ffff)));
        check(&[4, 0, 0, 0], Some((4, MOST)));
        check(&[4, 0, 0], None);
        check(&[], None);
    }
}
