//! One run from its launch to its end, in a thread of its own.

use crate::start::{self, Live};
use crate::{Shared, stop};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;
use tg_stage::file::Lock;
use tg_stage::{Error, Exit, Launch, Record, Result, stage};

const TICK: Duration = Duration::from_millis(10);

/// Launch the run of `record`, print the record, and stay until the run is over.
pub fn run<W: Write>(shared: &Shared<W>, mut record: Record) -> Result<Exit> {
    let lock = record.dir().map(|dir| dir.join("launch.lock"));
    let held = match &lock {
        Some(path) if path.parent().is_some_and(Path::is_dir) => match Lock::take(path) {
            Ok(Some(lock)) => Ok(Some(lock)),
            Ok(None) => Err(Error::outside(
                path.display(),
                "is held: this run is being launched by somebody else",
            )),
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
        let agents = ready
            .agents
            .iter()
            .map(|(agent, ..)| agent.clone())
            .collect();
        crate::manual::explain(&ready);
        record.set(
            "launch",
            &Launch {
                agents,
                started_at_ms: tg_stage::time::now_ms(),
                manual: true,
            },
        )?;
        record.save()?;
        return shared.print(&record);
    }
    let run = ready.run.id.clone();
    let (launch, mut started) = match start::start(ready, shared.grace) {
        Ok(begun) => begun,
        Err(error) => return refuse(shared, &mut record, error),
    };
    let told = record
        .set("launch", &launch)
        .and_then(|()| record.save())
        .and_then(|()| shared.print(&record));
    let why = match &told {
        Ok(_) => until_over(shared, &record, &mut started),
        Err(_) => "cancelled",
    };
    stop::end_all(&mut started, shared.grace);
    for one in &started {
        stop::keep(&run, one, why)?;
    }
    drop(held);
    told?;
    if why == "cancelled" {
        Ok(Exit::SomeFailed)
    } else {
        Ok(Exit::Done)
    }
}

fn refuse<W: Write>(shared: &Shared<W>, record: &mut Record, error: Error) -> Result<Exit> {
    let exit = stage::failed("tg-launch", "launch", record, error)?;
    record.save()?;
    shared.print(record)?;
    Ok(exit)
}

fn until_over<W: Write>(shared: &Shared<W>, record: &Record, started: &mut [Live]) -> &'static str {
    let end = record.dir().unwrap_or_default().join("end.json");
    loop {
        if started
            .iter_mut()
            .all(|one| !matches!(one.supervisor.try_wait(), Ok(None)))
        {
            return "exited";
        }
        if end.exists() {
            return "ended";
        }
        if shared.cancelled.load(Ordering::Relaxed) || reader_gone() {
            shared.cancelled.store(true, Ordering::Relaxed);
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
