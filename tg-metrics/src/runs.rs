//! Which rows of a snapshot belong to which run.
//!
//! A database may be shared by thousands of runs; then a run's tasks are those `experiment_tasks` says it has, and what
//! agents created beside them belongs to nobody. The rows are sorted out once, and not once for each run. A task or a run
//! whose id is there twice counts once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use tg_host::Ledger;
use tg_host::experiment::AgentRow;
use tg_host::ledger::names::Name;
use tg_host::snapshot::{FileClaim, RunRow};

/// The rows of one run.
#[derive(Default)]
pub struct Part<'a> {
    /// All its tasks, containers and deleted ones included: their places in the order of ids.
    pub tasks: Vec<u32>,
    /// How many more had the id of one of them.
    pub repeated: usize,
    /// Those that have a history, whether they are there or not.
    pub told: Vec<Name>,
    /// Edges between its tasks, by their number in the file.
    pub edges: Vec<u32>,
    /// Its agents by worker id.
    pub agents: BTreeMap<&'a str, &'a AgentRow>,
    /// Its agents' claims of files.
    pub claims: Vec<&'a FileClaim>,
}

/// The runs of a snapshot.
pub struct Runs<'a> {
    /// The snapshot.
    pub ledger: &'a Ledger,
    parts: HashMap<&'a str, Part<'a>>,
}

/// The key of the only part, where nothing is shared.
const ALL: &str = "";

impl<'a> Runs<'a> {
    /// Sort out the rows of a snapshot.
    pub fn of(ledger: &'a Ledger) -> Self {
        let is_shared = ledger.runs.len() > 1;
        if !is_shared {
            let part = Part {
                tasks: (0..ledger.len() as u32).collect(),
                repeated: ledger.repeated().len(),
                told: ledger.told().collect(),
                edges: (0..ledger.edges() as u32).collect(),
                ..Part::default()
            };
            let parts = HashMap::from([(ALL, part)]);
            let mut runs = Self { ledger, parts };
            runs.take_agents(is_shared);
            return runs;
        }
        let owner = |task: Name| ledger.origin(task).map(|origin| origin.run_id);
        let mut parts: HashMap<&str, Part> = HashMap::new();
        for place in 0..ledger.len() as u32 {
            if let Some(run) = owner(ledger.id(place)) {
                parts.entry(run).or_default().tasks.push(place);
            }
        }
        for id in ledger.repeated() {
            if let Some(run) = owner(*id) {
                parts.entry(run).or_default().repeated += 1;
            }
        }
        for name in ledger.told() {
            if let Some(run) = owner(name) {
                parts.entry(run).or_default().told.push(name);
            }
        }
        for at in 0..ledger.edges() {
            let edge = ledger.edge(at);
            let run = owner(edge.from);
            if let Some(run) = run.filter(|_| run == owner(edge.to)) {
                parts.entry(run).or_default().edges.push(at as u32);
            }
        }
        let mut runs = Self { ledger, parts };
        runs.take_agents(is_shared);
        runs
    }

    /// Agents are known by their run, and claims by their agent.
    fn take_agents(&mut self, is_shared: bool) {
        let only = self.ledger.runs.first();
        let mut employers: HashMap<&str, &str> = HashMap::new();
        for agent in &self.ledger.agents {
            let run = if is_shared { &agent.run_id } else { ALL };
            if is_shared || only.is_none_or(|row| row.id == agent.run_id) {
                let part = self.parts.entry(run).or_default();
                part.agents.insert(&agent.worker_id, agent);
                employers.insert(&agent.worker_id, run);
            }
        }
        for claim in &self.ledger.claims {
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
        let rows = self.ledger.runs.iter();
        let rows: Vec<_> = rows
            .filter(|row| seen.insert(row.id.as_str()))
            .map(Some)
            .collect();
        if rows.is_empty() { vec![None] } else { rows }
    }

    /// The rows of a run, once; all of them where the snapshot has no runs, or this one only.
    pub fn take(&mut self, row: Option<&RunRow>) -> Part<'a> {
        let is_shared = self.ledger.runs.len() > 1;
        let run = row.filter(|_| is_shared).map_or(ALL, |row| &row.id);
        self.parts.remove(run).unwrap_or_default()
    }
}
