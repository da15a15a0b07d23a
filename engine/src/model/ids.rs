//! Identifiers that cannot be swapped for one another.
//!
//! Inside the engine objects are numbered by the database; administrators see GUIDs, which the
//! records carry beside the number.

use serde::{Deserialize, Serialize};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

row_id! {
    /// A connector of this database.
    ConnectorId
}
row_id! {
    /// A partition (naming context) of a connector.
    PartitionId
}
row_id! {
    /// A connector space object, in whatever connector.
    CsId
}
row_id! {
    /// A metaverse object.
    MvId
}
row_id! {
    /// A synchronization rule.
    RuleId
}
row_id! {
    /// A run in the run history; also its run number, counted over all connectors.
    RunId
}
