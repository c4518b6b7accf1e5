//! Laws of the statistics of any samples: no NaN and no infinity, p between its floor and 1, and no effect of order,
//! shift and scale.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use tg_report::stats::curve::{Curve, Fit, Model, crossings, fit};
use tg_report::stats::{Versus, describe, leave_one_out, versus};

/// `SplitMix64`: the same samples in each test run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }

    /// A sample of whole numbers with ties, of decimals, of numbers of any size, or of constants.
    fn sample(&mut self) -> Vec<f64> {
        let kind = self.below(5);
        let n = 1 + self.below(6);
        let constant = self.below(4) as f64;
        let mut value = || match kind {
            0 => self.below(6) as f64,
            1 => self.below(1000) as f64 / 100.0,
            2 => 1.0 + self.below(1 << 40) as f64 / 1e9,
            3 => (self.below(9) as f64 - 4.0) * 10f64.powi(self.below(600) as i32 - 300),
            _ => constant,
        };
        (0..n).map(|_| value()).collect()
    }
}

fn samples() -> impl Iterator<Item = (Vec<f64>, Vec<f64>)> {
    let mut random = Random(7);
    (0..1000).map(move |_| (random.sample(), random.sample()))
}

fn compare(a: &[f64], b: &[f64]) -> Versus {
    let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
    versus(a, b, Some(&pairs), 0.05).unwrap()
}

fn is_finite(printed: &str) -> bool {
    !printed.contains("NaN") && !printed.contains("inf")
}

#[test]
fn every_number_is_finite() {
    for (a, b) in samples() {
        let printed = format!("{:?}", (describe(&a), describe(&b), compare(&a, &b)));
        assert!(is_finite(&printed), "{a:?} {b:?} {printed}");
    }
}

#[test]
fn p_lies_between_its_floor_and_one() {
    for (a, b) in samples() {
        let found = compare(&a, &b);
        let (rank, paired) = (found.rank, found.sign_flip.unwrap());
        for (p, floor) in [
            (rank.p, rank.floor),
            (paired.p, paired.floor),
            (found.permutation.unwrap(), rank.floor),
            (found.welch.map_or(1.0, |test| test.p), f64::MIN_POSITIVE),
        ] {
            assert!(
                (floor * (1.0 - 1e-12)..=1.0).contains(&p),
                "{a:?} {b:?} {found:?}"
            );
        }
        assert!((-1.0..=1.0).contains(&found.cliff));
    }
}

#[test]
fn exchanging_the_samples_changes_signs_only() {
    for (a, b) in samples() {
        let (there, back) = (compare(&a, &b), compare(&b, &a));
        let p = |found: &Versus| {
            let (paired, welch) = (found.sign_flip.unwrap().p, found.welch.map(|w| w.p));
            (found.rank.p, found.permutation, paired, welch)
        };
        assert_eq!(p(&there), p(&back), "{a:?} {b:?}");
        let turned = |value: Option<f64>| value.map(|value| -value);
        assert_eq!(there.difference, turned(back.difference), "{a:?} {b:?}");
        assert_eq!(
            (there.hedges, there.cliff),
            (turned(back.hedges), -back.cliff)
        );
    }
}

#[test]
fn the_order_of_values_does_not_matter() {
    for (a, b) in samples() {
        let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
        let there = versus(&a, &b, None, 0.05);
        let back = versus(&turned(&a), &turned(&b), None, 0.05);
        assert_eq!(there, back, "{a:?} {b:?}");
    }
}

#[test]
fn shift_and_scale_change_no_p() {
    // Whole numbers, so that shifted and scaled ones are exact or at least round in the same way.
    let mut random = Random(8);
    for _ in 0..500 {
        let mut sample = |n: u64| (0..n).map(|_| random.below(30) as f64).collect::<Vec<_>>();
        let (a, b) = (sample(4), sample(5));
        let plain = compare(&a, &b);
        for (scale, shift) in [
            (1.0, 1e15),
            (1.0, -7.0),
            (1e150, 0.0),
            (1e-150, 0.0),
            (0.1, 0.0),
            (3.7, 12.5),
        ] {
            let case = format!("{a:?} {b:?} {scale} {shift}");
            let moved = |values: &[f64]| {
                let moved = values.iter().map(|value| value * scale + shift);
                moved.collect::<Vec<_>>()
            };
            let moved = compare(&moved(&a), &moved(&b));
            assert_eq!(plain.permutation, moved.permutation, "{case}");
            assert_eq!(plain.sign_flip, moved.sign_flip, "{case}");
            assert_eq!((plain.rank, plain.cliff), (moved.rank, moved.cliff));
            let off = plain
                .welch
                .map_or(0.0, |welch| welch.p / moved.welch.unwrap().p - 1.0);
            assert!(off.abs() < 1e-9, "{case}: {off}");
        }
    }
}

#[test]
fn leave_one_out_counts_every_run() {
    for (a, b) in samples() {
        let left = leave_one_out(&a, &b, None, 0.4).unwrap();
        assert_eq!(left.tried + left.too_few, a.len() + b.len());
        assert!(left.flips.len() <= left.tried);
    }
}

fn squares(runs: &[(u32, f64)], curve: &Curve) -> f64 {
    runs.iter()
        .map(|(n, x)| (x - curve.at(f64::from(*n))).powi(2))
        .sum()
}

/// For any runs, the fit is finite, and no curve near it within the bounds is better.
#[test]
fn no_curve_nearby_is_better() {
    let mut random = Random(9);
    let mut fits: Vec<Fit> = Vec::new();
    for round in 0..400 {
        let agents = [1, 2, 3, 5, 8, 13, 40].into_iter().take(4 + round % 4);
        let runs: Vec<(u32, f64)> = agents
            .flat_map(|n| (0..=round % 3).map(move |_| n))
            .map(|n| (n, random.below(100) as f64))
            .collect();
        for model in [Model::Amdahl, Model::Usl] {
            let Ok(found) = fit(&runs, model) else {
                continue;
            };
            assert!(is_finite(&format!("{found:?}")), "{runs:?} {found:?}");
            let least = squares(&runs, &found.curve);
            for at in 0..27 {
                let step = |place: i32| 1.0 + 1e-3 * f64::from(at / 3i32.pow(place as u32) % 3 - 1);
                let bump = |value: f64, place: i32| {
                    let from_bound = (step(place) - 1.0).max(0.0);
                    let inside = value * step(place);
                    if value > 0.0 { inside } else { from_bound }
                };
                let is_usl = f64::from(u8::from(model == Model::Usl));
                let near = Curve {
                    lambda: bump(found.curve.lambda, 0),
                    sigma: bump(found.curve.sigma, 1),
                    kappa: is_usl * bump(found.curve.kappa, 2),
                };
                let squares = squares(&runs, &near);
                assert!(
                    squares >= least * (1.0 - 1e-12),
                    "{runs:?} {found:?}: {near:?}, {squares} < {least}"
                );
            }
            fits.push(found);
        }
    }
    assert!(fits.len() > 600, "{}", fits.len());
    for two in fits.windows(2) {
        assert!(is_finite(&format!("{:?}", crossings(&two[0], &two[1]))));
    }
}
