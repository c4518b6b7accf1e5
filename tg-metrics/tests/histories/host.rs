//! A small host: plays a plan, and writes the rows that the real host writes, without the rows that it omits.
//!
//! Measured on 0.5.0: the worker of a row is its claimer or assignee, and NULL where work ends; phases have rows of their
//! own; disconnecting and stealing leave no row and touch no time; eviction leaves one; containers complete by themselves
//! with rows of the worker that ended their last part; time worked is added when a row ends it, but not on eviction.

use super::plan::{Kind, Plan, TaskPlan};
use super::workflow::{WORKFLOWS, Workflow};

/// The creation of the tasks; milliseconds since the epoch.
pub const BASE: i64 = 1_795_000_000_000;

/// A task in the form of its row.
#[derive(Debug)]
pub struct Task {
    pub id: String,
    pub plan: TaskPlan,
    pub parent: Option<usize>,
    /// True if the run's template has it.
    pub is_ours: bool,
    pub status: &'static str,
    pub owner: Option<usize>,
    pub created: i64,
    pub updated: i64,
    pub completed: Option<i64>,
    pub deleted: Option<i64>,
    pub worked: Option<i64>,
    pub cents: u32,
    pub slots: [i64; 8],
    /// The last row with a state.
    last: Option<(&'static str, i64)>,
}

/// A row of the history.
#[derive(Debug)]
pub struct Row {
    pub id: i64,
    pub task: usize,
    pub worker: Option<usize>,
    pub status: Option<&'static str>,
    pub phase: Option<&'static str>,
    pub reason: Option<String>,
    pub at: i64,
}

/// A claim or a release of a file.
#[derive(Debug)]
pub struct Mark {
    pub file: usize,
    pub worker: usize,
    pub is_claim: bool,
    pub at: i64,
    pub until: Option<i64>,
}

/// A run in progress.
#[derive(Debug)]
pub struct Played {
    pub workflow: &'static Workflow,
    pub tasks: Vec<Task>,
    /// From, to, and true for `blocks`.
    pub edges: Vec<(usize, usize, bool)>,
    pub rows: Vec<Row>,
    pub marks: Vec<Mark>,
    /// The time at which each worker left.
    pub left: Vec<Option<i64>>,
    pub now: i64,
    pub(super) orderly: bool,
    pub(super) next_row: i64,
}

/// Plays a plan. `run` is the number of the run in its database; all names contain it.
pub fn play(plan: &Plan, run: usize) -> Played {
    let mut played = Played {
        workflow: &WORKFLOWS[plan.workflow],
        tasks: Vec::new(),
        edges: Vec::new(),
        rows: Vec::new(),
        marks: Vec::new(),
        left: vec![None; plan.agents.len()],
        now: BASE,
        orderly: plan.orderly,
        next_row: 1,
    };
    for task in &plan.tasks {
        played.create(task.clone(), run, true);
    }
    for &(from, to, blocks) in plan.edges.iter().filter(|_| !plan.tasks.is_empty()) {
        let (from, to) = (from % plan.tasks.len(), to % plan.tasks.len());
        if from != to && (plan.circles || !played.leads_to(to, from)) {
            played.edges.push((from, to, blocks));
        }
    }
    if plan.run.gate {
        played.now += plan.run.started.unwrap_or(0);
    }
    for event in &plan.events {
        played.now += event.wait;
        played.happen(event, plan, run);
    }
    played
}

impl Played {
    pub(super) fn create(&mut self, plan: TaskPlan, run: usize, is_ours: bool) -> usize {
        let at = self.tasks.len();
        let letter = char::from(b'a' + (at * 7 % 26) as u8); // so that ids are not in the order of creation
        let id = match plan.kind {
            Kind::Work => format!("{letter}{at}-r{run}"),
            Kind::Lock => format!("_lock:{letter}{at}-r{run}"),
            Kind::Gate => format!("start-gate-{at}-r{run}"),
        };
        let parent = plan.parent.filter(|_| at > 0).map(|pick| pick % at);
        let row = plan.row;
        self.tasks.push(Task {
            id,
            plan,
            parent,
            is_ours,
            status: self.workflow.initial(),
            owner: None,
            created: self.now - row.unwrap_or(0),
            updated: self.now,
            completed: None,
            deleted: None,
            worked: None,
            cents: 0,
            slots: [0; 8],
            last: None,
        });
        if row.is_some() {
            self.row(at, None, Some(self.workflow.initial()), None, None);
        }
        at
    }

