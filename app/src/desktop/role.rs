//! Who uses the app, and what that person may do (`ui.md` 1.6).

use serde::{Deserialize, Serialize};

/// What a person is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do everything.
    #[default]
    Admin,
    /// Sees everything and runs connectors.
    Operator,
    /// Sees everything.
    Browse,
}

/// What something asks of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Looking, searching, trying out, saving to files.
    Browse,
    /// Running and stopping.
    Operate,
    /// Changing what is stored.
    Administer,
}

impl Role {
    /// Name as shown.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Admin => "Administrator",
            Self::Operator => "Operator",
            Self::Browse => "Browse",
        }
    }

    /// Whether the person has a right.
    ///
    /// # Errors
    /// The role that it takes, as tooltips and messages say it.
    pub fn may(self, right: Right) -> Result<(), String> {
        let most = match self {
            Self::Admin => Right::Administer,
            Self::Operator => Right::Operate,
            Self::Browse => Right::Browse,
        };
        match right {
            right if right <= most => Ok(()),
            Right::Administer => Err("Requires the administrator role".to_owned()),
            Right::Operate | Right::Browse => Err("Requires the operator role".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_the_documented_rights() {
        let check = |role: Role, allowed: [bool; 3]| {
            let rights = [Right::Browse, Right::Operate, Right::Administer];
            assert_eq!(rights.map(|right| role.may(right).is_ok()), allowed, "{role:?}");
        };
        check(Role::Admin, [true, true, true]);
        check(Role::Operator, [true, true, false]);
        check(Role::Browse, [true, false, false]);
        assert_eq!(Role::Operator.may(Right::Administer).unwrap_err(), "Requires the administrator role");
    }
}
