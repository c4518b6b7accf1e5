//! The exact permutation test of the difference of two means.
//!
//! Pitman, "Significance tests which may be applied to samples from any populations" (1937): of all ways to deal the
//! pooled values to the two samples, the share whose difference of means is at least as large. Unlike ranks it uses the
//! size of the differences; its floor is the same 2 / C(n₁+n₂, n₁).

use super::exact::Sum;
use super::rank::arrangements;
use super::ties::{Tails, TieRule};

/// The largest number of arrangements that are computed.
const MOST: f64 = 200_000.0;

/// The exact two-sided p of the mean difference.
///
/// `None` if a sample is empty, or if there are more than 200,000 ways to deal the values (11 against 11).
pub fn permutation(baseline: &[f64], arm: &[f64]) -> Option<f64> {
    let (few, many) = if arm.len() < baseline.len() {
        (arm, baseline)
    } else {
        (baseline, arm)
    };
    if few.is_empty() || arrangements(few.len(), many.len()) > MOST {
        return None;
    }
    let pooled = few.iter().chain(many).copied();
    let rule = TieRule::new(pooled.clone());
    let pooled: Vec<f64> = pooled.map(|value| value / rule.scale).collect();
    // The total is fixed, so the sum of the smaller sample determines the difference of the means.
    let mut sums: Vec<Sum> = (0..=few.len()).map(|_| Sum::default()).collect();
    for value in &pooled[..few.len()] {
        sums[0].add(-value);
    }
    let mut tails = Tails::default();
    draw(&pooled, &mut sums, &mut |sum| tails.count(sum, &rule));
    Some(tails.p())
}

/// Passes to `visit` the first of `sums` plus each choice of as many values as there are further elements in `sums`.
fn draw(values: &[f64], sums: &mut [Sum], visit: &mut impl FnMut(f64)) {
    let Some((sum, further)) = sums.split_first_mut() else {
        return;
    };
    if further.is_empty() {
        return visit(sum.value());
    }
    for at in 0..=values.len() - further.len() {
        further[0].set(sum);
        further[0].add(values[at]);
        draw(&values[at + 1..], further, visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(permutation(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), Some(0.1));
        // Sums of two of 1 2 4 9: 3 5 10 6 11 13; 10 and above are three of six.
        assert_eq!(permutation(&[2.0, 4.0], &[1.0, 9.0]), Some(1.0));
        assert_eq!(permutation(&[1.0, 2.0], &[4.0, 9.0]), Some(2.0 / 6.0));
        assert_eq!(permutation(&[5.0; 3], &[5.0; 4]), Some(1.0));
        assert_eq!(permutation(&[], &[5.0]), None);
        assert_eq!(permutation(&[1.0; 11], &[2.0; 11]), None);
    }

    #[test]
    fn decimals_tie_and_outliers_hide_nothing() {
        // 0.1 + 0.4 = 0.2 + 0.3 in decimals but not in doubles: each tail has the two ties and two more.
        assert_eq!(permutation(&[0.1, 0.4], &[0.2, 0.3]), Some(1.0));
        let scaled =
            |by: f64| permutation(&[by, 5.0 * by, 6.0 * by], &[2.0 * by, 3.0 * by, 9.0 * by]);
        assert_eq!(scaled(1e150), scaled(1.0));
        assert_eq!(scaled(0.1), scaled(1.0));
        assert_eq!(permutation(&[1.0, 2.0, 3.0], &[4.0, 5.0, 1e200]), Some(0.1));
        let offset = [1e15 + 1.0, 1e15 + 2.0, 1e15 + 3.0];
        assert_eq!(
            permutation(&offset, &[1e15 + 4.0, 1e15 + 5.0, 1e15 + 6.0]),
            Some(0.1)
        );
    }

    #[test]
    fn a_single_value_against_many() {
        let many: Vec<f64> = (0..199_999).map(f64::from).collect();
        let p = permutation(&many, &[1e9]).unwrap();
        assert!((p - 1e-5).abs() < 1e-20, "{p}");
    }
}
