//! One run of a snapshot: its tasks with their history, its edges, its agents, its configuration.
//!
//! A database may be shared by several runs; then a run's tasks are those `experiment_tasks` says it has, and what
//! agents created beside them belongs to nobody. A snapshot without our tables (the host's own) is one run whose name
//! and configuration are not known.

use crate::table::Rest;
use crate::warning::Warning;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tg_host::experiment::AgentRow;
use tg_host::snapshot::{Change, Dependency, FileClaim, RunRow, Task};
use tg_host::workflow::Effective;
use tg_host::{Snapshot, StateClasses};

/// One run of a snapshot; everything in the order of ids.
pub struct View<'a> {
    /// Its row in `experiment_runs`.
    pub row: Option<&'a RunRow>,
    /// The `run` object of its record; null where the snapshot does not say.
    pub run: Value,
    /// The workflow configuration that was stored with it; null where there is none.
    pub config: Value,
    /// What its states mean.
    pub classes: StateClasses,
    /// All its tasks, containers and deleted ones included.
    pub tasks: Vec<&'a Task>,
    /// The history of each task, by row id.
    pub rows: BTreeMap<&'a str, Vec<&'a Change>>,
    /// Edges between its tasks.
    pub edges: Vec<&'a Dependency>,
    /// The id each of its tasks has in the template, where that is known.
    pub origins: BTreeMap<&'a str, &'a str>,
    /// The phase each of its tasks was created in, where that is known.
    pub phases: BTreeMap<&'a str, &'a str>,
    /// Rows that are missing from the history, by their ids.
    pub missing_rows: usize,
    /// Its agents by worker id.
    pub agents: BTreeMap<&'a str, &'a AgentRow>,
    /// Its agents' claims of files; none where the snapshot does not carry them.
    pub claims: Option<Vec<&'a FileClaim>>,
    /// When it ended, else the last event in it; milliseconds since the epoch.
    pub end_ms: i64,
    /// What must be known about all its metrics.
    pub warnings: Vec<Warning>,
}

impl<'a> View<'a> {
    /// The run in `row`, or all of a snapshot that has no runs.
    pub fn of(snapshot: &'a Snapshot, row: Option<&'a RunRow>) -> Self {
        let mut warnings = Vec::new();
        let run = parse(
            row.and_then(|row| row.run_json.as_deref()),
            "run_json",
            &mut warnings,
        );
        let config = parse(
            row.and_then(|row| row.config_snapshot.as_deref()),
            "config_snapshot",
            &mut warnings,
        );
        let classes = classes(&config).unwrap_or_else(|| {
            let message = "the run's workflow is not stored: states are taken by their names in the shipped workflows";
            warnings.push(Warning::new("states_by_name", message));
            StateClasses::shipped()
        });
        if snapshot.resolution_ms > 1 {
            let message = "the snapshot's times are cut to whole seconds: take one by tg-export";
            warnings.push(Warning::resting("coarse_times", Rest::Times, message));
        }
        if snapshot.exported_by.starts_with("task-graph-mcp") {
            let message =
                "the host's own export hides which tasks were deleted: they count as work";
            warnings.push(Warning::resting("deletions_unknown", Rest::Scope, message));
        }
        for unread in &snapshot.unread {
            let message = format!(
                "rows of \"{}\" could not be read: {}",
                unread.table, unread.first
            );
            let rows = usize::try_from(unread.rows).unwrap_or(usize::MAX);
            warnings.push(Warning::counted("rows_unread", rows, message));
        }
        let phases = snapshot.tables.experiment_tasks.iter();
        let phases =
            phases.filter_map(|origin| Some((origin.task_id.as_str(), origin.phase.as_deref()?)));
        let (tasks, rows, edges) = contents(snapshot, row);
        let origins = snapshot.tables.experiment_tasks.iter();
        let origins =
            origins.map(|origin| (origin.task_id.as_str(), origin.template_task_id.as_str()));
        let mut view = Self {
            row,
            run,
            config,
            classes,
            tasks,
            rows,
            edges,
            phases: phases.collect(),
            missing_rows: 0,
            origins: origins.collect(),
            agents: BTreeMap::new(),
            claims: None,
            end_ms: 0,
            warnings,
        };
        let agents = &snapshot.tables.experiment_agents;
        let agents = agents
            .iter()
            .filter(|agent| row.is_none_or(|row| row.id == agent.run_id));
        view.agents = agents
            .map(|agent| (agent.worker_id.as_str(), agent))
            .collect();
        view.claims = view.claims_in(snapshot);
        view.missing_rows = view.missing_in(snapshot);
        view.end_ms = row
            .and_then(|row| row.completed_at)
            .or_else(|| view.last_event())
            .unwrap_or(0);
        view
    }

