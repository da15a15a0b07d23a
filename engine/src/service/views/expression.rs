//! Objects to try expressions on.

use syncline_expression::SourceObject;

/// An object as expressions of rules read it.
#[derive(Clone, Debug)]
pub struct ExpressionObject {
    /// Attributes with type and values, and parameters.
    pub source: SourceObject,
    /// Attributes among them that the directory's schema lacks, by name: the default rules read them as absent, in
    /// other rules they are unknown.
    pub lacking: Vec<String>,
    /// An object of a directory, as inbound rules read it; else one of the metaverse.
    pub inbound: bool,
}
