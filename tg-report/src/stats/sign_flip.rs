//! The exact test of paired runs: one difference for each seed that both arms ran with.
//!
//! Fisher, "The Design of Experiments" (1935), section 21: if the arm changes nothing, each difference might as well
//! have had the other sign, so the sum of the differences is one of 2^n. The effect of a seed on both of its runs
//! cancels. The price is the floor 2 / 2^n: below six pairs no data can reach 0.05.

use super::exact::Sum;
use super::ties::{Tails, TieRule};

/// The largest number of pairs whose 2^n sums are computed one by one; up to twice as many, the sums of two halves are
/// matched.
const MOST: usize = 15;

/// The paired test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// Pairs.
    pub pairs: usize,
    /// Two-sided: twice the smaller tail, at most 1.
    pub p: f64,
    /// The least p that so many pairs can give: 2 / 2^pairs.
    pub floor: f64,
}

/// Tests pairs of (baseline, arm); `None` for no pairs, and for more than 30.
pub fn sign_flip(pairs: &[(f64, f64)]) -> Option<SignFlip> {
    let n = pairs.len();
    if n == 0 || n > 2 * MOST {
        return None;
    }
    let rule = TieRule::new(pairs.iter().flat_map(|(baseline, arm)| [*baseline, *arm]));
    let mut pairs = pairs.to_vec();
    for (baseline, arm) in &mut pairs {
        *baseline /= rule.scale;
        *arm /= rule.scale;
    }
    let tails = if n <= MOST {
        let mut tails = Tails::default();
        flips(&pairs, &mut |sum| tails.count(-sum, &rule));
        tails
    } else {
        matched(&pairs, &rule)
    };
    Some(SignFlip {
        pairs: n,
        p: tails.p(),
        floor: floor(n),
    })
}

/// The least number of pairs with which the test can reach `alpha` at all.
pub fn pairs_needed(alpha: f64) -> usize {
    (1..1000).find(|n| floor(*n) <= alpha).unwrap_or(1000)
}

fn floor(pairs: usize) -> f64 {
    2f64.powi(1 - pairs as i32)
}

/// Passes to `visit` the sum of each subset of the differences; flipping their signs lowers the sum of all by twice
/// that.
fn flips(pairs: &[(f64, f64)], visit: &mut impl FnMut(f64)) {
    let mut sums: Vec<Sum> = (0..=pairs.len()).map(|_| Sum::default()).collect();
    extend(pairs, &mut sums, visit);
}

fn extend(pairs: &[(f64, f64)], sums: &mut [Sum], visit: &mut impl FnMut(f64)) {
    let Some((sum, further)) = sums.split_first_mut() else {
        return;
    };
    visit(sum.value());
    for (at, (baseline, arm)) in pairs.iter().enumerate() {
        further[0].set(sum);
        further[0].add(*arm);
        further[0].add(-baseline);
        extend(&pairs[at + 1..], further, visit);
    }
}

/// The tails from two lists of sums, one of each half of the pairs; each sum is rounded once.
fn matched(pairs: &[(f64, f64)], rule: &TieRule) -> Tails {
    let (left, right) = pairs.split_at(pairs.len() / 2);
    let sums = |half| {
        let mut sums = Vec::new();
        flips(half, &mut |sum| sums.push(sum));
        sums.sort_by(f64::total_cmp);
        sums
    };
    let (left, right) = (sums(left), sums(right));
    let all = left.len() as u64 * right.len() as u64;
    let below = count(&left, &right, |sum| sum < 0.0 && !rule.is_tie(sum));
    let not_above = count(&left, &right, |sum| sum <= 0.0 || rule.is_tie(sum));
    Tails {
        not_below: not_above,
        not_above: all - below,
        all,
    }
}

/// The number of sums of one value from each sorted list that fit; `fits` is true for all sums up to some limit.
fn count(left: &[f64], right: &[f64], fits: impl Fn(f64) -> bool) -> u64 {
    let mut end = right.len();
    let mut fitting = 0;
    for low in left {
        while end > 0 && !fits(low + right[end - 1]) {
            end -= 1;
        }
        fitting += end as u64;
    }
    fitting
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Differences 1 2 4: one of eight sums is as high.
        let t = sign_flip(&[(0.0, 1.0), (1.0, 3.0), (1.0, 5.0)]).unwrap();
        assert_eq!((t.pairs, t.p, t.floor), (3, 0.25, 0.25));
        // -1 2 4: two sums are as high, with nothing flipped and with the -1 alone.
        let t = sign_flip(&[(1.0, 0.0), (1.0, 3.0), (1.0, 5.0)]).unwrap();
        assert_eq!(t.p, 0.5);
        assert_eq!(sign_flip(&[(1.0, 1.0), (2.0, 2.0)]).unwrap().p, 1.0);
        assert_eq!(sign_flip(&[(1.0, 2.0)]).unwrap().p, 1.0);
        assert_eq!(sign_flip(&[]), None);
        assert_eq!(sign_flip(&[(1.0, 2.0); 31]), None);
    }

    #[test]
    fn differences_of_decimals_tie() {
        // 0.3 - 0.2 and 0.2 - 0.1 are not the same double.
        let t = sign_flip(&[(0.2, 0.3), (0.2, 0.1), (0.5, 0.9)]).unwrap();
        let whole = sign_flip(&[(2.0, 3.0), (2.0, 1.0), (5.0, 9.0)]).unwrap();
        assert_eq!(t.p, whole.p);
    }

    #[test]
    fn halves_give_the_same_count() {
        let pair = |k: u32| (f64::from(k % 7), f64::from(k * k % 11) + 1.0);
        let pairs: Vec<(f64, f64)> = (0..14).map(pair).collect();
        let rule = TieRule::new(pairs.iter().flat_map(|(a, b)| [*a, *b]));
        let scaled: Vec<(f64, f64)> = pairs
            .iter()
            .map(|(a, b)| (a / rule.scale, b / rule.scale))
            .collect();
        let whole = sign_flip(&pairs).unwrap();
        assert_eq!(matched(&scaled, &rule).p(), whole.p);
        assert!(whole.p > whole.floor && whole.p < 1.0);
    }

    #[test]
    fn pairs_that_alpha_needs() {
        assert_eq!(
            (pairs_needed(0.05), pairs_needed(0.0125), pairs_needed(1.0)),
            (6, 8, 1)
        );
    }
}
