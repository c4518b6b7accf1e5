//! Where throughput is highest: N* = √((1-σ)/κ).
//!
//! Its interval is Fieller's ("Some problems in interval estimation", 1954): all N for which 1 - σ - κN² cannot be told
//! from 0. It is open above where κ cannot be told from 0, which is the usual case and not a failure; a normal interval
//! around N* would hide it. From draws it is their percentiles, with no peak as infinity.

use super::model::Curve;
use super::uncertainty::Uncertainty;

/// What the fitted curve does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// κ is 0: more agents always do more.
    Rises,
    /// It has a peak, within twice the largest number of agents or beyond.
    Peaks,
    /// σ is 1 or more: no second agent ever helps.
    Falls,
}

/// The number of agents with the highest throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// What the fitted curve does.
    pub shape: Shape,
    /// N*, not whole in general; `None` where there is none up to twice the largest number measured.
    pub at: Option<f64>,
    /// Lower end of its 95 % interval, at least 0; `None` where even that lies beyond.
    pub low: Option<f64>,
    /// Upper end; `None` where the interval is open or ends beyond.
    pub high: Option<f64>,
}

impl Peak {
    /// Of a fitted curve; nothing above `limit` is said.
    pub(super) fn new(curve: &Curve, uncertainty: &Uncertainty, limit: f64) -> Self {
        let (low, high) = if uncertainty.draws.is_empty() {
            fieller(curve, uncertainty)
        } else {
            percentiles(uncertainty)
        };
        let said = |n: f64| (n <= limit).then_some(n);
        let shape = shape(curve);
        let at = (shape == Shape::Peaks).then(|| peak(curve));
        Self {
            shape,
            at: at.and_then(said),
            low: said(low),
            high: said(high),
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

/// Infinite where throughput rises for ever, 0 where it only falls.
fn peak(curve: &Curve) -> f64 {
    match shape(curve) {
        Shape::Rises => f64::INFINITY,
        Shape::Peaks => ((1.0 - curve.sigma) / curve.kappa).sqrt(),
        Shape::Falls => 0.0,
    }
}

fn percentiles(uncertainty: &Uncertainty) -> (f64, f64) {
    let mut peaks: Vec<f64> = uncertainty.draws.iter().map(peak).collect();
    peaks.sort_by(f64::total_cmp);
    // The next draw outwards rather than a mean with infinity.
    let last = (peaks.len() - 1) as f64;
    let low = (last * 0.025).floor() as usize;
    let high = (last * 0.975).ceil() as usize;
    (peaks[low], peaks[high])
}

/// The y = N² with (1-σ-κy)² <= t² var(σ + κy), that is square y² - 2 middle y + constant <= 0: between the roots, or
/// outside of them.
fn fieller(curve: &Curve, uncertainty: &Uncertainty) -> (f64, f64) {
    let t2 = uncertainty.t().powi(2);
    let [_, [_, var_sigma, shared], [_, _, var_kappa]] = uncertainty.covariance;
    let room = 1.0 - curve.sigma;
    let square = curve.kappa.powi(2) - t2 * var_kappa;
    let middle = room * curve.kappa + t2 * shared;
    let constant = room.powi(2) - t2 * var_sigma;
    let root = middle * middle - square * constant;
    if root < 0.0 && square <= 0.0 {
        return (0.0, f64::INFINITY);
    }
    // With a positive square it is below 0 only by rounding.
    let far = middle + root.max(0.0).sqrt().copysign(middle);
    let (one, other) = (far / square, constant / far);
    let (lower, higher) = (one.min(other), one.max(other));
    let agents = |y: f64| y.max(0.0).sqrt();
    if square > 0.0 {
        (agents(lower), agents(higher))
    } else if lower >= 0.0 {
        (0.0, f64::INFINITY) // all below the lower root too
    } else {
        (agents(higher), f64::INFINITY)
    }
}
