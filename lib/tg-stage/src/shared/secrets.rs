//! Secrets: from the user's environment, or a file that only the user can read.
//!
//! They reach the environment of the agents whose profile names them, and nothing else: no argument, no file of ours, no
//! record, no message. The file has `NAME=VALUE` lines; blank lines and those that begin with `#` are ignored.

use crate::error::file_error;
use crate::{Error, Result, file};
use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Values by variable name.
#[derive(Default)]
pub struct Secrets(BTreeMap<String, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// Reads a secrets file, which only its owner may be able to read.
    pub fn load(path: &Path) -> Result<Self> {
        let mode = path
            .metadata()
            .map_err(file_error(path))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(
                Error::usage(path.display(), "others can read these secrets")
                    .hint(format!("chmod 600 {}", path.display())),
            );
        }
        let mut values = BTreeMap::new();
        for (number, line) in file::read(path)?.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let subject = || format!("{}: line {}", path.display(), number + 1);
            let Some((name, value)) = line.split_once('=') else {
                return Err(Error::usage(subject(), "is not NAME=VALUE")); // without the line: it may be a secret
            };
            let name = name.trim().trim_start_matches("export ").trim();
            let is_name = |name: &str| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            if !is_name(name) {
                return Err(Error::usage(subject(), "is not NAME=VALUE"));
            }
            let value = value.trim();
            let quoted = ['"', '\'']
                .iter()
                .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
            values.insert(name.into(), quoted.unwrap_or(value).into());
        }
        Ok(Self(values))
    }

    /// The value of `name`: the file's, else the environment's; an empty one counts as missing.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = self
            .0
            .get(name)
            .cloned()
            .or_else(|| std::env::var(name).ok());
        value.filter(|value| !value.is_empty())
    }

    /// The names and values of the file.
    pub fn all(&self) -> Vec<(String, String)> {
        self.0
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}
