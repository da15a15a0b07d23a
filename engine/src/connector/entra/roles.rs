//! Roles that the application needs to write (`entra-connector.md` 2.12), read from its own token, so that what is missing is
//! said before the first object and not as errors of all of them.

/// What is written, and the roles of which each one allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// What is written.
    pub what: &'static str,
    /// Any one of these is enough; the first is the least.
    pub any_of: &'static [&'static str],
}

/// Users over Microsoft Graph.
pub const USERS: Need = Need { what: "users", any_of: &["User.ReadWrite.All", "Directory.ReadWrite.All"] };
/// Groups and their members over Microsoft Graph.
pub const GROUPS: Need = Need { what: "groups", any_of: &["Group.ReadWrite.All", "Directory.ReadWrite.All"] };
/// Everything over the synchronization channel.
pub const CHANNEL: Need = Need { what: "objects", any_of: &["DirSync.ReadWrite.All"] };

impl Need {
    /// True when the roles allow it. A token that tells no roles refuses nothing by itself.
    pub fn is_met(&self, roles: Option<&[String]>) -> bool {
        roles.is_none_or(|roles| roles.iter().any(|role| self.any_of.contains(&role.as_str())))
    }

    /// What to do when they do not.
    pub fn advice(&self, client_id: &str) -> String {
        let role = self.any_of.first().copied().unwrap_or_default();
        format!(
            "application {client_id} may not write {}: give it the role {role}, with the consent of an administrator",
            self.what
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_role_of_several_is_enough() {
        let check = |roles: Option<&[&str]>, expected: bool| {
            let roles: Option<Vec<String>> = roles.map(|roles| roles.iter().map(|role| (*role).to_owned()).collect());
            assert_eq!(USERS.is_met(roles.as_deref()), expected, "{roles:?}");
        };
        check(None, true);
        check(Some(&[]), false);
        check(Some(&["User.Read.All"]), false);
        check(Some(&["Group.ReadWrite.All", "User.ReadWrite.All"]), true);
        check(Some(&["Directory.ReadWrite.All"]), true);
        assert!(GROUPS.advice("a1").contains("application a1 may not write groups: give it the role Group.ReadWrite.All"));
    }
}
