//! The body of every `main`: parse, run, print the error, turn it into an exit status. For `make install` it prints the
//! tool's man page or completions instead, generated from the same description as its `--help`.

use super::error::{Error, Result};
use super::exit::Exit;
use clap::{Parser, ValueEnum};
use std::io::{IsTerminal, Write, stdin, stdout};
use std::process::ExitCode;

/// The variable that `make install` sets to `man`, or to the name of a shell.
const GENERATE: &str = "TG_GENERATE";

/// Runs a tool: its error goes to stderr, its exit status to the caller. A closed output is not an error.
pub fn main<A: Parser>(tool: &str, run: impl FnOnce(&A) -> Result<Exit>) -> ExitCode {
    let done = match std::env::var(GENERATE) {
        Ok(what) => generate(A::command(), tool, &what),
        Err(_) => run(&A::parse()),
    };
    let exit = done.unwrap_or_else(|error| {
        if !error.is_closed_pipe() {
            error.report(tool);
        }
        error.exit
    });
    ExitCode::from(exit as u8)
}

fn generate(mut command: clap::Command, tool: &str, what: &str) -> Result<Exit> {
    let mut text = Vec::new();
    if what == "man" {
        let page = clap_mangen::Man::new(command).render(&mut text);
        page.map_err(|cause| Error::outside(tool, cause))?;
    } else {
        let shell = clap_complete::Shell::from_str(what, true);
        let shell = shell.map_err(|_| {
            Error::usage(GENERATE, format!("`{what}` is neither `man` nor a shell"))
        })?;
        clap_complete::generate(shell, &mut command, tool, &mut text);
    }
    stdout()
        .write_all(&text)
        .map_err(|cause| Error::outside("stdout", cause))?;
    Ok(Exit::Done)
}

/// Refuses to read records from a terminal.
pub fn standard_input(example: &str) -> Result<()> {
    if stdin().is_terminal() {
        return Err(
            Error::usage("stdin", "is a terminal, and records were expected there").hint(example),
        );
    }
    Ok(())
}
