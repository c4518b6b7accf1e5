//! Leaving out tasks that were to warm up or cool down, and what lies at the run's edges.
//!
//! What is left out leaves every metric; the clock then runs from the first start to the last end of what remains. The
//! manifest's `warmup` is the default, and what the command line says goes before it. Tasks that were never started do
//! not count among the first, and tasks that never ended not among the last.

use crate::intervals::Story;
use crate::view::View;
use serde_json::Value;
use std::collections::BTreeSet;
use tg_stage::Trim;

/// The ids of the tasks, containers included, that are left out.
pub fn left_out<'a>(view: &View<'a>, tasks: &[Story<'a>], trim: &Trim) -> BTreeSet<&'a str> {
    let tagged = view
        .tasks
        .iter()
        .filter(|task| task.tags.iter().any(|tag| trim.exclude_tags.contains(tag)));
    let mut cut: BTreeSet<&str> = tagged.map(|task| task.id.as_str()).collect();
    let remain = tasks
        .iter()
        .filter(|story| !cut.contains(story.task.id.as_str()));
    let mut starts = Vec::new();
    let mut ends = Vec::new();
    for story in remain {
        let id = story.task.id.as_str();
        starts.extend(story.first_timed().map(|first| (first.start, id)));
        ends.extend(story.terminal_at.map(|end| (end, id)));
    }
    starts.sort_unstable();
    ends.sort_unstable();
    let begin = tasks.iter().filter_map(|story| story.task.created_at).min();
    let begin = begin.unwrap_or(i64::MIN);
    let end = ends.last().map_or(view.end_ms, |last| last.0);
    let from = trim.start_ms.map(|ms| begin.saturating_add_unsigned(ms));
    let to = trim.end_ms.map(|ms| end.saturating_sub_unsigned(ms));
    cut.extend(starts.iter().take(trim.skip_first).map(|start| start.1));
    cut.extend(ends.iter().rev().take(trim.skip_last).map(|end| end.1));
    let early = |start: &&(i64, &str)| from.is_some_and(|from| start.0 < from);
    let late = |end: &&(i64, &str)| to.is_some_and(|to| end.0 > to);
    cut.extend(starts.iter().filter(early).map(|start| start.1));
    cut.extend(ends.iter().filter(late).map(|end| end.1));
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
