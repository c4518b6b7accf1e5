//! The tokens and the cost of an agent, read from the output and the session files of its program.

mod fault;
mod formats;
mod reader;
mod tail;
mod tally;

pub use reader::{Usage, UsageReader};
