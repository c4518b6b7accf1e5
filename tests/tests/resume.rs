//! Resume explains itself: finished runs are not repeated, changes are named old -> new, earlier attempts stay whole.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::Value;
use std::fs;
use tg_tests::{FAST, Lab, manifest, records};

fn two_arms(more: &str) -> String {
    manifest(
        "tiny-feature",
        2,
        &["swarm", "push"],
        &format!("{FAST}{more}"),
    )
}

fn record(lab: &Lab, run: &str) -> Value {
    serde_json::from_slice(&fs::read(lab.path(&format!("results/test/{run}/run.json"))).unwrap())
        .unwrap()
}

/// The line of `--explain` for a run.
fn explained(lab: &Lab, run: &str) -> String {
    let done = lab.sh("tg-instantiate --plan m.yaml").ok();
    let line = done
        .out
        .lines()
        .find(|line| line.split_whitespace().nth(1) == Some(run));
    line.unwrap_or_else(|| panic!("{run} is not in\n{}", done.out))
        .to_string()
}

#[test]
fn changes_are_named_and_only_changed_runs_are_run_again() {
    let lab = Lab::new();
    lab.write("m.yaml", &two_arms(""));
    lab.sh("scripts/tg run m.yaml").ok();
    let first = record(&lab, "swarm-r1");
    assert_eq!(
        (&first["run"]["attempt"], first["run"].get("earlier")),
        (&1.into(), None)
    );
    for run in ["swarm-r1", "push-r1"] {
        assert!(explained(&lab, run).ends_with("done: completed"));
    }
    // Only report settings changed: nothing is run again, and the rows say that the manifest was edited.
    lab.write(
        "m.yaml",
        &two_arms(
            "primary: total_cost_usd\nlimits: {timeout: 90s, stall: 30s, experiment_cost_usd: 9}\n",
        )
        .replacen("limits: {timeout: 90s, stall: 30s}\n", "", 1),
    );
    let done = lab.sh("tg-instantiate --resume --explain m.yaml").ok();
    assert_eq!(
        done.err
            .matches("done before: completed, and what was edited")
            .count(),
        2,
        "{}",
        done.err
    );
    // An input of one arm: the other is not run again.
    let edited = two_arms("").replace("  - workflow: push", "  - workflow: push\n    agents: 3");
    lab.write("m.yaml", &edited);
    assert!(explained(&lab, "push-r1").contains("changed: agents 2 -> 3"));
    let before = fs::metadata(lab.path("results/test/swarm-r1/snapshot.json.gz")).unwrap();
    let done = lab.sh("scripts/tg run --explain m.yaml").ok();
    assert!(
        done.err.contains("run push-r1: changed: agents 2 -> 3"),
        "{}",
        done.err
    );
    assert!(
        done.err.contains("run swarm-r1: done before: completed"),
        "{}",
        done.err
    );
    let push = record(&lab, "push-r1");
    assert_eq!(push["run"]["attempt"], 2);
    assert_eq!(push["run"]["earlier"], serde_json::json!(["completed"]));
    assert_eq!(record(&lab, "push-r1.try1")["run"]["agents"], 2);
    assert!(
        lab.path("results/test/push-r1.try1/snapshot.json.gz")
            .exists()
    );
    assert_eq!(record(&lab, "swarm-r1")["export"], first["export"]);
    assert_eq!(
        fs::metadata(lab.path("results/test/swarm-r1/snapshot.json.gz"))
            .unwrap()
            .len(),
        before.len()
    );
    assert!(
        done.out
            .contains("push: 2 attempts at 1 run, the machinery failed in 0"),
        "{}",
        done.out
    );
}

