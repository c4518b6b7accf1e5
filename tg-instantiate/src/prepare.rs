//! Making a row: its directory, its sealed configuration, its database.
//!
//! All of it is made under a temporary name and renamed when it is whole, so that a killed tool leaves no half row. The
//! host confirms the workflow once per row, on a scratch database, before any agent is paid.

use crate::attempts;
use crate::insert::{self, Stamp};
use crate::matrix::Row;
use crate::template::Template;
use std::path::{Path, PathBuf};
use tg_host::{Seal, Workflow, database, empty, workflow::verify};
use tg_stage::attempt::put_aside;
use tg_stage::error::{file_error, outside};
use tg_stage::{Error, Instantiate, Record, Result, Run, file, time};

/// A database for several rows: `shared-1.db`, or the first number that is free, beside their directories.
pub struct SharedDb {
    path: PathBuf,
}

impl SharedDb {
    /// Choose its name; it is made with the first row that needs it.
    pub fn new(rows: &[Row]) -> Result<Self> {
        let dir = rows
            .first()
            .and_then(|row| Path::new(&row.run.dir).parent())
            .map(PathBuf::from)
            .unwrap_or_default();
        file::make_dir(&dir)?;
        let free = (1..100_000)
            .map(|number| dir.join(format!("shared-{number}.db")))
            .find(|path| !path.exists());
        free.map(|path| Self { path })
            .ok_or_else(|| Error::outside(dir.display(), "holds too many shared databases"))
    }
}

/// Where a row is made.
fn making(row: &Row) -> PathBuf {
    Path::new(&row.run.dir).with_file_name(format!(".{}.new", row.run.id))
}

/// Remove what killed calls left: a row that was being made, files that were being written.
pub fn sweep(row: &Row) {
    let dir = Path::new(&row.run.dir);
    let _ = std::fs::remove_dir_all(making(row)); // never launched
    file::sweep(dir);
    for agent in dir
        .join("agents")
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
    {
        file::sweep(&agent.path());
    }
}

/// Make the row and return its record; `manifest` is the text it comes from, of which a copy is kept.
pub fn row(
    row: &Row,
    title_prefix: &str,
    shared: Option<&SharedDb>,
    manifest: &str,
) -> Result<Record> {
    let dir = PathBuf::from(&row.run.dir);
    let mut row = row.clone();
    row.run.earlier = attempts::earlier(&dir);
    row.run.attempt = row.run.earlier.len() as u32 + 1;
    let making = making(&row);
    if making.exists() {
        std::fs::remove_dir_all(&making).map_err(file_error(&making))?; // it could not be swept: say why
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
    put_aside(&dir)?;
    std::fs::rename(&making, &dir).map_err(file_error(&dir))?;
    Ok(record)
}

fn fill(row: &Row, title_prefix: &str, making: &Path, shared: Option<&SharedDb>) -> Result<Record> {
    let db = shared.map_or_else(|| making.join("tasks.db"), |shared| shared.path.clone());
    let shown = shared.map_or_else(
        || Path::new(&row.run.dir).join("tasks.db"),
        |shared| shared.path.clone(),
    );
    let seal = Seal::new(making, &db).map_err(outside)?;
    let mut workflow = Workflow::clone(&row.workflow);
    seal.write(&workflow.name, &workflow.texts())
        .map_err(outside)?;
    verify::confirm(&row.host, &seal, &mut workflow).map_err(outside)?;
    if !db.exists() {
        empty::create(&row.host, &db).map_err(outside)?;
    }
    let run = &row.run;
    if let Some(workspace) = &row.here.workspace {
        file::copy_tree(workspace, &making.join("work"))?;
    }
    let run_tag = format!("run:{}-{}", run.arm, run.replicate);
    let stamp = Stamp {
        run: run.clone(),
        initial_state: &workflow.effective.settings.initial_state,
        needed_tag: shared.map(|_| run_tag.clone()),
        tags: vec![format!("exp:{}", run.experiment), run_tag],
        title_prefix,
        parent: None,
        config_snapshot: Some(workflow.snapshot(&row.host).to_string()),
    };
    let now = write(&db, &row.template, &stamp)?;
    let mut record = record(
        run,
        &row.template,
        shown.to_string_lossy().into_owned(),
        &row.host.version,
        now,
    )?;
    if row.here.program.is_some() {
        let mut made: Instantiate = record.get("instantiate")?;
        made.program.clone_from(&row.here.program);
        record.set("instantiate", &made)?;
    }
    file::write(&making.join("run.json"), &record.line())?;
    Ok(record)
}

/// Insert the template into `db` and return the moment everything was created.
pub fn write(db: &Path, template: &Template, stamp: &Stamp) -> Result<i64> {
    let now = time::now_ms();
    let mut connection = database::open_to_write(db).map_err(outside)?;
    insert::template(&mut connection, template, stamp, now)
        .map_err(|cause| Error::outside(db.display(), cause))?;
    Ok(now)
}

/// The record of a database that was made.
pub fn record(run: &Run, template: &Template, db: String, host: &str, now: i64) -> Result<Record> {
    let mut record = Record::new(run)?;
    let made = Instantiate {
        db,
        tasks: template.tasks.len() as u64,
        ordering_deps: template.ordering_deps() as u64,
        host: host.into(),
        created_at_ms: now,
        program: None,
    };
    record.set("instantiate", &made)?;
    Ok(record)
}
