//! What every `main` does: run, print the error, turn it into an exit status.

use crate::{Error, Exit, Result};
use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

/// The exit codes, as every `--help` ends with them.
pub const EXIT_STATUS: &str = "\
Exit status: 0 all done; 1 some runs failed; 2 the command line or the manifest was wrong;
  3 the input was not a record; 4 a file, a database, the host or another program failed";

/// Run a tool: its error goes to stderr, its exit status to the caller. A reader that went away is not an error.
pub fn main(tool: &str, run: impl FnOnce() -> Result<Exit>) -> ExitCode {
    let exit = run().unwrap_or_else(|error| {
        if !error.is_closed_pipe() {
            error.report(tool);
        }
        error.exit
    });
    ExitCode::from(exit as u8)
}

/// Refuse to wait for records that nobody will type.
pub fn standard_input(example: &str) -> Result<()> {
    if stdin().is_terminal() {
        return Err(
            Error::usage("stdin", "is a terminal, and records were expected there").hint(example),
        );
    }
    Ok(())
}
