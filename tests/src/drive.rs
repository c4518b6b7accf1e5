//! A driver of the real host that logs every call.
//!
//! It seals the host as the tools do, with one server process per worker and raw MCP over stdio. The log has the format of
//! [`crate::truth::log`]. Calls are made one after the other, so a moment is uncertain only by the length of its call. The
//! calls that a line of a [`crate::script`] makes are defined there.

#![allow(
    clippy::missing_panics_doc,
    reason = "a driver of tests: what the host refuses fails the test"
)]

use crate::Lab;
use crate::truth::plan::{Class, Kind, Plan};
use crate::truth::{Call, Recorded, log};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tg_host::experiment_tables::{self, AgentRow, OriginRow, RunRow};
use tg_host::{Client, Host, Seal, Workflow};

/// Keys of a call's answer that are added to its line in the log.
const ANSWERS: [&str; 4] = ["auto_completed", "cascaded", "unblocked", "gate_warnings"];

/// A host, its workers and their log.
pub struct Drive {
    /// The directory of it all; the database is `tasks.db` in it.
    pub lab: Lab,
    /// The planned tasks.
    pub plan: Plan,
    /// The log so far.
    pub lines: Vec<Value>,
    name: String,
    workflow: Workflow,
    host: Host,
    seal: Seal,
    clients: BTreeMap<String, Client>,
}

/// Milliseconds since the epoch.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// Returns `one` with the keys of `other` added.
pub fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

impl Drive {
    /// An empty host under a shipped workflow.
    pub fn new(name: &str, overlays: &[&str], plan: Plan) -> Self {
        let lab = Lab::new();
        let host = Host::find().expect("the host; scripts/install-host builds it");
        let seal = Seal::new(&lab.path(""), &lab.path("tasks.db")).expect("a seal");
        let overlays: Vec<String> = overlays.iter().map(ToString::to_string).collect();
        let workflow = Workflow::load(&host, name, None, &overlays).expect("a workflow");
        seal.write(name, &workflow.texts())
            .expect("a configuration");
        tg_host::empty_database::create(&host, &lab.path("tasks.db")).expect("an empty database");
        Self {
            lab,
            plan,
            lines: Vec::new(),
            name: name.into(),
            workflow,
            host,
            seal,
            clients: BTreeMap::new(),
        }
    }

    /// An older host, whose program is `path`. It makes its database itself and has no workflow files.
    pub fn old(path: &Path, version: &str, plan: Plan) -> Self {
        let lab = Lab::new();
        let seal = Seal::new(&lab.path(""), &lab.path("tasks.db")).expect("a seal");
        seal.write("solo", &[]).expect("a directory");
        let host = Host {
            path: path.into(),
            version: version.into(),
        };
        Self {
            lab,
            plan,
            lines: Vec::new(),
            name: "solo".into(),
            workflow: Workflow::default(),
            host,
            seal,
            clients: BTreeMap::new(),
        }
    }

    /// True if the worker has a server.
    pub fn is_here(&self, worker: &str) -> bool {
        self.clients.contains_key(worker)
    }

    /// Starts a worker's server.
    pub fn start(&mut self, worker: &str) {
        let t0 = now();
        let client = Client::start(self.server(worker)).expect("a server");
        self.clients.insert(worker.into(), client);
        self.note(t0, worker, "start", &json!({}));
    }

    fn server(&self, worker: &str) -> Command {
        if !self.host.version.starts_with("0.1.") {
            return self.seal.command(&self.host, worker);
        }
        let mut command = Command::new(&self.host.path);
        let args = self.seal.args(worker);
        let only_serves = args.iter().filter(|arg| *arg != "serve");
        command
            .args(only_serves)
            .current_dir(self.seal.config_dir());
        command
    }

    /// Ends a worker's server.
    pub fn stop(&mut self, worker: &str) {
        self.clients.remove(worker);
    }

    /// The arguments with which a worker connects.
    pub fn as_worker(&self, worker: &str) -> Value {
        json!({"worker_id": worker, "tags": ["worker"], "workflow": self.name, "overlays": self.workflow.overlays})
    }

    /// Makes the planned tasks that are in containers, and the edges between them; `lead` is connected. The script makes the
    /// others.
    pub fn make(&mut self) {
        let inside = |plan: &Plan, id: &str| plan.of_kind(Kind::Contains).any(|edge| edge.to == id);
        let plan = self.plan.clone();
        for top in plan.items.keys().filter(|id| !inside(&plan, id)) {
            if plan.children(top).next().is_some() {
                let tree = json!({"tree": self.tree(top)});
                let made = json!({"task": top, "all_ids": below(&plan, top)});
                self.call("lead", "create_tree", &tree, "create_tree", &made)
                    .expect("a tree");
            }
        }
        let planned = |id: &str| inside(&plan, id) || plan.children(id).next().is_some();
        for edge in plan
            .edges
            .iter()
            .filter(|edge| planned(&edge.from) && planned(&edge.to))
        {
            let kind = match edge.kind {
                Kind::Contains => continue,
                Kind::Follows => "follows",
                Kind::Blocks => "blocks",
                Kind::Related => "relates-to",
            };
            let link = json!({"agent": "lead", "from": edge.from, "to": edge.to, "type": kind});
            self.call("lead", "link", &link, "link", &json!({}))
                .expect("a link");
        }
    }

    fn tree(&self, id: &str) -> Value {
        let children: Vec<Value> = self
            .plan
            .children(id)
            .map(|child| self.tree(child))
            .collect();
        let mut node = self.node(id);
        if !children.is_empty() {
            node["children"] = children.into();
        }
        node
    }

