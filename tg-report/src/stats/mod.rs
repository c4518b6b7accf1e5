//! The statistics of a report: pure functions over slices of finite numbers, one value per run.
//!
//! [`describe`] summarises one sample, [`versus`] compares two, [`holm`] adjusts the p values of a family, and
//! [`curve::fit`] fits a scaling curve. Each file names the source of its formulas. Four rules hold for all of them:
//!
//! - An undefined value is `None`, never NaN, infinity or 0.
//! - Data are divided by a power of two before they are squared, and summed without rounding (`exact.rs`), so that
//!   neither a size of 1e-150 or 1e150 nor an offset of 1e15 costs digits. `tests/reference` holds every number here to
//!   a relative 1e-9 of a 60-digit computation.
//! - A small p value is computed as a tail, never as 1 minus the rest.
//! - The same data give the same numbers in any order; resampling has a fixed seed.

pub mod binomial;
pub mod curve;
mod effect;
mod exact;
mod interval;
mod leave_one_out;
mod linear;
mod normal;
mod permutation;
mod power;
mod rank;
mod ratio;
mod roots;
mod sign_flip;
pub mod student;
mod summary;
mod ties;
mod versus;
mod welch;

pub(crate) use effect::cliff;
pub use effect::hedges;
pub use interval::Interval;
pub(crate) use interval::quantile;
pub use leave_one_out::leave_one_out;
pub(crate) use leave_one_out::{LeaveOneOut, Left, Side};
pub(crate) use permutation::permutation;
pub use power::power;
pub(crate) use power::{POWER, Power, runs_for_ratio};
pub(crate) use rank::{Rank, rank, values_needed};
pub(crate) use ratio::Ratio;
pub use ratio::ratio;
pub(crate) use sign_flip::pairs_needed;
pub use sign_flip::{SignFlip, sign_flip};
pub(crate) use summary::Summary;
pub use summary::describe;
pub(crate) use versus::{Test, Verdict};
pub use versus::{Versus, holm, verdict, versus};
pub use welch::welch;
pub(crate) use welch::{Welch, mean_difference};
