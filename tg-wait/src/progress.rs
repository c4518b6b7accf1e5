//! One line a run on a terminal; nothing in a pipe.
//!
//! States are followed through the history rows that are new since the last look, so that a large database is read
//! once and not at every change.

use crate::Shared;
use crate::probe::Probe;
use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// The line of one run.
pub struct Line {
    bar: ProgressBar,
    tally: RefCell<Tally>,
}

#[derive(Default)]
struct Tally {
    last: i64,
    containers: BTreeSet<String>,
    states: HashMap<String, String>,
}

impl Line {
    /// Show a line for `run`, if stderr is a terminal.
    pub fn new(shared: &Shared, run: &str, probe: &Probe) -> Self {
        let bar = shared.bars.add(ProgressBar::new(0));
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix}  {bar:24}  {pos}/{len}  {msg}  {elapsed_precise}",
        ) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(run.to_string());
        bar.enable_steady_tick(Duration::from_millis(500));
        let containers = if bar.is_hidden() {
            BTreeSet::new()
        } else {
            probe.containers().unwrap_or_default()
        };
        Self {
            bar,
            tally: RefCell::new(Tally {
                containers,
                ..Tally::default()
            }),
        }
    }

    /// Take up what is new.
    pub fn update(&self, probe: &Probe) -> rusqlite::Result<()> {
        if self.bar.is_hidden() {
            return Ok(());
        }
        let tally = &mut *self.tally.borrow_mut();
        for (id, task, state) in probe.changes(tally.last)? {
            tally.last = id;
            if !tally.containers.contains(&task) {
                tally.states.insert(task, state);
            }
        }
        let count = |wanted: &dyn Fn(&str) -> bool| {
            tally.states.values().filter(|state| wanted(state)).count()
        };
        self.bar.set_length(tally.states.len() as u64);
        self.bar
            .set_position(count(&|state| probe.states.is_terminal(state)) as u64);
        self.bar.set_message(format!(
            "{} being worked on",
            count(&|state| probe.states.timed.contains(state))
        ));
        Ok(())
    }

    /// Take the line away.
    pub fn clear(self) {
        self.bar.finish_and_clear();
    }
}
