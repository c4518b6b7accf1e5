# The metrics that every peer computes. (Counting with `.[$key] += 1` is quadratic; group_by is not.)
.tables as $t
| ($t.tasks | map(.created_at) | min) as $first
| ($t.tasks | map(.completed_at) | max) as $last
| ($t.tasks | length) as $n
| ($t.tasks | map(select(.status == "completed")) | length) as $completed
| ([$t.task_sequence[] | select(.status == "pending" or .status == "assigned") | .end_timestamp - .timestamp] | add) as $waiting
| [$t.task_sequence[] | select(.status == "working")] as $work
| ($work | map(.end_timestamp - .timestamp) | add) as $timed
| ($work | map(.worker_id) | unique | length) as $workers
| ($work | map(.task_id) | group_by(.) | map(select(length > 1)) | length) as $again
| {
    wall_clock_time_ms: ($last - $first),
    total_cost_usd: ($t.tasks | map(.cost_usd) | add),
    active_work_time_ms: ($t.tasks | map(.time_actual_ms) | add),
    agent_utilization_pct: (100 * $timed / $workers / ($last - $first)),
    rework_rate: ($again / $n),
    tasks_per_hour: ($completed * 3600000 / ($last - $first)),
    coordination_overhead_pct: (100 * $waiting / ($waiting + $timed)),
    failure_rate: (($t.tasks | map(select(.status == "failed")) | length) / $n),
    completion_rate_pct: (100 * $completed / $n),
    metric_0: ($t.tasks | map(.metric_0) | add)
  }
