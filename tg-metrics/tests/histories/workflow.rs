//! The workflows of generated histories, with the exits that the host 0.5.0 gives their states.

use serde_json::{Map, Value, json};

/// A state, its exits, and true if time in it is work.
type State = (&'static str, &'static [&'static str], bool);

/// A workflow in force at the host; the built-in states stay defined beside its own.
#[derive(Debug)]
pub struct Workflow {
    pub states: &'static [State],
    /// The first is the state of new tasks, the second that of assigned tasks.
    pub blocking: &'static [&'static str],
    /// The state of a task that ended well.
    pub success: &'static str,
    /// True if the host completes containers by itself.
    pub has_rollup: bool,
    /// True if the names alone determine the classes, so that the configuration need not be stored.
    pub is_shipped: bool,
}

/// Swarm, push and hierarchical alike; relay too; kanban; sprint; one with its own names.
pub const WORKFLOWS: [Workflow; 4] = [
    Workflow {
        states: &[
            ("pending", &["assigned", "working", "cancelled"], false),
            ("assigned", &["working", "pending", "cancelled"], false),
            (
                "working",
                &["completed", "failed", "pending", "consult"],
                true,
            ),
            ("consult", &["working", "pending", "cancelled"], false),
            ("completed", &["pending"], false),
            ("failed", &["pending"], false),
            ("cancelled", &[], false),
        ],
        blocking: &["pending", "assigned", "working"],
        success: "completed",
        has_rollup: true,
        is_shipped: true,
    },
    Workflow {
        states: &[
            ("backlog", &["todo", "cancelled"], false),
            ("todo", &["in_progress", "backlog", "cancelled"], false),
            (
                "in_progress",
                &["review", "todo", "blocked", "cancelled"],
                true,
            ),
            ("review", &["done", "in_progress", "todo"], true),
            (
                "blocked",
                &["in_progress", "todo", "backlog", "cancelled"],
                false,
            ),
            ("done", &["backlog"], false),
            ("cancelled", &[], false),
            ("pending", &["assigned", "working", "cancelled"], false),
            ("assigned", &["working", "pending", "cancelled"], false),
            ("working", &["completed", "failed", "pending"], true),
            ("completed", &["pending"], false),
            ("failed", &["pending"], false),
        ],
        blocking: &["backlog", "todo", "in_progress", "review"],
        success: "done",
        has_rollup: false,
        is_shipped: true,
    },
    Workflow {
        states: &[
            ("backlog", &["planned", "cancelled"], false),
            ("planned", &["active", "backlog", "cancelled"], false),
            (
                "active",
                &["review", "planned", "blocked", "cancelled"],
                true,
            ),
            ("review", &["done", "active", "planned"], true),
            (
                "blocked",
                &["active", "planned", "backlog", "cancelled"],
                false,
            ),
            ("done", &["backlog"], false),
            ("cancelled", &[], false),
        ],
        blocking: &["backlog", "planned", "active", "review"],
        success: "done",
        has_rollup: false,
        is_shipped: true,
    },
    Workflow {
        states: &[
            ("offen", &["vergeben", "dran", "cancelled"], false),
            ("vergeben", &["dran", "offen"], false),
            (
                "dran",
                &["pruefung", "fertig", "frage", "offen", "failed"],
                true,
            ),
            ("pruefung", &["fertig", "dran", "failed"], true),
            ("frage", &["dran", "offen"], false),
            ("fertig", &["offen"], false),
            ("failed", &["offen"], false),
            ("cancelled", &[], false),
        ],
        blocking: &["offen", "vergeben", "dran", "pruefung"],
        success: "fertig",
        has_rollup: true,
        is_shipped: false,
    },
];

impl Workflow {
    /// The state of new tasks, and of tasks whose worker left.
    pub fn initial(&self) -> &'static str {
        self.blocking[0]
    }

    /// The state of assigned tasks.
    pub fn assigned(&self) -> &'static str {
        self.blocking[1]
    }

    fn state(&self, name: &str) -> &'static State {
        self.states.iter().find(|state| state.0 == name).unwrap()
    }

    /// The states that may follow.
    pub fn exits(&self, name: &str) -> &'static [&'static str] {
        self.state(name).1
    }

    /// True if time in it is work.
    pub fn is_timed(&self, name: &str) -> bool {
        self.state(name).2
    }

    /// True if it blocks dependents.
    pub fn is_blocking(&self, name: &str) -> bool {
        self.blocking.contains(&name)
    }

    /// The configuration as it is stored with a run.
    pub fn config(&self) -> Value {
        let states = self.states.iter();
        let states: Map<String, Value> = states
            .map(|(name, exits, timed)| ((*name).into(), json!({"exits": exits, "timed": timed})))
            .collect();
        let settings = json!({"initial_state": self.initial(), "disconnect_state": self.initial(),
                              "blocking_states": self.blocking});
        json!({"host_version": "0.5.0", "effective": {"settings": settings, "states": states}})
    }
}
