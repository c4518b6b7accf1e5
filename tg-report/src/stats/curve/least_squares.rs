//! The curve with the least sum of squared residuals, no parameter below 0.
//!
//! With a = 1/λ, b = σ/λ and c = κ/λ the law is X(N) = N / (a + b(N-1) + cN(N-1)): a denominator linear in parameters that
//! are all bounded at 0. The least sum of squares lies inside, or on a face where some parameters are 0; so each choice of
//! free parameters is fitted without bounds (Levenberg and Marquardt, from the linear fit of N/X), and the best that
//! respects them is taken. Once the sum cannot tell steps apart any more, plain Gauss-Newton steps settle the last digits.

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

/// The factors of a, b and c in the denominator.
fn basis(n: f64) -> [f64; 3] {
    [1.0, n - 1.0, n * (n - 1.0)]
}

/// The best curve, and whether σ and κ are at their bound; `None` where throughput falls so fast that λ has no end, and
/// where there is none at all.
pub fn best(points: &[Point], model: Model) -> Option<Curve> {
    let largest = points
        .iter()
        .fold(0.0, |most: f64, point| most.max(point.mean));
    let unit = |point: &Point| Point {
        mean: point.mean / largest,
        ..*point
    };
    let points: Vec<Point> = points.iter().map(unit).collect();
    let mut best: Option<(f64, [f64; 3])> = None;
    for free in faces(model) {
        let found = descend(&points, free).filter(|found| found.iter().all(|value| *value >= 0.0));
        let Some(found) = found else { continue };
        let squares = squares(&points, &found);
        if best.is_none_or(|(least, _)| squares < least) {
            best = Some((squares, found));
        }
        if free == faces(model)[0] {
            break; // inside the bounds: no face is better
        }
    }
    let (_, [a, b, c]) = best?;
    let curve = Curve {
        lambda: largest / a,
        sigma: b / a,
        kappa: c / a,
    };
    (a > 0.0 && curve.lambda.is_finite() && curve.sigma.is_finite() && curve.kappa.is_finite())
        .then_some(curve)
}

/// Which of a, b and c are free: all of the model's first, then every choice of fewer.
fn faces(model: Model) -> Vec<[bool; 3]> {
    let bit = |of: u8, at: u8| of & (1 << at) != 0;
    let choices = (1..8).rev().map(|of| [bit(of, 0), bit(of, 1), bit(of, 2)]);
    choices
        .filter(|free| model == Model::Usl || !free[2])
        .collect()
}

fn denominator(parameters: &[f64; 3], n: f64) -> f64 {
    let [a, b, c] = basis(n);
    a * parameters[0] + b * parameters[1] + c * parameters[2]
}

/// Infinite where the law has a pole at a point.
fn squares(points: &[Point], parameters: &[f64; 3]) -> f64 {
    let square = |point: &Point| {
        let denominator = denominator(parameters, point.n);
        if denominator <= 0.0 {
            return f64::INFINITY;
        }
        point.weight * (point.mean - point.n / denominator).powi(2)
    };
    points.iter().map(square).sum()
}

/// The normal equations of one step: `JᵀWJ` and `JᵀWr`, J the slopes and W the weights.
fn equations(points: &[Point], parameters: &[f64; 3]) -> (Matrix, [f64; 3]) {
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

/// Where the sum of squares is least with `free` parameters and the others 0, bounds or no bounds.
fn descend(points: &[Point], free: [bool; 3]) -> Option<[f64; 3]> {
    let mut at = start(points, free)?;
    let mut least = squares(points, &at);
    let mut damping = 1e-3;
    for _ in 0..500 {
        let (mut matrix, right) = equations(points, &at);
        for (row, values) in matrix.iter_mut().enumerate() {
            values[row] *= 1.0 + damping;
        }
        let step = solve(&matrix, right, free)?;
        let next: [f64; 3] = std::array::from_fn(|k| at[k] + step[k]);
        let squares = squares(points, &next);
        if squares < least {
            (at, least) = (next, squares);
            damping = (damping / 10.0).max(1e-15);
        } else {
            damping *= 10.0;
        }
        if damping > 1e12 {
            break;
        }
    }
    settle(points, at, free)
}

/// Gauss-Newton steps for as long as they get smaller.
fn settle(points: &[Point], mut at: [f64; 3], free: [bool; 3]) -> Option<[f64; 3]> {
    let mut last = f64::INFINITY;
    for _ in 0..200 {
        let (matrix, right) = equations(points, &at);
        let step = solve(&matrix, right, free)?;
        let next: [f64; 3] = std::array::from_fn(|k| at[k] + step[k]);
        let size = (0..3)
            .map(|k| step[k].abs() * matrix[k][k].sqrt())
            .sum::<f64>();
        if size >= last || size.is_nan() || squares(points, &next).is_infinite() {
            break;
        }
        (at, last) = (next, size);
    }
    Some(at)
}

/// The linear fit of N/X where it is a curve at all, else a straight line of the first free parameter.
fn start(points: &[Point], free: [bool; 3]) -> Option<[f64; 3]> {
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
    let linear = solve(&matrix, right, free);
    let mut line = [0.0; 3];
    let first = free.iter().position(|free| *free)?;
    line[first] = 1.0;
    let candidates = [linear.unwrap_or(line), line];
    candidates
        .into_iter()
        .find(|start| squares(points, start).is_finite())
}
