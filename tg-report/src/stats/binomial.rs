//! Exact intervals for a share of runs.
//!
//! Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika
//! 26 (1934): all p for which neither tail of the binomial beyond the count is below 2.5 %. The interval covers at
//! least 95 %, and much more with few runs: three of three completed runs mean no more than "at least 29 %".
//!
//! P(X >= k) of n is the regularised incomplete beta function I(p; k, n-k+1). `Beta::inverse_cdf` of `statrs` is right
//! to 3e-12 up to 1000 runs, but only to 3e-8 at 10,000 and 1e-5 at 100,000. The root of `beta_reg`, which is used
//! here, is right to 1e-12, 3e-11 and 4e-10.

use super::interval::{Interval, TAIL};
use super::roots::root;
use statrs::function::beta::beta_reg;

/// The 95 % interval of the share behind `count` of `all`, from 0 to 1; `None` if `all` is 0 or below `count`.
pub fn interval(count: usize, all: usize) -> Option<Interval> {
    if all == 0 || count > all {
        return None;
    }
    Interval::new(least(count, all), 1.0 - least(all - count, all))
}

/// The share at which `count` or more of `all` have probability 2.5 %.
fn least(count: usize, all: usize) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let (k, n) = (count as f64, all as f64);
    root(0.0, k / n, |share| TAIL - beta_reg(k, n - k + 1.0, share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        // With 0 or n of n, one end is the n-th root of 2.5 %.
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
