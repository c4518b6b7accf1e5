//! Without a manifest: one template into one database.
//!
//! For people who connect their own agents, or want a second copy in a database they have. A new database appears
//! whole or not at all; an existing one gets the copy in one transaction.

use crate::args::Args;
use crate::insert::Stamp;
use crate::prepare;
use crate::template::Template;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use tg_host::{Host, database, empty};
use tg_stage::error::{file_error, outside};
use tg_stage::{Error, Exit, Output, Result, Run, file, say};

/// Copy `--template` into `--db` and print the record.
pub fn run(args: &Args, output: impl Write) -> Result<Exit> {
    let (Some(source), Some(db)) = (&args.template, &args.db) else {
        return Err(Error::usage("--template", "needs --db FILE"));
    };
    let template = Template::load(source)?;
    for warning in &template.warnings {
        say(format_args!(
            "tg-instantiate: {}: warning: {warning}",
            source.display()
        ));
    }
    let parent = db.parent().filter(|dir| !dir.as_os_str().is_empty());
    if let Some(missing) = parent.filter(|dir| !dir.is_dir()) {
        return Err(Error::outside(missing.display(), "no such directory"));
    }
    let host = Host::find().map_err(outside)?;
    let is_new = !db.exists();
    let target = if is_new {
        db.with_added_extension(format!("new-{}", std::process::id()))
    } else {
        db.clone()
    };
    if is_new {
        empty::create(&host, &target).map_err(outside)?;
    }
    let run = describe(&template, &target)?;
    let stamp = Stamp {
        run: run.clone(),
        initial_state: "pending",
        needed_tag: None,
        tags: args
            .tag
            .iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect(),
        title_prefix: args.title_prefix.as_deref().unwrap_or_default(),
        parent: args.parent.as_deref(),
        config_snapshot: None,
    };
    let written = prepare::write(&target, &template, &stamp);
    let now = match written {
        Ok(now) => now,
        Err(error) if is_new => {
            let _ = std::fs::remove_file(&target);
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    if is_new {
        std::fs::rename(&target, db).map_err(file_error(db))?;
    }
    let record = prepare::record(
        &run,
        &template,
        db.to_string_lossy().into_owned(),
        &host.version,
        now,
    )?;
    Output::new(output).record(&record)?;
    Ok(Exit::Done)
}

/// A run for a copy that belongs to no experiment; its id is the template's name, numbered from the second on.
fn describe(template: &Template, db: &Path) -> Result<Run> {
    let connection = database::open_read_only(db).map_err(outside)?;
    let taken = |id: &str| {
        let found =
            connection.query_row("SELECT 1 FROM experiment_runs WHERE id = ?1", [id], |_| {
                Ok(())
            });
        found.is_ok()
    };
    let numbered = (2..).map(|number| format!("{}-{number}", template.name));
    let id = std::iter::once(template.name.clone())
        .chain(numbered)
        .find(|id| !taken(id))
        .unwrap_or_default();
    let sha256 = file::sha256(template.sha256.as_bytes());
    Ok(Run {
        experiment: template.name.clone(),
        arm: id.clone(),
        workflow: "none".into(),
        id,
        template: template.name.clone(),
        inputs_sha256: sha256,
        replicate: 1,
        ..Run::default()
    })
}
