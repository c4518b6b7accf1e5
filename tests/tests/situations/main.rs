//! Everything that can happen to a task at the real host: what `tg-metrics` says of it is what its clients saw.
//!
//! One test a situation. Where the host leaves no row of what happened, the test says in `gaps` which metrics cannot be
//! right and which warning tells so; an empty warning means that nothing does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod containers;
mod coordination;
mod gone;
mod odd;
mod tampered;
mod work;
mod workflows;
