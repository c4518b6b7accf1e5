//! A record made anew from the database of a run that ended, if the kept record cannot be read.
//!
//! The tools write a record whole or not at all; but disks lose power and users edit files. The database keeps the run,
//! its agents and its end, so that a paid run is not repeated: the record is passed on as that of a run whose end is
//! decided, and `tg-wait` writes the rest. The creation time of the tasks is lost: their clock was set at the launch.
//! Databases that several runs share are not used.

use crate::row::Row;
use tg_host::database;
use tg_host::schema::recover::ended_run;
use tg_stage::{Agent, Instantiate, Launch, Record, Run};

/// The record of a row up to its launch, if its database says that it ended.
pub fn record(row: &Row) -> Option<Record> {
    let path = row.dir().db();
    let db = database::open_read_only(&path).ok()?;
    let ended = ended_run(&db, &row.run.id).ok()?;
    let run: Run = serde_json::from_str(&ended.run_json).ok()?;
    let mut record = Record::new(&run).ok()?;
    let made = Instantiate {
        db: path.to_string_lossy().into_owned(),
        tasks: ended.tasks as u64,
        ordering_deps: ended.ordering_deps as u64,
        host: ended.host_version.unwrap_or_default(),
        created_at_ms: ended.created_at,
        program: None, // taken from today's manifest, like the path of the database
    };
    record.set("instantiate", &made).ok()?;
    let agents = ended.agents.into_iter().map(|(worker, role, tags)| Agent {
        worker,
        role: role.unwrap_or_default(),
        tags: serde_json::from_str(&tags.unwrap_or_default()).unwrap_or_default(),
    });
    let launch = Launch {
        agents: agents.collect(),
        started_at_ms: ended.started_at,
        side_by_side: ended.side_by_side,
        ..Launch::default()
    };
    record.set("launch", &launch).ok()?;
    Some(record)
}
