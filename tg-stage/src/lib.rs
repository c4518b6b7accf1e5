//! The pipe: what every tool of the chain shares, and nothing that only one of them needs.
//!
//! A tool reads run records (one JSON object a line), adds one key named after itself, and writes them on. This
//! crate knows the records, the lines, the exit codes and the errors; it knows nothing of the host, of metrics or
//! of agents. Records are kept as the ordered maps they came as, so that keys nobody here knows pass unharmed.

pub mod attempt;
pub mod cli;
pub mod criterion;
pub mod disk;
pub mod end;
pub mod error;
pub mod file;
#[cfg(feature = "filter")]
pub mod filter;
pub mod lines;
pub mod mark;
pub mod metric;
pub mod nearest;
pub mod own;
pub mod placeholder;
pub mod profile;
pub mod prompts;
pub mod provenance;
pub mod reader;
pub mod record;
pub mod rundir;
pub mod secrets;
pub mod spent;
pub mod stage;
pub mod stand_in;
pub mod time;
pub mod trim;
pub mod types;

pub use cli::{main, standard_input};
pub use criterion::Criterion;
pub use end::End;
pub use error::{Error, Exit, Result, say};
pub use lines::{Line, Lines, Output};
pub use nearest::nearest;
pub use own::OwnMetric;
pub use profile::Profile;
pub use provenance::Provenance;
pub use record::Record;
pub use secrets::Secrets;
pub use spent::Spent;
pub use stand_in::StandIn;
pub use trim::Trim;
pub use types::{Agent, Export, Instantiate, Launch, Limits, Run, Shown, Verify, Wait, Workspace};
