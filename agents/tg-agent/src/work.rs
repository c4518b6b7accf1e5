//! Working on a claimed task: one step of its script, the same in every role and workflow.

use crate::agent::Agent;
use crate::script::{Step, StepEnd, tag_of};
use crate::state_path::StatePath;
use crate::task::{self, ClaimedTask, FAULT_FOUND, HANDED_OVER};
use crate::usage::WorkCost;
use serde_json::json;
use tg_stage::workflows::SPECIALISTS;
use tg_stage::{Error, Result, file};

/// Works on the task `id`, which this agent holds in its first timed state, and moves it on as its script says. False if
/// stopped before that: then the task stays as it is, for it is evidence.
pub fn work_on(agent: &mut Agent, id: &str) -> Result<bool> {
    let task = task::read_claimed(agent, id)?;
    agent.think(&format!("working on {}", task.origin))?;
    agent.usage.attempts += 1;
    let step = task.script.steps[task.step].clone();
    let file = edit_file(agent, &task)?;
    let mending = mend(agent, &task)?;
    let mending_ms = mending.iter().map(|(_, ms)| ms).sum::<f64>();
    let work_ms = step.work_ms / speed(agent, &task, &step) + mending_ms;
    let path = agent.path.clone();
    let scale = agent.brief.model.time_scale;
    for (index, state) in path.timed.iter().enumerate() {
        if !agent.rest(work_ms * path.share(index) * scale)? {
            return Ok(false);
        }
        let Some(next) = path.timed.get(index + 1) else {
            continue;
        };
        if matches!(step.end, StepEnd::Back | StepEnd::Fail) {
            break; // the error is seen before the work is reviewed
        }
        agent.satisfy(id, &format!("status:{state}"))?;
        agent.update(id, json!({"status": next}))?;
    }
    let is_faulty = task.script.faulty && step.end == StepEnd::Done;
    let faults = i64::from(is_faulty) - mending.len() as i64;
    agent.log(id, &WorkCost::of_work(&agent.brief.model, work_ms), faults)?;
    for (before, _) in &mending {
        let content = format!("simulated: found and mended under {id}");
        agent.attach(before, FAULT_FOUND, &content)?;
    }
    agent.call("unmark_file", &json!({"agent": agent.me, "file": file}))?;
    close(agent, &task, &step)?;
    agent.report()?;
    Ok(true)
}

/// Marks the file this task is about and writes a few simulated words into it; returns its name.
fn edit_file(agent: &mut Agent, task: &ClaimedTask) -> Result<String> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let safe = task.origin.chars().take(100);
    let safe: String = safe.map(|c| if is_safe(c) { c } else { '_' }).collect();
    let path = std::path::absolute(format!("{}.md", safe.trim_start_matches('.')))
        .map_err(|cause| Error::outside("working directory", cause))?;
    let name = path.to_string_lossy().into_owned();
    let mark =
        json!({"agent": agent.me, "file": name, "task": task.id, "reason": "simulated edit"});
    agent.call("mark_file", &mark)?;
    let fault = if task.script.faulty {
        "with a fault"
    } else {
        "without a fault"
    };
    let text = format!("simulated: nothing was done for {}, {fault}\n", task.origin);
    file::write(&path, text.as_bytes())?;
    Ok(name)
}

/// The agent's speed at a step, 1 for an average agent; a specialist is an agent with just one of the specialists' tags.
fn speed(agent: &Agent, task: &ClaimedTask, step: &Step) -> f64 {
    let is_special = |tag: &&String| SPECIALISTS.contains(&tag.as_str());
    let mut own = agent.tags.iter().filter(is_special);
    let (Some(special), None) = (own.next(), own.next()) else {
        return 1.0;
    };
    let asked = step.phase.and_then(tag_of);
    let matches = asked.map_or_else(|| task.needed.contains(special), |asked| asked == special);
    if matches {
        agent.brief.model.specialist_speedup
    } else {
        1.0
    }
}

/// The faults of earlier tasks that this review or test finds, and the time that mending each takes.
fn mend(agent: &mut Agent, task: &ClaimedTask) -> Result<Vec<(String, f64)>> {
    match task.phase.as_deref() {
        Some(phase @ ("review" | "test")) if task.step == 0 => {
            task::findable_faults(agent, &task.id, phase)
        }
        _ => Ok(Vec::new()),
    }
}

/// Moves the task out of its timed state as the step ends, with the artifacts that the gates ask for.
fn close(agent: &mut Agent, task: &ClaimedTask, step: &Step) -> Result<()> {
    let path = agent.path.clone();
    let left = match step.end {
        StepEnd::Back | StepEnd::Fail => path.timed.first(),
        _ => path.timed.last(),
    };
    let left = left.map_or("", String::as_str);
    agent.satisfy(&task.id, &format!("status:{left}"))?;
    if let (Some(phase), StepEnd::Done | StepEnd::Over(_) | StepEnd::Fault(_)) =
        (step.phase, step.end)
    {
        agent.satisfy(&task.id, &format!("phase:{phase}"))?;
    }
    let back = path.back(&agent.brief.rules, left);
    let change = match step.end {
        StepEnd::Done => json!({"status": path.success, "reason": "simulated: done"}),
        StepEnd::Fail => {
            let failed = StatePath::failed(&agent.brief.rules, &agent.brief.states, left);
            json!({"status": failed, "reason": "simulated: failed"})
        }
        StepEnd::Back => {
            json!({"status": back, "reason": "simulated: handed back to be done again"})
        }
        StepEnd::Over(next) | StepEnd::Fault(next) => {
            let from = step.phase.unwrap_or_default();
            let why = if matches!(step.end, StepEnd::Fault(_)) {
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
    agent.update(&task.id, change)
}
