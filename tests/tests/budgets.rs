//! Budgets and the breaker: spending stays within one step of each agent, and runs that cannot succeed are not started.

#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::Value;
use std::fs;
use tg_tests::faulty::{WORK, agents, json};
use tg_tests::{Lab, manifest, records};

const SLOW: &str =
    "stand_in: {time_scale: 0.0003, poll_ms: 20}\nlimits: {timeout: 60s, stall: 30s}\n";

/// The chain on `m.yaml` with some of the run's limits set.
fn chain(limits: &str, launch: &str) -> String {
    format!(
        "tg-instantiate m.yaml | jq -c --unbuffered '.run.limits += {limits}' | tg-launch {launch} | tg-wait > out.jsonl"
    )
}

/// The records by replicate.
fn out(lab: &Lab) -> Vec<Value> {
    let mut all = records(&fs::read_to_string(lab.path("out.jsonl")).unwrap());
    all.sort_by_key(|record| record["run"]["replicate"].as_u64());
    all
}

/// The cost of each agent of a run, and the highest cost of one step of any of them.
fn costs(lab: &Lab, run: &str) -> (f64, f64, u32) {
    let db = lab.db(&format!("results/test/{run}/tasks.db"));
    let (all, agents) = db
        .query_row(
            "SELECT sum(cost_usd), count(*) FROM experiment_agents",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let step = db.query_row("SELECT max(cost_usd) FROM tasks", [], |row| row.get(0));
    (all, step.unwrap(), agents)
}

#[test]
fn a_run_ends_within_one_step_of_each_agent_of_its_budget() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("independent-batch", 3, &["swarm"], SLOW),
    );
    let limit = 0.8;
    lab.sh(&chain(&format!("{{run_cost_usd: {limit}}}"), ""))
        .ok();
    let record = &out(&lab)[0];
    assert_eq!(record["wait"]["outcome"], "budget", "{record}");
    let why = record["wait"]["why"].as_str().unwrap();
    assert!(
        why.starts_with("run_cost_usd ") && why.ends_with(" of 0.8"),
        "{why}"
    );
    let (spent, step, agents) = costs(&lab, "swarm-r1");
    println!(
        "a budget of {limit} USD was exceeded by {:.3} USD; the dearest step was {step:.3}, with {agents} agents",
        spent - limit
    );
    assert!(
        spent >= limit && spent <= limit + step * f64::from(agents),
        "{spent} {step}"
    );
    let kept = json(&lab, "results/test/swarm-r1/spent.json");
    let of = |worker: &str| kept["agents"][format!("swarm-r1-{worker}")].clone();
    let sum: f64 = ["w1", "w2", "w3"]
        .iter()
        .map(|worker| of(worker)["cost_usd"].as_f64().unwrap())
        .sum();
    assert!((sum - spent).abs() < 1e-9 && (sum - kept["cost_usd"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(
        (&of("w1")["state"], &of("w1")["cost_source"]),
        (&"exited".into(), &"simulated".into())
    );
}

#[test]
fn an_agent_over_its_own_budget_is_ended_and_the_others_go_on() {
    let lab = Lab::new();
    let script = format!(
        "case $1 in *-w1) echo '{{\"tokens_in\": 900000000, \"tokens_out\": 0}}' > $2/usage.json; exec sleep 60 ;; esac\nexec {WORK}"
    );
    agents(
        &lab,
        2,
        "swarm",
        &script,
        "limits: {timeout: 60s, stall: 20s}\n",
    );
    lab.sh(&chain("{agent_tokens: 900000000}", "")).ok();
    let end = |worker: &str| {
        json(
            &lab,
            &format!("results/test/swarm-r1/agents/swarm-r1-{worker}/end.json"),
        )
    };
    assert_eq!(
        (&end("w1")["end_reason"], &end("w1")["tokens_in"]),
        (&"budget".into(), &900_000_000.into())
    );
    assert!(end("w1")["connected_at"].is_null() && end("w1")["cost_usd"].is_null());
    assert_ne!(end("w2")["end_reason"], "budget");
    assert_eq!(out(&lab)[0]["wait"]["outcome"], "completed");
}

#[test]
fn when_all_agents_are_over_their_own_budgets_that_is_the_outcome() {
    let lab = Lab::new();
    lab.write(
        "m.yaml",
        &manifest("independent-batch", 2, &["swarm"], SLOW),
    );
    lab.sh(&chain("{agent_cost_usd: 0.1}", "")).ok();
    let record = &out(&lab)[0];
    assert_eq!(record["wait"]["outcome"], "budget");
    let why = record["wait"]["why"].as_str().unwrap();
    assert!(
        why.starts_with("swarm-r1-w1 budget (") && why.contains(", swarm-r1-w2 budget ("),
        "{why}"
    );
}

#[test]
fn an_experiment_stops_at_its_budget_and_other_runs_stay_ready() {
    let lab = Lab::new();
    let rows = manifest("tiny-feature", 2, &["swarm"], SLOW)
        .replace("runs_per_config: 1", "runs_per_config: 4");
    lab.write("m.yaml", &rows);
    let first = lab.sh(&chain("{experiment_cost_usd: 0.4}", ""));
    assert_eq!(first.status, 1, "{}", first.err);
    let ends = out(&lab);
    let kinds: Vec<&Value> = ends
        .iter()
        .map(|end| &end["launch"]["error"]["kind"])
        .collect();
    let refused = kinds.iter().filter(|kind| ***kind == "budget").count();
    assert!(
        ends.len() == 4 && (1..4).contains(&refused) && kinds[3] == "budget",
        "{kinds:?}"
    );
    assert_eq!(
        first
            .err
            .matches("budget: not started: experiment_cost_usd")
            .count(),
        1,
        "{}",
        first.err
    );
    let spent: f64 = (1..=4 - refused)
        .map(|run| costs(&lab, &format!("swarm-r{run}")).0)
        .sum();
    let (_, step, agents) = costs(&lab, &format!("swarm-r{}", 4 - refused));
    println!(
        "0.4 USD exceeded by {:.3}; the dearest step was {step:.3}",
        spent - 0.4
    );
    assert!(
        spent >= 0.4 && spent <= 0.4 + step * f64::from(agents),
        "{spent}"
    );
    let kept = json(&lab, "results/test/swarm-r4/run.json");
    assert!(
        kept["launch"].is_null() && kept["instantiate"].is_object(),
        "stays as it was made"
    );
    let again = lab
        .sh("tg-instantiate --row 4 m.yaml | tg-launch | tg-wait")
        .ok();
    assert_eq!(records(&again.out)[0]["wait"]["outcome"], "completed");
    assert!(
        !lab.path("results/test/swarm-r4.try1").exists(),
        "nothing had been begun"
    );
}

#[test]
fn runs_cut_off_or_held_by_the_budget_are_run_once_it_is_raised() {
    let lab = Lab::new();
    let limited = |limit: &str| {
        let limits = SLOW.replace("30s}", &format!("30s, experiment_cost_usd: {limit}}}"));
        let rows = manifest("independent-batch", 1, &["solo"], &limits);
        lab.write(
            "m.yaml",
            &rows.replace("runs_per_config: 1", "runs_per_config: 3"),
        );
    };
    let line = "tg-instantiate m.yaml | tg-launch | tg-wait | tg-export | tg-metrics > out.jsonl";
    limited("0.4");
    lab.sh(line);
    let ends = out(&lab);
    let wait = &ends[0]["wait"];
    assert_eq!(
        (&wait["outcome"], &wait["limit"]),
        (&"budget".into(), &"experiment_cost_usd".into()),
        "{wait}"
    );
    assert_eq!(ends[1]["launch"]["error"]["kind"], "budget");
    let report = lab.sh("tg-report --baseline solo out.jsonl");
    assert!(
        report.out.contains("experiment budget"),
        "{} {}",
        report.out,
        report.err
    );
    let words = |done: &tg_tests::Done| -> Vec<String> {
        let words = done
            .out
            .lines()
            .map(|line| line.split('\t').nth(3).unwrap());
        words.map(String::from).collect()
    };
    let held = lab.sh("tg-instantiate --due m.yaml");
    assert_eq!((words(&held), held.status), (vec!["held".into(); 3], 1));
    assert!(held.out.contains("experiment_cost_usd 0."), "{}", held.out);
    let row = lab.sh("scripts/row m.yaml 2");
    assert!(
        row.status == 1 && row.err.contains("run solo-r2: held: "),
        "{} {}",
        row.status,
        row.err
    );
    lab.sh(line);
    let aside = lab.path("results/test/solo-r1.try1");
    assert!(
        !aside.exists(),
        "it kept its place while nothing was to be had"
    );
    limited("99");
    let due = lab.sh("tg-instantiate --due m.yaml");
    assert_eq!((words(&due), due.status), (vec!["due".into(); 3], 75));
    lab.sh(line).ok();
    let all = out(&lab);
    assert_eq!(all.len(), 3);
    for record in &all {
        assert_eq!(record["wait"]["outcome"], "completed", "{record}");
    }
    assert_eq!(all[0]["run"]["earlier"], serde_json::json!(["budget"]));
    assert!(aside.join("spent.json").is_file(), "its money stays spent");
}

#[test]
fn usage_reported_at_the_end_counts_before_the_next_run() {
    let lab = Lab::new();
    let script = format!("trap : TERM; {WORK}; echo '{{\"cost_usd\": 7}}' > $2/usage.json");
    agents(
        &lab,
        1,
        "solo",
        &script,
        "limits: {timeout: 60s, stall: 20s}\n",
    );
    let rows = fs::read_to_string(lab.path("m.yaml")).unwrap();
    lab.write(
        "m.yaml",
        &rows.replace("runs_per_config: 1", "runs_per_config: 2"),
    );
    lab.sh(&chain("{experiment_cost_usd: 5}", ""));
    let ends = out(&lab);
    assert_eq!(ends[0]["wait"]["outcome"], "completed", "{}", ends[0]);
    assert_eq!(ends[1]["launch"]["error"]["kind"], "budget", "{}", ends[1]);
    let why = ends[1]["launch"]["error"]["message"].as_str().unwrap();
    assert!(why.contains("experiment_cost_usd 7 of 5"), "{why}");
}

#[test]
fn rows_side_by_side_share_the_budget() {
    let lab = Lab::new();
    let rows = manifest("independent-batch", 1, &["solo"], SLOW)
        .replace("runs_per_config: 1", "runs_per_config: 3");
    lab.write("m.yaml", &rows);
    lab.sh(&chain("{experiment_cost_usd: 0.9}", "-j 2"));
    let ends = out(&lab);
    let of = |outcome: &str| {
        ends.iter()
            .filter(|end| end["wait"]["outcome"] == outcome)
            .count()
    };
    assert_eq!((of("budget"), ends.len()), (2, 3), "{ends:?}");
    let [(one, step, _), (two, other, _)] = ["solo-r1", "solo-r2"].map(|run| costs(&lab, run));
    assert!(
        one + two >= 0.9 && one + two <= 0.9 + step + other,
        "{one} {two}"
    );
}

#[test]
fn the_breaker_opens_after_failures_of_the_machinery_and_the_same_command_goes_on() {
    let lab = Lab::new();
    let limits = "limits: {timeout: 60s, stall: 20s}\n";
    agents(&lab, 1, "solo", "", limits);
    let script = format!(
        "#!/bin/bash\n[ -e '{}' ] || exit 1\nexec {WORK}\n",
        lab.path("mended").display()
    );
    fs::write(lab.path("agent.sh"), script).unwrap();
    let rows = fs::read_to_string(lab.path("m.yaml")).unwrap();
    lab.write(
        "m.yaml",
        &rows.replace("runs_per_config: 1", "runs_per_config: 4"),
    );
    let line = "tg-instantiate m.yaml | tg-launch --breaker 2 | tg-wait > out.jsonl; echo ${PIPESTATUS[1]}";
    let first = lab.sh(line);
    assert_eq!(first.out, "1\n", "{}", first.err);
    let ends = out(&lab);
    let kind = |at: usize| {
        ends.iter()
            .find(|end| end["run"]["replicate"] == at)
            .unwrap()["launch"]["error"]["kind"]
            .clone()
    };
    assert_eq!(
        [kind(1), kind(2), kind(3), kind(4)],
        [Value::Null, Value::Null, "breaker".into(), "breaker".into()]
    );
    assert_eq!(
        first
            .err
            .matches("breaker: no more runs are started")
            .count(),
        1,
        "{}",
        first.err
    );
    lab.write("mended", "");
    lab.sh(line);
    let ends = out(&lab);
    let all = ends
        .iter()
        .filter(|end| end["wait"]["outcome"] == "completed");
    assert_eq!(all.count(), 4, "{ends:?}");
}

#[test]
fn a_refused_login_opens_the_breaker_at_once() {
    let lab = Lab::new();
    let script = "echo '{\"fault\": \"auth\"}' > $2/usage.json; exit 1";
    agents(&lab, 2, "swarm", script, "limits: {timeout: 60s}\n");
    let rows = fs::read_to_string(lab.path("m.yaml")).unwrap();
    lab.write(
        "m.yaml",
        &rows.replace("runs_per_config: 1", "runs_per_config: 2"),
    );
    let done = lab.sh("tg-instantiate m.yaml | tg-launch | tg-wait > out.jsonl");
    let ends = out(&lab);
    assert!(
        done.err
            .contains("agents of run swarm-r1 were refused: auth"),
        "{}",
        done.err
    );
    let kinds: Vec<&Value> = ends
        .iter()
        .map(|end| &end["launch"]["error"]["kind"])
        .collect();
    assert!(kinds.contains(&&"breaker".into()), "{kinds:?}");
    let end = json(&lab, "results/test/swarm-r1/agents/swarm-r1-w2/end.json");
    assert_eq!(
        (&end["end_reason"], &end["fault"]),
        (&"auth".into(), &"auth".into())
    );
}
