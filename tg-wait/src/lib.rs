//! Decides the end of a run, and says how it ended.
//!
//! This stage alone decides. It watches run databases read-only, any number at once, and prints each record when its
//! run is over; what is over is a pure function of what was seen (`decide`).

mod args;
mod budget;
mod decide;
mod finish;
mod launcher;
mod probe;
mod progress;
mod status;
mod stop;
mod verify;
mod watch;
mod why;

pub use args::Args;
pub use probe::{Look, Probe};

use indicatif::MultiProgress;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};
use stop::Stop;
use tg_stage::{
    Error, Exit, Instantiate, Line, Lines, Output, Record, Result, Run, Wait, say, stage,
};

/// What there is to attend to.
enum News {
    /// A line came in.
    Line(Line),
    /// No more will.
    NoMore,
    /// A run was waited for.
    Over(Box<Record>, Result<()>),
    /// We are to stop.
    Stop,
    /// Nobody reads any more what we print.
    ReaderGone,
}

/// How often it is asked, when the end was asked for, whether records may still be on their way.
const TICK: Duration = Duration::from_millis(100);

/// What ends us.
const SIGNALS: [i32; 3] = [SIGTERM, SIGINT, SIGHUP];

/// What all waits share.
struct Shared<'a> {
    args: &'a Args,
    stop: Stop,
    bars: MultiProgress,
    arms: progress::Arms,
}

impl Shared<'_> {
    /// With --verbose, the line of a run that is over; whatever is drawn on a terminal stays below it.
    fn tell(&self, record: &Record) {
        let Some(wait) = record
            .get::<Wait>("wait")
            .ok()
            .filter(|_| self.args.verbose)
        else {
            return;
        };
        let why = wait.why.map_or_else(String::new, |why| format!(", {why}"));
        let (run, outcome) = (record.id(), wait.outcome);
        self.bars
            .suspend(|| say(format_args!("tg-wait: run {run}: {outcome}{why}")));
    }
}

/// How long after the end was asked for records are still taken.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// Wait for the runs whose records come in, or for the database of `--db`.
pub fn run(args: &Args, input: impl BufRead + Send + 'static, output: impl Write) -> Result<Exit> {
    if args.check_args {
        return Ok(Exit::Done);
    }
    if let Some(results) = &args.once {
        return status::once(results, output);
    }
    let shared = Shared {
        args,
        stop: Stop::on(&SIGNALS).map_err(|cause| Error::outside("signals", cause))?,
        bars: MultiProgress::new(),
        arms: progress::Arms::default(),
    };
    let mut output = Output::new(output);
    if let Some(db) = &args.db {
        let mut record = record_of(db)?;
        watch::run(&shared, &mut record)?;
        output.record(&record)?;
        return Ok(Exit::Done);
    }
    tg_stage::standard_input("tg-instantiate MANIFEST | tg-launch | tg-wait")?;
    let (news_in, news) = mpsc::channel();
    listen(input, &news_in)?;
    let mut gone = None;
    let exit = thread::scope(|scope| {
        let (mut exit, mut waiting, mut reading) = (Exit::Done, 0, true);
        let mut told = shared.stop.is_told().then(Instant::now);
        while reading || waiting > 0 {
            let next = match told {
                None => news.recv().ok(),
                Some(_) => news.recv_timeout(TICK).ok(),
            };
            match next {
                Some(News::Over(record, ended)) => {
                    waiting -= 1;
                    shared.arms.over(&record);
                    shared.tell(&record);
                    exit = exit.max(finished(record, ended, &mut output, &mut gone));
                }
                Some(News::Line(Line::Run(record))) if watch::is_unlaunched(&record) => {
                    exit = exit.max(refused(&record, &mut output, &mut gone));
                }
                Some(News::Line(Line::Run(mut record))) if watch::is_due(&record) => {
                    waiting += 1;
                    let (shared, news_in) = (&shared, news_in.clone());
                    scope.spawn(move || {
                        let ended = watch::run(shared, &mut record);
                        let _ = news_in.send(News::Over(record, ended));
                    });
                }
                Some(News::Line(Line::Run(record))) => {
                    if let Ok(run) = record.get("run") {
                        shared.arms.came(&shared.bars, &run);
                        shared.arms.over(&record);
                    }
                    exit = exit.max(if record.failed_stage().is_some() {
                        Exit::SomeFailed
                    } else {
                        Exit::Done
                    });
                    keep_gone(output.record(&record), &mut gone);
                }
                Some(News::Line(Line::Other(bytes))) => keep_gone(output.bytes(&bytes), &mut gone),
                Some(News::Line(Line::Bad(error))) => {
                    error.report("tg-wait");
                    exit = exit.max(error.exit);
                }
                Some(News::NoMore) => reading = false,
                Some(News::ReaderGone) => {
                    gone.get_or_insert_with(Error::closed_pipe);
                }
                Some(News::Stop) | None => {}
            }
            if shared.stop.is_told() || gone.is_some() {
                // Whatever ends us ends the runs: each is decided, stored and, if anybody reads, printed.
                // A launcher that is told at the same moment may just have begun one, whose record is on its way.
                shared.stop.tell();
                reading &= told.get_or_insert_with(Instant::now).elapsed() < ON_ITS_WAY;
            }
        }
        exit
    });
    shared.arms.clear();
    gone.map_or(Ok(exit), Err)
}

