//! The coverage of intervals and the error rate of tests, by simulation.
//!
//! Each simulation has a short form among the ordinary tests, with wider bounds and fewer rounds, and a long one:
//! `cargo test -p tg-report --release --test coverage -- --ignored --nocapture` prints the measured rates.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "the measured rates are a result")]

use std::ops::RangeInclusive;
use tg_report::stats::curve::{Curve, Method, Model, crossings, fit};
use tg_report::stats::{Interval, describe, holm, ratio, verdict, welch};

/// `SplitMix64`: the same numbers in each test run.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / 2f64.powi(53)
    }

    /// A normal number by the method of Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    fn normals(&mut self, n: usize, centre: f64, sd: f64) -> Vec<f64> {
        (0..n).map(|_| centre + sd * self.normal()).collect()
    }
}

/// The percentage of rounds that return true.
fn share(rounds: usize, mut round: impl FnMut() -> bool) -> f64 {
    100.0 * (0..rounds).filter(|_| round()).count() as f64 / rounds as f64
}

fn covers(interval: Option<Interval>, truth: f64) -> bool {
    interval.unwrap().contains(truth)
}

/// Checks that each measured percentage lies in `bounds`.
fn within(bounds: &RangeInclusive<f64>, measured: &[(String, f64)]) {
    for (what, share) in measured {
        println!("{what}: {share:.1} %");
    }
    let outside = |(_, share): &&(String, f64)| !bounds.contains(share);
    let outside: Vec<_> = measured.iter().filter(outside).collect();
    assert!(outside.is_empty(), "not in {bounds:?}: {outside:?}");
}

fn intervals(rounds: usize) -> Vec<(String, f64)> {
    let mut measured = Vec::new();
    for n in [3, 5, 10] {
        let mut random = Random(n as u64);
        let mean = share(rounds, || {
            let values = random.normals(n, 7.0, 2.0);
            covers(describe(&values).unwrap().interval, 7.0)
        });
        measured.push((format!("mean of {n}"), mean));
        for (name, sd) in [("", 1.0), (", one spread thrice the other", 3.0)] {
            let difference = share(rounds, || {
                let (a, b) = (random.normals(n, 7.0, 1.0), random.normals(n, 9.0, sd));
                covers(welch(&a, &b).map(|test| test.interval), 2.0)
            });
            measured.push((format!("difference of {n} and {n}{name}"), difference));
        }
        let of_logs = share(rounds, || {
            let [a, b] = [0.0, 0.7].map(|centre| random.normals(n, centre, 0.4));
            let [a, b] = [a, b].map(|logs| logs.into_iter().map(f64::exp).collect::<Vec<_>>());
            covers(ratio(&a, &b).unwrap().interval, 0.7f64.exp())
        });
        measured.push((format!("ratio of {n} to {n}"), of_logs));
    }
    measured
}

#[test]
fn intervals_cover() {
    within(&(91.0..=99.0), &intervals(1500));
}

#[test]
#[ignore = "seconds in release"]
fn intervals_cover_long() {
    within(&(93.0..=97.5), &intervals(20_000));
}

/// The number of experiments, each of a baseline and three arms like it, in which some adjusted p is at most 0.05.
fn false_positives(
    rounds: usize,
    runs: usize,
    paired: bool,
    value: fn(&mut Random) -> f64,
) -> usize {
    let mut random = Random(runs as u64);
    let round = |_: &usize| {
        let seeds: Vec<f64> = (0..runs).map(|_| random.normal()).collect();
        // Paired runs share the effect of their seed.
        let shared = if paired { 0.3 } else { 0.0 };
        let mut arm = || -> Vec<f64> {
            let runs = seeds
                .iter()
                .map(|seed| value(&mut random) * (shared * seed).exp());
            runs.collect()
        };
        let baseline = arm();
        let p = |arm: Vec<f64>| {
            let both = baseline.iter().copied().zip(arm.iter().copied());
            let pairs: Option<Vec<(f64, f64)>> = paired.then(|| both.collect());
            Some(verdict(&baseline, &arm, pairs.as_deref()).unwrap().p)
        };
        let family: Vec<Option<f64>> = (0..3).map(|_| p(arm())).collect();
        holm(&family).into_iter().flatten().any(|p| p <= 0.05)
    };
    (0..rounds).filter(round).count()
}

/// The count that a binomial with share 5 % exceeds with probability 1 %.
fn bound(rounds: usize) -> usize {
    let mut term = 0.95f64.powi(rounds as i32);
    let mut sum = term;
    for k in 0.. {
        if sum >= 0.99 {
            return k;
        }
        term *= (rounds - k) as f64 / (k + 1) as f64 * 0.05 / 0.95;
        sum += term;
    }
    rounds
}

fn lognormal(random: &mut Random) -> f64 {
    (0.4 * random.normal()).exp()
}

/// Few distinct values, many ties.
fn coarse(random: &mut Random) -> f64 {
    (1.0 + 2.0 * random.uniform()).round()
}

fn check_equal_arms(rounds: usize) {
    let bound = bound(rounds);
    for (runs, paired) in [(3, false), (5, false), (10, false), (8, true), (12, true)] {
        for (name, value) in [
            ("lognormal", lognormal as fn(&mut Random) -> f64),
            ("coarse", coarse),
        ] {
            let wrong = false_positives(rounds, runs, paired, value);
            println!("{runs} runs, paired {paired}, {name}: {wrong} of {rounds}, bound {bound}");
            assert!(wrong <= bound, "{runs} {paired} {name}: {wrong}");
        }
    }
}

