//! The uncertainty of a fit's parameters.
//!
//! With eight or more runs at every number of agents, runs are drawn again within each (Efron and Tibshirani, "An
//! Introduction to the Bootstrap", 1993, chapter 9) and the curve is fitted to each draw. Draws of n vary too little,
//! so deviations are multiplied by √(n/(n-1)) (Davison and Hinkley, "Bootstrap Methods and their Application", 1997,
//! chapter 2), and intervals are the percentiles that t has in place of the normal's 2.5 and 97.5 (Hesterberg, "What
//! Teachers Should Know About the Bootstrap", The American Statistician 69, 2015).
//!
//! With fewer runs the draws are too much alike. Then the fit is linearised (the delta method; Bates and Watts,
//! "Nonlinear Regression Analysis", 1988, chapter 2). Because throughput mostly varies in proportion to its height,
//! each number of agents has its own variance, and intervals are from t with Satterthwaite's degrees of freedom:
//! Welch's method for a curve. If some number of agents has a single run, one variance from the residuals serves all.
//! No method checks that the law is the right one.

use super::least_squares::{Point, best_near};
use super::model::{Curve, Model};
use crate::stats::interval::{Interval, TAIL, quantile};
use crate::stats::linear::{Matrix, add_outer, solve};
use crate::stats::normal::upper_tail;
use crate::stats::student;

/// The least number of runs at every number of agents for resampling.
const RESAMPLED_FROM: usize = 8;
/// Number of draws.
const DRAWS: usize = 2000;
/// A fixed seed: the same runs give the same intervals.
const SEED: u64 = 1;

/// The method that gave the intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Percentiles of fits to runs drawn again within each number of agents.
    Resampled {
        /// Draws that had a fit.
        draws: usize,
    },
    /// Linearised, from t, with one variance for each number of agents.
    Delta,
    /// Linearised, from t, with one variance from the residuals: some number of agents has a single run.
    DeltaPooled {
        /// Degrees of freedom.
        df: f64,
    },
}

/// The uncertainty of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    /// For each number of agents, the change of λ, σ and κ by one standard error of its mean, and the degrees of
    /// freedom of that error.
    parts: Vec<([f64; 3], f64)>,
    /// Degrees of freedom of the single variance, if there is one.
    pooled: Option<f64>,
    /// Curves through runs drawn again; empty if there are too few runs.
    pub draws: Vec<Curve>,
    /// The share of draws that an interval leaves out on each side.
    pub tail: f64,
}

/// Throughputs of runs by number of agents.
pub type Groups = [(f64, Vec<f64>)];

impl Uncertainty {
    /// The uncertainty of `curve`, the best of `model` through `groups`; `None` if the runs do not determine it.
    pub fn new(groups: &Groups, model: Model, curve: &Curve) -> Option<Self> {
        let all: usize = groups.iter().map(|(_, runs)| runs.len()).sum();
        let within = (all - groups.len()) as f64;
        let df = (all - model.parameters()) as f64;
        let is_pooled = groups.iter().any(|(_, runs)| runs.len() < 2);
        let residuals: f64 = groups
            .iter()
            .map(|(n, runs)| squares(runs, curve.at(*n)))
            .sum();
        let matrix = matrix(groups, curve);
        let mut parts = Vec::new();
        for (n, runs) in groups {
            let size = runs.len() as f64;
            let own = squares(runs, mean(runs)) / (size - 1.0);
            let variance = if is_pooled { residuals / df } else { own };
            let pull = slopes(curve, *n).map(|slope| slope * (size * variance).sqrt());
            let moved = solve(&matrix, pull, model.free())?;
            parts.push((moved, size - 1.0));
        }
        let enough = groups.iter().all(|(_, runs)| runs.len() >= RESAMPLED_FROM);
        let (draws, tail) = if enough {
            let tail = upper_tail(student::quantile(TAIL, within));
            (draws(groups, model, curve), tail)
        } else {
            (Vec::new(), TAIL)
        };
        Some(Self {
            parts,
            pooled: is_pooled.then_some(df),
            draws,
            tail,
        })
    }

