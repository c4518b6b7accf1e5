//! The directory of one run: every path in it, its locks, and the earlier attempts beside it.
//!
//! No other file spells these names. An attempt is never written over: the next one moves it aside whole, as `RUN.try1`,
//! `RUN.try2`, ...

use crate::error::{Error, Result, file_error};
use crate::file::{self, Lock};
use crate::record::Record;
use std::path::{Path, PathBuf};

/// The part of an earlier attempt's name between the run's name and the number.
const ATTEMPT: &str = ".try";

/// The most attempts that are kept at one run.
const MOST_ATTEMPTS: u32 = 100_000;

/// The directory of one run, which need not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// The run in the directory `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The run's name: that of its directory.
    pub fn name(&self) -> String {
        let name = self.0.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Its record.
    pub fn record(&self) -> PathBuf {
        self.0.join("run.json")
    }

    /// Its database, unless it shares one with other runs.
    pub fn db(&self) -> PathBuf {
        self.0.join("tasks.db")
    }

    /// Its snapshot.
    pub fn snapshot(&self) -> PathBuf {
        self.0.join("snapshot.json.gz")
    }

    /// Its end ([`super::End`]).
    pub fn end(&self) -> PathBuf {
        self.0.join("end.json")
    }

    /// Its cost and tokens so far ([`super::Spent`]).
    pub fn spent(&self) -> PathBuf {
        self.0.join("spent.json")
    }

    /// The lock that its supervisor holds as long as an agent may be running.
    pub fn launch_lock(&self) -> PathBuf {
        self.0.join("launch.lock")
    }

    /// The lock that `tg-wait` holds while it waits for the end.
    pub fn wait_lock(&self) -> PathBuf {
        self.0.join("wait.lock")
    }

    /// The agents' shared working directory.
    pub fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// The configuration directory of the host.
    pub fn host(&self) -> PathBuf {
        self.0.join("host")
    }

    /// The directory that holds one directory for each agent.
    pub fn agents(&self) -> PathBuf {
        self.0.join("agents")
    }

    /// The files of one agent.
    pub fn agent(&self, worker: &str) -> AgentDir {
        AgentDir(self.agents().join(worker))
    }

    /// True if the directory exists.
    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// True if a run was made in it.
    pub fn is_made(&self) -> bool {
        [self.record(), self.db(), self.host()]
            .iter()
            .any(|path| path.exists())
    }

    /// The lock of a process that is at work on the run; none if no process is.
    pub fn held_lock(&self) -> Option<PathBuf> {
        let locks = [self.launch_lock(), self.wait_lock()];
        locks.into_iter().find(|lock| !Lock::is_free(lock))
    }

    /// The record that is kept in the directory.
    pub fn load(&self) -> Result<Record> {
        Record::load(&self.record())
    }

    /// Writes the record, unless the file already holds it together with what later stages added: a finished run loses
    /// nothing when it is looked at again.
    pub fn save(&self, record: &Record) -> Result<()> {
        let (path, line) = (self.record(), record.line());
        let kept = file::read_kept(&path).unwrap_or_default();
        let mine = line.strip_suffix(b"}\n").unwrap_or(&line);
        match kept.strip_prefix(mine) {
            Some([b'}' | b',', ..]) if kept.ends_with(b"}\n") => Ok(()),
            _ => file::write(&path, &line),
        }
    }

    /// True if it holds an earlier attempt at a run.
    pub fn is_attempt(&self) -> bool {
        let name = self.name();
        let number = name.rsplit_once(ATTEMPT).map(|(_, number)| number);
        number.is_some_and(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
    }

    /// The earlier attempts at this run, the oldest first.
    pub fn attempts(&self) -> Vec<Self> {
        let numbered = (1..MOST_ATTEMPTS).map(|number| self.attempt(number));
        numbered.take_while(Self::exists).collect()
    }

    /// The directory into which this attempt would be moved.
    pub fn next_attempt(&self) -> Result<Self> {
        let mut numbered = (1..MOST_ATTEMPTS).map(|number| self.attempt(number));
        numbered.find(|dir| !dir.exists()).ok_or_else(|| {
            Error::outside(self.0.display(), "has too many earlier attempts beside it")
        })
    }

    /// Moves the run, if there is one, beside itself as the next of its earlier attempts.
    pub fn put_aside(&self) -> Result<()> {
        if !self.exists() {
            return Ok(());
        }
        let aside = self.next_attempt()?;
        std::fs::rename(&self.0, &aside.0).map_err(file_error(&self.0))
    }

    fn attempt(&self, number: u32) -> Self {
        let name = format!("{}{ATTEMPT}{number}", self.name());
        Self(self.0.with_file_name(name))
    }
}

/// The directory of one agent of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentDir(PathBuf);

impl AgentDir {
    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its row of `experiment_agents` and its fault, once it has ended.
    pub fn end(&self) -> PathBuf {
        self.0.join("end.json")
    }

    /// Its exit status, as soon as it has exited.
    pub fn exit(&self) -> PathBuf {
        self.0.join("exit.json")
    }

    /// Its own report of cost and tokens: of a simulated agent, or of a command of the user's own.
    pub fn usage(&self) -> PathBuf {
        self.0.join("usage.json")
    }

    /// Its calls to the host, one a line.
    pub fn calls(&self) -> PathBuf {
        self.0.join("mcp.jsonl")
    }

    /// Its standard output.
    pub fn stdout(&self) -> PathBuf {
        self.0.join("stdout.log")
    }

    /// Its standard error.
    pub fn stderr(&self) -> PathBuf {
        self.0.join("stderr.log")
    }
}

impl Record {
    /// The run's directory, `run.dir`; none where the record names no directory.
    pub fn run_dir(&self) -> Option<RunDir> {
        self.dir().map(RunDir::new)
    }

    /// Keeps the record in the run's directory, if that exists ([`RunDir::save`]).
    pub fn save(&self) -> Result<()> {
        match self.run_dir().filter(|run| run.path().is_dir()) {
            Some(run) => run.save(self),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn a_kept_record_is_not_cut_back_and_not_kept_against_another() {
        let lab = tempfile::tempdir().unwrap();
        let dir = RunDir::new(lab.path());
        let kept = || std::fs::read(dir.record()).unwrap();
        let mut record = Record::new(&json!({"id": "x-r1", "dir": lab.path()})).unwrap();
        record.set("wait", &json!({"ended_at_ms": 1})).unwrap();
        let waited = record.clone();
        record.set("export", &json!({"bytes": 1})).unwrap();
        record.save().unwrap();
        waited.save().unwrap();
        assert_eq!(kept(), record.line());
        let mut other = waited.clone();
        other.set("export", &json!({"bytes": 2})).unwrap();
        other.save().unwrap();
        assert_eq!(kept(), other.line());
        let mut again = waited;
        again.set("wait", &json!({"ended_at_ms": 2})).unwrap();
        again.save().unwrap();
        assert_eq!(kept(), again.line());
    }

    #[test]
    fn a_pipe_in_a_runs_directory_blocks_no_reader() {
        let lab = tempfile::tempdir().unwrap();
        let dir = RunDir::new(lab.path());
        let (results, received) = std::sync::mpsc::channel();
        let made = std::process::Command::new("mkfifo")
            .args([dir.record(), dir.end(), dir.spent(), dir.launch_lock()])
            .status();
        assert!(made.unwrap().success());
        std::thread::spawn(move || {
            let record = dir.load().unwrap_err().to_string();
            let (end, spent) = (
                super::super::End::load(&dir),
                super::super::Spent::load(&dir),
            );
            let is_free = Lock::is_free(&dir.launch_lock());
            results.send((record, end, spent, is_free)).unwrap();
        });
        let (record, end, spent, is_free) = received.recv_timeout(Duration::from_secs(10)).unwrap();
        let expected = ": is not an ordinary file";
        assert!(record.ends_with(expected), "{record}");
        assert_eq!((end, spent, is_free), (None, None, false));
    }

    #[test]
    fn attempts_are_numbered_without_end_and_known_by_name() {
        let lab = tempfile::tempdir().unwrap();
        let run = RunDir::new(lab.path().join("a-r1"));
        run.put_aside().unwrap();
        for expected in 0..3 {
            assert_eq!(run.attempts().len(), expected);
            std::fs::create_dir(run.path()).unwrap();
            run.put_aside().unwrap();
        }
        assert!(run.attempts().iter().all(RunDir::is_attempt));
        for name in ["a-r1", "a.tryx", "a.try", ".try-r1"] {
            assert!(!RunDir::new(name).is_attempt(), "{name}");
        }
    }
}
