//! Which tasks count: the work, not what holds it together.
//!
//! Left out are deleted tasks, containers on which no worker ever worked (a coordinator that claims the root coordinates),
//! and tasks that exist for the machinery: the start gate, and the locks that working prompts tell agents to claim. Scope
//! `all` takes the containers in.

use crate::intervals::Story;
use crate::view::View;
use clap::ValueEnum;
use tg_host::ledger::has_tag;

/// The id of the task that holds all agents back until everybody is there.
const GATE: &str = "start-gate";

/// The tag that only the launcher has.
const GATE_TAG: &str = "__launcher__";

/// How the ids of tasks begin that agents use as locks.
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

/// Whether a task of the run counts.
pub fn is_in(view: &View, story: &Story, scope: Scope) -> bool {
    let is_container = view.containers.contains(&story.task.name);
    is_task(story) && (scope == Scope::All || !is_container || is_worked_on(view, story))
}

/// What happened to each task of the run that counts as work.
pub fn work<'v, 'a: 'v>(view: &'v View<'a>) -> impl Iterator<Item = Story<'a>> + 'v {
    let stories = view.stories();
    stories.filter(|story| is_in(view, story, Scope::Work))
}

/// Whether it is there for its own sake.
fn is_task(story: &Story) -> bool {
    let task = &story.task;
    let is_gate = task.id == GATE || has_tag(task.needed_tags, GATE_TAG);
    !task.is_deleted && !is_gate && !task.id.starts_with(LOCK)
}

/// Whether a worker, and not only who hands out work, had it in hand.
fn is_worked_on(view: &View, story: &Story) -> bool {
    story
        .timed()
        .any(|interval| interval.worker.is_some_and(|worker| !view.leads(worker)))
}
