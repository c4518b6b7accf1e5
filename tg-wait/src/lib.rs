//! Decides the end of a run, and records how it ended.
//!
//! Only this stage decides. It reads run databases, any number at once, and prints each record when its run ends; the
//! decision is a pure function of the evidence (`decide`).

mod args;
mod budget;
mod decide;
mod finish;
mod grade;
mod launcher;
mod progress;
mod shared;
mod status;
mod stop;
mod wait;
mod why;

pub use args::Args;

use progress::Display;
use shared::Shared;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};
use stop::Stop;
use tg_host::{database, schema::runs};
use tg_stage::{Error, Exit, Instantiate, Line, Lines, Output, Record, Result, Run, stage};

/// An event for the main thread.
enum Event {
    /// A line was received.
    Line(Line),
    /// No more lines will be received.
    NoMoreLines,
    /// The wait for a run is over.
    Waited(Box<Record>, Result<()>),
    /// A signal asks to stop.
    Stop,
    /// The reader of stdout has closed it.
    ReaderGone,
}

/// The interval at which the main thread checks, after a request to stop, whether records may still arrive.
const TICK: Duration = Duration::from_millis(100);

/// Records are accepted for this long after a request to stop.
const STOP_GRACE: Duration = Duration::from_secs(2);

const SIGNALS: [i32; 3] = [SIGTERM, SIGINT, SIGHUP];

/// Waits for the runs whose records are received, or for the database of `--db`.
pub fn run(args: &Args, input: impl BufRead + Send + 'static, output: impl Write) -> Result<Exit> {
    if let Some(results) = &args.once {
        return status::print_once(results, output);
    }
    let shared = Shared {
        args,
        stop: Stop::on(&SIGNALS).map_err(|cause| Error::outside("signals", cause))?,
        display: Display::default(),
    };
    let mut output = Output::new(output);
    if let Some(db) = &args.db {
        let mut record = record_of(db)?;
        wait::wait_for(&shared, &mut record)?;
        output.record(&record)?;
        return Ok(Exit::Done);
    }
    tg_stage::standard_input("tg-instantiate MANIFEST | tg-launch | tg-wait")?;
    let (sender, events) = mpsc::channel();
    listen(input, &sender)?;
    let mut stage = Stage {
        shared: &shared,
        output,
        exit: Exit::Done,
        waiting: 0,
        reader_gone: None,
    };
    thread::scope(|scope| stage.handle_all(scope, &events, &sender));
    shared.display.clear();
    stage.reader_gone.map_or(Ok(stage.exit), Err)
}

/// The main thread's part: lines are received, waits are started, records are printed.
struct Stage<'a, W: Write> {
    shared: &'a Shared<'a>,
    output: Output<W>,
    exit: Exit,
    /// Runs that are being waited for.
    waiting: usize,
    /// The error of the first write that failed; the runs are waited for all the same.
    reader_gone: Option<Error>,
}

