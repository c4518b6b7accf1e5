//! Run database in, snapshot file out.
//!
//! [`tg_host::rows`] reads the database and knows how a value becomes JSON, [`document`] puts the tables together, [`sink`]
//! makes a file of them, [`end`] adds how the run ended where the database was never free to be told. Nothing here knows what
//! a table means, so that a snapshot stays complete when the host or the toolkit gains one.

pub mod args;
pub mod behind;
pub mod copy;
pub mod document;
pub mod end;
pub mod failure;
pub mod sink;
pub mod writer;

pub use args::Args;

use end::End;
use failure::Failure;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::io::{BufRead, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tg_host::{ahead, database, snapshot::text};
use tg_stage::error::outside;
use tg_stage::{Error, Exit, Export, Instantiate, Record, Result, stage};

/// Export the run of each record in `input`, or the one database that `--db` names.
pub fn run(args: &Args, input: impl BufRead, output: impl Write) -> Result<Exit> {
    if let (Some(db), Some(out)) = (&args.db, &args.out) {
        if out.as_os_str() == "-" {
            return to_stdout(db, args.for_import, output);
        }
        export(
            db,
            out,
            &What {
                for_import: args.for_import,
                ..What::default()
            },
        )?;
        return Ok(Exit::Done);
    }
    let mut written = BTreeSet::new();
    stage::each("tg-export", "export", input, output, |record| {
        let made: Instantiate = record.get("instantiate")?;
        if made.db.is_empty() {
            return Err(lacks(record, "the record has no \"instantiate\".\"db\""));
        }
        let out = destination(args.out.as_deref(), record)?;
        if args.out.is_some() && !written.insert(out.clone()) {
            return Err(Error::usage(out.display(), "already holds the run before")
                .hint("tg-export --out '{run}.json.gz'"));
        }
        let what = What {
            run: Some(record.id()),
            end: End::of(record)?,
            for_import: args.for_import,
        };
        let done = export(Path::new(&made.db), &out, &what)?;
        serde_json::to_value(done).map_err(|cause| Error::outside("export", cause))
    })
}

/// What to write of a database.
#[derive(Debug, Clone, Default)]
pub struct What<'a> {
    /// Only this run, where several share the database.
    pub run: Option<&'a str>,
    /// How it ended, where the database does not know.
    pub end: Option<End>,
    /// In the shape that the host's own `import` reads.
    pub for_import: bool,
}

/// Write the snapshot of `db`, a database or a snapshot, to `out`. What is read is not changed.
pub fn export(db: &Path, out: &Path, what: &What) -> Result<Export> {
    if out
        .canonicalize()
        .is_ok_and(|out| db.canonicalize().is_ok_and(|db| db == out))
    {
        return Err(Error::usage(out.display(), "is what is to be exported"));
    }
    let gzip = out.extension().is_some_and(|ending| ending == "gz");
    let source = Source::open(db)?;
    let mut sink = sink::to_file(out, gzip)?;
    source
        .write(what, &mut sink)
        .map_err(|failure| failure.about(db, out))?;
    let (sha256, bytes) = sink::finish(sink, out)?;
    Ok(Export {
        path: out.display().to_string(),
        sha256,
        bytes,
    })
}

fn to_stdout(db: &Path, for_import: bool, output: impl Write) -> Result<Exit> {
    let source = Source::open(db)?;
    let mut output = std::io::BufWriter::with_capacity(1 << 16, output);
    let what = What {
        for_import,
        ..What::default()
    };
    let done = source.write(&what, &mut output);
    match done.and_then(|()| output.flush().map_err(Failure::Output)) {
        Err(Failure::Output(cause)) if cause.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(failure) => Err(failure.about(db, Path::new("stdout"))),
        Ok(()) => Ok(Exit::Done),
    }
}

/// What is read.
enum Source {
    Database(Connection),
    Snapshot(text::Text<'static>),
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        if text::is_one(path) {
            return Ok(Self::Snapshot(text::open(path).map_err(outside)?));
        }
        ahead::read_ahead(path);
        Ok(Self::Database(
            database::open_read_only(path).map_err(outside)?,
        ))
    }

    fn write(self, what: &What, out: &mut impl Write) -> Result<(), Failure> {
        match self {
            Self::Database(db) => document::write(&db, what, out),
            Self::Snapshot(text) => copy::copy(text, what.for_import, out),
        }
    }
}

/// Where the snapshot of a record's run goes.
fn destination(out: Option<&Path>, record: &Record) -> Result<PathBuf> {
    match out {
        Some(out) if out.as_os_str() == "-" => {
            Err(Error::usage("--out -", "stdout is for the records")
                .hint("tg-export --db FILE --out -"))
        }
        Some(out) => Ok(out.to_string_lossy().replace("{run}", record.id()).into()),
        None => match record.dir() {
            Some(dir) => Ok(dir.join("snapshot.json.gz")),
            None => Err(
                lacks(record, "the record has no \"run\".\"dir\" for the snapshot")
                    .hint("tg-export --out '{run}.json.gz'"),
            ),
        },
    }
}

fn lacks(record: &Record, what: &str) -> Error {
    Error::input(format!("run {}", record.id()), what)
}
