//! `docs/metrics.md` is true: its tables are those of the program, its commands print the shown output.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tg_host::StateClasses;
use tg_host::workflow::{Effective, SHIPPED};
use tg_tests::document::{self, blocks, code, commands};
use tg_tests::{Lab, manifest, records, root};

const EXAMPLE: &str = "docs/worked-example.json";

fn document() -> String {
    document::read("docs/metrics.md")
}

fn tables(first: &str) -> Vec<Vec<Vec<String>>> {
    document::tables(&document(), first)
}

/// The output of a command line that prints records.
fn run(lab: &Lab, line: &str) -> Vec<Value> {
    records(&lab.sh(line).ok().out)
}

#[test]
fn every_metric_is_listed_in_order_with_its_unit_direction_and_runs() {
    let documented = tables("metric").concat();
    let in_docs: Vec<[String; 3]> = documented
        .iter()
        .map(|row| [code(&row[0]).into(), row[1].clone(), row[2].clone()])
        .collect();
    let list = Lab::new().sh("tg-metrics --list").ok().out;
    let part = |line: &str, from: usize, to: usize| {
        let text: String = line.chars().skip(from).take(to - from).collect();
        Some(text.trim().to_string()).filter(|text| !text.is_empty())
    };
    let dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let listed: Vec<[String; 3]> = list
        .lines()
        .map(|line| {
            let name = part(line, 0, 28).unwrap();
            [name, dash(part(line, 28, 35)), dash(part(line, 35, 80))]
        })
        .collect();
    assert_eq!(in_docs, listed);
    for row in &documented {
        assert_eq!(row.len(), 6, "{row:?}");
        let kind = tg_stage::metric::kind(code(&row[0]));
        assert_eq!(row[3], kind.over.name(), "{}", row[0]);
    }
}

#[test]
fn metrics_that_are_never_null_have_a_value_in_an_empty_run() {
    let lab = Lab::new();
    lab.write(
        "empty.json",
        r#"{"exported_by":"none","tables":{"tasks":[],"claim_sequence":[]}}"#,
    );
    let record = &run(&lab, "tg-metrics empty.json")[0]["metrics"];
    let documented = tables("metric").concat();
    let never: BTreeSet<&str> = documented
        .iter()
        .filter(|row| row[5] == "never")
        .map(|row| code(&row[0]))
        .collect();
    // These can be null for other reasons than an empty run.
    let other = ["active_work_time_ms", "critical_path_ms"];
    let known: BTreeSet<&str> = documented
        .iter()
        .map(|row| code(&row[0]))
        .filter(|name| !record[*name].is_null() && !other.contains(name))
        .collect();
    assert_eq!(never, known);
}

#[test]
fn states_have_the_classes_that_the_shipped_workflows_give_them() {
    let lab = Lab::new();
    lab.write("m.yaml", &manifest("tiny-feature", 4, &SHIPPED, ""));
    let mut real: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in run(&lab, "tg-instantiate m.yaml") {
        let db = lab.db(record["instantiate"]["db"].as_str().unwrap());
        let sql = "SELECT config_snapshot FROM experiment_runs";
        let config: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
        let mut config: Value = serde_json::from_str(&config).unwrap();
        let effective: Effective = serde_json::from_value(config["effective"].take()).unwrap();
        let classes = StateClasses::new(&effective);
        let of = |class: &str| {
            let states = effective.states.keys();
            let states: Vec<&str> = states
                .map(String::as_str)
                .filter(|state| classes.class(state) == class)
                .collect();
            states.join(", ")
        };
        let row = ["initial", "assigned", "timed", "terminal", "parked"].map(of);
        real.insert(
            record["run"]["workflow"].as_str().unwrap().into(),
            row.to_vec(),
        );
    }
    let mut in_docs = BTreeMap::new();
    for row in tables("workflow").concat() {
        for workflow in row[0].split(", ") {
            in_docs.insert(workflow.to_string(), row[1..].to_vec());
        }
    }
    assert_eq!(in_docs, real);
}

#[test]
fn the_host_has_no_tables_and_columns_of_the_names_said_not_to_be_there() {
    let lab = Lab::new();
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], ""));
    let record = &run(&lab, "tg-instantiate m.yaml")[0];
    let db = lab.db(record["instantiate"]["db"].as_str().unwrap());
    let names = "SELECT name FROM sqlite_schema UNION SELECT c.name FROM sqlite_schema s, pragma_table_info(s.name) c
                 WHERE s.name IN ('tasks', 'task_sequence')";
    let mut names = db.prepare(names).unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    let names: BTreeSet<String> = names.map(Result::unwrap).collect();
    assert!(names.contains("task_sequence") && names.contains("metric_0"));
    for name in ["task_state_sequence", "event", "agent_id", "tokens_in"] {
        assert!(document().contains(&format!("`{name}`")), "{name}");
        assert!(!names.contains(name), "{name}");
    }
}

