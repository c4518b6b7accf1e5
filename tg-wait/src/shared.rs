//! The state that all waits of a process share.

use crate::args::Args;
use crate::progress::Display;
use crate::stop::Stop;
use tg_stage::{Record, Wait, say};

/// The arguments, the request to stop and the terminal.
pub struct Shared<'a> {
    pub args: &'a Args,
    pub stop: Stop,
    pub display: Display,
}

impl Shared<'_> {
    /// Prints the end of a run on stderr, with --verbose, above the lines on the terminal.
    pub fn report(&self, record: &Record) {
        let wait = record.get::<Wait>("wait").ok();
        if let Some(wait) = wait.filter(|_| self.args.verbose) {
            let why = wait
                .end
                .why
                .map_or_else(String::new, |why| format!(", {why}"));
            let (run, outcome) = (record.id(), wait.end.outcome);
            let line = format!("tg-wait: run {run}: {outcome}{why}");
            self.display.suspend(|| say(line));
        }
    }
}
