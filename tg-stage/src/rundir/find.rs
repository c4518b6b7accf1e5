//! Which experiments and runs there are in a results directory.

use crate::file;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// The experiments in `results`, each a directory with run directories in it: `results` itself, if it is one.
pub fn experiments(results: &Path) -> Vec<PathBuf> {
    if !runs(results).is_empty() {
        return vec![results.into()];
    }
    let found = directories(results);
    found.into_iter().filter(|dir| is_experiment(dir)).collect()
}

fn is_experiment(dir: &Path) -> bool {
    !runs(dir).is_empty()
}

/// The run directories in an experiment's, by name, earlier attempts not among them.
pub fn runs(experiment: &Path) -> Vec<PathBuf> {
    let found = directories(experiment);
    found.into_iter().filter(|dir| is_run(dir)).collect()
}

fn is_run(dir: &Path) -> bool {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let is_earlier = name.rsplit_once(".try").is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_made = ["run.json", "tasks.db", "host"]
        .iter()
        .any(|part| dir.join(part).exists());
    !is_earlier && is_made
}

/// The runs that an experiment is to have, as `tg-instantiate` listed them; `None` where nobody did.
pub fn planned(experiment: &Path) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct List {
        rows: Vec<String>,
    }
    let text = file::read(&experiment.join("rows.json")).ok()?;
    serde_json::from_str::<List>(&text)
        .ok()
        .map(|list| list.rows)
}

/// The arm of a run, by the run's name: `swarm` of `swarm-r3`.
pub fn arm_of(run: &str) -> &str {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    run.rsplit_once("-r")
        .filter(|(_, replicate)| number(replicate))
        .map_or(run, |(arm, _)| arm)
}

/// The directories in `dir` that are neither hidden nor links, by name: `r2` before `r10`.
pub fn directories(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect();
    found.sort_by_cached_key(|path| by_number(path));
    found
}

/// A name and the number at its end, so that numbers are ordered as numbers.
fn by_number(path: &Path) -> (String, u64) {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name[stem.len()..].parse().unwrap_or(0);
    (stem.to_string(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_listed_in_order_and_earlier_attempts_are_not() {
        let lab = tempfile::tempdir().unwrap();
        for run in [
            "e/a-r1",
            "e/a-r10",
            "e/a-r2",
            "e/a-r1.try1",
            "e/.a-r3.new",
            "e/logs",
            "f",
        ] {
            fs::create_dir_all(lab.path().join(run)).unwrap();
        }
        for run in ["a-r1", "a-r10", "a-r2", "a-r1.try1", ".a-r3.new"] {
            fs::write(lab.path().join("e").join(run).join("tasks.db"), "").unwrap();
        }
        let names = |dirs: Vec<PathBuf>| -> Vec<String> {
            let name = |dir: &PathBuf| dir.file_name().unwrap().to_string_lossy().into_owned();
            dirs.iter().map(name).collect()
        };
        assert_eq!(
            names(runs(&lab.path().join("e"))),
            ["a-r1", "a-r2", "a-r10"]
        );
        assert_eq!(names(experiments(lab.path())), ["e"]);
        assert_eq!(names(experiments(&lab.path().join("e"))), ["e"]);
        assert_eq!(
            experiments(&lab.path().join("nowhere")),
            Vec::<PathBuf>::new()
        );
        assert_eq!(planned(&lab.path().join("e")), None);
        fs::write(
            lab.path().join("e/rows.json"),
            "{\"rows\":[\"a-r1\",\"b-r1\"]}",
        )
        .unwrap();
        assert_eq!(planned(&lab.path().join("e")).unwrap(), ["a-r1", "b-r1"]);
        for (run, arm) in [
            ("a-r1", "a"),
            ("a-r-r12", "a-r"),
            ("a-rx", "a-rx"),
            ("a-r", "a-r"),
        ] {
            assert_eq!(arm_of(run), arm);
        }
    }
}
