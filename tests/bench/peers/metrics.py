"""The metrics that every peer computes, with Python's own json: one line for each snapshot that is named."""

import gzip
import json
import sys
from datetime import datetime

TIMED, WAITING = {"working"}, {"pending", "assigned"}


def ms(time):
    """Milliseconds, from either dialect of time."""
    if isinstance(time, str):
        return round(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)
    return time


def metrics(path):
    opened = gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb")
    with opened as file:
        tables = json.load(file)["tables"]
    tasks, rows = tables["tasks"], tables["task_sequence"]
    begin = min(ms(task["created_at"]) for task in tasks)
    end = max(ms(task["completed_at"]) for task in tasks)
    completed = sum(task["status"] == "completed" for task in tasks)
    failed = sum(task["status"] == "failed" for task in tasks)
    waiting = timed = 0
    busy, entered = {}, {}
    for row in rows:
        status = row.get("status")
        if status not in TIMED and status not in WAITING:
            continue
        length = ms(row["end_timestamp"]) - ms(row["timestamp"])
        if status in WAITING:
            waiting += length
        else:
            timed += length
            busy[row["worker_id"]] = busy.get(row["worker_id"], 0) + length
            entered[row["task_id"]] = entered.get(row["task_id"], 0) + 1
    wall = end - begin
    cost = 0.0  # one by one: sum() of newer Pythons compensates
    for task in tasks:
        cost += task["cost_usd"]
    return {
        "wall_clock_time_ms": wall,
        "total_cost_usd": cost,
        "active_work_time_ms": sum(task["time_actual_ms"] for task in tasks),
        "agent_utilization_pct": 100 * (sum(busy.values()) / len(busy)) / wall,
        "rework_rate": sum(count > 1 for count in entered.values()) / len(tasks),
        "tasks_per_hour": completed * 3600000 / wall,
        "coordination_overhead_pct": 100 * waiting / (waiting + timed),
        "failure_rate": failed / len(tasks),
        "completion_rate_pct": 100 * completed / len(tasks),
        "metric_0": sum(slot(task) for task in tasks),
    }


def slot(task):
    return task["metrics"][0] if "metrics" in task else task["metric_0"]


for path in sys.argv[1:]:
    print(json.dumps(metrics(path)))