#[test]
fn every_kind_of_change_is_named_from_old_to_new() {
    let lab = Lab::new();
    let text = two_arms("");
    lab.write("m.yaml", &text);
    lab.sh("tg-instantiate m.yaml").ok();
    fs::create_dir_all(lab.path("copy")).unwrap();
    let template = fs::read_to_string(lab.path("templates/tiny-feature.json")).unwrap();
    lab.write("copy/tiny-feature.json", &format!("{template}\n"));
    for (from, to, says) in [
        ("stall: 30s", "stall: 40s", "limits.stall_ms 30000 -> 40000"),
        (
            "poll_ms: 20",
            "poll_ms: 30",
            "stand_in.poll_ms 20.0 -> 30.0",
        ),
        ("name: test", "name: test\nseed: 2", "seed 1001 -> 2001"),
        ("name: test", "name: test\nmodel: m", "model none -> m"),
        (
            "name: test",
            "name: test\nstart: barrier",
            "start_gate none -> true",
        ),
        (
            "name: test",
            "name: test\ngrade: 'true'",
            "verify none -> true",
        ),
        (
            "templates/tiny-feature.json",
            "copy/tiny-feature.json",
            "template tiny-feature (sha ",
        ),
        (
            "templates/tiny-feature.json",
            "templates/medium-feature.json",
            "template tiny-feature -> medium-feature",
        ),
    ] {
        assert!(text.contains(from));
        lab.write("m.yaml", &text.replacen(from, to, 1));
        assert!(
            explained(&lab, "swarm-r1").contains(says),
            "{says}: {}",
            explained(&lab, "swarm-r1")
        );
    }
}

#[test]
fn runs_removed_from_the_manifest_are_named_left_alone_and_not_pooled_silently() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &two_arms("").replace("runs_per_config: 1", "runs_per_config: 2"),
    );
    lab.sh("scripts/tg run m.yaml").ok();
    let clean = lab.sh("scripts/tg analyze results/test").ok();
    assert!(!clean.out.contains("manifest was edited"), "{}", clean.out);
    lab.write("m.yaml", &two_arms(""));
    let done = lab.sh("scripts/tg run m.yaml").ok();
    assert!(
        done.err
            .contains("push-r2, swarm-r2 are not in the manifest any more; left as they are"),
        "{}",
        done.err
    );
    assert!(lab.path("results/test/swarm-r2/snapshot.json.gz").exists());
    assert!(done.out.contains("1/1"), "{}", done.out);
    let pooled = lab.sh("scripts/tg analyze results/test").ok();
    let flat: String = pooled.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains(
            "does not have these runs any more; they are compared all the same: push-r2, swarm-r2"
        ),
        "{flat}"
    );
}

#[test]
fn blocks_keep_their_drawn_order() {
    let lab = Lab::new();
    let many = |more: &str| two_arms(more).replace("runs_per_config: 1", "runs_per_config: 8");
    let order = |lab: &Lab| -> Vec<String> {
        let done = lab.sh("tg-instantiate --plan m.yaml").ok();
        done.out
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().nth(1).unwrap().to_string())
            .collect()
    };
    lab.write("m.yaml", &many(""));
    let drawn = order(&lab);
    assert_eq!(drawn, order(&lab), "the same each time");
    for (block, pair) in drawn.chunks(2).enumerate() {
        let mut pair = pair.to_vec();
        pair.sort();
        assert_eq!(
            pair,
            [
                format!("push-r{}", block + 1),
                format!("swarm-r{}", block + 1)
            ]
        );
    }
    let made = records(&lab.sh("tg-instantiate m.yaml").ok().out);
    for (at, record) in made.iter().enumerate() {
        let run = &record["run"];
        assert_eq!(run["block"], at / 2 + 1);
        assert_eq!(run["position"], at % 2 + 1);
        assert_eq!(
            (&run["order_seed"], &run["id"]),
            (&1.into(), &drawn[at].clone().into())
        );
    }
    // With one replicate more the others keep their places; fixed is the manifest's; another seed is another order.
    lab.write("m.yaml", &many("").replace("config: 8", "config: 9"));
    assert_eq!(order(&lab)[..16], drawn);
    lab.write("m.yaml", &many("order: fixed\n"));
    let fixed = order(&lab);
    assert!(
        fixed
            .chunks(2)
            .all(|pair| pair[0].starts_with("swarm") && pair[1].starts_with("push"))
    );
    assert_ne!(drawn, fixed, "one in 256 seeds draws the manifest's order");
    lab.write("m.yaml", &many("order: {seed: 2}\n"));
    assert_ne!(order(&lab), drawn);
}