    /// A planned task in the form that the host reads.
    pub fn node(&self, id: &str) -> Value {
        let item = &self.plan.items[id];
        let mut node = json!({"id": id, "title": item.title, "description": item.title});
        let known = [
            ("points", item.points.map(Value::from)),
            ("time_estimate_ms", item.estimate_ms.map(Value::from)),
            ("phase", item.phase.clone().map(Value::from)),
        ];
        for (key, value) in known {
            if let Some(value) = value {
                node[key] = value;
            }
        }
        node
    }

    /// Makes a call and logs it, with the keys of `known` and those of its answer.
    pub fn call(
        &mut self,
        worker: &str,
        tool: &str,
        arguments: &Value,
        kind: &str,
        known: &Value,
    ) -> tg_host::Result<Value> {
        let client = self.clients.get_mut(worker).expect("a server of its own");
        let t0 = now();
        let answer = client.call(tool, arguments);
        let times = json!({"t0": t0, "t1": now()});
        let line = json!({"actor": worker, "tool": tool, "ok": answer.is_ok(), "kind": kind, "task": null});
        let mut line = merged(merged(times, line), known.clone());
        match &answer {
            Err(error) => line["error"] = error.cause.as_str().into(),
            Ok(answer) => {
                for key in ANSWERS {
                    if let Some(value) = answer.get(key) {
                        line[key] = value.clone();
                    }
                }
                if let Some(state) = answer["task"]["status"].as_str() {
                    line["status"] = state.into(); // what a claim came to
                }
                let state = line["status"].as_str().unwrap_or_default();
                if kind == "status" && self.plan.class(state) == Class::Timed {
                    line["worker"] = worker.into();
                }
            }
        }
        self.lines.push(line);
        answer
    }

    /// Logs an event that was not a call.
    pub fn note(&mut self, t0: i64, worker: &str, kind: &str, known: &Value) {
        let line = json!({"t0": t0, "t1": now(), "actor": worker, "tool": null, "ok": true, "kind": kind, "task": null});
        self.lines.push(merged(line, known.clone()));
    }

    /// Ends all servers. Returns the calls that succeeded, read back from the log's file.
    pub fn end(&mut self) -> Vec<Call> {
        self.clients.clear();
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        let path = self.lab.write("truth.jsonl", &text);
        log::read(&std::fs::read_to_string(path).expect("the log"))
    }

    /// Writes beside the host's tables the facts that the tools record of a run: its agents, its workflow, and its end, now.
    /// An agent that disconnected counts as ended at that moment.
    pub fn record(&self) -> Recorded {
        let db = Connection::open(self.lab.path("tasks.db")).expect("the database");
        db.execute_batch(experiment_tables::CREATE)
            .expect("our tables");
        let run = json!({"id": "r1", "arm": self.name, "workflow": self.name}).to_string();
        let config = self.workflow.snapshot(&self.host).to_string();
        let row = RunRow {
            id: "r1".into(),
            experiment_name: "truth".into(),
            workflow_name: self.name.clone(),
            config_snapshot: Some(config),
            run_json: Some(run),
            ..RunRow::default()
        };
        experiment_tables::put_run(&db, &row).expect("a run");
        for (id, item) in &self.plan.items {
            let row = OriginRow {
                run_id: "r1".into(),
                task_id: id.clone(),
                template_task_id: id.clone(),
                phase: item.phase.clone(),
            };
            experiment_tables::put_origin(&db, &row).expect("a task");
        }
        let when = |worker: &str, kind: &str, end: &str| {
            let mut lines = self
                .lines
                .iter()
                .filter(|line| line["kind"] == kind && line["actor"] == worker);
            lines.next_back().and_then(|line| line[end].as_i64())
        };
        let recorded = Recorded {
            started: self.lines[0]["t0"].as_i64().expect("a start"),
            ended: now(),
        };
        let starts = self.lines.iter().filter(|line| line["kind"] == "start");
        for worker in starts.filter_map(|line| line["actor"].as_str()) {
            let role = if self.plan.leads.iter().any(|lead| lead == worker) {
                "coordinator"
            } else {
                "worker"
            };
            let agent = AgentRow {
                run_id: "r1".into(),
                worker_id: worker.into(),
                role: Some(role.into()),
                started_at: when(worker, "start", "t0"),
                connected_at: when(worker, "connect", "t1"),
                ended_at: when(worker, "disconnect", "t1").or(Some(recorded.ended)),
                ..AgentRow::default()
            };
            experiment_tables::put_agent(&db, &agent).expect("an agent");
        }
        let end = RunRow {
            id: "r1".into(),
            started_at: Some(recorded.started),
            completed_at: Some(recorded.ended),
            outcome: Some("completed".into()),
            ..RunRow::default()
        };
        experiment_tables::put_end(&db, &end).expect("an end");
        recorded
    }

    /// Forges a worker's silence: sets its last heartbeat to 400 s ago. No call is under way.
    pub fn silence(&self, worker: &str) {
        let db = Connection::open(self.lab.path("tasks.db")).expect("the database");
        db.busy_timeout(Duration::from_secs(5)).expect("a timeout");
        let sql = "UPDATE workers SET last_heartbeat = last_heartbeat - 400000 WHERE id = ?1";
        assert_eq!(
            db.execute(sql, [worker]).expect("a heartbeat"),
            1,
            "{worker}"
        );
    }
}

/// A container and all in it, in the order of the plan.
pub fn below(plan: &Plan, id: &str) -> Vec<String> {
    let mut all = vec![id.to_string()];
    for child in plan.children(id) {
        all.extend(below(plan, child));
    }
    all
}
