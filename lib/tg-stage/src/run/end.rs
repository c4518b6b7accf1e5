//! The end of a run: `end.json`, as `tg-wait` decides it and `tg-launch` obeys it.
//!
//! `tg-wait` writes it before the agents are ended and the work is graded, so some time passes until the record says the
//! same. If `tg-wait` is killed in between, the decision stands: the next call brings a run that was launched and
//! whose end is decided to its end, and does not run it again.

use super::dir::RunDir;
use super::outcome::Outcome;
use crate::error::{Error, Result};
use crate::file;
use serde::{Deserialize, Serialize};

/// The outcome of a run, its cause and its moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// The way it ended.
    pub outcome: Outcome,
    /// Last terminal change if all tasks are terminal, else the moment of decision; milliseconds since the epoch.
    pub ended_at_ms: i64,
    /// The evidence for the outcome, in a few words: `run_cost_usd 5.02 of 5`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The limit that was reached, where the outcome is `budget`: `run_cost_usd`; none where it was each agent's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

impl End {
    /// The decided end in a run's directory; none where the file is missing or torn.
    pub fn load(run: &RunDir) -> Option<Self> {
        let text = file::read_kept(&run.end()).ok()?;
        let end: Self = serde_json::from_slice(&text).ok()?;
        end.outcome.is_decided().then_some(end)
    }

    /// Writes it into a run's directory.
    pub fn save(&self, run: &RunDir) -> Result<()> {
        let path = run.end();
        let text =
            serde_json::to_vec(self).map_err(|cause| Error::outside(path.display(), cause))?;
        file::write(&path, &text)
    }

    /// True if the budget of the whole experiment cut the run off. That says nothing about the agents: other runs may
    /// have spent it. The same command runs such a run again once the budget is raised.
    pub fn is_cut_off(&self) -> bool {
        let limit = self.limit.as_deref().unwrap_or_default();
        self.outcome == Outcome::Budget && limit.starts_with("experiment_")
    }

    /// True if the run says nothing about the agents: it is void, or was cut off.
    pub fn says_nothing(&self) -> bool {
        self.outcome.is_void() || self.is_cut_off()
    }
}
