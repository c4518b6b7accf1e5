//! The curve with the least sum of squared residuals and no parameter below 0.
//!
//! With a = 1/λ, b = σ/λ and c = κ/λ the law is X(N) = N / (a + b(N-1) + cN(N-1)): a denominator linear in parameters
//! that are all bounded at 0. Steps are Levenberg's and Marquardt's, cut off at the bounds; a parameter at its bound
//! moves only if that helps. They start from the linear fits of N/X with each subset of the parameters, because data
//! far from any curve have several minima, and the least one is taken. When the sum of squares can no longer tell steps
//! apart, plain Gauss-Newton steps give the last digits.

use super::model::{Curve, Model};
use crate::stats::linear::{Matrix, add_outer, solve};

/// The runs of one number of agents.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Number of agents.
    pub n: f64,
    /// Mean throughput.
    pub mean: f64,
    /// Number of runs.
    pub weight: f64,
}

/// a, b and c.
type Parameters = [f64; 3];

/// The best curve; `None` if throughput falls so fast that no finite λ is best.
pub fn best(points: &[Point], model: Model) -> Option<Curve> {
    let subsets = (1..8_u8).map(|bits| [1, 2, 4].map(|bit| bits & bit != 0));
    let allowed = subsets.filter(|free| model == Model::Usl || !free[2]);
    let starts = allowed.filter_map(|free| linear(points, free));
    least(points, model, starts)
}

/// The best curve reached from `near` or from the linear fit: a tenth of the work, for runs drawn again.
pub fn best_near(points: &[Point], model: Model, near: &Curve) -> Option<Curve> {
    let near = [1.0, near.sigma, near.kappa].map(|value| value / near.lambda);
    let all = linear(points, model.free());
    least(points, model, [near].into_iter().chain(all))
}

fn least(
    points: &[Point],
    model: Model,
    starts: impl Iterator<Item = Parameters>,
) -> Option<Curve> {
    let found = starts.filter_map(|start| descend(points, model, start));
    let (_, [a, b, c]) = found.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let curve = Curve {
        lambda: 1.0 / a,
        sigma: b / a,
        kappa: c / a,
    };
    let all = [curve.lambda, curve.sigma, curve.kappa];
    all.iter().all(|value| value.is_finite()).then_some(curve)
}

/// The factors of a, b and c in the denominator.
fn basis(n: f64) -> Parameters {
    [1.0, n - 1.0, n * (n - 1.0)]
}

fn denominator(parameters: &Parameters, n: f64) -> f64 {
    let [a, b, c] = basis(n);
    a * parameters[0] + b * parameters[1] + c * parameters[2]
}

/// The sum of squared residuals; infinite if the law has a pole at a point.
fn squares(points: &[Point], parameters: &Parameters) -> f64 {
    let square = |point: &Point| {
        let denominator = denominator(parameters, point.n);
        if denominator <= 0.0 {
            return f64::INFINITY;
        }
        point.weight * (point.mean - point.n / denominator).powi(2)
    };
    points.iter().map(square).sum()
}

/// The normal equations of one step: `JᵀWJ` and `JᵀWr`, J the derivatives, W the weights and r the residuals.
fn equations(points: &[Point], parameters: &Parameters) -> (Matrix, Parameters) {
    let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for point in points {
        let denominator = denominator(parameters, point.n);
        let slope = -point.n / (denominator * denominator);
        let column = basis(point.n).map(|factor| slope * factor);
        let residual = point.mean - point.n / denominator;
        add_outer(&mut matrix, point.weight, column);
        for (sum, factor) in right.iter_mut().zip(column) {
            *sum += point.weight * factor * residual;
        }
    }
    (matrix, right)
}

/// Descends from `at` until no step within the bounds helps; returns the sum of squares and the parameters there.
fn descend(points: &[Point], model: Model, mut at: Parameters) -> Option<(f64, Parameters)> {
    let mut least = squares(points, &at);
    if least.is_infinite() {
        return None;
    }
    let mut damping = 1e-3;
    for _ in 0..500 {
        let (mut matrix, right) = equations(points, &at);
        let free = moving(model, &at, right);
        for (row, values) in matrix.iter_mut().enumerate() {
            values[row] *= 1.0 + damping;
        }
        let step = solve(&matrix, right, free)?;
        let next = std::array::from_fn(|k| (at[k] + step[k]).max(0.0));
        let squares = squares(points, &next);
        if squares < least {
            (at, least) = (next, squares);
            damping = (damping / 10.0).max(1e-15);
        } else {
            damping *= 10.0;
        }
        if damping > 1e8 {
            break;
        }
    }
    let at = settle(points, model, at);
    Some((squares(points, &at), at))
}

/// True for each parameter that a step may move: those of the model, but none from its bound to below.
fn moving(model: Model, at: &Parameters, right: Parameters) -> [bool; 3] {
    let free = model.free();
    std::array::from_fn(|k| free[k] && (at[k] > 0.0 || right[k] > 0.0))
}

/// Takes Gauss-Newton steps as long as they get smaller and stay within the bounds.
fn settle(points: &[Point], model: Model, mut at: Parameters) -> Parameters {
    let mut last = f64::INFINITY;
    for _ in 0..200 {
        let (matrix, right) = equations(points, &at);
        let Some(step) = solve(&matrix, right, moving(model, &at, right)) else {
            break;
        };
        let next: Parameters = std::array::from_fn(|k| at[k] + step[k]);
        let size: f64 = (0..3).map(|k| step[k].abs() * matrix[k][k].sqrt()).sum();
        let is_outside =
            next.iter().any(|value| *value < 0.0) || squares(points, &next).is_infinite();
        if is_outside || size.is_nan() || size >= last {
            break;
        }
        (at, last) = (next, size);
    }
    at
}

/// The least-squares fit of N/X in the `free` parameters, negative ones set to 0.
fn linear(points: &[Point], free: [bool; 3]) -> Option<Parameters> {
    let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for point in points {
        // By the delta method a residual of N/X weighs (X²/N)²; a throughput of 0 weighs nothing.
        let weight = point.weight * (point.mean * point.mean / point.n).powi(2);
        let column = basis(point.n);
        add_outer(&mut matrix, weight, column);
        for (sum, factor) in right.iter_mut().zip(column) {
            *sum += point.weight * factor * point.mean.powi(3) / point.n;
        }
    }
    Some(solve(&matrix, right, free)?.map(|value| value.max(0.0)))
}
