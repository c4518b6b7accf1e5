//! Cost and tokens: the agents' own reports if every agent reported, else the values logged on tasks.
//!
//! Logged values are summed over all tasks of the run, containers and deleted ones included: a coordinator logs on the
//! root. Nothing logged means unknown, not free.

use crate::number::{MetricValue, Number, integer, ratio, sum, total};
use crate::view::{View, is_leader};
use std::collections::BTreeSet;
use tg_host::experiment_tables::AgentRow;
use tg_host::ledger::names::Name;
use tg_stage::Trim;

/// The contents of the slots unless the manifest names others.
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

/// The reason for metrics of leaders in a file without `experiment_agents`.
pub const NO_ROLES: &str = "the roles of the agents are not recorded";

const NO_TOKENS: &str = "no tokens were reported or logged";

/// The cost of a run, in USD and tokens.
pub struct Cost {
    pub total: MetricValue,
    /// `reported`, `priced`, `simulated`, `mixed`, `logged` or `unknown`.
    pub source: String,
    /// The sum of the values logged on tasks; `None` if there are none.
    pub logged: Option<f64>,
    /// The sum of the agents' reports; `None` if one of them is missing.
    pub reported: Option<f64>,
    /// `reported`, `logged` or `unknown`.
    pub tokens_source: &'static str,
    /// The sum of each slot.
    pub slots: [i64; 8],
    /// Tokens read, cached ones included.
    tokens_in: Option<i64>,
    /// Tokens written.
    tokens_out: Option<i64>,
    /// Tokens read from a cache.
    tokens_cached: Option<i64>,
    /// Of coordinators and leads.
    pub coordinator_usd: MetricValue,
    /// Of coordinators and leads, read and written.
    pub coordinator_tokens: MetricValue,
}

impl Cost {
    /// The cost without the trimmed tasks. An agent's report cannot be divided among its tasks, so that for a part of the
    /// tasks only logged values are known.
    pub fn new(view: &View, trim: &Trim, trimmed: &BTreeSet<Name>) -> Self {
        let agents: Vec<&AgentRow> = view.agents.values().copied().collect();
        let (mut slots, mut logged, mut is_logged) = ([0_i64; 8], 0.0, false);
        for (_, (usd, of_task)) in view.logged().filter(|task| !trimmed.contains(&task.0)) {
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
            tokens_in: known_sum(counting, |agent| agent.tokens_in),
            tokens_out: known_sum(counting, |agent| agent.tokens_out),
            tokens_cached: known_sum(counting, |agent| agent.tokens_cached),
            coordinator_usd: of_leaders(&agents, |leaders| {
                let usd = leaders.map(|agent| agent.cost_usd);
                let usd: Option<Vec<f64>> = usd.collect();
                usd.map(|usd| Number::Real(total(usd)))
            }),
            coordinator_tokens: of_leaders(&agents, |leaders| {
                let tokens =
                    leaders.map(|agent| Some(agent.tokens_in?.saturating_add(agent.tokens_out?)));
                let tokens: Option<Vec<i64>> = tokens.collect();
                tokens.map(|tokens| Number::Integer(sum(tokens)))
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
    pub fn tokens(&self) -> MetricValue {
        match (self.tokens_in, self.tokens_out) {
            (Some(tokens_in), Some(tokens_out)) => integer(tokens_in.saturating_add(tokens_out)),
            _ => Err(NO_TOKENS),
        }
    }

    /// The share of tokens that were read from a cache.
    pub fn cache_hit_rate(&self) -> MetricValue {
        match (self.tokens_cached, self.tokens_in) {
            (Some(cached), Some(all)) => ratio(cached as f64, all as f64, "no tokens were read"),
            _ => Err(NO_TOKENS),
        }
    }
}

/// The slot called `name`.
fn slot(view: &View, name: &str) -> Option<usize> {
    (0..SLOTS.len()).find(|slot| view.run.slot(*slot).unwrap_or(SLOTS[*slot]) == name)
}

/// The sum of the agents' reports, if every agent reported.
fn reported(agents: &[&AgentRow]) -> Option<f64> {
    let reported: Option<Vec<f64>> = agents.iter().map(|agent| agent.cost_usd).collect();
    reported.filter(|reported| !reported.is_empty()).map(total)
}

/// The total cost and its source.
fn money(
    agents: &[&AgentRow],
    reported: Option<f64>,
    logged: Option<f64>,
) -> (MetricValue, String) {
    if let Some(reported) = reported {
        let source = |agent: &&AgentRow| agent.cost_source.clone();
        let sources = agents
            .iter()
            .map(|agent| source(agent).unwrap_or_else(|| "unknown".into()));
        let sources: BTreeSet<String> = sources.collect();
        let only = sources.first().filter(|_| sources.len() == 1).cloned();
        let source = only.unwrap_or_else(|| "mixed".into());
        return (Ok(Number::Real(reported)), source);
    }
    match logged {
        Some(logged) => (Ok(Number::Real(logged)), "logged".into()),
        None => (Err("no cost was reported or logged"), "unknown".into()),
    }
}

/// The sum of a value over all agents, if every agent has it.
fn known_sum(agents: &[&AgentRow], value: impl Fn(&AgentRow) -> Option<i64>) -> Option<i64> {
    let values: Option<Vec<i64>> = agents.iter().map(|agent| value(agent)).collect();
    values.filter(|values| !values.is_empty()).map(sum)
}

/// The value for coordinators and leads; 0 if there are none.
fn of_leaders<'a>(
    agents: &[&'a AgentRow],
    value: impl Fn(&mut dyn Iterator<Item = &'a AgentRow>) -> Option<Number>,
) -> MetricValue {
    if agents.is_empty() {
        return Err(NO_ROLES);
    }
    let leaders = agents.iter().copied();
    value(&mut leaders.filter(|agent| is_leader(agent)))
        .ok_or("the coordinator's cost or tokens are unknown")
}
