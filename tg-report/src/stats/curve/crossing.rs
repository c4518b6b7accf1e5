//! Where two fitted curves meet: the number of agents from which the other workflow does more.
//!
//! λ₁N/(1+σ₁(N-1)+κ₁N(N-1)) = λ₂N/(...) is a quadratic in N, so two curves cross twice at most. A crossing's interval is
//! all N around it at which the curves' 95 % interval of ln X₁ - ln X₂ includes 0: Fieller's idea, for a difference that
//! is no longer linear in N. Looked at is only where both curves are measured, or extrapolated by no more than twice.

use super::fit::Fit;
use super::model::Curve;
use crate::stats::{TAIL, student, welch::satterthwaite};

/// Steps in which an interval's end is looked for, on either side.
const STEPS: u32 = 64;

/// A number of agents at which both curves have the same height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// The number of agents, not whole in general.
    pub at: f64,
    /// Lower end of its 95 % interval; `None` where the curves cannot be told apart all the way down.
    pub low: Option<f64>,
    /// Upper end; `None` where the curves cannot be told apart up to the limit.
    pub high: Option<f64>,
    /// Whether the first curve is the higher one beyond the crossing.
    pub first_wins_above: bool,
}

/// Where `one` and `other` cross, ascending; empty where they do not within the range of both.
pub fn crossings(one: &Fit, other: &Fit) -> Vec<Crossing> {
    let from = one.smallest.max(other.smallest);
    let to = one.limit().min(other.limit());
    let in_range = meetings(one, other)
        .into_iter()
        .filter(|n| (from..=to).contains(n));
    let crossing = |at: f64| Crossing {
        at,
        low: end(one, other, at, from),
        high: end(one, other, at, to),
        first_wins_above: slope(one, other, at) > 0.0,
    };
    in_range.map(crossing).collect()
}

/// All numbers of agents at which the curves agree and change sides, ascending.
fn meetings(one: &Fit, other: &Fit) -> Vec<f64> {
    // In units of the larger λ, nothing overflows.
    let unit = one.curve.lambda.max(other.curve.lambda);
    let (first, second) = (&one.curve, &other.curve);
    let (up, down) = (first.lambda / unit, second.lambda / unit);
    // λ₁(1+σ₂(N-1)+κ₂N(N-1)) - λ₂(1+σ₁(N-1)+κ₁N(N-1)) = square N² + linear N + constant
    let square = up * second.kappa - down * first.kappa;
    let linear = up * (second.sigma - second.kappa) - down * (first.sigma - first.kappa);
    let constant = up * (1.0 - second.sigma) - down * (1.0 - first.sigma);
    let root = linear * linear - 4.0 * square * constant;
    if root <= 0.0 {
        return Vec::new(); // apart, or touching without a change of sides
    }
    let half = -0.5 * (linear + root.sqrt().copysign(linear));
    let meetings = [half / square, constant / half];
    let mut meetings: Vec<f64> = meetings.into_iter().filter(|n| n.is_finite()).collect();
    meetings.sort_by(f64::total_cmp);
    meetings
}

/// How ln X₁ - ln X₂ moves with N.
fn slope(one: &Fit, other: &Fit, n: f64) -> f64 {
    let step = n * 1e-4;
    let apart = |n: f64| (one.curve.at(n) / other.curve.at(n)).ln();
    apart(n + step) - apart(n - step)
}

/// From `at` towards `to`, the N up to which the curves cannot be told apart; `None` if that is all the way.
fn end(one: &Fit, other: &Fit, at: f64, to: f64) -> Option<f64> {
    let place = |share: f64| at * (to / at).powf(share);
    let apart = |share: &f64| are_apart(one, other, place(*share));
    let steps = (1..=STEPS).map(|step| f64::from(step) / f64::from(STEPS));
    let mut outside = steps.clone().find(apart)?;
    let mut inside = outside - 1.0 / f64::from(STEPS);
    for _ in 0..40 {
        let middle = f64::midpoint(inside, outside);
        if apart(&middle) {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    Some(place(outside))
}

/// Whether the 95 % interval of ln X₁ - ln X₂ at `n` excludes 0.
fn are_apart(one: &Fit, other: &Fit, n: f64) -> bool {
    let (a, b) = (one.uncertainty(), other.uncertainty());
    if !a.draws.is_empty() && !b.draws.is_empty() {
        let pairs = a.draws.iter().zip(&b.draws);
        let above =
            |(first, second): &(&Curve, &Curve)| one.unit * first.at(n) > other.unit * second.at(n);
        let all = a.draws.len().min(b.draws.len()) as f64;
        let share = pairs.filter(above).count() as f64 / all;
        return !(TAIL..=1.0 - TAIL).contains(&share);
    }
    let (va, vb) = (one.log_variance(n), other.log_variance(n));
    let apart = (one.curve.at(n) / other.curve.at(n)).ln().abs();
    if va + vb <= 0.0 {
        return apart > 0.0;
    }
    apart > student::quantile(TAIL, satterthwaite(va, a.df, vb, b.df)) * (va + vb).sqrt()
}
