//! Sums without rounding.
//!
//! A sum is stored as doubles that do not overlap and together are the exact value: grow-expansion of Shewchuk,
//! "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997). With it a mean of values
//! near 1e15 keeps its last digits, and two arrangements of the same values have the same sum.
//!
//! Nothing overflows as long as all values are divided by [`scale`] first.

/// The exact sum of the values added so far.
#[derive(Debug, Default)]
pub struct Sum {
    /// Parts of the sum in ascending size; none is 0.
    parts: Vec<f64>,
}

impl Sum {
    pub fn add(&mut self, value: f64) {
        let mut carry = value;
        let mut kept = 0;
        for at in 0..self.parts.len() {
            let (sum, error) = two_sum(carry, self.parts[at]);
            carry = sum;
            if error != 0.0 {
                self.parts[kept] = error;
                kept += 1;
            }
        }
        self.parts.truncate(kept);
        if carry != 0.0 {
            self.parts.push(carry);
        }
    }

    /// Adds `factor` times `value` without rounding.
    pub fn add_product(&mut self, factor: f64, value: f64) {
        let product = factor * value;
        self.add(product);
        self.add(factor.mul_add(value, -product));
    }

    /// Copies `other` into this sum and reuses its allocation.
    pub fn set(&mut self, other: &Self) {
        self.parts.clear();
        self.parts.extend_from_slice(&other.parts);
    }

    /// The sum as a double, right to a unit in the last place; its sign is that of the exact sum.
    pub fn value(&self) -> f64 {
        self.parts.iter().fold(0.0, |sum, part| sum + part)
    }
}

/// a + b as a double, and its rounding error (Knuth; exact in round-to-nearest).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// The exact sum, as a double.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = Sum::default();
    for value in values {
        sum.add(value);
    }
    sum.value()
}

/// A power of two within a factor of 2 of the largest absolute value; dividing by it loses no significant digit.
pub fn scale(values: impl IntoIterator<Item = f64>) -> f64 {
    let largest = values
        .into_iter()
        .fold(0.0, |most: f64, value| most.max(value.abs()));
    2f64.powi(largest.log2().floor().clamp(-1022.0, 1023.0) as i32)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn sums_that_doubles_lose() {
        assert_eq!(sum([1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum([1e16, 1.0, 1.0, -1e16]), 2.0);
        assert_eq!(sum([0.1; 10]), 1.0);
        assert_eq!(sum([]), 0.0);
        assert!(sum([0.1, 0.2, -0.3]) > 0.0, "the doubles, not the decimals");
    }

    #[test]
    fn products_too() {
        let mut sum = Sum::default();
        sum.add_product(3.0, 0.1);
        sum.add_product(-1.0, 0.3);
        assert_eq!(sum.value(), 2f64.powi(-55), "3 fl(0.1) - fl(0.3)");
    }

    #[test]
    fn scales() {
        for value in [0.0, 5e-324, 1e-150, 1.0, 3.0, 1e150, f64::MAX] {
            let scale = scale([value, -value]);
            assert!(value / scale <= 2.0 && scale.is_normal(), "{value} {scale}");
        }
    }
}
