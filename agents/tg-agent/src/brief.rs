//! The run as the agent knows it, read through the host from the run's database.
//!
//! A database without our tables, or without the run, gives the defaults.

use serde::de::DeserializeOwned;
use tg_host::schema::agent::{self, RunRow};
use tg_host::workflow::Effective;
use tg_host::{Caller, StateClasses};
use tg_stage::error::outside;
use tg_stage::{Error, Result, Run, WorkModel};

#[derive(Debug)]
pub struct Brief {
    /// Run id, for reasons and files.
    pub run: String,
    pub workflow: String,
    pub overlays: Vec<String>,
    /// Seed of all draws.
    pub seed: u64,
    pub model: WorkModel,
    /// The workflow's rules; empty if the run does not carry them.
    pub rules: Effective,
    /// The workflow's states by class.
    pub states: StateClasses,
    /// True if `rules` contain the gates.
    pub knows_gates: bool,
    /// The tag that every task of this run carries.
    pub run_tag: Option<String>,
    /// All tags that some task needs: each has at least one agent.
    pub team_tags: Vec<String>,
}

impl Brief {
    /// Asks for the run called `wanted`, or the only one in the database.
    pub fn ask(host: &mut Caller, wanted: Option<&str>, workflow: &str) -> Result<Self> {
        let mut rows = agent::runs(host).map_err(outside)?;
        let row = match wanted {
            Some(id) => {
                let found = rows.into_iter().find(|row| row.id == id);
                let cause = format!("the database has no run `{id}`");
                found.ok_or_else(|| Error::usage("--run", cause))?
            }
            None if rows.len() > 1 => {
                let cause = "the database has several runs: say which";
                return Err(Error::usage("--run", cause));
            }
            None => rows.pop().unwrap_or_default(),
        };
        let team_tags = agent::needed_tags(host).map_err(outside)?;
        Ok(Self::new(&row, workflow, team_tags))
    }

    fn new(row: &RunRow, workflow: &str, team_tags: Vec<String>) -> Self {
        let run: Run = parse(row.run_json.as_deref()).unwrap_or_default();
        let rules: Effective = parse(row.rules.as_deref()).unwrap_or_default();
        let states = if rules.states.is_empty() {
            StateClasses::shipped()
        } else {
            StateClasses::new(&rules)
        };
        let missing = row.missing.as_deref();
        let workflow = match run.workflow.as_str() {
            "" => workflow.into(),
            _ => run.workflow,
        };
        Self {
            knows_gates: missing.is_some_and(|missing| !missing.contains("gates")),
            run_tag: (!run.arm.is_empty()).then(|| format!("run:{}-{}", run.arm, run.replicate)),
            team_tags,
            workflow,
            run: run.id,
            overlays: run.overlays,
            seed: run.seed,
            model: run.stand_in.unwrap_or_default(),
            rules,
            states,
        }
    }
}

fn parse<T: DeserializeOwned>(text: Option<&str>) -> Option<T> {
    serde_json::from_str(text?).ok()
}
