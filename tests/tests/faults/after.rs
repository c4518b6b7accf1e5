//! The conditions after every fault: the same command finishes the experiment, no run is lost, no finished run is
//! repeated, no process is left, every file is whole.

use crate::fault::{Fault, Then};
use crate::processes::{self, names};
use crate::reports;
use crate::scene::Scene;
use crate::whole::{self, Print};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tg_stage::{End, Outcome, RunDir};
use tg_tests::Done;

/// The state of a run.
pub struct Run {
    /// The outcome in its record, if there is one.
    pub outcome: Option<String>,
    /// The outcome in its `end.json`: it was decided, even if the record does not have it.
    decided: Option<String>,
    /// All stages have done their work on it.
    measured: bool,
    files: BTreeMap<String, Print>,
    /// Earlier attempts beside it.
    attempts: usize,
}

impl Run {
    /// True if it must not be run again.
    fn is_done(&self) -> bool {
        let outcome = self.outcome.as_deref().or(self.decided.as_deref());
        outcome.is_some_and(|outcome| !Outcome::from(outcome).is_void())
    }
}

/// The state of every run of the manifest.
pub fn runs(scene: &Scene) -> BTreeMap<String, Run> {
    let results = scene.lab.path("results/test");
    let rows = scene.rows.borrow();
    rows.iter()
        .map(|id| (id.clone(), run(&results, id)))
        .collect()
}

fn run(results: &Path, id: &str) -> Run {
    let dir = results.join(id);
    let text = std::fs::read(dir.join("run.json")).unwrap_or_default();
    let record: Value = serde_json::from_slice(&text).unwrap_or_default();
    let beside = std::fs::read_dir(results).into_iter().flatten().flatten();
    let attempts = beside.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with(&format!("{id}.try"))
    });
    Run {
        decided: End::load(&RunDir::new(&dir)).map(|end| end.outcome.to_string()),
        outcome: record["wait"]["outcome"].as_str().map(String::from),
        measured: record["metrics"].is_object() && record["metrics"]["error"].is_null(),
        files: whole::prints(&dir),
        attempts: attempts.count(),
    }
}

/// The errors after the first pass, which printed `done`.
pub fn first(scene: &Scene, fault: &Fault, done: &Done) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, run) in runs(scene) {
        if let Some(outcome) = &run.outcome
            && !fault.then.first.is_empty()
            && !fault.then.first.contains(&outcome.as_str())
        {
            wrong.push(format!("{id} ended as {outcome}"));
        }
    }
    if fault.then.unharmed && done.status != 0 {
        wrong.push(format!(
            "the first pass: exit {}\n{}",
            done.status, done.err
        ));
    }
    let says = fault.then.says;
    if done.status != 0 && !says.is_empty() && !says.iter().any(|words| done.err.contains(words)) {
        wrong.push(format!(
            "the first pass says none of {says:?}:\n{}",
            done.err
        ));
    }
    if !fault.then.lingers {
        wrong.extend(none_left(scene, "first"));
    }
    wrong
}

/// The processes that are left although none should be.
pub fn none_left(scene: &Scene, pass: &str) -> Option<String> {
    let left = processes::left(&scene.lab, Duration::from_secs(10));
    (!left.is_empty()).then(|| format!("left by the {pass} pass: {}", names(&left)))
}

/// The errors after the second pass, which printed `done`; `before` is the state of the runs when it began.
pub fn second(
    scene: &Scene,
    fault: &Fault,
    before: &BTreeMap<String, Run>,
    done: &Done,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if done.status != 0 {
        wrong.push(format!(
            "the second pass: exit {}\n{}",
            done.status, done.err
        ));
    }
    let now = runs(scene);
    for (id, run) in &now {
        let was = before.get(id);
        let was_done = was.filter(|was| was.is_done() && !fault.then.all_again);
        match (was_done, run.outcome.as_deref()) {
            (_, None) => wrong.push(format!("{id} has not ended")),
            (None, Some("completed")) => {}
            (None, Some(outcome)) => wrong.push(format!("{id} ended as {outcome}")),
            (Some(was), _) => wrong.extend(same(id, was, run, &fault.then)),
        }
        if fault.then.once && run.attempts > 0 {
            wrong.push(format!("{id} was run {} times", run.attempts + 1));
        }
        if fault.then.all_again && run.attempts == was.map_or(0, |was| was.attempts) {
            wrong.push(format!("{id} was not run again"));
        }
    }
    let mut reported = reports::reported(scene, "second");
    reported.sort();
    let expected: Vec<(String, String)> = now
        .iter()
        .map(|(id, run)| (id.clone(), run.outcome.clone().unwrap_or_default()))
        .collect();
    if reported != expected {
        wrong.push(format!("reported {reported:?}, and there are {expected:?}"));
    }
    wrong.extend(none_left(scene, "second"));
    wrong.extend(whole::faults(&scene.lab.path("results"), &fault.then));
    wrong
}

/// The errors of a run that was done: its measurement may come later, and nothing else may change.
fn same(id: &str, was: &Run, run: &Run, then: &Then) -> Vec<String> {
    let mut wrong = Vec::new();
    if run.attempts > was.attempts {
        wrong.push(format!("{id} was done, and was run again"));
    } else {
        let mut changed = whole::changed(&was.files, &run.files);
        changed.retain(|name| match name.as_str() {
            "run.json" => was.measured && !then.shown_anew,
            "snapshot.json.gz" => was.measured,
            // A run that was only decided still lacks its end and its grade in the database.
            "wait.lock" | "logs/verify.log" => was.outcome.is_some(),
            name if name.starts_with("tasks.db") => was.outcome.is_some(),
            _ => true,
        });
        changed.retain(|name| !name.contains(".tg-") && !then.torn.ends_with(name.as_str()));
        if !changed.is_empty() {
            wrong.push(format!(
                "{id} was done, and changed: {}",
                changed.join(", ")
            ));
        }
    }
    wrong
}

/// The errors after a third pass: nothing was left to do, so nothing may have changed.
pub fn third(
    scene: &Scene,
    then: &Then,
    before: &BTreeMap<String, Run>,
    done: &Done,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if done.status != 0 {
        wrong.push(format!(
            "the third pass: exit {}\n{}",
            done.status, done.err
        ));
    }
    wrong.extend(reports::rechecked(scene, then));
    for (id, run) in &runs(scene) {
        let was = before.get(id);
        wrong.extend(
            was.into_iter()
                .flat_map(|was| same(id, was, run, &Then::default())),
        );
    }
    wrong
}
