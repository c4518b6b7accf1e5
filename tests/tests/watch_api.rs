//! `docs/watch.md` against real answers: every key of an answer is described, every described key is in an answer.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tg_tests::watching::{Events, Watching};
use tg_tests::{Lab, manifest, records, root};

/// The description of `what` in the documentation.
fn described(what: &str) -> Value {
    let text = std::fs::read_to_string(root().join("docs/watch.md")).unwrap();
    let (_, rest) = text.split_once(&format!("```json {what}\n")).unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    serde_json::from_str(block).unwrap_or_else(|cause| panic!("{what}: {cause}"))
}

/// Compares answers with a description, and remembers the keys it met.
#[derive(Default)]
struct Check {
    met: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Check {
    fn value(&mut self, at: &str, wanted: &Value, found: &Value) {
        match (wanted, found) {
            (Value::String(kinds), found) => {
                let kind = match found {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    _ => "more",
                };
                if !kinds.split('|').any(|one| one == kind) {
                    self.wrong.push(format!("{at} is {found}, not {kinds}"));
                }
                self.met.insert(format!("{at} {kind}"));
            }
            (Value::Array(one), Value::Array(all)) => {
                for found in all {
                    self.value(&format!("{at}[]"), &one[0], found);
                }
            }
            (Value::Object(wanted), Value::Object(found)) => self.object(at, wanted, found),
            (Value::Object(_), Value::Null) => {}
            _ => self.wrong.push(format!("{at} is {found}, not {wanted}")),
        }
    }

    fn object(&mut self, at: &str, wanted: &Map<String, Value>, found: &Map<String, Value>) {
        for (key, value) in found {
            let kind = [key.clone(), format!("{key}?"), "*".into()];
            match kind.iter().find_map(|key| wanted.get(key)) {
                Some(kind) => self.value(&format!("{at}.{key}"), kind, value),
                None => self.wrong.push(format!("{at}.{key} is not described")),
            }
            self.met.insert(format!("{at}.{key}"));
        }
        for key in wanted
            .keys()
            .filter(|key| *key != "*" && !key.ends_with('?'))
        {
            if !found.contains_key(key) {
                self.wrong.push(format!("{at}.{key} is missing"));
            }
        }
    }
}

/// The keys of a description, as paths.
fn paths(at: &str, wanted: &Value, all: &mut BTreeSet<String>) {
    match wanted {
        Value::Object(keys) => {
            for (key, value) in keys.iter().filter(|key| key.0 != "*") {
                let path = format!("{at}.{}", key.trim_end_matches('?'));
                all.insert(path.clone());
                paths(&path, value, all);
            }
        }
        Value::Array(one) => paths(&format!("{at}[]"), &one[0], all),
        _ => {}
    }
}

#[test]
fn the_documented_keys_are_the_real_ones() {
    let lab = Lab::new();
    let watching = Watching::start(&lab, "results");
    std::fs::create_dir_all(lab.path("results/test")).unwrap();
    lab.write("results/test/report.html", "<h1>a report");
    let more = "stand_in: {time_scale: 0.0015, poll_ms: 50}\nlimits: {timeout: 90s, stall: 60s}\n";
    let text = manifest("medium-feature", 2, &["swarm", "push"], more);
    let template = std::fs::read_to_string(lab.path("templates/medium-feature.json")).unwrap();
    let mut template: Value = serde_json::from_str(&template).unwrap();
    for task in template["tables"]["tasks"].as_array_mut().unwrap() {
        let title = task["title"].as_str().unwrap().to_owned();
        task["title"] = (title + &" and so on".repeat(20)).into();
    }
    lab.write("long.json", &template.to_string());
    lab.write(
        "m.yaml",
        &text.replace("templates/medium-feature.json", "long.json"),
    );
    let mut chain =
        lab.start("tg-instantiate m.yaml | tg-launch -j 2 | tg-wait | tg-export >runs.jsonl");
    let mut events = Events::of(&watching);
    let state = described("api/state");
    let mut check = Check::default();
    let mut ended = BTreeSet::new();
    while ended.len() < 2 {
        let (name, data) = events.take();
        assert!(["all", "some"].contains(&name.as_str()));
        check.value("", &state, &data);
        let runs = data["runs"].as_array().unwrap();
        let over = runs.iter().filter(|run| run["phase"] == "ended");
        ended.extend(over.map(|run| run["run"].to_string()));
        check.value("", &state, &watching.json("/api/state"));
    }
    chain.wait().unwrap();
    std::fs::remove_dir_all(lab.path("results/test/push-r1")).unwrap();
    while check.met.iter().all(|path| !path.starts_with(".gone[]")) {
        check.value("", &state, &events.take().1);
    }
    check.value("", &state, &watching.json("/api/state"));
    assert_eq!(check.wrong, Vec::<String>::new());
    let mut all = BTreeSet::new();
    paths("", &state, &mut all);
    all.remove(".runs[].agents[].tasks[].thought.chars"); // the simulated agent thinks in few words
    let unmet: Vec<_> = all.difference(&check.met).collect();
    assert!(unmet.is_empty(), "described, and never met: {unmet:?}");
    one_run(&watching, &state);
    status_lines(&lab, &state);
}

fn one_run(watching: &Watching, state: &Value) {
    let mut wanted = described("api/runs");
    wanted["run"] = state["runs"][0].clone();
    wanted["segments"] = json!([state["work"][0]["segments"][0]]);
    let mut check = Check::default();
    check.value("", &wanted, &watching.json("/api/runs/test/swarm-r1"));
    assert_eq!(check.wrong, Vec::<String>::new());
    assert!(check.met.contains(".segments[].ended"));
}

fn status_lines(lab: &Lab, state: &Value) {
    let mut wanted = described("status");
    let keys = wanted.as_object_mut().unwrap();
    let without = keys.remove("not").unwrap();
    keys.remove("...");
    for (key, kind) in state["runs"][0].as_object().unwrap() {
        if !without.as_array().unwrap().contains(&key.as_str().into()) {
            keys.insert(key.clone(), kind.clone());
        }
    }
    let lines = lab.sh("tg-wait --once results").ok().out;
    assert_eq!(records(&lines).len(), 1);
    let mut check = Check::default();
    for line in records(&lines) {
        check.value("", &wanted, &line);
    }
    assert_eq!(check.wrong, Vec::<String>::new());
    let passed = lab.sh("tg-wait --once results | tg-wait").ok();
    assert_eq!(passed.out.lines().count(), 1, "passed on: {}", passed.err);
}

/// The page's counters of a live run equal the metrics of tg-metrics after its end.
#[test]
fn counters_equal_the_metrics() {
    const NAMES: [&str; 11] = [
        "wall_clock_time_ms",
        "total_cost_usd",
        "active_work_time_ms",
        "agent_utilization_pct",
        "tasks_per_hour",
        "rework_rate",
        "failure_rate",
        "completion_rate_pct",
        "tokens_total",
        "tokens_per_completed_task",
        "cost_per_task",
    ];
    let lab = Lab::new();
    let watching = Watching::start(&lab, "results");
    let more = format!(
        "stand_in: {{time_scale: 0.0006, poll_ms: 50, redo: 0.5, fail: 0.2}}\nmetrics: [{}]\n",
        NAMES.join(", ")
    );
    lab.write(
        "m.yaml",
        &manifest("medium-feature", 3, &["swarm", "push"], &more),
    );
    lab.sh("tg-instantiate m.yaml | tg-launch -j 2 | tg-wait --settle 1s | tg-export >runs.jsonl")
        .ok();
    let is_over = |state: &Value, is_live: bool| {
        let runs = state["runs"].as_array().unwrap();
        let is = |run: &Value| run["phase"] == "ended" && run["metrics"][0]["live"] == is_live;
        runs.len() == 2 && runs.iter().all(is)
    };
    let state = watching.until("both ended", |state| is_over(state, true));
    let measured = records(&lab.sh("tg-metrics <runs.jsonl").ok().out);
    let last = watching.until("both measured", |state| is_over(state, false));
    let both = state["runs"]
        .as_array()
        .unwrap()
        .iter()
        .zip(last["runs"].as_array().unwrap());
    for (run, last) in both {
        let of = measured
            .iter()
            .find(|record| record["run"]["id"] == run["run"])
            .unwrap();
        let (counters, last) = (
            run["metrics"].as_array().unwrap(),
            last["metrics"].as_array().unwrap(),
        );
        assert_eq!(counters.len(), NAMES.len());
        for (counter, last) in counters.iter().zip(last) {
            let name = counter["name"].as_str().unwrap();
            let (seen, exact) = (
                counter["value"].as_f64().unwrap(),
                of["metrics"][name].as_f64().unwrap(),
            );
            assert_eq!(
                (last["value"].as_f64(), &last["name"]),
                (Some(exact), &counter["name"])
            );
            let allowed = 0.02 * exact.abs() + 1e-9;
            assert!(
                (seen - exact).abs() <= allowed,
                "{} {name}: {seen} seen, {exact} measured",
                run["run"]
            );
        }
    }
}
