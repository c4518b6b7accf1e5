//! Whole runs, generated: a small host plays a plan, and the result is written into a database.

#![allow(dead_code, reason = "not every test needs everything")]

pub mod change;
mod events;
pub mod host;
pub mod plan;
pub mod workflow;

use crate::sql;
use host::{BASE, Played, play};
use plan::{AgentPlan, Kind, Plan};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};
use tg_host::experiment_tables::{self, AgentRow};

/// Failing cases are kept beside the test; `PROPTEST_CASES` sets the number of cases.
pub fn config() -> ProptestConfig {
    let kept = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::default()
    }
}

/// The database of the runs of `plans`; the first run is called `r1`.
pub fn database(plans: &[Plan]) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(sql::SCHEMA).unwrap();
    db.execute_batch(experiment_tables::CREATE).unwrap();
    for (at, plan) in plans.iter().enumerate() {
        let played = play(plan, at + 1);
        let run = Writer {
            db: &db,
            plan,
            played: &played,
            number: at as i64,
            runs: plans.len() as i64,
        };
        run.tasks();
        run.history();
        run.run();
        run.agents();
    }
    db
}

/// Writes a run that was played.
struct Writer<'a> {
    db: &'a Connection,
    plan: &'a Plan,
    played: &'a Played,
    number: i64,
    runs: i64,
}

impl Writer<'_> {
    fn name(&self) -> String {
        format!("r{}", self.number + 1)
    }

    fn worker(&self, worker: usize) -> String {
        format!("{}-w{}", self.name(), 9 - worker)
    }

    fn insert(&self, sql: &str, values: impl rusqlite::Params) {
        let mut statement = self.db.prepare_cached(sql).unwrap();
        statement.execute(values).unwrap();
    }

    fn tasks(&self) {
        for task in &self.played.tasks {
            let tags = if task.plan.kind == Kind::Gate {
                "[\"__launcher__\"]"
            } else {
                "[\"code\"]"
            };
            let owner = task.owner.map(|worker| self.worker(worker));
            self.insert(
                "INSERT INTO tasks (id, title, status, worker_id, needed_tags, points, time_estimate_ms, time_actual_ms, completed_at,
                 cost_usd, deleted_at, created_at, updated_at, metric_0, metric_1, metric_2, metric_3, metric_4, metric_5, metric_6, metric_7)
                 VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
                params![
                    task.id, task.status, owner, tags, task.plan.points, task.plan.estimate, task.worked, task.completed,
                    f64::from(task.cents) / 100.0, task.deleted, task.created, task.updated, task.slots[0], task.slots[1], task.slots[2],
                    task.slots[3], task.slots[4], task.slots[5], task.slots[6], task.slots[7],
                ],
            );
            if task.is_ours {
                self.insert(
                    "INSERT INTO experiment_tasks (run_id, task_id, template_task_id) VALUES (?1, ?2, ?2)",
                    params![self.name(), task.id],
                );
            }
            if let Some(parent) = task.parent {
                self.edge(parent, &task.id, "contains");
            }
        }
        for &(from, to, blocks) in &self.played.edges {
            self.edge(
                from,
                &self.played.tasks[to].id,
                if blocks { "blocks" } else { "follows" },
            );
        }
    }

    fn edge(&self, from: usize, to: &str, kind: &str) {
        let from = &self.played.tasks[from].id;
        self.insert(
            "INSERT OR IGNORE INTO dependencies VALUES (?1, ?2, ?3)",
            params![from, to, kind],
        );
    }

    fn history(&self) {
        for row in &self.played.rows {
            let (id, task) = (
                row.id * self.runs + self.number,
                &self.played.tasks[row.task].id,
            );
            let worker = row.worker.map(|worker| self.worker(worker));
            self.insert(
                "INSERT INTO task_sequence (id, task_id, worker_id, status, phase, reason, timestamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![id, task, worker, row.status, row.phase, row.reason, row.at],
            );
        }
        for mark in &self.played.marks {
            let (file, worker) = (
                format!("/{}/{}.rs", self.name(), mark.file),
                self.worker(mark.worker),
            );
            let event = if mark.is_claim { "claimed" } else { "released" };
            self.insert(
                "INSERT INTO claim_sequence (file_path, worker_id, event, timestamp, end_timestamp) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![file, worker, event, mark.at, mark.until],
            );
        }
    }

    fn end(&self) -> Option<i64> {
        self.plan
            .run
            .end
            .map(|after| (self.played.now + after).max(BASE))
    }

    fn run(&self) {
        let plan = &self.plan.run;
        let mut run = Map::new();
        run.insert("id".into(), self.name().into());
        run.insert("agents".into(), json!(plan.agents));
        run.insert("start_gate".into(), plan.gate.into());
        run.insert("shared_db".into(), (self.runs > 1).into());
        if let Some(scale) = plan.time_scale {
            run.insert("stand_in".into(), json!({"time_scale": scale}));
        }
        if let Some([zero, one, seven]) = plan.slots {
            run.insert(
                "slots".into(),
                json!({"metric_0": zero, "metric_1": one, "metric_7": seven}),
            );
        }
        let workflow = self.played.workflow;
        let config =
            (self.plan.stored || !workflow.is_shipped).then(|| workflow.config().to_string());
        self.insert(
            "INSERT INTO experiment_runs (id, experiment_name, workflow_name, started_at, completed_at, config_snapshot, run_json,
             verify_passed, verify_score) VALUES (?1, 'x', 'x', ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                self.name(), plan.started.map(|after| BASE + after), self.end(), config, Value::Object(run).to_string(),
                plan.verify.map(|verify| verify.0), plan.verify.and_then(|verify| verify.1),
            ],
        );
    }

    fn agents(&self) {
        for (at, agent) in self
            .plan
            .agents
            .iter()
            .enumerate()
            .filter(|_| self.plan.recorded)
        {
            experiment_tables::put_agent(self.db, &self.agent(at, agent)).unwrap();
        }
    }

    fn agent(&self, at: usize, agent: &AgentPlan) -> AgentRow {
        let left = self.played.left[at]
            .or(self.end())
            .unwrap_or(self.played.now);
        AgentRow {
            run_id: self.name(),
            worker_id: self.worker(at),
            role: agent.role.map(String::from),
            started_at: agent.started.map(|after| BASE + after),
            ended_at: agent.exits.then_some(left),
            cost_usd: agent.cents.map(|cents| f64::from(cents) / 100.0),
            tokens_in: agent.tokens[0],
            tokens_out: agent.tokens[1],
            tokens_cached: agent.tokens[2],
            cost_source: agent.source.map(String::from),
            ..AgentRow::default()
        }
    }
}
