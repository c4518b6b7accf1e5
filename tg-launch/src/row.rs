//! One run from its launch to its end, in a thread of its own.

use crate::connected::Connected;
use crate::start::{self, Live, Ready};
use crate::{Shared, gate, manual, stop, sweep};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;
use tg_stage::file::Lock;
use tg_stage::{Error, Exit, Launch, Record, Result, stage, time};

const TICK: Duration = Duration::from_millis(10);

/// Launch the run of `record`, print the record, and stay until the run is over.
pub fn run<W: Write>(shared: &Shared<W>, mut record: Record) -> Result<Exit> {
    let lock = record.dir().map(|dir| dir.join("launch.lock"));
    let held = match &lock {
        Some(path) if path.parent().is_some_and(Path::is_dir) => match Lock::take(path) {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) => Err(Error::held(path)),
            Err(error) => Err(error),
        },
        _ => Ok(None),
    };
    let begun = held.and_then(|held| Ok((held, start::prepare(&record)?)));
    let (held, ready) = match begun {
        Ok(begun) => begun,
        Err(error) => return refuse(shared, &mut record, error),
    };
    if shared.manual {
        return by_hand(shared, &mut record, &ready);
    }
    let mut seen = Connected::new(&ready.seal.db);
    let (mut launch, mut live) = match start::start(&ready, &shared.limits, &mut seen) {
        Ok(begun) => begun,
        Err(error) => return refuse(shared, &mut record, error),
    };
    launch.side_by_side = Some(shared.jobs.into());
    let told = record
        .set("launch", &launch)
        .and_then(|()| record.save())
        .and_then(|()| shared.print(&record));
    let why = match &told {
        Ok(_) => until_over(shared, &record, &mut live, &mut seen),
        Err(_) => "cancelled",
    };
    stop::end_all(&mut live, shared.limits.grace);
    let mark = ready.seal.dir.to_string_lossy();
    sweep::kill_all(|| sweep::marked(start::MARK, &mark)); // a supervisor may have been killed
    for one in &live {
        stop::keep(&ready.run.id, one, why, &seen)?;
    }
    drop(seen); // its connection would keep tg-wait from having the database alone
    drop(held);
    told?;
    Ok(if why == "cancelled" {
        Exit::SomeFailed
    } else {
        Exit::Done
    })
}

/// Start nobody: say what a person is to start. A start gate would stay closed, so it is opened now.
fn by_hand<W: Write>(shared: &Shared<W>, record: &mut Record, ready: &Ready) -> Result<Exit> {
    let mut launch = Launch {
        manual: true,
        started_at_ms: time::now_ms(),
        ..Launch::default()
    };
    if ready.run.start_gate {
        launch.released_at_ms = Some(gate::open(&ready.host, &ready.seal, &ready.run.id)?);
    }
    launch.agents = ready
        .agents
        .iter()
        .map(|(agent, ..)| agent.clone())
        .collect();
    manual::explain(ready);
    record.set("launch", &launch)?;
    record.save()?;
    shared.print(record)
}

fn refuse<W: Write>(shared: &Shared<W>, record: &mut Record, error: Error) -> Result<Exit> {
    let is_anothers = error.kind == "held";
    let exit = stage::failed("tg-launch", "launch", record, error)?;
    if !is_anothers {
        record.save()?; // else run.json belongs to who holds the lock
    }
    shared.print(record)?;
    Ok(exit)
}

fn until_over<W: Write>(
    shared: &Shared<W>,
    record: &Record,
    live: &mut [Live],
    seen: &mut Connected,
) -> &'static str {
    let end = record.dir().unwrap_or_default().join("end.json");
    loop {
        if !live.iter().all(|one| seen.has(&one.agent.worker)) {
            seen.look();
        }
        if live
            .iter_mut()
            .all(|one| !matches!(one.supervisor.try_wait(), Ok(None)))
        {
            return "exited";
        }
        if end.exists() {
            return "ended";
        }
        if shared.limits.cancelled.load(Ordering::Relaxed) || reader_gone() {
            shared.limits.cancelled.store(true, Ordering::Relaxed);
            return "cancelled";
        }
        sleep(TICK);
    }
}

/// Whether stdout is a pipe that nobody reads any more.
pub fn reader_gone() -> bool {
    let stdout = rustix::stdio::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
        && fds[0].revents().contains(PollFlags::ERR)
}
