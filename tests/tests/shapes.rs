//! The same run in every form it can have: its database, our snapshot, the form for the host's import, the database
//! imported from that, and the host's own export. The numbers are the same, but for data that a form does not carry.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::PathBuf;
use tg_host::Host;
use tg_tests::{FAST, Lab, manifest, root};

/// Metrics that need deletions, which the host's own export hides; `deletions_unknown` says so. Equal without deletions.
const EXPORT_HIDES: &str = "deletions_unknown";

/// The metrics of a file by name, without sources and warnings, and the warnings.
fn metrics(lab: &Lab, file: &str) -> (Map<String, Value>, Vec<Value>) {
    let done = lab.sh(&format!("tg-metrics '{file}'"));
    assert_eq!(done.status, 0, "{file}: {}", done.err);
    let record: Value = serde_json::from_str(done.out.lines().next().unwrap()).unwrap();
    let mut metrics = record["metrics"].as_object().unwrap().clone();
    let warnings = metrics.remove("warnings").unwrap();
    metrics.retain(|_, value| !value.is_string());
    (metrics, warnings.as_array().unwrap().clone())
}

/// The names under which two sets of metrics differ.
fn differing<'a>(a: &'a Map<String, Value>, b: &Map<String, Value>) -> BTreeSet<&'a str> {
    assert!(a.keys().eq(b.keys()));
    let names = a.keys().filter(|name| a[*name] != b[*name]);
    names.map(String::as_str).collect()
}

/// The metrics that a warning of a kind names.
fn warned(warnings: &[Value], kind: &str) -> BTreeSet<String> {
    let of_kind = warnings.iter().filter(|warning| warning["kind"] == kind);
    let names = of_kind.flat_map(|warning| warning["metrics"].as_array().unwrap());
    names
        .map(|name| name.as_str().unwrap().to_string())
        .collect()
}

/// Lets the host import `file` into a new database, `into`.
fn import(lab: &Lab, file: &str, into: &str) {
    let host = Host::find().unwrap().path;
    let host = host.display();
    let done = lab.sh(&format!(
        "mkdir -p '{into}' && cd '{into}' && {host} --database \"$PWD/tasks.db\" --media-dir m --log-dir l --log 0 import '{file}'"
    ));
    assert_eq!(done.status, 0, "{file}: {}{}", done.out, done.err);
}

fn absolute(lab: &Lab, name: &str) -> String {
    lab.path(name).display().to_string()
}

/// A run of the simulated agent on the real host; its directory.
fn run(lab: &Lab) -> String {
    lab.write("m.yaml", &manifest("medium-feature", 3, &["push"], FAST));
    let line = "tg-instantiate m.yaml | tg-launch | tg-wait | tg-export >/dev/null";
    lab.sh(&format!("set -o pipefail; {line}")).ok();
    "results/test/push-r1".into()
}

#[test]
fn one_run_from_every_file() {
    let lab = Lab::new();
    let dir = run(&lab);
    let (database, _) = metrics(&lab, &format!("{dir}/tasks.db"));
    let (snapshot, _) = metrics(&lab, &format!("{dir}/snapshot.json.gz"));
    assert_eq!(database, snapshot);
    for source in ["tasks.db", "snapshot.json.gz"] {
        let done = lab.sh(&format!(
            "tg-export --db {dir}/{source} --for-import --out import.json"
        ));
        assert_eq!(done.status, 0, "{}", done.err);
        assert_eq!(metrics(&lab, "import.json").0, database, "{source}");
    }
    import(&lab, &absolute(&lab, "import.json"), "host");
    let (imported, warnings) = metrics(&lab, "host/tasks.db");
    let hidden = warned(&warnings, "agents_unknown");
    for name in differing(&database, &imported) {
        let is_null = imported[name].is_null();
        // Data of our tables alone: the launch, the reports of agents, the simulated agent's pace, the grade command.
        assert!(
            is_null
                || hidden.contains(name)
                || name == "estimate_accuracy"
                || OF_AGENTS.contains(&name),
            "{name}: {} {}",
            database[name],
            imported[name]
        );
    }
}

/// Cost and tokens are the agents' own reports if there are any, else the logged ones: two sources, which
/// `cost_source` and `tokens_source` name.
const OF_AGENTS: [&str; 6] = [
    "total_cost_usd",
    "tokens_total",
    "cache_hit_rate",
    "tokens_per_completed_task",
    "cost_per_task",
    "cost_per_point",
];

#[test]
fn data_that_the_import_drops() {
    let lab = Lab::new();
    let dir = run(&lab);
    let done = lab.sh(&format!(
        "tg-export --db {dir}/tasks.db --for-import --out import.json.gz && tg-export --db {dir}/tasks.db --out before.json"
    ));
    assert_eq!(done.status, 0, "{}", done.err);
    import(&lab, &absolute(&lab, "import.json.gz"), "host");
    assert_eq!(
        lab.sh("tg-export --db host/tasks.db --out after.json")
            .status,
        0
    );
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(lab.path(name)).unwrap()).unwrap()
    };
    let (before, after) = (read("before.json"), read("after.json"));
    let (before, after) = (
        before["tables"].as_object().unwrap(),
        after["tables"].as_object().unwrap(),
    );
    let mut dropped = BTreeSet::new();
    for (table, rows) in before {
        let Some(kept) = after.get(table) else {
            dropped.insert(table.clone());
            continue;
        };
        let (rows, kept) = (rows.as_array().unwrap(), kept.as_array().unwrap());
        if rows.len() != kept.len() {
            dropped.insert(table.clone());
            continue;
        }
        for (row, kept) in rows.iter().zip(kept) {
            let row = row.as_object().unwrap();
            let columns = row.keys().filter(|column| row[*column] != kept[*column]);
            dropped.extend(columns.map(|column| format!("{table}.{column}")));
        }
    }
    let expected = [
        "claim_sequence",
        "experiment_agents",
        "experiment_runs",
        "experiment_tasks",
        "refinery_schema_history.applied_on",
        "tasks.phase",
    ];
    assert_eq!(dropped.into_iter().collect::<Vec<_>>(), expected);
}

