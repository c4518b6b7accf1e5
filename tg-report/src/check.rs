//! `--check-args`: what is asked of a report, held against the rows that are to be run.
//!
//! For scripts that run an experiment: a slip of the pen in the last stage's arguments must not show after hours of runs. The
//! rows come as records with their `run` and the names of their metrics; the comparison itself finds the fault, so that
//! nothing is judged differently later. What `--where` says of a run nobody knows before; that it is jq is known.

use crate::data::Selection;
use crate::{Args, columns, compare, data};
use std::io::BufRead;
use std::path::Path;
use tg_stage::{Error, Exit, Result};

/// Find what is wrong with `args`, if something is; print nothing else.
pub fn arguments(args: &Args, input: impl BufRead) -> Result<Exit> {
    let Selection { by, only } = args.selection()?;
    drop(only);
    for (path, _) in args.files_to_write() {
        let dir = path.parent().filter(|dir| *dir != Path::new(""));
        if let Some(dir) = dir.filter(|dir| !dir.is_dir()) {
            let cause = format!("{} is no directory", dir.display());
            return Err(Error::usage(path.display(), cause));
        }
    }
    let data = data::read(&[], input, Selection { by, only: None })?;
    if !data.runs.is_empty() {
        let columns = columns::choose(&data, &args.metric, args.primary.as_deref())?;
        compare::compare(&data, columns, &args.asked())?;
    }
    Ok(data.exit)
}
