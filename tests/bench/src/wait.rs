//! The latency of detecting the end of a run, and the cost of waiting for it.
//!
//! The run's directory is in memory if there is such a file system, because the sync of a disk must not be measured. The
//! clock runs from the return of the last commit until `end.json` exists. A look is timed in this process, with the tool's
//! own code: once without a commit since the last look, and once with one.

use crate::database::Result;
use crate::measure::median;
use crate::places::{self, Places};
use rusqlite::{Connection, params};
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The heading.
pub const TITLE: &str = "Knowing that a run is over";

/// Writers that write at the same time.
const WRITERS: usize = 10;

/// A run to wait for.
struct Scene {
    dir: PathBuf,
    tool: PathBuf,
    task: String,
}

impl Scene {
    fn new(places: &Places, tasks: usize) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory
        } else {
            &places.data
        };
        let dir = parent.join(format!("tg-bench-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir)?;
        std::fs::copy(places.file(tasks, "tasks.db"), dir.join("tasks.db"))?;
        let mut scene = Self {
            dir,
            tool: places.tools.join("tg-wait"),
            task: String::new(),
        };
        let db = scene.open()?;
        scene.task = db.query_row("SELECT max(id) FROM tasks", [], |row| row.get(0))?;
        complete_all(&db)?;
        Ok(scene)
    }

    fn open(&self) -> Result<Connection> {
        let db = Connection::open(self.dir.join("tasks.db"))?;
        db.busy_timeout(Duration::from_secs(10))?;
        db.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
        Ok(db)
    }

    fn set(&self, db: &Connection, status: &str) -> Result<()> {
        db.execute(
            "UPDATE tasks SET status = ?1 WHERE id = ?2",
            params![status, self.task],
        )?;
        Ok(())
    }

    /// Starts to wait for the run, which is not over, and lets the process settle.
    fn begin(&self, db: &Connection) -> Result<Child> {
        self.set(db, "working")?;
        let _ = std::fs::remove_file(self.dir.join("end.json"));
        let record = json!({"type": "run", "v": 1, "run": {"id": "bench", "dir": self.dir, "arm": "x", "workflow": "swarm"},
            "instantiate": {"db": self.dir.join("tasks.db")},
            "launch": {"manual": true, "started_at_ms": tg_stage::time::now_ms()}});
        let mut child = Command::new(&self.tool)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            writeln!(input, "{record}")?;
        }
        sleep(Duration::from_millis(400));
        Ok(child)
    }

    /// Ends the run; returns the time until `tg-wait` has detected it, in milliseconds.
    fn end(&self, db: Connection, mut child: Child) -> Result<f64> {
        self.set(&db, "completed")?;
        let begun = Instant::now();
        let end = self.dir.join("end.json");
        while !end.exists() {
            if begun.elapsed() > Duration::from_secs(20) {
                let _ = child.kill();
                return Err("tg-wait does not detect the end".into());
            }
            sleep(Duration::from_micros(20));
        }
        let took = begun.elapsed().as_secs_f64() * 1e3;
        drop(db); // tg-wait waits until no process has the database open
        child.wait()?;
        Ok(took)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Sets all tasks to completed: if some failed, the end waits for what agents may still do about them. The host's triggers
/// read the whole text index for each task that changes, and are dropped.
fn complete_all(db: &Connection) -> Result<()> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'tasks'";
    let mut statement = db.prepare(sql)?;
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for name in names {
        db.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    db.execute("UPDATE tasks SET status = 'completed'", [])?;
    Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// Processor time of all threads of a process, in seconds.
fn on_cpu(child: &Child) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{}/task", child.id()));
    let threads = threads.into_iter().flatten().flatten();
    let each = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    each.sum::<f64>() / 1e9
}

/// The use of a core over `time`, in percent.
fn share(child: &Child, time: Duration) -> f64 {
    let (before, begun) = (on_cpu(child), Instant::now());
    sleep(time);
    100.0 * (on_cpu(child) - before) / begun.elapsed().as_secs_f64()
}

/// The duration of a look, in microseconds.
struct Look {
    unchanged: f64,
    changed: f64,
}

/// Times looks at a run that is not over, with the tool's own code.
fn looks(scene: &Scene, rounds: usize) -> Result<Look> {
    let db = scene.open()?;
    scene.set(&db, "working")?;
    let file = tg_host::database::open_read_only(&scene.dir.join("tasks.db"))?;
    let probe = tg_host::schema::probe::Probe::new(file, "bench")?;
    let (mut unchanged, mut changed, mut version) = (Vec::new(), Vec::new(), None);
    for round in 0..rounds {
        let sql = "UPDATE workers SET last_heartbeat = last_heartbeat + 1 WHERE id = ?1";
        db.execute(sql, [crate::plan::Plan::worker(round % WRITERS)])?;
        for times in [&mut changed, &mut unchanged] {
            let begun = Instant::now();
            let found = probe.change_since(version)?;
            times.push(begun.elapsed().as_secs_f64() * 1e6);
            version = found.map_or(version, |found| Some(found.version));
        }
    }
    Ok(Look {
        unchanged: median(unchanged),
        changed: median(changed),
    })
}

/// The table, and true if every limit is met.
pub fn measure(places: &Places, is_quick: bool) -> Result<(String, bool)> {
    let (rounds, seconds, sizes): (usize, u64, &[usize]) = if is_quick {
        (2, 1, &[300])
    } else {
        (20, 10, &[1000, 100_000])
    };
    let mut text = format!("\n### {TITLE}\n\n");
    text += "| tasks | quiet: median ms | p90 | most | must | idle: % of a core | must | ten writers, commits/s | median ms | most | must | % of a core | must | a look: us | after a commit of others | must |\n";
    text += "|--:|--:|--:|--:|---|--:|---|--:|--:|--:|---|--:|---|--:|--:|---|\n";
    let mut is_met = true;
    for &tasks in sizes {
        places::generate(
            &places.data.join(format!("t{tasks}")),
            &["--tasks", &tasks.to_string()],
        )?;
        let scene = Scene::new(places, tasks)?;
        let mut quiet = Vec::new();
        for round in 0..rounds {
            let db = scene.open()?;
            let child = scene.begin(&db)?;
            sleep(Duration::from_millis(7 * round as u64 % 50)); // out of step with any timer
            quiet.push(scene.end(db, child)?);
        }
        quiet.sort_by(f64::total_cmp);
        let db = scene.open()?;
        let child = scene.begin(&db)?;
        let idle = share(&child, Duration::from_secs(seconds));
        scene.end(db, child)?;
        let mut busy = Vec::new();
        for _ in 0..rounds.div_ceil(2) {
            busy.push(under_load(&scene, seconds.div_ceil(4))?);
        }
        let look = looks(&scene, 100 * rounds)?;
        let of = |part: fn(&Busy) -> f64| median(busy.iter().map(part));
        let p90 = quiet[(quiet.len() * 9).div_ceil(10) - 1];
        let most = busy.iter().map(|one| one.latency).fold(0.0, f64::max);
        let middle = median(quiet.iter().copied());
        let checks = [
            (middle <= 1.0 && p90 <= 5.0, "1 and 5"),
            (idle <= 0.05, "0.05"),
            (of(|one| one.latency) <= 6.0, "6"),
            (of(|one| one.share) <= 1.0, "1"),
            (look.unchanged.max(look.changed) <= 10.0, "10"),
        ];
        is_met &= checks.iter().all(|check| check.0);
        let must = checks
            .map(|(is_so, limit)| format!("{limit}: {}", if is_so { "met" } else { "**missed**" }));
        let _ = writeln!(
            text,
            "| {tasks} | {middle:.2} | {p90:.2} | {:.2} | {} | {idle:.3} | {} | {:.0} | {:.2} | {most:.2} | {} | {:.2} | {} | {:.2} | {:.2} | {} |",
            quiet[quiet.len() - 1],
            must[0],
            must[1],
            of(|one| one.commits),
            of(|one| one.latency),
            must[2],
            of(|one| one.share),
            must[3],
            look.unchanged,
            look.changed,
            must[4],
        );
    }
    Ok((text, is_met))
}

struct Busy {
    latency: f64,
    share: f64,
    commits: f64,
}

/// The same during writes of other connections, one commit every 10 ms.
fn under_load(scene: &Scene, seconds: u64) -> Result<Busy> {
    let db = scene.open()?;
    let child = scene.begin(&db)?;
    let (is_over, commits) = (AtomicBool::new(false), AtomicU64::new(0));
    let write = |at: usize| {
        let Ok(db) = scene.open() else { return };
        let sql = "UPDATE workers SET last_heartbeat = last_heartbeat + 1 WHERE id = ?1";
        while !is_over.load(Ordering::Relaxed) {
            let done = db.execute(sql, [crate::plan::Plan::worker(at)]);
            commits.fetch_add(u64::from(done.is_ok()), Ordering::Relaxed);
            sleep(Duration::from_millis(100));
        }
    };
    let write = &write;
    let (share, took) = std::thread::scope(|scope| {
        for at in 0..WRITERS {
            scope.spawn(move || {
                sleep(Duration::from_millis(10 * at as u64));
                write(at);
            });
        }
        let share = share(&child, Duration::from_secs(seconds));
        let written = commits.load(Ordering::Relaxed);
        // The writers stop when the end is detected; then the database must be free.
        let over = scope.spawn(|| {
            while !scene.dir.join("end.json").exists() && !is_over.load(Ordering::Relaxed) {
                sleep(Duration::from_micros(200));
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let took = scene.end(db, child);
        is_over.store(true, Ordering::Relaxed);
        let _ = over.join();
        ((share, written), took)
    });
    Ok(Busy {
        latency: took?,
        share: share.0,
        commits: share.1 as f64 / (seconds as f64 + 0.1),
    })
}
