//! Whether a budget is spent, from what the launchers keep: `spent.json` of this run, and of all runs of the experiment.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use tg_stage::spent::{Ledger, Reached};
use tg_stage::{Limits, Spent};

/// Between two looks.
const OFTEN: Duration = Duration::from_millis(200);

/// The budget of one run.
pub struct Budget {
    limits: Limits,
    dir: Option<PathBuf>,
    ledger: Ledger,
    looked: Option<Instant>,
    reached: Option<Reached>,
}

impl Budget {
    /// The budget of the run in `dir`.
    pub fn new(limits: &Limits, dir: Option<PathBuf>) -> Self {
        Self {
            limits: limits.clone(),
            dir,
            ledger: Ledger::default(),
            looked: None,
            reached: None,
        }
    }

    /// The limit that was reached, if one was; looked for `now`, or if it is time.
    pub fn look(&mut self, now: bool) -> Option<Reached> {
        if now || self.looked.is_none_or(|at| at.elapsed() > OFTEN) {
            self.looked = Some(Instant::now());
            self.reached = self.reached.or_else(|| self.read());
        }
        self.reached
    }

    fn read(&mut self) -> Option<Reached> {
        let dir = self.dir.as_ref()?;
        let of_run = Spent::load(dir).and_then(|spent| self.limits.of_run(spent.total()));
        of_run.or_else(|| {
            let experiment = dir.parent().filter(|_| self.limits.has_experiment())?;
            self.limits.of_experiment(self.ledger.total(experiment))
        })
    }
}
