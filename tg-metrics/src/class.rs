//! The classes of task states: with them, no metric depends on the names that a workflow gives to its states.

use tg_host::StateClasses;

/// The class of a state; [`StateClasses`] derives it from the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// New, or put back into the queue.
    Initial,
    /// Assigned to a worker, not started.
    Assigned,
    /// A worker works on the task.
    Timed,
    /// Ended well.
    Success,
    /// Ended as failed or cancelled.
    Failure,
    /// All other states, such as waiting for an answer.
    Parked,
}

impl Class {
    pub fn new(classes: &StateClasses, state: &str) -> Self {
        match classes.class(state) {
            "initial" => Self::Initial,
            "assigned" => Self::Assigned,
            "timed" => Self::Timed,
            "terminal" if classes.is_success(state) => Self::Success,
            "terminal" => Self::Failure,
            _ => Self::Parked,
        }
    }

    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failure)
    }

    /// True if the task waits for a worker to start it.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Initial | Self::Assigned)
    }
}
