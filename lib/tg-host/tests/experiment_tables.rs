//! Rows written into our own tables are the rows that are read from them, also if an earlier build made the tables.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use rusqlite::Connection;
use tg_host::Ledger;
use tg_host::experiment_tables::{
    AgentRow, CREATE, OriginRow, RunRow, put_agent, put_end, put_origin, put_run,
};

/// Writes a run, made and ended, its task and its agent; returns what is read.
fn written(create: &str) -> Ledger {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(create).unwrap();
    let made = RunRow {
        id: "r".into(),
        experiment_name: "e".into(),
        agent_count: Some(2),
        run_json: Some("{}".into()),
        ..RunRow::default()
    };
    put_run(&db, &made).unwrap();
    for (completed_at, side_by_side) in [(1, None), (2, Some(4))] {
        let end = RunRow {
            id: "r".into(),
            completed_at: Some(completed_at),
            verify_score: Some(0.5),
            side_by_side,
            ..RunRow::default()
        };
        put_end(&db, &end).unwrap();
    }
    let origin = OriginRow {
        run_id: "r".into(),
        task_id: "t".into(),
        ..OriginRow::default()
    };
    put_origin(&db, &origin).unwrap();
    put_origin(&db, &origin).unwrap_err();
    for exit in ["0", "1"] {
        let agent = AgentRow {
            run_id: "r".into(),
            worker_id: "w".into(),
            exit: Some(exit.into()),
            ..AgentRow::default()
        };
        put_agent(&db, &agent).unwrap();
    }
    let sql = "SELECT agent_count, experiment_name FROM experiment_runs";
    let made = db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(made, Ok((2, "e".to_string())));
    Ledger::of_database(&db).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let ledger = written(CREATE);
    assert_eq!(ledger.unread, []);
    let run = &ledger.runs[0];
    assert_eq!((run.completed_at, run.side_by_side), (Some(2), Some(4)));
    assert_eq!(run.run_json.as_deref(), Some("{}"));
    assert_eq!(run.value("verify_score"), Some(0.5.into()));
    assert_eq!((run.value("outcome"), run.value("unknown")), (None, None));
    let name = ledger.name("t").unwrap();
    assert_eq!(ledger.origin(name).unwrap().run_id, "r");
    let exits: Vec<_> = ledger
        .agents
        .iter()
        .map(|agent| agent.exit.clone())
        .collect();
    assert_eq!(exits, [Some("1".to_string())]);
}

#[test]
fn a_column_that_an_earlier_build_did_not_make_is_left_out() {
    let earlier = CREATE.replace("    side_by_side INTEGER,\n", "");
    assert_ne!(earlier, CREATE);
    let run = &written(&earlier).runs[0];
    assert_eq!((run.completed_at, run.side_by_side), (Some(2), None));
}
