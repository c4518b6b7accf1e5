//! `--held`: only what was to be held constant and was not, with the runs by their values.

use crate::compare::Comparison;
use crate::words::{count, plain};

/// The text; a single line where all was constant.
pub fn render(comparison: &Comparison) -> String {
    let runs: usize = comparison.arms.iter().map(|arm| arm.runs.len()).sum();
    let (runs, arms) = (count(runs, "run"), count(comparison.arms.len(), "arm"));
    if comparison.hidden.is_empty() {
        return format!(
            "{runs} of {arms}: what was to be held constant was, as far as the records tell\n"
        );
    }
    let mut out = format!("{runs} of {arms}: not held constant\n");
    for hidden in &comparison.hidden {
        out.extend(["  ", &plain(&hidden.message), "\n"]);
        for (value, runs) in &hidden.values {
            let runs = plain(&runs.join(", "));
            out.extend(["    ", &plain(value), ": ", &runs, "\n"]);
        }
    }
    out
}
