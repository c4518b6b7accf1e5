//! The tasks that a measurement leaves out: `tg-instantiate` reads the manifest's `warmup`, `tg-metrics` obeys it.

use serde::{Deserialize, Serialize};

/// Tasks to leave out of every metric.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trim {
    /// Tasks with one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_tags: Vec<String>,
    /// The number of tasks, started first, to leave out.
    #[serde(skip_serializing_if = "is_zero")]
    pub skip_first: usize,
    /// The number of tasks, ended last, to leave out.
    #[serde(skip_serializing_if = "is_zero")]
    pub skip_last: usize,
    /// Leaves out tasks started within this time of the run's start, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// Leaves out tasks that ended within this time of the last one's end, in milliseconds.
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
    /// True if nothing is left out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
