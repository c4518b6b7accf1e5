//! The newest state of every run and experiment, each with the number of the change that made it.
//!
//! The watcher writes; the thread of each browser waits for a number above the last that it sent, and reads everything
//! newer. So there are no queues that could grow: a browser that is slow, or gone, skips to the newest state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The names of an experiment and of a run of it.
pub type Key = (String, String);

/// The number of a change, and the state after it, as JSON.
type Newest = (u64, Arc<str>);

/// The state of all runs and experiments.
#[derive(Debug, Default)]
pub struct BoardState {
    change: u64,
    experiments: BTreeMap<String, Newest>,
    runs: BTreeMap<Key, Newest>,
    work: BTreeMap<Key, Work>,
    gone: BTreeMap<String, u64>,
    order: Vec<Key>,
}

/// The segments of work of a run, by number, and the number of the newest change among them.
#[derive(Debug, Default)]
struct Work {
    change: u64,
    segments: BTreeMap<u64, Newest>,
}

/// The state, shared by all threads.
#[derive(Debug, Default)]
pub struct Board {
    state: Mutex<BoardState>,
    changed: Condvar,
}

/// A message to a browser.
#[derive(Debug, PartialEq, Eq)]
pub struct Update {
    /// The newest change in it.
    pub change: u64,
    /// One line of JSON.
    pub text: String,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, BoardState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Edits the state, and wakes the waiting threads if it changed.
    pub fn edit(&self, edit: impl FnOnce(&mut BoardState)) {
        let mut state = self.lock();
        let before = state.change;
        edit(&mut state);
        if state.change != before {
            self.changed.notify_all();
        }
    }

    /// Everything newer than `change`; none if nothing is for as long as `patience`.
    pub fn update(&self, change: u64, now: i64, patience: Duration) -> Option<Update> {
        let is_same = |state: &mut BoardState| state.change == change;
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), patience, is_same);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (state.change != change).then(|| state.since(change, now))
    }

    /// The whole state.
    pub fn everything(&self, now: i64) -> Update {
        self.lock().since(0, now)
    }

    /// One run with all its segments of work, as one line of JSON.
    pub fn run(&self, key: &Key, now: i64) -> Option<String> {
        let state = self.lock();
        let run = &state.runs.get(key)?.1;
        let segments = array(&state.work_since(key, 0));
        let parts = [("run", run.to_string()), ("segments", segments)];
        Some(answer(now, &parts))
    }
}

impl BoardState {
    fn next(&mut self) -> u64 {
        self.change += 1;
        self.change
    }

    /// Sets the state of a run.
    pub fn put_run(&mut self, key: &Key, text: String) {
        if self.runs.get(key).is_none_or(|old| *old.1 != *text) {
            let change = self.next();
            self.runs.insert(key.clone(), (change, text.into()));
            self.gone.remove(&path(key));
        }
    }

    /// Sets the state of an experiment.
    pub fn put_experiment(&mut self, name: &str, text: String) {
        if self.experiments.get(name).is_none_or(|old| *old.1 != *text) {
            let change = self.next();
            self.experiments.insert(name.into(), (change, text.into()));
            self.gone.remove(name);
        }
    }

    /// Sets a segment of work of a run.
    pub fn put_segment(&mut self, key: &Key, number: u64, text: String) {
        let change = self.next();
        let work = self.work.entry(key.clone()).or_default();
        work.change = change;
        work.segments.insert(number, (change, text.into()));
    }

    /// Removes the segments of a run before number `first`.
    pub fn drop_segments(&mut self, key: &Key, first: u64) {
        if let Some(work) = self.work.get_mut(key) {
            work.segments = work.segments.split_off(&first);
        }
    }

    /// Sets the order in which runs are listed; removes all other runs, and experiments without runs.
    pub fn put_order(&mut self, order: Vec<Key>) {
        if self.order == order {
            return;
        }
        let kept: BTreeSet<&Key> = order.iter().collect();
        let mut lost: Vec<String> = Vec::new();
        self.work.retain(|key, _| kept.contains(key));
        for (key, _) in self.runs.extract_if(.., |key, _| !kept.contains(key)) {
            lost.push(path(&key));
        }
        let kept: BTreeSet<&String> = order.iter().map(|key| &key.0).collect();
        for (name, _) in self
            .experiments
            .extract_if(.., |name, _| !kept.contains(name))
        {
            lost.push(name);
        }
        for name in lost {
            let change = self.next();
            self.gone.insert(name, change);
        }
        self.order = order;
        self.next();
    }

