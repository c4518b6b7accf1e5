//! What a fit does not know about its parameters.
//!
//! With eight or more runs at every number of agents, runs are drawn again within each (Efron and Tibshirani, "An
//! Introduction to the Bootstrap", 1993, chapter 9) and the curve is fitted to each draw. Draws of n scatter too little, so
//! deviations are stretched by √(n/(n-1)) (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, chapter
//! 2), and intervals are the percentiles that t has in place of the normal's 2.5 and 97.5 (Hesterberg, "What Teachers
//! Should Know About the Bootstrap", The American Statistician 69, 2015).
//!
//! With fewer runs the draws are too alike to go by. Then the fit is linearised (the delta method; Bates and Watts,
//! "Nonlinear Regression Analysis", 1988, chapter 2), and because throughput mostly scatters in proportion to its
//! height, each number of agents has its own variance and intervals are from t with Satterthwaite's degrees of freedom:
//! Welch's way, for a curve. Only where some number of agents has a single run is one variance taken for all, from the
//! residuals. Neither says whether the law is the right one.

use super::least_squares::{Point, best_near};
use super::model::{Curve, Model};
use crate::stats::linear::{Matrix, solve};
use crate::stats::normal::upper_tail;
use crate::stats::random::Random;
use crate::stats::{Interval, TAIL, quantile, student};

/// Runs at every number of agents from which runs are resampled.
const RESAMPLED_FROM: usize = 8;
/// Draws.
const DRAWS: usize = 2000;
/// Any fixed seed: the same runs give the same intervals.
const SEED: u64 = 1;

/// Where intervals come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Percentiles of fits to runs drawn again within each number of agents.
    Resampled {
        /// Draws that had a fit.
        draws: usize,
    },
    /// Linearised, from t, with a variance of its own for each number of agents.
    Delta,
    /// Linearised, from t, with one variance for all, from the residuals: some number of agents has a single run.
    DeltaPooled {
        /// Degrees of freedom.
        df: f64,
    },
}

/// How far off the fit may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    /// For each number of agents, how one standard error of its mean moves λ, σ and κ, and that error's degrees of
    /// freedom.
    parts: Vec<([f64; 3], f64)>,
    /// Degrees of freedom of one variance for all.
    pooled: Option<f64>,
    /// Curves through runs drawn again; none where there are too few runs.
    pub draws: Vec<Curve>,
    /// What each side of an interval leaves out of the draws.
    pub tail: f64,
}

/// Runs by their number of agents.
pub type Groups = [(f64, Vec<f64>)];

impl Uncertainty {
    /// Of `curve`, the model's best through `groups`; `None` where the runs do not determine it.
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
        Some(Self {
            parts,
            pooled: is_pooled.then_some(df),
            draws: if enough {
                draws(groups, model, curve)
            } else {
                Vec::new()
            },
            tail: if enough {
                upper_tail(student::quantile(TAIL, within))
            } else {
                TAIL
            },
        })
    }

    pub fn method(&self) -> Method {
        match (self.draws.len(), self.pooled) {
            (0, Some(df)) => Method::DeltaPooled { df },
            (0, None) => Method::Delta,
            (draws, _) => Method::Resampled { draws },
        }
    }

    /// The linearised variance of a quantity that moves with λ, σ and κ by `gradient`, and its degrees of freedom.
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

    /// The interval of a parameter estimated as `value`, the `at`-th, cut off at its bound 0.
    pub fn parameter(&self, value: f64, at: usize) -> Option<Interval> {
        if !self.draws.is_empty() {
            return self.percentiles(|curve| [curve.lambda, curve.sigma, curve.kappa][at]);
        }
        let mut gradient = [0.0; 3];
        gradient[at] = 1.0;
        let half = self.half_width(gradient);
        Interval::new((value - half).max(0.0), value + half)
    }

    /// The middle of a quantity over the draws.
    pub fn percentiles(&self, of: impl Fn(&Curve) -> f64) -> Option<Interval> {
        let mut values: Vec<f64> = self.draws.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        Interval::new(
            quantile(&values, self.tail)?,
            quantile(&values, 1.0 - self.tail)?,
        )
    }
}

/// How X(n) moves with λ, σ and κ.
fn slopes(curve: &Curve, n: f64) -> [f64; 3] {
    curve.log_gradient(n).map(|slope| slope * curve.at(n))
}

/// `JᵀJ` over runs.
fn matrix(groups: &Groups, curve: &Curve) -> Matrix {
    let mut matrix = [[0.0; 3]; 3];
    for (n, runs) in groups {
        let column = slopes(curve, *n);
        for row in 0..3 {
            for other in 0..3 {
                matrix[row][other] += runs.len() as f64 * column[row] * column[other];
            }
        }
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
