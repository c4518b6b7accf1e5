//! The effect of each event of a plan, if it is possible at its turn.

use super::host::{Mark, Played, Task};
use super::plan::{Event, Kind, Plan, TaskPlan, What};

impl Played {
    /// Plays an event; no effect if no task allows it.
    pub(super) fn happen(&mut self, event: &Event, plan: &Plan, run: usize) {
        let worker = event.worker % plan.agents.len();
        match &event.what {
            What::Claim { careless } => self.claim(event, worker, *careless),
            What::Assign => self.assign(event, worker),
            What::GoOn => self.go_on(event, worker),
            What::Finish => self.finish(event),
            What::Leave(exit) => self.leave_by(event, *exit),
            What::Relay(phase) => self.relay(event, phase),
            What::Phase(phase) => {
                if let Some(task) = self.touch(event) {
                    self.row(task, Some(worker), None, Some(phase), None);
                }
            }
            What::Disconnect(state) => self.disconnect(worker, *state),
            What::Evict => self.evict(worker),
            What::Steal => {
                if let Some(task) = self.pick(event, |task, _| self.is_timed(task)) {
                    self.tasks[task].owner = Some(worker);
                    self.tasks[task].updated = self.now;
                }
            }
            What::Delete => {
                if let Some(task) = self.touch(event) {
                    self.tasks[task].deleted = self.tasks[task].deleted.or(Some(self.now));
                }
            }
            What::Create { row } => self.create_part(event, run, *row),
            What::AutoAdvance => self.auto_advance(event, worker),
            What::Log(cents, slot, value) => {
                if let Some(task) = self.pick(event, |_, _| true) {
                    self.tasks[task].cents += cents;
                    self.tasks[task].slots[*slot] += value;
                }
            }
            What::Mark(file) => self.mark(*file, worker, true),
            What::Unmark(file) => self.mark(*file, worker, false),
            What::Touch => {
                self.touch(event);
            }
            What::Obliterate(ids) => self.next_row += ids,
        }
    }

    /// The picked one of the tasks for which the event is possible.
    fn pick(&self, event: &Event, is_possible: impl Fn(&Task, usize) -> bool) -> Option<usize> {
        let tasks = 0..self.tasks.len();
        let possible: Vec<usize> = tasks
            .filter(|&task| is_possible(&self.tasks[task], task))
            .collect();
        possible
            .get(event.task.checked_rem(possible.len())?)
            .copied()
    }

    fn is_timed(&self, task: &Task) -> bool {
        self.workflow.is_timed(task.status)
    }

    fn can_become(&self, task: &Task, status: &str) -> bool {
        self.workflow.exits(task.status).contains(&status)
    }

