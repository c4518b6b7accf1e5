//! Earlier attempts at a run: where they are kept, how they ended, and whether another one is due by itself.
//!
//! An attempt is never written over: the next one moves it aside whole, as `RUN.try1`, `RUN.try2`, ... How each ended
//! becomes part of the new run's record, so that its snapshot alone tells how often it was tried. Only what the machinery
//! did wrong is tried again by itself: a bad outcome is data, and repeating it until it is good would be fraud.

use std::path::{Path, PathBuf};
use tg_stage::{Launch, Record, Run, Wait};

/// The stages whose failure is one of the machinery.
const STAGES: [&str; 2] = ["launch", "wait"];

/// Kinds of a launch error that say that nothing was begun: there is nothing to try again, and nothing failed.
const NOT_BEGUN: [&str; 3] = ["budget", "breaker", "held"];

/// Where attempt `number` at the run in `dir` is kept.
fn place(dir: &Path, number: usize) -> PathBuf {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    dir.with_file_name(format!("{name}.try{number}"))
}

/// The attempts that were put aside, the oldest first.
fn aside(dir: &Path) -> Vec<PathBuf> {
    let numbered = (1..).map(|number| place(dir, number));
    numbered.take_while(|path| path.exists()).collect()
}

/// How the attempt in `dir` ended, as [`Run::earlier`] has it.
pub fn end(dir: &Path) -> String {
    let record = Record::load(&dir.join("run.json"));
    record.map_or_else(|_| "unknown".into(), |record| end_of(&record))
}

fn end_of(record: &Record) -> String {
    if is_refused(record) {
        return "unlaunched".into();
    }
    if let Some(stage) = STAGES.iter().find(|stage| failed(record, stage)) {
        return format!("{stage} error");
    }
    match record.get::<Wait>("wait") {
        Ok(wait) => wait.outcome,
        Err(_) if record.has("launch") => "interrupted".into(),
        Err(_) => "unlaunched".into(),
    }
}

fn failed(record: &Record, stage: &str) -> bool {
    record
        .value(stage)
        .is_some_and(|value| value.get("error").is_some())
}

/// How the attempts that the next one will be preceded by ended: those aside, and the one in place.
pub fn earlier(dir: &Path) -> Vec<String> {
    let mut all = aside(dir);
    if dir.exists() {
        all.push(dir.into());
    }
    all.iter().map(|dir| end(dir)).collect()
}

/// Whether nothing was begun because a budget was spent, the circuit breaker was open or somebody else held the run.
pub fn is_refused(record: &Record) -> bool {
    let kind = record
        .value("launch")
        .and_then(|launch| launch["error"]["kind"].as_str());
    kind.is_some_and(|kind| NOT_BEGUN.contains(&kind))
}

/// Whether a budget was spent or the circuit breaker was open: no other run is to be started either.
pub fn is_stopped(record: &Record) -> bool {
    let kind = record
        .value("launch")
        .and_then(|launch| launch["error"]["kind"].as_str());
    matches!(kind, Some("budget" | "breaker"))
}

/// Whether the machinery failed in that attempt. An attempt that was interrupted is one: whoever interrupts on purpose
/// ends the loop that asks.
pub fn is_machinery(record: &Record) -> bool {
    if is_refused(record) {
        return false;
    }
    let by_hand = record
        .get::<Launch>("launch")
        .is_ok_and(|launch| launch.manual);
    let end = end_of(record);
    Wait::is_machinery(&end) || end.ends_with(" error") || (end == "interrupted" && !by_hand)
}

/// How often the machinery failed with these inputs, the attempt in place included.
pub fn failures(dir: &Path, inputs_sha256: &str) -> u32 {
    let is_one = |dir: &PathBuf| {
        let record = Record::load(&dir.join("run.json"));
        record.is_ok_and(|record| {
            let same = |run: Run| run.inputs_sha256 == inputs_sha256;
            is_machinery(&record) && record.get("run").is_ok_and(same)
        })
    };
    let all = aside(dir).into_iter().chain([dir.to_path_buf()]);
    all.filter(is_one).count() as u32
}

/// Whether a directory of that name holds an earlier attempt.
pub fn is_earlier(name: &str) -> bool {
    let number = name.rsplit_once(".try").map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
