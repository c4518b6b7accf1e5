//! The one thread that looks: it is told what changed, looks there, and puts what is new on the board.
//!
//! Only what can still change is watched: the directories of experiments, and of runs that are not over. A heartbeat finds
//! what no notice tells of: a process that died and left its lock, an agent that has fallen silent, a file system that
//! sends no notices.

use crate::arms::Experiment;
use crate::board::{Board, Key};
use crate::follow::Follow;
use crate::notices::Notices;
use crate::reports;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tg_stage::rundir;
use tg_stage::spent::Ledger;

/// Between looks at everything that lives.
const BEAT: Duration = Duration::from_secs(2);
/// The same where no notices come.
const BLIND_BEAT: Duration = Duration::from_millis(250);
/// Between looks at what directories there are, where nothing tells of new ones.
const LISTING: Duration = Duration::from_secs(10);

/// Between such looks, however many notices there are: a shared database is written to where new runs would appear.
const LIST_PAUSE: Duration = Duration::from_millis(500);
/// Notices come in bursts, several to a commit: those that come together are taken together.
const SETTLE: Duration = Duration::from_millis(2);
/// A summary of an experiment, for which all its runs are gone through, is made at most this often.
const SUMMARY: Duration = Duration::from_millis(250);

/// An experiment that is followed.
struct Followed {
    dir: PathBuf,
    ledger: Ledger,
    /// When its summary was made.
    told: Option<Instant>,
    /// When it is to be made again, if something has changed since.
    due: Option<Instant>,
}

impl Followed {
    /// Something about it has changed.
    fn touch(&mut self) {
        let now = Instant::now();
        let soonest = self.told.map_or(now, |told| now.max(told + SUMMARY));
        self.due.get_or_insert(soonest);
    }
}

/// All that is followed.
pub struct Watcher<'a> {
    results: PathBuf,
    board: &'a Board,
    notices: Notices,
    watched: BTreeSet<PathBuf>,
    experiments: BTreeMap<String, Followed>,
    candidates: Vec<PathBuf>,
    runs: BTreeMap<Key, Follow>,
    listed: Instant,
    list_due: Option<Instant>,
    beat: Instant,
}

