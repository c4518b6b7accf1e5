//! The rows of a snapshot, sorted by run.
//!
//! Thousands of runs may share a database; then `experiment_tasks` names the tasks of each run, and tasks that agents
//! created beside them belong to no run. The rows are sorted once for all runs. A task or a run whose id is repeated
//! counts once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use tg_host::Ledger;
use tg_host::experiment_tables::AgentRow;
use tg_host::ledger::names::Name;
use tg_host::snapshot::{FileClaim, RunRow};

/// The rows of one run.
#[derive(Default)]
pub struct Part<'a> {
    /// The places of all its tasks in the order of ids, containers and deleted tasks included.
    pub tasks: Vec<u32>,
    /// The number of further tasks with the id of one of them.
    pub repeated: usize,
    /// The tasks that have a history, missing tasks included.
    pub with_history: Vec<Name>,
    /// The numbers of the edges between its tasks.
    pub edges: Vec<u32>,
    /// By worker id.
    pub agents: BTreeMap<&'a str, &'a AgentRow>,
    /// Claims of files by its agents.
    pub claims: Vec<&'a FileClaim>,
}

/// The runs of a snapshot.
pub struct Runs<'a> {
    pub(crate) ledger: &'a Ledger,
    parts: HashMap<&'a str, Part<'a>>,
}

/// The key of the only part of a snapshot with a single run.
const ALL: &str = "";

impl<'a> Runs<'a> {
    /// Sorts the rows of a snapshot by run.
    pub fn new(ledger: &'a Ledger) -> Self {
        let is_shared = ledger.runs.len() > 1;
        let parts = if is_shared {
            parts(ledger)
        } else {
            let part = Part {
                tasks: (0..ledger.len() as u32).collect(),
                repeated: ledger.repeated().len(),
                with_history: ledger.names_with_history().collect(),
                edges: (0..ledger.edges() as u32).collect(),
                ..Part::default()
            };
            HashMap::from([(ALL, part)])
        };
        let mut runs = Self { ledger, parts };
        runs.add_agents(is_shared);
        runs
    }

    /// Adds the agents by their run, and the claims by their agent.
    fn add_agents(&mut self, is_shared: bool) {
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

    /// The rows of the runs in `experiment_runs`, each id once; a single `None` if the snapshot has no runs.
    pub fn rows(&self) -> Vec<Option<&'a RunRow>> {
        let mut seen = BTreeSet::new();
        let rows = self.ledger.runs.iter();
        let rows = rows.filter(|row| seen.insert(row.id.as_str()));
        let rows: Vec<_> = rows.map(Some).collect();
        if rows.is_empty() { vec![None] } else { rows }
    }

    /// Removes and returns the rows of a run; all rows if the snapshot has at most one run.
    pub(crate) fn take_part(&mut self, row: Option<&RunRow>) -> Part<'a> {
        let is_shared = self.ledger.runs.len() > 1;
        let run = row.filter(|_| is_shared).map_or(ALL, |row| &row.id);
        self.parts.remove(run).unwrap_or_default()
    }
}

fn parts(ledger: &Ledger) -> HashMap<&str, Part<'_>> {
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
    for name in ledger.names_with_history() {
        if let Some(run) = owner(name) {
            parts.entry(run).or_default().with_history.push(name);
        }
    }
    for at in 0..ledger.edges() {
        let edge = ledger.edge(at);
        let run = owner(edge.from);
        if let Some(run) = run.filter(|_| run == owner(edge.to)) {
            parts.entry(run).or_default().edges.push(at as u32);
        }
    }
    parts
}