#[test]
fn a_decided_end_survives_a_crash_and_an_open_run_starts_anew() {
    let lab = Lab::new();
    lab.write("m.yaml", &two_arms(""));
    // The host may know its agents already, though the record does not say so: it starts anew.
    lab.sh("tg-instantiate m.yaml").ok();
    assert!(explained(&lab, "swarm-r1").contains("launch: "));
    fs::create_dir_all(lab.path("results/test/swarm-r1/agents/swarm-r1-w1")).unwrap();
    assert!(explained(&lab, "swarm-r1").contains("run: was interrupted"));
    // Its end was decided, and the record does not have it: the record is written, and nothing is run.
    let chain = "tg-instantiate m.yaml | tg-launch | tg-wait | tg-export | tg-metrics";
    lab.sh(chain).ok();
    let whole = record(&lab, "push-r1");
    let path = lab.path("results/test/push-r1/run.json");
    lab.sh(&format!(
        "jq -c 'del(.wait, .export, .metrics)' {0} > cut && mv cut {0}",
        path.display()
    ))
    .ok();
    assert!(explained(&lab, "push-r1").contains("write down: completed"));
    lab.sh(chain).ok();
    assert_eq!(record(&lab, "push-r1")["wait"], whole["wait"]);
    // The record is torn: it is made anew from the database.
    fs::write(&path, "{\"type\":\"run\",\"v\":1,\"ru").unwrap();
    assert!(explained(&lab, "push-r1").contains("write down: completed"));
    lab.sh(chain).ok();
    let again = record(&lab, "push-r1");
    for key in ["run", "wait"] {
        assert_eq!(again[key], whole[key], "{key}");
    }
    for key in ["db", "tasks", "ordering_deps", "host"] {
        assert_eq!(
            again["instantiate"][key], whole["instantiate"][key],
            "{key}"
        );
    }
    assert_eq!(
        again["metrics"]["wall_clock_time_ms"],
        whole["metrics"]["wall_clock_time_ms"]
    );
    assert!(!lab.path("results/test/push-r1.try1").exists());
}

#[test]
fn a_void_end_without_its_record_starts_anew_and_a_broken_one_is_an_error() {
    let lab = Lab::new();
    lab.write("m.yaml", &two_arms(""));
    let chain = "tg-instantiate m.yaml | tg-launch | tg-wait | tg-export | tg-metrics";
    lab.sh(chain).ok();
    // tg-wait was killed between the end and the record: the void end stands alone.
    let path = lab.path("results/test/push-r1/run.json");
    let cut = format!(
        "jq -c 'del(.wait, .export, .metrics)' {0} > cut && mv cut {0}",
        path.display()
    );
    lab.sh(&cut).ok();
    let void = "{\"outcome\":\"cancelled\",\"ended_at_ms\":5}";
    fs::write(lab.path("results/test/push-r1/end.json"), void).unwrap();
    assert!(explained(&lab, "push-r1").contains("run: was interrupted"));
    lab.sh(chain).ok();
    assert_eq!(record(&lab, "push-r1")["wait"]["outcome"], "completed");
    assert_eq!(record(&lab, "push-r1")["run"]["earlier"][0], "interrupted");
    assert!(lab.path("results/test/push-r1.try1").exists());
    // A `wait` that cannot be read: the run ended, and is not paid for again.
    let broken = format!(
        "jq -c '.wait.states = 5' {0} > cut && mv cut {0}",
        path.display()
    );
    lab.sh(&broken).ok();
    let done = lab.sh("tg-instantiate m.yaml");
    assert_eq!(done.status, 3, "{}", done.err);
    assert!(!lab.path("results/test/push-r1.try2").exists());
}
