-- The input of the metrics, by their definitions and not by the product: one run of a database, named by the one row
-- of `chosen` (NULL in a database without runs). All times are milliseconds.

-- The run; `opened` is the start of its clocks if its tasks are older than that.
CREATE TEMP TABLE run AS
SELECT r.*, CASE WHEN 'true' IN (json_type(r.run_json, '$.start_gate'), json_type(r.run_json, '$.shared_db'))
                 THEN r.started_at END AS opened
FROM chosen LEFT JOIN experiment_runs r ON r.id = chosen.id;

-- The classes of states, from the stored configuration, else from the shipped names.
CREATE TEMP TABLE state AS
WITH config AS (SELECT config_snapshot AS json, config_snapshot ->> '$.effective.settings.initial_state' AS initial FROM run),
     stored AS (
         SELECT s.key AS name, s.key = initial AS is_initial, json_type(s.value, '$.timed') = 'true' AS timed,
                s.key IN (SELECT value FROM json_each(config.json, '$.effective.settings.blocking_states')) AS blocking,
                NOT EXISTS (SELECT 1 FROM json_each(s.value, '$.exits') WHERE value NOT IN (initial, 'pending')) AS ends
         FROM config, json_each(config.json, '$.effective.states') s),
     shipped(name, class, blocking) AS (VALUES
         ('pending', 'initial', 1), ('backlog', 'initial', 1),
         ('assigned', 'assigned', 1), ('todo', 'assigned', 1), ('planned', 'assigned', 1),
         ('working', 'timed', 1), ('in_progress', 'timed', 1), ('active', 'timed', 1), ('review', 'timed', 1),
         ('completed', 'terminal', 0), ('failed', 'terminal', 0), ('cancelled', 'terminal', 0), ('done', 'terminal', 0)),
     known AS (
         SELECT name, CASE WHEN is_initial THEN 'initial' WHEN timed THEN 'timed' WHEN blocking THEN 'assigned'
                           WHEN ends THEN 'terminal' ELSE 'parked' END AS class, blocking
         FROM stored
         UNION ALL SELECT * FROM shipped WHERE NOT EXISTS (SELECT 1 FROM stored))
SELECT name, class, blocking, class = 'terminal' AND name NOT IN ('failed', 'cancelled') AS success FROM known;

-- The states of the stored configuration, and their exits.
CREATE TEMP TABLE leads_to AS
SELECT s.key AS name, x.value AS next
FROM run, json_each(config_snapshot, '$.effective.states') s LEFT JOIN json_each(s.value, '$.exits') x;

CREATE TEMP TABLE agent AS
SELECT a.*, coalesce(a.role IN ('coordinator', 'lead'), 0) AS leads
FROM experiment_agents a, run WHERE run.id IS NULL OR a.run_id = run.id;

-- All tasks of the run, deleted ones and containers included.
CREATE TEMP TABLE task AS
SELECT t.*, max(t.created_at, coalesce(run.opened, t.created_at)) AS created, coalesce(state.class, 'parked') AS class,
       coalesce(state.success, 0) AS success, coalesce(state.blocking, 0) AS blocking
FROM tasks t CROSS JOIN run LEFT JOIN state ON state.name = t.status
WHERE (SELECT count(*) FROM experiment_runs) < 2 OR t.id IN (SELECT task_id FROM experiment_tasks WHERE run_id = run.id);

CREATE TEMP TABLE edge AS
SELECT from_task_id AS before, to_task_id AS after, dep_type = 'contains' AS contains FROM dependencies
WHERE dep_type IN ('contains', 'follows', 'blocks')
  AND from_task_id IN (SELECT id FROM task) AND to_task_id IN (SELECT id FROM task);

-- Every row of the history that has a state, with the phase in force.
CREATE TEMP TABLE event AS
SELECT s.id, s.task_id AS task, s.worker_id AS worker, s.status AS state, coalesce(state.class, 'parked') AS class,
       coalesce(state.blocking, 0) AS blocking, max(s.timestamp, coalesce(run.opened, s.timestamp)) AS at,
       coalesce(substr(s.reason, 1, 12) = 'auto-rollup:', 0) AS rollup, s.reason IS 'stale_release' AS evicted,
       coalesce((SELECT p.phase FROM task_sequence p
                 WHERE p.task_id = s.task_id AND p.id <= s.id AND p.phase IS NOT NULL ORDER BY p.id DESC LIMIT 1),
                (SELECT o.phase FROM experiment_tasks o WHERE o.task_id = s.task_id)) AS phase
