//! Quantiles of a sample.

/// The value below which the share `at` (0 to 1) of `sorted` lies, linear between neighbours: definition 7 of Hyndman
/// and Fan, "Sample quantiles in statistical packages" (1996), that of R, numpy and spreadsheets. `None` of no values.
pub fn quantile(sorted: &[f64], at: f64) -> Option<f64> {
    let place = at.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let below = place.floor();
    let low = sorted[below as usize];
    let high = sorted[place.ceil() as usize];
    let share = place - below;
    Some(low * (1.0 - share) + high * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        let at = |share| quantile(&sorted, share).unwrap();
        assert_eq!((at(0.0), at(0.5), at(1.0)), (1.0, 4.0, 16.0));
        assert_eq!((at(0.125), at(0.875)), (1.5, 12.0));
        assert_eq!(quantile(&[3.0], 0.7), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
