//! Systems of three linear equations or fewer, for fitting a curve of three parameters.

pub type Matrix = [[f64; 3]; 3];

/// Solves `matrix` x = `right` for the unknowns in `free`; the others are 0. `None` if the matrix is singular.
///
/// The matrix is symmetric with a positive diagonal. It is scaled to a unit diagonal first, so that unknowns of very
/// different size do no harm; then Gaussian elimination with pivots.
pub fn solve(matrix: &Matrix, right: [f64; 3], free: [bool; 3]) -> Option<[f64; 3]> {
    let mut rows = [[0.0; 4]; 3];
    let size: [f64; 3] =
        std::array::from_fn(|at| if free[at] { matrix[at][at].sqrt() } else { 1.0 });
    if size.iter().any(|size| !size.is_normal()) {
        return None;
    }
    for row in 0..3 {
        for column in 0..3 {
            let both = free[row] && free[column];
            let own = f64::from(u8::from(row == column));
            let value = matrix[row][column] / size[row] / size[column];
            rows[row][column] = if both { value } else { own };
        }
        rows[row][3] = if free[row] {
            right[row] / size[row]
        } else {
            0.0
        };
    }
    let solved = eliminate(rows)?;
    Some(std::array::from_fn(|at| solved[at] / size[at]))
}

/// Adds `weight` times the outer product of `column` with itself.
pub fn add_outer(matrix: &mut Matrix, weight: f64, column: [f64; 3]) {
    for (values, factor) in matrix.iter_mut().zip(column) {
        for (value, other) in values.iter_mut().zip(column) {
            *value += weight * factor * other;
        }
    }
}

fn eliminate(mut rows: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    for at in 0..3 {
        let largest = (at..3).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
        rows.swap(at, largest);
        let pivot = rows[at];
        if pivot[at].abs() < 1e-14 {
            return None;
        }
        for row in &mut rows[at + 1..] {
            let factor = row[at] / pivot[at];
            for (value, from) in row.iter_mut().zip(pivot) {
                *value -= factor * from;
            }
        }
    }
    let mut solved = [0.0; 3];
    for at in (0..3).rev() {
        let known: f64 = (at + 1..3).map(|k| rows[at][k] * solved[k]).sum();
        solved[at] = (rows[at][3] - known) / rows[at][at];
    }
    Some(solved)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    const MATRIX: Matrix = [[4.0, 2.0, 0.0], [2.0, 5.0, 1e3], [0.0, 1e3, 1e6]];

    #[test]
    fn solves() {
        let x = solve(&MATRIX, [8.0, 3012.0, 3_002_000.0], [true; 3]).unwrap();
        for (found, sought) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - sought).abs() < 1e-9, "{x:?}");
        }
    }

    #[test]
    fn fixed_unknowns_are_zero() {
        let x = solve(&MATRIX, [8.0, 1.0, 2e6], [true, false, true]).unwrap();
        assert_eq!(x, [2.0, 0.0, 2.0]);
        assert_eq!(solve(&[[1.0; 3]; 3], [1.0; 3], [true; 3]), None);
        assert_eq!(solve(&[[0.0; 3]; 3], [1.0; 3], [true; 3]), None);
    }
}
