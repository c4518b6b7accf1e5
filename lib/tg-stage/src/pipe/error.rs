//! One error type, and the exit status it carries.
//!
//! An error is a subject (a file, a line, a run), a cause in lower case, and at most one hint that can be typed. It
//! prints as `tool: subject: cause`, then `hint: ...`. The exit status belongs to the error, so no tool decides twice.

use super::exit::Exit;
use std::fmt;
use strum::{EnumString, IntoStaticStr};

/// The kind of an error: one word for programs, the `kind` of an error kept in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ErrorKind {
    /// The command line or the manifest is wrong.
    Usage,
    /// A line of the input is not a record, or not one this tool can work on.
    Input,
    /// A file, a database, the host or a process failed.
    Outside,
    /// Another process holds the lock.
    Held,
    /// The reader of the output closed it.
    Closed,
    /// A budget was spent before the run was started.
    Budget,
    /// The circuit breaker was open.
    Breaker,
}

impl ErrorKind {
    /// The word in records.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// True if nothing was begun: there is nothing to try again, and nothing failed.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Budget | Self::Breaker | Self::Held)
    }

    /// True if no other run of the experiment is to be started either.
    pub fn stops_experiment(self) -> bool {
        matches!(self, Self::Budget | Self::Breaker)
    }
}

/// An error, in the three parts that are printed.
#[derive(Debug, Clone)]
pub struct Error {
    /// The exit status this error asks for.
    pub exit: Exit,
    /// Its kind, for programs.
    pub kind: ErrorKind,
    /// Its subject: a path, `line 7`, `run swarm-r1`.
    pub subject: String,
    /// The cause, lower case, no full stop.
    pub cause: String,
    /// A line to type next.
    pub hint: Option<String>,
}

/// The result type of all tools.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(
        exit: Exit,
        kind: ErrorKind,
        subject: impl fmt::Display,
        cause: impl fmt::Display,
    ) -> Self {
        Self {
            exit,
            kind,
            subject: subject.to_string(),
            cause: cause.to_string(),
            hint: None,
        }
    }

    /// Error of the user's text: an argument, or a line of a manifest.
    pub fn usage(subject: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, ErrorKind::Usage, subject, cause)
    }

    /// Error of a line of the input: not a record, or not one this tool can work on.
    pub fn input(subject: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(Exit::Input, ErrorKind::Input, subject, cause)
    }

    /// Error of something outside: a file, a database, the host, a process.
    pub fn outside(subject: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(Exit::Outside, ErrorKind::Outside, subject, cause)
    }

    /// The same error with a line to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// The same error, about `outer` first: `run swarm-r1: tasks.db: no such file`.
    #[must_use]
    pub fn within(mut self, outer: impl fmt::Display) -> Self {
        self.subject = if self.subject.is_empty() {
            outer.to_string()
        } else {
            format!("{outer}: {}", self.subject)
        };
        self
    }

    /// True if the reader of the output closed it, which is not a fault.
    pub fn is_closed_pipe(&self) -> bool {
        self.kind == ErrorKind::Closed
    }

    /// Error of a lock that another process holds; `holder` is the text in the lock file.
    pub fn held(path: &std::path::Path, holder: &str) -> Self {
        let holder = match holder.trim() {
            "" => "another process",
            holder => holder,
        };
        let cause = format!("is held by {holder}");
        Self::new(Exit::Outside, ErrorKind::Held, path.display(), cause)
            .hint("wait for it to end, or end it")
    }

    /// Error of an output whose reader closed it; see [`Error::is_closed_pipe`].
    pub fn closed_pipe() -> Self {
        Self::new(
            Exit::Done,
            ErrorKind::Closed,
            "stdout",
            "closed by its reader",
        )
    }

    /// Prints on stderr as `tool: subject: cause` and the hint.
    pub fn report(&self, tool: &str) {
        say(format_args!("{tool}: {self}"));
        if let Some(hint) = &self.hint {
            say(format_args!("hint: {hint}"));
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject.is_empty() {
            return f.write_str(&self.cause);
        }
        write!(f, "{}: {}", self.subject, self.cause)
    }
}

impl std::error::Error for Error {}

/// Prints a line on stderr. A failure to write it (a full disk, a closed pipe) is ignored.
pub fn say(text: impl fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The error `path: cause` of a file operation.
pub fn file_error(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |cause| {
        let text = cause.to_string();
        let text = text
            .split(" (os error")
            .next()
            .unwrap_or(&text)
            .to_lowercase();
        Error::outside(path.display(), text)
    }
}

/// The error of the host library: `subject: cause`, with its hint on a second line.
pub fn outside(error: impl fmt::Display) -> Error {
    let text = error.to_string();
    match text.split_once("\nhint: ") {
        Some((cause, hint)) => Error::outside("", cause).hint(hint),
        None => Error::outside("", text),
    }
}
