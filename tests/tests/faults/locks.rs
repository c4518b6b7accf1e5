//! `database is locked`: another process writes into the runs' databases, in bursts, while ten agents work.

use crate::fault::{Fault, TOO_LATE, Then};
use crate::scene::Scene;
use rusqlite::{Connection, OpenFlags};
use std::time::{Duration, Instant};

/// Few tasks, much polling.
const MORE: &str = "\
stand_in: {time_scale: 0.0004, poll_ms: 10}
limits: {timeout: 60s, stall: 30s}
";

pub fn faults() -> Vec<Fault> {
    let fault = |name: &str, hold: u64, pause: u64| Fault {
        name: format!("another writer holds the database{name}"),
        agents: 10,
        more: MORE.into(),
        moment: 100..600,
        strike: Box::new(move |scene| {
            storm(scene, hold, pause);
            Ok(())
        }),
        trace: Box::new(is_locked),
        then: Then {
            first: &["completed"],
            once: true,
            unharmed: true,
            ..Then::default()
        },
        ..Fault::default()
    };
    vec![
        fault("", 60, 40),
        fault(" for a second at a time", 1000, 500),
        fault(" often and shortly", 5, 5),
    ]
}

/// True if some agent got the answer that the database is locked.
fn is_locked(scene: &Scene) -> Result<(), String> {
    let mut locked = 0;
    for path in tg_stage::file::tree(&scene.lab.path("results")).unwrap_or_default() {
        if path.ends_with("usage.json") {
            let text = std::fs::read(scene.lab.path("results").join(path)).unwrap_or_default();
            let usage: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
            locked += usage["locked"].as_u64().unwrap_or_default();
        }
    }
    match locked {
        0 => Err(format!("{TOO_LATE}: no agent found the database locked")),
        _ => Ok(()),
    }
}

/// Holds the write locks of all databases for up to `hold` ms, leaves them for up to `pause` ms, and so on.
fn storm(scene: &Scene, hold: u64, pause: u64) {
    let begun = Instant::now();
    while !scene.is_over() && begun.elapsed() < Duration::from_secs(6) {
        let open: Vec<Connection> = scene
            .rows
            .borrow()
            .iter()
            .filter_map(|run| {
                let path = scene.lab.path(&format!("results/test/{run}/tasks.db"));
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
                let db = Connection::open_with_flags(path, flags).ok()?;
                db.busy_timeout(Duration::from_millis(200)).ok()?;
                db.execute_batch("BEGIN IMMEDIATE").ok()?;
                Some(db)
            })
            .collect();
        std::thread::sleep(Duration::from_millis(1 + scene.random(hold)));
        drop(open);
        std::thread::sleep(Duration::from_millis(1 + scene.random(pause)));
    }
}
