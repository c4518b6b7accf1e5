//! The limits on cost and tokens, checked against `spent.json` of this run and of all runs of the experiment.

use std::time::{Duration, Instant};
use tg_stage::spent::{Ledger, Reached};
use tg_stage::{Limits, RunDir, Spent};

/// The shortest time between two reads.
const INTERVAL: Duration = Duration::from_millis(200);

/// The budget of one run.
pub struct Budget {
    limits: Limits,
    dir: Option<RunDir>,
    ledger: Ledger,
    read_at: Option<Instant>,
    reached: Option<Reached>,
}

impl Budget {
    /// The budget of the run in `dir`.
    pub fn new(limits: &Limits, dir: Option<RunDir>) -> Self {
        Self {
            limits: limits.clone(),
            dir,
            ledger: Ledger::default(),
            read_at: None,
            reached: None,
        }
    }

    /// The limit that was reached, if any; the files are read if they are due, or if `now` is set.
    pub fn reached(&mut self, now: bool) -> Option<Reached> {
        if now || self.read_at.is_none_or(|at| at.elapsed() > INTERVAL) {
            self.read_at = Some(Instant::now());
            self.reached = self.reached.or_else(|| self.read());
        }
        self.reached
    }

    fn read(&mut self) -> Option<Reached> {
        let dir = self.dir.as_ref()?;
        let of_run = Spent::load(dir).and_then(|spent| self.limits.of_run(spent.total()));
        of_run.or_else(|| {
            let experiment = dir.experiment().filter(|_| self.limits.has_experiment())?;
            self.limits
                .of_experiment(self.ledger.total(experiment.path()))
        })
    }
}
