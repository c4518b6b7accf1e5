//! Starting a run's agents: their files, their processes.

use crate::connected::Connected;
use crate::fill::{self, Place};
use crate::{Limits, deal, gate, stop};
use rustix::process::getpid;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tg_host::{Host, Seal, database, experiment};
use tg_stage::error::outside;
use tg_stage::{Agent, Error, Instantiate, Launch, Record, Result, Run, file, time};

/// In the environment of everything a run starts: the run's directory.
pub const MARK: &str = "TG_RUN_DIR";

/// An agent that was started.
pub struct Live {
    /// Who it is.
    pub agent: Agent,
    /// The program it runs.
    pub program: String,
    /// Its supervisor.
    pub supervisor: Child,
    /// When it was started, in milliseconds since the epoch.
    pub started_at_ms: i64,
    /// Its own directory.
    pub place: Place,
}

/// A run about to be launched: who, where, with what command.
pub struct Ready {
    /// The run.
    pub run: Run,
    /// The host.
    pub host: Host,
    /// What its servers are confined to.
    pub seal: Seal,
    /// Its agents and their command lines, in the order they are to be started.
    pub agents: Vec<(Agent, Place, Vec<String>)>,
}

/// Deal the roles and write every agent's files.
pub fn prepare(record: &Record) -> Result<Ready> {
    let mut run: Run = record.get("run")?;
    let made: Instantiate = record.get("instantiate")?;
    if let (Some(program), Some(word)) = (&made.program, run.command.first_mut()) {
        word.clone_from(program);
    }
    let Some(dir) = record.dir() else {
        return Err(
            Error::input("run.dir", "is empty: this run has no directory to work in")
                .hint("instantiate it from a manifest"),
        );
    };
    let known = Record::load(&dir.join("run.json"));
    if known.is_ok_and(|known| known.value("launch").is_some() && record.value("launch").is_none())
    {
        return Err(
            Error::outside(dir.display(), "was launched by somebody else meanwhile")
                .hint("instantiate again: what is done will be passed on"),
        );
    }
    let host = Host::find().map_err(outside)?;
    let seal = Seal::new(&dir, Path::new(&made.db)).map_err(outside)?;
    if !seal.config_dir().join("config.yaml").is_file() {
        return Err(Error::outside(
            seal.config_dir().display(),
            "has no config.yaml for the host's servers",
        )
        .hint("instantiate the run from a manifest"));
    }
    let db = database::open_read_only(&seal.db).map_err(outside)?;
    let _ = std::fs::remove_file(seal.dir.join("end.json")); // of an earlier end, which this launch takes back
    let work = seal.dir.join("work");
    file::make_dir(&work)?;
    let mut agents = Vec::new();
    for agent in deal::agents(&run, &db)? {
        let agent_dir = seal.dir.join("agents").join(&agent.worker);
        file::make_dir(&agent_dir)?;
        let mcp = format!("{:#}\n", seal.mcp_json(&host, &agent.worker));
        file::write(&agent_dir.join("mcp.json"), mcp.as_bytes())?;
        let mut place = Place {
            dir: seal.dir.clone(),
            db: seal.db.clone(),
            work: work.clone(),
            agent_dir,
        };
        if run
            .workspace
            .as_ref()
            .is_some_and(|workspace| workspace.per_agent)
        {
            place.work = place.agent_dir.join("work");
            file::copy_tree(&work, &place.work)?;
        }
        let command = fill::command(&run, &agent, &place)?;
        agents.push((agent, place, command));
    }
    Ok(Ready {
        run,
        host,
        seal,
        agents,
    })
}

/// Start the run's clock and then its agents; with a start gate, wait until they are connected and open it.
pub fn start(ready: &Ready, limits: &Limits, seen: &mut Connected) -> Result<(Launch, Vec<Live>)> {
    let mut live = Vec::new();
    let started_at_ms = set_clock(ready)?;
    match all(ready, limits, seen, &mut live) {
        Ok(released_at_ms) => {
            let agents = live.iter().map(|one| one.agent.clone()).collect();
            Ok((
                Launch {
                    agents,
                    started_at_ms,
                    released_at_ms,
                    manual: false,
                },
                live,
            ))
        }
        Err(error) => {
            stop::end_all(&mut live, limits.grace);
            for one in &live {
                stop::keep(&ready.run.id, one, "cancelled", seen)?;
            }
            Err(error)
        }
    }
}

/// The tasks of a run in a database of its own are created now. In a shared one other agents may be at work, and it is
/// not written: there the run's start is its clock's.
fn set_clock(ready: &Ready) -> Result<i64> {
    if ready.run.shared_db {
        return Ok(time::now_ms());
    }
    let db = &ready.seal.db;
    let mut connection = database::open_to_write(db).map_err(outside)?;
    let now = time::now_ms();
    experiment::start_clock(&mut connection, &ready.run.id, now)
        .map_err(|cause| Error::outside(db.display(), cause))?;
    Ok(now)
}

fn all(
    ready: &Ready,
    limits: &Limits,
    seen: &mut Connected,
    live: &mut Vec<Live>,
) -> Result<Option<i64>> {
    for (agent, place, command) in &ready.agents {
        if ready.run.start_gate && deal::leads(agent) {
            gate::wait_for(live, seen, limits)?;
        }
        live.push(Live {
            supervisor: spawn(place, command, limits.grace)?,
            agent: agent.clone(),
            program: command[0].clone(),
            started_at_ms: time::now_ms(),
            place: place.clone(),
        });
    }
    if !ready.run.start_gate {
        return Ok(None);
    }
    gate::wait_for(live, seen, limits)?;
    gate::open(&ready.host, &ready.seal, &ready.run.id).map(Some)
}

fn spawn(place: &Place, command: &[String], grace: Duration) -> Result<Child> {
    let program = fill::program(&command[0]);
    if !found(&program) {
        return Err(Error::outside(&command[0], "no such program")
            .hint("put it on PATH, or name it with its path in `command`"));
    }
    let ourselves = std::env::current_exe().map_err(|cause| Error::outside("tg-launch", cause))?;
    Command::new(ourselves)
        .arg("supervise")
        .arg("--dir")
        .arg(&place.agent_dir)
        .arg(format!("--grace-ms={}", grace.as_millis()))
        .arg(format!("--parent={}", getpid().as_raw_nonzero()))
        .arg("--")
        .arg(program)
        .args(&command[1..])
        .current_dir(&place.work)
        .env(MARK, &place.dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|cause| Error::outside("tg-launch supervise", cause))
}

fn found(program: &Path) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
