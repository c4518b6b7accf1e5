//! Malicious files, given to the built tools: each is refused with its name and the place, or read with a
//! warning that counts the errors; in bounded memory and time, and without leaving anything behind.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod databases;
mod files;
mod large_snapshots;
mod records;
mod snapshot_text;
mod snapshots;

use serde_json::Value;
use std::collections::BTreeSet;
use tg_tests::{Done, Lab};

/// The memory a tool may ask for, in KiB.
const MEMORY: u32 = 1 << 20;

/// The time it may take, in seconds.
const TIME: u32 = 10;

/// Every tool that reads a file called FILE, but for `tg-metrics`, of which more is expected.
const READERS: [&str; 4] = [
    "tg-export --db FILE --out out.json",
    "tg-export --db FILE --for-import --out out.json.gz",
    "tg-instantiate --template FILE --db out.db",
    "tg-report FILE",
];

/// Runs a command line within the limits; it must exit by itself, with a documented status, and print the reason.
fn run(lab: &Lab, line: &str) -> Done {
    let before = names(lab);
    let done = lab.sh(&format!(
        "ulimit -v {MEMORY}; timeout -s KILL {TIME} {line}"
    ));
    let is_known = (0..=4).contains(&done.status);
    assert!(
        is_known,
        "{line}: exit {}\n{}",
        done.status,
        shown(&done.err)
    );
    // A record that failed at an earlier stage is passed on with 1; the message was printed then.
    let has_reason = done.status <= 1 || done.err.starts_with("tg-");
    assert!(
        has_reason,
        "{line}: exit {}\n{}",
        done.status,
        shown(&done.err)
    );
    for fault in ["panicked", "overflowed", "memory allocation"] {
        assert!(!done.err.contains(fault), "{line}\n{}", shown(&done.err));
    }
    assert!(
        done.err.len() < 5000,
        "{line}: {} bytes of errors",
        done.err.len()
    );
    let mut after = names(lab);
    after.retain(|name| !before.contains(name));
    let is_out = |name: &String| done.status == 0 && name.starts_with("out.");
    assert!(after.iter().all(is_out), "{line} left {after:?}");
    for name in after {
        std::fs::remove_file(lab.path(&name)).unwrap();
    }
    done
}

/// The names in the scratch directory.
fn names(lab: &Lab) -> BTreeSet<String> {
    let entries = std::fs::read_dir(lab.path("")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The beginning of a text that may be long.
fn shown(text: &str) -> String {
    text.chars().take(2000).collect()
}

/// Gives a file to `tg-metrics` and to all other readers; `tg-metrics` must refuse it with a message.
#[track_caller]
fn refused(lab: &Lab, file: &str, says: &str) {
    let done = run(lab, &format!("tg-metrics {file}"));
    assert_eq!(done.status, 4, "{file}: {}", shown(&done.err));
    let expected = format!("tg-metrics: {file}: ");
    assert!(done.err.starts_with(&expected), "{}", shown(&done.err));
    assert!(
        done.err.contains(says),
        "`{says}` is not in\n{}",
        shown(&done.err)
    );
    for reader in READERS {
        refuses_or_reads(lab, reader, file);
    }
}

/// Gives a file to `tg-metrics`, which must read it, and to the other readers named; returns the metrics.
#[track_caller]
fn measured(lab: &Lab, file: &str, readers: &[&str]) -> Value {
    let done = run(lab, &format!("tg-metrics {file}"));
    assert_eq!(done.status, 0, "{file}: {}", shown(&done.err));
    for reader in readers {
        refuses_or_reads(lab, reader, file);
    }
    let first = done.out.lines().next().unwrap();
    serde_json::from_str::<Value>(first).unwrap()["metrics"].take()
}

/// Gives a file to a reader, which prints the error in it or reads it.
#[track_caller]
fn refuses_or_reads(lab: &Lab, reader: &str, file: &str) {
    let done = run(lab, &reader.replace("FILE", file));
    let is_blank = done.err.contains("no run records in the input");
    let is_right = done.status == 0 || done.err.contains(file) || is_blank;
    assert!(is_right, "{reader}: {}", shown(&done.err));
}

/// The count of a warning of a kind.
#[track_caller]
fn counted(metrics: &Value, kind: &str) -> u64 {
    let warnings = metrics["warnings"].as_array().unwrap();
    let warning = warnings.iter().find(|warning| warning["kind"] == kind);
    let warning = warning.unwrap_or_else(|| panic!("no {kind} in {warnings:#?}"));
    warning["count"].as_u64().unwrap()
}

/// The reason why a metric has no value.
#[track_caller]
fn why<'m>(metrics: &'m Value, name: &str) -> &'m str {
    assert_eq!(metrics[name], Value::Null, "{name}");
    let warnings = metrics["warnings"].as_array().unwrap();
    let about = |warning: &&Value| {
        let names = warning["metrics"].as_array();
        warning["kind"] == "undefined" && names.is_some_and(|names| names.contains(&name.into()))
    };
    warnings.iter().find(about).unwrap()["message"]
        .as_str()
        .unwrap()
}
