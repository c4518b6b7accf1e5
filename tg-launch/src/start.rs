//! Starting a run's agents: their files, their processes.

use crate::connected::Connected;
use crate::equip::{self, MARK, Outfit};
use crate::fill::{Filler, Place};
use crate::secrets::Secrets;
use crate::{Limits, deal, gate, stop};
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
    /// How long it may take to register at the host, where that is watched.
    pub connect: Option<Duration>,
    /// Why it was ended before the others, if it was.
    pub ended_for: Option<&'static str>,
}

/// A run about to be launched: who, where, with what command.
pub struct Ready {
    /// The run.
    pub run: Run,
    /// The host.
    pub host: Host,
    /// What its servers are confined to.
    pub seal: Seal,
    /// Its agents and how they are started and ended, in the order they are to be started.
    pub agents: Vec<(Agent, Place, Outfit)>,
}

/// Deal the roles and write every agent's files.
pub fn prepare(record: &Record, secrets: &Secrets) -> Result<Ready> {
    let run: Run = record.get("run")?;
    let made: Instantiate = record.get("instantiate")?;
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
    let root = roots(&db, &run.id).map_err(|cause| Error::outside(seal.db.display(), cause))?;
    let mut agents = Vec::new();
    for agent in deal::agents(&run, &db)? {
        let agent_dir = seal.dir.join("agents").join(&agent.worker);
        file::make_dir(&agent_dir)?;
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
        let server = equip::server(&run, &host, &seal, &agent.worker, &place)?;
        let filler = Filler {
            run: &run,
            agent: &agent,
            place: &place,
            root: &root,
            server: &server,
        };
        let outfit = equip::agent(&filler, secrets)?;
        agents.push((agent, place, outfit));
    }
    Ok(Ready {
        run,
        host,
        seal,
        agents,
    })
}

/// The run's tasks that are in no other, by id.
fn roots(db: &rusqlite::Connection, run: &str) -> rusqlite::Result<String> {
    let sql = "SELECT task_id FROM experiment_tasks WHERE run_id = ?1 AND task_id NOT IN
               (SELECT to_task_id FROM dependencies WHERE dep_type = 'contains') ORDER BY task_id";
    let mut query = db.prepare(sql)?;
    let ids: rusqlite::Result<Vec<String>> = query.query_map([run], |row| row.get(0))?.collect();
    Ok(ids?.join(", "))
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
                stop::keep(&ready.run, one, "cancelled", seen)?;
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
    for (agent, place, outfit) in &ready.agents {
        if ready.run.start_gate && deal::leads(agent) {
            gate::wait_for(live, seen, limits)?;
        }
        live.push(Live {
            supervisor: spawn(place, outfit, limits.grace)?,
            agent: agent.clone(),
            program: program(&ready.run),
            started_at_ms: time::now_ms(),
            place: place.clone(),
            connect: outfit.connect,
            ended_for: None,
        });
    }
    if !ready.run.start_gate {
        return Ok(None);
    }
    gate::wait_for(live, seen, limits)?;
    gate::open(&ready.host, &ready.seal, &ready.run.id).map(Some)
}

/// As the manifest names it.
fn program(run: &Run) -> String {
    run.command.first().cloned().unwrap_or_default()
}

fn spawn(place: &Place, outfit: &Outfit, grace: Duration) -> Result<Child> {
    let program = &outfit.words[0];
    if !found(Path::new(program)) {
        return Err(Error::outside(program, "no such program")
            .hint("put it on PATH, or name it with its path in `command`"));
    }
    let ourselves = std::env::current_exe().map_err(|cause| Error::outside("tg-launch", cause))?;
    let mut command = Command::new(ourselves);
    if let Some(env) = &outfit.env {
        command
            .env_clear()
            .envs(env.iter().map(|(name, value)| (name, value)));
    }
    command
        .arg("supervise")
        .arg("--dir")
        .arg(&place.agent_dir)
        .arg(format!(
            "--grace-ms={}",
            outfit.grace.unwrap_or(grace).as_millis()
        ))
        .arg(format!("--signal={}", outfit.signal))
        .arg(format!("--parent={}", getpid().as_raw_nonzero()))
        .arg("--")
        .args(&outfit.words)
        .current_dir(&place.work)
        .envs(outfit.more.iter().map(|(name, value)| (name, value)))
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
