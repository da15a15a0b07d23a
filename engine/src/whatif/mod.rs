//! Floor 6: what-if. What a synchronization of the whole database would do, with the saved or with other rules, such as those of an exported server configuration,
//! without doing it.
//!
//! There is no second implementation of synchronization: [`run`] copies the database, stores the other rules in
//! the copy, and runs the step itself there. Triggers keep what it touches, so the comparison costs what changed.
//! The result is a file of its own in the data folder; the database is only read.

mod changes;
mod comparison;
mod describe;
mod error;
mod folder;
mod notes;
mod preview;
mod reason;
mod removal;
mod report;
mod run;
#[cfg(test)]
mod tests;
mod values;

pub use comparison::{ComparedChange, ComparedSpace, Comparison, Side, compare};
pub use error::WhatIfError;
pub use folder::{MOST_KEPT, WhatIfFolder};
pub use preview::{PreviewContext, preview_changes};
pub use reason::{RuleNames, failing};
pub use removal::{ConnectorDeletionImpact, DeletedRule, DeletionImpact, ExportImpact, connector_deletion};
pub use report::{
    AttributeWord, ChangeKind, ChangedAttribute, ErrorChange, ErrorWord, ExportTotals, LinkWord, ObjectChange, RuleTouched,
    SpaceSummary, WhatIfFilter, WhatIfReport, WhatIfStep,
};
pub use run::{Instead, OtherRules, OtherServer, WhatIfContext, WhatIfProgress, WhatIfRequest, run};
pub use values::{few_values, shown_value};
