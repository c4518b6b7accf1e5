//! Exact intervals for a share of runs.
//!
//! Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26
//! (1934): all p for which neither tail of the binomial beyond the count is below 2.5 %. It covers at least 95 %, for few
//! runs much more; three of three completed says no more than "at least 29 %".

use super::{Interval, TAIL};

/// The 95 % interval of the share behind `count` of `all`, from 0 to 1; `None` of nothing, or of more than all.
pub fn interval(count: usize, all: usize) -> Option<Interval> {
    if all == 0 || count > all {
        return None;
    }
    Interval::new(least(count, all), 1.0 - least(all - count, all))
}

/// The share at which `count` or more of `all` have probability 2.5 %; by bisection to neighbouring doubles.
fn least(count: usize, all: usize) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, count as f64 / all as f64);
    let ways = log_ways(count, all);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return high;
        }
        if at_least(count, all, middle, ways) < TAIL {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// P(X >= count) for a share below count / all, where the terms only get smaller.
fn at_least(count: usize, all: usize, share: f64, log_ways: f64) -> f64 {
    let (k, n) = (count as f64, all as f64);
    let first = log_ways + k * share.ln() + (n - k) * (-share).ln_1p();
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in count..all {
        term *= (all - k) as f64 / (k + 1) as f64 * share / (1.0 - share);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    first.exp() * sum
}

/// ln C(all, count).
fn log_ways(count: usize, all: usize) -> f64 {
    let few = count.min(all - count);
    let step = |k: usize| ((all - few + k) as f64 / k as f64).ln();
    (1..=few).map(step).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        // None or all of n: one end is the n-th root of 2.5 %.
        for n in [1, 3, 10, 1000] {
            let root = TAIL.powf(1.0 / n as f64);
            let all = interval(n, n).unwrap();
            assert!(
                (all.low / root - 1.0).abs() < 1e-12 && all.high >= 1.0,
                "{n} {all:?}"
            );
            let none = interval(0, n).unwrap();
            assert!(none.low <= 0.0 && (none.high - (1.0 - root)).abs() < 1e-12);
        }
        assert_eq!(interval(0, 0), None);
        assert_eq!(interval(2, 1), None);
    }

    #[test]
    fn symmetric() {
        let (few, most) = (interval(3, 10).unwrap(), interval(7, 10).unwrap());
        assert!((few.low - (1.0 - most.high)).abs() < 1e-15);
        assert!((few.high - 0.652_452_85).abs() < 1e-6, "{few:?}");
    }
}
