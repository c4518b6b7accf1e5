"""The metrics that every peer computes, by DuckDB with typed columns: one line for each snapshot that is named."""

import json
import sys

import duckdb

SQL = """
CREATE OR REPLACE TABLE s AS SELECT tables FROM read_json(?, maximum_object_size = ?, columns = {tables:
  'STRUCT(tasks STRUCT(created_at BIGINT, completed_at BIGINT, status VARCHAR, cost_usd DOUBLE, time_actual_ms BIGINT, metric_0 BIGINT)[],
          task_sequence STRUCT(status VARCHAR, task_id VARCHAR, worker_id VARCHAR, "timestamp" BIGINT, end_timestamp BIGINT)[])'});
CREATE OR REPLACE TABLE t AS SELECT unnest(tables.tasks, recursive := true) FROM s;
CREATE OR REPLACE TABLE h AS SELECT unnest(tables.task_sequence, recursive := true) FROM s;
"""
METRICS = """
WITH task AS (SELECT min(created_at) b, max(completed_at) e, count(*) n, sum(cost_usd) cost, sum(time_actual_ms) active,
    count(*) FILTER (status = 'completed') done, count(*) FILTER (status = 'failed') failed, sum(metric_0) slot FROM t),
  hist AS (SELECT sum(end_timestamp - timestamp) FILTER (status IN ('pending', 'assigned')) waiting,
    sum(end_timestamp - timestamp) FILTER (status = 'working') timed,
    count(DISTINCT worker_id) FILTER (status = 'working') workers FROM h),
  again AS (SELECT count(*) again FROM (SELECT task_id FROM h WHERE status = 'working' GROUP BY task_id HAVING count(*) > 1))
SELECT e - b, cost, active, 100 * timed / workers / (e - b), again / n, done * 3600000 / (e - b),
  100 * waiting / (waiting + timed), failed / n, 100 * done / n, slot FROM task, hist, again
"""
NAMES = """wall_clock_time_ms total_cost_usd active_work_time_ms agent_utilization_pct rework_rate tasks_per_hour
coordination_overhead_pct failure_rate completion_rate_pct metric_0""".split()

db = duckdb.connect()
for path in sys.argv[1:]:
    large = 2_000_000_000 if len(sys.argv) == 2 else 16_000_000
    for statement in SQL.split(";")[:3]:
        db.execute(statement, [path, large] if "?" in statement else [])
    row = db.execute(METRICS).fetchone()
    print(json.dumps({name: float(value) for name, value in zip(NAMES, row)}))
