//! Starting a run's agents: their files, their processes.

use crate::crew::{Crew, Start};
use crate::equip;
use crate::fill::{Filler, Place};
use crate::{deal, gate, reap};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use tg_host::{Host, Seal, database, experiment};
use tg_stage::Secrets;
use tg_stage::error::outside;
use tg_stage::time::{self, Boot};
use tg_stage::{Error, Instantiate, Launch, Record, Result, Run, file};

/// A run about to be launched: who, where, with what command.
pub struct Ready {
    /// The run.
    pub run: Run,
    /// The host.
    pub host: Host,
    /// What its servers are confined to.
    pub seal: Seal,
    /// Its agents and their command lines, in the order they are to be started.
    pub agents: Vec<Start>,
}

/// Deal the roles and write every agent's files. What a crash left of an earlier attempt is ended first, so that nobody
/// works beside ghosts.
pub fn prepare(record: &Record, manual: bool, secrets: &Secrets) -> Result<Ready> {
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
    if known.is_ok_and(|known| known.has("launch") && record.value("launch").is_none()) {
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
    reap::of_run(&seal.dir);
    let work = seal.dir.join("work");
    file::make_dir(&work)?;
    let root = roots(&db, &run.id).map_err(|cause| Error::outside(seal.db.display(), cause))?;
    let mut agents = Vec::new();
    for agent in deal::agents(&run, &db)? {
        let agent_dir = seal.dir.join("agents").join(&agent.worker);
        file::make_dir(&agent_dir)?;
        let _ = std::fs::remove_file(agent_dir.join("end.json"));
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
        let server = equip::server(&run, &host, &seal, &agent.worker, &place, manual)?;
        let filler = Filler {
            run: &run,
            agent: &agent,
            place: &place,
            root: &root,
            host: &host.path,
            server: &server,
        };
        agents.push(equip::agent(&filler, &seal, secrets, manual)?);
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
pub fn start(ready: &Ready, crew: &mut Crew, cancelled: &AtomicBool) -> Result<Launch> {
    let started_at_ms = set_clock(ready)?;
    let mut boot = Boot::now();
    for start in &ready.agents {
        if ready.run.start_gate && deal::leads(&start.agent) {
            gate::wait_for(crew, cancelled)?;
        }
        if !found(&start.program) {
            return Err(Error::outside(&start.name, "no such program")
                .hint("put it on PATH, or name it with its path in `command`"));
        }
        crew.start(start.clone())?;
    }
    let mut released_at_ms = None;
    if ready.run.start_gate {
        gate::wait_for(crew, cancelled)?;
        released_at_ms = Some(gate::open(&ready.host, &ready.seal, &ready.run.id)?);
        boot = Boot::now();
    }
    Ok(Launch {
        agents: crew.members.iter().map(|one| one.agent.clone()).collect(),
        started_at_ms,
        boot,
        released_at_ms,
        side_by_side: None, // the supervisor knows
        manual: false,
    })
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

fn found(program: &Path) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
