//! What a fit does not know about its parameters.
//!
//! With eight or more runs at every number of agents, runs are drawn again within each (Efron and Tibshirani, "An
//! Introduction to the Bootstrap", 1993, chapter 9), the curve is fitted to each draw, and intervals are percentiles. A
//! draw's deviations are stretched by √(n/(n-1)), for draws of n spread by that much too little (Davison and Hinkley,
//! "Bootstrap Methods and their Application", 1997, section 2.3). With fewer runs the draws are too alike to go by; then the
//! covariance is that of the linearised fit, s²(JᵀJ)⁻¹, and intervals are from t (Bates and Watts, "Nonlinear Regression
//! Analysis", 1988, section 2.3). That assumes that runs scatter alike at every number of agents.

use super::least_squares::{Point, best};
use super::model::{Curve, Model};
use crate::stats::linear::{Matrix, inverse};
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
    /// Linearised, from t.
    Delta {
        /// Degrees of freedom.
        df: f64,
    },
}

/// The covariance of λ, σ and κ, and draws of them where there are enough runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    pub covariance: Matrix,
    pub df: f64,
    pub draws: Vec<Curve>,
}

/// Runs by their number of agents.
pub type Groups = [(f64, Vec<f64>)];

impl Uncertainty {
    /// Of `curve`, the model's best through `groups`; `None` where the covariance is singular.
    pub fn new(groups: &Groups, model: Model, curve: &Curve) -> Option<Self> {
        let runs: usize = groups.iter().map(|(_, runs)| runs.len()).sum();
        let df = (runs - model.parameters()) as f64;
        let mut squares = 0.0;
        let mut matrix = [[0.0; 3]; 3];
        for (n, runs) in groups {
            let fitted = curve.at(*n);
            let column = curve.log_gradient(*n).map(|slope| slope * fitted);
            squares += runs.iter().map(|x| (x - fitted).powi(2)).sum::<f64>();
            for row in 0..3 {
                for other in 0..3 {
                    matrix[row][other] += runs.len() as f64 * column[row] * column[other];
                }
            }
        }
        let free = [true, true, model == Model::Usl];
        let variance = squares / df;
        let covariance = inverse(&matrix, free)?.map(|row| row.map(|value| value * variance));
        let enough = groups.iter().all(|(_, runs)| runs.len() >= RESAMPLED_FROM);
        let draws = if enough {
            draws(groups, model)
        } else {
            Vec::new()
        };
        Some(Self {
            covariance,
            df,
            draws,
        })
    }

    pub fn method(&self) -> Method {
        match self.draws.len() {
            0 => Method::Delta { df: self.df },
            draws => Method::Resampled { draws },
        }
    }

    /// t(0.975) for these degrees of freedom.
    pub fn t(&self) -> f64 {
        student::quantile(TAIL, self.df)
    }

    /// The variance of a quantity that moves with λ, σ and κ by `gradient`.
    pub fn variance(&self, gradient: [f64; 3]) -> f64 {
        let row = |row: [f64; 3]| (0..3).map(|k| row[k] * gradient[k]).sum::<f64>();
        (0..3)
            .map(|k| gradient[k] * row(self.covariance[k]))
            .sum::<f64>()
            .max(0.0)
    }

    /// The interval of a parameter estimated as `value`, the `at`-th, cut off at its bound 0.
    pub fn parameter(&self, value: f64, at: usize) -> Option<Interval> {
        if self.draws.is_empty() {
            let half = self.t() * self.covariance[at][at].sqrt();
            return Interval::new((value - half).max(0.0), value + half);
        }
        let of = |curve: &Curve| [curve.lambda, curve.sigma, curve.kappa][at];
        self.percentiles(of)
    }

    /// The middle 95 % of a quantity over the draws.
    pub fn percentiles(&self, of: impl Fn(&Curve) -> f64) -> Option<Interval> {
        let mut values: Vec<f64> = self.draws.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        Interval::new(quantile(&values, TAIL)?, quantile(&values, 1.0 - TAIL)?)
    }
}

fn draws(groups: &Groups, model: Model) -> Vec<Curve> {
    let mut random = Random(SEED);
    let mut draw = |(n, runs): &(f64, Vec<f64>)| {
        let size = runs.len() as f64;
        let mean = runs.iter().sum::<f64>() / size;
        let drawn: f64 = (0..runs.len())
            .map(|_| runs[random.below(runs.len())])
            .sum();
        let stretch = (size / (size - 1.0)).sqrt();
        let drawn = mean + (drawn / size - mean) * stretch;
        Point {
            n: *n,
            mean: drawn.max(0.0),
            weight: size,
        }
    };
    let mut fits = Vec::new();
    for _ in 0..DRAWS {
        let points: Vec<Point> = groups.iter().map(&mut draw).collect();
        fits.extend(best(&points, model));
    }
    fits
}
