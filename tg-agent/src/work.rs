//! Working on a task in hand: one step of its script, the same in every role and workflow.

use crate::agent::Agent;
use crate::path::Path;
use crate::script::{End, Step, tag_of};
use crate::task::{self, FAULT_FOUND, HANDED_OVER, Task};
use crate::usage::Spent;
use serde_json::json;
use tg_stage::Result;

/// Work on the task called `id`, which is ours and in its first timed state, and bring it to where its script has it.
/// False if we were told to stop before it was there: what we hold is then left as it is, for it is evidence.
pub fn on(agent: &mut Agent, id: &str) -> Result<bool> {
    let task = task::look_up(agent, id)?;
    agent.think(&format!("working on {}", task.origin))?;
    agent.usage.attempts += 1;
    let step = task.script.steps[task.step].clone();
    let file = agent.edit_file(&task)?;
    let mending = mend(agent, &task)?;
    let work_ms =
        step.work_ms / agent.speed(&task, &step) + mending.iter().map(|(_, ms)| ms).sum::<f64>();
    let path = agent.path.clone();
    let scale = agent.brief.model.time_scale;
    for (index, state) in path.timed.iter().enumerate() {
        if !agent.rest(work_ms * path.share(index) * scale)? {
            return Ok(false);
        }
        let Some(next) = path.timed.get(index + 1) else {
            continue;
        };
        if matches!(step.end, End::Back | End::Fail) {
            break; // seen to be wrong before it is looked over
        }
        agent.satisfy(id, &format!("status:{state}"))?;
        agent.update(id, json!({"status": next}))?;
    }
    let faults = i64::from(task.script.faulty && step.end == End::Done) - mending.len() as i64;
    agent.log(id, &Spent::on(&agent.brief.model, work_ms), faults)?;
    for (before, _) in &mending {
        agent.attach(
            before,
            FAULT_FOUND,
            &format!("simulated: found and mended under {id}"),
        )?;
    }
    agent.free_file(&file)?;
    close(agent, &task, &step)?;
    agent.report()?;
    Ok(true)
}

/// Faults of the tasks before that this review or test finds, and how long mending each takes.
fn mend(agent: &mut Agent, task: &Task) -> Result<Vec<(String, f64)>> {
    match task.phase.as_deref() {
        Some(phase @ ("review" | "test")) if task.step == 0 => {
            task::findable_faults(agent, &task.id, phase)
        }
        _ => Ok(Vec::new()),
    }
}

/// Leave the timed state as the step ends, with the artifacts that leaving it asks for.
fn close(agent: &mut Agent, task: &Task, step: &Step) -> Result<()> {
    let path = agent.path.clone();
    let doing = path.timed.first().cloned().unwrap_or_default();
    let last = path.timed.last().cloned().unwrap_or_default();
    let left = if matches!(step.end, End::Back | End::Fail) {
        &doing
    } else {
        &last
    };
    agent.satisfy(&task.id, &format!("status:{left}"))?;
    if let (Some(phase), End::Done | End::Over(_) | End::Fault(_)) = (step.phase, step.end) {
        agent.satisfy(&task.id, &format!("phase:{phase}"))?;
    }
    let back = path.back(&agent.brief.rules, left);
    let order = match step.end {
        End::Done => json!({"status": path.success, "reason": "simulated: done"}),
        End::Fail => {
            let failed = Path::failed(&agent.brief.rules, &agent.brief.states, left);
            json!({"status": failed, "reason": "simulated: failed"})
        }
        End::Back => json!({"status": back, "reason": "simulated: handed back to be done again"}),
        End::Over(next) | End::Fault(next) => {
            let from = step.phase.unwrap_or_default();
            let why = if matches!(step.end, End::Fault(_)) {
                ": a fault was found"
            } else {
                ""
            };
            let reason = format!("{HANDED_OVER}{from} to {next}{why}");
            let mut needed: Vec<&str> = task.needed.iter().map(String::as_str).collect();
            needed.retain(|tag| Some(*tag) != tag_of(from));
            needed.extend(tag_of(next));
            json!({"status": back, "phase": next, "needed_tags": needed, "reason": reason})
        }
    };
    agent.update(&task.id, order)
}
