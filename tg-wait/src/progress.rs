//! What a terminal shows while runs are waited for: a line an arm, and a line a run; nothing in a pipe.

use crate::status::{self, gauges, tokens_and_cost};
use crate::{Shared, probe::Probe};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tg_host::live::{Live, Moment};
use tg_stage::rundir::{self, RunDir};
use tg_stage::{Record, Run, Wait, time};

/// Between two looks at files that no change of the database tells of.
const BEAT: Duration = Duration::from_secs(1);
/// Between two looks at a database that changes all the time.
const SOONEST: Duration = Duration::from_millis(100);

/// The lines of all arms.
#[derive(Default)]
pub struct Arms(Mutex<BTreeMap<String, Arm>>);

struct Arm {
    bar: ProgressBar,
    dir: Option<PathBuf>,
    came: u64,
    outcomes: BTreeMap<String, u64>,
    took: Vec<i64>,
}

impl Arms {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arm>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run of an arm came in; its arm's line.
    pub fn came(&self, bars: &MultiProgress, run: &Run) -> ProgressBar {
        let mut arms = self.lock();
        let arm = arms.entry(run.arm.clone()).or_insert_with(|| Arm {
            bar: styled(bars.add(ProgressBar::new(0)), "{wide_msg}", &run.arm),
            dir: Path::new(&run.dir).parent().map(Path::to_owned),
            came: 0,
            outcomes: BTreeMap::new(),
            took: Vec::new(),
        });
        arm.came += 1;
        arm.show(&run.arm);
        arm.bar.clone()
    }

    /// Runs of an arm may have been made meanwhile.
    fn refresh(&self, arm: &str) {
        if let Some(known) = self.lock().get(arm) {
            known.show(arm);
        }
    }

    /// Take all lines away.
    pub fn clear(&self) {
        self.lock()
            .values()
            .for_each(|arm| arm.bar.finish_and_clear());
    }

    /// A run is over, now or long ago.
    pub fn over(&self, record: &Record) {
        let (Ok(run), Ok(wait)) = (record.get::<Run>("run"), record.get::<Wait>("wait")) else {
            return;
        };
        let mut arms = self.lock();
        let Some(arm) = arms.get_mut(&run.arm) else {
            return;
        };
        *arm.outcomes.entry(wait.outcome).or_default() += 1;
        let start = record
            .value("launch")
            .map(|launch| &launch["started_at_ms"]);
        arm.took.extend(
            start
                .and_then(serde_json::Value::as_i64)
                .map(|start| wait.ended_at_ms - start),
        );
        arm.show(&run.arm);
    }
}

impl Arm {
    fn show(&self, name: &str) {
        if self.bar.is_hidden() {
            return;
        }
        let over: u64 = self.outcomes.values().sum();
        let all = self.made(name).max(self.came);
        let ends = self
            .outcomes
            .iter()
            .map(|(how, runs)| format!("{runs} {how}"));
        let ends = ends.collect::<Vec<_>>().join(", ");
        let left = self.took.iter().sum::<i64>() / (self.took.len() as i64).max(1);
        let left = left.max(0) as u64 * all.saturating_sub(over);
        let mut words = vec![format!("{name}: {over} of {all} runs over"), ends];
        if left > 0 {
            let left = time::show(Duration::from_millis(left));
            words.push(format!("about {left} left, one after the other"));
        }
        words.retain(|word| !word.is_empty());
        self.bar.set_message(words.join(" · "));
    }

    /// How many runs of the arm there are to be: those that were listed, else those that have a directory by now.
    fn made(&self, name: &str) -> u64 {
        let Some(dir) = &self.dir else { return 0 };
        let names = rundir::planned(dir).unwrap_or_else(|| {
            let dirs = rundir::runs(dir).into_iter();
            let names = dirs.filter_map(|dir| dir.file_name().map(OsStr::to_os_string));
            names
                .map(|name| name.to_string_lossy().into_owned())
                .collect()
        });
        let ours = names.iter().filter(|run| rundir::arm_of(run) == name);
        ours.count() as u64
    }
}

fn styled(bar: ProgressBar, template: &str, prefix: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(prefix.to_string());
    bar
}

/// The line of one run.
pub struct Line<'a> {
    bar: ProgressBar,
    arms: &'a Arms,
    arm: String,
    dir: Option<PathBuf>,
    state: RefCell<State>,
}

struct State {
    live: Live,
    looked: Option<Instant>,
    is_due: bool,
}

impl<'a> Line<'a> {
    /// Show a line for `run`, if stderr is a terminal.
    pub fn new(shared: &'a Shared, record: &Record, run: &Run) -> Self {
        let arm = shared.arms.came(&shared.bars, run);
        let bar = shared.bars.insert_after(&arm, ProgressBar::new(0));
        let template = "  {prefix} {bar:16} {pos}/{len} {wide_msg}";
        let bar = styled(bar, template, &run.id);
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_secs(1));
        }
        Self {
            bar,
            arms: &shared.arms,
            arm: run.arm.clone(),
            dir: record.dir().filter(|dir| dir.is_dir()),
            state: RefCell::new(State {
                live: Live::new(&run.id),
                looked: None,
                is_due: true,
            }),
        }
    }

    /// Something in the database changed.
    pub fn update(&self) {
        self.state.borrow_mut().is_due = true;
    }

    /// Show what is new, now and then. What cannot be read now is left to the next time.
    pub fn keep(&self, probe: &Probe) {
        if self.bar.is_hidden() {
            return;
        }
        let state = &mut *self.state.borrow_mut();
        let pause = if state.is_due { SOONEST } else { BEAT };
        if state.looked.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        state.looked = Some(Instant::now());
        state.is_due = state.live.look(probe.db()).is_err();
        let seen = self.dir.as_deref().map(RunDir::read).unwrap_or_default();
        self.show(&state.live, &seen);
        self.arms.refresh(&self.arm);
    }

    fn show(&self, live: &Live, seen: &RunDir) {
        let now = time::now_ms();
        let (over, all) = status::over(live.tally());
        self.bar.set_length(all);
        self.bar.set_position(over);
        let moment = Moment {
            now,
            silent_ms: seen.silent_ms(),
            over_at: None,
        };
        let workers = live.workers(&status::known(seen), &moment);
        let mut words = vec![status::open(live.tally()), gauges(&workers)];
        if let Some(elapsed) = seen.started_at_ms.map(|start| (now - start).max(0) as u64) {
            let mut text = time::show(Duration::from_secs(elapsed / 1000));
            if over > 0 && over < all {
                let left = elapsed * (all - over) / over;
                let left = time::show(Duration::from_secs(left / 1000));
                text = format!("{text}, about {left} left");
            }
            words.push(text);
        }
        words.push(tokens_and_cost(seen));
        words.push(live.last_event().map_or_else(String::new, status::event));
        words.retain(|word| !word.is_empty());
        self.bar.set_message(words.join(" · "));
    }

    /// Take the line away.
    pub fn clear(self) {
        self.bar.finish_and_clear();
    }
}