#[test]
fn every_history_counts_as_documented() {
    let lab = Lab::new();
    for row in tables("what happened").concat() {
        lab.write("history.json", &history(code(&row[1])).to_string());
        let record = &run(&lab, "tg-metrics history.json")[0]["metrics"];
        let in_docs: Vec<f64> = row[2..].iter().map(|cell| cell.parse().unwrap()).collect();
        let real = ["rework_rate", "redo_rate", "handoffs"].map(|name| record[name].as_f64());
        let real: Vec<f64> = real.into_iter().flatten().collect();
        assert_eq!(in_docs, real, "{}", row[0]);
    }
}

/// A snapshot of one task that went through `states`, each `STATE [WORKER|stale_release]` or `phase:PHASE`, one a second.
fn history(states: &str) -> Value {
    let mut status = "";
    let mut rows = Vec::new();
    for (at, step) in states.split(" > ").enumerate() {
        let (state, rest) = step.split_once(' ').unwrap_or((step, ""));
        let mut row = json!({"id": at + 1, "task_id": "t", "timestamp": 1000 * at});
        if let Some(phase) = state.strip_prefix("phase:") {
            row["phase"] = phase.into();
        } else {
            status = state;
            row["status"] = state.into();
        }
        let key = if rest == "stale_release" {
            "reason"
        } else {
            "worker_id"
        };
        row[key] = Some(rest).filter(|rest| !rest.is_empty()).into();
        rows.push(row);
    }
    let task =
        json!({"id": "t", "title": "t", "status": status, "created_at": 0, "updated_at": 60_000});
    json!({"exported_by": "test", "tables": {"tasks": [task], "task_sequence": rows}})
}

#[test]
fn every_kind_of_warning_is_explained() {
    let mut kinds = BTreeSet::new();
    for entry in fs::read_dir(root().join("tg-metrics/src")).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for maker in ["new", "on_basis", "counted"] {
            for call in source.split(&format!("Warning::{maker}(")).skip(1) {
                let kind = call.trim_start().strip_prefix('"');
                kinds.extend(kind.map(|kind| kind.split('"').next().unwrap().to_string()));
            }
        }
    }
    let in_docs = tables("kind").concat();
    let in_docs: BTreeSet<String> = in_docs
        .iter()
        .map(|row| code(&row[0]).to_string())
        .collect();
    assert_eq!(in_docs, kinds);
}

#[test]
fn every_field_of_the_records_of_workers_and_tasks_is_explained() {
    let fields: Vec<Vec<String>> = tables("field")
        .iter()
        .map(|rows| rows.iter().map(|row| code(&row[0]).to_string()).collect())
        .collect();
    let [head, agent, task] = fields.try_into().unwrap();
    let mut seen = BTreeSet::new();
    for record in run(
        &Lab::new(),
        &format!("tg-metrics --per agent,task {EXAMPLE}"),
    ) {
        let keys: Vec<String> = record.as_object().unwrap().keys().cloned().collect();
        let kind = record["type"].as_str().unwrap();
        let own = match kind {
            "agent" => &agent,
            "task" => &task,
            _ => continue,
        };
        assert_eq!(keys, [head.as_slice(), own.as_slice()].concat());
        seen.insert(kind.to_string());
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn the_options_that_leave_tasks_out_are_there_and_in_the_manifest() {
    let lab = Lab::new();
    let help = lab.sh("tg-metrics --help").ok().out;
    let mut keys = Vec::new();
    for row in tables("option").concat() {
        let option = code(&row[0]).replace("TAG,...", "<TAG,...>");
        let option = option.replace(" N", " <N>").replace(" TIME", " <TIME>");
        assert!(help.contains(&option), "{option}");
        let value = match code(&row[1]) {
            key if key.contains("tag") => "[warmup]",
            key if key.starts_with("skip") => "1",
            _ => "5m",
        };
        keys.push(format!("{}: {value}", code(&row[1])));
    }
    assert_eq!(keys.len(), 5);
    let warmup = format!("warmup: {{{}}}\n", keys.join(", "));
    lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], &warmup));
    lab.sh("tg-instantiate --plan m.yaml").ok();
}

#[test]
fn its_commands_print_the_shown_output() {
    let lab = Lab::new();
    let shown = blocks(&document(), "console");
    let shown: Vec<_> = shown.iter().flat_map(|block| commands(block)).collect();
    assert!(shown.len() >= 6, "the document shows commands");
    for (command, expected) in shown {
        let done = lab.sh(&command).ok();
        assert_eq!(done.out, expected, "$ {command}\n{}", done.err);
    }
}
