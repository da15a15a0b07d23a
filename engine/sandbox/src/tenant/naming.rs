//! Names the tenant computes: mail nickname, user principal name, visible proxy addresses.

use serde_json::{Value, json};

use super::Tenant;
use crate::SandboxError;
use crate::schema::Kind;
use crate::store::addresses::{self, Source, primary_smtp, smtp_address};
use crate::store::changes::{Action, Details};
use crate::store::objects::{self, Object, texts};
use crate::store::quarantine;

/// Sources a user principal name or proxy address is compared with.
pub(crate) const NAME_SOURCES: [Source; 2] = [Source::UserPrincipalName, Source::Proxy];

/// What is wrong with a user principal name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameFault {
    /// White space or line breaks; the tenant computes another name.
    White,
    /// Anything else; the tenant refuses the name.
    Invalid,
}

/// Checks the form of a user principal name.
pub(crate) fn check_name(name: &str) -> Result<(), NameFault> {
    let Some((local, domain)) = name.split_once('@') else {
        return Err(NameFault::Invalid);
    };
    let sound = name.chars().count() <= 113
        && (1..=64).contains(&local.chars().count())
        && !domain.trim().is_empty()
        && !domain.contains('@')
        && local.chars().all(|character| is_local_character(character) || character.is_whitespace())
        && domain.chars().all(|character| is_domain_character(character) || character.is_whitespace());
    if !sound {
        Err(NameFault::Invalid)
    } else if name.contains(char::is_whitespace) {
        Err(NameFault::White)
    } else {
        Ok(())
    }
}

fn is_local_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "'.-_!#^~".contains(character)
}

fn is_domain_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || ".-".contains(character)
}

/// The part before the `@`.
pub(crate) fn local_part(address: &str) -> &str {
    address.split('@').next().unwrap_or_default()
}

/// The part after the `@`.
pub(crate) fn domain_part(address: &str) -> &str {
    address.split_once('@').map_or("", |(_, domain)| domain)
}

/// The nickname of a user synchronized for the first time: the first existing of the written nickname and
/// the prefixes of primary address, mail, user principal name and a secondary address.
pub(crate) fn first_nickname(object: &Object) -> Option<String> {
    let body = |name: &str| object.body.get(name).and_then(Value::as_str);
    let proxies = texts(object.body.get("proxyAddresses"));
    let secondary = proxies.iter().find_map(|proxy| smtp_address(proxy));
    [
        body("alias").map(str::to_owned),
        primary_smtp(&proxies).map(|address| local_part(&address).to_owned()),
        body("mail").map(|mail| local_part(mail).to_owned()),
        body("userPrincipalName").map(|name| local_part(name).to_owned()),
        secondary.map(|address| local_part(&address).to_owned()),
    ]
    .into_iter()
    .flatten()
    .find(|nickname| !nickname.is_empty())
}

impl Tenant {
    /// The name a user gets for a written one, before uniqueness: the written one if its suffix is verified,
    /// else `<nickname>@<initial domain>`.
    pub(crate) fn name_candidate(&self, object: &Object, written: Option<&str>) -> Option<String> {
        if let Some(name) = written
            && check_name(name).is_ok()
            && self.is_verified(domain_part(name))
        {
            return Some(name.to_owned());
        }
        let nickname: String =
            object.text("alias")?.chars().filter(|character| is_local_character(*character)).take(64).collect();
        (!nickname.is_empty()).then(|| format!("{nickname}@{}", self.initial_domain))
    }

    /// A free placeholder `<prefix><4 digits>@<initial domain>` for a quarantined name.
    pub(crate) fn placeholder(&mut self, wanted: &str, object: i64) -> Result<String, SandboxError> {
        loop {
            let digits = self.placeholder_digits();
            let prefix: String = local_part(wanted).chars().take(60).collect();
            let name = format!("{prefix}{digits}@{}", self.initial_domain);
            if !addresses::is_taken(&self.db, &name.to_lowercase(), &NAME_SOURCES, object)? {
                return Ok(name);
            }
        }
    }

