//! The one thread that reads: on a notification of a change it reads the run, and puts its state on the board.
//!
//! Only directories in which changes are expected are watched: those of experiments, and of runs that have not ended. A
//! heartbeat finds changes without a notification: a process that exited and left its lock, an agent that has become
//! silent, a file system without notifications.

use crate::board::{Board, Key};
use crate::dir_watch::DirWatch;
use crate::experiment_view::ExperimentView;
use crate::followed_run::FollowedRun;
use crate::reports;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_stage::spent::Ledger;
use tg_stage::{Experiment, RunDir, directories};

/// The interval at which everything that may change is read.
const BEAT: Duration = Duration::from_secs(2);
/// The same without notifications.
const BLIND_BEAT: Duration = Duration::from_millis(250);
/// The interval at which directories are listed without a notification of new ones.
const LISTING: Duration = Duration::from_secs(10);

/// The shortest interval between two listings: a shared database is written to where new runs would appear.
const LIST_PAUSE: Duration = Duration::from_millis(500);
/// Notifications arrive in bursts, several for one commit: those that arrive together are handled together.
const SETTLE: Duration = Duration::from_millis(2);
/// The shortest interval between two summaries of an experiment, each of which goes through all its runs.
const SUMMARY: Duration = Duration::from_millis(250);

/// An experiment that is followed.
struct FollowedExperiment {
    experiment: Experiment,
    ledger: Ledger,
    /// The time of its last summary.
    shown: Option<Instant>,
    /// The time of its next summary, if something has changed since.
    due: Option<Instant>,
}

impl FollowedExperiment {
    fn note_change(&mut self) {
        let now = Instant::now();
        let soonest = self.shown.map_or(now, |shown| now.max(shown + SUMMARY));
        self.due.get_or_insert(soonest);
    }
}

/// All runs and experiments that are followed.
pub struct Watcher<'a> {
    results: PathBuf,
    board: &'a Board,
    dir_watch: DirWatch,
    watched: BTreeSet<PathBuf>,
    experiments: BTreeMap<String, FollowedExperiment>,
    /// Directories without runs, which may become experiments.
    candidates: Vec<PathBuf>,
    runs: BTreeMap<Key, FollowedRun>,
    listed: Instant,
    list_due: Option<Instant>,
    beat: Instant,
}

impl<'a> Watcher<'a> {
    /// Reads everything once.
    pub fn new(results: &Path, board: &'a Board) -> Self {
        let mut watcher = Self {
            results: results.into(),
            board,
            dir_watch: DirWatch::new(),
            watched: BTreeSet::new(),
            experiments: BTreeMap::new(),
            candidates: Vec::new(),
            runs: BTreeMap::new(),
            listed: Instant::now(),
            list_due: None,
            beat: Instant::now(),
        };
        watcher.list();
        watcher
    }

    /// Follows the runs until the process is ended.
    pub fn run(mut self) {
        loop {
            self.step();
        }
    }

    fn step(&mut self) {
        let is_blind = self.dir_watch.is_incomplete();
        let beat = if is_blind { BLIND_BEAT } else { BEAT };
        let summaries = self.experiments.values().filter_map(|one| one.due);
        let dues = self.runs.values().filter_map(FollowedRun::due);
        let dues = dues.chain(summaries).chain(self.list_due);
        let next = dues.chain([self.beat + beat]).min();
        let timeout = next.map_or(beat, |due| due.saturating_duration_since(Instant::now()));
        let mut changed = self.dir_watch.wait(timeout);
        if !changed.is_empty() {
            sleep(SETTLE);
            changed.extend(self.dir_watch.wait(Duration::ZERO));
        }
        self.note_changes(&changed);
        let is_beat = self.beat.elapsed() >= beat;
        if is_beat {
            self.beat = Instant::now();
        }
        let is_due = self.list_due.is_some_and(|due| due <= Instant::now());
        if is_due || self.listed.elapsed() > LISTING {
            self.list();
        }
        self.refresh(is_beat);
    }

    fn note_changes(&mut self, changed: &BTreeSet<PathBuf>) {
        let is_experiment = |dir: &PathBuf| {
            let mut known = self.experiments.values();
            known.any(|one| one.experiment.path() == dir)
        };
        let is_listed = |dir: &PathBuf| {
            *dir == self.results || self.candidates.contains(dir) || is_experiment(dir)
        };
        if changed.iter().any(is_listed) {
            let soonest = Instant::now().max(self.listed + LIST_PAUSE);
            self.list_due.get_or_insert(soonest);
        }
        for run in self.runs.values_mut() {
            let db_dir = run.status.db.parent();
            if changed.contains(run.dir.path()) || db_dir.is_some_and(|dir| changed.contains(dir)) {
                run.note_change();
            }
        }
    }

