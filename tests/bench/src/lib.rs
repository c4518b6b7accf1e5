//! The cost of the tools, compared with their alternatives and with programs that do only the minimum.

pub mod database;
pub mod job;
pub mod limit;
pub mod machine;
pub mod measure;
pub mod places;
pub mod plan;
pub mod records;
pub mod snapshot;
pub mod table;
pub mod wait;

use clap::{Parser, Subcommand};
use database::Result;
use flate2::{Compression, write::GzEncoder};
use job::Job;
use limit::Limit;
use measure::Rounds;
use places::Places;
use plan::Plan;
use snapshot::Dialect;
use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Measure the tools beside their alternatives
#[derive(Debug, Parser)]
#[command(version)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a database and its snapshots in DIR
    Generate {
        /// Directory to write to
        dir: PathBuf,
        /// Number of tasks
        #[arg(long, default_value_t = 1000)]
        tasks: usize,
        /// Another seed makes another run
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of snapshots of 20 to 50 tasks to make instead
        #[arg(long)]
        archive: Option<usize>,
    },
    /// Do only the minimum of a job
    Limit {
        /// The job
        what: Limit,
        /// Its file
        file: PathBuf,
        /// Number of tasks
        #[arg(long, default_value_t = 1000)]
        tasks: usize,
    },
    /// Measure everything and print a Markdown table
    Run(Run),
}

/// Measure everything and print a Markdown table
#[derive(Debug, clap::Args)]
pub struct Run {
    /// Small sizes and one round, to check that everything runs and gives the same numbers
    #[arg(long)]
    quick: bool,
    /// Directory of our tools
    #[arg(long, default_value = "target/release")]
    tools: PathBuf,
    /// Directory for generated data
    #[arg(long, default_value = "target/bench")]
    data: PathBuf,
    /// The peers' programs
    #[arg(long, default_value = "tests/bench/peers")]
    peers: PathBuf,
    /// A Python with the peers' packages
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Time that a clean build of the tools took, in seconds
    #[arg(long)]
    build_seconds: Option<f64>,
    /// Minimum number of runs of each program; short ones run up to ten times as often
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only jobs whose title contains this text
    #[arg(long)]
    only: Option<String>,
    /// Also write to this file
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: Args) -> Result<()> {
    match args.what {
        What::Generate {
            dir,
            tasks,
            seed,
            archive: None,
        } => generate(&dir, seed, tasks),
        What::Generate {
            dir,
            seed,
            archive: Some(count),
            ..
        } => archive(&dir, seed, count),
        What::Limit { what, file, tasks } => limit::run(what, &file, tasks),
        What::Run(run) => measure_all(&run),
    }
}

