"""The metrics that every peer computes, by polars: one line for each snapshot that is named."""

import json
import sys

import polars as pl

TASK = {"created_at": pl.Int64, "completed_at": pl.Int64, "status": pl.String, "cost_usd": pl.Float64,
        "time_actual_ms": pl.Int64, "metric_0": pl.Int64}
ROW = {"status": pl.String, "task_id": pl.String, "worker_id": pl.String, "timestamp": pl.Int64, "end_timestamp": pl.Int64}
SCHEMA = {"tables": pl.Struct({"tasks": pl.List(pl.Struct(TASK)), "task_sequence": pl.List(pl.Struct(ROW))})}

for path in sys.argv[1:]:
    tables = pl.read_json(path, schema=SCHEMA)["tables"].struct
    tasks = tables.field("tasks").explode().struct.unnest()
    rows = tables.field("task_sequence").explode().struct.unnest()
    wall = tasks["completed_at"].max() - tasks["created_at"].min()
    rows = rows.with_columns(length=pl.col("end_timestamp") - pl.col("timestamp"))
    work = rows.filter(pl.col("status") == "working")
    timed, waiting = work["length"].sum(), rows.filter(pl.col("status").is_in(["pending", "assigned"]))["length"].sum()
    again = (work.group_by("task_id").len()["len"] > 1).sum()
    done, failed = (tasks["status"] == "completed").sum(), (tasks["status"] == "failed").sum()
    n = len(tasks)
    print(json.dumps({
        "wall_clock_time_ms": wall,
        "total_cost_usd": tasks["cost_usd"].sum(),
        "active_work_time_ms": tasks["time_actual_ms"].sum(),
        "agent_utilization_pct": 100 * timed / work["worker_id"].n_unique() / wall,
        "rework_rate": again / n,
        "tasks_per_hour": done * 3600000 / wall,
        "coordination_overhead_pct": 100 * waiting / (waiting + timed),
        "failure_rate": failed / n,
        "completion_rate_pct": 100 * done / n,
        "metric_0": tasks["metric_0"].sum(),
    }))
