//! When to start no more runs: what failed the last ones would fail the next, and each costs money.
//!
//! The agents' own failures are data and never open it. What does: a login or a quota that is refused, at once, and so many
//! failures of the machinery in a row. Runs that were not started are passed on as such and lose nothing: the same
//! command starts them.

use std::sync::Mutex;
use tg_stage::{Error, say};

/// What a run says of the machinery.
pub enum Verdict {
    /// It ran, however it ended.
    Ran,
    /// It says nothing: nobody was started, or we ended it.
    Nothing,
    /// The machinery failed, in these words.
    Failed(String),
    /// Agents were refused: `auth`, `quota`.
    Fault(String),
}

/// The breaker of one launcher.
pub struct Breaker {
    limit: u16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u16,
    open: Option<String>,
}

impl Breaker {
    /// One that opens after `limit` failures in a row; with 0 never.
    pub fn new(limit: u16) -> Self {
        Self {
            limit,
            state: Mutex::default(),
        }
    }

    /// Take up how a run went; says so once when that opens it.
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
            Verdict::Fault(fault) => Some(format!("agents of run {run} were refused: {fault}")),
            Verdict::Failed(how) => {
                state.failures += 1;
                let last = format!(
                    "{} failures of the machinery in a row, the last in run {run}: {how}",
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

    /// Why no run is to be started, if so.
    pub fn refuses(&self) -> Option<Error> {
        let state = self.state.lock().ok()?;
        let why = state.open.as_ref()?;
        Some(Error {
            kind: "breaker",
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
        breaker.refuses().is_some()
    }

    #[test]
    fn it_opens_after_so_many_failures_in_a_row_and_at_once_when_agents_are_refused() {
        let failed = || Verdict::Failed("infra".into());
        assert!(!opens(3, vec![failed(), failed()]));
        assert!(opens(3, vec![failed(), failed(), failed()]));
        assert!(!opens(3, vec![failed(), failed(), Verdict::Ran, failed()]));
        assert!(opens(
            3,
            vec![failed(), failed(), Verdict::Nothing, failed()]
        ));
        assert!(opens(3, vec![Verdict::Fault("quota".into())]));
        assert!(!opens(
            0,
            vec![failed(), failed(), Verdict::Fault("auth".into())]
        ));
    }
}
