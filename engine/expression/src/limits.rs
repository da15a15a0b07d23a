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
/// Texts up to this many bytes cost nothing beside the step that reads them.
pub(crate) const SHORT_TEXT: usize = 4_096;
/// Bytes of a longer text that cost as much as one step.
pub(crate) const STEP_BYTES: usize = 256;
/// Lists up to this many values cost nothing beside the step that reads them.
pub(crate) const SHORT_LIST: usize = 1_024;
/// Values of a longer list that cost as much as one step.
pub(crate) const STEP_VALUES: usize = 16;
/// Pieces of a split text that cost as much as one step.
pub(crate) const STEP_PIECES: usize = 4;
/// Largest compiled regular expression, in bytes.
pub(crate) const PATTERN_BYTES: usize = 1 << 20;
/// Longest text of a pattern, in bytes.
pub(crate) const PATTERN_TEXT: usize = 1 << 16;
/// Bytes of a compiled regular expression that cost as much as one step to make.
pub(crate) const STEP_PATTERN_BYTES: usize = 64;
/// Most work of one match: bytes of the compiled expression times bytes of the text. About a second at worst.
pub(crate) const MATCH_WORK: usize = 1 << 34;
/// Work of a match that costs as much as one step.
pub(crate) const STEP_MATCH_WORK: usize = 1 << 15;
/// Matches up to this many steps cost nothing beside the step of the call: ordinary patterns on ordinary texts.
pub(crate) const FREE_MATCH_STEPS: usize = 16;
/// Most bytes of values that the trace of one evaluation keeps.
pub(crate) const TRACE_BYTES: usize = 32 << 20;
/// Longest text that is kept as a folded constant, in bytes.
pub(crate) const FOLDED_BYTES: usize = 4_096;
