//! `--once`: the current state of runs, as a table on a terminal, as JSON lines in a pipe.
//!
//! It reads the run directories, and the databases of runs whose agents may be working. It needs no records and takes no
//! part in the run, so it works for an experiment that other processes are running, or that crashed. It writes nothing.

use serde::Serialize;
use serde_json::json;
use std::io::{IsTerminal, Write, stdout};
use std::path::Path;
use std::time::Duration;
use tg_host::database;
use tg_host::live::{self, Activity, Event, Known, Live, Moment, Tally, Worker};
use tg_stage::{
    AgentStatus, Error, Exit, Experiment, Outcome, Output, Phase, Result, RunDir, RunStatus, time,
};

/// A run, as a line of JSON.
#[derive(Serialize)]
struct Status<'a> {
    r#type: &'static str,
    v: u64,
    at_ms: i64,
    #[serde(flatten)]
    dir: &'a RunStatus,
    tasks: Vec<Tally>,
    agents: Vec<Worker>,
    last_event: Option<&'a Event>,
}

/// Prints the state of the runs in `results`.
pub fn print_once(results: &Path, output: impl Write) -> Result<Exit> {
    if !results.is_dir() {
        return Err(Error::usage(results.display(), "is not a directory")
            .hint("give the directory that an experiment writes its runs to: results"));
    }
    let is_table = stdout().is_terminal();
    let mut output = Output::new(output);
    // If `results` is a run's own directory, only that run is read.
    let itself = RunDir::new(results);
    let parent = itself
        .experiment()
        .filter(|parent| parent.runs().contains(&itself));
    let only = parent.is_some().then_some(&itself);
    for experiment in parent.map_or_else(|| Experiment::all_in(results), |parent| vec![parent]) {
        let mut rows = Vec::new();
        let (mut done, mut again) = (0, 0);
        let runs = experiment.runs().into_iter();
        for dir in runs.filter(|run| only.is_none_or(|only| run == only)) {
            let (dir, live) = read(&dir);
            let status = status(&dir, &live);
            if is_table {
                let is_void = dir.outcome.as_ref().is_some_and(Outcome::is_void);
                again += u64::from(is_void);
                done += u64::from(dir.phase == Phase::Ended && !is_void);
                rows.push(row(&status));
            } else {
                let line = serde_json::to_string(&status)
                    .map_err(|cause| Error::outside(&dir.run, cause))?;
                output.bytes(format!("{line}\n").as_bytes())?;
            }
        }
        if is_table {
            let name = experiment
                .path()
                .file_name()
                .unwrap_or_default()
                .to_string_lossy();
            let again = match again {
                0 => String::new(),
                some => format!(", {some} to be run again"),
            };
            let (all, table) = (rows.len(), aligned(&rows));
            let text = format!("{name}: {done} of {all} runs done{again}\n{table}");
            output.bytes(text.as_bytes())?;
        }
    }
    Ok(Exit::Done)
}

/// A run's files, and the content of its database if a process has it open.
fn read(dir: &RunDir) -> (RunStatus, Live) {
    let mut dir = RunStatus::read(dir);
    let mut live = Live::new(&dir.id);
    if dir.phase == Phase::Running && database::is_open(&dir.db) {
        let read = live.update_from(&dir.db);
        dir.problem = read.err().map(|error| error.to_string());
    }
    (dir, live)
}

fn status<'a>(dir: &'a RunStatus, live: &'a Live) -> Status<'a> {
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
        agents: live.workers(&known_agents(dir), &moment),
        last_event: live.last_event(),
        dir,
    }
}

const HEAD: [&str; 7] = ["run", "phase", "outcome", "tasks", "time", "used", "agents"];

fn row(status: &Status) -> [String; 7] {
    let dir = status.dir;
    let (over, all) = over_and_all(&status.tasks);
    let outcome = dir.outcome.as_ref().map(Outcome::name);
    let outcome = outcome.or(dir.error.as_deref()).or(dir.problem.as_deref());
    let duration = dir.elapsed_ms(status.at_ms);
    let duration = duration.map(|ms| time::show(Duration::from_millis(ms as u64)));
    let mut agents = gauges(&status.agents);
    if let Some(last) = status.last_event {
        agents = format!("{agents}  {}", event_text(last));
    }
    [
        live::cut(&dir.run).text,
        json!(dir.phase).as_str().unwrap_or_default().to_string(),
        outcome.map_or_else(String::new, |text| live::cut(text).text),
        Some(format!("{over}/{all}"))
            .filter(|_| all > 0)
            .unwrap_or_default(),
        duration.unwrap_or_default(),
        tokens_and_cost(dir),
        Some(agents)
            .filter(|_| dir.phase == Phase::Running)
            .unwrap_or_default(),
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
        let cells = cells.map(|(cell, width)| format!("{cell:<width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// The agents, as the run's files describe them.
pub fn known_agents(dir: &RunStatus) -> Vec<Known> {
    let known = |agent: &AgentStatus| Known {
        worker: agent.worker.clone(),
        role: agent.role.clone(),
        heard_at_ms: agent.heard_at_ms,
        is_gone: agent.is_gone,
        cost_usd: agent.spent.cost_usd,
        tokens: agent.spent.tokens,
    };
    dir.agents.iter().map(known).collect()
}

/// The number of tasks that ended, and of all tasks.
pub fn over_and_all(tally: &[Tally]) -> (u64, u64) {
    let is_over = |entry: &&Tally| matches!(entry.class, "success" | "failure");
    let over = tally.iter().filter(is_over).map(|entry| entry.tasks).sum();
    (over, tally.iter().map(|entry| entry.tasks).sum())
}

/// The states of tasks that have not succeeded: `3 pending 1 working`.
pub fn open_states(tally: &[Tally]) -> String {
    let open = tally.iter().filter(|entry| entry.class != "success");
    let texts = open.map(|entry| format!("{} {}", entry.tasks, entry.state));
    texts.collect::<Vec<_>>().join(" ")
}

/// One character per agent, in brackets.
pub fn gauges(workers: &[Worker]) -> String {
    let sign = |worker: &Worker| match worker.state {
        Activity::Working => '#',
        Activity::Idle => '-',
        Activity::Silent => '!',
        Activity::Starting => '.',
        Activity::Gone => ' ',
    };
    if workers.is_empty() {
        return String::new();
    }
    format!("[{}]", workers.iter().map(sign).collect::<String>())
}

/// The cost and the tokens of a run so far; empty if neither is known.
pub fn tokens_and_cost(dir: &RunStatus) -> String {
    let cost = dir.cost_usd.map(|usd| format!("${usd:.2}"));
    let tokens = dir.tokens.map(|tokens| match tokens {
        1_000_000.. => format!("{:.1}M tokens", tokens as f64 / 1e6),
        10_000.. => format!("{}k tokens", tokens / 1000),
        _ => format!("{tokens} tokens"),
    });
    let texts: Vec<String> = cost.into_iter().chain(tokens).collect();
    texts.join(" ")
}

/// The last change of a task: its new state and its title.
pub fn event_text(event: &Event) -> String {
    let title = &event.title.text;
    let name = if title.is_empty() { &event.task } else { title };
    format!("{} {name}", event.state)
}
