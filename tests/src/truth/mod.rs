//! The events at the host, by its clients' own log, and the metrics that follow from that log alone.
//!
//! `tg-metrics` reads the rows that the host wrote. Only a client can say if they match the events: it knows its calls,
//! their answers, and that each call took effect between two readings of its clock. From such a [`log`] and the static
//! [`plan`] of the tasks, [`story`] derives the states of each task and [`measure()`] computes the metrics, each as an
//! interval ([`bound`]) because every moment is known only to lie within a call. [`compare`] sets them against the output
//! of `tg-metrics`.
//!
//! Written from the definitions, with no code of the tools and without reading a database or a snapshot. Where the
//! definitions are open, the events decide, not the knowledge of the host; where the two differ, the tests name the
//! difference.

pub mod bound;
pub mod compare;
pub mod files;
pub mod load;
pub mod log;
pub mod measure;
pub mod plan;
pub mod replay;
pub mod run;
pub mod story;
pub mod waits;

pub use bound::Bound;
pub use log::Call;
pub use measure::measure;
pub use plan::Plan;
pub use run::{Recorded, Run};
