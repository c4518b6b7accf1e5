//! A claimed task: its origin, the number of times it was worked on, and so the step of its script that is due.

use crate::agent::Agent;
use crate::fate::Fate;
use crate::script::Script;
use tg_host::schema;
use tg_host::schema::agent::TaskRow;
use tg_stage::error::outside;
use tg_stage::{Result, workflows};

/// The beginning of the reason of every handover; the phase in which a task began is read back from it.
pub const HANDED_OVER: &str = "simulated: handed over from ";

/// The type of the attachment of a task whose fault was found.
pub const FAULT_FOUND: &str = "fault-found";

#[derive(Debug)]
pub struct ClaimedTask {
    pub id: String,
    /// Id in the template.
    pub origin: String,
    pub phase: Option<String>,
    /// The tags it needs now.
    pub needed: Vec<String>,
    pub script: Script,
    /// Index of the step that is due.
    pub step: usize,
}

/// Reads a claimed task from the database.
pub fn read_claimed(agent: &mut Agent, id: &str) -> Result<ClaimedTask> {
    let first = agent.path.timed.first().map_or("", String::as_str);
    let read = schema::agent::task(&mut agent.host, id, first, HANDED_OVER);
    let (row, needed, stints) = read.map_err(outside)?;
    let origin = row.origin.as_deref().unwrap_or(id);
    let (_, script) = script_of(agent, &row, origin);
    Ok(ClaimedTask {
        id: id.into(),
        origin: origin.into(),
        step: (stints.max(1) as usize - 1).min(script.steps.len() - 1),
        phase: row.phase,
        needed,
        script,
    })
}

/// The tasks directly before `id` whose fault work in `phase` finds now: id, and the milliseconds that mending takes. A
/// fault is found once.
pub fn findable_faults(agent: &mut Agent, id: &str, phase: &str) -> Result<Vec<(String, f64)>> {
    let before = schema::agent::tasks_before(&mut agent.host, id, FAULT_FOUND, HANDED_OVER);
    let mut found = Vec::new();
    for row in before.map_err(outside)? {
        let (fate, script) = script_of(agent, &row, row.origin.as_deref().unwrap_or(&row.id));
        let is_seen = if phase == "review" {
            fate.review_finds
        } else {
            fate.test_finds
        };
        if script.faulty && is_seen {
            found.push((row.id, fate.duration_ms * agent.brief.model.fix_share));
        }
    }
    Ok(found)
}

fn script_of(agent: &Agent, row: &TaskRow, origin: &str) -> (Fate, Script) {
    let brief = &agent.brief;
    let fate = Fate::draw(&brief.model, brief.seed, origin, row.estimate_ms);
    let handed_over = row.handed_over.as_deref();
    let first = handed_over.and_then(|reason| reason.strip_prefix(HANDED_OVER)?.split(' ').next());
    let has_specialists = workflows::pattern(&brief.workflow).has_specialists;
    let relay = has_specialists.then_some(brief.team_tags.as_slice());
    let phase = first.or(row.phase.as_deref());
    let script = Script::new(&brief.model, &fate, phase, relay);
    (fate, script)
}
