//! Leaving out tasks that were to warm up or cool down, and what lies at the run's edges.
//!
//! What is left out leaves every metric; the clock then runs from the first start to the last end of what remains. The
//! manifest's `warmup` is the default, and what the command line says goes before it. Tasks that were never started do
//! not count among the first, and tasks that never ended not among the last.

use crate::scope::{Scope, is_in};
use crate::view::View;
use serde_json::Value;
use std::collections::BTreeSet;
use tg_host::ledger::has_tag;
use tg_host::ledger::names::Name;
use tg_stage::Trim;

/// The names of the tasks, containers included, that are left out.
pub fn left_out(view: &View, scope: Scope, trim: &Trim) -> BTreeSet<Name> {
    if trim.is_empty() {
        return BTreeSet::new();
    }
    let is_excluded = |tags: &str| trim.exclude_tags.iter().any(|tag| has_tag(tags, tag));
    let tagged = view.tasks().filter(|task| is_excluded(task.tags));
    let mut cut: BTreeSet<Name> = tagged.map(|task| task.name).collect();
    let mut starts = Vec::new();
    let mut ends = Vec::new();
    let mut begin = i64::MAX;
    for story in view.stories().filter(|story| is_in(view, story, scope)) {
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

/// What was asked for, and how many tasks in scope it cut.
pub fn json(trim: &Trim, cut: usize) -> Value {
    let mut object = serde_json::to_value(trim)
        .ok()
        .and_then(|value| value.as_object().cloned())
        .unwrap_or_default();
    object.insert("tasks".into(), cut.into());
    object.into()
}