    fn work_since(&self, key: &Key, change: u64) -> Vec<&str> {
        let work = self.work.get(key).filter(|work| work.change > change);
        newer(
            work.into_iter().flat_map(|work| work.segments.values()),
            change,
        )
    }

    fn since(&self, change: u64, now: i64) -> Update {
        let listed = self.order.iter().filter_map(|key| self.runs.get(key));
        let gone = self
            .gone
            .iter()
            .filter(|gone| *gone.1 > change && change > 0);
        let gone: Vec<&String> = gone.map(|gone| gone.0).collect();
        let work = self.work.keys().filter(|key| self.runs.contains_key(key));
        let work = work.filter_map(|key| {
            let segments = self.work_since(key, change);
            let of = serde_json::json!([key.0, key.1]);
            let text = || format!("{{\"of\":{of},\"segments\":{}}}", array(&segments));
            (!segments.is_empty()).then(text)
        });
        let parts = [
            (
                "experiments",
                array(&newer(self.experiments.values(), change)),
            ),
            ("runs", array(&newer(listed, change))),
            ("gone", serde_json::json!(gone).to_string()),
            ("work", array(&work.collect::<Vec<_>>())),
        ];
        Update {
            change: self.change,
            text: answer(now, &parts),
        }
    }
}

fn newer<'a>(all: impl Iterator<Item = &'a Newest>, change: u64) -> Vec<&'a str> {
    let newer = all.filter(|entry| entry.0 > change);
    newer.map(|entry| &*entry.1).collect()
}

fn path(key: &Key) -> String {
    format!("{}/{}", key.0, key.1)
}

/// A JSON array of values that are JSON already.
fn array(values: &[impl AsRef<str>]) -> String {
    let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    format!("[{}]", values.join(","))
}

/// The JSON object of an answer, of parts that are JSON already.
fn answer(now: i64, parts: &[(&str, String)]) -> String {
    let mut text = format!("{{\"v\":1,\"at_ms\":{now}");
    for (key, json) in parts {
        let _ = write!(text, ",\"{key}\":{json}");
    }
    text + "}"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn update(board: &Board, change: u64) -> Option<(u64, Value)> {
        let update = board.update(change, 7, Duration::ZERO)?;
        Some((update.change, serde_json::from_str(&update.text).unwrap()))
    }

    #[test]
    fn a_browser_gets_everything_once_and_then_what_is_new() {
        let board = Board::default();
        let (a, b) = (("e".into(), "a".into()), ("e".into(), "b".into()));
        board.edit(|state| {
            state.put_run(&a, "1".into());
            state.put_run(&b, "2".into());
            state.put_experiment("e", "3".into());
            state.put_order(vec![b.clone(), a.clone()]);
        });
        let (first, all) = update(&board, 0).unwrap();
        assert_eq!(all["runs"], json!([2, 1]));
        assert_eq!(all["experiments"], json!([3]));
        assert_eq!(update(&board, first), None);
        board.edit(|state| state.put_run(&a, "1".into()));
        assert_eq!(update(&board, first), None, "nothing is new");
        board.edit(|state| {
            state.put_run(&a, "9".into());
            state.put_segment(&a, 0, "10".into());
            state.put_order(vec![a.clone()]);
        });
        let (second, some) = update(&board, first).unwrap();
        assert_eq!(some["runs"], json!([9]));
        assert_eq!(some["gone"], json!(["e/b"]));
        assert_eq!(some["work"], json!([{"of": ["e", "a"], "segments": [10]}]));
        assert_eq!(update(&board, second), None);
        let run = board.run(&a, 7).unwrap();
        let run: Value = serde_json::from_str(&run).unwrap();
        assert_eq!(run["segments"], json!([10]));
        assert_eq!(board.run(&b, 7), None);
    }
}
