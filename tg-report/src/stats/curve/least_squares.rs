//! The curve with the least sum of squared residuals, no parameter below 0.
//!
//! With a = 1/λ, b = σ/λ and c = κ/λ the law is X(N) = N / (a + b(N-1) + cN(N-1)): a denominator linear in parameters that
//! are all bounded at 0. Steps are Levenberg's and Marquardt's, cut off at the bounds; a parameter at its bound moves only
//! if that helps. They start from the linear fits of N/X with each choice of parameters, because wild data have several
//! minima, and the least is taken. Once the sum cannot tell steps apart any more, plain Gauss-Newton steps settle the last
//! digits.

use super::model::{Curve, Model};
use crate::stats::linear::{Matrix, solve};

/// The runs of one number of agents.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Agents.
    pub n: f64,
    /// Mean throughput.
    pub mean: f64,
    /// Runs.
    pub weight: f64,
}

/// a, b and c.
type Parameters = [f64; 3];

/// The best curve; `None` where throughput falls so fast that λ has no end.
pub fn best(points: &[Point], model: Model) -> Option<Curve> {
    let bit = |of: u8, at: u8| of & (1 << at) != 0;
    let choices = (1..8).map(|of| [bit(of, 0), bit(of, 1), bit(of, 2)]);
    let choices = choices.filter(|free| model == Model::Usl || !free[2]);
    let starts = choices.filter_map(|free| linear(points, free));
    least(points, model, starts)
}

/// The best curve that is reached from `near` or from the linear fit: for runs drawn again, a tenth of the work.
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
    let (_, [a, b, c]) = found.min_by(|one, other| one.0.total_cmp(&other.0))?;
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

/// Infinite where the law has a pole at a point.
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

/// The normal equations of one step: `JᵀWJ` and `JᵀWr`, J the slopes, W the weights and r the residuals.
fn equations(points: &[Point], parameters: &Parameters) -> (Matrix, Parameters) {
    let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for point in points {
        let denominator = denominator(parameters, point.n);
        let slope = -point.n / (denominator * denominator);
        let column = basis(point.n).map(|factor| slope * factor);
        let residual = point.mean - point.n / denominator;
        for row in 0..3 {
            right[row] += point.weight * column[row] * residual;
            for other in 0..3 {
                matrix[row][other] += point.weight * column[row] * column[other];
            }
        }
    }
    (matrix, right)
}

/// From `at` down to where no step within the bounds helps: the sum of squares there, and the parameters.
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

/// Which parameters a step may move: those of the model, but none from its bound to below.
fn moving(model: Model, at: &Parameters, right: Parameters) -> [bool; 3] {
    let free = model.free();
    std::array::from_fn(|k| free[k] && (at[k] > 0.0 || right[k] > 0.0))
}

/// Gauss-Newton steps for as long as they get smaller and stay within the bounds.
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

/// The least squares of N/X in `free` parameters, where those are above 0.
fn linear(points: &[Point], free: [bool; 3]) -> Option<Parameters> {
    let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for point in points {
        // By the delta method a residual of N/X weighs (X²/N)²; a throughput of 0 weighs nothing.
        let weight = point.weight * (point.mean * point.mean / point.n).powi(2);
        let column = basis(point.n);
        for row in 0..3 {
            right[row] += point.weight * column[row] * point.mean.powi(3) / point.n;
            for other in 0..3 {
                matrix[row][other] += weight * column[row] * column[other];
            }
        }
    }
    Some(solve(&matrix, right, free)?.map(|value| value.max(0.0)))
}
