//! Files that nobody would make by accident, given to the built tools: each is refused with its name and the place, or read
//! with a warning that counts what was wrong; in bounded memory and time, and without leaving anything behind.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod databases;
mod files;
mod records;
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

/// Run a command line within the limits; it must end by itself, in one of the documented ways, and tell why.
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
    // A record that failed at an earlier stage is passed on with 1, and was told then.
    let is_told = done.status <= 1 || done.err.starts_with("tg-");
    assert!(
        is_told,
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

/// Give a file to `tg-metrics` and to all other readers; `tg-metrics` must refuse it and say so.
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
        is_told(lab, reader, file);
    }
}

/// Give a file to `tg-metrics`, which must read it, and to the other readers named; the metrics.
#[track_caller]
fn measured(lab: &Lab, file: &str, readers: &[&str]) -> Value {
    let done = run(lab, &format!("tg-metrics {file}"));
    assert_eq!(done.status, 0, "{file}: {}", shown(&done.err));
    for reader in readers {
        is_told(lab, reader, file);
    }
    let first = done.out.lines().next().unwrap();
    serde_json::from_str::<Value>(first).unwrap()["metrics"].take()
}

/// Give a file to a reader, which says what is wrong with it or reads it.
#[track_caller]
fn is_told(lab: &Lab, reader: &str, file: &str) {
    let done = run(lab, &reader.replace("FILE", file));
    let is_blank = done.err.contains("no run records in the input");
    let is_told = done.status == 0 || done.err.contains(file) || is_blank;
    assert!(is_told, "{reader}: {}", shown(&done.err));
}

/// What a warning of a kind counts.
#[track_caller]
fn counted(metrics: &Value, kind: &str) -> u64 {
    let warnings = metrics["warnings"].as_array().unwrap();
    let warning = warnings.iter().find(|warning| warning["kind"] == kind);
    let warning = warning.unwrap_or_else(|| panic!("no {kind} in {warnings:#?}"));
    warning["count"].as_u64().unwrap()
}

/// Why a metric has no value.
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
