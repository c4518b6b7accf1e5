//! Why a snapshot could not be written.

use std::io;
use std::path::Path;
use tg_stage::Error;
use tg_stage::error::file_error;

/// Why a snapshot could not be written, before it is known to whom to say so.
#[derive(Debug)]
pub enum Failure {
    /// The database could not be read.
    Database(rusqlite::Error),
    /// What was read is not what it should be.
    Content(String),
    /// The snapshot could not be written.
    Output(io::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Database(cause)
    }
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Output(cause)
    }
}

impl Failure {
    /// The error of an export from one file to another.
    pub fn about(self, from: &Path, to: &Path) -> Error {
        match self {
            Self::Database(cause) => Error::outside(from.display(), cause),
            Self::Content(cause) => Error::outside(from.display(), cause),
            Self::Output(cause) => file_error(to)(cause),
        }
    }
}