FROM task_sequence s CROSS JOIN run JOIN task ON task.id = s.task_id LEFT JOIN state ON state.name = s.status
WHERE s.status IS NOT NULL;

-- The run's end: recorded, else the last event.
CREATE TEMP TABLE finish AS
SELECT coalesce(completed_at, (SELECT max(t) FROM (
           SELECT max(timestamp, coalesce(run.opened, timestamp)) AS t FROM task_sequence WHERE task_id IN (SELECT id FROM task)
           UNION ALL SELECT max(created, updated_at) FROM task)), 0) AS at
FROM run;

-- Intervals from t0 to t1; `open` if a worker had the task and left it without a row, so that the end is unknown and was
-- cut. If the end of that worker is recorded, the task was back in the queue from then on; no worker put it there.
CREATE TEMP TABLE interval AS
WITH opened AS (
         SELECT id, task, worker, state, class, evicted, phase, at FROM event WHERE NOT rollup
         UNION ALL
         SELECT -1, t.id, NULL, '', 'initial', 0, NULL, t.created FROM task t
         WHERE CASE WHEN t.id IN (SELECT task FROM event)
                    THEN t.created < coalesce((SELECT min(at) FROM event WHERE task = t.id AND NOT rollup),
                                              (SELECT min(at) FROM event WHERE task = t.id))
                    ELSE t.class = 'initial' END),
     linked AS (
         SELECT o.*, lead(id) OVER later AS next_id, lead(at) OVER later AS next, lead(state) OVER later AS next_state,
                lead(evicted) OVER later AS next_evicted
         FROM opened o WINDOW later AS (PARTITION BY task ORDER BY id)),
     rolled AS (
         SELECT l.*, (SELECT min(at) FROM event e WHERE e.task = l.task AND e.rollup AND e.id > l.id
                                                    AND (next_id IS NULL OR e.id < next_id)) AS rolled_up
         FROM linked l),
     closed AS (
         SELECT l.*, coalesce(rolled_up, next, iif(l.class = 'terminal', l.at, finish.at)) AS until,
                l.class IN ('timed', 'assigned') AND rolled_up IS NULL AND CASE
                    WHEN next IS NULL THEN t.status <> state
                    WHEN next_evicted THEN 1
                    WHEN state IN (SELECT name FROM leads_to)
                    THEN NOT EXISTS (SELECT 1 FROM leads_to x WHERE x.name = state AND x.next = next_state)
                    ELSE state = next_state OR state = 'working' AND next_state = 'assigned' END AS open,
                (SELECT ended_at FROM agent WHERE worker_id = l.worker) AS gone, t.updated_at AS touched,
                CASE WHEN next IS NULL THEN t.class = 'initial' ELSE NOT next_evicted END AS waits
         FROM rolled l JOIN task t ON t.id = l.task CROSS JOIN finish),
     cut AS (SELECT *, max(at, iif(open, min(until, coalesce(gone, touched)), until)) AS t1 FROM closed),
     queued AS (SELECT * FROM cut WHERE open AND waits AND gone IS NOT NULL AND t1 < until)
SELECT id, task, worker, state, class, evicted, phase, open, next IS NULL AND id NOT IN (SELECT id FROM queued) AS last, at AS t0, t1
FROM cut
UNION ALL
SELECT id + 0.5, task, NULL, '', 'initial', 1, phase, 0, next IS NULL, t1, until FROM queued;

-- Tasks that count as work, with the moment they came to their end: the entry of their terminal state, and where a worker
-- that disconnected left no row of it, the end of its interval.
CREATE TEMP TABLE scope AS
SELECT t.*,
       CASE WHEN t.class = 'terminal' THEN coalesce(
           (SELECT iif(class = 'terminal', at, NULL) FROM event WHERE task = t.id ORDER BY id DESC LIMIT 1),
           (SELECT t1 FROM interval WHERE task = t.id AND last AND open),
           t.completed_at) END AS ended
FROM task t
WHERE deleted_at IS NULL AND substr(id, 1, 6) <> '_lock:'
  AND NOT EXISTS (SELECT 1 FROM json_each(t.needed_tags) WHERE value = '__launcher__')
  AND (id NOT IN (SELECT before FROM edge WHERE contains)
       OR EXISTS (SELECT 1 FROM interval WHERE task = t.id AND class = 'timed' AND worker IS NOT NULL
                  AND worker NOT IN (SELECT worker_id FROM agent WHERE leads)));

CREATE TEMP TABLE span AS SELECT * FROM interval WHERE task IN (SELECT id FROM scope);
CREATE TEMP TABLE timed AS SELECT * FROM span WHERE class = 'timed';