fn measure_all(run: &Run) -> Result<()> {
    let (tasks, snapshots, rounds) = if run.quick {
        (300, 20, Rounds::ONE)
    } else {
        let rounds = Rounds {
            least: run.rounds,
            most: 10 * run.rounds,
        };
        (100_000, 5000, rounds)
    };
    let sizes: &[usize] = if run.quick {
        &[1000]
    } else {
        &[1000, 1_000_000]
    };
    let host = tg_host::Host::find().map_err(|error| error.cause)?;
    let places = Places {
        tools: run.tools.clone(),
        data: run.data.clone(),
        peers: run.peers.clone(),
        python: run.python.clone(),
        host: host.path,
    };
    let mut report = Report {
        out: run.out.clone(),
        text: String::new(),
        missed: Vec::new(),
    };
    report.say(include_str!("about.md"))?;
    report.say(&format!("Machine: {}\n", machine::describe()))?;
    let is_wanted = |title: &str| run.only.as_deref().is_none_or(|only| title.contains(only));
    places::generate(&run.data.join("t20"), &["--tasks", "20"])?;
    places::generate(
        &run.data.join(format!("t{tasks}")),
        &["--tasks", &tasks.to_string()],
    )?;
    let dir = run.data.join(format!("archive{snapshots}"));
    places::generate(&dir, &["--archive", &snapshots.to_string()])?;
    records::write(
        &run.data.join("records.jsonl"),
        if run.quick { 200 } else { 10_000 },
    )?;
    let jobs = job::all(&places, tasks, snapshots)
        .into_iter()
        .chain(job::others(&places, tasks));
    for job in jobs.filter(|job| is_wanted(&job.title)) {
        report.job(&job, rounds)?;
    }
    if is_wanted(wait::TITLE) {
        let (text, is_met) = wait::measure(&places, run.quick)?;
        report.add(wait::TITLE, &text, is_met || run.quick)?;
    }
    for &tasks in sizes {
        let jobs = job::growth(&places, tasks);
        for job in jobs.into_iter().filter(|job| is_wanted(&job.title)) {
            places::generate(
                &run.data.join(format!("t{tasks}")),
                &["--tasks", &tasks.to_string()],
            )?;
            report.job(&job, if tasks > 100_000 { Rounds::ONE } else { rounds })?;
        }
    }
    if let Some(seconds) = run.build_seconds {
        let (title, text, is_met) = table::build(seconds);
        report.add(title, &text, is_met)?;
    }
    let missed = match report.missed.as_slice() {
        [] => "\nEvery limit is kept.\n".to_string(),
        missed => format!("\nMissed: {}.\n", missed.join("; ")),
    };
    report.say(&missed)?;
    report.say(include_str!("notes.md"))?;
    if run.quick && report.text.contains("**Not the same numbers**") {
        return Err("not the same numbers".into());
    }
    Ok(())
}

/// The report so far.
struct Report {
    out: Option<PathBuf>,
    text: String,
    missed: Vec<String>,
}

impl Report {
    fn job(&mut self, job: &Job, rounds: Rounds) -> Result<()> {
        let costs = measure::race(&job.contenders, rounds, job.is_compared);
        if let Some(Err(cause)) = costs.first() {
            return Err(cause.clone().into()); // ours must run
        }
        let (text, is_met) = table::show(job, &costs);
        self.add(&job.title, &text, is_met)
    }

    fn add(&mut self, title: &str, text: &str, is_met: bool) -> Result<()> {
        if !is_met {
            self.missed.push(title.into());
        }
        self.say(text)
    }

    fn say(&mut self, text: &str) -> Result<()> {
        self.text += text;
        write!(std::io::stdout(), "{text}")?;
        if let Some(out) = &self.out {
            std::fs::write(out, &self.text)?;
        }
        Ok(())
    }
}

/// Makes a database, its snapshots in both dialects, one of them compressed, and a template, unless they exist.
pub fn generate(dir: &Path, seed: u64, tasks: usize) -> Result<()> {
    create_dir_all(dir)?;
    if dir.join("done").exists() {
        return Ok(());
    }
    let plan = Plan::new(seed, tasks);
    database::write(&plan, &dir.join("tasks.db"))?;
    let file = |name: &str| {
        File::create(dir.join(name)).map(|file| BufWriter::with_capacity(1 << 20, file))
    };
    snapshot::write(&plan, Dialect::Milliseconds, file("int.json")?)?;
    if tasks <= 100_000 {
        snapshot::write(&plan, Dialect::Host, file("host.json")?)?;
        snapshot::write(&plan, Dialect::Template, file("template.json")?)?;
        let gzip = GzEncoder::new(file("int.json.gz")?, Compression::new(6));
        snapshot::write(&plan, Dialect::Milliseconds, gzip)?;
    }
    File::create(dir.join("done"))?;
    Ok(())
}

/// Makes small snapshots, one file each.
pub fn archive(dir: &Path, seed: u64, count: usize) -> Result<()> {
    create_dir_all(dir)?;
    if dir.join("done").exists() {
        return Ok(());
    }
    for at in 0..count {
        let plan = Plan::new(seed + at as u64, 20 + (at * 7) % 31);
        let file = BufWriter::new(File::create(dir.join(format!("{at:05}.json")))?);
        snapshot::write(&plan, Dialect::Milliseconds, file)?;
    }
    File::create(dir.join("done"))?;
    Ok(())
}
