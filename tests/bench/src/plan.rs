//! The generated run: any number of tasks, ten workers, determined by a seed.
//!
//! Each task is a function of its number, so that a million of them need no memory: a worker takes every tenth task, and
//! each task has a minute of its clock. A fifth is done twice, some fail or are cancelled, texts contain quotes, line ends
//! and letters beyond ASCII. Ids are random, so that the order by id is not the order in the file, as in real databases.

/// The start of the run, in milliseconds since the epoch.
pub const BEGIN_MS: i64 = 1_795_356_000_000;

/// The number of workers; each has a clock of its own.
pub const WORKERS: usize = 10;

/// A task's share of its worker's time, in milliseconds.
const TURN_MS: i64 = 60_000;

const WORDS: [&str; 24] = [
    "parse", "render", "store", "index", "widget", "schema", "retry", "cache", "layout", "token",
    "query", "merge", "stream", "budget", "review", "export", "naïve", "façade", "worker", "lock",
    "event", "filter", "replay", "digest",
];

const TAGS: [&str; 6] = ["backend", "frontend", "docs", "test", "design", "infra"];

/// A generated run.
#[derive(Debug, Clone)]
pub struct Plan {
    seed: u64,
    /// The number of tasks.
    pub tasks: usize,
    /// Rows of history before those of each task, the first row of each left out.
    before: Vec<u32>,
    /// The tasks' numbers in the order of their ids.
    pub by_id: Vec<u32>,
}

/// A row of the history.
#[derive(Debug, Clone)]
pub struct Row {
    /// Grows with time, roughly.
    pub id: i64,
    /// None for a change of phase.
    pub status: Option<&'static str>,
    /// The phase, in a row without a state.
    pub phase: Option<&'static str>,
    /// The worker.
    pub worker: Option<String>,
    /// Its start, in milliseconds since the epoch.
    pub begin: i64,
    /// Its end.
    pub end: Option<i64>,
}

/// A task with its history and edges.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the host's columns")]
pub struct Task {
    pub id: String,
    pub title: String,
    pub description: String,
    pub status: &'static str,
    pub tags: Vec<&'static str>,
    pub points: Option<i64>,
    pub estimate_ms: i64,
    pub actual_ms: i64,
    pub created_at: i64,
    pub started_at: i64,
    pub completed_at: i64,
    pub cost_usd: f64,
    pub slots: [i64; 8],
    pub rows: Vec<Row>,
    /// Predecessors' ids and kinds of edge.
    pub edges: Vec<(String, &'static str)>,
    pub attachment: Option<String>,
}

/// A stream of numbers (`SplitMix64`, Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> i64 {
        (self.next() % end) as i64
    }

    fn words(&mut self, count: i64) -> String {
        let words: Vec<_> = (0..count)
            .map(|_| WORDS[self.below(WORDS.len() as u64) as usize])
            .collect();
        words.join(" ")
    }
}

/// The random part of a task's history.
struct Fate {
    is_redone: bool,
    changes_phase: bool,
    status: &'static str,
}

impl Plan {
    /// The run with this seed and size.
    pub fn new(seed: u64, tasks: usize) -> Self {
        let mut plan = Self {
            seed,
            tasks,
            before: Vec::with_capacity(tasks),
            by_id: (0..tasks as u32).collect(),
        };
        let mut rows = 0;
        for at in 0..tasks {
            plan.before.push(rows);
            let fate = plan.fate(at);
            rows += 3 + 3 * u32::from(fate.is_redone) + u32::from(fate.changes_phase);
        }
        let id = |at: &u32| plan.id(*at as usize);
        let mut by_id = plan.by_id.clone();
        by_id.sort_by_cached_key(id);
        plan.by_id = by_id;
        plan
    }

    fn dice(&self, at: usize, stream: u64) -> Dice {
        let mut dice = Dice(self.seed ^ (stream << 56));
        let start = dice.next() ^ (at as u64).wrapping_mul(0xd134_2543_de82_ef95);
        Dice(start)
    }

    /// The id of a task.
    pub fn id(&self, at: usize) -> String {
        format!("task-{:016x}", self.dice(at, 1).next())
    }

