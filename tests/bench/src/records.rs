//! Records of measured runs, for the report: twenty arms, fifteen metrics.

use crate::database::Result;
use serde_json::{Map, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

const ARMS: usize = 20;

const METRICS: [&str; 15] = [
    "wall_clock_time_ms",
    "total_cost_usd",
    "active_work_time_ms",
    "dependency_wait_time_ms",
    "agent_utilization_pct",
    "rework_rate",
    "tasks_per_hour",
    "coordination_overhead_pct",
    "dispatch_latency_ms",
    "pickup_latency_ms",
    "failure_rate",
    "points_per_hour",
    "redo_rate",
    "handoffs",
    "tokens_total",
];

/// Writes `count` records.
pub fn write(path: &Path, count: usize) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut state = 1_u64;
    let mut chance = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    for at in 0..count {
        let (arm, replicate) = (at % ARMS, at / ARMS + 1);
        let mut metrics = Map::new();
        for (column, name) in METRICS.iter().enumerate() {
            let mean = 100.0 * (1.0 + column as f64) * (1.0 + 0.02 * arm as f64);
            metrics.insert((*name).into(), json!(mean * (0.8 + 0.4 * chance())));
        }
        metrics.insert("cost_source".into(), json!("logged"));
        metrics.insert("warnings".into(), json!([]));
        let run = json!({"id": format!("arm{arm}-r{replicate}"), "experiment": "bench", "arm": format!("arm{arm}"),
            "workflow": "swarm", "template": "t", "agents": 3, "replicate": replicate, "seed": replicate, "simulated": true,
            "inputs_sha256": "x"});
        let record = json!({"type": "run", "v": 1, "run": run, "wait": {"outcome": "completed", "states": {"completed": 20},
            "ended_at_ms": 1_795_356_000_000_i64}, "metrics": metrics});
        writeln!(out, "{record}")?;
    }
    Ok(out.flush()?)
}
