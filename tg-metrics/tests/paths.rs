//! Snapshots and directories on the command line, and their faults.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{gz, over, record, run, small};
use serde_json::json;
use tempfile::TempDir;
use tg_metrics::Args;
use tg_stage::Exit;

#[test]
fn a_snapshot_tells_the_whole_run() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("s.json.gz");
    let mut case = small();
    case.run_json =
        json!({"id": "r1", "arm": "pull", "workflow": "swarm", "seed": 7, "slots": {}, "new": [1]});
    case.config = Some(json!({"host_version": "0.5.0"}));
    let bytes = gz(&case.snapshot().to_string());
    std::fs::write(&path, &bytes).unwrap();
    let (exit, mut out) = over(std::slice::from_ref(&path));
    assert_eq!(exit, Exit::Done);
    out[0].as_object_mut().unwrap().remove("metrics").unwrap();
    let expected = json!({
        "type": "run", "v": 1, "run": case.run_json,
        "instantiate": {"tasks": 2, "ordering_deps": 1, "host": "0.5.0", "created_at_ms": 0},
        "wait": {"outcome": "completed", "states": {"completed": 2}, "ended_at_ms": 900},
        "export": {"path": path, "sha256": tg_stage::file::sha256(&bytes), "bytes": bytes.len()},
    });
    assert_eq!(out, [expected]);
}

#[test]
fn the_host_own_export_is_a_run_without_a_name() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("pull-3.json.gz");
    let text = json!({"schema_version": 3, "export_version": "1.0.0", "exported_by": "task-graph-mcp v0.5.0", "tables": {
        "tasks": [{"id": "a", "title": "A", "status": "completed", "created_at": "2026-11-22T14:13:01Z",
                   "updated_at": "2026-11-22T14:13:05Z", "cost_usd": 0.5, "metrics": [7]}],
        "task_sequence": [
            {"id": 1, "task_id": "a", "status": "pending", "timestamp": "2026-11-22T14:13:01Z"},
            {"id": 2, "task_id": "a", "status": "working", "worker_id": "w1", "timestamp": "2026-11-22T14:13:02Z"},
            {"id": 3, "task_id": "a", "status": "completed", "timestamp": "2026-11-22T14:13:05Z"}]}});
    std::fs::write(&path, gz(&text.to_string())).unwrap();
    let (exit, out) = over(&[path]);
    assert_eq!(exit, Exit::Done);
    assert_eq!(
        out[0]["run"],
        json!({"id": "pull-3", "arm": "unknown", "workflow": "unknown"})
    );
    assert_eq!(out[0]["instantiate"]["host"], json!("0.5.0"));
    assert_eq!(out[0].get("wait"), None);
    let metrics = &out[0]["metrics"];
    assert_eq!(
        (&metrics["wall_clock_time_ms"], &metrics["metric_0"]),
        (&json!(4000), &json!(7))
    );
    let kinds: Vec<_> = metrics["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| &warning["kind"])
        .collect();
    assert_eq!(
        kinds[..4],
        [
            "states_by_name",
            "coarse_times",
            "deletions_unknown",
            "agents_unknown"
        ]
    );
}