    fn fate(&self, at: usize) -> Fate {
        let mut dice = self.dice(at, 2);
        Fate {
            is_redone: dice.below(5) == 0,
            changes_phase: dice.below(100) < 37,
            status: match dice.below(100) {
                0 | 1 => "failed",
                2 | 3 => "cancelled",
                _ => "completed",
            },
        }
    }

    /// The name of a worker.
    pub fn worker(at: usize) -> String {
        format!("worker-{}", at % WORKERS)
    }

    /// The task with this number.
    pub fn task(&self, at: usize) -> Task {
        let mut dice = self.dice(at, 3);
        let (rows, actual_ms) = self.rows(at, &mut dice);
        let timed = rows.iter().find(|row| row.status == Some("working"));
        let last = rows.iter().rev().find(|row| row.status.is_some());
        let (started_at, completed_at) = (
            timed.map_or(0, |row| row.begin),
            last.map_or(0, |row| row.begin),
        );
        let (read, written) = (dice.below(90_000), dice.below(9_000));
        let mut edges: Vec<(String, &str)> = Vec::new();
        if at > 0 {
            let near = at - 1 - dice.below(at.min(20) as u64) as usize;
            edges.push((self.id(near), "follows"));
            let other = at - 1 - dice.below(at.min(50) as u64) as usize;
            if dice.below(100) < 37 && other != near {
                edges.push((self.id(other), "blocks"));
            }
        }
        let description = match dice.below(3) {
            0 => format!(
                "Make \"{}\" work:\n- {}\n- {}",
                dice.words(2),
                dice.words(6),
                dice.words(7)
            ),
            _ => dice.words(18),
        };
        Task {
            id: self.id(at),
            title: dice.words(5),
            description,
            status: self.fate(at).status,
            tags: (0..=usize::from(dice.below(6) == 0))
                .map(|more| TAGS[(at + 2 * more) % TAGS.len()])
                .collect(),
            points: (dice.below(10) > 0).then(|| 1 + dice.below(8)),
            estimate_ms: 1000 * (5 + dice.below(40)),
            actual_ms,
            created_at: BEGIN_MS + at as i64,
            started_at,
            completed_at,
            cost_usd: (read + 5 * written) as f64 * 3e-6,
            slots: [
                read,
                written,
                read / 2,
                written / 3,
                0,
                0,
                1 + dice.below(9),
                0,
            ],
            rows,
            edges,
            attachment: (dice.below(10) < 3).then(|| dice.words(95)),
        }
    }

    /// The history, and the time worked.
    fn rows(&self, at: usize, dice: &mut Dice) -> (Vec<Row>, i64) {
        let fate = self.fate(at);
        let worker = Self::worker(at);
        let turn = BEGIN_MS + self.tasks as i64 + (at / WORKERS) as i64 * TURN_MS;
        let mut id = self.tasks as i64 + i64::from(self.before[at]);
        let row = |status, begin, id: i64| Row {
            id,
            status: Some(status),
            phase: None,
            worker: (status != "pending").then(|| worker.clone()),
            begin,
            end: None,
        };
        let mut rows = vec![row("pending", BEGIN_MS + at as i64, at as i64 + 1)];
        let mut now = turn + dice.below(3000);
        let mut worked = 0;
        for round in 0..=usize::from(fate.is_redone) {
            let steps: &[(&str, u64)] = match round {
                0 => &[("assigned", 900), ("working", 20_000)],
                _ => &[("pending", 4000), ("assigned", 900), ("working", 20_000)],
            };
            for &(status, longest) in steps {
                id += 1;
                rows.push(row(status, now, id));
                let length = 1 + dice.below(longest);
                worked += if status == "working" { length } else { 0 };
                now += length;
            }
        }
        id += 1;
        rows.push(row(fate.status, now, id));
        for at in 0..rows.len() - 1 {
            rows[at].end = Some(rows[at + 1].begin);
        }
        if fate.changes_phase {
            let row = Row {
                id: id + 1,
                status: None,
                phase: Some("ship"),
                worker: Some(worker),
                begin: now,
                end: None,
            };
            rows.push(row);
        }
        (rows, worked)
    }
}
