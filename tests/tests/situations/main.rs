//! All events of a task at the real host: `tg-metrics` agrees with the log of its clients.
//!
//! One test a situation. Where the host leaves no row of an event, the test names in `gaps` the metrics that cannot be
//! right and the warning that says so; an empty warning means that there is none.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod containers;
mod coordination;
mod gone;
mod odd;
mod tampered;
mod work;
mod workflows;
