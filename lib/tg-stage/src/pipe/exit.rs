//! The exit codes: the same numbers in every tool, as every `--help` lists them.

/// The exit status of a tool; the same numbers in every tool and in every `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All done.
    Done = 0,
    /// Some runs failed, or a gate closed.
    SomeFailed = 1,
    /// The command line (or the manifest it names) was wrong.
    Usage = 2,
    /// A line of the input was not a record, or lacked what this tool needs.
    Input = 3,
    /// A file, a database, the host or another program failed.
    Outside = 4,
    /// Try again: the experiment itself did not fail. The row contract only ("docs/scale.md").
    Again = 75,
}

/// The exit codes, as every `--help` ends with them.
pub const EXIT_STATUS: &str = "\
Exit status: 0 all done; 1 some runs failed; 2 the command line or the manifest was wrong;
  3 the input was not a record; 4 a file, a database, the host or another program failed";
