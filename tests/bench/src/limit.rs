//! Programs that do only the minimum of a job: the lower bound for the tools.

use crate::database::{self, Result};
use crate::plan::Plan;
use clap::ValueEnum;
use flate2::read::MultiGzDecoder;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// The minimum of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Limit {
    /// Read the file through a window.
    Read,
    /// Decompress it.
    Inflate,
    /// Compute the metrics that every peer computes, by `serde_json` from a slice, row by row.
    Serde,
    /// Read every value of a database.
    Scan,
    /// Insert the tasks of a generated run, as new, into an empty database of the host.
    Insert,
}

/// Runs a limit program; [`Limit::Insert`] inserts `tasks` tasks.
pub fn run(limit: Limit, path: &Path, tasks: usize) -> Result<()> {
    let text = match limit {
        Limit::Read => pass(File::open(path)?)?.to_string(),
        Limit::Inflate => pass(MultiGzDecoder::new(File::open(path)?))?.to_string(),
        Limit::Serde => stream(path)?,
        Limit::Scan => scan(path)?.to_string(),
        Limit::Insert => {
            database::make_empty(path)?;
            let mut db = Connection::open(path)?;
            let transaction = db.transaction()?;
            database::fill_new(&transaction, &Plan::new(1, tasks))?;
            transaction.commit()?;
            String::new()
        }
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

fn pass(mut text: impl Read) -> Result<u64> {
    let mut window = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        match text.read(&mut window)? {
            0 => return Ok(bytes),
            count => bytes += count as u64,
        }
    }
}

fn scan(path: &Path) -> Result<u64> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut sum = 0;
    for table in [
        "attachments",
        "dependencies",
        "task_sequence",
        "task_tags",
        "tasks",
        "workers",
    ] {
        let mut statement = db.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for at in 0..columns {
                sum += match row.get_ref(at)? {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
                    _ => 1,
                };
            }
        }
    }
    Ok(sum)
}

/// The sums from which the metrics of every peer are computed.
#[derive(Default)]
struct Sums {
    begin: i64,
    end: i64,
    tasks: u64,
    completed: u64,
    failed: u64,
    cost: f64,
    active: i64,
    slot: i64,
    waiting: i64,
    timed: i64,
    busy: BTreeMap<String, i64>,
    last: (String, u32),
    again: u64,
}

#[derive(Deserialize)]
struct Task<'a> {
    status: &'a str,
    created_at: i64,
    completed_at: i64,
    cost_usd: f64,
    time_actual_ms: i64,
    metric_0: i64,
}

#[derive(Deserialize)]
struct Row<'a> {
    status: Option<&'a str>,
    task_id: &'a str,
    worker_id: Option<&'a str>,
    timestamp: i64,
    end_timestamp: Option<i64>,
}

fn stream(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path)?;
    let mut sums = Sums {
        begin: i64::MAX,
        ..Sums::default()
    };
    Document(&mut sums).deserialize(&mut serde_json::Deserializer::from_slice(&bytes))?;
    let (n, wall) = (sums.tasks as f64, (sums.end - sums.begin) as f64);
    let busy = sums.busy.values().sum::<i64>() as f64 / sums.busy.len() as f64;
    let (waiting, timed) = (sums.waiting as f64, sums.timed as f64);
    let metrics = serde_json::json!({
        "wall_clock_time_ms": sums.end - sums.begin,
        "total_cost_usd": sums.cost,
        "active_work_time_ms": sums.active,
        "agent_utilization_pct": 100.0 * busy / wall,
        "rework_rate": sums.again as f64 / n,
        "tasks_per_hour": sums.completed as f64 * 3_600_000.0 / wall,
        "coordination_overhead_pct": 100.0 * waiting / (waiting + timed),
        "failure_rate": sums.failed as f64 / n,
        "completion_rate_pct": 100.0 * sums.completed as f64 / n,
        "metric_0": sums.slot,
    });
    Ok(metrics.to_string())
}

impl Sums {
    fn task(&mut self, task: &Task) {
        self.begin = self.begin.min(task.created_at);
        self.end = self.end.max(task.completed_at);
        self.tasks += 1;
        self.completed += u64::from(task.status == "completed");
        self.failed += u64::from(task.status == "failed");
        self.cost += task.cost_usd;
        self.active += task.time_actual_ms;
        self.slot += task.metric_0;
    }

    /// Adds a row; rows must be ordered by task.
    fn row(&mut self, row: &Row) {
        let length = row.end_timestamp.unwrap_or(row.timestamp) - row.timestamp;
        match row.status {
            Some("pending" | "assigned") => self.waiting += length,
            Some("working") => {
                self.timed += length;
                let worker = row.worker_id.unwrap_or_default();
                match self.busy.get_mut(worker) {
                    Some(busy) => *busy += length,
                    None => _ = self.busy.insert(worker.into(), length),
                }
                if self.last.0 != row.task_id {
                    self.last = (row.task_id.into(), 0);
                }
                self.last.1 += 1;
                self.again += u64::from(self.last.1 == 2);
            }
            _ => {}
        }
    }
}

struct Document<'s>(&'s mut Sums);
struct Tables<'s>(&'s mut Sums);
struct Rows<'s>(&'s mut Sums, bool);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a snapshot")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            if key == "tables" {
                map.next_value_seed(Tables(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Tables<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tables<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("tables")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "tasks" => map.next_value_seed(Rows(self.0, true))?,
                "task_sequence" => map.next_value_seed(Rows(self.0, false))?,
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("rows")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        if self.1 {
            while let Some(task) = list.next_element::<Task>()? {
                self.0.task(&task);
            }
        } else {
            while let Some(row) = list.next_element::<Row>()? {
                self.0.row(&row);
            }
        }
        Ok(())
    }
}
