//! How an account signs in: with its password, or by proving that it knows it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How an account signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignIn {
    /// A simple bind: the password is sent, so the connection must be encrypted.
    #[default]
    Simple,
    /// NTLM: the password is not sent, and NTLM encrypts the connection, without TLS.
    Ntlm,
    /// Kerberos (GSSAPI): the password goes to no server, and Kerberos encrypts the connection, without TLS.
    Gssapi,
}

impl SignIn {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Simple, Self::Ntlm, Self::Gssapi];

    /// Its name, as it is stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Ntlm => "ntlm",
            Self::Gssapi => "gssapi",
        }
    }

    /// Why this program cannot sign in so; `None` when it can.
    #[must_use]
    pub fn missing(self) -> Option<&'static str> {
        match self {
            Self::Gssapi if !cfg!(unix) => Some("this build does not have it: Kerberos is for Unix systems"),
            Self::Gssapi if !cfg!(feature = "gssapi") => {
                Some("this build does not have it: it was made without the feature \"gssapi\"")
            }
            Self::Simple | Self::Ntlm | Self::Gssapi => None,
        }
    }

    /// True when the sign-in encrypts the connection, which has no TLS then.
    #[must_use]
    pub fn seals(self) -> bool {
        self != Self::Simple
    }
}

impl fmt::Display for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_stored_by_their_name() {
        for way in SignIn::ALL {
            assert_eq!(serde_json::to_string(&way).unwrap(), format!("\"{way}\""));
            assert_eq!(serde_json::from_str::<SignIn>(&format!("\"{way}\"")).unwrap(), way);
        }
        assert_eq!(SignIn::Simple.missing(), None);
        assert_eq!(SignIn::Ntlm.missing(), None);
        assert_eq!(SignIn::Gssapi.missing().is_none(), cfg!(all(unix, feature = "gssapi")));
    }
}
