//! The pipe: records, lines, errors and exit codes, and the loop of a stage.

pub mod cli;
pub mod error;
mod lines;
pub mod reader;
pub mod record;
pub mod stage;

pub use lines::{Line, Lines, Output};
