//! Floor 0: the vocabulary of every other floor. Pure data and pure functions; no I/O, no clock.

mod attribute;
mod clock;
pub(crate) mod codec;
mod delta;
mod deprovisioning;
mod dn;
mod error_code;
mod ids;
mod image;
mod operation;
mod schema;
mod sid;
mod sorted_map;
pub mod sorted_set;
mod value;

pub use attribute::{AttributeId, AttributeTable, DN_ATTRIBUTE};
pub use clock::{Clock, FixedClock, IdSource, RandomIds, SequentialIds, SystemClock};
pub use codec::{CodecError, decode_delta, decode_image, encode_delta, encode_image, encode_whole_delta};
pub use delta::{AttributeChange, Delta};
pub use deprovisioning::Deprovisioning;
pub use dn::{Dn, DnError, Rdn};
pub use error_code::{AlgorithmStep, ErrorCode, ObjectError, ObjectErrorDetail};
pub use ids::{ConnectorId, CsId, MvId, PartitionId, RuleId, RunId};
pub(crate) use image::distinct;
pub use image::{Image, Values};
pub use operation::{ObjectOperation, PendingExport, PendingImport};
pub use schema::{AttributeDefinition, INDEXED_LIMIT, Schema, SchemaError};
pub use sid::{sid_bytes, sid_text};
pub use sorted_map::SortedMap;
pub use value::{Value, ValueType, fold_text};