    pub fn method(&self) -> Method {
        match (self.draws.len(), self.pooled) {
            (0, Some(df)) => Method::DeltaPooled { df },
            (0, None) => Method::Delta,
            (draws, _) => Method::Resampled { draws },
        }
    }

    /// The linearised variance of a quantity with the derivatives `gradient` by λ, σ and κ, and its degrees of freedom.
    pub fn variance(&self, gradient: [f64; 3]) -> (f64, f64) {
        let moved = |part: &[f64; 3]| (0..3).map(|k| part[k] * gradient[k]).sum::<f64>().powi(2);
        let all: f64 = self.parts.iter().map(|(part, _)| moved(part)).sum();
        let share = |(part, df): &([f64; 3], f64)| (moved(part) / all).powi(2) / df;
        let own = || 1.0 / self.parts.iter().map(share).sum::<f64>();
        (all, self.pooled.unwrap_or_else(own))
    }

    /// Half the width of the linearised 95 % interval of such a quantity.
    pub fn half_width(&self, gradient: [f64; 3]) -> f64 {
        let (variance, df) = self.variance(gradient);
        if variance > 0.0 {
            student::quantile(TAIL, df) * variance.sqrt()
        } else {
            0.0
        }
    }

    /// The interval of the parameter with index `at`, estimated as `value`, cut off at its bound 0.
    pub fn parameter(&self, value: f64, at: usize) -> Option<Interval> {
        if !self.draws.is_empty() {
            return self.percentiles(|curve| [curve.lambda, curve.sigma, curve.kappa][at]);
        }
        let mut gradient = [0.0; 3];
        gradient[at] = 1.0;
        let half = self.half_width(gradient);
        Interval::new((value - half).max(0.0), value + half)
    }

    /// The interval of a quantity over the draws.
    pub fn percentiles(&self, quantity: impl Fn(&Curve) -> f64) -> Option<Interval> {
        let mut values: Vec<f64> = self.draws.iter().map(quantity).collect();
        values.sort_by(f64::total_cmp);
        Interval::new(
            quantile(&values, self.tail)?,
            quantile(&values, 1.0 - self.tail)?,
        )
    }
}

/// The derivatives of X(n) by λ, σ and κ.
fn slopes(curve: &Curve, n: f64) -> [f64; 3] {
    curve.log_gradient(n).map(|slope| slope * curve.at(n))
}

/// `JᵀJ` over runs, J the derivatives.
fn matrix(groups: &Groups, curve: &Curve) -> Matrix {
    let mut matrix = [[0.0; 3]; 3];
    for (n, runs) in groups {
        add_outer(&mut matrix, runs.len() as f64, slopes(curve, *n));
    }
    matrix
}

fn mean(runs: &[f64]) -> f64 {
    runs.iter().sum::<f64>() / runs.len() as f64
}

fn squares(runs: &[f64], around: f64) -> f64 {
    runs.iter().map(|run| (run - around).powi(2)).sum()
}

fn draws(groups: &Groups, model: Model, curve: &Curve) -> Vec<Curve> {
    let mut random = Random(SEED);
    let mut draw = |(n, runs): &(f64, Vec<f64>)| {
        let size = runs.len() as f64;
        let drawn: f64 = (0..runs.len())
            .map(|_| runs[random.below(runs.len())])
            .sum();
        let stretch = (size / (size - 1.0)).sqrt();
        let mean = mean(runs) + (drawn / size - mean(runs)) * stretch;
        Point {
            n: *n,
            mean: mean.max(0.0),
            weight: size,
        }
    };
    let mut fits = Vec::new();
    for _ in 0..DRAWS {
        let points: Vec<Point> = groups.iter().map(&mut draw).collect();
        fits.extend(best_near(&points, model, curve));
    }
    fits
}

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): the same numbers on
/// every machine.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A uniform whole number from 0 below `n`; probabilities differ by at most n / 2^64.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence() {
        let mut random = Random(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_die_is_fair() {
        let mut random = Random(1);
        let mut seen = [0; 6];
        (0..6000).for_each(|_| seen[random.below(6)] += 1);
        assert!(
            seen.iter().all(|times| (900..1100).contains(times)),
            "{seen:?}"
        );
    }
}
