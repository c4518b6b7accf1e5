//! The answer of `tg-report power` as sentences.

use super::numbers::quotient;
use crate::contrast::ALPHA;
use crate::power::Needed;
use crate::stats::POWER;

/// Three lines: the answer, the two tests behind it, and the pilot it rests on.
pub fn sentences(needed: &Needed) -> String {
    let (metric, by_ranks) = (&needed.metric, needed.by_ranks);
    let comparisons = match needed.comparisons {
        1 => "one comparison".to_owned(),
        many => format!("{many} comparisons (Holm)"),
    };
    let share = POWER * 100.0;
    let answer = match needed.by_spread {
        Some(runs) => format!(
            "with {share:.0} % power takes {} runs per arm ({comparisons}, alpha = {ALPHA})",
            runs.max(by_ranks)
        ),
        None => "takes more than a million runs per arm".to_owned(),
    };
    let by_spread = needed.by_spread;
    format!(
        "to find a ratio of {} on {metric} {answer}\n\
         the t test needs {} for it; to reach alpha at all, the exact rank test needs {by_ranks} runs per arm, and from {} runs that \
         pair by seed on the paired test decides\n\
         it rests on the spread of {} runs in {} arms of the pilot: sd of logarithms {}, a typical factor of {} between \
         runs. So few runs know it badly: an order of magnitude, not a promise\n",
        quotient(needed.ratio),
        by_spread.map_or_else(|| "more than a million".to_owned(), |runs| runs.to_string()),
        needed.by_pairs,
        needed.runs,
        needed.arms,
        quotient(needed.log_sd),
        quotient(needed.log_sd.exp()),
    )
}
