-- The host's tables (0.5.0), cut down to the columns that metrics depend on. `schema_of_the_host` in generated.rs compares
-- this with a database made by the host; our own three tables come from tg_host::experiment.
CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    worker_id TEXT,
    needed_tags TEXT,
    points INTEGER,
    time_estimate_ms INTEGER,
    time_actual_ms INTEGER,
    started_at INTEGER,
    completed_at INTEGER,
    metric_0 INTEGER NOT NULL DEFAULT 0,
    metric_1 INTEGER NOT NULL DEFAULT 0,
    metric_2 INTEGER NOT NULL DEFAULT 0,
    metric_3 INTEGER NOT NULL DEFAULT 0,
    metric_4 INTEGER NOT NULL DEFAULT 0,
    metric_5 INTEGER NOT NULL DEFAULT 0,
    metric_6 INTEGER NOT NULL DEFAULT 0,
    metric_7 INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL NOT NULL DEFAULT 0.0,
    deleted_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    phase TEXT
);
CREATE TABLE dependencies (
    from_task_id TEXT NOT NULL,
    to_task_id TEXT NOT NULL,
    dep_type TEXT NOT NULL DEFAULT 'blocks',
    PRIMARY KEY (from_task_id, to_task_id, dep_type)
);
CREATE TABLE task_sequence (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    worker_id TEXT,
    status TEXT,
    phase TEXT,
    reason TEXT,
    timestamp INTEGER NOT NULL,
    end_timestamp INTEGER
);
CREATE TABLE claim_sequence (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_path TEXT NOT NULL,
    worker_id TEXT NOT NULL,
    event TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    end_timestamp INTEGER
);
