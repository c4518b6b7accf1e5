//! The way of a task through a workflow's states: from new, over where work is done, to done.
//!
//! Found in the rules, not by name, so that kanban, sprint and a workflow of the user's own are played like the others:
//! the shortest way from the initial state that passes a timed state and ends in success.

use std::collections::{BTreeMap, VecDeque};
use tg_host::StateClasses;
use tg_host::workflow::Effective;

/// A task's states in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// From the initial state on, those in which nobody works.
    pub waiting: Vec<String>,
    /// Those in which work is done, in order.
    pub timed: Vec<String>,
    /// Where it ends well.
    pub success: String,
}

/// The way under these rules; without rules, the host's usual one. `None` where there is none.
pub fn find(rules: &Effective, classes: &StateClasses) -> Option<Path> {
    if rules.states.is_empty() {
        let usual = |state: &str| vec![state.to_string()];
        return Some(Path {
            waiting: usual("pending"),
            timed: usual("working"),
            success: "completed".into(),
        });
    }
    let start = (rules.settings.initial_state.clone(), false);
    let mut came_from: BTreeMap<(String, bool), (String, bool)> = BTreeMap::new();
    let mut open = VecDeque::from([start.clone()]);
    while let Some(here) = open.pop_front() {
        let (state, worked) = &here;
        if *worked && classes.is_success(state) {
            return Some(split(&walk_back(&came_from, &here), classes));
        }
        if classes.is_terminal(state) {
            continue;
        }
        for exit in rules
            .states
            .get(state)
            .into_iter()
            .flat_map(|state| &state.exits)
        {
            let next = (exit.clone(), *worked || classes.timed.contains(exit));
            if next != start && !came_from.contains_key(&next) {
                came_from.insert(next.clone(), here.clone());
                open.push_back(next);
            }
        }
    }
    None
}

fn walk_back(
    came_from: &BTreeMap<(String, bool), (String, bool)>,
    end: &(String, bool),
) -> Vec<String> {
    let mut states = vec![end.0.clone()];
    let mut here = end;
    while let Some(before) = came_from.get(here) {
        states.push(before.0.clone());
        here = before;
    }
    states.reverse();
    states
}

fn split(states: &[String], classes: &StateClasses) -> Path {
    let is_timed = |state: &&String| classes.timed.contains(*state);
    let first = states
        .iter()
        .position(|state| classes.timed.contains(state))
        .unwrap_or(states.len());
    Path {
        waiting: states[..first].to_vec(),
        timed: states[first..].iter().filter(is_timed).cloned().collect(),
        success: states.last().cloned().unwrap_or_default(),
    }
}

impl Path {
    /// Where unfinished work is put back to from `state`: the earliest waiting state it may leave for.
    pub fn back(&self, rules: &Effective, state: &str) -> String {
        let exits = rules
            .states
            .get(state)
            .map(|state| state.exits.as_slice())
            .unwrap_or_default();
        let back = self.waiting.iter().find(|waiting| exits.contains(waiting));
        back.or(self.waiting.first())
            .cloned()
            .unwrap_or_else(|| "pending".into())
    }

    /// Where failed work goes from `state`.
    pub fn failed(rules: &Effective, classes: &StateClasses, state: &str) -> String {
        let exits = rules
            .states
            .get(state)
            .map(|state| state.exits.as_slice())
            .unwrap_or_default();
        let ends = exits
            .iter()
            .filter(|exit| classes.is_terminal(exit) && !classes.is_success(exit));
        ends.max_by_key(|exit| *exit == "failed")
            .cloned()
            .unwrap_or_else(|| "failed".into())
    }

    /// The share of a task's work that is done in the timed state number `index`: where there are several, the first
    /// (doing) has 85 %, the others (reviewing) the rest.
    pub fn share(&self, index: usize) -> f64 {
        match (self.timed.len(), index) {
            (0 | 1, _) => 1.0,
            (_, 0) => 0.85,
            (states, _) => 0.15 / (states - 1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tg_host::workflow::{Settings, State};

    fn rules(initial: &str, blocking: &[&str], states: &[(&str, &[&str], bool)]) -> Effective {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Effective {
            settings: Settings {
                initial_state: initial.into(),
                disconnect_state: initial.into(),
                blocking_states: list(blocking),
            },
            states: states
                .iter()
                .map(|(name, exits, timed)| {
                    (
                        (*name).into(),
                        State {
                            exits: list(exits),
                            timed: *timed,
                        },
                    )
                })
                .collect(),
            ..Effective::default()
        }
    }

    #[test]
    fn kanban_goes_over_todo_and_review() {
        let rules = rules(
            "backlog",
            &["backlog", "todo", "in_progress", "review"],
            &[
                ("backlog", &["todo", "cancelled"], false),
                ("todo", &["in_progress", "backlog", "cancelled"], false),
                (
                    "in_progress",
                    &["review", "todo", "blocked", "cancelled"],
                    true,
                ),
                ("review", &["done", "in_progress", "todo"], true),
                ("blocked", &["in_progress", "todo"], false),
                ("done", &["backlog"], false),
                ("cancelled", &[], false),
            ],
        );
        let path = find(&rules, &StateClasses::of(&rules)).unwrap();
        assert_eq!(path.waiting, ["backlog", "todo"]);
        assert_eq!(path.timed, ["in_progress", "review"]);
        assert_eq!(path.success, "done");
        assert_eq!(path.back(&rules, "in_progress"), "todo");
        assert_eq!(
            Path::failed(&rules, &StateClasses::of(&rules), "in_progress"),
            "cancelled"
        );
        assert!((path.share(0) + path.share(1) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_workflow_without_work_has_no_way() {
        let rules = rules(
            "new",
            &["new"],
            &[("new", &["over"], false), ("over", &[], false)],
        );
        assert_eq!(find(&rules, &StateClasses::of(&rules)), None);
    }
}
