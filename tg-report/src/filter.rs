//! `--where`: a jq filter over the record that selects the runs to compare.
//!
//! A run stays if the filter's first output is anything but `false` and `null`. The filter runs in a thread of its own,
//! with a stack as large as compiling may need. It comes from the caller's own command line, so an endless loop in it is
//! not interrupted.

use jaq_core::{Ctx, Vars};
use jaq_json::{Val, read};
use serde_json::Value;
use std::sync::mpsc::{Receiver, Sender, channel};
use tg_stage::{Error, Record, Result, filter};

type Answer = std::result::Result<bool, String>;

/// The filter, running in its thread.
#[derive(Debug)]
pub struct Filter {
    text: String,
    records: Sender<String>,
    answers: Receiver<Answer>,
}

impl Filter {
    /// Compiles `text`; the error has the column of the mistake.
    pub fn new(text: &str) -> Result<Self> {
        let fault = |cause: String| Error::usage(format!("--where {text}"), cause);
        filter::check(text)
            .map_err(|wrong| fault(format!("column {}: {}", wrong.column, wrong.what)))?;
        let (records, inbox) = channel();
        let (outbox, answers) = channel();
        let own = text.to_owned();
        std::thread::Builder::new()
            .stack_size(filter::STACK)
            .spawn(move || serve(&own, &inbox, &outbox))
            .map_err(|cause| Error::outside("--where", cause))?;
        Ok(Self {
            text: text.to_owned(),
            records,
            answers,
        })
    }

    /// True if the run in `record` stays.
    pub fn keeps(&self, record: &Record) -> Result<bool> {
        let text = String::from_utf8_lossy(&record.line()).into_owned();
        let answer = self
            .records
            .send(text)
            .ok()
            .and_then(|()| self.answers.recv().ok());
        let answer = answer.unwrap_or_else(|| Err("broke off".to_owned()));
        answer.map_err(|why| {
            Error::usage(
                format!("--where {}", self.text),
                format!("run {}: {why}", record.id()),
            )
        })
    }
}

fn serve(text: &str, inbox: &Receiver<String>, outbox: &Sender<Answer>) {
    let Ok(program) = filter::compile(text) else {
        return; // never: `new` has checked the same text
    };
    while let Ok(record) = inbox.recv() {
        if outbox.send(answer(&program, &record)).is_err() {
            return;
        }
    }
}

fn answer(program: &filter::Program, record: &str) -> Answer {
    let parse = |text: &str| read::parse_single(text.as_bytes()).map_err(|cause| cause.to_string());
    let whole: Value = serde_json::from_str(record).map_err(|cause| cause.to_string())?;
    let part = |key: &str| parse(&whole[key].to_string());
    let variables = Vars::new([part("metrics")?, part("run")?]); // as in `filter::VARIABLES`
    let context = Ctx::<filter::Data>::new(&program.lut, variables);
    match program.id.run((context, parse(record)?)).next() {
        None | Some(Ok(Val::Null | Val::Bool(false))) => Ok(false),
        Some(Ok(_)) => Ok(true),
        Some(Err(exception)) => Err(exception.get_err().map_or_else(
            |_| "ends without a value".into(),
            |error| format!("fails: {error}"),
        )),
    }
}
