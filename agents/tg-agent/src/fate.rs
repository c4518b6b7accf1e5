//! The fate of a task, drawn at random from the seed of the run and the template's task id.
//!
//! A draw depends on nothing else, neither on the agent nor on the time: in every arm with the same seed the tasks have the
//! same durations, and the same ones are redone and fail. SHA-256 is the generator because its output never changes; the
//! generators of libraries change between versions.

use tg_stage::WorkModel;
use tg_stage::file::sha256;

/// The properties of one task, in the time of the imagined agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fate {
    /// Milliseconds of work of the first attempt.
    pub duration_ms: f64,
    /// True if the first attempt is handed back.
    pub redo: bool,
    /// True if the last attempt fails.
    pub fail: bool,
    /// True if the work has a fault.
    pub fault: bool,
    /// True if a review would find the fault.
    pub review_finds: bool,
    /// True if a test would find the fault.
    pub test_finds: bool,
}

impl Fate {
    /// Draws the fate of the task `origin` in a run with this seed: duration = estimate x lognormal noise of mean 1.
    pub fn draw(model: &WorkModel, seed: u64, origin: &str, estimate_ms: Option<i64>) -> Self {
        let estimate = match estimate_ms {
            Some(ms) if ms > 0 => ms as f64,
            _ => model.default_estimate_min * 60_000.0,
        };
        let noise = (model.noise * normal(seed, origin) - model.noise * model.noise / 2.0).exp();
        let happens = |event, probability| uniform(seed, origin, event) < probability;
        Self {
            duration_ms: estimate * noise,
            redo: happens("redo", model.redo),
            fail: happens("fail", model.fail),
            fault: happens("fault", model.fault),
            review_finds: happens("review", model.find_review),
            test_finds: happens("test", model.find_test),
        }
    }
}

/// Uniform in (0, 1): the first 52 bits of a hash.
fn uniform(seed: u64, origin: &str, event: &str) -> f64 {
    let hash = sha256(format!("{seed}/{event}/{origin}").as_bytes());
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
        let model = WorkModel::default();
        let one = Fate::draw(&model, 7, "design", Some(60_000));
        assert_eq!(one, Fate::draw(&model, 7, "design", Some(60_000)));
        assert_ne!(
            one.duration_ms,
            Fate::draw(&model, 8, "design", Some(60_000)).duration_ms
        );
        assert_ne!(
            one.duration_ms,
            Fate::draw(&model, 7, "test", Some(60_000)).duration_ms
        );
    }

    #[test]
    fn durations_have_the_estimate_as_mean_and_the_stated_spread() {
        let model = WorkModel {
            noise: 0.5,
            redo: 0.25,
            ..WorkModel::default()
        };
        let fates: Vec<Fate> = (0..20_000)
            .map(|n| Fate::draw(&model, 1, &format!("task-{n}"), Some(1_000)))
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
        let model = WorkModel {
            noise: 0.0,
            ..WorkModel::default()
        };
        assert_eq!(
            Fate::draw(&model, 1, "x", None).duration_ms,
            30.0 * 60_000.0
        );
    }
}
