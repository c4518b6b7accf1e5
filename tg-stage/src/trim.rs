//! Which tasks a measurement leaves out.
//!
//! Here because two tools meet in it: the manifest's `warmup` is read by `tg-instantiate`, and obeyed by `tg-metrics`.

use serde::{Deserialize, Serialize};

/// Tasks to leave out of every metric.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trim {
    /// Tasks with one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_tags: Vec<String>,
    /// So many tasks that were started first.
    #[serde(skip_serializing_if = "is_zero")]
    pub skip_first: usize,
    /// So many tasks that ended last.
    #[serde(skip_serializing_if = "is_zero")]
    pub skip_last: usize,
    /// Tasks that were started within so many milliseconds of the run's begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// Tasks that ended within so many milliseconds of the last one's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<u64>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Trim {
    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
