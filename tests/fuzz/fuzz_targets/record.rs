//! Any bytes as JSON Lines: each line is a record, a line of another type, or an error; a report is made of them in every
//! format.

#![no_main]

use clap::Parser;
use libfuzzer_sys::fuzz_target;
use tg_report::Args;
use tg_stage::{Line, Lines, Record};

const FORMATS: [&str; 5] = ["text", "markdown", "csv", "tidy", "json"];

fuzz_target!(|text: &[u8]| {
    for line in Lines::new(text) {
        match line {
            Line::Run(record) => goes_through(&record),
            Line::Other(bytes) => tg_fuzz::is_json(&bytes),
            Line::Bad(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let format = FORMATS[text.len() % FORMATS.len()]; // one at a time: five reports take five times as long
    let args = Args::try_parse_from(["tg-report", "--format", format, "--width", "100"]);
    let mut out = Vec::new();
    if tg_report::run(&args.expect("arguments"), text, &mut out).is_ok() {
        let out = String::from_utf8(out).expect("UTF-8");
        if format == "json" && !out.is_empty() {
            tg_fuzz::is_json(out.as_bytes());
        }
    }
});

/// Checks that a record is equal to itself after writing and reading.
fn goes_through(record: &Record) {
    let line = record.line();
    let again = Lines::new(line.as_slice()).next();
    assert!(matches!(again, Some(Line::Run(again)) if *again == *record));
    let _ = (record.id(), record.dir(), record.failed_stage());
}
