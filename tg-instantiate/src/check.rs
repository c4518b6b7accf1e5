//! `--check`: everything a run needs, verified before any money is spent, and the expected time and cost.
//!
//! Each check is a line: `ok`, `fail` with a hint, or `unknown` if only a run can show it. After a failure the other
//! checks go on. Nothing is made or written, and no program is started but to print its version. A command behind `--` gets the
//! planned rows on its stdin and is one more check: `experiment run` has `tg-report` verify its options so, before
//! anything is made.

use crate::args::Args;
use crate::finding::{Finding, Line, printed};
use crate::manifest::Manifest;
use crate::matrix::Sources;
use crate::paths::{existing, program_path};
use crate::resume::{self, Verdict};
use crate::row::Row;
use crate::template::Template;
use crate::{disk, estimate, plan};
use rustix::fs::{Access, access};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tg_stage::file::Lock;
use tg_stage::{Error, Exit, Experiment, Output, Profile, Record, Result, Secrets, say};

/// Usage formats that contain the cost in USD, without a price table.
const REPORT_USD: [&str; 2] = ["claude", "mini"];

/// Of those, the formats that contain it only at the exit.
const AT_EXIT: [&str; 1] = ["claude"];

/// Runs all checks, prints the result, and returns an exit status that is not 0 if a run cannot begin.
pub fn run(
    manifest: &Manifest,
    sources: &Sources,
    rows: &Result<Vec<Row>>,
    args: &Args,
    output: impl Write,
) -> Result<Exit> {
    let is_quiet = args.quiet || !args.check;
    let mut lines = named_files(sources);
    let mut text = String::new();
    match rows {
        Ok(rows) => {
            let experiment = Experiment::new(args.results.join(&manifest.name));
            let due: Vec<&Row> = rows.iter().filter(|row| is_due(row, args)).collect();
            let count = format!("{} rows, {} to be run", rows.len(), due.len());
            lines.insert(0, ("manifest", Finding::Ok(count)));
            lines.extend(of_agents(rows, args.secrets.as_deref()));
            lines.push(("results", writable(&args.results)));
            lines.push(("locks", locks(rows, &experiment)));
            lines.push(("disk space", disk::check(&due, &args.results)));
            if !is_quiet {
                text += &[plan::table(rows, args), printed(&lines)].join("\n");
                text += &estimate::text(&due, &experiment);
            }
        }
        Err(error) => {
            // An error of a template or of the host has its own line already.
            let mut errors = lines.iter().filter_map(|line| line.1.error());
            if !errors.any(|known| known.cause == error.cause) {
                let is_agents = error.subject.starts_with("agent ");
                let subject = if is_agents { "agent" } else { "manifest" };
                lines.push((subject, Finding::Fail(error.clone())));
            }
            text += &printed(&lines);
        }
    }
    let failed: Vec<&Error> = lines.iter().filter_map(|line| line.1.error()).collect();
    if is_quiet {
        for error in &failed {
            error.report("tg-instantiate");
        }
    } else {
        Output::new(output).bytes(text.as_bytes())?;
        let (count, all) = (failed.len(), lines.len());
        if count > 0 {
            say(format_args!(
                "tg-instantiate: {count} of {all} checks failed"
            ));
        }
    }
    let worst = failed.iter().map(|error| error.exit).max();
    let exit = worst.unwrap_or(Exit::Done);
    match (rows, args.preflight.as_slice()) {
        (Ok(rows), [program, arguments @ ..]) => Ok(exit.max(preflight(program, arguments, rows)?)),
        _ => Ok(exit),
    }
}

/// Gives the rows to the command behind `--`, as records without results, and returns its verdict. It prints its own
/// errors; stdout is for our records, so its stdout becomes our stderr.
fn preflight(program: &str, arguments: &[String], rows: &[Row]) -> Result<Exit> {
    let fault = |cause| Error::outside(program, cause);
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    let mut child = command.stdout(std::io::stderr()).spawn().map_err(fault)?;
    let input = child.stdin.take();
    let written = input.map_or(Ok(()), |input| planned(rows, &mut Output::new(input)));
    let status = child.wait().map_err(fault)?;
    match status.code() {
        Some(0) => written.map(|()| Exit::Done),
        Some(2) => Ok(Exit::Usage),
        _ => Ok(Exit::Outside),
    }
}