    /// Ids of history rows follow each other, but for those of tasks that were removed; in a shared database one run has only
    /// some of them.
    fn missing_in(&self, snapshot: &Snapshot) -> usize {
        let rows = &snapshot.tables.task_sequence;
        let is_shared = snapshot.tables.experiment_runs.len() > 1
            || self.run["shared_db"].as_bool() == Some(true);
        if is_shared || !snapshot.unread.is_empty() {
            return 0;
        }
        let last = rows.iter().map(|row| row.id).max().unwrap_or(0);
        usize::try_from(last).map_or(0, |last| last.saturating_sub(rows.len()))
    }

    /// Claims of files; those by this run's agents where several runs share the database.
    fn claims_in(&self, snapshot: &'a Snapshot) -> Option<Vec<&'a FileClaim>> {
        if !snapshot.has.contains("claim_sequence") {
            return None;
        }
        let shared = snapshot.tables.experiment_runs.len() > 1;
        let claims = snapshot.tables.claim_sequence.iter();
        let ours =
            claims.filter(|claim| !shared || self.agents.contains_key(claim.worker_id.as_str()));
        Some(ours.collect())
    }

    fn last_event(&self) -> Option<i64> {
        let rows = self.rows.values().flatten().filter_map(|row| row.timestamp);
        let tasks = self
            .tasks
            .iter()
            .filter_map(|task| task.updated_at.max(task.created_at));
        rows.chain(tasks).max()
    }

    /// The history of a task.
    pub fn rows_of(&self, task: &str) -> &[&'a Change] {
        self.rows.get(task).map_or(&[], Vec::as_slice)
    }

    /// Whether a worker was there to hand out work, not to do it.
    pub fn leads(&self, worker: &str) -> bool {
        self.agents
            .get(worker)
            .is_some_and(|agent| is_leader(agent))
    }
}

/// Whether an agent is there to hand out work.
pub fn is_leader(agent: &AgentRow) -> bool {
    matches!(agent.role.as_deref(), Some("coordinator" | "lead"))
}

type Contents<'a> = (
    Vec<&'a Task>,
    BTreeMap<&'a str, Vec<&'a Change>>,
    Vec<&'a Dependency>,
);

fn contents<'a>(snapshot: &'a Snapshot, row: Option<&RunRow>) -> Contents<'a> {
    let tables = &snapshot.tables;
    let shared = tables.experiment_runs.len() > 1;
    let origins = tables
        .experiment_tasks
        .iter()
        .filter(|origin| row.is_some_and(|row| row.id == origin.run_id));
    let ours: BTreeSet<&str> = origins.map(|origin| origin.task_id.as_str()).collect();
    let is_ours = |task: &str| !shared || ours.contains(task);

    let mut tasks: Vec<&Task> = tables
        .tasks
        .iter()
        .filter(|task| is_ours(&task.id))
        .collect();
    tasks.sort_by(|a, b| a.id.cmp(&b.id));
    let mut rows: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for row in tables
        .task_sequence
        .iter()
        .filter(|row| is_ours(&row.task_id))
    {
        rows.entry(&row.task_id).or_default().push(row);
    }
    for rows in rows.values_mut() {
        rows.sort_by_key(|row| row.id);
    }
    let edges = tables.dependencies.iter();
    let mut edges: Vec<_> = edges
        .filter(|edge| is_ours(&edge.from_task_id) && is_ours(&edge.to_task_id))
        .collect();
    edges.sort_by_key(|edge| (&edge.from_task_id, &edge.to_task_id, &edge.dep_type));
    (tasks, rows, edges)
}

fn parse(text: Option<&str>, what: &str, warnings: &mut Vec<Warning>) -> Value {
    let Some(text) = text else { return Value::Null };
    serde_json::from_str(text).unwrap_or_else(|cause| {
        warnings.push(Warning::new(
            "broken_run",
            format!("experiment_runs.{what} is not JSON: {cause}"),
        ));
        Value::Null
    })
}

fn classes(config: &Value) -> Option<StateClasses> {
    let effective: Effective = serde_json::from_value(config.get("effective")?.clone()).ok()?;
    (!effective.states.is_empty()).then(|| StateClasses::of(&effective))
}
