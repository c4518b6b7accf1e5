//! What a state means, by rule and not by name, so that every workflow is measured alike.
//!
//! | class | rule |
//! |---|---|
//! | initial | the workflow's initial state |
//! | assigned | blocking, not timed, not initial |
//! | timed | time in it is work |
//! | terminal | not blocking, not timed, every exit leads back to the initial state, to the built-in one, or nowhere |
//! | parked | the rest |
//!
//! The built-in `completed` and `failed` stay beside the states of kanban and sprint, and lead back to the built-in `pending`.
//! Success is a terminal state not named failed or cancelled.

use crate::workflow::Effective;
use std::collections::{BTreeMap, BTreeSet};

/// The initial state that is built into the host.
const NEW: &str = "pending";

/// The states of a workflow by class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateClasses {
    /// The state of a new task.
    pub initial: BTreeSet<String>,
    /// Given to somebody, not begun.
    pub assigned: BTreeSet<String>,
    /// Being worked on.
    pub timed: BTreeSet<String>,
    /// Over, well or badly.
    pub terminal: BTreeSet<String>,
    /// Holding dependents back; across the classes above.
    pub blocking: BTreeSet<String>,
    /// The states that each state can be left for; empty where the workflow is not known.
    pub exits: BTreeMap<String, BTreeSet<String>>,
}

impl StateClasses {
    /// The classes of a workflow.
    pub fn of(workflow: &Effective) -> Self {
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
            if state.timed {
                classes.timed.insert(name.clone());
            } else if name != initial && blocking {
                classes.assigned.insert(name.clone());
            } else if !blocking
                && state
                    .exits
                    .iter()
                    .all(|exit| exit == initial || exit == NEW)
            {
                classes.terminal.insert(name.clone());
            }
        }
        classes
    }

    /// The classes of the shipped workflows' known names, for a database that does not say its workflow.
    pub fn shipped() -> Self {
        let set = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Self {
            initial: set(&["pending", "backlog"]),
            assigned: set(&["assigned", "todo", "planned"]),
            timed: set(&["working", "in_progress", "active", "review"]),
            terminal: set(&["completed", "failed", "cancelled", "done"]),
            blocking: set(&[
                "pending",
                "assigned",
                "working",
                "backlog",
                "todo",
                "in_progress",
                "planned",
                "active",
                "review",
            ]),
            exits: BTreeMap::new(),
        }
    }

    /// Whether a row of state `to` can follow right after one of state `from`. Where the workflow is not known: not the same
    /// state twice, and no assignment of what is being worked on, which none of the shipped workflows knows.
    pub fn follows(&self, from: &str, to: &str) -> bool {
        match self.exits.get(from) {
            Some(exits) => exits.contains(to),
            None => from != to && (from, to) != ("working", "assigned"),
        }
    }

    /// Whether a task in `state` is over.
    pub fn is_terminal(&self, state: &str) -> bool {
        self.terminal.contains(state)
    }

    /// Whether a task in `state` is over, and well.
    pub fn is_success(&self, state: &str) -> bool {
        self.is_terminal(state) && !matches!(state, "failed" | "cancelled")
    }

    /// Whether a task in `state` waits for somebody to begin.
    pub fn is_waiting(&self, state: &str) -> bool {
        self.initial.contains(state) || self.assigned.contains(state)
    }

    /// The class of `state`, as a word.
    pub fn class(&self, state: &str) -> &'static str {
        let classes = [
            (&self.initial, "initial"),
            (&self.assigned, "assigned"),
            (&self.timed, "timed"),
            (&self.terminal, "terminal"),
        ];
        classes
            .iter()
            .find(|(set, _)| set.contains(state))
            .map_or("parked", |(_, name)| name)
    }
}
