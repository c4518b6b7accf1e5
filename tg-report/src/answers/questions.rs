//! The questions as a table: the arms and metrics that answer each, and the manifest that makes these arms.

use tg_stage::workflows::{HIERARCHICAL, PUSH, RELAY};

#[derive(Debug)]
pub struct Question {
    pub number: u8,
    pub text: &'static str,
    pub about: About,
    pub manifest: &'static str,
}

/// The comparison that answers a question.
#[derive(Debug)]
pub enum About {
    /// Arms under this workflow, with arms of peers under swarm.
    Workflow {
        name: &'static str,
        metrics: &'static [&'static str],
    },
    /// Arms on a coarse template with arms on a fine one.
    Templates { metrics: &'static [&'static str] },
    /// Throughput by number of agents.
    Scaling,
}

pub static QUESTIONS: [Question; 5] = [
    Question {
        number: 1,
        text: "Push or pull: does assigning every task cost more than contention among self-selecting peers?",
        about: About::Workflow {
            name: PUSH,
            metrics: &[
                "wall_clock_time_ms",
                "total_cost_usd",
                "ready_wait_time_ms",
                "assigned_wait_time_ms",
                "coordinator_cost_usd",
                "load_gini",
            ],
        },
        manifest: "experiments/push-vs-pull.yaml",
    },
    Question {
        number: 2,
        text: "Hierarchy or flat: does a lead pay for its own tokens and for being a serial bottleneck?",
        about: About::Workflow {
            name: HIERARCHICAL,
            metrics: &[
                "wall_clock_time_ms",
                "total_cost_usd",
                "coordinator_cost_usd",
                "ready_wait_time_ms",
                "tasks_per_hour",
            ],
        },
        manifest: "experiments/hierarchy.yaml",
    },
    Question {
        number: 3,
        text: "Specialists or generalists: do handoff gates buy enough quality for their sequential wait?",
        about: About::Workflow {
            name: RELAY,
            metrics: &[
                "verify_passed",
                "verify_score",
                "redo_rate",
                "handoffs",
                "ready_wait_time_ms",
                "wall_clock_time_ms",
            ],
        },
        manifest: "experiments/specialists.yaml",
    },
    Question {
        number: 4,
        text: "Granularity: at which team size do fine-grained tasks overtake coarse ones?",
        about: About::Templates {
            metrics: &["points_per_hour"],
        },
        manifest: "experiments/granularity.yaml",
    },
    Question {
        number: 5,
        text: "Scaling: how does each pattern's throughput bend as agents are added, and where does it peak?",
        about: About::Scaling,
        manifest: "experiments/scaling.yaml",
    },
];
