//! One run of a snapshot: tasks with their history, edges, agents, configuration.
//!
//! A snapshot without our tables (one by the host) is a single run without a known name and configuration.

use crate::class::Class;
use crate::run_info::{RunConfig, RunInfo};
use crate::runs::Runs;
use crate::warning::{Basis, Warning};
use std::collections::{BTreeMap, BTreeSet};
use tg_host::experiment_tables::AgentRow;
use tg_host::ledger::names::Name;
use tg_host::ledger::{Edge, Task};
use tg_host::snapshot::{FileClaim, RunRow};
use tg_host::{Ledger, StateClasses};
use tg_stage::workflows;

/// One run of a snapshot; all rows in the order of ids.
pub struct View<'a> {
    pub(crate) ledger: &'a Ledger,
    /// Its row in `experiment_runs`.
    pub(crate) row: Option<&'a RunRow>,
    pub(crate) run: RunInfo,
    pub(crate) config: RunConfig,
    pub(crate) classes: StateClasses,
    /// The classes of all states in the snapshot.
    states: BTreeMap<Name, Class>,
    /// The places of its tasks in the snapshot, containers and deleted tasks included.
    tasks: Vec<u32>,
    /// The numbers of its edges in the file.
    edges: Vec<u32>,
    /// Tasks that contain others.
    pub(crate) containers: BTreeSet<Name>,
    /// The number of history rows that are missing between the ids of the others.
    pub(crate) missing_rows: usize,
    /// By worker id.
    pub(crate) agents: BTreeMap<&'a str, &'a AgentRow>,
    /// Claims of files by its agents; `None` if the snapshot does not carry them.
    pub(crate) claims: Option<Vec<&'a FileClaim>>,
    /// The run's end, else the last event in it; milliseconds since the epoch.
    pub(crate) end_ms: i64,
    /// Warnings about all of its metrics.
    pub(crate) warnings: Vec<Warning>,
}

impl<'a> View<'a> {
    /// The run in `row`, or the whole of a snapshot that has no runs.
    pub fn new(ledger: &'a Ledger, row: Option<&'a RunRow>) -> Self {
        Self::of_run(&mut Runs::new(ledger), row)
    }

    /// The same for one of several runs; each can be taken once.
    pub fn of_run(runs: &mut Runs<'a>, row: Option<&'a RunRow>) -> Self {
        let ledger = runs.ledger;
        let mut warnings = Vec::new();
        let mut broken = |column: &str, cause: String| {
            let message = format!("experiment_runs.{column} is not JSON: {cause}");
            warnings.push(Warning::new("broken_run", message));
        };
        let run = row.and_then(|row| row.run_json.as_deref());
        let run = run.map_or_else(|| Ok(RunInfo::default()), RunInfo::parse);
        let run = run.map_err(|cause| broken("run_json", cause));
        let config = row.and_then(|row| row.config_snapshot.as_deref());
        let config = config.map_or_else(|| Ok(RunConfig::default()), RunConfig::parse);
        let config = config.map_err(|cause| broken("config_snapshot", cause));
        let config = config.unwrap_or_default();
        let classes = config.classes().unwrap_or_else(|| {
            let message = "the run's workflow is not stored: states are taken by their names in the shipped workflows";
            warnings.push(Warning::new("states_by_name", message));
            StateClasses::shipped()
        });
        warnings.extend(snapshot_warnings(ledger));
        let part = runs.take_part(row);
        if part.repeated > 0 {
            let message = "tasks have an id that was there before, and do not count";
            warnings.push(Warning::counted("repeated_tasks", part.repeated, message));
        }
        let states = ledger.states();
        let states = states.map(|name| (name, Class::new(&classes, ledger.text(name))));
        let edges = part.edges.iter().map(|at| ledger.edge(*at as usize));
        let containers = edges.filter(|edge| edge.is_containment);
        let has_claims = ledger.has.contains("claim_sequence");
        let mut view = Self {
            ledger,
            states: states.collect(),
            containers: containers.map(|edge| edge.from).collect(),
            row,
            run: run.unwrap_or_default(),
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
        view.missing_rows = view.count_missing_rows();
        let end = row.and_then(|row| row.completed_at);
        view.end_ms = end
            .or_else(|| view.last_event(&part.with_history))
            .unwrap_or(0);
        view
    }

    /// Ids of history rows are consecutive, except for those of removed tasks; in a shared database one run has only some of
    /// them.
    fn count_missing_rows(&self) -> usize {
        let is_shared = self.ledger.runs.len() > 1 || self.run.is_shared();
        if is_shared || !self.ledger.unread.is_empty() {
            return 0;
        }
        let (rows, last) = self.ledger.rows();
        usize::try_from(last).map_or(0, |last| last.saturating_sub(rows))
    }

    fn last_event(&self, with_history: &[Name]) -> Option<i64> {
        if self.ledger.runs.len() <= 1 && self.ledger.repeated().is_empty() {
            return self.ledger.last_event();
        }
        let rows = with_history.iter();
        let rows = rows.flat_map(|name| self.ledger.history(*name));
        let rows = rows.filter_map(|row| row.timestamp);
        let tasks = self.tasks();
        let tasks = tasks.filter_map(|task| task.updated_at.max(task.created_at));
        rows.chain(tasks).max()
    }

    /// The number of tasks, containers and deleted tasks included.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Its tasks, containers and deleted tasks included.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = Task<'a>> + '_ {
        self.tasks.iter().map(|place| self.ledger.task(*place))
    }