/// The rows as records, with the names of the custom metrics.
fn planned(rows: &[Row], output: &mut Output<impl Write>) -> Result<()> {
    for row in rows {
        let mut record = Record::new(&row.run)?;
        let custom = row.run.report.own_metrics.iter();
        let unknown = custom.map(|metric| (metric.name.clone(), Value::Null));
        record.set("metrics", &unknown.collect::<Map<_, _>>())?;
        output.record(&record)?;
    }
    Ok(())
}

/// The templates and the host.
fn named_files(sources: &Sources) -> Vec<Line> {
    let templates = sources.templates.iter();
    let templates = templates.map(|loaded| loaded.as_deref().map(about).map_err(Error::clone));
    let mut lines: Vec<Line> = templates
        .map(|about| ("template", Finding::new(about)))
        .collect();
    let program = tg_host::binary::PROGRAM;
    let host = sources.host.as_ref().map_err(Error::clone);
    let host = host.map(|host| {
        let version = &host.version;
        format!("{program} {version}, with all workflows of the manifest")
    });
    lines.push(("host", Finding::new(host)));
    lines
}

fn about(template: &Template) -> String {
    let warned = match template.warnings.len() {
        0 => String::new(),
        n => format!(", {n} warnings"),
    };
    let (tasks, edges) = (template.tasks.len(), template.ordering_deps());
    format!(
        "{}: {tasks} tasks, {edges} ordering edges{warned}",
        template.name
    )
}

fn is_due(row: &Row, args: &Args) -> bool {
    let verdict = resume::verdict(row, args.again);
    !matches!(verdict, Ok(Verdict::Done { .. } | Verdict::Decided { .. }))
}

/// Programs, credentials and prices of every kind of agent in the rows.
fn of_agents(rows: &[Row], secrets: Option<&Path>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut seen = BTreeSet::new();
    let mut known = Secrets::default();
    if let Some(path) = secrets {
        let read = Secrets::load(path).map(|read| known = read);
        let count = known.all().len();
        let found = read.map(|()| format!("{}: {count} variables", path.display()));
        lines.push(("secrets", Finding::new(found)));
    }
    for row in rows {
        let profile = row.run.profile.as_ref();
        let found = profile.and_then(|profile| profile.found.as_ref());
        let path = found.map_or(row.run.command[0].as_str(), |found| found.path.as_str());
        let name = profile.map_or("", |profile| profile.name.as_str());
        if !seen.insert((path, name)) {
            continue;
        }
        lines.push(("agent", program(row, path)));
        if let Some(profile) = profile {
            lines.push(("credentials", credentials(profile, &known)));
        }
        lines.push(("prices", prices(row)));
    }
    lines
}

fn program(row: &Row, path: &str) -> Finding {
    let profile = row.run.profile.as_ref();
    let Some(found) = program_path(path) else {
        let install = profile.map_or("", |profile| profile.install.as_str());
        let hint = match install {
            "" => "put it on PATH, or name it with its path in `command`",
            install => install,
        };
        return Finding::Fail(
            Error::outside(format!("agent {path}"), "no such program").hint(hint),
        );
    };
    let simulated = concat!(env!("CARGO_PKG_VERSION"), ", simulated");
    let simulated = row.run.simulated.then(|| simulated.to_string());
    let version = profile.and_then(|profile| profile.found.as_ref()?.version.clone());
    let version = version.or(simulated);
    let version = version.unwrap_or_else(|| "(version unknown: no profile says how to ask)".into());
    Finding::Ok(format!("{} {version}", found.display()))
}

