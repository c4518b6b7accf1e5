//! The jobs: each with the tool that does it, its alternatives, a limit program, and the required ratios.

use crate::measure::Contender;
use crate::places::Places;

/// The metrics that every peer computes.
const TEN: &str = "wall_clock_time_ms,total_cost_usd,active_work_time_ms,agent_utilization_pct,rework_rate,tasks_per_hour,\
                   coordination_overhead_pct,failure_rate,completion_rate_pct,metric_0";

/// One job.
pub struct Job {
    /// The heading.
    pub title: String,
    /// The programs, ours first.
    pub contenders: Vec<Contender>,
    /// `(alternative, the largest allowed ratio of our time to its time)`.
    pub must: Vec<(&'static str, f64)>,
    /// True if all print metrics, which must be equal.
    pub is_compared: bool,
    /// The limit of our peak memory, in megabytes.
    pub memory: Option<f64>,
    /// The limit of our time, in milliseconds.
    pub wall: Option<f64>,
}

fn job(title: String, contenders: Vec<Contender>, must: &[(&'static str, f64)]) -> Job {
    Job {
        title,
        contenders,
        must: must.to_vec(),
        is_compared: false,
        memory: None,
        wall: None,
    }
}

/// All jobs for runs of `tasks` tasks and an archive of `archive` snapshots.
pub fn all(places: &Places, tasks: usize, archive: usize) -> Vec<Job> {
    let mut jobs = metrics(places, tasks);
    jobs.push(small(places));
    jobs.push(many(places, archive));
    jobs.extend(export(places, tasks));
    jobs
}

/// The growth of our time and the host's with the number of tasks.
pub fn growth(places: &Places, tasks: usize) -> Vec<Job> {
    let out = places.data.join("out.json");
    let file = [places.file(tasks, "int.json")];
    let memory = Some(16.0 + 300e-6 * tasks as f64);
    vec![
        Job {
            memory,
            ..job(
                format!("Metrics, all of them, {tasks} tasks"),
                vec![places.metrics("tg-metrics", &[], &file)],
                &[],
            )
        },
        Job {
            memory: Some(16.0),
            ..job(
                format!("Export, {tasks} tasks"),
                vec![
                    places.export("tg-export", tasks, &out),
                    places.host_export(tasks, &out.with_extension("host.json")),
                ],
                &[("the host's export", if tasks > 100_000 { 0.2 } else { 0.6 })],
            )
        },
    ]
}

fn metrics(places: &Places, tasks: usize) -> Vec<Job> {
    let plain = [places.file(tasks, "int.json")];
    let gzip = [places.file(tasks, "int.json.gz")];
    let iso = [places.file(tasks, "host.json")];
    let ten = ["--only", TEN];
    let memory = Some(16.0 + 300e-6 * tasks as f64);
    vec![
        Job {
            is_compared: true,
            memory,
            ..job(
                format!("Metrics, one snapshot of {tasks} tasks, the ten that every peer computes"),
                vec![
                    places.metrics("tg-metrics --only", &ten, &plain),
                    places.python("python json", "metrics.py", &plain, usize::MAX),
                    places.python("polars", "polars_metrics.py", &plain, usize::MAX),
                    places.python("DuckDB", "duckdb_metrics.py", &plain, 2),
                    places.jq(&plain, 2),
                    places.limit("limit: serde_json from_slice", "serde", &plain[0]),
                    places.limit("limit: reading", "read", &plain[0]),
                ],
                &[
                    ("python json", 0.10),
                    ("polars", 0.12),
                    ("DuckDB", 0.04),
                    ("jq", 0.03),
                    ("limit: serde_json from_slice", 0.5),
                ],
            )
        },
        Job {
            memory,
            ..job(
                format!("The same, gzip, {tasks} tasks"),
                vec![
                    places.metrics("tg-metrics --only", &ten, &gzip),
                    places.python("python gzip + json", "metrics.py", &gzip, usize::MAX),
                    Contender::new("gzip -dc", &["gzip", "-dc", &gzip[0]]),
                    places.limit("limit: zlib-rs decoding", "inflate", &gzip[0]),
                ],
                &[("python gzip + json", 0.15), ("gzip -dc", 0.5)],
            )
        },
        Job {
            is_compared: true,
            memory,
            ..job(
                format!("The same from the host's own export, with times as texts, {tasks} tasks"),
                vec![
                    places.metrics("tg-metrics --only", &ten, &iso),
                    places.python("python json", "metrics.py", &iso, usize::MAX),
                ],
                &[],
            )
        },
        Job {
            memory,
            ..job(
                format!("The full set of metrics, {tasks} tasks"),
                vec![
                    places.metrics("tg-metrics", &[], &plain),
                    places.metrics("tg-metrics --only", &ten, &plain),
                ],
                &[("tg-metrics --only", 2.5)],
            )
        },
    ]
}

fn small(places: &Places) -> Job {
    let file = [places.file(20, "int.json")];
    Job {
        is_compared: true,
        ..job(
            "One tool on one small record (20 tasks)".into(),
            vec![
                places.metrics("tg-metrics --only", &["--only", TEN], &file),
                places.limit("limit: reading", "read", &file[0]),
                Contender::new("starting a process (true)", &["true"]),
                places.python("python json", "metrics.py", &file, usize::MAX),
                places.jq(&file, usize::MAX),
            ],
            &[("limit: reading", 1.6), ("python json", 0.1), ("jq", 0.1)],
        )
    }
}

fn many(places: &Places, archive: usize) -> Job {
    let dir = places.data.join(format!("archive{archive}"));
    let files: Vec<_> = (0..archive)
        .map(|at| dir.join(format!("{at:05}.json")).display().to_string())
        .collect();
    Job {
        is_compared: true,
        ..job(
            format!("An archive of {archive} snapshots of 20 to 50 tasks in one call"),
            vec![
                places.metrics("tg-metrics --only", &["--only", TEN], &files),
                places.python("python json", "metrics.py", &files, usize::MAX),
                places.python("DuckDB", "duckdb_metrics.py", &files, 1),
                places.jq(&files, 1),
            ],
            &[("python json", 0.25), ("jq", 0.06), ("DuckDB", 0.10)],
        )
    }
}

fn export(places: &Places, tasks: usize) -> Vec<Job> {
    let out = |name: &str| places.data.join(name);
    let scan = places.limit(
        "limit: reading every value",
        "scan",
        &places.file(tasks, "tasks.db"),
    );
    vec![
        Job {
            memory: Some(16.0),
            ..job(
                format!("Export, {tasks} tasks, plain"),
                vec![
                    places.export("tg-export", tasks, &out("out.json")),
                    places.host_export(tasks, &out("host.json")),
                    scan,
                ],
                &[("the host's export", 0.35)],
            )
        },
        Job {
            memory: Some(16.0),
            ..job(
                format!("Export, {tasks} tasks, gzip"),
                vec![
                    places.export("tg-export", tasks, &out("out.json.gz")),
                    places.host_export(tasks, &out("host.json.gz")),
                ],
                &[("the host's export", 0.55)],
            )
        },
    ]
}

/// The jobs that create databases and reports.
pub fn others(places: &Places, tasks: usize) -> Vec<Job> {
    let made = places.data.join("made.db");
    let made_text = made.display().to_string();
    let tool = places.tool("tg-instantiate");
    let instantiate = |tasks: usize| Contender {
        removed: Some(made.clone()),
        ..Contender::new(
            "tg-instantiate",
            &[
                &tool,
                "--template",
                &places.file(tasks, "template.json"),
                "--db",
                &made_text,
            ],
        )
    };
    let count = tasks.to_string();
    let insert = Contender {
        removed: Some(made.clone()),
        ..Contender::new(
            "limit: bare inserts",
            &[
                &places.tool("tg-bench"),
                "limit",
                "insert",
                &made_text,
                "--tasks",
                &count,
            ],
        )
    };
    let records = places.data.join("records.jsonl").display().to_string();
    let out = |format: &str| {
        places
            .data
            .join("report")
            .with_extension(format)
            .display()
            .to_string()
    };
    let mut report = vec![places.tool("tg-report"), "--format".into(), "text".into()];
    for format in ["markdown", "html", "csv", "tidy", "json"] {
        report.extend([format!("--{format}"), out(format)]);
    }
    report.push(records);
    let report: Vec<&str> = report.iter().map(String::as_str).collect();
    vec![
        Job {
            wall: Some(15.0),
            ..job("Instantiate, 20 tasks".into(), vec![instantiate(20)], &[])
        },
        job(
            format!("Instantiate, {tasks} tasks"),
            vec![instantiate(tasks), insert],
            &[("limit: bare inserts", 1.5)],
        ),
        Job {
            wall: Some(1000.0),
            ..job(
                "Report of 10,000 records, 20 arms, 15 metrics, all formats at once".into(),
                vec![Contender::new("tg-report, text and five files", &report)],
                &[],
            )
        },
    ]
}
