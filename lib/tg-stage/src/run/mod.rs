//! The run: its objects in records, its directory, its state, its end and what it used.

mod dir;
mod end;
mod experiment;
mod outcome;
pub mod owner;
pub mod provenance;
#[expect(clippy::module_inception, reason = "the object is called run")]
mod run;
pub mod spent;
mod stages;
mod state;
mod status;

pub use dir::{AgentDir, RunDir};
pub use end::End;
pub use experiment::{Experiment, arm_of_run, directories};
pub use outcome::{EndReason, Fault, Outcome};
pub use provenance::Provenance;
pub use run::{Adjustable, Limits, Run, Shown, Workspace};
pub use spent::Spent;
pub use stages::{Agent, Export, Grade, Instantiate, Launch, Wait};
pub use state::{Phase, RunState};
pub use status::{AgentStatus, RunStatus};
