//! The one-off form, without a manifest: one template into one database.
//!
//! For users who connect their own agents, or need a second copy in an existing database. A new database appears whole or
//! not at all; an existing one gets the copy in one transaction.

use crate::args::Args;
use crate::prepare;
use crate::template::Template;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use tg_host::schema::instantiate::{Stamp, has_run};
use tg_host::{Host, database, empty_database, states};
use tg_stage::error::{file_error, outside};
use tg_stage::{Error, Exit, Output, Result, Run, file, say};

/// Copies `--template` into `--db` and prints the record.
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
        empty_database::create(&host, &target).map_err(outside)?;
    }
    let run = describe(&template, &target)?;
    let tags: BTreeSet<&String> = args.tag.iter().collect();
    let stamp = Stamp {
        initial_state: states::PENDING,
        tags: tags.into_iter().cloned().collect(),
        title_prefix: args.title_prefix.as_deref().unwrap_or_default(),
        parent: args.parent.as_deref(),
        ..Stamp::default()
    };
    let written = prepare::write(&target, &template, &run, stamp);
    if is_new && written.is_err() {
        let _ = std::fs::remove_file(&target);
    }
    let now = written?;
    if is_new {
        std::fs::rename(&target, db).map_err(file_error(db))?;
    }
    let record = prepare::record(&run, &template, db, &host, now, None)?;
    Output::new(output).record(&record)?;
    Ok(Exit::Done)
}

/// A run for a copy that belongs to no experiment; its id is the template's name, numbered from the second on.
fn describe(template: &Template, db: &Path) -> Result<Run> {
    let connection = database::open_read_only(db).map_err(outside)?;
    let numbered = (2..).map(|number| format!("{}-{number}", template.name));
    let id = std::iter::once(template.name.clone())
        .chain(numbered)
        .find(|id| !has_run(&connection, id))
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
