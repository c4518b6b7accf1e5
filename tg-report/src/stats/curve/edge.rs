//! Where something that holds stops to hold.

/// Steps, each a constant factor, in which the edge is looked for.
const STEPS: u32 = 64;

/// On the way from `from`, where `holds`, to `to`: the last place where it still does; `None` if it never stops. Both are
/// positive.
pub fn edge(from: f64, to: f64, holds: impl Fn(f64) -> bool) -> Option<f64> {
    let place = |share: f64| from * (to / from).powf(share);
    let mut steps = (1..=STEPS).map(|step| f64::from(step) / f64::from(STEPS));
    let mut outside = steps.find(|share| !holds(place(*share)))?;
    let mut inside = outside - 1.0 / f64::from(STEPS);
    for _ in 0..50 {
        let middle = f64::midpoint(inside, outside);
        if holds(place(middle)) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    Some(place(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let close = |found: Option<f64>, sought: f64| (found.unwrap() - sought).abs() < 1e-12;
        assert!(close(edge(2.0, 32.0, |n| n < 5.0), 5.0));
        assert!(close(edge(8.0, 1.0, |n| n > 3.0), 3.0));
        assert_eq!(edge(2.0, 32.0, |_| true), None);
    }
}
