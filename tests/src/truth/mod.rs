//! What really happened at the host, by its clients' own log, and the metrics that follow from that log alone.
//!
//! `tg-metrics` reads what the host wrote down. Whether that is what happened can only be told by somebody who was there:
//! a client knows what it called, what was answered, and that the call took effect between its two clock readings. From
//! such a [`log`] and the static [`plan`] of the tasks, [`story`] tells what each task went through and [`measure()`]
//! computes the metrics, each as an interval ([`bound`]) because every moment is known only to lie within a call.
//! [`compare`] sets them against what `tg-metrics` says.
//!
//! Written from the definitions, with no code of the tools and never a look at a database or a snapshot. What the
//! definitions leave open is decided here by what happened, not by what the host can know of it; where the two differ, the
//! tests name the difference.

pub mod bound;
pub mod compare;
pub mod files;
pub mod load;
pub mod log;
pub mod measure;
pub mod plan;
pub mod run;
pub mod story;
pub mod telling;
pub mod waits;

pub use bound::Bound;
pub use log::Call;
pub use measure::measure;
pub use plan::Plan;
pub use run::{Recorded, Run};
