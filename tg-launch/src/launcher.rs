//! The state that all runs of one `tg-launch` share: the output, the breaker, the experiment's spending, cancellation.

use crate::args::Args;
use crate::breaker::Breaker;
use crate::own_process;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tg_stage::spent::Ledger;
use tg_stage::{Error, ErrorKind, Exit, Output, Record, Result, Run, say};

pub struct Launcher<'a, W> {
    pub args: &'a Args,
    pub breaker: Breaker,
    output: Mutex<Output<W>>,
    ledger: Mutex<Ledger>,
    /// Kinds of the errors for which runs were not started; only the first of a kind is printed.
    unstarted: Mutex<Vec<ErrorKind>>,
    /// Set by a signal, or when the reader of our records has gone: all runs are ended.
    cancelled: Arc<AtomicBool>,
}

impl<'a, W: Write> Launcher<'a, W> {
    pub fn new(args: &'a Args, output: W) -> Result<Self> {
        Ok(Self {
            args,
            breaker: Breaker::new(args.breaker),
            output: Mutex::new(Output::new(output)),
            ledger: Mutex::default(),
            unstarted: Mutex::default(),
            cancelled: own_process::cancel_flag()?,
        })
    }

    pub fn print(&self, record: &Record) -> Result<Exit> {
        self.print_bytes(&record.line())
    }

    pub fn print_bytes(&self, bytes: &[u8]) -> Result<Exit> {
        self.output
            .lock()
            .map_err(|_| Error::outside("stdout", "a thread failed"))?
            .bytes(bytes)?;
        Ok(Exit::Done)
    }

    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The reason why `run` must not start, if the breaker is open or the experiment's budget is spent.
    pub fn refusal(&self, run: &Run) -> Option<Error> {
        self.breaker.refusal().or_else(|| self.budget_error(run))
    }

    fn budget_error(&self, run: &Run) -> Option<Error> {
        let experiment = Path::new(&run.dir).parent();
        let experiment = experiment.filter(|_| run.limits.has_experiment())?;
        let spent = self.ledger.lock().ok()?.total(experiment);
        let reached = run.limits.of_experiment(spent)?;
        let kind = ErrorKind::Budget;
        let error = Error::outside(kind.name(), format!("not started: {reached}"));
        let hint = "raise it in the manifest's limits, and give the same command again";
        Some(Error {
            kind,
            ..error.hint(hint)
        })
    }

    /// Passes on a run that must not start. The record in its directory stays as it is, so that the same command starts
    /// the run later; the first error of a kind is printed.
    pub fn pass_unstarted(&self, record: &mut Record, error: &Error) -> Result<Exit> {
        let error = error.clone().within(format!("run {}", record.id()));
        if let Ok(mut before) = self.unstarted.lock() {
            if !before.contains(&error.kind) {
                error.report("tg-launch");
            }
            before.push(error.kind);
        }
        record.set_error("launch", &error)?;
        if error.kind == ErrorKind::Breaker {
            let _ = record.save(); // so that `--retry` does not start it again by itself; the user's next call does
        }
        self.print(record)?;
        Ok(Exit::SomeFailed)
    }

    /// Prints how many runs were not started, if more than the one already named.
    pub fn say_unstarted(&self) {
        let unstarted = self.unstarted.lock().map_or(0, |kinds| kinds.len());
        if unstarted > 1 {
            say(format_args!("tg-launch: {unstarted} runs were not started"));
        }
    }
}