/// Checks that the variables the agent needs are set, in the environment or in the file of secrets. Their values are
/// neither read nor shown.
fn credentials(profile: &Profile, secrets: &Secrets) -> Finding {
    let is_set = |name: &String| secrets.get(name).is_some();
    let needed = profile.pass_env.iter().filter(|name| !name.ends_with('?'));
    let (there, missing): (Vec<String>, Vec<String>) = needed.cloned().partition(is_set);
    match (there.len(), missing.first()) {
        (0, None) => Finding::Ok(format!("{} needs none", profile.name)),
        (_, None) => Finding::Ok(format!("{} is set", there.join(", "))),
        (_, Some(first)) => {
            let subject = format!("agent {}", profile.name);
            let error = Error::outside(subject, format!("{} is not set", missing.join(", ")));
            Finding::Fail(error.hint(format!("export {first}=..., or --secrets FILE")))
        }
    }
}

/// Checks that the agents' cost will be known, on which a budget in USD depends.
fn prices(row: &Row) -> Finding {
    let run = &row.run;
    let budgets = [
        ("agent_cost_usd", run.limits.agent_cost_usd),
        ("run_cost_usd", run.limits.run_cost_usd),
        ("experiment_cost_usd", run.limits.experiment_cost_usd),
    ];
    let set = budgets.iter().filter(|(_, limit)| limit.is_some());
    let set: Vec<&str> = set.map(|(name, _)| *name).collect();
    let has_budget = !set.is_empty();
    let is_one_of = |profile: &Profile, formats: &[&str]| {
        let usage = profile.usage.as_deref();
        usage.is_some_and(|usage| formats.contains(&usage))
    };
    match &run.profile {
        _ if run.simulated => Finding::Ok("the simulated agent reports a simulated cost".into()),
        Some(profile) if has_budget && profile.price.is_none() && is_one_of(profile, &AT_EXIT) => {
            Finding::Unknown(format!(
                "{} reports its cost when it exits: {} cannot be held during a run without `prices`",
                profile.name,
                set.join(", ")
            ))
        }
        Some(profile) if is_one_of(profile, &REPORT_USD) => {
            Finding::Ok(format!("{} reports its cost in USD", profile.name))
        }
        Some(profile) if profile.price.is_some() => {
            Finding::Ok("from the manifest's prices".into())
        }
        Some(profile) if has_budget => {
            let name = &profile.name;
            let why = format!("a budget in USD, and {name} reports only tokens: it could never be kept");
            let hint = "set `prices` for its model, or limit tokens: run_tokens, experiment_tokens";
            Finding::Fail(Error::usage("limits", why).hint(hint))
        }
        None if has_budget => Finding::Unknown(
            "a budget in USD holds only if your command writes cost_usd to usage.json in {agent_dir}".into(),
        ),
        _ => Finding::Unknown("no price and no report: costs will be null".into()),
    }
}

/// Checks that a directory can be written, or created if it does not exist.
fn writable(results: &Path) -> Finding {
    let dir = existing(results);
    let access = if dir.is_dir() {
        access(&dir, Access::WRITE_OK | Access::EXEC_OK)
    } else {
        Err(rustix::io::Errno::NOTDIR)
    };
    match access {
        Ok(()) => Finding::Ok(format!("{} can be written", results.display())),
        Err(cause) => {
            let cause = tg_stage::error::file_error(&dir)(cause.into()).cause;
            let error = Error::outside(results.display(), format!("cannot be written: {cause}"));
            Finding::Fail(error.hint("name another directory: --results DIR"))
        }
    }
}

fn locks(rows: &[Row], experiment: &Experiment) -> Finding {
    let held = Some(experiment.lock()).filter(|lock| !Lock::is_free(lock));
    let mut of_runs = rows.iter().filter_map(|row| row.dir().held_lock());
    match held.or_else(|| of_runs.next()) {
        Some(held) => Finding::Fail(Lock::held(&held)),
        None => Finding::Ok("no other process runs this experiment".into()),
    }
}
