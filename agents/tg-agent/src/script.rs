//! The script of a task, written before it begins: one step for each time an agent works on it.
//!
//! All of it follows from the seed, the template task and, under relay, the phases that the task passes; so an agent that
//! claims a task needs to know only how often it was worked on before to know which step is due, and not by which agents.
//! Except under relay a task is one step, two if its first attempt is handed back.
//!
//! Under relay the one drawn duration is shared out over the legs: a design is drawn up (0.85) and reviewed (0.15), an
//! implementation written (0.70), reviewed (0.15) and tested (0.15); legs for which the team has no specialist fall to
//! the first. A reviewer or tester that finds the task's fault sends it back to be mended, and it passes on from there.

use crate::fate::Fate;
use tg_stage::WorkModel;
use tg_stage::workflows::SPECIALISTS;

/// The phases in which the [`SPECIALISTS`] work, in the same order.
const PHASES: [&str; 4] = ["design", "implement", "review", "test"];

/// One period of work on a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The relay phase of the work.
    pub phase: Option<&'static str>,
    /// Milliseconds of the imagined agent, before any speed-up.
    pub work_ms: f64,
    pub end: StepEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEnd {
    /// The task is done.
    Done,
    /// The task has failed for good.
    Fail,
    /// Handed back, to be done again.
    Back,
    /// Handed over to this phase.
    Over(&'static str),
    /// A fault was found: handed back to the phase that made it.
    Fault(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// In order; never empty.
    pub steps: Vec<Step>,
    /// True if the task still has its fault at the end.
    pub faulty: bool,
}

impl Script {
    /// The script of a task whose template phase is `phase`. `relay` lists the specialist tags of the team; `None` outside
    /// relay.
    pub fn new(
        model: &WorkModel,
        fate: &Fate,
        phase: Option<&str>,
        relay: Option<&[String]>,
    ) -> Self {
        let route = relay.map(|tags| route(phase, tags)).unwrap_or_default();
        let faulty = fate.fault && !matches!(phase, Some("review" | "test"));
        if route.is_empty() {
            let steps = steps_alone(model, fate);
            return Self { steps, faulty };
        }
        relayed(model, fate, &route, faulty)
    }
}

fn steps_alone(model: &WorkModel, fate: &Fate) -> Vec<Step> {
    let step = |share: f64, end: StepEnd| Step {
        phase: None,
        work_ms: fate.duration_ms * share,
        end,
    };
    let end = if fate.fail {
        StepEnd::Fail
    } else {
        StepEnd::Done
    };
    if fate.redo {
        vec![step(1.0, StepEnd::Back), step(model.redo_share, end)]
    } else {
        vec![step(1.0, end)]
    }
}

fn relayed(model: &WorkModel, fate: &Fate, route: &[(&'static str, f64)], faulty: bool) -> Script {
    let handoff_ms = model.handoff_s * 1000.0;
    let mut script = Script {
        steps: Vec::new(),
        faulty,
    };
    let mut push = |leg: usize, share: f64, end: StepEnd| {
        let taking_over = if leg > 0 { handoff_ms } else { 0.0 };
        let work_ms = fate.duration_ms * route[leg].1 * share + taking_over;
        script.steps.push(Step {
            phase: Some(route[leg].0),
            work_ms,
            end,
        });
    };
    let maker = route[0].0;
    if fate.redo {
        push(0, 1.0, StepEnd::Back);
    }
    let (mut leg, mut share) = (0, if fate.redo { model.redo_share } else { 1.0 });
    loop {
        let finds = match route[leg].0 {
            "review" => fate.review_finds,
            "test" => fate.test_finds,
            _ => false,
        };
        if leg > 0 && script.faulty && finds {
            push(leg, share, StepEnd::Fault(maker));
            script.faulty = false;
            push(
                0,
                model.fix_share,
                route
                    .get(1)
                    .map_or(StepEnd::Done, |next| StepEnd::Over(next.0)),
            );
            (leg, share) = (1, model.redo_share);
            continue;
        }
        let last = leg + 1 == route.len();
        let end = match (last, fate.fail) {
            (true, true) => StepEnd::Fail,
            (true, false) => StepEnd::Done,
            (false, _) => StepEnd::Over(route[leg + 1].0),
        };
        push(leg, share, end);
        if last {
            return script;
        }
        leg += 1;
    }
}

/// The legs of a task that begins in `phase`, with their shares of its work.
fn route(phase: Option<&str>, tags: &[String]) -> Vec<(&'static str, f64)> {
    let shares: &[(&'static str, f64)] = match phase {
        Some("design") => &[("design", 0.85), ("review", 0.15)],
        Some("implement") => &[("implement", 0.70), ("review", 0.15), ("test", 0.15)],
        Some("review") => &[("review", 1.0)],
        Some("test") => &[("test", 1.0)],
        _ => &[],
    };
    let has_specialist = |phase| tag_of(phase).is_some_and(|tag| tags.iter().any(|has| has == tag));
    let mut legs: Vec<(&'static str, f64)> = Vec::new();
    for (index, (phase, share)) in shares.iter().enumerate() {
        if index == 0 || has_specialist(phase) {
            legs.push((phase, *share));
        } else if let Some(first) = legs.first_mut() {
            first.1 += share;
        }
    }
    legs
}

/// The tag of the specialists of `phase`.
pub fn tag_of(phase: &str) -> Option<&'static str> {
    let at = PHASES.iter().position(|known| *known == phase)?;
    Some(SPECIALISTS[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FATE: Fate = Fate {
        duration_ms: 1000.0,
        redo: false,
        fail: false,
        fault: false,
        review_finds: false,
        test_finds: false,
    };

    fn all() -> Vec<String> {
        SPECIALISTS.iter().map(ToString::to_string).collect()
    }

    fn ends(script: &Script) -> Vec<(Option<&'static str>, StepEnd)> {
        script
            .steps
            .iter()
            .map(|step| (step.phase, step.end))
            .collect()
    }

    #[test]
    fn outside_relay_a_task_is_one_step_or_two() {
        let model = WorkModel::default();
        assert_eq!(
            ends(&Script::new(&model, &FATE, Some("design"), None)),
            [(None, StepEnd::Done)]
        );
        let redone = Script::new(&model, &Fate { redo: true, ..FATE }, None, None);
        assert_eq!(
            ends(&redone),
            [(None, StepEnd::Back), (None, StepEnd::Done)]
        );
        assert!((redone.steps[1].work_ms - 1000.0 * model.redo_share).abs() < 1e-9);
    }

    #[test]
    fn the_legs_share_the_one_duration() {
        let model = WorkModel {
            handoff_s: 0.0,
            ..WorkModel::default()
        };
        for phase in ["design", "implement", "review", "test"] {
            for tags in [
                all(),
                vec!["implementer".into(), "tester".into()],
                Vec::new(),
            ] {
                let script = Script::new(&model, &FATE, Some(phase), Some(&tags));
                let sum: f64 = script.steps.iter().map(|step| step.work_ms).sum();
                assert!((sum - 1000.0).abs() < 1e-9, "{phase} {tags:?}: {sum}");
            }
        }
    }

    #[test]
    fn a_fault_goes_back_to_its_phase_and_is_mended_once() {
        let model = WorkModel::default();
        let fate = Fate {
            fault: true,
            review_finds: true,
            test_finds: true,
            ..FATE
        };
        let script = Script::new(&model, &fate, Some("implement"), Some(&all()));
        let expected = [
            (Some("implement"), StepEnd::Over("review")),
            (Some("review"), StepEnd::Fault("implement")),
            (Some("implement"), StepEnd::Over("review")),
            (Some("review"), StepEnd::Over("test")),
            (Some("test"), StepEnd::Done),
        ];
        assert_eq!(ends(&script), expected);
        assert!(!script.faulty);
        let missed = Script::new(
            &model,
            &Fate {
                fault: true,
                ..FATE
            },
            Some("implement"),
            Some(&all()),
        );
        assert!(missed.faulty);
    }
}
