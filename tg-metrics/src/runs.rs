//! Which rows of a snapshot belong to which run.
//!
//! A database may be shared by thousands of runs; then a run's tasks are those `experiment_tasks` says it has, and what
//! agents created beside them belongs to nobody. The rows are sorted out once, and not once for each run. A task or a run
//! whose id is there twice counts once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use tg_host::Snapshot;
use tg_host::experiment::AgentRow;
use tg_host::snapshot::{Change, Dependency, FileClaim, RunRow, Task};

/// The rows of one run, in the order of their ids.
#[derive(Default)]
pub struct Part<'a> {
    /// All its tasks, containers and deleted ones included.
    pub tasks: Vec<&'a Task>,
    /// How many more had the id of one of them.
    pub repeated: usize,
    /// The history of each task, by row id.
    pub rows: BTreeMap<&'a str, Vec<&'a Change>>,
    /// Edges between its tasks.
    pub edges: Vec<&'a Dependency>,
    /// The id each of its tasks has in the template, where that is known.
    pub origins: BTreeMap<&'a str, &'a str>,
    /// The phase each of its tasks was created in, where that is known.
    pub phases: BTreeMap<&'a str, &'a str>,
    /// Its agents by worker id.
    pub agents: BTreeMap<&'a str, &'a AgentRow>,
    /// Its agents' claims of files.
    pub claims: Vec<&'a FileClaim>,
}

/// The runs of a snapshot.
pub struct Runs<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    parts: HashMap<&'a str, Part<'a>>,
}

/// The key of the only part, where nothing is shared.
const ALL: &str = "";

impl<'a> Runs<'a> {
    /// Sort out the rows of a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let tables = &snapshot.tables;
        let is_shared = tables.experiment_runs.len() > 1;
        let origins = tables.experiment_tasks.iter();
        let owners: HashMap<&str, &str> = origins
            .filter(|_| is_shared)
            .map(|origin| (origin.task_id.as_str(), origin.run_id.as_str()))
            .collect();
        let owner = |task: &str| {
            if is_shared {
                owners.get(task).copied()
            } else {
                Some(ALL)
            }
        };
        let mut parts: HashMap<&str, Part> = HashMap::new();
        for task in &tables.tasks {
            if let Some(run) = owner(&task.id) {
                parts.entry(run).or_default().tasks.push(task);
            }
        }
        for row in &tables.task_sequence {
            if let Some(run) = owner(&row.task_id) {
                let rows = &mut parts.entry(run).or_default().rows;
                rows.entry(&row.task_id).or_default().push(row);
            }
        }
        for edge in &tables.dependencies {
            let run = owner(&edge.from_task_id);
            if let Some(run) = run.filter(|_| run == owner(&edge.to_task_id)) {
                parts.entry(run).or_default().edges.push(edge);
            }
        }
        for origin in &tables.experiment_tasks {
            if let Some(run) = owner(&origin.task_id) {
                let part = parts.entry(run).or_default();
                part.origins
                    .insert(&origin.task_id, &origin.template_task_id);
                if let Some(phase) = &origin.phase {
                    part.phases.insert(&origin.task_id, phase);
                }
            }
        }
        let mut runs = Self { snapshot, parts };
        runs.take_agents(is_shared);
        runs
    }

    /// Agents are known by their run, and claims by their agent.
    fn take_agents(&mut self, is_shared: bool) {
        let tables = &self.snapshot.tables;
        let only = tables.experiment_runs.first();
        let mut employers: HashMap<&str, &str> = HashMap::new();
        for agent in &tables.experiment_agents {
            let run = if is_shared { &agent.run_id } else { ALL };
            if is_shared || only.is_none_or(|row| row.id == agent.run_id) {
                let part = self.parts.entry(run).or_default();
                part.agents.insert(&agent.worker_id, agent);
                employers.insert(&agent.worker_id, run);
            }
        }
        for claim in &tables.claim_sequence {
            let run = match employers.get(claim.worker_id.as_str()) {
                _ if !is_shared => ALL,
                Some(run) => run,
                None => continue,
            };
            self.parts.entry(run).or_default().claims.push(claim);
        }
    }

    /// The runs' rows in `experiment_runs`, each id once; none of a snapshot that has no runs.
    pub fn rows(&self) -> Vec<Option<&'a RunRow>> {
        let mut seen = BTreeSet::new();
        let rows = self.snapshot.tables.experiment_runs.iter();
        let rows: Vec<_> = rows
            .filter(|row| seen.insert(row.id.as_str()))
            .map(Some)
            .collect();
        if rows.is_empty() { vec![None] } else { rows }
    }

    /// The rows of a run, once; all of them where the snapshot has no runs, or this one only.
    pub fn take(&mut self, row: Option<&RunRow>) -> Part<'a> {
        let is_shared = self.snapshot.tables.experiment_runs.len() > 1;
        let run = row.filter(|_| is_shared).map_or(ALL, |row| &row.id);
        let mut part = self.parts.remove(run).unwrap_or_default();
        let all = part.tasks.len();
        part.tasks.sort_by(|a, b| a.id.cmp(&b.id));
        part.tasks.dedup_by(|later, first| later.id == first.id);
        part.repeated = all - part.tasks.len();
        for rows in part.rows.values_mut() {
            rows.sort_by_key(|row| row.id);
        }
        part.edges
            .sort_by_key(|edge| (&edge.from_task_id, &edge.to_task_id, &edge.dep_type));
        part
    }
}
