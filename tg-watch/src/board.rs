//! What all browsers see: the newest state of every run and experiment, each with the number of the change that made it.
//!
//! The watcher puts things in; every browser's thread waits for a number above the one it has sent, and takes what is
//! newer. So there are no queues that could grow: a browser that is slow, or gone, just skips to what is newest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An experiment and a run of it.
pub type Key = (String, String);

/// The newest state of something, as JSON, and the number of its change.
type Newest = (u64, Arc<str>);

/// All that is shown.
#[derive(Debug, Default)]
pub struct State {
    change: u64,
    experiments: BTreeMap<String, Newest>,
    runs: BTreeMap<Key, Newest>,
    work: BTreeMap<Key, Work>,
    gone: BTreeMap<String, u64>,
    order: Vec<Key>,
}

/// The pieces of work of a run, by number, and the number of the newest change among them.
#[derive(Debug, Default)]
struct Work {
    change: u64,
    segments: BTreeMap<u64, Newest>,
}

/// The shared state.
#[derive(Debug, Default)]
pub struct Board {
    state: Mutex<State>,
    news: Condvar,
}

/// What a browser is sent.
#[derive(Debug, PartialEq, Eq)]
pub struct News {
    /// Ask for what is newer than this next time.
    pub change: u64,
    /// One line of JSON.
    pub text: String,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Change the state, and wake those who wait if it is another then.
    pub fn put(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        let before = state.change;
        change(&mut state);
        if state.change != before {
            self.news.notify_all();
        }
    }

    /// Everything, or what is newer than `change`; `None` if that is nothing for as long as `patience`.
    pub fn news(&self, change: u64, now: i64, patience: Duration) -> Option<News> {
        let state = self.lock();
        let waited = self
            .news
            .wait_timeout_while(state, patience, |state| state.change == change);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        (!timeout.timed_out() || state.change != change).then(|| state.since(change, now))
    }

    /// Everything that is there, as one line of JSON.
    pub fn everything(&self, now: i64) -> News {
        self.lock().since(0, now)
    }

    /// One run with all its pieces of work, as one line of JSON.
    pub fn run(&self, key: &Key, now: i64) -> Option<String> {
        let state = self.lock();
        let run = &state.runs.get(key)?.1;
        let segments = state.work_since(key, 0);
        Some(format!(
            "{{\"v\":1,\"at_ms\":{now},\"run\":{run},\"segments\":[{}]}}",
            segments.join(",")
        ))
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.change += 1;
        self.change
    }

    /// Show `text` for a run.
    pub fn put_run(&mut self, key: &Key, text: String) {
        if self.runs.get(key).is_none_or(|old| *old.1 != *text) {
            let change = self.next();
            self.runs.insert(key.clone(), (change, text.into()));
            self.gone.remove(&path(key));
        }
    }

    /// Show `text` for an experiment.
    pub fn put_experiment(&mut self, name: &str, text: String) {
        if self.experiments.get(name).is_none_or(|old| *old.1 != *text) {
            let change = self.next();
            self.experiments.insert(name.into(), (change, text.into()));
            self.gone.remove(name);
        }
    }

    /// Show a piece of work of a run.
    pub fn put_segment(&mut self, key: &Key, number: u64, text: String) {
        let change = self.next();
        let work = self.work.entry(key.clone()).or_default();
        work.change = change;
        work.segments.insert(number, (change, text.into()));
    }

    /// Show none of a run's pieces of work before number `first`.
    pub fn drop_segments(&mut self, key: &Key, first: u64) {
        if let Some(work) = self.work.get_mut(key) {
            work.segments = work.segments.split_off(&first);
        }
    }

    /// The order in which runs are listed.
    pub fn put_order(&mut self, order: Vec<Key>) {
        if self.order == order {
            return;
        }
        let kept: BTreeSet<&Key> = order.iter().collect();
        let lost: Vec<Key> = self
            .runs
            .keys()
            .filter(|key| !kept.contains(key))
            .cloned()
            .collect();
        for key in lost {
            self.runs.remove(&key);
            self.work.remove(&key);
            let change = self.next();
            self.gone.insert(path(&key), change);
        }
        let experiments: BTreeSet<&String> = order.iter().map(|key| &key.0).collect();
        let lost: Vec<String> = self
            .experiments
            .keys()
            .filter(|name| !experiments.contains(name))
            .cloned()
            .collect();
        for name in lost {
            self.experiments.remove(&name);
            let change = self.next();
            self.gone.insert(name, change);
        }
        self.order = order;
        self.next();
    }

