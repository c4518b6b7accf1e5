//! Workers that leave, are evicted, or lose a task to another: the host writes no row, or an incomplete one.
//!
//! The host evicts a worker that was silent for 300 s when the next server starts. The silence here is forged: `fades` sets
//! the worker's last heartbeat back in the database while no call is under way, and `replaces` starts a server.

use tg_tests::situation::{BARE, EITHER, Situation};

/// Metrics that need a worker's time of presence.
const WORK: &[&str] = &[
    "agent_utilization_pct",
    "avg_parallelism",
    "bound_efficiency",
    "coordination_overhead_pct",
    "critical_path_ms",
    "load_gini",
    "load_max_over_mean",
];

/// Metrics that need workers without work.
const IDLE: &[&str] = &["agent_utilization_pct", "load_gini", "load_max_over_mean"];

/// Metrics that need the time a task waited after its worker had left.
const QUEUE: &[&str] = &["coordination_overhead_pct", "dependency_wait_time_ms"];

#[test]
fn stolen() {
    Situation {
        plan: "root > a b",
        script: "
            w1 claims a
            w2 claims b
            w2 puts b completed
            !w2 claims a
            w2 steals a
            w2 waits
            w2 puts a completed",
        gaps: &[(
            EITHER,
            "",
            &[
                "handoffs",
                "load_gini",
                "load_max_over_mean",
                "worker_idle_time_ms",
            ],
        )],
        ..Situation::default()
    }
    .check();
}

#[test]
fn stolen_and_still_in_flight() {
    Situation {
        plan: "root > a b",
        script: "
            w1 claims a
            w2 claims b
            w2 puts b completed
            w2 steals a
            w2 waits
            w2 thinks a",
        gaps: &[(
            EITHER,
            "owner_changed",
            &[
                "handoffs",
                "load_gini",
                "load_max_over_mean",
                "worker_idle_time_ms",
            ],
        )],
        ..Situation::default()
    }
    .check();
}

#[test]
fn left_in_the_middle() {
    Situation {
        plan: "root > a b",
        script: "
            w1 claims a
            w1 thinks a
            w1 leaves
            w2 claims b
            w2 puts b completed
            w2 waits
            w2 claims a
            w2 puts a completed",
        gaps: &[
            (BARE, "open_ended_intervals", WORK),
            (BARE, "open_ended_intervals", &["peak_parallelism"]),
            (BARE, "open_ended_intervals", QUEUE),
            (BARE, "open_ended_intervals", &["pickup_latency_ms"]),
        ],
        ..Situation::default()
    }
    .check();
}

#[test]
fn left_and_not_continued() {
    Situation {
        plan: "root > a b",
        script: "
            w1 claims a
            w2 claims b
            w1 waits
            w1 leaves
            w2 puts b completed",
        gaps: &[
            (BARE, "open_ended_intervals", WORK),
            (BARE, "open_ended_intervals", &["peak_parallelism"]),
            (BARE, "open_ended_intervals", QUEUE),
        ],
        ..Situation::default()
    }
    .check();
}

#[test]
fn left_as_failed() {
    Situation {
        plan: "root > a b",
        script: "
            w1 claims a
            w2 claims b
            w1 waits
            w1 leaves failed
            w2 puts b completed",
        gaps: &[
            (BARE, "open_ended_intervals", WORK),
            (BARE, "open_ended_intervals", &["peak_parallelism"]),
        ],
        ..Situation::default()
    }
    .check();
}

/// The host writes no row when an assigned task loses its worker either.
#[test]
fn left_with_assigned_tasks() {
    Situation {
        workflow: "push",
        plan: "root > a b",
        script: "
            w1 connects
            w2 connects
            lead assigns a w1
            lead assigns b w2
            w2 claims b
            w1 leaves
            w2 waits
            w2 puts b completed
            lead assigns a w2
            w2 claims a
            w2 puts a completed",
        gaps: &[
            (BARE, "agents_unknown", IDLE),
            (
                BARE,
                "open_ended_intervals",
                &[
                    "assigned_wait_time_ms",
                    "dependency_wait_time_ms",
                    "ready_wait_time_ms",
                ],
            ),
        ],
        ..Situation::default()
    }
    .check();
}

#[test]
fn evicted_for_silence_and_taken_over() {
    Situation {
        plan: "root > a b",
        script: "
            w1 claims a
            w2 claims b
            w1 thinks a
            w2 puts b completed
            w1 fades
            w3 replaces w1
            !w1 puts a completed
            w3 claims a
            w3 puts a completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn evicted_with_assigned_tasks() {
    Situation {
        workflow: "push",
        plan: "root > a b",
        script: "
            w1 connects
            w2 connects
            lead assigns a w1
            lead assigns b w2
            w2 claims b
            w1 fades
            w3 replaces w1
            w2 puts b completed
            lead assigns a w3
            w3 claims a
            w3 puts a completed",
        gaps: &[(BARE, "agents_unknown", IDLE)],
        ..Situation::default()
    }
    .check();
}

#[test]
fn evicted_for_silence_and_not_continued() {
    Situation {
        plan: "root > a b",
        script: "
            w1 claims a
            w1 thinks a
            w2 claims b
            w1 fades
            w1 waits
            w3 replaces w1
            w2 puts b completed",
        gaps: &[
            (BARE, "open_ended_intervals", WORK),
            (BARE, "open_ended_intervals", &["peak_parallelism"]),
        ],
        ..Situation::default()
    }
    .check();
}

#[test]
fn expired_and_reconnected() {
    Situation {
        plan: "root > a b",
        script: "
            w1 claims a
            w2 claims b
            w1 reconnects
            w1 waits
            w1 claims a
            lead expires w1
            w2 puts b completed
            w2 waits
            w2 claims a
            w2 puts a completed",
        gaps: &[
            (EITHER, "open_ended_intervals", WORK),
            (EITHER, "open_ended_intervals", QUEUE),
            (
                EITHER,
                "open_ended_intervals",
                &["pickup_latency_ms", "worker_idle_time_ms"],
            ),
        ],
        ..Situation::default()
    }
    .check();
}

#[test]
fn idle_workers_are_known_from_our_tables_only() {
    Situation {
        plan: "root > a b _lock:git-commit",
        script: "
            w3 connects
            w1 claims a
            w1 puts a completed
            w1 claims _lock:git-commit
            w2 claims b
            w1 puts _lock:git-commit completed
            w2 puts b completed",
        gaps: &[(
            BARE,
            "agents_unknown",
            &["agent_utilization_pct", "load_gini", "load_max_over_mean"],
        )],
        ..Situation::default()
    }
    .check();
}
