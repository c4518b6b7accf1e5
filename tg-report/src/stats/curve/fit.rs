//! A fitted curve and its intervals.

use super::least_squares::{Point, best};
use super::model::{Curve, Model};
use super::peak::Peak;
use super::uncertainty::{Method, Uncertainty};
use crate::stats::Interval;
use std::collections::BTreeMap;

/// A curve through the throughput of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The law.
    pub model: Model,
    /// The curve with the least sum of squared residuals over runs.
    pub curve: Curve,
    /// λ, throughput of a single agent, in the unit of the data.
    pub lambda: Parameter,
    /// σ, contention.
    pub sigma: Parameter,
    /// κ, coherency; `None` under Amdahl's law, which has none.
    pub kappa: Option<Parameter>,
    /// The best number of agents; `None` under Amdahl's law.
    pub peak: Option<Peak>,
    /// Where the intervals come from.
    pub method: Method,
    /// Runs.
    pub runs: usize,
    /// The smallest number of agents measured.
    pub smallest: f64,
    /// The largest number of agents measured.
    pub largest: f64,
    /// The throughput that `uncertainty` is in units of, so that squares neither overflow nor vanish.
    pub(super) unit: f64,
    uncertainty: Uncertainty,
}

/// A fitted parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// The estimate, not below 0.
    pub value: f64,
    /// Its 95 % interval, cut off at 0; `None` past the largest double.
    pub interval: Option<Interval>,
    /// Whether the data would have it at 0 or below: it sits at its bound.
    pub at_bound: bool,
}

/// Why there is no fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFit {
    /// Fewer distinct numbers of agents than the model has to have.
    TooFew {
        /// How many there are.
        distinct: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Throughput is 0 throughout, or some of it is negative or not finite, or agents are 0.
    NoThroughput,
    /// Throughput falls so steeply that no finite λ is best, or the runs do not determine the parameters.
    NoCurve,
}

/// Fit `model` to (agents, throughput) of single runs, by least squares over runs with no parameter below 0.
pub fn fit(runs: &[(u32, f64)], model: Model) -> Result<Fit, NoFit> {
    let mut groups: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (agents, throughput) in runs {
        groups.entry(*agents).or_default().push(*throughput);
    }
    let (distinct, needed) = (groups.len(), model.least_points());
    if distinct < needed {
        return Err(NoFit::TooFew { distinct, needed });
    }
    let scale = scale(runs).ok_or(NoFit::NoThroughput)?;
    let unit = |(n, mut runs): (u32, Vec<f64>)| {
        runs.sort_by(f64::total_cmp);
        (f64::from(n), runs.iter().map(|x| x / scale).collect())
    };
    let groups: Vec<(f64, Vec<f64>)> = groups.into_iter().map(unit).collect();
    let points: Vec<Point> = groups.iter().map(point).collect();
    let curve = best(&points, model).ok_or(NoFit::NoCurve)?;
    let uncertainty = Uncertainty::new(&groups, model, &curve).ok_or(NoFit::NoCurve)?;
    Ok(Fit::new(model, curve, uncertainty, &points, scale))
}

/// The largest throughput, by which all are divided; `None` where they are no throughputs.
fn scale(runs: &[(u32, f64)]) -> Option<f64> {
    let are = runs
        .iter()
        .all(|(n, x)| *n > 0 && x.is_finite() && *x >= 0.0);
    let largest = runs.iter().fold(0.0, |most: f64, (_, x)| most.max(*x));
    (are && largest > 0.0).then(|| crate::stats::exact::scale([largest]))
}

fn point((n, runs): &(f64, Vec<f64>)) -> Point {
    let weight = runs.len() as f64;
    let mean = crate::stats::exact::sum(runs.iter().copied()) / weight;
    Point {
        n: *n,
        mean,
        weight,
    }
}

impl Fit {
    fn new(
        model: Model,
        curve: Curve,
        uncertainty: Uncertainty,
        points: &[Point],
        unit: f64,
    ) -> Self {
        let parameter = |value: f64, at: usize, unit: f64| Parameter {
            value: value * unit,
            interval: uncertainty
                .parameter(value, at)
                .and_then(|ends| ends.times(unit)),
            at_bound: value <= 0.0,
        };
        let (smallest, largest) = (points[0].n, points[points.len() - 1].n);
        let is_usl = model == Model::Usl;
        Self {
            model,
            lambda: parameter(curve.lambda, 0, unit),
            sigma: parameter(curve.sigma, 1, 1.0),
            kappa: is_usl.then(|| parameter(curve.kappa, 2, 1.0)),
            peak: is_usl.then(|| Peak::new(&curve, &uncertainty, 2.0 * largest)),
            method: uncertainty.method(),
            runs: points.iter().map(|point| point.weight as usize).sum(),
            smallest,
            largest,
            curve: Curve {
                lambda: curve.lambda * unit,
                ..curve
            },
            unit,
            uncertainty,
        }
    }

    /// The number of agents beyond which nothing is said: twice the largest measured.
    pub fn limit(&self) -> f64 {
        2.0 * self.largest
    }

    /// Throughput of `n` agents by the curve; `None` past the limit.
    pub fn at(&self, n: f64) -> Option<f64> {
        (n > 0.0 && n <= self.limit()).then(|| self.curve.at(n))
    }

    /// The 95 % interval of the curve's height at `n` agents (of the mean of runs, not of a single one); `None` past
    /// the limit.
    pub fn band(&self, n: f64) -> Option<Interval> {
        let height = self.at(n)?;
        if !self.uncertainty.draws.is_empty() {
            let band = self.uncertainty.percentiles(|curve| curve.at(n));
            return band.and_then(|ends| ends.times(self.unit));
        }
        let factor = (self.uncertainty.t() * self.log_variance(n).sqrt()).exp();
        Interval::new(height / factor, height * factor)
    }

    /// The variance of ln X(n), linearised.
    pub(super) fn log_variance(&self, n: f64) -> f64 {
        let curve = Curve {
            lambda: self.curve.lambda / self.unit,
            ..self.curve
        };
        self.uncertainty.variance(curve.log_gradient(n))
    }

    pub(super) fn uncertainty(&self) -> &Uncertainty {
        &self.uncertainty
    }
}
