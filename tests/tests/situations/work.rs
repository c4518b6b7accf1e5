//! Work that goes on, fails, is done again or put back.

use tg_tests::situation::Situation;

#[test]
fn plain_work() {
    Situation {
        plan: "root > a b c d
            a -> c
            b => c
            a: 2 100
            b: 3 -
            c: - 100",
        script: "
            w1 claims a
            w2 claims b
            w1 logs a 0.25 1000 200 300
            w1 puts a completed
            w2 logs b 0.5 2000 100 0 7 1 2 3 4
            w1 claims d
            w1 puts d working
            !w1 claims c
            w2 puts b completed
            w2 claims c
            w1 puts d completed
            w2 puts c completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn redone_after_failure_and_after_success() {
    Situation {
        plan: "root > a b c
            a: 2 100
            b: 3 200
            c: 1 50",
        script: "
            w1 claims a
            w1 logs a 0.5 100 20
            w1 puts a failed
            lead puts a pending
            w2 claims a
            w2 puts a completed
            w1 claims b
            w1 puts b completed
            lead puts b pending
            w1 claims b
            w1 logs b 0.5 100 20
            w1 puts b completed
            w2 claims c
            w2 puts c completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn handed_back() {
    Situation {
        plan: "root > a b
            a: 2 100",
        script: "
            w1 claims a
            w1 puts a pending
            w2 claims b
            w2 puts b completed
            w2 claims a
            w2 puts a completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn several_at_once() {
    Situation {
        plan: "root > a b c",
        script: "
            w1 connects 0
            w1 claims a
            w1 claims b
            w2 claims c
            !w2 claims root
            w1 puts a completed
            w1 puts b completed
            w2 puts c completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn question_and_answer() {
    Situation {
        plan: "root > a b
            a -> b",
        script: "
            w1 claims a
            w1 puts a consult
            w2 claims b
            w1 puts a working
            w2 puts b completed
            w1 puts a completed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn started_after_a_failure() {
    Situation {
        plan: "root > a b c d
            a -> b
            c => d",
        script: "
            w1 claims a
            w1 puts a failed
            w2 claims b
            w2 puts b completed
            lead puts c cancelled
            w1 claims d
            w1 puts d failed",
        ..Situation::default()
    }
    .check();
}

#[test]
fn still_in_flight() {
    Situation {
        plan: "root > a b c d
            a -> b",
        script: "
            w1 claims a
            w2 claims c
            w1 puts a completed
            w2 logs c 0.5 100 20
            w1 claims b
            w2 puts c consult
            w1 logs b 0.5 100 20",
        ..Situation::default()
    }
    .check();
}

#[test]
fn tasks_made_on_the_way() {
    Situation {
        plan: "root > a b
            b => c
            late > c
            c: 3 100",
        script: "
            w1 claims a
            w1 puts a completed
            w1 claims b
            w1 puts b completed",
        ..Situation::default()
    }
    .check();
}