    /// Reads the runs that are due, or on a beat all that may change, and shows the changes.
    fn refresh(&mut self, is_beat: bool) {
        let now = Instant::now();
        let mut read = Vec::new();
        let mut is_other_set = false;
        for (key, run) in &mut self.runs {
            if run.due().is_some_and(|due| due <= now) || (is_beat && run.is_alive()) {
                let was_alive = run.is_alive();
                run.refresh(is_beat);
                is_other_set |= was_alive != run.is_alive();
                read.push(key.clone());
                if let Some(experiment) = self.experiments.get_mut(&key.0) {
                    experiment.note_change();
                }
            }
        }
        if is_other_set {
            self.watch(false);
        }
        self.show(&read);
    }

    /// Lists the directories, and reads runs that are new or changed.
    fn list(&mut self) {
        (self.listed, self.list_due) = (Instant::now(), None);
        // A directory without runs is watched before it is listed, so that no run is missed that appears meanwhile.
        self.candidates = if Experiment::new(&self.results).runs().is_empty() {
            directories(&self.results)
        } else {
            Vec::new()
        };
        self.watch(true);
        let mut order = Vec::new();
        let mut read = Vec::new();
        let mut experiments = BTreeMap::new();
        for experiment in Experiment::all_in(&self.results) {
            let name = RunDir::new(experiment.path()).name();
            for dir in experiment.runs() {
                let key = (name.clone(), dir.name());
                order.push(key.clone());
                if let Some(known) = self.runs.get_mut(&key) {
                    if !known.has_changed_files() {
                        continue;
                    }
                    known.refresh(true);
                } else {
                    let mut new = FollowedRun::new(dir, key.clone());
                    new.refresh(false);
                    self.runs.insert(key.clone(), new);
                }
                read.push(key);
            }
            let known = self.experiments.remove(&name);
            let mut followed = known.unwrap_or_else(|| FollowedExperiment {
                experiment: experiment.clone(),
                ledger: Ledger::default(),
                shown: None,
                due: None,
            });
            followed.experiment = experiment;
            followed.note_change();
            experiments.insert(name, followed);
        }
        self.experiments = experiments;
        let kept: BTreeSet<&Key> = order.iter().collect();
        self.runs.retain(|key, _| kept.contains(key));
        self.watch(true);
        // The order goes first: a browser that connects in between gets each run when it is shown.
        self.board.edit(|state| state.put_order(order));
        self.show(&read);
    }

    /// Watches the directories in which changes are expected; `again` if names may belong to other directories by now.
    fn watch(&mut self, again: bool) {
        let mut wanted = BTreeSet::from([self.results.clone()]);
        let experiments = self.experiments.values();
        wanted.extend(experiments.map(|one| one.experiment.path().to_owned()));
        wanted.extend(self.candidates.iter().cloned());
        let alive = self.runs.values().filter(|run| run.is_alive());
        wanted.extend(alive.map(|run| run.dir.path().to_owned()));
        for dir in self.watched.difference(&wanted) {
            self.dir_watch.forget(dir);
        }
        for dir in &wanted {
            if again || !self.watched.contains(dir) {
                self.dir_watch.watch(dir);
            }
        }
        self.watched = wanted;
    }

    /// Shows the current state of `runs`, and of the experiments whose summaries are due.
    fn show(&mut self, runs: &[Key]) {
        let (followed, experiments) = (&mut self.runs, &mut self.experiments);
        let now = Instant::now();
        self.board.edit(|state| {
            for key in runs {
                if let Some(run) = followed.get_mut(key) {
                    run.show(state);
                }
            }
            for (name, one) in experiments {
                if one.due.is_none_or(|due| due > now) {
                    continue;
                }
                (one.shown, one.due) = (Some(now), None);
                let own = followed.iter().filter(|(key, _)| key.0 == *name);
                let own = own.map(|(_, run)| &run.status);
                let planned = one.experiment.planned().unwrap_or_default();
                let spent = one.ledger.total(one.experiment.path());
                let found = reports::of_experiment(&self.results, &one.experiment);
                let view = ExperimentView::new(name, own, &planned, spent, &found);
                if let Ok(text) = serde_json::to_string(&view) {
                    state.put_experiment(name, text);
                }
            }
        });
    }
}
