//! The bounds that keep a hostile or careless expression from hurting a run.

/// Longest expression text, in characters.
pub(crate) const TEXT_CHARACTERS: usize = 32_768;
/// Deepest nesting of brackets, calls and signs.
pub(crate) const NESTING: usize = 128;
/// Most problems reported for one text.
pub(crate) const PROBLEMS: usize = 100;
/// Most arguments of Switch.
pub(crate) const SWITCH_ARGUMENTS: usize = 256;
/// Most evaluation steps for one object and flow.
pub(crate) const STEPS: u32 = 1_000_000;
/// Longest string a function or operator may make, in bytes.
pub(crate) const TEXT_BYTES: usize = 1 << 20;
/// Longest binary value a function or operator may make.
pub(crate) const BINARY_BYTES: usize = 16 << 20;
/// Most bytes that all intermediate values of one evaluation may take together.
pub(crate) const TOTAL_BYTES: usize = 256 << 20;
/// Largest compiled regular expression, in bytes.
pub(crate) const PATTERN_BYTES: usize = 1 << 20;
/// Longest text that is kept as a folded constant, in bytes.
pub(crate) const FOLDED_BYTES: usize = 4_096;
