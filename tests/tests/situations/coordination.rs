//! Workers that assign work, take it back, and work on it all the same.

use tg_tests::situation::{BARE, EITHER, FULL, Situation};

#[test]
fn push_assigns_takes_back_and_assigns_too_early() {
    Situation {
        workflow: "push",
        plan: "root > a b c
            a -> b",
        script: "
            w1 connects
            w2 connects
            lead assigns a w1
            lead assigns b w2
            w1 claims a
            w2 claims b
            lead assigns c w1
            w1 puts a completed
            lead puts c pending
            lead assigns c w2
            w2 puts b completed
            w2 claims c
            w2 puts c completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn push_assigns_again_by_force() {
    Situation {
        workflow: "push",
        plan: "root > a b",
        script: "
            w1 connects
            w2 connects
            lead assigns a w1
            w1 waits
            lead reassigns a w2
            lead reassigns a w2
            w2 claims a
            w2 puts a completed
            w2 claims b
            w2 puts b completed",
        // The host writes no row of the second assignment.
        gaps: &[
            (
                BARE,
                "agents_unknown",
                &["agent_utilization_pct", "load_gini", "load_max_over_mean"],
            ),
            (
                EITHER,
                "owner_changed",
                &["pickup_latency_ms", "reassignments"],
            ),
            (FULL, "owner_changed", &["coordinator_decisions"]),
        ],
        ..Situation::default()
    }
    .check();
}

#[test]
fn push_assigned_task_is_taken_by_another() {
    Situation {
        workflow: "push",
        plan: "root > a b",
        script: "
            w1 connects
            w2 connects
            lead assigns a w1
            lead assigns b w1
            w1 claims b
            !w2 claims a
            w2 steals a
            w2 puts a completed
            w1 puts b completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn lead_works_too() {
    Situation {
        plan: "root > a b c",
        script: "
            lead claims a
            w1 claims b
            lead puts a completed
            w1 puts b completed
            w1 claims c
            w1 puts c completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn hierarchical_lead_holds_the_root() {
    Situation {
        workflow: "hierarchical",
        plan: "root > g h
            g > a b
            h > c",
        script: "
            w1 connects
            w3 connects
            lead claims root
            lead assigns g w1
            w1 claims a
            w1 puts a completed
            w1 claims b
            w1 puts b completed
            w2 claims c
            w2 puts c completed",
        // Without our tables the lead's role and the presence of w3 are unknown.
        gaps: &[(
            BARE,
            "agents_unknown",
            &[
                "active_work_time_ms",
                "agent_utilization_pct",
                "avg_parallelism",
                "bound_efficiency",
                "coordination_overhead_pct",
                "critical_path_ms",
                "first_claim_to_done_ms",
                "load_gini",
                "load_max_over_mean",
                "peak_parallelism",
                "pickup_latency_ms",
                "ready_wait_time_ms",
                "tasks_per_hour",
                "total_task_latency_ms",
            ],
        )],
        ..Situation::default()
    }
    .check();
}
