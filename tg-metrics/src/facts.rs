//! Everything the metrics of a run are read from, computed once.

use crate::clock::Clock;
use crate::cost::Cost;
use crate::graph::Graph;
use crate::intervals::{Class, Story};
use crate::scope::{self, Scope};
use crate::table::Rest;
use crate::view::View;
use crate::waits::{self, Wait};
use crate::warning::Warning;
use crate::workers::Workers;
use crate::{contention, trim, unseen};
use tg_stage::Trim;

/// A run, measured.
pub struct Facts<'a> {
    /// What happened to each task in scope.
    pub tasks: Vec<Story<'a>>,
    /// Which tasks those are.
    pub scope: Scope,
    /// What was to be left out of them.
    pub trim: Trim,
    /// How many were.
    pub cut: usize,
    /// When it began and ended.
    pub clock: Clock,
    /// Who was busy when.
    pub workers: Workers,
    /// Where the time before each task's first start went; none for a task that was never started.
    pub waits: Vec<Option<Wait>>,
    /// What it took.
    pub cost: Cost,
    /// The longest chain of work, in milliseconds.
    pub critical_path: Option<i64>,
    /// How often tasks were given to somebody, containers included, if anybody was there to do so; unknown where agents are
    /// not recorded.
    pub decisions: Option<usize>,
    /// How many of those were to nobody by name.
    pub unowned: usize,
    /// Claims of files that overlapped, where any did; the host does not tell of all.
    pub contention: Option<usize>,
    /// How much faster than the estimates the agents are made to work: 1 for real ones.
    pub time_scale: Option<f64>,
    /// What the verify command said: 1 good, 0 not.
    pub verify_passed: Option<i64>,
    /// The number the verify command printed last.
    pub verify_score: Option<f64>,
    /// What must be known about all metrics.
    pub warnings: Vec<Warning>,
}

impl<'a> Facts<'a> {
    /// Measure a run: the tasks in `scope` without those that `trim` leaves out.
    pub fn of(view: &View<'a>, scope: Scope, trim: &Trim) -> Self {
        let stories: Vec<_> = view
            .tasks
            .iter()
            .map(|task| Story::of(view, task))
            .collect();
        let given = stories.iter().flat_map(|story| &story.intervals);
        let given: Vec<_> = given
            .filter(|interval| interval.class == Class::Assigned)
            .collect();
        let unowned = given
            .iter()
            .filter(|interval| interval.worker.is_none())
            .count();
        let given = given.len();
        let is_led = view.agents.keys().any(|worker| view.leads(worker));
        let mut tasks = scope::in_scope(view, stories, scope);
        let left_out = trim::left_out(view, &tasks, trim);
        let before = tasks.len();
        tasks.retain(|story| !left_out.contains(story.task.id.as_str()));
        let clock = Clock::of(view, &tasks, !trim.is_empty());
        let workers = Workers::of(view, &tasks, clock.window());
        let graph = Graph::of(view, &tasks);
        let mut facts = Self {
            scope,
            trim: trim.clone(),
            cut: before - tasks.len(),
            waits: waits::of(view, &tasks),
            critical_path: graph.critical_path,
            decisions: (!view.agents.is_empty()).then_some(if is_led { given } else { 0 }),
            unowned: if is_led { unowned } else { 0 },
            contention: contention::overlapping(view),
            time_scale: time_scale(view),
            cost: Cost::of(view, trim, &left_out),
            verify_passed: view.row.and_then(|row| row.verify_passed),
            verify_score: view.row.and_then(|row| row.verify_score),
            warnings: view.warnings.clone(),
            tasks,
            clock,
            workers,
        };
        facts.warn(view, graph.dangling);
        facts
    }

    /// Tasks that came to a good end.
    pub fn completed(&self) -> impl Iterator<Item = &Story<'a>> {
        self.tasks
            .iter()
            .filter(|story| story.now == Class::Success)
    }

    /// The waits of the tasks that were started.
    pub fn started(&self) -> impl Iterator<Item = &Wait> {
        self.waits.iter().flatten()
    }

    fn warn(&mut self, view: &View, dangling: usize) {
        if self.clock.open > 0 {
            let message = "tasks are not over: the clock runs to the run's end";
            self.warnings
                .push(Warning::counted("censored", self.clock.open, message));
        }
        let intervals = self.tasks.iter().flat_map(|story| &story.intervals);
        let cut = intervals.filter(|interval| interval.is_cut).count();
        if cut > 0 {
            let message = "workers went away from a task without a row, and their time on it is cut where they were last seen";
            self.warnings.push(Warning {
                count: Some(cut),
                ..Warning::resting("open_ended_intervals", Rest::Times, message)
            });
        }
        if dangling > 0 {
            let message = "edges name a task that is not in the file, and hold nobody back";
            self.warnings
                .push(Warning::counted("dangling_edges", dangling, message));
        }
        if view.agents.is_empty() && !self.tasks.is_empty() {
            let message = "agents are not recorded: workers are those who worked, and coordinators are not told apart";
            self.warnings
                .push(Warning::resting("agents_unknown", Rest::Agents, message));
        }
        self.warnings.extend(unseen::warnings(view, self));
        if !self.workers.left_out.is_empty() {
            let message = format!(
                "coordinators that worked on no task count in no worker's mean: {}",
                self.workers.left_out.join(", ")
            );
            self.warnings.push(Warning::counted(
                "coordinators_left_out",
                self.workers.left_out.len(),
                message,
            ));
        }
    }
}

fn time_scale(view: &View) -> Option<f64> {
    let scale = &view.run["stand_in"]["time_scale"];
    if scale.is_null() {
        Some(1.0)
    } else {
        scale.as_f64().filter(|scale| *scale > 0.0)
    }
}
