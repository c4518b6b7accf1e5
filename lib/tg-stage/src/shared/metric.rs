//! The table of metrics: name, unit, direction, and the runs that enter the mean.
//!
//! `tg-instantiate` checks the names in a manifest, `tg-metrics` lists them, `tg-report` shows them. A name that is not in
//! the table takes its unit from its ending (`_ms`, `_usd`, `_pct`) and has no direction: no value of it is called better.
//! `tg-metrics` defines how the values are computed; a test keeps the names of both the same.

use Better::{Higher, Lower, NearOne, Undeclared};
use Over::{Completed, Ended};
use Unit::{Count, Ms, PerHour, Percent, Plain, Ratio, Usd};

/// The unit of a value in the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// US dollars.
    Usd,
    /// Hundredths.
    Percent,
    /// A share or quotient, 1 meaning all or equal.
    Ratio,
    /// Number per hour.
    PerHour,
    /// A number of things.
    Count,
    /// Not declared.
    Plain,
}

/// The direction that is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// 1 is best.
    NearOne,
    /// Not declared.
    Undeclared,
}

/// The runs that enter the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Over {
    /// Completed runs: a time that a limit cut off measures the limit.
    Completed,
    /// Every run that has a value, except void ones, which say nothing about the agents.
    Ended,
}

/// Unit, direction and runs of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Unit of the values in the records.
    pub unit: Unit,
    /// Direction.
    pub better: Better,
    /// Runs that enter its mean.
    pub over: Over,
}

/// The duration of a run.
pub const WALL: &str = "wall_clock_time_ms";
/// The cost of a run.
pub const COST: &str = "total_cost_usd";

/// The columns shown where neither the manifest nor the command line names any.
pub const DEFAULT: [&str; 8] = [
    WALL,
    COST,
    "agent_utilization_pct",
    "tasks_per_hour",
    "coordination_overhead_pct",
    "dependency_wait_time_ms",
    "rework_rate",
    "failure_rate",
];

/// Every built-in metric.
pub const METRICS: &[(&str, Unit, Better, Over)] = &[
    (WALL, Ms, Lower, Completed),
    (COST, Usd, Lower, Ended),
    ("active_work_time_ms", Ms, Lower, Completed),
    ("dependency_wait_time_ms", Ms, Lower, Completed),
    ("agent_utilization_pct", Percent, Higher, Completed),
    ("rework_rate", Ratio, Lower, Ended),
    ("tasks_per_hour", PerHour, Higher, Completed),
    ("coordination_overhead_pct", Percent, Lower, Completed),
    ("dispatch_latency_ms", Ms, Lower, Completed),
    ("dispatch_from_ready_ms", Ms, Lower, Completed),
    ("pickup_latency_ms", Ms, Lower, Completed),
    ("failure_rate", Ratio, Lower, Ended),
    ("estimate_accuracy", Ratio, NearOne, Completed),
    ("points_per_hour", PerHour, Higher, Completed),
    ("metric_0", Count, Undeclared, Ended),
    ("metric_1", Count, Undeclared, Ended),
    ("metric_2", Count, Undeclared, Ended),
    ("metric_3", Count, Undeclared, Ended),
    ("metric_4", Count, Undeclared, Ended),
    ("metric_5", Count, Undeclared, Ended),
    ("metric_6", Count, Undeclared, Ended),
    ("metric_7", Count, Undeclared, Ended),
    ("launch_to_done_ms", Ms, Lower, Completed),
    ("first_claim_to_done_ms", Ms, Lower, Completed),
    ("blocked_time_ms", Ms, Lower, Completed),
    ("ready_wait_time_ms", Ms, Lower, Completed),
    ("assigned_wait_time_ms", Ms, Lower, Completed),
    ("early_starts", Count, Lower, Ended),
    ("total_task_latency_ms", Ms, Lower, Completed),
    ("redo_rate", Ratio, Lower, Ended),
    ("first_pass_rate", Ratio, Higher, Ended),
    ("completion_rate_pct", Percent, Higher, Ended),
    ("avg_parallelism", Ratio, Higher, Completed),
    ("peak_parallelism", Count, Undeclared, Completed),
    ("critical_path_ms", Ms, Lower, Completed),
    ("bound_efficiency", Ratio, Higher, Completed),
    ("load_gini", Ratio, Lower, Completed),
    ("load_max_over_mean", Ratio, Lower, Completed),
    ("handoffs", Count, Undeclared, Ended),
    ("reassignments", Count, Lower, Ended),
    ("worker_idle_time_ms", Ms, Lower, Completed),
    ("coordinator_cost_usd", Usd, Lower, Ended),
    ("coordinator_tokens", Count, Lower, Ended),
    ("tainted_starts", Count, Lower, Ended),
    ("coordinator_decisions", Count, Undeclared, Ended),
    ("tokens_total", Count, Lower, Ended),
    ("tokens_per_completed_task", Count, Lower, Ended),
    ("cache_hit_rate", Ratio, Higher, Ended),
    ("cost_per_task", Usd, Lower, Ended),
    ("cost_per_point", Usd, Lower, Ended),
    ("cost_mismatch", Ratio, NearOne, Ended),
    ("file_contention", Count, Lower, Ended),
    ("verify_passed", Ratio, Higher, Ended),
    ("verify_score", Plain, Higher, Ended),
];

