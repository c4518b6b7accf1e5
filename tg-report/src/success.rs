//! The manifest's success criteria, judged per arm: `success: {completion_rate_pct: ">= 80"}`.
//!
//! A criterion is judged by the arm's mean, as the table shows it. If the mean's interval lies on both sides of the bound
//! the judgement is unsure, because a few more runs may turn it.

use crate::arm::Arm;
use crate::columns::Column;
use crate::stats::Summary;
use std::collections::BTreeSet;
use tg_stage::Criterion;

/// One criterion, judged for every arm.
#[derive(Debug)]
pub struct Judged {
    /// The metric's place among the columns.
    pub column: usize,
    /// The condition in the manifest: `>= 80`.
    pub condition: String,
    /// One for each arm.
    pub arms: Vec<Judgement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The mean meets it; `is_sure` if its whole 95 % interval does.
    Met { is_sure: bool },
    /// The mean misses it; `is_sure` if its whole 95 % interval does.
    Missed { is_sure: bool },
    /// No run has a value.
    Unknown,
}

/// Judges the criteria of the runs' manifests; the same one in several manifests counts once.
pub fn judge(arms: &[Arm], columns: &[Column]) -> Vec<Judged> {
    let rows = arms.iter().flat_map(|arm| &arm.runs);
    let criteria = rows.flat_map(|row| &row.run.report.success);
    let criteria: BTreeSet<(&str, &str)> = criteria
        .map(|(metric, condition)| (metric.as_str(), condition.as_str()))
        .collect();
    let judged = |(metric, condition): &(&str, &str)| {
        let column = columns.iter().position(|column| column.name == *metric)?;
        let criterion = Criterion::parse(condition).ok()?;
        Some(Judged {
            column,
            condition: (*condition).to_owned(),
            arms: arms
                .iter()
                .map(|arm| judgement(arm.summaries[column].as_ref(), &criterion))
                .collect(),
        })
    };
    criteria.iter().filter_map(judged).collect()
}

fn judgement(summary: Option<&Summary>, criterion: &Criterion) -> Judgement {
    let Some(summary) = summary else {
        return Judgement::Unknown;
    };
    let is_met = criterion.holds(summary.mean);
    let ends = summary.interval.map(|ends| [ends.low, ends.high]);
    let is_sure = ends.is_some_and(|ends| ends.iter().all(|end| criterion.holds(*end) == is_met));
    if is_met {
        Judgement::Met { is_sure }
    } else {
        Judgement::Missed { is_sure }
    }
}
