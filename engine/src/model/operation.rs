//! Operations on connector space objects (`engine.md` 1.2, 1.3).

use serde::{Deserialize, Serialize};

/// What a delta does to the object as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectOperation {
    /// Nothing is pending.
    #[default]
    None,
    /// The object is new.
    Add,
    /// Attributes or the name change.
    Update,
    /// The object goes.
    Delete,
    /// The object goes and comes back with another type.
    DeleteAdd,
}

/// The pending import operation of an object, as stored and searched.
pub type PendingImport = ObjectOperation;
/// The pending export operation of an object, as stored and searched.
pub type PendingExport = ObjectOperation;

impl ObjectOperation {
    /// The word of the original (`modify` is shown as `update`).
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Add => "add",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::DeleteAdd => "delete-add",
        }
    }

    /// The number stored in the database: 0 none, 1 add, 2 modify, 3 delete-add, 4 delete.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Add => 1,
            Self::Update => 2,
            Self::DeleteAdd => 3,
            Self::Delete => 4,
        }
    }

    /// The operation behind a stored number; unknown numbers read as none.
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Add,
            2 => Self::Update,
            3 => Self::DeleteAdd,
            4 => Self::Delete,
            _ => Self::None,
        }
    }
}
