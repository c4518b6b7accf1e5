//! Each metric as one SQL statement over the tables of `facts.sql`, by its definition and not by the product.

/// A metric and its SQL: a number, or NULL if it is unknown.
pub const METRICS: &[(&str, &str)] = &[
    ("wall_clock_time_ms", "SELECT ms FROM wall"),
    ("total_cost_usd", "SELECT coalesce(reported, logged) FROM money"),
    // No time recorded although work was ended is unknown, not 0.
    ("active_work_time_ms", "SELECT iif(count(time_actual_ms) = 0 AND EXISTS (SELECT 1 FROM timed WHERE NOT last),
         NULL, coalesce(sum(time_actual_ms), 0)) FROM scope"),
    ("dependency_wait_time_ms", "SELECT coalesce(sum(t1 - t0), 0) FROM span s WHERE class = 'initial' AND EXISTS
         (SELECT 1 FROM span e WHERE e.task = s.task AND e.id < s.id AND e.class IN ('assigned', 'timed'))"),
    ("agent_utilization_pct", "SELECT 100.0 * avg(busy) / nullif((SELECT ms FROM wall), 0) FROM load"),
    ("rework_rate", "SELECT 1.0 * (SELECT count(DISTINCT task) FROM
         (SELECT task FROM timed GROUP BY task, state HAVING count(*) > 1)) / nullif(count(*), 0) FROM scope"),
    ("tasks_per_hour", "SELECT 3600000.0 * total(success) / nullif((SELECT ms FROM wall), 0) FROM scope"),
    ("coordination_overhead_pct", "SELECT 100.0 * sum(iif(class = 'timed', 0, t1 - t0)) / nullif(sum(t1 - t0), 0) FROM span
         WHERE class IN ('initial', 'assigned', 'timed')"),
    ("dispatch_latency_ms", "SELECT avg(t - created) FROM
         (SELECT task, min(t0) AS t FROM span WHERE class = 'assigned' GROUP BY task) JOIN task ON id = task"),
    ("dispatch_from_ready_ms", "SELECT avg(max(0, given - ready_at)) FROM wait WHERE given IS NOT NULL AND NOT early"),
    ("pickup_latency_ms", "SELECT avg(t0 - since) FROM
         (SELECT *, lag(t0) OVER past AS since, lag(class) OVER past AS waited FROM span WINDOW past AS (PARTITION BY task ORDER BY id))
         WHERE class = 'timed' AND waited IN ('initial', 'assigned')"),
    ("failure_rate", "SELECT avg(status = 'failed') FROM scope"),
    ("estimate_accuracy", "SELECT avg(time_actual_ms / (time_estimate_ms * scale)) FROM scope,
         (SELECT coalesce(run_json ->> '$.stand_in.time_scale', 1.0) AS scale FROM run)
         WHERE time_actual_ms > 0 AND time_estimate_ms > 0 AND scale > 0"),
    ("points_per_hour", "SELECT iif(count(points) = 0, NULL, 3600000.0 * total(iif(success, points, 0)))
         / nullif((SELECT ms FROM wall), 0) FROM scope"),
    ("metric_0", "SELECT value FROM slot WHERE n = 0"),
    ("metric_1", "SELECT value FROM slot WHERE n = 1"),
    ("metric_2", "SELECT value FROM slot WHERE n = 2"),
    ("metric_3", "SELECT value FROM slot WHERE n = 3"),
    ("metric_4", "SELECT value FROM slot WHERE n = 4"),
    ("metric_5", "SELECT value FROM slot WHERE n = 5"),
    ("metric_6", "SELECT value FROM slot WHERE n = 6"),
    ("metric_7", "SELECT value FROM slot WHERE n = 7"),
    ("launch_to_done_ms", "SELECT done - coalesce((SELECT min(started_at) FROM agent), (SELECT started_at FROM run)) FROM clock"),
    ("first_claim_to_done_ms", "SELECT done - (SELECT min(t0) FROM timed) FROM clock"),
    ("completion_rate_pct", "SELECT 100.0 * avg(success) FROM scope"),
    ("total_task_latency_ms", "SELECT avg(ended - created) FROM scope WHERE success"),
    ("redo_rate", "SELECT avg(id IN (SELECT task FROM redone)) FROM scope"),
    ("first_pass_rate", "SELECT avg(id NOT IN (SELECT task FROM redone)) FROM scope WHERE success"),
    ("handoffs", "SELECT total(worker <> previous) FROM
         (SELECT worker, lag(worker) OVER (PARTITION BY task ORDER BY id) AS previous FROM timed WHERE worker IS NOT NULL)"),
    ("reassignments", "SELECT total(n - 1) FROM (SELECT count(*) AS n FROM span WHERE class = 'assigned' GROUP BY task)"),
    ("avg_parallelism", "SELECT total(t1 - t0) / nullif((SELECT ms FROM wall), 0) FROM work"),
    ("peak_parallelism", "SELECT coalesce(max((SELECT count(*) FROM work b WHERE b.t0 <= a.t0 AND b.t1 > a.t0)), 0) FROM work a"),
    ("load_gini", "SELECT sum(abs(a.busy - b.busy)) / (2.0 * (SELECT count(*) FROM load) * nullif((SELECT sum(busy) FROM load), 0))
         FROM load a, load b"),
    ("load_max_over_mean", "SELECT max(busy) / nullif(avg(busy), 0) FROM load"),
    ("worker_idle_time_ms", "SELECT total(gaps) FROM load"),
    ("coordinator_cost_usd", "SELECT iif(count(*) = 0 OR sum(leads AND cost_usd IS NULL), NULL, total(iif(leads, cost_usd, 0))) FROM agent"),
    ("coordinator_tokens", "SELECT iif(count(*) = 0 OR sum(leads AND tokens_in + tokens_out IS NULL), NULL,
         total(iif(leads, tokens_in + tokens_out, 0))) FROM agent"),
    ("coordinator_decisions", "SELECT iif((SELECT count(*) FROM agent) = 0, NULL, iif((SELECT total(leads) FROM agent) = 0, 0, count(*)))
         FROM event WHERE class = 'assigned' AND NOT rollup"),
    ("tokens_total", "SELECT t_in + t_out FROM tokens"),
    ("tokens_per_completed_task", "SELECT (SELECT t_in + t_out FROM tokens) / nullif(total(success), 0) FROM scope"),
    ("cache_hit_rate", "SELECT 1.0 * t_cached / nullif(t_in, 0) FROM tokens"),
    ("cost_per_task", "SELECT (SELECT coalesce(reported, logged) FROM money) / nullif(count(*), 0) FROM scope"),
    ("cost_per_point", "SELECT (SELECT coalesce(reported, logged) FROM money) / nullif(total(points), 0) FROM scope"),
    ("cost_mismatch", "SELECT logged / nullif(reported, 0) FROM money"),
    ("blocked_time_ms", "SELECT total(ready_at - created) FROM wait"),
    ("ready_wait_time_ms", "SELECT total(at - ready_at - assigned) FROM wait"),
    ("assigned_wait_time_ms", "SELECT total(assigned) FROM wait"),
    ("critical_path_ms", "SELECT ms FROM path"),
    // The agents of the run, the coordinator included; where none are recorded, as many as were asked for, else as worked.
    ("bound_efficiency", "SELECT max(path.ms, (SELECT total(t1 - t0) FROM work) / coalesce(nullif((SELECT count(*) FROM agent), 0),
         nullif(run_json ->> '$.agents', 0), nullif((SELECT count(*) FROM load), 0))) / nullif(1.0 * wall.ms, 0) FROM path, wall, run"),
    ("tainted_starts", "SELECT total(tainted) FROM wait"),
    ("early_starts", "SELECT total(early) FROM wait"),
    ("file_contention", "SELECT nullif(count(*), 0) FROM claim_sequence c WHERE event = 'claimed' AND EXISTS
         (SELECT 1 FROM claim_sequence o WHERE o.event = 'claimed' AND o.file_path = c.file_path AND o.worker_id <> c.worker_id
          AND o.id < c.id AND (o.end_timestamp IS NULL OR o.end_timestamp > c.timestamp))
          AND ((SELECT count(*) FROM experiment_runs) < 2 OR c.worker_id IN (SELECT worker_id FROM agent))"),
    ("verify_passed", "SELECT verify_passed FROM run"),
    ("verify_score", "SELECT verify_score FROM run"),
];

/// Warnings with a count, and the SQL of the count; 0 means that there is no warning.
pub const WARNINGS: &[(&str, &str)] = &[
    ("censored", "SELECT censored FROM clock"),
    (
        "open_ended_intervals",
        "SELECT count(*) FROM span WHERE open",
    ),
    (
        "coordinators_left_out",
        "SELECT count(*) FROM agent WHERE leads AND worker_id NOT IN (SELECT worker FROM load)",
    ),
];

/// The source of the run's cost.
pub const COST_SOURCE: &str = "SELECT CASE WHEN reported IS NOT NULL THEN
         (SELECT iif(count(DISTINCT coalesce(cost_source, 'unknown')) = 1, coalesce(min(cost_source), 'unknown'), 'mixed') FROM agent)
     WHEN logged IS NOT NULL THEN 'logged' ELSE 'unknown' END FROM money";

/// Metrics that plain SQL cannot compute, and the reason.
pub const EXEMPT: &[(&str, &str)] = &[];
