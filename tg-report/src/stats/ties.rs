//! Tied sums, and the tails of the two exact tests (`permutation.rs` and `sign_flip.rs`).
//!
//! The sum of an arrangement is exact ([`super::exact`]), so an outlier hides nothing. The values themselves were
//! rounded once, when they were written as doubles, and 0.1 + 0.4 must tie with 0.2 + 0.3: two sums are tied if they
//! differ by no more than this rounding, and by no more than a millionth of the smallest difference of two values.

use super::exact;

/// The rule by which two sums are equal.
pub struct TieRule {
    /// The divisor of the values before they are summed.
    pub scale: f64,
    /// The largest difference of two sums of divided values that are tied.
    tie: f64,
}

impl TieRule {
    /// Derives the rule from all values that enter a sum.
    pub fn new(values: impl Iterator<Item = f64> + Clone) -> Self {
        let scale = exact::scale(values.clone());
        let mut sorted: Vec<f64> = values.map(|value| value / scale).collect();
        sorted.sort_by(f64::total_cmp);
        let largest = sorted
            .iter()
            .fold(0.0, |most: f64, value| most.max(value.abs()));
        let rounding = sorted.len() as f64 * f64::EPSILON * largest;
        let gaps = sorted.windows(2).map(|two| two[1] - two[0]);
        let least = gaps.filter(|gap| *gap > 0.0).fold(f64::INFINITY, f64::min);
        Self {
            scale,
            tie: rounding.min(least * 1e-6),
        }
    }

    /// True if the difference is 0 within the rounding of the values.
    pub fn is_tie(&self, difference: f64) -> bool {
        difference.abs() <= self.tie
    }
}

/// Counts of the arrangements whose sum is not below, and not above, that of the data.
#[derive(Debug, Default)]
pub struct Tails {
    pub not_below: u64,
    pub not_above: u64,
    pub all: u64,
}

impl Tails {
    /// Counts one arrangement whose sum is that of the data plus `difference`.
    pub fn count(&mut self, difference: f64, rule: &TieRule) {
        let tie = rule.is_tie(difference);
        self.all += 1;
        self.not_below += u64::from(tie || difference > 0.0);
        self.not_above += u64::from(tie || difference < 0.0);
    }

    /// The two-sided p: twice the smaller tail, at most 1.
    pub fn p(&self) -> f64 {
        let smaller = self.not_below.min(self.not_above);
        (2.0 * smaller as f64 / self.all as f64).min(1.0)
    }
}
