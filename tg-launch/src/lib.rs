//! Starts the agents of each run and ends them.
//!
//! The record is printed as soon as the agents are started. This stage then keeps running, because it has to end them.
//! `tg-wait` alone decides when a run is over and writes `end.json`; this stage obeys that file, the exit of all
//! agents, budgets, a closed stdout and signals. Each run has a supervisor, a process of its own, which holds the run's
//! lock while any process of the run may be running. This process reads records, starts supervisors, and
//! decides if the next run may start at all.

mod agent_files;
mod args;
mod breaker;
mod budget;
mod builtin;
mod connected;
mod disk_space;
mod free_claims;
mod kill_tree;
mod last_output;
mod launch_run;
mod launcher;
mod log;
mod manual;
mod mcp_proxy;
mod own_process;
mod parent_death;
mod paths;
mod placeholders;
mod processes;
mod reap;
mod results;
mod roles;
mod start;
mod start_barrier;
mod supervise;
mod usage;

pub use args::Args;
pub use usage::{Usage, UsageReader};

use args::Part;
use launcher::Launcher;
use std::io::{BufRead, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use tg_stage::{Error, Exit, Line, Lines, Record, Result, RunDir, Secrets};

/// Launches the runs whose records come in, `--jobs` at a time, or runs one of the program's own parts.
pub fn run(
    args: &Args,
    input: impl BufRead + Send + 'static,
    output: impl Write + Send,
) -> Result<Exit> {
    match (&args.part, &args.reap) {
        (Some(Part::Supervise(options)), _) => supervise::run(options, input, output),
        (Some(Part::Become { parent, command }), _) => parent_death::run(*parent, command),
        (Some(Part::Mcp { server }), _) => mcp_proxy::run(server),
        (Some(Part::McpServer { server, parent }), _) => mcp_proxy::become_server(server, *parent),
        (None, Some(dirs)) => reap::run(dirs),
        (None, None) if builtin::is_asked(args) => builtin::print(args, output),
        (None, None) => launch(args, input, output),
    }
}

fn launch(
    args: &Args,
    input: impl BufRead + Send + 'static,
    output: impl Write + Send,
) -> Result<Exit> {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    tg_stage::standard_input("tg-instantiate MANIFEST | tg-launch | tg-wait")?;
    if let Some(path) = &args.secrets {
        Secrets::load(path)?; // each supervisor reads the file itself; a mistake in it is reported once, here
    }
    let launcher = Launcher::new(args, output)?;
    let (sender, lines) = mpsc::sync_channel(0);
    thread::spawn(move || Lines::new(input).try_for_each(|line| sender.send(line)));
    let exit = thread::scope(|scope| {
        let mut exit = Exit::Done;
        let mut runs = Vec::new();
        while !launcher.is_cancelled() {
            let (over, live): (Vec<_>, Vec<_>) = runs
                .into_iter()
                .partition(thread::ScopedJoinHandle::is_finished);
            runs = live;
            exit = exit.max(join(over));
            if runs.len() >= args.jobs.into() {
                thread::sleep(Duration::from_millis(10));
                continue;
            }
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(Line::Run(record)) => {
                    let decided = decided_run(&record);
                    if decided.is_none() && is_due(&record) {
                        let launcher = &launcher;
                        runs.push(scope.spawn(move || report(launch_run::run(launcher, *record))));
                        continue;
                    }
                    if let Some(run) = decided {
                        let dir = std::path::absolute(run.path());
                        reap::leftovers_of_run(&dir.unwrap_or_else(|_| run.path().into()));
                    }
                    exit = exit.max(report(launcher.print(&record)));
                }
                Ok(Line::Other(bytes)) => exit = exit.max(report(launcher.print_bytes(&bytes))),
                Ok(Line::Bad(error)) => exit = exit.max(report(Err(error))),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        exit.max(join(runs))
    });
    kill_tree::kill_all(kill_tree::descendants); // unmarked orphans of a supervisor that was killed
    launcher.say_unstarted();
    Ok(exit)
}

/// False for a run that has ended or could not be made, which is passed on as it is.
fn is_due(record: &Record) -> bool {
    record.value("wait").is_none() && record.failed_stage().is_none_or(|stage| stage == "launch")
}

/// The directory of a run whose end is decided and not in its record yet.
fn decided_run(record: &Record) -> Option<RunDir> {
    let run = record.run_dir()?;
    run.state_of(record.clone()).decided()?;
    Some(run)
}

fn join(runs: Vec<thread::ScopedJoinHandle<'_, Exit>>) -> Exit {
    runs.into_iter()
        .map(|run| run.join().unwrap_or(Exit::Outside))
        .max()
        .unwrap_or(Exit::Done)
}

/// The exit status of a run, its error printed. A closed stdout is an error here, because agents were ended for it.
fn report(done: Result<Exit>) -> Exit {
    done.unwrap_or_else(|error| {
        let error = if error.is_closed_pipe() {
            Error::outside("stdout", "the next tool has ended, and the agents with it")
        } else {
            error
        };
        error.report("tg-launch");
        error.exit
    })
}