    /// The written proxy addresses the tenant shows: mailbox users keep verified domains only.
    pub(crate) fn visible_proxies(&self, object: &Object) -> Vec<String> {
        let mailbox = object.kind == Kind::User && object.body.contains_key("msExchRecipientTypeDetails");
        texts(object.body.get("proxyAddresses"))
            .into_iter()
            .filter(|proxy| !mailbox || smtp_address(proxy).is_none_or(|address| self.is_verified(domain_part(&address))))
            .map(str::to_owned)
            .collect()
    }

    /// Uses the proxy addresses of the list that are not quarantined.
    pub(crate) fn use_proxies(object: &mut Object, visible: Vec<String>, quarantined: &[String]) {
        let shown: Vec<String> = visible.into_iter().filter(|proxy| !quarantined.contains(proxy)).collect();
        let value = (!shown.is_empty()).then(|| json!(shown));
        object.set_effective("proxyAddresses", value);
    }

    /// Gives users their written names and addresses after a domain was verified.
    pub(super) fn recompute_names(&mut self, domain: &str) -> Result<(), SandboxError> {
        let mut after = 0;
        loop {
            let page = objects::live_page(&self.db, Kind::User, after, 500)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.id;
            for mut object in page {
                let before = object.clone();
                if object.is_synced() && self.recompute(&mut object, domain)? {
                    let details = Details::between(&before, &object);
                    self.commit_object(&mut object, Action::Updated, &details)?;
                }
            }
        }
    }

    fn recompute(&mut self, object: &mut Object, domain: &str) -> Result<bool, SandboxError> {
        let before = object.overrides.clone();
        let written = object.body.get("userPrincipalName").and_then(Value::as_str).map(str::to_owned);
        if let Some(name) = written
            && domain_part(&name).eq_ignore_ascii_case(domain)
            && check_name(&name).is_ok()
        {
            if addresses::is_taken(&self.db, &name.to_lowercase(), &NAME_SOURCES, object.id)? {
                let now = self.now();
                quarantine::replace(&self.db, object.id, quarantine::USER_PRINCIPAL_NAME, &[name], now)?;
            } else {
                object.set_effective("userPrincipalName", Some(json!(name)));
            }
        }
        let visible = self.visible_proxies(object);
        let mut quarantined = Vec::new();
        for proxy in &visible {
            if let Some(address) = smtp_address(proxy)
                && addresses::is_taken(&self.db, &address, &NAME_SOURCES, object.id)?
            {
                quarantined.push(proxy.clone());
            }
        }
        let now = self.now();
        quarantine::replace(&self.db, object.id, quarantine::PROXY_ADDRESSES, &quarantined, now)?;
        Self::use_proxies(object, visible, &quarantined);
        Ok(object.overrides != before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let check = |name: &str, expected: Result<(), NameFault>| {
            assert_eq!(check_name(name), expected, "{name:?}");
        };
        check("bob@contoso.com", Ok(()));
        check("o'neil.b-c_d!e#f^g~h@contoso.com", Ok(()));
        check("bob smith@contoso.com", Err(NameFault::White));
        check("bob\r\n@contoso.com", Err(NameFault::White));
        check("bob@", Err(NameFault::Invalid));
        check("@contoso.com", Err(NameFault::Invalid));
        check("bob", Err(NameFault::Invalid));
        check("a@b@contoso.com", Err(NameFault::Invalid));
        check("bö@contoso.com", Err(NameFault::Invalid));
        check(&format!("{}@contoso.com", "a".repeat(64)), Ok(()));
        check(&format!("{}@contoso.com", "a".repeat(65)), Err(NameFault::Invalid));
        check(&format!("a@{}.com", "b".repeat(107)), Ok(()));
        check(&format!("aa@{}.com", "b".repeat(107)), Err(NameFault::Invalid));
    }
}
