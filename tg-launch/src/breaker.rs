//! The circuit breaker: it stops the launcher from starting more runs, because the cause of the last failures would fail
//! the next run as well, and each run costs money.
//!
//! Failures of the agents themselves are data and never open it. A refused login or quota opens it at once, and so does
//! a number of machinery failures in a row. Runs that were not started are passed on as such and lose nothing: the same
//! command starts them later.

use std::sync::Mutex;
use tg_stage::{Error, ErrorKind, Fault, say};

/// The evidence that one run gives about the machinery.
pub enum Verdict {
    /// The run took place, whatever its outcome.
    Ran,
    /// No evidence: no agent was started, or we ended the run.
    Nothing,
    /// The machinery failed, for this reason.
    Failed(String),
    /// The provider refused agents, for these faults.
    Faults(Vec<Fault>),
}

pub struct Breaker {
    limit: u16,
    state: Mutex<BreakerState>,
}

#[derive(Default)]
struct BreakerState {
    failures: u16,
    open: Option<String>,
}

impl Breaker {
    /// A breaker that opens after `limit` failures in a row; never if that is 0.
    pub fn new(limit: u16) -> Self {
        Self {
            limit,
            state: Mutex::default(),
        }
    }

    /// Counts a run's verdict, and reports once when that opens the breaker.
    pub fn note(&self, run: &str, verdict: Verdict) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        let why = match verdict {
            _ if self.limit == 0 => None,
            Verdict::Nothing => None,
            Verdict::Ran => {
                state.failures = 0;
                None
            }
            Verdict::Faults(faults) => {
                let faults: Vec<&str> = faults.into_iter().map(Fault::name).collect();
                let faults = faults.join(", ");
                Some(format!("agents of run {run} were refused: {faults}"))
            }
            Verdict::Failed(cause) => {
                state.failures += 1;
                let last = format!(
                    "{} failures of the machinery in a row, the last in run {run}: {cause}",
                    state.failures
                );
                (state.failures >= self.limit).then_some(last)
            }
        };
        if let Some(why) = why.filter(|_| state.open.is_none()) {
            say(format_args!(
                "tg-launch: breaker: no more runs are started: {why}"
            ));
            say(
                "hint: see stderr.log in the run's agents/; once that is mended, the same command goes on from here",
            );
            state.open = Some(why);
        }
    }

    /// The error of a run that must not start, if the breaker is open.
    pub fn refusal(&self) -> Option<Error> {
        let state = self.state.lock().ok()?;
        let why = state.open.as_ref()?;
        Some(Error {
            kind: ErrorKind::Breaker,
            ..Error::outside("breaker", format!("not started: {why}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens(limit: u16, verdicts: Vec<Verdict>) -> bool {
        let breaker = Breaker::new(limit);
        for verdict in verdicts {
            breaker.note("r", verdict);
        }
        breaker.refusal().is_some()
    }

    #[test]
    fn it_opens_after_so_many_failures_in_a_row_and_at_once_when_agents_are_refused() {
        let failed = || Verdict::Failed("killed".into());
        assert!(!opens(3, vec![failed(), failed()]));
        assert!(opens(3, vec![failed(), failed(), failed()]));
        assert!(!opens(3, vec![failed(), failed(), Verdict::Ran, failed()]));
        assert!(opens(
            3,
            vec![failed(), failed(), Verdict::Nothing, failed()]
        ));
        assert!(opens(3, vec![Verdict::Faults(vec![Fault::Quota])]));
        assert!(!opens(
            0,
            vec![failed(), failed(), Verdict::Faults(vec![Fault::Auth])]
        ));
    }
}