/// Endings of names and the unit they mean; the ending is not shown where the unit is.
pub const ENDINGS: [(&str, Unit); 3] = [("_ms", Ms), ("_usd", Usd), ("_pct", Percent)];

/// Unit, direction and runs of the metric called `name`.
pub fn kind(name: &str) -> Kind {
    if let Some(&(_, unit, better, over)) = METRICS.iter().find(|row| row.0 == name) {
        return Kind { unit, better, over };
    }
    let ending = ENDINGS.iter().find(|ending| name.ends_with(ending.0));
    let unit = ending.map_or(Plain, |ending| ending.1);
    Kind {
        unit,
        better: Undeclared,
        over: unit.over(),
    }
}

/// The metric meant by `typed`: its name in the records, or that name without its unit.
pub fn named(typed: &str) -> Option<&'static str> {
    let mut names = METRICS.iter().map(|row| row.0);
    names.find(|name| *name == typed || stem(name) == typed)
}

/// The name without the ending that is its unit: `wall_clock_time`.
pub fn stem(name: &str) -> &str {
    ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending.0))
        .unwrap_or(name)
}

impl Unit {
    /// The units that a custom metric can declare, by the name in machine formats.
    pub const DECLARED: [Self; 6] = [Ms, Usd, Percent, Ratio, PerHour, Count];

    /// The unit called `name`.
    pub fn named(name: &str) -> Option<Self> {
        let name = if name == "pct" { "%" } else { name };
        Self::DECLARED.into_iter().find(|unit| unit.name() == name)
    }

    /// The runs that enter a mean of values in this unit, where the table has no entry.
    pub fn over(self) -> Over {
        match self {
            Ms | PerHour => Completed,
            Usd | Percent | Ratio | Count | Plain => Ended,
        }
    }

    /// Name in machine formats.
    pub fn name(self) -> &'static str {
        match self {
            Ms => "ms",
            Usd => "usd",
            Percent => "%",
            Ratio => "ratio",
            PerHour => "1/h",
            Count => "count",
            Plain => "",
        }
    }
}

impl Better {
    /// The directions that a custom metric can declare.
    pub const DECLARED: [Self; 3] = [Lower, Higher, NearOne];

    /// The direction called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::DECLARED
            .into_iter()
            .find(|better| better.name() == name)
    }

    /// One word; empty where none is declared.
    pub fn name(self) -> &'static str {
        match self {
            Lower => "lower",
            Higher => "higher",
            NearOne => "near 1",
            Undeclared => "",
        }
    }
}

impl Over {
    /// Name in machine formats: the outcome that a run must have, `ended` being any that is not void.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
