//! The pipe and the run: everything that every tool of the chain shares, and nothing that only one of them needs.
//!
//! A tool reads run records (one JSON object a line), adds one key named after itself, and writes them on. `pipe` knows
//! the records, the lines, the exit codes and the errors; `run` knows the run's objects, directory, state and end;
//! `shared` holds the subjects in which two tools meet. This crate knows nothing of the host, of the definitions of
//! metrics or of agent processes. Records are kept as the ordered maps they came as, so that unknown keys pass unharmed.

mod pipe;
mod run;
mod shared;

pub use pipe::error::{Error, ErrorKind, Result, say};
pub use pipe::record::Record;
pub use pipe::{EXIT_STATUS, Exit, Line, Lines, Output, error, reader, record, stage};
pub use pipe::{main, standard_input};
pub use run::{
    Adjustable, Agent, AgentDir, AgentStatus, End, EndReason, Experiment, Export, Fault, Grade,
    Instantiate, Launch, Limits, Outcome, Phase, Provenance, Run, RunDir, RunState, RunStatus,
    Shown, Spent, Wait, Workspace, arm_of_run, directories, owner, provenance, spent,
};
#[cfg(feature = "filter")]
pub use shared::filter;
pub use shared::{
    Criterion, CustomMetric, Profile, Secrets, Trim, WorkModel, disk, file, metric, nearest,
    placeholder, profile, prompts, time, workflows,
};
