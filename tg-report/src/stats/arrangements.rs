//! What the two exact tests share: when sums of values are tied, and the tails they count.
//!
//! An arrangement's sum is exact ([`super::exact`]), so an outlier hides nothing. The values themselves were rounded once,
//! when they were written as doubles, and 0.1 + 0.4 must tie with 0.2 + 0.3: sums are tied that differ by no more than this
//! rounding, and by a millionth of what any two values differ by.

use super::exact;

/// The ground on which sums are compared.
pub struct Ground {
    /// What to divide values by before they are summed.
    pub scale: f64,
    /// The difference up to which two sums of divided values are tied.
    tie: f64,
}

impl Ground {
    /// Of all the values that enter a sum.
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

    /// Neither a positive nor a negative difference: 0 as far as the values can tell.
    pub fn is_tie(&self, difference: f64) -> bool {
        difference.abs() <= self.tie
    }
}

/// How many arrangements have a sum not below, and not above, that of the data.
#[derive(Debug, Default)]
pub struct Tails {
    /// Sum at least as large.
    pub not_below: u64,
    /// Sum at most as large.
    pub not_above: u64,
    /// All arrangements.
    pub all: u64,
}

impl Tails {
    /// Count one arrangement whose sum is that of the data plus `difference`.
    pub fn count(&mut self, difference: f64, ground: &Ground) {
        let tie = ground.is_tie(difference);
        self.all += 1;
        self.not_below += u64::from(tie || difference > 0.0);
        self.not_above += u64::from(tie || difference < 0.0);
    }

    /// Two-sided: twice the smaller tail, at most 1.
    pub fn p(&self) -> f64 {
        let smaller = self.not_below.min(self.not_above);
        (2.0 * smaller as f64 / self.all as f64).min(1.0)
    }
}
