//! Scaling curves: throughput over the number of agents, fitted, with the uncertainty of the fit.
//!
//! [`fit`] takes one (agents, throughput) for each run and gives a [`Fit`]: the curve, an interval for each parameter
//! and for the peak, and the parameters at their bound. [`crossings`] finds where two fitted curves meet. No result
//! lies beyond twice the largest number of agents measured.

mod crossing;
mod fit;
mod least_squares;
mod model;
mod peak;
mod uncertainty;

pub use crossing::{Crossing, crossings};
pub use fit::{Fit, NoFit, Parameter, fit};
pub use model::{Curve, Model};
pub use peak::{Peak, Shape};
pub use uncertainty::Method;
