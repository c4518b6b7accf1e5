//! `--check`: all that a run needs, looked at before any money is spent, and what it may take.
//!
//! Each thing is a line: `ok`, `fail` with what to do, or `unknown` where nothing here can know it. One that fails does not
//! keep the others from being looked at. Nothing is made, written or started but what says its own version.

use crate::args::Args;
use crate::manifest::Manifest;
use crate::matrix::{self, Row, beside};
use crate::resume::{self, State};
use crate::template::Template;
use crate::{disk, estimate, plan, provenance};
use rustix::fs::{Access, access};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use tg_host::Host;
use tg_stage::error::outside;
use tg_stage::file::Lock;
use tg_stage::{Error, Exit, Output, Profile, Record, Result, Secrets, say};

/// Whose usage comes with a cost in USD, without a price table.
const REPORT_USD: [&str; 2] = ["claude", "mini"];

/// Who of them says it only at the exit.
const AT_EXIT: [&str; 1] = ["claude"];

/// What was found out about one thing.
pub enum Finding {
    /// It is there.
    Ok(String),
    /// It is not, and a run would fail.
    Fail(Error),
    /// Nobody can tell before the run.
    Unknown(String),
}

/// A thing and what was found out about it.
type Line = (&'static str, Finding);

/// Look at everything, print it, and say by the exit status whether a run can begin.
pub fn run(path: &Path, args: &Args, output: impl Write) -> Result<Exit> {
    let manifest = Manifest::load(path)?;
    let mut lines = named_files(&manifest, path);
    let rows = matrix::rows(&manifest, path, &args.results, args.shared_db).and_then(|mut rows| {
        matrix::choose(&mut rows, args)?;
        Ok(rows)
    });
    let mut text = String::new();
    match &rows {
        Ok(rows) => {
            let due: Vec<&Row> = rows.iter().filter(|row| is_due(row, args)).collect();
            lines.insert(
                0,
                (
                    "manifest",
                    Finding::Ok(format!("{} rows, {} to be run", rows.len(), due.len())),
                ),
            );
            lines.extend(of_agents(rows, args.secrets.as_deref()));
            lines.push(("results", writable(&args.results)));
            lines.push(("locks", locks(rows, &args.results.join(&manifest.name))));
            lines.push(("disk", disk::check(&due, &args.results)));
            text += &plan::table(rows, args);
            text.push('\n');
            text += &printed(&lines);
            text += &estimate::text(&due, &args.results.join(&manifest.name));
        }
        Err(error) => {
            // Said by its own line already, where it is a template or the host.
            let is_told = lines
                .iter()
                .any(|line| matches!(&line.1, Finding::Fail(told) if told.cause == error.cause));
            if !is_told {
                let is_agents = error.subject.starts_with("agent ");
                let what = if is_agents { "agent" } else { "manifest" };
                lines.push((what, Finding::Fail(error.clone())));
            }
            text += &printed(&lines);
        }
    }
    let failed = || {
        lines.iter().filter_map(|line| match &line.1 {
            Finding::Fail(error) => Some(error),
            _ => None,
        })
    };
    if args.quiet {
        failed().for_each(|error| error.report("tg-instantiate"));
        if let (Ok(rows), true) = (&rows, args.planned) {
            planned(rows, &mut Output::new(output))?;
        }
    } else {
        Output::new(output).bytes(text.as_bytes())?;
        let count = failed().count();
        if count > 0 {
            say(format_args!(
                "tg-instantiate: {count} of {} checks failed",
                lines.len()
            ));
        }
    }
    Ok(failed().map(|error| error.exit).max().unwrap_or(Exit::Done))
}

/// The rows as records, with the metrics of the user's own by name.
fn planned(rows: &[Row], output: &mut Output<impl Write>) -> Result<()> {
    for row in rows {
        let mut record = Record::new(&row.run)?;
        let own = row.run.report.own_metrics.iter();
        let unknown = own.map(|metric| (metric.name.clone(), Value::Null));
        record.set("metrics", &unknown.collect::<Map<_, _>>())?;
        output.record(&record)?;
    }
    Ok(())
}

/// The host, and what the manifest names that can be looked at alone.
fn named_files(manifest: &Manifest, path: &Path) -> Vec<Line> {
    let mut lines = Vec::new();
    for name in manifest.templates() {
        let loaded = beside(path, name).and_then(|file| Template::load(&file));
        lines.push(("template", finding(loaded.map(|template| about(&template)))));
    }
    let host = Host::find().map_err(outside);
    lines.push((
        "host",
        finding(host.map(|host| {
            format!(
                "{} {}, with all workflows of the manifest",
                tg_host::binary::PROGRAM,
                host.version
            )
        })),
    ));
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

fn finding(looked: Result<String>) -> Finding {
    looked.map_or_else(Finding::Fail, Finding::Ok)
}

fn is_due(row: &Row, args: &Args) -> bool {
    let state = resume::state(row, args.again);
    !matches!(state, Ok(State::Done { .. } | State::Decided { .. }))
}

/// Programs, credentials and prices of every kind of agent that the rows have.
fn of_agents(rows: &[Row], secrets: Option<&Path>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut seen = BTreeSet::new();
    let mut known = Secrets::default();
    if let Some(path) = secrets {
        let read = Secrets::load(path).map(|read| known = read);
        let count = known.all().len();
        let says = read.map(|()| format!("{}: {count} variables", path.display()));
        lines.push(("secrets", finding(says)));
    }
    for row in rows {
        let run = &row.run;
        let started = run
            .profile
            .as_ref()
            .and_then(|profile| profile.found.as_ref());
        let started = started.map_or(run.command[0].as_str(), |found| found.path.as_str());
        let name = run
            .profile
            .as_ref()
            .map_or("", |profile| profile.name.as_str());
        if !seen.insert((started, name)) {
            continue;
        }
        lines.push(("agent", program(row, started)));
        if let Some(profile) = &run.profile {
            lines.push(("credentials", credentials(profile, &known)));
        }
        lines.push(("prices", prices(row)));
    }
    lines
}

fn program(row: &Row, started: &str) -> Finding {
    let profile = row.run.profile.as_ref();
    let Some(path) = provenance::find(started) else {
        let error = Error::outside(format!("agent {started}"), "no such program");
        let install = profile
            .map(|profile| profile.install.as_str())
            .filter(|install| !install.is_empty());
        return Finding::Fail(
            error.hint(install.unwrap_or("put it on PATH, or name it with its path in `command`")),
        );
    };
    let own = || {
        row.run
            .simulated
            .then(|| concat!(env!("CARGO_PKG_VERSION"), ", simulated").into())
    };
    let found = profile.and_then(|profile| profile.found.as_ref()?.version.clone());
    let version = found.or_else(own);
    let version = version.unwrap_or_else(|| "(version not asked: nobody says how)".into());
    Finding::Ok(format!("{} {version}", path.display()))
}

/// Whether the variables that the agent cannot do without are set, in the environment or in the file of secrets; their
/// values are nobody's business.
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

/// Whether what the agents cost can be known, which a budget in USD rests on.
fn prices(row: &Row) -> Finding {
    let run = &row.run;
    let limits = &run.limits;
    let budget = [
        limits.agent_cost_usd,
        limits.run_cost_usd,
        limits.experiment_cost_usd,
    ];
    let has_budget = budget.iter().any(Option::is_some);
    let is_one = |profile: &Profile, of: &[&str]| {
        let usage = profile.usage.as_deref();
        usage.is_some_and(|usage| of.contains(&usage))
    };
    let reported = |profile: &Profile| is_one(profile, &REPORT_USD);
    let at_exit = |profile: &Profile| is_one(profile, &AT_EXIT);
    match &run.profile {
        _ if run.simulated => Finding::Ok("the stand-in reports what it would have cost".into()),
        Some(profile) if has_budget && profile.price.is_none() && at_exit(profile) => {
            let names = ["agent_cost_usd", "run_cost_usd", "experiment_cost_usd"];
            let set = names.iter().zip(budget).filter(|(_, limit)| limit.is_some());
            let set: Vec<&str> = set.map(|(name, _)| *name).collect();
            Finding::Unknown(format!(
                "{} tells its cost when it exits: {} cannot be held while a run lives without `prices`",
                profile.name,
                set.join(", ")
            ))
        }
        Some(profile) if reported(profile) => Finding::Ok(format!("{} reports its cost in USD", profile.name)),
        Some(profile) if profile.price.is_some() => Finding::Ok("from the manifest's prices".into()),
        Some(profile) if has_budget => Finding::Fail(
            Error::usage("limits", format!("a budget in USD, and {} tells only tokens: it could never be kept", profile.name))
                .hint("set `prices` for its model, or limit tokens: run_tokens, experiment_tokens"),
        ),
        None if has_budget => Finding::Unknown(
            "a budget in USD holds only if your command writes cost_usd to usage.json in {agent_dir}".into(),
        ),
        _ => Finding::Unknown("no price and no report: costs will be null".into()),
    }
}

/// Whether a directory can be written, or made where it is not there.
fn writable(results: &Path) -> Finding {
    let dir = existing(results);
    let may = if dir.is_dir() {
        access(&dir, Access::WRITE_OK | Access::EXEC_OK)
    } else {
        Err(rustix::io::Errno::NOTDIR)
    };
    match may {
        Ok(()) => Finding::Ok(format!("{} can be written", results.display())),
        Err(cause) => {
            let cause = tg_stage::error::file_error(&dir)(cause.into()).cause;
            let error = Error::outside(results.display(), format!("cannot be written: {cause}"));
            Finding::Fail(error.hint("name another directory: --results DIR"))
        }
    }
}

/// The directory itself, or the first above it that is there.
pub fn existing(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut above = whole.ancestors().filter(|dir| dir.exists());
    above
        .next()
        .map_or_else(|| PathBuf::from("/"), Path::to_path_buf)
}

fn locks(rows: &[Row], experiment: &Path) -> Finding {
    let of_run =
        |row: &Row| ["launch.lock", "wait.lock"].map(|name| Path::new(&row.run.dir).join(name));
    let all = std::iter::once(experiment.join(".lock")).chain(rows.iter().flat_map(of_run));
    match all.into_iter().find(|lock| !Lock::is_free(lock)) {
        Some(held) => Finding::Fail(Error::held(&held)),
        None => Finding::Ok("nobody else runs this experiment".into()),
    }
}

fn printed(lines: &[Line]) -> String {
    let mut text = String::new();
    for (what, finding) in lines {
        let (word, says, hint) = match finding {
            Finding::Ok(says) => ("ok", says.clone(), None),
            Finding::Unknown(says) => ("unknown", says.clone(), None),
            Finding::Fail(error) => ("fail", error.to_string(), error.hint.as_ref()),
        };
        let hint = hint.map(|hint| format!("{:<21} hint: {hint}\n", ""));
        text.extend(
            [format!("{word:<8} {what:<12} {says}\n")]
                .into_iter()
                .chain(hint),
        );
    }
    text
}