-- The wall clock, from the first creation to the last end, else to the run's end.
CREATE TEMP TABLE clock AS
WITH ends AS (SELECT min(created) AS begun, max(ended) AS last, total(class <> 'terminal') AS censored FROM scope)
SELECT begun, censored, iif(censored = 0, last, NULL) AS done, coalesce(iif(censored = 0, last, NULL), finish.at) AS ended
FROM ends, finish;
CREATE TEMP TABLE wall AS SELECT iif(ended < begun, NULL, ended - begun) AS ms FROM clock;

-- Work within the wall clock.
CREATE TEMP TABLE work AS
SELECT task, worker, max(t0, begun) AS t0, min(t1, ended) AS t1 FROM timed, clock WHERE max(t0, begun) < min(t1, ended);

-- The same with intervals of no length: no work, but the worker was there.
CREATE TEMP TABLE stint AS
SELECT worker, max(t0, begun) AS t0, min(t1, ended) AS t1 FROM timed, clock WHERE max(t0, begun) <= min(t1, ended);

-- Each worker's time, in slices between the moments at which an interval begins or ends.
CREATE TEMP TABLE load AS
WITH worker AS (
         SELECT worker AS id FROM timed WHERE worker IS NOT NULL
         UNION SELECT worker_id FROM agent WHERE NOT leads),
     moment AS (SELECT worker, t0 AS t FROM stint UNION SELECT worker, t1 FROM stint),
     slice AS (SELECT worker, t AS t0, lead(t) OVER (PARTITION BY worker ORDER BY t) AS t1 FROM moment),
     judged AS (
         SELECT worker, t1 - t0 AS ms, EXISTS (SELECT 1 FROM stint w
                WHERE w.worker = slice.worker AND w.t0 <= slice.t0 AND w.t1 >= slice.t1) AS busy
         FROM slice WHERE t1 IS NOT NULL)
SELECT worker.id AS worker, coalesce(sum(iif(busy, ms, 0)), 0) AS busy, coalesce(sum(iif(busy, 0, ms)), 0) AS gaps
FROM worker LEFT JOIN judged ON judged.worker = worker.id GROUP BY worker.id;

-- First starts, and the state of each predecessor just before them.
CREATE TEMP TABLE start AS
SELECT timed.task, timed.id AS row, timed.t0 AS at, min(t.created, timed.t0) AS created
FROM timed JOIN task t ON t.id = timed.task
WHERE timed.id = (SELECT min(id) FROM timed x WHERE x.task = timed.task);

CREATE TEMP TABLE predecessor AS
WITH pair AS (SELECT DISTINCT start.task, start.row, p.* FROM start JOIN edge ON after = start.task AND NOT contains
              JOIN task p ON p.id = before),
     past AS (SELECT e.*, lag(e.blocking, 1, 1) OVER (PARTITION BY e.task ORDER BY e.id) AS was_blocking FROM event e)
SELECT pair.task,
       coalesce((SELECT blocking FROM event WHERE task = pair.id AND id < pair.row ORDER BY id DESC LIMIT 1),
                iif(pair.id IN (SELECT task_id FROM task_sequence), 1, pair.blocking)) AS blocking,
       coalesce((SELECT class = 'terminal' AND state IN ('failed', 'cancelled') FROM event
                 WHERE task = pair.id AND id < pair.row ORDER BY id DESC LIMIT 1),
                pair.id NOT IN (SELECT task_id FROM task_sequence) AND pair.class = 'terminal' AND NOT pair.success) AS failed,
       (SELECT max(at) FROM past WHERE task = pair.id AND id < pair.row AND was_blocking AND NOT blocking) AS freed
FROM pair;

CREATE TEMP TABLE wait AS
WITH judged AS (
         SELECT start.*, EXISTS (SELECT 1 FROM predecessor p WHERE p.task = start.task AND blocking) AS early,
                EXISTS (SELECT 1 FROM predecessor p WHERE p.task = start.task AND failed) AS tainted,
                (SELECT max(freed) FROM predecessor p WHERE p.task = start.task) AS freed
         FROM start),
     ready AS (SELECT *, iif(early, at, min(at, max(created, coalesce(freed, created)))) AS ready_at FROM judged)
SELECT *, (SELECT total(max(0, min(t1, at) - max(t0, ready_at))) FROM span
           WHERE span.task = ready.task AND class = 'assigned') AS assigned,
       (SELECT min(t0) FROM span WHERE span.task = ready.task AND class = 'assigned') AS given
FROM ready;