impl<'a> Watcher<'a> {
    /// Look at everything once.
    pub fn new(results: &Path, board: &'a Board) -> Self {
        let mut watcher = Self {
            results: results.into(),
            board,
            notices: Notices::new(),
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

    /// Follow the runs for ever.
    pub fn run(mut self) {
        loop {
            self.step();
        }
    }

    fn step(&mut self) {
        let beat = if self.notices.is_blind() {
            BLIND_BEAT
        } else {
            BEAT
        };
        let summaries = self.experiments.values().filter_map(|one| one.due);
        let dues = self.runs.values().filter_map(Follow::due);
        let dues = dues.chain(summaries).chain(self.list_due);
        let next = dues
            .min()
            .map_or(self.beat + beat, |due| due.min(self.beat + beat));
        let timeout = next.saturating_duration_since(Instant::now());
        let mut changed = self.notices.wait(timeout);
        if !changed.is_empty() {
            sleep(SETTLE);
            changed.extend(self.notices.wait(Duration::ZERO));
        }
        let is_listing = |dir: &PathBuf| {
            let is_experiment = self.experiments.values().any(|one| one.dir == *dir);
            *dir == self.results || is_experiment || self.candidates.contains(dir)
        };
        if changed.iter().any(is_listing) {
            let soonest = Instant::now().max(self.listed + LIST_PAUSE);
            self.list_due.get_or_insert(soonest);
        }
        for run in self.runs.values_mut() {
            if changed.contains(&run.dir)
                || run
                    .seen
                    .db
                    .parent()
                    .is_some_and(|dir| changed.contains(dir))
            {
                run.notice();
            }
        }
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

    /// Refresh what is due, or on a beat all that lives, and show what is new.
    fn refresh(&mut self, is_beat: bool) {
        let now = Instant::now();
        let mut shown = Vec::new();
        let mut is_another = false;
        for (key, run) in &mut self.runs {
            if run.due().is_some_and(|due| due <= now) || (is_beat && run.is_alive()) {
                let was_alive = run.is_alive();
                run.refresh(is_beat);
                is_another |= was_alive != run.is_alive();
                shown.push(key.clone());
                if let Some(experiment) = self.experiments.get_mut(&key.0) {
                    experiment.touch();
                }
            }
        }
        if is_another {
            self.watch(false);
        }
        self.show(&shown);
    }

    /// See which runs there are, and read those that are new or changed.
    fn list(&mut self) {
        (self.listed, self.list_due) = (Instant::now(), None);
        // What has no runs yet is watched before it is looked into, so that none is missed that comes meanwhile.
        self.candidates = if rundir::runs(&self.results).is_empty() {
            rundir::directories(&self.results)
        } else {
            Vec::new()
        };
        self.watch(true);
        let found = rundir::experiments(&self.results);
        let mut order = Vec::new();
        let mut shown = Vec::new();
        let mut experiments = BTreeMap::new();
        for dir in found {
            let name = name(&dir);
            let known = self.experiments.remove(&name);
            for run in rundir::runs(&dir) {
                let key = (name.clone(), crate::watcher::name(&run));
                match self.runs.get_mut(&key) {
                    Some(known) if !known.has_changed_files() => {}
                    Some(known) => {
                        known.refresh(true);
                        shown.push(key.clone());
                    }
                    None => {
                        let mut new = Follow::new(&run, key.clone());
                        new.refresh(false);
                        self.runs.insert(key.clone(), new);
                        shown.push(key.clone());
                    }
                }
                order.push(key);
            }
            let mut followed = known.unwrap_or_else(|| Followed {
                dir: dir.clone(),
                ledger: Ledger::default(),
                told: None,
                due: None,
            });
            followed.dir = dir;
            followed.touch();
            experiments.insert(name, followed);
        }
        self.experiments = experiments;
        let kept: BTreeSet<&Key> = order.iter().collect();
        self.runs.retain(|key, _| kept.contains(key));
        self.watch(true);
        // First their order: who connects in between is told of each run when it is shown.
        self.board.put(|state| state.put_order(order));
        self.show(&shown);
    }

    /// Watch what may change, and nothing else; `again` where a name may be another directory's by now.
    fn watch(&mut self, again: bool) {
        let mut wanted = BTreeSet::from([self.results.clone()]);
        wanted.extend(self.experiments.values().map(|one| one.dir.clone()));
        wanted.extend(self.candidates.iter().cloned());
        let alive = self.runs.values().filter(|run| run.is_alive());
        wanted.extend(alive.map(|run| run.dir.clone()));
        for dir in self.watched.difference(&wanted) {
            self.notices.forget(dir);
        }
        for dir in &wanted {
            if again || !self.watched.contains(dir) {
                self.notices.watch(dir);
            }
        }
        self.watched = wanted;
    }

    /// Show runs as they are now, and the experiments whose summaries are due.
    fn show(&mut self, runs: &[Key]) {
        let (followed, known, results) = (&mut self.runs, &mut self.experiments, &self.results);
        let now = Instant::now();
        self.board.put(|state| {
            for key in runs {
                if let Some(run) = followed.get_mut(key) {
                    run.show(state);
                }
            }
            for (name, one) in known {
                if one.due.is_none_or(|due| due > now) {
                    continue;
                }
                (one.told, one.due) = (Some(now), None);
                let own = followed.iter().filter(|(key, _)| key.0 == *name);
                let own = own.map(|(_, run)| &run.seen);
                let planned = rundir::planned(&one.dir).unwrap_or_default();
                let spent = one.ledger.total(&one.dir);
                let found = reports_of(results, name, &one.dir);
                let whole = Experiment::new(name, own, &planned, spent, &found);
                if let Ok(text) = serde_json::to_string(&whole) {
                    state.put_experiment(name, text);
                }
            }
        });
    }
}

/// The reports of an experiment, those in the directory above it among them.
pub fn reports_of(results: &Path, name: &str, dir: &Path) -> Vec<reports::Report> {
    let below = format!("{}/", crate::http::encoded(name));
    let mut found = reports::find(dir, &below);
    if dir != results {
        found.extend(reports::find(results, ""));
    }
    found
}

/// The name of an experiment's or a run's directory.
pub fn name(dir: &Path) -> String {
    dir.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