fn fixtures() -> Option<PathBuf> {
    let dir = root().join("../shared/fixtures");
    if !dir.is_dir() {
        tg_stage::say(format_args!("skipped: no {}", dir.display()));
        return None;
    }
    dir.canonicalize().ok()
}

/// Databases of several versions, with the host's own exports of them.
const RUNS: [&str; 7] = [
    "0.2.2/swarm",
    "0.3.0/swarm",
    "0.3.0/kanban",
    "0.5.0/swarm",
    "0.5.0/push",
    "0.5.0/relay",
    "0.5.0/kanban",
];

#[test]
fn databases_and_exports_of_older_hosts() {
    let Some(fixtures) = fixtures() else { return };
    let lab = Lab::new();
    for name in RUNS {
        std::fs::copy(fixtures.join(format!("{name}.db")), lab.path("copy.db")).unwrap();
        let (database, _) = metrics(&lab, "copy.db");
        assert_eq!(
            lab.sh("tg-export --db copy.db --for-import --out import.json")
                .status,
            0
        );
        assert_eq!(metrics(&lab, "import.json").0, database, "{name}");
        let theirs = fixtures.join(format!("{name}.json.gz"));
        let (export, warnings) = metrics(&lab, &theirs.display().to_string());
        let (hidden, coarse) = (
            warned(&warnings, EXPORT_HIDES),
            warned(&warnings, "coarse_times"),
        );
        assert_eq!(coarse.is_empty(), !name.starts_with("0.5.0"), "{name}");
        for metric in differing(&database, &export) {
            let is_expected = hidden.contains(metric) || coarse.contains(metric);
            assert!(
                is_expected,
                "{name}: {metric}: {} {}",
                database[metric], export[metric]
            );
        }
        // The same export once more, in the form that the host reads: it has the same warnings of missing data.
        let line = format!(
            "tg-export --db '{}' --for-import --out again.json",
            theirs.display()
        );
        assert_eq!(lab.sh(&line).status, 0);
        let (again, warnings) = metrics(&lab, "again.json");
        assert_eq!(again, export, "{name}");
        assert_eq!(
            (
                warned(&warnings, EXPORT_HIDES),
                warned(&warnings, "coarse_times")
            ),
            (hidden, coarse),
            "{name}"
        );
        import(
            &lab,
            &absolute(&lab, "again.json"),
            &format!("host-{}", name.replace('/', "-")),
        );
    }
}

#[test]
fn the_hosts_own_snapshots_become_importable() {
    let Some(fixtures) = fixtures() else { return };
    let lab = Lab::new();
    for entry in fixtures.join("shipped").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let line = format!(
            "tg-export --db '{}' --for-import --out import.json",
            path.display()
        );
        let done = lab.sh(&line);
        assert_eq!(done.status, 0, "{name}: {}", done.err);
        import(
            &lab,
            &absolute(&lab, "import.json"),
            &format!("host-{name}"),
        );
        let states = lab.db(&format!("host-{name}/tasks.db")).query_row(
            "SELECT count(*) FROM task_sequence WHERE status = 'in_progress'",
            [],
            |row| row.get::<_, i64>(0),
        );
        assert_eq!(states.unwrap(), 0, "{name}");
        let (before, _) = metrics(&lab, &path.display().to_string());
        let (after, _) = metrics(&lab, &format!("host-{name}/tasks.db"));
        let differ = differing(&before, &after);
        assert!(differ.is_empty(), "{name}: {differ:?}");
    }
}

#[test]
fn impossible_imports_are_errors() {
    let lab = Lab::new();
    let task = |extra: &str| {
        format!(
            r#"{{"exported_by": "task-graph-mcp v0.5.0", "tables": {{"tasks": [{{"id": "a", "title": "A", "status": "pending",
            "created_at": 5, "updated_at": 5{extra}}}]}}}}"#
        )
    };
    for (extra, cause) in [
        (
            r#", "points": 2.5"#,
            "row 1: points is 2.5, and the host keeps whole numbers only",
        ),
        (
            r#", "started_at": "yesterday""#,
            "started_at: \"yesterday\" is not a time",
        ),
        (
            r#", "title": 7"#,
            "title is 7, which the host's import does not read",
        ),
    ] {
        lab.write("s.json", &task(extra));
        lab.write("out.json", "before");
        let done = lab.sh("tg-export --db s.json --for-import --out out.json");
        assert_eq!(done.status, 4, "{extra}");
        assert!(done.err.contains(cause), "{extra}: {}", done.err);
        assert_eq!(
            std::fs::read_to_string(lab.path("out.json")).unwrap(),
            "before"
        );
    }
}
