//! What is to be known of the file that a ledger was read from: it may take longer than the ledger.

use crate::error::{Result, about};
use crate::snapshot::FileFacts;
use crate::snapshot::handed::Handed;
use crate::snapshot::hashed::Hashed;
use std::path::{Path, PathBuf};

/// What is to be known of a file, as soon as somebody asks.
pub struct Facts {
    file: File,
    path: PathBuf,
}

enum File {
    Database,
    Hashed(Hashed),
    Handed(Handed),
}

impl Facts {
    /// A database changes: nothing is to be known of it.
    pub(super) fn database() -> Self {
        Self {
            file: File::Database,
            path: PathBuf::new(),
        }
    }

    pub(super) fn of_hashed(file: Hashed, path: &Path) -> Self {
        Self {
            file: File::Hashed(file),
            path: path.into(),
        }
    }

    pub(super) fn of_handed(file: Handed, path: &Path) -> Self {
        Self {
            file: File::Handed(file),
            path: path.into(),
        }
    }

    /// Whether it was a database.
    pub fn is_database(&self) -> bool {
        matches!(self.file, File::Database)
    }

    /// Wait for them; none of a database.
    pub fn get(self) -> Result<Option<FileFacts>> {
        let facts = match self.file {
            File::Database => return Ok(None),
            File::Hashed(file) => file.facts(),
            File::Handed(file) => file.facts(),
        };
        facts.map(Some).map_err(about(&self.path))
    }
}
