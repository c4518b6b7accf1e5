//! The host's tables with any value in any column, as `SQLite` allows: read as a snapshot, and measured; both must agree
//! with an exported file.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tg_export::{ExportOptions, write_database};
use tg_host::Ledger;

/// Tables and columns that are read. They have no types and no keys here, so that any row can be inserted.
const TABLES: [(&str, &str); 10] = [
    (
        "tasks",
        "id,status,created_at,updated_at,completed_at,deleted_at,started_at,title,description,priority,worker_id,needed_tags,\
         wanted_tags,tags,points,time_estimate_ms,time_actual_ms,cost_usd,phase,metric_0,metric_1,metric_2,metric_7",
    ),
    (
        "task_sequence",
        "id,task_id,timestamp,status,worker_id,phase,reason,end_timestamp",
    ),
    ("dependencies", "from_task_id,to_task_id,dep_type"),
    ("task_tags", "task_id,tag"),
    ("task_needed_tags", "task_id,tag"),
    ("task_wanted_tags", "task_id,tag"),
    (
        "claim_sequence",
        "id,file_path,worker_id,event,timestamp,end_timestamp",
    ),
    (
        "experiment_runs",
        "id,started_at,completed_at,outcome,config_snapshot,run_json,verify_passed,verify_score",
    ),
    ("experiment_tasks", "run_id,task_id,template_task_id"),
    (
        "experiment_agents",
        "run_id,worker_id,role,started_at,ended_at,cost_usd,tokens_in,tokens_out,tokens_cached,cost_source",
    ),
];

/// Texts with a meaning in some column.
const WORDS: [&str; 24] = [
    "a",
    "b",
    "c",
    "pending",
    "assigned",
    "working",
    "completed",
    "failed",
    "cancelled",
    "contains",
    "blocks",
    "follows",
    "claimed",
    "released",
    "coordinator",
    "stale_release",
    "auto-rollup: x",
    "start-gate",
    "[\"a\",\"b\"]",
    "{\"start_gate\":true,\"agents\":2,\"warmup\":{\"skip_first\":1}}",
    "{\"stand_in\":{\"time_scale\":1e-300},\"slots\":{\"metric_7\":\"tokens_in\"}}",
    "2026-01-31T08:00:00Z",
    "1969-12-31T23:59:59.999+00:00",
    "",
];

#[derive(Debug, Arbitrary)]
enum Cell {
    Null,
    Small(u8),
    Time(u16),
    Integer(i64),
    Real(f64),
    Word(u8),
    Text(String),
    Blob(Vec<u8>),
    Broken(Vec<u8>),
}

#[derive(Debug, Arbitrary)]
struct Row {
    table: u8,
    cells: Vec<Cell>,
}

impl Cell {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Small(number) => Value::Integer(i64::from(*number)),
            Self::Time(seconds) => Value::Integer(1_795_356_000_000 + 1000 * i64::from(*seconds)),
            Self::Integer(number) => Value::Integer(*number),
            Self::Real(number) => Value::Real(*number),
            Self::Word(at) => Value::Text(WORDS[usize::from(*at) % WORDS.len()].into()),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Blob(bytes) | Self::Broken(bytes) => Value::Blob(bytes.clone()),
        }
    }

    /// The placeholder: a text that is not UTF-8 can be stored by a cast only.
    fn place(&self) -> &'static str {
        match self {
            Self::Broken(_) => "cast(? AS TEXT)",
            _ => "?",
        }
    }
}

thread_local! {
    /// Creating the tables takes ten times as long as filling them.
    static DB: Connection = {
        let db = Connection::open_in_memory().expect("memory");
        for (table, columns) in TABLES {
            db.execute_batch(&format!("CREATE TABLE {table}({columns})")).expect("a table");
        }
        db
    };
}

/// Replaces the content of the database by these rows, except those that `SQLite` refuses.
fn fill(db: &Connection, rows: &[Row]) -> rusqlite::Result<()> {
    for (table, _) in TABLES {
        db.prepare_cached(&format!("DELETE FROM {table}"))?
            .execute([])?;
    }
    for row in rows {
        let (table, columns) = TABLES[usize::from(row.table) % TABLES.len()];
        let count = columns.split(',').count().min(row.cells.len());
        if count == 0 {
            continue;
        }
        let names: Vec<_> = columns.split(',').take(count).collect();
        let places: Vec<_> = row.cells[..count].iter().map(Cell::place).collect();
        let sql = format!(
            "INSERT INTO {table}({}) VALUES({})",
            names.join(","),
            places.join(",")
        );
        let values = row.cells[..count].iter().map(Cell::value);
        db.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    }
    Ok(())
}

fuzz_target!(|rows: Vec<Row>| DB.with(|db| {
    if fill(db, &rows).is_err() {
        return;
    }
    let direct = Ledger::of_database(db).expect("a database is a snapshot");
    let mut file = Vec::new();
    write_database(db, &ExportOptions::default(), &mut file).expect("a database can be exported");
    let exported = Ledger::read(file.as_slice()).expect("an export can be read");
    assert_eq!(direct.unread, exported.unread);
    assert_eq!(tg_fuzz::measure_all(direct), tg_fuzz::measure_all(exported));
}));
