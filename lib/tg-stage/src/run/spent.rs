//! `spent.json`: the cost and tokens of a run so far. The launcher keeps it in the run's directory while the agents work.
//!
//! Totals are sums over known values: null only where no agent's value is known, a lower bound where only some are. An
//! experiment has spent the sum over all of its runs' files, earlier attempts included: money does not come back because
//! a run is repeated.

use super::dir::RunDir;
use super::run::Limits;
use crate::error::{Error, Result};
use crate::file;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Cost and tokens of a run so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Moment of the reading, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Cost of all agents together, in USD.
    pub cost_usd: Option<f64>,
    /// Tokens of all agents together, in and out.
    pub tokens: Option<i64>,
    /// Each agent's part, by worker id.
    pub agents: BTreeMap<String, AgentSpent>,
}

/// Cost and tokens of one agent so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentSpent {
    /// In USD.
    pub cost_usd: Option<f64>,
    /// Tokens read, cached ones included.
    pub tokens_in: Option<i64>,
    /// Tokens written.
    pub tokens_out: Option<i64>,
    /// Tokens read from a cache.
    pub tokens_cached: Option<i64>,
    /// `reported`, `priced`, `logged`, `simulated`, or null.
    pub cost_source: Option<String>,
    /// State of its process.
    pub state: AgentState,
}

/// State of an agent's process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentState {
    /// Started.
    #[default]
    Starting,
    /// Registered at the host.
    Connected,
    /// Exited.
    Exited,
}

/// A sum of cost and tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Total {
    /// In USD.
    pub cost_usd: Option<f64>,
    /// In and out.
    pub tokens: Option<i64>,
}

/// A limit that was reached; prints as `run_cost_usd 5.02 of 5`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reached {
    /// The limit's name, as in the manifest.
    pub limit: &'static str,
    /// The amount that was spent.
    pub spent: f64,
    /// The amount that was allowed.
    pub of: f64,
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Costs are sums of floats: six places are a millionth of a dollar, and no rounding noise.
        let spent = (self.spent * 1e6).round() / 1e6;
        write!(f, "{} {spent} of {}", self.limit, self.of)
    }
}

impl AgentSpent {
    /// Cost and tokens together.
    pub fn total(&self) -> Total {
        Total {
            cost_usd: self.cost_usd,
            tokens: add(self.tokens_in, self.tokens_out, i64::saturating_add),
        }
    }
}

impl Spent {
    /// The sum over `agents`.
    pub fn sum(agents: BTreeMap<String, AgentSpent>, at_ms: i64) -> Self {
        let sum: Total = agents.values().map(AgentSpent::total).sum();
        Self {
            at_ms,
            cost_usd: sum.cost_usd,
            tokens: sum.tokens,
            agents,
        }
    }

    /// Cost and tokens of the run. A negative value counts as unknown: it would leave the other runs more than there is.
    pub fn total(&self) -> Total {
        Total {
            cost_usd: self.cost_usd.filter(|usd| *usd >= 0.0),
            tokens: self.tokens.filter(|tokens| *tokens >= 0),
        }
    }

    /// The file of a run; none where it is missing or cannot be read.
    pub fn load(run: &RunDir) -> Option<Self> {
        serde_json::from_slice(&file::read_kept(&run.spent()).ok()?).ok()
    }

    /// Writes the file of a run.
    pub fn save(&self, run: &RunDir) -> Result<()> {
        let path = run.spent();
        let text =
            serde_json::to_vec(self).map_err(|cause| Error::outside(path.display(), cause))?;
        file::write(&path, &text)
    }
}

impl std::iter::Sum for Total {
    fn sum<I: Iterator<Item = Self>>(totals: I) -> Self {
        totals.fold(Self::default(), |sum, one| Self {
            cost_usd: add(sum.cost_usd, one.cost_usd, std::ops::Add::add),
            tokens: add(sum.tokens, one.tokens, i64::saturating_add),
        })
    }
}

/// The sum of what is known.
fn add<T>(one: Option<T>, other: Option<T>, sum: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(sum(one, other)),
        (one, other) => one.or(other),
    }
}

impl Limits {
    /// The limit of one agent that `spent` has reached.
    pub fn of_agent(&self, spent: Total) -> Option<Reached> {
        reached("agent_cost_usd", self.agent_cost_usd, spent.cost_usd)
            .or_else(|| reached_tokens("agent_tokens", self.agent_tokens, spent.tokens))
    }

    /// The limit of a run that `spent` has reached.
    pub fn of_run(&self, spent: Total) -> Option<Reached> {
        reached("run_cost_usd", self.run_cost_usd, spent.cost_usd)
            .or_else(|| reached_tokens("run_tokens", self.run_tokens, spent.tokens))
    }

    /// The limit of the experiment that `spent` has reached.
    pub fn of_experiment(&self, spent: Total) -> Option<Reached> {
        reached(
            "experiment_cost_usd",
            self.experiment_cost_usd,
            spent.cost_usd,
        )
        .or_else(|| reached_tokens("experiment_tokens", self.experiment_tokens, spent.tokens))
    }
}

fn reached(limit: &'static str, of: Option<f64>, spent: Option<f64>) -> Option<Reached> {
    let (of, spent) = (of?, spent?);
    (spent >= of).then_some(Reached { limit, spent, of })
}