#[test]
fn directories_are_searched_for_runs() {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, file: &str, bytes: &[u8]| {
        std::fs::create_dir_all(dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join(name).join(file), bytes).unwrap();
    };
    let of = |id: &str| {
        let mut case = small();
        case.run_json["id"] = json!(id);
        gz(&case.snapshot().to_string())
    };
    let record = |id: &str| {
        format!(
            "{}\n",
            json!({"type": "run", "v": 1, "run": {"id": id, "arm": "push"}})
        )
        .into_bytes()
    };
    let failed = json!({"type": "run", "v": 1, "run": {"id": "d-r1"}, "launch": {"error": {"kind": "outside", "message": "x"}}});
    write("b-r1", "snapshot.json.gz", &of("b-r1"));
    write("b-r1", "run.json", &record("b-r1"));
    write("a-r1", "snapshot.json.gz", &of("a-r1"));
    write("a-r1.try1", "snapshot.json.gz", &of("no"));
    write("c-r1", "run.json", &record("c-r1"));
    write("c-r2", "run.json", &record("c-r2"));
    write("c-r2", "snapshot.json.gz", &of("c-r2")[..100]);
    write("d-r1", "run.json", failed.to_string().as_bytes());
    write("notes", "readme", b"no run");
    std::fs::write(dir.path().join("file"), "no run").unwrap();

    let (exit, out) = over(&[dir.path().into()]);
    assert_eq!(exit, Exit::SomeFailed);
    let ids: Vec<_> = out
        .iter()
        .map(|record| record["run"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["a-r1", "b-r1", "c-r1", "c-r2", "d-r1"]);
    assert_eq!(out[1]["metrics"]["wall_clock_time_ms"], json!(900));
    let message = |at: usize| out[at]["metrics"]["error"]["message"].as_str().unwrap();
    assert_eq!(out[2]["metrics"]["error"]["kind"], json!("outside"));
    assert!(
        message(2).ends_with("c-r1/snapshot.json.gz: no such file or directory"),
        "{}",
        message(2)
    );
    assert!(
        message(3).contains("c-r2/snapshot.json.gz: broken gzip"),
        "{}",
        message(3)
    );
    assert_eq!(out[4], failed, "what failed before passes untouched");

    let (exit, one) = over(&[dir.path().join("b-r1")]);
    assert_eq!((exit, &one[0]), (Exit::Done, &out[1]));
    let (exit, glob) = over(&[
        dir.path().join("a-r1/snapshot.json.gz"),
        dir.path().join("c-r2/snapshot.json.gz"),
    ]);
    assert_eq!(
        (exit, &glob[..]),
        (Exit::SomeFailed, &[out[0].clone(), out[3].clone()][..])
    );
    let (exit, none) = over(&[dir.path().join("notes")]);
    assert_eq!((exit, none.len()), (Exit::Outside, 0));
}

#[test]
fn a_bad_file_does_not_stop_the_others() {
    let dir = TempDir::new().unwrap();
    let text = small().snapshot().to_string();
    let bad: [(&str, Vec<u8>); 6] = [
        ("cut.json", text.as_bytes()[..text.len() / 2].to_vec()),
        ("cut.json.gz", gz(&text)[..60].to_vec()),
        ("noise.gz", b"\x1f\x8b not gzip at all".to_vec()),
        ("empty.json", Vec::new()),
        ("other.json", b"{\"type\":\"run\"}".to_vec()),
        ("binary", vec![0xff; 100]),
    ];
    let mut paths: Vec<_> = bad.iter().map(|(name, _)| dir.path().join(name)).collect();
    for (path, (_, bytes)) in paths.iter().zip(&bad) {
        std::fs::write(path, bytes).unwrap();
    }
    paths.push(dir.path().join("none.json"));
    for path in &paths {
        assert_eq!(
            over(std::slice::from_ref(path)),
            (Exit::Outside, Vec::new()),
            "{}",
            path.display()
        );
    }
    paths.push(dir.path().join("good.json"));
    std::fs::write(dir.path().join("good.json"), text).unwrap();
    let (exit, out) = over(&paths);
    assert_eq!((exit, out.len()), (Exit::Outside, 1));
}

#[test]
fn several_runs_in_one_snapshot() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("shared.json");
    let mut snapshot = small()
        .set("c", "created_at", 0)
        .set("c", "cost_usd", 9.0)
        .snapshot();
    let second = json!({"id": "r2", "completed_at": 950, "outcome": "timeout", "run_json": "{\"id\":\"r2\",\"arm\":\"y\"}"});
    snapshot["tables"]["experiment_runs"]
        .as_array_mut()
        .unwrap()
        .push(second);
    snapshot["tables"]["experiment_tasks"] = json!([
        {"run_id": "r1", "task_id": "a", "template_task_id": "t"}, {"run_id": "r2", "task_id": "b", "template_task_id": "t"},
    ]);
    std::fs::write(&path, snapshot.to_string()).unwrap();
    let (exit, out) = over(std::slice::from_ref(&path));
    assert_eq!((exit, out.len()), (Exit::Done, 2));
    let walls: Vec<_> = out
        .iter()
        .map(|record| &record["metrics"]["wall_clock_time_ms"])
        .collect();
    assert_eq!(walls, [600, 900]);
    assert!(
        out.iter()
            .all(|record| record["metrics"]["total_cost_usd"].is_null()),
        "what belongs to no run costs none"
    );
    let (_, named) = run(
        &Args::default(),
        &format!("{}\n", record(dir.path(), "shared.json")),
    );
    assert_eq!(named[0]["metrics"], out[0]["metrics"]);
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let case = small()
        .set("a", "cost_usd", 0.1)
        .set("b", "cost_usd", 0.2)
        .set("c", "cost_usd", 0.3);
    let (dir, mut snapshot) = (TempDir::new().unwrap(), case.snapshot());
    let path = dir.path().join("s.json");
    std::fs::write(&path, snapshot.to_string()).unwrap();
    let (_, straight) = over(std::slice::from_ref(&path));
    for rows in snapshot["tables"].as_object_mut().unwrap().values_mut() {
        rows.as_array_mut().unwrap().reverse();
    }
    std::fs::write(&path, snapshot.to_string()).unwrap();
    let (_, reversed) = over(std::slice::from_ref(&path));
    assert_eq!(straight[0]["metrics"], reversed[0]["metrics"]);
}
