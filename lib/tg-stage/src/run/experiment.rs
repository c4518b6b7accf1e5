//! The directory of one experiment, its runs, and the list of the runs it is to have.

use super::dir::RunDir;
use crate::file;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// The directory of one experiment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Experiment(PathBuf);

impl Experiment {
    /// The experiment in the directory `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The experiments in a results directory: `results` itself, if runs are in it.
    pub fn all_in(results: &Path) -> Vec<Self> {
        let itself = Self::new(results);
        if !itself.runs().is_empty() {
            return vec![itself];
        }
        let below = directories(results).into_iter().map(Self);
        below.filter(|one| !one.runs().is_empty()).collect()
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The directory of the run `id`.
    pub fn run(&self, id: &str) -> RunDir {
        RunDir::new(self.0.join(id))
    }

    /// The list of the rows of its manifest.
    pub fn plan(&self) -> PathBuf {
        self.0.join("rows.json")
    }

    /// The lock that `tg-instantiate` holds while it makes runs.
    pub fn lock(&self) -> PathBuf {
        self.0.join(".lock")
    }

    /// The run directories, by name, without earlier attempts.
    pub fn runs(&self) -> Vec<RunDir> {
        let found = directories(&self.0).into_iter().map(RunDir::new);
        found
            .filter(|run| !run.is_attempt() && run.is_made())
            .collect()
    }

    /// The ids of the runs that it is to have, as `tg-instantiate` listed them; none where it did not.
    pub fn planned(&self) -> Option<Vec<String>> {
        #[derive(Deserialize)]
        struct List {
            rows: Vec<String>,
        }
        let text = file::read(&self.plan()).ok()?;
        let list: List = serde_json::from_str(&text).ok()?;
        Some(list.rows)
    }
}

impl RunDir {
    /// The experiment it belongs to: the directory above.
    pub fn experiment(&self) -> Option<Experiment> {
        self.path().parent().map(Experiment::new)
    }
}

/// The arm of a run, by the run's name: `swarm` of `swarm-r3`.
pub fn arm_of_run(run: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    run.rsplit_once("-r")
        .filter(|(_, replicate)| is_number(replicate))
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
    found.sort_by_cached_key(|path| name_and_number(path));
    found
}

/// A name and the number at its end, so that numbers are ordered as numbers.
fn name_and_number(path: &Path) -> (String, u64) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name[stem.len()..].parse().unwrap_or(0);
    (stem.to_string(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_listed_in_order_without_earlier_attempts() {
        let lab = tempfile::tempdir().unwrap();
        let e = Experiment::new(lab.path().join("e"));
        for run in ["a-r1", "a-r1", "a-r10", "a-r2", ".a-r3.new"] {
            e.run(run).put_aside().unwrap();
            fs::create_dir_all(e.run(run).path()).unwrap();
            fs::write(e.run(run).db(), "").unwrap();
        }
        for other in ["e/logs", "f"] {
            fs::create_dir_all(lab.path().join(other)).unwrap();
        }
        let names: Vec<String> = e.runs().iter().map(RunDir::name).collect();
        assert_eq!(names, ["a-r1", "a-r2", "a-r10"]);
        assert_eq!(Experiment::all_in(lab.path()), std::slice::from_ref(&e));
        assert_eq!(Experiment::all_in(e.path()), std::slice::from_ref(&e));
        assert_eq!(Experiment::all_in(&lab.path().join("nowhere")), []);
        assert_eq!(e.planned(), None);
        fs::write(e.plan(), "{\"rows\":[\"a-r1\",\"b-r1\"]}").unwrap();
        assert_eq!(e.planned().unwrap(), ["a-r1", "b-r1"]);
        let arms = [
            ("a-r1", "a"),
            ("a-r-r12", "a-r"),
            ("a-rx", "a-rx"),
            ("a-r", "a-r"),
        ];
        for (run, arm) in arms {
            assert_eq!(arm_of_run(run), arm);
        }
    }
}