-- Entries of work that began again, in a phase in which the task had been worked on, after an end (a container's rollup
-- too) or a hand-back. An eviction is none, nor is leaving, whichever worker gets the task next.
CREATE TEMP TABLE redone AS
SELECT DISTINCT f.task FROM timed f
JOIN timed e ON e.task = f.task AND e.id = (SELECT max(id) FROM timed x WHERE x.task = f.task AND x.id < f.id)
WHERE EXISTS (SELECT 1 FROM timed x WHERE x.task = f.task AND x.id < f.id AND x.phase IS f.phase)
  AND (EXISTS (SELECT 1 FROM event x WHERE x.task = f.task AND x.id > e.id AND x.id < f.id AND class = 'terminal')
       OR NOT coalesce((SELECT evicted OR e.open FROM span x WHERE x.task = f.task AND x.id > e.id AND x.id < f.id
                        AND class IN ('initial', 'assigned') ORDER BY id LIMIT 1), 1));

-- The longest chains: along ordering edges, and from the tasks in a container to the container.
CREATE TEMP TABLE link AS
SELECT before AS a, after AS b, 0 AS up FROM edge WHERE NOT contains
UNION SELECT after, before, 1 FROM edge WHERE contains;
CREATE TEMP TABLE circle AS
WITH RECURSIVE reach(a, b) AS (SELECT a, b FROM link UNION SELECT reach.a, link.b FROM reach JOIN link ON link.a = reach.b)
SELECT count(*) AS n FROM reach WHERE a = b;
CREATE TEMP TABLE path AS
WITH RECURSIVE
    weight(id, ms) AS (SELECT id, (SELECT coalesce(sum(t1 - t0), 0) FROM timed WHERE timed.task = task.id) FROM task),
    chain(id, ms) AS (
        SELECT id, ms FROM weight
        UNION SELECT weight.id, iif(up, chain.ms, chain.ms + weight.ms)
        FROM chain JOIN link ON link.a = chain.id JOIN weight ON weight.id = link.b
        WHERE (SELECT n FROM circle) = 0)
SELECT iif((SELECT n FROM circle) = 0, coalesce(max(ms), 0), NULL) AS ms FROM chain;

-- The names of the slots: the manifest's, else the default ones.
CREATE TEMP TABLE slot AS
WITH usual(n, name) AS (VALUES (0, 'tokens_in'), (1, 'tokens_out'), (2, 'tokens_cached'), (3, 'tokens_thinking'),
                               (4, 'tokens_image'), (5, 'tokens_audio'), (6, NULL), (7, NULL)),
     logged(n, value) AS (
         SELECT 0, total(metric_0) FROM task UNION ALL SELECT 1, total(metric_1) FROM task
         UNION ALL SELECT 2, total(metric_2) FROM task UNION ALL SELECT 3, total(metric_3) FROM task
         UNION ALL SELECT 4, total(metric_4) FROM task UNION ALL SELECT 5, total(metric_5) FROM task
         UNION ALL SELECT 6, total(metric_6) FROM task UNION ALL SELECT 7, total(metric_7) FROM task)
SELECT n, value, coalesce(run_json ->> ('$.slots.metric_' || n), name) AS name
FROM usual JOIN logged USING (n), run;

-- Cost and tokens: reported if every agent's report is known, else logged.
CREATE TEMP TABLE money AS
SELECT (SELECT sum(cost_usd) FROM agent HAVING count(*) = count(cost_usd)) AS reported,
       (SELECT sum(cost_usd) FROM task HAVING sum(cost_usd <> 0) > 0) AS logged;
CREATE TEMP TABLE tokens AS
WITH reported AS (SELECT sum(tokens_in) AS t_in, sum(tokens_out) AS t_out, sum(tokens_cached) AS t_cached, count(*) AS n,
                         count(tokens_in) AS n_in, count(tokens_out) AS n_out, count(tokens_cached) AS n_cached FROM agent),
     logged AS (SELECT (SELECT value FROM slot WHERE name = 'tokens_in' ORDER BY n LIMIT 1) AS t_in,
                       (SELECT value FROM slot WHERE name = 'tokens_out' ORDER BY n LIMIT 1) AS t_out,
                       (SELECT value FROM slot WHERE name = 'tokens_cached' ORDER BY n LIMIT 1) AS t_cached)
SELECT t_in, t_out, iif(n = n_cached, t_cached, NULL) AS t_cached FROM reported WHERE n > 0 AND n = n_in AND n = n_out
UNION ALL
SELECT logged.* FROM logged, reported
WHERE NOT (n > 0 AND n = n_in AND n = n_out) AND (logged.t_in <> 0 OR logged.t_out <> 0);
