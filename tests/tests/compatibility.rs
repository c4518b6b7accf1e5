//! Version 0.1 stays readable: a results directory written before runs became a type gives the same answers, its
//! records are written back byte for byte, and the old verbs, flags and manifest words still work.
//!
//! `fixtures/results-0.1` holds three experiments of the tools of commit bc4e5c4: `gated` (two runs, completed, with a
//! start barrier and a grade), `late` (a timeout) and `absent` (never connected, after one earlier attempt).
//! `expected/` holds what those tools printed. Compared are values, not sentences: prose may change, an answer may not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use tg_stage::{Export, Instantiate, Launch, Record, Run, Wait};
use tg_tests::{FAST, Lab, manifest, records, root};

const EXPERIMENTS: [&str; 3] = ["gated", "late", "absent"];

/// Every run of the fixture, earlier attempts included.
const RUNS: [&str; 5] = [
    "gated/push-r1",
    "gated/swarm-r1",
    "late/swarm-r1",
    "absent/solo-r1",
    "absent/solo-r1.try1",
];

fn fixture() -> PathBuf {
    root().join("tests/fixtures/results-0.1")
}

/// A scratch directory with a copy of the fixture; the databases, kept compressed, are unpacked.
fn old_results() -> Lab {
    let lab = Lab::new();
    copy(&fixture(), &lab.path(""));
    lab
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(&name));
        } else if name == "tasks.db.gz" {
            let mut bytes = Vec::new();
            let packed = fs::File::open(entry.path()).unwrap();
            flate2::read::GzDecoder::new(packed)
                .read_to_end(&mut bytes)
                .unwrap();
            fs::write(to.join("tasks.db"), bytes).unwrap();
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

fn expected(name: &str) -> String {
    fs::read_to_string(fixture().join("expected").join(name)).unwrap()
}

/// The value without sentences, and without what depends on the moment or the machine of the reader.
fn answers(value: &Value) -> Value {
    let is_prose = |value: &Value| value.as_str().is_some_and(|text| text.contains(' '));
    match value {
        Value::Array(items) => {
            let items = items.iter().filter(|item| !is_prose(item));
            Value::Array(items.map(answers).collect())
        }
        Value::Object(map) => {
            let by_reader = ["at_ms", "heard_at_ms"];
            let kept = map
                .iter()
                .filter(|(key, value)| !is_prose(value) && !by_reader.contains(&key.as_str()));
            Value::Object(
                kept.map(|(key, value)| (key.clone(), answers(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

#[track_caller]
fn same_answers(printed: &str, kept: &str) {
    let values = |text: &str| records(text).iter().map(answers).collect::<Vec<_>>();
    let (printed, kept) = (values(printed), values(kept));
    assert_eq!(printed.len(), kept.len());
    for (printed, kept) in printed.iter().zip(&kept) {
        assert_eq!(printed, kept);
    }
}

#[test]
fn status_is_the_same() {
    let lab = old_results();
    for line in ["tg-wait --once results", "scripts/experiment status"] {
        same_answers(&lab.sh(line).ok().out, &expected("status.jsonl"));
    }
}

#[test]
fn metrics_are_the_same() {
    let lab = old_results();
    for name in EXPERIMENTS {
        let done = lab.sh(&format!("tg-metrics results/{name}")).ok();
        same_answers(&done.out, &expected(&format!("{name}.jsonl")));
    }
}

#[test]
fn the_comparison_is_the_same() {
    let lab = old_results();
    for name in EXPERIMENTS {
        let files = "--csv new.csv --tidy new.tidy.csv --json new.json";
        lab.sh(&format!(
            "scripts/experiment analyze {files} results/{name}"
        ))
        .ok();
        let new = |file: &str| fs::read_to_string(lab.path(file)).unwrap();
        assert_eq!(new("new.tidy.csv"), expected(&format!("{name}.tidy.csv")));
        let (csv, old) = (new("new.csv"), expected(&format!("{name}.csv")));
        assert_eq!(without_prose(&csv), without_prose(&old), "{name}");
        let value = |text: &str| answers(&serde_json::from_str(text).unwrap());
        let old = value(&expected(&format!("{name}.report.json")));
        agree(&value(&new("new.json")), &old, name);
    }
}

/// Asserts that two values are equal, numbers up to the last digits: the order of a computation may change.
#[track_caller]
fn agree(new: &Value, old: &Value, place: &str) {
    match (new, old) {
        (Value::Array(new), Value::Array(old)) if new.len() == old.len() => {
            for (at, (new, old)) in new.iter().zip(old).enumerate() {
                agree(new, old, &format!("{place}[{at}]"));
            }
        }
        (Value::Object(new), Value::Object(old)) => {
            assert!(new.keys().eq(old.keys()), "{place}: {new:?} and {old:?}");
            for (key, new) in new {
                agree(new, &old[key], &format!("{place}.{key}"));
            }
        }
        (Value::Number(new), Value::Number(old)) => {
            let (new, old) = (new.as_f64().unwrap(), old.as_f64().unwrap());
            let is_close = (new - old).abs() <= old.abs() * 1e-12;
            assert!(is_close, "{place}: {new} and {old}");
        }
        _ => assert_eq!(new, old, "{place}"),
    }
}

/// The lines of a CSV file with sentences taken out.
fn without_prose(text: &str) -> Vec<String> {
    let cells = |line: &str| {
        let kept = line.split(',').filter(|cell| !cell.contains(' '));
        kept.collect::<Vec<_>>().join(",")
    };
    text.lines().map(cells).collect()
}

#[test]
fn the_plan_is_the_same() {
    let lab = old_results();
    for name in EXPERIMENTS {
        let plan = lab.sh(&format!(
            "tg-instantiate --plan {name}.yaml && {{ tg-instantiate --due {name}.yaml | cut -f1-7; }}"
        ));
        assert_eq!(plan.out, expected(&format!("{name}.plan")), "{}", plan.err);
    }
    // What is done is not run again: the launcher gets nothing to start.
    let done = lab.sh("scripts/experiment run gated.yaml").ok();
    assert!(done.out.contains("gated: 2 runs of 2 arms"), "{}", done.out);
    let kept = fs::read(fixture().join("results/gated/swarm-r1/snapshot.json.gz")).unwrap();
    let now = fs::read(lab.path("results/gated/swarm-r1/snapshot.json.gz")).unwrap();
    assert_eq!(kept, now);
}

/// Everything recorded is computed again, under the new verb and flag and the old ones.
#[test]
fn a_recheck_finds_no_difference() {
    let lab = old_results();
    for name in EXPERIMENTS {
        for line in [
            "scripts/experiment recheck",
            "scripts/experiment verify",
            "tg-metrics --recheck",
            "tg-metrics --verify",
        ] {
            let done = lab.sh(&format!("{line} results/{name}"));
            assert_eq!(done.status, 0, "{line}: {}", done.err);
        }
    }
    let line = "sed -i 's/\"seed\":7001/\"seed\":7002/' results/gated/swarm-r1/run.json";
    lab.sh(line).ok();
    for verb in ["recheck", "verify"] {
        let done = lab.sh(&format!("scripts/experiment {verb} results/gated"));
        assert_eq!(done.status, 1, "{verb}: {}", done.err);
    }
}

#[test]
fn a_merge_takes_every_file_as_it_is() {
    let lab = old_results();
    for name in EXPERIMENTS {
        lab.sh(&format!("tg-merge merged/{name} results/{name}"))
            .ok();
    }
    let files = |under: &str| -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for run in RUNS {
            collect(&lab.path(under).join(run), Path::new(run), &mut found);
        }
        found
    };
    let (old, new) = (files("results"), files("merged"));
    assert_eq!(
        old.keys().collect::<Vec<_>>(),
        new.keys().collect::<Vec<_>>()
    );
    for (path, bytes) in &old {
        assert_eq!(bytes, &new[path], "{}", path.display());
    }
}

/// The files below a directory by path, locks excepted.
fn collect(dir: &Path, name: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        if path.is_dir() {
            collect(&path, &name, found);
        } else if path.extension().is_none_or(|extension| extension != "lock") {
            found.insert(name, fs::read(path).unwrap());
        }
    }
}

#[test]
fn records_are_written_back_byte_for_byte() {
    for run in RUNS {
        let path = fixture().join("results").join(run).join("run.json");
        let bytes = fs::read(&path).unwrap();
        let record = Record::load(&path).unwrap();
        let (written, kept) = (record.line(), bytes);
        // Numbers of `metrics` are computed anew by each tool; parsed and printed, they may differ in the last digit.
        let before = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.split(",\"metrics\":").next().unwrap().to_string()
        };
        assert_eq!(before(&written), before(&kept));
        same_section::<Run>(&record, "run");
        same_section::<Instantiate>(&record, "instantiate");
        same_section::<Launch>(&record, "launch");
        same_section::<Wait>(&record, "wait");
        same_section::<Export>(&record, "export");
    }
}

/// A section of a record, read as its type and written again, has the same bytes.
#[track_caller]
fn same_section<T: Serialize + DeserializeOwned>(record: &Record, key: &str) {
    let typed: T = record.get(key).unwrap();
    let written = serde_json::to_string(&typed).unwrap();
    assert_eq!(written, record.value(key).unwrap().to_string(), "{key}");
}

/// `--resume` does nothing, on either command; `--verify` of tg-wait is `--grade-timeout`.
#[test]
fn old_flags_are_accepted() {
    for flag in ["--verify", "--grade-timeout"] {
        let lab = Lab::new();
        lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], FAST));
        let chain =
            format!("tg-instantiate --resume m.yaml | tg-launch | tg-wait {flag} 30s | tg-export");
        let record = records(&lab.sh(&chain).ok().out).remove(0);
        assert_eq!(record["wait"]["outcome"], "completed", "{flag}");
        lab.sh("scripts/experiment run --resume m.yaml").ok();
        assert!(!lab.path("results/test/solo-r1.try1").exists());
    }
}

/// `verify:` and `start: gate` of a manifest mean `grade:` and `start: barrier`, and make the same run.
#[test]
fn old_words_of_a_manifest_are_accepted() {
    let run = |words: &str| {
        let lab = Lab::new();
        let more = format!("{FAST}{words}");
        lab.write("m.yaml", &manifest("tiny-feature", 1, &["solo"], &more));
        let made = lab.sh("tg-instantiate m.yaml").ok().out;
        let mut run = records(&made).remove(0)["run"].take();
        run.as_object_mut().unwrap().shift_remove("provenance"); // has the hash of the manifest's text
        run
    };
    let old = run("verify: 'echo 0.5'\nstart: gate\n");
    assert_eq!(old["verify"], "echo 0.5");
    assert_eq!(old["start_gate"], true);
    assert_eq!(run("grade: 'echo 0.5'\nstart: barrier\n"), old);
}
