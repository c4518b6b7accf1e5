//! The rank test of Mann and Whitney (Wilcoxon), and the least p that ranks can give.
//!
//! Up to [`EXACT`] pooled values, p is exact and conditional on the ties: among all ways to deal the pooled mid-ranks
//! to the two samples, the share whose rank sum is at least as extreme. Ranks are doubled so that mid-ranks are whole,
//! and the ways are counted by rank sum in a table (Streitberg and Röhmel, "Exact distributions for permutation and
//! rank tests", 1986). Above that, the normal approximation with tie and continuity correction (Hollander and Wolfe,
//! "Nonparametric Statistical Methods", section 4.1), which with a single value in one sample or with many ties can
//! fall below the least exact p; it is raised to that floor.

use super::normal::upper_tail;

/// The largest number of values with an exact p.
const EXACT: usize = 50;

/// The rank test of an arm against the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rank {
    /// Mann-Whitney's U of the arm: pairs of runs in which the arm's value is the greater; a tie counts one half.
    pub u: f64,
    /// Two-sided: twice the smaller tail, at most 1.
    pub p: f64,
    /// The least p that so many values can give.
    pub floor: f64,
    /// True if p is exact, false if it is the normal approximation.
    pub exact: bool,
}

/// Tests an arm against the baseline; `None` if a sample is empty.
pub fn rank(baseline: &[f64], arm: &[f64]) -> Option<Rank> {
    if baseline.is_empty() || arm.is_empty() {
        return None;
    }
    let ranks = Ranks::new(baseline, arm);
    let floor = smallest_rank_p(baseline.len(), arm.len());
    let exact = baseline.len() + arm.len() <= EXACT;
    let p = if exact { ranks.exact() } else { ranks.normal() };
    Some(Rank {
        u: ranks.doubled_u() as f64 / 2.0,
        p: p.max(floor),
        floor,
        exact,
    })
}

/// The share of pairs of runs in which the arm's value is the greater minus the share with the baseline's; exact.
pub(super) fn dominance(baseline: &[f64], arm: &[f64]) -> Option<f64> {
    let pairs = (baseline.len() * arm.len()) as f64;
    let u = Ranks::new(baseline, arm).doubled_u() as f64;
    (pairs > 0.0).then(|| (u - pairs) / pairs)
}

/// The pooled values' ranks, all doubled.
struct Ranks {
    baseline: Vec<usize>,
    arm: Vec<usize>,
    /// Sum of t³ - t over groups of t tied values.
    ties: f64,
}

impl Ranks {
    fn new(baseline: &[f64], arm: &[f64]) -> Self {
        let baseline = baseline.iter().map(|value| (*value, false));
        let arm = arm.iter().map(|value| (*value, true));
        let mut pooled: Vec<(f64, bool)> = baseline.chain(arm).collect();
        pooled.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut ranks = Self {
            baseline: Vec::new(),
            arm: Vec::new(),
            ties: 0.0,
        };
        let mut before = 0;
        #[expect(clippy::float_cmp, reason = "ties are equal values, and 0 equals -0")]
        for group in pooled.chunk_by(|a, b| a.0 == b.0) {
            // Ranks before+1 to before+t have the mean before + (t+1)/2.
            let doubled = 2 * before + group.len() + 1;
            let of_arm = group.iter().filter(|value| value.1).count();
            ranks.arm.extend(vec![doubled; of_arm]);
            ranks.baseline.extend(vec![doubled; group.len() - of_arm]);
            before += group.len();
            ranks.ties += (group.len() as f64).powi(3) - group.len() as f64;
        }
        ranks
    }

    fn doubled_u(&self) -> usize {
        self.arm.iter().sum::<usize>() - self.arm.len() * (self.arm.len() + 1)
    }

    /// The exact p: the rank sum of the smaller sample among those of all samples of its size.
    fn exact(&self) -> f64 {
        let all = [self.baseline.as_slice(), &self.arm].concat();
        let drawn = if self.arm.len() < self.baseline.len() {
            &self.arm
        } else {
            &self.baseline
        };
        let seen: usize = drawn.iter().sum();
        let ways = ways(&all, drawn.len(), seen);
        let total = arrangements(self.baseline.len(), self.arm.len());
        let not_above: f64 = ways.iter().sum();
        let not_below = total - (not_above - ways[seen]);
        (2.0 * not_above.min(not_below) / total).min(1.0)
    }

