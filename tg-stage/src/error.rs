//! One error type and the exit status it carries.
//!
//! An error is a subject (a file, a line, a run), a cause in lower case, and at most one hint that can be typed. It
//! prints as `tool: subject: cause`, then `hint: ...`. The exit status belongs to the error, so no tool decides twice.

use std::fmt;

/// What a tool exits with; the same numbers in every tool and in every `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All done.
    Done = 0,
    /// Some runs failed, or a gate closed.
    SomeFailed = 1,
    /// The command line (or the manifest it names) was wrong.
    Usage = 2,
    /// A line of the input was not a record, or lacked what this tool needs.
    Input = 3,
    /// A file, a database, the host or another program failed.
    Outside = 4,
    /// Try again: what failed was not the experiment. The row contract only ("docs/scale.md").
    Again = 75,
}

/// Why something could not be done, in the three parts that are printed.
#[derive(Debug, Clone)]
pub struct Error {
    /// The exit status this error asks for.
    pub exit: Exit,
    /// One word for machines; the `kind` of an error kept in a record.
    pub kind: &'static str,
    /// What it is about: a path, `line 7`, `run swarm-r1`.
    pub subject: String,
    /// What is wrong with it, lower case, no full stop.
    pub cause: String,
    /// What to type next.
    pub hint: Option<String>,
}

/// The result type of all tools.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(
        exit: Exit,
        kind: &'static str,
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

    /// What the person typed is wrong: an argument, or a line of a manifest.
    pub fn usage(subject: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, "usage", subject, cause)
    }

    /// A line of the input is not a record, or not one this tool can work on.
    pub fn input(subject: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(Exit::Input, "input", subject, cause)
    }

    /// Something outside failed: a file, a database, the host, a process.
    pub fn outside(subject: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(Exit::Outside, "outside", subject, cause)
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

    /// The reader of our output has gone; not a fault of ours.
    pub fn is_closed_pipe(&self) -> bool {
        self.kind == "closed"
    }

    /// Somebody else holds the lock at `path`; the file says who.
    pub fn held(path: &std::path::Path) -> Self {
        let who = crate::file::read_kept(path).unwrap_or_default();
        let who = Some(String::from_utf8_lossy(&who)).filter(|who| !who.trim().is_empty());
        let cause = format!(
            "is held by {}",
            who.as_deref().map_or("somebody else", str::trim)
        );
        Self::new(Exit::Outside, "held", path.display(), cause)
            .hint("wait for it to end, or end it")
    }

    /// The reader of our output has gone; see [`Error::is_closed_pipe`].
    pub fn closed_pipe() -> Self {
        Self::new(Exit::Done, "closed", "stdout", "closed by its reader")
    }

    /// Print on stderr as `tool: subject: cause` and the hint.
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

/// A line on stderr. That nobody can read it (a full disk, a closed pipe) is no reason to fail.
pub fn say(text: impl fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// `path: cause`, for the commonest failure of all.
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

/// An error of the host library: `subject: cause`, with its hint on a second line.
pub fn outside(error: impl fmt::Display) -> Error {
    let text = error.to_string();
    match text.split_once("\nhint: ") {
        Some((cause, hint)) => Error::outside("", cause).hint(hint),
        None => Error::outside("", text),
    }
}
