//! The states of tasks: their names at the host, and their classes by rule, so that every workflow is measured alike.
//!
//! | class | rule |
//! |---|---|
//! | initial | the workflow's initial state |
//! | assigned | blocking, not timed, not initial |
//! | timed | time in it is work |
//! | terminal | not blocking, not timed, every exit leads back to the initial state, to the built-in one, or nowhere |
//! | parked | the rest |
//!
//! The built-in `completed` and `failed` exist beside the states of kanban and sprint, and lead back to the built-in `pending`.
//! Success is a terminal state not named failed or cancelled.

use crate::workflow::effective::Effective;
use std::collections::{BTreeMap, BTreeSet};

/// The initial state that is built into the host.
pub const PENDING: &str = "pending";
/// Built in: assigned to a worker, not started.
pub const ASSIGNED: &str = "assigned";
/// Built in: in progress.
pub const WORKING: &str = "working";
/// Built in: ended with success.
pub const COMPLETED: &str = "completed";
/// Built in: ended without success.
pub const FAILED: &str = "failed";
/// Built in: given up.
pub const CANCELLED: &str = "cancelled";
/// The state in which a task is worked on, in host 0.1 and in some workflows.
pub const IN_PROGRESS: &str = "in_progress";

/// The states of the shipped workflows by class: initial, assigned, timed, terminal.
const SHIPPED: [&[&str]; 4] = [
    &[PENDING, "backlog"],
    &[ASSIGNED, "todo", "planned"],
    &[WORKING, IN_PROGRESS, "active", "review"],
    &[COMPLETED, FAILED, CANCELLED, "done"],
];

/// The classes shown to users, as [`StateClasses::shown_class`] returns them, the most advanced first.
pub(crate) const SHOWN_CLASSES: [&str; 6] = [
    "success", "failure", "timed", "assigned", "parked", "waiting",
];

/// The states of a workflow by class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateClasses {
    /// The state of a new task.
    pub initial: BTreeSet<String>,
    /// Assigned but not started.
    pub assigned: BTreeSet<String>,
    /// In progress.
    pub timed: BTreeSet<String>,
    /// Over, with or without success.
    pub terminal: BTreeSet<String>,
    /// States that block dependents; independent of the classes above.
    pub blocking: BTreeSet<String>,
    /// The exits of each state; empty if the workflow is unknown.
    pub exits: BTreeMap<String, BTreeSet<String>>,
}

impl StateClasses {
    /// Sorts the states of a workflow into classes.
    pub fn new(workflow: &Effective) -> Self {
        let initial = &workflow.settings.initial_state;
        let mut classes = Self {
            initial: BTreeSet::from([initial.clone()]),
            blocking: workflow.settings.blocking_states.iter().cloned().collect(),
            ..Self::default()
        };
        for (name, state) in &workflow.states {
            let exits = state.exits.iter().cloned().collect();
            classes.exits.insert(name.clone(), exits);
            let blocking = classes.blocking.contains(name);
            let mut exits = state.exits.iter();
            if state.timed {
                classes.timed.insert(name.clone());
            } else if name != initial && blocking {
                classes.assigned.insert(name.clone());
            } else if !blocking && exits.all(|exit| exit == initial || exit == PENDING) {
                classes.terminal.insert(name.clone());
            }
        }
        classes
    }

    /// The classes of the names that the shipped workflows use, for a database that does not name its workflow.
    pub fn shipped() -> Self {
        let [initial, assigned, timed, terminal] =
            SHIPPED.map(|names| names.iter().map(ToString::to_string).collect());
        let blocking = SHIPPED[..3].concat();
        Self {
            initial,
            assigned,
            timed,
            terminal,
            blocking: blocking.into_iter().map(String::from).collect(),
            exits: BTreeMap::new(),
        }
    }

    /// True if a row of state `to` can follow directly after one of state `from`. If the workflow is unknown: any two
    /// different states, except that work in progress is not assigned again, which no shipped workflow allows.
    pub fn follows(&self, from: &str, to: &str) -> bool {
        match self.exits.get(from) {
            Some(exits) => exits.contains(to),
            None => from != to && (from, to) != (WORKING, ASSIGNED),
        }
    }

    /// True if a task in `state` is over.
    pub fn is_terminal(&self, state: &str) -> bool {
        self.terminal.contains(state)
    }

    /// True if a task in `state` ended with success.
    pub fn is_success(&self, state: &str) -> bool {
        self.is_terminal(state) && ![FAILED, CANCELLED].contains(&state)
    }

    /// True if work on a task in `state` has not started.
    pub fn is_waiting(&self, state: &str) -> bool {
        self.initial.contains(state) || self.assigned.contains(state)
    }

    /// The name of the class of `state`.
    pub fn class(&self, state: &str) -> &'static str {
        let classes = [
            (&self.initial, "initial"),
            (&self.assigned, "assigned"),
            (&self.timed, "timed"),
            (&self.terminal, "terminal"),
        ];
        let class = classes.iter().find(|(set, _)| set.contains(state));
        class.map_or("parked", |(_, name)| name)
    }

    /// The class of `state` as shown to users: `waiting` for initial states, `success` or `failure` for terminal ones.
    pub(crate) fn shown_class(&self, state: &str) -> &'static str {
        match self.class(state) {
            "terminal" if self.is_success(state) => "success",
            "terminal" => "failure",
            "initial" => "waiting",
            other => other,
        }
    }
}
