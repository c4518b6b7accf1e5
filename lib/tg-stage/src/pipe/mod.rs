//! The pipe: records, lines, errors and exit codes, and the loop of a stage.

mod cli;
pub mod error;
mod exit;
mod lines;
pub mod reader;
pub mod record;
pub mod stage;

pub use cli::{main, standard_input};
pub use exit::{EXIT_STATUS, Exit};
pub use lines::{Line, Lines, Output};
