//! One run of a snapshot: its tasks with their history, its edges, its agents, its configuration.
//!
//! A snapshot without our tables (the host's own) is one run whose name and configuration are not known.

use crate::intervals::{Class, Story};
use crate::runs::Runs;
use crate::table::Rest;
use crate::warning::Warning;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tg_host::experiment::AgentRow;
use tg_host::ledger::names::Name;
use tg_host::ledger::{Edge, Task};
use tg_host::snapshot::{FileClaim, RunRow};
use tg_host::workflow::Effective;
use tg_host::{Ledger, StateClasses};

/// The longest JSON in a column, in bytes.
const LONGEST: usize = 4 << 20;

/// One run of a snapshot; everything in the order of ids.
pub struct View<'a> {
    /// The snapshot.
    pub ledger: &'a Ledger,
    /// Its row in `experiment_runs`.
    pub row: Option<&'a RunRow>,
    /// The `run` object of its record; null where the snapshot does not say.
    pub run: Value,
    /// The workflow configuration that was stored with it; null where there is none.
    pub config: Value,
    /// What its states mean.
    pub classes: StateClasses,
    /// The classes of states that were met, by the numbers of their names.
    states: BTreeMap<Name, Class>,
    /// All its tasks, containers and deleted ones included: their places in the snapshot's order of ids.
    tasks: Vec<u32>,
    /// Its edges, by their number in the file.
    edges: Vec<u32>,
    /// Tasks that hold others.
    pub containers: BTreeSet<Name>,
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
    pub fn of(ledger: &'a Ledger, row: Option<&'a RunRow>) -> Self {
        Self::take(&mut Runs::of(ledger), row)
    }

    /// The same of several runs, one after the other.
    pub fn take(runs: &mut Runs<'a>, row: Option<&'a RunRow>) -> Self {
        let snapshot = runs.ledger;
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
        let part = runs.take(row);
        if part.repeated > 0 {
            let message = "tasks have an id that was there before, and do not count";
            warnings.push(Warning::counted("repeated_tasks", part.repeated, message));
        }
        let has_claims = snapshot.has.contains("claim_sequence");
        let states = snapshot.states();
        let states = states.map(|name| (name, Class::of(&classes, snapshot.text(name))));
        let edges = part.edges.iter();
        let edges = edges.map(|at| snapshot.edge(*at as usize));
        let mut view = Self {
            ledger: snapshot,
            states: states.collect(),
            containers: edges
                .filter(|edge| edge.is_containment)
                .map(|edge| edge.from)
                .collect(),
            row,
            run,
            config,
            classes,
            tasks: part.tasks,
            edges: part.edges,
            agents: part.agents,
            claims: has_claims.then_some(part.claims),
            missing_rows: 0,
            end_ms: 0,
            warnings,
        };
        view.missing_rows = view.missing_in(snapshot);
        view.end_ms = row
            .and_then(|row| row.completed_at)
            .or_else(|| view.last_event(&part.told))
            .unwrap_or(0);
        view
    }

    /// Ids of history rows follow each other, but for those of tasks that were removed; in a shared database one run has only
    /// some of them.
    fn missing_in(&self, snapshot: &Ledger) -> usize {
        let is_shared = snapshot.runs.len() > 1 || self.run["shared_db"].as_bool() == Some(true);
        if is_shared || !snapshot.unread.is_empty() {
            return 0;
        }
        let (rows, last) = snapshot.rows();
        usize::try_from(last).map_or(0, |last| last.saturating_sub(rows))
    }

    fn last_event(&self, told: &[Name]) -> Option<i64> {
        if self.ledger.runs.len() <= 1 && self.ledger.repeated().is_empty() {
            return self.ledger.last_event();
        }
        let rows = told.iter().flat_map(|name| self.ledger.history(*name));
        let rows = rows.filter_map(|row| row.timestamp);
        let tasks = self
            .tasks()
            .filter_map(|task| task.updated_at.max(task.created_at));
        rows.chain(tasks).max()
    }

    /// How many tasks it has, containers and deleted ones included.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Its tasks, containers and deleted ones included.
    pub fn tasks(&self) -> impl Iterator<Item = Task<'a>> + '_ {
        self.tasks.iter().map(|place| self.ledger.task(*place))
    }

    /// What was logged on each of its tasks: the cost in USD, and the slots.
    pub fn logged(&self) -> impl Iterator<Item = (Name, (Option<f64>, [i64; 8]))> + '_ {
        let places = self.tasks.iter();
        places.map(|place| (self.ledger.id(*place), self.ledger.logged(*place)))
    }

    /// What happened to each of its tasks.
    pub fn stories(&self) -> impl Iterator<Item = Story<'a>> + '_ {
        self.tasks().map(|task| Story::of(self, task))
    }

    /// What happened to the task at a place among them.
    pub fn story(&self, place: usize) -> Story<'a> {
        Story::of(self, self.ledger.task(self.tasks[place]))
    }

    /// Where a task stands among its tasks.
    pub fn place(&self, task: Name) -> Option<usize> {
        let place = self.ledger.place(task)?;
        if self.tasks.len() == self.ledger.len() {
            return Some(place as usize);
        }
        self.tasks.binary_search(&place).ok()
    }

    /// Edges between its tasks.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.edges.iter().map(|at| self.ledger.edge(*at as usize))
    }

    /// The phase a task was created in, where that is known.
    pub fn phase(&self, task: Name) -> Option<&'a str> {
        self.ledger.origin(task)?.phase
    }

    /// What a state means.
    pub fn class(&self, state: Name) -> Class {
        let known = self.states.get(&state).copied();
        known.unwrap_or_else(|| Class::of(&self.classes, self.ledger.text(state)))
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

fn parse(text: Option<&str>, what: &str, warnings: &mut Vec<Warning>) -> Value {
    let Some(text) = text else { return Value::Null };
    json(text).unwrap_or_else(|cause| {
        warnings.push(Warning::new(
            "broken_run",
            format!("experiment_runs.{what} is not JSON: {cause}"),
        ));
        Value::Null
    })
}

/// The JSON in a column. As a tree it takes up to thirty times as much memory as its text, which is kilobytes in every run.
pub fn json(text: &str) -> Result<Value, String> {
    if text.len() > LONGEST {
        return Err("it is longer than 4 MiB".into());
    }
    serde_json::from_str(text).map_err(|cause| cause.to_string())
}

fn classes(config: &Value) -> Option<StateClasses> {
    let effective: Effective = serde_json::from_value(config.get("effective")?.clone()).ok()?;
    (!effective.states.is_empty()).then(|| StateClasses::of(&effective))
}
