//! What becomes of an object in its directory when nothing holds it any more (`engine.md` 4.6).

use serde::{Deserialize, Serialize};

/// What a connector does with an object that rules put into its directory, once they want it there no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deprovisioning {
    /// Its deletion is staged.
    #[default]
    DeleteObject,
    /// It stays in the directory, and rules may join it again.
    MakeNormalDisconnector,
    /// It stays in the directory, and no rule joins it again.
    MakeExplicitDisconnector,
}

impl Deprovisioning {
    /// All actions, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::DeleteObject, Self::MakeNormalDisconnector, Self::MakeExplicitDisconnector];

    /// The word of files, commands and exported configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DeleteObject => "delete-object",
            Self::MakeNormalDisconnector => "make-normal-disconnector",
            Self::MakeExplicitDisconnector => "make-explicit-disconnector",
        }
    }

    /// The action of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::DeleteObject => "its deletion is staged for the next export",
            Self::MakeNormalDisconnector => "it stays in the directory, and rules may join it again",
            Self::MakeExplicitDisconnector => "it stays in the directory, and no rule joins it again",
        }
    }
}
