//! What only a what-if asks: a copy of the database, what a synchronization changed in it, and the file that
//! keeps the result.

mod changes;
mod copy;
mod result;

pub use changes::{
    CsChange, ExportCounts, MvChange, ReferenceChange, Sample, created, cs_changes, cs_names, export_counts, links_before,
    mv_changes, mv_names, objects_before, watch,
};
pub use copy::copy;
pub use result::{ObjectFilter, ResultFile, StoredChange};
