//! When a run is over, as a pure function of what was seen.

use std::time::Duration;

/// What was seen of a run at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Some task is not over.
    pub open: bool,
    /// Some task is over, and badly; not asked while some task is open.
    pub unsuccessful: bool,
    /// The agents are known to have gone.
    pub agents: Agents,
    /// Some agent was ever seen at the host.
    pub any_worker: bool,
    /// Since the last change in the database.
    pub quiet: Duration,
    /// Since the last change in the database or call of an agent to the host, whatever it asked.
    pub silent: Duration,
    /// Since the launch.
    pub elapsed: Duration,
    /// A budget is spent.
    pub over_budget: bool,
    /// We were told to stop.
    pub told_to_stop: bool,
}

/// What is known of the agents' processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agents {
    /// Nobody of ours started them, so nobody knows.
    Unknown,
    /// The launcher is there.
    Live,
    /// All ended by themselves, or were ended because they never registered.
    Gone,
    /// All ended, and some because a budget was spent.
    Spent,
    /// The launcher ended them because it was told to stop.
    Cancelled,
    /// The launcher went without saying how its agents ended.
    Lost,
    /// All ended, and some of what is no doing of theirs: a refused login or quota, a full disk.
    Failed,
}

/// When to give up.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Since the launch.
    pub timeout: Duration,
    /// Without any change or call.
    pub stall: Duration,
    /// With failed tasks, without any change.
    pub settle: Duration,
}

/// The outcome, if the run is over.
pub fn outcome(seen: &Seen, patience: &Patience) -> Option<&'static str> {
    let ended = matches!(
        seen.agents,
        Agents::Gone | Agents::Spent | Agents::Cancelled | Agents::Lost | Agents::Failed
    );
    if !seen.open && !seen.unsuccessful {
        return Some("completed");
    }
    if !seen.open && (ended || seen.quiet >= patience.settle) {
        return Some("failed_tasks");
    }
    match seen.agents {
        _ if seen.told_to_stop => Some("cancelled"),
        Agents::Cancelled => Some("cancelled"),
        Agents::Lost | Agents::Failed => Some("infra"),
        Agents::Spent => Some("budget"),
        Agents::Gone if seen.any_worker => Some("agents_gone"),
        Agents::Gone => Some("never_connected"),
        _ if seen.over_budget => Some("budget"),
        _ if seen.elapsed >= patience.timeout => Some("timeout"),
        _ if seen.silent >= patience.stall => Some("stalled"),
        _ => None,
    }
}

/// How long until the clock alone may end the run.
pub fn patience_left(seen: &Seen, patience: &Patience) -> Duration {
    let timeout = patience.timeout.saturating_sub(seen.elapsed);
    let stall = patience.stall.saturating_sub(seen.silent);
    let settle = patience.settle.saturating_sub(seen.quiet);
    let left = timeout.min(stall);
    if seen.open { left } else { left.min(settle) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PATIENCE: Patience = Patience {
        timeout: Duration::from_mins(1),
        stall: Duration::from_secs(20),
        settle: Duration::from_secs(5),
    };
    const WORKING: Seen = Seen {
        open: true,
        unsuccessful: false,
        agents: Agents::Live,
        any_worker: true,
        quiet: SECOND,
        silent: SECOND,
        elapsed: SECOND,
        over_budget: false,
        told_to_stop: false,
    };

    #[test]
    fn the_clock_alone_ends_a_run_when_no_patience_is_left() {
        let failed = Seen {
            open: false,
            unsuccessful: true,
            ..WORKING
        };
        for mut seen in [WORKING, failed] {
            let left = patience_left(&seen, &PATIENCE);
            let pass = |seen: &mut Seen, time| {
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
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn every_outcome_has_its_evidence() {
        let long = Duration::from_secs(100);
        let cases = [
            (WORKING, None),
            (
                Seen {
                    open: false,
                    ..WORKING
                },
                Some("completed"),
            ),
            (
                Seen {
                    open: false,
                    told_to_stop: true,
                    ..WORKING
                },
                Some("completed"),
            ),
            (
                Seen {
                    open: false,
                    unsuccessful: true,
                    ..WORKING
                },
                None,
            ),
            (
                Seen {
                    open: false,
                    unsuccessful: true,
                    quiet: 5 * SECOND,
                    ..WORKING
                },
                Some("failed_tasks"),
            ),
            (
                Seen {
                    open: false,
                    unsuccessful: true,
                    agents: Agents::Gone,
                    ..WORKING
                },
                Some("failed_tasks"),
            ),
            (
                Seen {
                    told_to_stop: true,
                    ..WORKING
                },
                Some("cancelled"),
            ),
            (
                Seen {
                    agents: Agents::Cancelled,
                    ..WORKING
                },
                Some("cancelled"),
            ),
            (
                Seen {
                    agents: Agents::Lost,
                    ..WORKING
                },
                Some("infra"),
            ),
            (
                Seen {
                    agents: Agents::Failed,
                    ..WORKING
                },
                Some("infra"),
            ),
            (
                Seen {
                    open: false,
                    agents: Agents::Failed,
                    ..WORKING
                },
                Some("completed"),
            ),
            (
                Seen {
                    agents: Agents::Gone,
                    ..WORKING
                },
                Some("agents_gone"),
            ),
            (
                Seen {
                    agents: Agents::Gone,
                    any_worker: false,
                    ..WORKING
                },
                Some("never_connected"),
            ),
            (
                Seen {
                    agents: Agents::Spent,
                    ..WORKING
                },
                Some("budget"),
            ),
            (
                Seen {
                    over_budget: true,
                    elapsed: long,
                    ..WORKING
                },
                Some("budget"),
            ),
            (
                Seen {
                    open: false,
                    agents: Agents::Spent,
                    over_budget: true,
                    ..WORKING
                },
                Some("completed"),
            ),
            (
                Seen {
                    agents: Agents::Gone,
                    over_budget: true,
                    ..WORKING
                },
                Some("agents_gone"),
            ),
            (
                Seen {
                    elapsed: long,
                    ..WORKING
                },
                Some("timeout"),
            ),
            (
                Seen {
                    quiet: long,
                    silent: long,
                    ..WORKING
                },
                Some("stalled"),
            ),
            (
                Seen {
                    quiet: long,
                    ..WORKING
                },
                None,
            ),
            (
                Seen {
                    agents: Agents::Unknown,
                    any_worker: false,
                    ..WORKING
                },
                None,
            ),
        ];
        for (seen, expected) in cases {
            assert_eq!(outcome(&seen, &PATIENCE), expected, "{seen:?}");
        }
    }
}
