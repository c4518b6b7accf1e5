//! The tasks that count: the scope, and the tasks trimmed from it.
//!
//! The scope leaves out deleted tasks, containers on which no worker worked (a coordinator that claims the root
//! coordinates), and tasks of the machinery: the start barrier, and the locks that working prompts tell agents to claim.
//! Scope `all` includes containers.
//!
//! Tasks can be trimmed that warm up or cool down, or lie at the run's edges. A trimmed task leaves every metric, and the
//! clock then runs from the first start to the last end of the others. The manifest's `warmup` is the default; options of
//! the command line replace it. A task that was never started is not among the first; one that never ended is not among
//! the last.

use crate::intervals::Story;
use crate::view::View;
use clap::ValueEnum;
use serde_json::Value;
use std::collections::BTreeSet;
use tg_host::ledger::has_tag;
use tg_host::ledger::names::Name;
use tg_stage::Trim;

/// The id of the task that is the start barrier: it holds all agents back until all are connected.
const BARRIER: &str = "start-gate";

/// The tag that only the launcher has.
const BARRIER_TAG: &str = "__launcher__";

/// The prefix of the ids of tasks that agents use as locks.
const LOCK: &str = "_lock:";

/// Which tasks count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Tasks that workers work on.
    #[default]
    Work,
    /// Containers too.
    All,
}

/// True if a task of the run counts.
pub fn is_in(view: &View, story: &Story, scope: Scope) -> bool {
    let is_container = view.containers.contains(&story.task.name);
    is_task(story) && (scope == Scope::All || !is_container || is_worked_on(view, story))
}

/// The stories of the tasks in scope `work`.
pub fn work<'v, 'a: 'v>(view: &'v View<'a>) -> impl Iterator<Item = Story<'a>> + 'v {
    Story::all(view).filter(|story| is_in(view, story, Scope::Work))
}

/// True if the task is neither deleted nor one of the machinery.
fn is_task(story: &Story) -> bool {
    let task = &story.task;
    let is_barrier = task.id == BARRIER || has_tag(task.needed_tags, BARRIER_TAG);
    !task.is_deleted && !is_barrier && !task.id.starts_with(LOCK)
}

/// True if a worker that is not a leader worked on it.
fn is_worked_on(view: &View, story: &Story) -> bool {
    let mut workers = story.timed().filter_map(|work| work.worker);
    workers.any(|worker| !view.leads(worker))
}

/// The names of the trimmed tasks, containers included.
pub fn trimmed(view: &View, scope: Scope, trim: &Trim) -> BTreeSet<Name> {
    if trim.is_empty() {
        return BTreeSet::new();
    }
    let is_excluded = |tags: &str| trim.exclude_tags.iter().any(|tag| has_tag(tags, tag));
    let tagged = view.tasks().filter(|task| is_excluded(task.tags));
    let mut cut: BTreeSet<Name> = tagged.map(|task| task.name).collect();
    let mut starts = Vec::new();
    let mut ends = Vec::new();
    let mut begin = i64::MAX;
    for story in Story::all(view).filter(|story| is_in(view, story, scope)) {
        begin = begin.min(story.task.created_at.unwrap_or(i64::MAX));
        if !cut.contains(&story.task.name) {
            let task = (story.task.id, story.task.name);
            starts.extend(story.first_timed().map(|first| (first.start, task)));
            ends.extend(story.terminal_at.map(|end| (end, task)));
        }
    }
    starts.sort_unstable();
    ends.sort_unstable();
    let begin = if begin == i64::MAX { i64::MIN } else { begin };
    let end = ends.last().map_or(view.end_ms, |last| last.0);
    let from = trim.start_ms.map(|ms| begin.saturating_add_unsigned(ms));
    let to = trim.end_ms.map(|ms| end.saturating_sub_unsigned(ms));
    cut.extend(starts.iter().take(trim.skip_first).map(|start| start.1.1));
    cut.extend(ends.iter().rev().take(trim.skip_last).map(|end| end.1.1));
    let early = |start: &&(i64, (&str, Name))| from.is_some_and(|from| start.0 < from);
    let late = |end: &&(i64, (&str, Name))| to.is_some_and(|to| end.0 > to);
    cut.extend(starts.iter().filter(early).map(|start| start.1.1));
    cut.extend(ends.iter().filter(late).map(|end| end.1.1));
    cut
}

/// The trim as requested, with the number of tasks in scope that it left out.
pub fn trim_json(trim: &Trim, tasks: usize) -> Value {
    let mut json = serde_json::to_value(trim).unwrap_or_default();
    json["tasks"] = tasks.into();
    json
}
