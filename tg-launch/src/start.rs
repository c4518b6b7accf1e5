//! Starts a run's agents: first their files, then their processes.

use crate::paths::AgentPaths;
use crate::placeholders::Filler;
use crate::processes::{AgentStart, Processes};
use crate::{agent_files, reap, roles, start_barrier};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use tg_host::{Host, Seal, database, schema};
use tg_stage::error::outside;
use tg_stage::time::{self, Boot};
use tg_stage::{Error, Instantiate, Launch, Record, Result, Run, RunDir, Secrets, file, workflows};

/// A run whose agents can be started.
pub struct Ready {
    pub run: Run,
    pub host: Host,
    pub dir: RunDir,
    /// The files that the host's servers are confined to.
    pub seal: Seal,
    /// In the order in which they are started.
    pub agents: Vec<AgentStart>,
}

/// Assigns the roles and writes every agent's files. The leftovers of an earlier attempt that crashed are ended first, so
/// that no agent works beside them.
pub fn prepare(record: &Record, manual: bool, secrets: &Secrets) -> Result<Ready> {
    let mut run: Run = record.get("run")?;
    let made: Instantiate = record.get("instantiate")?;
    if let (Some(program), Some(word)) = (&made.program, run.command.first_mut()) {
        word.clone_from(program);
    }
    let Some(dir) = record.run_dir() else {
        return Err(
            Error::input("run.dir", "is empty: this run has no directory to work in")
                .hint("instantiate it from a manifest"),
        );
    };
    if dir
        .load()
        .is_ok_and(|known| known.has("launch") && record.value("launch").is_none())
    {
        let cause = "was launched by another process meanwhile";
        return Err(Error::outside(dir.path().display(), cause)
            .hint("instantiate again: what is done will be passed on"));
    }
    let host = Host::find().map_err(outside)?;
    let seal = Seal::new(dir.path(), Path::new(&made.db)).map_err(outside)?;
    let dir = RunDir::new(&seal.dir); // absolute
    if !seal.config_dir().join("config.yaml").is_file() {
        let cause = "has no config.yaml for the host's servers";
        return Err(Error::outside(seal.config_dir().display(), cause)
            .hint("instantiate the run from a manifest"));
    }
    let db = database::open_read_only(&seal.db).map_err(outside)?;
    let _ = std::fs::remove_file(dir.end()); // of an earlier end, which this launch takes back
    reap::leftovers_of_run(&seal.dir);
    file::make_dir(&dir.work())?;
    let wrong = |cause| Error::outside(seal.db.display(), cause);
    let root = schema::roles::roots(&db, &run.id)
        .map_err(wrong)?
        .join(", ");
    let mut agents = Vec::new();
    for agent in roles::agents(&run, &db)? {
        let paths = make_dirs(&run, &dir, &seal, &agent.worker)?;
        let server = agent_files::server(&run, &host, &seal, &agent.worker, &paths, manual)?;
        let filler = Filler {
            run: &run,
            agent: &agent,
            paths: &paths,
            root: &root,
            host: &host.path,
            server: &server,
        };
        agents.push(agent_files::agent(&filler, &seal, secrets, manual)?);
    }
    Ok(Ready {
        run,
        host,
        dir,
        seal,
        agents,
    })
}

/// Makes an agent's own directory, and its working directory if each agent has its own.
fn make_dirs(run: &Run, dir: &RunDir, seal: &Seal, worker: &str) -> Result<AgentPaths> {
    let agent = dir.agent(worker);
    file::make_dir(agent.path())?;
    let _ = std::fs::remove_file(agent.end());
    let mut work = dir.work();
    if run.workspace.as_ref().is_some_and(|own| own.per_agent) {
        work = agent.path().join("work");
        file::copy_tree(&dir.work(), &work)?;
    }
    Ok(AgentPaths {
        run: dir.clone(),
        agent,
        db: seal.db.clone(),
        work,
    })
}

/// Starts the run's clock and then its agents; with a start barrier, waits until they are connected and opens it.
pub fn start(ready: &Ready, processes: &mut Processes, cancelled: &AtomicBool) -> Result<Launch> {
    let started_at_ms = set_clock(ready)?;
    let mut boot = Boot::now();
    for start in &ready.agents {
        if ready.run.barrier && workflows::is_leader(&start.agent.role) {
            start_barrier::await_connected(processes, cancelled)?;
        }
        if !is_found(&start.program) {
            return Err(Error::outside(&start.name, "no such program")
                .hint("put it on PATH, or name it with its path in `command`"));
        }
        processes.start(start.clone())?;
    }
    let mut released_at_ms = None;
    if ready.run.barrier {
        start_barrier::await_connected(processes, cancelled)?;
        let opened = start_barrier::open(&ready.host, &ready.seal, &ready.run.id)?;
        released_at_ms = Some(opened);
        boot = Boot::now();
    }
    let agents = processes.agents.iter();
    Ok(Launch {
        agents: agents.map(|one| one.agent.clone()).collect(),
        started_at_ms,
        boot,
        released_at_ms,
        side_by_side: None, // set by the supervisor
        manual: false,
    })
}

/// Sets the creation time of the tasks in the run's own database to now. A shared database is not written, because other
/// agents may be working in it: there the run's start is the time on the clock.
fn set_clock(ready: &Ready) -> Result<i64> {
    if ready.run.shared_db {
        return Ok(time::now_ms());
    }
    let db = &ready.seal.db;
    let mut connection = database::open_to_write(db).map_err(outside)?;
    let now = time::now_ms();
    schema::start::set_clock(&mut connection, &ready.run.id, now)
        .map_err(|cause| Error::outside(db.display(), cause))?;
    Ok(now)
}

fn is_found(program: &Path) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
