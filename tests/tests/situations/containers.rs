//! Containers that end with what is in them, and tasks that are taken away.

use tg_tests::situation::{EITHER, Situation};

#[test]
fn rolled_up_and_reopened_below() {
    Situation {
        plan: "root > g d
            g > a b
            g -> d",
        script: "
            w1 claims a
            w2 claims b
            w1 puts a completed
            !w1 claims d
            w2 puts b completed
            w1 claims d
            w1 puts d completed
            lead puts a pending
            w1 claims a
            w1 puts a completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn rolled_up_over_a_failure_and_a_question() {
    Situation {
        plan: "root > g d
            g > a b
            g -> d",
        script: "
            w1 claims a
            w1 puts a failed
            !w2 claims d
            w1 claims b
            w1 puts b consult
            w2 claims d
            w2 puts d completed
            w1 claims b
            w1 puts b completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn container_completed_over_open_children() {
    Situation {
        plan: "root > g d
            g > a b",
        script: "
            w1 claims g
            w2 claims a
            w1 puts g completed
            w2 puts a completed
            w1 claims d
            w1 puts d completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn container_in_work_rolled_up() {
    Situation {
        plan: "root > g d
            g > a b",
        script: "
            w3 claims g
            w1 claims a
            w2 claims b
            w1 puts a completed
            w2 puts b completed
            w1 claims d
            w1 puts d completed",
        ..Situation::default()
    }
    .check();
}

/// Between rollup and reopening it was not worked on; `tg-metrics` counts that time as work.
#[test]
fn container_reopened_after_its_rollup() {
    Situation {
        plan: "root > g d
            g > a b",
        script: "
            w3 claims g
            w1 claims a
            w2 claims b
            w1 puts a completed
            w2 puts b completed
            w1 claims d
            w1 puts d completed
            lead puts g pending
            w3 claims g
            w3 puts g completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn cancelled_with_all_below() {
    Situation {
        plan: "root > g d
            g > a b c",
        script: "
            w1 claims a
            w2 claims b
            w2 puts b completed
            lead cascades g
            w2 claims d
            w1 puts a completed
            w2 puts d completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn deleted() {
    Situation {
        plan: "root > a b c d",
        script: "
            w1 claims a
            w1 logs a 1.5 100 20
            w1 puts a completed
            lead deletes a
            lead deletes b
            w1 claims c
            lead deletes c force
            w1 puts c completed
            w1 claims d
            w1 puts d completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn deleted_with_all_below() {
    Situation {
        plan: "root > g d
            g > a h
            h > b",
        script: "
            w1 claims a
            w1 logs a 1.5 100 20
            w1 puts a completed
            lead deletes g cascade
            w1 claims d
            w1 puts d completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn obliterated() {
    Situation {
        plan: "root > a b c",
        script: "
            w1 claims a
            w1 logs a 1.5 100 20
            w1 puts a completed
            w1 claims b
            w1 logs b 0.5 100 20
            w1 puts b completed
            lead obliterates a
            w1 claims c
            w1 puts c completed",
        // The cost logged on it is deleted with the task.
        gaps: &[(
            EITHER,
            "tasks_obliterated",
            &[
                "total_cost_usd",
                "cost_per_task",
                "metric_0",
                "metric_1",
                "tokens_total",
                "tokens_per_completed_task",
            ],
        )],
        ..Situation::default()
    }
    .check();
}
