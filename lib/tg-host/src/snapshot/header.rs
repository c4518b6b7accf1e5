//! The snapshot header: which program wrote it, and the resolution of its timestamps.

use super::dialect;

/// The header as far as it was read.
pub(crate) struct Header {
    /// Name and version of the program that wrote the snapshot; empty if unknown.
    pub exported_by: String,
    resolution_ms: i64,
}

impl Header {
    /// An empty header; resets the resolution of the times read by this thread.
    pub fn new() -> Self {
        dialect::reset_resolution();
        Self {
            exported_by: String::new(),
            resolution_ms: 1,
        }
    }

    /// Reads one value of the header; ignores invalid ones.
    pub fn set(&mut self, key: &str, json: &[u8]) {
        match key {
            "exported_by" => self.exported_by = serde_json::from_slice(json).unwrap_or_default(),
            "resolution_ms" => self.resolution_ms = serde_json::from_slice(json).unwrap_or(1),
            _ => {}
        }
    }

    /// The resolution of the timestamps in milliseconds: the coarser of the declared and the observed one.
    pub fn resolution_ms(&self) -> i64 {
        dialect::resolution().max(self.resolution_ms)
    }
}
