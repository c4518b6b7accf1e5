//! Subjects in which two or more tools meet.

mod criterion;
mod custom_metric;
pub mod disk;
pub mod file;
#[cfg(feature = "filter")]
pub mod filter;
pub mod metric;
mod nearest;
pub mod placeholder;
pub mod profile;
pub mod prompts;
mod secrets;
mod simulated_agent;
pub mod time;
mod trim;
pub mod workflows;

pub use criterion::Criterion;
pub use custom_metric::CustomMetric;
pub use nearest::nearest;
pub use profile::Profile;
pub use secrets::Secrets;
pub use simulated_agent::WorkModel;
pub use trim::Trim;
