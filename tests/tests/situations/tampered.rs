//! A snapshot that was changed is caught: the comparison can fail.

use serde_json::{Value, json};
use tg_tests::records;
use tg_tests::situation::Situation;
use tg_tests::truth::compare::differences;
use tg_tests::truth::measure;

/// A change to a snapshot's tables.
type Lie = (&'static str, fn(&mut Value));

const LIES: &[Lie] = &[
    ("a task was begun 200 ms earlier", |tables| {
        let row = find(tables, "task_sequence", |row| {
            row["task_id"] == "b" && row["status"] == "working"
        });
        shift(&mut row["timestamp"], -200);
    }),
    ("the run was over 200 ms later", |tables| {
        let row = find(tables, "task_sequence", |row| {
            row["task_id"] == "c" && row["status"] == "completed"
        });
        shift(&mut row["timestamp"], 200);
    }),
    ("tasks were made 200 ms earlier", |tables| {
        for task in tables["tasks"].as_array_mut().unwrap() {
            shift(&mut task["created_at"], -200);
        }
    }),
    ("another worker began a task", |tables| {
        let row = find(tables, "task_sequence", |row| {
            row["task_id"] == "c" && row["status"] == "working"
        });
        row["worker_id"] = json!("w1");
    }),
    ("a task was done at the first attempt", |tables| {
        let rows = tables["task_sequence"].as_array_mut().unwrap();
        let first = rows
            .iter()
            .position(|row| row["status"] == "failed")
            .unwrap();
        assert_eq!(rows[first + 2]["status"], "working");
        rows.drain(first..first + 3);
    }),
    ("a task is not over", |tables| {
        find(tables, "tasks", |task| task["id"] == "c")["status"] = json!("working");
    }),
    ("nothing waited for anything", |tables| {
        let edges = tables["dependencies"].as_array_mut().unwrap();
        edges.retain(|edge| edge["dep_type"] == "contains");
    }),
    ("a task was deleted", |tables| {
        find(tables, "tasks", |task| task["id"] == "c")["deleted_at"] = json!(1);
    }),
    ("a cent more was spent", |tables| {
        let task = find(tables, "tasks", |task| task["id"] == "a");
        task["cost_usd"] = json!(task["cost_usd"].as_f64().unwrap() + 0.01);
    }),
    ("a token more was read", |tables| {
        shift(
            &mut find(tables, "tasks", |task| task["id"] == "a")["metric_0"],
            1,
        );
    }),
    ("a task was worth a point more", |tables| {
        shift(
            &mut find(tables, "tasks", |task| task["id"] == "a")["points"],
            1,
        );
    }),
    ("a task was expected to take twice as long", |tables| {
        shift(
            &mut find(tables, "tasks", |task| task["id"] == "a")["time_estimate_ms"],
            100,
        );
    }),
    ("work took 200 ms longer", |tables| {
        shift(
            &mut find(tables, "tasks", |task| task["id"] == "a")["time_actual_ms"],
            200,
        );
    }),
];

fn find<'t>(tables: &'t mut Value, table: &str, is_it: impl Fn(&Value) -> bool) -> &'t mut Value {
    let rows = tables[table].as_array_mut().unwrap();
    rows.iter_mut().find(|row| is_it(row)).unwrap()
}

fn shift(number: &mut Value, by: i64) {
    *number = json!(number.as_i64().unwrap() + by);
}

#[test]
fn every_change_is_caught() {
    let situation = Situation {
        plan: "root > a b c
            a -> b
            a: 2 100",
        script: "
            w1 claims a
            w1 logs a 0.5 100 20
            w1 puts a failed
            lead puts a pending
            w1 claims a
            w1 puts a completed
            w2 claims b
            w2 puts b completed
            w2 claims c
            w2 puts c completed",
        ..Situation::default()
    };
    let played = situation.play();
    let truth = measure(&played.drive.plan, &played.calls, None);
    assert_eq!(differences(&truth, &played.measured("true")), []);
    let lab = &played.drive.lab;
    let text = std::fs::read(lab.path("true.json")).unwrap();
    for (lie, tell) in LIES {
        let mut snapshot: Value = serde_json::from_slice(&text).unwrap();
        tell(&mut snapshot["tables"]);
        lab.write("lie.json", &snapshot.to_string());
        let out = lab.sh("tg-metrics lie.json").ok().out;
        let differences = differences(&truth, &records(&out)[0]["metrics"]);
        assert!(!differences.is_empty(), "{lie}: not seen");
    }
}
