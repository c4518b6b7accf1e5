//! The error of this crate: a subject, a cause, and a hint.
//!
//! This crate depends on no other crate of ours, so it has an error type of its own; it prints as `subject: cause`, with
//! its hint, if any, on a second line `hint: ...`, which the tools parse.

use std::fmt;

/// An error about the host.
#[derive(Debug, Clone)]
pub struct Error {
    /// The subject: a file, a workflow, a call.
    pub subject: String,
    /// The cause, in lower case.
    pub cause: String,
    /// The command to type next.
    pub hint: Option<String>,
}

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// `subject: cause`.
    pub fn new(subject: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self {
            subject: subject.to_string(),
            cause: cause.to_string(),
            hint: None,
        }
    }

    /// Adds a command to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.cause)?;
        self.hint
            .as_ref()
            .map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Error {}

/// The error that the host printed on stderr as it exited, with its causes, on one line, without the stack that it prints
/// if `RUST_BACKTRACE` is set.
pub(crate) fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let message = text.split("Stack backtrace:").next().unwrap_or_default();
    let lines = message
        .lines()
        .map(|line| line.trim().trim_start_matches("Error: "));
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && *line != "Caused by:")
        .collect();
    lines.join(": ")
}

/// `path: cause`.
pub(crate) fn about(path: &std::path::Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |cause| {
        let text = cause.to_string();
        let text = text.split(" (os error").next().unwrap_or(&text);
        Error::new(path.display(), text.to_lowercase())
    }
}

/// `path: message of SQLite`.
pub(crate) fn sqlite(path: &std::path::Path) -> impl Fn(rusqlite::Error) -> Error + '_ {
    move |cause| Error::new(path.display(), cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_fit_on_a_line() {
        let stderr = b"Error: database or disk is full\n\nCaused by:\n    Error code 13: Insertion failed\n\nStack backtrace:\n   0: main\n";
        assert_eq!(
            last_words(stderr),
            "database or disk is full: Error code 13: Insertion failed"
        );
        assert_eq!(last_words(b""), "");
    }
}
