//! What must hold after every fault: the same command finishes the experiment, no run is lost, none is run again after it
//! was done, no process is left, every file is whole.

use crate::fault::{Fault, Then};
use crate::processes::{self, names};
use crate::scene::Scene;
use crate::told;
use crate::whole::{self, Print};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tg_tests::Done;

/// Where a run stood.
pub struct Run {
    /// How it ended, if its record says so.
    pub outcome: Option<String>,
    /// How it ended by its `end.json`: it was decided, whether or not the record says so.
    decided: Option<String>,
    /// All stages have done their work on it.
    measured: bool,
    files: BTreeMap<String, Print>,
    /// Earlier attempts beside it.
    attempts: usize,
}

impl Run {
    /// Whether it need not and must not be run again.
    fn is_done(&self) -> bool {
        let outcome = self.outcome.as_deref().or(self.decided.as_deref());
        outcome.is_some_and(|outcome| !tg_stage::Wait::is_void(outcome))
    }
}

/// Where every run of the manifest stands.
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
        decided: tg_stage::End::load(&dir).map(|end| end.outcome),
        outcome: record["wait"]["outcome"].as_str().map(String::from),
        measured: record["metrics"].is_object() && record["metrics"]["error"].is_null(),
        files: whole::prints(&dir),
        attempts: attempts.count(),
    }
}

/// What is wrong after the first pass, which printed `done`.
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
        wrong.extend(nobody_left(scene, "first"));
    }
    wrong
}

/// Who is left although nobody should be.
pub fn nobody_left(scene: &Scene, pass: &str) -> Option<String> {
    let left = processes::left(&scene.lab, Duration::from_secs(10));
    (!left.is_empty()).then(|| format!("left by the {pass} pass: {}", names(&left)))
}

/// What is wrong after the second pass, which printed `done`; `before` is where the runs stood when it began.
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
    let mut reported = told::reported(scene, "second");
    reported.sort();
    let expected: Vec<(String, String)> = now
        .iter()
        .map(|(id, run)| (id.clone(), run.outcome.clone().unwrap_or_default()))
        .collect();
    if reported != expected {
        wrong.push(format!("reported {reported:?}, and there are {expected:?}"));
    }
    wrong.extend(nobody_left(scene, "second"));
    wrong.extend(whole::faults(&scene.lab.path("results"), &fault.then));
    wrong
}

/// What is wrong with a run that was done: what was measured of it may come later, and nothing else.
fn same(id: &str, was: &Run, run: &Run, then: &Then) -> Vec<String> {
    let mut wrong = Vec::new();
    if run.attempts > was.attempts {
        wrong.push(format!("{id} was done, and was run again"));
    } else {
        let mut changed = whole::changed(&was.files, &run.files);
        changed.retain(|name| match name.as_str() {
            "run.json" => was.measured && !then.shown_anew,
            "snapshot.json.gz" => was.measured,
            // What a run that was only decided still lacks: its end and its verification in the database.
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

/// What is wrong after a third pass: nothing was left to do, so nothing may have changed.
pub fn third(scene: &Scene, before: &BTreeMap<String, Run>, done: &Done) -> Vec<String> {
    let mut wrong = Vec::new();
    if done.status != 0 {
        wrong.push(format!(
            "the third pass: exit {}\n{}",
            done.status, done.err
        ));
    }
    wrong.extend(told::verified(scene));
    for (id, run) in &runs(scene) {
        let was = before.get(id);
        wrong.extend(
            was.into_iter()
                .flat_map(|was| same(id, was, run, &Then::default())),
        );
    }
    wrong
}
