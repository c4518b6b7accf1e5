//! The statistics of a report: pure functions over slices of finite numbers, one value per run.
//!
//! [`describe`] one sample, compare two with [`versus`], adjust many p values with [`holm`], fit a scaling curve with
//! [`curve::fit`]. Each file names the text its formulas come from. Four rules hold everywhere:
//!
//! - What is undefined is `None`, never NaN, infinity or 0.
//! - Data are scaled by a power of two before they are squared, and summed without rounding ([`exact`]), so that
//!   neither a size of 1e-150 or 1e150 nor an offset of 1e15 costs digits. `tests/reference` holds every number here to
//!   a relative 1e-9 of a 60-digit computation.
//! - Small p values come from the tail itself, never as 1 - something.
//! - The same data give the same numbers, in whatever order; what is resampled has a fixed seed.

mod arrangements;
pub mod binomial;
pub mod curve;
mod effect;
mod exact;
mod holm;
mod interval;
mod leave_one_out;
mod linear;
mod normal;
mod permutation;
mod power;
mod quantile;
mod random;
mod rank;
mod ratio;
mod sign_flip;
pub mod student;
mod summary;
mod versus;
mod welch;

pub use effect::{cliff, hedges};
pub use holm::holm;
pub use interval::Interval;
pub use leave_one_out::{LeaveOneOut, Left, Side, leave_one_out};
pub use permutation::permutation;
pub use power::{POWER, Power, detectable_ratio, power, runs_for_ratio};
pub use quantile::quantile;
pub use rank::{Rank, rank, smallest_rank_p, values_needed};
pub use ratio::{Ratio, geometric_mean, ratio};
pub use sign_flip::{SignFlip, pairs_needed, sign_flip};
pub use summary::{Summary, describe};
pub use versus::{Test, Verdict, Versus, verdict, versus};
pub use welch::{Welch, mean_difference, welch};

/// What each side of a 95 % interval leaves out.
const TAIL: f64 = 0.025;
