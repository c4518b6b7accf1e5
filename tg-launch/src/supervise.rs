//! The supervisor of one run: a process that starts its agents, ends them, and is the only one to know of them.
//!
//! One a run, not one an agent: there is one process to kill and one lock that says whether anything of the run may still
//! live, one place that reaps, reads usage and writes ends, and a launcher that is killed takes nothing with it but its
//! output: the supervisor is told by the kernel (and by the end of its stdin), ends its agents in order and writes down
//! how. It adopts every orphan below it (subreaper). If it is itself killed, its agents are killed by the kernel
//! (`mortal`), and what they started comes to the launcher, which sweeps it up. Only if both are killed at once can
//! something survive: what an agent started in a session of its own, which `reap` finds by its marks.

use crate::args::Supervise;
use crate::connected::Connected;
use crate::crew::{Crew, Manners, TICK};
use crate::mortal::{dies_with, is_child_of};
use crate::purse::{Over, Purse};
use crate::room::Room;
use crate::row::{End, refused};
use crate::secrets::Secrets;
use crate::start::{self, Ready};
use crate::{ends, gate, manual, release};
use rustix::process::{self, Signal};
use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use tg_stage::file::Lock;
use tg_stage::{Error, Exit, Launch, Line, Lines, Output, Profile, Record, Result, say, time};

/// Look after the run whose record is the only line of `input`; the record, and at the end an [`End`], go to `output`.
pub fn run(
    args: &Supervise,
    input: impl BufRead + Send + 'static,
    output: impl Write,
) -> Result<Exit> {
    let _ = process::set_child_subreaper(Some(process::getpid()));
    let cancelled = crate::cancelled()?;
    dies_with(args.parent, Signal::TERM)?;
    let mut lines = Lines::new(input);
    let Some(Line::Run(record)) = lines.next() else {
        return Err(Error::input("supervise", "no record came"));
    };
    let orphaned = Arc::new(AtomicBool::new(false));
    let (gone, stop) = (orphaned.clone(), cancelled.clone());
    thread::spawn(move || {
        lines.for_each(drop);
        gone.store(true, Ordering::Relaxed); // the launcher keeps our stdin open as long as it lives
        stop.store(true, Ordering::Relaxed);
    });
    let mut supervisor = Supervisor {
        args,
        cancelled,
        orphaned,
        output: Output::new(output),
    };
    let (exit, end) = supervisor.look_after(*record)?;
    let end = serde_json::to_vec(&end).map_err(|cause| Error::outside("supervise", cause))?;
    let _ = supervisor.output.bytes(&[end, b"\n".to_vec()].concat()); // nobody may be there to hear it
    Ok(exit)
}

/// How long a process that was killed may look alive.
const DYING: Duration = Duration::from_millis(100);

struct Supervisor<'a, W> {
    args: &'a Supervise,
    cancelled: Arc<AtomicBool>,
    orphaned: Arc<AtomicBool>,
    output: Output<W>,
}

