//! What the agent finds out about a task it has taken: where it came from, how often it was worked on, and so which
//! step of its script is due.

use crate::agent::Agent;
use crate::brief::{literal, query};
use crate::draw::{Fate, fate};
use crate::script::{self, Script};
use serde_json::Value;
use tg_stage::Result;
use tg_stage::error::outside;

/// Begins the reason of every handover; the phase a task came with is read back from it.
pub const HANDED_OVER: &str = "simulated: handed over from ";

/// Attached to a task when somebody has found its fault.
pub const FAULT_FOUND: &str = "fault-found";

/// A task in hand.
#[derive(Debug)]
pub struct Task {
    /// Id at the host.
    pub id: String,
    /// Id in the template.
    pub origin: String,
    /// The phase it is in.
    pub phase: Option<String>,
    /// The tags it needs now.
    pub needed: Vec<String>,
    /// Its whole script.
    pub script: Script,
    /// Index of the step that is due.
    pub step: usize,
}

/// Look a claimed task up. `stints` is how many timed rows one stint writes under this workflow.
pub fn look_up(agent: &mut Agent, id: &str) -> Result<Task> {
    let first = agent
        .path
        .timed
        .first()
        .map(|state| literal(state))
        .unwrap_or_default();
    let sql = format!(
        "{}, t.needed_tags AS needed, t.phase AS now, (SELECT count(*) FROM task_sequence WHERE task_id = t.id AND
         status = {first} AND (reason IS NULL OR reason NOT LIKE 'auto-rollup:%')) AS stints FROM tasks t WHERE t.id = {}",
        origin_columns(),
        literal(id)
    );
    let row = query(&mut agent.host, &sql)
        .map_err(outside)?
        .into_iter()
        .next()
        .unwrap_or_default();
    let (origin, _, script) = read(agent, &row, id);
    let stints = row["stints"].as_u64().unwrap_or(1).max(1) as usize;
    let step = (stints - 1).min(script.steps.len() - 1);
    let needed = row["needed"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    Ok(Task {
        id: id.into(),
        origin,
        phase: row["now"].as_str().map(String::from),
        needed,
        script,
        step,
    })
}

/// The tasks right before `id` that have a fault which looking at them now would find: id, and the milliseconds that
/// mending takes. A fault is found once.
pub fn findable_faults(agent: &mut Agent, id: &str, phase: &str) -> Result<Vec<(String, f64)>> {
    let sql = format!(
        "{}, t.id AS id FROM tasks t JOIN dependencies d ON d.from_task_id = t.id AND d.dep_type IN ('follows', 'blocks')
         WHERE d.to_task_id = {} AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.task_id = t.id
         AND a.attachment_type = '{FAULT_FOUND}') ORDER BY t.id",
        origin_columns(),
        literal(id)
    );
    let rows = query(&mut agent.host, &sql).map_err(outside)?;
    let mut found = Vec::new();
    for row in rows {
        let before = row["id"].as_str().unwrap_or_default().to_string();
        let (_, fate, script) = read(agent, &row, &before);
        let sees = if phase == "review" {
            fate.review_finds
        } else {
            fate.test_finds
        };
        if script.faulty && sees {
            found.push((before, fate.duration_ms * agent.brief.model.fix_share));
        }
    }
    Ok(found)
}

/// Columns that tell a task's origin: of `tasks t`.
fn origin_columns() -> String {
    format!(
        "SELECT (SELECT template_task_id FROM experiment_tasks WHERE task_id = t.id) AS origin, t.time_estimate_ms AS
         estimate, t.phase AS phase, (SELECT reason FROM task_sequence WHERE task_id = t.id AND reason LIKE
         '{HANDED_OVER}%' ORDER BY id LIMIT 1) AS handed"
    )
}

fn read(agent: &Agent, row: &Value, id: &str) -> (String, Fate, Script) {
    let origin = row["origin"].as_str().unwrap_or(id).to_string();
    let brief = &agent.brief;
    let fate = fate(&brief.model, brief.seed, &origin, row["estimate"].as_i64());
    let first = row["handed"]
        .as_str()
        .and_then(|reason| reason.strip_prefix(HANDED_OVER)?.split(' ').next());
    let phase = first.or(row["phase"].as_str());
    let relay = (brief.workflow == "relay").then_some(brief.team_tags.as_slice());
    let script = script::write(&brief.model, &fate, phase, relay);
    (origin, fate, script)
}
