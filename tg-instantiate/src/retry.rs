//! `--retry`: the rows that the machinery failed and that have retries left.
//!
//! The chain is a pipe and sees each row once, so who calls it calls it again for these, until there are none. A spent
//! budget, or an open circuit breaker, leaves none: starting more would be the same mistake again.

use crate::attempts::{failures, is_machinery, is_stopped};
use crate::matrix::Row;
use serde_json::Value;
use std::path::Path;
use tg_stage::file::{self, Lock};
use tg_stage::{Record, Run, say};

/// Of `rows`, those to be tried again, and how many were tried too often.
pub fn due(rows: Vec<Row>, retries: u32) -> (Vec<Row>, usize) {
    let mut due = Vec::new();
    let mut given_up = 0;
    for row in rows {
        let dir = Path::new(&row.run.dir);
        let Ok(record) = Record::load(&dir.join("run.json")) else {
            continue;
        };
        if is_stopped(&record) || was_refused(dir) {
            return (Vec::new(), given_up + 1);
        }
        let same = |run: Run| run.inputs_sha256 == row.run.inputs_sha256;
        if !is_machinery(&record) || is_running(dir) || !record.get("run").is_ok_and(same) {
            continue;
        }
        if failures(dir, &row.run.inputs_sha256) <= retries {
            due.push(row);
        } else {
            given_up += 1;
        }
    }
    (due, given_up)
}

/// Whether an agent says that its login or its quota was refused: the next one's would be as well.
fn was_refused(dir: &Path) -> bool {
    let agents = std::fs::read_dir(dir.join("agents")).into_iter().flatten();
    let fault = |agent: std::io::Result<std::fs::DirEntry>| {
        let text = file::read_kept(&agent.ok()?.path().join("end.json")).ok()?;
        let end: Value = serde_json::from_slice(text.as_ref()).ok()?;
        end["fault"].as_str().map(String::from)
    };
    agents
        .filter_map(fault)
        .any(|fault| matches!(fault.as_str(), "auth" | "quota"))
}

fn is_running(dir: &Path) -> bool {
    let locks = ["launch.lock", "wait.lock"];
    !locks.iter().all(|lock| Lock::is_free(&dir.join(lock)))
}

/// Say that a row is tried again, and why.
pub fn tell(row: &Row, why: &str, retries: u32) {
    let failures = failures(Path::new(&row.run.dir), &row.run.inputs_sha256);
    say(format_args!(
        "tg-instantiate: run {}: {why}; retry {failures} of {retries}",
        row.run.id
    ));
}
