//! `tg-report power`: how many runs would find a ratio, from the spread of a pilot.
//!
//! The spread is the pooled standard deviation of logarithms over the pilot's arms; nothing is compared, so no arm is the
//! baseline. The answer is the larger of what the t test needs for 80 % power and what the exact test needs to
//! reach alpha at all, with Holm's correction for so many comparisons.

use crate::against::ALPHA;
use crate::arm::arms;
use crate::columns;
use crate::data::Data;
use crate::output::human::quotient;
use crate::stats::{POWER, describe, pairs_needed, runs_for_ratio, values_needed};
use tg_stage::{Error, Result};

/// The answer.
#[derive(Debug)]
pub struct Needed {
    /// The metric.
    pub metric: String,
    /// The ratio to be found, above 1; its inverse likewise.
    pub ratio: f64,
    /// Pooled standard deviation of the logarithms.
    pub log_sd: f64,
    /// Runs of the pilot that were used.
    pub runs: usize,
    /// Arms of the pilot with two such runs or more.
    pub arms: usize,
    /// Comparisons that the experiment is to make.
    pub comparisons: usize,
    /// Runs per arm for 80 % power; `None` past a million.
    pub by_spread: Option<usize>,
    /// Runs per arm with which the exact rank test can reach alpha at all.
    pub by_ranks: usize,
    /// Pairs with which the exact sign-flip test can.
    pub by_pairs: usize,
}

/// Runs per arm that `ratio` takes on `metric` (else on the primary metric), as the pilot in `data` spreads.
pub fn needed(data: &Data, metric: Option<&str>, ratio: f64) -> Result<Needed> {
    let (columns, primary) = columns::choose(data, &[], metric)?;
    let column = &columns[primary.at];
    let arms = arms(data, true, &columns);
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

impl Needed {
    /// The answer in three sentences.
    pub fn sentences(&self) -> String {
        let comparisons = match self.comparisons {
            1 => "one comparison".to_owned(),
            many => format!("{many} comparisons (Holm)"),
        };
        let share = POWER * 100.0;
        let ratio = quotient(self.ratio);
        let first = match self.by_spread {
            Some(runs) => {
                let runs = runs.max(self.by_ranks);
                format!(
                    "to find a ratio of {ratio} on {} with {share:.0} % power takes {runs} runs per arm \
                     ({comparisons}, alpha = {ALPHA})",
                    self.metric
                )
            }
            None => format!(
                "to find a ratio of {ratio} on {} takes more than a million runs per arm",
                self.metric
            ),
        };
        format!(
            "{first}\nthe t test needs {} for it; to reach alpha at all, the exact rank test needs {} runs per arm, and from {} runs that \
             pair by seed on the paired test decides\n\
             it rests on the spread of {} runs in {} arms of the pilot: sd of logarithms {}, a typical factor of {} between \
             runs. So few runs know it badly: an order of magnitude, not a promise\n",
            self.by_spread
                .map_or_else(|| "more than a million".to_owned(), |runs| runs.to_string()),
            self.by_ranks,
            self.by_pairs,
            self.runs,
            self.arms,
            quotient(self.log_sd),
            quotient(self.log_sd.exp()),
        )
    }
}
