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
    /// Whether `rules` tell the gates.
    pub knows_gates: bool,
    /// The tag that every task of this run carries.
    pub run_tag: Option<String>,
    /// All tags that some task needs: what there are agents for.
    pub team_tags: Vec<String>,
}

impl Brief {
    /// Ask for the run called `wanted`, or the only one there is.
    pub fn ask(host: &mut Caller, wanted: Option<&str>, workflow: &str) -> Result<Self> {
        let select = "SELECT id, run_json, json_extract(config_snapshot, '$.effective') AS rules,
                      json_extract(config_snapshot, '$.missing') AS missing FROM experiment_runs";
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
        let team = query(
            host,
            "SELECT DISTINCT tag FROM task_needed_tags ORDER BY tag",
        )
        .map_err(outside)?;
        Ok(Self {
            knows_gates: row["missing"]
                .as_str()
                .is_some_and(|missing| !missing.contains("gates")),
            run_tag: (!run.arm.is_empty()).then(|| format!("run:{}-{}", run.arm, run.replicate)),
            team_tags: team
                .iter()
                .filter_map(|row| Some(row["tag"].as_str()?.to_string()))
                .collect(),
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

impl Brief {
    /// A condition on `id` that keeps to this run's tasks.
    pub fn scope(&self) -> String {
        if self.run.is_empty() {
            return String::new();
        }
        format!(
            "AND id IN (SELECT task_id FROM experiment_tasks WHERE run_id = {})",
            literal(&self.run)
        )
    }
}

/// The most rows the host gives at once.
pub const PAGE: usize = 1000;

/// Rows of a read-only query, as objects; at most [`PAGE`] of them.
pub fn query(host: &mut Caller, sql: &str) -> Result<Vec<Value>, tg_host::Error> {
    let answer = host.call(
        "query",
        &json!({"sql": sql, "format": "json", "limit": PAGE}),
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
