//! What the tools cost, beside what people would otherwise use and beside programs that mark what is reachable.

pub mod database;
pub mod plan;
pub mod snapshot;

use clap::{Parser, Subcommand};
use database::Result;
use flate2::{Compression, write::GzEncoder};
use plan::Plan;
use snapshot::Dialect;
use std::fs::{File, create_dir_all};
use std::io::BufWriter;
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
        /// Where to
        dir: PathBuf,
        /// How many tasks
        #[arg(long, default_value_t = 1000)]
        tasks: usize,
        /// Another seed makes another run
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Snapshots of 20 to 50 tasks instead, so many
        #[arg(long)]
        archive: Option<usize>,
    },
}

/// Do what the command line says.
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
    }
}

/// A database, its snapshots in both dialects, and one of them compressed; what is there already is kept.
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
    snapshot::write(&plan, Dialect::Host, file("host.json")?)?;
    let gzip = GzEncoder::new(file("int.json.gz")?, Compression::new(6));
    snapshot::write(&plan, Dialect::Milliseconds, gzip)?;
    File::create(dir.join("done"))?;
    Ok(())
}

/// Small snapshots, one file each.
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
