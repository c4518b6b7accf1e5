//! Chance, drawn from names: the seed of the run, the template's task id, and what is asked.
//!
//! A draw depends on nothing else, neither on who works nor on when: every arm with the same seed meets tasks of the
//! same durations, redone and failed alike. SHA-256 is the generator because its output is the same for ever; the
//! generators of libraries change between versions.

use tg_stage::StandIn;
use tg_stage::file::sha256;

/// What one task turns out to be, in the time of the imagined agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fate {
    /// Milliseconds of work of a first attempt.
    pub duration_ms: f64,
    /// The first attempt is handed back.
    pub redo: bool,
    /// The last attempt ends failed.
    pub fail: bool,
    /// The work has a fault.
    pub fault: bool,
    /// A review of it would find the fault.
    pub review_finds: bool,
    /// A test of it would find the fault.
    pub test_finds: bool,
}

/// The fate of the task `origin` in a run with this seed: duration = estimate x lognormal noise of mean 1.
pub fn fate(model: &StandIn, seed: u64, origin: &str, estimate_ms: Option<i64>) -> Fate {
    let estimate = match estimate_ms {
        Some(ms) if ms > 0 => ms as f64,
        _ => model.default_estimate_min * 60_000.0,
    };
    let noise = (model.noise * normal(seed, origin) - model.noise * model.noise / 2.0).exp();
    Fate {
        duration_ms: estimate * noise,
        redo: uniform(seed, origin, "redo") < model.redo,
        fail: uniform(seed, origin, "fail") < model.fail,
        fault: uniform(seed, origin, "fault") < model.fault,
        review_finds: uniform(seed, origin, "review") < model.find_review,
        test_finds: uniform(seed, origin, "test") < model.find_test,
    }
}

/// Uniform in (0, 1): the first 52 bits of a hash.
fn uniform(seed: u64, origin: &str, what: &str) -> f64 {
    let hash = sha256(format!("{seed}/{what}/{origin}").as_bytes());
    let bits = u64::from_str_radix(&hash[..13], 16).unwrap_or(0);
    (bits as f64 + 0.5) / (1u64 << 52) as f64
}

/// Standard normal, by Box and Muller (1958).
fn normal(seed: u64, origin: &str) -> f64 {
    let (radius, angle) = (
        uniform(seed, origin, "radius"),
        uniform(seed, origin, "angle"),
    );
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "equal draws are equal to the bit")]
mod tests {
    use super::*;

    #[test]
    fn a_fate_depends_on_seed_and_task_alone() {
        let model = StandIn::default();
        let one = fate(&model, 7, "design", Some(60_000));
        assert_eq!(one, fate(&model, 7, "design", Some(60_000)));
        assert_ne!(
            one.duration_ms,
            fate(&model, 8, "design", Some(60_000)).duration_ms
        );
        assert_ne!(
            one.duration_ms,
            fate(&model, 7, "test", Some(60_000)).duration_ms
        );
    }

    #[test]
    fn durations_have_the_estimate_as_mean_and_the_stated_spread() {
        let model = StandIn {
            noise: 0.5,
            redo: 0.25,
            ..StandIn::default()
        };
        let fates: Vec<Fate> = (0..20_000)
            .map(|n| fate(&model, 1, &format!("task-{n}"), Some(1_000)))
            .collect();
        let mean = fates.iter().map(|fate| fate.duration_ms).sum::<f64>() / 20_000.0;
        assert!((mean - 1_000.0).abs() < 15.0, "mean {mean}");
        let logs: Vec<f64> = fates
            .iter()
            .map(|fate| (fate.duration_ms / 1_000.0).ln())
            .collect();
        let centre = logs.iter().sum::<f64>() / 20_000.0;
        let sd = (logs.iter().map(|log| (log - centre).powi(2)).sum::<f64>() / 19_999.0).sqrt();
        assert!((sd - 0.5).abs() < 0.01, "sd {sd}");
        let redone = fates.iter().filter(|fate| fate.redo).count() as f64 / 20_000.0;
        assert!((redone - 0.25).abs() < 0.01, "redone {redone}");
    }

    #[test]
    fn without_an_estimate_the_default_holds() {
        let model = StandIn {
            noise: 0.0,
            ..StandIn::default()
        };
        assert_eq!(fate(&model, 1, "x", None).duration_ms, 30.0 * 60_000.0);
    }
}
