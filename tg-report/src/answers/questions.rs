//! The questions as a table: what each is about, which metrics answer it, and which manifest asks it.

/// One question.
pub struct Question {
    pub number: u8,
    pub text: &'static str,
    pub about: About,
    /// What is lacking where there is no answer.
    pub lacks: &'static str,
    pub manifest: &'static str,
    pub caveat: Option<&'static str>,
}

/// What is compared to answer it.
pub enum About {
    /// Arms under one of these workflows with arms under one of those.
    Workflows {
        one: &'static [&'static str],
        other: &'static [&'static str],
        metrics: &'static [&'static str],
    },
    /// Arms on a coarse template with arms on a fine one.
    Templates { metrics: &'static [&'static str] },
    /// Throughput by number of agents.
    Scaling,
}

pub const QUESTIONS: [Question; 5] = [
    Question {
        number: 1,
        text: "Push or pull: does assigning every task cost more than contention among self-selecting peers?",
        about: About::Workflows {
            one: &["swarm"],
            other: &["push"],
            metrics: &[
                "wall_clock_time_ms",
                "total_cost_usd",
                "ready_wait_time_ms",
                "assigned_wait_time_ms",
                "coordinator_cost_usd",
                "load_gini",
            ],
        },
        lacks: "no arms under swarm and under push with the same number of agents on the same template",
        manifest: "experiments/push-vs-pull.yaml",
        caveat: Some("the coordinator is one of the agents: push has one worker fewer than swarm"),
    },
    Question {
        number: 2,
        text: "Hierarchy or flat: does a lead pay for its own tokens and for being a serial bottleneck?",
        about: About::Workflows {
            one: &["swarm"],
            other: &["hierarchical"],
            metrics: &[
                "wall_clock_time_ms",
                "total_cost_usd",
                "coordinator_cost_usd",
                "ready_wait_time_ms",
                "tasks_per_hour",
            ],
        },
        lacks: "no arms under swarm and under hierarchical with the same number of agents on the same template",
        manifest: "experiments/hierarchy.yaml",
        caveat: Some("the lead is one of the agents: hierarchical has one worker fewer than swarm"),
    },
    Question {
        number: 3,
        text: "Specialists or generalists: do handoff gates buy enough quality for their sequential wait?",
        about: About::Workflows {
            one: &["swarm"],
            other: &["relay"],
            metrics: &[
                "verify_passed",
                "verify_score",
                "redo_rate",
                "handoffs",
                "ready_wait_time_ms",
                "wall_clock_time_ms",
            ],
        },
        lacks: "no arms under swarm and under relay with the same number of agents on the same template",
        manifest: "experiments/specialists.yaml",
        caveat: None,
    },
    Question {
        number: 4,
        text: "Granularity: at which team size do fine-grained tasks overtake coarse ones?",
        about: About::Templates {
            metrics: &["points_per_hour"],
        },
        lacks: "no arms on a coarse and on a fine template with the same workflow and number of agents",
        manifest: "experiments/granularity.yaml",
        caveat: None,
    },
    Question {
        number: 5,
        text: "Scaling: how does each pattern's throughput bend as agents are added, and where does it peak?",
        about: About::Scaling,
        lacks: "no pattern ran with several numbers of agents",
        manifest: "experiments/scaling.yaml",
        caveat: Some(
            "a good fit proves no mechanism, and nothing is said beyond twice the most agents measured",
        ),
    },
];
