//! Which tasks count: the work, not what holds it together.
//!
//! Left out are deleted tasks, containers on which no worker ever worked (a coordinator that claims the root coordinates),
//! and tasks that exist for the machinery: the start gate, and the locks that working prompts tell agents to claim. Scope
//! `all` takes the containers in.

use crate::intervals::Story;
use crate::view::View;
use clap::ValueEnum;
use std::collections::BTreeSet;

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

/// What happened to each of a run's tasks that counts.
pub fn in_scope<'a>(view: &View<'a>, stories: Vec<Story<'a>>, scope: Scope) -> Vec<Story<'a>> {
    let contains = view.edges.iter().filter(|edge| edge.is_containment());
    let containers: BTreeSet<&str> = contains.map(|edge| edge.from_task_id.as_str()).collect();
    let mut stories = stories;
    stories.retain(|story| {
        let is_container = containers.contains(story.task.id.as_str());
        is_task(story) && (scope == Scope::All || !is_container || is_worked_on(view, story))
    });
    stories
}

/// What happened to each task of the run that counts as work.
pub fn work<'a>(view: &View<'a>) -> Vec<Story<'a>> {
    let stories = view.tasks.iter().map(|task| Story::of(view, task));
    in_scope(view, stories.collect(), Scope::Work)
}

/// Whether it is there for its own sake.
fn is_task(story: &Story) -> bool {
    let task = story.task;
    let is_gate = task.id == GATE || task.needed_tags.iter().any(|tag| tag == GATE_TAG);
    task.deleted_at.is_none() && !is_gate && !task.id.starts_with(LOCK)
}

/// Whether a worker, and not only who hands out work, had it in hand.
fn is_worked_on(view: &View, story: &Story) -> bool {
    story
        .timed()
        .any(|interval| interval.worker.is_some_and(|worker| !view.leads(worker)))
}
