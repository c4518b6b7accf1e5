//! A situation at the real host, and a comparison of `tg-metrics` with the calls that made it.
//!
//! Each is measured twice: from the host's tables alone, and with the rows that the tools add (agents and their roles, the
//! workflow, the end). Where the host leaves no row of an event, a value cannot be right; then the situation names the
//! metrics, and the warning that says so to a user. The list is exact: one more metric that differs is an error, and so is
//! one that does not differ although it is known well enough to show a difference.

use crate::drive::Drive;
use crate::records;
use crate::script::{PAUSE, play};
use crate::truth::compare::{Difference, agrees, differences, warnings};
use crate::truth::{Bound, Call, Plan, Recorded, measure};
use serde_json::Value;
use std::collections::BTreeSet;

/// The tables that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The host's tables.
    Host,
    /// The host's tables and those of the tools.
    Both,
}

/// Metrics that cannot be right, and the warning that says so; empty if no warning can.
pub type Gap = (&'static [From], &'static str, &'static [&'static str]);

/// From either set of tables.
pub const EITHER: &[From] = &[From::Host, From::Both];
/// From the host's tables alone.
pub const BARE: &[From] = &[From::Host];
/// From the host's tables and those of the tools.
pub const FULL: &[From] = &[From::Both];

/// A situation.
#[derive(Debug, Default)]
pub struct Situation {
    /// The workflow; `swarm` where it is empty.
    pub workflow: &'static str,
    /// Overlays over it.
    pub overlays: &'static [&'static str],
    /// The tasks, as [`Plan`] reads them.
    pub plan: &'static str,
    /// Tasks that get another id and title: the name in the plan, and both.
    pub renamed: Vec<(&'static str, String, String)>,
    /// The calls, as [`crate::script`] plays them.
    pub script: &'static str,
    /// The values that cannot be right.
    pub gaps: &'static [Gap],
}

/// A situation that was played.
pub struct Played {
    /// The driver, its servers ended.
    pub drive: Drive,
    /// The calls that succeeded.
    pub calls: Vec<Call>,
}

impl Situation {
    /// Plays it at the host.
    pub fn play(&self) -> Played {
        let workflow = if self.workflow.is_empty() {
            "swarm"
        } else {
            self.workflow
        };
        let mut plan = Plan::new(workflow, self.plan);
        for (name, id, title) in &self.renamed {
            plan = plan.rename(name, id, title);
        }
        self.play_on(Drive::new(workflow, self.overlays, plan))
    }

    /// Plays its script at a host that is running.
    pub fn play_on(&self, mut drive: Drive) -> Played {
        play(&mut drive, self.script);
        let calls = drive.end();
        Played { drive, calls }
    }

    /// Plays it, and compares the measured values with the calls.
    ///
    /// # Panics
    /// If they differ where they must not.
    #[track_caller]
    pub fn check(&self) {
        let played = self.play();
        let host = played.measured("host");
        let recorded = played.drive.record();
        let both = played.measured("both");
        let found = [
            self.wrong(&played, &host, From::Host, None),
            self.wrong(&played, &both, From::Both, Some(recorded)),
        ];
        let found: Vec<String> = found.into_iter().flatten().collect();
        assert!(found.is_empty(), "\n{}", found.join("\n"));
    }

    /// The differences that must not be.
    ///
    /// # Panics
    /// If the measured values are not the metrics of a record.
    pub fn wrong(
        &self,
        played: &Played,
        measured: &Value,
        from: From,
        recorded: Option<Recorded>,
    ) -> Vec<String> {
        let truth = measure(&played.drive.plan, &played.calls, recorded);
        let differences = differences(&truth, measured);
        let gaps: Vec<&Gap> = self
            .gaps
            .iter()
            .filter(|gap| gap.0.contains(&from))
            .collect();
        let expected: BTreeSet<&str> = gaps.iter().flat_map(|gap| gap.2).copied().collect();
        let unexpected = |one: &&Difference| !expected.contains(one.name);
        let mut wrong: Vec<String> = differences
            .iter()
            .filter(unexpected)
            .map(|one| format!("{from:?}: {one}"))
            .collect();
        let warned = warnings(measured);
        let silent = gaps
            .iter()
            .filter(|gap| !gap.1.is_empty() && !warned.contains(gap.1));
        wrong.extend(silent.map(|gap| format!("{from:?}: no warning `{}` in {warned:?}", gap.1)));
        if !played.is_calm() {
            return wrong; // what is known of the times then is too little to tell that a value is not wrong
        }
        let is_stale = |name: &&&str| {
            is_sharp(name, truth[**name]) && agrees(truth[**name], &measured[**name])
        };
        let stale = expected.iter().filter(is_stale);
        wrong.extend(stale.map(|name| format!("{from:?}: {name} is right: take it off the list")));
        let idle = gaps
            .iter()
            .filter(|gap| !differences.iter().any(|one| gap.2.contains(&one.name)));
        wrong.extend(idle.map(|gap| {
            format!(
                "{from:?}: nothing differs of {:?}: take it off the list",
                gap.2
            )
        }));
        wrong
    }
}

/// True if a metric is known so well that a wrong value must show: counts, and times known better than the pauses.
fn is_sharp(name: &str, truth: Option<Bound>) -> bool {
    let limit = if name.ends_with("_ms") {
        PAUSE.as_millis() as f64 / 2.0
    } else {
        0.0
    };
    truth.is_none_or(|bound| bound.width() <= limit)
}

impl Played {
    /// True if no call took half as long as the pauses between them.
    fn is_calm(&self) -> bool {
        let changes = self.calls.iter().filter(|call| call.kind == "status");
        let slowest = changes.map(|call| call.t1 - call.t0).max();
        slowest.is_none_or(|ms| ms * 2 < PAUSE.as_millis() as i64)
    }

    /// The metrics of the database as it is now, by both tools.
    ///
    /// # Panics
    /// If one of them fails.
    pub fn measured(&self, name: &str) -> Value {
        let line = format!("tg-export --db tasks.db --out {name}.json && tg-metrics {name}.json");
        let out = self.drive.lab.sh(&line).ok().out;
        records(&out)[0]["metrics"].clone()
    }
}