#[test]
fn equal_arms_rarely_differ() {
    check_equal_arms(200);
}

#[test]
#[ignore = "two minutes in release"]
fn equal_arms_rarely_differ_long() {
    check_equal_arms(2000);
}

/// Numbers of agents, and two curves that cross among them.
const AGENTS: [u32; 5] = [1, 2, 4, 8, 16];
const TRUTH: Curve = Curve {
    lambda: 10.0,
    sigma: 0.05,
    kappa: 0.004,
};
const OTHER: Curve = Curve {
    lambda: 6.0,
    sigma: 0.02,
    kappa: 0.0005,
};

/// The deviation of runs from the curve: a share of each height, or that share of 50 everywhere.
#[derive(Debug, Clone, Copy)]
enum Scatter {
    Proportional(f64),
    Alike(f64),
}

fn runs(random: &mut Random, curve: &Curve, each: usize, scatter: Scatter) -> Vec<(u32, f64)> {
    let mut run = |agents: u32| {
        let height = curve.at(f64::from(agents));
        let sd = match scatter {
            Scatter::Proportional(share) => share * height,
            Scatter::Alike(share) => share * 50.0,
        };
        (agents, (height + sd * random.normal()).max(0.0))
    };
    let agents = AGENTS.iter().flat_map(|agents| vec![*agents; each]);
    agents.map(&mut run).collect()
}

/// The percentage of fits whose intervals cover the true λ, σ, κ, peak, and height between two points.
fn fits(rounds: usize, each: usize, scatter: Scatter) -> Vec<(String, f64)> {
    let mut random = Random(each as u64);
    let mut covered = [0_usize; 5];
    for _ in 0..rounds {
        let found = fit(&runs(&mut random, &TRUTH, each, scatter), Model::Usl).unwrap();
        assert_eq!(matches!(found.method, Method::Resampled { .. }), each >= 8);
        let peak = found.peak.unwrap();
        let true_peak = ((1.0 - TRUTH.sigma) / TRUTH.kappa).sqrt();
        let is_covered = [
            covers(found.lambda.interval, TRUTH.lambda),
            covers(found.sigma.interval, TRUTH.sigma),
            covers(found.kappa.unwrap().interval, TRUTH.kappa),
            peak.low <= true_peak && peak.high.is_none_or(|high| high >= true_peak),
            covers(found.band(11.0), TRUTH.at(11.0)),
        ];
        for (count, is_covered) in covered.iter_mut().zip(is_covered) {
            *count += usize::from(is_covered);
        }
    }
    let name = |what: &str| format!("{what}, {each} runs each, {scatter:?}");
    let names = ["lambda", "sigma", "kappa", "peak", "height at 11"].map(name);
    let shares = covered.map(|count| 100.0 * count as f64 / rounds as f64);
    names.into_iter().zip(shares).collect()
}

/// The percentage of crossings found whose interval covers the true one.
fn crossing(rounds: usize, each: usize, scatter: Scatter) -> Vec<(String, f64)> {
    let above = |n: &f64| TRUTH.at(*n) > OTHER.at(*n);
    let steps = (100..3200).map(|n| f64::from(n) / 100.0);
    let truth = steps.take_while(above).last().unwrap();
    let mut random = Random(each as u64);
    let mut found = 0;
    let mut covered = 0;
    for _ in 0..rounds {
        let mut fitted = |curve| fit(&runs(&mut random, curve, each, scatter), Model::Usl).unwrap();
        let all = crossings(&fitted(&TRUTH), &fitted(&OTHER));
        // The true curves cross once in range; of two crossings found, the one in the right direction counts.
        let Some(first) = all.iter().find(|crossing| !crossing.first_wins_above) else {
            continue;
        };
        found += 1;
        let is_low = first.low.is_none_or(|low| low <= truth + 0.01);
        covered += usize::from(is_low && first.high.is_none_or(|high| high >= truth));
    }
    assert!(found > rounds / 2, "{found} of {rounds}");
    let name = format!("crossing at {truth:.1}, {each} runs each, {scatter:?}, found in {found}");
    vec![(name, 100.0 * covered as f64 / found as f64)]
}

#[test]
fn fits_cover() {
    within(&(90.0..=100.0), &fits(300, 3, Scatter::Proportional(0.05)));
    let mut all = crossing(100, 3, Scatter::Proportional(0.05));
    all.extend(crossing(30, 8, Scatter::Proportional(0.05)));
    within(&(85.0..=100.0), &all);
}

#[test]
#[ignore = "five minutes in release"]
fn fits_cover_long() {
    let (alike, proportional) = (Scatter::Alike(0.05), Scatter::Proportional(0.05));
    let mut all = fits(3000, 1, alike);
    for scatter in [alike, proportional] {
        for (rounds, each) in [(3000, 2), (3000, 3), (3000, 5), (2000, 8), (1000, 12)] {
            all.extend(fits(rounds, each, scatter));
        }
        for (rounds, each) in [(2000, 3), (2000, 5), (500, 8)] {
            all.extend(crossing(rounds, each, scatter));
        }
    }
    within(&(92.5..=98.7), &all);
    // With large deviations, parameters are often at their bounds, and intervals cover more than 95 %.
    let mut all = fits(3000, 3, Scatter::Proportional(0.2));
    all.extend(fits(1000, 8, Scatter::Proportional(0.2)));
    within(&(93.0..=100.0), &all);
}
