//! `tg-report power`: the number of runs that would find a ratio, from the spread of a pilot.
//!
//! The spread is the pooled standard deviation of logarithms over the pilot's arms; nothing is compared, so no arm is the
//! baseline. The answer is the larger of two numbers: the runs that the t test needs for 80 % power, and those that the
//! exact test needs to reach alpha at all, with Holm's correction for so many comparisons.

use crate::arm::arms;
use crate::columns;
use crate::contrast::ALPHA;
use crate::row::RunRow;
use crate::stats::{describe, pairs_needed, runs_for_ratio, values_needed};
use tg_stage::{Error, Result};

#[derive(Debug)]
pub struct Needed {
    pub metric: String,
    /// The ratio to find, above 1; its inverse takes as many runs.
    pub ratio: f64,
    /// Pooled standard deviation of the logarithms.
    pub log_sd: f64,
    /// Runs of the pilot that were used.
    pub runs: usize,
    /// Arms of the pilot with two such runs or more.
    pub arms: usize,
    /// The number of comparisons in the planned experiment.
    pub comparisons: usize,
    /// Runs per arm for 80 % power; `None` past a million.
    pub by_spread: Option<usize>,
    /// Runs per arm with which the exact rank test can reach alpha.
    pub by_ranks: usize,
    /// Pairs with which the exact sign-flip test can reach alpha.
    pub by_pairs: usize,
}

/// Runs per arm that `ratio` takes on `metric` (else on the primary metric), given the spread of the pilot in `rows`.
pub fn needed(rows: &[RunRow], metric: Option<&str>, ratio: f64) -> Result<Needed> {
    let (columns, primary) = columns::choose(rows, &[], metric)?;
    let column = &columns[primary.at];
    let arms = arms(rows, true, &columns);
    let fault = |cause: String| Error::input(column.name.clone(), cause);
    let mut squares = 0.0;
    let (mut freedom, mut runs, mut used) = (0, 0, 0);
    for arm in &arms {
        let values = arm.values(column);
        if values.iter().any(|value| *value <= 0.0) {
            let cause = format!(
                "a run of {} has a value that is not positive, and ratios need logarithms",
                arm.label
            );
            return Err(fault(cause));
        }
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let Some((sd, n)) = describe(&logs).and_then(|summary| Some((summary.sd?, summary.n)))
        else {
            continue;
        };
        squares += sd * sd * (n - 1) as f64;
        freedom += n - 1;
        runs += n;
        used += 1;
    }
    if freedom == 0 {
        let cause = "no arm of the pilot has two runs with a value, so its spread is unknown";
        return Err(fault(cause.to_owned()));
    }
    let log_sd = (squares / freedom as f64).sqrt();
    let comparisons = arms.len().saturating_sub(1).max(1);
    let level = ALPHA / comparisons as f64;
    Ok(Needed {
        metric: column.title(),
        ratio,
        log_sd,
        runs,
        arms: used,
        comparisons,
        by_spread: runs_for_ratio(log_sd, ratio, level),
        by_ranks: values_needed(level),
        by_pairs: pairs_needed(level),
    })
}
