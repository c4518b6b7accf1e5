//! Which tasks count: the work, not what holds it together.
//!
//! Left out are deleted tasks, containers on which no worker ever worked (a coordinator that claims the root coordinates),
//! and tasks that exist for the machinery: the start gate, and the locks that working prompts tell agents to claim.

use crate::intervals::Story;
use crate::view::View;
use std::collections::BTreeSet;

/// The id of the task that holds all agents back until everybody is there.
const GATE: &str = "start-gate";

/// The tag that only the launcher has.
const GATE_TAG: &str = "__launcher__";

/// How the ids of tasks begin that agents use as locks.
const LOCK: &str = "_lock:";

/// What happened to each task of the run that counts as work.
pub fn work<'a>(view: &View<'a>) -> Vec<Story<'a>> {
    let contains = view.edges.iter().filter(|edge| edge.is_containment());
    let containers: BTreeSet<&str> = contains.map(|edge| edge.from_task_id.as_str()).collect();
    let stories = view.tasks.iter().map(|task| Story::of(view, task));
    stories
        .filter(|story| counts(view, story, containers.contains(story.task.id.as_str())))
        .collect()
}

fn counts(view: &View, story: &Story, is_container: bool) -> bool {
    let task = story.task;
    let is_gate = task.id == GATE || task.needed_tags.iter().any(|tag| tag == GATE_TAG);
    let by_worker = || {
        story
            .timed()
            .any(|interval| interval.worker.is_some_and(|worker| !view.leads(worker)))
    };
    task.deleted_at.is_none()
        && !is_gate
        && !task.id.starts_with(LOCK)
        && (!is_container || by_worker())
}