fn reached_tokens(limit: &'static str, of: Option<u64>, spent: Option<i64>) -> Option<Reached> {
    reached(
        limit,
        of.map(|of| of as f64),
        spent.map(|spent| spent as f64),
    )
}

/// The sum that an experiment has spent. A file is read again only where it has changed: an experiment of thousands of
/// runs is asked about twice a second.
#[derive(Debug, Default)]
pub struct Ledger {
    known: BTreeMap<PathBuf, (SystemTime, Total)>,
}

impl Ledger {
    /// The sum over all run directories in `experiment`, earlier attempts included.
    pub fn total(&mut self, experiment: &Path) -> Total {
        self.total_without(experiment, Path::new(""))
    }

    /// The same without the run directory `own`, of which the caller has newer values.
    pub fn total_without(&mut self, experiment: &Path, own: &Path) -> Total {
        let dirs = std::fs::read_dir(experiment)
            .into_iter()
            .flatten()
            .flatten();
        let mut now = BTreeMap::new();
        for dir in dirs.map(|entry| entry.path()).filter(|dir| dir != own) {
            let run = RunDir::new(&dir);
            let data = std::fs::metadata(run.spent());
            let Ok(changed) = data.and_then(|data| data.modified()) else {
                continue;
            };
            let known = self.known.get(&dir).filter(|known| known.0 == changed);
            let total = known.map_or_else(
                || Spent::load(&run).unwrap_or_default().total(),
                |known| known.1,
            );
            now.insert(dir, (changed, total));
        }
        self.known = now;
        self.known.values().map(|(_, total)| *total).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(cost_usd: Option<f64>, tokens_in: Option<i64>, tokens_out: Option<i64>) -> AgentSpent {
        AgentSpent {
            cost_usd,
            tokens_in,
            tokens_out,
            ..AgentSpent::default()
        }
    }

    #[test]
    fn totals_are_lower_bounds_and_null_only_where_nothing_is_known() {
        let sum = |agents: &[AgentSpent]| {
            let named = agents.iter().enumerate();
            Spent::sum(
                named
                    .map(|(at, one)| (at.to_string(), one.clone()))
                    .collect(),
                1,
            )
            .total()
        };
        let total = |cost_usd, tokens| Total { cost_usd, tokens };
        assert_eq!(sum(&[]), total(None, None));
        assert_eq!(sum(&[agent(None, None, None)]), total(None, None));
        assert_eq!(
            sum(&[agent(Some(0.5), None, Some(3)), agent(None, Some(4), None)]),
            total(Some(0.5), Some(7))
        );
        assert_eq!(
            sum(&[agent(Some(0.0), Some(0), Some(0))]),
            total(Some(0.0), Some(0))
        );
    }

    #[test]
    fn what_is_unknown_reaches_no_limit() {
        let limits = Limits {
            run_cost_usd: Some(5.0),
            agent_tokens: Some(10),
            ..Limits::default()
        };
        let spent = |cost_usd, tokens| Total { cost_usd, tokens };
        assert_eq!(limits.of_run(spent(None, Some(1 << 40))), None);
        assert_eq!(limits.of_run(spent(Some(4.99), None)), None);
        let over = limits.of_run(spent(Some(5.02), None)).unwrap();
        assert_eq!(over.to_string(), "run_cost_usd 5.02 of 5");
        assert_eq!(limits.of_agent(spent(Some(9.0), Some(9))), None);
        let over = limits.of_agent(spent(None, Some(10))).unwrap();
        assert_eq!(over.to_string(), "agent_tokens 10 of 10");
        assert_eq!(limits.of_experiment(spent(Some(99.0), Some(99))), None);
    }

    #[test]
    fn an_experiment_is_the_sum_over_its_runs_and_their_earlier_attempts() {
        let dir = tempfile::tempdir().unwrap();
        let keep = |run: &str, cost: Option<f64>| {
            let place = dir.path().join(run);
            std::fs::create_dir_all(&place).unwrap();
            let place = RunDir::new(place);
            let agents = BTreeMap::from([("w".to_string(), agent(cost, None, Some(2)))]);
            Spent::sum(agents, 1).save(&place).unwrap();
        };
        let mut ledger = Ledger::default();
        assert_eq!(ledger.total(dir.path()), Total::default());
        keep("a-r1", Some(0.5));
        let run = RunDir::new(dir.path().join("a-r1"));
        run.put_aside().unwrap();
        keep("a-r1", Some(1.0));
        keep("a-r2", None);
        let total = ledger.total(dir.path());
        assert_eq!((total.cost_usd, total.tokens), (Some(1.5), Some(6)));
        keep("a-r2", Some(2.0));
        std::fs::remove_dir_all(run.attempts()[0].path()).unwrap();
        std::fs::create_dir(dir.path().join("a-r3")).unwrap();
        let less = "{\"cost_usd\": -50, \"tokens\": -1}";
        std::fs::write(RunDir::new(dir.path().join("a-r3")).spent(), less).unwrap();
        let total = ledger.total(dir.path());
        assert_eq!((total.cost_usd, total.tokens), (Some(3.0), Some(4)));
        std::fs::write(run.spent(), "{").unwrap();
        assert_eq!(
            ledger.total(dir.path()).cost_usd,
            Some(2.0),
            "one that is not JSON"
        );
    }
}
