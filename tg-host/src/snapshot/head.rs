//! What a snapshot says of itself, and how far its times can be trusted; the same for whoever reads one.

use super::dialect;

/// What was read so far.
pub(crate) struct Head {
    /// The program and version that wrote it; empty where it does not say.
    pub exported_by: String,
    resolution_ms: i64,
}

impl Head {
    /// Begin to read a snapshot: nothing is known of its times.
    pub fn new() -> Self {
        dialect::reset_resolution();
        Self {
            exported_by: String::new(),
            resolution_ms: 1,
        }
    }

    /// Take up what it says; what is of no use is passed over.
    pub fn take(&mut self, key: &str, json: &[u8]) {
        match key {
            "exported_by" => self.exported_by = serde_json::from_slice(json).unwrap_or_default(),
            "resolution_ms" => self.resolution_ms = serde_json::from_slice(json).unwrap_or(1),
            _ => {}
        }
    }

    /// How far its times can be trusted, in milliseconds: as far as it says, and as the times themselves look.
    pub fn resolution_ms(&self) -> i64 {
        dialect::resolution().max(self.resolution_ms)
    }
}