    /// True if `to` waits for `from`, by edges or by containment.
    fn leads_to(&self, from: usize, to: usize) -> bool {
        let mut reached = vec![from];
        let mut at = 0;
        while let Some(&task) = reached.get(at) {
            at += 1;
            let after = self
                .edges
                .iter()
                .filter(|edge| edge.0 == task)
                .map(|edge| edge.1);
            for next in after.chain(self.tasks[task].parent) {
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
        }
        reached.contains(&to)
    }

    pub(super) fn row(
        &mut self,
        task: usize,
        worker: Option<usize>,
        status: Option<&'static str>,
        phase: Option<&'static str>,
        reason: Option<String>,
    ) {
        self.rows.push(Row {
            id: self.next_row,
            task,
            worker,
            status,
            phase,
            reason,
            at: self.now,
        });
        self.next_row += 1;
        if let Some(status) = status {
            self.tasks[task].last = Some((status, self.now));
        }
    }

    /// Moves a task into a state, with a row.
    pub(super) fn enter(
        &mut self,
        task: usize,
        status: &'static str,
        worker: Option<usize>,
        reason: Option<String>,
    ) {
        let (now, workflow) = (self.now, self.workflow);
        let entry = &mut self.tasks[task];
        let is_evicted = reason.as_deref() == Some("stale_release");
        if let Some((last, since)) = entry.last
            && workflow.is_timed(last)
            && !is_evicted
        {
            entry.worked = Some(entry.worked.unwrap_or(0) + now - since);
        }
        entry.status = status;
        entry.updated = now;
        entry.owner = worker.filter(|_| workflow.is_blocking(status) && !is_evicted);
        if status == "completed" {
            entry.completed = Some(now);
        }
        self.row(task, worker, Some(status), None, reason);
    }

    pub(super) fn is_over(&self, task: usize) -> bool {
        !self.workflow.is_blocking(self.tasks[task].status)
    }

    /// True if all predecessors are over.
    pub(super) fn is_free(&self, task: usize) -> bool {
        let mut before = self.edges.iter().filter(|edge| edge.1 == task);
        before.all(|edge| self.is_over(edge.0))
    }

    fn parts(&self, task: usize) -> impl Iterator<Item = usize> {
        (0..self.tasks.len()).filter(move |part| self.tasks[*part].parent == Some(task))
    }

    /// True if a task may end; in an orderly run, its predecessors and its parts end first.
    pub(super) fn may_end(&self, task: usize) -> bool {
        !self.orderly || (self.is_free(task) && self.parts(task).all(|part| self.is_over(part)))
    }

    /// A task that is over completes its container, if it was the last part.
    fn roll_up(&mut self, task: usize, worker: Option<usize>) {
        let Some(parent) = self.tasks[task].parent.filter(|_| self.workflow.has_rollup) else {
            return;
        };
        let is_done = !self.is_over(parent) && self.parts(parent).all(|part| self.is_over(part));
        if !is_done || !self.may_end(parent) {
            return;
        }
        let timed = self.workflow.states.iter().find(|state| state.2).unwrap().0;
        if !self.workflow.is_timed(self.tasks[parent].status) {
            let reason = "auto-rollup: transitioning to timed state before completion";
            self.enter(parent, timed, worker, Some(reason.into()));
        }
        let reason = "auto-rollup: all children reached terminal state";
        self.enter(parent, self.workflow.success, worker, Some(reason.into()));
        self.roll_up(parent, worker);
    }

    /// Leaves a state by an exit that is not work.
    pub(super) fn leave(&mut self, task: usize, status: &'static str) {
        let worker = self.tasks[task].owner;
        self.enter(task, status, None, None);
        if status == "cancelled" && !self.orderly {
            self.cancel_parts(task);
        }
        if self.is_over(task) {
            self.roll_up(task, worker);
        }
    }

    fn cancel_parts(&mut self, task: usize) {
        for part in self.parts(task).collect::<Vec<_>>() {
            if self
                .workflow
                .exits(self.tasks[part].status)
                .contains(&"cancelled")
            {
                let reason = format!(
                    "Cascade cancelled from parent task '{}'",
                    self.tasks[task].id
                );
                self.enter(part, "cancelled", None, Some(reason));
            }
            self.cancel_parts(part);
        }
    }
}
