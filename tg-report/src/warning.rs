//! What the reader of a report must know before trusting it.

/// One such thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// One word for machines.
    pub kind: &'static str,
    /// A sentence without its full stop; may hold names from the input as they came.
    pub message: String,
}
