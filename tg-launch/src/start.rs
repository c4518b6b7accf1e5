//! Starting a run's agents: their files, their processes.

use crate::deal;
use crate::fill::{self, Place};
use rustix::process::getpid;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tg_host::{Host, Seal, database, experiment};
use tg_stage::error::outside;
use tg_stage::{Agent, Error, Instantiate, Launch, Record, Result, Run, file, time};

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
    /// Its agents and their command lines, in the order they are to be started.
    pub agents: Vec<(Agent, Place, Vec<String>)>,
}

/// Deal the roles and write every agent's files.
pub fn prepare(record: &Record) -> Result<Ready> {
    let run: Run = record.get("run")?;
    let made: Instantiate = record.get("instantiate")?;
    let Some(dir) = record.dir() else {
        return Err(
            Error::input("run.dir", "is empty: this run has no directory to work in")
                .hint("instantiate it from a manifest"),
        );
    };
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
        let place = Place {
            dir: seal.dir.clone(),
            db: seal.db.clone(),
            work: work.clone(),
            agent_dir,
        };
        let command = fill::command(&run, &agent, &place)?;
        agents.push((agent, place, command));
    }
    Ok(Ready { run, agents })
}

/// Start the run's clock and then its agents.
pub fn start(ready: Ready, grace: Duration) -> Result<(Launch, Vec<Live>)> {
    let Some(db) = ready.agents.first().map(|(_, place, _)| place.db.clone()) else {
        return Err(Error::input("", "the run has no agents"));
    };
    let mut connection = database::open_to_write(&db).map_err(outside)?;
    let started_at_ms = time::now_ms();
    experiment::start_clock(&mut connection, &ready.run.id, started_at_ms)
        .map_err(|cause| Error::outside(db.display(), cause))?;
    drop(connection);
    let mut started: Vec<Live> = Vec::new();
    for (agent, place, command) in ready.agents {
        match spawn(&place, &command, grace) {
            Ok(supervisor) => {
                let program = command[0].clone();
                started.push(Live {
                    agent,
                    program,
                    supervisor,
                    started_at_ms: time::now_ms(),
                    place,
                });
            }
            Err(error) => {
                for other in &mut started {
                    crate::stop::end(other, grace);
                }
                return Err(error);
            }
        }
    }
    let agents = started.iter().map(|one| one.agent.clone()).collect();
    Ok((
        Launch {
            agents,
            started_at_ms,
            manual: false,
        },
        started,
    ))
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