    /// The task at a place among them.
    pub(crate) fn task(&self, place: usize) -> Task<'a> {
        self.ledger.task(self.tasks[place])
    }

    /// The values logged on each of its tasks: cost in USD, and slots.
    pub(crate) fn logged(&self) -> impl Iterator<Item = (Name, (Option<f64>, [i64; 8]))> + '_ {
        let places = self.tasks.iter();
        places.map(|place| (self.ledger.id(*place), self.ledger.logged(*place)))
    }

    /// The place of a task among its tasks.
    pub(crate) fn place(&self, task: Name) -> Option<usize> {
        let place = self.ledger.place(task)?;
        if self.tasks.len() == self.ledger.len() {
            return Some(place as usize);
        }
        self.tasks.binary_search(&place).ok()
    }

    /// The edges between its tasks.
    pub(crate) fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.edges.iter().map(|at| self.ledger.edge(*at as usize))
    }

    /// The phase in which a task was created, where that is known.
    pub(crate) fn phase(&self, task: Name) -> Option<&'a str> {
        self.ledger.origin(task)?.phase
    }

    pub(crate) fn class(&self, state: Name) -> Class {
        let known = self.states.get(&state).copied();
        known.unwrap_or_else(|| Class::new(&self.classes, self.ledger.text(state)))
    }

    /// True if the worker is a leader: it assigns work to others.
    pub(crate) fn leads(&self, worker: &str) -> bool {
        let agent = self.agents.get(worker);
        agent.is_some_and(|agent| is_leader(agent))
    }
}

/// True for the roles that assign work to others.
pub fn is_leader(agent: &AgentRow) -> bool {
    agent.role.as_deref().is_some_and(workflows::is_leader)
}

fn snapshot_warnings(ledger: &Ledger) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if ledger.resolution_ms > 1 {
        let message = "the snapshot's times are cut to whole seconds: take one by tg-export";
        warnings.push(Warning::on_basis("coarse_times", Basis::Times, message));
    }
    if ledger.exported_by.starts_with("task-graph-mcp") {
        let message = "the host's own export hides which tasks were deleted: they count as work";
        let warning = Warning::on_basis("deletions_unknown", Basis::Scope, message);
        warnings.push(warning);
    }
    for unread in &ledger.unread {
        let (table, first) = (&unread.table, &unread.first);
        let message = format!("rows of \"{table}\" could not be read: {first}");
        let rows = usize::try_from(unread.rows).unwrap_or(usize::MAX);
        warnings.push(Warning::counted("rows_unread", rows, message));
    }
    warnings
}
