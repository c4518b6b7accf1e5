//! All values that the metrics of a run are computed from.

use crate::clock::Clock;
use crate::cost::Cost;
use crate::intervals::Story;
use crate::scope::{self, Scope};
use crate::tally::Tally;
use crate::view::View;
use crate::waits::AllPredecessors;
use crate::walk::{Gathered, Parts, Walk};
use crate::warning::{Basis, Warning};
use crate::workers::Workers;
use crate::{contention, graph, missing_history};
use std::collections::BTreeSet;
use tg_host::ledger::names::Name;
use tg_stage::Trim;

/// The measured values of a run.
pub struct Facts {
    /// Sums over the tasks in scope.
    pub(crate) tally: Tally,
    pub(crate) scope: Scope,
    pub(crate) trim: Trim,
    /// Trimmed tasks, containers included.
    trimmed: BTreeSet<Name>,
    /// The number of trimmed tasks in scope.
    pub(crate) cut: usize,
    pub(crate) clock: Clock,
    pub(crate) workers: Workers,
    pub(crate) cost: Cost,
    /// The longest chain of work, in milliseconds.
    pub(crate) critical_path: Option<i64>,
    /// The number of assignments, containers included, in a run with a leader; unknown if agents are not recorded.
    pub(crate) decisions: Option<usize>,
    /// Claims of files that overlapped, if the host recorded any; see [`contention`].
    pub(crate) contention: Option<usize>,
    /// The factor from estimates to work time: 1 for real agents.
    pub(crate) time_scale: Option<f64>,
    /// The result of the grade command: 1 passed, 0 failed.
    pub(crate) grade_passed: Option<i64>,
    /// The last number that the grade command printed.
    pub(crate) grade_score: Option<f64>,
    /// Warnings about all metrics.
    pub(crate) warnings: Vec<Warning>,
}

impl Facts {
    /// Measures the tasks in `scope` without those that `trim` leaves out. Values of parts that are not among `parts` are 0
    /// or unknown.
    pub fn new(view: &View, scope: Scope, trim: &Trim, parts: Parts) -> Self {
        let trimmed = scope::trimmed(view, scope, trim);
        let time_scale = view.run.time_scale();
        let before = parts.waits.then(|| AllPredecessors::new(view));
        let walk = Walk {
            view,
            scope,
            trimmed: &trimmed,
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
        let clock = Clock::new(view, &tally, !trim.is_empty());
        let workers = Workers::new(view, spans, clock.window(), parts.peak);
        let is_led = view.agents.keys().any(|worker| view.leads(worker));
        let mut facts = Self {
            tally,
            scope,
            trim: trim.clone(),
            cut,
            critical_path: parts.chain.then(|| graph::longest(view, &work)).flatten(),
            decisions: (!view.agents.is_empty()).then_some(if is_led { given } else { 0 }),
            contention: contention::overlapping(view),
            time_scale,
            cost: Cost::new(view, trim, &trimmed),
            grade_passed: view.row.and_then(|row| row.verify_passed),
            grade_score: view.row.and_then(|row| row.verify_score),
            warnings: view.warnings.clone(),
            trimmed,
            clock,
            workers,
        };
        facts.warn(view, if is_led { unowned } else { 0 });
        facts
    }

    /// The stories of the tasks that count, with their places among all tasks.
    pub(crate) fn stories<'v, 'a: 'v>(
        &'v self,
        view: &'v View<'a>,
    ) -> impl Iterator<Item = (usize, Story<'a>)> + 'v {
        let stories = Story::all(view).enumerate();
        stories.filter(|(_, story)| {
            scope::is_in(view, story, self.scope) && !self.trimmed.contains(&story.task.name)
        })
    }

    fn warn(&mut self, view: &View, unowned: usize) {
        let open = "tasks are not over: the clock runs to the run's end";
        let cut = "workers went away from a task without a row, and their time on it is cut where they were last seen";
        let dangling = "edges name a task that is not in the file, and hold no task back";
        let agents = "agents are not recorded: workers are those who worked, and coordinators are not told apart";
        let idle = &self.workers.left_out;
        let names = idle.join(", ");
        let idle_leaders =
            format!("coordinators that worked on no task count in no worker's mean: {names}");
        let has_agents = !view.agents.is_empty() || self.tally.tasks == 0;
        let warnings = [
            Warning::counted("censored", self.tally.open, open),
            Warning {
                basis: Some(Basis::Times),
                ..Warning::counted("open_ended_intervals", self.tally.cut, cut)
            },
            Warning::counted("dangling_edges", graph::dangling(view), dangling),
        ];
        let unknown = Warning::on_basis("agents_unknown", Basis::Agents, agents);
        let last = Warning::counted("coordinators_left_out", idle.len(), idle_leaders);
        let warnings = warnings
            .into_iter()
            .chain(Some(unknown).filter(|_| !has_agents))
            .chain(missing_history::warnings(view, &self.tally, unowned))
            .chain([last]);
        let warnings = warnings.filter(|warning| warning.count != Some(0));
        self.warnings.extend(warnings);
    }
}
