//! The path of a task through a workflow's states: from new, over the states of work, to done.
//!
//! The rules decide it, not the names, so that kanban, sprint and a workflow of the user's own are played like the others:
//! it is the shortest path from the initial state that passes a timed state and ends in success.

use std::collections::{BTreeMap, VecDeque};
use tg_host::StateClasses;
use tg_host::states::{COMPLETED, FAILED, PENDING, WORKING};
use tg_host::workflow::Effective;

/// A task's states, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatePath {
    /// The initial state and all others before the work.
    pub waiting: Vec<String>,
    /// The states of work.
    pub timed: Vec<String>,
    /// The successful last state.
    pub success: String,
}

impl StatePath {
    /// The path under these rules; without rules, the host's default path. `None` if there is no path.
    pub fn shortest(rules: &Effective, classes: &StateClasses) -> Option<Self> {
        if rules.states.is_empty() {
            return Some(Self {
                waiting: vec![PENDING.into()],
                timed: vec![WORKING.into()],
                success: COMPLETED.into(),
            });
        }
        // Places of the search: a state, and whether a timed state was passed.
        let start = (rules.settings.initial_state.as_str(), false);
        let mut came_from = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(here @ (state, worked)) = open.pop_front() {
            if worked && classes.is_success(state) {
                return Some(Self::split(&walk_back(&came_from, here), classes));
            }
            if classes.is_terminal(state) {
                continue;
            }
            for exit in exits(rules, state) {
                let next = (exit.as_str(), worked || classes.timed.contains(exit));
                if next != start && !came_from.contains_key(&next) {
                    came_from.insert(next, here);
                    open.push_back(next);
                }
            }
        }
        None
    }

    fn split(states: &[&str], classes: &StateClasses) -> Self {
        let is_timed = |state: &&str| classes.timed.contains(*state);
        let first = states.iter().position(is_timed);
        let (waiting, rest) = states.split_at(first.unwrap_or(states.len()));
        let text = |state: &str| state.to_string();
        Self {
            waiting: waiting.iter().copied().map(text).collect(),
            timed: rest.iter().copied().filter(is_timed).map(text).collect(),
            success: states.last().copied().map(text).unwrap_or_default(),
        }
    }

    /// The state for unfinished work that leaves `state`: the earliest waiting state that `state` has an exit to.
    pub fn back(&self, rules: &Effective, state: &str) -> String {
        let exits = exits(rules, state);
        let back = self.waiting.iter().find(|waiting| exits.contains(waiting));
        let back = back.or(self.waiting.first());
        back.map_or(PENDING, String::as_str).into()
    }

    /// The state for failed work that leaves `state`.
    pub fn failed(rules: &Effective, classes: &StateClasses, state: &str) -> String {
        let is_failure = |exit: &&String| classes.is_terminal(exit) && !classes.is_success(exit);
        let ends = exits(rules, state).iter().filter(is_failure);
        let end = ends.max_by_key(|exit| *exit == FAILED);
        end.map_or(FAILED, String::as_str).into()
    }

    /// The share of a task's work that is done in the timed state number `index`: of several states the first (doing) has
    /// 85 %, the others (reviewing) the rest.
    pub fn share(&self, index: usize) -> f64 {
        match (self.timed.len(), index) {
            (0 | 1, _) => 1.0,
            (_, 0) => 0.85,
            (states, _) => 0.15 / (states - 1) as f64,
        }
    }
}

/// The states that `state` can be left for.
fn exits<'a>(rules: &'a Effective, state: &str) -> &'a [String] {
    let state = rules.states.get(state);
    state
        .map(|state| state.exits.as_slice())
        .unwrap_or_default()
}

fn walk_back<'a>(
    came_from: &BTreeMap<(&'a str, bool), (&'a str, bool)>,
    end: (&'a str, bool),
) -> Vec<&'a str> {
    let steps = std::iter::successors(Some(end), |here| came_from.get(here).copied());
    let mut states: Vec<&str> = steps.map(|(state, _)| state).collect();
    states.reverse();
    states
}

#[cfg(test)]
mod tests {
    use super::*;
    use tg_host::workflow::{Settings, WorkflowState};

    /// Rules from lines like `STATE: EXIT EXIT`; a `*` marks a timed state.
    fn rules(initial: &str, blocking: &str, states: &[&str]) -> Effective {
        let list = |names: &str| names.split_whitespace().map(String::from).collect();
        let states = states.iter().map(|line| {
            let (name, exits) = line.split_once(':').unwrap();
            let (exits, timed) = (list(exits), name.ends_with('*'));
            (
                name.trim_end_matches('*').into(),
                WorkflowState { exits, timed },
            )
        });
        Effective {
            settings: Settings {
                initial_state: initial.into(),
                disconnect_state: initial.into(),
                blocking_states: list(blocking),
            },
            states: states.collect(),
            ..Effective::default()
        }
    }

    #[test]
    fn kanban_goes_over_todo_and_review() {
        let rules = rules(
            "backlog",
            "backlog todo in_progress review",
            &[
                "backlog: todo cancelled",
                "todo: in_progress backlog cancelled",
                "in_progress*: review todo blocked cancelled",
                "review*: done in_progress todo",
                "blocked: in_progress todo",
                "done: backlog",
                "cancelled:",
            ],
        );
        let classes = StateClasses::new(&rules);
        let path = StatePath::shortest(&rules, &classes).unwrap();
        assert_eq!(path.waiting, ["backlog", "todo"]);
        assert_eq!(path.timed, ["in_progress", "review"]);
        assert_eq!(path.success, "done");
        assert_eq!(path.back(&rules, "in_progress"), "todo");
        let failed = StatePath::failed(&rules, &classes, "in_progress");
        assert_eq!(failed, tg_host::states::CANCELLED);
        assert!((path.share(0) + path.share(1) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_workflow_without_work_has_no_path() {
        let rules = rules("new", "new", &["new: over", "over:"]);
        assert_eq!(
            StatePath::shortest(&rules, &StateClasses::new(&rules)),
            None
        );
    }
}