/// Tell of lines and of signals as they come in, and of the reader when it goes.
fn listen(input: impl BufRead + Send + 'static, news_in: &Sender<News>) -> Result<()> {
    let lines_in = news_in.clone();
    thread::spawn(move || {
        let mut lines = Lines::new(input);
        let _ = lines.try_for_each(|line| lines_in.send(News::Line(line)));
        lines_in.send(News::NoMore)
    });
    let stop_in = news_in.clone();
    let gone_in = news_in.clone();
    thread::spawn(move || {
        if tg_stage::reader::wait_until_gone() {
            let _ = gone_in.send(News::ReaderGone);
        }
    });
    let mut signals = Signals::new(SIGNALS).map_err(|cause| Error::outside("signals", cause))?;
    thread::spawn(move || {
        let mut signals = signals.forever();
        signals.try_for_each(|_| stop_in.send(News::Stop))
    });
    Ok(())
}

fn finished(
    mut record: Box<Record>,
    ended: Result<()>,
    output: &mut Output<impl Write>,
    gone: &mut Option<Error>,
) -> Exit {
    let exit = match ended {
        Ok(()) => Exit::Done,
        Err(error) => {
            stage::failed("tg-wait", "wait", &mut record, error).unwrap_or(Exit::SomeFailed)
        }
    };
    keep_gone(output.record(&record), gone);
    exit
}

/// Say what a record lacks, and pass it on untouched.
fn refused(record: &Record, output: &mut Output<impl Write>, gone: &mut Option<Error>) -> Exit {
    let error = watch::unlaunched(record);
    error.report("tg-wait");
    keep_gone(output.record(record), gone);
    error.exit
}

/// Remember that the reader has gone; what is being waited for is brought to its end all the same.
fn keep_gone(written: Result<()>, gone: &mut Option<Error>) {
    if let Err(error) = written {
        gone.get_or_insert(error);
    }
}

/// A record for a database without one: what the database says of its only run, else just its name.
fn record_of(db: &Path) -> Result<Record> {
    let connection = tg_host::database::open_read_only(db).map_err(tg_stage::error::outside)?;
    let known: Option<Run> = connection
        .query_row("SELECT run_json FROM experiment_runs", [], |row| {
            row.get::<_, String>(0)
        })
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok());
    let name = db
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let run = known.unwrap_or_else(|| Run {
        id: name,
        ..Run::default()
    });
    let mut record = Record::new(&run)?;
    record.set(
        "instantiate",
        &Instantiate {
            db: db.to_string_lossy().into_owned(),
            ..Instantiate::default()
        },
    )?;
    Ok(record)
}