    fn work_since(&self, key: &Key, change: u64) -> Vec<Arc<str>> {
        let work = self.work.get(key).filter(|work| work.change > change);
        let segments = work.into_iter().flat_map(|work| &work.segments);
        segments
            .filter(|segment| segment.1.0 > change)
            .map(|segment| segment.1.1.clone())
            .collect()
    }

    fn since(&self, change: u64, now: i64) -> News {
        let experiments = self.experiments.values();
        let experiments: Vec<&str> = newer(experiments, change).collect();
        let listed = self.order.iter().filter_map(|key| self.runs.get(key));
        let runs: Vec<&str> = newer(listed, change).collect();
        let gone = self
            .gone
            .iter()
            .filter(|gone| *gone.1 > change && change > 0);
        let gone: Vec<&String> = gone.map(|gone| gone.0).collect();
        let mut work = Vec::new();
        for key in self.work.keys() {
            let segments = self.work_since(key, change);
            if !segments.is_empty() && self.is_told(key) {
                let of = serde_json::json!([key.0, key.1]);
                work.push(format!(
                    "{{\"of\":{of},\"segments\":[{}]}}",
                    segments.join(",")
                ));
            }
        }
        let text = format!(
            "{{\"v\":1,\"at_ms\":{now},\"experiments\":[{}],\"runs\":[{}],\"gone\":{},\"work\":[{}]}}",
            experiments.join(","),
            runs.join(","),
            serde_json::json!(gone),
            work.join(",")
        );
        News {
            change: self.change,
            text,
        }
    }

    /// Whether a run is shown at all.
    fn is_told(&self, key: &Key) -> bool {
        self.runs.contains_key(key)
    }
}

fn newer<'a>(all: impl Iterator<Item = &'a Newest>, change: u64) -> impl Iterator<Item = &'a str> {
    all.filter(move |one| one.0 > change).map(|one| &*one.1)
}

fn path(key: &Key) -> String {
    format!("{}/{}", key.0, key.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn news(board: &Board, change: u64) -> Option<(u64, Value)> {
        let news = board.news(change, 7, Duration::ZERO)?;
        Some((news.change, serde_json::from_str(&news.text).unwrap()))
    }

    #[test]
    fn a_browser_gets_everything_once_and_then_what_is_new() {
        let board = Board::default();
        let (a, b) = (("e".into(), "a".into()), ("e".into(), "b".into()));
        board.put(|state| {
            state.put_run(&a, "1".into());
            state.put_run(&b, "2".into());
            state.put_experiment("e", "3".into());
            state.put_order(vec![b.clone(), a.clone()]);
        });
        let (first, all) = news(&board, 0).unwrap();
        assert_eq!(all["runs"], json!([2, 1]));
        assert_eq!(all["experiments"], json!([3]));
        assert_eq!(news(&board, first), None);
        board.put(|state| state.put_run(&a, "1".into()));
        assert_eq!(news(&board, first), None, "nothing is new");
        board.put(|state| {
            state.put_run(&a, "9".into());
            state.put_segment(&a, 0, "10".into());
            state.put_order(vec![a.clone()]);
        });
        let (second, some) = news(&board, first).unwrap();
        assert_eq!(some["runs"], json!([9]));
        assert_eq!(some["gone"], json!(["e/b"]));
        assert_eq!(some["work"], json!([{"of": ["e", "a"], "segments": [10]}]));
        assert_eq!(news(&board, second), None);
        let run = board.run(&a, 7).unwrap();
        let run: Value = serde_json::from_str(&run).unwrap();
        assert_eq!(run["segments"], json!([10]));
        assert_eq!(board.run(&b, 7), None);
    }
}
