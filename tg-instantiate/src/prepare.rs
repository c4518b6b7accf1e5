//! Making a row: its directory, its sealed configuration, its database.
//!
//! Everything is made under a temporary name and renamed when it is complete, so that a killed tool leaves no half row.
//! The host confirms the workflow once per row, on a scratch database, before any agent is paid.

use crate::attempts::earlier;
use crate::row::Row;
use crate::template::Template;
use serde_json::json;
use std::path::{Path, PathBuf};
use tg_host::experiment_tables::RunRow;
use tg_host::schema::instantiate::{self, Stamp};
use tg_host::{Host, Seal, Workflow, database, empty_database};
use tg_stage::error::{file_error, outside};
use tg_stage::{Error, Instantiate, Record, Result, Run, RunDir, directories, file, time};

/// A database for several rows: `shared-1.db`, or the first free number, beside their directories.
pub struct SharedDb {
    path: PathBuf,
}

impl SharedDb {
    /// Chooses its name; it is created with the first row that needs it.
    pub fn new(rows: &[Row]) -> Result<Self> {
        let dir = rows.first().map(|row| row.dir().path().with_file_name(""));
        let dir = dir.unwrap_or_default();
        file::make_dir(&dir)?;
        let mut paths = (1..100_000).map(|number| dir.join(format!("shared-{number}.db")));
        let free = paths.find(|path| !path.exists());
        free.map(|path| Self { path })
            .ok_or_else(|| Error::outside(dir.display(), "holds too many shared databases"))
    }
}

/// The temporary directory of a row that is being made.
fn making(row: &Row) -> PathBuf {
    row.dir()
        .path()
        .with_file_name(format!(".{}.new", row.run.id))
}

/// Removes the leftovers of killed calls: a row that was being made, files that were being written.
pub fn sweep(row: &Row) {
    let _ = std::fs::remove_dir_all(making(row)); // never launched
    file::sweep(row.dir().path());
    for agent in directories(&row.dir().agents()) {
        file::sweep(&agent);
    }
}

/// Makes the row and returns its record; `manifest` is its manifest's text, of which a copy is kept.
pub fn row(
    row: &Row,
    title_prefix: &str,
    shared: Option<&SharedDb>,
    manifest: &str,
) -> Result<Record> {
    let dir = row.dir();
    let mut row = row.clone();
    row.run.earlier = earlier(&row);
    row.run.attempt = row.run.earlier.len() as u32 + 1;
    let making = making(&row);
    if making.exists() {
        std::fs::remove_dir_all(&making).map_err(file_error(&making))?; // it could not be swept: report the cause
    }
    file::make_dir(&making)?;
    let made = file::write(&making.join("manifest.yaml"), manifest.as_bytes())
        .and_then(|()| fill(&row, title_prefix, &making, shared));
    let record = match made {
        Ok(record) => record,
        Err(error) => {
            let _ = std::fs::remove_dir_all(&making);
            return Err(error);
        }
    };
    dir.put_aside()?;
    std::fs::rename(&making, dir.path()).map_err(file_error(dir.path()))?;
    Ok(record)
}

fn fill(row: &Row, title_prefix: &str, making: &Path, shared: Option<&SharedDb>) -> Result<Record> {
    let new = RunDir::new(making);
    let db = shared.map_or_else(|| new.db(), |shared| shared.path.clone());
    let shown = shared.map_or_else(|| row.dir().db(), |shared| shared.path.clone());
    let seal = Seal::new(making, &db).map_err(outside)?;
    let mut workflow = Workflow::clone(&row.workflow);
    seal.write(&workflow.name, &workflow.texts())
        .map_err(outside)?;
    workflow.confirm(&row.host, &seal).map_err(outside)?;
    if !db.exists() {
        empty_database::create(&row.host, &db).map_err(outside)?;
    }
    let run = &row.run;
    if let Some(workspace) = &row.local.workspace {
        file::copy_tree(workspace, &new.work())?;
    }
    let run_tag = format!("run:{}-{}", run.arm, run.replicate);
    let stamp = Stamp {
        run: RunRow {
            config_snapshot: Some(workflow.snapshot(&row.host).to_string()),
            ..RunRow::default()
        },
        initial_state: &workflow.effective.settings.initial_state,
        needed_tag: shared.map(|_| run_tag.clone()),
        tags: vec![format!("exp:{}", run.experiment), run_tag],
        title_prefix,
        ..Stamp::default()
    };
    let now = write(&db, &row.template, run, stamp)?;
    let program = row.local.program.clone();
    let record = record(run, &row.template, &shown, &row.host, now, program)?;
    file::write(&new.record(), &record.line())?;
    Ok(record)
}

/// Inserts the template into `db`, with `stamp` completed from `run`, and returns the creation time.
pub fn write<'a>(
    db: &Path,
    template: &Template,
    run: &'a Run,
    mut stamp: Stamp<'a>,
) -> Result<i64> {
    let now = time::now_ms();
    stamp.has_barrier = run.barrier;
    stamp.run = RunRow {
        id: run.id.clone(),
        experiment_name: run.experiment.clone(),
        workflow_name: run.workflow.clone(),
        agent_count: Some(run.agents.into()),
        template_name: Some(run.template.clone()),
        run_json: Some(json!(run).to_string()),
        ..stamp.run
    };
    // Task ids end in five characters drawn from the run.
    let suffix = |attempt| {
        let seed = format!("{}/{}/{attempt}", run.experiment, run.id);
        file::sha256(seed.as_bytes())[..5].to_string()
    };
    let (tasks, edges) = (&template.tasks, &template.dependencies);
    let mut connection = database::open_to_write(db).map_err(outside)?;
    instantiate::insert(&mut connection, tasks, edges, &stamp, suffix, now)
        .map_err(|cause| Error::outside(db.display(), cause))?;
    Ok(now)
}

/// The record of a database that was made.
pub fn record(
    run: &Run,
    template: &Template,
    db: &Path,
    host: &Host,
    now: i64,
    program: Option<String>,
) -> Result<Record> {
    let mut record = Record::new(run)?;
    let made = Instantiate {
        db: db.to_string_lossy().into_owned(),
        tasks: template.tasks.len() as u64,
        ordering_deps: template.ordering_deps() as u64,
        host: host.version.clone(),
        created_at_ms: now,
        program,
    };
    record.set("instantiate", &made)?;
    Ok(record)
}
