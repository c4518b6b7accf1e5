//! Plans of runs, as proptest strategies. A plan consists of picks only: an event that is impossible at its turn is
//! skipped, so that proptest can leave out any part of a plan while it shrinks a failing case.

use super::workflow::WORKFLOWS;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub workflow: usize,
    /// True if the workflow's configuration is stored with the run.
    pub stored: bool,
    /// True if no task begins or ends before its predecessors and parts are over, and no task begins again after its end.
    pub orderly: bool,
    /// True if edges may close a circle.
    pub circles: bool,
    pub tasks: Vec<TaskPlan>,
    /// From, to, and true for `blocks`, false for `follows`; picks of tasks.
    pub edges: Vec<(usize, usize, bool)>,
    pub agents: Vec<AgentPlan>,
    /// True if the run's agents are in `experiment_agents`.
    pub recorded: bool,
    pub events: Vec<Event>,
    pub run: RunPlan,
}

/// The run's own row; times in milliseconds.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// From the creation of the tasks to the launch.
    pub started: Option<i64>,
    /// True if the agents had to wait for the launch.
    pub gate: bool,
    /// Its end, after the last event; none if that is not recorded.
    pub end: Option<i64>,
    /// The names of the first slots.
    pub slots: Option<[&'static str; 3]>,
    pub time_scale: Option<f64>,
    pub agents: Option<usize>,
    pub verify: Option<(i64, Option<f64>)>,
}

/// A task of the template.
#[derive(Debug, Clone)]
pub struct TaskPlan {
    /// A pick of an earlier task.
    pub parent: Option<usize>,
    pub kind: Kind,
    pub points: Option<i64>,
    pub estimate: Option<i64>,
    /// From its creation to its first row, in milliseconds; none if its creation is not in the history.
    pub row: Option<i64>,
}

/// The purpose of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Work,
    Lock,
    Gate,
}

/// An agent.
#[derive(Debug, Clone)]
pub struct AgentPlan {
    pub role: Option<&'static str>,
    /// Its start, in milliseconds after the tasks' creation.
    pub started: Option<i64>,
    /// True if its exit is recorded.
    pub exits: bool,
    /// Its reported cost, in cents, and the source.
    pub cents: Option<u32>,
    pub source: Option<&'static str>,
    /// In, out, cached.
    pub tokens: [Option<i64>; 3],
}

/// An event, `wait` milliseconds after the last; picks of a task and of a worker.
#[derive(Debug, Clone)]
pub struct Event {
    pub wait: i64,
    pub task: usize,
    pub worker: usize,
    pub what: What,
}

