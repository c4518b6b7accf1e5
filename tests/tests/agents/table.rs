//! The results as a table: a row a program, a column a check.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Results by program and check.
#[derive(Default)]
pub struct Table {
    rows: BTreeMap<String, Vec<(String, String)>>,
    bad: usize,
    good: usize,
}

impl Table {
    /// A program that could not be tested.
    pub fn skip(&mut self, program: &str, why: &str) {
        println!("test-agents: skipped {program}: {why}");
        self.rows
            .insert(program.into(), vec![("skipped".into(), why.into())]);
    }

    /// Runs a check; it returns a note, or panics.
    pub fn add(&mut self, program: &str, check: &str, run: &dyn Fn() -> String) {
        println!("test-agents: {program}: {check}");
        let done = catch_unwind(AssertUnwindSafe(run));
        let said = done.unwrap_or_else(|_| {
            self.bad += 1;
            "FAILED".into()
        });
        self.good += usize::from(said != "FAILED");
        self.rows
            .entry(program.into())
            .or_default()
            .push((check.into(), said));
    }

    /// Prints the table.
    pub fn print(&self) {
        println!();
        for (program, cells) in &self.rows {
            println!("{program}");
            for (check, said) in cells {
                println!("  {check:10} {said}");
            }
        }
        println!("\n{} checks good, {} bad", self.good, self.bad);
    }

    /// True if nothing failed, and something was tested or nothing could be.
    pub fn is_good(&self) -> bool {
        self.bad == 0 && !self.rows.is_empty()
    }
}
