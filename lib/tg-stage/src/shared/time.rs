//! Times are integer milliseconds since the epoch; durations are typed as `90s`, `30m`, `1h 30m`.

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since the epoch.
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

/// A moment on the clock that counts from the boot of the machine and cannot be set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// Id of the boot.
    pub id: String,
    /// Milliseconds since then, sleep included.
    pub ms: i64,
}

impl Boot {
    /// Now; none where the machine does not provide it.
    pub fn now() -> Option<Self> {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let id = read("/proc/sys/kernel/random/boot_id")?;
        let up = read("/proc/uptime")?;
        let seconds: f64 = up.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            id: id.trim().into(),
            ms: (seconds * 1000.0).round() as i64,
        })
    }

    /// Time since then; none after a reboot, or on another machine.
    pub fn elapsed(&self) -> Option<Duration> {
        let now = Self::now().filter(|now| now.id == self.id)?;
        Some(Duration::from_millis((now.ms - self.ms).max(0) as u64))
    }
}

/// A duration as people type it; for clap's `value_parser` and for manifests.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("`{text}` is not a duration: write 500ms, 90s, 30m or 1h30m"))
}

/// A duration as `1h 30m`, to whole seconds from ten seconds on.
pub fn show(duration: Duration) -> String {
    let rounded = if duration >= Duration::from_secs(10) {
        Duration::from_secs(duration.as_secs())
    } else {
        Duration::from_millis(duration.as_millis() as u64)
    };
    humantime::format_duration(rounded).to_string()
}
