//! Money and tokens: what the agents themselves report where every agent's report is known, else what was logged on
//! tasks.
//!
//! Logged values are summed over all tasks of the run, containers and deleted ones included: a coordinator logs on the
//! root. Nothing logged means unknown, not free.

use crate::answer::{Answer, Number, integer, sum, total};
use crate::view::{View, is_leader};
use std::collections::BTreeSet;
use tg_host::experiment::AgentRow;
use tg_host::ledger::names::Name;
use tg_stage::Trim;

/// What the slots hold unless the manifest says otherwise.
const SLOTS: [&str; 8] = [
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_thinking",
    "tokens_image",
    "tokens_audio",
    "",
    "",
];

/// What a run took.
pub struct Cost {
    /// In USD.
    pub total: Answer,
    /// Who says so: `reported`, `priced`, `simulated`, `mixed`, `logged` or `unknown`.
    pub source: String,
    /// What was logged on tasks, in USD; none if nothing was.
    pub logged: Option<f64>,
    /// What the agents report, in USD; none if one of them does not.
    pub reported: Option<f64>,
    /// Who says how many tokens: `reported`, `logged` or `unknown`.
    pub tokens_source: &'static str,
    /// Sums of the eight slots.
    pub slots: [i64; 8],
    /// Tokens read, cached ones included.
    pub tokens_in: Option<i64>,
    /// Tokens written.
    pub tokens_out: Option<i64>,
    /// Tokens read from a cache.
    pub tokens_cached: Option<i64>,
    /// What coordinators and leads took, in USD.
    pub coordinator_usd: Answer,
    /// What coordinators and leads took, tokens in and out.
    pub coordinator_tokens: Answer,
}

impl Cost {
    /// What the run took, but for the tasks that are left out. What an agent reports cannot be divided among its tasks, so
    /// that of a part of them only what was logged is known.
    pub fn of(view: &View, trim: &Trim, left_out: &BTreeSet<Name>) -> Self {
        let agents: Vec<&AgentRow> = view.agents.values().copied().collect();
        let (mut slots, mut logged, mut is_logged) = ([0_i64; 8], 0.0, false);
        for (_, (usd, of_task)) in view.logged().filter(|task| !left_out.contains(&task.0)) {
            for (sum, slot) in slots.iter_mut().zip(of_task) {
                *sum = sum.saturating_add(slot);
            }
            logged += usd.unwrap_or(0.0);
            is_logged |= usd.unwrap_or(0.0) != 0.0;
        }
        let counting: &[&AgentRow] = if trim.is_empty() { &agents } else { &[] };
        let logged = is_logged.then_some(logged);
        let reported = reported(counting);
        let (usd, source) = money(counting, reported, logged);
        let mut cost = Self {
            total: usd,
            source,
            logged,
            reported,
            tokens_source: "reported",
            slots,
            tokens_in: all(counting, |agent| agent.tokens_in),
            tokens_out: all(counting, |agent| agent.tokens_out),
            tokens_cached: all(counting, |agent| agent.tokens_cached),
            coordinator_usd: led(&agents, |agents| {
                let usd = agents.iter().map(|agent| agent.cost_usd);
                usd.collect::<Option<Vec<_>>>()
                    .map(|usd| Number::Real(total(usd)))
            }),
            coordinator_tokens: led(&agents, |agents| {
                let tokens = agents
                    .iter()
                    .map(|agent| Some(agent.tokens_in?.saturating_add(agent.tokens_out?)));
                tokens
                    .collect::<Option<Vec<_>>>()
                    .map(|tokens| Number::Integer(sum(tokens)))
            }),
        };
        if cost.tokens_in.is_none() || cost.tokens_out.is_none() {
            cost.take_tokens_from_slots(view);
        }
        cost
    }

    fn take_tokens_from_slots(&mut self, view: &View) {
        let slot = |name| slot(view, name).map(|slot| self.slots[slot]);
        let (tokens_in, tokens_out, cached) =
            (slot("tokens_in"), slot("tokens_out"), slot("tokens_cached"));
        let is_logged = tokens_in.unwrap_or(0) != 0 || tokens_out.unwrap_or(0) != 0;
        self.tokens_in = tokens_in.filter(|_| is_logged);
        self.tokens_out = tokens_out.filter(|_| is_logged);
        self.tokens_cached = cached.filter(|_| is_logged);
        self.tokens_source = if is_logged { "logged" } else { "unknown" };
    }

    /// Tokens read and written.
    pub fn tokens(&self) -> Answer {
        match (self.tokens_in, self.tokens_out) {
            (Some(tokens_in), Some(tokens_out)) => integer(tokens_in.saturating_add(tokens_out)),
            _ => Err("no tokens were reported or logged"),
        }
    }
}

/// The slot that holds what is called `name`.
fn slot(view: &View, name: &str) -> Option<usize> {
    let declared = |slot: usize| view.run["slots"][format!("metric_{slot}")].as_str();
    (0..SLOTS.len()).find(|slot| declared(*slot).unwrap_or(SLOTS[*slot]) == name)
}

/// What the agents report, if every one of them does.
fn reported(agents: &[&AgentRow]) -> Option<f64> {
    let reported: Option<Vec<f64>> = agents.iter().map(|agent| agent.cost_usd).collect();
    reported.filter(|reported| !reported.is_empty()).map(total)
}

fn money(agents: &[&AgentRow], reported: Option<f64>, logged: Option<f64>) -> (Answer, String) {
    if let Some(reported) = reported {
        let sources: BTreeSet<_> = agents
            .iter()
            .map(|agent| agent.cost_source.as_deref().unwrap_or("unknown"))
            .collect();
        let source = if sources.len() == 1 {
            sources.first().copied().unwrap_or("unknown")
        } else {
            "mixed"
        };
        return (Ok(Number::Real(reported)), source.into());
    }
    match logged {
        Some(logged) => (Ok(Number::Real(logged)), "logged".into()),
        None => (Err("no cost was reported or logged"), "unknown".into()),
    }
}

/// The sum over all agents, if it is known of every one.
fn all(agents: &[&AgentRow], value: impl Fn(&AgentRow) -> Option<i64>) -> Option<i64> {
    let values: Option<Vec<i64>> = agents.iter().map(|agent| value(agent)).collect();
    values.filter(|values| !values.is_empty()).map(sum)
}

/// What the coordinators and leads took; nothing where there were none.
fn led(agents: &[&AgentRow], value: impl Fn(&[&AgentRow]) -> Option<Number>) -> Answer {
    let leaders: Vec<&AgentRow> = agents
        .iter()
        .copied()
        .filter(|agent| is_leader(agent))
        .collect();
    if agents.is_empty() {
        return Err("who worked in which role is not recorded");
    }
    value(&leaders).ok_or("what the coordinator took is not known")
}
