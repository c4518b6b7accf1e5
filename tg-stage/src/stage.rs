//! The loop of a stage that works on one record after the other and has no side effects but its files.

use crate::error::{Error, Exit, Result};
use crate::lines::{Line, Lines, Output};
use crate::record::Record;
use serde_json::Value;
use std::io::{BufRead, Write};

/// Read records, add `key` = what `work` makes of each, write them on, and keep each as its `run.json`.
///
/// A record in which an earlier stage failed passes untouched; where `work` fails, the record says so under `key`;
/// either way the others are finished and the exit status tells. A reader that went away ends it quietly.
pub fn each(
    tool: &str,
    key: &str,
    input: impl BufRead,
    output: impl Write,
    mut work: impl FnMut(&Record) -> Result<Value>,
) -> Result<Exit> {
    each_and_more(tool, key, input, output, |record| {
        Ok((work(record)?, Vec::new()))
    })
}

/// The same where `work` also gives lines of other types, which follow the record.
pub fn each_and_more(
    tool: &str,
    key: &str,
    input: impl BufRead,
    output: impl Write,
    mut work: impl FnMut(&Record) -> Result<(Value, Vec<Value>)>,
) -> Result<Exit> {
    let mut output = Output::new(output);
    let mut exit = Exit::Done;
    for line in Lines::new(input) {
        match line {
            Line::Other(bytes) => output.bytes(&bytes)?,
            Line::Bad(error) => {
                error.report(tool);
                exit = exit.max(error.exit);
            }
            Line::Run(mut record) => {
                let (done, more) = one(tool, key, &mut record, &mut work)?;
                exit = exit.max(done);
                output.record(&record)?;
                for line in more {
                    output.bytes(format!("{line}\n").as_bytes())?;
                }
            }
        }
    }
    Ok(exit)
}

fn one(
    tool: &str,
    key: &str,
    record: &mut Record,
    work: &mut impl FnMut(&Record) -> Result<(Value, Vec<Value>)>,
) -> Result<(Exit, Vec<Value>)> {
    if record.failed_stage().is_some_and(|stage| stage != key) {
        return Ok((Exit::SomeFailed, Vec::new()));
    }
    match work(record) {
        Ok((value, more)) => {
            record.set(key, &value)?;
            record.save()?;
            Ok((Exit::Done, more))
        }
        Err(error) => Ok((failed(tool, key, record, error)?, Vec::new())),
    }
}

/// Say that `key`'s stage failed on `record`, in the record and on stderr; a record that lacks what the stage needs
/// is a fault of the input, anything else a failed run.
pub fn failed(tool: &str, key: &str, record: &mut Record, error: Error) -> Result<Exit> {
    let error = if error.subject.starts_with("run ") {
        error
    } else {
        error.within(format!("run {}", record.id()))
    };
    error.report(tool);
    record.set_error(key, &error)?;
    Ok(if error.exit == Exit::Input {
        Exit::Input
    } else {
        Exit::SomeFailed
    })
}
