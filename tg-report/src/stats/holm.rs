//! Holm's correction for several comparisons.

/// The adjusted p of each comparison, in the same order; what is undefined leaves the family and stays undefined.
///
/// With the m defined p in ascending order, the k-th becomes the greatest of (m-j+1) times the j-th over j <= k, at most 1: Holm, "A
/// simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979). The chance of
/// any false positive in the family stays at most alpha, whatever the comparisons have in common (a baseline, say).
pub fn holm(family: &[Option<f64>]) -> Vec<Option<f64>> {
    let defined = family.iter().enumerate();
    let mut order: Vec<(usize, f64)> = defined.filter_map(|(at, p)| Some((at, (*p)?))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut adjusted = vec![None; family.len()];
    let mut least: f64 = 0.0;
    for (rank, (at, p)) in order.iter().enumerate() {
        least = least.max((order.len() - rank) as f64 * p).min(1.0);
        adjusted[*at] = Some(least);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let family = [Some(0.0625), None, Some(0.015_625), Some(0.031_25)];
        // 3/64, 2/32, and 1/16 again: never below the one before.
        let adjusted = [Some(0.0625), None, Some(0.046_875), Some(0.0625)];
        assert_eq!(holm(&family), adjusted);
        assert_eq!(holm(&[Some(0.75), Some(0.5)]), [Some(1.0), Some(1.0)]);
        assert_eq!(holm(&[Some(0.25)]), [Some(0.25)]);
        assert_eq!(holm(&[None]), [None]);
    }
}
