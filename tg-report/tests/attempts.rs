//! Attempts are counted, arms keep the manifest's order; arms that were not interleaved in time and confounders are named.

mod common;

use common::{json_of, lines, report, run, with};
use serde_json::{Value, json};

fn timed(arm: &str, replicate: u32, started_at_ms: i64) -> Value {
    let own = run(arm, replicate, json!({"wall_clock_time_ms": 10}));
    with(
        own,
        "/launch",
        json!({"started_at_ms": started_at_ms, "side_by_side": 1}),
    )
}

#[test]
fn of_two_attempts_the_newer_counts_and_both_are_counted() {
    let made = |record: Value, ms: i64| with(record, "/instantiate", json!({"created_at_ms": ms}));
    let first = with(
        run("a", 1, json!({"wall_clock_time_ms": null})),
        "/wait/outcome",
        json!("infra"),
    );
    let first = made(with(first, "/run/attempt", json!(1)), 1);
    let second = with(
        run("a", 1, json!({"wall_clock_time_ms": 10})),
        "/run/attempt",
        json!(3),
    );
    let second = made(
        with(second, "/run/earlier", json!(["infra", "completed"])),
        2,
    );
    for input in [[first.clone(), second.clone()], [second, first]] {
        let input = lines(
            &[
                &input[..],
                &[run("b", 1, json!({"wall_clock_time_ms": 10}))],
            ]
            .concat(),
        );
        let out = report(&[], &input).out;
        assert!(
            out.contains("a: 3 attempts at 1 run, the machinery failed in 1; earlier ones ended as 1 completed, 1 infra"),
            "{out}"
        );
        assert!(
            !out.contains("b: 1 attempt") && !out.contains("more than once"),
            "{out}"
        );
        let report = json_of(&[], &input);
        assert_eq!(
            report["arms"][0]["attempts"],
            json!({"made": 3, "machinery": 1})
        );
        assert_eq!(
            report["arms"][1]["attempts"],
            json!({"made": 1, "machinery": 0})
        );
        for format in ["markdown", "html"] {
            assert!(
                common::report(&["--format", format], &input)
                    .out
                    .contains("3 attempts at 1 run")
            );
        }
    }
}

#[test]
fn without_a_second_attempt_nothing_is_said() {
    let out = report(
        &[],
        &lines(&[run("a", 1, json!({})), run("b", 1, json!({}))]),
    )
    .out;
    assert!(!out.contains("attempt"), "{out}");
}

#[test]
fn arms_stand_in_the_manifests_order() {
    let of = |arm| {
        let own = run(arm, 1, json!({"wall_clock_time_ms": 10}));
        with(own, "/run/report", json!({"arms": ["z", "m", "a"]}))
    };
    let report = json_of(&[], &lines(&[of("a"), of("z"), of("m")]));
    let names: Vec<&Value> = report["arms"]
        .as_array()
        .map(|arms| arms.iter().map(|arm| &arm["arm"]).collect())
        .unwrap_or_default();
    assert_eq!(names, ["z", "m", "a"], "and the first is the baseline");
}

#[test]
fn arms_that_were_run_one_after_the_other_are_named() {
    let apart = [
        timed("a", 1, 1),
        timed("a", 2, 2),
        timed("b", 1, 3),
        timed("b", 2, 4),
    ];
    let out = report(&[], &lines(&apart)).out;
    let flat = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("looks like a difference: b was run after a"),
        "{out}"
    );
    let blocks = [
        timed("a", 1, 1),
        timed("b", 1, 2),
        timed("a", 2, 3),
        timed("b", 2, 4),
    ];
    let out = report(&[], &lines(&blocks)).out;
    assert!(!out.contains("interleaved"), "{out}");
    let single = [timed("a", 1, 1), timed("b", 1, 2)];
    assert!(!report(&[], &lines(&single)).out.contains("interleaved"));
}

#[test]
fn what_was_not_held_constant_is_named_with_its_runs() {
    let base = |arm, replicate| {
        let provenance = json!({
            "tg": "0.1.0",
            "host": {"program": "task-graph-mcp", "version": "0.5.0", "sha256": "1".repeat(64)},
            "agent": {"program": "codex", "version": "codex 1", "sha256": "2".repeat(64)},
            "machine": {"os": "Debian", "kernel": "6.1", "cpu": "One", "cores": 2, "memory_bytes": 1 << 30},
            "workspace": {"state": "clean", "commit": "c"},
            "env": ["KEY"],
        });
        with(
            timed(arm, replicate, i64::from(replicate)),
            "/run/provenance",
            provenance,
        )
    };
    let rest = || vec![base("a", 2), base("b", 1), base("b", 2)];
    let constant = lines(&[&[base("a", 1)], &rest()[..]].concat());
    let ran = report(&["--held"], &constant);
    assert_eq!((ran.exit, ran.out.lines().count()), (0, 1), "{}", ran.out);
    for (pointer, value, says) in [
        (
            "/run/provenance/machine/cpu",
            json!("Two"),
            "machine: One, 2 cores, 1 GiB (1), Two, 2 cores, 1 GiB (1)",
        ),
        (
            "/run/provenance/machine/kernel",
            json!("6.2"),
            "kernel: 6.1 (1), 6.2 (1)",
        ),
        (
            "/run/provenance/agent/version",
            json!("codex 2"),
            "agent program: codex 1 (1), codex 2 (1)",
        ),
        (
            "/run/provenance/host/sha256",
            json!("3".repeat(64)),
            "host binary: 111111111111",
        ),
        (
            "/run/provenance/workspace/state",
            json!("dirty"),
            "state of the workspace in git: clean (1), dirty (1)",
        ),
        (
            "/run/provenance/env",
            json!(["OTHER"]),
            "variables passed on: KEY (1), OTHER (1)",
        ),
        (
            "/launch/side_by_side",
            json!(4),
            "runs side by side: 1 (1), 4 (1)",
        ),
        ("/run/prompts", json!({"foundation.txt": "x"}), ""),
    ] {
        let input = lines(&[&[with(base("a", 1), pointer, value)], &rest()[..]].concat());
        let ran = report(&["--held"], &input);
        if says.is_empty() {
            assert_eq!(
                ran.exit, 0,
                "one that says it against others that do not: {}",
                ran.out
            );
            continue;
        }
        assert_eq!(ran.exit, 1, "{pointer}: {}", ran.out);
        assert!(
            ran.out.contains(&format!("runs of a differ in {says}")),
            "{}",
            ran.out
        );
        assert!(ran.out.contains(": a-r2\n"), "{}", ran.out);
    }
}