    /// The timed state that a task may enter next.
    fn next(&self, task: &Task) -> Option<&'static str> {
        let exits = self.workflow.exits(task.status).iter();
        exits.copied().find(|exit| self.workflow.is_timed(exit))
    }

    fn touch(&mut self, event: &Event) -> Option<usize> {
        let task = self.pick(event, |_, _| true)?;
        self.tasks[task].updated = self.now;
        Some(task)
    }

    fn claim(&mut self, event: &Event, worker: usize, careless: bool) {
        // The host checks whether a task is blocked unless it was assigned to the claimer.
        let is_own = |task: &Task| {
            task.status == self.workflow.assigned()
                && task.owner.is_none_or(|owner| owner == worker)
        };
        let may = |task: &Task, at| {
            let is_asked = self.orderly || !(careless || is_own(task));
            !self.is_timed(task) && self.next(task).is_some() && (!is_asked || self.is_free(at))
        };
        if let Some(task) = self.pick(event, may) {
            self.work(task, worker);
        }
    }

    fn go_on(&mut self, event: &Event, worker: usize) {
        let may = |task: &Task, _| self.is_timed(task) && self.next(task).is_some();
        if let Some(task) = self.pick(event, may) {
            self.work(task, worker);
        }
    }

    fn work(&mut self, task: usize, worker: usize) {
        if let Some(status) = self.next(&self.tasks[task]) {
            self.enter(task, status, Some(worker), None);
        }
    }

    fn assign(&mut self, event: &Event, worker: usize) {
        let assigned = self.workflow.assigned();
        let may = |task: &Task, _| self.can_become(task, assigned) && !self.is_timed(task);
        if let Some(task) = self.pick(event, may) {
            // If tasks are only put on a list, the row names no worker.
            let assignee = Some(worker).filter(|_| self.workflow.has_rollup);
            self.enter(task, assigned, assignee, None);
        }
    }

    fn auto_advance(&mut self, event: &Event, worker: usize) {
        let (initial, assigned) = (self.workflow.initial(), self.workflow.assigned());
        let may = |task: &Task, at| {
            task.status == initial && self.can_become(task, assigned) && self.is_free(at)
        };
        if let Some(task) = self.pick(event, may) {
            self.enter(task, assigned, Some(worker), None);
            self.tasks[task].owner = None;
        }
    }

    fn finish(&mut self, event: &Event) {
        let success = self.workflow.success;
        let may = |task: &Task, at| self.can_become(task, success) && self.may_end(at);
        if let Some(task) = self.pick(event, may) {
            self.leave(task, success);
        }
    }

    fn relay(&mut self, event: &Event, phase: &'static str) {
        let initial = self.workflow.initial();
        let may = |task: &Task, _| self.is_timed(task) && self.can_become(task, initial);
        if let Some(task) = self.pick(event, may) {
            let sender = self.tasks[task].owner;
            self.leave(task, initial);
            self.row(task, sender, None, Some(phase), None);
        }
    }

    fn leave_by(&mut self, event: &Event, exit: usize) {
        let possible = self.pick(event, |task, at| !self.ways_out(task, at).is_empty());
        if let Some(task) = possible {
            let exits = self.ways_out(&self.tasks[task], task);
            self.leave(task, exits[exit % exits.len()]);
        }
    }

    /// Exits that are neither work nor success. In an orderly run no task that is over begins again, and none is parked.
    fn ways_out(&self, task: &Task, at: usize) -> Vec<&'static str> {
        let workflow = self.workflow;
        let other = |exit: &str| {
            !workflow.is_timed(exit) && exit != workflow.assigned() && exit != workflow.success
        };
        let in_order = |exit: &str| {
            workflow.is_blocking(task.status)
                && (workflow.is_blocking(exit)
                    || matches!(exit, "failed" | "cancelled") && self.may_end(at))
        };
        let exits = workflow.exits(task.status).iter().copied();
        exits
            .filter(|exit| other(exit) && (!self.orderly || in_order(exit)))
            .collect()
    }

    fn evict(&mut self, worker: usize) {
        for task in 0..self.tasks.len() {
            if self.tasks[task].owner == Some(worker) {
                let reason = Some("stale_release".into());
                self.enter(task, self.workflow.initial(), Some(worker), reason);
            }
        }
    }

    fn disconnect(&mut self, worker: usize, state: Option<usize>) {
        let ends = [self.workflow.success, "failed", "cancelled"];
        let state = state
            .filter(|_| !self.orderly)
            .map(|pick| ends[pick % ends.len()]);
        let state =
            state.filter(|state| self.workflow.states.iter().any(|known| known.0 == *state));
        for task in self
            .tasks
            .iter_mut()
            .filter(|task| task.owner == Some(worker))
        {
            task.status = state.unwrap_or(self.workflow.initial());
            task.owner = None;
        }
        self.left[worker] = Some(self.now);
    }

    /// An agent creates a task, within one that is not over.
    fn create_part(&mut self, event: &Event, run: usize, row: bool) {
        let parent = self.pick(event, |_, at| !self.is_over(at));
        let plan = TaskPlan {
            parent,
            kind: Kind::Work,
            points: None,
            estimate: None,
            row: row.then_some(0),
        };
        self.create(plan, run, false);
    }

    /// Claims or releases a file; either ends the worker's earlier claim of it.
    fn mark(&mut self, file: usize, worker: usize, is_claim: bool) {
        let now = self.now;
        let marks = self.marks.iter_mut();
        for mark in marks.filter(|mark| mark.file == file && mark.worker == worker) {
            mark.until = mark.until.or(Some(now));
        }
        self.marks.push(Mark {
            file,
            worker,
            is_claim,
            at: now,
            until: None,
        });
    }
}
