//! Root finding: the zero of a falling function, and the place where a condition stops to hold.

/// The zero of `excess` between `low`, where it is not negative, and `high`, where it is not positive.
///
/// Ridders' method ("A new algorithm for computing a single root of a real continuous function", IEEE Transactions on
/// Circuits and Systems 26, 1979): it never leaves its bracket, and doubles its digits with each step.
pub fn root(mut low: f64, mut high: f64, excess: impl Fn(f64) -> f64) -> f64 {
    let (mut at_low, mut at_high) = (excess(low), excess(high));
    let mut last = high;
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        let at_middle = excess(middle);
        let divisor = (at_middle * at_middle - at_low * at_high).sqrt();
        let next = middle + (middle - low) * at_middle / divisor;
        if divisor == 0.0 || (next - last).abs() <= f64::EPSILON * next {
            break;
        }
        last = next;
        // The two neighbours among these four that enclose the root.
        let mut ends = [
            (low, at_low),
            (middle, at_middle),
            (next, excess(next)),
            (high, at_high),
        ];
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let above = ends.iter().position(|end| end.1 <= 0.0);
        let above = above.unwrap_or(3).max(1);
        ((low, at_low), (high, at_high)) = (ends[above - 1], ends[above]);
    }
    last
}

/// Steps of a search for an edge, each a constant factor.
const STEPS: u32 = 64;

/// The last place between `from` and `to` up to which `holds` is true; `None` if it never turns false.
///
/// Both ends are positive, and `holds` is true at `from`. An interval of false shorter than a step can be missed.
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
    fn edges_in_both_directions() {
        let close = |found: Option<f64>, sought: f64| (found.unwrap() - sought).abs() < 1e-12;
        assert!(close(edge(2.0, 32.0, |n| n < 5.0), 5.0));
        assert!(close(edge(8.0, 1.0, |n| n > 3.0), 3.0));
        assert_eq!(edge(2.0, 32.0, |_| true), None);
    }
}
