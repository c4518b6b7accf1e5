//! A small run database, made by the host and filled the way `tg-instantiate` does.

#![allow(dead_code, reason = "not every test needs everything")]

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tg_export::{Args, ExportOptions};
use tg_host::Host;
use tg_stage::Exit;

pub struct Bench {
    pub dir: TempDir,
    pub db: PathBuf,
}

pub const BEGIN: i64 = 1_795_356_778_971;

impl Bench {
    /// A directory with `tasks.db`: run `r1`, three tasks, one of them done, no outcome yet.
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let db = dir.path().join("tasks.db");
        tg_host::empty_database::create(&Host::find().unwrap(), &db).unwrap();
        let bench = Self { dir, db };
        bench
            .open()
            .execute_batch(&format!("{}{}", tg_host::experiment_tables::CREATE, fill()))
            .unwrap();
        bench
    }

    pub fn open(&self) -> Connection {
        Connection::open(&self.db).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn end(&self, outcome: &str, at: i64) {
        let sql = "UPDATE experiment_runs SET outcome = ?1, completed_at = ?2";
        self.open().execute(sql, params![outcome, at]).unwrap();
    }

    /// The record of run `r1` as it leaves tg-instantiate.
    pub fn record(&self) -> Value {
        json!({"type": "run", "v": 1, "run": {"id": "r1", "dir": self.dir.path()}, "instantiate": {"db": self.db}})
    }

    /// Export to a file by `--db`, and read it back.
    pub fn export(&self, name: &str) -> Value {
        tg_export::export(&self.db, &self.path(name), &ExportOptions::default()).unwrap();
        document(&self.path(name))
    }
}

fn fill() -> String {
    let done = BEGIN + 2500;
    format!(
        "INSERT INTO experiment_runs(id, experiment_name, workflow_name, run_json) VALUES('r1', 'x', 'swarm', '{{}}');
         INSERT INTO workers(id, registered_at, last_heartbeat) VALUES('w1', {BEGIN}, {BEGIN});
         INSERT INTO tasks(id, title, status, priority, needed_tags, tags, points, cost_usd, created_at, updated_at, phase)
         VALUES('root', 'Root', 'pending', '5', '[]', '[]', NULL, 0, {BEGIN}, {BEGIN}, NULL),
               ('b', 'Zwei \"B\" \u{e4}', 'completed', '8', '[\"code\"]', '[\"a\",\"b\"]', 3, 0.25, {BEGIN}, {done}, 'test'),
               ('a', 'A', 'pending', '5', '[]', '[]', 2, 0, {BEGIN}, {BEGIN}, NULL);
         UPDATE tasks SET metric_0 = 1180, deleted_at = NULL WHERE id = 'b';
         INSERT INTO task_needed_tags VALUES('b', 'code');
         INSERT INTO task_tags VALUES('b', 'b'), ('b', 'a');
         INSERT INTO dependencies VALUES('root', 'b', 'contains'), ('root', 'a', 'contains'), ('a', 'b', 'follows');
         INSERT INTO task_sequence(task_id, worker_id, status, timestamp, end_timestamp)
         VALUES('root', NULL, 'pending', {BEGIN}, NULL), ('b', NULL, 'pending', {BEGIN}, {BEGIN} + 500),
               ('a', NULL, 'pending', {BEGIN}, NULL), ('b', 'w1', 'working', {BEGIN} + 500, {done}),
               ('b', NULL, 'completed', {done}, NULL);
         INSERT INTO attachments VALUES('b', 'gate/tests', 1, '', 'text/plain', 'second', NULL, {done}),
               ('b', 'gate/tests', 0, '', 'text/plain', '{{\"k\":[1]}}', NULL, {done}),
               ('b', 'gate/build', 0, '', 'text/plain', '', NULL, {done});
         INSERT INTO file_locks VALUES('/w/x', 'w1', 'b', NULL, {BEGIN});
         INSERT INTO claim_sequence(file_path, worker_id, event, timestamp) VALUES('/w/x', 'w1', 'claimed', {BEGIN});
         INSERT INTO experiment_tasks(run_id, task_id, template_task_id) VALUES('r1', 'b', 'tb'), ('r1', 'a', 'ta'), ('r1', 'root', 'troot');
         INSERT INTO experiment_agents(run_id, worker_id, role, cost_usd, cost_source) VALUES('r1', 'w1', 'worker', 0.1, 'simulated');"
    )
}

pub fn document(path: &Path) -> Value {
    serde_json::from_reader(tg_host::snapshot::text::open(path).unwrap()).unwrap()
}

/// Run the tool over records; its output, line by line.
pub fn run(args: &Args, records: &[Value]) -> (Exit, Vec<Value>) {
    let input: String = records
        .iter()
        .map(|record| {
            record.to_string()
                + "
"
        })
        .collect();
    let mut output = Vec::new();
    let exit = tg_export::run(args, input.as_bytes(), &mut output).unwrap();
    let lines = output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    (
        exit,
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect(),
    )
}
