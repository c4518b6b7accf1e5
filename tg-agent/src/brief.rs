//! What the agent knows of its run: asked of the host, in the database that is the truth of the run.
//!
//! `query` is one of the host's own tools (read-only SQL), so this too goes over MCP. A database without our tables, or
//! without the run, gives the defaults.

use serde_json::{Value, json};
use tg_host::workflow::Effective;
use tg_host::{Caller, StateClasses};
use tg_stage::error::outside;
use tg_stage::{Error, Result, Run, StandIn};

/// The run as the agent needs it.
#[derive(Debug)]
pub struct Brief {
    /// Run id, for reasons and files.
    pub run: String,
    /// Workflow to connect under.
    pub workflow: String,
    /// Overlays to connect with.
    pub overlays: Vec<String>,
    /// Seed of all draws.
    pub seed: u64,
    /// The work model.
    pub model: StandIn,
    /// The workflow's rules; empty where the run does not carry them.
    pub rules: Effective,
    /// Its states by class.
    pub states: StateClasses,
}

impl Brief {
    /// Ask for the run called `wanted`, or the only one there is.
    pub fn ask(host: &mut Caller, wanted: Option<&str>, workflow: &str) -> Result<Self> {
        let select = "SELECT id, run_json, json_extract(config_snapshot, '$.effective') AS rules FROM experiment_runs";
        let rows = match query(host, select) {
            Err(error) if error.cause.contains("no such table") => Vec::new(),
            rows => rows.map_err(outside)?,
        };
        let row = match (wanted, rows.as_slice()) {
            (Some(id), rows) => rows
                .iter()
                .find(|row| row["id"] == id)
                .ok_or_else(|| Error::usage("--run", format!("the database has no run `{id}`")))?,
            (None, [only]) => only,
            (None, []) => &Value::Null,
            (None, _) => {
                return Err(Error::usage(
                    "--run",
                    "the database has several runs: say which",
                ));
            }
        };
        let run: Run = parse(&row["run_json"]).unwrap_or_default();
        let rules: Effective = parse(&row["rules"]).unwrap_or_default();
        let states = if rules.states.is_empty() {
            StateClasses::shipped()
        } else {
            StateClasses::of(&rules)
        };
        Ok(Self {
            workflow: if run.workflow.is_empty() {
                workflow.into()
            } else {
                run.workflow
            },
            run: run.id,
            overlays: run.overlays,
            seed: run.seed,
            model: run.stand_in.unwrap_or_default(),
            rules,
            states,
        })
    }
}

/// Rows of a read-only query, as objects.
pub fn query(host: &mut Caller, sql: &str) -> Result<Vec<Value>, tg_host::Error> {
    let answer = host.call(
        "query",
        &json!({"sql": sql, "format": "json", "limit": 1000}),
    )?;
    Ok(answer["rows"].as_array().cloned().unwrap_or_default())
}

/// An SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn parse<T: serde::de::DeserializeOwned>(text: &Value) -> Option<T> {
    serde_json::from_str(text.as_str()?).ok()
}
