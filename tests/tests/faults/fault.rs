//! A fault: data, and three short acts.

use crate::random::{next, seed_of};
use crate::scene::Scene;
use std::ops::Range;
use tg_tests::manifest;

/// An act on a scene; the error is a fault of the suite itself, such as a refused mount.
pub type Act = Box<dyn Fn(&Scene) -> Result<(), String> + Send + Sync>;

/// Something that goes wrong with an experiment, and what must hold after.
pub struct Fault {
    /// The name; unique.
    pub name: String,
    /// Replicates of each of the two arms.
    pub replicates: u32,
    /// Agents of each run.
    pub agents: u32,
    /// More keys of the manifest.
    pub more: String,
    /// Words put before the command line of the first pass, as `LD_PRELOAD=...`.
    pub under: String,
    /// The time range in which it may strike, in milliseconds after the start of the first pass.
    pub moment: Range<u64>,
    /// The reason if it cannot be done here.
    pub skip: Option<String>,
    /// Before the first pass is started.
    pub before: Act,
    /// While it runs, at a random moment.
    pub strike: Act,
    /// After its end: evidence that the fault did strike, else an error.
    pub trace: Act,
    /// After that, before the second.
    pub heal: Act,
    /// The conditions that must hold.
    pub then: Then,
}

/// Conditions after the first pass, beyond those after every fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Then {
    /// The allowed outcomes of runs; empty: any.
    pub first: &'static [&'static str],
    /// Texts of which stderr must have one if the first pass failed.
    pub says: &'static [&'static str],
    /// It exits 0, as if nothing had been.
    pub unharmed: bool,
    /// Processes may be left until the second pass, because the process that ends them was killed too.
    pub lingers: bool,
    /// Every run is due again, because an input changed.
    pub all_again: bool,
    /// No run may need a second attempt.
    pub once: bool,
    /// The report settings of finished runs change, and so their `run.json` and nothing else.
    pub shown_anew: bool,
    /// A file that the fault tore, relative to the results; it is made anew, or kept as it is with an earlier attempt.
    pub torn: &'static str,
    /// It stays torn, because no tool needs it any more.
    pub stays: bool,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            name: String::new(),
            replicates: 1,
            agents: 2,
            more: QUICK.into(),
            under: String::new(),
            moment: 0..1,
            skip: None,
            before: nothing(),
            strike: nothing(),
            trace: nothing(),
            heal: nothing(),
            then: Then::default(),
        }
    }
}

impl Fault {
    /// A scene with the fault's manifest in it; each further attempt has half the moment of the one before.
    pub fn scene(&self, seed: u64, attempt: u32) -> Scene {
        let text = manifest("tiny-feature", self.agents, &["swarm", "push"], &self.more).replace(
            "runs_per_config: 1",
            &format!("runs_per_config: {}", self.replicates),
        );
        let rows = (1..=self.replicates)
            .flat_map(|replicate| ["swarm", "push"].map(|arm| format!("{arm}-r{replicate}")))
            .collect();
        let mut random = seed_of(seed, &self.name);
        let width = (self.moment.end - self.moment.start).max(1);
        let moment = (self.moment.start + next(&mut random) % width) >> attempt;
        Scene::new(&text, rows, moment, random)
    }
}

/// The simulated agent at work for half a second to a second a run.
pub const QUICK: &str =
    "stand_in: {time_scale: 0.0002, poll_ms: 20}\nlimits: {timeout: 60s, stall: 30s}\n";

/// The reason of a strike without effect: on a quick machine the pass ended before its moment. It is tried again at half.
pub const TOO_LATE: &str = "the pass was over before the fault could strike";

/// The act of doing nothing.
pub fn nothing() -> Act {
    Box::new(|_| Ok(()))
}
