//! Crossings of two fitted curves: the number of agents from which the other workflow has the higher throughput.
//!
//! λ₁N/(1+σ₁(N-1)+κ₁N(N-1)) = λ₂N/(...) is a quadratic in N, so two curves cross twice at most. The interval of a
//! crossing is all N around it at which the 95 % interval of ln X₁ - ln X₂ includes 0: Fieller's idea, for a difference
//! that is no longer linear in N. The search covers the range in which both curves are measured, or extrapolated by at
//! most a factor of 2.

use super::fit::Fit;
use super::model::Curve;
use crate::stats::interval::TAIL;
use crate::stats::roots::edge;
use crate::stats::student;
use crate::stats::welch::satterthwaite;

/// A number of agents at which both curves have the same height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// The number of agents, not whole in general.
    pub at: f64,
    /// Lower end of its 95 % interval; `None` if no lower number separates the curves.
    pub low: Option<f64>,
    /// Upper end; `None` if no higher number up to the limit separates them.
    pub high: Option<f64>,
    /// True if the first curve is the higher one beyond the crossing.
    pub first_wins_above: bool,
}

/// The crossings of `first` and `second` within the range of both, ascending.
pub fn crossings(first: &Fit, second: &Fit) -> Vec<Crossing> {
    let from = first.smallest.max(second.smallest);
    let to = first.limit().min(second.limit());
    let in_range = meetings(first, second)
        .into_iter()
        .filter(|n| (from..=to).contains(n));
    let crossing = |at: f64| Crossing {
        at,
        low: edge(at, from, |n| !are_apart(first, second, n)),
        high: edge(at, to, |n| !are_apart(first, second, n)),
        first_wins_above: slope(first, second, at) > 0.0,
    };
    in_range.map(crossing).collect()
}

/// All numbers of agents at which the curves agree and change sides, ascending.
fn meetings(first: &Fit, second: &Fit) -> Vec<f64> {
    // In units of the larger λ nothing overflows.
    let unit = first.curve.lambda.max(second.curve.lambda);
    let (first, second) = (&first.curve, &second.curve);
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

/// A number with the sign of the derivative of ln X₁ - ln X₂ by N.
fn slope(first: &Fit, second: &Fit, n: f64) -> f64 {
    let step = n * 1e-4;
    let apart = |n: f64| (first.curve.at(n) / second.curve.at(n)).ln();
    apart(n + step) - apart(n - step)
}

/// True if the 95 % interval of ln X₁ - ln X₂ at `n` excludes 0.
fn are_apart(first: &Fit, second: &Fit, n: f64) -> bool {
    let (a, b) = (first.uncertainty(), second.uncertainty());
    if !a.draws.is_empty() && !b.draws.is_empty() {
        // Draws with the same index used the same random numbers; in reverse order the pairs are independent.
        let pairs = a.draws.iter().zip(b.draws.iter().rev());
        let above = |(a, b): &(&Curve, &Curve)| first.unit * a.at(n) > second.unit * b.at(n);
        let all = a.draws.len().min(b.draws.len()) as f64;
        let share = pairs.filter(above).count() as f64 / all;
        let tail = a.tail.min(b.tail);
        return !(tail..=1.0 - tail).contains(&share);
    }
    let ((va, df_a), (vb, df_b)) = (first.log_variance(n), second.log_variance(n));
    let apart = (first.curve.at(n) / second.curve.at(n)).ln().abs();
    if va + vb <= 0.0 {
        return apart > 0.0;
    }
    apart > student::quantile(TAIL, satterthwaite(va, df_a, vb, df_b)) * (va + vb).sqrt()
}
