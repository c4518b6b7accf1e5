//! The end of a run, as a pure function of the evidence.

use std::time::Duration;
use tg_stage::Outcome;

/// The evidence about a run at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// Some task has not ended.
    pub open: bool,
    /// Some task failed or was cancelled. Only valid when `open` is false.
    pub unsuccessful: bool,
    pub agents: Agents,
    /// Some agent was seen at the host at any time.
    pub any_worker: bool,
    /// Time since the last change in the database.
    pub quiet: Duration,
    /// Time since the last change in the database or call of an agent to the host, reads included.
    pub silent: Duration,
    /// Time since the launch.
    pub elapsed: Duration,
    /// A limit on cost or tokens was reached.
    pub over_budget: bool,
    /// `tg-wait` was asked to stop.
    pub stop_requested: bool,
}

/// The state of the agents' processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agents {
    /// Not known: the agents were started by hand.
    Unknown,
    /// The launcher is running.
    Running,
    /// All exited by themselves, or were ended because they never registered.
    Gone,
    /// All ended, some because a budget was reached.
    OverBudget,
    /// The launcher ended them because it was asked to stop.
    Cancelled,
    /// The launcher was killed before it recorded how its agents ended.
    Lost,
    /// All ended, some for a reason outside of them: a refused login or quota, a full disk.
    Failed,
}

/// The limits on time.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Longest time since the launch.
    pub timeout: Duration,
    /// Longest time without any change or call.
    pub stall: Duration,
    /// Longest time without any change once tasks have failed and none is open.
    pub settle: Duration,
}

/// The outcome, if the run has ended.
pub fn outcome(seen: &Evidence, patience: &Patience) -> Option<Outcome> {
    if !seen.open && !seen.unsuccessful {
        return Some(Outcome::Completed);
    }
    let are_gone = !matches!(seen.agents, Agents::Unknown | Agents::Running);
    if !seen.open && (are_gone || seen.quiet >= patience.settle) {
        return Some(Outcome::FailedTasks);
    }
    match seen.agents {
        _ if seen.stop_requested => Some(Outcome::Cancelled),
        Agents::Cancelled => Some(Outcome::Cancelled),
        Agents::Lost | Agents::Failed => Some(Outcome::Infra),
        Agents::OverBudget => Some(Outcome::Budget),
        Agents::Gone if seen.any_worker => Some(Outcome::AgentsGone),
        Agents::Gone => Some(Outcome::NeverConnected),
        _ if seen.over_budget => Some(Outcome::Budget),
        _ if seen.elapsed >= patience.timeout => Some(Outcome::Timeout),
        _ if seen.silent >= patience.stall => Some(Outcome::Stalled),
        _ => None,
    }
}

/// Time until the clock alone may end the run.
pub fn time_left(seen: &Evidence, patience: &Patience) -> Duration {
    let timeout = patience.timeout.saturating_sub(seen.elapsed);
    let stall = patience.stall.saturating_sub(seen.silent);
    let settle = patience.settle.saturating_sub(seen.quiet);
    let left = timeout.min(stall);
    if seen.open { left } else { left.min(settle) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{
        AgentsGone, Budget, Cancelled, Completed, FailedTasks, Infra, NeverConnected, Stalled,
        Timeout,
    };

    const SECOND: Duration = Duration::from_secs(1);
    const LONG: Duration = Duration::from_secs(100);
    const PATIENCE: Patience = Patience {
        timeout: Duration::from_mins(1),
        stall: Duration::from_secs(20),
        settle: Duration::from_secs(5),
    };
    const WORKING: Evidence = Evidence {
        open: true,
        unsuccessful: false,
        agents: Agents::Running,
        any_worker: true,
        quiet: SECOND,
        silent: SECOND,
        elapsed: SECOND,
        over_budget: false,
        stop_requested: false,
    };

    /// `WORKING` with other values.
    macro_rules! seen {
        ($($field:ident: $value:expr),*) => { Evidence { $($field: $value,)* ..WORKING } };
    }

    #[test]
    fn the_clock_alone_ends_a_run_when_no_time_is_left() {
        for mut seen in [WORKING, seen! {open: false, unsuccessful: true}] {
            let left = time_left(&seen, &PATIENCE);
            let pass = |seen: &mut Evidence, time| {
                seen.quiet += time;
                seen.silent += time;
                seen.elapsed += time;
            };
            pass(&mut seen, left.saturating_sub(Duration::from_nanos(1)));
            assert_eq!(outcome(&seen, &PATIENCE), None, "{seen:?}");
            pass(&mut seen, Duration::from_nanos(1));
            assert!(outcome(&seen, &PATIENCE).is_some(), "{seen:?}");
        }
    }

    #[test]
    fn every_outcome_has_its_evidence() {
        #[rustfmt::skip]
        let cases = [
            (WORKING, None),
            (seen! {open: false}, Some(Completed)),
            (seen! {open: false, stop_requested: true}, Some(Completed)),
            (seen! {open: false, unsuccessful: true}, None),
            (seen! {open: false, unsuccessful: true, quiet: 5 * SECOND}, Some(FailedTasks)),
            (seen! {open: false, unsuccessful: true, agents: Agents::Gone}, Some(FailedTasks)),
            (seen! {stop_requested: true}, Some(Cancelled)),
            (seen! {agents: Agents::Cancelled}, Some(Cancelled)),
            (seen! {agents: Agents::Lost}, Some(Infra)),
            (seen! {agents: Agents::Failed}, Some(Infra)),
            (seen! {open: false, agents: Agents::Failed}, Some(Completed)),
            (seen! {agents: Agents::Gone}, Some(AgentsGone)),
            (seen! {agents: Agents::Gone, any_worker: false}, Some(NeverConnected)),
            (seen! {agents: Agents::OverBudget}, Some(Budget)),
            (seen! {over_budget: true, elapsed: LONG}, Some(Budget)),
            (seen! {open: false, agents: Agents::OverBudget, over_budget: true}, Some(Completed)),
            (seen! {agents: Agents::Gone, over_budget: true}, Some(AgentsGone)),
            (seen! {elapsed: LONG}, Some(Timeout)),
            (seen! {quiet: LONG, silent: LONG}, Some(Stalled)),
            (seen! {quiet: LONG}, None),
            (seen! {agents: Agents::Unknown, any_worker: false}, None),
        ];
        for (seen, expected) in cases {
            assert_eq!(outcome(&seen, &PATIENCE), expected, "{seen:?}");
        }
    }
}
