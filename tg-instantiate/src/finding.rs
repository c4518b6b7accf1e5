//! The findings of `--check`, and the lines they print as.

use std::fmt::Write as _;
use tg_stage::{Error, Result};

/// The result of one check.
pub enum Finding {
    Ok(String),
    /// A run would fail.
    Fail(Error),
    /// Only a run can show it.
    Unknown(String),
}

/// The subject of a check and its result.
pub type Line = (&'static str, Finding);

impl Finding {
    /// The text of a success, or the error.
    pub fn new(checked: Result<String>) -> Self {
        checked.map_or_else(Self::Fail, Self::Ok)
    }

    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Fail(error) => Some(error),
            _ => None,
        }
    }
}

/// The lines of `--check`: a word, the subject, the result; below an error its hint.
pub fn printed(lines: &[Line]) -> String {
    let mut text = String::new();
    for (subject, finding) in lines {
        let (word, result) = match finding {
            Finding::Ok(result) => ("ok", result.clone()),
            Finding::Unknown(result) => ("unknown", result.clone()),
            Finding::Fail(error) => ("fail", error.to_string()),
        };
        let _ = writeln!(text, "{word:<8} {subject:<12} {result}");
        if let Some(hint) = finding.error().and_then(|error| error.hint.as_ref()) {
            let _ = writeln!(text, "{:<21} hint: {hint}", "");
        }
    }
    text
}
