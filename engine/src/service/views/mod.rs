//! What the engine answers: plain data for the command line, the app and JSON. Names of JSON fields
//! are these names; they are stable.
//!
//! Times are UTC instants. GUIDs are written without braces. Lists come in the order that the method
//! that returns them documents.

mod connector_properties;
mod connector_space;
mod connectors;
mod directory_selection;
mod explain;
mod expression;
mod metaverse;
mod page;
mod preview;
mod protection;
mod rules;
mod runs;
mod status;

pub use connector_properties::*;
pub use connector_space::*;
pub use connectors::*;
pub use directory_selection::*;
pub use explain::*;
pub use expression::*;
pub use metaverse::*;
pub use page::*;
pub use preview::*;
pub use protection::*;
pub use rules::*;
pub use runs::*;
pub use status::*;

pub use crate::sync::TargetAction;
pub use crate::whatif::{
    AttributeWord, ChangeKind, ChangedAttribute, ComparedChange, ComparedSpace, Comparison, ConnectorDeletionImpact, DeletedRule,
    DeletionImpact, ErrorChange, ErrorWord, ExportImpact, ExportTotals, Instead, LinkWord, ObjectChange, OtherRules, OtherServer,
    RuleTouched, Side, SpaceSummary, WhatIfFilter, WhatIfProgress, WhatIfReport, WhatIfRequest, WhatIfStep,
};
