//! The loop of a stage that works on one record after the other and has no side effects but its files.

use super::error::{Error, Result};
use super::exit::Exit;
use super::lines::{Line, Lines, Output};
use super::record::Record;
use serde_json::Value;
use std::io::{BufRead, Write};

/// Reads records, adds the result of `work` under `key`, writes them on, and keeps each in its run's directory.
///
/// A record in which an earlier stage failed passes untouched; where `work` fails, the record says so under `key`.
/// Either way the others are finished, and the exit status reports the failure. A closed output ends the loop quietly.
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

/// The same, where `work` also returns lines of other types, which follow the record.
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
                let (done, more) = add_key(tool, key, &mut record, &mut work)?;
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

fn add_key(
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

/// Notes on stderr and in `record` that the stage of `key` failed on it. A record that lacks what the stage needs is a
/// fault of the input, anything else a failed run.
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
