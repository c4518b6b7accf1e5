//! Where two fitted curves meet: the number of agents from which the other workflow does more.
//!
//! λ₁N/(1+σ₁(N-1)+κ₁N(N-1)) = λ₂N/(...) is a quadratic in N, so two curves cross twice at most. A crossing's interval is
//! all N around it at which the curves' 95 % interval of ln X₁ - ln X₂ includes 0: Fieller's idea, for a difference that
//! is no longer linear in N. Looked at is only where both curves are measured, or extrapolated by no more than twice.

use super::edge::edge;
use super::fit::Fit;
use super::model::Curve;
use crate::stats::{TAIL, student, welch::satterthwaite};

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
        low: edge(at, from, |n| !are_apart(one, other, n)),
        high: edge(at, to, |n| !are_apart(one, other, n)),
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

/// Whether the 95 % interval of ln X₁ - ln X₂ at `n` excludes 0.
fn are_apart(one: &Fit, other: &Fit, n: f64) -> bool {
    let (a, b) = (one.uncertainty(), other.uncertainty());
    if !a.draws.is_empty() && !b.draws.is_empty() {
        // Draws of the same number share their random numbers; back to front they share nothing.
        let pairs = a.draws.iter().zip(b.draws.iter().rev());
        let above =
            |(first, second): &(&Curve, &Curve)| one.unit * first.at(n) > other.unit * second.at(n);
        let all = a.draws.len().min(b.draws.len()) as f64;
        let share = pairs.filter(above).count() as f64 / all;
        let tail = a.tail.min(b.tail);
        return !(tail..=1.0 - tail).contains(&share);
    }
    let ((va, df_a), (vb, df_b)) = (one.log_variance(n), other.log_variance(n));
    let apart = (one.curve.at(n) / other.curve.at(n)).ln().abs();
    if va + vb <= 0.0 {
        return apart > 0.0;
    }
    apart > student::quantile(TAIL, satterthwaite(va, df_a, vb, df_b)) * (va + vb).sqrt()
}
