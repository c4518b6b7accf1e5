//! The number of agents with the highest throughput: N* = √((1-σ)/κ).
//!
//! Its interval is Fieller's ("Some problems in interval estimation", 1954): all N at which 1 - σ - κN² does not differ
//! significantly from 0. The interval is open above if κ does not differ significantly from 0, which is the usual case
//! and not a failure; a normal interval around N* would hide it. With draws it is the percentiles of their peaks, where
//! a draw without a peak counts as infinity. The interval stays between one agent and twice the largest number
//! measured.

use super::model::Curve;
use super::uncertainty::Uncertainty;
use crate::stats::roots::edge;

/// The shape of a fitted curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// κ is 0: throughput always rises with the number of agents.
    Rises,
    /// The curve has a peak, within twice the largest number of agents or beyond.
    Peaks,
    /// σ is 1 or more: throughput is highest with one agent.
    Falls,
}

/// The number of agents with the highest throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The shape of the curve.
    pub shape: Shape,
    /// N*, not whole in general; `None` if there is none up to twice the largest number measured.
    pub at: Option<f64>,
    /// Lower end of its 95 % interval, at most twice the largest number measured.
    pub low: f64,
    /// Upper end; `None` if the peak may lie beyond twice the largest number measured, or may not exist.
    pub high: Option<f64>,
}

impl Peak {
    /// Finds the peak of a fitted curve up to `limit`.
    pub(super) fn new(curve: &Curve, uncertainty: &Uncertainty, limit: f64) -> Self {
        let shape = shape(curve);
        let at = peak(curve);
        let (low, high) = if uncertainty.draws.is_empty() {
            fieller(curve, uncertainty, at.clamp(1.0, limit), limit)
        } else {
            percentiles(uncertainty, limit)
        };
        Self {
            shape,
            at: (shape == Shape::Peaks && at <= limit).then_some(at),
            low,
            high,
        }
    }
}

fn shape(curve: &Curve) -> Shape {
    if curve.sigma >= 1.0 {
        Shape::Falls
    } else if curve.kappa > 0.0 {
        Shape::Peaks
    } else {
        Shape::Rises
    }
}

/// N*; infinite if throughput always rises, 0 if it only falls.
fn peak(curve: &Curve) -> f64 {
    match shape(curve) {
        Shape::Rises => f64::INFINITY,
        Shape::Peaks => ((1.0 - curve.sigma) / curve.kappa).sqrt(),
        Shape::Falls => 0.0,
    }
}

fn percentiles(uncertainty: &Uncertainty, limit: f64) -> (f64, Option<f64>) {
    let mut peaks: Vec<f64> = uncertainty.draws.iter().map(peak).collect();
    peaks.sort_by(f64::total_cmp);
    // The next draw outwards; a mean with infinity would be infinite.
    let last = (peaks.len() - 1) as f64;
    let low = peaks[(last * uncertainty.tail).floor() as usize];
    let high = peaks[(last * (1.0 - uncertainty.tail)).ceil() as usize];
    (
        low.clamp(1.0, limit),
        (high <= limit).then_some(high.max(1.0)),
    )
}

/// The range of all N around `start` that may be the peak; `start` is the peak or the end of the range next to it.
fn fieller(curve: &Curve, uncertainty: &Uncertainty, start: f64, limit: f64) -> (f64, Option<f64>) {
    let may_be_peak = |n: f64| {
        let slope = 1.0 - curve.sigma - curve.kappa * n * n;
        slope.abs() <= uncertainty.half_width([0.0, 1.0, n * n])
    };
    if !may_be_peak(start) && start >= limit {
        return (limit, None);
    }
    let low = edge(start, 1.0, may_be_peak).unwrap_or(1.0);
    (low, edge(start, limit, may_be_peak))
}
