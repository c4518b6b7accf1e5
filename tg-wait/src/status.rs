//! `--once`: how things stand, said once: a table on a terminal, JSON lines in a pipe.
//!
//! It reads what the run directories say, and looks into the databases of runs whose agents may be at work. It needs no
//! records and no part in the run, so it can tell of an experiment that somebody else's processes are running, or that
//! crashed. Nothing is written.

use serde::Serialize;
use serde_json::json;
use std::io::{IsTerminal, Write, stdout};
use std::path::Path;
use std::time::Duration;
use tg_host::live::{self, Event, Known, Live, Moment, Tally, Worker};
use tg_stage::rundir::{self, Phase, RunDir};
use tg_stage::{Error, Exit, Output, Result, Wait, time};

/// A run, as a line of JSON has it.
#[derive(Serialize)]
struct Status<'a> {
    r#type: &'static str,
    v: u64,
    at_ms: i64,
    #[serde(flatten)]
    dir: &'a RunDir,
    tasks: Vec<Tally>,
    agents: Vec<Worker>,
    last_event: Option<&'a Event>,
}

/// Say how the runs in `results` stand.
pub fn once(results: &Path, output: impl Write) -> Result<Exit> {
    if !results.is_dir() {
        return Err(Error::usage(results.display(), "is no directory")
            .hint("give the directory that an experiment writes its runs to: results"));
    }
    let is_table = stdout().is_terminal();
    let mut output = Output::new(output);
    // A run's own directory is looked at alone.
    let (beside, only) = match results.parent() {
        Some(beside) if rundir::runs(beside).iter().any(|run| run == results) => {
            (vec![beside.to_path_buf()], Some(results))
        }
        _ => (rundir::experiments(results), None),
    };
    for experiment in beside {
        let mut table = Vec::new();
        let (mut done, mut again) = (0, 0);
        let runs = rundir::runs(&experiment).into_iter();
        for dir in runs.filter(|run| only.is_none_or(|only| run == only)) {
            let (dir, live) = look(&dir);
            let status = status(&dir, &live);
            if is_table {
                let is_void = dir.outcome.as_deref().is_some_and(Wait::is_void);
                again += u64::from(is_void);
                done += u64::from(dir.phase == Phase::Ended && !is_void);
                table.push(row(&status));
            } else {
                let line = serde_json::to_string(&status)
                    .map_err(|cause| Error::outside(&dir.run, cause))?;
                output.bytes(format!("{line}\n").as_bytes())?;
            }
        }
        if is_table {
            let name = experiment.file_name().unwrap_or_default().to_string_lossy();
            let again = match again {
                0 => String::new(),
                some => format!(", {some} to be run again"),
            };
            let (all, table) = (table.len(), aligned(&table));
            let text = format!("{name}: {done} of {all} runs done{again}\n{table}");
            output.bytes(text.as_bytes())?;
        }
    }
    Ok(Exit::Done)
}

/// A run's files, and what its database says if somebody is at work in it.
fn look(dir: &Path) -> (RunDir, Live) {
    let mut dir = RunDir::read(dir);
    let mut live = Live::new(&dir.id);
    if dir.phase == Phase::Running && live::is_open(&dir.db) {
        let looked = live.look_into(&dir.db);
        dir.problem = looked.err().map(|error| error.to_string());
    }
    (dir, live)
}

fn status<'a>(dir: &'a RunDir, live: &'a Live) -> Status<'a> {
    let now = time::now_ms();
    let is_over = !matches!(dir.phase, Phase::Running | Phase::Ending);
    let moment = Moment {
        now,
        silent_ms: dir.silent_ms(),
        over_at: is_over.then(|| dir.ended_at_ms.unwrap_or(now)),
    };
    Status {
        r#type: "status",
        v: 1,
        at_ms: now,
        tasks: if dir.states.is_empty() {
            live.tally().to_vec()
        } else {
            live::tally_of(&dir.states)
        },
        agents: live.workers(&known(dir), &moment),
        last_event: live.last_event(),
        dir,
    }
}

const HEAD: [&str; 7] = ["run", "phase", "outcome", "tasks", "time", "used", "agents"];

fn row(status: &Status) -> [String; 7] {
    let dir = status.dir;
    let (over, all) = over(&status.tasks);
    let word = |phase: Phase| json!(phase).as_str().unwrap_or_default().to_string();
    let why = dir
        .outcome
        .as_ref()
        .or(dir.error.as_ref())
        .or(dir.problem.as_ref());
    let took = dir
        .elapsed_ms(status.at_ms)
        .map(|ms| Duration::from_millis(ms as u64));
    let mut who = gauges(&status.agents);
    if let Some(last) = status.last_event {
        who = format!("{who}  {}", event(last));
    }
    [
        live::cut(&dir.run).text,
        word(dir.phase),
        why.map_or_else(String::new, |why| live::cut(why).text),
        if all > 0 {
            format!("{over}/{all}")
        } else {
            String::new()
        },
        took.map_or_else(String::new, time::show),
        tokens_and_cost(dir),
        if dir.phase == Phase::Running {
            who
        } else {
            String::new()
        },
    ]
}

fn aligned(rows: &[[String; 7]]) -> String {
    let mut all = vec![HEAD.map(String::from)];
    all.extend_from_slice(rows);
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; 7] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in &all {
        let cells = row.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What the files say of the agents.
pub fn known(dir: &RunDir) -> Vec<Known> {
    let one = |agent: &rundir::AgentDir| Known {
        worker: agent.worker.clone(),
        role: agent.role.clone(),
        heard_at_ms: agent.heard_at_ms,
        is_gone: agent.is_gone,
        cost_usd: agent.spent.cost_usd,
        tokens: agent.spent.tokens,
    };
    dir.agents.iter().map(one).collect()
}

/// Tasks that are over, and all.
pub fn over(tally: &[Tally]) -> (u64, u64) {
    let is_over = |one: &&Tally| matches!(one.class, "success" | "failure");
    let over = tally.iter().filter(is_over).map(|one| one.tasks).sum();
    (over, tally.iter().map(|one| one.tasks).sum())
}

/// The states of tasks that are not over, in words.
pub fn open(tally: &[Tally]) -> String {
    let open = tally.iter().filter(|one| one.class != "success");
    let words: Vec<String> = open
        .map(|one| format!("{} {}", one.tasks, one.state))
        .collect();
    words.join(" ")
}

/// One sign an agent: it works, is idle, is silent, is being started, is gone.
pub fn gauges(workers: &[Worker]) -> String {
    let sign = |worker: &Worker| match worker.state {
        "working" => '#',
        "idle" => '-',
        "silent" => '!',
        "starting" => '.',
        _ => ' ',
    };
    if workers.is_empty() {
        return String::new();
    }
    format!("[{}]", workers.iter().map(sign).collect::<String>())
}

/// What a run used so far, in words; empty where nothing is known.
pub fn tokens_and_cost(dir: &RunDir) -> String {
    let cost = dir.cost_usd.map(|usd| format!("${usd:.2}"));
    let tokens = dir.tokens.map(|tokens| match tokens {
        1_000_000.. => format!("{:.1}M tokens", tokens as f64 / 1e6),
        10_000.. => format!("{}k tokens", tokens / 1000),
        _ => format!("{tokens} tokens"),
    });
    let words: Vec<String> = cost.into_iter().chain(tokens).collect();
    words.join(" ")
}

/// What happened last, in words.
pub fn event(event: &Event) -> String {
    let title = if event.title.text.is_empty() {
        &event.task
    } else {
        &event.title.text
    };
    format!("{} {title}", event.state)
}