    /// The p of the normal approximation.
    fn normal(&self) -> f64 {
        let (n, m) = (self.baseline.len() as f64, self.arm.len() as f64);
        let all = n + m;
        let variance = n * m / 12.0 * (all + 1.0 - self.ties / (all * (all - 1.0)));
        let off = (self.doubled_u() as f64 - n * m).abs() / 2.0;
        if variance <= 0.0 {
            return 1.0;
        }
        (2.0 * upper_tail((off - 0.5) / variance.sqrt())).min(1.0)
    }
}

/// The number of ways to draw `size` of `ranks` with each sum from 0 to `most`; whole numbers below 2^53.
fn ways(ranks: &[usize], size: usize, most: usize) -> Vec<f64> {
    let mut table = vec![vec![0.0; most + 1]; size + 1];
    table[0][0] = 1.0;
    for &rank in ranks {
        for drawn in (1..=size).rev() {
            let (fewer, more) = table.split_at_mut(drawn);
            let from = fewer[drawn - 1].iter();
            for (way, from) in more[0].iter_mut().skip(rank).zip(from) {
                *way += from;
            }
        }
    }
    table.swap_remove(size)
}

/// C(a+b, a): exact up to 2^53, infinite past the largest double.
pub(super) fn arrangements(a: usize, b: usize) -> f64 {
    let step = |sum: f64, k: usize| sum * (a + b + 1 - k) as f64 / k as f64;
    (1..=a.min(b)).fold(1.0, step)
}

/// The smallest two-sided p that an exact rank test of `a` against `b` values can give: 2 / C(a+b, a), at most 1; never
/// 0.
fn smallest_rank_p(a: usize, b: usize) -> f64 {
    (2.0 / arrangements(a, b)).clamp(f64::MIN_POSITIVE, 1.0)
}

/// The number of values that each of two samples needs for an exact rank test to reach `alpha` at all.
pub fn values_needed(alpha: f64) -> usize {
    (1..500)
        .find(|n| smallest_rank_p(*n, *n) <= alpha)
        .unwrap_or(500)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs()
    }

    #[test]
    fn by_hand() {
        let r = rank(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
        assert_eq!((r.u, r.exact), (9.0, true));
        assert_eq!((r.p, r.floor), (2.0 / 20.0, 2.0 / 20.0));
        // Ranks 1, 2.5, 2.5, 4: of six ways to draw two, two have a sum of at most 1 + 2.5.
        let r = rank(&[1.0, 2.0], &[2.0, 3.0]).unwrap();
        assert_eq!((r.u, r.p), (3.5, 4.0 / 6.0));
    }

    #[test]
    fn ties_throughout() {
        let r = rank(&[2.0; 3], &[2.0; 3]).unwrap();
        assert_eq!((r.u, r.p), (4.5, 1.0));
        let r = rank(&[2.0; 3], &[3.0; 3]).unwrap();
        assert_eq!((r.p, r.p), (0.1, r.floor));
        assert_eq!(rank(&[0.0], &[-0.0, -0.0]).unwrap().u, 1.0);
        assert_eq!(rank(&[2.0; 30], &[2.0; 30]).unwrap().p, 1.0);
    }

    #[test]
    fn never_below_the_floor() {
        let mut many = [1.0; 50];
        let r = rank(&many, &[2.0]).unwrap();
        assert_eq!((r.p, r.exact), (2.0 / 51.0, false));
        many[0] = 2.0;
        assert!(rank(&many, &[2.0]).unwrap().p >= 2.0 / 51.0);
        let (low, high): (Vec<f64>, Vec<f64>) = (0..4000)
            .map(|k| (f64::from(k), f64::from(k) + 1e9))
            .unzip();
        let r = rank(&low, &high).unwrap();
        assert!(r.p > 0.0 && r.p < 1e-300, "{r:?}");
    }

    #[test]
    fn floors() {
        assert!(close(smallest_rank_p(3, 3), 0.1));
        assert!(close(smallest_rank_p(4, 4), 2.0 / 70.0));
        assert!(close(smallest_rank_p(2, 3), 0.2));
        assert!(close(smallest_rank_p(1, 1), 1.0));
        assert!(close(smallest_rank_p(0, 5), 1.0));
        assert!(smallest_rank_p(5000, 5000) < 1e-299);
        assert_eq!((values_needed(0.05), values_needed(0.05 / 4.0)), (4, 5));
    }
}