impl<W: Write> Supervisor<'_, W> {
    fn look_after(&mut self, mut record: Record) -> Result<(Exit, End)> {
        let held = match hold(&record) {
            Ok(held) => held,
            Err(error) => return self.refuse(&mut record, error),
        };
        let secrets = self
            .args
            .secrets
            .as_deref()
            .map_or(Ok(Secrets::default()), Secrets::load);
        let prepared =
            secrets.and_then(|secrets| start::prepare(&record, self.args.manual, &secrets));
        let ready = match prepared {
            Ok(ready) => ready,
            Err(error) => return self.refuse(&mut record, error),
        };
        if self.args.manual {
            return match self.by_hand(&mut record, &ready) {
                Ok(()) => Ok((Exit::Done, End::default())),
                Err(error) => self.refuse(&mut record, error),
            };
        }
        let manners = manners(self.args, ready.run.profile.as_ref())?;
        let mut crew = Crew::new(Connected::new(&ready.seal.db), manners);
        let mut purse = Purse::new(&ready.run, &ready.seal.dir);
        let told = start::start(&ready, &mut crew, &self.cancelled)
            .map(|launch| Launch {
                side_by_side: Some(self.args.jobs.into()),
                ..launch
            })
            .and_then(|launch| self.tell(&mut record, &launch));
        let why = match &told {
            Ok(()) => self.until_over(&ready, &mut crew, &mut purse),
            Err(_) => self.stopped(),
        };
        crew.end(why);
        purse.close(&crew);
        let kept = ends::keep(&ready.run, &crew, &purse);
        let end = End {
            why: why.into(),
            connected: crew.seen.any(),
            faults: ends::faults(&crew, &purse),
            error: None,
        };
        drop(crew); // its connection would keep tg-wait from having the database alone
        let done = match told.and(kept) {
            Err(error) if !record.has("launch") => self.refuse(&mut record, error),
            Err(error) if error.is_closed_pipe() => Ok((Exit::SomeFailed, end)),
            Err(error) => {
                error
                    .within(format!("run {}", ready.run.id))
                    .report("tg-launch");
                Ok((Exit::SomeFailed, end))
            }
            Ok(()) if matches!(why, "cancelled" | "disk" | "lost") => Ok((Exit::SomeFailed, end)),
            Ok(()) => Ok((Exit::Done, end)),
        };
        drop(held);
        done
    }

    /// Say that the agents are started. A record that cannot be kept is none: who comes later would not know of the run.
    fn tell(&mut self, record: &mut Record, launch: &Launch) -> Result<()> {
        let before = record.clone();
        record.set("launch", launch)?;
        if let Err(error) = record.save() {
            *record = before;
            return Err(error);
        }
        self.output.record(record)
    }

    /// Start nobody: say what a person is to start. A start gate would stay closed, so it is opened now.
    fn by_hand(&mut self, record: &mut Record, ready: &Ready) -> Result<()> {
        let mut launch = Launch {
            manual: true,
            started_at_ms: time::now_ms(),
            ..Launch::default()
        };
        if ready.run.start_gate {
            launch.released_at_ms = Some(gate::open(&ready.host, &ready.seal, &ready.run.id)?);
        }
        launch.boot = time::Boot::now();
        let agents = ready.agents.iter();
        launch.agents = agents.map(|start| start.agent.clone()).collect();
        manual::explain(ready);
        self.tell(record, &launch)
    }

    fn refuse(&mut self, record: &mut Record, error: Error) -> Result<(Exit, End)> {
        let end = End {
            error: Some(error.kind.into()),
            ..End::default()
        };
        let exit = refused(record, error)?;
        match self.output.record(record) {
            Err(error) if !error.is_closed_pipe() => Err(error),
            _ => Ok((exit, end)),
        }
    }

    /// Why the run is ended before it is over: we were told to, or the launcher was killed.
    /// A launcher dies thread by thread: the kernel tells us as soon as the first has gone, and for a moment it looks alive.
    fn stopped(&self) -> &'static str {
        let begun = Instant::now();
        while begun.elapsed() < DYING {
            if self.orphaned.load(Ordering::Relaxed) || !is_child_of(self.args.parent) {
                return "lost";
            }
            sleep(TICK);
        }
        "cancelled"
    }

    /// Stay until the run is over, and say why it is.
    fn until_over(&self, ready: &Ready, crew: &mut Crew, purse: &mut Purse) -> &'static str {
        let end = ready.seal.dir.join("end.json");
        let (mut released, mut room) = (BTreeSet::new(), Room::new(&ready.seal.dir));
        loop {
            crew.look();
            if crew.is_gone() {
                return "exited";
            }
            if end.exists() {
                return "ended";
            }
            if self.cancelled.load(Ordering::Relaxed) {
                return self.stopped();
            }
            if room.is_gone() {
                say(format_args!(
                    "tg-launch: run {}: no space left on device: ended",
                    ready.run.id
                ));
                return "disk";
            }
            release::dead(ready, crew, &mut released);
            for index in crew.unregistered() {
                let worker = &crew.members[index].agent.worker;
                let patience = time::show(crew.manners.connect);
                say(format_args!(
                    "tg-launch: {worker}: did not register at the host within {patience}: ended"
                ));
                crew.tell(index, "no_mcp");
            }
            for over in purse.look(crew) {
                match over {
                    Over::Run(reached) => {
                        say(format_args!(
                            "tg-launch: run {}: {reached}: ended",
                            ready.run.id
                        ));
                        return "budget";
                    }
                    Over::Agent(index, reached) => {
                        let worker = &crew.members[index].agent.worker;
                        say(format_args!("tg-launch: {worker}: {reached}: ended"));
                        crew.tell(index, "budget");
                    }
                }
            }
            sleep(TICK);
        }
    }
}

/// Hold the run's lock; none where it has no directory.
fn hold(record: &Record) -> Result<Option<Lock>> {
    match record.dir().map(|dir| dir.join("launch.lock")) {
        Some(path) if path.parent().is_some_and(Path::is_dir) => match Lock::take(&path)? {
            Some(lock) => Ok(Some(lock)),
            None => Err(Error::held(&path)),
        },
        _ => Ok(None),
    }
}

/// How the agents are treated: as the command line says, else their profile, else as most can bear.
fn manners(args: &Supervise, profile: Option<&Profile>) -> Result<Manners> {
    let time = |given: Option<u64>, of_profile: Option<&String>, else_ms: u64| {
        let named = of_profile.map(|text| time::duration(text)).transpose();
        let named = named.map_err(|cause| Error::input("profile", cause))?;
        Ok::<_, Error>(
            given
                .map(Duration::from_millis)
                .or(named)
                .unwrap_or(Duration::from_millis(else_ms)),
        )
    };
    let stop = profile.map(|profile| &profile.stop);
    let signal = match stop.and_then(|stop| stop.signal.as_deref()) {
        None | Some("TERM") => Signal::TERM,
        Some("INT") => Signal::INT,
        Some(other) => {
            let cause = format!("`{other}` is no way to stop an agent: INT or TERM");
            return Err(Error::input("profile", cause));
        }
    };
    Ok(Manners {
        signal,
        grace: time(
            args.grace_ms,
            stop.and_then(|stop| stop.grace.as_ref()),
            3_000,
        )?,
        connect: time(
            args.connect_ms,
            profile.and_then(|one| one.connect.as_ref()),
            60_000,
        )?,
        log_limit: args.log_limit << 20,
    })
}
