//! The lines that a terminal shows during the wait: one per arm, one per run; none in a pipe.

use crate::status::{self, gauges, tokens_and_cost};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tg_host::live::{Live, Moment};
use tg_host::schema::probe::Probe;
use tg_stage::{Experiment, Outcome, Record, Run, RunDir, RunStatus, Wait, arm_of_run, time};

/// The interval at which files are read: a change of them alone does not mark the line as changed.
const FILE_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest interval between two reads of a database that changes all the time.
const CHANGE_INTERVAL: Duration = Duration::from_millis(100);

/// All lines on the terminal.
#[derive(Default)]
pub struct Display {
    bars: MultiProgress,
    arms: Mutex<BTreeMap<String, Arm>>,
}

struct Arm {
    bar: ProgressBar,
    experiment: Option<Experiment>,
    received: u64,
    outcomes: BTreeMap<Outcome, u64>,
    durations_ms: Vec<i64>,
}

impl Display {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arm>> {
        self.arms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints on stderr above the lines.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.bars.suspend(print);
    }

    /// Counts a run that was received; returns its arm's line.
    pub fn add_run(&self, run: &Run) -> ProgressBar {
        let mut arms = self.lock();
        let arm = arms.entry(run.arm.clone()).or_insert_with(|| Arm {
            bar: styled(self.bars.add(ProgressBar::new(0)), "{wide_msg}", &run.arm),
            experiment: RunDir::new(&run.dir).experiment(),
            received: 0,
            outcomes: BTreeMap::new(),
            durations_ms: Vec::new(),
        });
        arm.received += 1;
        arm.show(&run.arm);
        arm.bar.clone()
    }

    /// Shows an arm again: more of its runs may have been made.
    fn refresh(&self, arm: &str) {
        if let Some(known) = self.lock().get(arm) {
            known.show(arm);
        }
    }

    /// Removes all lines.
    pub fn clear(&self) {
        self.lock()
            .values()
            .for_each(|arm| arm.bar.finish_and_clear());
    }

    /// Counts a run that ended, now or earlier.
    pub fn add_end(&self, record: &Record) {
        let (Ok(run), Ok(wait)) = (record.get::<Run>("run"), record.get::<Wait>("wait")) else {
            return;
        };
        let mut arms = self.lock();
        if let Some(arm) = arms.get_mut(&run.arm) {
            *arm.outcomes.entry(wait.end.outcome).or_default() += 1;
            let launch = record.value("launch");
            let start = launch.and_then(|launch| launch["started_at_ms"].as_i64());
            arm.durations_ms
                .extend(start.map(|start| wait.end.ended_at_ms - start));
            arm.show(&run.arm);
        }
    }
}

impl Arm {
    fn show(&self, name: &str) {
        if self.bar.is_hidden() {
            return;
        }
        let over: u64 = self.outcomes.values().sum();
        let all = self.planned(name).max(self.received);
        let outcomes = self.outcomes.iter();
        let outcomes = outcomes.map(|(outcome, runs)| format!("{runs} {outcome}"));
        let mean = self.durations_ms.iter().sum::<i64>() / (self.durations_ms.len() as i64).max(1);
        let left = mean.max(0) as u64 * all.saturating_sub(over);
        let mut parts = vec![
            format!("{name}: {over} of {all} runs over"),
            outcomes.collect::<Vec<_>>().join(", "),
        ];
        if left > 0 {
            let left = time::show(Duration::from_millis(left));
            parts.push(format!("about {left} left, one after the other"));
        }
        self.bar.set_message(joined(parts));
    }

    /// The number of runs that the arm is to have: those in the list of planned runs, or without one those that have a
    /// directory by now.
    fn planned(&self, name: &str) -> u64 {
        let Some(experiment) = &self.experiment else {
            return 0;
        };
        let made = || experiment.runs().iter().map(RunDir::name).collect();
        let names: Vec<String> = experiment.planned().unwrap_or_else(made);
        let own = names.iter().filter(|run| arm_of_run(run) == name);
        own.count() as u64
    }
}

fn styled(bar: ProgressBar, template: &str, prefix: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(prefix.to_string());
    bar
}

fn joined(mut parts: Vec<String>) -> String {
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// The line of one run.
pub struct RunLine<'a> {
    bar: ProgressBar,
    display: &'a Display,
    arm: String,
    dir: Option<RunDir>,
    state: RefCell<LineState>,
}

struct LineState {
    live: Live,
    read_at: Option<Instant>,
    has_changed: bool,
}

impl<'a> RunLine<'a> {
    /// A new line for `run`, visible if stderr is a terminal.
    pub fn new(display: &'a Display, record: &Record, run: &Run) -> Self {
        let arm = display.add_run(run);
        let bar = display.bars.insert_after(&arm, ProgressBar::new(0));
        let template = "  {prefix} {bar:16} {pos}/{len} {wide_msg}";
        let bar = styled(bar, template, &run.id);
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_secs(1));
        }
        Self {
            bar,
            display,
            arm: run.arm.clone(),
            dir: record.run_dir().filter(|dir| dir.path().is_dir()),
            state: RefCell::new(LineState {
                live: Live::new(&run.id),
                read_at: None,
                has_changed: true,
            }),
        }
    }

    /// Notes that the database changed.
    pub fn note_change(&self) {
        self.state.borrow_mut().has_changed = true;
    }

    /// Shows the current state, if it is time to. Data that cannot be read now is read next time.
    pub fn refresh(&self, probe: &Probe) {
        if self.bar.is_hidden() {
            return;
        }
        let state = &mut *self.state.borrow_mut();
        let pause = if state.has_changed {
            CHANGE_INTERVAL
        } else {
            FILE_INTERVAL
        };
        if state.read_at.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        state.read_at = Some(Instant::now());
        state.has_changed = state.live.update(probe.db()).is_err();
        let seen = self.dir.as_ref().map(RunStatus::read).unwrap_or_default();
        self.show(&state.live, &seen);
        self.display.refresh(&self.arm);
    }

    fn show(&self, live: &Live, seen: &RunStatus) {
        let now = time::now_ms();
        let (over, all) = status::over_and_all(live.tally());
        self.bar.set_length(all);
        self.bar.set_position(over);
        let moment = Moment {
            now,
            silent_ms: seen.silent_ms(),
            over_at: None,
        };
        let workers = live.workers(&status::known_agents(seen), &moment);
        let mut parts = vec![status::open_states(live.tally()), gauges(&workers)];
        if let Some(elapsed) = seen.started_at_ms.map(|start| (now - start).max(0) as u64) {
            let show = |ms: u64| time::show(Duration::from_secs(ms / 1000));
            let left = match over {
                _ if over == 0 || over >= all => String::new(),
                over => format!(", about {} left", show(elapsed * (all - over) / over)),
            };
            parts.push(format!("{}{left}", show(elapsed)));
        }
        parts.push(tokens_and_cost(seen));
        parts.push(
            live.last_event()
                .map_or_else(String::new, status::event_text),
        );
        self.bar.set_message(joined(parts));
    }

    /// Removes the line.
    pub fn clear(self) {
        self.bar.finish_and_clear();
    }
}