/// The kinds of events.
#[derive(Debug, Clone)]
pub enum What {
    /// A worker starts a free task, or its own; careless: also a blocked one.
    Claim {
        careless: bool,
    },
    Assign,
    /// From one timed state to another, as from work to review.
    GoOn,
    Finish,
    /// By an exit that is neither work nor success: fail, cancel, consult, hand back, reopen.
    Leave(usize),
    /// Hand back with a new phase.
    Relay(&'static str),
    Phase(&'static str),
    /// Without a row; to a final state if one is picked.
    Disconnect(Option<usize>),
    Evict,
    /// A claim by force, without a row.
    Steal,
    Delete,
    Create {
        row: bool,
    },
    /// The host assigns a task by itself.
    AutoAdvance,
    /// Cents and a slot's value.
    Log(u32, usize, i64),
    /// A pick of a file, claimed or released.
    Mark(usize),
    Unmark(usize),
    /// The task is touched, nothing else.
    Touch,
    /// Unused ids.
    Obliterate(i64),
}

fn phase() -> impl Strategy<Value = &'static str> {
    select(vec!["design", "implement", "review"])
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        16 => weighted(0.15, Just(())).prop_map(|careless| What::Claim { careless: careless.is_some() }),
        4 => Just(What::Assign),
        3 => Just(What::GoOn),
        12 => Just(What::Finish),
        6 => any::<usize>().prop_map(What::Leave),
        2 => phase().prop_map(What::Relay),
        1 => phase().prop_map(What::Phase),
        2 => weighted(0.2, any::<usize>()).prop_map(What::Disconnect),
        1 => Just(What::Evict),
        1 => Just(What::Steal),
        1 => Just(What::Delete),
        1 => any::<bool>().prop_map(|row| What::Create { row }),
        1 => Just(What::AutoAdvance),
        2 => (0..500_u32, 0..8_usize, 0..1000_i64).prop_map(|(cents, slot, value)| What::Log(cents, slot, value)),
        2 => (0..3_usize).prop_map(What::Mark),
        1 => (0..3_usize).prop_map(What::Unmark),
        1 => Just(What::Touch),
        1 => (1..5_i64).prop_map(What::Obliterate),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let wait = prop_oneof![2 => Just(0_i64), 1 => 1..4_i64, 4 => 1..5000_i64];
    (wait, 0..9_usize, 0..4_usize, what()).prop_map(|(wait, task, worker, what)| Event {
        wait,
        task,
        worker,
        what,
    })
}

fn task() -> impl Strategy<Value = TaskPlan> {
    let kind = prop_oneof![30 => Just(Kind::Work), 1 => Just(Kind::Lock), 1 => Just(Kind::Gate)];
    let row = prop_oneof![8 => Just(Some(0)), 1 => Just(Some(1)), 1 => Just(None)];
    (
        weighted(0.35, 0..8_usize),
        kind,
        weighted(0.7, 0..9_i64),
        of(1..9000_i64),
        row,
    )
        .prop_map(|(parent, kind, points, estimate, row)| TaskPlan {
            parent,
            kind,
            points,
            estimate,
            row,
        })
}

fn agent() -> impl Strategy<Value = AgentPlan> {
    let role = prop_oneof![6 => Just(Some("worker")), 2 => Just(Some("coordinator")), 1 => Just(Some("lead")), 1 => Just(None)];
    let source =
        prop_oneof![4 => Just(Some("reported")), 1 => Just(Some("priced")), 1 => Just(None)];
    let tokens = || weighted(0.9, 0..9000_i64);
    (
        role,
        of(0..500_i64),
        any::<bool>(),
        weighted(0.8, 0..500_u32),
        source,
        [tokens(), tokens(), tokens()],
    )
        .prop_map(|(role, started, exits, cents, source, tokens)| AgentPlan {
            role,
            started,
            exits,
            cents,
            source,
            tokens,
        })
}

fn run() -> impl Strategy<Value = RunPlan> {
    let end = prop_oneof![1 => Just(None), 3 => Just(Some(0)), 3 => (0..9000_i64).prop_map(Some), 1 => (-9000..0_i64).prop_map(Some)];
    let slots = weighted(
        0.3,
        select(vec![
            ["tokens_cached", "tool_calls", "tokens_in"],
            ["tool_calls", "tokens_out", "tokens_in"],
            ["a", "b", "c"],
        ]),
    );
    let verify = of((0..2_i64, of(0.0..100.0)));
    (
        of(0..900_i64),
        weighted(0.2, Just(())),
        end,
        slots,
        weighted(0.3, select(vec![0.01, 0.5, 3.0])),
        of(0..5_usize),
        verify,
    )
        .prop_map(
            |(started, gate, end, slots, time_scale, agents, verify)| RunPlan {
                gate: gate.is_some() && started.is_some(),
                started,
                end,
                slots,
                time_scale,
                agents,
                verify,
            },
        )
}

/// A run of any possible events.
pub fn plan() -> impl Strategy<Value = Plan> {
    let flags = (
        0..WORKFLOWS.len() + 3,
        any::<bool>(),
        weighted(0.05, Just(())),
        weighted(0.7, Just(())),
    );
    let edges = prop::collection::vec((0..9_usize, 0..9_usize, any::<bool>()), 0..10);
    let (tasks, agents) = (
        prop::collection::vec(task(), 0..10),
        prop::collection::vec(agent(), 1..5),
    );
    (
        flags,
        tasks,
        edges,
        agents,
        prop::collection::vec(event(), 0..120),
        run(),
    )
        .prop_map(
            |((workflow, stored, circles, recorded), tasks, edges, agents, events, run)| Plan {
                workflow: workflow % WORKFLOWS.len(),
                stored,
                orderly: false,
                circles: circles.is_some(),
                tasks,
                edges,
                agents,
                recorded: recorded.is_some(),
                events,
                run,
            },
        )
}

/// A run in which every event happens in the order of the graph, and once.
pub fn orderly() -> impl Strategy<Value = Plan> {
    plan().prop_map(|mut plan| {
        plan.orderly = true;
        plan.circles = false;
        plan.run.end = plan.run.end.map(|end| end.max(0));
        plan
    })
}

/// The runs of one database: mostly one, sometimes two that share it.
pub fn runs() -> impl Strategy<Value = Vec<Plan>> {
    prop_oneof![9 => prop::collection::vec(plan(), 1), 1 => prop::collection::vec(plan(), 2)]
}