impl<'a, W: Write> Stage<'a, W> {
    fn handle_all<'s>(
        &mut self,
        scope: &'s Scope<'s, '_>,
        events: &Receiver<Event>,
        sender: &'s Sender<Event>,
    ) where
        'a: 's,
    {
        let mut reading = true;
        let mut stopped = self.shared.stop.is_requested().then(Instant::now);
        while reading || self.waiting > 0 {
            let event = match stopped {
                None => events.recv().ok(),
                Some(_) => events.recv_timeout(TICK).ok(),
            };
            match event {
                Some(Event::Waited(record, ended)) => self.print_ended(record, ended),
                Some(Event::Line(Line::Run(record))) => self.receive(scope, sender, record),
                Some(Event::Line(Line::Other(bytes))) => {
                    let written = self.output.bytes(&bytes);
                    self.keep(written);
                }
                Some(Event::Line(Line::Bad(error))) => self.report(&error),
                Some(Event::NoMoreLines) => reading = false,
                Some(Event::ReaderGone) => self.keep(Err(Error::closed_pipe())),
                Some(Event::Stop) | None => {}
            }
            if self.shared.stop.is_requested() || self.reader_gone.is_some() {
                // A request to stop ends the runs: each is decided, stored and, if there is a reader, printed. A launcher
                // that is asked at the same moment may just have started a run, whose record is still to be received.
                self.shared.stop.request();
                reading &= stopped.get_or_insert_with(Instant::now).elapsed() < STOP_GRACE;
            }
        }
    }

    fn receive<'s>(
        &mut self,
        scope: &'s Scope<'s, '_>,
        sender: &'s Sender<Event>,
        mut record: Box<Record>,
    ) where
        'a: 's,
    {
        if let Some(error) = wait::refusal(&record) {
            self.report(&error);
            self.print(&record);
        } else if wait::is_due(&record) {
            self.waiting += 1;
            let shared = self.shared;
            scope.spawn(move || {
                let ended = wait::wait_for(shared, &mut record);
                let _ = sender.send(Event::Waited(record, ended));
            });
        } else {
            if let Ok(run) = record.get("run") {
                self.shared.display.add_run(&run);
                self.shared.display.add_end(&record);
            }
            if record.failed_stage().is_some() {
                self.exit = self.exit.max(Exit::SomeFailed);
            }
            self.print(&record);
        }
    }

    fn print_ended(&mut self, mut record: Box<Record>, ended: Result<()>) {
        self.waiting -= 1;
        self.shared.display.add_end(&record);
        self.shared.report(&record);
        if let Err(error) = ended {
            let exit = stage::failed("tg-wait", "wait", &mut record, error);
            self.exit = self.exit.max(exit.unwrap_or(Exit::SomeFailed));
        }
        self.print(&record);
    }

    fn report(&mut self, error: &Error) {
        error.report("tg-wait");
        self.exit = self.exit.max(error.exit);
    }

    fn print(&mut self, record: &Record) {
        let written = self.output.record(record);
        self.keep(written);
    }

    fn keep(&mut self, written: Result<()>) {
        if let Err(error) = written {
            self.reader_gone.get_or_insert(error);
        }
    }
}

/// Starts the threads that send lines, signals and the exit of the reader.
fn listen(input: impl BufRead + Send + 'static, sender: &Sender<Event>) -> Result<()> {
    let lines_sender = sender.clone();
    thread::spawn(move || {
        let mut lines = Lines::new(input);
        let _ = lines.try_for_each(|line| lines_sender.send(Event::Line(line)));
        lines_sender.send(Event::NoMoreLines)
    });
    let stop_sender = sender.clone();
    let gone_sender = sender.clone();
    thread::spawn(move || {
        if tg_stage::reader::wait_until_gone() {
            let _ = gone_sender.send(Event::ReaderGone);
        }
    });
    let mut signals = Signals::new(SIGNALS).map_err(|cause| Error::outside("signals", cause))?;
    thread::spawn(move || {
        let mut signals = signals.forever();
        signals.try_for_each(|_| stop_sender.send(Event::Stop))
    });
    Ok(())
}

/// A record for a database without one: the run that the database names, or a run called after the file.
fn record_of(db: &Path) -> Result<Record> {
    let connection = database::open_read_only(db).map_err(tg_stage::error::outside)?;
    let text = runs::first_run_json(&connection);
    let known: Option<Run> = text.and_then(|text| serde_json::from_str(&text).ok());
    let name = db.file_stem().unwrap_or_default().to_string_lossy();
    let run = known.unwrap_or_else(|| Run {
        id: name.into_owned(),
        ..Run::default()
    });
    let mut record = Record::new(&run)?;
    let made = Instantiate {
        db: db.to_string_lossy().into_owned(),
        ..Instantiate::default()
    };
    record.set("instantiate", &made)?;
    Ok(record)
}
