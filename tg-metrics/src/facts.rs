//! Everything the metrics of a run are read from, computed once.

use crate::clock::Clock;
use crate::cost::Cost;
use crate::intervals::Story;
use crate::scope::{self, Scope};
use crate::table::{Metric, Rest};
use crate::tally::Tally;
use crate::view::View;
use crate::waits::Before;
use crate::walk::{Gathered, Walk};
use crate::warning::Warning;
use crate::workers::Workers;
use crate::{contention, graph, trim, unseen};
use std::collections::BTreeSet;
use tg_host::ledger::names::Name;
use tg_stage::Trim;

/// A run, measured.
pub struct Facts {
    /// What is summed over the tasks in scope.
    pub tally: Tally,
    /// Which tasks those are.
    pub scope: Scope,
    /// What was to be left out of them.
    pub trim: Trim,
    /// The tasks, containers included, that are left out.
    pub left_out: BTreeSet<Name>,
    /// How many of those in scope were.
    pub cut: usize,
    /// When it began and ended.
    pub clock: Clock,
    /// Who was busy when.
    pub workers: Workers,
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

/// What takes time of its own, and is left out where nobody asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Where the time before the first starts went, which takes a walk through all edges.
    pub waits: bool,
    /// The longest chain of work, which takes another.
    pub chain: bool,
    /// The most tasks at one time, for which all starts and ends are sorted.
    pub peak: bool,
}

/// The metrics that rest on each.
const OF_WAITS: [&str; 6] = [
    "dispatch_from_ready_ms",
    "blocked_time_ms",
    "ready_wait_time_ms",
    "assigned_wait_time_ms",
    "tainted_starts",
    "early_starts",
];
const OF_CHAIN: [&str; 2] = ["critical_path_ms", "bound_efficiency"];

impl Parts {
    /// Whether any of it rests on edges.
    pub fn need_order(self) -> bool {
        self.waits || self.chain
    }

    /// All of it.
    pub const ALL: Self = Self {
        waits: true,
        chain: true,
        peak: true,
    };

    /// What these metrics rest on.
    pub fn of(metrics: &[&Metric]) -> Self {
        let is_one_of = |names: &[&str]| metrics.iter().any(|metric| names.contains(&metric.0));
        Self {
            waits: is_one_of(&OF_WAITS),
            chain: is_one_of(&OF_CHAIN),
            peak: is_one_of(&["peak_parallelism"]),
        }
    }
}

impl Facts {
    /// Measure a run: the tasks in `scope` without those that `trim` leaves out.
    pub fn of(view: &View, scope: Scope, trim: &Trim) -> Self {
        Self::of_parts(view, scope, trim, Parts::ALL)
    }

    /// The same, but for what nobody asked for; that is then 0 or unknown.
    pub fn of_parts(view: &View, scope: Scope, trim: &Trim, parts: Parts) -> Self {
        let left_out = trim::left_out(view, scope, trim);
        let time_scale = time_scale(view);
        let before = parts.waits.then(|| Before::of(view));
        let walk = Walk {
            view,
            scope,
            left_out: &left_out,
            scale: time_scale.unwrap_or(1.0),
            parts,
            before: before.as_ref(),
        };
        let Gathered {
            tally,
            spans,
            work,
            given,
            unowned,
            cut,
        } = walk.all();
        drop(before);
        let clock = Clock::of(view, &tally, !trim.is_empty());
        let workers = Workers::of(view, spans, clock.window(), parts.peak);
        let is_led = view.agents.keys().any(|worker| view.leads(worker));
        let mut facts = Self {
            tally,
            scope,
            trim: trim.clone(),
            cut,
            critical_path: parts.chain.then(|| graph::longest(view, &work)).flatten(),
            decisions: (!view.agents.is_empty()).then_some(if is_led { given } else { 0 }),
            unowned: if is_led { unowned } else { 0 },
            contention: contention::overlapping(view),
            time_scale,
            cost: Cost::of(view, trim, &left_out),
            verify_passed: view.row.and_then(|row| row.verify_passed),
            verify_score: view.row.and_then(|row| row.verify_score),
            warnings: view.warnings.clone(),
            left_out,
            clock,
            workers,
        };
        facts.warn(view, graph::dangling(view));
        facts
    }

    /// What happened to each of the tasks that count, and their places among all.
    pub fn stories<'v, 'a: 'v>(
        &'v self,
        view: &'v View<'a>,
    ) -> impl Iterator<Item = (usize, Story<'a>)> + 'v {
        let stories = view.stories().enumerate();
        stories.filter(|(_, story)| {
            scope::is_in(view, story, self.scope) && !self.left_out.contains(&story.task.name)
        })
    }

    fn warn(&mut self, view: &View, dangling: usize) {
        if self.clock.open > 0 {
            let message = "tasks are not over: the clock runs to the run's end";
            self.warnings
                .push(Warning::counted("censored", self.clock.open, message));
        }
        let cut = self.tally.cut;
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
        if view.agents.is_empty() && self.tally.tasks > 0 {
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
