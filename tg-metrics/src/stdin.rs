//! Records on stdin, as a stage of the pipe.

use crate::args::TOOL;
use crate::options::Options;
use crate::run_info::RunInfo;
use crate::source::{export, load, run_row};
use crate::view::View;
use crate::warning::Warning;
use serde_json::Value;
use std::io::{BufRead, Write};
use std::path::Path;
use tg_stage::{Error, Exit, Export, Record, Result, stage};

/// Measures the run of each record. A metric name that a run does not have is a usage error, although it shows only then.
pub fn measure(options: &Options, input: impl BufRead, output: impl Write) -> Result<Exit> {
    let mut usage = None;
    let exit = stage::each_and_more(TOOL, "metrics", input, output, |record| {
        measure_record(record, options).inspect_err(|error| {
            if error.exit == Exit::Usage {
                usage = Some(Exit::Usage);
            }
        })
    })?;
    Ok(usage.unwrap_or(exit))
}

fn measure_record(record: &Record, options: &Options) -> Result<(Value, Vec<Value>)> {
    let named: Export = record.get("export")?;
    let path = Path::new(&named.path);
    if named.path.is_empty() {
        let cause = "the record has no \"export\".\"path\"";
        return Err(Error::input(format!("run {}", record.id()), cause));
    }
    let recorded = RunInfo::new(record.value("run").cloned().unwrap_or_default());
    let (snapshot, facts) = load(path, options, &recorded)?;
    let found = export(facts, path)?;
    let row = run_row(&snapshot, record.id());
    let row = row.map_err(|cause| Error::outside(&named.path, cause))?;
    let mut view = View::new(&snapshot, row);
    view.run.adjust(&recorded);
    let is_named = |found: Export| named.sha256.is_empty() || named.sha256 == found.sha256;
    if !found.is_none_or(is_named) {
        let message = "the snapshot is not the one that was exported for this record";
        view.warnings
            .push(Warning::new("snapshot_changed", message));
    }
    options.measure(&view, path)
}
