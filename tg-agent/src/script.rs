//! What will happen to a task, written down before it begins: one step for each time somebody works on it.
//!
//! All of it follows from the seed, the template task and, under relay, the phases the task passes; so the agent that
//! takes a task up needs to know only how often it was worked on before to know which step is its own, whoever did the
//! others. Except under relay a task is one step, two if its first attempt is handed back.
//!
//! Under relay the one drawn duration is shared out over the legs: a design is drawn up (0.85) and reviewed (0.15), an
//! implementation written (0.70), reviewed (0.15) and tested (0.15); legs that nobody in the team is there for fall to
//! the first. A reviewer or tester who finds the task's fault sends it back to be mended, and it passes on from there.

use crate::draw::Fate;
use tg_stage::StandIn;

/// The specialists, in the order work passes them: phase, needed tag.
pub const LEGS: [(&str, &str); 4] = [
    ("design", "designer"),
    ("implement", "implementer"),
    ("review", "reviewer"),
    ("test", "tester"),
];

/// One stint of work on a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The relay phase it is done in.
    pub phase: Option<&'static str>,
    /// Milliseconds of the imagined agent, before any speed-up.
    pub work_ms: f64,
    /// How it ends.
    pub end: End,
}

/// How a stint ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The task is done.
    Done,
    /// The task has failed for good.
    Fail,
    /// Handed back, to be done again.
    Back,
    /// Handed over to the next phase.
    Over(&'static str),
    /// A fault was found: handed back to the phase that made it.
    Fault(&'static str),
}

/// The steps of a task, and whether its fault is still in it at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// In order; never empty.
    pub steps: Vec<Step>,
    /// The task has a fault that nobody has found.
    pub faulty: bool,
}

/// The script of a task whose template phase is `phase`. `relay` names the specialist tags there are agents for; `None`
/// outside relay.
pub fn write(
    model: &StandIn,
    fate: &Fate,
    phase: Option<&str>,
    relay: Option<&[String]>,
) -> Script {
    let route = relay.map(|tags| route(phase, tags)).unwrap_or_default();
    let makes_faults = !matches!(phase, Some("review" | "test"));
    let faulty = fate.fault && makes_faults;
    if route.is_empty() {
        return Script {
            steps: alone(model, fate),
            faulty,
        };
    }
    relayed(model, fate, &route, faulty)
}

fn alone(model: &StandIn, fate: &Fate) -> Vec<Step> {
    let step = |share: f64, end: End| Step {
        phase: None,
        work_ms: fate.duration_ms * share,
        end,
    };
    let end = if fate.fail { End::Fail } else { End::Done };
    if fate.redo {
        vec![step(1.0, End::Back), step(model.redo_share, end)]
    } else {
        vec![step(1.0, end)]
    }
}

fn relayed(model: &StandIn, fate: &Fate, route: &[(&'static str, f64)], faulty: bool) -> Script {
    let handoff_ms = model.handoff_s * 1000.0;
    let mut script = Script {
        steps: Vec::new(),
        faulty,
    };
    let mut push = |leg: usize, share: f64, end: End| {
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
        push(0, 1.0, End::Back);
    }
    let (mut leg, mut share) = (0, if fate.redo { model.redo_share } else { 1.0 });
    loop {
        let finds = match route[leg].0 {
            "review" => fate.review_finds,
            "test" => fate.test_finds,
            _ => false,
        };
        if leg > 0 && script.faulty && finds {
            push(leg, share, End::Fault(maker));
            script.faulty = false;
            push(
                0,
                model.fix_share,
                route.get(1).map_or(End::Done, |next| End::Over(next.0)),
            );
            (leg, share) = (1, model.redo_share);
            continue;
        }
        let last = leg + 1 == route.len();
        let end = match (last, fate.fail) {
            (true, true) => End::Fail,
            (true, false) => End::Done,
            (false, _) => End::Over(route[leg + 1].0),
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
    let is_there = |phase: &str| {
        LEGS.iter()
            .any(|(leg, tag)| *leg == phase && tags.iter().any(|has| has == tag))
    };
    let mut legs: Vec<(&'static str, f64)> = Vec::new();
    for (index, (phase, share)) in shares.iter().enumerate() {
        if index == 0 || is_there(phase) {
            legs.push((phase, *share));
        } else if let Some(first) = legs.first_mut() {
            first.1 += share;
        }
    }
    legs
}

/// The tag of the agents who work in `phase`.
pub fn tag_of(phase: &str) -> Option<&'static str> {
    LEGS.iter()
        .find(|(leg, _)| *leg == phase)
        .map(|(_, tag)| *tag)
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
        LEGS.iter().map(|(_, tag)| (*tag).to_string()).collect()
    }

    fn told(script: &Script) -> Vec<(Option<&'static str>, End)> {
        script
            .steps
            .iter()
            .map(|step| (step.phase, step.end))
            .collect()
    }

    #[test]
    fn outside_relay_a_task_is_one_step_or_two() {
        let model = StandIn::default();
        assert_eq!(
            told(&write(&model, &FATE, Some("design"), None)),
            [(None, End::Done)]
        );
        let redone = write(&model, &Fate { redo: true, ..FATE }, None, None);
        assert_eq!(told(&redone), [(None, End::Back), (None, End::Done)]);
        assert!((redone.steps[1].work_ms - 1000.0 * model.redo_share).abs() < 1e-9);
    }

    #[test]
    fn the_legs_share_the_one_duration() {
        let model = StandIn {
            handoff_s: 0.0,
            ..StandIn::default()
        };
        for phase in ["design", "implement", "review", "test"] {
            for tags in [
                all(),
                vec!["implementer".into(), "tester".into()],
                Vec::new(),
            ] {
                let script = write(&model, &FATE, Some(phase), Some(&tags));
                let sum: f64 = script.steps.iter().map(|step| step.work_ms).sum();
                assert!((sum - 1000.0).abs() < 1e-9, "{phase} {tags:?}: {sum}");
            }
        }
    }

    #[test]
    fn a_fault_goes_back_to_who_made_it_and_is_mended_once() {
        let model = StandIn::default();
        let fate = Fate {
            fault: true,
            review_finds: true,
            test_finds: true,
            ..FATE
        };
        let script = write(&model, &fate, Some("implement"), Some(&all()));
        let expected = [
            (Some("implement"), End::Over("review")),
            (Some("review"), End::Fault("implement")),
            (Some("implement"), End::Over("review")),
            (Some("review"), End::Over("test")),
            (Some("test"), End::Done),
        ];
        assert_eq!(told(&script), expected);
        assert!(!script.faulty);
        let missed = write(
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
